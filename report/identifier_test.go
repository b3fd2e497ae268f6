package report

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/avstam/avstam/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFindingIDs(t *testing.T) {
	f := newFixture(t, 3, 30)
	identifier := newIdentifier(&f.run)
	idOf := func(change func(*Finding)) string {
		finding := Finding{
			Rule: 0, File: 1, Row: 1, RecordID: []byte("A-17"), HasRecordID: true, Agency: 1, PaymentType: 1, Currency: 1,
			PaymentDate: 20000, PeriodStart: 19990, PeriodEnd: 20020, Amount: 100, IdentityNumber: []byte("19640823-3234"),
		}
		change(&finding)
		id, needsOccurrence := identifier.identify(&finding)
		assert.Equal(t, len(finding.RecordID) == 0, needsOccurrence)
		return hex.EncodeToString(id[:])
	}
	keyed := func(change func(*Finding)) string {
		return idOf(func(f *Finding) {
			f.RecordID, f.HasRecordID = nil, false
			change(f)
		})
	}

	// Ids are promises: decisions and baselines refer to them.
	assert.Equal(t, goldenID, idOf(func(*Finding) {}))
	assert.Equal(t, goldenKeyedID, keyed(func(*Finding) {}))

	for _, test := range []struct {
		why    string
		change func(*Finding)
		keeps  bool // with a record id, the id is the same
		keyed  bool // without, it is the same
	}{
		{"another rule", func(f *Finding) { f.Rule = 1 }, false, false},
		{"another source", func(f *Finding) { f.File = 0 }, false, false},
		{"another file of the same source", func(f *Finding) { f.File = 2 }, true, true},
		{"another row", func(f *Finding) { f.Row = 9 }, true, true},
		{"another amount", func(f *Finding) { f.Amount = 101 }, true, false},
		{"another date", func(f *Finding) { f.PaymentDate++ }, true, false},
		{"another period", func(f *Finding) { f.PeriodStart++ }, true, false},
		{"another end of the period", func(f *Finding) { f.PeriodEnd++ }, true, false},
		{"another agency", func(f *Finding) { f.Agency = 2 }, true, false},
		{"another payment type", func(f *Finding) { f.PaymentType = 2 }, true, false},
		{"another currency", func(f *Finding) { f.Currency = 2 }, true, false},
		{"the number written otherwise", func(f *Finding) { f.IdentityNumber = []byte("196408233234") }, true, false},
		{"other evidence", func(f *Finding) { f.Severity, f.Possible, f.Detail = 3, true, []byte("x") }, true, true},
	} {
		assert.Equal(t, test.keeps, goldenID == idOf(test.change), "with a record id: %s", test.why)
		assert.Equal(t, test.keyed, goldenKeyedID == keyed(test.change), "without: %s", test.why)
	}
	assert.NotEqual(t, goldenID, idOf(func(f *Finding) { f.RecordID = []byte("A-18") }))

	f.run.Key = bytes.Repeat([]byte{1}, keyBytes)
	identifier = newIdentifier(&f.run)
	assert.Equal(t, goldenID, idOf(func(*Finding) {}), "a record id needs no key")
	assert.NotEqual(t, goldenKeyedID, keyed(func(*Finding) {}), "without the key nobody can try all numbers")
}

const (
	goldenID      = "205c2df58a77002c15b4d45711494995"
	goldenKeyedID = "c78440f854871df4d6e44b1983f0d24c"
)

// TestOccurrences puts alike and different records, with and without ids, in a
// random order into two collectors, and compares with counting in a map, for
// memory enough and for hardly any.
func TestOccurrences(t *testing.T) {
	for _, test := range []struct {
		why               string
		limit, collected  int
		different, wanted int // ids, and those of a bucket
	}{
		{"no room for two of a bucket", 1, 1, 40, 3},
		{"collectors write each few ids", 100, 2, 40, 3},
		{"a bucket does not fit, the others do", 7, 50, 40, 3},
		{"all in memory", 1000, 1000, 40, 3},
		{"hardly any is repeated", 1000, 100, 256, 255},
	} {
		t.Run(test.why, func(t *testing.T) {
			_, _, spill := begin(t)
			random := rand.New(rand.NewPCG(5, uint64(test.limit)))
			repeats := &repeats{spill: spill, limit: test.limit, collectors: []*idCollector{newIDCollector(spill, test.collected), newIDCollector(spill, test.collected)}}
			seen := map[[16]byte]uint64{}
			var wantRepeated int64
			want := map[uint64]uint64{}
			for i := range 500 {
				place := placeOf(i/100) + uint64(i%100)
				id := [16]byte{byte(random.IntN(test.different)), 15: byte(random.IntN(test.wanted))}
				needsOccurrence := id[0]%2 == 0
				seen[id]++
				switch {
				case seen[id] == 1:
				case needsOccurrence:
					want[place] = seen[id]
				default:
					wantRepeated++
				}
				require.NoError(t, repeats.collectors[i/100%2].add(id, place, needsOccurrence))
			}
			if test.collected < 500 {
				require.Positive(t, spill.Size(), "the temporary file must have been used")
			}
			repeated, occurrences, err := repeats.find(t.Context(), 3)
			require.NoError(t, err)
			assert.Equal(t, wantRepeated, repeated)
			got := map[uint64]uint64{}
			before := int64(-1)
			for e, err := range occurrences {
				require.NoError(t, err)
				require.Greater(t, int64(e.first), before, "in the order of the report")
				before = int64(e.first)
				got[e.first] = e.second
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestSorterSorts(t *testing.T) {
	_, _, spill := begin(t)
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.Uint64Range(0, 3)
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) entry {
			return entry{part.Draw(t, "first"), part.Draw(t, "second"), part.Draw(t, "third")}
		}), 0, 60).Draw(t, "entries")
		s := newSorter(spill, rapid.IntRange(1, 20).Draw(t, "limit"))
		for _, e := range entries {
			require.NoError(t, s.Add(e))
		}
		var got []entry
		for e, err := range s.Sorted() {
			require.NoError(t, err)
			got = append(got, e)
		}
		slices.SortFunc(entries, compareEntries)
		require.True(t, slices.Equal(entries, got))
	})
}

func TestSorterTellsErrorsOfTheTemporaryFile(t *testing.T) {
	_, _, spill := begin(t)
	s := newSorter(spill, 1)
	require.NoError(t, s.Add(entry{}))
	require.NoError(t, s.Add(entry{}))
	require.NoError(t, spill.Close())
	require.ErrorIs(t, s.Add(entry{}), os.ErrClosed)
	var err error
	for _, err = range s.Sorted() {
	}
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestKeyIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".id_key")
	before := syscall.Umask(0)
	first, err := Key(path)
	syscall.Umask(before)
	require.NoError(t, err)
	require.Len(t, first, keyBytes)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, storage.PrivateMode, info.Mode().Perm())

	again, err := Key(path)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	other, err := Key(path + "2")
	require.NoError(t, err)
	assert.NotEqual(t, first, other)
}

func TestKeyThatIsNone(t *testing.T) {
	for why, contents := range map[string]string{
		"empty, as after a crash": "",
		"too short":               "0123",
		"not hexadecimal":         string(bytes.Repeat([]byte("zz"), keyBytes)),
		"too long":                string(bytes.Repeat([]byte("00"), keyBytes+1)),
	} {
		path := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(path, []byte(contents), 0o600))
		_, err := Key(path)
		require.ErrorContains(t, err, path, why)
		assert.NotContains(t, err.Error(), "zz", "an error must not tell the key")
	}
	_, err := Key(filepath.Join(t.TempDir(), "missing", "key"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
