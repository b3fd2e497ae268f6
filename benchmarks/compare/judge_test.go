package main

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var parse = key{pkg: "identity", name: "Parse"}

// series makes rounds of one benchmark from the values of either side.
func series(unit string, base, tree []float64) rounds {
	rs := make(rounds, len(base))
	for i := range rs {
		rs[i] = round{base: map[key]measured{parse: {unit: base[i]}}, tree: map[key]measured{parse: {unit: tree[i]}}}
	}
	return rs
}

// around is a value with chance added: as a machine does, mostly a little, now and
// then a lot.
func around(random *rand.Rand, value, share float64, n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = value * (1 + share*random.Float64())
		if random.IntN(40) == 0 {
			all[i] *= 1.5
		}
	}
	return all
}

func TestTimeIsJudgedBeyondTheNoise(t *testing.T) {
	const comparisons = 100
	for _, c := range []struct {
		name, why string
		noise     float64 // share of chance in every value
		slower    float64
		want      direction
		least     int // of the comparisons that must say so
	}{
		{"unchanged", "chance alone must not fail a change", 0.02, 1, same, 97},
		{"unchanged on a busy machine", "much chance neither", 0.5, 1, same, 97},
		{"a tenth slower", "that is what the comparison is for", 0.02, 1.1, worse, 85},
		{"twice as slow on a busy machine", "noise must not hide what is larger than it", 0.3, 2, worse, 85},
		{"two hundredths slower without noise", "the linker moves code by as much", 0.0001, 1.02, same, 97},
		{"a fifth faster", "an improvement is told, and is none the worse", 0.02, 0.8, better, 85},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			said := 0
			for range comparisons {
				noise := series(unitTime, around(random, 100, c.noise, 10), around(random, 100, c.noise, 10))
				change := series(unitTime, around(random, 100, c.noise, 10), around(random, 100*c.slower, c.noise, 10))
				judged, apart := judge(noise, change)
				require.Empty(t, apart)
				require.Len(t, judged, 1)
				require.Equal(t, judged[0].time == worse, judged[0].regressed())
				if judged[0].time == c.want {
					said++
				}
			}
			assert.GreaterOrEqual(t, said, c.least, c.why)
		})
	}
}

// A machine that gets slower on the way slows both sides of a pair.
func TestDriftIsNoRegression(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	drifting := func() []float64 {
		all := around(random, 100, 0.02, 10)
		for i := range all {
			all[i] *= 1 + float64(i)/5
		}
		return all
	}
	judged, _ := judge(series(unitTime, drifting(), drifting()), series(unitTime, drifting(), drifting()))
	assert.Equal(t, same, judged[0].time, "noise %.3f, ratio %.3f", judged[0].noise, judged[0].ratio)
}

func TestAllocationsAreJudgedStrictly(t *testing.T) {
	repeat := func(value float64) []float64 { return []float64{value, value, value, value, value} }
	for _, c := range []struct {
		name, why   string
		unit        string
		noise, base []float64
		tree        []float64
		want        direction
	}{
		{"one where there was none", "no allocation where rows flow", unitAllocation, repeat(0), repeat(0), repeat(1), worse},
		{"one more of many", "any increase counts", unitAllocation, repeat(1000), repeat(1000), repeat(1001), worse},
		{"as many", "", unitAllocation, repeat(7), repeat(7), repeat(7), same},
		{"one fewer", "", unitAllocation, repeat(7), repeat(7), repeat(6), better},
		{"within what the revision shows", "the runtime's allocations differ from run to run", unitAllocation, repeat(1003), []float64{1000, 1001, 1000, 1002, 1000}, repeat(1002), same},
		{"more than the revision ever showed", "its spread is all that is forgiven", unitAllocation, repeat(1003), []float64{1000, 1001, 1000, 1002, 1000}, repeat(1004), worse},
		{"half a hundredth more bytes", "buffers grow by chance", unitBytes, repeat(1000), repeat(1000), repeat(1005), same},
		{"a tenth more bytes", "the memory of a run is promised", unitBytes, repeat(1000), repeat(1000), repeat(1100), worse},
	} {
		t.Run(c.name, func(t *testing.T) {
			judged, _ := judge(series(c.unit, c.noise, c.noise), series(c.unit, c.base, c.tree))
			require.Len(t, judged, 1)
			got := judged[0].allocated
			if c.unit == unitBytes {
				got = judged[0].sized
			}
			assert.Equal(t, c.want, got, c.why)
			assert.Equal(t, c.want == worse, judged[0].regressed())
		})
	}
}

// What only one side has cannot be compared, and must not vanish from sight.
func TestOneSidedBenchmarksAreToldApart(t *testing.T) {
	noise := series(unitTime, []float64{1}, []float64{1})
	change := series(unitTime, []float64{1}, []float64{1})
	added := key{pkg: "identity", name: "Added"}
	change[0].tree[added] = measured{unitTime: 1}
	judged, apart := judge(noise, change)
	assert.Len(t, judged, 1)
	assert.Equal(t, []key{added}, apart)
}

func TestRunsGiveTheirBest(t *testing.T) {
	got := map[key]measured{}
	require.NoError(t, read(`goos: linux
pkg: example.org/identity
BenchmarkParse/ten-2   100   9.5 ns/op   16 B/op   2 allocs/op
BenchmarkParse/ten-2   100   8.5 ns/op   17 B/op   1 allocs/op
PASS
`, got))
	assert.Equal(t, map[key]measured{{pkg: "example.org/identity", name: "Parse/ten-2"}: {unitTime: 8.5e-9, unitBytes: 16, unitAllocation: 1}}, got)
}

// Jobs that report time per record and none per operation are judged by that.
func TestTimeUnit(t *testing.T) {
	assert.Equal(t, unitTime, timeUnit(measured{"sec/record": 1, unitTime: 1}))
	assert.Equal(t, "sec/record", timeUnit(measured{"sec/record": 1, unitBytes: 1}))
	assert.Empty(t, timeUnit(measured{unitBytes: 1}))
}

func TestLeastRounds(t *testing.T) {
	// Of 5 against 5 values the least p is 2/252; of 4 against 4, 2/70.
	assert.Equal(t, 5, leastRounds(1))
	assert.Equal(t, 8, leastRounds(60))
}
