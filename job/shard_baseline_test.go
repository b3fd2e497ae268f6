package job

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/report"
)

// inParts does a job in parts, with the chunks and buckets in the worst order.
func inParts(t *testing.T, settings Settings, chunkBytes int64) (plan *Plan, commit func() *Result) {
	t.Helper()
	step := stepOf(&settings)
	plan, err := NewPlan(t.Context(), settings, filepath.Join(t.TempDir(), "work"), chunkBytes)
	require.NoError(t, err)
	chunks := mapAll(t, plan, step)
	buckets := reduceAll(t, plan, chunks, step)
	return plan, func() *Result {
		result, err := Commit(t.Context(), plan, chunks, buckets, step)
		require.NoError(t, err)
		return result
	}
}

// sameReport compares all that does not tell of the time or of chunks.
func sameReport(t *testing.T, want, got string) {
	t.Helper()
	entries, err := os.ReadDir(want)
	require.NoError(t, err)
	names := map[string]bool{}
	for _, entry := range entries {
		names[entry.Name()] = true
		switch name := entry.Name(); name {
		case report.ManifestFile, "run.json", "metrics.prom":
		default:
			one, err := os.ReadFile(filepath.Join(want, name))
			require.NoError(t, err)
			other, err := os.ReadFile(filepath.Join(got, name))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(one, other), "%s is another", name)
		}
	}
	entries, err = os.ReadDir(got)
	require.NoError(t, err)
	assert.Len(t, entries, len(names))
}

// rewrite changes the lines of a file.
func rewrite(t *testing.T, path string, change func(lines []string) []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := change(strings.SplitAfter(string(text), "\n"))
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))
}

// Night after night a job in parts finds what a run finds that has the same baseline and
// the same decisions, and remembers the same.
func TestPartsFollowABaseline(t *testing.T) {
	for _, row := range []struct {
		why     string
		first   string // baseline of the first night
		masked  bool
		latest  bool // the baseline is named so, and not by its folder
		returns bool // a third night
	}{
		{"a history, which the first night began", Latest, false, true, true},
		{"a report without a history, by its folder", "", false, false, false},
		{"masked reports, of which the history alone tells the records", Latest, true, true, true},
		{"a masked report without a history: nobody knows its records without ids", "", true, false, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			settings := partedNight(t)
			// Some records have ids of their own.
			for _, name := range settings.Sources[1].Files {
				number := 0
				rewrite(t, name, func(lines []string) []string {
					for i, line := range lines[:len(lines)-1] {
						id := "record_id"
						if number++; i > 0 {
							id = filepath.Base(name) + "-" + strings.Repeat("x", number)
						}
						lines[i] = strings.TrimSuffix(line, "\n") + "," + id + "\n"
					}
					return lines
				})
			}
			settings.Output.Masked, settings.Baseline = row.masked, row.first
			whole, parted := settings, settings
			whole.Output.Folder, parted.Output.Folder = filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parted")

			// Both have the same reports before.
			night := func(chunkBytes int64) string {
				t.Helper()
				require.NoError(t, os.RemoveAll(parted.Output.Folder))
				require.NoError(t, os.MkdirAll(whole.Output.Folder, 0o750))
				require.NoError(t, os.CopyFS(parted.Output.Folder, os.DirFS(whole.Output.Folder)))
				one, err := Run(t.Context(), whole)
				require.NoError(t, err)
				_, commit := inParts(t, parted, chunkBytes)
				sameReport(t, one.Folder, commit().Folder)
				return one.Folder
			}
			first := night(8000)

			// The second night has corrected records, some that are new, and a file less.
			rewrite(t, settings.Sources[0].Files[0], func(lines []string) []string {
				return append(append(lines[:1:1], lines[40:]...), "19640823-3235,2025-11-03,17.00,agency 9,type 9,SEK\n")
			})
			rewrite(t, settings.Sources[1].Files[0], func(lines []string) []string {
				for i := range lines[:100] {
					lines[i] = strings.Replace(lines[i], "198012132398,", "196408233234,", 1)
				}
				return lines
			})
			kept := settings.Sources[1].Files[1]
			removed, err := os.ReadFile(kept)
			require.NoError(t, err)
			rewrite(t, kept, func(lines []string) []string { return lines[:1] })
			decisions := filepath.Join(t.TempDir(), "decisions.csv")
			var ids []string // of a file that stays as it is
			for _, finding := range table(t, filepath.Join(first, "findings.csv")) {
				if strings.HasSuffix(finding["file"], "records1.csv") {
					ids = append(ids, finding["finding_id"])
				}
			}
			require.Greater(t, len(ids), 50)
			require.NoError(t, os.WriteFile(decisions, []byte("finding_id,number,rule,decision\n"+
				ids[0]+",,,lawful\n"+ids[50]+",,,corrected\n,198012132398,inactive_number,confirmed\n"+strings.Repeat("0", 32)+",,,confirmed\n"), 0o600))
			whole.Decisions, parted.Decisions = decisions, decisions
			whole.AsOf, parted.AsOf = calendar.Of(2025, 12, 2), calendar.Of(2025, 12, 2)
			whole.Baseline, parted.Baseline = first, first
			if row.latest {
				whole.Baseline, parted.Baseline = Latest, Latest
			}
			second := night(6000)
			states := map[string]int{}
			for _, finding := range table(t, filepath.Join(second, "findings.csv")) {
				states[finding["state"]]++
				states[finding["decision"]]++
			}
			for _, finding := range table(t, filepath.Join(second, "resolved.csv")) {
				states[finding["outcome"]]++
			}
			for _, state := range []string{"new", "persisting", "lawful", "confirmed", "resolved", "not_read"} {
				assert.Positive(t, states[state], state)
			}
			if !row.returns {
				return
			}
			require.NoError(t, os.WriteFile(kept, removed, 0o600))
			third := night(100_000)
			returned := 0
			for _, finding := range table(t, filepath.Join(third, "findings.csv")) {
				if finding["state"] == "returned" {
					returned++
				}
			}
			assert.Positive(t, returned)
		})
	}
}

func table(t *testing.T, path string) (rows []map[string]string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// What is published or decided after the plan changes nothing: a commit that is repeated
// finds its own report, and a plan that is repeated the plan.
func TestPartsKeepTheirBaseline(t *testing.T) {
	settings := partedNight(t)
	settings.Baseline = Latest
	settings.Decisions = filepath.Join(t.TempDir(), "decisions.csv")
	require.NoError(t, os.WriteFile(settings.Decisions, []byte("number,rule,decision\n198012132398,inactive_number,lawful\n"), 0o600))
	before, err := Run(t.Context(), settings)
	require.NoError(t, err)
	settings.AsOf = calendar.Of(2025, 12, 2)
	plan, commit := inParts(t, settings, 6000)
	require.Equal(t, before.Folder, plan.Baseline.Folder, "not latest, which moves")
	text, err := os.ReadFile(filepath.Join(plan.folder, planFile))
	require.NoError(t, err)
	require.NotContains(t, string(text), "198012132398", "a plan holds no identity numbers")

	first := commit()
	require.False(t, first.IsOld)
	again := commit()
	require.True(t, again.IsOld)
	require.Equal(t, first.Folder, again.Folder)
	later, err := Run(t.Context(), settings)
	require.NoError(t, err)
	require.NotEqual(t, first.Folder, later.Folder)
	require.NoError(t, os.Remove(settings.Decisions))
	again = commit()
	require.True(t, again.IsOld)
	require.Equal(t, first.Folder, again.Folder)

	// The night after has a report that is no baseline of this one.
	next := settings
	next.AsOf, next.Decisions = calendar.Of(2025, 12, 3), ""
	_, err = Run(t.Context(), next)
	require.NoError(t, err)
	beside := filesIn(t, plan.folder)
	for _, row := range []struct{ why, decisions string }{
		{"as it was", "number,rule,decision\n198012132398,inactive_number,lawful\n"},
		{"something has been decided since", "number,rule,decision\n198012132398,inactive_number,corrected\n"},
		{"the file is being written", "number,rule,deci"},
		{"the file is gone", ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			require.NoError(t, os.RemoveAll(settings.Decisions))
			if row.decisions != "" {
				require.NoError(t, os.WriteFile(settings.Decisions, []byte(row.decisions), 0o600))
			}
			same, err := NewPlan(t.Context(), settings, plan.folder, 6000)
			require.NoError(t, err)
			require.Equal(t, plan.Digest(), same.Digest())
			require.Equal(t, beside, filesIn(t, plan.folder), "nothing is put beside it")
		})
	}
	require.True(t, commit().IsOld)
	for _, row := range []struct {
		why    string
		change func(*Settings)
	}{
		{"another day", func(s *Settings) { s.AsOf = next.AsOf }},
		{"no decisions", func(s *Settings) { s.Decisions = "" }},
		{"decisions of another name", func(s *Settings) { s.Decisions += ".old" }},
		{"another baseline", func(s *Settings) { s.Baseline = first.Folder }},
		{"no baseline", func(s *Settings) { s.Baseline = "" }},
		{"another policy", func(s *Settings) { s.Policy.StaleAfterDays++ }},
	} {
		t.Run(row.why, func(t *testing.T) {
			other := settings
			row.change(&other)
			_, err := NewPlan(t.Context(), other, plan.folder, 6000)
			require.ErrorContains(t, err, "is the plan of another job")
			assert.Equal(t, ExitOutput, ExitStatus(err))
			require.Equal(t, beside, filesIn(t, plan.folder), "nothing is put beside it")
		})
	}
}

// filesIn are the names of the files in a folder.
func filesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// A baseline that is not as it was, and files beside the plan that are not what it
// names, publish nothing.
func TestPartsRefuseAnotherBaseline(t *testing.T) {
	settings := partedNight(t)
	settings.Baseline = Latest
	settings.Decisions = filepath.Join(t.TempDir(), "decisions.csv")
	require.NoError(t, os.WriteFile(settings.Decisions, []byte("number,rule,decision\n198012132398,inactive_number,lawful\n"), 0o600))
	_, err := Run(t.Context(), settings)
	require.NoError(t, err)
	step := stepOf(&settings)
	plan, err := NewPlan(t.Context(), settings, filepath.Join(t.TempDir(), "work"), 100_000)
	require.NoError(t, err)
	sought := filepath.Join(plan.folder, besideName(soughtKind, plan.Baseline.Sought))
	kept := filepath.Join(plan.folder, besideName(decisionsKind, plan.Settings.DecisionsAre))
	for _, path := range []string{sought, kept} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode(), path)
	}

	whole, err := os.ReadFile(sought)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(sought, whole[:len(whole)-8], 0o600))
	_, err = Process(t.Context(), plan, plan.OpenRegister, 0, step)
	require.ErrorContains(t, err, "is not what the plan names")
	assert.Equal(t, ExitInput, ExitStatus(err))
	require.NoError(t, os.WriteFile(sought, whole, 0o600))
	plan, err = ReadPlan(plan.folder, settings.Version)
	require.NoError(t, err)
	chunks := mapAll(t, plan, step)
	buckets := reduceAll(t, plan, chunks, step)

	decided, err := os.ReadFile(kept)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(kept, append(decided, '\n'), 0o600))
	_, err = Commit(t.Context(), plan, chunks, buckets, step)
	require.ErrorContains(t, err, "is not what the plan names")
	assert.Equal(t, ExitInput, ExitStatus(err))
	require.NoError(t, os.WriteFile(kept, decided, 0o600))

	moved := plan.Baseline.Folder + ".moved"
	require.NoError(t, os.Rename(plan.Baseline.Folder, moved))
	_, err = Commit(t.Context(), plan, chunks, buckets, step)
	require.ErrorContains(t, err, "cannot read the report")
	assert.Equal(t, ExitInput, ExitStatus(err))
	require.NoError(t, os.Rename(moved, plan.Baseline.Folder))
	_, err = Commit(t.Context(), plan, chunks, buckets, step)
	require.NoError(t, err)
}
