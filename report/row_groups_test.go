package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

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
