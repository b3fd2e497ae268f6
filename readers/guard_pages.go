package readers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync/atomic"

	"github.com/avstam/avstam/snappy"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The Parquet library (v0.32) makes room for whatever a page says of itself, and
// its decoders, some of them in assembly, trust what they decode. So it gets no
// page of a file as it stands: each is read, checked, decompressed and checked
// again here, and handed over uncompressed with a header that is written anew.
// With that the library need know none of the codecs either, one of which it
// gets wrong: of LZ4_RAW it loses what becomes less than three times the
// compressed bytes (parquet-go/parquet-go#608).

const (
	// limitPage bounds a page in bytes, compressed and not. Writers make pages of
	// about a megabyte; some make one of a whole row group.
	limitPage = 64 << 20
	// limitPageRows bounds the rows of a page: a million that are alike take
	// but a few bytes.
	limitPageRows = 16 << 20
	// limitRatio is how many times as much a page may become that becomes more
	// than anyRatio: megabytes that are alike do become a few bytes.
	limitRatio = 1000
	anyRatio   = 16 << 20
	// limitPageMemory bounds the memory in bytes that the pages of one row group
	// take which are read at a time, one or two of each column and their
	// dictionaries. As many row groups are read at a time as there are workers.
	limitPageMemory = 256 << 20
	// keptPage is how much room for a page is kept for the next row group.
	keptPage = 4 << 20

	// usualHeader and limitHeader are how much is read of a page's header, which
	// may hold the least and the greatest of its values.
	usualHeader = 4 << 10
	limitHeader = 1 << 20
)

// pageMemory is the memory of the pages of one row group, in bytes.
type pageMemory struct{ held int64 }

// change adds bytes, or takes them away.
func (m *pageMemory) change(bytes int64) error {
	if m.held += bytes; m.held > limitPageMemory {
		return fmt.Errorf("the pages that are read at a time would take more than %d MiB", limitPageMemory>>20)
	}
	return nil
}

// pageCounts counts the pages of a file that have been read.
type pageCounts struct{ checked, unchecked atomic.Int64 }

// pageHeader is the header of a page as it stands in the file.
type pageHeader struct {
	kind                           format.PageType
	compressed, uncompressed       int32 // bytes
	crc                            uint32
	hasCRC                         bool
	hasData, hasDictionary, hasV2  bool
	values, nulls, rows            int32
	encoding, levelEncoding        int32
	repetitionBytes, levelBytes    int32
	isCompressed, hasSize, hasKind bool
}

// read reads a header.
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
func (h *pageHeader) read(r *thriftReader) {
	*h = pageHeader{isCompressed: true}
	sizes := 0
	r.fields(func(id int16, kind thriftKind) bool {
		switch {
		case id == 1 && kind == thriftI32:
			h.kind, h.hasKind = format.PageType(r.int32()), true
		case id == 2 && kind == thriftI32:
			h.uncompressed = r.int32()
			sizes |= 1
		case id == 3 && kind == thriftI32:
			h.compressed = r.int32()
			sizes |= 2
		case id == 4 && kind == thriftI32:
			h.crc, h.hasCRC = uint32(r.int32()), true
		case id == 5 && kind == thriftStruct:
			h.hasData = true
			h.readContent(r, &h.values, &h.encoding, &h.levelEncoding)
		case id == 7 && kind == thriftStruct:
			h.hasDictionary = true
			h.readContent(r, &h.values, &h.encoding)
		case id == 8 && kind == thriftStruct:
			h.hasV2 = true
			h.readContent(r, &h.values, &h.nulls, &h.rows, &h.encoding, &h.levelBytes, &h.repetitionBytes)
		default:
			return false
		}
		return true
	})
	h.hasSize = sizes == 3
}

// readContent reads what a header says of the page's content: integers, which
// are the first fields, and whether it is compressed.
func (h *pageHeader) readContent(r *thriftReader, integers ...*int32) {
	const isCompressed = 7
	r.fields(func(id int16, kind thriftKind) bool {
		switch {
		case id >= 1 && int(id) <= len(integers) && kind == thriftI32:
			*integers[id-1] = r.int32()
		case id == isCompressed && kind == thriftFalse:
			h.isCompressed = false
		default:
			return false
		}
		return true
	})
}

// append appends the header of a flat column's page that is not compressed.
func (h *pageHeader) append(dst []byte) []byte {
	const i32, structure, no, end = byte(thriftI32), byte(thriftStruct), byte(thriftFalse), byte(thriftStop)
	const next = 1 << 4 // the fields that follow each other
	integers := func(values ...int32) {
		for _, value := range values {
			dst = binary.AppendVarint(append(dst, next|i32), int64(value))
		}
	}
	integers(int32(h.kind), h.uncompressed, h.compressed) // fields 1 to 3
	switch h.kind {
	case format.DataPage: // field 5
		dst = append(dst, 2*next|structure)
		integers(h.values, h.encoding, int32(format.RLE), int32(format.RLE))
	case format.DictionaryPage: // field 7
		dst = append(dst, 4*next|structure)
		integers(h.values, h.encoding)
	case format.DataPageV2: // field 8
		dst = append(dst, 5*next|structure)
		integers(h.values, h.nulls, h.rows, h.encoding, h.levelBytes, 0)
		dst = append(dst, next|no)
	}
	return append(dst, end, end)
}

// pageReader reads the pages of a column in one row group after the other, as
// the library is to see them: checked and not compressed. For the library it is
// a file that holds nothing else, from pagesStart on.
type pageReader struct {
	column *parquetColumn
	memory *pageMemory // of all columns
	counts *pageCounts

	source  io.ReaderAt
	codec   format.CompressionCodec
	listed  encodingSet // of the chunk
	at, end int64       // offsets of the next page and of the end of the pages, in source
	left    int64       // rows that no page has had
	entries int64       // of the dictionary; -1 before there is one
	hasData bool        // a page of values has come

	// The page that was read last, until it is used.
	isFetched      bool
	fetched        pageHeader
	fetchError     error
	room           []byte       // its content, once its block is decompressed
	block          snappy.Block // of any codec; has no content where there is nothing to decompress
	isDecompressed bool

	offset          int64  // of the page that is being given out
	header, content []byte // of it
	buffers         *pageBuffers
	cost            [2]int64 // memory of this page and the one before: the library keeps it
	dictionaryCost  int64
	// The most of the buffers that the row group has used, in bytes. What they have
	// kept from before is no matter of its own.
	decompressed, read int

	// What the texts of the page's values and of the dictionary take, -1 where
	// that is not known: they must fill their pages.
	texts, entryTexts int

	// The values of the page that is being given out, and how many they are, where
	// they are plain and no row is null; nil for other pages. Texts have not been
	// checked.
	values []byte
	count  int
}

// pageBuffers is the memory of one column's pages, to be used again for those of
// other row groups and files.
type pageBuffers struct {
	content    []byte // of a page, decompressed
	compressed []byte
	ahead      []byte // the next header, and more
	decoder    pageDecoder
	plain      plainMemory // of pages that the library does not see
}

// keep lets go of what is much.
func (b *pageBuffers) keep() {
	if cap(b.content) > keptPage {
		b.content = nil
	}
	if cap(b.compressed) > keptPage {
		b.compressed = nil
	}
	if cap(b.ahead) > usualHeader {
		b.ahead = nil
	}
	b.plain.keep()
}

// pagesStart is the offset of the first page for the library.
const pagesStart = int64(len(parquetMagic))

// open begins a row group.
func (p *pageReader) open(source io.ReaderAt, chunk parquetChunk) {
	p.source, p.codec, p.at, p.end, p.left = source, chunk.codec, chunk.start, chunk.end, chunk.values
	p.listed, p.entries, p.hasData = chunk.encodings, -1, false
	p.decompressed, p.read = 0, 0
	p.offset, p.header, p.content = pagesStart, p.header[:0], nil
	p.isFetched = false
}

// close gives the memory of a row group back.
func (p *pageReader) close() {
	p.memory.held -= p.cost[0] + p.cost[1] + p.dictionaryCost
	p.cost, p.dictionaryCost = [2]int64{}, 0
	p.source, p.header, p.content, p.values = nil, p.header[:0], nil, nil
	p.room, p.block = nil, snappy.Block{}
	p.buffers.keep()
}

// ReadAt reads at the offset at which the read before it ended. Unlike other
// io.ReaderAt it reads less than it is asked for, without an error, where a
// header or a page ends: the library then reads what follows into its own
// memory, and asks for no page before it has decoded the one before.
func (p *pageReader) ReadAt(dst []byte, offset int64) (int, error) {
	at := offset - p.offset
	if at < 0 {
		return 0, errors.New("its pages are not read in order")
	}
	if given := int64(len(p.header) + len(p.content)); at >= given {
		if at > given {
			return 0, errors.New("its pages are not read in order")
		}
		if err := p.advance(); err != nil {
			return 0, err
		}
		if at = 0; p.values != nil && p.column.kind == parquet.ByteArray {
			if err := checkTexts(p.values, p.count); err != nil {
				return 0, err
			}
			copied := int64(len(p.content)) // by the library
			p.cost[0] += copied
			if err := p.memory.change(copied); err != nil {
				return 0, err
			}
		}
	}
	if at < int64(len(p.header)) {
		return copy(dst, p.header[at:]), nil
	}
	return copy(dst, p.content[at-int64(len(p.header)):]), nil
}

// advance goes on to the next page, when all of the one before has been given out.
func (p *pageReader) advance() error {
	p.offset += int64(len(p.header) + len(p.content))
	p.header, p.content, p.values = p.header[:0], nil, nil
	return p.next()
}

// plain goes on to the next page. Where its values are plain and no row is null
// it returns them, which are good until the next call, and how many they are;
// the library then never sees that page. It returns nil for other pages, which
// the library is to read, and at the end.
func (p *pageReader) plain() (values []byte, count int, err error) {
	if err := p.advance(); err == io.EOF || err == nil && p.values == nil {
		return nil, 0, nil
	} else if err != nil {
		return nil, 0, err
	}
	values = p.values
	p.header, p.content, p.values = p.header[:0], nil, nil
	return values, p.count, nil
}

// next reads, checks and decompresses the next page that has rows, or the
// dictionary.
func (p *pageReader) next() error {
	if !p.isFetched {
		p.fetch()
	}
	p.isFetched = false
	switch {
	case p.fetchError != nil:
		return p.fetchError
	case p.fetched.kind == format.DictionaryPage:
		return p.useDictionary(&p.fetched)
	}
	return p.useValues(&p.fetched)
}

// fetch reads the next page that has rows, or the dictionary, and makes room for
// its content, which must have been done with.
func (p *pageReader) fetch() {
	p.isFetched, p.isDecompressed = true, false
	p.fetchError = p.readPage(&p.fetched)
}

// readPage is fetch.
func (p *pageReader) readPage(h *pageHeader) error {
	for p.at < p.end {
		length, err := p.readHeader(h)
		if err != nil {
			return err
		}
		if err := p.check(h, length); err != nil {
			return err
		}
		size := int(h.compressed)
		p.buffers.compressed = p.buffers.compressed[:0]
		compressed, err := p.view(&p.buffers.compressed, p.at+int64(length), size)
		if err != nil {
			return err
		}
		p.read = max(p.read, len(p.buffers.compressed))
		switch {
		case h.hasCRC && crc32.ChecksumIEEE(compressed) != h.crc:
			return errors.New("a page's checksum does not hold")
		case h.hasCRC:
			p.counts.checked.Add(1)
		case size > 0: // the checksum of nothing is 0, which parquet-go leaves out
			p.counts.unchecked.Add(1)
		}
		p.at += int64(length + size)
		if h.kind == format.DictionaryPage || h.values > 0 {
			p.makeRoom(h, compressed)
			return nil
		}
	}
	return io.EOF
}

// view is a range of the source: a view of it where it is held in memory, else
// in buffer.
func (p *pageReader) view(buffer *[]byte, offset int64, size int) ([]byte, error) {
	if held, ok := p.source.(*heldBytes); ok {
		if view := held.view(offset, size); view != nil {
			return view, nil
		}
	}
	*buffer = slices.Grow((*buffer)[:0], size)[:size]
	return *buffer, readFull(p.source, *buffer, offset)
}

// readHeader reads the header of the next page, and tells its length.
func (p *pageReader) readHeader(h *pageHeader) (length int, err error) {
	for size := int64(usualHeader); ; size = limitHeader {
		size = min(size, p.end-p.at)
		ahead, err := p.view(&p.buffers.ahead, p.at, int(size))
		if err != nil {
			return 0, err
		}
		r := thriftReader{data: ahead}
		h.read(&r)
		if r.err == nil {
			return r.at, nil
		}
		if r.err != errThriftEnds || size == limitHeader || size == p.end-p.at {
			return 0, fmt.Errorf("a page's header cannot be read: %w", r.err)
		}
	}
}

// smallerPages is what to do about pages that are too large: a writer that makes one of
// each row group has such.
const smallerPages = ": have it written with smaller pages or row groups, or write it anew with pyarrow"

// check checks a header, before anything is made that is as large as it says.
func (p *pageReader) check(h *pageHeader, length int) error {
	known := h.hasKind && h.hasSize
	switch h.kind {
	case format.DataPage:
		known = known && h.hasData
	case format.DataPageV2:
		known = known && h.hasV2
	case format.DictionaryPage:
		known = known && h.hasDictionary
	default:
		known = false
	}
	size, uncompressed := int64(h.compressed), int64(h.uncompressed)
	switch {
	case !known:
		return errors.New("a page is of no kind that can be read, or its header lacks what it must have")
	case size < 0 || uncompressed < 0 || h.values < 0 || size > p.end-p.at-int64(length):
		return errors.New("a page does not lie inside its column")
	case max(size, uncompressed) > limitPage:
		return fmt.Errorf("a page of %d bytes; at most %d MiB are read%s", max(size, uncompressed), limitPage>>20, smallerPages)
	case uncompressed > anyRatio && uncompressed > size*limitRatio:
		return fmt.Errorf("a page of %d bytes becomes %d when it is decompressed; pages of more than %d MiB may become %d times as much", size, uncompressed, anyRatio>>20, limitRatio)
	case h.values > limitPageRows:
		return fmt.Errorf("a page of %d values; at most %d are read%s", h.values, limitPageRows, smallerPages)
	}
	if h.kind == format.DictionaryPage {
		switch {
		case p.hasData || p.entries >= 0:
			return errors.New("its dictionary does not come first, or it has two")
		case format.Encoding(h.encoding) != format.Plain && format.Encoding(h.encoding) != plainDictionary:
			return fmt.Errorf("its dictionary is encoded as %s, not plain", format.Encoding(h.encoding))
		}
		return nil
	}
	switch {
	case int64(h.values) > p.left:
		return errors.New("its pages have more values than the row group has rows")
	case h.values > 0 && !p.listed.allows(format.Encoding(h.encoding)):
		return fmt.Errorf("a page is encoded as %s, which is not among the encodings that the metadata list", format.Encoding(h.encoding))
	}
	if h.kind == format.DataPageV2 {
		switch {
		case h.rows != h.values:
			return fmt.Errorf("a page has %d values for %d rows", h.values, h.rows)
		case h.repetitionBytes < 0 || h.levelBytes < 0 || int64(h.repetitionBytes)+int64(h.levelBytes) > min(size, uncompressed):
			return errors.New("a page's levels do not lie inside it")
		}
	} else if p.column.optional && format.Encoding(h.levelEncoding) != format.RLE {
		return fmt.Errorf("a page's levels are encoded as %s; RLE can be read", format.Encoding(h.levelEncoding))
	}
	return nil
}

// useDictionary hands a dictionary over.
func (p *pageReader) useDictionary(h *pageHeader) error {
	content, err := p.decompress()
	if err != nil {
		return err
	}
	count := int(h.values)
	if p.entryTexts, err = p.column.checkDictionary(content, count); err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	p.entries = int64(count)
	// The library's copy of the page, and the entries that it makes of it, of
	// which those of our own are the larger ones.
	p.dictionaryCost = int64(p.decompressed) + 2*int64(len(content)) + int64(count)*32
	if err := p.memory.change(p.dictionaryCost); err != nil {
		return err
	}
	p.give(content, pageHeader{kind: format.DictionaryPage, values: h.values, encoding: int32(format.Plain)})
	return nil
}

// useValues hands a page of values over.
func (p *pageReader) useValues(h *pageHeader) error {
	p.hasData = true
	p.left -= int64(h.values)
	content, err := p.decompress()
	if err != nil {
		return err
	}
	page, err := p.column.checkPage(h, content, h.plainLevels(), p.entries)
	if err != nil {
		return err
	}
	p.texts = page.texts
	if page.isPlain {
		p.values, p.count = page.content[page.levels:], page.values
	}
	cost := int64(p.decompressed+p.read) + page.decoded
	if !page.isPlain || p.column.kind != parquet.ByteArray { // texts are read where they stand
		cost += int64(len(page.content))
	}
	err = p.memory.change(cost - p.cost[1])
	p.cost = [2]int64{cost, p.cost[0]}
	if err != nil {
		return err
	}
	p.give(page.content, pageHeader{
		kind: h.kind, values: h.values, nulls: h.values - int32(page.values), encoding: int32(page.encoding), levelBytes: int32(page.levels),
	})
	return nil
}

// give has a page given out, with a header that says no more than it must.
func (p *pageReader) give(content []byte, h pageHeader) {
	h.compressed, h.uncompressed, h.rows = int32(len(content)), int32(len(content)), h.values
	p.content, p.header = content, h.append(p.header[:0])
}

// plainLevels is how many bytes of levels stand before what is compressed.
func (h *pageHeader) plainLevels() int {
	if h.kind != format.DataPageV2 {
		return 0
	}
	return int(h.levelBytes)
}

// makeRoom makes room for the content of a page, of which only the values are to
// be decompressed.
func (p *pageReader) makeRoom(h *pageHeader, page []byte) {
	size, levels := int(h.uncompressed), h.plainLevels()
	if h.kind == format.DataPageV2 {
		// A column that does not repeat has none of these; some writers do.
		page, size = page[h.repetitionBytes:], size-int(h.repetitionBytes)
	}
	if p.codec == format.Uncompressed || !h.isCompressed {
		p.room, p.block = page, snappy.Block{}
		return
	}
	b := p.buffers
	b.content = slices.Grow(b.content[:0], size)[:size]
	p.decompressed = max(p.decompressed, size)
	copy(b.content, page[:levels])
	p.room, p.block = b.content, snappy.Block{Source: page[levels:], Content: b.content[levels:]}
}

// pending is what there is to decompress of the next page, which the caller does;
// nil where that is nothing.
func (p *pageReader) pending() *snappy.Block {
	if !p.isFetched {
		p.fetch()
	}
	if p.fetchError != nil || p.isDecompressed || len(p.block.Content) == 0 {
		return nil
	}
	p.isDecompressed = true
	return &p.block
}

// decompress is the content of the page that was fetched last, a view of it or of
// the buffers. Where nothing is to come of it some writers compress nothing at all:
// a page of nulls.
func (p *pageReader) decompress() ([]byte, error) {
	if !p.isDecompressed && len(p.block.Content) > 0 {
		p.block.Err = p.buffers.decoder.decompress(p.codec, p.block.Content, p.block.Source)
	}
	if p.block.Err != nil {
		return nil, fmt.Errorf("a page cannot be decompressed: %w", p.block.Err)
	}
	return p.room, nil
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

// libraryColumns are columns that the library has made, by the metadata that it
// was shown. A run may have very many files, which mostly have the same columns.
type libraryColumns map[string]libraryColumn

// libraryColumn is a column as the library has it. Goroutines may share it.
type libraryColumn struct {
	column *parquet.Column
	chunk  *parquet.FileColumnChunk
}

// of has the library make a column of an element of the schema, unless it has
// made one like it. It is shown that element alone, under a name of ours, in a
// file without statistics and indexes. A nil libraryColumns remembers nothing.
func (known libraryColumns) of(element format.SchemaElement) (made libraryColumn, err error) {
	const endless = 1 << 48 // more than any column has: the pages end with their reader
	element.Name, element.FieldID = "column", 0
	metadata := format.FileMetaData{
		Version: 1,
		Schema:  []format.SchemaElement{{Name: "file", NumChildren: thrift.New[int32](1)}, element},
		RowGroups: []format.RowGroup{{Columns: []format.ColumnChunk{{MetaData: format.ColumnMetaData{
			Type: element.Type.V, Encoding: []format.Encoding{format.Plain}, PathInSchema: []string{element.Name},
			Codec: format.Uncompressed, TotalCompressedSize: endless, DataPageOffset: pagesStart,
		}}}}},
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &metadata)
	if err != nil {
		return made, err
	}
	if made, ok := known[string(footer)]; ok {
		return made, nil
	}
	file := newParquetOf(footer)
	opened, err := parquet.OpenFile(file, file.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return made, err
	}
	made = libraryColumn{opened.Root().Columns()[0], opened.RowGroups()[0].ColumnChunks()[0].(*parquet.FileColumnChunk)}
	if known != nil {
		known[string(footer)] = made
	}
	return made, nil
}

// newParquetOf is a file of metadata alone.
func newParquetOf(metadata []byte) *bytes.Reader {
	file := append([]byte(parquetMagic), metadata...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(metadata)))
	return bytes.NewReader(append(file, parquetMagic...))
}
