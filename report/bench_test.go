package report

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func benchmarkFindings(b *testing.B, workers int, change func(*Run)) {
	f := newFixture(b, 1, 150_000)
	f.run.CSV, f.run.Workers = false, workers
	f.repeatLimit, f.rowGroupRows = sorterEntries, rowGroupRows
	change(&f.run)
	for i := range f.records {
		f.records[i].HasRecordID = true
	}
	b.ReportAllocs()
	n := len(f.records) + len(f.across)
	for b.Loop() {
		b.StopTimer()
		_, draft, spill := begin(b)
		b.StartTimer()
		w, err := NewWriter(draft, spill, f.run)
		require.NoError(b, err)
		require.NoError(b, w.Findings(context.Background(), each(f.records), each(f.across)))
		b.StopTimer()
		require.NoError(b, draft.Discard())
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/float64(b.N), "ns/finding")
}

func BenchmarkFindingsParquet(b *testing.B) {
	b.Run("one encoder", func(b *testing.B) { benchmarkFindings(b, 1, func(*Run) {}) })
	b.Run("two encoders", func(b *testing.B) { benchmarkFindings(b, 2, func(*Run) {}) })
}

func BenchmarkFindingsCSV(b *testing.B) {
	benchmarkFindings(b, 1, func(r *Run) { r.Parquet, r.CSV = false, true })
}

// BenchmarkReadBack counts the tables again.
func BenchmarkReadBack(b *testing.B) {
	f := newFixture(b, 1, 150_000)
	f.repeatLimit, f.rowGroupRows = sorterEntries, rowGroupRows
	_, draft, _ := f.writeTables(b)
	n := len(f.records) + len(f.across)
	for _, name := range []string{"findings.parquet", "findings.csv"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := recount(context.Background(), filepath.Join(draft.Path(), name), f.run.Files)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/float64(b.N), "ns/finding")
		})
	}
}
