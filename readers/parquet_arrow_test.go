package readers

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/avstam/avstam/calendar"
	"github.com/stretchr/testify/require"
)

// writeArrow writes the same records with arrow-go, whose types are those of
// pyarrow.
func writeArrow(t *testing.T, records []plainRecord, categories bool, properties ...parquet.WriterProperty) string {
	t.Helper()
	word := arrow.DataType(arrow.BinaryTypes.String)
	if categories {
		word = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "currency", Type: word, Nullable: true},
		{Name: "amount", Type: &arrow.Decimal128Type{Precision: 18, Scale: 2}, Nullable: true},
		{Name: "identity_number", Type: arrow.BinaryTypes.LargeString, Nullable: true},
		{Name: "payment_date", Type: arrow.FixedWidthTypes.Date32},
		{Name: "agency", Type: word, Nullable: true},
		{Name: "unknown", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Nullable: true},
		{Name: "record_id", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "payment_type", Type: word, Nullable: true},
		{Name: "period_start", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
		{Name: "period_end", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	appendText := func(field int, text string) {
		switch column := builder.Field(field).(type) {
		case *array.StringBuilder:
			column.Append(text)
		case *array.LargeStringBuilder:
			column.Append(text)
		case *array.BinaryDictionaryBuilder:
			require.NoError(t, column.AppendString(text))
		}
	}
	orNull := func(field int, text string) {
		if text == "" {
			builder.Field(field).AppendNull()
			return
		}
		appendText(field, text)
	}
	for i := range records {
		r := &records[i]
		orNull(0, r.currency)
		builder.Field(1).(*array.Decimal128Builder).Append(decimal128.FromI64(r.ore))
		orNull(2, r.given)
		builder.Field(3).(*array.Date32Builder).Append(arrow.Date32(r.date))
		orNull(4, r.agency)
		builder.Field(5).AppendNull()
		orNull(6, r.recordID)
		orNull(7, r.paymentType)
		if r.start == calendar.Missing {
			builder.Field(8).AppendNull()
			builder.Field(9).AppendNull()
			continue
		}
		builder.Field(8).(*array.TimestampBuilder).Append(arrow.Timestamp(int64(r.start) * 86400 * 1e6))
		builder.Field(9).(*array.Date32Builder).Append(arrow.Date32(r.end))
	}
	record := builder.NewRecordBatch()
	defer record.Release()
	path := filepath.Join(t.TempDir(), "arrow.parquet")
	out, err := os.Create(path)
	require.NoError(t, err)
	writer, err := pqarrow.NewFileWriter(schema, out, parquet.NewWriterProperties(properties...), pqarrow.DefaultWriterProps())
	require.NoError(t, err)
	require.NoError(t, writer.Write(record))
	require.NoError(t, writer.Close())
	return path
}

func TestParquetRecordsOfArrow(t *testing.T) {
	records := plainRecords(sized(10_000, 4000), 2)
	for _, c := range []struct {
		name       string
		categories bool
		properties []parquet.WriterProperty
	}{
		{"as it chooses", false, nil},
		{"categories", true, []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Snappy), parquet.WithMaxRowGroupLength(3333)}},
		{"dictionaries that overflow", false, []parquet.WriterProperty{parquet.WithDictionaryPageSizeLimit(4000), parquet.WithDataPageSize(4000), parquet.WithBatchSize(100)}},
		{"data pages v2", false, []parquet.WriterProperty{parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithCompression(compress.Codecs.Zstd)}},
		{"no dictionaries", false, []parquet.WriterProperty{parquet.WithDictionaryDefault(false), parquet.WithVersion(parquet.V1_0), parquet.WithCompression(compress.Codecs.Gzip)}},
		{"lz4_raw", false, []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Lz4Raw), parquet.WithDataPageSize(4000), parquet.WithBatchSize(100)}},
		{"lz4_raw, data pages v2", true, []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Lz4Raw), parquet.WithDataPageVersion(parquet.DataPageV2)}},
		{"decimals as integers", false, []parquet.WriterProperty{parquet.WithStoreDecimalAsInteger(true), parquet.WithCompression(compress.Codecs.Brotli)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeArrow(t, records, c.categories, c.properties...)
			options := newOptions()
			options.Digest = true
			got, _, err := readRecords(path, &Source{}, options)
			require.NoError(t, err)
			requireSame(t, records, got)
		})
	}
}
