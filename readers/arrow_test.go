package readers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/arrowipc"
	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// arrowTypes are the types that records are written with.
type arrowTypes struct {
	text, word, amount, date, period arrow.DataType
}

var usualArrowTypes = arrowTypes{
	text: arrow.BinaryTypes.String, word: arrow.BinaryTypes.String, amount: &arrow.Decimal128Type{Precision: 18, Scale: 2},
	date: arrow.FixedWidthTypes.Date32, period: arrow.FixedWidthTypes.Date32,
}

// arrowRecordBatches makes record batches of records; an empty text or a missing
// day is null.
func arrowRecordBatches(t testing.TB, types arrowTypes, records []plainRecord, batchRows int) []arrow.RecordBatch {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "nested", Type: arrow.StructOf(arrow.Field{Name: "list", Type: arrow.ListOf(types.text), Nullable: true}, arrow.Field{Name: "view", Type: arrow.BinaryTypes.StringView, Nullable: true}), Nullable: true},
		{Name: "identity_number", Type: types.text, Nullable: true},
		{Name: "record_id", Type: types.text, Nullable: true},
		{Name: "payment_date", Type: types.date},
		{Name: "amount", Type: types.amount, Nullable: true},
		{Name: "unknown", Type: arrow.BinaryTypes.StringView, Nullable: true},
		{Name: "period_start", Type: types.period, Nullable: true},
		{Name: "period_end", Type: types.period, Nullable: true},
		{Name: "agency", Type: types.word, Nullable: true},
		{Name: "payment_type", Type: types.word, Nullable: true},
		{Name: "currency", Type: types.word, Nullable: true},
	}, nil)
	var batches []arrow.RecordBatch
	for len(records) > 0 {
		part := records[:min(batchRows, len(records))]
		records = records[len(part):]
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		text := func(field int, value string) {
			if value == "" {
				builder.Field(field).AppendNull()
				return
			}
			require.NoError(t, builder.Field(field).AppendValueFromString(value))
		}
		day := func(field int, day calendar.Day) {
			if day == calendar.Missing {
				builder.Field(field).AppendNull()
				return
			}
			appendArrowDay(t, builder.Field(field), day)
		}
		for i := range part {
			r := &part[i]
			builder.Field(0).AppendNull()
			text(1, r.given)
			text(2, r.recordID)
			day(3, r.date)
			switch amounts := builder.Field(4).(type) {
			case *array.Float64Builder:
				amounts.Append(float64(r.ore) / 100)
			default:
				text(4, string(appendKronor(nil, r.ore)))
			}
			text(5, "of no use, and longer than a view has room for")
			day(6, r.start)
			day(7, r.end)
			text(8, r.agency)
			text(9, r.paymentType)
			text(10, r.currency)
		}
		batches = append(batches, builder.NewRecordBatch())
	}
	return batches
}

// appendArrowDay appends a day, to instants as noon.
func appendArrowDay(t testing.TB, builder array.Builder, day calendar.Day) {
	text := day.String()
	if of, ok := builder.Type().(*arrow.TimestampType); ok && of.TimeZone != "" {
		text += "T12:00:00Z"
	}
	require.NoError(t, builder.AppendValueFromString(text))
}

// appendKronor writes öre with a point and two decimals.
func appendKronor(dst []byte, ore int64) []byte {
	return append(dst, decimal.Decimal64(ore).ToString(2)...)
}

// writeIPC writes record batches as a file or as a stream.
func writeIPC(t testing.TB, stream bool, batches []arrow.RecordBatch, options ...ipc.Option) string {
	t.Helper()
	return writeIPCOf(t, stream, batches[0].Schema(), batches, options...)
}

// writeIPCOf is writeIPC for record batches of which there may be none.
func writeIPCOf(t testing.TB, stream bool, schema *arrow.Schema, batches []arrow.RecordBatch, options ...ipc.Option) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "records.arrow")
	var contents bytes.Buffer
	options = append(options, ipc.WithSchema(schema))
	var writer interface {
		Write(arrow.RecordBatch) error
		Close() error
	}
	if writer = ipc.NewWriter(&contents, options...); !stream {
		var err error
		writer, err = ipc.NewFileWriter(&contents, options...)
		require.NoError(t, err)
	}
	for _, batch := range batches {
		require.NoError(t, writer.Write(batch))
	}
	require.NoError(t, writer.Close())
	require.NoError(t, os.WriteFile(path, contents.Bytes(), 0o600))
	return path
}

// readAny reads records of a file whatever its format.
func readAny(source Source, options *Options) (records []plainRecord, file *File, err error) {
	opened, err := OpenRecords(context.Background(), []Source{source}, *options)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	var b pipeline.Batch
	err = opened.Cut(context.Background(), func(piece pipeline.Piece) error {
		defer piece.Close()
		start := len(records)
		for {
			more, err := piece.Next(&b)
			if err != nil || !more {
				return errors.Join(err, checkTallies(piece, records[start:], options.Dictionaries))
			}
			if b.FirstRow != int64(len(records)-start) || b.Rows > pipeline.BatchRows {
				return errors.New("a batch is not in its place")
			}
			records = append(records, rowsOf(&b, options.Dictionaries)...)
		}
	})
	return records, opened.Files()[0], err
}

func TestArrowRecordsOfEveryType(t *testing.T) {
	records := plainRecords(sized(2_000, 700), 3)
	dictionary := func(index, values arrow.DataType) arrow.DataType {
		return &arrow.DictionaryType{IndexType: index, ValueType: values}
	}
	primitive, texts := arrow.PrimitiveTypes, arrow.BinaryTypes
	for _, c := range []struct {
		name  string
		types arrowTypes
	}{
		{"as usual", usualArrowTypes},
		{"large text, decimals of 256 bits", arrowTypes{texts.LargeString, texts.LargeString, &arrow.Decimal256Type{Precision: 40, Scale: 4}, primitive.Date32, primitive.Date64}},
		{"views, decimals of 64 bits", arrowTypes{texts.StringView, texts.StringView, &arrow.Decimal64Type{Precision: 18, Scale: 2}, arrow.FixedWidthTypes.Timestamp_s, arrow.FixedWidthTypes.Timestamp_ns}},
		{"binary, decimals of 32 bits", arrowTypes{texts.String, texts.String, &arrow.Decimal32Type{Precision: 9, Scale: 2}, &arrow.TimestampType{Unit: arrow.Millisecond}, &arrow.TimestampType{Unit: arrow.Microsecond}}},
		{"dictionaries with indexes of 8 bits", arrowTypes{texts.String, dictionary(primitive.Int8, texts.String), texts.String, texts.String, texts.LargeString}},
		{"dictionaries with indexes of 16 bits, floats", arrowTypes{dictionary(primitive.Uint16, texts.String), dictionary(primitive.Uint8, texts.String), primitive.Float64, texts.StringView, primitive.Date32}},
		{"dictionaries with indexes of 32 bits", arrowTypes{dictionary(primitive.Int32, texts.String), dictionary(primitive.Uint32, texts.String), texts.LargeString, primitive.Date32, primitive.Date32}},
		{"dictionaries with indexes of 64 bits", arrowTypes{dictionary(primitive.Uint64, texts.String), dictionary(primitive.Int64, texts.String), &arrow.Decimal128Type{Precision: 38, Scale: 18}, primitive.Date32, primitive.Date32}},
	} {
		parts, whole := arrowRecordBatches(t, c.types, records, 666), arrowRecordBatches(t, c.types, records, len(records))
		for _, form := range []struct {
			name    string
			stream  bool
			options []ipc.Option
		}{
			{"file", false, nil}, {"file, lz4", false, []ipc.Option{ipc.WithLZ4()}}, {"file, zstd", false, []ipc.Option{ipc.WithZstd()}},
			{"stream", true, nil}, {"stream, lz4", true, []ipc.Option{ipc.WithLZ4()}},
			{"stream, zstd where it saves", true, []ipc.Option{ipc.WithZstd(), ipc.WithMinSpaceSavings(0.3)}},
		} {
			t.Run(c.name+", "+form.name, func(t *testing.T) {
				batches := parts
				if _, ok := c.types.word.(*arrow.DictionaryType); ok && !form.stream {
					// A file has one dictionary a column, which may grow.
					form.options = append(form.options, ipc.WithDictionaryDeltas(true))
					batches = whole
				}
				path := writeIPC(t, form.stream, batches, form.options...)
				options := newOptions()
				options.Digest = true
				got, file, err := readAny(Source{Files: []string{path}}, options)
				require.NoError(t, err)
				requireSame(t, records, got)
				contents, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, sha256.Sum256(contents), file.SHA256)
				assert.Equal(t, int64(len(contents)), file.Size)
				assert.Equal(t, FormatArrow, file.Format)
				assert.Equal(t, []string{"nested", "identity_number", "record_id", "payment_date", "amount", "unknown", "period_start", "period_end", "agency", "payment_type", "currency"}, file.Columns)
			})
		}
	}
}

func BenchmarkArrowRecords(b *testing.B) {
	records := plainRecords(200_000, 3)
	for _, c := range []struct {
		name    string
		stream  bool
		options []ipc.Option
	}{{"file", false, nil}, {"stream", true, nil}, {"stream, lz4", true, []ipc.Option{ipc.WithLZ4()}}} {
		path := writeIPC(b, c.stream, arrowRecordBatches(b, usualArrowTypes, records, 64_000), c.options...)
		b.Run(c.name, func(b *testing.B) {
			var batch pipeline.Batch
			rows := int64(0)
			for b.Loop() {
				opened, err := OpenRecords(context.Background(), []Source{{Files: []string{path}}}, *newOptions())
				require.NoError(b, err)
				require.NoError(b, opened.Cut(b.Context(), func(piece pipeline.Piece) error {
					defer piece.Close()
					for {
						more, err := piece.Next(&batch)
						if err != nil || !more {
							return err
						}
						rows += int64(batch.Rows)
					}
				}))
				opened.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
		})
	}
}

// oneArrowColumn reads one value of a column beside usual others.
func oneArrowColumn(t *testing.T, name string, of arrow.DataType, value string) (plainRecord, error) {
	t.Helper()
	fields := []arrow.Field{
		{Name: "identity_number", Type: arrow.BinaryTypes.String}, {Name: "payment_date", Type: arrow.BinaryTypes.String}, {Name: "amount", Type: arrow.PrimitiveTypes.Int32},
	}
	values := []string{`"640823-3234"`, `"2024-10-04"`, "5"}
	at := 0
	for at < len(fields) && fields[at].Name != name {
		at++
	}
	if at == len(fields) {
		fields, values = append(fields, arrow.Field{}), append(values, "")
	}
	fields[at], values[at] = arrow.Field{Name: name, Type: of, Nullable: true}, value
	columns := make([]arrow.Array, len(fields))
	for i := range fields {
		var err error
		columns[i], _, err = array.FromJSON(memory.DefaultAllocator, fields[i].Type, strings.NewReader("["+values[i]+"]"))
		require.NoError(t, err)
	}
	batch := array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, 1)
	got, _, err := readAny(Source{Files: []string{writeIPC(t, true, []arrow.RecordBatch{batch})}}, newOptions())
	if err != nil {
		return plainRecord{}, err
	}
	require.Len(t, got, 1)
	return got[0], nil
}

func TestArrowAmounts(t *testing.T) {
	decimals := func(scale int32) arrow.DataType { return &arrow.Decimal128Type{Precision: 38, Scale: scale} }
	for _, c := range []struct {
		why   string
		of    arrow.DataType
		value string
		ore   int64
		want  string
	}{
		{"öre as they are", decimals(2), `"-123.45"`, -12345, ""},
		{"the most there is", decimals(2), `"9999999999999999.99"`, 999_999_999_999_999_999, ""},
		{"the least there is", decimals(2), `"-9999999999999999.99"`, -999_999_999_999_999_999, ""},
		{"one öre too much", decimals(2), `"10000000000000000.00"`, 0, `amount amount_range false "10000000000000000.00"`},
		{"the least of 64 bits, which is also a mark", decimals(2), `"-92233720368547758.08"`, 0, `amount amount_range false "-92233720368547758.08"`},
		{"eighteen digits, as Spark has by default", decimals(18), `"-12345.67"`, -1234567, ""},
		{"finer than öre", decimals(18), `"0.001"`, 0, `amount bad_amount false "0.001000000000000000"`},
		{"256 bits, beyond 128", &arrow.Decimal256Type{Precision: 76, Scale: 2}, `"1234567890123456789012345678901234567890123.45"`, 0, `amount amount_range false "1234567890123456789012345678901234567890123.45"`},
		{"32 bits", &arrow.Decimal32Type{Precision: 9, Scale: 2}, `"-1.05"`, -105, ""},
		{"whole kronor of eight bits", arrow.PrimitiveTypes.Int8, "-3", -300, ""},
		{"whole kronor of eight bits without sign", arrow.PrimitiveTypes.Uint8, "255", 25500, ""},
		{"whole kronor of 32 bits without sign", arrow.PrimitiveTypes.Uint32, "4294967295", 429496729500, ""},
		{"whole kronor of 64 bits without sign, beyond", arrow.PrimitiveTypes.Uint64, "18446744073709551615", 0, `amount amount_range false "18446744073709551615"`},
		{"a float that is öre", arrow.PrimitiveTypes.Float64, "1234.56", 123456, ""},
		{"a float that is none", arrow.PrimitiveTypes.Float64, "0.005", 0, `amount bad_amount false "0.005"`},
		{"a short float", arrow.PrimitiveTypes.Float32, "1234.56", 123456, ""},
		{"text", arrow.BinaryTypes.String, `"1 234,5"`, 0, `amount bad_amount false "1 234,5"`},
		{"text with a point", arrow.BinaryTypes.LargeString, `"1 234.5"`, 123450, ""},
		{"null", decimals(2), "null", 0, `amount missing_amount false ""`},
		{"in a dictionary", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Int64}, "7", 700, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := oneArrowColumn(t, "amount", c.of, c.value)
			require.NoError(t, err)
			assert.Equal(t, c.ore, got.ore)
			assert.Equal(t, c.want, got.reject)
		})
	}
}

func TestArrowDays(t *testing.T) {
	zoned := func(unit arrow.TimeUnit, zone string) arrow.DataType {
		return &arrow.TimestampType{Unit: unit, TimeZone: zone}
	}
	day := calendar.Of(2024, 7, 1)
	for _, c := range []struct {
		why   string
		of    arrow.DataType
		value string
		want  calendar.Day
	}{
		{"the day that it shows", zoned(arrow.Second, ""), `"2024-07-01 23:30:00"`, day},
		{"the day in Sweden", zoned(arrow.Second, "UTC"), `"2024-06-30 23:30:00Z"`, day},
		{"the day in Sweden, whatever the zone", zoned(arrow.Nanosecond, "America/New_York"), `"2024-06-30 23:30:00Z"`, day},
		{"milliseconds before 1970", zoned(arrow.Millisecond, ""), `"1969-12-31 23:59:59.999"`, calendar.Of(1969, 12, 31)},
		{"microseconds", zoned(arrow.Microsecond, ""), `"2024-07-01 00:00:00"`, day},
		{"days of milliseconds", arrow.FixedWidthTypes.Date64, `"2024-07-01"`, day},
		{"text with a zone", arrow.BinaryTypes.StringView, `"2024-06-30T23:30:00Z"`, day},
		{"no day", arrow.FixedWidthTypes.Date32, "null", calendar.Missing},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := oneArrowColumn(t, "period_start", c.of, c.value)
			require.NoError(t, err)
			assert.Empty(t, got.reject)
			assert.Equal(t, c.want, got.start)
		})
	}
}

func TestArrowNumbersAndKeys(t *testing.T) {
	for _, c := range []struct {
		why, column string
		of          arrow.DataType
		value, want string
	}{
		{"binary", "identity_number", arrow.BinaryTypes.Binary, `"NjQwODIzLTMyMzQ="`, "640823-3234"},
		{"large binary", "identity_number", arrow.BinaryTypes.LargeBinary, `"NjQwODIzLTMyMzQ="`, "640823-3234"},
		{"fixed", "identity_number", &arrow.FixedSizeBinaryType{ByteWidth: 11}, `"NjQwODIzLTMyMzQ="`, "640823-3234"},
		{"integers", "identity_number", arrow.PrimitiveTypes.Int64, "6408233234", "6408233234"},
		{"whole decimals", "identity_number", &arrow.Decimal128Type{Precision: 12}, `"196408233234"`, "196408233234"},
		{"integers beyond 64 bits", "identity_number", arrow.PrimitiveTypes.Uint64, "18446744073709551615", "18446744073709551615"},
		{"decimals beyond 64 bits", "identity_number", &arrow.Decimal128Type{Precision: 38}, `"-18446744073709551617"`, "-18446744073709551617"},
		{"decimals of 256 bits", "identity_number", &arrow.Decimal256Type{Precision: 76}, `"12345678901234567890123456789012345678901234567890"`, "12345678901234567890123456789012345678901234567890"},
		{"keys beyond 64 bits", "record_id", &arrow.Decimal128Type{Precision: 38}, `"98765432109876543210"`, "98765432109876543210"},
		{"keys of integers", "record_id", arrow.PrimitiveTypes.Uint16, "65535", "65535"},
		{"keys that are UUIDs", "record_id", extensions.NewUUIDType(), `"c0ffee00-0000-4000-8000-00000000beef"`, "c0ffee00-0000-4000-8000-00000000beef"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := oneArrowColumn(t, c.column, c.of, c.value)
			require.NoError(t, err)
			if c.column == "record_id" {
				assert.Equal(t, c.want, got.recordID)
				return
			}
			assert.Equal(t, c.want, got.given)
			if len(c.want) < 13 {
				assert.NotZero(t, got.text.Kind)
			} else {
				assert.Equal(t, identity.Parse([]byte(c.want)), got.text)
			}
		})
	}
}

func TestArrowColumnsThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		why, column string
		of          arrow.DataType
		value, want string
	}{
		{"nested", "amount", arrow.ListOf(arrow.PrimitiveTypes.Int64), "[1]", "column amount is of type list; amount is read from decimal, decimal without digits after the point, integers, double or float, text"},
		{"floats of 16 bits", "amount", arrow.FixedWidthTypes.Float16, "1", "column amount is of type float16; amount is read from"},
		{"numbers as floats", "identity_number", arrow.PrimitiveTypes.Float64, "6408233234", "column identity_number is of type float64; identity_number is read from text, integers"},
		{"no values at all where one is required", "amount", arrow.Null, "null", "column amount has no values; amount is required"},
		{"a duration", "payment_date", arrow.FixedWidthTypes.Duration_s, "1", "column payment_date is of type duration"},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := oneArrowColumn(t, c.column, c.of, c.value)
			require.ErrorContains(t, err, c.want)
		})
	}
	got, err := oneArrowColumn(t, "agency", arrow.Null, "null")
	require.NoError(t, err, "a column of nulls that is optional")
	assert.Empty(t, got.agency)
	_, _, err = readAny(Source{
		Files:   []string{writeIPC(t, true, arrowRecordBatches(t, usualArrowTypes, plainRecords(1, 1), 1))},
		Columns: map[string]string{"identity_number": "PNR"},
	}, newOptions())
	require.ErrorContains(t, err, "it has no column PNR (for identity_number); its columns are nested, identity_number, record_id")
}

// A night with no payments is written by pandas with columns of the type that has no
// values, since nothing tells what theirs would have been.
func TestArrowOfNoRowsHasColumnsOfNoValues(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "identity_number", Type: arrow.Null, Nullable: true}, {Name: "payment_date", Type: arrow.Null, Nullable: true}, {Name: "amount", Type: arrow.Null, Nullable: true},
	}, nil)
	of := func(rows int) arrow.RecordBatch {
		columns := []arrow.Array{array.NewNull(rows), array.NewNull(rows), array.NewNull(rows)}
		return array.NewRecordBatch(schema, columns, int64(rows))
	}
	for _, c := range []struct {
		why      string
		isStream bool
		batches  []arrow.RecordBatch
		refused  bool
	}{
		{"a file of no record batches", false, nil, false},
		{"a file of an empty record batch", false, []arrow.RecordBatch{of(0)}, false},
		{"a file with rows", false, []arrow.RecordBatch{of(0), of(1)}, true},
		{"a stream of no record batches", true, nil, false},
		{"a stream of an empty record batch", true, []arrow.RecordBatch{of(0)}, false},
		{"a stream with rows", true, []arrow.RecordBatch{of(0), of(1)}, true},
	} {
		t.Run(c.why, func(t *testing.T) {
			path := writeIPCOf(t, c.isStream, schema, c.batches)
			records, file, err := readAny(Source{Files: []string{path}}, newOptions())
			if c.refused {
				require.EqualError(t, err, "cannot read "+path+": column identity_number has no values; identity_number is required")
				return
			}
			require.NoError(t, err)
			assert.Empty(t, records)
			assert.Zero(t, file.Extent)
		})
	}
	t.Run("what has rows is refused before anything is read where its end tells", func(t *testing.T) {
		path := writeIPCOf(t, false, schema, []arrow.RecordBatch{of(1)})
		_, err := OpenRecords(context.Background(), []Source{{Files: []string{path}}}, *newOptions())
		require.ErrorContains(t, err, "column identity_number has no values")
	})
}

// A stream may put another dictionary in place of one, and add to one.
func TestArrowDictionariesThatChange(t *testing.T) {
	types := usualArrowTypes
	types.word = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.BinaryTypes.String}
	records := plainRecords(sized(9000, 3000), 8)
	for name, options := range map[string][]ipc.Option{"replaced": nil, "grown": {ipc.WithDictionaryDeltas(true)}} {
		t.Run(name, func(t *testing.T) {
			path := writeIPC(t, true, arrowRecordBatches(t, types, records, 100), options...)
			got, _, err := readAny(Source{Files: []string{path}}, newOptions())
			require.NoError(t, err)
			requireSame(t, records, got)
		})
	}
	t.Run("added to", func(t *testing.T) {
		base := arrowRecordBatches(t, usualArrowTypes, records[:3], 1)
		var batches []arrow.RecordBatch
		for i, dictionary := range []struct{ entries, index string }{{`["a"]`, "[0]"}, {`["a", "bb", null]`, "[1]"}, {`["a", "bb", null, "ccc"]`, "[3]"}} {
			entries, _, err := array.FromJSON(memory.DefaultAllocator, arrow.BinaryTypes.String, strings.NewReader(dictionary.entries))
			require.NoError(t, err)
			indexes, _, err := array.FromJSON(memory.DefaultAllocator, arrow.PrimitiveTypes.Int16, strings.NewReader(dictionary.index))
			require.NoError(t, err)
			columns := append([]arrow.Array{}, base[i].Columns()...)
			columns[8] = array.NewDictionaryArray(types.word, indexes, entries)
			fields := append([]arrow.Field{}, base[i].Schema().Fields()...)
			fields[8].Type = types.word
			batches = append(batches, array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, 1))
		}
		got, _, err := readAny(Source{Files: []string{writeIPC(t, true, batches, ipc.WithDictionaryDeltas(true))}}, newOptions())
		require.NoError(t, err)
		require.Len(t, got, 3)
		assert.Equal(t, []string{"a", "bb", "ccc"}, []string{got[0].agency, got[1].agency, got[2].agency})
	})
}

// textArray is an array of utf8 with the bytes and offsets as they are given.
func textArray(data string, offsets []int32, validity byte) arrow.Array {
	var raw []byte
	for _, offset := range offsets {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(offset))
	}
	buffers := []*memory.Buffer{memory.NewBufferBytes([]byte{validity}), memory.NewBufferBytes(raw), memory.NewBufferBytes([]byte(data))}
	rows := len(offsets) - 1
	return array.NewStringData(array.NewData(arrow.BinaryTypes.String, rows, buffers, nil, array.UnknownNullCount, 0))
}

// A row without a value may have bytes all the same, and an entry of a
// dictionary may be null.
func TestArrowHiddenValues(t *testing.T) {
	records := plainRecords(3, 4)
	base := arrowRecordBatches(t, usualArrowTypes, records, 3)[0]
	columns := append([]arrow.Array{}, base.Columns()...)
	fields := append([]arrow.Field{}, base.Schema().Fields()...)
	columns[2] = textArray("one--xthree", []int32{0, 3, 6, 11}, 0b101)
	entries := textArray("xcsn", []int32{0, 1, 4}, 0b10)
	fields[8].Type = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	indexes, _, err := array.FromJSON(memory.DefaultAllocator, arrow.PrimitiveTypes.Int8, strings.NewReader("[0, 1, null]"))
	require.NoError(t, err)
	columns[8] = array.NewDictionaryArray(fields[8].Type, indexes, entries)
	for i := range records {
		records[i].recordID = []string{"one", "", "three"}[i]
		records[i].agency = []string{"", "csn", ""}[i]
	}
	batch := array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, 3)
	got, _, err := readAny(Source{Files: []string{writeIPC(t, false, []arrow.RecordBatch{batch})}}, newOptions())
	require.NoError(t, err)
	requireSame(t, records, got)
}

// A record batch of many rows is read by several workers.
func TestArrowLargeRecordBatch(t *testing.T) {
	const times = 20
	some := plainRecords(arrowPieceRows/times+100, 6)
	records := slices.Repeat(some, times)
	part := arrowRecordBatches(t, usualArrowTypes, some, len(some))[0]
	columns := slices.Clone(part.Columns())
	for i, column := range columns {
		var err error
		columns[i], err = array.Concatenate(slices.Repeat([]arrow.Array{column}, times), memory.DefaultAllocator)
		require.NoError(t, err)
	}
	whole := array.NewRecordBatch(part.Schema(), columns, int64(len(records)))
	for _, options := range [][]ipc.Option{nil, {ipc.WithLZ4()}} {
		path := writeIPC(t, false, []arrow.RecordBatch{whole}, options...)
		got, _, err := readAny(Source{Files: []string{path}}, newOptions())
		require.NoError(t, err)
		requireSame(t, records, got)
	}
}

func TestArrowFromAPipe(t *testing.T) {
	records := plainRecords(5000, 5)
	for _, stream := range []bool{true, false} {
		contents, err := os.ReadFile(writeIPC(t, stream, arrowRecordBatches(t, usualArrowTypes, records, 7)))
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "pipe")
		require.NoError(t, syscall.Mkfifo(path, 0o600))
		written := make(chan error, 1)
		go func() { written <- os.WriteFile(path, contents, 0o600) }()
		options := newOptions()
		options.Digest = true
		got, file, err := readAny(Source{Files: []string{path}}, options)
		if !stream {
			require.ErrorContains(t, err, "cannot read "+path+": an Arrow file is read from its end")
			<-written // fails, since nobody reads on
			continue
		}
		require.NoError(t, err)
		require.NoError(t, <-written)
		requireSame(t, records, got)
		assert.Equal(t, sha256.Sum256(contents), file.SHA256)
		assert.Equal(t, int64(len(contents)), file.Size)
	}
}

func TestArrowFilesThatAreRefused(t *testing.T) {
	batches := arrowRecordBatches(t, usualArrowTypes, plainRecords(20, 1), 10)
	file, err := os.ReadFile(writeIPC(t, false, batches))
	require.NoError(t, err)
	stream, err := os.ReadFile(writeIPC(t, true, batches))
	require.NoError(t, err)
	damaged := func(contents []byte, at int, value ...byte) []byte {
		contents = bytes.Clone(contents)
		copy(contents[at:], value)
		return contents
	}
	for _, c := range []struct {
		why      string
		contents []byte
		want     string
	}{
		{"a stream that its writer did not end", stream[:len(stream)-8], "it is cut off: it ends before its end-of-stream marker"},
		{"two streams in one file", append(bytes.Clone(stream), stream...), "it goes on after its end-of-stream marker; files of several streams cannot be read"},
		{"a file that is cut off in its footer", file[:len(file)-20], "it is cut off: it does not end with ARROW1"},
		{"a footer longer than the file", damaged(file, len(file)-8, 1), "it is damaged: a footer of "},
		{"metadata of two gigabytes", damaged(stream, 4, 0xff, 0xff, 0xff, 0x7f), "a message has metadata of 2147483647 bytes; at most 67108864 are taken"},
		{"nothing but the magic", []byte("ARROW1\x00\x00"), "it is cut off"},
		{"nothing but the mark", []byte(arrowipc.StreamMagic), "it is cut off"},
		{"Feather, version 1", []byte("FEA1\x00\x00\x00\x00"), "a Feather file of version 1"},
	} {
		t.Run(c.why, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "input")
			require.NoError(t, os.WriteFile(path, c.contents, 0o600))
			_, _, err := readAny(Source{Files: []string{path}}, newOptions())
			require.ErrorContains(t, err, "cannot read "+path+": ")
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Whatever a file's bytes are, reading it ends with records or with an error
// that names the file.
func TestArrowDamage(t *testing.T) {
	types := usualArrowTypes
	types.word = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	types.text = arrow.BinaryTypes.StringView
	for name, form := range map[string]struct {
		stream  bool
		options []ipc.Option
	}{"file": {false, nil}, "stream, lz4": {true, []ipc.Option{ipc.WithLZ4()}}, "stream, zstd": {true, []ipc.Option{ipc.WithZstd()}}} {
		t.Run(name, func(t *testing.T) {
			contents, err := os.ReadFile(writeIPC(t, form.stream, arrowRecordBatches(t, types, plainRecords(40, 9), 40), form.options...))
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "input")
			try := func(contents []byte) error {
				require.NoError(t, os.WriteFile(path, contents, 0o600))
				_, _, err := readAny(Source{Files: []string{path}}, newOptions())
				if err != nil {
					require.ErrorContains(t, err, "cannot read "+path+": ")
				}
				return err
			}
			require.NoError(t, try(contents))
			step := 5
			if testing.Short() {
				step = sized(41, 197)
			}
			for length := len(arrowipc.FileMagic); length < len(contents); length += 5 * step {
				require.Error(t, try(contents[:length]), "cut off after %d bytes", length)
			}
			refused := 0
			for at := 0; at < len(contents); at += step {
				for _, mask := range []byte{0x01, 0x80, 0xff} {
					changed := bytes.Clone(contents)
					changed[at] ^= mask
					if try(changed) != nil {
						refused++
					}
				}
			}
			t.Logf("%d of %d changed files were refused", refused, 3*(len(contents)+step-1)/step)
			require.NotZero(t, refused)
		})
	}
}

func TestArrowExtract(t *testing.T) {
	entries := plainEntries(sized(40_000, 18_000), 3)
	parquetPath := writeParquet(t, len(entries), 9000, entryColumns(entries, false))
	read := func(path string) (rows []plainEntry) {
		_, err := ReadExtract(context.Background(), Source{Files: []string{path}}, *newOptions(), func(x *register.Extract) error {
			rows = appendEntries(rows, x)
			return nil
		})
		require.NoError(t, err)
		return rows
	}
	want := read(parquetPath)

	word := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.BinaryTypes.String}
	date := arrow.FixedWidthTypes.Date32
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "number", Type: arrow.PrimitiveTypes.Int64}, {Name: "linked_number", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "status", Type: word}, {Name: "status_reason", Type: word, Nullable: true}, {Name: "identity_level", Type: word, Nullable: true},
		{Name: "deceased_on", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "status_from", Type: date, Nullable: true},
		{Name: "known_from", Type: date, Nullable: true}, {Name: "assigned_on", Type: arrow.FixedWidthTypes.Timestamp_ms, Nullable: true},
		{Name: "protected", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "renewed_on", Type: arrow.FixedWidthTypes.Date64, Nullable: true}, {Name: "inactive_expected_on", Type: date, Nullable: true},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	text := func(field int, value string) {
		if value == "" {
			builder.Field(field).AppendNull()
			return
		}
		require.NoError(t, builder.Field(field).AppendValueFromString(value))
	}
	for i := range entries {
		e := &entries[i]
		builder.Field(0).(*array.Int64Builder).Append(int64(e.number))
		text(1, string(e.linked.AppendDigits(nil)))
		text(2, e.status)
		text(3, e.reason)
		text(4, e.level)
		text(5, e.deceased.String())
		for field, day := range map[int]calendar.Day{6: e.from, 7: e.known, 8: e.assigned, 10: e.renewed, 11: e.expected} {
			if day == calendar.Missing {
				builder.Field(field).AppendNull()
				continue
			}
			appendArrowDay(t, builder.Field(field), day)
		}
		switch e.protected {
		case register.NoValue:
			builder.Field(9).AppendNull()
		default:
			builder.Field(9).(*array.BooleanBuilder).Append(e.protected == register.True)
		}
	}
	batch := builder.NewRecordBatch()
	for _, options := range [][]ipc.Option{nil, {ipc.WithZstd()}} {
		got := read(writeIPC(t, true, []arrow.RecordBatch{batch.NewSlice(0, 17_000), batch.NewSlice(17_000, int64(len(entries)))}, options...))
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.True(t, want[i] == got[i], "row %d differs", i)
		}
	}
}

// The memory that a file takes does not come from what it says of itself.
func TestArrowForgedLengths(t *testing.T) {
	stream, err := os.ReadFile(writeIPC(t, true, arrowRecordBatches(t, usualArrowTypes, plainRecords(50, 1), 50), ipc.WithLZ4()))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "input")
	for at := 0; at+8 <= len(stream); at += sized(8, 24) {
		changed := bytes.Clone(stream)
		binary.LittleEndian.PutUint64(changed[at:], 1<<30)
		require.NoError(t, os.WriteFile(path, changed, 0o600))
		before := heapAllocated()
		_, _, _ = readAny(Source{Files: []string{path}}, newOptions())
		require.Less(t, heapAllocated()-before, uint64(96<<20), "a gigabyte told at byte %d", at)
	}
}

// heapAllocated is how many bytes have been taken so far.
func heapAllocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}
