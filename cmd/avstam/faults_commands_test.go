package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/register"
)

// onlyRead says whether a call cannot matter: a file is closed that was only read,
// or a temporary file that has no name.
func onlyRead(m met) bool {
	return m.operation == disk.OpClose || m.operation == disk.OpFinish && strings.HasPrefix(filepath.Base(m.path), ".tmp-")
}

// mustLeaveNoTemporary checks that no temporary file is left, unless it could not be
// removed.
func mustLeaveNoTemporary(t *testing.T, kind *faultKind, failed []met) {
	t.Helper()
	if !kind.lasts && failed[0].operation != disk.OpRemove {
		assert.Empty(t, namesIn(t, "temporary"))
	}
}

// The first run in a folder makes the folder and the key of finding ids, which is
// there whole or not at all.
func TestFaultsOfTheFirstRun(t *testing.T) {
	folder := inFaultFolder(t)
	n := &night{folder: folder}
	c := &faultCase{
		name: "the first run", outputs: []string{"out", "temporary", "."}, folder: folder,
		arguments: []string{"run", "--records", "in/records.parquet", "--register", "in/register.csv", "--format", "csv", "--as-of", "2025-12-02", "--out", "out"},
		reset:     func(t *testing.T) { require.NoError(t, os.RemoveAll("out")) },
		mayGoOn: func(m met) bool {
			return onlyRead(m) || m == met{disk.OpFinish, "out/.lock"} || m == met{disk.OpStat, "in/records.parquet"} // whether the path leads to another file by now
		},
	}
	c.check = func(t *testing.T, kind *faultKind, failed []met, now ending) {
		seen := n.outputs(t, "out")
		seen.reports = slices.DeleteFunc(seen.reports, func(name string) bool { return name == "failed" && now.exit == job.ExitInput })
		isPublished := now.exit == 0
		if kind.lasts && strings.Contains(now.last, mayNotLast) {
			require.Len(t, seen.reports, 1)
			doHere(t, "verify", filepath.Join("out", seen.reports[0]))
			assert.Contains(t, []string{"", seen.reports[0]}, seen.latest)
		} else {
			assert.Equal(t, isPublished, len(seen.reports) == 1, "a report is published, or none: %v", seen.reports)
			assert.Equal(t, isPublished, seen.latest != "")
		}
		key, err := os.ReadFile("out/.id_key")
		if err != nil {
			require.ErrorIs(t, err, os.ErrNotExist)
		} else {
			require.Len(t, strings.TrimSpace(string(key)), 64)
		}
		doHere(t, c.arguments...)
		doHere(t, "verify", "out/latest")
		seen = n.outputs(t, "out")
		assert.Empty(t, seen.hidden)
		if key != nil {
			assert.Equal(t, key, readHere(t, "out/.id_key"))
		}
		mustLeaveNoTemporary(t, kind, failed)
	}
	c.run(t)
}

// What a stream has of a run that fails is nothing, unless the temporary file that
// it comes from cannot be read.
func TestFaultsOfAStream(t *testing.T) {
	folder := inFaultFolder(t)
	c := &faultCase{
		name: "run to standard output", outputs: []string{"temporary", folder + "/temporary"}, folder: folder,
		arguments: []string{"run", "--records", "in/records.csv", "--register", "in/register.parquet", "--as-of", "2025-12-02", "--out", "-", "--format", "arrow"},
		reset:     func(*testing.T) {}, mayGoOn: func(m met) bool { return onlyRead(m) || m == met{disk.OpStat, "in/register.parquet"} },
	}
	wanted := doHere(t, c.arguments...).output
	require.NotEmpty(t, wanted)
	c.check = func(t *testing.T, kind *faultKind, failed []met, now ending) {
		switch {
		case now.exit == 0:
			assert.Len(t, now.output, len(wanted)) // ids are another night's
		case slices.ContainsFunc(failed, func(m met) bool { return m.operation == disk.OpRead && c.isOutput(m.path) }):
			assert.Less(t, len(now.output), len(wanted))
		default:
			assert.Empty(t, now.output)
		}
		mustLeaveNoTemporary(t, kind, failed)
	}
	c.run(t)
}

// A snapshot is there whole or as it was, and so is what notices are written to.
func TestFaultsOfBuild(t *testing.T) {
	folder := inFaultFolder(t)
	require.NoError(t, os.Mkdir("snapshots", 0o750))
	const path, old = "snapshots/register.avr", register.FileMagic + "old"
	c := &faultCase{
		name: "register build", outputs: []string{"snapshots"}, folder: folder,
		arguments: []string{"register", "build", "--in", "in/register.parquet", "--out", path},
		mayGoOn:   onlyRead,
	}
	doHere(t, c.arguments...)
	wanted := readHere(t, path)
	c.reset = func(t *testing.T) { require.NoError(t, os.WriteFile(path, []byte(old), 0o600)) }
	c.check = func(t *testing.T, kind *faultKind, failed []met, now ending) {
		is := readHere(t, path)
		if now.exit == 0 {
			assert.Equal(t, wanted, is)
		} else if string(is) != old {
			// It is in its place; whether that lasts is not known, and told.
			assert.Equal(t, wanted, is)
			assert.True(t, failed[0].path == "snapshots" || failed[0].operation == disk.OpFinish || kind.lasts, "%s", failed[0])
		}
		if !kind.lasts && failed[0].operation != disk.OpRemove {
			assert.Equal(t, []string{"register.avr"}, namesIn(t, "snapshots"))
		}
		doHere(t, c.arguments...)
		assert.Equal(t, wanted, readHere(t, path))
		assert.Equal(t, []string{"register.avr"}, namesIn(t, "snapshots"))
	}
	c.run(t)
}

func TestFaultsOfNotices(t *testing.T) {
	folder := inFaultFolder(t)
	for _, to := range []string{"out/notices", "out/cases.csv"} {
		c := &faultCase{
			name: "notices to " + to, outputs: []string{"out", "temporary", folder + "/temporary"}, folder: folder,
			arguments: []string{"notices", "base/latest", "--out", to},
			mayGoOn:   func(m met) bool { return onlyRead(m) || m.operation == disk.OpRemoveAll }, // of what is left beside a table
			reset: func(t *testing.T) {
				require.NoError(t, os.RemoveAll("out"))
				require.NoError(t, os.Mkdir("out", 0o750))
			},
		}
		c.reset(t)
		doHere(t, c.arguments...)
		wanted := tree(t, "out")
		require.NotEmpty(t, wanted)
		c.check = func(t *testing.T, kind *faultKind, failed []met, now ending) {
			if now.exit != 0 && (!kind.lasts || !strings.Contains(now.last, mayNotLast)) {
				left := namesIn(t, "out")
				assert.NotContains(t, left, filepath.Base(to))
				if !kind.lasts && failed[0].operation != disk.OpRemoveAll {
					assert.Empty(t, left)
				}
				doHere(t, c.arguments...)
			}
			is := tree(t, "out")
			for name := range is {
				// What is left beside a table stays until the next is made for the same path.
				if isLeft := strings.HasPrefix(name, ".tmp-"); isLeft && (kind.lasts || failed[0].operation == disk.OpRemoveAll) {
					delete(is, name)
				}
			}
			assert.Equal(t, wanted, is)
			mustLeaveNoTemporary(t, kind, failed)
		}
		c.run(t)
	}
}

// A report that is pruned is gone whole or there whole, and never the latest.
func TestFaultsOfPrune(t *testing.T) {
	folder := inFaultFolder(t)
	latest, err := os.Readlink("base/latest")
	require.NoError(t, err)
	for _, earlier := range []string{"20200101T000000.000Z-01234567", "20200102T000000.000Z-01234567"} {
		copyFolder(t, filepath.Join("base", latest), filepath.Join("base", earlier))
	}
	n := &night{folder: folder}
	whole := tree(t, filepath.Join("base", latest))
	c := &faultCase{
		name: "prune", outputs: []string{"out"}, folder: folder, arguments: []string{"prune", "out", "--keep", "1"},
		reset: func(t *testing.T) {
			require.NoError(t, os.RemoveAll("out"))
			copyFolder(t, "base", "out")
		},
		mayGoOn: func(m met) bool { return onlyRead(m) || m == met{disk.OpFinish, "out/.lock"} },
	}
	c.check = func(t *testing.T, kind *faultKind, failed []met, now ending) {
		seen := n.outputs(t, "out")
		assert.Equal(t, latest, seen.latest)
		assert.Contains(t, seen.reports, latest)
		for _, name := range seen.reports {
			assert.Equal(t, whole, tree(t, filepath.Join("out", name)))
		}
		told := strings.Fields(now.output)
		assert.LessOrEqual(t, len(told), 3-len(seen.reports))
		for _, name := range told {
			assert.NotContains(t, seen.reports, name)
		}
		doHere(t, c.arguments...)
		assert.Equal(t, outputs{reports: []string{latest}, latest: latest}, n.outputs(t, "out"))
	}
	c.run(t)
}

// What is made up is there with all that belongs to it, or not at all.
func TestFaultsOfGenerate(t *testing.T) {
	folder := inFaultFolder(t)
	c := &faultCase{
		name: "generate", outputs: []string{"out"}, folder: folder,
		mayGoOn:   func(m met) bool { return onlyRead(m) || m.operation == disk.OpRemove || m == met{disk.OpStat, "out"} }, // of what is not there
		arguments: []string{"generate", "--records", "100", "--persons", "50", "--seed", "3", "--format", "parquet,csv", "--out", "out"},
		reset:     func(t *testing.T) { require.NoError(t, os.RemoveAll("out")) },
	}
	c.reset(t)
	doHere(t, c.arguments...)
	wanted := tree(t, "out")
	c.check = func(t *testing.T, kind *faultKind, failed []met, now ending) {
		if now.exit == 0 {
			assert.Equal(t, wanted, tree(t, "out"))
			return
		}
		if _, err := os.Lstat("out"); err == nil && !kind.lasts {
			assert.Empty(t, namesIn(t, "out"))
		}
		doHere(t, c.arguments...)
		assert.Equal(t, wanted, tree(t, "out"))
	}
	c.run(t)
}

// What cannot be read is told, and not taken for what is not there.
func TestFaultsOfCommandsThatRead(t *testing.T) {
	folder := inFaultFolder(t)
	doHere(t, "register", "build", "--in", "in/register.parquet", "--out", "in/register.avr")
	for name, arguments := range map[string][]string{
		"verify":        {"verify", "base/latest"},
		"diff":          {"diff", "base/latest", "base/latest"},
		"register info": {"register", "info", "in/register.avr"},
		"register diff": {"register", "diff", "in/register.avr", "in/register.avr"},
		"check":         {"check", "--register", "in/register.avr", "--date", "2025-11-01", "196408233234"},
		"inspect":       {"inspect", "in/records.parquet", "in/records.csv"},
		"dry run":       {"run", "--dry-run", "--records", "in/records.*", "--register", "in/register.avr", "--out", "out"},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := doHere(t, arguments...)
			c := &faultCase{
				name: name, outputs: []string{"temporary", folder + "/temporary"}, folder: folder, arguments: arguments,
				reset: func(*testing.T) {}, mayGoOn: onlyRead,
				check: func(t *testing.T, kind *faultKind, failed []met, now ending) {
					if now.exit == 0 {
						assert.Equal(t, wanted.output, now.output)
					}
					mustLeaveNoTemporary(t, kind, failed)
				},
			}
			c.run(t)
		})
	}
}
