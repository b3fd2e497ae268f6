package job_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/synth"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// growthDirty is the share of records with a finding. A thousand findings cost the
// Parquet libraries some 150 allocations of their own.
const growthDirty = 0.001

// growthRow is a record with the six columns that agencies mostly have.
type growthRow struct {
	RecordID       string `parquet:"record_id"`
	Agency         string `parquet:"agency,dict"`
	IdentityNumber string `parquet:"identity_number"`
	PaymentDate    int32  `parquet:"payment_date,date,dict"`
	Amount         int64  `parquet:"amount,decimal(2:12)"`
	PaymentType    string `parquet:"payment_type,dict"`
}

// writeGrowth writes made-up records in row groups of a million rows and pages
// of a megabyte, as pyarrow does, and their register as CSV.
func writeGrowth(t *testing.T, folder string, records int64) {
	t.Helper()
	dataset, err := synth.New(synth.Options{Records: records, People: 50_000, Seed: 3, Dirty: growthDirty})
	require.NoError(t, err)
	file, err := os.Create(filepath.Join(folder, "records.parquet"))
	require.NoError(t, err)
	writer := parquet.NewGenericWriter[growthRow](file, parquet.MaxRowsPerRowGroup(1<<20), parquet.PageBufferSize(1<<20),
		parquet.DataPageStatistics(false), parquet.Compression(&parquet.Snappy))
	rows := make([]growthRow, 0, 4096)
	flush := func() {
		_, err := writer.Write(rows)
		require.NoError(t, err)
		rows = rows[:0]
	}
	require.NoError(t, dataset.Records(func(r *synth.Record) error {
		rows = append(rows, growthRow{string(r.RecordID), r.Agency, string(r.IdentityNumber), int32(r.PaymentDate), r.Amount, r.PaymentType})
		if len(rows) == cap(rows) {
			flush()
		}
		return nil
	}))
	flush()
	require.NoError(t, writer.Close())
	require.NoError(t, file.Close())
	register := [][]string{{"number", "status", "status_from", "status_reason", "linked_number"}}
	require.NoError(t, dataset.Entries(func(e *synth.Entry) error {
		linked := ""
		if e.Linked != 0 {
			linked = fmt.Sprint(e.Linked)
		}
		register = append(register, []string{fmt.Sprint(e.Number), e.Status, e.StatusFrom.String(), e.Reason, linked})
		return nil
	}))
	writeCSV(t, filepath.Join(folder, "register.csv"), register)
}

// A whole run allocates hardly more for more records: at most 1,000 times for
// each further million, which are the Parquet library's. None is ours per row.
func TestAllocationsHardlyGrowWithRecords(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("it runs millions of records; the race detector allocates")
	}
	allocations := func(records int64) (count uint64) {
		folder := t.TempDir()
		writeGrowth(t, folder, records)
		settings := settingsFor(filepath.Join(folder, "out"), filepath.Join(folder, "records.parquet"), "", rules.DefaultPolicy(), 2)
		settings.Register.Extract.Files = nil
		settings.Register.Snapshot = filepath.Join(folder, "register.avr")
		settings.Register.ExtractDate = calendar.Missing
		settings.Output.CSV = false
		extract := settingsFor("", "", filepath.Join(folder, "register.csv"), settings.Policy, 1).Register.Extract
		saveSnapshot(t, extract, settings.Register.Snapshot)
		for range 2 { // the first run warms what the process keeps
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := job.Run(t.Context(), settings)
			require.NoError(t, err)
			runtime.ReadMemStats(&after)
			count = after.Mallocs - before.Mallocs
		}
		return count
	}
	small, large := allocations(1_000_000), allocations(5_000_000)
	perMillion := (int64(large) - int64(small)) / 4
	t.Logf("%d allocations for 1,000,000 records, %d for 5,000,000: %d for each further million", small, large, perMillion)
	assert.LessOrEqual(t, perMillion, int64(1000))
}
