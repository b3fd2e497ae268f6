package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
)

// The exit statuses of a run; their meaning is promised in docs/reference.md.
const (
	ExitDone      = 0
	ExitThreshold = 1  // done and published, a fail_on threshold was passed
	ExitUsage     = 2  // wrong usage or configuration
	ExitInput     = 3  // an input cannot be read, or is not what was expected
	ExitOutput    = 4  // the report cannot be written
	ExitLedger    = 5  // the ledger does not balance
	ExitBug       = 70 // a panic
)

// Failure is an error with the exit status that tells of it.
type Failure struct {
	Exit int
	Err  error
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

func usageFailure(format string, arguments ...any) error {
	return &Failure{Exit: ExitUsage, Err: fmt.Errorf(format, arguments...)}
}

func inputFailure(err error) error {
	if errors.Is(err, readers.ErrNamedTwice) {
		return failure(ExitUsage, err)
	}
	return failure(ExitInput, err)
}

func outputFailure(err error) error { return failure(ExitOutput, err) }

// failure gives an error an exit status, if it has none yet. An interruption
// and a panic keep their own.
func failure(exit int, err error) error {
	var known *Failure
	var panicked *pipeline.Panic
	var interrupted *Interrupted
	if err == nil || errors.As(err, &known) || errors.As(err, &panicked) || errors.As(err, &interrupted) ||
		errors.Is(err, context.Canceled) {
		return err
	}
	return &Failure{Exit: exit, Err: err}
}

// Interrupted is the cause of a context that a signal ended.
type Interrupted struct {
	Signal os.Signal
}

func (i *Interrupted) Error() string {
	if name := signalNames[i.Signal]; name != "" {
		return "interrupted by " + name
	}
	return "interrupted by " + i.Signal.String()
}

// signalNames are those of the signals that end a run, by which manuals know them.
var signalNames = map[os.Signal]string{os.Interrupt: "SIGINT", syscall.SIGTERM: "SIGTERM"}

// ExitStatus is the exit status that an error of a run asks for: 0 for none.
func ExitStatus(err error) int {
	var known *Failure
	var interrupted *Interrupted
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &interrupted):
		if interrupted.Signal == syscall.SIGTERM {
			return 128 + int(syscall.SIGTERM)
		}
		return 128 + int(syscall.SIGINT)
	case errors.As(err, &known):
		return known.Exit
	case errors.Is(err, context.Canceled):
		return 128 + int(syscall.SIGINT)
	}
	return ExitBug
}
