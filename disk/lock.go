package disk

import (
	"io/fs"
	"syscall"
)

// TryLock takes a file or folder for this process, until it is closed; the kernel
// gives it back when the process ends, however it ends. The error is
// syscall.EWOULDBLOCK where another has it. See flock(2).
func (f *File) TryLock() error {
	if err := ask(OpLock, f.Name()); err != nil {
		return err
	}
	if err := syscall.Flock(int(f.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return &fs.PathError{Op: string(OpLock), Path: f.Name(), Err: err}
	}
	return nil
}
