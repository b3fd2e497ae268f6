package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

func (p *program) diffCommand() *cobra.Command {
	var format string
	command := &cobra.Command{
		Use:   "diff OLD_REPORT NEW_REPORT",
		Short: "Counts findings that are new, that persist and that are gone from one report to another",
		Long: `Compares the findings of two reports by their ids, and prints how many are new,
persist and are gone, with what they amount to. Where something is new or gone the
exit status is 1.`,
		Example: "  avstam diff out/20251120T020000.000Z-1f3a9c2e out/latest",
		Args:    exactly("OLD_REPORT", "NEW_REPORT"),
		RunE: func(command *cobra.Command, arguments []string) error {
			write := map[string]func(io.Writer, *casework.Difference) error{"text": writeFindingsDiff, "json": writeFindingsDiffJSON, "csv": writeFindingsDiffCSV}[format]
			if write == nil {
				return usageError(errors.New("--format: want text, json or csv"))
			}
			spill, err := storage.NewSpill()
			if err != nil {
				return outputError(err)
			}
			defer spill.Close() // nothing of it is kept
			difference, err := casework.Diff(command.Context(), arguments[0], arguments[1], spill)
			if err != nil {
				return inputError(err)
			}
			if err := write(p.out, difference); err != nil {
				return outputError(err)
			}
			if difference.Differs() {
				return &differs{fmt.Errorf("%d %s new and %d %s gone", difference.Total.New.Findings, rules.Plural(difference.Total.New.Findings, "finding is", "findings are"),
					difference.Total.Resolved.Findings, rules.Plural(difference.Total.Resolved.Findings, "is", "are"))}
			}
			p.done = "no finding is new, and none is gone"
			return nil
		},
	}
	command.Flags().StringVar(&format, "format", "text", "text, json or csv")
	return command
}

// effects are the parts of a difference with their names.
func effects(d *casework.RuleDifference) []struct {
	name   string
	effect *report.CaseCount
} {
	return []struct {
		name   string
		effect *report.CaseCount
	}{{"new", &d.New}, {"persisting", &d.Persisting}, {"resolved", &d.Resolved}}
}

// writeFindingsDiff writes a table with a line for each rule and state, and a column
// for each currency.
func writeFindingsDiff(w io.Writer, d *casework.Difference) error {
	var currencies []string
	for _, part := range effects(&d.Total) {
		currencies = slices.AppendSeq(currencies, maps.Keys(part.effect.Amounts))
	}
	// A sum of nothing in all may be one of something for a rule.
	for i := range d.Rules {
		for _, part := range effects(&d.Rules[i]) {
			currencies = slices.AppendSeq(currencies, maps.Keys(part.effect.Amounts))
		}
	}
	slices.Sort(currencies)
	currencies = slices.Compact(currencies)
	lines := newTable(paletteOf(w), []bool{false, false, true}, currencies, false)
	lines.add(append([]string{"rule", "state", "findings"}, headings(currencies)...)...)
	add := func(name string, difference *casework.RuleDifference) {
		for _, part := range effects(difference) {
			if part.effect.Findings > 0 || difference.Rule == "" {
				lines.add(append([]string{name, part.name, grouped(part.effect.Findings)}, amounts(part.effect.Amounts, currencies)...)...)
			}
		}
	}
	for i := range d.Rules {
		add(d.Rules[i].Rule, &d.Rules[i])
	}
	add("all", &d.Total)
	var text strings.Builder
	fmt.Fprintf(&text, "old: %s\nnew: %s\n\n", d.Old, d.New)
	lines.write(&text)
	_, err := io.WriteString(w, text.String())
	return err
}

func writeFindingsDiffJSON(w io.Writer, d *casework.Difference) error {
	encoder := json.NewEncoder(inertWriter{w})
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

// writeFindingsDiffCSV writes a line for each rule, state and currency. Texts are those
// of findings, and inert as they are there.
func writeFindingsDiffCSV(w io.Writer, d *casework.Difference) error {
	lines := csv.NewWriter(w)
	cell := func(text string) string { return report.Inert(report.GuardText(text)) }
	rows := [][]string{{"rule", "state", "findings", "currency", "amount"}}
	for i := range d.Rules {
		for _, part := range effects(&d.Rules[i]) {
			if part.effect.Findings == 0 {
				continue
			}
			head := []string{cell(d.Rules[i].Rule), part.name, strconv.FormatInt(part.effect.Findings, 10)}
			if len(part.effect.Amounts) == 0 {
				rows = append(rows, append(head, "", ""))
			}
			for _, currency := range slices.Sorted(maps.Keys(part.effect.Amounts)) {
				rows = append(rows, append(slices.Clone(head), cell(currency), part.effect.Amounts[currency].String()))
			}
		}
	}
	return lines.WriteAll(rows)
}
