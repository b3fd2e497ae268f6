package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/avstam/avstam/objects"
)

// Join puts a name behind the path of a folder, as filepath.Join does, which would
// take a slash from s3://.
func Join(folder, name string) string {
	if objects.Is(folder) {
		return objects.Join(folder, filepath.ToSlash(filepath.Clean(name)))
	}
	return filepath.Join(folder, name)
}

// Dir is the folder of a path, as filepath.Dir has it.
func Dir(path string) string {
	if objects.Is(path) {
		return objects.Dir(path)
	}
	return filepath.Dir(path)
}

// IsObject says whether a path leads to object storage.
func IsObject(path string) bool { return objects.Is(path) }

// IsAbs says whether a path is the same wherever the process stands.
func IsAbs(path string) bool { return objects.Is(path) || filepath.IsAbs(path) }

// SameFile says whether both are the same file, as os.SameFile does, or the same
// object with the same contents.
func SameFile(a, b fs.FileInfo) bool {
	if object, ok := a.(*objects.Info); ok {
		other, ok := b.(*objects.Info)
		return ok && object.Same(other)
	}
	return os.SameFile(a, b)
}

// IsChanged says whether what is now at hand is another file than before, or has been
// written to since.
func IsChanged(now, before fs.FileInfo) bool {
	return now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) || !SameFile(now, before)
}

// ETag tells contents of an object from others; it is empty of a file.
func ETag(info fs.FileInfo) string {
	if object, ok := info.(*objects.Info); ok {
		return object.ETag()
	}
	return ""
}

func openObject(path string) (*File, error) {
	if err := ask(OpOpen, path); err != nil {
		return nil, err
	}
	object, err := objects.Open(path)
	if err != nil {
		return nil, err
	}
	return &File{object: object, closing: OpClose}, nil
}

func (f *File) read(p []byte) (int, error) {
	if f.object != nil {
		return f.object.Read(p)
	}
	if f.isPipe {
		if err := awaitPipe(f.file); err != nil {
			return 0, &fs.PathError{Op: string(OpRead), Path: f.Name(), Err: err}
		}
	}
	return f.file.Read(p)
}

func (f *File) readAt(p []byte, offset int64) (int, error) {
	if f.object != nil {
		return f.object.ReadAt(p, offset)
	}
	return f.file.ReadAt(p, offset)
}

func (f *File) close() error {
	if f.object != nil {
		return f.object.Close()
	}
	return f.file.Close()
}

// walkObjects walks a folder of object storage.
func walkObjects(root string, each fs.WalkDirFunc) error {
	info, err := Lstat(root)
	if err != nil {
		return each(root, nil, err)
	}
	if err := walkObject(root, fs.FileInfoToDirEntry(info), each); !errors.Is(err, fs.SkipDir) && !errors.Is(err, fs.SkipAll) {
		return err
	}
	return nil
}

func walkObject(path string, entry fs.DirEntry, each fs.WalkDirFunc) error {
	if err := each(path, entry, nil); err != nil || !entry.IsDir() {
		return err
	}
	entries, err := ReadDir(path)
	if err != nil {
		return each(path, entry, err)
	}
	for _, entry := range entries {
		if err := walkObject(Join(path, entry.Name()), entry, each); errors.Is(err, fs.SkipDir) {
			if entry.IsDir() {
				continue
			}
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// errObject says that object storage is no place for what is asked.
var errObject = errors.New("it lies on object storage, where only inputs are read and the reports of a run are published: name a local path")

// refuseObject refuses what only files can do, also where the path of an object has
// lost a slash on the way.
func refuseObject(operation Operation, path string) error {
	if !strings.HasPrefix(path, "s3:/") {
		return nil
	}
	if objects.Is(path) {
		switch operation {
		case OpOpen, OpRead, OpStat, OpReadFolder, OpClose:
			return nil
		}
	}
	return &fs.PathError{Op: string(operation), Path: path, Err: errObject}
}
