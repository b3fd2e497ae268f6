package readers

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	arrowparquet "github.com/apache/arrow-go/v18/parquet"
	arrowcompress "github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// What a file that was made to do harm may cost before it is refused.
const (
	hostileTime  = 2 * time.Second
	hostileBytes = 256 << 20 // allocated, whether they were given back or not
)

// allocated is how many bytes have been allocated on the heap so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// requireCheap runs read, which must be cheap. A machine that does other work may
// be slow once; the best of three counts. The race detector is slow by itself.
func requireCheap(t *testing.T, why string, read func() error) error {
	t.Helper()
	for try := 1; ; try++ {
		start, before := time.Now(), allocated()
		err := read()
		elapsed, cost := time.Since(start), allocated()-before
		assert.Less(t, cost, uint64(hostileBytes), why)
		if elapsed < hostileTime || raceDetector {
			return err
		}
		if try == 3 {
			assert.Less(t, elapsed, hostileTime, why)
			return err
		}
	}
}

// sized is a size of what a test makes. The race detector takes ten times as
// long for it, and sees in the rows of the smaller size what it would see in all.
func sized(usual, underRaceDetector int) int {
	if raceDetector {
		return underRaceDetector
	}
	return usual
}

// constantSource has a constant for every required column but one.
func constantSource() *Source {
	return &Source{Constants: map[string]string{"payment_date": "2025-11-01", "amount": "1"}}
}

// madePage is a page of a file that a test makes up.
type madePage struct {
	header  format.PageHeader
	content []byte
}

func dataPage(values int, encoding format.Encoding, content []byte) madePage {
	return madePage{format.PageHeader{
		Type: format.DataPage, CompressedPageSize: int32(len(content)), UncompressedPageSize: int32(len(content)),
		DataPageHeader: thrift.New(format.DataPageHeader{NumValues: int32(values), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}),
	}, content}
}

func dataPageV2(values, nulls int, encoding format.Encoding, levels, content []byte) madePage {
	content = append(slices.Clone(levels), content...)
	return madePage{format.PageHeader{
		Type: format.DataPageV2, CompressedPageSize: int32(len(content)), UncompressedPageSize: int32(len(content)),
		DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
			NumValues: int32(values), NumNulls: int32(nulls), NumRows: int32(values), Encoding: encoding, DefinitionLevelsByteLength: int32(len(levels)),
		}),
	}, content}
}

func dictionaryPage(values int, content []byte) madePage {
	return madePage{format.PageHeader{
		Type: format.DictionaryPage, CompressedPageSize: int32(len(content)), UncompressedPageSize: int32(len(content)),
		DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(values), Encoding: format.Plain}),
	}, content}
}

// becoming says that a page becomes size bytes.
func (p madePage) becoming(size int) madePage {
	p.header.UncompressedPageSize = int32(size)
	return p
}

func (p madePage) summed() madePage {
	p.header.CRC = int32(crc32.ChecksumIEEE(p.content))
	return p
}

// madeFile is a Parquet file of one column of text, identity_number, in one row
// group.
type madeFile struct {
	rows     int
	codec    format.CompressionCodec
	optional bool
	pages    []madePage
	change   func(*format.FileMetaData) // nil for none
}

func compact(value any) []byte {
	encoded, err := thrift.Marshal(new(thrift.CompactProtocol), value)
	if err != nil {
		panic(err)
	}
	return encoded
}

// bytes is the file as it stands on disk.
func (m *madeFile) bytes() []byte {
	file := []byte(parquetMagic)
	chunk := format.ColumnMetaData{
		Type: format.ByteArray, Encoding: []format.Encoding{format.Plain}, PathInSchema: []string{"identity_number"},
		Codec: m.codec, NumValues: int64(m.rows), DataPageOffset: int64(len(file)),
	}
	for i := range m.pages {
		file = append(append(file, compact(&m.pages[i].header)...), m.pages[i].content...)
		chunk.Encoding = append(chunk.Encoding, m.pages[i].header.DataPageHeader.V.Encoding, m.pages[i].header.DataPageHeaderV2.V.Encoding)
	}
	chunk.TotalCompressedSize = int64(len(file) - len(parquetMagic))
	chunk.TotalUncompressedSize = chunk.TotalCompressedSize
	repetition := format.Required
	if m.optional {
		repetition = format.Optional
	}
	metadata := format.FileMetaData{
		Version: 1, NumRows: int64(m.rows),
		Schema: []format.SchemaElement{
			{Name: "schema", NumChildren: thrift.New[int32](1)},
			{Name: "identity_number", Type: thrift.New(format.ByteArray), RepetitionType: thrift.New(repetition)},
		},
		RowGroups: []format.RowGroup{{Columns: []format.ColumnChunk{{MetaData: chunk}}, NumRows: int64(m.rows), TotalByteSize: chunk.TotalCompressedSize}},
	}
	if m.change != nil {
		m.change(&metadata)
	}
	return withMetadata(file, compact(&metadata))
}

func withMetadata(file, metadata []byte) []byte {
	file = append(slices.Clone(file), metadata...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(metadata)))
	return append(file, parquetMagic...)
}

// plainTexts are texts in plain encoding.
func plainTexts(texts ...string) []byte {
	var plain []byte
	for _, text := range texts {
		plain = append(binary.LittleEndian.AppendUint32(plain, uint32(len(text))), text...)
	}
	return plain
}

// run is a run of one value: an integer of up to eight bits.
func run(count uint64, value byte) []byte { return append(binary.AppendUvarint(nil, count<<1), value) }

// levelsV1 has the length before the levels.
func levelsV1(levels, values []byte) []byte {
	return append(append(binary.LittleEndian.AppendUint32(nil, uint32(len(levels))), levels...), values...)
}

// deltas are equal integers with a header that says that there are total.
func deltas(total uint64, value int64) []byte {
	encoded := binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(nil, 128), 4), total)
	encoded = binary.AppendVarint(encoded, value)
	for done := uint64(1); done < min(total, 1<<20); done += 128 {
		encoded = append(encoded, 0, 0, 0, 0, 0)
	}
	return encoded
}

func compressed(t *testing.T, make func(io.Writer) (io.WriteCloser, error), size int) []byte {
	t.Helper()
	var buffer bytes.Buffer
	writer, err := make(&buffer)
	require.NoError(t, err)
	zeros := bytes.Repeat([]byte{0}, 1<<20)
	for ; size > 0; size -= len(zeros) {
		_, err := writer.Write(zeros[:min(size, len(zeros))])
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	return buffer.Bytes()
}

func gzipWriter(w io.Writer) (io.WriteCloser, error)   { return gzip.NewWriterLevel(w, gzip.BestSpeed) }
func zstdWriter(w io.Writer) (io.WriteCloser, error)   { return zstd.NewWriter(w) }
func brotliWriter(w io.Writer) (io.WriteCloser, error) { return brotli.NewWriterLevel(w, 1), nil }

// A file says of itself what would take memory or time without end, or what
// the library would read beyond its buffers for. It costs little to be refused.
func TestParquetThatIsMadeToDoHarm(t *testing.T) {
	const huge = math.MaxInt32
	ten := plainTexts("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
	one := func(page madePage) *madeFile { return &madeFile{rows: 10, pages: []madePage{page}} }
	withCodec := func(codec format.CompressionCodec, page madePage) *madeFile {
		return &madeFile{rows: 10, codec: codec, pages: []madePage{page}}
	}
	optional := func(pages ...madePage) *madeFile { return &madeFile{rows: 10, optional: true, pages: pages} }
	changed := func(change func(*format.FileMetaData)) *madeFile {
		return &madeFile{rows: 10, pages: []madePage{dataPage(10, format.Plain, ten)}, change: change}
	}
	chunkOf := func(m *format.FileMetaData) *format.ColumnMetaData { return &m.RowGroups[0].Columns[0].MetaData }
	withCount := func(page madePage, count int) madePage {
		page.header.DataPageHeader.V.NumValues = int32(count)
		return page
	}
	declared := dataPage(10, format.Plain, ten)
	declared.header.CompressedPageSize = huge
	zeros := 60 << 20 // within the limit of a page, beyond that of its ratio
	growing := growingTexts(1<<20, 1000)
	v1Levels := func(levels []byte) madePage { return dataPage(10, format.Plain, levelsV1(levels, ten)) }
	badLevelEncoding := v1Levels(run(10, 1))
	badLevelEncoding.header.DataPageHeader.V.DefinitionLevelEncoding = format.BitPacked
	wrongSum := dataPage(10, format.Plain, ten).summed()
	wrongSum.header.CRC++
	wrongDictionarySum := dictionaryPage(1, plainTexts("a")).summed()
	wrongDictionarySum.header.CRC++
	indexes := dataPage(10, format.RLEDictionary, append([]byte{8}, run(10, 0)...))

	for _, c := range []struct {
		why  string
		file *madeFile
		want string
	}{
		{"a page that becomes 2 GB", one(dataPage(10, format.Plain, ten).becoming(huge)), "a page of 2147483647 bytes; at most 64 MiB are read: have it written with smaller pages or row groups, or write it anew with pyarrow"},
		{"a page that has 2 GB", one(declared), "a page does not lie inside its column"},
		{"a page of a negative size", one(dataPage(10, format.Plain, ten).becoming(-1)), "a page does not lie inside its column"},
		{"60 MiB of zeros in zstd", withCodec(format.Zstd, dataPage(10, format.Plain, compressed(t, zstdWriter, zeros)).becoming(zeros)), "becomes 62914560 when it is decompressed"},
		{"zstd that becomes more than it says", withCodec(format.Zstd, dataPage(10, format.Plain, compressed(t, zstdWriter, zeros)).becoming(1000)), "cannot be decompressed"},
		{"zstd whose frame says a terabyte", withCodec(format.Zstd, dataPage(10, format.Plain, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0}).becoming(1000)), "cannot be decompressed"},
		{"gzip that becomes more than it says", withCodec(format.Gzip, dataPage(10, format.Plain, compressed(t, gzipWriter, sized(1<<30, 1<<24))).becoming(1000)), "cannot be decompressed: it has not as many bytes"},
		{"brotli that becomes more than it says", withCodec(format.Brotli, dataPage(10, format.Plain, compressed(t, brotliWriter, sized(zeros, 1<<24))).becoming(1000)), "cannot be decompressed: it has not as many bytes"},
		{"snappy whose block says 4 GB", withCodec(format.Snappy, dataPage(10, format.Plain, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0}).becoming(1000)), "cannot be decompressed: it has not as many bytes"},
		{"lz4 that becomes more than it says", withCodec(format.Lz4Raw, dataPage(10, format.Plain, append([]byte{0x1f, 0, 1, 0}, bytes.Repeat([]byte{255}, 1000)...)).becoming(1000)), "cannot be decompressed"},
		{"a codec that there is not", withCodec(77, dataPage(10, format.Plain, ten)), "it is compressed with"},

		{"2 GB of values", one(withCount(dataPage(10, format.Plain, ten), huge)), "a page of 2147483647 values; at most 16777216 are read"},
		{"more values than rows", one(dataPage(11, format.Plain, ten)), "its pages have more values than the row group has rows"},
		{"fewer values than rows", one(dataPage(9, format.Plain, plainTexts("0", "1", "2", "3", "4", "5", "6", "7", "8"))), "its pages have 9 rows, the row group has 10"},
		{"fewer texts than it says", one(dataPage(10, format.Plain, ten[:45])), "the texts of a page do not fill it"},
		{"more than zeros behind the texts", one(dataPage(10, format.Plain, append(slices.Clone(ten), 0, 0, 0, 0, 0, 0, 0, 1))), "the texts of a page do not fill it"},
		{"zeros behind those of v2, which no writer has", one(dataPageV2(10, 0, format.Plain, nil, slices.Concat(ten, make([]byte, 8)))), "the texts of a page do not fill it"},
		{"more texts than it says", &madeFile{rows: 9, pages: []madePage{dataPage(9, format.Plain, ten)}}, "the texts of a page do not fill it"},
		{"a text that is longer than its page", one(dataPage(10, format.Plain, append(slices.Clone(ten[:46]), 255, 255, 255, 127))), "the texts of a page do not fill it"},
		{"an encoding that there is not", one(dataPage(10, 99, ten)), "a page is encoded as"},
		{"an encoding of other types", one(dataPage(10, format.DeltaBinaryPacked, deltas(10, 1))), "a page is encoded as DELTA_BINARY_PACKED"},
		{"a million levels for ten rows", optional(v1Levels(run(1<<20, 1))), "a page's levels are not those of its rows"},
		{"2^62 levels", optional(v1Levels(run(1<<62, 1))), "a page's levels are not those of its rows"},
		{"too few levels", optional(v1Levels(run(9, 1))), "a page's levels are not those of its rows"},
		{"a level that a flat column has not", optional(v1Levels(run(10, 2))), "a page's levels are not those of its rows"},
		{"levels that are longer than the page", optional(dataPage(10, format.Plain, []byte{255, 255, 255, 255, 0})), "a page's levels are not those of its rows"},
		{"levels packed by hand", optional(badLevelEncoding), "a page's levels are encoded as BIT_PACKED"},
		{"v2: no levels at all", optional(dataPageV2(10, 0, format.Plain, nil, ten)), "a page's levels are not those of its rows"},
		{"v2: nulls that are not there", optional(dataPageV2(10, 3, format.Plain, run(10, 1), ten)), "a page with 0 nulls says that it has 3"},
		{"v2: fewer values than its levels", optional(dataPageV2(10, 0, format.Plain, run(10, 1), ten[:45])), "the texts of a page do not fill it"},
		{"indexes without a dictionary", one(indexes), "indexes into a dictionary that is not there"},
		{"an index beyond the dictionary", &madeFile{rows: 10, pages: []madePage{dictionaryPage(1, plainTexts("a")), dataPage(10, format.RLEDictionary, append([]byte{8}, run(10, 1)...))}}, "an index beyond the 1 entries"},
		{"2^40 indexes for ten rows", &madeFile{rows: 10, pages: []madePage{dictionaryPage(1, plainTexts("a")), dataPage(10, format.RLEDictionary, append([]byte{8}, run(1<<40, 0)...))}}, "a page does not have as many values"},
		{"indexes of 33 bits", &madeFile{rows: 10, pages: []madePage{dictionaryPage(1, plainTexts("a")), dataPage(10, format.RLEDictionary, append([]byte{33}, run(10, 0)...))}}, "a page does not have as many values"},
		{"two dictionaries", &madeFile{rows: 10, pages: []madePage{dictionaryPage(1, plainTexts("a")), dictionaryPage(1, plainTexts("b")), indexes}}, "or it has two"},
		{"a dictionary after values", &madeFile{rows: 20, pages: []madePage{dataPage(10, format.Plain, ten), dictionaryPage(1, plainTexts("a")), indexes}}, "its dictionary does not come first"},
		{"a dictionary of 2^31 entries", &madeFile{rows: 10, pages: []madePage{dictionaryPage(huge, plainTexts("a")), indexes}}, "a page of 2147483647 values"},
		{"a dictionary of fewer entries", &madeFile{rows: 10, pages: []madePage{dictionaryPage(3, plainTexts("a", "b", "", "")), indexes}}, "the texts of a page do not fill it"},
		{"2^31 differences", one(dataPage(10, format.DeltaLengthByteArray, deltas(huge, 1))), "a page's differences are damaged"},
		{"lengths beyond the page", one(dataPage(10, format.DeltaLengthByteArray, deltas(10, 100))), "length"},
		{"a megabyte a thousand times", &madeFile{rows: 1000, pages: []madePage{dataPage(1000, format.DeltaByteArray, growing)}}, "a page of texts of more than 64 MiB"},
		{"a prefix of nothing", one(dataPage(10, format.DeltaByteArray, append(deltas(10, 5), deltas(10, 0)...))), "a page's texts do not follow from each other"},
		{"a checksum that does not hold", one(wrongSum), "a page's checksum does not hold"},
		{"that of a dictionary", &madeFile{rows: 10, pages: []madePage{wrongDictionarySum, indexes}}, "a page's checksum does not hold"},

		{"2^31 rows", changed(func(m *format.FileMetaData) { m.NumRows = huge }), "its row groups have 10 rows, the file 2147483647"},
		{"more rows than the file", changed(func(m *format.FileMetaData) { m.RowGroups[0].NumRows = 1 << 60 }), "row group 0 has 1152921504606846976 rows, the file 10"},
		{"fewer than no rows", changed(func(m *format.FileMetaData) { m.RowGroups[0].NumRows = -1 }), "row group 0 has -1 rows"},
		{"a column of other rows", changed(func(m *format.FileMetaData) { chunkOf(m).NumValues = 11 }), "it has 11 values for 10 rows"},
		{"a column of another type", changed(func(m *format.FileMetaData) { chunkOf(m).Type = format.Int64 }), "it is of type INT64, in the schema of BYTE_ARRAY"},
		{"a column before the file", changed(func(m *format.FileMetaData) { chunkOf(m).DataPageOffset = -4 }), "it does not lie inside the file"},
		{"a column behind the file", changed(func(m *format.FileMetaData) { chunkOf(m).DataPageOffset = math.MaxInt64 - 3 }), "it does not lie inside the file"},
		{"a column in another file", changed(func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].FilePath = "other" }), "it lies in another file"},
		{"columns on top of each other", changed(func(m *format.FileMetaData) {
			m.NumRows, m.RowGroups = 20, append(m.RowGroups, m.RowGroups[0])
		}), "the columns up to row group 1 have"},
		{"more columns in a row group", changed(func(m *format.FileMetaData) {
			m.RowGroups[0].Columns = append(m.RowGroups[0].Columns, m.RowGroups[0].Columns[0])
		}), "row group 0 has 2 columns, the schema 1"},
		{"more children than elements", changed(func(m *format.FileMetaData) { m.Schema[0].NumChildren.V = huge }), "its schema is no tree"},
		{"elements that are no one's children", changed(func(m *format.FileMetaData) { m.Schema = append(m.Schema, m.Schema[1]) }), "its schema is no tree"},
		{"100,000 columns", changed(func(m *format.FileMetaData) {
			m.Schema[0].NumChildren.V = 100_000
			for i := range 100_000 - 1 {
				m.Schema = append(m.Schema, m.Schema[1])
				m.Schema[i+2].Name = strconv.Itoa(i)
			}
		}), "it has 100000 columns and parts of columns; at most 10000 are read"},
		{"40,000 row groups", changed(func(m *format.FileMetaData) {
			empty := format.RowGroup{Columns: slices.Clone(m.RowGroups[0].Columns)}
			empty.Columns[0].MetaData.NumValues, empty.Columns[0].MetaData.TotalCompressedSize = 0, 0
			m.RowGroups = append(m.RowGroups, slices.Repeat([]format.RowGroup{empty}, 40_000)...)
		}), "it has 40001 row groups; at most 32767 are read"},
		{"texts of 2 GB each", changed(func(m *format.FileMetaData) {
			m.Schema[1].Type, m.Schema[1].TypeLength = thrift.New(format.FixedLenByteArray), thrift.New[int32](huge)
		}), "its values have 2147483647 bytes each"},
	} {
		path := filepath.Join(t.TempDir(), "made.parquet")
		require.NoError(t, os.WriteFile(path, c.file.bytes(), 0o600))
		for _, digest := range []bool{false, true} {
			options := newOptions()
			options.Digest = digest
			err := requireCheap(t, c.why, func() error {
				_, _, err := readRecords(path, constantSource(), options)
				return err
			})
			assert.ErrorContains(t, err, "cannot read "+path+": ", c.why)
			assert.ErrorContains(t, err, c.want, c.why)
		}
	}
	// What the table changes one thing of can be read.
	for _, good := range []*madeFile{
		one(dataPage(10, format.Plain, ten)), optional(v1Levels(run(10, 1))), optional(dataPageV2(10, 0, format.Plain, run(10, 1), ten)),
		one(dataPage(10, format.DeltaLengthByteArray, append(deltas(10, 1), "0123456789"...))), one(dataPage(10, format.Plain, ten).summed()),
		optional(dataPageV2(10, 0, format.Plain, append(run(9, 1), run(1, 0)...), ten[:45])), // as arrow-go writes a null
		one(dataPage(10, format.Plain, slices.Concat(ten, make([]byte, 8)))),                 // as fastparquet ends a page
		one(dataPage(10, format.Plain, slices.Concat(ten[:40], make([]byte, 8)))),            // two empty texts, which end no page
		{rows: 10, pages: []madePage{dictionaryPage(1, plainTexts("a")).summed(), indexes}},
	} {
		path := filepath.Join(t.TempDir(), "made.parquet")
		require.NoError(t, os.WriteFile(path, good.bytes(), 0o600))
		got, _, err := readRecords(path, constantSource(), newOptions())
		require.NoError(t, err)
		assert.Len(t, got, 10)
	}
}

// A byte of a page's header says how its values are encoded. It must agree with
// the list of the metadata, but for what writers leave out of that.
func TestParquetEncodingsAreThoseListed(t *testing.T) {
	numbers := make([]byte, 0, 80)
	for range 10 {
		numbers = binary.LittleEndian.AppendUint64(numbers, 6408233234)
	}
	plain, split := dataPage(10, format.Plain, numbers), dataPage(10, format.ByteStreamSplit, numbers)
	texts := dataPage(10, format.Plain, plainTexts("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"))
	differences := dataPage(10, format.DeltaLengthByteArray, append(deltas(10, 1), "0123456789"...))
	dictionary := dictionaryPage(1, plainTexts("a"))
	oldDictionary := dictionaryPage(1, plainTexts("a"))
	oldDictionary.header.DictionaryPageHeader.V.Encoding = plainDictionary
	indexes := append([]byte{8}, run(10, 0)...)
	newIndexes, oldIndexes := dataPage(10, format.RLEDictionary, indexes), dataPage(10, plainDictionary, indexes)
	fixed := []format.Encoding{format.RLE, format.BitPacked, format.Plain}
	for _, c := range []struct {
		why    string
		listed []format.Encoding
		kind   format.Type
		pages  []madePage
		want   string // "" where it is read
	}{
		{"the encoding itself", []format.Encoding{format.Plain}, format.Int64, []madePage{plain}, ""},
		{"plain, of values that were split", []format.Encoding{format.RLE, format.ByteStreamSplit}, format.Int64, []madePage{plain}, "PLAIN"},
		{"split, of values that were plain", fixed, format.Int64, []madePage{split}, "BYTE_STREAM_SPLIT"},
		{"one of two pages", []format.Encoding{format.DeltaLengthByteArray}, format.ByteArray, []madePage{differences, texts}, "PLAIN"},
		{"DuckDB before 0.5 lists nothing", nil, format.Int64, []madePage{plain}, ""},
		{"DuckDB lists no dictionary", []format.Encoding{format.RLEDictionary}, format.ByteArray, []madePage{dictionary, newIndexes}, ""},
		{"parquet-java has the old names", []format.Encoding{plainDictionary, format.RLE, format.BitPacked}, format.ByteArray, []madePage{oldDictionary, oldIndexes}, ""},
		{"the two names are of one encoding", []format.Encoding{format.Plain, plainDictionary}, format.ByteArray, []madePage{dictionary, newIndexes}, ""},
		{"Parquet.Net before 5.5 lists what is fixed", fixed, format.ByteArray, []madePage{oldDictionary, oldIndexes}, ""},
		{"so does xitongsys/parquet-go", fixed, format.ByteArray, []madePage{differences}, ""},
		{"indexes, of texts that were plain", []format.Encoding{format.Plain}, format.ByteArray, []madePage{dictionary, newIndexes}, "RLE_DICTIONARY"},
		{"a number that the format has not", []format.Encoding{format.Plain, 99}, format.ByteArray, []madePage{dataPage(10, 99, numbers)}, "Encoding(?)"},
		{"one below all", []format.Encoding{format.Plain, -1}, format.ByteArray, []madePage{dataPage(10, -1, numbers)}, "Encoding(?)"},
	} {
		rows := 0
		for i := range c.pages {
			rows += int(c.pages[i].header.DataPageHeader.V.NumValues)
		}
		file := madeFile{rows: rows, pages: c.pages, change: func(m *format.FileMetaData) {
			chunk := &m.RowGroups[0].Columns[0].MetaData
			m.Schema[1].Type, chunk.Type, chunk.Encoding = thrift.New(c.kind), c.kind, c.listed
		}}
		path := filepath.Join(t.TempDir(), "made.parquet")
		require.NoError(t, os.WriteFile(path, file.bytes(), 0o600))
		got, _, err := readRecords(path, constantSource(), newOptions())
		if c.want == "" {
			require.NoError(t, err, c.why)
			assert.Len(t, got, rows, c.why)
			continue
		}
		assert.EqualError(t, err, "cannot read "+path+": row group 0, column identity_number: a page is encoded as "+c.want+
			", which is not among the encodings that the metadata list", c.why)
	}
}

// growingTexts are count texts, the first of size bytes and each the same as the
// one before it.
func growingTexts(size, count int) []byte {
	// The prefixes: 0, then size each; the suffixes: size, then 0 each.
	differences := func(first, then int32) []byte {
		encoded := binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(nil, 128), 1), uint64(count))
		encoded = binary.AppendVarint(encoded, int64(first))
		for done := 1; done < count; done += 128 {
			packed := make([]byte, 128*32/8)
			if done == 1 { // the first difference, in 32 bits; the others are 0
				binary.LittleEndian.PutUint32(packed, uint32(then-first))
			}
			encoded = append(append(append(encoded, 0), 32), packed...)
		}
		return encoded
	}
	encoded := append(differences(0, int32(size)), differences(int32(size), 0)...)
	return append(encoded, bytes.Repeat([]byte{'x'}, size)...)
}

// Metadata and headers of pages that no writer of structures could have written.
func TestParquetThatDescribesItselfWithoutEnd(t *testing.T) {
	good := (&madeFile{rows: 1, pages: []madePage{dataPage(1, format.Plain, plainTexts("1"))}}).bytes()
	length := int(binary.LittleEndian.Uint32(good[len(good)-8:]))
	pages := good[:len(good)-8-length]
	metadata := good[len(good)-8-length : len(good)-8]
	nested := bytes.Repeat([]byte{0x1c}, 20<<20) // a structure that begins with a structure
	lists := bytes.Repeat([]byte{0x19}, 20<<20)  // a list that begins with a list
	schema := slices.Concat([]byte{0x2c, 0x48, 1, 'r', 0x15, 2, 0, 0x15, 12, 0x25, 0, 0x18, 15}, []byte("identity_number"), []byte{0})
	// As fields lists of booleans have no bytes but these, as elements of the first list they are booleans.
	var booleans []byte
	for left := 20_000; left > 0; left-- {
		booleans = binary.AppendUvarint(append(booleans, 0x09, 4, 0xf1), uint64(left))
	}
	encodings := slices.Concat([]byte{0x15, 2, 0x19}, schema, []byte{0x16, 2, 0x19, 0x1c, 0x19, 0x1c, 0x3c, 0x29, 0xf1},
		binary.AppendUvarint(nil, uint64(len(booleans))), booleans, []byte{0, 0, 0x26, 2, 0, 0})
	for _, c := range []struct {
		why  string
		file []byte
		want string
	}{
		{"2^31 elements of a schema", withMetadata(pages, append([]byte{0x15, 2, 0x19, 0xfc}, 0xff, 0xff, 0xff, 0xff, 7, 0)), "its metadata cannot be read: it ends early"},
		{"2^31 values of keys", withMetadata(pages, append([]byte{0x5b}, 0xff, 0xff, 0xff, 0xff, 7, 0x88)), "its metadata cannot be read: it ends early"},
		{"structures in each other", withMetadata(pages, nested), "its metadata cannot be read: it has more than 32 structures in each other"},
		{"lists in each other", withMetadata(pages, append([]byte{0x59}, lists...)), "its metadata cannot be read: it has more than 32 structures in each other"},
		{"a text of 2^63 bytes", withMetadata(pages, append([]byte{0x68}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)), "its metadata cannot be read: it ends early"},
		{"nothing", withMetadata(pages, nil), "its metadata cannot be read: it ends early"},
		{"no schema", withMetadata(pages, []byte{0}), "they have no schema or no row groups"},
		{"more than metadata", withMetadata(pages, append(slices.Clone(metadata), 0, 0, 0)), "3 bytes are left over"},
		{"encodings that are booleans", withMetadata(pages, encodings), "it is damaged: the encodings of a column are none"},
		{"two schemas", withMetadata(pages, slices.Concat([]byte{0x29}, schema, []byte{0x09, 4}, schema, []byte{0})), "its metadata cannot be read: it has two schemas"},
		{"a type that there is not", withMetadata(pages, []byte{0x5f, 0}), "it has a value of the unknown type 15"},
	} {
		path := filepath.Join(t.TempDir(), "made.parquet")
		require.NoError(t, os.WriteFile(path, c.file, 0o600))
		err := requireCheap(t, c.why, func() error {
			_, _, err := readRecords(path, constantSource(), newOptions())
			return err
		})
		assert.ErrorContains(t, err, "cannot read "+path+": ", c.why)
		assert.ErrorContains(t, err, c.want, c.why)
	}

	// The header of a page is as nested, and does not end where the file does.
	file := &madeFile{rows: 1, pages: []madePage{{content: nested}}}
	raw := file.bytes()
	at := bytes.Index(raw, nested[:100])
	copy(raw[len(parquetMagic):], raw[at:at+1000])
	path := filepath.Join(t.TempDir(), "made.parquet")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	err := requireCheap(t, "a header", func() error {
		_, _, err := readRecords(path, constantSource(), newOptions())
		return err
	})
	assert.ErrorContains(t, err, "a page's header cannot be read: it has more than 32 structures in each other")

	// Metadata of more than their limit are not read at all: the file is sparse.
	out, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, out.Truncate(limitParquetMetadata+100))
	_, err = out.WriteAt(append(binary.LittleEndian.AppendUint32(nil, limitParquetMetadata+1), parquetMagic...), limitParquetMetadata+92)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	err = requireCheap(t, "metadata", func() error {
		_, _, err := readRecords(path, constantSource(), newOptions())
		return err
	})
	assert.ErrorContains(t, err, "it has metadata of 67108865 bytes; at most 64 MiB are read")
}

// Pages that are large and lawful are read, as long as they do not take more
// memory together than a row group may.
func TestParquetPagesShareTheirMemory(t *testing.T) {
	const rows = 800 // of 50 MiB together
	text := strings.Repeat("x", limitText)
	large := dataPage(rows, format.Plain, plainTexts(slices.Repeat([]string{text}, rows)...))
	path := filepath.Join(t.TempDir(), "large.parquet")
	require.NoError(t, os.WriteFile(path, (&madeFile{rows: rows, pages: []madePage{large}}).bytes(), 0o600))
	got, _, err := readRecords(path, constantSource(), newOptions())
	require.NoError(t, err)
	assert.Len(t, got, rows)
	assert.Len(t, got[rows-1].given, len(text))

	memory := &pageMemory{}
	require.NoError(t, memory.change(limitPageMemory))
	assert.EqualError(t, memory.change(1), "the pages that are read at a time would take more than 256 MiB")
}

// Whether a row group may be read does not depend on what was read before it, whose
// buffers are used again.
func TestParquetMemoryIsThatOfTheRowGroup(t *testing.T) {
	value := func(row int) parquet.Value { return textOrNull(false, fmt.Sprint(row%7)+strings.Repeat("x", 100)) }
	path := writeParquet(t, 1000, 1000, []testColumn{
		{"plain", parquet.Encoded(parquet.String(), &parquet.Plain), value},
		{"dictionary", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), value},
		{"plain_zstd", parquet.Compressed(parquet.Encoded(parquet.String(), &parquet.Plain), &parquet.Zstd), value},
		{"dictionary_zstd", parquet.Compressed(parquet.Encoded(parquet.String(), &parquet.RLEDictionary), &parquet.Zstd), value},
		{"delta_zstd", parquet.Compressed(parquet.Encoded(parquet.String(), &parquet.DeltaByteArray), &parquet.Zstd), value},
	}, parquet.PageBufferSize(1000))
	for _, name := range []string{"plain", "dictionary", "plain_zstd", "dictionary_zstd", "delta_zstd"} {
		file, err := openParquet(path)
		require.NoError(t, err)
		columns, err := file.columns(&Source{Columns: map[string]string{"agency": name}}, recordColumns[agency:agency+1])
		require.NoError(t, err)
		held := func(buffers *pageBuffers) (bytes []int64) {
			memory := &pageMemory{}
			cursor := &columnCursor{fileColumn: &columns[0].fileColumn}
			pages := newParquetPages(cursor, columns[0], memory, &pageCounts{}, buffers)
			pages.open(file, rowGroupBytes{ReaderAt: file.handle})
			for range 3 {
				require.NoError(t, pages.next(), name)
				bytes = append(bytes, memory.held)
			}
			pages.close()
			require.Zero(t, memory.held, name)
			return bytes
		}
		buffers := new(pageBuffers)
		fresh := held(buffers)
		require.Positive(t, fresh[0], name)
		require.Equal(t, fresh, held(buffers), "%s, after itself", name)
		buffers.content, buffers.compressed = make([]byte, keptPage), make([]byte, keptPage)
		require.Equal(t, fresh, held(buffers), "%s, after larger pages", name)
		require.NoError(t, file.release())
	}
}

// What is allocated for the largest pages stays below what a row group may take,
// or they are refused.
func TestParquetPagesTakeWhatTheyMay(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads pages of 16 million values")
	}
	const most = limitPageRows
	empty := make([]byte, 4*most) // as many empty texts
	source := constantSource()
	source.Name = "made"
	path := filepath.Join(t.TempDir(), "large.parquet")
	source.Files = []string{path}
	source.Constants["agency"] = "csn"
	indexes := append([]byte{1}, run(most, 0)...)
	for _, c := range []struct {
		why  string
		file madeFile
		want string // "" where it is read
	}{
		{"empty texts", madeFile{rows: most, pages: []madePage{dataPage(most, format.Plain, empty)}}, ""},
		{"nulls", madeFile{rows: most, optional: true, pages: []madePage{dataPage(most, format.Plain, levelsV1(run(most, 0), nil))}}, ""},
		{"indexes", madeFile{rows: most, optional: true, pages: []madePage{dictionaryPage(1, plainTexts("a")), dataPage(most, format.RLEDictionary, levelsV1(run(most, 1), indexes))}}, ""},
		{"indexes, twice", madeFile{rows: 2 * most, pages: []madePage{
			dictionaryPage(1, plainTexts("a")), dataPage(most, format.RLEDictionary, indexes), dataPage(most, format.RLEDictionary, indexes),
		}}, ""},
		{"empty texts, twice", madeFile{rows: 2 * most, pages: []madePage{dataPage(most, format.Plain, empty), dataPage(most, format.Plain, empty)}},
			"the pages that are read at a time would take more than 256 MiB"},
		{"entries", madeFile{rows: most, pages: []madePage{dictionaryPage(most, empty), dataPage(most, format.RLEDictionary, indexes)}},
			"the pages that are read at a time would take more than 256 MiB"},
	} {
		require.NoError(t, os.WriteFile(path, c.file.bytes(), 0o600))
		before := allocated()
		records, err := OpenRecords(t.Context(), []Source{*source}, *newOptions())
		require.NoError(t, err)
		var batch pipeline.Batch
		rows := 0
		err = records.Cut(context.Background(), func(piece pipeline.Piece) error {
			defer piece.Close()
			for {
				more, err := piece.Next(&batch)
				if err != nil || !more {
					return err
				}
				rows += batch.Rows
			}
		})
		cost := allocated() - before
		t.Logf("%s: %d MiB", c.why, cost>>20)
		may := uint64(limitPageMemory)
		if raceDetector {
			may += 1 << 20 // the detector's own
		}
		assert.LessOrEqual(t, cost, may, c.why)
		if c.want != "" {
			assert.ErrorContains(t, err, c.want, c.why)
		} else if assert.NoError(t, err, c.why) {
			assert.Equal(t, c.file.rows, rows, c.why)
		}
	}
}

// The runs of booleans need not begin on a byte.
func TestParquetBooleansInRuns(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 1))
	for range 300 {
		var bits []bool
		var runs []byte
		for range 1 + random.IntN(20) {
			if random.IntN(2) == 0 {
				count, value := 1+random.IntN(40), byte(random.IntN(2))
				runs = append(runs, run(uint64(count), value)...)
				bits = append(bits, slices.Repeat([]bool{value == 1}, count)...)
				continue
			}
			groups := 1 + random.IntN(5)
			runs = binary.AppendUvarint(runs, uint64(groups)<<1|1)
			for range groups {
				b := byte(random.IntN(256))
				runs = append(runs, b)
				for i := range 8 {
					bits = append(bits, b>>i&1 == 1)
				}
			}
		}
		levels := []byte("levels")
		plain, err := plainBooleans(levels, levelsV1(runs, nil), len(bits))
		require.NoError(t, err)
		require.Equal(t, levels, plain[:len(levels)])
		values := columnValues{data: plain[len(levels):]}
		for i, want := range bits {
			require.Equal(t, want, values.boolean(i), "value %d of %d", i, len(bits))
		}
		_, err = plainBooleans(levels, levelsV1(runs, nil), len(bits)+8)
		require.ErrorIs(t, err, errRuns)
	}
}

// concatenated is a stream that begins with a head and goes on with a part
// many times.
func concatenated(t *testing.T, make func(io.Writer) (io.WriteCloser, error), head string, part []byte, times int) []byte {
	t.Helper()
	member := func(content []byte) []byte {
		var buffer bytes.Buffer
		writer, err := make(&buffer)
		require.NoError(t, err)
		_, err = writer.Write(content)
		require.NoError(t, err)
		require.NoError(t, writer.Close())
		return buffer.Bytes()
	}
	return append(member([]byte(head)), bytes.Repeat(member(part), times)...)
}

// Text that does not end costs no more than a row may, whatever it is compressed
// with.
func TestCSVThatIsMadeToDoHarm(t *testing.T) {
	const header = "identity_number;payment_date;amount\n"
	rows := header + strings.Repeat("640823-3234;2025-11-01;1,00\n", 4000) // more than is looked at first
	size := sized(64<<20, 4<<20)
	zeros := make([]byte, size)
	newlines := bytes.Repeat([]byte{'\n'}, size)
	letters := bytes.Repeat([]byte{'x'}, size)
	const times = 160 // 10 GiB
	for i, c := range []struct {
		why  string
		head string
		part []byte
		want string
	}{
		{"zeros", "", zeros, "it holds zero bytes"},
		{"zeros after rows", rows, zeros, "line 4002: it holds zero bytes"},
		{"one line", "", letters, "its first line is longer than 65536 bytes"},
		{"one line after rows", rows, letters, "line 4002 begins a row of more than 16777216 bytes"},
		{"a quote that does not close", rows + "\"", newlines, "line 4002 begins a row of more than 16777216 bytes; is a quote left open?"},
		{"empty lines", "", newlines, "its first line is longer than 65536 bytes"},
		{"empty lines after rows", rows, newlines, "more than 16777216 bytes of empty lines"},
		{"empty lines of Windows after rows", rows, bytes.Repeat([]byte("\r\n"), size/2), "more than 16777216 bytes of empty lines"},
	} {
		for name, make := range map[string]func(io.Writer) (io.WriteCloser, error){"gzip": gzipWriter, "zstd": zstdWriter} {
			if raceDetector && (name == "zstd") != (i%2 == 0) {
				continue // each text once, in either
			}
			why := c.why + ", " + name
			path := filepath.Join(t.TempDir(), "made.csv."+name)
			require.NoError(t, os.WriteFile(path, concatenated(t, make, c.head, c.part, times), 0o600))
			err := requireCheap(t, why, func() error { return drainRecords(Source{Name: "made", Files: []string{path}, CSV: CSV{Decimal: ','}}) })
			assert.ErrorContains(t, err, "cannot read "+path+": ", why)
			assert.ErrorContains(t, err, c.want, why)
		}
	}

	path := filepath.Join(t.TempDir(), "sparse.csv")
	require.NoError(t, os.WriteFile(path, []byte(rows), 0o600))
	require.NoError(t, os.Truncate(path, 1<<30))
	err := requireCheap(t, "a hole of 1 GB", func() error { return drainRecords(Source{Name: "made", Files: []string{path}, CSV: CSV{Decimal: ','}}) })
	assert.ErrorContains(t, err, "cannot read "+path+": line 4002: it holds zero bytes")
}

// drainRecords reads a file of records to its end, as a run would.
func drainRecords(source Source) error {
	return eachBatch(source, func(*pipeline.Batch) error { return nil })
}

func eachBatch(source Source, use func(b *pipeline.Batch) error) error {
	records, err := OpenRecords(context.Background(), []Source{source}, *newOptions())
	if err != nil {
		return err
	}
	defer records.Close()
	var batch pipeline.Batch
	return records.Cut(context.Background(), func(piece pipeline.Piece) error {
		defer piece.Close()
		for {
			if more, err := piece.Next(&batch); err != nil || !more {
				return err
			}
			if err := use(&batch); err != nil {
				return err
			}
		}
	})
}

// mutant is a file of which mutations are read.
type mutant struct {
	name      string
	data      []byte
	source    *Source
	want      plainContent
	footer    int      // where its metadata begin
	headers   [][2]int // where headers of pages stand
	summed    [][2]int // where contents of pages stand that have a checksum
	isExtract bool
}

// plainContent is what a file holds: records, or entries of a register extract
// and what could not be read of them.
type plainContent struct {
	records    []plainRecord
	entries    []plainEntry
	unreadable []register.Unreadable
}

func (c *plainContent) equals(other *plainContent) bool {
	return slices.Equal(c.records, other.records) && slices.Equal(c.entries, other.entries) && slices.Equal(c.unreadable, other.unreadable)
}

// newMutant reads a file as it is.
func newMutant(t *testing.T, path string, source *Source, isExtract bool) *mutant {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	m := &mutant{name: filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path), data: data, source: source, isExtract: isExtract}
	m.footer = len(data) - 8 - int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	if m.want, err = m.read(path); err != nil {
		t.Logf("%s is not read: %v", m.name, err)
		return nil
	}
	file, err := openParquet(path)
	require.NoError(t, err)
	defer file.release()
	canonical := recordColumns[:]
	if isExtract {
		canonical = registerColumns[:]
	}
	_, err = file.columns(source, canonical)
	require.NoError(t, err)
	for _, group := range file.groups {
		for _, chunk := range group.chunks {
			for at := int(chunk.start); at < int(chunk.end); {
				var h pageHeader
				r := thriftReader{data: data[at:chunk.end]}
				h.read(&r)
				require.NoError(t, r.err)
				m.headers = append(m.headers, [2]int{at, at + r.at})
				at += r.at
				if h.hasCRC {
					m.summed = append(m.summed, [2]int{at, at + int(h.compressed)})
				}
				at += int(h.compressed)
			}
		}
	}
	return m
}

// read reads a file as the mutant is meant.
func (m *mutant) read(path string) (content plainContent, err error) {
	if m.isExtract {
		_, err = ReadExtract(context.Background(), withFile(m.source, path), Options{Workers: 1}, func(x *register.Extract) error {
			content.entries = appendEntries(content.entries, x)
			content.unreadable = append(content.unreadable, x.Unreadable...)
			return nil
		})
		return content, err
	}
	content.records, _, err = readRecords(path, m.source, newOptions())
	return content, err
}

func withFile(source *Source, path string) Source {
	copied := *source
	copied.Files = []string{path}
	return copied
}

// mutate changes the file, and says whether nothing was changed but what must
// not change rows unnoticed: headers of pages, and contents that have a checksum.
func (m *mutant) mutate(random *rand.Rand) (data []byte, how string, isGuarded bool) {
	data = slices.Clone(m.data)
	flip := func(from, to int) {
		data[from+random.IntN(to-from)] ^= 1 << random.IntN(8)
	}
	pick := func(ranges [][2]int) (from, to int) {
		r := ranges[random.IntN(len(ranges))]
		return r[0], r[1]
	}
	full := slices.DeleteFunc(slices.Clone(m.summed), func(r [2]int) bool { return r[0] == r[1] })
	switch kind := random.IntN(10); {
	case kind <= 1 && len(full) > 0:
		from, to := pick(full)
		for range 1 + random.IntN(4) {
			flip(from, to)
		}
		return data, "bits of a page", true
	case kind <= 4 && len(m.headers) > 0:
		from, to := pick(m.headers)
		for range 1 + random.IntN(2) {
			flip(from, to)
		}
		return data, "bits of a page's header", true
	case kind <= 6:
		for range 1 + random.IntN(2) {
			flip(m.footer, len(data)-8)
		}
		return data, "bits of the metadata", false
	case kind == 7:
		flip(0, len(data))
		return data, "any bit", false
	case kind == 8 && m.footer > len(parquetMagic):
		if random.IntN(2) == 0 {
			return data[:random.IntN(len(data))], "cut off", false
		}
		cut := 1 + random.IntN(m.footer-len(parquetMagic))
		return append(data[:m.footer-cut:m.footer-cut], m.data[m.footer:]...), "cut off before the metadata", false
	}
	length := 1 + random.IntN(16)
	from, to := random.IntN(len(data)-length), random.IntN(len(data)-length)
	copy(data[to:], m.data[from:from+length])
	return data, "bytes from elsewhere", false
}

// mutants are small files of several writers: those that are made here, and the
// ones of testdata/interop.
func mutants(t *testing.T) []*mutant {
	records := plainRecords(200, 31)
	plain := func(_ string, node parquet.Node) parquet.Node { return parquet.Encoded(node, &parquet.Plain) }
	dictionary := func(_ string, node parquet.Node) parquet.Node { return parquet.Encoded(node, &parquet.RLEDictionary) }
	delta := func(_ string, node parquet.Node) parquet.Node {
		if node.Type().Kind() == parquet.ByteArray {
			return parquet.Encoded(node, &parquet.DeltaByteArray)
		}
		return parquet.Encoded(node, &parquet.DeltaBinaryPacked)
	}
	small := parquet.PageBufferSize(600)
	var made []*mutant
	for _, path := range []string{
		writeParquet(t, len(records), 90, recordColumnsOf(records, true, asIs), small),
		writeParquet(t, len(records), 90, recordColumnsOf(records, false, plain), small, parquet.Compression(&parquet.Snappy)),
		writeParquet(t, len(records), 90, recordColumnsOf(records, true, dictionary), small, parquet.DataPageVersion(1), parquet.Compression(&parquet.Zstd)),
		writeParquet(t, len(records), 90, recordColumnsOf(records, true, delta), small, parquet.Compression(&parquet.Gzip)),
		writeParquet(t, len(records), 90, recordColumnsOf(records, true, dictionary), small, parquet.Compression(&parquet.Lz4Raw)),
		writeParquet(t, len(records), 90, recordColumnsOf(records, true, plain), small, parquet.Compression(&parquet.Brotli), parquet.DataPageVersion(1)),
		writeArrow(t, records, false),
		writeArrow(t, records, true, arrowparquet.WithCompression(arrowcompress.Codecs.Snappy), arrowparquet.WithMaxRowGroupLength(90)),
		writeArrow(t, records, false, arrowparquet.WithDataPageVersion(arrowparquet.DataPageV2), arrowparquet.WithCompression(arrowcompress.Codecs.Zstd)),
		writeArrow(t, records, false, arrowparquet.WithDictionaryDefault(false), arrowparquet.WithDataPageSize(500), arrowparquet.WithBatchSize(50)),
	} {
		m := newMutant(t, path, &Source{}, false)
		require.NotNil(t, m)
		requireSame(t, records, m.want.records)
		made = append(made, m)
	}
	const largest = 64 << 10
	require.NoError(t, filepath.WalkDir(filepath.Join("..", "testdata", "interop"), func(path string, entry os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && entry.IsDir() && entry.Name() == "make" {
			return filepath.SkipDir // what made the files
		}
		if err != nil || filepath.Ext(path) != ".parquet" {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Size() > largest {
			return err
		}
		isExtract := strings.HasPrefix(filepath.Base(path), "register")
		if m := newMutant(t, path, &Source{}, isExtract); m != nil {
			made = append(made, m)
		}
		return nil
	}))
	return made
}

const (
	mutationsVariable = "AVSTAM_MUTATIONS" // how many; 2000 where it is not set
	mutationVariable  = "AVSTAM_MUTATION"  // one seed: that mutation alone
	mutateVariable    = "AVSTAM_MUTATE"    // set in the process that reads them
)

// No damage of a file ends the process, takes more memory than a row group may,
// or changes a row in a file with a sidecar or in a page with a checksum. That of
// the headers of pages changes none in these files. Nothing is printed: standard
// error is the command's own.
// The mutations are read in a process of their own, which may die.
func TestParquetMutations(t *testing.T) {
	count := 2000
	if testing.Short() {
		count = sized(300, 150) // there are 148 files
	}
	if text := os.Getenv(mutationsVariable); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	command := exec.Command(os.Args[0], "-test.run=^TestParquetMutationsAreRead$", "-test.timeout=60m")
	command.Env = append(os.Environ(), mutateVariable+"="+strconv.Itoa(count))
	var errors bytes.Buffer
	command.Stderr = &errors
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	last, told := "none", ""
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if seed, ok := strings.CutPrefix(lines.Text(), "mutation "); ok {
			last = seed
			continue
		}
		told += lines.Text() + "\n"
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("%v at mutation %s (%s=%s reads it alone):\n%s%s", err, last, mutationVariable, strings.Fields(last)[0], told, errors.String())
	}
	assert.Empty(t, errors.String(), "standard error")
	t.Log(told)
}

// TestParquetMutationsAreRead is the process of TestParquetMutations.
func TestParquetMutationsAreRead(t *testing.T) {
	count, err := strconv.Atoi(os.Getenv(mutateVariable))
	first := 0
	if seed := os.Getenv(mutationVariable); seed != "" {
		first, err = strconv.Atoi(seed)
		count = first + 1
	}
	if err != nil {
		return // it is not that process
	}
	made := mutants(t)
	folder := t.TempDir()
	path, sealed := filepath.Join(folder, "mutant.parquet"), filepath.Join(folder, "sealed.parquet")
	counts, changed := map[string][3]int{}, map[string][]string{}
	most := uint64(0)
	start := time.Now()
	for seed := first; seed < count; seed++ {
		random := rand.New(rand.NewPCG(uint64(seed), 77))
		m := made[seed%len(made)]
		data, how, isGuarded := m.mutate(random)
		fmt.Printf("mutation %d %s %s\n", seed, m.name, how)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		before := allocated()
		got, err := m.read(path)
		cost := allocated() - before
		most = max(most, cost)
		require.Less(t, cost, uint64(limitPageMemory), "mutation %d of %s, %s", seed, m.name, how)
		kinds := counts[how]
		switch {
		case err != nil:
			require.ErrorContains(t, err, path, "mutation %d of %s, %s", seed, m.name, how)
			kinds[0]++
		case m.want.equals(&got):
			kinds[1]++
		default:
			require.False(t, isGuarded, "mutation %d of %s, %s: rows changed", seed, m.name, how)
			kinds[2]++
			changed[how] = append(changed[how], fmt.Sprint(seed, " ", m.name))
		}
		counts[how] = kinds
		if bytes.Equal(data, m.data) {
			continue
		}
		require.NoError(t, os.WriteFile(sealed, data, 0o600))
		digest := sha256.Sum256(m.data)
		require.NoError(t, os.WriteFile(sealed+sidecarSuffix, []byte(hex.EncodeToString(digest[:])+"  sealed.parquet\n"), 0o600))
		require.Error(t, m.readSealed(sealed), "mutation %d of %s, %s: it is not that of the sidecar", seed, m.name, how)
	}
	fmt.Printf("%d mutations of %d files in %.1f s, at most %d KiB allocated for one\n", count-first, len(made), time.Since(start).Seconds(), most>>10)
	for _, how := range slices.Sorted(maps.Keys(counts)) {
		fmt.Printf("%-30s refused %d, the same rows %d, other rows %d", how, counts[how][0], counts[how][1], counts[how][2])
		if there := changed[how]; len(there) > 0 {
			fmt.Printf(" (%s …)", strings.Join(there[:min(3, len(there))], ", "))
		}
		fmt.Println()
	}
}

// readSealed reads a file that has a sidecar.
func (m *mutant) readSealed(path string) error {
	if m.isExtract {
		_, err := m.read(path)
		return err
	}
	return drainRecords(withFile(m.source, path))
}
