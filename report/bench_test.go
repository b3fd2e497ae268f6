package report

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func benchmarkFindings(b *testing.B, workers int, change func(*Run)) {
	f := newFixture(b, 1, 150_000)
	f.run.CSV, f.run.Arrow, f.run.Workers = false, false, workers
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
		b.StopTimer()
		parts := pack(b, w, f.records, f.across)
		b.StartTimer()
		require.NoError(b, w.Findings(context.Background(), parts))
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

// BenchmarkPack is what a finding costs the worker that finds it.
func BenchmarkPack(b *testing.B) {
	for _, hasRecordID := range []bool{true, false} {
		b.Run(map[bool]string{true: "record ids", false: "no record ids"}[hasRecordID], func(b *testing.B) {
			f := newFixture(b, 1, 10_000)
			_, draft, spill := begin(b)
			w, err := NewWriter(draft, spill, f.run)
			require.NoError(b, err)
			for i := range f.records {
				f.records[i].RecordID = []byte("R00000017")
				if !hasRecordID {
					f.records[i].RecordID = nil
				}
			}
			p := w.NewPacker()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				require.NoError(b, p.Add(&f.records[i%len(f.records)]))
			}
		})
	}
}

// BenchmarkReadBack counts the tables again, as Finish does and as Verify does.
func BenchmarkReadBack(b *testing.B) {
	f := newFixture(b, 1, 150_000)
	f.repeatLimit, f.rowGroupRows = sorterEntries, rowGroupRows
	_, draft, _ := f.writeTables(b)
	n := len(f.records) + len(f.across)
	for _, test := range []struct {
		why, file string
		across    int64
		workers   int
	}{
		{"two workers who know the sections", "findings.parquet", int64(len(f.records)), 2},
		{"one who knows them", "findings.parquet", int64(len(f.records)), 1},
		{"one who does not", "findings.parquet", unknownPlace, 1},
		{"CSV", "findings.csv", int64(len(f.records)), 1},
	} {
		b.Run(test.why, func(b *testing.B) {
			for b.Loop() {
				r := &recounting{ctx: b.Context(), path: filepath.Join(draft.Path(), test.file), files: f.run.Files, across: test.across, workers: test.workers}
				_, err := r.count()
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/float64(b.N), "ns/finding")
		})
	}
}
