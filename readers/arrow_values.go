package readers

import (
	"errors"

	"github.com/avstam/avstam/arrowipc"
	"github.com/parquet-go/parquet-go"
)

// arrowPage gives rows of a column of Arrow to a cursor as if they were a page
// of Parquet. It keeps the memory for it.
type arrowPage struct {
	cursor *columnCursor
	// decode takes the decoder of another type into use; nil where the column
	// has values of one type alone.
	decode func(*fileColumn)

	entries *arrowipc.Column // the dictionary that the cursor has
	levels  []byte
	indexes []int32
	plain   arrowValues // of rows
	words   arrowValues // of the dictionary's entries
}

// arrowValues is memory for values that are not read where they lie.
type arrowValues struct {
	texts   arrowipc.Texts
	bytes   []byte
	int32s  []int32
	int64s  []int64
	floats  []float32
	doubles []float64
}

// use has the cursor read rows from first on.
func (p *arrowPage) use(column *arrowipc.Column, first, rows int) error {
	c := p.cursor
	c.left, c.row, c.value = rows, 0, 0
	c.levels = nil
	values := rows
	if column.HasNulls() {
		p.levels = resize(p.levels, rows)
		var err error
		if values, err = column.Valid(first, p.levels); err != nil {
			return err
		}
		if values < rows {
			c.levels = p.levels
		}
	}
	c.hasDictionary = column.Entries != nil
	if !c.hasDictionary {
		return p.fill(&c.plain, &p.plain, column, first, rows, values, c.levels)
	}
	if p.entries != column.Entries {
		p.entries = nil
		c.dictionaries++
		if err := p.fill(&c.entries, &p.words, column.Entries, 0, column.Entries.Rows, column.Entries.Rows, nil); err != nil {
			return err
		}
		p.entries = column.Entries
	}
	var err error
	p.indexes, err = column.Indexes(first, rows, c.levels, p.indexes[:0])
	c.indexes = p.indexes
	return err
}

// fill takes the values of rows: count of them are not null.
func (p *arrowPage) fill(v *columnValues, memory *arrowValues, column *arrowipc.Column, first, rows, count int, valid []byte) error {
	*v = columnValues{count: count}
	switch of := &column.Type; of.Kind {
	case arrowipc.Text, arrowipc.View:
		if err := column.Texts(first, rows, valid, &memory.texts); err != nil {
			return err
		}
		v.useOffsets(memory.texts.Data, memory.texts.Offsets)
	case arrowipc.Fixed:
		memory.bytes = memory.bytes[:0]
		v.data, v.width = column.Fixed(first, rows, valid, memory.bytes), of.Bytes
		if valid != nil {
			memory.bytes = v.data
		}
	case arrowipc.Boolean:
		memory.bytes = column.Bits(first, rows, valid, memory.bytes[:0])
		v.data = memory.bytes
	case arrowipc.Float:
		if of.Bytes == 4 {
			memory.floats = column.Float32s(first, rows, valid, memory.floats[:0])
			v.floats = memory.floats
		} else {
			memory.doubles = column.Float64s(first, rows, valid, memory.doubles[:0])
			v.doubles = memory.doubles
		}
	case arrowipc.Decimal:
		if of.Bytes > 8 {
			p.fillWide(v, memory, column, first, rows, valid)
			break
		}
		memory.int64s = column.Integers(first, rows, valid, memory.int64s[:0])
		v.int64s = memory.int64s
	case arrowipc.Date:
		if of.Bytes == 4 {
			memory.int32s = column.Days(first, rows, valid, memory.int32s[:0])
			v.int32s = memory.int32s
			break
		}
		fallthrough
	case arrowipc.Integer, arrowipc.Timestamp:
		memory.int64s = column.Integers(first, rows, valid, memory.int64s[:0])
		v.int64s = memory.int64s
	default:
		return errors.New("BUG: a column of a type that is not read")
	}
	if p.cursor.checkText {
		v.findSuspect(p.cursor.areWords)
	}
	return nil
}

// fillWide takes decimals of more than 64 bits. Amounts are mostly smaller than
// their type, and are then read as integers, which is quicker.
func (p *arrowPage) fillWide(v *columnValues, memory *arrowValues, column *arrowipc.Column, first, rows int, valid []byte) {
	if p.decode != nil {
		narrow, ok := column.Narrow(first, rows, valid, memory.int64s[:0])
		memory.int64s = narrow
		if ok {
			v.int64s = narrow
			p.useType(parquet.Int64, 0)
			return
		}
		p.useType(parquet.FixedLenByteArray, column.Type.Bytes)
	}
	memory.bytes = column.Wide(first, rows, valid, memory.bytes[:0])
	v.data, v.width = memory.bytes, column.Type.Bytes
}

// useType has the cursor read decimals that are stored otherwise.
func (p *arrowPage) useType(kind parquet.Kind, width int) {
	if p.cursor.kind == kind {
		return
	}
	column := *p.cursor.fileColumn
	column.kind, column.width = kind, width
	p.cursor.fileColumn = &column
	p.decode(&column)
}
