package job_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/pipeline"
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
