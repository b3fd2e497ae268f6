package readers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/column"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
)

// parquetRecords is a Parquet file of records whose metadata have been read.
type parquetRecords struct {
	index     int // of the file in the run
	options   *Options
	parquet   *parquetFile
	bytes     *parquetBytes
	columns   []*parquetColumn // by place in recordColumns; nil where there is none
	constants recordConstants
	fillers   sync.Pool // of *parquetFiller
}

// openParquetRecords opens a Parquet file of records: index is its place in the
// run. The error names the file, and where it is about a column that too.
func openParquetRecords(file *File, index int, source *Source, options *Options) (recordFile, error) {
	constants, err := parseRecordConstants(source)
	if err != nil {
		return nil, err
	}
	parquet, err := openParquet(file.Path)
	if err != nil {
		return nil, err
	}
	// A run may have more files than a process may have open.
	defer func() { _ = parquet.release() }() // only read from
	columns, err := parquet.columns(source, recordColumns[:])
	if err != nil {
		return nil, err
	}
	r := &parquetRecords{index: index, options: options, parquet: parquet, columns: columns, constants: constants}
	file.Columns = parquet.columnNames()
	file.Size = parquet.stat.Size()
	r.bytes = newParquetBytes(file, parquet, options)
	return r, nil
}

// cut sends a piece for each row group that has rows. With Options.Digest only
// a bounded number of pieces is open at a time: it waits until one is closed.
func (r *parquetRecords) cut(ctx context.Context, send func(pipeline.Piece) error) error {
	if err := r.parquet.reopen(); err != nil {
		return err
	}
	defer func() { _ = r.parquet.release() }() // pieces that are still open keep it
	return r.bytes.each(ctx, func(group rowGroupBytes) error {
		rows := r.parquet.groups[group.rowGroup].rows
		return send(&parquetPiece{records: r, group: group, left: rows})
	})
}

// close does nothing: the file is open only while it is cut and read.
func (r *parquetRecords) close() error { return nil }

// parquetPiece is a row group of records.
type parquetPiece struct {
	records   *parquetRecords
	group     rowGroupBytes
	filler    *parquetFiller // nil before the first batch
	row, left int64          // rows that have been read, and those that have not
	tallies
}

// File is the place of the file in the run.
func (p *parquetPiece) File() int { return p.records.index }

// Close gives the memory of the row group back.
func (p *parquetPiece) Close() {
	if p.filler != nil {
		p.filler.close()
		p.records.fillers.Put(p.filler)
		p.filler = nil
	}
	p.group.close()
}

// Next fills b with the next rows. The texts of identity numbers and record ids
// are views of the file's pages, so a batch ends where one of these does.
func (p *parquetPiece) Next(b *pipeline.Batch) (more bool, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			more, err = false, p.problem(damaged(reason))
		}
	}()
	if p.filler == nil {
		p.begin()
	}
	if p.left == 0 {
		if err := p.filler.finish(); err != nil {
			return false, p.problem(err)
		}
		return false, nil
	}
	rows, err := p.filler.fill(b, int(min(p.left, pipeline.BatchRows)))
	if err != nil {
		return false, p.problem(err)
	}
	b.Rows, b.FirstRow = rows, p.row
	p.row += int64(rows)
	p.left -= int64(rows)
	p.count(b)
	return true, nil
}

func (p *parquetPiece) begin() {
	filler, ok := p.records.fillers.Get().(*parquetFiller)
	if !ok {
		filler = newParquetFiller(p.records)
	}
	p.filler = filler
	for _, cursor := range filler.cursors {
		if cursor != nil {
			filler.at = cursor
			cursor.open(p.records.parquet, p.group)
		}
	}
}

func (p *parquetPiece) problem(err error) error {
	if p.filler == nil || p.filler.at == nil {
		return fmt.Errorf("cannot read %s: row group %d: %w", p.records.parquet.path, p.group.rowGroup, err)
	}
	return fmt.Errorf("cannot read %s: row group %d, column %s: %w", p.records.parquet.path, p.group.rowGroup, p.filler.at.theirs, err)
}

// tallies are what a piece counts.
type tallies struct{ read, rejected pipeline.Tally }

// Tallies are what has been read so far and what of it was rejected.
func (p *tallies) Tallies() (read, rejected *pipeline.Tally) { return &p.read, &p.rejected }

// count adds a batch to the tallies.
func (p *tallies) count(b *pipeline.Batch) {
	noAmount := int64(0)
	for i := range b.Rejects {
		reject := &b.Rejects[i]
		if !reject.HasAmount {
			noAmount++
			continue
		}
		p.rejected.AddAmount(b.Amount[reject.Row], b.Currency[reject.Row])
	}
	p.rejected.Add(int64(len(b.Rejects)), noAmount)
	p.read.Add(int64(b.Rows), noAmount)
	// An amount that could not be read is 0 in the batch.
	if first := b.Currency[0]; isAll(b.Currency, first) { // fast path
		var sum pipeline.Sum
		for _, ore := range b.Amount {
			sum.Add(ore)
		}
		p.read.AddAmount(0, first)
		p.read.Amounts[first].AddSum(sum)
		return
	}
	for i, ore := range b.Amount {
		p.read.AddAmount(ore, b.Currency[i])
	}
}

func isAll(numbers []uint16, number uint16) bool {
	difference := uint16(0)
	for _, n := range numbers {
		difference |= n ^ number
	}
	return difference == 0
}

// parquetFiller reads the columns of one row group after the other into
// batches. It keeps the memory for it.
type parquetFiller struct {
	records *parquetRecords
	cursors [recordColumnCount]*parquetCursor // nil where there is no such column
	at      *parquetCursor                    // the one that is being read, for messages

	texts    parquetDecoder[identity.Text]
	integers parquetDecoder[int64] // of numeric identity numbers
	keys     parquetDecoder[int64] // of numeric record ids
	amounts  parquetDecoder[int64]
	days     [recordColumnCount]parquetDecoder[calendar.Day]
	words    [recordColumnCount]parquetWords

	given, key    textView
	givenIntegers []int64
	keyIntegers   []int64
	keyMissing    []bool
	uuids         uuidTexts
	constantWords [recordColumnCount]uint16
	asked         bool // constantWords are there

	faults   []pipeline.Reject        // of the batch
	faulty   [pipeline.BatchRows]bool // its rows with faults; all false where there are none
	noAmount [pipeline.BatchRows]bool // of them, those whose amount or currency could not be read
	raw      []byte                   // what the faults show
}

func newParquetFiller(r *parquetRecords) *parquetFiller {
	f := &parquetFiller{records: r}
	memory := new(pageMemory)
	for i, column := range r.columns {
		if column == nil {
			continue
		}
		cursor := newParquetCursor(column, memory, &r.bytes.file.pages)
		f.cursors[i] = cursor
		switch i {
		case identityNumber:
			cursor.checkText = column.shape == textShape
			f.texts = parquetDecoder[identity.Text]{cursor: cursor, decode: column.identities(), null: identity.Parse(nil)}
			if column.shape != textShape {
				f.integers = parquetDecoder[int64]{cursor: cursor, decode: column.integers()}
			}
		case recordID:
			cursor.checkText = column.shape == textShape
			if column.shape != textShape && column.shape != uuidShape {
				f.keys = parquetDecoder[int64]{cursor: cursor, decode: column.integers()}
			}
		case amount:
			f.amounts = parquetDecoder[int64]{cursor: cursor, decode: column.amounts(), null: noAmount}
		case paymentDate, periodStart, periodEnd:
			f.days[i] = parquetDecoder[calendar.Day]{cursor: cursor, decode: column.days(), null: calendar.Missing}
		case agency, paymentType, currency:
			cursor.checkText = true
			f.words[i] = parquetWords{cursor: cursor, number: numberOfWord(r.options.Dictionaries, i), known: map[string]uint16{}}
		}
	}
	return f
}

// numberOfWord numbers the texts of a category column for the run.
func numberOfWord(dictionaries *pipeline.Dictionaries, which int) func([]byte) (uint16, error) {
	empty := ""
	dictionary := dictionaries.Agency
	switch which {
	case paymentType:
		dictionary = dictionaries.PaymentType
	case currency:
		dictionary, empty = dictionaries.Currency, defaultCurrency
	}
	return func(text []byte) (uint16, error) {
		switch {
		case len(text) > limitWord:
			return 0, fmt.Errorf("a word of %d bytes; at most %d are taken", len(text), limitWord)
		case len(text) == 0:
			text = []byte(empty)
		}
		return dictionary.ID(text)
	}
}

// close gives the pages back.
func (f *parquetFiller) close() {
	for _, cursor := range f.cursors {
		if cursor != nil {
			cursor.close()
		}
	}
	f.at = nil
}

// finish checks that no column has rows left.
func (f *parquetFiller) finish() error {
	for _, cursor := range f.cursors {
		if cursor != nil {
			f.at = cursor
			if err := cursor.finish(); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill fills the batch with the next rows, at most limit of them.
func (f *parquetFiller) fill(b *pipeline.Batch, limit int) (rows int, err error) {
	for _, which := range [...]int{identityNumber, recordID} {
		if cursor := f.cursors[which]; cursor != nil {
			f.at = cursor
			if err := cursor.load(); err != nil {
				return 0, err
			}
			limit = min(limit, cursor.left)
		}
	}
	rows = limit
	if len(f.faults) > 0 {
		clear(f.faulty[:])
		clear(f.noAmount[:])
		f.faults, f.raw = f.faults[:0], f.raw[:0]
	}
	if err := f.fillIdentityNumber(b, rows); err != nil {
		return 0, err
	}
	b.PaymentDate = resize(b.PaymentDate, rows)
	if err := f.fillDays(paymentDate, b.PaymentDate); err != nil {
		return 0, err
	}
	b.Amount = resize(b.Amount, rows)
	if err := f.fillAmount(b.Amount); err != nil {
		return 0, err
	}
	if err := f.fillRecordID(b, rows); err != nil {
		return 0, err
	}
	if b.PeriodStart, err = f.fillPeriod(periodStart, b.PeriodStart, rows); err != nil {
		return 0, err
	}
	if b.PeriodEnd, err = f.fillPeriod(periodEnd, b.PeriodEnd, rows); err != nil {
		return 0, err
	}
	// These come last: of rows that are no records they have no words.
	if err := f.fillWords(b, rows); err != nil {
		return 0, err
	}
	f.reject(b)
	return rows, nil
}

func (f *parquetFiller) fillIdentityNumber(b *pipeline.Batch, rows int) error {
	b.Given, b.Integers = column.Text{}, nil
	b.Text = resize(b.Text, rows)
	cursor := f.cursors[identityNumber]
	if cursor == nil {
		b.Given = f.given.constant(f.records.constants.text[identityNumber], rows)
		for i := range b.Text {
			b.Text[i] = f.records.constants.number
		}
		return nil
	}
	f.at = cursor
	s, err := cursor.take(rows)
	if err != nil {
		return err
	}
	f.checkText(identityNumber, 0, s)
	if cursor.shape == textShape {
		b.Given = f.given.of(cursor, s)
	} else {
		f.givenIntegers = resize(f.givenIntegers, rows)
		b.Integers = f.givenIntegers
		if err := f.integers.put(s, b.Integers); err != nil {
			return err
		}
	}
	return f.texts.put(s, b.Text)
}

func (f *parquetFiller) fillRecordID(b *pipeline.Batch, rows int) error {
	b.HasRecordID, b.RecordID, b.RecordIntegers, b.RecordMissing = true, column.Text{}, nil, nil
	cursor := f.cursors[recordID]
	if cursor == nil {
		if b.HasRecordID = f.records.constants.has[recordID]; b.HasRecordID {
			b.RecordID = f.key.constant(f.records.constants.text[recordID], rows)
		}
		return nil
	}
	f.at = cursor
	s, err := cursor.take(rows)
	if err != nil {
		return err
	}
	f.checkText(recordID, 0, s)
	switch cursor.shape {
	case textShape:
		b.RecordID = f.key.of(cursor, s)
		return nil
	case uuidShape:
		b.RecordID = f.uuids.of(f.key.of(cursor, s), rows)
		return nil
	}
	f.keyIntegers = resize(f.keyIntegers, rows)
	b.RecordIntegers = f.keyIntegers
	if s.levels != nil {
		f.keyMissing = resize(f.keyMissing, rows)
		b.RecordMissing = f.keyMissing
		for i, level := range s.levels {
			b.RecordMissing[i] = level != hasValue
		}
	}
	return f.keys.put(s, b.RecordIntegers)
}

// fillDays fills a column of days. A day that cannot be read is a fault, and
// one that is missing is where it is required; both are then Missing.
func (f *parquetFiller) fillDays(which int, dst []calendar.Day) error {
	cursor := f.cursors[which]
	if cursor == nil {
		for i := range dst {
			dst[i] = f.records.constants.days[which]
		}
		return nil
	}
	f.at = cursor
	required := recordColumns[which].Required
	for done := 0; done < len(dst); {
		s, err := cursor.take(len(dst) - done)
		if err != nil {
			return err
		}
		days := dst[done:][:s.rows]
		if err := f.days[which].put(s, days); err != nil {
			return err
		}
		for i, day := range days {
			if day > badDay || day == calendar.Missing && !required { // badDay is next to Missing
				continue
			}
			reason := pipeline.BadDate
			if day == calendar.Missing {
				reason = pipeline.MissingDate
			}
			days[i] = calendar.Missing
			f.fault(which, done, s, i, reason)
		}
		done += s.rows
	}
	return nil
}

func (f *parquetFiller) fillPeriod(which int, dst []calendar.Day, rows int) ([]calendar.Day, error) {
	if f.cursors[which] == nil && !f.records.constants.has[which] {
		return nil, nil
	}
	dst = resize(dst, rows)
	return dst, f.fillDays(which, dst)
}

// fillAmount fills the amounts. One that is missing or cannot be read is a
// fault, and 0.
func (f *parquetFiller) fillAmount(dst []int64) error {
	cursor := f.cursors[amount]
	if cursor == nil {
		for i := range dst {
			dst[i] = f.records.constants.amount
		}
		return nil
	}
	f.at = cursor
	for done := 0; done < len(dst); {
		s, err := cursor.take(len(dst) - done)
		if err != nil {
			return err
		}
		amounts := dst[done:][:s.rows]
		if err := f.amounts.put(s, amounts); err != nil {
			return err
		}
		for i, ore := range amounts {
			if ore != noAmount {
				continue
			}
			reason := pipeline.MissingAmount
			if values, at := cursor.of(s, i); values != nil {
				_, reason = cursor.amount()(values, at)
			}
			if reason != pipeline.NoReason {
				amounts[i] = 0
				f.noAmount[done+i] = true
				f.fault(amount, done, s, i, reason)
			}
		}
		done += s.rows
	}
	return nil
}

func (f *parquetFiller) fillWords(b *pipeline.Batch, rows int) error {
	b.Agency = resize(b.Agency, rows)
	b.PaymentType = resize(b.PaymentType, rows)
	b.Currency = resize(b.Currency, rows)
	if !f.asked {
		for _, which := range [...]int{agency, paymentType, currency} {
			if f.cursors[which] != nil {
				continue
			}
			var err error
			f.constantWords[which], err = numberOfWord(f.records.options.Dictionaries, which)(f.records.constants.text[which])
			if err != nil {
				return err
			}
		}
		f.asked = true
	}
	if err := f.fillWord(agency, b.Agency); err != nil {
		return err
	}
	if err := f.fillWord(paymentType, b.PaymentType); err != nil {
		return err
	}
	return f.fillWord(currency, b.Currency)
}

func (f *parquetFiller) fillWord(which int, dst []uint16) error {
	cursor := f.cursors[which]
	if cursor == nil {
		for i := range dst {
			dst[i] = f.constantWords[which]
		}
		return nil
	}
	f.at = cursor
	for done := 0; done < len(dst); {
		s, err := cursor.take(len(dst) - done)
		if err != nil {
			return err
		}
		f.checkText(which, done, s)
		numbers := dst[done:][:s.rows]
		if len(f.faults) == 0 { // fast path
			err = f.words[which].put(s, numbers)
		} else {
			// The currency of an amount that was read is kept.
			withheld := f.faulty[done:]
			if which == currency {
				withheld = f.noAmount[done:]
			}
			err = f.words[which].putWithout(s, numbers, withheld)
		}
		if err != nil {
			return err
		}
		done += s.rows
	}
	return nil
}

// checkText notes as faults the texts of a segment that are not UTF-8; done
// rows of the batch stand before it.
func (f *parquetFiller) checkText(which, done int, s segment) {
	cursor := f.cursors[which]
	if !cursor.isSuspect() {
		return
	}
	for i := range s.rows {
		if values, at := cursor.of(s, i); values != nil && !utf8.Valid(values.text(at)) {
			f.noAmount[done+i] = f.noAmount[done+i] || which == currency
			f.fault(which, done, s, i, pipeline.Encoding)
		}
	}
}

// fault notes what is wrong with row i of a segment, of the column that is
// being read; done rows of the batch stand before it.
func (f *parquetFiller) fault(which, done int, s segment, i int, reason pipeline.RejectReason) {
	row := done + i
	fault := pipeline.Reject{Row: int32(row), ByteOffset: -1, Column: recordColumns[which].Name, Reason: reason}
	if values, at := f.at.of(s, i); values != nil {
		start := len(f.raw)
		f.raw = f.at.appendRaw(f.raw, values, at)
		fault.Raw = f.raw[start:len(f.raw):len(f.raw)]
	}
	f.faulty[row] = true
	f.faults = append(f.faults, fault)
}

// reject rejects the rows with faults, each for the first that was noted.
func (f *parquetFiller) reject(b *pipeline.Batch) {
	b.Rejected = resize(b.Rejected, len(b.Amount))
	clear(b.Rejected)
	b.Rejects = b.Rejects[:0]
	if len(f.faults) == 0 {
		return
	}
	slices.SortStableFunc(f.faults, func(x, y pipeline.Reject) int { return cmp.Compare(x.Row, y.Row) })
	for _, reject := range f.faults {
		if b.Rejected[reject.Row] {
			continue
		}
		b.Rejected[reject.Row] = true
		if reject.HasAmount = !f.noAmount[reject.Row]; !reject.HasAmount {
			b.Amount[reject.Row] = 0
		}
		b.Rejects = append(b.Rejects, reject)
	}
}

// constant is a column of one text for all rows.
func (v *textView) constant(text []byte, rows int) column.Text {
	if len(v.index) < rows {
		v.index = make([]int32, rows, pipeline.BatchRows) // all of them entry 0
		v.starts, v.ends = []uint32{0}, []uint32{uint32(len(text))}
	}
	return column.Text{Data: text, Start: v.starts, End: v.ends, Index: v.index[:rows]}
}

// uuidTexts writes UUIDs of sixteen bytes as text.
type uuidTexts struct {
	data         []byte
	starts, ends []uint32
	index        []int32
}

// of is the column as text, in memory that is used again for the next.
// https://www.rfc-editor.org/rfc/rfc9562#section-4
func (u *uuidTexts) of(bytes column.Text, rows int) column.Text {
	const digits = "0123456789abcdef"
	u.data, u.index = u.data[:0], u.index[:0]
	u.starts, u.ends = resize(u.starts, rows), resize(u.ends, rows)
	for row := range rows {
		u.starts[row] = uint32(len(u.data))
		uuid := bytes.At(row)
		for i, b := range uuid {
			if i == 4 || i == 6 || i == 8 || i == 10 {
				u.data = append(u.data, '-')
			}
			u.data = append(u.data, digits[b>>4], digits[b&15])
		}
		u.ends[row] = uint32(len(u.data))
		if entry := int32(row); uuid == nil {
			u.index = append(u.index, -1)
		} else {
			u.index = append(u.index, entry)
		}
	}
	return column.Text{Data: u.data, Start: u.starts, End: u.ends, Index: u.index}
}
