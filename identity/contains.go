package identity

import (
	"unicode"
	"unicode/utf8"
)

const (
	shortDigits = 10
	longDigits  = 12
	// anyYear is the year by which ten digits are read. Only of 29 February does it
	// matter to whether they are a number at all.
	anyYear = 2024
)

// Contains says whether a text has a personal or coordination number in it, in
// whatever spelling: ten or twelve digits that are whole runs of digits, of any
// script, with anything but letters between them. It is for texts in which no such
// number may stand, so that 640823 3234 is one as 640823-3234 is; a day and a code
// that happen to be a number when they are read as one cannot be told from it.
func Contains(text []byte) bool {
	if !canContain(text) {
		return false
	}
	var digits []byte // of a stretch without letters
	var starts []int  // where runs begin in digits
	inRun := false
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch digit, isDigit := digitOf(r); {
		case isDigit:
			if !inRun {
				starts = append(starts, len(digits))
			}
			digits, inRun = append(digits, digit), true
		case unicode.IsLetter(r):
			if hasNumber(digits, starts) {
				return true
			}
			digits, starts, inRun = digits[:0], starts[:0], false
		default:
			inRun = false
		}
	}
	return hasNumber(digits, starts)
}

// canContain is quick about texts with too few digits.
func canContain(text []byte) bool {
	candidates := 0
	for _, c := range text {
		if '0' <= c && c <= '9' || c >= utf8.RuneSelf {
			candidates++
		}
	}
	return candidates >= shortDigits
}

// hasNumber says whether neighbouring runs of digits are a number together.
func hasNumber(digits []byte, starts []int) bool {
	for i, start := range starts {
		for j := i + 1; j <= len(starts); j++ {
			end := len(digits)
			if j < len(starts) {
				end = starts[j]
			}
			if end-start > longDigits {
				break
			}
			if (end-start == shortDigits || end-start == longDigits) && isPersons(digits[start:end]) {
				return true
			}
		}
	}
	return false
}

func isPersons(digits []byte) bool {
	read := Parse(digits)
	if read.Fault != NoFault || read.Kind > Coordination {
		return false
	}
	number, _ := read.In(anyYear)
	return number != 0
}

// digitOf is a decimal digit of any script as an ASCII one. The ten of a script
// follow each other.
func digitOf(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), '0' <= r && r <= '9'
	}
	for _, table := range unicode.Nd.R16 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return byte('0' + (r-rune(table.Lo))%10), true
		}
	}
	for _, table := range unicode.Nd.R32 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return byte('0' + (r-rune(table.Lo))%10), true
		}
	}
	return 0, false
}
