package identity_test

import (
	"strconv"
	"strings"
	"time"

	"github.com/avstam/avstam/identity"
)

// The slow twin of the parser: the rules of docs/domain.md step by step, in the
// order of their sentences, on strings. It shares the names of kinds, faults
// and separators with the package, and nothing else.

// slowText is what slowParse makes of a text.
type slowText struct {
	kind      identity.Kind
	fault     identity.Fault // of ten digits only those that no century is needed for
	separator identity.Separator
	digits    string // ten or twelve, where fault is not one of the first three
}

func slowParse(text string) slowText {
	var t slowText
	text = strings.Trim(text, " \t")

	// "Take out one - or + that stands before the last four of 11 or 13 characters."
	rest := text
	if len(text) == 11 || len(text) == 13 {
		before, last4 := text[:len(text)-5], text[len(text)-4:]
		switch text[len(text)-5] {
		case '-':
			t.separator, rest = identity.Hyphen, before+last4
		case '+':
			t.separator, rest = identity.Plus, before+last4
		}
	}

	// "Then the other kinds." With a plus they are neither.
	if t.separator != identity.Plus {
		switch {
		case slowIsOrganisation(rest):
			t.kind = identity.Organisation
			if strings.HasPrefix(rest[len(rest)-10:], "302") {
				t.kind = identity.GD
			}
			return t
		case slowIsInterim(rest):
			t.kind = identity.Interim
			return t
		}
	}

	// "Then the faults in the order of the table."
	switch {
	case text == "":
		t.fault = identity.Empty
	case !slowOnlyDigits(rest):
		t.fault = identity.Characters
	case len(rest) != 10 && len(rest) != 12:
		t.fault = identity.Length
	default:
		t.digits = rest
	}
	if len(rest) == 12 && t.fault == identity.NoFault {
		year, _ := strconv.Atoi(rest[:4])
		t.fault = slowFault(year, rest[4:])
		if t.fault == identity.NoFault {
			t.kind = slowKind(rest[4:])
		}
	}
	return t
}

func slowOnlyDigits(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}

// slowIsOrganisation: ten digits, or twelve with prefix 16, of which the third
// of the ten is 2 or more and Luhn holds.
func slowIsOrganisation(text string) bool {
	if !slowOnlyDigits(text) {
		return false
	}
	if len(text) == 12 && strings.HasPrefix(text, "16") {
		text = text[2:]
	}
	return len(text) == 10 && strings.Contains("23456789", text[2:3]) && slowLuhn(text)
}

// slowIsInterim: ten or twelve with one of the letters in place of the first
// serial digit, a real date and Luhn with the letter as 1; plain days only,
// centuries 18 to 20, any century of ten.
func slowIsInterim(text string) bool {
	if len(text) != 10 && len(text) != 12 {
		return false
	}
	at := len(text) - 4
	isLetter := false
	for _, letter := range []string{"T", "R", "S", "U", "W", "X", "J", "K", "L", "M", "N"} {
		if text[at:at+1] == letter {
			isLetter = true
		}
	}
	text = text[:at] + "1" + text[at+1:]
	if !isLetter || !slowOnlyDigits(text) || !slowLuhn(text[len(text)-10:]) {
		return false
	}
	var dates []string
	if len(text) == 12 {
		dates = []string{text[:8]}
	} else {
		dates = []string{"18" + text[:6], "19" + text[:6], "20" + text[:6]}
	}
	for _, date := range dates {
		century := date[:2]
		if (century == "18" || century == "19" || century == "20") && slowIsDate(date) {
			return true
		}
	}
	return false
}

// slowFault is the first fault of a year with the eight digits after it.
func slowFault(year int, rest string) identity.Fault {
	if year < 1800 || year >= 2100 {
		return identity.Century
	}
	month, _ := strconv.Atoi(rest[0:2])
	day, _ := strconv.Atoi(rest[2:4])
	if day < 60 {
		if !slowIsDate(strconv.Itoa(year) + rest[:4]) {
			return identity.Date
		}
	} else if month > 12 || day > 91 {
		return identity.Date
	}
	if rest[4:7] == "000" {
		return identity.Serial
	}
	if !slowLuhn(strconv.Itoa(year)[2:] + rest) {
		return identity.CheckDigit
	}
	return identity.NoFault
}

func slowKind(rest string) identity.Kind {
	if rest[2:4] >= "60" {
		return identity.Coordination
	}
	return identity.Personal
}

// slowIsDate: the calendar has the eight digits. Package time moves what it
// does not have to another day.
func slowIsDate(digits string) bool {
	year, _ := strconv.Atoi(digits[0:4])
	month, _ := strconv.Atoi(digits[4:6])
	day, _ := strconv.Atoi(digits[6:8])
	date := time.Date(year, time.Month(month), day, 12, 0, 0, 0, time.UTC)
	return date.Year() == year && int(date.Month()) == month && date.Day() == day
}

// slowLuhn: the check digit that nine digits ask for is the tenth.
func slowLuhn(ten string) bool { return checkDigit(ten[:9]) == ten[9:] }

// slowReading is ten digits read in a year: the number as text, or a fault.
type slowReading struct {
	number string
	fault  identity.Fault
}

// younger: the year in [year-99, year] that ends in the first two digits.
func (t slowText) younger(year int) slowReading { return t.readIn(t.youngerYear(year)) }

// older: a hundred years before.
func (t slowText) older(year int) slowReading { return t.readIn(t.youngerYear(year) - 100) }

func (t slowText) youngerYear(year int) int {
	end, _ := strconv.Atoi(t.digits[:2])
	for candidate := year; candidate > year-100; candidate-- {
		if (candidate%100+100)%100 == end {
			return candidate
		}
	}
	panic("BUG: a hundred years in a row have every end")
}

func (t slowText) readIn(year int) slowReading {
	fault := slowFault(year, t.digits[2:])
	if fault != identity.NoFault {
		return slowReading{fault: fault}
	}
	return slowReading{number: strconv.Itoa(year) + t.digits[2:]}
}

// in reads for a record of the year, without a register.
func (t slowText) in(year int) slowReading {
	switch {
	case t.fault != identity.NoFault:
		return slowReading{fault: t.fault}
	case t.kind == identity.Organisation, t.kind == identity.GD, t.kind == identity.Interim:
		return slowReading{}
	case len(t.digits) == 12:
		return slowReading{number: t.digits}
	case t.separator == identity.Plus: // "With + only the older counts."
		return t.older(year)
	}
	// "Where only one of the two is a number at all, it is that one; where neither
	// is, the fault is the younger's."
	younger, older := t.younger(year), t.older(year)
	if younger.fault != identity.NoFault && older.fault == identity.NoFault {
		return older
	}
	return younger
}

// slowInteger is the text of an integer: padded with zeros to ten digits where
// it has fewer.
func slowInteger(value int64) string {
	text := strconv.FormatInt(value, 10)
	if value >= 0 && len(text) < 10 {
		text = strings.Repeat("0", 10-len(text)) + text
	}
	return text
}
