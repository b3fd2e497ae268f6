package synth

import (
	"io"
	"strconv"

	"github.com/avstam/avstam/calendar"
)

// csvTable writes rows as CSV: commas, LF, a header, and no quotes, since no
// value has any of these in it.
type csvTable[Row any] struct {
	columns []column[Row]
	file    io.WriteCloser
	buffer  []byte
}

const csvBufferSize = 64 << 10 // bytes

func newCSVTable[Row any](file io.WriteCloser, columns []column[Row]) *csvTable[Row] {
	t := &csvTable[Row]{columns: columns, file: file, buffer: make([]byte, 0, csvBufferSize+4<<10)}
	for i := range columns {
		t.separate(i)
		t.buffer = append(t.buffer, columns[i].name...)
	}
	t.buffer = append(t.buffer, '\n')
	return t
}

func (t *csvTable[Row]) separate(i int) {
	if i > 0 {
		t.buffer = append(t.buffer, ',')
	}
}

func (t *csvTable[Row]) add(r *Row) error {
	for i := range t.columns {
		t.separate(i)
		c := &t.columns[i]
		if c.shape == asText || c.shape == asCategory {
			t.buffer = c.text(t.buffer, r)
		} else if number, ok := c.number(r); ok {
			t.buffer = c.appendNumber(t.buffer, number)
		}
	}
	t.buffer = append(t.buffer, '\n')
	if len(t.buffer) < csvBufferSize {
		return nil
	}
	return t.flush()
}

func (c *column[Row]) appendNumber(dst []byte, number int64) []byte {
	switch c.shape {
	case asDay:
		return calendar.Day(number).AppendText(dst)
	case asBoolean:
		return strconv.AppendBool(dst, number != 0)
	case asAmount, asReportedAmount:
		if number < 0 {
			dst = append(dst, '-')
			number = -number
		}
		dst = strconv.AppendInt(dst, number/100, 10)
		return append(dst, '.', byte('0'+number/10%10), byte('0'+number%10))
	}
	return strconv.AppendInt(dst, number, 10)
}

func (t *csvTable[Row]) flush() error {
	_, err := t.file.Write(t.buffer)
	t.buffer = t.buffer[:0]
	return err
}

// close ends the table, and closes the file.
func (t *csvTable[Row]) close() error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.file.Close()
}
