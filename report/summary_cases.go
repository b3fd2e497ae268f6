package report

import (
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/rules"
)

// BaselineCounts are the findings of a report beside those of an earlier one.
// New, Persisting and Returned are those of this report; Resolved and NotRead
// are the earlier report's that are gone: their record was read and is clean
// now, or it was not in the input.
type BaselineCounts struct {
	Report     string    `json:"report"`   // the name of the earlier one
	AsOf       string    `json:"as_of"`    // its day
	Findings   int64     `json:"findings"` // that it has, each id once
	New        CaseCount `json:"new"`
	Persisting CaseCount `json:"persisting"`
	Returned   CaseCount `json:"returned"`
	Resolved   CaseCount `json:"resolved"`
	NotRead    CaseCount `json:"not_read"`
	// Unknown are those that are gone of which it does not tell the record; nil for none.
	Unknown *CaseCount `json:"unknown,omitempty"`
}

// CaseCount is a number of findings and what they amount to.
type CaseCount struct {
	Findings int64                   `json:"findings"`
	Amounts  map[string]pipeline.Sum `json:"amounts"` // by currency, where not zero
	// ByCurrency are the findings of each amount: without it the page hides the
	// amounts of a report with several currencies, since one may be of few.
	ByCurrency map[string]int64 `json:"-"`
}

// DecisionCount is how many findings a decision has been made of. Those whose
// decision has expired are among them, and counted again in Expired.
type DecisionCount struct {
	Decision string `json:"decision"`
	CaseCount
	Expired        int64                   `json:"expired"`
	ExpiredAmounts map[string]pipeline.Sum `json:"expired_amounts"` // by currency, where not zero
}

// add counts a finding of the earlier report that is gone.
func (c *CaseCount) add(g *Gone) {
	if c.Amounts == nil {
		c.Amounts, c.ByCurrency = map[string]pipeline.Sum{}, map[string]int64{}
	}
	currency := string(g.Currency)
	sum := c.Amounts[currency]
	sum.Add(g.Amount)
	c.Findings++
	c.Amounts[currency] = sum
	c.ByCurrency[currency]++
}

// caseCount is a Count without its name.
func (c Count) caseCount() CaseCount {
	return CaseCount{Findings: c.Findings, Amounts: c.Amounts, ByCurrency: c.byCurrency}
}

// caseSums are what is counted for a baseline and decisions.
type caseSums struct {
	states           [Returned + 1]sums
	decided, expired [NotInvestigated + 1]sums // expired ones are among the decided
	excused          [rules.Error + 1]sums     // by severity
}

func (c *caseSums) add(f *Finding) {
	if f.State != NoState {
		c.states[f.State].add(f)
	}
	if f.Decision == NoDecision {
		return
	}
	c.decided[f.Decision].add(f)
	if f.IsExpired {
		c.expired[f.Decision].add(f)
	}
	if f.IsExcused() {
		c.excused[f.Severity].add(f)
	}
}

func (c *caseSums) merge(other *caseSums) {
	for _, pair := range []struct{ into, from []sums }{
		{c.states[:], other.states[:]}, {c.decided[:], other.decided[:]}, {c.expired[:], other.expired[:]}, {c.excused[:], other.excused[:]},
	} {
		for i := range pair.from {
			pair.into[i].merge(pair.from[i])
		}
	}
}

// fill puts the decisions into a summary.
func (c *caseSums) fill(s *Summary, count func(string, sums) Count) {
	for _, decision := range Decisions() {
		expired := count("", c.expired[decision])
		s.Decisions = append(s.Decisions, DecisionCount{
			Decision: decision.String(), CaseCount: count("", c.decided[decision]).caseCount(),
			Expired: expired.Findings, ExpiredAmounts: expired.Amounts,
		})
	}
	for _, severity := range []rules.Severity{rules.Error, rules.Warning, rules.Info} {
		s.Excused = append(s.Excused, count(severity.String(), c.excused[severity]))
	}
}

// baseline are the findings beside those of an earlier report.
func (c *caseSums) baseline(input *BaselineInput, followed *followedTables, count func(string, sums) Count) *BaselineCounts {
	state := func(s State) CaseCount { return count("", c.states[s]).caseCount() }
	counts := &BaselineCounts{
		Report: input.Report, AsOf: input.AsOf, Findings: input.Findings,
		New: state(New), Persisting: state(Persisting), Returned: state(Returned),
		Resolved: followed.outcome(Resolved), NotRead: followed.outcome(NotRead),
	}
	if unknown := followed.outcome(Unknown); unknown.Findings > 0 {
		counts.Unknown = &unknown
	}
	return counts
}

// outcome is how many findings are gone so, each map there.
func (f *followedTables) outcome(o Outcome) CaseCount {
	count := f.outcomes[o]
	amounts := map[string]pipeline.Sum{}
	for currency, sum := range count.Amounts {
		if !sum.IsZero() {
			amounts[currency] = sum
		}
	}
	count.Amounts = amounts
	return count
}

// States are the findings of the report by their state.
func (b *BaselineCounts) States() []Count {
	return []Count{b.New.named(New.String()), b.Persisting.named(Persisting.String()), b.Returned.named(Returned.String())}
}

// Gone are the earlier report's findings that are gone, by what became of them.
func (b *BaselineCounts) Gone() []Count {
	gone := []Count{b.Resolved.named(Resolved.String()), b.NotRead.named(NotRead.String())}
	if b.Unknown != nil {
		gone = append(gone, b.Unknown.named(Unknown.String()))
	}
	return gone
}

func (c CaseCount) named(name string) Count {
	return Count{Name: name, Findings: c.Findings, Amounts: c.Amounts, byCurrency: c.ByCurrency}
}
