package readers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// parseDay reads a day. Without a layout it is written as 2006-01-02, 20060102,
// 02.01.2006, or as 2006-01-02 with a time of day after a T or a blank; a time
// with a zone is that of the day in Sweden. A layout, as of package time, is
// the only form that is read. Blanks around it do not count.
func parseDay(text []byte, layout string) (calendar.Day, bool) {
	if len(text) == len(time.DateOnly) && layout == "" {
		if day, ok := parseISODay(text); ok { // fast path
			return day, true
		}
	}
	if len(text) > limitValue {
		return calendar.Missing, false
	}
	text = bytes.Trim(text, " \t")
	switch {
	case layout != "":
		return parseDayAs(text, layout)
	case len(text) == 10 && text[2] == '.' && text[5] == '.':
		return dayOfText(text[6:10], text[3:5], text[0:2])
	case len(text) == 10:
		return calendar.Parse(text)
	case len(text) == 8:
		return dayOfText(text[0:4], text[4:6], text[6:8])
	case len(text) > 10 && (text[10] == 'T' || text[10] == ' '):
		return parseTime(text)
	}
	return calendar.Missing, false
}

// isZeroFilled says whether text is nothing but zeros, as 0, 00000000 or
// 0000-00-00: registers of fixed width fill the place of a missing day or link
// with them.
func isZeroFilled(text []byte) bool {
	if len(text) > limitValue {
		return false
	}
	text = bytes.Trim(text, " \t")
	return len(text) > 0 && text[0] == '0' && len(bytes.Trim(text, "0-")) == 0
}

// parseISODay reads ten characters as 2006-01-02, eight of them at once.
func parseISODay(text []byte) (calendar.Day, bool) {
	const (
		digits  = 0x00ffff00ffffffff // of 2006-01-
		hyphens = 0x2d00002d00000000
		zeros   = 0x0030300030303030
	)
	word := binary.LittleEndian.Uint64(text)
	day := binary.LittleEndian.Uint16(text[8:])
	number := word&digits ^ zeros
	dayNumber := day ^ 0x3030
	// A digit plus 0x76 stays below 0x80; the sum of a greater byte does not.
	if word&^digits != hyphens ||
		(number|(number+0x0076760076767676))&0x0080800080808080 != 0 ||
		(dayNumber|(dayNumber+0x7676))&0x8080 != 0 {
		return calendar.Missing, false
	}
	pairs := number*10 + number>>8
	year := int(pairs&0xff)*100 + int(pairs>>16&0xff)
	month := int(number>>40&0xff)*10 + int(number>>48&0xff)
	dayOfMonth := int(dayNumber&0xff)*10 + int(dayNumber>>8)
	if !calendar.IsValid(year, month, dayOfMonth) {
		return calendar.Missing, false
	}
	return calendar.Of(year, month, dayOfMonth), true
}

func dayOfText(yearText, monthText, dayText []byte) (calendar.Day, bool) {
	year, yearOK := digitsOf(yearText)
	month, monthOK := digitsOf(monthText)
	day, dayOK := digitsOf(dayText)
	if !yearOK || !monthOK || !dayOK || !calendar.IsValid(year, month, day) {
		return calendar.Missing, false
	}
	return calendar.Of(year, month, day), true
}

func digitsOf(text []byte) (value int, ok bool) {
	for _, c := range text {
		if c-'0' > 9 {
			return 0, false
		}
		value = value*10 + int(c-'0')
	}
	return value, len(text) > 0
}

// parseTime reads 2006-01-02T15:04, with or without seconds, a fraction of them
// (ISO 8601) and a zone: Z, +02, +0200 or +02:00.
func parseTime(text []byte) (calendar.Day, bool) {
	day, ok := calendar.Parse(text[:10])
	if !ok {
		return calendar.Missing, false
	}
	text = text[11:]
	hour, minute, second := 0, 0, 0
	if hour, text, ok = twoDigits(text, 23); !ok || len(text) == 0 || text[0] != ':' {
		return calendar.Missing, false
	}
	if minute, text, ok = twoDigits(text[1:], 59); !ok {
		return calendar.Missing, false
	}
	if len(text) > 0 && text[0] == ':' {
		if second, text, ok = twoDigits(text[1:], 60); !ok { // 60 is a leap second
			return calendar.Missing, false
		}
		if len(text) > 0 && (text[0] == '.' || text[0] == ',') {
			fraction := 1
			for fraction < len(text) && text[fraction]-'0' <= 9 {
				fraction++
			}
			if fraction == 1 {
				return calendar.Missing, false
			}
			text = text[fraction:]
		}
	}
	if len(text) > 0 && text[0] == ' ' {
		text = text[1:] // 2006-01-02 15:04:05 +0200
		if len(text) == 0 {
			return calendar.Missing, false
		}
	}
	if len(text) == 0 {
		return day, true
	}
	offset := 0 // seconds east of UTC
	if sign := text[0]; sign == '+' || sign == '-' {
		hours, minutes := 0, 0
		if hours, text, ok = twoDigits(text[1:], 23); !ok {
			return calendar.Missing, false
		}
		if len(text) > 0 && text[0] == ':' {
			if text = text[1:]; len(text) == 0 {
				return calendar.Missing, false
			}
		}
		if len(text) > 0 {
			if minutes, text, ok = twoDigits(text, 59); !ok {
				return calendar.Missing, false
			}
		}
		if offset = hours*3600 + minutes*60; sign == '-' {
			offset = -offset
		}
	} else if sign == 'Z' {
		text = text[1:]
	}
	if len(text) != 0 {
		return calendar.Missing, false
	}
	return dayInSweden(int64(day)*86400 + int64(hour*3600+minute*60+second-offset))
}

// twoDigits reads the two digits that text begins with, of a value up to last.
func twoDigits(text []byte, last int) (value int, rest []byte, ok bool) {
	if len(text) < 2 {
		return 0, text, false
	}
	value, ok = digitsOf(text[:2])
	return value, text[2:], ok && value <= last
}

// dayInSweden is the day that it was in Sweden at a time given in seconds since
// 1970-01-01 UTC. It reports false where that lies outside the years 1 to 9999.
func dayInSweden(seconds int64) (calendar.Day, bool) {
	if seconds < int64(calendar.First-1)*86400 || seconds > int64(calendar.Last+2)*86400 {
		return calendar.Missing, false
	}
	year, month, day := time.Unix(seconds, 0).In(calendar.Sweden()).Date()
	if !calendar.IsValid(year, int(month), day) {
		return calendar.Missing, false
	}
	return calendar.Of(year, int(month), day), true
}

// unzoned is the zone of times that tell none: no zone of the world lies a
// second east of Greenwich.
var unzoned = time.FixedZone("", 1)

// parseDayAs reads a day written in a layout of package time.
func parseDayAs(text []byte, layout string) (calendar.Day, bool) {
	at, err := time.ParseInLocation(layout, string(text), unzoned)
	if err != nil {
		return calendar.Missing, false
	}
	if at.Location() != unzoned {
		return dayInSweden(at.Unix())
	}
	year, month, day := at.Date()
	if !calendar.IsValid(year, int(month), day) {
		return calendar.Missing, false
	}
	return calendar.Of(year, int(month), day), true
}

// CheckDateLayout refuses a layout, as of package time, that does not tell the
// day. None is one.
func CheckDateLayout(layout string) error {
	if layout == "" {
		return nil
	}
	at := time.Date(1987, time.November, 23, 0, 0, 0, 0, time.UTC)
	read, err := time.Parse(layout, at.Format(layout))
	switch {
	case err != nil || read.Year() != 1987 || read.YearDay() != at.YearDay():
		return errors.New("a date layout is the day 2 January 2006 as the files write days, as 02.01.2006")
	case strings.Contains(layout, "MST"):
		return errors.New("a date layout has the time zone as -0700 or Z07:00: the name of a zone does not tell which it is")
	}
	return nil
}

// CheckRegisterDateLayout refuses a layout of a register's days that does not tell the
// century: people of the register were born in three of them, and of two digits most
// days before 1969 would be read as days to come.
func CheckRegisterDateLayout(layout string) error {
	at := time.Date(1887, time.November, 23, 0, 0, 0, 0, time.UTC)
	if read, err := time.Parse(layout, at.Format(layout)); layout != "" && (err != nil || read.Year() != 1887) {
		return errors.New("a date layout of a register has the year with four digits, as 20060102: of two the century cannot be told")
	}
	return nil
}

// parseUsualAmount reads data[start:end] as one to eight digits, the decimal
// sign and two digits, eight characters at once: a loop over digits would have
// the processor guess how many there are. It reports false for all else.
func parseUsualAmount(data []byte, start, end uint32, decimal byte) (ore int64, ok bool) {
	const (
		digits = 8 // of kronor
		zeros  = 0x3030303030303030
	)
	length := end - start // at least 4, at most 11
	if length-4 > digits-1 || end < digits+3 || data[end-3] != decimal {
		return 0, false
	}
	// What stands before the first digit, in the lower bytes, does not count.
	kronor := (binary.LittleEndian.Uint64(data[end-11:]) ^ zeros) >> (8 * (digits + 3 - length)) << (8 * (digits + 3 - length))
	tens, ones := uint64(data[end-2])-'0', uint64(data[end-1])-'0'
	// A byte from 10 to 15 flows over into its upper half when 6 is added.
	if (kronor|(kronor+0x0606060606060606))&0xf0f0f0f0f0f0f0f0 != 0 || tens > 9 || ones > 9 {
		return 0, false
	}
	// Of two, four and then eight digits each lower part counts more.
	kronor = (kronor*10 + kronor>>8) & 0x00ff00ff00ff00ff
	kronor = (kronor*100 + kronor>>16) & 0x0000ffff0000ffff
	kronor = (kronor*10_000 + kronor>>32) & 0xffffffff
	return int64(kronor*100 + tens*10 + ones), true
}

// parseAmount reads an amount into öre: digits, thousands separated by blanks
// (space, no-break space, narrow no-break space), at most two digits after the
// decimal sign, a hyphen-minus or minus sign (U+2212) in front. The reason is
// NoReason where it could be read. Blanks around it do not count.
func parseAmount(text []byte, decimal byte) (ore int64, reason pipeline.RejectReason) {
	// Fast path: up to fifteen digits of kronor without blanks, as 1234.50.
	digits := text
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	kronor := int64(0)
	i := 0
	for i < len(digits) && i < 15 {
		digit := digits[i] - '0'
		if digit > 9 {
			break
		}
		kronor = kronor*10 + int64(digit)
		i++
	}
	switch {
	case i == 0:
		return parseAmountSlowly(text, decimal)
	case i == len(digits):
		ore = kronor * 100
	case i+3 == len(digits) && digits[i] == decimal && digits[i+1]-'0' <= 9 && digits[i+2]-'0' <= 9:
		ore = kronor*100 + int64(digits[i+1]-'0')*10 + int64(digits[i+2]-'0')
	default:
		return parseAmountSlowly(text, decimal)
	}
	if negative {
		ore = -ore
	}
	return ore, pipeline.NoReason
}

// limitAmount is the greatest amount, in öre: findings have it as a DECIMAL(18,2).
const limitAmount = 999_999_999_999_999_999

// parseAmountSlowly reads every form of an amount.
func parseAmountSlowly(text []byte, decimal byte) (int64, pipeline.RejectReason) {
	if len(text) > limitValue {
		return 0, pipeline.BadAmount
	}
	text = trimBlanks(text)
	if len(text) == 0 {
		return 0, pipeline.MissingAmount
	}
	negative := false
	if text[0] == '-' {
		negative, text = true, text[1:]
	} else if r, size := utf8.DecodeRune(text); r == '\u2212' { // minus sign
		negative, text = true, text[size:]
	}
	var (
		ore        uint64
		overflow   bool
		whole      int // digits before the decimal sign
		group      int // of them, digits since the last blank
		hasGroups  bool
		fraction   int // digits after the decimal sign
		inFraction bool
	)
	for len(text) > 0 {
		c := text[0]
		size := 1
		switch {
		case c-'0' <= 9:
			high, low := bits.Mul64(ore, 10)
			var carry uint64
			ore, carry = bits.Add64(low, uint64(c-'0'), 0)
			overflow = overflow || high+carry != 0
			if inFraction {
				fraction++
			} else {
				whole++
				group++
			}
		case c == decimal && !inFraction:
			inFraction = true
		default:
			// A blank between groups of three digits.
			size = blankAt(text)
			if size == 0 || inFraction || group == 0 || group > 3 || hasGroups && group != 3 {
				return 0, pipeline.BadAmount
			}
			hasGroups, group = true, 0
		}
		text = text[size:]
	}
	if whole+fraction == 0 || fraction > 2 || hasGroups && group != 3 {
		return 0, pipeline.BadAmount
	}
	for ; fraction < 2; fraction++ {
		high, low := bits.Mul64(ore, 10)
		ore = low
		overflow = overflow || high != 0
	}
	if overflow || ore > limitAmount {
		return 0, pipeline.AmountRange
	}
	if negative {
		return -int64(ore), pipeline.NoReason
	}
	return int64(ore), pipeline.NoReason
}

// blankAt is the length of the blank that text begins with, and 0 where it
// begins with anything else.
func blankAt(text []byte) int {
	switch {
	case text[0] == ' ':
		return 1
	case bytes.HasPrefix(text, []byte("\u00a0")): // no-break space
		return len("\u00a0")
	case bytes.HasPrefix(text, []byte("\u202f")): // narrow no-break space
		return len("\u202f")
	}
	return 0
}

func trimBlanks(text []byte) []byte { return bytes.Trim(text, " \t\u00a0\u202f") }

// isBlank says whether a day or another value is missing: its text is empty, or
// nothing but blanks.
func isBlank(text []byte) bool { return len(text) <= limitValue && len(trimBlanks(text)) == 0 }

// parsePartial reads a date of death: incomplete, or complete in any form of dates.
func parsePartial(text []byte, layout string) (calendar.Partial, bool) {
	if len(text) > limitValue {
		return 0, false
	}
	if partial, ok := calendar.ParsePartial(text); ok {
		return partial, true
	}
	day, ok := parseDay(text, layout)
	return calendar.PartialDay(day), ok
}

// parseProtected reads a boolean in English or Swedish, whatever its case.
// Empty text is NoValue. Blanks around it do not count.
func parseProtected(text []byte) (register.Tristate, bool) {
	if len(text) > limitValue {
		return register.NoValue, false
	}
	text = bytes.Trim(text, " \t")
	if len(text) == 0 {
		return register.NoValue, true
	}
	for _, word := range protectedWords {
		if bytes.EqualFold(text, word.text) {
			return word.value, true
		}
	}
	return register.NoValue, false
}

var protectedWords = [...]struct {
	text  []byte
	value register.Tristate
}{
	{[]byte("false"), register.False},
	{[]byte("true"), register.True},
	{[]byte("0"), register.False},
	{[]byte("1"), register.True},
	{[]byte("nej"), register.False},
	{[]byte("ja"), register.True},
	{[]byte("no"), register.False},
	{[]byte("yes"), register.True},
	{[]byte("falskt"), register.False},
	{[]byte("sant"), register.True},
	{[]byte("f"), register.False},
	{[]byte("t"), register.True},
	{[]byte("n"), register.False},
	{[]byte("j"), register.True},
	{[]byte("y"), register.True},
}
