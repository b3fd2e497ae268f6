package arrowipc

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Footer is the end of a file: its schema, and where its messages lie.
type Footer struct {
	schema       *Schema
	blocks       []*block // in the order of the file
	dictionaries []*block // of them, in their own order
	bytes        []byte   // with the length and the magic
	start        int64    // offset of bytes
}

// block is where a message lies in a file.
type block struct {
	kind                   int
	offset, metadata, body int64
	sum                    uint64 // of the bytes of a dictionary, once it has been read
}

// tailBytes are the length of the footer and the magic behind it.
const tailBytes = 4 + len(FileMagic)

// ReadFooter reads the footer of a file of size bytes.
func ReadFooter(file io.ReaderAt, size int64) (*Footer, error) {
	if size < int64(tailBytes) {
		return nil, errNotWhole
	}
	var tail [tailBytes]byte
	if _, err := file.ReadAt(tail[:], size-int64(tailBytes)); err != nil {
		return nil, err
	}
	if string(tail[4:]) != FileMagic {
		return nil, errNotWhole
	}
	length := int64(int32(binary.LittleEndian.Uint32(tail[:])))
	if length <= 0 || length > size-int64(tailBytes) || length > LimitFooter {
		return nil, fmt.Errorf("it is damaged: a footer of %d bytes in a file of %d bytes", length, size)
	}
	f := &Footer{bytes: make([]byte, length+int64(tailBytes))}
	f.start = size - int64(len(f.bytes))
	if _, err := file.ReadAt(f.bytes, f.start); err != nil {
		return nil, err
	}
	return f, f.read(&flatbuffer{data: f.bytes[:length]})
}

var errNotWhole = errors.New("it is cut off: it does not end with " + FileMagic)

func (f *Footer) read(data *flatbuffer) (err error) {
	root := data.root()
	version := root.short(0, 0) + 1
	if err := checkVersion(version); err != nil {
		return err
	}
	schema, ok := root.table(1)
	if !ok {
		return errDamaged
	}
	if f.schema, err = readSchema(schema, version); err != nil {
		return err
	}
	for _, list := range []struct{ field, kind int }{{2, messageDictionaryBatch}, {3, messageRecordBatch}} {
		const blockBytes = 24
		start, count := root.vector(list.field, blockBytes)
		last := int64(0)
		for i := range count {
			at := start + i*blockBytes
			b := &block{kind: list.kind, offset: data.int64(at), metadata: int64(data.int32(at + 8)), body: data.int64(at + 16)}
			f.blocks = append(f.blocks, b)
			if list.kind == messageDictionaryBatch {
				f.dictionaries = append(f.dictionaries, b)
				continue
			}
			if b.offset < last {
				return errors.New("its footer lists record batches in another order than they lie in; write it anew")
			}
			last = b.offset
		}
	}
	if data.damaged {
		return errDamaged
	}
	slices.SortStableFunc(f.blocks, func(a, b *block) int { return cmp.Compare(a.offset, b.offset) })
	end := int64(0)
	for _, b := range f.blocks {
		if err := checkBody(b.body); err != nil {
			return err
		}
		if b.offset < end || b.metadata < 0 || b.metadata > LimitMetadata || b.offset > f.start-b.metadata-b.body {
			return errors.New("it is damaged: its footer lists messages that overlap or lie outside the file")
		}
		end = b.offset + b.metadata + b.body
	}
	return nil
}
