package job

import (
	"encoding/binary"
	"hash/maphash"
	"math/rand/v2"
	"testing"

	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Buckets on disk, divided again and again, find what a judge of everything at
// once finds, in the order of the input.
func TestBucketsFindWhatOneJudgeFinds(t *testing.T) {
	folder, err := storage.Lock(t.TempDir())
	require.NoError(t, err)
	defer folder.Unlock()
	spill, err := folder.Spill()
	require.NoError(t, err)
	defer spill.Close()

	random := rand.New(rand.NewPCG(5, 6))
	var rulesAcross []uint8
	for i, rule := range rules.All() {
		if rule.Across != nil {
			rulesAcross = append(rulesAcross, uint8(i))
		}
	}
	seeds := newSeeds()
	var all []candidate
	const workers = 3
	var writers [workers]map[uint8]*bucketWriter
	for worker := range writers {
		writers[worker] = map[uint8]*bucketWriter{}
		for _, place := range rulesAcross {
			writers[worker][place] = &bucketWriter{spill: spill, seed: seeds[0]}
		}
	}
	for piece := range uint32(20) {
		writers := writers[random.IntN(workers)]
		for row := range uint32(random.IntN(3000)) {
			var c candidate
			// Half the candidates share one key, which no division takes apart.
			if random.IntN(2) == 0 {
				binary.LittleEndian.PutUint32(c.key[:], random.Uint32N(5000))
			}
			c.number = identity.Number(196408233000 + uint64(random.IntN(3)))
			c.piece, c.row, c.flagged = piece, row, random.IntN(2) == 0
			c.packed = make([]byte, random.IntN(50))
			for i := range c.packed {
				c.packed[i] = byte(row)
			}
			all = append(all, c)
			for _, place := range rulesAcross {
				require.NoError(t, writers[place].add(&c))
				if random.IntN(1000) == 0 {
					require.NoError(t, writers[place].flush())
				}
			}
		}
	}
	frames := map[uint8][][]frame{}
	for worker := range writers {
		for _, place := range rulesAcross {
			taken, err := writers[worker][place].take()
			require.NoError(t, err)
			frames[place] = append(frames[place], taken)
		}
	}

	var want []found
	judges := map[uint8]rules.Judge{}
	for _, place := range rulesAcross {
		judges[place] = rules.All()[place].Across.NewJudge()
		for i := range all {
			judges[place].Note(&all[i].key, all[i].number, all[i].position())
		}
	}
	for i := range all {
		c := &all[i]
		for _, place := range rulesAcross {
			if other, ok := judges[place].Decide(&c.key, c.number, c.position()); ok {
				want = append(want, found{piece: c.piece, row: c.row, rule: place, flagged: c.flagged, other: other, packed: c.packed})
			}
		}
	}
	require.NotEmpty(t, want)

	for _, c := range []struct{ divide, holds int }{{1, heldBucketBytes}, {30, 0}, {30, heldBucketBytes}, {acrossBucketCandidates, 0}, {acrossBucketCandidates, heldBucketBytes}} {
		var runs [][]storage.Extent
		for _, place := range rulesAcross {
			reducers := []*reducer{newReducer(spill, seeds, place, c.divide), newReducer(spill, seeds, place, c.divide)}
			for _, r := range reducers {
				r.holds = c.holds
			}
			judged, err := reduceBuckets(t.Context(), reducers, frames[place])
			require.NoError(t, err)
			runs = append(runs, judged...)
			for _, r := range reducers {
				assert.LessOrEqual(t, cap(r.sieve.once)*64, 4*sieveBits*max(c.divide, 4), "the sieve has room for more records than a bucket may have")
			}
		}
		var got []found
		require.NoError(t, merge(spill, runs, func(f *found) error {
			kept := *f
			kept.packed = append([]byte{}, f.packed...)
			got = append(got, kept)
			return nil
		}))
		require.Len(t, got, len(want))
		for i := range want {
			assert.Equal(t, want[i], got[i])
		}
	}
}

// The sieve never takes a key of several records for one that is alone, and tells
// of nearly all others that they are.
func TestSieveSparesWhatIsAlone(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	s := sieve{seed: maphash.MakeSeed()}
	for _, records := range []int{1, 2, 1000, 20_000, 3} { // less room after more
		s.reset(records)
		keys := make([]rules.Key, records)
		for i := range keys {
			if i%4 == 1 { // as the one before
				keys[i] = keys[i-1]
			} else {
				binary.LittleEndian.PutUint64(keys[i][:], random.Uint64())
			}
			s.note(&keys[i])
		}
		alone := 0
		for i := range keys {
			if i%4 > 1 || i+1 == records && i%4 == 0 {
				if s.isAlone(&keys[i]) {
					alone++
				}
				continue
			}
			require.False(t, s.isAlone(&keys[i]), "key %d of %d", i, records)
		}
		assert.GreaterOrEqual(t, alone, records/2-records/20-1, "of %d records", records)
	}
}
