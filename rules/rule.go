// Package rules judges records. A rule is a value: its name, its meaning, the
// law behind it, which records it looks at and a function over their columns.
// All lists them; nothing registers itself. A Checker runs them over batches.
//
// A finding is about the data; the rules return no errors, do no input or
// output, start no goroutine and keep nothing from batch to batch.
package rules

import (
	"cmp"
	"slices"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
)

// Rule is one thing that a record can be found to be.
type Rule struct {
	// Name is what reports, decisions and dashboards refer to; it never changes.
	Name string
	// Title is the name in words, Doc the meaning, Action what to do about it:
	// the texts of the catalogue, the report and the documentation.
	Title, Doc, Action string
	// Details are the values that the detail of a finding can have, or say what it holds.
	Details string
	// Swedish are the same four in Swedish. The values of details stay as they are.
	Swedish Texts
	// Severity is the default; a policy can change it.
	Severity Severity
	// OffByDefault says that the rule speaks only where the policy turns it on.
	OffByDefault bool
	Direction    Direction
	Laws         []Law
	// IsIdle says that a policy gives the rule nothing to look for; nil for a rule
	// that always has something.
	IsIdle func(p *Policy) bool

	// Fact is what the rule has from the register.
	Fact Fact

	// Looks says which records of a batch the rule looks at. Find reports those
	// of rows, which are in ascending order, that are found.
	Looks Population
	Find  func(f *Facts, rows []int32, hits *Hits)

	// Across is set, and Find is nil, for a rule that compares records with
	// each other.
	Across *Across
}

// Law is a provision with the days on which it was in force: From (inclusive)
// to Until (exclusive), Missing where a bound is open.
type Law struct {
	Cite        string
	From, Until calendar.Day
}

// InForce says whether the provision was in force on a day.
func (l Law) InForce(day calendar.Day) bool {
	return day >= l.From && (l.Until == calendar.Missing || day < l.Until)
}

// since is a law in force from a day on.
func since(cite string, year, month, day int) Law {
	return Law{Cite: cite, From: calendar.Of(year, month, day), Until: calendar.Missing}
}

// The provisions that several rules rest on. A bound that is not known for
// certain is left open.
var (
	lawNumber           = since("folkbokföringslagen (1991:481) 18 §", 1991, 7, 1)
	lawFalseIdentity    = since("folkbokföringslagen (1991:481) 22 §", 1991, 7, 1)
	lawEmigrated        = since("folkbokföringslagen (1991:481) 20 §", 1991, 7, 1)
	lawDisappeared      = since("folkbokföringslagen (1991:481) 21 §", 1991, 7, 1)
	lawNotice           = Law{Cite: "folkbokföringslagen (1991:481) 32 c §", From: calendar.Missing, Until: calendar.Missing}
	lawInactiveEarlier  = Law{Cite: "folkbokföringslagen (1991:481) i lydelse enligt 2021:375", From: calendar.Missing, Until: calendar.Of(2023, 9, 1)}
	lawCoordination     = since("lag (2022:1697) om samordningsnummer 2 kap.", 2023, 9, 1)
	lawInactive         = since("lag (2022:1697) om samordningsnummer 3 kap. 2 §", 2023, 9, 1)
	lawInactiveChapter  = since("lag (2022:1697) om samordningsnummer 3 kap.", 2023, 9, 1)
	lawNoticeNumber     = since("lag (2022:1697) om samordningsnummer 4 kap. 1 §", 2023, 9, 1)
	lawUncertainPurpose = since("förordning (2023:363) om samordningsnummer 5 §", 2023, 9, 1)
	lawPensionDeath     = since("socialförsäkringsbalken (2010:110) 56 kap. 7 §", 2011, 1, 1)
	lawSicknessDeath    = since("socialförsäkringsbalken (2010:110) 33 kap. 15 §", 2011, 1, 1)
	lawCareDeath        = since("socialförsäkringsbalken (2010:110) 22 kap. 11–12 §§", 2019, 1, 1)
)

// Fact is what of the register a finding rests on, which says when it was known.
type Fact uint8

// The facts.
const (
	// StatusFact is the entry in force. Rules that rest on nothing of the register have it, too.
	StatusFact Fact = iota
	// LevelFact is the identity level, which may be another entry's.
	LevelFact
	// DeathFact is the death of the person, of whom another number's entry may tell.
	DeathFact

	factCount
)

// Population says which records of a batch a rule looks at; the Checker sorts
// the rows into populations once for all rules. None has a rejected row.
type Population uint8

// The populations.
const (
	// MalformedRows are those that are no number of any kind.
	MalformedRows Population = iota
	// OtherKindRows are those with an organisation, GD or interim number.
	OtherKindRows
	// ReadRows are those with a personal or coordination number, known to the register or not.
	ReadRows
	// RareAgeRows are the ReadRows whose number begins with the year of the payment or a later one, or with one a hundred years or more before.
	RareAgeRows
	// SeparatedRows are the ReadRows with a plus, and the RareAgeRows with a hyphen.
	SeparatedRows
	// AmbiguousRows are those of Batch.Ambiguous, in its order.
	AmbiguousRows
	// CoordinationRows are the ReadRows with a coordination number.
	CoordinationRows
	// UnknownRows are the ReadRows whose number the register does not have.
	UnknownRows
	// PerhapsUnassignedRows are those of which the entry in force does not imply that the number had been assigned.
	PerhapsUnassignedRows
	// PerhapsDeadRows are those whose own entry tells of a death, or leads to another number.
	PerhapsDeadRows
	// ReplacedRows are those whose number another replaces.
	ReplacedRows
	// DeregisteredRows are those whose number is deregistered.
	DeregisteredRows
	// InactiveRows are those whose number is inactive.
	InactiveRows
	// LevelRows are those with an entry in force and a known identity level.
	LevelRows
	// ActiveCoordinationRows are those with an active coordination number.
	ActiveCoordinationRows
	// JoinedRows are those whose number is joined to another by links on some day.
	JoinedRows

	populations
)

// A word of 16 bits holds a set of them.
const _ = uint(16 - populations)

// Detail is what a finding says beyond its rule: a text, or a day where Text is
// empty and Day is not missing.
type Detail struct {
	Text string
	Day  calendar.Day
}

// noDetail is the detail of a finding that says all by its rule.
var noDetail = Detail{Day: calendar.Missing}

// AppendText appends the detail as it stands in the report.
func (d Detail) AppendText(dst []byte) []byte {
	if d.Text != "" {
		return append(dst, d.Text...)
	}
	return d.Day.AppendText(dst)
}

// Hit is a finding about a row of a batch.
type Hit struct {
	Row      int32
	Rule     uint8 // place in All
	Possible bool  // else certain
	Detail   Detail
	Other    identity.Number // other_number, 0 for none
}

// Hits collects the findings of a batch, rule after rule.
type Hits struct {
	List []Hit
	rule uint8

	sorted []Hit
	next   []int32 // by row: the place of its next hit
}

// Add reports a row.
func (h *Hits) Add(row int32, detail string) {
	h.List = append(h.List, Hit{Row: row, Rule: h.rule, Detail: Detail{Text: detail, Day: calendar.Missing}})
}

// AddDay reports a row with a day for detail.
func (h *Hits) AddDay(row int32, day calendar.Day) {
	h.List = append(h.List, Hit{Row: row, Rule: h.rule, Detail: Detail{Day: day}})
}

func (h *Hits) add(hit Hit) {
	hit.Rule = h.rule
	h.List = append(h.List, hit)
}

// sort brings the hits, which rule after rule has added by row, into the order
// of the rows, then of the rules.
func (h *Hits) sort(rows int) {
	if len(h.List) <= rows/64 {
		slices.SortStableFunc(h.List, func(a, b Hit) int { return cmp.Compare(a.Row, b.Row) })
		return
	}
	// Many hits are counted into their places.
	h.next = grow(h.next, rows)
	clear(h.next)
	for i := range h.List {
		h.next[h.List[i].Row]++
	}
	place := int32(0)
	for row, count := range h.next {
		h.next[row] = place
		place += count
	}
	h.sorted = grow(h.sorted, len(h.List))
	for i := range h.List {
		hit := &h.List[i]
		h.sorted[h.next[hit.Row]] = *hit
		h.next[hit.Row]++
	}
	h.List, h.sorted = h.sorted, h.List
}
