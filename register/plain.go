package register

import (
	"math/bits"
	"slices"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"golang.org/x/sync/errgroup"
)

// Plain is the place of a number of which FindAllAt knows all that is asked of
// most: it is in the register and plain on that day. Its entry then has a State
// and is in force, but no row; Find and At tell the rest.
const Plain Place = -2

// noRow is the row of the entry of a number that is plain.
const noRow = ^uint32(0)

// plainNumbers are the personal numbers of most people: their latest entry has
// the one State that most have, which says active and nothing else, and has had
// it for long. A look-up of one touches a table of some megabytes, most of which
// stay in a core's cache; places, entries and dates it need not touch.
//
// It is about speed alone: no State and another date would do.
type plainNumbers struct {
	// months has, for each year and month, where its 32 days stand in words, in
	// days; 0 for those without a personal number, at which there are 32 empty days.
	months []uint32
	words  []uint64 // dayWords a day: a bit for each serial
	state  uint16
	from   calendar.Day // the day from which on they are plain
}

const (
	dayWords   = blockWords
	monthDays  = 32
	monthCount = dayCount / daysAMonth
	// Of every so many numbers the State is counted.
	plainSpacing = 61
)

// findPlain sets the plain numbers of a snapshot that is complete but for them.
func (s *Snapshot) findPlain() {
	p := plainNumbers{months: make([]uint32, monthCount), from: calendar.Last + 1}
	defer func() { s.plain = p }()
	counts := make([]int, len(s.states))
	for place := 0; place < s.Len(); place += plainSpacing {
		counts[s.heads[place]&stateMask]++
	}
	for state, count := range counts {
		if count > counts[p.state] && s.states[state].isPlain() {
			p.state = uint16(state)
		}
	}
	var codes []uint32
	for place := 0; place < s.Len(); place += plainSpacing {
		head := s.heads[place]
		if code := head >> stateBits; uint16(head&stateMask) == p.state && code < specialBase {
			codes = append(codes, code)
		}
	}
	if p.state != 0 && len(codes) > 0 {
		slices.Sort(codes)
		last := codes[len(codes)*31/32]
		p.from = max(s.special.day(last), dayBase)
		p.mark(s, last)
	}
	if p.words == nil {
		p.words = make([]uint64, monthDays*dayWords)
	}
}

// isPlain says whether numbers in a State can be plain: no rule asks more of it
// than the State itself.
func (s *State) isPlain() bool {
	return s.Status == Active && s.Code == NoCode && s.Level == NoLevel && !s.HasDeath && !s.HasLink && !s.SeveralNumbers && !s.AssignedLater
}

// mark marks the numbers whose latest entry has the State and a date code up to
// the last.
func (p *plainNumbers) mark(s *Snapshot, last uint32) {
	next := uint32(monthDays)
	for _, day := range s.numbers.dayOfBlock {
		if isPersonal(day) && p.months[day/daysAMonth] == 0 {
			p.months[day/daysAMonth] = next
			next += monthDays
		}
	}
	p.words = newIntegers[uint64](int(next)*dayWords, int(next)*dayWords)
	var group errgroup.Group
	days := len(s.numbers.dayOfBlock)
	for half := range 2 {
		group.Go(func() error {
			p.markDays(s, half*days/2, (half+1)*days/2, last)
			return nil
		})
	}
	_ = group.Wait() // its functions return no error
}

// markDays is mark for days from first up to end of dayOfBlock.
func (p *plainNumbers) markDays(s *Snapshot, first, end int, last uint32) {
	for i := first; i < end; i++ {
		day := s.numbers.dayOfBlock[i]
		if !isPersonal(day) {
			continue
		}
		place := int(s.numbers.days[day].rank)
		words := int(p.months[day/daysAMonth]+day%monthDays) * dayWords
		for word := range dayWords {
			plain := s.numbers.serials(i, word)
			for left := plain; left != 0; left &= left - 1 {
				// With the State above the date code, another State makes it more than
				// any code.
				head := bits.RotateLeft32(s.heads[place]^uint32(p.state), 32-stateBits)
				place++
				other := uint64(0)
				if head > last { // no branch: it would often be guessed wrong
					other = left & -left
				}
				plain &^= other
			}
			p.words[words+word] = plain
		}
	}
}

func isPersonal(day uint32) bool { return day%daysAMonth < firstCoordinationDay }

// FindAllAt sets places[i] to the place of numbers[i], as Find, or to Plain where
// the number is plain on days[i]; the number 0 is NotFound. It is faster than
// Find one by one: the look-ups do not wait for each other's memory. All are as
// long as numbers.
func (s *Snapshot) FindAllAt(places []Place, numbers []identity.Number, days []calendar.Day) {
	places, days = places[:len(numbers)], days[:len(numbers)]
	for len(numbers) > 0 {
		n := min(len(numbers), plainAtOnce)
		s.findSomeAt(places[:n], numbers[:n], days[:n])
		places, numbers, days = places[n:], numbers[n:], days[n:]
	}
}

// plainAtOnce is how many numbers findSomeAt takes at most: the few that are not
// plain are then still enough to be looked up side by side.
const plainAtOnce = 1024

// findSomeAt is FindAllAt for at most plainAtOnce numbers.
func (s *Snapshot) findSomeAt(places []Place, numbers []identity.Number, days []calendar.Day) {
	var (
		at     [plainAtOnce]uint32 // the day in plain.words, above the serial
		words  [plainAtOnce]uint64
		others [plainAtOnce]uint32 // the indexes of those that are not plain
		wanted [plainAtOnce]identity.Number
		found  [plainAtOnce]Place
	)
	p := &s.plain
	months := p.months[:monthCount]
	for i, number := range numbers {
		day, serial, sum := split(number)
		position := uint32(0)
		if day < dayCount && tens>>sum&1 != 0 && isPersonal(day) && days[i] >= p.from {
			position = months[day/daysAMonth] + day%monthDays
		}
		at[i&(plainAtOnce-1)] = position<<serialBits | serial
	}
	all := p.words
	for i := range numbers {
		k := i & (plainAtOnce - 1)
		words[k] = all[at[k]>>6]
	}
	count := 0
	for i := range places {
		k := i & (plainAtOnce - 1)
		places[i] = Plain
		others[count&(plainAtOnce-1)] = uint32(i)
		count += int(^words[k] >> (at[k] & 63) & 1)
	}
	for k, i := range others[:count] {
		wanted[k] = numbers[i]
	}
	s.FindAll(found[:count], wanted[:count])
	for k, i := range others[:count] {
		places[i] = found[k]
	}
}

// bytes is how much memory the table takes.
func (p *plainNumbers) bytes() int64 { return int64(4*len(p.months) + 8*len(p.words)) }
