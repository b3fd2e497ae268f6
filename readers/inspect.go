package readers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/avstam/avstam/arrowipc"
	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

const (
	// inspectedRows is how many rows of a file its columns are described by.
	inspectedRows = 10_000
	// inspectedValues bounds the values of these rows, for files of very many columns.
	inspectedValues = 2_000_000
	// countedBytes is how much of a text file, as stored, is read to count its
	// rows; of a larger one they are estimated.
	countedBytes = 256 << 20
	// largePages is how many bytes pages have that are not left to the collector.
	largePages = 16 << 20
	// dialectRows is how many rows a grammar is tried on.
	dialectRows = 200
)

// Inspection is what a file shows of itself, and what it seems to be.
type Inspection struct {
	// File has path, format, compression, the names of the columns and, of a text
	// file, how it is written as far as that could be told.
	File *File
	// Codecs are the compressions of a Parquet file's columns.
	Codecs []string
	// IsMarked says that a byte order mark tells the encoding, IsASCII that the
	// text has nothing that would tell one.
	IsMarked, IsASCII bool
	// Rows are counted, but where RowsEstimated is set.
	Rows          int64
	RowsEstimated bool
	// Inspected is how many rows the columns are described by: the file's first.
	// Of them Faulty could not be taken apart as the first was.
	Inspected, Faulty int64
	Columns           []Profile // in the order of the file
	// IsRegister says that the columns look like a register extract and not like
	// records.
	IsRegister bool
	// Mapped has the file's column of each canonical one that could be told.
	Mapped map[string]string
	// Also has, by canonical column, what suits as well as what is mapped.
	Also map[string][]string
	// OtherUnits are columns of amounts that are not in kronor, by their names, and so
	// not mapped.
	OtherUnits []string
	// Lacking are the required columns that could not be told.
	Lacking []string
	// WithoutCentury is the layout of a register's days, which does not tell the century,
	// so that none of their columns is mapped; "" for none.
	WithoutCentury string
}

// Inspect looks at a file: how it is written, how many rows it has, and what
// stands in its columns. What it shows of values is masked. Errors name the file.
func Inspect(ctx context.Context, path string) (*Inspection, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if _, isStream, err := statInput(path); err != nil {
		return nil, cannotRead(pathText(path), err)
	} else if isStream {
		return nil, cannotRead(pathText(path), errors.New("only files can be inspected"))
	}
	file, err := describe(path, 0)
	if err != nil {
		return nil, err
	}
	file.Folders = folderKeys(path)
	switch file.Format {
	case FormatParquet:
		return inspectParquet(file)
	case FormatArrow:
		return inspectArrow(ctx, file)
	}
	return inspectCSV(ctx, file)
}

// errOtherEncoding says that text is not in the encoding that it was taken for.
var errOtherEncoding = errors.New("it is not in this encoding")

// inspectCSV tries the encodings that a file may have: UTF-8 first, since no
// other text looks like it.
func inspectCSV(ctx context.Context, file *File) (*Inspection, error) {
	inspection, err := inspectText(ctx, file, utf8Text, countedBytes)
	if errors.Is(err, errOtherEncoding) {
		inspection, err = inspectText(ctx, file, otherEncoding(file.Path), countedBytes)
	}
	return inspection, err
}

// otherEncoding is the encoding of a file that is not UTF-8. UTF-16 has a zero
// byte beside every ASCII character.
func otherEncoding(path string) textEncoding {
	in, err := openCSVInput(&File{Path: path}, utf8Text, &Options{})
	if err != nil {
		return windows1252Text
	}
	defer func() { _ = in.close() }() // only read from
	head, _ := in.text.Peek(headBytes)
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	switch {
	case zeros[1] > len(head)/8:
		return utf16LittleEndian
	case zeros[0] > len(head)/8:
		return utf16BigEndian
	}
	return windows1252Text
}

// inspectText describes a text file in an encoding. Its rows are counted in the
// first counted bytes, as stored, at least. Errors name the file, but for
// errOtherEncoding.
func inspectText(ctx context.Context, file *File, declared textEncoding, counted int64) (*Inspection, error) {
	stat, _, err := statInput(file.Path)
	if err != nil {
		return nil, cannotRead(file.Path, err)
	}
	in, err := openCSVInput(file, declared, &Options{})
	if err != nil {
		return nil, cannotRead(file.Path, err)
	}
	head, err := in.text.Peek(headBytes)
	complete := err == io.EOF
	head = bytes.Clone(head)
	_ = in.close() // only read from
	if err != nil && !complete {
		return nil, cannotRead(file.Path, err)
	}
	if register.BeginsSnapshot(head) {
		return nil, cannotRead(file.Path, errors.New("it is a snapshot of a register: avstam register info tells what is in it"))
	}
	if slices.Contains(head, 0) {
		if in.encoding == utf8Text && in.markBytes == 0 {
			return nil, errOtherEncoding
		}
		return nil, cannotRead(file.Path, errors.New("it holds zero bytes: it is no text"))
	}
	if in.encoding == utf8Text && in.markBytes == 0 && !isUTF8(head, complete) {
		return nil, errOtherEncoding
	}
	file.Compression = in.compression
	inspection := &Inspection{File: file, IsMarked: in.markBytes > 0, IsASCII: true}
	read := int64(0)
	c := &csvFile{
		File: file, stat: stat, encoding: in.encoding, blockBytes: csvBlockBytes, recordLimit: limitCSVRecord,
		options: &Options{Bytes: func(n int64) { read += n }},
	}
	if err := c.detectAlone(head, complete); err != nil {
		return nil, cannotRead(file.Path, err)
	}
	c.headerBytes = in.markBytes + c.encoding.fileBytes(head[:c.headerText])
	inspection.Columns = make([]Profile, len(file.Columns))
	for i, name := range file.Columns {
		inspection.Columns[i].Name = name
	}
	profiler := newProfiler(inspection.Columns)
	err = c.blocks(ctx, make(csvBuffers, 2), func(block csvBlock) error {
		text := block.data[:block.end]
		inspection.IsASCII = inspection.IsASCII && isASCII(text)
		if c.encoding == utf8Text && in.markBytes == 0 && !utf8.Valid(text) {
			return errOtherEncoding
		}
		if err := c.inspectBlock(&block, inspection, profiler); err != nil {
			return err
		}
		if read > counted && inspection.Inspected >= profiler.limit {
			return errFileLarge
		}
		return nil
	})
	if errors.Is(err, errFileLarge) {
		inspection.RowsEstimated = true
		inspection.Rows = int64(float64(inspection.Rows) / float64(read) * float64(file.Size))
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if inspection.IsASCII = inspection.IsASCII && isASCII(head) && c.encoding <= windows1252Text; inspection.IsASCII {
		file.CSV.Encoding = utf8Text.String()
	}
	inspection.understand()
	profiler.finish()
	return inspection, nil
}

// isUTF8 says whether the head of a text is UTF-8; where it is not complete, its
// last character may be cut off.
func isUTF8(head []byte, complete bool) bool {
	for cut := 0; !complete && cut < utf8.UTFMax && cut < len(head); cut++ {
		if utf8.Valid(head[:len(head)-cut]) {
			return true
		}
	}
	return utf8.Valid(head)
}

// errFileLarge ends the counting of rows.
var errFileLarge = errors.New("the file is large")

// detectAlone finds the grammar and the names of the columns from the head of
// the text, with nothing known of what it should have: the delimiter that cuts
// the rows into most fields, and all of them alike.
func (c *csvFile) detectAlone(head []byte, complete bool) error {
	text := append(slices.Clip(head), make([]byte, csvSlack)...)
	end := len(head)
	if complete && end > 0 && head[end-1] != '\n' {
		text[end] = '\n'
		end++
	} else if !complete {
		end = bytes.LastIndexByte(head, '\n') + 1
	}
	start := blankLines(text[:end])
	if start == end {
		if complete {
			return errors.New("it is empty and has no header")
		}
		return endlessLine(head)
	}
	if isJSON(text[start:end]) {
		return errJSON
	}
	fields := make([]csvField, limitCSVColumns)
	best, bestScore := grammar{delimiter: ',', quote: '"'}, -1.0
	for _, quote := range quoteCandidates {
		// A decimal comma cuts as many fields as a delimiter, so the comma comes last.
		for _, delimiter := range []byte{';', '\t', '|', ','} {
			g := grammar{delimiter: delimiter, quote: quote}
			if score := g.fit(text, start, end, fields); score > bestScore {
				best, bestScore = g, score
			}
		}
	}
	c.grammar = best
	row := best.row(text, start, end, end, fields)
	switch {
	case row.fault != pipeline.NoReason:
		return errors.New("its first line cannot be read: quotes do not close")
	case row.count > limitCSVColumns:
		return fmt.Errorf("it has more than %d columns", limitCSVColumns)
	}
	c.count = row.count
	c.CSV = CSV{Delimiter: best.delimiter, Quote: best.quote, Encoding: c.encoding.String()}
	names := make([]string, row.count)
	for i := range names {
		value := unescaped(text, fields[i], best.quote)
		names[i] = strings.Trim(string(value), " \t")
		c.CSV.NoHeader = c.CSV.NoHeader || isValue(value)
	}
	if best.isBroken(text, start, fields[:row.count]) && (!c.CSV.NoHeader || complete && row.next >= end) {
		return errLoneReturn // a run refuses it, too
	}
	if c.CSV.NoHeader {
		for i := range names {
			names[i] = strconv.Itoa(i + 1)
		}
	} else {
		c.headerText = int64(min(row.next, len(head)))
		c.headerLines = countLines(head[:c.headerText])
	}
	c.Columns = names
	return nil
}

// fit is how well a grammar fits the first rows of a text: the fields of the
// first row where most others have as many, and a little more for fields in
// quotes. Rows that are cut, but not alike, are less than those, and more than rows
// that are not cut at all.
func (g *grammar) fit(text []byte, start, end int, fields []csvField) float64 {
	const most = 0.8
	rows, alike, cut, first, quoted := 0, 0, 0, 0, 0
	for at := start; at < end && rows < dialectRows; rows++ {
		row := g.row(text, at, end, end, fields)
		if rows == 0 {
			if first = row.count; row.fault != pipeline.NoReason {
				return -1
			}
		}
		if row.count > 1 {
			cut++
		}
		if row.count == first && row.fault == pipeline.NoReason {
			alike++
			for _, field := range fields[:min(row.count, len(fields))] {
				if field.start > 0 && text[field.start-1] == g.quote {
					quoted++
				}
			}
		}
		at = row.next + blankLines(text[row.next:end])
	}
	share := float64(alike) / float64(rows)
	inQuotes := math.Min(float64(quoted)/float64(rows*first), 1) / 2
	switch {
	case first == 1:
		return (share + inQuotes) / 2 // below 1
	case share >= most:
		return share*float64(first) + inQuotes // at least twice most
	case float64(cut) >= most*float64(rows):
		return 1 + share/2 // between the two
	}
	return 0
}

// unescaped is the text of a field.
func unescaped(text []byte, field csvField, quote byte) []byte {
	value := text[field.start:field.end]
	if field.escaped {
		value = appendUnescaped(nil, value, quote)
	}
	return value
}

// inspectBlock describes the rows of a block, and counts them.
func (c *csvFile) inspectBlock(block *csvBlock, inspection *Inspection, profiler *profiler) error {
	text := block.data[:block.end]
	at := blankLines(text)
	for at < block.end {
		if inspection.Inspected >= profiler.limit && !block.hasQuotes && !hasBlankLines(text[at:]) {
			inspection.Rows += countLines(text[at:])
			return nil
		}
		row := c.row(block.data, at, block.end, block.trueEnd, profiler.fields)
		if err := row.open.problem(c.Path, block); err != nil {
			return err
		}
		inspection.Rows++
		if inspection.Inspected < profiler.limit {
			inspection.Inspected++
			if row.fault != pipeline.NoReason || row.count != c.count {
				inspection.Faulty++
			} else {
				for i := range c.count {
					profiler.add(i, unescaped(block.data, profiler.fields[i], c.quote), 1)
				}
			}
		}
		at = row.next + blankLines(text[row.next:])
	}
	return nil
}

func hasBlankLines(text []byte) bool {
	return bytes.Contains(text, []byte("\n\n")) || bytes.Contains(text, []byte("\n\r\n"))
}

// inspectParquet describes a Parquet file by its metadata and its first rows.
func inspectParquet(file *File) (_ *Inspection, err error) {
	f, err := openParquet(file.Path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.release() }() // only read from
	defer func() {
		if reason := recover(); reason != nil {
			err = cannotRead(file.Path, damaged(reason))
		}
	}()
	columns, err := f.flatColumns()
	if err != nil {
		return nil, err
	}
	file.Columns = f.columnNames()
	inspection := &Inspection{File: file, Columns: make([]Profile, len(file.Columns))}
	for i := range f.groups {
		inspection.Rows += f.groups[i].rows
	}
	profiler := newProfiler(inspection.Columns)
	inspection.Inspected = min(inspection.Rows, profiler.limit)
	for i, column := range columns {
		profile := &inspection.Columns[i]
		profile.Name = file.Columns[i]
		if column == nil {
			profile.Type, profile.Unreadable = "nested", true
			continue
		}
		if err := profiler.readColumn(i, f, column, &file.pages, inspection.Inspected); err != nil {
			return nil, fmt.Errorf("cannot read %s: column %s: %w", file.Path, columnText(profile.Name), err)
		}
		if len(f.groups) > 0 {
			if codec := strings.ToLower(f.groups[0].chunks[column.chunk].codec.String()); !slices.Contains(inspection.Codecs, codec) {
				inspection.Codecs = append(inspection.Codecs, codec)
			}
		}
	}
	inspection.understand()
	profiler.finish()
	return inspection, nil
}

// readColumn describes a flat column by its first rows.
func (p *profiler) readColumn(which int, f *parquetFile, column *parquetColumn, pages *pageCounts, rows int64) error {
	if !p.begin(which, &column.fileColumn) || f.checkChunks(column) != nil {
		p.columns[which].Unreadable = column.shape != uuidShape
		return nil
	}
	cursor := &columnCursor{fileColumn: &column.fileColumn}
	memory := new(pageMemory)
	source := newParquetPages(cursor, column, memory, pages, new(pageBuffers))
	defer func() {
		isLarge := memory.held > largePages
		source.close()
		if isLarge { // the next column has pages of its own
			runtime.GC()
		}
	}()
	for group := 0; rows > 0; group++ {
		taken := min(rows, f.groups[group].rows)
		if taken == 0 {
			continue
		}
		source.close()
		source.open(f, rowGroupBytes{rowGroup: group, ReaderAt: f.handle})
		if err := p.take(which, cursor, taken); err != nil {
			return err
		}
		rows -= taken
	}
	return nil
}

// begin takes the type of a column, and says whether its values are looked at.
func (p *profiler) begin(which int, column *fileColumn) bool {
	p.columns[which].Type, p.columns[which].shape = column.name, column.shape
	return column.shape != otherShape && column.shape != uuidShape
}

// take adds rows of a cursor to a column.
func (p *profiler) take(which int, cursor *columnCursor, rows int64) error {
	var days func(*columnValues, int, []calendar.Day) error
	if cursor.shape == dateShape || cursor.shape == timestampShape {
		days = cursor.days()
	}
	var buffer []byte
	add := func(values *columnValues, at int, times int64) error {
		text := buffer[:0]
		switch {
		case days != nil:
			var day [1]calendar.Day
			if err := days(values, at, day[:]); err != nil {
				return err
			}
			if text = append(text, '?'); day[0] != badDay {
				text = day[0].AppendText(text[:0])
			}
		case cursor.shape == booleanShape:
			text = strconv.AppendBool(text, values.boolean(at))
		case cursor.shape == textShape:
			p.add(which, values.text(at), times)
			return nil
		default:
			text = cursor.appendRaw(text, values, at)
		}
		p.add(which, text, times)
		buffer = text
		return nil
	}
	times := map[int32]int64{} // that the rows of a segment have an entry of the dictionary
	for rows > 0 {
		s, err := cursor.take(int(min(rows, segmentRows)))
		if err != nil {
			return err
		}
		rows -= int64(s.rows)
		p.columns[which].Empty += int64(s.rows - s.values)
		if !cursor.hasDictionary {
			for i := range s.values {
				if err := add(&cursor.plain, s.first+i, 1); err != nil {
					return err
				}
			}
			continue
		}
		for _, entry := range s.indexes {
			times[entry]++
		}
		for _, entry := range s.indexes { // in their order, as the first are shown
			if times[entry] == 0 {
				continue
			}
			if err := add(&cursor.entries, int(entry), times[entry]); err != nil {
				return err
			}
			delete(times, entry)
		}
	}
	return nil
}

// segmentRows is how many rows of a cursor are taken at a time.
const segmentRows = 1024

// inspectArrow describes an Arrow file by its schema and its first rows.
func inspectArrow(ctx context.Context, file *File) (_ *Inspection, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = damaged(reason)
		}
		if err != nil {
			err = cannotRead(file.Path, err)
		}
	}()
	read := int64(0)
	a := &arrowFile{File: file}
	in, err := a.openInput(&Options{Bytes: func(n int64) { read += n }})
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.close() }() // only read from
	fields := in.Schema().Fields
	inspection := &Inspection{File: file, Columns: make([]Profile, len(fields))}
	profiler := newProfiler(inspection.Columns)
	pages := make([]arrowPage, len(fields)) // without a cursor where values are not looked at
	for i := range fields {
		file.Columns = append(file.Columns, fields[i].Name)
		inspection.Columns[i].Name = fields[i].Name
		column := &fileColumn{theirs: fields[i].Name, optional: true, columnType: arrowTypeOf(&fields[i].Type)}
		if profiler.begin(i, column) {
			pages[i].cursor = &columnCursor{fileColumn: column}
			in.Want(i)
		}
		inspection.Columns[i].Unreadable = column.shape == otherShape
	}
	var memory []byte
	var inflater arrowipc.Inflater
	defer inflater.Close()
	for {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		batch, err := in.Next(memory)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		memory = batch.Bytes()
		inspection.Rows += int64(batch.Rows)
		rows := min(profiler.limit-inspection.Inspected, int64(batch.Rows))
		inspection.Inspected += rows
		inflater.Reset()
		for i := range pages {
			if pages[i].cursor == nil || rows == 0 {
				continue
			}
			column, err := batch.Column(i, &inflater)
			if err == nil {
				err = pages[i].use(column, 0, int(rows))
			}
			if err == nil {
				err = profiler.take(i, pages[i].cursor, rows)
			}
			if err != nil {
				return nil, fmt.Errorf("record batch %d, column %s: %w", batch.Number, columnText(fields[i].Name), err)
			}
			pages[i].cursor.forget()
		}
		if read > countedBytes && inspection.Inspected == profiler.limit && read < file.Size {
			inspection.RowsEstimated = true
			inspection.Rows = int64(float64(inspection.Rows) / float64(read) * float64(file.Size))
			break
		}
	}
	inspection.understand()
	profiler.finish()
	return inspection, nil
}
