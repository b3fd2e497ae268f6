package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// million is the step of growth: a file of so many records, of which there are
// copies. (A hard link would be refused: the same file may not count twice.)
const million = 1_000_000

// step is the whole job at one size.
type step struct {
	Millions int
	Times    []usage
}

// grow runs the whole job over 1, 10, 100 … million records, up to a limit,
// against one register, and returns the section of RESULTS.md. Sizes take turns;
// a size of 100 million or more runs in fewer rounds.
func (r *race) grow(ctx context.Context, limit int) (section string, err error) {
	generated := filepath.Join(r.work, "generated")
	log.Print("making a million records")
	if _, err := output(exec.CommandContext(ctx, r.avstam, "generate", "--quiet", "--records", fmt.Sprint(million), "--persons", "10000000", "--seed", "1",
		"--dirty", "0.01", "--format", "parquet", "--out", generated)); err != nil {
		return "", err
	}
	r.data.Folder = generated
	if _, err := measure(exec.CommandContext(ctx, r.avstam, "register", "build", "--quiet", "--in", r.data.file("register.parquet"), "--extract-date", extractDay, "--out", r.snapshot())); err != nil {
		return "", err
	}
	var steps []step
	for millions := 1; millions <= limit; millions *= 10 {
		folder := filepath.Join(r.work, fmt.Sprint(millions))
		if err := os.Mkdir(folder, 0o700); err != nil {
			return "", err
		}
		for i := range millions {
			if err := copyFile(filepath.Join(folder, fmt.Sprintf("%04d.parquet", i)), r.data.file("records.parquet")); err != nil {
				return "", err
			}
		}
		steps = append(steps, step{Millions: millions})
	}
	out := filepath.Join(r.work, "reports")
	for round := range r.rounds {
		for i := range steps {
			s := &steps[i]
			if s.Millions >= 100 && round >= (r.rounds+1)/2 || s.Millions >= 1000 && round > 0 {
				continue
			}
			if err := os.RemoveAll(out); err != nil {
				return "", err
			}
			used, err := measure(exec.CommandContext(ctx, r.avstam, "run", "--quiet", "--records", filepath.Join(r.work, fmt.Sprint(s.Millions), "*.parquet"),
				"--register", r.snapshot(), "--extract-date", extractDay, "--input-digest", "none", "--out", out))
			if err != nil {
				return "", err
			}
			log.Printf("round %d: %4d million: %7.2f s, %d MiB", round+1, s.Millions, used.Wall.Seconds(), used.Peak>>20)
			s.Times = append(s.Times, used)
		}
	}
	return growthSection(steps), nil
}

func growthSection(steps []step) string {
	var text strings.Builder
	machine := thisMachine()
	fmt.Fprintf(&text, "## Growth\n\nMade by `make growth`. %s · %s; %d processors, %s, %s.\n", time.Now().UTC().Format(time.DateOnly), machine.Processor, machine.Cores, machine.Memory, machine.Kernel)
	fmt.Fprintf(&text, "Files of a million records, 1 %% of them with a finding, against a snapshot of 10 million people; medians.\n\n")
	fmt.Fprintf(&text, "| records | rounds | seconds | ns/record | processor ns/record | memory at most |\n|--:|--:|--:|--:|--:|--:|\n")
	for _, s := range steps {
		wall := walls(s.Times)
		var processors []float64
		var peak int64
		for _, used := range s.Times {
			processors = append(processors, used.CPU.Seconds())
			peak = max(peak, used.Peak)
		}
		records := float64(s.Millions) * million
		fmt.Fprintf(&text, "| %s | %d | %.2f | %.0f | %.0f | %d MiB |\n", thousands(int64(records)), len(wall), median(slices.Clone(wall)), median(wall)*1e9/records, median(processors)*1e9/records, peak>>20)
	}
	return text.String()
}

func copyFile(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
