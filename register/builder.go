package register

import (
	"errors"
	"fmt"
	"math/bits"
	"runtime/debug"
	"sort"
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
)

const (
	chunkShift = 16
	chunkRows  = 1 << chunkShift
	// rowLimit is how many rows an extract can have.
	rowLimit = 1<<31 - 1
	// stateLimit is how many different states a snapshot can have, one of them
	// the zero State.
	stateLimit = 1 << stateBits
	stateBits  = 32 - dateBits
	stateMask  = stateLimit - 1
)

// A row of a chunk is the date code of its status_from above stateBits, as in
// Snapshot.heads, and below it the index of its ownState, or leftOut where the
// row is no entry.
const (
	leftOut  = 0
	ownLimit = stateLimit
	ownMask  = stateMask
)

// ownState is what an entry itself says that becomes part of its State.
type ownState struct {
	status    Status
	code      Code
	level     Level
	protected Tristate
	reason    uint16 // index in Builder.reasons
	// kind is a number of status and reason, which one ownState shares with
	// others that have them.
	kind uint16
}

// The columns of dates beside status_from.
const (
	knownFrom = iota
	assignedOn
	renewedOn
	inactiveExpectedOn
	deceasedOn
	dateColumnCount
)

var dateColumnNames = [dateColumnCount]string{"known_from", "assigned_on", "renewed_on", "inactive_expected_on", "deceased_on"}

// chunk is a run of chunkRows rows of the input. A column of dates is nil as
// long as no row of the chunk has a date in it.
type chunk struct {
	rows   []uint32
	again  chunkBits // entries of the same number as the entry before, and rows left out
	linked chunkBits // entries with a link
	// slots is nil as long as the input is sorted: its entries are then those of
	// the numbers in their order.
	slots []slot
	dates [dateColumnCount]dateColumn
}

// chunkBits is a bit for each row of a chunk.
type chunkBits [chunkRows / 64]uint64

func (b *chunkBits) set(row int)      { b[row>>6] |= 1 << (row & 63) }
func (b *chunkBits) has(row int) bool { return b[row>>6]>>(row&63)&1 != 0 }

// hasDates says whether a row of the chunk has a date.
func (c *chunk) hasDates() bool {
	for _, column := range c.dates {
		if column != nil {
			return true
		}
	}
	return false
}

// segment is where a run of rows stands in the extract.
type segment struct {
	file     string
	firstRow int64
	index    uint32 // of the first row, in the order of the input
}

// link is the linked number of an entry.
type link struct {
	index uint32 // of the entry, in the order of the input
	from  slot
	to    identity.Number
}

// Builder makes a Snapshot of an extract. It keeps 4 bytes a row, as many again
// where the rows are not sorted by number, 2 more for each column of dates that
// has any, and 16 for each link. It is for one goroutine.
type Builder struct {
	extractDate calendar.Day
	chunks      []*chunk
	rows        uint32 // of the input, with those left out
	kept        int64
	segments    []segment
	links       []link // in the order of the input
	dates       dateCoder
	hasDates    [dateColumnCount]bool
	bytes       int64
	fullAt      int64 // rows at which the memory limit was passed; those after are only counted; 0 where it was not

	serials  serialSet // of the numbers
	last     slot      // of the last entry
	unsorted bool      // a slot came after a later one

	undated     []int    // rows of the extract whose status_from cannot be read, and that are still to come
	ids         []uint32 // indexes in own by the extract's kinds; 0 where a row must be looked at
	reasons     []string
	reasonIndex map[string]uint16
	own         []ownState
	// ownIndex has the index in own of a reason, status, level and protection,
	// 0 where there is none yet.
	ownIndex []uint32
	kindOf   map[uint32]uint16 // ownState.kind by status and reason as in ownIndex

	tallies    [checkCount]tally
	unreadable map[string]int64 // values that cannot be read, by column
}

const (
	// The parts of an index of ownIndex, from the lowest bit: protection, level,
	// status less one, reason.
	ownLevelShift  = 2
	ownStatusShift = 5
	ownReasonShift = 7
)

// NewBuilder is a Builder of a register as it stood on a day; Missing if that
// is not known.
func NewBuilder(extractDate calendar.Day) *Builder {
	return &Builder{
		extractDate: extractDate,
		dates:       newDateCoder(),
		serials:     newSerialSet(),
		own:         make([]ownState, 1), // leftOut
		reasons:     []string{""},
		reasonIndex: map[string]uint16{"": 0},
		ownIndex:    make([]uint32, 1<<ownReasonShift),
		kindOf:      map[uint32]uint16{},
		unreadable:  map[string]int64{},
	}
}

// Add adds the next rows of an extract, files and rows in their order, and
// copies what it keeps. What is wrong with single rows is counted; an error,
// which names the file, is a limit that is passed, or columns that do not fit
// together.
func (b *Builder) Add(e *Extract) error {
	if err := b.add(e); err != nil {
		return fmt.Errorf("cannot take in register extract %s from row %d: %w", e.File, e.FirstRow, err)
	}
	return nil
}

func (b *Builder) add(e *Extract) error {
	if !e.packed.done {
		e.Pack()
	}
	e.packed.done = false
	if e.packed.err != nil {
		return e.packed.err
	}
	rows := len(e.Number)
	if int64(b.rows)+int64(rows) > rowLimit {
		return fmt.Errorf("there are more than %d rows", rowLimit)
	}
	if b.fullAt > 0 {
		b.rows += uint32(rows)
		return nil
	}
	b.ids = append(b.ids[:0], make([]uint32, len(e.packed.kinds))...)
	b.addSegment(e)
	unreadable := &b.tallies[unreadableValue]
	undated := b.undated[:0]
	for _, u := range e.Unreadable {
		if u.Column == statusFromColumn {
			undated = append(undated, int(u.Row-e.FirstRow))
		}
		unreadable.count++
		if u.Column != statusColumn { // its entry is left out
			if _, ok := b.unreadable[u.Column]; !ok {
				b.unreadable[strings.Clone(u.Column)] = 0
			}
			b.unreadable[u.Column]++
		}
		if len(unreadable.places) < LimitLocations {
			unreadable.places = append(unreadable.places, Location{strings.Clone(e.File), u.Row, strings.Clone(u.Column)})
		}
	}
	b.undated = undated
	for from := 0; from < rows; {
		before := b.rows
		to, err := b.addToChunk(e, from)
		if errors.Is(err, errMemory) {
			// Build refuses it, with what all of it needs: so the rest is counted.
			b.fullAt = max(int64(before), chunkRows)
			b.rows = before + uint32(rows-from)
			return nil
		}
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

// addToChunk adds as many rows as the last chunk has room for, and returns the
// row after them.
func (b *Builder) addToChunk(e *Extract, from int) (to int, err error) {
	c, err := b.lastChunk()
	if err != nil {
		return 0, err
	}
	first := len(c.rows)
	to = min(len(e.Number), from+chunkRows-first)
	if err := b.addRows(c, e, from, to); err != nil {
		return 0, err
	}
	return to, b.addDates(c, first, e, from, to)
}

func (b *Builder) addSegment(e *Extract) {
	if n := len(b.segments); n > 0 {
		last := &b.segments[n-1]
		if last.file == e.File && e.FirstRow-last.firstRow == int64(b.rows-last.index) {
			return
		}
	}
	b.segments = append(b.segments, segment{strings.Clone(e.File), e.FirstRow, b.rows})
}

// locate is where the row of an index stands in the extract.
func (b *Builder) locate(index uint32) Location {
	i := sort.Search(len(b.segments), func(i int) bool { return b.segments[i].index > index }) - 1
	s := &b.segments[i]
	return Location{File: s.file, Row: s.firstRow + int64(index-s.index)}
}

// lastChunk is a chunk with room for a row.
func (b *Builder) lastChunk() (*chunk, error) {
	if n := len(b.chunks); n > 0 && len(b.chunks[n-1].rows) < chunkRows {
		return b.chunks[n-1], nil
	}
	b.bytes += chunkRows*4 + 2*chunkRows/8
	if err := b.checkMemory(); err != nil {
		return nil, err
	}
	c := &chunk{rows: make([]uint32, 0, chunkRows)}
	if b.unsorted {
		b.bytes += chunkRows * 4
		c.slots = make([]slot, 0, chunkRows)
	}
	b.chunks = append(b.chunks, c)
	return c, nil
}

// checkMemory fails where what is kept is more than the process may have.
func (b *Builder) checkMemory() error { return checkMemory(b.bytes + int64(len(b.links))*16) }

// errMemory says that the memory limit of the process is passed.
var errMemory = errors.New("the limit of the process")

// checkMemory fails where the process may not have so many bytes.
func checkMemory(bytes int64) error {
	if limit := debug.SetMemoryLimit(-1); bytes > limit {
		return fmt.Errorf("it needs at least %d MiB of memory and %w is %d MiB", (bytes+1<<20-1)>>20, errMemory, limit>>20)
	}
	return nil
}

// The columns that are told apart among those with values that cannot be read:
// without status_from an entry has no place in a history.
const (
	statusColumn     = "status"
	statusFromColumn = "status_from"
	levelColumn      = "identity_level"
	linkColumn       = "linked_number"
)

// addRows adds rows to a chunk that has room for them, without their dates.
func (b *Builder) addRows(c *chunk, e *Extract, from, to int) error {
	p := &e.packed
	base := b.rows - uint32(from)
	for i := from; i < to; i++ {
		if i += b.addUsual(c, p, i, to); i == to {
			break
		}
		at, code, id := p.slots[i], p.froms[i], b.ids[p.rowKinds[i]]
		if id == 0 || at == noSlot || code >= specialBase || len(b.undated) > 0 {
			var err error
			if id, code, err = b.look(e, i); err != nil {
				return err
			}
		}
		if id == leftOut {
			at = noSlot
			c.again.set(len(c.rows))
		} else {
			b.kept++
			if at <= b.last {
				if at == b.last {
					c.again.set(len(c.rows))
				} else if !b.unsorted {
					if err := b.keepSlots(); err != nil {
						return err
					}
				}
			}
			b.last = at
			b.serials.made(at.day()).set(at.serial())
		}
		c.rows = append(c.rows, code<<stateBits|id)
		if b.unsorted {
			c.slots = append(c.slots, at)
		}
		b.rows++
	}
	for ; p.added < len(p.links) && int(p.links[p.added].index) < to; p.added++ {
		l := p.links[p.added]
		l.index += base
		if row := int(l.index & (chunkRows - 1)); c.rows[row]&ownMask != leftOut {
			c.linked.set(row)
			b.links = append(b.links, l)
		}
	}
	return nil
}

// addUsual adds rows up to one that something must be looked at for, and says how
// many they are. Nearly all rows of an extract in the order of its numbers are so.
func (b *Builder) addUsual(c *chunk, p *packedRows, from, to int) int {
	if b.unsorted || len(b.undated) > 0 {
		return 0
	}
	slots, froms, kinds, ids := p.slots[from:to], p.froms[from:to], p.rowKinds[from:to], b.ids
	first, last := len(c.rows), b.last
	rows := c.rows[first:][:len(slots)]
	today, day := (*daySerials)(nil), uint32(dayCount)
	count := len(slots)
	for i, at := range slots {
		code, id := froms[i], ids[kinds[i]]
		if id == leftOut || at == noSlot || code >= specialBase || at < last {
			count = i
			break
		}
		same := uint64(0)
		if at == last { // no branch: it would often be guessed wrong
			same = 1
		}
		last = at
		row := first + i
		c.again[row>>6] |= same << (row & 63)
		if at.day() != day {
			day = at.day()
			today = b.serials.made(day)
		}
		today.set(at.serial())
		rows[i] = code<<stateBits | id
	}
	c.rows = c.rows[:first+count]
	b.last = last
	b.kept += int64(count)
	b.rows += uint32(count)
	return count
}

// look takes a row that has something out of the ordinary, and notes what is
// wrong with it. It returns the index of its ownState, or leftOut where number
// or status cannot be read, and the date code of status_from.
func (b *Builder) look(e *Extract, i int) (id, code uint32, err error) {
	if len(b.undated) > 0 && b.undated[0] == i {
		// A status whose day cannot be read is none: taken as "since ever" it
		// would speak of payments long before it.
		b.undated = b.undated[1:]
		return leftOut, 0, nil
	}
	p := &e.packed
	if p.slots[i] == noSlot {
		b.tallies[malformedNumber].note(b.rows)
	}
	k := &p.kinds[p.rowKinds[i]]
	if k.status == NoStatus {
		b.tallies[unknownStatus].noteWord(b.rows, e.word(k.words.status()))
	}
	if p.slots[i] == noSlot || k.status == NoStatus {
		return leftOut, 0, nil
	}
	if !k.isLevel {
		b.tallies[unknownLevel].noteWord(b.rows, e.word(k.words.level()))
	}
	reason, err := b.reason(strings.TrimSpace(e.word(k.words.reason())))
	if err != nil {
		return leftOut, 0, err
	}
	id, err = b.ownOf(uint32(k.words.protected()) | uint32(k.level)<<ownLevelShift | uint32(k.status-1)<<ownStatusShift | uint32(reason)<<ownReasonShift)
	if err != nil {
		return leftOut, 0, err
	}
	if b.own[id].code == UnknownCode {
		b.tallies[unknownCode].noteWord(b.rows, b.reasons[b.own[id].reason])
	} else if k.isLevel {
		b.ids[p.rowKinds[i]] = id
	}
	if len(e.StatusFrom) != 0 {
		if code, err = b.dates.ofDay(e.StatusFrom[i]); err != nil {
			return leftOut, 0, fmt.Errorf("column status_from: %w", err)
		}
	}
	return id, code, nil
}

// keepSlots has chunks keep the slots of their rows, from the first row on: the
// input is not sorted.
func (b *Builder) keepSlots() error {
	b.unsorted = true
	b.bytes += int64(len(b.chunks)) * chunkRows * 4
	if err := b.checkMemory(); err != nil {
		return err
	}
	for _, c := range b.chunks {
		c.slots = make([]slot, len(c.rows), chunkRows)
	}
	index := uint32(0)
	for day, serials := range b.serials.days() {
		for i, word := range serials {
			for ; word != 0; word &= word - 1 {
				at := slotOf(day, uint32(i<<6+bits.TrailingZeros64(word)))
				for first := true; index < b.rows; index++ {
					c, row := b.chunks[index>>chunkShift], int(index&(chunkRows-1))
					if c.rows[row]&ownMask == leftOut {
						c.slots[row] = noSlot
						continue
					}
					if !first && !c.again.has(row) {
						break
					}
					c.slots[row] = at
					first = false
				}
			}
		}
	}
	return nil
}

// reason is the index of a reason.
func (b *Builder) reason(text string) (uint16, error) {
	reason, ok := b.reasonIndex[text]
	if !ok {
		if len(b.reasons) == stateLimit {
			return 0, fmt.Errorf("column status_reason has more than %d different values", stateLimit-1)
		}
		reason = uint16(len(b.reasons))
		text = strings.Clone(text)
		b.reasons = append(b.reasons, text)
		b.reasonIndex[text] = reason
		b.ownIndex = append(b.ownIndex, make([]uint32, 1<<ownReasonShift)...)
	}
	return reason, nil
}

// ownOf is the index of an ownState, of which own is the place in ownIndex.
func (b *Builder) ownOf(own uint32) (uint32, error) {
	if b.ownIndex[own] == 0 {
		return b.addOwn(own)
	}
	return b.ownIndex[own], nil
}

// addOwn gives an ownState its index.
func (b *Builder) addOwn(own uint32) (uint32, error) {
	if len(b.own) == ownLimit {
		return 0, fmt.Errorf("there are more than %d different combinations of status, reason, level and protection", ownLimit-1)
	}
	kind, ok := b.kindOf[own>>ownStatusShift]
	if !ok {
		// Each becomes a state, and one is the zero State.
		if len(b.kindOf) == stateLimit-1 {
			return 0, fmt.Errorf("there are more than %d different pairs of status and status_reason", stateLimit-1)
		}
		kind = uint16(len(b.kindOf))
		b.kindOf[own>>ownStatusShift] = kind
	}
	status := Status(own>>ownStatusShift&3) + 1
	reason := uint16(own >> ownReasonShift)
	b.ownIndex[own] = uint32(len(b.own))
	b.own = append(b.own, ownState{
		status:    status,
		code:      codeOf(status, b.reasons[reason]),
		level:     Level(own >> ownLevelShift & 7),
		protected: Tristate(own & 3),
		reason:    reason,
		kind:      kind,
	})
	return b.ownIndex[own], nil
}

// addDates adds the dates of rows to a chunk, of which they are the rows from first.
func (b *Builder) addDates(c *chunk, first int, e *Extract, from, to int) error {
	for column, days := range [...][]calendar.Day{
		knownFrom: e.KnownFrom, assignedOn: e.AssignedOn, renewedOn: e.RenewedOn, inactiveExpectedOn: e.InactiveExpectedOn,
	} {
		if len(days) == 0 {
			continue
		}
		for i, day := range days[from:to] {
			if day == calendar.Missing {
				continue
			}
			code, err := b.dates.ofDay(day)
			if err != nil {
				return fmt.Errorf("column %s: %w", dateColumnNames[column], err)
			}
			b.dateColumn(c, column).set(first+i, code)
		}
	}
	if len(e.DeceasedOn) == 0 {
		return nil
	}
	for i, death := range e.DeceasedOn[from:to] {
		if death == 0 {
			continue
		}
		code, err := b.dates.ofDeath(death)
		if err != nil {
			return fmt.Errorf("column %s: %w", dateColumnNames[deceasedOn], err)
		}
		b.dateColumn(c, deceasedOn).set(first+i, code)
	}
	return nil
}

// dateColumn is a column of a chunk, made when it is first asked for.
func (b *Builder) dateColumn(c *chunk, column int) dateColumn {
	if c.dates[column] == nil {
		c.dates[column] = newDateColumn(chunkRows)
		b.bytes += int64(len(c.dates[column]))
		b.hasDates[column] = true
	}
	return c.dates[column]
}
