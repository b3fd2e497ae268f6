package storage

import "github.com/avstam/avstam/disk"

// EarlySync puts a file on disk while it is still being written, so that whoever
// waits at the end for all of it waits for little. Its methods are for one
// goroutine.
type EarlySync struct {
	file *disk.File
	done chan error // holds a value while the file is being synced
}

// NewEarlySync is for a file that is open for writing.
func NewEarlySync(file *disk.File) *EarlySync { return &EarlySync{file: file} }

// Begin begins to put on disk what has been written so far, unless it is still
// at it since it was last called. The error is of what was begun before.
func (s *EarlySync) Begin() error {
	if s.done != nil {
		select {
		case err := <-s.done:
			s.done = nil
			if err != nil {
				return err
			}
		default:
			return nil
		}
	}
	s.done = make(chan error, 1)
	go func() { s.done <- s.file.Sync() }()
	return nil
}

// End waits until it is no longer at it. The file may then be closed.
func (s *EarlySync) End() error {
	if s.done == nil {
		return nil
	}
	err := <-s.done
	s.done = nil
	return err
}
