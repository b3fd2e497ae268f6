package reference

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// reading is what an identity number as given says in a record of some year.
type reading struct {
	fault     string // empty where there is none
	kind      string // empty where there is a fault
	number    string // twelve digits; empty where there is a fault or another kind
	older     string // the other number, where ten digits are two numbers of the register
	separator string // the sign before the last four: "-", "+" or none
}

// isPersons says whether the text is a personal or coordination number.
func (r reading) isPersons() bool { return r.number != "" }

// contradicts says whether the separator contradicts the number's century.
func (r reading) contradicts(year int) bool {
	turnedHundred := year-yearOf(r.number) >= 100
	return r.separator == "-" && turnedHundred || r.separator == "+" && !turnedHundred
}

// read reads a record's number. What the register knows decides the century of
// ten digits.
func read(record Record, isKnown func(string) bool) reading {
	text := record.IdentityNumber
	if record.IsInteger {
		text = strconv.FormatInt(record.Integer, 10)
		if record.Integer >= 0 {
			text = fmt.Sprintf("%010d", record.Integer)
		}
	}
	return readText(text, record.PaymentDate.Year(), isKnown)
}

func readText(text string, year int, isKnown func(string) bool) reading {
	text = strings.Trim(text, " \t")
	if text == "" {
		return reading{fault: "empty"}
	}
	text, separator := takeOutSeparator(text)
	if separator != "+" {
		if kind := otherKind(text); kind != "" {
			return reading{kind: kind}
		}
	}
	if !areDigits(text) {
		return reading{fault: "characters"}
	}
	result := reading{separator: separator}
	switch len(text) {
	case 12:
		result.number, result.fault = text, faultOf(text)
	case 10:
		result.number, result.older, result.fault = chooseCentury(text, separator, year, isKnown)
	default:
		result.fault = "length"
	}
	if result.fault != "" {
		return reading{fault: result.fault}
	}
	result.kind = kindOf(result.number)
	return result
}

// takeOutSeparator takes out one sign before the last four of 11 or 13 characters.
func takeOutSeparator(text string) (rest, separator string) {
	if len(text) != 11 && len(text) != 13 {
		return text, ""
	}
	at := len(text) - 5
	if text[at] != '-' && text[at] != '+' {
		return text, ""
	}
	return text[:at] + text[at+1:], text[at : at+1]
}

// chooseCentury reads ten digits as a number of one of two centuries. The
// second result is the older number where the digits are ambiguous.
func chooseCentury(ten, separator string, year int, isKnown func(string) bool) (number, ambiguousWith, fault string) {
	youngerYear := lastYearEndingIn(ten[:2], year)
	younger, youngerFault := inYear(ten, youngerYear)
	older, olderFault := inYear(ten, youngerYear-100)
	switch {
	case separator == "+":
		return older, "", olderFault
	case youngerFault != "" && olderFault != "":
		return "", "", youngerFault
	case youngerFault != "":
		return older, "", ""
	case olderFault != "":
		return younger, "", ""
	case isKnown(younger) && isKnown(older):
		return younger, older, ""
	case isKnown(older):
		return older, "", ""
	}
	return younger, "", ""
}

// lastYearEndingIn is the year not after year that ends in two digits.
func lastYearEndingIn(twoDigits string, year int) int {
	for y := year; y > year-100; y-- {
		if y >= 0 && fmt.Sprintf("%02d", y%100) == twoDigits {
			return y
		}
	}
	return 0 // before the year 100, a century that no number has
}

// inYear is the number of ten digits in the century of year.
func inYear(ten string, year int) (number, fault string) {
	if year < 1800 || year > 2099 {
		return "", "century"
	}
	number = strconv.Itoa(year) + ten[2:]
	return number, faultOf(number)
}

// faultOf is the first thing wrong with twelve digits; empty where nothing is.
func faultOf(number string) string {
	switch {
	case number[:2] != "18" && number[:2] != "19" && number[:2] != "20":
		return "century"
	case !hasDate(number):
		return "date"
	case number[8:11] == "000":
		return "serial"
	case !luhnHolds(number[2:]):
		return "check_digit"
	}
	return ""
}

// hasDate says whether twelve digits hold a date: one of the calendar for a
// personal number, month 00 to 12 and day 60 to 91 for a coordination number.
func hasDate(number string) bool {
	if kindOf(number) == "coordination" {
		return number[4:6] <= "12" && number[6:8] <= "91"
	}
	return isDate(number[:8])
}

func isDate(yyyymmdd string) bool {
	_, err := time.Parse("20060102", yyyymmdd)
	return err == nil
}

func kindOf(number string) string {
	if number[6:8] >= "60" {
		return "coordination"
	}
	return "personal"
}

func yearOf(number string) int {
	year, _ := strconv.Atoi(number[:4]) // four digits
	return year
}

// hasImpossibleDay says whether a coordination number's day is one that its
// month does not have. Month 00 and day 60 are unknown, not impossible.
func hasImpossibleDay(number string) bool {
	if kindOf(number) != "coordination" || number[4:6] == "00" || number[6:8] == "60" {
		return false
	}
	day, _ := strconv.Atoi(number[6:8]) // two digits
	return !isDate(number[:6] + fmt.Sprintf("%02d", day-60))
}

// otherKind is the kind of a text that is no number of a person in the
// register, once the separator is out; empty for all others.
func otherKind(text string) string {
	ten := text
	if len(text) == 12 {
		ten = text[2:]
	}
	if len(ten) != 10 {
		return ""
	}
	isOrganisation := areDigits(text) && (len(text) == 10 || text[:2] == "16") && ten[2] >= '2' && luhnHolds(ten)
	switch {
	case isOrganisation && ten[:3] == "302":
		return "gd"
	case isOrganisation:
		return "organisation"
	case isInterim(text, ten):
		return "interim"
	}
	return ""
}

// isInterim says whether a text of ten or twelve has an interim letter in place
// of its first serial digit, which counts as 1, and all else right.
func isInterim(text, ten string) bool {
	if !strings.Contains("TRSUWXJKLMN", ten[6:7]) {
		return false
	}
	ten = ten[:6] + "1" + ten[7:]
	if !areDigits(ten) || !luhnHolds(ten) {
		return false
	}
	for _, century := range []string{"18", "19", "20"} {
		if (len(text) == 10 || text[:2] == century) && isDate(century+ten[:6]) {
			return true
		}
	}
	return false
}

// luhnHolds says whether ten digits end in their check digit: doubled in turn
// from the first, the digits of the products sum to a multiple of ten.
func luhnHolds(ten string) bool {
	sum := 0
	for i, c := range ten {
		product := int(c - '0')
		if i%2 == 0 {
			product *= 2
		}
		sum += product/10 + product%10
	}
	return sum%10 == 0
}

func areDigits(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}
