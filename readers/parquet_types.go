package readers

import (
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// parquetType is how the values of a column are stored and what they mean.
type parquetType struct {
	kind     parquet.Kind
	width    int // bytes of a FIXED_LEN_BYTE_ARRAY value
	shape    parquetShape
	scale    int   // of decimals: digits after the point
	unsigned bool  // of integers
	perDay   int64 // of timestamps: units a day
	zoned    bool  // of timestamps: they are instants, whose day is that in Sweden
	name     string
}

// parquetShape is what the values of a column are, whatever their width.
type parquetShape uint8

const (
	otherShape        parquetShape = iota
	textShape                      // BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY
	integerShape                   // INT32 or INT64
	wholeDecimalShape              // DECIMAL without digits after the point
	decimalShape                   // any other DECIMAL
	floatShape                     // DOUBLE or FLOAT
	dateShape                      // DATE
	timestampShape                 // TIMESTAMP or INT96
	uuidShape                      // UUID
	booleanShape                   // BOOLEAN
)

var shapeNames = [...]string{"", "text", "integers", "DECIMAL without digits after the point", "DECIMAL", "DOUBLE or FLOAT", "DATE", "TIMESTAMP", "UUID", "BOOLEAN"}

// shapesOf has the shapes that a column of each kind is read from.
var shapesOf = [...][]parquetShape{
	numberColumn:  {textShape, integerShape, wholeDecimalShape},
	keyColumn:     {textShape, integerShape, wholeDecimalShape, uuidShape},
	wordColumn:    {textShape},
	dayColumn:     {dateShape, timestampShape, textShape},
	deathColumn:   {textShape, dateShape, timestampShape, integerShape},
	amountColumn:  {decimalShape, wholeDecimalShape, integerShape, floatShape, textShape},
	booleanColumn: {booleanShape, textShape, integerShape},
}

func joinShapes(shapes []parquetShape) string {
	names := make([]string, len(shapes))
	for i, shape := range shapes {
		names[i] = shapeNames[shape]
	}
	return strings.Join(names, ", ")
}

// limitScale bounds the digits after the point of a DECIMAL: no writer has more
// than the 76 of a decimal of 256 bits.
const limitScale = 76

// parquetTypeOf says what a leaf column holds, of which element is the schema.
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
func parquetTypeOf(column *parquet.Column, element *format.SchemaElement) parquetType {
	leaf := column.Type()
	t := parquetType{kind: leaf.Kind(), name: leaf.Kind().String()}
	if t.kind == parquet.FixedLenByteArray {
		t.width = leaf.Length()
		if t.width <= 0 {
			return t
		}
	}
	var logical format.LogicalTypeValue
	if l := leaf.LogicalType(); l != nil {
		logical = l.Value
	}
	if logical != nil {
		t.name += " " + logical.String()
	} else if converted := leaf.ConvertedType(); converted != nil {
		if *converted == deprecated.Interval {
			t.name += " INTERVAL"
			return t
		}
	} else if element.LogicalType.Value != nil {
		// The library drops an annotation that it makes nothing of.
		t.name += " " + element.LogicalType.String()
		return t
	}
	switch logical := logical.(type) {
	case nil:
		switch t.kind {
		case parquet.Boolean:
			t.shape = booleanShape
		case parquet.Int32, parquet.Int64:
			t.shape = integerShape
		case parquet.Int96:
			t.shape, t.zoned = timestampShape, true
		case parquet.Float, parquet.Double:
			t.shape = floatShape
		case parquet.ByteArray, parquet.FixedLenByteArray:
			t.shape = textShape
		}
	case *format.StringType, *format.EnumType:
		if t.kind == parquet.ByteArray || t.kind == parquet.FixedLenByteArray {
			t.shape = textShape
		}
	case *format.IntType:
		if t.kind == parquet.Int32 || t.kind == parquet.Int64 {
			t.shape, t.unsigned = integerShape, !logical.IsSigned
		}
	case *format.DecimalType:
		t.scale = int(logical.Scale)
		switch {
		case t.scale == 0:
			t.shape = wholeDecimalShape
		case t.scale > 0 && t.scale <= limitScale:
			t.shape = decimalShape
		}
	case *format.DateType:
		if t.kind == parquet.Int32 {
			t.shape = dateShape
		}
	case *format.TimestampType:
		if t.kind == parquet.Int64 && logical.Unit.Value != nil {
			t.shape, t.zoned = timestampShape, logical.IsAdjustedToUTC
			t.perDay = int64(24 * time.Hour / logical.Unit.Value.Duration())
		}
	case *format.UUIDType:
		if t.width == 16 {
			t.shape = uuidShape
		}
	}
	return t
}
