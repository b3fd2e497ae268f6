package synth

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

const (
	rowGroupRows = 120_000
	chunkRows    = 2_000   // given to the library at once; divides rowGroupRows
	pageBytes    = 1 << 20 // as most writers have it
)

// parquetTable writes rows as Parquet, a column at a time.
type parquetTable[Row any] struct {
	columns []column[Row]
	file    io.Closer
	writer  *parquet.GenericWriter[any]
	values  [][]parquet.Value // of each column, for the rows of a chunk
	arena   []byte            // what they point to
	rows    int               // in the row group
}

func newParquetTable[Row any](file io.WriteCloser, name string, columns []column[Row]) *parquetTable[Row] {
	return &parquetTable[Row]{
		columns: columns,
		file:    file,
		writer: parquet.NewGenericWriter[any](file, schemaOf(name, columns), parquet.Compression(&parquet.Snappy),
			parquet.PageBufferSize(pageBytes), parquet.DataPageStatistics(false), parquet.CreatedBy("avstam generate", "", "")),
		values: make([][]parquet.Value, len(columns)),
	}
}

func (t *parquetTable[Row]) add(r *Row) error {
	for i := range t.columns {
		c := &t.columns[i]
		value := parquet.NullValue()
		if c.shape == asText || c.shape == asCategory {
			start := len(t.arena)
			if t.arena = c.text(t.arena, r); len(t.arena) > start || c.required {
				value = parquet.ByteArrayValue(t.arena[start:])
			}
		} else if number, ok := c.number(r); ok {
			value = c.value(number)
		}
		defined := 0
		if !c.required && !value.IsNull() {
			defined = 1
		}
		t.values[i] = append(t.values[i], value.Level(0, defined, i))
	}
	if t.rows++; t.rows%chunkRows == 0 {
		return t.flush()
	}
	return nil
}

func (c *column[Row]) value(number int64) parquet.Value {
	switch c.shape {
	case asDay, asCount:
		return parquet.Int32Value(int32(number))
	case asBoolean:
		return parquet.BooleanValue(number != 0)
	}
	return parquet.Int64Value(number)
}

// flush hands the chunk to the library, and ends the row group if it is full.
func (t *parquetTable[Row]) flush() error {
	for i, writer := range t.writer.ColumnWriters() {
		if len(t.values[i]) == 0 {
			break // no rows since the last time
		}
		if _, err := writer.WriteRowValues(t.values[i]); err != nil {
			return fmt.Errorf("column %s: %w", t.columns[i].name, err)
		}
		t.values[i] = t.values[i][:0]
	}
	t.arena = t.arena[:0]
	if t.rows < rowGroupRows {
		return nil
	}
	t.rows = 0
	return t.writer.Flush()
}

// close ends the table, and closes the file.
func (t *parquetTable[Row]) close() error {
	if err := t.flush(); err != nil {
		return err
	}
	if err := t.writer.Close(); err != nil {
		return err
	}
	return t.file.Close()
}

// inOrder is a group of fields in the order of the columns; the library's own
// sorts them by name.
type inOrder struct {
	parquet.Group
	fields []parquet.Field
}

func (g inOrder) Fields() []parquet.Field { return g.fields }

func schemaOf[Row any](name string, columns []column[Row]) *parquet.Schema {
	group := inOrder{Group: parquet.Group{}}
	for i := range columns {
		c := &columns[i]
		node := parquet.Encoded(c.shape.node(), c.shape.encoding())
		if !c.required {
			node = parquet.Optional(node)
		}
		group.Group[c.name] = node
	}
	for i := range columns {
		for _, field := range group.Group.Fields() {
			if field.Name() == columns[i].name {
				group.fields = append(group.fields, field)
			}
		}
	}
	return parquet.NewSchema(name, group)
}

func (s shape) node() parquet.Node {
	switch s {
	case asInteger:
		return parquet.Int(64)
	case asCount:
		return parquet.Int(32)
	case asDay:
		return parquet.Date()
	case asAmount:
		return parquet.Decimal(2, 12, parquet.Int64Type)
	case asReportedAmount:
		return parquet.Decimal(2, 18, parquet.Int64Type)
	case asBoolean:
		return parquet.Leaf(parquet.BooleanType)
	}
	return parquet.String()
}

// encoding is what every reader of Parquet knows.
func (s shape) encoding() encoding.Encoding {
	if s == asCategory {
		return &parquet.RLEDictionary
	}
	return &parquet.Plain
}
