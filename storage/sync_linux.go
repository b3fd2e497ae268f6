package storage

import (
	"errors"

	"github.com/avstam/avstam/disk"
)

// syncAllIn puts everything in a folder on disk: with it all of its file system,
// which is quicker than one file of many after the other.
func syncAllIn(path string) error {
	folder, err := disk.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.SyncAll(), folder.Close())
}
