package readers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// extractRow is a row of an extract as a test sees it.
type extractRow struct {
	number, linked                                     string // digits; "unreadable" for UnreadableLink
	status, reason, level                              string
	from, known, assigned, renewed, expected, deceased string
	protected                                          register.Tristate
}

// readExtract reads a source as a register extract.
func readExtract(t *testing.T, source Source) (rows []extractRow, unreadable []register.Unreadable, files []*File) {
	t.Helper()
	next := map[string]int64{}
	files, err := ReadExtract(context.Background(), source, Options{Digest: true}, func(e *register.Extract) error {
		if next[e.File]+1 != e.FirstRow {
			return fmt.Errorf("the extract begins with row %d, want %d", e.FirstRow, next[e.File]+1)
		}
		next[e.File] += int64(len(e.Number))
		digits := func(numbers []identity.Number, i int) string {
			switch {
			case numbers == nil:
				return "none"
			case numbers[i] == register.UnreadableLink:
				return "unreadable"
			}
			return string(numbers[i].AppendDigits(nil))
		}
		word := func(words []uint16, i int) string {
			if words == nil {
				return "none"
			}
			return e.Words[words[i]]
		}
		day := func(days []calendar.Day, i int) string {
			if days == nil {
				return "none"
			}
			return days[i].String()
		}
		for i := range e.Number {
			row := extractRow{
				number: digits(e.Number, i), linked: digits(e.Linked, i),
				status: word(e.Status, i), reason: word(e.Reason, i), level: word(e.Level, i),
				from: day(e.StatusFrom, i), known: day(e.KnownFrom, i), assigned: day(e.AssignedOn, i),
				renewed: day(e.RenewedOn, i), expected: day(e.InactiveExpectedOn, i), deceased: "none",
			}
			if e.DeceasedOn != nil {
				row.deceased = e.DeceasedOn[i].String()
			}
			if e.Protected != nil {
				row.protected = e.Protected[i]
			}
			rows = append(rows, row)
		}
		unreadable = append(unreadable, e.Unreadable...)
		return nil
	})
	require.NoError(t, err)
	return rows, unreadable, files
}

func TestCSVExtract(t *testing.T) {
	one, two := testNumber(1964, 323), testNumber(1970, 239)
	content := strings.Join([]string{
		"number;status;status_from;status_reason;known_from;linked_number;identity_level;assigned_on;renewed_on;inactive_expected_on;deceased_on;protected;x",
		one + ";AKTIVT;2020-01-02;;20200103;;styrkt;01.02.2016;2019-05-06;2024-12-31;;nej;",
		one[:8] + "-" + one[8:] + `;"AVREGISTRERAT";;AV;;` + two + ";;;;;2019-05-00;ja;",
		one[2:] + ";active;;;;" + one[2:] + ";;;;;0;;",                     // ten digits have no century
		one[:11] + "x;active;x;a\"b;x;x;probable;x;x;x;2019-02-30;kanske;", // nothing can be read
		two + ";active;2020-01-02",         // cut off
		two + ";;2020-01-02;;;;;;;;;;\xff", // no UTF-8, in a column that is not read
		two + `;"in ""active""";2020-01-02T00:00:00;` + "\"a\nb\"" + ";;;;;;;2019-05-17T12:00;1;",
	}, "\n")
	path := writeFile(t, "register.csv", []byte(content))
	rows, unreadable, files := readExtract(t, Source{Files: []string{path}})
	assert.Equal(t, []extractRow{
		{number: one, status: "AKTIVT", from: "2020-01-02", known: "2020-01-03", level: "styrkt", assigned: "2016-02-01", renewed: "2019-05-06", expected: "2024-12-31", protected: register.False},
		{number: one, status: "AVREGISTRERAT", reason: "AV", linked: two, deceased: "2019-05-00", protected: register.True},
		{status: "active", linked: "unreadable", deceased: "0"},
		{status: "active", reason: `a"b`, linked: "unreadable", level: "probable"},
		{},
		{number: two, from: "2020-01-02"},
		{number: two, status: `in "active"`, reason: "a\nb", from: "2020-01-02", deceased: "2019-05-17", protected: register.True},
	}, rows)
	var places []string
	for _, u := range unreadable {
		places = append(places, fmt.Sprint(u.Row, " ", u.Column))
	}
	assert.Equal(t, []string{
		"4 status_from", "4 known_from", "4 assigned_on", "4 renewed_on", "4 inactive_expected_on", "4 deceased_on", "4 protected",
	}, places)
	require.Len(t, files, 1)
	assert.Equal(t, int64(len(content)), files[0].Size)
	assert.True(t, files[0].HasSHA256)
}

// Words of an encoding that is not declared would all be unknown, and their entries be
// left out: the extract cannot be read, whichever column they stand in.
func TestCSVExtractOfAnotherEncoding(t *testing.T) {
	number := testNumber(1964, 323)
	const header = "number,status,status_reason,linked_number,deceased_on\n"
	for _, c := range []struct{ contents, encoding, want, why string }{
		{header + number + ",active,,,\n" + number + ",VILANDEF\xd6RKLARAT,,,\n", "", "line 3: column status: it has bytes that utf-8 does not have: declare csv.encoding", "a status"},
		{header + number + ",active,\"a\nb\",,\n" + number + ",active,os\xe4ker,,\n", "", "line 4: column status_reason: it has bytes that utf-8 does not have: declare csv.encoding", "after a row of two lines"},
		{header + "\xa0" + number + ",active,,,\n", "", "line 2: column number: it has bytes that utf-8 does not have: declare csv.encoding", "a blank that is none in UTF-8"},
		{header + number + ",active,,\xa0,\n", "", "line 2: column linked_number: it has bytes that utf-8 does not have: declare csv.encoding", "in a link"},
		{header + number + ",active,,,\xa0\n", "", "line 2: column deceased_on: it has bytes that utf-8 does not have: declare csv.encoding", "in a day"},
		{header + number + ",VILANDEF\x8dRKLARAT,,,\n", "windows-1252", "line 2: column status: it has bytes that windows-1252 does not have: declare csv.encoding", "a byte that another encoding lacks"},
		{strings.Replace(header, "status,", "Status,", 1) + number + ",VILANDEF\xd6RKLARAT,,,\n", "", "line 2: column Status: it has bytes that utf-8 does not have: declare csv.encoding", "the file's own name"},
	} {
		path := writeFile(t, "register.csv", []byte(c.contents))
		source := Source{Files: []string{path}, CSV: CSV{Encoding: c.encoding}}
		if strings.Contains(c.contents, "Status,") {
			source.Columns = map[string]string{"status": "Status"}
		}
		_, err := ReadExtract(context.Background(), source, Options{}, func(*register.Extract) error { return nil })
		assert.EqualError(t, err, "cannot read "+path+": "+c.want, c.why)
	}
}

// An extract with the least that there can be.
func TestCSVExtractColumnsThatAreNotThere(t *testing.T) {
	number := testNumber(1964, 323)
	path := writeFile(t, "register.csv", []byte("PersonId,Status\n"+number+",active\n,,\n"))
	rows, unreadable, _ := readExtract(t, Source{
		Files: []string{path}, Columns: map[string]string{"number": "PersonId", "status": "Status"},
	})
	none := extractRow{number: number, status: "active", reason: "none", level: "none", linked: "none", from: "none", known: "none", assigned: "none", renewed: "none", expected: "none", deceased: "none"}
	cut := none
	cut.number, cut.status = "", ""
	assert.Equal(t, []extractRow{none, cut}, rows, "a row of too many fields has nothing")
	assert.Empty(t, unreadable)

	_, err := ReadExtract(context.Background(), Source{Files: []string{path}}, Options{}, nil)
	assert.EqualError(t, err, "cannot read "+path+": it has no column number; its columns are PersonId, Status")
	_, err = ReadExtract(context.Background(), Source{Name: "register", Files: []string{path}, Columns: map[string]string{"amount": "x"}}, Options{}, nil)
	assert.ErrorContains(t, err, `source "register": there is no column "amount"; the columns are number, status, `)
}

// Files follow each other, each with its own rows; so do blocks and batches.
func TestCSVExtractOfManyRowsAndWords(t *testing.T) {
	folder := t.TempDir()
	count := sized(40_000, 10_000)
	for _, name := range []string{"2.csv", "1.csv"} {
		var content strings.Builder
		content.WriteString("number,status,status_reason\n")
		for i := range count {
			fmt.Fprintf(&content, "%s,active,%s\n", testNumber(1900+i%100, 1+i%979), fmt.Sprint(name, i))
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content.String()), 0o600))
	}
	rows, unreadable, files := readExtract(t, Source{Files: []string{folder}})
	require.Len(t, rows, 2*count)
	require.Empty(t, unreadable)
	require.Len(t, files, 2)
	for i, row := range rows {
		name := "1.csv"
		if i >= count {
			name = "2.csv"
		}
		require.Equal(t, testNumber(1900+i%count%100, 1+i%count%979), row.number)
		require.Equal(t, fmt.Sprint(name, i%count), row.reason)
		require.Equal(t, "active", row.status)
	}
}

func TestCSVExtractReturnsTheErrorOfAdd(t *testing.T) {
	path := writeFile(t, "register.csv", []byte("number,status\nx,y\n"))
	_, err := ReadExtract(context.Background(), Source{Files: []string{path}}, Options{}, func(*register.Extract) error { return os.ErrClosed })
	assert.Equal(t, os.ErrClosed, err)
}

func BenchmarkCSVExtract(b *testing.B) {
	var content strings.Builder
	content.WriteString("number,status,status_from,status_reason,linked_number,identity_level,deceased_on\n")
	for i := range 200_000 {
		fmt.Fprintf(&content, "%s,AVREGISTRERAT,20%02d-%02d-%02d,AV,,,20%02d-05-17\n", testNumber(1900+i%100, 1+i%979), i%25, 1+i%12, 1+i%28, i%25)
	}
	path := filepath.Join(b.TempDir(), "register.csv")
	require.NoError(b, os.WriteFile(path, []byte(content.String()), 0o600))
	b.SetBytes(int64(content.Len()))
	for b.Loop() {
		if _, err := ReadExtract(context.Background(), Source{Files: []string{path}}, Options{}, func(*register.Extract) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
