package register

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode"
)

// The inconsistencies that a build looks for, in the order of Checks.
const (
	closedWithoutLink   = iota // a closed entry of a number none of whose entries has a link
	linkToUnknownNumber        // an entry's link leads to no number of the register
	linkLoop                   // the entry's links never end, as they stand on its first or last day in force
	activeWithDeathDate        // an active entry with a date of death
	sameDayDisagreement        // an entry that another of the same day supersedes and contradicts
	unknownStatus              // the entry is left out
	unknownLevel               // taken as missing
	unknownCode                // a deregistration code that is not in the table
	malformedNumber            // the entry is left out
	expectedDateDiffers        // of a coordination number: the preliminary day is not the computed one
	unreadableValue            // taken as missing
	checkCount
)

// checkNames are the names of inconsistencies; they are stable.
var checkNames = [checkCount]string{"closed_without_link", "link_to_unknown_number", "link_loop", "active_with_death_date",
	"same_day_disagreement", "unknown_status", "unknown_level", "unknown_code", "malformed_number", "expected_date_differs",
	"unreadable_value"}

// Limits of what Checks tells one by one.
const (
	LimitLocations = 100 // places of one inconsistency
	LimitWords     = 100 // different unknown words of one inconsistency
	limitWordRunes = 40
	limitDigits    = 4 // in a word: a longer one may be somebody's number
)

// Checks is what a build counted, and what it found in the register that
// contradicts itself or could not be read. It holds no number of a person.
// RowsRead is the sum of EntriesKept, EntriesSuperseded and EntriesLeftOut.
type Checks struct {
	RowsRead          int64 `json:"rows_read"`
	EntriesKept       int64 `json:"entries_kept"`
	EntriesSuperseded int64 `json:"entries_superseded"` // by another entry of the same number and day
	EntriesLeftOut    int64 `json:"entries_left_out"`   // their number or status cannot be read
	// Links are the entries with a link, that cannot be read too, but for those left out.
	Links int64 `json:"links"`
	// Unreadable are the columns other than number and status with values that could
	// not be read, by name; a snapshot of an earlier version has none.
	Unreadable []ColumnCount `json:"unreadable,omitempty"`
	// Inconsistencies are always the same ones, in the same order, found or not.
	Inconsistencies []Inconsistency `json:"inconsistencies"`
}

// Inconsistency is one kind of fault in a register.
type Inconsistency struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	// AtLeast says that the search was given up and there may be more: links
	// that lead on and on through a great part of the register.
	AtLeast bool `json:"at_least,omitempty"`
	// First are the first LimitLocations of them, in the order of the input.
	First []Location `json:"first,omitempty"`
	// Words are the first LimitWords different words that are not known, the
	// most frequent first; OtherWords counts the rows with still others.
	Words      []WordCount `json:"words,omitempty"`
	OtherWords int64       `json:"other_words,omitempty"`
}

// Location is where an entry stands in the extract.
type Location struct {
	File   string `json:"file"`
	Row    int64  `json:"row"` // from 1
	Column string `json:"column,omitempty"`
}

// WordCount is a word and the number of rows that have it.
type WordCount struct {
	Word  string `json:"word"`
	Count int64  `json:"count"`
}

// ColumnCount is a column and the number of rows whose value in it could not be read.
type ColumnCount struct {
	Column string `json:"column"`
	Count  int64  `json:"count"`
}

// UnreadableIn is how many values of a column could not be read.
func (c *Checks) UnreadableIn(column string) int64 {
	for _, unreadable := range c.Unreadable {
		if unreadable.Column == column {
			return unreadable.Count
		}
	}
	return 0
}

// Words are the words of an inconsistency, by its name.
func (c *Checks) Words(name string) []WordCount { return c.named(name).Words }

// Count is how many there are of an inconsistency, by its name.
func (c *Checks) Count(name string) int64 { return c.named(name).Count }

// named is an inconsistency by its name; the zero one where there is none.
func (c *Checks) named(name string) Inconsistency {
	for i := range c.Inconsistencies {
		if c.Inconsistencies[i].Name == name {
			return c.Inconsistencies[i]
		}
	}
	return Inconsistency{}
}

// validate says whether checks that were read from a file are some.
func (c *Checks) validate() error {
	same := len(c.Inconsistencies) == len(checkNames)
	for i := 0; same && i < len(checkNames); i++ {
		same = c.Inconsistencies[i].Name == checkNames[i]
	}
	if !same {
		return errors.New("its inconsistencies are not those of this version")
	}
	return nil
}

// tally collects one inconsistency while a register is built.
type tally struct {
	count  int64
	first  []uint32   // the least, in order
	places []Location // of those that come with a place of their own
	words  map[string]int64
	others int64
}

// note counts the entry of an index in the order of the input.
func (t *tally) note(index uint32) {
	t.count++
	if at, _ := slices.BinarySearch(t.first, index); at < LimitLocations {
		t.first = slices.Insert(t.first[:min(len(t.first), LimitLocations-1)], at, index)
	}
}

// noteWord counts the entry, and its word.
func (t *tally) noteWord(index uint32, word string) {
	t.note(index)
	word = presentable(word)
	if t.words == nil {
		t.words = map[string]int64{}
	}
	if _, ok := t.words[word]; ok || len(t.words) < LimitWords {
		t.words[word]++
	} else {
		t.others++
	}
}

// presentable is a word that is not known as it may be shown. A column that was
// taken for another may hold numbers of persons.
func presentable(word string) string {
	digits := 0
	for _, r := range word {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	word = strings.TrimSpace(word)
	switch {
	case digits > limitDigits:
		return "(digits)"
	case len(word) > limitWordRunes:
		word = string([]rune(word)[:min(limitWordRunes, len([]rune(word)))]) + "…"
	}
	return strings.ToValidUTF8(word, "?")
}

// inconsistency is what the tally has collected.
func (t *tally) inconsistency(name string, locate func(index uint32) Location) Inconsistency {
	found := Inconsistency{Name: name, Count: t.count, First: t.places, OtherWords: t.others}
	for _, index := range t.first {
		found.First = append(found.First, locate(index))
	}
	for word, count := range t.words {
		found.Words = append(found.Words, WordCount{word, count})
	}
	slices.SortFunc(found.Words, func(a, b WordCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Word, b.Word))
	})
	return found
}
