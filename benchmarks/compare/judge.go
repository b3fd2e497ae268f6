package main

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"
)

// The rule. All is judged by ratios within a pair: what ran a moment apart, so
// that a machine that gets slower on the way slows both.
//
// A benchmark became slower if all three hold:
//   - the median of the ratios working tree/revision lies beyond the noise: what 99 of
//     100 medians keep within that are drawn, as many ratios at a time, from the
//     ratios of the revision with itself, taken either way (the bootstrap);
//   - it lies beyond 1 + tolerance, since where the linker happens to put a loop
//     is worth a few hundredths, which the noise of one program with itself cannot
//     show;
//   - by the U test of Mann and Whitney the ratios are not those of the noise, at
//     a level that is divided by the number of benchmarks (Bonferroni), so that a
//     whole comparison of two equal trees cries wolf in one case of a hundred at most.
//
// It allocates more if the median of its allocations lies above the most that the
// revision showed in any run. Most benchmarks allocate the same number in every
// run, so that one more is told; the whole job's number is its runtime's, too, and
// tells its own spread. Bytes allocated go by the same rule, but for a hundredth:
// buffers grow by chance.
const (
	tolerance      = 0.03
	level          = 0.01
	byteTolerance  = 0.01
	noiseShare     = 0.99
	noiseDraws     = 2000
	unitAllocation = "allocs/op"
	unitBytes      = "B/op"
	unitTime       = "sec/op"
)

// judgement of one benchmark.
type judgement struct {
	key
	unit             string  // of time; empty where it has none
	base, tree       float64 // medians of the change's rounds, in the unit
	ratio            float64 // the median of tree/base
	noise            float64 // the ratio, at least 1, within which medians of the revision with itself keep
	p                float64 // how likely such ratios are where nothing changed
	time             direction
	allocations      count
	bytes            count
	allocated, sized direction
}

// count is the median of something counted on either side.
type count struct{ base, tree float64 }

// direction is how a benchmark changed.
type direction int

const (
	same direction = iota
	better
	worse
)

func (j judgement) regressed() bool {
	return j.time == worse || j.allocated == worse || j.sized == worse
}

// judge compares every benchmark that is there in every round. Those that only
// one side has are returned apart.
func judge(noise, change rounds) (judged []judgement, apart []key) {
	seen := map[key]int{}
	for _, r := range slices.Concat(noise, change) {
		for k := range r.base {
			seen[k]++
		}
		for k := range r.tree {
			seen[k]++
		}
	}
	everywhere := 2 * (len(noise) + len(change))
	tests := 0
	for _, count := range seen {
		if count == everywhere {
			tests++
		}
	}
	for k, count := range seen {
		if count != everywhere {
			apart = append(apart, k)
			continue
		}
		judged = append(judged, judgeOne(k, noise, change, level/float64(tests)))
	}
	byName := func(a, b key) int { return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.name, b.name)) }
	slices.SortFunc(judged, func(a, b judgement) int { return byName(a.key, b.key) })
	slices.SortFunc(apart, byName)
	return judged, apart
}

func judgeOne(k key, noise, change rounds, level float64) judgement {
	j := judgement{key: k, unit: timeUnit(change[0].base[k]), ratio: 1, noise: 1, p: 1}
	if j.unit != "" {
		j.base, j.tree = median(values(change, false, k, j.unit)), median(values(change, true, k, j.unit))
		j.time = j.judgeTime(ratios(noise, k, j.unit), ratios(change, k, j.unit), level)
	}
	j.allocations, j.allocated = judgeCount(noise, change, k, unitAllocation, 0)
	j.bytes, j.sized = judgeCount(noise, change, k, unitBytes, byteTolerance)
	return j
}

func (j *judgement) judgeTime(noise, change []float64, level float64) direction {
	j.ratio, j.noise = median(change), within(noise)
	j.p = benchmath.AssumeNothing.Compare(
		benchmath.NewSample(noise, &benchmath.DefaultThresholds), benchmath.NewSample(change, &benchmath.DefaultThresholds)).P
	beyond := math.Max(j.noise, 1+tolerance)
	switch {
	case j.p >= level:
		return same
	case j.ratio > beyond:
		return worse
	case j.ratio < 1/beyond:
		return better
	}
	return same
}

// judgeCount compares something that is counted and not timed.
func judgeCount(noise, change rounds, k key, unit string, tolerance float64) (count, direction) {
	base, tree := values(change, false, k, unit), values(change, true, k, unit)
	if len(base) == 0 || len(tree) == 0 {
		return count{}, same
	}
	c := count{base: median(base), tree: median(tree)}
	all := slices.Concat(base, values(noise, false, k, unit), values(noise, true, k, unit))
	switch {
	case c.tree > slices.Max(all)*(1+tolerance):
		return c, worse
	case c.tree < slices.Min(all)*(1-tolerance):
		return c, better
	}
	return c, same
}

// timeUnit is the unit of time that a benchmark is judged by: seconds an
// operation, else the first of what it reports in seconds.
func timeUnit(m measured) string {
	if _, has := m[unitTime]; has {
		return unitTime
	}
	for _, unit := range slices.Sorted(maps.Keys(m)) {
		if strings.HasPrefix(unit, "sec/") {
			return unit
		}
	}
	return ""
}

// values are those of a benchmark on one side, round by round.
func values(rs rounds, tree bool, k key, unit string) []float64 {
	var all []float64
	for _, r := range rs {
		side := r.base
		if tree {
			side = r.tree
		}
		if value, has := side[k][unit]; has {
			all = append(all, value)
		}
	}
	return all
}

// ratios are tree/base, round by round.
func ratios(rs rounds, k key, unit string) []float64 {
	all := make([]float64, len(rs))
	for i, r := range rs {
		all[i] = r.tree[k][unit] / r.base[k][unit]
	}
	return all
}

// within is the ratio, at least 1, that noiseShare of the medians keep within that
// are drawn from ratios of one program with itself. It is the same for the same
// ratios.
func within(ratios []float64) float64 {
	random := rand.New(rand.NewPCG(0, 0))
	away := make([]float64, noiseDraws)
	drawn := make([]float64, len(ratios))
	for i := range away {
		for k := range drawn {
			drawn[k] = ratios[random.IntN(len(ratios))]
			if random.IntN(2) == 0 {
				drawn[k] = 1 / drawn[k] // which side ran as the tree says nothing
			}
		}
		m := median(drawn)
		away[i] = math.Max(m, 1/m)
	}
	slices.Sort(away)
	return away[int(math.Ceil(noiseShare*noiseDraws))-1]
}

// median of at least one value.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

// leastRounds is how many rounds it takes that the U test can reach the level at
// all with so many benchmarks: of n against n values, the least p is 2/C(2n, n).
func leastRounds(benchmarks int) int {
	p := 2.0
	for n := 1; ; n++ {
		p *= float64(n) / float64(2*(2*n-1)) // C(2n, n) = C(2n-2, n-1) * 2(2n-1)/n
		if p < level/float64(benchmarks) {
			return n
		}
	}
}
