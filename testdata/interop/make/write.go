// Command write writes the records and the register of the corpus with arrow-go
// and parquet-go.
//
//	go run ./testdata/interop/make CORPUS MANIFEST
//
// One line of JSON a file goes to MANIFEST.
package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	arrowparquet "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/parquet-go/parquet-go"
)

// table is a CSV file of the corpus: text by column, empty for what is missing.
type table struct {
	name    string
	columns []string
	rows    [][]string
}

type corpus struct {
	folder            string
	notes             *json.Encoder
	records, register table
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder, manifest string) error {
	notes, err := os.Create(manifest)
	if err != nil {
		return err
	}
	defer notes.Close()
	c := corpus{folder: folder, notes: json.NewEncoder(notes)}
	if c.records, err = read(folder, "records"); err != nil {
		return err
	}
	if c.register, err = read(folder, "register"); err != nil {
		return err
	}
	if err := c.writeArrow(); err != nil {
		return err
	}
	return c.writeParquet()
}

func read(folder, name string) (table, error) {
	file, err := os.Open(filepath.Join(folder, name+".csv"))
	if err != nil {
		return table{}, err
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return table{}, err
	}
	return table{name, lines[0], lines[1:]}, nil
}

// create adds a file to the manifest and opens it.
func (c *corpus) create(program, module, name, special string) (*os.File, error) {
	version := ""
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range build.Deps {
			if dependency.Path == module {
				version = dependency.Version
			}
		}
	}
	of, _, _ := strings.Cut(strings.TrimSuffix(name, filepath.Ext(name)), "-")
	path := program + "/" + name
	if err := c.notes.Encode(map[string]string{"file": path, "of": of, "program": program, "version": version, "special": special}); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(c.folder, program), 0o755); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(c.folder, path))
}

// days are those since 1970 of a day in text.
func days(text string) int32 {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic("the corpus has a day that is none")
	}
	return int32(day.Unix() / 86400)
}

// morning is half past midnight in Sweden, in microseconds since 1970: in UTC
// the day before.
func morning(text string) int64 {
	sweden, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		panic(err)
	}
	day, err := time.ParseInLocation(time.DateOnly, text, sweden)
	if err != nil {
		panic("the corpus has a day that is none")
	}
	return day.Add(30 * time.Minute).UnixMicro()
}

func ore(text string) int64 {
	number, err := strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)
	if err != nil {
		panic("the corpus has an amount that is none")
	}
	return number
}

func integer(text string) int64 {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic("the corpus has a number that is none")
	}
	return number
}

func isDay(column string) bool {
	switch column {
	case "payment_date", "period_start", "period_end", "status_from", "known_from", "assigned_on", "renewed_on", "inactive_expected_on":
		return true
	}
	return false
}

// ——— arrow-go ———

// arrowTypes are the types of columns that are not text.
type arrowTypes struct {
	text, word, day, amount, number arrow.DataType
}

func (t *table) arrow(types arrowTypes) arrow.RecordBatch {
	fields := make([]arrow.Field, len(t.columns))
	for i, name := range t.columns {
		kind := types.text
		switch name {
		case "agency", "payment_type", "currency", "status", "status_reason", "identity_level":
			kind = types.word
		case "amount":
			kind = types.amount
		case "number", "linked_number":
			kind = types.number
		case "protected":
			kind = arrow.FixedWidthTypes.Boolean
		}
		if isDay(name) {
			kind = types.day
		}
		fields[i] = arrow.Field{Name: name, Type: kind, Nullable: true}
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	for _, row := range t.rows {
		for i, text := range row {
			if text == "" {
				builder.Field(i).AppendNull()
				continue
			}
			switch column := builder.Field(i).(type) {
			case *array.StringBuilder:
				column.Append(text)
			case *array.LargeStringBuilder:
				column.Append(text)
			case *array.BinaryDictionaryBuilder:
				if err := column.AppendString(text); err != nil {
					panic(err)
				}
			case *array.Decimal128Builder:
				column.Append(decimal128.FromI64(ore(text)))
			case *array.Float64Builder:
				column.Append(float64(ore(text)) / 100)
			case *array.Date32Builder:
				column.Append(arrow.Date32(days(text)))
			case *array.TimestampBuilder:
				column.Append(arrow.Timestamp(morning(text)))
			case *array.Int64Builder:
				column.Append(integer(text))
			case *array.BooleanBuilder:
				column.Append(text == "true")
			default:
				panic(fmt.Sprintf("no value of %T", column))
			}
		}
	}
	return builder.NewRecordBatch()
}

func (c *corpus) writeArrow() error {
	const program, module = "arrow-go", "github.com/apache/arrow-go/v18"
	usual := arrowTypes{
		text: arrow.BinaryTypes.String, word: arrow.BinaryTypes.String, number: arrow.BinaryTypes.String,
		day: arrow.FixedWidthTypes.Date32, amount: &arrow.Decimal128Type{Precision: 12, Scale: 2},
	}
	categories := usual
	categories.word = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.BinaryTypes.String}
	large := usual
	large.text, large.word = arrow.BinaryTypes.LargeString, arrow.BinaryTypes.LargeString
	instants := usual
	instants.day = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	doubles := usual
	doubles.amount = arrow.PrimitiveTypes.Float64
	integers := usual
	integers.number = arrow.PrimitiveTypes.Int64
	zstd := arrowparquet.WithCompression(compress.Codecs.Zstd)
	for _, file := range []struct {
		of         *table
		name       string
		special    string
		types      arrowTypes
		properties []arrowparquet.WriterProperty
	}{
		{&c.records, "records", "as it chooses", usual, nil},
		{&c.records, "records-v2", "data pages v2, zstd", usual, []arrowparquet.WriterProperty{arrowparquet.WithDataPageVersion(arrowparquet.DataPageV2), zstd}},
		{&c.records, "records-v2-no-statistics", "data pages v2 that say that they have no nulls", usual,
			[]arrowparquet.WriterProperty{zstd, arrowparquet.WithDataPageVersion(arrowparquet.DataPageV2), arrowparquet.WithStats(false)}},
		{&c.records, "records-lz4", "lz4_raw, decimals as integers", usual, []arrowparquet.WriterProperty{arrowparquet.WithCompression(compress.Codecs.Lz4Raw), arrowparquet.WithStoreDecimalAsInteger(true)}},
		{&c.records, "records-brotli", "brotli, dictionaries", categories, []arrowparquet.WriterProperty{arrowparquet.WithCompression(compress.Codecs.Brotli)}},
		{&c.records, "records-fallback", "dictionaries that end in mid-column", usual,
			[]arrowparquet.WriterProperty{zstd, arrowparquet.WithDictionaryPageSizeLimit(400), arrowparquet.WithDataPageSize(400), arrowparquet.WithBatchSize(16)}},
		{&c.records, "records-large-string", "large_string, gzip", large, []arrowparquet.WriterProperty{arrowparquet.WithCompression(compress.Codecs.Gzip)}},
		{&c.records, "records-instant", "instants in UTC, doubles, row groups of 90 rows", arrowTypes{usual.text, usual.word, instants.day, doubles.amount, usual.number},
			[]arrowparquet.WriterProperty{zstd, arrowparquet.WithMaxRowGroupLength(90)}},
		{&c.records, "records-delta", "delta encodings, data pages v2", usual, []arrowparquet.WriterProperty{
			zstd, arrowparquet.WithDictionaryDefault(false), arrowparquet.WithDataPageVersion(arrowparquet.DataPageV2), arrowparquet.WithStoreDecimalAsInteger(true),
			arrowparquet.WithEncodingFor("identity_number", arrowparquet.Encodings.DeltaByteArray), arrowparquet.WithEncodingFor("record_id", arrowparquet.Encodings.DeltaLengthByteArray),
			arrowparquet.WithEncodingFor("payment_date", arrowparquet.Encodings.DeltaBinaryPacked), arrowparquet.WithEncodingFor("amount", arrowparquet.Encodings.DeltaBinaryPacked),
			arrowparquet.WithEncodingFor("period_start", arrowparquet.Encodings.DeltaBinaryPacked), arrowparquet.WithEncodingFor("agency", arrowparquet.Encodings.DeltaByteArray)}},
		{&c.register, "register", "numbers as int64", integers, []arrowparquet.WriterProperty{zstd}},
		{&c.register, "register-v2", "dictionaries, data pages v2", categories, []arrowparquet.WriterProperty{zstd, arrowparquet.WithDataPageVersion(arrowparquet.DataPageV2)}},
	} {
		batch := file.of.arrow(file.types)
		out, err := c.create(program, module, file.name+".parquet", file.special)
		if err != nil {
			return err
		}
		writer, err := pqarrow.NewFileWriter(batch.Schema(), out, arrowparquet.NewWriterProperties(file.properties...), pqarrow.DefaultWriterProps())
		if err != nil {
			return err
		}
		if err := writer.Write(batch); err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
		if err := writer.Close(); err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
	}
	return c.writeIPC(program, module, c.records.arrow(categories))
}

// batchWriter is what an Arrow file and an Arrow stream are written with.
type batchWriter interface {
	Write(arrow.RecordBatch) error
	Close() error
}

func (c *corpus) writeIPC(program, module string, batch arrow.RecordBatch) error {
	file, err := c.create(program, module, "records-lz4.arrow", "Arrow file, lz4, dictionaries, batches of 100 rows")
	if err != nil {
		return err
	}
	defer file.Close()
	stream, err := c.create(program, module, "records-zstd.arrows", "Arrow stream, zstd, dictionaries, batches of 100 rows")
	if err != nil {
		return err
	}
	defer stream.Close()
	asFile, err := ipc.NewFileWriter(file, ipc.WithSchema(batch.Schema()), ipc.WithLZ4())
	if err != nil {
		return err
	}
	asStream := ipc.NewWriter(stream, ipc.WithSchema(batch.Schema()), ipc.WithZstd())
	for _, writer := range []batchWriter{asFile, asStream} {
		for start := int64(0); start < batch.NumRows(); start += 100 {
			if err := writer.Write(batch.NewSlice(start, min(start+100, batch.NumRows()))); err != nil {
				return err
			}
		}
		if err := writer.Close(); err != nil {
			return err
		}
	}
	return nil
}

// ——— parquet-go ———

// leaf is a column of a file: what it is, and its value of a text that is not empty.
type leaf struct {
	node  parquet.Node
	value func(text string) parquet.Value
}

func asText(text string) parquet.Value { return parquet.ByteArrayValue([]byte(text)) }

// leaves are the columns of a usual file. wrap puts an encoding around a node.
func (t *table) leaves(wrap func(parquet.Node) parquet.Node) map[string]leaf {
	leaves := map[string]leaf{}
	for _, name := range t.columns {
		column := leaf{parquet.String(), asText}
		switch {
		case name == "amount":
			column = leaf{parquet.Decimal(2, 12, parquet.Int64Type), func(text string) parquet.Value { return parquet.Int64Value(ore(text)) }}
		case name == "protected":
			column = leaf{parquet.Leaf(parquet.BooleanType), func(text string) parquet.Value { return parquet.BooleanValue(text == "true") }}
		case isDay(name):
			column = leaf{parquet.Date(), func(text string) parquet.Value { return parquet.Int32Value(days(text)) }}
		}
		column.node = wrap(column.node)
		leaves[name] = column
	}
	return leaves
}

func (c *corpus) writeParquet() error {
	asIs := func(node parquet.Node) parquet.Node { return node }
	dictionary := func(node parquet.Node) parquet.Node {
		if node.Type().Kind() == parquet.Boolean {
			return node
		}
		return parquet.Encoded(node, &parquet.RLEDictionary)
	}
	delta := func(node parquet.Node) parquet.Node {
		switch node.Type().Kind() {
		case parquet.Boolean:
			return node
		case parquet.ByteArray:
			return parquet.Encoded(node, &parquet.DeltaLengthByteArray)
		}
		return parquet.Encoded(node, &parquet.DeltaBinaryPacked)
	}
	prefixes := func(node parquet.Node) parquet.Node {
		if node.Type().Kind() == parquet.ByteArray {
			return parquet.Encoded(node, &parquet.DeltaByteArray)
		}
		return node
	}
	others := c.records.leaves(asIs)
	others["amount"] = leaf{parquet.Encoded(parquet.Leaf(parquet.DoubleType), &parquet.ByteStreamSplit), func(text string) parquet.Value { return parquet.DoubleValue(float64(ore(text)) / 100) }}
	others["payment_date"] = leaf{parquet.Timestamp(parquet.Microsecond), func(text string) parquet.Value { return parquet.Int64Value(morning(text)) }}
	others["period_start"] = leaf{parquet.TimestampAdjusted(parquet.Millisecond, false), func(text string) parquet.Value { return parquet.Int64Value(int64(days(text)) * 86_400_000) }}
	others["agency"] = leaf{parquet.Encoded(parquet.Enum(), &parquet.RLEDictionary), asText}
	narrow := c.records.leaves(dictionary)
	narrow["amount"] = leaf{parquet.Decimal(2, 9, parquet.Int32Type), func(text string) parquet.Value { return parquet.Int32Value(int32(ore(text))) }}
	integers := c.register.leaves(asIs)
	for _, name := range []string{"number", "linked_number"} {
		integers[name] = leaf{parquet.Uint(64), func(text string) parquet.Value { return parquet.Int64Value(integer(text)) }}
	}
	for _, file := range []struct {
		of       *table
		name     string
		special  string
		leaves   map[string]leaf
		required bool
		rowGroup int
		options  []parquet.WriterOption
	}{
		{&c.records, "records", "as it chooses", c.records.leaves(asIs), false, 1000, []parquet.WriterOption{parquet.Compression(&parquet.Snappy)}},
		{&c.records, "records-required", "required but for the period, data pages v1, gzip", c.records.leaves(asIs), true, 1000, []parquet.WriterOption{parquet.Compression(&parquet.Gzip), parquet.DataPageVersion(1)}},
		{&c.records, "records-dictionary", "dictionaries, zstd, row groups of 120 rows", c.records.leaves(dictionary), false, 120, []parquet.WriterOption{parquet.Compression(&parquet.Zstd)}},
		{&c.records, "records-fallback", "dictionaries that end in mid-column, small pages", c.records.leaves(dictionary), false, 1000,
			[]parquet.WriterOption{parquet.Compression(&parquet.Zstd), parquet.DictionaryMaxBytes(600), parquet.PageBufferSize(500)}},
		{&c.records, "records-delta", "delta encodings, brotli", c.records.leaves(delta), false, 1000, []parquet.WriterOption{parquet.Compression(&parquet.Brotli)}},
		{&c.records, "records-prefixes", "DELTA_BYTE_ARRAY, lz4_raw, data pages v1", c.records.leaves(prefixes), true, 1000, []parquet.WriterOption{parquet.Compression(&parquet.Lz4Raw), parquet.DataPageVersion(1)}},
		{&c.records, "records-types", "doubles by BYTE_STREAM_SPLIT, timestamps with and without UTC, ENUM", others, false, 1000, []parquet.WriterOption{parquet.Compression(&parquet.Zstd)}},
		{&c.records, "records-int32", "DECIMAL(9,2) on INT32", narrow, true, 1000, []parquet.WriterOption{parquet.Compression(&parquet.Zstd)}},
		{&c.register, "register", "as it chooses", c.register.leaves(asIs), false, 1000, []parquet.WriterOption{parquet.Compression(&parquet.Snappy)}},
		{&c.register, "register-uint64", "numbers as uint64, row groups of 60 rows", integers, false, 60, []parquet.WriterOption{parquet.Compression(&parquet.Zstd)}},
	} {
		out, err := c.create("parquet-go", "github.com/parquet-go/parquet-go", file.name+".parquet", file.special)
		if err != nil {
			return err
		}
		if err := file.of.parquet(out, file.leaves, file.required, file.rowGroup, file.options); err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
		if err := out.Close(); err != nil {
			return err
		}
	}
	return nil
}

// parquet writes the table. Where columns are required, those of text have empty
// text for what is missing; others stay optional where something is missing.
func (t *table) parquet(out *os.File, leaves map[string]leaf, required bool, rowGroup int, options []parquet.WriterOption) error {
	group := parquet.Group{}
	for i, name := range t.columns {
		node := leaves[name].node
		hasMissing := false
		for _, row := range t.rows {
			hasMissing = hasMissing || row[i] == ""
		}
		if !required || hasMissing && node.Type().Kind() != parquet.ByteArray {
			node = parquet.Optional(node)
		}
		group[name] = node
	}
	schema := parquet.NewSchema(t.name, group)
	writer := parquet.NewGenericWriter[any](out, append([]parquet.WriterOption{schema}, options...)...)
	at := make([]int, len(t.columns))
	for i, name := range t.columns {
		found, ok := schema.Lookup(name)
		if !ok {
			return fmt.Errorf("no column %s", name)
		}
		at[i] = found.ColumnIndex
	}
	for count, texts := range t.rows {
		row := make(parquet.Row, len(t.columns))
		for i, name := range t.columns {
			optional := group[name].Optional()
			switch text := texts[i]; {
			case optional && text == "":
				row[at[i]] = parquet.NullValue().Level(0, 0, at[i])
			case optional:
				row[at[i]] = leaves[name].value(text).Level(0, 1, at[i])
			default:
				row[at[i]] = leaves[name].value(text).Level(0, 0, at[i])
			}
		}
		if _, err := writer.WriteRows([]parquet.Row{row}); err != nil {
			return err
		}
		if (count+1)%rowGroup == 0 {
			if err := writer.Flush(); err != nil {
				return err
			}
		}
	}
	return writer.Close()
}
