package report

import (
	"context"
	"encoding/binary"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/storage"
	"golang.org/x/sync/errgroup"
)

// idBuckets is how many buckets ids are put into, by their first byte: they are
// evenly spread, being hashes.
const idBuckets = storage.BucketCount

// collectedIDs is how many ids an idCollector gathers before it writes them to
// the temporary file: 1 MiB, which stays in a core's cache.
const collectedIDs = 1 << 20 / entryBytes

// idCollector puts the ids of one worker's findings into buckets, with the places
// of the findings; where they are followed, with their records and rules too.
type idCollector struct {
	buckets *storage.Buckets
	width   int
	entry   [followedBytes]byte
}

func newIDCollector(spill *storage.Spill, limit int) *idCollector {
	return &idCollector{buckets: storage.NewBuckets(spill, entryBytes, limit), width: entryBytes}
}

// add takes the id of the finding at a place of the report. needsOccurrence
// marks an id that is to be made different in its second occurrence and those
// that follow. The error is that of the temporary file.
func (c *idCollector) add(id [16]byte, place uint64, needsOccurrence bool) error {
	mark := uint64(0)
	if needsOccurrence {
		mark = 1
	}
	*(*[16]byte)(c.entry[:]) = id
	binary.BigEndian.PutUint64(c.entry[16:], place<<1|mark)
	return c.buckets.Add(c.entry[:c.width])
}

// each calls use with the ids of a bucket.
func (c *idCollector) each(bucket int, buffer *[]byte, use func(entry) error) error {
	return c.buckets.Each(bucket, buffer, func(entries []byte) error {
		for ; len(entries) > 0; entries = entries[c.width:] {
			e := entry{binary.BigEndian.Uint64(entries), binary.BigEndian.Uint64(entries[8:]), binary.BigEndian.Uint64(entries[16:])}
			if err := use(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// repeats finds, among the ids of a run's findings in the order of the report,
// those that have come before. Its memory is that of a bucket for each worker
// and of two sorters, at most 24 MiB each, and 12 KiB for every million findings.
type repeats struct {
	spill      *storage.Spill
	limit      int // ids of a bucket in memory
	collectors []*idCollector

	repeated    atomic.Int64
	large       sync.Mutex             // held for a bucket that does not fit in memory
	mutex       sync.Mutex             // of what follows
	occurrences *storage.Sorter[entry] // by place
	marked      [idBuckets]bool        // buckets with such a finding
}

// find counts the ids that stay repeated, and gives the occurrence of each
// finding that needs one and is not the first of its id: entries of the
// finding's place in the report and its occurrence, from 2, by place.
func (r *repeats) find(ctx context.Context, workers int) (repeated int64, occurrences iter.Seq2[entry, error], err error) {
	r.occurrences = newSorter(r.spill, r.limit)
	var group errgroup.Group
	var next atomic.Int64
	for range workers {
		group.Go(func() error {
			return pipeline.Guard(func() error {
				var scan bucketScan
				for bucket := next.Add(1) - 1; bucket < idBuckets; bucket = next.Add(1) - 1 {
					if err := context.Cause(ctx); err != nil {
						return err
					}
					if err := r.scan(int(bucket), &scan); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		return 0, nil, err
	}
	return r.repeated.Load(), r.occurrences.Sorted(), nil
}

// bucketScan is what a worker uses again for each bucket.
type bucketScan struct {
	buffer  []byte
	entries []entry
	slots   []uint32 // of a hash table: places in entries, from 1
}

func (r *repeats) scan(bucket int, s *bucketScan) error {
	count := 0
	for _, c := range r.collectors {
		count += c.buckets.Count(bucket)
	}
	if count > r.limit {
		return r.scanLarge(bucket, s)
	}
	s.entries = s.entries[:0]
	if err := r.each(bucket, s, func(e entry) error {
		s.entries = append(s.entries, e)
		return nil
	}); err != nil {
		return err
	}
	if !s.hasRepeats() {
		return nil
	}
	slices.SortFunc(s.entries, compareEntries)
	var run idRun
	for _, e := range s.entries {
		if err := r.follow(&run, e); err != nil {
			return err
		}
	}
	return nil
}

func (r *repeats) each(bucket int, s *bucketScan, use func(entry) error) error {
	for _, c := range r.collectors {
		if err := c.each(bucket, &s.buffer, use); err != nil {
			return err
		}
	}
	return nil
}

// hasRepeats says whether two entries have the same id. Mostly none have, and
// asking takes a tenth of the time that sorting does.
func (s *bucketScan) hasRepeats() bool {
	size := 64
	for size < 2*len(s.entries) {
		size *= 2
	}
	if size > cap(s.slots) {
		s.slots = make([]uint32, size)
	}
	s.slots = s.slots[:size]
	clear(s.slots)
	for i := range s.entries {
		e := &s.entries[i]
		slot := int(e.second) & (size - 1)
		for s.slots[slot] != 0 {
			if other := &s.entries[s.slots[slot]-1]; other.first == e.first && other.second == e.second {
				return true
			}
			slot = (slot + 1) & (size - 1)
		}
		s.slots[slot] = uint32(i + 1)
	}
	return false
}

// scanLarge does the same for a bucket that does not fit in memory: as good as
// all its findings have the same id.
func (r *repeats) scanLarge(bucket int, s *bucketScan) error {
	r.large.Lock()
	defer r.large.Unlock()
	ids := newSorter(r.spill, r.limit)
	if err := r.each(bucket, s, ids.Add); err != nil {
		return err
	}
	var run idRun
	for e, err := range ids.Sorted() {
		if err != nil {
			return err
		}
		if err := r.follow(&run, e); err != nil {
			return err
		}
	}
	return nil
}

// idRun is the id that was seen last, and how often.
type idRun struct {
	first, second, occurrence uint64
}

// follow takes the next entry of a bucket in the order of ids and places.
func (r *repeats) follow(run *idRun, e entry) error {
	if run.occurrence == 0 || e.first != run.first || e.second != run.second {
		*run = idRun{e.first, e.second, 1}
		return nil
	}
	run.occurrence++
	if e.third&1 == 0 {
		r.repeated.Add(1)
		return nil
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.marked[byte(e.first>>56)] = true
	return r.occurrences.Add(entry{first: e.third >> 1, second: run.occurrence})
}
