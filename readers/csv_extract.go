package readers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// csvExtract reads a CSV file as a register extract.
type csvExtract struct {
	*csvFile
	csvRows
	layout  string
	data    []byte // what the rows' columns point into
	suspect bool   // there is text that the encoding does not have
	extract register.Extract
	indices map[string]uint16 // of the extract's words
}

func readCSVExtract(ctx context.Context, file *File, source *Source, options *Options, add func(*register.Extract) error) error {
	c, err := openCSV(file, source, registerColumns[:], options)
	if err != nil {
		return err
	}
	defer func() { _ = c.close() }() // only read from
	e := newCSVExtract(c, source)
	buffers := options.csv.buffers
	return c.blocks(ctx, buffers, func(block csvBlock) error {
		e.suspect = !c.encoding.isWhole(block.data[:block.end])
		for at := 0; at < block.end; {
			rows, next, data := e.split(&c.grammar, &block, at)
			block.data = data[:len(block.data)] // it may have grown
			at, e.data = next, data
			if rows == 0 {
				if err := e.broken.problem(c.Path, &block); err != nil {
					return err
				}
				break
			}
			if e.suspect {
				if row, err := e.checkEncoding(rows); err != nil {
					return lineError(c.Path, block.line+countLines(data[:e.start[row]]), err)
				}
			}
			for _, canonical := range [...]int{registerNumber, registerLinkedNumber} {
				if row, err := e.checkLength(canonical, rows, c.Columns); err != nil {
					return lineError(c.Path, block.line+countLines(data[:e.start[row]]), err)
				}
			}
			e.fill(rows)
			if err := add(&e.extract); err != nil {
				return err
			}
			e.extract.FirstRow += int64(rows)
		}
		buffers.give(block.data, c.blockBytes)
		return nil
	})
}

func newCSVExtract(c *csvFile, source *Source) *csvExtract {
	e := &csvExtract{csvFile: c, layout: source.CSV.DateLayout}
	e.extract = register.Extract{File: pathText(c.Path), FirstRow: 1}
	e.forgetWords()
	e.reset(c)
	return e
}

// checkEncoding refuses rows with text in a wanted column that the encoding does not
// have: its words would all be unknown, and their entries be left out. The error names
// the column, and row says which of the rows it is about.
func (e *csvExtract) checkEncoding(rows int) (row int, err error) {
	for row := range rows {
		for _, c := range e.columns {
			if c != nil && !e.encoding.isWhole(e.data[c.start[row]:c.end[row]]) {
				return row, fmt.Errorf("column %s: it has %w", columnText(e.Columns[c.field]), errForeignBytes(e.encoding))
			}
		}
	}
	return 0, nil
}

// fill fills the columns of the extract with the rows that have been split.
func (e *csvExtract) fill(rows int) {
	x := &e.extract
	x.Unreadable = x.Unreadable[:0]
	if len(x.Words) > 2*pipeline.BatchRows { // three more of each row still have a number
		e.forgetWords()
	}
	x.Number = fillColumn(e, x.Number, rows, registerNumber, func(text []byte) (identity.Number, bool) {
		return identity.Parse(text).Number(), true // the builder counts those that are 0
	})
	x.Linked = fillColumn(e, x.Linked, rows, registerLinkedNumber, linkOf)
	x.Status = fillColumn(e, x.Status, rows, registerStatus, e.word)
	x.Reason = fillColumn(e, x.Reason, rows, registerStatusReason, e.word)
	x.Level = fillColumn(e, x.Level, rows, registerIdentityLevel, e.word)
	x.StatusFrom = fillColumn(e, x.StatusFrom, rows, registerStatusFrom, e.day)
	x.KnownFrom = fillColumn(e, x.KnownFrom, rows, registerKnownFrom, e.day)
	x.AssignedOn = fillColumn(e, x.AssignedOn, rows, registerAssignedOn, e.day)
	x.RenewedOn = fillColumn(e, x.RenewedOn, rows, registerRenewedOn, e.day)
	x.InactiveExpectedOn = fillColumn(e, x.InactiveExpectedOn, rows, registerInactiveExpectedOn, e.day)
	x.DeceasedOn = fillColumn(e, x.DeceasedOn, rows, registerDeceasedOn, e.partial)
	x.Protected = fillColumn(e, x.Protected, rows, registerProtected, parseProtected)
	slices.SortStableFunc(x.Unreadable, func(a, b register.Unreadable) int { return cmp.Compare(a.Row, b.Row) })
}

// fillColumn reads a column with parse; it is nil where the extract has none.
// Every row of a file may be at fault as a whole; its values are then missing,
// so that the builder leaves it out and counts it.
func fillColumn[T any](e *csvExtract, values []T, rows, canonical int, parse func([]byte) (T, bool)) []T {
	c := e.columns[canonical]
	if c == nil {
		return nil
	}
	values = resize(values, rows)
	for i := range values {
		var ok bool
		if values[i], ok = parse(e.data[c.start[i]:c.end[i]]); !ok {
			e.extract.Unreadable = append(e.extract.Unreadable, register.Unreadable{
				Row: e.extract.FirstRow + int64(i), Column: registerColumns[canonical].Name,
			})
		}
	}
	return values
}

// linkOf is the number that a link leads to; 0 for none.
func linkOf(text []byte) (identity.Number, bool) {
	link := identity.Parse(text)
	switch {
	case link.Fault == identity.Empty, isZeroFilled(text):
		return 0, true
	case link.Number() == 0:
		return register.UnreadableLink, true
	}
	return link.Number(), true
}

func (e *csvExtract) day(text []byte) (calendar.Day, bool) {
	day, ok := parseDay(text, e.layout)
	return day, ok || isBlank(text) || isZeroFilled(text)
}

func (e *csvExtract) partial(text []byte) (calendar.Partial, bool) {
	return parsePartial(text, e.layout)
}

// word is the index of a word among those of the extract.
func (e *csvExtract) word(text []byte) (uint16, bool) {
	index, ok := e.indices[string(text)]
	if ok {
		return index, true
	}
	if len(text) > limitWord {
		return 0, false
	}
	index = uint16(len(e.extract.Words))
	word := string(text)
	e.extract.Words = append(e.extract.Words, word)
	e.indices[word] = index
	return index, true
}

// forgetWords begins the extract's words anew.
func (e *csvExtract) forgetWords() {
	e.extract.Words = []string{""}
	e.indices = map[string]uint16{"": 0}
}
