package report

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/avstam/avstam/arrowipc"
	"github.com/avstam/avstam/disk"
)

// arrowTraces reads a table's Arrow file or stream back with package arrowipc:
// what arrow-go has written must not be judged by arrow-go.
type arrowTraces struct {
	names   *nameTable
	rejects bool
	file    *disk.File // to be closed; nil for one that the report keeps
	reader  *arrowipc.Reader

	// Where the columns stand.
	source, path, row, amount, currency, severity, agency int
	only                                                  *string

	recordBatch *arrowipc.Batch // nil before the first
	loaded      bool
	columns     map[int]*arrowipc.Column
	done        int // rows of it
	inflater    arrowipc.Inflater
	memory      []byte
	batch       []trace
	valid       []byte
	integers    []int64
	texts       arrowipc.Texts
	sources     []string
}

func openArrowTraces(r *recounting, names *nameTable, _ columnSet) (traces, error) {
	t := &arrowTraces{names: names, rejects: r.rejects, only: r.only, columns: map[int]*arrowipc.Column{}, batch: make([]trace, traceRows), valid: make([]byte, traceRows), sources: make([]string, traceRows)}
	err := t.openReader(r)
	if err == nil {
		err = t.findColumns()
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// openReader opens a stream that is kept, or a file by its path.
func (t *arrowTraces) openReader(r *recounting) error {
	file := r.kept
	if file == nil {
		var err error
		if file, err = disk.Open(r.path); err != nil {
			return err
		}
		t.file = file
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	source := io.NewSectionReader(file, 0, info.Size())
	if r.kept != nil {
		t.reader, err = arrowipc.NewReader(source)
		return err
	}
	footer, err := arrowipc.ReadFooter(file, info.Size())
	if err == nil {
		t.reader = arrowipc.NewFileReader(source, file, footer)
	}
	return err
}

func (t *arrowTraces) findColumns() error {
	fields := t.reader.Schema().Fields
	for _, column := range []struct {
		name  string
		kind  arrowipc.Kind
		place *int
	}{
		{"source", arrowipc.Text, &t.source}, {"file", arrowipc.Text, &t.path}, {"row", arrowipc.Integer, &t.row},
		{"amount", arrowipc.Decimal, &t.amount}, {"currency", arrowipc.Text, &t.currency}, {"severity", arrowipc.Text, &t.severity},
		{"agency", arrowipc.Text, &t.agency},
	} {
		if column.name == "agency" && (t.only == nil || t.rejects) {
			continue
		}
		*column.place = slices.IndexFunc(fields, func(f arrowipc.Field) bool { return f.Name == column.name })
		if *column.place < 0 {
			if column.name == "severity" && t.rejects {
				continue
			}
			return fmt.Errorf("there is no column %s", column.name)
		}
		field := &fields[*column.place]
		isWide := column.kind == arrowipc.Decimal && (field.Type.Bytes != 16 || field.Type.Scale != 2)
		if field.Type.Kind != column.kind || field.HasDictionary || isWide {
			return fmt.Errorf("column %s has another type than it was written with", column.name)
		}
		t.reader.Want(*column.place)
		t.columns[*column.place] = nil
	}
	return nil
}

func (t *arrowTraces) close() error {
	t.inflater.Close()
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}

// read reads the next record batch.
func (t *arrowTraces) read() (err error) {
	t.recordBatch, t.loaded, t.done = nil, false, 0
	if t.recordBatch, err = t.reader.Next(t.memory); err == nil {
		t.memory = t.recordBatch.Bytes()
	}
	return err
}

func (t *arrowTraces) skip(rows int64) (skipped int64, err error) {
	for {
		if err := t.read(); err == io.EOF {
			return skipped, nil
		} else if err != nil {
			return skipped, err
		}
		if skipped+int64(t.recordBatch.Rows) > rows {
			return skipped, nil
		}
		skipped += int64(t.recordBatch.Rows)
	}
}

func (t *arrowTraces) next() ([]trace, error) {
	for t.recordBatch == nil || t.done == t.recordBatch.Rows {
		if err := t.read(); err != nil {
			return nil, err
		}
	}
	if !t.loaded {
		t.inflater.Reset()
		for place := range t.columns {
			column, err := t.recordBatch.Column(place, &t.inflater)
			if err != nil {
				return nil, fmt.Errorf("record batch %d: %w", t.recordBatch.Number, err)
			}
			t.columns[place] = column
		}
		t.loaded = true
	}
	batch := t.batch[:min(traceRows, t.recordBatch.Rows-t.done)]
	if err := t.fill(batch); err != nil {
		return nil, fmt.Errorf("record batch %d: %w", t.recordBatch.Number, err)
	}
	t.done += len(batch)
	return batch, nil
}

// fill reads the columns one after the other.
func (t *arrowTraces) fill(batch []trace) error {
	err := t.readTexts(t.source, len(batch), func(i int, text []byte) error {
		if i > 0 && string(text) == t.sources[i-1] { // mostly that of the row before
			t.sources[i] = t.sources[i-1]
		} else {
			t.sources[i] = string(text)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = t.readTexts(t.path, len(batch), func(i int, text []byte) (err error) {
		batch[i].file, err = t.names.file([]byte(t.sources[i]), text)
		return err
	})
	if err != nil {
		return err
	}
	if err := t.readAmounts(batch); err != nil {
		return err
	}
	row := t.columns[t.row]
	if row.HasNulls() {
		return errors.New("column row has a row without a value")
	}
	t.integers = row.Integers(t.done, len(batch), nil, t.integers[:0])
	for i := range batch {
		batch[i].row = t.integers[i]
	}
	err = t.readTexts(t.currency, len(batch), func(i int, text []byte) (err error) {
		batch[i].currency, err = t.names.currency(text)
		return err
	})
	if err != nil || t.rejects {
		return err
	}
	if t.only != nil {
		err := t.readTexts(t.agency, len(batch), func(_ int, text []byte) error {
			if string(text) != *t.only {
				return errAnotherAgency
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return t.readTexts(t.severity, len(batch), func(i int, text []byte) (err error) {
		batch[i].flags, err = flags(text)
		return err
	})
}

func (t *arrowTraces) readAmounts(batch []trace) error {
	column := t.columns[t.amount]
	valid := t.valid[:len(batch)]
	if _, err := column.Valid(t.done, valid); err != nil {
		return err
	}
	var ok bool
	if t.integers, ok = column.Narrow(t.done, len(batch), valid, t.integers[:0]); !ok {
		return errors.New("column amount has an amount beyond 64 bits")
	}
	value := 0
	for i := range batch {
		batch[i].amount, batch[i].hasAmount = 0, valid[i] != 0
		if batch[i].hasAmount {
			batch[i].amount = t.integers[value]
			value++
		}
	}
	return nil
}

// readTexts gives the texts of as many rows as are asked for. A null is empty.
func (t *arrowTraces) readTexts(place, rows int, set func(i int, text []byte) error) error {
	column := t.columns[place]
	valid := t.valid[:rows]
	if _, err := column.Valid(t.done, valid); err != nil {
		return err
	}
	if err := column.Texts(t.done, rows, valid, &t.texts); err != nil {
		return err
	}
	value := 0
	for i := range rows {
		var text []byte
		if valid[i] != 0 {
			text = t.texts.Data[t.texts.Offsets[value]:t.texts.Offsets[value+1]]
			value++
		}
		if err := set(i, text); err != nil {
			return err
		}
	}
	return nil
}
