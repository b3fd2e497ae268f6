package report

import (
	"bytes"
	"io"
)

// lineBreaks gives encoding/csv a text whose quoted line breaks come through as
// they are: that reader makes "\n" of "\r\n", so a name of a currency, an agency
// or a file that has one would be another when it is read back. A second "\r"
// inside quotes is what it takes away instead.
type lineBreaks struct {
	from     io.Reader
	buffer   [4096]byte
	changed  []byte
	rest     []byte // what is still to be handed out
	isQuoted bool
	last     byte
}

func newLineBreaks(from io.Reader) *lineBreaks { return &lineBreaks{from: from} }

func (l *lineBreaks) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		n, err := l.from.Read(l.buffer[:])
		if n == 0 {
			return 0, err
		}
		l.rest = l.change(l.buffer[:n])
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// change returns the text as it is, or a longer one.
func (l *lineBreaks) change(text []byte) []byte {
	if l.last != '\r' && bytes.IndexByte(text, '\r') < 0 {
		l.isQuoted = l.isQuoted != (bytes.Count(text, []byte{'"'})%2 == 1)
		l.last = text[len(text)-1]
		return text
	}
	changed := l.changed[:0]
	for _, c := range text {
		switch {
		case c == '"': // a doubled one goes out and in again
			l.isQuoted = !l.isQuoted
		case c == '\n' && l.last == '\r' && l.isQuoted:
			changed = append(changed, '\r')
		}
		changed = append(changed, c)
		l.last = c
	}
	l.changed = changed
	return changed
}
