package identity

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/avstam/avstam/calendar"
)

// Text is what a text of a column says, before the year of its record decides
// the century of ten digits. It is 16 bytes and comparable.
//
// For twelve digits everything is settled: Fault is the fault, and Kind is set
// where there is none. For ten digits (Ten is true) Fault is set where they are
// no number in any century, and In, Younger and Older settle the rest; where
// those report a fault, Kind does not count.
//
// The digits are no public field, and package fmt prints the kind or the fault
// in their place.
type Text struct {
	// Of a person: the twelve digits as an integer, and ten digits as if their
	// century were 20. 0 for other kinds, and for faults before Century.
	digits uint64
	Kind   Kind
	Fault  Fault
	// A struct of its own because the compiler keeps structs of up to four
	// fields in registers: one of five would be copied through memory.
	Spelling
}

// Spelling is how a number was written. It is the zero Spelling for faults
// before Century.
type Spelling struct {
	Separator Separator
	Ten       bool // ten digits, not twelve
}

// Format writes the kind, or the fault where there is no kind, for every verb
// of package fmt: the digits do not reach a log. The limits are those of
// Number.Format.
func (t Text) Format(state fmt.State, _ rune) {
	said := t.Kind.String()
	if t.Kind == NoKind {
		said = t.Fault.String()
	}
	fmt.Fprintf(state, fmt.FormatString(state, 's'), said)
}

// Parse reads text as given: blanks and tabs around it do not count. The order
// in which kinds and faults are tried is that of docs/domain.md.
//
// The date is read as eight characters at once, the serial and the check digit
// as four, and no branch is on the length: in a column of mixed spellings the
// processor would guess it wrong every other time.
func Parse(text []byte) Text {
	n := len(text)
	if n < 10 || n > 13 {
		return parseUnusual(text)
	}
	date := binary.LittleEndian.Uint64(text)
	serial := binary.LittleEndian.Uint32(text[n-4:])
	// In 10 and 12 characters a digit stands here, which is no separator.
	separator := separators[text[n-5]]
	// Ten digits get the century 20 in front: the one in which year 00 is a leap
	// year too, so that every date passes that one of the centuries has.
	shift := uint(n-12) >> 63 << 4 // 16 bits for ten digits, else 0
	date = date<<shift | ('2'|'0'<<8)&(1<<shift-1)
	date ^= zeros8
	serial ^= zeros4
	if notDigits(date, serial) || n&1 > int(separator) {
		return parseUnusual(text)
	}
	// Every even byte becomes a pair of digits.
	date = date*10 + date>>8
	serial = serial*10 + serial>>8
	t := read(uint8(date), uint8(date>>16), uint8(date>>32), uint8(date>>48), uint8(serial), uint8(serial>>16),
		Spelling{Separator: separator, Ten: n < 12})
	if t.Kind == NoKind {
		return t.judge()
	}
	return t
}

// separators are the characters that may stand before the last four.
var separators = [256]Separator{'-': Hyphen, '+': Plus}

const (
	// The character 0 in every byte of a word: with it, an exclusive or turns
	// digits into their values.
	zeros8 = 0x3030303030303030
	zeros4 = 0x30303030
)

// notDigits says whether a byte of the words is not 0 to 9.
func notDigits(date uint64, serial uint32) bool {
	// A byte from 10 to 15 flows over into its upper half when 6 is added.
	return (date|(date+0x0606060606060606)|uint64(serial|(serial+0x06060606)))&0xf0f0f0f0f0f0f0f0 != 0
}

// read reads twelve digits in pairs; first and last are those of the serial and
// the check digit. Kind is NoKind where judge must look.
func read(century, year, month, day, first, last uint8, spelling Spelling) Text {
	yearMonthDay := ((uint32(century)*100+uint32(year))*100+uint32(month))*100 + uint32(day)
	last4 := uint32(first)*100 + uint32(last)
	sum := luhnOf[year] + luhnOf[month] + luhnOf[day] + luhnOf[first] + luhnOf[last]

	coordination := (coordinationDays - 1 - day) >> 7 // 1 where it is one, else 0
	firstDay := 1 + (coordinationDays-1)*coordination
	kind := Personal + Kind(coordination)
	if century-18 > 2 || day-firstDay >= daysOf[month|coordination<<7] || last4 < 10 || tens>>(sum&63)&1 == 0 {
		kind = NoKind
	}
	return Text{digits: uint64(yearMonthDay)*1e4 + uint64(last4), Kind: kind, Spelling: spelling}
}

// daysOf is how many days a month has in every year, and in its upper half how
// many a coordination number may have: 60 to 91, in months 00 to 12.
var daysOf = [256]uint8{
	1: 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	128: 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32,
}

// luhnOf is what a pair of digits adds to the Luhn sum, less the tens. The
// weights are 2 and 1 in every pair, the check digit's own included.
var luhnOf = func() (sums [256]uint8) {
	for pair := range uint8(100) {
		doubled := pair / 10 * 2
		sums[pair] = (doubled/10 + doubled%10 + pair%10) % 10
	}
	return sums
}()

// tens has a bit for each sum of five pairs that 10 divides.
const tens = 1<<0 | 1<<10 | 1<<20 | 1<<30 | 1<<40

// judge decides what read does not: a leap day, an organisation, or else the
// first fault.
func (t Text) judge() Text {
	luhn := luhnHolds(t.digits)
	year, month, day, serial := Number(t.digits).Fields()
	switch {
	// The third of an organisation's ten digits is 2 or more, which no month is.
	case month >= 20 && (t.Ten || year/100 == 16) && t.Separator != Plus && luhn:
		kind := Organisation
		if year%100 == 30 && month/10 == 2 { // 302…
			kind = GD
		}
		return Text{Kind: kind, Spelling: t.Spelling}
	case year < 1800 || year > 2099:
		t.Fault = Century
	case day < coordinationDays && !calendar.IsValid(year, month, day),
		day >= coordinationDays && (month > 12 || day > 91):
		t.Fault = Date
	case serial == 0:
		t.Fault = Serial
	case !luhn:
		t.Fault = CheckDigit
	default: // 29 February
		t.Kind = Personal
	}
	return t
}

// luhnHolds says whether 10 divides the Luhn sum of the last ten digits.
func luhnHolds(digits uint64) bool {
	var sum uint8
	for range 5 {
		sum += luhnOf[digits%100]
		digits /= 100
	}
	return sum%10 == 0
}

// parseUnusual reads what is not ten or twelve digits, with or without a
// separator and nothing around them.
func parseUnusual(text []byte) Text {
	if trimmed := bytes.Trim(text, " \t"); len(trimmed) < len(text) {
		return Parse(trimmed)
	}
	if len(text) == 0 {
		return Text{Fault: Empty}
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return parseInterim(text)
		}
	}
	return Text{Fault: Length}
}

// interimLetters stand in place of the first digit of the serial, and count as 1.
const interimLetters = "TRSUWXJKLMN"

// parseInterim reads text in which not all characters are digits. It is an
// interim number where a 1 in place of the letter makes it a personal number.
func parseInterim(text []byte) Text {
	n := len(text)
	if n >= 10 && n <= 13 && strings.IndexByte(interimLetters, text[n-4]) >= 0 {
		var digits [13]byte
		copy(digits[:], text)
		digits[n-4] = '1'
		if t := Parse(digits[:n]); t.Kind == Personal && t.Separator != Plus {
			return Text{Kind: Interim, Spelling: t.Spelling}
		}
	}
	return Text{Fault: Characters}
}

// ParseInteger reads a value of a numeric column, which has lost its leading
// zeros: with fewer than ten digits it is padded to ten. A negative value has a
// sign, which is no digit.
func ParseInteger(value int64) Text {
	ten := false
	switch {
	case value < 0:
		return Text{Fault: Characters}
	case value < 1e10:
		ten = true
		value += 20 * 1e10 // the century, as in Parse
	case value < 1e11 || value >= 1e12:
		return Text{Fault: Length}
	}
	date, last4 := uint32(value/1e4), uint32(value%1e4)
	centuryYear, monthDay := date/1e4, date%1e4
	t := read(uint8(centuryYear/100), uint8(centuryYear%100), uint8(monthDay/100), uint8(monthDay%100),
		uint8(last4/100), uint8(last4%100), Spelling{Ten: ten})
	if t.Kind == NoKind {
		return t.judge()
	}
	return t
}
