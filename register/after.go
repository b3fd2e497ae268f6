package register

import "github.com/avstam/avstam/calendar"

// EntriesAfter counts the entries whose status_from, assigned_on or deceased_on lies
// after a day: none does after that of the extract. An incomplete date is its first day,
// and what an entry lacks is that of its number, as everywhere.
func (s *Snapshot) EntriesAfter(day calendar.Day) int64 {
	last := orderCode(day)
	assigned, deceased := s.dates[assignedOn], s.dates[deceasedOn]
	var count int64
	for row, head := range s.heads {
		from, assigned, deceased := head>>stateBits, assigned.at(row), deceased.at(row)
		if max(from, assigned, deceased) <= last { // fast path
			continue
		}
		if s.isAfter(from, last, day) || s.isAfter(assigned, last, day) ||
			deceased > last && (deceased < specialBase || s.special.death(deceased).Earliest() > day) {
			count++
		}
	}
	return count
}

// isAfter says whether a code is of a day after another, whose orderCode is last.
func (s *Snapshot) isAfter(code, last uint32, day calendar.Day) bool {
	return code > last && (code < specialBase || s.special.day(code) > day)
}
