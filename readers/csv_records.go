package readers

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/column"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
)

// csvRecords is an opened CSV file of records.
type csvRecords struct {
	*csvFile
	index     int // in the run's list of files
	decimal   byte
	layout    string
	constants recordConstants
}

// recordConstants are values that hold for every row of a source.
type recordConstants struct {
	has    [recordColumnCount]bool
	text   [recordColumnCount][]byte
	number identity.Text
	days   [recordColumnCount]calendar.Day
	amount int64
}

func openCSVRecords(file *File, index int, source *Source, options *Options) (recordFile, error) {
	constants, err := parseRecordConstants(source)
	if err != nil {
		return nil, err
	}
	c, err := openCSV(file, source, recordColumns[:], options)
	if err != nil {
		return nil, err
	}
	return &csvRecords{csvFile: c, index: index, decimal: source.CSV.decimal(), layout: source.CSV.DateLayout, constants: constants}, nil
}

// parseRecordConstants reads the constants of a source as a file's values are.
func parseRecordConstants(source *Source) (recordConstants, error) {
	var constants recordConstants
	for i, c := range recordColumns {
		text, ok := source.Constants[c.Name]
		if !ok {
			continue
		}
		if err := constants.set(i, text, &source.CSV); err != nil {
			return constants, fmt.Errorf("source %q: %w", source.Name, err)
		}
	}
	return constants, nil
}

// set sets the constant of a place in recordColumns.
func (r *recordConstants) set(which int, text string, csv *CSV) error {
	column, ok := &recordColumns[which], true
	problem := func(what string) error { return fmt.Errorf("the constant of %s is not %s", column.Name, what) }
	r.has[which], r.text[which] = true, []byte(text)
	switch column.kind {
	case dayColumn:
		if r.days[which], ok = parseDay(r.text[which], csv.DateLayout); !ok {
			return problem("a date")
		}
		return nil
	case amountColumn:
		var reason pipeline.RejectReason
		if r.amount, reason = parseAmount(r.text[which], csv.decimal()); reason != pipeline.NoReason {
			return problem("an amount")
		}
		return nil
	}
	limit := limitText
	if column.kind == wordColumn {
		limit = limitWord
	}
	switch {
	case len(text) > limit:
		return problem(fmt.Sprintf("at most %d bytes long", limit))
	case !utf8.ValidString(text):
		return problem("UTF-8")
	case column.kind == wordColumn && identity.Contains(r.text[which]):
		return problem("without a person's number")
	case column.kind == numberColumn:
		r.number = identity.Parse(r.text[which])
	}
	return nil
}

// CheckConstant refuses a constant of a canonical column of records that cannot
// be read as a value in CSV files written so is, and one that is or has a person's
// number: constants stand in a manifest, and that holds none. The error names the
// column and not the value.
func CheckConstant(column, text string, csv CSV) error {
	which := slices.IndexFunc(recordColumns[:], func(c Column) bool { return c.Name == column })
	if which < 0 {
		return fmt.Errorf("there is no column %q to be a constant; the columns are %s", column, joinNames(recordColumns[:]))
	}
	switch {
	case recordColumns[which].kind == numberColumn:
		return fmt.Errorf("%s is no constant: it would stand in the manifest, which has no person's number", column)
	case identity.Contains([]byte(text)):
		return fmt.Errorf("the constant of %s has a person's number in it, and would stand in the manifest", column)
	}
	return new(recordConstants).set(which, text, &csv)
}

func (c *csvRecords) cut(ctx context.Context, send func(pipeline.Piece) error) error {
	return c.blocks(ctx, c.options.csv.buffers, func(block csvBlock) error {
		return send(&csvPiece{file: c, block: block, line: block.line, offset: block.offset})
	})
}

// csvMemory is what the pieces of a run use by turns: as many of each as are
// read at a time are kept.
type csvMemory struct {
	buffers csvBuffers
	fillers chan *csvFiller
}

func newCSVMemory(workers int) *csvMemory {
	// Two pieces a worker are under way, one is cut and one is handed over.
	return &csvMemory{buffers: make(csvBuffers, 2*workers+2), fillers: make(chan *csvFiller, workers)}
}

func (m *csvMemory) takeFiller(options *Options) *csvFiller {
	select {
	case filler := <-m.fillers:
		return filler
	default:
		return newCSVFiller(options.Dictionaries)
	}
}

func (m *csvMemory) giveFiller(filler *csvFiller) {
	select {
	case m.fillers <- filler:
	default:
	}
}

// csvPiece is a block of a file, to be read as records.
type csvPiece struct {
	file    *csvRecords
	block   csvBlock
	at      int        // of the next row in the block
	row     int64      // of the next row, from 0
	filler  *csvFiller // from the first Next to Close
	suspect bool       // there is text that the encoding does not have

	// The place up to which lines and bytes have been counted, for rejects.
	counted      int // in the block
	line, offset int64

	tallies
}

// File is the index of the piece's file.
func (p *csvPiece) File() int { return p.file.index }

// Extent is the bytes of text that have been split into rows.
func (p *csvPiece) Extent() int64 { return int64(min(p.at, p.block.trueEnd)) }

// Close gives the piece's memory back.
func (p *csvPiece) Close() {
	memory := p.file.options.csv
	memory.buffers.give(p.block.data, p.file.blockBytes)
	p.block.data = nil
	if p.filler != nil {
		memory.giveFiller(p.filler)
		p.filler = nil
	}
}

// csvFiller is what a worker fills batches of CSV with. It remembers the
// numbers of words from piece to piece.
type csvFiller struct {
	csvRows
	data        []byte                       // what the rows' columns point into
	faultColumn [pipeline.BatchRows]uint8    // of a row with a fault: canonical, wholeRow for the row itself
	noAmount    [pipeline.BatchRows]bool     // the amount or its currency could not be read
	zeros       [pipeline.BatchRows]int32    // the index of a constant's one text
	constant    [recordColumnCount][2]uint32 // start and end of a constant's text
	words       [recordColumnCount]wordNumbers
	recentDays  recentDays
	layout      string // of recentDays
	currency    []byte // the default
}

// wholeRow stands for a column where the whole row is at fault.
const wholeRow = recordColumnCount

func newCSVFiller(dictionaries *pipeline.Dictionaries) *csvFiller {
	f := &csvFiller{currency: []byte(defaultCurrency)}
	f.words[agency] = newWordNumbers(dictionaries.Agency)
	f.words[paymentType] = newWordNumbers(dictionaries.PaymentType)
	f.words[currency] = newWordNumbers(dictionaries.Currency)
	return f
}

// Next fills b with the next rows of the piece.
func (p *csvPiece) Next(b *pipeline.Batch) (bool, error) {
	p.begin()
	f := p.filler
	rows, next, data := f.split(&p.file.grammar, &p.block, p.at)
	p.block.data = data[:len(p.block.data)] // it may have grown
	p.at = next
	f.data = data
	b.Rows, b.FirstRow = rows, p.row
	p.row += int64(rows)
	if rows == 0 {
		return false, f.broken.problem(p.file.Path, &p.block)
	}
	if f.faults > 0 {
		for i := range rows {
			f.faultColumn[i] = wholeRow
		}
	}
	clear(f.noAmount[:rows])
	if err := p.fill(b); err != nil {
		return false, err
	}
	if err := f.broken.problem(p.file.Path, &p.block); err != nil {
		return false, err // with the rows before it, so that the first batch tells
	}
	p.reject(b)
	p.count(b)
	return true, nil
}

// begin takes what the piece is read with, unless it has it.
func (p *csvPiece) begin() {
	if p.filler == nil {
		p.filler = p.file.options.csv.takeFiller(p.file.options)
		p.filler.reset(p.file.csvFile)
		p.suspect = !p.file.encoding.isWhole(p.block.data[:p.block.end])
	}
}

// resize gives a column of the batch another length; its memory is the
// batch's own.
func resize[T any](values []T, rows int) []T {
	if cap(values) < rows {
		return make([]T, rows, max(rows, pipeline.BatchRows))
	}
	return values[:rows]
}

// fill fills the columns, each in a loop of its own. The order of the columns
// is canonical, so that a row's first fault is the one that is kept.
func (p *csvPiece) fill(b *pipeline.Batch) error {
	f, rows, constants := p.filler, b.Rows, &p.file.constants
	for _, canonical := range [...]int{identityNumber, recordID} {
		if row, err := f.checkLength(canonical, rows, p.file.Columns); err != nil {
			return p.wrap(row, err)
		}
	}

	b.Given = p.text(identityNumber, rows)
	b.Integers = nil
	b.Text = resize(b.Text, rows)
	if constants.has[identityNumber] {
		for i := range b.Text {
			b.Text[i] = constants.number
		}
	} else {
		c := f.columns[identityNumber]
		for i := range b.Text {
			b.Text[i] = identity.Parse(f.data[c.start[i]:c.end[i]])
		}
	}

	b.PaymentDate = p.days(b.PaymentDate, paymentDate, rows)
	p.amounts(b)
	b.RecordID = p.text(recordID, rows)
	b.HasRecordID = constants.has[recordID] || f.columns[recordID] != nil
	b.RecordIntegers, b.RecordMissing = nil, nil
	b.PeriodStart = p.days(b.PeriodStart, periodStart, rows)
	b.PeriodEnd = p.days(b.PeriodEnd, periodEnd, rows)

	// Words are of records alone, so what is no record is known before the first is
	// numbered, but for a word that is a person's number: only a word that is new is
	// asked for that.
	for _, canonical := range [...]int{agency, paymentType, currency} {
		if f.columns[canonical] != nil {
			p.checkEncoding(canonical, rows)
		}
	}
	var err error
	if b.Agency, err = p.numbers(b.Agency, agency, rows); err != nil {
		return err
	}
	if b.PaymentType, err = p.numbers(b.PaymentType, paymentType, rows); err != nil {
		return err
	}
	b.Currency, err = p.numbers(b.Currency, currency, rows)
	return err
}

// refuse marks a row as one that cannot be read for the value in a column,
// where nothing before it was at fault.
func (f *csvFiller) refuse(row, column int, reason pipeline.RejectReason) {
	if f.fault[row] == pipeline.NoReason {
		f.fault[row] = reason
		f.faultColumn[row] = uint8(column)
		f.faults++
	}
}

// text is a column of text; it is empty where there is none.
func (p *csvPiece) text(canonical, rows int) column.Text {
	f := p.filler
	if p.file.constants.has[canonical] {
		text := p.file.constants.text[canonical]
		f.constant[canonical] = [2]uint32{0, uint32(len(text))}
		bounds := &f.constant[canonical]
		return column.Text{Data: text, Start: bounds[0:1], End: bounds[1:2], Index: f.zeros[:rows]}
	}
	c := f.columns[canonical]
	if c == nil {
		return column.Text{}
	}
	p.checkEncoding(canonical, rows)
	return column.Text{Data: f.data, Start: c.start[:rows], End: c.end[:rows]}
}

// checkEncoding refuses rows whose text in a column the encoding does not have.
func (p *csvPiece) checkEncoding(canonical, rows int) {
	if !p.suspect {
		return
	}
	f := p.filler
	c := f.columns[canonical]
	for i := range rows {
		if !p.file.encoding.isWhole(f.data[c.start[i]:c.end[i]]) {
			f.refuse(i, canonical, pipeline.Encoding)
			f.noAmount[i] = f.noAmount[i] || canonical == currency
		}
	}
}

// days fills a column of days; it is nil where there is none.
func (p *csvPiece) days(values []calendar.Day, canonical, rows int) []calendar.Day {
	f := p.filler
	if p.file.constants.has[canonical] {
		values = resize(values, rows)
		for i := range values {
			values[i] = p.file.constants.days[canonical]
		}
		return values
	}
	c := f.columns[canonical]
	if c == nil {
		return nil
	}
	values = resize(values, rows)
	layout := p.file.layout
	if f.layout != layout {
		f.layout, f.recentDays = layout, recentDays{}
	}
	for i := range values {
		text := f.data[c.start[i]:c.end[i]]
		if len(text) != daysText {
			day, ok := parseDay(text, layout)
			values[i] = day
			if !ok {
				p.refuseDay(i, canonical, text)
			}
			continue
		}
		head, tail := binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint16(text[8:])
		recent := f.recentDays.at(head, tail)
		if recent.isKnown && recent.head == head && recent.tail == tail { // fast path
			values[i] = recent.day
			continue
		}
		day, ok := parseDay(text, layout)
		values[i] = day
		if !ok {
			p.refuseDay(i, canonical, text)
			continue
		}
		*recent = recentDay{head: head, tail: tail, isKnown: true, day: day}
	}
	return values
}

// daysText is how long a text is that recentDays remembers.
const daysText = len("2006-01-02")

// recentDays remembers what days texts stood for, since those of a file are few.
// The zero recentDays has none.
type recentDays [2048]recentDay

type recentDay struct {
	head    uint64 // the first eight bytes of the text
	tail    uint16 // the last two
	isKnown bool
	day     calendar.Day
}

// at is the one place where a text may be remembered. Of texts as 2006-01-02
// those of a year have a place each: that of their digits of month and day.
func (r *recentDays) at(head uint64, tail uint16) *recentDay {
	return &r[head>>40&1<<10|head>>48&15<<6|uint64(tail&3<<4|tail>>8&15)]
}

func (p *csvPiece) refuseDay(row, canonical int, text []byte) {
	switch {
	case !isBlank(text):
		p.filler.refuse(row, canonical, pipeline.BadDate)
	case recordColumns[canonical].Required:
		p.filler.refuse(row, canonical, pipeline.MissingDate)
	}
}

// amounts fills the amounts. A row without one has 0.
func (p *csvPiece) amounts(b *pipeline.Batch) {
	f := p.filler
	b.Amount = resize(b.Amount, b.Rows)
	if p.file.constants.has[amount] {
		for i := range b.Amount {
			b.Amount[i] = p.file.constants.amount
			if f.fault[i] != pipeline.NoReason && f.faultColumn[i] == wholeRow {
				b.Amount[i], f.noAmount[i] = 0, true
			}
		}
		return
	}
	c := f.columns[amount]
	decimal := p.file.decimal
	for i := range b.Amount {
		ore, ok := parseUsualAmount(f.data, c.start[i], c.end[i], decimal)
		if ok { // fast path
			b.Amount[i] = ore
			continue
		}
		ore, reason := parseAmount(f.data[c.start[i]:c.end[i]], decimal)
		b.Amount[i] = ore
		if reason != pipeline.NoReason {
			f.noAmount[i] = true
			f.refuse(i, amount, reason)
		}
	}
}

// numbers fills a column of words with their numbers in the run's dictionary.
func (p *csvPiece) numbers(values []uint16, canonical, rows int) ([]uint16, error) {
	f := p.filler
	words := &f.words[canonical]
	values = resize(values, rows)
	c := f.columns[canonical]
	var instead []byte // of an empty word
	if canonical == currency {
		instead = f.currency
	}
	if c == nil {
		text := p.file.constants.text[canonical]
		if canonical != currency && f.faults == rows {
			text = nil // as withholdWords does
		}
		if len(text) == 0 {
			text = instead
		}
		number, err := words.number(text)
		if err != nil {
			return nil, p.wrap(0, err)
		}
		for i := range values {
			values[i] = number
		}
		return values, nil
	}
	if f.faults > 0 {
		p.withholdWords(canonical, rows)
	}
	starts, ends := c.start[:rows], c.end[:rows]
	for i := range values {
		start, n := int(starts[i]), int(ends[i]-starts[i])
		var word shortWord
		recent := &words.none
		if n <= shortWordBytes && start+shortWordLoad <= len(f.data) { // fast path
			word = newShortWord((*[shortWordLoad]byte)(f.data[start:]), n)
			recent = &words.recent[word.place()]
			if recent.word == word {
				values[i] = recent.number
				continue
			}
		}
		text := f.data[start:][:n]
		if n == 0 {
			text = instead
		}
		number, err := words.number(text)
		if err == errPersonsNumber {
			f.refuse(i, canonical, pipeline.PersonsNumber)
			f.noAmount[i] = f.noAmount[i] || canonical == currency
			values[i], err = words.number(instead)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return nil, p.wrap(i, err)
		}
		recent.word, recent.number = word, number
		values[i] = number
	}
	return values, nil
}

// withholdWords empties the words of rows that are no records, so that the
// run's dictionaries have those of records alone. The currency of an amount
// that was read stays.
func (p *csvPiece) withholdWords(canonical, rows int) {
	f := p.filler
	c := f.columns[canonical]
	for i := range rows {
		if f.fault[i] != pipeline.NoReason && (canonical != currency || f.noAmount[i]) {
			c.start[i], c.end[i] = 0, 0
		}
	}
}

// wrap says where an error came up. That of too many words, or of too much text in
// them, is of no line: pieces are read side by side.
func (p *csvPiece) wrap(row int, err error) error {
	if errors.Is(err, column.ErrTooMany) || errors.Is(err, column.ErrTooLong) {
		return cannotRead(pathText(p.file.Path), err)
	}
	line, _ := p.place(int(p.filler.start[row]))
	return lineError(p.file.Path, line, err)
}

func lineError(path string, line int64, err error) error {
	return fmt.Errorf("cannot read %s: line %d: %w", pathText(path), line, err)
}

// place is the line and the byte offset of a place in the block. Places are
// asked for in their order.
func (p *csvPiece) place(at int) (line, offset int64) {
	between := p.block.data[p.counted:at]
	p.line += countLines(between)
	p.offset += p.file.encoding.fileBytes(between)
	p.counted = at
	return p.line, p.offset
}

// reject lists the rows with a fault.
func (p *csvPiece) reject(b *pipeline.Batch) {
	f := p.filler
	b.Rejected = resize(b.Rejected, b.Rows)
	clear(b.Rejected)
	b.Rejects = b.Rejects[:0]
	if f.faults == 0 {
		return
	}
	for i := range b.Rows {
		if f.fault[i] == pipeline.NoReason {
			continue
		}
		b.Rejected[i] = true
		if f.noAmount[i] {
			b.Amount[i] = 0
		}
		line, offset := p.place(int(f.start[i]))
		reject := pipeline.Reject{
			Row: int32(i), Line: line, ByteOffset: offset, Reason: f.fault[i],
			HasAmount: !f.noAmount[i], Raw: f.data[f.start[i]:min(f.end[i], f.start[i]+limitText)],
		}
		if f.faultColumn[i] != wholeRow {
			reject.Column = recordColumns[f.faultColumn[i]].Name
		}
		b.Rejects = append(b.Rejects, reject)
	}
}

// wordNumbers remembers the numbers that a dictionary gave to words.
type wordNumbers struct {
	dictionary *column.Dictionary
	numbers    map[string]uint16
	recent     [256]recentWord // short words by their place: the one that came last
	none       recentWord      // in place of those that are not short
}

type recentWord struct {
	word   shortWord
	number uint16
}

func newWordNumbers(dictionary *column.Dictionary) wordNumbers {
	return wordNumbers{dictionary: dictionary, numbers: map[string]uint16{}}
}

// number is the number of a word.
func (w *wordNumbers) number(text []byte) (uint16, error) {
	if number, ok := w.numbers[string(text)]; ok {
		return number, nil
	}
	if err := checkWord(text); err != nil {
		return 0, err
	}
	number, err := w.dictionary.ID(text)
	if err == nil {
		w.numbers[w.dictionary.Values()[number]] = number // the text that all have
	}
	return number, err
}

// shortWord is a text of up to 31 bytes as integers, with zeros behind it and its
// length, plus one, in the highest byte. Words of all lengths are made and compared
// without a branch on the length, which the processor would have to guess. The
// zero shortWord is no text.
type shortWord struct{ a, b, c, d uint64 }

const (
	shortWordBytes = 31
	shortWordLoad  = 32 // bytes that there are from where a short word begins
)

// shortWordMasks has, by length, the bytes of each integer that belong to the text.
var shortWordMasks = func() (masks [shortWordBytes + 1][4]uint64) {
	for n := range masks {
		for i := range n {
			masks[n][i/8] |= 0xff << (i % 8 * 8)
		}
	}
	return masks
}()

// newShortWord is the word that the first n bytes of text are.
func newShortWord(text *[shortWordLoad]byte, n int) shortWord {
	masks := &shortWordMasks[n]
	return shortWord{
		binary.LittleEndian.Uint64(text[0:]) & masks[0],
		binary.LittleEndian.Uint64(text[8:]) & masks[1],
		binary.LittleEndian.Uint64(text[16:]) & masks[2],
		binary.LittleEndian.Uint64(text[24:])&masks[3] | uint64(n+1)<<56,
	}
}

// place spreads words over 256 places.
func (w shortWord) place() uint8 {
	mix := w.a ^ bits.RotateLeft64(w.b, 29) ^ bits.RotateLeft64(w.c, 47) ^ w.d
	return uint8(mix * 0x9e3779b97f4a7c15 >> 56) // the golden ratio's bits: Knuth, 6.4
}
