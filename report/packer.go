package report

import (
	"fmt"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/storage"
)

// chunkBytes is how much a Packer gathers before it writes to the temporary file.
const chunkBytes = 256 << 10

// Part are the findings of one piece of a run, or those across records, in the
// order of the report, as they lie in the temporary file.
type Part struct {
	Chunks []Chunk
	// FirstRow is added to the row of each finding.
	FirstRow int64
}

// Chunk is where some findings lie in the temporary file: their records, and
// then the rest of all.
type Chunk struct {
	Extent   storage.Extent
	Findings int
}

// Packer gives the findings of one worker their ids and writes them to the
// temporary file. Each worker has its own.
type Packer struct {
	RecordKeys // their keyer is nil where findings are not followed
	spill      *storage.Spill
	ids        *idCollector
	records    []byte
	rest       []byte // of the records
	chunks     []Chunk
	place      uint64 // of the next finding; see placeOf
}

// NewPacker is a packer for a worker. All of them must be made before the first
// finding is added to one.
func (w *Writer) NewPacker() *Packer {
	p := &Packer{RecordKeys: RecordKeys{identifier: newIdentifier(&w.run)}, spill: w.spill, ids: newIDCollector(w.spill, w.collectedIDs)}
	if w.run.Follow {
		p.keyer, p.ids = NewRecordKeyer(w.run.Key), newFollowingCollector(w.spill, w.collectedIDs/2)
	}
	w.packers = append(w.packers, p)
	return p
}

// NewPlainPacker is a packer of findings that get their ids later, from the packer
// of a Writer that AddPacked gives them to.
func NewPlainPacker(spill *storage.Spill) *Packer { return &Packer{spill: spill} }

// placeOf is where the findings of a part begin in the order of the report:
// parts are told apart by their number and findings by their number in the part.
func placeOf(part int) uint64 { return uint64(part) << 32 }

// Begin begins a part: its number among the parts that the Writer is given, and how
// many findings of the part come before, from other packers.
func (p *Packer) Begin(part int, before uint64) { p.place = placeOf(part) + before }

// Add takes the next finding of the part, whose ID it sets, in its first
// occurrence. The error is that of the temporary file.
func (p *Packer) Add(f *Finding) error {
	if p.identifier != nil {
		if err := p.identify(f); err != nil {
			return err
		}
	}
	p.records, p.rest = appendRecord(p.records, p.rest, f)
	if len(p.records)+len(p.rest) < chunkBytes {
		return nil
	}
	return p.flush()
}

// identify gives a finding its id.
func (p *Packer) identify(f *Finding) error {
	id, needsOccurrence := p.identifier.identify(f)
	f.ID = id
	if p.keyer != nil {
		p.ids.follow(p.KeyOf(f), f.Rule)
	}
	if err := p.ids.add(id, p.place, needsOccurrence); err != nil {
		return err
	}
	p.place++
	return nil
}

// AddPacked adds the findings of a chunk as a plain packer has written it, whose
// texts have other numbers here. The error is about bytes that no packer has
// written, or that of the temporary file.
func (p *Packer) AddPacked(chunk []byte, findings int, numbers *pipeline.Renumbering) error {
	size := findings * recordBytes
	if findings < 0 || size > len(chunk) {
		return errPacked
	}
	records, text := chunk[:size], chunk[size:]
	var f Finding
	for ; len(records) > 0; records = records[recordBytes:] {
		if err := f.readRecord((*[recordBytes]byte)(records), text); err != nil {
			return err
		}
		if err := f.renumber(numbers); err != nil {
			return err
		}
		if err := p.Add(&f); err != nil {
			return err
		}
	}
	return nil
}

// renumber gives the texts of a finding the numbers of other dictionaries. The
// error is about a finding that has no such numbers.
func (f *Finding) renumber(numbers *pipeline.Renumbering) error {
	if int(f.Agency) >= len(numbers.Agency) || int(f.PaymentType) >= len(numbers.PaymentType) || int(f.Currency) >= len(numbers.Currency) {
		return errPacked
	}
	f.Agency, f.PaymentType, f.Currency = numbers.Agency[f.Agency], numbers.PaymentType[f.PaymentType], numbers.Currency[f.Currency]
	return nil
}

// RenumberPacked appends a packed finding with the numbers of other dictionaries.
func RenumberPacked(dst, packed []byte, numbers *pipeline.Renumbering) ([]byte, error) {
	var f Finding
	if _, err := f.Unpack(packed); err != nil {
		return dst, err
	}
	if err := f.renumber(numbers); err != nil {
		return dst, err
	}
	return f.AppendPacked(dst), nil
}

func (p *Packer) flush() error {
	if len(p.records) == 0 {
		return nil
	}
	findings := len(p.records) / recordBytes
	p.records = append(p.records, p.rest...)
	extent, err := p.spill.Write(p.records)
	p.chunks = append(p.chunks, Chunk{Extent: extent, Findings: findings})
	p.records, p.rest = p.records[:0], p.rest[:0]
	return err
}

// Take ends the part and gives its chunks.
func (p *Packer) Take() ([]Chunk, error) {
	err := p.flush()
	chunks := p.chunks
	p.chunks = nil
	return chunks, err
}

// partReader hands out the findings of parts, so many at a time.
type partReader struct {
	parts []Part
	texts *texts
	partPosition
	reader   segmentReader
	findings []Finding // room for those that are measured, once some were
}

// partPosition is how far findings have been handed out.
type partPosition struct {
	part  int // that is being handed out
	chunk int // of it
	first int // finding of it
	place uint64
}

// segment are consecutive findings of a chunk.
type segment struct {
	chunk    Chunk
	from, to int // findings of it
	firstRow int64
	place    uint64 // of the finding at from
}

// take puts the next findings, at most so many, into segments, and says how many
// they are; 0 after the last. They end with the one with which they have as much
// text as is told, wherever the chunks end that they lie in. The error is that of
// the temporary file.
func (p *partReader) take(segments []segment, limit, textLimit int) ([]segment, int, error) {
	before := p.partPosition
	segments, taken := p.pass(segments[:0], limit)
	most := taken * p.texts.longestNames
	for i := range segments {
		most += segments[i].chunk.mostText()
	}
	if most < textLimit { // fast path: nothing need be read
		return segments, taken, nil
	}
	within, err := p.countWithin(segments, textLimit)
	if err == nil && within < taken {
		p.partPosition = before
		segments, taken = p.pass(segments[:0], within)
	}
	return segments, taken, err
}

// mostText is how many bytes the texts of a chunk's findings have at most, without
// those that they have by number.
func (c *Chunk) mostText() int { return c.Extent.Length - c.Findings*recordBytes }

// countWithin counts findings up to the one with which they have as much text.
func (p *partReader) countWithin(segments []segment, textLimit int) (count int, err error) {
	if p.findings == nil {
		p.findings = make([]Finding, chunkRows)
	}
	text := 0
	for i := 0; i < len(segments) && text < textLimit; i++ {
		err := p.reader.each(&segments[i], p.findings, func(findings []Finding, _ uint64) error {
			for r := 0; r < len(findings) && text < textLimit; r++ {
				text += p.texts.ofFinding(&findings[r])
				count++
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return count, nil
}

// pass appends the next findings, at most so many, to segments, and says how many
// they are.
func (p *partReader) pass(segments []segment, limit int) ([]segment, int) {
	taken := 0
	for taken < limit && p.part < len(p.parts) {
		part := &p.parts[p.part]
		if p.chunk == len(part.Chunks) {
			p.part, p.chunk, p.first = p.part+1, 0, 0
			p.place = placeOf(p.part)
			continue
		}
		chunk := part.Chunks[p.chunk]
		n := min(limit-taken, chunk.Findings-p.first)
		segments = append(segments, segment{chunk: chunk, from: p.first, to: p.first + n, firstRow: part.FirstRow, place: p.place})
		taken += n
		p.first += n
		p.place += uint64(n)
		if p.first == chunk.Findings {
			p.chunk, p.first = p.chunk+1, 0
		}
	}
	return segments, taken
}

// next is before the place of every finding that has not been taken, and after
// that of every other.
func (p *partReader) next() uint64 {
	if p.part == len(p.parts) {
		return placeOf(p.part)
	}
	return p.place
}

// segmentReader reads the findings of segments.
type segmentReader struct {
	spill  *storage.Spill
	buffer []byte
}

// each calls use with the findings of a segment, as many at a time as chunk has
// room for, and the place of the first. They are good until use returns.
func (r *segmentReader) each(s *segment, chunk []Finding, use func(findings []Finding, place uint64) error) (err error) {
	if r.buffer, err = r.spill.Read(s.chunk.Extent, r.buffer); err != nil {
		return err
	}
	size := s.chunk.Findings * recordBytes
	if size > len(r.buffer) {
		return fmt.Errorf("%d findings in %d bytes: %w", s.chunk.Findings, len(r.buffer), errPacked)
	}
	records, text := r.buffer[:size], r.buffer[size:]
	for from := s.from; from < s.to; from += len(chunk) {
		findings := chunk[:min(len(chunk), s.to-from)]
		for i := range findings {
			record := (*[recordBytes]byte)(records[(from+i)*recordBytes:])
			if err := findings[i].readRecord(record, text); err != nil {
				return err
			}
			findings[i].Row += s.firstRow
		}
		if err := use(findings, s.place+uint64(from-s.from)); err != nil {
			return err
		}
	}
	return nil
}
