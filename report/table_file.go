package report

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/avstam/avstam/disk"
)

// tableFile is a file of a table that is being written, and digested on the way:
// what the manifest tells is what was meant to be written, whatever the disk has
// made of it.
type tableFile struct {
	file   *disk.File
	digest hash.Hash // nil for a stream, which has no manifest
	size   int64
}

// Write writes on.
func (f *tableFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.size += int64(n)
	if f.digest != nil {
		_, _ = f.digest.Write(p[:n]) // never fails
	}
	return n, err
}

// createTable creates a file of a table, by its name in the draft.
func (w *Writer) createTable(name string) (*tableFile, error) {
	file, err := w.create(name)
	if err != nil {
		return nil, err
	}
	table := &tableFile{file: file}
	if w.draft != nil {
		table.digest = sha256.New()
		w.written[name] = table
	}
	return table, nil
}

// outputOfTable is what the manifest tells of a table that has been written.
func (w *Writer) outputOfTable(name string) Output {
	table := w.written[name]
	return Output{Name: name, Size: table.size, SHA256: hex.EncodeToString(table.digest.Sum(nil))}
}
