package synth

import (
	"math/bits"
	"math/rand/v2"

	"github.com/avstam/avstam/calendar"
)

// stream says what a sequence of random numbers is for, so that no two uses
// share one.
type stream uint64

const (
	forPerson stream = iota + 1
	_                // the others keep their numbers, by which the data are what they are
	forRecord
	forScene
	forSlot
	forTestNumber
)

// chance is a sequence of random numbers: a function of seed, stream and index.
type chance struct {
	source rand.PCG
}

func newChance(seed uint64, s stream, index int64) chance {
	return chance{*rand.NewPCG(scatter(seed+uint64(s)<<56), scatter(uint64(index)))}
}

// scatter spreads small numbers over all 64 bits (the finalizer of SplitMix64).
func scatter(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below is a number from 0 to n-1.
func (c *chance) below(n int64) int64 {
	high, _ := bits.Mul64(c.source.Uint64(), uint64(n))
	return int64(high)
}

// perMille is true in so many of a thousand cases.
func (c *chance) perMille(share int64) bool { return c.below(1000) < share }

// between is a day from first to last, both included.
func (c *chance) between(first, last calendar.Day) calendar.Day {
	return first + calendar.Day(c.below(int64(last-first)+1))
}

// oneOf is one of several.
func oneOf[T any](c *chance, several ...T) T { return several[c.below(int64(len(several)))] }
