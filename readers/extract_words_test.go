package readers

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
)

// snapshotOf reads an extract into a snapshot.
func snapshotOf(t *testing.T, source Source) (*register.Snapshot, *register.Checks) {
	t.Helper()
	builder := register.NewBuilder(calendar.Missing)
	_, err := ReadExtract(context.Background(), source, Options{}, builder.Add)
	require.NoError(t, err)
	snapshot, checks, err := builder.Build()
	require.NoError(t, err)
	return snapshot, checks
}

// An extract as the register writes it: capitals with and without rings and
// dots, a row for each status, dates without hyphens, zeros for what is missing.
func TestAnExtractInTheRegistersOwnWords(t *testing.T) {
	const (
		history = "19640823-3234" // assigned inactive, then active, then dead
		closed  = "197010632391"
	)
	text := "PERSONNR;STATUS;STATUSDATUM;ORSAK;HÄNVISNING;NIVÅ;AVLIDEN;TILLDELAD;SEKRETESS\r\n" +
		history + ";VILANDEFORKLARAT;20100101;Tidsfrist;000000000000;STYRKT;;00000000;N\r\n" +
		history + ";Aktiv;20150601;;;Styrkt;;0;N\r\n" +
		history + ";AVREGISTRERAT;20190517;av;;styrkt;20190500;0000-00-00;N\r\n" +
		closed + ";VILANDEFÖRKLARAT STÄNGT;00000000;;" + history + ";OSAKER;;;J\r\n"
	folder := writeIn(t, map[string]string{"navet.csv": text})
	snapshot, checks := snapshotOf(t, Source{
		Name: "register", Files: []string{filepath.Join(folder, "navet.csv")},
		Columns: map[string]string{
			"number": "PERSONNR", "status": "STATUS", "status_from": "STATUSDATUM", "status_reason": "ORSAK", "linked_number": "HÄNVISNING",
			"identity_level": "NIVÅ", "deceased_on": "AVLIDEN", "assigned_on": "TILLDELAD", "protected": "SEKRETESS",
		},
	})
	for _, inconsistency := range checks.Inconsistencies {
		assert.Zero(t, inconsistency.Count, inconsistency.Name)
	}
	assert.Equal(t, 4, snapshot.Entries())

	at := snapshot.Find(identity.Parse([]byte(history)).Number())
	for _, row := range []struct {
		why    string
		day    calendar.Day
		status register.Status
		code   register.Code
	}{
		{"the first row's status holds until the second's", calendar.Of(2015, 5, 31), register.Inactive, register.TimeLimit},
		{"the second's from its day", calendar.Of(2015, 6, 1), register.Active, register.NoCode},
		{"a code in small letters is the same", calendar.Of(2025, 1, 1), register.Deregistered, register.CodeAV},
	} {
		entry := snapshot.At(at, row.day)
		require.True(t, entry.InForce, row.why)
		state := snapshot.States()[entry.State]
		assert.Equal(t, row.status, state.Status, row.why)
		assert.Equal(t, row.code, state.Code, row.why)
		assert.Equal(t, register.Confirmed, state.Level, row.why)
		assert.Equal(t, calendar.Missing, snapshot.AssignedOn(entry), "zeros are no day")
		assert.Equal(t, "2019-05-00", snapshot.DeceasedOn(entry).String(), "an incomplete date of death stays what it is")
	}
	entry := snapshot.At(snapshot.Find(identity.Parse([]byte(closed)).Number()), calendar.Of(1990, 1, 1))
	assert.True(t, entry.InForce, "a status from a day of zeros has been in force since ever, as from none")
	state := snapshot.States()[entry.State]
	assert.Equal(t, register.Closed, state.Status)
	assert.Equal(t, register.Uncertain, state.Level)
	assert.Equal(t, register.True, state.Protected)
	assert.Equal(t, identity.Parse([]byte(history)).Number(), snapshot.Linked(entry))
}

func TestZerosOfAnExtractAreMissingInParquetToo(t *testing.T) {
	type row struct {
		Number     string `parquet:"number"`
		Status     string `parquet:"status"`
		StatusFrom string `parquet:"status_from"`
		Linked     string `parquet:"linked_number"`
		DeceasedOn string `parquet:"deceased_on"`
	}
	path := filepath.Join(t.TempDir(), "extract.parquet")
	require.NoError(t, parquet.WriteFile(path, []row{{"196408233234", "AKTIVT", "00000000", "0000000000", "0"}}))
	rows, unreadable, _ := readExtract(t, Source{Name: "register", Files: []string{path}})
	require.Len(t, rows, 1)
	assert.Empty(t, unreadable)
	assert.Empty(t, rows[0].from, "a day of zeros is missing")
	assert.Empty(t, rows[0].linked, "a link of zeros is none")
	assert.Equal(t, "0", rows[0].deceased, "of a death 0 says that the day is not known")
}

// A column of integers has 0 where one of text has zeros. A link of zeros taken for
// one that cannot be read would hide the link of another entry of the number.
func TestZeroOfAnIntegerColumnIsNoLink(t *testing.T) {
	type row struct {
		Number int64  `parquet:"number"`
		Status string `parquet:"status"`
		Linked int64  `parquet:"linked_number"`
	}
	path := filepath.Join(t.TempDir(), "extract.parquet")
	require.NoError(t, parquet.WriteFile(path, []row{{196408233234, "AKTIVT", 0}, {197010632391, "STÄNGT", 196408233234}, {196408233234, "AKTIVT", 7}}))
	rows, _, _ := readExtract(t, Source{Name: "register", Files: []string{path}})
	require.Len(t, rows, 3)
	assert.Empty(t, rows[0].linked, "a link of zeros is none")
	assert.Equal(t, "196408233234", rows[1].linked)
	assert.NotEmpty(t, rows[2].linked, "what is no number is a link all the same")
}

// Of words that are not taken a file may have any number, each of any length: they
// are counted, and not kept.
func TestWordsThatAreNotTakenAreNotKept(t *testing.T) {
	f := newExtractFiller()
	words := columnWords{number: f.word, known: map[string]uint16{}}
	long := bytes.Repeat([]byte{'x'}, limitWord+8)
	for i := range 3000 {
		copy(long, fmt.Sprintf("%08d", i))
		for _, text := range [][]byte{long, fmt.Appendf(nil, "\xff%d", i)} {
			for range 2 {
				number, err := words.ask(text)
				require.NoError(t, err)
				require.Equal(t, uint16(badWord), number)
			}
		}
	}
	assert.Zero(t, len(words.known), "texts that are kept")
	assert.Equal(t, []string{""}, f.list)
	number, err := words.ask([]byte("active"))
	require.NoError(t, err)
	assert.Equal(t, "active", f.list[number])
	assert.Len(t, words.known, 1)
}

// Rows that all have words of their own are not read ahead: each extract that waits
// would have megabytes of them.
func TestExtractsOfManyWordsAreNotReadAhead(t *testing.T) {
	const extracts, words = 4, 300
	var made [extracts * words]string
	for i := range made {
		made[i] = fmt.Sprint(i) + strings.Repeat("x", limitWord-20)
	}
	word := func(row int) string { return made[row/extractRows*words+row%words] }
	path := writeParquet(t, extracts*extractRows, extracts*extractRows, []testColumn{
		{"number", parquet.Int(64), func(int) parquet.Value { return parquet.Int64Value(196408233234) }},
		{"status", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), func(int) parquet.Value { return textOrNull(false, "AKTIVT") }},
		{"status_reason", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), func(row int) parquet.Value { return textOrNull(false, word(row)) }},
	}, parquet.PageBufferSize(4096))
	file, err := describe(path, 0)
	require.NoError(t, err)
	read := func() int64 {
		checked, unchecked := file.PageChecks()
		return checked + unchecked
	}
	row := 0
	var afterFirst int64
	require.NoError(t, readParquetExtract(t.Context(), file, &Source{}, &Options{Workers: 2}, func(x *register.Extract) error {
		if row == 0 {
			time.Sleep(200 * time.Millisecond) // for a worker that does not wait
			afterFirst = read()
		}
		for i, reason := range x.Reason {
			if x.Words[reason] != word(row+i) {
				t.Fatalf("row %d has another word", row+i)
			}
		}
		row += len(x.Number)
		return nil
	}))
	require.Equal(t, extracts*extractRows, row)
	assert.Less(t, afterFirst, read()/2, "pages that have been read while the first extract is being added")
}
