package rules

import "github.com/avstam/avstam/register"

var insufficientIdentityLevel = &Rule{
	Name:    "insufficient_identity_level",
	Title:   "Identity level too low",
	Doc:     "The identity level of the number is known and below what the policy asks of the payment type or of the agency, whichever is stricter. No law sets a level for each benefit; the policy does. The detail is the level asked for.",
	Action:  "Have the identity established at the level asked for before further payments.",
	Details: "probable, confirmed",
	Swedish: Texts{
		Title:   "För låg identitetsnivå",
		Doc:     "Numrets identitetsnivå är känd och lägre än den som policyn kräver för utbetalningsslaget eller myndigheten, det strängare av dem. Ingen lag anger en nivå för varje förmån; det gör policyn. Detaljen är den nivå som krävs.",
		Action:  "Se till att identiteten fastställs på den nivå som krävs före nästa utbetalning.",
		Details: "probable (sannolik), confirmed (styrkt)",
	},
	Severity:  Warning,
	Direction: OnIdentity,
	Laws:      []Law{lawCoordination},
	IsIdle: func(p *Policy) bool {
		for _, of := range p.PaymentTypes {
			if of.IdentityLevel != register.NoLevel {
				return false
			}
		}
		for _, of := range p.Agencies {
			if of.IdentityLevel != register.NoLevel {
				return false
			}
		}
		return true
	},
	Fact:  LevelFact,
	Looks: LevelRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			asked := max(f.paymentType(row).level, f.agency(row).level)
			if f.State(row).Level < asked {
				hits.Add(row, asked.String())
			}
		}
	},
}
