package readers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainRecord is a record as a test means it, and as a batch has it.
type plainRecord struct {
	given, recordID, agency, paymentType, currency string
	date, start, end                               calendar.Day
	ore                                            int64
	text                                           identity.Text
	reject                                         string // column and reason
}

// madeUpNumber is the text of a personal number of the year 18xx or 19xx whose
// check digit holds, in one of the spellings.
func madeUpNumber(random *rand.Rand) string {
	year, month, day, serial := 1880+random.IntN(120), 1+random.IntN(12), 1+random.IntN(28), 1+random.IntN(999)
	nine := fmt.Sprintf("%02d%02d%02d%03d", year%100, month, day, serial)
	sum := 0
	for i, c := range nine {
		digit := int(c-'0') * (2 - i%2)
		sum += digit/10 + digit%10
	}
	check := strconv.Itoa((10 - sum%10) % 10)
	switch random.IntN(3) {
	case 0:
		return nine[:6] + "-" + nine[6:] + check
	case 1:
		return nine + check
	}
	return fmt.Sprint(year/100) + nine + check
}

// plainRecords are rows made up from a seed. An empty number, key, agency, type
// or period stands for a null.
func plainRecords(rows int, seed uint64) []plainRecord {
	random := rand.New(rand.NewPCG(seed, 1))
	people := make([]string, max(rows/3, 1))
	for i := range people {
		people[i] = madeUpNumber(random)
	}
	records := make([]plainRecord, rows)
	for i := range records {
		r := &records[i]
		r.given = people[random.IntN(len(people))]
		switch random.IntN(40) {
		case 0:
			r.given = ""
		case 1:
			r.given = "not a number"
		}
		r.text = identity.Parse([]byte(r.given))
		r.date = calendar.Of(2024, 1, 1) + calendar.Day(random.IntN(700))
		r.ore = random.Int64N(10_000_000) - 1_000_000
		if random.IntN(10) > 0 {
			r.recordID = "K" + strconv.Itoa(i)
		}
		if random.IntN(5) > 0 {
			r.agency = []string{"forsakringskassan", "csn", "Pensionsmyndigheten"}[random.IntN(3)]
		}
		r.paymentType = "type " + strconv.Itoa(random.IntN(50))
		r.currency = "SEK"
		if random.IntN(100) == 0 {
			r.currency = "EUR"
		}
		r.start, r.end = calendar.Missing, calendar.Missing
		if random.IntN(3) > 0 {
			r.start, r.end = r.date-30, r.date-1
		}
	}
	return records
}

// testColumn is a column of a file that a test writes.
type testColumn struct {
	name  string
	node  parquet.Node
	value func(row int) parquet.Value
}

// writeParquet writes a file with parquet-go, whose row groups have rowGroup
// rows.
func writeParquet(t testing.TB, rows, rowGroup int, columns []testColumn, options ...parquet.WriterOption) string {
	t.Helper()
	group := parquet.Group{}
	for _, column := range columns {
		group[column.name] = column.node
	}
	schema := parquet.NewSchema("records", group)
	byLeaf := make([]*testColumn, len(columns))
	for i := range columns {
		leaf, ok := schema.Lookup(columns[i].name)
		require.True(t, ok)
		byLeaf[leaf.ColumnIndex] = &columns[i]
	}
	path := filepath.Join(t.TempDir(), "records.parquet")
	out, err := os.Create(path)
	require.NoError(t, err)
	defer out.Close()
	writer := parquet.NewWriter(out, append([]parquet.WriterOption{schema}, options...)...)
	row := make(parquet.Row, len(columns))
	for i := range rows {
		for leaf, column := range byLeaf {
			value, definition := column.value(i), 0
			if column.node.Optional() && !value.IsNull() {
				definition = 1
			}
			row[leaf] = value.Level(0, definition, leaf)
		}
		_, err := writer.WriteRows([]parquet.Row{row})
		require.NoError(t, err)
		if (i+1)%rowGroup == 0 {
			require.NoError(t, writer.Flush())
		}
	}
	require.NoError(t, writer.Close())
	return path
}

// textOrNull is text, or a null where it is empty and the column has nulls.
func textOrNull(optional bool, text string) parquet.Value {
	if optional && text == "" {
		return parquet.NullValue()
	}
	return parquet.ByteArrayValue([]byte(text))
}

func dayOrNull(day calendar.Day) parquet.Value {
	if day == calendar.Missing {
		return parquet.NullValue()
	}
	return parquet.Int32Value(int32(day))
}

// recordColumnsOf are the columns of a usual file of records. wrap puts an
// encoding and the like around a column.
func recordColumnsOf(records []plainRecord, optional bool, wrap func(name string, node parquet.Node) parquet.Node) []testColumn {
	node := func(name string, node parquet.Node) parquet.Node {
		if node = wrap(name, node); optional {
			node = parquet.Optional(node)
		}
		return node
	}
	text := func(name string, of func(*plainRecord) string) testColumn {
		return testColumn{name, node(name, parquet.String()), func(row int) parquet.Value { return textOrNull(optional, of(&records[row])) }}
	}
	return []testColumn{
		text("identity_number", func(r *plainRecord) string { return r.given }),
		text("record_id", func(r *plainRecord) string { return r.recordID }),
		text("agency", func(r *plainRecord) string { return r.agency }),
		text("payment_type", func(r *plainRecord) string { return r.paymentType }),
		text("currency", func(r *plainRecord) string { return r.currency }),
		{"payment_date", node("payment_date", parquet.Date()), func(row int) parquet.Value { return dayOrNull(records[row].date) }},
		{"amount", node("amount", parquet.Decimal(2, 18, parquet.Int64Type)), func(row int) parquet.Value { return parquet.Int64Value(records[row].ore) }},
		{"period_start", parquet.Optional(wrap("period_start", parquet.Date())), func(row int) parquet.Value { return dayOrNull(records[row].start) }},
		{"period_end", parquet.Optional(wrap("period_end", parquet.Date())), func(row int) parquet.Value { return dayOrNull(records[row].end) }},
	}
}

func asIs(_ string, node parquet.Node) parquet.Node { return node }

// readRecords reads a file to its end as records, with one batch for all pieces.
func readRecords(path string, source *Source, options *Options) ([]plainRecord, *File, error) {
	file := &File{Path: path, Format: FormatParquet}
	opened, err := openParquetRecords(file, 7, source, options)
	if err != nil {
		return nil, file, err
	}
	defer opened.close()
	var records []plainRecord
	var b pipeline.Batch
	err = opened.cut(context.Background(), func(piece pipeline.Piece) error {
		defer piece.Close()
		start := len(records)
		for {
			more, err := piece.Next(&b)
			if err != nil {
				return err
			}
			if !more {
				return checkTallies(piece, records[start:], options.Dictionaries)
			}
			if piece.File() != 7 || b.FirstRow != int64(len(records)-start) || b.Rows > pipeline.BatchRows {
				return errors.New("a batch is not in its place")
			}
			records = append(records, rowsOf(&b, options.Dictionaries)...)
		}
	})
	return records, file, err
}

func rowsOf(b *pipeline.Batch, dictionaries *pipeline.Dictionaries) []plainRecord {
	rows := make([]plainRecord, b.Rows)
	for i := range rows {
		rows[i] = plainRecord{
			given: string(b.AppendGiven(nil, i)), recordID: string(b.AppendRecordID(nil, i)), text: b.Text[i],
			agency: dictionaries.Agency.Values()[b.Agency[i]], paymentType: dictionaries.PaymentType.Values()[b.PaymentType[i]],
			currency: dictionaries.Currency.Values()[b.Currency[i]],
			date:     b.PaymentDate[i], start: calendar.Missing, end: calendar.Missing, ore: b.Amount[i],
		}
		if b.PeriodStart != nil {
			rows[i].start = b.PeriodStart[i]
		}
		if b.PeriodEnd != nil {
			rows[i].end = b.PeriodEnd[i]
		}
	}
	for _, reject := range b.Rejects {
		rows[reject.Row].reject = fmt.Sprintf("%s %s %t %q", reject.Column, reject.Reason, reject.HasAmount, reject.Raw)
		if !b.Rejected[reject.Row] || reject.ByteOffset != -1 || reject.Line != 0 {
			rows[reject.Row].reject = "the reject contradicts the batch"
		}
	}
	return rows
}

// checkTallies compares what a piece counted with its rows.
func checkTallies(piece pipeline.Piece, records []plainRecord, dictionaries *pipeline.Dictionaries) error {
	sums := map[string]int64{}
	readOf, rejectedOf := map[string]int64{}, map[string]int64{} // rows with an amount, by currency
	var count, noAmount, rejected int64
	for _, r := range records {
		count++
		if r.reject != "" {
			rejected++
		}
		if strings.Contains(r.reject, " false ") {
			noAmount++
		} else {
			sums["read"] += r.ore
			readOf[r.currency]++
			if r.reject != "" {
				sums["rejected"] += r.ore
				rejectedOf[r.currency]++
			}
		}
	}
	read, refused := piece.Tallies()
	total := func(tally *pipeline.Tally) int64 {
		var sum pipeline.Sum
		for _, amount := range tally.Amounts {
			sum.AddSum(amount)
		}
		return sum.Ore().Int64()
	}
	byCurrency := func(tally *pipeline.Tally) map[string]int64 {
		rows := map[string]int64{}
		for number, n := range tally.WithAmount {
			if n != 0 {
				rows[dictionaries.Currency.Values()[number]] = n
			}
		}
		return rows
	}
	if read.Rows != count || refused.Rows != rejected || read.NoAmount != noAmount || refused.NoAmount != noAmount ||
		total(read) != sums["read"] || total(refused) != sums["rejected"] ||
		!maps.Equal(byCurrency(read), readOf) || !maps.Equal(byCurrency(refused), rejectedOf) {
		return fmt.Errorf("the tallies %v and %v are not those of %d rows, %d rejected", *read, *refused, count, rejected)
	}
	return nil
}

func newOptions() *Options {
	return &Options{Dictionaries: pipeline.NewDictionaries(), Workers: 2, parquet: new(parquetMemory), arrow: new(arrowMemory)}
}

// requireSame compares rows; a failure names the row, never a number.
func requireSame(t *testing.T, want, got []plainRecord) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if want[i] != got[i] {
			w, g := want[i], got[i]
			sameNumber := w.given == g.given && w.text == g.text
			w.given, g.given, w.text, g.text = "", "", identity.Text{}, identity.Text{}
			require.Equal(t, w, g, "row %d", i)
			require.True(t, sameNumber, "row %d has another number", i)
		}
	}
}

func TestParquetRecordsOfEveryEncoding(t *testing.T) {
	records := plainRecords(sized(10_000, 4100), 1)
	dictionary := func(_ string, node parquet.Node) parquet.Node { return parquet.Encoded(node, &parquet.RLEDictionary) }
	delta := func(_ string, node parquet.Node) parquet.Node {
		switch node.Type().Kind() {
		case parquet.ByteArray:
			return parquet.Encoded(node, &parquet.DeltaLengthByteArray)
		default:
			return parquet.Encoded(node, &parquet.DeltaBinaryPacked)
		}
	}
	prefixes := func(_ string, node parquet.Node) parquet.Node {
		if node.Type().Kind() == parquet.ByteArray {
			return parquet.Encoded(node, &parquet.DeltaByteArray)
		}
		return node
	}
	plain := func(_ string, node parquet.Node) parquet.Node { return parquet.Encoded(node, &parquet.Plain) }
	for _, c := range []struct {
		name     string
		wrap     func(string, parquet.Node) parquet.Node
		optional bool
		rowGroup int
		options  []parquet.WriterOption
	}{
		{"as the library chooses", asIs, false, 10_000, nil},
		{"plain, required", plain, false, 3000, nil},
		{"plain, nulls", plain, true, 3000, []parquet.WriterOption{parquet.PageBufferSize(5000)}},
		{"dictionary, required", dictionary, false, 4096, nil},
		{"dictionary, nulls, small pages", dictionary, true, 4097, []parquet.WriterOption{parquet.PageBufferSize(999)}},
		{"dictionary that overflows into plain pages", dictionary, true, 10_000, []parquet.WriterOption{parquet.DictionaryMaxBytes(8 << 10), parquet.PageBufferSize(4000)}},
		{"delta", delta, true, 2500, nil},
		{"shared prefixes", prefixes, false, 10_000, []parquet.WriterOption{parquet.PageBufferSize(3000)}},
		{"data pages v1, nulls", dictionary, true, 3000, []parquet.WriterOption{parquet.DataPageVersion(1)}},
		{"data pages v1, plain", plain, false, 10_000, []parquet.WriterOption{parquet.DataPageVersion(1), parquet.PageBufferSize(10_000)}},
		{"snappy", plain, true, 10_000, []parquet.WriterOption{parquet.Compression(&parquet.Snappy)}},
		{"snappy, pages that do not end together", plain, true, 10_000, []parquet.WriterOption{parquet.Compression(&parquet.Snappy), parquet.PageBufferSize(3000)}},
		{"snappy, dictionaries, v1", dictionary, true, 3000, []parquet.WriterOption{parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1)}},
		{"gzip", dictionary, true, 10_000, []parquet.WriterOption{parquet.Compression(&parquet.Gzip)}},
		{"zstd", dictionary, true, 10_000, []parquet.WriterOption{parquet.Compression(&parquet.Zstd)}},
		{"brotli", plain, true, 10_000, []parquet.WriterOption{parquet.Compression(&parquet.Brotli)}},
		{"lz4_raw, v1", dictionary, true, 10_000, []parquet.WriterOption{parquet.Compression(&parquet.Lz4Raw), parquet.DataPageVersion(1)}},
		{"one row a row group", asIs, true, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			records := records
			if c.rowGroup == 1 {
				records = records[:20]
			}
			path := writeParquet(t, len(records), c.rowGroup, recordColumnsOf(records, c.optional, c.wrap), c.options...)
			for _, digest := range []bool{false, true} {
				options := newOptions()
				options.Digest = digest
				got, file, err := readRecords(path, &Source{}, options)
				require.NoError(t, err)
				requireSame(t, records, got)
				assert.Equal(t, digest, file.HasSHA256)
			}
		})
	}
}

// The pages of columns are decompressed together; what is wrong with one is told
// of its own column all the same.
func TestParquetDamageIsToldOfItsColumn(t *testing.T) {
	records := plainRecords(5000, 4)
	path := writeParquet(t, len(records), len(records), recordColumnsOf(records, true, asIs), parquet.Compression(&parquet.Snappy))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := parquet.OpenFile(bytes.NewReader(whole), int64(len(whole)))
	require.NoError(t, err)
	chunks := file.Metadata().RowGroups[0].Columns
	require.Greater(t, len(chunks), 5)
	for _, chunk := range chunks {
		column := chunk.MetaData.PathInSchema[0]
		damaged := slices.Clone(whole)
		damaged[chunk.MetaData.DataPageOffset+chunk.MetaData.TotalCompressedSize/2] ^= 1
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, _, err := readRecords(path, &Source{}, newOptions())
		require.ErrorContains(t, err, "column "+column+": ")
	}
}

func TestParquetDigest(t *testing.T) {
	records := plainRecords(5000, 3)
	path := writeParquet(t, len(records), 1000, recordColumnsOf(records, true, asIs))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	want := sha256.Sum256(data)

	told := int64(0)
	options := newOptions()
	options.Digest = true
	options.Bytes = func(n int64) { told += n }
	_, file, err := readRecords(path, &Source{}, options)
	require.NoError(t, err)
	assert.Equal(t, want, file.SHA256, "read once, held in memory")
	assert.Equal(t, int64(len(data)), told)
	assert.Equal(t, int64(len(data)), file.Size)

	// A row group that is too great to hold is read from the file, which is
	// hashed apart.
	told = 0
	opened, err := openParquet(path)
	require.NoError(t, err)
	defer opened.release()
	file = &File{Path: path}
	_, err = opened.columns(&Source{}, nil)
	require.NoError(t, err)
	bytes := newParquetBytes(file, opened, options)
	groups := 0
	require.NoError(t, bytes.eachThenHash(context.Background(), func(group rowGroupBytes) error {
		groups++
		group.close()
		return nil
	}))
	assert.Equal(t, 5, groups)
	assert.Equal(t, want, file.SHA256, "read twice")
	assert.Equal(t, int64(len(data)), told)

	told = 0
	options.Digest = false
	_, file, err = readRecords(path, &Source{}, options)
	require.NoError(t, err)
	assert.False(t, file.HasSHA256)
	assert.Equal(t, int64(len(data)), told, "progress is told without a digest too")
}

// A file whose metadata say that its row groups overlap, or lie against their
// order, is not read in one go.
func TestParquetRowGroupsOutOfOrder(t *testing.T) {
	records := plainRecords(3000, 4)
	path := writeParquet(t, len(records), 1000, recordColumnsOf(records, true, asIs))
	opened, err := openParquet(path)
	require.NoError(t, err)
	defer opened.release()
	_, err = opened.columns(&Source{}, recordColumns[:])
	require.NoError(t, err)
	bytes := newParquetBytes(&File{}, opened, newOptions())
	_, ok := bytes.heldRanges()
	assert.True(t, ok)
	groups := opened.groups
	groups[0], groups[1] = groups[1], groups[0]
	_, ok = bytes.heldRanges()
	assert.False(t, ok)
}

func TestParquetFileThatChanges(t *testing.T) {
	records := plainRecords(3000, 5)
	path := writeParquet(t, len(records), 1000, recordColumnsOf(records, true, asIs))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, c := range []struct {
		why    string
		change func() error
	}{
		{"it is cut off", func() error { return os.Truncate(path, int64(len(data)/2)) }},
		{"it grows", func() error { return os.WriteFile(path, append(data[:len(data):len(data)], 0), 0o600) }},
		{"its metadata are other ones", func() error {
			changed := append([]byte{}, data...)
			changed[len(changed)-20] ^= 1
			return os.WriteFile(path, changed, 0o600)
		}},
		{"another takes its place", func() error {
			if err := os.WriteFile(path+".new", data, 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}},
	} {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		options := newOptions()
		options.Digest = true
		file := &File{Path: path}
		opened, err := openParquetRecords(file, 0, &Source{}, options)
		require.NoError(t, err)
		changed := false
		err = opened.cut(context.Background(), func(piece pipeline.Piece) error {
			piece.Close()
			if changed {
				return nil
			}
			changed = true
			return c.change()
		})
		require.ErrorIs(t, err, errChanged, c.why)
		assert.ErrorContains(t, err, path, c.why)
		assert.False(t, file.HasSHA256, c.why)
		require.NoError(t, opened.close())
	}
}

func TestParquetFileThatChangesBeforeItIsRead(t *testing.T) {
	records := plainRecords(10, 5)
	path := writeParquet(t, len(records), 1000, recordColumnsOf(records, true, asIs))
	opened, err := openParquetRecords(&File{Path: path}, 0, &Source{}, newOptions())
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.WriteFile(path, data, 0o600))
	require.ErrorIs(t, opened.cut(context.Background(), func(pipeline.Piece) error { return nil }), errChanged)
	require.NoError(t, os.Remove(path))
	require.EqualError(t, opened.cut(context.Background(), func(pipeline.Piece) error { return nil }), "cannot read "+path+": there is no such file")
}

// The file stays open for pieces that outlive the cutting.
func TestParquetPiecesOutliveTheFile(t *testing.T) {
	records := plainRecords(3000, 6)
	path := writeParquet(t, len(records), 1000, recordColumnsOf(records, true, asIs))
	options := newOptions()
	opened, err := openParquetRecords(&File{Path: path}, 0, &Source{}, options)
	require.NoError(t, err)
	var pieces []pipeline.Piece
	require.NoError(t, opened.cut(context.Background(), func(piece pipeline.Piece) error {
		pieces = append(pieces, piece)
		return nil
	}))
	require.NoError(t, opened.close())
	var got []plainRecord
	var b pipeline.Batch
	for _, piece := range pieces {
		for {
			more, err := piece.Next(&b)
			require.NoError(t, err)
			if !more {
				break
			}
			got = append(got, rowsOf(&b, options.Dictionaries)...)
		}
		piece.Close()
	}
	requireSame(t, records, got)
}

func TestParquetContextEndsTheCutting(t *testing.T) {
	records := plainRecords(3000, 7)
	path := writeParquet(t, len(records), 100, recordColumnsOf(records, true, asIs))
	for _, digest := range []bool{false, true} {
		options := newOptions()
		options.Digest = digest
		opened, err := openParquetRecords(&File{Path: path}, 0, &Source{}, options)
		require.NoError(t, err)
		reason := errors.New("enough")
		ctx, cancel := context.WithCancelCause(context.Background())
		pieces := 0
		err = opened.cut(ctx, func(piece pipeline.Piece) error {
			piece.Close()
			pieces++
			cancel(reason)
			return nil
		})
		assert.ErrorIs(t, err, reason)
		assert.Equal(t, 1, pieces)
		require.NoError(t, opened.close())
	}
}

// The error of send is returned as it is.
func TestParquetCutReturnsTheErrorOfSend(t *testing.T) {
	records := plainRecords(300, 8)
	path := writeParquet(t, len(records), 100, recordColumnsOf(records, true, asIs))
	opened, err := openParquetRecords(&File{Path: path}, 0, &Source{}, newOptions())
	require.NoError(t, err)
	defer opened.close()
	reason := errors.New("no more")
	assert.Equal(t, reason, opened.cut(context.Background(), func(piece pipeline.Piece) error {
		piece.Close()
		return reason
	}))
}

// The pieces of a run come in order, whoever reads them, and those that are held
// in memory do not wait for each other.
func TestParquetRecordsThroughThePipeline(t *testing.T) {
	records := plainRecords(20_000, 12)
	path := writeParquet(t, len(records), 300, recordColumnsOf(records, true, asIs))
	for _, workers := range []int{1, 2, 5} {
		for _, digest := range []bool{false, true} {
			options := newOptions()
			options.Workers, options.Digest = workers, digest
			file := &File{Path: path}
			opened, err := openParquetRecords(file, 0, &Source{}, options)
			require.NoError(t, err)
			batches := make([]pipeline.Batch, workers)
			var got []plainRecord
			err = pipeline.Run(context.Background(), workers, opened.cut,
				func(_ context.Context, worker int, _ uint32, piece pipeline.Piece) (part []plainRecord, err error) {
					for {
						more, err := piece.Next(&batches[worker])
						if err != nil || !more {
							return part, err
						}
						part = append(part, rowsOf(&batches[worker], options.Dictionaries)...)
					}
				},
				func(part []plainRecord) error {
					got = append(got, part...)
					return nil
				})
			require.NoError(t, err)
			require.NoError(t, opened.close())
			requireSame(t, records, got)
			assert.Equal(t, digest, file.HasSHA256)
		}
	}
}

// What a file lacks, or has in a form that cannot be read, is told with the
// file, the column, and what would do.
func TestParquetColumnsThatCannotBeRead(t *testing.T) {
	text := func(name string) testColumn {
		return testColumn{name, parquet.String(), func(int) parquet.Value { return parquet.ByteArrayValue([]byte("1")) }}
	}
	date := testColumn{"payment_date", parquet.Date(), func(int) parquet.Value { return parquet.Int32Value(1) }}
	for _, c := range []struct {
		why     string
		columns []testColumn
		source  Source
		want    string
	}{
		{"a column is missing", []testColumn{text("PNR"), date, text("BELOPP")}, Source{Columns: map[string]string{"identity_number": "PNR"}},
			": it has no column amount; its columns are BELOPP, PNR, payment_date"},
		{"a column that was named is missing", []testColumn{text("identity_number"), date, text("amount")}, Source{Columns: map[string]string{"agency": "MYNDIGHET"}},
			": it has no column MYNDIGHET (for agency); its columns are amount, identity_number, payment_date"},
		{"an integer as date", []testColumn{text("identity_number"), {"payment_date", parquet.Int(32), func(int) parquet.Value { return parquet.Int32Value(1) }}, text("amount")}, Source{},
			": column payment_date is of type INT32 INT(32,true); payment_date is read from DATE, TIMESTAMP, text"},
		{"a double as number", []testColumn{{"identity_number", parquet.Leaf(parquet.DoubleType), func(int) parquet.Value { return parquet.DoubleValue(1) }}, date, text("amount")}, Source{},
			": column identity_number is of type DOUBLE; identity_number is read from text, integers, DECIMAL without digits after the point"},
		{"a DECIMAL with digits as number", []testColumn{{"identity_number", parquet.Decimal(2, 14, parquet.Int64Type), func(int) parquet.Value { return parquet.Int64Value(1) }}, date, text("amount")}, Source{},
			": column identity_number is of type INT64 DECIMAL(14,2); identity_number is read from"},
		{"a time of day", []testColumn{text("identity_number"), {"payment_date", parquet.Time(parquet.Millisecond), func(int) parquet.Value { return parquet.Int32Value(1) }}, text("amount")}, Source{},
			": column payment_date is of type INT32 TIME(isAdjustedToUTC=true,unit=MILLIS); payment_date is read from DATE, TIMESTAMP, text"},
		{"an integer as agency", []testColumn{text("identity_number"), date, text("amount"), {"agency", parquet.Int(64), func(int) parquet.Value { return parquet.Int64Value(1) }}}, Source{},
			": column agency is of type INT64 INT(64,true); agency is read from text"},
		{"JSON", []testColumn{{"identity_number", parquet.JSON(), func(int) parquet.Value { return parquet.ByteArrayValue([]byte("1")) }}, date, text("amount")}, Source{},
			": column identity_number is of type BYTE_ARRAY JSON; identity_number is read from"},
	} {
		path := writeParquet(t, 3, 3, c.columns)
		_, _, err := readRecords(path, &c.source, newOptions())
		assert.ErrorContains(t, err, "cannot read "+path+": ", c.why)
		assert.ErrorContains(t, err, c.want, c.why)
	}
}

func TestParquetNestedColumns(t *testing.T) {
	type nested struct {
		Number  string   `parquet:"identity_number"`
		Date    int32    `parquet:"payment_date,date"`
		Amounts []int64  `parquet:"amount"`
		Agency  struct { // two parts, of which one has a column's name
			Name   string `parquet:"agency"`
			Amount int64  `parquet:"amount"`
		} `parquet:"agency"`
	}
	path := filepath.Join(t.TempDir(), "nested.parquet")
	require.NoError(t, parquet.WriteFile(path, []nested{{}}))
	_, _, err := readRecords(path, &Source{}, newOptions())
	assert.EqualError(t, err, "cannot read "+path+": column amount is nested or repeated; amount is read from a flat column")
	_, _, err = readRecords(path, &Source{Constants: map[string]string{"amount": "1"}}, newOptions())
	assert.EqualError(t, err, "cannot read "+path+": column agency is nested or repeated; agency is read from a flat column")
	got, _, err := readRecords(path, &Source{Constants: map[string]string{"amount": "1", "agency": "csn"}}, newOptions())
	require.NoError(t, err, "other columns may be nested")
	assert.Len(t, got, 1)
}

func TestParquetFilesThatAreNone(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct{ content, want string }{
		{"", "it has only 0 bytes"},
		{"PAR1PAR1", "it has only 8 bytes"},
		{"identity_number;payment_date;amount\n", "it does not end with PAR1"},
		{"PAR1" + "\xff\xff\xff\x0f" + "PAR1", "it is damaged: metadata of 268435455 bytes in a file of 12 bytes"},
		{"PAR1" + "\x00\x00\x00\x00" + "PARE", "encrypted"},
	} {
		path := filepath.Join(folder, "file.parquet")
		require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
		_, _, err := readRecords(path, &Source{}, newOptions())
		assert.ErrorContains(t, err, "cannot read "+path+": ")
		assert.ErrorContains(t, err, c.want)
	}
	_, _, err := readRecords(filepath.Join(folder, "none"), &Source{}, newOptions())
	assert.EqualError(t, err, "cannot read "+filepath.Join(folder, "none")+": there is no such file")
}

// A file whose metadata are encrypted is told by both of its ends: a text may begin so.
func TestAnEncryptedParquetFileIsNoText(t *testing.T) {
	folder := writeIn(t, map[string]string{
		"in.parquet": "PARE\x15\x00\xfe\x08\x00\x00\x00PARE", "in.csv": "PARENT,identity_number,payment_date,amount\nx,640823-3234,2025-11-20,1.00\n",
	})
	_, err := OpenRecords(t.Context(), []Source{{Files: []string{filepath.Join(folder, "in.parquet")}}}, *newOptions())
	want := "cannot read " + filepath.Join(folder, "in.parquet") + ": it is an encrypted Parquet file; write it without encryption"
	require.EqualError(t, err, want)
	_, err = Inspect(t.Context(), filepath.Join(folder, "in.parquet"))
	require.EqualError(t, err, want)
	records, err := OpenRecords(t.Context(), []Source{{Files: []string{filepath.Join(folder, "in.csv")}}}, *newOptions())
	require.NoError(t, err)
	require.NoError(t, records.Close())
}

// A file is said to be encrypted where it is, and not where a bit of it is another.
func TestParquetFooterThatNamesAnEncryption(t *testing.T) {
	path := writeParquet(t, 1, 1, recordColumnsOf(plainRecords(1, 3), true, asIs))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	length := int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	// The metadata without the stop at their end, and the number of their last field.
	metadata := data[len(data)-8-length : len(data)-8-1]
	reader, last := thriftReader{data: metadata}, int16(0)
	reader.fields(func(id int16, _ thriftKind) bool { last = id; return false })
	const stop, signature = "\x00", "nonce of 12.and a tag of 16."
	field := func(id int16, kind thriftKind) string { return string([]byte{byte(id-last)<<4 | byte(kind)}) }
	const encrypted, either = "it is an encrypted Parquet file; write it without encryption", "its metadata cannot be read: it is damaged, or encrypted"
	for _, row := range []struct{ why, end, want string }{
		{"AES_GCM_V1, signed", field(8, thriftStruct) + "\x1c" + stop + stop + stop + signature, encrypted},
		{"AES_GCM_CTR_V1, signed", field(8, thriftStruct) + "\x2c" + stop + stop + stop + signature, encrypted},
		{"an algorithm that is none", field(8, thriftStruct) + "\x3c" + stop + stop + stop + signature, either},
		{"two algorithms", field(8, thriftStruct) + "\x1c" + stop + "\x1c" + stop + stop + stop + signature, either},
		{"no signature: another field, of which a bit has flipped", field(8, thriftStruct) + "\x1c" + stop + stop + stop, either},
		{"a text where the algorithm would be: another field", field(8, thriftBinary) + "\x02ab" + stop, either},
	} {
		_, err := readFooter([]byte(string(metadata) + row.end))
		assert.EqualError(t, err, row.want, row.why)
	}
}

// readDamaged reads a damaged file; what is not an error must be the rows.
func readDamaged(t *testing.T, data []byte, want []plainRecord, why string) (failed bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "damaged.parquet")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	got, _, err := readRecords(path, &Source{}, newOptions())
	if err != nil {
		require.ErrorContains(t, err, "cannot read "+path, why)
		return true
	}
	if want != nil {
		requireSame(t, want, got)
	}
	return false
}

func TestParquetFilesThatAreCutOff(t *testing.T) {
	records := plainRecords(500, 9)
	path := writeParquet(t, len(records), 200, recordColumnsOf(records, true, asIs), parquet.Compression(&parquet.Snappy))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for length := 0; length < len(data); length += 1 + length/100 {
		assert.True(t, readDamaged(t, data[:length], nil, "cut off"), "%d bytes", length)
	}
	// The same with the metadata kept: first the page indexes are missing, which
	// are not read, then pages.
	footer := int(binary.LittleEndian.Uint32(data[len(data)-8:])) + 8
	opened, err := openParquet(path)
	require.NoError(t, err)
	defer opened.release()
	columns, err := opened.columns(&Source{}, recordColumns[:])
	require.NoError(t, err)
	lastPage := int64(0)
	for _, column := range columns {
		lastPage = max(lastPage, opened.groups[2].chunks[column.chunk].end)
	}
	for cut := 1; cut < len(data)-footer-4; cut += 97 {
		shorter := append(append([]byte{}, data[:len(data)-footer-cut]...), data[len(data)-footer:]...)
		failed := readDamaged(t, shorter, records, "pages missing")
		assert.Equal(t, len(data)-footer-cut < int(lastPage), failed, "%d bytes", cut)
	}
}

func TestParquetFilesWithFlippedBits(t *testing.T) {
	records := plainRecords(300, 10)
	random := rand.New(rand.NewPCG(10, 10))
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Lz4Raw} {
		path := writeParquet(t, len(records), 200, recordColumnsOf(records, true, asIs), parquet.Compression(codec))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		footer := len(data) - 8 - int(binary.LittleEndian.Uint32(data[len(data)-8:]))
		failed := 0
		for range sized(400, 150) {
			at := 4 + random.IntN(len(data)-4)
			flipped := append([]byte{}, data...)
			flipped[at] ^= 1 << random.IntN(8)
			want := records // the pages have checksums
			if at >= footer {
				want = nil // the metadata have none: what they say may be something else
			}
			if readDamaged(t, flipped, want, fmt.Sprintf("%s, byte %d of %d", codec, at, len(data))) {
				failed++
			}
		}
		assert.Greater(t, failed, 50, "most of a file matters")
	}
}
