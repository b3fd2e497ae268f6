package synth

import (
	"math"
	"sort"
)

// schedule says which records are planted, and in which scenes. A planted
// record has a slot, from 0; the slots are spread over the rows, and a scene
// takes as many in a row as it has payments.
type schedule struct {
	seed    uint64
	records int64
	slots   int64
	// scenes are a cycle that repeats until the slots are used up; starts are
	// the slots of the cycle at which they start.
	scenes     []*scene
	starts     []int64
	cycleSlots int64
	// silent is how many payments without a finding are planted; silents are how
	// many the cycle has before each scene.
	silent       int64
	silents      []int64
	cycleSilents int64
}

func newSchedule(options Options) schedule {
	s := schedule{seed: options.Seed, records: options.Records}
	slotsForEveryRule := int64(0)
	for round := 1; round <= mostTimes; round++ {
		for i := range scenes {
			scene := &scenes[i]
			if scene.times < round || scene.role != noRole && casting.placesOf[scene.role][0] >= options.People {
				continue
			}
			s.scenes = append(s.scenes, scene)
			s.starts, s.silents = append(s.starts, s.cycleSlots), append(s.silents, s.cycleSilents)
			s.cycleSlots += int64(scene.slots)
			s.cycleSilents += scene.silent()
			if round == 1 && i < scenesForEveryRule {
				slotsForEveryRule = s.cycleSlots
			}
		}
	}
	flagged := int64(math.Round(options.Dirty * float64(options.Records)))
	s.slots = s.slotsFor(flagged)
	if options.EveryRule && options.Dirty > 0 {
		s.slots = max(s.slots, min(slotsForEveryRule, options.Records/10))
	}
	s.silent = s.slots - flagged
	return s
}

// slotsFor is how many slots give so many records with a finding, if there are as
// many records.
func (s *schedule) slotsFor(flagged int64) int64 {
	cycles := flagged / (s.cycleSlots - s.cycleSilents)
	slots := cycles * s.cycleSlots
	for slots < s.records && slots-s.silentIn(slots) < flagged {
		slots++
	}
	return min(slots, s.records)
}

// silentIn is how many payments without a finding there are in the first slots.
func (s *schedule) silentIn(slots int64) int64 {
	silent := slots / s.cycleSlots * s.cycleSilents
	for i, scene := range s.scenes {
		if s.starts[i]+int64(scene.slots) <= slots%s.cycleSlots {
			silent += scene.silent()
		}
	}
	return silent
}

// rowOf is the row, from 0, of a slot: somewhere in the slot's share of the rows.
func (s *schedule) rowOf(slot int64) int64 {
	first, next := slot*s.records/s.slots, (slot+1)*s.records/s.slots
	c := newChance(s.seed, forSlot, slot)
	return first + c.below(next-first)
}

// slotOf is the slot of a row, from 0, if it is planted.
func (s *schedule) slotOf(row int64) (slot int64, planted bool) {
	if s.slots == 0 {
		return 0, false
	}
	slot = ((row+1)*s.slots - 1) / s.records
	return slot, s.rowOf(slot) == row
}

// sceneOf is the scene that a slot belongs to, and its first slot. The last
// slots, where no whole scene fits, get the first scene each, as do those of scenes
// with a payment without a finding that there is no record left for.
func (s *schedule) sceneOf(slot int64) (*scene, int64) {
	within := slot % s.cycleSlots
	i := sort.Search(len(s.starts), func(i int) bool { return s.starts[i] > within }) - 1
	scene, first := s.scenes[i], slot-within+s.starts[i]
	silents := slot/s.cycleSlots*s.cycleSilents + s.silents[i] + scene.silent()
	if first+int64(scene.slots) > s.slots || scene.silent() > 0 && silents > s.silent {
		return s.scenes[0], slot
	}
	return scene, first
}
