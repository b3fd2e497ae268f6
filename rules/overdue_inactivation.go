package rules

import "github.com/avstam/avstam/calendar"

var overdueInactivation = &Rule{
	Name:    "overdue_inactivation",
	Title:   "Inactivation overdue",
	Doc:     "The coordination number is active though its last day lies before the payment: the extract may be stale, or the register late. The detail is the last day.",
	Action:  "Compare with a newer extract; if the number is still active there, tell the register.",
	Details: "the last day",
	Swedish: Texts{
		Title:   "Vilandeförklaring som dröjer",
		Doc:     "Samordningsnumret är aktivt fast dess sista dag ligger före utbetalningen: uttaget kan vara gammalt, eller uppgiften i registret försenad. Detaljen är sista dagen.",
		Action:  "Jämför med ett nyare uttag; är numret aktivt även där, underrätta Skatteverket.",
		Details: "sista dagen",
	},
	Severity:  Warning,
	Direction: OnRegister,
	Laws:      []Law{lawInactiveEarlier, lawInactive, lawNotice, lawNoticeNumber},
	Looks:     ActiveCoordinationRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if last := f.lastDays[row]; last != calendar.Missing && last < f.Batch.PaymentDate[row] {
				hits.AddDay(row, last)
			}
		}
	},
}
