package rules

import (
	"math/bits"
	"slices"

	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// Checker runs the rules over batches. A worker has one of its own; what it
// returns is good until its next batch.
type Checker struct {
	policy       *Policy
	dictionaries *pipeline.Dictionaries
	severities   []Severity // by place in All
	facts        Facts
	reader       reader
	rows         [populations][]int32
	needsRead    bool // a rule that has something to look for looks at ReadRows
	// The populations of a state, a bit each: where the entry is in force, and
	// where there is none in force yet.
	inForce, before []uint16
	hits            Hits
	flagged         []bool  // by row of the batch
	unclean         []int32 // rows of the batch that are flagged or rejected
	// Of the batches since TakeTallies: the clean records, and those flagged.
	clean, flaggedCount pipeline.Tally
}

// NewChecker is a checker of records whose texts the dictionaries number,
// against a register and a policy.
func NewChecker(policy *Policy, snapshot *register.Snapshot, dictionaries *pipeline.Dictionaries) *Checker {
	c := &Checker{policy: policy, dictionaries: dictionaries, severities: policy.AllSeverities()}
	c.facts.Register = snapshot
	c.facts.states = snapshot.States()
	c.facts.usePolicy(policy)
	for i := range c.facts.states {
		state := &c.facts.states[i]
		c.inForce = append(c.inForce, populationsInForce(state))
		c.before = append(c.before, populationsBefore(state))
	}
	for i, isIdle := range policy.Idle() {
		if isIdle {
			c.severities[i] = Off
		}
	}
	for i, rule := range all {
		looks := rule.Looks == ReadRows || rule.Across != nil && rule.Across.Looks == ReadRows
		c.needsRead = c.needsRead || looks && c.severities[i] != Off
	}
	if snapshot.Len() > 0 {
		c.reader.oldest = snapshot.NumberAt(0)
	}
	c.reader.oldest = max(c.reader.oldest, 1)
	return c
}

// Check reads the numbers of a batch, looks them up and runs the rules. It
// returns the findings by row, then by place in the catalogue.
func (c *Checker) Check(b *pipeline.Batch) []Hit {
	c.facts.Batch = b
	c.facts.extendPolicy(c.policy, c.dictionaries.PaymentType.Values(), c.dictionaries.Agency.Values())

	c.reader.read(b)
	c.reader.lookUp(b, c.facts.Register)
	c.sortRows(b)
	c.facts.followLinks(c.rows[ReplacedRows])
	c.facts.findDeaths(c.rows[PerhapsDeadRows])
	c.facts.findLastDays(c.rows[ActiveCoordinationRows])

	c.hits.List = c.hits.List[:0]
	for i, rule := range all {
		if rule.Find != nil && c.severities[i] != Off && len(c.rows[rule.Looks]) > 0 {
			c.hits.rule = uint8(i)
			rule.Find(&c.facts, c.rows[rule.Looks], &c.hits)
		}
	}
	c.hits.sort(b.Rows)
	c.tally(b)
	return c.hits.List
}

// Facts are those of the batch that was checked last.
func (c *Checker) Facts() *Facts { return &c.facts }

// Rows are the rows of a population in the batch that was checked last.
func (c *Checker) Rows(population Population) []int32 { return c.rows[population] }

// Severity is the severity that the policy gives a rule, by its place in All.
func (c *Checker) Severity(rule uint8) Severity { return c.severities[rule] }

// IsFlagged says whether a row of the batch that was checked last has a finding
// of severity warning or error.
func (c *Checker) IsFlagged(row int32) bool { return c.flagged[row] }

// TakeTallies gives the clean and the flagged records of the batches since it
// was last called, and begins to count anew.
func (c *Checker) TakeTallies() (clean, flagged pipeline.Tally) {
	clean, flagged = c.clean, c.flaggedCount
	c.clean, c.flaggedCount = pipeline.Tally{}, pipeline.Tally{}
	return clean, flagged
}

// sortRows puts the rows of a batch into populations.
func (c *Checker) sortRows(b *pipeline.Batch) {
	for i := range c.rows {
		c.rows[i] = c.rows[i][:0]
	}
	for i := range b.Ambiguous {
		c.rows[AmbiguousRows] = append(c.rows[AmbiguousRows], b.Ambiguous[i].Row)
	}
	if c.needsRead {
		for i, number := range b.Number {
			if number != 0 {
				c.rows[ReadRows] = append(c.rows[ReadRows], int32(i))
			}
		}
	}
	n := b.Rows
	numbers, years, kinds, texts, places, entries := b.Number[:n], b.Year[:n], b.Kind[:n], b.Text[:n], b.Place[:n], b.Entry[:n]
	for i, number := range numbers {
		// Most people are alive, listed, between 1 and 99 years old, and know of no
		// number but their own: they are in none of the populations that follow.
		// The year of payment less 99 is the first of the ages that are not rare.
		sinceFirst := int64(number) - (int64(years[i])-99)*1e8
		isRareAge := uint64(sinceFirst) >= 99*1e8
		entry := entries[i]
		belongs := c.inForce[entry.State]
		if !entry.InForce {
			belongs = c.before[entry.State]
		}
		if !isRareAge && belongs&^coordinationOnly == 0 && kinds[i] == identity.Personal && texts[i].Separator != identity.Plus && places[i] != register.NotFound {
			continue
		}
		c.sortRow(b, int32(i), isRareAge, belongs)
	}
}

// sortRow puts a row into populations, of which belongs has those that its
// entry says, where there is one.
func (c *Checker) sortRow(b *pipeline.Batch, row int32, isRareAge bool, belongs uint16) {
	add := func(population Population) { c.rows[population] = append(c.rows[population], row) }
	if b.Number[row] == 0 {
		switch {
		case b.Rejected[row]:
		case b.Fault[row] != 0:
			add(MalformedRows)
		default:
			add(OtherKindRows)
		}
		return
	}
	separator := b.Text[row].Separator
	if isRareAge {
		add(RareAgeRows)
	}
	if separator == identity.Plus || isRareAge && separator == identity.Hyphen {
		add(SeparatedRows)
	}
	isCoordination := b.Kind[row] == identity.Coordination
	if isCoordination {
		add(CoordinationRows)
	}
	if b.Place[row] == register.NotFound {
		add(UnknownRows)
		return
	}
	if !isCoordination {
		belongs &^= coordinationOnly
	}
	for ; belongs != 0; belongs &= belongs - 1 {
		add(Population(bits.TrailingZeros16(belongs)))
	}
}

// coordinationOnly are the populations of coordination numbers alone, in which the
// state of other numbers would have them, too.
const coordinationOnly = 1 << ActiveCoordinationRows

func populationsInForce(s *register.State) uint16 {
	var belongs uint16
	add := func(condition bool, population Population) {
		if condition {
			belongs |= 1 << population
		}
	}
	isDead := s.HasDeath || s.Code == register.CodeAV
	add(s.AssignedLater, PerhapsUnassignedRows)
	add(isDead || s.IsReplaced(), PerhapsDeadRows)
	add(s.IsReplaced(), ReplacedRows)
	add(s.Status == register.Deregistered, DeregisteredRows)
	add(s.Status == register.Inactive, InactiveRows)
	add(s.Level.IsKnown(), LevelRows)
	add(s.Status == register.Active, ActiveCoordinationRows)
	add(s.SeveralNumbers, JoinedRows)
	return belongs
}

// populationsBefore are those of a row before the number's first entry: nothing
// is known of its status, but the death rules and used_before_assigned speak.
func populationsBefore(s *register.State) uint16 {
	belongs := uint16(1 << PerhapsUnassignedRows)
	if s.HasDeath {
		belongs |= 1 << PerhapsDeadRows
	}
	if s.SeveralNumbers {
		belongs |= 1 << JoinedRows
	}
	return belongs
}

// tally counts the clean and the flagged records of the batch.
func (c *Checker) tally(b *pipeline.Batch) {
	c.flagged = append(c.flagged[:0], make([]bool, b.Rows)...)
	c.unclean = c.unclean[:0]
	for i := range c.hits.List {
		hit := &c.hits.List[i]
		if c.severities[hit.Rule] >= Warning && !c.flagged[hit.Row] {
			c.flagged[hit.Row] = true
			c.flaggedCount.AddAmount(b.Amount[hit.Row], b.Currency[hit.Row])
			c.unclean = append(c.unclean, hit.Row)
		}
	}
	c.flaggedCount.Add(int64(len(c.unclean)), 0)

	for row, isRejected := range b.Rejected[:b.Rows] {
		if isRejected {
			c.unclean = append(c.unclean, int32(row))
		}
	}
	slices.Sort(c.unclean)
	c.clean.Add(int64(b.Rows-len(c.unclean)), 0)
	first := int32(0)
	for _, row := range append(c.unclean, int32(b.Rows)) {
		c.clean.AddRows(b.Amount[first:row], b.Currency[first:row])
		first = row + 1
	}
}

// Idle says, by place in All, which rules the policy gives nothing to look for,
// whatever their severity.
func (p *Policy) Idle() []bool {
	idle := make([]bool, len(all))
	for i, rule := range all {
		idle[i] = rule.IsIdle != nil && rule.IsIdle(p)
	}
	return idle
}

// AllSeverities are the severities of all rules by place in All: the policy's,
// else the rule's own.
func (p *Policy) AllSeverities() []Severity {
	severities := make([]Severity, len(all))
	for i, rule := range all {
		severities[i] = rule.Severity
		if rule.OffByDefault {
			severities[i] = Off
		}
		if severity, ok := p.Severities[rule.Name]; ok {
			severities[i] = severity
		}
	}
	return severities
}
