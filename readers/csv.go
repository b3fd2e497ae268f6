package readers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

const (
	// csvBlockBytes is how much text a piece holds, about.
	csvBlockBytes = 1 << 20
	// limitCSVRecord bounds a row, in bytes of text.
	limitCSVRecord = 16 << 20
	// limitBlank bounds the empty lines that follow each other, in bytes of text:
	// ten thousand million of them become a small file when it is compressed.
	limitBlank = 16 << 20
	// limitCSVColumns bounds the columns of a file.
	limitCSVColumns = 10_000
	// csvSlack is how many bytes a buffer has behind its text: for a last
	// newline, and so that 64 bytes can be loaded at any place of the text.
	csvSlack = 80
)

// csvFile is a CSV file that has been looked at: how it is written, and where
// its columns and its first row are.
type csvFile struct {
	*File
	grammar
	encoding textEncoding
	options  *Options
	fields   []int // by canonical column: the field that holds it, -1 for none
	stat     os.FileInfo
	isStream bool      // it can be opened only once
	input    *csvInput // of what can be opened only once, until it is read
	part     *Chunk    // of the file that is read; nil for all of it

	// What stands before the first row.
	headerText  int64 // bytes of text, after the byte order mark
	headerBytes int64 // bytes of the decompressed file
	headerLines int64

	blockBytes  int // of text in a block
	recordLimit int // bytes of text
}

// grammar is what separates fields and rows.
type grammar struct {
	delimiter, quote byte
	count            int // fields of each row
}

// openCSV opens a file, detects how it is written and finds its columns.
func openCSV(file *File, source *Source, canonical []Column, options *Options) (_ *csvFile, err error) {
	path := pathText(file.Path)
	declared, err := parseEncoding(source.CSV.Encoding)
	if err != nil {
		return nil, fmt.Errorf("source %q: %w", source.Name, err)
	}
	stat, isStream, err := statInput(file.Path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	if !isStream {
		file.Size = stat.Size() // it may have grown since it was described
	}
	looking := &Options{}
	if isStream {
		looking = options // what is looked at is read only once
	}
	in, err := openCSVInput(file, declared, looking)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	c := &csvFile{File: file, stat: stat, encoding: in.encoding, options: options, blockBytes: csvBlockBytes, recordLimit: limitCSVRecord}
	defer func() {
		if c.input == nil || err != nil {
			_ = in.close() // only read from
		}
	}()
	head, err := in.text.Peek(headBytes)
	if err != nil && err != io.EOF {
		return nil, cannotRead(path, err)
	}
	names, err := c.detect(head, err == io.EOF, source, canonical)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	c.headerBytes = in.markBytes + c.encoding.fileBytes(head[:c.headerText])
	file.Compression = in.compression
	file.Columns = names
	file.CSV = CSV{
		Delimiter: c.delimiter, Quote: c.quote, Decimal: source.CSV.decimal(), Encoding: c.encoding.String(),
		NoHeader: source.CSV.NoHeader, Header: source.CSV.Header, DateLayout: source.CSV.DateLayout,
	}
	shown, advice := c.tellOf(head, names, source.wanted(canonical))
	if c.fields, err = findFields(path, source, canonical, names, shown, advice); err != nil {
		return nil, err
	}
	if isStream {
		c.input = in
	}
	c.isStream = isStream
	return c, nil
}

// close closes what has been kept open.
func (c *csvFile) close() error {
	if c.input == nil {
		return nil
	}
	err := c.input.close()
	c.input = nil
	return err
}

// tellOf is what is told of a file in which a column is missing, beside that: its names,
// none where they may be the values of a record, and advice; mostly none.
func (c *csvFile) tellOf(head []byte, names, wanted []string) (shown []string, advice string) {
	isHeader := c.CSV.NoHeader || containsAny(names, wanted)
	areValues := slices.ContainsFunc(names, func(name string) bool { return isValue([]byte(name)) })
	switch {
	case slices.ContainsFunc(names, func(name string) bool { return strings.ContainsRune(name, utf8.RuneError) }):
		if !isHeader && areValues {
			names = nil
		}
		return names, fmt.Sprintf("; they have %v", errForeignBytes(c.encoding))
	case len(names) > 0 && strings.HasPrefix(strings.ToLower(names[0]), "sep="):
		return names, "; its first line is one for Excel, which is no header: take it out"
	case isHeader:
		return names, ""
	case isJSON(head):
		return nil, "; " + errJSON.Error()
	case areValues:
		return nil, "; its first line looks like a record: if it has no header, declare csv.no_header and csv.header"
	}
	return names, ""
}

// wanted are the file's names of the canonical columns that a file is read for.
func (s *Source) wanted(canonical []Column) (names []string) {
	for _, column := range canonical {
		if _, ok := s.Constants[column.Name]; !ok {
			names = append(names, s.columnName(column.Name))
		}
	}
	return names
}

// errForeignBytes is about text that is in another encoding.
func errForeignBytes(encoding textEncoding) error {
	return fmt.Errorf("bytes that %s does not have: declare csv.encoding", encoding)
}

// findFields finds the field of each canonical column among a file's names. Where one
// is missing the error has those that are shown, and ends with the advice.
func findFields(path string, source *Source, canonical []Column, names, shown []string, advice string) ([]int, error) {
	fields := make([]int, len(canonical))
	for i, column := range canonical {
		fields[i] = -1
		if _, ok := source.Constants[column.Name]; ok {
			continue
		}
		theirs := source.columnName(column.Name)
		at := slices.Index(names, theirs)
		switch {
		case at >= 0 && slices.Contains(names[at+1:], theirs):
			return nil, fmt.Errorf("cannot read %s: it has two columns %s", path, columnText(theirs))
		case at < 0 && source.isExpected(column):
			return nil, fmt.Errorf("%w%s", missingColumnError(path, column.Name, theirs, shown), advice)
		}
		fields[i] = at
	}
	return fields, nil
}

// The delimiters and quotes that are looked for where none is declared.
var (
	delimiterCandidates = []byte{',', ';', '\t', '|'}
	quoteCandidates     = []byte{'"', '\''}
)

// detect finds the grammar from the head of the text: of the candidates, the
// one under which the first line has most of the names that are mapped, and
// most fields. It gives the names of the columns and sets what is known of the
// header.
func (c *csvFile) detect(head []byte, complete bool, source *Source, canonical []Column) ([]string, error) {
	if register.BeginsSnapshot(head) {
		if c.stream != nil {
			return nil, errors.New("it is a snapshot of a register, which must be a plain file and cannot come through a pipe")
		}
		return nil, errors.New("it is a snapshot of a register: name it as snapshot in the configuration, or with --register")
	}
	if slices.Contains(head, 0) {
		return nil, errors.New("it holds zero bytes: it is no text, or its encoding is UTF-16 and not declared")
	}
	wanted := source.wanted(canonical)
	delimiters, quotes := delimiterCandidates, quoteCandidates
	if source.CSV.Delimiter != 0 {
		delimiters = []byte{source.CSV.Delimiter}
	}
	if source.CSV.Quote != 0 {
		quotes = []byte{source.CSV.Quote}
	}
	text := append(slices.Clip(head), make([]byte, csvSlack)...)
	end := len(head)
	if complete && end > 0 && head[end-1] != '\n' {
		text[end] = '\n'
		end++
	} else if !complete {
		end = strings.LastIndexByte(string(head), '\n') + 1
	}
	start := blankLines(text[:end])
	if start == end {
		c.grammar = grammar{delimiter: delimiters[0], quote: quotes[0], count: len(source.CSV.Header)}
		switch {
		case !complete:
			return nil, endlessLine(head)
		case !source.CSV.NoHeader:
			return nil, errors.New("it is empty and has no header")
		case len(source.CSV.Header) == 0:
			return wanted, nil // no row, so any column
		}
		return source.CSV.Header, nil
	}

	var best []string
	var bestNext int
	var isBroken bool // the first line that is best has a carriage return outside of quotes
	bestScore := -1
	wide := byte(0) // a delimiter under which there are too many columns
	fields := make([]csvField, limitCSVColumns)
	for _, quote := range quotes {
		for _, delimiter := range delimiters {
			g := grammar{delimiter: delimiter, quote: quote}
			row := g.row(text, start, end, end, fields)
			if row.fault != pipeline.NoReason {
				continue
			}
			if row.count > len(fields) {
				wide = delimiter
				continue
			}
			names := make([]string, row.count)
			score := row.count
			broken := g.isBroken(text, start, fields[:row.count])
			for i := range names {
				value := text[fields[i].start:fields[i].end]
				if source.CSV.NoHeader {
					names[i] = strconv.Itoa(i + 1)
					continue
				}
				if fields[i].escaped {
					value = appendUnescaped(nil, value, quote)
				}
				names[i] = strings.Trim(string(value), " \t")
				if slices.Contains(wanted, names[i]) {
					score += limitCSVColumns
				}
			}
			if header := source.CSV.Header; header != nil {
				if len(header) != len(names) && source.CSV.Delimiter == 0 {
					continue
				}
				names = header
			}
			if score > bestScore {
				best, bestScore, bestNext, isBroken = names, score, row.next, broken
				c.grammar = grammar{delimiter: delimiter, quote: quote, count: len(names)}
			}
		}
	}
	switch {
	case best == nil && source.CSV.Header != nil:
		return nil, fmt.Errorf("its first line does not have the %d columns of the header that is declared, whatever the delimiter of %q", len(source.CSV.Header), delimiters)
	case wide != 0 && source.CSV.Header == nil && (source.CSV.NoHeader || !containsAny(best, wanted)):
		return nil, fmt.Errorf("it has more than %d columns where %q separates them", limitCSVColumns, wide)
	case best == nil:
		return nil, errors.New("its first line cannot be read: quotes do not close")
	case isBroken && (!source.CSV.NoHeader || complete && bestNext >= end):
		// Where CR alone ends lines, all rows would be the one first line, and gone.
		return nil, errLoneReturn
	case source.CSV.NoHeader:
		return best, nil
	}
	c.headerText = int64(min(bestNext, len(head)))
	c.headerLines = countLines(head[:c.headerText])
	// canonical begins with the number.
	if number := slices.Index(best, source.columnName(canonical[0].Name)); number >= 0 && HidesRow(head[:c.headerText], c.delimiter, c.quote, c.count, number, isNumber) {
		return nil, errors.New("quotes make one header of its first line and some after it, among which is a row of its own")
	}
	return best, nil
}

// errLoneReturn refuses lines that another character ends than those that end ours.
var errLoneReturn = errors.New("its first line holds a carriage return (CR) that no LF follows: LF or CRLF ends a line, CR alone does not")

// isBroken says whether a row that begins at start has a carriage return in fields
// without quotes.
func (g *grammar) isBroken(text []byte, start int, fields []csvField) bool {
	return slices.ContainsFunc(fields, func(field csvField) bool {
		isQuoted := int(field.start) > start && text[field.start-1] == g.quote
		return !isQuoted && slices.Contains(text[field.start:field.end], '\r')
	})
}

// endlessLine says what is wrong with a head that has no end of a line.
func endlessLine(head []byte) error {
	switch {
	case isJSON(head):
		return errJSON
	case slices.Contains(head, '\r'):
		return errLoneReturn
	}
	return fmt.Errorf("its first line is longer than %d bytes", headBytes)
}

// containsAny says whether one of the wanted names is there.
func containsAny(there, wanted []string) bool {
	return slices.ContainsFunc(there, func(name string) bool { return slices.Contains(wanted, name) })
}

// countLines is how many lines end in text.
func countLines(text []byte) int64 { return int64(bytes.Count(text, []byte{'\n'})) }

// blankLines is the length of the empty lines that text begins with.
func blankLines(text []byte) int {
	at := 0
	for at < len(text) {
		switch {
		case text[at] == '\n':
			at++
		case text[at] == '\r' && at+1 < len(text) && text[at+1] == '\n':
			at += 2
		default:
			return at
		}
	}
	return at
}

// decimal is the decimal sign.
func (c *CSV) decimal() byte {
	if c.Decimal == 0 {
		return '.'
	}
	return c.Decimal
}

// check refuses a description that no file can fit.
func (c *CSV) check() error {
	for _, sign := range []byte{c.Delimiter, c.Quote} {
		if sign == '\n' || sign == '\r' || sign >= 0x80 {
			return errors.New("a delimiter or quote is one ASCII character, and no line break")
		}
	}
	if c.Delimiter != 0 && c.Delimiter == c.Quote {
		return errors.New("delimiter and quote are the same")
	}
	if c.Decimal != 0 && c.Decimal != '.' && c.Decimal != ',' {
		return errors.New("the decimal sign is . or ,")
	}
	if len(c.Header) > 0 && !c.NoHeader {
		return errors.New("a header is declared for files that have one")
	}
	if len(c.Header) > limitCSVColumns {
		return fmt.Errorf("a header has at most %d columns", limitCSVColumns)
	}
	if _, err := parseEncoding(c.Encoding); err != nil {
		return err
	}
	return CheckDateLayout(c.DateLayout)
}

// open opens the file again for its rows, or gives the stream that was kept.
func (c *csvFile) open() (*csvInput, error) {
	if in := c.input; in != nil {
		c.input = nil
		return in, nil
	}
	open := openCSVInput
	if c.part != nil {
		open = c.part.openCSV
	}
	in, err := open(c.File, c.encoding, c.options)
	if err != nil {
		return nil, err
	}
	stat, err := in.file.Stat()
	if err == nil && disk.IsChanged(stat, c.stat) {
		err = errChanged
	}
	if err != nil {
		_ = in.close() // only read from
		return nil, err
	}
	return in, nil
}

// csvBlock is a run of whole rows as text.
type csvBlock struct {
	data      []byte // with csvSlack bytes behind end
	end       int    // of the text; the byte before it is a newline
	trueEnd   int    // end without the newline that a file's last row may lack
	hasQuotes bool
	line      int64 // of the first row, from 1 in the file
	offset    int64 // of the first row, in bytes of the decompressed file
}

// csvBuffers is a free list: buffers beyond its size are left to the collector.
type csvBuffers chan []byte

// take gives a buffer of size bytes and csvSlack, with room behind that for the
// unescaped text of fields.
func (b csvBuffers) take(size int) []byte {
	select {
	case buffer := <-b:
		if cap(buffer) >= size+csvSlack {
			return buffer[:size+csvSlack]
		}
	default:
	}
	return make([]byte, size+csvSlack, size+size/8+csvSlack)
}

func (b csvBuffers) give(buffer []byte, size int) {
	if cap(buffer) > 4*(size+csvSlack) {
		return // grown for one long row; there may be no other
	}
	select {
	case b <- buffer:
	default:
	}
}

// blocks cuts the file into blocks of whole rows and sends them in order. A
// block's data are the receiver's, who gives them to buffers.
func (c *csvFile) blocks(ctx context.Context, buffers csvBuffers, send func(csvBlock) error) error {
	path := pathText(c.Path)
	in, err := c.open()
	if err != nil {
		return cannotRead(path, err)
	}
	defer func() { _ = in.close() }() // only read from
	line, offset := 1+c.headerLines, c.headerBytes
	if c.part != nil && c.part.Offset > 0 {
		line, offset = c.part.Line, c.part.Offset
	} else if _, err := in.text.Discard(int(c.headerText)); err != nil {
		return cannotRead(path, err)
	}
	buffer := buffers.take(c.blockBytes)
	filled := 0
	blank := 0 // bytes of empty lines that the text so far ends with, by whole blocks
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n, err := in.fill(buffer[filled : len(buffer)-csvSlack])
		filled += n
		c.Extent += int64(n)
		atEnd := err == io.EOF
		if err != nil && !atEnd {
			return fmt.Errorf("cannot read %s: after line %d: %w", path, line+countLines(buffer[:filled])-1, err)
		}
		// After a power cut file systems leave zeros where data were not yet written;
		// the rows that should stand there would be one that is rejected.
		if zero := bytes.IndexByte(buffer[filled-n:filled], 0); zero >= 0 {
			return fmt.Errorf("cannot read %s: line %d: it holds zero bytes: what stood there is lost, or is no text", path, line+countLines(buffer[:filled-n+zero]))
		}
		text := buffer[:filled]
		end := filled
		quote := bytes.IndexByte(text, c.quote) // the first
		if !atEnd {
			end = c.lastRowEnd(buffer, filled, quote)
		}
		if end == 0 && !atEnd {
			// Slow path: a row that is longer than a block.
			if filled > c.recordLimit {
				return fmt.Errorf("cannot read %s: line %d begins a row of more than %d bytes; is a quote left open?", path, line, c.recordLimit)
			}
			longer := make([]byte, min(2*filled, c.recordLimit+1)+csvSlack)
			copy(longer, text)
			buffer = longer
			continue
		}
		if end == 0 {
			break
		}
		leading := blankLines(text[:end])
		if blank += leading; blank > limitBlank {
			return fmt.Errorf("cannot read %s: before line %d: more than %d bytes of empty lines", path, line, limitBlank)
		}
		if leading < end {
			blank = 0
		}
		block := csvBlock{data: buffer, end: end, trueEnd: end, line: line, offset: offset}
		block.hasQuotes = quote >= 0 && quote < end
		line += countLines(text[:end])
		offset += c.encoding.fileBytes(text[:end])
		rest := text[end:]
		next := buffers.take(max(c.blockBytes, len(rest)))
		filled = copy(next, rest)
		in.settle() // the receiver may change the buffer
		if buffer[end-1] != '\n' {
			buffer[end] = '\n'
			block.end++
		}
		block.data = buffer[:block.end+csvSlack-1]
		if err := send(block); err != nil {
			return err
		}
		buffer = next
		if atEnd {
			break
		}
	}
	buffers.give(buffer, c.blockBytes)
	return c.finish(in)
}

// finish states what has been read, and sees to it that it was the whole file.
func (c *csvFile) finish(in *csvInput) error {
	// A decoder may end before the file does.
	if _, err := io.Copy(io.Discard, in.raw); err != nil {
		return cannotRead(pathText(c.Path), err)
	}
	digestError := in.raw.state(c.File)
	if !c.isStream {
		if err := c.checkRead(in.file, c.stat, c.part); err != nil {
			return cannotRead(c.Path, err)
		}
	}
	return digestError
}
