package disk

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/avstam/avstam/objects"
)

// pipePatience is how long a named pipe is waited for before it is asked whether the
// wait is to end, in milliseconds.
const pipePatience = 50

// errInterrupted is about a pipe that is no longer waited for.
var errInterrupted = errors.New("nobody waits for it any more: the process was asked to end")

var interrupted atomic.Bool

// Interrupt ends every wait for whoever writes into a named pipe and for object storage
// that is read, for good. A process that was asked to end calls it: nobody may ever come
// who writes, or answers. What is written goes on.
func Interrupt() {
	interrupted.Store(true)
	objects.Interrupt()
}

// isPipe says whether a path leads to a named pipe, or a shell's <(…).
func isPipe(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeNamedPipe != 0
}

// openPipe opens a pipe for reading once somebody writes into it.
func openPipe(path string) (*os.File, error) {
	// Opened otherwise, the call itself would wait, and nothing could end it.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := awaitPipe(file); err != nil {
		return nil, errors.Join(&fs.PathError{Op: string(OpOpen), Path: path, Err: err}, file.Close())
	}
	return file, nil
}

// awaitPipe waits until there is something to be read, or whoever wrote has gone.
func awaitPipe(file *os.File) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(descriptor uintptr) {
		asked := []unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}}
		for ready := 0; ready == 0 && failed == nil; {
			if interrupted.Load() {
				failed = errInterrupted
				return
			}
			if ready, failed = unix.Poll(asked, pipePatience); errors.Is(failed, unix.EINTR) {
				ready, failed = 0, nil
			}
		}
	})
	return errors.Join(err, failed)
}
