package readers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// inspectFileOf writes a file and inspects it.
func inspectFileOf(t *testing.T, text []byte) *Inspection {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.csv")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	inspection, err := Inspect(context.Background(), path)
	require.NoError(t, err)
	return inspection
}

func TestInspectTellsHowATextIsWritten(t *testing.T) {
	encoded := func(text string, err error) []byte {
		require.NoError(t, err)
		return []byte(text)
	}
	const swedish = "pnr;datum;belopp;förmån\n640823-3234;2025-10-20;1 200,50;sjukpenning\n701063-2391;2025-10-21;3;båt\n"
	for _, row := range []struct {
		why  string
		text []byte
		want CSV
		rows int64
		mark bool
	}{
		{"a comma is a decimal sign where a semicolon cuts as well", []byte(swedish), CSV{Delimiter: ';', Quote: '"', Decimal: ',', Encoding: "utf-8"}, 2, false},
		{"a byte order mark tells the encoding", []byte("\ufeff" + swedish), CSV{Delimiter: ';', Quote: '"', Decimal: ',', Encoding: "utf-8"}, 2, true},
		{"what is no UTF-8 is of Windows", encoded(charmap.Windows1252.NewEncoder().String(swedish)), CSV{Delimiter: ';', Quote: '"', Decimal: ',', Encoding: "windows-1252"}, 2, false},
		{"UTF-16 with a mark", encoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(swedish)), CSV{Delimiter: ';', Quote: '"', Decimal: ',', Encoding: "utf-16be"}, 2, true},
		{"UTF-16 without one is known by its zero bytes", encoded(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(swedish)), CSV{Delimiter: ';', Quote: '"', Decimal: ',', Encoding: "utf-16le"}, 2, false},
		{"what tells the encoding may come late", encoded(charmap.Windows1252.NewEncoder().String("pnr,datum,belopp,namn\n" + strings.Repeat("640823-3234,2025-10-20,1.50,x\n", 5000) + "640823-3234,2025-10-20,1.50,é\n")),
			CSV{Delimiter: ',', Quote: '"', Decimal: '.', Encoding: "windows-1252"}, 5001, false},
		{"no header: the first line is a record", []byte("640823-3234|2025-10-20|1.50\n701063-2391|2025-10-20|2.50\n"), CSV{Delimiter: '|', Quote: '"', Decimal: '.', Encoding: "utf-8", NoHeader: true}, 2, false},
		{"other quotes, and delimiters and line breaks in them", []byte("pnr,datum,belopp,text\n640823-3234,2025-10-20,1.50,'a,b\nc'\n\n701063-2391,2025-10-20,1.50,'d'\n"), CSV{Delimiter: ',', Quote: '\'', Decimal: '.', Encoding: "utf-8"}, 2, false},
		{"tabs", []byte("pnr\tdatum\tbelopp\n640823-3234\t2025-10-20\t15\n"), CSV{Delimiter: '\t', Quote: '"', Encoding: "utf-8"}, 1, false},
		{"days in a form that must be declared", []byte("pnr;datum;belopp\n640823-3234;31/10/2025;1,50\n640823-3234;01/11/2025;1,50\n"), CSV{Delimiter: ';', Quote: '"', Decimal: ',', Encoding: "utf-8", DateLayout: "02/01/2006"}, 2, false},
		{"days of six digits", []byte("pnr;datum;belopp\n640823-3234;251031;1,50\n"), CSV{Delimiter: ';', Quote: '"', Decimal: ',', Encoding: "utf-8", DateLayout: "060102"}, 1, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			inspection := inspectFileOf(t, row.text)
			assert.Equal(t, row.want, inspection.File.CSV)
			assert.Equal(t, row.rows, inspection.Rows)
			assert.False(t, inspection.RowsEstimated)
			assert.Equal(t, row.mark, inspection.IsMarked)
			assert.Zero(t, inspection.Faulty)
			assert.Empty(t, inspection.Lacking)
			assert.False(t, inspection.IsRegister)
		})
	}
}

// A delimiter that stands in nearly all rows is one, though they are not alike: amounts
// with a decimal comma that nobody quoted are cut in two. One that stands in the first
// row alone is none.
func TestInspectTellsTheDelimiterOfRaggedRows(t *testing.T) {
	for _, row := range []struct {
		why, text string
		want      byte
		columns   int
		faulty    int64
	}{
		{"decimal commas without quotes", "pnr,datum,belopp\n640823-3234,2025-10-20,1,00\n701063-2391,2025-10-20,2,50\n", ',', 3, 2},
		{"and rows that lack fields", "pnr,datum,belopp,text\n640823-3234,2025-10-20,1,00\n701063-2391,2025-10-20\n701063-2391,2025-10-20,2\n", ',', 4, 2},
		{"a semicolon cuts evenly", "pnr,nr;datum;belopp\n640823-3234,1;2025-10-20;1,00\n701063-2391;2025-10-20;2,50,3\n", ';', 3, 0},
		{"one column, and a comma in its name", "pnr, eller samnr\n640823-3234\n701063-2391\n", ';', 1, 0},
	} {
		t.Run(row.why, func(t *testing.T) {
			inspection := inspectFileOf(t, []byte(row.text))
			assert.Equal(t, string(row.want), string(inspection.File.CSV.Delimiter))
			assert.Len(t, inspection.Columns, row.columns)
			assert.Equal(t, row.faulty, inspection.Faulty)
		})
	}
}

func TestInspectTellsColumns(t *testing.T) {
	for _, row := range []struct {
		why, header, values string
		register            bool
		want                map[string]string
		lacking             []string
	}{
		{
			why: "Swedish names", header: "Ärendenummer;Personnr;Utbet_datum;Belopp SEK;Förmånstyp;Myndighet;Valuta;Period from;Period tom",
			values: "A1;640823-3234;2025-10-20;1,50;sjukpenning;fk;SEK;2025-10-01;2025-10-31",
			want: map[string]string{
				"record_id": "Ärendenummer", "identity_number": "Personnr", "payment_date": "Utbet_datum", "amount": "Belopp SEK", "payment_type": "Förmånstyp",
				"agency": "Myndighet", "currency": "Valuta", "period_start": "Period from", "period_end": "Period tom",
			},
		},
		{
			why: "our own names", header: "identity_number;payment_date;amount;record_id", values: "640823-3234;2025-10-20;1.50;A1",
			want: map[string]string{"identity_number": "identity_number", "payment_date": "payment_date", "amount": "amount", "record_id": "record_id"},
		},
		{
			why: "values tell where names do not", header: "a;b;c", values: "1,50;640823-3234;2025-10-20",
			want: map[string]string{"identity_number": "b", "payment_date": "c", "amount": "a"},
		},
		{
			why: "no numbers of people are made a key, which reports do not mask", header: "id;datum;belopp;pnr", values: "640823-3234;2025-10-20;1,50;701063-2391",
			want: map[string]string{"identity_number": "pnr", "payment_date": "datum", "amount": "belopp"},
		},
		{
			why: "a name that its values contradict", header: "datum;belopp;pnr;utbetdatum", values: "nej;1,50;701063-2391;2025-10-20",
			want: map[string]string{"identity_number": "pnr", "payment_date": "utbetdatum", "amount": "belopp"},
		},
		{
			why: "nobody is paid on the day of birth", header: "pnr;födelsedatum;belopp", values: "701063-2391;1970-10-03;1,50",
			want: map[string]string{"identity_number": "pnr", "amount": "belopp"}, lacking: []string{"payment_date"},
		},
		{
			why: "what is lacking is told", header: "pnr;belopp", values: "701063-2391;1,50",
			want: map[string]string{"identity_number": "pnr", "amount": "belopp"}, lacking: []string{"payment_date"},
		},
		{
			why: "a register extract is known by the words of its statuses", register: true,
			header: "Personnummer;Status;Statusdatum;Avregistreringsorsak;Hänvisning;Identitetsnivå;Avlidendatum;Sekretessmarkering",
			values: "196408233234;AVREGISTRERAT;2020-01-01;AV;;STYRKT;2019-05-00;N",
			want: map[string]string{
				"number": "Personnummer", "status": "Status", "status_from": "Statusdatum", "status_reason": "Avregistreringsorsak", "linked_number": "Hänvisning",
				"identity_level": "Identitetsnivå", "deceased_on": "Avlidendatum", "protected": "Sekretessmarkering",
			},
		},
		{
			why: "amounts are in kronor, and a count is none of those in another unit", header: "pnr;datum;BELOPP_ORE;antal", values: "701063-2391;2025-10-20;12050;3",
			want: map[string]string{"identity_number": "pnr", "payment_date": "datum"}, lacking: []string{"amount"},
		},
		{
			why: "one in kronor beside one in thousands", header: "pnr;datum;Belopp tkr;Belopp", values: "701063-2391;2025-10-20;12;12050",
			want: map[string]string{"identity_number": "pnr", "payment_date": "datum", "amount": "Belopp"},
		},
		{
			why: "the letters of a unit within another word", header: "pnr;datum;Belopp_Foretag", values: "701063-2391;2025-10-20;12",
			want: map[string]string{"identity_number": "pnr", "payment_date": "datum", "amount": "Belopp_Foretag"},
		},
		{
			why: "numbers of organisations are not those of the payees beside them", header: "Orgnr;IdentitetsNr;datum;belopp", values: "212000-0142;701063-2391;2025-10-20;12",
			want: map[string]string{"identity_number": "IdentitetsNr", "payment_date": "datum", "amount": "belopp"},
		},
		{
			why: "whatever the name of the payees' is", header: "Orgnr;a;datum;belopp", values: "212000-0142;701063-2391;2025-10-20;12",
			want: map[string]string{"identity_number": "a", "payment_date": "datum", "amount": "belopp"},
		},
		{
			why: "records with a status are records all the same", header: "pnr;datum;belopp;status", values: "701063-2391;2025-10-20;1,50;aktiv",
			want: map[string]string{"identity_number": "pnr", "payment_date": "datum", "amount": "belopp"},
		},
		{
			why: "a name that stands twice cannot be mapped", header: "pnr;datum;belopp;datum", values: "701063-2391;2025-10-20;1,50;2025-10-21",
			want: map[string]string{"identity_number": "pnr", "amount": "belopp"}, lacking: []string{"payment_date"},
		},
		{
			why: "nor can one that may be a number", header: "701063-2391x;datum;belopp", values: "701063-2391;2025-10-20;1,50",
			want: map[string]string{"payment_date": "2", "amount": "3", "identity_number": "1"},
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			inspection := inspectFileOf(t, []byte(row.header+"\n"+row.values+"\n"))
			assert.Equal(t, row.want, inspection.Mapped)
			assert.Equal(t, row.register, inspection.IsRegister)
			assert.Equal(t, row.lacking, inspection.Lacking)
		})
	}
}

// Of columns that suit equally well one is proposed, and the others are told.
func TestInspectTellsWhatElseIsPossible(t *testing.T) {
	inspection := inspectFileOf(t, []byte("Personnr barn;Personnr förälder;datum;Bruttobelopp;Nettobelopp;Belopp i öre\n701063-2391;640823-3234;2025-10-20;12;10;1000\n"))
	assert.Equal(t, map[string]string{"identity_number": "Personnr barn", "payment_date": "datum", "amount": "Bruttobelopp"}, inspection.Mapped)
	assert.Equal(t, map[string][]string{"identity_number": {"Personnr förälder"}, "amount": {"Nettobelopp"}}, inspection.Also)
	assert.Equal(t, []string{"Belopp i öre"}, inspection.OtherUnits)
}

func TestHasOtherUnit(t *testing.T) {
	for _, name := range []string{"BELOPP_ORE", "Belopp öre", "BeloppOre", "Öre", "Belopp (tkr)", "belopp.ksek", "MSEK2025", "Belopp mkr"} {
		assert.True(t, hasOtherUnit(name), name)
	}
	for _, name := range []string{"", "Belopp", "FOREBYGGANDE", "Core amount", "belopp_sek", "Kronor", "tkrx"} {
		assert.False(t, hasOtherUnit(name), name)
	}
}

func TestInspectCounts(t *testing.T) {
	var text strings.Builder
	text.WriteString("pnr,datum,belopp,forman\n")
	for i := range 25_000 {
		fmt.Fprintf(&text, "640823-3234,2025-10-20,%d.00,%s\n", i, []string{"a", "", "b"}[i%3])
	}
	inspection := inspectFileOf(t, []byte(text.String()))
	assert.Equal(t, int64(25_000), inspection.Rows)
	assert.Equal(t, int64(10_000), inspection.Inspected)
	forman := inspection.Columns[3]
	assert.Equal(t, []int64{3333, 6667, 2}, []int64{forman.Empty, forman.Values, forman.Different}, "over the first 10,000 rows")
	assert.Equal(t, int64(10_000), inspection.Columns[2].Different)
	assert.Equal(t, []string{"a", "b"}, forman.First, "a few words that come again and again may be shown")

	// A row without the fields of the others is told and not counted in columns.
	faulty := inspectFileOf(t, []byte("pnr,datum,belopp\n640823-3234,2025-10-20,1\n640823-3234,2025-10-20,1\n640823-3234,2025-10-20,1\n640823-3234,2025-10-20,1\n640823-3234,2025-10-20\n"))
	assert.Equal(t, int64(1), faulty.Faulty)
	assert.Equal(t, int64(4), faulty.Columns[0].Values)

	// Of a large file the rows are estimated, by the bytes as they are stored.
	path := filepath.Join(t.TempDir(), "in.csv.gz")
	file, err := os.Create(path)
	require.NoError(t, err)
	compressor := gzip.NewWriter(file)
	_, err = compressor.Write([]byte("pnr,datum,belopp\n"))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 1))
	rows := sized(200_000, 60_000)
	for range rows {
		_, err = fmt.Fprintf(compressor, "640823-3234,2025-10-20,%d.00\n", random.IntN(1e6))
		require.NoError(t, err)
	}
	require.NoError(t, compressor.Close())
	require.NoError(t, file.Close())
	described, err := describe(path, 0)
	require.NoError(t, err)
	large, err := inspectText(context.Background(), described, utf8Text, 200_000)
	require.NoError(t, err)
	assert.True(t, large.RowsEstimated)
	assert.InEpsilon(t, rows, large.Rows, 0.2)
	assert.Equal(t, "gzip", large.File.Compression)
}

func TestInspectParquet(t *testing.T) {
	type record struct {
		PNR    string   `parquet:"PNR,dict"`
		Number int64    `parquet:"samordningsnummer"`
		Day    int32    `parquet:"utbetalningsdatum,date"`
		Amount int64    `parquet:"belopp,decimal(2:18)"`
		Kind   *string  `parquet:"förmån,optional"`
		Parts  []string `parquet:"delar,list"`
	}
	kind := "sjukpenning"
	rows := make([]record, 300)
	for i := range rows {
		rows[i] = record{PNR: "640823-3234", Number: 7010632391, Day: 20_000, Amount: 12_345, Kind: &kind}
	}
	rows[7].Kind = nil
	path := filepath.Join(t.TempDir(), "in.parquet")
	require.NoError(t, parquet.WriteFile(path, rows, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(100)))
	inspection, err := Inspect(context.Background(), path)
	require.NoError(t, err)
	assert.Equal(t, int64(300), inspection.Rows)
	assert.Contains(t, inspection.Codecs, "zstd")
	assert.Equal(t, map[string]string{"identity_number": "PNR", "payment_date": "utbetalningsdatum", "amount": "belopp", "payment_type": "förmån"}, inspection.Mapped)
	byName := map[string]Profile{}
	for _, c := range inspection.Columns {
		byName[c.Name] = c
	}
	assert.Equal(t, []string{"######-####"}, byName["PNR"].First)
	assert.Equal(t, []string{"##########"}, byName["samordningsnummer"].First)
	assert.Equal(t, []string{"####-##-##"}, byName["utbetalningsdatum"].First)
	assert.Equal(t, []string{"123.45"}, byName["belopp"].First)
	assert.Equal(t, []string{"sjukpenning"}, byName["förmån"].First)
	assert.Equal(t, int64(1), byName["förmån"].Empty)
	assert.True(t, byName["delar"].Unreadable, "what is nested is told, and not read")
}

// Of a column of the type that has no values the library does not know how it is stored.
func TestInspectParquetColumnOfNoValues(t *testing.T) {
	inspection, err := Inspect(t.Context(), filepath.Join("..", "testdata", "interop", "pyarrow", "records-nested-around.parquet"))
	require.NoError(t, err)
	at := slices.IndexFunc(inspection.Columns, func(c Profile) bool { return c.Name == "nothing" })
	require.GreaterOrEqual(t, at, 0)
	assert.Equal(t, "INT32 NULL", inspection.Columns[at].Type)
}

func TestInspectMasks(t *testing.T) {
	for _, row := range []struct {
		why, text    string
		open, hidden bool
		want         string
	}{
		{"a code in a column of codes", "SJUK12", true, false, "SJUK12"},
		{"a number in it", "SJUK196408233234", true, false, "XXXX############"},
		{"letters of free text could be a name", "Anna Berg", false, false, "Xxxx Xxxx"},
		{"a small amount", "-1200,50", false, false, "-####,##"},
		{"an amount with fewer digits than could identify", "120,50", false, false, "120,50"},
		{"a column of numbers shows no digit, however few", "1234", false, true, "####"},
		{"digits in free text", "rum 12", false, false, "xxx ##"},
		{"digits of other scripts are digits", "６４０８２３３２３４", true, false, "##########"},
		{"long text is cut", strings.Repeat("a", 100), true, false, strings.Repeat("a", 20) + "…"},
		{"blanks of any kind are blanks", "1\u00a02\u202f3\n4", true, false, "1 2 3 4"},
		{"what cannot be printed is not", "a\x1b[31m\x00", true, false, "a\ufffd[31m\ufffd"},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, masked(row.text, row.open, row.hidden)) })
	}
}

// No spelling of a number, in no column and in no header, is shown.
func TestInspectShowsNoNumber(t *testing.T) {
	spellings := []string{
		"196408233234", "640823-3234", "19640823-3234", "6408233234", "640823+3234", "640823 3234", "19640823 3234", "64 08 23 - 32 34", "SE196408233234",
		"640823-323", "0196408233234", "64-0823-3234", "19640823–3234", "６４０８２３３２３４", "٦٤٠٨٢٣٣٢٣٤", "640823T3234", "pnr:6408233234;", "4082332.34", "640,823,3234", "640823,3234",
	}
	secret := []string{"640823", "3234", "0823", "６４０", "٦٤٠", "2332"}
	check := func(t *testing.T, inspection *Inspection) {
		t.Helper()
		var shown []string
		for i := range inspection.Columns {
			c := &inspection.Columns[i]
			shown = append(shown, c.Shown(), c.Type)
			shown = append(shown, c.First...)
			for _, candidate := range c.Candidates {
				shown = append(shown, candidate.Why)
			}
		}
		for _, theirs := range inspection.Mapped {
			shown = append(shown, theirs)
		}
		for _, text := range shown {
			for _, canary := range secret {
				assert.NotContains(t, text, canary)
			}
		}
	}
	for _, spelling := range spellings {
		for why, text := range map[string]string{
			"alone in a column":             "pnr\tx\n" + spelling + "\ty\n",
			"in a column of another name":   "namn\tx\n" + spelling + "\ty\n",
			"in a column of words":          "kod\tx\n" + strings.Repeat("a\tb\n", 40) + spelling + "\ty\n",
			"first in a column of words":    "kod\tx\n" + strings.Repeat(spelling+"\tb\n", 40),
			"in a header":                   spelling + "\tx\na\tb\n",
			"in a header over numbers":      "belopp " + spelling + "\tx\n1.50\tb\n",
			"in a file without a header":    spelling + "\t2025-10-20\n" + spelling + "\t2025-10-20\n",
			"in a file of lines and no CSV": "hello " + spelling + " there\nhello\n",
		} {
			inspection := inspectFileOf(t, []byte(text))
			t.Run(why, func(t *testing.T) { check(t, inspection) })
		}
	}
	type row struct {
		Text   string `parquet:"text"`
		Number int64  `parquet:"number"`
	}
	path := filepath.Join(t.TempDir(), "in.parquet")
	rows := make([]row, 0, len(spellings))
	for _, spelling := range spellings {
		rows = append(rows, row{spelling, 6408233234})
	}
	for range spellings {
		require.NoError(t, parquet.WriteFile(path, rows))
		inspection, err := Inspect(context.Background(), path)
		require.NoError(t, err)
		check(t, inspection)
		rows = slices.Concat(rows[1:], rows[:1])
	}
}

func TestInspectRefuses(t *testing.T) {
	folder := writeIn(t, map[string]string{"empty.csv": "", "register.avr": "AVSTAMR\n\x01\x00", "zeros.bin": "\x01\x00\x02\x03" + strings.Repeat("\x01", 100), "cut.parquet": "PAR1 and nothing else", "open.csv": "\"a;'b|'c\t'd,'e\n",
		"json.csv": `[{"namn": "Anna Andersson"}]`, "returns.csv": "pnr;datum;belopp\r640823-3234;2025-10-20;1\r", "many_returns.csv": "pnr;datum;belopp\r" + strings.Repeat("640823-3234;2025-10-20;1\r", 3000),
		"records_and_returns.csv": "640823-3234;2025-10-20;1\r640823-3234;2025-10-20;1\r", "packed.csv.bz2": "BZh91AY&SY\x00\x01",
		"long.csv": "a,b\n" + strings.Repeat("1,2\n", 20_000) + strings.Repeat("x", 17<<20)})
	for name, want := range map[string]string{
		"empty.csv":               "it is empty and has no header",
		"zeros.bin":               "it holds zero bytes: it is no text",
		"register.avr":            "it is a snapshot of a register: avstam register info tells what is in it",
		"cut.parquet":             "it is no Parquet file, or is cut off",
		"open.csv":                "quotes do not close",
		"long.csv":                "line 20002 begins a row of more than 16777216 bytes",
		"none.csv":                "no such file",
		"json.csv":                "it is JSON, which is not read",
		"returns.csv":             "its first line holds a carriage return (CR) that no LF follows",
		"many_returns.csv":        "its first line holds a carriage return (CR) that no LF follows",
		"records_and_returns.csv": "its first line holds a carriage return (CR) that no LF follows",
		"packed.csv.bz2":          "it is compressed with bzip2, which is not read",
	} {
		_, err := Inspect(context.Background(), filepath.Join(folder, name))
		assert.ErrorContains(t, err, want)
		assert.Equal(t, 1, strings.Count(fmt.Sprint(err), "/"+name), "the file is named once: %v", err)
	}
}

// Files of other writers: those of records and of the register, in the same
// columns and every format.
func TestInspectFilesOfOtherWriters(t *testing.T) {
	paths, err := filepath.Glob("../testdata/interop/*/*.*")
	require.NoError(t, err)
	inspected := 0
	for i, path := range paths {
		if raceDetector && i%3 != 0 {
			continue // it sees the same code in the others
		}
		isRegister := strings.HasPrefix(filepath.Base(path), "register")
		if !isRegister && !strings.HasPrefix(filepath.Base(path), "records") {
			continue
		}
		t.Run(strings.TrimPrefix(path, "../testdata/interop/"), func(t *testing.T) {
			inspection, err := Inspect(context.Background(), path)
			require.NoError(t, err)
			if inspection.Rows == 0 {
				return // a column may have no type, so there is nothing to tell it by
			}
			inspected++
			assert.Equal(t, isRegister, inspection.IsRegister)
			assert.Empty(t, inspection.Lacking)
			for _, c := range inspection.Columns {
				for _, value := range c.First {
					assert.Less(t, countDigits(value), identifyingDigits, c.Name)
				}
			}
		})
	}
	assert.Positive(t, inspected, "there are such files")
}

// Of two digits of a year most days of a register's people would be days to come: such a
// layout is not proposed for a register, but told, and it is for records.
func TestInspectProposesNoLayoutWithoutACenturyForARegister(t *testing.T) {
	for _, row := range []struct {
		why, text, layout, withoutCentury string
		register                          bool
		want                              []string // of the columns that are mapped, those of days
	}{
		{"two digits", "number,status,status_from,deceased_on\n196408233234,active,640823,\n197010632391,active,701003,190517\n", "", "060102", true, nil},
		{"and one column that needs no layout", "number,status,status_from,deceased_on\n196408233234,active,640823,\n197010632391,active,701003,2019-05-00\n", "", "060102", true, []string{"deceased_on"}},
		{"a layout of four digits", "number,status,status_from\n196408233234,active,23/08/1964\n", "02/01/2006", "", true, []string{"status_from"}},
		{"records", "identity_number,payment_date,amount\n640823-3234,251020,1.00\n", "060102", "", false, []string{"payment_date"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			inspection := inspectFileOf(t, []byte(row.text))
			assert.Equal(t, row.register, inspection.IsRegister)
			assert.Equal(t, row.layout, inspection.File.CSV.DateLayout)
			assert.Equal(t, row.withoutCentury, inspection.WithoutCentury)
			var days []string
			for _, name := range []string{"status_from", "deceased_on", "payment_date"} {
				if _, ok := inspection.Mapped[name]; ok {
					days = append(days, name)
				}
			}
			assert.Equal(t, row.want, days)
			assert.Empty(t, inspection.Lacking)
		})
	}
}
