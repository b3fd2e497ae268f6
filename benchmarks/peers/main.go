// Peers races avstam with what one would write instead: one tuned query in
// DuckDB, the same in Polars, and a plain Go program. All take the same files and
// must find the same; whoever does not ends the race. Its result is written to
// benchmarks/RESULTS.md, between marks. docs/operations.md says how to run it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// extractDay is the day of the register extract that gen.sql makes up.
const extractDay = "2025-12-31"

// race is what one race works with.
type race struct {
	folder string // of this package
	data   dataset
	work   string // for programs and what contestants write; removed at the end
	python string
	avstam string
	naive  string
	rounds int
	// naiveRounds is how many of the rounds the naive program takes part in. It is
	// slow, and its time does not decide anything.
	naiveRounds int
}

func main() {
	log.SetFlags(log.Ltime)
	log.SetPrefix("peers: ")
	rounds, err := positive("ROUNDS", 5)
	if err != nil {
		log.Fatal(err)
	}
	var r race
	flag.IntVar(&r.rounds, "rounds", rounds, "how often every contestant runs; also ROUNDS in the environment")
	flag.IntVar(&r.naiveRounds, "naive-rounds", 2, "of these, how many the naive program takes part in")
	growth := flag.Int("growth", 0, "no race: the whole job over 1, 10, 100 … up to so many million records")
	seeds := flag.Int("seeds", 0, "no race: whether avstam and DuckDB find the same in data of so many seeds, of AVSTAM_PEERS_RECORDS records each")
	flag.Parse()
	if flag.NArg() > 0 || r.rounds < 1 || r.naiveRounds < 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := r.run(ctx, *growth, *seeds); err != nil {
		stop()
		log.Fatal(err)
	}
}

// positive is a number of the environment, or what it is without one.
func positive(name string, otherwise int) (int, error) {
	text := os.Getenv(name)
	if text == "" {
		return otherwise, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("%s is %q: want a number of at least 1", name, text)
	}
	return number, nil
}

func (r *race) run(ctx context.Context, growth, seeds int) (err error) {
	root, err := output(exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}"))
	if err != nil {
		return fmt.Errorf("cannot find the module: %w", err)
	}
	r.folder = filepath.Join(root, "benchmarks", "peers")
	if r.work, err = os.MkdirTemp("", "avstam-peers-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.work)) }()

	log.Print("building")
	r.avstam, r.naive = filepath.Join(r.work, "avstam"), filepath.Join(r.work, "naive")
	for program, source := range map[string]string{r.avstam: "./cmd/avstam", r.naive: "./benchmarks/peers/naive"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, source)
		build.Dir = root
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if _, err := output(build); err != nil {
			return fmt.Errorf("cannot build %s: %w", source, err)
		}
	}
	results := filepath.Join(root, "benchmarks", "RESULTS.md")
	if growth > 0 {
		section, err := r.grow(ctx, growth)
		if err != nil {
			return err
		}
		fmt.Print(section)
		return rewrite(results, "growth", section)
	}
	if r.python, err = environment(ctx, r.folder); err != nil {
		return fmt.Errorf("cannot make the Python environment: %w", err)
	}
	if seeds > 0 {
		return r.compareSeeds(ctx, seeds)
	}
	if r.data, err = r.prepare(ctx); err != nil {
		return fmt.Errorf("cannot make the data: %w", err)
	}

	contestants := r.contestants()
	times, found, err := r.compete(ctx, contestants)
	if err != nil {
		return err
	}
	log.Print("measuring the floor")
	floors, err := r.floors(ctx, root)
	if err != nil {
		return err
	}
	log.Print("measuring the parts")
	parts, err := r.parts(ctx, root)
	if err != nil {
		return err
	}
	versions, err := r.versions(ctx, root)
	if err != nil {
		return err
	}
	section := result{
		Machine: thisMachine(), Versions: versions, Date: time.Now().UTC(), Data: r.data, Rounds: r.rounds,
		Contestants: contestants, Times: times, Found: found, Floors: floors, Parts: parts,
	}.String()
	fmt.Print(section)
	return rewrite(results, "peers", section)
}

// versions are of all that took part, by name.
func (r *race) versions(ctx context.Context, root string) ([][2]string, error) {
	revision := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude", "*")
	revision.Dir = root
	var versions [][2]string
	for _, v := range []struct {
		name    string
		command *exec.Cmd
	}{
		{"avstam", revision},
		{"Go", exec.CommandContext(ctx, "go", "env", "GOVERSION")},
		{"DuckDB", exec.CommandContext(ctx, r.python, "-c", "import duckdb; print(duckdb.__version__)")},
		{"Polars", exec.CommandContext(ctx, r.python, "-c", "import polars; print(polars.__version__)")},
		{"Python", exec.CommandContext(ctx, r.python, "-c", "import platform; print(platform.python_version())")},
	} {
		version, err := output(v.command)
		if err != nil {
			return nil, fmt.Errorf("cannot tell the version of %s: %w", v.name, err)
		}
		versions = append(versions, [2]string{v.name, version})
	}
	return versions, nil
}

// output is what a command prints; what it says of its failure is in the error.
func output(command *exec.Cmd) (string, error) {
	text, err := command.Output()
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		return "", fmt.Errorf("%w\n%s", err, exit.Stderr)
	}
	return strings.TrimSpace(string(text)), err
}
