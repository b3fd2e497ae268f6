package readers

import (
	"strings"

	"github.com/parquet-go/parquet-go"
)

// fileColumn is a column of a Parquet or an Arrow file that is read as a
// canonical one.
type fileColumn struct {
	canonical string
	theirs    string // its name in the file
	optional  bool
	columnType
}

// columnType is how the values of a column are stored and what they mean. Those
// of Arrow are told in the terms of Parquet.
type columnType struct {
	kind     parquet.Kind
	width    int // bytes of a FIXED_LEN_BYTE_ARRAY value
	shape    columnShape
	scale    int   // of decimals: digits after the point
	unsigned bool  // of integers
	perDay   int64 // of timestamps: units a day
	zoned    bool  // of timestamps: they are instants, whose day is that in Sweden
	name     string
}

// columnShape is what the values of a column are, whatever their width.
type columnShape uint8

const (
	otherShape        columnShape = iota
	textShape                     // BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY
	integerShape                  // INT32 or INT64
	wholeDecimalShape             // DECIMAL without digits after the point
	decimalShape                  // any other DECIMAL
	floatShape                    // DOUBLE or FLOAT
	dateShape                     // DATE
	timestampShape                // TIMESTAMP or INT96
	uuidShape                     // UUID
	booleanShape                  // BOOLEAN
)

var shapeNames = [...]string{"", "text", "integers", "DECIMAL without digits after the point", "DECIMAL", "DOUBLE or FLOAT", "DATE", "TIMESTAMP", "UUID", "BOOLEAN"}

// shapesOf has the shapes that a column of each kind is read from.
var shapesOf = [...][]columnShape{
	numberColumn:  {textShape, integerShape, wholeDecimalShape},
	keyColumn:     {textShape, integerShape, wholeDecimalShape, uuidShape},
	wordColumn:    {textShape},
	dayColumn:     {dateShape, timestampShape, textShape},
	deathColumn:   {textShape, dateShape, timestampShape, integerShape},
	amountColumn:  {decimalShape, wholeDecimalShape, integerShape, floatShape, textShape},
	booleanColumn: {booleanShape, textShape, integerShape},
}

func joinShapes(shapes []columnShape) string {
	names := make([]string, len(shapes))
	for i, shape := range shapes {
		names[i] = shapeNames[shape]
	}
	return strings.Join(names, ", ")
}

// limitScale bounds the digits after the point of a DECIMAL: no writer has more
// than the 76 of a decimal of 256 bits.
const limitScale = 76
