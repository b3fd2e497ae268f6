package job_test

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/synth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A whole run allocates hardly more for more records: at most 1,000 times for
// each further million, which are the Parquet library's. None is ours per row.
func TestAllocationsHardlyGrowWithRecords(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs two million records")
	}
	allocations := func(records int64) (count uint64) {
		folder := t.TempDir()
		dataset, err := synth.New(synth.Options{Records: records, People: 50_000, Seed: 3, Dirty: synth.DefaultDirty})
		require.NoError(t, err)
		_, err = dataset.WriteFolder(t.Context(), folder, []string{"parquet"})
		require.NoError(t, err)
		settings := settingsFor(filepath.Join(folder, "out"), filepath.Join(folder, "records.parquet"), "", rules.DefaultPolicy(), 2)
		settings.Register.Extract.Files = nil
		settings.Register.Snapshot = filepath.Join(folder, "register.avr")
		settings.Register.ExtractDate = calendar.Missing
		settings.Output.CSV = false
		extract := settingsFor("", "", filepath.Join(folder, "register.parquet"), settings.Policy, 1).Register.Extract
		saveSnapshot(t, extract, settings.Register.Snapshot)
		for range 2 { // the first run warms what the process keeps
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err = job.Run(t.Context(), settings)
			require.NoError(t, err)
			runtime.ReadMemStats(&after)
			count = after.Mallocs - before.Mallocs
		}
		return count
	}
	small, large := allocations(200_000), allocations(2_200_000)
	perMillion := (int64(large) - int64(small)) / 2
	t.Logf("%d allocations for 200,000 records, %d for 2,200,000: %d for each further million", small, large, perMillion)
	assert.LessOrEqual(t, perMillion, int64(1000))
}
