package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Piece is a run of consecutive rows of one file that one worker reads from
// start to end.
type Piece interface {
	// Next fills b with the next rows, at most BatchRows, and reports false
	// where there are none left. It sets Rows, FirstRow and the columns that a
	// reader fills.
	Next(b *Batch) (bool, error)
	// Tallies are what has been read so far and what of it was rejected, as the
	// reader counts it.
	Tallies() (read, rejected *Tally)
	// Extent is how much of its file Next has come past so far, in a unit of the
	// format's, so that pieces that are lost or end early are missed.
	Extent() int64
	// File is the place of the piece's file in the run's list of files.
	File() int
	// Close gives the piece's memory back. It is called once.
	Close()
}

// Cut sends the pieces of a run in the order of files and rows. It returns the
// error of send as it is.
type Cut func(ctx context.Context, send func(Piece) error) error

// Run cuts pieces and has workers process them, each worker one piece after the
// other, and hands the parts that come of it to collect in the order of the
// pieces. At most one piece a worker, one that waits and the one that is being
// cut are open, so memory is bounded whatever the input.
//
// The error that Run returns is that of the first piece, in order, that failed,
// or that of cutting if no piece before it failed: it does not depend on which
// worker was faster. The context's end stops it at once, with the context's
// cause. process is told the worker, from 0, and the piece's number in the
// order of cutting, from 0; collect is called by one goroutine at a time.
func Run[Part any](ctx context.Context, workers int, cut Cut, process func(ctx context.Context, worker int, number uint32, piece Piece) (Part, error), collect func(Part) error) error {
	type result struct {
		part Part
		err  error
	}
	type job struct {
		number uint32
		piece  Piece
		done   chan result
	}
	// A failure must not stop earlier pieces, which may fail themselves; so
	// workers see the caller's context, and only the cutter is stopped early.
	cutContext, stopCutting := context.WithCancelCause(ctx)
	defer stopCutting(nil)

	jobs := make(chan job)
	ordered := make(chan job, 2*workers)
	var group errgroup.Group

	var number uint32
	send := func(piece Piece) error {
		if err := context.Cause(cutContext); err != nil {
			piece.Close()
			return err
		}
		j := job{number: number, piece: piece, done: make(chan result, 1)}
		number++
		select {
		case <-cutContext.Done():
			piece.Close()
			return context.Cause(cutContext)
		case ordered <- j:
		}
		// A worker always takes it: the workers run until jobs is closed.
		jobs <- j
		return nil
	}

	var cutError error
	group.Go(func() error {
		defer close(ordered)
		defer close(jobs)
		cutError = Guard(func() error { return cut(cutContext, send) })
		return nil
	})

	for worker := range workers {
		group.Go(func() error {
			for j := range jobs {
				var r result
				if err := context.Cause(ctx); err != nil {
					r.err = err
				} else {
					r.err = Guard(func() (err error) {
						r.part, err = process(ctx, worker, j.number, j.piece)
						return err
					})
				}
				j.piece.Close()
				if r.err != nil {
					stopCutting(errStopped)
				}
				j.done <- r
			}
			return nil
		})
	}

	var first error
	for j := range ordered {
		r := <-j.done
		switch {
		case first != nil:
		case r.err != nil:
			first = r.err
		default:
			first = collect(r.part)
		}
		if first != nil {
			stopCutting(errStopped)
		}
	}
	_ = group.Wait() // its functions return no error
	if first != nil {
		return first
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return cutError
}

// errStopped ends the cutting after a failure; it is never returned, since the
// failure comes first.
var errStopped = errors.New("stopped after an error")

// Panic is a panic that was caught: a bug of the program.
type Panic struct {
	Value any
	Stack []byte
}

// Error names the kind of the panic and not its value, which may hold data.
func (p *Panic) Error() string { return fmt.Sprintf("BUG: panic with a %T", p.Value) }

// Guard calls f and returns a panic of it as a *Panic.
func Guard(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Panic{Value: value, Stack: debug.Stack()}
		}
	}()
	return f()
}
