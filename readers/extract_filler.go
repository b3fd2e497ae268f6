package readers

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
)

// extractRows is how many rows an extract holds at most.
const extractRows = 1 << 14

// extractFiller fills extracts from the columns of a Parquet or an Arrow file.
type extractFiller struct {
	cursors [registerColumnCount]*columnCursor // nil where there is no such column
	at      *columnCursor                      // the one that is being read, for messages
	row     int64                              // of the extract's first, from 1 in the file

	limits     [registerColumnCount]textLimit // of columns of numbers
	numbers    columnDecoder[identity.Number]
	linked     columnDecoder[identity.Number]
	days       [registerColumnCount]columnDecoder[calendar.Day]
	deceasedOn columnDecoder[calendar.Partial]
	protected  columnDecoder[register.Tristate]
	words      [registerColumnCount]columnWords

	list      []string // the words of the extracts
	listBytes int      // their text
	indices   map[string]uint16
	// hasBadWords says that a badWord was given, which may stand in any column and
	// be remembered with a dictionary.
	hasBadWords bool
	unreadable  []register.Unreadable
}

func newExtractFiller() *extractFiller {
	f := &extractFiller{}
	f.forgetWords()
	return f
}

// use has a column read as the canonical one of a place in registerColumns. The
// caller gives the rows to its cursor.
func (f *extractFiller) use(which int, column *fileColumn) *columnCursor {
	cursor := &columnCursor{fileColumn: column}
	f.cursors[which] = cursor
	switch registerColumns[which].kind {
	case numberColumn:
		if column.shape == textShape {
			f.limits[which].cursor = cursor
		}
		if which == registerNumber {
			f.numbers = columnDecoder[identity.Number]{cursor: cursor, decode: column.numbers()}
		} else {
			f.linked = columnDecoder[identity.Number]{cursor: cursor, decode: column.links()}
		}
	case dayColumn:
		f.days[which] = columnDecoder[calendar.Day]{cursor: cursor, decode: column.registerDays(), null: calendar.Missing}
	case deathColumn:
		f.deceasedOn = columnDecoder[calendar.Partial]{cursor: cursor, decode: column.partials()}
	case booleanColumn:
		f.protected = columnDecoder[register.Tristate]{cursor: cursor, decode: column.protected()}
	case wordColumn:
		f.words[which] = columnWords{cursor: cursor, number: f.word, known: map[string]uint16{}}
	}
	return cursor
}

// badWord is the number of a word that is not taken; no list has as many.
const badWord = 1<<16 - 1

// word is the index of a word in the list, and the word as that has it.
func (f *extractFiller) word(text []byte) (uint16, string, error) {
	if index, ok := f.indices[string(text)]; ok {
		return index, f.list[index], nil
	}
	if len(text) > limitWord || !utf8.Valid(text) {
		f.hasBadWords = true
		return badWord, "", nil
	}
	index := uint16(len(f.list))
	word := string(text)
	f.list = append(f.list, word)
	f.listBytes += len(word)
	f.indices[word] = index
	return index, word, nil
}

// limitListBytes is how much text, in bytes, a list of words has that may wait with
// its extracts to be added. The words of a register are some kilobytes.
const limitListBytes = 1 << 20

// isHeavy says whether the list has more text than may wait.
func (f *extractFiller) isHeavy() bool { return f.listBytes > limitListBytes }

// forgetWords begins a list of words. Extracts that have been handed over keep
// theirs: a list is only ever added to.
func (f *extractFiller) forgetWords() {
	f.list, f.listBytes = []string{""}, 0
	f.indices = map[string]uint16{"": 0}
	for i := range f.words {
		f.words[i].forget()
	}
}

// fill fills an extract with the next rows.
func (f *extractFiller) fill(x *register.Extract, rows int) (err error) {
	const wordColumns = 3
	if len(f.list) > badWord-wordColumns*extractRows || f.isHeavy() {
		f.forgetWords()
	}
	x.FirstRow, f.unreadable = f.row, x.Unreadable[:0]
	if x.Number, err = fillExtract(f, x.Number, rows, registerNumber, &f.numbers); err != nil {
		return err
	}
	if x.Linked, err = fillExtract(f, x.Linked, rows, registerLinkedNumber, &f.linked); err != nil {
		return err
	}
	for _, word := range [wordColumns]struct {
		which   int
		indices *[]uint16
	}{{registerStatus, &x.Status}, {registerStatusReason, &x.Reason}, {registerIdentityLevel, &x.Level}} {
		if *word.indices, err = f.fillWord(*word.indices, rows, word.which); err != nil {
			return err
		}
	}
	for _, day := range [...]struct {
		which int
		days  *[]calendar.Day
	}{
		{registerStatusFrom, &x.StatusFrom}, {registerKnownFrom, &x.KnownFrom}, {registerAssignedOn, &x.AssignedOn},
		{registerRenewedOn, &x.RenewedOn}, {registerInactiveExpectedOn, &x.InactiveExpectedOn},
	} {
		if *day.days, err = fillExtract(f, *day.days, rows, day.which, &f.days[day.which]); err != nil {
			return err
		}
		listUnreadable(f, day.which, *day.days, badDay, calendar.Missing)
	}
	if x.DeceasedOn, err = fillExtract(f, x.DeceasedOn, rows, registerDeceasedOn, &f.deceasedOn); err != nil {
		return err
	}
	listUnreadable(f, registerDeceasedOn, x.DeceasedOn, badPartial, 0)
	if x.Protected, err = fillExtract(f, x.Protected, rows, registerProtected, &f.protected); err != nil {
		return err
	}
	listUnreadable(f, registerProtected, x.Protected, badProtected, register.NoValue)
	x.Words, x.Unreadable = f.list, f.unreadable
	slices.SortStableFunc(x.Unreadable, func(a, b register.Unreadable) int { return cmp.Compare(a.Row, b.Row) })
	return nil
}

// fillExtract fills a column; it is nil where the extract has none.
func fillExtract[T any](f *extractFiller, dst []T, rows, which int, decoder *columnDecoder[T]) ([]T, error) {
	cursor := f.cursors[which]
	if cursor == nil {
		return nil, nil
	}
	dst = resize(dst, rows)
	f.at = cursor
	for done := 0; done < rows; {
		s, err := cursor.take(rows - done)
		if err != nil {
			return nil, err
		}
		if err := f.limits[which].check(s, f.row+int64(done)); err != nil {
			return nil, err
		}
		if err := decoder.put(s, dst[done:][:s.rows]); err != nil {
			return nil, err
		}
		done += s.rows
	}
	return dst, nil
}

// fillWord fills a column of words; it is nil where the extract has none.
func (f *extractFiller) fillWord(dst []uint16, rows, which int) ([]uint16, error) {
	cursor := f.cursors[which]
	if cursor == nil {
		return nil, nil
	}
	dst = resize(dst, rows)
	f.at = cursor
	for done := 0; done < rows; {
		s, err := cursor.take(rows - done)
		if err != nil {
			return nil, err
		}
		if err := f.words[which].put(s, dst[done:][:s.rows]); err != nil {
			return nil, err
		}
		done += s.rows
	}
	if f.hasBadWords {
		listUnreadable(f, which, dst, badWord, 0)
	}
	return dst, nil
}

// listUnreadable lists the rows of a column whose value could not be read, and
// makes it missing.
func listUnreadable[T comparable](f *extractFiller, which int, values []T, bad, missing T) {
	for i, value := range values {
		if value == bad {
			values[i] = missing
			f.unreadable = append(f.unreadable, register.Unreadable{Row: f.row + int64(i), Column: registerColumns[which].Name})
		}
	}
}
