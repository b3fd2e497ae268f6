package report

import (
	"errors"
	"fmt"
	"io"

	arrowparquet "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// parquetTraces reads a table's Parquet file back with arrow-go: what
// parquet-go has written must not be judged by parquet-go.
type parquetTraces struct {
	names   *nameTable
	rejects bool
	read    columnSet
	reader  *file.Reader

	group int   // the next row group
	left  int64 // rows of the current row group that are still to be read

	row, amount                      *file.Int64ColumnChunkReader
	source, file, currency, severity *file.ByteArrayColumnChunkReader
	only                             *string
	agency                           *file.ByteArrayColumnChunkReader // where only is not nil

	batch  []trace
	ints   []int64
	texts  []arrowparquet.ByteArray
	levels []int16
	valid  []bool
	// Names repeat: the sources of the batch, the place in them of each row's, and
	// the file that a source and a name are.
	sources               [][]byte
	sourceOf              []int
	lastFile              []byte
	lastSource, lastPlace int
	lastCurrency          []byte
	lastNumber            int
}

func openParquetTraces(r *recounting, names *nameTable, read columnSet) (traces, error) {
	var known []file.ReadOption
	if r.footer != nil {
		known = append(known, file.WithMetadata(r.footer))
	}
	reader, err := openParquet(r.path, known...)
	if err != nil {
		return nil, err
	}
	if r.footer == nil {
		r.footer = reader.MetaData()
	}
	return &parquetTraces{
		names: names, rejects: r.rejects, read: read, reader: reader, only: r.only,
		batch:    make([]trace, traceRows),
		ints:     make([]int64, traceRows),
		texts:    make([]arrowparquet.ByteArray, traceRows),
		levels:   make([]int16, traceRows),
		valid:    make([]bool, traceRows),
		sourceOf: make([]int, traceRows),
	}, nil
}

func (t *parquetTraces) close() error { return t.reader.Close() }

func (t *parquetTraces) skip(rows int64) (skipped int64, err error) {
	for t.group < t.reader.NumRowGroups() {
		size := t.reader.RowGroup(t.group).NumRows()
		if skipped+size > rows {
			break
		}
		skipped += size
		t.group++
	}
	return skipped, nil
}

func (t *parquetTraces) next() ([]trace, error) {
	for t.left == 0 {
		if t.group == t.reader.NumRowGroups() {
			return nil, io.EOF
		}
		if err := t.openGroup(); err != nil {
			return nil, err
		}
	}
	batch := t.batch[:min(t.left, traceRows)]
	t.left -= int64(len(batch))
	return batch, t.fill(batch)
}

func (t *parquetTraces) openGroup() error {
	group := t.reader.RowGroup(t.group)
	t.group++
	t.left = group.NumRows()
	var err error
	integers := func(name string) (column *file.Int64ColumnChunkReader) {
		if err == nil {
			column, err = openColumn[*file.Int64ColumnChunkReader](group, name)
		}
		return column
	}
	text := func(name string) (column *file.ByteArrayColumnChunkReader) {
		if err == nil {
			column, err = openColumn[*file.ByteArrayColumnChunkReader](group, name)
		}
		return column
	}
	t.source, t.file, t.row = text("source"), text("file"), integers("row")
	if t.read == placeColumns {
		return err
	}
	t.amount, t.currency = integers("amount"), text("currency")
	if !t.rejects {
		t.severity = text("severity")
		if t.only != nil {
			t.agency = text("agency")
		}
	}
	return err
}

func openColumn[Column any](group *file.RowGroupReader, name string) (column Column, err error) {
	i := group.MetaData().Schema.ColumnIndexByName(name)
	if i < 0 {
		return column, fmt.Errorf("there is no column %s", name)
	}
	reader, err := group.Column(i)
	if err != nil {
		return column, fmt.Errorf("column %s: %w", name, err)
	}
	column, ok := reader.(Column)
	if !ok {
		return column, fmt.Errorf("column %s has another type than it was written with", name)
	}
	return column, nil
}

// fill reads the columns one after the other. What a text says is asked once
// where it stands in rows that follow each other.
func (t *parquetTraces) fill(batch []trace) error {
	if err := t.fillFiles(batch); err != nil {
		return err
	}
	if err := t.readIntegers(t.row, "row", len(batch)); err != nil {
		return err
	}
	for i := range batch {
		batch[i].row = t.ints[i]
	}
	if t.read == placeColumns {
		return nil
	}
	if err := t.readIntegers(t.amount, "amount", len(batch)); err != nil {
		return err
	}
	for i := range batch {
		batch[i].amount, batch[i].hasAmount = t.ints[i], t.valid[i]
	}
	if err := t.fillCurrencies(batch); err != nil || t.rejects {
		return err
	}
	if t.only != nil {
		if err := t.readTexts(t.agency, "agency", len(batch)); err != nil {
			return err
		}
		for _, text := range t.texts[:len(batch)] {
			if string(text) != *t.only {
				return errAnotherAgency
			}
		}
	}
	return t.fillFlags(batch)
}

func (t *parquetTraces) fillFiles(batch []trace) error {
	if err := t.readTexts(t.source, "source", len(batch)); err != nil {
		return err
	}
	// The texts lie in the page's memory.
	for i, text := range t.texts[:len(batch)] {
		if i > 0 && isSame(text, t.texts[i-1]) { // fast path
			t.sourceOf[i] = t.sourceOf[i-1]
			continue
		}
		if last := len(t.sources) - 1; last < 0 || string(text) != string(t.sources[last]) {
			t.sources = append(t.sources, append([]byte{}, text...))
		}
		t.sourceOf[i] = len(t.sources) - 1
	}
	if err := t.readTexts(t.file, "file", len(batch)); err != nil {
		return err
	}
	for i, text := range t.texts[:len(batch)] {
		if i > 0 && t.sourceOf[i] == t.sourceOf[i-1] && isSame(text, t.texts[i-1]) { // fast path
			batch[i].file = batch[i-1].file
			continue
		}
		if t.lastFile == nil || string(text) != string(t.lastFile) || t.sourceOf[i] != t.lastSource {
			place, err := t.names.file(t.sources[t.sourceOf[i]], text)
			if err != nil {
				return fmt.Errorf("column file: %w", err)
			}
			t.lastPlace, t.lastSource, t.lastFile = place, t.sourceOf[i], append([]byte{}, text...)
		}
		batch[i].file = t.lastPlace
	}
	// Of the sources only the last is still of use.
	if last := len(t.sources) - 1; last > 0 {
		t.sources, t.lastFile = append(t.sources[:0], t.sources[last]), nil
	}
	return nil
}

func (t *parquetTraces) fillCurrencies(batch []trace) error {
	if err := t.readTexts(t.currency, "currency", len(batch)); err != nil {
		return err
	}
	for i, text := range t.texts[:len(batch)] {
		if i > 0 && isSame(text, t.texts[i-1]) { // fast path
			batch[i].currency = batch[i-1].currency
			continue
		}
		if t.lastCurrency == nil || string(text) != string(t.lastCurrency) {
			number, err := t.names.currency(text)
			if err != nil {
				return fmt.Errorf("column currency: %w", err)
			}
			t.lastNumber, t.lastCurrency = number, append([]byte{}, text...)
		}
		batch[i].currency = t.lastNumber
	}
	return nil
}

func (t *parquetTraces) fillFlags(batch []trace) (err error) {
	if err := t.readTexts(t.severity, "severity", len(batch)); err != nil {
		return err
	}
	for i, text := range t.texts[:len(batch)] {
		if i > 0 && isSame(text, t.texts[i-1]) { // fast path
			batch[i].flags = batch[i-1].flags
			continue
		}
		if batch[i].flags, err = flags(text); err != nil {
			return fmt.Errorf("column severity: %w", err)
		}
	}
	return nil
}

// isSame says that two texts are the same memory, as those of one entry of a
// dictionary are. Texts that are not may still be alike.
func isSame(a, b arrowparquet.ByteArray) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

var errShortColumn = errors.New("the column ends before the row group")

// readIntegers reads the values of so many rows into ints. valid tells nulls.
func (t *parquetTraces) readIntegers(column *file.Int64ColumnChunkReader, name string, rows int) error {
	return readValues(name, column.Descriptor().MaxDefinitionLevel(), t.ints[:rows], t.valid, t.levels, column.ReadBatchInPage)
}

// readTexts does the same for texts, into texts. A null is empty.
func (t *parquetTraces) readTexts(column *file.ByteArrayColumnChunkReader, name string, rows int) error {
	return readValues(name, column.Descriptor().MaxDefinitionLevel(), t.texts[:rows], t.valid, t.levels, column.ReadBatchInPage)
}

// readValues fills values with the next rows of a column. Where valid is false
// the value is zero.
func readValues[Value any](name string, maximum int16, values []Value, valid []bool, levels []int16, read func(rows int64, values []Value, definition, repetition []int16) (int64, int, error)) error {
	for done := 0; done < len(values); {
		rows, err := readPage(name, maximum, values[done:], valid[done:], levels, read)
		if err != nil {
			return err
		}
		done += rows
	}
	return nil
}

// readPage does the same as far as a page goes, and says how many rows it has
// read. Texts that are in no dictionary are good until the next page.
func readPage[Value any](name string, maximum int16, values []Value, valid []bool, levels []int16, read func(rows int64, values []Value, definition, repetition []int16) (int64, int, error)) (int, error) {
	var null Value
	rows, present, err := read(int64(len(values)), values, levels, nil)
	if err == nil && (rows == 0 || maximum == 0 && present != int(rows)) {
		err = errShortColumn
	}
	if err != nil {
		return 0, fmt.Errorf("column %s: %w", name, err)
	}
	if maximum == 0 {
		for i := range int(rows) {
			valid[i] = true
		}
		return int(rows), nil
	}
	// Values stand one after the other, and move to their rows from the last.
	for i := int(rows) - 1; i >= 0; i-- {
		valid[i] = levels[i] == maximum
		switch {
		case !valid[i]:
			values[i] = null
		case present == 0:
			return 0, fmt.Errorf("column %s: %w", name, errShortColumn)
		default:
			present--
			values[i] = values[present]
		}
	}
	return int(rows), nil
}
