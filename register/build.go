package register

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"golang.org/x/sync/errgroup"
)

// loopBudget is how many links a build follows at most to find loops, so that a
// register of endless chains cannot hold it up.
const loopBudget = 1 << 25

// Build makes the snapshot of what was added. The Builder is spent afterwards.
// It fails where there are no entries, where the memory limit of the process is
// passed, and where there are more different states than a snapshot can have.
func (b *Builder) Build() (*Snapshot, *Checks, error) {
	snapshot, err := b.build()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot build the register: %w", err)
	}
	return snapshot, snapshot.checks, nil
}

func (b *Builder) build() (*Snapshot, error) {
	if b.kept == 0 && b.fullAt == 0 {
		return nil, b.noEntries()
	}
	needed, share := b.bytes+b.neededBytes(), 1.0
	if b.fullAt > 0 {
		// What was kept stands for what was only counted.
		share = max(1, float64(b.rows)/float64(b.fullAt))
		needed = int64(float64(needed+int64(len(b.links))*16) * share)
	}
	if err := checkMemory(needed + b.tableBytes(share)); err != nil {
		return nil, err
	}
	a := &assembly{Builder: b, states: map[State]uint16{{}: 0}}
	a.out = &Snapshot{extractDate: b.extractDate, numbers: newPresence(&b.serials), states: []State{{}}}
	b.serials = serialSet{}
	a.readLinks()
	a.makeRows()
	if err := a.eachNumber(); err != nil {
		return nil, err
	}
	a.finish()
	var group errgroup.Group
	group.Go(func() error {
		a.out.findPlain()
		return nil
	})
	a.findLoops()
	_ = group.Wait()
	a.out.checks = a.collectChecks()
	return a.out, nil
}

// neededBytes is about what the build will take beside what was added: the
// snapshot, the order of unsorted entries, and the links.
func (b *Builder) neededBytes() int64 {
	row := int64(4)
	for _, has := range b.hasDates {
		if has {
			row += 2
		}
	}
	if b.unsorted {
		row += 4
	}
	return b.kept*row + int64(len(b.links))*(16+24)
}

// tableBytes is what the tables by day take, which do not grow with the entries:
// the Builder's and the snapshot's, or the snapshot's and that of plain numbers,
// where the days so far are one share-th of all. Beside them stand the indexes of
// states.
func (b *Builder) tableBytes(share float64) int64 {
	days := share * float64(b.serials.count)
	const perDay = 4 + 8 // an index, and a dayEntry
	return dayCount*perDay + int64(min(days, dayCount))*2*blockBytes + int64(len(b.kindOf))<<stateFlagBits*2
}

// assembly is a snapshot being made. Numbers come in order, each with all its
// entries, and are written down at once.
type assembly struct {
	*Builder
	out *Snapshot

	dated   bool     // there are dates beside status_from
	several []uint64 // bits: places that a link leaves or leads to
	place   Place    // of the number at hand
	block   int      // index in numbers.dayOfBlock of a day up to the number's
	group   []member // its entries, in order
	// nextLink is the place in links after that of the last entry that had one.
	nextLink int

	// Rows of latest entries come by place, those of earlier entries after all
	// of them; so do their links.
	earlierLinks, latestLinks []rowLink
	superseded                int64

	states   map[State]uint16 // index by state
	simple   []uint16         // by own: index of the state of the only entry of a number; 0 where writeSimple has not found it yet
	pairs    []uint32         // by pairOf the two entries of a number: the states of both, 16 bits each; 0 where writeSimple has not found them yet
	stateIDs []uint16         // by the kind of an ownState and the flags of a state: index of the state, 0 where there is none yet

	replaced     []replacedRow
	loopsUnknown bool // the search for loops was given up
}

// member is an entry of the number at hand.
type member struct {
	index uint32 // in the order of the input
	own   *ownState
	from  calendar.Day
	code  uint32 // of from
	// winner is which of the group is in force in place of this one; itself,
	// where none of the same day comes after.
	winner int
	attributes
}

// attributes are what an entry may lack.
type attributes struct {
	level     Level
	protected Tristate
	link      identity.Number
	dates     [dateColumnCount]uint32 // codes; known_from is here for company, it is never taken from another entry
}

// rowLink is the link of a row.
type rowLink struct {
	row  uint32
	link uint32 // as in Snapshot.linkSlots
}

// replacedRow is a row of a replaced number with a link.
type replacedRow struct {
	row, index uint32
	place      Place
}

// readLinks marks the numbers that links join, and notes links to nowhere.
func (a *assembly) readLinks() {
	if len(a.links) == 0 {
		return
	}
	a.several = make([]uint64, (a.out.Len()+63)/64)
	a.latestLinks = make([]rowLink, 0, len(a.links)) // at least, since rows take links from each other
	var numbers [findAtOnce]identity.Number
	var places [findAtOnce]Place
	for some := range slices.Chunk(a.links, findAtOnce) {
		for i, l := range some {
			numbers[i] = l.to
		}
		a.out.FindAll(places[:], numbers[:len(some)])
		for i, l := range some {
			from, to := a.out.numbers.placeOf(l.from), places[i]
			a.several[from>>6] |= 1 << (from & 63)
			if to == NotFound {
				a.tallies[linkToUnknownNumber].note(l.index)
				if l.to == UnreadableLink {
					a.unreadable[linkColumn]++
				}
				continue
			}
			a.several[to>>6] |= 1 << (to & 63)
		}
	}
}

// makeRows makes room for as many rows as there can be.
func (a *assembly) makeRows() {
	out, rows := a.out, int(a.kept)
	out.heads = newIntegers[uint32](out.Len(), rows)
	if rows > out.Len() {
		out.earlier = newRankedBits(out.Len())
		out.earlierRows = make([]uint32, 0, rows-out.Len()+1)
	}
	for column, has := range a.hasDates {
		if has {
			a.dated = true
			out.dates[column] = newDateColumn(rows)
		}
	}
	a.simple = make([]uint16, len(a.own))
	a.pairs = make([]uint32, pairOwns*pairOwns)
	a.stateIDs = make([]uint16, len(a.kindOf)<<stateFlagBits)
}

// eachNumber assembles the entries of each number. The usual extract is in the
// order of its numbers; any other is put in order first.
func (a *assembly) eachNumber() error {
	if a.unsorted {
		return a.eachOfUnsorted()
	}
	for chunk, c := range a.chunks {
		simple := !c.hasDates()
		for i := 0; i < len(c.rows); i++ {
			if simple && len(a.group) == 0 {
				i = a.writeMost(c, i)
			}
			row := c.rows[i]
			if row&ownMask == leftOut {
				continue
			}
			if !c.again.has(i) {
				if err := a.assemble(); err != nil {
					return err
				}
				if end := c.endOfNumber(i); simple && end != 0 && a.writeSimple(c.rows[i:end]) {
					i = end - 1
					continue
				}
			}
			a.gather(uint32(chunk<<chunkShift+i), row)
		}
		a.chunks[chunk] = nil // done with: what comes needs the memory
	}
	return a.assemble()
}

// eachOfUnsorted is eachNumber for entries that are not in the order of their
// numbers.
func (a *assembly) eachOfUnsorted() error {
	current := noSlot
	for _, index := range a.sorted() {
		c, i := a.chunks[index>>chunkShift], index&(chunkRows-1)
		if at := c.slots[i]; at != current {
			if err := a.assemble(); err != nil {
				return err
			}
			current = at
		}
		a.gather(index, c.rows[i])
	}
	return a.assemble()
}

// writeMost writes down numbers from a row on, as writeSimple does, up to one that
// has more than two entries or anything to ask: its first row it returns, the last
// of the chunk at the latest. Most of the time of a build is this.
func (a *assembly) writeMost(c *chunk, i int) int {
	for i+1 < len(c.rows) {
		written := a.writeSingles(c, i)
		if written == 0 {
			written = a.writePair(c, i)
		}
		if written == 0 {
			break
		}
		i += written
	}
	return i
}

// writeSingles writes down numbers of one entry, from a row on, and says of how
// many rows. Which have one is told 64 rows at a time.
func (a *assembly) writeSingles(c *chunk, i int) int {
	word, place := i>>6, int(a.place)
	others := c.linked[word] | c.again[word] | c.again[word]>>1
	if word+1 < len(c.again) {
		others |= c.again[word+1] << 63
	}
	count := min(bits.TrailingZeros64(others>>(i&63)), 64-i&63, len(c.rows)-1-i)
	if count > 0 && a.several != nil {
		count = min(count, bits.TrailingZeros64(a.several[place>>6]>>(place&63)), 64-place&63)
	}
	heads := a.out.heads[place:][:count]
	for k, row := range c.rows[i:][:count] {
		state := a.simple[row&ownMask]
		if state == 0 {
			count = k
			break
		}
		heads[k] = row&^stateMask | uint32(state)
	}
	a.place += Place(count)
	return count
}

// writePair writes down a number of two entries, of which a row is the first, and
// says of how many rows.
func (a *assembly) writePair(c *chunk, i int) int {
	if i+2 >= len(c.rows) || c.again.has(i) || !c.again.has(i+1) || c.again.has(i+2) || c.linked.has(i) || c.linked.has(i+1) || a.isJoined() {
		return 0
	}
	first, second := c.rows[i], c.rows[i+1]
	states := a.pairs[pairOf(first, second)]
	if states == 0 || first>>stateBits >= second>>stateBits || second>>stateBits >= specialBase {
		return 0
	}
	a.beginEarlier()
	a.out.heads = append(a.out.heads, first&^stateMask|states>>16)
	a.out.heads[a.place] = second&^stateMask | states&stateMask
	a.place++
	return 2
}

// pairOf is the place in assembly.pairs of two entries; the first, which none
// is written to, where their ownStates are too many.
func pairOf(first, second uint32) uint32 {
	first, second = first&ownMask, second&ownMask
	if first >= pairOwns || second >= pairOwns {
		return 0
	}
	return first*pairOwns + second
}

// endOfNumber is where the rows of the number end whose first entry a row is, if
// none of them has a link; 0 where other rows would have to be looked at.
func (c *chunk) endOfNumber(row int) int {
	for !c.linked.has(row) {
		if row++; row == len(c.rows) || c.rows[row]&ownMask == leftOut {
			return 0
		}
		if !c.again.has(row) {
			return row
		}
	}
	return 0
}

// pairOwns is how many ownStates have places in assembly.pairs.
const pairOwns = 256

// simpleRows is how many rows writeSimple takes at most.
const simpleRows = 8

// writeSimple writes down a number whose entries have neither dates nor links, as
// assemble does, where that takes no more than a look at its rows: they are few,
// in order and of a day each, and there is nothing to check or to number. Most
// numbers are so.
func (a *assembly) writeSimple(rows []uint32) bool {
	row := rows[0]
	joined := a.isJoined()
	if state := a.simple[row&ownMask]; len(rows) == 1 && state != 0 && !joined { // fast path
		a.out.heads[a.place] = row&^stateMask | uint32(state)
		a.place++
		return true
	}
	if len(rows) > simpleRows {
		return false
	}
	var level, protected, several uint32 // as attributes.fill has them
	for i := len(rows) - 1; i >= 0; i-- {
		own := &a.own[rows[i]&ownMask]
		if level == 0 {
			level = uint32(own.level)
		}
		if protected == 0 {
			protected = uint32(own.protected)
		}
	}
	if joined {
		several = severalFlag
	}
	var heads [simpleRows]uint32
	for i, row := range rows {
		own := &a.own[row&ownMask]
		flags := uint32(own.level)
		if flags == 0 && level != 0 {
			flags = level | levelElsewhereFlag
		}
		if own.protected != 0 {
			flags |= uint32(own.protected) << protectedShift
		} else {
			flags |= protected << protectedShift
		}
		state := uint32(a.stateIDs[uint32(own.kind)<<stateFlagBits|flags|several])
		if state == 0 || own.status == Closed || row>>stateBits >= specialBase || i > 0 && row>>stateBits <= rows[i-1]>>stateBits {
			return false
		}
		heads[i&(simpleRows-1)] = row&^stateMask | state
	}
	last := len(rows) - 1
	if last > 0 {
		a.beginEarlier()
		a.out.heads = append(a.out.heads, heads[:last]...)
	} else if !joined {
		a.simple[row&ownMask] = uint16(heads[0] & stateMask)
	}
	if last == 1 && !joined {
		if pair := pairOf(rows[0], rows[1]); pair != 0 {
			a.pairs[pair] = heads[0]&stateMask<<16 | heads[1]&stateMask
		}
	}
	a.out.heads[a.place] = heads[last]
	a.place++
	return true
}

// beginEarlier notes that the number at hand has earlier rows, of which the next
// is the first.
func (a *assembly) beginEarlier() {
	a.out.earlier.add(int(a.place))
	a.out.earlierRows = append(a.out.earlierRows, uint32(len(a.out.heads)))
}

// isJoined says whether links join the number at hand to another.
func (a *assembly) isJoined() bool {
	return a.several != nil && a.several[a.place>>6]>>(a.place&63)&1 != 0
}

// sorted are the indexes of the entries by number, and by index for each
// number: laid out by day first, then each day for itself.
func (b *Builder) sorted() []uint32 {
	next := make([]uint32, dayCount+1)
	for _, c := range b.chunks {
		for _, at := range c.slots {
			if at != noSlot {
				next[at.day()+1]++
			}
		}
	}
	for day := range dayCount {
		next[day+1] += next[day]
	}
	order := make([]uint32, b.kept)
	index := uint32(0)
	for _, c := range b.chunks {
		for _, at := range c.slots {
			if at != noSlot {
				day := at.day()
				order[next[day]] = index
				next[day]++
			}
			index++
		}
	}
	var keys []uint64 // serial and index
	first := uint32(0)
	for day := range dayCount {
		end := next[day] // by now where the day ends
		run := order[first:end]
		first = end
		keys = keys[:0]
		for _, index := range run {
			at := b.chunks[index>>chunkShift].slots[index&(chunkRows-1)]
			keys = append(keys, uint64(at.serial())<<32|uint64(index))
		}
		slices.Sort(keys)
		for i, key := range keys {
			run[i] = uint32(key)
		}
	}
	return order
}

// gather adds an entry to the group of the number at hand.
func (a *assembly) gather(index, row uint32) {
	own := &a.own[row&ownMask]
	code := row >> stateBits
	a.group = append(a.group, member{
		index: index, own: own, from: a.dates.day(code), code: code,
		attributes: attributes{level: own.level, protected: own.protected},
	})
	m := &a.group[len(a.group)-1]
	c := a.chunks[index>>chunkShift]
	if a.dated {
		for column := range c.dates {
			if c.dates[column] != nil {
				m.dates[column] = c.dates[column].at(int(index & (chunkRows - 1)))
			}
		}
	}
	if c.linked.has(int(index & (chunkRows - 1))) {
		i := a.nextLink
		if i >= len(a.links) || a.links[i].index != index { // else the fast path: entries come in the order of the input
			i, _ = slices.BinarySearchFunc(a.links, index, func(l link, index uint32) int { return cmp.Compare(l.index, index) })
		}
		m.link = a.links[i].to
		a.nextLink = i + 1
	}
}

// before is the order of a number's entries: by the day on which the status
// began, then by that on which it became known, then by row.
func (a *assembly) before(x, y member) int {
	if x.from != y.from {
		return cmp.Compare(x.from, y.from)
	}
	return cmp.Or(
		cmp.Compare(a.dates.day(x.dates[knownFrom]), a.dates.day(y.dates[knownFrom])),
		cmp.Compare(x.index, y.index),
	)
}

// assemble writes down the rows of the number at hand, and is done with it.
func (a *assembly) assemble() error {
	last := len(a.group) - 1
	switch last {
	case -1:
		return nil
	case 0:
		// Fast path: most numbers have one entry.
		m := &a.group[0]
		a.check(m, &m.attributes, true)
		err := a.write(uint32(a.place), m, &m.attributes)
		a.place++
		a.group = a.group[:0]
		return err
	}
	if !slices.IsSortedFunc(a.group, a.before) { // else the fast path
		slices.SortFunc(a.group, a.before)
	}
	var latest attributes // each from the latest entry that has it
	for i := last; i >= 0; i-- {
		latest.fill(&a.group[i].attributes, a.dated)
		a.group[i].winner = i
		if i < last && a.group[i].from == a.group[i+1].from {
			a.group[i].winner = a.group[i+1].winner
		}
	}
	hasEarlier := false
	for i := range a.group {
		m := &a.group[i]
		a.check(m, &latest, i == last)
		if m.winner != i {
			a.superseded++
			if a.contradict(m, &a.group[m.winner]) {
				a.tallies[sameDayDisagreement].note(m.index)
			}
			continue
		}
		row := uint32(a.place)
		if i < last {
			if !hasEarlier {
				hasEarlier = true
				a.beginEarlier()
			}
			row = uint32(len(a.out.heads))
			a.out.heads = append(a.out.heads, 0)
		}
		resolved := m.attributes
		resolved.fill(&latest, a.dated)
		resolved.dates[knownFrom] = m.dates[knownFrom]
		if err := a.write(row, m, &resolved); err != nil {
			return err
		}
	}
	a.place++
	a.group = a.group[:0]
	return nil
}

// fill takes what it lacks from others; dated says whether dates are among that.
func (x *attributes) fill(others *attributes, dated bool) {
	x.level = cmp.Or(x.level, others.level)
	x.protected = cmp.Or(x.protected, others.protected)
	x.link = cmp.Or(x.link, others.link)
	if dated {
		for column := range x.dates {
			x.dates[column] = cmp.Or(x.dates[column], others.dates[column])
		}
	}
}

// contradict says whether two entries of a day say different things. An attribute
// that only one of them has is no contradiction.
func (a *assembly) contradict(m, other *member) bool {
	differ := m.own.status != other.own.status || !strings.EqualFold(a.reasons[m.own.reason], a.reasons[other.own.reason]) ||
		m.level != 0 && other.level != 0 && m.level != other.level ||
		m.protected != 0 && other.protected != 0 && m.protected != other.protected ||
		m.link != 0 && other.link != 0 && m.link != other.link
	for column := assignedOn; column < dateColumnCount; column++ {
		differ = differ || m.dates[column] != 0 && other.dates[column] != 0 && m.dates[column] != other.dates[column]
	}
	return differ
}

// isCoordination says whether the number at hand is a coordination number.
func (a *assembly) isCoordination() bool {
	for a.out.numbers.rankAfter(a.block) <= int(a.place) {
		a.block++
	}
	return !isPersonal(a.out.numbers.dayOfBlock[a.block])
}

// check notes what is wrong with an entry, which may be the last of its number.
func (a *assembly) check(m *member, latest *attributes, isLast bool) {
	switch {
	case m.own.status == Closed && latest.link == 0:
		a.tallies[closedWithoutLink].note(m.index)
	case m.own.status == Active && (m.dates[deceasedOn] != 0 || isLast && latest.dates[deceasedOn] != 0):
		a.tallies[activeWithDeathDate].note(m.index)
	}
	if expected := m.dates[inactiveExpectedOn]; expected != 0 && a.isCoordination() {
		computed, ok := ComputedLastDay(a.dates.day(m.dates[assignedOn]), a.dates.day(m.dates[renewedOn]))
		if ok && computed != a.dates.day(expected) {
			a.tallies[expectedDateDiffers].note(m.index)
		}
	}
}

// The flags of a state that are no part of an ownState, from the lowest bit: the
// level in three, protection in two, then one each.
const (
	protectedShift = 3
	deathFlag      = 1 << (4 + iota)
	linkFlag
	severalFlag
	assignedLaterFlag
	levelElsewhereFlag
	deathElsewhereFlag
	stateFlagBits = iota + 4
)

// write writes down a row with its attributes.
func (a *assembly) write(row uint32, m *member, resolved *attributes) error {
	out := a.out
	flags := uint32(resolved.level)
	flags |= uint32(resolved.protected) << protectedShift
	if m.level != resolved.level {
		flags |= levelElsewhereFlag
	}
	if resolved.dates[deceasedOn] != 0 {
		flags |= deathFlag
	}
	if m.dates[deceasedOn] != resolved.dates[deceasedOn] {
		flags |= deathElsewhereFlag
	}
	if resolved.link != 0 {
		flags |= linkFlag
		a.writeLink(row, resolved.link)
	}
	if a.isJoined() {
		flags |= severalFlag
	}
	if assigned := resolved.dates[assignedOn]; assigned != 0 && (m.code == 0 || a.dates.day(assigned) > m.from) {
		flags |= assignedLaterFlag
	}
	state, err := a.state(m.own, flags)
	if err != nil {
		return err
	}
	out.heads[row] = m.code<<stateBits | uint32(state)
	if a.dated {
		for column, code := range resolved.dates {
			if code != 0 {
				out.dates[column].set(int(row), code)
			}
		}
	}
	if resolved.link != 0 && out.states[state].IsReplaced() {
		a.replaced = append(a.replaced, replacedRow{row, m.index, a.place})
	}
	return nil
}

// state is the index of a state.
func (a *assembly) state(own *ownState, flags uint32) (uint16, error) {
	id := &a.stateIDs[uint32(own.kind)<<stateFlagBits|flags]
	if *id == 0 { // else the fast path
		added, err := a.addState(own, flags)
		if err != nil {
			return 0, err
		}
		*id = added
	}
	return *id, nil
}

// addState is the index of a state; a new one where there is none yet.
func (a *assembly) addState(own *ownState, flags uint32) (uint16, error) {
	state := State{
		Status:         own.status,
		Code:           own.code,
		Level:          Level(flags & 7),
		Protected:      Tristate(flags >> protectedShift & 3),
		Reason:         a.reasons[own.reason],
		HasDeath:       flags&deathFlag != 0,
		HasLink:        flags&linkFlag != 0,
		SeveralNumbers: flags&severalFlag != 0,
		AssignedLater:  flags&assignedLaterFlag != 0,
		LevelElsewhere: flags&levelElsewhereFlag != 0,
		DeathElsewhere: flags&deathElsewhereFlag != 0,
	}
	id, ok := a.states[state]
	if !ok {
		if len(a.out.states) == stateLimit {
			return 0, fmt.Errorf("there are more than %d different states (status, status_reason, level and the like)", stateLimit-1)
		}
		id = uint16(len(a.out.states))
		a.out.states = append(a.out.states, state)
		a.states[state] = id
	}
	return id, nil
}

func (a *assembly) writeLink(row uint32, number identity.Number) {
	link := uint32(findSlot(number))
	if slot(link) == noSlot {
		link = otherLink | uint32(len(a.out.otherLinks))
		a.out.otherLinks = append(a.out.otherLinks, uint64(number))
	}
	if int(row) < a.out.Len() {
		a.latestLinks = append(a.latestLinks, rowLink{row, link})
	} else {
		a.earlierLinks = append(a.earlierLinks, rowLink{row, link})
	}
}

// finish makes what can only be made when all rows are there.
func (a *assembly) finish() {
	out := a.out
	a.chunks = nil
	rows := len(out.heads)
	out.heads, out.earlierRows = clipped(out.heads), clipped(out.earlierRows)
	for column := range out.dates {
		if out.dates[column] != nil {
			out.dates[column] = out.dates[column][:dateColumnBytes(rows)]
		}
	}
	if len(out.earlierRows) == 0 {
		out.earlier = rankedBits{}
	} else {
		out.earlier.index()
		out.earlierRows = append(out.earlierRows, uint32(rows))
	}
	if links := len(a.latestLinks) + len(a.earlierLinks); links > 0 {
		out.linked = newRankedBits(rows)
		out.linkSlots = make([]uint32, 0, links)
		for _, part := range [][]rowLink{a.latestLinks, a.earlierLinks} {
			for _, l := range part {
				out.linked.add(int(l.row))
				out.linkSlots = append(out.linkSlots, l.link)
			}
		}
		out.linked.index()
	}
	out.special = a.dates.specialDates
}

// clipped gives up the room of rows that superseded entries would have taken.
// Where they are few it stays as it is.
func clipped(values []uint32) []uint32 {
	if len(values) < cap(values)-cap(values)/8 {
		return slices.Clone(values)
	}
	return values
}

// findLoops notes the entries whose links lead round in a loop on the first or
// the last day on which they are in force. A loop begins on the day on which one
// of its entries does, so each is found with one entry at least.
func (a *assembly) findLoops() {
	isReplaced := make([]uint64, (a.out.Len()+63)/64) // on some day
	for _, r := range a.replaced {
		isReplaced[r.place>>6] |= 1 << (r.place & 63)
	}
	budget := loopBudget
	var slots [findAtOnce]slot
	var next [findAtOnce]Place
	for i, r := range a.replaced {
		k := i % findAtOnce
		if k == 0 {
			some := a.replaced[i:min(i+findAtOnce, len(a.replaced))]
			for k, r := range some {
				slots[k], _ = a.out.linkedSlot(r.row)
			}
			a.out.numbers.placeSome(next[:len(some)], &slots)
		}
		// Fast path: most links lead to a number that is never replaced.
		if next[k] == NotFound || isReplaced[next[k]>>6]>>(next[k]&63)&1 == 0 {
			continue
		}
		first, last := a.inForce(r.row, r.place)
		_, broken, links := a.out.follow(r.place, first, budget)
		budget -= links
		if broken != LinkLoop && last != first {
			_, broken, links = a.out.follow(r.place, last, budget)
			budget -= links
		}
		if broken == LinkLoop {
			a.tallies[linkLoop].note(r.index)
		}
		if budget <= 0 {
			a.loopsUnknown = true
			return
		}
	}
}

// inForce are the first and the last day on which a row of a place is in force.
func (a *assembly) inForce(row uint32, place Place) (first, last calendar.Day) {
	first, last = a.out.from(row), calendar.Last
	if row != uint32(place) {
		next := row + 1
		if _, end := a.out.earlierOf(place); next == end {
			next = uint32(place)
		}
		last = a.out.from(next) - 1
	}
	return first, last
}

// noEntries says why there is nothing to build, with the first place and word of each.
func (b *Builder) noEntries() error {
	text := fmt.Sprintf("no entries: of %d rows none has a number and a status that can be read", b.rows)
	for _, check := range []int{malformedNumber, unknownStatus, unreadableValue} {
		found := b.tallies[check].inconsistency(checkNames[check], b.locate)
		if found.Count == 0 {
			continue
		}
		first := found.First[0]
		text += fmt.Sprintf("; %s: %d, the first in %s, row %d", found.Name, found.Count, first.File, first.Row)
		if first.Column != "" {
			text += ", " + first.Column
		}
		if len(found.Words) > 0 {
			text += fmt.Sprintf(", the most frequent %q", found.Words[0].Word)
		}
	}
	return errors.New(text)
}

func (a *assembly) collectChecks() *Checks {
	checks := &Checks{
		RowsRead:          int64(a.rows),
		EntriesKept:       int64(a.out.Entries()),
		EntriesSuperseded: a.superseded,
		EntriesLeftOut:    int64(a.rows) - a.kept,
		Links:             int64(len(a.links)),
	}
	unreadable := maps.Clone(a.unreadable)
	if unknown := a.tallies[unknownLevel].count; unknown > 0 {
		unreadable[levelColumn] += unknown
	}
	for _, column := range slices.Sorted(maps.Keys(unreadable)) {
		checks.Unreadable = append(checks.Unreadable, ColumnCount{column, unreadable[column]})
	}
	for check, name := range checkNames {
		checks.Inconsistencies = append(checks.Inconsistencies, a.tallies[check].inconsistency(name, a.locate))
	}
	checks.Inconsistencies[linkLoop].AtLeast = a.loopsUnknown
	return checks
}
