package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/avstam/avstam/disk"
)

// Spill is one temporary file for what does not fit in memory. It has no name
// from the moment it is made, so that nothing of it is left however the process
// ends. It is safe for use by several goroutines.
type Spill struct {
	file *disk.File
	size atomic.Int64
}

// Extent is where a chunk lies in a Spill. The zero Extent is an empty chunk.
type Extent struct {
	Offset int64
	Length int // bytes
}

// Spill makes a temporary file in the folder.
func (f *Folder) Spill() (*Spill, error) {
	file, err := unnamed(f.path)
	if err != nil {
		return nil, err
	}
	return &Spill{file: file}, nil
}

// NewSpill makes a temporary file in the system's folder for them (TMPDIR), for
// a run that has no output folder.
func NewSpill() (*Spill, error) {
	file, err := Unnamed()
	if err != nil {
		return nil, err
	}
	return &Spill{file: file}, nil
}

// Unnamed makes a file in the system's folder for temporary files (TMPDIR), open
// for reading and writing, that has no name: nothing of it is left however the
// process ends.
func Unnamed() (*disk.File, error) { return unnamed(os.TempDir()) }

func unnamed(folder string) (*disk.File, error) {
	path := filepath.Join(folder, temporaryName())
	file, err := disk.CreateNew(path, PrivateMode)
	if err != nil {
		return nil, fmt.Errorf("cannot make a temporary file: %w", err)
	}
	if err := disk.Remove(path); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("cannot make a temporary file: %w", err)
	}
	return file, nil
}

// Write appends a chunk and says where it lies.
func (s *Spill) Write(chunk []byte) (Extent, error) {
	extent := Extent{Offset: s.size.Add(int64(len(chunk))) - int64(len(chunk)), Length: len(chunk)}
	if _, err := s.file.WriteAt(chunk, extent.Offset); err != nil {
		return Extent{}, fmt.Errorf("cannot write to a temporary file: %w", err)
	}
	return extent, nil
}

// Read reads a chunk into buffer, which it makes larger where it is too small,
// and returns it, as long as the chunk.
func (s *Spill) Read(extent Extent, buffer []byte) ([]byte, error) {
	if cap(buffer) < extent.Length {
		buffer = make([]byte, extent.Length)
	}
	buffer = buffer[:extent.Length]
	if _, err := s.file.ReadAt(buffer, extent.Offset); err != nil {
		return nil, fmt.Errorf("cannot read from a temporary file: %w", err)
	}
	return buffer, nil
}

// Size is how many bytes have been written.
func (s *Spill) Size() int64 { return s.size.Load() }

// Close gives the space back.
func (s *Spill) Close() error { return s.file.Close() }
