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
		next, ok := s.linkedPlace(entry.Row)
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
