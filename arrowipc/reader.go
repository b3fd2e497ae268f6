// Package arrowipc reads Arrow IPC files and streams, record batch by record
// batch: https://arrow.apache.org/docs/format/Columnar.html
//
// It trusts nothing that stands in them. Lengths are compared with what is
// there before memory is taken for it, offsets and indexes before they are
// followed; whatever the bytes are, what comes of it is an error. Only columns
// that are asked for are decompressed, by whoever has the batch.
package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
)

const (
	// FileMagic is what an IPC file begins and ends with, and StreamMagic what a
	// stream begins with: the mark of a message.
	FileMagic   = "ARROW1"
	StreamMagic = "\xff\xff\xff\xff"

	// LimitBody bounds the body of a message, and what the columns of a record
	// batch that are asked for come to uncompressed, in bytes.
	LimitBody = 2 << 30
	// LimitMetadata bounds the metadata of a message, and LimitFooter those at
	// the end of a file, in bytes.
	LimitMetadata = 64 << 20
	LimitFooter   = 256 << 20
	// LimitRows bounds the rows of a record batch.
	LimitRows = 1<<31 - 1

	// firstRead is how much is read of a body, in bytes, before more memory is
	// taken for it: a length alone takes no more.
	firstRead = 4 << 20
)

var (
	errDamaged = errors.New("it is damaged: its metadata do not hold together")
	errCutOff  = errors.New("it is cut off: it ends before its end-of-stream marker")
	errChanged = errors.New("it changed while it was read")
)

// The kinds of messages, by their place in the format's union MessageHeader.
// https://github.com/apache/arrow/blob/main/format/Message.fbs
const (
	messageSchema = iota + 1
	messageDictionaryBatch
	messageRecordBatch
)

// Reader reads a stream or a file in the order of its bytes.
type Reader struct {
	source io.Reader
	at     int64       // bytes read
	footer *Footer     // of a file; nil for a stream
	file   io.ReaderAt // of which that is the footer
	next   int         // of the footer's blocks
	end    int64       // of the bytes to read of a file; 0 for all
	schema *Schema

	wanted       []bool // of the schema's fields
	dictionaries map[int64]*Column
	batches      int
	skipped      []byte
	sum          *maphash.Hash // for dictionaries of a file
	isAtEnd      bool
}

// NewReader reads a stream up to and with its schema.
func NewReader(source io.Reader) (*Reader, error) {
	r := &Reader{source: source, dictionaries: map[int64]*Column{}}
	m, err := r.message()
	if err != nil {
		return nil, err
	}
	if m == nil || m.kind != messageSchema {
		return nil, errors.New("it is damaged: it does not begin with a schema")
	}
	if r.schema, err = readSchema(m.header, m.version); err != nil {
		return nil, err
	}
	r.wanted = make([]bool, len(r.schema.Fields))
	return r, r.skip(m.body)
}

// NewFileReader reads a file whose footer has been read. The source begins at
// the first byte of the file; dictionaries, which may lie anywhere, are first
// read from the file itself.
func NewFileReader(source io.Reader, file io.ReaderAt, footer *Footer) *Reader {
	return &Reader{source: source, file: file, footer: footer, schema: footer.schema, wanted: make([]bool, len(footer.schema.Fields)), dictionaries: map[int64]*Column{}}
}

// Place is where a record batch of a file lies.
type Place struct {
	Offset int64 // bytes from the beginning of the file
	Rows   int64
}

// Places are those of a file's record batches, in their order, for which their
// metadata are read; none of a stream.
func (r *Reader) Places() ([]Place, error) {
	if r.footer == nil {
		return nil, nil
	}
	var places []Place
	for _, b := range r.footer.blocks {
		if b.kind != messageRecordBatch {
			continue
		}
		part := Reader{source: io.NewSectionReader(r.file, b.offset, b.metadata)}
		m, err := part.fileMessage(b)
		if err != nil {
			return nil, fmt.Errorf("record batch %d: %w", len(places), err)
		}
		places = append(places, Place{Offset: b.offset, Rows: m.header.long(0)})
	}
	return places, nil
}

// Part has Next read the record batches of some bytes of the file alone, which begin
// and end where a record batch does or the file. The source then begins with these bytes.
func (r *Reader) Part(offset, length int64) {
	r.at, r.end = offset, offset+length
	for ; r.next < len(r.footer.blocks) && r.footer.blocks[r.next].offset < offset; r.next++ {
		if r.footer.blocks[r.next].kind == messageRecordBatch {
			r.batches++
		}
	}
}

// Schema is what the record batches hold.
func (r *Reader) Schema() *Schema { return r.schema }

// Want says which fields, by their place in the schema, will be asked for. It is
// called before Next: the dictionaries of others are not kept.
func (r *Reader) Want(fields ...int) {
	for _, field := range fields {
		r.wanted[field] = true
	}
}

// Next reads the next record batch. Its bytes stand in memory, which it makes
// larger where it is too small, and which must not change as long as the batch
// is used. Next returns io.EOF where all has been read: a stream up to its
// end-of-stream marker, behind which there may be nothing, a file to its end.
func (r *Reader) Next(memory []byte) (*Batch, error) {
	if r.isAtEnd {
		return nil, io.EOF
	}
	for {
		var m *message
		var err error
		if r.footer == nil {
			m, err = r.message()
		} else {
			m, err = r.batchMessage()
		}
		if err != nil {
			return nil, err
		}
		if m == nil {
			err := r.finish()
			r.isAtEnd = err == io.EOF
			return nil, err
		}
		switch m.kind {
		case messageDictionaryBatch:
			if err := r.readDictionary(m); err != nil {
				return nil, err
			}
		case messageRecordBatch:
			if memory, err = r.readBody(m.body, memory); err != nil {
				return nil, err
			}
			batch, err := newBatch(m.header, r.schema, memory)
			if err != nil {
				return nil, fmt.Errorf("record batch %d: %w", r.batches, err)
			}
			batch.Number = r.batches
			batch.dictionaries = maps.Clone(r.dictionaries)
			r.batches++
			return batch, nil
		default:
			return nil, fmt.Errorf("it is damaged: a message of a kind that does not belong here, number %d", m.kind)
		}
	}
}

// message is a message whose metadata have been read, and not its body.
type message struct {
	version int // of the metadata: 4 or 5
	kind    int
	header  table
	body    int64 // bytes
}

// message reads the metadata of the next message of a stream. It is nil for the
// end-of-stream marker.
func (r *Reader) message() (*message, error) {
	var prefix [8]byte
	if err := r.fill(prefix[:]); err != nil {
		return nil, err
	}
	if string(prefix[:4]) != StreamMagic {
		return nil, errors.New("it is damaged: a message does not begin with its mark")
	}
	size := int64(int32(binary.LittleEndian.Uint32(prefix[4:])))
	switch {
	case size == 0:
		return nil, nil
	case size < 0 || size > LimitMetadata:
		return nil, fmt.Errorf("it is damaged: a message has metadata of %d bytes; at most %d are taken", size, LimitMetadata)
	}
	data, err := r.readBody(size, nil)
	if err != nil {
		return nil, err
	}
	return readMessage(data)
}

// batchMessage reads the metadata of the next record batch of a file; it is nil
// after the last. Dictionaries on the way have been read before, and must be the
// same.
func (r *Reader) batchMessage() (*message, error) {
	if r.sum == nil {
		if err := r.readFileDictionaries(); err != nil {
			return nil, err
		}
	}
	for r.next < len(r.footer.blocks) && (r.end == 0 || r.footer.blocks[r.next].offset < r.end) {
		b := r.footer.blocks[r.next]
		r.next++
		if err := r.skip(b.offset - r.at); err != nil {
			return nil, err
		}
		if b.kind == messageRecordBatch {
			return r.fileMessage(b)
		}
		seen := Reader{source: io.TeeReader(r.source, r.sum)}
		r.sum.Reset()
		if err := seen.skip(b.metadata + b.body); err != nil {
			return nil, err
		}
		r.at += seen.at
		if r.sum.Sum64() != b.sum {
			return nil, errChanged
		}
	}
	return nil, nil
}

// readFileDictionaries reads the dictionaries of a file in the order of its
// footer: what adds to one comes after it.
func (r *Reader) readFileDictionaries() error {
	r.sum = new(maphash.Hash)
	for _, b := range r.footer.dictionaries {
		section := io.NewSectionReader(r.file, b.offset, b.metadata+b.body)
		part := Reader{source: io.TeeReader(section, r.sum), footer: r.footer, schema: r.schema, wanted: r.wanted, dictionaries: r.dictionaries}
		r.sum.Reset()
		m, err := part.fileMessage(b)
		if err == nil {
			err = part.readDictionary(m)
		}
		if err != nil {
			return err
		}
		b.sum = r.sum.Sum64()
	}
	return nil
}

// fileMessage reads the metadata of a message that a file's footer lists.
func (r *Reader) fileMessage(b *block) (*message, error) {
	data, err := r.readBody(b.metadata, nil)
	if err != nil {
		return nil, err
	}
	prefix := 4 // the length; before Arrow 0.15 it had no mark before it
	if bytes.HasPrefix(data, []byte(StreamMagic)) {
		prefix = 8
	}
	if len(data) < prefix {
		return nil, errDamaged
	}
	m, err := readMessage(data[prefix:])
	if err == nil && (m.body != b.body || m.kind != b.kind) {
		err = errors.New("it is damaged: a message is not what its footer says")
	}
	return m, err
}

func readMessage(data []byte) (*message, error) {
	f := &flatbuffer{data: data}
	root := f.root()
	m := &message{version: root.short(0, 0) + 1, kind: root.byte(1), body: root.long(3)}
	m.header, _ = root.table(2)
	if f.damaged || m.header.f == nil {
		return nil, errDamaged
	}
	if err := checkVersion(m.version); err != nil {
		return nil, err
	}
	return m, checkBody(m.body)
}

func checkVersion(version int) error {
	if version != 4 && version != 5 {
		return fmt.Errorf("its metadata are of version V%d; V4 and V5 can be read", version)
	}
	return nil
}

func checkBody(size int64) error {
	if size < 0 || size > LimitBody {
		return fmt.Errorf("a message has a body of %d bytes; at most %d are taken: write it with smaller record batches", size, LimitBody)
	}
	return nil
}

// fill reads as many bytes as p has.
func (r *Reader) fill(p []byte) error {
	n, err := io.ReadFull(r.source, p)
	r.at += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errCutOff
	}
	return err
}

// readBody reads size bytes into memory. It takes more memory only as the bytes
// come.
func (r *Reader) readBody(size int64, memory []byte) ([]byte, error) {
	memory = memory[:0]
	for int64(len(memory)) < size {
		there := len(memory)
		next := int(min(size, max(int64(2*there), firstRead, int64(cap(memory)))))
		memory = slices.Grow(memory, next-there)[:next]
		for there < next {
			// A reader may digest what it has read beside the next read.
			part := memory[there:min(next, there+firstRead)]
			if err := r.fill(part); err != nil {
				return nil, err
			}
			there += len(part)
		}
	}
	return memory, nil
}

// skip reads bytes that nobody asked for.
func (r *Reader) skip(size int64) error {
	const blockBytes = 256 << 10
	if r.skipped == nil {
		r.skipped = make([]byte, blockBytes)
	}
	for size > 0 {
		block := r.skipped[:min(size, blockBytes)]
		if err := r.fill(block); err != nil {
			return err
		}
		size -= int64(len(block))
	}
	return nil
}

// finish reads what follows the last message, and returns io.EOF where that is
// what should.
func (r *Reader) finish() error {
	if r.footer == nil {
		var more [1]byte
		_, err := io.ReadFull(r.source, more[:])
		if err == nil {
			return errors.New("it goes on after its end-of-stream marker; files of several streams cannot be read")
		}
		return err
	}
	if r.end > 0 && r.end <= r.footer.start {
		if err := r.skip(r.end - r.at); err != nil {
			return err
		}
		return io.EOF
	}
	if err := r.skip(r.footer.start - r.at); err != nil {
		return err
	}
	end, err := r.readBody(int64(len(r.footer.bytes)), nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(end, r.footer.bytes) {
		return errChanged
	}
	return io.EOF
}
