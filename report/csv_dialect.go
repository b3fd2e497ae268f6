package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Dialect is how the tables are written as CSV.
type Dialect string

const (
	Standard     Dialect = "standard" // for programs: commas, decimal points, LF
	Excel        Dialect = "excel"    // for an Excel whose list separator is the comma
	ExcelSwedish Dialect = "excel-sv" // for an Excel of Swedish settings: semicolons, decimal commas
)

// csvStyle is what a dialect comes to.
type csvStyle struct {
	delimiter, decimal byte
	begin, lineEnd     string
	// isExcel styles keep text as text in Excel: what it would take for a number or a
	// day has an apostrophe in front, and numbers of persons have their hyphen.
	isExcel bool
}

const byteOrderMark = "\ufeff"

// style is that of the dialect; an empty one is Standard.
func (d Dialect) style() (csvStyle, error) {
	switch d {
	case "", Standard:
		return csvStyle{delimiter: ',', decimal: '.', lineEnd: "\n"}, nil
	case Excel:
		return csvStyle{delimiter: ',', decimal: '.', begin: byteOrderMark, lineEnd: "\r\n", isExcel: true}, nil
	case ExcelSwedish:
		return csvStyle{delimiter: ';', decimal: ',', begin: byteOrderMark, lineEnd: "\r\n", isExcel: true}, nil
	}
	return csvStyle{}, fmt.Errorf("there is no dialect of CSV called %q", string(d))
}

// maxHeaderBytes is how long the header of a table may be.
const maxHeaderBytes = 1 << 16

// readStyle finds out from the header of a table how it was written, and leaves the
// reader after the byte order mark. No name of a column has a delimiter in it.
func readStyle(r *bufio.Reader) (csvStyle, error) {
	dialect := Standard
	if mark, err := r.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		dialect = Excel
		if _, err := r.Discard(len(byteOrderMark)); err != nil {
			return csvStyle{}, err
		}
	}
	head, err := r.Peek(maxHeaderBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return csvStyle{}, err
	}
	header, _, _ := bytes.Cut(head, []byte("\n"))
	if dialect == Excel && bytes.ContainsRune(header, ';') {
		dialect = ExcelSwedish
	}
	return dialect.style()
}

// guardMark goes before a text that a spreadsheet would take for something else.
const guardMark = '\''

// PlainText is a text cell of a table's CSV as it was before it was guarded: what
// has an apostrophe in front had been given it, whatever the dialect.
func PlainText(cell string) string { return strings.TrimPrefix(cell, string(guardMark)) }

// GuardText is a text as a cell of any CSV has it that spreadsheets may open: with an
// apostrophe in front where one could take it for a formula. PlainText takes it away.
// https://owasp.org/www-community/attacks/CSV_Injection
func GuardText(text string) string {
	if text != "" && startsFormula([]byte(text)) {
		return string(guardMark) + text
	}
	return text
}

// needsGuard says whether a spreadsheet could take a text for a formula, or, of
// Excel, for a number, a day, a time or a truth value. So that all guards can be
// taken away again, a text that begins with an apostrophe is given one, too.
func (s *csvStyle) needsGuard(cell []byte, isDated bool) bool {
	if len(cell) == 0 {
		return false
	}
	if first := cell[0] | 0x20; first < 'a' || first > 'z' { // else it is no formula, and mostly so
		if startsFormula(cell) {
			return true
		}
	}
	return s.isExcel && !(isDated && isDay(cell)) && readsAsValue(cell)
}

// startsFormula says whether a text begins, after blanks and what cannot be seen,
// with a character that begins a formula in one spreadsheet or another, or with
// a control character, which some of them drop. A hyphen alone is nothing.
func startsFormula(cell []byte) bool {
	if string(cell) == "-" {
		return false
	}
	if cell[0] == guardMark {
		return true
	}
	for rest := cell; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		switch r {
		case '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫':
			return true
		}
		if unicode.IsControl(r) {
			return true
		}
		if !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) {
			return false
		}
	}
	return false
}

// isDay says whether a text is a day, or the 0 of an unknown one: Excel may read
// those as what they are.
func isDay(cell []byte) bool {
	if string(cell) == "0" {
		return true
	}
	if len(cell) != 10 {
		return false
	}
	for i, c := range cell {
		if isHyphen := i == 4 || i == 7; isHyphen != (c == '-') || !isHyphen && !isDigit(c) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// valueWords are the words that numbers, days, times and amounts have in Excel, in
// English and Swedish. Months are told by their first three letters.
var valueWords = map[string]bool{
	"e": true, "am": true, "pm": true, "fm": true, "em": true,
	"kr": true, "sek": true, "eur": true, "usd": true, "nok": true, "dkk": true, "gbp": true,
}

// timeLetters stand behind times: 8:30 a, 8:30 f.m.
const timeLetters = "apfm"

var months = map[string]bool{
	"jan": true, "feb": true, "mar": true, "apr": true, "may": true, "maj": true, "jun": true, "jul": true, "aug": true,
	"sep": true, "oct": true, "okt": true, "nov": true, "dec": true,
}

// longestValue is longer than any text that Excel takes for a value.
const longestValue = 255

// readsAsValue says whether Excel could take a text for a number (a long one
// would lose its last digits, any one its leading zeros), a day, a time, an amount,
// a share or a truth value. It says so too often and not too seldom. A number
// of a person with its hyphen or plus is text to Excel.
func readsAsValue(cell []byte) bool {
	if len(cell) > longestValue {
		return false
	}
	if isHyphenated(cell) {
		return false
	}
	text := string(bytes.ToLower(cell))
	switch strings.TrimSpace(text) {
	case "true", "false", "sant", "falskt":
		return true
	}
	hasDigit, isTime := false, strings.ContainsAny(text, ":. ")
	word := 0 // where a word began, after it its length is not 0
	inWord := false
	endWord := func(end int) bool {
		w := text[word:end]
		return valueWords[w] || len(w) == 1 && isTime && strings.Contains(timeLetters, w) || len(w) >= 3 && months[w[:3]]
	}
	for i, r := range text {
		if unicode.IsLetter(r) {
			if !inWord {
				word, inWord = i, true
			}
			continue
		}
		if inWord && !endWord(i) {
			return false
		}
		inWord = false
		switch {
		case unicode.IsDigit(r):
			hasDigit = true
		case unicode.IsSpace(r) || unicode.Is(unicode.Sc, r) || strings.ContainsRune(".,-+/:%()'\u2212", r):
		default:
			return false
		}
	}
	return hasDigit && (!inWord || endWord(len(text)))
}

// isHyphenated says whether a text is six or eight digits, a hyphen or plus, and
// four digits.
func isHyphenated(cell []byte) bool {
	if len(cell) != 11 && len(cell) != 13 {
		return false
	}
	for i, c := range cell {
		if i == len(cell)-5 {
			if c != '-' && c != '+' {
				return false
			}
		} else if !isDigit(c) {
			return false
		}
	}
	return true
}

// hyphenate puts a hyphen before the last four of twelve digits at the end of
// dst, from start on. Anything else, as a masked number, stays.
func hyphenate(dst []byte, start int) []byte {
	digits := dst[start:]
	if len(digits) != 12 || bytes.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return dst
	}
	dst = append(dst, 0)
	copy(dst[start+9:], dst[start+8:])
	dst[start+8] = '-'
	return dst
}
