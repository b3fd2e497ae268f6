package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
)

// The scalars keep their text, so that a configuration is written again as it
// was read, and no amount or share passes through a floating point value.

// Date is a day as 2006-01-02; empty for none.
type Date string

// Day is the date's day, and Missing for none.
func (d Date) Day() calendar.Day {
	day, _ := calendar.Parse([]byte(d))
	return day
}

func (d *Date) set(text string, _ ast.NodeType) string {
	if _, ok := calendar.Parse([]byte(text)); !ok {
		return fmt.Sprintf("want a day as 2006-01-02, found %s", quote(text))
	}
	*d = Date(text)
	return ""
}

// Amount is an amount in kronor with at most two digits after the point; empty
// for none.
type Amount string

// Ore is the amount in öre; 0 for none.
func (a Amount) Ore() int64 {
	ore, _, _ := parseHundredths(string(a))
	return ore
}

func (a *Amount) set(text string, kind ast.NodeType) string {
	_, fits, ok := parseHundredths(text)
	switch {
	case !ok || kind == ast.BoolType:
		return fmt.Sprintf("want an amount with at most two digits after the point, found %s", quote(text))
	case !fits:
		return fmt.Sprintf("the amount is too large: want one whose öre fit into 64 bits, found %s", quote(text))
	}
	*a = Amount(text)
	return ""
}

// parseHundredths reads a decimal number with at most two digits after the
// point as an integer of hundredths. One that is too large for it does not fit.
func parseHundredths(text string) (n int64, fits, ok bool) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if !allDigits(whole) || point && (!allDigits(fraction) || len(fraction) > 2) {
		return 0, false, false
	}
	n, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	if err != nil {
		return 0, false, true
	}
	if negative {
		n = -n
	}
	return n, true, true
}

func allDigits(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool { return c < '0' || c > '9' })
}

// percentDecimals is how many digits a percentage may have after the point, so
// that the share times 1e8 is a whole number.
const percentDecimals = 6

// Percent is a percentage from 0 to 100, as 1% or 0.25%; empty for none.
type Percent string

// Share is the percentage as a share of 1: the double nearest to it.
func (p Percent) Share() float64 {
	digits := strings.TrimSuffix(string(p), "%")
	share, _ := strconv.ParseFloat(digits+"e-2", 64) // correctly rounded, unlike a division
	return share
}

func (p *Percent) set(text string, _ ast.NodeType) string {
	digits, ok := strings.CutSuffix(text, "%")
	whole, fraction, point := strings.Cut(digits, ".")
	if !ok || !allDigits(whole) || point && (!allDigits(fraction) || len(fraction) > percentDecimals) || Percent(text).Share() > 1 {
		return fmt.Sprintf("want a percentage from 0%% to 100%%, found %s", quote(text))
	}
	*p = Percent(text)
	return ""
}

// Limit is a number of rows, as 100, or a percentage of the rows read; empty
// for none.
type Limit string

// IsShare says whether the limit is a percentage.
func (l Limit) IsShare() bool { return strings.HasSuffix(string(l), "%") }

// Rows is the limit as a number of rows, where it is no share.
func (l Limit) Rows() int64 {
	rows, _ := strconv.ParseInt(string(l), 10, 64)
	return rows
}

// Share is the limit as a share of 1, where it is one.
func (l Limit) Share() float64 { return Percent(l).Share() }

func (l *Limit) set(text string, kind ast.NodeType) string {
	var p Percent
	if _, err := strconv.ParseInt(text, 10, 64); !(err == nil && allDigits(text)) && p.set(text, kind) != "" {
		return fmt.Sprintf("want a number of rows or a percentage from 0%% to 100%%, found %s", quote(text))
	}
	*l = Limit(text)
	return ""
}

// Rows is a number of rows.
type Rows int64

func (r *Rows) set(text string, kind ast.NodeType) string {
	n, err := strconv.ParseInt(text, 10, 64)
	if kind != ast.IntegerType || err != nil || n < 0 {
		return fmt.Sprintf("want a number of rows, found %s", quote(text))
	}
	*r = Rows(n)
	return ""
}

// Days is a number of days, at most a hundred years.
type Days int

func (d *Days) set(text string, kind ast.NodeType) string {
	return setBounded(d, text, kind, 36_525, "days")
}

// Months is a number of months, at most a hundred years.
type Months int

func (m *Months) set(text string, kind ast.NodeType) string {
	return setBounded(m, text, kind, 1200, "months")
}

func setBounded[T ~int](target *T, text string, kind ast.NodeType, limit int, unit string) string {
	n, err := strconv.Atoi(text)
	if kind != ast.IntegerType || err != nil || n < 0 || n > limit {
		return fmt.Sprintf("want a number of %s from 0 to %d, found %s", unit, limit, quote(text))
	}
	*target = T(n)
	return ""
}

// Count is a number of records or findings, at most a million.
type Count int

func (c *Count) set(text string, kind ast.NodeType) string {
	return setBounded(c, text, kind, 1_000_000, "records")
}

// Language is that of the report's page, one of rules.Languages.
type Language string

func (l *Language) set(text string, _ ast.NodeType) string {
	return setWord(l, text, "language", rules.Languages())
}

// Character is one character of ASCII.
type Character string

// Byte is the character; 0 for none.
func (c Character) Byte() byte {
	if c == "" {
		return 0
	}
	return c[0]
}

func (c *Character) set(text string, _ ast.NodeType) string {
	switch {
	case text == `\t`, text == "tab":
		text = "\t"
	case len(text) != 1 || text[0] >= 0x7f || text[0] < ' ' && text[0] != '\t':
		return fmt.Sprintf("want one character of ASCII, or tab, found %s", quote(text))
	}
	*c = Character(text)
	return ""
}

// Decimal is a decimal sign: a point or a comma.
type Decimal string

func (d *Decimal) set(text string, _ ast.NodeType) string {
	if text != "." && text != "," {
		return fmt.Sprintf("want a point or a comma, found %s", quote(text))
	}
	*d = Decimal(text)
	return ""
}

// The words of scalars that are one of a few.
var (
	formats      = []string{"parquet", "csv", "arrow", "html"}
	numbersWords = []string{"full", "masked"}
	csvDialects  = []string{"standard", "excel", "excel-sv"}
	splits       = []string{"agency"}
	levels       = []string{"uncertain", "probable", "confirmed"}
	emigrated    = []string{"allow", "report"}
	encodings    = []string{"utf-8", "iso-8859-1", "windows-1252", "utf-16", "utf-16le", "utf-16be"}
)

// Format is a format of the report: parquet, csv, arrow or html.
type Format string

func (f *Format) set(text string, _ ast.NodeType) string { return setWord(f, text, "format", formats) }

// Numbers says whether the report has identity numbers full or masked.
type Numbers string

func (n *Numbers) set(text string, _ ast.NodeType) string {
	return setWord(n, text, "value", numbersWords)
}

// CSVDialect is how CSV is written: standard, excel or excel-sv.
type CSVDialect string

func (d *CSVDialect) set(text string, _ ast.NodeType) string {
	return setWord(d, text, "value", csvDialects)
}

// Split is what a report is split by, beside the whole: agency.
type Split string

func (s *Split) set(text string, _ ast.NodeType) string { return setWord(s, text, "value", splits) }

// Emigrated says whether payments to emigrated people are lawful: allow, or report.
type Emigrated string

func (e *Emigrated) set(text string, _ ast.NodeType) string {
	return setWord(e, text, "value", emigrated)
}

// Level is an identity level that is asked for: uncertain, probable or confirmed.
type Level string

// Register is the level as the register has it; NoLevel for none.
func (l Level) Register() register.Level {
	for level := register.Uncertain; level <= register.Confirmed; level++ {
		if level.String() == string(l) {
			return level
		}
	}
	return register.NoLevel
}

func (l *Level) set(text string, _ ast.NodeType) string {
	return setWord(l, text, "identity level", levels)
}

// Encoding is a text encoding that the readers know.
type Encoding string

func (e *Encoding) set(text string, _ ast.NodeType) string {
	return setWord(e, strings.ToLower(text), "encoding", encodings)
}

// DateLayout is how dates are written, by the example of 2 January 2006, as of
// package time.
type DateLayout string

func (l *DateLayout) set(text string, _ ast.NodeType) string {
	if err := readers.CheckDateLayout(text); err != nil {
		return fmt.Sprintf("%v, found %s", err, quote(text))
	}
	*l = DateLayout(text)
	return ""
}

// RecordColumn is a column of records by its own name, whatever a file calls it.
type RecordColumn string

func (c *RecordColumn) set(text string, _ ast.NodeType) string {
	return setWord(c, text, "column", columnNames(readers.RecordColumns()))
}

// RegisterColumn is a column of a register extract by its own name.
type RegisterColumn string

func (c *RegisterColumn) set(text string, _ ast.NodeType) string {
	return setWord(c, text, "column", columnNames(readers.RegisterColumns()))
}

func columnNames(columns []readers.Column) []string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	return names
}

// RuleName is the name of a rule of the catalogue.
type RuleName string

func (r *RuleName) set(text string, _ ast.NodeType) string {
	return setWord(r, text, "rule", ruleNames())
}

func ruleNames() []string {
	names := make([]string, 0, len(rules.All()))
	for _, rule := range rules.All() {
		names = append(names, rule.Name)
	}
	return names
}

func setWord[T ~string](target *T, text, what string, words []string) string {
	if !slices.Contains(words, text) {
		return fmt.Sprintf("unknown %s %s%s", what, quote(text), suggest(text, words))
	}
	*target = T(text)
	return ""
}

// RuleSetting is off, on, or a severity.
type RuleSetting string

// ruleSettings are the settings of a rule. YAML 1.1 reads off and on as false
// and true, so these are understood too.
var ruleSettings = []string{"off", "on", "info", "warning", "error"}

func (s *RuleSetting) set(text string, kind ast.NodeType) string {
	switch text = strings.ToLower(text); text {
	case "false":
		text = "off"
	case "true":
		text = "on"
	}
	return setWord(s, text, "setting", ruleSettings)
}
