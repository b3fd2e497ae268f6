package job_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/rules"
)

// A run that is interrupted as a stage begins does not go on to the next, however
// long the stage would take, and leaves nothing.
func TestAnInterruptedStageIsTheLast(t *testing.T) {
	h := newHostile(5)
	folder := t.TempDir()
	records, extract := filepath.Join(folder, "records.csv"), filepath.Join(folder, "register.csv")
	writeRegister(t, extract, h.entries())
	writeRecordsCSV(t, records, h.records(2000, false))
	policy := rules.DefaultPolicy()
	policy.Severities = map[string]rules.Severity{"duplicate_payment": rules.Warning} // a rule across records
	for _, stage := range []string{"register", "records", "across records", "comparison", "report"} {
		t.Run(stage, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			settings := settingsFor(out, records, extract, policy, 2)
			settings.MaxRejects = job.Limit{Share: 1, IsShare: true}
			settings.Baseline = job.Latest
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			var stages []string
			settings.Progress = func(p job.Progress) {
				if p.Stage == "" {
					return
				}
				if stages = append(stages, p.Stage); p.Stage == stage {
					cancel(&job.Interrupted{Signal: syscall.SIGTERM})
				}
			}
			_, err := job.Run(ctx, settings)
			require.Equal(t, 143, job.ExitStatus(err), "%v", err)
			assert.Equal(t, stage, stages[len(stages)-1])
			entries, err := os.ReadDir(out)
			require.NoError(t, err)
			for _, entry := range entries {
				assert.Contains(t, []string{".lock", ".id_key"}, entry.Name())
			}
		})
	}
}
