package readers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

const (
	parquetMagic = "PAR1"
	// parquetTail is the end of a Parquet file: the length of the metadata in
	// four bytes, and the magic.
	parquetTail = 8
	// limitParquetMetadata bounds the metadata in bytes. A file of ten thousand
	// row groups of a hundred columns has about as much.
	limitParquetMetadata = 256 << 20
)

// parquetFile is an open Parquet file of which the metadata have been read. It
// closes when all who use it have let go.
type parquetFile struct {
	path   string
	handle *os.File
	stat   os.FileInfo // as it was opened
	footer []byte      // the end of the file as it was opened: metadata, their length, magic
	users  atomic.Int32

	metadata *format.FileMetaData
	parquet  *parquet.File // its metadata differ where columns are compressed with LZ4_RAW
}

// openParquet opens a file and reads its metadata; the caller is its first user.
func openParquet(path string) (*parquetFile, error) {
	handle, err := os.Open(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	f := &parquetFile{path: path, handle: handle}
	f.users.Store(1)
	if err := f.readMetadata(); err != nil {
		_ = handle.Close() // only read from
		return nil, cannotRead(path, err)
	}
	return f, nil
}

// reopen opens the file after its last user let go; the caller is its first
// user again. It fails where the file is no longer the one that it was.
func (f *parquetFile) reopen() error {
	handle, err := os.Open(f.path)
	if err != nil {
		return cannotRead(f.path, err)
	}
	f.handle = handle
	f.users.Store(1)
	if err := f.checkUnchanged(); err != nil {
		_ = f.release() // only read from
		return err
	}
	return nil
}

// checkUnchanged checks that the open file is the one whose metadata were read.
func (f *parquetFile) checkUnchanged() error {
	stat, err := f.handle.Stat()
	if err != nil {
		return cannotRead(f.path, err)
	}
	if stat.Size() != f.stat.Size() || !stat.ModTime().Equal(f.stat.ModTime()) || !os.SameFile(stat, f.stat) {
		return cannotRead(f.path, errChanged)
	}
	return nil
}

// cannotRead wraps an error with the file that it is about, once.
func cannotRead(path string, err error) error {
	if pathError, ok := errors.AsType[*os.PathError](err); ok {
		err = pathError.Err
	}
	return fmt.Errorf("cannot read %s: %w", path, err)
}

// damaged is the error of a panic while a file was read: the Parquet library
// trusts much of what stands in a file, and panics where it is damaged.
func damaged(reason any) error {
	return fmt.Errorf("it is damaged: %v", reason)
}

// retain counts one more user.
func (f *parquetFile) retain() { f.users.Add(1) }

// release lets go of the file, which closes with its last user.
func (f *parquetFile) release() error {
	if f.users.Add(-1) > 0 {
		return nil
	}
	return f.handle.Close()
}

func (f *parquetFile) readMetadata() (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = damaged(reason)
		}
	}()
	stat, err := f.handle.Stat()
	if err != nil {
		return err
	}
	f.stat = stat
	size := stat.Size()
	if size < int64(len(parquetMagic)+parquetTail) {
		return fmt.Errorf("it is no Parquet file: it has only %d bytes", size)
	}
	var tail [parquetTail]byte
	if _, err := f.handle.ReadAt(tail[:], size-parquetTail); err != nil {
		return err
	}
	switch string(tail[4:]) {
	case parquetMagic:
	case "PARE":
		return errors.New("it is an encrypted Parquet file; write it without encryption")
	default:
		return errors.New("it is no Parquet file, or is cut off: it does not end with PAR1")
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if length > size-int64(len(parquetMagic))-parquetTail || length > limitParquetMetadata {
		return fmt.Errorf("it is damaged: metadata of %d bytes in a file of %d bytes", length, size)
	}
	f.footer = make([]byte, length+parquetTail)
	if _, err := f.handle.ReadAt(f.footer, size-int64(len(f.footer))); err != nil {
		return err
	}
	if string(f.footer[length+4:]) != parquetMagic {
		return errChanged
	}
	if f.parquet, err = f.open(f.footer); err != nil {
		return err
	}
	f.metadata = f.parquet.Metadata()
	changed, err := withoutLZ4(f.metadata)
	if err != nil {
		return err
	}
	if changed != nil {
		changed = binary.LittleEndian.AppendUint32(changed, uint32(len(changed)))
		if f.parquet, err = f.open(append(changed, parquetMagic...)); err != nil {
			return err
		}
	}
	return f.checkRowGroups()
}

// errChanged says that a file is no longer the one that was opened.
var errChanged = errors.New("it changed while it was read")

// open has the library open the file with a footer that has been read.
func (f *parquetFile) open(footer []byte) (*parquet.File, error) {
	start := f.footerStart()
	return parquet.OpenFile(&withFooter{f.handle, footer, start}, start+int64(len(footer)),
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
}

// footerStart is the offset of the metadata.
func (f *parquetFile) footerStart() int64 { return f.stat.Size() - int64(len(f.footer)) }

// withFooter is a file with another end.
type withFooter struct {
	file   io.ReaderAt
	footer []byte
	start  int64
}

// ReadAt reads in the footer, or before it.
func (w *withFooter) ReadAt(p []byte, offset int64) (int, error) {
	at := offset - w.start
	if at < 0 {
		return w.file.ReadAt(p, offset)
	}
	n := 0
	if at < int64(len(w.footer)) {
		n = copy(p, w.footer[at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *parquetFile) rowGroups() []format.RowGroup { return f.metadata.RowGroups }

// checkRowGroups checks that the metadata are about this file.
func (f *parquetFile) checkRowGroups() error {
	for i := range f.rowGroups() {
		if rows := f.rowGroups()[i].NumRows; rows < 0 {
			return fmt.Errorf("it is damaged: row group %d has %d rows", i, rows)
		}
	}
	return nil
}

// columnNames are the names of the file's columns.
func (f *parquetFile) columnNames() []string {
	columns := f.parquet.Root().Columns()
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name()
	}
	return names
}

// parquetColumn is a column of a Parquet file that is read as a canonical one.
type parquetColumn struct {
	canonical string
	theirs    string // its name in the file
	leaf      int    // its place among the columns of a row group
	optional  bool
	parquetType
}

// column finds the column that a canonical one is read from. It is nil where
// the file has none and need not have one.
func (f *parquetFile) column(source *Source, canonical Column) (*parquetColumn, error) {
	if _, ok := source.Constants[canonical.Name]; ok {
		return nil, nil
	}
	theirs := source.columnName(canonical.Name)
	var found *parquet.Column
	var element *format.SchemaElement
	at := 1 // in the schema, which lists columns and their parts depth first, after the root
	for _, column := range f.parquet.Root().Columns() {
		if column.Name() == theirs {
			if found != nil {
				return nil, fmt.Errorf("cannot read %s: it has two columns %s", f.path, theirs)
			}
			found, element = column, &f.metadata.Schema[at]
		}
		at += countParts(column)
	}
	if found == nil {
		if source.isExpected(canonical) {
			return nil, missingColumnError(f.path, canonical.Name, theirs, f.columnNames())
		}
		return nil, nil
	}
	if !found.Leaf() || found.Repeated() {
		return nil, fmt.Errorf("cannot read %s: column %s is nested or repeated; %s is read from a flat column", f.path, theirs, canonical.Name)
	}
	column := &parquetColumn{canonical: canonical.Name, theirs: theirs, leaf: found.Index(), optional: found.Optional(), parquetType: parquetTypeOf(found, element)}
	if !slices.Contains(shapesOf[canonical.kind], column.shape) {
		return nil, fmt.Errorf("cannot read %s: column %s is of type %s; %s is read from %s", f.path, theirs, column.name, canonical.Name, joinShapes(shapesOf[canonical.kind]))
	}
	return column, f.checkChunks(column)
}

// countParts is how many elements of the schema a column takes.
func countParts(column *parquet.Column) int {
	count := 1
	for _, part := range column.Columns() {
		count += countParts(part)
	}
	return count
}

// columns finds what each canonical column is read from.
func (f *parquetFile) columns(source *Source, canonical []Column) (columns []*parquetColumn, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = cannotRead(f.path, damaged(reason))
		}
	}()
	columns = make([]*parquetColumn, len(canonical))
	for i := range canonical {
		if columns[i], err = f.column(source, canonical[i]); err != nil {
			return nil, err
		}
	}
	return columns, nil
}

// checkChunks checks what the metadata say of a column in each row group.
func (f *parquetFile) checkChunks(column *parquetColumn) error {
	groups := f.rowGroups()
	for i := range groups {
		meta := &groups[i].Columns[column.leaf].MetaData
		problem := func(problem string, args ...any) error {
			return fmt.Errorf("cannot read %s: row group %d, column %s: %s", f.path, i, column.theirs, fmt.Sprintf(problem, args...))
		}
		if groups[i].Columns[column.leaf].FilePath != "" {
			return problem("it lies in another file")
		}
		switch meta.Codec {
		case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd, format.Lz4Raw:
		default:
			return problem("it is compressed with %s; none, snappy, gzip, brotli, zstd and lz4_raw can be read", meta.Codec)
		}
		// The library decodes all chunks of a column as it does the first.
		if first := groups[0].Columns[column.leaf].MetaData.Codec; meta.Codec != first {
			return problem("it is compressed with %s, in row group 0 with %s; one codec a column can be read", meta.Codec, first)
		}
		if meta.NumValues != groups[i].NumRows {
			return problem("it has %d values for %d rows", meta.NumValues, groups[i].NumRows)
		}
		if groups[i].NumRows == 0 {
			continue
		}
		start, end := chunkBytes(meta)
		if start < int64(len(parquetMagic)) || end < start || end > f.footerStart() {
			return problem("it does not lie inside the file")
		}
	}
	return nil
}

// chunkBytes are the offsets at which a column's pages of a row group begin
// and end.
func chunkBytes(meta *format.ColumnMetaData) (start, end int64) {
	start = meta.DataPageOffset
	if meta.DictionaryPageOffset != 0 {
		start = meta.DictionaryPageOffset
	}
	return start, start + meta.TotalCompressedSize
}
