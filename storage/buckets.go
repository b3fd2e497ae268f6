package storage

// BucketCount is how many buckets Buckets have, one for each first byte.
const BucketCount = 256

// Buckets put entries of one size into buckets by their first byte, so that
// entries that are evenly spread, being hashes, can be looked at a bucket at a
// time: limit of them are in memory, the others in a temporary file. They are for
// one goroutine; when nothing more is added, several may look.
type Buckets struct {
	spill        *Spill
	width        int // of an entry, in bytes
	limit, count int // entries in memory
	buckets      [BucketCount][]byte
	buffer       []byte
	frames       []bucketFrame
}

// bucketFrame is where the buckets that were in memory lie, one behind the other.
type bucketFrame struct {
	offset  int64
	entries [BucketCount]uint32
}

// NewBuckets are empty buckets for entries of width bytes, of which at most limit
// are in memory.
func NewBuckets(spill *Spill, width, limit int) *Buckets {
	return &Buckets{spill: spill, width: width, limit: limit}
}

// Add takes an entry, which it copies. The error is that of the temporary file.
func (b *Buckets) Add(entry []byte) error {
	bucket := b.buckets[entry[0]]
	if bucket == nil {
		bucket = make([]byte, 0, b.width*max(1, b.limit/BucketCount*5/4))
	}
	b.buckets[entry[0]] = append(bucket, entry[:b.width]...)
	if b.count++; b.count < b.limit {
		return nil
	}
	return b.flush()
}

func (b *Buckets) flush() error {
	var frame bucketFrame
	b.buffer = b.buffer[:0]
	for i, bucket := range b.buckets {
		frame.entries[i] = uint32(len(bucket) / b.width)
		b.buffer = append(b.buffer, bucket...)
		b.buckets[i] = bucket[:0]
	}
	b.count = 0
	extent, err := b.spill.Write(b.buffer)
	frame.offset = extent.Offset
	b.frames = append(b.frames, frame)
	return err
}

// Count is how many entries a bucket has.
func (b *Buckets) Count(bucket int) int {
	count := len(b.buckets[bucket]) / b.width
	for i := range b.frames {
		count += int(b.frames[i].entries[bucket])
	}
	return count
}

// Each calls use with the entries of a bucket, in the order in which they were
// added, some at a time, one behind the other. They are good until use returns;
// buffer is used again. The error is that of use or of the temporary file.
func (b *Buckets) Each(bucket int, buffer *[]byte, use func(entries []byte) error) error {
	for i := range b.frames {
		frame := &b.frames[i]
		before := int64(0)
		for _, entries := range frame.entries[:bucket] {
			before += int64(entries)
		}
		if frame.entries[bucket] == 0 {
			continue
		}
		var err error
		width := int64(b.width)
		extent := Extent{Offset: frame.offset + before*width, Length: int(frame.entries[bucket]) * b.width}
		if *buffer, err = b.spill.Read(extent, *buffer); err != nil {
			return err
		}
		if err := use(*buffer); err != nil {
			return err
		}
	}
	return use(b.buckets[bucket])
}
