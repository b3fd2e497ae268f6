package main

import (
	"fmt"
	"strings"

	"github.com/avstam/avstam/report"
)

// writeCasework writes how the findings stand to the baseline, what of it is gone,
// and what the decisions come to.
func writeCasework(text *strings.Builder, s *report.Summary, currencies []string) {
	if len(s.States) > 0 {
		states := newTable([]bool{false, true}, currencies)
		states.add(append([]string{"since the baseline", "findings"}, currencies...)...)
		for _, count := range append(append([]report.Count{}, s.States...), s.Gone...) {
			states.add(append([]string{strings.ReplaceAll(count.Name, "_", " "), grouped(count.Findings)}, amounts(count.Amounts, currencies)...)...)
		}
		text.WriteByte('\n')
		states.write(text)
	}
	decisions := newTable([]bool{false, true}, currencies)
	decisions.add(append([]string{"decision", "findings"}, currencies...)...)
	any := false
	for _, count := range s.Decisions {
		for _, part := range []struct {
			name   string
			effect report.Effect
		}{{count.Decision, count.InForce}, {count.Decision + ", expired", count.Expired}} {
			if part.effect.Findings > 0 {
				any = true
				decisions.add(append([]string{part.name, grouped(part.effect.Findings)}, amounts(part.effect.Amounts, currencies)...)...)
			}
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
		fmt.Fprintf(text, "Of the findings %s do not count toward fail_on: they are decided to be lawful or corrected.\n", grouped(excused))
	}
}
