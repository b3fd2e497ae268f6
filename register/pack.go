package register

import (
	"errors"
	"fmt"
	"math"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
)

// packedRows are the rows of an extract as a Builder takes them: what can be
// said of each without any other.
type packedRows struct {
	done bool
	err  error // columns do not fit together

	slots    []slot   // noSlot where the number is malformed
	froms    []uint32 // the date code of status_from; specialBase where it needs a code of its own
	rowKinds []uint32 // index in kinds
	links    []link   // whose index is the row in the extract
	added    int      // how many of the links have been added

	kinds []rowKind
	// places has, by hash, the index of a kind, and 1. Kinds that find their place
	// taken are in others.
	places [kindPlaces]uint32
	others map[rowWords]uint32
}

const (
	kindPlaceBits = 10
	kindPlaces    = 1 << kindPlaceBits
)

// rowWords are the indexes of a row's words of status, reason and level, and its
// protection, from the lowest 16 bits up.
type rowWords uint64

func (w rowWords) status() uint16      { return uint16(w) }
func (w rowWords) reason() uint16      { return uint16(w >> 16) }
func (w rowWords) level() uint16       { return uint16(w >> 32) }
func (w rowWords) protected() Tristate { return Tristate(w >> 48) }

// rowKind is what rows of the same words have in common.
type rowKind struct {
	words   rowWords
	status  Status // NoStatus where the word is none
	level   Level
	isLevel bool // the word of level is one
}

// Pack does what Builder.Add has to do for each row by itself. Goroutines that
// read an extract call it when they have filled one, so that they share that
// work; Add does it where nobody has. Until it is added the extract must not be
// changed.
func (e *Extract) Pack() {
	p := &e.packed
	p.done = true
	if p.err = e.checkLengths(); p.err != nil {
		return
	}
	rows := len(e.Number)
	p.slots, p.froms, p.rowKinds = resized(p.slots, rows), resized(p.froms, rows), resized(p.rowKinds, rows)
	// Most extracts are in the order of their numbers, some hundred of a day.
	var today packedDay
	for i, number := range e.Number {
		if uint64(number-today.first) >= today.numbers { // else the fast path
			today = dayOf(number)
		}
		p.slots[i] = today.slotOf(number)
	}
	p.packKinds(e)
	clear(p.froms)
	for i, day := range e.StatusFrom {
		code := codeOfDay(day)
		if code >= specialBase || code == 0 {
			code = specialBase
			if day == calendar.Missing {
				code = 0
			}
		}
		p.froms[i] = code
	}
	p.links, p.added = p.links[:0], 0
	for i, to := range e.Linked {
		if to != 0 {
			p.links = append(p.links, link{uint32(i), p.slots[i], to})
		}
	}
}

// packedDay is a day of which the numbers are packed.
type packedDay struct {
	day, sum uint32          // sum is what it adds to the Luhn sum
	first    identity.Number // the integer from which on its numbers lie
	numbers  uint64          // how many integers these are: 0 where no number has the day
}

// dayOf is the day of a number, whatever integer it is.
func dayOf(number identity.Number) packedDay {
	day, _, _ := split(number)
	if day >= dayCount || datesOfMonths[day/daysAMonth]>>(day%daysAMonth)&1 == 0 {
		return packedDay{first: number}
	}
	first := number - number%numbersADay
	_, _, sum := split(first)
	return packedDay{day: day, sum: sum, first: first, numbers: numbersADay}
}

// slotOf is the slot of a number of the day, noSlot where it is none.
func (d *packedDay) slotOf(number identity.Number) slot {
	last := uint32(number - d.first)
	serial := last / 10
	sum := d.sum + uint32(serialSums[serial&(1<<serialBits-1)]) + last - 10*serial
	if serial == 0 || tens>>(sum&63)&1 == 0 {
		return noSlot
	}
	return slotOf(d.day, serial)
}

// packKinds finds the kinds of rows.
func (p *packedRows) packKinds(e *Extract) {
	p.kinds = p.kinds[:0]
	clear(p.places[:])
	clear(p.others)
	for i := range p.rowKinds {
		words := rowWords(e.Status[i])
		if len(e.Reason) != 0 {
			words |= rowWords(e.Reason[i]) << 16
		}
		if len(e.Level) != 0 {
			words |= rowWords(e.Level[i]) << 32
		}
		if len(e.Protected) != 0 {
			words |= rowWords(min(e.Protected[i], True)) << 48
		}
		place := &p.places[words*0x9e3779b97f4a7c15>>(64-kindPlaceBits)]
		if *place == 0 {
			*place = p.add(e, words) + 1
		}
		kind := *place - 1
		if p.kinds[kind].words != words {
			kind = p.other(e, words)
		}
		p.rowKinds[i] = kind
	}
}

// other is the index of a kind whose place is taken.
func (p *packedRows) other(e *Extract, words rowWords) uint32 {
	kind, ok := p.others[words]
	if !ok {
		if p.others == nil {
			p.others = map[rowWords]uint32{}
		}
		kind = p.add(e, words)
		p.others[words] = kind
	}
	return kind
}

// add adds a kind and returns its index.
func (p *packedRows) add(e *Extract, words rowWords) uint32 {
	if highest := max(words.status(), words.reason(), words.level()); int(highest) >= max(len(e.Words), 1) {
		p.err = errors.New("a word is not among the extract's words")
	}
	k := rowKind{words: words, status: StatusOf(e.word(words.status()))}
	k.level, k.isLevel = LevelOf(e.word(words.level()))
	p.kinds = append(p.kinds, k)
	return uint32(len(p.kinds) - 1)
}

// word is a word by its index, empty where there is none.
func (e *Extract) word(index uint16) string {
	if int(index) >= len(e.Words) {
		return ""
	}
	return e.Words[index]
}

// checkLengths fails where columns are not as long as that of the numbers.
func (e *Extract) checkLengths() error {
	rows := len(e.Number)
	if len(e.Status) != rows {
		return fmt.Errorf("column status has %d rows, column number %d", len(e.Status), rows)
	}
	for _, column := range []struct {
		name   string
		length int
	}{
		{"status_reason", len(e.Reason)}, {"identity_level", len(e.Level)}, {"status_from", len(e.StatusFrom)},
		{"known_from", len(e.KnownFrom)}, {"assigned_on", len(e.AssignedOn)}, {"renewed_on", len(e.RenewedOn)},
		{"inactive_expected_on", len(e.InactiveExpectedOn)}, {"linked_number", len(e.Linked)},
		{"deceased_on", len(e.DeceasedOn)}, {"protected", len(e.Protected)},
	} {
		if column.length != 0 && column.length != rows {
			return fmt.Errorf("column %s has %d rows, column number %d", column.name, column.length, rows)
		}
	}
	return nil
}

// datesOfMonths has, for each month, a bit for each of its days that numbers
// have, as isDay.
var datesOfMonths = func() (table [dayCount / daysAMonth]uint64) {
	for i := range table {
		table[i] = math.MaxUint64 &^ (1<<firstCoordinationDay - 1)
		if year, month, _ := dateOf(uint32(i * daysAMonth)); month != 0 {
			table[i] |= 1<<(calendar.DaysInMonth(year, month)+1) - 1<<1
		}
	}
	return table
}()

// resized is a slice of a length, made anew where it does not have room.
func resized[T any](values []T, length int) []T {
	if cap(values) < length {
		return make([]T, length)
	}
	return values[:length]
}
