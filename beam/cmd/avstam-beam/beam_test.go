package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/job"
)

// The test binary is the program where a test starts it, so that tests can have it
// fail where the program cannot.
const (
	asProgram = "AVSTAM_BEAM_AS_PROGRAM"
	faultOf   = "AVSTAM_BEAM_FAULT" // what happens in chunk 1: error, panic, exit
)

// secret stands for an identity number in a panic.
const secret = "189001019802"

func TestMain(m *testing.M) {
	if fault := os.Getenv(faultOf); fault != "" {
		make := makeChunk
		makeChunk = func(ctx context.Context, plan *openPlan, number int) error {
			if number != 1 {
				return make(ctx, plan, number)
			}
			switch fault {
			case "error":
				return errors.New("cannot read what is not there")
			case "panic":
				panic(secret)
			case "exit":
				os.Exit(3)
			}
			return nil
		}
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(Main())
	}
	os.Exit(m.Run())
}

// scene is a folder with records, a register and the report of avstam run.
type scene struct {
	folder, avstam string
	findings       []byte
}

// newScene has the report of avstam itself, built as the test is, so that both
// have the same version.
func newScene(t *testing.T) *scene {
	s := &scene{folder: t.TempDir()}
	s.avstam = filepath.Join(s.folder, "avstam")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", s.avstam, "./cmd/avstam")
	build.Dir = "../../.."
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	s.do(t, s.avstam, "generate", "--records", "40000", "--persons", "9000", "--seed", "5", "--format", "csv", "--out", ".")
	s.do(t, s.avstam, "register", "build", "-c", "avstam.yaml", "--out", "register.avr")
	contents, err := os.ReadFile(filepath.Join(s.folder, "avstam.yaml"))
	require.NoError(t, err)
	before, after, _ := strings.Cut(string(contents), "register:\n")
	_, after, found := strings.Cut(after, "sources:\n")
	require.True(t, found)
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, "avstam.yaml"), []byte(before+"register: {snapshot: register.avr}\nsources:\n"+after), 0o600))
	s.do(t, s.avstam, "run", "-c", "avstam.yaml", "--out", "one")
	s.findings = s.read(t, "one")
	require.Greater(t, len(s.findings), 10_000)
	return s
}

func (s *scene) do(t *testing.T, program string, arguments ...string) {
	command := exec.Command(program, arguments...)
	command.Dir = s.folder
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
}

func (s *scene) read(t *testing.T, out string) []byte {
	findings, err := os.ReadFile(filepath.Join(s.folder, out, "latest", "findings.parquet"))
	require.NoError(t, err)
	return findings
}

// plan plans the same for Beam, in some chunks, with the same key of finding ids.
func (s *scene) plan(t *testing.T, name string) {
	key, err := os.ReadFile(filepath.Join(s.folder, "one", ".id_key"))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(s.folder, name), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, name, ".id_key"), key, 0o600))
	s.do(t, s.avstam, "shard", "plan", "-c", "avstam.yaml", "--out", name, "--work", name+".work", "--chunk-bytes", "300000")
	plan, err := job.ReadPlan(filepath.Join(s.folder, name+".work"), version())
	require.NoError(t, err)
	require.Greater(t, len(plan.Chunks), 5, "the job is no job in parts")
}

// program is the program under test, with a fault in chunk 1 or none.
func (s *scene) program(fault string, arguments ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], arguments...)
	command.Dir = s.folder
	command.Env = append(os.Environ(), asProgram+"=1", faultOf+"="+fault)
	return command
}

// serve starts the program, and ends it with the test. Its output is given at the end.
func (s *scene) serve(t *testing.T, fault string, arguments ...string) func() string {
	command := s.program(fault, arguments...)
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	require.NoError(t, command.Start())
	ended := false
	stop := func() string {
		if !ended {
			ended = true
			_ = command.Process.Signal(syscall.SIGTERM)
			_ = command.Wait() // it was told to end
		}
		return output.String()
	}
	t.Cleanup(func() { stop() })
	return stop
}

// run runs the job; one that hangs is ended after a minute.
func (s *scene) run(fault, name string, arguments ...string) (output string, err error) {
	command := s.program(fault, append([]string{"run", "--work", name + ".work"}, arguments...)...)
	timer := time.AfterFunc(time.Minute, func() { _ = command.Process.Kill() })
	defer timer.Stop()
	text, err := command.CombinedOutput()
	return string(text), err
}

// freeAddress is an address where nobody listened a moment ago.
func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func waitFor(t *testing.T, address string) {
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
}

// external starts Prism and a pool of workers as processes, and gives the flags by
// which a job finds them.
func (s *scene) external(t *testing.T, fault string) (flags []string, stop func() string) {
	prism, workers := freeAddress(t), freeAddress(t)
	_, port, err := net.SplitHostPort(prism)
	require.NoError(t, err)
	stopPrism := s.serve(t, "", "prism", "--port", port)
	stopWorkers := s.serve(t, fault, "workers", "--listen", workers)
	waitFor(t, "localhost:"+port)
	waitFor(t, workers)
	return []string{"--endpoint", "localhost:" + port, "--workers", workers}, func() string { return stopPrism() + stopWorkers() }
}

// Whoever does the work, the findings are those of avstam run; a job that fails
// publishes nothing, tells nothing of what it was working on, and is completed by the
// next that is told to.
func TestFindingsAreThoseOfARun(t *testing.T) {
	s := newScene(t)
	for _, test := range []struct {
		fault    string
		external bool // Prism and workers as processes of their own
	}{
		{"", false},
		{"error", false},
		{"panic", false},
		{"exit", false},
		{"", true},
		{"error", true},
		{"panic", true},
		{"exit", true}, // a worker alone
	} {
		name := fmt.Sprintf("fault=%s,external=%v", test.fault, test.external)
		t.Run(name, func(t *testing.T) {
			s.plan(t, name)
			var flags []string
			if test.fault != "" {
				stop := func() string { return "" }
				if test.external {
					flags, stop = s.external(t, test.fault)
				}
				output, err := s.run(test.fault, name, flags...)
				t.Logf("%v\n%s", err, output)
				require.Error(t, err)
				require.NotContains(t, output+stop(), secret)
				_, err = os.Lstat(filepath.Join(s.folder, name, "latest"))
				require.ErrorIs(t, err, os.ErrNotExist, "a job that failed published something")
				_, err = os.Lstat(filepath.Join(s.folder, name+".work", "chunks", "chunk-000001.part"))
				require.ErrorIs(t, err, os.ErrNotExist, "a chunk that failed has a part")
			}
			if test.external {
				flags, _ = s.external(t, "")
			}
			output, err := s.run("", name, flags...)
			require.NoError(t, err, "%s", output)
			require.Contains(t, output, "Report: "+name)
			require.True(t, bytes.Equal(s.findings, s.read(t, name)), "the findings are others")
		})
	}
}

// What is wrong is said before an engine is asked.
func TestUsage(t *testing.T) {
	s := &scene{folder: t.TempDir()}
	for _, test := range []struct {
		arguments []string
		exit      int
		says      string
	}{
		{[]string{"run"}, job.ExitUsage, "no work folder is named"},
		{[]string{"run", "--work", "nowhere"}, job.ExitInput, "the first step is avstam shard plan"},
		{[]string{"run", "--work", ".", "--workers", "localhost:1"}, job.ExitUsage, "name it with --endpoint"},
		{[]string{"workers", "--listen", "localhost:-1"}, job.ExitUsage, "--listen"},
		{[]string{"prism", "--port", "-1"}, job.ExitUsage, "--port"},
		{[]string{"run", "--wrok", "work"}, job.ExitUsage, "--wrok"},
	} {
		command := s.program("", test.arguments...)
		output, _ := command.CombinedOutput()
		require.Equal(t, test.exit, command.ProcessState.ExitCode(), "%q: %s", test.arguments, output)
		require.Contains(t, string(output), test.says)
		require.Equal(t, 1, strings.Count(string(output), "\n"), "%s", output)
	}
}
