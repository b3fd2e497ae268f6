package register

import (
	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
)

// The structure of a number is a perfect hash of it: the day that stands in it
// and its serial say which of all possible numbers it is, and the check digit
// follows from them.
//
// A day is an index from 0 to dayCount: years, of thirteen months (00 is an
// unknown month), of 64 days: 0 to 31 of personal numbers, 32 to 63 of
// coordination numbers (whose day 60 is an unknown day). A slot is a day and a
// serial. Days and slots are in the order of the numbers.
type slot uint32

const (
	firstYear            = 1800
	yearCount            = 300
	monthsAYear          = 13
	daysAMonth           = 64
	daysAYear            = monthsAYear * daysAMonth
	dayCount             = yearCount * daysAYear
	serialBits           = 10
	serialCount          = 1000
	numbersAYear         = 100_000_000
	numbersADay          = 10_000
	coordination         = 60 // is added to the day of a coordination number
	noSlot               = slot(dayCount << serialBits)
	firstCoordinationDay = 32 // of the 64 days of a month, the first of coordination numbers
)

func slotOf(day, serial uint32) slot { return slot(day<<serialBits | serial) }

func (s slot) day() uint32    { return uint32(s) >> serialBits }
func (s slot) serial() uint32 { return uint32(s) & (1<<serialBits - 1) }

// isCoordination says whether the slot is that of a coordination number.
func (s slot) isCoordination() bool { return s.day()%daysAMonth >= firstCoordinationDay }

// daysInYear has, for month and day as the four digits that they are in a
// number, the day in the year; dayCount where no number has them.
var daysInYear = func() (table [10_000]uint32) {
	for monthDay := range table {
		month, day := monthDay/100, monthDay%100
		switch {
		case month >= monthsAYear:
			table[monthDay] = dayCount
		case day < firstCoordinationDay:
			table[monthDay] = uint32(month*daysAMonth + day)
		case day >= coordination && day < coordination+32:
			table[monthDay] = uint32(month*daysAMonth + firstCoordinationDay + day - coordination)
		default:
			table[monthDay] = dayCount
		}
	}
	return table
}()

// split takes any integer apart: day is dayCount or more where no number begins
// so; serial is under 1000 and check under 10. The date need not be one of the
// calendar, nor the check digit right.
func split(number identity.Number) (day, serial, check uint32) {
	offset := uint64(number) - firstYear*numbersAYear
	if offset >= yearCount*numbersAYear {
		return dayCount, 0, 0
	}
	date := uint32(offset / numbersADay)
	last := uint32(offset - uint64(date)*numbersADay)
	serial = last / 10
	year := date / 10_000
	return year*daysAYear + daysInYear[date-year*10_000], serial, last - serial*10
}

// serialSums has the Luhn sum of a serial, by modulus 10. The weights of its
// digits are 2, 1, 2: it comes after six digits of the date.
var serialSums = func() (table [1 << serialBits]uint8) {
	for serial := range serialCount {
		table[serial] = (doubled(serial/100) + uint8(serial/10%10) + doubled(serial%10)) % 10
	}
	return table
}()

// doubled is the sum of the digits of twice a digit.
func doubled(digit int) uint8 {
	if digit >= 5 {
		return uint8(2*digit - 9)
	}
	return uint8(2 * digit)
}

// dateOf is the date of a day index as it stands in a number.
func dateOf(day uint32) (year, month, dayOfMonth int) {
	year = firstYear + int(day/daysAYear)
	month = int(day % daysAYear / daysAMonth)
	dayOfMonth = int(day % daysAMonth)
	if dayOfMonth >= firstCoordinationDay {
		dayOfMonth += coordination - firstCoordinationDay
	}
	return year, month, dayOfMonth
}

// dateSum is the Luhn sum of the six digits of a day index's date, by modulus 10.
func dateSum(day uint32) uint32 {
	year, month, dayOfMonth := dateOf(day)
	sum := doubled(year/10%10) + uint8(year%10) + doubled(month/10) + uint8(month%10) + doubled(dayOfMonth/10) + uint8(dayOfMonth%10)
	return uint32(sum % 10)
}

// holds says whether a check digit is that of the two sums, each under 10.
func holds(dateSum, serialSum, check uint32) bool {
	return (1|1<<10|1<<20)>>(dateSum+serialSum+check)&1 != 0
}

// isDay says whether the dates of numbers include that of the day index: any of
// coordination numbers, those of the calendar for personal numbers.
func isDay(day uint32) bool {
	if day >= dayCount {
		return false
	}
	year, month, dayOfMonth := dateOf(day)
	return dayOfMonth >= coordination || calendar.IsValid(year, month, dayOfMonth)
}

// number is the one number of a slot.
func (s slot) number() identity.Number {
	day, serial := s.day(), s.serial()
	year, month, dayOfMonth := dateOf(day)
	check := (20 - dateSum(day) - uint32(serialSums[serial])) % 10
	date := uint64(year*10_000 + month*100 + dayOfMonth)
	return identity.Number(date*numbersADay + uint64(serial)*10 + uint64(check))
}

// findSlot is the slot of a number, and noSlot where it is none: a date that no
// number has, serial 000, or another check digit.
func findSlot(number identity.Number) slot {
	day, serial, check := split(number)
	if serial == 0 || !isDay(day) || !holds(dateSum(day), uint32(serialSums[serial]), check) {
		return noSlot
	}
	return slotOf(day, serial)
}
