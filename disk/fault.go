package disk

import (
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// Operation is a kind of call.
type Operation string

// The kinds of calls, by the names that errors have for them.
const (
	OpOpen       Operation = "open"
	OpCreate     Operation = "create"
	OpRead       Operation = "read"
	OpWrite      Operation = "write"
	OpSync       Operation = "sync"
	OpClose      Operation = "close"
	OpFinish     Operation = "finish" // closing what was open for writing
	OpLock       Operation = "lock"
	OpStat       Operation = "stat"
	OpChmod      Operation = "chmod"
	OpReadFolder Operation = "readdir"
	OpMakeFolder Operation = "mkdir"
	OpRename     Operation = "rename"
	OpLink       Operation = "link"
	OpSymlink    Operation = "symlink"
	OpRemove     Operation = "remove"
	OpRemoveAll  Operation = "removeall"
)

// Fault is what becomes of a call.
type Fault struct {
	// Err is the error; nil is for a Read that stops early without one.
	Err error
	// Half says that half of the bytes of a read or write are read or written
	// first. Otherwise nothing is done, but for a file that is closed.
	Half bool
}

// Interference is asked before every call, by several goroutines at once, and
// returns nil for those that go on undisturbed. Of two paths it is told the one
// that is to be made.
type Interference func(operation Operation, path string) *Fault

var interference atomic.Pointer[Interference]

// Interfere has every call of the process ask f first, until end is called. It is
// for tests.
func Interfere(f Interference) (end func()) {
	interference.Store(&f)
	return func() { interference.Store(nil) }
}

func faultOf(operation Operation, path string) *Fault {
	if f := interference.Load(); f != nil {
		return (*f)(operation, path)
	}
	return nil
}

func ask(operation Operation, path string) error {
	if fault := faultOf(operation, path); fault != nil && fault.Err != nil {
		return &fs.PathError{Op: string(operation), Path: path, Err: fault.Err}
	}
	return nil
}

func askLink(operation Operation, from, to string) error {
	if fault := faultOf(operation, to); fault != nil && fault.Err != nil {
		return &os.LinkError{Op: string(operation), Old: from, New: to, Err: fault.Err}
	}
	return nil
}

// do reads or writes as far as the fault lets it.
func (f *Fault) do(operation Operation, path string, p []byte, call func([]byte) (int, error)) (n int, err error) {
	if f.Half && len(p) > 1 {
		if n, err = call(p[:len(p)/2]); err != nil && err != io.EOF {
			return n, err
		}
	}
	if f.Err != nil {
		return n, &fs.PathError{Op: string(operation), Path: path, Err: f.Err}
	}
	return n, err
}
