package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/report"
)

// canaries are numbers that must not be found, in any spelling.
type canaries struct {
	digits map[string]bool // twelve, ten, and fewer without leading zeros
	binary map[uint64]bool
	hex    map[string]bool
}

func newCanaries(numbers []string) *canaries {
	c := &canaries{map[string]bool{}, map[uint64]bool{}, map[string]bool{}}
	for _, number := range numbers {
		for _, digits := range []string{number, number[2:], strings.TrimLeft(number[2:], "0")} {
			c.digits[digits] = true
			value, err := strconv.ParseUint(digits, 10, 64)
			if err != nil {
				panic(err)
			}
			c.binary[value] = true
			c.hex[strconv.FormatUint(value, 16)] = true
			c.hex[hex.EncodeToString([]byte(digits))] = true
		}
		// What a hash without a key would give away.
		sum := sha256.Sum256([]byte(number))
		c.hex[hex.EncodeToString(sum[:])], c.hex[hex.EncodeToString(sum[:16])] = true, true
	}
	return c
}

// separators may stand between two digits of a number.
const separators = "-+ .\u00a0\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2212"

// inText finds numbers in a text: twelve digits wherever they stand, and ten or
// fewer that nothing else continues, whatever stands between them.
func (c *canaries) inText(text []byte) (found int) {
	look := func(run []byte) {
		if len(run) < 12 && c.digits[string(run)] {
			found++
		}
		for at := 0; at+12 <= len(run); at++ {
			if c.digits[string(run[at:at+12])] {
				found++
			}
		}
	}
	// What stands together with any separator, and with a sign alone: two values
	// can stand side by side with a blank between them.
	var loose, tight []byte
	end := func() {
		look(loose)
		if len(tight) < len(loose) {
			look(tight)
		}
		loose, tight = loose[:0], tight[:0]
	}
	for at := 0; at < len(text); {
		digits := at
		for digits < len(text) && '0' <= text[digits] && text[digits] <= '9' {
			digits++
		}
		run := text[at:digits]
		loose, tight = append(loose, run...), append(tight, run...)
		if len(run) < len(loose) && len(run) < len(tight) {
			look(run)
		}
		if digits == len(text) {
			break
		}
		separator, size := utf8.DecodeRune(text[digits:])
		if len(run) == 0 || !strings.ContainsRune(separators, separator) {
			end()
		} else if separator != '-' && separator != '+' {
			look(tight)
			tight = tight[:0]
		}
		at = digits + size
	}
	end()
	for at := 0; at < len(text); at++ {
		start := at
		for at < len(text) && isHex[text[at]] {
			at++
		}
		if at-start >= 9 && c.hex[strings.ToLower(string(text[start:at]))] {
			found++
		}
	}
	return found
}

var isHex = func() (is [256]bool) {
	for _, c := range []byte("0123456789abcdefABCDEF") {
		is[c] = true
	}
	return is
}()

// inBytes finds them in bytes that are no text, too: as integers of eight bytes.
func (c *canaries) inBytes(contents []byte) (found int) {
	for at := 0; at+8 <= len(contents); at++ {
		for _, value := range [2]uint64{binary.LittleEndian.Uint64(contents[at:]), binary.BigEndian.Uint64(contents[at:])} {
			if value < 1_000_000_000_000 && c.binary[value] {
				found++
			}
		}
	}
	return found + c.inText(contents)
}

// The scan itself: what it would miss would never be found.
func TestCanariesAreFound(t *testing.T) {
	c := newCanaries([]string{"196408233234", "200405233238"})
	for _, text := range []string{
		"196408233234", "x196408233234y", "9196408233234", "6408233234", "640823-3234", "640823+3234", "19640823-3234", "1964 0823 3234",
		"1964-08-23-3234", "640823\u00a03234", `"n":405233238,`, "(0405233238)", "1,6408233234", "2025-11-20 6408233234 1.00", "640823\u22123234",
		strconv.FormatUint(196408233234, 16), hex.EncodeToString([]byte("196408233234")), "0x" + strings.ToUpper(strconv.FormatUint(196408233234, 16)),
	} {
		assert.Positive(t, c.inText([]byte(text)), text)
	}
	for _, text := range []string{"196408233235", "64082332341", "2025-11-20", "640823-32345"} {
		assert.Zero(t, c.inText([]byte(text)), text)
	}
	assert.Positive(t, c.inBytes(binary.LittleEndian.AppendUint64([]byte{1}, 196408233234)))
	assert.Positive(t, c.inBytes(binary.BigEndian.AppendUint64([]byte{1, 2, 3}, 6408233234)))
}

// canaryNight is a folder with made-up numbers in records and register, as they
// come and spoilt, and what the program says of them.
type canaryNight struct {
	t        *testing.T
	folder   string
	canaries *canaries
	number   string // one of them
}

// call starts the program, and looks at all that it says.
func (n *canaryNight) call(exit int, input []byte, arguments ...string) (output string) {
	n.t.Helper()
	command := exec.Command(os.Args[0], arguments...)
	command.Env, command.Dir = append(os.Environ(), asProgram+"=1"), n.folder
	command.Stdin = bytes.NewReader(input)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	_ = command.Run() // its exit status is looked at
	require.Equal(n.t, exit, command.ProcessState.ExitCode(), "%q: %s", arguments, errs.String())
	assert.Zero(n.t, n.canaries.inBytes(errs.Bytes()), "standard error of %q", arguments)
	if !slices.Contains(arguments, "check") { // it repeats what it is asked for
		assert.Zero(n.t, n.canaries.inBytes(out.Bytes()), "standard output of %q", arguments)
	}
	return out.String()
}

func (n *canaryNight) path(name string) string { return filepath.Join(n.folder, name) }

func (n *canaryNight) read(name string) []byte {
	contents, err := os.ReadFile(n.path(name))
	require.NoError(n.t, err)
	return contents
}

func (n *canaryNight) write(name string, contents []byte) {
	require.NoError(n.t, os.WriteFile(n.path(name), contents, 0o600))
}

// newCanaryNight generates 24,000 records of more than 10,000 people, in Parquet
// and in CSV, of which the second has other faults and no record ids.
func newCanaryNight(t *testing.T) *canaryNight {
	n := &canaryNight{t: t, folder: t.TempDir(), canaries: newCanaries(nil)}
	n.call(0, nil, "generate", "--records", "12000", "--persons", "11000", "--seed", "17", "--dirty", "0.3", "--format", "parquet,csv", "--out", ".")
	rows := func(name string) [][]string {
		rows, err := csv.NewReader(bytes.NewReader(n.read(name))).ReadAll()
		require.NoError(t, err)
		return rows
	}
	numbers := map[string]bool{}
	register := rows("register.csv")
	for _, row := range register[1:] {
		numbers[row[0]] = true
	}
	clean := rows("records.csv")
	for _, row := range clean[1:] {
		if len(row[0]) == 12 && !strings.ContainsFunc(row[0], func(r rune) bool { return r < '0' || r > '9' }) {
			numbers[row[0]] = true
		}
	}
	require.Greater(t, len(numbers), 10_000)
	list := make([]string, 0, len(numbers))
	for number := range numbers {
		list = append(list, number)
	}
	slices.Sort(list)
	n.canaries, n.number = newCanaries(list), list[len(list)/2]

	var spoilt bytes.Buffer
	lines := csv.NewWriter(&spoilt)
	header := slices.Clone(clean[0])
	header[slices.Index(header, "record_id")] = "key"
	require.NoError(t, lines.Write(header))
	date, amount, period := slices.Index(header, "payment_date"), slices.Index(header, "amount"), slices.Index(header, "period_start")
	for i, row := range clean[1:] {
		row = slices.Clone(row)
		number := list[i%len(list)]
		switch i % 20 {
		case 1:
			row[date] = number // columns that have slipped
		case 2:
			row[amount] = number + "x"
		case 3:
			row = append(row, number) // one field too many
		case 4:
			row[period] = number[:8] + "-" + number[8:]
		case 5:
			row[0] = number + "7"
		case 6:
			row[0] = number[2:8] + "+" + number[8:]
		case 7:
			row[0] = number[2:8] + "-" + number[8:]
		}
		require.NoError(t, lines.Write(row))
	}
	lines.Flush()
	spoilt.WriteString("\"" + list[0] + "\"x,2025-01-01,1\n\"" + list[1]) // text behind a quote, and a quote that is not closed
	n.write("spoilt.csv", spoilt.Bytes())

	// A register whose columns have slipped in some rows.
	var slipped bytes.Buffer
	lines = csv.NewWriter(&slipped)
	place := func(name string) int { return slices.Index(register[0], name) }
	for i, row := range register {
		row = slices.Clone(row)
		if i > 0 && i%50 < 6 {
			row[place([]string{"status", "status_reason", "identity_level", "linked_number", "deceased_on", "status_from"}[i%50])] = list[i%len(list)]
		}
		require.NoError(t, lines.Write(row))
	}
	lines.Flush()
	n.write("slipped.csv", slipped.Bytes())

	configuration := string(n.read("avstam.yaml"))
	for _, change := range [][2]string{
		{"register.parquet", "register.csv"},
		{"output: {dir: out}", "output: {dir: out, formats: [parquet, csv, arrow, html], split: agency, id_key: key}\nmax_rejects: 90%"},
		{"    files: [records.parquet]\n", "    files: [records.parquet]\n  - name: spoilt\n    files: [spoilt.csv]\n"},
	} {
		require.Contains(t, configuration, change[0])
		configuration = strings.Replace(configuration, change[0], change[1], 1)
	}
	n.write("avstam.yaml", []byte(configuration))
	// Under a random key, digits of an id would be those of a number by chance, in
	// one of twenty runs or so.
	n.write("key", []byte(strings.Repeat("6b", 32)+"\n"))
	n.write("slipped.yaml", []byte(strings.Replace(configuration, "register.csv", "slipped.csv", 1)))
	return n
}

// Ten thousand numbers go in, and none comes out but in the rows of findings and
// rejects; where numbers are masked, none at all. In no spelling, nowhere.
func TestNoNumberLeaks(t *testing.T) {
	skipWhereSlow(t)
	t.Parallel()
	n := newCanaryNight(t)
	firstRecord := strings.SplitN(string(n.read("spoilt.csv")), "\n", 3)[1]
	headless := []byte(firstRecord + "\n" + firstRecord + "\n")
	n.write("headless.csv", headless)
	parquet := n.read("records.parquet")
	n.write("short.parquet", parquet[:len(parquet)/2])
	damaged := bytes.Clone(parquet)
	for at := len(damaged) / 20; at < len(damaged)*19/20; at += 97 {
		damaged[at] ^= 0x55
	}
	n.write("damaged.parquet", damaged)
	number := n.number

	n.call(0, nil, "run", "--metrics-file", "m.prom")
	n.call(0, nil, "run", "--log-format", "json", "--progress", "always", "--csv-dialect", "excel-sv", "--out", "excel")
	n.call(0, nil, "run", "-c", "slipped.yaml", "--out", "slipped", "--log-format", "json")
	n.call(0, nil, "run", "--numbers", "masked", "--out", "masked")
	n.call(0, nil, "run", "-c", "slipped.yaml", "--numbers", "masked", "--out", "masked-slipped")
	n.call(0, nil, "run", "--numbers", "masked", "--out", "masked-excel", "--csv-dialect", "excel-sv")
	n.call(1, nil, "run", "--fail-on", "error=0,warning=0", "--out", "thresholds")
	n.call(3, nil, "run", "--max-rejects", "0", "--out", "rejected")
	n.call(3, nil, "run", "--max-rejects", "0", "--out", "masked-rejected", "--numbers", "masked", "--log-format", "json")
	n.call(0, nil, "run", "--dry-run")
	for _, records := range []string{"headless.csv", "short.parquet", "damaged.parquet", "register.csv", "avstam.yaml"} {
		n.call(3, nil, "run", "--records", records, "--register", "register.csv", "--out", "bad")
		n.call(3, nil, "run", "--records", "records.parquet", "--register", records[:min(len(records), 14)], "--out", "bad", "--column", "amount=X", "--log-format", "json")
	}
	n.call(0, n.read("spoilt.csv"), "run", "--records", "-", "--register", "register.parquet", "--out", "pipe", "--max-rejects", "90%")
	n.call(2, nil, "run", number)
	n.call(2, nil, number)
	n.call(2, nil, "rules", number)
	for _, flag := range []string{"--column", "--constant", "--extract-date", "--fail-on", "--max-rejects", "--numbers", "--format", "--as-of", "--progress", "--workers", "--csv-dialect", "--split"} {
		if flag != "--max-rejects" { // of rows there may be so many
			n.call(2, nil, "run", "--records", "records.csv", "--register", "register.csv", "--out", "bad", flag, number)
		}
		n.call(2, nil, "run", "--records", "records.csv", "--register", "register.csv", "--out", "bad", flag, number[:8]+"-"+number[8:]+"=1")
	}
	n.write("bad.yaml", []byte("register: {files: ["+number+"], "+number+": 1, extract_date: "+number+"}\nsources: "+number+"\noutput: {numbers: '"+number[2:8]+"-"+number[8:]+"'}\n"))
	n.call(2, nil, "run", "-c", "bad.yaml")
	n.call(0, nil, "inspect", "records.csv", "records.parquet", "register.csv", "spoilt.csv", "headless.csv", "slipped.csv")
	n.call(0, nil, "inspect", "records.csv", "records.parquet", "register.csv", "spoilt.csv", "headless.csv", "--format", "json")
	n.call(0, nil, "register", "build", "--in", "slipped.csv", "--out", "slipped.avr")
	n.call(0, nil, "register", "build", "--in", "register.parquet", "--out", "register.avr")
	n.call(0, nil, "register", "info", "slipped.avr")
	n.call(0, nil, "register", "diff", "slipped.avr", "register.avr")
	n.call(3, []byte(number+"\n"), "check", "--register", "none.avr", "-")
	n.call(2, nil, "check", "--date", number, number)
	n.call(0, nil, "completion", "bash")
	n.call(0, nil, "verify", "out/latest")
	findings := n.read("slipped/latest/findings.csv")
	n.write("slipped/latest/findings.csv", bytes.Replace(findings, []byte("-01-"), []byte("-02-"), 1))
	n.call(1, nil, "verify", "slipped/latest")
	n.write("slipped/latest/findings.csv", findings)
	n.call(0, nil, "run", "--numbers", "masked", "--baseline", "slipped/latest", "--out", "masked-after-slipped")
	n.call(0, nil, "prune", "out", "--keep", "1")
	n.callNextNight()

	for _, out := range []string{"out", "excel", "slipped", "masked", "masked-excel", "masked-slipped", "masked-after-slipped", "thresholds", "rejected", "masked-rejected", "pipe", "chain", "masked-chain"} {
		n.scanFolder(out, strings.HasPrefix(out, "masked"))
	}
	assert.Zero(t, n.canaries.inBytes(n.read("m.prom")))
	assert.NoDirExists(t, n.path("bad/latest"))
	// The scan does see what it looks for: the rows themselves.
	assert.Greater(t, n.canaries.inText(n.read("out/latest/findings.csv")), 500)
	assert.Greater(t, n.canaries.inText(n.read("rejected/failed/"+onlyEntry(t, n.path("rejected/failed"))+"/rejects.csv")), 100)
}

// callNextNight has a second night follow a first, of which one source is gone, and
// asks of its report what can be asked.
func (n *canaryNight) callNextNight() {
	n.t.Helper()
	configuration := string(n.read("avstam.yaml"))
	without := strings.Replace(configuration, "  - name: spoilt\n    files: [spoilt.csv]\n", "", 1)
	require.NotEqual(n.t, configuration, without)
	n.write("next.yaml", []byte(without))
	n.write("decisions.csv", []byte("number,rule,decision,until\n"+n.number+",unknown_number,lawful,\n"+n.number+",closed_number,register_wrong,2020-01-01\n"))
	for _, row := range []string{n.number, "unknown_number," + n.number + ",lawful,", n.number + "x,unknown_number,lawful,", n.number + ",unknown_number,lawful," + n.number, n.number[2:] + ",unknown_number,lawful,"} {
		n.write("bad-decisions.csv", []byte("number,rule,decision,until\n"+row+"\n"))
		n.call(2, nil, "run", "--decisions", "bad-decisions.csv", "--out", "bad")
	}
	n.write("bad-decisions.csv", []byte(n.number+","+n.number+"\n"))
	n.call(2, nil, "run", "--decisions", "bad-decisions.csv", "--out", "bad")
	for _, out := range []string{"chain", "masked-chain"} {
		numbers := "full"
		if strings.HasPrefix(out, "masked") {
			numbers = "masked"
		}
		n.call(0, nil, "run", "--baseline", "latest", "--numbers", numbers, "--out", out)
		first, err := os.Readlink(n.path(out + "/latest"))
		require.NoError(n.t, err)
		n.call(0, nil, "run", "-c", "next.yaml", "--baseline", "latest", "--decisions", "decisions.csv", "--numbers", numbers, "--out", out, "--log-format", "json")
		n.call(0, nil, "verify", out+"/latest")
		for _, format := range []string{"text", "json", "csv"} {
			n.call(1, nil, "diff", out+"/"+first, out+"/latest", "--format", format)
		}
		rows, err := csv.NewReader(bytes.NewReader(n.read(out + "/latest/findings.csv"))).ReadAll()
		require.NoError(n.t, err)
		explained := map[string]bool{}
		for _, row := range rows[1:] {
			if rule := row[1]; !explained[rule] {
				explained[rule] = true
				n.call(0, nil, "explain", out+"/latest", row[0])
				n.call(0, nil, "explain", out+"/latest", row[0], "--format", "json")
			}
		}
		assert.Greater(n.t, len(explained), 20, "rules explained")
		n.call(2, nil, "explain", out+"/latest", strings.Repeat("0", 20)+n.number)
	}
	n.call(0, nil, "notices", "chain/latest", "--out", "notices")
	n.call(3, nil, "notices", "masked-chain/latest", "--out", "masked-notices")
	assert.NoDirExists(n.t, n.path("masked-notices"))
	require.NoError(n.t, filepath.WalkDir(n.path("notices"), func(path string, entry fs.DirEntry, err error) error {
		assert.Zero(n.t, n.canaries.inText([]byte(entry.Name())), "the name of a notice")
		return err
	}))
}

func onlyEntry(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	return entries[0].Name()
}

// numberColumns are those that hold numbers of persons.
var numberColumns = []string{"identity_number", "number", "use_number", "other_number", "raw"}

// scanFolder looks at every file of an output folder.
func (n *canaryNight) scanFolder(out string, isMasked bool) {
	n.t.Helper()
	files := 0
	require.NoError(n.t, filepath.WalkDir(n.path(out), func(path string, entry fs.DirEntry, err error) error {
		require.NoError(n.t, err)
		name, err := filepath.Rel(n.folder, path)
		require.NoError(n.t, err)
		assert.Zero(n.t, n.canaries.inText([]byte(name)), "a name of a file")
		if !entry.Type().IsRegular() || entry.Name() == ".id_key" || entry.Name() == ".lock" {
			return nil
		}
		files++
		contents, err := os.ReadFile(path)
		require.NoError(n.t, err)
		table, _, _ := strings.Cut(entry.Name(), ".")
		if !slices.Contains([]string{"findings", "rejects", "resolved"}, table) {
			assert.Zero(n.t, n.canaries.inBytes(contents), name)
			if filepath.Ext(name) == ".parquet" {
				_, values := n.partsOfParquet(contents)
				assert.Zero(n.t, n.canaries.inText(values), "%s: values", name)
			}
			return nil
		}
		switch filepath.Ext(name) {
		case ".parquet":
			metadata, values := n.partsOfParquet(contents)
			assert.Zero(n.t, n.canaries.inBytes(metadata), "%s: footer, headers and indexes", name)
			if isMasked {
				assert.Zero(n.t, n.canaries.inBytes(contents), name)
				assert.Zero(n.t, n.canaries.inText(values), "%s: values", name)
			}
		case ".csv":
			n.scanCSV(name, contents, isMasked)
		case ".arrow":
			n.scanArrow(name, contents, isMasked)
		}
		return nil
	}))
	require.Positive(n.t, files, out)
}

// scanCSV looks at the columns that hold no numbers, or at all.
func (n *canaryNight) scanCSV(name string, contents []byte, isMasked bool) {
	contents = bytes.TrimPrefix(contents, []byte("\ufeff"))
	reader := csv.NewReader(bytes.NewReader(contents))
	if header, _, _ := bytes.Cut(contents, []byte("\n")); bytes.ContainsRune(header, ';') {
		reader.Comma = ';'
	}
	rows, err := reader.ReadAll()
	require.NoError(n.t, err)
	if isMasked {
		assert.Zero(n.t, n.canaries.inText(contents), name)
		assert.NotContains(n.t, rows[0], "raw")
	}
	for i, column := range rows[0] {
		// The record says these; a detail and a reason are the register's own words.
		if slices.Contains(numberColumns, column) || !isMasked && (column == "detail" || column == "status_reason") {
			continue
		}
		for _, row := range rows[1:] {
			if n.canaries.inText([]byte(row[i])) > 0 {
				n.t.Errorf("%s: column %s", name, column)
				break
			}
		}
	}
}

// scanArrow looks at the footer and the schema, or at all values.
func (n *canaryNight) scanArrow(name string, contents []byte, isMasked bool) {
	size := int(binary.LittleEndian.Uint32(contents[len(contents)-10:]))
	assert.Zero(n.t, n.canaries.inBytes(contents[len(contents)-10-size:]), "%s: footer", name)
	assert.Zero(n.t, n.canaries.inBytes(contents[:16+binary.LittleEndian.Uint32(contents[12:])]), "%s: schema", name)
	if !isMasked {
		return
	}
	assert.Zero(n.t, n.canaries.inBytes(contents), name)
	reader, err := ipc.NewFileReader(bytes.NewReader(contents))
	require.NoError(n.t, err)
	defer reader.Close() // it was only read
	for i := range reader.NumRecords() {
		batch, err := reader.RecordBatch(i)
		require.NoError(n.t, err)
		for _, column := range batch.Columns() {
			for row := range column.Len() {
				require.Zero(n.t, n.canaries.inText([]byte(column.ValueStr(row))), name)
			}
		}
	}
}

// partsOfParquet divides a Parquet file: all that is no value, and all values as
// text.
func (n *canaryNight) partsOfParquet(contents []byte) (metadata, values []byte) {
	file, err := parquetgo.OpenFile(bytes.NewReader(contents), int64(len(contents)))
	require.NoError(n.t, err)
	bodies := 0
	at := 0
	footer := file.Metadata()
	for _, group := range footer.RowGroups {
		for _, chunk := range group.Columns {
			start := int(chunk.MetaData.DataPageOffset)
			if dictionary := int(chunk.MetaData.DictionaryPageOffset); dictionary > 0 {
				start = min(start, dictionary)
			}
			end := start + int(chunk.MetaData.TotalCompressedSize)
			for place := start; place < end; {
				metadata = append(metadata, contents[at:place]...)
				rest := bytes.NewReader(contents[place:end])
				var header format.PageHeader
				require.NoError(n.t, thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(rest)).Decode(&header))
				size := end - place - rest.Len()
				metadata = append(metadata, contents[place:place+size]...)
				place += size + int(header.CompressedPageSize)
				at = place
				bodies++
			}
		}
	}
	metadata = append(metadata, contents[at:]...)
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		buffer := make([]parquetgo.Row, 100)
		for {
			read, err := rows.ReadRows(buffer)
			for _, row := range buffer[:read] {
				for _, value := range row {
					values = append(append(values, value.String()...), '\n')
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(n.t, err)
		}
		require.NoError(n.t, rows.Close())
	}
	require.Less(n.t, len(metadata), 100_000+200*bodies, "bodies of pages are left out")
	return metadata, values
}

// Whoever has a masked report knows all of a record but its number, and the year in
// that. Hashing every number of the year does not tell which it is: the ids of
// records without a key of their own are made with one that is in no report.
func TestFindingIDsDoNotTellNumbers(t *testing.T) {
	skipWhereSlow(t)
	t.Parallel()
	n := newCanaryNight(t)
	n.call(0, nil, "run", "--numbers", "masked", "--out", "masked")
	rows, err := csv.NewReader(bytes.NewReader(n.read("masked/latest/findings.csv"))).ReadAll()
	require.NoError(t, err)
	ids := map[string]bool{}
	for _, row := range rows[1:] {
		ids[row[0]] = true
	}
	place := func(name string) int { return slices.Index(rows[0], name) }
	key, err := hex.DecodeString(strings.TrimSpace(string(n.read("key"))))
	require.NoError(t, err)

	const targets = 2
	attacked, withKey := 0, 0
	keyed, keyless := hmac.New(sha256.New, key), hmac.New(sha256.New, nil)
	idOf := func(keyed hash.Hash, message []byte) string {
		keyed.Reset()
		_, _ = keyed.Write(message) // never fails
		return hex.EncodeToString(keyed.Sum(nil)[:16])
	}
	for _, row := range rows[1:] {
		if attacked == targets {
			break
		}
		masked := row[place("number")]
		if row[place("source")] != "spoilt" || row[place("number_kind")] != "personal" || row[place("rule")] != "unknown_number" {
			continue
		}
		attacked++
		before, after := idMessage(t, row, place)
		var message []byte
		everyNumber(masked[:4], func(digits []byte) {
			for _, given := range [][]byte{digits, digits[2:], spelt(digits[2:], '-')} {
				message = append(append(append(append(message[:0], before...), byte(len(given))), given...), after...)
				plain, number := sha256.Sum256(message), sha256.Sum256(given)
				for _, id := range []string{hex.EncodeToString(plain[:16]), hex.EncodeToString(number[:16]), idOf(keyless, message)} {
					if ids[id] {
						t.Fatalf("an id of the finding in row %s is found without the key", row[place("row")])
					}
				}
				// The same with the key does find it, so that the message is the right one.
				if withKey == 0 && ids[idOf(keyed, message)] {
					withKey++
				}
			}
		})
	}
	assert.Positive(t, withKey, "the attack itself works")
	require.Equal(t, targets, attacked)
}

func spelt(digits []byte, separator byte) []byte {
	at := len(digits) - 4
	return append(append(append([]byte{}, digits[:at]...), separator), digits[at:]...)
}

// everyNumber calls use with each personal number of a year.
func everyNumber(year string, use func(digits []byte)) {
	for month := 1; month <= 12; month++ {
		for day := 1; day <= 31; day++ {
			for serial := 1; serial < 1000; serial++ {
				digits := fmt.Appendf(nil, "%s%02d%02d%03d0", year, month, day, serial)
				sum := 0
				for i, c := range digits[2:11] {
					d := int(c - '0')
					if i%2 == 0 {
						d *= 2
					}
					sum += d/10 + d%10
				}
				digits[11] = byte('0' + (10-sum%10)%10)
				use(digits)
			}
		}
	}
}

// idMessage is what the id of a record without a key of its own is made of, before
// and after the number as given with its length, as docs/reference.md has it.
func idMessage(t *testing.T, row []string, place func(string) int) (before, after []byte) {
	var message []byte
	t.Helper()
	text := func(value []byte) {
		message = append(binary.AppendUvarint(message, uint64(len(value))), value...)
	}
	day := func(column string) {
		day := calendar.Missing
		if value := row[place(column)]; value != "" {
			var ok bool
			day, ok = calendar.Parse([]byte(value))
			require.True(t, ok)
		}
		message = binary.BigEndian.AppendUint32(message, uint32(day))
	}
	text([]byte(row[place("rule")]))
	text([]byte(row[place("source")]))
	before, message = message, nil
	for _, column := range []string{"agency", "payment_type", "currency"} {
		text([]byte(report.PlainText(row[place(column)])))
	}
	for _, column := range []string{"payment_date", "period_start", "period_end"} {
		day(column)
	}
	ore, err := strconv.ParseInt(strings.Replace(row[place("amount")], ".", "", 1), 10, 64)
	require.NoError(t, err)
	return before, binary.BigEndian.AppendUint64(message, uint64(ore))
}
