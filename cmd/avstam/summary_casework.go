package main

import (
	"fmt"
	"strings"

	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// writeCasework writes how the findings stand to the baseline, what of it is gone,
// and what the decisions come to.
func writeCasework(text *strings.Builder, colours palette, s *report.Summary, currencies []string) {
	if s.Baseline != nil {
		states := newTable(colours, []bool{false, true}, currencies, false)
		states.add(append([]string{"since the baseline", "findings"}, headings(currencies)...)...)
		for _, count := range append(s.Baseline.States(), s.Baseline.Gone()...) {
			states.add(append([]string{strings.ReplaceAll(count.Name, "_", " "), grouped(count.Findings)}, amounts(count.Amounts, currencies)...)...)
		}
		text.WriteByte('\n')
		states.write(text)
	}
	decisions := newTable(colours, []bool{false, true}, currencies, false)
	decisions.add(append([]string{"decision", "findings"}, headings(currencies)...)...)
	any := false
	for _, count := range s.Decisions {
		if count.Findings > 0 {
			any = true
			decisions.add(append([]string{count.Decision, grouped(count.Findings)}, amounts(count.Amounts, currencies)...)...)
		}
		if count.Expired > 0 {
			decisions.add(append([]string{"  of them expired", grouped(count.Expired)}, amounts(count.ExpiredAmounts, currencies)...)...)
		}
	}
	if any {
		text.WriteByte('\n')
		decisions.write(text)
	}
	excused := int64(0)
	for _, count := range s.Excused {
		excused += count.Findings
	}
	if excused > 0 {
		fmt.Fprintf(text, rules.Plural(excused, "Of the findings %s does not count toward fail_on: it is decided to be lawful or corrected.\n",
			"Of the findings %s do not count toward fail_on: they are decided to be lawful or corrected.\n"), grouped(excused))
	}
}
