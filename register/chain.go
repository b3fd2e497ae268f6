package register

import "github.com/avstam/avstam/calendar"

// Chain follows the links of the number at a place as they stood at a day: from
// a replaced number to its link, until a number that is not replaced. A number
// without an entry in force at the day is not replaced. Of a chain that breaks,
// the end is the number itself. NotFound leads to itself.
func (s *Snapshot) Chain(place Place, day calendar.Day) Chain {
	if place < 0 {
		return Chain{Place: NotFound}
	}
	at, broken, _ := s.follow(place, day, -1)
	if broken != Whole {
		at = place
	}
	return Chain{Break: broken, Number: s.NumberAt(at), Place: at}
}

// follow follows links from a place to the end of the chain, or to where it
// breaks, and returns how many links it followed. It gives up, and reports a
// whole chain, after limit links, if that is not negative.
//
// Where links lead at one day depends on nothing but the place, so that a chain
// that comes back to any place it has seen never ends. Brent's method finds
// that without remembering more than one place: the one where the chain was
// after the last power of two.
func (s *Snapshot) follow(place Place, day calendar.Day, limit int) (at Place, broken ChainBreak, links int) {
	seen, power := place, 1
	for at = place; links != limit; {
		entry := s.At(at, day)
		if !entry.InForce || !s.states[entry.State].IsReplaced() {
			return at, Whole, links
		}
		link, ok := s.linkedSlot(entry.Row)
		next := s.numbers.placeOf(link)
		switch {
		case !ok:
			return at, LinkMissing, links
		case next == NotFound:
			return at, LinkUnknown, links
		case next == seen:
			return at, LinkLoop, links
		}
		at = next
		if links++; links == power {
			seen, power = at, power*2
		}
	}
	return at, Whole, links
}

// chainsAtOnce is how many chains ChainAll follows side by side.
const chainsAtOnce = 256

// ChainAll sets chains[i] to the Chain of places[i] at days[i]; entries[i] is the
// entry there, as At. It is faster than Chain one by one: the first links, which
// mostly are the last, do not wait for each other's memory. All are as long as
// chains.
func (s *Snapshot) ChainAll(chains []Chain, entries []Entry, places []Place, days []calendar.Day) {
	for len(chains) > 0 {
		n := min(len(chains), chainsAtOnce)
		s.someChains(chains[:n], entries[:n], places[:n], days[:n])
		chains, entries, places, days = chains[n:], entries[n:], places[n:], days[n:]
	}
}

// someChains is ChainAll for at most chainsAtOnce chains. As in findSome, each
// loop does little but fetch.
func (s *Snapshot) someChains(chains []Chain, entries []Entry, places []Place, days []calendar.Day) {
	var links [chainsAtOnce]uint32
	for i := range chains {
		links[i] = otherLink
		if places[i] >= 0 && entries[i].InForce && s.linked.has(entries[i].Row) {
			links[i] = s.linkSlots[s.linked.rank(entries[i].Row)]
		}
	}
	for i := range chains {
		place := NotFound
		if links[i] < otherLink {
			place = s.numbers.placeOf(slot(links[i]))
		}
		chains[i].Place = place
	}
	for i := range chains {
		entry := s.At(chains[i].Place, days[i])
		isReplaced := places[i] >= 0 && s.states[entries[i].State].IsReplaced()
		if isReplaced && chains[i].Place >= 0 && !(entry.InForce && s.states[entry.State].IsReplaced()) {
			// Fast path: the link leads to a number that is not replaced.
			chains[i].Break, chains[i].Number = Whole, slot(links[i]).number()
		} else {
			chains[i] = s.Chain(places[i], days[i])
		}
	}
}
