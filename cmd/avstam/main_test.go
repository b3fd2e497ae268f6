package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/pipeline"
)

// asProgram is set where the test binary is started as the program itself.
const asProgram = "AVSTAM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if raceDetector && os.Getenv("GORACE") == "" {
		// A program under the race detector waits a second before it ends, and these
		// tests start hundreds.
		_ = os.Setenv("GORACE", "atexit_sleep_ms=10")
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(Main())
	}
	if os.Getenv(asMeter) != "" {
		os.Exit(meter())
	}
	testscript.Main(withoutLeaks{m}, map[string]func(){"avstam": func() { os.Exit(Main()) }})
}

// withoutLeaks are tests of which none leaves a goroutine behind.
type withoutLeaks struct{ *testing.M }

func (m withoutLeaks) Run() int {
	exit := m.M.Run()
	if err := goleak.Find(); err != nil && exit == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return exit
}

// The scripts call the program as a user does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: os.Getenv("AVSTAM_GOLDEN") == "write",
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			return nil
		},
	})
}

const (
	registerCSV = "number,status,status_from\n196408233234,active,2010-01-01\n"
	recordsCSV  = "identity_number,payment_date,amount\n640823-3234,2025-11-20,100.00\n"
)

func TestASignalEndsARunWithoutAReport(t *testing.T) {
	for _, row := range []struct {
		signal syscall.Signal
		exit   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}} {
		t.Run(row.signal.String(), func(t *testing.T) {
			folder := t.TempDir()
			register, out := filepath.Join(folder, "register.csv"), filepath.Join(folder, "out")
			require.NoError(t, os.WriteFile(register, []byte(registerCSV), 0o600))
			command := exec.Command(os.Args[0], "run", "--records", "-", "--register", register, "--out", out)
			command.Env = append(os.Environ(), asProgram+"=1")
			input, err := command.StdinPipe()
			require.NoError(t, err)
			errors, err := command.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, command.Start())
			// The records never end.
			_, err = io.WriteString(input, recordsCSV)
			require.NoError(t, err)

			lines := bufio.NewScanner(errors)
			require.True(t, lines.Scan())
			assert.Contains(t, lines.Text(), "started")
			time.Sleep(200 * time.Millisecond) // into the reading
			require.NoError(t, command.Process.Signal(row.signal))
			signalled := time.Now()
			last := ""
			for lines.Scan() {
				last = lines.Text()
			}
			_ = command.Wait() // its exit status is looked at below
			assert.Less(t, time.Since(signalled), 5*time.Second, "it stops though the records go on")
			assert.Equal(t, row.exit, command.ProcessState.ExitCode())
			assert.Equal(t, "avstam: exit "+map[int]string{130: "130: interrupted by SIGINT", 143: "143: interrupted by SIGTERM"}[row.exit], last)
			assert.NoFileExists(t, filepath.Join(out, "latest"))
		})
	}
}

func TestAPanicTellsNothingOfTheData(t *testing.T) {
	err := pipeline.Guard(func() error { panic("640823-3234") })
	var text strings.Builder
	p := &program{err: &text, logFormat: "text"}
	assert.Equal(t, job.ExitBug, p.finish(err))
	assert.NotContains(t, text.String(), "640823")
	assert.Contains(t, text.String(), "avstam: exit 70: a bug of avstam: ")
	assert.Contains(t, text.String(), "in github.com/avstam/avstam/cmd/avstam.TestAPanicTellsNothingOfTheData")
}

func TestTheLastLineSaysWhy(t *testing.T) {
	for _, row := range []struct {
		why  string
		err  error
		exit int
		want string
	}{
		{"usage", usageError(errors.New("unknown flag")), 2, "avstam: exit 2: unknown flag\n"},
		{"an input, wrapped in usage, keeps its status", usageError(inputError(errors.New("cannot read a"))), 3, "avstam: exit 3: cannot read a\n"},
		{"several lines become one", outputError(errors.Join(errors.New("a"), errors.New("b"))), 4, "avstam: exit 4: a; b\n"},
		{"a threshold", &thresholdPassed{[]string{"3 errors, more than 0", "4 warnings, more than 1"}, "the report is published: out/a"}, 1,
			"avstam: exit 1: 3 errors, more than 0; 4 warnings, more than 1; the report is published: out/a\n"},
		{"a difference", &differs{errors.New("it differs")}, 1, "avstam: exit 1: it differs\n"},
		{"done", nil, 0, "avstam: exit 0: done\n"},
	} {
		t.Run(row.why, func(t *testing.T) {
			var text strings.Builder
			p := &program{err: &text, logFormat: "text", done: "done"}
			assert.Equal(t, row.exit, p.finish(row.err))
			assert.Equal(t, row.want, text.String())
		})
	}
}

func TestGrouped(t *testing.T) {
	for number, want := range map[string]string{"0": "0", "123": "123", "1234": "1 234", "-1234567.50": "-1 234 567.50", "-123.00": "-123.00",
		"100000": "100 000"} {
		assert.Equal(t, want, groupDigits(number))
	}
}
