package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/report"
)

// writeSummary writes a report's summary for people. Amounts stand in a column
// for each currency. folder is empty where no report was published.
func writeSummary(w io.Writer, s *report.Summary, folder string) error {
	var text strings.Builder
	records := &s.Records
	currencies := currenciesOf(s)
	account := newTable([]bool{false, true}, currencies)
	account.add(append([]string{"", "records"}, currencies...)...)
	for _, term := range []struct {
		name    string
		account report.Account
	}{{"read", records.Read}, {"clean", records.Clean}, {"flagged", records.Flagged}, {"rejected", records.Rejected}} {
		account.add(append([]string{term.name, grouped(term.account.Rows)}, amounts(term.account.Amounts, currencies)...)...)
	}
	account.write(&text)
	text.WriteByte('\n')
	writeFindings(&text, s, currencies)
	writeCasework(&text, s, currencies)

	if len(s.Notices) > 0 {
		text.WriteString("\nNotices:\n")
		for _, notice := range s.Notices {
			told := notice.Text
			if notice.Records > 0 {
				told += " (" + grouped(notice.Records) + " records)"
			}
			text.WriteString("- " + wrap(told, "  ") + "\n")
		}
	}
	if folder != "" {
		fmt.Fprintf(&text, "\nReport: %s\n", folder)
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

// writeFindings writes what each rule found, and the totals.
func writeFindings(text *strings.Builder, s *report.Summary, currencies []string) {
	if s.Findings == 0 {
		text.WriteString("No findings.\n")
		return
	}
	findings := newTable([]bool{false, false, true}, currencies)
	findings.add(append([]string{"rule", "severity", "findings"}, currencies...)...)
	silent := 0
	for _, rule := range s.Rules {
		if rule.Findings == 0 {
			silent++
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
		fmt.Fprintf(text, "%d more rules found nothing.\n", silent)
	}
}

// table is text in columns as wide as their widest cell.
type table struct {
	right []bool // whether a column stands to the right
	rows  [][]string
}

// newTable is a table with a column for each currency after its first columns.
func newTable(right []bool, currencies []string) *table {
	for range currencies {
		right = append(right, true)
	}
	return &table{right: right}
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(text *strings.Builder) {
	widths := make([]int, len(t.right))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			blanks := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.right[i] {
				line.WriteString(blanks + cell)
			} else {
				line.WriteString(cell + blanks)
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
