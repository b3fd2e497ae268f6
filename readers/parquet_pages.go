package readers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/avstam/avstam/column"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
)

// parquetValues are values as they are stored in a page or a dictionary,
// without the nulls. What is set depends on their physical type.
type parquetValues struct {
	count   int
	suspect bool     // there may be text that is not UTF-8
	width   int      // of FIXED_LEN_BYTE_ARRAY
	data    []byte   // of BYTE_ARRAY and FIXED_LEN_BYTE_ARRAY; the bits of BOOLEAN
	offsets []uint32 // of BYTE_ARRAY: count+1 of them
	int32s  []int32
	int64s  []int64
	int96s  []deprecated.Int96
	floats  []float32
	doubles []float64
}

// text is a BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY value.
func (v *parquetValues) text(i int) []byte {
	if v.offsets != nil {
		return v.data[v.offsets[i]:v.offsets[i+1]]
	}
	return v.data[i*v.width:][:v.width]
}

func (v *parquetValues) boolean(i int) bool { return v.data[i>>3]>>(i&7)&1 != 0 }

// set takes count values of a page; it fails where the page has not as many, or
// its texts do not have texts bytes, where that is known.
func (v *parquetValues) set(values encoding.Values, count, texts int) error {
	*v = parquetValues{count: count}
	there := count
	switch values.Kind() {
	case encoding.Boolean:
		v.data = values.Boolean()
		there = min(len(v.data)*8, count)
	case encoding.Int32:
		v.int32s = values.Int32()
		there = len(v.int32s)
	case encoding.Int64:
		v.int64s = values.Int64()
		there = len(v.int64s)
	case encoding.Int96:
		v.int96s = values.Int96()
		there = len(v.int96s)
	case encoding.Float:
		v.floats = values.Float()
		there = len(v.floats)
	case encoding.Double:
		v.doubles = values.Double()
		there = len(v.doubles)
	case encoding.FixedLenByteArray:
		v.data, v.width = values.FixedLenByteArray()
		there = len(v.data) / v.width
	case encoding.ByteArray:
		v.data, v.offsets = values.ByteArray()
		there = len(v.offsets) - 1
		last := uint32(0)
		for _, offset := range v.offsets {
			if offset < last {
				return errors.New("the texts of a page overlap")
			}
			last = offset
		}
		if int64(last) > int64(len(v.data)) {
			return errors.New("the texts of a page lie outside it")
		}
		if texts >= 0 && (len(v.data) != texts || int(last) != texts) {
			return errNotFull
		}
	}
	if there != count {
		return fmt.Errorf("a page has %d values for %d rows that are not null", there, count)
	}
	return nil
}

// findSuspect sets suspect where one of the texts is not UTF-8.
func (v *parquetValues) findSuspect() {
	if isASCII(v.data) { // fast path
		return
	}
	for i := range v.count {
		if !utf8.Valid(v.text(i)) {
			v.suspect = true
			return
		}
	}
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

// parquetCursor reads a column of one row group after the other, page by page.
type parquetCursor struct {
	*parquetColumn
	checkText bool  // find text that is not UTF-8
	rows      int64 // of the row group
	delivered int64 // of them, in the pages so far

	source pageReader
	pages  *parquet.FilePages
	page   parquet.Page
	left   int // rows of the page that have not been taken
	row    int // the first of them
	value  int // its place among the values of the page, or of indexes

	levels        []byte // definition levels of the page's rows, 1 where there is a value; nil where no row is null
	hasDictionary bool   // the page has indexes into the dictionary instead of values
	indexes       []int32
	plain         parquetValues // of the page

	dictionary   parquet.Dictionary
	entries      parquetValues // of the dictionary
	dictionaries int           // how many there have been: what was made of an earlier one is stale
}

func newParquetCursor(column *parquetColumn, memory *pageMemory, counts *pageCounts) *parquetCursor {
	return &parquetCursor{parquetColumn: column, source: pageReader{column: column, memory: memory, counts: counts}}
}

// open begins a row group.
func (c *parquetCursor) open(f *parquetFile, group rowGroupBytes) {
	rowGroup := &f.groups[group.rowGroup]
	c.rows, c.delivered = rowGroup.rows, 0
	c.source.open(group.ReaderAt, rowGroup.chunks[c.chunk])
	c.pages = c.library.PagesFrom(&c.source)
	c.left = 0
}

// close gives the memory of a row group back.
func (c *parquetCursor) close() {
	c.releasePage()
	if c.pages != nil {
		_ = c.pages.Close() // returns no error
	}
	c.source.close()
	c.pages, c.dictionary, c.entries = nil, nil, parquetValues{}
	c.left = 0
}

func (c *parquetCursor) releasePage() {
	parquet.Release(c.page)
	c.page, c.levels, c.indexes, c.plain = nil, nil, nil, parquetValues{}
}

// load sees to it that there are rows to take. What was taken of the page
// before is void where it reads another.
func (c *parquetCursor) load() error {
	for c.left == 0 {
		c.releasePage()
		page, err := c.pages.ReadPage()
		if err == io.EOF {
			return fmt.Errorf("its pages have %d rows, the row group has %d", c.delivered, c.rows)
		}
		if err != nil {
			return err
		}
		c.page = page
		if err := c.usePage(); err != nil {
			return err
		}
	}
	return nil
}

// finish checks that the pages had no more rows than the row group.
func (c *parquetCursor) finish() error {
	if c.left > 0 {
		return fmt.Errorf("its pages have more than the %d rows of the row group", c.rows)
	}
	c.releasePage()
	page, err := c.pages.ReadPage()
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	}
	c.page = page
	if page.NumRows() > 0 {
		return fmt.Errorf("its pages have more than the %d rows of the row group", c.rows)
	}
	return nil
}

// hasValue is the definition level of a row that is not null in a flat column.
const hasValue = 1

func (c *parquetCursor) usePage() error {
	rows := c.page.NumRows()
	c.delivered += rows
	if rows > math.MaxInt32 || c.delivered > c.rows {
		return fmt.Errorf("its pages have more than the %d rows of the row group", c.rows)
	}
	c.left, c.row, c.value = int(rows), 0, 0
	count := c.left
	if c.optional {
		c.levels = c.page.DefinitionLevels()
		if len(c.levels) != c.left {
			return fmt.Errorf("a page of %d rows has %d definition levels", c.left, len(c.levels))
		}
		if count = countValues(c.levels); count == c.left {
			c.levels = nil
		}
	}
	dictionary := c.page.Dictionary()
	c.hasDictionary = dictionary != nil
	data := c.page.Data()
	if dictionary == nil {
		if err := c.plain.set(data, count, c.source.texts); err != nil {
			return err
		}
		if c.checkText {
			c.plain.findSuspect()
		}
		return nil
	}
	if dictionary != c.dictionary {
		c.dictionary = dictionary
		c.dictionaries++
		if err := c.entries.set(dictionary.Page().Data(), dictionary.Len(), c.source.entryTexts); err != nil {
			return fmt.Errorf("dictionary: %w", err)
		}
		if c.checkText {
			c.entries.findSuspect()
		}
	}
	c.indexes = data.Int32()
	if len(c.indexes) != count {
		return fmt.Errorf("a page has %d values for %d rows that are not null", len(c.indexes), count)
	}
	highest := uint32(0) // a negative index is a high one
	for _, index := range c.indexes {
		highest = max(highest, uint32(index))
	}
	if count > 0 && int64(highest) >= int64(c.entries.count) {
		return fmt.Errorf("a page has an index beyond the %d entries of its dictionary", c.entries.count)
	}
	return nil
}

func countValues(levels []byte) int { return bytes.Count(levels, []byte{hasValue}) }

// segment is a run of rows of one page. It is good until the cursor loads
// another page.
type segment struct {
	rows    int
	values  int    // of the rows: those that are not null
	first   int    // place of the first value in the page
	levels  []byte // nil where no row is null
	indexes []int32
}

// take takes rows of the page, at most limit of them and at least one.
func (c *parquetCursor) take(limit int) (segment, error) {
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
	}
	c.row += s.rows
	c.value += s.values
	c.left -= s.rows
	return s, nil
}

// of is where the value of a row of a segment stands; nil where it is null.
func (c *parquetCursor) of(s segment, row int) (values *parquetValues, at int) {
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

// isSuspect says whether text of the page may not be UTF-8.
func (c *parquetCursor) isSuspect() bool {
	return c.plain.suspect || c.hasDictionary && c.entries.suspect
}

// parquetDecoder makes values of type T of the values of a column. Those of a
// dictionary it makes once.
type parquetDecoder[T any] struct {
	// decode makes the values from first on, as many as dst has. Where a value
	// cannot be read it leaves a mark of its own.
	decode func(values *parquetValues, first int, dst []T) error
	null   T // of a row without a value
	cursor *parquetCursor

	entries    []T // of the dictionary
	dictionary int // which of them
}

// put makes the values of a segment; dst has its rows.
func (d *parquetDecoder[T]) put(s segment, dst []T) error {
	dense := dst[:s.values]
	if d.cursor.hasDictionary {
		if err := d.useDictionary(); err != nil {
			return err
		}
		for i, index := range s.indexes {
			dense[i] = d.entries[index]
		}
	} else if err := d.decode(&d.cursor.plain, s.first, dense); err != nil {
		return err
	}
	if s.levels != nil {
		spread(dst, s.levels, s.values, d.null)
	}
	return nil
}

func (d *parquetDecoder[T]) useDictionary() error {
	if d.dictionary == d.cursor.dictionaries {
		return nil
	}
	d.entries = resize(d.entries, d.cursor.entries.count)
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
func (v *textView) of(c *parquetCursor, s segment) column.Text {
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

func (v *textView) texts(values *parquetValues, first, count int) column.Text {
	if values.offsets != nil {
		offsets := values.offsets[first:][: count+1 : count+1]
		return column.Text{Data: values.data, Start: offsets[:count:count], End: offsets[1:]}
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
