package readers

import (
	"context"
	"fmt"
	"slices"

	"github.com/avstam/avstam/calendar"
)

// textShapes are what ReadTexts makes texts of.
var textShapes = []columnShape{textShape, integerShape, dateShape, timestampShape}

// ReadTexts reads columns of a Parquet file as texts: text as it stands, integers
// in digits, days as 2006-01-02, and nothing where there is no value. choose is
// told the names of all columns and gives the places of those that are wanted; add
// is given their texts, row by row, good until it returns; none is longer than
// limitWord bytes, which is an error. The file is described
// with the SHA-256 of what was read. Errors name the file, those of choose and
// add too.
func ReadTexts(ctx context.Context, path string, choose func(names []string) ([]int, error), add func(texts [][]byte) error) (_ *File, err error) {
	parquet, err := openParquet(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = parquet.release() }() // only read from
	wanted, err := choose(parquet.columnNames())
	if err != nil {
		return nil, cannotRead(path, err)
	}
	file := &File{Path: path, Format: FormatParquet, Size: parquet.stat.Size(), Columns: parquet.columnNames()}
	columns := make([]*parquetColumn, len(wanted))
	for i, at := range wanted {
		column, err := parquet.flatColumn(at)
		switch {
		case err != nil:
			return nil, err
		case column != nil && column.isNull: // as pandas writes a column of no values
			continue
		case column == nil || !slices.Contains(textShapes, column.shape):
			return nil, cannotRead(path, fmt.Errorf("column %s: it is neither text, integers nor days", columnText(file.Columns[at])))
		}
		columns[i] = column
	}
	if err := parquet.findChunks(columns); err != nil {
		return nil, err
	}
	r := textReader{texts: make([][]byte, len(columns)), columns: make([]textColumn, len(columns))}
	memory := new(pageMemory)
	for i, column := range columns {
		if column == nil {
			continue
		}
		if err := parquet.checkChunks(column); err != nil {
			return nil, err
		}
		c := &r.columns[i]
		c.columnCursor = &columnCursor{fileColumn: &column.fileColumn}
		c.pages = newParquetPages(c.columnCursor, column, memory, &file.pages, new(pageBuffers))
		if column.shape == dateShape || column.shape == timestampShape {
			c.days = column.days()
		}
	}
	err = newParquetBytes(file, parquet, &Options{Digest: true}).each(ctx, func(group rowGroupBytes) error {
		defer group.close()
		if err := r.read(ctx, parquet, group, add); err != nil {
			return cannotRead(path, err)
		}
		return nil
	})
	return file, err
}

// textReader reads row groups as rows of texts.
type textReader struct {
	columns []textColumn
	texts   [][]byte // of a row
}

// textColumn is a column of a textReader; the zero one has no values.
type textColumn struct {
	*columnCursor
	pages  *parquetPages
	days   func(*columnValues, int, []calendar.Day) error // nil for other columns
	buffer []byte
}

func (r *textReader) read(ctx context.Context, file *parquetFile, group rowGroupBytes, add func(texts [][]byte) error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = damaged(reason)
		}
		for i := range r.columns {
			if pages := r.columns[i].pages; pages != nil {
				pages.close()
			}
		}
	}()
	for i := range r.columns {
		if pages := r.columns[i].pages; pages != nil {
			pages.open(file, group)
		}
	}
	for row := range file.groups[group.rowGroup].rows {
		if row%1024 == 0 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
		for i := range r.columns {
			c := &r.columns[i]
			if c.columnCursor == nil {
				continue
			}
			if r.texts[i], err = c.text(); err != nil {
				return fmt.Errorf("column %s: %w", columnText(c.theirs), err)
			}
		}
		if err := add(r.texts); err != nil {
			return err
		}
	}
	for i := range r.columns {
		if c := &r.columns[i]; c.pages != nil {
			if err := c.pages.finish(); err != nil {
				return fmt.Errorf("column %s: %w", columnText(c.theirs), err)
			}
		}
	}
	return nil
}

// text is the next value.
func (c *textColumn) text() ([]byte, error) {
	s, err := c.take(1)
	if err != nil {
		return nil, err
	}
	values, at := c.of(s, 0)
	switch {
	case values == nil:
		return nil, nil
	case c.shape == textShape && len(values.text(at)) > limitWord:
		return nil, fmt.Errorf("a text of %d bytes; at most %d are taken", len(values.text(at)), limitWord)
	case c.shape == textShape:
		return values.text(at), nil
	case c.days == nil:
		c.buffer = c.appendRaw(c.buffer[:0], values, at)
		return c.buffer, nil
	}
	var day [1]calendar.Day
	if err := c.days(values, at, day[:]); err != nil {
		return nil, err
	}
	if c.buffer = append(c.buffer[:0], '?'); day[0] != badDay {
		c.buffer = day[0].AppendText(c.buffer[:0])
	}
	return c.buffer, nil
}
