// Compare tells whether the working tree is slower than a revision, beyond the
// machine's own noise: in turns it measures the revision against itself, and the
// revision against the working tree. Its status is 1 where something became slower
// or allocates more. docs/operations.md says how to run it, and
// judge.go by which rule it decides.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(log.Ltime)
	log.SetPrefix("bench-compare: ")
	var o options
	flag.StringVar(&o.base, "base", "HEAD", "the revision to compare the working tree with")
	packages := flag.String("packages", "./...", "packages whose benchmarks to run, separated by blanks")
	flag.StringVar(&o.benchmarks, "bench", ".", "the benchmarks to run, as go test -bench takes them")
	flag.StringVar(&o.time, "benchtime", "10ms", "how long each of the five runs takes of which the best counts, as go test -benchtime takes it")
	flag.IntVar(&o.rounds, "rounds", 10, "how many pairs to measure of each benchmark, of noise and of change alike")
	flag.Parse()
	o.packages = strings.Fields(*packages)
	if flag.NArg() > 0 || o.rounds < 1 || len(o.packages) == 0 || o.base == "" {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	regressions, err := run(ctx, o)
	if err != nil {
		stop()
		log.Print(err)
		os.Exit(2)
	}
	if regressions > 0 {
		stop()
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	base       string
	packages   []string
	benchmarks string
	time       string
	rounds     int
}

// run measures, prints the table, and returns how many benchmarks became worse.
func run(ctx context.Context, o options) (regressions int, err error) {
	folder, err := os.MkdirTemp("", "avstam-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	pairs, err := build(ctx, o, folder)
	if err != nil {
		return 0, err
	}

	start := time.Now()
	log.Printf("measuring %s against itself and against the working tree, %d rounds", o.base, o.rounds)
	noise, change := make(rounds, o.rounds), make(rounds, o.rounds)
	for i := range o.rounds {
		if noise[i], change[i], err = measure(ctx, o, pairs, i); err != nil {
			return 0, err
		}
		if i > 0 {
			continue
		}
		count := len(noise[0].base)
		if count == 0 {
			return 0, fmt.Errorf("no benchmark matches %q in both trees", o.benchmarks)
		}
		if least := leastRounds(count); o.rounds < least {
			return 0, fmt.Errorf("%d rounds cannot tell %d benchmarks from chance: take at least %d", o.rounds, count, least)
		}
		log.Printf("%d benchmarks; a round takes %s, and %d more follow", count, time.Since(start).Round(time.Second), o.rounds-1)
	}
	judged, apart := judge(noise, change)
	return write(os.Stdout, judged, apart, o)
}
