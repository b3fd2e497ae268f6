package register

import "github.com/avstam/avstam/calendar"

// ComputedLastDay is the last day on which a coordination number is active: the
// last of the fifth calendar year after that in which it was renewed, or else
// assigned (SNL 3 kap. 2 §). A year before 2016 counts as 2016 (transitional
// rule of 2021:375). It reports false where both days are missing, and where
// the day would lie beyond the calendar. The register's own preliminary day
// comes before the computed one.
func ComputedLastDay(assigned, renewed calendar.Day) (calendar.Day, bool) {
	from := renewed
	if from == calendar.Missing {
		from = assigned
	}
	if from == calendar.Missing {
		return calendar.Missing, false
	}
	year := max(from.Year(), 2016) + 5
	if year > 9999 {
		return calendar.Missing, false
	}
	return calendar.Of(year, 12, 31), true
}
