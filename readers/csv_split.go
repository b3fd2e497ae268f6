package readers

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/avstam/avstam/pipeline"
)

// The grammar is that of RFC 4180. A quote is special only where it begins a
// field. Inside, two quotes stand for one, and one ends the quoted text; what
// then stands before the delimiter is a fault of the row. In a field that does
// not begin with a quote, quotes are text. A newline outside quotes ends a row,
// with a carriage return before it or without; an empty line is no row.

// csvField is where a field of a row stands, without its quotes.
type csvField struct {
	start, end uint32
	escaped    bool // it holds doubled quotes
}

// csvRow is what a row was like.
type csvRow struct {
	count int // of fields
	end   int // of its text
	next  int // where the next row begins
	fault pipeline.RejectReason
}

// row reads the row that begins at start; data[:end] ends with a newline, and
// trueEnd is where it ends without one that was added. Fields beyond
// len(fields) are counted only.
func (g *grammar) row(data []byte, start, end, trueEnd int, fields []csvField) csvRow {
	var r csvRow
	at := start
	for {
		var field csvField
		var separator int
		if data[at] == g.quote {
			closing := at + 1
			for {
				i := bytes.IndexByte(data[closing:end], g.quote)
				if i < 0 {
					return csvRow{count: r.count + 1, end: trueEnd, next: end, fault: pipeline.UnclosedQuote}
				}
				closing += i
				if data[closing+1] != g.quote {
					break
				}
				field.escaped = true
				closing += 2
			}
			field.start, field.end = uint32(at+1), uint32(closing)
			separator = closing + 1
			if data[separator] == '\r' && data[separator+1] == '\n' {
				separator++
			} else if data[separator] != g.delimiter && data[separator] != '\n' {
				r.fault = pipeline.Quote
				separator = nextSeparator(data, separator, g.delimiter)
			}
		} else {
			separator = nextSeparator(data, at, g.delimiter)
			field.start, field.end = uint32(at), uint32(separator)
			if data[separator] == '\n' && separator > at && data[separator-1] == '\r' {
				field.end--
			}
		}
		if r.count < len(fields) {
			fields[r.count] = field
		}
		r.count++
		if data[separator] == '\n' {
			r.end, r.next = separator, separator+1
			if separator > start && data[separator-1] == '\r' {
				r.end--
			}
			return r
		}
		at = separator + 1
	}
}

const (
	lowBits  = 0x7f7f7f7f7f7f7f7f
	everyOne = 0x0101010101010101
)

// nextSeparator is the place of the next delimiter or newline. There is one,
// and eight bytes can be loaded at any place before it.
func nextSeparator(data []byte, at int, delimiter byte) int {
	delimiters := uint64(delimiter) * everyOne
	for {
		if marks := separators(binary.LittleEndian.Uint64(data[at:]), delimiters); marks != 0 {
			return at + bits.TrailingZeros64(marks)>>3
		}
		at += 8
	}
}

// separators marks the bytes of word that are newlines or delimiters, by their
// highest bit; delimiters has the delimiter in every byte.
func separators(word, delimiters uint64) uint64 {
	const newlines = '\n' * everyOne
	d, n := word^delimiters, word^newlines
	// The highest bit of a byte is 0 after this exactly where the byte is 0.
	d |= d&lowBits + lowBits
	n |= n&lowBits + lowBits
	return ^(d&n | lowBits)
}

// separators64 marks the bytes of text that are newlines or delimiters, by a bit
// for each byte.
func separators64(text *[64]byte, delimiters uint64) (marks uint64) {
	for i := 0; i < 64; i += 8 {
		word := separators(binary.LittleEndian.Uint64(text[i:]), delimiters)
		// The highest bits of eight bytes are gathered in the highest byte.
		marks |= word >> 7 * 0x0102040810204080 >> 56 << i
	}
	return marks
}

// appendUnescaped appends the text of a quoted field with every doubled quote
// as one.
func appendUnescaped(dst, text []byte, quote byte) []byte {
	for {
		i := bytes.IndexByte(text, quote)
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:i+1]...)
		text = text[i+2:]
	}
}

// lastRowEnd is where the last row that is whole ends in data[:length], which
// begins with a row; 0 where there is none. Eight bytes can be loaded at any
// place before length.
func (g *grammar) lastRowEnd(data []byte, length int) int {
	first := bytes.IndexByte(data[:length], g.quote)
	if first < 0 { // fast path
		return bytes.LastIndexByte(data[:length], '\n') + 1
	}
	end := bytes.LastIndexByte(data[:first], '\n') + 1
	quotes := uint64(g.quote) * everyOne
	quoted := false
	second := -1 // of two quotes that stand for one
	for at := first; ; at += 8 {
		marks := separators(binary.LittleEndian.Uint64(data[at:]), quotes)
		for marks != 0 {
			mark := at + bits.TrailingZeros64(marks)>>3
			marks &= marks - 1
			switch {
			case mark >= length:
				return end
			case data[mark] == '\n':
				if !quoted {
					end = mark + 1
				}
			case !quoted:
				quoted = mark == 0 || data[mark-1] == g.delimiter || data[mark-1] == '\n'
			case mark == second:
			case mark+1 == length:
				return end // whether it closes is told by the next byte
			case data[mark+1] == g.quote:
				second = mark + 1
			default:
				quoted = false
			}
		}
		if at+8 >= length {
			return end
		}
	}
}

// csvRows is a batch of rows of a block, split into the fields that are wanted.
type csvRows struct {
	// By row: its text, and what is wrong with it as a whole.
	start, end [pipeline.BatchRows]uint32
	fault      [pipeline.BatchRows]pipeline.RejectReason
	faults     int          // rows with a fault
	columns    []*csvColumn // by canonical column; nil for one that is not in the file
	wanted     []*csvColumn // the columns that are in the file
	bounds     []uint32     // the separators of a row, for splitPlain
	fields     []csvField   // the fields of a row, for splitQuoted
}

// csvColumn is a column of the rows: where each row's text stands. The text of
// a row with a fault is empty.
type csvColumn struct {
	field      int
	start, end [pipeline.BatchRows]uint32
}

// reset prepares for a file's blocks.
func (r *csvRows) reset(c *csvFile) {
	for len(r.columns) < len(c.fields) {
		r.columns = append(r.columns, nil)
	}
	r.wanted = r.wanted[:0]
	count := 0 // of fields up to the last that is wanted
	for i, field := range c.fields {
		if field < 0 {
			r.columns[i] = nil
			continue
		}
		if r.columns[i] == nil {
			r.columns[i] = new(csvColumn)
		}
		r.columns[i].field = field
		r.wanted = append(r.wanted, r.columns[i])
		count = max(count, field+1)
	}
	for len(r.bounds) < c.count+1 {
		r.bounds = append(r.bounds, 0)
	}
	for len(r.fields) < count {
		r.fields = append(r.fields, csvField{})
	}
}

// split splits rows of a block, from the place at, until the batch is full or
// the block ends. It returns how many, the place of the next, and the block's
// data with the unescaped text of fields behind it.
func (r *csvRows) split(g *grammar, block *csvBlock, at int) (rows, next int, data []byte) {
	if r.faults > 0 {
		clear(r.fault[:])
		r.faults = 0
	}
	if at >= block.end {
		return 0, at, block.data
	}
	if block.hasQuotes {
		return r.splitQuoted(g, block, at)
	}
	rows, next = r.splitPlain(g, block, at)
	return rows, next, block.data
}

// splitPlain splits rows without quotes, 64 bytes at a time.
func (r *csvRows) splitPlain(g *grammar, block *csvBlock, at int) (rows, next int) {
	data := block.data
	delimiters := uint64(g.delimiter) * everyOne
	start := at
	bounds := r.bounds[:g.count+1] // field i stands between bounds[i] and bounds[i+1]
	bounds[0] = uint32(start) - 1
	count := 1 // of bounds
	for {
		marks := separators64((*[64]byte)(data[at:]), delimiters)
		for marks != 0 {
			separator := at + bits.TrailingZeros64(marks)
			marks &= marks - 1
			if data[separator] != '\n' {
				if count < len(bounds) {
					bounds[count] = uint32(separator)
				}
				count++
				continue
			}
			end := separator
			if end > start && data[end-1] == '\r' {
				end--
			}
			if end > start || count > 1 { // else it is an empty line
				r.start[rows], r.end[rows] = uint32(start), uint32(end)
				if count+1 == len(bounds) {
					bounds[count] = uint32(end)
					for _, column := range r.wanted {
						column.start[rows] = bounds[column.field] + 1
						column.end[rows] = bounds[column.field+1]
					}
				} else {
					r.fail(rows, pipeline.FieldCount)
				}
				rows++
			}
			start = separator + 1
			if rows == pipeline.BatchRows || start >= block.end {
				return rows, start
			}
			bounds[0] = uint32(separator)
			count = 1
		}
		at += 64
	}
}

// splitQuoted splits rows some of whose fields are quoted.
func (r *csvRows) splitQuoted(g *grammar, block *csvBlock, at int) (rows, next int, data []byte) {
	data = block.data
	for rows < pipeline.BatchRows {
		at += blankLines(data[at:block.end])
		if at >= block.end {
			break
		}
		row := g.row(data, at, block.end, block.trueEnd, r.fields)
		r.start[rows], r.end[rows] = uint32(at), uint32(row.end)
		at = row.next
		switch {
		case row.fault != pipeline.NoReason:
			r.fail(rows, row.fault)
		case row.count != g.count:
			r.fail(rows, pipeline.FieldCount)
		default:
			for _, column := range r.wanted {
				field := r.fields[column.field]
				if field.escaped {
					unescaped := len(data)
					data = appendUnescaped(data, data[field.start:field.end], g.quote)
					field.start, field.end = uint32(unescaped), uint32(len(data))
				}
				column.start[rows], column.end[rows] = field.start, field.end
			}
		}
		rows++
	}
	return rows, at, data
}

// fail marks a row that cannot be split into its fields.
func (r *csvRows) fail(row int, fault pipeline.RejectReason) {
	r.fault[row] = fault
	r.faults++
	for _, column := range r.wanted {
		column.start[row], column.end[row] = 0, 0
	}
}
