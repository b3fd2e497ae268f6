// Package benchmarks measures the whole job. The benchmarks of parts stand with
// the parts: identity, register, readers, rules.
package benchmarks

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/synth"
	"github.com/stretchr/testify/require"
)

// records is how many records the whole job is measured with; AVSTAM_RECORDS
// sets it.
func records(b *testing.B) int64 {
	text := os.Getenv("AVSTAM_RECORDS")
	if text == "" {
		return 200_000
	}
	count, err := strconv.ParseInt(text, 10, 64)
	require.NoError(b, err)
	return count
}

// BenchmarkJob is the whole job, from files to a published report, per record:
// from Parquet and CSV, with the register as extract and as snapshot.
func BenchmarkJob(b *testing.B) {
	folder := b.TempDir()
	count := records(b)
	dataset, err := synth.New(synth.Options{Records: count, People: max(count/2, 1000), Seed: 1, Dirty: 0.01})
	require.NoError(b, err)
	_, err = dataset.WriteFolder(b.Context(), folder, []string{"parquet", "csv"})
	require.NoError(b, err)
	configuration, err := config.Load(filepath.Join(folder, synth.ConfigurationFile))
	require.NoError(b, err)
	settings, err := configuration.Settings()
	require.NoError(b, err)
	settings.Workers = 2
	settings.Digest = false
	settings.Now = time.Now

	snapshot := filepath.Join(folder, "register.avr")
	builder := register.NewBuilder(settings.Register.ExtractDate)
	_, err = readers.ReadExtract(b.Context(), settings.Register.Extract, readers.Options{Workers: 2}, builder.Add)
	require.NoError(b, err)
	built, _, err := builder.Build()
	require.NoError(b, err)
	require.NoError(b, built.Save(snapshot))

	for _, c := range []struct{ name, records, snapshot string }{
		{"parquet/extract", "records.parquet", ""},
		{"parquet/snapshot", "records.parquet", snapshot},
		{"csv/snapshot", "records.csv", snapshot},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := settings
			s.Sources = []readers.Source{{Name: "records", Files: []string{filepath.Join(folder, c.records)}}}
			s.Register.Snapshot = c.snapshot
			for b.Loop() {
				_, err := job.Run(b.Context(), s)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/record")
			b.ReportMetric(0, "ns/op")
		})
	}
}
