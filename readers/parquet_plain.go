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
	starts, ends []uint32
	int32s       []int32
	floats       []float32
	doubles      []float64
}

// keep lets go of the memory where it is much.
func (m *plainMemory) keep() {
	if max(cap(m.starts), cap(m.int32s), cap(m.floats), cap(m.doubles)) > keptPage/8 {
		*m = plainMemory{}
	}
}

// read takes count plain values of a page, of which there is one at least; data
// has the bytes that they take, but texts may not fill it. width is that of
// FIXED_LEN_BYTE_ARRAY. Texts are views of data.
// https://github.com/apache/parquet-format/blob/master/Encodings.md#plain-plain--0
func (m *plainMemory) read(v *columnValues, kind parquet.Kind, width int, data []byte, count int) error {
	*v = columnValues{count: count}
	switch kind {
	case parquet.ByteArray:
		return m.readTexts(v, data, count)
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
	return nil
}

// readTexts finds texts, each of which stands after its length in four bytes.
func (m *plainMemory) readTexts(v *columnValues, data []byte, count int) error {
	m.starts, m.ends = resize(m.starts, count), resize(m.ends, count)
	v.data, v.starts, v.ends = data, m.starts, m.ends
	at := 0
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
	if at != len(data) {
		return errNotFull
	}
	return nil
}
