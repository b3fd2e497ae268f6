package register

import "iter"

// daySerials has a bit for each serial of a day.
type daySerials [blockWords]uint64

func (s *daySerials) set(serial uint32) { s[serial>>6] |= 1 << (serial & 63) }

// serialSet is a set of numbers to which more can be added. The days' serials lie
// where they were made; there is no pointer for each, which the garbage collector
// would follow again and again while an extract is read.
type serialSet struct {
	places []uint32       // by day: the place of its serials, from 1; 0 where there are none
	blocks [][]daySerials // serialsAtOnce each
	count  int            // of days that have serials
}

const serialsAtOnce = 256

func newSerialSet() serialSet { return serialSet{places: make([]uint32, dayCount)} }

// made are the serials of a day, made where it has none yet.
func (s *serialSet) made(day uint32) *daySerials {
	if s.places[day] == 0 {
		if s.count%serialsAtOnce == 0 {
			s.blocks = append(s.blocks, make([]daySerials, serialsAtOnce))
		}
		s.count++
		s.places[day] = uint32(s.count)
	}
	return s.at(s.places[day])
}

func (s *serialSet) at(place uint32) *daySerials {
	return &s.blocks[(place-1)/serialsAtOnce][(place-1)%serialsAtOnce]
}

// days are the days that have serials, in order.
func (s *serialSet) days() iter.Seq2[uint32, *daySerials] {
	return func(yield func(uint32, *daySerials) bool) {
		for day, place := range s.places {
			if place != 0 && !yield(uint32(day), s.at(place)) {
				return
			}
		}
	}
}
