package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goneReader is a pipe that nobody reads any more.
func goneReader(t *testing.T) *os.File {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, read.Close())
	t.Cleanup(func() { _ = write.Close() })
	return write
}

// fullDevice is what takes no byte.
func fullDevice(t *testing.T) *os.File {
	t.Helper()
	file, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("there is no /dev/full: %v", err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// ended is how a program ended, and what it said on standard error.
type ended struct {
	exit   int
	signal syscall.Signal // that ended it
	told   string
}

func runWith(t *testing.T, folder string, out, errs *os.File, arguments ...string) ended {
	t.Helper()
	command := exec.Command(os.Args[0], arguments...)
	command.Env, command.Dir = append(os.Environ(), asProgram+"=1"), folder
	var told bytes.Buffer
	command.Stderr = &told
	if out != nil {
		command.Stdout = out
	}
	if errs != nil {
		command.Stderr = errs
	}
	var exited *exec.ExitError
	if err := command.Run(); !errors.As(err, &exited) {
		require.NoError(t, err)
	}
	e := ended{exit: command.ProcessState.ExitCode(), told: told.String()}
	if status := command.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		e.signal = status.Signal()
	}
	return e
}

// What has been made is told by the status, whoever reads what is said about it.
func TestWhatIsMadeIsToldThoughNobodyReads(t *testing.T) {
	t.Parallel()
	folder := securityNight(t)
	run := []string{"run", "--records", "records.csv", "--register", "register.csv", "--extract-date", "2025-11-30", "--max-rejects", "5", "--out"}
	exit, _, line := call(t, folder, append(run, "reports")...)
	require.Zero(t, exit, line)
	exit, _, line = call(t, folder, append(run, "reports")...)
	require.Zero(t, exit, line)
	for _, row := range []struct {
		name      string
		arguments []string // and last what is made
		exit      int
		warning   string
	}{
		{"run", append(run[:len(run):len(run)], "out"), 0, "the report is published, but its summary cannot be printed"},
		{"run over a threshold", append([]string{"run", "--fail-on", "warning=0,info=0"}, append(run[1:len(run):len(run)], "over")...), 1, "the report is published, but its summary cannot be printed"},
		{"demo", []string{"demo", "--records", "200", "--out", "demo"}, 0, "the report is published, but its summary cannot be printed"},
		{"generate", []string{"generate", "--records", "200", "--out", "made"}, 0, ""},
		{"notices", []string{"notices", "reports/latest", "--out", "notices"}, 0, "the drafts are written, but what they are cannot be printed"},
		{"register build", []string{"register", "build", "--in", "register.csv", "--out", "register.avr"}, 0, "the snapshot is written, but what is in it cannot be printed"},
		{"prune", []string{"prune", "--keep", "1", "reports.copy"}, 0, "the reports are removed, but their names cannot be printed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			made := filepath.Join(folder, row.arguments[len(row.arguments)-1])
			begin := func() {
				require.NoError(t, os.RemoveAll(made))
				if row.name == "prune" {
					require.NoError(t, os.CopyFS(made, os.DirFS(filepath.Join(folder, "reports"))))
				}
			}
			isMade := func() {
				t.Helper()
				assert.FileExists(t, filepath.Join(made, map[string]string{"run": "latest/summary.json", "run over a threshold": "latest/summary.json", "demo": "out/latest/summary.json",
					"generate": "avstam.yaml", "notices": "cases.csv", "prune": ".lock"}[row.name]))
			}
			for _, out := range []*os.File{goneReader(t), fullDevice(t)} {
				begin()
				e := runWith(t, folder, out, nil, row.arguments...)
				assert.Equal(t, ended{exit: row.exit, told: e.told}, e)
				isMade()
				lines := strings.Split(strings.TrimSpace(e.told), "\n")
				assert.Contains(t, lines[len(lines)-1], map[int]string{0: "avstam: exit 0: ", 1: "avstam: exit 1: "}[row.exit])
				if row.warning != "" {
					assert.Contains(t, e.told, `level=WARN msg="`+row.warning+`"`)
				}
				begin()
				e = runWith(t, folder, out, nil, append([]string{"--quiet"}, row.arguments...)...)
				assert.Equal(t, ended{exit: row.exit, told: e.told}, e)
				assert.Contains(t, e.told, row.warning)
			}
			begin()
			e := runWith(t, folder, nil, goneReader(t), row.arguments...)
			assert.Equal(t, ended{exit: row.exit}, e)
			isMade()
		})
	}
	t.Run("a bar that nobody sees", func(t *testing.T) {
		e := runWith(t, folder, nil, goneReader(t), append(run[:len(run):len(run)], "bar", "--progress", "always")...)
		assert.Equal(t, ended{}, e)
		assert.FileExists(t, filepath.Join(folder, "bar", "latest", "summary.json"))
	})
	t.Run("findings that nobody takes", func(t *testing.T) {
		e := runWith(t, folder, goneReader(t), nil, append(run[:len(run):len(run)], "-", "--format", "arrow")...)
		assert.Equal(t, ended{exit: 4, told: e.told}, e)
		assert.Contains(t, e.told, "avstam: exit 4: ")
	})
}

// A command whose output is all that there is to say ends as others do in a pipe whose
// reader has enough: at once, and without a word. Of a disk that is full it tells.
func TestWhatIsPrintedEndsWithItsReader(t *testing.T) {
	t.Parallel()
	folder := securityNight(t)
	for name, column := range map[string]string{"first": "identity_number", "second": "record_id"} {
		exit, _, line := call(t, folder, "run", "--records", "records.csv", "--register", "register.csv", "--max-rejects", "5", "--out", name,
			"--id-key", "key", "--column", "identity_number="+column)
		require.Zero(t, exit, line)
	}
	exit, _, line := call(t, folder, "register", "build", "--in", "register.csv", "--out", "register.avr")
	require.Zero(t, exit, line)
	for _, row := range []struct {
		exit      int // where nobody reads what stands on standard error
		arguments []string
	}{
		{0, []string{"check", "198207641278"}},
		{0, []string{"inspect", "records.csv"}},
		{0, []string{"rules"}},
		{0, []string{"rules", "malformed_number", "--format", "json"}},
		{1, []string{"diff", "first/latest", "second/latest"}},
		{0, []string{"register", "info", "register.avr"}},
		{0, []string{"register", "diff", "register.avr", "register.avr"}},
		{0, []string{"version"}},
		{0, []string{"completion", "bash"}},
		{0, []string{"help", "run"}},
	} {
		t.Run(strings.Join(row.arguments, " "), func(t *testing.T) {
			assert.Equal(t, ended{exit: -1, signal: syscall.SIGPIPE}, runWith(t, folder, goneReader(t), nil, row.arguments...))
			assert.Equal(t, ended{exit: row.exit}, runWith(t, folder, nil, goneReader(t), row.arguments...))
			if row.arguments[0] != "help" {
				e := runWith(t, folder, fullDevice(t), nil, row.arguments...)
				assert.Equal(t, ended{exit: 4, told: e.told}, e)
				assert.Contains(t, e.told, "avstam: exit 4: ")
			}
		})
	}
	t.Run("a mistake that nobody reads of", func(t *testing.T) {
		assert.Equal(t, ended{exit: 2}, runWith(t, folder, nil, goneReader(t), "check"))
	})
}
