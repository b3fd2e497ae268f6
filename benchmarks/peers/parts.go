package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// figure is one value that a benchmark reports, with its unit: the median of a
// benchmark's runs.
type figure struct {
	Name, Unit string
	Value      float64
}

// partBenchmarks are the benchmarks of parts that the results show.
var partBenchmarks = []struct {
	folder, pattern, environment string
}{
	{"./identity", "^BenchmarkParse$/^mixed$", ""},
	{"./identity", "^BenchmarkParseUint$", ""},
	{"./register", "^BenchmarkLookup$/^(column|map)$", "AVSTAM_BENCH_NUMBERS=10000000"},
	{"./register", "^Benchmark(Build|Open)$", "AVSTAM_BENCH_NUMBERS=10000000"},
	{"./benchmarks", "^BenchmarkFindings$", "AVSTAM_RECORDS=4000000"},
}

// parts runs the benchmarks of parts as often as there are rounds.
func (r *race) parts(ctx context.Context, root string) ([]figure, error) {
	var figures []figure
	for _, p := range partBenchmarks {
		benchmark := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", p.pattern, "-count", strconv.Itoa(r.rounds), "-timeout", "0", p.folder)
		benchmark.Dir = root
		benchmark.Env = append(os.Environ(), p.environment)
		text, err := output(benchmark)
		if err != nil {
			return nil, err
		}
		read, err := readFigures(text)
		if err != nil {
			return nil, err
		}
		figures = append(figures, read...)
	}
	return figures, nil
}

// readFigures takes the figures from what go test prints of benchmarks, in the
// order in which they first come.
func readFigures(text string) ([]figure, error) {
	type key struct{ name, unit string }
	var keys []key
	values := map[key][]float64{}
	for line := range strings.Lines(text) {
		name, rest, found := strings.Cut(line, "\t")
		if !found || !strings.HasPrefix(name, "Benchmark") {
			continue
		}
		name = processors.ReplaceAllString(strings.TrimSpace(strings.TrimPrefix(name, "Benchmark")), "")
		fields := strings.Fields(rest)
		for i := 1; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("cannot read the line %q: %w", line, err)
			}
			if value == 0 {
				continue // of what a benchmark does not count
			}
			k := key{name, fields[i+1]}
			if values[k] == nil {
				keys = append(keys, k)
			}
			values[k] = append(values[k], value)
		}
	}
	var figures []figure
	for _, k := range keys {
		figures = append(figures, figure{Name: k.name, Unit: k.unit, Value: median(values[k])})
	}
	return figures, nil
}

// writeParts writes the figures as a table, and beside those that have one the
// ratio to their yardstick.
func writeParts(text *strings.Builder, figures []figure, rounds int) {
	value := func(name, unit string) float64 {
		for _, f := range figures {
			if f.Name == name && f.Unit == unit {
				return f.Value
			}
		}
		return 0
	}
	yardsticks := map[figure]struct{ name, unit string }{
		{Name: "Parse/mixed", Unit: "ns/op"}:             {"ParseUint", "ns/op"},
		{Name: "Lookup/column/find", Unit: "ns/number"}:  {"Lookup/map", "ns/op"},
		{Name: "Lookup/column/usual", Unit: "ns/number"}: {"Lookup/map", "ns/op"},
		{Name: "Findings/3%", Unit: "ns/record"}:         {"Findings/1%", "ns/record"},
		{Name: "Findings/100%", Unit: "ns/record"}:       {"Findings/1%", "ns/record"},
	}
	fmt.Fprintf(text, "\nParts, medians of so many runs: %d. The register of the look-ups has ten million numbers, the jobs have four million records and both cores.\n\n", rounds)
	text.WriteString("| benchmark | | | |\n|---|--:|---|---|\n")
	for _, f := range figures {
		ratio := ""
		if yardstick, has := yardsticks[figure{Name: f.Name, Unit: f.Unit}]; has && value(yardstick.name, yardstick.unit) > 0 {
			ratio = fmt.Sprintf("%.2f × %s", f.Value/value(yardstick.name, yardstick.unit), yardstick.name)
		}
		fmt.Fprintf(text, "| %s | %s | %s | %s |\n", f.Name, strconv.FormatFloat(f.Value, 'f', -1, 64), f.Unit, ratio)
	}
}
