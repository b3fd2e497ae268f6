package readers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/avstam/avstam/damage"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// textRow is a row as a test sees it.
type textRow struct {
	fields []string // nil where there is a fault
	fault  pipeline.RejectReason
	raw    string
	line   int64
	offset int64
}

// splitText cuts a text into blocks of about blockBytes and splits their rows, up to
// an open quote.
func splitText(t *testing.T, text []byte, g grammar, blockBytes int) ([]textRow, error) {
	options := &Options{Digest: true, Workers: 1}
	c := &csvFile{File: &File{Path: "text"}, grammar: g, options: options, isStream: true, blockBytes: blockBytes, recordLimit: limitCSVRecord}
	for i := range g.count {
		c.fields = append(c.fields, i)
	}
	raw := newInputReader(bytes.NewReader(text), options)
	c.input = &csvInput{file: disk.StandardInput(), raw: raw, text: bufio.NewReaderSize(raw, 16)}

	var rows []textRow
	var split csvRows
	split.reset(c)
	buffers := make(csvBuffers, 3)
	err := c.blocks(context.Background(), buffers, func(block csvBlock) error {
		assert.Equal(t, text[block.offset:], text[min(int(block.offset), len(text)):], "a block lies in the text")
		for at := 0; at < block.end; {
			count, next, data := split.split(&g, &block, at)
			block.data = data[:len(block.data)]
			if at = next; count == 0 && split.broken.lines > 0 {
				return split.broken.problem("text", &block)
			}
			for i := range count {
				row := textRow{fault: split.fault[i], raw: string(data[split.start[i]:split.end[i]])}
				before := data[:split.start[i]]
				row.line = block.line + countLines(before)
				row.offset = block.offset + int64(len(before))
				if row.fault == pipeline.NoReason {
					row.fields = []string{}
					for _, column := range split.columns {
						row.fields = append(row.fields, string(data[column.start[i]:column.end[i]]))
					}
				}
				rows = append(rows, row)
			}
		}
		for i := range block.data {
			block.data[i] = 'x' // what is kept too long shows
		}
		buffers.give(block.data, blockBytes)
		return nil
	})
	if err == nil {
		assert.Equal(t, int64(len(text)), c.Size)
	}
	return rows, err
}

// hiddenRow is the error of a row that takes in another.
type hiddenRow struct {
	line  int64
	taken int
}

func (h hiddenRow) Error() string {
	return fmt.Sprintf("cannot read text: line %d: quotes make one row of that line and %d more, among which is a row of its own: the rows cannot be told apart", h.line, h.taken)
}

// splitSlowly says what the grammar means, a byte at a time. The first field is that
// of the identity number.
func splitSlowly(text []byte, g grammar) ([]textRow, error) {
	var rows []textRow
	line := int64(1)
	for at := 0; at < len(text); {
		// An empty line.
		rest := string(text[at:])
		if rest == "\r" {
			break
		}
		if strings.HasPrefix(rest, "\n") || strings.HasPrefix(rest, "\r\n") {
			at += strings.IndexByte(rest, '\n') + 1
			line++
			continue
		}
		row := textRow{fields: []string{}, line: line, offset: int64(at)}
		field := []byte{}
		quoted, closed := false, false
		fieldStart := true
		ended := false
		opened, openedLine, taken := 0, int64(0), 0 // the field's quote, its line, the lines that it takes in
		var broken error
		breaks := func() {
			if broken == nil && taken > 0 {
				broken = fmt.Errorf("cannot read text: line %d: a quote that opens there is not closed on its line: it takes in %d more, whose rows cannot be told apart", openedLine, taken)
			}
		}
		start := at
		for at < len(text) && !ended {
			c := text[at]
			at++
			switch {
			case quoted && !closed:
				if c == '\n' {
					line++
					taken++
				}
				if c != g.quote {
					field = append(field, c)
				} else if at < len(text) && text[at] == g.quote {
					field = append(field, c)
					at++
				} else {
					closed = true
				}
			case fieldStart && c == g.quote:
				quoted = true
				opened, openedLine, taken = at, line, 0
			case c == '\n':
				line++
				ended = true
			case c == g.delimiter:
				row.fields = append(row.fields, string(field))
				field, quoted, closed, fieldStart = field[:0], false, false, true
				continue
			case c == '\r' && (at == len(text) || text[at] == '\n'):
			case closed:
				row.fault = pipeline.Quote
				breaks()
			default:
				field = append(field, c)
			}
			fieldStart = false
		}
		row.fields = append(row.fields, string(field))
		row.raw = string(text[start:at])
		if quoted && !closed {
			row.fault = pipeline.UnclosedQuote
			taken = strings.Count(strings.TrimRight(string(text[opened:]), "\r\n"), "\n")
			breaks()
		} else {
			row.raw = strings.TrimSuffix(row.raw, "\n")
			row.raw = strings.TrimSuffix(row.raw, "\r")
		}
		if row.fault == pipeline.NoReason && len(row.fields) != g.count {
			row.fault = pipeline.FieldCount
		}
		lines := strings.Split(row.raw, "\n")
		for _, alone := range lines[1:] {
			fields := strings.Split(strings.TrimSuffix(alone, "\r"), string(g.delimiter))
			if broken == nil && len(fields) == g.count && identity.Parse([]byte(fields[0])).Fault == identity.NoFault {
				broken = hiddenRow{row.line, len(lines) - 1}
			}
		}
		if row.fault != pipeline.NoReason {
			row.fields = nil
		}
		if broken != nil {
			return rows, broken
		}
		rows = append(rows, row)
	}
	return rows, nil
}

var grammarSeeds = []string{
	"a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\n1,2", "a,b\n1,2\r", "\n\n\r\na,b\n\n1,2\n\n", "\r", "",
	`"a","b"` + "\n", `"a ""b""","c"` + "\n", `"""",""` + "\n", `"a` + "\n" + `b","c` + "\r\n" + `d"` + "\r\n1,2\n",
	`a"b,c` + "\n", `a,b"` + "\n", `"a"b,c` + "\n1,2\n", `"a" ,b` + "\n", `"a` + "\n1,2\n", `1,2` + "\n" + `"a,b`, `"a""`, `"`, `""`, `"",""`,
	"1,2\n1\n1,2,3\n,\n", `"a"` + "\r,b\n", "\r\r\n", "a\r,b\r\n", "a,\"\"\"\n\"\n", "ä,ö\n\xff,\xfe\n",
	strings.Repeat("1234567,abcdefg\n", 300), strings.Repeat(`"12""567","abc`+"\n"+`defg"`+"\n", 300), strings.Repeat("\n", 100) + "1,2\n",
	"1,2\n\"a\nb\",\"c\nd\n\"e,f\n1,2\n", "\"a\"b,\"c\n", "\"a\"b,\"c\nd", "\"a\nb\"c,\"d\ne", "\"a\r\n\n", "1,\"a\r\n\"b\n", "1,\"a\n \n\n",
	"\xac,\x8a\n\xbb\x8a,\xac\n", strings.Repeat("\xac\x8a\xbb,ö\r\n", 30),
	"1,\"\n" + testNumber(1964, 323) + ",\"\n1,2\n", "1,\"x\r\n" + testNumber(1964, 323) + ",\"\"\r\ny\",\"\r\n", "\"\n" + testNumber(1964, 323) + ",2\n\"",
	",\"\n" + testNumber(1964, 323) + "\r,\"",
}

// The fast splitter says what the slow one does, and encoding/csv, where that
// takes the text at all: wherever the text is cut.
func FuzzGrammar(f *testing.F) {
	for _, seed := range grammarSeeds {
		f.Add([]byte(seed), uint16(1), false)
		f.Add([]byte(seed), uint16(7), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, blockBytes uint16, semicolon bool) {
		defer damage.Watch()()
		text = bytes.ReplaceAll(text, []byte{0}, []byte{1}) // zero bytes are refused before rows are split
		g := grammar{delimiter: ',', quote: '"'}
		if semicolon {
			g.delimiter = ';'
		}
		reader := csv.NewReader(bytes.NewReader(text))
		reader.FieldsPerRecord = -1
		reader.Comma = rune(g.delimiter)
		records, err := reader.ReadAll()
		if g.count = 2; err == nil && len(records) > 0 {
			g.count = len(records[0])
		}
		want, problem := splitSlowly(text, g)
		for _, size := range []int{1, int(blockBytes) + 1, 1 << 16} {
			rows, err := splitText(t, text, g, size)
			require.Equal(t, want, rows, "blocks of %d bytes", size)
			require.Equal(t, fmt.Sprint(problem), fmt.Sprint(err), "blocks of %d bytes", size)
		}
		if err != nil {
			return
		}
		if errors.As(problem, new(hiddenRow)) {
			require.Less(t, len(want), len(records), "a row that takes in another is not one")
			records = records[:len(want)]
		} else {
			require.NoError(t, problem, "encoding/csv takes no quote that is at fault")
		}
		require.Len(t, want, len(records), "rows, as encoding/csv reads them")
		for i, record := range records {
			if len(record) != g.count {
				require.Equal(t, pipeline.FieldCount, want[i].fault)
				continue
			}
			require.Equal(t, pipeline.NoReason, want[i].fault)
			for j := range record {
				// encoding/csv makes newlines of line breaks inside quotes.
				require.Equal(t, record[j], strings.ReplaceAll(want[i].fields[j], "\r\n", "\n"))
			}
		}
	})
}

// Every way to cut a text gives the same rows.
func TestGrammarAtEveryBlockSize(t *testing.T) {
	for _, seed := range grammarSeeds {
		g := grammar{delimiter: ',', quote: '"', count: 2}
		want, problem := splitSlowly([]byte(seed), g)
		for size := 1; size <= min(len(seed)+1, 64); size++ {
			rows, err := splitText(t, []byte(seed), g, size)
			require.Equal(t, want, rows, "%q in blocks of %d bytes", seed, size)
			require.Equal(t, fmt.Sprint(problem), fmt.Sprint(err), "%q in blocks of %d bytes", seed, size)
		}
	}
}

// Rows that are not like the others are found among some thousand, which are split
// together.
func TestGrammarOfManyRows(t *testing.T) {
	rows := func(row string) string { return strings.Repeat(row, 900) }
	for _, c := range []struct {
		text string
		why  string
	}{
		{rows("1,2\n") + "1\n" + rows("1,2\n"), "a field too few"},
		{rows("1,2\n") + "1,2,3\n" + rows("1,2\n"), "a field too many"},
		{rows("1,2\n") + "1\n2\n" + rows("1,2\n"), "two rows with as many separators as one"},
		{rows("1,2\n") + "1,2,3,4\n" + rows("1,2\n"), "a row with as many separators as two"},
		{rows("1,2\n") + "\n\r\n" + rows("1,2\r\n") + "\r\n" + rows(",\n"), "empty lines"},
		{rows("1\n1,2\n"), "every other row"},
		{strings.Repeat(",", 5000) + "\n1,2\n", "a row with more separators than are found together"},
		{rows("1,2\n") + "1,\"2\"\n" + rows("1,2\n"), "a quote"},
		{rows("1\n") + "\n" + rows("\r\n") + rows("1\n"), "few fields"},
	} {
		for _, count := range []int{1, 2, 3, 4} {
			g := grammar{delimiter: ',', quote: '"', count: count}
			want, err := splitSlowly([]byte(c.text), g)
			require.NoError(t, err)
			for _, size := range []int{1000, 4096, 1 << 20} {
				rows, err := splitText(t, []byte(c.text), g, size)
				require.NoError(t, err)
				require.Equal(t, want, rows, "%s, %d fields, blocks of %d bytes", c.why, count, size)
			}
		}
	}
}

// The faults of rows, one for each.
func TestGrammarFaults(t *testing.T) {
	for _, c := range []struct {
		text  string
		fault pipeline.RejectReason
		why   string
	}{
		{"1,2", pipeline.NoReason, "two fields"},
		{`"1","2"`, pipeline.NoReason, "quoted"},
		{`1"x",2`, pipeline.NoReason, "a quote inside an unquoted field is text"},
		{`"1""","2"`, pipeline.NoReason, "a doubled quote before the closing one"},
		{`"1` + "\n" + `",2`, pipeline.NoReason, "a line break inside quotes"},
		{"1", pipeline.FieldCount, "a field too few"},
		{"1,2,", pipeline.FieldCount, "a field too many"},
		{`"1"x,2`, pipeline.Quote, "text after the closing quote"},
		{`"1" ,2`, pipeline.Quote, "a blank after the closing quote"},
		{`"1"x`, pipeline.Quote, "a fault of quotes goes before that of the count"},
		{`1,"2`, pipeline.UnclosedQuote, "the text ends inside quotes"},
		{`1,"2` + "\n", pipeline.UnclosedQuote, "a line end behind which there is no line"},
		{`1,"2` + "\r\n\r\n", pipeline.UnclosedQuote, "empty lines are no rows"},
		{`"1` + "\n" + `","2"x`, pipeline.Quote, "a line break in other quotes than those at fault"},
		{`"1` + "\n" + `",2,3`, pipeline.FieldCount, "a line break in quotes that are well formed"},
	} {
		rows, err := splitText(t, []byte(c.text), grammar{delimiter: ',', quote: '"', count: 2}, 1<<10)
		require.NoError(t, err, c.why)
		require.Len(t, rows, 1, c.why)
		assert.Equal(t, c.fault, rows[0].fault, c.why)
		assert.Equal(t, c.text, rows[0].raw, c.why)
	}
}

// Of the lines that a quote at fault takes in nobody can tell the rows: they are not
// one reject, and the rows before them stand.
func TestGrammarOpenQuotes(t *testing.T) {
	for _, c := range []struct {
		text        string
		line, taken int64
		why         string
	}{
		{`1,"2` + "\n3,4\n5,6", 3, 2, "it is never closed"},
		{`1,"2` + "\n3,4\n5,6\n\n", 3, 2, "empty lines at the end do not count"},
		{`1,"2` + "\n \n", 3, 1, "a line with a blank is a row"},
		{`1,"2` + "\n3,4\n" + `5,"6"` + "\n7,8\n", 3, 2, "the opening quote of another field closes it"},
		{`1,"2` + "\r\n3,4\r\n" + `5,"6"` + "\r\n7,8\r\n", 3, 2, "with CRLF"},
		{`"1` + "\n" + `","2` + "\n" + `3,"4"` + "\n", 4, 1, "it opens on a later line of its row"},
		{`"1"x,"2` + "\n3,4\n", 3, 1, "another is at fault before it on its line"},
		{`1,"2` + "\n" + `3,""4""` + "\n" + `"5"` + "\n", 3, 2, "a doubled quote does not close"},
	} {
		for _, size := range []int{1, 5, 1 << 10} {
			rows, err := splitText(t, []byte("a,b\n\"c\"d,e\n"+c.text), grammar{delimiter: ',', quote: '"', count: 2}, size)
			require.Len(t, rows, 2, c.why)
			assert.Equal(t, pipeline.Quote, rows[1].fault, c.why)
			assert.EqualError(t, err, fmt.Sprintf("cannot read text: line %d: a quote that opens there is not closed on its line: it takes in %d more, whose rows cannot be told apart", c.line, c.taken), c.why)
		}
	}
}

// Two quotes that are fields of their own, as ditto marks, make one well-formed
// field of the lines between. Nobody meant it, and payments would be gone.
func TestGrammarHiddenRows(t *testing.T) {
	number := testNumber(1964, 323)
	for _, c := range []struct {
		text  string
		taken int64 // 0 where the text is read as it stands
		why   string
	}{
		{`1,"` + "\n" + number + `,"` + "\n", 1, "in neighbouring lines"},
		{`1,"` + "\n" + number + ",2\n" + number + `,"` + "\n3,4\n", 2, "with a line between"},
		{`1,"` + "\r\n" + number + `,"` + "\r\n", 1, "with CRLF"},
		{`1,"` + "\nx,2\n" + number + `,"` + "\n", 2, "one of the lines has a number that is none"},
		{`1,"` + "\n" + number + ",2\n" + `",3` + "\n", 2, "the row has a field too many, and would be one reject"},
		{`"` + "\n 640823-3234 ,2\n" + `",1,2` + "\n", 2, "the number is written otherwise"},
		{`"` + number + "\n" + `",1` + "\n", 0, "a line of another shape"},
		{`1,"paid` + "\n" + "no,longer" + `"` + "\n", 0, "text with a delimiter"},
		{`1,"` + "\n" + number + "\r," + `"` + "\n", 0, "a carriage return within the line is text of the field"},
		{`1,"for` + "\n" + number + `"` + "\n", 0, "a number in text"},
		{`"1",` + number + "\n", 0, "a number on the first line is the row's"},
	} {
		for _, size := range []int{1, 5, 1 << 10} {
			rows, err := splitText(t, []byte("a,b\n"+c.text), grammar{delimiter: ',', quote: '"', count: 2}, size)
			if c.taken == 0 {
				require.NoError(t, err, c.why)
				continue
			}
			require.Len(t, rows, 1, c.why)
			assert.EqualError(t, err, fmt.Sprintf("cannot read text: line 2: quotes make one row of that line and %d more, among which is a row of its own: the rows cannot be told apart", c.taken), c.why)
		}
	}
}

// Where the number is not the first column, what stands behind the quote that ends a
// text of several lines are the row's own fields.
func TestHidesRow(t *testing.T) {
	number := testNumber(1964, 323)
	for _, c := range []struct {
		row  string
		want bool
		why  string
	}{
		{"\"a text\nof two lines\"," + number + ",1", false, "the row's own number"},
		{"\"\n\"," + number + ",1\n", false, "behind an empty line"},
		{"x," + number + ",\"\ny," + number + ",\"\n", true, "the number of a line within"},
		{"\"\ny," + number + ",2\n\"," + number + ",1", true, "in the middle of a text"},
		{"\"\ny," + number + ",2\"," + number + ",1", false, "the line goes on behind the text, and has more fields"},
		{"\"x\ny\",\"" + number + "\",1", false, "the row's own number, in quotes"},
		{"x,y,\"a\nb,," + number + "\"", false, "a number that is not in its column"},
		{"\"," + number + ",1\n\"," + number + ",2", true, "ditto marks in the first column: the first line is taken in"},
		{"\"," + number + ",1\n\"\"x,\"," + number + ",2", true, "with a doubled quote behind"},
		{"5\" wide," + number + ",\"a\nb\"", false, "a quote that is text, before the row's own number"},
		{"\"5\"\" wide\"," + number + ",\"a\nb\"", false, "a quoted field that is closed before it"},
		{"\"a," + number + ",b\"", false, "one line"},
	} {
		assert.Equal(t, c.want, HidesRow([]byte(c.row), ',', '"', 3, 1, isNumber), c.why)
	}
	assert.True(t, HidesRow([]byte("1,\"\n2,"+number+"\n\""), ',', '"', 2, 1, isNumber), "the number is the last field")
	assert.False(t, HidesRow([]byte("1,\"see\n2,"+number+"\""), ',', '"', 2, 1, isNumber), "a text that ends with a number")
}

// Separators are found as a loop over bytes finds them, whatever the bytes and
// however many stand side by side.
func TestFindSeparatorsAsSlowly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, delimiter := range []byte(",;\t|\x01") {
		few := []byte{delimiter, '\n', delimiter ^ 1, '\n' ^ 1, delimiter | 0x80, '\n' | 0x80, delimiter + 1, '\n' - 1}
		for i := range 2000 {
			data := make([]byte, random.IntN(300)+csvSlack)
			for j := range data {
				if data[j] = byte(random.Uint32()); i%2 == 0 {
					data[j] = few[random.IntN(len(few))]
				}
			}
			end := len(data) - csvSlack
			want := []uint32{}
			for at, c := range data[:end] {
				if c == delimiter || c == '\n' {
					want = append(want, uint32(at))
				}
			}
			marks := make([]uint32, len(data)+72)
			for _, wanted := range []int{1, 10, len(data)} {
				found := findSeparators(marks, data, 0, end, delimiter, wanted)
				require.GreaterOrEqual(t, found, min(wanted, len(want)))
				require.Equal(t, want[:found], marks[:found:found])
			}
		}
	}
}

// A row without an end does not fill the memory.
func TestLongRowIsRefused(t *testing.T) {
	c := &csvFile{File: &File{Path: "text"}, grammar: grammar{delimiter: ',', quote: '"', count: 2}, options: &Options{}, isStream: true, blockBytes: 64, recordLimit: 1000}
	text := io.MultiReader(strings.NewReader("a,b\n\"1,2\n"), neverEnding{})
	raw := newInputReader(text, c.options)
	c.input = &csvInput{file: disk.StandardInput(), raw: raw, text: bufio.NewReader(raw)}
	err := c.blocks(context.Background(), make(csvBuffers, 1), func(csvBlock) error { return nil })
	require.EqualError(t, err, "cannot read text: line 2 begins a row of more than 1000 bytes; is a quote left open?")
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

func TestAppendUnescaped(t *testing.T) {
	for text, want := range map[string]string{``: ``, `""`: `"`, `a""b`: `a"b`, `""""`: `""`, `""a""`: `"a"`} {
		assert.Equal(t, "x"+want, string(appendUnescaped([]byte("x"), []byte(text), '"')))
	}
}
