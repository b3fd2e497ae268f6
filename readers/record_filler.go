package readers

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/column"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
)

// recordFiller fills batches from the columns of a Parquet or an Arrow file, of
// one file after the other. It keeps the memory for it.
type recordFiller struct {
	constants    *recordConstants
	dictionaries *pipeline.Dictionaries
	cursors      [recordColumnCount]*columnCursor // nil where there is no such column
	at           *columnCursor                    // the one that is being read, for messages
	row          int64                            // of the batch's first, from 1 in the file, for messages

	texts    columnDecoder[identity.Text]
	integers columnDecoder[int64] // of numeric identity numbers
	keys     columnDecoder[int64] // of numeric record ids
	amounts  columnDecoder[int64]
	days     [recordColumnCount]columnDecoder[calendar.Day]
	words    [recordColumnCount]columnWords
	reasons  [recordColumnCount]columnDecoder[pipeline.RejectReason] // of texts, where some are suspect

	given, key    textView
	givenLimit    textLimit
	keyLimit      textLimit
	givenIntegers []int64
	keyIntegers   []int64
	keyMissing    []bool
	uuids         uuidTexts
	wideGiven     wideTexts
	wideKeys      wideTexts
	constantWords [recordColumnCount]uint16
	asked         [recordColumnCount]bool // constantWords are there

	faults   []pipeline.Reject        // of the batch
	faulty   [pipeline.BatchRows]bool // its rows with faults; all false where there are none
	noAmount [pipeline.BatchRows]bool // of them, those whose amount or currency could not be read
	raw      []byte                   // what the faults show, limitRaw bytes of each at most
	reason   []pipeline.RejectReason  // of a segment's texts
}

// reset forgets the columns of the file before.
func (f *recordFiller) reset(constants *recordConstants, dictionaries *pipeline.Dictionaries) {
	*f = recordFiller{constants: constants, dictionaries: dictionaries}
}

// use has a column read as the canonical one of a place in recordColumns. The
// caller gives the rows to its cursor.
func (f *recordFiller) use(which int, column *fileColumn) *columnCursor {
	cursor := &columnCursor{fileColumn: column}
	f.cursors[which] = cursor
	switch which {
	case identityNumber:
		cursor.checkText = column.shape == textShape
		f.texts = columnDecoder[identity.Text]{cursor: cursor, decode: column.identities(), null: identity.Parse(nil)}
		if column.shape != textShape {
			f.integers = columnDecoder[int64]{cursor: cursor, decode: column.integers()}
		} else {
			f.givenLimit.cursor = cursor
		}
	case recordID:
		cursor.checkText = column.shape == textShape
		switch column.shape {
		case uuidShape:
		case textShape:
			f.keyLimit.cursor = cursor
		default:
			f.keys = columnDecoder[int64]{cursor: cursor, decode: column.integers()}
		}
	case amount:
		f.amounts = columnDecoder[int64]{cursor: cursor, decode: column.amounts(), null: noAmount}
	case paymentDate, periodStart, periodEnd:
		f.days[which] = columnDecoder[calendar.Day]{cursor: cursor, decode: column.days(), null: calendar.Missing}
	case agency, paymentType, currency:
		cursor.checkText, cursor.areWords = true, true
		f.words[which] = columnWords{cursor: cursor, number: numberOfWord(f.dictionaries, which), known: map[string]uint16{}}
	}
	if cursor.checkText {
		f.reasons[which] = columnDecoder[pipeline.RejectReason]{cursor: cursor, decode: textReasons(cursor.areWords)}
	}
	return cursor
}

// numberOfWord numbers the texts of a category column for the run.
func numberOfWord(dictionaries *pipeline.Dictionaries, which int) func([]byte) (uint16, string, error) {
	empty := ""
	dictionary := dictionaries.Agency
	switch which {
	case paymentType:
		dictionary = dictionaries.PaymentType
	case currency:
		dictionary, empty = dictionaries.Currency, defaultCurrency
	}
	return func(text []byte) (uint16, string, error) {
		if len(text) == 0 {
			number, err := dictionary.ID([]byte(empty))
			return number, "", err
		}
		if err := checkWord(text); err != nil {
			return 0, "", err
		}
		number, err := dictionary.ID(text)
		return number, dictionary.Values()[number], err
	}
}

// fill fills the batch with the next rows, at most limit of them.
func (f *recordFiller) fill(b *pipeline.Batch, limit int) (rows int, err error) {
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

func (f *recordFiller) fillIdentityNumber(b *pipeline.Batch, rows int) error {
	b.Given, b.Integers = column.Text{}, nil
	b.Text = resize(b.Text, rows)
	cursor := f.cursors[identityNumber]
	if cursor == nil {
		b.Given = f.given.constant(f.constants.text[identityNumber], rows)
		for i := range b.Text {
			b.Text[i] = f.constants.number
		}
		return nil
	}
	f.at = cursor
	s, err := cursor.take(rows)
	if err != nil {
		return err
	}
	if err := f.givenLimit.check(s, f.row); err != nil {
		return err
	}
	if err := f.checkText(identityNumber, 0, s); err != nil {
		return err
	}
	if cursor.shape == textShape {
		b.Given = f.given.of(cursor, s)
	} else {
		f.givenIntegers = resize(f.givenIntegers, rows)
		b.Integers = f.givenIntegers
		if err := f.integers.put(s, b.Integers); err != nil {
			return err
		}
	}
	if err := f.texts.put(s, b.Text); err != nil || !slices.Contains(b.Integers, noInteger) {
		return err
	}
	integers := b.Integers
	if b.Given, err = f.wideGiven.of(cursor, s, f.row); err != nil {
		return err
	}
	b.Integers = nil
	for i, value := range integers {
		if value == noInteger {
			b.Text[i] = identity.Parse(b.Given.At(i))
		}
	}
	return nil
}

func (f *recordFiller) fillRecordID(b *pipeline.Batch, rows int) error {
	b.HasRecordID, b.RecordID, b.RecordIntegers, b.RecordMissing = true, column.Text{}, nil, nil
	cursor := f.cursors[recordID]
	if cursor == nil {
		if b.HasRecordID = f.constants.has[recordID]; b.HasRecordID {
			b.RecordID = f.key.constant(f.constants.text[recordID], rows)
		}
		return nil
	}
	f.at = cursor
	s, err := cursor.take(rows)
	if err != nil {
		return err
	}
	if err := f.keyLimit.check(s, f.row); err != nil {
		return err
	}
	if err := f.checkText(recordID, 0, s); err != nil {
		return err
	}
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
	if err := f.keys.put(s, b.RecordIntegers); err != nil || !slices.Contains(b.RecordIntegers, noInteger) {
		return err
	}
	b.RecordIntegers, b.RecordMissing = nil, nil
	b.RecordID, err = f.wideKeys.of(cursor, s, f.row)
	return err
}

// fillDays fills a column of days. A day that cannot be read is a fault, and
// one that is missing is where it is required; both are then Missing.
func (f *recordFiller) fillDays(which int, dst []calendar.Day) error {
	cursor := f.cursors[which]
	if cursor == nil {
		for i := range dst {
			dst[i] = f.constants.days[which]
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

func (f *recordFiller) fillPeriod(which int, dst []calendar.Day, rows int) ([]calendar.Day, error) {
	if f.cursors[which] == nil && !f.constants.has[which] {
		return nil, nil
	}
	dst = resize(dst, rows)
	return dst, f.fillDays(which, dst)
}

// fillAmount fills the amounts. One that is missing or cannot be read is a
// fault, and 0.
func (f *recordFiller) fillAmount(dst []int64) error {
	cursor := f.cursors[amount]
	if cursor == nil {
		for i := range dst {
			dst[i] = f.constants.amount
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

func (f *recordFiller) fillWords(b *pipeline.Batch, rows int) error {
	b.Agency = resize(b.Agency, rows)
	b.PaymentType = resize(b.PaymentType, rows)
	b.Currency = resize(b.Currency, rows)
	words := [...]struct {
		which int
		dst   []uint16
	}{{agency, b.Agency}, {paymentType, b.PaymentType}, {currency, b.Currency}}
	// Words are of records alone, so what is no record is known before the first is numbered.
	for done := 0; done < rows; {
		n := rows - done
		for _, w := range words {
			if cursor := f.cursors[w.which]; cursor != nil {
				f.at = cursor
				if err := cursor.load(); err != nil {
					return err
				}
				n = min(n, cursor.left)
			}
		}
		var segments [len(words)]segment
		for i, w := range words {
			if cursor := f.cursors[w.which]; cursor != nil {
				f.at = cursor
				var err error
				if segments[i], err = cursor.take(n); err != nil {
					return err
				}
				if err := f.checkText(w.which, done, segments[i]); err != nil {
					return err
				}
			}
		}
		for i, w := range words {
			if f.cursors[w.which] != nil {
				if err := f.fillWord(w.which, done, segments[i], w.dst[done:][:n]); err != nil {
					return err
				}
			}
		}
		done += n
	}
	hasRecord := len(f.faults) < rows || slices.Contains(f.faulty[:rows], false)
	for _, w := range words {
		if f.cursors[w.which] != nil {
			continue
		}
		// The words of rows that are no records are empty; but the amounts of some were read.
		if !f.asked[w.which] && (w.which == currency || hasRecord) {
			var err error
			f.constantWords[w.which], _, err = numberOfWord(f.dictionaries, w.which)(f.constants.text[w.which])
			if err != nil {
				return err
			}
			f.asked[w.which] = true
		}
		for i := range w.dst {
			w.dst[i] = f.constantWords[w.which]
		}
	}
	return nil
}

// fillWord numbers the words of a segment, before which done rows of the batch stand.
func (f *recordFiller) fillWord(which, done int, s segment, numbers []uint16) error {
	f.at = f.cursors[which]
	if len(f.faults) == 0 { // fast path
		return f.words[which].put(s, numbers)
	}
	// The currency of an amount that was read is kept.
	withheld := f.faulty[done:]
	if which == currency {
		withheld = f.noAmount[done:]
	}
	return f.words[which].putWithout(s, numbers, withheld)
}

// checkText notes as faults the texts of a segment that are not UTF-8, or are a
// person's number in a column of words; done rows of the batch stand before it.
func (f *recordFiller) checkText(which, done int, s segment) error {
	if !f.cursors[which].isSuspect() {
		return nil
	}
	f.reason = resize(f.reason, s.rows)
	if err := f.reasons[which].put(s, f.reason); err != nil {
		return err
	}
	for i, reason := range f.reason {
		if reason != pipeline.NoReason {
			f.noAmount[done+i] = f.noAmount[done+i] || which == currency
			f.fault(which, done, s, i, reason)
		}
	}
	return nil
}

// textReasons says what is wrong with texts: that they are not UTF-8, or are a
// person's number among words.
func textReasons(areWords bool) func(*columnValues, int, []pipeline.RejectReason) error {
	return func(v *columnValues, first int, dst []pipeline.RejectReason) error {
		for i := range dst {
			dst[i] = pipeline.NoReason
			switch text := v.text(first + i); {
			case !utf8.Valid(text):
				dst[i] = pipeline.Encoding
			case areWords && hasPersonsNumber(text):
				dst[i] = pipeline.PersonsNumber
			}
		}
		return nil
	}
}

// fault notes what is wrong with row i of a segment, of the column that is
// being read; done rows of the batch stand before it.
func (f *recordFiller) fault(which, done int, s segment, i int, reason pipeline.RejectReason) {
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
func (f *recordFiller) reject(b *pipeline.Batch) {
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
