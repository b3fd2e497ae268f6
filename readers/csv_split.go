package readers

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/avstam/avstam/identity"
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
	open  openQuote // where the fault is one that makes rows unknowable
}

// openQuote is a quote that is at fault and takes in lines after its own: one that
// is never closed, or that the opening quote of another field closes. Of what lies
// between nobody can tell the rows. The zero openQuote is none.
type openQuote struct {
	at    int   // its place
	lines int64 // that it takes in after its own
	// hidesRow says that no quote is at fault, but one of the lines that the row at
	// that place takes in is itself a row.
	hidesRow bool
}

// problem is the error of an open quote of the block, if it is one.
func (q openQuote) problem(path string, block *csvBlock) error {
	if q.lines == 0 {
		return nil
	}
	text := "a quote that opens there is not closed on its line: it takes in %d more, whose rows cannot be told apart"
	if q.hidesRow {
		text = "quotes make one row of that line and %d more, among which is a row of its own: the rows cannot be told apart"
	}
	return lineError(path, block.line+countLines(block.data[:q.at]), fmt.Errorf(text, q.lines))
}

// row reads the row that begins at start; data[:end] ends with a newline, and
// trueEnd is where it ends without one that was added. Fields beyond
// len(fields) are counted only. Line ends alone behind an unclosed quote, with
// which a file ends, are no lines that it takes in.
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
					if r.open.lines == 0 {
						r.open = openQuote{at: at, lines: countLines(bytes.TrimRight(data[at:trueEnd], "\r\n"))}
					}
					return csvRow{count: r.count + 1, end: trueEnd, next: end, fault: pipeline.UnclosedQuote, open: r.open}
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
				if r.open.lines == 0 {
					r.open = openQuote{at: at, lines: countLines(data[at:closing])}
				}
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
	highBits = 0x8080808080808080
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
func separators(word, delimiters uint64) uint64 { return others(word, delimiters) ^ highBits }

// others marks the other bytes.
func others(word, delimiters uint64) uint64 {
	const newlines = '\n' * everyOne
	// The highest bit of a sum is 0 exactly where the lower bits of the byte are the
	// same as those of the sign.
	low := word & lowBits
	d, n := (low^delimiters)+lowBits, (low^newlines)+lowBits
	return (d&n | word) & highBits
}

// findSeparators puts the places of the newlines and delimiters of data[at:end]
// into marks, until there are as many as wanted or a few more, and says how many.
// 64 bytes can be loaded at any place before end, and marks has room for 72 more
// than are wanted.
func findSeparators(marks []uint32, data []byte, at, end int, delimiter byte, wanted int) int {
	const (
		// The highest bits of eight bytes, all others of which are 0, are gathered in
		// the highest byte of the product.
		gather = 0x0002040810204081
		top    = 56
	)
	delimiters := uint64(delimiter) * everyOne
	count := 0
	for count < wanted && at < end {
		text := (*[64]byte)(data[at:])
		// The words are written out: a loop takes a third longer.
		found := others(binary.LittleEndian.Uint64(text[0:]), delimiters) * gather >> top
		found |= others(binary.LittleEndian.Uint64(text[8:]), delimiters) * gather >> top << 8
		found |= others(binary.LittleEndian.Uint64(text[16:]), delimiters) * gather >> top << 16
		found |= others(binary.LittleEndian.Uint64(text[24:]), delimiters) * gather >> top << 24
		found |= others(binary.LittleEndian.Uint64(text[32:]), delimiters) * gather >> top << 32
		found |= others(binary.LittleEndian.Uint64(text[40:]), delimiters) * gather >> top << 40
		found |= others(binary.LittleEndian.Uint64(text[48:]), delimiters) * gather >> top << 48
		found |= others(binary.LittleEndian.Uint64(text[56:]), delimiters) * gather >> top << 56
		found = ^found
		if at+64 > end {
			found &= 1<<(end-at) - 1
		}
		// Mostly there are no more than eight, which are put without a branch for each.
		const last = 1 << 63 // so that the compiler knows that there is a bit
		first := uint32(at)
		some := (*[8]uint32)(marks[count:])
		n := bits.OnesCount64(found)
		some[0] = first + uint32(bits.TrailingZeros64(found|last))
		found &= found - 1
		some[1] = first + uint32(bits.TrailingZeros64(found|last))
		found &= found - 1
		some[2] = first + uint32(bits.TrailingZeros64(found|last))
		found &= found - 1
		some[3] = first + uint32(bits.TrailingZeros64(found|last))
		found &= found - 1
		some[4] = first + uint32(bits.TrailingZeros64(found|last))
		found &= found - 1
		some[5] = first + uint32(bits.TrailingZeros64(found|last))
		found &= found - 1
		some[6] = first + uint32(bits.TrailingZeros64(found|last))
		found &= found - 1
		some[7] = first + uint32(bits.TrailingZeros64(found|last))
		for i := 8; i < n; i++ {
			found &= found - 1
			marks[count+i] = first + uint32(bits.TrailingZeros64(found))
		}
		count += n
		at += 64
	}
	return count
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
// begins with a row; 0 where there is none. first is the place of the first quote,
// -1 for none. Eight bytes can be loaded at any place before length.
func (g *grammar) lastRowEnd(data []byte, length, first int) int {
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
	broken     openQuote    // of the row after these, which is not one of them
	columns    []*csvColumn // by canonical column; nil for one that is not in the file
	wanted     []*csvColumn // the columns that are in the file
	marks      []uint32     // the separators of some rows and the place before them, for splitPlain
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
	if need := 1 + max(csvMarks, c.count) + 72; len(r.marks) < need {
		r.marks = make([]uint32, need)
	}
	for len(r.fields) < count {
		r.fields = append(r.fields, csvField{})
	}
}

// split splits rows of a block, from the place at, until the batch is full, the
// block ends, or an open quote comes, which is then kept. It returns how many, the
// place of the next, and the block's data with the unescaped text of fields behind
// it.
func (r *csvRows) split(g *grammar, block *csvBlock, at int) (rows, next int, data []byte) {
	if r.faults > 0 {
		clear(r.fault[:])
		r.faults = 0
	}
	r.broken = openQuote{}
	if at >= block.end {
		return 0, at, block.data
	}
	if block.hasQuotes || g.count == 0 {
		return r.splitQuoted(g, block, at)
	}
	rows, next = r.splitPlain(g, block, at)
	return rows, next, block.data
}

// csvMarks is how many separators splitPlain finds at a time, about. They and the
// text between them then stay in the first-level cache of a core.
const csvMarks = 2048

// splitPlain splits rows without quotes: it finds the separators of some hundred
// rows, and takes the columns from them, since mostly each row has all its fields.
func (r *csvRows) splitPlain(g *grammar, block *csvBlock, at int) (rows, next int) {
	data := block.data
	for rows < pipeline.BatchRows && at < block.end {
		most := min(max(csvMarks/g.count, 1), pipeline.BatchRows-rows)
		r.marks[0] = uint32(at) - 1 // as if a row had ended there
		found := findSeparators(r.marks[1:], data, at, block.end, g.delimiter, most*g.count)
		whole := min(found/g.count, most)
		taken := r.take(g, data, r.marks[:whole*g.count+1], rows)
		rows += taken
		at = int(r.marks[taken*g.count] + 1)
		if taken == most || at == block.end {
			continue
		}
		// Slow path: a row with more or fewer fields, or an empty line, is near.
		for end := int(r.marks[found]); rows < pipeline.BatchRows && at <= end; rows++ {
			if at += blankLines(data[at:block.end]); at == block.end {
				break
			}
			at, _ = r.splitRow(g, block, data, at, rows)
		}
	}
	return rows, at
}

// take takes rows of which marks are the separators, behind the place before the
// first, up to one that does not have all its fields or is an empty line.
func (r *csvRows) take(g *grammar, data []byte, marks []uint32, rows int) (taken int) {
	n := (len(marks) - 1) / g.count
	starts, ends := r.start[rows:rows+n], r.end[rows:rows+n]
	first := marks[0] + 1
	start := first
	for i := range starts {
		mark := marks[(i+1)*g.count]
		end := mark
		if end > start && data[end-1] == '\r' {
			end--
		}
		if data[mark] != '\n' || end == start {
			n = i
			break
		}
		starts[i], ends[i] = start, end
		start = mark + 1
	}
	if bytes.Count(data[first:start], []byte{'\n'}) != n {
		n = 0
		for bytes.IndexByte(data[starts[n]:ends[n]], '\n') < 0 {
			n++
		}
	}
	for _, column := range r.wanted {
		first, last := column.start[rows:rows+n], column.end[rows:rows+n]
		last = last[:len(first)]
		for i, j := 0, column.field; i < len(first) && j+1 < len(marks); i, j = i+1, j+g.count {
			first[i], last[i] = marks[j]+1, marks[j+1]
		}
		if column.field == g.count-1 {
			copy(last, ends) // without a carriage return
		}
	}
	return n
}

// splitQuoted splits rows some of whose fields are quoted.
func (r *csvRows) splitQuoted(g *grammar, block *csvBlock, at int) (rows, next int, data []byte) {
	data = block.data
	for rows < pipeline.BatchRows {
		at += blankLines(data[at:block.end])
		if at >= block.end {
			break
		}
		if at, data = r.splitRow(g, block, data, at, rows); r.broken.lines > 0 {
			break
		}
		rows++
	}
	return rows, at, data
}

// splitRow splits the row at a place of the block's data, whatever it is like, as
// one of the batch. It returns where the next begins, and data with the unescaped
// text of fields behind it. A row with an open quote is not taken.
func (r *csvRows) splitRow(g *grammar, block *csvBlock, data []byte, at, row int) (int, []byte) {
	split := g.row(data, at, block.end, block.trueEnd, r.fields)
	number := r.columns[identityNumber] // of records; of an extract the same place is registerNumber
	if r.broken = split.open; r.broken.lines == 0 && number != nil && HidesRow(data[at:split.end], g.delimiter, g.quote, g.count, number.field, isNumber) {
		r.broken = openQuote{at: at, lines: countLines(data[at:split.end]), hidesRow: true}
	}
	if r.broken.lines > 0 {
		return at, data
	}
	r.start[row], r.end[row] = uint32(at), uint32(split.end)
	switch {
	case split.fault != pipeline.NoReason:
		r.fail(row, split.fault)
	case split.count != g.count:
		r.fail(row, pipeline.FieldCount)
	default:
		for _, column := range r.wanted {
			field := r.fields[column.field]
			if field.escaped {
				unescaped := len(data)
				data = appendUnescaped(data, data[field.start:field.end], g.quote)
				field.start, field.end = uint32(unescaped), uint32(len(data))
			}
			column.start[row], column.end[row] = field.start, field.end
		}
	}
	return split.next, data
}

// HidesRow says whether one of the lines of a row of several would be a row if it
// stood alone: it has so many fields, quotes not looked at, and isKey takes the one at
// the place key, which lies inside of quotes that take in more than a line. Two fields
// that are nothing but a quote, some lines apart, make one well-formed field of all between.
func HidesRow(row []byte, delimiter, quote byte, fields, key int, isKey func(text []byte) bool) bool {
	row = bytes.TrimSuffix(row, []byte{'\n'})
	if bytes.IndexByte(row, '\n') < 0 { // fast path
		return false
	}
	isInside := false // where the line begins
	for more := true; more; isInside = true {
		var line, field []byte
		line, row, more = bytes.Cut(row, []byte{'\n'})
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if bytes.Count(line, []byte{delimiter}) != fields-1 {
			continue
		}
		for range key {
			field, line, _ = bytes.Cut(line, []byte{delimiter})
			if isInside || bytes.HasPrefix(field, []byte{quote}) {
				isInside = isInside != (bytes.Count(field, []byte{quote})%2 == 1)
			}
		}
		if field, _, _ = bytes.Cut(line, []byte{delimiter}); isInside && isKey(field) {
			return true
		}
	}
	return false
}

// isNumber says whether a text is a number of any kind.
func isNumber(text []byte) bool { return identity.Parse(text).Fault == identity.NoFault }

// fail marks a row that cannot be split into its fields.
func (r *csvRows) fail(row int, fault pipeline.RejectReason) {
	r.fault[row] = fault
	r.faults++
	for _, column := range r.wanted {
		column.start[row], column.end[row] = 0, 0
	}
}
