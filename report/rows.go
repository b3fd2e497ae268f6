package report

import (
	"errors"
	"fmt"
	"io"

	arrowparquet "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// Rows reads columns of a table of a report in Parquet, some rows at a time. It
// is for files whose digest is that of the manifest.
type Rows struct {
	reader  *file.Reader
	names   []string
	group   int   // the next row group
	left    int64 // rows of the current row group that are still to be read
	columns []rowsColumn
	levels  []int16
	texts   []arrowparquet.ByteArray
	days    []int32
}

// rowsColumn is a column's part of the rows that were read last: texts, or
// integers of either size.
type rowsColumn struct {
	chunk   file.ColumnChunkReader
	valid   []bool
	numbers []int64
	text    []byte   // of all rows
	ends    []uint32 // in it
}

// OpenRows opens a table of a report to read the columns named.
func OpenRows(path string, columns ...string) (*Rows, error) {
	reader, err := openParquet(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	r := &Rows{
		reader: reader, names: columns, columns: make([]rowsColumn, len(columns)),
		levels: make([]int16, traceRows), texts: make([]arrowparquet.ByteArray, traceRows), days: make([]int32, traceRows),
	}
	for i := range r.columns {
		r.columns[i].valid, r.columns[i].numbers = make([]bool, traceRows), make([]int64, traceRows)
	}
	return r, nil
}

// Close closes the file.
func (r *Rows) Close() error { return r.reader.Close() }

// Next reads the next rows and says how many they are; io.EOF after the last.
func (r *Rows) Next() (int, error) {
	for r.left == 0 {
		if r.group == r.reader.NumRowGroups() {
			return 0, io.EOF
		}
		group := r.reader.RowGroup(r.group)
		for i, name := range r.names {
			place := group.MetaData().Schema.ColumnIndexByName(name)
			if place < 0 {
				return 0, fmt.Errorf("there is no column %s", name)
			}
			var err error
			if r.columns[i].chunk, err = group.Column(place); err != nil {
				return 0, fmt.Errorf("column %s: %w", name, err)
			}
		}
		r.group++
		r.left = group.NumRows()
	}
	rows := int(min(r.left, traceRows))
	r.left -= int64(rows)
	for i := range r.columns {
		if err := r.fill(&r.columns[i], r.names[i], rows); err != nil {
			return 0, err
		}
	}
	return rows, nil
}

var errRowsType = errors.New("it has another type than it was written with")

func (r *Rows) fill(c *rowsColumn, name string, rows int) error {
	maximum := c.chunk.Descriptor().MaxDefinitionLevel()
	switch chunk := c.chunk.(type) {
	case *file.Int64ColumnChunkReader:
		c.ends = append(c.ends[:0], make([]uint32, rows)...) // no text
		return readValues(name, maximum, c.numbers[:rows], c.valid, r.levels, chunk.ReadBatchInPage)
	case *file.Int32ColumnChunkReader:
		c.ends = append(c.ends[:0], make([]uint32, rows)...)
		if err := readValues(name, maximum, r.days[:rows], c.valid, r.levels, chunk.ReadBatchInPage); err != nil {
			return err
		}
		for i, day := range r.days[:rows] {
			c.numbers[i] = int64(day)
		}
		return nil
	case *file.ByteArrayColumnChunkReader:
		c.text, c.ends = c.text[:0], c.ends[:0]
		for done := 0; done < rows; done = len(c.ends) {
			n, err := readPage(name, maximum, r.texts[:rows-done], c.valid[done:], r.levels, chunk.ReadBatchInPage)
			if err != nil {
				return err
			}
			for _, text := range r.texts[:n] { // before the next page takes their memory
				c.text = append(c.text, text...)
				c.ends = append(c.ends, uint32(len(c.text)))
			}
		}
		return nil
	}
	return fmt.Errorf("column %s: %w", name, errRowsType)
}

// Text is the text of a column, by its place among those named, in a row of those
// that were read last; good until Next. A missing text is empty.
func (r *Rows) Text(column, row int) []byte {
	c := &r.columns[column]
	start := uint32(0)
	if row > 0 {
		start = c.ends[row-1]
	}
	return c.text[start:c.ends[row]:c.ends[row]]
}

// Number is the same for integers, days and amounts in öre; ok is false where
// there is none.
func (r *Rows) Number(column, row int) (number int64, ok bool) {
	c := &r.columns[column]
	return c.numbers[row], c.valid[row]
}
