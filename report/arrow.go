package report

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// arrowWriter writes record batches: as a file, with a footer, or as a stream.
type arrowWriter interface {
	Write(arrow.RecordBatch) error
	Close() error
}

// newArrowWriter is a writer of a table. A file is compressed; a stream is not,
// since a pipe gains nothing by it and not all who read streams can decompress.
// Neither says anything of the machine and the time.
func newArrowWriter[Row any](to io.Writer, columns []column[Row], isStream bool) (arrowWriter, error) {
	schema := ipc.WithSchema(arrowSchemaOf(columns))
	if isStream {
		return ipc.NewWriter(to, schema), nil
	}
	return ipc.NewFileWriter(to, schema, ipc.WithZstd())
}

// arrowSchemaOf is the Arrow schema of a table. Categories are plain text: a
// file's dictionaries cannot change from one record batch to the next, and not
// all who read streams know dictionaries.
func arrowSchemaOf[Row any](columns []column[Row]) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i := range columns {
		fields[i] = arrow.Field{Name: columns[i].name, Type: arrowTypeOf(columns[i].shape), Nullable: !columns[i].required}
	}
	return arrow.NewSchema(fields, nil)
}

func arrowTypeOf(s shape) arrow.DataType {
	switch s {
	case asInteger:
		return arrow.PrimitiveTypes.Int64
	case asCount:
		return arrow.PrimitiveTypes.Int32
	case asDay:
		return arrow.FixedWidthTypes.Date32
	case asDecimal:
		return &arrow.Decimal128Type{Precision: 18, Scale: 2}
	case asBoolean:
		return arrow.FixedWidthTypes.Boolean
	}
	return arrow.BinaryTypes.String
}

// arrowEncoder makes record batches of rows, column after column.
type arrowEncoder[Row any] struct {
	columns []column[Row]
	builder *array.RecordBuilder
	scratch []byte
}

func newArrowEncoder[Row any](columns []column[Row]) *arrowEncoder[Row] {
	return &arrowEncoder[Row]{columns: columns, builder: array.NewRecordBuilder(memory.DefaultAllocator, arrowSchemaOf(columns))}
}

// builderRows is how many rows builders have room for at least once they grow.
const builderRows = 32

// begin begins a record batch of so many rows. How long the builders make the
// bitmaps of fewer than builderRows depends on how room was asked for: that would
// be where chunks end, so it is asked for once.
func (e *arrowEncoder[Row]) begin(rows int) {
	for _, builder := range e.builder.Fields() {
		builder.Reserve(min(rows, builderRows))
	}
}

// add adds rows to the record batch that is being made.
func (e *arrowEncoder[Row]) add(t *texts, rows []Row) {
	for i := range e.columns {
		c := &e.columns[i]
		builder := e.builder.Field(i)
		builder.Reserve(len(rows))
		switch c.shape {
		case asCategory:
			for r := range rows {
				appendArrowText(builder, c.required, c.categoryOf(t, &rows[r]))
			}
		case asText:
			for r := range rows {
				e.scratch = c.text(e.scratch[:0], &rows[r])
				appendArrowText(builder, c.required, e.scratch)
			}
		default:
			for r := range rows {
				if number, ok := c.numberOf(&rows[r]); ok {
					appendArrowNumber(builder, number)
				} else {
					builder.AppendNull()
				}
			}
		}
	}
}

// take is the record batch of the rows that were added; nil for none.
func (e *arrowEncoder[Row]) take() arrow.RecordBatch {
	if e.builder.Field(0).Len() == 0 {
		return nil
	}
	return e.builder.NewRecordBatch()
}

// appendArrowText appends a text; an empty one is null where it is not required.
func appendArrowText(builder array.Builder, required bool, text []byte) {
	if len(text) == 0 && !required {
		builder.AppendNull()
		return
	}
	builder.(*array.StringBuilder).BinaryBuilder.Append(text)
}

func appendArrowNumber(builder array.Builder, number int64) {
	switch builder := builder.(type) {
	case *array.Int64Builder:
		builder.Append(number)
	case *array.Int32Builder:
		builder.Append(int32(number))
	case *array.Date32Builder:
		builder.Append(arrow.Date32(number))
	case *array.Decimal128Builder:
		builder.Append(decimal128.FromI64(number))
	case *array.BooleanBuilder:
		builder.Append(number != 0)
	default:
		panic("BUG: a shape of no Arrow type")
	}
}
