package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrowOf is a Parquet file as Arrow, in record batches of a few thousand rows.
func arrowOf(t *testing.T, path string, stream bool, options ...ipc.Option) []byte {
	t.Helper()
	parquet, err := file.OpenParquetFile(path, false)
	require.NoError(t, err)
	defer parquet.Close() // it was only read
	reader, err := pqarrow.NewFileReader(parquet, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	require.NoError(t, err)
	table, err := reader.ReadTable(context.Background())
	require.NoError(t, err)
	var contents bytes.Buffer
	options = append(options, ipc.WithSchema(table.Schema()))
	var writer interface {
		Write(arrow.RecordBatch) error
		Close() error
	}
	if writer = ipc.NewWriter(&contents, options...); !stream {
		writer, err = ipc.NewFileWriter(&contents, options...)
		require.NoError(t, err)
	}
	batches := array.NewTableReader(table, 7000)
	for batches.Next() {
		require.NoError(t, writer.Write(batches.RecordBatch()))
	}
	require.NoError(t, batches.Err())
	require.NoError(t, writer.Close())
	return contents.Bytes()
}

// The findings are the same from Parquet, from Arrow files and from an Arrow
// stream on standard input, and as an Arrow stream on standard output.
func TestArrowInAndOut(t *testing.T) {
	folder := t.TempDir()
	exit, _, line := call(t, folder, "generate", "--records", "20000", "--persons", "10000", "--out", "in")
	require.Zero(t, exit, line)
	write := func(name string, contents []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), contents, 0o600))
	}
	write("records.feather", arrowOf(t, filepath.Join(folder, "in", "records.parquet"), false, ipc.WithLZ4()))
	write("register.arrow", arrowOf(t, filepath.Join(folder, "in", "register.parquet"), false, ipc.WithZstd()))
	stream := arrowOf(t, filepath.Join(folder, "in", "records.parquet"), true)

	findings := func(out string) []string {
		contents, err := os.ReadFile(filepath.Join(folder, out, "latest", "findings.csv"))
		require.NoError(t, err)
		lines := strings.Split(string(contents), "\n")
		for i := range lines { // the name of the file is the eighth column, and no cell before it has a comma
			if cells := strings.SplitN(lines[i], ",", 9); len(cells) == 9 && i > 0 {
				lines[i] = strings.Join(slices.Delete(cells, 7, 8), ",")
			}
		}
		return lines
	}
	run := func(records, register, out string) []string {
		exit, _, line := call(t, folder, "run", "--records", records, "--register", register, "--extract-date", "2025-11-30", "--out", out, "--format", "csv")
		require.Zero(t, exit, line)
		return findings(out)
	}
	want := run("in/records.parquet", "in/register.parquet", "out")
	require.Greater(t, len(want), 400)
	assert.Equal(t, want, run("records.feather", "register.arrow", "arrow"), "from Arrow files")

	temporary := t.TempDir()
	program := func(input []byte, arguments ...string) (output []byte, exit int, said string) {
		command := exec.Command(os.Args[0], append([]string{"run", "--register", "register.arrow", "--extract-date", "2025-11-30"}, arguments...)...)
		command.Dir, command.Stdin = folder, bytes.NewReader(input)
		command.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+temporary)
		var out, err bytes.Buffer
		command.Stdout, command.Stderr = &out, &err
		_ = command.Run() // its exit status is looked at
		entries, readError := os.ReadDir(temporary)
		require.NoError(t, readError)
		assert.Empty(t, entries, "a temporary file has a name")
		return out.Bytes(), command.ProcessState.ExitCode(), err.String()
	}
	_, exit, said := program(stream, "--records", "-", "--out", "piped", "--format", "csv")
	require.Zero(t, exit, said)
	assert.Equal(t, want, findings("piped"), "from a stream")

	output, exit, said := program(stream, "--records", "-", "--out", "-", "--format", "arrow")
	require.Zero(t, exit, said)
	assert.Contains(t, said, "read       20 000")
	assert.Contains(t, said, "findings are on standard output")
	reader, err := ipc.NewReader(bytes.NewReader(output))
	require.NoError(t, err)
	rows := 0
	for reader.Next() {
		rules := reader.RecordBatch().Column(1).(*array.String)
		for i := range rules.Len() {
			assert.Equal(t, strings.Split(want[1+rows], ",")[1], rules.Value(i))
			rows++
		}
	}
	require.NoError(t, reader.Err())
	assert.Equal(t, len(want)-2, rows, "as many findings as lines between the header and the end")

	for _, c := range []struct {
		why       string
		input     []byte
		arguments []string
		exit      int
		want      string
	}{
		{"another format", stream, []string{"--records", "-", "--out", "-", "--format", "csv"}, 2, "findings go to standard output in one format, arrow"},
		{"the formats of a report", stream, []string{"--records", "-", "--out", "-"}, 2, "findings go to standard output in one format, arrow"},
		{"a page beside it", stream, []string{"--records", "-", "--out", "-", "--format", "arrow,html"}, 2, "findings go to standard output in one format, arrow"},
		{"a stream that is cut off", stream[:len(stream)/2], []string{"--records", "-", "--out", "-", "--format", "arrow"}, 3, "cannot read standard input: it is cut off"},
		{"a stream without its end", stream[:len(stream)-8], []string{"--records", "-", "--out", "-", "--format", "arrow"}, 3, "it ends before its end-of-stream marker"},
	} {
		t.Run(c.why, func(t *testing.T) {
			output, exit, said := program(c.input, c.arguments...)
			assert.Equal(t, c.exit, exit, said)
			assert.Contains(t, said, c.want)
			assert.Empty(t, output)
		})
	}
}

// Whoever reads the stream may stop: that is an output that cannot be written.
func TestArrowStreamThatNobodyReads(t *testing.T) {
	folder := t.TempDir()
	for name, contents := range map[string]string{"register.csv": registerCSV, "records.csv": recordsCSV} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(contents), 0o600))
	}
	command := exec.Command(os.Args[0], "run", "--records", "records.csv", "--register", "register.csv", "--out", "-", "--format", "arrow")
	command.Dir, command.Env = folder, append(os.Environ(), asProgram+"=1")
	read, write, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, read.Close())
	var said bytes.Buffer
	command.Stdout, command.Stderr = write, &said
	_ = command.Run() // its exit status is looked at
	require.NoError(t, write.Close())
	assert.Equal(t, 4, command.ProcessState.ExitCode(), said.String())
	assert.Contains(t, said.String(), "avstam: exit 4: cannot write the findings to the stream: ")
}
