package report

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// rowGroupRows is how many rows a row group holds, all but the last: pages and
// row groups are cut by rows alone, so the bytes do not depend on how the rows
// came. It is also what bounds memory.
const rowGroupRows = 1 << 16

// parquetChunkRows is how many rows are given to the library at once.
const parquetChunkRows = 512

// orderedGroup is a group of fields in the order that they are listed in; the
// library's own group sorts them by name.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

func (g *orderedGroup) Fields() []parquet.Field { return g.fields }

// schemaOf is the Parquet schema of a table.
func schemaOf[Row any](name string, columns []column[Row]) *parquet.Schema {
	group := parquet.Group{}
	for i := range columns {
		group[columns[i].name] = nodeOf(&columns[i])
	}
	byName := map[string]parquet.Field{}
	for _, field := range group.Fields() {
		byName[field.Name()] = field
	}
	ordered := &orderedGroup{Group: group}
	for i := range columns {
		ordered.fields = append(ordered.fields, byName[columns[i].name])
	}
	return parquet.NewSchema(name, ordered)
}

func nodeOf[Row any](c *column[Row]) parquet.Node {
	var node parquet.Node
	switch c.shape {
	case asCategory:
		node = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case asText:
		node = parquet.Encoded(parquet.String(), &parquet.Plain)
	case asInteger:
		node = parquet.Encoded(parquet.Int(64), &parquet.Plain)
	case asCount:
		node = parquet.Encoded(parquet.Int(32), &parquet.Plain)
	case asDay:
		node = parquet.Encoded(parquet.Date(), &parquet.Plain)
	case asDecimal:
		node = parquet.Encoded(parquet.Decimal(2, 18, parquet.Int64Type), &parquet.Plain)
	case asBoolean:
		node = parquet.Encoded(parquet.Leaf(parquet.BooleanType), &parquet.Plain)
	}
	if c.required {
		return node
	}
	return parquet.Optional(node)
}

// newParquetWriter is a writer of a table. Its file says nothing of the machine
// and the time.
func newParquetWriter[Row any](file io.Writer, name, version string, columns []column[Row]) *parquet.GenericWriter[any] {
	options := []parquet.WriterOption{
		schemaOf(name, columns),
		parquet.CreatedBy("avstam", version, "parquet-go"),
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
		parquet.DataPageStatistics(false),
		parquet.MaxRowsPerRowGroup(rowGroupRows),
	}
	for i := range columns {
		if !columns[i].bounded {
			options = append(options, parquet.SkipPageBounds(columns[i].name))
		}
	}
	return parquet.NewGenericWriter[any](file, options...)
}

// columnEncoder writes rows into a row group, column after column.
type columnEncoder[Row any] struct {
	columns []column[Row]
	values  []parquet.Value
	scratch []byte
}

func (e *columnEncoder[Row]) write(group *parquet.ConcurrentRowGroupWriter, t *texts, rows []Row) error {
	writers := group.ColumnWriters()
	for i := range e.columns {
		e.fill(i, t, rows)
		if _, err := writers[i].WriteRowValues(e.values); err != nil {
			return fmt.Errorf("column %s: %w", e.columns[i].name, err)
		}
	}
	return nil
}

// fill sets the values of column i. They point into scratch, which the library
// copies from. Only a value of an optional column needs a level; the zero value
// is a null.
func (e *columnEncoder[Row]) fill(i int, t *texts, rows []Row) {
	c := &e.columns[i]
	if cap(e.values) < len(rows) {
		e.values = make([]parquet.Value, len(rows))
	}
	e.values = e.values[:len(rows)]
	clear(e.values)
	e.scratch = e.scratch[:0]
	switch c.shape {
	case asCategory:
		for r := range rows {
			value := c.category(t, &rows[r])
			if c.required {
				e.values[r] = parquet.ByteArrayValue(value)
			} else if len(value) > 0 {
				e.values[r] = parquet.ByteArrayValue(value).Level(0, 1, i)
			}
		}
	case asText:
		for r := range rows {
			start := len(e.scratch)
			e.scratch = c.text(e.scratch, &rows[r])
			if c.required {
				e.values[r] = parquet.ByteArrayValue(e.scratch[start:])
			} else if len(e.scratch) > start {
				e.values[r] = parquet.ByteArrayValue(e.scratch[start:]).Level(0, 1, i)
			}
		}
	default:
		for r := range rows {
			number, ok := c.number(&rows[r])
			if c.required {
				e.values[r] = numberValue(c.shape, number)
			} else if ok {
				e.values[r] = numberValue(c.shape, number).Level(0, 1, i)
			}
		}
	}
}

func numberValue(s shape, number int64) parquet.Value {
	switch s {
	case asCount, asDay:
		return parquet.Int32Value(int32(number))
	case asBoolean:
		return parquet.BooleanValue(number != 0)
	}
	return parquet.Int64Value(number)
}

const parquetMagic = "PAR1"

// dropIndexes takes the column indexes of some columns out of a file that the
// writer has closed. The library writes an index with empty bounds for columns
// without bounds: a reader that trusts it would skip their pages and find
// nothing. What follows the pages (column indexes, offset indexes and the
// footer) is written anew, since readers expect the indexes without gaps.
func dropIndexes(file *os.File, metadata *format.FileMetaData, columns []int) error {
	if len(metadata.RowGroups) == 0 {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	start := metadata.RowGroups[0].Columns[0].ColumnIndexOffset
	end := make([]byte, info.Size()-start)
	if _, err := file.ReadAt(end, start); err != nil {
		return err
	}
	var b bytes.Buffer
	move := func(offset *int64, length int32) {
		from := *offset - start
		*offset = start + int64(b.Len())
		b.Write(end[from : from+int64(length)])
	}
	for g := range metadata.RowGroups {
		chunks := metadata.RowGroups[g].Columns
		for _, c := range columns {
			chunks[c].ColumnIndexOffset, chunks[c].ColumnIndexLength = 0, 0
		}
		for c := range chunks {
			if chunks[c].ColumnIndexLength > 0 {
				move(&chunks[c].ColumnIndexOffset, chunks[c].ColumnIndexLength)
			}
		}
	}
	for g := range metadata.RowGroups {
		chunks := metadata.RowGroups[g].Columns
		for c := range chunks {
			move(&chunks[c].OffsetIndexOffset, chunks[c].OffsetIndexLength)
		}
	}
	footer := b.Len()
	if err := thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(&b)).Encode(metadata); err != nil {
		return err
	}
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(b.Len()-footer)))
	b.WriteString(parquetMagic)
	if _, err := file.WriteAt(b.Bytes(), start); err != nil {
		return err
	}
	return file.Truncate(start + int64(b.Len()))
}
