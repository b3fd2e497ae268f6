package job_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// Whatever cannot be read of rows, the ledger has each row once and every öre that
// could be read, as plain counting has them.
func TestLedgerUnderRandomRejects(t *testing.T) {
	folder := t.TempDir()
	register, records := filepath.Join(folder, "register.csv"), filepath.Join(folder, "records.csv")
	require.NoError(t, os.WriteFile(register, []byte("number,status,status_from\n196408233234,active,2010-01-01\n197010632391,inactive,2020-01-01\n"), 0o600))
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		w := csv.NewWriter(&text)
		require.NoError(t, w.Write([]string{"identity_number", "payment_date", "amount"}))
		var read, clean, flagged, rejected, noAmount int64
		var sums [3]int64 // clean, flagged, rejected
		for range rapid.IntRange(1, 40).Draw(t, "rows") {
			number := rapid.SampledFrom([]string{"196408233234", "197010632391", "x"}).Draw(t, "number")
			day := rapid.SampledFrom([]string{"2025-11-20", "20251120", "2025-13-01", ""}).Draw(t, "day")
			ore := rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "öre")
			amount := fmt.Sprintf("%d.%02d", ore/100, max(ore, -ore)%100)
			if -100 < ore && ore < 0 {
				amount = "-" + amount
			}
			isAmount := true
			if rapid.IntRange(0, 5).Draw(t, "spoilt") == 0 {
				amount, isAmount = rapid.SampledFrom([]string{"", "much", "1.234", "99999999999999999999"}).Draw(t, "amount"), false
			}
			require.NoError(t, w.Write([]string{number, day, amount}))
			read++
			switch {
			case !isAmount:
				rejected++
				noAmount++
			case !strings.HasPrefix(day, "2025-11") && day != "20251120":
				rejected++
				sums[2] += ore
			case number == "196408233234":
				clean++
				sums[0] += ore
			default:
				flagged++
				sums[1] += ore
			}
		}
		w.Flush()
		require.NoError(t, os.WriteFile(records, []byte(text.String()), 0o600))
		run++
		settings := settingsFor(filepath.Join(folder, fmt.Sprint("out", run)), records, register, rules.DefaultPolicy(), 1+run%3)
		settings.Output.HTML = false
		settings.MaxRejects = job.Limit{Rows: read}
		result, err := job.Run(t.Context(), settings)
		require.NoError(t, err)
		total := result.Summary.Ledger.Total
		sum := func(ore int64) string {
			var s pipeline.Sum
			s.Add(ore)
			return s.String()
		}
		require.Equal(t, []int64{read, clean, flagged, rejected, noAmount},
			[]int64{total.Read.Rows, total.Clean.Rows, total.Flagged.Rows, total.Rejected.Rows, total.Rejected.WithoutAmount})
		require.Equal(t, []string{sum(sums[0] + sums[1] + sums[2]), sum(sums[0]), sum(sums[1]), sum(sums[2])},
			[]string{total.Read.Amounts["SEK"].String(), total.Clean.Amounts["SEK"].String(), total.Flagged.Amounts["SEK"].String(), total.Rejected.Amounts["SEK"].String()})
	})
}

// keptRejects are the files that a run that was not published has kept.
func keptRejects(t *testing.T, out string) []string {
	t.Helper()
	runs, err := os.ReadDir(filepath.Join(out, "failed"))
	require.NoError(t, err)
	require.Len(t, runs, 1)
	entries, err := os.ReadDir(filepath.Join(out, "failed", runs[0].Name()))
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// A report that cannot be split for its many agencies leaves the rejects behind, as
// every run does that an input ended.
func TestTooManyAgenciesKeepRejects(t *testing.T) {
	folder := t.TempDir()
	register, records := filepath.Join(folder, "register.csv"), filepath.Join(folder, "records.csv")
	require.NoError(t, os.WriteFile(register, []byte("number,status\n196408233234,active\n"), 0o600))
	var text strings.Builder
	text.WriteString("identity_number,payment_date,amount,agency\n196408233234,2025-13-01,1,a\n")
	for i := range report.MaxShares + 1 {
		fmt.Fprintf(&text, "196408233234,2025-11-20,1.00,a%d\n", i)
	}
	require.NoError(t, os.WriteFile(records, []byte(text.String()), 0o600))
	settings := settingsFor(filepath.Join(folder, "out"), records, register, rules.DefaultPolicy(), 2)
	settings.MaxRejects, settings.Output.SplitAgency = job.Limit{Rows: 1}, true
	_, err := job.Run(t.Context(), settings)
	require.ErrorContains(t, err, "4097 different agencies")
	assert.Equal(t, job.ExitInput, job.ExitStatus(err))
	require.ErrorContains(t, err, "the rejected rows are in ")
	for _, name := range keptRejects(t, settings.Output.Folder) {
		assert.True(t, strings.HasPrefix(name, "rejects."), name)
	}
}

// A dry run says which of the first rows are no records, and refuses what a run would.
func TestDryRunCountsRejects(t *testing.T) {
	folder := t.TempDir()
	const header = "identity_number,payment_date,amount\n"
	good, bad := "196408233234,2025-11-20,1.00\n", "196408233234,20/11/2025,1.00\n"
	for name, text := range map[string]string{
		"register.csv": "number,status\n196408233234,active\n",
		"good.csv":     header + strings.Repeat(good, 99), "mixed.csv": header + strings.Repeat(good, 50) + bad + strings.Repeat(good, 49),
		"bad.csv": header + strings.Repeat(bad, 3), "empty.csv": header,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	for _, test := range []struct {
		why      string
		files    []string
		allowed  job.Limit
		rejected int64
		want     string // of the error; empty for none
	}{
		{"every row is a record", []string{"good.csv", "empty.csv"}, job.Limit{}, 0, ""},
		{"as many as may be", []string{"mixed.csv"}, job.Limit{Share: 0.01, IsShare: true}, 1, ""},
		{"one too many", []string{"mixed.csv"}, job.Limit{}, 1, "1 of 100 rows cannot be read as records (the first rows of the files), more than max_rejects 0 allows; the first is row 51 (line 52) of "},
		{"a share of a file of its own", []string{"good.csv", "bad.csv"}, job.Limit{Share: 0.5, IsShare: true}, 3, "3 of 3 rows cannot be read as records (the first rows of the file), more than max_rejects 50% allows; the first is row 1 (line 2) of "},
		{"a number for all files", []string{"mixed.csv", "good.csv", "bad.csv"}, job.Limit{Rows: 3}, 4, "4 of 202 rows"},
		{"a number that is kept", []string{"mixed.csv", "good.csv", "bad.csv"}, job.Limit{Rows: 4}, 4, ""},
	} {
		t.Run(test.why, func(t *testing.T) {
			settings := settingsFor(filepath.Join(folder, "out"), "", filepath.Join(folder, "register.csv"), rules.DefaultPolicy(), 1)
			settings.Sources = []readers.Source{{Name: "records"}}
			for _, name := range test.files {
				settings.Sources[0].Files = append(settings.Sources[0].Files, filepath.Join(folder, name))
			}
			settings.DryRun, settings.MaxRejects = true, test.allowed
			result, err := job.Run(t.Context(), settings)
			assert.NoDirExists(t, settings.Output.Folder)
			if test.want != "" {
				require.ErrorContains(t, err, test.want)
				require.ErrorContains(t, err, ".csv: bad_date in payment_date")
				assert.Equal(t, job.ExitInput, job.ExitStatus(err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.rejected, result.FirstRejects)
			assert.Equal(t, test.rejected > 0, result.FirstReject != "")
		})
	}
}

// What holds for all rows of a file is said of no record where none is one.
func TestConstantsOfRejectsAreNoRecords(t *testing.T) {
	type row struct {
		Number string `parquet:"identity_number"`
		Day    string `parquet:"payment_date"`
		Amount string `parquet:"amount"`
	}
	folder := t.TempDir()
	register := filepath.Join(folder, "register.csv")
	require.NoError(t, os.WriteFile(register, []byte("number,status\n196408233234,active\n"), 0o600))
	write := map[string]func(path string, rows []row) error{
		"csv": func(path string, rows []row) error {
			text := "identity_number,payment_date,amount\n"
			for _, r := range rows {
				text += r.Number + "," + r.Day + "," + r.Amount + "\n"
			}
			return os.WriteFile(path, []byte(text), 0o600)
		},
		"parquet": func(path string, rows []row) error { return parquet.WriteFile(path, rows) },
	}
	good, bad := row{"196408233234", "2025-11-20", "1.00"}, row{"196408233234", "2025-11-31", "1.00"}
	for format, write := range write {
		for _, test := range []struct {
			why    string
			rows   []row
			unused bool
		}{{"no row is a record", []row{bad, bad, bad}, true}, {"one row is", []row{bad, good, bad}, false}} {
			t.Run(format+"/"+test.why, func(t *testing.T) {
				records, others := filepath.Join(t.TempDir(), "records"), filepath.Join(t.TempDir(), "others")
				require.NoError(t, write(records, test.rows))
				require.NoError(t, write(others, []row{good}))
				policy := rules.DefaultPolicy()
				policy.PaymentTypes = map[string]rules.PaymentTypePolicy{"study": {}, "pension": {}}
				policy.Agencies = map[string]rules.AgencyPolicy{"pm": {}}
				settings := settingsFor(filepath.Join(t.TempDir(), "out"), records, register, policy, 1)
				settings.MaxRejects = job.Limit{Rows: 3}
				settings.Sources[0].Constants = map[string]string{"payment_type": "pension", "agency": "pm", "currency": "EUR"}
				settings.Sources = append(settings.Sources, readers.Source{Name: "others", Files: []string{others}, Constants: map[string]string{"payment_type": "study"}})
				settings.Expect = make([]job.Expect, 2)
				result, err := job.Run(t.Context(), settings)
				require.NoError(t, err)
				var unused []string
				for _, notice := range result.Summary.Notices {
					if strings.HasSuffix(notice.Name, "_unused") {
						unused = append(unused, notice.Text)
					}
				}
				want := []string{`The policy has the payment type "pension", which no record has.`, `The policy has the agency "pm", which no record has.`}
				if !test.unused {
					want = nil
				}
				assert.Equal(t, want, unused)
				assert.Equal(t, "3.00", result.Summary.Ledger.Total.Read.Amounts["EUR"].String(), "amounts of rejects keep their currency")
			})
		}
	}
}

// A row is no record for what is wrong in any of its columns, and its agency is then
// none that records have.
func TestWordsOfRejectsAreNoRecords(t *testing.T) {
	folder := t.TempDir()
	register, records := filepath.Join(folder, "register.csv"), filepath.Join(folder, "records.csv")
	require.NoError(t, os.WriteFile(register, []byte("number,status\n196408233234,active\n"), 0o600))
	for header, row := range map[string]string{
		"identity_number,payment_date,amount,payment_type":        "196408233234,2025-11-20,1.00,f\xf6r\n",
		"identity_number,payment_date,amount,agency,payment_type": "196408233234,2025-11-20,1.00,pm,f\xf6r\n",
	} {
		require.NoError(t, os.WriteFile(records, []byte(header+"\n"+strings.Repeat(row, 3)), 0o600))
		policy := rules.DefaultPolicy()
		policy.Agencies = map[string]rules.AgencyPolicy{"pm": {}}
		settings := settingsFor(filepath.Join(t.TempDir(), "out"), records, register, policy, 1)
		settings.MaxRejects = job.Limit{Rows: 3}
		if !strings.Contains(header, "agency") {
			settings.Sources[0].Constants = map[string]string{"agency": "pm"}
		}
		result, err := job.Run(t.Context(), settings)
		require.NoError(t, err)
		assert.Contains(t, fmt.Sprint(result.Summary.Notices), `The policy has the agency "pm", which no record has.`, header)
	}

	// In columns, too.
	type record struct {
		Number   string  `parquet:"identity_number"`
		Date     string  `parquet:"payment_date"`
		Amount   float64 `parquet:"amount"`
		Agency   string  `parquet:"agency"`
		Type     string  `parquet:"payment_type"`
		Currency string  `parquet:"currency"`
	}
	for why, reject := range map[string]record{
		"payment type": {"196408233234", "2025-11-20", 1, "pm", "f\xf6r", "SEK"},
		"currency":     {"196408233234", "2025-11-20", 1, "pm", "pension", "\xf6"},
	} {
		records := filepath.Join(folder, "records.parquet")
		rows := make([]record, 3)
		for i := range rows {
			rows[i] = record{"196408233234", "2025-11-20", 1, "csn", "studiemedel", "SEK"}
		}
		require.NoError(t, parquet.WriteFile(records, append(rows, reject)))
		policy := rules.DefaultPolicy()
		policy.Agencies = map[string]rules.AgencyPolicy{"pm": {}}
		policy.PaymentTypes = map[string]rules.PaymentTypePolicy{"pension": {}}
		settings := settingsFor(filepath.Join(t.TempDir(), "out"), records, register, policy, 1)
		settings.MaxRejects = job.Limit{Rows: 1}
		result, err := job.Run(t.Context(), settings)
		require.NoError(t, err)
		assert.Contains(t, fmt.Sprint(result.Summary.Notices), `The policy has the agency "pm", which no record has.`, why)
		assert.Contains(t, fmt.Sprint(result.Summary.Notices), `The policy has the payment type "pension", which no record has.`, why)
	}
}
