package readers

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/disk"
)

// What a pattern matches is what it matches for everybody else.
func TestGlobMatchesWhatOthersMatch(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a/x.csv", "a/y.csv", "b/x.csv", "b/c/x.csv", "plain", "[a]/x.csv", "a/.hidden.csv"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o750))
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	require.NoError(t, os.Symlink("a", "link"))
	require.NoError(t, os.Symlink("nowhere", "broken"))
	absolute, err := filepath.Abs(".")
	require.NoError(t, err)
	for _, pattern := range []string{"*", "*/*.csv", "*/x.csv", "a/*", "./a/*.csv", "b/*/x.csv", "?/x.csv", "[ab]/?.csv", `\[a]/*`, "none/*", "plain/*", "link/*",
		"broken/*", "*.parquet", "a//*.csv", "../*/nothing", "*/", absolute + "/*/x.csv", "[", "a/[", "*/[a"} {
		want, wantErr := filepath.Glob(pattern)
		got, err := glob(pattern)
		assert.Equal(t, wantErr, err, pattern)
		assert.Equal(t, want, got, pattern)
	}
}

// A folder that cannot be read is not an empty one: its records would be missing,
// and nobody told.
func TestAFolderThatCannotBeReadIsNotEmpty(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a", "b"} {
		require.NoError(t, os.Mkdir(filepath.Join(folder, name), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name, "records.csv"), nil, 0o600))
	}
	defer disk.Interfere(func(operation disk.Operation, path string) *disk.Fault {
		if operation == disk.OpReadFolder && strings.HasSuffix(path, "/b") {
			return &disk.Fault{Err: syscall.EACCES}
		}
		return nil
	})()
	_, err := Expand(t.Context(), []string{filepath.Join(folder, "*", "*.csv")})
	require.ErrorIs(t, err, syscall.EACCES)
	assert.ErrorContains(t, err, "cannot read "+filepath.Join(folder, "b")+": permission denied")
}

// A file that is named like the sign for standard input is a file wherever it is
// found.
func TestExpandFindsAFileNamedDash(t *testing.T) {
	t.Chdir(writeIn(t, map[string]string{"-": "", "a.csv": ""}))
	for _, row := range []struct {
		pattern string
		want    []string
	}{
		{"./-", []string{"./-"}},
		{".", []string{"./-", "a.csv"}},
		{"*", []string{"./-", "a.csv"}},
		{"./?", []string{"./-"}},
		{"-", []string{StandardInput}},
	} {
		paths, err := Expand(t.Context(), []string{row.pattern})
		require.NoError(t, err, row.pattern)
		assert.Equal(t, row.want, paths, row.pattern)
	}
	_, err := Expand(t.Context(), []string{"./-", "*"})
	assert.ErrorContains(t, err, "it is named twice")
}
