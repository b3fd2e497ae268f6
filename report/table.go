package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/storage"
)

// maxEncoders is how many row groups are encoded at once at most: each holds the
// columns of one in memory, up to about 60 MB of findings, and 80 MB of long texts
// in three formats.
const maxEncoders = 4

// table writes the rows of one kind to the files that the run asks for.
type table[Row any] struct {
	name    string // of the files, without the ending
	columns []column[Row]
	// take gives an encoder the next rows, at most as many as told and as have text
	// for a row group, and sets its rows: 0 after the last. It is called by one
	// goroutine.
	take func(e *encoder[Row], limit int) error
	// each calls use with the rows that the encoder has been given, some at a
	// time, each good until use returns. Encoders call it at the same time.
	each func(e *encoder[Row], use func(rows []Row) error) error
	// written is told of each encoder whose rows have been written, in their order,
	// before it takes others; nil for not at all.
	written func(e *encoder[Row]) error
}

// output is where a table goes.
type output struct {
	create              func(name string) (*tableFile, error)
	parquet, csv, arrow bool
	style               csvStyle
	isStream            bool // Arrow is written as a stream, and its file kept open
	version             string
	encoders            int
	rowGroupRows        int
	rowGroupText        int // bytes
	texts               *texts
}

// encoder encodes the row groups of a table, one after the other, while others
// encode other row groups.
type encoder[Row any] struct {
	table  *table[Row]
	output *output
	number int // of the encoder

	// What the table has given it.
	rows     int
	packed   []byte    // of rejects
	segments []segment // of findings
	repeated []entry   // of findings: their places and occurrences
	marks    []entry   // of findings: what is known of them from earlier reports
	taken    []Row     // of tables whose rows own their memory
	reader   segmentReader
	records  []byte // findings as they are written, for the shares of agencies
	rest     []byte // of records

	parquet *rowGroupEncoder[Row] // nil where there is no such format
	arrow   *arrowEncoder[Row]    // nil where there is no such format
	batch   arrow.RecordBatch     // nil for none
	chunk   []Row
	lines   []byte
	done    chan error // holds a value while a row group is encoded and not yet written
}

// chunkRows is how many rows are encoded at once, column after column: they stay
// in the cache.
const chunkRows = 512

// write writes all rows, in the order that they come, and returns how many there
// are.
func (t *table[Row]) write(ctx context.Context, out *output) (written int64, err error) {
	files, err := t.create(out)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, files.abandon()) }()

	encoders := make([]*encoder[Row], out.encoders)
	for i := range encoders {
		encoders[i] = &encoder[Row]{table: t, output: out, number: i, chunk: make([]Row, chunkRows)}
		if out.parquet {
			encoders[i].parquet = newRowGroupEncoder(t.columns)
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

	// The encoders take turns: each writes what it has encoded, and takes more.
	turn := 0
	for ; ; turn++ {
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		e := encoders[turn%len(encoders)]
		if err := e.finish(files); err != nil {
			return 0, err
		}
		if err := t.take(e, out.rowGroupRows); err != nil {
			return 0, err
		}
		if e.rows == 0 {
			break
		}
		written += int64(e.rows)
		e.start()
	}
	for i := range encoders { // the oldest first
		if err := encoders[(turn+i)%len(encoders)].finish(files); err != nil {
			return 0, err
		}
	}
	return written, files.close()
}

// start begins to encode the rows that have been taken.
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
	if e.parquet != nil {
		if err := files.writer.add(e.parquet.chunks, e.rows); err != nil {
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
	e.lines = e.lines[:0]
	if e.table.written != nil {
		if err := e.table.written(e); err != nil {
			return err
		}
	}
	return files.sync()
}

func (e *encoder[Row]) encode() error {
	if e.parquet != nil {
		e.parquet.begin()
	}
	if e.arrow != nil {
		e.arrow.begin(e.rows)
	}
	if err := e.table.each(e, e.encodeRows); err != nil {
		return err
	}
	if e.arrow != nil {
		e.batch = e.arrow.take()
	}
	if e.parquet == nil {
		return nil
	}
	if err := e.parquet.end(); err != nil {
		return fmt.Errorf("cannot write %s.parquet: %w", e.table.name, err)
	}
	return nil
}

func (e *encoder[Row]) encodeRows(rows []Row) error {
	if e.output.csv {
		for i := range rows {
			e.lines = appendLine(e.lines, &e.output.style, e.table.columns, e.output.texts, &rows[i])
		}
	}
	if e.arrow != nil {
		e.arrow.add(e.output.texts, rows)
	}
	if e.parquet == nil {
		return nil
	}
	if err := e.parquet.add(e.output.texts, rows); err != nil {
		return fmt.Errorf("cannot write %s.parquet: %w", e.table.name, err)
	}
	return nil
}

// tableFiles are the files of a table, open for writing.
type tableFiles struct {
	name     string
	parquet  *tableFile
	writer   *parquetFile
	csv      *tableFile
	arrow    *tableFile
	batches  arrowWriter
	isStream bool
	added    int                  // row groups
	early    []*storage.EarlySync // of the files that stay
}

func (t *table[Row]) create(out *output) (*tableFiles, error) {
	files := &tableFiles{name: t.name, isStream: out.isStream}
	var err error
	if out.parquet {
		if files.parquet, err = out.create(t.name + ".parquet"); err != nil {
			return nil, err
		}
		if files.writer, err = newParquetFile(files.parquet, t.name, out.version, t.columns); err != nil {
			return nil, errors.Join(fmt.Errorf("cannot write %s.parquet: %w", t.name, err), files.abandon())
		}
	}
	if out.csv {
		if files.csv, err = out.create(t.name + ".csv"); err != nil {
			return nil, errors.Join(err, files.abandon())
		}
		if _, err := files.csv.Write(appendHeader(nil, &out.style, t.columns)); err != nil {
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
	for _, file := range []*tableFile{files.parquet, files.csv, files.arrow} {
		if file != nil && !out.isStream {
			files.early = append(files.early, storage.NewEarlySync(file.file))
		}
	}
	return files, nil
}

// syncGroups is how many row groups are written before they are put on disk.
const syncGroups = 8

// sync has the files put on disk from time to time.
func (f *tableFiles) sync() error {
	if f.added++; f.added%syncGroups > 0 {
		return nil
	}
	for _, early := range f.early {
		if err := early.Begin(); err != nil {
			return fmt.Errorf("cannot write %s: %w", f.name, err)
		}
	}
	return nil
}

// close finishes the files.
func (f *tableFiles) close() error {
	if err := f.endSync(); err != nil {
		return err
	}
	if f.writer != nil {
		if err := errors.Join(f.writer.close(), f.parquet.file.Close()); err != nil {
			return fmt.Errorf("cannot write %s.parquet: %w", f.name, err)
		}
	}
	if f.csv != nil {
		if err := f.csv.file.Close(); err != nil {
			return fmt.Errorf("cannot write %s.csv: %w", f.name, err)
		}
	}
	if f.arrow != nil {
		err := f.batches.Close()
		if !f.isStream {
			err = errors.Join(err, f.arrow.file.Close())
		}
		if err != nil {
			return fmt.Errorf("cannot write %s.arrow: %w", f.name, err)
		}
	}
	return nil
}

func (f *tableFiles) endSync() error {
	var errs []error
	for _, early := range f.early {
		if err := early.End(); err != nil {
			errs = append(errs, fmt.Errorf("cannot write %s: %w", f.name, err))
		}
	}
	return errors.Join(errs...)
}

// abandon closes files that close has not closed.
func (f *tableFiles) abandon() error {
	errs := []error{f.endSync()}
	for _, file := range []*tableFile{f.parquet, f.csv, f.arrow} {
		if file == nil || file == f.arrow && f.isStream {
			continue
		}
		if err := file.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			errs = append(errs, fmt.Errorf("cannot write %s: %w", f.name, err))
		}
	}
	return errors.Join(errs...)
}
