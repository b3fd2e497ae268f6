package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/avstam/avstam/pipeline"
	"github.com/parquet-go/parquet-go"
)

// maxEncoders is how many row groups are encoded at once at most: each holds the
// rows of one in memory, up to about 60 MB of findings.
const maxEncoders = 4

// table writes the rows of one kind to the files that the run asks for.
type table[Row any] struct {
	name    string // of the files, without the ending
	columns []column[Row]
	// pack copies a row, which is good for the moment, and unpack brings it back.
	pack   func(dst []byte, row *Row) []byte
	unpack func(row *Row, src []byte) ([]byte, error)
}

// rows are the rows of a table in order, each good until the next.
type rows[Row any] = iter.Seq2[*Row, error]

// output is where a table goes.
type output struct {
	create              func(name string) (*os.File, error)
	parquet, csv, arrow bool
	isStream            bool // Arrow is written as a stream, and its file kept open
	version             string
	encoders            int
	rowGroupRows        int
	texts               *texts
}

// encoder encodes the row groups of a table, one after the other, while others
// encode other row groups. observe sees every row, with its mark, before it is
// written, and may complete it.
type encoder[Row any] struct {
	table   *table[Row]
	output  *output
	observe func(row *Row, mark uint64)

	packed []byte
	rows   int
	marks  []uint64 // of the rows, 0 where there is none; nil where none has one

	group   *parquet.ConcurrentRowGroupWriter
	columns columnEncoder[Row]
	arrow   *arrowEncoder[Row] // nil where there is no such format
	batch   arrow.RecordBatch  // nil for none
	chunk   []Row
	lines   []byte
	done    chan error // holds a value while a row group is encoded and not yet written
}

// write writes all rows, in the order that they come. marks, which may be nil,
// gives some rows, by their place from 0, a number for observe, in ascending
// order. It returns how many rows there are.
func (t *table[Row]) write(ctx context.Context, out *output, all rows[Row], marks iter.Seq2[entry, error], newObserver func() func(row *Row, mark uint64)) (written int64, err error) {
	files, err := t.create(out)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, files.abandon()) }()

	encoders := make([]*encoder[Row], out.encoders)
	for i := range encoders {
		encoders[i] = &encoder[Row]{
			table: t, output: out, observe: newObserver(),
			columns: columnEncoder[Row]{columns: t.columns},
			chunk:   make([]Row, parquetChunkRows),
		}
		if out.parquet {
			encoders[i].group = files.writer.BeginRowGroup()
		}
		if out.arrow {
			encoders[i].arrow = newArrowEncoder(t.columns)
		}
	}
	// Whatever happens, no encoder outlives this call.
	defer func() {
		for _, e := range encoders {
			if e.done != nil {
				<-e.done
			}
		}
	}()

	nextMark, stop := iter.Pull2(marks)
	defer stop()
	mark, markErr, marked := nextMark()

	place := uint64(0)
	turn := 0
	for row, err := range all {
		if err != nil {
			return 0, err
		}
		if markErr != nil {
			return 0, markErr
		}
		e := encoders[turn]
		e.packed = t.pack(e.packed, row)
		value := uint64(0)
		if marked && mark.first == place {
			value = mark.second
			mark, markErr, marked = nextMark()
		}
		e.marks = append(e.marks, value)
		e.rows++
		place++
		if e.rows < out.rowGroupRows {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		e.start()
		turn = (turn + 1) % len(encoders)
		if err := encoders[turn].finish(files); err != nil {
			return 0, err
		}
	}
	if markErr != nil {
		return 0, markErr
	}
	// The row groups that are still being encoded, the oldest first, and the last.
	last := encoders[turn]
	for i := 1; i < len(encoders); i++ {
		if err := encoders[(turn+i)%len(encoders)].finish(files); err != nil {
			return 0, err
		}
	}
	last.start()
	if err := last.finish(files); err != nil {
		return 0, err
	}
	return int64(place), files.close()
}

// start begins to encode the rows that have been packed.
func (e *encoder[Row]) start() {
	e.done = make(chan error, 1)
	go func() { e.done <- pipeline.Guard(e.encode) }()
}

// finish waits for the row group that is being encoded, if there is one, and
// writes it.
func (e *encoder[Row]) finish(files *tableFiles) error {
	if e.done == nil {
		return nil
	}
	err := <-e.done
	e.done = nil
	if err != nil {
		return err
	}
	if e.group != nil {
		if _, err := e.group.Commit(); err != nil {
			return fmt.Errorf("cannot write %s.parquet: %w", e.table.name, err)
		}
	}
	if files.csv != nil {
		if _, err := files.csv.Write(e.lines); err != nil {
			return fmt.Errorf("cannot write %s.csv: %w", e.table.name, err)
		}
	}
	if e.batch != nil {
		err := files.batches.Write(e.batch)
		e.batch.Release()
		if e.batch = nil; err != nil {
			return fmt.Errorf("cannot write %s.arrow: %w", e.table.name, err)
		}
	}
	e.packed, e.marks, e.rows, e.lines = e.packed[:0], e.marks[:0], 0, e.lines[:0]
	return nil
}

func (e *encoder[Row]) encode() error {
	rest := e.packed
	for from := 0; from < e.rows; from += len(e.chunk) {
		chunk := e.chunk[:min(len(e.chunk), e.rows-from)]
		for i := range chunk {
			var err error
			if rest, err = e.table.unpack(&chunk[i], rest); err != nil {
				return err
			}
			e.observe(&chunk[i], e.marks[from+i])
		}
		if e.output.csv {
			for i := range chunk {
				e.lines = appendLine(e.lines, e.table.columns, e.output.texts, &chunk[i])
			}
		}
		if e.arrow != nil {
			e.arrow.add(e.output.texts, chunk)
		}
		if e.group != nil {
			if err := e.columns.write(e.group, e.output.texts, chunk); err != nil {
				return fmt.Errorf("cannot write %s.parquet: %w", e.table.name, err)
			}
		}
	}
	if e.arrow != nil {
		e.batch = e.arrow.take()
	}
	if e.group == nil {
		return nil
	}
	if err := e.group.Flush(); err != nil {
		return fmt.Errorf("cannot write %s.parquet: %w", e.table.name, err)
	}
	return nil
}

// tableFiles are the files of a table, open for writing.
type tableFiles struct {
	name      string
	unbounded []int // columns without bounds
	parquet   *os.File
	writer    *parquet.GenericWriter[any]
	csv       *os.File
	arrow     *os.File
	batches   arrowWriter
	isStream  bool
}

func (t *table[Row]) create(out *output) (*tableFiles, error) {
	files := &tableFiles{name: t.name, isStream: out.isStream}
	for i := range t.columns {
		if !t.columns[i].bounded {
			files.unbounded = append(files.unbounded, i)
		}
	}
	var err error
	if out.parquet {
		if files.parquet, err = out.create(t.name + ".parquet"); err != nil {
			return nil, err
		}
		files.writer = newParquetWriter(files.parquet, t.name, out.version, t.columns)
	}
	if out.csv {
		if files.csv, err = out.create(t.name + ".csv"); err != nil {
			return nil, errors.Join(err, files.abandon())
		}
		if _, err := files.csv.Write(appendHeader(nil, t.columns)); err != nil {
			return nil, errors.Join(fmt.Errorf("cannot write %s.csv: %w", t.name, err), files.abandon())
		}
	}
	if out.arrow {
		if files.arrow, err = out.create(t.name + ".arrow"); err != nil {
			return nil, errors.Join(err, files.abandon())
		}
		if files.batches, err = newArrowWriter(files.arrow, t.columns, out.isStream); err != nil {
			return nil, errors.Join(fmt.Errorf("cannot write %s.arrow: %w", t.name, err), files.abandon())
		}
	}
	return files, nil
}

// close finishes the files.
func (f *tableFiles) close() error {
	if f.writer != nil {
		err := f.writer.Close()
		if err == nil {
			err = dropIndexes(f.parquet, f.writer.File().Metadata(), f.unbounded)
		}
		if err := errors.Join(err, f.parquet.Close()); err != nil {
			return fmt.Errorf("cannot write %s.parquet: %w", f.name, err)
		}
	}
	if f.csv != nil {
		if err := f.csv.Close(); err != nil {
			return fmt.Errorf("cannot write %s.csv: %w", f.name, err)
		}
	}
	if f.arrow != nil {
		err := f.batches.Close()
		if !f.isStream {
			err = errors.Join(err, f.arrow.Close())
		}
		if err != nil {
			return fmt.Errorf("cannot write %s.arrow: %w", f.name, err)
		}
	}
	return nil
}

// abandon closes files that close has not closed.
func (f *tableFiles) abandon() error {
	var errs []error
	for _, file := range []*os.File{f.parquet, f.csv, f.arrow} {
		if file == nil || file == f.arrow && f.isStream {
			continue
		}
		if err := file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			errs = append(errs, fmt.Errorf("cannot write %s: %w", f.name, err))
		}
	}
	return errors.Join(errs...)
}
