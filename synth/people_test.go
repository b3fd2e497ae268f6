package synth

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The most people that there is room for still have numbers of their own: here
// those of the shortest month, however many they need.
func TestAFullMonth(t *testing.T) {
	p := newPopulation(MaxPeople, 1)
	const february = 1
	seen := map[uint64]bool{}
	add := func(number uint64) {
		require.False(t, seen[number])
		seen[number] = true
	}
	first, next := p.firstIndex(february), p.firstIndex(february+1)
	for index := first; index < next; index++ {
		b := builder{chance: newChance(1, forPerson, index), person: new(person), year: firstBirth, month: 2, place: index - first, people: next - first}
		for range numbersEach {
			add(b.personal().digits)
			b.person.count = 0
			add(b.coordination().digits)
			b.person.count = 0
		}
	}
	assert.Len(t, seen, int(next-first)*2*numbersEach)
	for number := range seen {
		month := number / 1_000_000
		require.EqualValues(t, 192602, month)
	}
}

// Rank and index lead to each other, whatever the count.
func TestRanksAndIndexes(t *testing.T) {
	for _, count := range []int64{1, 2, 3, 10, 97, 1000, 1024, 5040} {
		p := newPopulation(count, 1)
		seen := map[uint64]bool{}
		for rank := range uint64(count) {
			index := rank * p.toIndex % uint64(count)
			assert.Equal(t, rank, index*p.toRank%uint64(count), "of %d", count)
			seen[index] = true
		}
		assert.Len(t, seen, int(count))
	}
}

// A slot lies in a row of its own, and the row knows it.
func TestSlotsAndRows(t *testing.T) {
	for _, c := range []struct{ records, slots int64 }{{10, 10}, {10, 1}, {1000, 27}, {1000, 999}, {MaxRecords, MaxRecords / 50}} {
		s := schedule{seed: 1, records: c.records, slots: c.slots}
		previous := int64(-1)
		for i := range min(c.slots, 1000) {
			slot := i * (c.slots / min(c.slots, 1000))
			row := s.rowOf(slot)
			require.Greater(t, row, previous)
			require.Less(t, row, c.records)
			back, planted := s.slotOf(row)
			require.True(t, planted)
			require.Equal(t, slot, back)
			previous = row
		}
	}
	planted := 0
	s := schedule{seed: 1, records: 1000, slots: 27}
	for row := range int64(1000) {
		if _, ok := s.slotOf(row); ok {
			planted++
		}
	}
	assert.Equal(t, 27, planted)
}

// The roles of a cycle all have their share, and the commonest comes first.
func TestEveryRoleIsCast(t *testing.T) {
	for r := range roleCount {
		assert.Len(t, casting.placesOf[r], roles[r].share)
		assert.EqualValues(t, r, casting.placesOf[r][0])
	}
	for _, s := range scenes {
		assert.LessOrEqual(t, s.times, mostTimes)
		assert.Positive(t, s.times)
		assert.LessOrEqual(t, s.slots, mostSlots)
	}
}
