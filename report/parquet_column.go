package report

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// pageTextBytes is how much text a page has before another is begun. Pages of
// other columns are as long as their row group.
const pageTextBytes = 1 << 20

// rowGroupEncoder encodes the rows of one row group after the other into
// Parquet, column after column, in memory.
type rowGroupEncoder[Row any] struct {
	columns []column[Row]
	chunks  []chunkEncoder // as long as columns
	rows    int
	codes   []int32
}

func newRowGroupEncoder[Row any](columns []column[Row]) *rowGroupEncoder[Row] {
	e := &rowGroupEncoder[Row]{columns: columns, chunks: make([]chunkEncoder, len(columns))}
	for i := range columns {
		c := &columns[i]
		e.chunks[i] = chunkEncoder{shape: c.shape, required: c.required, bounded: c.bounded, sorted: c.sorted, compressed: c.compressed}
	}
	return e
}

// begin begins a row group.
func (e *rowGroupEncoder[Row]) begin() {
	e.rows = 0
	for i := range e.chunks {
		e.chunks[i].begin()
	}
}

// add adds rows to the row group.
func (e *rowGroupEncoder[Row]) add(t *texts, rows []Row) error {
	e.rows += len(rows)
	for i := range e.columns {
		if err := e.addColumn(i, t, rows); err != nil {
			return fmt.Errorf("column %s: %w", e.columns[i].name, err)
		}
	}
	return nil
}

func (e *rowGroupEncoder[Row]) addColumn(i int, t *texts, rows []Row) error {
	c, chunk := &e.columns[i], &e.chunks[i]
	switch {
	case c.isEmpty:
		chunk.rows += len(rows)
		chunk.nulls += len(rows)
	case c.codes != nil:
		e.codes = slices.Grow(e.codes[:0], len(rows))[:len(rows)]
		c.codes(e.codes, rows)
		chunk.addCodes(e.codes, c.names(t))
	case c.code != nil:
		e.codes = slices.Grow(e.codes[:0], len(rows))[:len(rows)]
		for r := range rows {
			e.codes[r] = int32(c.code(&rows[r]))
		}
		chunk.addCodes(e.codes, c.names(t))
	case c.category != nil:
		places := chunk.room(len(rows))
		for r := range rows {
			places[r] = chunk.placeOf(c.category(&rows[r]))
		}
		chunk.addPlaces(len(rows))
	case c.texts != nil:
		ends := chunk.roomForTexts(len(rows))
		if text := c.texts(chunk.text, ends, rows); len(text) < pageTextBytes {
			chunk.addTexts(text, ends)
			return nil
		}
		// The page ends at one of the rows.
		return addTexts(chunk, rows, c.text)
	case c.shape == asText:
		return addTexts(chunk, rows, c.text)
	case c.numbers != nil:
		c.numbers(chunk.roomForNumbers(len(rows)), rows)
		chunk.addNumbers(len(rows), c.null)
	default:
		addNumbers(chunk, rows, c.number)
	}
	return nil
}

// end ends the row group: its column chunks are then encoded.
func (e *rowGroupEncoder[Row]) end() error {
	for i := range e.chunks {
		if err := e.chunks[i].end(); err != nil {
			return fmt.Errorf("column %s: %w", e.columns[i].name, err)
		}
	}
	return nil
}

// chunkEncoder encodes the column chunks of one column. Levels, nulls and the
// values are those of the page that is being gathered.
type chunkEncoder struct {
	shape                                 shape
	required, bounded, sorted, compressed bool

	rows, nulls int
	levels      []byte // 0 for a null, else 1; not of required columns
	numbers     []int64
	places      []int32 // in the dictionary
	text        []byte
	offsets     []uint32 // where each text begins, and the end

	// The dictionary of the column chunk.
	known  map[string]int32 // its texts
	data   []byte           // the same as PLAIN has them
	codes  []int32          // by code: its place, or newCode or nullCode
	recent [recentTexts]recentText

	// What has been encoded.
	encoded  []byte
	header   bytes.Buffer
	thrift   *thrift.Encoder
	runs     []byte // levels of the page
	page     []byte // its values
	indexes  []byte // in the dictionary
	narrow   []int32
	zstd     *zstd.Encoder
	metadata chunkMetadata
}

// recentText is a text that was looked up, and its place; the empty text for none.
type recentText struct {
	text  []byte
	place int32
}

// recentTexts is how many texts are found without a look into the map, each at a
// place of its own: rows follow each other that have few.
const recentTexts = 64

// recentPlace is where a text stands among recent ones. It is not empty.
func recentPlace(text []byte) int {
	return (len(text) + 5*int(text[0]) + 11*int(text[len(text)/2]) + 23*int(text[len(text)-1])) % recentTexts
}

const (
	newCode  = -1 // it has not come yet
	nullCode = -2 // it has no text
)

// chunkMetadata is what the footer and the indexes say of a column chunk; its
// offsets are from the chunk's beginning.
type chunkMetadata struct {
	rows, nulls     int64
	encodings       []format.Encoding
	hasDictionary   bool
	uncompressed    int64 // bytes
	firstPage       int64
	least, greatest []byte // of bounded columns, nil where there is no value
	pages           []format.PageLocation
}

func (c *chunkEncoder) begin() {
	c.rows, c.nulls = 0, 0
	c.levels, c.numbers, c.places, c.text = c.levels[:0], c.numbers[:0], c.places[:0], c.text[:0]
	c.offsets = append(c.offsets[:0], 0)
	c.data, c.encoded = c.data[:0], c.encoded[:0]
	clear(c.known)
	for i := range c.recent {
		c.recent[i].text = c.recent[i].text[:0]
	}
	for i := range c.codes {
		c.codes[i] = newCode
	}
	m := &c.metadata
	*m = chunkMetadata{encodings: m.encodings[:0], pages: m.pages[:0]}
}

// extendCodes makes room for as many codes.
func (c *chunkEncoder) extendCodes(count int) {
	for len(c.codes) < count {
		c.codes = append(c.codes, newCode)
	}
}

// addCode is the place of a code's text in the dictionary, or nullCode.
func (c *chunkEncoder) addCode(code int, text []byte) int32 {
	c.codes[code] = c.placeOf(text)
	return c.codes[code]
}

// placeOf is the place of a text in the dictionary, or nullCode.
func (c *chunkEncoder) placeOf(text []byte) int32 {
	if len(text) == 0 && !c.required {
		return nullCode
	}
	if len(text) > 0 {
		recent := &c.recent[recentPlace(text)]
		if string(recent.text) != string(text) {
			recent.text, recent.place = append(recent.text[:0], text...), c.look(text)
		}
		return recent.place
	}
	return c.look(text)
}

// look is placeOf, by the map.
func (c *chunkEncoder) look(text []byte) int32 {
	place, known := c.known[string(text)]
	if !known {
		if c.known == nil {
			c.known = map[string]int32{}
		}
		place = int32(len(c.known))
		c.known[string(text)] = place
		c.data = binary.LittleEndian.AppendUint32(c.data, uint32(len(text)))
		c.data = append(c.data, text...)
		if c.bounded {
			m := &c.metadata
			if place == 0 || bytes.Compare(text, m.least) < 0 {
				m.least = bytes.Clone(text)
			}
			if place == 0 || bytes.Compare(text, m.greatest) > 0 {
				m.greatest = bytes.Clone(text)
			}
		}
	}
	return place
}

// room is room for the places of more rows, behind those that there are.
func (c *chunkEncoder) room(rows int) []int32 {
	c.places = slices.Grow(c.places, rows)
	return c.places[len(c.places) : len(c.places)+rows]
}

// addPlaces adds the places that have been put into room.
func (c *chunkEncoder) addPlaces(rows int) {
	c.rows += rows
	values := len(c.places)
	c.places = c.places[:values+rows]
	if c.required {
		return
	}
	levels := c.addLevels(rows)
	for r, place := range c.places[values:] {
		level := byte(0)
		if place >= 0 {
			level = 1
		}
		c.places[values] = place
		values += int(level)
		levels[r] = level
	}
	c.nulls += len(c.places) - values
	c.places = c.places[:values]
}

// addCodes adds the texts that codes stand for.
func (c *chunkEncoder) addCodes(codes []int32, names [][]byte) {
	c.extendCodes(len(names))
	places, known := c.room(len(codes)), c.codes
	for r, code := range codes {
		place := known[code]
		if place == newCode {
			place = c.addCode(int(code), names[code])
		}
		places[r] = place
	}
	c.addPlaces(len(codes))
}

// roomForNumbers is room for the numbers of more rows, behind those that there are.
func (c *chunkEncoder) roomForNumbers(rows int) []int64 {
	c.numbers = slices.Grow(c.numbers, rows)
	return c.numbers[len(c.numbers) : len(c.numbers)+rows]
}

// addNumbers adds the numbers that have been put into room, of which null is no
// value unless the column is required.
func (c *chunkEncoder) addNumbers(rows int, null int64) {
	c.rows += rows
	values := len(c.numbers)
	numbers := c.numbers[:values+rows]
	if c.required {
		c.numbers = numbers
		return
	}
	levels := c.addLevels(rows)
	for r, number := range numbers[values:] {
		level := byte(0)
		if number != null {
			level = 1
		}
		numbers[values] = number
		values += int(level)
		levels[r] = level
	}
	c.nulls += len(numbers) - values
	c.numbers = numbers[:values]
}

// roomForTexts is room for where the texts of more rows end.
func (c *chunkEncoder) roomForTexts(rows int) []uint32 {
	c.offsets = slices.Grow(c.offsets, rows)
	return c.offsets[len(c.offsets) : len(c.offsets)+rows]
}

// addTexts adds the texts of rows: text is that of the page with theirs, and ends
// have been put into room. In a column that is not required, empty ones are null.
func (c *chunkEncoder) addTexts(text []byte, ends []uint32) {
	c.rows += len(ends)
	values := len(c.offsets)
	before := c.offsets[values-1]
	c.text, c.offsets = text, c.offsets[:values+len(ends)]
	if c.required {
		return
	}
	levels := c.addLevels(len(ends))
	for r, end := range ends {
		level := byte(0)
		if end != before {
			level = 1
		}
		before = end
		c.offsets[values] = end
		values += int(level)
		levels[r] = level
	}
	c.nulls += len(c.offsets) - values
	c.offsets = c.offsets[:values]
}

// addNumbers adds the numbers of rows.
func addNumbers[Row any](c *chunkEncoder, rows []Row, numberOf func(*Row) (int64, bool)) {
	c.rows += len(rows)
	values := len(c.numbers)
	c.numbers = slices.Grow(c.numbers, len(rows))[:values+len(rows)]
	numbers := c.numbers
	if c.required {
		for r := range rows {
			numbers[values+r], _ = numberOf(&rows[r])
		}
		return
	}
	levels := c.addLevels(len(rows))
	for r := range rows {
		number, ok := numberOf(&rows[r])
		level := byte(0)
		if ok {
			level = 1
		}
		numbers[values] = number
		values += int(level)
		levels[r] = level
	}
	c.nulls += len(numbers) - values
	c.numbers = numbers[:values]
}

// addLevels makes room for the levels of more rows.
func (c *chunkEncoder) addLevels(rows int) []byte {
	before := len(c.levels)
	c.levels = slices.Grow(c.levels, rows)[:before+rows]
	return c.levels[before:]
}

// addTexts adds the texts of rows. It ends a page that has text enough.
func addTexts[Row any](c *chunkEncoder, rows []Row, appendText func([]byte, *Row) []byte) error {
	for len(rows) > 0 {
		c.offsets = slices.Grow(c.offsets, len(rows))
		offsets, values, text := c.offsets[:len(c.offsets)+len(rows)], len(c.offsets), c.text
		var levels []byte
		if !c.required {
			levels = c.addLevels(len(rows))
		}
		added := 0
		for ; added < len(rows) && len(text) < pageTextBytes; added++ {
			before := len(text)
			text = appendText(text, &rows[added])
			level := byte(0)
			if len(text) > before || c.required {
				level = 1
			}
			offsets[values] = uint32(len(text))
			values += int(level)
			if !c.required {
				levels[added] = level
			}
		}
		c.rows += added
		c.nulls += added - (values - len(c.offsets))
		c.offsets, c.text = offsets[:values], text
		if !c.required {
			c.levels = c.levels[:len(c.levels)-len(rows)+added]
		}
		if len(text) >= pageTextBytes {
			if err := c.endPage(); err != nil {
				return err
			}
		}
		rows = rows[added:]
	}
	return nil
}

// end ends the column chunk.
func (c *chunkEncoder) end() error {
	if c.rows > 0 {
		if err := c.endPage(); err != nil {
			return err
		}
	}
	slices.Sort(c.metadata.encodings)
	c.metadata.encodings = slices.Compact(c.metadata.encodings)
	return nil
}

// endPage encodes the rows that have been gathered as a page.
func (c *chunkEncoder) endPage() error {
	if c.shape == asCategory && c.nulls < c.rows {
		if err := c.writeDictionary(); err != nil {
			return err
		}
	}
	levels, err := c.encodeLevels()
	if err != nil {
		return err
	}
	encoding, rest, err := c.encodeValues()
	if err != nil {
		return err
	}
	m := &c.metadata
	if len(m.pages) == 0 {
		m.firstPage = int64(len(c.encoded))
	}
	location := format.PageLocation{Offset: int64(len(c.encoded)), FirstRowIndex: m.rows}
	header := format.PageHeader{Type: format.DataPageV2}
	header.DataPageHeaderV2.Set(format.DataPageHeaderV2{
		NumValues: int32(c.rows), NumNulls: int32(c.nulls), NumRows: int32(c.rows), Encoding: encoding,
		DefinitionLevelsByteLength: int32(len(levels)), IsCompressed: thrift.New(c.compressed),
		Statistics: format.Statistics{NullCount: int64(c.nulls)},
	})
	if err := c.writePage(&header, levels, c.page, rest); err != nil {
		return err
	}
	location.CompressedPageSize = int32(int64(len(c.encoded)) - location.Offset)
	m.pages = append(m.pages, location)
	m.encodings = append(m.encodings, encoding, format.RLE)
	m.rows += int64(c.rows)
	m.nulls += int64(c.nulls)
	c.rows, c.nulls = 0, 0
	c.levels, c.numbers, c.places, c.text, c.offsets = c.levels[:0], c.numbers[:0], c.places[:0], c.text[:0], c.offsets[:1]
	return nil
}

// encodeLevels gives the definition levels of the page.
func (c *chunkEncoder) encodeLevels() (runs []byte, err error) {
	switch {
	case c.required:
		return nil, nil
	case c.nulls == 0 || c.nulls == c.rows: // one run
		level := byte(1)
		if c.nulls > 0 {
			level = 0
		}
		c.runs = append(binary.AppendUvarint(c.runs[:0], uint64(c.rows)<<1), level)
		return c.runs, nil
	}
	c.runs, err = (&rle.Encoding{BitWidth: 1}).EncodeLevels(c.runs, c.levels)
	return c.runs, err
}

// encodeValues encodes the values of the page into page, and a rest that follows.
func (c *chunkEncoder) encodeValues() (encoding format.Encoding, rest []byte, err error) {
	c.page = c.page[:0]
	if c.nulls == c.rows {
		// Readers know what PLAIN is without values.
		return format.Plain, nil, nil
	}
	switch c.shape {
	case asCategory:
		// The page is the chunk's only one, so that the last place is in it.
		width := bits.Len(uint(len(c.known) - 1))
		c.indexes, err = (&rle.Encoding{BitWidth: width}).EncodeInt32(c.indexes, c.places)
		c.page = append(c.page, byte(width))
		return format.RLEDictionary, c.indexes, err
	case asText:
		if c.sorted {
			c.page, err = new(delta.ByteArrayEncoding).EncodeByteArray(c.page, c.text, c.offsets)
			return format.DeltaByteArray, nil, err
		}
		c.narrow = slices.Grow(c.narrow[:0], len(c.offsets))[:len(c.offsets)-1]
		for i := range c.narrow {
			c.narrow[i] = int32(c.offsets[i+1] - c.offsets[i])
		}
		c.page, err = new(delta.BinaryPackedEncoding).EncodeInt32(c.page, c.narrow)
		return format.DeltaLengthByteArray, c.text, err
	case asBoolean:
		for i, number := range c.numbers {
			if i%8 == 0 {
				c.page = append(c.page, 0)
			}
			c.page[i/8] |= byte(number) << (i % 8)
		}
		return format.Plain, nil, nil
	case asCount, asDay:
		c.narrow = slices.Grow(c.narrow[:0], len(c.numbers))[:len(c.numbers)]
		for i, number := range c.numbers {
			c.narrow[i] = int32(number)
		}
		c.page, err = new(delta.BinaryPackedEncoding).EncodeInt32(c.page, c.narrow)
	case asInteger, asDecimal:
		c.page, err = new(delta.BinaryPackedEncoding).EncodeInt64(c.page, c.numbers)
	}
	if c.bounded {
		c.metadata.least = c.plain(slices.Min(c.numbers))
		c.metadata.greatest = c.plain(slices.Max(c.numbers))
	}
	return format.DeltaBinaryPacked, nil, err
}

// plain is a number as PLAIN has it, for bounds. Pages of numbers are as long as
// their row group, so that there is only one.
func (c *chunkEncoder) plain(number int64) []byte {
	if c.shape == asDay || c.shape == asCount {
		return binary.LittleEndian.AppendUint32(nil, uint32(number))
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(number))
}

func (c *chunkEncoder) writeDictionary() error {
	header := format.PageHeader{Type: format.DictionaryPage}
	header.DictionaryPageHeader.Set(format.DictionaryPageHeader{NumValues: int32(len(c.known)), Encoding: format.Plain})
	c.metadata.hasDictionary = true
	c.metadata.encodings = append(c.metadata.encodings, format.Plain)
	return c.writePage(&header, nil, c.data, nil)
}

// writePage completes a page's header and appends the page to the column chunk:
// levels, which are never compressed, values, and the rest of them.
func (c *chunkEncoder) writePage(header *format.PageHeader, levels, values, rest []byte) error {
	header.UncompressedPageSize = int32(len(levels) + len(values) + len(rest))
	if c.compressed {
		if c.zstd == nil {
			var err error
			if c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
				return err
			}
		}
		values, rest = c.zstd.EncodeAll(slices.Concat(values, rest), nil), nil
	}
	header.CompressedPageSize = int32(len(levels) + len(values) + len(rest))
	header.CRC = int32(crc32.Update(crc32.Update(crc32.ChecksumIEEE(levels), crc32.IEEETable, values), crc32.IEEETable, rest))
	c.header.Reset()
	if c.thrift == nil {
		c.thrift = thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(&c.header))
	}
	if err := c.thrift.Encode(header); err != nil {
		return err
	}
	c.metadata.uncompressed += int64(c.header.Len()) + int64(header.UncompressedPageSize)
	c.encoded = append(c.encoded, c.header.Bytes()...)
	c.encoded = append(c.encoded, levels...)
	c.encoded = append(c.encoded, values...)
	c.encoded = append(c.encoded, rest...)
	return nil
}
