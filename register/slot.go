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

// daysInYear has, for month and day as the four digits that they are in a
// number, the day in the year, dayCount where no number has them; and above it,
// from bit sumShift, the Luhn sum of the four.
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
		table[monthDay] |= (pairSum(month) + pairSum(day)) << sumShift
	}
	return table
}()

const (
	sumShift = 24
	dayMask  = 1<<sumShift - 1
)

// yearStarts has, for a year counted from firstYear, its first day, and above it
// the Luhn sum of the last two digits of the year.
var yearStarts = func() (table [yearCount]uint32) {
	for year := range table {
		table[year] = uint32(year*daysAYear) | pairSum((firstYear+year)%100)<<sumShift
	}
	return table
}()

// pairSum is the Luhn sum of two digits, of which the first counts twice.
func pairSum(pair int) uint32 { return uint32(doubled(pair/10)) + uint32(pair%10) }

// split takes any integer apart: day is dayCount or more where no number begins
// so; serial is under 1000; sum is the Luhn sum of the last ten digits, under 64.
// The date need not be one of the calendar, nor the check digit right.
func split(number identity.Number) (day, serial, sum uint32) {
	offset := uint64(number) - firstYear*numbersAYear
	if offset >= yearCount*numbersAYear {
		return dayCount, 0, 0
	}
	date := uint32(offset / numbersADay)
	last := uint32(offset - uint64(date)*numbersADay)
	serial = last / 10
	year := date / 10_000
	both := yearStarts[year] + daysInYear[date-year*10_000]
	return both & dayMask, serial, both>>sumShift + uint32(serialSums[serial]) + last - serial*10
}

// tens has a bit for each Luhn sum that 10 divides.
const tens = 1<<0 | 1<<10 | 1<<20 | 1<<30 | 1<<40 | 1<<50 | 1<<60

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
	year, month, dayOfMonth := dateOf(s.day())
	date := uint64(year*10_000 + month*100 + dayOfMonth)
	number := identity.Number(date*numbersADay + uint64(s.serial())*10)
	_, _, sum := split(number)
	return number + identity.Number((70-sum)%10)
}

// findSlot is the slot of a number, and noSlot where it is none: a date that no
// number has, serial 000, or another check digit.
func findSlot(number identity.Number) slot {
	day, serial, sum := split(number)
	if serial == 0 || tens>>sum&1 == 0 || !isDay(day) {
		return noSlot
	}
	return slotOf(day, serial)
}
