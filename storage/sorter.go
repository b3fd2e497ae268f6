package storage

import (
	"errors"
	"fmt"
	"iter"
	"slices"
)

// SorterEntries is how many entries of 24 bytes a Sorter keeps in memory as a
// rule: 24 MiB.
const SorterEntries = 1 << 20

// sorterReadEntries is how many of each sorted run are read at once: 48 KiB of
// entries of 24 bytes.
const sorterReadEntries = 2048

// Form is how the entries of a Sorter are compared, and how they lie in a
// temporary file: all in as many bytes.
type Form[Entry any] struct {
	Bytes   int
	Append  func(dst []byte, e Entry) []byte
	Read    func(src []byte) Entry // of Bytes bytes, which are not kept
	Compare func(a, b Entry) int
}

// Sorter sorts any number of entries in fixed memory: limit of them, and beyond
// that sorted runs of limit entries in a temporary file, of each of which 2,048
// entries are in memory while they are merged.
type Sorter[Entry any] struct {
	spill   *Spill
	form    *Form[Entry]
	limit   int
	entries []Entry
	runs    [][]Extent
	buffer  []byte
}

// NewSorter is a sorter that keeps at most limit entries in memory.
func NewSorter[Entry any](spill *Spill, form *Form[Entry], limit int) *Sorter[Entry] {
	return &Sorter[Entry]{spill: spill, form: form, limit: limit}
}

// Add takes an entry. The error is that of the temporary file.
func (s *Sorter[Entry]) Add(e Entry) error {
	if len(s.entries) == s.limit {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.entries = append(s.entries, e)
	return nil
}

// flush writes the entries in memory as one sorted run.
func (s *Sorter[Entry]) flush() error {
	slices.SortFunc(s.entries, s.form.Compare)
	var run []Extent
	for chunk := range slices.Chunk(s.entries, sorterReadEntries) {
		s.buffer = s.buffer[:0]
		for _, e := range chunk {
			s.buffer = s.form.Append(s.buffer, e)
		}
		if len(s.buffer) != len(chunk)*s.form.Bytes {
			panic(fmt.Sprintf("BUG: %d entries take %d bytes, not %d each", len(chunk), len(s.buffer), s.form.Bytes))
		}
		extent, err := s.spill.Write(s.buffer)
		if err != nil {
			return err
		}
		run = append(run, extent)
	}
	s.runs = append(s.runs, run)
	s.entries = s.entries[:0]
	return nil
}

// Sorted are all entries in order. Nothing may be added afterwards. The error,
// with which it ends, is that of the temporary file.
func (s *Sorter[Entry]) Sorted() iter.Seq2[Entry, error] {
	slices.SortFunc(s.entries, s.form.Compare)
	return func(yield func(Entry, error) bool) {
		runs := []*sortedRun[Entry]{{entries: s.entries}}
		for _, run := range s.runs {
			runs = append(runs, &sortedRun[Entry]{spill: s.spill, form: s.form, extents: run})
		}
		compare := func(a, b *sortedRun[Entry]) int { return s.form.Compare(a.head, b.head) }
		err := Merge(runs, compare, (*sortedRun[Entry]).next, func(run *sortedRun[Entry]) error {
			if !yield(run.head, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && err != errEnough {
			var none Entry
			yield(none, err)
		}
	}
}

// errEnough says that no more entries are wanted.
var errEnough = errors.New("no more entries are wanted")

// sortedRun is a run: its head, and what is left of it, entries in memory, then extents.
type sortedRun[Entry any] struct {
	head    Entry
	entries []Entry
	spill   *Spill
	form    *Form[Entry]
	extents []Extent
	loaded  []Entry
	buffer  []byte
}

// next moves on to the next entry, and reports whether there is one.
func (r *sortedRun[Entry]) next() (bool, error) {
	if len(r.entries) == 0 {
		if len(r.extents) == 0 {
			return false, nil
		}
		var err error
		if r.buffer, err = r.spill.Read(r.extents[0], r.buffer); err != nil {
			return false, err
		}
		r.extents = r.extents[1:]
		r.loaded = r.loaded[:0]
		for b := r.buffer; len(b) >= r.form.Bytes; b = b[r.form.Bytes:] {
			r.loaded = append(r.loaded, r.form.Read(b[:r.form.Bytes]))
		}
		r.entries = r.loaded
	}
	r.head, r.entries = r.entries[0], r.entries[1:]
	return true, nil
}
