package report

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrowCells are the cells of record batches as CSV has them, and whether each
// is null.
func arrowCells(t *testing.T, batches []arrow.RecordBatch) (rows []map[string]string, nulls []map[string]bool) {
	t.Helper()
	for _, batch := range batches {
		for r := range int(batch.NumRows()) {
			row, null := map[string]string{}, map[string]bool{}
			for c, field := range batch.Schema().Fields() {
				column := batch.Column(c)
				null[field.Name] = column.IsNull(r)
				row[field.Name] = ""
				if column.IsNull(r) {
					continue
				}
				switch column := column.(type) {
				case *array.Date32:
					row[field.Name] = calendar.Day(column.Value(r)).String()
				case *array.Decimal128:
					row[field.Name] = column.Value(r).ToString(2)
				default:
					row[field.Name] = column.ValueStr(r)
				}
			}
			rows, nulls = append(rows, row), append(nulls, null)
		}
	}
	return rows, nulls
}

func readArrowFile(t *testing.T, path string) []arrow.RecordBatch {
	t.Helper()
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	reader, err := ipc.NewFileReader(bytes.NewReader(contents))
	require.NoError(t, err)
	var batches []arrow.RecordBatch
	for i := range reader.NumRecords() {
		batch, err := reader.RecordBatchAt(i)
		require.NoError(t, err)
		batches = append(batches, batch)
	}
	return batches
}

func readArrowStream(t *testing.T, stream []byte) []arrow.RecordBatch {
	t.Helper()
	reader, err := ipc.NewReader(bytes.NewReader(stream))
	require.NoError(t, err)
	var batches []arrow.RecordBatch
	for reader.Next() {
		reader.RecordBatch().Retain()
		batches = append(batches, reader.RecordBatch())
	}
	require.NoError(t, reader.Err())
	return batches
}

func TestArrowSaysTheSameAsCSV(t *testing.T) {
	f := newFixture(t, 2, 700)
	path, published := f.publish(t)
	for _, name := range []string{"findings", "rejects"} {
		_, want := readCSV(t, filepath.Join(path, name+".csv"))
		batches := readArrowFile(t, filepath.Join(path, name+".arrow"))
		rows, nulls := arrowCells(t, batches)
		require.Len(t, rows, len(want))
		for i := range rows {
			if name == "rejects" {
				rows[i]["raw"] = want[i]["raw"] // in which encoding/csv drops the CR
			}
			require.Equal(t, want[i], rows[i])
			for column, cell := range want[i] {
				require.Equal(t, cell == "", nulls[i][column], "row %d, %s: what is empty is null", i, column)
			}
		}
		for _, batch := range batches[:len(batches)-1] {
			assert.EqualValues(t, f.rowGroupRows, batch.NumRows())
		}
		info, err := os.Stat(filepath.Join(path, name+".arrow"))
		require.NoError(t, err)
		assert.Equal(t, storage.PrivateMode, info.Mode().Perm(), "it holds numbers")
	}
	differences, _, err := Verify(context.Background(), path, false)
	require.NoError(t, err)
	assert.Empty(t, differences)
	assert.NotEmpty(t, published.Summary.Ledger.Files)
}

// TestArrowTypes holds the types that users' queries rely on.
func TestArrowTypes(t *testing.T) {
	other := map[string]string{
		"row": "int64", "amount": "decimal(18, 2)", "payment_date": "date32", "period_start": "date32", "period_end": "date32", "status_from": "date32",
		"known_from": "date32", "first_seen": "date32", "decision_until": "date32", "known_at_payment": "bool", "protected": "bool", "times_seen": "int32",
	}
	columns := findingColumns(&Run{})
	for i, field := range arrowSchemaOf(columns).Fields() {
		want := other[field.Name]
		if want == "" {
			want = "utf8"
		}
		assert.Equal(t, want, field.Type.String(), field.Name)
		assert.Equal(t, columns[i].required, !field.Nullable, "%s is required", field.Name)
	}
}

// The bytes are the same whatever the number of encoders and processors.
func TestArrowIsTheSameEachTime(t *testing.T) {
	var first []byte
	for _, workers := range []int{1, 4} {
		func() {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
			f := newFixture(t, 3, 5000)
			f.run.Workers = workers
			path, _ := f.publish(t)
			contents, err := os.ReadFile(filepath.Join(path, "findings.arrow"))
			require.NoError(t, err)
			if first == nil {
				first = contents
			}
			assert.True(t, bytes.Equal(first, contents), "other bytes with %d workers", workers)
		}()
	}
}

// Findings in Arrow alone are findings.
func TestArrowAlone(t *testing.T) {
	f := newFixture(t, 2, 300)
	f.run.Parquet, f.run.CSV = false, false
	path, _ := f.publish(t)
	rows, _ := arrowCells(t, readArrowFile(t, filepath.Join(path, "findings.arrow")))
	assert.Len(t, rows, len(f.records)+len(f.across))
	assert.NoFileExists(t, filepath.Join(path, "findings.parquet"))
}

// streamOf writes the fixture's findings as a stream.
func (f *fixture) streamOf(t *testing.T) ([]byte, error) {
	t.Helper()
	f.run.Parquet, f.run.CSV, f.run.HTML = false, false, false
	spill, err := storage.NewSpill()
	require.NoError(t, err)
	defer spill.Close()
	w, err := NewStreamWriter(spill, f.run)
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	w.repeatLimit, w.rowGroupRows = f.repeatLimit, f.rowGroupRows
	require.NoError(t, w.Rejects(context.Background(), each(f.rejects)))
	require.NoError(t, w.Findings(context.Background(), pack(t, w, f.records, f.across)))
	var stream bytes.Buffer
	_, err = w.FinishStream(context.Background(), &f.closing, &stream)
	return stream.Bytes(), err
}

func TestStreamSaysTheSameAsTheFile(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	f := newFixture(t, 2, 700)
	path, _ := f.publish(t)
	want, _ := arrowCells(t, readArrowFile(t, filepath.Join(path, "findings.arrow")))
	stream, err := f.streamOf(t)
	require.NoError(t, err)
	got, _ := arrowCells(t, readArrowStream(t, stream))
	assert.Equal(t, want, got)
	entries, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, entries, "a file with numbers has a name")
}

// Nothing of a stream goes out before the ledger balances.
func TestStreamThatDoesNotBalance(t *testing.T) {
	f := newFixture(t, 2, 100)
	f.closing.Terms[0].Flagged.Add(1, 0)
	f.closing.Terms[0].Read.Add(1, 0)
	stream, err := f.streamOf(t)
	require.ErrorIs(t, err, ErrUnbalanced)
	require.ErrorContains(t, err, "records flagged by the checker, and in findings.arrow")
	assert.Empty(t, stream)
}

// What has been changed in a file is found when it is read back.
func TestArrowReadBack(t *testing.T) {
	f := newFixture(t, 2, 300)
	path, _ := f.publish(t)
	name := filepath.Join(path, "findings.arrow")
	contents, err := os.ReadFile(name)
	require.NoError(t, err)
	whole, err := recountOnly(context.Background(), name, f.run.Files, nil)
	require.NoError(t, err)
	changed, refused := 0, 0
	for at := 0; at < len(contents); at += 97 {
		damaged := bytes.Clone(contents)
		damaged[at] ^= 0x10
		require.NoError(t, os.WriteFile(name, damaged, 0o600))
		count, err := recountOnly(context.Background(), name, f.run.Files, nil)
		changed++
		if err != nil {
			refused++
			require.True(t, strings.HasPrefix(err.Error(), "cannot read findings.arrow back: "), err)
			continue
		}
		if fmt.Sprint(count.Files) != fmt.Sprint(whole.Files) {
			refused++
		}
	}
	t.Logf("%d of %d changes were seen in what is counted; the digest sees all", refused, changed)
	require.NotZero(t, refused)
	require.NoError(t, os.WriteFile(name, contents[:len(contents)/2], 0o600))
	_, err = recountOnly(context.Background(), name, f.run.Files, nil)
	require.Error(t, err)
	require.NoError(t, os.WriteFile(name, contents, 0o600))
}
