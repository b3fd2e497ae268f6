package readers

import (
	"cmp"
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"slices"

	"github.com/avstam/avstam/disk"
)

const (
	// limitHeld is how many bytes of a row group are held in memory at most, so
	// that they are hashed and decoded from one reading. A greater row group is
	// read twice.
	limitHeld = 128 << 20
	// hashBlock is how much of what is not decoded is read and hashed at a time.
	hashBlock = 256 << 10
)

// parquetBytes gives out the bytes of a Parquet file by row groups.
type parquetBytes struct {
	file    *File
	parquet *parquetFile
	options *Options
	part    *Chunk // of the file that is read; nil for all of it
}

// groups are the first row group that is read and the one behind the last.
func (b *parquetBytes) groups() (first, end int) {
	if b.part == nil {
		return 0, len(b.parquet.groups)
	}
	return b.part.FirstGroup, b.part.FirstGroup + b.part.Groups
}

// span are the offsets of the bytes that are digested.
func (b *parquetBytes) span() (start, end int64) {
	if b.part == nil {
		return 0, b.parquet.stat.Size()
	}
	return b.part.Offset, b.part.Offset + b.part.Length
}

func newParquetBytes(file *File, parquet *parquetFile, options *Options) *parquetBytes {
	return &parquetBytes{file: file, parquet: parquet, options: options}
}

// rowGroupBytes are the bytes of one row group, for one reader at a time.
type rowGroupBytes struct {
	rowGroup int
	io.ReaderAt
	close func()       // gives them back; is called once
	check func() error // that the file has not changed; nil of bytes that are held
}

// finish says, once they have been read, whether they were those of the file whose
// metadata were read. Its error names the file.
func (b *rowGroupBytes) finish() error {
	if b.check == nil {
		return nil
	}
	return b.check()
}

// each calls use with each row group that has rows, in order. Whoever has the
// bytes closes them, from any goroutine: of those whose bytes are held in
// memory, there are two more than workers at a time, and each waits for one to
// be closed. With Options.Digest the file's SHA-256 is set when each returns
// without an error: it is that of the bytes that were given out.
func (b *parquetBytes) each(ctx context.Context, use func(rowGroupBytes) error) error {
	if !b.options.Digest {
		if ranges, ok := b.heldRanges(); ok && b.parquet.handle.IsObject() {
			return b.eachFetched(ctx, ranges, use)
		}
		return b.eachFromFile(ctx, use, b.tell)
	}
	ranges, ok := b.heldRanges()
	if !ok {
		return b.eachThenHash(ctx, use)
	}
	return b.eachHashed(ctx, ranges, use)
}

// tell tells of bytes read.
func (b *parquetBytes) tell(count int64) {
	if b.options.Bytes != nil {
		b.options.Bytes(count)
	}
}

// eachFromFile has the pages read from the file as they are wanted. The size of
// the file is told in equal shares.
func (b *parquetBytes) eachFromFile(ctx context.Context, use func(rowGroupBytes) error, tell func(int64)) error {
	start, end := b.span()
	size := end - start
	groups := b.parquet.groups
	first, last := b.groups()
	told := int64(0)
	for i := first; i < last; i++ {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if groups[i].rows != 0 {
			b.parquet.retain()
			// A file that was only read needs no error of its closing.
			if err := use(rowGroupBytes{i, b.parquet.handle, func() { _ = b.parquet.release() }, b.parquet.checkUnchanged}); err != nil {
				return err
			}
		}
		share := size / int64(last-first)
		told += share
		tell(share)
	}
	tell(size - told)
	return nil
}

// eachThenHash has the pages read from the file as they are wanted, and hashes
// the file apart. That both saw the same bytes is told by the file's size, time
// of change and identity, after each.
func (b *parquetBytes) eachThenHash(ctx context.Context, use func(rowGroupBytes) error) error {
	if err := b.eachFromFile(ctx, use, func(int64) {}); err != nil {
		return err
	}
	return b.eachHashed(ctx, nil, nil)
}

// byteRange is a run of bytes of the file, and where it is held.
type byteRange struct {
	start, end int64
	held       int // offset in the buffer
}

// heldRanges are the ranges of bytes wanted of each row group, in their order.
// It reports false where they do not follow each other in the file, or are too
// great to hold.
func (b *parquetBytes) heldRanges() ([][]byteRange, bool) {
	groups := b.parquet.groups
	all := make([][]byteRange, len(groups))
	at, _ := b.span()
	for i, last := b.groups(); i < last; i++ {
		if groups[i].rows == 0 {
			continue
		}
		ranges := make([]byteRange, len(groups[i].chunks))
		for j, chunk := range groups[i].chunks {
			ranges[j] = byteRange{start: chunk.start, end: chunk.end}
		}
		slices.SortFunc(ranges, func(x, y byteRange) int { return cmp.Compare(x.start, y.start) })
		held := int64(0)
		for j := range ranges {
			if ranges[j].start < at {
				return nil, false
			}
			at = ranges[j].end
			ranges[j].held = int(held)
			held += ranges[j].end - ranges[j].start
			if held > limitHeld {
				return nil, false
			}
		}
		all[i] = ranges
	}
	return all, true
}

// eachHashed reads the file once, from start to end, through the hash, and
// keeps the ranges of bytes that are wanted for use.
func (b *parquetBytes) eachHashed(ctx context.Context, ranges [][]byteRange, use func(rowGroupBytes) error) error {
	start, _ := b.span()
	if _, err := b.parquet.handle.Seek(start, io.SeekStart); err != nil {
		return cannotRead(b.parquet.path, err)
	}
	reader := hashReader{ctx: ctx, parquet: b.parquet, at: start, hash: sha256.New(), block: make([]byte, hashBlock), tell: b.tell}
	err := b.eachHeld(ctx, ranges, use, func(r byteRange, p []byte) error {
		if err := reader.skipTo(r.start); err != nil {
			return err
		}
		return reader.read(p)
	})
	if err != nil {
		return err
	}
	return b.finishHash(&reader)
}

// eachHeld has the wanted ranges of each row group read into memory.
func (b *parquetBytes) eachHeld(ctx context.Context, ranges [][]byteRange, use func(rowGroupBytes) error, read func(byteRange, []byte) error) error {
	// The free list: the buffers are made as they are first taken.
	free := make(chan []byte, max(b.options.Workers, 1)+2)
	for range cap(free) {
		free <- nil
	}
	first, last := b.groups()
	for i := first; i < last && ranges != nil; i++ {
		if b.parquet.groups[i].rows == 0 {
			continue
		}
		wanted := ranges[i]
		var buffer []byte
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case buffer = <-free:
		}
		size := 0
		for _, r := range wanted {
			size += int(r.end - r.start)
		}
		if cap(buffer) < size {
			buffer = make([]byte, size+size/8)
		}
		buffer = buffer[:cap(buffer)]
		for _, r := range wanted {
			if err := read(r, buffer[r.held:][:r.end-r.start]); err != nil {
				return err
			}
		}
		if err := use(rowGroupBytes{i, &heldBytes{wanted, buffer}, func() { free <- buffer }, nil}); err != nil {
			return err
		}
	}
	return nil
}

// finishHash hashes what is left of the bytes, and sees to it that the file is
// the one whose metadata were read.
func (b *parquetBytes) finishHash(reader *hashReader) error {
	_, end := b.span()
	if err := reader.skipTo(min(end, b.parquet.footerStart())); err != nil {
		return err
	}
	if end > b.parquet.footerStart() {
		footer := make([]byte, b.parquet.footerBytes)
		if err := reader.read(footer); err != nil {
			return err
		}
		if sha256.Sum256(footer) != b.parquet.footerSum {
			return cannotRead(b.parquet.path, errChanged)
		}
	}
	if err := b.parquet.checkUnchanged(); err != nil {
		return err
	}
	// The path may by now lead to another file.
	if there, err := disk.Stat(b.parquet.path); err == nil && !disk.SameFile(there, b.parquet.stat) {
		return cannotRead(b.parquet.path, errChanged)
	}
	return b.file.state(reader.hash.Sum(nil))
}

// hashReader reads a file from start to end and hashes it.
type hashReader struct {
	ctx     context.Context
	parquet *parquetFile
	at      int64
	hash    hash.Hash
	block   []byte // for what is not kept
	tell    func(int64)
}

// skipTo hashes the bytes up to an offset.
func (r *hashReader) skipTo(offset int64) error {
	for r.at < offset {
		if err := r.read(r.block[:min(int64(len(r.block)), offset-r.at)]); err != nil {
			return err
		}
	}
	return nil
}

// read reads and hashes the next bytes, a block at a time, so that they are
// hashed while the cache has them.
func (r *hashReader) read(p []byte) error {
	for len(p) > 0 {
		if err := context.Cause(r.ctx); err != nil {
			return err
		}
		block := p[:min(len(p), hashBlock)]
		n, err := io.ReadFull(r.parquet.handle, block)
		if err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				err = errChanged
			}
			return cannotRead(r.parquet.path, err)
		}
		r.hash.Write(block)
		r.at += int64(n)
		r.tell(int64(n))
		p = p[n:]
	}
	return nil
}

// heldBytes are ranges of bytes of a file, held in memory.
type heldBytes struct {
	ranges []byteRange
	buffer []byte
}

// ReadAt reads within one of the ranges.
func (h *heldBytes) ReadAt(p []byte, offset int64) (int, error) {
	for _, r := range h.ranges {
		if offset < r.start || offset >= r.end {
			continue
		}
		n := copy(p, h.buffer[r.held:][offset-r.start:r.end-r.start])
		if n < len(p) {
			return n, io.EOF
		}
		return n, nil
	}
	return 0, io.EOF
}

// view is a run of bytes within one of the ranges; nil where it is not.
func (h *heldBytes) view(offset int64, size int) []byte {
	for _, r := range h.ranges {
		if offset >= r.start && offset < r.end && int64(size) <= r.end-offset {
			at := r.held + int(offset-r.start)
			return h.buffer[at:][:size:size]
		}
	}
	return nil
}
