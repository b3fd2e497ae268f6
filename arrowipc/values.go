package arrowipc

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

const (
	viewBytes = 16
	// limitViews bounds what the texts of views that are asked for at once have
	// together, in bytes: many views can show the same text.
	limitViews = 256 << 20
)

var (
	errTexts   = errors.New("it is damaged: its texts overlap or lie outside its data")
	errIndexes = errors.New("it is damaged: an index lies beyond the entries of its dictionary")
)

// All of the following take rows from first on, and give the values of those
// that valid marks with 1, one after the other; all of them where it is nil.

// Valid marks the rows that have values with 1, others with 0, in dst, which has
// as many as rows are asked for, and counts them. An index of a null entry is no
// value.
func (c *Column) Valid(first int, dst []byte) (count int, err error) {
	switch {
	case c.Entries == nil && c.Type.Kind == Null:
		clear(dst)
		return 0, nil
	case c.validity == nil:
		for i := range dst {
			dst[i] = 1
		}
		count = len(dst)
	default:
		for i := range dst {
			dst[i] = c.validity[(first+i)/8] >> ((first + i) % 8) & 1
			count += int(dst[i])
		}
	}
	if c.Entries == nil || c.Entries.validity == nil && c.Entries.Type.Kind != Null {
		return count, nil
	}
	for i := range dst {
		if dst[i] == 0 {
			continue
		}
		entry := c.indexAt(first + i)
		if entry >= uint64(c.Entries.Rows) {
			return 0, errIndexes
		}
		if c.Entries.validity == nil || c.Entries.validity[entry/8]>>(entry%8)&1 == 0 {
			dst[i] = 0
			count--
		}
	}
	return count, nil
}

// HasNulls says whether a row may be null.
func (c *Column) HasNulls() bool {
	return c.validity != nil || c.Type.Kind == Null || c.Entries != nil && c.Entries.HasNulls()
}

// indexAt is an index; one below zero is very great.
func (c *Column) indexAt(row int) uint64 {
	switch at := c.values[row*c.index.Bytes:]; {
	case c.index.Bytes == 1 && c.index.Signed:
		return uint64(int8(at[0]))
	case c.index.Bytes == 1:
		return uint64(at[0])
	case c.index.Bytes == 2 && c.index.Signed:
		return uint64(int16(binary.LittleEndian.Uint16(at)))
	case c.index.Bytes == 2:
		return uint64(binary.LittleEndian.Uint16(at))
	case c.index.Bytes == 4 && c.index.Signed:
		return uint64(int32(binary.LittleEndian.Uint32(at)))
	case c.index.Bytes == 4:
		return uint64(binary.LittleEndian.Uint32(at))
	default:
		return binary.LittleEndian.Uint64(at)
	}
}

// Indexes appends indexes into Entries to dst; all are inside.
func (c *Column) Indexes(first, rows int, valid []byte, dst []int32) ([]int32, error) {
	dst = slices.Grow(dst, rows)
	highest := uint64(0)
	if valid == nil && c.index.Bytes == 4 { // fast path
		values := c.values[4*first:][:4*rows]
		for i := range rows {
			index := binary.LittleEndian.Uint32(values[4*i:])
			highest = max(highest, uint64(index)) // an index below zero is beyond all limits
			dst = append(dst, int32(index))
		}
	} else {
		for i := range rows {
			if valid != nil && valid[i] == 0 {
				continue
			}
			index := c.indexAt(first + i)
			highest = max(highest, index)
			dst = append(dst, int32(index))
		}
	}
	if len(dst) > 0 && highest >= uint64(c.Entries.Rows) {
		return nil, errIndexes
	}
	return dst, nil
}

// Texts are texts one after the other: text i is Data[Offsets[i]:Offsets[i+1]].
type Texts struct {
	Data    []byte
	Offsets []uint32

	memory []byte
}

// Texts gives the texts of Text and View. They are views of the column, or stand
// in the memory of t, which is used again.
func (c *Column) Texts(first, rows int, valid []byte, t *Texts) error {
	if c.Type.Kind == View {
		return c.viewTexts(first, rows, valid, t)
	}
	t.Offsets = slices.Grow(t.Offsets[:0], rows+1)
	if rows == 0 {
		t.Data, t.Offsets = nil, append(t.Offsets, 0)
		return nil
	}
	start, end := uint64(0), uint64(0)
	if c.Type.Bytes == 4 {
		offsets := c.offsets[4*first:][:4*(rows+1)]
		from := binary.LittleEndian.Uint32(offsets)
		last := from
		isDescending := false
		for i := range rows + 1 {
			offset := binary.LittleEndian.Uint32(offsets[4*i:])
			isDescending = isDescending || offset < last
			last = offset
			t.Offsets = append(t.Offsets, offset-from)
		}
		if isDescending {
			return errTexts
		}
		start, end = uint64(from), uint64(last)
	} else {
		offsets := c.offsets[8*first:][:8*(rows+1)]
		start = binary.LittleEndian.Uint64(offsets)
		end = start
		for i := range rows + 1 {
			offset := binary.LittleEndian.Uint64(offsets[8*i:])
			if offset < end || offset-start > math.MaxUint32 {
				return errTexts
			}
			end = offset
			t.Offsets = append(t.Offsets, uint32(offset-start))
		}
	}
	if end > uint64(len(c.data[0])) {
		return errTexts
	}
	t.Data = c.data[0][start:end]
	if valid != nil {
		t.drop(valid)
	}
	return nil
}

// drop takes the texts of rows without a value out.
func (t *Texts) drop(valid []byte) {
	hidden := false
	for i, v := range valid {
		hidden = hidden || v == 0 && t.Offsets[i] != t.Offsets[i+1]
	}
	kept := 0
	if !hidden { // fast path: rows without a value have no bytes
		for i, v := range valid {
			if v != 0 {
				kept++
				t.Offsets[kept] = t.Offsets[i+1]
			}
		}
		t.Offsets = t.Offsets[:kept+1]
		return
	}
	t.memory = t.memory[:0]
	for i, v := range valid {
		if v != 0 {
			t.memory = append(t.memory, t.Data[t.Offsets[i]:t.Offsets[i+1]]...)
			kept++
			// The offsets that follow are still to be read: this one is not.
			t.Offsets[kept-1] = uint32(len(t.memory))
		}
	}
	copy(t.Offsets[1:kept+1], t.Offsets[:kept])
	t.Offsets[0] = 0
	t.Data, t.Offsets = t.memory, t.Offsets[:kept+1]
}

// viewTexts copies the texts of views.
// https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
func (c *Column) viewTexts(first, rows int, valid []byte, t *Texts) error {
	const longestInline = 12
	t.memory, t.Offsets = t.memory[:0], append(t.Offsets[:0], 0)
	for i := range rows {
		if valid != nil && valid[i] == 0 {
			continue
		}
		view := c.values[(first+i)*viewBytes:][:viewBytes]
		length := int(int32(binary.LittleEndian.Uint32(view)))
		switch {
		case length < 0:
			return errTexts
		case length <= longestInline:
			t.memory = append(t.memory, view[4:4+length]...)
		default:
			buffer, offset := int(int32(binary.LittleEndian.Uint32(view[8:]))), int(int32(binary.LittleEndian.Uint32(view[12:])))
			if buffer < 0 || buffer >= len(c.data) || offset < 0 || offset > len(c.data[buffer])-length {
				return errTexts
			}
			if len(t.memory)+length > limitViews {
				return errors.New("its texts are too long")
			}
			t.memory = append(t.memory, c.data[buffer][offset:][:length]...)
		}
		t.Offsets = append(t.Offsets, uint32(len(t.memory)))
	}
	t.Data = t.memory
	return nil
}

// Integers appends values of Integer, Date and Timestamp, and of Decimal of up
// to 64 bits, to dst. Integers of 64 bits without a sign keep their bits.
func (c *Column) Integers(first, rows int, valid []byte, dst []int64) []int64 {
	at := len(dst)
	dst = slices.Grow(dst, rows)[:at+rows]
	added := dst[at:]
	values := c.values[first*c.Type.Bytes:][:rows*c.Type.Bytes]
	unsigned := c.Type.Kind == Integer && !c.Type.Signed
	switch c.Type.Bytes {
	case 1:
		for i := range added {
			if added[i] = int64(int8(values[i])); unsigned {
				added[i] = int64(values[i])
			}
		}
	case 2:
		for i := range added {
			value := binary.LittleEndian.Uint16(values[2*i:])
			if added[i] = int64(int16(value)); unsigned {
				added[i] = int64(value)
			}
		}
	case 4:
		for i := range added {
			value := binary.LittleEndian.Uint32(values[4*i:])
			if added[i] = int64(int32(value)); unsigned {
				added[i] = int64(value)
			}
		}
	case 8:
		for i := range added {
			added[i] = int64(binary.LittleEndian.Uint64(values[8*i:]))
		}
	}
	return dst[:at+keep(added, valid)]
}

// Days appends values of Date of 32 bits to dst.
func (c *Column) Days(first, rows int, valid []byte, dst []int32) []int32 {
	at := len(dst)
	dst = slices.Grow(dst, rows)[:at+rows]
	added := dst[at:]
	values := c.values[4*first:][:4*rows]
	for i := range added {
		added[i] = int32(binary.LittleEndian.Uint32(values[4*i:]))
	}
	return dst[:at+keep(added, valid)]
}

// Narrow appends the values of Decimal of 128 or 256 bits to dst, where all of
// them fit into 64 bits; rows without a value do too. Otherwise it reports false.
func (c *Column) Narrow(first, rows int, valid []byte, dst []int64) ([]int64, bool) {
	at := len(dst)
	dst = slices.Grow(dst, rows)[:at+rows]
	added := dst[at:]
	width := c.Type.Bytes
	values := c.values[first*width:][:rows*width]
	difference := uint64(0) // between what stands above 64 bits and the sign
	for i := range added {
		value := values[i*width:][:width]
		low := int64(binary.LittleEndian.Uint64(value))
		added[i] = low
		for word := 8; word < width; word += 8 {
			difference |= binary.LittleEndian.Uint64(value[word:]) ^ uint64(low>>63)
		}
	}
	return dst[:at+keep(added, valid)], difference == 0
}

// Wide appends the values of Decimal of 128 or 256 bits to dst, the highest byte
// first.
func (c *Column) Wide(first, rows int, valid, dst []byte) []byte {
	width := c.Type.Bytes
	for i := range rows {
		if valid != nil && valid[i] == 0 {
			continue
		}
		value := c.values[(first+i)*width:][:width]
		for word := width - 8; word >= 0; word -= 8 {
			dst = binary.BigEndian.AppendUint64(dst, binary.LittleEndian.Uint64(value[word:]))
		}
	}
	return dst
}

// Float32s and Float64s append values of Float of their width to dst.
func (c *Column) Float32s(first, rows int, valid []byte, dst []float32) []float32 {
	at := len(dst)
	for i := range rows {
		dst = append(dst, math.Float32frombits(binary.LittleEndian.Uint32(c.values[4*(first+i):])))
	}
	return dst[:at+keep(dst[at:], valid)]
}

// Float64s is told of at Float32s.
func (c *Column) Float64s(first, rows int, valid []byte, dst []float64) []float64 {
	at := len(dst)
	for i := range rows {
		dst = append(dst, math.Float64frombits(binary.LittleEndian.Uint64(c.values[8*(first+i):])))
	}
	return dst[:at+keep(dst[at:], valid)]
}

// Fixed are values of Fixed, Type.Bytes each: a view of the column where all
// rows have values, else in dst, which it appends to.
func (c *Column) Fixed(first, rows int, valid, dst []byte) []byte {
	width := c.Type.Bytes
	if valid == nil {
		return c.values[first*width:][:rows*width]
	}
	for i, v := range valid {
		if v != 0 {
			dst = append(dst, c.values[(first+i)*width:][:width]...)
		}
	}
	return dst
}

// Bits appends values of Boolean to dst, eight a byte, the first lowest.
func (c *Column) Bits(first, rows int, valid, dst []byte) []byte {
	count := 0
	for i := range rows {
		if valid != nil && valid[i] == 0 {
			continue
		}
		if count%8 == 0 {
			dst = append(dst, 0)
		}
		dst[len(dst)-1] |= c.values[(first+i)/8] >> ((first + i) % 8) & 1 << (count % 8)
		count++
	}
	return dst
}

// keep moves the values of valid rows to the front and counts them.
func keep[T any](values []T, valid []byte) int {
	if valid == nil {
		return len(values)
	}
	kept := 0
	for i, v := range valid {
		values[kept] = values[i]
		kept += int(v)
	}
	return kept
}
