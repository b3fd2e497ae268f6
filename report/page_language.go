package report

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/rules"
)

// pageLanguage is how the page speaks: its texts, its numbers and its days. The
// texts of the template are in English; swedishTexts and the table of words have
// the others.
type pageLanguage struct {
	code       string
	currencies []string // that the page shows
	// hiddenCurrencies are those of which all findings are hidden: that is said
	// once, and not of each figure.
	hiddenCurrencies map[string]bool
}

func newPageLanguage(code string) *pageLanguage {
	if code == "" {
		code = rules.English
	}
	return &pageLanguage{code: code}
}

// text is an English text of the page in the language, with its arguments.
func (l *pageLanguage) text(english string, arguments ...any) string {
	text := english
	if l.code == rules.Swedish {
		swedish, ok := swedishTexts[english]
		if !ok {
			panic("BUG: the page has no Swedish text for " + strconv.Quote(english))
		}
		text = swedish
	}
	if len(arguments) == 0 {
		return text
	}
	return fmt.Sprintf(text, arguments...)
}

// counted is a text about a number of things: the first where it is one.
func (l *pageLanguage) counted(one, more string, n int64) string {
	return l.text(rules.Plural(n, one, more), l.number(n))
}

// word is a code of the summary in words; the code itself where there are none.
func (l *pageLanguage) word(kind, code string) string {
	word, ok := pageWords[kind+" "+code]
	switch {
	case !ok:
		return shown(code, longName)
	case l.code == rules.Swedish:
		return word.swedish
	}
	return word.english
}

// noBreak is the blank between the groups of a number.
const noBreak = "\u00a0"

// number is a count with its digits in groups of three.
func (l *pageLanguage) number(n int64) string { return l.grouped(strconv.FormatInt(n, 10)) }

func (l *pageLanguage) grouped(digits string) string {
	separator := ","
	if l.code == rules.Swedish {
		separator = noBreak
	}
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "−", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(c)
	}
	return b.String()
}

func (l *pageLanguage) decimalSign() string {
	if l.code == rules.Swedish {
		return ","
	}
	return "."
}

// money is a sum to the öre.
func (l *pageLanguage) money(sum pipeline.Sum, currency string) string {
	whole, hundredths, _ := strings.Cut(sum.String(), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") { // of -0.99, too
		sign, whole = "−", whole[1:]
	}
	return l.ofCurrency(sign+l.grouped(whole)+l.decimalSign()+hundredths, currency)
}

func (l *pageLanguage) ofCurrency(number, currency string) string {
	switch currency = shown(currency, shortName); {
	case l.code != rules.Swedish:
		return currency + noBreak + number
	case currency == "SEK":
		return number + noBreak + "kr"
	}
	return number + noBreak + currency
}

// rounded is a sum for a heading: to the unit, or in millions and more with
// three digits.
func (l *pageLanguage) rounded(sum pipeline.Sum, currency string) string {
	value, _ := new(big.Float).SetInt(sum.Ore()).Float64()
	value /= 100
	scale, unit := 1.0, ""
	for _, larger := range []struct {
		scale float64
		unit  string
	}{{1e6, "million"}, {1e9, "billion"}, {1e12, "trillion"}} {
		if math.Abs(value) >= larger.scale*0.9995 {
			scale, unit = larger.scale, larger.unit
		}
	}
	value /= scale
	if unit == "" {
		whole := new(big.Int).Quo(new(big.Int).Add(sum.Ore(), big.NewInt(int64(50*sum.Ore().Sign()))), big.NewInt(100))
		return l.ofCurrency(l.grouped(whole.String()), currency)
	}
	decimals := 2
	switch {
	case math.Abs(value) >= 99.95:
		decimals = 0
	case math.Abs(value) >= 9.995:
		decimals = 1
	}
	whole, fraction, hasFraction := strings.Cut(strconv.FormatFloat(value, 'f', decimals, 64), ".")
	number := l.grouped(whole)
	if hasFraction {
		number += l.decimalSign() + fraction
	}
	return l.ofCurrency(number+" "+l.text(unit), currency)
}

// share is a share of a whole in percent.
func (l *pageLanguage) share(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return l.percentage(float64(part) / float64(whole))
}

// shareOfSum is empty where one of the sums is negative or nothing, as after
// corrections: a share would mislead.
func (l *pageLanguage) shareOfSum(part, whole pipeline.Sum) string {
	if part.Ore().Sign() < 0 || whole.Ore().Sign() <= 0 || part.Ore().Cmp(whole.Ore()) > 0 {
		return ""
	}
	share, _ := new(big.Rat).SetFrac(part.Ore(), whole.Ore()).Float64()
	return l.percentage(share)
}

func (l *pageLanguage) percentage(share float64) string {
	sign := "%"
	if l.code == rules.Swedish {
		sign = noBreak + "%"
	}
	switch {
	case share > 0 && share < 0.0005:
		return "<" + noBreak + "0" + l.decimalSign() + "1" + sign
	case share < 1 && share >= 0.9995:
		return ">" + noBreak + "99" + l.decimalSign() + "9" + sign
	}
	return strings.Replace(strconv.FormatFloat(share*100, 'f', 1, 64), ".", l.decimalSign(), 1) + sign
}

var (
	englishMonths = strings.Fields("January February March April May June July August September October November December")
	swedishMonths = strings.Fields("januari februari mars april maj juni juli augusti september oktober november december")
)

// day is a day as 2006-01-02 in words.
func (l *pageLanguage) day(text string) string {
	day, ok := calendar.Parse([]byte(text))
	if !ok {
		return text
	}
	months := englishMonths
	if l.code == rules.Swedish {
		months = swedishMonths
	}
	year, month, of := day.Civil()
	return fmt.Sprintf("%d%s%s%s%d", of, noBreak, months[month-1], noBreak, year)
}

// law is a provision and when it was in force.
func (l *pageLanguage) law(law rules.Law) string {
	text := law.Cite
	if law.From != calendar.Missing {
		text += l.text(", from %s", l.day(law.From.String()))
	}
	if law.Until != calendar.Missing {
		text += l.text(", through %s", l.day((law.Until - 1).String()))
	}
	return text
}

// How many characters of texts that others wrote stand on the page.
const (
	shortName = 12
	longName  = 80
	longText  = 600
	// combining is how many marks in a row may stand on a letter.
	combining = 2
)

// shown is a text that others wrote as it may stand on the page: without
// characters that cannot be seen or that change how others are read, and not
// longer than the limit. html/template makes the rest harmless.
func shown(text string, limit int) string {
	var b strings.Builder
	count, marks := 0, 0
	for _, r := range text {
		if unicode.Is(unicode.M, r) {
			if marks++; marks > combining {
				continue
			}
		} else {
			marks = 0
		}
		if count == limit {
			b.WriteRune('…')
			break
		}
		count++
		if r == utf8.RuneError || unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}
