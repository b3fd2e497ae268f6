package storage

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func writeFresh(t *testing.T, f *Fresh, name, contents string) {
	t.Helper()
	file, err := f.Create(name, PrivateMode)
	require.NoError(t, err)
	_, err = file.WriteString(contents)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func TestAFreshFolderIsThereWholeOrNotAtAll(t *testing.T) {
	above := filepath.Join(t.TempDir(), "new")
	path := filepath.Join(above, "notices")
	fresh, err := BeginFresh(path + "/")
	require.NoError(t, err)
	require.NoError(t, fresh.Folder("inner"))
	writeFresh(t, fresh, "a", "1")
	writeFresh(t, fresh, "inner/b", "2")
	assert.NoFileExists(t, path)
	_, err = fresh.Create("../a", PrivateMode)
	assert.ErrorContains(t, err, "elsewhere")
	_, err = fresh.Create("a", PrivateMode)
	assert.ErrorIs(t, err, fs.ErrExist)
	require.NoError(t, fresh.Publish())
	require.NoError(t, fresh.Discard())

	assert.Equal(t, []string{"notices"}, names(t, above), "nothing temporary is left")
	assert.Equal(t, []string{"a", "inner"}, names(t, path))
	assert.Equal(t, PrivateMode, mode(t, filepath.Join(path, "inner", "b")))
	assert.Equal(t, FolderMode, mode(t, filepath.Join(path, "inner")))
	assert.Equal(t, FolderMode, mode(t, path))

	_, err = BeginFresh(path)
	assert.ErrorIs(t, err, fs.ErrExist, "what is there stays")

	discarded, err := BeginFresh(filepath.Join(above, "other"))
	require.NoError(t, err)
	writeFresh(t, discarded, "a", "1")
	require.NoError(t, discarded.Discard())
	assert.Equal(t, []string{"notices"}, names(t, above))
}

func TestAFreshFileReplacesNothing(t *testing.T) {
	above := t.TempDir()
	path := filepath.Join(above, "cases.csv")
	for _, row := range []struct {
		why  string
		meet func() error
	}{
		{"nothing is there", func() error { return nil }},
		{"a file has come", func() error { return os.WriteFile(path, []byte("theirs"), 0o600) }},
		{"a link has come", func() error { return os.Symlink("elsewhere", path) }},
	} {
		t.Run(row.why, func(t *testing.T) {
			defer os.Remove(path)
			fresh, err := BeginFresh(path)
			require.NoError(t, err)
			writeFresh(t, fresh, "cases.csv", "ours")
			require.NoError(t, row.meet())
			err = fresh.PublishFile("cases.csv")
			if row.why == "nothing is there" {
				require.NoError(t, err)
				contents, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, "ours", string(contents))
			} else {
				assert.ErrorIs(t, err, fs.ErrExist)
				assert.ErrorIs(t, fresh.Publish(), fs.ErrExist)
			}
			require.NoError(t, fresh.Discard())
			assert.Equal(t, []string{"cases.csv"}, names(t, above))
		})
	}
	assert.NoFileExists(t, filepath.Join(above, "elsewhere"))
}

func TestAFreshFolderRemovesWhatDeadProcessesLeft(t *testing.T) {
	above := t.TempDir()
	path := filepath.Join(above, "notices")
	dead, err := BeginFresh(path)
	require.NoError(t, err)
	writeFresh(t, dead, "a", "dead")
	held, err := BeginFresh(path)
	require.NoError(t, err)
	assert.Len(t, names(t, above), 2, "those who are at work do not disturb each other")
	require.NoError(t, dead.held.Close()) // as the kernel does for a process that dies
	last, err := BeginFresh(path)
	require.NoError(t, err)
	assert.NoDirExists(t, dead.temp)
	require.NoError(t, last.Discard())
	writeFresh(t, held, "a", "held")
	require.NoError(t, held.Publish())
	assert.Equal(t, []string{"notices"}, names(t, above))
}
