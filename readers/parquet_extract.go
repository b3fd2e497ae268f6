package readers

import (
	"context"
	"fmt"

	"github.com/avstam/avstam/register"
	"golang.org/x/sync/errgroup"
)

// extractsAhead is how many extracts of a row group are read before they are
// asked for: a row group of a million rows, which is what most writers make,
// is read while the one before it is added.
const extractsAhead = 64

// parquetExtractFile reads a Parquet file as a register extract.
type parquetExtractFile struct {
	parquet  *parquetFile
	columns  []*parquetColumn // by place in registerColumns; nil where there is none
	pages    *pageCounts
	extracts chan *register.Extract // those that have been added
}

// readParquetExtract reads a Parquet file as a register extract and calls add
// with its rows, in order and from one goroutine. Row groups are read by
// Options.Workers goroutines. The error of add is returned as it is.
func readParquetExtract(ctx context.Context, file *File, source *Source, options *Options, add func(*register.Extract) error) error {
	parquet, err := openParquet(file.Path)
	if err != nil {
		return err
	}
	defer func() { _ = parquet.release() }() // only read from
	columns, err := parquet.columns(source, registerColumns[:])
	if err != nil {
		return err
	}
	file.Columns = parquet.columnNames()
	file.Size = parquet.stat.Size()
	f := &parquetExtractFile{
		parquet: parquet, columns: columns, pages: &file.pages,
		extracts: make(chan *register.Extract, extractsAhead),
	}
	return f.read(ctx, newParquetBytes(file, parquet, options), max(options.Workers, 1), add)
}

// extractJob is a row group to be read.
type extractJob struct {
	group    rowGroupBytes
	firstRow int64 // of the row group, from 1 in the file
	parts    chan extractPart
}

// extractPart is the next rows of a row group, or why there are none.
type extractPart struct {
	extract *register.Extract
	err     error
	added   chan struct{} // closed when the extract has been added; nil where nobody waits for it
}

// read has workers read row groups, and adds what they read in order. The error
// is that of the first row group that has one.
func (f *parquetExtractFile) read(caller context.Context, bytes *parquetBytes, workers int, add func(*register.Extract) error) error {
	ctx, stop := context.WithCancel(caller)
	defer stop()
	jobs := make(chan *extractJob, workers)
	ordered := make(chan *extractJob, workers)
	var group errgroup.Group
	var bytesError error
	group.Go(func() error {
		defer close(ordered)
		defer close(jobs)
		row := int64(1)
		bytesError = bytes.each(ctx, func(g rowGroupBytes) error {
			job := &extractJob{group: g, firstRow: row, parts: make(chan extractPart, extractsAhead)}
			row += f.parquet.groups[g.rowGroup].rows
			select {
			case <-ctx.Done():
				g.close()
				return context.Cause(ctx)
			case ordered <- job:
			}
			jobs <- job // a worker always takes it
			return nil
		})
		return nil
	})
	for range workers {
		group.Go(func() error {
			filler := newParquetExtractFiller(f)
			for job := range jobs {
				err := filler.read(ctx, job)
				if err == nil {
					err = job.group.finish()
				}
				if err != nil {
					job.parts <- extractPart{err: err}
				}
				job.group.close()
				close(job.parts)
			}
			return nil
		})
	}
	var first error
	for job := range ordered {
		for part := range job.parts {
			if first == nil {
				if first = part.err; first == nil {
					first = add(part.extract)
				}
				if first != nil {
					stop()
				}
			}
			if part.extract != nil {
				part.extract.Words = nil // they may be many, and the extract is kept
				if part.added != nil {
					close(part.added)
				}
				select {
				case f.extracts <- part.extract:
				default:
				}
			}
		}
	}
	_ = group.Wait() // its functions return no error
	if err := context.Cause(caller); err != nil {
		return err
	}
	if first != nil {
		return first
	}
	return bytesError
}

// parquetExtractFiller fills extracts from the pages of one row group after the
// other.
type parquetExtractFiller struct {
	*extractFiller
	file  *parquetExtractFile
	pages [registerColumnCount]*parquetPages // nil where there is no such column
}

func newParquetExtractFiller(file *parquetExtractFile) *parquetExtractFiller {
	f := &parquetExtractFiller{extractFiller: newExtractFiller(), file: file}
	memory := new(pageMemory)
	for i, column := range file.columns {
		if column != nil {
			f.pages[i] = newParquetPages(f.use(i, &column.fileColumn), column, memory, file.pages, new(pageBuffers))
		}
	}
	return f
}

// read reads a row group and sends its extracts.
func (f *parquetExtractFiller) read(ctx context.Context, job *extractJob) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = damaged(reason)
		}
		if err != nil && ctx.Err() == nil {
			err = f.problem(job, err)
		}
		f.close()
	}()
	for _, pages := range f.pages {
		if pages != nil {
			f.at = pages.cursor
			pages.open(f.file.parquet, job.group)
		}
	}
	f.row = job.firstRow
	for left := f.file.parquet.groups[job.group.rowGroup].rows; left > 0; {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		extract := f.file.nextExtract()
		rows := int(min(left, extractRows))
		decompressTogether(f.pages[:])
		if err := f.fill(extract, rows); err != nil {
			return err
		}
		extract.Pack()
		part := extractPart{extract: extract}
		if f.isHeavy() {
			part.added = make(chan struct{})
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case job.parts <- part:
		}
		if part.added != nil { // slow path: each of many extracts could have its own words
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-part.added:
			}
		}
		f.row += int64(rows)
		left -= int64(rows)
	}
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

// nextExtract is an extract to be filled: one that has been added, where there is
// one.
func (f *parquetExtractFile) nextExtract() *register.Extract {
	select {
	case extract := <-f.extracts:
		return extract
	default:
		return &register.Extract{File: f.parquet.path}
	}
}

func (f *parquetExtractFiller) problem(job *extractJob, err error) error {
	column := ""
	if f.at != nil {
		column = ", column " + columnText(f.at.theirs)
	}
	return fmt.Errorf("cannot read %s: row group %d%s: %w", f.file.parquet.path, job.group.rowGroup, column, err)
}

// close gives the pages back.
func (f *parquetExtractFiller) close() {
	for _, pages := range f.pages {
		if pages != nil {
			pages.close()
		}
	}
	f.at = nil
}
