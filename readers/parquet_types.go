package readers

import (
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// parquetTypeOf says what a leaf column holds, of which element is the schema.
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
func parquetTypeOf(column *parquet.Column, element *format.SchemaElement) columnType {
	leaf := column.Type()
	t := columnType{kind: leaf.Kind(), name: element.Type.V.String()} // the library has no word for the type of a column of no values
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
