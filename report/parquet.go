package report

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Tables are written as Parquet has it (https://parquet.apache.org/docs/file-format),
// with the encodings of parquet-go, but not its writer: that takes a value at a
// time, and a finding has 35. Here a column is gathered, and encoded at once.

// A row group holds rowGroupRows rows, all but the last, or ends with the row with
// which its rows have rowGroupText bytes of text, if that comes first: pages and
// row groups are cut by the rows alone, so the bytes do not depend on how the rows
// came. It is also what bounds memory: texts of a file may be long, 64 KiB each.
const (
	rowGroupRows = 1 << 16
	rowGroupText = 256 * rowGroupRows
)

const parquetMagic = "PAR1"

// writeBytes is how much is written at once.
const writeBytes = 1 << 16

// parquetFile is a Parquet file to which row groups are added.
type parquetFile struct {
	file     *bufio.Writer
	offset   int64
	metadata format.FileMetaData
	indexes  [][]chunkIndex // of the row groups' column chunks
}

// chunkIndex are the indexes of a column chunk.
type chunkIndex struct {
	offsets format.OffsetIndex
	bounds  *format.ColumnIndex // nil where the column has no bounds
}

// newParquetFile begins a table's file. It says nothing of the machine and the time.
func newParquetFile[Row any](file io.Writer, name, version string, columns []column[Row]) (*parquetFile, error) {
	f := &parquetFile{file: bufio.NewWriterSize(file, 2*writeBytes), offset: int64(len(parquetMagic))}
	f.metadata = format.FileMetaData{Version: 2, CreatedBy: "avstam version " + version + "(build parquet-go)"}
	f.metadata.Schema = append(f.metadata.Schema, format.SchemaElement{Name: name, NumChildren: thrift.New(int32(len(columns)))})
	for i := range columns {
		f.metadata.Schema = append(f.metadata.Schema, schemaElement(&columns[i]))
		f.metadata.ColumnOrders = append(f.metadata.ColumnOrders, format.ColumnOrder{Value: new(format.TypeDefinedOrder)})
	}
	_, err := f.file.WriteString(parquetMagic)
	return f, err
}

// schemaElement is what a file says of a column's type.
func schemaElement[Row any](c *column[Row]) format.SchemaElement {
	element := format.SchemaElement{Name: c.name, Type: thrift.New(physicalType(c.shape)), RepetitionType: thrift.New(format.Optional)}
	if c.required {
		element.RepetitionType.Set(format.Required)
	}
	switch c.shape {
	case asCategory, asText:
		element.ConvertedType.Set(deprecated.UTF8)
		element.LogicalType.Value = new(format.StringType)
	case asInteger:
		element.ConvertedType.Set(deprecated.Int64)
		element.LogicalType.Value = &format.IntType{BitWidth: 64, IsSigned: true}
	case asCount:
		element.ConvertedType.Set(deprecated.Int32)
		element.LogicalType.Value = &format.IntType{BitWidth: 32, IsSigned: true}
	case asDay:
		element.ConvertedType.Set(deprecated.Date)
		element.LogicalType.Value = new(format.DateType)
	case asDecimal:
		element.ConvertedType.Set(deprecated.Decimal)
		element.Precision.Set(18)
		element.Scale.Set(2)
		element.LogicalType.Value = &format.DecimalType{Precision: 18, Scale: 2}
	}
	return element
}

func physicalType(s shape) format.Type {
	switch s {
	case asInteger, asDecimal:
		return format.Int64
	case asCount, asDay:
		return format.Int32
	case asBoolean:
		return format.Boolean
	}
	return format.ByteArray
}

// add writes a row group that has been encoded.
func (f *parquetFile) add(chunks []chunkEncoder, rows int) error {
	group := format.RowGroup{NumRows: int64(rows), FileOffset: f.offset, Ordinal: int16(len(f.metadata.RowGroups))}
	indexes := make([]chunkIndex, len(chunks))
	for i := range chunks {
		c, m := &chunks[i], &chunks[i].metadata
		for piece := range slices.Chunk(c.encoded, writeBytes) {
			if _, err := f.file.Write(piece); err != nil {
				return err
			}
		}
		size := int64(len(c.encoded))
		codec := format.Uncompressed
		if c.compressed {
			codec = format.Zstd
		}
		chunk := format.ColumnChunk{FileOffset: f.offset, MetaData: format.ColumnMetaData{
			Type: physicalType(c.shape), Encoding: append([]format.Encoding(nil), m.encodings...),
			PathInSchema: []string{f.metadata.Schema[i+1].Name}, Codec: codec, NumValues: int64(rows),
			TotalUncompressedSize: m.uncompressed, TotalCompressedSize: size, DataPageOffset: f.offset + m.firstPage,
			Statistics: format.Statistics{NullCount: m.nulls, MinValue: m.least, MaxValue: m.greatest},
		}}
		if m.hasDictionary {
			chunk.MetaData.DictionaryPageOffset = f.offset
		}
		for _, page := range m.pages {
			page.Offset += f.offset
			indexes[i].offsets.PageLocations = append(indexes[i].offsets.PageLocations, page)
		}
		if c.bounded {
			indexes[i].bounds = boundsOf(m)
		}
		group.Columns = append(group.Columns, chunk)
		group.TotalByteSize += m.uncompressed
		group.TotalCompressedSize += size
		f.offset += size
	}
	f.metadata.NumRows += int64(rows)
	f.metadata.RowGroups = append(f.metadata.RowGroups, group)
	f.indexes = append(f.indexes, indexes)
	return nil
}

// boundsOf is the column index of a column chunk of one page.
func boundsOf(m *chunkMetadata) *format.ColumnIndex {
	index := &format.ColumnIndex{
		NullPages: []bool{m.least == nil}, MinValues: [][]byte{m.least}, MaxValues: [][]byte{m.greatest},
		BoundaryOrder: format.Ascending, NullCounts: []int64{m.nulls},
	}
	if m.least == nil {
		index.MinValues[0], index.MaxValues[0] = []byte{}, []byte{}
	}
	return index
}

// close writes what stands behind the row groups: the column indexes, the offset
// indexes and the footer. It does not close the file.
func (f *parquetFile) close() error {
	var b bytes.Buffer
	encoder := thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(&b))
	// write empties the buffer into the file.
	write := func() (length int32, err error) {
		n, err := f.file.Write(b.Bytes())
		f.offset += int64(n)
		b.Reset()
		return int32(n), err
	}
	for g := range f.indexes {
		for i := range f.indexes[g] {
			bounds, chunk := f.indexes[g][i].bounds, &f.metadata.RowGroups[g].Columns[i]
			if bounds == nil {
				continue
			}
			if err := encoder.Encode(bounds); err != nil {
				return err
			}
			var err error
			chunk.ColumnIndexOffset = f.offset
			if chunk.ColumnIndexLength, err = write(); err != nil {
				return err
			}
		}
	}
	for g := range f.indexes {
		for i := range f.indexes[g] {
			chunk := &f.metadata.RowGroups[g].Columns[i]
			if err := encoder.Encode(&f.indexes[g][i].offsets); err != nil {
				return err
			}
			var err error
			chunk.OffsetIndexOffset = f.offset
			if chunk.OffsetIndexLength, err = write(); err != nil {
				return err
			}
		}
	}
	if err := encoder.Encode(&f.metadata); err != nil {
		return err
	}
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(b.Len())))
	b.WriteString(parquetMagic)
	if _, err := write(); err != nil {
		return err
	}
	return f.file.Flush()
}
