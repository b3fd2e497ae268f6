package identity

import (
	"encoding/binary"
	"fmt"

	"github.com/avstam/avstam/calendar"
)

// Number is a personal or coordination number: its twelve digits YYYYMMDDNNNC
// as one integer, so that numbers are comparable and ordered by the date in
// them. The zero Number is not valid. The date need not be the birth date.
//
// A Number is personal data. It is masked wherever text is made of it, by
// package fmt, log/slog or encoding/json; AppendDigits is the one way to its
// digits.
type Number uint64

// coordinationDays is what is added to the day of a coordination number
// (SNL 2 kap. 8 §).
const coordinationDays = 60

// Fields are the date and the serial as they stand in the number: the day of a
// coordination number is 60 to 91, and its month may be 0.
func (n Number) Fields() (year, month, day, serial int) {
	serial = int(n / 10 % 1000)
	date := uint32(n / 10000)
	return int(date / 10000), int(date / 100 % 100), int(date % 100), serial
}

// Year is the year in the number.
func (n Number) Year() int { return int(n / 100_000_000) }

// YearMonth is the year times 100 plus the month in the number.
func (n Number) YearMonth() int { return int(n / 1_000_000) }

// IsCoordination says whether a valid number is a coordination number.
func (n Number) IsCoordination() bool { return n/10_000%100 >= coordinationDays }

// Kind is Personal or Coordination, and NoKind for the zero Number.
func (n Number) Kind() Kind {
	switch {
	case n == 0:
		return NoKind
	case n.IsCoordination():
		return Coordination
	}
	return Personal
}

// IsSuspectDate says whether a coordination number has a day that its month
// does not have. An unknown month (00) or day (60) is not suspect, and such a
// number is no error: it was assigned so.
func (n Number) IsSuspectDate() bool {
	year, month, day, _ := n.Fields()
	return month != 0 && day-coordinationDays > calendar.DaysInMonth(year, month)
}

// AppendDigits appends the twelve digits. It appends nothing for the zero Number.
func (n Number) AppendDigits(dst []byte) []byte {
	if n == 0 {
		return dst
	}
	high, low := eightDigits(uint64(n)/1_0000_0000), eightDigits(uint64(n)%1_0000_0000)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(high>>32))
	return binary.LittleEndian.AppendUint64(dst, low)
}

// eightDigits are the digits of a number below 100,000,000 as text, the first in
// the low eight bits. It divides all its parts at once, in one word: two of four
// digits, then four of two, then eight of one.
func eightDigits(n uint64) uint64 {
	fours := n/1_0000 | n%1_0000<<32
	hundreds := fours * 10486 >> 20 & (127<<32 | 127)
	twos := hundreds | (fours-100*hundreds)<<16
	tens := twos * 103 >> 10 & (15<<48 | 15<<32 | 15<<16 | 15)
	return tens | (twos-10*tens)<<8 | '0'*0x0101010101010101
}

// AppendMasked appends the year and hides the rest with asterisks. It appends
// nothing for the zero Number.
func (n Number) AppendMasked(dst []byte) []byte {
	if n == 0 {
		return dst
	}
	year := n.Year()
	dst = append(dst, byte('0'+year/1000%10), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10))
	return append(dst, "********"...)
}

// String is the number masked as by AppendMasked.
func (n Number) String() string { return string(n.AppendMasked(nil)) }

// GoString is String.
func (n Number) GoString() string { return n.String() }

// Format writes the masked number for every verb of package fmt, padded to the
// verb's width: what reaches a log or an error must not tell who it is.
//
// Package fmt does not ask for it, and prints the digits, in two cases: for a
// Number in a field that is not exported, and for the verbs %p and, as no
// error, %w. Do not format a struct with such a field.
func (n Number) Format(state fmt.State, _ rune) {
	fmt.Fprintf(state, fmt.FormatString(state, 's'), n.String())
}

// MarshalText is String, for package log/slog, JSON and the like.
func (n Number) MarshalText() ([]byte, error) { return n.AppendMasked(nil), nil }

// Kind says what a text is.
type Kind uint8

// The kinds. NoKind is the kind of malformed text. Values are stable.
const (
	NoKind       Kind = iota
	Personal          // personnummer
	Coordination      // samordningsnummer
	Organisation      // organisationsnummer
	GD                // GD-nummer (302…), a person in Försäkringskassan's and others' systems
	Interim           // interimspersonnummer, a letter in place of the first serial digit
)

var kindNames = [...]string{"", "personal", "coordination", "organisation", "gd", "interim"}

// String is the kind's name in reports; empty for NoKind.
func (k Kind) String() string { return kindNames[k] }

// Fault is the first thing wrong with a text that is no number of any kind.
// Faults are ordered: a lower one takes precedence. Values are stable.
type Fault uint8

// The faults in their order.
const (
	NoFault    Fault = iota
	Empty            // nothing but blanks
	Characters       // anything but digits
	Length           // neither ten nor twelve digits
	Century          // a century other than 18, 19 and 20
	Date             // no such date, or a month over 12 or a day over 91 of a coordination number
	Serial           // serial 000
	CheckDigit       // the Luhn check digit does not hold
)

// Faults is how many values a Fault has, NoFault with them.
const Faults = len(faultNames)

var faultNames = [...]string{"", "empty", "characters", "length", "century", "date", "serial", "check_digit"}

// String is the fault's name in reports; empty for NoFault.
func (f Fault) String() string { return faultNames[f] }

// Separator is the sign before the last four characters.
type Separator uint8

// The separators. A plus replaces the hyphen in the calendar year in which the
// person turns 100 (FOL 18 §).
const (
	NoSeparator Separator = iota
	Hyphen
	Plus
)

// Contradicts says whether the separator contradicts a number's century in a
// record of the given year: a plus stands exactly where the year lies a hundred
// or more after that in the number. No separator contradicts nothing.
func (s Separator) Contradicts(n Number, year int) bool {
	return s != NoSeparator && (s == Plus) != (year-n.Year() >= 100)
}
