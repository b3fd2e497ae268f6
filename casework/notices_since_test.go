package casework_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// What the register may have wrong, and so since when, is another thing for each
// rule: of the status the day when it began, of a death that day, of the rest
// nothing that findings have.
func TestSinceIsOfWhatMayBeWrong(t *testing.T) {
	type row struct {
		rule, detail                        string
		paid                                calendar.Day
		status, from, reason, use, deceased string
		want                                string
	}
	paid := calendar.Of(2025, 1, 15)
	one := func(rule, detail, status, from, reason, use, deceased, want string) []row {
		return []row{{rule, detail, paid, status, from, reason, use, deceased, want}}
	}
	const use = "196408233234"
	named := map[string]bool{}
	folder := noticesReport(t, nil)
	for _, test := range []struct {
		why  string
		rows []row // of which the first says what is wanted
	}{
		{"the status is disputed", one("false_identity", "", "deregistered", "2022-03-01", "FI", "", "", "2022-03-01")},
		{"the status is disputed", one("annulled_number", "", "deregistered", "2022-03-01", "AS", "", "", "2022-03-01")},
		{"the status is disputed", one("closed_number", "use_personal_number", "closed", "2022-03-01", "", use, "", "2022-03-01")},
		{"the status is disputed", one("disappeared_payee", "", "deregistered", "2022-03-01", "OB", "", "", "2022-03-01")},
		{"the status is disputed", one("emigrated_payee", "", "deregistered", "2022-03-01", "UV", "", "", "2022-03-01")},
		{"the status is disputed", one("technical_deregistration", "", "deregistered", "2022-03-01", "TA", "", "", "2022-03-01")},
		{"the status is disputed", one("unknown_deregistration", "XX", "deregistered", "2022-03-01", "XX", "", "", "2022-03-01")},
		{"the status is disputed", one("inactive_number", "time_limit", "inactive", "2022-03-01", "TIDSFRIST", "", "", "2022-03-01")},
		{"the status is disputed, of which nobody knows when it began", one("inactive_number", "time_limit", "inactive", "", "TIDSFRIST", "", "", "")},
		{"the status that is active since the assignment, not the last day", one("overdue_inactivation", "2024-12-31", "active", "2013-08-28", "", "", "", "2025-01-01")},

		{"the date of death", one("deceased_payee", "", "active", "1978-03-03", "", "", "2024-05-10", "2024-05-10")},
		{"an incomplete date of death", one("deceased_payee", "", "active", "1978-03-03", "", "", "2024-05-00", "2024-05-00")},
		{"the date of death of the person behind the number", one("deceased_payee", "", "closed", "2022-03-01", "", use, "2024-05-10", "2024-05-10")},
		{"the deregistration as deceased", one("deceased_payee", "", "deregistered", "2024-05-10", "AV", "", "", "2024-05-10")},
		{"the deregistration, where nobody knows when", one("deceased_payee", "", "deregistered", "2024-05-10", "AV", "", "0", "2024-05-10")},
		{"the deregistration, where the date of death comes after the payment", one("deceased_payee", "", "deregistered", "2024-05-10", "AV", "", "2025-02-01", "2024-05-10")},
		{"the deregistration as deceased, of which nobody knows when it was", one("deceased_payee", "", "deregistered", "", "AV", "", "", "")},
		{"nobody knows when, and the status is active", one("deceased_payee", "", "active", "1978-03-03", "", "", "0", "")},
		{"the number was replaced in 2022, the person behind it died later", one("deceased_payee", "", "deregistered", "2022-03-01", "GS", use, "", "")},
		{"the same of a lawful payment", one("deceased_lawful_tail", "tail", "deregistered", "2022-03-01", "GS", use, "", "")},
		{"a lawful payment", one("deceased_lawful_tail", "tail", "deregistered", "2024-12-10", "AV", "", "", "2024-12-10")},

		{"two numbers, of which this is active since birth", one("paid_under_two_numbers", "", "active", "1970-10-03", "", "", "", "")},
		{"the level, not the status", one("insufficient_identity_level", "confirmed", "active", "2013-08-28", "", "", "", "")},
		{"the level, not the status", one("uncertain_identity_purpose", "", "active", "2013-08-28", "", "", "", "")},
		{"the assignment, not the status", one("used_before_assigned", "", "active", "2013-08-28", "", "", "", "")},
		{"the last day, which is still to come", one("expiring_number", "2025-03-01", "active", "2013-08-28", "", "", "", "")},
		{"no status", one("unknown_number", "personal", "", "", "", "", "", "")},
		{"the text", one("malformed_number", "length", "", "", "", "", "", "")},
		{"the text", one("other_identity_kind", "gd", "", "", "", "", "", "")},
		{"the text", one("contradictory_separator", "", "active", "2013-08-28", "", "", "", "")},
		{"the text", one("ambiguous_century", "", "active", "2013-08-28", "", "", "", "")},
		{"the number", one("suspect_coordination_date", "", "active", "2013-08-28", "", "", "", "")},
		{"the number", one("test_number", "", "active", "2013-08-28", "", "", "", "")},
		{"the number", one("born_after_payment", "", "active", "2013-08-28", "", "", "", "")},
		{"the records", one("duplicate_payment", "", "active", "2013-08-28", "", "", "", "")},

		{"each has the day of its own payment", []row{
			{"emigrated_payee", "", calendar.Of(2022, 6, 1), "deregistered", "2020-03-01", "UV", "", "", "2020-03-01"},
			{"deceased_payee", "", paid, "deregistered", "2024-05-10", "AV", "", "", ""},
		}},
		{"the first has no day", []row{
			{"insufficient_identity_level", "confirmed", calendar.Of(2022, 6, 1), "active", "2013-08-28", "", "", "", "2024-05-10"},
			{"deceased_payee", "", paid, "deregistered", "2024-05-10", "AV", "", "", ""},
		}},
		{"the register has learnt the day since the first payment", []row{
			{"deceased_payee", "", calendar.Of(2024, 6, 1), "active", "1978-03-03", "", "", "2024-05-00", "2024-05-10"},
			{"deceased_payee", "", paid, "active", "1978-03-03", "", "", "2024-05-10", ""},
		}},
	} {
		t.Run(test.rows[0].rule+" "+test.why, func(t *testing.T) {
			text := func(s string) *string {
				if s == "" {
					return nil
				}
				return &s
			}
			var written []decidedFinding
			for i, r := range test.rows {
				require.NotNil(t, rules.Named(r.rule))
				named[r.rule] = true
				finding := decidedFinding{
					FindingID: strings.Repeat("0", 32), Rule: r.rule, Direction: "record", Detail: text(r.detail), Source: "a", File: "records.csv", Row: int64(i + 1),
					PaymentDate: int32(r.paid), Number: text("197010632391"), UseNumber: text(r.use), Status: text(r.status), StatusReason: text(r.reason),
					DeceasedOn: text(r.deceased), Decision: text("register_wrong"),
				}
				if from, ok := calendar.Parse([]byte(r.from)); ok && from != calendar.Missing {
					finding.StatusFrom = (*int32)(&from)
				}
				written = append(written, finding)
			}
			require.NoError(t, os.Remove(filepath.Join(folder, report.FindingsFile)))
			require.NoError(t, parquet.WriteFile(filepath.Join(folder, report.FindingsFile), written))
			settings := noticeSettings(t, folder, filepath.Join(t.TempDir(), "notices"))
			settings.Language = casework.English
			_, err := casework.WriteNotices(t.Context(), settings)
			require.NoError(t, err)
			c := cases(t, filepath.Join(settings.Out, "cases.csv"))["19701063-2391"]
			want := test.rows[0].want
			assert.Equal(t, want, c["since"])
			letter, err := os.ReadFile(filepath.Join(settings.Out, c["file"]))
			require.NoError(t, err)
			if want == "" {
				assert.NotContains(t, string(letter), "Since when")
				assert.NotContains(t, string(letter), "may have been wrong since")
			} else {
				if want == "2024-05-00" {
					want = "May 2024" // as people write it
				}
				assert.Contains(t, string(letter), "The register may have been wrong since "+want+".")
			}
		})
	}
	for _, rule := range rules.All() {
		assert.True(t, named[rule.Name], rule.Name)
	}
}
