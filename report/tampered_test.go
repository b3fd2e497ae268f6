package report

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/rules"
)

// Tables that are not what was counted, in any format, are found when they are
// read back: a file is exchanged for that of the same run but for one row.
func TestTamperedTablesAreFound(t *testing.T) {
	flagged := func(f *fixture) int { return slices.IndexFunc(f.records, func(x Finding) bool { return x.IsFlag() }) }
	sameRow := func(f *fixture, change func(*Finding)) {
		at := f.records[flagged(f)]
		for _, list := range [][]Finding{f.records, f.across} {
			for i := range list {
				if list[i].File == at.File && list[i].Row == at.Row {
					change(&list[i])
				}
			}
		}
	}
	changes := []struct {
		why     string
		rejects bool
		change  func(f *fixture)
	}{
		{"a finding is gone", false, func(f *fixture) { at := flagged(f); f.records = slices.Delete(f.records, at, at+1) }},
		{"the last finding is gone", false, func(f *fixture) { f.across = f.across[:len(f.across)-1] }},
		{"a finding stands twice", false, func(f *fixture) { at := flagged(f); f.records = slices.Insert(f.records, at, f.records[at]) }},
		{"an amount is one öre more", false, func(f *fixture) { sameRow(f, func(x *Finding) { x.Amount++ }) }},
		{"an amount has another sign", false, func(f *fixture) { sameRow(f, func(x *Finding) { x.Amount = -x.Amount }) }},
		{"an amount is of another currency", false, func(f *fixture) { sameRow(f, func(x *Finding) { x.Currency = 3 - x.Currency }) }},
		{"an error is a hint", false, func(f *fixture) { sameRow(f, func(x *Finding) { x.Severity = rules.Info }) }},
		{"nothing is left", false, func(f *fixture) { f.records, f.across = nil, nil }},
		{"a reject is gone", true, func(f *fixture) { f.rejects = f.rejects[1:] }},
		{"a reject stands twice", true, func(f *fixture) { f.rejects = append([]Reject{f.rejects[0]}, f.rejects...) }},
		{"a reject's amount is changed", true, func(f *fixture) {
			f.rejects[slices.IndexFunc(f.rejects, func(r Reject) bool { return r.HasAmount })].Amount++
		}},
	}
	for _, c := range changes {
		table := findingsName
		if c.rejects {
			table = rejectsName
		}
		for _, extension := range []string{".parquet", ".csv", ".arrow"} {
			t.Run(c.why+extension, func(t *testing.T) {
				other := newFixture(t, 11, 300)
				c.change(other)
				_, otherDraft, _ := other.writeTables(t)
				forged, err := os.ReadFile(filepath.Join(otherDraft.Path(), table+extension))
				require.NoError(t, err)
				f := newFixture(t, 11, 300)
				folder, draft, w := f.writeTables(t)
				path := filepath.Join(draft.Path(), table+extension)
				before, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NotEqual(t, before, forged)
				require.NoError(t, os.WriteFile(path, forged, 0o600))
				_, err = w.Finish(t.Context(), &f.closing)
				require.ErrorIs(t, err, ErrUnbalanced)
				assert.NoFileExists(t, filepath.Join(draft.Path(), ManifestFile))
				latest, err := folder.Latest()
				require.NoError(t, err)
				assert.Empty(t, latest)
			})
		}
	}
}
