package report

import (
	"iter"

	"github.com/avstam/avstam/storage"
)

// Order brings any number of triples of integers into order, by their parts in
// turn, in fixed memory: 24 MiB, and a temporary file beyond that.
type Order struct{ sorter *storage.Sorter[entry] }

// NewOrder is an Order without triples.
func NewOrder(spill *storage.Spill) *Order { return &Order{newSorter(spill, sorterEntries)} }

// Add takes a triple. The error is that of the temporary file.
func (o *Order) Add(triple [3]uint64) error {
	return o.sorter.Add(entry{triple[0], triple[1], triple[2]})
}

// Sorted are all triples in order. Nothing may be added afterwards. The error,
// with which it ends, is that of the temporary file.
func (o *Order) Sorted() iter.Seq2[[3]uint64, error] {
	return func(yield func([3]uint64, error) bool) {
		for e, err := range o.sorter.Sorted() {
			if !yield([3]uint64{e.first, e.second, e.third}, err) {
				return
			}
		}
	}
}
