package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/avstam/avstam/pipeline"
)

// Recount is what a table holds, counted from the file as it lies on disk.
type Recount struct {
	Name    string // of the table's file
	Rejects bool   // else findings
	Rows    int64
	// Files are flagged records by place of their file, or rejected rows.
	Files []Account
}

// traceRows is how many rows are read back at once.
const traceRows = 4096

// trace is what counting needs of a row.
type trace struct {
	file, currency int
	flags          bool // warning or error
	hasAmount      bool
	row, amount    int64
}

func compareRows(a, b *trace) int {
	if a.file != b.file {
		return cmp.Compare(a.file, b.file)
	}
	return cmp.Compare(a.row, b.row)
}

// traces reads a table back. next gives its next rows, at most traceRows and
// good until the next call, and io.EOF after the last. There is one for each
// format that a table can have.
type traces interface {
	next() ([]trace, error)
	// skip passes over rows at the start, at most as many as told, as far as
	// that is quicker than reading them, and says how many.
	skip(rows int64) (int64, error)
	close() error
}

// nameTable gives numbers to the names that stand in a table's rows.
type nameTable struct {
	files      map[[2]string]int // source and file
	currencies map[string]int
	names      [][]byte // of currencies
}

func newNameTable(files []File) (*nameTable, error) {
	t := &nameTable{files: map[[2]string]int{}, currencies: map[string]int{}}
	for i, file := range files {
		key := [2]string{string(valid([]byte(file.Source))), string(valid([]byte(file.Path)))}
		if _, twice := t.files[key]; twice {
			return nil, fmt.Errorf("cannot report on %s twice as of the source %s", file.Path, file.Source)
		}
		t.files[key] = i
	}
	return t, nil
}

func (t *nameTable) file(source, file []byte) (int, error) {
	if i, ok := t.files[[2]string{string(source), string(file)}]; ok {
		return i, nil
	}
	return 0, errors.New("a row names a file that was not read")
}

func (t *nameTable) currency(name []byte) (int, error) {
	if i, ok := t.currencies[string(name)]; ok {
		return i, nil
	}
	if len(t.names) == 1<<16 {
		return 0, errors.New("too many currencies")
	}
	i := len(t.names)
	t.currencies[string(name)] = i
	t.names = append(t.names, []byte(string(name)))
	return i, nil
}

// recount counts the table in a file: Parquet and Arrow with another library
// than wrote it, or CSV. files are those of the run.
func recount(ctx context.Context, path string, files []File) (*Recount, error) {
	return recountFile(ctx, path, nil, files)
}

// recountFile does the same for a file that has a name, but perhaps no path: it
// is then kept open.
func recountFile(ctx context.Context, path string, kept *os.File, files []File) (*Recount, error) {
	name := filepath.Base(path)
	count, err := recountTable(ctx, path, kept, files)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s back: %w", name, err)
	}
	count.Name = name
	return count, nil
}

func recountTable(ctx context.Context, path string, kept *os.File, files []File) (*Recount, error) {
	names, err := newNameTable(files)
	if err != nil {
		return nil, err
	}
	r := &recounting{
		ctx: ctx, path: path, kept: kept, rejects: strings.HasPrefix(filepath.Base(path), "rejects."), names: names,
		open: openParquetTraces, tallies: make([]pipeline.Tally, len(files)),
	}
	switch filepath.Ext(path) {
	case ".csv":
		r.open = openCSVTraces
	case ".arrow":
		r.open = openArrowTraces
	}
	count := &Recount{Rejects: r.rejects}
	if r.rejects {
		count.Rows, err = r.countEach()
	} else {
		count.Rows, err = r.countFlagged()
	}
	if err != nil {
		return nil, err
	}
	for i := range r.tallies {
		count.Files = append(count.Files, accountOf(&r.tallies[i], names.names))
	}
	return count, nil
}

// recounting is the counting of one table.
type recounting struct {
	ctx     context.Context // ends it between two batches of rows
	path    string
	kept    *os.File // the file, where it has no path
	rejects bool
	open    func(*recounting) (traces, error)
	names   *nameTable
	footer  *metadata.FileMetaData // of a Parquet file, once it has been read
	tallies []pipeline.Tally       // by place of the file
}

var errOutOfOrder = fmt.Errorf("the rows are not in order: %w", ErrUnbalanced)

// countEach counts every row of rejects.
func (r *recounting) countEach() (rows int64, err error) {
	all, err := r.cursor(0)
	if err != nil {
		return 0, err
	}
	defer all.traces.close() // it was only read
	var before trace
	for ; all.row != nil; rows++ {
		if rows > 0 && compareRows(all.row, &before) <= 0 {
			return 0, errOutOfOrder
		}
		before = *all.row
		r.count(all.row)
		if err := all.advance(); err != nil {
			return 0, err
		}
	}
	return rows, nil
}

func (r *recounting) count(row *trace) {
	tally := &r.tallies[row.file]
	if !row.hasAmount {
		tally.Add(1, 1)
		return
	}
	tally.Add(1, 0)
	tally.AddAmount(row.amount, uint16(row.currency))
}

// findSections counts the findings, and those before the second section: the
// findings across records begin where a row lies before the one above it. That
// happens once at most.
func (r *recounting) findSections() (rows, across int64, err error) {
	all, err := r.cursor(0)
	if err != nil {
		return 0, 0, err
	}
	defer all.traces.close() // it was only read
	across = -1
	var before trace
	for ; all.row != nil; rows++ {
		if rows > 0 && compareRows(all.row, &before) < 0 {
			if across >= 0 {
				return 0, 0, errOutOfOrder
			}
			across = rows
		}
		before = *all.row
		if err := all.advance(); err != nil {
			return 0, 0, err
		}
	}
	if across < 0 {
		across = rows
	}
	return rows, across, nil
}

// countFlagged counts the records with a finding that flags them, each once: it
// merges the findings about single records with those across records.
func (r *recounting) countFlagged() (rows int64, err error) {
	rows, across, err := r.findSections()
	if err != nil {
		return 0, err
	}
	records, err := r.cursor(0)
	if err != nil {
		return 0, err
	}
	defer records.traces.close() // it was only read
	others, err := r.cursor(across)
	if err != nil {
		return 0, err
	}
	defer others.traces.close() // it was only read

	var record trace // the one whose findings are being looked at
	isCounted := false
	for first := true; ; first = false {
		if records.place == across {
			records.row = nil
		}
		from := records
		if records.row == nil || others.row != nil && compareRows(others.row, records.row) < 0 {
			from = others
		}
		row := from.row
		if row == nil {
			return rows, nil
		}
		switch {
		case first || compareRows(row, &record) != 0:
			record, isCounted = *row, false
		case row.amount != record.amount || row.currency != record.currency:
			return 0, fmt.Errorf("two findings of row %d differ in amount: %w", row.row, ErrUnbalanced)
		}
		if row.flags && !isCounted {
			r.count(row)
			isCounted = true
		}
		if err := from.advance(); err != nil {
			return 0, err
		}
	}
}

// cursor goes through a table row by row. row is nil after the last.
type cursor struct {
	ctx    context.Context
	traces traces
	batch  []trace
	place  int64 // of row in the table, from 0
	row    *trace
}

// cursor stands at a row of the table, by its place from 0.
func (r *recounting) cursor(place int64) (*cursor, error) {
	t, err := r.open(r)
	if err != nil {
		return nil, err
	}
	c := &cursor{ctx: r.ctx, traces: t}
	skipped, err := t.skip(place)
	if err == nil {
		c.place = skipped - 1
		for err == nil && c.place < place {
			if err = c.advance(); c.row == nil {
				break
			}
		}
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return c, nil
}

// advance goes to the next row.
func (c *cursor) advance() error {
	if len(c.batch) == 0 {
		if err := context.Cause(c.ctx); err != nil {
			return err
		}
		batch, err := c.traces.next()
		if errors.Is(err, io.EOF) {
			c.row = nil
			return nil
		}
		if err != nil {
			return err
		}
		c.batch = batch
	}
	c.row, c.batch = &c.batch[0], c.batch[1:]
	c.place++
	return nil
}
