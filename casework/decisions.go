package casework

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// MaxDecisions is how many decisions a file may hold: people make them, and they
// are kept in memory, some 150 bytes each.
const MaxDecisions = 1_000_000

// Decisions are what case workers have decided of findings. They are shared by
// all who write findings.
type Decisions struct {
	Path   string // as it was given
	Size   int64  // bytes
	SHA256 [32]byte

	asOf     calendar.Day
	made     []made
	byID     map[[16]byte]int32 // place in made
	byNumber map[numberAndRule]int32
}

// made is a decision that somebody has made.
type made struct {
	decision  report.Decision
	until     calendar.Day // Missing for without end
	row       int64        // of the file, from 1
	isMatched *atomic.Bool // a finding is what it is about
}

type numberAndRule struct {
	number identity.Number
	rule   uint8 // place in the catalogue
}

// isExpired says whether a decision no longer holds on the day of the run.
func (d *Decisions) isExpired(m *made) bool { return m.until != calendar.Missing && m.until < d.asOf }

// Apply sets what was decided of a finding: of its id, else of its number and
// rule. It may be called by several goroutines.
func (d *Decisions) Apply(f *report.Finding) {
	f.Decision, f.DecisionUntil, f.IsExpired = report.NoDecision, calendar.Missing, false
	place, ok := d.byID[f.ID]
	if f.Number != 0 && len(d.byNumber) > 0 {
		if other, found := d.byNumber[numberAndRule{f.Number, f.Rule}]; found {
			d.made[other].match()
			if !ok {
				place, ok = other, true
			}
		}
	}
	if !ok {
		return
	}
	m := &d.made[place]
	m.match()
	f.Decision, f.DecisionUntil, f.IsExpired = m.decision, m.until, d.isExpired(m)
}

func (m *made) match() {
	if !m.isMatched.Load() { // mostly it has been
		m.isMatched.Store(true)
	}
}

// Notices are what there is to say of the decisions after all findings have been
// written: how many are about none, and in which rows they stand.
func (d *Decisions) Notices() []report.Notice {
	var rows []int64
	for i := range d.made {
		if d.made[i].row > 0 && !d.made[i].isMatched.Load() {
			rows = append(rows, d.made[i].row)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	const listed = 20
	var places []string
	for _, row := range rows[:min(listed, len(rows))] {
		places = append(places, fmt.Sprint(row))
	}
	list := strings.Join(places, ", ")
	english := fmt.Sprintf(rules.Plural(len(rows),
		"%d of the decisions in %s is about no finding of this run: row %s",
		"%d of the decisions in %s are about no finding of this run: rows %s"), len(rows), d.Path, list)
	swedish := fmt.Sprintf(rules.Plural(len(rows),
		"%d av besluten i %s gäller ingen träff i den här körningen: rad %s",
		"%d av besluten i %s gäller ingen träff i den här körningen: raderna %s"), len(rows), d.Path, list)
	if more := len(rows) - listed; more > 0 {
		english += fmt.Sprintf(" and %d more", more)
		swedish += fmt.Sprintf(" och %d till", more)
	}
	return []report.Notice{{
		Name: "decisions_unmatched", Text: english + ".", Swedish: swedish + ".", Counted: int64(len(rows)),
		Uncounted:        fmt.Sprintf("Some of the decisions in %s are about no finding of this run.", d.Path),
		UncountedSwedish: fmt.Sprintf("Några av besluten i %s gäller ingen träff i den här körningen.", d.Path),
	}}
}

// take reads a row of the file and says what is wrong with it, or "". It repeats
// no value: any may be an identity number in the wrong column.
func (d *Decisions) take(row int64, value func(column string) string) (complaint string) {
	if len(d.made) == MaxDecisions {
		return fmt.Sprintf("it is beyond the limit of %d decisions", MaxDecisions)
	}
	m := made{row: row, until: calendar.Missing, isMatched: new(atomic.Bool)}
	for _, decision := range report.Decisions() {
		if decision.String() == value("decision") {
			m.decision = decision
		}
	}
	if m.decision == report.NoDecision {
		var words []string
		for _, decision := range report.Decisions() {
			words = append(words, decision.String())
		}
		return "the column decision is none of " + strings.Join(words, ", ")
	}
	until := value("until")
	if until == "" && value(copiedUntil) != "" {
		// Copied from findings with its decision, it would become one without end.
		return "it has a day in decision_until and none in until: put the last day of the decision there, or empty both"
	}
	if until != "" {
		day, ok := calendar.Parse([]byte(until))
		if !ok {
			return "the column until is no day as 2006-01-02"
		}
		m.until = day
	}
	place := int32(len(d.made))
	if id := value("finding_id"); id != "" {
		parsed, err := parseID([]byte(id))
		if err != nil {
			return "the column finding_id is not 32 hexadecimal digits"
		}
		supersede(d, d.byID, parsed, place)
		d.made = append(d.made, m)
		return ""
	}
	if value("number") == "" || value("rule") == "" {
		return "it has neither a finding_id nor a number and a rule"
	}
	about := numberAndRule{rule: math.MaxUint8}
	for i, rule := range rules.All() {
		if rule.Name == value("rule") {
			about.rule = uint8(i)
		}
	}
	if about.rule == math.MaxUint8 {
		return "the column rule is no rule of the catalogue"
	}
	number := identity.Parse([]byte(value("number")))
	if number.Ten {
		return "the column number has ten digits, which do not tell the century: twelve are wanted"
	}
	if about.number = number.Number(); number.Fault != identity.NoFault || about.number == 0 {
		return "the column number is no personal or coordination number of twelve digits"
	}
	supersede(d, d.byNumber, about, place)
	d.made = append(d.made, m)
	return ""
}

// supersede puts a decision in the place of an earlier one about the same: the
// later row is what holds.
func supersede[Key comparable](d *Decisions, places map[Key]int32, about Key, place int32) {
	if before, ok := places[about]; ok {
		d.made[before].row = 0 // nobody asks for it any more
	}
	places[about] = place
}
