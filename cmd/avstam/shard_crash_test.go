package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Steps of a job in parts that are killed at any moment, again and again, publish
// nothing; repeated until they are done, they publish the report of a run.
func TestKilledStepsAreRepeated(t *testing.T) {
	skipWhereSlow(t)
	t.Parallel()
	kills := times(t, killsVariable, 25, 6)
	random := moments(t)
	n := &night{folder: t.TempDir()}
	require.NoError(t, os.Mkdir(n.path("temporary"), 0o750))
	n.do(t, "generate", "--records", "30000", "--persons", "3000", "--seed", "1", "--dirty", "0.2", "--out", "in", "--format", "parquet,csv")
	n.do(t, "register", "build", "--in", "in/register.parquet", "--out", "register.avr")
	records := []string{"--records", "in/records.parquet", "--records", "in/records.csv", "--register", "register.avr", "--policy", "policy.yaml"}
	require.NoError(t, os.WriteFile(n.path("policy.yaml"), []byte("rules: {duplicate_payment: on}\n"), 0o600))
	n.do(t, append([]string{"run", "--out", "whole"}, records...)...)
	require.NoError(t, os.Mkdir(n.path("out"), 0o750))
	require.NoError(t, os.WriteFile(n.path("out/.id_key"), n.read(t, "whole/.id_key"), 0o600))
	n.do(t, append([]string{"shard", "plan", "--out", "out", "--work", "work", "--chunk-bytes", "100000"}, records...)...)

	killed := 0
	for _, step := range []struct {
		name   string
		repeat bool // it begins anew each time, so that it must be let through at last
	}{{"map", false}, {"reduce", false}, {"commit", true}} {
		for attempt := 0; ; attempt++ {
			s := n.start(t, "shard", step.name, "--work", "work", "--workers", "1")
			if !step.repeat && attempt < kills || attempt < kills/5 {
				time.Sleep(time.Duration(random.Int64N(int64(60 * time.Millisecond))))
				if err := s.command.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
					require.NoError(t, err)
				}
			}
			exit := s.wait(t)
			if exit == 0 {
				break
			}
			require.Equal(t, 128+int(syscall.SIGKILL), exit, s.lastLine())
			killed++
			if step.name != "commit" {
				_, err := os.Lstat(n.path("out/latest"))
				require.ErrorIs(t, err, fs.ErrNotExist)
			}
		}
	}
	require.Positive(t, killed)
	t.Logf("%d kills", killed)
	for _, name := range []string{"findings.parquet", "rejects.parquet", "summary.json"} {
		assert.Equal(t, n.read(t, "whole/latest/"+name), n.read(t, "out/latest/"+name), name)
	}
	n.do(t, "verify", "out/latest")
	reports, err := filepath.Glob(n.path("out/2*"))
	require.NoError(t, err)
	assert.Len(t, reports, 1, "one report, however often it was begun")
	for _, folder := range []string{"chunks", "buckets"} {
		for _, name := range namesIn(t, n.path("work/"+folder)) {
			if info, err := os.Stat(filepath.Join(n.path("work/"+folder), name)); assert.NoError(t, err) && !strings.HasPrefix(name, ".") {
				assert.Equal(t, fs.FileMode(0o600), info.Mode(), name)
			}
		}
	}
}
