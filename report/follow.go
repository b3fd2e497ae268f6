package report

import (
	"context"
	"encoding/binary"
	"iter"
	"slices"
	"sort"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/storage"
)

// State is how a finding stands to those of earlier reports.
type State uint8

const (
	NoState    State = iota // findings are not followed
	New                     // nothing is known of it
	Persisting              // the report before has it
	Returned                // an earlier one has it, but not the report before
)

var stateNames = [][]byte{nil, []byte("new"), []byte("persisting"), []byte("returned")}

// String is the state as reports have it.
func (s State) String() string { return string(stateNames[s]) }

// followedBytes is the size of an id with its place, record and rule in buckets.
const followedBytes = entryBytes + 16 + 1 + 8

// followed is a finding's id with its place, as entry has them, and what a
// history needs to know of it.
type followed struct {
	entry
	record     RecordKey
	rule       uint8
	occurrence uint64 // of the id before it was made different; 0 for one that was not
}

var followedForm = &storage.Form[followed]{
	Bytes: followedBytes,
	Append: func(dst []byte, f followed) []byte {
		dst = entryForm.Append(dst, f.entry)
		dst = append(dst, f.record[:]...)
		dst = append(dst, f.rule)
		return binary.BigEndian.AppendUint64(dst, f.occurrence)
	},
	Read: func(b []byte) followed {
		return followed{
			entry: entryForm.Read(b), record: RecordKey(b[entryBytes:]), rule: b[entryBytes+16],
			occurrence: binary.BigEndian.Uint64(b[entryBytes+17:]),
		}
	},
	Compare: func(a, b followed) int { return compareEntries(a.entry, b.entry) },
}

// newFollowingCollector is an idCollector whose ids can be followed.
func newFollowingCollector(spill *storage.Spill, limit int) *idCollector {
	return &idCollector{buckets: storage.NewBuckets(spill, followedBytes, limit), width: followedBytes}
}

// follow sets what a history needs to know of the finding that is added next.
func (c *idCollector) follow(record RecordKey, rule uint8) {
	copy(c.entry[entryBytes:], record[:])
	c.entry[entryBytes+16] = rule
}

// contentOf is what identifies the record of a finding that has no id of its own.
func (d *identifier) contentOf(f *Finding) *RecordContent {
	d.content = RecordContent{
		Source: d.sources[d.sourceOf[f.File]], IdentityNumber: f.IdentityNumber,
		Agency:      textOf(&d.agency, f.Agency, d.run.Dictionaries.Agency),
		PaymentType: textOf(&d.paymentType, f.PaymentType, d.run.Dictionaries.PaymentType),
		Currency:    textOf(&d.currency, f.Currency, d.run.Dictionaries.Currency),
		PaymentDate: f.PaymentDate, PeriodStart: f.PeriodStart, PeriodEnd: f.PeriodEnd, Amount: f.Amount,
	}
	return &d.content
}

// RecordKeys makes the keys of records as they are read. It is for one goroutine.
type RecordKeys struct {
	identifier *identifier
	keyer      *RecordKeyer
	source     *sourceKey // of sourceFile
	sourceFile int
}

// NewRecordKeys makes the keys of the records of files whose texts have the numbers
// of the dictionaries. A Packer of findings that are followed brings its own.
func NewRecordKeys(keyer *RecordKeyer, files []File, dictionaries *pipeline.Dictionaries) *RecordKeys {
	return &RecordKeys{keyer: keyer, identifier: newIdentifier(&Run{Files: files, Dictionaries: dictionaries})}
}

// KeyOf is the key of the record of a finding, of which nothing else need be
// filled than its file and what identifies the record.
func (k *RecordKeys) KeyOf(f *Finding) RecordKey {
	if len(f.RecordID) > 0 {
		return k.KeyOfID(f.File, f.RecordID)
	}
	return k.keyer.Key(k.identifier.contentOf(f))
}

// KeyOfID is the key of a record of a file that has an id of its own.
func (k *RecordKeys) KeyOfID(file int, id []byte) RecordKey {
	// Records of one file mostly follow each other.
	if k.source == nil || file != k.sourceFile {
		k.source, k.sourceFile = k.keyer.source(k.identifier.sources[k.identifier.sourceOf[file]]), file
	}
	return hashRecord(&k.source.id, valid(id))
}

// Identified is a finding as far as it can be followed from report to report.
type Identified struct {
	ID         [16]byte
	Place      uint64 // in the order of the report; what Mark takes
	Finding    int64  // row of findings, from 1
	Record     RecordKey
	Rule       uint8  // place in the catalogue
	Occurrence uint64 // among the findings of a rule about records that are alike and have no id of their own, from 1
}

// Identify gives all findings that the packers have taken in the order of their
// ids, and of their places where ids are alike. The parts are those that Findings
// is given afterwards. It is for runs that follow their findings, and takes the
// memory of a bucket of ids, at most 72 MiB.
func (w *Writer) Identify(ctx context.Context, parts []Part) (iter.Seq2[*Identified, error], error) {
	if err := w.findRepeats(ctx); err != nil {
		return nil, err
	}
	f := &follower{writer: w, identifier: newIdentifier(&w.run), collectors: make([]*idCollector, len(w.packers))}
	for i, p := range w.packers {
		f.collectors[i] = p.ids
	}
	var rows int64
	for _, part := range parts {
		f.before = append(f.before, rows)
		for _, chunk := range part.Chunks {
			rows += int64(chunk.Findings)
		}
	}
	// Where ids are made different, they are in another bucket.
	again := newFollowingCollector(w.spill, w.collectedIDs)
	for bucket, marked := range w.marked {
		if !marked {
			continue
		}
		for e, err := range f.bucket(ctx, bucket) {
			if err != nil {
				return nil, err
			}
			if occurrence := f.occurrence(&e); occurrence > 1 {
				id := f.identifier.repeat(e.id(), occurrence)
				e.first, e.second = binary.BigEndian.Uint64(id[:]), binary.BigEndian.Uint64(id[8:])
				e.third &^= 1
				e.occurrence = occurrence
				if err := again.buckets.Add(followedForm.Append(f.buffer[:0], e)); err != nil {
					return nil, err
				}
			}
		}
	}
	f.collectors = append(f.collectors, again)
	return f.all(ctx), nil
}

func (f *followed) id() (id [16]byte) {
	binary.BigEndian.PutUint64(id[:], f.first)
	binary.BigEndian.PutUint64(id[8:], f.second)
	return id
}

// follower goes through the ids of a run's findings in their order.
type follower struct {
	writer     *Writer
	identifier *identifier
	collectors []*idCollector
	before     []int64 // findings before each part
	run        idRun
	buffer     []byte
	entries    []followed
}

// occurrence is that of the next entry of a bucket, where it needs one.
func (f *follower) occurrence(e *followed) uint64 {
	if e.occurrence > 0 {
		return 1 // it has been made different
	}
	if f.run.occurrence == 0 || e.first != f.run.first || e.second != f.run.second {
		f.run = idRun{e.first, e.second, 0}
	}
	f.run.occurrence++
	if e.third&1 == 0 {
		return 1
	}
	return f.run.occurrence
}

// bucket are the entries of a bucket in order.
func (f *follower) bucket(ctx context.Context, bucket int) iter.Seq2[followed, error] {
	fail := func(err error) iter.Seq2[followed, error] {
		return func(yield func(followed, error) bool) { yield(followed{}, err) }
	}
	if err := context.Cause(ctx); err != nil {
		return fail(err)
	}
	count := 0
	for _, c := range f.collectors {
		count += c.buckets.Count(bucket)
	}
	f.entries = f.entries[:0]
	large := storage.NewSorter(f.writer.spill, followedForm, f.writer.repeatLimit)
	for _, c := range f.collectors {
		err := c.buckets.Each(bucket, &f.buffer, func(entries []byte) error {
			for ; len(entries) > 0; entries = entries[followedBytes:] {
				if count > f.writer.repeatLimit {
					if err := large.Add(followedForm.Read(entries)); err != nil {
						return err
					}
					continue
				}
				f.entries = append(f.entries, followedForm.Read(entries))
			}
			return nil
		})
		if err != nil {
			return fail(err)
		}
	}
	if count > f.writer.repeatLimit {
		return large.Sorted()
	}
	slices.SortFunc(f.entries, followedForm.Compare)
	return func(yield func(followed, error) bool) {
		for _, e := range f.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (f *follower) all(ctx context.Context) iter.Seq2[*Identified, error] {
	return func(yield func(*Identified, error) bool) {
		var found Identified
		for bucket := range idBuckets {
			f.run = idRun{}
			for e, err := range f.bucket(ctx, bucket) {
				if err != nil {
					yield(nil, err)
					return
				}
				if f.occurrence(&e) > 1 {
					continue // it stands under another id
				}
				place := e.third >> 1
				part := int(place >> 32)
				found = Identified{
					ID: e.id(), Place: place, Finding: f.before[part] + int64(place-placeOf(part)) + 1,
					Record: e.record, Rule: e.rule, Occurrence: max(1, e.occurrence),
				}
				if !yield(&found, nil) {
					return
				}
			}
		}
	}
}

// Mark says of a finding that earlier reports have it: since when, and how many
// with this one. All others are new. It is called before Findings, in any order.
func (w *Writer) Mark(place uint64, state State, firstSeen calendar.Day, timesSeen int32) error {
	if w.marks == nil {
		w.marks = newSorter(w.spill, w.repeatLimit)
	}
	return w.marks.Add(entry{place, uint64(uint32(firstSeen))<<32 | uint64(uint32(timesSeen)), uint64(state)})
}

// entryReader hands out sorted entries.
type entryReader struct {
	next func() (entry, error, bool)
	head entry
	err  error
	more bool
}

// readEntries reads entries, none where there are nil; stop ends it.
func readEntries(entries iter.Seq2[entry, error]) (r *entryReader, stop func()) {
	if entries == nil {
		entries = func(func(entry, error) bool) {}
	}
	r = &entryReader{}
	r.next, stop = iter.Pull2(entries)
	r.head, r.err, r.more = r.next()
	return r, stop
}

// take appends the entries of the findings before a place.
func (r *entryReader) take(dst []entry, place uint64) ([]entry, error) {
	for ; r.more && r.err == nil && r.head.first < place; r.head, r.err, r.more = r.next() {
		dst = append(dst, r.head)
	}
	return dst, r.err
}

// applyMarks sets what is known of the findings, the first of which is at place, and
// returns the marks of those after them.
func applyMarks(marks []entry, findings []Finding, place uint64, asOf calendar.Day) []entry {
	for i := range findings {
		findings[i].State, findings[i].FirstSeen, findings[i].TimesSeen = New, asOf, 1
	}
	n := sort.Search(len(marks), func(i int) bool { return marks[i].first >= place+uint64(len(findings)) })
	for _, mark := range marks[:n] {
		f := &findings[mark.first-place]
		f.State, f.FirstSeen, f.TimesSeen = State(mark.third), calendar.Day(int32(mark.second>>32)), int32(uint32(mark.second))
	}
	return marks[n:]
}
