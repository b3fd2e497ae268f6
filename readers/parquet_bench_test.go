package readers

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

// benchmarkRecord has the six columns that nearly every source has.
type benchmarkRecord struct {
	Number      string `parquet:"identity_number,plain"`
	RecordID    string `parquet:"record_id,plain"`
	Date        int32  `parquet:"payment_date,date"`
	Amount      int64  `parquet:"amount,decimal(2:18)"`
	Agency      string `parquet:"agency,dict"`
	PaymentType string `parquet:"payment_type,dict"`
}

// benchmarkEntry has the columns of a usual extract.
type benchmarkEntry struct {
	Number string  `parquet:"number,plain"`
	Status string  `parquet:"status,dict"`
	From   int32   `parquet:"status_from,date"`
	Reason *string `parquet:"status_reason,dict"`
	Level  *string `parquet:"identity_level,dict"`
	Linked *string `parquet:"linked_number,plain"`
}

func writeRows[T any](t testing.TB, path string, rows, rowGroup int, of func(row int) T) {
	t.Helper()
	out, err := os.Create(path)
	require.NoError(t, err)
	defer out.Close()
	writer := parquet.NewGenericWriter[T](out, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(int64(rowGroup)))
	block := make([]T, 0, 1000)
	for i := range rows {
		if block = append(block, of(i)); len(block) == cap(block) || i == rows-1 {
			_, err := writer.Write(block)
			require.NoError(t, err)
			block = block[:0]
		}
	}
	require.NoError(t, writer.Close())
}

func writeBenchmarkRecords(t testing.TB, path string, rows, rowGroup int) {
	records := plainRecords(min(rows, 100_000), 11)
	writeRows(t, path, rows, rowGroup, func(row int) benchmarkRecord {
		r := &records[row%len(records)]
		return benchmarkRecord{r.given, "K" + strconv.Itoa(row), int32(r.date), r.ore, r.agency, r.paymentType}
	})
}

const benchmarkRows = 1_000_000

func drain(t testing.TB, path string, options *Options, batch *pipeline.Batch) (rows int64) {
	opened, err := openParquetRecords(&File{Path: path}, 0, &Source{}, options)
	require.NoError(t, err)
	require.NoError(t, opened.cut(context.Background(), func(piece pipeline.Piece) error {
		defer piece.Close()
		for {
			more, err := piece.Next(batch)
			if err != nil || !more {
				return err
			}
			rows += int64(batch.Rows)
		}
	}))
	require.NoError(t, opened.close())
	return rows
}

func BenchmarkParquetRecords(b *testing.B) {
	path := filepath.Join(b.TempDir(), "records.parquet")
	writeBenchmarkRecords(b, path, benchmarkRows, 200_000)
	// The same pages, decoded and not looked at: the rest is ours.
	b.Run("pages alone", func(b *testing.B) {
		rows := int64(0)
		for b.Loop() {
			rows += drainPages(b, path)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
	})
	for _, digest := range []bool{false, true} {
		b.Run("digest="+strconv.FormatBool(digest), func(b *testing.B) {
			options := newOptions()
			options.Digest = digest
			var batch pipeline.Batch
			rows := int64(0)
			for b.Loop() {
				rows += drain(b, path, options, &batch)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
		})
	}
}

func drainPages(b *testing.B, path string) (rows int64) {
	data, err := os.Open(path)
	require.NoError(b, err)
	stat, err := data.Stat()
	require.NoError(b, err)
	f, err := parquet.OpenFile(data, stat.Size())
	require.NoError(b, err)
	for _, group := range f.RowGroups() {
		for _, chunk := range group.ColumnChunks() {
			pages := chunk.Pages()
			for {
				page, err := pages.ReadPage()
				if err == io.EOF {
					break
				}
				require.NoError(b, err)
				parquet.Release(page)
			}
			require.NoError(b, pages.Close())
		}
		rows += group.NumRows()
	}
	require.NoError(b, data.Close())
	return rows
}

func BenchmarkParquetExtract(b *testing.B) {
	path := filepath.Join(b.TempDir(), "register.parquet")
	entries := plainEntries(100_000, 12)
	pointer := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	writeRows(b, path, benchmarkRows, 250_000, func(row int) benchmarkEntry {
		e := &entries[row%len(entries)]
		return benchmarkEntry{
			string(e.number.AppendDigits(nil)), e.status, int32(max(e.from, 0)), pointer(e.reason), pointer(e.level),
			pointer(string(e.linked.AppendDigits(nil))),
		}
	})
	for _, workers := range []int{1, 2} {
		b.Run("workers="+strconv.Itoa(workers), func(b *testing.B) {
			rows := 0
			for b.Loop() {
				err := readParquetExtract(context.Background(), &File{Path: path}, &Source{}, &Options{Workers: workers}, func(x *register.Extract) error {
					rows += len(x.Number)
					return nil
				})
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
		})
	}
}

// Memory is asked for by pages and row groups, never by rows.
func TestParquetAllocationsDoNotGrowWithRows(t *testing.T) {
	folder := t.TempDir()
	allocations := func(rows int) float64 {
		path := filepath.Join(folder, strconv.Itoa(rows))
		writeBenchmarkRecords(t, path, rows, 1<<20)
		options := newOptions()
		var batch pipeline.Batch
		drain(t, path, options, &batch)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		drain(t, path, options, &batch)
		runtime.ReadMemStats(&after)
		return float64(after.Mallocs - before.Mallocs)
	}
	rows := sized(200_000, 70_000)
	few, many := allocations(rows/10), allocations(rows)
	t.Logf("%.0f allocations for %d rows, %.0f for %d", few, rows/10, many, rows)
	// A page holds about 256 KiB: thousands of rows, and takes about ten.
	require.Less(t, many-few, 1000.0)
}
