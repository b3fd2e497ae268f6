//go:build !linux

package storage

import (
	"io/fs"

	"github.com/avstam/avstam/disk"
)

// syncAllIn puts everything in a folder on disk.
func syncAllIn(path string) error {
	return disk.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return persist(path)
	})
}
