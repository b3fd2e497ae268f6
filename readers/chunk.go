package readers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/avstam/avstam/disk"
)

// Chunk is a part of a file that can be read by itself, on any machine that has
// the file: row groups of a Parquet file, record batches of an Arrow file, whole rows of
// a CSV file, or a file as a whole. The chunks of a file follow each other and together are all of its bytes.
type Chunk struct {
	File     int   `json:"file"`      // place of the file in the run
	Offset   int64 `json:"offset"`    // in the file as stored, in bytes
	Length   int64 `json:"length"`    // bytes
	FirstRow int64 `json:"first_row"` // from 1 in the file
	Rows     int64 `json:"rows"`      // -1 where only reading tells
	// Line is that of the first row of a CSV file, from 1; 0 in a file that is read whole.
	Line int64 `json:"line,omitempty"`
	// FirstGroup and Groups are the row groups of a Parquet file, from 0.
	FirstGroup int `json:"first_group,omitempty"`
	Groups     int `json:"groups,omitempty"`
}

// unknownRows are the rows of a chunk that nobody has counted.
const unknownRows = -1

// IsWhole says whether the chunk is all of a file of so many bytes.
func (c *Chunk) IsWhole(size int64) bool { return c.Offset == 0 && c.Length == size }

// Stamp tells whether a file is still the one that it was.
type Stamp struct {
	Size     int64     `json:"size"` // bytes
	Modified time.Time `json:"modified"`
	ETag     string    `json:"etag,omitempty"` // of an object
}

// ErrNotPlanned says that a file is not the one that chunks were cut of.
var ErrNotPlanned = errors.New("it is not as it was when it was planned: its size or its time of change is another")

func stampOf(path string) (Stamp, error) {
	stat, isStream, err := statInput(path)
	if err == nil && isStream {
		err = errReadOnce
	}
	if err != nil {
		return Stamp{}, cannotRead(pathText(path), err)
	}
	return newStamp(stat), nil
}

func newStamp(stat fs.FileInfo) Stamp {
	return Stamp{Size: stat.Size(), Modified: stat.ModTime().UTC(), ETag: disk.ETag(stat)}
}

// Chunks cuts the file at a place in Files into chunks of about so many bytes, and
// says which file that was. Of a Parquet file it reads no more than has been read
// to open it, of an Arrow file what its record batches say of themselves; a CSV file
// that is larger than one chunk is read once, to find the ends of its rows and to count
// them; a compressed one and an Arrow stream are one chunk. A file with a sidecar that is more than one chunk is digested here, since
// nobody who reads a chunk can compare it.
func (r *Records) Chunks(ctx context.Context, place int, bytes int64) ([]Chunk, Stamp, error) {
	file := r.files[place]
	stamp, err := stampOf(file.Path)
	if err != nil {
		return nil, stamp, err
	}
	// Much may have been done since the files were opened: a baseline read.
	if !newStamp(r.opened[place].before()).isOf(stamp) {
		return nil, stamp, cannotRead(file.Path, errChanged)
	}
	chunks, err := r.opened[place].chunks(ctx, bytes)
	if err != nil {
		return nil, stamp, err
	}
	if file.sidecar != nil && len(chunks) > 1 {
		if err := file.digestWhole(ctx); err != nil {
			return nil, stamp, err
		}
	}
	for i := range chunks {
		chunks[i].File = place
	}
	if after, err := stampOf(file.Path); err != nil || !after.isOf(stamp) {
		if err == nil {
			err = cannotRead(file.Path, errChanged)
		}
		return nil, stamp, err
	}
	return chunks, stamp, nil
}

func (s Stamp) isOf(other Stamp) bool {
	return s.Size == other.Size && s.Modified.Equal(other.Modified) && s.ETag == other.ETag
}

// OpenChunk opens a file of the source to read one chunk of it: Cut sends pieces
// of that alone, whose File is the chunk's, and with Options.Digest the file's
// SHA256 is then that of the chunk's bytes. The error wraps ErrNotPlanned where the
// file has another stamp.
func OpenChunk(source *Source, path string, stamp Stamp, chunk Chunk, options Options) (*Records, error) {
	if err := source.check(recordColumns[:]); err != nil {
		return nil, err
	}
	there, err := stampOf(path)
	if err != nil {
		return nil, err
	}
	if !there.isOf(stamp) {
		return nil, cannotRead(path, ErrNotPlanned)
	}
	options.Workers = max(options.Workers, 1)
	options.takeMemory()
	file, err := describe(path, 0)
	if err != nil {
		return nil, err
	}
	opened, err := openRecordFile(file, chunk.File, source, &options)
	if err != nil {
		return nil, err
	}
	if !newStamp(opened.before()).isOf(stamp) { // it was written since
		return nil, errors.Join(cannotRead(path, ErrNotPlanned), opened.close())
	}
	if !chunk.IsWhole(stamp.Size) {
		file.sidecar = nil // it is that of all bytes
	}
	opened.limit(&chunk)
	return &Records{files: []*File{file}, opened: []recordFile{opened}}, nil
}

// PageChecks are how many pages of a Parquet file have been read that had a
// checksum, and how many that had none.
func (f *File) PageChecks() (checked, unchecked int64) {
	return f.pages.checked.Load(), f.pages.unchecked.Load()
}

// digestWhole takes the digest of a file, and compares it with its sidecar.
func (f *File) digestWhole(ctx context.Context) error {
	handle, err := disk.Open(f.Path)
	if err != nil {
		return cannotRead(f.Path, err)
	}
	defer func() { _ = handle.Close() }() // only read from
	hash := sha256.New()
	for err == nil {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		_, err = io.CopyN(hash, handle, 64<<20)
	}
	if err != io.EOF {
		return cannotRead(f.Path, err)
	}
	return f.state(hash.Sum(nil))
}

// wholeChunk is a file as one chunk.
func (f *File) wholeChunk() []Chunk {
	return []Chunk{{Length: f.Size, FirstRow: 1, Rows: unknownRows}}
}

func (r *parquetRecords) before() fs.FileInfo { return r.parquet.stat }
func (r *arrowRecords) before() fs.FileInfo   { return r.stat }
func (r *csvRecords) before() fs.FileInfo     { return r.stat }

// chunks are of whole row groups. Where row groups lie otherwise in the file than
// in their order, it is one.
func (r *parquetRecords) chunks(_ context.Context, bytes int64) ([]Chunk, error) {
	size := r.parquet.stat.Size()
	whole := Chunk{Length: size, FirstRow: 1, Groups: len(r.parquet.groups)}
	for i := range r.parquet.groups {
		whole.Rows += r.parquet.groups[i].rows
	}
	var chunks []Chunk
	current := Chunk{FirstRow: 1}
	at := int64(0) // where the row groups so far end
	for i := range r.parquet.groups {
		group := &r.parquet.groups[i]
		if group.rows > 0 && len(group.chunks) > 0 {
			start, end := group.chunks[0].start, group.chunks[0].end
			for _, column := range group.chunks {
				start, end = min(start, column.start), max(end, column.end)
			}
			if start < at {
				return []Chunk{whole}, nil
			}
			at = end
			if current.Rows > 0 && start-current.Offset >= bytes {
				current.Length = start - current.Offset
				chunks = append(chunks, current)
				current = Chunk{Offset: start, FirstRow: current.FirstRow + current.Rows, FirstGroup: i}
			}
		}
		current.Groups++
		current.Rows += group.rows
	}
	current.Length = size - current.Offset
	return append(chunks, current), nil
}

func (r *parquetRecords) limit(chunk *Chunk) { r.bytes.part = chunk }

// chunks are of whole record batches, of which a file lists where they lie; a stream
// does not, and is one.
func (r *arrowRecords) chunks(_ context.Context, bytes int64) ([]Chunk, error) {
	if r.Size <= bytes {
		return r.wholeChunk(), nil
	}
	in, err := r.openInput(&Options{})
	if err != nil {
		return nil, cannotRead(r.Path, err)
	}
	defer func() { _ = in.close() }() // only read from
	places, err := in.Places()
	if err != nil {
		return nil, cannotRead(r.Path, err)
	}
	if len(places) == 0 {
		return r.wholeChunk(), nil
	}
	chunks := []Chunk{{FirstRow: 1}}
	for _, place := range places {
		current := &chunks[len(chunks)-1]
		if current.Rows > 0 && place.Offset-current.Offset >= bytes {
			current.Length = place.Offset - current.Offset
			chunks = append(chunks, Chunk{Offset: place.Offset, FirstRow: current.FirstRow + current.Rows})
			current = &chunks[len(chunks)-1]
		}
		current.Rows += place.Rows
	}
	last := &chunks[len(chunks)-1]
	last.Length = r.Size - last.Offset
	return chunks, nil
}

func (r *arrowRecords) limit(chunk *Chunk) {
	if !chunk.IsWhole(r.Size) {
		r.part = chunk
	}
}

// chunks are of whole blocks, which are of whole rows.
func (c *csvRecords) chunks(ctx context.Context, bytes int64) ([]Chunk, error) {
	if c.Compression != "" || c.Size <= bytes {
		return c.wholeChunk(), nil
	}
	scan := *c.csvFile
	// Of the fields the number's alone is wanted: to tell a row that quotes hide.
	scan.fields, scan.options = c.fields[:identityNumber+1], &Options{Bytes: c.options.Bytes}
	scan.blockBytes = int(min(int64(scan.blockBytes), bytes))
	var rows csvRows
	rows.reset(&scan)
	chunks := []Chunk{{FirstRow: 1, Line: 1 + c.headerLines}}
	buffers := make(csvBuffers, 2)
	end := c.headerBytes
	err := scan.blocks(ctx, buffers, func(block csvBlock) error {
		current := &chunks[len(chunks)-1]
		if block.offset-current.Offset >= bytes {
			current.Length = block.offset - current.Offset
			chunks = append(chunks, Chunk{Offset: block.offset, FirstRow: current.FirstRow + current.Rows, Line: block.line})
			current = &chunks[len(chunks)-1]
		}
		end = block.offset + c.encoding.fileBytes(block.data[:block.trueEnd])
		for at := 0; ; {
			n, next, data := rows.split(&scan.grammar, &block, at)
			block.data = data[:len(block.data)] // it may have grown
			if n == 0 {
				if err := rows.broken.problem(c.Path, &block); err != nil {
					return err
				}
				break
			}
			current.Rows += int64(n)
			at = next
		}
		buffers.give(block.data, scan.blockBytes)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if end != c.Size {
		return c.wholeChunk(), nil // it ends within a character
	}
	last := &chunks[len(chunks)-1]
	last.Length = c.Size - last.Offset
	return chunks, nil
}

func (c *csvRecords) limit(chunk *Chunk) {
	if !chunk.IsWhole(c.Size) {
		c.part = chunk
	}
}

// openCSV opens a file for the rows of the chunk. The encoding is that which a byte
// order mark has told.
func (c *Chunk) openCSV(file *File, encoding textEncoding, options *Options) (*csvInput, error) {
	in := &csvInput{}
	var err error
	if in.file, err = disk.Open(file.Path); err != nil {
		return nil, err
	}
	source, err := c.bytesOf(in.file)
	if err != nil {
		return nil, errors.Join(err, in.file.Close())
	}
	if c.Offset == 0 {
		return openCSVText(in, source, encoding, options)
	}
	in.encoding, in.isPlain = encoding, encoding.decoder() == nil
	in.raw = newInputReader(source, options)
	in.text = newCSVText(in.raw, encoding)
	return in, nil
}

// bytesOf reads the bytes of the chunk.
func (c *Chunk) bytesOf(file *disk.File) (io.Reader, error) {
	if !file.IsObject() {
		return io.NewSectionReader(file, c.Offset, c.Length), nil
	}
	// An object is read ahead only from where one seeks to.
	if _, err := file.Seek(c.Offset, io.SeekStart); err != nil {
		return nil, err
	}
	return io.LimitReader(file, c.Length), nil
}

// checkRead sees to it that a file, or a chunk of it, was read to its end, and is still
// the one that was opened: Size is what was read, and becomes that of the whole file.
func (f *File) checkRead(file *disk.File, opened fs.FileInfo, part *Chunk) error {
	read, want := f.Size, opened.Size()
	f.Size = want
	if part != nil {
		want = part.Length
	}
	stat, err := file.Stat()
	if err == nil && (read != want || disk.IsChanged(stat, opened)) {
		err = errChanged
	}
	return err
}

// RowsProblem is the error of a chunk in which other rows were read than planned.
func (c *Chunk) RowsProblem(path string, rows int64) error {
	if c.Rows == unknownRows || c.Rows == rows {
		return nil
	}
	return cannotRead(path, fmt.Errorf("its bytes from %d on hold %d rows, and %d when they were planned: %w", c.Offset, rows, c.Rows, errChanged))
}
