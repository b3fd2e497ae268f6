package rules

import "github.com/avstam/avstam/register"

var uncertainIdentityPurpose = &Rule{
	Name:   "uncertain_identity_purpose",
	Title:  "Uncertain identity outside the permitted purposes",
	Doc:    "The identity level is uncertain. Such numbers are assigned for a closed list of purposes only; the policy lists the agencies that may hold them, and this agency is not among them.",
	Action: "Find out how the agency came by the number; have the identity established.",
	Swedish: Texts{
		Title:  "Osäker identitet utanför tillåtna ändamål",
		Doc:    "Identitetsnivån är osäker. Sådana nummer tilldelas bara för vissa ändamål; policyn anger de myndigheter som får ha dem, och denna hör inte dit.",
		Action: "Utred hur myndigheten fick numret; se till att identiteten fastställs.",
	},
	Severity:  Warning,
	Direction: OnIdentity,
	Laws:      []Law{lawUncertainPurpose},
	IsIdle:    func(p *Policy) bool { return p.UncertainAllowed == nil },
	Fact:      LevelFact,
	Looks:     LevelRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if f.State(row).Level == register.Uncertain && !f.agency(row).uncertainAllowed {
				hits.Add(row, "")
			}
		}
	},
}
