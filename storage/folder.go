package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/avstam/avstam/disk"
)

// ErrHeld says that another run holds the output folder.
var ErrHeld = errors.New("another run holds the folder")

// Folder is an output folder that this process alone writes to.
type Folder struct {
	path string
	lock *disk.File
}

// Lock makes the output folder where it does not exist, takes it for this
// process and removes what runs that died have left in it. The error is ErrHeld
// where another run has it. A symbolic link is refused, for the folder itself
// and for the lock, so that nobody can lead the output elsewhere.
//
// The kernel gives the lock back when the process ends, however it ends.
func Lock(dir string) (*Folder, error) {
	dir = filepath.Clean(dir) // "link/" would be taken for the folder behind it
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, lockName)
	lock, err := disk.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, PrivateMode)
	if err != nil {
		return nil, fmt.Errorf("cannot open the lock of the output folder: %w", err)
	}
	if err := lock.TryLock(); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("cannot write to %s: %w", dir, ErrHeld)
		}
		return nil, fmt.Errorf("cannot lock %s: %w", dir, err)
	}
	folder := &Folder{path: dir, lock: lock}
	if err := errors.Join(lock.Chmod(PrivateMode), folder.removeLeftovers()); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("cannot prepare %s: %w", dir, err)
	}
	return folder, nil
}

// Path is the folder's path.
func (f *Folder) Path() string { return f.path }

// Unlock gives the folder back. Drafts and spills of it must be finished.
func (f *Folder) Unlock() error { return f.lock.Close() }

// removeLeftovers removes the drafts of runs that died. Only the holder of the
// lock may: to everyone else they look the same as the draft of a run at work.
func (f *Folder) removeLeftovers() error {
	entries, err := disk.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), temporaryPrefix) {
			continue
		}
		remove := disk.RemoveAll
		if entry.IsDir() || entry.Type().IsRegular() {
			remove = removeDead // what a command at work writes here, say notices, stays
		}
		if err := remove(filepath.Join(f.path, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// MakeFolder makes a folder, and those above it, where they do not exist. A
// symbolic link in its place is refused.
func MakeFolder(dir string) error { return makeFolder(filepath.Clean(dir)) }

// PointLatest points latest at a published run, as Draft.Publish does, whose process
// may have died before it could. newer is what it is of Publish.
func (f *Folder) PointLatest(run string) (newer string, err error) {
	newer, err = f.newerThan(run)
	if err != nil || newer != "" {
		return newer, err
	}
	link := filepath.Join(f.path, temporaryName())
	if err := disk.Symlink(run, link); err != nil {
		return "", err
	}
	if _, err = f.pointLatest(link); err != nil {
		_ = disk.Remove(link) // where it is still there
	}
	return "", err
}

// makeFolder makes a folder, and those above it, where they do not exist.
func makeFolder(dir string) error {
	info, err := disk.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := disk.MakeFolders(dir, FolderMode); err != nil {
			return fmt.Errorf("cannot make the output folder: %w", err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("cannot use the output folder: %w", err)
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("cannot use %s for output: it is a symbolic link; name the folder that it leads to", dir)
	case !info.IsDir():
		return fmt.Errorf("cannot use %s for output: it is not a folder", dir)
	}
	return nil
}

// temporaryName is a name that no other file has and that Lock removes.
func temporaryName() string { return temporaryPrefix + randomName() }

// persist makes what is written of a file, or a folder's names, survive a power cut.
func persist(path string) error {
	file, err := disk.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// Remove removes a published report from the folder. It is gone at once: what
// is removed bit by bit has another name.
func (f *Folder) Remove(run string) error {
	if err := checkRunName(run); err != nil {
		return fmt.Errorf("cannot remove a report: %w", err)
	}
	temporary := filepath.Join(f.path, temporaryName())
	if err := disk.Rename(filepath.Join(f.path, run), temporary); err != nil {
		return fmt.Errorf("cannot remove the report %s: %w", run, err)
	}
	if err := disk.RemoveAll(temporary); err != nil {
		return fmt.Errorf("cannot remove the report %s: %w", run, err)
	}
	return nil
}

// IsMark says whether a name in a folder tells that a run has had it for its output:
// those of the lock, of latest and of what failed. Reports have other names.
func IsMark(name string) bool { return name == lockName || name == latestName || name == failedName }

// runNames are the names that runs give their reports: they sort by time.
var runNames = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}$`)

// IsRunName says whether a name has the form of a run's.
func IsRunName(name string) bool { return runNames.MatchString(name) }

// Latest is the name of the folder that latest leads to, by however many links; empty
// where it leads nowhere or there is none.
func (f *Folder) Latest() (string, error) { return latestIn(f.path) }

// CheckLatest fails where no run can have latest of the output folder at dir lead to its
// report. The folder need not be there yet.
func CheckLatest(dir string) error {
	if _, err := latestIn(dir); err != nil {
		return fmt.Errorf("cannot publish in %s: %w", dir, err)
	}
	return nil
}

// latestIn is Latest of the output folder at dir. It fails where latest is no symbolic
// link.
func latestIn(dir string) (string, error) {
	path := filepath.Join(dir, latestName)
	info, err := disk.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case info.Mode()&fs.ModeSymlink == 0:
		return "", fmt.Errorf("%s is there and is not a symbolic link", latestName)
	}
	folder, err := disk.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return filepath.Base(folder), nil
}
