package rules

import (
	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/register"
)

var expiringNumber = &Rule{
	Name:    "expiring_number",
	Title:   "Number about to become inactive",
	Doc:     "The coordination number is active, and its last day is the payment date or comes within the days that the policy sets (90 by default). The last day is the register's preliminary date, else the end of the fifth calendar year after that in which the number was assigned or last renewed. The detail is the last day.",
	Action:  "Ask for renewal in time, if the number is still needed.",
	Details: "the last day",
	Swedish: Texts{
		Title:   "Nummer som snart vilandeförklaras",
		Doc:     "Samordningsnumret är aktivt, och dess sista dag är utbetalningsdagen eller infaller inom de dagar som policyn anger (90 om inget annat anges). Sista dagen är registrets preliminära datum, annars utgången av det femte kalenderåret efter det år då numret tilldelades eller senast förnyades.",
		Action:  "Begär förnyelse i tid, om numret fortfarande behövs.",
		Details: "sista dagen",
	},
	Severity:  Info,
	Direction: OnIdentity,
	Laws:      []Law{lawInactiveEarlier, lawInactive},
	Looks:     ActiveCoordinationRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			last := f.lastDays[row]
			if days := int64(last) - int64(f.Batch.PaymentDate[row]); last != calendar.Missing && days >= 0 && days <= f.expiringWithinDays {
				hits.AddDay(row, last)
			}
		}
	},
}

// findLastDays finds the last days on which the numbers of rows stand, Missing for
// none: two rules ask for them.
func (f *Facts) findLastDays(rows []int32) {
	f.lastDays = grow(f.lastDays, f.Batch.Rows)
	for _, row := range rows {
		f.lastDays[row] = f.Register.InactiveExpectedOn(f.Batch.Entry[row])
	}
	for _, row := range rows {
		if f.lastDays[row] == calendar.Missing {
			entry := f.Batch.Entry[row]
			if day, ok := register.ComputedLastDay(f.Register.AssignedOn(entry), f.Register.RenewedOn(entry)); ok {
				f.lastDays[row] = day
			}
		}
	}
}
