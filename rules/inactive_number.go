package rules

import "github.com/avstam/avstam/register"

var inactiveNumber = &Rule{
	Name:      "inactive_number",
	Title:     "Inactive number in use",
	Doc:       "The number was inactive (vilande) on the payment date: not renewed within five calendar years, or made so on request or for another reason. That is a prompt to check the identity, not an error: the person keeps the number, and it can be made active again.",
	Action:    "Check the identity as the agency's own rules say; ask for the number to be made active if it is still needed. The payment itself may be right.",
	Details:   "time_limit, deceased, other, unknown",
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
