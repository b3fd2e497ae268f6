package storage

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncAllIn puts everything in a folder on disk: with it all of its file system,
// which is quicker than one file of many after the other.
func syncAllIn(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(folder.Fd())), folder.Close())
}
