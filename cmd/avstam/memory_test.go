package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// memoryRowsVariable is how many rows the smaller input has whose memory is
// compared with that of one ten times as large.
const memoryRowsVariable = "AVSTAM_MEMORY_ROWS"

// memoryJob makes up records, and their register as extract and as snapshot.
func memoryJob(t *testing.T, records, persons int, dirty string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for _, arguments := range [][]string{
		{"generate", "--records", fmt.Sprint(records), "--persons", fmt.Sprint(persons), "--dirty", dirty, "--out", "."},
		{"register", "build", "--in", "register.parquet", "--out", "register.avr"},
	} {
		exit, _, line := call(t, folder, arguments...)
		require.Zero(t, exit, line)
	}
	return folder
}

// Ten times as many rows take hardly more memory, as the operating system counts it.
func TestResidentMemoryIsFlat(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("it runs millions of records; the race detector takes memory of its own")
	}
	rows, dirty := times(t, memoryRowsVariable, 250_000, 0), "0.02"
	persons := rows
	few := os.Getenv(memoryRowsVariable) == ""
	if few {
		// Row groups of findings take memory until they are full, and the collector
		// lets the heap grow by a fifth: both come to their end with more rows.
		dirty, persons = "0.001", 500_000
		t.Setenv("GOGC", "5")
	}
	const files = 4 // of the smaller input, so that both workers have something to do
	folder := memoryJob(t, rows/files, persons, dirty)
	records, err := os.ReadFile(filepath.Join(folder, "records.parquet"))
	require.NoError(t, err)
	// Copies of one file: the rows count, not what they say.
	arguments := func(out string, files int) []string {
		arguments := []string{"run", "--register", "register.avr", "--out", out, "--workers", "2"}
		for i := range files {
			name := fmt.Sprintf("records-%d.parquet", i)
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), records, 0o600))
			arguments = append(arguments, "--records", name)
		}
		return arguments
	}
	// The collector runs when it runs: the least of three is what a run needs.
	least := func(arguments []string) int64 {
		var memory []int64
		for range 3 {
			c := measure(t, folder, arguments...)
			require.Zero(t, c.exit, c.lastLine)
			memory = append(memory, c.memory)
		}
		return slices.Min(memory)
	}
	one, many := least(arguments("one", files)), least(arguments("ten", 10*files))
	t.Logf("resident at most: %d rows %.1f MiB, %d rows %.1f MiB: %.3f times", rows, mebibytes(one), 10*rows, mebibytes(many), float64(many)/float64(one))
	if few {
		const least = 8 // bytes that a row takes which is kept
		assert.Less(t, many-one, int64(9*rows*least), "no row stays in memory")
		return
	}
	assert.LessOrEqual(t, float64(many), 1.1*float64(one))
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// needs is what a refused register is said to need.
var needs = regexp.MustCompile(`it needs at least (\d+) MiB of memory and the limit of the process is (\d+) MiB`)

// A register that does not fit the memory limit is refused with the figure that it
// needs, and nothing is published; with that much it is read.
func TestARegisterLargerThanTheMemoryLimit(t *testing.T) {
	folder := memoryJob(t, 1000, 200_000, "0.02")
	for _, row := range []struct {
		why       string
		arguments []string
	}{
		{"a run against a snapshot", []string{"run", "--records", "records.parquet", "--register", "register.avr", "--out", "out"}},
		{"a run against an extract", []string{"run", "--records", "records.parquet", "--register", "register.parquet", "--out", "out"}},
		{"a build", []string{"register", "build", "--in", "register.parquet", "--out", "new.avr"}},
		{"a look at a snapshot", []string{"register", "info", "register.avr"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			before := tree(t, folder)
			limit := 3
			for refused := 0; ; refused++ {
				t.Setenv("GOMEMLIMIT", fmt.Sprint(limit, "MiB"))
				exit, _, line := call(t, folder, row.arguments...)
				if exit == 0 {
					assert.Equal(t, 1, refused, "the figure is what it needs: with it the register is read")
					break
				}
				require.Equal(t, 3, exit, line)
				said := needs.FindStringSubmatch(line)
				require.NotNil(t, said, line)
				assert.Contains(t, line, "register")
				assert.Equal(t, fmt.Sprint(limit), said[2])
				needed, err := strconv.Atoi(said[1])
				require.NoError(t, err)
				require.Greater(t, needed, limit)
				after := tree(t, folder)
				for name := range after {
					if slices.Contains([]string{"out", "out/.lock", "out/.id_key"}, name) {
						delete(after, name)
					}
				}
				require.Equal(t, before, after, "nothing is published")
				limit = needed
			}
			t.Logf("%d MiB are named, and enough", limit)
			require.NoError(t, errors.Join(os.RemoveAll(filepath.Join(folder, "out")), os.RemoveAll(filepath.Join(folder, "new.avr"))))
		})
	}
}

// A run stays under the limit that it is given, where that is more than it needs
// at least; what it publishes does not depend on it.
func TestARunStaysUnderItsMemoryLimit(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes memory of its own: what is measured here would be its")
	}
	folder := memoryJob(t, 200_000, 100_000, "0.02")
	run := func(out string) []string {
		return []string{"run", "--records", "records.parquet", "--register", "register.parquet", "--out", out, "--as-of", "2025-12-01", "--workers", "8"}
	}
	t.Setenv("GOGC", "400") // a heap that would grow without the limit
	free := measure(t, folder, run("out")...)
	require.Zero(t, free.exit, free.lastLine)
	wanted := contents(t, filepath.Join(folder, "out", "latest"))
	// The limit is of what the runtime takes, not of the program's own pages.
	program := measure(t, folder, "version")
	require.Zero(t, program.exit, program.lastLine)
	limit := (free.memory - program.memory) * 2 / 3
	t.Setenv("GOMEMLIMIT", fmt.Sprint(limit))
	limited := measure(t, folder, run("out")...)
	require.Zero(t, limited.exit, limited.lastLine)
	t.Logf("resident at most: %.1f MiB without a limit, %.1f MiB under GOMEMLIMIT=%.1fMiB, of which %.1f MiB are the program",
		mebibytes(free.memory), mebibytes(limited.memory), mebibytes(limit), mebibytes(program.memory))
	assert.LessOrEqual(t, float64(limited.memory-program.memory), 1.1*float64(limit))
	assert.Equal(t, wanted, contents(t, filepath.Join(folder, "out", "latest")))
}

// memoryGroup is a control group with a hard limit of memory, of either version.
type memoryGroup struct {
	folder      string
	limit, most string // names of files
}

// newMemoryGroup makes a control group, or skips the test where that is not allowed.
func newMemoryGroup(t *testing.T) *memoryGroup {
	t.Helper()
	var reasons []string
	for _, g := range []memoryGroup{
		{"/sys/fs/cgroup", "memory.max", "memory.peak"},                                 // version 2
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"}, // version 1
	} {
		folder, err := os.MkdirTemp(g.folder, "avstam-test-")
		if err != nil {
			reasons = append(reasons, err.Error())
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, g.limit)); err != nil {
			reasons = append(reasons, err.Error(), fmt.Sprint(os.Remove(folder)))
			continue
		}
		g.folder = folder
		t.Cleanup(func() { assert.NoError(t, os.Remove(g.folder)) })
		return &g
	}
	required := slices.Contains(strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), "cgroup")
	require.False(t, required, "AVSTAM_REQUIRE asks for a control group: %v", reasons)
	t.Skipf("no control group can be made here (%s); AVSTAM_REQUIRE=cgroup makes a failure of that", strings.Join(reasons, "; "))
	return nil
}

// setLimit sets the limit, and forgets how much there has been.
func (g *memoryGroup) setLimit(t *testing.T, bytes int64) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(g.folder, g.limit), fmt.Append(nil, bytes), 0o600))
}

// call starts the program in the group and waits for it; a program that the kernel
// has killed ends with 137, as shells tell it.
func (g *memoryGroup) call(t *testing.T, folder string, arguments ...string) (exit int, lastLine string) {
	t.Helper()
	command := exec.Command("/bin/sh", append([]string{"-c", `echo $$ >"$GROUP/cgroup.procs" && exec "$0" "$@"`, os.Args[0]}, arguments...)...)
	command.Env = append(os.Environ(), asProgram+"=1", "GROUP="+g.folder)
	command.Dir = folder
	var errs bytes.Buffer
	command.Stderr = &errs
	var exited *exec.ExitError
	if err := command.Run(); !errors.As(err, &exited) {
		require.NoError(t, err)
	}
	lines := strings.Split(strings.TrimRight(errs.String(), "\n"), "\n")
	if status := command.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal()), lines[len(lines)-1]
	}
	return command.ProcessState.ExitCode(), lines[len(lines)-1]
}

// Under a hard limit a run reads files that are larger than it; one that needs more
// than it may have is killed, leaves no part of a report, and the next is clean.
func TestARunUnderAHardLimit(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes memory of its own: what is measured here would be its")
	}
	group := newMemoryGroup(t)
	folder := memoryJob(t, 200_000, 200_000, "0.02")
	run := []string{"run", "--register", "register.parquet", "--out", "out", "--as-of", "2025-12-01", "--workers", "2"}
	for i := range 10 {
		name := fmt.Sprintf("records-%d.parquet", i)
		contents, err := os.ReadFile(filepath.Join(folder, "records.parquet"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), contents, 0o600))
		run = append(run, "--records", name)
	}
	free := measure(t, folder, run...)
	require.Zero(t, free.exit, free.lastLine)
	wanted := contents(t, filepath.Join(folder, "out", "latest"))
	before := tree(t, filepath.Join(folder, "out"))

	group.setLimit(t, free.memory/2)
	exit, line := group.call(t, folder, run...)
	assert.Equal(t, 128+int(syscall.SIGKILL), exit, line)
	after := tree(t, filepath.Join(folder, "out"))
	for name := range after {
		if strings.HasPrefix(name, ".tmp-") {
			delete(after, name)
		}
	}
	assert.Equal(t, before, after, "nothing is published")

	// As operations.md advises: the limit of the process a tenth below the hard one.
	hard := free.memory * 5 / 4
	t.Setenv("GOMEMLIMIT", fmt.Sprint(hard*9/10))
	group.setLimit(t, hard)
	exit, line = group.call(t, folder, run...)
	require.Zero(t, exit, line)
	assert.Equal(t, wanted, contents(t, filepath.Join(folder, "out", "latest")))
	for name := range tree(t, filepath.Join(folder, "out")) {
		assert.NotContains(t, name, ".tmp-")
	}
	peak, err := os.ReadFile(filepath.Join(group.folder, group.most))
	require.NoError(t, err)
	t.Logf("free %.1f MiB resident; killed under %.1f MiB; done under %.1f MiB, of which the group used %s bytes at most with the pages of files",
		mebibytes(free.memory), mebibytes(free.memory/2), mebibytes(hard), strings.TrimSpace(string(peak)))

	// A register that cannot fit is refused before the kernel would kill.
	t.Setenv("GOMEMLIMIT", "3MiB")
	exit, line = group.call(t, folder, run...)
	assert.Equal(t, 3, exit, line)
	assert.Regexp(t, needs, line)
}
