package readers

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/avstam/avstam/disk"
)

// glob is as filepath.Glob, but for a folder that cannot be read, which that takes
// for an empty one: its records would be left out and nobody told. The error names
// the folder.
func glob(pattern string) ([]string, error) {
	if _, err := filepath.Match(pattern, ""); err != nil {
		return nil, err // a pattern with an error matches nothing
	}
	if !strings.ContainsAny(pattern, `*?[\`) {
		if _, err := disk.Lstat(pattern); isNothing(err) {
			return nil, nil
		} else if err != nil {
			return nil, cannotRead(pattern, err)
		}
		return []string{pattern}, nil
	}
	above, last := filepath.Split(pattern)
	folders := []string{"."}
	if above != "" {
		above = strings.TrimSuffix(above, string(filepath.Separator))
		if above == "" {
			above = string(filepath.Separator)
		}
		if above == pattern {
			return nil, filepath.ErrBadPattern
		}
		var err error
		if folders, err = glob(above); err != nil {
			return nil, err
		}
	}
	var matches []string
	for _, folder := range folders {
		stat, err := disk.Stat(folder)
		if isNothing(err) || err == nil && !stat.IsDir() {
			continue
		}
		if err != nil {
			return nil, cannotRead(folder, err)
		}
		entries, err := disk.ReadDir(folder)
		if err != nil {
			return nil, cannotRead(folder, err)
		}
		for _, entry := range entries {
			if matched, err := filepath.Match(last, entry.Name()); err != nil {
				return nil, err
			} else if !matched {
				continue
			}
			if above == "" {
				matches = append(matches, entry.Name())
			} else {
				matches = append(matches, filepath.Join(folder, entry.Name()))
			}
		}
	}
	return matches, nil
}

// isNothing says whether an error is of a path that leads to nothing.
func isNothing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
