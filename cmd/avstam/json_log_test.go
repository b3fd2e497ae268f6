package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// With --log-format json every line on standard error is an object, whatever else is
// asked for.
func TestEveryLineOfAJSONLogIsAnObject(t *testing.T) {
	t.Parallel()
	folder := securityNight(t)
	run := []string{"run", "--records", "records.csv", "--register", "register.csv", "--log-format", "json", "--max-rejects", "5"}
	for _, row := range []struct {
		name      string
		arguments []string
		exit      int
		says      []string // the messages that are there
	}{
		{"findings as a stream", append(run[:len(run):len(run)], "--out", "-", "--format", "arrow"), 0, []string{"started", "opened", "summary", "found", "notice", "done, 2 findings are on standard output"}},
		{"the same over a threshold", append(run[:len(run):len(run)], "--out", "-", "--format", "arrow", "--fail-on", "error=0,warning=0,info=0"), 1, []string{"summary", "found", "notice"}},
		{"the same quiet", append(run[:len(run):len(run)], "--out", "-", "--format", "arrow", "--quiet"), 0, nil},
		{"with a bar", append(run[:len(run):len(run)], "--out", "out", "--progress", "always"), 0, []string{"published"}},
		{"a demo with a bar", []string{"demo", "--records", "20000", "--log-format", "json", "--progress", "always"}, 0, []string{"generated", "published"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			command := exec.Command(os.Args[0], row.arguments...)
			command.Env, command.Dir = append(os.Environ(), asProgram+"=1"), folder
			var told bytes.Buffer
			command.Stderr = &told
			_ = command.Run() // its exit status is looked at here
			require.Equal(t, row.exit, command.ProcessState.ExitCode(), told.String())
			said := map[string]bool{}
			for line := range strings.Lines(told.String()) {
				var object struct {
					Message string `json:"msg"`
				}
				require.NoError(t, json.Unmarshal([]byte(line), &object), line)
				said[object.Message] = true
			}
			for _, message := range row.says {
				assert.True(t, said[message], "%s: %v", message, said)
			}
			assert.True(t, row.says != nil || len(said) == 0, "%v", said)
		})
	}
}
