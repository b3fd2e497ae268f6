package identity

import "github.com/avstam/avstam/calendar"

// Number is the number of twelve digits without a fault. It is 0 for ten
// digits, for other kinds and for malformed text.
func (t Text) Number() Number {
	if t.Ten || t.Fault != NoFault || t.Kind > Coordination {
		return 0
	}
	return Number(t.digits)
}

// Younger reads ten digits as the number whose year lies in [year-99, year],
// where year is that of the record's date. The number is 0 exactly where there
// is a fault. It must be called only where Ten is true, and not for other kinds.
func (t Text) Younger(year int) (Number, Fault) {
	return t.inYear(t.youngerYear(year))
}

// Older reads ten digits as the number a hundred years before Younger's.
func (t Text) Older(year int) (Number, Fault) {
	return t.inYear(t.youngerYear(year) - 100)
}

// Both is Younger and Older in one, for text without a fault of its own: each
// number is 0 exactly where that would report a fault.
func (t Text) Both(year int) (younger, older Number) {
	century := year / 100
	// The digits stand there as if of the century 20.
	if t.digits >= uint64(2000+year-century*100+1)*1e8 {
		century--
	}
	if uint(century-18) > 3 || t.isLeapDay() {
		younger, _ = t.Younger(year)
		older, _ = t.Older(year)
		return younger, older
	}
	younger = Number(t.digits + uint64(century)*1e10 - 20*1e10)
	older = younger - 1e10
	// Of the centuries 18 to 21, one is no longer there and one not yet.
	if century == 18 {
		older = 0
	}
	if century == 21 {
		younger = 0
	}
	return younger, older
}

// Likely is Number of twelve digits and Younger of ten in one, without a branch
// on which they are: in a column of mixed spellings the processor would guess it
// wrong every third time. It reports false where it cannot tell, and In or Both
// must: a fault, another kind, a plus, a year not from 2000 to 2099.
func (t *Text) Likely(year int) (Number, bool) {
	ten := uint64(0)
	if t.Ten {
		ten = 1
	}
	// Ten digits stand there as if of the century 20: those of a later year are of
	// the century before.
	later := (uint64(year)*1e8 + 1e8 - 1 - t.digits) >> 63
	return Number(t.digits - ten*later*1e10), t.Fault == NoFault && t.Kind-1 < Coordination && uint(year-2000) < 100 && t.Separator != Plus
}

// youngerYear is the last year until the given one that ends in the first two
// of ten digits. Years before 100 give another one before 200: it is of no
// century either.
func (t Text) youngerYear(year int) int {
	return year - (year-int(t.digits/1e8%100))%100
}

// inYear reads ten digits as a number of the given year, whose last two digits
// are theirs.
func (t Text) inYear(year int) (Number, Fault) {
	switch {
	case year < 1800 || year > 2099:
		return 0, Century
	case t.isLeapDay() && !calendar.IsLeap(year):
		return 0, Date
	case t.Fault != NoFault:
		return 0, t.Fault
	}
	return Number(uint64(year)*1e8 + t.digits%1e8), NoFault
}

// isLeapDay says whether the digits are those of a personal number of
// 29 February, the one date that only some centuries have.
func (t Text) isLeapDay() bool { return t.digits/1e4%1e4 == 229 }

// In reads the text for a record of the given year, without a register: twelve
// digits as they are; ten digits with a plus as the older number; ten digits
// else as the younger, or as the older where only that is a number. Where
// neither is, the fault is the younger's. The number is 0 for other kinds and
// where there is a fault.
func (t Text) In(year int) (Number, Fault) {
	if !t.Ten || t.Kind > Coordination {
		return t.Number(), t.Fault
	}
	if t.Separator == Plus {
		return t.Older(year)
	}
	number, fault := t.Younger(year)
	if fault == NoFault {
		return number, NoFault
	}
	if older, olderFault := t.Older(year); olderFault == NoFault {
		return older, NoFault
	}
	return 0, fault
}
