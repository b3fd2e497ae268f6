package register

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/storage"
	"golang.org/x/sync/errgroup"
)

// A snapshot file is a header and sections, one after the other without a gap;
// integers are little-endian.
//
//	header   magic (8 bytes), version, number of sections, day of the extract,
//	         numbers, rows (4 bytes each)
//	         for each section: length in bytes (8), CRC-32C of its bytes (4)
//	         CRC-32C of all the above (4)
//	sections in the order of sectionNames
//
// The checksums find what goes wrong on a disk or on the way: bytes changed,
// sections exchanged, a file cut short or with more at its end. They are no
// seal against somebody who computes them again.
const (
	// FileMagic is how a file begins.
	FileMagic   = "AVSTAMR\n"
	fileVersion = 2
	fixedBytes  = len(FileMagic) + 5*4 // of the header before its table
	tableBytes  = 8 + 4                // of the table for a section
	headerBytes = fixedBytes + sectionCount*tableBytes + 4
	// partBytes is how much is read at once.
	partBytes = 1 << 22
	// openReaders is how many parts are read at a time.
	openReaders = 2
)

// The sections of a file: most are slices of a Snapshot as they are.
const (
	statesSection      = iota // see encodeStates
	checksSection             // JSON
	daysSection               // presence.dayOfBlock
	blocksSection             // presence.blocks
	headsSection              // Snapshot.heads
	earlierSection            // Snapshot.earlier.words
	earlierRowsSection        // Snapshot.earlierRows
	specialDaysSection        // 4 bytes each, as are the next
	deathsSection
	linkedSection     // Snapshot.linked.words
	linkSlotsSection  // Snapshot.linkSlots
	otherLinksSection // Snapshot.otherLinks
	datesSection      // and the following: Snapshot.dates
	sectionCount      = datesSection + dateColumnCount
)

var sectionNames = [sectionCount]string{"states", "checks", "days", "blocks", "heads", "earlier", "earlier_rows", "special_days",
	"deaths", "linked", "link_slots", "other_links", dateColumnNames[0], dateColumnNames[1], dateColumnNames[2], dateColumnNames[3],
	dateColumnNames[4]}

// sectionUnits are the bytes of a section's integers.
var sectionUnits = [datesSection]int64{daysSection: 4, blocksSection: 8, headsSection: 4, earlierSection: 8, earlierRowsSection: 4,
	specialDaysSection: 4, deathsSection: 4, linkedSection: 8, linkSlotsSection: 4, otherLinksSection: 8}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sections is the snapshot as its file has it, but for the header.
func (s *Snapshot) sections() (data [sectionCount][]byte, err error) {
	data[statesSection] = encodeStates(s.states)
	if data[checksSection], err = json.Marshal(s.checks); err != nil {
		return data, err
	}
	data[daysSection], data[blocksSection] = sectionOf(s.numbers.dayOfBlock), sectionOf(s.numbers.blocks)
	data[headsSection] = sectionOf(s.heads)
	data[earlierSection], data[earlierRowsSection] = sectionOf(s.earlier.words), sectionOf(s.earlierRows)
	for _, day := range s.special.days {
		data[specialDaysSection] = binary.LittleEndian.AppendUint32(data[specialDaysSection], uint32(day))
	}
	for _, death := range s.special.deaths {
		data[deathsSection] = binary.LittleEndian.AppendUint32(data[deathsSection], uint32(death))
	}
	data[linkedSection], data[linkSlotsSection], data[otherLinksSection] = sectionOf(s.linked.words), sectionOf(s.linkSlots), sectionOf(s.otherLinks)
	for column := range s.dates {
		data[datesSection+column] = s.dates[column]
	}
	return data, nil
}

// WriteTo writes the snapshot as its file has it. The same snapshot gives the
// same bytes.
func (s *Snapshot) WriteTo(w io.Writer) (int64, error) {
	sections, err := s.sections()
	if err != nil {
		return 0, err
	}
	header := append(make([]byte, 0, headerBytes), FileMagic...)
	for _, value := range [...]uint32{fileVersion, sectionCount, uint32(s.extractDate), uint32(s.Len()), uint32(s.Entries())} {
		header = binary.LittleEndian.AppendUint32(header, value)
	}
	for _, data := range sections {
		header = binary.LittleEndian.AppendUint64(header, uint64(len(data)))
		header = binary.LittleEndian.AppendUint32(header, crc32.Checksum(data, castagnoli))
	}
	header = binary.LittleEndian.AppendUint32(header, crc32.Checksum(header, castagnoli))

	n, err := w.Write(header)
	written := int64(n)
	for i := 0; i < len(sections) && err == nil; i++ {
		n, err = w.Write(sections[i])
		written += int64(n)
	}
	return written, err
}

// Save writes the snapshot to a file that only its owner may read. The file is
// there complete, or as it was before.
func (s *Snapshot) Save(path string) error {
	if err := s.save(path); err != nil {
		return fmt.Errorf("cannot save register snapshot %s: %w", path, err)
	}
	return nil
}

func (s *Snapshot) save(path string) error {
	file, err := storage.BeginReplacement(path, storage.PrivateMode)
	if err != nil {
		return err
	}
	if _, err := s.WriteTo(file); err != nil {
		return errors.Join(err, file.Discard())
	}
	return file.Commit()
}

// IsSnapshot says whether a file begins as a snapshot does. What is no plain file is
// none and is left unread: a pipe gives its first bytes once.
func IsSnapshot(path string) (bool, error) {
	info, err := disk.Stat(path)
	if err != nil {
		return false, fmt.Errorf("cannot open register: %w", err)
	}
	if !info.Mode().IsRegular() {
		return false, nil
	}
	file, err := disk.Open(path)
	if err != nil {
		return false, fmt.Errorf("cannot open register: %w", err)
	}
	defer file.Close()
	var magic [len(FileMagic)]byte
	switch _, err = io.ReadFull(file, magic[:]); {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return false, nil
	case err != nil:
		return false, fmt.Errorf("cannot read register: %w", err)
	}
	return BeginsSnapshot(magic[:]), nil
}

// BeginsSnapshot says whether the first bytes of a file are those of a snapshot.
func BeginsSnapshot(head []byte) bool { return bytes.HasPrefix(head, []byte(FileMagic)) }

// Open reads a snapshot that Save has written. Any damage is an error that names
// the file, and the section with the byte where it begins; so is a snapshot
// larger than the memory limit of the process.
func Open(path string) (*Snapshot, error) {
	file, err := disk.Open(path)
	if err != nil {
		return nil, cannotOpen(path, disk.Reason(err))
	}
	defer file.Close() // only read from
	return Read(file)
}

// Read reads a snapshot as Open does, from a file that is open.
func Read(file *disk.File) (*Snapshot, error) {
	s, err := read(file)
	if err != nil {
		return nil, cannotOpen(file.Name(), err)
	}
	return s, nil
}

func cannotOpen(path string, err error) error {
	return fmt.Errorf("cannot open register snapshot %s: %w", path, err)
}

func read(file *disk.File) (*Snapshot, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is a pipe, a folder or a device, and a snapshot must be a plain file")
	}
	h, err := readHeader(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("section header (byte 0): %w", err)
	}
	// What is computed comes to what is read: the table of days, and ranks.
	if err := checkMemory(info.Size() + info.Size()/16 + dayCount*8); err != nil {
		return nil, err
	}
	sections, failed := h.readSections(file)
	for i, err := range failed {
		if err != nil {
			return nil, h.at(i, err)
		}
	}
	// Checksums take as long as all else: so that goes on meanwhile, and what it
	// says counts where they hold.
	var sums errgroup.Group
	sums.Go(func() error {
		failed = h.checkSums(sections)
		return nil
	})
	s := &Snapshot{}
	section, err := s.restore(h, sections)
	_ = sums.Wait() // failed has its errors
	for i, err := range failed {
		if err != nil {
			return nil, h.at(i, err)
		}
	}
	if err != nil {
		return nil, h.at(section, err)
	}
	return s, nil
}

// header is what a file says of itself.
type header struct {
	extractDate   calendar.Day
	numbers, rows int
	table         [sectionCount]extent
}

// extent is where a section lies in a file.
type extent struct {
	offset, length int64
	sum            uint32
}

// at says of an error where in the file it arose.
func (h *header) at(section int, err error) error {
	return fmt.Errorf("section %s (byte %d): %w", sectionNames[section], h.table[section].offset, err)
}

// readHeader reads the header of a file of so many bytes. The lengths in it are
// those that the file has.
func readHeader(file io.ReaderAt, size int64) (*header, error) {
	data := make([]byte, headerBytes)
	n, err := file.ReadAt(data, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !BeginsSnapshot(data[:n]) {
		return nil, errors.New("this is no register snapshot")
	}
	field := func(i int) uint32 { return binary.LittleEndian.Uint32(data[len(FileMagic)+4*i:]) }
	if n >= fixedBytes && field(0) != fileVersion {
		return nil, fmt.Errorf("it has version %d and this program reads version %d: build it again from the extract", field(0), fileVersion)
	}
	if n < headerBytes || size < int64(headerBytes) {
		return nil, fmt.Errorf("the file ends at byte %d", min(int64(n), size))
	}
	if binary.LittleEndian.Uint32(data[headerBytes-4:]) != crc32.Checksum(data[:headerBytes-4], castagnoli) {
		return nil, errors.New("its checksum is wrong")
	}
	if field(1) != sectionCount {
		return nil, fmt.Errorf("it has %d sections in place of %d", field(1), sectionCount)
	}
	h := &header{extractDate: calendar.Day(field(2)), numbers: int(field(3)), rows: int(field(4))}
	offset := int64(headerBytes)
	for i := range h.table {
		entry := data[fixedBytes+i*tableBytes:]
		length := binary.LittleEndian.Uint64(entry)
		if length > uint64(size-offset) {
			return nil, fmt.Errorf("the file ends at byte %d, within section %s", size, sectionNames[i])
		}
		h.table[i] = extent{offset, int64(length), binary.LittleEndian.Uint32(entry[8:])}
		offset += int64(length)
	}
	if offset != size {
		return nil, fmt.Errorf("the file goes on for %d bytes after its end at byte %d", size-offset, offset)
	}
	return h, nil
}

// readSections reads all sections, nil where one is empty, or says why it could
// not. Most of the bytes are those of one section, and most of the time is the
// system's for new memory: so sections are read in parts, some at a time.
func (h *header) readSections(file io.ReaderAt) (sections [sectionCount][]byte, failed [sectionCount]error) {
	var group errgroup.Group // its functions return no error
	group.SetLimit(openReaders)
	var lock sync.Mutex // of failed
	for i, e := range h.table {
		if e.length == 0 && e.sum == 0 {
			continue
		}
		words := int(e.length+7) / 8
		sections[i] = sectionOf(newIntegers[uint64](words, words))[:e.length]
		offset := e.offset
		for part := range slices.Chunk(sections[i], partBytes) {
			at := offset
			offset += int64(len(part))
			group.Go(func() error {
				if _, err := file.ReadAt(part, at); err != nil {
					lock.Lock()
					failed[i] = err
					lock.Unlock()
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	return sections, failed
}

// checkSums says of each section whether its checksum is wrong.
func (h *header) checkSums(sections [sectionCount][]byte) (failed [sectionCount]error) {
	for i, e := range h.table {
		if sections[i] != nil && crc32.Checksum(sections[i], castagnoli) != e.sum {
			failed[i] = errors.New("its checksum is wrong")
		}
	}
	return failed
}

// restore makes the snapshot of what a file has. It proves what look-ups take
// for granted when they index; where that does not hold, it returns the section.
func (s *Snapshot) restore(h *header, data [sectionCount][]byte) (section int, err error) {
	for section, unit := range sectionUnits {
		if unit != 0 && int64(len(data[section]))%unit != 0 {
			return section, fmt.Errorf("it has %d bytes, which is no multiple of %d", len(data[section]), unit)
		}
	}
	if s.states, err = decodeStates(data[statesSection]); err != nil {
		return statesSection, err
	}
	s.checks = &Checks{}
	if err := json.Unmarshal(data[checksSection], s.checks); err != nil {
		return checksSection, err
	}
	if err := s.checks.validate(); err != nil {
		return checksSection, err
	}
	s.extractDate = h.extractDate
	s.numbers = presence{dayOfBlock: integersOf[uint32](data[daysSection]), blocks: integersOf[uint64](data[blocksSection])}
	if err := s.numbers.index(); err != nil {
		return blocksSection, err
	}
	if s.Len() != h.numbers || s.Len() == 0 {
		return blocksSection, fmt.Errorf("it has %d numbers and the header says %d", s.Len(), h.numbers)
	}
	s.heads = integersOf[uint32](data[headsSection])
	if s.Entries() != h.rows || h.rows < h.numbers {
		return headsSection, fmt.Errorf("it has %d rows and the header says %d", s.Entries(), h.rows)
	}
	if !haveStates(s.heads, len(s.states)) {
		return headsSection, fmt.Errorf("a row has a state beyond the %d that there are", len(s.states))
	}
	for column := range s.dates {
		s.dates[column] = data[datesSection+column]
		if length := len(s.dates[column]); length != 0 && length != dateColumnBytes(h.rows) {
			return datesSection + column, fmt.Errorf("it has %d bytes for %d rows", length, h.rows)
		}
	}
	for _, day := range integersOf[uint32](data[specialDaysSection]) {
		s.special.days = append(s.special.days, calendar.Day(day))
	}
	for _, death := range integersOf[uint32](data[deathsSection]) {
		s.special.deaths = append(s.special.deaths, calendar.Partial(death))
	}
	var plain errgroup.Group // its function returns no error
	plain.Go(func() error {
		s.findPlain()
		return nil
	})
	defer func() { _ = plain.Wait() }()
	if section, err := s.restoreEarlier(h, data); err != nil {
		return section, err
	}
	return s.restoreLinks(h, data)
}

// haveStates says whether the State of all heads is one of so many: what is added
// to a State makes one that is beyond them flow over.
func haveStates(heads []uint32, states int) bool {
	room := uint32(stateLimit - states)
	over := uint32(0)
	for ; len(heads) >= 2; heads = heads[2:] {
		over |= (heads[0]&stateMask + room) | (heads[1]&stateMask + room)
	}
	for _, head := range heads {
		over |= head&stateMask + room
	}
	return over&stateLimit == 0
}

func (s *Snapshot) restoreEarlier(h *header, data [sectionCount][]byte) (section int, err error) {
	s.earlier.words, s.earlierRows = integersOf[uint64](data[earlierSection]), integersOf[uint32](data[earlierRowsSection])
	count := len(s.earlierRows)
	if h.rows == h.numbers {
		if len(s.earlier.words) != 0 || count != 0 {
			return earlierSection, errors.New("there are no earlier rows")
		}
		return 0, nil
	}
	if len(s.earlier.words) != (h.numbers+63)/64 || s.earlier.index()+1 != count {
		return earlierSection, errors.New("it does not have as many members as numbers have earlier rows")
	}
	if int(s.earlierRows[0]) != h.numbers || int(s.earlierRows[count-1]) != h.rows {
		return earlierRowsSection, errors.New("it does not cover the earlier rows")
	}
	for i := 1; i < count; i++ {
		if s.earlierRows[i] <= s.earlierRows[i-1] {
			return earlierRowsSection, errors.New("it does not ascend")
		}
	}
	return 0, nil
}

func (s *Snapshot) restoreLinks(h *header, data [sectionCount][]byte) (section int, err error) {
	s.linked.words, s.linkSlots = integersOf[uint64](data[linkedSection]), integersOf[uint32](data[linkSlotsSection])
	s.otherLinks = integersOf[uint64](data[otherLinksSection])
	if words := len(s.linked.words); words != 0 && words != (h.rows+63)/64 || s.linked.index() != len(s.linkSlots) {
		return linkedSection, errors.New("it does not have as many members as there are links")
	}
	for _, link := range s.linkSlots {
		isKnown := slot(link) < noSlot && slot(link).serial() < serialCount
		if link >= otherLink {
			isKnown = int(link-otherLink) < len(s.otherLinks)
		}
		if !isKnown {
			return linkSlotsSection, errors.New("a link leads nowhere")
		}
	}
	return 0, nil
}

// The flags of a state in a file.
const (
	stateHasDeath = 1 << iota
	stateHasLink
	stateSeveral
	stateAssignedLater
	stateLevelElsewhere
	stateDeathElsewhere
)

// encodeStates writes states after their count: status, code, level, protection and
// flags as bytes, and the reason after its length. Count and length are of variable
// length.
func encodeStates(states []State) []byte {
	data := binary.AppendUvarint(nil, uint64(len(states)))
	for i := range states {
		s := &states[i]
		flags := byte(0)
		for bit, set := range [...]bool{s.HasDeath, s.HasLink, s.SeveralNumbers, s.AssignedLater, s.LevelElsewhere, s.DeathElsewhere} {
			if set {
				flags |= 1 << bit
			}
		}
		data = append(data, byte(s.Status), byte(s.Code), byte(s.Level), byte(s.Protected), flags)
		data = binary.AppendUvarint(data, uint64(len(s.Reason)))
		data = append(data, s.Reason...)
	}
	return data
}

func decodeStates(data []byte) ([]State, error) {
	count, n := binary.Uvarint(data)
	if n <= 0 || count == 0 || count > stateLimit {
		return nil, errors.New("it has no number of states")
	}
	data = data[n:]
	var states []State
	for range count {
		if len(data) < 5 {
			return nil, fmt.Errorf("it ends after %d of %d states", len(states), count)
		}
		s := State{
			Status: Status(data[0]), Code: Code(data[1]), Level: Level(data[2]),
			Protected: Tristate(data[3]), HasDeath: data[4]&stateHasDeath != 0, HasLink: data[4]&stateHasLink != 0,
			SeveralNumbers: data[4]&stateSeveral != 0, AssignedLater: data[4]&stateAssignedLater != 0,
			LevelElsewhere: data[4]&stateLevelElsewhere != 0, DeathElsewhere: data[4]&stateDeathElsewhere != 0,
		}
		length, n := binary.Uvarint(data[5:])
		if n <= 0 || length > uint64(len(data)-5-n) || s.Status > Deregistered || s.Code > OtherReason || s.Level > Confirmed || s.Protected > True {
			return nil, fmt.Errorf("state %d cannot be read", len(states))
		}
		data = data[5+n:]
		s.Reason = string(data[:length])
		data = data[length:]
		states = append(states, s)
	}
	if len(data) != 0 {
		return nil, fmt.Errorf("it goes on for %d bytes after its states", len(data))
	}
	return states, nil
}
