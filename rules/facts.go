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

	states              []register.State // of Register
	chains              []register.Chain // by row, of the ReplacedRows alone
	paymentTypes        []paymentTypePolicy
	agencies            []agencyPolicy
	uncertainRestricted bool
	expiringWithinDays  int64
	testNumbers         testNumbers
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

// followLinks finds out where the links of replaced numbers lead: several rules
// and the evidence ask for it.
func (f *Facts) followLinks(replaced []int32) {
	f.chains = grow(f.chains, f.Batch.Rows)
	for _, row := range replaced {
		f.chains[row] = f.Register.Chain(f.Batch.Place[row], f.Batch.PaymentDate[row])
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

// person is the entry, on the day of the payment, of the person behind a row
// whose number the register has: that of the end of a whole chain of links, else
// the number's own.
func (f *Facts) person(row int32) (register.Entry, *register.State) {
	entry := f.Batch.Entry[row]
	state := &f.states[entry.State]
	if entry.InForce && state.IsReplaced() {
		if chain := &f.chains[row]; chain.Break == register.Whole {
			entry = f.Register.At(chain.Place, f.Batch.PaymentDate[row])
			state = &f.states[entry.State]
		}
	}
	return entry, state
}

// Evidence is what the report says of a row beside its findings.
type Evidence struct {
	UseNumber  identity.Number  // the end of the chain of a replaced number, 0 for none
	DeceasedOn calendar.Partial // of the person, as the register has it
	InRegister bool             // whether the register has the number, and what follows says anything
	InForce    bool             // whether an entry was in force, and Status, StatusFrom, Reason and KnownFrom say anything
	State      *register.State
	StatusFrom calendar.Day
	KnownFrom  calendar.Day
}

// Evidence gathers the evidence of a row.
func (f *Facts) Evidence(row int32) Evidence {
	b := f.Batch
	evidence := Evidence{StatusFrom: calendar.Missing, KnownFrom: calendar.Missing}
	if b.Number[row] == 0 || b.Place[row] == register.NotFound {
		return evidence
	}
	own := b.Entry[row]
	evidence.InRegister = true
	evidence.InForce = own.InForce
	evidence.State = f.State(row)
	if own.InForce {
		evidence.StatusFrom = f.Register.StatusFrom(own)
		evidence.KnownFrom = f.Register.KnownFrom(own)
		if evidence.State.IsReplaced() {
			if chain := &f.chains[row]; chain.Break == register.Whole {
				evidence.UseNumber = chain.Number
			}
		}
	}
	person, _ := f.person(row)
	evidence.DeceasedOn = f.Register.DeceasedOn(person)
	return evidence
}

// usePolicy takes over what of the policy does not hang on a record's texts.
func (f *Facts) usePolicy(policy *Policy) {
	f.uncertainRestricted = len(policy.UncertainAllowed) > 0
	f.expiringWithinDays = int64(min(policy.ExpiringWithinDays, math.MaxInt32))
	f.testNumbers = newTestNumbers(policy.TestNumbers, f.Register)
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
// a bit for each place of the register, and the few numbers it does not have.
type testNumbers struct {
	places  []uint64
	unknown map[identity.Number]struct{}
}

func newTestNumbers(list []identity.Number, snapshot *register.Snapshot) testNumbers {
	if len(list) == 0 {
		return testNumbers{}
	}
	t := testNumbers{places: make([]uint64, (snapshot.Len()+63)/64), unknown: map[identity.Number]struct{}{}}
	for _, number := range list {
		if place := snapshot.Find(number); place != register.NotFound {
			t.places[place/64] |= 1 << (place % 64)
		} else {
			t.unknown[number] = struct{}{}
		}
	}
	return t
}

func (t *testNumbers) isEmpty() bool { return t.places == nil }

func (t *testNumbers) has(number identity.Number, place register.Place) bool {
	if place != register.NotFound {
		return t.places[place/64]>>(place%64)&1 != 0
	}
	_, ok := t.unknown[number]
	return ok
}
