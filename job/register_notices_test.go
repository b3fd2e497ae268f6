package job

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
)

// told are the notices of some names, in both languages.
func told(notices []report.Notice, names ...string) (texts []string) {
	for _, notice := range notices {
		for _, name := range names {
			if notice.Name == name {
				texts = append(texts, notice.Text, notice.Swedish)
			}
		}
	}
	return texts
}

// saveSnapshot is a snapshot of an extract.
func saveSnapshot(t *testing.T, settings *Register) string {
	t.Helper()
	builder := register.NewBuilder(settings.ExtractDate)
	_, err := readers.ReadExtract(t.Context(), settings.Extract, readers.Options{}, builder.Add)
	require.NoError(t, err)
	snapshot, _, err := builder.Build()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "register.avr")
	require.NoError(t, snapshot.Save(path))
	return path
}

// A register of which something cannot be read is no good night without a word: of an
// extract, of its snapshot, and before the night in a dry run.
func TestWhatCannotBeReadOfARegisterIsTold(t *testing.T) {
	const header = "number,status,status_from,linked_number,identity_level,deceased_on,protected\n"
	const good = "196408233234,active,2010-01-01,,,,\n"
	names := []string{"register_entries_left_out", "register_values_unreadable", "register_links_unknown", "register_days_after_extract"}
	for _, c := range []struct {
		rows string
		want []string
		why  string
	}{
		{"", nil, "all can be read"},
		{"197010632391,AKTIV?,2020-01-01,,,,\n", []string{
			"1 of 2 rows of the register extract is left out, since number, status or status_from cannot be read: no rule knows of them.",
			"1 av 2 rader i registeruttaget har utelämnats, eftersom number, status eller status_from inte kan läsas. Ingen regel känner till dem.",
		}, "an unknown status, whose word may be about somebody where there is one of it"},
		{strings.Repeat("197010632391,AKTIV?,2020-01-01,,,,\n", 10) + "7010632391,active,,,,,\n", []string{
			`11 of 12 rows of the register extract are left out, since number, status or status_from cannot be read: no rule knows of them. The most frequent word is "AKTIV?", in 10 rows.`,
			`11 av 12 rader i registeruttaget har utelämnats, eftersom number, status eller status_from inte kan läsas. Ingen regel känner till dem. Det vanligaste ordet är "AKTIV?", på 10 rader.`,
		}, "a word that many rows have, and a number of ten digits"},
		{"197010632391,active,2020-01-01,,,17/5/2019,S\n198012132398,active,2020-01-01,,NULL,,1.0\n", []string{
			"1 of 3 rows of the register extract has a value of deceased_on that cannot be read: what it says is lost.",
			"1 av 3 rader i registeruttaget har ett värde i deceased_on som inte kan läsas. Det som står där går förlorat.",
			"1 of 3 rows of the register extract has a value of identity_level that cannot be read: what it says is lost.",
			"1 av 3 rader i registeruttaget har ett värde i identity_level som inte kan läsas. Det som står där går förlorat.",
			"2 of 3 rows of the register extract have a value of protected that cannot be read: what it says is lost.",
			"2 av 3 rader i registeruttaget har ett värde i protected som inte kan läsas. Det som står där går förlorat.",
		}, "values, one notice a column"},
		{strings.Repeat("197010632391,active,2020-01-01,,NULL,,\n", 10), []string{
			`10 of 11 rows of the register extract have a value of identity_level that cannot be read: what it says is lost. The most frequent word is "NULL", in 10 rows.`,
			`10 av 11 rader i registeruttaget har ett värde i identity_level som inte kan läsas. Det som står där går förlorat. Det vanligaste ordet är "NULL", på 10 rader.`,
		}, "a word for a level that nobody knows"},
		{"197010632391,closed,2020-01-01,196408233234.0,,,\n", []string{
			"1 of 2 rows of the register extract has a value of linked_number that cannot be read: what it says is lost.",
			"1 av 2 rader i registeruttaget har ett värde i linked_number som inte kan läsas. Det som står där går förlorat.",
		}, "a link that is no number is told once"},
		{"197010632391,closed,2020-01-01,196408233234,,,\n198012132398,closed,2020-01-01,193303190718,,,\n", nil, "one link of two leads nowhere: that is normal"},
		{"197010632391,closed,2020-01-01,193303190718,,,\n198012132398,closed,2020-01-01,193303190718,,,\n", []string{
			"2 of 2 links of the register extract lead to numbers that it does not have. Is another column taken for linked_number, or is the extract a part of one?",
			"2 av 2 hänvisningar i registeruttaget leder till nummer som inte finns där. Har en annan kolumn tagits för linked_number, eller är uttaget bara en del?",
		}, "most links lead nowhere"},
		{"197010632391,active,2025-11-30,,,,\n198012132398,active,2025-12-01,,,2026-01-01,\n", []string{
			"1 of 3 entries of the register has a status_from, assigned_on or deceased_on after the day of the extract, 2025-11-30. Are day and month exchanged, or is the day of the extract another?",
			"1 av 3 poster i registret har ett datum i status_from, assigned_on eller deceased_on efter uttagets datum, 2025-11-30. Har dag och månad bytt plats, eller är uttaget från en annan dag?",
		}, "days to come"},
	} {
		settings := partedNight(t)
		path := filepath.Join(t.TempDir(), "register.csv")
		require.NoError(t, os.WriteFile(path, []byte(header+good+c.rows), 0o600))
		settings.Register.Snapshot = ""
		settings.Register.Extract = readers.Source{Name: "register", Files: []string{path}}
		result, err := Run(t.Context(), settings)
		require.NoError(t, err, c.why)
		assert.Equal(t, c.want, told(result.Summary.Notices, names...), c.why)

		dry := settings
		dry.DryRun = true
		result, err = Run(t.Context(), dry)
		require.NoError(t, err, c.why)
		assert.Equal(t, c.want, told(result.Notices, names...), "%s: in a dry run", c.why)

		settings.Register.Snapshot = saveSnapshot(t, &settings.Register)
		settings.Register.Extract = readers.Source{}
		result, err = Run(t.Context(), settings)
		require.NoError(t, err, c.why)
		assert.Equal(t, c.want, told(result.Summary.Notices, names...), "%s: of a snapshot", c.why)
		for _, notice := range result.Summary.Notices {
			if notice.Counted > 0 {
				assert.NotContains(t, notice.Uncounted, fmt.Sprint(notice.Counted, " of"), c.why)
				assert.NotContains(t, notice.UncountedSwedish, fmt.Sprint(notice.Counted, " av"), c.why)
			}
		}
	}
}
