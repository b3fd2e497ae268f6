// Package calendar holds days as numbers, and the incomplete dates that a
// population register keeps for some deaths.
//
// A payment, a status and a death are told by the day, never by the hour, so a
// day number is all that the program needs: it is compared, subtracted and
// stored as one integer, and no time zone can move it.
package calendar

// Day is a day of the proleptic Gregorian calendar, counted from 1970-01-01,
// which is 0. Valid days lie in the years 1 to 9999.
type Day int32

const (
	// Missing is the day of a field that holds none. It lies before every valid day.
	Missing Day = -1 << 31
	// First and Last bound the valid days: 0001-01-01 and 9999-12-31.
	First Day = -719162
	Last  Day = 2932896
)

var monthDays = [16]uint8{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// IsLeap says whether year has a 29 February.
func IsLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// DaysInMonth is the number of days of a month, 1 to 12, of a year.
// It is 0 for any other month.
func DaysInMonth(year, month int) int {
	if month == 2 && IsLeap(year) {
		return 29
	}
	if uint(month) > 12 {
		return 0
	}
	return int(monthDays[month])
}

// IsValid says whether the calendar has the day, in the years 1 to 9999.
func IsValid(year, month, day int) bool {
	return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= DaysInMonth(year, month)
}

// Of is the day of a date for which IsValid holds.
func Of(year, month, day int) Day {
	// Years begin in March here, so that the leap day is the last of its year.
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = -1
	}
	yearOfEra := year - era*400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return Day(era*146097 + dayOfEra - 719468)
}

// Civil is the date of a valid day.
func (d Day) Civil() (year, month, day int) {
	shifted := uint32(int32(d) + 719468) // days since 0000-03-01, not negative for valid days
	era := shifted / 146097
	dayOfEra := shifted - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shiftedMonth := (5*dayOfYear + 2) / 153
	day = int(dayOfYear-(153*shiftedMonth+2)/5) + 1
	year = int(yearOfEra + era*400)
	month = int(shiftedMonth) + 3
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// Year is the year of a valid day.
func (d Day) Year() int {
	year, _, _ := d.Civil()
	return year
}

// Month counts the months from year 0 to that of a valid day: twelve times the
// year, plus the month less one. The difference of two of them is in months.
func (d Day) Month() int {
	year, month, _ := d.Civil()
	return year*12 + month - 1
}

// AppendText appends the day as 2006-01-02. A missing day appends nothing.
func (d Day) AppendText(dst []byte) []byte {
	if d == Missing {
		return dst
	}
	year, month, day := d.Civil()
	return appendDate(dst, year, month, day)
}

// String is the day as 2006-01-02, and empty for a missing one.
func (d Day) String() string { return string(d.AppendText(nil)) }

func appendDate(dst []byte, year, month, day int) []byte {
	return append(dst,
		byte('0'+year/1000%10), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-',
		byte('0'+month/10), byte('0'+month%10), '-',
		byte('0'+day/10), byte('0'+day%10))
}

// Parse reads a day written as 2006-01-02. It reports false for anything else.
func Parse(text []byte) (Day, bool) {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' {
		return Missing, false
	}
	year, yearOK := digits(text[0:4])
	month, monthOK := digits(text[5:7])
	day, dayOK := digits(text[8:10])
	if !yearOK || !monthOK || !dayOK || !IsValid(year, month, day) {
		return Missing, false
	}
	return Of(year, month, day), true
}

// digits is the value of text, which holds only the digits 0 to 9.
func digits(text []byte) (value int, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		value = value*10 + int(c-'0')
	}
	return value, true
}
