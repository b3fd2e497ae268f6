package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// contestant is a program with its input.
type contestant struct {
	Program string
	// Input is how the records come, and the register.
	Records, Register string
	// rounds it takes part in.
	rounds int
	// command to run, and the findings that it leaves.
	command  []string
	findings string
}

func (c contestant) String() string { return c.Program + ", " + c.Records + ", " + c.Register }

// usage is what a process took.
type usage struct {
	Wall, CPU time.Duration // CPU is user and system, of all its threads
	Peak      int64         // bytes of memory at most
}

// counts are findings by rule, as counts.sql tells them apart.
type counts map[string]int64

// byLink are the findings that avstam alone has, since it follows links.
const byLink = "deceased_payee_by_link"

// Names of programs and inputs.
const (
	programAvstam  = "avstam"
	programAgain   = "avstam, the same again"
	programDigest  = "avstam, inputs digested"
	programWorker  = "avstam, one worker"
	programDuckDB  = "DuckDB"
	programPlain   = "DuckDB, plain SQL"
	programPolars  = "Polars"
	programNaive   = "naive Go"
	inputParquet   = "Parquet"
	inputCSV       = "CSV"
	inputSnapshot  = "snapshot"
	inputExtract   = "extract"
	inputExtracted = "extract in CSV"
)

// contestants are all, in the order of the first round. The first two are the
// same command: their difference is the machine's.
func (r *race) contestants() []contestant {
	files := map[string]string{
		inputParquet: r.data.file("records.parquet"), inputCSV: r.data.file("records.csv"),
		inputSnapshot: r.snapshot(), inputExtract: r.data.file("register.parquet"), inputExtracted: r.data.file("register.csv"),
	}
	var all []contestant
	avstam := func(program, records, register string, flags ...string) {
		out := filepath.Join(r.work, "reports")
		all = append(all, contestant{
			Program: program, Records: records, Register: register, rounds: r.rounds,
			command: append([]string{r.avstam, "run", "--quiet", "--records", files[records], "--register", files[register],
				"--extract-date", extractDay, "--out", out}, flags...),
			findings: filepath.Join(out, "latest", "findings.parquet"),
		})
	}
	avstam(programAvstam, inputParquet, inputSnapshot, "--input-digest", "none")
	avstam(programAgain, inputParquet, inputSnapshot, "--input-digest", "none")
	avstam(programAvstam, inputParquet, inputExtract, "--input-digest", "none")
	avstam(programAvstam, inputCSV, inputSnapshot, "--input-digest", "none")
	avstam(programAvstam, inputCSV, inputExtract, "--input-digest", "none")
	avstam(programDigest, inputParquet, inputSnapshot)
	avstam(programDigest, inputCSV, inputSnapshot)
	avstam(programWorker, inputParquet, inputSnapshot, "--input-digest", "none", "--workers", "1")
	for _, duckDB := range []struct{ program, job string }{{programDuckDB, "job.sql"}, {programPlain, "job_plain.sql"}} {
		for _, records := range []string{inputParquet, inputCSV} {
			findings := filepath.Join(r.work, "duckdb.parquet")
			all = append(all, contestant{
				Program: duckDB.program, Records: records, Register: inputExtract, rounds: r.rounds, findings: findings,
				command: []string{r.python, filepath.Join(r.folder, "run_sql.py"), filepath.Join(r.folder, duckDB.job),
					"records=" + files[records], "register=" + files[inputExtract], "out=" + findings},
			})
		}
	}
	for _, records := range []string{inputParquet, inputCSV} {
		findings := filepath.Join(r.work, "polars.parquet")
		all = append(all, contestant{
			Program: programPolars, Records: records, Register: inputExtract, rounds: r.rounds, findings: findings,
			command: []string{r.python, filepath.Join(r.folder, "job_polars.py"), files[records], files[inputExtract], findings},
		})
	}
	findings := filepath.Join(r.work, "naive.csv")
	all = append(all, contestant{
		Program: programNaive, Records: inputCSV, Register: inputExtracted, rounds: min(r.naiveRounds, r.rounds), findings: findings,
		command: []string{r.naive, files[inputCSV], files[inputExtracted], findings},
	})
	return all
}

// compete runs the rounds. Times are by contestant and round. Each round begins
// with the next contestant, so that none always follows the same.
func (r *race) compete(ctx context.Context, contestants []contestant) (times [][]usage, found counts, err error) {
	times = make([][]usage, len(contestants))
	for round := range r.rounds {
		for k := range contestants {
			i := (round + k) % len(contestants)
			c := contestants[i]
			if round >= c.rounds {
				continue
			}
			if err := os.RemoveAll(filepath.Join(r.work, "reports")); err != nil {
				return nil, nil, err
			}
			used, err := measure(exec.CommandContext(ctx, c.command[0], c.command[1:]...))
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", c, err)
			}
			log.Printf("round %d: %-45s %6.2f s, %6.2f s of processors, %5d MiB", round+1, c, used.Wall.Seconds(), used.CPU.Seconds(), used.Peak>>20)
			times[i] = append(times[i], used)
			got, err := r.count(ctx, c.findings)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: cannot count its findings: %w", c, err)
			}
			if found == nil {
				found = got
			}
			if err := agree(c, got, found); err != nil {
				return nil, nil, err
			}
			if c.Program == programDuckDB && round == 0 {
				text, err := r.query(ctx, "links.sql", "findings="+c.findings, "register="+r.data.file("register.parquet"))
				if err != nil {
					return nil, nil, err
				}
				if links := strconv.FormatInt(found[byLink], 10); text != links {
					return nil, nil, fmt.Errorf("avstam found %s deaths by following links, and the register has %s", links, text)
				}
			}
		}
	}
	return times, found, nil
}

// agree is an error unless a contestant found what the first, which is avstam,
// found: in every rule the same number, and of deaths behind links, where avstam
// alone looks, nothing or the same.
func agree(c contestant, got, found counts) error {
	rules := slices.Concat(slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(found)))
	slices.Sort(rules)
	for _, rule := range slices.Compact(rules) {
		want := found[rule]
		if rule == byLink && !strings.HasPrefix(c.Program, programAvstam) {
			want = 0
		}
		if got[rule] != want {
			return fmt.Errorf("%s found %d of %s, and avstam %d", c, got[rule], rule, want)
		}
	}
	return nil
}

// count is the findings of a file by rule.
func (r *race) count(ctx context.Context, findings string) (counts, error) {
	text, err := r.query(ctx, "counts.sql", "findings="+findings)
	if err != nil {
		return nil, err
	}
	found := counts{}
	for line := range strings.Lines(text) {
		rule, number, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if found[rule], err = strconv.ParseInt(number, 10, 64); err != nil {
			return nil, fmt.Errorf("cannot read the line %q: %w", line, err)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("it found nothing")
	}
	return found, nil
}

// measure runs a command and tells what it took.
func measure(command *exec.Cmd) (usage, error) {
	var said bytes.Buffer
	command.Stderr = &said
	start := time.Now()
	err := command.Run()
	wall := time.Since(start)
	if err != nil {
		return usage{}, fmt.Errorf("%w\n%s", err, said.Bytes())
	}
	state := command.ProcessState
	used := usage{Wall: wall, CPU: state.UserTime() + state.SystemTime()}
	if resources, is := state.SysUsage().(*syscall.Rusage); is {
		used.Peak = resources.Maxrss * 1024 // Linux counts in KiB
	}
	return used, nil
}
