package main

import (
	"bytes"
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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// How often runs are killed and signalled: a few times by default, and as often as
// these say. `make crash` sets both.
const (
	killsVariable   = "AVSTAM_KILLS"
	signalsVariable = "AVSTAM_SIGNALS"
	seedVariable    = "AVSTAM_CRASH_SEED" // of the moments; random, and printed, by default
)

// times is how often something is done.
func times(t *testing.T, variable string, usual, short int) int {
	t.Helper()
	if text := os.Getenv(variable); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, variable)
		require.Positive(t, n, variable)
		return n
	}
	if testing.Short() {
		return short
	}
	return usual
}

// skipWhereSlow skips, where tests are to be short, one that starts the program many
// times and asks what that leaves or tells, which is the same under the race detector.
func skipWhereSlow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts the program many times to see what is left or told: -short is for races")
	}
}

// moments are random moments, whose seed is printed.
func moments(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, seedVariable)
	}
	t.Logf("%s=%d", seedVariable, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// night is a job that writes everything that a run can: all formats, a folder for
// each agency, decisions, a baseline and what has become of it, metrics elsewhere.
type night struct {
	folder    string
	arguments []string // of run, but --out
	usual     time.Duration
	wanted    map[string]string // the files of its report by name, but those that tell of the run itself
}

func newNight(t *testing.T) *night {
	t.Helper()
	n := &night{folder: t.TempDir()}
	n.do(t, "generate", "--records", "6000", "--persons", "3000", "--seed", "1", "--dirty", "0.2", "--out", "in", "--format", "parquet,csv")
	n.do(t, "generate", "--records", "5000", "--persons", "3000", "--seed", "1", "--dirty", "0.25", "--out", "before")
	for _, name := range []string{"metrics", "temporary"} {
		require.NoError(t, os.Mkdir(n.path(name), 0o750))
	}
	n.do(t, "run", "--records", "before/records.parquet", "--register", "in/register.parquet", "--out", "base", "--as-of", "2025-12-01", "--format", "parquet,csv")
	rows := bytes.SplitN(n.read(t, "base/latest/findings.csv"), []byte("\n"), 4)
	require.Len(t, rows, 4)
	require.True(t, bytes.HasPrefix(rows[0], []byte("finding_id,")))
	decisions := "finding_id,decision,until\n"
	for _, row := range rows[1:3] {
		id, _, _ := bytes.Cut(row, []byte(","))
		decisions += string(id) + ",lawful,2026-12-31\n"
	}
	require.NoError(t, os.WriteFile(n.path("decisions.csv"), []byte(decisions), 0o600))
	n.arguments = []string{
		"run", "--records", "in/records.parquet", "--records", "in/records.csv", "--register", "in/register.parquet",
		"--baseline", "base/latest", "--decisions", "decisions.csv", "--as-of", "2025-12-02",
		"--format", "parquet,csv,arrow,html", "--split", "agency", "--metrics-file", "metrics/avstam.prom",
	}
	n.begin(t, "fresh")
	var took []time.Duration
	for range 3 {
		start := time.Now()
		n.do(t, n.to("fresh")...)
		took = append(took, time.Since(start))
	}
	n.usual = slices.Sorted(slices.Values(took))[1]
	n.wanted = contents(t, n.path("fresh/latest"))
	require.Greater(t, len(n.wanted), 15, "it writes many files")
	return n
}

func (n *night) path(name string) string { return filepath.Join(n.folder, name) }

func (n *night) read(t *testing.T, name string) []byte {
	t.Helper()
	contents, err := os.ReadFile(n.path(name))
	require.NoError(t, err)
	return contents
}

// to are the arguments of a run with that output folder.
func (n *night) to(out string) []string { return append(slices.Clone(n.arguments), "--out", out) }

// begin makes an output folder with the key of the baseline in it.
func (n *night) begin(t *testing.T, out string) {
	t.Helper()
	require.NoError(t, os.Mkdir(n.path(out), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(n.path(out), ".id_key"), n.read(t, "base/.id_key"), 0o600))
}

// do calls the program, which must be done.
func (n *night) do(t *testing.T, arguments ...string) {
	t.Helper()
	exit, _, line := call(t, n.folder, arguments...)
	require.Zero(t, exit, "%v: %s", arguments, line)
}

// start starts the program, whose temporary files go to a folder of their own.
func (n *night) start(t *testing.T, arguments ...string) *started {
	t.Helper()
	s := &started{command: exec.Command(os.Args[0], arguments...), began: time.Now()}
	s.command.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+n.path("temporary"))
	s.command.Dir = n.folder
	s.command.Stdout, s.command.Stderr = io.Discard, &s.told
	require.NoError(t, s.command.Start())
	return s
}

// started is a call of the program that may be at work.
type started struct {
	command *exec.Cmd
	began   time.Time
	told    bytes.Buffer // on standard error
}

// wait waits until it has ended, and returns its status: of one that a signal has
// ended, as shells tell it.
func (s *started) wait(t *testing.T) int {
	t.Helper()
	var exited *exec.ExitError
	if err := s.command.Wait(); !errors.As(err, &exited) {
		require.NoError(t, err)
	}
	if status := s.command.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal())
	}
	return s.command.ProcessState.ExitCode()
}

func (s *started) lastLine() string {
	lines := strings.Split(strings.TrimRight(s.told.String(), "\n"), "\n")
	return lines[len(lines)-1]
}

// contents are the files of a report by name, but those that tell of the run itself.
func contents(t *testing.T, report string) map[string]string {
	t.Helper()
	report, err := filepath.EvalSymlinks(report)
	require.NoError(t, err)
	found := map[string]string{}
	for name := range tree(t, report) {
		if info, err := os.Stat(filepath.Join(report, name)); err != nil || info.IsDir() || name == "run.json" || name == "metrics.prom" {
			require.NoError(t, err)
			continue
		}
		bytes, err := os.ReadFile(filepath.Join(report, name))
		require.NoError(t, err)
		found[name] = string(bytes)
	}
	return found
}

// outputs is what is to be seen of an output folder.
type outputs struct {
	reports []string // in the order of time
	latest  string
	hidden  []string // what is unfinished
}

func (n *night) outputs(t *testing.T, out string) (o outputs) {
	t.Helper()
	entries, err := os.ReadDir(n.path(out))
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	for _, entry := range entries {
		switch name := entry.Name(); {
		case name == "latest":
			o.latest, err = os.Readlink(filepath.Join(n.path(out), name))
			require.NoError(t, err)
		case name == ".lock" || name == ".id_key":
		case strings.HasPrefix(name, "."):
			o.hidden = append(o.hidden, name)
		default:
			o.reports = append(o.reports, name)
		}
	}
	return o
}

// mustBeWhole verifies what is to be seen and was not before, and that latest is at
// a report: where it was, or at the new one.
func (n *night) mustBeWhole(t *testing.T, out string, before outputs) (now outputs) {
	t.Helper()
	now = n.outputs(t, out)
	require.Subset(t, now.reports, before.reports, "no report is lost")
	whole := []string{before.latest}
	for _, name := range now.reports {
		if !slices.Contains(before.reports, name) {
			n.do(t, "verify", filepath.Join(out, name))
			whole = append(whole, name)
		}
	}
	require.Contains(t, whole, now.latest)
	return now
}

// mustRunClean runs the job: what it publishes is what a run in a fresh folder
// publishes, byte for byte, and nothing is left of those that died.
func (n *night) mustRunClean(t *testing.T, out string, wanted map[string]string) {
	t.Helper()
	n.do(t, n.to(out)...)
	assert.Equal(t, wanted, contents(t, filepath.Join(n.path(out), "latest")))
	now := n.outputs(t, out)
	assert.Empty(t, now.hidden, "nothing is left in the output folder")
	assert.Equal(t, now.reports[len(now.reports)-1], now.latest)
	n.mustLeaveNothingElsewhere(t)
}

func (n *night) mustLeaveNothingElsewhere(t *testing.T) {
	t.Helper()
	assert.Equal(t, []string{"avstam.prom"}, namesIn(t, n.path("metrics")), "nothing is left beside the metrics")
	assert.Empty(t, namesIn(t, n.path("temporary")), "nothing is left among the temporary files")
}

func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// cleanEvery is how many runs die before one is let through.
const cleanEvery = 20

// A run that is killed at any moment loses no report and shows no part of one, and
// the next run is as if it had never been.
func TestKilledRunsLeaveNothing(t *testing.T) {
	skipWhereSlow(t)
	t.Parallel()
	kills := times(t, killsVariable, 25, 6)
	n, random := newNight(t), moments(t)
	n.begin(t, "out")
	var before outputs
	var midway, published, late int
	for i := 0; i < kills; {
		after := time.Duration(random.Int64N(int64(n.usual)))
		s := n.start(t, n.to("out")...)
		time.Sleep(time.Until(s.began.Add(after)))
		require.NoError(t, s.command.Process.Kill())
		exit := s.wait(t)
		now := n.mustBeWhole(t, "out", before)
		if exit == 0 {
			// It had ended: that is no kill. The machine is quicker than it was.
			n.usual -= n.usual / 20
			before = now
			late++
			continue
		}
		n.usual += n.usual / 200
		switch {
		case len(now.reports) > len(before.reports):
			published++
		case len(now.hidden) > 0:
			midway++
		}
		before = now
		if i++; i%cleanEvery != 0 && i != kills {
			continue
		}
		n.mustRunClean(t, "out", n.wanted)
		n.do(t, "prune", "out", "--keep", "1")
		before = n.outputs(t, "out")
		require.Len(t, before.reports, 1)
		require.False(t, t.Failed(), "after %d kills", i)
	}
	t.Logf("%d kills of a run of %v: %d while a report was being made, %d when it had become visible, %d before; %d more runs had ended",
		kills, n.usual.Round(time.Millisecond), midway, published, kills-midway-published, late)
	if kills >= 25 {
		assert.Greater(t, midway, kills/4, "most runs die at work")
	}
}

// callsOfPublishing are the system calls by which files come to be, last, move and
// go; those of publishing are the last four.
var callsOfPublishing = []string{"flock", "mkdirat", "pwrite64", "write", "fchmod", "unlinkat", "fsync", "linkat", "symlinkat", "renameat"}

// Where the moment is chosen by the clock, the short ones are seldom met. Here a run
// is killed as it makes the n-th system call of a kind. The key of finding ids is
// made by these runs, too.
func TestKilledAtACall(t *testing.T) {
	skipWhereSlow(t)
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		require.NotContains(t, strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), "strace", "AVSTAM_REQUIRE asks for strace")
		t.Skip("there is no strace, which kills a program at a system call; AVSTAM_REQUIRE=strace makes a failure of that")
	}
	calls, most := callsOfPublishing, 1_000_000
	if os.Getenv(killsVariable) == "" {
		calls, most = calls[len(calls)-4:], 1
	}
	n := newNight(t)
	n.arguments = slices.DeleteFunc(n.arguments, func(a string) bool { return a == "--baseline" || a == "base/latest" })
	n.begin(t, "out")
	n.do(t, n.to("out")...)
	wanted := contents(t, n.path("out/latest"))
	key := n.read(t, "base/.id_key")
	kills, between := 0, 0
	for _, name := range calls {
		if name == "renameat" {
			most = max(most, 3)
		}
		// strace counts the calls of each thread, so only the first is sure to be met.
		for when := 1; when <= most; when += 1 + when/4 {
			require.NoError(t, os.RemoveAll(n.path("out")))
			s := &started{command: exec.Command("strace", append([]string{"-f", "-qq", "-o", "/dev/null",
				"-e", "trace=" + name, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", name, when), os.Args[0]}, n.to("out")...)...)}
			s.command.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+n.path("temporary"))
			s.command.Dir, s.command.Stderr = n.folder, &s.told
			require.NoError(t, s.command.Start())
			exit := s.wait(t)
			if exit != 0 && strings.Contains(s.told.String(), "ptrace") {
				t.Skipf("strace may not trace here: %s", s.lastLine())
			}
			if now := n.mustBeWhole(t, "out", outputs{}); len(now.reports) > 0 && now.latest == "" {
				between++
			}
			if exit == 0 {
				require.NotEqual(t, 1, when, "%s: it is made", name)
				break
			}
			require.Equal(t, 128+int(syscall.SIGKILL), exit, "%s: %s", name, s.lastLine())
			kills++
			// The next run has the key that is wanted, in place of the one that was made.
			if made, err := os.ReadFile(n.path("out/.id_key")); err == nil {
				require.Len(t, made, len(key), "%s, %d: a key is whole or not there", name, when)
			}
			require.NoError(t, os.MkdirAll(n.path("out"), 0o750))
			require.NoError(t, os.WriteFile(n.path("out/.id_key"), key, 0o600))
			n.mustRunClean(t, "out", wanted)
			require.False(t, t.Failed(), "%s, %d", name, when)
		}
	}
	t.Logf("%d kills at %d kinds of calls, %d of them between the report and latest", kills, len(calls), between)
}

// A snapshot is there whole or as it was before, and the next build removes what
// one that died has left of a register of everybody.
func TestKilledBuildsLeaveNothing(t *testing.T) {
	t.Parallel()
	kills := max(2, times(t, killsVariable, 25, 6)/5)
	folder, random := t.TempDir(), moments(t)
	n := &night{folder: folder}
	require.NoError(t, os.Mkdir(n.path("temporary"), 0o750))
	require.NoError(t, os.Mkdir(n.path("snapshots"), 0o750))
	n.do(t, "generate", "--records", "100", "--persons", "60000", "--out", "in")
	build := []string{"register", "build", "--in", "in/register.parquet", "--out", "snapshots/register.avr"}
	start := time.Now()
	n.do(t, build...)
	usual := time.Since(start)
	wanted := n.read(t, "snapshots/register.avr")
	left := 0
	for range kills {
		s := n.start(t, build...)
		time.Sleep(usual/4 + time.Duration(random.Int64N(int64(usual))))
		require.NoError(t, s.command.Process.Kill())
		s.wait(t)
		require.Equal(t, wanted, n.read(t, "snapshots/register.avr"))
		left = max(left, len(namesIn(t, n.path("snapshots")))-1)
	}
	// However seldom the moments above leave one: this is what they leave.
	require.NoError(t, os.WriteFile(n.path("snapshots/.tmp-register.avr-0123456789abcdef"), wanted[:1000], 0o600))
	require.NoError(t, os.WriteFile(n.path("snapshots/.tmp-other.avr-0123456789abcdef"), wanted[:1000], 0o600))
	n.do(t, build...)
	assert.Equal(t, []string{".tmp-other.avr-0123456789abcdef", "register.avr"}, namesIn(t, n.path("snapshots")), "what is another's stays")
	t.Logf("%d kills of a build of %v left at most %d parts at a time", kills, usual.Round(time.Millisecond), left)
}
