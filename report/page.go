package report

import (
	"bytes"
	_ "embed" // for the page's template
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/rules"
)

// pageRows is how many rows a table of the page has at most; summary.json has
// them all.
const pageRows = 50

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"count":   formatCount,
	"amounts": formatAmounts,
	"law":     formatLaw,
	"size":    formatSize,
}).Parse(pageText))

// page is what the template shows.
type page struct {
	Manifest     *Manifest
	Summary      *Summary
	Rules        []pageRule // with findings
	Silent       []string   // rules without
	Tables       []pageTable
	Files        []FileLedger
	OtherFiles   int // not shown
	Inputs       []Input
	OtherInputs  int
	Months       []pageBar
	ChartWidth   int
	Inconsistent []pageFault
}

// pageRule is a rule of the catalogue with its counts.
type pageRule struct {
	RuleCount
	Rule *rules.Rule
}

// pageTable is a table of counts.
type pageTable struct {
	Title, Column string
	Counts        []Count
	Others        int // not shown
}

// pageBar is a bar of the chart of months, in the units of its view box.
type pageBar struct {
	Name       string
	Findings   int64
	X, Y, High int
	Labelled   bool
}

// pageFault is an inconsistency of the register.
type pageFault struct {
	Name    string
	Count   int64
	AtLeast bool
}

const (
	barWidth     = 24
	barStep      = 30
	chartHeight  = 120
	chartMaximum = 60  // months
	labelEvery   = 140 // units between two labels
)

// renderPage is report.html. It holds nothing of a single record: only what
// stands in the summary and the manifest.
func renderPage(manifest *Manifest, summary *Summary, catalogue []*rules.Rule) ([]byte, error) {
	p := page{Manifest: manifest, Summary: summary}
	for _, count := range summary.Rules {
		i := slices.IndexFunc(catalogue, func(r *rules.Rule) bool { return r.Name == count.Rule })
		if count.Findings == 0 {
			p.Silent = append(p.Silent, count.Rule)
			continue
		}
		p.Rules = append(p.Rules, pageRule{RuleCount: count, Rule: catalogue[i]})
	}
	// The gravest first; among equals, the order of the catalogue.
	slices.SortStableFunc(p.Rules, func(a, b pageRule) int { return severityOf(b.Severity) - severityOf(a.Severity) })
	for _, table := range []pageTable{
		{Title: "By agency", Column: "Agency", Counts: summary.Agencies},
		{Title: "By payment type", Column: "Payment type", Counts: summary.PaymentTypes},
		{Title: "By severity", Column: "Severity", Counts: summary.Severities},
		{Title: "By confidence", Column: "Confidence", Counts: summary.Confidence},
	} {
		table.Counts = slices.Clone(table.Counts)
		slices.SortStableFunc(table.Counts, func(a, b Count) int { return int(min(1, max(-1, b.Findings-a.Findings))) })
		table.Counts, table.Others = firstRows(table.Counts)
		p.Tables = append(p.Tables, table)
	}
	p.Files, p.OtherFiles = firstRows(summary.Ledger.Files)
	p.Inputs, p.OtherInputs = firstRows(manifest.Inputs)
	p.Months = barsOf(summary.Months)
	p.ChartWidth = max(1, len(p.Months)) * barStep
	if summary.Register.Checks != nil {
		for _, fault := range summary.Register.Checks.Inconsistencies {
			p.Inconsistent = append(p.Inconsistent, pageFault{Name: fault.Name, Count: fault.Count, AtLeast: fault.AtLeast})
		}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, &p); err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", PageFile, err)
	}
	return b.Bytes(), nil
}

func severityOf(name string) int {
	return slices.IndexFunc(rules.Severities(), func(s rules.Severity) bool { return s.String() == name })
}

func firstRows[Row any](rows []Row) (shown []Row, others int) {
	shown = rows[:min(len(rows), pageRows)]
	return shown, len(rows) - len(shown)
}

// barsOf are the bars of the last months, as high as their findings.
func barsOf(months []Count) []pageBar {
	months = months[max(0, len(months)-chartMaximum):]
	highest := int64(1)
	for _, month := range months {
		highest = max(highest, month.Findings)
	}
	var bars []pageBar
	for i, month := range months {
		high := max(1, int(float64(month.Findings)/float64(highest)*chartHeight))
		bars = append(bars, pageBar{
			Name: month.Name, Findings: month.Findings, X: i * barStep, Y: chartHeight - high, High: high,
			Labelled: i%(labelEvery/barStep) == 0,
		})
	}
	return bars
}

// formatCount groups digits by threes, with the narrow blank of Swedish usage.
func formatCount(n int64) string { return groupDigits(strconv.FormatInt(n, 10)) }

func groupDigits(text string) string {
	digits := strings.TrimPrefix(text, "-")
	var b strings.Builder
	b.WriteString(text[:len(text)-len(digits)])
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// formatAmounts is every currency's sum, one a line.
func formatAmounts(amounts map[string]pipeline.Sum) []string {
	var lines []string
	for _, currency := range slices.Sorted(maps.Keys(amounts)) {
		whole, hundredths, _ := strings.Cut(amounts[currency].String(), ".")
		lines = append(lines, groupDigits(whole)+","+hundredths+" "+currency)
	}
	return lines
}

func formatLaw(law rules.Law) string {
	text := law.Cite
	if law.From != calendar.Missing {
		text += ", from " + law.From.String()
	}
	if law.Until != calendar.Missing {
		text += ", until " + law.Until.String()
	}
	return text
}

func formatSize(bytes int64) string { return groupDigits(strconv.FormatInt(bytes, 10)) + " bytes" }
