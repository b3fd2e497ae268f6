package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
)

// SchemaVersion is that of the documents and tables of a report. It changes
// when one of them loses a name or a name its meaning.
const SchemaVersion = 1

// Summary is a report in numbers: summary.json. Findings are counted, not
// records: a record with two findings counts, with its amount, for both.
type Summary struct {
	SchemaVersion int         `json:"schema_version"`
	Records       Balance     `json:"records"` // the ledger's total
	Findings      int64       `json:"findings"`
	RepeatedIDs   int64       `json:"repeated_ids"` // findings whose id an earlier one has
	Rules         []RuleCount `json:"rules"`        // in the order of the catalogue
	Severities    []Count     `json:"severities"`
	Confidence    []Count     `json:"confidence"`
	Agencies      []Count     `json:"agencies"`
	PaymentTypes  []Count     `json:"payment_types"`
	Months        []Count     `json:"months"` // of the payment dates
	// With a baseline: what the findings are compared with, how they stand to it,
	// and what became of its findings that are gone.
	Baseline *BaselineOverview `json:"baseline,omitempty"`
	States   []Count           `json:"states,omitempty"`
	Gone     []Count           `json:"gone,omitempty"`
	// With decisions: what each decision came to, and by severity the findings that
	// do not count toward a threshold.
	Decisions []DecisionCount `json:"decisions,omitempty"`
	Excused   []Count         `json:"excused,omitempty"`

	Rejected []ReasonCount    `json:"rejected"`
	Notices  []Notice         `json:"notices"`
	Register RegisterOverview `json:"register"`
	Ledger   Ledger           `json:"ledger"`
}

// Count is how many findings there are of a value, and what they amount to.
type Count struct {
	Name     string                  `json:"name"`
	Findings int64                   `json:"findings"`
	Amounts  map[string]pipeline.Sum `json:"amounts"` // by currency, where not zero
}

// RuleCount is the Count of a rule that was on, with what it says.
type RuleCount struct {
	Rule      string                  `json:"rule"`
	Severity  string                  `json:"severity"`
	Direction string                  `json:"direction"`
	Findings  int64                   `json:"findings"`
	Possible  int64                   `json:"possible"` // of the findings, those that are not certain
	Amounts   map[string]pipeline.Sum `json:"amounts"`
}

// BaselineOverview is what there is to know of the report that findings are
// compared with.
type BaselineOverview struct {
	Report   string `json:"report"` // its name; empty on the first night, when there is none
	AsOf     string `json:"as_of"`
	Findings int64  `json:"findings"` // of it, each id once
}

// DecisionCount is what the findings come to that were decided alike.
type DecisionCount struct {
	Decision string `json:"decision"`
	InForce  Effect `json:"in_force"`
	Expired  Effect `json:"expired"` // the day of the decision's "until" has passed
}

// Effect is how many findings there are, and what they amount to.
type Effect struct {
	Findings int64                   `json:"findings"`
	Amounts  map[string]pipeline.Sum `json:"amounts"`
}

// ReasonCount is how many rows were rejected for a reason.
type ReasonCount struct {
	Reason string `json:"reason"`
	Rows   int64  `json:"rows"`
}

// Notice is something about the run that its reader should know. Its text holds
// nothing of a single record.
type Notice struct {
	Name    string `json:"name"` // as policy_agency_unused; stable
	Text    string `json:"text"`
	Records int64  `json:"records,omitempty"` // that it is about, where it is about records
}

// RegisterOverview is what there is to know of the register that was used.
type RegisterOverview struct {
	Numbers     int64            `json:"numbers"`
	Entries     int64            `json:"entries"`
	ExtractDate string           `json:"extract_date"` // empty where it is not known
	Checks      *register.Checks `json:"checks"`
}

// counts are the findings that have been counted so far. Sums do not depend on
// the order, so each encoder counts for itself.
type counts struct {
	rules        []pipeline.Tally
	possible     []int64 // by rule
	severities   [4]pipeline.Tally
	confidence   [2]pipeline.Tally
	agencies     []pipeline.Tally
	paymentTypes []pipeline.Tally
	months       map[int]*pipeline.Tally
	states       [Returned + 1]pipeline.Tally
	decisions    [NotInvestigated + 1]effect
	excused      [4]pipeline.Tally // by severity
	// The months of days that have been looked up, by day modulo monthDays.
	monthOf [monthDays]dayMonth
}

// monthDays is a power of two, and some years of days.
const monthDays = 1 << 11

type dayMonth struct {
	day   calendar.Day
	month *pipeline.Tally // nil for none
}

func newCounts(run *Run) *counts {
	return &counts{
		rules:    make([]pipeline.Tally, len(run.Catalogue)),
		possible: make([]int64, len(run.Catalogue)),
		months:   map[int]*pipeline.Tally{},
	}
}

func (c *counts) add(f *Finding) {
	addFinding(&c.rules[f.Rule], f)
	addFinding(&c.severities[f.Severity], f)
	if f.Possible {
		c.possible[f.Rule]++
		addFinding(&c.confidence[1], f)
	} else {
		addFinding(&c.confidence[0], f)
	}
	addFinding(at(&c.agencies, f.Agency), f)
	addFinding(at(&c.paymentTypes, f.PaymentType), f)
	known := &c.monthOf[uint32(f.PaymentDate)%monthDays]
	if known.day != f.PaymentDate || known.month == nil {
		*known = dayMonth{f.PaymentDate, c.ofMonth(f.PaymentDate.Month())}
	}
	addFinding(known.month, f)
	if f.State != NoState {
		addFinding(&c.states[f.State], f)
	}
	if f.Decision != NoDecision {
		addFinding(c.decisions[f.Decision].of(f), f)
		if f.IsExcused() {
			addFinding(&c.excused[f.Severity], f)
		}
	}
}

func (c *counts) ofMonth(month int) *pipeline.Tally {
	tally := c.months[month]
	if tally == nil {
		tally = new(pipeline.Tally)
		c.months[month] = tally
	}
	return tally
}

func addFinding(tally *pipeline.Tally, f *Finding) {
	tally.Add(1, 0)
	tally.AddAmount(f.Amount, f.Currency)
}

// at is the tally of a number, which it makes where there is none yet.
func at(tallies *[]pipeline.Tally, number uint16) *pipeline.Tally {
	for int(number) >= len(*tallies) {
		*tallies = append(*tallies, pipeline.Tally{})
	}
	return &(*tallies)[number]
}

func (c *counts) merge(other *counts) {
	for i := range other.rules {
		c.rules[i].AddTally(&other.rules[i])
		c.possible[i] += other.possible[i]
	}
	for i := range other.severities {
		c.severities[i].AddTally(&other.severities[i])
	}
	for i := range other.confidence {
		c.confidence[i].AddTally(&other.confidence[i])
	}
	for i := range other.agencies {
		at(&c.agencies, uint16(i)).AddTally(&other.agencies[i])
	}
	for i := range other.paymentTypes {
		at(&c.paymentTypes, uint16(i)).AddTally(&other.paymentTypes[i])
	}
	for month, tally := range other.months {
		c.ofMonth(month).AddTally(tally)
	}
	for i := range other.states {
		c.states[i].AddTally(&other.states[i])
	}
	for i := range other.decisions {
		c.decisions[i].inForce.AddTally(&other.decisions[i].inForce)
		c.decisions[i].expired.AddTally(&other.decisions[i].expired)
	}
	for i := range other.excused {
		c.excused[i].AddTally(&other.excused[i])
	}
}

// fill puts the counts into a summary.
func (c *counts) fill(s *Summary, run *Run, t *texts) {
	count := func(name string, tally *pipeline.Tally) Count {
		account := accountOf(tally, t.currency)
		return Count{Name: name, Findings: account.Rows, Amounts: account.Amounts}
	}
	s.Rules = []RuleCount{}
	for i, rule := range run.Catalogue {
		if run.Severities[i] == rules.Off && c.rules[i].Rows == 0 {
			continue
		}
		account := accountOf(&c.rules[i], t.currency)
		s.Rules = append(s.Rules, RuleCount{
			Rule: rule.Name, Severity: run.Severities[i].String(), Direction: rule.Direction.String(),
			Findings: account.Rows, Possible: c.possible[i], Amounts: account.Amounts,
		})
		s.Findings += account.Rows
	}
	for _, severity := range []rules.Severity{rules.Error, rules.Warning, rules.Info} {
		s.Severities = append(s.Severities, count(severity.String(), &c.severities[severity]))
	}
	s.Confidence = []Count{count("certain", &c.confidence[0]), count("possible", &c.confidence[1])}
	s.Agencies = countsByName(c.agencies, t.agency, count)
	s.PaymentTypes = countsByName(c.paymentTypes, t.paymentType, count)
	s.Months = []Count{}
	for _, month := range slices.Sorted(maps.Keys(c.months)) {
		s.Months = append(s.Months, count(fmt.Sprintf("%04d-%02d", month/12, month%12+1), c.months[month]))
	}
	if run.Follow {
		for state := New; state <= Returned; state++ {
			s.States = append(s.States, count(state.String(), &c.states[state]))
		}
	}
	if run.Decide == nil {
		return
	}
	effectOf := func(tally *pipeline.Tally) Effect {
		account := accountOf(tally, t.currency)
		return Effect{Findings: account.Rows, Amounts: account.Amounts}
	}
	for _, decision := range Decisions() {
		effect := &c.decisions[decision]
		s.Decisions = append(s.Decisions, DecisionCount{Decision: decision.String(), InForce: effectOf(&effect.inForce), Expired: effectOf(&effect.expired)})
	}
	for _, severity := range []rules.Severity{rules.Error, rules.Warning, rules.Info} {
		s.Excused = append(s.Excused, count(severity.String(), &c.excused[severity]))
	}
}

// countsByName are the counts of a dictionary's texts that have findings, by
// text: the numbers of the texts depend on which worker was first.
func countsByName(tallies []pipeline.Tally, names [][]byte, count func(string, *pipeline.Tally) Count) []Count {
	list := []Count{}
	for number := range tallies {
		if tallies[number].Rows > 0 {
			list = append(list, count(string(names[number]), &tallies[number]))
		}
	}
	slices.SortFunc(list, func(a, b Count) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// reasonCounts are how many rows were rejected for each reason.
type reasonCounts [int(pipeline.AmountRange) + 1]int64

func (c *reasonCounts) list() []ReasonCount {
	list := []ReasonCount{}
	for reason, rows := range c {
		if rows > 0 {
			list = append(list, ReasonCount{Reason: pipeline.RejectReason(reason).String(), Rows: rows})
		}
	}
	return list
}
