package casework_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
	"github.com/avstam/avstam/synth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small is a run of a few records, which tests change.
type small struct {
	folder   string
	settings job.Settings
}

const oneNumber = "number,status,status_from\n196408233234,active,2010-01-01\n"

func newSmall(t *testing.T, records string) *small {
	t.Helper()
	s := &small{folder: t.TempDir()}
	s.write(t, "register.csv", oneNumber)
	s.write(t, "records.csv", records)
	minutes := 0
	s.settings = job.Settings{
		Register: job.Register{Extract: readers.Source{Name: "register", Files: []string{filepath.Join(s.folder, "register.csv")}}},
		Sources:  []readers.Source{{Name: "fk", Files: []string{filepath.Join(s.folder, "records.csv")}}}, Expect: []job.Expect{{}},
		Policy: rules.DefaultPolicy(), Workers: 2, AsOf: calendar.Of(2025, 11, 21), Version: "test",
		MaxRejects: job.Limit{Share: 1, IsShare: true}, Output: job.Output{Folder: filepath.Join(s.folder, "out"), Parquet: true, CSV: true},
		Now: func() time.Time { minutes++; return time.Date(2025, 11, 21, 0, minutes, 0, 0, time.UTC) },
	}
	return s
}

func (s *small) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600))
}

func (s *small) run(t *testing.T) *job.Result {
	t.Helper()
	result, err := job.Run(t.Context(), s.settings)
	require.NoError(t, err)
	return result
}

func counts(list []report.Count) string {
	var text []string
	for _, count := range list {
		text = append(text, fmt.Sprintf("%s %d", count.Name, count.Findings))
	}
	return strings.Join(text, ", ")
}

func noticeNames(s *report.Summary) []string {
	names := []string{}
	for _, notice := range s.Notices {
		if strings.HasPrefix(notice.Name, "baseline") || strings.HasPrefix(notice.Name, "decisions") {
			names = append(names, notice.Name)
		}
	}
	return names
}

const (
	withIDs    = "identity_number,payment_date,amount,record_id\n640823-3235,2025-11-20,100.00,A\n640823-3236,2025-11-20,200.00,B\n"
	withoutIDs = "identity_number,payment_date,amount\n640823-3235,2025-11-20,100.00\n640823-3236,2025-11-20,200.00\n"
)

func TestFirstNight(t *testing.T) {
	s := newSmall(t, withIDs)
	s.settings.Baseline = job.Latest
	first := s.run(t)
	assert.Nil(t, first.Summary.Baseline, "there is nothing to compare with")
	table, err := os.ReadFile(filepath.Join(first.Folder, "findings.csv"))
	require.NoError(t, err)
	assert.Equal(t, 2, bytes.Count(table, []byte(",new,2025-11-21,1,")))
	assert.Equal(t, []string{"baseline_missing"}, noticeNames(first.Summary))
	for name, mode := range map[string]os.FileMode{"history.parquet": 0o600, "resolved.parquet": 0o600, "resolved.csv": 0o600} {
		info, err := os.Stat(filepath.Join(first.Folder, name))
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), name)
	}
	assert.NoFileExists(t, filepath.Join(first.Folder, "history.csv"))

	s.settings.AsOf++
	second := s.run(t)
	assert.Equal(t, "new 0, persisting 2, returned 0", counts(second.Summary.Baseline.States()))
	assert.Equal(t, "resolved 0, not_read 0", counts(second.Summary.Baseline.Gone()))
	assert.Equal(t, filepath.Base(first.Folder), second.Summary.Baseline.Report)
	assert.Equal(t, "2025-11-21", second.Summary.Baseline.AsOf)
	assert.Equal(t, int64(2), second.Summary.Baseline.Findings)
	assert.Empty(t, noticeNames(second.Summary))

	s.settings.Baseline = ""
	third := s.run(t)
	assert.Nil(t, third.Summary.Baseline)
	assert.NoFileExists(t, filepath.Join(third.Folder, "history.parquet"), "who does not ask for a baseline pays for none")
}

// What is gone was read, or was not; where there are no ids that is asked of what
// the records say, and of a masked report without a history nobody can tell.
func TestGoneFindings(t *testing.T) {
	clean := strings.NewReplacer("640823-3235", "640823-3234", "640823-3236", "640823-3234")
	for _, test := range []struct {
		why            string
		masked, follow bool // of the baseline
		before, after  string
		want           string
	}{
		{"a record was corrected, one was left out", true, true, withIDs, "identity_number,payment_date,amount,record_id\n640823-3234,2025-11-20,100.00,A\n", "resolved 1, not_read 1"},
		{"the same of a report without a history", true, false, withIDs, "identity_number,payment_date,amount,record_id\n640823-3234,2025-11-20,100.00,A\n", "resolved 1, not_read 1"},
		{"a row that is rejected was not read", false, true, withIDs, strings.Replace(clean.Replace(withIDs), "100.00", "x", 1), "resolved 1, not_read 1"},
		{"a record without an id that was corrected is another", false, true, withoutIDs, clean.Replace(withoutIDs), "resolved 0, not_read 2"},
		{"an id once more", false, true, withIDs + "640823-3235,2025-11-20,1.00,A\n", "identity_number,payment_date,amount,record_id\n640823-3234,2025-11-20,100.00,A\n", "resolved 1, not_read 1"},
		{"a masked report without a history", true, false, withoutIDs, clean.Replace(withoutIDs), "resolved 0, not_read 0, unknown 2"},
		{"a masked report with one", true, true, withoutIDs, clean.Replace(withoutIDs), "resolved 0, not_read 2"},
	} {
		t.Run(test.why, func(t *testing.T) {
			s := newSmall(t, test.before)
			if s.settings.Output.Masked = test.masked; test.follow {
				s.settings.Baseline = job.Latest
			}
			s.run(t)
			s.write(t, "records.csv", test.after)
			s.settings.Baseline = job.Latest
			result := s.run(t)
			assert.Equal(t, test.want, counts(result.Summary.Baseline.Gone()))
			table, err := os.ReadFile(filepath.Join(result.Folder, "resolved.csv"))
			require.NoError(t, err)
			assert.Equal(t, !test.masked, bytes.Contains(table, []byte("640823-323")), "numbers are shown as the report shows them")
		})
	}
}

// The register's words in what is gone are masked where either report is, too.
func TestWordsOfGoneFindingsAreMasked(t *testing.T) {
	const slipped = "number,status,status_from,status_reason\n196408233234,deregistered,2010-01-01,197010632391\n"
	for _, test := range []struct {
		why           string
		before, after bool // masked
		want          string
	}{
		{"both show numbers: so does what is gone", false, false, "197010632391"},
		{"this one is masked: what it takes over is not shown by it", false, true, "(digits)"},
		{"the baseline is masked: there is nothing else to show", true, false, "(digits)"},
		{"both are masked", true, true, "(digits)"},
	} {
		t.Run(test.why, func(t *testing.T) {
			s := newSmall(t, "identity_number,payment_date,amount,record_id\n640823-3234,2025-11-20,100.00,A\n")
			s.write(t, "register.csv", slipped)
			s.settings.Baseline, s.settings.Output.Masked = job.Latest, test.before
			s.run(t)
			s.write(t, "register.csv", oneNumber)
			s.settings.Output.Masked = test.after
			result := s.run(t)
			assert.Equal(t, "resolved 1, not_read 0", counts(result.Summary.Baseline.Gone()))
			table, err := os.ReadFile(filepath.Join(result.Folder, "resolved.csv"))
			require.NoError(t, err)
			assert.Contains(t, string(table), ",unknown_deregistration,warning,register,certain,"+test.want+",")
			rows, err := report.OpenRows(filepath.Join(result.Folder, report.ResolvedFile), "detail")
			require.NoError(t, err)
			defer rows.Close() // it was only read
			n, err := rows.Next()
			require.NoError(t, err)
			require.Equal(t, 1, n)
			assert.Equal(t, test.want, string(rows.Text(0, 0)))
		})
	}
}

// A policy that asks for less makes findings go that nobody has looked at.
func TestAnotherPolicyIsTold(t *testing.T) {
	s := newSmall(t, withIDs)
	s.settings.Baseline = job.Latest
	s.run(t)
	s.settings.Policy.Severities = map[string]rules.Severity{"malformed_number": rules.Off}
	result := s.run(t)
	assert.Equal(t, "resolved 2, not_read 0", counts(result.Summary.Baseline.Gone()))
	assert.Equal(t, []string{"baseline_policy"}, noticeNames(result.Summary))
}

func TestBaselinesThatAreRefused(t *testing.T) {
	damage := func(name string, change func([]byte) []byte) func(t *testing.T, s *small, folder string) {
		return func(t *testing.T, _ *small, folder string) {
			contents, err := os.ReadFile(filepath.Join(folder, name))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), change(contents), 0o600))
		}
	}
	flip := func(contents []byte) []byte { contents[len(contents)/2] ^= 1; return contents }
	for _, test := range []struct {
		why    string
		change func(t *testing.T, s *small, folder string)
		exit   int
		want   string
	}{
		{"a name that leads nowhere", func(_ *testing.T, s *small, folder string) { s.settings.Baseline = folder + "x" }, job.ExitInput, "cannot read the report"},
		{"a folder that is no report", func(_ *testing.T, s *small, folder string) { s.settings.Baseline = s.folder }, job.ExitInput, "cannot read the report"},
		{"latest leads to a report that has been removed", func(t *testing.T, _ *small, folder string) { require.NoError(t, os.RemoveAll(folder)) }, job.ExitInput, "cannot read the report"},
		{"findings that have changed", damage("findings.parquet", flip), job.ExitInput, "findings.parquet: its digest is not that in the manifest"},
		{"a history that is cut off", damage("history.parquet", func(b []byte) []byte { return b[:len(b)-1] }), job.ExitInput, "history.parquet: it has "},
		{"a manifest that has changed", damage("manifest.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"test"`), []byte(`"tess"`), 1) }), job.ExitInput, "the digest of its manifest.json is not that in its name"},
		{"another schema", func(t *testing.T, s *small, folder string) {
			s.settings.Baseline = filepath.Join(s.folder, "copy")
			require.NoError(t, os.CopyFS(s.settings.Baseline, os.DirFS(folder)))
			damage("manifest.json", func(b []byte) []byte {
				return bytes.Replace(b, []byte(`"schema_version": 1`), []byte(`"schema_version": 2`), 1)
			})(t, s, s.settings.Baseline)
		}, job.ExitInput, "its schema version is 2, and this program's 1"},
		{"another key", func(t *testing.T, s *small, _ string) {
			require.NoError(t, os.Remove(filepath.Join(s.settings.Output.Folder, ".id_key")))
		}, job.ExitInput, "it was made with another key of finding ids"},
		{"a day before it", func(_ *testing.T, s *small, _ string) { s.settings.AsOf-- }, job.ExitInput, "it is of 2025-11-21, and the run of 2025-11-20, which is before that"},
		{"no Parquet for the next night", func(_ *testing.T, s *small, _ string) { s.settings.Output.Parquet = false }, job.ExitUsage, "the formats must have parquet among them"},
		{"no report at all", func(_ *testing.T, s *small, _ string) {
			s.settings.Output = job.Output{Folder: job.StandardOutput, Arrow: true, Stream: &bytes.Buffer{}}
		}, job.ExitUsage, "a baseline is for reports"},
		{"decisions that are none", func(t *testing.T, s *small, _ string) {
			s.write(t, "decisions.csv", "finding_id,decision\nx,lawful\n")
			s.settings.Decisions = filepath.Join(s.folder, "decisions.csv")
		}, job.ExitUsage, "row 1 (line 2): the column finding_id"},
		{"decisions that are not there", func(_ *testing.T, s *small, _ string) { s.settings.Decisions = filepath.Join(s.folder, "none.csv") }, job.ExitInput, "cannot read the decisions"},
	} {
		t.Run(test.why, func(t *testing.T) {
			s := newSmall(t, withIDs)
			s.settings.Baseline = job.Latest
			first := s.run(t)
			test.change(t, s, first.Folder)
			_, err := job.Run(t.Context(), s.settings)
			require.ErrorContains(t, err, test.want)
			assert.Equal(t, test.exit, job.ExitStatus(err))
			s.settings.DryRun = true
			if _, err := job.Run(t.Context(), s.settings); test.exit == job.ExitUsage || strings.Contains(test.want, "report") {
				assert.Equal(t, test.exit, job.ExitStatus(err), "a dry run tells it, too")
			}
		})
	}
}

// A baseline that is lost between the look at its digests and the comparison ends
// the run as an input does: what was rejected is kept, and nothing else.
func TestBaselineLostMeanwhile(t *testing.T) {
	s := newSmall(t, withIDs)
	s.settings.Baseline = job.Latest
	first := s.run(t)
	s.write(t, "records.csv", withIDs+"640823-3234,2025-11-31,1.00,C\n")
	s.settings.Progress = func(at job.Progress) {
		if at.Stage == "comparison" {
			require.NoError(t, os.Truncate(filepath.Join(first.Folder, "history.parquet"), 100))
		}
	}
	_, err := job.Run(t.Context(), s.settings)
	require.ErrorIs(t, err, casework.ErrBaseline)
	assert.Equal(t, job.ExitInput, job.ExitStatus(err))
	kept, err := filepath.Glob(filepath.Join(s.settings.Output.Folder, "failed", "*", "*"))
	require.NoError(t, err)
	var names []string
	for _, path := range kept {
		names = append(names, filepath.Base(path))
	}
	assert.Equal(t, []string{"rejects.csv", "rejects.parquet"}, names)
}

// A report is found to be damaged by verify, in the tables of what is followed too.
func TestVerifyCountsWhatIsFollowed(t *testing.T) {
	s := newSmall(t, withIDs)
	s.settings.Baseline = job.Latest
	s.run(t)
	s.write(t, "records.csv", withoutIDs)
	folder := s.run(t).Folder
	differences, _, err := report.Verify(t.Context(), folder, true)
	require.NoError(t, err)
	require.Empty(t, differences)

	// A table with another number of rows, and a manifest that goes with it.
	contents, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	require.NoError(t, err)
	var manifest report.Manifest
	require.NoError(t, json.Unmarshal(contents, &manifest))
	for i := range manifest.Outputs {
		if name := manifest.Outputs[i].Name; strings.HasPrefix(name, "resolved") || strings.HasPrefix(name, "history") {
			*manifest.Outputs[i].Rows++
		}
	}
	contents, err = json.Marshal(manifest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "manifest.json"), contents, 0o600))
	differences, _, err = report.Verify(t.Context(), folder, true)
	require.NoError(t, err)
	var files []string
	for _, difference := range differences {
		files = append(files, difference.File)
	}
	assert.Equal(t, []string{"manifest.json", "history.parquet", "resolved.parquet", "resolved.csv"}, files)
}

// Whatever the number of workers, a report with a baseline and decisions is the
// same to the byte.
func TestSameBytesWithABaseline(t *testing.T) {
	folder := t.TempDir()
	data := func(seed uint64) string {
		dataset, err := synth.New(synth.Options{Records: 20000, People: 3000, Seed: seed, Dirty: 0.2})
		require.NoError(t, err)
		made := filepath.Join(folder, fmt.Sprint("seed", seed))
		_, err = dataset.WriteFolder(t.Context(), made, []string{"parquet"})
		require.NoError(t, err)
		return made
	}
	// Of two deliveries one comes again the next night, and one is replaced.
	stays, goes, comes := data(5), data(6), data(7)
	s := newSmall(t, withIDs)
	s.settings.Register.Extract.Files = []string{filepath.Join(stays, "register.parquet")}
	s.settings.Policy.Severities = map[string]rules.Severity{"duplicate_payment": rules.Warning}
	s.settings.Sources = []readers.Source{{Name: "stays", Files: []string{filepath.Join(stays, "records.parquet")}}, {Name: "changes", Files: []string{filepath.Join(goes, "records.parquet")}}}
	s.settings.Expect = make([]job.Expect, 2)
	s.settings.Output.KeyFile = filepath.Join(folder, "key")
	s.settings.Baseline = job.Latest
	first := s.run(t)

	s.settings.Baseline = first.Folder
	s.settings.Sources[1].Files = []string{filepath.Join(comes, "records.parquet")}
	table, err := os.ReadFile(filepath.Join(first.Folder, "findings.csv"))
	require.NoError(t, err)
	decisions := "finding_id,decision,until\n"
	for i, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		if i%10 == 0 {
			decisions += line[:32] + ",lawful," + (s.settings.AsOf + calendar.Day(i%3-1)).String() + "\n"
		}
	}
	s.write(t, "decisions.csv", decisions)
	s.settings.Decisions = filepath.Join(s.folder, "decisions.csv")
	want := map[string][]byte{}
	for _, workers := range []int{1, 2, 3, 8} {
		s.settings.Workers = workers
		s.settings.Output.Folder = filepath.Join(folder, fmt.Sprint("out", workers))
		result := s.run(t)
		for _, states := range [][]report.Count{result.Summary.Baseline.States()[:2], result.Summary.Baseline.Gone()[1:2]} {
			for _, count := range states {
				require.Positive(t, count.Findings, count.Name)
			}
		}
		entries, err := os.ReadDir(result.Folder)
		require.NoError(t, err)
		for _, entry := range entries {
			if entry.Name() == "run.json" || entry.Name() == "metrics.prom" {
				continue
			}
			contents, err := os.ReadFile(filepath.Join(result.Folder, entry.Name()))
			require.NoError(t, err)
			if workers == 1 {
				want[entry.Name()] = contents
			}
			require.True(t, bytes.Equal(want[entry.Name()], contents), "%s with %d workers", entry.Name(), workers)
		}
		require.Len(t, entries, len(want)+2)
	}
}

func TestDiff(t *testing.T) {
	s := newSmall(t, "identity_number,payment_date,amount,record_id,currency\n640823-3235,2025-11-20,100.00,A,SEK\n640823-3236,2025-11-20,200.00,B,SEK\n640823-3236,2025-11-20,10.00,B,EUR\n")
	before := s.run(t)
	s.write(t, "records.csv", "identity_number,payment_date,amount,record_id,currency\n640823-3235,2025-11-20,100.00,A,SEK\n640824-3234,2025-11-20,7.00,C,SEK\n193308159916,2025-11-20,8.00,D,SEK\n")
	after := s.run(t)
	spill, err := storage.NewSpill()
	require.NoError(t, err)
	defer spill.Close()

	d, err := casework.Diff(t.Context(), before.Folder, after.Folder, spill)
	require.NoError(t, err)
	assert.True(t, d.Differs())
	text := func(d casework.RuleDifference) string {
		return fmt.Sprintf("%s: new %d %v, persisting %d %v, resolved %d %v", d.Rule, d.New.Findings, d.New.Amounts, d.Persisting.Findings, d.Persisting.Amounts, d.Resolved.Findings, d.Resolved.Amounts)
	}
	assert.Equal(t, ": new 2 map[SEK:15.00], persisting 1 map[SEK:100.00], resolved 2 map[EUR:10.00 SEK:200.00]", text(d.Total))
	require.Len(t, d.Rules, 2)
	assert.Equal(t, "malformed_number: new 1 map[SEK:7.00], persisting 1 map[SEK:100.00], resolved 2 map[EUR:10.00 SEK:200.00]", text(d.Rules[0]))
	assert.Equal(t, "unknown_number: new 1 map[SEK:8.00], persisting 0 map[], resolved 0 map[]", text(d.Rules[1]))

	same, err := casework.Diff(t.Context(), after.Folder, filepath.Join(s.settings.Output.Folder, "latest"), spill)
	require.NoError(t, err)
	assert.False(t, same.Differs())
	assert.Equal(t, ": new 0 map[], persisting 3 map[SEK:115.00], resolved 0 map[]", text(same.Total))

	contents, err := os.ReadFile(filepath.Join(before.Folder, "findings.parquet"))
	require.NoError(t, err)
	contents[len(contents)/2] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(before.Folder, "findings.parquet"), contents, 0o600))
	_, err = casework.Diff(t.Context(), before.Folder, after.Folder, spill)
	require.ErrorContains(t, err, "findings.parquet: its digest is not that in the manifest")

}

// A report made elsewhere has another key, which says nothing of records with an id.
func TestDiffOfReportsWithOtherKeys(t *testing.T) {
	const header = "identity_number,payment_date,amount,record_id\n"
	for _, c := range []struct {
		why, here, there string
		isRefused        bool
		differs          bool
	}{
		{"ids of records make the same ids of findings", "640823-3235,2025-11-20,1,A\n", "640823-3235,2025-11-20,1,A\n", false, false},
		{"a finding is gone, and that is told", "640823-3235,2025-11-20,1,A\n640823-3236,2025-11-20,1,B\n", "640823-3235,2025-11-20,1,A\n", false, true},
		{"one record without an id here", "640823-3235,2025-11-20,1,A\n640823-3236,2025-11-20,1,\n", "640823-3235,2025-11-20,1,A\n", true, false},
		{"one there", "640823-3235,2025-11-20,1,A\n", "640823-3235,2025-11-20,1,A\n640823-3236,2025-11-20,1,\n", true, false},
		{"a record without an id and without a finding", "640823-3235,2025-11-20,1,A\n640823-3234,2025-11-20,1,\n", "640823-3235,2025-11-20,1,A\n", false, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			s := newSmall(t, header+c.here)
			here := s.run(t)
			s.write(t, "records.csv", header+c.there)
			s.settings.Output.Folder = filepath.Join(s.folder, "elsewhere")
			there := s.run(t)
			spill, err := storage.NewSpill()
			require.NoError(t, err)
			defer spill.Close()
			d, err := casework.Diff(t.Context(), here.Folder, there.Folder, spill)
			if c.isRefused {
				require.ErrorContains(t, err, "they were made with different keys of finding ids")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.differs, d.Differs())
		})
	}
}
