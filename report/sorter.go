package report

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/avstam/avstam/storage"
)

const (
	// sorterEntries is how many entries a sorter keeps in memory: 24 MiB.
	sorterEntries = 1 << 20
	// sorterReadEntries is how many of each sorted run are read at once: 48 KiB.
	sorterReadEntries = 2048
	entryBytes        = 24
)

// entry is what a sorter sorts, by its three parts in their order.
type entry struct{ first, second, third uint64 }

func compareEntries(a, b entry) int {
	// The first part mostly decides.
	if a.first != b.first {
		return cmp.Compare(a.first, b.first)
	}
	if a.second != b.second {
		return cmp.Compare(a.second, b.second)
	}
	return cmp.Compare(a.third, b.third)
}

// sorter sorts any number of entries in fixed memory: limit of them, and beyond
// that sorted runs of limit entries in a temporary file, of each of which 48 KiB
// are in memory while they are merged.
type sorter struct {
	spill   *storage.Spill
	limit   int
	entries []entry
	runs    [][]storage.Extent
	buffer  []byte
}

func newSorter(spill *storage.Spill, limit int) *sorter {
	return &sorter{spill: spill, limit: limit}
}

// add takes an entry. The error is that of the temporary file.
func (s *sorter) add(e entry) error {
	if len(s.entries) == s.limit {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.entries = append(s.entries, e)
	return nil
}

// flush writes the entries in memory as one sorted run.
func (s *sorter) flush() error {
	slices.SortFunc(s.entries, compareEntries)
	var run []storage.Extent
	for chunk := range slices.Chunk(s.entries, sorterReadEntries) {
		s.buffer = s.buffer[:0]
		for _, e := range chunk {
			s.buffer = binary.LittleEndian.AppendUint64(s.buffer, e.first)
			s.buffer = binary.LittleEndian.AppendUint64(s.buffer, e.second)
			s.buffer = binary.LittleEndian.AppendUint64(s.buffer, e.third)
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

// sorted are all entries in order. Nothing may be added afterwards. The error,
// with which it ends, is that of the temporary file.
func (s *sorter) sorted() iter.Seq2[entry, error] {
	slices.SortFunc(s.entries, compareEntries)
	return func(yield func(entry, error) bool) {
		merge := sortedRuns{{entries: s.entries}}
		for _, run := range s.runs {
			merge = append(merge, &sortedRun{spill: s.spill, extents: run})
		}
		for i := len(merge) - 1; i >= 0; i-- {
			more, err := merge[i].fill()
			if err != nil {
				yield(entry{}, err)
				return
			}
			if !more {
				merge = slices.Delete(merge, i, i+1)
			}
		}
		heap.Init(&merge)
		for len(merge) > 0 {
			run := merge[0]
			if !yield(run.entries[0], nil) {
				return
			}
			run.entries = run.entries[1:]
			more, err := run.fill()
			switch {
			case err != nil:
				yield(entry{}, err)
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
type sortedRun struct {
	entries []entry
	spill   *storage.Spill
	extents []storage.Extent
	loaded  []entry
	buffer  []byte
}

// fill reads on where no entry is in memory, and reports whether there is one.
func (r *sortedRun) fill() (bool, error) {
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
	for b := r.buffer; len(b) >= entryBytes; b = b[entryBytes:] {
		r.loaded = append(r.loaded, entry{
			binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:]),
		})
	}
	r.entries = r.loaded
	return true, nil
}

// sortedRuns is the heap of runs by their next entry.
type sortedRuns []*sortedRun

func (r sortedRuns) Len() int           { return len(r) }
func (r sortedRuns) Less(i, j int) bool { return compareEntries(r[i].entries[0], r[j].entries[0]) < 0 }
func (r sortedRuns) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *sortedRuns) Push(x any)        { *r = append(*r, x.(*sortedRun)) }
func (r *sortedRuns) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}
