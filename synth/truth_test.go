package synth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/job/reference"
	"github.com/avstam/avstam/synth"
	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// policyOf reads the policy that the dataset's configuration states.
func policyOf(t *testing.T, d *synth.Dataset) reference.Policy {
	t.Helper()
	var configuration struct {
		Policy struct {
			Rules        map[string]string
			PaymentTypes map[string]struct {
				LawfulAfterDeath *struct{ Months int } `yaml:"lawful_after_death"`
				Emigrated        string
				IdentityLevel    string `yaml:"identity_level"`
			} `yaml:"payment_types"`
			Agencies map[string]struct {
				IdentityLevel string `yaml:"identity_level"`
			}
			UncertainAllowed   []string `yaml:"uncertain_allowed"`
			ExpiringWithinDays int      `yaml:"expiring_within_days"`
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(d.Configuration("parquet")), &configuration))
	from := configuration.Policy
	policy := reference.Policy{
		Severities: from.Rules, PaymentTypes: map[string]reference.PaymentType{}, Agencies: map[string]string{},
		UncertainAllowed: from.UncertainAllowed, ExpiringWithinDays: from.ExpiringWithinDays,
		TestNumbers: strings.Fields(d.TestNumbers()),
	}
	for name, p := range from.PaymentTypes {
		rule := reference.PaymentType{EmigratedAllowed: p.Emigrated == "allow", IdentityLevel: p.IdentityLevel}
		if p.LawfulAfterDeath != nil {
			rule.LawfulMonths = &p.LawfulAfterDeath.Months
		}
		policy.PaymentTypes[name] = rule
	}
	for name, a := range from.Agencies {
		policy.Agencies[name] = a.IdentityLevel
	}
	return policy
}

func digits(number uint64) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf("%012d", number)
}

func flag(f synth.Flag) string { return [...]string{"", "false", "true"}[f] }

func entriesOf(t *testing.T, d *synth.Dataset) []reference.Entry {
	t.Helper()
	var entries []reference.Entry
	require.NoError(t, d.Entries(func(e *synth.Entry) error {
		entries = append(entries, reference.Entry{
			Row: len(entries), Number: digits(e.Number), Status: e.Status, StatusFrom: e.StatusFrom.String(), Reason: e.Reason,
			KnownFrom: e.KnownFrom.String(), Linked: digits(e.Linked), Level: e.Level, AssignedOn: e.AssignedOn.String(),
			RenewedOn: e.RenewedOn.String(), InactiveExpectedOn: e.InactiveExpectedOn.String(),
			DeceasedOn: e.DeceasedOn.String(), Protected: flag(e.Protected),
		})
		return nil
	}))
	return entries
}

func timeOf(d calendar.Day) time.Time {
	if d == calendar.Missing {
		return time.Time{}
	}
	return time.Unix(int64(d)*86400, 0).UTC()
}

func recordsOf(t *testing.T, d *synth.Dataset) []reference.Record {
	t.Helper()
	var records []reference.Record
	require.NoError(t, d.Records(func(r *synth.Record) error {
		records = append(records, reference.Record{
			Row: r.Row, IdentityNumber: string(r.IdentityNumber), PaymentDate: timeOf(r.PaymentDate), Amount: r.Amount,
			RecordID: string(r.RecordID), Agency: r.Agency, PaymentType: r.PaymentType, Currency: r.Currency,
			PeriodStart: timeOf(r.PeriodStart), PeriodEnd: timeOf(r.PeriodEnd),
		})
		return nil
	}))
	return records
}

func findingsOf(t *testing.T, d *synth.Dataset) []reference.Finding {
	t.Helper()
	var findings []reference.Finding
	require.NoError(t, d.Findings(func(f *synth.Finding) error {
		findings = append(findings, reference.Finding{
			Rule: f.Rule, Severity: f.Severity, Direction: f.Direction, Confidence: f.Confidence, Detail: f.Detail, Record: int(f.Record.Row - 1),
			Number: digits(f.Number), NumberKind: f.NumberKind, UseNumber: digits(f.UseNumber), OtherNumber: digits(f.OtherNumber),
			Status: f.Status, StatusFrom: f.StatusFrom.String(), StatusReason: f.StatusReason, IdentityLevel: f.IdentityLevel,
			DeceasedOn: f.DeceasedOn.String(), KnownFrom: f.KnownFrom.String(), KnownAtPayment: flag(f.KnownAtPayment), Protected: flag(f.Protected),
		})
		return nil
	}))
	return findings
}

// What was planted, and nothing else, is what an evaluation of the rules finds.
func TestTheReferenceFindsWhatWasPlanted(t *testing.T) {
	for _, o := range []synth.Options{
		{Records: 20_000, People: 5_000, Seed: 1, Dirty: synth.DefaultDirty},
		{Records: 20_000, People: 30_000, Seed: 2, Dirty: 0.3},
		{Records: 20_000, People: 1_000, Seed: 3, Dirty: 1},
		{Records: 5_000, People: 60, Seed: 4, Dirty: 0.5},
		{Records: 1_000, People: 100, Seed: 5, Dirty: synth.DefaultDirty},
		{Records: 1_000, People: 1, Seed: 6, Dirty: 0.1},
		{Records: 30, People: 10, Seed: 7, Dirty: 0.2},
		{Records: 10_000, People: 2_000, Seed: 8, Dirty: 0},
	} {
		t.Run(fmt.Sprintf("%d records of %d people", o.Records, o.People), func(t *testing.T) {
			d, err := synth.New(o)
			require.NoError(t, err)
			records := recordsOf(t, d)
			require.Len(t, records, int(o.Records))
			planted := findingsOf(t, d)
			found := reference.Reconcile(entriesOf(t, d), records, policyOf(t, d))
			for i := range max(len(planted), len(found)) {
				var p, f reference.Finding
				if i < len(planted) {
					p = planted[i]
				}
				if i < len(found) {
					f = found[i]
				}
				require.Equal(t, p, f, "finding %d: planted in record %+v, found in record %+v", i, records[p.Record], records[f.Record])
			}
			assert.Equal(t, o.Dirty == 0, len(planted) == 0)
		})
	}
}

// told counts the findings of a dataset by rule, detail and confidence.
func told(t *testing.T, d *synth.Dataset) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, f := range findingsOf(t, d) {
		detail := f.Detail
		if _, err := time.Parse(time.DateOnly, detail); err == nil {
			detail = "a day"
		}
		counts[strings.TrimSpace(f.Rule+" "+detail+" "+strings.TrimPrefix(f.Confidence, "certain"))]++
	}
	return counts
}
