package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// stopTime is how long a program may take to end that was asked to.
const stopTime = 5 * time.Second

// A run that is asked to end at any moment ends soon, says so, and cleans up after
// itself: the report is there whole, or nothing is.
func TestSignalledRunsLeaveNothing(t *testing.T) {
	t.Parallel()
	signals := times(t, signalsVariable, 5, 2)
	n, random := newNight(t), moments(t)
	n.begin(t, "out")
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		var interrupted, early int
		var slowest time.Duration
		before := n.outputs(t, "out")
		for range signals {
			after := time.Duration(random.Int64N(int64(n.usual) * 11 / 10))
			s := n.start(t, n.to("out")...)
			time.Sleep(time.Until(s.began.Add(after)))
			require.NoError(t, s.command.Process.Signal(signal))
			signalled := time.Now()
			exit := s.wait(t)
			slowest = max(slowest, time.Since(signalled))
			now := n.mustBeWhole(t, "out", before)
			require.Empty(t, now.hidden, "it cleans up after itself")
			switch {
			case exit == 0:
				require.Len(t, now.reports, len(before.reports)+1)
				require.Equal(t, "avstam: exit 0: done, the report is "+filepath.Join("out", now.latest), s.lastLine())
			case s.command.ProcessState.Sys().(syscall.WaitStatus).Signaled():
				early++ // it had not begun to listen
				require.Empty(t, s.told.String())
				require.Equal(t, before, now)
			default:
				interrupted++
				require.Equal(t, 128+int(signal), exit)
				require.Equal(t, fmt.Sprintf("avstam: exit %d: interrupted by %s", exit, unix.SignalName(signal)), s.lastLine())
				require.Equal(t, before, now)
			}
			before = now
		}
		require.Less(t, slowest, stopTime)
		t.Logf("%d times %s to a run of %v: %d interrupted, at most %v later; %d before it listened, %d published", signals, signal,
			n.usual.Round(time.Millisecond), interrupted, slowest.Round(time.Millisecond), early, signals-interrupted-early)
		n.mustRunClean(t, "out", n.wanted)
		n.do(t, "prune", "out", "--keep", "1")
	}
}

// fullPipe is a pipe that holds 4,096 bytes, and as many of them already.
func fullPipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	const setPipeSize = 1031 // F_SETPIPE_SZ
	_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, write.Fd(), setPipeSize, 4096)
	require.Zero(t, errno)
	_, err = write.Write(make([]byte, 4096))
	require.NoError(t, err)
	return read, write
}

// Whatever a command waits for, or has much of to do, it ends when it is asked to.
func TestWaitingCommandsEndWhenAsked(t *testing.T) {
	t.Parallel()
	inputs := t.TempDir()
	exit, _, line := call(t, inputs, "generate", "--records", "40000", "--persons", "20000", "--dirty", "0.5", "--out", ".")
	require.Zero(t, exit, line)
	records, extract := filepath.Join(inputs, "records.parquet"), filepath.Join(inputs, "register.parquet")
	for _, row := range []struct {
		why       string
		arguments []string
		stalled   bool // nobody reads what it writes; else nobody writes what it reads
	}{
		{"records that never come", []string{"run", "--records", "-", "--register", extract, "--out", "out"}, false},
		{"a register that never comes", []string{"run", "--records", records, "--register", "-", "--out", "out"}, false},
		{"an extract that never comes", []string{"register", "build", "--in", "-", "--out", "new.avr"}, false},
		{"numbers that never come", []string{"check", "-"}, false},
		{"findings that nobody takes", []string{"run", "--records", records, "--register", extract, "--out", "-", "--format", "arrow"}, true},
		{"much to make up", []string{"generate", "--records", "500000000", "--persons", "1000", "--out", "much"}, false},
		{"records of a named pipe that nobody opens", []string{"run", "--records", "pipe", "--register", extract, "--out", "out"}, false},
		{"records of a named pipe, of which some have come", []string{"run", "--records", "begun", "--register", extract, "--out", "out"}, false},
		{"a named pipe in a folder of records", []string{"run", "--records", "pipes", "--register", extract, "--out", "out"}, false},
		{"a register in a named pipe", []string{"run", "--records", records, "--register", "pipe", "--out", "out"}, false},
		{"decisions in a named pipe", []string{"run", "--records", records, "--register", extract, "--decisions", "pipe", "--out", "out"}, false},
		{"an extract in a named pipe", []string{"register", "build", "--in", "pipe", "--out", "new.avr"}, false},
		{"a number asked of a register in a named pipe", []string{"check", "--register", "pipe", "196408233234"}, false},
	} {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			t.Run(row.why+"/"+signal.String(), func(t *testing.T) {
				t.Parallel()
				folder := t.TempDir()
				makePipes(t, folder)
				command := exec.Command(os.Args[0], row.arguments...)
				command.Env = append(os.Environ(), asProgram+"=1")
				command.Dir = folder
				var told bytes.Buffer
				command.Stderr = &told
				input, err := command.StdinPipe()
				require.NoError(t, err)
				defer input.Close() // nothing was written
				if row.stalled {
					read, write := fullPipe(t)
					defer read.Close()
					defer write.Close()
					command.Stdout = write
				}
				require.NoError(t, command.Start())
				time.Sleep(400 * time.Millisecond) // into the waiting
				require.NoError(t, command.Process.Signal(signal))
				ended := make(chan struct{})
				go func() {
					_ = command.Wait() // its exit status is looked at below
					close(ended)
				}()
				select {
				case <-ended:
				case <-time.After(stopTime):
					require.NoError(t, command.Process.Kill())
					<-ended
					t.Fatalf("it has not ended %v after %s: %s", stopTime, signal, told.String())
				}
				assert.Equal(t, 128+int(signal), command.ProcessState.ExitCode())
				assert.True(t, strings.HasSuffix(told.String(), fmt.Sprintf("avstam: exit %d: interrupted by %s\n", 128+int(signal), unix.SignalName(signal))), told.String())
				for name := range tree(t, folder) {
					assert.Contains(t, []string{"out", "out/.lock", "out/.id_key", "much", "pipe", "begun", "pipes", "pipes/pipe.csv"}, name)
				}
			})
		}
	}
}

// makePipes makes named pipes in a folder: two that nobody opens, and one into which
// somebody has begun to write.
func makePipes(t *testing.T, folder string) {
	t.Helper()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "pipes"), 0o750))
	for _, name := range []string{"pipe", "begun", "pipes/pipe.csv"} {
		require.NoError(t, syscall.Mkfifo(filepath.Join(folder, name), 0o600))
	}
	// Opened for reading, too, it can be opened before the reader is there.
	writer, err := os.OpenFile(filepath.Join(folder, "begun"), os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = writer.Close() })
	_, err = writer.WriteString(recordsCSV)
	require.NoError(t, err)
}

// Who asks by two ways at once asks once: timeout(1) signals the program and its
// group, and a second signal would end it where it stands, with its draft left.
func TestASignalThatComesTwiceIsOne(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	makePipes(t, folder)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "register.csv"), []byte(registerCSV), 0o600))
	command := exec.Command(os.Args[0], "run", "--records", "begun", "--register", "register.csv", "--out", "out")
	command.Env = append(os.Environ(), asProgram+"=1")
	command.Dir = folder
	var told bytes.Buffer
	command.Stderr = &told
	require.NoError(t, command.Start())
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(folder, "out", ".lock"))
		return err == nil
	}, stopTime, time.Millisecond, "it is at work")
	for range 2 {
		time.Sleep(30 * time.Millisecond)           // into the waiting, and between
		_ = command.Process.Signal(syscall.SIGTERM) // it may have ended at the first
	}
	_ = command.Wait() // its exit status is looked at here
	assert.Equal(t, 128+int(syscall.SIGTERM), command.ProcessState.ExitCode())
	assert.Contains(t, told.String(), "avstam: exit 143: interrupted by ")
	assert.Equal(t, []string{".lock"}, namesIn(t, filepath.Join(folder, "out")))
}

// What has been published has been published: a request to end that comes while
// the summary is printed changes nothing of the status.
func TestASignalAfterTheReportIsTooLate(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	n.begin(t, "out")
	command := exec.Command(os.Args[0], append(n.to("out"), "--fail-on", "error=0")...)
	command.Env = append(os.Environ(), asProgram+"=1")
	command.Dir = n.folder
	read, write := fullPipe(t)
	defer read.Close()
	defer write.Close()
	command.Stdout = write
	errs, err := command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	last := ""
	for lines := bufio.NewScanner(errs); lines.Scan(); {
		if last = lines.Text(); strings.Contains(last, "msg=published") {
			require.NoError(t, command.Process.Signal(syscall.SIGTERM))
			time.Sleep(200 * time.Millisecond)
			go func() { _, _ = io.Copy(io.Discard, read) }() // somebody reads again
		}
	}
	_ = command.Wait() // its exit status is looked at here
	assert.Equal(t, 1, command.ProcessState.ExitCode(), last)
	assert.Contains(t, last, "avstam: exit 1: ")
	assert.Contains(t, last, "; the report is published: out/")
	n.do(t, "verify", "out/latest")
}

// held is what those are told who come second.
const held = "avstam: exit 4: cannot write to out: another run holds the folder"

// The second of two runs in one folder says who has it, and changes nothing.
func TestTwoRunsInOneFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	exit, _, line := call(t, folder, "generate", "--records", "3000", "--persons", "2000", "--out", ".", "--format", "csv")
	require.Zero(t, exit, line)
	records, err := os.ReadFile(filepath.Join(folder, "records.csv"))
	require.NoError(t, err)
	run := func(from, out string) []string {
		return []string{"run", "--records", from, "--register", "register.csv", "--out", out, "--as-of", "2025-12-01"}
	}
	first := exec.Command(os.Args[0], run("-", "out")...)
	first.Env = append(os.Environ(), asProgram+"=1")
	first.Dir = folder
	input, err := first.StdinPipe()
	require.NoError(t, err)
	errs, err := first.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, first.Start())
	lines := bufio.NewScanner(errs)
	// Once it reads records it holds the folder, and it ends when they do.
	_, err = input.Write(records[:len(records)/2])
	require.NoError(t, err)
	for lines.Scan() && !strings.Contains(lines.Text(), "source=records") {
		continue
	}
	require.Eventually(t, func() bool { return slices.Contains(namesIn(t, filepath.Join(folder, "out")), ".id_key") }, stopTime, time.Millisecond)
	draft := tree(t, filepath.Join(folder, "out"))
	require.Greater(t, len(draft), 2, "there is a draft")

	for _, arguments := range [][]string{run("records.csv", "out"), {"prune", "out", "--keep", "1"}} {
		exit, output, line := call(t, folder, arguments...)
		assert.Equal(t, 4, exit)
		assert.Equal(t, held, line)
		assert.Empty(t, output)
		assert.Equal(t, draft, tree(t, filepath.Join(folder, "out")), "the first run's draft is as it was")
	}

	_, err = input.Write(records[len(records)/2:])
	require.NoError(t, err)
	require.NoError(t, input.Close())
	for lines.Scan() {
		line = lines.Text()
	}
	require.NoError(t, first.Wait(), line)
	assert.Equal(t, []string{".id_key", ".lock", "latest"}, slices.DeleteFunc(namesIn(t, filepath.Join(folder, "out")), func(name string) bool { return strings.HasPrefix(name, "20") }))

	// Everything that one run would have published, and nothing else.
	one := exec.Command(os.Args[0], run("-", "one")...)
	one.Env, one.Dir, one.Stdin = first.Env, folder, bytes.NewReader(records)
	require.NoError(t, os.Mkdir(filepath.Join(folder, "one"), 0o750))
	key, err := os.ReadFile(filepath.Join(folder, "out", ".id_key"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "one", ".id_key"), key, 0o600))
	require.NoError(t, one.Run())
	assert.Equal(t, contents(t, filepath.Join(folder, "one", "latest")), contents(t, filepath.Join(folder, "out", "latest")))
}

// Runs, verify and prune at once in one folder: each does its work or says that
// another holds the folder, and no report is ever seen in part.
func TestRunsVerifyAndPruneAtOnce(t *testing.T) {
	skipWhereSlow(t)
	t.Parallel()
	n := newNight(t)
	n.begin(t, "out")
	const keep = 3
	for range keep {
		n.do(t, n.to("out")...)
	}
	var published, refused, removed, verified atomic.Int64
	deadline := time.Now().Add(time.Second)
	var group sync.WaitGroup
	again := func(do func()) {
		group.Go(func() {
			for time.Now().Before(deadline) && !t.Failed() {
				do()
			}
		})
	}
	try := func(arguments ...string) (exit int, output, line string) {
		command := exec.Command(os.Args[0], arguments...)
		command.Env = append(os.Environ(), asProgram+"=1")
		command.Dir = n.folder
		var errs, out bytes.Buffer
		command.Stdout, command.Stderr = &out, &errs
		_ = command.Run() // its exit status is looked at by whoever asks
		lines := strings.Split(strings.TrimRight(errs.String(), "\n"), "\n")
		return command.ProcessState.ExitCode(), out.String(), lines[len(lines)-1]
	}
	for _, pause := range []time.Duration{0, 150 * time.Millisecond} {
		again(func() {
			if exit, _, line := try(n.to("out")...); exit == 0 {
				published.Add(1)
			} else {
				refused.Add(1)
				assert.Equal(t, held, line)
			}
			time.Sleep(pause)
		})
	}
	again(func() {
		exit, output, line := try("prune", "out", "--keep", fmt.Sprint(keep))
		if exit == 0 {
			removed.Add(int64(strings.Count(output, "\n")))
		} else {
			assert.Equal(t, held, line)
		}
	})
	again(func() {
		exit, _, line := try("verify", "out/latest")
		verified.Add(1)
		assert.Zero(t, exit, line)
	})
	group.Wait()
	t.Logf("%d published, %d refused, %d removed, %d verified", published.Load(), refused.Load(), removed.Load(), verified.Load())
	assert.Positive(t, published.Load())
	assert.Positive(t, refused.Load())
	assert.Positive(t, verified.Load())
	now := n.outputs(t, "out")
	assert.Len(t, now.reports, int(keep+published.Load()-removed.Load()), "what was published, less what prune says that it removed")
	n.mustBeWhole(t, "out", outputs{})
	n.mustRunClean(t, "out", n.wanted)
	n.do(t, "prune", "out", "--keep", "1")
	assert.Len(t, n.outputs(t, "out").reports, 1)
}
