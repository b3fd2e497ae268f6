package job

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/dchest/siphash"
	"golang.org/x/sync/errgroup"

	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// The rules across records hold no records in memory. What a rule keeps of a
// record is a candidate: its key, its number, where it stands and its packed
// finding. Each worker puts its candidates into buckets by a hash of the person, on
// disk; all candidates of a key are in the same bucket of one worker or another.
// At the end each bucket is judged by itself, and what is found, which is in order
// worker by worker, is merged into the order of the report.

// acrossBuckets is how many buckets the candidates of one rule are put into at
// a time.
const acrossBuckets = 64

// acrossFrameBytes is how much a worker gathers before it writes to disk.
const acrossFrameBytes = 1 << 19

// acrossBucketCandidates is how many candidates the buckets that are judged at a
// time may have; a larger bucket is divided again. A judge keeps up to a hundred
// bytes for each key that the sieve leaves, so that they take some 50 MB at most.
const acrossBucketCandidates = 500_000

// heldBucketBytes is how large a bucket may be that is read once, and not three times.
const heldBucketBytes = 4 << 20

// maxReducers is how many buckets are judged at a time at most.
const maxReducers = 4

// acrossDepth is how often a bucket is divided: 64⁵ buckets divide any input,
// except for candidates of one key, which cost a judge no more than one key.
const acrossDepth = 5

// candidate is a kept record.
type candidate struct {
	key     rules.Key
	number  identity.Number
	piece   uint32 // in the order of cutting
	row     uint32 // in the piece, from 0
	flagged bool   // by a rule about the record alone
	packed  []byte // of the report.Finding what its record says
}

// position is where the candidate stands in the order of the input.
func (c *candidate) position() rules.Position {
	return rules.Position(c.piece)<<32 | rules.Position(c.row)
}

func (c *candidate) append(dst []byte) []byte {
	dst = append(dst, c.key[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(c.number))
	dst = binary.LittleEndian.AppendUint32(dst, c.piece)
	dst = binary.LittleEndian.AppendUint32(dst, c.row)
	flagged := byte(0)
	if c.flagged {
		flagged = 1
	}
	dst = append(dst, flagged)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(c.packed)))
	return append(dst, c.packed...)
}

// next reads a candidate from src, into which packed then points.
func (c *candidate) next(src []byte) []byte {
	copy(c.key[:], src)
	src = src[rules.KeySize:]
	c.number = identity.Number(binary.LittleEndian.Uint64(src))
	c.piece = binary.LittleEndian.Uint32(src[8:])
	c.row = binary.LittleEndian.Uint32(src[12:])
	c.flagged = src[16] != 0
	size := binary.LittleEndian.Uint32(src[17:])
	c.packed = src[21 : 21+size]
	return src[21+size:]
}

// bucketWriter gathers candidates of one rule and writes them to the spill in
// frames: all buckets of a frame behind one another.
type bucketWriter struct {
	spill   *storage.Spill
	seed    bucketSeed
	buckets [acrossBuckets][]byte
	counts  [acrossBuckets]uint32
	bytes   int
	buffer  []byte
	frames  []frame
}

// frame is where a bucketWriter put its buckets: bucket i at the sizes of those
// before it.
type frame struct {
	extent storage.Extent
	sizes  [acrossBuckets]uint32
	counts [acrossBuckets]uint32
}

// bucket is where a bucket of the frame lies, and how many candidates it has.
func (f *frame) bucket(bucket int) (storage.Extent, int) {
	var before int64
	for _, s := range f.sizes[:bucket] {
		before += int64(s)
	}
	return storage.Extent{Offset: f.extent.Offset + before, Length: int(f.sizes[bucket])}, int(f.counts[bucket])
}

func (w *bucketWriter) add(c *candidate) error {
	bucket := w.seed.bucketOf(&c.key)
	if w.buckets[bucket] == nil {
		w.buckets[bucket] = make([]byte, 0, acrossFrameBytes/acrossBuckets)
	}
	before := len(w.buckets[bucket])
	w.buckets[bucket] = c.append(w.buckets[bucket])
	w.counts[bucket]++
	w.bytes += len(w.buckets[bucket]) - before
	if w.bytes >= acrossFrameBytes {
		return w.flush()
	}
	return nil
}

func (w *bucketWriter) flush() error {
	if w.bytes == 0 {
		return nil
	}
	f := frame{counts: w.counts}
	w.buffer = w.buffer[:0]
	for i, bucket := range w.buckets {
		f.sizes[i] = uint32(len(bucket))
		w.buffer = append(w.buffer, bucket...)
		w.buckets[i] = bucket[:0]
		w.counts[i] = 0
	}
	w.bytes = 0
	var err error
	f.extent, err = w.spill.Write(w.buffer)
	w.frames = append(w.frames, f)
	return err
}

// take gives the frames written so far away and starts anew.
func (w *bucketWriter) take() ([]frame, error) {
	err := w.flush()
	frames := w.frames
	w.frames = nil
	return frames, err
}

// bucketSeed hashes keys into buckets: under a key of its own (SipHash, so that no
// input can be made to fill one bucket), the first bytes of them.
type bucketSeed struct {
	key   [2]uint64
	bytes int
}

func (s *bucketSeed) bucketOf(key *rules.Key) int {
	return int(siphash.Hash(s.key[0], s.key[1], key[:s.bytes]) % acrossBuckets)
}

// personSeed hashes persons alone. Who belongs to a bucket then does not depend on
// the dictionaries that number the texts of a key.
func personSeed(secret [16]byte) bucketSeed {
	return bucketSeed{[2]uint64{binary.LittleEndian.Uint64(secret[:]), binary.LittleEndian.Uint64(secret[8:])}, rules.PersonSize}
}

// newSeeds are seeds that nobody knows: of persons at depth 0, of whole keys
// below, another at each depth.
func newSeeds() (seeds [acrossDepth]bucketSeed) {
	for i := range seeds {
		var secret [16]byte
		_, _ = rand.Read(secret[:]) // never fails
		seeds[i] = personSeed(secret)
		if i > 0 {
			seeds[i].bytes = rules.KeySize
		}
	}
	return seeds
}

func newReducer(spill *storage.Spill, seeds [acrossDepth]bucketSeed, rule uint8, divide int) *reducer {
	across := rules.All()[rule].Across
	return &reducer{spill: spill, seeds: seeds, rule: rule, divide: divide, holds: heldBucketBytes, sieve: sieve{seed: maphash.MakeSeed()}, verdict: across.NewJudge(), writer: chunkWriter{spill: spill, limit: runChunkBytes}}
}

// reducer judges candidates of one rule, bucket by bucket. It is for one goroutine.
type reducer struct {
	spill *storage.Spill
	seeds [acrossDepth]bucketSeed
	rule  uint8
	// divide is how many candidates a bucket may have before it is divided.
	divide int
	buffer []byte
	runs   [][]storage.Extent // of what was found, each in order, on disk
	// A bucket of at most so many bytes is held, and blocks are the candidates of each
	// worker in it.
	holds  int
	held   []byte
	blocks [][]byte
	// What judge uses again for each bucket.
	sieve     sieve
	verdict   rules.Judge
	writer    chunkWriter
	candidate candidate
	found     found
}

// found is a candidate that was found, as it is merged.
type found struct {
	piece, row uint32
	rule       uint8
	flagged    bool
	other      identity.Number
	packed     []byte
}

const foundFixed = 4 + 4 + 1 + 1 + 8 + 4

func (f *found) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, f.piece)
	dst = binary.LittleEndian.AppendUint32(dst, f.row)
	flagged := byte(0)
	if f.flagged {
		flagged = 1
	}
	dst = append(dst, f.rule, flagged)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(f.other))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.packed)))
	return append(dst, f.packed...)
}

func (f *found) next(src []byte) []byte {
	f.piece = binary.LittleEndian.Uint32(src)
	f.row = binary.LittleEndian.Uint32(src[4:])
	f.rule, f.flagged = src[8], src[9] != 0
	f.other = identity.Number(binary.LittleEndian.Uint64(src[10:]))
	size := binary.LittleEndian.Uint32(src[18:])
	f.packed = src[foundFixed : foundFixed+size]
	return src[foundFixed+size:]
}

func compareFound(a, b *found) int {
	return cmp.Or(cmp.Compare(a.piece, b.piece), cmp.Compare(a.row, b.row), cmp.Compare(a.rule, b.rule))
}

// reduceBuckets judges all buckets of the frames of all workers, each of which
// holds its candidates in the order of the input, hashed with the seed of depth 0.
// Each goroutine has a reducer of its own; which of them judges a bucket does not
// matter, since what is found is merged by row.
func reduceBuckets(ctx context.Context, reducers []*reducer, workers [][]frame) ([][]storage.Extent, error) {
	var group errgroup.Group
	var next atomic.Int64
	for _, r := range reducers {
		group.Go(func() error {
			return pipeline.Guard(func() error {
				for bucket := next.Add(1) - 1; bucket < acrossBuckets; bucket = next.Add(1) - 1 {
					if err := r.reduceBucket(ctx, workers, int(bucket), 0); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var runs [][]storage.Extent
	for _, r := range reducers {
		runs = append(runs, r.runs...)
	}
	return runs, nil
}

// reduceBucket judges a bucket of frames hashed with the seed of depth.
func (r *reducer) reduceBucket(ctx context.Context, workers [][]frame, bucket, depth int) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	candidates := 0
	for _, frames := range workers {
		for i := range frames {
			candidates += int(frames[i].counts[bucket])
		}
	}
	switch {
	case candidates == 0:
		return nil
	case candidates <= r.divide || depth+1 == acrossDepth:
		return r.judge(workers, bucket, candidates)
	}
	again := make([][]frame, len(workers))
	for i, frames := range workers {
		divided := &bucketWriter{spill: r.spill, seed: r.seeds[depth+1]}
		err := r.each(frames, bucket, func(c *candidate) error { return divided.add(c) })
		if err != nil {
			return err
		}
		if again[i], err = divided.take(); err != nil {
			return err
		}
	}
	for bucket := range acrossBuckets {
		if err := r.reduceBucket(ctx, again, bucket, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// judge shows a bucket to a judge, twice, and writes what is found of each
// worker's candidates as a run. Most records are alone under their key, and
// nothing is found of those: the sieve spares the judge all but few of them.
func (r *reducer) judge(workers [][]frame, bucket, candidates int) error {
	// Of more than a bucket may have, nearly all are of one key: the sieve then tells less.
	r.sieve.reset(min(candidates, r.divide))
	isHeld, err := r.hold(workers, bucket)
	if err != nil {
		return err
	}
	show := func(worker int, f func(*candidate) error) error {
		if isHeld {
			return r.eachIn(r.blocks[worker], f)
		}
		return r.each(workers[worker], bucket, f)
	}
	for worker := range workers {
		err := show(worker, func(c *candidate) error {
			r.sieve.note(&c.key)
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.verdict.Reset()
	for worker := range workers {
		err := show(worker, func(c *candidate) error {
			if !r.sieve.isAlone(&c.key) {
				r.verdict.Note(&c.key, c.number, c.position())
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for worker := range workers {
		err := show(worker, func(c *candidate) error {
			if r.sieve.isAlone(&c.key) {
				return nil
			}
			other, ok := r.verdict.Decide(&c.key, c.number, c.position())
			if !ok {
				return nil
			}
			r.found = found{piece: c.piece, row: c.row, rule: r.rule, flagged: c.flagged, other: other, packed: c.packed}
			return r.writer.put(r.found.append(r.writer.buffer))
		})
		if err != nil {
			return err
		}
		written, err := r.writer.take()
		if err != nil {
			return err
		}
		if len(written) > 0 {
			r.runs = append(r.runs, written)
		}
	}
	return nil
}

// sieve tells keys that one record alone has. Of keys that several have it never
// says so; of some of the others it does not know.
type sieve struct {
	seed maphash.Seed
	// A bit for each place to which keys are hashed: records have been there, and
	// more than one.
	once, more []uint64
}

// sieveBits is how many places there are at least for each record.
const sieveBits = 16

// reset forgets all keys, and makes room for those of so many records.
func (s *sieve) reset(records int) {
	words := 1 << bits.Len(uint(records*sieveBits/64))
	s.once, s.more = append(s.once[:0], make([]uint64, words)...), append(s.more[:0], make([]uint64, words)...)
}

func (s *sieve) note(key *rules.Key) {
	word, bit := s.place(key)
	s.more[word] |= s.once[word] & bit
	s.once[word] |= bit
}

func (s *sieve) isAlone(key *rules.Key) bool {
	word, bit := s.place(key)
	return s.more[word]&bit == 0
}

func (s *sieve) place(key *rules.Key) (word int, bit uint64) {
	hash := maphash.Bytes(s.seed, key[:])
	return int(hash>>6) & (len(s.once) - 1), 1 << (hash & 63)
}

// each calls f with the candidates of a bucket in the order of frames.
func (r *reducer) each(frames []frame, bucket int, f func(*candidate) error) error {
	for i := range frames {
		extent, count := frames[i].bucket(bucket)
		if count == 0 {
			continue
		}
		var err error
		if r.buffer, err = r.spill.Read(extent, r.buffer); err != nil {
			return err
		}
		if err := r.eachIn(r.buffer, f); err != nil {
			return err
		}
	}
	return nil
}

// eachIn calls f with the candidates that stand in a block.
func (r *reducer) eachIn(block []byte, f func(*candidate) error) error {
	for c := &r.candidate; len(block) > 0; {
		block = c.next(block)
		if err := f(c); err != nil {
			return err
		}
	}
	return nil
}

// hold reads all of a bucket that is not too large.
func (r *reducer) hold(workers [][]frame, bucket int) (isHeld bool, err error) {
	size := 0
	for _, frames := range workers {
		for i := range frames {
			size += int(frames[i].sizes[bucket])
		}
	}
	if size > r.holds {
		return false, nil
	}
	r.held, r.blocks = slices.Grow(r.held[:0], size)[:size], r.blocks[:0]
	rest := r.held
	for _, frames := range workers {
		block := rest
		for i := range frames {
			extent, _ := frames[i].bucket(bucket)
			if _, err := r.spill.Read(extent, rest[:extent.Length]); err != nil {
				return false, err
			}
			rest = rest[extent.Length:]
		}
		r.blocks = append(r.blocks, block[:len(block)-len(rest)])
	}
	return true, nil
}

// runChunkBytes is how much of each run is in memory while runs are merged.
const runChunkBytes = 32 << 10

// runReader reads a run from its start.
type runReader struct {
	spill   *storage.Spill
	extents []storage.Extent
	buffer  []byte
	rest    []byte
	head    found
}

// next moves head on; it reports false at the end.
func (r *runReader) next() (bool, error) {
	if len(r.rest) == 0 {
		if len(r.extents) == 0 {
			return false, nil
		}
		var err error
		r.buffer, err = r.spill.Read(r.extents[0], r.buffer)
		if err != nil {
			return false, fmt.Errorf("cannot merge findings across records: %w", err)
		}
		r.extents = r.extents[1:]
		r.rest = r.buffer
	}
	r.rest = r.head.next(r.rest)
	return true, nil
}

// merge calls f with everything that runs hold, in the order of the report:
// pieces, rows, rules. It merges mergeWidth runs at a time, so that memory is
// bounded however many there are.
func merge(spill *storage.Spill, runs [][]storage.Extent, f func(*found) error) error {
	const mergeWidth = 256
	for len(runs) > mergeWidth {
		writer := chunkWriter{spill: spill, limit: runChunkBytes}
		add := func(found *found) error { return writer.put(found.append(writer.buffer)) }
		if err := mergeSome(spill, runs[:mergeWidth], add); err != nil {
			return err
		}
		merged, err := writer.take()
		if err != nil {
			return err
		}
		runs = append(slices.Clone(runs[mergeWidth:]), merged)
	}
	return mergeSome(spill, runs, f)
}

func mergeSome(spill *storage.Spill, runs [][]storage.Extent, f func(*found) error) error {
	var readers []*runReader
	for _, run := range runs {
		readers = append(readers, &runReader{spill: spill, extents: run})
	}
	compare := func(a, b *runReader) int { return compareFound(&a.head, &b.head) }
	return storage.Merge(readers, compare, (*runReader).next, func(r *runReader) error { return f(&r.head) })
}
