package report

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// finish writes the tables, has them changed, and finishes.
func (f *fixture) finish(t *testing.T, change func(t *testing.T, draft string)) error {
	t.Helper()
	_, draft, w := f.writeTables(t)
	if change != nil {
		change(t, draft.Path())
	}
	published, err := w.Finish(context.Background(), &f.closing)
	if err != nil {
		assert.Nil(t, published)
		assert.NoFileExists(t, filepath.Join(draft.Path(), ManifestFile), "nothing that could be published is made")
	}
	return err
}

// TestUnbalanced takes rows and öre away and adds them, in each of the hands
// that count, and wants the file and the term named.
func TestUnbalanced(t *testing.T) {
	const file = "in/a.parquet" // the second
	flaggedOf := func(f *fixture) int {
		return slices.IndexFunc(f.records, func(x Finding) bool { return x.File == 1 && x.IsFlag() })
	}
	for _, test := range []struct {
		why    string
		change func(f *fixture)
		want   []string
	}{
		{"a clean record was not counted", func(f *fixture) { f.closing.Terms[1].Clean.Add(-1, 0) },
			[]string{file, "rows read, and clean, flagged and rejected together"}},
		{"a record is both clean and flagged", func(f *fixture) { f.closing.Terms[1].Flagged.Add(1, 0) },
			[]string{file, "records flagged by the checker, and in findings.parquet"}},
		{"a row was read and nothing became of it", func(f *fixture) { f.closing.Terms[1].Read.Add(1, 0) },
			[]string{file, "rows read"}},
		{"a flagged record's finding was lost", func(f *fixture) {
			lost := f.records[flaggedOf(f)]
			f.records = slices.DeleteFunc(f.records, func(x Finding) bool { return x.File == 1 && x.Row == lost.Row })
			f.across = slices.DeleteFunc(f.across, func(x Finding) bool { return x.File == 1 && x.Row == lost.Row })
		}, []string{file, "records flagged by the checker, and in findings.parquet"}},
		{"a finding lost its severity", func(f *fixture) {
			weak := f.records[flaggedOf(f)]
			for _, list := range [][]Finding{f.records, f.across} {
				for i := range list {
					if list[i].File == 1 && list[i].Row == weak.Row {
						list[i].Severity = rules.Info
					}
				}
			}
		}, []string{file, "records flagged by the checker, and in findings.csv"}},
		{"an amount changed by one öre", func(f *fixture) {
			changed := f.records[flaggedOf(f)]
			for _, list := range [][]Finding{f.records, f.across} {
				for i := range list {
					if list[i].File == 1 && list[i].Row == changed.Row {
						list[i].Amount++
					}
				}
			}
		}, []string{file, "sums of"}},
		{"two findings of a record differ in amount", func(f *fixture) {
			for i := range f.records[1:] {
				if f.records[i].Row == f.records[i+1].Row && f.records[i].File == f.records[i+1].File {
					f.records[i].Amount++
					return
				}
			}
		}, []string{"differ in amount"}},
		{"a reject was lost", func(f *fixture) {
			i := slices.IndexFunc(f.rejects, func(r Reject) bool { return r.File == 1 })
			f.rejects = slices.Delete(f.rejects, i, i+1)
		}, []string{file, "rows rejected by the reader, and in rejects.parquet"}},
		{"a reject's amount was lost", func(f *fixture) {
			i := slices.IndexFunc(f.rejects, func(r Reject) bool { return r.File == 1 && r.HasAmount })
			f.rejects[i].HasAmount = false
		}, []string{file, "without an amount"}},
		{"öre moved between currencies", func(f *fixture) {
			for _, tally := range []*pipeline.Tally{&f.closing.Terms[1].Clean, &f.closing.Terms[1].Read} {
				tally.AddAmount(1, 1)
				tally.AddAmount(-1, 2)
			}
			f.closing.Terms[1].Clean.AddAmount(-1, 1)
			f.closing.Terms[1].Clean.AddAmount(1, 2)
		}, []string{file, "sums of"}},
		{"findings out of order", func(f *fixture) { slices.Reverse(f.records) }, []string{"not in order"}},
	} {
		t.Run(test.why, func(t *testing.T) {
			f := newFixture(t, 11, 300)
			require.NoError(t, f.finish(t, nil), "it balances before")
			test.change(f)
			err := f.finish(t, nil)
			require.ErrorIs(t, err, ErrUnbalanced)
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
			for i := range f.records {
				assert.NotContains(t, err.Error(), string(f.records[i].IdentityNumber), "an error tells no number")
			}
		})
	}
}

// TestTablesAreCountedOnDisk changes the tables behind the writer's back.
func TestTablesAreCountedOnDisk(t *testing.T) {
	lines := func(t *testing.T, path string, change func([][]byte) [][]byte) {
		contents, err := os.ReadFile(path)
		require.NoError(t, err)
		changed := bytes.Join(change(bytes.SplitAfter(contents, []byte("\n"))), nil)
		require.NotEqual(t, contents, changed)
		require.NoError(t, os.WriteFile(path, changed, 0o600))
	}
	for _, test := range []struct {
		why    string
		change func(t *testing.T, draft string)
	}{
		{"a finding is missing", func(t *testing.T, draft string) {
			lines(t, filepath.Join(draft, "findings.csv"), func(l [][]byte) [][]byte { return slices.Delete(l, 5, 6) })
		}},
		{"a finding stands twice", func(t *testing.T, draft string) {
			lines(t, filepath.Join(draft, "findings.csv"), func(l [][]byte) [][]byte { return slices.Insert(l, 5, l[5]) })
		}},
		{"a severity was changed", func(t *testing.T, draft string) {
			lines(t, filepath.Join(draft, "findings.csv"), func(l [][]byte) [][]byte {
				for i := range l {
					l[i] = bytes.Replace(l[i], []byte(",error,"), []byte(",info,"), 1)
				}
				return l
			})
		}},
		{"Parquet has another report's findings", func(t *testing.T, draft string) {
			other := newFixture(t, 12, 300)
			path, _ := other.publish(t)
			contents, err := os.ReadFile(filepath.Join(path, "findings.parquet"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(draft, "findings.parquet"), contents, 0o600))
		}},
	} {
		t.Run(test.why, func(t *testing.T) {
			require.ErrorIs(t, newFixture(t, 11, 300).finish(t, test.change), ErrUnbalanced)
		})
	}
	t.Run("Parquet was cut off", func(t *testing.T) {
		err := newFixture(t, 11, 300).finish(t, func(t *testing.T, draft string) {
			require.NoError(t, os.Truncate(filepath.Join(draft, "rejects.parquet"), 200))
		})
		require.ErrorContains(t, err, "cannot read rejects.parquet back")
	})
}

func TestRecordInBothSectionsIsFlaggedOnce(t *testing.T) {
	f := newFixture(t, 11, 300)
	both := 0
	for _, across := range f.across {
		if slices.ContainsFunc(f.records, func(x Finding) bool { return x.File == across.File && x.Row == across.Row && x.IsFlag() }) {
			both++
		}
	}
	require.Greater(t, both, 3, "some records are in both")
	path, published := f.publish(t)
	flagged := map[[2]int64]bool{}
	for _, x := range append(append([]Finding{}, f.records...), f.across...) {
		if x.IsFlag() {
			flagged[[2]int64{int64(x.File), x.Row}] = true
		}
	}
	assert.EqualValues(t, len(flagged), published.Summary.Records.Flagged.Rows)
	for _, name := range []string{"findings.parquet", "findings.csv"} {
		count, err := recountOnly(context.Background(), filepath.Join(path, name), f.run.Files, nil)
		require.NoError(t, err)
		rows := int64(0)
		for _, account := range count.Files {
			rows += account.Rows
		}
		assert.EqualValues(t, len(flagged), rows, name)
	}
}

// TestSections are the ways in which the two sections of findings can lie.
func TestSections(t *testing.T) {
	one := newFixture(t, 11, 300)
	for _, test := range []struct {
		why    string
		change func(f *fixture)
	}{
		{"no findings across records", func(f *fixture) { f.across = nil }},
		{"only findings across records", func(f *fixture) { f.records = nil }},
		{"those across records all lie after the others", func(f *fixture) {
			f.records = slices.DeleteFunc(f.records, func(x Finding) bool { return x.File > 0 })
			f.across = slices.DeleteFunc(f.across, func(x Finding) bool { return x.File == 0 })
		}},
		{"one record alone, in both", func(f *fixture) {
			f.records, f.across = f.records[:1], []Finding{f.records[0]}
			f.across[0].Rule++
		}},
	} {
		t.Run(test.why, func(t *testing.T) {
			f := *one
			f.records, f.across = slices.Clone(one.records), slices.Clone(one.across)
			test.change(&f)
			// The terms follow from the findings here.
			f.closing.Terms = make([]Terms, fixtureFiles)
			seen := map[[2]int64]bool{}
			for _, x := range append(slices.Clone(f.records), f.across...) {
				if key := [2]int64{int64(x.File), x.Row}; x.IsFlag() && !seen[key] {
					seen[key] = true
					for _, tally := range []*pipeline.Tally{&f.closing.Terms[x.File].Read, &f.closing.Terms[x.File].Flagged} {
						tally.Add(1, 0)
						tally.AddAmount(x.Amount, x.Currency)
					}
				}
			}
			f.rejects = nil
			require.NoError(t, f.finish(t, nil))
		})
	}
}

// TestDividedCount has several goroutines count, each some records: the result
// is the same, and what is out of order is found whoever comes upon it.
func TestDividedCount(t *testing.T) {
	for _, rowGroupRows := range []int{1, 3, 64, 100_000} {
		f := newFixture(t, 11, 300)
		f.rowGroupRows = rowGroupRows
		path, _ := f.publish(t)
		name := filepath.Join(path, "findings.parquet")
		want, err := recountOnly(t.Context(), name, f.run.Files, nil)
		require.NoError(t, err)
		across := int64(len(f.records))
		for workers := 1; workers <= 4; workers++ {
			r := &recounting{ctx: t.Context(), path: name, files: f.run.Files, across: across, workers: workers}
			got, err := r.count()
			require.NoError(t, err)
			assert.Equal(t, want, got, "%d workers, row groups of %d rows", workers, rowGroupRows)
			for _, wrong := range []int64{0, 5, across - 1, across + 1, across + int64(len(f.across))} {
				r := &recounting{ctx: t.Context(), path: name, files: f.run.Files, across: wrong, workers: workers}
				_, err := r.count()
				require.ErrorIs(t, err, errOutOfOrder, "findings across records begin at %d and not at %d", across, wrong)
			}
		}
	}
}

func TestSumsBeyond64Bits(t *testing.T) {
	f := newFixture(t, 1, 60)
	f.records, f.across, f.rejects = nil, nil, nil
	f.closing.Terms = make([]Terms, fixtureFiles)
	for row := range int64(5) {
		f.records = append(f.records, Finding{
			Severity: rules.Error, Row: row + 1, Currency: 1, PaymentDate: 20000, Amount: math.MaxInt64,
			PeriodStart: -1 << 31, PeriodEnd: -1 << 31, StatusFrom: -1 << 31, KnownFrom: -1 << 31,
		})
		for _, tally := range []*pipeline.Tally{&f.closing.Terms[0].Read, &f.closing.Terms[0].Flagged} {
			tally.Add(1, 0)
			tally.AddAmount(math.MaxInt64, 1)
		}
	}
	path, published := f.publish(t)
	assert.Equal(t, "461168601842738790.35", func() string {
		var s pipeline.Sum
		s.AddSum(published.Summary.Records.Flagged.Amounts["SEK"])
		return s.String()
	}())
	differences, _, err := Verify(context.Background(), path, false)
	require.NoError(t, err)
	assert.Empty(t, differences, "the sums come back from JSON")
}
