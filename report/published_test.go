package report

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
)

// What is read of a published table is what was written, whatever place is asked
// for after which.
func TestPublishedFindingsAreThoseOfTheRun(t *testing.T) {
	f := newFixture(t, 3, 2000)
	folder, published := f.publish(t)
	table, err := OpenPublished(folder)
	require.NoError(t, err)
	defer table.Close()
	all := append(append([]Finding{}, f.records...), f.across...)
	require.Equal(t, int64(len(all)), table.Rows())
	require.Equal(t, published.Summary.Findings, table.Rows())

	var places []int64
	for i := range table.Rows() {
		places = append(places, i)
	}
	last := table.Rows() - 1
	for _, place := range append(places, last, 0, 63, 64, 63, 1, last-1, 100) {
		got, err := table.At(place)
		require.NoError(t, err)
		want := &all[place]
		text := func(n identity.Number) string { return string(n.AppendDigits(nil)) }
		assert.Equal(t, place, got.Place)
		assert.Equal(t, f.run.Catalogue[want.Rule].Name, got.Rule)
		assert.Equal(t, []string{want.Severity.String(), want.Direction.String(), string(want.Detail)}, []string{got.Severity, got.Direction, got.Detail})
		assert.Equal(t, map[bool]string{false: "certain", true: "possible"}[want.Possible], got.Confidence)
		assert.Equal(t, f.run.Files[want.File], File{got.Source, got.File})
		assert.Equal(t, want.Row, got.Row)
		assert.Equal(t, string(want.RecordID), got.RecordID)
		assert.Equal(t, want.Amount, got.Amount)
		assert.Equal(t, []calendar.Day{want.PaymentDate, calendar.Missing, calendar.Missing}, []calendar.Day{got.PaymentDate, got.PeriodStart, got.PeriodEnd})
		assert.Equal(t, f.run.Dictionaries.Agency.Values()[want.Agency], got.Agency)
		assert.Equal(t, f.run.Dictionaries.PaymentType.Values()[want.PaymentType], got.PaymentType)
		assert.Equal(t, f.run.Dictionaries.Currency.Values()[want.Currency], got.Currency)
		assert.Equal(t, []string{string(want.IdentityNumber), text(want.Number), text(want.UseNumber), text(want.OtherNumber)},
			[]string{got.IdentityNumber, got.Number, got.UseNumber, got.OtherNumber})
		assert.Equal(t, []string{want.NumberKind.String(), want.Status.String(), string(want.StatusReason), want.IdentityLevel.String(), want.DeceasedOn.String()},
			[]string{got.NumberKind, got.Status, got.StatusReason, got.IdentityLevel, got.DeceasedOn})
		assert.Equal(t, []calendar.Day{want.StatusFrom, want.KnownFrom}, []calendar.Day{got.StatusFrom, got.KnownFrom})
		assert.Equal(t, want.Protected, got.Protected)
		if known, isKnown := want.KnownAtPayment(); isKnown {
			assert.Equal(t, map[bool]register.Tristate{false: register.False, true: register.True}[known], got.KnownAtPayment)
		} else {
			assert.Equal(t, register.NoValue, got.KnownAtPayment)
		}
		assert.Empty(t, got.State+got.Decision)
		assert.Equal(t, []calendar.Day{calendar.Missing, calendar.Missing}, []calendar.Day{got.FirstSeen, got.DecisionUntil})
	}
	_, err = table.At(table.Rows())
	assert.Error(t, err)

	rows := int64(0)
	require.NoError(t, table.Each(t.Context(), []string{"rule", "record_id", "no_such_column"}, func(place int64, texts [][]byte) error {
		assert.Equal(t, rows, place)
		rows++
		assert.Equal(t, f.run.Catalogue[all[place].Rule].Name, string(texts[0]))
		assert.Equal(t, string(all[place].RecordID), string(texts[1]))
		assert.Equal(t, len(all[place].RecordID) == 0, texts[1] == nil)
		assert.Nil(t, texts[2])
		return nil
	}))
	assert.Equal(t, table.Rows(), rows)

	manifest, err := ReadManifest(folder)
	require.NoError(t, err)
	assert.Equal(t, "full", manifest.Numbers)
	assert.Len(t, manifest.Inputs, fixtureFiles)
	summary, err := ReadSummary(folder)
	require.NoError(t, err)
	assert.Equal(t, "2025-11-20", summary.Register.ExtractDate)
}

// A damaged table is an error and no panic, and tells nothing of what it holds.
func TestDamagedFindingsAreAnError(t *testing.T) {
	f := newFixture(t, 4, 500)
	folder, _ := f.publish(t)
	path := filepath.Join(folder, FindingsFile)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	failed := 0
	for at := 10; at < len(whole); at += max(1, len(whole)/300) {
		damaged := append([]byte{}, whole...)
		damaged[at] ^= 0x5a
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		err := readAll(t, folder)
		if err != nil {
			failed++
			for i := range f.records {
				if number := f.records[i].Number; number != 0 {
					assert.NotContains(t, err.Error(), strconv.FormatUint(uint64(number), 10))
				}
			}
		}
	}
	assert.Greater(t, failed, 100, "the checksums of pages tell")
	require.NoError(t, os.Truncate(path, 100))
	assert.EqualError(t, readAll(t, folder), "cannot read "+path+": it is damaged, or no Parquet file", "nothing of what stands in it is told")
	require.NoError(t, os.Remove(path))
	assert.ErrorContains(t, readAll(t, folder), "must have parquet among its formats")
}

func readAll(t *testing.T, folder string) error {
	table, err := OpenPublished(folder)
	if err != nil {
		return err
	}
	defer table.Close()
	for place := range table.Rows() {
		if _, err := table.At(place); err != nil {
			return err
		}
	}
	return nil
}

func TestAnInputIsComparedWithTheManifest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, os.WriteFile(path, []byte("abc"), 0o600))
	input := Input{Path: path, Size: 3, SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
	what, err := input.Compare(t.Context())
	require.NoError(t, err)
	assert.Empty(t, what)
	require.NoError(t, os.WriteFile(path, []byte("abd"), 0o600))
	what, err = input.Compare(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "its digest is not that in the manifest", what)
	require.NoError(t, os.Remove(path))
	_, err = input.Compare(t.Context())
	assert.ErrorIs(t, err, os.ErrNotExist)
}
