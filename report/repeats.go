package report

import (
	"encoding/binary"
	"iter"

	"github.com/avstam/avstam/storage"
)

// repeats finds, among the ids of a run's findings in the order of the report,
// those that have come before. Its memory is that of two sorters, 48 MiB and
// 48 KiB for every million findings.
type repeats struct {
	spill    *storage.Spill
	limit    int
	ids      *sorter
	sequence uint64
}

func newRepeats(spill *storage.Spill, limit int) *repeats {
	return &repeats{spill: spill, limit: limit, ids: newSorter(spill, limit)}
}

// add takes the id of the next finding. needsOccurrence marks an id that is to
// be made different in its second occurrence and those that follow.
func (r *repeats) add(id [16]byte, needsOccurrence bool) error {
	mark := uint64(0)
	if needsOccurrence {
		mark = 1
	}
	e := entry{binary.BigEndian.Uint64(id[:]), binary.BigEndian.Uint64(id[8:]), r.sequence<<1 | mark}
	r.sequence++
	return r.ids.add(e)
}

// find counts the ids that stay repeated, and gives the occurrence of each
// finding that needs one and is not the first of its id: entries of the
// finding's place in the report, from 0, and its occurrence, from 2, by place.
func (r *repeats) find() (repeated int64, occurrences iter.Seq2[entry, error], err error) {
	bySequence := newSorter(r.spill, r.limit)
	var before entry
	var occurrence uint64
	for e, err := range r.ids.sorted() {
		if err != nil {
			return 0, nil, err
		}
		if occurrence > 0 && e.first == before.first && e.second == before.second {
			occurrence++
			if e.third&1 == 0 {
				repeated++
			} else if err := bySequence.add(entry{first: e.third >> 1, second: occurrence}); err != nil {
				return 0, nil, err
			}
		} else {
			occurrence = 1
		}
		before = e
	}
	r.ids = nil
	return repeated, bySequence.sorted(), nil
}
