package storage

import (
	"container/heap"
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
		var none Entry
		merge := sortedRuns[Entry]{compare: s.form.Compare, runs: []*sortedRun[Entry]{{entries: s.entries}}}
		for _, run := range s.runs {
			merge.runs = append(merge.runs, &sortedRun[Entry]{spill: s.spill, form: s.form, extents: run})
		}
		for i := len(merge.runs) - 1; i >= 0; i-- {
			more, err := merge.runs[i].fill()
			if err != nil {
				yield(none, err)
				return
			}
			if !more {
				merge.runs = slices.Delete(merge.runs, i, i+1)
			}
		}
		heap.Init(&merge)
		for len(merge.runs) > 0 {
			run := merge.runs[0]
			if !yield(run.entries[0], nil) {
				return
			}
			run.entries = run.entries[1:]
			more, err := run.fill()
			switch {
			case err != nil:
				yield(none, err)
				return
			case more:
				heap.Fix(&merge, 0)
			default:
				heap.Pop(&merge)
			}
		}
	}
}

// sortedRun is what is left of a run: entries in memory, then extents.
type sortedRun[Entry any] struct {
	entries []Entry
	spill   *Spill
	form    *Form[Entry]
	extents []Extent
	loaded  []Entry
	buffer  []byte
}

// fill reads on where no entry is in memory, and reports whether there is one.
func (r *sortedRun[Entry]) fill() (bool, error) {
	if len(r.entries) > 0 {
		return true, nil
	}
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
	return true, nil
}

// sortedRuns is the heap of runs by their next entry.
type sortedRuns[Entry any] struct {
	runs    []*sortedRun[Entry]
	compare func(a, b Entry) int
}

func (r sortedRuns[Entry]) Len() int { return len(r.runs) }
func (r sortedRuns[Entry]) Less(i, j int) bool {
	return r.compare(r.runs[i].entries[0], r.runs[j].entries[0]) < 0
}
func (r sortedRuns[Entry]) Swap(i, j int) { r.runs[i], r.runs[j] = r.runs[j], r.runs[i] }
func (r *sortedRuns[Entry]) Push(x any)   { r.runs = append(r.runs, x.(*sortedRun[Entry])) }
func (r *sortedRuns[Entry]) Pop() any {
	last := r.runs[len(r.runs)-1]
	r.runs = r.runs[:len(r.runs)-1]
	return last
}
