package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/disk"
)

// A step of a job in parts that fails can be done again, and no step takes what
// another has left half done for a result.
func TestFaultsOfShard(t *testing.T) {
	skipWhereSlow(t)
	folder := inFaultFolder(t)
	doHere(t, "register", "build", "--in", "in/register.parquet", "--out", "in/register.avr")
	steps := [][]string{
		{
			"shard", "plan", "--records", "in/records.parquet", "--records", "in/records.csv", "--register", "in/register.avr", "--as-of", "2025-12-02",
			"--format", "parquet,csv,html", "--split", "agency", "--out", "out", "--work", "work", "--chunk-bytes", "20000",
		},
		{"shard", "map", "--work", "work", "--workers", "2"},
		{"shard", "reduce", "--work", "work"},
		{"shard", "commit", "--work", "work"},
	}
	// How all stands before each step.
	start := func(step string) string { return filepath.Join("start", step) }
	restore := func(t *testing.T, from string) {
		for _, name := range []string{"out", "work"} {
			require.NoError(t, os.RemoveAll(name))
			if _, err := os.Stat(filepath.Join(from, name)); err == nil {
				copyFolder(t, filepath.Join(from, name), name)
			}
		}
	}
	copyFolder(t, "base", "out")
	for _, step := range steps {
		require.NoError(t, os.MkdirAll(start(step[1]), 0o750))
		copyFolder(t, "out", filepath.Join(start(step[1]), "out"))
		if step[1] != "plan" {
			copyFolder(t, "work", filepath.Join(start(step[1]), "work"))
		}
		doHere(t, step...)
	}
	wanted := contents(t, "out/latest")
	n := &night{folder: folder}
	before := n.outputs(t, "base")
	for i, step := range steps {
		c := &faultCase{
			name: "shard " + step[1], arguments: step, outputs: []string{".", "out", "temporary", folder + "/temporary"}, both: "work", folder: folder,
			reset: func(t *testing.T) { restore(t, start(step[1])) }, few: true,
			mayGoOn: func(m met) bool {
				return onlyRead(m) || m == met{disk.OpFinish, "out/.lock"} || m == met{disk.OpStat, "in/records.parquet"} // whether the path leads to another file by now
			},
		}
		c.check = func(t *testing.T, kind *faultKind, failed []met, now ending) {
			seen := n.outputs(t, "out")
			switch isLast := step[1] == "commit"; {
			case isLast && now.exit == 0:
				require.Equal(t, wanted, contents(t, "out/latest"))
			case isLast && kind.lasts && strings.Contains(now.last, mayNotLast):
			default:
				require.Equal(t, before.reports, seen.reports, "no part of a report")
				require.Equal(t, before.latest, seen.latest)
			}
			mustLeaveNoTemporary(t, kind, failed)
			for _, step := range steps[i:] {
				doHere(t, step...)
			}
			require.Equal(t, wanted, contents(t, "out/latest"))
			assert.Len(t, n.outputs(t, "out").reports, len(before.reports)+1)
		}
		t.Run(step[1], c.run)
	}
}
