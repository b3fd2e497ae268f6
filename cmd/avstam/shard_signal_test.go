package main

import (
	"context"
	"log/slog"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/job"
)

// A step that is asked to end while a part of it is being finished has not done its
// share, though nothing failed: a scheduler that took it for done would not repeat it.
func TestASignalLeavesAShareUndone(t *testing.T) {
	for _, row := range []struct {
		why    string
		parts  int
		status int
	}{
		{"the first part is finished, two others are not begun", 3, 143},
		{"it was the last part", 1, 0},
	} {
		t.Run(row.why, func(t *testing.T) {
			ctx, interrupt := context.WithCancelCause(t.Context())
			p := &program{logger: slog.New(slog.DiscardHandler), quiet: true}
			f := shardFlags{of: 1, workers: 1, progress: "never"}
			made := 0
			err := p.makeParts(ctx, &f, row.parts, "chunk", func(context.Context, int, job.Step) error {
				made++
				interrupt(&job.Interrupted{Signal: syscall.SIGTERM})
				return nil
			})
			require.Equal(t, 1, made)
			assert.Equal(t, row.status, job.ExitStatus(stoppedBy(ctx, err)))
		})
	}
}
