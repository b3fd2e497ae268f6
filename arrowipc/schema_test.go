package arrowipc

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// flatBuilder puts metadata together by hand, in which all may point at the same.
type flatBuilder struct{ data []byte }

func (b *flatBuilder) uint16(value int) {
	b.data = binary.LittleEndian.AppendUint16(b.data, uint16(value))
}

func (b *flatBuilder) uint32(value int) {
	b.data = binary.LittleEndian.AppendUint32(b.data, uint32(value))
}

// table appends a table of fields of eight bytes each, and is its place.
func (b *flatBuilder) table(values ...int) int {
	vtable := len(b.data)
	b.uint16(4 + 2*len(values))
	b.uint16(4 + 8*len(values))
	for i := range values {
		b.uint16(4 + 8*i)
	}
	at := len(b.data)
	b.uint32(at - vtable)
	for _, value := range values {
		b.data = binary.LittleEndian.AppendUint64(b.data, uint64(value))
	}
	return at
}

// without has a table lack fields.
func (b *flatBuilder) without(table int, fields ...int) {
	vtable := table - int(binary.LittleEndian.Uint32(b.data[table:]))
	for _, field := range fields {
		binary.LittleEndian.PutUint16(b.data[vtable+4+2*field:], 0)
	}
}

// point has a place point at one behind it.
func (b *flatBuilder) point(at, to int) {
	binary.LittleEndian.PutUint32(b.data[at:], uint32(to-at))
}

// field has a field of a table point at what comes next.
func (b *flatBuilder) field(table, field int) { b.point(table+4+8*field, len(b.data)) }

// tables appends a vector of a field of a table, and is its first element.
func (b *flatBuilder) tables(table, field, count int) int {
	b.field(table, field)
	b.uint32(count)
	first := len(b.data)
	b.data = append(b.data, make([]byte, 4*count)...)
	return first
}

func (b *flatBuilder) text(table, field, length int) {
	b.field(table, field)
	b.uint32(length)
	b.data = append(b.data, bytes.Repeat([]byte("x"), length)...)
}

// sharedSchema is a stream of columns of fixed_size_binary[16] that are all one table,
// with a name of so many bytes, and so many pairs of metadata that are one pair, of a
// key of so many bytes.
func sharedSchema(columns, name, pairs, key int) []byte {
	b := &flatBuilder{data: make([]byte, 4)}
	message := b.table(4, messageSchema, 0, 0)
	b.point(0, message)
	schema := b.table(0, 0)
	b.point(message+4+8*2, schema)
	fields := b.tables(schema, 1, columns)
	column := b.table(0, 1, typeFixedSizeBinary, 0, 0, 0, 0)
	b.without(column, 4, 5) // neither a dictionary nor children
	for i := range columns {
		b.point(fields+4*i, column)
	}
	b.point(column+4+8*3, b.table(16))
	metadata := b.tables(column, 6, pairs)
	pair := b.table(0, 0)
	for i := range pairs {
		b.point(metadata+4*i, pair)
	}
	b.text(pair, 0, key)
	b.text(pair, 1, key)
	b.text(column, 0, name)
	stream := binary.LittleEndian.AppendUint32([]byte(StreamMagic), uint32(len(b.data)))
	return append(append(append(stream, b.data...), StreamMagic...), 0, 0, 0, 0)
}

func TestSchemasThatShareWhatTheyHave(t *testing.T) {
	most := 5 * time.Second
	if testing.Short() {
		most = time.Minute // the race detector looks at each byte that is compared
	}
	for _, c := range []struct {
		why                       string
		columns, name, pairs, key int
		want                      string // "" where it is read
	}{
		{"names that come to what they may", 512, 32 << 10, 1, 1, ""},
		{"one more", 513, 32 << 10, 1, 1, "the names of its columns have more than 16 MiB"},
		{"as many pairs as there may be", 1000, 10, 1000, 10, ""},
		{"one more", 1001, 10, 1000, 10, "its columns have more than 1000000 pairs of metadata"},
		{"long keys, 100 GB if they were copied", 10, 10, 50_000, 100_000, ""},
		{"as many columns as there may be", limitFields, 10, 0, 0, ""},
		{"one more", limitFields + 1, 10, 0, 0, "it has more than 100000 columns"},
	} {
		contents := sharedSchema(c.columns, c.name, c.pairs, c.key)
		start := time.Now()
		r, err := NewReader(bytes.NewReader(contents))
		assert.Less(t, time.Since(start), most, "%s: it takes hundredths of a second", c.why)
		if c.want == "" {
			require.NoError(t, err, c.why)
			require.Len(t, r.Schema().Fields, c.columns, c.why)
			assert.Equal(t, Type{Name: "fixed_size_binary[16]", Kind: Fixed, Bytes: 16}, r.Schema().Fields[0].Type, c.why)
			continue
		}
		assert.ErrorContains(t, err, c.want, c.why)
	}
}
