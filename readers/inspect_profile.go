package readers

import (
	"bytes"
	"hash/maphash"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// Profile is what stands in a column, over the inspected rows that could be
// taken apart.
type Profile struct {
	Name string // as in the file
	Type string // as the file says, of text what most of it reads as
	// Unreadable columns are nested, or of a type that nothing is read from.
	Unreadable bool
	Empty      int64 // missing values and empty texts
	Values     int64 // the others
	Different  int64 // of them, different from each other
	First      []string
	// How many of the values read as what: numbers of people and organisations,
	// of people alone, days in the forms that need no declaration, amounts with a
	// decimal point and with a comma, codes of currencies, words for a status,
	// for an identity level and for yes and no, codes of deregistration.
	Identities, People, Days, PointAmounts, CommaAmounts, Currencies, Statuses, Levels, Booleans, Reasons int64

	// Candidates are the canonical columns that it could be, the likeliest first.
	Candidates []Candidate

	isNumber      bool                    // it is named as identity numbers are
	deaths        int64                   // incomplete dates
	organisations int64                   // of Identities, numbers of organisations
	layouts       [len(dateLayouts)]int64 // days in these forms, where not in the others
	signs         [2]int64                // amounts with a decimal point, with a decimal comma
	shape         columnShape             // of a Parquet file
	first         [firstValues]string     // different from each other
}

const (
	firstValues = 3
	// limitInspected is how many bytes of a value are looked at: longer ones are the
	// same where these are and they are as long.
	limitInspected = 4 << 10
	// shownRunes is how much is shown of a value.
	shownRunes = 20
	// identifyingDigits is how many digits make a value one that may identify.
	identifyingDigits = 6
)

// dateLayouts are forms of days that must be declared, those with the day first
// before those with the month first.
var dateLayouts = [...]string{
	"02/01/2006", "2006/01/02", "060102", "02-01-2006", "2006.01.02", "2/1/2006", "01/02/2006", "2 Jan 2006", "02/01/06", "06-01-02", "200601021504", "20060102150405",
}

// profiler describes columns by their values.
type profiler struct {
	columns []Profile
	limit   int64      // of rows
	fields  []csvField // of a row
	seed    maphash.Seed
	seen    []map[uint64]struct{} // hashes of the values
}

func newProfiler(columns []Profile) *profiler {
	p := &profiler{columns: columns, limit: inspectedRows, fields: make([]csvField, len(columns)), seed: maphash.MakeSeed()}
	if len(columns) > inspectedValues/inspectedRows {
		p.limit = int64(inspectedValues / len(columns))
	}
	p.seen = make([]map[uint64]struct{}, len(columns))
	for i := range p.seen {
		p.seen[i] = map[uint64]struct{}{}
	}
	return p
}

// add adds a value to a column, as often as it stands there.
func (p *profiler) add(which int, text []byte, times int64) {
	c := &p.columns[which]
	length := len(text)
	text = trimBlanks(text[:min(length, limitInspected)])
	if len(text) == 0 {
		c.Empty += times
		return
	}
	c.Values += times
	hash := maphash.Bytes(p.seed, text)
	if length > limitInspected {
		hash ^= uint64(length)
	}
	if _, seen := p.seen[which][hash]; !seen {
		p.seen[which][hash] = struct{}{}
		if c.Different < firstValues {
			c.first[c.Different] = string(text[:min(len(text), 4*shownRunes)])
		}
		c.Different++
	}
	if length <= limitValue {
		c.read(text, times)
	}
}

// read counts what a value reads as.
func (c *Profile) read(text []byte, times int64) {
	number := identity.Parse(text)
	if c.shape == integerShape || c.shape == wholeDecimalShape {
		if value, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			number = identity.ParseInteger(value)
		}
	}
	if number.Fault == identity.NoFault {
		c.Identities += times
		if number.Kind == identity.Personal || number.Kind == identity.Coordination {
			c.People += times
		}
		if number.Kind == identity.Organisation {
			c.organisations += times
		}
	}
	if _, ok := parseDay(text, ""); ok {
		c.Days += times
	} else {
		if _, ok := calendar.ParsePartial(text); ok {
			c.deaths += times
		}
		if len(text) >= 6 && len(text) <= 14 && countDigits(string(text)) >= 5 {
			for i, layout := range dateLayouts {
				if _, ok := parseDayAs(text, layout); ok {
					c.layouts[i] += times
				}
			}
		}
	}
	if _, reason := parseAmount(text, '.'); reason == pipeline.NoReason {
		c.PointAmounts += times
		if bytes.IndexByte(text, '.') >= 0 {
			c.signs[0] += times
		}
	}
	if _, reason := parseAmount(text, ','); reason == pipeline.NoReason {
		c.CommaAmounts += times
		if bytes.IndexByte(text, ',') >= 0 {
			c.signs[1] += times
		}
	}
	if len(text) == 3 && strings.Contains(currencies, string(bytes.ToUpper(text))) {
		c.Currencies += times
	}
	if len(text) > 40 {
		return // longer than any word
	}
	if _, ok := parseProtected(text); ok {
		c.Booleans += times
	}
	word := string(text)
	if register.StatusOf(word) != register.NoStatus {
		c.Statuses += times
	}
	if _, ok := register.LevelOf(word); ok {
		c.Levels += times
	}
	if register.IsReason(word) {
		c.Reasons += times
	}
}

// currencies are the codes that a column of currencies is known by.
// https://www.iso.org/iso-4217-currency-codes.html
const currencies = "SEK EUR USD NOK DKK GBP CHF PLN ISK CZK HUF RON BGN JPY CAD AUD NZD THB TRY INR CNY"

// finish makes what is shown of the columns.
func (p *profiler) finish() {
	for i := range p.columns {
		c := &p.columns[i]
		if c.Type == "" {
			c.Type = c.textType()
		}
		open := c.isOpen()
		for _, text := range c.first[:min(c.Different, firstValues)] {
			c.First = append(c.First, masked(text, open, c.isNumber || c.Identities > 0))
		}
		c.first = [firstValues]string{}
	}
}

// textType is what most values of a text read as.
func (c *Profile) textType() string {
	switch {
	case c.Values == 0:
		return "empty"
	case c.isMostly(c.Identities):
		return "identity numbers"
	case c.isMostly(c.Days), c.isMostly(c.layouts[c.bestLayout()]):
		return "days"
	case c.isMostly(max(c.PointAmounts, c.CommaAmounts)):
		if c.signs == [2]int64{} {
			return "integers"
		}
		return "amounts"
	}
	return "text"
}

// isMostly says whether so many are at least nine tenths of the values.
func (c *Profile) isMostly(count int64) bool { return c.Values > 0 && count*10 >= c.Values*9 }

// bestLayout is the place of the layout that reads most values.
func (c *Profile) bestLayout() int {
	best := 0
	for i, count := range c.layouts {
		if count > c.layouts[best] {
			best = i
		}
	}
	return best
}

// isOpen says whether letters of the column may be shown: it holds the same few
// words again and again, or is one that is known to hold codes.
func (c *Profile) isOpen() bool {
	if c.isNumber || c.Identities > 0 {
		return false
	}
	few := c.Different <= 50 && c.Values >= 10*c.Different
	return few || c.isMostly(c.Currencies) || c.isMostly(c.Statuses) || c.isMostly(c.Levels) || c.isMostly(c.Reasons) || c.isMostly(c.Booleans)
}

// masked is a value as it may be shown: a # stands for a digit and an x for a
// letter. Letters are shown of open columns, digits too and of plain numbers,
// but never where there are so many that they could identify anybody; of hidden
// columns nothing is. Digits are those of any script.
func masked(text string, open, hidden bool) string {
	digits := countDigits(text)
	isPlain := open || strings.Trim(text, "-0123456789., ") == ""
	showsDigits := isPlain && !hidden && digits < identifyingDigits
	showsLetters := open && !hidden && digits < identifyingDigits
	var shown strings.Builder
	count := 0
	for _, r := range text {
		if count++; count > shownRunes {
			shown.WriteRune('…')
			break
		}
		switch {
		case unicode.IsNumber(r):
			if !showsDigits {
				r = '#'
			}
		case unicode.IsLetter(r) || unicode.IsMark(r):
			switch {
			case showsLetters:
			case unicode.IsUpper(r):
				r = 'X'
			default:
				r = 'x'
			}
		case unicode.IsSpace(r):
			r = ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			r = unicode.ReplacementChar
		}
		shown.WriteRune(r)
	}
	return shown.String()
}

// countDigits counts the digits of any script.
func countDigits(text string) int {
	digits := 0
	for _, r := range text {
		if unicode.IsNumber(r) {
			digits++
		}
	}
	return digits
}

// isValue says whether a text is what stands in a record and not the name of a
// column.
func isValue(text []byte) bool {
	if len(trimBlanks(text)) == 0 {
		return false
	}
	if identity.Parse(text).Fault == identity.NoFault {
		return true
	}
	if _, ok := parseDay(text, ""); ok {
		return true
	}
	for _, decimal := range []byte{'.', ','} {
		if _, reason := parseAmount(text, decimal); reason == pipeline.NoReason {
			return true
		}
	}
	for _, layout := range dateLayouts {
		if _, err := time.Parse(layout, string(bytes.TrimSpace(text))); err == nil {
			return true
		}
	}
	return countDigits(string(text)) >= 10
}
