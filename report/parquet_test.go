package report

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/avstam/avstam/calendar"
	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bounded are the columns whose least and greatest values may show outside their pages.
var bounded = map[string]bool{"source": true, "file": true, "row": true, "payment_date": true, "amount": true}

// readParquet is a Parquet file as arrow-go reads it: cells by column name, as
// they would stand in CSV, and nulls apart.
func readParquet(t *testing.T, path string) (columns []string, rows []map[string]string, nulls []map[string]bool) {
	t.Helper()
	reader, err := file.OpenParquetFile(path, false)
	require.NoError(t, err)
	defer reader.Close() // it was only read
	sc := reader.MetaData().Schema
	for i := range sc.NumColumns() {
		columns = append(columns, sc.Column(i).Name())
	}
	for g := range reader.NumRowGroups() {
		group := reader.RowGroup(g)
		size := int(group.NumRows())
		first := len(rows)
		for range size {
			rows, nulls = append(rows, map[string]string{}), append(nulls, map[string]bool{})
		}
		for c, name := range columns {
			cells := readColumn(t, group, c, size)
			for r, cell := range cells {
				if cell == nil {
					rows[first+r][name], nulls[first+r][name] = "", true
				} else {
					rows[first+r][name] = *cell
				}
			}
		}
	}
	return columns, rows, nulls
}

func readColumn(t *testing.T, group *file.RowGroupReader, c, size int) []*string {
	t.Helper()
	reader, err := group.Column(c)
	require.NoError(t, err)
	levels := make([]int16, size)
	var values []string
	isDay := reader.Descriptor().LogicalType().Equals(schema.DateLogicalType{})
	switch r := reader.(type) {
	case *file.ByteArrayColumnChunkReader:
		buffer := make([]parquet.ByteArray, size)
		total, n, err := r.ReadBatch(int64(size), buffer, levels, nil)
		require.NoError(t, err)
		require.EqualValues(t, size, total)
		for _, value := range buffer[:n] {
			values = append(values, string(value))
		}
	case *file.Int64ColumnChunkReader:
		buffer := make([]int64, size)
		total, n, err := r.ReadBatch(int64(size), buffer, levels, nil)
		require.NoError(t, err)
		require.EqualValues(t, size, total)
		for _, value := range buffer[:n] {
			if _, isDecimal := reader.Descriptor().LogicalType().(schema.DecimalLogicalType); isDecimal {
				values = append(values, string(appendDecimal(nil, value, '.')))
			} else {
				values = append(values, fmt.Sprint(value))
			}
		}
	case *file.Int32ColumnChunkReader:
		buffer := make([]int32, size)
		total, n, err := r.ReadBatch(int64(size), buffer, levels, nil)
		require.NoError(t, err)
		require.EqualValues(t, size, total)
		for _, value := range buffer[:n] {
			if isDay {
				values = append(values, calendar.Day(value).String())
			} else {
				values = append(values, fmt.Sprint(value))
			}
		}
	case *file.BooleanColumnChunkReader:
		buffer := make([]bool, size)
		total, n, err := r.ReadBatch(int64(size), buffer, levels, nil)
		require.NoError(t, err)
		require.EqualValues(t, size, total)
		for _, value := range buffer[:n] {
			values = append(values, fmt.Sprint(value))
		}
	default:
		require.Failf(t, "unexpected type", "%T", reader)
	}
	maximum := reader.Descriptor().MaxDefinitionLevel()
	cells := make([]*string, size)
	for i := range cells {
		if maximum > 0 && levels[i] < maximum {
			continue
		}
		cells[i], values = &values[0], values[1:]
	}
	require.Empty(t, values)
	return cells
}

// TestParquetSaysTheSameAsCSV has arrow-go read what parquet-go wrote. What
// stands in the CSV is compared with the findings elsewhere.
func TestParquetSaysTheSameAsCSV(t *testing.T) {
	f := newFixture(t, 2, 700)
	path, _ := f.publish(t)
	for _, name := range []string{"findings", "rejects"} {
		header, want := readCSV(t, filepath.Join(path, name+".csv"))
		columns, rows, nulls := readParquet(t, filepath.Join(path, name+".parquet"))
		require.Equal(t, header, columns)
		require.Len(t, rows, len(want))
		for i := range rows {
			if name == "rejects" {
				require.Equal(t, "x;y\uFFFD;\"z\"\r\n", rows[i]["raw"])
				rows[i]["raw"] = want[i]["raw"] // in which encoding/csv drops the CR
			}
			require.Equal(t, want[i], rows[i])
			for column, cell := range want[i] {
				require.Equal(t, cell == "", nulls[i][column], "row %d, %s: what is empty is null", i, column)
			}
		}
	}
}

// TestParquetTypes holds the types that users' queries rely on.
func TestParquetTypes(t *testing.T) {
	f := newFixture(t, 2, 50)
	path, _ := f.publish(t)
	reader, err := file.OpenParquetFile(filepath.Join(path, "findings.parquet"), false)
	require.NoError(t, err)
	defer reader.Close() // it was only read
	assert.Equal(t, "avstam version 1.2.3(build parquet-go)", reader.MetaData().GetCreatedBy())
	required := map[string]bool{
		"finding_id": true, "rule": true, "severity": true, "direction": true, "confidence": true, "source": true, "file": true,
		"row": true, "payment_date": true, "amount": true, "currency": true,
	}
	other := map[string]string{
		"row": "INT64 Int(bitWidth=64, isSigned=true)", "amount": "INT64 Decimal(precision=18, scale=2)",
		"payment_date": "INT32 Date", "period_start": "INT32 Date", "period_end": "INT32 Date", "status_from": "INT32 Date",
		"known_from": "INT32 Date", "first_seen": "INT32 Date", "decision_until": "INT32 Date",
		"known_at_payment": "BOOLEAN None", "protected": "BOOLEAN None", "times_seen": "INT32 Int(bitWidth=32, isSigned=true)",
	}
	sc := reader.MetaData().Schema
	for i := range sc.NumColumns() {
		column := sc.Column(i)
		want := other[column.Name()]
		if want == "" {
			want = "BYTE_ARRAY String"
		}
		assert.Equal(t, want, fmt.Sprintf("%s %s", column.PhysicalType(), column.LogicalType()), column.Name())
		assert.Equal(t, required[column.Name()], column.MaxDefinitionLevel() == 0, "%s is required", column.Name())
	}
}

// TestNoStatisticsOfNumbers looks for the numbers everywhere outside
// the data of pages: in page headers, indexes and the footer.
func TestNoStatisticsOfNumbers(t *testing.T) {
	f := newFixture(t, 10, 300)
	path, _ := f.publish(t)
	for _, name := range []string{"findings.parquet", "rejects.parquet"} {
		contents, err := os.ReadFile(filepath.Join(path, name))
		require.NoError(t, err)
		opened, err := parquetgo.OpenFile(bytes.NewReader(contents), int64(len(contents)))
		require.NoError(t, err)
		require.Greater(t, len(opened.Metadata().RowGroups)+len(f.rejects), 5)
		outside := bytes.Clone(contents)
		for _, group := range opened.Metadata().RowGroups {
			for _, chunk := range group.Columns {
				column := chunk.MetaData.PathInSchema[0]
				start := chunk.MetaData.DataPageOffset
				if chunk.MetaData.DictionaryPageOffset > 0 {
					start = chunk.MetaData.DictionaryPageOffset
				}
				end := start + chunk.MetaData.TotalCompressedSize
				for start < end {
					header, headerSize := pageHeader(t, contents[start:])
					assert.Nil(t, header.DataPageHeaderV2.V.Statistics.MinValue, "%s: page header", column)
					start += headerSize
					clear(outside[start : start+int64(header.CompressedPageSize)])
					start += int64(header.CompressedPageSize)
				}
				require.Equal(t, end, start)
				statistics := chunk.MetaData.Statistics
				if bounded[column] {
					assert.NotNil(t, statistics.MinValue, column)
					assert.Positive(t, chunk.ColumnIndexLength, "%s: queries may skip pages", column)
					continue
				}
				assert.Nil(t, statistics.MinValue, column)
				assert.Nil(t, statistics.MaxValue, column)
				assert.Nil(t, statistics.Min, column)
				assert.Nil(t, statistics.Max, column)
				assert.Zero(t, chunk.ColumnIndexOffset, "%s: an index with empty bounds would hide the rows", column)
				assert.Zero(t, chunk.ColumnIndexLength, column)
				assert.Zero(t, chunk.MetaData.BloomFilterOffset, column)
			}
		}
		for i := range f.records {
			if f.records[i].Number != 0 {
				require.False(t, bytes.Contains(outside, f.records[i].IdentityNumber), "%s: a number outside the pages", name)
			}
			if len(f.records[i].RecordID) > 3 {
				require.False(t, bytes.Contains(outside, f.records[i].RecordID), "%s: a record id outside the pages", name)
			}
		}
		require.False(t, bytes.Contains(outside, []byte("hemligt")), "%s: given text outside the pages", name)
		require.True(t, bytes.Contains(outside, []byte("identity_number")) || name == "rejects.parquet", "the footer has been looked at")
	}
}

// TestBounds compares what a query may skip by with the rows: a wrong bound
// would hide findings.
func TestBounds(t *testing.T) {
	f := newFixture(t, 10, 300)
	for i := range f.rejects { // a row group without amounts, and one with
		f.rejects[i].HasAmount = i < 3
	}
	f.rowGroupRows = 5
	_, draft, _ := f.writeTables(t)
	for _, name := range []string{"findings.parquet", "rejects.parquet"} {
		path := filepath.Join(draft.Path(), name)
		columns, rows, nulls := readParquet(t, path)
		opened, err := os.Open(path)
		require.NoError(t, err)
		defer opened.Close() // it was only read
		info, err := opened.Stat()
		require.NoError(t, err)
		parsed, err := parquetgo.OpenFile(opened, info.Size())
		require.NoError(t, err)
		first := 0
		for g, group := range parsed.Metadata().RowGroups {
			size := int(group.NumRows)
			for i, column := range columns {
				var count int64
				var present []string
				for r := first; r < first+size; r++ {
					if nulls[r][column] {
						count++
					} else {
						present = append(present, rows[r][column])
					}
				}
				statistics := group.Columns[i].MetaData.Statistics
				require.Equal(t, count, statistics.NullCount, "%s: row group %d, %s", name, g, column)
				if !bounded[column] {
					continue
				}
				var index format.ColumnIndex
				section := io.NewSectionReader(opened, group.Columns[i].ColumnIndexOffset, int64(group.Columns[i].ColumnIndexLength))
				require.NoError(t, thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(section)).Decode(&index))
				require.Equal(t, []int64{count}, []int64(index.NullCounts))
				require.Equal(t, []bool{len(present) == 0}, []bool(index.NullPages))
				if len(present) == 0 {
					require.Nil(t, statistics.MinValue)
					continue
				}
				require.Equal(t, [][]byte{statistics.MinValue}, [][]byte(index.MinValues))
				require.Equal(t, [][]byte{statistics.MaxValue}, [][]byte(index.MaxValues))
				text := func(bound []byte) string {
					switch column {
					case "row":
						return fmt.Sprint(int64(binary.LittleEndian.Uint64(bound)))
					case "amount":
						return string(appendDecimal(nil, int64(binary.LittleEndian.Uint64(bound)), '.'))
					case "payment_date":
						return calendar.Day(binary.LittleEndian.Uint32(bound)).String()
					}
					return string(bound)
				}
				compare := strings.Compare
				if column == "row" || column == "amount" {
					compare = func(a, b string) int {
						x, err := strconv.ParseFloat(a, 64)
						require.NoError(t, err)
						y, err := strconv.ParseFloat(b, 64)
						require.NoError(t, err)
						return cmp.Compare(x, y)
					}
				}
				require.Equal(t, slices.MinFunc(present, compare), text(statistics.MinValue), "%s: row group %d, %s", name, g, column)
				require.Equal(t, slices.MaxFunc(present, compare), text(statistics.MaxValue), "%s: row group %d, %s", name, g, column)
			}
			first += size
		}
	}
}

// TestLongTexts has texts that end pages in the middle of a row group.
func TestLongTexts(t *testing.T) {
	f := newFixture(t, 10, 300)
	for i := range f.records {
		f.records[i].RecordID = fmt.Appendf(nil, "%0*d", 1+i*211%90_000, i)
		f.records[i].Detail = bytes.Repeat([]byte("d"), i%700)
	}
	f.rowGroupRows = 200
	_, draft, _ := f.writeTables(t)
	_, want := readCSV(t, filepath.Join(draft.Path(), "findings.csv"))
	path := filepath.Join(draft.Path(), "findings.parquet")
	_, rows, _ := readParquet(t, path)
	require.Equal(t, want, rows)

	opened, err := os.Open(path)
	require.NoError(t, err)
	defer opened.Close() // it was only read
	info, err := opened.Stat()
	require.NoError(t, err)
	parsed, err := parquetgo.OpenFile(opened, info.Size())
	require.NoError(t, err)
	place := slices.IndexFunc(FindingColumns(), func(c Column) bool { return c.Name == "record_id" })
	pages, err := parsed.RowGroups()[0].ColumnChunks()[place].OffsetIndex()
	require.NoError(t, err)
	assert.Greater(t, pages.NumPages(), 3)
}

func pageHeader(t *testing.T, b []byte) (header format.PageHeader, size int64) {
	t.Helper()
	reader := bytes.NewReader(b)
	require.NoError(t, thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(reader)).Decode(&header))
	return header, int64(len(b) - reader.Len())
}

// TestParquetGoReadsItToo reads all values with the library that wrote them,
// after the footer was rewritten.
func TestParquetGoReadsItToo(t *testing.T) {
	f := newFixture(t, 10, 300)
	path, _ := f.publish(t)
	_, want := readCSV(t, filepath.Join(path, "findings.csv"))
	opened, err := os.Open(filepath.Join(path, "findings.parquet"))
	require.NoError(t, err)
	defer opened.Close() // it was only read
	reader := parquetgo.NewGenericReader[struct {
		ID     string  `parquet:"finding_id"`
		Row    int64   `parquet:"row"`
		Number *string `parquet:"number,optional"`
	}](opened)
	rows := make([]struct {
		ID     string  `parquet:"finding_id"`
		Row    int64   `parquet:"row"`
		Number *string `parquet:"number,optional"`
	}, len(want)+1)
	n, err := reader.Read(rows)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, len(want), n)
	for i, row := range rows[:n] {
		require.Equal(t, want[i]["finding_id"], row.ID)
		require.Equal(t, want[i]["row"], fmt.Sprint(row.Row))
		if row.Number != nil {
			require.Equal(t, want[i]["number"], *row.Number)
		} else {
			require.Empty(t, want[i]["number"])
		}
	}
}

// TestFooterIsWhereItShouldBe checks the file's end after it was rewritten.
func TestFooterIsWhereItShouldBe(t *testing.T) {
	f := newFixture(t, 10, 100)
	path, _ := f.publish(t)
	contents, err := os.ReadFile(filepath.Join(path, "findings.parquet"))
	require.NoError(t, err)
	tail := contents[len(contents)-8:]
	assert.Equal(t, "PAR1", string(tail[4:]))
	size := binary.LittleEndian.Uint32(tail)
	footer := contents[len(contents)-8-int(size) : len(contents)-8]
	var metadata format.FileMetaData
	reader := bytes.NewReader(footer)
	require.NoError(t, thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(reader)).Decode(&metadata))
	assert.Zero(t, reader.Len(), "the footer is as long as it says")
	assert.EqualValues(t, len(f.records)+len(f.across), metadata.NumRows)
	for _, group := range metadata.RowGroups[:len(metadata.RowGroups)-1] {
		assert.EqualValues(t, f.rowGroupRows, group.NumRows)
	}
}
