package readers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"golang.org/x/sync/errgroup"
)

const (
	// extractRows is how many rows an extract holds at most.
	extractRows = 1 << 14
	// extractsAhead is how many extracts of a row group are read before they are
	// asked for: a row group of a million rows, which is what most writers make,
	// is read while the one before it is added.
	extractsAhead = 64
)

// parquetExtractFile reads a Parquet file as a register extract.
type parquetExtractFile struct {
	parquet   *parquetFile
	columns   []*parquetColumn // by place in registerColumns; nil where there is none
	pages     *pageCounts
	constants parquetExtractConstants
	extracts  sync.Pool // of *register.Extract, given back by add
}

// parquetExtractConstants are the source's constants, read.
type parquetExtractConstants struct {
	has            [registerColumnCount]bool
	text           [registerColumnCount][]byte
	number, linked identity.Number
	days           [registerColumnCount]calendar.Day
	deceasedOn     calendar.Partial
	protected      register.Tristate
}

// readParquetExtract reads a Parquet file as a register extract and calls add
// with its rows, in order and from one goroutine. Row groups are read by
// Options.Workers goroutines. The error of add is returned as it is.
func readParquetExtract(ctx context.Context, file *File, source *Source, options *Options, add func(*register.Extract) error) error {
	constants, err := parseParquetExtractConstants(source)
	if err != nil {
		return err
	}
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
	f := &parquetExtractFile{parquet: parquet, columns: columns, pages: &file.pages, constants: constants}
	return f.read(ctx, newParquetBytes(file, parquet, options), max(options.Workers, 1), add)
}

func parseParquetExtractConstants(source *Source) (parquetExtractConstants, error) {
	var c parquetExtractConstants
	for i, column := range registerColumns {
		constant, ok := source.Constants[column.Name]
		if !ok {
			continue
		}
		text := []byte(constant)
		c.has[i], c.text[i] = true, text
		switch column.kind {
		case numberColumn:
			if i == registerNumber {
				c.number = identity.Parse(text).Number()
			} else {
				c.linked, ok = linkOf(text)
			}
		case dayColumn:
			c.days[i], ok = parseDay(text, source.CSV.DateLayout)
		case deathColumn:
			c.deceasedOn = partialOfField(text)
			ok = c.deceasedOn != badPartial
		case booleanColumn:
			c.protected, ok = parseProtected(text)
		}
		if !ok {
			return c, fmt.Errorf("source %q: the constant of %s cannot be read", source.Name, column.Name)
		}
	}
	return c, nil
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
			filler := newExtractFiller(f)
			for job := range jobs {
				if err := filler.read(ctx, job); err != nil {
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
				f.extracts.Put(part.extract)
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

// extractFiller reads the columns of one row group after the other.
type extractFiller struct {
	file    *parquetExtractFile
	cursors [registerColumnCount]*parquetCursor // nil where there is no such column
	at      *parquetCursor                      // the one that is being read, for messages
	row     int64                               // of the extract's first, from 1 in the file

	numbers    parquetDecoder[identity.Number]
	linked     parquetDecoder[identity.Number]
	days       [registerColumnCount]parquetDecoder[calendar.Day]
	deceasedOn parquetDecoder[calendar.Partial]
	protected  parquetDecoder[register.Tristate]
	words      [registerColumnCount]parquetWords

	list       []string // the words of the extracts
	indices    map[string]uint16
	unreadable []register.Unreadable
}

func newExtractFiller(file *parquetExtractFile) *extractFiller {
	f := &extractFiller{file: file}
	memory := new(pageMemory)
	f.forgetWords()
	for i, column := range file.columns {
		if column == nil {
			continue
		}
		cursor := newParquetCursor(column, memory, file.pages)
		f.cursors[i] = cursor
		switch registerColumns[i].kind {
		case numberColumn:
			if i == registerNumber {
				f.numbers = parquetDecoder[identity.Number]{cursor: cursor, decode: column.numbers()}
			} else {
				f.linked = parquetDecoder[identity.Number]{cursor: cursor, decode: column.links()}
			}
		case dayColumn:
			f.days[i] = parquetDecoder[calendar.Day]{cursor: cursor, decode: column.registerDays(), null: calendar.Missing}
		case deathColumn:
			f.deceasedOn = parquetDecoder[calendar.Partial]{cursor: cursor, decode: column.partials()}
		case booleanColumn:
			f.protected = parquetDecoder[register.Tristate]{cursor: cursor, decode: column.protected()}
		case wordColumn:
			f.words[i] = parquetWords{cursor: cursor, number: f.word, known: map[string]uint16{}}
		}
	}
	return f
}

// badWord is the number of a word that is not taken; no list has as many.
const badWord = 1<<16 - 1

// word is the index of a word in the list.
func (f *extractFiller) word(text []byte) (uint16, error) {
	if index, ok := f.indices[string(text)]; ok {
		return index, nil
	}
	if len(text) > limitWord || !utf8.Valid(text) {
		return badWord, nil
	}
	index := uint16(len(f.list))
	word := string(text)
	f.list = append(f.list, word)
	f.indices[word] = index
	return index, nil
}

// forgetWords begins a list of words. Extracts that have been handed over keep
// theirs: a list is only ever added to.
func (f *extractFiller) forgetWords() {
	f.list = []string{""}
	f.indices = map[string]uint16{"": 0}
	for i := range f.words {
		f.words[i].forget()
	}
}

// read reads a row group and sends its extracts.
func (f *extractFiller) read(ctx context.Context, job *extractJob) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = damaged(reason)
		}
		if err != nil && ctx.Err() == nil {
			err = f.problem(job, err)
		}
		f.close()
	}()
	for _, cursor := range f.cursors {
		if cursor != nil {
			f.at = cursor
			cursor.open(f.file.parquet, job.group)
		}
	}
	f.row = job.firstRow
	for left := f.file.parquet.groups[job.group.rowGroup].rows; left > 0; {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		extract, ok := f.file.extracts.Get().(*register.Extract)
		if !ok {
			extract = &register.Extract{File: f.file.parquet.path}
		}
		rows := int(min(left, extractRows))
		if err := f.fill(extract, rows); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case job.parts <- extractPart{extract: extract}:
		}
		f.row += int64(rows)
		left -= int64(rows)
	}
	for _, cursor := range f.cursors {
		if cursor != nil {
			f.at = cursor
			if err := cursor.finish(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *extractFiller) problem(job *extractJob, err error) error {
	column := ""
	if f.at != nil {
		column = ", column " + f.at.theirs
	}
	return fmt.Errorf("cannot read %s: row group %d%s: %w", f.file.parquet.path, job.group.rowGroup, column, err)
}

// close gives the pages back.
func (f *extractFiller) close() {
	for _, cursor := range f.cursors {
		if cursor != nil {
			cursor.close()
		}
	}
	f.at = nil
}

// fill fills an extract with the next rows.
func (f *extractFiller) fill(x *register.Extract, rows int) (err error) {
	const wordColumns = 3
	if len(f.list) > badWord-wordColumns*extractRows {
		f.forgetWords()
	}
	x.FirstRow, f.unreadable = f.row, x.Unreadable[:0]
	c := &f.file.constants
	if x.Number, err = fillExtract(f, x.Number, rows, registerNumber, &f.numbers, c.number); err != nil {
		return err
	}
	if x.Linked, err = fillExtract(f, x.Linked, rows, registerLinkedNumber, &f.linked, c.linked); err != nil {
		return err
	}
	for _, word := range [wordColumns]struct {
		which   int
		indices *[]uint16
	}{{registerStatus, &x.Status}, {registerStatusReason, &x.Reason}, {registerIdentityLevel, &x.Level}} {
		if *word.indices, err = f.fillWord(*word.indices, rows, word.which); err != nil {
			return err
		}
	}
	for _, day := range [...]struct {
		which int
		days  *[]calendar.Day
	}{
		{registerStatusFrom, &x.StatusFrom}, {registerKnownFrom, &x.KnownFrom}, {registerAssignedOn, &x.AssignedOn},
		{registerRenewedOn, &x.RenewedOn}, {registerInactiveExpectedOn, &x.InactiveExpectedOn},
	} {
		if *day.days, err = fillExtract(f, *day.days, rows, day.which, &f.days[day.which], c.days[day.which]); err != nil {
			return err
		}
		listUnreadable(f, day.which, *day.days, badDay, calendar.Missing)
	}
	if x.DeceasedOn, err = fillExtract(f, x.DeceasedOn, rows, registerDeceasedOn, &f.deceasedOn, c.deceasedOn); err != nil {
		return err
	}
	listUnreadable(f, registerDeceasedOn, x.DeceasedOn, badPartial, 0)
	if x.Protected, err = fillExtract(f, x.Protected, rows, registerProtected, &f.protected, c.protected); err != nil {
		return err
	}
	listUnreadable(f, registerProtected, x.Protected, badProtected, register.NoValue)
	x.Words, x.Unreadable = f.list, f.unreadable
	slices.SortStableFunc(x.Unreadable, func(a, b register.Unreadable) int { return cmp.Compare(a.Row, b.Row) })
	return nil
}

// fillExtract fills a column; it is nil where the extract has none.
func fillExtract[T any](f *extractFiller, dst []T, rows, which int, decoder *parquetDecoder[T], constant T) ([]T, error) {
	cursor := f.cursors[which]
	if cursor == nil && !f.file.constants.has[which] {
		return nil, nil
	}
	dst = resize(dst, rows)
	if cursor == nil {
		for i := range dst {
			dst[i] = constant
		}
		return dst, nil
	}
	f.at = cursor
	for done := 0; done < rows; {
		s, err := cursor.take(rows - done)
		if err != nil {
			return nil, err
		}
		if err := decoder.put(s, dst[done:][:s.rows]); err != nil {
			return nil, err
		}
		done += s.rows
	}
	return dst, nil
}

// fillWord fills a column of words; it is nil where the extract has none.
func (f *extractFiller) fillWord(dst []uint16, rows, which int) ([]uint16, error) {
	cursor := f.cursors[which]
	if cursor == nil && !f.file.constants.has[which] {
		return nil, nil
	}
	dst = resize(dst, rows)
	if cursor == nil {
		index, err := f.word(f.file.constants.text[which])
		for i := range dst {
			dst[i] = index
		}
		listUnreadable(f, which, dst, badWord, 0)
		return dst, err
	}
	f.at = cursor
	for done := 0; done < rows; {
		s, err := cursor.take(rows - done)
		if err != nil {
			return nil, err
		}
		if err := f.words[which].put(s, dst[done:][:s.rows]); err != nil {
			return nil, err
		}
		done += s.rows
	}
	listUnreadable(f, which, dst, badWord, 0)
	return dst, nil
}

// listUnreadable lists the rows of a column whose value could not be read, and
// makes it missing.
func listUnreadable[T comparable](f *extractFiller, which int, values []T, bad, missing T) {
	for i, value := range values {
		if value == bad {
			values[i] = missing
			f.unreadable = append(f.unreadable, register.Unreadable{Row: f.row + int64(i), Column: registerColumns[which].Name})
		}
	}
}
