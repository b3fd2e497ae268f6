package readers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/column"
	"github.com/avstam/avstam/damage"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// csvRecord is a record as a test sees it.
type csvRecord struct {
	number, date, start, end, recordID, agency, kind, currency string
	ore                                                        int64
	rejected                                                   bool
}

// csvResult is what a run of sources gives.
type csvResult struct {
	records        []csvRecord
	rejects        []string // file:line@offset column reason amount raw
	read, rejected pipeline.Tally
	values         *pipeline.Dictionaries
	files          []*File
}

// readCSV reads sources with blocks of about blockBytes.
func readCSV(t *testing.T, sources []Source, blockBytes int) csvResult {
	t.Helper()
	result, err := tryCSV(sources, blockBytes)
	require.NoError(t, err)
	return result
}

func tryCSV(sources []Source, blockBytes int) (csvResult, error) {
	result := csvResult{values: pipeline.NewDictionaries()}
	records, err := OpenRecords(context.Background(), sources, Options{Digest: true, Dictionaries: result.values, Workers: 1})
	if err != nil {
		return result, err
	}
	defer records.Close()
	result.files = records.Files()
	for _, opened := range records.opened {
		opened.(*csvRecords).blockBytes = blockBytes
	}
	var b pipeline.Batch
	err = records.Cut(context.Background(), func(piece pipeline.Piece) error {
		defer piece.Close()
		row := int64(0)
		for {
			more, err := piece.Next(&b)
			if err != nil {
				return err
			}
			if !more {
				break
			}
			if b.FirstRow != row {
				return fmt.Errorf("the batch begins with row %d, want %d", b.FirstRow, row)
			}
			row += int64(b.Rows)
			result.add(&b, records.Files()[piece.File()].Path)
		}
		read, rejected := piece.Tallies()
		result.read.AddTally(read)
		result.rejected.AddTally(rejected)
		return nil
	})
	return result, err
}

func (r *csvResult) add(b *pipeline.Batch, path string) {
	at := func(days []calendar.Day, i int) string {
		if days == nil {
			return "none"
		}
		return days[i].String()
	}
	for i := range b.Rows {
		record := csvRecord{rejected: b.Rejected[i]}
		if !b.Rejected[i] {
			record = csvRecord{
				number: string(b.AppendGiven(nil, i)), recordID: string(b.AppendRecordID(nil, i)), ore: b.Amount[i],
				date: at(b.PaymentDate, i), start: at(b.PeriodStart, i), end: at(b.PeriodEnd, i),
				agency: r.values.Agency.Values()[b.Agency[i]], kind: r.values.PaymentType.Values()[b.PaymentType[i]],
				currency: r.values.Currency.Values()[b.Currency[i]],
			}
			if b.Text[i] != identity.Parse([]byte(record.number)) {
				panic("the number was not parsed from its own row")
			}
		}
		r.records = append(r.records, record)
	}
	for _, reject := range b.Rejects {
		amount := "none"
		if reject.HasAmount {
			amount = fmt.Sprint(b.Amount[reject.Row], r.values.Currency.Values()[b.Currency[reject.Row]])
		}
		r.rejects = append(r.rejects, fmt.Sprintf("%s:%d@%d %s %s %s %q", filepath.Base(path), reject.Line, reject.ByteOffset, reject.Column, reject.Reason, amount, reject.Raw))
	}
}

// writeFile writes a file of a test and returns its path.
func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// testNumber is a made-up personal number of a year with its check digit.
func testNumber(year, serial int) string {
	nine := fmt.Sprintf("%02d0823%03d", year%100, serial)
	sum := 0
	for i, c := range nine {
		digit := int(c-'0') * (2 - i%2)
		sum += digit/10 + digit%10
	}
	return fmt.Sprintf("%02d%s%d", year/100, nine, (10-sum%10)%10)
}

const csvHeader = "identity_number,payment_date,amount,record_id,agency,payment_type,currency,period_start,period_end\n"

func TestCSVRecords(t *testing.T) {
	one, two := testNumber(1964, 323), testNumber(1970, 239)
	content := csvHeader +
		one + ",2024-05-17,1234.50,A1,fk,pension,SEK,2024-05-01,2024-05-31\n" +
		two + ",20240518,-7,,,,,,\n" +
		"\n" +
		"not a number,18.05.2024,0.05,\"A \"\"3\"\"\",\"csn\",studiemedel,EUR,2024-05-01,\n" +
		",2024-05-18 12:00:00,1,4,fk,pension,,,2024-05-31"
	path := writeFile(t, "records.csv", []byte(content))
	want := []csvRecord{
		{number: one, date: "2024-05-17", ore: 123450, recordID: "A1", agency: "fk", kind: "pension", currency: "SEK", start: "2024-05-01", end: "2024-05-31"},
		{number: two, date: "2024-05-18", ore: -700, currency: "SEK"},
		{number: "not a number", date: "2024-05-18", ore: 5, recordID: `A "3"`, agency: "csn", kind: "studiemedel", currency: "EUR", start: "2024-05-01"},
		{date: "2024-05-18", ore: 100, recordID: "4", agency: "fk", kind: "pension", currency: "SEK", end: "2024-05-31"},
	}
	for _, blockBytes := range []int{1, 2, 3, 7, 50, 64, 100, 1 << 20} {
		result := readCSV(t, []Source{{Files: []string{path}}}, blockBytes)
		require.Equal(t, want, result.records, "blocks of %d bytes", blockBytes)
		require.Empty(t, result.rejects)
		require.Equal(t, int64(4), result.read.Rows)
		require.Equal(t, int64(0), result.read.NoAmount)
		require.Equal(t, "1228.50", result.read.Amounts[1].String(), "SEK")
		require.Equal(t, "0.05", result.read.Amounts[2].String(), "EUR")
		require.Zero(t, result.rejected.Rows)
	}
	file := readCSV(t, []Source{{Files: []string{path}}}, 1<<20).files[0]
	assert.Equal(t, int64(len(content)), file.Size)
	assert.Equal(t, sha256.Sum256([]byte(content)), file.SHA256)
	assert.True(t, file.HasSHA256)
	assert.Equal(t, CSV{Delimiter: ',', Quote: '"', Decimal: '.', Encoding: "utf-8"}, file.CSV)
	assert.Equal(t, strings.Split(strings.TrimSpace(csvHeader), ","), file.Columns)
}

// The same records as several programs write them by default.
func TestCSVDialects(t *testing.T) {
	number := testNumber(1964, 323)
	for _, c := range []struct {
		why, content string
		csv, want    CSV
	}{
		{"encoding/csv, DuckDB", "identity_number,payment_date,amount,agency\n" + number + ",2024-05-17,1234.50,fk\n", CSV{}, CSV{Delimiter: ',', Quote: '"'}},
		{"pyarrow quotes all text", `"identity_number","payment_date","amount","agency"` + "\n" + `"` + number + `",2024-05-17,1234.50,"fk"` + "\n", CSV{}, CSV{Delimiter: ',', Quote: '"'}},
		{"Excel in Swedish", "identity_number;payment_date;amount;agency\r\n" + number + ";2024-05-17;1 234,50;fk\r\n", CSV{Decimal: ','}, CSV{Delimiter: ';', Quote: '"', Decimal: ','}},
		{"a comma inside quotes", "identity_number,payment_date,amount,agency\n" + number + ",2024-05-17,\"1234,50\",fk\n", CSV{Decimal: ','}, CSV{Delimiter: ',', Quote: '"', Decimal: ','}},
		{"tabs", "identity_number\tpayment_date\tamount\tagency\n" + number + "\t2024-05-17\t1234.50\tfk\n", CSV{}, CSV{Delimiter: '\t', Quote: '"'}},
		{"bars and single quotes", "'identity_number'|'payment_date'|'amount'|'agency'\n'" + number + "'|'2024-05-17'|'1234.50'|'fk'\n", CSV{}, CSV{Delimiter: '|', Quote: '\''}},
		{"a delimiter that must be declared", "identity_number:payment_date:amount:agency\n" + number + ":2024-05-17:1234.50:fk\n", CSV{Delimiter: ':'}, CSV{Delimiter: ':', Quote: '"'}},
		{"columns in another order, some unknown, blanks around names", "note, amount ,x,agency,payment_date,identity_number\n,1234.50,,fk,2024-05-17," + number + "\n", CSV{}, CSV{Delimiter: ',', Quote: '"'}},
		{"empty lines before the header", "\n\r\nidentity_number,payment_date,amount,agency\n" + number + ",2024-05-17,1234.50,fk\n", CSV{}, CSV{Delimiter: ',', Quote: '"'}},
		{"a line break in the header", "\"identity_number\",\"a\nb\",payment_date,amount,agency\n" + number + ",,2024-05-17,1234.50,fk\n", CSV{}, CSV{Delimiter: ',', Quote: '"'}},
		{"no header, columns declared", number + ";2024-05-17;1234.50;fk\n", CSV{NoHeader: true, Header: []string{"identity_number", "payment_date", "amount", "agency"}},
			CSV{Delimiter: ';', Quote: '"', NoHeader: true, Header: []string{"identity_number", "payment_date", "amount", "agency"}}},
		{"a declared layout of dates", "identity_number,payment_date,amount,agency\n" + number + ",05/17/2024,1234.50,fk\n", CSV{DateLayout: "01/02/2006"}, CSV{Delimiter: ',', Quote: '"', DateLayout: "01/02/2006"}},
	} {
		if c.want.Decimal == 0 {
			c.want.Decimal = '.'
		}
		c.want.Encoding = "utf-8"
		for _, mark := range []string{"", "\ufeff"} {
			path := writeFile(t, "records.csv", []byte(mark+c.content))
			for _, blockBytes := range []int{1, 1 << 20} {
				result := readCSV(t, []Source{{Files: []string{path}, CSV: c.csv}}, blockBytes)
				require.Equal(t, []csvRecord{{number: number, date: "2024-05-17", ore: 123450, agency: "fk", currency: "SEK", start: "none", end: "none"}}, result.records, c.why)
				require.Equal(t, c.want, result.files[0].CSV, c.why)
			}
		}
	}
}

// Columns of a file without names go by their numbers.
func TestCSVColumnsByNumber(t *testing.T) {
	path := writeFile(t, "records.csv", []byte("2024-05-17;x;-5\n"))
	source := Source{
		Files: []string{path}, CSV: CSV{NoHeader: true},
		Columns: map[string]string{"payment_date": "1", "identity_number": "2", "amount": "3"},
	}
	assert.Equal(t, []csvRecord{{number: "x", date: "2024-05-17", ore: -500, currency: "SEK", start: "none", end: "none"}}, readCSV(t, []Source{source}, 1<<20).records)
}

func TestCSVConstants(t *testing.T) {
	number := testNumber(1964, 323)
	path := writeFile(t, "records.csv", []byte("PNR,agency,currency\n"+number+",ignored,ignored\n"+number+",x\n"+number+",,\n"))
	source := Source{
		Files: []string{path}, Columns: map[string]string{"identity_number": "PNR"},
		Constants: map[string]string{
			"agency": "fk", "payment_type": "pension", "payment_date": "2024-05-17", "amount": "10", "record_id": "k",
			"currency": "EUR", "period_start": "20240501",
		},
	}
	result := readCSV(t, []Source{source}, 1<<20)
	want := csvRecord{number: number, date: "2024-05-17", ore: 1000, recordID: "k", agency: "fk", kind: "pension", currency: "EUR", start: "2024-05-01", end: "none"}
	assert.Equal(t, []csvRecord{want, {rejected: true}, want}, result.records)
	assert.Equal(t, []string{"records.csv:3@" + fmt.Sprint(20+13+16) + "  field_count none " + fmt.Sprintf("%q", number+",x")}, result.rejects)
	assert.Equal(t, int64(1), result.rejected.NoAmount, "a row that is cut off has no amount, not even a constant one")
	assert.Equal(t, "20.00", result.read.Amounts[1].String())

	number = "constant"
	source.Constants["identity_number"], source.Constants["currency"] = number, ""
	source.Columns = nil
	result = readCSV(t, []Source{source}, 1<<20)
	want.number, want.currency = number, "SEK"
	assert.Equal(t, []csvRecord{want, {rejected: true}, want}, result.records)
}

func TestCSVRejects(t *testing.T) {
	number := testNumber(1964, 323)
	header := "identity_number,payment_date,amount,currency,period_end,agency\n"
	fine := number + ",2024-05-17,1.00,SEK,,fk\n"
	for _, c := range []struct {
		row, want string
		why       string
	}{
		{number + ",2024-05-17,1.00,SEK,", " field_count none", "a field too few"},
		{number + ",2024-05-17,1.00,SEK,,fk,", " field_count none", "a field too many"},
		{number + `,"2024-05-17"x,1.00,SEK,,fk`, " quote none", "text after a closing quote"},
		{number + ",,1.00,SEK,,fk", "payment_date missing_date 100SEK", "no payment date; the amount can be read"},
		{number + ",  ,1.00,SEK,,fk", "payment_date missing_date 100SEK", "blanks for a payment date"},
		{number + ",\u00a0,1.00,SEK,,fk", "payment_date missing_date 100SEK", "a no-break space is a blank, as it is in Parquet"},
		{number + ",2024-02-30,1.00,EUR,,fk", "payment_date bad_date 100EUR", "no such day"},
		{number + ",2024-05-17,1.00,SEK,2024-05-32,fk", "period_end bad_date 100SEK", "no such last day"},
		{number + ",2024-05-17,,SEK,,fk", "amount missing_amount none", "no amount"},
		{number + ",2024-05-17,1.001,SEK,,fk", "amount bad_amount none", "finer than öre"},
		{number + ",2024-05-17,999999999999999999999,SEK,,fk", "amount amount_range none", "an amount beyond 64 bits"},
		{number + ",x,y,SEK,z,fk", "payment_date bad_date none", "of several faults the first"},
		{number + "\xff,x,1.00,SEK,,fk", "identity_number encoding 100SEK", "no UTF-8 in the number, which comes first"},
		{number + ",2024-05-17,1.00,S\xffK,,fk", "currency encoding none", "an amount without its currency is none"},
		{number + ",x,1.00,S\xffK,,fk", "payment_date bad_date none", "nor is it where something else is at fault first"},
		{number + ",2024-05-17,1.00,SEK,,\xe5\xe4", "agency encoding 100SEK", "ISO-8859-1 in place of UTF-8"},
		{number + ",2024-05-17,1.00,SEK,,\"f\nk\xff\"", "agency encoding 100SEK", "a row of several lines"},
		{number + ",2024-05-17,1.00,SEK,," + number, "agency identity_number 100SEK", "columns that have slipped"},
		{number + ",2024-05-17,1.00," + number + ",,fk", "currency identity_number none", "an amount of no currency"},
		{number + ",2024-05-17,1.00,SEK,, 640823-3234 ", "agency identity_number 100SEK", "ten digits, and blanks around them"},
		{number + ",x,1.00,SEK,," + number, "payment_date bad_date 100SEK", "what is at fault first"},
	} {
		content := header + fine + "\n" + fine + c.row + "\n" + fine + "\"x\ny\",x,2.00,,,\n"
		path := writeFile(t, "records.csv", []byte(content))
		offset := len(header) + 2*len(fine) + 1
		for _, blockBytes := range []int{1, 100, 1 << 20} {
			result := readCSV(t, []Source{{Files: []string{path}}}, blockBytes)
			lines := strings.Count(c.row, "\n")
			require.Equal(t, []string{
				fmt.Sprintf("records.csv:5@%d %s %q", offset, c.want, c.row),
				fmt.Sprintf("records.csv:%d@%d payment_date bad_date 200SEK %q", 7+lines, offset+len(c.row)+1+len(fine), "\"x\ny\",x,2.00,,,"),
			}, result.rejects, c.why)
			require.Len(t, result.records, 5, c.why)
			require.Equal(t, int64(5), result.read.Rows)
			require.Equal(t, int64(2), result.rejected.Rows)
			require.Equal(t, result.read.NoAmount, result.rejected.NoAmount, c.why)
			require.Equal(t, []string{"", "fk"}, result.values.Agency.Values(), "words of rejected rows are nobody's")
			sek := result.values.Currency.Values()
			require.Equal(t, "SEK", sek[1])
			rejected := "2.00"
			if strings.HasSuffix(c.want, "100SEK") {
				rejected = "3.00"
			}
			require.Equal(t, rejected, result.rejected.Amounts[1].String(), c.why)
			clean := result.read.Amounts[1].Ore().Int64() - result.rejected.Amounts[1].Ore().Int64()
			require.Equal(t, int64(300), clean, c.why)
		}
	}
}

// Zero bytes far into a file, as some file systems leave them after a power cut, are
// no row of it: all rows that they stand for would be one that is rejected.
func TestCSVZeroBytesAreRefused(t *testing.T) {
	const header, row = "identity_number,payment_date,amount,number,status\n", "640823-3234,2024-05-17,1.00,196408233234,active\n"
	rows := strings.Repeat(row, 5000)
	zeros := strings.Repeat("\x00", 4096)
	asUTF16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(header + rows + zeros)
	require.NoError(t, err)
	for _, c := range []struct {
		text string
		line int
		why  string
	}{
		{header + rows + zeros, 5002, "at the end"},
		{header + rows + zeros + "\n" + rows, 5002, "in the middle"},
		{header + rows[:len(rows)-3] + zeros + rows, 5001, "from the middle of a row on"},
		{header + rows + "640823-3234," + zeros[:10] + ",1.00,196408233234,active\n", 5002, "as many as a day has characters"},
		{header + rows + "\"\n" + zeros[:1] + "\"" + rows, 5003, "between quotes"},
		{asUTF16, 5002, "characters of two zero bytes"},
	} {
		want := fmt.Sprintf("line %d: it holds zero bytes: what stood there is lost, or is no text", c.line)
		for name, data := range map[string][]byte{"records.csv": []byte(c.text), "records.csv.gz": gzipped([]byte(c.text))} {
			path := writeFile(t, name, data)
			for _, blockBytes := range []int{100, 4096, csvBlockBytes} {
				_, err := tryCSV([]Source{{Files: []string{path}}}, blockBytes)
				require.EqualError(t, err, "cannot read "+path+": "+want, "%s, %s, blocks of %d bytes", c.why, name, blockBytes)
			}
			_, err = ReadExtract(t.Context(), Source{Files: []string{path}}, Options{Workers: 1}, func(*register.Extract) error { return nil })
			require.EqualError(t, err, "cannot read "+path+": "+want, "%s, %s, as an extract", c.why, name)
		}

		path := writeFile(t, "records.csv", []byte(c.text))
		records, err := OpenRecords(t.Context(), []Source{{Files: []string{path}}}, *newOptions())
		require.NoError(t, err)
		_, stamp, err := records.Chunks(t.Context(), 0, 50_000)
		require.EqualError(t, err, "cannot read "+path+": "+want, "%s, when it is cut into chunks", c.why)
		require.NoError(t, records.Close())
		// A plan is of the file as it was when nobody looked.
		first := strings.Index(c.text, row)
		if strings.HasPrefix(c.text, header) {
			chunk := Chunk{Offset: int64(first + 1000*len(row)), FirstRow: 1001, Rows: unknownRows, Line: 1002}
			chunk.Length = int64(len(c.text)) - chunk.Offset
			records, err := OpenChunk(&Source{Files: []string{path}}, path, stamp, chunk, *newOptions())
			require.NoError(t, err)
			err = records.Cut(t.Context(), func(piece pipeline.Piece) error { piece.Close(); return nil })
			require.EqualError(t, err, "cannot read "+path+": "+want, "%s, in a chunk", c.why)
			require.NoError(t, records.Close())
		}
	}
}

// A file of few rows of very many bytes is not kept whole among the rejects.
func TestCSVRejectsAreCut(t *testing.T) {
	long := strings.Repeat("x", 3*limitText)
	path := writeFile(t, "records.csv", []byte("identity_number,payment_date,amount\nx,"+long+",1\nx,2024-05-17,1\n"))
	result := readCSV(t, []Source{{Files: []string{path}}}, 1<<20)
	require.Len(t, result.rejects, 1)
	assert.Less(t, len(result.rejects[0]), limitText+100)
	assert.Contains(t, result.rejects[0], long[:limitText-2])
	assert.Len(t, result.records, 2)
}

// What a day's text stood for is remembered within a file alone: in the next
// one the same text may be another day.
func TestCSVDaysAreOfTheirFile(t *testing.T) {
	var sources []Source
	for _, layout := range []string{"02/01/2006", "01/02/2006", ""} {
		path := writeFile(t, "records.csv", []byte("identity_number,payment_date,amount\nx,03/04/2024,1\nx,03/04/2024,1\n"))
		sources = append(sources, Source{Files: []string{path}, CSV: CSV{DateLayout: layout}})
	}
	result := readCSV(t, sources, 1<<20)
	require.Len(t, result.records, 6)
	for i, want := range []string{"2024-04-03", "2024-04-03", "2024-03-04", "2024-03-04"} {
		assert.Equal(t, want, result.records[i].date)
	}
	assert.Len(t, result.rejects, 2, "without a layout it is no date")
}

func TestCSVUnclosedQuoteOnTheLastLineIsOneReject(t *testing.T) {
	path := writeFile(t, "records.csv", []byte("identity_number,payment_date,amount\nx,2024-05-17,1\n\"y,2024-05-17,1\n"))
	result := readCSV(t, []Source{{Files: []string{path}}}, 1<<20)
	assert.Equal(t, []string{`records.csv:3@51  unclosed_quote none "\"y,2024-05-17,1\n"`}, result.rejects)
	assert.Len(t, result.records, 2)
}

func TestCSVCompressed(t *testing.T) {
	number := testNumber(1964, 323)
	content := []byte("identity_number,payment_date,amount\n" + strings.Repeat(number+",2024-05-17,1\n", 10_000))
	for name, compress := range map[string]func([]byte) []byte{"gzip": gzipped, "zstd": zstandard, "": bytes.Clone} {
		// The name says nothing of what a file is.
		stored := compress(content)
		path := writeFile(t, "records.dat", stored)
		for _, blockBytes := range []int{100, 1 << 20} {
			result := readCSV(t, []Source{{Files: []string{path}}}, blockBytes)
			require.Equal(t, int64(10_000), result.read.Rows, name)
			require.Equal(t, name, result.files[0].Compression)
			require.Equal(t, sha256.Sum256(stored), result.files[0].SHA256, "the digest is that of the stored bytes")
			require.Equal(t, int64(len(stored)), result.files[0].Size)
		}
		if name != "" {
			path = writeFile(t, "cut.csv", stored[:len(stored)-20])
			_, err := tryCSV([]Source{{Files: []string{path}}}, 1<<20)
			require.ErrorContains(t, err, "cannot read "+path+": ", "a file that is cut off")
		}
	}
	// Two gzip files one after the other are one (RFC 1952).
	path := writeFile(t, "two.csv.gz", append(gzipped(content), gzipped([]byte(number+",2024-05-17,1\n"))...))
	assert.Equal(t, int64(10_001), readCSV(t, []Source{{Files: []string{path}}}, 1<<20).read.Rows)
	path = writeFile(t, "records.parquet.gz", gzipped([]byte("PAR1and so on")))
	_, err := tryCSV([]Source{{Files: []string{path}}}, 1<<20)
	require.EqualError(t, err, "cannot read "+path+": a Parquet file must be a file of its own, neither compressed nor piped")
}

// A zstd file is decompressed beside the reading: the digest of its bytes must
// be taken by one of the two, whether the file is read to its end or left.
func TestCSVCompressedIsReadBesideItsDigest(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 2))
	content := []byte("identity_number,payment_date,amount\n")
	for range 100_000 {
		content = fmt.Appendf(content, "%x,2024-05-17,%d\n", random.Uint64(), random.Uint32())
	}
	stored := zstandard(content)
	require.Greater(t, len(stored), 1<<20, "several blocks of zstd")
	path := writeFile(t, "records.csv.zst", stored)
	for range sized(5, 2) {
		result := readCSV(t, []Source{{Files: []string{path}}}, 4096)
		require.Equal(t, int64(100_000), result.read.Rows)
		require.Equal(t, sha256.Sum256(stored), result.files[0].SHA256)
	}
	for range 50 {
		records, err := OpenRecords(t.Context(), []Source{{Files: []string{path}}}, Options{Digest: true, Dictionaries: pipeline.NewDictionaries(), Workers: 1})
		require.NoError(t, err)
		left := errors.New("left")
		require.ErrorIs(t, records.Cut(context.Background(), func(piece pipeline.Piece) error {
			piece.Close()
			return left
		}), left)
		records.Close()
	}
}

// Of a pipe more is looked at than has come: what is kept of it is moved, the byte
// order mark being passed over, and then waited for.
func TestCSVDigestOfAPipeWithAByteOrderMark(t *testing.T) {
	content := []byte("\xef\xbb\xbfidentity_number,payment_date,amount\n" + strings.Repeat(testNumber(1964, 323)+",2024-05-17,1\n", 10))
	for range 5 {
		path := filepath.Join(t.TempDir(), "pipe")
		require.NoError(t, syscall.Mkfifo(path, 0o600))
		written := make(chan error, 1)
		go func() { written <- os.WriteFile(path, content, 0o600) }()
		result := readCSV(t, []Source{{Files: []string{path}}}, 1<<20)
		require.NoError(t, <-written)
		require.Equal(t, int64(10), result.read.Rows)
		require.Equal(t, sha256.Sum256(content), result.files[0].SHA256)
	}
}

// What has been read belongs to who has read it, who may change it at once; but for
// blocks, which wait.
func TestDigestOfMemoryThatIsUsedAgain(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	for _, isBlock := range []bool{false, true} {
		raw := newInputReader(bytes.NewReader(content), &Options{Digest: true})
		buffer := make([]byte, 16<<10)
		for {
			var err error
			if isBlock {
				_, err = blockReader{raw}.Read(buffer)
				raw.wait()
			} else {
				_, err = raw.Read(buffer)
			}
			clear(buffer)
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
		}
		var file File
		require.NoError(t, raw.state(&file))
		assert.Equal(t, sha256.Sum256(content), file.SHA256)
		assert.Equal(t, int64(len(content)), file.Size)
	}
}

// An error that comes with bytes is told after them, though more could be read.
func TestCSVErrorThatComesWithBytes(t *testing.T) {
	source := &failsOnce{content: "identity_number,payment_date,amount\nx,2024-05-17,1\n"}
	in, err := openCSVText(&csvInput{file: disk.StandardInput()}, source, utf8Text, &Options{Digest: true})
	require.NoError(t, err)
	buffer := make([]byte, 1<<20)
	n, err := in.fill(buffer)
	assert.Equal(t, os.ErrDeadlineExceeded, err)
	assert.Equal(t, source.content, string(buffer[:n]))
}

// failsOnce has an error with its content, and none after it.
type failsOnce struct {
	content string
	failed  bool
}

func (f *failsOnce) Read(p []byte) (int, error) {
	if f.failed {
		return copy(p, "more"), nil
	}
	f.failed = true
	return copy(p, f.content), os.ErrDeadlineExceeded
}

func gzipped(content []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(content)
	_ = w.Close()
	return out.Bytes()
}

func zstandard(content []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(content, nil)
}

func TestCSVEncodings(t *testing.T) {
	text := "identity_number,payment_date,amount,agency\r\nx,2024-05-17,\"1 234,50\",Läkemedelsförmån\r\ny,2024-05-17,1,år\r\nå,fel,1,\r\n"
	wide := func(text string, order unicode.Endianness, policy unicode.BOMPolicy) []byte {
		return encodeText(t, text, unicode.UTF16(order, policy))
	}
	emoji := strings.ReplaceAll(text, "år", "\U0001f600")
	for _, c := range []struct {
		why, declared, stated string
		content               []byte
		agency                string
		offset                int // of the row that is rejected
	}{
		{"declared", "iso-8859-1", "iso-8859-1", encodeText(t, text, charmap.ISO8859_1), "år", 105},
		{"declared, in capitals", "Windows-1252", "windows-1252", encodeText(t, text, charmap.Windows1252), "år", 105},
		{"with a byte order mark", "", "utf-16le", wide(text, unicode.LittleEndian, unicode.UseBOM), "år", 2 + 2*105},
		{"with a byte order mark", "", "utf-16be", wide(text, unicode.BigEndian, unicode.UseBOM), "år", 2 + 2*105},
		{"a mark speaks for itself", "windows-1252", "utf-16le", wide(text, unicode.LittleEndian, unicode.UseBOM), "år", 2 + 2*105},
		{"declared", "utf-16", "utf-16le", wide(text, unicode.LittleEndian, unicode.IgnoreBOM), "år", 2 * 105},
		{"declared", "utf-16be", "utf-16be", wide(text, unicode.BigEndian, unicode.IgnoreBOM), "år", 2 * 105},
		{"runes of two units", "utf-16", "utf-16le", wide(emoji, unicode.LittleEndian, unicode.IgnoreBOM), "\U0001f600", 2 * 105},
		{"a mark speaks for itself", "iso-8859-1", "utf-8", []byte("\ufeff" + text), "år", 3 + 105 + 4},
	} {
		path := writeFile(t, "records.csv", c.content)
		for _, blockBytes := range []int{1, 60, 1 << 20} {
			result := readCSV(t, []Source{{Files: []string{path}, CSV: CSV{Encoding: c.declared, Decimal: ','}}}, blockBytes)
			require.Equal(t, c.stated, result.files[0].CSV.Encoding, c.why)
			require.Len(t, result.records, 3)
			require.Equal(t, "Läkemedelsförmån", result.records[0].agency, "%s: %s", c.why, c.stated)
			require.Equal(t, c.agency, result.records[1].agency)
			require.Equal(t, int64(123450), result.records[0].ore)
			require.Equal(t, []string{fmt.Sprintf("records.csv:4@%d payment_date bad_date 100SEK %q", c.offset, "å,fel,1,")}, result.rejects, "%s: %s", c.why, c.stated)
		}
	}

	// Half a surrogate pair, which UTF-16 does not have.
	broken := wide(text, unicode.LittleEndian, unicode.UseBOM)
	at := bytes.Index(broken, wide("år", unicode.LittleEndian, unicode.IgnoreBOM))
	broken[at+1] = 0xd8
	result := readCSV(t, []Source{{Files: []string{writeFile(t, "records.csv", broken)}, CSV: CSV{Decimal: ','}}}, 1<<20)
	require.Len(t, result.rejects, 2)
	assert.Contains(t, result.rejects[0], "agency encoding 100SEK")
}

func encodeText(t *testing.T, text string, e encoding.Encoding) []byte {
	t.Helper()
	content, err := e.NewEncoder().Bytes([]byte(text))
	require.NoError(t, err)
	return content
}

func TestCSVErrors(t *testing.T) {
	number := testNumber(1964, 323)
	header := "identity_number,payment_date,amount\n"
	packed, zstdPacked := string(gzipped([]byte(header))), string(zstandard([]byte(header)))
	for _, c := range []struct {
		content string
		source  Source
		want    string // PATH stands for the path
		why     string
	}{
		{"", Source{}, "cannot read PATH: it is empty and has no header", "an empty file"},
		{"\n\n", Source{}, "cannot read PATH: it is empty and has no header", "nothing but empty lines"},
		{"identity_number;payment_date;belopp\n", Source{}, "cannot read PATH: it has no column amount; its columns are identity_number, payment_date, belopp", "a column is missing"},
		{header, Source{Columns: map[string]string{"amount": "BELOPP"}}, "cannot read PATH: it has no column BELOPP (for amount); its columns are identity_number, payment_date, amount", "a mapped column is missing"},
		{header, Source{Columns: map[string]string{"agency": "MYND"}}, "cannot read PATH: it has no column MYND (for agency); its columns are identity_number, payment_date, amount", "an optional column that is mapped is missing"},
		{"identity_number;payment_date;F\xf6rm\xe5n\n", Source{Columns: map[string]string{"amount": "Förmån"}}, "cannot read PATH: it has no column Förmån (for amount); its columns are identity_number, payment_date, F\ufffdrm\ufffdn; they have bytes that utf-8 does not have: declare csv.encoding", "an encoding that is not declared"},
		{"identity_number;payment_date;Fo\u0308rma\u030an\n", Source{Columns: map[string]string{"amount": "Förmån"}}, "cannot read PATH: it has no column Förmån (for amount); its columns are identity_number, payment_date, Fo\u0308rma\u030an; its column 3 differs from that in composition alone, as å and a with a ring above do: copy the name from the file", "a name that looks the same"},
		{"identity_number;Payment_Date;amount\n", Source{}, "cannot read PATH: it has no column payment_date; its columns are identity_number, Payment_Date, amount; its column 2 differs from that in capital letters alone, and names are compared exactly: map it", "a name in other letters"},
		{"sep=;\nidentity_number;payment_date;amount\n", Source{}, "cannot read PATH: it has no column identity_number; its columns are sep=, ; its first line is one for Excel, which is no header: take it out", "a line that tells Excel the delimiter"},
		{number + ",2024-05-17,1\n", Source{}, "cannot read PATH: it has no column identity_number; its first line looks like a record: if it has no header, declare csv.no_header and csv.header", "a first record for a header: nothing of it is shown"},
		{"Anna Andersson;" + number + ";2025-05-10;100\n", Source{}, "cannot read PATH: it has no column identity_number; its first line looks like a record: if it has no header, declare csv.no_header and csv.header", "a name in a first record is not shown either"},
		{"identity_number;2025\n", Source{}, "cannot read PATH: it has no column payment_date; its columns are identity_number, 2025", "a year names a column of a header"},
		{"a;b\n", Source{CSV: CSV{NoHeader: true}}, "cannot read PATH: it has no column identity_number; its columns are 1, 2", "columns by their places are no values"},
		{`{"namn": "Anna Andersson"}` + "\n", Source{}, "cannot read PATH: it has no column identity_number; it is JSON, which is not read: write it as CSV or Parquet", "JSON, a line each"},
		{"\n [\n {\"namn\": \"Anna Andersson\"}]", Source{}, "cannot read PATH: it has no column identity_number; it is JSON, which is not read: write it as CSV or Parquet", "JSON over lines"},
		{`[{"namn": "Anna Andersson"},` + strings.Repeat(" ", 70_000), Source{}, "cannot read PATH: it is JSON, which is not read: write it as CSV or Parquet", "JSON in one line"},
		{"[pnr];[belopp]\n", Source{}, "cannot read PATH: it has no column identity_number; its columns are [pnr], [belopp]", "names in brackets are no JSON"},
		{"identity_number,payment_date,amount,amount\n", Source{}, "cannot read PATH: it has two columns amount", "a column twice"},
		{header, Source{Columns: map[string]string{"belopp": "amount"}}, `source "s": there is no column "belopp"; the columns are identity_number, payment_date, amount, record_id, period_start, period_end, agency, payment_type, currency`, "an unknown canonical column"},
		{header, Source{Constants: map[string]string{"myndighet": "fk"}}, `source "s": there is no column "myndighet" to be a constant; the columns are identity_number, payment_date, amount, record_id, period_start, period_end, agency, payment_type, currency`, "an unknown constant"},
		{header, Source{Columns: map[string]string{"agency": "A"}, Constants: map[string]string{"agency": "fk"}}, `source "s": agency is both a column and a constant`, "a column and a constant"},
		{header, Source{Constants: map[string]string{"amount": "x"}}, `source "s": the constant of amount is not an amount`, "a constant that is no amount"},
		{header, Source{Constants: map[string]string{"payment_date": ""}}, `source "s": the constant of payment_date is not a date`, "a constant that is no date"},
		{header, Source{CSV: CSV{Encoding: "ebcdic"}}, `source "s": there is no encoding "ebcdic"; the encodings are utf-8, iso-8859-1, windows-1252, utf-16le, utf-16be and utf-16`, "an unknown encoding"},
		{header, Source{CSV: CSV{Decimal: ';'}}, `source "s": the decimal sign is . or ,`, "a decimal sign"},
		{header, Source{CSV: CSV{Delimiter: ';', Quote: ';'}}, `source "s": delimiter and quote are the same`, "one sign for two things"},
		{header, Source{CSV: CSV{Delimiter: '\n'}}, `source "s": a delimiter or quote is one ASCII character, and no line break`, "a delimiter that ends lines"},
		{header, Source{CSV: CSV{Header: []string{"a"}}}, `source "s": a header is declared for files that have one`, "two headers"},
		{header, Source{CSV: CSV{DateLayout: "YYYY"}}, `source "s": a date layout is the day 2 January 2006 as the files write days, as 02.01.2006`, "no layout"},
		{"a,b\n", Source{CSV: CSV{NoHeader: true, Header: []string{"identity_number", "payment_date", "amount"}}}, `cannot read PATH: its first line does not have the 3 columns of the header that is declared, whatever the delimiter of ",;\t|"`, "a declared header that does not fit"},
		{"\"identity_number,payment_date\n", Source{CSV: CSV{Quote: '"'}}, "cannot read PATH: its first line cannot be read: quotes do not close", "an open quote"},
		{header[:len(header)-1] + ",\"note\n" + number + ",2024-05-17,1,\n" + number + ",2024-05-17,1,24\"\n" + number + ",2024-05-17,1,\n", Source{}, "cannot read PATH: quotes make one header of its first line and some after it, among which is a row of its own", "a quote in the header takes payments along"},
		{header[:len(header)-1] + strings.Repeat(",", 10_000) + "\n", Source{}, "cannot read PATH: it has more than 10000 columns where ',' separates them", "too many columns, and no name that is wanted with another delimiter"},
		{strings.Repeat(",", 10_000) + "\n", Source{CSV: CSV{NoHeader: true}}, "cannot read PATH: it has more than 10000 columns where ',' separates them", "too many columns without names"},
		{strings.Repeat("x", 70_000), Source{}, "cannot read PATH: its first line is longer than 65536 bytes", "no line at all"},
		{"i\x00d\x00,\x00\n", Source{}, "cannot read PATH: it holds zero bytes: it is no text, or its encoding is UTF-16 and not declared", "UTF-16 that is not declared"},
		{strings.ReplaceAll(header+number+",2024-05-17,1\n", "\n", "\r"), Source{}, "cannot read PATH: its first line holds a carriage return (CR) that no LF follows: LF or CRLF ends a line, CR alone does not", "CR ends lines: no rows would be read"},
		{header[:len(header)-1] + ",period_end\r\r\n", Source{}, "cannot read PATH: its first line holds a carriage return (CR) that no LF follows: LF or CRLF ends a line, CR alone does not", "CR CR LF ends lines: the last column would have another name"},
		{number + ",2024-05-17,1\r" + number + ",2024-05-17,1\r", Source{CSV: CSV{NoHeader: true}, Columns: map[string]string{"identity_number": "1", "payment_date": "2", "amount": "3"}}, "cannot read PATH: its first line holds a carriage return (CR) that no LF follows: LF or CRLF ends a line, CR alone does not", "CR ends lines, without a header: one row would be read"},
		{strings.Repeat(number+",2024-05-17,1\r", 3000), Source{}, "cannot read PATH: its first line holds a carriage return (CR) that no LF follows: LF or CRLF ends a line, CR alone does not", "CR ends lines, and there are many"},
		{"AVSTAMR\n\x01\x00", Source{}, "cannot read PATH: it is a snapshot of a register: name it as snapshot in the configuration, or with --register", "a register snapshot"},
		{"PK\x03\x04\x14\x00", Source{}, "cannot read PATH: it is a workbook (.xlsx) or a zip archive: save it as CSV, or unpack it", "a workbook"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Source{}, "cannot read PATH: it is a workbook (.xls): save it as CSV", "an old workbook"},
		{"BZh91AY&SY\x00\x01", Source{}, "cannot read PATH: it is compressed with bzip2, which is not read: unpack it, or compress it with gzip or zstd", "bzip2"},
		{"BZh,ORC\n", Source{}, "cannot read PATH: it has no column identity_number; its columns are BZh, ORC", "a text that begins as bzip2 does"},
		{"\xfd7zXZ\x00\x00\x04", Source{}, "cannot read PATH: it is compressed with xz, which is not read: unpack it, or compress it with gzip or zstd", "xz"},
		{"7z\xbc\xaf\x27\x1c\x00\x04", Source{}, "cannot read PATH: it is an archive of 7-Zip: unpack it", "7-Zip"},
		{"ORC\n\x03\x00\x00", Source{}, "cannot read PATH: it is an ORC file, which is not read: write it as Parquet", "ORC"},
		{"Obj\x01\x04\x14avro.codec", Source{}, "cannot read PATH: it is an Avro file, which is not read: write it as Parquet", "Avro"},
		{"\x7c\x01\x00\x00\x10\x00\x00\x00\x00\x00\x0a\x00", Source{}, "cannot read PATH: it is an Arrow stream as before version 0.15: write it with a later one", "an old Arrow stream"},
		{string(gzipped([]byte("Obj\x01\x04\x14avro.codec"))), Source{}, "cannot read PATH: it is an Avro file, which is not read: write it as Parquet", "Avro in gzip"},
		{packed[:len(packed)-9], Source{}, "cannot read PATH: it ends within its gzip data: it is cut off, or other bytes follow them", "gzip that is cut off"},
		{packed[:5], Source{}, "cannot read PATH: it ends within its gzip data: it is cut off, or other bytes follow them", "gzip without its whole header"},
		{packed + "no gzip, but text", Source{}, "cannot read PATH: its gzip data are damaged, or other bytes follow them", "text after gzip"},
		{packed[:10] + "\xff" + packed[11:], Source{}, "cannot read PATH: its gzip data are damaged", "gzip with a byte that is another"},
		{packed[:len(packed)-8] + "sums" + packed[len(packed)-4:], Source{}, "cannot read PATH: its gzip data are damaged: their checksum is another", "gzip with another checksum"},
		{zstdPacked[:len(zstdPacked)-6], Source{}, "cannot read PATH: it ends within its zstd data: it is cut off, or other bytes follow them", "zstd that is cut off"},
		{zstdPacked + "text", Source{}, "cannot read PATH: its zstd data are damaged, or other bytes follow them", "text after zstd"},
		{zstdPacked[:len(zstdPacked)-4] + "sums", Source{}, "cannot read PATH: its zstd data are damaged: their checksum is another", "zstd with another checksum"},
		{"ARROW1\x00\x00", Source{}, "cannot read PATH: it is cut off: it does not end with ARROW1", "an Arrow file"},
		{header + "x,2024-05-17,1\n" + strings.Repeat("x", 17<<20), Source{}, "cannot read PATH: line 3 begins a row of more than 16777216 bytes; is a quote left open?", "an endless row"},
		{"identity_number,payment_date,amount,agency\n,,1,\nx,2024-05-17,1," + strings.Repeat("x", 5000) + "\n", Source{}, "cannot read PATH: line 3: a word of 5000 bytes; at most 4096 are taken", "a word that is none"},
	} {
		path := writeFile(t, "records.csv", []byte(c.content))
		c.source.Name, c.source.Files = "s", []string{path}
		_, err := tryCSV([]Source{c.source}, 1<<20)
		assert.EqualError(t, err, strings.ReplaceAll(c.want, "PATH", path), c.why)
	}
}

// A file without rows is a file all the same.
func TestCSVWithoutRows(t *testing.T) {
	for content, csv := range map[string]CSV{
		"identity_number,payment_date,amount\n": {},
		"identity_number,payment_date,amount":   {},
		"":                                      {NoHeader: true},
		"\n":                                    {NoHeader: true, Header: []string{"identity_number", "payment_date", "amount"}},
	} {
		result := readCSV(t, []Source{{Files: []string{writeFile(t, "records.csv", []byte(content))}, CSV: csv}}, 1<<20)
		assert.Empty(t, result.records)
		assert.Equal(t, sha256.Sum256([]byte(content)), result.files[0].SHA256)
	}
}

func TestCSVFileThatChangesIsRefused(t *testing.T) {
	path := writeFile(t, "records.csv", []byte("identity_number,payment_date,amount\nx,2024-05-17,1\n"))
	for why, change := range map[string]func() error{
		"it grew": func() error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("y,2024-05-17,1\n")
			return err
		},
		"another took its place": func() error {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.WriteFile(path, content, 0o600)
		},
	} {
		records, err := OpenRecords(t.Context(), []Source{{Files: []string{path}}}, Options{Dictionaries: pipeline.NewDictionaries()})
		require.NoError(t, err)
		require.NoError(t, change())
		err = records.Cut(context.Background(), func(piece pipeline.Piece) error { piece.Close(); return nil })
		assert.EqualError(t, err, "cannot read "+path+": "+errChanged.Error(), why)
	}
}

// A category of more different words than there are numbers is refused.
func TestCSVTooManyWords(t *testing.T) {
	var content bytes.Buffer
	content.WriteString("identity_number,payment_date,amount,agency\n")
	for i := range column.LimitDictionary {
		fmt.Fprintf(&content, "x,2024-05-17,1,%d\n", i)
	}
	path := writeFile(t, "records.csv", content.Bytes())
	_, err := tryCSV([]Source{{Files: []string{path}}}, 1<<16)
	assert.EqualError(t, err, "cannot read "+path+": column agency has more than 65536 different values")
}

// Many workers read what one does, with the fillers and buffers going round.
func TestCSVPiecesInParallel(t *testing.T) {
	var content bytes.Buffer
	content.WriteString("identity_number,payment_date,amount,agency\n")
	want := int64(0)
	for i := range 50_000 {
		fmt.Fprintf(&content, "\"%s\",2024-05-%02d,%d.%02d,\"a\"\"%d\"\n", testNumber(1900+i%100, 1+i%979), 1+i%31, i, i%100, i%300)
		want += int64(i*100 + i%100)
	}
	path := writeFile(t, "records.csv", content.Bytes())
	dictionaries := pipeline.NewDictionaries()
	records, err := OpenRecords(t.Context(), []Source{{Files: []string{path}}}, Options{Digest: true, Dictionaries: dictionaries, Workers: 4})
	require.NoError(t, err)
	records.opened[0].(*csvRecords).blockBytes = 20_000
	batches := make([]pipeline.Batch, 4)
	row := 0
	type part struct {
		numbers []string
		words   []string
		ore     int64
	}
	err = pipeline.Run(context.Background(), 4, records.Cut, func(_ context.Context, worker int, _ uint32, piece pipeline.Piece) (part, error) {
		var p part
		b := &batches[worker]
		for {
			more, err := piece.Next(b)
			if err != nil || !more {
				return p, err
			}
			for i := range b.Rows {
				p.numbers = append(p.numbers, string(b.Given.At(i)))
				p.words = append(p.words, dictionaries.Agency.Values()[b.Agency[i]])
				p.ore += b.Amount[i]
			}
		}
	}, func(p part) error {
		for i := range p.numbers {
			if number := testNumber(1900+row%100, 1+row%979); p.numbers[i] != number || p.words[i] != fmt.Sprintf("a\"%d", row%300) {
				return fmt.Errorf("row %d is not in its place", row)
			}
			row++
		}
		want -= p.ore
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 50_000, row)
	assert.Zero(t, want)
	assert.Equal(t, sha256.Sum256(content.Bytes()), records.Files()[0].SHA256)
}

// Whatever a file holds, it is read or refused; wherever it is cut, it says the
// same; and every row and every öre is counted once.
func FuzzCSVRecords(f *testing.F) {
	f.Add([]byte(csvHeader+"x,2024-05-17,1,2,3,4,5,,\n\"y\",,,,,,,\n"), "", uint16(3))
	f.Add([]byte("identity_number;payment_date;amount;currency\n\xe5;x;1;\n\"\"\"\";20240517;-1;\xff"), "", uint16(20))
	f.Add([]byte("amount|payment_date|identity_number\r\n1|2024-05-17|\xe5\x81\r\n"), "windows-1252", uint16(1))
	f.Add([]byte("\xff\xfea\x00"), "", uint16(1))
	f.Add([]byte(csvHeader+"x,2024-05-17,1,2,3,4,5,,\n\"y,2024-05-17,1,2,3,4,5,,\n\"z\",2024-05-17,1,2,3,4,5,,\n"), "", uint16(9))
	f.Add([]byte(csvHeader+"\"x\ny\",2024-05-17,1,2,3,4,5,,\"z\n\n1\n"), "windows-1252", uint16(30))
	ditto := testNumber(1964, 323) + ",2024-05-17,1,2,3,4,5,,\"\n"
	f.Add([]byte(csvHeader+ditto+ditto+ditto), "", uint16(50))
	f.Fuzz(func(t *testing.T, content []byte, encoding string, blockBytes uint16) {
		defer damage.Watch()()
		path := filepath.Join(t.TempDir(), "records.csv")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		source := Source{Files: []string{path}, CSV: CSV{Encoding: encoding}}
		whole, err := tryCSV([]Source{source}, 1<<20)
		cut, cutErr := tryCSV([]Source{source}, 1+int(blockBytes))
		if err != nil {
			require.EqualError(t, cutErr, err.Error())
			return
		}
		require.NoError(t, cutErr)
		require.Equal(t, whole.records, cut.records)
		require.Equal(t, whole.rejects, cut.rejects)
		require.Equal(t, whole.read, cut.read)
		require.Equal(t, whole.rejected, cut.rejected)
		require.Equal(t, int64(len(whole.records)), whole.read.Rows)
		require.Equal(t, int64(len(whole.rejects)), whole.rejected.Rows)
		clean, cleanRows := map[string]*pipeline.Sum{}, map[string]int64{}
		for _, record := range whole.records {
			if !record.rejected {
				if clean[record.currency] == nil {
					clean[record.currency] = &pipeline.Sum{}
				}
				clean[record.currency].Add(record.ore)
				cleanRows[record.currency]++
			}
		}
		for i, currency := range whole.values.Currency.Values() {
			var sum pipeline.Sum
			rows := cleanRows[currency]
			if i < len(whole.rejected.Amounts) {
				sum = whole.rejected.Amounts[i]
				rows += whole.rejected.WithAmount[i]
			}
			if clean[currency] != nil {
				sum.AddSum(*clean[currency])
			}
			if i < len(whole.read.Amounts) {
				require.Equal(t, whole.read.Amounts[i], sum, "what was read is what is clean and what was rejected")
				require.Equal(t, whole.read.WithAmount[i], rows, "and so are the rows of each currency")
			}
		}
	})
}

// benchmarkCSV is rows of 75 bytes, as agencies' files have them.
func benchmarkCSV(rows int, quoted bool) []byte {
	var content bytes.Buffer
	content.WriteString("identity_number,payment_date,amount,record_id,agency,payment_type\n")
	agencies := []string{"forsakringskassan", "pensionsmyndigheten", "csn"}
	kinds := []string{"alderspension", "barnbidrag", "sjukpenning", "studiemedel", "bostadsbidrag"}
	format := "%s,2024-%02d-%02d,%d.%02d,%010d,%s,%s\n"
	if quoted {
		format = "\"%s\",2024-%02d-%02d,%d.%02d,\"%010d\",\"%s\",\"%s\"\n"
	}
	for i := range rows {
		fmt.Fprintf(&content, format, testNumber(1920+i%90, 1+i%979), 1+i/5000%12, 25+i/1000%3, 500+i*7919%30_000, i%100, i, agencies[i/500%3], kinds[i*31%97%5])
	}
	return content.Bytes()
}

func TestCSVDoesNotAllocateForRows(t *testing.T) {
	batches := sized(100, 12)
	for _, quoted := range []bool{false, true} {
		path := writeFile(t, "records.csv", benchmarkCSV(batches*pipeline.BatchRows, quoted))
		records, err := OpenRecords(t.Context(), []Source{{Files: []string{path}}}, Options{Dictionaries: pipeline.NewDictionaries()})
		require.NoError(t, err)
		records.opened[0].(*csvRecords).blockBytes = 64 << 20
		var b pipeline.Batch
		err = records.Cut(context.Background(), func(piece pipeline.Piece) error {
			defer piece.Close()
			if _, err := piece.Next(&b); err != nil {
				return err
			}
			assert.Zero(t, testing.AllocsPerRun(batches-10, func() {
				if more, err := piece.Next(&b); err != nil || !more || b.Rows != pipeline.BatchRows || len(b.Rejects) > 0 {
					t.Fatal("the batch is not full")
				}
			}))
			return nil
		})
		require.NoError(t, err)
	}
}

func BenchmarkCSVRecords(b *testing.B) {
	for _, c := range []struct {
		name   string
		quoted bool
	}{{"plain", false}, {"quoted", true}} {
		content := benchmarkCSV(400_000, c.quoted)
		path := filepath.Join(b.TempDir(), "records.csv")
		require.NoError(b, os.WriteFile(path, content, 0o600))
		for _, digest := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/cut/digest=%t", c.name, digest), func(b *testing.B) {
				b.SetBytes(int64(len(content)))
				for b.Loop() {
					benchmarkRecords(b, Source{Files: []string{path}}, digest, false)
				}
			})
		}
		b.Run(c.name+"/cut/windows-1252", func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				benchmarkRecords(b, Source{Files: []string{path}, CSV: CSV{Encoding: "windows-1252"}}, false, false)
			}
		})
		b.Run(c.name+"/next", func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				benchmarkRecords(b, Source{Files: []string{path}}, false, true)
			}
		})
	}
}

func benchmarkRecords(b *testing.B, source Source, digest, next bool) {
	records, err := OpenRecords(context.Background(), []Source{source}, Options{Digest: digest, Dictionaries: pipeline.NewDictionaries(), Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	var batch pipeline.Batch
	if err := records.Cut(context.Background(), func(piece pipeline.Piece) error {
		defer piece.Close()
		for more := next; more; {
			var err error
			if more, err = piece.Next(&batch); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}

// Words of all lengths keep their texts, however alike they are and wherever in the
// file they stand: none is taken for another that was there before.
func TestCSVWordsOfAllLengths(t *testing.T) {
	var words []string
	for n := range 40 {
		words = append(words, strings.Repeat("a", n), strings.Repeat("a", n)+"b", "b"+strings.Repeat("a", n), strings.Repeat("a", n)+"\x01")
	}
	for _, quote := range []string{"", `"`} {
		text := "identity_number,payment_date,amount,agency,payment_type\n"
		var want []string
		for round := range 3 {
			for i, word := range words {
				other := words[(i*7+round)%len(words)]
				text += testNumber(1990, 238) + ",2025-01-02,1.00," + quote + word + quote + "," + quote + other + quote + "\n"
				want = append(want, word+" "+other)
			}
		}
		source := Source{Files: []string{writeFile(t, "words.csv", []byte(text))}}
		for _, blockBytes := range []int{100, csvBlockBytes} {
			var got []string
			for _, record := range readCSV(t, []Source{source}, blockBytes).records {
				got = append(got, record.agency+" "+record.kind)
			}
			require.Equal(t, want, got, "quote %q, blocks of %d bytes", quote, blockBytes)
		}
	}
}

// Two short words are one only if the texts are.
func TestShortWordsDiffer(t *testing.T) {
	texts := map[shortWord]string{}
	behind := strings.Repeat("x", shortWordLoad)
	for n := range shortWordBytes + 1 {
		for _, text := range []string{strings.Repeat("a", n), strings.Repeat("\x00", n), strings.Repeat("\xff", n)} {
			word := newShortWord((*[shortWordLoad]byte)([]byte(text+behind)), n)
			require.Equal(t, word, newShortWord((*[shortWordLoad]byte)([]byte(text+strings.Repeat("\x00", shortWordLoad))), n), "what stands behind does not count")
			require.NotEqual(t, shortWord{}, word)
			if n > 0 {
				require.NotContains(t, texts, word)
			}
			texts[word] = text
		}
	}
}
