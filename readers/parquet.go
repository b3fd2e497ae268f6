package readers

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/avstam/avstam/disk"
)

const (
	parquetMagic = "PAR1"
	// encryptedMagic is in its place, at the beginning and at the end, where the
	// metadata are encrypted, too.
	encryptedMagic = "PARE"
	// parquetTail is the end of a Parquet file: the length of the metadata in
	// four bytes, and the magic.
	parquetTail = 8
)

// parquetFile is an open Parquet file of which the metadata have been read. It
// closes when all who use it have let go.
type parquetFile struct {
	path   string
	handle *disk.File
	stat   os.FileInfo // as it was opened
	users  atomic.Int32

	footerBytes int64    // the end of the file as it was opened: metadata, their length, magic
	footerSum   [32]byte // SHA-256 of that
	names       []string // of the columns
	library     libraryColumns

	footer *parquetFooter    // until the columns have been found
	groups []parquetRowGroup // from then on
}

// openParquet opens a file and reads its metadata; the caller is its first user.
func openParquet(path string) (*parquetFile, error) {
	handle, err := disk.Open(path)
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
	handle, err := disk.Open(f.path)
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
	if disk.IsChanged(stat, f.stat) {
		return cannotRead(f.path, errChanged)
	}
	return nil
}

// cannotRead wraps an error with the file that it is about, once.
func cannotRead(path string, err error) error {
	return fmt.Errorf("cannot read %s: %w", path, disk.Reason(err))
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

func (f *parquetFile) readMetadata() error {
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
	case encryptedMagic:
		return errEncrypted
	default:
		return errors.New("it is no Parquet file, or is cut off: it does not end with PAR1")
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if length > size-int64(len(parquetMagic))-parquetTail {
		return fmt.Errorf("it is damaged: metadata of %d bytes in a file of %d bytes", length, size)
	}
	if length > limitParquetMetadata {
		return fmt.Errorf("it has metadata of %d bytes; at most %d MiB are read", length, limitParquetMetadata>>20)
	}
	footer := make([]byte, length+parquetTail)
	if _, err := f.handle.ReadAt(footer, size-int64(len(footer))); err != nil {
		return err
	}
	if !bytes.Equal(footer[length:], tail[:]) {
		return errChanged
	}
	f.footerBytes, f.footerSum = int64(len(footer)), sha256.Sum256(footer)
	if f.footer, err = readFooter(footer[:length]); err != nil {
		return err
	}
	f.names = make([]string, len(f.footer.columns))
	for i := range f.footer.columns {
		f.names[i] = f.footer.columns[i].name
	}
	return nil
}

// columnNames are the names of the file's columns.
func (f *parquetFile) columnNames() []string { return f.names }

// errChanged says that a file is no longer the one that was opened.
var errChanged = errors.New("it changed while it was read")

// footerStart is the offset of the metadata.
func (f *parquetFile) footerStart() int64 { return f.stat.Size() - f.footerBytes }

// parquetColumn is a column of a Parquet file that is read as a canonical one.
type parquetColumn struct {
	fileColumn
	leaf    int                      // its place among the columns of a row group
	chunk   int                      // its place among the chunks that are kept of a row group
	isNull  bool                     // it is of the type that has no values
	library *parquet.FileColumnChunk // decodes its pages
}

// column finds the column that a canonical one is read from. It is nil where
// the file has none and need not have one.
func (f *parquetFile) column(source *Source, canonical Column) (*parquetColumn, error) {
	if _, ok := source.Constants[canonical.Name]; ok {
		return nil, nil
	}
	theirs := source.columnName(canonical.Name)
	at := slices.Index(f.names, theirs)
	switch {
	case at >= 0 && slices.Contains(f.names[at+1:], theirs):
		return nil, fmt.Errorf("cannot read %s: it has two columns %s", f.path, columnText(theirs))
	case at < 0 && source.isExpected(canonical):
		return nil, missingColumnError(f.path, canonical.Name, theirs, f.names)
	case at < 0:
		return nil, nil
	}
	column, err := f.flatColumn(at)
	switch {
	case err != nil:
		return nil, err
	case column != nil && column.isNull && (!canonical.Required || f.footer.rows == 0):
		return nil, nil // as pandas writes a column of no values, whatever its type was meant to be
	case column == nil:
		return nil, fmt.Errorf("cannot read %s: column %s is nested or repeated; %s is read from a flat column", f.path, columnText(theirs), canonical.Name)
	case column.isNull:
		return nil, fmt.Errorf("cannot read %s: column %s has no values; %s is required", f.path, columnText(theirs), canonical.Name)
	case !slices.Contains(shapesOf[canonical.kind], column.shape):
		return nil, fmt.Errorf("cannot read %s: column %s is of type %s; %s is read from %s", f.path, columnText(theirs), column.name, canonical.Name, joinShapes(shapesOf[canonical.kind]))
	}
	column.canonical = canonical.Name
	return column, nil
}

// flatColumn is the column at a place in the file; nil where it is nested or
// repeated.
func (f *parquetFile) flatColumn(at int) (*parquetColumn, error) {
	there := &f.footer.columns[at]
	if !there.flat {
		return nil, nil
	}
	column := &parquetColumn{fileColumn: fileColumn{canonical: there.name, theirs: there.name}, leaf: there.leaf}
	if err := column.readType(there.element, f.library); err != nil {
		return nil, fmt.Errorf("cannot read %s: column %s: %w", f.path, columnText(there.name), err)
	}
	return column, nil
}

// readType reads what a column holds, of its element of the schema.
func (c *parquetColumn) readType(encoded []byte, library libraryColumns) (err error) {
	defer func() {
		if reason := recover(); reason != nil { // the library panics at types that contradict themselves
			err = damaged(reason)
		}
	}()
	var element format.SchemaElement
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), encoded, &element); err != nil {
		return damaged(err)
	}
	if element.Type.V == format.FixedLenByteArray && element.TypeLength.V > encoding.MaxFixedLenByteArraySize {
		return fmt.Errorf("its values have %d bytes each; at most %d are read", element.TypeLength.V, encoding.MaxFixedLenByteArraySize)
	}
	made, err := library.of(element)
	if err != nil {
		return damaged(err)
	}
	_, c.isNull = element.LogicalType.Value.(*format.NullType)
	c.library, c.optional, c.columnType = made.chunk, made.column.Optional(), parquetTypeOf(made.column, &element)
	return nil
}

// columns finds what each canonical column is read from, and where its pages
// lie. It is called once.
func (f *parquetFile) columns(source *Source, canonical []Column) ([]*parquetColumn, error) {
	columns := make([]*parquetColumn, len(canonical))
	for i := range canonical {
		var err error
		if columns[i], err = f.column(source, canonical[i]); err != nil {
			return nil, err
		}
	}
	if err := f.findChunks(columns); err != nil {
		return nil, err
	}
	for _, column := range columns {
		if column == nil {
			continue
		}
		if err := f.checkChunks(column); err != nil {
			return nil, err
		}
	}
	return columns, nil
}

// flatColumns are all columns of the file, nil where one is nested or repeated,
// and where their pages lie. It is called once, instead of columns; checkChunks
// says whether a column can be read.
func (f *parquetFile) flatColumns() ([]*parquetColumn, error) {
	columns := make([]*parquetColumn, len(f.names))
	for i := range columns {
		var err error
		if columns[i], err = f.flatColumn(i); err != nil {
			return nil, err
		}
	}
	return columns, f.findChunks(columns)
}

// findChunks finds the chunks of columns, some of which may be nil, and lets go
// of the metadata.
func (f *parquetFile) findChunks(columns []*parquetColumn) (err error) {
	var wanted []int // leaves
	for _, column := range columns {
		if column == nil {
			continue
		}
		if column.chunk = slices.Index(wanted, column.leaf); column.chunk < 0 {
			column.chunk = len(wanted)
			wanted = append(wanted, column.leaf)
		}
	}
	if f.groups, err = f.footer.readRowGroups(f.footerStart(), wanted); err != nil {
		return cannotRead(f.path, err)
	}
	f.footer = nil
	return nil
}

// checkChunks says why a column cannot be read, of what the metadata say of it
// in each row group.
func (f *parquetFile) checkChunks(column *parquetColumn) error {
	for i := range f.groups {
		chunk := &f.groups[i].chunks[column.chunk]
		err := chunk.problem
		if err == nil && parquet.Kind(chunk.kind) != column.kind {
			err = fmt.Errorf("it is of type %s, in the schema of %s", chunk.kind, column.kind)
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: row group %d, column %s: %w", f.path, i, columnText(column.theirs), err)
		}
	}
	return nil
}
