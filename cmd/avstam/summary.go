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

// writeSummary writes a report's summary for people.
func writeSummary(w io.Writer, s *report.Summary, folder string) error {
	var text strings.Builder
	records := &s.Records
	account := table{right: []bool{false, true, true}}
	account.add("", "records", "amount")
	for _, term := range []struct {
		name    string
		account report.Account
	}{{"read", records.Read}, {"clean", records.Clean}, {"flagged", records.Flagged}, {"rejected", records.Rejected}} {
		account.add(term.name, grouped(term.account.Rows), amounts(term.account.Amounts))
	}
	account.write(&text)

	text.WriteByte('\n')
	findings := table{right: []bool{false, false, true, true}}
	findings.add("rule", "severity", "findings", "amount")
	silent := 0
	for _, rule := range s.Rules {
		if rule.Findings == 0 {
			silent++
			continue
		}
		findings.add(rule.Rule, rule.Severity, grouped(rule.Findings), amounts(rule.Amounts))
	}
	for _, severity := range s.Severities {
		if severity.Findings > 0 {
			findings.add("all of severity", severity.Name, grouped(severity.Findings), amounts(severity.Amounts))
		}
	}
	if s.Findings == 0 {
		text.WriteString("No findings.\n")
	} else {
		findings.write(&text)
		if silent > 0 {
			fmt.Fprintf(&text, "%d more rules found nothing.\n", silent)
		}
	}

	if len(s.Notices) > 0 {
		text.WriteString("\nNotices:\n")
		for _, notice := range s.Notices {
			text.WriteString("- " + wrap(notice.Text, "  ") + "\n")
		}
	}
	fmt.Fprintf(&text, "\nReport: %s\n", folder)
	_, err := io.WriteString(w, text.String())
	return err
}

// table is text in columns as wide as their widest cell.
type table struct {
	right []bool // whether a column stands to the right
	rows  [][]string
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

// amounts are sums by currency, in the order of the currencies' names.
func amounts(byCurrency map[string]pipeline.Sum) string {
	var list []string
	for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
		list = append(list, groupDigits(byCurrency[currency].String())+" "+currency)
	}
	if len(list) == 0 {
		return "0.00"
	}
	return strings.Join(list, ", ")
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
