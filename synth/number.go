package synth

import "github.com/avstam/avstam/calendar"

// coordinationDays is what is added to the day of a coordination number.
const coordinationDays = 60

// number12 is the number of a date, as it stands in the number, and a serial.
func number12(year, month, day, serial int) uint64 {
	nine := uint64(year%100)*10_000_000 + uint64(month)*100_000 + uint64(day)*1000 + uint64(serial)
	return (uint64(year/100)*1_000_000_000+nine)*10 + checkDigit(nine)
}

// checkDigit is the Luhn digit of nine digits: doubled in turn, the first
// doubled, their digits are summed, and it fills the sum up to a multiple of ten.
func checkDigit(nine uint64) uint64 {
	sum := uint64(0)
	for doubled := true; nine > 0; doubled = !doubled {
		digit := nine % 10
		if doubled {
			digit *= 2
		}
		sum += digit/10 + digit%10
		nine /= 10
	}
	return (10 - sum%10) % 10
}

func yearOf(number uint64) int { return int(number / 100_000_000) }

// dayOf is the day in the number.
func dayOf(number uint64) int { return int(number / 10_000 % 100) }

func kindOf(number uint64) string {
	if dayOf(number) >= coordinationDays {
		return "coordination"
	}
	return "personal"
}

// born is the day that a personal number of the calendar stands for.
func born(number uint64) calendar.Day {
	return calendar.Of(yearOf(number), int(number/1_000_000%100), dayOf(number))
}

// A spelling is a way to write a number.
type spelling uint8

const (
	twelve spelling = iota
	thirteen
	ten
	eleven
	thirteenWrong // with the other separator
	elevenWrong
)

// appendNumber writes a number as a record of a year has it.
func appendNumber(dst []byte, number uint64, year int, as spelling) []byte {
	var digits [12]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + number%10)
		number /= 10
	}
	head, separator := digits[:8], byte('-')
	numberYear := int(digits[0]-'0')*1000 + int(digits[1]-'0')*100 + int(digits[2]-'0')*10 + int(digits[3]-'0')
	// FOL 18 §: a plus from the calendar year of the hundredth birthday.
	if (year-numberYear >= 100) != (as == thirteenWrong || as == elevenWrong) {
		separator = '+'
	}
	if as == ten || as == eleven || as == elevenWrong {
		head = digits[2:8]
	}
	dst = append(dst, head...)
	if as != twelve && as != ten {
		dst = append(dst, separator)
	}
	return append(dst, digits[8:]...)
}

// rightSpelling is one that says the number and nothing else, where the
// register has no number of the same ten digits.
func rightSpelling(c *chance) spelling {
	switch part := c.below(100); {
	case part < 55:
		return twelve
	case part < 70:
		return thirteen
	case part < 85:
		return ten
	}
	return eleven
}

// appendPadded is appendNumber with a blank before or after it now and then,
// which readers trim.
func appendPadded(dst []byte, c *chance, number uint64, year int, as spelling) []byte {
	blanks := c.below(500)
	if blanks == 1 {
		dst = append(dst, ' ')
	}
	dst = appendNumber(dst, number, year, as)
	if blanks == 2 {
		dst = append(dst, ' ', '\t')
	}
	return dst
}
