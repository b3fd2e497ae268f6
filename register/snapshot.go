package register

import (
	"iter"
	"slices"
	"sort"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
)

// Snapshot is a register as it stood on one day. It never changes, and is
// shared between goroutines without a lock. Its memory is its own.
//
// Rows are the entries that are in force on some day. Row i, for i under Len,
// is the latest entry of the number at place i; the earlier ones of all numbers
// come after, by number and then by day. The attributes of a row are resolved:
// what an entry lacks is taken from the number's latest entry that has it.
type Snapshot struct {
	extractDate calendar.Day
	numbers     presence
	// heads has for each row the date code of status_from above stateBits, and
	// the index of its State below.
	heads []uint32
	// earlier are the places of numbers with more than one row; earlierRows, by
	// their rank, is where their earlier rows begin, and has one more at the end.
	earlier     rankedBits
	earlierRows []uint32
	states      []State
	plain       plainNumbers
	dates       [dateColumnCount]dateColumn
	special     specialDates
	// linked are the rows with a link, linkSlots by their rank where it leads:
	// a slot, or otherLink and an index in otherLinks.
	linked     rankedBits
	linkSlots  []uint32
	otherLinks []uint64 // linked numbers that are none
	checks     *Checks
}

// otherLink marks a link that is no number, and so has no slot.
const otherLink = 1 << 31

// Empty is a register that has no number, for judging what needs none.
func Empty() *Snapshot {
	s := &Snapshot{extractDate: calendar.Missing, numbers: newPresence(&serialSet{}), states: []State{{}}, checks: &Checks{}}
	s.findPlain()
	return s
}

// Len is how many numbers the register has.
func (s *Snapshot) Len() int { return s.numbers.count }

// Entries is how many entries are in force on some day. An entry that another of
// the same number and day supersedes is none of them.
func (s *Snapshot) Entries() int { return len(s.heads) }

// ExtractDate is the day of the extract, Missing if that is not known.
func (s *Snapshot) ExtractDate() calendar.Day { return s.extractDate }

// Checks is what the build counted and found. It must not be changed.
func (s *Snapshot) Checks() *Checks { return s.checks }

// States are the states of entries by Entry.State; the first is the zero State.
// The slice must not be changed.
func (s *Snapshot) States() []State { return s.states }

// Bytes is how much memory the snapshot takes, texts of states and checks apart.
func (s *Snapshot) Bytes() int64 {
	bytes := s.numbers.bytes() + s.plain.bytes() + s.earlier.bytes() + s.linked.bytes() +
		int64(4*(len(s.heads)+len(s.earlierRows)+len(s.linkSlots))+8*len(s.otherLinks)) +
		4*int64(len(s.special.days)+len(s.special.deaths)) + 32*int64(len(s.states))
	for _, column := range s.dates {
		bytes += int64(len(column))
	}
	return bytes
}

// Find is the place of a number, and NotFound where the register does not have
// it or the integer is no number at all.
func (s *Snapshot) Find(number identity.Number) Place { return s.numbers.find(number) }

// FindAll sets places[i] to the place of numbers[i], as Find; the number 0 is
// NotFound. It is faster than Find one by one: the look-ups do not wait for
// each other's memory. places is at least as long as numbers.
func (s *Snapshot) FindAll(places []Place, numbers []identity.Number) {
	places = places[:len(numbers)]
	for len(numbers) > 0 {
		n := min(len(numbers), findAtOnce)
		s.numbers.findSome(places[:n], numbers[:n])
		places, numbers = places[n:], numbers[n:]
	}
}

// At is the entry in force at a day: that with the latest status_from that is
// not after the day. Before the first entry it is the number's latest with
// InForce false, of which only the attributes may be used.
func (s *Snapshot) At(place Place, day calendar.Day) Entry {
	if place < 0 {
		return Entry{}
	}
	head := s.heads[place]
	if head>>stateBits <= orderCode(day) {
		return Entry{Row: uint32(place), State: uint16(head & stateMask), InForce: true}
	}
	return s.before(place, day)
}

// AtAll sets entries[i] to the entry of places[i] at days[i], as At; where the
// place is NotFound it is the zero Entry, where it is Plain, as FindAllAt has set
// it for that day, the entry that says so. All three are as long as places.
func (s *Snapshot) AtAll(entries []Entry, places []Place, days []calendar.Day) {
	entries, days = entries[:len(places)], days[:len(places)]
	for len(places) > 0 {
		n := min(len(places), plainAtOnce)
		s.someAt(entries[:n], places[:n], days[:n])
		entries, places, days = entries[n:], places[n:], days[n:]
	}
}

// someAt is AtAll for at most plainAtOnce places. As in findSome, a loop does
// nothing but fetch.
func (s *Snapshot) someAt(entries []Entry, places []Place, days []calendar.Day) {
	var (
		others [plainAtOnce]uint32 // the indexes of places that are neither Plain nor NotFound
		heads  [plainAtOnce]uint32
	)
	unplaced := [2]Entry{1: {Row: noRow, State: s.plain.state, InForce: true}}
	count := 0
	for i, place := range places {
		entries[i] = unplaced[^place&1] // of a place it is what follows that counts
		others[count&(plainAtOnce-1)] = uint32(i)
		count += int(^uint32(place) >> 31)
	}
	for k, i := range others[:count] {
		heads[k] = s.heads[places[i]]
	}
	for k, i := range others[:count] {
		if head := heads[k]; head>>stateBits <= orderCode(days[i]) {
			// Fast path: the latest entry is in force.
			entries[i] = Entry{Row: uint32(places[i]), State: uint16(head & stateMask), InForce: true}
		} else {
			entries[i] = s.before(places[i], days[i])
		}
	}
}

// before is At for a day before the latest entry, or one that only a comparison
// of days can tell.
func (s *Snapshot) before(place Place, day calendar.Day) Entry {
	latest := uint32(place)
	if s.from(latest) <= day {
		return s.entry(latest, true)
	}
	first, end := s.earlierOf(place)
	// Most numbers have few entries.
	for end > first && end-first <= 8 {
		end--
		if s.from(end) <= day {
			return s.entry(end, true)
		}
	}
	if end > first {
		n := sort.Search(int(end-first), func(i int) bool { return s.from(first+uint32(i)) > day })
		if n > 0 {
			return s.entry(first+uint32(n)-1, true)
		}
	}
	return s.entry(latest, false)
}

func (s *Snapshot) from(row uint32) calendar.Day {
	return s.special.day(s.heads[row] >> stateBits)
}

func (s *Snapshot) entry(row uint32, inForce bool) Entry {
	return Entry{Row: row, State: uint16(s.heads[row] & stateMask), InForce: inForce}
}

// earlierOf are the rows of a place before its latest, from first up to end.
func (s *Snapshot) earlierOf(place Place) (first, end uint32) {
	if !s.earlier.has(uint32(place)) {
		return 0, 0
	}
	rank := s.earlier.rank(uint32(place))
	return s.earlierRows[rank], s.earlierRows[rank+1]
}

// StatusFrom is the day on which an entry's status began; Missing is since ever.
func (s *Snapshot) StatusFrom(e Entry) calendar.Day { return s.from(e.Row) }

// KnownFrom is the day on which the register made the entry known; Missing if
// that is not known. It is the one attribute that is the entry's own.
func (s *Snapshot) KnownFrom(e Entry) calendar.Day { return s.date(knownFrom, e) }

// AssignedOn is the day on which the number was assigned, Missing if not known.
func (s *Snapshot) AssignedOn(e Entry) calendar.Day { return s.date(assignedOn, e) }

// RenewedOn is the day on which the number was last renewed, Missing for none.
func (s *Snapshot) RenewedOn(e Entry) calendar.Day { return s.date(renewedOn, e) }

// InactiveExpectedOn is the register's preliminary last day of the number as
// active, Missing for none.
func (s *Snapshot) InactiveExpectedOn(e Entry) calendar.Day { return s.date(inactiveExpectedOn, e) }

func (s *Snapshot) date(column int, e Entry) calendar.Day {
	return s.special.day(s.dates[column].at(int(e.Row)))
}

// DeceasedOn is the date of death, which may be incomplete; 0 for none.
func (s *Snapshot) DeceasedOn(e Entry) calendar.Partial {
	return s.special.death(s.dates[deceasedOn].at(int(e.Row)))
}

// Linked is the number that replaces this one, 0 for none. It may be a number
// that the register does not have, or UnreadableLink.
func (s *Snapshot) Linked(e Entry) identity.Number {
	if !s.linked.has(e.Row) {
		return 0
	}
	link := s.linkSlots[s.linked.rank(e.Row)]
	if link >= otherLink {
		return identity.Number(s.otherLinks[link-otherLink])
	}
	return slot(link).number()
}

// linkedSlot is the slot that an entry's link leads to, and 0, which no number has,
// where it leads to none. It reports false where there is no link.
func (s *Snapshot) linkedSlot(row uint32) (slot, bool) {
	if !s.linked.has(row) {
		return 0, false
	}
	link := s.linkSlots[s.linked.rank(row)]
	if link >= otherLink {
		return 0, true
	}
	return slot(link), true
}

// NumberAt is the number at a place.
func (s *Snapshot) NumberAt(place Place) identity.Number { return s.numbers.slotAt(place).number() }

// Numbers are all places with their numbers, in order.
func (s *Snapshot) Numbers() iter.Seq2[Place, identity.Number] {
	return func(yield func(Place, identity.Number) bool) {
		s.numbers.each(func(place Place, at slot) bool { return yield(place, at.number()) })
	}
}

// Since are the entries of a number from one of them on, the earliest first; all,
// where that is not in force.
func (s *Snapshot) Since(place Place, e Entry) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if latest := uint32(place); !e.InForce || e.Row != latest {
			first, end := s.earlierOf(place)
			if e.InForce {
				first = e.Row
			}
			for row := first; row < end; row++ {
				if !yield(s.entry(row, true)) {
					return
				}
			}
		}
		yield(s.entry(uint32(place), true))
	}
}

// History are the entries of a number that are in force on some day, the
// earliest first.
func (s *Snapshot) History(place Place) []Entry { return slices.Collect(s.Since(place, Entry{})) }
