package readers

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/avstam/avstam/snappy"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"
)

// parquetPages gives the pages of a column to a cursor, of one row group after
// the other.
type parquetPages struct {
	cursor    *columnCursor
	column    *parquetColumn
	source    pageReader
	pages     *parquet.FilePages
	page      parquet.Page       // that the cursor has
	entries   parquet.Dictionary // the dictionary that the cursor has
	rows      int64              // of the row group
	delivered int64              // of them, in the pages so far
}

func newParquetPages(cursor *columnCursor, column *parquetColumn, memory *pageMemory, counts *pageCounts, buffers *pageBuffers) *parquetPages {
	p := &parquetPages{cursor: cursor, column: column, source: pageReader{column: column, memory: memory, counts: counts, buffers: buffers}}
	cursor.next = p.next
	return p
}

// open begins a row group.
func (p *parquetPages) open(f *parquetFile, group rowGroupBytes) {
	rowGroup := &f.groups[group.rowGroup]
	p.rows, p.delivered = rowGroup.rows, 0
	p.source.open(group.ReaderAt, rowGroup.chunks[p.column.chunk])
	p.pages = p.column.library.PagesFrom(&p.source)
	p.cursor.left = 0
}

// close gives the memory of a row group back.
func (p *parquetPages) close() {
	p.releasePage()
	if p.pages != nil {
		_ = p.pages.Close() // returns no error
	}
	p.source.close()
	p.pages, p.entries, p.cursor.entries = nil, nil, columnValues{}
	p.cursor.left = 0
}

func (p *parquetPages) releasePage() {
	parquet.Release(p.page)
	p.page = nil
	p.cursor.forget()
}

// next gives the cursor the next page, which may have no rows.
func (p *parquetPages) next() error {
	p.releasePage()
	values, count, err := p.source.plain()
	if err != nil {
		return err
	}
	if values != nil { // fast path
		return p.usePlain(values, count)
	}
	page, err := p.pages.ReadPage()
	if err == io.EOF {
		return fmt.Errorf("its pages have %d rows, the row group has %d", p.delivered, p.rows)
	}
	if err != nil {
		return err
	}
	p.page = page
	return p.use()
}

// decompressTogether decompresses the next pages of those columns of a row group
// that have come to the end of one: two at a time take less than one after the
// other. What is wrong with a page is told when its column gets there.
func decompressTogether(columns []*parquetPages) {
	var room [max(recordColumnCount, registerColumnCount)]*snappy.Block
	blocks := room[:0]
	for _, p := range columns {
		if p == nil || p.cursor.left > 0 || p.delivered == p.rows || p.source.codec != format.Snappy {
			continue
		}
		if block := p.source.pending(); block != nil {
			blocks = append(blocks, block)
		}
	}
	snappy.Decode(blocks)
}

// finish checks that the pages had no more rows than the row group.
func (p *parquetPages) finish() error {
	if p.cursor.left > 0 {
		return fmt.Errorf("its pages have more than the %d rows of the row group", p.rows)
	}
	p.releasePage()
	page, err := p.pages.ReadPage()
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	}
	p.page = page
	if page.NumRows() > 0 {
		return fmt.Errorf("its pages have more than the %d rows of the row group", p.rows)
	}
	return nil
}

// deliver gives the cursor rows, of which its values are to come.
func (p *parquetPages) deliver(rows int64) error {
	p.delivered += rows
	if rows > math.MaxInt32 || p.delivered > p.rows {
		return fmt.Errorf("its pages have more than the %d rows of the row group", p.rows)
	}
	p.cursor.left, p.cursor.row, p.cursor.value = int(rows), 0, 0
	return nil
}

// usePlain has the cursor read plain values, none of which is null.
func (p *parquetPages) usePlain(values []byte, count int) error {
	if err := p.deliver(int64(count)); err != nil {
		return err
	}
	c := p.cursor
	c.hasDictionary = false
	plain := &p.source.buffers.plain
	if p.column.kind == parquet.ByteArray {
		c.texts = plain.texts.begin(values)
		return nil
	}
	plain.read(&c.plain, p.column.kind, p.column.width, values, count)
	if c.checkText {
		c.plain.findSuspect(c.areWords)
	}
	return nil
}

// use has the cursor read the page.
func (p *parquetPages) use() error {
	if err := p.deliver(p.page.NumRows()); err != nil {
		return err
	}
	c := p.cursor
	count := c.left
	if c.optional {
		c.levels = p.page.DefinitionLevels()
		if len(c.levels) != c.left {
			return fmt.Errorf("a page of %d rows has %d definition levels", c.left, len(c.levels))
		}
		if count = countValues(c.levels); count == c.left {
			c.levels = nil
		}
	}
	dictionary := p.page.Dictionary()
	c.hasDictionary = dictionary != nil
	data := p.page.Data()
	if dictionary == nil {
		if err := c.plain.set(data, count, p.source.texts); err != nil {
			return err
		}
		if c.checkText {
			c.plain.findSuspect(c.areWords)
		}
		return nil
	}
	if dictionary != p.entries {
		p.entries = dictionary
		c.dictionaries++
		if err := c.entries.set(dictionary.Page().Data(), dictionary.Len(), p.source.entryTexts); err != nil {
			return fmt.Errorf("dictionary: %w", err)
		}
		if c.checkText {
			c.entries.findSuspect(c.areWords)
		}
	}
	c.indexes = data.Int32()
	if len(c.indexes) != count {
		return fmt.Errorf("a page has %d values for %d rows that are not null", len(c.indexes), count)
	}
	if count > 0 && int64(highestIndex(c.indexes)) >= int64(c.entries.count) {
		return fmt.Errorf("a page has an index beyond the %d entries of its dictionary", c.entries.count)
	}
	return nil
}

// highestIndex is the highest of indexes, of which a negative one is a high one.
func highestIndex(indexes []int32) uint32 {
	var a, b, c, d uint32 // four do not wait for each other
	for ; len(indexes) >= 4; indexes = indexes[4:] {
		a, b = max(a, uint32(indexes[0])), max(b, uint32(indexes[1]))
		c, d = max(c, uint32(indexes[2])), max(d, uint32(indexes[3]))
	}
	for _, index := range indexes {
		a = max(a, uint32(index))
	}
	return max(a, b, c, d)
}

// set takes count values of a page; it fails where the page has not as many, or
// its texts do not have texts bytes, where that is known.
func (v *columnValues) set(values encoding.Values, count, texts int) error {
	*v = columnValues{count: count}
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
		data, offsets := values.ByteArray()
		v.useOffsets(data, offsets)
		there = len(offsets) - 1
		last := uint32(0)
		for _, offset := range offsets {
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
