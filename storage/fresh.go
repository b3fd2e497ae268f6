package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/avstam/avstam/disk"
)

// Fresh is a folder that is made beside the place where it is to be, where there
// is nothing yet, and is there whole or not at all. Nothing is ever replaced.
type Fresh struct {
	path string
	temp string     // empty once it is published or discarded
	held *disk.File // temp
}

// BeginFresh begins what is to be at a path: a folder, or one file of it. It is
// refused where something is there; the folder above it is made where it is
// missing.
func BeginFresh(path string) (*Fresh, error) {
	path = filepath.Clean(path)
	above := filepath.Dir(path)
	err := mustNotExist(path)
	if err == nil {
		err = disk.MakeFolders(above, FolderMode)
	}
	f := &Fresh{path: path}
	if err == nil {
		f.temp, f.held, err = makeHeldFolder(func() (string, error) { return nameBeside(path) }, makeFolder)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot write to %s: %w", path, err)
	}
	return f, nil
}

// Folder makes a folder in it.
func (f *Fresh) Folder(name string) error {
	if err := makeFolder(filepath.Join(f.temp, name)); err != nil {
		return fmt.Errorf("cannot write to %s: %w", f.path, err)
	}
	return nil
}

// Create makes a file in it, or in a folder in it, with exactly that mode. The
// caller closes it before the folder is published.
func (f *Fresh) Create(name string, mode fs.FileMode) (*disk.File, error) {
	if !filepath.IsLocal(name) {
		return nil, fmt.Errorf("cannot create %q: it lies elsewhere", name)
	}
	file, err := disk.CreateNew(filepath.Join(f.temp, name), mode)
	if err != nil {
		return nil, fmt.Errorf("cannot create %s: %w", name, err)
	}
	return file, nil
}

// Publish puts the folder in its place.
func (f *Fresh) Publish() error {
	err := syncAllIn(f.temp)
	if err == nil {
		err = mustNotExist(f.path)
	}
	if err == nil {
		// What comes between is not replaced either, unless it is an empty folder.
		err = disk.Rename(f.temp, f.path)
	}
	if err == nil {
		if err = persist(filepath.Dir(f.path)); err != nil {
			err = errors.Join(err, takenBack(disk.Rename(f.path, f.temp)))
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", f.path, err)
	}
	f.temp = ""
	_ = f.held.Close() // it was only held
	return nil
}

// PublishFile puts one file of the folder in its place instead, and nothing of
// the others.
func (f *Fresh) PublishFile(name string) error {
	err := syncAllIn(f.temp)
	if err == nil {
		err = disk.Link(filepath.Join(f.temp, name), f.path) // fails where something is there
	}
	if err == nil {
		if err = persist(filepath.Dir(f.path)); err != nil {
			err = errors.Join(err, takenBack(disk.Remove(f.path)))
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", f.path, err)
	}
	_ = f.Discard() // what is left the next call removes
	return nil
}

// Discard removes the folder. It does nothing to one that has been published.
func (f *Fresh) Discard() error {
	if f.temp == "" {
		return nil
	}
	err := disk.RemoveAll(f.temp)
	_ = f.held.Close() // it was only held
	f.temp = ""
	if err != nil {
		return fmt.Errorf("cannot discard what was not published: %w", err)
	}
	return nil
}
