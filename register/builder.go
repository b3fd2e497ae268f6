package register

import (
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sort"
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
)

const (
	chunkBits = 16
	chunkRows = 1 << chunkBits
	// rowLimit is how many rows an extract can have.
	rowLimit = 1<<31 - 1
	// stateLimit is how many different states a snapshot can have, one of them
	// the zero State.
	stateLimit = 1 << stateBits
	stateBits  = 32 - dateBits
	stateMask  = stateLimit - 1
)

// packedEntry is what a Builder keeps of every row: from the highest bit down,
// 28 bits of slot, 17 of the date code of status_from, 18 of the index of its
// ownState, and one that says whether it has a link.
type packedEntry uint64

const (
	linkBit   = 1
	ownShift  = 1
	ownBits   = 18
	ownLimit  = 1 << ownBits
	fromShift = ownShift + ownBits
	slotShift = fromShift + dateBits
	// leftOut is a row that is no entry.
	leftOut packedEntry = math.MaxUint64
)

func (p packedEntry) slot() slot       { return slot(p >> slotShift) }
func (p packedEntry) fromCode() uint32 { return uint32(p>>fromShift) & dateMask }
func (p packedEntry) own() uint32      { return uint32(p>>ownShift) & (ownLimit - 1) }

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

// chunk is a run of chunkRows rows of the input. A column is nil as long as no
// row of the chunk has a date in it.
type chunk struct {
	entries []packedEntry
	dates   [dateColumnCount]dateColumn
}

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
	to    identity.Number
}

// wordMeaning is a word of an extract, and what it means in each column in
// which it has been met.
type wordMeaning struct {
	word                                 string
	knowsStatus, knowsLevel, knowsReason bool   // whether the following are settled
	status                               Status // NoStatus where the word is none
	level                                Level
	isLevel                              bool
	reason                               uint16 // index in Builder.reasons
}

// Builder makes a Snapshot of an extract. It keeps 8 bytes a row, 2 more for
// each column of dates that has any, and 16 for each link. It is for one
// goroutine.
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

	last     slot // of the last entry
	unsorted bool // a slot came after a later one
	days     []bool
	// calendar says of each day whether numbers have it; notAsked where that was
	// not computed yet.
	calendar []dayAnswer

	undated     []int         // rows of the extract whose status_from cannot be read, and that are still to come
	words       []wordMeaning // of the last extract
	reasons     []string
	reasonIndex map[string]uint16
	own         []ownState
	// ownIndex has the index in own of a reason, status, level and protection,
	// and 1; 0 where there is none yet.
	ownIndex []uint32
	kindOf   map[uint32]uint16 // ownState.kind by status and reason as in ownIndex

	tallies [checkCount]tally
}

// dayAnswer is whether numbers have a day.
type dayAnswer uint8

const (
	notAsked dayAnswer = iota
	someDay
	noDay
)

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
		days:        make([]bool, dayCount),
		calendar:    make([]dayAnswer, dayCount),
		reasons:     []string{""},
		reasonIndex: map[string]uint16{"": 0},
		ownIndex:    make([]uint32, 1<<ownReasonShift),
		kindOf:      map[uint32]uint16{},
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
	rows := len(e.Number)
	if err := checkLengths(e); err != nil {
		return err
	}
	if int64(b.rows)+int64(rows) > rowLimit {
		return fmt.Errorf("there are more than %d rows", rowLimit)
	}
	b.readWords(e.Words)
	b.addSegment(e)
	unreadable := &b.tallies[unreadableValue]
	undated := b.undated[:0]
	for _, u := range e.Unreadable {
		if u.Column == statusFromColumn {
			undated = append(undated, int(u.Row-e.FirstRow))
		}
		unreadable.count++
		if len(unreadable.places) < LimitLocations {
			unreadable.places = append(unreadable.places, Location{strings.Clone(e.File), u.Row, strings.Clone(u.Column)})
		}
	}
	b.undated = undated
	for from := 0; from < rows; {
		c, err := b.lastChunk()
		if err != nil {
			return err
		}
		to := min(rows, from+chunkRows-len(c.entries))
		first := len(c.entries)
		if err := b.addEntries(c, e, from, to); err != nil {
			return err
		}
		if err := b.addDates(c, first, e, from, to); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// checkLengths fails where columns are not as long as that of the numbers.
func checkLengths(e *Extract) error {
	rows := len(e.Number)
	if len(e.Status) != rows {
		return fmt.Errorf("column status has %d rows, column number %d", len(e.Status), rows)
	}
	for _, column := range []struct {
		name   string
		length int
	}{
		{"status_reason", len(e.Reason)}, {"identity_level", len(e.Level)}, {"status_from", len(e.StatusFrom)},
		{"known_from", len(e.KnownFrom)}, {"assigned_on", len(e.AssignedOn)}, {"renewed_on", len(e.RenewedOn)},
		{"inactive_expected_on", len(e.InactiveExpectedOn)}, {"linked_number", len(e.Linked)},
		{"deceased_on", len(e.DeceasedOn)}, {"protected", len(e.Protected)},
	} {
		if column.length != 0 && column.length != rows {
			return fmt.Errorf("column %s has %d rows, column number %d", column.name, column.length, rows)
		}
	}
	return nil
}

// readWords forgets what words meant that are other words now.
func (b *Builder) readWords(words []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	for i, word := range words {
		if i == len(b.words) {
			b.words = append(b.words, wordMeaning{word: strings.Clone(word)})
		} else if b.words[i].word != word {
			b.words[i] = wordMeaning{word: strings.Clone(word)}
		}
	}
	b.words = b.words[:len(words)]
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
	if n := len(b.chunks); n > 0 && len(b.chunks[n-1].entries) < chunkRows {
		return b.chunks[n-1], nil
	}
	b.bytes += chunkRows * 8
	if err := checkMemory(b.bytes + int64(len(b.links))*16); err != nil {
		return nil, err
	}
	c := &chunk{entries: make([]packedEntry, 0, chunkRows)}
	b.chunks = append(b.chunks, c)
	return c, nil
}

// checkMemory fails where the process may not have so many bytes.
func checkMemory(bytes int64) error {
	if limit := debug.SetMemoryLimit(-1); bytes > limit {
		return fmt.Errorf("it needs at least %d MiB of memory and the limit of the process is %d MiB", (bytes+1<<20-1)>>20, limit>>20)
	}
	return nil
}

// statusFromColumn is the column without which an entry has no place in a history.
const statusFromColumn = "status_from"

// addEntries adds the status, links and words of rows to a chunk that has room
// for them.
func (b *Builder) addEntries(c *chunk, e *Extract, from, to int) error {
	for i := from; i < to; i++ {
		entry := packedEntry(leftOut)
		if len(b.undated) > 0 && b.undated[0] == i {
			// A status whose day cannot be read is none: taken as "since ever" it
			// would speak of payments long before it.
			b.undated = b.undated[1:]
		} else {
			var err error
			if entry, err = b.pack(e, i); err != nil {
				return err
			}
		}
		if entry != leftOut {
			b.kept++
			s := entry.slot()
			b.days[s.day()] = true
			b.unsorted = b.unsorted || s < b.last
			b.last = s
		}
		c.entries = append(c.entries, entry)
		b.rows++
	}
	return nil
}

// pack packs a row. It is leftOut where number or status cannot be read.
func (b *Builder) pack(e *Extract, i int) (packedEntry, error) {
	s := b.slot(e.Number[i])
	if s == noSlot {
		b.tallies[malformedNumber].note(b.rows)
	}
	word, err := b.word(e.Status[i])
	if err != nil {
		return leftOut, err
	}
	if !word.knowsStatus {
		word.status, word.knowsStatus = StatusOf(word.word), true
	}
	if word.status == NoStatus {
		b.tallies[unknownStatus].noteWord(b.rows, word.word)
	}
	if s == noSlot || word.status == NoStatus {
		return leftOut, nil
	}
	own := uint32(word.status-1) << ownStatusShift
	if len(e.Protected) != 0 {
		own |= uint32(min(e.Protected[i], True))
	}
	if len(e.Level) != 0 && e.Level[i] != 0 {
		level, err := b.level(e.Level[i])
		if err != nil {
			return leftOut, err
		}
		own |= uint32(level) << ownLevelShift
	}
	if len(e.Reason) != 0 && e.Reason[i] != 0 {
		reason, err := b.reason(e.Reason[i])
		if err != nil {
			return leftOut, err
		}
		own |= uint32(reason) << ownReasonShift
	}
	id := b.ownIndex[own]
	if id == 0 {
		if id, err = b.addOwn(own); err != nil {
			return leftOut, err
		}
	}
	id--
	if b.own[id].code == UnknownCode {
		b.tallies[unknownCode].noteWord(b.rows, b.reasons[b.own[id].reason])
	}
	entry := packedEntry(s)<<slotShift | packedEntry(id)<<ownShift
	if len(e.StatusFrom) != 0 {
		code, err := b.dates.ofDay(e.StatusFrom[i])
		if err != nil {
			return leftOut, fmt.Errorf("column status_from: %w", err)
		}
		entry |= packedEntry(code) << fromShift
	}
	if len(e.Linked) != 0 && e.Linked[i] != 0 {
		entry |= linkBit
		b.links = append(b.links, link{b.rows, e.Linked[i]})
	}
	return entry, nil
}

// slot is findSlot, with the answers about days remembered.
func (b *Builder) slot(number identity.Number) slot {
	day, serial, sum := split(number)
	if day >= dayCount || serial == 0 || tens>>sum&1 == 0 {
		return noSlot
	}
	if b.calendar[day] == notAsked {
		b.calendar[day] = noDay
		if isDay(day) {
			b.calendar[day] = someDay
		}
	}
	if b.calendar[day] == noDay {
		return noSlot
	}
	return slotOf(day, serial)
}

func (b *Builder) word(index uint16) (*wordMeaning, error) {
	if int(index) >= len(b.words) {
		return nil, errors.New("a word is not among the extract's words")
	}
	return &b.words[index], nil
}

func (b *Builder) level(index uint16) (Level, error) {
	word, err := b.word(index)
	if err != nil {
		return NoLevel, err
	}
	if !word.knowsLevel {
		word.level, word.isLevel = LevelOf(word.word)
		word.knowsLevel = true
	}
	if !word.isLevel {
		b.tallies[unknownLevel].noteWord(b.rows, word.word)
	}
	return word.level, nil
}

func (b *Builder) reason(index uint16) (uint16, error) {
	word, err := b.word(index)
	if err != nil {
		return 0, err
	}
	if word.knowsReason {
		return word.reason, nil
	}
	text := strings.TrimSpace(word.word)
	reason, ok := b.reasonIndex[text]
	if !ok {
		if len(b.reasons) == stateLimit {
			return 0, fmt.Errorf("column status_reason has more than %d different values", stateLimit-1)
		}
		reason = uint16(len(b.reasons))
		b.reasons = append(b.reasons, text)
		b.reasonIndex[text] = reason
		b.ownIndex = append(b.ownIndex, make([]uint32, 1<<ownReasonShift)...)
	}
	word.reason, word.knowsReason = reason, true
	return reason, nil
}

// addOwn gives an ownState its index and returns that and 1.
func (b *Builder) addOwn(own uint32) (uint32, error) {
	if len(b.own) == ownLimit {
		return 0, fmt.Errorf("there are more than %d different combinations of status, reason, level and protection", ownLimit)
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
	b.own = append(b.own, ownState{
		status:    status,
		code:      codeOf(status, b.reasons[reason]),
		level:     Level(own >> ownLevelShift & 7),
		protected: Tristate(own & 3),
		reason:    reason,
		kind:      kind,
	})
	b.ownIndex[own] = uint32(len(b.own))
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
