package readers

import (
	"bytes"
	"slices"
)

// columnWords numbers the texts of a column of few different texts. A
// dictionary's entry is asked for once, when a row has it: a dictionary may
// have entries that no row has.
type columnWords struct {
	cursor *columnCursor
	// number is asked once for each text, and gives the text as its list has it, too.
	number func(text []byte) (uint16, string, error)

	known      map[string]uint16
	entries    []int32 // numbers of the dictionary's entries, or unasked
	dictionary int     // which of them
}

const unasked = -1

// put numbers the texts of a segment; dst has its rows. A null is empty text.
func (w *columnWords) put(s segment, dst []uint16) error {
	dense := dst[:s.values]
	var err error
	if w.cursor.hasDictionary {
		err = w.putEntries(s.indexes, dense)
	} else {
		err = w.putPlain(s.first, dense)
	}
	if err != nil || s.levels == nil {
		return err
	}
	null, err := w.ask(nil)
	if err != nil {
		return err
	}
	spread(dst, s.levels, s.values, null)
	return nil
}

// putWithout is put, but for rows whose text is withheld: those have empty text.
// It is slow.
func (w *columnWords) putWithout(s segment, dst []uint16, withheld []bool) error {
	for row := range dst {
		var text []byte
		if values, at := w.cursor.of(s, row); values != nil && !withheld[row] {
			text = values.text(at)
		}
		var err error
		if dst[row], err = w.ask(text); err != nil {
			return err
		}
	}
	return nil
}

func (w *columnWords) putEntries(indexes []int32, dst []uint16) error {
	if w.dictionary != w.cursor.dictionaries {
		w.entries = slices.Grow(w.entries[:0], w.cursor.entries.count)[:w.cursor.entries.count]
		for i := range w.entries {
			w.entries[i] = unasked
		}
		w.dictionary = w.cursor.dictionaries
	}
	entries, dst := w.entries, dst[:len(indexes)]
	for i, index := range indexes {
		number := entries[index]
		if number == unasked {
			asked, err := w.ask(w.cursor.entries.text(int(index)))
			if err != nil {
				return err
			}
			number = int32(asked)
			entries[index] = number
		}
		dst[i] = uint16(number)
	}
	return nil
}

func (w *columnWords) putPlain(first int, dst []uint16) error {
	values := &w.cursor.plain
	var last []byte
	number := uint16(0)
	for i := range dst {
		// Rows that follow each other often have the same text.
		if text := values.text(first + i); i == 0 || !bytes.Equal(text, last) {
			var err error
			if number, err = w.ask(text); err != nil {
				return err
			}
			last = text
		}
		dst[i] = number
	}
	return nil
}

// ask is the number of a text.
func (w *columnWords) ask(text []byte) (uint16, error) {
	if number, ok := w.known[string(text)]; ok {
		return number, nil
	}
	number, word, err := w.number(text)
	if err != nil {
		return 0, err
	}
	// There may be any number of words that are not taken, each of any length.
	if number != badWord {
		w.known[word] = number
	}
	return number, nil
}

// forget forgets all numbers: later ones are of another list.
func (w *columnWords) forget() {
	clear(w.known)
	w.dictionary = 0
}
