// Package reference says, in the plainest way, which findings a register and
// its records give. It is a second witness for tests: it shares no code with
// the program, knows nothing of files or columns, and takes whatever time it
// likes. Where it and the program differ, docs/domain.md decides.
package reference

import "time"

// Entry is a row of a register extract as text; an empty text is missing.
// Statuses and levels are the canonical words, days are 2006-01-02.
type Entry struct {
	Row                                       int // in the extract; of two rows of one day the later wins
	Number, Status, StatusFrom, Reason        string
	KnownFrom, Linked, Level                  string
	AssignedOn, RenewedOn, InactiveExpectedOn string
	DeceasedOn                                string // may be incomplete
	Protected                                 string // true, false or empty
}

// Record is a payment as an agency has it.
type Record struct {
	Source, File           string
	Row                    int64
	IdentityNumber         string
	IsInteger              bool // the number stands in a numeric column: Integer holds it
	Integer                int64
	PaymentDate            time.Time
	Amount                 int64 // öre
	RecordID               string
	Agency, PaymentType    string
	Currency               string    // SEK where it is empty
	PeriodStart, PeriodEnd time.Time // zero where missing
}

// Policy is what the agencies decide.
type Policy struct {
	Severities         map[string]string // by rule: off, on, true, false, info, warning or error
	PaymentTypes       map[string]PaymentType
	Agencies           map[string]string // the identity level that an agency asks for
	UncertainAllowed   []string          // agencies; nil asks for nothing
	ExpiringWithinDays int
	TestNumbers        []string // twelve digits each
}

// PaymentType is what holds for one payment type.
type PaymentType struct {
	LawfulMonths     *int // nil for no lawful tail
	EmigratedAllowed bool
	IdentityLevel    string // empty asks for none
}

// Finding is a finding with its evidence. Days and levels are text, empty where
// missing.
type Finding struct {
	Rule, Severity, Direction, Confidence, Detail string
	Record                                        int // index in the records
	Number, NumberKind, UseNumber, OtherNumber    string
	Status, StatusFrom, StatusReason              string // of the entry in force
	IdentityLevel, DeceasedOn                     string // the number's level, the person's death
	KnownFrom, KnownAtPayment                     string // KnownAtPayment is true, false or empty
	Protected                                     string // true, false or empty
}

// rule is a rule as the catalogue has it. The severity is the default; optional
// rules are off unless the policy turns them on.
type rule struct {
	name, severity, direction string
	optional                  bool
	rests                     string // on the level or the death of the register, else on the status
}

// catalogue has the rules in the order of reports.
var catalogue = []rule{
	{name: "malformed_number", severity: "error", direction: "record"},
	{name: "other_identity_kind", severity: "info", direction: "none"},
	{name: "contradictory_separator", severity: "warning", direction: "record"},
	{name: "ambiguous_century", severity: "warning", direction: "record"},
	{name: "suspect_coordination_date", severity: "info", direction: "none"},
	{name: "test_number", severity: "error", direction: "record"},
	{name: "born_after_payment", severity: "error", direction: "record"},
	{name: "unknown_number", severity: "warning", direction: "record"},
	{name: "used_before_assigned", severity: "error", direction: "record"},
	{name: "deceased_payee", severity: "error", direction: "record", rests: "death"},
	{name: "deceased_lawful_tail", severity: "info", direction: "none", rests: "death"},
	{name: "false_identity", severity: "error", direction: "identity"},
	{name: "annulled_number", severity: "error", direction: "identity"},
	{name: "closed_number", severity: "error", direction: "record"},
	{name: "disappeared_payee", severity: "warning", direction: "identity"},
	{name: "emigrated_payee", severity: "info", direction: "record"},
	{name: "technical_deregistration", severity: "warning", direction: "record"},
	{name: "unknown_deregistration", severity: "warning", direction: "register"},
	{name: "inactive_number", severity: "warning", direction: "identity"},
	{name: "insufficient_identity_level", severity: "warning", direction: "identity", rests: "level"},
	{name: "uncertain_identity_purpose", severity: "warning", direction: "identity", rests: "level"},
	{name: "expiring_number", severity: "info", direction: "identity"},
	{name: "overdue_inactivation", severity: "warning", direction: "register"},
	{name: "paid_under_two_numbers", severity: "error", direction: "record"},
	{name: "duplicate_payment", severity: "warning", direction: "record", optional: true},
}

// severity is what the policy makes of a rule; off for a rule that does not speak.
func (p Policy) severity(r rule) string {
	switch setting := p.Severities[r.name]; setting {
	case "":
		if r.optional {
			return "off"
		}
		return r.severity
	case "on", "true":
		return r.severity
	case "off", "false":
		return "off"
	default:
		return setting
	}
}

// Reconcile gives the findings of records, in the order of a report: by record
// and catalogue, then those across records by record and catalogue.
func Reconcile(entries []Entry, records []Record, policy Policy) []Finding {
	known := readRegister(entries)
	judged := make([]judgement, len(records))
	var findings []Finding
	for i, record := range records {
		judged[i] = judge(known, policy, record)
		findings = append(findings, report(policy, i, judged[i], judged[i].remarks)...)
	}
	across := acrossRecords(records, judged)
	for i := range records {
		findings = append(findings, report(policy, i, judged[i], across[i])...)
	}
	return findings
}

// knownOn says whether what became known on a day was known on another.
func knownOn(day time.Time, known string) string {
	switch {
	case known == "":
		return ""
	case known <= text(day):
		return "true"
	}
	return "false"
}

// report turns remarks on a record into findings, in the catalogue's order.
func report(policy Policy, record int, j judgement, remarks []remark) []Finding {
	var findings []Finding
	for _, r := range catalogue {
		for _, m := range remarks {
			severity := policy.severity(r)
			if m.rule != r.name || severity == "off" {
				continue
			}
			finding := j.evidence
			finding.Record = record
			finding.Rule, finding.Severity, finding.Direction = r.name, severity, r.direction
			finding.Detail, finding.OtherNumber = m.detail, m.otherNumber
			finding.KnownFrom = j.statusKnown
			switch r.rests {
			case "level":
				finding.KnownFrom = j.levelKnown
			case "death":
				finding.KnownFrom = j.deathKnown
			}
			finding.KnownAtPayment = knownOn(j.day, finding.KnownFrom)
			finding.Confidence = "certain"
			if m.possible {
				finding.Confidence = "possible"
			}
			findings = append(findings, finding)
		}
	}
	return findings
}
