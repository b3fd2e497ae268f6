package rules

import "github.com/avstam/avstam/register"

var annulledNumber = &Rule{
	Name:      "annulled_number",
	Title:     "Annulled number",
	Doc:       "The number was annulled (code AS for a coordination number, AN for others).",
	Action:    "Establish who was paid and under which number that person is known.",
	Severity:  Error,
	Direction: OnIdentity,
	Laws:      []Law{lawCoordination},
	Looks:     DeregisteredRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if code := f.State(row).Code; code == register.CodeAS || code == register.CodeAN {
				hits.Add(row, "")
			}
		}
	},
}
