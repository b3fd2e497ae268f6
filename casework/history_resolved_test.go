package casework

import (
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// A temporary file that cannot be read any more, when some of what is gone has
// been told, is an error of that file.
func TestWhatIsGoneCannotBeReadToTheEnd(t *testing.T) {
	const limit, gone = 20_000, 50_000
	schema := parquet.Group{}
	for _, name := range resolvedColumns {
		schema[name] = parquet.String()
	}
	for _, name := range []string{"row", "amount"} {
		schema[name] = parquet.Int(64)
	}
	for _, name := range []string{"payment_date", "period_start", "period_end", "decision_until"} {
		schema[name] = parquet.Date()
	}
	path := filepath.Join(t.TempDir(), report.FindingsFile)
	rows := make([]map[string]any, gone)
	for i := range rows {
		rows[i] = map[string]any{}
		for name, column := range schema {
			switch column.Type().Kind() {
			case parquet.Int64:
				rows[i][name] = int64(i)
			case parquet.Int32:
				rows[i][name] = int32(i)
			default:
				rows[i][name] = "x"
			}
		}
	}
	require.NoError(t, parquet.WriteFile(path, rows, parquet.NewSchema("findings", schema)))
	spill, err := storage.NewSpill()
	require.NoError(t, err)
	defer spill.Close()
	c := &Comparison{Baseline: &Baseline{findings: path}, Catalogue: rules.All(), outcomes: storage.NewSorter(spill, outcomeForm, limit)}
	for i := range int64(gone) {
		require.NoError(t, c.outcomes.Add(outcome{finding: i + 1}))
	}
	told := 0
	err = c.eachResolved(t.Context(), func(*report.Gone) bool {
		if told++; told == 1 {
			require.NoError(t, spill.Close())
		}
		return true
	})
	require.ErrorContains(t, err, "cannot read from a temporary file")
	assert.NotErrorIs(t, err, ErrBaseline, "the baseline is not to blame")
	assert.Positive(t, told)
	assert.Less(t, told, gone)
}
