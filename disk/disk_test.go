package disk

import (
	"fmt"
	"io"
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

// failing lets every call of one kind fail.
func failing(t *testing.T, operation Operation, fault Fault) {
	t.Helper()
	t.Cleanup(Interfere(func(asked Operation, _ string) *Fault {
		if asked == operation {
			return &fault
		}
		return nil
	}))
}

// A call that is to fail fails with the error that is asked for, and does nothing.
func TestACallFailsAndDoesNothing(t *testing.T) {
	for _, row := range []struct {
		operation Operation
		call      func() error
	}{
		{OpOpen, func() error { _, err := Open("file"); return err }},
		{OpOpen, func() error { _, err := ReadFile("file"); return err }},
		{OpCreate, func() error { _, err := Create("new", 0o600); return err }},
		{OpCreate, func() error { return WriteFile("new", nil, 0o600) }},
		{OpStat, func() error { _, err := Stat("file"); return err }},
		{OpStat, func() error { _, err := Lstat("file"); return err }},
		{OpStat, func() error { _, err := Readlink("link"); return err }},
		{OpStat, func() error { _, err := EvalSymlinks("link"); return err }},
		{OpReadFolder, func() error { _, err := ReadDir("."); return err }},
		{OpReadFolder, func() error { return WalkDir(".", func(_ string, _ fs.DirEntry, err error) error { return err }) }},
		{OpMakeFolder, func() error { return Mkdir("new", 0o750) }},
		{OpMakeFolder, func() error { return MakeFolders("new/folder", 0o750) }},
		{OpChmod, func() error { return Chmod("file", 0o600) }},
		{OpRename, func() error { return Rename("file", "new") }},
		{OpLink, func() error { return Link("file", "new") }},
		{OpSymlink, func() error { return Symlink("file", "new") }},
		{OpRemove, func() error { return Remove("file") }},
		{OpRemoveAll, func() error { return RemoveAll("file") }},
	} {
		t.Run(string(row.operation), func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.NoError(t, os.WriteFile("file", []byte("text"), 0o640))
			require.NoError(t, os.Chmod("file", 0o640))
			require.NoError(t, os.Symlink("file", "link"))
			failing(t, row.operation, Fault{Err: syscall.EIO})
			err := row.call()
			require.ErrorIs(t, err, syscall.EIO)
			assert.ErrorContains(t, err, string(row.operation)+" ")
			info, err := os.Stat("file")
			require.NoError(t, err)
			assert.Equal(t, fs.FileMode(0o640), info.Mode())
			assert.NoFileExists(t, "new")
			assert.NoDirExists(t, "new")
			interference.Store(nil)
			assert.NoError(t, row.call(), "without a fault it is done")
		})
	}
}

func TestFaultsOfAnOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	file, err := Create(path, 0o600)
	require.NoError(t, err)
	read := func() string {
		contents, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(contents)
	}
	t.Run("half is written", func(t *testing.T) {
		failing(t, OpWrite, Fault{Err: syscall.ENOSPC, Half: true})
		n, err := file.Write([]byte("abcdef"))
		require.ErrorIs(t, err, syscall.ENOSPC)
		assert.Equal(t, 3, n)
		assert.Equal(t, "abc", read())
		n, err = file.WriteAt([]byte("ABCD"), 0)
		require.ErrorIs(t, err, syscall.ENOSPC)
		assert.Equal(t, 2, n)
		assert.Equal(t, "ABc", read())
	})
	t.Run("half is read", func(t *testing.T) {
		failing(t, OpRead, Fault{Err: syscall.EIO, Half: true})
		buffer := make([]byte, 4)
		n, err := file.ReadAt(buffer, 0)
		require.ErrorIs(t, err, syscall.EIO)
		assert.Equal(t, "AB", string(buffer[:n]))
	})
	t.Run("a short read is none of ReadAt", func(t *testing.T) {
		failing(t, OpRead, Fault{Half: true})
		_, err := file.Seek(0, io.SeekStart)
		require.NoError(t, err)
		buffer := make([]byte, 2)
		n, err := file.Read(buffer)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		n, err = file.ReadAt(buffer, 0)
		require.NoError(t, err)
		assert.Equal(t, 2, n)
	})
	for operation, call := range map[Operation]func() error{
		OpSync: file.Sync, OpLock: file.TryLock, OpChmod: func() error { return file.Chmod(0o600) }, OpStat: func() error { _, err := file.Stat(); return err },
	} {
		failing(t, operation, Fault{Err: syscall.EIO})
		require.ErrorIs(t, call(), syscall.EIO, operation)
	}
	t.Run("what cannot be closed is closed", func(t *testing.T) {
		failing(t, OpFinish, Fault{Err: syscall.EIO})
		require.ErrorIs(t, file.Close(), syscall.EIO)
		require.ErrorIs(t, file.Close(), fs.ErrClosed)
	})
}

func TestTryLockIsOfOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Create(path, 0o600)
	require.NoError(t, err)
	require.NoError(t, first.TryLock())
	second, err := Open(path)
	require.NoError(t, err)
	require.ErrorIs(t, second.TryLock(), syscall.EWOULDBLOCK)
	require.NoError(t, first.Close())
	require.NoError(t, second.TryLock())
	require.NoError(t, second.Close())
}

// A named pipe is read to its end, whenever whoever writes comes and however long the
// pauses are.
func TestNamedPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	want := strings.Repeat("0123456789", 50_000)
	go func() {
		time.Sleep(120 * time.Millisecond)
		writer, err := os.OpenFile(pipe, os.O_WRONLY, 0)
		if !assert.NoError(t, err) {
			return
		}
		for _, part := range []string{want[:3], want[3:100_000], want[100_000:]} {
			time.Sleep(120 * time.Millisecond)
			_, err = writer.WriteString(part)
			assert.NoError(t, err)
		}
		assert.NoError(t, writer.Close())
	}()
	contents, err := ReadFile(pipe)
	require.NoError(t, err)
	assert.True(t, string(contents) == want)

	go func() { // who writes nothing
		writer, err := os.OpenFile(pipe, os.O_WRONLY, 0)
		if assert.NoError(t, err) {
			assert.NoError(t, writer.Close())
		}
	}()
	contents, err = ReadFile(pipe)
	require.NoError(t, err)
	assert.Empty(t, contents)
}

// A message that names the file says why in one wording, and the error stays what it was.
func TestReason(t *testing.T) {
	_, absent := Open(filepath.Join(t.TempDir(), "none"))
	for _, row := range []struct {
		why  string
		err  error
		want string
		is   error
	}{
		{"no such file", absent, "there is no such file", fs.ErrNotExist},
		{"another reason: the call and the path are left out", &fs.PathError{Op: "open", Path: "a", Err: syscall.EACCES}, "permission denied", fs.ErrPermission},
		{"no error of a file", io.ErrUnexpectedEOF, "unexpected EOF", io.ErrUnexpectedEOF},
	} {
		assert.EqualError(t, Reason(row.err), row.want, row.why)
		assert.ErrorIs(t, Reason(row.err), row.is, row.why)
	}
	var path *fs.PathError
	assert.ErrorAs(t, Reason(absent), &path)
}

// Each folder that is made has the mode that was asked for; those that were there keep
// theirs.
func TestMakeFolders(t *testing.T) {
	for _, umask := range []int{0o000, 0o077, 0o777} {
		t.Run(fmt.Sprintf("%03o", umask), func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.NoError(t, os.Mkdir("old", 0o711))
			require.NoError(t, os.Chmod("old", 0o711))
			require.NoError(t, os.WriteFile("file", nil, 0o600))
			require.NoError(t, os.Symlink("old", "link"))
			before := syscall.Umask(umask)
			defer syscall.Umask(before)
			require.NoError(t, MakeFolders("old/new/newer/", 0o750))
			require.NoError(t, MakeFolders("link/beside", 0o750))
			require.NoError(t, MakeFolders("old/new", 0o700), "it is there")
			for name, want := range map[string]fs.FileMode{"old": 0o711, "old/new": 0o750, "old/new/newer": 0o750, "old/beside": 0o750} {
				info, err := os.Stat(name)
				require.NoError(t, err)
				assert.Equal(t, fs.ModeDir|want, info.Mode(), name)
			}
			assert.ErrorIs(t, MakeFolders("file", 0o750), syscall.ENOTDIR)
			assert.ErrorIs(t, MakeFolders("file/below", 0o750), syscall.ENOTDIR)
			require.NoError(t, os.Symlink("nowhere", "dangling"))
			assert.ErrorIs(t, MakeFolders("dangling", 0o750), fs.ErrExist)
			assert.ErrorIs(t, MakeFolders("s3://bucket/folder", 0o750), errObject)
		})
	}
}
