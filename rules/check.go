package rules

import (
	"cmp"
	"slices"

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
	// The populations of a state, a bit each: where the entry is in force, and
	// where there is none in force yet.
	inForce, before []uint16
	hits            Hits
	flagged         []bool // by row of the batch
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

	c.hits.List = c.hits.List[:0]
	for i, rule := range all {
		if rule.Find != nil && c.severities[i] != Off && len(c.rows[rule.Looks]) > 0 {
			c.hits.rule = uint8(i)
			rule.Find(&c.facts, c.rows[rule.Looks], &c.hits)
		}
	}
	slices.SortFunc(c.hits.List, func(a, b Hit) int {
		return cmp.Compare(int64(a.Row)<<8|int64(a.Rule), int64(b.Row)<<8|int64(b.Rule))
	})
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
	for i := range b.Rows {
		row := int32(i)
		number := b.Number[i]
		if number == 0 {
			switch {
			case b.Rejected[i]:
			case b.Fault[i] != 0:
				c.rows[MalformedRows] = append(c.rows[MalformedRows], row)
			default:
				c.rows[OtherKindRows] = append(c.rows[OtherKindRows], row)
			}
			continue
		}
		c.rows[ReadRows] = append(c.rows[ReadRows], row)
		if b.Text[i].Separator != 0 {
			c.rows[SeparatedRows] = append(c.rows[SeparatedRows], row)
		}
		isCoordination := number.IsCoordination()
		if isCoordination {
			c.rows[CoordinationRows] = append(c.rows[CoordinationRows], row)
		}
		if b.Place[i] == register.NotFound {
			c.rows[UnknownRows] = append(c.rows[UnknownRows], row)
			continue
		}
		entry := b.Entry[i]
		belongs := c.before[entry.State]
		if entry.InForce {
			belongs = c.inForce[entry.State]
		}
		// Most people are alive, listed and know of no number but their own.
		if belongs == 0 {
			continue
		}
		for population := PerhapsUnassignedRows; population < populations; population++ {
			if belongs>>population&1 != 0 && (population != ActiveCoordinationRows || isCoordination) {
				c.rows[population] = append(c.rows[population], row)
			}
		}
	}
}

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
	for i := range c.hits.List {
		hit := &c.hits.List[i]
		if c.severities[hit.Rule] >= Warning {
			c.flagged[hit.Row] = true
		}
	}
	clean, flagged := &c.clean, &c.flaggedCount
	var cleanRows, flaggedRows int64
	for i := range b.Rows {
		switch {
		case c.flagged[i]:
			flaggedRows++
			flagged.AddAmount(b.Amount[i], b.Currency[i])
		case !b.Rejected[i]:
			cleanRows++
			clean.AddAmount(b.Amount[i], b.Currency[i])
		}
	}
	clean.Add(cleanRows, 0)
	flagged.Add(flaggedRows, 0)
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
