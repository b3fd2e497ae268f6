package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// floor is the whole job beside what it cannot go below, as the benchmark of the
// whole job measures it.
type floor struct {
	Name        string  // records/register/workers
	Nanoseconds float64 // per record
	Times       float64 // the job's time in the floor's
}

// floors runs that benchmark on the data of the race, as often as there are rounds.
func (r *race) floors(ctx context.Context, root string) ([]floor, error) {
	benchmark := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkJob$", "-benchtime", fmt.Sprintf("%dx", r.rounds), "-timeout", "0", "./benchmarks")
	benchmark.Dir = root
	benchmark.Env = append(os.Environ(), "AVSTAM_PEERS_DATA="+r.data.Folder)
	text, err := output(benchmark)
	if err != nil {
		return nil, err
	}
	return readFloors(text)
}

var processors = regexp.MustCompile(`-\d+$`)

// readFloors takes from what go test prints the benchmarks that tell a floor.
func readFloors(text string) ([]floor, error) {
	var floors []floor
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		name, is := strings.CutPrefix(line, "BenchmarkJob/")
		if !is || len(fields) < 2 {
			continue
		}
		name, _, _ = strings.Cut(name, "\t")
		f := floor{Name: processors.ReplaceAllString(strings.TrimSpace(name), "")}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("cannot read the line %q: %w", line, err)
			}
			switch fields[i+1] {
			case "ns/record":
				f.Nanoseconds = value
			case "x-floor":
				f.Times = value
			}
		}
		if f.Times > 0 {
			floors = append(floors, f)
		}
	}
	return floors, nil
}
