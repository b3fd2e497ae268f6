package readers

import (
	"context"
	"fmt"
	"sync"

	"github.com/avstam/avstam/pipeline"
)

// parquetRecords is a Parquet file of records whose metadata have been read.
type parquetRecords struct {
	index     int // of the file in the run
	options   *Options
	parquet   *parquetFile
	bytes     *parquetBytes
	columns   []*parquetColumn // by place in recordColumns; nil where there is none
	constants recordConstants
}

// openParquetRecords opens a Parquet file of records: index is its place in the
// run. The error names the file, and where it is about a column that too.
func openParquetRecords(file *File, index int, source *Source, options *Options) (recordFile, error) {
	constants, err := parseRecordConstants(source)
	if err != nil {
		return nil, err
	}
	parquet, err := openParquet(file.Path)
	if err != nil {
		return nil, err
	}
	// A run may have more files than a process may have open.
	defer func() { _ = parquet.release() }() // only read from
	parquet.library = options.library
	file.nulls = parquet.nulls(file.Folders)
	columns, err := parquet.columns(source, recordColumns[:])
	if err != nil {
		return nil, err
	}
	r := &parquetRecords{index: index, options: options, parquet: parquet, columns: columns, constants: constants}
	file.Columns = parquet.columnNames()
	file.Size = parquet.stat.Size()
	r.bytes = newParquetBytes(file, parquet, options)
	return r, nil
}

// cut sends a piece for each row group that has rows. With Options.Digest only
// a bounded number of pieces is open at a time: it waits until one is closed.
func (r *parquetRecords) cut(ctx context.Context, send func(pipeline.Piece) error) error {
	if err := r.parquet.reopen(); err != nil {
		return err
	}
	defer func() { _ = r.parquet.release() }() // pieces that are still open keep it
	first := int64(1)
	from, end := r.bytes.groups()
	for i := range from {
		first += r.parquet.groups[i].rows
	}
	for i := from; i < end; i++ {
		r.bytes.file.Extent += r.parquet.groups[i].rows
	}
	return r.bytes.each(ctx, func(group rowGroupBytes) error {
		rows := r.parquet.groups[group.rowGroup].rows
		piece := &parquetPiece{records: r, group: group, first: first, left: rows}
		first += rows
		return send(piece)
	})
}

// close does nothing: the file is open only while it is cut and read.
func (r *parquetRecords) close() error { return nil }

// parquetPiece is a row group of records.
type parquetPiece struct {
	records   *parquetRecords
	group     rowGroupBytes
	first     int64          // its first row, from 1 in the file
	filler    *parquetFiller // nil before the first batch
	row, left int64          // rows that have been read, and those that have not
	tallies
}

// File is the place of the file in the run.
func (p *parquetPiece) File() int { return p.records.index }

// Extent is the rows that have been read.
func (p *parquetPiece) Extent() int64 { return p.row }

// Close gives the memory of the row group back.
func (p *parquetPiece) Close() {
	if p.filler != nil {
		p.filler.close()
		p.records.options.parquet.fillers.Put(p.filler)
		p.filler = nil
	}
	p.group.close()
}

// Next fills b with the next rows. The texts of identity numbers and record ids
// are views of the file's pages, so a batch ends where one of these does.
func (p *parquetPiece) Next(b *pipeline.Batch) (more bool, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			more, err = false, p.problem(damaged(reason))
		}
	}()
	if p.filler == nil {
		p.begin()
	}
	if p.left == 0 {
		if err := p.filler.finish(); err != nil {
			return false, p.problem(err)
		}
		return false, p.group.finish()
	}
	decompressTogether(p.filler.pages[:])
	p.filler.row = p.first + p.row
	rows, err := p.filler.fill(b, int(min(p.left, pipeline.BatchRows)))
	if err != nil {
		return false, p.problem(err)
	}
	b.Rows, b.FirstRow = rows, p.row
	p.row += int64(rows)
	p.left -= int64(rows)
	p.count(b)
	return true, nil
}

func (p *parquetPiece) begin() {
	p.filler = p.records.options.parquet.take(p.records)
	p.filler.open(p.group)
}

func (p *parquetPiece) problem(err error) error {
	if p.filler == nil || p.filler.at == nil {
		return fmt.Errorf("cannot read %s: row group %d: %w", p.records.parquet.path, p.group.rowGroup, err)
	}
	return fmt.Errorf("cannot read %s: row group %d, column %s: %w", p.records.parquet.path, p.group.rowGroup, columnText(p.filler.at.theirs), err)
}

// parquetMemory is what the row groups of a run use by turns, whatever their file.
type parquetMemory struct{ fillers sync.Pool } // of *parquetFiller

// take is a filler for row groups of r.
func (m *parquetMemory) take(r *parquetRecords) *parquetFiller {
	f, ok := m.fillers.Get().(*parquetFiller)
	if !ok {
		f = new(parquetFiller)
	}
	if f.records != r {
		f.read(r)
	}
	return f
}

// parquetFiller fills batches from the pages of one row group after the other.
type parquetFiller struct {
	recordFiller
	records *parquetRecords
	buffers [recordColumnCount]pageBuffers
	pages   [recordColumnCount]*parquetPages // nil where there is no such column
}

// read has the filler read row groups of r from here on.
func (f *parquetFiller) read(r *parquetRecords) {
	f.records = r
	f.reset(&r.constants, r.options.Dictionaries)
	f.pages = [recordColumnCount]*parquetPages{}
	memory := new(pageMemory)
	for i, column := range r.columns {
		if column != nil {
			f.pages[i] = newParquetPages(f.use(i, &column.fileColumn), column, memory, &r.bytes.file.pages, &f.buffers[i])
		}
	}
}

// open begins a row group.
func (f *parquetFiller) open(group rowGroupBytes) {
	for _, pages := range f.pages {
		if pages != nil {
			f.at = pages.cursor
			pages.open(f.records.parquet, group)
		}
	}
}

// finish checks that no column has rows left.
func (f *parquetFiller) finish() error {
	for _, pages := range f.pages {
		if pages != nil {
			f.at = pages.cursor
			if err := pages.finish(); err != nil {
				return err
			}
		}
	}
	return nil
}

// close gives the pages back.
func (f *parquetFiller) close() {
	for _, pages := range f.pages {
		if pages != nil {
			pages.close()
		}
	}
	f.at = nil
}
