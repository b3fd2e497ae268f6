package arrowipc

import (
	"errors"
	"fmt"
)

// Kind is what the values of a column are.
type Kind uint8

// The kinds. Other is any kind that has no values of its own here: nested ones,
// times of day, intervals, durations and floating-point numbers of 16 bits.
const (
	Other Kind = iota
	Null
	Integer
	Float
	Decimal
	Boolean
	Date
	Timestamp
	Text // utf8 and binary, with offsets of 32 or 64 bits
	View // utf8 and binary as views
	Fixed
)

// Type is the type of a column's values.
type Type struct {
	Name   string // as Arrow calls it
	Kind   Kind
	Bytes  int  // of a value: of Integer, Float, Decimal, Date, Timestamp and Fixed; of an offset of Text
	Signed bool // of Integer
	Scale  int  // of Decimal: digits after the point
	// PerDay is how many units a day has, of Date and Timestamp.
	PerDay int64
	Zoned  bool // of Timestamp: it is an instant
	UUID   bool // of Fixed: the canonical extension type arrow.uuid
}

// Field is a column of a schema.
type Field struct {
	Name     string
	Nullable bool
	Type     Type // of the values; of a dictionary's entries where there is one
	// HasDictionary says that rows have indexes, of type Index, into the
	// dictionary of that number.
	HasDictionary bool
	Dictionary    int64
	Index         Type

	// Where it stands in a record batch.
	node, buffer, variadic int
	layout                 layout
}

// Schema describes the record batches of a file.
type Schema struct {
	Fields []Field
	total  layout // of a record batch
}

// layout counts the parts that a type has in a record batch, those of its
// children too.
type layout struct{ nodes, buffers, variadics int }

func (l *layout) add(other layout) {
	l.nodes += other.nodes
	l.buffers += other.buffers
	l.variadics += other.variadics
}

const (
	limitFields  = 100_000 // of a schema, the children of nested columns too
	limitNesting = 64
	// limitNames bounds the names of all fields together, in bytes, and limitPairs
	// their metadata that are looked at: fields may share one text, and one list.
	limitNames = 16 << 20
	limitPairs = 1_000_000
)

// The types, by the place in the format's union Type.
// https://github.com/apache/arrow/blob/main/format/Schema.fbs
const (
	typeNull = iota + 1
	typeInt
	typeFloatingPoint
	typeBinary
	typeUtf8
	typeBool
	typeDecimal
	typeDate
	typeTime
	typeTimestamp
	typeInterval
	typeList
	typeStruct
	typeUnion
	typeFixedSizeBinary
	typeFixedSizeList
	typeMap
	typeDuration
	typeLargeBinary
	typeLargeUtf8
	typeLargeList
	typeRunEndEncoded
	typeBinaryView
	typeUtf8View
	typeListView
	typeLargeListView
)

var typeNames = [...]string{
	"", "null", "int", "float", "binary", "utf8", "bool", "decimal", "date", "time", "timestamp", "interval", "list", "struct", "union",
	"fixed_size_binary", "fixed_size_list", "map", "duration", "large_binary", "large_utf8", "large_list", "run_end_encoded",
	"binary_view", "utf8_view", "list_view", "large_list_view",
}

// schemaReader makes a Schema of metadata.
type schemaReader struct {
	version              int // of the metadata, 4 or 5
	fields, names, pairs int // so far; bytes of names
	err                  error
}

func readSchema(t table, version int) (*Schema, error) {
	if t.short(0, 0) != 0 {
		return nil, errors.New("it is written big-endian; little-endian can be read")
	}
	r := schemaReader{version: version}
	schema := &Schema{}
	for field := range t.tables(1) {
		f := r.field(field, 0)
		if r.err != nil {
			break
		}
		f.node, f.buffer, f.variadic = schema.total.nodes, schema.total.buffers, schema.total.variadics
		schema.total.add(f.layout)
		schema.Fields = append(schema.Fields, f)
	}
	switch {
	case t.f.damaged:
		return nil, errDamaged
	case r.err != nil:
		return nil, r.err
	}
	return schema, nil
}

func (r *schemaReader) field(t table, depth int) Field {
	name := t.bytes(0)
	r.fields++
	r.names += len(name)
	switch {
	case r.fields > limitFields || depth > limitNesting:
		r.err = fmt.Errorf("it has more than %d columns, or columns nested deeper than %d", limitFields, limitNesting)
	case r.names > limitNames:
		r.err = fmt.Errorf("the names of its columns have more than %d MiB", limitNames>>20)
	}
	if r.err != nil || t.f.damaged {
		return Field{}
	}
	f := Field{Name: string(name), Nullable: t.bool(1), layout: layout{nodes: 1}}
	number := t.byte(2)
	of, _ := t.table(3)
	f.Type = typeOf(number, of)
	if f.Type.Kind == Fixed && f.Type.Bytes == 16 {
		f.Type.UUID = r.isUUID(t)
	}
	if encoding, ok := t.table(4); ok {
		f.HasDictionary, f.Dictionary = true, encoding.long(0)
		f.Index = Type{Name: "int32", Kind: Integer, Bytes: 4, Signed: true}
		if index, ok := encoding.table(1); ok {
			f.Index = typeOf(typeInt, index)
		}
		f.layout.buffers = 2
		if f.Index.Kind != Integer {
			r.err = fmt.Errorf("it is damaged: the indexes of a dictionary are of type %s", f.Index.Name)
		}
		// The children are in the dictionary.
		return f
	}
	f.layout.add(r.own(number, of))
	for child := range t.tables(5) {
		if r.err != nil {
			break
		}
		f.layout.add(r.field(child, depth+1).layout)
	}
	return f
}

// isUUID says whether the metadata of a field name the extension type of a UUID.
func (r *schemaReader) isUUID(field table) bool {
	for pair := range field.tables(6) {
		if r.pairs++; r.pairs > limitPairs {
			r.err = fmt.Errorf("its columns have more than %d pairs of metadata", limitPairs)
			break
		}
		// These comparisons copy nothing.
		if string(pair.bytes(0)) == "ARROW:extension:name" && string(pair.bytes(1)) == "arrow.uuid" {
			return true
		}
	}
	return false
}

// own are the parts of a type without those of its children.
// https://arrow.apache.org/docs/format/Columnar.html#buffer-listing-for-each-layout
func (r *schemaReader) own(number int, of table) layout {
	switch number {
	case typeNull, typeRunEndEncoded:
		return layout{}
	case typeStruct, typeFixedSizeList:
		return layout{buffers: 1}
	case typeBinary, typeUtf8, typeLargeBinary, typeLargeUtf8, typeListView, typeLargeListView:
		return layout{buffers: 3}
	case typeBinaryView, typeUtf8View:
		return layout{buffers: 2, variadics: 1}
	case typeUnion:
		buffers := 1
		if of.short(0, 0) != 0 {
			buffers++ // a dense union has offsets
		}
		if r.version < 5 {
			buffers++
		}
		return layout{buffers: buffers}
	case typeInt, typeFloatingPoint, typeBool, typeDecimal, typeDate, typeTime, typeTimestamp, typeInterval, typeList, typeFixedSizeBinary, typeMap, typeDuration, typeLargeList:
		return layout{buffers: 2}
	}
	r.err = fmt.Errorf("it has a column of a type that is not known here, number %d", number)
	return layout{}
}

const (
	secondsPerDay      = 24 * 60 * 60
	millisecondsPerDay = 1000 * secondsPerDay
)

// unitsPerDay are the units of time, by their place in the format's enumeration.
var unitsPerDay = [...]int64{secondsPerDay, millisecondsPerDay, 1000 * millisecondsPerDay, 1_000_000 * millisecondsPerDay}

// typeOf is a type by its number in the union Type, and what the format says of it.
func typeOf(number int, of table) Type {
	t := Type{}
	if number > 0 && number < len(typeNames) {
		t.Name = typeNames[number]
	}
	switch number {
	case typeNull:
		t.Kind = Null
	case typeInt:
		bits := of.int(0, 0)
		t.Signed = of.bool(1)
		t.Name = fmt.Sprintf("uint%d", bits)
		if t.Signed {
			t.Name = fmt.Sprintf("int%d", bits)
		}
		if bits == 8 || bits == 16 || bits == 32 || bits == 64 {
			t.Kind, t.Bytes = Integer, bits/8
		}
	case typeFloatingPoint:
		switch of.short(0, 0) {
		case 1:
			t.Kind, t.Bytes, t.Name = Float, 4, "float32"
		case 2:
			t.Kind, t.Bytes, t.Name = Float, 8, "float64"
		default:
			t.Name = "float16"
		}
	case typeBool:
		t.Kind = Boolean
	case typeDecimal:
		bits := of.int(2, 128)
		t.Scale = of.int(1, 0)
		t.Name = fmt.Sprintf("decimal%d(%d, %d)", bits, of.int(0, 0), t.Scale)
		if bits == 32 || bits == 64 || bits == 128 || bits == 256 {
			t.Kind, t.Bytes = Decimal, bits/8
		}
	case typeDate:
		if of.short(0, 1) == 0 {
			t.Kind, t.Bytes, t.PerDay, t.Name = Date, 4, 1, "date32"
		} else {
			t.Kind, t.Bytes, t.PerDay, t.Name = Date, 8, millisecondsPerDay, "date64"
		}
	case typeTimestamp:
		if unit := of.short(0, 0); unit >= 0 && unit < len(unitsPerDay) {
			t.Kind, t.Bytes, t.PerDay = Timestamp, 8, unitsPerDay[unit]
			_, zone := of.vector(1, 1)
			t.Zoned = zone > 0
		}
	case typeUtf8, typeBinary:
		t.Kind, t.Bytes = Text, 4
	case typeLargeUtf8, typeLargeBinary:
		t.Kind, t.Bytes = Text, 8
	case typeBinaryView, typeUtf8View:
		t.Kind = View
	case typeFixedSizeBinary:
		if width := of.int(0, 0); width > 0 {
			t.Kind, t.Bytes, t.Name = Fixed, width, fmt.Sprintf("fixed_size_binary[%d]", width)
		}
	}
	return t
}
