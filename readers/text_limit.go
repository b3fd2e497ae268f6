package readers

import "fmt"

// Any number of rows may share one long text of a dictionary, so what is done with
// a row's text must be little however long that is.
const (
	// limitText bounds the text of an identity number or a record id, in bytes: a
	// finding has a copy of it, and a page may have few texts of very many bytes. It
	// is also how much is kept of a row of CSV that is rejected.
	limitText = 64 << 10
	// limitValue bounds an amount, a day or a boolean as text, and a DECIMAL, in bytes.
	// A longer one cannot be read, whatever it is.
	limitValue = 256
	// limitRaw is how much is kept of a value that is rejected, in bytes.
	limitRaw = 1 << 10
)

// errLongText says that a text is longer than limitText.
func errLongText(length int) error {
	return fmt.Errorf("a text of %d bytes; at most %d are taken", length, limitText)
}

// textLimit sees to it that no row of a column has a text of more than limitText
// bytes.
type textLimit struct {
	cursor     *columnCursor
	dictionary int  // the one that has been looked at
	longEntry  bool // it has an entry that is too long, which rows may have or not
}

// check refuses a segment in which a row has too long a text. The row of the
// segment's first is from 1 in the file, for the message.
func (l *textLimit) check(s segment, first int64) error {
	if l.cursor == nil { // there is no such column, or it is none of text
		return nil
	}
	if l.cursor.hasDictionary {
		if l.dictionary != l.cursor.dictionaries {
			l.longEntry = firstLong(&l.cursor.entries, 0, l.cursor.entries.count) >= 0
			l.dictionary = l.cursor.dictionaries
		}
		if !l.longEntry {
			return nil
		}
	} else if firstLong(&l.cursor.plain, s.first, s.values) < 0 {
		return nil
	}
	for row := range s.rows {
		if values, at := l.cursor.of(s, row); values != nil && len(values.text(at)) > limitText {
			return fmt.Errorf("row %d of the file: %w", first+int64(row), errLongText(len(values.text(at))))
		}
	}
	return nil
}

// firstLong is the place of the first text of more than limitText bytes among
// count of them; -1 where there is none. Texts that are no longer together are
// not looked at one by one.
func firstLong(v *columnValues, first, count int) int {
	switch {
	case count == 0:
		return -1
	case v.starts == nil && v.width <= limitText: // of one width
		return -1
	case v.starts == nil:
		return first
	case v.ends[first+count-1]-v.starts[first] <= limitText:
		return -1
	case count == 1:
		return first
	}
	half := count / 2
	if at := firstLong(v, first, half); at >= 0 {
		return at
	}
	return firstLong(v, first+half, count-half)
}

// firstLong is the first of the rows from first up to last whose text in a column
// has more than limitText bytes; -1 where there is none. A text is no longer than
// its row, and rows lie one behind the other.
func (r *csvRows) firstLong(c *csvColumn, first, last int) int {
	switch {
	case first == last || r.end[last-1]-r.start[first] <= limitText:
		return -1
	case last-first == 1 && c.end[first]-c.start[first] <= limitText:
		return -1
	case last-first == 1:
		return first
	}
	half := first + (last-first)/2
	if at := r.firstLong(c, first, half); at >= 0 {
		return at
	}
	return r.firstLong(c, half, last)
}

// checkLength refuses rows whose text in a canonical column is too long. The error
// names the column, and row says which of the rows it is about.
func (r *csvRows) checkLength(canonical, rows int, names []string) (row int, err error) {
	c := r.columns[canonical]
	if c == nil {
		return 0, nil
	}
	if row = r.firstLong(c, 0, rows); row < 0 {
		return 0, nil
	}
	return row, fmt.Errorf("column %s: %w", columnText(names[c.field]), errLongText(int(c.end[row]-c.start[row])))
}
