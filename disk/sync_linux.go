package disk

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// SyncAll puts everything in a folder on disk: with it all of its file system,
// which is quicker than one file of many after the other.
func (f *File) SyncAll() error {
	if err := ask(OpSync, f.Name()); err != nil {
		return err
	}
	if err := unix.Syncfs(int(f.file.Fd())); err != nil {
		return &fs.PathError{Op: string(OpSync), Path: f.Name(), Err: err}
	}
	return nil
}
