package readers

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/pipeline"
)

// A night of a thousand files needs the memory for pages once, not with each file:
// what is left for the garbage collector would make the process larger.
func TestParquetFilesUseTheirMemoryByTurns(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector drops much of what is kept to be used again")
	}
	path := filepath.Join(t.TempDir(), "records.parquet")
	writeBenchmarkRecords(t, path, 100_000, 50_000)
	options := newOptions()
	options.library = libraryColumns{}
	var batch pipeline.Batch
	allocated := func() uint64 {
		before := heapAllocated()
		require.EqualValues(t, 100_000, drain(t, path, options, &batch))
		return heapAllocated() - before
	}
	first := allocated()
	var later uint64
	const files = 10
	for range files {
		later += allocated()
	}
	require.Less(t, later/files, first/5, "a file after the first took %d bytes of memory, the first %d", later/files, first)
	t.Logf("the first file took %d KiB, a later one %d", first>>10, later/files>>10)
}
