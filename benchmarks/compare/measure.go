package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// pair is one top-level benchmark in both trees.
type pair struct {
	name       string // BenchmarkParse
	sub        string // the rest of the pattern, "/name", or empty
	base, tree string // the compiled tests
	// Folders to run them in, where their testdata lies.
	baseFolder, treeFolder string
}

// build lays the revision out beside the working tree, compiles the tests of both,
// and lists the benchmarks that both have.
func build(ctx context.Context, o options, folder string) ([]pair, error) {
	// An archive and no worktree: it leaves nothing behind in the repository, even if this is killed.
	baseTree, archive := filepath.Join(folder, "base"), filepath.Join(folder, "base.tar")
	root, err := output(ctx, ".", "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	root = strings.TrimSpace(root)
	if _, err := output(ctx, root, "git", "archive", "--output", archive, o.base); err != nil {
		return nil, fmt.Errorf("cannot lay out the revision %s: %w", o.base, err)
	}
	if err := os.Mkdir(baseTree, 0o755); err != nil {
		return nil, err
	}
	if _, err := output(ctx, baseTree, "tar", "-xf", archive); err != nil {
		return nil, err
	}

	log.Printf("building the tests of %s and of the working tree", o.base)
	theirs, err := compile(ctx, o, baseTree, filepath.Join(folder, "base.tests"))
	if err != nil {
		return nil, fmt.Errorf("in %s: %w", o.base, err)
	}
	ours, err := compile(ctx, o, root, filepath.Join(folder, "tree.tests"))
	if err != nil {
		return nil, err
	}
	top, sub, deep := strings.Cut(o.benchmarks, "/")
	if deep {
		sub = "/" + sub
	}
	wanted, err := regexp.Compile(top)
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for _, our := range ours {
		for _, their := range theirs {
			if their.path != our.path {
				continue
			}
			for _, name := range our.benchmarks {
				if wanted.MatchString(name) && slices.Contains(their.benchmarks, name) {
					pairs = append(pairs, pair{name: name, sub: sub, base: their.binary, tree: our.binary, baseFolder: their.folder, treeFolder: our.folder})
				}
			}
		}
	}
	return pairs, nil
}

// tested is a package with benchmarks, compiled.
type tested struct {
	path, folder, binary string
	benchmarks           []string // top-level names
}

func compile(ctx context.Context, o options, tree, folder string) ([]tested, error) {
	arguments := append([]string{"list", "-e", "-f", `{{.ImportPath}}{{"\t"}}{{.Dir}}{{range .TestGoFiles}}{{"\t"}}{{.}}{{end}}{{range .XTestGoFiles}}{{"\t"}}{{.}}{{end}}`}, o.packages...)
	listed, err := output(ctx, tree, "go", arguments...)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	var all []tested
	for line := range strings.Lines(listed) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) < 3 {
			continue // no tests
		}
		has := false
		for _, file := range fields[2:] {
			source, err := os.ReadFile(filepath.Join(fields[1], file))
			if err != nil {
				return nil, err
			}
			has = has || bytes.Contains(source, []byte("\nfunc Benchmark"))
		}
		if !has {
			continue
		}
		t := tested{path: fields[0], folder: fields[1], binary: filepath.Join(folder, fmt.Sprintf("%d.test", len(all)))}
		if _, err := output(ctx, tree, "go", "test", "-c", "-trimpath", "-o", t.binary, t.path); err != nil {
			return nil, fmt.Errorf("cannot build the tests of %s: %w", t.path, err)
		}
		names, err := output(ctx, t.folder, t.binary, "-test.list", "^Benchmark")
		if err != nil {
			return nil, err
		}
		t.benchmarks = strings.Fields(names)
		all = append(all, t)
	}
	return all, nil
}

// key names a benchmark: its package and its own name, with what it is part of.
type key struct{ pkg, name string }

// measured is what a benchmark reported, by unit.
type measured map[string]float64

// round is every benchmark once on either side. The two sides of noise are the
// same program.
type round struct{ base, tree map[key]measured }

type rounds []round

// runs is how often a benchmark runs on one side of a pair; the best counts. Many
// short runs find a quiet moment on a busy machine where a long one does not.
const runs = "5"

// measure measures one round: of each benchmark a pair of noise and a pair of
// change, all at one time, so that whatever else the machine does meets both. The
// next round takes the sides of each pair the other way round.
func measure(ctx context.Context, o options, pairs []pair, number int) (noise, change round, err error) {
	noise = round{base: map[key]measured{}, tree: map[key]measured{}}
	change = round{base: map[key]measured{}, tree: map[key]measured{}}
	for _, p := range pairs {
		sides := []struct {
			binary, folder string
			into           map[key]measured
		}{
			{p.base, p.baseFolder, noise.base}, {p.base, p.baseFolder, noise.tree},
			{p.base, p.baseFolder, change.base}, {p.tree, p.treeFolder, change.tree},
		}
		if number%2 == 1 {
			sides[0], sides[1], sides[2], sides[3] = sides[1], sides[0], sides[3], sides[2]
		}
		for _, side := range sides {
			text, err := output(ctx, side.folder, side.binary, "-test.run", "^$", "-test.bench", "^"+p.name+"$"+p.sub,
				"-test.count", runs, "-test.benchmem", "-test.benchtime", o.time, "-test.timeout", "0")
			if err != nil {
				return noise, change, fmt.Errorf("%s: %w", p.name, err)
			}
			if err := read(text, side.into); err != nil {
				return noise, change, fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return noise, change, nil
}

// read adds what a run reported: of a benchmark that ran several times the least
// of each unit, since what else the machine does only ever adds.
func read(text string, into map[key]measured) error {
	reader := benchfmt.NewReader(strings.NewReader(text), "benchmark")
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			return record
		case *benchfmt.Result:
			k := key{pkg: record.GetConfig("pkg"), name: string(record.Name)}
			if into[k] == nil {
				into[k] = measured{}
			}
			for _, value := range record.Values {
				if least, has := into[k][value.Unit]; !has || value.Value < least {
					into[k][value.Unit] = value.Value
				}
			}
		}
	}
	return reader.Err()
}

// output is what a command prints; what it says of its failure is in the error.
func output(ctx context.Context, folder, name string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = folder
	text, err := command.Output()
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		return "", fmt.Errorf("%s: %w\n%s%s", filepath.Base(name), err, text, exit.Stderr)
	}
	return string(text), err
}
