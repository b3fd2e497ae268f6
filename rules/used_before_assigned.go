package rules

import "github.com/avstam/avstam/calendar"

var usedBeforeAssigned = &Rule{
	Name:   "used_before_assigned",
	Title:  "Used before it was assigned",
	Doc:    "The payment is older than the number: it was made before the day on which the number was assigned.",
	Action: "Find out under which number the person was known then, and whether the record was changed afterwards.",
	Swedish: Texts{
		Title:  "Använt innan det tilldelades",
		Doc:    "Utbetalningen är äldre än numret: den gjordes före den dag då numret tilldelades.",
		Action: "Utred under vilket nummer personen då var känd och om posten har ändrats i efterhand.",
	},
	Severity:  Error,
	Direction: OnRecord,
	Laws:      []Law{lawCoordination, lawNumber},
	Looks:     PerhapsUnassignedRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		b := f.Batch
		for _, row := range rows {
			if assigned := f.Register.AssignedOn(b.Entry[row]); assigned != calendar.Missing && b.PaymentDate[row] < assigned {
				hits.Add(row, "")
			}
		}
	},
}
