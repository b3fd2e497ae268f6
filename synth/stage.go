package synth

import (
	"slices"

	"github.com/avstam/avstam/calendar"
)

// scene plants something that must be found.
type scene struct {
	role  role // of s.person; noRole where the scene needs nobody
	slots int  // how many payments it makes
	times int  // how often it comes in a cycle of scenes
	plant func(s *stage)
}

const noRole role = -1

// silent is how many of its payments have no finding: nothing is wrong with the
// first of those to a resident, which the others repeat.
func (s *scene) silent() int64 {
	if s.role == resident && s.slots > 1 {
		return 1
	}
	return 0
}

// mostSlots is the greatest slots of a scene.
const mostSlots = 3

// stage is where a scene is played: somebody of its role, and the payments
// that it makes.
type stage struct {
	chance
	person   person
	payments [mostSlots]planted
	count    int
	first    int64 // slot of the first payment
	dataset  *Dataset
}

// planted is a payment with the findings that it must give, in the order of
// the catalogue; those across records are the last.
type planted struct {
	record   Record
	paid     payment
	evidence Finding
	// When the register made the level and the death known, on which some rules rest.
	levelKnown, deathKnown calendar.Day
	findings               []Finding
}

// paymentOf is what is planted in a slot. It is good until the next call.
func (s *stage) paymentOf(d *Dataset, slot int64) *planted {
	scene, first := d.schedule.sceneOf(slot)
	if s.dataset == d && s.first == first && s.count > 0 {
		return &s.payments[slot-first]
	}
	s.dataset, s.first, s.count = d, first, 0
	s.chance = newChance(d.options.Seed, forScene, first)
	if scene.role != noRole {
		rank, ok := d.people.someone(&s.chance, scene.role)
		if !ok {
			panic("BUG: a scene without its role")
		}
		d.people.cast(&s.person, rank)
	}
	scene.plant(s)
	if s.count != scene.slots {
		panic("BUG: a scene that does not make as many payments as it says")
	}
	return &s.payments[slot-first]
}

func (s *stage) recordOf(d *Dataset, slot int64) *Record { return &s.paymentOf(d, slot).record }

// next is the next payment, as yet to nobody, of a type that asks nothing.
func (s *stage) next(day calendar.Day) *planted {
	p := &s.payments[s.count]
	slot := s.first + int64(s.count)
	s.count++
	row := s.dataset.schedule.rowOf(slot) + 1
	paid := oneOf(&s.chance, quietPayments...)
	p.record = Record{
		Row: row, PaymentDate: day, Currency: currencyOf(&s.chance), Amount: amount(slot, amountBits(s.dataset.schedule.slots), true),
		IdentityNumber: p.record.IdentityNumber[:0], RecordID: p.record.RecordID[:0],
		PeriodStart: calendar.Missing, PeriodEnd: calendar.Missing,
	}
	p.findings = p.findings[:0]
	p.evidence = Finding{Record: &p.record, Confidence: "certain", StatusFrom: calendar.Missing, KnownFrom: calendar.Missing}
	p.by(paid)
	if !s.perMille(300) {
		p.period(monthOf(day))
	}
	return p
}

// pay pays a number of the person on a day.
func (s *stage) pay(n *number, day calendar.Day) *planted {
	return s.payAs(n, day, rightSpelling(&s.chance))
}

func (s *stage) payAs(n *number, day calendar.Day, as spelling) *planted {
	p := s.next(day)
	p.record.IdentityNumber = appendPadded(p.record.IdentityNumber, &s.chance, n.digits, paymentYear, as)
	in := n.on(day)
	e := &p.evidence
	e.Number, e.NumberKind = n.digits, kindOf(n.digits)
	e.Status, e.StatusFrom, e.StatusReason, e.KnownFrom, e.IdentityLevel = in.status, in.from, in.reason, in.known, in.level
	e.DeceasedOn, e.Protected = s.person.died, n.protected
	if n.use != 0 && day >= n.states[n.count-1].from {
		e.UseNumber = n.use
	}
	p.levelKnown, p.deathKnown = n.levelKnown(day), n.deathKnown(day)
	for i := range s.person.numbers {
		if end := &s.person.numbers[i]; e.UseNumber != 0 && end.digits == e.UseNumber {
			p.deathKnown = end.deathKnown(day)
		}
	}
	return p
}

// payAbsent pays a number that the register does not have.
func (s *stage) payAbsent(number uint64, day calendar.Day, as spelling) *planted {
	p := s.payText("", day)
	p.record.IdentityNumber = appendNumber(p.record.IdentityNumber, number, paymentYear, as)
	p.evidence.Number, p.evidence.NumberKind = number, kindOf(number)
	return p
}

// payText pays to a text that is no number.
func (s *stage) payText(text string, day calendar.Day) *planted {
	p := s.next(day)
	p.record.IdentityNumber = append(p.record.IdentityNumber, text...)
	return p
}

// by says who pays what.
func (p *planted) by(paid payment) *planted {
	p.paid = paid
	p.record.Agency, p.record.PaymentType = paid.by.name, paid.kind.name
	p.record.RecordID = paid.by.appendRecordID(p.record.RecordID[:0], p.record.Row)
	return p
}

// period says what the payment is for.
func (p *planted) period(first, last calendar.Day) *planted {
	p.record.PeriodStart, p.record.PeriodEnd = first, last
	return p
}

// noPeriod leaves open what the payment is for.
func (p *planted) noPeriod() *planted { return p.period(calendar.Missing, calendar.Missing) }

// repeats makes the payment like another in all but the number.
func (p *planted) repeats(other *planted) *planted {
	id, row, given := p.record.RecordID, p.record.Row, p.record.IdentityNumber
	p.record = other.record
	p.record.RecordID, p.record.Row, p.record.IdentityNumber = id, row, given
	return p.by(other.paid)
}

// finds says that a rule must find the payment.
func (p *planted) finds(rule, detail string) *planted {
	finding := p.evidence
	finding.Rule, finding.Detail = rule, detail
	c := catalogue[slices.IndexFunc(catalogue, func(c ruleOfCatalogue) bool { return c.name == rule })]
	finding.Severity, finding.Direction = c.severity, c.direction
	switch rule {
	case "deceased_payee", "deceased_lawful_tail":
		finding.KnownFrom = p.deathKnown
	case "insufficient_identity_level", "uncertain_identity_purpose":
		finding.KnownFrom = p.levelKnown
	}
	if finding.KnownFrom != calendar.Missing {
		finding.KnownAtPayment = False
		if finding.KnownFrom <= p.record.PaymentDate {
			finding.KnownAtPayment = True
		}
	}
	p.findings = append(p.findings, finding)
	return p
}

// possibly is finds for a death that may have come later.
func (p *planted) possibly(rule, detail string) *planted {
	p.finds(rule, detail)
	p.findings[len(p.findings)-1].Confidence = "possible"
	return p
}

// findsOther is finds for a rule that names another number.
func (p *planted) findsOther(rule string, other uint64) *planted {
	p.finds(rule, "")
	p.findings[len(p.findings)-1].OtherNumber = other
	return p
}

// findsLevel says what must be found where a level is asked of a known one.
func (p *planted) findsLevel(has string, asked level) *planted {
	if l := levelOf(has); l != noLevel && l < asked {
		p.finds("insufficient_identity_level", levelNames[asked])
	}
	if levelOf(has) == uncertain {
		p.finds("uncertain_identity_purpose", "")
	}
	return p
}

// anyDay is a day of payments.
func (s *stage) anyDay() calendar.Day { return s.between(firstPayment, lastPayment) }

// since is a day of payments not before another, and now and then that day.
func (s *stage) since(day calendar.Day) calendar.Day {
	day = max(day, firstPayment)
	if s.perMille(100) {
		return day
	}
	return s.between(day, lastPayment)
}

// before is a day of payments before another.
func (s *stage) before(day calendar.Day) calendar.Day { return s.between(firstPayment, day-1) }

// ruleOfCatalogue is a rule with what it is by default.
type ruleOfCatalogue struct{ name, severity, direction string }

var catalogue = []ruleOfCatalogue{
	{"malformed_number", "error", "record"},
	{"other_identity_kind", "info", "none"},
	{"contradictory_separator", "warning", "record"},
	{"ambiguous_century", "warning", "record"},
	{"suspect_coordination_date", "info", "none"},
	{"test_number", "error", "record"},
	{"born_after_payment", "error", "record"},
	{"unknown_number", "warning", "record"},
	{"used_before_assigned", "error", "record"},
	{"deceased_payee", "error", "record"},
	{"deceased_lawful_tail", "info", "none"},
	{"false_identity", "error", "identity"},
	{"annulled_number", "error", "identity"},
	{"closed_number", "error", "record"},
	{"disappeared_payee", "warning", "identity"},
	{"emigrated_payee", "info", "record"},
	{"technical_deregistration", "warning", "record"},
	{"unknown_deregistration", "warning", "register"},
	{"inactive_number", "warning", "identity"},
	{"insufficient_identity_level", "warning", "identity"},
	{"uncertain_identity_purpose", "warning", "identity"},
	{"expiring_number", "info", "identity"},
	{"overdue_inactivation", "warning", "register"},
	{"paid_under_two_numbers", "error", "record"},
	{"duplicate_payment", "warning", "record"},
}

func isAcross(rule string) bool {
	return rule == "paid_under_two_numbers" || rule == "duplicate_payment"
}
