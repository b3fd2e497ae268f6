package job

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLimits(t *testing.T) {
	share := func(share float64) Limit { return Limit{Share: share, IsShare: true} }
	for _, c := range []struct {
		why         string
		limit       Limit
		count, rows int64
		passed      bool
	}{
		{"a number of rows, at it", Limit{Rows: 5}, 5, 1000, false},
		{"a number of rows, over it", Limit{Rows: 5}, 6, 1000, true},
		{"none are allowed, and none there", Limit{}, 0, 1000, false},
		{"1 % of 1,000", share(0.01), 10, 1000, false},
		{"1.1 % of 1,000", share(0.01), 11, 1000, true},
		{"7 % of 100, which floating-point numbers put below 7", share(0.07), 7, 100, false},
		{"0 %, and one row", share(0), 1, 1_000_000_000, true},
		{"no rows at all", share(0.01), 0, 0, false},
		{"a smallest share of a hundred billion rows", share(0.00000001), 1000, 100_000_000_000, false},
		{"one row over it", share(0.00000001), 1001, 100_000_000_000, true},
	} {
		assert.Equal(t, c.passed, c.limit.isPassed(c.count, c.rows), c.why)
	}
}

// Messages have a limit as it was written, whatever hundredths are as floating-point
// numbers.
func TestLimitsAreShownAsWritten(t *testing.T) {
	for percents, want := range map[float64]string{7: "7%", 58.37912: "58.37912%", 0.000001: "0.000001%", 100: "100%"} {
		assert.Equal(t, want, Limit{Share: percents / 100, IsShare: true}.String())
	}
	assert.Equal(t, "12", Limit{Rows: 12}.String())
}
