package job

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/storage"
)

// A record that two rules flag moves from clean to flagged once, which is seen in
// a block alone: blocks have all findings of their records.
func TestBlocksHaveWholeRecords(t *testing.T) {
	spill, err := storage.NewSpill()
	require.NoError(t, err)
	defer spill.Close()
	const records = 2*foundAtOnce + 1 // of which the last of the first block has a second finding
	writer := chunkWriter{spill: spill, limit: runChunkBytes}
	add := func(f *found) error { return writer.put(f.append(writer.buffer)) }
	for row := range uint32(records) {
		require.NoError(t, add(&found{piece: 7, row: row, rule: 1}))
		if row == foundAtOnce-1 {
			require.NoError(t, add(&found{piece: 7, row: row, rule: 2}))
		}
	}
	run, err := writer.take()
	require.NoError(t, err)

	blocks := make(chan *foundBlock, records)
	require.NoError(t, mergeBlocks(t.Context(), spill, [][]storage.Extent{run}, blocks))
	close(blocks)
	merged, last := uint64(0), noRecord
	for block := range blocks {
		require.Equal(t, merged, block.first)
		var f found
		rest := block.bytes
		for i := range block.count {
			rest = f.next(rest)
			if record := (foundRecord{f.piece, f.row}); i == 0 {
				require.NotEqual(t, last, record, "a record in two blocks")
			}
			last = foundRecord{f.piece, f.row}
		}
		require.Empty(t, rest)
		require.LessOrEqual(t, block.count, foundAtOnce+1)
		merged += uint64(block.count)
	}
	require.EqualValues(t, records+1, merged)

	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, mergeBlocks(ended, spill, [][]storage.Extent{run}, make(chan *foundBlock)), context.Canceled)
}
