package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

const (
	// shownCurrencies is how many currencies have a column; others are in summary.json.
	shownCurrencies = 5
	shownName       = 12   // characters of a currency
	shownNotice     = 2000 // characters
)

// writeSummary writes a report's summary for people. Amounts stand in a column
// for each currency. folder is empty where no report was published.
func writeSummary(w io.Writer, colours palette, s *report.Summary, folder string) error {
	var text strings.Builder
	records := &s.Records
	currencies := currenciesOf(s)
	more := max(0, len(currencies)-shownCurrencies)
	currencies = currencies[:len(currencies)-more]
	account := newTable(colours, []bool{false, true}, currencies, true)
	account.add(append(append([]string{"", "records"}, headings(currencies)...), "share")...)
	for _, term := range []struct {
		name    string
		account report.Account
	}{{"read", records.Read}, {"clean", records.Clean}, {"flagged", records.Flagged}, {"rejected", records.Rejected}} {
		cells := append([]string{term.name, grouped(term.account.Rows)}, amounts(term.account.Amounts, currencies)...)
		if term.name != "read" && records.Read.Rows > 0 {
			cells = append(cells, shareText(term.account.Rows, records.Read.Rows))
		}
		account.add(cells...)
	}
	account.write(&text)
	text.WriteByte('\n')
	writeFindings(&text, colours, s, currencies)
	if more > 0 {
		fmt.Fprintf(&text, "%d more %s in %s.\n", more, rules.Plural(more, "currency is", "currencies are"), report.SummaryFile)
	}
	writeCasework(&text, colours, s, currencies)

	if len(s.Notices) > 0 {
		text.WriteString("\n" + colours.paint(bold, "Notices:") + "\n")
		for _, notice := range s.Notices {
			told := shorten(report.Inert(notice.Text), shownNotice)
			if notice.Records > 0 {
				told += " (" + grouped(notice.Records) + rules.Plural(notice.Records, " record)", " records)")
			}
			text.WriteString("- " + wrap(told, "  ") + "\n")
		}
	}
	if folder != "" {
		fmt.Fprintf(&text, "\nReport: %s\n", inertLine(folder))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// currenciesOf are the currencies of a summary, by name. A sum of nothing is not
// in it, so that the currencies of all that was read are perhaps not all.
func currenciesOf(s *report.Summary) []string {
	var names []string
	add := func(amounts map[string]pipeline.Sum) { names = slices.AppendSeq(names, maps.Keys(amounts)) }
	for _, account := range []report.Account{s.Records.Read, s.Records.Clean, s.Records.Flagged, s.Records.Rejected} {
		add(account.Amounts)
	}
	for _, rule := range s.Rules {
		add(rule.Amounts)
	}
	if s.Baseline != nil {
		for _, count := range s.Baseline.Gone() {
			add(count.Amounts)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// headings are the currencies as heads of columns.
func headings(currencies []string) []string {
	var heads []string
	for _, currency := range currencies {
		heads = append(heads, shorten(report.Inert(strings.Join(strings.Fields(currency), " ")), shownName))
	}
	return heads
}

// shareText is a share in per cent: 0.0 % is none, and what there is is not 0.0 %.
func shareText(part, whole int64) string {
	if percent := float64(part) / float64(whole) * 100; part > 0 && percent < 0.1 {
		return "<0.1 %"
	} else if part < whole && percent > 99.9 {
		return ">99.9 %"
	} else {
		return fmt.Sprintf("%.1f %%", percent)
	}
}

// gravity is the order of severities in the summary.
var gravity = []string{"error", "warning", "info"}

// writeFindings writes what each rule found, the gravest first, and the totals.
func writeFindings(text *strings.Builder, colours palette, s *report.Summary, currencies []string) {
	if s.Findings == 0 {
		text.WriteString("No findings.\n")
		return
	}
	findings := newTable(colours, []bool{false, false, true}, currencies, false)
	findings.add(append([]string{"rule", "severity", "findings"}, headings(currencies)...)...)
	silent := 0
	byGravity := slices.Clone(s.Rules)
	slices.SortStableFunc(byGravity, func(a, b report.RuleCount) int {
		return cmp.Compare(slices.Index(gravity, a.Severity), slices.Index(gravity, b.Severity))
	})
	for _, rule := range byGravity {
		if rule.Findings == 0 {
			if !rule.IsIdle {
				silent++
			}
			continue
		}
		findings.add(append([]string{rule.Rule, rule.Severity, grouped(rule.Findings)}, amounts(rule.Amounts, currencies)...)...)
	}
	for _, severity := range s.Severities {
		if severity.Findings > 0 {
			findings.add(append([]string{"all", severity.Name, grouped(severity.Findings)}, amounts(severity.Amounts, currencies)...)...)
		}
	}
	findings.write(text)
	if silent > 0 {
		fmt.Fprintf(text, "%d more %s found nothing.\n", silent, rules.Plural(silent, "rule", "rules"))
	}
}

// table is text in columns as wide as their widest cell.
type table struct {
	colours palette
	right   []bool // whether a column stands to the right
	rows    [][]string
}

// newTable is a table with a column for each currency after its first columns, and
// one more after those, or not. Its first row are the heads.
func newTable(colours palette, right []bool, currencies []string, hasMore bool) *table {
	for range currencies {
		right = append(right, true)
	}
	if hasMore {
		right = append(right, true)
	}
	return &table{colours: colours, right: right}
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(text *strings.Builder) {
	widths := make([]int, len(t.right))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for number, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			blanks := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			colour := severityColours[cell]
			if number == 0 {
				colour = bold
			}
			switch {
			case t.right[i]:
				line.WriteString(blanks + t.colours.paint(colour, cell))
			case i == len(row)-1:
				line.WriteString(t.colours.paint(colour, cell))
			default:
				line.WriteString(t.colours.paint(colour, cell) + blanks)
			}
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// amounts are sums in the order of the currencies; a sum of nothing is zero.
func amounts(byCurrency map[string]pipeline.Sum, currencies []string) []string {
	list := make([]string, len(currencies))
	for i, currency := range currencies {
		list[i] = groupDigits(byCurrency[currency].String())
	}
	return list
}

// grouped is a number with a blank between groups of three digits.
func grouped(n int64) string { return groupDigits(strconv.FormatInt(n, 10)) }

func groupDigits(number string) string {
	whole, fraction, hasFraction := strings.Cut(number, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	var text strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			text.WriteByte(' ')
		}
		text.WriteRune(digit)
	}
	if hasFraction {
		return sign + text.String() + "." + fraction
	}
	return sign + text.String()
}
