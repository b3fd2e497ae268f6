//go:build !linux

package storage

import (
	"io/fs"
	"path/filepath"
)

// syncAllIn puts everything in a folder on disk.
func syncAllIn(path string) error {
	return filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return persist(path)
	})
}
