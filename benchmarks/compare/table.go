package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchunit"
)

// write prints the table and returns how many benchmarks became worse.
func write(w io.Writer, judged []judgement, apart []key, o options) (regressions int, err error) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "benchmark\ttime, %s\tnow\tchange\tnoise\tp\tallocs\tbytes\t\n", o.base)
	pkg := ""
	for _, j := range judged {
		if j.pkg != pkg {
			pkg = j.pkg
			fmt.Fprintf(table, "%s\t\t\t\t\t\t\t\t\n", pkg)
		}
		timed := "\t\t\t\t"
		if j.unit != "" {
			timed = fmt.Sprintf("%s\t%s\t%+.1f%%\t±%.1f%%\t%.4f", scaled(j.base, j.unit), scaled(j.tree, j.unit), 100*(j.ratio-1), 100*(j.noise-1), j.p)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", j.name, timed, counted(j.allocations), counted(j.bytes), verdict(j))
		if j.regressed() {
			regressions++
		}
	}
	if err := table.Flush(); err != nil {
		return 0, err
	}
	for _, k := range apart {
		fmt.Fprintf(w, "%s %s: not on both sides, not judged\n", k.pkg, k.name)
	}
	_, err = fmt.Fprintf(w, "\n%d of %d benchmarks became worse.\n", regressions, len(judged))
	return regressions, err
}

func scaled(value float64, unit string) string {
	return benchunit.Scale(value, benchunit.Decimal) + strings.TrimPrefix(unit, "sec")
}

func counted(c count) string {
	if c.base == c.tree {
		return fmt.Sprintf("%.0f", c.base)
	}
	return fmt.Sprintf("%.0f → %.0f", c.base, c.tree)
}

func verdict(j judgement) string {
	var words []string
	for _, w := range []struct {
		changed       direction
		worse, better string
	}{
		{j.time, "SLOWER", "faster"},
		{j.allocated, "MORE ALLOCATIONS", "fewer allocations"},
		{j.sized, "MORE BYTES", "fewer bytes"},
	} {
		switch w.changed {
		case worse:
			words = append(words, w.worse)
		case better:
			words = append(words, w.better)
		}
	}
	return strings.Join(words, ", ")
}
