package readers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/avstam/avstam/arrowipc"
	"github.com/avstam/avstam/pipeline"
)

// arrowPieceRows is how many rows of a record batch a piece has at most: a
// writer may put all rows of a file into one.
const arrowPieceRows = 1 << 17

// arrowRecords is an Arrow file or stream of records.
type arrowRecords struct {
	*arrowFile
	index     int // of the file in the run
	constants recordConstants
}

// arrowMemory is what the record batches of a run use by turns, whatever their file.
type arrowMemory struct {
	bytes     sync.Pool // of *[]byte, those of a record batch
	inflaters sync.Pool // of *arrowipc.Inflater
	fillers   sync.Pool // of *arrowFiller
}

// takeBytes is room for a record batch, or nil.
func (m *arrowMemory) takeBytes() []byte {
	bytes, ok := m.bytes.Get().(*[]byte)
	if !ok {
		return nil
	}
	return *bytes
}

// giveBytes gives the room of a record batch back.
func (m *arrowMemory) giveBytes(bytes []byte) { m.bytes.Put(&bytes) }

func (m *arrowMemory) takeInflater() *arrowipc.Inflater {
	inflater, ok := m.inflaters.Get().(*arrowipc.Inflater)
	if !ok {
		inflater = new(arrowipc.Inflater)
	}
	return inflater
}

// takeFiller is a filler for record batches of r.
func (m *arrowMemory) takeFiller(r *arrowRecords) *arrowFiller {
	f, ok := m.fillers.Get().(*arrowFiller)
	if !ok {
		f = new(arrowFiller)
	}
	if f.records != r {
		f.read(r)
	}
	return f
}

// openArrowRecords opens an Arrow file of records: index is its place in the
// run. The error names the file, and where it is about a column that too.
func openArrowRecords(file *File, index int, source *Source, options *Options) (recordFile, error) {
	constants, err := parseRecordConstants(source)
	if err != nil {
		return nil, err
	}
	a, err := openArrow(file, source, recordColumns[:], options)
	if err != nil {
		return nil, err
	}
	return &arrowRecords{arrowFile: a, index: index, constants: constants}, nil
}

// cut reads the record batches in order and sends a piece for each, or several
// where it has many rows.
func (r *arrowRecords) cut(ctx context.Context, send func(pipeline.Piece) error) error {
	row := int64(1)
	if r.part != nil {
		row = r.part.FirstRow
	}
	return r.batches(ctx, r.options.arrow, func(batch *arrowipc.Batch, bytes []byte) error {
		shared := &arrowBatch{records: r, batch: batch, bytes: bytes, row: row}
		row += int64(batch.Rows)
		r.Extent += int64(batch.Rows)
		pieces := (batch.Rows + arrowPieceRows - 1) / arrowPieceRows
		shared.users.Store(int32(pieces))
		for i := range pieces {
			first := i * arrowPieceRows
			if err := send(&arrowPiece{shared: shared, first: first, rows: min(arrowPieceRows, batch.Rows-first)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// arrowBatch is a record batch that several pieces share. The first that needs
// it has its columns decompressed.
type arrowBatch struct {
	records *arrowRecords
	batch   *arrowipc.Batch
	bytes   []byte
	row     int64        // its first, from 1 in the file
	users   atomic.Int32 // pieces that have not been closed

	once     sync.Once
	inflater *arrowipc.Inflater
	columns  [recordColumnCount]*arrowipc.Column
	err      error
}

func (b *arrowBatch) load() error {
	b.once.Do(func() {
		b.err = b.problem("", errDecompress) // what the others see where this panics
		b.inflater = b.records.options.arrow.takeInflater()
		var column string
		if column, b.err = b.records.load(b.batch, b.inflater, b.columns[:]); b.err != nil {
			b.err = b.problem(column, b.err)
		}
	})
	return b.err
}

var errDecompress = errors.New("it cannot be decompressed")

func (b *arrowBatch) problem(column string, err error) error {
	return arrowProblem(pathText(b.records.Path), b.batch.Number, column, err)
}

// load loads the columns of a record batch. Where it fails it tells in which.
func (a *arrowFile) load(batch *arrowipc.Batch, inflater *arrowipc.Inflater, columns []*arrowipc.Column) (theirs string, err error) {
	for i, field := range a.fields {
		if field < 0 {
			continue
		}
		if columns[i], err = batch.Column(field, inflater); err != nil {
			return a.columns[i].theirs, err
		}
	}
	return "", nil
}

func arrowProblem(path string, batch int, column string, err error) error {
	if column == "" {
		return fmt.Errorf("cannot read %s: record batch %d: %w", path, batch, err)
	}
	return fmt.Errorf("cannot read %s: record batch %d, column %s: %w", path, batch, columnText(column), err)
}

// close is called by each piece; the last gives the memory back.
func (b *arrowBatch) close() {
	if b.users.Add(-1) > 0 {
		return
	}
	memory := b.records.options.arrow
	if b.inflater != nil {
		b.inflater.Reset()
		memory.inflaters.Put(b.inflater)
	}
	memory.giveBytes(b.bytes)
}

// arrowPiece is a run of rows of a record batch.
type arrowPiece struct {
	shared      *arrowBatch
	first, rows int          // in the record batch
	done        int          // of the rows
	filler      *arrowFiller // nil before the first batch
	tallies
}

// File is the place of the file in the run.
func (p *arrowPiece) File() int { return p.shared.records.index }

// Extent is the rows that have been read.
func (p *arrowPiece) Extent() int64 { return int64(p.done) }

// Close gives the memory of the record batch back.
func (p *arrowPiece) Close() {
	if p.filler != nil {
		for _, cursor := range p.filler.cursors {
			if cursor != nil {
				cursor.forget()
			}
		}
		p.shared.records.options.arrow.fillers.Put(p.filler)
		p.filler = nil
	}
	p.shared.close()
}

// Next fills b with the next rows. The texts of identity numbers and record ids
// are views of the record batch.
func (p *arrowPiece) Next(b *pipeline.Batch) (more bool, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			more, err = false, p.problem(damaged(reason))
		}
	}()
	if p.filler == nil {
		if err := p.begin(); err != nil {
			return false, err
		}
	}
	if p.done == p.rows {
		return false, nil
	}
	p.filler.row = p.shared.row + int64(p.first+p.done)
	rows, err := p.filler.fill(b, min(p.rows-p.done, pipeline.BatchRows))
	if err != nil {
		return false, p.problem(err)
	}
	b.Rows, b.FirstRow = rows, int64(p.done)
	p.done += rows
	p.count(b)
	return true, nil
}

func (p *arrowPiece) begin() error {
	if err := p.shared.load(); err != nil {
		return err
	}
	filler := p.shared.records.options.arrow.takeFiller(p.shared.records)
	p.filler = filler
	for i, column := range p.shared.columns {
		if column == nil {
			continue
		}
		filler.at = filler.cursors[i]
		if err := filler.pages[i].use(column, p.first, p.rows); err != nil {
			return p.problem(err)
		}
	}
	return nil
}

func (p *arrowPiece) problem(err error) error {
	column := ""
	if p.filler != nil && p.filler.at != nil {
		column = p.filler.at.theirs
	}
	return p.shared.problem(column, err)
}

// arrowFiller fills batches from columns of Arrow.
type arrowFiller struct {
	recordFiller
	records *arrowRecords
	pages   [recordColumnCount]arrowPage
}

// read has the filler read record batches of r from here on.
func (f *arrowFiller) read(r *arrowRecords) {
	f.records = r
	f.reset(&r.constants, r.options.Dictionaries)
	for i, column := range r.columns {
		page := &f.pages[i]
		if page.cursor, page.entries = nil, nil; column != nil {
			page.cursor = f.use(i, column)
		}
	}
	f.pages[amount].decode = func(column *fileColumn) { f.amounts.decode = column.amounts() }
}
