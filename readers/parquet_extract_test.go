package readers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainEntry is a row of a register extract as a test means it.
type plainEntry struct {
	number, linked        identity.Number
	status, reason, level string
	from, known, assigned calendar.Day
	renewed, expected     calendar.Day
	deceased              calendar.Partial
	protected             register.Tristate
}

func plainEntries(rows int, seed uint64) []plainEntry {
	random := rand.New(rand.NewPCG(seed, 2))
	number := func() identity.Number {
		for {
			if text := identity.Parse([]byte(madeUpNumber(random))); text.Number() != 0 {
				return text.Number()
			}
		}
	}
	day := func() calendar.Day {
		if random.IntN(4) == 0 {
			return calendar.Missing
		}
		return calendar.Of(1990, 1, 1) + calendar.Day(random.IntN(12_000))
	}
	entries := make([]plainEntry, rows)
	for i := range entries {
		e := &entries[i]
		e.number = number()
		e.status = []string{"active", "AKTIVT", "VILANDEFÖRKLARAT", "closed"}[random.IntN(4)]
		if e.status == "closed" {
			e.linked = number()
		}
		if random.IntN(3) == 0 {
			e.reason = fmt.Sprint("reason ", random.IntN(200))
		}
		e.level = []string{"", "styrkt", "probable"}[random.IntN(3)]
		e.from, e.known, e.assigned, e.renewed, e.expected = day(), day(), day(), day(), day()
		if random.IntN(10) == 0 {
			e.deceased, _ = calendar.PartialOf(2000+random.IntN(20), 5, 0)
		}
		e.protected = register.Tristate(random.IntN(3))
	}
	return entries
}

func entryColumns(entries []plainEntry, integers bool) []testColumn {
	number := func(name string, of func(*plainEntry) identity.Number) testColumn {
		node := parquet.String()
		if integers {
			node = parquet.Int(64)
		}
		return testColumn{name, parquet.Optional(node), func(row int) parquet.Value {
			number := of(&entries[row])
			switch {
			case number == 0:
				return parquet.NullValue()
			case integers:
				return parquet.Int64Value(int64(number))
			}
			return parquet.ByteArrayValue(number.AppendDigits(nil))
		}}
	}
	text := func(name string, of func(*plainEntry) string) testColumn {
		return testColumn{name, parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary)), func(row int) parquet.Value {
			return textOrNull(true, of(&entries[row]))
		}}
	}
	return []testColumn{
		number("number", func(e *plainEntry) identity.Number { return e.number }),
		number("linked_number", func(e *plainEntry) identity.Number { return e.linked }),
		text("status", func(e *plainEntry) string { return e.status }),
		text("status_reason", func(e *plainEntry) string { return e.reason }),
		text("identity_level", func(e *plainEntry) string { return e.level }),
		text("deceased_on", func(e *plainEntry) string { return e.deceased.String() }),
		{"status_from", parquet.Optional(parquet.Date()), func(row int) parquet.Value { return dayOrNull(entries[row].from) }},
		{"known_from", parquet.Optional(parquet.Date()), func(row int) parquet.Value { return dayOrNull(entries[row].known) }},
		text("assigned_on", func(e *plainEntry) string { return e.assigned.String() }),
		text("renewed_on", func(e *plainEntry) string { return e.renewed.String() }),
		{"inactive_expected_on", parquet.Optional(parquet.Date()), func(row int) parquet.Value { return dayOrNull(entries[row].expected) }},
		{"protected", parquet.Optional(parquet.Leaf(parquet.BooleanType)), func(row int) parquet.Value {
			if entries[row].protected == register.NoValue {
				return parquet.NullValue()
			}
			return parquet.BooleanValue(entries[row].protected == register.True)
		}},
	}
}

// readEntries reads an extract, and what could not be read of it.
func readEntries(path string, source *Source, options *Options) ([]plainEntry, []register.Unreadable, *File, error) {
	var entries []plainEntry
	var unreadable []register.Unreadable
	file := &File{Path: path, Format: FormatParquet}
	err := readParquetExtract(context.Background(), file, source, options, func(x *register.Extract) error {
		if x.File != path || x.FirstRow != int64(len(entries))+1 {
			return errors.New("an extract is not in its place")
		}
		entries = appendEntries(entries, x)
		unreadable = append(unreadable, x.Unreadable...)
		return nil
	})
	return entries, unreadable, file, err
}

// appendEntries appends the rows of an extract.
func appendEntries(entries []plainEntry, x *register.Extract) []plainEntry {
	const none = calendar.Missing
	for i := range x.Number {
		e := plainEntry{number: x.Number[i], from: none, known: none, assigned: none, renewed: none, expected: none}
		for _, word := range []struct {
			of []uint16
			to *string
		}{{x.Status, &e.status}, {x.Reason, &e.reason}, {x.Level, &e.level}} {
			if word.of != nil {
				*word.to = x.Words[word.of[i]]
			}
		}
		for _, day := range []struct {
			of []calendar.Day
			to *calendar.Day
		}{
			{x.StatusFrom, &e.from}, {x.KnownFrom, &e.known}, {x.AssignedOn, &e.assigned},
			{x.RenewedOn, &e.renewed}, {x.InactiveExpectedOn, &e.expected},
		} {
			if day.of != nil {
				*day.to = day.of[i]
			}
		}
		if x.Linked != nil {
			e.linked = x.Linked[i]
		}
		if x.DeceasedOn != nil {
			e.deceased = x.DeceasedOn[i]
		}
		if x.Protected != nil {
			e.protected = x.Protected[i]
		}
		entries = append(entries, e)
	}
	return entries
}

func TestParquetExtract(t *testing.T) {
	entries := plainEntries(sized(60_000, extractRows+1000), 1)
	for _, integers := range []bool{false, true} {
		for _, rowGroup := range []int{7000, len(entries)} {
			path := writeParquet(t, len(entries), rowGroup, entryColumns(entries, integers), parquet.Compression(&parquet.Snappy), parquet.PageBufferSize(30_000))
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			for _, workers := range []int{1, 3} {
				options := &Options{Workers: workers, Digest: true}
				got, unreadable, file, err := readEntries(path, &Source{}, options)
				require.NoError(t, err)
				assert.Empty(t, unreadable)
				require.Len(t, got, len(entries))
				for i := range entries {
					if entries[i] != got[i] { // the difference would show numbers
						require.Equal(t, entries[i].from, got[i].from, "row %d", i)
						require.Equal(t, entries[i].reason, got[i].reason, "row %d", i)
						t.Fatalf("row %d differs", i)
					}
				}
				assert.Equal(t, sha256.Sum256(data), file.SHA256)
			}
		}
	}
}

// A snapshot has the same bytes however many goroutines read its extract: states,
// special dates and places of faults are numbered in the order of the rows.
func TestSnapshotIsTheSameForAnyNumberOfWorkers(t *testing.T) {
	entries := plainEntries(30_000, 5)
	for i := range entries {
		switch i % 50 {
		case 0:
			entries[i].number = 0
		case 1:
			entries[i].level = fmt.Sprint("level ", i%13)
		case 2:
			entries[i].status = "unheard of"
		case 3:
			entries[i].from = calendar.Of(1700, 1, 1) + calendar.Day(i)
		case 4, 5, 6:
			entries[i].number = entries[i-1].number
		}
	}
	for _, order := range []string{"as they come", "sorted", "sorted but for the last"} {
		if order != "as they come" {
			slices.SortStableFunc(entries, func(a, b plainEntry) int { return cmp.Compare(a.number, b.number) })
		}
		if order == "sorted but for the last" {
			entries = append(entries[1000:], entries[:1000]...)
		}
		path := writeParquet(t, len(entries), 1700, entryColumns(entries, false))
		var want []byte
		for _, workers := range []int{1, 2, 3, 8} {
			builder := register.NewBuilder(calendar.Of(2025, 11, 20))
			_, err := ReadExtract(t.Context(), Source{Files: []string{path}}, Options{Workers: workers}, builder.Add)
			require.NoError(t, err)
			snapshot, checks, err := builder.Build()
			require.NoError(t, err)
			assert.EqualValues(t, len(entries)*2/50, checks.EntriesLeftOut)
			var got bytes.Buffer
			_, err = snapshot.WriteTo(&got)
			require.NoError(t, err)
			if want == nil {
				want = got.Bytes()
			}
			require.True(t, bytes.Equal(want, got.Bytes()), "%d workers, entries %s", workers, order)
		}
	}
}

// Many different reasons do not run out of numbers.
func TestParquetExtractOfManyWords(t *testing.T) {
	entries := plainEntries(1000, 2)
	rows := sized(150_000, 40_000)
	columns := entryColumns(entries, false)
	for i := range columns {
		value := columns[i].value
		columns[i].value = func(row int) parquet.Value { return value(row % len(entries)) }
		if columns[i].name == "status_reason" || columns[i].name == "status" {
			columns[i].value = func(row int) parquet.Value { return parquet.ByteArrayValue(fmt.Append(nil, "reason ", row)) }
		}
	}
	path := writeParquet(t, rows, rows, columns)
	got, _, _, err := readEntries(path, &Source{}, &Options{Workers: 2})
	require.NoError(t, err)
	require.Len(t, got, rows)
	for i, e := range got {
		require.Equal(t, fmt.Sprint("reason ", i), e.reason)
		require.Equal(t, fmt.Sprint("reason ", i), e.status)
	}
}

// extractOf reads an extract of the columns that it must have and one more.
func extractOf(t *testing.T, name string, node parquet.Node, values ...parquet.Value) ([]plainEntry, []register.Unreadable) {
	t.Helper()
	columns := []testColumn{
		{"number", parquet.String(), func(int) parquet.Value { return parquet.ByteArrayValue([]byte("196408233234")) }},
		{"status", parquet.String(), func(int) parquet.Value { return parquet.ByteArrayValue([]byte("active")) }},
	}
	column := testColumn{name, parquet.Optional(node), func(row int) parquet.Value { return values[row] }}
	if name == "number" {
		columns[0] = column
	} else {
		columns = append(columns, column)
	}
	got, unreadable, _, err := readEntries(writeParquet(t, len(values), len(values), columns), &Source{}, &Options{Workers: 1})
	require.NoError(t, err)
	require.Len(t, got, len(values))
	return got, unreadable
}

func TestParquetExtractValues(t *testing.T) {
	text := func(text string) parquet.Value { return parquet.ByteArrayValue([]byte(text)) }
	null := parquet.NullValue()
	number := identity.Parse([]byte("196408233234")).Number()
	t.Run("numbers", func(t *testing.T) {
		got, unreadable := extractOf(t, "number", parquet.String(), text("196408233234"), text("19640823-3234"), text("6408233234"), text("x"), null)
		for i, want := range []identity.Number{number, number, 0, 0, 0} {
			assert.True(t, want == got[i].number, "row %d", i)
		}
		assert.Empty(t, unreadable, "the builder counts them itself")
		got, _ = extractOf(t, "number", parquet.Decimal(0, 12, parquet.Int64Type), parquet.Int64Value(196408233234), parquet.Int64Value(6408233234))
		assert.True(t, number == got[0].number && got[1].number == 0)
	})
	t.Run("integers beyond 64 bits", func(t *testing.T) {
		for _, c := range []struct {
			node        parquet.Node
			wide, other parquet.Value
		}{
			{parquet.Uint(64), parquet.Int64Value(-1), parquet.Int64Value(196408233234)},
			{parquet.Decimal(0, 38, parquet.FixedLenByteArrayType(16)), decimalBytes("-98765432109876543210", 16), decimalBytes("196408233234", 16)},
		} {
			got, unreadable := extractOf(t, "number", c.node, c.wide, c.other)
			assert.True(t, got[0].number == 0 && got[1].number == number)
			assert.Empty(t, unreadable, "the builder counts them itself")
			got, _ = extractOf(t, "linked_number", c.node, c.wide, c.other)
			assert.True(t, got[0].linked == register.UnreadableLink && got[1].linked == number)
		}
		got, unreadable := extractOf(t, "deceased_on", parquet.Uint(64), parquet.Int64Value(-1), parquet.Int64Value(20190500))
		assert.Equal(t, "2019-05-00", got[1].deceased.String())
		assert.Equal(t, []register.Unreadable{{Row: 1, Column: "deceased_on"}}, unreadable)
		got, unreadable = extractOf(t, "protected", parquet.Uint(64), parquet.Int64Value(-1), parquet.Int64Value(1))
		assert.Equal(t, register.True, got[1].protected)
		assert.Equal(t, []register.Unreadable{{Row: 1, Column: "protected"}}, unreadable)
	})
	t.Run("links", func(t *testing.T) {
		got, unreadable := extractOf(t, "linked_number", parquet.String(), text("196408233234"), text(""), null, text("6408233234"), text("gone"))
		for i, want := range []identity.Number{number, 0, 0, register.UnreadableLink, register.UnreadableLink} {
			assert.True(t, want == got[i].linked, "row %d", i)
		}
		assert.Empty(t, unreadable)
	})
	t.Run("deaths", func(t *testing.T) {
		got, unreadable := extractOf(t, "deceased_on", parquet.String(), text("2019-05-17"), text("2019-05-00"), text("0"), text(""), null, text("2019-02-30"), text("2019-05-17T00:00:00"))
		for i, want := range []string{"2019-05-17", "2019-05-00", "0", "", "", "", "2019-05-17"} {
			assert.Equal(t, want, got[i].deceased.String(), "row %d", i)
		}
		assert.Equal(t, []register.Unreadable{{Row: 6, Column: "deceased_on"}}, unreadable)
		got, unreadable = extractOf(t, "deceased_on", parquet.Date(), parquet.Int32Value(1), null, parquet.Int32Value(math.MaxInt32))
		assert.Equal(t, "1970-01-02", got[0].deceased.String())
		assert.Empty(t, got[1].deceased.String())
		assert.Equal(t, []register.Unreadable{{Row: 3, Column: "deceased_on"}}, unreadable)
		got, unreadable = extractOf(t, "deceased_on", parquet.Int(32), parquet.Int32Value(20190500), parquet.Int32Value(0), null, parquet.Int32Value(-1))
		assert.Equal(t, "2019-05-00", got[0].deceased.String())
		assert.Equal(t, calendar.Unknown, got[1].deceased)
		assert.Zero(t, got[2].deceased)
		assert.Equal(t, []register.Unreadable{{Row: 4, Column: "deceased_on"}}, unreadable)
	})
	t.Run("protection", func(t *testing.T) {
		got, unreadable := extractOf(t, "protected", parquet.String(), text("ja"), text("false"), text(""), text("perhaps"))
		for i, want := range []register.Tristate{register.True, register.False, register.NoValue, register.NoValue} {
			assert.Equal(t, want, got[i].protected, "row %d", i)
		}
		assert.Equal(t, []register.Unreadable{{Row: 4, Column: "protected"}}, unreadable)
		got, unreadable = extractOf(t, "protected", parquet.Int(8), parquet.Int32Value(1), parquet.Int32Value(0), null, parquet.Int32Value(2))
		for i, want := range []register.Tristate{register.True, register.False, register.NoValue, register.NoValue} {
			assert.Equal(t, want, got[i].protected, "row %d", i)
		}
		assert.Equal(t, []register.Unreadable{{Row: 4, Column: "protected"}}, unreadable)
	})
	t.Run("days", func(t *testing.T) {
		got, unreadable := extractOf(t, "status_from", parquet.String(), text("2019-05-17"), text("2019-05-00"), null, text(" "))
		for i, want := range []string{"2019-05-17", "", "", ""} {
			assert.Equal(t, want, got[i].from.String(), "row %d", i)
		}
		assert.Equal(t, []register.Unreadable{{Row: 2, Column: "status_from"}}, unreadable)
	})
	t.Run("words", func(t *testing.T) {
		got, unreadable := extractOf(t, "status_reason", parquet.String(), text("AV"), text("caf\xe9"), null, text(string(make([]byte, limitWord+1))))
		for i, want := range []string{"AV", "", "", ""} {
			assert.Equal(t, want, got[i].reason, "row %d", i)
		}
		assert.Equal(t, []register.Unreadable{{Row: 2, Column: "status_reason"}, {Row: 4, Column: "status_reason"}}, unreadable)
	})
}

func TestParquetExtractWithoutARequiredColumn(t *testing.T) {
	path := writeParquet(t, 10, 10, []testColumn{
		{"PersonId", parquet.String(), func(int) parquet.Value { return parquet.ByteArrayValue([]byte("196408233234")) }},
	})
	_, _, _, err := readEntries(path, &Source{}, &Options{Workers: 2})
	assert.ErrorContains(t, err, "cannot read "+path+": it has no column number; its columns are PersonId")
}

// A failure ends the reading, whoever fails, and leaves no goroutine behind.
func TestParquetExtractFailures(t *testing.T) {
	rowGroup := sized(1000, 300)
	entries := plainEntries(40*rowGroup, 3)
	path := writeParquet(t, len(entries), rowGroup, entryColumns(entries, false))
	before := runtime.NumGoroutine()
	reason := errors.New("full")
	for _, digest := range []bool{false, true} {
		options := &Options{Workers: 2, Digest: digest}
		calls := 0
		err := readParquetExtract(context.Background(), &File{Path: path}, &Source{}, options, func(*register.Extract) error {
			calls++
			return reason
		})
		assert.Equal(t, reason, err)
		assert.Equal(t, 1, calls)

		ctx, cancel := context.WithCancelCause(context.Background())
		err = readParquetExtract(ctx, &File{Path: path}, &Source{}, options, func(*register.Extract) error {
			cancel(reason)
			return nil
		})
		assert.Equal(t, reason, err)
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := openParquet(path)
	require.NoError(t, err)
	_, err = file.columns(&Source{}, registerColumns[:])
	require.NoError(t, err)
	require.NoError(t, file.release())
	pages := data[file.groups[20].chunks[0].start:]
	for i := range pages[:2000] {
		pages[i] ^= 0x55
	}
	require.NoError(t, os.WriteFile(path, data, 0o600))
	_, _, _, want := readEntries(path, &Source{}, &Options{Workers: 1})
	require.ErrorContains(t, want, "cannot read "+path+": row group 20, column ")
	for range 3 {
		_, _, _, err := readEntries(path, &Source{}, &Options{Workers: 3, Digest: true})
		require.EqualError(t, err, want.Error(), "the first that fails, whoever is faster")
	}
	// A goroutine that has said that it is done is still there for a moment.
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), before)
}
