package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/avstam/avstam/disk"
)

// CheckOutside fails where a file or folder at path would lie in a published report,
// however deep, or is one: those never change. Folders that are yet to be made need not
// be there.
func CheckOutside(path string) error {
	if disk.IsObject(path) {
		return nil // nothing is made there but reports
	}
	// The kernel follows a link before it goes up by "..", which filepath.Clean strikes
	// out; those who make something do either.
	for _, spelled := range []string{path, filepath.Clean(path)} {
		isWithin, err := isWithinReport(spelled)
		if err != nil {
			return fmt.Errorf("cannot tell whether %s lies in a report: %w", path, err)
		}
		if isWithin {
			return fmt.Errorf("%s would lie in a report, and that is never written again", path)
		}
	}
	return nil
}

// isWithinReport says whether the folder at path, or the lowest above it that is there,
// is a report or lies in one.
func isWithinReport(path string) (bool, error) {
	folder, info, err := lowestFolder(path)
	for err == nil {
		var is bool
		if is, err = isReport(folder); is || err != nil {
			break
		}
		var above fs.FileInfo
		folder += "/.." // the kernel's, so that links are behind us
		if above, err = disk.Stat(folder); err == nil && disk.SameFile(above, info) {
			return false, nil // the root
		}
		info = above
	}
	if errors.Is(err, fs.ErrPermission) {
		return false, nil // a folder that is closed to this process: it makes nothing by way of it
	}
	return err == nil, err
}

// lowestFolder is the folder at path or, where there is none, the lowest above it that
// is there.
func lowestFolder(path string) (string, fs.FileInfo, error) {
	for {
		info, err := disk.Stat(path)
		if err == nil && info.IsDir() {
			return path, info, nil
		}
		isMissing := err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
		above, _ := filepath.Split(strings.TrimRight(path, "/"))
		if above = cmp.Or(above, "."); !isMissing || above == path {
			return "", nil, err
		}
		path = above
	}
}

// isReport says whether a folder has the documents of a report.
func isReport(folder string) (bool, error) {
	for _, name := range []string{ManifestFile, SummaryFile, RunFile} {
		_, err := disk.Stat(folder + "/" + name) // filepath.Join would strike out ".."
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
