package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/avstam/avstam/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longFixture is a run in whose tables some rows have long texts, and others none.
func longFixture(t *testing.T) *fixture {
	f := newFixture(t, 12, 200)
	for i := range f.records {
		if i%7 == 0 {
			f.records[i].RecordID = bytes.Repeat(fmt.Append(nil, i), 1+i*211%900)
		}
		if i%100 < 5 {
			f.records[i].IdentityNumber = bytes.Repeat([]byte("9"), 1+i*977%60_000)
		}
	}
	for i := range f.rejects {
		if i%3 == 0 {
			f.rejects[i].Raw = bytes.Repeat([]byte("r"), 1+i*977%9_000)
		}
	}
	return f
}

// cut is how many rows each row group of a table has to have: limit, or as many as
// it takes for so much text.
func cut(rows []map[string]string, limit, textLimit int) (groups []int64) {
	count, text := int64(0), 0
	for i, row := range rows {
		for _, column := range []string{"record_id", "identity_number", "detail", "status_reason", "source", "file", "agency", "payment_type", "currency", "column", "raw"} {
			text += len(row[column])
		}
		if count++; count == int64(limit) || text >= textLimit || i == len(rows)-1 {
			groups = append(groups, count)
			count, text = 0, 0
		}
	}
	return groups
}

// Row groups and record batches end where their rows have text enough, in the same
// bytes whoever has packed and encoded them.
func TestRowGroupsEndWithTheirText(t *testing.T) {
	const limit = 50
	for _, textLimit := range []int{300, 3_000, math.MaxInt} {
		written := map[string]string{}
		for _, how := range []struct{ workers, part int }{{1, fixturePart}, {8, 1}, {3, 10_000}} {
			f := longFixture(t)
			f.run.Workers = how.workers
			f.run.SplitAgency = true
			_, draft, spill := begin(t)
			w, err := NewWriter(draft, spill, f.run)
			require.NoError(t, err)
			w.rowGroupRows, w.rowGroupText = limit, textLimit
			require.NoError(t, w.Findings(context.Background(), packParts(t, w, f.records, f.across, how.part)))
			require.NoError(t, w.Rejects(context.Background(), each(f.rejects)))
			_, err = w.Finish(context.Background(), &f.closing)
			require.NoError(t, err, "what is read back balances")

			tables, err := filepath.Glob(filepath.Join(draft.Path(), "*.*"))
			require.NoError(t, err)
			shares, err := filepath.Glob(filepath.Join(draft.Path(), SharesFolder, "*", "*.*"))
			require.NoError(t, err)
			require.NotEmpty(t, shares)
			for _, path := range append(tables, shares...) {
				if base := filepath.Base(path); base == RunFile || base == MetricsFile {
					continue
				}
				contents, err := os.ReadFile(path)
				require.NoError(t, err)
				name, err := filepath.Rel(draft.Path(), path)
				require.NoError(t, err)
				if first, known := written[name]; known {
					assert.True(t, first == string(contents), "%s, %d bytes, %+v", name, textLimit, how)
					continue
				}
				written[name] = string(contents)
				switch filepath.Ext(name) {
				case ".parquet":
					reader, err := file.OpenParquetFile(path, false)
					require.NoError(t, err)
					var groups []int64
					for _, group := range reader.MetaData().RowGroups {
						groups = append(groups, group.NumRows)
					}
					require.NoError(t, reader.Close())
					_, rows, _ := readParquet(t, path)
					assert.Equal(t, cut(rows, limit, textLimit), groups, "%s, %d bytes", name, textLimit)
				case ".arrow":
					var groups []int64
					batches := readArrowFile(t, path)
					for _, batch := range batches {
						groups = append(groups, batch.NumRows())
					}
					rows, _ := arrowCells(t, batches)
					assert.Equal(t, cut(rows, limit, textLimit), groups, "%s, %d bytes", name, textLimit)
				}
			}
		}
	}
}

// The row groups of what is gone end likewise.
func TestRowGroupsOfGoneEndWithTheirText(t *testing.T) {
	f := newFixture(t, 1, 3)
	f.run.Follow = true
	_, draft, spill := begin(t)
	w, err := NewWriter(draft, spill, f.run)
	require.NoError(t, err)
	w.rowGroupText = 100
	require.NoError(t, w.Gone(context.Background(), func(yield func(*Gone, error) bool) {
		for i := range 10 {
			gone := &Gone{Rule: []byte("malformed_number"), Currency: []byte("SEK"), IdentityNumber: bytes.Repeat([]byte("9"), 10*i), PaymentDate: calendar.Of(2025, 1, 1)}
			if !yield(gone, nil) {
				return
			}
		}
	}))
	reader, err := file.OpenParquetFile(filepath.Join(draft.Path(), ResolvedFile), false)
	require.NoError(t, err)
	defer reader.Close() // it was only read
	var groups []int64
	for _, group := range reader.MetaData().RowGroups {
		groups = append(groups, group.NumRows)
	}
	assert.Equal(t, []int64{4, 2, 2, 2}, groups, "of 19 bytes and ten more each time")
}

// What Rows reads of texts that end pages in the middle of what is read at once is
// what CSV has.
func TestRowsOfSeveralPages(t *testing.T) {
	f := newFixture(t, 10, 300)
	for i := range f.records {
		f.records[i].RecordID = fmt.Appendf(nil, "%0*d", 1+i*211%30_000, i)
		f.records[i].IdentityNumber = bytes.Repeat(fmt.Append(nil, i), 1+i*977%20_000)
	}
	f.rowGroupRows = rowGroupRows
	_, draft, _ := f.writeTables(t)
	_, want := readCSV(t, filepath.Join(draft.Path(), "findings.csv"))
	columns := []string{"record_id", "identity_number", "finding_id", "file"}
	rows, err := OpenRows(filepath.Join(draft.Path(), "findings.parquet"), columns...)
	require.NoError(t, err)
	defer rows.Close() // it was only read
	place := 0
	for {
		n, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		for i := range n {
			for column, name := range columns {
				require.True(t, want[place][name] == string(rows.Text(column, i)), "%s of row %d", name, place)
			}
			place++
		}
	}
	require.Equal(t, len(want), place)
}
