package rules

import "github.com/avstam/avstam/calendar"

var deceasedLawfulTail = &Rule{
	Name:    "deceased_lawful_tail",
	Title:   "Lawful payment after a death",
	Doc:     "The person died before the payment, and the payment is for a period before the death, or within the months after it in which the policy says that payments of its type are lawful.",
	Action:  "None for this payment. Make sure that the payments end.",
	Details: "period_before_death, tail",
	Swedish: Texts{
		Title:   "Rätt utbetalning efter dödsfall",
		Doc:     "Personen avled före utbetalningen, men utbetalningen avser tid före dödsfallet eller ligger inom de månader efter det då utbetalningar av detta slag är rätt enligt policyn.",
		Action:  "Ingen för denna utbetalning. Se till att utbetalningarna upphör.",
		Details: "period_before_death (avser tid före dödsfallet), tail (inom de månader som policyn anger)",
	},
	Severity:  Info,
	Direction: NoDirection,
	Laws:      []Law{lawPensionDeath, lawSicknessDeath, lawCareDeath},
	Fact:      DeathFact,
	Looks:     PerhapsDeadRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if death := f.deaths[row]; death.isBefore {
				if cover := f.coverage(row, death); cover != "" {
					hits.add(Hit{Row: row, Possible: death.isPossible(f.Batch.PaymentDate[row]), Detail: Detail{Text: cover, Day: calendar.Missing}})
				}
			}
		}
	},
}

// coverage says what makes a payment after a death lawful; empty for nothing.
func (f *Facts) coverage(row int32, d death) string {
	if d.unknown || d.latest == calendar.Missing {
		return ""
	}
	b := f.Batch
	if b.PeriodEnd != nil && b.PeriodEnd[row] != calendar.Missing && b.PeriodEnd[row] <= d.latest {
		return "period_before_death"
	}
	months := f.paymentType(row).lawfulMonths
	if months == NoTail {
		return ""
	}
	start := b.PaymentDate[row]
	if b.PeriodStart != nil && b.PeriodStart[row] != calendar.Missing {
		start = b.PeriodStart[row]
	}
	if start.Month()-d.latest.Month() <= months {
		return "tail"
	}
	return ""
}
