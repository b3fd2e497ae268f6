package pipeline

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Keys are written as strconv writes them, of whatever length.
func TestIntegersAreWrittenAsTheyAre(t *testing.T) {
	values := []int64{0, math.MinInt64, math.MaxInt64}
	for power := int64(1); power < 1e18; power *= 10 {
		values = append(values, power-1, power, power+1, 9*power, -power)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		values = append(values, random.Int64N(1e8), random.Int64N(1e4)*1e4, random.Int64())
	}
	for _, value := range values {
		if got, want := string(appendInteger([]byte("a"), value)), "a"+strconv.FormatInt(value, 10); got != want {
			assert.Equal(t, want, got)
		}
	}
}
