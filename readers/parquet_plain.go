package readers

import (
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go"
)

// plainMemory is memory for the plain values of a page. Most pages of numbers,
// keys and amounts are plain, and most of what decoding them costs is copying:
// here texts and long integers are read where they stand, and other numbers are
// copied once.
type plainMemory struct {
	texts   textFinder
	int32s  []int32
	floats  []float32
	doubles []float64
}

// keep lets go of the memory where it is much.
func (m *plainMemory) keep() {
	m.texts.data = nil
	if max(cap(m.int32s), cap(m.floats), cap(m.doubles)) > keptPage/8 {
		*m = plainMemory{}
	}
}

// read takes count plain values of a page, of which there is one at least, but
// those of BYTE_ARRAY; data has the bytes that they take. width is that of
// FIXED_LEN_BYTE_ARRAY.
// https://github.com/apache/parquet-format/blob/master/Encodings.md#plain-plain--0
func (m *plainMemory) read(v *columnValues, kind parquet.Kind, width int, data []byte, count int) {
	*v = columnValues{count: count}
	switch kind {
	case parquet.FixedLenByteArray:
		v.data, v.width = data, width
	case parquet.Int32:
		m.int32s = resize(m.int32s, count)
		for i := range m.int32s {
			m.int32s[i] = int32(binary.LittleEndian.Uint32(data[4*i:]))
		}
		v.int32s = m.int32s
	case parquet.Int64:
		v.longs = data
	case parquet.Float:
		m.floats = resize(m.floats, count)
		for i := range m.floats {
			m.floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		v.floats = m.floats
	case parquet.Double:
		m.doubles = resize(m.doubles, count)
		for i := range m.doubles {
			m.doubles[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
		}
		v.doubles = m.doubles
	}
}

// textFinder finds the texts of a page of plain values, each of which stands after
// its length in four bytes. It finds those that are to be read next: so the page
// is in a core's cache once, and where its texts stand is never out of it.
type textFinder struct {
	data         []byte
	at           int // of the next
	starts, ends []uint32
}

// begin begins a page.
func (t *textFinder) begin(data []byte) *textFinder {
	t.data, t.at = data, 0
	return t
}

// find sets the values to the next texts, of which there is one at least, in memory
// that is used again for those that follow. The last fill the page.
func (t *textFinder) find(v *columnValues, count int, areLast bool) error {
	t.starts, t.ends = resize(t.starts, count), resize(t.ends, count)
	v.count, v.data, v.starts, v.ends = count, t.data, t.starts, t.ends
	data, at := t.data, t.at
	for i := range v.starts {
		if len(data)-at < 4 {
			return errNotFull
		}
		length := binary.LittleEndian.Uint32(data[at:])
		at += 4
		if uint64(length) > uint64(len(data)-at) {
			return errNotFull
		}
		v.starts[i] = uint32(at)
		at += int(length)
		v.ends[i] = uint32(at)
	}
	t.at = at
	if areLast && at != len(data) {
		return errNotFull
	}
	return nil
}
