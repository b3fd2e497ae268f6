package readers

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go/format"
)

const (
	// limitParquetMetadata bounds the metadata of a file in bytes: those of about
	// a thousand row groups of five hundred columns.
	limitParquetMetadata = 64 << 20
	// limitParquetColumns bounds the columns of a file, and the parts of nested
	// ones.
	limitParquetColumns = 10_000
	// limitRowGroups bounds the row groups of a file: the format numbers them
	// with 16 bits.
	limitRowGroups = 1<<15 - 1
	// limitChunks bounds the row groups by the columns that are wanted.
	limitChunks = 1 << 20
)

// parquetFooter is what the metadata of a file say of it as a whole. It holds
// views of the metadata.
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
type parquetFooter struct {
	columns   []schemaColumn // of the schema, in order
	leaves    int            // columns and parts of columns that hold values
	rows      int64
	rowGroups []byte // a list, encoded
}

// schemaColumn is a column of the file's schema.
type schemaColumn struct {
	name    string
	element []byte // of the schema, encoded
	flat    bool   // it is one leaf that is not repeated
	leaf    int    // its first leaf's place among those of a row group
}

// readFooter reads the metadata of a file.
func readFooter(metadata []byte) (*parquetFooter, error) {
	var f parquetFooter
	r := &thriftReader{data: metadata}
	hasEncryption, isAlgorithm := false, false
	r.fields(func(id int16, kind thriftKind) bool {
		switch {
		case id == 2 && kind == thriftList:
			f.readSchema(r)
		case id == 3 && kind == thriftI64:
			f.rows = r.int64()
		case id == 4 && kind == thriftList:
			start := r.at
			r.skip(kind)
			f.rowGroups = r.data[start:r.at]
		case id == 8:
			hasEncryption = true
			if kind != thriftStruct {
				return false
			}
			isAlgorithm = readAlgorithm(r)
		default:
			return false
		}
		return true
	})
	switch {
	case r.err != nil:
		return nil, fmt.Errorf("its metadata cannot be read: %w", r.err)
	case isAlgorithm && len(metadata)-r.at == signatureBytes:
		return nil, errEncrypted
	case hasEncryption: // a flipped bit makes the number of a field another
		return nil, errDamagedOrEncrypted
	case f.columns == nil || f.rowGroups == nil:
		return nil, errors.New("its metadata cannot be read: they have no schema or no row groups")
	case r.at != len(metadata):
		return nil, fmt.Errorf("its metadata cannot be read: %d bytes are left over", len(metadata)-r.at)
	}
	return &f, nil
}

var (
	errEncrypted          = errors.New("it is an encrypted Parquet file; write it without encryption")
	errDamagedOrEncrypted = errors.New("its metadata cannot be read: it is damaged, or encrypted")
)

// signatureBytes are what follows the metadata of an encrypted file that are not
// encrypted themselves: a nonce and a tag.
// https://github.com/apache/parquet-format/blob/master/Encryption.md
const signatureBytes = 12 + 16

// readAlgorithm reads what names the algorithm of an encrypted file, and says whether
// it names one of the two that there are.
func readAlgorithm(r *thriftReader) bool {
	named, others := 0, 0
	r.fields(func(id int16, kind thriftKind) bool {
		if kind == thriftStruct && (id == 1 || id == 2) {
			named++
		} else {
			others++
		}
		return false
	})
	return named == 1 && others == 0
}

// readSchema reads the schema, which lists columns and their parts depth first,
// after the root.
func (f *parquetFooter) readSchema(r *thriftReader) {
	kind, count := r.list()
	switch {
	case r.err != nil:
		return
	case f.columns != nil:
		r.fail(errors.New("it has two schemas"))
		return
	case kind != thriftStruct || count == 0:
		r.fail(errors.New("it has no schema"))
		return
	case count > 1+limitParquetColumns:
		r.fail(fmt.Errorf("it has %d columns and parts of columns; at most %d are read", count-1, limitParquetColumns))
		return
	}
	f.columns = make([]schemaColumn, 0, min(count-1, 64))
	open := []int{1} // elements that are still to come, on each level
	for i := range count {
		var name []byte
		var children, repetition int32
		isLeaf := false
		start := r.at
		r.fields(func(id int16, kind thriftKind) bool {
			switch {
			case id == 1 && kind == thriftI32:
				isLeaf = true
				return false
			case id == 3 && kind == thriftI32:
				repetition = r.int32()
			case id == 4 && kind == thriftBinary:
				name = r.bytes()
			case id == 5 && kind == thriftI32:
				children = r.int32()
			default:
				return false
			}
			return true
		})
		if r.err != nil {
			return
		}
		for len(open) > 0 && open[len(open)-1] == 0 {
			open = open[:len(open)-1]
		}
		if len(open) == 0 || children < 0 || int(children) >= count || isLeaf && children > 0 || len(open) > limitThriftDepth {
			r.fail(errors.New("its schema is no tree"))
			return
		}
		open[len(open)-1]--
		if len(open) == 2 {
			f.columns = append(f.columns, schemaColumn{
				name: string(name), element: r.data[start:r.at], leaf: f.leaves,
				flat: isLeaf && format.FieldRepetitionType(repetition) != format.Repeated,
			})
		}
		if isLeaf {
			f.leaves++
		}
		if i == 0 || children > 0 {
			open = append(open, int(children))
		}
	}
	for _, left := range open {
		if left != 0 {
			r.fail(errors.New("its schema is no tree"))
		}
	}
}

// parquetRowGroup is a row group, with the chunks of the columns that are wanted.
type parquetRowGroup struct {
	rows   int64
	chunks []parquetChunk
}

// parquetChunk is where the pages of a column lie of one row group.
type parquetChunk struct {
	kind       format.Type
	codec      format.CompressionCodec
	encodings  encodingSet // that its pages may have
	start, end int64       // offsets in the file
	values     int64       // with the nulls
	problem    error       // why it cannot be read
}

// encodedChunk is a column chunk as the metadata have it.
type encodedChunk struct {
	hasMetadata, elsewhere, encrypted bool
	kind, codec                       int32
	encodings                         encodingSet
	values, compressed                int64
	dataPage, dictionaryPage          int64
}

// readRowGroups reads the row groups of a file whose pages lie before the offset
// end. Of each it keeps the chunks of the leaves that are wanted, in that order.
// What is wrong with one of these alone is told with it.
func (f *parquetFooter) readRowGroups(end int64, wanted []int) ([]parquetRowGroup, error) {
	r := &thriftReader{data: f.rowGroups}
	kind, count := r.list()
	switch {
	case kind != thriftStruct && count > 0:
		return nil, errors.New("it is damaged: its row groups are none")
	case count > limitRowGroups:
		return nil, fmt.Errorf("it has %d row groups; at most %d are read", count, limitRowGroups)
	case count*len(wanted) > limitChunks:
		return nil, fmt.Errorf("it has %d row groups of %d columns that are wanted; at most %d of both are read", count, len(wanted), limitChunks)
	}
	groups := make([]parquetRowGroup, count)
	kept := make([]parquetChunk, count*len(wanted))
	chunks := make([]encodedChunk, f.leaves)
	rows, bytes := int64(0), int64(0)
	for i := range groups {
		there := 0
		group := &groups[i]
		group.rows = -1
		r.fields(func(id int16, kind thriftKind) bool {
			switch {
			case id == 1 && kind == thriftList:
				kind, count := r.list()
				if there = count; kind != thriftStruct || count != len(chunks) {
					r.fail(fmt.Errorf("row group %d has %d columns, the schema %d", i, count, len(chunks)))
					return true
				}
				for j := range chunks {
					chunks[j].read(r)
				}
			case id == 3 && kind == thriftI64:
				group.rows = r.int64()
			default:
				return false
			}
			return true
		})
		switch {
		case r.err != nil:
			return nil, fmt.Errorf("it is damaged: %w", r.err)
		case there != len(chunks):
			return nil, fmt.Errorf("it is damaged: row group %d has no columns", i)
		case group.rows < 0 || group.rows > f.rows-rows:
			return nil, fmt.Errorf("it is damaged: row group %d has %d rows, the file %d", i, group.rows, f.rows)
		}
		rows += group.rows
		if bytes += bytesOf(chunks); bytes > end {
			return nil, fmt.Errorf("it is damaged: the columns up to row group %d have %d bytes, the file %d before its metadata", i, bytes, end)
		}
		group.chunks = kept[i*len(wanted):][:len(wanted)]
		for j, leaf := range wanted {
			chunk, problem := chunks[leaf].check(group.rows, end)
			chunk.problem = problem
			group.chunks[j] = chunk
		}
	}
	if rows != f.rows {
		return nil, fmt.Errorf("it is damaged: its row groups have %d rows, the file %d", rows, f.rows)
	}
	return groups, nil
}

// read reads a chunk's description.
func (c *encodedChunk) read(r *thriftReader) {
	*c = encodedChunk{}
	r.fields(func(id int16, kind thriftKind) bool {
		switch {
		case id == 1 && kind == thriftBinary:
			c.elsewhere = len(r.bytes()) > 0
		case id == 3 && kind == thriftStruct:
			c.readMetadata(r)
		case id == 8:
			c.encrypted = true
			return false
		default:
			return false
		}
		return true
	})
}

func (c *encodedChunk) readMetadata(r *thriftReader) {
	c.hasMetadata = true
	r.fields(func(id int16, kind thriftKind) bool {
		switch {
		case id == 1 && kind == thriftI32:
			c.kind = r.int32()
		case id == 2 && kind == thriftList:
			c.encodings = readEncodings(r)
		case id == 4 && kind == thriftI32:
			c.codec = r.int32()
		case id == 5 && kind == thriftI64:
			c.values = r.int64()
		case id == 7 && kind == thriftI64:
			c.compressed = r.int64()
		case id == 9 && kind == thriftI64:
			c.dataPage = r.int64()
		case id == 11 && kind == thriftI64:
			c.dictionaryPage = r.int64()
		default:
			return false
		}
		return true
	})
}

// encodingSet is a set of encodings, in which that of the number n is 1<<n.
type encodingSet uint32

func encodingsOf(encodings ...format.Encoding) (set encodingSet) {
	for _, encoding := range encodings {
		set |= 1 << uint32(encoding) // nothing for numbers that the format has not
	}
	return set
}

// readEncodings reads the list of a chunk's encodings.
func readEncodings(r *thriftReader) (set encodingSet) {
	kind, count := r.list()
	if kind != thriftI32 && count > 0 {
		r.fail(errors.New("the encodings of a column are none"))
		return 0
	}
	for range count {
		set |= encodingsOf(format.Encoding(r.int32()))
	}
	return set
}

var (
	indexEncodings = encodingsOf(plainDictionary, format.RLEDictionary)
	deltaEncodings = encodingsOf(format.DeltaBinaryPacked, format.DeltaLengthByteArray, format.DeltaByteArray)
	// fixedEncodings are listed for every column by Parquet.Net before 5.5 and by
	// xitongsys/parquet-go, whatever encodings the pages have.
	fixedEncodings = encodingsOf(format.RLE, format.BitPacked, format.Plain)
)

// allows says whether a page of values may have an encoding in a chunk that
// lists the set. Values of one size can be read as plain or as split, and no
// byte of theirs tells which: a bit of the header would change them all. Writers
// list the encodings of their pages of values, but that
//   - the indexes of a dictionary have two names, of which PLAIN_DICTIONARY is
//     the old one;
//   - DuckDB listed nothing before 0.5, and for some types still does not
//     (duckdb/duckdb#4112, duckdb/duckdb#22883);
//   - some list what is fixed in their code (aloneguid/parquet-dotnet#401). Of
//     their pages, indexes follow a dictionary and differences begin with their
//     count, so that neither is taken for the other or for plain values.
//
// A dictionary's own encoding need not be listed, as DuckDB does not: it is
// plain whatever it is called.
func (s encodingSet) allows(encoding format.Encoding) bool {
	set := encodingsOf(encoding)
	if set&indexEncodings != 0 {
		set = indexEncodings
	}
	switch s {
	case 0:
		return true
	case fixedEncodings:
		s |= indexEncodings | deltaEncodings
	}
	return s&set != 0
}

// bytesOf is how many bytes the chunks say that they have in the file. It does
// not overflow where there are fewer than limitParquetColumns of them.
func bytesOf(chunks []encodedChunk) int64 {
	const most = 1 << 48
	sum := int64(0)
	for i := range chunks {
		if !chunks[i].elsewhere {
			sum += min(max(chunks[i].compressed, 0), most)
		}
	}
	return sum
}

// check checks a chunk of a flat column in a row group.
func (c *encodedChunk) check(rows, fileEnd int64) (parquetChunk, error) {
	chunk := parquetChunk{kind: format.Type(c.kind), codec: format.CompressionCodec(c.codec), encodings: c.encodings, values: c.values}
	switch {
	case c.elsewhere:
		return chunk, errors.New("it lies in another file")
	case c.encrypted || !c.hasMetadata:
		return chunk, errDamagedOrEncrypted
	case c.values != rows:
		return chunk, fmt.Errorf("it has %d values for %d rows", c.values, rows)
	}
	switch chunk.codec {
	case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd, format.Lz4Raw:
	default:
		return chunk, fmt.Errorf("it is compressed with %s; none, snappy, gzip, brotli, zstd and lz4_raw can be read", chunk.codec)
	}
	if rows == 0 {
		return chunk, nil
	}
	// Some writers name the dictionary's page where there is none: it is then not
	// before the first page of values.
	chunk.start = c.dataPage
	if c.dictionaryPage > 0 && c.dictionaryPage < c.dataPage {
		chunk.start = c.dictionaryPage
	}
	if chunk.start < int64(len(parquetMagic)) || c.compressed < 0 || chunk.start > fileEnd || c.compressed > fileEnd-chunk.start {
		return chunk, errors.New("it does not lie inside the file")
	}
	chunk.end = chunk.start + c.compressed
	return chunk, nil
}
