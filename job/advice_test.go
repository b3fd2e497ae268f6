package job_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/rules"
)

// What most of the rejects have in common is said, of a run and of a dry run.
func TestAdviceOnRejects(t *testing.T) {
	type double struct {
		IdentityNumber string  `parquet:"identity_number"`
		PaymentDate    string  `parquet:"payment_date"`
		Amount         float64 `parquet:"amount"`
	}
	folder := t.TempDir()
	register := filepath.Join(folder, "register.csv")
	require.NoError(t, os.WriteFile(register, []byte("number,status\n196408233234,active\n"), 0o600))
	doubles := func(amounts ...float64) string {
		path := filepath.Join(t.TempDir(), "records.parquet")
		var rows []double
		for _, amount := range amounts {
			rows = append(rows, double{"196408233234", "2025-11-20", amount})
		}
		require.NoError(t, parquet.WriteFile(path, rows))
		return path
	}
	texts := func(text string) string {
		path := filepath.Join(t.TempDir(), "records.csv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	const header = "identity_number;payment_date;amount;note\n"
	const exact, comma, ends, count, backslash = "not exact to the öre: have the column cast to decimal(18,2)", "decimal comma", "a delimiter ends the row, and not the header",
		"has not as many fields as the header: has a text or an amount a delimiter, and no quotes around it?", "a backslash before a quote is not read: have quotes in quotes doubled"
	all := []string{exact, comma, ends, count, backslash}
	for _, row := range []struct{ why, path, want string }{
		{"doubles one place from an öre", doubles(math.Nextafter(10.10, 11), math.Nextafter(1234567.89, 0), 1), exact},
		{"doubles between öre are none that lost something", doubles(10.101, 10.5, 1.234), ""},
		{"one of several", doubles(math.Nextafter(10.10, 11), 10.101, 1.234), ""},
		{"decimal commas", texts(header + "196408233234;2025-11-20;1,00;\n"), comma},
		{"a delimiter at the end of rows", texts(header + "196408233234;2025-11-20;1.00;;\n196408233234;2025-11-20;1.00;x;\n"), ends},
		{"a delimiter in a text", texts(header + "196408233234;2025-11-20;1.00;a;b\n"), count},
		{"a field that is missing", texts(header + "196408233234;2025-11-20;1.00\n"), count},
		{"quotes behind backslashes", texts(header + "196408233234;2025-11-20;1.00;\"a \\\"b\\\" c\"\n"), backslash},
		{"a quote in a text", texts(header + "196408233234;2025-11-20;1.00;\"a\" b\n"), ""},
	} {
		for _, isDry := range []bool{false, true} {
			settings := settingsFor(filepath.Join(folder, "out"), row.path, register, rules.DefaultPolicy(), 1)
			settings.DryRun = isDry
			_, err := job.Run(t.Context(), settings)
			require.ErrorContains(t, err, "cannot be read as records", row.why)
			for _, advice := range all {
				if advice == row.want {
					assert.ErrorContains(t, err, "; "+map[string]string{exact: "the amounts are floating-point numbers, which are ", comma: "if amounts have a ", count: "the row "}[advice]+advice, row.why)
				} else {
					assert.NotContains(t, err.Error(), advice, row.why)
				}
			}
		}
	}
}
