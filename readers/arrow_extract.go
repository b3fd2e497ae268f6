package readers

import (
	"context"

	"github.com/avstam/avstam/arrowipc"
	"github.com/avstam/avstam/register"
)

// readArrowExtract reads an Arrow file or stream as a register extract and calls
// add with its rows, in order and from one goroutine. The error of add is
// returned as it is.
func readArrowExtract(ctx context.Context, file *File, source *Source, options *Options, add func(*register.Extract) error) error {
	a, err := openArrow(file, source, registerColumns[:], options)
	if err != nil {
		return err
	}
	defer func() { _ = a.close() }() // only read from
	e := &arrowExtract{
		arrowFile: a,
		filler:    newExtractFiller(),
		extract:   register.Extract{File: pathText(a.Path)},
	}
	defer e.inflater.Close()
	for i, column := range a.columns {
		if column != nil {
			e.pages[i].cursor = e.filler.use(i, column)
		}
	}
	e.filler.row = 1
	memory := new(arrowMemory)
	return a.batches(ctx, memory, func(batch *arrowipc.Batch, bytes []byte) error {
		if err := e.read(ctx, batch, add); err != nil {
			return err
		}
		memory.giveBytes(bytes)
		return nil
	})
}

// arrowExtract reads the columns of one record batch after the other.
type arrowExtract struct {
	*arrowFile
	filler   *extractFiller
	pages    [registerColumnCount]arrowPage
	columns  [registerColumnCount]*arrowipc.Column
	inflater arrowipc.Inflater
	extract  register.Extract
}

func (e *arrowExtract) read(ctx context.Context, batch *arrowipc.Batch, add func(*register.Extract) error) error {
	path := pathText(e.Path)
	e.inflater.Reset()
	if column, err := e.load(batch, &e.inflater, e.columns[:]); err != nil {
		return arrowProblem(path, batch.Number, column, err)
	}
	for first := 0; first < batch.Rows; first += extractRows {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		rows := min(extractRows, batch.Rows-first)
		if err := e.fill(first, rows); err != nil {
			column := ""
			if e.filler.at != nil {
				column = e.filler.at.theirs
			}
			return arrowProblem(path, batch.Number, column, err)
		}
		if err := add(&e.extract); err != nil {
			return err
		}
		e.filler.row += int64(rows)
	}
	return nil
}

func (e *arrowExtract) fill(first, rows int) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = damaged(reason)
		}
	}()
	for i, column := range e.columns {
		if column == nil {
			continue
		}
		e.filler.at = e.filler.cursors[i]
		if err := e.pages[i].use(column, first, rows); err != nil {
			return err
		}
	}
	return e.filler.fill(&e.extract, rows)
}
