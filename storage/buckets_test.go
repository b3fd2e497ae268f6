package storage

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every entry comes out of the bucket of its first byte, in the order in which it
// was added, however few fit in memory.
func TestBuckets(t *testing.T) {
	for _, limit := range []int{1, 2, 100, 10000} {
		folder, err := Lock(t.TempDir())
		require.NoError(t, err)
		spill, err := folder.Spill()
		require.NoError(t, err)
		random := rand.New(rand.NewPCG(uint64(limit), 3))
		const width = 9
		buckets := NewBuckets(spill, width, limit)
		want := [BucketCount][]byte{}
		for i := range 3000 {
			first := byte(random.IntN(BucketCount))
			if i%3 == 0 {
				first = 7 // more than the others have
			}
			entry := binary.BigEndian.AppendUint64([]byte{first}, uint64(i))
			require.NoError(t, buckets.Add(append(entry, "what follows is not of the entry"...)))
			want[first] = append(want[first], entry...)
		}
		var buffer []byte
		for bucket := range BucketCount {
			var got []byte
			require.NoError(t, buckets.Each(bucket, &buffer, func(entries []byte) error {
				got = append(got, entries...)
				return nil
			}))
			require.Equal(t, want[bucket], got, "limit %d, bucket %d", limit, bucket)
			require.Equal(t, len(got)/width, buckets.Count(bucket))
		}
		require.NoError(t, spill.Close())
		if limit < 3000 {
			require.ErrorIs(t, buckets.Each(7, &buffer, func([]byte) error { return nil }), os.ErrClosed)
		}
	}
}
