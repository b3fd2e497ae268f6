package report

import (
	"cmp"
	"encoding/csv"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every finding is given once, in the order of ids, under the id that findings
// has for it, whether a bucket fits in memory or not; and what is said of its
// place stands in its row.
func TestIdentify(t *testing.T) {
	for _, test := range []struct {
		why   string
		limit int
	}{
		{"hardly any id fits in memory", 2},
		{"some buckets do", 12},
		{"all do", 1 << 20},
	} {
		t.Run(test.why, func(t *testing.T) {
			f := newFixture(t, 4, 2000)
			// Records that are alike and have no id of their own, and an id twice.
			f.records[1] = f.records[0]
			f.records[2] = f.records[0]
			f.records[3] = f.records[0]
			f.run.Arrow, f.run.HTML, f.run.Follow, f.run.AsOf = false, false, true, calendar.Of(2025, 11, 21)
			_, draft, spill := begin(t)
			w, err := NewWriter(draft, spill, f.run)
			require.NoError(t, err)
			w.repeatLimit, w.collectedIDs, w.rowGroupRows = test.limit, max(2, test.limit), f.rowGroupRows
			parts := pack(t, w, f.records, f.across)
			found, err := w.Identify(t.Context(), parts)
			require.NoError(t, err)
			var got []Identified
			for one, err := range found {
				require.NoError(t, err)
				got = append(got, *one)
				if one.Finding%3 == 0 {
					require.NoError(t, w.Mark(one.Place, Persisting, calendar.Day(one.Finding), int32(one.Finding)))
				}
			}
			require.NoError(t, w.Findings(t.Context(), parts))
			require.True(t, slices.IsSortedFunc(got, func(a, b Identified) int {
				return cmp.Or(slices.Compare(a.ID[:], b.ID[:]), cmp.Compare(a.Place, b.Place))
			}))

			file, err := os.Open(filepath.Join(draft.Path(), "findings.csv"))
			require.NoError(t, err)
			defer file.Close()
			rows, err := csv.NewReader(file).ReadAll()
			require.NoError(t, err)
			header, rows := rows[0], rows[1:]
			require.Len(t, got, len(rows))
			column := func(row []string, name string) string { return row[slices.Index(header, name)] }
			occurrences := map[uint64]int{}
			slices.SortFunc(got, func(a, b Identified) int { return cmp.Compare(a.Finding, b.Finding) })
			for i, row := range rows {
				one := got[i]
				require.Equal(t, int64(i+1), one.Finding)
				require.Equal(t, column(row, "finding_id"), hex.EncodeToString(one.ID[:]))
				require.Equal(t, column(row, "rule"), f.run.Catalogue[one.Rule].Name)
				want := []string{"new", "2025-11-21", "1"}
				if one.Finding%3 == 0 {
					want = []string{"persisting", calendar.Day(one.Finding).String(), strconv.FormatInt(one.Finding, 10)}
				}
				require.Equal(t, want, []string{column(row, "state"), column(row, "first_seen"), column(row, "times_seen")})
				occurrences[one.Occurrence]++
			}
			if len(f.records[0].RecordID) == 0 {
				assert.Positive(t, occurrences[4])
			}
			assert.Positive(t, occurrences[2])
		})
	}
}

// A record has one key, wherever it is read; another record, source or key of ids
// gives another, and so does an id that looks like what another record says.
func TestRecordKeys(t *testing.T) {
	content := RecordContent{
		Source: "fk", IdentityNumber: []byte("640823-3234"), Agency: []byte("fk"), PaymentType: []byte("pension"), Currency: []byte("SEK"),
		PaymentDate: 1, PeriodStart: calendar.Missing, PeriodEnd: calendar.Missing, Amount: 100,
	}
	seen := map[RecordKey]string{}
	look := func(why string, key RecordKey) {
		other, twice := seen[key]
		require.False(t, twice, "%s and %s have the same key", why, other)
		require.NotEqual(t, RecordKey{}, key)
		seen[key] = why
	}
	keyer := NewRecordKeyer(make([]byte, keyBytes))
	look("a record", keyer.Key(&content))
	look("under another key", NewRecordKeyer(RandomKey()).Key(&content))
	for why, change := range map[string]func(*RecordContent){
		"another source":                   func(r *RecordContent) { r.Source = "csn" },
		"another number":                   func(r *RecordContent) { r.IdentityNumber = []byte("640823-3235") },
		"an agency in the place of a type": func(r *RecordContent) { r.Agency, r.PaymentType = nil, []byte("fkpension") },
		"another currency":                 func(r *RecordContent) { r.Currency = []byte("EUR") },
		"another day":                      func(r *RecordContent) { r.PaymentDate = 2 },
		"a period":                         func(r *RecordContent) { r.PeriodStart = 1 },
		"its end":                          func(r *RecordContent) { r.PeriodEnd = 1 },
		"another amount":                   func(r *RecordContent) { r.Amount = -100 },
		"an id":                            func(r *RecordContent) { r.RecordID = []byte("A") },
		"another id":                       func(r *RecordContent) { r.RecordID = []byte("B") },
	} {
		changed := content
		change(&changed)
		look(why, keyer.Key(&changed))
	}
	withID := content
	withID.RecordID = []byte("A")
	onlyID := RecordContent{Source: "fk", RecordID: []byte("A"), Amount: 7}
	assert.Equal(t, keyer.Key(&withID), keyer.Key(&onlyID), "an id says all")
	damaged, replaced := content, content
	damaged.PaymentType, replaced.PaymentType = []byte("\xff"), []byte("\uFFFD")
	assert.Equal(t, keyer.Key(&damaged), keyer.Key(&replaced), "as reports have the text")

	f := newFixture(t, 1, 10)
	f.run.Follow = true
	_, draft, spill := begin(t)
	w, err := NewWriter(draft, spill, f.run)
	require.NoError(t, err)
	id := func(d interface{ ID([]byte) (uint16, error) }, text string) uint16 {
		number, err := d.ID([]byte(text))
		require.NoError(t, err)
		return number
	}
	var dictionaries *pipeline.Dictionaries = f.run.Dictionaries
	finding := Finding{
		File: 1, IdentityNumber: content.IdentityNumber, Agency: id(dictionaries.Agency, "fk"), PaymentType: id(dictionaries.PaymentType, "pension"),
		Currency: id(dictionaries.Currency, "SEK"), PaymentDate: 1, PeriodStart: calendar.Missing, PeriodEnd: calendar.Missing, Amount: 100,
	}
	p := w.NewPacker()
	assert.Equal(t, keyer.Key(&content), p.KeyOf(&finding))
	finding.RecordID = []byte("A")
	assert.Equal(t, keyer.Key(&withID), p.KeyOf(&finding))
	finding.File = 0 // of another source
	assert.NotEqual(t, keyer.Key(&withID), p.KeyOf(&finding))
}
