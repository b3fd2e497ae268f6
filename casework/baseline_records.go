package casework

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/storage"
)

// Limits of the filter of sought records, in bits.
const (
	soughtBitsEach = 16 // for each finding, so that one in sixteen other records passes at most
	minSoughtBits  = 1 << 16
	maxSoughtBits  = 1 << 28 // 32 MiB
)

// Sought are the records that a baseline's findings are about, as a bitmap by
// their keys. It does not change, and is shared by all who read records.
type Sought struct {
	bitmap []uint64
	shift  uint
}

func newSought(findings int64) *Sought {
	size := min(max(uint64(findings)*soughtBitsEach, minSoughtBits), maxSoughtBits)
	width := bits.Len64(size - 1)
	return &Sought{bitmap: make([]uint64, (1<<width)/64), shift: uint(64 - width)}
}

// bit is where a key stands in the bitmap. The first byte of keys makes the bucket.
func (s *Sought) bit(key report.RecordKey) uint64 { return binary.BigEndian.Uint64(key[8:]) >> s.shift }

// Bitmap is what ReadSought reads.
func (s *Sought) Bitmap() []byte {
	bitmap := make([]byte, 0, 8*len(s.bitmap))
	for _, word := range s.bitmap {
		bitmap = binary.LittleEndian.AppendUint64(bitmap, word)
	}
	return bitmap
}

// ReadSought are the sought records of another process.
func ReadSought(bitmap []byte) (*Sought, error) {
	size := 8 * len(bitmap)
	if size < minSoughtBits || size > maxSoughtBits || bits.OnesCount(uint(size)) != 1 {
		return nil, fmt.Errorf("%d bytes are no bitmap of sought records", len(bitmap))
	}
	s := &Sought{bitmap: make([]uint64, size/64), shift: uint(64 - bits.Len64(uint64(size-1)))}
	for i := range s.bitmap {
		s.bitmap[i] = binary.LittleEndian.Uint64(bitmap[8*i:])
	}
	return s, nil
}

func (s *Sought) add(key report.RecordKey) {
	bit := s.bit(key)
	s.bitmap[bit/64] |= 1 << (bit % 64)
}

// collectedKeys is how many keys of read records are in memory: 2 MiB.
const collectedKeys = 2 << 20 / len(report.RecordKey{})

// ReadRecords are the records that one worker has read of those that are sought,
// and a few others.
type ReadRecords struct {
	sought  *Sought
	buckets *storage.Buckets
}

// NewReadRecords is for one worker.
func (s *Sought) NewReadRecords(spill *storage.Spill) *ReadRecords {
	return &ReadRecords{sought: s, buckets: storage.NewBuckets(spill, len(report.RecordKey{}), collectedKeys)}
}

// Note is told of every record that is read. The error is that of the temporary file.
func (r *ReadRecords) Note(key report.RecordKey) error {
	bit := r.sought.bit(key)
	if r.sought.bitmap[bit/64]&(1<<(bit%64)) == 0 {
		return nil
	}
	return r.buckets.Add(key[:])
}

// Each calls use with the keys of all records that were noted, some at a time, one
// behind the other. They are good until use returns, whose error it is, or that of the
// temporary file.
func (r *ReadRecords) Each(use func(keys []byte) error) error {
	var buffer []byte
	for bucket := range storage.BucketCount {
		if err := r.buckets.Each(bucket, &buffer, use); err != nil {
			return err
		}
	}
	return nil
}
