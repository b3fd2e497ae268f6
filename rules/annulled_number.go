package rules

import "github.com/avstam/avstam/register"

var annulledNumber = &Rule{
	Name:   "annulled_number",
	Title:  "Annulled number",
	Doc:    "The number was annulled (code AS for a coordination number, AN for others).",
	Action: "Establish who was paid and under which number that person is known.",
	Swedish: Texts{
		Title:  "Annullerat nummer",
		Doc:    "Numret har annullerats (kod AS för ett samordningsnummer, AN för andra).",
		Action: "Utred vem som har fått betalt och under vilket nummer den personen är känd.",
	},
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
