package rules

import (
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
)

// Severity is how much a finding weighs. Values are stable.
type Severity uint8

// The severities. Off is a rule that does not speak.
const (
	Off Severity = iota
	Info
	Warning
	Error
)

var severityNames = [...]string{"off", "info", "warning", "error"}

// String is the severity's name in reports and policies.
func (s Severity) String() string { return severityNames[s] }

// Severities are all severities by value.
func Severities() []Severity { return []Severity{Off, Info, Warning, Error} }

// Direction says what should change. Values are stable.
type Direction uint8

// The directions.
const (
	NoDirection Direction = iota // none
	OnRecord                     // the agency's own record should change
	OnIdentity                   // check who it is
	OnRegister                   // the register may be wrong or late: a notice
)

var directionNames = [...]string{"none", "record", "identity", "register"}

// String is the direction's name in reports.
func (d Direction) String() string { return directionNames[d] }

// Policy is what the agencies decide: which rules speak and how loud, and what
// is lawful for which payments. The zero Policy with DefaultPolicy's numbers
// asks for nothing beyond the rules' defaults.
type Policy struct {
	// Severities change rules by name from their default.
	Severities map[string]Severity
	// PaymentTypes and Agencies are compared with the records' text exactly.
	PaymentTypes map[string]PaymentTypePolicy
	Agencies     map[string]AgencyPolicy
	// UncertainAllowed are the agencies that may hold numbers of level
	// uncertain (SNF 5 §); nil asks for nothing, an empty list allows it to none.
	UncertainAllowed []string
	// ExpiringWithinDays is how many days ahead expiring_number looks.
	ExpiringWithinDays int
	// StaleAfterDays is how many days a payment may lie after the extract.
	StaleAfterDays int
	// TestNumbers are numbers that stand for no person.
	TestNumbers []identity.Number
}

// PaymentTypePolicy is what holds for one payment type.
type PaymentTypePolicy struct {
	// LawfulMonths is how many months after the month of death a payment is
	// still lawful; NoTail for none.
	LawfulMonths int
	// EmigratedAllowed says that payment to emigrated people is lawful.
	EmigratedAllowed bool
	// IdentityLevel is asked of the payee; NoLevel asks for none.
	IdentityLevel register.Level
}

// NoTail is the LawfulMonths of a payment type without a lawful tail.
const NoTail = -1

// AgencyPolicy is what holds for one agency.
type AgencyPolicy struct {
	IdentityLevel register.Level // as in PaymentTypePolicy
}

// DefaultPolicy is the policy of a run that configures none.
func DefaultPolicy() Policy {
	return Policy{ExpiringWithinDays: 90, StaleAfterDays: 31}
}

// Document is the policy in force as a value that encoding/json writes the same
// each time: every rule with its severity, and what is asked of payment types
// and agencies. The test numbers are only counted.
func (p *Policy) Document() any {
	severities := map[string]string{}
	for i, severity := range p.AllSeverities() {
		severities[all[i].Name] = severity.String()
	}
	type paymentType struct {
		LawfulMonths     *int   `json:"lawful_after_death_months,omitempty"`
		EmigratedAllowed bool   `json:"emigrated_allowed,omitempty"`
		IdentityLevel    string `json:"identity_level,omitempty"`
	}
	paymentTypes := map[string]paymentType{}
	for name, of := range p.PaymentTypes {
		document := paymentType{EmigratedAllowed: of.EmigratedAllowed, IdentityLevel: of.IdentityLevel.String()}
		if of.LawfulMonths != NoTail {
			document.LawfulMonths = &of.LawfulMonths
		}
		paymentTypes[name] = document
	}
	agencies := map[string]string{}
	for name, of := range p.Agencies {
		agencies[name] = of.IdentityLevel.String()
	}
	return map[string]any{
		"severities": severities, "payment_types": paymentTypes, "agency_identity_levels": agencies,
		"uncertain_allowed": p.UncertainAllowed, "expiring_within_days": p.ExpiringWithinDays,
		"stale_after_days": p.StaleAfterDays, "test_numbers": len(p.TestNumbers),
	}
}

// Settings are what Document has, with the keys of a policy's file, for people who
// write those: it is such a file, but that test_numbers are counted.
func (p *Policy) Settings() any {
	severities := map[string]string{}
	for i, severity := range p.AllSeverities() {
		severities[all[i].Name] = severity.String()
	}
	paymentTypes := map[string]map[string]any{}
	for name, of := range p.PaymentTypes {
		settings := map[string]any{}
		if of.LawfulMonths != NoTail {
			settings["lawful_after_death"] = map[string]int{"months": of.LawfulMonths}
		}
		if of.EmigratedAllowed {
			settings["emigrated"] = "allow"
		}
		if of.IdentityLevel != register.NoLevel {
			settings["identity_level"] = of.IdentityLevel.String()
		}
		paymentTypes[name] = settings
	}
	agencies := map[string]map[string]any{}
	for name, of := range p.Agencies {
		settings := map[string]any{}
		if of.IdentityLevel != register.NoLevel {
			settings["identity_level"] = of.IdentityLevel.String()
		}
		agencies[name] = settings
	}
	settings := map[string]any{"rules": severities, "expiring_within_days": p.ExpiringWithinDays, "stale_after_days": p.StaleAfterDays}
	if len(paymentTypes) > 0 {
		settings["payment_types"] = paymentTypes
	}
	if len(agencies) > 0 {
		settings["agencies"] = agencies
	}
	if p.UncertainAllowed != nil {
		settings["uncertain_allowed"] = p.UncertainAllowed
	}
	if len(p.TestNumbers) > 0 {
		settings["test_numbers"] = len(p.TestNumbers)
	}
	return settings
}
