package rules

import (
	"math"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// Facts are what rules look at: a batch with its numbers read and looked up,
// the register, and the policy.
type Facts struct {
	Batch    *pipeline.Batch
	Register *register.Snapshot

	states             []register.State // of Register
	chains             []register.Chain // by row, of the ReplacedRows alone
	deaths             []death          // by row, of the PerhapsDeadRows alone
	lastDays           []calendar.Day   // by row, of the ActiveCoordinationRows alone
	scratch            scratch
	paymentTypes       []paymentTypePolicy
	agencies           []agencyPolicy
	expiringWithinDays int64
	testNumbers        testNumbers
}

// paymentTypePolicy and agencyPolicy are the policy by number of the text in
// the run's dictionaries.
type paymentTypePolicy struct {
	lawfulMonths     int
	emigratedAllowed bool
	level            register.Level
}

type agencyPolicy struct {
	level            register.Level
	uncertainAllowed bool
}

// State is the state of a row whose number the register has: of the entry in
// force, or without one in force that of the latest.
func (f *Facts) State(row int32) *register.State { return &f.states[f.Batch.Entry[row].State] }

func (f *Facts) paymentType(row int32) *paymentTypePolicy {
	return &f.paymentTypes[f.Batch.PaymentType[row]]
}

func (f *Facts) agency(row int32) *agencyPolicy { return &f.agencies[f.Batch.Agency[row]] }

// Settle looks up the place and the entry of a row whose number is plain: rules
// need only know that it is, the evidence more.
func (f *Facts) Settle(row int32) {
	if b := f.Batch; b.Place[row] == register.Plain {
		b.Place[row] = f.Register.Find(b.Number[row])
		b.Entry[row] = f.Register.At(b.Place[row], b.PaymentDate[row])
	}
}

// scratch holds columns of some rows of a batch, one behind the other, for
// look-ups side by side.
type scratch struct {
	entries []register.Entry
	places  []register.Place
	days    []calendar.Day
	chains  []register.Chain
	states  []*register.State
	dates   []calendar.Partial
}

// followLinks finds out where the links of replaced numbers lead: several rules
// and the evidence ask for it.
func (f *Facts) followLinks(replaced []int32) {
	b, s := f.Batch, &f.scratch
	f.chains = grow(f.chains, b.Rows)
	s.entries, s.places = grow(s.entries, len(replaced)), grow(s.places, len(replaced))
	s.days, s.chains = grow(s.days, len(replaced)), grow(s.chains, len(replaced))
	for i, row := range replaced {
		s.entries[i], s.places[i], s.days[i] = b.Entry[row], b.Place[row], b.PaymentDate[row]
	}
	f.Register.ChainAll(s.chains, s.entries, s.places, s.days)
	for i, row := range replaced {
		f.chains[row] = s.chains[i]
	}
}

// chain is where the links of a row's number, which the register has, led on the
// day of the payment.
func (f *Facts) chain(row int32) register.Chain {
	if f.Batch.Entry[row].InForce && f.State(row).IsReplaced() {
		return f.chains[row]
	}
	return register.Chain{Number: f.Batch.Number[row], Place: f.Batch.Place[row]}
}

// person is the place and the entry, on the day of the payment, of the person behind a
// row whose number the register has: of the end of a whole chain of links, else of the
// number itself.
func (f *Facts) person(row int32) (register.Place, register.Entry, *register.State) {
	place, entry := f.Batch.Place[row], f.Batch.Entry[row]
	state := &f.states[entry.State]
	if entry.InForce && state.IsReplaced() {
		if chain := &f.chains[row]; chain.Break == register.Whole {
			place = chain.Place
			entry = f.Register.At(place, f.Batch.PaymentDate[row])
			state = &f.states[entry.State]
		}
	}
	return place, entry, state
}

// Evidence is what the report says of a row beside its findings.
type Evidence struct {
	UseNumber  identity.Number  // the end of the chain of a replaced number, 0 for none
	DeceasedOn calendar.Partial // of the person, as the register has it
	InRegister bool             // whether the register has the number, and what follows says anything
	InForce    bool             // whether an entry was in force, and Status, StatusFrom and Reason say anything
	State      *register.State
	StatusFrom calendar.Day
	// KnownFrom is, by Fact, the day on which the register made that known; Missing
	// where nobody can tell.
	KnownFrom [factCount]calendar.Day
}

// nothingKnown are the days on which facts became known that are not there.
var nothingKnown = func() (days [factCount]calendar.Day) {
	for i := range days {
		days[i] = calendar.Missing
	}
	return days
}()

// Evidence gathers the evidence of a row.
func (f *Facts) Evidence(row int32) Evidence {
	var evidence [1]Evidence
	f.EvidenceAll(evidence[:], []int32{row})
	return evidence[0]
}

// EvidenceAll sets evidence[i] to the evidence of rows[i]. It is faster than
// Evidence one by one: the look-ups do not wait for each other's memory, for
// which each loop does little else. Both are equally long.
func (f *Facts) EvidenceAll(evidence []Evidence, rows []int32) {
	b := f.Batch
	evidence = evidence[:len(rows)]
	for i, row := range rows {
		e := &evidence[i]
		*e = Evidence{StatusFrom: calendar.Missing, KnownFrom: nothingKnown}
		if b.Number[row] == 0 || b.Place[row] == register.NotFound {
			continue
		}
		f.Settle(row)
		e.InRegister, e.InForce, e.State = true, b.Entry[row].InForce, f.State(row)
	}
	for i, row := range rows {
		if evidence[i].InForce {
			evidence[i].StatusFrom = f.Register.StatusFrom(b.Entry[row])
		}
	}
	for i, row := range rows {
		if e := &evidence[i]; e.InForce {
			known := f.Register.KnownFrom(b.Entry[row])
			e.KnownFrom[StatusFact] = known
			if !e.State.LevelElsewhere {
				e.KnownFrom[LevelFact] = known
			}
		}
	}
	for i, row := range rows {
		e := &evidence[i]
		if !e.InRegister {
			continue
		}
		if e.InForce && e.State.IsReplaced() && f.chains[row].Break == register.Whole {
			e.UseNumber = f.chains[row].Number
		}
		place, person, state := f.person(row)
		if state.HasDeath {
			e.DeceasedOn = f.Register.DeceasedOn(person)
		}
		if state.HasDeath || person.InForce && state.Code == register.CodeAV {
			e.KnownFrom[DeathFact] = f.deathKnownFrom(place, person)
		}
	}
}

// deathKnownFrom is the earliest day on which the register made the death of a person
// known, by the entry on the day of the payment and those after it: by a deregistration
// for it, or by a date of death that the entry can have had from then on. An entry that
// was known before the first day of its date got that later, at a time that nobody tells.
func (f *Facts) deathKnownFrom(place register.Place, person register.Entry) calendar.Day {
	earliest := calendar.Missing
	for entry := range f.Register.Since(place, person) {
		state, known := &f.states[entry.State], f.Register.KnownFrom(entry)
		if state.Code != register.CodeAV {
			if !state.HasDeath || state.DeathElsewhere {
				continue
			}
			if died := f.Register.DeceasedOn(entry); isUnknown(died) || known != calendar.Missing && known < died.Earliest() {
				continue
			}
		}
		if known == calendar.Missing {
			return calendar.Missing
		}
		if earliest == calendar.Missing || known < earliest {
			earliest = known
		}
	}
	return earliest
}

// Witness gives the evidence of records that no batch holds any more. It is for
// one goroutine.
type Witness struct {
	facts          Facts
	rows, replaced []int32
}

// NewWitness is a witness of what a register says.
func NewWitness(snapshot *register.Snapshot) *Witness {
	return &Witness{facts: Facts{Register: snapshot, states: snapshot.States(), Batch: &pipeline.Batch{}}}
}

// EvidenceAll sets evidence[i] to what Facts.Evidence is of a row with numbers[i] and
// days[i] as its day of payment. All three are equally long.
func (w *Witness) EvidenceAll(evidence []Evidence, numbers []identity.Number, days []calendar.Day) {
	f, b := &w.facts, w.facts.Batch
	b.Rows, b.Number, b.PaymentDate = len(numbers), numbers, days
	b.Place, b.Entry = grow(b.Place, b.Rows), grow(b.Entry, b.Rows)
	f.Register.FindAll(b.Place, numbers)
	f.Register.AtAll(b.Entry, b.Place, days)
	w.rows, w.replaced = w.rows[:0], w.replaced[:0]
	for i := range numbers {
		w.rows = append(w.rows, int32(i))
		if b.Entry[i].InForce && f.State(int32(i)).IsReplaced() {
			w.replaced = append(w.replaced, int32(i))
		}
	}
	f.followLinks(w.replaced)
	f.EvidenceAll(evidence, w.rows)
}

// usePolicy takes over what of the policy does not hang on a record's texts.
func (f *Facts) usePolicy(policy *Policy) {
	f.expiringWithinDays = int64(min(policy.ExpiringWithinDays, math.MaxInt32))
	f.testNumbers = newTestNumbers(policy.TestNumbers)
}

// extendPolicy looks up the policy of texts that the dictionaries have got
// since the last batch.
func (f *Facts) extendPolicy(policy *Policy, paymentTypes, agencies []string) {
	for _, name := range paymentTypes[len(f.paymentTypes):] {
		// A missing payment type is on no list, whatever the list says.
		compiled := paymentTypePolicy{lawfulMonths: NoTail}
		if p, ok := policy.PaymentTypes[name]; ok && name != "" {
			compiled = paymentTypePolicy{lawfulMonths: p.LawfulMonths, emigratedAllowed: p.EmigratedAllowed, level: p.IdentityLevel}
		}
		f.paymentTypes = append(f.paymentTypes, compiled)
	}
	for _, name := range agencies[len(f.agencies):] {
		compiled := agencyPolicy{}
		if name != "" {
			compiled.level = policy.Agencies[name].IdentityLevel
			for _, allowed := range policy.UncertainAllowed {
				compiled.uncertainAllowed = compiled.uncertainAllowed || allowed == name
			}
		}
		f.agencies = append(f.agencies, compiled)
	}
}

// testNumbers is the list of test numbers, ready to be asked for every record:
// most are not on it, which a table says that stays in a core's cache.
type testNumbers struct {
	maybe []uint64 // testNumberBits bits: those of the numbers of the list, by hash
	list  map[identity.Number]struct{}
}

// testNumberBits is 32 bits for each of the 40,000 test numbers that there are.
const testNumberBits = 1 << 20

func newTestNumbers(list []identity.Number) testNumbers {
	if len(list) == 0 {
		return testNumbers{}
	}
	t := testNumbers{maybe: make([]uint64, testNumberBits/64), list: map[identity.Number]struct{}{}}
	for _, number := range list {
		hash := t.hash(number)
		t.maybe[hash/64] |= 1 << (hash % 64)
		t.list[number] = struct{}{}
	}
	return t
}

// hash is Fibonacci hashing: the highest bits of a product, which all digits reach.
func (t *testNumbers) hash(number identity.Number) uint64 {
	return uint64(number) * 0x9e3779b97f4a7c15 >> (64 - 20)
}

func (t *testNumbers) has(number identity.Number) bool {
	if hash := t.hash(number); t.maybe[hash/64]>>(hash%64)&1 == 0 { // fast path
		return false
	}
	_, ok := t.list[number]
	return ok
}
