package job

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// A part is a file with the result of one chunk or of one bucket:
//
//	magic     8 bytes
//	sections  one after the other; each of blocks: items and bytes (4 bytes each,
//	          little-endian), then the bytes
//	directory JSON: what the part is of, where its sections lie, their digests
//	          SHA-256 of the directory, its length (8 bytes), magic
//
// So whoever wants one section reads little more, and notices damage to what is
// read. Parts hold identity numbers.
const (
	partMagic    = "avstamP\x01"
	partTrailer  = sha256.Size + 8 + len(partMagic)
	partSuffix   = ".part"
	maxDirectory = 64 << 20 // bytes
)

// The kinds of parts.
const (
	ChunkPart  = "chunk"
	BucketPart = "bucket"
)

// The sections of parts.
const (
	findingsSection   = "findings"   // of a chunk, as a plain report.Packer has them
	rejectsSection    = "rejects"    // of a chunk: report.Reject, packed
	recordsSection    = "records"    // of a chunk: keys of records that are sought, and of a few others
	candidatesSection = "candidates" // of a chunk, of a rule and a bucket: candidate
	foundSection      = "found"      // of a bucket: found, in the order of the report
)

// Part names a part that has been made.
type Part struct {
	Kind   string `json:"kind"`
	Number int    `json:"number"` // of the chunk or bucket, from 0
	Name   string `json:"name"`   // of its file
	SHA256 string `json:"sha256"` // of its directory, which has those of its sections
}

// directory says what a part is.
type directory struct {
	Kind   string         `json:"kind"`
	Number int            `json:"number"`
	Plan   string         `json:"plan"`         // its digest
	Of     string         `json:"of,omitempty"` // of a bucket: digest of the parts it was made of
	Texts  pipeline.Texts `json:"texts"`        // that its numbers stand for

	// Of a chunk.
	Rows           int64        `json:"rows,omitempty"`
	Rejected       int64        `json:"rejected,omitempty"`
	Stale          int64        `json:"stale,omitempty"`
	Malformed      faultCounts  `json:"malformed,omitzero"`
	Ledger         report.Terms `json:"ledger"`
	SHA256         string       `json:"sha256,omitempty"` // of what was read
	Verified       string       `json:"verified,omitempty"`
	PagesChecked   int64        `json:"pages_checked,omitempty"`
	PagesUnchecked int64        `json:"pages_unchecked,omitempty"`

	Sections []section `json:"sections"`
}

type section struct {
	Name   string `json:"name"`
	Rule   string `json:"rule,omitempty"`
	Bucket int    `json:"bucket,omitempty"`
	Items  int64  `json:"items"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"` // bytes
	SHA256 string `json:"sha256"`
}

// place is the folder of a kind of parts, and the name that one of them has.
func (p *Plan) place(kind string, number int) (folder, name string) {
	folder = filepath.Join(p.folder, chunkFolder)
	if kind == BucketPart {
		folder = filepath.Join(p.folder, bucketFolder)
	}
	return folder, fmt.Sprintf("%s-%06d%s", kind, number, partSuffix)
}

// count is how many parts of a kind are planned.
func (p *Plan) count(kind string) int {
	if kind == BucketPart {
		return p.Buckets
	}
	return len(p.Chunks)
}

// partWriter writes a part under a name of its own attempt.
type partWriter struct {
	file      *storage.Replacement
	to        *bufio.Writer
	offset    int64
	hash      hash.Hash // of the section
	directory directory
}

// makePart has write write the sections of a part, and puts it in its place, unless
// another attempt has put one there meanwhile: the first stays.
func (p *Plan) makePart(kind string, number int, write func(*partWriter) error) (Part, error) {
	folder, name := p.place(kind, number)
	path := filepath.Join(folder, name)
	file, err := storage.BeginReplacement(path, storage.PrivateMode)
	if err != nil {
		return Part{}, outputFailure(err)
	}
	w := &partWriter{file: file, to: bufio.NewWriterSize(file, 256<<10), hash: sha256.New(), directory: directory{Kind: kind, Number: number, Plan: p.digest}}
	defer func() {
		if file != nil {
			_ = file.Discard() // what failed is told
		}
	}()
	part := Part{Kind: kind, Number: number, Name: name}
	if err = w.write([]byte(partMagic)); err == nil {
		err = write(w)
	}
	if err == nil {
		part.SHA256, err = w.finish()
	}
	if err != nil {
		return Part{}, outputFailure(err)
	}
	err, file = file.CommitNew(), nil
	if errors.Is(err, fs.ErrExist) {
		return p.finished(kind, number)
	} else if err != nil {
		return Part{}, outputFailure(err)
	}
	return part, nil
}

func (w *partWriter) write(p []byte) error {
	w.hash.Write(p)
	w.offset += int64(len(p))
	_, err := w.to.Write(p)
	return err
}

// begin begins a section.
func (w *partWriter) begin(s section) {
	s.Offset = w.offset
	w.directory.Sections = append(w.directory.Sections, s)
	w.hash.Reset()
}

// block appends a block to the section.
func (w *partWriter) block(items int, block []byte) error {
	w.directory.Sections[len(w.directory.Sections)-1].Items += int64(items)
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:], uint32(items))
	binary.LittleEndian.PutUint32(head[4:], uint32(len(block)))
	if err := w.write(head[:]); err != nil {
		return err
	}
	return w.write(block)
}

// end ends the section.
func (w *partWriter) end() {
	s := &w.directory.Sections[len(w.directory.Sections)-1]
	s.Length, s.SHA256 = w.offset-s.Offset, hex.EncodeToString(w.hash.Sum(nil))
}

// finish writes the directory, and gives its digest.
func (w *partWriter) finish() (string, error) {
	text, err := json.Marshal(&w.directory)
	if err != nil {
		return "", err
	}
	if len(text) > maxDirectory {
		return "", fmt.Errorf("the directory of a part has %d bytes, more than %d", len(text), maxDirectory)
	}
	sum := sha256.Sum256(text)
	trailer := append(text, sum[:]...)
	trailer = binary.LittleEndian.AppendUint64(trailer, uint64(len(text)))
	trailer = append(trailer, partMagic...)
	if _, err := w.to.Write(trailer); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum[:]), w.to.Flush()
}

// openPart is a part whose directory has been read and checked.
type openPart struct {
	directory
	path   string
	sha256 string
}

// errDamaged is about a part whose bytes are not as they were written.
var errDamaged = errors.New("it is damaged: its digests do not hold; remove it and repeat the step that makes it")

// openPart opens the part in a file.
func (p *Plan) openPart(kind, path string) (*openPart, error) {
	o := &openPart{path: path}
	err := o.readDirectory()
	if err == nil && (o.Plan != p.digest) {
		err = errors.New("it is of another plan")
	}
	if err == nil && (o.Kind != kind || o.Number < 0 || o.Number >= p.count(kind)) {
		err = fmt.Errorf("it is of %s %d, which is not planned here", o.Kind, o.Number)
	}
	if err != nil {
		return nil, inputFailure(fmt.Errorf("cannot use the part %s: %w", path, err))
	}
	return o, nil
}

func (o *openPart) readDirectory() error {
	file, err := disk.Open(o.path)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	info, err := file.Stat()
	if err != nil {
		return err
	}
	var trailer [partTrailer]byte
	end := info.Size() - int64(partTrailer)
	if end < int64(len(partMagic)) {
		return errDamaged
	}
	if _, err := file.ReadAt(trailer[:], end); err != nil {
		return err
	}
	length := binary.LittleEndian.Uint64(trailer[sha256.Size:])
	if string(trailer[sha256.Size+8:]) != partMagic || length > min(maxDirectory, uint64(end)) {
		return errDamaged
	}
	text := make([]byte, length)
	start := end - int64(length)
	if _, err := file.ReadAt(text, start); err != nil {
		return err
	}
	if sum := sha256.Sum256(text); string(sum[:]) != string(trailer[:sha256.Size]) {
		return errDamaged
	}
	o.sha256 = digestOf(text)
	if err := json.Unmarshal(text, &o.directory); err != nil {
		return errDamaged
	}
	for i := range o.Sections {
		if s := &o.Sections[i]; s.Offset < 0 || s.Length < 0 || s.Offset > start || s.Length > start-s.Offset {
			return errDamaged
		}
	}
	return nil
}

// keep forgets the sections that are not wanted.
func (o *openPart) keep(wanted func(*section) bool) {
	o.Sections = slices.DeleteFunc(o.Sections, func(s section) bool { return !wanted(&s) })
}

// each calls use with the blocks of a section, after it has checked its digest.
func (o *openPart) each(s *section, use func(items int, block []byte) error) error {
	file, err := disk.Open(o.path)
	if err != nil {
		return inputFailure(err)
	}
	defer file.Close() // it was only read
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, s.Offset, s.Length)); err != nil {
		return inputFailure(err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != s.SHA256 {
		return o.damaged()
	}
	from := bufio.NewReaderSize(io.NewSectionReader(file, s.Offset, s.Length), 256<<10)
	var block []byte
	for left := s.Length; left > 0; {
		var head [8]byte
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return o.cannotRead(err)
		}
		items, size := binary.LittleEndian.Uint32(head[:]), int64(binary.LittleEndian.Uint32(head[4:]))
		if left -= int64(len(head)) + size; left < 0 {
			return o.damaged()
		}
		block = slices.Grow(block[:0], int(size))[:size]
		if _, err := io.ReadFull(from, block); err != nil {
			return o.cannotRead(err)
		}
		if err := use(int(items), block); err != nil {
			return err
		}
	}
	return nil
}

func (o *openPart) damaged() error {
	return inputFailure(fmt.Errorf("cannot use the part %s: %w", o.path, errDamaged))
}

// cannotRead is about a block: one that ends early is damage.
func (o *openPart) cannotRead(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return o.damaged()
	}
	return inputFailure(err)
}

func (o *openPart) part() Part {
	return Part{Kind: o.Kind, Number: o.Number, Name: filepath.Base(o.path), SHA256: o.sha256}
}

// open opens a part that has been made.
func (p *Plan) open(part Part) (*openPart, error) {
	folder, _ := p.place(part.Kind, part.Number)
	o, err := p.openPart(part.Kind, filepath.Join(folder, filepath.Base(part.Name)))
	if err == nil && o.part() != part {
		err = inputFailure(fmt.Errorf("cannot use the part %s: it is not the one that was made", o.path))
	}
	return o, err
}

// finished is the part that an earlier attempt has made; the error is
// fs.ErrNotExist where there is none.
func (p *Plan) finished(kind string, number int) (Part, error) {
	folder, name := p.place(kind, number)
	path := filepath.Join(folder, name)
	if _, err := disk.Lstat(path); err != nil {
		return Part{}, inputFailure(err)
	}
	o, err := p.openPart(kind, path)
	if err == nil && o.Number != number {
		err = inputFailure(fmt.Errorf("cannot use the part %s: it is of %s %d", path, kind, o.Number))
	}
	if err != nil {
		return Part{}, err
	}
	return o.part(), nil
}

// Parts are the parts of a kind that lie in the work folder: exactly one for each
// chunk or bucket. The error says which are missing, and which should not be there.
func (p *Plan) Parts(kind string) ([]Part, error) {
	folder, _ := p.place(kind, 0)
	entries, err := disk.ReadDir(folder)
	if err != nil {
		return nil, inputFailure(fmt.Errorf("cannot look for parts: %w", err))
	}
	var parts []Part
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue // an attempt's
		}
		o, err := p.openPart(kind, filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		parts = append(parts, o.part())
	}
	return p.complete(kind, parts)
}

// complete puts parts into their order, of which there must be exactly one each.
func (p *Plan) complete(kind string, parts []Part) ([]Part, error) {
	ordered := make([]Part, p.count(kind))
	for _, part := range parts {
		if part.Kind != kind || part.Number < 0 || part.Number >= len(ordered) {
			return nil, inputFailure(fmt.Errorf("the part %s is of %s %d, which is not planned", part.Name, part.Kind, part.Number))
		}
		if there := &ordered[part.Number]; there.Name != "" {
			return nil, inputFailure(fmt.Errorf("%s %d has two parts, %s and %s: one of them is a copy", kind, part.Number, there.Name, part.Name))
		}
		ordered[part.Number] = part
	}
	var missing []string
	count := 0
	for i := 0; i < len(ordered); i++ {
		if ordered[i].Name != "" {
			continue
		}
		last := i
		for last+1 < len(ordered) && ordered[last+1].Name == "" {
			last++
		}
		if text := fmt.Sprint(i); last == i {
			missing = append(missing, text)
		} else {
			missing = append(missing, fmt.Sprintf("%s–%d", text, last))
		}
		count += last - i + 1
		i = last
	}
	if len(missing) > 0 {
		return nil, inputFailure(missingParts(kind, missing, count, len(ordered)))
	}
	return ordered, nil
}

// missingParts says which parts are not there, as ranges of so many numbers, and what
// makes them.
func missingParts(kind string, missing []string, count, all int) error {
	const told = 20
	more := ""
	if len(missing) > told {
		missing, more = missing[:told], " and more"
	}
	step := map[string]string{ChunkPart: "map", BucketPart: "reduce"}[kind]
	return fmt.Errorf("the step before is not complete: there %s %s%s (of %d, numbered from 0); avstam shard %s makes %s",
		rules.Plural(count, "is no part of "+kind, "are no parts of "+kind+"s"), strings.Join(missing, ", "), more, all, step, rules.Plural(count, "it", "them"))
}
