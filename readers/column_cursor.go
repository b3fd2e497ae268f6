package readers

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/avstam/avstam/column"
	"github.com/parquet-go/parquet-go/deprecated"
)

// columnValues are values as they are stored in a page or a dictionary,
// without the nulls. What is set depends on their physical type.
type columnValues struct {
	count   int
	suspect bool   // there may be text that is not UTF-8, or a person's number among words
	width   int    // of FIXED_LEN_BYTE_ARRAY
	data    []byte // of BYTE_ARRAY and FIXED_LEN_BYTE_ARRAY; the bits of BOOLEAN
	// Where the values of BYTE_ARRAY stand in data. What stands between them is
	// no text.
	starts, ends []uint32
	int32s       []int32
	int64s       []int64 // or, in a page of plain values, longs
	longs        []byte  // eight bytes each, the lowest first
	int96s       []deprecated.Int96
	floats       []float32
	doubles      []float64
}

// text is a BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY value.
func (v *columnValues) text(i int) []byte {
	if v.starts != nil {
		return v.data[v.starts[i]:v.ends[i]]
	}
	return v.data[i*v.width:][:v.width]
}

// int64 is an INT64 value.
func (v *columnValues) int64(i int) int64 {
	if v.int64s != nil {
		return v.int64s[i]
	}
	return int64(binary.LittleEndian.Uint64(v.longs[8*i:]))
}

// copyInt64s copies INT64 values, from first on, as many as dst has.
func (v *columnValues) copyInt64s(dst []int64, first int) {
	if v.int64s != nil {
		copy(dst, v.int64s[first:][:len(dst)])
		return
	}
	longs := v.longs[8*first:][:8*len(dst)]
	for i := range dst {
		dst[i] = int64(binary.LittleEndian.Uint64(longs[8*i : 8*i+8 : 8*i+8])) // with an end it takes half the instructions
	}
}

// useOffsets takes texts that follow each other: the i-th begins at the i-th of
// offsets, of which there is one more, and ends at the next.
func (v *columnValues) useOffsets(data []byte, offsets []uint32) {
	v.data, v.starts, v.ends = data, offsets[:len(offsets)-1], offsets[1:]
}

func (v *columnValues) boolean(i int) bool { return v.data[i>>3]>>(i&7)&1 != 0 }

// findSuspect sets suspect where one of the texts is not UTF-8, or is a person's number
// where they are words.
func (v *columnValues) findSuspect(areWords bool) {
	v.suspect = v.suspect || areWords && v.havePersonsNumber(v.count)
	if v.suspect || isASCII(v.data) { // fast path
		return
	}
	for i := range v.count {
		if !utf8.Valid(v.text(i)) {
			v.suspect = true
			return
		}
	}
}

// havePersonsNumber says whether one of the first texts is a person's number.
func (v *columnValues) havePersonsNumber(count int) bool {
	for i := range count {
		if hasPersonsNumber(v.text(i)) {
			return true
		}
	}
	return false
}

func isASCII(data []byte) bool {
	const high = 0x8080808080808080
	for len(data) >= 32 {
		if (binary.LittleEndian.Uint64(data)|binary.LittleEndian.Uint64(data[8:])|binary.LittleEndian.Uint64(data[16:])|binary.LittleEndian.Uint64(data[24:]))&high != 0 {
			return false
		}
		data = data[32:]
	}
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// columnCursor goes through the rows of a column, of which it has a page at a
// time: one of Parquet, or rows of a record batch of Arrow.
type columnCursor struct {
	*fileColumn
	checkText bool         // find text that is not UTF-8
	areWords  bool         // and that is a person's number
	next      func() error // gives it another page; nil where it is given all rows that are taken

	left  int // rows of the page that have not been taken
	row   int // the first of them
	value int // its place among the values of the page, or of indexes

	levels        []byte // definition levels of the page's rows, 1 where there is a value; nil where no row is null
	hasDictionary bool   // the page has indexes into the dictionary instead of values
	indexes       []int32
	plain         columnValues // of the page
	texts         *textFinder  // finds its texts; nil where they have been found

	entries      columnValues // of the dictionary
	dictionaries int          // how many there have been: what was made of an earlier one is stale
}

// hasValue is the definition level of a row that is not null in a flat column.
const hasValue = 1

// load sees to it that there are rows to take. What was taken of the page
// before is void where it reads another.
func (c *columnCursor) load() error {
	for c.left == 0 {
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// forget lets go of the page.
func (c *columnCursor) forget() {
	c.left, c.levels, c.indexes, c.plain, c.texts = 0, nil, nil, columnValues{}, nil
}

func countValues(levels []byte) int { return bytes.Count(levels, []byte{hasValue}) }

// segment is a run of rows of one page. It is good until the cursor takes
// another, or loads another page.
type segment struct {
	rows    int
	values  int    // of the rows: those that are not null
	first   int    // place of the first value in the page
	levels  []byte // nil where no row is null
	indexes []int32
}

// take takes rows of the page, at most limit of them and at least one.
func (c *columnCursor) take(limit int) (segment, error) {
	if err := c.load(); err != nil {
		return segment{}, err
	}
	s := segment{rows: min(limit, c.left), first: c.value}
	s.values = s.rows
	if c.levels != nil {
		s.levels = c.levels[c.row:][:s.rows]
		if s.values = countValues(s.levels); s.values == s.rows {
			s.levels = nil
		}
	}
	if c.hasDictionary {
		s.indexes = c.indexes[c.value:][:s.values]
	} else if c.texts != nil {
		if err := c.texts.find(&c.plain, s.rows, s.rows == c.left); err != nil {
			return segment{}, err
		}
		c.plain.suspect = c.checkText && !isASCII(c.plain.data[c.plain.starts[0]:c.plain.ends[s.rows-1]]) || c.areWords && c.plain.havePersonsNumber(s.rows)
		s.first = 0
	}
	c.row += s.rows
	c.value += s.values
	c.left -= s.rows
	return s, nil
}

// of is where the value of a row of a segment stands; nil where it is null.
func (c *columnCursor) of(s segment, row int) (values *columnValues, at int) {
	at = row
	if s.levels != nil {
		if s.levels[row] != hasValue {
			return nil, 0
		}
		at = countValues(s.levels[:row])
	}
	if c.hasDictionary {
		return &c.entries, int(s.indexes[at])
	}
	return &c.plain, s.first + at
}

// isSuspect says whether text of the page may not be UTF-8, or words a person's number.
func (c *columnCursor) isSuspect() bool {
	return c.plain.suspect || c.hasDictionary && c.entries.suspect
}

// columnDecoder makes values of type T of the values of a column. Those of a
// dictionary it makes once.
type columnDecoder[T any] struct {
	// decode makes the values from first on, as many as dst has. Where a value
	// cannot be read it leaves a mark of its own.
	decode func(values *columnValues, first int, dst []T) error
	null   T // of a row without a value
	cursor *columnCursor

	entries    []T // of the dictionary
	dictionary int // which of them
}

// put makes the values of a segment; dst has its rows.
func (d *columnDecoder[T]) put(s segment, dst []T) error {
	dense := dst[:s.values]
	if d.cursor.hasDictionary {
		if err := d.useDictionary(); err != nil {
			return err
		}
		entries := d.entries
		for i, index := range s.indexes {
			dense[i] = entries[index]
		}
	} else if err := d.decode(&d.cursor.plain, s.first, dense); err != nil {
		return err
	}
	if s.levels != nil {
		spread(dst, s.levels, s.values, d.null)
	}
	return nil
}

func (d *columnDecoder[T]) useDictionary() error {
	if d.dictionary == d.cursor.dictionaries {
		return nil
	}
	d.entries = slices.Grow(d.entries[:0], d.cursor.entries.count)[:d.cursor.entries.count]
	if err := d.decode(&d.cursor.entries, 0, d.entries); err != nil {
		return err
	}
	d.dictionary = d.cursor.dictionaries
	return nil
}

// spread moves values that stand at the front of dst to their rows.
func spread[T any](dst []T, levels []byte, values int, null T) {
	if values == 0 {
		for i := range dst {
			dst[i] = null
		}
		return
	}
	// Nulls lie as they please, so a branch for them would be guessed wrong.
	for row := len(levels) - 1; row >= 0; row-- {
		isNull := levels[row] != hasValue
		if !isNull {
			values--
		}
		value := dst[values]
		if isNull {
			value = null
		}
		dst[row] = value
	}
}

// textView is a segment of text as it stands in the page.
type textView struct {
	index         []int32  // of rows, where there are nulls or a dictionary
	starts, ends  []uint32 // of texts of one width
	startsOfWidth int
}

// of is the column of a segment. It holds views of the page and of the
// dictionary, and memory of the view.
func (v *textView) of(c *columnCursor, s segment) column.Text {
	if c.hasDictionary {
		text := v.texts(&c.entries, 0, c.entries.count)
		text.Index = s.indexes
		if s.levels != nil {
			text.Index = resize(v.index, s.rows)
			v.index = text.Index
			copy(text.Index, s.indexes)
			spread(text.Index, s.levels, s.values, -1)
		}
		return text
	}
	text := v.texts(&c.plain, s.first, s.values)
	if s.levels != nil {
		text.Index = resize(v.index, s.rows)
		v.index = text.Index
		next := int32(0)
		for row, level := range s.levels {
			text.Index[row] = -1
			if level == hasValue {
				text.Index[row] = next
				next++
			}
		}
	}
	return text
}

func (v *textView) texts(values *columnValues, first, count int) column.Text {
	if values.starts != nil {
		return column.Text{Data: values.data, Start: values.starts[first:][:count:count], End: values.ends[first:][:count:count]}
	}
	if v.startsOfWidth != values.width || len(v.starts) < count {
		v.startsOfWidth = values.width
		v.starts, v.ends = resize(v.starts, count), resize(v.ends, count)
		for i := range count {
			v.starts[i] = uint32(i * values.width)
			v.ends[i] = uint32((i + 1) * values.width)
		}
	}
	return column.Text{Data: values.data[first*values.width:], Start: v.starts[:count], End: v.ends[:count]}
}
