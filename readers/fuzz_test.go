package readers

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/damage"
	"github.com/avstam/avstam/register"
)

// fuzzLimit is how large a made-up file may be: what is wrong with a larger one is
// wrong with one of this size.
const fuzzLimit = 64 << 10

// fuzzed is what a made-up file is read to, twice: with one worker and with two.
// It must say the same, for records and for a register extract, and cost no more
// memory than the pages of a row group may.
type fuzzed struct {
	path   string
	source *Source
}

func newFuzzed(f *testing.F, name string) *fuzzed {
	return &fuzzed{filepath.Join(f.TempDir(), name), constantSource()}
}

func (z *fuzzed) read(t *testing.T, contents []byte) {
	if len(contents) > fuzzLimit {
		return
	}
	defer damage.Watch()()
	require.NoError(t, os.WriteFile(z.path, contents, 0o600))
	before := allocated()
	var first []plainRecord
	var firstErr error
	for workers := 1; workers <= 2; workers++ {
		options := newOptions()
		options.Workers = workers
		records, _, err := readAny(withFile(z.source, z.path), options)
		if err != nil {
			require.ErrorContains(t, err, z.path)
		}
		if workers == 1 {
			first, firstErr = records, err
			continue
		}
		require.Equal(t, firstErr == nil, err == nil, "with two workers: %v", err)
		if err == nil {
			require.True(t, slices.Equal(first, records), "with two workers")
		}
	}
	_, err := ReadExtract(context.Background(), Source{Files: []string{z.path}}, Options{Workers: 1}, func(x *register.Extract) error {
		rows := len(x.Number)
		for _, column := range [][]uint16{x.Status, x.Reason, x.Level} {
			for _, word := range column {
				require.Less(t, int(word), len(x.Words))
			}
		}
		require.True(t, len(x.Status) == rows && len(x.Unreadable) <= rows+1)
		return nil
	})
	if err != nil {
		require.ErrorContains(t, err, z.path)
	}
	require.Less(t, allocated()-before, uint64(3*limitPageMemory))
}

// Whatever a Parquet file holds, it is read or refused, without a panic of the
// library behind the guard and without memory that it asks for and has no right to.
func FuzzParquet(f *testing.F) {
	ten := plainTexts("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
	dictionary := dictionaryPage(2, plainTexts("a", "640823-3234"))
	indexes := dataPage(10, format.RLEDictionary, append([]byte{8}, run(10, 1)...))
	for _, file := range []*madeFile{
		{rows: 10, pages: []madePage{dataPage(10, format.Plain, ten)}},
		{rows: 10, pages: []madePage{dataPage(10, format.Plain, ten).summed()}},
		{rows: 10, pages: []madePage{dictionary, indexes}},
		{rows: 10, optional: true, pages: []madePage{dataPage(10, format.Plain, levelsV1(run(10, 1), ten))}},
		{rows: 10, optional: true, pages: []madePage{dataPageV2(10, 0, format.Plain, run(10, 1), ten)}},
		{rows: 10, optional: true, pages: []madePage{dataPageV2(10, 10, format.Plain, run(10, 0), nil)}},
	} {
		f.Add(file.bytes())
	}
	for _, codec := range []parquet.WriterOption{parquet.Compression(&parquet.Uncompressed), parquet.Compression(&parquet.Snappy),
		parquet.Compression(&parquet.Zstd), parquet.Compression(&parquet.Gzip), parquet.Compression(&parquet.Lz4Raw), parquet.Compression(&parquet.Brotli)} {
		var contents bytes.Buffer
		type row struct {
			Number *string `parquet:"identity_number,optional,dict"`
			Amount int64   `parquet:"amount,decimal(2:18)"`
			Day    int32   `parquet:"payment_date,date"`
			Status string  `parquet:"status,delta"`
			Moment int64   `parquet:"status_from,timestamp"`
		}
		w := parquet.NewGenericWriter[row](&contents, codec)
		number := "640823-3234"
		_, err := w.Write([]row{{&number, 100, 20000, "active", 1}, {nil, -1, 20001, "inactive", 2}, {&number, 1, 1, "active", 3}})
		require.NoError(f, err)
		require.NoError(f, w.Close())
		f.Add(contents.Bytes())
	}
	z := newFuzzed(f, "records.parquet")
	f.Fuzz(z.read)
}

// The same for Arrow, as a file and as a stream.
func FuzzArrow(f *testing.F) {
	types := usualArrowTypes
	types.word = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	for _, stream := range []bool{false, true} {
		for _, options := range [][]ipc.Option{nil, {ipc.WithLZ4()}, {ipc.WithZstd()}} {
			contents, err := os.ReadFile(writeIPC(f, stream, arrowRecordBatches(f, types, plainRecords(5, 9), 5), options...))
			require.NoError(f, err)
			f.Add(contents)
		}
	}
	z := newFuzzed(f, "records.arrow")
	f.Fuzz(z.read)
}
