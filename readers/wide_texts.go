package readers

import (
	"fmt"

	"github.com/avstam/avstam/column"
	"github.com/parquet-go/parquet-go"
)

// limitInteger bounds an integer, in bytes: the widest decimals that there are have
// 256 bits.
const limitInteger = 32

// isWide says whether an integer has more than limitInteger bytes beside those that
// only repeat its sign, of which there may be some too.
func isWide(text []byte) bool {
	return len(text) > limitValue || len(significant(text)) > limitInteger
}

// wideTexts writes a column of integers as text, where not all of a batch fit into 64
// bits: a number that is none is the agency's fault, and no reason to read nothing.
type wideTexts struct {
	data         []byte
	starts, ends []uint32
	index        []int32
}

// of is a segment as text, in memory that is used again for the next. Its first row
// is first, from 1 in the file, for the message.
func (w *wideTexts) of(c *columnCursor, s segment, first int64) (column.Text, error) {
	w.data = w.data[:0]
	w.starts, w.ends, w.index = resize(w.starts, s.rows), resize(w.ends, s.rows), resize(w.index, s.rows)
	for row := range s.rows {
		w.starts[row], w.index[row] = uint32(len(w.data)), -1
		if values, at := c.of(s, row); values != nil {
			if c.kind != parquet.Int32 && c.kind != parquet.Int64 && isWide(values.text(at)) {
				return column.Text{}, fmt.Errorf("row %d of the file: an integer of more than %d bits", first+int64(row), 8*limitInteger)
			}
			w.data, w.index[row] = c.appendRaw(w.data, values, at), int32(row)
		}
		w.ends[row] = uint32(len(w.data))
	}
	return column.Text{Data: w.data, Start: w.starts, End: w.ends, Index: w.index}, nil
}
