package storage

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/avstam/avstam/disk"
)

// Replacement is a file written beside another that it is about to replace.
type Replacement struct {
	path string
	file *disk.File // under its temporary name, and held
}

// BeginReplacement makes an empty temporary file beside path, which may or may
// not exist, and removes those for the same path that processes that died have
// left. Nothing at path changes before Commit.
func BeginReplacement(path string, mode fs.FileMode) (*Replacement, error) {
	file, err := createHeld(path, mode)
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return &Replacement{path: path, file: file}, nil
}

// Replace is a replacement with all of its contents on disk, so that Commit cannot
// fail for want of space.
func Replace(path string, contents []byte, mode fs.FileMode) (*Replacement, error) {
	r, err := BeginReplacement(path, mode)
	if err != nil {
		return nil, err
	}
	_, err = r.file.Write(contents)
	if err := errors.Join(err, r.file.Sync()); err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, errors.Join(err, r.Discard()))
	}
	return r, nil
}

// Write appends to the temporary file.
func (r *Replacement) Write(p []byte) (int, error) { return r.file.Write(p) }

// Commit puts the file on disk and in its place.
func (r *Replacement) Commit() error {
	err := r.file.Sync()
	if err == nil {
		err = disk.Rename(r.file.Name(), r.path)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", r.path, errors.Join(err, r.Discard()))
	}
	if err := errors.Join(r.file.Close(), persist(filepath.Dir(r.path))); err != nil {
		return fmt.Errorf("cannot write %s: %w", r.path, err)
	}
	return nil
}

// CommitNew puts the file on disk and in its place, where there must be nothing
// yet: else the error is fs.ErrExist.
func (r *Replacement) CommitNew() error {
	err := r.file.Sync()
	if err == nil {
		err = disk.Link(r.file.Name(), r.path)
	}
	if err := errors.Join(err, r.Discard()); err != nil {
		return fmt.Errorf("cannot write %s: %w", r.path, err)
	}
	if err := persist(filepath.Dir(r.path)); err != nil {
		return fmt.Errorf("cannot write %s: %w", r.path, err)
	}
	return nil
}

// Discard removes the temporary file instead.
func (r *Replacement) Discard() error {
	if err := errors.Join(disk.Remove(r.file.Name()), r.file.Close()); err != nil {
		return fmt.Errorf("cannot remove a temporary file: %w", err)
	}
	return nil
}

// createHeld makes a temporary file beside path that this process holds as long as
// it is open, after removing what processes that died have left for the same path.
func createHeld(path string, mode fs.FileMode) (*disk.File, error) {
	_, file, err := makeHeld(
		func() (string, error) { return nameBeside(path) },
		func(temporary string) (*disk.File, error) { return disk.CreateNew(temporary, mode) })
	return file, err
}

// heldTries is how often a file is made that another process takes away meanwhile.
const heldTries = 10

// makeHeld makes a file or folder at a path that name gives, and takes it for this
// process. Between the two another process could take it for one that was left: it
// then has the lock, or has removed it, and another is made.
func makeHeld(name func() (string, error), make func(path string) (*disk.File, error)) (path string, file *disk.File, err error) {
	for range heldTries {
		if path, err = name(); err != nil {
			return "", nil, err
		}
		if file, err = make(path); err == nil {
			if err = holdNew(file, path); err == nil {
				return path, file, nil
			}
			err = errors.Join(err, file.Close(), disk.RemoveAll(path))
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
	}
	return "", nil, err
}

// holdNew takes what was just made at a path. The error is fs.ErrNotExist where it
// is no longer there.
func holdNew(file *disk.File, path string) error {
	if err := hold(file); err != nil {
		return err
	}
	mine, err := file.Stat()
	if err != nil {
		return err
	}
	there, err := disk.Lstat(path)
	if err == nil && !disk.SameFile(mine, there) {
		err = fs.ErrNotExist
	}
	return err
}

// makeHeldFolder is makeHeld of a folder, which mkdir makes.
func makeHeldFolder(name func() (string, error), mkdir func(path string) error) (path string, folder *disk.File, err error) {
	return makeHeld(name, func(path string) (*disk.File, error) {
		var folder *disk.File
		err := mkdir(path)
		if err == nil {
			folder, err = disk.Open(path)
		}
		if err != nil {
			return nil, errors.Join(err, disk.RemoveAll(path))
		}
		return folder, nil
	})
}

// hold takes a file or folder for this process, until it is closed. The kernel
// gives it back when the process ends, however it ends: so what those that died
// have left can be told from what others are at work on.
func hold(file *disk.File) error {
	return file.TryLock()
}

// nameBeside is a name that no other file has for what is to be put at path when
// it is whole. What processes that died have left for the same path is removed.
func nameBeside(path string) (string, error) {
	folder, prefix := filepath.Dir(path), temporaryPrefix+filepath.Base(path)+"-"
	entries, err := disk.ReadDir(folder)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) && isRandom(entry.Name()[len(prefix):]) && (entry.Type().IsRegular() || entry.IsDir()) {
			if err := removeDead(filepath.Join(folder, entry.Name())); err != nil {
				return "", err
			}
		}
	}
	return filepath.Join(folder, prefix+randomName()), nil
}

// removeDead removes a temporary file or folder that no process holds.
func removeDead(path string) error {
	// NFS locks no plain file that is only read from, see flock(2).
	file, err := disk.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.EISDIR) {
		file, err = disk.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process has removed or renamed it
	}
	if errors.Is(err, fs.ErrPermission) {
		return removeUnopened(path)
	}
	if err != nil {
		return err
	}
	defer file.Close() // it is only held
	if err := hold(file); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	} else if err != nil {
		return err
	}
	return disk.RemoveAll(path)
}

// removeUnopened removes what may not be opened, where a process of this user died
// before it could set the mode, and wrote nothing. What is another user's stays: he may
// be at work on it.
func removeUnopened(path string) error {
	info, err := disk.Lstat(path)
	if err == nil && (!isOwn(info) || info.Mode().IsRegular() && info.Size() > 0) {
		return nil
	}
	if err == nil {
		err = disk.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return nil
	}
	return err
}

// isOwn says whether a file or folder is this user's.
func isOwn(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) == syscall.Getuid()
}

// randomBytes are as many as make names that no other file has.
const randomBytes = 8

func randomName() string {
	var random [randomBytes]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

func isRandom(name string) bool {
	decoded, err := hex.DecodeString(name)
	return err == nil && len(decoded) == randomBytes
}

// CheckReplaceable fails where a file of a kind must not be put at path: where
// something else is there than a file that begins as one of that kind does, since who
// names a wrong path must not lose what lies there. kind is for the message, as in "is
// no snapshot".
func CheckReplaceable(path, kind, begin string) error {
	info, err := disk.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder", path)
	case !info.Mode().IsRegular(): // a link of /dev, say, which would be replaced itself
		return fmt.Errorf("%s is no file", path)
	}
	file, err := disk.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() // only read from
	begins := make([]byte, len(begin))
	n, err := io.ReadFull(file, begins)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if n > 0 && string(begins) != begin {
		return fmt.Errorf("%s is there already, and is no %s: it would be lost", path, kind)
	}
	return nil
}
