package casework

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is remembered and found is joined as maps would join it, and what is gone
// is judged as counting would, however little fits in memory.
func TestJoin(t *testing.T) {
	for _, limit := range []int{1, 3, 1000} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("limit %d, seed %d", limit, seed), func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 8))
				spill, err := storage.NewSpill()
				require.NoError(t, err)
				defer spill.Close()
				c := &Comparison{Baseline: &Baseline{}, AsOf: 1000, Catalogue: rules.All(), limit: limit}
				c.gone, c.outcomes = storage.NewBuckets(spill, goneBytes, 2), storage.NewSorter(spill, outcomeForm, limit)

				// Three hundred findings, of which the baseline knows some.
				id := func(i int) [16]byte { return [16]byte{byte(i / 4), byte(i)} }
				known := map[[16]byte]report.Remembered{}
				keys := []report.RecordKey{{1}, {1, 1}, {2}, {255}, {}}
				for i := range 300 {
					if random.IntN(2) == 0 {
						continue
					}
					row := report.Remembered{
						ID: id(i), Record: keys[random.IntN(len(keys))], Rule: "closed_number", Occurrence: int64(1 + random.IntN(3)), FirstSeen: 10, LastSeen: 20,
						TimesSeen: 3, GoneSince: calendar.Missing, Finding: int64(i + 1),
					}
					if random.IntN(3) == 0 {
						row.Finding, row.GoneSince = 0, calendar.Day(500+random.IntN(200))
					}
					known[row.ID] = row
				}
				rows := slices.SortedFunc(maps.Values(known), func(a, b report.Remembered) int { return slices.Compare(a.ID[:], b.ID[:]) })
				var found []report.Identified
				for i := range 300 {
					for range max(0, random.IntN(4)-1) {
						found = append(found, report.Identified{ID: id(i), Place: uint64(len(found)), Finding: int64(len(found) + 1), Record: report.RecordKey{9}, Rule: 3, Occurrence: 1})
					}
				}
				slices.SortStableFunc(found, func(a, b report.Identified) int { return slices.Compare(a.ID[:], b.ID[:]) })

				cursor := &rememberedCursor{rows: &rememberedRows{next: func() ([]report.Remembered, error) {
					n := min(7, len(rows))
					batch := slices.Clone(rows[:n])
					rows = rows[n:]
					return batch, nil
				}}}
				marks := map[uint64]string{}
				var joined []report.Remembered
				err = c.merge(func(yield func(*report.Identified, error) bool) {
					for i := range found {
						if !yield(&found[i], nil) {
							return
						}
					}
				}, cursor, func(place uint64, state report.State, firstSeen calendar.Day, timesSeen int32) error {
					marks[place] = fmt.Sprint(state, firstSeen, timesSeen)
					return nil
				}, func(row *report.Remembered) error { joined = append(joined, *row); return nil })
				require.NoError(t, err)
				reads := newSought(1).NewReadRecords(spill)
				reads.buckets = storage.NewBuckets(spill, 16, 2)
				times := map[report.RecordKey]int64{}
				for range 8 {
					key := keys[random.IntN(len(keys)-1)]
					times[key]++
					require.NoError(t, reads.buckets.Add(key[:]))
				}
				c.Records = []*ReadRecords{reads}
				require.NoError(t, c.judge(t.Context()))

				wantMarks, want := map[uint64]string{}, map[[16]byte]report.Remembered{}
				for _, f := range found {
					state, first, seen := report.New, calendar.Day(1000), int32(1)
					if k, ok := known[f.ID]; ok && (k.Finding > 0 || 1000-k.GoneSince <= 400) {
						state, first, seen = report.Persisting, 10, 4
						if k.Finding == 0 {
							state = report.Returned
						}
						wantMarks[f.Place] = fmt.Sprint(state, first, seen)
					}
					if _, again := want[f.ID]; !again {
						want[f.ID] = report.Remembered{ID: f.ID, Record: f.Record, Rule: rules.All()[3].Name, Occurrence: 1, FirstSeen: first, LastSeen: 1000, TimesSeen: seen, GoneSince: calendar.Missing, Finding: f.Finding}
					}
				}
				var wantOutcomes []outcome
				for _, k := range known {
					if _, there := want[k.ID]; there {
						continue
					}
					if k.Finding > 0 {
						o := outcome{k.Finding, 10, 20, 3, report.NotRead}
						switch {
						case k.Record == report.RecordKey{}:
							o.outcome = report.Unknown
						case times[k.Record] >= k.Occurrence:
							o.outcome = report.Resolved
						}
						wantOutcomes = append(wantOutcomes, o)
						k.Finding, k.GoneSince = 0, 1000
					}
					if 1000-k.GoneSince <= 400 {
						want[k.ID] = k
					}
				}
				assert.Equal(t, wantMarks, marks)
				assert.Equal(t, slices.SortedFunc(maps.Values(want), func(a, b report.Remembered) int { return slices.Compare(a.ID[:], b.ID[:]) }), joined)
				var outcomes []outcome
				for o, err := range c.outcomes.Sorted() {
					require.NoError(t, err)
					outcomes = append(outcomes, o)
				}
				slices.SortFunc(wantOutcomes, func(a, b outcome) int { return cmp.Compare(a.finding, b.finding) })
				assert.Equal(t, wantOutcomes, outcomes)
			})
		}
	}
}

// The bitmap lets every sought record pass, and few others.
func TestSought(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	key := func() (key report.RecordKey) {
		for i := range key {
			key[i] = byte(random.IntN(256))
		}
		return key
	}
	const sought, others = 20_000, 20_000
	s := newSought(sought)
	spill, err := storage.NewSpill()
	require.NoError(t, err)
	defer spill.Close()
	read := s.NewReadRecords(spill)
	for range sought {
		k := key()
		s.add(k)
		require.NoError(t, read.Note(k))
	}
	count := func() (count int) {
		for bucket := range storage.BucketCount {
			count += read.buckets.Count(bucket)
		}
		return count
	}
	require.Equal(t, sought, count())
	for range others {
		require.NoError(t, read.Note(key()))
	}
	assert.Less(t, count()-sought, others/10)
}
