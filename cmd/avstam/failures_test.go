package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call starts the program in a folder and waits for it.
func call(t *testing.T, folder string, arguments ...string) (exit int, output, lastLine string) {
	t.Helper()
	command := exec.Command(os.Args[0], arguments...)
	command.Env = append(os.Environ(), asProgram+"=1")
	command.Dir = folder
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	var exited *exec.ExitError
	if err := command.Run(); !errors.As(err, &exited) {
		require.NoError(t, err)
	}
	lines := strings.Split(strings.TrimRight(errs.String(), "\n"), "\n")
	return command.ProcessState.ExitCode(), out.String(), lines[len(lines)-1]
}

// Bad input of every kind: one clear line, the right exit status, nothing
// published, and the report of the night before as it was.
func TestBadInputPublishesNothing(t *testing.T) {
	folder := t.TempDir()
	exit, _, line := call(t, folder, "generate", "--records", "2000", "--persons", "1000", "--seed", "1", "--out", "in", "--format", "parquet,csv")
	require.Zero(t, exit, line)
	path := func(name string) string { return filepath.Join(folder, name) }
	write := func(name string, contents []byte) {
		require.NoError(t, os.WriteFile(path(name), contents, 0o600))
	}
	read := func(name string) []byte {
		contents, err := os.ReadFile(path(name))
		require.NoError(t, err)
		return contents
	}
	records := read("in/records.parquet")
	write("truncated.parquet", records[:len(records)*2/3])
	write("cut.parquet", append(bytes.Clone(records[:len(records)/2]), records[len(records)/2+100:]...))
	write("empty.csv", []byte("number,status,status_from\n"))
	write("wrong.csv", []byte("PNR,DATUM,BELOPP\n1,2,3\n"))
	// 11 of 1,000 rows cannot be read as records, in the first thousand rows of the file.
	lines := bytes.SplitAfter(read("in/records.csv"), []byte("\n"))[:1001]
	dateless := bytes.Clone(bytes.Join(lines, nil))
	for i := 1; i <= 11; i++ {
		row := lines[i*50]
		dateless = bytes.Replace(dateless, row, bytes.Replace(row, []byte("2025-"), []byte("2025/"), -1), 1)
	}
	write("rejects.csv", dateless)
	write("total.yaml", []byte("register: {files: [in/register.parquet]}\nsources:\n- {name: a, files: [in/records.parquet], expect: {rows: 2000, amount: 1.00}}\noutput: {dir: out}\n"))
	// A register without every twentieth number.
	register := bytes.SplitAfter(read("in/register.csv"), []byte("\n"))
	var shrunk []byte
	for i, row := range register {
		if i == 0 || i%20 != 0 {
			shrunk = append(shrunk, row...)
		}
	}
	write("shrunk.csv", shrunk)
	exit, _, line = call(t, folder, "register", "build", "--in", "in/register.csv", "--out", "before.avr")
	require.Zero(t, exit, line)
	write("shrunk.yaml", []byte("register: {files: [shrunk.csv], previous: before.avr, max_shrink: 1%}\nsources:\n- {name: a, files: [in/records.parquet]}\noutput: {dir: out}\n"))
	snapshot := read("before.avr")
	snapshot[len(snapshot)/2] ^= 1
	write("damaged.avr", snapshot)

	// The night before.
	exit, _, line = call(t, folder, "run", "--records", "in/records.parquet", "--register", "in/register.parquet", "--out", "out")
	require.Zero(t, exit, line)
	latest, err := os.Readlink(path("out/latest"))
	require.NoError(t, err)
	before := tree(t, path("out"))

	run := func(records, register string) []string {
		return []string{"run", "--records", records, "--register", register, "--out", "out"}
	}
	for _, c := range []struct {
		why       string
		arguments []string
		exit      int
		says      []string
	}{
		{"no such file", run("none.parquet", "in/register.parquet"), 3, []string{"none.parquet", "there is no such file"}},
		{"a glob that matches nothing", run("none/*.parquet", "in/register.parquet"), 3, []string{"none/*.parquet", "no file"}},
		{"a missing column", run("wrong.csv", "in/register.parquet"), 3, []string{"wrong.csv", "identity_number", "PNR", "DATUM", "BELOPP"}},
		{"a truncated Parquet file", run("truncated.parquet", "in/register.parquet"), 3, []string{"truncated.parquet"}},
		{"a Parquet file with a hole", run("cut.parquet", "in/register.parquet"), 3, []string{"cut.parquet"}},
		{"a register with no rows", run("in/records.parquet", "empty.csv"), 3, []string{"no entries"}},
		{"a damaged snapshot", run("in/records.parquet", "damaged.avr"), 3, []string{"damaged.avr"}},
		{"1.1 % unreadable rows", run("rejects.csv", "in/register.parquet"), 3, []string{"11 of 1000 rows", "failed"}},
		{"a control total that differs", []string{"run", "-c", "total.yaml"}, 3, []string{"source a", "1.00"}},
		{"a register with 5 % fewer numbers", []string{"run", "-c", "shrunk.yaml"}, 3, []string{"fewer", "before.avr"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			exit, output, line := call(t, folder, c.arguments...)
			assert.Equal(t, c.exit, exit, line)
			assert.Empty(t, output, "standard output carries results only")
			assert.True(t, strings.HasPrefix(line, fmt.Sprintf("avstam: exit %d: ", c.exit)), line)
			for _, text := range c.says {
				assert.Contains(t, line, text)
			}
			now, err := os.Readlink(path("out/latest"))
			require.NoError(t, err)
			assert.Equal(t, latest, now, "latest is untouched")
			after := tree(t, path("out"))
			for name := range after {
				if strings.HasPrefix(name, "failed") {
					assert.Contains(t, []string{"failed"}, strings.Split(name, "/")[0])
					delete(after, name)
				}
			}
			assert.Equal(t, before, after, "nothing is published and nothing is left behind")
		})
	}
	// The rejected rows of the one run that had too many are kept, for their owner alone.
	kept, err := filepath.Glob(path("out/failed/*/rejects.parquet"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	info, err := os.Stat(kept[0])
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// tree is what lies in a folder: names with modes and sizes.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if name != "." {
			found[name] = fmt.Sprint(info.Mode())
			if info.Mode().IsRegular() {
				found[name] += fmt.Sprint(" ", info.Size())
			}
		}
		return err
	}))
	return found
}

// mount mounts a small file system, or skips the test where that is not allowed.
func mount(t *testing.T, options string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		t.Skipf("cannot mount a file system here (%v): the test needs root", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(folder, 0)) })
	return folder
}

// A full disk and a read-only mount are 4, and leave no part of a report.
func TestOutputThatCannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	exit, _, line := call(t, folder, "generate", "--records", "20000", "--persons", "5000", "--seed", "2", "--dirty", "0.9", "--out", "in")
	require.Zero(t, exit, line)
	out := mount(t, "size=1m")
	run := []string{"run", "--records", "in/records.parquet", "--register", "in/register.parquet", "--out", out}

	exit, output, line := call(t, folder, run...)
	assert.Equal(t, 4, exit, line)
	assert.Contains(t, line, "no space left on device")
	assert.Empty(t, output)
	assert.NoDirExists(t, filepath.Join(out, "latest"))
	for name := range tree(t, out) {
		assert.Contains(t, []string{".lock", ".id_key"}, name, "nothing of the run is left")
	}

	// With room, the same run publishes.
	require.NoError(t, syscall.Mount("tmpfs", out, "tmpfs", syscall.MS_REMOUNT, "size=100m"))
	exit, _, line = call(t, folder, run...)
	require.Zero(t, exit, line)
	before := tree(t, out)

	require.NoError(t, syscall.Mount("tmpfs", out, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	exit, output, line = call(t, folder, run...)
	assert.Equal(t, 4, exit, line)
	assert.Contains(t, line, "read-only file system")
	assert.Empty(t, output)
	assert.Equal(t, before, tree(t, out))
}
