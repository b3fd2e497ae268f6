package readers

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A night of a thousand files needs the memory for reading once, not with each file:
// what is left for the garbage collector would make the process larger.
func TestFilesUseTheirMemoryByTurns(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector drops much of what is kept to be used again")
	}
	inParquet := filepath.Join(t.TempDir(), "records.parquet")
	writeBenchmarkRecords(t, inParquet, 100_000, 50_000)
	for name, original := range map[string]string{
		"parquet": inParquet,
		"arrow":   writeIPC(t, false, arrowRecordBatches(t, usualArrowTypes, plainRecords(100_000, 1), 50_000)),
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(original)
			require.NoError(t, err)
			const files = 21
			paths := make([]string, files)
			for i := range paths {
				paths[i] = filepath.Join(t.TempDir(), fmt.Sprint(i))
				require.NoError(t, os.WriteFile(paths[i], data, 0o600))
			}
			allocated := func(files int) uint64 {
				before := heapAllocated()
				require.NoError(t, drainRecords(Source{Files: paths[:files]}))
				return heapAllocated() - before
			}
			first := allocated(1)
			later := (int64(allocated(files)) - int64(first)) / (files - 1)
			require.Less(t, later, int64(first/5), "a file after the first took %d bytes of memory, the first %d", later, first)
			t.Logf("the first file took %d KiB, a later one %d", first>>10, later>>10)
		})
	}
}
