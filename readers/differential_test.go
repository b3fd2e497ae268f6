package readers

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/memory"
	arrowparquet "github.com/apache/arrow-go/v18/parquet"
	arrowcompress "github.com/apache/arrow-go/v18/parquet/compress"
	arrowfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/avstam/avstam/calendar"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// differentialFiles is how many random files the differential test writes;
// AVSTAM_FILES says another number.
const differentialFiles = 200

// comparedRow is what two readers must agree on of a row.
type comparedRow struct {
	given, agency   string
	date            calendar.Day
	ore             int64
	noDate, noMoney bool // and so rejected
}

// comparedSums are the sums over the rows of a file.
type comparedSums struct {
	rows, noDates, noMoney   int
	ore, days, given, agency int64 // given and agency are in bytes
}

func sumsOf(rows []comparedRow) (sums comparedSums) {
	for _, r := range rows {
		sums.rows++
		if r.noDate {
			sums.noDates++
		}
		if r.noMoney {
			sums.noMoney++
		}
		sums.ore += r.ore
		sums.days += int64(r.date)
		sums.given += int64(len(r.given))
		sums.agency += int64(len(r.agency))
	}
	return sums
}

// Random files of types, encodings, codecs, nulls, pages and row groups as two
// writers have them: our reader finds what was written, and so does arrow-go's.
func TestParquetAgreesWithArrow(t *testing.T) {
	files := differentialFiles
	if text := os.Getenv("AVSTAM_FILES"); text != "" {
		var err error
		files, err = strconv.Atoi(text)
		require.NoError(t, err, "AVSTAM_FILES is a number of files")
	} else if testing.Short() {
		files = 20
	}
	notRead := 0
	for seed := range uint64(files) {
		random := rand.New(rand.NewPCG(seed, 3))
		rows := randomRows(random)
		path := filepath.Join(t.TempDir(), "random.parquet")
		var description string
		if seed%2 == 0 {
			description = writeRandomParquet(t, random, path, rows)
		} else {
			description = writeRandomArrow(t, random, path, rows)
		}
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			theirs, err := rowsOfArrow(t, path)
			if err != nil {
				t.Log("arrow-go cannot read it: ", err, description)
				notRead++
				theirs = rows
			}
			requireSameRows(t, rows, theirs, "arrow-go reads what was not written: "+description)
			read, _, err := readRecords(path, &Source{}, newOptions())
			require.NoError(t, err, description)
			ours := make([]comparedRow, len(read))
			for i, r := range read {
				noDate, noMoney := strings.HasPrefix(r.reject, "payment_date missing_date"), strings.HasPrefix(r.reject, "amount missing_amount")
				if r.reject != "" && !noDate && !noMoney {
					require.Fail(t, "a row is rejected", "row %d: %s %s", i, strings.Join(strings.Fields(r.reject)[:2], " "), description)
				}
				ours[i] = comparedRow{r.given, r.agency, r.date, r.ore, noDate, noMoney}
				if i >= len(rows) {
					continue
				}
				// A row is rejected once, for the first fault, and its other columns need not be read.
				if noDate && rows[i].noMoney {
					ours[i].noMoney = true
				}
				if noDate || noMoney {
					ours[i].given, ours[i].agency, ours[i].date, ours[i].ore = rows[i].given, rows[i].agency, rows[i].date, rows[i].ore
				}
			}
			requireSameRows(t, theirs, ours, description)
		})
	}
	// It reads no DELTA_BYTE_ARRAY of FIXED_LEN_BYTE_ARRAY, and no pages of nulls in brotli.
	assert.LessOrEqual(t, 10*notRead, files, "arrow-go reads nine files of ten")
}

func requireSameRows(t *testing.T, want, got []comparedRow, description string) {
	t.Helper()
	require.Equal(t, sumsOf(want), sumsOf(got), description)
	for i := range want {
		if want[i] != got[i] {
			w, g := want[i], got[i]
			sameNumber := w.given == g.given
			w.given, g.given = "", ""
			require.Equal(t, w, g, "row %d: %s", i, description)
			require.True(t, sameNumber, "row %d has another number: %s", i, description)
		}
	}
}

// randomRows are rows with runs, repetitions and nulls, as files have them.
func randomRows(random *rand.Rand) []comparedRow {
	counts := []int{0, 1, 7, 8, 9, 100, 1000, 4095, 4096, 4097, 6000}
	rows := make([]comparedRow, counts[random.IntN(len(counts))])
	if len(rows) > 9 {
		rows = rows[:len(rows)-random.IntN(3)]
	}
	people := 1 + random.IntN(len(rows)+1)
	numbers := make([]string, people)
	for i := range numbers {
		numbers[i] = "19" + madeUpDigits(random)
	}
	agencies := make([]string, 1+random.IntN(300))
	for i := range agencies {
		agencies[i] = strings.Repeat("å", random.IntN(4)) + strconv.Itoa(i)
	}
	nulls := []float64{0, 0, 0.001, 0.3, 0.97}[random.IntN(5)]
	missing := nulls > 0 && random.IntN(2) == 0 // also of days and amounts
	var run, person int
	for i := range rows {
		r := &rows[i]
		if run--; run < 0 {
			run, person = random.IntN(1+random.IntN(40)), random.IntN(people)
		}
		r.given = numbers[person]
		r.agency = agencies[random.IntN(1+random.IntN(len(agencies)))]
		r.date = calendar.Of(2024, 1, 1) + calendar.Day(random.IntN(700))
		// Whole hundreds, so that kronor can be written as integers.
		r.ore = 100 * (random.Int64N(200_000) - 50_000)
		if random.Float64() < nulls {
			r.agency = ""
		}
		if missing && random.Float64() < nulls {
			r.date, r.noDate = 0, true
		}
		if missing && random.Float64() < nulls {
			r.ore, r.noMoney = 0, true
		}
	}
	return rows
}

// madeUpDigits are the last ten digits of a personal number of the year 19xx.
func madeUpDigits(random *rand.Rand) string {
	for {
		text := strings.ReplaceAll(madeUpNumber(random), "-", "")
		return text[len(text)-10:]
	}
}

// instantOf is a moment of a day in Sweden, without a fraction of a second.
func instantOf(random *rand.Rand, day calendar.Day) time.Time {
	return time.Unix(int64(day)*86400, 0).UTC().Add(time.Duration(random.IntN(86400)) * time.Second)
}

func inSweden(t *testing.T, moment time.Time) time.Time {
	t.Helper()
	sweden, err := time.LoadLocation("Europe/Stockholm")
	require.NoError(t, err)
	moment = moment.UTC()
	return time.Date(moment.Year(), moment.Month(), moment.Day(), moment.Hour(), moment.Minute(), moment.Second(), 0, sweden)
}

// ——— parquet-go writes ———

func writeRandomParquet(t *testing.T, random *rand.Rand, path string, rows []comparedRow) (description string) {
	t.Helper()
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	optional := func(name string, node parquet.Node, needed bool) parquet.Node {
		if needed || random.IntN(2) == 0 {
			note("%s optional", name)
			return parquet.Optional(node)
		}
		return node
	}
	hasNull := func(of func(*comparedRow) bool) bool {
		for i := range rows {
			if of(&rows[i]) {
				return true
			}
		}
		return false
	}

	identity := testColumn{name: "identity_number"}
	switch random.IntN(4) {
	case 0:
		identity.node, identity.value = parquet.String(), func(row int) parquet.Value { return parquet.ByteArrayValue([]byte(rows[row].given)) }
	case 1:
		identity.node, identity.value = parquet.Leaf(parquet.FixedLenByteArrayType(12)), func(row int) parquet.Value {
			return parquet.FixedLenByteArrayValue([]byte(rows[row].given))
		}
	case 2:
		identity.node, identity.value = parquet.Int(64), func(row int) parquet.Value { return parquet.Int64Value(mustInteger(rows[row].given)) }
	case 3:
		identity.node, identity.value = parquet.Decimal(0, 12, parquet.Int64Type), func(row int) parquet.Value { return parquet.Int64Value(mustInteger(rows[row].given)) }
	}

	money := testColumn{name: "amount"}
	switch kind := random.IntN(8); kind {
	case 0:
		money.node, money.value = parquet.Decimal(2, 18, parquet.Int64Type), func(row int) parquet.Value { return parquet.Int64Value(rows[row].ore) }
	case 1:
		money.node, money.value = parquet.Decimal(2, 9, parquet.Int32Type), func(row int) parquet.Value { return parquet.Int32Value(int32(rows[row].ore)) }
	case 2, 3:
		width := []int{5, 8, 9, 16}[random.IntN(4)]
		scale := 2 + 2*random.IntN(2)
		money.node = parquet.Decimal(scale, 11, parquet.FixedLenByteArrayType(width))
		money.value = func(row int) parquet.Value {
			return decimalBytes(strconv.FormatInt(rows[row].ore, 10)+strings.Repeat("0", scale-2), width)
		}
	case 4:
		money.node, money.value = parquet.Int(32), func(row int) parquet.Value { return parquet.Int32Value(int32(rows[row].ore / 100)) }
	case 5:
		money.node, money.value = parquet.Leaf(parquet.DoubleType), func(row int) parquet.Value { return parquet.DoubleValue(float64(rows[row].ore) / 100) }
	case 6:
		money.node, money.value = parquet.Leaf(parquet.FloatType), func(row int) parquet.Value { return parquet.FloatValue(float32(rows[row].ore / 100)) }
	case 7:
		money.node, money.value = parquet.Decimal(1, 18, parquet.ByteArrayType), func(row int) parquet.Value {
			return parquet.ByteArrayValue(decimalBytes(strconv.FormatInt(rows[row].ore/10, 10), 6).ByteArray())
		}
	}

	date := testColumn{name: "payment_date"}
	unit := []parquet.TimeUnit{parquet.Millisecond, parquet.Microsecond, parquet.Nanosecond}[random.IntN(3)]
	switch random.IntN(5) {
	case 0:
		date.node, date.value = parquet.Date(), func(row int) parquet.Value { return parquet.Int32Value(int32(rows[row].date)) }
	case 1:
		date.node, date.value = parquet.TimestampAdjusted(unit, false), func(row int) parquet.Value {
			return parquet.Int64Value(instantOf(random, rows[row].date).UnixNano() / int64(unit.Duration()))
		}
	case 2:
		date.node, date.value = parquet.Timestamp(unit), func(row int) parquet.Value {
			return parquet.Int64Value(inSweden(t, instantOf(random, rows[row].date)).UnixNano() / int64(unit.Duration()))
		}
	case 3:
		date.node, date.value = parquet.Leaf(parquet.Int96Type), func(row int) parquet.Value {
			moment := inSweden(t, instantOf(random, rows[row].date))
			day := moment.Unix() / 86400
			nanoseconds := uint64(moment.UnixNano() - day*86400e9)
			return parquet.Int96Value(deprecated.Int96{uint32(nanoseconds), uint32(nanoseconds >> 32), uint32(day + 2_440_588)})
		}
	case 4:
		date.node, date.value = parquet.String(), func(row int) parquet.Value { return parquet.ByteArrayValue([]byte(rows[row].date.String())) }
	}

	agency := testColumn{name: "agency", node: parquet.String(), value: func(row int) parquet.Value { return parquet.ByteArrayValue([]byte(rows[row].agency)) }}
	if random.IntN(4) == 0 {
		agency.node = parquet.Enum()
	}

	columns := []testColumn{identity, money, date, agency}
	isNull := []func(*comparedRow) bool{
		func(*comparedRow) bool { return false },
		func(r *comparedRow) bool { return r.noMoney },
		func(r *comparedRow) bool { return r.noDate },
		func(r *comparedRow) bool { return r.agency == "" && random.IntN(2) == 0 },
	}
	for i := range columns {
		column := &columns[i]
		note("%s %s", column.name, column.node.Type())
		encodings := []parquet.Node{column.node, parquet.Encoded(column.node, &parquet.Plain)}
		switch column.node.Type().Kind() {
		case parquet.ByteArray:
			encodings = append(encodings, parquet.Encoded(column.node, &parquet.RLEDictionary), parquet.Encoded(column.node, &parquet.DeltaLengthByteArray), parquet.Encoded(column.node, &parquet.DeltaByteArray))
		case parquet.Int32, parquet.Int64:
			encodings = append(encodings, parquet.Encoded(column.node, &parquet.RLEDictionary), parquet.Encoded(column.node, &parquet.DeltaBinaryPacked), parquet.Encoded(column.node, &parquet.ByteStreamSplit))
		case parquet.Float, parquet.Double:
			encodings = append(encodings, parquet.Encoded(column.node, &parquet.RLEDictionary), parquet.Encoded(column.node, &parquet.ByteStreamSplit))
		case parquet.FixedLenByteArray:
			encodings = append(encodings, parquet.Encoded(column.node, &parquet.RLEDictionary), parquet.Encoded(column.node, &parquet.DeltaByteArray), parquet.Encoded(column.node, &parquet.ByteStreamSplit))
		}
		at := random.IntN(len(encodings))
		column.node = encodings[at]
		if encoding := column.node.Encoding(); encoding != nil {
			note("%s", encoding)
		}
		column.node = optional(column.name, column.node, i == 3 || hasNull(isNull[i]))
		value := column.value
		column.value = func(row int) parquet.Value {
			if column.node.Optional() && isNull[i](&rows[row]) {
				return parquet.NullValue()
			}
			return value(row)
		}
	}

	codecs := []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Brotli, &parquet.Zstd, &parquet.Lz4Raw}
	codec := codecs[random.IntN(len(codecs))]
	version := 1 + random.IntN(2)
	pageBytes := 64 << random.IntN(14)
	dictionaryBytes := int64(64 << random.IntN(14))
	rowGroup := 1 + random.IntN(max(len(rows), 1))
	rowGroup = max(rowGroup, len(rows)/20)
	note("%s, data pages v%d of %d bytes, dictionaries up to %d bytes, row groups of %d of %d rows", codec, version, pageBytes, dictionaryBytes, rowGroup, len(rows))
	written := writeParquet(t, len(rows), rowGroup, columns, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(pageBytes),
		parquet.DictionaryMaxBytes(dictionaryBytes), parquet.DataPageStatistics(random.IntN(2) == 0))
	require.NoError(t, os.Rename(written, path))
	return "parquet-go: " + strings.Join(notes, ", ")
}

func mustInteger(text string) int64 {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic("BUG: a made-up number is none")
	}
	return number
}

// ——— arrow-go writes ———

func writeRandomArrow(t *testing.T, random *rand.Rand, path string, rows []comparedRow) (description string) {
	t.Helper()
	choose := func(types ...arrow.DataType) arrow.DataType { return types[random.IntN(len(types))] }
	unit := []arrow.TimeUnit{arrow.Second, arrow.Millisecond, arrow.Microsecond, arrow.Nanosecond}[random.IntN(4)]
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "identity_number", Type: choose(arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint64,
			&arrow.FixedSizeBinaryType{ByteWidth: 12}, &arrow.Decimal128Type{Precision: 12}), Nullable: random.IntN(2) == 0},
		{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int32), Nullable: true},
		{Name: "amount", Type: choose(&arrow.Decimal128Type{Precision: 9, Scale: 2}, &arrow.Decimal128Type{Precision: 18, Scale: 2}, &arrow.Decimal128Type{Precision: 38, Scale: 4},
			&arrow.Decimal256Type{Precision: 60, Scale: 10}, arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String), Nullable: true},
		{Name: "payment_date", Type: choose(arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Date64, &arrow.TimestampType{Unit: unit}, &arrow.TimestampType{Unit: unit, TimeZone: "UTC"},
			arrow.BinaryTypes.String), Nullable: true},
		{Name: "agency", Type: choose(arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.Binary,
			&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.BinaryTypes.String}), Nullable: true},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for _, r := range rows {
		appendText(t, random, builder.Field(0), r.given)
		lists := builder.Field(1).(*array.ListBuilder)
		if random.IntN(3) == 0 {
			lists.AppendNull()
		} else {
			lists.Append(true)
			for range random.IntN(3) {
				lists.ValueBuilder().(*array.Int32Builder).Append(random.Int32())
			}
		}
		if r.noMoney {
			builder.Field(2).AppendNull()
		} else {
			appendMoney(builder.Field(2), r.ore)
		}
		if r.noDate {
			builder.Field(3).AppendNull()
		} else {
			appendDay(t, random, builder.Field(3), r.date)
		}
		if r.agency == "" && random.IntN(2) == 0 {
			builder.Field(4).AppendNull()
		} else {
			appendText(t, random, builder.Field(4), r.agency)
		}
	}
	record := builder.NewRecordBatch()
	defer record.Release()

	codecs := []arrowcompress.Compression{arrowcompress.Codecs.Uncompressed, arrowcompress.Codecs.Snappy, arrowcompress.Codecs.Gzip, arrowcompress.Codecs.Brotli, arrowcompress.Codecs.Zstd, arrowcompress.Codecs.Lz4Raw}
	codec := codecs[random.IntN(len(codecs))]
	version := []arrowparquet.DataPageVersion{arrowparquet.DataPageV1, arrowparquet.DataPageV2}[random.IntN(2)]
	pageBytes, dictionaryBytes, batch := int64(64<<random.IntN(14)), int64(64<<random.IntN(14)), int64(1+random.IntN(1000))
	rowGroup := int64(max(1+random.IntN(max(len(rows), 1)), len(rows)/20))
	properties := []arrowparquet.WriterProperty{
		arrowparquet.WithCompression(codec), arrowparquet.WithDataPageVersion(version), arrowparquet.WithDataPageSize(pageBytes),
		arrowparquet.WithDictionaryPageSizeLimit(dictionaryBytes), arrowparquet.WithBatchSize(batch), arrowparquet.WithMaxRowGroupLength(rowGroup),
		arrowparquet.WithStoreDecimalAsInteger(random.IntN(2) == 0), arrowparquet.WithStats(random.IntN(2) == 0), arrowparquet.WithPageIndexEnabled(random.IntN(4) == 0),
	}
	moments, _ := schema.Field(3).Type.(*arrow.TimestampType)
	int96 := moments != nil && moments.Unit == arrow.Nanosecond && moments.TimeZone == "UTC" && random.IntN(2) == 0
	dictionaries := random.IntN(2) == 0
	if !dictionaries {
		properties = append(properties, arrowparquet.WithDictionaryDefault(false))
		for _, field := range schema.Fields() {
			encodings := []arrowparquet.Encoding{arrowparquet.Encodings.Plain}
			switch field.Type.ID() {
			case arrow.STRING, arrow.LARGE_STRING, arrow.BINARY:
				encodings = append(encodings, arrowparquet.Encodings.DeltaByteArray, arrowparquet.Encodings.DeltaLengthByteArray)
			case arrow.INT32, arrow.INT64, arrow.UINT64, arrow.DATE32, arrow.TIMESTAMP:
				if int96 && field.Type.ID() == arrow.TIMESTAMP {
					break // INT96 has no other encoding
				}
				encodings = append(encodings, arrowparquet.Encodings.DeltaBinaryPacked, arrowparquet.Encodings.ByteStreamSplit)
			case arrow.FLOAT32, arrow.FLOAT64, arrow.FIXED_SIZE_BINARY:
				encodings = append(encodings, arrowparquet.Encodings.ByteStreamSplit)
			}
			properties = append(properties, arrowparquet.WithEncodingFor(field.Name, encodings[random.IntN(len(encodings))]))
		}
	}
	arrowOptions := []pqarrow.WriterOption{}
	if int96 {
		arrowOptions = append(arrowOptions, pqarrow.WithDeprecatedInt96Timestamps(true))
	}
	out, err := os.Create(path)
	require.NoError(t, err)
	writer, err := pqarrow.NewFileWriter(schema, out, arrowparquet.NewWriterProperties(properties...), pqarrow.NewArrowWriterProperties(arrowOptions...))
	require.NoError(t, err)
	require.NoError(t, writer.Write(record))
	require.NoError(t, writer.Close())
	return fmt.Sprintf("arrow-go: %v; %s, data pages %v of %d bytes, dictionaries %t up to %d bytes, batches of %d, row groups of %d of %d rows, int96 %t",
		schema.Fields(), codec, version, pageBytes, dictionaries, dictionaryBytes, batch, rowGroup, len(rows), int96)
}

func appendText(t *testing.T, random *rand.Rand, column array.Builder, text string) {
	t.Helper()
	switch column := column.(type) {
	case *array.StringBuilder:
		column.Append(text)
	case *array.LargeStringBuilder:
		column.Append(text)
	case *array.BinaryBuilder:
		column.Append([]byte(text))
	case *array.FixedSizeBinaryBuilder:
		column.Append([]byte(text))
	case *array.BinaryDictionaryBuilder:
		require.NoError(t, column.AppendString(text))
	case *array.Int64Builder:
		column.Append(mustInteger(text))
	case *array.Uint64Builder:
		column.Append(uint64(mustInteger(text)))
	case *array.Decimal128Builder:
		column.Append(decimal128.FromI64(mustInteger(text)))
	default:
		require.Fail(t, "no text", "%T", column)
	}
}

func appendMoney(column array.Builder, ore int64) {
	switch column := column.(type) {
	case *array.Decimal128Builder:
		if column.Type().(*arrow.Decimal128Type).Scale == 4 {
			ore *= 100
		}
		column.Append(decimal128.FromI64(ore))
	case *array.Decimal256Builder:
		column.Append(decimal256.FromI64(ore * 100_000_000))
	case *array.Float64Builder:
		column.Append(float64(ore) / 100)
	case *array.Float32Builder:
		column.Append(float32(ore / 100))
	case *array.Int32Builder:
		column.Append(int32(ore / 100))
	case *array.StringBuilder:
		column.Append(strconv.FormatInt(ore/100, 10))
	}
}

func appendDay(t *testing.T, random *rand.Rand, column array.Builder, day calendar.Day) {
	t.Helper()
	switch column := column.(type) {
	case *array.Date32Builder:
		column.Append(arrow.Date32(day))
	case *array.Date64Builder:
		column.Append(arrow.Date64(int64(day) * 86_400_000))
	case *array.TimestampBuilder:
		kind := column.Type().(*arrow.TimestampType)
		moment := instantOf(random, day)
		if kind.TimeZone != "" {
			moment = inSweden(t, moment)
		}
		column.Append(arrow.Timestamp(moment.UnixNano() / int64(kind.Unit.Multiplier())))
	case *array.StringBuilder:
		column.Append(day.String())
	default:
		require.Fail(t, "no day", "%T", column)
	}
}

// ——— arrow-go reads ———

// rowsOfArrow reads a file with arrow-go and understands its values by the
// standard library alone.
func rowsOfArrow(t *testing.T, path string) ([]comparedRow, error) {
	t.Helper()
	reader, err := arrowfile.OpenParquetFile(path, false)
	require.NoError(t, err)
	defer reader.Close()
	columns, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	require.NoError(t, err)
	table, err := columns.ReadTable(t.Context())
	if err != nil {
		return nil, err
	}
	defer table.Release()
	rows := make([]comparedRow, table.NumRows())
	each := func(name string, set func(r *comparedRow, values arrow.Array, i int)) {
		indices := table.Schema().FieldIndices(name)
		require.Len(t, indices, 1)
		row := 0
		for _, chunk := range table.Column(indices[0]).Data().Chunks() {
			for i := range chunk.Len() {
				set(&rows[row], chunk, i)
				row++
			}
		}
		require.Len(t, rows, row, "column %s", name)
	}
	each("identity_number", func(r *comparedRow, values arrow.Array, i int) { r.given = textOfArrow(values, i) })
	each("agency", func(r *comparedRow, values arrow.Array, i int) { r.agency = textOfArrow(values, i) })
	each("amount", func(r *comparedRow, values arrow.Array, i int) {
		if r.noMoney = values.IsNull(i); !r.noMoney {
			r.ore = oreOfArrow(t, values, i)
		}
	})
	sweden, err := time.LoadLocation("Europe/Stockholm")
	require.NoError(t, err)
	each("payment_date", func(r *comparedRow, values arrow.Array, i int) {
		if r.noDate = values.IsNull(i); r.noDate {
			return
		}
		var moment time.Time
		switch values := values.(type) {
		case *array.Date32:
			moment = values.Value(i).ToTime()
		case *array.Date64:
			moment = values.Value(i).ToTime()
		case *array.Timestamp:
			kind := values.DataType().(*arrow.TimestampType)
			if moment = values.Value(i).ToTime(kind.Unit); kind.TimeZone != "" {
				moment = moment.In(sweden)
			}
		case *array.String:
			moment, err = time.Parse(time.DateOnly, values.Value(i))
			require.NoError(t, err)
		default:
			require.Fail(t, "no day", "%T", values)
		}
		r.date = calendar.Of(moment.Year(), int(moment.Month()), moment.Day())
	})
	return rows, nil
}

func textOfArrow(values arrow.Array, i int) string {
	if values.IsNull(i) {
		return ""
	}
	switch values := values.(type) {
	case *array.Binary:
		return string(values.Value(i))
	case *array.FixedSizeBinary:
		return string(values.Value(i))
	case *array.Dictionary:
		return textOfArrow(values.Dictionary(), values.GetValueIndex(i))
	case *array.Decimal128:
		return values.Value(i).BigInt().String()
	}
	return values.ValueStr(i)
}

func oreOfArrow(t *testing.T, values arrow.Array, i int) int64 {
	t.Helper()
	var text string
	switch values := values.(type) {
	case *array.Decimal128:
		text = values.Value(i).ToString(values.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Decimal256:
		text = values.Value(i).ToString(values.DataType().(*arrow.Decimal256Type).Scale)
	default:
		text = values.ValueStr(i)
	}
	amount, ok := new(big.Rat).SetString(text)
	require.True(t, ok, "an amount is a number")
	amount.Mul(amount, big.NewRat(100, 1))
	require.True(t, amount.IsInt(), "an amount is in öre")
	return amount.Num().Int64()
}
