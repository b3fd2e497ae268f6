package readers

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// A stray quote takes the payments of many people along. Whoever reads the file says
// so, with the same line: in blocks of any size, in chunks, compressed, as UTF-16,
// from a pipe, with any number of workers.
func TestCSVOpenQuoteIsNotRead(t *testing.T) {
	row := testNumber(1964, 323) + ",2024-05-17,1,\n"
	stray := testNumber(1964, 323) + ",2024-05-17,1,\"Kalle\n"
	ditto := testNumber(1964, 323) + ",2024-05-17,1,\"\n"
	header := "identity_number,payment_date,amount,note\n"
	for _, c := range []struct {
		text string
		want string // behind the path
		why  string
	}{
		{header + strings.Repeat(row, 6000) + stray + strings.Repeat(row, 5000),
			"line 6002: a quote that opens there is not closed on its line: it takes in 5000 more, whose rows cannot be told apart", "it is never closed"},
		{header + strings.Repeat(row, 6000) + stray + strings.Repeat(row, 999) + strings.Replace(stray, "Kalle", `Kalle"`, 1) + strings.Repeat(row, 9000),
			"line 6002: a quote that opens there is not closed on its line: it takes in 1000 more, whose rows cannot be told apart", "a quoted field closes it"},
		{header + strings.Repeat(row, 6000) + ditto + strings.Repeat(row, 999) + ditto + strings.Repeat(row, 9000),
			"line 6002: quotes make one row of that line and 1000 more, among which is a row of its own: the rows cannot be told apart", "two ditto marks make one field"},
	} {
		text := []byte(c.text)
		utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(text)
		require.NoError(t, err)
		for name, stored := range map[string][]byte{"plain": text, "gzip": gzipped(text), "zstd": zstandard(text), "utf-16": utf16} {
			path := writeFile(t, "records.csv", stored)
			want := "cannot read " + path + ": " + c.want
			source := Source{Files: []string{path}}
			for _, blockBytes := range []int{100, 70_000, 1 << 20} {
				_, err := tryCSV([]Source{source}, blockBytes)
				require.EqualError(t, err, want, "%s, %s, blocks of %d bytes", c.why, name, blockBytes)
			}
			for workers := 1; workers <= 3; workers++ {
				options := newOptions()
				options.Workers = workers
				_, _, err := readAny(source, options)
				require.EqualError(t, err, want, "%s, %s, %d workers", c.why, name, workers)
			}
			for _, bytes := range []int64{1000, 1 << 20, 1 << 30} {
				require.EqualError(t, chunkProblem(t, path, bytes), want, "%s, %s, chunks of %d bytes", c.why, name, bytes)
			}
			_, err := Inspect(t.Context(), path)
			if strings.Contains(want, "a row of its own") {
				require.NoError(t, err, "which column has the numbers is not yet known")
			} else {
				require.EqualError(t, err, want, "%s, %s, inspected", c.why, name)
			}

			pipe := filepath.Join(t.TempDir(), "pipe")
			require.NoError(t, syscall.Mkfifo(pipe, 0o600))
			go func() {
				w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
				if err == nil {
					_, _ = w.Write(stored) // the reader may be gone
					_ = w.Close()
				}
			}()
			_, err = tryCSV([]Source{{Files: []string{pipe}}}, 1<<20)
			require.EqualError(t, err, "cannot read "+pipe+": "+c.want, "%s, %s, from a pipe", c.why, name)
		}
	}
}

// chunkProblem is the error of planning a file's chunks, or else of reading them.
func chunkProblem(t *testing.T, path string, bytes int64) error {
	source := Source{Files: []string{path}}
	records, err := OpenRecords(t.Context(), []Source{source}, *newOptions())
	require.NoError(t, err)
	defer records.Close()
	chunks, stamp, err := records.Chunks(t.Context(), 0, bytes)
	for i := 0; i < len(chunks) && err == nil; i++ {
		var part *Records
		part, err = OpenChunk(&source, path, stamp, chunks[i], *newOptions())
		require.NoError(t, err)
		err = part.Cut(t.Context(), func(piece pipeline.Piece) error {
			defer piece.Close()
			var b pipeline.Batch
			for {
				if more, err := piece.Next(&b); err != nil || !more {
					return err
				}
			}
		})
		require.NoError(t, part.Close())
	}
	return err
}

// The first batch tells of it, where it is near: a dry run reads no more.
func TestCSVOpenQuoteIsSeenInTheFirstBatch(t *testing.T) {
	text := "identity_number,payment_date,amount\n" + strings.Repeat("x,2024-05-17,1\n", 100) + "\"x,2024-05-17,1\ny,2024-05-17,1\n"
	records, err := OpenRecords(t.Context(), []Source{{Files: []string{writeFile(t, "records.csv", []byte(text))}}}, *newOptions())
	require.NoError(t, err)
	defer records.Close()
	err = records.Cut(t.Context(), func(piece pipeline.Piece) error {
		defer piece.Close()
		_, err := piece.Next(new(pipeline.Batch))
		return err
	})
	assert.ErrorContains(t, err, "line 102: a quote that opens there")
}

// An extract would lack the entries that the quote takes in.
func TestExtractOpenQuoteIsNotRead(t *testing.T) {
	row := testNumber(1964, 323) + ",active,2020-01-01,\n"
	text := "number,status,status_from,status_reason\n" + strings.Repeat(row, 9000)
	quoted := strings.ReplaceAll(row, "active", `"active`)
	ditto := strings.ReplaceAll(row, ",\n", ",\"\n")
	for _, c := range []struct {
		text, want string
	}{
		{text + strings.Repeat(quoted, 9000), "line 9002: a quote that opens there is not closed on its line: it takes in 1 more, whose rows cannot be told apart"},
		{text + quoted + row, "line 9002: a quote that opens there is not closed on its line: it takes in 1 more, whose rows cannot be told apart"},
		{text + ditto + row + ditto + row, "line 9002: quotes make one row of that line and 2 more, among which is a row of its own: the rows cannot be told apart"},
	} {
		path := writeFile(t, "register.csv", []byte(c.text))
		rows := 0
		_, err := ReadExtract(context.Background(), Source{Files: []string{path}}, Options{Workers: 1}, func(x *register.Extract) error {
			rows += len(x.Number)
			return nil
		})
		assert.EqualError(t, err, "cannot read "+path+": "+c.want)
		assert.Equal(t, 9000, rows, "the rows before it are handed on")
	}
	path := writeFile(t, "register.csv", []byte("number,status,status_from,\"status_reason\n"+row+ditto+row))
	_, err := ReadExtract(context.Background(), Source{Files: []string{path}}, Options{Workers: 1}, func(*register.Extract) error { return nil })
	assert.EqualError(t, err, "cannot read "+path+": quotes make one header of its first line and some after it, among which is a row of its own")
}

// A name of a column may have a line break in it.
func TestCSVHeaderOfSeveralLines(t *testing.T) {
	text := "identity_number,payment_date,amount,\"note\nor remark, if any, of the case\"\n" + testNumber(1964, 323) + ",2024-05-17,1,\n"
	read, err := tryCSV([]Source{{Files: []string{writeFile(t, "records.csv", []byte(text))}}}, 1<<20)
	require.NoError(t, err)
	assert.Len(t, read.records, 1)
}
