package register

import (
	"encoding/binary"
	"fmt"

	"github.com/avstam/avstam/calendar"
)

// A date code is a day or an incomplete date in 17 bits: 0 is none, then the
// days from 1800-01-01 to 2136-06-06, in order; the highest 8,192 codes index a
// table of all others, so that every date is kept exactly.
const (
	dateBits     = 17
	dateMask     = 1<<dateBits - 1
	specialLimit = 1 << 13
	specialBase  = 1<<dateBits - specialLimit
	// dayBase is 1800-01-01, whose code is 1.
	dayBase calendar.Day = -62091
)

// codeOfDay is the code of a day between those that have one of their own, and
// specialBase or more for all others.
func codeOfDay(day calendar.Day) uint32 { return uint32(day-dayBase) + 1 }

// orderCode is a code that is at least those of all the days, but for the
// special ones, that are not after the day.
func orderCode(day calendar.Day) uint32 {
	if day < dayBase {
		return 0
	}
	return min(codeOfDay(day), specialBase-1)
}

// specialDates are the dates without a code of their own: for the columns of
// days, and for that of dates of death.
type specialDates struct {
	days   []calendar.Day
	deaths []calendar.Partial
}

// day is the day of a code.
func (s *specialDates) day(code uint32) calendar.Day {
	switch {
	case code == 0:
		return calendar.Missing
	case code < specialBase:
		return dayBase + calendar.Day(code) - 1
	}
	if index := int(code - specialBase); index < len(s.days) {
		return s.days[index]
	}
	return calendar.Missing
}

// death is the date of death of a code.
func (s *specialDates) death(code uint32) calendar.Partial {
	switch {
	case code == 0:
		return 0
	case code < specialBase:
		return calendar.PartialDay(dayBase + calendar.Day(code) - 1)
	}
	if index := int(code - specialBase); index < len(s.deaths) {
		return s.deaths[index]
	}
	return 0
}

// dateCoder gives dates their codes.
type dateCoder struct {
	specialDates
	codeOfSpecial map[calendar.Day]uint32
	codeOfDeath   map[calendar.Partial]uint32
}

func newDateCoder() dateCoder {
	return dateCoder{codeOfSpecial: map[calendar.Day]uint32{}, codeOfDeath: map[calendar.Partial]uint32{}}
}

// ofDay is the code of a day, 0 for a missing one.
func (c *dateCoder) ofDay(day calendar.Day) (uint32, error) {
	if code := codeOfDay(day); code < specialBase && code != 0 {
		return code, nil
	}
	if day == calendar.Missing {
		return 0, nil
	}
	code, ok := c.codeOfSpecial[day]
	if !ok {
		if len(c.days) == specialLimit {
			return 0, fmt.Errorf("there are more than %d different days before 1800 or after 2136", specialLimit)
		}
		code = specialBase + uint32(len(c.days))
		c.days = append(c.days, day)
		c.codeOfSpecial[day] = code
	}
	return code, nil
}

// ofDeath is the code of a date of death, 0 for none.
func (c *dateCoder) ofDeath(death calendar.Partial) (uint32, error) {
	if death == 0 {
		return 0, nil
	}
	if death.IsComplete() {
		if code := codeOfDay(death.Earliest()); code < specialBase && code != 0 {
			return code, nil
		}
	}
	code, ok := c.codeOfDeath[death]
	if !ok {
		if len(c.deaths) == specialLimit {
			return 0, fmt.Errorf("there are more than %d different incomplete dates of death", specialLimit)
		}
		code = specialBase + uint32(len(c.deaths))
		c.deaths = append(c.deaths, death)
		c.codeOfDeath[death] = code
	}
	return code, nil
}

// dateColumn is a column of date codes, 17 bits each. The empty dateColumn is
// one of which every row is without a date.
type dateColumn []byte

// dateColumnBytes is the length of a column; the last code is read with the
// seven bytes after its first.
func dateColumnBytes(rows int) int { return (rows*dateBits+7)/8 + 7 }

func newDateColumn(rows int) dateColumn {
	column := make(dateColumn, dateColumnBytes(rows))
	askForLargePages(column)
	return column
}

func (c dateColumn) at(row int) uint32 {
	if len(c) == 0 {
		return 0
	}
	bit := row * dateBits
	return uint32(binary.LittleEndian.Uint64(c[bit>>3:])>>(bit&7)) & dateMask
}

// set sets the code of a row that has none yet.
func (c dateColumn) set(row int, code uint32) {
	bit := row * dateBits
	word := c[bit>>3:]
	binary.LittleEndian.PutUint64(word, binary.LittleEndian.Uint64(word)|uint64(code)<<(bit&7))
}
