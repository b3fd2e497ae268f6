package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shown are the commands that docs/reference.md shows for findings as a stream.
func shown(t *testing.T) []string {
	t.Helper()
	contents, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(contents), "\n### Findings as a stream\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n### ")
	_, block, found := strings.Cut(section, "\n```console\n$ ")
	require.True(t, found)
	block, _, found = strings.Cut(block, "\n```\n")
	require.True(t, found)
	return strings.Split(block, "\n$ ")
}

// piped is where shells find the program, and the Python that make interop
// installed, or else the system's.
func piped(t *testing.T) (path string) {
	t.Helper()
	folder := t.TempDir()
	program, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(program, filepath.Join(folder, "avstam")))
	installed, err := filepath.Abs(filepath.Join("..", "..", "testdata", "interop", "make", ".venv", "bin"))
	require.NoError(t, err)
	return strings.Join([]string{folder, installed, os.Getenv("PATH")}, string(os.PathListSeparator))
}

// shell runs a command in a folder; where the program fails, so does the pipe.
func shell(folder, path, text string) (output []byte, said string, err error) {
	command := exec.Command("bash", "-o", "pipefail", "-c", text)
	command.Dir = folder
	command.Env = append(os.Environ(), asProgram+"=1", "PATH="+path)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err = command.Run()
	return out.Bytes(), errs.String(), err
}

// requirePython skips a test for which Python has no such module, and says why.
func requirePython(t *testing.T, path, module string) {
	t.Helper()
	_, said, err := shell(".", path, "python3 -c 'import "+module+"'")
	if err == nil {
		return
	}
	required := slices.Contains(strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), module)
	require.False(t, required, "AVSTAM_REQUIRE asks for %s: %s", module, said)
	t.Skipf("python3 has no %s; AVSTAM_REQUIRE=%s makes a failure of that", module, module)
}

// What docs/reference.md shows is what other programs make of the stream: as
// many findings of each rule, and as much money, as the report has.
func TestPipesThatAreShown(t *testing.T) {
	folder, path := t.TempDir(), piped(t)
	exit, _, line := call(t, folder, "generate", "--records", "20000", "--persons", "10000", "--out", ".")
	require.Zero(t, exit, line)
	exit, _, line = call(t, folder, "run", "--out", "out", "--format", "csv")
	require.Zero(t, exit, line)
	want := byRule(t, filepath.Join(folder, "out", "latest", "findings.csv"))
	require.Len(t, want, 25, "every rule has findings")

	imports := regexp.MustCompile(`import sys, (\w+)`)
	var modules []string
	for _, command := range shown(t) {
		found := imports.FindStringSubmatch(command)
		require.NotNil(t, found, command)
		module := found[1]
		modules = append(modules, module)
		t.Run(module, func(t *testing.T) {
			requirePython(t, path, module)
			output, said, err := shell(folder, path, command)
			require.NoError(t, err, said)
			rows, err := csv.NewReader(bytes.NewReader(output)).ReadAll()
			require.NoError(t, err)
			got := map[string]string{}
			for _, row := range rows[1:] {
				require.Len(t, row, 3)
				got[row[0]] = row[1] + " of " + row[2]
			}
			assert.Equal(t, want, got)
		})
	}
	assert.Equal(t, []string{"pyarrow", "polars", "duckdb"}, modules)
}

// byRule is how many findings a report has of each rule, and what they amount to.
func byRule(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close() // it was only read
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	rule, amount := slices.Index(rows[0], "rule"), slices.Index(rows[0], "amount")
	counts, sums := map[string]int{}, map[string]int64{}
	for _, row := range rows[1:] {
		ore, err := strconv.ParseInt(strings.Replace(row[amount], ".", "", 1), 10, 64)
		require.NoError(t, err)
		counts[row[rule]]++
		sums[row[rule]] += ore
	}
	told := map[string]string{}
	for name, count := range counts {
		require.Greater(t, sums[name], int64(100), "it is written below without a sign")
		told[name] = fmt.Sprintf("%d of %d.%02d", count, sums[name]/100, sums[name]%100)
	}
	return told
}

// A stream that is whole by pyarrow's own measure, to the last offset.
func TestArrowStreamIsValid(t *testing.T) {
	folder, path := t.TempDir(), piped(t)
	requirePython(t, path, "pyarrow")
	exit, _, line := call(t, folder, "generate", "--records", "5000", "--persons", "3000", "--out", ".")
	require.Zero(t, exit, line)
	output, said, err := shell(folder, path, `avstam run --out - --format arrow | python3 -c '
import sys, pyarrow as pa
findings = pa.ipc.open_stream(sys.stdin.buffer).read_all()
findings.validate(full=True)
print(findings.schema.field("amount").type)'`)
	require.NoError(t, err, said)
	assert.Equal(t, "decimal128(18, 2)", strings.TrimSpace(string(output)))
}
