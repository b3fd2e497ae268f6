package benchmarks

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/synth"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

// collectPercent is that of the program.
const collectPercent = 20

var extractDate = calendar.Of(2025, 12, 31)

// data is a folder of records.parquet, records.csv and register.parquet.
type data struct {
	folder   string
	snapshot string   // of the register, as a file
	count    int64    // records
	names    []string // columns of the records, all of which a run reads
}

// peersData is the data of the race, where AVSTAM_PEERS_DATA names its folder,
// and else generated.
func peersData(b *testing.B) *data {
	if folder := os.Getenv("AVSTAM_PEERS_DATA"); folder != "" {
		return openData(b, folder)
	}
	return generate(b, 0.01)
}

// generate makes AVSTAM_RECORDS records, of which dirty have a finding.
func generate(b *testing.B, dirty float64) *data {
	b.Helper()
	count := int64(200_000)
	if text := os.Getenv("AVSTAM_RECORDS"); text != "" {
		var err error
		count, err = strconv.ParseInt(text, 10, 64)
		require.NoError(b, err)
	}
	set, err := synth.New(synth.Options{Records: count, People: max(count/2, 1000), Seed: 1, Dirty: dirty})
	require.NoError(b, err)
	folder := b.TempDir()
	_, err = set.WriteFolder(b.Context(), folder, []string{"parquet", "csv"})
	require.NoError(b, err)
	return openData(b, folder)
}

func openData(b *testing.B, folder string) *data {
	b.Helper()
	d := &data{folder: folder, snapshot: filepath.Join(b.TempDir(), "register.avr")}
	handle, err := os.Open(d.path("records.parquet"))
	require.NoError(b, err)
	stat, err := handle.Stat()
	require.NoError(b, err)
	file, err := parquet.OpenFile(handle, stat.Size())
	require.NoError(b, err)
	d.count = file.NumRows()
	for _, field := range file.Schema().Fields() {
		d.names = append(d.names, field.Name())
	}
	require.NoError(b, handle.Close())

	builder := register.NewBuilder(extractDate)
	_, err = readers.ReadExtract(b.Context(), d.extract(), readers.Options{Workers: 2}, builder.Add)
	require.NoError(b, err)
	built, _, err := builder.Build()
	require.NoError(b, err)
	require.NoError(b, built.Save(d.snapshot))
	return d
}

func (d *data) path(name string) string { return filepath.Join(d.folder, name) }

func (d *data) extract() readers.Source {
	return readers.Source{Name: "register", Files: []string{d.path("register.parquet")}}
}

// settings are those of a run over one file of records: from the extract, or
// from a snapshot where one is named.
func (d *data) settings(b *testing.B, records, snapshot string, workers int) job.Settings {
	s := job.Settings{
		Sources: []readers.Source{{Name: "records", Files: []string{d.path(records)}}}, Expect: make([]job.Expect, 1),
		Policy: rules.DefaultPolicy(), Output: job.Output{Folder: filepath.Join(b.TempDir(), "out"), Parquet: true, HTML: true},
		MaxRejects: job.Limit{Share: 1, IsShare: true}, Workers: workers, AsOf: extractDate, Now: time.Now,
	}
	s.Register.ExtractDate = extractDate
	s.Register.Snapshot = snapshot
	if snapshot == "" {
		s.Register.Extract = d.extract()
	}
	return s
}

// BenchmarkJob is the whole job, from files to a published report, beside the
// floor: the same columns decoded, or the same bytes split, by one worker and
// dropped. Both run in turn; x-floor is the median of the pairs' ratios, and
// means something for one worker.
func BenchmarkJob(b *testing.B) {
	d := peersData(b)
	parquetFloor := func() (int64, error) { return floorParquet(d.path("records.parquet"), d.names) }
	csvFloor := func() (int64, error) { return floorCSV(d.path("records.csv")) }
	for _, c := range []struct {
		name, records, snapshot string
		workers                 int
		floor                   func() (int64, error)
	}{
		{"parquet/snapshot/1", "records.parquet", d.snapshot, 1, parquetFloor},
		{"parquet/snapshot/2", "records.parquet", d.snapshot, 2, parquetFloor},
		{"parquet/extract/2", "records.parquet", "", 2, parquetFloor},
		{"csv/snapshot/1", "records.csv", d.snapshot, 1, csvFloor},
		{"csv/snapshot/2", "records.csv", d.snapshot, 2, csvFloor},
	} {
		b.Run(c.name, func(b *testing.B) { d.measure(b, d.settings(b, c.records, c.snapshot, c.workers), c.floor) })
	}
}

// BenchmarkFindings is the whole job where few, some and all records have a
// finding.
func BenchmarkFindings(b *testing.B) {
	for _, percent := range []int{1, 3, 100} {
		b.Run(strconv.Itoa(percent)+"%", func(b *testing.B) {
			d := generate(b, float64(percent)/100)
			d.measure(b, d.settings(b, "records.parquet", d.snapshot, 2), nil)
		})
	}
}

// measure runs a job and the floor in turn and reports wall time per record.
func (d *data) measure(b *testing.B, settings job.Settings, floor func() (int64, error)) {
	defer debug.SetGCPercent(debug.SetGCPercent(collectPercent))
	var jobs, ratios []float64
	for b.Loop() {
		start := time.Now()
		result, err := job.Run(b.Context(), settings)
		require.NoError(b, err)
		took := time.Since(start).Seconds()
		require.Equal(b, d.count, result.Summary.Records.Read.Rows)
		jobs = append(jobs, took)
		if floor == nil {
			continue
		}
		start = time.Now()
		rows, err := floor()
		require.NoError(b, err)
		require.GreaterOrEqual(b, rows, d.count)
		ratios = append(ratios, took/time.Since(start).Seconds())
	}
	b.ReportMetric(median(jobs)*1e9/float64(d.count), "ns/record")
	if floor != nil {
		b.ReportMetric(median(ratios), "x-floor")
	}
	b.ReportMetric(0, "ns/op")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
