package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/pipeline"
)

// faultsVariable asks for every n of every kind of fault. `make faults` sets it.
const faultsVariable = "AVSTAM_FAULTS"

// faultKind is what becomes of the n-th call of some kinds.
type faultKind struct {
	name  string
	calls []disk.Operation // empty for all
	fault disk.Fault
	lasts bool // all such calls fail from the n-th on, those that clean up, too
}

var (
	callsThatWrite = []disk.Operation{disk.OpCreate, disk.OpWrite, disk.OpMakeFolder, disk.OpLink, disk.OpSymlink}
	callsThatAlter = append(slices.Clone(callsThatWrite), disk.OpRename, disk.OpRemove, disk.OpRemoveAll, disk.OpChmod)
)

// faultKinds are the faults of disks, file systems and permissions.
var faultKinds = []faultKind{
	{name: "no room to create", calls: []disk.Operation{disk.OpCreate}, fault: disk.Fault{Err: syscall.ENOSPC}},
	{name: "no permission to create", calls: []disk.Operation{disk.OpCreate}, fault: disk.Fault{Err: syscall.EACCES}},
	{name: "no room for a half", calls: []disk.Operation{disk.OpWrite}, fault: disk.Fault{Err: syscall.ENOSPC, Half: true}},
	{name: "a write fails", calls: []disk.Operation{disk.OpWrite}, fault: disk.Fault{Err: syscall.EIO}},
	{name: "fsync fails", calls: []disk.Operation{disk.OpSync}, fault: disk.Fault{Err: syscall.EIO}},
	{name: "close fails", calls: []disk.Operation{disk.OpClose, disk.OpFinish}, fault: disk.Fault{Err: syscall.EIO}},
	{name: "rename fails", calls: []disk.Operation{disk.OpRename}, fault: disk.Fault{Err: syscall.EIO}},
	{name: "no room for a link", calls: []disk.Operation{disk.OpLink, disk.OpSymlink}, fault: disk.Fault{Err: syscall.ENOSPC}},
	{name: "no room for a folder", calls: []disk.Operation{disk.OpMakeFolder}, fault: disk.Fault{Err: syscall.ENOSPC}},
	{name: "chmod fails", calls: []disk.Operation{disk.OpChmod}, fault: disk.Fault{Err: syscall.EPERM}},
	{name: "no lock", calls: []disk.Operation{disk.OpLock}, fault: disk.Fault{Err: syscall.ENOLCK}},
	{name: "no permission to remove", calls: []disk.Operation{disk.OpRemove, disk.OpRemoveAll}, fault: disk.Fault{Err: syscall.EACCES}},
	{name: "no permission to open", calls: []disk.Operation{disk.OpOpen}, fault: disk.Fault{Err: syscall.EACCES}},
	{name: "open fails", calls: []disk.Operation{disk.OpOpen}, fault: disk.Fault{Err: syscall.EIO}},
	{name: "half a read fails", calls: []disk.Operation{disk.OpRead}, fault: disk.Fault{Err: syscall.EIO, Half: true}},
	{name: "a short read", calls: []disk.Operation{disk.OpRead}, fault: disk.Fault{Half: true}},
	{name: "stat fails", calls: []disk.Operation{disk.OpStat}, fault: disk.Fault{Err: syscall.EIO}},
	{name: "a folder cannot be read", calls: []disk.Operation{disk.OpReadFolder}, fault: disk.Fault{Err: syscall.EIO}},
	{name: "full from there on", calls: callsThatWrite, fault: disk.Fault{Err: syscall.ENOSPC}, lasts: true},
	{name: "read-only from there on", calls: callsThatAlter, fault: disk.Fault{Err: syscall.EROFS}, lasts: true},
	{name: "dead from there on", fault: disk.Fault{Err: syscall.EIO}, lasts: true},
}

// mayNotLast is told of what could neither be made to last nor taken back, since the
// disk is dead.
const mayNotLast = "it is there to be seen, whole, but may not outlast a power cut"

// met is a call that failed.
type met struct {
	operation disk.Operation
	path      string
}

func (m met) String() string {
	return fmt.Sprintf("%s %s", m.operation, withoutChance(m.path))
}

// withoutChance is a text without what is another in every run.
func withoutChance(text string) string {
	return digitsOfChance.ReplaceAllString(text, "*")
}

var digitsOfChance = regexp.MustCompile(`\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}|[0-9a-f]{16}`)

// faulty lets the n-th call of a kind fail, and tells which it was. It counts the
// calls of all goroutines.
type faulty struct {
	mutex   sync.Mutex
	kind    *faultKind
	n       int // 0 for none
	counted int
	met     []met
}

func (f *faulty) interfere(operation disk.Operation, path string) *disk.Fault {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if len(f.kind.calls) > 0 && !slices.Contains(f.kind.calls, operation) {
		return nil
	}
	f.counted++
	if f.n == 0 || f.counted < f.n || f.counted > f.n && !f.kind.lasts {
		return nil
	}
	f.met = append(f.met, met{operation, path})
	return &f.kind.fault
}

// ending is what a call of the program came to.
type ending struct {
	exit        int
	output, log string
	last        string // line of the log
}

// faultTime is how long a call may take with a fault. Without one it takes some
// hundredths of a second.
const faultTime = 20 * time.Second

// callHere calls the program in this process, as Main does.
func callHere(t *testing.T, arguments ...string) ending {
	t.Helper()
	ended := make(chan ending, 1)
	before := runtime.NumGoroutine()
	go func() {
		var out, log bytes.Buffer
		p := &program{in: strings.NewReader(""), out: &out, err: &log}
		exit := p.finish(pipeline.Guard(func() error { return p.execute(context.Background(), arguments) }))
		lines := strings.Split(strings.TrimRight(log.String(), "\n"), "\n")
		ended <- ending{exit, out.String(), log.String(), lines[len(lines)-1]}
	}()
	select {
	case now := <-ended:
		for limit := time.Now().Add(faultTime); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
			require.True(t, time.Now().Before(limit), "a goroutine is left\n%s", stacks())
		}
		return now
	case <-time.After(faultTime):
		require.FailNow(t, "it hangs", "%v\n%s", arguments, stacks())
	}
	return ending{}
}

func stacks() []byte {
	text := make([]byte, 1<<20)
	return text[:runtime.Stack(text, true)]
}

// doHere calls the program in this process, which must be done.
func doHere(t *testing.T, arguments ...string) ending {
	t.Helper()
	now := callHere(t, arguments...)
	require.Zero(t, now.exit, "%v: %s", arguments, now.log)
	return now
}

// faultCase is a command to which faults happen.
type faultCase struct {
	name      string
	arguments []string
	reset     func(t *testing.T) // makes all as it was before
	outputs   []string           // where it writes; what else it reads is input
	both      string             // where it reads and writes
	few       bool               // where not every n is tried, fewer than usual are
	folder    string             // in which it is
	// mayGoOn says whether the command may be done though that failed.
	mayGoOn func(m met) bool
	// check is asked after a call that met a fault. It may call the program.
	check func(t *testing.T, kind *faultKind, failed []met, now ending)
}

// everyFault is whether every n is tried.
func everyFault() bool { return os.Getenv(faultsVariable) != "" }

// run lets the n-th call of each kind fail, for every n that there is.
func (c *faultCase) run(t *testing.T) {
	calls, faults := 0, 0
	for i := range faultKinds {
		kind := &faultKinds[i]
		tried, last := 0, c.count(t, kind)
		for _, n := range tries(last, c.few) {
			t.Run(fmt.Sprintf("%s/%d", kind.name, n), func(t *testing.T) {
				f, now := c.call(t, kind, n)
				if f.met == nil { // goroutines that share work make a call less at times
					require.Zero(t, now.exit, now.log)
					return
				}
				tried++
				defer func() {
					if t.Failed() {
						t.Logf("%s (met): %s", f.met[0], now.log)
					}
				}()
				c.checkTold(t, kind, f.met, now)
				c.check(t, kind, f.met, now)
			})
		}
		if kind.lasts && len(kind.calls) == 0 {
			calls = last
		}
		faults += tried
		t.Logf("%s: %d calls, %d failed", kind.name, last, tried)
	}
	t.Logf("%s: %d faults in a run of %d calls", c.name, faults, calls)
}

// call calls the command and lets the n-th call of a kind fail.
func (c *faultCase) call(t *testing.T, kind *faultKind, n int) (*faulty, ending) {
	t.Helper()
	for _, name := range namesIn(t, "temporary") { // what is left where removing fails
		require.NoError(t, os.Remove(filepath.Join("temporary", name)))
	}
	c.reset(t)
	f := &faulty{kind: kind, n: n}
	defer disk.Interfere(f.interfere)()
	return f, callHere(t, c.arguments...)
}

// count is how many calls of a kind there are.
func (c *faultCase) count(t *testing.T, kind *faultKind) int {
	t.Helper()
	f, now := c.call(t, kind, 0)
	require.Zero(t, now.exit, now.log)
	return f.counted
}

// tries are the n that are tried of so many calls: every one, or some, the further
// the fewer, with the last, which are those that publish.
func tries(last int, few bool) (tried []int) {
	step := 4
	switch {
	case everyFault():
		step = 1
	case few || testing.Short():
		step = last
	}
	for n := 1; n < last-1; n = max(n+1, n*step) {
		tried = append(tried, n)
	}
	for n := max(1, last-1); n <= last; n++ {
		tried = append(tried, n)
	}
	if few && testing.Short() && !everyFault() {
		return tried[max(0, len(tried)-1):]
	}
	return tried
}

// copyFolder copies a folder with its links.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		at := filepath.Join(to, name)
		switch {
		case entry.IsDir():
			return os.Mkdir(at, 0o750)
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(target, at)
		}
		contents, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(at, contents, info.Mode().Perm())
	}))
}

// isOutput says whether a path is of an output, or of a folder above one, which is asked
// whether it is a report.
func (c *faultCase) isOutput(path string) bool {
	return strings.HasSuffix(path, "/..") || slices.ContainsFunc(c.outputs, func(o string) bool { return path == o || strings.HasPrefix(path, o+"/") })
}

// checkTold checks status and last line.
func (c *faultCase) checkTold(t *testing.T, kind *faultKind, failed []met, now ending) {
	t.Helper()
	if kind.fault.Err == nil {
		require.Zero(t, now.exit, "a short read is no error")
		return
	}
	if now.exit == 0 {
		for _, m := range failed {
			assert.True(t, c.mayGoOn(m), "it goes on after %s", m)
		}
	} else {
		// It ends with one that failed. Where several did, goroutines were at them.
		var exits []int
		var names []string
		for _, m := range failed {
			switch {
			case c.both != "" && strings.HasPrefix(m.path, c.both):
				exits = append(exits, job.ExitInput, job.ExitOutput)
			case c.isOutput(m.path):
				exits = append(exits, job.ExitOutput)
			default:
				exits = append(exits, job.ExitInput)
			}
			names = append(names, filepath.Base(m.path))
		}
		assert.Contains(t, exits, now.exit)
		assert.True(t, strings.HasPrefix(now.last, fmt.Sprintf("avstam: exit %d: ", now.exit)), now.last)
		assert.Contains(t, now.last, kind.fault.Err.Error(), "the cause")
		assert.True(t, slices.ContainsFunc(names, func(name string) bool { return strings.Contains(now.last, name) }), "the file")
	}
	log := strings.ReplaceAll(now.log, c.folder, "")
	for _, m := range failed {
		log = strings.ReplaceAll(log, filepath.Base(m.path), "") // which has digits of chance
	}
	assert.NotRegexp(t, personalDigits, withoutChance(log), "no number")
}

// A report is published whole or not at all, whatever call fails, and the next run
// is as if it had never been.
func TestFaultsOfRun(t *testing.T) {
	folder := inFaultFolder(t)
	require.NoError(t, os.Mkdir("fresh", 0o750))
	arguments := []string{
		"run", "--records", "in/records.parquet", "--records", "in/records.csv", "--register", "in/register.parquet", "--workers", "2",
		"--baseline", "base/latest", "--decisions", "decisions.csv", "--as-of", "2025-12-02",
		"--format", "parquet,csv,arrow,html", "--split", "agency", "--metrics-file", "metrics/avstam.prom", "--out",
	}
	key, err := os.ReadFile("base/.id_key")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("fresh/.id_key", key, 0o600))
	doHere(t, append(slices.Clone(arguments), "fresh")...)
	wanted := contents(t, "fresh/latest")
	require.Greater(t, len(wanted), 15, "it writes many files")

	n := &night{folder: "."}
	before := n.outputs(t, "base")
	const oldMetrics = "# HELP avstam_old\n"
	c := &faultCase{
		name: "run", arguments: append(slices.Clone(arguments), "out"), outputs: []string{"out", "metrics", "temporary"}, folder: folder,
		reset: func(t *testing.T) {
			require.NoError(t, os.RemoveAll("out"))
			copyFolder(t, "base", "out")
			require.NoError(t, os.WriteFile("metrics/avstam.prom", []byte(oldMetrics), 0o600))
		},
		mayGoOn: func(m met) bool {
			return m.operation == disk.OpClose || // it was only read
				m.operation == disk.OpFinish && strings.HasPrefix(m.path, "out/.") && !strings.Contains(m.path[len("out/."):], "/") || // lock and temporary file
				strings.HasPrefix(m.path, "metrics") || // after the report, which the check asks for
				m.operation == disk.OpStat && slices.Contains([]string{"in/records.parquet", "in/register.parquet"}, m.path) // whether the path leads to another file by now
		},
	}
	c.check = func(t *testing.T, kind *faultKind, failed []met, now ending) {
		reports := n.outputs(t, "out")
		reports.reports = slices.DeleteFunc(reports.reports, func(name string) bool { return name == "failed" && now.exit == job.ExitInput })
		if now.exit == 0 {
			require.Len(t, reports.reports, len(before.reports)+1)
			require.Equal(t, reports.latest, reports.reports[len(before.reports)])
			require.Equal(t, wanted, contents(t, "out/latest"))
			if strings.HasPrefix(failed[0].path, "metrics") {
				assert.Contains(t, now.log, "not its metrics elsewhere")
			}
		} else if kind.lasts && len(reports.reports) > len(before.reports) {
			// Neither could it be made to last nor taken back.
			assert.Contains(t, now.last, mayNotLast)
			seen := reports.reports[len(before.reports)]
			require.Equal(t, wanted, contents(t, filepath.Join("out", seen)))
			require.Contains(t, []string{before.latest, seen}, reports.latest)
		} else {
			require.Equal(t, before.reports, reports.reports, "no part of a report")
			require.Equal(t, before.latest, reports.latest)
			assert.Equal(t, oldMetrics, string(readHere(t, "metrics/avstam.prom")))
			if !kind.lasts && failed[0].operation != disk.OpRemove && failed[0].operation != disk.OpRemoveAll {
				assert.Empty(t, reports.hidden, "it cleans up after itself")
			}
		}
		// The next run.
		doHere(t, c.arguments...)
		require.Equal(t, wanted, contents(t, "out/latest"))
		assert.Empty(t, n.outputs(t, "out").hidden)
		assert.Equal(t, []string{"avstam.prom"}, namesIn(t, "metrics"))
		assert.Empty(t, namesIn(t, "temporary"))
	}
	c.run(t)
}

func readHere(t *testing.T, path string) []byte {
	t.Helper()
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	return contents
}

// inFaultFolder goes to a new folder with inputs, and an earlier report with its key
// in base.
func inFaultFolder(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	t.Chdir(folder)
	doHere(t, "generate", "--records", "400", "--persons", "200", "--seed", "1", "--dirty", "0.2", "--out", "in", "--format", "parquet,csv")
	doHere(t, "generate", "--records", "350", "--persons", "200", "--seed", "1", "--dirty", "0.25", "--out", "before")
	for _, name := range []string{"metrics", "temporary"} {
		require.NoError(t, os.Mkdir(name, 0o750))
	}
	t.Setenv("TMPDIR", filepath.Join(folder, "temporary"))
	doHere(t, "run", "--records", "before/records.parquet", "--register", "in/register.parquet", "--out", "base", "--as-of", "2025-12-01", "--format", "parquet,csv")
	rows := bytes.SplitN(readHere(t, "base/latest/findings.csv"), []byte("\n"), 4)
	require.Len(t, rows, 4)
	decisions := "finding_id,decision,until\n"
	for _, row := range rows[1:3] {
		id, _, _ := bytes.Cut(row, []byte(","))
		decisions += string(id) + ",lawful,2026-12-31\n"
	}
	require.NoError(t, os.WriteFile("decisions.csv", []byte(decisions), 0o600))
	return folder
}
