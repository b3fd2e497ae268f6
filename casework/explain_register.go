package casework

import (
	"fmt"
	"slices"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
)

// ExplainedRegister is what the register says of a number.
type ExplainedRegister struct {
	ExtractDate string         `json:"extract_date,omitempty"`
	Has         bool           `json:"has_number"`
	History     []HistoryEntry `json:"history,omitempty"` // the earliest first
	Chain       []ChainLink    `json:"chain,omitempty"`   // of links, as it stood on the payment date
	ChainEnd    string         `json:"chain_end,omitempty"`
	Death       string         `json:"death,omitempty"` // of the person, where there is one
}

// HistoryEntry is an entry of the register, with the attributes that are resolved for
// it, but for a date of death that only another entry has: an entry from long before
// a death does not tell of it.
type HistoryEntry struct {
	From          string `json:"status_from,omitempty"` // empty is since ever
	KnownFrom     string `json:"known_from,omitempty"`
	Status        string `json:"status"`
	Reason        string `json:"status_reason,omitempty"`
	Level         string `json:"identity_level,omitempty"`
	Linked        string `json:"linked_number,omitempty"`
	Assigned      string `json:"assigned_on,omitempty"`
	Renewed       string `json:"renewed_on,omitempty"`
	LastDay       string `json:"inactive_expected_on,omitempty"`
	DeceasedOn    string `json:"deceased_on,omitempty"`
	InForce       bool   `json:"in_force"` // on the payment date
	AfterPayment  bool   `json:"after_payment,omitempty"`
	KnownAtPayday *bool  `json:"known_at_payment,omitempty"`
}

// ChainLink is a number of a chain of links.
type ChainLink struct {
	Number string `json:"number"`
	Kind   string `json:"number_kind,omitempty"`
	Status string `json:"status,omitempty"` // empty where the register does not have it
	Reason string `json:"status_reason,omitempty"`
	From   string `json:"status_from,omitempty"`
}

// judged is what the rules say of the record against the register that there is.
type judged struct {
	checker *rules.Checker
	batch   *pipeline.Batch // of the one record
	hits    []rules.Hit
	number  identity.Number
	place   register.Place
}

// judge runs the rules on the record.
func (e *explaining) judge() {
	if e.record == nil || e.snapshot == nil {
		return
	}
	e.judged = e.judgeOn(e.record.paymentDate)
}

// judgeOn runs the rules on the record as it would be if it had been paid on a day.
func (e *explaining) judgeOn(day calendar.Day) *judged {
	r, dictionaries := e.record, pipeline.NewDictionaries()
	number := func(d interface {
		ID([]byte) (uint16, error)
	}, text string) uint16 {
		n, err := d.ID([]byte(text))
		if err != nil {
			panic("BUG: a dictionary is full of one text")
		}
		return n
	}
	batch := &pipeline.Batch{
		Rows: 1, Text: []identity.Text{r.text}, PaymentDate: []calendar.Day{day},
		PeriodStart: []calendar.Day{r.periodStart}, PeriodEnd: []calendar.Day{r.periodEnd}, Amount: []int64{r.amount},
		Agency:      []uint16{number(dictionaries.Agency, r.agency)},
		PaymentType: []uint16{number(dictionaries.PaymentType, r.paymentType)},
		Currency:    []uint16{number(dictionaries.Currency, r.currency)},
		Rejected:    []bool{false},
	}
	checker := rules.NewChecker(&e.question.Policy, e.snapshot, dictionaries)
	hits := checker.Check(batch)
	checker.Facts().Settle(0)
	return &judged{checker: checker, batch: batch, hits: hits, number: batch.Number[0], place: batch.Place[0]}
}

// wouldBeClean says whether the record would be without the finding, and without
// one of another rule in its place, if it had been paid on a day. It is true where
// there is no register to ask.
func (e *explaining) wouldBeClean(day calendar.Day) bool {
	if hit := e.again(); hit == nil || !e.isAsReported(hit) || day < calendar.First {
		return true
	}
	return !slices.ContainsFunc(e.judgeOn(day).hits, func(then rules.Hit) bool {
		return rules.All()[then.Rule] == e.rule || !slices.ContainsFunc(e.judged.hits, func(now rules.Hit) bool { return now.Rule == then.Rule })
	})
}

// isProtected says whether anybody whom the explanation would tell of is
// protected, by the register that there is.
func (e *explaining) isProtected() bool {
	if e.judged == nil || e.judged.number == 0 {
		return false
	}
	numbers := []identity.Number{e.judged.number}
	for i := range e.judged.hits {
		numbers = append(numbers, e.judged.hits[i].Other)
	}
	if e.finding.OtherNumber != "" && !e.masked {
		other := identity.Parse([]byte(e.finding.OtherNumber))
		numbers = append(numbers, other.Number())
	}
	day := e.finding.PaymentDate
	for _, number := range numbers {
		for _, place := range e.follow(e.snapshot.Find(number), day).places {
			for _, entry := range append(e.snapshot.History(place), e.snapshot.At(place, day)) {
				if e.snapshot.States()[entry.State].Protected == register.True {
					return true
				}
			}
		}
	}
	return false
}

// chain is a chain of links with every number on its way, at most longestChain.
type chain struct {
	places []register.Place
	// broken is where the last link leads, if the register does not have it:
	// register.UnreadableLink or a number.
	broken identity.Number
}

// longestChain is how many numbers of a chain are shown.
const longestChain = 50

// follow follows links as they stood on a day, for those who want to see them;
// where they end is Snapshot.Chain's to say.
func (e *explaining) follow(place register.Place, day calendar.Day) (c chain) {
	seen := map[register.Place]bool{}
	for place != register.NotFound && len(c.places) < longestChain {
		c.places = append(c.places, place)
		if seen[place] {
			return c // the loop is closed
		}
		seen[place] = true
		entry := e.snapshot.At(place, day)
		if !entry.InForce || !e.snapshot.States()[entry.State].IsReplaced() {
			return c
		}
		link := e.snapshot.Linked(entry)
		if link == 0 {
			return c
		}
		if place = e.snapshot.Find(link); place == register.NotFound {
			c.broken = link
		}
	}
	return c
}

// tellRegister shows what the register says of the number.
func (e *explaining) tellRegister() {
	if e.judged == nil || e.judged.number == 0 {
		return
	}
	told := &ExplainedRegister{ExtractDate: e.snapshot.ExtractDate().String(), Has: e.judged.place != register.NotFound}
	e.Explanation.Register = told
	if !told.Has {
		return
	}
	day := e.finding.PaymentDate
	inForce := e.snapshot.At(e.judged.place, day)
	for _, entry := range e.snapshot.History(e.judged.place) {
		told.History = append(told.History, e.historyEntry(entry, inForce, day))
	}
	if e.snapshot.States()[inForce.State].IsReplaced() && inForce.InForce {
		e.tellChain(told, day)
	}
	if death, found := e.judged.checker.Facts().DeathBefore(0); found {
		told.Death = "The person died " + deathText(death, day) + "."
	} else if deceased := e.judged.checker.Facts().Evidence(0).DeceasedOn; deceased != 0 {
		told.Death = fmt.Sprintf("The register has %s as the day of death, which is not before the payment.", deceased)
	}
}

func (e *explaining) historyEntry(entry, inForce register.Entry, day calendar.Day) HistoryEntry {
	s, state := e.snapshot, &e.snapshot.States()[entry.State]
	told := HistoryEntry{
		From: s.StatusFrom(entry).String(), KnownFrom: s.KnownFrom(entry).String(), Status: state.Status.String(), Reason: e.text(state.Reason),
		Level: state.Level.String(), Assigned: s.AssignedOn(entry).String(), Renewed: s.RenewedOn(entry).String(),
		LastDay: s.InactiveExpectedOn(entry).String(), DeceasedOn: s.DeceasedOn(entry).String(),
		InForce: inForce.InForce && entry.Row == inForce.Row, AfterPayment: s.StatusFrom(entry) > day,
	}
	if state.DeathElsewhere {
		told.DeceasedOn = ""
	}
	switch link := s.Linked(entry); {
	case link == 0 || !state.IsReplaced(): // of a number that is not replaced a link means nothing
	case link == register.UnreadableLink:
		told.Linked = unreadableLink
	default:
		told.Linked = e.show(link)
	}
	if known := s.KnownFrom(entry); told.InForce && known != calendar.Missing {
		wasKnown := known <= day
		told.KnownAtPayday = &wasKnown
	}
	return told
}

// unreadableLink is shown for a link that is no number.
const unreadableLink = "no number"

// tellChain shows the links of a replaced number.
func (e *explaining) tellChain(told *ExplainedRegister, day calendar.Day) {
	followed := e.follow(e.judged.place, day)
	for _, place := range followed.places {
		entry := e.snapshot.At(place, day)
		number := e.snapshot.NumberAt(place)
		link := ChainLink{Number: e.show(number), Kind: number.Kind().String()}
		if entry.InForce {
			state := &e.snapshot.States()[entry.State]
			link.Status, link.Reason, link.From = state.Status.String(), e.text(state.Reason), e.snapshot.StatusFrom(entry).String()
		}
		told.Chain = append(told.Chain, link)
	}
	switch followed.broken {
	case 0:
	case register.UnreadableLink:
		told.Chain = append(told.Chain, ChainLink{Number: unreadableLink})
	default:
		told.Chain = append(told.Chain, ChainLink{Number: e.show(followed.broken), Kind: followed.broken.Kind().String()})
	}
	switch e.snapshot.Chain(e.judged.place, day).Break {
	case register.Whole:
		told.ChainEnd = "The links lead to a number that no other replaces: it is the one to use."
	case register.LinkMissing:
		told.ChainEnd = "The last of them is replaced, and the register does not say by which number: the chain is broken (link_missing)."
	case register.LinkUnknown:
		told.ChainEnd = "The last link leads to a number that the register does not have: the chain is broken (link_unknown)."
	case register.LinkLoop:
		told.ChainEnd = "The links lead back to a number already seen: the chain is broken (link_loop)."
	}
}

// deathText says when a person died, beside the payment.
func deathText(d rules.Death, payment calendar.Day) string {
	switch {
	case d.Unknown:
		return "on a day that the register does not know at all, so that no payment can be told to lie before or after it"
	case d.Earliest == calendar.Missing:
		return "on a day that the register does not tell, before every payment: the deregistration as deceased has no date"
	case d.Earliest == d.Latest:
		return fmt.Sprintf("on %s, %s before the payment", d.Earliest, daysBetween(d.Earliest, payment))
	case payment <= d.Latest:
		return fmt.Sprintf("between %s and %s: the payment lies within, so that the finding is possible, not certain", d.Earliest, d.Latest)
	}
	return fmt.Sprintf("between %s and %s, at least %s before the payment", d.Earliest, d.Latest, daysBetween(d.Latest, payment))
}

// compare says whether the rules say the same of the record now.
func (e *explaining) compare() string {
	switch {
	case e.rule.Across != nil:
		return "This rule compares records with each other, so it was not run again on one of them."
	case e.record == nil:
		return "The rules were not run again: the record is not known."
	case e.snapshot == nil:
		return "The rules were not run again: there is no register to run them against."
	case e.rule.Name == "test_number" && e.question.LacksTestNumbers:
		return "The rule was not run again: the list of test numbers that the run had is not where the configuration says."
	}
	var also []string
	for i := range e.judged.hits {
		if rule := rules.All()[e.judged.hits[i].Rule]; rule != e.rule {
			also = append(also, rule.Name)
		}
	}
	said := ""
	switch hit := e.again(); {
	case hit == nil:
		said = "Run again on the record, the rule does not speak any more."
	case e.isAsReported(hit):
		said = "Run again on the record, the rule says the same."
	default:
		said = "Run again on the record, the rule says something else than the report: it is " + confidenceOf(hit)
		if detail := string(hit.Detail.AppendText(nil)); detail != "" {
			said += ", with the detail " + e.text(detail)
		}
		said += "."
	}
	if len(also) > 0 {
		said += " Of the same record also speak: " + joined(also) + "."
	}
	return said
}

// again is what the rule of the finding says of the record now; nil where it says
// nothing, or was not run again.
func (e *explaining) again() *rules.Hit {
	if e.judged == nil {
		return nil
	}
	for i := range e.judged.hits {
		if rules.All()[e.judged.hits[i].Rule] == e.rule {
			return &e.judged.hits[i]
		}
	}
	return nil
}

// isAsReported says whether the rule says what the finding says.
func (e *explaining) isAsReported(hit *rules.Hit) bool {
	detail := valid(string(hit.Detail.AppendText(nil)))
	isSame := detail == e.finding.Detail || e.masked && e.finding.Detail == digitsText && e.text(detail) == digitsText
	return isSame && confidenceOf(hit) == e.finding.Confidence
}

func confidenceOf(hit *rules.Hit) string {
	if hit.Possible {
		return confidencePossible
	}
	return confidenceCertain
}
