package arrowipc

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/avstam/avstam/damage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dictionaryBatch has one column of words, with a dictionary.
func dictionaryBatch(t testing.TB) arrow.RecordBatch {
	t.Helper()
	of := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	words, _, err := array.FromJSON(memory.DefaultAllocator, of, strings.NewReader(`["csn", null, "fk", "csn"]`))
	require.NoError(t, err)
	return array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "agency", Type: of, Nullable: true}}, nil), []arrow.Array{words}, 4)
}

func fileOf(t testing.TB, batch arrow.RecordBatch) []byte {
	t.Helper()
	var contents bytes.Buffer
	writer, err := ipc.NewFileWriter(&contents, ipc.WithSchema(batch.Schema()))
	require.NoError(t, err)
	require.NoError(t, writer.Write(batch))
	require.NoError(t, writer.Close())
	return contents.Bytes()
}

// words reads the words of a file's one column.
func words(contents []byte) (words []string, err error) {
	file := bytes.NewReader(contents)
	footer, err := ReadFooter(file, int64(len(contents)))
	if err != nil {
		return nil, err
	}
	reader := NewFileReader(bytes.NewReader(contents), file, footer)
	if len(reader.Schema().Fields) == 0 {
		return nil, nil
	}
	reader.Want(0)
	var inflater Inflater
	for {
		batch, err := reader.Next(nil)
		if err == io.EOF {
			return words, nil
		}
		if err != nil {
			return nil, err
		}
		column, err := batch.Column(0, &inflater)
		if err != nil || column.Entries == nil {
			return nil, err
		}
		valid := make([]byte, min(column.Rows, 1<<16))
		if _, err := column.Valid(0, valid); err != nil {
			return nil, err
		}
		indexes, err := column.Indexes(0, len(valid), valid, nil)
		if err != nil {
			return nil, err
		}
		var entries Texts
		if kind := column.Entries.Type.Kind; kind != Text && kind != View {
			return nil, nil
		}
		if err := column.Entries.Texts(0, column.Entries.Rows, nil, &entries); err != nil {
			return nil, err
		}
		for _, v := range valid {
			word := ""
			if v != 0 {
				word = string(entries.Data[entries.Offsets[indexes[0]]:entries.Offsets[indexes[0]+1]])
				indexes = indexes[1:]
			}
			words = append(words, word)
		}
	}
}

// Polars writes dictionaries behind the record batches that use them.
func TestDictionariesBehindRecordBatches(t *testing.T) {
	contents := fileOf(t, dictionaryBatch(t))
	want := []string{"csn", "", "fk", "csn"}
	got, err := words(contents)
	require.NoError(t, err)
	require.Equal(t, want, got)

	footer, err := ReadFooter(bytes.NewReader(contents), int64(len(contents)))
	require.NoError(t, err)
	require.Len(t, footer.blocks, 2)
	dictionary, batch := *footer.blocks[0], *footer.blocks[1]
	size := func(b block) int64 { return b.metadata + b.body }
	require.Equal(t, dictionary.offset+size(dictionary), batch.offset)
	listed := func(b block) []byte {
		var entry []byte
		entry = binary.LittleEndian.AppendUint64(entry, uint64(b.offset))
		entry = binary.LittleEndian.AppendUint64(entry, uint64(b.metadata))
		return binary.LittleEndian.AppendUint64(entry, uint64(b.body))
	}
	swapped := bytes.Clone(contents[:dictionary.offset])
	swapped = append(swapped, contents[batch.offset:batch.offset+size(batch)]...)
	swapped = append(swapped, contents[dictionary.offset:batch.offset]...)
	end := bytes.Clone(contents[batch.offset+size(batch):])
	for _, b := range []block{dictionary, batch} {
		at := bytes.Index(end, listed(b))
		require.Positive(t, at)
		if b.offset = dictionary.offset; b.kind == messageDictionaryBatch {
			b.offset += size(batch)
		}
		copy(end[at:], listed(b))
	}
	got, err = words(append(swapped, end...))
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// The bytes that were read first, for a dictionary or the footer, must be those
// that are there in the end.
func TestAFileThatChanges(t *testing.T) {
	contents := fileOf(t, dictionaryBatch(t))
	footer, err := ReadFooter(bytes.NewReader(contents), int64(len(contents)))
	require.NoError(t, err)
	for name, at := range map[string]int64{"a dictionary": footer.dictionaries[0].offset + footer.dictionaries[0].metadata, "the footer": footer.start + 3} {
		changed := bytes.Clone(contents)
		changed[at] ^= 1
		reader := NewFileReader(bytes.NewReader(changed), bytes.NewReader(contents), footer)
		reader.Want(0)
		var err error
		for err == nil {
			_, err = reader.Next(nil)
		}
		assert.Equal(t, errChanged, err, name)
	}
}

// Whatever the bytes are, what comes of them is words or an error.
func FuzzFile(f *testing.F) {
	contents := fileOf(f, dictionaryBatch(f))
	f.Add(contents)
	for at := 0; at < len(contents); at += 13 {
		changed := bytes.Clone(contents)
		changed[at] ^= 0x81
		f.Add(changed)
	}
	f.Fuzz(func(t *testing.T, contents []byte) {
		defer damage.Watch()()
		if _, err := words(contents); err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}
