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
	// Directions say who should act; StatusAges how many days the status had been
	// in force on the payment date; KnownAtPayment whether the register told of it by then.
	Directions     []Count `json:"directions"`
	StatusAges     []Count `json:"status_ages"`
	KnownAtPayment []Count `json:"known_at_payment"`
	// ClosedNumbers say where the chains of closed_number lead, ExpiringMonths when
	// the numbers of expiring_number have their last day.
	ClosedNumbers  []Count          `json:"closed_numbers"`
	ExpiringMonths []Count          `json:"expiring_months"`
	Baseline       *BaselineCounts  `json:"baseline,omitempty"`  // nil without a baseline
	Decisions      []DecisionCount  `json:"decisions,omitempty"` // nil without decisions
	Excused        []Count          `json:"excused,omitempty"`   // the same; by severity, findings that do not count toward a threshold
	Rejected       []ReasonCount    `json:"rejected"`
	Notices        []Notice         `json:"notices"`
	Register       RegisterOverview `json:"register"`
	Ledger         Ledger           `json:"ledger"`
}

// Count is how many findings there are of a value, and what they amount to.
type Count struct {
	Name     string                  `json:"name"`
	Findings int64                   `json:"findings"`
	Amounts  map[string]pipeline.Sum `json:"amounts"` // by currency, where not zero

	byCurrency map[string]int64 // findings
}

// RuleCount is the Count of a rule that was on, with what it says.
type RuleCount struct {
	Rule      string                  `json:"rule"`
	Severity  string                  `json:"severity"`
	Direction string                  `json:"direction"`
	Findings  int64                   `json:"findings"`
	Possible  int64                   `json:"possible"` // of the findings, those that are not certain
	Amounts   map[string]pipeline.Sum `json:"amounts"`

	// IsIdle says that the policy gave it nothing to look for.
	IsIdle bool `json:"-"`

	byCurrency map[string]int64 // findings
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
	// Swedish is Text in Swedish, for the page.
	Swedish string `json:"-"`
	// Counted is how many the texts say that there are of something, 0 where they
	// say it of nothing. Where that is too few for the page it shows Uncounted or
	// UncountedSwedish, which say no number.
	Counted          int64  `json:"-"`
	Uncounted        string `json:"-"`
	UncountedSwedish string `json:"-"`
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
	rules        []sums
	possible     []int64 // by rule
	weights      [rules.Error + 1][len(knownNames)][len(certainty)]sums
	agencies     []sums
	paymentTypes []sums
	months       monthSums
	statusAges   [len(ageNames)]sums
	cases        caseSums

	// The places of closed_number and expiring_number in the catalogue, and what is
	// counted of them alone.
	closed, expiring uint8
	closedDetails    []string
	closedNumbers    []sums
	expiringMonths   monthSums

	// The months of payment dates that have been looked up, by day modulo monthDays.
	monthOf [monthDays]dayMonth
}

// monthDays is a power of two, and some years of days.
const monthDays = 1 << 11

// sums are findings and their öre by the number of their currency.
type sums []currencySum

type currencySum struct {
	findings int64
	ore      pipeline.Sum
}

func (s *sums) add(f *Finding) {
	if more := int(f.Currency) + 1 - len(*s); more > 0 {
		*s = append(*s, make(sums, more)...)
	}
	one := &(*s)[f.Currency]
	one.findings++
	one.ore.Add(f.Amount)
}

func (s *sums) merge(other sums) {
	if more := len(other) - len(*s); more > 0 {
		*s = append(*s, make(sums, more)...)
	}
	for currency := range other {
		(*s)[currency].findings += other[currency].findings
		(*s)[currency].ore.AddSum(other[currency].ore)
	}
}

func (s sums) findings() int64 {
	total := int64(0)
	for currency := range s {
		total += s[currency].findings
	}
	return total
}

// The bands of days for which a status had been in force, each up to and with
// its last day, then longer, then without a day.
var (
	ageNames = [...]string{"0_30", "31_90", "91_365", "366_730", "731_1825", "1826_or_more", "unknown"}
	ageLast  = [...]int{30, 90, 365, 730, 1825}
)

const (
	longAge    = len(ageLast)
	unknownAge = longAge + 1
)

// statusAge is the band of a finding.
func statusAge(f *Finding) int {
	if f.StatusFrom == calendar.Missing {
		return unknownAge
	}
	days := int(f.PaymentDate - f.StatusFrom)
	for band, last := range ageLast {
		if days <= last {
			return band
		}
	}
	return longAge
}

// knownNames are what can be said of whether the register told on the payment
// date, certainty of whether a finding is certain.
var (
	knownNames = [...]string{"known", "not_known", "unknown"}
	certainty  = [...]string{"certain", "possible"}
)

func knownAtPayment(f *Finding) int {
	switch known, isKnown := f.KnownAtPayment(); {
	case !isKnown:
		return 2
	case known:
		return 0
	}
	return 1
}

// monthSums are sums by calendar.Day.Month.
type monthSums map[int]*sums

func (m monthSums) of(month int) *sums {
	tally := m[month]
	if tally == nil {
		tally = new(sums)
		m[month] = tally
	}
	return tally
}

func (m monthSums) merge(other monthSums) {
	for month, tally := range other {
		m.of(month).merge(*tally)
	}
}

// dayMonth is a day whose month has been looked up.
type dayMonth struct {
	day   calendar.Day
	month *sums // nil for none
}

func newCounts(run *Run) *counts {
	c := &counts{
		rules:    make([]sums, len(run.Catalogue)),
		possible: make([]int64, len(run.Catalogue)),
		months:   monthSums{}, expiringMonths: monthSums{},
	}
	for i, rule := range run.Catalogue {
		switch rule.Name {
		case "closed_number":
			c.closed = uint8(i)
			c.closedDetails = strings.Split(rule.Details, ", ")
			c.closedNumbers = make([]sums, len(c.closedDetails))
		case "expiring_number":
			c.expiring = uint8(i)
		}
	}
	return c
}

func (c *counts) add(f *Finding) {
	c.rules[f.Rule].add(f)
	confidence := 0
	if f.Possible {
		c.possible[f.Rule]++
		confidence = 1
	}
	c.weights[f.Severity][knownAtPayment(f)][confidence].add(f)
	at(&c.agencies, f.Agency).add(f)
	at(&c.paymentTypes, f.PaymentType).add(f)
	known := &c.monthOf[uint32(f.PaymentDate)%monthDays]
	if known.day != f.PaymentDate || known.month == nil {
		*known = dayMonth{f.PaymentDate, c.months.of(f.PaymentDate.Month())}
	}
	known.month.add(f)
	c.statusAges[statusAge(f)].add(f)
	if f.State != NoState || f.Decision != NoDecision {
		c.cases.add(f)
	}
	switch f.Rule {
	case c.closed:
		for i, detail := range c.closedDetails {
			if string(f.Detail) == detail {
				c.closedNumbers[i].add(f)
			}
		}
	case c.expiring:
		c.addExpiring(f)
	}
}

// addExpiring counts a finding whose detail is the last day of its number.
func (c *counts) addExpiring(f *Finding) {
	day, ok := calendar.Parse(f.Detail)
	if !ok {
		return
	}
	c.expiringMonths.of(day.Month()).add(f)
}

// at is the tally of a number, which it makes where there is none yet.
func at(tallies *[]sums, number uint16) *sums {
	for int(number) >= len(*tallies) {
		*tallies = append(*tallies, nil)
	}
	return &(*tallies)[number]
}

func (c *counts) merge(other *counts) {
	for i := range other.rules {
		c.rules[i].merge(other.rules[i])
		c.possible[i] += other.possible[i]
	}
	for i := range other.agencies {
		at(&c.agencies, uint16(i)).merge(other.agencies[i])
	}
	for i := range other.paymentTypes {
		at(&c.paymentTypes, uint16(i)).merge(other.paymentTypes[i])
	}
	for _, pair := range []struct{ into, from []sums }{
		{c.statusAges[:], other.statusAges[:]}, {c.closedNumbers, other.closedNumbers},
	} {
		for i := range pair.from {
			pair.into[i].merge(pair.from[i])
		}
	}
	for i := range other.weights {
		for j := range other.weights[i] {
			for k := range other.weights[i][j] {
				c.weights[i][j][k].merge(other.weights[i][j][k])
			}
		}
	}
	c.months.merge(other.months)
	c.expiringMonths.merge(other.expiringMonths)
	c.cases.merge(&other.cases)
}

// fill puts the counts into a summary.
func (c *counts) fill(s *Summary, run *Run, t *texts, baseline *BaselineInput, followed *followedTables) {
	count := func(name string, tally sums) Count {
		count := Count{Name: name, Findings: tally.findings(), Amounts: map[string]pipeline.Sum{}, byCurrency: map[string]int64{}}
		for number, one := range tally {
			currency := string(t.currency[number])
			if !one.ore.IsZero() {
				count.Amounts[currency] = one.ore
			}
			if one.findings > 0 {
				count.byCurrency[currency] = one.findings
			}
		}
		return count
	}
	named := func(names []string, tallies []sums) []Count {
		list := []Count{}
		for i, name := range names {
			list = append(list, count(name, tallies[i]))
		}
		return list
	}
	s.Rules = []RuleCount{}
	var directions [rules.OnRegister + 1]sums
	for i, rule := range run.Catalogue {
		counted := count(rule.Name, c.rules[i])
		directions[rule.Direction].merge(c.rules[i])
		if run.Severities[i] == rules.Off && counted.Findings == 0 {
			continue
		}
		s.Rules = append(s.Rules, RuleCount{
			Rule: rule.Name, Severity: run.Severities[i].String(), Direction: rule.Direction.String(),
			Findings: counted.Findings, Possible: c.possible[i], Amounts: counted.Amounts, byCurrency: counted.byCurrency, IsIdle: run.Idle[i],
		})
		s.Findings += counted.Findings
	}
	var bySeverity [rules.Error + 1]sums
	var known [len(knownNames)]sums
	var confidence [len(certainty)]sums
	for i := range c.weights {
		for j := range c.weights[i] {
			for k, tally := range c.weights[i][j] {
				bySeverity[i].merge(tally)
				known[j].merge(tally)
				confidence[k].merge(tally)
			}
		}
	}
	for _, severity := range []rules.Severity{rules.Error, rules.Warning, rules.Info} {
		s.Severities = append(s.Severities, count(severity.String(), bySeverity[severity]))
	}
	s.Confidence = named(certainty[:], confidence[:])
	s.Agencies = countsByName(c.agencies, t.agency, count)
	s.PaymentTypes = countsByName(c.paymentTypes, t.paymentType, count)
	s.Months = countsByMonth(c.months, count)
	for _, direction := range []rules.Direction{rules.OnRecord, rules.OnIdentity, rules.OnRegister, rules.NoDirection} {
		s.Directions = append(s.Directions, count(direction.String(), directions[direction]))
	}
	s.StatusAges = named(ageNames[:], c.statusAges[:])
	s.KnownAtPayment = named(knownNames[:], known[:])
	s.ClosedNumbers = named(c.closedDetails, c.closedNumbers)
	s.ExpiringMonths = countsByMonth(c.expiringMonths, count)
	if baseline != nil {
		s.Baseline = c.cases.baseline(baseline, followed, count)
	}
	if run.Decide != nil {
		c.cases.fill(s, count)
	}
}

func countsByMonth(months monthSums, count func(string, sums) Count) []Count {
	list := []Count{}
	for _, month := range slices.Sorted(maps.Keys(months)) {
		list = append(list, count(fmt.Sprintf("%04d-%02d", month/12, month%12+1), *months[month]))
	}
	return list
}

// countsByName are the counts of a dictionary's texts that have findings, by
// text: the numbers of the texts depend on which worker was first.
func countsByName(tallies []sums, names [][]byte, count func(string, sums) Count) []Count {
	list := []Count{}
	for number := range tallies {
		if tallies[number].findings() > 0 {
			list = append(list, count(string(names[number]), tallies[number]))
		}
	}
	slices.SortFunc(list, func(a, b Count) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// reasonCounts are how many rows were rejected for each reason.
type reasonCounts [pipeline.RejectReasons]int64

func (c *reasonCounts) list() []ReasonCount {
	list := []ReasonCount{}
	for reason, rows := range c {
		if rows > 0 {
			list = append(list, ReasonCount{Reason: pipeline.RejectReason(reason).String(), Rows: rows})
		}
	}
	return list
}
