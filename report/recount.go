package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
	"golang.org/x/sync/errgroup"
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

// recountOnly counts the table in a file: Parquet and Arrow with another library
// than wrote it, or CSV. files are those of the run. It has to be one agency's, if
// only is not nil.
func recountOnly(ctx context.Context, path string, files []File, only *string) (*Recount, error) {
	r := &recounting{ctx: ctx, path: path, files: files, across: unknownPlace, workers: 1, only: only}
	return r.count()
}

// unknownPlace is a place of a table that is yet to be found.
const unknownPlace = -1

// recounting is the counting of one table. It is shared by the goroutines that
// count, and does not change while they do.
type recounting struct {
	ctx     context.Context // ends it between two batches of rows
	path    string
	kept    *disk.File // the file, where it has a name but no path
	files   []File     // of the run
	rejects bool
	// across is where the findings across records begin, or unknownPlace. Were
	// it wrong, the rows before or after it would not be in order.
	across  int64
	workers int
	only    *string // the agency that every finding has to be of; nil for any
	open    func(r *recounting, names *nameTable, read columnSet) (traces, error)
	footer  *metadata.FileMetaData // of a Parquet file, once it has been read
}

// columnSet says which columns of a table are read back, where that saves time.
type columnSet uint8

const (
	allColumns   columnSet = iota // that counting needs
	placeColumns                  // those that say which row of which file it is
)

func (r *recounting) count() (*Recount, error) {
	count := &Recount{Name: filepath.Base(r.path)}
	r.rejects = strings.HasPrefix(count.Name, "rejects.")
	count.Rejects = r.rejects
	switch filepath.Ext(r.path) {
	case ".csv":
		r.open = openCSVTraces
	case ".arrow":
		r.open = openArrowTraces
	default:
		r.open = openParquetTraces
	}
	var err error
	if r.rejects {
		count.Rows, count.Files, err = r.countEach()
	} else {
		count.Rows, count.Files, err = r.countFlagged()
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s back: %w", count.Name, err)
	}
	return count, nil
}

// accounts are what one goroutine has counted.
type accounts struct {
	names   *nameTable
	tallies []pipeline.Tally // by place of the file
}

func (r *recounting) newAccounts() (*accounts, error) {
	names, err := newNameTable(r.files)
	return &accounts{names: names, tallies: make([]pipeline.Tally, len(r.files))}, err
}

func (a *accounts) count(row *trace) {
	tally := &a.tallies[row.file]
	if !row.hasAmount {
		tally.Add(1, 1)
		return
	}
	tally.Add(1, 0)
	tally.AddAmount(row.amount, uint16(row.currency))
}

// list are the accounts by place of the file.
func (a *accounts) list() []Account {
	list := make([]Account, len(a.tallies))
	for i := range a.tallies {
		list[i] = accountOf(&a.tallies[i], a.names.names)
	}
	return list
}

var errOutOfOrder = fmt.Errorf("the rows are not in order: %w", ErrUnbalanced)

// countEach counts every row of rejects.
func (r *recounting) countEach() (rows int64, files []Account, err error) {
	counted, err := r.newAccounts()
	if err != nil {
		return 0, nil, err
	}
	all, err := r.cursor(0, endless, counted.names, allColumns)
	if err != nil {
		return 0, nil, err
	}
	defer all.traces.close() // it was only read
	var before trace
	for ; all.row != nil; rows++ {
		if rows > 0 && compareRows(all.row, &before) <= 0 {
			return 0, nil, errOutOfOrder
		}
		before = *all.row
		counted.count(all.row)
		if err := all.advance(); err != nil {
			return 0, nil, err
		}
	}
	return rows, counted.list(), nil
}

// findAcross finds where the findings across records begin: where a row lies
// before the one above it. That happens once at most.
func (r *recounting) findAcross() error {
	names, err := newNameTable(r.files)
	if err != nil {
		return err
	}
	all, err := r.cursor(0, endless, names, placeColumns)
	if err != nil {
		return err
	}
	defer all.traces.close() // it was only read
	var before trace
	rows := int64(0)
	for ; all.row != nil; rows++ {
		if rows > 0 && compareRows(all.row, &before) < 0 {
			if r.across != unknownPlace {
				return errOutOfOrder
			}
			r.across = rows
		}
		before = *all.row
		if err := all.advance(); err != nil {
			return err
		}
	}
	if r.across == unknownPlace {
		r.across = rows
	}
	return nil
}

// countFlagged counts the records with a finding that flags them, each once. The
// table is divided among workers at places of the findings about single records.
func (r *recounting) countFlagged() (rows int64, files []Account, err error) {
	if r.across == unknownPlace {
		if err := r.findAcross(); err != nil {
			return 0, nil, err
		}
	}
	ranges, err := r.divide()
	if err != nil {
		return 0, nil, err
	}
	var group errgroup.Group
	for i := range ranges {
		group.Go(func() error {
			return pipeline.Guard(func() error { return r.countRange(&ranges[i]) })
		})
	}
	if err := group.Wait(); err != nil {
		return 0, nil, err
	}
	files = make([]Account, len(r.files))
	for file := range files {
		for i := range ranges {
			files[file] = plus(files[file], ranges[i].files[file])
		}
	}
	return ranges[len(ranges)-1].rows, files, nil
}

// recordRange are the records after one and up to another.
type recordRange struct {
	from, to    int64  // places among the findings about single records
	after, upTo *trace // nil for none: the records of the findings at from and to

	// What has been counted.
	files []Account
	rows  int64 // of the table, where upTo is nil
}

// divide divides the records among the workers: only row groups of Parquet can
// be read without those before them.
func (r *recounting) divide() ([]recordRange, error) {
	names, err := newNameTable(r.files)
	if err != nil {
		return nil, err
	}
	first, err := r.cursor(0, endless, names, placeColumns)
	if err != nil {
		return nil, err
	}
	defer first.traces.close() // it was only read
	ranges := []recordRange{{to: r.across}}
	if r.footer == nil {
		return ranges, nil
	}
	place, next := int64(0), r.across/int64(r.workers)
	for group := range r.footer.NumRowGroups() {
		if place > 0 && place >= next && place < r.across {
			at, err := r.cursor(place, endless, names, placeColumns)
			if err != nil {
				return nil, err
			}
			if at.row == nil {
				return nil, errors.Join(errShortColumn, at.traces.close())
			}
			record := *at.row
			if err := at.traces.close(); err != nil {
				return nil, err
			}
			ranges[len(ranges)-1].to, ranges[len(ranges)-1].upTo = place, &record
			ranges = append(ranges, recordRange{from: place, to: r.across, after: &record})
			next = place + r.across/int64(r.workers)
		}
		place += r.footer.RowGroup(group).NumRows()
	}
	return ranges, nil
}

// countRange merges the findings about single records with those across records.
func (r *recounting) countRange(part *recordRange) error {
	counted, err := r.newAccounts()
	if err != nil {
		return err
	}
	records, err := r.cursor(part.from, r.across, counted.names, allColumns)
	if err != nil {
		return err
	}
	defer records.traces.close() // it was only read
	others, err := r.cursor(r.across, endless, counted.names, allColumns)
	if err != nil {
		return err
	}
	defer others.traces.close() // it was only read
	for _, c := range []*cursor{records, others} {
		for part.after != nil && c.row != nil && compareRows(c.row, part.after) <= 0 {
			if err := c.advanceInOrder(); err != nil {
				return err
			}
		}
	}

	var record trace // the one whose findings are being looked at
	isCounted := false
	for first := true; ; first = false {
		from := records
		if records.row == nil || others.row != nil && compareRows(others.row, records.row) < 0 {
			from = others
		}
		row := from.row
		if row == nil || part.upTo != nil && compareRows(row, part.upTo) > 0 {
			break
		}
		switch {
		case first || compareRows(row, &record) != 0:
			record, isCounted = *row, false
		case row.amount != record.amount || row.currency != record.currency:
			return fmt.Errorf("two findings of row %d differ in amount: %w", row.row, ErrUnbalanced)
		}
		if row.flags && !isCounted {
			counted.count(row)
			isCounted = true
		}
		if err := from.advanceInOrder(); err != nil {
			return err
		}
	}
	// Where the next range begins is known from a row that this one must have come to.
	if records.row != nil && records.place < part.to {
		return errOutOfOrder
	}
	part.files, part.rows = counted.list(), others.place
	return nil
}

// cursor goes through the rows of a table up to a place. row is nil after the last.
type cursor struct {
	ctx    context.Context
	traces traces
	batch  []trace
	place  int64 // of row in the table, from 0; where it ends, after the last row
	end    int64
	row    *trace
}

// endless is the end of a cursor that goes on to the last row.
const endless = math.MaxInt64

// cursor stands at a row of the table, by its place from 0.
func (r *recounting) cursor(place, end int64, names *nameTable, read columnSet) (*cursor, error) {
	t, err := r.open(r, names, read)
	if err != nil {
		return nil, err
	}
	c := &cursor{ctx: r.ctx, traces: t, end: end}
	skipped, err := t.skip(place)
	c.place = skipped - 1
	for isFirst := true; err == nil && (isFirst || c.place < place && c.row != nil); isFirst = false {
		err = c.advance()
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return c, nil
}

// advance goes to the next row.
func (c *cursor) advance() error {
	c.place++
	if c.place >= c.end {
		c.row = nil
		return nil
	}
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
	return nil
}

// advanceInOrder does the same where no row lies before the one above it.
func (c *cursor) advanceInOrder() error {
	before := *c.row
	if err := c.advance(); err != nil {
		return err
	}
	if c.row != nil && compareRows(c.row, &before) < 0 {
		return errOutOfOrder
	}
	return nil
}
