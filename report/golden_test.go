package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goldenFixture is a report small enough to be read: two files, four records
// with findings, two rejected rows.
func goldenFixture(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t, 1, 10)
	f.records, f.across, f.rejects = nil, nil, nil
	f.run.Files = []File{{"csn", "in/csn.csv"}, {"fk", "in/fk.parquet"}}
	place := func(name string) uint8 {
		for i, rule := range f.run.Catalogue {
			if rule.Name == name {
				return uint8(i)
			}
		}
		require.Fail(t, "no rule "+name)
		return 0
	}
	day := func(year, month, d int) calendar.Day { return calendar.Of(year, month, d) }
	const none = calendar.Missing

	malformed := Finding{
		Rule: place("malformed_number"), Severity: rules.Error, Direction: rules.OnRecord, Detail: []byte("check_digit"),
		File: 0, Row: 2, Agency: 1, PaymentType: 0, Currency: 1, PaymentDate: day(2025, 11, 3), PeriodStart: none, PeriodEnd: none,
		Amount: 1_050_00, IdentityNumber: []byte("640823-3235"), StatusFrom: none, KnownFrom: none,
	}
	again := malformed // the same row once more: another occurrence, another id
	again.Row = 3
	deceased := Finding{
		Rule: place("deceased_payee"), Severity: rules.Error, Direction: rules.OnRecord, Possible: true,
		File: 1, Row: 1, HasRecordID: true, RecordID: []byte(`A "1", B`), Agency: 2, PaymentType: 1, Currency: 1,
		PaymentDate: day(2025, 11, 18), PeriodStart: day(2025, 11, 1), PeriodEnd: day(2025, 11, 30), Amount: 18_245_50,
		IdentityNumber: []byte("640823-3234"), Number: 196408233234, NumberKind: identity.Personal,
		InRegister: true, Status: register.Deregistered, StatusFrom: day(2025, 10, 1), StatusReason: []byte("AV"),
		KnownFrom: day(2025, 11, 20), Protected: register.False,
	}
	deceased.DeceasedOn, _ = calendar.PartialOf(2025, 11, 0)
	closed := Finding{
		Rule: place("closed_number"), Severity: rules.Error, Direction: rules.OnRecord, Detail: []byte("use_personal_number"),
		File: 1, Row: 4, HasRecordID: true, RecordID: []byte("A-4"), Agency: 2, PaymentType: 2, Currency: 2,
		PaymentDate: day(2025, 10, 18), PeriodStart: none, PeriodEnd: none, Amount: -99, IdentityNumber: []byte("197010632391"),
		Number: 197010632391, NumberKind: identity.Coordination, UseNumber: 196408233234, InRegister: true, Status: register.Closed,
		StatusFrom: day(2021, 3, 1), IdentityLevel: register.Confirmed, KnownFrom: day(2021, 3, 2), Protected: register.True,
	}
	two := closed
	two.Rule, two.Detail, two.OtherNumber = place("paid_under_two_numbers"), nil, 196408233234
	level := closed
	level.Rule, level.Severity, level.Direction = place("insufficient_identity_level"), rules.Warning, rules.OnIdentity
	level.Detail = []byte("confirmed")
	level.IdentityLevel = register.Probable
	f.records = []Finding{malformed, again, deceased, closed, level}
	f.across = []Finding{two}
	f.rejects = []Reject{
		{File: 0, Row: 4, Line: 5, ByteOffset: 181, Column: "payment_date", Reason: pipeline.BadDate, HasAmount: true, Amount: 7_00, Currency: 1, Raw: []byte("2025-13-01")},
		{File: 1, Row: 2, ByteOffset: -1, Column: "amount", Reason: pipeline.MissingAmount},
	}
	f.closing.Terms = make([]Terms, 2)
	count := func(file int, amount int64, currency uint16, tallies ...*pipeline.Tally) {
		for _, tally := range append(tallies, &f.closing.Terms[file].Read) {
			tally.Add(1, 0)
			tally.AddAmount(amount, currency)
		}
	}
	csn, fk := &f.closing.Terms[0], &f.closing.Terms[1]
	count(0, 500_00, 1, &csn.Clean)
	count(0, 1_050_00, 1, &csn.Flagged)
	count(0, 1_050_00, 1, &csn.Flagged)
	count(0, 7_00, 1, &csn.Rejected)
	count(1, 18_245_50, 1, &fk.Flagged)
	fk.Rejected.Add(1, 1)
	fk.Read.Add(1, 1)
	count(1, 12_34, 2, &fk.Clean)
	count(1, -99, 2, &fk.Flagged)

	f.closing.Inputs = []Input{{Source: "csn", Path: "in/csn.csv", Size: 200}, {Source: "fk", Path: "in/fk.parquet", Size: 900}}
	f.closing.RegisterFiles = []Input{{Path: "register/extract.csv", Size: 512}}
	f.closing.Notices = []Notice{{Name: "stale_register", Text: "Payments lie more than 31 days after the register extract.", Records: 2}}
	f.closing.Policy = map[string]any{"expiring_within_days": 90}
	f.closing.PolicySettings = f.closing.Policy
	f.closing.Configuration = map[string]any{"output": map[string]any{"dir": "out"}}
	f.closing.Register.Checks = &register.Checks{RowsRead: 9, EntriesKept: 9, Inconsistencies: []register.Inconsistency{{Name: "link_loop", Count: 1}}}
	return f
}

// TestGoldenReport holds a report's readable files, letter for letter: they are
// promises to those who read them with programs. The manifest is not among them:
// the digests of the Parquet files change with the libraries.
func TestGoldenReport(t *testing.T) {
	for _, test := range []struct {
		golden string
		change func(*Run)
		files  []string
	}{
		{"report", func(*Run) {}, []string{"findings.csv", "rejects.csv", SummaryFile, MetricsFile, PageFile}},
		{"report-masked", func(r *Run) { r.Masked = true }, []string{"findings.csv", "rejects.csv"}},
		{"report-swedish", func(r *Run) { r.Language = rules.Swedish }, []string{PageFile}},
	} {
		f := goldenFixture(t)
		test.change(&f.run)
		path, _ := f.publish(t)
		golden := filepath.Join("testdata", test.golden)
		for _, name := range test.files {
			got, err := os.ReadFile(filepath.Join(path, name))
			require.NoError(t, err)
			if os.Getenv("AVSTAM_GOLDEN") == "write" {
				require.NoError(t, os.MkdirAll(golden, 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(golden, name), got, 0o644))
			}
			want, err := os.ReadFile(filepath.Join(golden, name))
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got), "%s: if the change is meant, run make golden and look at the diff", name)
		}
	}
}
