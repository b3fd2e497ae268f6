package storage

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/avstam/avstam/disk"
)

const (
	older = "20251120T020000.000Z-ffffffff"
	newer = "20251121T020000.000Z-00000000"
)

func lock(t *testing.T, dir string) *Folder {
	t.Helper()
	folder, err := Lock(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = folder.Unlock() })
	return folder
}

func draftWith(t *testing.T, folder *Folder, name, contents string) *Draft {
	t.Helper()
	draft, err := folder.Begin()
	require.NoError(t, err)
	require.NoError(t, draft.WriteFile(name, []byte(contents), PublicMode))
	return draft
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

func TestOneRunAtATimeHoldsTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "out")
	first := lock(t, dir)

	_, err := Lock(dir)
	require.ErrorIs(t, err, ErrHeld)
	assert.ErrorContains(t, err, dir)

	require.NoError(t, first.Unlock())
	lock(t, dir)
}

func TestLockRemovesWhatDeadRunsLeft(t *testing.T) {
	dir := t.TempDir()
	folder := lock(t, dir)
	draftWith(t, folder, "findings.parquet", "half")
	require.NoError(t, os.WriteFile(filepath.Join(dir, temporaryPrefix+"link"), nil, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, older), 0o750))
	require.NoError(t, folder.Unlock()) // as the kernel does for a process that dies

	lock(t, dir)
	assert.Equal(t, []string{lockName, older}, names(t, dir))
}

func TestLockRefusesWhatLeadsElsewhere(t *testing.T) {
	root := t.TempDir()
	elsewhere := filepath.Join(root, "elsewhere")
	require.NoError(t, os.Mkdir(elsewhere, 0o750))

	link := filepath.Join(root, "link")
	require.NoError(t, os.Symlink(elsewhere, link))
	for _, path := range []string{link, link + "/", link + "/."} {
		_, err := Lock(path)
		assert.ErrorContains(t, err, "symbolic link", path)
	}

	file := filepath.Join(root, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Lock(file)
	assert.ErrorContains(t, err, "not a folder")

	dir := filepath.Join(root, "out")
	require.NoError(t, os.Mkdir(dir, 0o750))
	require.NoError(t, os.Symlink(filepath.Join(elsewhere, "victim"), filepath.Join(dir, lockName)))
	_, err = Lock(dir)
	require.Error(t, err)
	assert.Empty(t, names(t, elsewhere), "nothing may be made behind the link")
}

func TestModesAreExactWhateverTheUmask(t *testing.T) {
	for _, umask := range []int{0, 0o077, 0o777} {
		base := t.TempDir()
		dir := filepath.Join(base, "out")
		before := syscall.Umask(umask)
		folder, err := Lock(dir)
		var errs []error
		errs = append(errs, err)
		if err == nil {
			draft, err := folder.Begin()
			errs = append(errs, err)
			errs = append(errs, draft.WriteFile("private", nil, PrivateMode), draft.WriteFile("public", nil, PublicMode), publish(draft, newer))
			failed, err := folder.Begin()
			errs = append(errs, err, failed.KeepFailed(older))
			metrics, err := Replace(filepath.Join(base, "metrics.prom"), nil, PublicMode)
			errs = append(errs, err, metrics.Commit())
		}
		syscall.Umask(before)
		require.NoError(t, errors.Join(errs...), "umask %o", umask)

		for path, want := range map[string]fs.FileMode{
			".": FolderMode, lockName: PrivateMode,
			newer: FolderMode, newer + "/private": PrivateMode, newer + "/public": PublicMode,
			failedName: FolderMode, failedName + "/" + older: FolderMode,
			"../metrics.prom": PublicMode,
		} {
			assert.Equal(t, want, mode(t, filepath.Join(dir, path)), "%s under umask %o", path, umask)
		}
		require.NoError(t, folder.Unlock())
	}
}

func TestPublishShowsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	folder := lock(t, dir)
	draft := draftWith(t, folder, "summary.json", "{}")
	require.NoDirExists(t, filepath.Join(dir, newer))

	require.NoError(t, publish(draft, newer))
	assert.Equal(t, []string{lockName, newer, latestName}, names(t, dir))
	target, err := os.Readlink(filepath.Join(dir, latestName))
	require.NoError(t, err)
	assert.Equal(t, newer, target, "latest is relative, so that the folder can be moved")
	contents, err := os.ReadFile(filepath.Join(dir, latestName, "summary.json"))
	require.NoError(t, err)
	assert.Equal(t, "{}", string(contents))
	require.NoError(t, draft.Discard())
	assert.DirExists(t, filepath.Join(dir, newer), "discarding a published draft does nothing")
}

// publish publishes a draft, wherever latest is.
func publish(d *Draft, run string) error {
	_, err := d.Publish(run)
	return err
}

func TestLatestNeverMovesBack(t *testing.T) {
	for _, test := range []struct {
		why         string
		first, then string
		want        string
	}{
		{"a newer run takes over", older, newer, newer},
		{"an older run, published late, does not", newer, older, newer},
	} {
		t.Run(test.why, func(t *testing.T) {
			dir := t.TempDir()
			folder := lock(t, dir)
			require.NoError(t, publish(draftWith(t, folder, "a", ""), test.first))
			ahead, err := draftWith(t, folder, "a", "").Publish(test.then)
			require.NoError(t, err)
			assert.Equal(t, test.want != test.then, ahead != "", "it says whether latest stays")
			assert.Contains(t, []string{"", test.want}, ahead)
			again, err := folder.PointLatest(test.then)
			require.NoError(t, err)
			assert.Equal(t, ahead, again)
			target, err := os.Readlink(filepath.Join(dir, latestName))
			require.NoError(t, err)
			assert.Equal(t, test.want, target)
			assert.DirExists(t, filepath.Join(dir, test.first))
			assert.DirExists(t, filepath.Join(dir, test.then))
		})
	}
	for _, test := range []struct {
		why, latest string
		moves       bool
	}{
		{"somebody's folder is of no time, though its name sorts behind", "archive", true},
		{"nor is one whose name begins as a run's", newer + ".bak", true},
		{"by another link it is the run at its end", "link-to-newer", false},
		{"which may be an older one", "link-to-older", true},
		{"a later run that was moved elsewhere is later all the same", "archive/" + newer, false},
	} {
		t.Run(test.why, func(t *testing.T) {
			const between, after = "20251120T030000.000Z-11111111", "20251120T040000.000Z-11111111"
			dir := t.TempDir()
			folder := lock(t, dir)
			for _, name := range []string{older, newer, newer + ".bak", "archive/" + newer} {
				require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o750))
			}
			require.NoError(t, os.Symlink(newer, filepath.Join(dir, "link-to-newer")))
			require.NoError(t, os.Symlink(older, filepath.Join(dir, "link-to-older")))
			latest := filepath.Join(dir, latestName)
			require.NoError(t, os.Symlink(test.latest, latest))
			ahead, err := draftWith(t, folder, "a", "").Publish(between)
			require.NoError(t, err)
			want := test.latest
			if test.moves {
				want = between
			}
			target, err := os.Readlink(latest)
			require.NoError(t, err)
			assert.Equal(t, want, target)
			assert.Equal(t, test.moves, ahead == "")
			// So does a commit whose report is there.
			require.NoError(t, os.Remove(latest))
			require.NoError(t, os.Symlink(test.latest, latest))
			again, err := folder.PointLatest(after)
			require.NoError(t, err)
			assert.Equal(t, ahead, again)
		})
	}
	t.Run("a link to a run that is gone is no run", func(t *testing.T) {
		dir := t.TempDir()
		folder := lock(t, dir)
		require.NoError(t, os.Symlink(newer, filepath.Join(dir, latestName)))
		require.NoError(t, publish(draftWith(t, folder, "a", ""), older))
		target, err := os.Readlink(filepath.Join(dir, latestName))
		require.NoError(t, err)
		assert.Equal(t, older, target)
	})
}

func TestPublishRefuses(t *testing.T) {
	for _, test := range []struct {
		why     string
		prepare func(t *testing.T, dir string)
		run     string
		message string
	}{
		{"a run of that name is there", func(t *testing.T, dir string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, newer), 0o750))
		}, newer, "exists"},
		{"the name is a link, even to nowhere", func(t *testing.T, dir string) {
			require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, newer)))
		}, newer, "exists"},
		{"latest is a folder of somebody's", func(t *testing.T, dir string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, latestName), 0o750))
		}, newer, "not a symbolic link"},
		{"the name would leave the folder", func(*testing.T, string) {}, "../" + newer, "not the name of a run"},
		{"the name is that of the link", func(*testing.T, string) {}, latestName, "not the name of a run"},
		{"the name is hidden", func(*testing.T, string) {}, ".lock", "not the name of a run"},
	} {
		t.Run(test.why, func(t *testing.T) {
			dir := t.TempDir()
			folder := lock(t, dir)
			test.prepare(t, dir)
			before := names(t, dir)
			draft := draftWith(t, folder, "a", "")
			err := publish(draft, test.run)
			require.ErrorContains(t, err, test.message)
			require.NoError(t, draft.Discard())
			assert.Equal(t, before, names(t, dir), "nothing is published and nothing is left")
		})
	}
}

func TestDraftRefusesNamesThatLeaveIt(t *testing.T) {
	draft, err := lock(t, t.TempDir()).Begin()
	require.NoError(t, err)
	for _, name := range []string{"", ".", "..", "../a", "a/../b", "/a", "a/", "a//b", ".hidden", "a/.hidden"} {
		_, err := draft.Create(name, PublicMode)
		assert.ErrorContains(t, err, "plain file name", "%q", name)
	}
	_, err = draft.Create("b/c", PublicMode)
	assert.ErrorIs(t, err, fs.ErrNotExist, "a folder is made before")
	require.NoError(t, draft.WriteFile("a", nil, PublicMode))
	_, err = draft.Create("a", PublicMode)
	assert.ErrorIs(t, err, fs.ErrExist, "a file is written once")
}

func TestADraftHasFolders(t *testing.T) {
	dir := t.TempDir()
	draft := draftWith(t, lock(t, dir), "a", "")
	for _, name := range []string{"", "..", "a/../../b", ".hidden", "b/c"} {
		assert.Error(t, draft.MakeFolder(name), "%q", name)
	}
	require.NoError(t, draft.MakeFolder("b"))
	require.NoError(t, draft.MakeFolder("b/c"))
	assert.ErrorIs(t, draft.MakeFolder("b/c"), fs.ErrExist)
	require.NoError(t, draft.WriteFile("b/c/d", []byte("x"), PrivateMode))
	require.NoError(t, publish(draft, newer))
	for name, mode := range map[string]fs.FileMode{"b": FolderMode, "b/c": FolderMode, "b/c/d": PrivateMode} {
		info, err := os.Stat(filepath.Join(dir, newer, name))
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), name)
	}

	draft = draftWith(t, lock(t, t.TempDir()), "a", "")
	require.NoError(t, draft.MakeFolder("b"))
	require.NoError(t, os.Symlink("/", filepath.Join(draft.Path(), "b", "link")))
	assert.ErrorContains(t, publish(draft, newer), "link is not a plain file")
}

func TestKeepFailedLeavesLatestAlone(t *testing.T) {
	dir := t.TempDir()
	folder := lock(t, dir)
	require.NoError(t, publish(draftWith(t, folder, "a", ""), older))
	require.NoError(t, draftWith(t, folder, "rejects.csv", "x").KeepFailed(newer))

	assert.FileExists(t, filepath.Join(dir, failedName, newer, "rejects.csv"))
	target, err := os.Readlink(filepath.Join(dir, latestName))
	require.NoError(t, err)
	assert.Equal(t, older, target)
	assert.NoDirExists(t, filepath.Join(dir, newer))
}

func TestPublishInFolderThatIsNotWritable(t *testing.T) {
	if os.Geteuid() == 0 {
		// The superuser may write anywhere, so take the folder away instead.
		dir := filepath.Join(t.TempDir(), "out")
		folder := lock(t, dir)
		draft := draftWith(t, folder, "a", "")
		require.NoError(t, os.RemoveAll(dir))
		assert.ErrorIs(t, publish(draft, newer), fs.ErrNotExist)
		_, err := folder.Begin()
		assert.ErrorIs(t, err, fs.ErrNotExist)
		_, err = folder.Spill()
		assert.ErrorIs(t, err, fs.ErrNotExist)
		return
	}
	dir := t.TempDir()
	folder := lock(t, dir)
	draft := draftWith(t, folder, "a", "")
	require.NoError(t, os.Chmod(dir, 0o550))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o750) })
	assert.ErrorIs(t, publish(draft, newer), fs.ErrPermission)
	assert.NoDirExists(t, filepath.Join(dir, newer))
}

// fullDisk is a file system of 64 KiB.
func fullDisk(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only the superuser may mount a small file system")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,nr_inodes=64"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func TestFullDisk(t *testing.T) {
	dir := fullDisk(t)
	folder := lock(t, filepath.Join(dir, "out"))
	draft, err := folder.Begin()
	require.NoError(t, err)
	spill, err := folder.Spill()
	require.NoError(t, err)

	err = draft.WriteFile("findings.csv", make([]byte, 1<<20), PrivateMode)
	require.ErrorIs(t, err, syscall.ENOSPC)
	assert.ErrorContains(t, err, "findings.csv")
	_, err = spill.Write(make([]byte, 1<<20))
	require.ErrorIs(t, err, syscall.ENOSPC)
	_, err = Replace(filepath.Join(dir, "metrics.prom"), make([]byte, 1<<20), PublicMode)
	require.ErrorIs(t, err, syscall.ENOSPC)

	require.NoError(t, draft.Discard())
	require.NoError(t, spill.Close())
	assert.Equal(t, []string{"out"}, names(t, dir))
	assert.Equal(t, []string{lockName}, names(t, folder.Path()))
}

func TestPublishWithoutRoomForTheLink(t *testing.T) {
	dir := fullDisk(t)
	folder := lock(t, dir)
	draft := draftWith(t, folder, "a", "")
	for i := 0; ; i++ { // use up all names that the file system has
		file, err := os.Create(filepath.Join(dir, "filler"+string(rune('a'+i))))
		if err != nil {
			require.ErrorIs(t, err, syscall.ENOSPC)
			break
		}
		require.NoError(t, file.Close())
	}
	require.ErrorIs(t, publish(draft, newer), syscall.ENOSPC)
	assert.NoDirExists(t, filepath.Join(dir, newer))
	assert.NoFileExists(t, filepath.Join(dir, latestName))
}

func TestSpillKeepsChunksOfSeveralGoroutinesApart(t *testing.T) {
	dir := t.TempDir()
	folder := lock(t, dir)
	spill, err := folder.Spill()
	require.NoError(t, err)
	assert.Equal(t, []string{lockName}, names(t, dir), "a spill has no name")

	var group sync.WaitGroup
	const goroutines, chunks = 8, 50
	extents := make([][]Extent, goroutines)
	for g := range goroutines {
		group.Go(func() {
			for i := range chunks {
				extent, err := spill.Write(bytes.Repeat([]byte{byte(g)}, 1+i*37))
				if assert.NoError(t, err) {
					extents[g] = append(extents[g], extent)
				}
			}
		})
	}
	group.Wait()
	var buffer []byte
	var total int64
	for g := range goroutines {
		for i, extent := range extents[g] {
			buffer, err = spill.Read(extent, buffer)
			require.NoError(t, err)
			require.Equal(t, bytes.Repeat([]byte{byte(g)}, 1+i*37), buffer)
			total += int64(len(buffer))
		}
	}
	assert.Equal(t, total, spill.Size())
	_, err = spill.Read(Extent{Offset: total, Length: 1}, nil)
	assert.Error(t, err, "what was never written cannot be read")
	require.NoError(t, spill.Close())
}

func TestReplaceChangesNothingBeforeCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.prom")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	replacement, err := Replace(path, []byte("new"), PublicMode)
	require.NoError(t, err)
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "old", string(contents))
	require.NoError(t, replacement.Commit())
	contents, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "new", string(contents))

	replacement, err = Replace(path, []byte("newer"), PublicMode)
	require.NoError(t, err)
	require.NoError(t, replacement.Discard())
	assert.Equal(t, []string{"metrics.prom"}, names(t, filepath.Dir(path)))
}

func TestRemoveAndLatest(t *testing.T) {
	dir := t.TempDir()
	folder := lock(t, dir)
	latest, err := folder.Latest()
	require.NoError(t, err)
	assert.Empty(t, latest)
	require.NoError(t, publish(draftWith(t, folder, "a", ""), older))
	require.NoError(t, publish(draftWith(t, folder, "a", ""), newer))
	latest, err = folder.Latest()
	require.NoError(t, err)
	assert.Equal(t, newer, latest)

	require.NoError(t, folder.Remove(older))
	assert.Equal(t, []string{lockName, newer, latestName}, names(t, dir))
	require.ErrorIs(t, folder.Remove(older), fs.ErrNotExist)
	for _, name := range []string{"", "..", "../x", latestName, lockName, failedName} {
		assert.ErrorContains(t, folder.Remove(name), "not the name of a run", "%q", name)
	}
}

// A write error that only syncing tells must not be lost by syncing early.
func TestEarlySyncTellsItsError(t *testing.T) {
	file, err := Unnamed()
	require.NoError(t, err)
	early := NewEarlySync(file)
	require.NoError(t, early.End(), "nothing has begun")
	_, err = file.WriteString("half")
	require.NoError(t, err)
	require.NoError(t, early.Begin())
	require.NoError(t, early.End())
	require.NoError(t, file.Close())
	require.NoError(t, early.Begin())
	require.ErrorIs(t, early.End(), os.ErrClosed)
	require.NoError(t, early.Begin())
	require.Eventually(t, func() bool { return early.Begin() != nil }, time.Second, time.Millisecond, "told to whoever begins the next")
	require.NoError(t, early.End())
}

// What a process that died has left beside a path goes when the next begins to
// write there. What one at work holds, and what is another's, stays.
func TestReplaceRemovesWhatDeadProcessesLeft(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "register.avr")
	held, err := Replace(path, []byte("held"), PrivateMode)
	require.NoError(t, err)
	dead, err := Replace(path, []byte("dead"), PrivateMode)
	require.NoError(t, err)
	require.NoError(t, dead.file.Close()) // as the kernel does for a process that dies
	other, err := Replace(path+".2", []byte("other"), PrivateMode)
	require.NoError(t, err)
	require.NoError(t, other.file.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, temporaryPrefix+"register.avr-notes"), nil, 0o600))

	folder := filepath.Join(dir, temporaryPrefix+"register.avr-0123456789abcdef")
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "inner"), 0o750))

	last, err := Replace(path, []byte("last"), PrivateMode)
	require.NoError(t, err)
	assert.NoFileExists(t, dead.file.Name())
	require.NoError(t, last.Commit())
	require.NoError(t, held.Commit(), "who was at work is not disturbed")
	assert.ElementsMatch(t, []string{"register.avr", filepath.Base(other.file.Name()), temporaryPrefix + "register.avr-notes"}, names(t, dir))
}

// On NFS a plain file that is only read from cannot be locked: what a process that died
// has left must be opened for writing.
func TestPlainFilesAreOpenForWritingWhenTheyAreLocked(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "chunk")
	leave := func() {
		dead, err := Replace(path, nil, PrivateMode)
		require.NoError(t, err)
		require.NoError(t, dead.file.Close()) // as the kernel does for a process that dies
	}
	leave()
	locked, onlyRead := map[string]bool{}, []string(nil)
	t.Cleanup(disk.Interfere(func(operation disk.Operation, at string) *disk.Fault {
		switch {
		case operation == disk.OpLock:
			info, err := os.Lstat(at)
			locked[at] = err == nil && info.Mode().IsRegular()
		case operation == disk.OpClose && locked[at]: // of what was open for writing it is OpFinish
			onlyRead = append(onlyRead, at)
		}
		return nil
	}))
	last, err := Replace(path, nil, PrivateMode)
	require.NoError(t, err)
	require.NoError(t, last.Discard())
	leave()
	lock(t, dir)
	assert.Equal(t, []string{lockName}, names(t, dir))
	assert.Len(t, locked, 4, "what was made, the two that were left, and the folder's: %v", locked)
	assert.Empty(t, onlyRead)
}

// What cannot be opened is removed where a process of this user died before it could
// set the mode; it then has nothing in it. All else stays, and stops nobody.
func TestWhatCannotBeOpened(t *testing.T) {
	const foreign = 65533
	for _, row := range []struct {
		why      string
		folder   bool
		contents string
		owner    int
		stays    bool
	}{
		{"a file that was just made", false, "", syscall.Getuid(), false},
		{"a folder that was just made", true, "", syscall.Getuid(), false},
		{"a file with something in it", false, "text", syscall.Getuid(), true},
		{"a folder with something in it", true, "text", syscall.Getuid(), true},
		{"another user's file", false, "", foreign, true},
		{"another user's folder", true, "", foreign, true},
		{"another user's folder with something in it", true, "text", foreign, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			if row.owner == foreign && syscall.Getuid() != 0 {
				t.Skip("only root can give a file to another user")
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "chunk")
			left := filepath.Join(dir, temporaryPrefix+"chunk-0123456789abcdef")
			if file := left; row.folder {
				require.NoError(t, os.Mkdir(left, 0o750))
				file = filepath.Join(left, "file")
				if row.contents != "" {
					require.NoError(t, os.WriteFile(file, []byte(row.contents), 0o600))
				}
			} else {
				require.NoError(t, os.WriteFile(file, []byte(row.contents), 0o600))
			}
			require.NoError(t, os.Lchown(left, row.owner, -1))
			t.Cleanup(disk.Interfere(func(operation disk.Operation, at string) *disk.Fault {
				if operation == disk.OpOpen && at == left { // also for root
					return &disk.Fault{Err: syscall.EACCES}
				}
				return nil
			}))
			for range 2 {
				r, err := Replace(path, nil, PrivateMode)
				require.NoError(t, err)
				require.NoError(t, r.Discard())
				folder, err := Lock(dir)
				require.NoError(t, err)
				require.NoError(t, folder.Unlock())
			}
			_, err := os.Lstat(left)
			assert.Equal(t, row.stays, err == nil)
		})
	}
}

func TestCommitNewReplacesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first, err := Replace(path, []byte("first"), PrivateMode)
	require.NoError(t, err)
	second, err := Replace(path, []byte("second"), PrivateMode)
	require.NoError(t, err)
	require.NoError(t, first.CommitNew())
	require.ErrorIs(t, second.CommitNew(), fs.ErrExist)
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "first", string(contents))
	assert.Equal(t, PrivateMode, mode(t, path))
	assert.Equal(t, []string{"key"}, names(t, filepath.Dir(path)))
}

// What many make beside the same path at once, none takes from another for what a
// process that died has left.
func TestManyMakeTheSameAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made")
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			for range 100 {
				r, err := Replace(path, []byte("whole"), PrivateMode)
				if err == nil {
					err = r.Commit()
				}
				if err != nil {
					return err
				}
				f, err := BeginFresh(path + ".folder")
				if err == nil {
					if err = f.Folder("inner"); err == nil {
						err = f.Discard()
					}
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
}
