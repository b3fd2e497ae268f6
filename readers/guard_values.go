package readers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// checkedPage is a page of values of a flat column whose content has been
// checked, as the library is to see it.
type checkedPage struct {
	content  []byte // levels, then values
	levels   int    // bytes of the levels
	values   int    // that are not null
	encoding format.Encoding
	isPlain  bool  // the values are plain and none is null; if they are texts they have not been checked
	texts    int   // bytes of the texts without their lengths; -1 where that is not known
	decoded  int64 // bytes that the library takes for levels and values, beside the content
}

// plainDictionary is how old writers name both the encoding of a dictionary,
// which is plain, and that of the indexes into it.
const plainDictionary = format.Encoding(2)

var (
	errLevels  = errors.New("a page's levels are not those of its rows")
	errRuns    = errors.New("a page does not have as many values as it says")
	errDelta   = errors.New("a page's differences are damaged")
	errPrefix  = errors.New("a page's texts do not follow from each other")
	errNotFull = errors.New("the texts of a page do not fill it")
)

// checkPage checks a decompressed page: the first bytes of a page v2 are its
// levels. entries is how many the dictionary has, -1 where there is none.
// https://github.com/apache/parquet-format/blob/master/Encodings.md
func (t *parquetColumn) checkPage(h *pageHeader, content []byte, levels int, entries int64) (checkedPage, error) {
	rows := int(h.values)
	page := checkedPage{content: content, levels: levels, values: rows, encoding: format.Encoding(h.encoding), texts: -1}
	if !t.optional {
		// A column that has no nulls has no levels; some writers write them.
		page.content, page.levels = content[levels:], 0
	} else {
		data := content[:levels]
		if h.kind == format.DataPage {
			if len(content) < 4 || uint64(binary.LittleEndian.Uint32(content)) > uint64(len(content)-4) {
				return page, errLevels
			}
			page.levels = 4 + int(binary.LittleEndian.Uint32(content))
			data = content[4:page.levels]
		}
		var err error
		if page.values, err = countLevels(data, rows); err != nil {
			return page, err
		}
		// arrow-go says 0 where it keeps no statistics.
		if h.kind == format.DataPageV2 && h.nulls != 0 && int(h.nulls) != rows-page.values {
			return page, fmt.Errorf("a page with %d nulls says that it has %d", rows-page.values, h.nulls)
		}
		page.decoded = int64(rows)
	}
	if page.values == 0 {
		// Writers differ in what they write of no values.
		page.content, page.encoding, page.texts = page.content[:page.levels], format.Plain, 0
		return page, nil
	}
	if h.kind == format.DataPage && page.encoding == format.Plain {
		page.content = t.withoutZeros(page.content, page.levels, page.values)
	}
	page.isPlain = page.encoding == format.Plain && page.values == rows && t.kind != parquet.Boolean && t.kind != parquet.Int96
	err := t.checkValues(&page, page.content[page.levels:], entries)
	return page, err
}

// withoutZeros is the content of a page of plain values without the eight zero
// bytes that fastparquet writes behind these in every page v1.
func (t *parquetColumn) withoutZeros(content []byte, levels, values int) []byte {
	const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00"
	shorter, ok := bytes.CutSuffix(content[levels:], []byte(zeros))
	if !ok {
		return content
	}
	if t.kind == parquet.ByteArray && checkTexts(shorter, values) != nil || t.kind != parquet.ByteArray && len(shorter) != t.valueBytes(values) {
		return content
	}
	return content[:levels+len(shorter)]
}

// checkValues checks the values of a page, of which there is one at least.
func (t *parquetColumn) checkValues(page *checkedPage, data []byte, entries int64) error {
	count := page.values
	switch encoding, kind := page.encoding, t.kind; {
	case encoding == format.Plain && kind == parquet.ByteArray:
		page.texts = len(data) - 4*count
		page.decoded += 8 * int64(count+1)
		if page.isPlain {
			return nil
		}
		return checkTexts(data, count)
	case encoding == format.Plain:
		return t.checkSize(data, count)
	case (encoding == plainDictionary || encoding == format.RLEDictionary) && kind != parquet.Boolean:
		if entries < 0 {
			return errors.New("a page has indexes into a dictionary that is not there")
		}
		if len(data) == 0 || data[0] > 32 {
			return errRuns
		}
		used, err := checkRuns(data[1:], count, uint(data[0]))
		page.content = page.content[:page.levels+1+used]
		page.decoded += 4 * int64(count)
		return err
	case encoding == format.RLE && kind == parquet.Boolean:
		// The library (v0.32) begins each run on a byte of its own.
		plain, err := plainBooleans(page.content[:page.levels], data, count)
		page.content, page.encoding = plain, format.Plain
		return err
	case encoding == format.DeltaBinaryPacked && (kind == parquet.Int32 || kind == parquet.Int64):
		width := 8
		if kind == parquet.Int32 {
			width = 4
		}
		page.decoded += int64(count * width)
		_, err := walkDelta(data, count, uint(8*width), nil)
		return err
	case encoding == format.DeltaLengthByteArray && kind == parquet.ByteArray:
		used, err := walkDelta(data, count, 32, nil)
		page.texts = len(data) - used
		page.decoded += 8 * int64(count+1)
		return err
	case encoding == format.DeltaByteArray && (kind == parquet.ByteArray || kind == parquet.FixedLenByteArray):
		size, err := t.checkPrefixes(data, count)
		page.texts = size
		page.decoded += 12*int64(count+1) + int64(size)
		return err
	case encoding == format.ByteStreamSplit && kind != parquet.ByteArray && kind != parquet.Boolean && kind != parquet.Int96:
		page.decoded += int64(len(data))
		return t.checkSize(data, count)
	}
	return fmt.Errorf("a page is encoded as %s, which %s is not read from", page.encoding, t.name)
}

// checkTexts checks that count plain texts, each after its length, fill a page.
// Where they are more or fewer, the library says so on standard error, and has
// no way to be told not to.
func checkTexts(data []byte, count int) error {
	at := 0
	for count > 0 {
		if len(data)-at < 4 {
			return errNotFull
		}
		length := binary.LittleEndian.Uint32(data[at:])
		if uint64(length) > uint64(len(data)-at-4) {
			return errNotFull
		}
		// Texts of one length, as most are, need not wait for the length of each.
		size := 4 + int(length)
		for {
			at += size
			count--
			if count == 0 || len(data)-at < size || binary.LittleEndian.Uint32(data[at:]) != length {
				break
			}
		}
	}
	if at != len(data) {
		return errNotFull
	}
	return nil
}

// valueBytes is how many bytes values take that are all of one size.
func (t *parquetColumn) valueBytes(count int) int {
	switch t.kind {
	case parquet.Boolean:
		return (count + 7) / 8
	case parquet.Int32, parquet.Float:
		return 4 * count
	case parquet.Int96:
		return 12 * count
	case parquet.FixedLenByteArray:
		return t.width * count
	}
	return 8 * count
}

func (t *parquetColumn) checkSize(data []byte, count int) error {
	if want := t.valueBytes(count); len(data) != want {
		return fmt.Errorf("a page has %d bytes for %d values, which take %d", len(data), count, want)
	}
	return nil
}

// checkDictionary checks a dictionary, which is plain, and tells how many bytes
// its texts have; -1 for others.
func (t *parquetColumn) checkDictionary(data []byte, count int) (texts int, err error) {
	switch {
	case t.kind == parquet.Boolean:
		return -1, errors.New("a BOOLEAN has none")
	case t.kind != parquet.ByteArray:
		return -1, t.checkSize(data, count)
	case 4*count > len(data):
		return -1, errRuns
	}
	return len(data) - 4*count, nil
}

// paddedGroups is by how many groups of eight the packed values of a page may be
// more than it has: DuckDB writes the last of them as it does the others, 32.
const paddedGroups = 64

// countLevels counts the rows of a flat column that have a value, of their
// definition levels, which must be those of all rows and no more.
func countLevels(data []byte, rows int) (values int, err error) {
	at := 0
	for rows > 0 {
		head, n := binary.Uvarint(data[at:])
		if n <= 0 {
			return 0, errLevels
		}
		at += n
		count := head >> 1
		if head&1 == 0 { // count rows of one level
			if count > uint64(rows) || at >= len(data) || data[at] > hasValue {
				return 0, errLevels
			}
			values += int(count) * int(data[at])
			rows -= int(count)
			at++
			continue
		}
		// count bytes of a level a bit
		if count > uint64(rows+7)/8+paddedGroups || count > uint64(len(data)-at) {
			return 0, errLevels
		}
		packed := data[at:][:count]
		at += int(count)
		for ; len(packed) >= 8 && rows >= 64; packed = packed[8:] {
			values += bits.OnesCount64(binary.LittleEndian.Uint64(packed))
			rows -= 64
		}
		for _, b := range packed {
			if rows < 8 {
				b &= 1<<rows - 1
			}
			values += bits.OnesCount8(b)
			rows = max(rows-8, 0)
		}
	}
	if at != len(data) {
		return 0, errLevels
	}
	return values, nil
}

// checkRuns checks that runs of integers of a width in bits have count of them,
// and tells how many bytes these take: what comes after them is no one's.
func checkRuns(data []byte, count int, width uint) (used int, err error) {
	at := 0
	for count > 0 {
		head, n := binary.Uvarint(data[at:])
		if n <= 0 {
			return at, errRuns
		}
		at += n
		length := head >> 1
		if head&1 == 0 {
			at += int(width+7) / 8
			if length > uint64(count) || at > len(data) {
				return 0, errRuns
			}
			count -= int(length)
			continue
		}
		if length > uint64(count+7)/8+paddedGroups || length*uint64(width) > uint64(len(data)-at) {
			return 0, errRuns
		}
		at += int(length) * int(width)
		count -= 8 * int(length)
	}
	return at, nil
}

// plainBooleans are booleans in runs, after a length of four bytes, as bits
// behind the levels.
func plainBooleans(levels, data []byte, count int) ([]byte, error) {
	plain := append(make([]byte, 0, len(levels)+(count+7)/8), levels...)
	plain = plain[:cap(plain)]
	dst := plain[len(levels):]
	clear(dst)
	if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
		return plain, errRuns
	}
	data = data[4:][:binary.LittleEndian.Uint32(data)]
	used, err := checkRuns(data, count, 1)
	if err != nil {
		return plain, err
	}
	data = data[:used]
	for row := 0; len(data) > 0; {
		head, n := binary.Uvarint(data)
		data = data[n:]
		length, isPacked := int(head>>1), head&1 != 0
		for i := range length << (3 * (head & 1)) {
			at := 0
			if isPacked {
				at = i
			}
			if row < count {
				dst[row>>3] |= data[at>>3] >> (at & 7) & 1 << (row & 7)
				row++
			}
		}
		if !isPacked {
			length = 1
		}
		data = data[length:]
	}
	return plain, nil
}

// walkDelta walks over count integers of 32 or 64 bits that are stored by their
// differences, and tells how many bytes they take. Where dst is not nil, it is
// filled with them; they then have 32 bits.
// https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-encoding-delta_binary_packed--5
func walkDelta(data []byte, count int, width uint, dst []int32) (used int, err error) {
	const limitBlock = 1 << 16 // values; the library has the same
	r := &thriftReader{data: data}
	block, parts, total, first := r.unsigned(), r.unsigned(), r.unsigned(), r.int64()
	if r.err != nil || block == 0 || block%128 != 0 || block > limitBlock || parts == 0 || block%parts != 0 || block/parts%32 != 0 || total != uint64(count) {
		return 0, errDelta
	}
	if width == 32 && int64(int32(first)) != first {
		return 0, errDelta
	}
	perPart := int(block / parts)
	value := int32(first)
	if dst != nil {
		dst[0] = value
	}
	done := 1
	for done < count {
		least := int32(r.int64())
		widths := r.take(parts)
		if r.err != nil {
			return 0, errDelta
		}
		for _, width8 := range widths {
			if done >= count {
				break
			}
			if uint(width8) > width {
				return 0, errDelta
			}
			packed := r.take(uint64(perPart * int(width8) / 8))
			if r.err != nil {
				return 0, errDelta
			}
			n := min(perPart, count-done)
			if dst != nil {
				for i := range n {
					value += least + int32(unpack(packed, i*int(width8), int(width8)))
					dst[done+i] = value
				}
			}
			done += n
		}
	}
	return r.at, nil
}

// unpack is the integer of a width of up to 32 bits that begins at a bit.
func unpack(packed []byte, bit, width int) uint32 {
	value := uint64(0)
	first, last := bit>>3, (bit+width+7)>>3
	for i := first; i < last; i++ {
		value |= uint64(packed[i]) << (8 * (i - first))
	}
	return uint32(value >> (bit & 7) & (1<<width - 1))
}

// checkPrefixes checks texts each of which begins as the one before it, and
// tells how many bytes they are in full: a few can become any number of bytes.
func (t *parquetColumn) checkPrefixes(data []byte, count int) (size int, err error) {
	lengths := make([]int32, 2*count)
	prefixes, suffixes := lengths[:count], lengths[count:]
	used, err := walkDelta(data, count, 32, prefixes)
	if err != nil {
		return 0, err
	}
	more, err := walkDelta(data[used:], count, 32, suffixes)
	if err != nil {
		return 0, err
	}
	left, last := int64(len(data)-used-more), int64(0)
	total := int64(0)
	for i, prefix := range prefixes {
		suffix := int64(suffixes[i])
		if prefix < 0 || int64(prefix) > last || suffix < 0 || suffix > left {
			return 0, errPrefix
		}
		last = int64(prefix) + suffix
		left -= suffix
		if t.kind == parquet.FixedLenByteArray && last != int64(t.width) {
			return 0, errPrefix
		}
		if total += last; total > limitPage {
			return 0, fmt.Errorf("a page of texts of more than %d MiB; no more are read%s", limitPage>>20, smallerPages)
		}
	}
	if left != 0 {
		return 0, errPrefix
	}
	return int(total), nil
}
