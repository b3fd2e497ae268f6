package report

import (
	"errors"
	"fmt"
	"io"

	arrowparquet "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// parquetTraces reads a table's Parquet file back with arrow-go: what
// parquet-go has written must not be judged by parquet-go.
type parquetTraces struct {
	names   *nameTable
	rejects bool
	reader  *file.Reader

	group int   // the next row group
	left  int64 // rows of the current row group that are still to be read

	row, amount                      *file.Int64ColumnChunkReader
	source, file, currency, severity *file.ByteArrayColumnChunkReader

	batch  []trace
	ints   []int64
	texts  []arrowparquet.ByteArray
	levels []int16
	// Names repeat: those of the row before, and the file that they are.
	sources                          [][]byte // of the batch
	lastSource, fileSource, lastFile []byte
	lastPlace                        int
}

func openParquetTraces(r *recounting) (traces, error) {
	var known []file.ReadOption
	if r.footer != nil {
		known = append(known, file.WithMetadata(r.footer))
	}
	reader, err := file.OpenParquetFile(r.path, false, known...)
	if err != nil {
		return nil, err
	}
	r.footer = reader.MetaData()
	return &parquetTraces{
		names: r.names, rejects: r.rejects, reader: reader,
		batch:   make([]trace, traceRows),
		ints:    make([]int64, traceRows),
		texts:   make([]arrowparquet.ByteArray, traceRows),
		levels:  make([]int16, traceRows),
		sources: make([][]byte, traceRows),
	}, nil
}

func (t *parquetTraces) close() error { return t.reader.Close() }

func (t *parquetTraces) skip(rows int64) (skipped int64, err error) {
	for t.group < t.reader.NumRowGroups() {
		size := t.reader.RowGroup(t.group).NumRows()
		if skipped+size > rows {
			break
		}
		skipped += size
		t.group++
	}
	return skipped, nil
}

func (t *parquetTraces) next() ([]trace, error) {
	for t.left == 0 {
		if t.group == t.reader.NumRowGroups() {
			return nil, io.EOF
		}
		if err := t.openGroup(); err != nil {
			return nil, err
		}
	}
	batch := t.batch[:min(t.left, traceRows)]
	t.left -= int64(len(batch))
	return batch, t.fill(batch)
}

func (t *parquetTraces) openGroup() error {
	group := t.reader.RowGroup(t.group)
	t.group++
	t.left = group.NumRows()
	var err error
	integers := func(name string) (column *file.Int64ColumnChunkReader) {
		if err == nil {
			column, err = openColumn[*file.Int64ColumnChunkReader](group, name)
		}
		return column
	}
	text := func(name string) (column *file.ByteArrayColumnChunkReader) {
		if err == nil {
			column, err = openColumn[*file.ByteArrayColumnChunkReader](group, name)
		}
		return column
	}
	t.source, t.file, t.row = text("source"), text("file"), integers("row")
	t.amount, t.currency = integers("amount"), text("currency")
	if !t.rejects {
		t.severity = text("severity")
	}
	return err
}

func openColumn[Column any](group *file.RowGroupReader, name string) (column Column, err error) {
	i := group.MetaData().Schema.ColumnIndexByName(name)
	if i < 0 {
		return column, fmt.Errorf("there is no column %s", name)
	}
	reader, err := group.Column(i)
	if err != nil {
		return column, fmt.Errorf("column %s: %w", name, err)
	}
	column, ok := reader.(Column)
	if !ok {
		return column, fmt.Errorf("column %s has another type than it was written with", name)
	}
	return column, nil
}

// fill reads the columns one after the other.
func (t *parquetTraces) fill(batch []trace) error {
	err := t.readTexts(t.source, "source", batch, func(i int, text []byte) error {
		// The text lies in the page's memory, and mostly is the one before.
		if t.lastSource == nil || string(text) != string(t.lastSource) {
			t.lastSource = append([]byte{}, text...)
		}
		t.sources[i] = t.lastSource
		return nil
	})
	if err != nil {
		return err
	}
	err = t.readTexts(t.file, "file", batch, func(i int, text []byte) error {
		if t.lastFile == nil || string(text) != string(t.lastFile) || string(t.sources[i]) != string(t.fileSource) {
			place, err := t.names.file(t.sources[i], text)
			if err != nil {
				return err
			}
			t.lastPlace, t.fileSource, t.lastFile = place, t.sources[i], append([]byte{}, text...)
		}
		batch[i].file = t.lastPlace
		return nil
	})
	if err != nil {
		return err
	}
	err = t.readIntegers(t.row, "row", batch, func(i int, value int64, ok bool) { batch[i].row = value })
	if err != nil {
		return err
	}
	err = t.readIntegers(t.amount, "amount", batch, func(i int, value int64, ok bool) { batch[i].amount, batch[i].hasAmount = value, ok })
	if err != nil {
		return err
	}
	err = t.readTexts(t.currency, "currency", batch, func(i int, text []byte) (err error) {
		batch[i].currency, err = t.names.currency(text)
		return err
	})
	if err != nil || t.rejects {
		return err
	}
	return t.readTexts(t.severity, "severity", batch, func(i int, text []byte) (err error) {
		batch[i].flags, err = flags(text)
		return err
	})
}

var errShortColumn = errors.New("the column ends before the row group")

// readIntegers gives the values of as many rows as the batch has. ok is false
// for a null.
func (t *parquetTraces) readIntegers(column *file.Int64ColumnChunkReader, name string, batch []trace, set func(i int, value int64, ok bool)) error {
	maximum := column.Descriptor().MaxDefinitionLevel()
	for done := 0; done < len(batch); {
		rows, values, err := column.ReadBatchInPage(int64(len(batch)-done), t.ints, t.levels, nil)
		if err == nil && rows == 0 {
			err = errShortColumn
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		value := 0
		for i := range int(rows) {
			if maximum > 0 && t.levels[i] < maximum {
				set(done+i, 0, false)
				continue
			}
			if value == values {
				return fmt.Errorf("column %s: %w", name, errShortColumn)
			}
			set(done+i, t.ints[value], true)
			value++
		}
		done += int(rows)
	}
	return nil
}

// readTexts does the same for texts. A null is empty.
func (t *parquetTraces) readTexts(column *file.ByteArrayColumnChunkReader, name string, batch []trace, set func(i int, text []byte) error) error {
	maximum := column.Descriptor().MaxDefinitionLevel()
	for done := 0; done < len(batch); {
		rows, values, err := column.ReadBatchInPage(int64(len(batch)-done), t.texts, t.levels, nil)
		if err == nil && rows == 0 {
			err = errShortColumn
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		value := 0
		for i := range int(rows) {
			var text []byte
			if maximum == 0 || t.levels[i] == maximum {
				if value == values {
					return fmt.Errorf("column %s: %w", name, errShortColumn)
				}
				text = t.texts[value]
				value++
			}
			if err := set(done+i, text); err != nil {
				return fmt.Errorf("column %s: %w", name, err)
			}
		}
		done += int(rows)
	}
	return nil
}
