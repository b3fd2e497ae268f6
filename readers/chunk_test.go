package readers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/avstam/avstam/pipeline"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// tellRows writes what a reader tells of each row, which is a line.
func tellRows(t *testing.T, records *Records, firstRow int64) []string {
	t.Helper()
	var told []string
	require.NoError(t, records.Cut(t.Context(), func(piece pipeline.Piece) error {
		defer piece.Close()
		var b pipeline.Batch
		for {
			more, err := piece.Next(&b)
			if err != nil || !more {
				return err
			}
			rejects := b.Rejects
			for i := range b.Rows {
				line := fmt.Sprintf("file %d row %d: %s %s %d %s", piece.File(), firstRow, b.AppendGiven(nil, i), b.PaymentDate[i], b.Amount[i], b.AppendRecordID(nil, i))
				if len(rejects) > 0 && rejects[0].Row == int32(i) {
					r := rejects[0]
					line = fmt.Sprintf("file %d row %d: line %d byte %d column %s: %s: %q", piece.File(), firstRow, r.Line, r.ByteOffset, r.Column, r.Reason, r.Raw)
					rejects = rejects[1:]
				}
				told = append(told, line)
				firstRow++
			}
		}
	}))
	return told
}

// raggedCSV has all that makes cutting hard: quoted line ends, empty lines, rows
// that are no records, letters of several bytes, and no line end at its end.
func raggedCSV(rows int) string {
	var text strings.Builder
	text.WriteString("identity_number;payment_date;amount;record_id\r\n")
	for i := range rows {
		switch i % 7 {
		case 2:
			fmt.Fprintf(&text, "%s;2025-11-20;\"%d.50\";\"Å\"\"ö;\r\n\n%d\"\n", testNumber(1970+i%40, 100+i%800), i, i)
		case 4:
			fmt.Fprintf(&text, "\r\n\n%s;2025-11-31;%d;é%d\n", testNumber(1970+i%40, 100+i%800), i, i)
		case 5:
			fmt.Fprintf(&text, "%s;2025-11-20\n", testNumber(1970+i%40, 100+i%800))
		default:
			fmt.Fprintf(&text, "%s;2025-11-%02d;%d.25;id%d\r\n", testNumber(1970+i%40, 100+i%800), 1+i%28, i, i)
		}
	}
	return strings.TrimRight(text.String(), "\r\n")
}

// The chunks of a file are all of its bytes, and give the rows, lines and places
// that reading it whole gives.
func TestChunksAreTheFile(t *testing.T) {
	text := raggedCSV(3000)
	asUTF16, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(text))
	require.NoError(t, err)
	asLatin1, err := charmap.ISO8859_1.NewEncoder().Bytes([]byte(text))
	require.NoError(t, err)
	parquetFile, err := os.ReadFile(writeParquet(t, 5000, 300, recordColumnsOf(plainRecords(5000, 4), false, asIs), parquet.MaxRowsPerRowGroup(300)))
	require.NoError(t, err)
	asArrow := func(stream bool) []byte {
		contents, err := os.ReadFile(writeIPC(t, stream, arrowRecordBatches(t, usualArrowTypes, plainRecords(5000, 4), 300)))
		require.NoError(t, err)
		return contents
	}
	arrowFile := asArrow(false)
	for _, c := range []struct {
		why      string
		data     []byte
		encoding string
		bytes    int64
		min      int // chunks
	}{
		{"one row or so a chunk", []byte(raggedCSV(200)), "", 1, 150},
		{"some rows a chunk", []byte(text), "", 4000, 15},
		{"a byte order mark", append([]byte{0xef, 0xbb, 0xbf}, text...), "", 4000, 15},
		{"one byte a letter", asLatin1, "iso-8859-1", 4000, 15},
		{"two bytes a letter", asUTF16, "", 4000, 30},
		{"a file that is one chunk", []byte(text), "", 1 << 20, 1},
		{"a compressed file is one chunk", gzipped([]byte(text)), "", 1000, 1},
		{"an odd byte at the end of two bytes a letter", append(bytes.Clone(asUTF16), 0), "", 4000, 1},
		{"a row group a chunk", parquetFile, "", 1, 15},
		{"some row groups a chunk", parquetFile, "", 30_000, 2},
		{"a Parquet file as a whole", parquetFile, "", 1 << 30, 1},
		{"a record batch a chunk", arrowFile, "", 1, 17},
		{"some record batches a chunk", arrowFile, "", 100_000, 3},
		{"an Arrow file as a whole", arrowFile, "", 1 << 30, 1},
		{"an Arrow stream is one chunk", asArrow(true), "", 1, 1},
	} {
		for _, digest := range []bool{true, false} {
			path := filepath.Join(t.TempDir(), "records")
			require.NoError(t, os.WriteFile(path, c.data, 0o600))
			source := Source{Name: "s", Files: []string{path}, CSV: CSV{Encoding: c.encoding}}
			open := func() *Records {
				records, err := OpenRecords(t.Context(), []Source{source}, Options{Dictionaries: pipeline.NewDictionaries(), Digest: digest})
				require.NoError(t, err, c.why)
				return records
			}
			whole := open()
			want := tellRows(t, whole, 1)
			require.NoError(t, whole.Close())

			planned := open()
			chunks, stamp, err := planned.Chunks(t.Context(), 0, c.bytes)
			require.NoError(t, err, c.why)
			require.NoError(t, planned.Close())
			require.GreaterOrEqual(t, len(chunks), c.min, c.why)
			if c.min == 1 {
				require.Len(t, chunks, 1, c.why)
			}
			var got []string
			at := int64(0)
			for _, chunk := range chunks {
				require.Equal(t, at, chunk.Offset, c.why)
				at += chunk.Length
				records, err := OpenChunk(&source, path, stamp, chunk, Options{Dictionaries: pipeline.NewDictionaries(), Digest: digest})
				require.NoError(t, err, c.why)
				if chunk.Rows >= 0 {
					require.EqualValues(t, len(got)+1, chunk.FirstRow, c.why)
				}
				told := tellRows(t, records, chunk.FirstRow)
				require.NoError(t, chunk.RowsProblem(path, int64(len(told))), c.why)
				got = append(got, told...)
				file := records.Files()[0]
				require.Equal(t, stamp.Size, file.Size, c.why)
				require.Equal(t, digest, file.HasSHA256, c.why)
				if digest {
					require.Equal(t, sha256.Sum256(c.data[chunk.Offset:at]), file.SHA256, c.why)
				}
				require.NoError(t, records.Close())
			}
			require.EqualValues(t, len(c.data), at, c.why)
			require.Equal(t, want, got, c.why)
		}
	}
}

// Whoever reads some record batches of an Arrow file has its dictionaries, which lie before
// all of them.
func TestArrowChunksWithDictionaries(t *testing.T) {
	types := usualArrowTypes
	types.word = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.BinaryTypes.String}
	want := plainRecords(3000, 8)
	whole := arrowRecordBatches(t, types, want, len(want))[0]
	var batches []arrow.RecordBatch
	for first := int64(0); first < whole.NumRows(); first += 100 {
		batches = append(batches, whole.NewSlice(first, first+100))
	}
	path := writeIPC(t, false, batches)
	source := Source{Name: "s", Files: []string{path}}
	open := func(options *Options) ([]Chunk, Stamp) {
		records, err := OpenRecords(t.Context(), []Source{source}, *options)
		require.NoError(t, err)
		defer records.Close()
		chunks, stamp, err := records.Chunks(t.Context(), 0, 1)
		require.NoError(t, err)
		return chunks, stamp
	}
	chunks, stamp := open(newOptions())
	require.Len(t, chunks, 30)
	read := func(chunk Chunk) (got []plainRecord, err error) {
		options := newOptions()
		records, err := OpenChunk(&source, path, stamp, chunk, *options)
		require.NoError(t, err)
		defer records.Close()
		var b pipeline.Batch
		err = records.Cut(t.Context(), func(piece pipeline.Piece) error {
			defer piece.Close()
			for {
				more, err := piece.Next(&b)
				if err != nil || !more {
					return err
				}
				got = append(got, rowsOf(&b, options.Dictionaries)...)
			}
		})
		return got, err
	}
	var got []plainRecord
	for _, chunk := range chunks {
		some, err := read(chunk)
		require.NoError(t, err)
		require.EqualValues(t, len(got)+1, chunk.FirstRow)
		got = append(got, some...)
	}
	requireSame(t, want, got)

	// The metadata of the twentieth record batch are spoilt, and the file's time is not.
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	copy(contents[chunks[20].Offset+8:], "spoilt!!")
	require.NoError(t, os.WriteFile(path, contents, 0o600))
	require.NoError(t, os.Chtimes(path, time.Time{}, stamp.Modified))
	_, err = read(chunks[20])
	require.ErrorContains(t, err, "cannot read "+path)
	_, err = read(chunks[19])
	require.NoError(t, err)
	records, err := OpenRecords(t.Context(), []Source{source}, *newOptions())
	require.NoError(t, err)
	defer records.Close()
	_, _, err = records.Chunks(t.Context(), 0, 1)
	require.ErrorContains(t, err, "cannot read "+path+": record batch 20: ")
}

// A file that is another by the time a chunk of it is read is refused, and a
// sidecar is compared by whoever reads all bytes.
func TestChunksOfAnotherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.csv")
	text := raggedCSV(500)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	source := Source{Name: "s", Files: []string{path}}
	options := Options{Dictionaries: pipeline.NewDictionaries(), Digest: true}
	plan := func() ([]Chunk, Stamp, *File, error) {
		records, err := OpenRecords(t.Context(), []Source{source}, options)
		require.NoError(t, err)
		defer records.Close()
		chunks, stamp, err := records.Chunks(t.Context(), 0, 2000)
		return chunks, stamp, records.Files()[0], err
	}
	chunks, stamp, _, err := plan()
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(path, time.Time{}, time.Unix(1, 0)))
	_, err = OpenChunk(&source, path, stamp, chunks[1], options)
	require.ErrorIs(t, err, ErrNotPlanned)

	digest := sha256.Sum256([]byte(text))
	require.NoError(t, os.WriteFile(path+sidecarSuffix, fmt.Appendf(nil, "%x  records.csv\n", digest), 0o600))
	chunks, stamp, file, err := plan()
	require.NoError(t, err)
	assert.Equal(t, digest, file.SHA256, "what no chunk can compare has been compared")
	assert.Equal(t, "sha256", file.Verified())
	records, err := OpenChunk(&source, path, stamp, chunks[1], options)
	require.NoError(t, err)
	require.NoError(t, records.Cut(t.Context(), func(piece pipeline.Piece) error { piece.Close(); return nil }))

	require.NoError(t, os.WriteFile(path+sidecarSuffix, fmt.Appendf(nil, "%x\n", sha256.Sum256(nil)), 0o600))
	_, _, _, err = plan()
	require.ErrorContains(t, err, "its SHA-256 is not the one in")

	// A range that no longer ends where it did is noticed though nothing else tells.
	require.NoError(t, os.Remove(path+sidecarSuffix))
	_, stamp, _, err = plan()
	require.NoError(t, err)
	cut := chunks[1]
	cut.Length += stamp.Size
	records, err = OpenChunk(&source, path, stamp, cut, options)
	require.NoError(t, err)
	err = records.Cut(context.Background(), func(piece pipeline.Piece) error { piece.Close(); return nil })
	require.ErrorContains(t, err, "it changed while it was read")
}
