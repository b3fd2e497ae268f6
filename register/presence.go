package register

import (
	"errors"
	"math/bits"
	"sort"

	"github.com/avstam/avstam/identity"
)

const (
	// A day's block of serials is two lines of the cache of eight words each,
	// for serials 0 to 511 and 512 to 999.
	lineWords  = 8
	blockWords = 2 * lineWords
	blockBytes = 8 * blockWords
	// The last word has the serials from 960 in its low 40 bits, and from bit 54
	// how many serials under 512 there are.
	lastSerials = 1<<40 - 1
	countShift  = 54
	// hintSpacing is how many places lie between two hints.
	hintSpacing = 512
)

// dayEntry leads from a day to its block of serials.
type dayEntry struct {
	block uint32 // its number
	rank  uint32 // how many numbers have an earlier day
}

// presence is a set of numbers, each with its place in their order. A look-up
// touches one dayEntry and one line of a block.
type presence struct {
	days   []dayEntry // dayCount long
	blocks []uint64   // blockWords a block; block 0 is empty, for the days that no number has
	// dayOfBlock are the days of the blocks from 1 on, ascending.
	dayOfBlock []uint32
	// hints has, for each hintSpacing-th place, the index in dayOfBlock, and one
	// more at the end.
	hints []uint32
	count int
}

// newPresence is the set of numbers that have the serials.
func newPresence(numbers *serialSet) presence {
	length := (numbers.count + 1) * blockWords
	p := presence{dayOfBlock: make([]uint32, 0, numbers.count), blocks: newIntegers[uint64](length, length)}
	next := blockWords
	for day, serials := range numbers.days() {
		p.dayOfBlock = append(p.dayOfBlock, day)
		lower := 0
		for i, word := range serials {
			if i < lineWords {
				lower += bits.OnesCount64(word)
			}
			p.blocks[next+i] = word
		}
		next += blockWords
		p.blocks[next-1] = serials[blockWords-1] | uint64(lower)<<countShift
	}
	if err := p.index(); err != nil {
		panic("BUG: numbers that cannot be indexed: " + err.Error())
	}
	return p
}

// countOf is how many bits are set in words of the blocks.
func (p *presence) countOf(first, end int) int {
	count := 0
	for word := first; word < end; word++ {
		count += bits.OnesCount64(p.blocks[word])
	}
	return count
}

// index computes what follows from dayOfBlock and blocks, and fails where they
// cannot be those of a set of numbers.
func (p *presence) index() error {
	if len(p.blocks) != (len(p.dayOfBlock)+1)*blockWords || p.countOf(0, blockWords) != 0 {
		return errors.New("there are not as many blocks as days")
	}
	p.days = make([]dayEntry, dayCount)
	p.count = 0
	next := uint32(0)
	for i, day := range p.dayOfBlock {
		if day < next || !isDay(day) {
			return errors.New("its days are not in order")
		}
		next = day + 1
		first := (i + 1) * blockWords
		last := first + blockWords - 1
		lower := p.countOf(first, first+lineWords)
		upper := p.countOf(first+lineWords, last) + bits.OnesCount64(p.blocks[last]&lastSerials)
		if p.blocks[first]&1 != 0 || p.blocks[last]&^lastSerials != uint64(lower)<<countShift {
			return errors.New("a block is not that of a day")
		}
		p.days[day] = dayEntry{block: uint32(i + 1), rank: uint32(p.count)}
		p.count += lower + upper
	}
	p.hints = make([]uint32, 0, p.count/hintSpacing+2)
	for i := range p.dayOfBlock {
		for len(p.hints)*hintSpacing < p.rankAfter(i) {
			p.hints = append(p.hints, uint32(i))
		}
	}
	p.hints = append(p.hints, uint32(len(p.dayOfBlock)-1))
	return nil
}

// rankAfter is how many numbers there are up to and with the block at i of dayOfBlock.
func (p *presence) rankAfter(i int) int {
	if i+1 == len(p.dayOfBlock) {
		return p.count
	}
	return int(p.days[p.dayOfBlock[i+1]].rank)
}

// wordsBelow has, for each word of a line, masks that keep the words before it:
// counting them all takes no branch.
var wordsBelow = func() (table [lineWords][lineWords]uint64) {
	for word := range table {
		for before := range word {
			table[word][before] = ^uint64(0)
		}
	}
	return table
}()

// find is the place of a number, and NotFound where it is not there, whatever
// integer it is.
func (p *presence) find(number identity.Number) Place {
	day, serial, sum := split(number)
	if day >= dayCount || tens>>sum&1 == 0 {
		return NotFound
	}
	return p.placeIn(p.days[day], serial)
}

// findAtOnce is how many look-ups findSome takes at most.
const findAtOnce = 256

// findSome is find for at most findAtOnce numbers.
func (p *presence) findSome(places []Place, numbers []identity.Number) {
	var slots [findAtOnce]slot
	for i, number := range numbers {
		day, serial, sum := split(number)
		if day >= dayCount || tens>>sum&1 == 0 {
			day = 0 // which no number has
		}
		slots[i&(findAtOnce-1)] = slotOf(day, serial)
	}
	p.placeSome(places[:len(numbers)], &slots)
}

// placeSome is placeOf for as many slots as there are places, of which none is
// noSlot, in three loops. The first two do nothing but fetch, a dayEntry and a
// word of its block: they are so short that the processor has many of them under
// way to the cache at a time.
func (p *presence) placeSome(places []Place, slots *[findAtOnce]slot) {
	var (
		entries [findAtOnce]dayEntry
		words   [findAtOnce]uint64
	)
	days := p.days[:dayCount]
	for i := range places {
		k := i & (findAtOnce - 1)
		entries[k] = days[slots[k].day()]
	}
	blocks := p.blocks
	for i := range places {
		k := i & (findAtOnce - 1)
		words[k] = blocks[entries[k].block*blockWords+slots[k].serial()>>6]
	}
	for i := range places {
		k := i & (findAtOnce - 1)
		places[i] = p.rankIn(entries[k], words[k], slots[k].serial())
	}
}

// placeOf is the place of a slot's number, and NotFound where it is not there.
func (p *presence) placeOf(s slot) Place {
	if s >= noSlot {
		return NotFound
	}
	return p.placeIn(p.days[s.day()], s.serial())
}

func (p *presence) placeIn(entry dayEntry, serial uint32) Place {
	return p.rankIn(entry, p.blocks[entry.block*blockWords+serial>>6], serial)
}

// rankIn is the place of a serial by its day's entry and its word in the block, and
// NotFound where it is not there.
func (p *presence) rankIn(entry dayEntry, word uint64, serial uint32) Place {
	bit := uint64(1) << (serial & 63)
	if word&bit == 0 {
		return NotFound
	}
	line := (*[lineWords]uint64)(p.blocks[entry.block*blockWords+serial>>9*lineWords:])
	below := &wordsBelow[serial>>6&7]
	// Of the second line, the last word also says how many the first line has.
	rank := entry.rank + uint32(line[lineWords-1]>>countShift)*(serial>>9)
	rank += uint32(bits.OnesCount64(word & (bit - 1)))
	rank += uint32(bits.OnesCount64(line[0] & below[0]))
	rank += uint32(bits.OnesCount64(line[1] & below[1]))
	rank += uint32(bits.OnesCount64(line[2] & below[2]))
	rank += uint32(bits.OnesCount64(line[3] & below[3]))
	rank += uint32(bits.OnesCount64(line[4] & below[4]))
	rank += uint32(bits.OnesCount64(line[5] & below[5]))
	rank += uint32(bits.OnesCount64(line[6] & below[6]))
	return Place(rank)
}

// slotAt is the slot of the number at a place.
func (p *presence) slotAt(place Place) slot {
	hint := int(place) / hintSpacing
	low, high := int(p.hints[hint]), int(p.hints[hint+1])
	block := low + sort.Search(high-low, func(i int) bool { return p.rankAfter(low+i) > int(place) })
	day := p.dayOfBlock[block]
	left := int(place) - int(p.days[day].rank)
	for i := range blockWords {
		word := p.serials(block, i)
		if count := bits.OnesCount64(word); left >= count {
			left -= count
			continue
		}
		for ; left > 0; left-- {
			word &= word - 1
		}
		return slotOf(day, uint32(i<<6+bits.TrailingZeros64(word)))
	}
	panic("BUG: a place beyond its block")
}

// serials are the serials of a word of the block at an index of dayOfBlock.
func (p *presence) serials(block, word int) uint64 {
	serials := p.blocks[(block+1)*blockWords+word]
	if word == blockWords-1 {
		serials &= lastSerials
	}
	return serials
}

// each calls yield with every place and slot in order, until it returns false.
func (p *presence) each(yield func(Place, slot) bool) {
	place := Place(0)
	for block, day := range p.dayOfBlock {
		for i := range blockWords {
			for word := p.serials(block, i); word != 0; word &= word - 1 {
				if !yield(place, slotOf(day, uint32(i<<6+bits.TrailingZeros64(word)))) {
					return
				}
				place++
			}
		}
	}
}

func (p *presence) bytes() int64 {
	return int64(8*(len(p.days)+len(p.blocks)) + 4*(len(p.dayOfBlock)+len(p.hints)))
}

// rankedBits is a set of integers from 0, each with its rank among them. The
// zero rankedBits is empty.
type rankedBits struct {
	words []uint64
	ranks []uint32 // members before the word
}

func newRankedBits(length int) rankedBits {
	return rankedBits{words: make([]uint64, (length+63)/64)}
}

// add adds a member. Afterwards index must be called.
func (b *rankedBits) add(member int) {
	b.words[member>>6] |= 1 << (member & 63)
}

// has says whether the set has the integer, which may lie beyond its length.
func (b *rankedBits) has(member uint32) bool {
	word := int(member >> 6)
	return word < len(b.ranks) && b.words[word]>>(member&63)&1 != 0
}

// rank is how many members lie before the member.
func (b *rankedBits) rank(member uint32) int {
	word := int(member >> 6)
	return int(b.ranks[word]) + bits.OnesCount64(b.words[word]&(1<<(member&63)-1))
}

// index computes the ranks and returns how many members there are.
func (b *rankedBits) index() int {
	b.ranks = make([]uint32, len(b.words))
	count := 0
	for i := range b.ranks {
		b.ranks[i] = uint32(count)
		count += bits.OnesCount64(b.words[i])
	}
	return count
}

func (b *rankedBits) bytes() int64 { return int64(8*len(b.words) + 4*len(b.ranks)) }
