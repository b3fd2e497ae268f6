package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Replacement is a file written beside another that it is about to replace.
type Replacement struct {
	path, temporary string
}

// Replace writes contents to a temporary file beside path, which may or may not
// exist. Nothing at path changes before Commit, which cannot fail for want of
// space.
func Replace(path string, contents []byte, mode fs.FileMode) (*Replacement, error) {
	temporary := filepath.Join(filepath.Dir(path), temporaryName())
	file, err := createExclusive(temporary, mode)
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	_, err = file.Write(contents)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, errors.Join(err, os.Remove(temporary)))
	}
	return &Replacement{path: path, temporary: temporary}, nil
}

// Commit puts the file in its place.
func (r *Replacement) Commit() error {
	if err := os.Rename(r.temporary, r.path); err != nil {
		return fmt.Errorf("cannot write %s: %w", r.path, errors.Join(err, os.Remove(r.temporary)))
	}
	return nil
}

// Discard removes the temporary file instead.
func (r *Replacement) Discard() error {
	if err := os.Remove(r.temporary); err != nil {
		return fmt.Errorf("cannot remove a temporary file: %w", err)
	}
	return nil
}
