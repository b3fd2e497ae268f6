// Package column holds the shapes in which values move between files and
// rules: columns of text that stay where they were read, and columns of few
// different texts that move as small integers.
package column

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Text is a column of byte strings without copies: row i is
// Data[Start[k]:End[k]], where k is i, or Index[i] where there is an Index (a
// dictionary's entry; -1 is a row without a value). The memory belongs to the
// reader and is good until it fills the column again.
type Text struct {
	Data       []byte
	Start, End []uint32
	Index      []int32
}

// At is the text of row i, and nil where the row has none.
func (t *Text) At(i int) []byte {
	if t.Index != nil {
		if i = int(t.Index[i]); i < 0 {
			return nil
		}
	}
	return t.Data[t.Start[i]:t.End[i]]
}

// What a Dictionary holds at most.
const (
	LimitDictionary      = 1 << 16 // different texts
	LimitDictionaryBytes = 4 << 20 // of all of them together
)

// ErrTooMany says that a column has more different texts than a Dictionary holds, and
// ErrTooLong that they are longer. Which of them is one too many depends on who came
// first.
var (
	ErrTooMany = fmt.Errorf("more than %d different values", LimitDictionary)
	ErrTooLong = fmt.Errorf("different values of more than %d bytes together", LimitDictionaryBytes)
)

// Dictionary gives each different text of a column a number for the length of a
// run: the empty text, which is also a missing value, is 0, the others 1, 2, 3 …
// in the order in which they come. It is safe for use by several goroutines;
// readers remember the numbers they were given and ask once a text.
type Dictionary struct {
	name   string
	mutex  sync.Mutex
	ids    map[string]uint16
	bytes  int // of the texts
	values atomic.Pointer[[]string]
}

// NewDictionary is the dictionary of the column of that name.
func NewDictionary(name string) *Dictionary {
	d := &Dictionary{name: name, ids: map[string]uint16{"": 0}}
	d.values.Store(&[]string{""})
	return d
}

// ID is the number of a text. It fails with ErrTooMany, wrapped, where there would be
// more than LimitDictionary different texts, and with ErrTooLong where they would have
// more than LimitDictionaryBytes: such a column is no category.
func (d *Dictionary) ID(text []byte) (uint16, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if id, ok := d.ids[string(text)]; ok {
		return id, nil
	}
	values := *d.values.Load()
	if len(values) == LimitDictionary {
		return 0, fmt.Errorf("column %s has %w", d.name, ErrTooMany)
	}
	if d.bytes += len(text); d.bytes > LimitDictionaryBytes {
		d.bytes -= len(text)
		return 0, fmt.Errorf("column %s has %w", d.name, ErrTooLong)
	}
	id := uint16(len(values))
	value := string(text)
	d.ids[value] = id
	values = append(values, value)
	d.values.Store(&values)
	return id, nil
}

// Values are the texts by number. The slice is a snapshot: later texts are not
// in it, and it must not be changed.
func (d *Dictionary) Values() []string { return *d.values.Load() }
