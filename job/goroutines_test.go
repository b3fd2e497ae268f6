package job_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/rules"
)

// No test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// However a run ends, all its goroutines have ended when Run returns, from
// whatever format it reads.
func TestARunLeavesNoGoroutine(t *testing.T) {
	h := newHostile(6)
	folder := t.TempDir()
	extract := filepath.Join(folder, "register.csv")
	writeRegister(t, extract, h.entries())
	records := h.records(5000, false)
	inCSV, inParquet := filepath.Join(folder, "records.csv"), filepath.Join(folder, "records.parquet")
	writeRecordsCSV(t, inCSV, records)
	writeRecordsParquet(t, inParquet, records)
	contents, err := os.ReadFile(inParquet)
	require.NoError(t, err)
	for i := range 64 {
		contents[len(contents)/2+i] ^= 0xff
	}
	damaged := filepath.Join(folder, "damaged.parquet")
	require.NoError(t, os.WriteFile(damaged, contents, 0o600))

	run := func(why, records string, exit int, change func(settings *job.Settings, cancel context.CancelCauseFunc)) {
		t.Run(why, func(t *testing.T) {
			settings := settingsFor(filepath.Join(t.TempDir(), "out"), records, extract, rules.DefaultPolicy(), 3)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if change != nil {
				change(&settings, cancel)
			}
			running := goleak.IgnoreCurrent() // other tests beside this one
			_, err := job.Run(ctx, settings)
			require.Equal(t, exit, job.ExitStatus(err), "%v", err)
			goleak.VerifyNone(t, running)
		})
	}
	run("from CSV", inCSV, job.ExitDone, nil)
	run("from Parquet", inParquet, job.ExitDone, nil)
	run("damaged records", damaged, job.ExitInput, nil)
	run("a wrong control total", inCSV, job.ExitInput, func(settings *job.Settings, _ context.CancelCauseFunc) {
		settings.Expect[0] = job.Expect{HasRows: true, Rows: 1}
	})
	run("an output that cannot be written", inCSV, job.ExitOutput, func(settings *job.Settings, _ context.CancelCauseFunc) {
		settings.Output.MetricsFile = filepath.Join(folder, "missing", "metrics.prom")
	})
	run("findings that nobody takes", inCSV, job.ExitOutput, func(settings *job.Settings, _ context.CancelCauseFunc) {
		settings.Output = job.Output{Folder: job.StandardOutput, Arrow: true, Stream: failingWriter{}}
	})
	run("a panic", inParquet, job.ExitBug, func(settings *job.Settings, _ context.CancelCauseFunc) {
		settings.Progress = func(p job.Progress) {
			if p.Rows > 0 && p.Stage == "" {
				panic("a bug")
			}
		}
	})
	for _, stage := range []string{"register", "records", "across records", "report"} {
		run("interrupted in "+stage, inCSV, 143, func(settings *job.Settings, cancel context.CancelCauseFunc) {
			settings.Progress = func(p job.Progress) {
				if p.Stage == stage {
					cancel(&job.Interrupted{Signal: syscall.SIGTERM})
				}
			}
		})
	}
	for _, records := range []string{inCSV, inParquet} {
		run("interrupted as it reads "+filepath.Ext(records), records, 143, func(settings *job.Settings, cancel context.CancelCauseFunc) {
			settings.Progress = func(p job.Progress) {
				if p.Rows > 0 {
					cancel(&job.Interrupted{Signal: syscall.SIGTERM})
				}
			}
		})
	}
}

// failingWriter is a reader of findings that has gone.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, syscall.EPIPE }
