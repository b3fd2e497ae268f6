package rules

import "github.com/avstam/avstam/register"

var inactiveNumber = &Rule{
	Name:    "inactive_number",
	Title:   "Inactive number in use",
	Doc:     "The number was inactive (vilande) on the payment date: not renewed within five calendar years, or made so on request or for another reason. That is a prompt to check the identity, not an error: the person keeps the number, and it can be made active again.",
	Action:  "Check the identity as the agency's own rules say; ask for the number to be made active if it is still needed. The payment itself may be right.",
	Details: "time_limit, deceased, other, unknown",
	Swedish: Texts{
		Title:   "Vilandeförklarat nummer används",
		Doc:     "Numret var vilandeförklarat på utbetalningsdagen: det har inte förnyats inom fem kalenderår, eller har vilandeförklarats på begäran eller av annat skäl. Det är en anledning att kontrollera identiteten, inte ett fel: personen behåller numret, och det kan bli aktivt igen.",
		Action:  "Kontrollera identiteten enligt myndighetens egna rutiner; begär att numret görs aktivt om det fortfarande behövs. Utbetalningen kan ändå vara rätt.",
		Details: "time_limit (tidsfristen har gått ut), deceased (avliden), other (annat skäl), unknown (skäl saknas)",
	},
	Severity:  Warning,
	Direction: OnIdentity,
	Laws:      []Law{lawInactiveEarlier, lawInactive},
	Looks:     InactiveRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			switch f.State(row).Code {
			case register.TimeLimit:
				hits.Add(row, "time_limit")
			case register.DeceasedCode:
				hits.Add(row, "deceased")
			case register.NoCode:
				hits.Add(row, "unknown")
			default:
				hits.Add(row, "other")
			}
		}
	},
}
