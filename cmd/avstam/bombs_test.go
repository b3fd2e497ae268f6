package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a file that was made to do harm may cost before it is refused.
const (
	bombTime   = 2 * time.Second
	bombMemory = 256 << 20 // bytes resident at most, of the whole process
)

// asMeter is set where the test binary starts the program and tells what it cost.
const asMeter = "AVSTAM_TEST_AS_METER"

// meter runs the program, writes its largest resident memory in KiB and its time
// in microseconds to descriptor 3, and returns its exit status. It is a process
// of its own since Linux counts for a process what its parent held when it was
// started, and a process that runs tests may hold much.
func meter() int {
	costs := os.NewFile(3, "costs")
	command := exec.Command(os.Args[0], os.Args[1:]...)
	command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, asMeter+"=") }), asProgram+"=1")
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	start := time.Now()
	err := command.Run()
	elapsed := time.Since(start)
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	if _, err := fmt.Fprintln(costs, usage.Maxrss, elapsed.Microseconds()); err != nil {
		return 99
	}
	return command.ProcessState.ExitCode()
}

// cost is what the operating system counted for a call of the program.
type cost struct {
	exit     int
	lastLine string
	memory   int64 // bytes resident at most
	elapsed  time.Duration
}

// measure starts the program in a folder, by way of the meter.
func measure(t *testing.T, folder string, arguments ...string) cost {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	defer read.Close() // a pipe: nothing is lost
	command := exec.Command(os.Args[0], arguments...)
	command.Env = append(os.Environ(), asMeter+"=1")
	command.Dir = folder
	command.ExtraFiles = []*os.File{write}
	var errs bytes.Buffer
	command.Stderr = &errs
	var exited *exec.ExitError
	if err := command.Run(); !errors.As(err, &exited) {
		require.NoError(t, err)
	}
	require.NoError(t, write.Close())
	var kibibytes, microseconds int64
	_, err = fmt.Fscan(read, &kibibytes, &microseconds)
	require.NoError(t, err, errs.String())
	lines := strings.Split(strings.TrimRight(errs.String(), "\n"), "\n")
	return cost{command.ProcessState.ExitCode(), lines[len(lines)-1], kibibytes << 10, time.Duration(microseconds) * time.Microsecond}
}

// textsBomb is described by inspect, to which columns of long texts may be any.
const textsBomb = "texts.parquet"

// bomb is a file that takes much, or says that it does, and what is said of it.
type bomb struct {
	file, why string
	write     func(t *testing.T, path string)
	says      string
}

// Bombs of every format are refused by the program within seconds and without
// taking memory, as the operating system counts both: as records, as a register,
// and where somebody only looks at what they are.
func TestBombs(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector is slow and takes memory of its own: what is measured here would be its")
	}
	folder := t.TempDir()
	for name, contents := range map[string]string{"register.csv": registerCSV, "records.csv": recordsCSV} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(contents), 0o600))
	}
	usual := measure(t, folder, "run", "--records", "records.csv", "--register", "register.csv", "--out", "usual")
	require.Zero(t, usual.exit, usual.lastLine)
	t.Logf("%-40s %4d MiB, %v", "a run of one record", usual.memory>>20, usual.elapsed)

	for _, b := range slices.Concat(parquetBombs(), csvBombs(), arrowBombs()) {
		path := filepath.Join(folder, b.file)
		b.write(t, path)
		for _, command := range []struct {
			name      string
			arguments []string
		}{
			{"records", []string{"run", "--records", b.file, "--register", "register.csv", "--out", "out", "--constant", "payment_date=2025-11-01", "--constant", "amount=1"}},
			{"register", []string{"register", "build", "--in", b.file, "--out", "register.avr"}},
			{"inspect", []string{"inspect", b.file}},
		} {
			t.Run(b.file+"/"+command.name, func(t *testing.T) {
				// A machine that does other work may be slow once; the best of three counts.
				var best cost
				for try := range 3 {
					c := measure(t, folder, command.arguments...)
					if try == 0 || c.elapsed < best.elapsed {
						best.elapsed = c.elapsed
					}
					best.exit, best.lastLine, best.memory = c.exit, c.lastLine, max(best.memory, c.memory)
					if best.elapsed < bombTime {
						break
					}
				}
				t.Logf("%4d MiB, %v: %s", best.memory>>20, best.elapsed, best.lastLine)
				if b.file == textsBomb && command.name == "inspect" {
					assert.Zero(t, best.exit, b.why)
				} else {
					assert.Equal(t, 3, best.exit, b.why)
					assert.True(t, strings.HasPrefix(best.lastLine, "avstam: exit 3: cannot read "+b.file+": "), b.why)
					assert.Equal(t, 1, strings.Count(best.lastLine, b.file), "the file is named once: %s", b.why)
					assert.Contains(t, best.lastLine, b.says, b.why)
				}
				assert.Less(t, best.memory, int64(bombMemory), b.why)
				assert.Less(t, best.elapsed, bombTime, b.why)
			})
		}
		require.NoError(t, os.Remove(path))
	}
	assert.NoFileExists(t, filepath.Join(folder, "out", "latest"), "nothing is published")
	assert.NoFileExists(t, filepath.Join(folder, "register.avr"))
}

// ——— Parquet ———

// wanted are the columns without which records or a register are refused; the
// others have constants.
var wanted = []string{"identity_number", "number", "status"}

// parquetBomb is a Parquet file of wanted columns of ten texts each, every one of
// them of the same page.
func parquetBomb(codec format.CompressionCodec, header format.PageHeader, content []byte, change func(*format.FileMetaData)) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		const magic = "PAR1"
		file := []byte(magic)
		schema := []format.SchemaElement{{Name: "schema", NumChildren: thrift.New(int32(len(wanted)))}}
		group := format.RowGroup{NumRows: 10}
		head, err := thrift.Marshal(new(thrift.CompactProtocol), &header)
		require.NoError(t, err)
		for _, name := range wanted {
			at := len(file)
			file = append(append(file, head...), content...)
			size := int64(len(file) - at)
			schema = append(schema, format.SchemaElement{Name: name, Type: thrift.New(format.ByteArray), RepetitionType: thrift.New(format.Required)})
			group.Columns = append(group.Columns, format.ColumnChunk{MetaData: format.ColumnMetaData{
				Type: format.ByteArray, Encoding: []format.Encoding{format.Plain}, PathInSchema: []string{name}, Codec: codec,
				NumValues: group.NumRows, DataPageOffset: int64(at), TotalCompressedSize: size, TotalUncompressedSize: size,
			}})
			group.TotalByteSize += size
		}
		metadata := format.FileMetaData{Version: 1, NumRows: group.NumRows, Schema: schema, RowGroups: []format.RowGroup{group}}
		if change != nil {
			change(&metadata)
		}
		footer, err := thrift.Marshal(new(thrift.CompactProtocol), &metadata)
		require.NoError(t, err)
		file = binary.LittleEndian.AppendUint32(append(file, footer...), uint32(len(footer)))
		require.NoError(t, os.WriteFile(path, append(file, magic...), 0o600))
	}
}

func pageHeader(compressed, uncompressed int) format.PageHeader {
	return format.PageHeader{
		Type: format.DataPage, CompressedPageSize: int32(compressed), UncompressedPageSize: int32(uncompressed),
		DataPageHeader: thrift.New(format.DataPageHeader{NumValues: 10, Encoding: format.Plain, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}),
	}
}

func parquetBombs() []bomb {
	const twoGigabytes = 1<<31 - 1
	ten := bytes.Repeat([]byte{1, 0, 0, 0, '1'}, 10) // texts of one character
	const zeros = 60 << 20
	tight := compressed(zstdWriter, bytes.Repeat([]byte{0}, zeros))
	var longTexts []byte
	random := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		const length = 6 << 20
		longTexts = binary.LittleEndian.AppendUint32(longTexts, length)
		for range length >> 10 {
			longTexts = append(longTexts, fmt.Sprintf("%01024d", random.Int64())...)
		}
	}
	long := compressed(zstdWriter, longTexts)
	return []bomb{
		{"becomes.parquet", "a page that says that it becomes 2 GB", parquetBomb(format.Zstd, pageHeader(len(ten), twoGigabytes), ten, nil), "a page of 2147483647 bytes; at most 64 MiB are read"},
		{"has.parquet", "a page that says that it has 2 GB", parquetBomb(format.Uncompressed, pageHeader(twoGigabytes, twoGigabytes), ten, nil), "a page does not lie inside its column"},
		{"zstd.parquet", "pages that zstd made more than a thousand times smaller", parquetBomb(format.Zstd, pageHeader(len(tight), zeros), tight, nil), "becomes 62914560 when it is decompressed"},
		{textsBomb, "pages of 60 MiB of ten texts each, a hundred times smaller or less", parquetBomb(format.Zstd, pageHeader(len(long), len(longTexts)), long, nil), "row 1 of the file: a text of 6291456 bytes; at most 65536 are taken"},
		{"columns.parquet", "100,000 columns", parquetBomb(format.Uncompressed, pageHeader(len(ten), len(ten)), ten, func(m *format.FileMetaData) {
			m.Schema[0].NumChildren.V = 100_000
			for i := len(wanted); i < 100_000; i++ {
				m.Schema = append(m.Schema, m.Schema[1])
				m.Schema[i+1].Name = strconv.Itoa(i)
				m.RowGroups[0].Columns = append(m.RowGroups[0].Columns, m.RowGroups[0].Columns[0])
			}
		}), "it has 100000 columns and parts of columns; at most 10000 are read"},
	}
}

// ——— CSV ———

func gzipWriter(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestSpeed) }
func zstdWriter(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }

func compressed(codec func(io.Writer) (io.WriteCloser, error), content []byte) []byte {
	var buffer bytes.Buffer
	writer, err := codec(&buffer)
	if err == nil {
		_, err = writer.Write(content)
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		panic(err) // into memory, with options that are known
	}
	return buffer.Bytes()
}

// csvBomb is a head and then 160 times 64 MiB, which is 10 GiB, each compressed
// by itself: the format takes them as one stream.
func csvBomb(codec func(io.Writer) (io.WriteCloser, error), head, repeated string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		const part, parts = 64 << 20, 160
		contents := bytes.Repeat(compressed(codec, bytes.Repeat([]byte(repeated), part/len(repeated))), parts)
		require.NoError(t, os.WriteFile(path, append(compressed(codec, []byte(head)), contents...), 0o600))
	}
}

func csvBombs() []bomb {
	const header = "identity_number,number,status\n"
	rows := header + strings.Repeat("640823-3234,196408233234,active\n", 4000) // more than is looked at first
	return []bomb{
		{"zeros.csv.gz", "10 GiB of zeros in gzip", csvBomb(gzipWriter, "", "\x00"), "it holds zero bytes"},
		{"zeros-after-rows.csv.gz", "10 GiB of zeros in gzip after good rows", csvBomb(gzipWriter, rows, "\x00"), "line 4002: it holds zero bytes"},
		{"line.csv.zst", "10 GiB of one line in zstd, ten thousand times smaller", csvBomb(zstdWriter, rows, "x"), "line 4002 begins a row of more than 16777216 bytes"},
		{"quote.csv.zst", "10 GiB of lines in zstd behind a quote", csvBomb(zstdWriter, rows+`"`, "\n"), "line 4002 begins a row of more than 16777216 bytes"},
		{"empty-lines.csv.zst", "10 GiB of empty lines in zstd", csvBomb(zstdWriter, rows, "\n"), "more than 16777216 bytes of empty lines"},
		{"first-line.csv.gz", "10 GiB of a header in gzip", csvBomb(gzipWriter, "", "name,"), "its first line is longer than 65536 bytes"},
		{"hole.csv", "a hole of 1 GB", func(t *testing.T, path string) {
			// The file is sparse: all behind the rows is zeros.
			require.NoError(t, os.WriteFile(path, []byte(rows), 0o600))
			require.NoError(t, os.Truncate(path, 1<<30))
		}, "line 4002: it holds zero bytes"},
		{"columns.csv", "100,000 columns", func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte(strings.TrimSpace(header)+strings.Repeat(",a", 100_000)+"\n"), 0o600))
		}, "its first line is longer than 65536 bytes"},
		{"short-columns.csv", "as many columns as a first line can have", func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte(strings.TrimSpace(header)+strings.Repeat(",", 60_000)+"\n"), 0o600))
		}, "it has more than 10000 columns"},
	}
}

// ——— Arrow ———

// arrowBomb is an Arrow file or stream of wanted columns of a hundred texts each,
// compressed with zstd, of which forge changes bytes.
func arrowBomb(stream bool, forge func(t *testing.T, contents []byte)) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		fields := make([]arrow.Field, len(wanted))
		for i, name := range wanted {
			fields[i] = arrow.Field{Name: name, Type: arrow.BinaryTypes.String}
		}
		builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
		for i := range fields {
			for range 100 {
				builder.Field(i).(*array.StringBuilder).Append("active")
			}
		}
		batch := builder.NewRecordBatch()
		var contents bytes.Buffer
		var writer interface {
			Write(arrow.RecordBatch) error
			Close() error
		}
		options := []ipc.Option{ipc.WithSchema(batch.Schema()), ipc.WithZstd()}
		writer = ipc.NewWriter(&contents, options...)
		if !stream {
			var err error
			writer, err = ipc.NewFileWriter(&contents, options...)
			require.NoError(t, err)
		}
		require.NoError(t, writer.Write(batch))
		require.NoError(t, writer.Close())
		forge(t, contents.Bytes())
		require.NoError(t, os.WriteFile(path, contents.Bytes(), 0o600))
	}
}

func arrowBombs() []bomb {
	// Before each frame of zstd stands how long it says that it becomes.
	buffer := func(length uint64) func(*testing.T, []byte) {
		return func(t *testing.T, contents []byte) {
			frames := 0
			for at := 8; at+4 <= len(contents); at++ {
				if bytes.HasPrefix(contents[at:], []byte{0x28, 0xb5, 0x2f, 0xfd}) {
					binary.LittleEndian.PutUint64(contents[at-8:], length)
					frames++
				}
			}
			require.Positive(t, frames)
		}
	}
	// The second message of a stream is the record batch.
	message := func(forge func(metadata []byte)) func(*testing.T, []byte) {
		return func(t *testing.T, contents []byte) {
			mark := []byte{0xff, 0xff, 0xff, 0xff}
			first := int(binary.LittleEndian.Uint32(contents[4:]))
			require.True(t, bytes.HasPrefix(contents[8+first:], mark))
			forge(contents[8+first+4:])
		}
	}
	return []bomb{
		{"footer.arrow", "a footer of 2 GB", arrowBomb(false, func(_ *testing.T, contents []byte) {
			binary.LittleEndian.PutUint32(contents[len(contents)-len("ARROW1")-4:], 1<<31-1)
		}), "a footer of 2147483647 bytes"},
		{"buffer.arrow", "buffers that become a terabyte", arrowBomb(false, buffer(1<<40)), "a buffer has 1099511627776 bytes uncompressed"},
		{"buffer-in-limits.arrow", "buffers that say that they become 1 GB, which they may, and do not", arrowBomb(false, buffer(1<<30)), "cannot decompress a buffer: it ends early"},
		{"metadata.arrows", "metadata of 2 GB", arrowBomb(true, message(func(m []byte) { binary.LittleEndian.PutUint32(m, 1<<31-1) })), "a message has metadata of 2147483647 bytes"},
		{"metadata-in-limits.arrows", "metadata of 60 MB, which there may be, and are not", arrowBomb(true, message(func(m []byte) { binary.LittleEndian.PutUint32(m, 60<<20) })), "it is cut off"},
	}
}

// ——— What is told of long texts ———

// tableBombs are files that are read, of long rows of the same that compression makes
// hundreds of times smaller, which come into the tables of a report.
func tableBombs() []bomb {
	const long = 60_000
	letters, digits, words := strings.Repeat("x", long), strings.Repeat("9", long), strings.Repeat("w", 4000)
	return []bomb{
		{"rejects.csv.gz", "rejected rows of 60 kB", rowsBomb(3000, "identity_number,payment_date,amount,padding", func(w io.Writer, row int) {
			fmt.Fprintf(w, "640823-3234,2025-11-20,%dx,%s\n", row, letters)
		}), ""},
		{"numbers.csv.gz", "malformed numbers and ids of 60 kB", rowsBomb(1500, "identity_number,payment_date,amount,record_id", func(w io.Writer, row int) {
			fmt.Fprintf(w, "%s,2025-11-20,100.00,%d%s\n", digits, row, letters)
		}), ""},
		{"words.csv.gz", "findings whose agency, payment type and currency have 4 kB each", rowsBomb(15_000, "identity_number,payment_date,amount,agency,payment_type,currency", func(w io.Writer, _ int) {
			fmt.Fprintf(w, "1,2025-11-20,100.00,%s,%s,%s\n", words, words, words)
		}), ""},
	}
}

// manyWords are more different words than there may be, of as many bytes as each may
// have.
func manyWords(t *testing.T, path string) {
	long := strings.Repeat("w", 4000)
	rowsBomb(5000, "identity_number,payment_date,amount,agency,payment_type,currency", func(w io.Writer, row int) {
		fmt.Fprintf(w, "640823-3234,2025-11-20,100.00,%05d%s,%05d%s,%05d%s\n", row%1000, long, row%1000, long, row, long)
	})(t, path)
}

// Words that are all different take no more memory than the other bombs, and rows that
// share one long text of a dictionary that is rejected do not either.
func TestLongWordsAndRejects(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector is slow and takes memory of its own: what is measured here would be its")
	}
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "register.csv"), []byte(registerCSV), 0o600))
	manyWords(t, filepath.Join(folder, "words.csv.gz"))
	rejectsOfOneText(t, filepath.Join(folder, "rejects.parquet"))
	for _, c := range []struct {
		file, workers string
		exit          int
		says          string
	}{
		{"words.csv.gz", "1", 3, "avstam: exit 3: cannot read words.csv.gz: column currency has different values of more than 4194304 bytes together"},
		{"words.csv.gz", "2", 3, "avstam: exit 3: cannot read words.csv.gz: column currency has different values of more than 4194304 bytes together"},
		{"rejects.parquet", "1", 0, "avstam: exit 0: "},
		{"rejects.parquet", "2", 0, "avstam: exit 0: "},
	} {
		why := c.file + " by " + c.workers
		got := measure(t, folder, "run", "--records", c.file, "--register", "register.csv", "--out", "out", "--format", "parquet", "--max-rejects", "100%", "--workers", c.workers)
		t.Logf("%s: %4d MiB, %v: %s", why, got.memory>>20, got.elapsed, got.lastLine)
		assert.Equal(t, c.exit, got.exit, why)
		assert.Contains(t, got.lastLine, c.says, why)
		assert.Less(t, got.memory, int64(bombMemory), why)
	}
}

// rejectsOfOneText is a Parquet file of rows with one record_id of 60 kB that is not
// UTF-8.
func rejectsOfOneText(t *testing.T, path string) {
	type row struct {
		Number string `parquet:"identity_number,dict"`
		Date   string `parquet:"payment_date,dict"`
		Amount int64  `parquet:"amount"`
		ID     []byte `parquet:"record_id,dict"`
	}
	id := append(bytes.Repeat([]byte("x"), 60_000), 0xff)
	rows := make([]row, 10_000)
	for i := range rows {
		rows[i] = row{"640823-3234", "2025-11-20", 100, id}
	}
	require.NoError(t, parquet.WriteFile(path, rows))
}

func rowsBomb(rows int, header string, row func(w io.Writer, row int)) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		var contents bytes.Buffer
		w, err := gzipWriter(&contents)
		require.NoError(t, err)
		fmt.Fprintln(w, header)
		for i := range rows {
			row(w, i)
		}
		require.NoError(t, w.Close())
		require.Less(t, contents.Len(), 3<<20)
		require.NoError(t, os.WriteFile(path, contents.Bytes(), 0o600))
	}
}

// Long texts that come into the tables of a report take no more memory than the
// other bombs, and the tables are the same however they are made.
func TestLongTextsInTables(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector is slow and takes memory of its own: what is measured here would be its")
	}
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "register.csv"), []byte(registerCSV), 0o600))
	require.Zero(t, measure(t, folder, "register", "build", "--in", "register.csv", "--out", "register.avr").exit)
	for _, b := range tableBombs() {
		t.Run(b.file, func(t *testing.T) {
			path := filepath.Join(folder, b.file)
			b.write(t, path)
			format, words := "parquet", b.file == "words.csv.gz"
			if words {
				format = "csv" // Parquet has each of them once
			}
			of := func(arguments ...string) []string {
				return append(arguments, "--records", b.file, "--register", "register.avr", "--format", format, "--max-rejects", "100%", "--as-of", "2025-12-01")
			}
			do := func(arguments ...string) cost {
				t.Helper()
				c := measure(t, folder, arguments...)
				t.Logf("%4d MiB, %v: %s: %s", c.memory>>20, c.elapsed, strings.Join(arguments[:2], " "), c.lastLine)
				require.Zero(t, c.exit, c.lastLine)
				return c
			}
			tables := func(out string) (contents [2][]byte) {
				for i, table := range []string{"findings.parquet", "rejects.parquet"} {
					text, err := os.ReadFile(filepath.Join(folder, out, "latest", table))
					require.NoError(t, err)
					contents[i] = text
				}
				return contents
			}
			out := strings.TrimSuffix(b.file, ".csv.gz")
			assert.Less(t, do(of("run", "--out", out, "--workers", "2")...).memory, int64(bombMemory), b.why)
			if words {
				return
			}
			want := tables(out)
			assert.Less(t, do("verify", filepath.Join(out, "latest")).memory, int64(bombMemory), b.why)

			do(of("run", "--out", out, "--workers", "8")...)
			for i, contents := range tables(out) {
				assert.True(t, bytes.Equal(want[i], contents), "table %d with 8 workers", i)
			}
			parted := out + "-parted"
			require.NoError(t, os.Mkdir(filepath.Join(folder, parted), 0o700))
			key, err := os.ReadFile(filepath.Join(folder, out, ".id_key"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(folder, parted, ".id_key"), key, 0o600))
			work := out + "-work"
			do(of("shard", "plan", "--out", parted, "--work", work, "--chunk-bytes", "100000")...)
			for _, step := range []string{"map", "reduce", "commit"} {
				assert.Less(t, do("shard", step, "--work", work).memory, int64(bombMemory), b.why)
			}
			for i, contents := range tables(parted) {
				assert.True(t, bytes.Equal(want[i], contents), "table %d in parts", i)
			}
		})
	}

	// The rows of a run that ends with too many are kept.
	t.Run("failed", func(t *testing.T) {
		c := measure(t, folder, "run", "--records", "rejects.csv.gz", "--register", "register.avr", "--out", "failing", "--format", "parquet", "--workers", "2")
		t.Logf("%4d MiB, %v: %s", c.memory>>20, c.elapsed, c.lastLine)
		assert.Equal(t, 3, c.exit, c.lastLine)
		assert.Less(t, c.memory, int64(bombMemory))
		kept, err := filepath.Glob(filepath.Join(folder, "failing", "failed", "*", "rejects.parquet"))
		require.NoError(t, err)
		assert.Len(t, kept, 1)
	})
}
