package calendar

import "bytes"

// Partial is a date of which the day, or the day and the month, or everything
// may be unknown, as the population register keeps some dates of death. It is
// an interval of days. The zero Partial is a field that holds no date.
//
// Partials are comparable; their order as integers means nothing.
type Partial uint32

// Unknown is a date of which nothing is known but that there is one; the
// register writes it as 0.
const Unknown Partial = 1 << 31

// PartialOf is the date of a year 1 to 9999. A month of 0 leaves only the year,
// a day of 0 leaves year and month. It reports false where the calendar has no
// such date.
func PartialOf(year, month, day int) (Partial, bool) {
	switch {
	case year < 1 || year > 9999 || month < 0 || month > 12 || day < 0:
		return 0, false
	case month == 0 && day != 0, month != 0 && day > DaysInMonth(year, month):
		return 0, false
	}
	return Partial(year<<9 | month<<5 | day), true
}

// PartialDay is the complete date of a valid day, and the zero Partial for a missing one.
func PartialDay(d Day) Partial {
	if d == Missing {
		return 0
	}
	year, month, day := d.Civil()
	return Partial(year<<9 | month<<5 | day)
}

// Fields are year, month and day; what is not known is 0.
func (p Partial) Fields() (year, month, day int) {
	p &^= Unknown
	return int(p >> 9), int(p >> 5 & 15), int(p & 31)
}

// IsComplete says whether the day is known.
func (p Partial) IsComplete() bool { return p != Unknown && p&31 != 0 }

// Earliest is the first day that the date can be: First for Unknown, Missing
// for the zero Partial.
func (p Partial) Earliest() Day {
	switch p {
	case 0:
		return Missing
	case Unknown:
		return First
	}
	year, month, day := p.Fields()
	return Of(year, max(month, 1), max(day, 1))
}

// Latest is the last day that the date can be: Last for Unknown, Missing for
// the zero Partial.
func (p Partial) Latest() Day {
	switch p {
	case 0:
		return Missing
	case Unknown:
		return Last
	}
	year, month, day := p.Fields()
	if month == 0 {
		month = 12
	}
	if day == 0 {
		day = DaysInMonth(year, month)
	}
	return Of(year, month, day)
}

// AppendText appends the date as 2019-05-17, 2019-05-00 or 2019-00-00, and 0
// for Unknown. The zero Partial appends nothing.
func (p Partial) AppendText(dst []byte) []byte {
	switch p {
	case 0:
		return dst
	case Unknown:
		return append(dst, '0')
	}
	year, month, day := p.Fields()
	return appendDate(dst, year, month, day)
}

// String is what AppendText appends.
func (p Partial) String() string { return string(p.AppendText(nil)) }

// ParsePartial reads what AppendText writes, the same without hyphens
// (20190517, 20190500, 20190000), and 0000-00-00 as Unknown. Blanks around it
// do not count. Empty text is the zero Partial. It reports false for anything else.
func ParsePartial(text []byte) (Partial, bool) {
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
		return 0, true
	case len(text) == 1 && text[0] == '0':
		return Unknown, true
	case len(text) == 10 && text[4] == '-' && text[7] == '-':
		return partialOfText(text[0:4], text[5:7], text[8:10])
	case len(text) == 8:
		return partialOfText(text[0:4], text[4:6], text[6:8])
	}
	return 0, false
}

func partialOfText(yearText, monthText, dayText []byte) (Partial, bool) {
	year, yearOK := digits(yearText)
	month, monthOK := digits(monthText)
	day, dayOK := digits(dayText)
	if !yearOK || !monthOK || !dayOK {
		return 0, false
	}
	if year == 0 && month == 0 && day == 0 {
		return Unknown, true
	}
	return PartialOf(year, month, day)
}
