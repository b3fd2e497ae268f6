package readers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/avstam/avstam/arrowipc"
	"github.com/avstam/avstam/disk"
	"github.com/parquet-go/parquet-go"
)

// arrowFile is an Arrow IPC file or stream of which the schema has been read.
type arrowFile struct {
	*File
	options  *Options
	stat     os.FileInfo
	isStream bool          // it can be opened only once
	input    *arrowInput   // of a stream, until it is read
	part     *Chunk        // that is to be read; nil for the whole file
	fields   []int         // by canonical column: the place of the field that has it, -1 for none
	columns  []*fileColumn // by canonical column; nil where there is none
	lacking  error         // what the first row meets: a required column has no values
}

// arrowInput is an Arrow file open for reading.
type arrowInput struct {
	handle *disk.File
	raw    *inputReader
	*arrowipc.Reader
}

// openArrow opens a file, reads its schema and finds its columns.
func openArrow(file *File, source *Source, canonical []Column, options *Options) (_ *arrowFile, err error) {
	path := pathText(file.Path)
	a := &arrowFile{File: file, options: options, isStream: file.stream != nil}
	looking := &Options{}
	if a.isStream {
		looking = options // what is looked at is read only once
	}
	in, err := a.openInput(looking)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	defer func() {
		if a.input == nil || err != nil {
			_ = in.close() // only read from
		}
	}()
	if a.stat, err = in.handle.Stat(); err != nil {
		return nil, cannotRead(path, err)
	}
	if !a.isStream {
		file.Size = a.stat.Size() // it may have grown since it was described
	}
	schema := in.Schema()
	file.Columns, file.nulls = make([]string, len(schema.Fields)), nil
	for i := range schema.Fields {
		file.Columns[i] = schema.Fields[i].Name
		if schema.Fields[i].Type.Kind == arrowipc.Null {
			file.nulls = append(file.nulls, i)
		}
	}
	if a.fields, err = findFields(path, source, canonical, file.Columns, file.Columns, ""); err != nil {
		return nil, err
	}
	a.columns = make([]*fileColumn, len(canonical))
	for i, at := range a.fields {
		if at < 0 {
			continue
		}
		field := &schema.Fields[at]
		if field.Type.Kind == arrowipc.Null {
			a.fields[i] = -1 // as pandas writes a column of no values, whatever its type was meant to be
			if canonical[i].Required && a.lacking == nil {
				a.lacking = fmt.Errorf("cannot read %s: column %s has no values; %s is required", path, columnText(field.Name), canonical[i].Name)
			}
			continue
		}
		column := &fileColumn{canonical: canonical[i].Name, theirs: field.Name, optional: true, columnType: arrowTypeOf(&field.Type)}
		if shapes := shapesOf[canonical[i].kind]; !slices.Contains(shapes, column.shape) {
			return nil, fmt.Errorf("cannot read %s: column %s is of type %s; %s is read from %s",
				path, columnText(field.Name), field.Type.Name, canonical[i].Name, strings.ToLower(joinShapes(shapes)))
		}
		a.columns[i] = column
	}
	if a.lacking != nil {
		// The end of a file tells of its rows; those of a stream are met when they come.
		places, err := in.Places()
		if err != nil {
			return nil, cannotRead(path, err)
		}
		if slices.ContainsFunc(places, func(place arrowipc.Place) bool { return place.Rows > 0 }) {
			return nil, a.lacking
		}
	}
	if a.isStream {
		a.input = in
	}
	return a, nil
}

// openInput opens the file and reads its schema.
func (a *arrowFile) openInput(options *Options) (_ *arrowInput, err error) {
	in := &arrowInput{}
	var source io.Reader
	if a.isStream {
		in.handle, source = a.stream.file, a.stream.reader()
	} else {
		if in.handle, err = disk.Open(a.Path); err != nil {
			return nil, err
		}
		source = in.handle
	}
	if a.part != nil {
		if source, err = a.part.bytesOf(in.handle); err != nil {
			_ = in.close() // only read from
			return nil, err
		}
	}
	in.raw = newInputReader(source, options)
	if err := a.readSchema(in); err != nil {
		_ = in.close() // only read from
		return nil, err
	}
	if a.part != nil {
		in.Part(a.part.Offset, a.part.Length)
	}
	return in, nil
}

// readSchema reads the schema of a stream, or of a file from its end.
func (a *arrowFile) readSchema(in *arrowInput) (err error) {
	var head [formatBytes]byte
	if a.isStream {
		copy(head[:], a.stream.head)
	} else if _, err := in.handle.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return err
	}
	if string(head[:]) != arrowipc.FileMagic {
		in.Reader, err = arrowipc.NewReader(blockReader{in.raw})
		return err
	}
	if a.isStream {
		return errFileInPipe
	}
	stat, err := in.handle.Stat()
	if err != nil {
		return err
	}
	footer, err := arrowipc.ReadFooter(in.handle, stat.Size())
	if err == nil {
		in.Reader = arrowipc.NewFileReader(blockReader{in.raw}, in.handle, footer)
	}
	return err
}

// errFileInPipe says that the end of a pipe cannot be read first.
var errFileInPipe = errors.New("an Arrow file is read from its end, so it must be a file; an Arrow stream can be piped")

func (in *arrowInput) close() error {
	if in.raw != nil {
		in.raw.wait()
	}
	if in.handle.IsStandardInput() {
		return nil
	}
	return in.handle.Close()
}

// reopen opens the file again for its rows, or gives the stream that was kept.
func (a *arrowFile) reopen() (*arrowInput, error) {
	in := a.input
	a.input = nil
	if in == nil {
		var err error
		if in, err = a.openInput(a.options); err != nil {
			return nil, err
		}
		stat, err := in.handle.Stat()
		if err == nil && disk.IsChanged(stat, a.stat) {
			err = errChanged
		}
		if err != nil {
			_ = in.close() // only read from
			return nil, err
		}
	}
	for _, field := range a.fields {
		if field >= 0 {
			in.Want(field)
		}
	}
	return in, nil
}

// close closes what has been kept open.
func (a *arrowFile) close() error {
	if a.input == nil {
		return nil
	}
	err := a.input.close()
	a.input = nil
	return err
}

// batches reads the record batches in order and hands them to use, which gives
// the bytes of a batch back to memory when they may be used again. The error
// names the file.
func (a *arrowFile) batches(ctx context.Context, memory *arrowMemory, use func(batch *arrowipc.Batch, bytes []byte) error) error {
	path := pathText(a.Path)
	in, err := a.reopen()
	if err != nil {
		return cannotRead(path, err)
	}
	defer func() { _ = in.close() }() // only read from
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		bytes := memory.takeBytes()
		batch, err := in.Next(bytes)
		if err == io.EOF {
			memory.giveBytes(bytes)
			break
		}
		if err != nil {
			return cannotRead(path, err)
		}
		if batch.Rows > 0 && a.lacking != nil {
			return a.lacking
		}
		if err := use(batch, batch.Bytes()); err != nil {
			return err
		}
	}
	digestError := in.raw.state(a.File)
	if !a.isStream {
		if err := a.checkRead(in.handle, a.stat, a.part); err != nil {
			return cannotRead(path, err)
		}
	}
	return digestError
}

// errNotAlone says that an Arrow file lies inside another.
var errNotAlone = errors.New("an Arrow file must be a file or a stream of its own, not compressed as a whole; its buffers may be")

// arrowTypeOf says what a column of Arrow holds, in the terms of Parquet: the
// two have their values read by the same functions, so that a record is the
// same from either.
func arrowTypeOf(of *arrowipc.Type) columnType {
	t := columnType{name: of.Name}
	switch of.Kind {
	case arrowipc.Text, arrowipc.View:
		t.kind, t.shape = parquet.ByteArray, textShape
	case arrowipc.Fixed:
		t.kind, t.shape, t.width = parquet.FixedLenByteArray, textShape, of.Bytes
		if of.UUID {
			t.shape = uuidShape
		}
	case arrowipc.Integer:
		t.kind, t.shape, t.unsigned = parquet.Int64, integerShape, !of.Signed && of.Bytes == 8
	case arrowipc.Float:
		t.kind, t.shape = parquet.Double, floatShape
		if of.Bytes == 4 {
			t.kind = parquet.Float
		}
	case arrowipc.Decimal:
		t.kind, t.scale = parquet.Int64, of.Scale
		if of.Bytes > 8 {
			t.kind, t.width = parquet.FixedLenByteArray, of.Bytes
		}
		switch {
		case t.scale == 0:
			t.shape = wholeDecimalShape
		case t.scale > 0 && t.scale <= limitScale:
			t.shape = decimalShape
		}
	case arrowipc.Boolean:
		t.kind, t.shape = parquet.Boolean, booleanShape
	case arrowipc.Date:
		t.kind, t.shape = parquet.Int32, dateShape
		if of.Bytes == 8 { // milliseconds, which should be of whole days
			t.kind, t.shape, t.perDay = parquet.Int64, timestampShape, of.PerDay
		}
	case arrowipc.Timestamp:
		t.kind, t.shape, t.perDay, t.zoned = parquet.Int64, timestampShape, of.PerDay, of.Zoned
	}
	return t
}
