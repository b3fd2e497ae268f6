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
		Doc:    "Personen avled före utbetalningen, och varken den period som utbetalningen avser eller de månader som policyn tillåter täcker den. Med personen avses slutet på kedjan av hänvisningar. Är dödsdatumet ofullständigt och ligger utbetalningen inom det, är träffen möjlig, inte säker.",
		Action: "Kontrollera dödsfallet mot folkbokföringen och därefter om beloppet ska återkrävas av dödsboet. Det har hänt att levande personer har registrerats som avlidna.",
	},
	Severity:  Error,
	Direction: OnRecord,
	Laws:      []Law{lawPensionDeath, lawSicknessDeath, lawCareDeath},
	Fact:      DeathFact,
	Looks:     PerhapsDeadRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if death := f.deaths[row]; death.isBefore && f.coverage(row, death) == "" {
				hits.add(Hit{Row: row, Possible: death.isPossible(f.Batch.PaymentDate[row]), Detail: noDetail})
			}
		}
	},
}

// death is the interval of days in which a person died. Missing bounds lie
// before every day.
type death struct {
	isBefore         bool // there is a death, and it lies, or begins, before the payment
	earliest, latest calendar.Day
	// unknown says that not even the year is known: possible on every day, and
	// nothing covers a payment.
	unknown bool
}

// findDeaths finds the deaths of the persons behind rows: two rules ask for them. As
// in EvidenceAll, the look-ups do not wait for each other's memory.
func (f *Facts) findDeaths(rows []int32) {
	s := &f.scratch
	f.deaths = grow(f.deaths, f.Batch.Rows)
	s.entries, s.states, s.dates = grow(s.entries, len(rows)), grow(s.states, len(rows)), grow(s.dates, len(rows))
	for i, row := range rows {
		_, s.entries[i], s.states[i] = f.person(row)
	}
	for i, entry := range s.entries {
		s.dates[i] = f.Register.DeceasedOn(entry)
	}
	for i, row := range rows {
		f.deaths[row] = f.deathOf(row, s.entries[i], s.states[i], s.dates[i])
	}
}

// deathBefore is the death of the person behind a row.
func (f *Facts) deathBefore(row int32) death {
	_, entry, state := f.person(row)
	return f.deathOf(row, entry, state, f.Register.DeceasedOn(entry))
}

// deathOf is the death of a person behind a row.
func (f *Facts) deathOf(row int32, entry register.Entry, state *register.State, deceased calendar.Partial) death {
	day := f.Batch.PaymentDate[row]
	if state.HasDeath && !isUnknown(deceased) && deceased.Earliest() < day {
		return death{isBefore: true, earliest: deceased.Earliest(), latest: deceased.Latest()}
	}
	if entry.InForce && state.Code == register.CodeAV {
		from := f.Register.StatusFrom(entry)
		return death{isBefore: from < day, earliest: from, latest: from}
	}
	return death{isBefore: isUnknown(deceased), unknown: true}
}

// isPossible says that the death is incomplete and the payment lies inside it.
func (d death) isPossible(payment calendar.Day) bool {
	return d.unknown || d.earliest != d.latest && payment <= d.latest
}

func isUnknown(p calendar.Partial) bool { return p == calendar.Unknown }
