package rules

import (
	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/register"
)

// Death is a death as the death rules see it: the days between which it lies. A
// bound that is calendar.Missing lies before every day.
type Death struct {
	Earliest, Latest calendar.Day
	// Unknown says that not even the year is known, and that the bounds mean nothing.
	Unknown bool
}

// DeathBefore is the death of the person behind a row, if it lies, or begins,
// before the payment.
func (f *Facts) DeathBefore(row int32) (Death, bool) {
	if f.Batch.Number[row] == 0 || f.Batch.Place[row] == register.NotFound {
		return Death{}, false
	}
	d := f.deathBefore(row)
	return Death{Earliest: d.earliest, Latest: d.latest, Unknown: d.unknown}, d.isBefore
}
