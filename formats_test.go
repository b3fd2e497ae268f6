package avstam_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/rules"
)

// variant is a file with the records of testdata/interop/records.csv, and what
// must be declared to read it.
type variant struct {
	name, why string
	contents  []byte
	csv       readers.CSV
}

// skipWhereSlow skips, where tests are to be short, one that reads many files of which each
// is of another make, and is read by the same goroutines.
func skipWhereSlow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it reads many files, each of another make: -short is for races")
	}
}

// Every format that docs/reference.md lists, in every codec, dialect, encoding
// and compression, gives the same findings.parquet, compared as a whole. All
// variants are read from one path, so that not even the column file differs.
func TestFormats(t *testing.T) {
	skipWhereSlow(t)
	text, err := os.ReadFile(filepath.Join(corpusFolder, "records.csv"))
	require.NoError(t, err)
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	columns, rows := lines[0], lines[1:]
	require.True(t, bytes.ContainsFunc(text, func(r rune) bool { return r >= 0x80 }), "the encodings matter")

	c := newCorpus(t)
	register := (&corpusFile{Of: "register"}).source(c.present(t, "register.csv", "register"))
	path := c.present(t, "records.csv", "records")
	want, err := c.run(t, readers.Source{Name: "records", Files: []string{path}}, register)
	require.NoError(t, err)
	require.Len(t, want.Rules, len(rules.All()), "every rule is on")
	for _, rule := range want.Rules {
		require.Positive(t, rule.Findings, "the records have no %s", rule.Rule)
	}

	variants := slices.Concat(parquetVariants(t, columns, rows), csvVariants(t, columns, rows), arrowVariants(t, columns, rows))
	// Six codecs in two versions of pages; five dialects in six encodings, each as
	// it is and compressed in two ways; two forms of Arrow in three compressions.
	require.Len(t, variants, 6*2+5*6*3+2*3)
	written := map[string]string{}
	for _, v := range variants {
		digest := fmt.Sprintf("%x %s", sha256.Sum256(v.contents), v.csv.Encoding)
		require.Empty(t, written[digest], "%s is the same file", v.name)
		written[digest] = v.name
		t.Run(v.name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, v.contents, 0o600))
			got, err := c.run(t, readers.Source{Name: "records", Files: []string{path}, CSV: v.csv}, register)
			require.NoError(t, err, v.why)
			assert.Equal(t, want.Records, got.Records, v.why)
			if !assert.True(t, bytes.Equal(want.parquet, got.parquet), "%s: findings.parquet is another", v.why) {
				t.Log(firstDifference(want.CSV, got.CSV))
			}
		})
	}
}

// formatsRow is a record as Parquet has it.
type formatsRow struct {
	IdentityNumber *string `parquet:"identity_number,optional"`
	PaymentDate    int32   `parquet:"payment_date,date"`
	Amount         int64   `parquet:"amount,decimal(2:18)"`
	RecordID       *string `parquet:"record_id,optional"`
	Agency         *string `parquet:"agency,optional"`
	PaymentType    *string `parquet:"payment_type,optional"`
	Currency       *string `parquet:"currency,optional"`
	PeriodStart    *int32  `parquet:"period_start,optional,date"`
	PeriodEnd      *int32  `parquet:"period_end,optional,date"`
}

func parquetVariants(t *testing.T, columns []string, rows [][]string) []variant {
	t.Helper()
	textOf := func(row []string, column string) *string {
		if text := row[slices.Index(columns, column)]; text != "" {
			return &text
		}
		return nil
	}
	dayOf := func(row []string, column string) *int32 {
		text := textOf(row, column)
		if text == nil {
			return nil
		}
		day, err := time.Parse(time.DateOnly, *text)
		require.NoError(t, err)
		days := int32(day.Unix() / (24 * 60 * 60))
		return &days
	}
	var table []formatsRow
	for _, row := range rows {
		ore, err := strconv.ParseInt(strings.Replace(*textOf(row, "amount"), ".", "", 1), 10, 64)
		require.NoError(t, err)
		table = append(table, formatsRow{
			textOf(row, "identity_number"), *dayOf(row, "payment_date"), ore, textOf(row, "record_id"), textOf(row, "agency"),
			textOf(row, "payment_type"), textOf(row, "currency"), dayOf(row, "period_start"), dayOf(row, "period_end"),
		})
	}
	var variants []variant
	for _, codec := range []struct {
		name, why string
		codec     compress.Codec
	}{
		{"uncompressed", "what DuckDB and others write when asked for no compression", &parquet.Uncompressed},
		{"snappy", "what pyarrow, pandas and Spark write by themselves", &parquet.Snappy},
		{"gzip", "what older Hive tables hold", &parquet.Gzip},
		{"zstd", "what Polars writes by itself", &parquet.Zstd},
		{"brotli", "the least bytes for what is kept long", &parquet.Brotli},
		{"lz4_raw", "the quickest to unpack", &parquet.Lz4Raw},
	} {
		for i, why := range []string{"levels are compressed with the values", "levels stand before the values, uncompressed"} {
			version := i + 1 // of the data pages
			var contents bytes.Buffer
			writer := parquet.NewGenericWriter[formatsRow](&contents, parquet.Compression(codec.codec), parquet.DataPageVersion(version), parquet.MaxRowsPerRowGroup(100))
			_, err := writer.Write(table)
			require.NoError(t, err)
			require.NoError(t, writer.Close())
			variants = append(variants, variant{name: fmt.Sprintf("parquet/%s/v%d", codec.name, version), why: codec.why + "; " + why, contents: contents.Bytes()})
		}
	}
	return variants
}

// dialect is a way to write CSV. Without a header line, delimiter and quote are
// declared; else they are detected, but for quotes that the header does not show.
type dialect struct {
	name, why string
	delimiter string
	quote     string
	lineEnd   string
	quotesAll bool
	noHeader  bool
	decimal   string
	thousands string // between groups of three digits
	day       string // a layout of package time
	saysQuote bool   // the quote is declared, since the header shows none
}

// noBreakSpace is in each of the encodings.
const noBreakSpace = "\u00a0"

var dialects = []dialect{
	{name: "comma", why: "as RFC 4180 has it, with the line ends of Unix", delimiter: ",", quote: `"`, lineEnd: "\n", decimal: ".", day: "2006-01-02"},
	{name: "semicolon", why: "as spreadsheets write it in Sweden: decimal commas, thousands apart", delimiter: ";", quote: `"`, lineEnd: "\r\n", decimal: ",",
		thousands: noBreakSpace, day: "02.01.2006"},
	{name: "tab", why: "as databases unload it: no header, days as eight digits", delimiter: "\t", quote: `"`, lineEnd: "\n", noHeader: true, decimal: ".", day: "20060102"},
	{name: "pipe", why: "as older programs write it: single quotes, timestamps", delimiter: "|", quote: "'", lineEnd: "\n", decimal: ".", day: "2006-01-02T15:04:05", saysQuote: true},
	{name: "quoted", why: "as careful programs write it: every field in quotes, the line ends of Windows", delimiter: ",", quote: `"`, lineEnd: "\r\n", quotesAll: true,
		decimal: ".", day: "2006-01-02 15:04"},
}

func (d *dialect) write(t *testing.T, columns []string, rows [][]string) string {
	t.Helper()
	var text strings.Builder
	line := func(fields []string) {
		for i, field := range fields {
			if i > 0 {
				text.WriteString(d.delimiter)
			}
			if d.quotesAll || strings.ContainsAny(field, d.delimiter+d.quote+"\r\n") {
				field = d.quote + strings.ReplaceAll(field, d.quote, d.quote+d.quote) + d.quote
			}
			text.WriteString(field)
		}
		text.WriteString(d.lineEnd)
	}
	if !d.noHeader {
		line(columns)
	}
	for _, row := range rows {
		row = slices.Clone(row)
		for i, column := range columns {
			switch column {
			case "amount":
				row[i] = d.amount(row[i])
			case "payment_date", "period_start", "period_end":
				if row[i] != "" {
					day, err := time.Parse(time.DateOnly, row[i])
					require.NoError(t, err)
					row[i] = day.Format(d.day)
				}
			}
		}
		line(row)
	}
	return text.String()
}

func (d *dialect) amount(text string) string {
	digits, sign := strings.CutPrefix(text, "-")
	kronor, ore, _ := strings.Cut(digits, ".")
	for at := len(kronor) - 3; at > 0 && d.thousands != ""; at -= 3 {
		kronor = kronor[:at] + d.thousands + kronor[at:]
	}
	if sign {
		kronor = "-" + kronor
	}
	return kronor + d.decimal + ore
}

func (d *dialect) declared(columns []string, encoding string) readers.CSV {
	declared := readers.CSV{Decimal: d.decimal[0], Encoding: encoding}
	if d.noHeader || d.saysQuote {
		declared.Quote = d.quote[0]
	}
	if d.noHeader {
		declared.Delimiter, declared.NoHeader, declared.Header = d.delimiter[0], true, columns
	}
	return declared
}

func csvVariants(t *testing.T, columns []string, rows [][]string) []variant {
	t.Helper()
	var variants []variant
	for i := range dialects {
		d := &dialects[i]
		text := d.write(t, columns, rows)
		for _, e := range []struct {
			name, why string
			declared  string
			encoding  encoding.Encoding
		}{
			{"utf-8", "nothing is declared", "", unicode.UTF8},
			{"utf-8-mark", "a byte order mark goes before what is declared, wrongly", "windows-1252", unicode.UTF8BOM},
			{"iso-8859-1", "what older Unix systems write", "iso-8859-1", charmap.ISO8859_1},
			{"windows-1252", "what Windows writes", "windows-1252", charmap.Windows1252},
			{"utf-16-mark", "what Windows calls Unicode; its mark speaks for itself", "", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
			{"utf-16be", "no mark, so it is declared", "utf-16be", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
		} {
			encoded, err := e.encoding.NewEncoder().String(text)
			require.NoError(t, err)
			for _, c := range []struct {
				name, why string
				writer    func(io.Writer) (io.WriteCloser, error)
			}{
				{"plain", "as it is", nil},
				{"gz", "compressed with gzip", func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }},
				{"zst", "compressed with zstd", func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }},
			} {
				contents := []byte(encoded)
				if c.writer != nil {
					var compressed bytes.Buffer
					writer, err := c.writer(&compressed)
					require.NoError(t, err)
					_, err = writer.Write(contents)
					require.NoError(t, err)
					require.NoError(t, writer.Close())
					contents = compressed.Bytes()
				}
				variants = append(variants, variant{
					name: strings.Join([]string{"csv", d.name, e.name, c.name}, "/"), why: d.why + "; " + e.why + "; " + c.why,
					contents: contents, csv: d.declared(columns, e.declared),
				})
			}
		}
	}
	return variants
}

func arrowVariants(t *testing.T, columns []string, rows [][]string) []variant {
	t.Helper()
	fields := make([]arrow.Field, len(columns))
	for i, name := range columns {
		fields[i] = arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
		switch name {
		case "amount":
			fields[i].Type = &arrow.Decimal128Type{Precision: 18, Scale: 2}
		case "payment_date", "period_start", "period_end":
			fields[i].Type = arrow.FixedWidthTypes.Date32
		}
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	for _, row := range rows {
		for i, text := range row {
			if text == "" {
				builder.Field(i).AppendNull()
				continue
			}
			require.NoError(t, builder.Field(i).AppendValueFromString(text))
		}
	}
	batch := builder.NewRecordBatch()
	var variants []variant
	for _, form := range []struct {
		name, why string
		writer    func(io.Writer, ...ipc.Option) (batchWriter, error)
	}{
		{"file", "what Polars and pandas write as .arrow and .feather", func(w io.Writer, options ...ipc.Option) (batchWriter, error) { return ipc.NewFileWriter(w, options...) }},
		{"stream", "what programs send each other", func(w io.Writer, options ...ipc.Option) (batchWriter, error) {
			return ipc.NewWriter(w, options...), nil
		}},
	} {
		for _, compression := range []struct {
			name, why string
			options   []ipc.Option
		}{
			{"uncompressed", "buffers as they stand in memory", nil},
			{"lz4", "what Feather has by itself", []ipc.Option{ipc.WithLZ4()}},
			{"zstd", "what is smallest", []ipc.Option{ipc.WithZstd()}},
		} {
			var contents bytes.Buffer
			writer, err := form.writer(&contents, append(compression.options, ipc.WithSchema(batch.Schema()))...)
			require.NoError(t, err)
			for start := int64(0); start < batch.NumRows(); start += 100 {
				require.NoError(t, writer.Write(batch.NewSlice(start, min(start+100, batch.NumRows()))))
			}
			require.NoError(t, writer.Close())
			variants = append(variants, variant{name: "arrow/" + form.name + "/" + compression.name, why: form.why + "; " + compression.why, contents: contents.Bytes()})
		}
	}
	return variants
}

// batchWriter is what an Arrow file and an Arrow stream are written with.
type batchWriter interface {
	Write(arrow.RecordBatch) error
	Close() error
}
