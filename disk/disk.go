// Package disk is the one door to files and folders: every other package goes
// through it and none around it. What it does is what package os does, so that a
// test can stand in the door (Interfere) and let the n-th call of a run fail, as
// full and broken disks do.
//
// What is named s3://bucket/key lies on object storage and is read through package
// objects, by the same functions. Nothing is written there but by package storage:
// whatever makes or changes a file refuses such a path.
//
// Its errors are those of package os: fs.PathError, and os.LinkError where two
// paths are concerned.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/avstam/avstam/objects"
)

// File is an open file or folder, or an object.
type File struct {
	file    *os.File
	closing Operation
	object  *objects.File // instead of file
	isPipe  bool          // a read waits until Interrupt
}

// StandardInput is standard input as a file. Nobody closes it.
func StandardInput() *File { return &File{file: os.Stdin, closing: OpClose} }

// IsStandardInput says whether the file is standard input.
func (f *File) IsStandardInput() bool { return f.file == os.Stdin }

// IsObject says whether it is an object, of which much is to be read at a time.
func (f *File) IsObject() bool { return f.object != nil }

// Open opens a file or folder for reading. Of a named pipe it waits, as its reads do,
// for whoever writes into it, until Interrupt.
func Open(path string) (*File, error) {
	if objects.Is(path) {
		return openObject(path)
	}
	return OpenFile(path, os.O_RDONLY, 0)
}

// Reason is why a file could not be read, for a message that names it: without the
// call that failed and the path, and in one wording where there is no such file.
func Reason(err error) error {
	told := err
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		told = pathError.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return reason{"there is no such file", err}
	}
	return reason{told.Error(), err}
}

// reason is an error in other words.
type reason struct {
	text string
	error
}

func (r reason) Error() string { return r.text }
func (r reason) Unwrap() error { return r.error }

// Create makes a file, or empties the one that there is, for writing.
func Create(path string, mode fs.FileMode) (*File, error) {
	return OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
}

// CreateNew makes a file that must not exist, for reading and writing, with exactly
// that mode, whatever the umask. A symbolic link is refused, too.
func CreateNew(path string, mode fs.FileMode) (*File, error) {
	file, err := OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, mode)
	if err != nil {
		return nil, err
	}
	if err := file.Chmod(mode); err != nil {
		return nil, errors.Join(err, file.Close(), Remove(path))
	}
	return file, nil
}

// OpenFile opens a file with flags as of package os.
func OpenFile(path string, flags int, mode fs.FileMode) (*File, error) {
	operation, closing := OpOpen, OpClose
	if flags&os.O_CREATE != 0 {
		operation = OpCreate
	}
	if flags&(os.O_WRONLY|os.O_RDWR) != 0 {
		closing = OpFinish
	}
	if err := ask(operation, path); err != nil {
		return nil, err
	}
	if flags == os.O_RDONLY && isPipe(path) {
		file, err := openPipe(path)
		if err != nil {
			return nil, err
		}
		return &File{file: file, closing: closing, isPipe: true}, nil
	}
	file, err := os.OpenFile(path, flags, mode)
	if err != nil {
		return nil, err
	}
	return &File{file: file, closing: closing}, nil
}

// Name is the path that the file was opened by.
func (f *File) Name() string {
	if f.object != nil {
		return f.object.Name()
	}
	return f.file.Name()
}

// Stat describes the file.
func (f *File) Stat() (fs.FileInfo, error) {
	if err := ask(OpStat, f.Name()); err != nil {
		return nil, err
	}
	if f.object != nil {
		return f.object.Stat()
	}
	return f.file.Stat()
}

// Chmod sets the file's mode.
func (f *File) Chmod(mode fs.FileMode) error {
	if err := ask(OpChmod, f.Name()); err != nil {
		return err
	}
	return f.file.Chmod(mode)
}

// Read reads as an io.Reader does.
func (f *File) Read(p []byte) (int, error) {
	if fault := faultOf(OpRead, f.Name()); fault != nil {
		return fault.do(OpRead, f.Name(), p, f.read)
	}
	return f.read(p)
}

// ReadAt reads as an io.ReaderAt does, which never stops early without an error.
func (f *File) ReadAt(p []byte, offset int64) (int, error) {
	if fault := faultOf(OpRead, f.Name()); fault != nil && fault.Err != nil {
		return fault.do(OpRead, f.Name(), p, func(p []byte) (int, error) { return f.readAt(p, offset) })
	}
	return f.readAt(p, offset)
}

// Seek sets where Read and Write go on.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	if f.object != nil {
		return f.object.Seek(offset, whence)
	}
	return f.file.Seek(offset, whence)
}

// Write writes as an io.Writer does.
func (f *File) Write(p []byte) (int, error) {
	if fault := faultOf(OpWrite, f.Name()); fault != nil && fault.Err != nil {
		return fault.do(OpWrite, f.Name(), p, f.file.Write)
	}
	return f.file.Write(p)
}

// WriteString writes a text.
func (f *File) WriteString(text string) (int, error) { return f.Write([]byte(text)) }

// WriteAt writes as an io.WriterAt does.
func (f *File) WriteAt(p []byte, offset int64) (int, error) {
	if fault := faultOf(OpWrite, f.Name()); fault != nil && fault.Err != nil {
		return fault.do(OpWrite, f.Name(), p, func(p []byte) (int, error) { return f.file.WriteAt(p, offset) })
	}
	return f.file.WriteAt(p, offset)
}

// Sync puts on disk what has been written of the file, or the names in a folder.
func (f *File) Sync() error {
	if err := ask(OpSync, f.Name()); err != nil {
		return err
	}
	return f.file.Sync()
}

// Close closes the file, also where it returns an error. What was written may be
// lost then.
func (f *File) Close() error {
	name := f.Name()
	if err := f.close(); err != nil {
		return err
	}
	return ask(f.closing, name)
}

// ReadFile reads a whole file.
func ReadFile(path string) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // only read from
	return io.ReadAll(file)
}

// WriteFile makes a file with all of its contents, or replaces those of the one
// that there is.
func WriteFile(path string, contents []byte, mode fs.FileMode) error {
	file, err := OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(contents)
	return errors.Join(err, file.Close())
}

// Stat describes what is at a path, behind symbolic links.
func Stat(path string) (fs.FileInfo, error) {
	if err := ask(OpStat, path); err != nil {
		return nil, err
	}
	if objects.Is(path) {
		return objects.Stat(path)
	}
	return os.Stat(path)
}

// Lstat describes what is at a path, which may be a symbolic link.
func Lstat(path string) (fs.FileInfo, error) {
	if err := ask(OpStat, path); err != nil {
		return nil, err
	}
	if objects.Is(path) {
		return objects.Lstat(path)
	}
	return os.Lstat(path)
}

// ReadDir are the entries of a folder, by name.
func ReadDir(path string) ([]fs.DirEntry, error) {
	if err := ask(OpReadFolder, path); err != nil {
		return nil, err
	}
	if objects.Is(path) {
		return objects.ReadDir(path)
	}
	return os.ReadDir(path)
}

// WalkDir walks a folder as filepath.WalkDir does.
func WalkDir(root string, each fs.WalkDirFunc) error {
	if objects.Is(root) {
		return walkObjects(root, each)
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ask(OpReadFolder, path)
		}
		return each(path, entry, err)
	})
}

// EvalSymlinks is a path without symbolic links, as filepath.EvalSymlinks has it.
func EvalSymlinks(path string) (string, error) {
	if err := ask(OpStat, path); err != nil {
		return "", err
	}
	if objects.Is(path) {
		return objects.EvalSymlinks(path)
	}
	return filepath.EvalSymlinks(path)
}

// Readlink is where a symbolic link leads.
func Readlink(path string) (string, error) {
	if err := ask(OpStat, path); err != nil {
		return "", err
	}
	return os.Readlink(path)
}

// Mkdir makes a folder.
func Mkdir(path string, mode fs.FileMode) error {
	if err := ask(OpMakeFolder, path); err != nil {
		return err
	}
	return os.Mkdir(path, mode)
}

// MakeFolders makes a folder, and those above it, where they are missing, each with
// exactly that mode, whatever the umask. Those that are there stay as they are.
func MakeFolders(path string, mode fs.FileMode) error {
	path = filepath.Clean(path)
	if err := refuseObject(OpMakeFolder, path); err != nil {
		return err
	}
	info, err := Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: string(OpMakeFolder), Path: path, Err: syscall.ENOTDIR}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	err = Mkdir(path, mode)
	if above := filepath.Dir(path); errors.Is(err, fs.ErrNotExist) && above != path {
		if err = MakeFolders(above, mode); err == nil {
			err = Mkdir(path, mode)
		}
	}
	switch {
	case err == nil:
		return Chmod(path, mode)
	case errors.Is(err, fs.ErrExist):
		if info, statErr := Stat(path); statErr == nil && info.IsDir() {
			return nil // others have made it meanwhile, and see to its mode
		}
	}
	return err
}

// Chmod sets the mode of what is at a path.
func Chmod(path string, mode fs.FileMode) error {
	if err := ask(OpChmod, path); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// Rename gives what is at a path another one.
func Rename(from, to string) error {
	if err := askLink(OpRename, from, to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// Link gives a file one more path.
func Link(from, to string) error {
	if err := askLink(OpLink, from, to); err != nil {
		return err
	}
	return os.Link(from, to)
}

// Symlink makes a symbolic link.
func Symlink(target, path string) error {
	if err := askLink(OpSymlink, target, path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

// Remove removes a file or an empty folder.
func Remove(path string) error {
	if err := ask(OpRemove, path); err != nil {
		return err
	}
	return os.Remove(path)
}

// RemoveAll removes what is at a path with all that is in it.
func RemoveAll(path string) error {
	if err := ask(OpRemoveAll, path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

var (
	_ io.ReadWriteCloser = (*File)(nil)
	_ io.ReaderAt        = (*File)(nil)
	_ io.ReadSeeker      = (*File)(nil)
)
