package readers

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// The Parquet library (v0.32) loses what it decompresses from LZ4_RAW where
// that is less than three times the compressed bytes, and gives out whatever
// its buffer held before (parquet-go/parquet-go#608). So it is told that such
// columns are not compressed, and their pages are decompressed before it reads
// them.

// withoutLZ4 are the metadata of a file, encoded, with the chunks that are
// compressed with LZ4_RAW as not compressed, and nil where there are none.
func withoutLZ4(metadata *format.FileMetaData) ([]byte, error) {
	var changed []*format.ColumnMetaData
	var sizes []int64
	for i := range metadata.RowGroups {
		for j := range metadata.RowGroups[i].Columns {
			if chunk := &metadata.RowGroups[i].Columns[j].MetaData; chunk.Codec == format.Lz4Raw {
				changed = append(changed, chunk)
				sizes = append(sizes, chunk.TotalCompressedSize)
				chunk.Codec, chunk.TotalCompressedSize = format.Uncompressed, endlessChunk
			}
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	encoded, err := thrift.Marshal(new(thrift.CompactProtocol), metadata)
	for i, chunk := range changed {
		chunk.Codec, chunk.TotalCompressedSize = format.Lz4Raw, sizes[i]
	}
	return encoded, err
}

// endlessChunk is the size of a chunk that is decompressed as it is read: more
// than any has. Its reader tells where it ends.
const endlessChunk = 1 << 48

// lz4Pages is a column's pages of a row group, compressed with LZ4_RAW, as if
// they were not. It is read from its start to its end.
type lz4Pages struct {
	source  io.ReaderAt
	at, end int64 // offsets of the next page and of the end of the pages, in source

	offset     int64  // of page, as read
	page       []byte // header and content, as read
	header     []byte // of the next page, and more
	compressed []byte
}

func newLZ4Pages(source io.ReaderAt, chunk *format.ColumnMetaData) *lz4Pages {
	start, end := chunkBytes(chunk)
	return &lz4Pages{source: source, at: start, end: end, offset: start}
}

// ReadAt reads at the offset at which the read before it ended, or in the same
// page.
func (l *lz4Pages) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		if offset < l.offset {
			return n, errors.New("its dictionary does not come first")
		}
		if offset >= l.offset+int64(len(l.page)) {
			if err := l.next(); err != nil {
				return n, err
			}
			continue
		}
		copied := copy(p[n:], l.page[offset-l.offset:])
		n += copied
		offset += int64(copied)
	}
	return n, nil
}

const (
	// usualHeader and limitHeader are how much is read of a page's header, which
	// may hold the least and the greatest of its values.
	usualHeader = 4 << 10
	limitHeader = 1 << 20
	// limitLZ4 is how many times as much a block of LZ4 can become.
	limitLZ4 = 255
)

// next decompresses the next page.
func (l *lz4Pages) next() error {
	if l.at >= l.end {
		return io.EOF
	}
	header, length, err := l.readHeader()
	if err != nil {
		return err
	}
	size, uncompressed := int64(header.CompressedPageSize), int64(header.UncompressedPageSize)
	levels := int64(0) // which are not compressed
	compressed := true
	if v2 := header.DataPageHeaderV2; header.Type == format.DataPageV2 && v2.Valid {
		levels = int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
		compressed = !v2.V.IsCompressed.Valid || v2.V.IsCompressed.V
		if v2.V.RepetitionLevelsByteLength < 0 || v2.V.DefinitionLevelsByteLength < 0 {
			return errLZ4
		}
	}
	if size < 0 || size > l.end-l.at-int64(length) || levels > min(size, uncompressed) || uncompressed > (size+1)*limitLZ4 {
		return errLZ4
	}
	l.compressed = resize(l.compressed, int(size))
	if err := readFull(l.source, l.compressed, l.at+int64(length)); err != nil {
		return err
	}
	if header.CRC != 0 && crc32.ChecksumIEEE(l.compressed) != uint32(header.CRC) {
		return errors.New("a page's checksum does not hold")
	}
	if !compressed {
		uncompressed = size
	}
	header.CompressedPageSize, header.UncompressedPageSize, header.CRC = int32(uncompressed), int32(uncompressed), 0
	encoded, err := thrift.Marshal(new(thrift.CompactProtocol), &header)
	if err != nil {
		return err
	}
	l.offset += int64(len(l.page))
	l.at += int64(length) + size
	l.page = resize(l.page, len(encoded)+int(uncompressed))
	content := l.page[copy(l.page, encoded):]
	content = content[copy(content, l.compressed[:levels]):]
	if !compressed {
		copy(content, l.compressed[levels:])
		return nil
	}
	if len(content) == 0 {
		return nil // a page of nulls, of which some writers compress nothing at all
	}
	if n, err := lz4.UncompressBlock(l.compressed[levels:], content); err != nil || n != len(content) {
		return errLZ4
	}
	return nil
}

var errLZ4 = errors.New("a page cannot be decompressed")

// readHeader reads the header of the next page, and tells its length.
func (l *lz4Pages) readHeader() (header format.PageHeader, length int, err error) {
	for size := int64(usualHeader); ; size = limitHeader {
		size = min(size, l.end-l.at)
		l.header = resize(l.header, int(size))
		if err := readFull(l.source, l.header, l.at); err != nil {
			return header, 0, err
		}
		header = format.PageHeader{}
		reader := new(thrift.CompactProtocol).NewReaderFromBytes(l.header)
		err := thrift.NewDecoder(reader).Decode(&header)
		if err == nil {
			return header, reader.BytesRead(), nil
		}
		if size == limitHeader || size == l.end-l.at {
			return header, 0, fmt.Errorf("a page's header cannot be read: %w", err)
		}
	}
}

// readFull reads all of p.
func readFull(source io.ReaderAt, p []byte, offset int64) error {
	n, err := source.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
