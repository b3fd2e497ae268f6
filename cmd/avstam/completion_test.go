package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The words that a flag takes are completed, of a list each.
func TestFlagsAreCompleted(t *testing.T) {
	for _, row := range []struct{ typed, want string }{
		{"run --format ", "parquet csv arrow html"},
		{"run --format parquet,", "parquet,parquet parquet,csv parquet,arrow parquet,html"},
		{"run --lang ", "en sv"},
		{"shard plan --format ", "parquet csv arrow html"},
		{"notices --lang ", "en sv"},
		{"diff --format ", "text json csv"},
		{"inspect --format ", "text json"},
		{"rules --format ", "text json"},
		{"generate --format ", "parquet csv"},
		{"check --log-format ", "text json"},
		{"explain --numbers ", "full masked"},
	} {
		var out, errs bytes.Buffer
		p := &program{out: &out, err: &errs}
		require.NoError(t, p.execute(t.Context(), append([]string{"__complete"}, strings.Split(row.typed, " ")...)))
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		assert.Equal(t, row.want, strings.Join(lines[:len(lines)-1], " "), row.typed)
	}
}

// Help fits a terminal of its usual width, but for what has no blank.
func TestHelpFitsATerminal(t *testing.T) {
	var check func(command *cobra.Command)
	check = func(command *cobra.Command) {
		_, flags, _ := strings.Cut(command.UsageString(), "\nFlags:\n")
		for line := range strings.Lines(flags) {
			assert.LessOrEqual(t, utf8.RuneCountInString(line), helpColumns+1, "%s: %s", command.CommandPath(), line)
		}
		for _, child := range command.Commands() {
			check(child)
		}
	}
	check((&program{out: &bytes.Buffer{}, err: &bytes.Buffer{}}).command())
}
