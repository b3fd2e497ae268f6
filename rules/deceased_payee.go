package rules

import (
	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/register"
)

var deceasedPayee = &Rule{
	Name:   "deceased_payee",
	Title:  "Payee deceased",
	Doc:    "The person died before the payment, and neither the period that the payment is for nor the lawful tail of its type covers it. The person is the end of the chain of links. Where the date of death is incomplete and the payment lies within it, the finding is possible, not certain.",
	Action: "Check the death with the register, then whether the payment is to be reclaimed from the estate. The register has been wrong about deaths.",
	Swedish: Texts{
		Title:  "Mottagaren är avliden",
		Doc:    "Personen avled före utbetalningen, och varken den period som utbetalningen avser eller de månader som policyn tillåter täcker den. Personen är slutet på kedjan av hänvisningar. Är dödsdatumet ofullständigt och ligger utbetalningen inom det, är träffen möjlig, inte säker.",
		Action: "Kontrollera dödsfallet mot folkbokföringen och därefter om beloppet ska återkrävas av dödsboet. Det har hänt att levande personer har registrerats som avlidna.",
	},
	Severity:  Error,
	Direction: OnRecord,
	Laws:      []Law{lawPensionDeath, lawSicknessDeath, lawCareDeath},
	Looks:     PerhapsDeadRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if death, found := f.deathBefore(row); found && f.coverage(row, death) == "" {
				hits.add(Hit{Row: row, Possible: death.isPossible(f.Batch.PaymentDate[row]), Detail: noDetail})
			}
		}
	},
}

// death is the interval of days in which a person died. Missing bounds lie
// before every day.
type death struct {
	earliest, latest calendar.Day
	// unknown says that not even the year is known: possible on every day, and
	// nothing covers a payment.
	unknown bool
}

// deathBefore is the death of the person behind a row, if it lies, or begins,
// before the payment.
func (f *Facts) deathBefore(row int32) (death, bool) {
	day := f.Batch.PaymentDate[row]
	entry, state := f.person(row)
	deceased := f.Register.DeceasedOn(entry)
	if state.HasDeath && !isUnknown(deceased) && deceased.Earliest() < day {
		return death{earliest: deceased.Earliest(), latest: deceased.Latest()}, true
	}
	if entry.InForce && state.Code == register.CodeAV {
		from := f.Register.StatusFrom(entry)
		return death{earliest: from, latest: from}, from < day
	}
	return death{unknown: true}, isUnknown(deceased)
}

// isPossible says that the death is incomplete and the payment lies inside it.
func (d death) isPossible(payment calendar.Day) bool {
	return d.unknown || d.earliest != d.latest && payment <= d.latest
}

func isUnknown(p calendar.Partial) bool { return p == calendar.Unknown }
