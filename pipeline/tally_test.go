package pipeline

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSumComesBackFromItsText covers sums far beyond 64 bits, of either sign,
// which a report's ledger holds as text.
func TestSumComesBackFromItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sum Sum
		want := new(big.Int)
		for _, amount := range rapid.SliceOf(rapid.Int64()).Draw(t, "amounts") {
			sum.Add(amount)
			want.Add(want, big.NewInt(amount))
		}
		require.Equal(t, want.String(), sum.Ore().String())
		text, err := sum.MarshalText()
		require.NoError(t, err)
		var back Sum
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, sum, back)
	})
	for _, amount := range []int64{math.MinInt64, math.MaxInt64} {
		var many, back Sum
		for range 1000 {
			many.Add(amount)
		}
		text, err := many.MarshalText()
		require.NoError(t, err)
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, many, back)
	}
}

// What is told of a currency depends on how many rows it is of, whichever way
// they came together.
func TestRowsOfEachCurrencyAreCounted(t *testing.T) {
	var one, other Tally
	one.AddAmount(100, 1)
	one.AddAmount(0, 1) // a row of nothing is one, too
	one.AddAmount(-5, 3)
	assert.Equal(t, []int64{0, 2, 0, 1}, one.WithAmount)
	one.SubtractAmount(-5, 3)
	assert.Equal(t, []int64{0, 2, 0, 0}, one.WithAmount)
	other.AddAmounts(one.Amounts[1], 7, 2)
	one.AddTally(&other)
	assert.Equal(t, []int64{0, 2, 7, 0}, one.WithAmount)
	one.Renumber([]uint16{0, 2, 2, 1}) // as where two names are written the same
	assert.Equal(t, []int64{0, 0, 9}, one.WithAmount)
	assert.Equal(t, "2.00", one.Amounts[2].String())
	text, err := json.Marshal(one)
	require.NoError(t, err)
	var back Tally
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, one, back, "a part of a job carries it")
}

func TestTextThatIsNoSum(t *testing.T) {
	for _, text := range []string{"", ".", "1", "1.5", "1.555", ".50", "1,50", "1.5x", "+1.50", "1_0.00", "--1.00", "1.-5",
		"99999999999999999999999999999999999999999999.00"} {
		assert.Error(t, new(Sum).UnmarshalText([]byte(text)), "%q", text)
	}
}

// Amounts that are added many at a time sum up to what they do one by one, be they
// as large as they can.
func TestManyAmountsAtATime(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, count := range []int{0, 1, 2, 7, 8, 9, 16, 1000} {
		for _, run := range []int{1, 3, 30} { // one row in so many has a currency of its own
			ends := random.IntN(2) == 0
			amounts, currencies := make([]int64, count), make([]uint16, count)
			for i := range amounts {
				amounts[i] = random.Int64() >> random.IntN(64)
				if random.IntN(2) == 0 {
					amounts[i] = -amounts[i]
				}
				if ends {
					amounts[i] = []int64{math.MinInt64, math.MaxInt64}[random.IntN(2)]
				}
				if random.IntN(run) == 0 {
					currencies[i] = uint16(random.IntN(3))
				}
			}
			var want, got Tally
			var sum, all Sum
			for i, amount := range amounts {
				want.AddAmount(amount, currencies[i])
				sum.Add(amount)
			}
			got.AddRows(amounts, currencies)
			all.AddAll(amounts)
			assert.Equal(t, want, got)
			assert.Equal(t, sum, all)
		}
	}
	all := Sum{}
	all.AddAll([]int64{math.MinInt64, math.MinInt64, math.MinInt64})
	assert.Equal(t, "-27670116110564327424", all.Ore().String())
}
