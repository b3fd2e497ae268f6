package job

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// chunkBytes is how much of the rejects a worker packs before it writes to the spill.
const chunkBytes = 256 << 10

// worker checks pieces, one after the other. What it finds goes to the spill,
// packed, with rows counted from the start of the piece.
type worker struct {
	run      *run
	batch    pipeline.Batch
	before   int64 // rows of the part before the piece
	checker  *rules.Checker
	findings *report.Packer
	rejects  chunkWriter
	across   []*bucketWriter // by place in run.acrossRules
	scratch  []byte
	rows     []int32 // with findings, and the evidence of each
	evidence []rules.Evidence
	// Keys and numbers of numeric columns, as text.
	recordID, given []byte
	finding         report.Finding
	records         *casework.ReadRecords // nil where nothing is looked for
	keys            *report.RecordKeys    // of these
	read            report.Finding        // what identifies a record that is noted there
	reject          report.Reject
}

// part is what comes of a piece.
type part struct {
	file     int
	path     string // of the file, for errors
	rows     int64
	extent   int64 // of its pieces, as far as they were read
	findings []report.Chunk
	rejects  []storage.Extent
	rejected int64
	stale    int64
	ledger   report.Terms
	// malformed are the records whose number is malformed, by what is wrong with it.
	malformed faultCounts
}

// faultCounts are records by what is wrong with their numbers.
type faultCounts [identity.Faults]int64

func (c *faultCounts) add(other *faultCounts) {
	for fault, count := range other {
		c[fault] += count
	}
}

// chunkWriter has a buffer that goes to the spill when limit bytes are packed in it.
type chunkWriter struct {
	spill   *storage.Spill
	limit   int
	buffer  []byte
	extents []storage.Extent
}

// put takes the buffer to which something has been appended.
func (w *chunkWriter) put(buffer []byte) error {
	w.buffer = buffer
	if len(buffer) < w.limit {
		return nil
	}
	return w.flush()
}

func (w *chunkWriter) flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	extent, err := w.spill.Write(w.buffer)
	w.extents = append(w.extents, extent)
	w.buffer = w.buffer[:0]
	return err
}

// take gives the extents written so far away and starts anew.
func (w *chunkWriter) take() ([]storage.Extent, error) {
	err := w.flush()
	extents := w.extents
	w.extents = nil
	return extents, err
}

func newWorker(r *run, findings *report.Packer) *worker {
	w := &worker{
		run:      r,
		checker:  rules.NewChecker(&r.settings.Policy, r.register, r.dictionaries),
		findings: findings,
		rejects:  chunkWriter{spill: r.spill, limit: chunkBytes},
		records:  r.newReadRecords(),
		keys:     &findings.RecordKeys,
	}
	for range r.acrossRules {
		w.across = append(w.across, &bucketWriter{spill: r.spill, seed: r.seeds[0]})
	}
	return w
}

// process makes a part of a piece.
func (w *worker) process(ctx context.Context, number uint32, piece pipeline.Piece) (part, error) {
	p := part{file: piece.File(), path: w.run.records.Files()[piece.File()].Path}
	w.findings.Begin(int(number), 0)
	if err := w.readPiece(ctx, number, piece, &p); err != nil {
		return p, err
	}
	return p, w.take(&p)
}

// readPiece reads and checks a piece, whose rows follow those that the part has. This
// is the whole flow of a record: Next reads it, Check understands and judges it,
// pack keeps what was found.
func (w *worker) readPiece(ctx context.Context, number uint32, piece pipeline.Piece, p *part) error {
	w.before = p.rows
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		more, err := piece.Next(&w.batch)
		if err != nil {
			return inputFailure(err)
		}
		if !more {
			break
		}
		// Candidates of rules across records have 32 bits for their row in the part.
		if p.rows+int64(w.batch.Rows) > math.MaxUint32 {
			return inputFailure(fmt.Errorf("cannot read %s: it has more than %d rows that can only be read as one: divide it", p.path, uint32(math.MaxUint32)))
		}
		hits := w.checker.Check(&w.batch)
		if err := w.pack(p.file, number, hits); err != nil {
			return err
		}
		if w.records != nil {
			if err := w.noteRead(p.file); err != nil {
				return err
			}
		}
		p.rejected += int64(len(w.batch.Rejects))
		for _, row := range w.checker.Rows(rules.MalformedRows) {
			p.malformed[w.batch.Fault[row]]++
		}
		p.stale += countAfter(&w.batch, w.run.staleAfter)
		p.rows += int64(w.batch.Rows)
		w.run.countRows(int64(w.batch.Rows))
	}
	p.extent += piece.Extent()
	read, rejected := piece.Tallies()
	clean, flagged := w.checker.TakeTallies()
	addTerms(&p.ledger, &report.Terms{Read: *read, Rejected: *rejected, Clean: clean, Flagged: flagged})
	return nil
}

// take moves what the worker has written for a piece into its part.
func (w *worker) take(p *part) (err error) {
	if p.findings, err = w.findings.Take(); err != nil {
		return outputFailure(err)
	}
	if p.rejects, err = w.rejects.take(); err != nil {
		return outputFailure(err)
	}
	return nil
}

// countAfter counts the records whose payment lies after a day.
func countAfter(b *pipeline.Batch, day calendar.Day) int64 {
	var count int64
	days := b.PaymentDate[:b.Rows]
	if len(days) == 0 || slices.Max(days) <= day { // fast path
		return 0
	}
	for i := range days {
		if days[i] > day && !b.Rejected[i] {
			count++
		}
	}
	return count
}

// pack keeps the findings, the candidates and the rejects of a batch.
func (w *worker) pack(file int, piece uint32, hits []rules.Hit) error {
	b := &w.batch
	for len(hits) > 0 {
		// Evidence is looked up for some rows at a time.
		w.rows = w.rows[:0]
		some := 0
		for ; some < len(hits) && len(w.rows) < evidentRows; some++ {
			if row := hits[some].Row; some == 0 || row != hits[some-1].Row {
				w.rows = append(w.rows, row)
			}
		}
		w.evidence = slices.Grow(w.evidence[:0], len(w.rows))[:len(w.rows)]
		w.checker.Facts().EvidenceAll(w.evidence, w.rows)
		for i, next := 0, 0; i < some; i++ {
			if i == 0 || hits[i].Row != hits[i-1].Row {
				w.describe(file, w.rows[next])
				describeEvidence(&w.finding, &w.evidence[next])
				next++
			}
			w.conclude(&hits[i], &w.evidence[next-1])
			if err := w.findings.Add(&w.finding); err != nil {
				return outputFailure(err)
			}
		}
		hits = hits[some:]
	}
	// Of what is kept for the rules across records little is found in the end: what
	// the register says of it is asked then.
	for i, place := range w.run.acrossRules {
		rule := rules.All()[place]
		for _, row := range w.checker.Rows(rule.Across.Looks) {
			w.describe(file, row)
			w.scratch = w.finding.AppendPacked(w.scratch[:0])
			err := w.across[i].add(&candidate{
				key: rule.Across.Key(w.checker.Facts(), row), number: b.Number[row], piece: piece,
				row: uint32(w.before+b.FirstRow) + uint32(row), flagged: w.checker.IsFlagged(row), packed: w.scratch,
			})
			if err != nil {
				return outputFailure(err)
			}
		}
	}
	return w.packRejects(file)
}

// evidentRows is how many rows' evidence is looked up at once.
const evidentRows = 512

// describe puts what a row says of itself into w.finding.
func (w *worker) describe(file int, row int32) {
	b, f := &w.batch, &w.finding
	i := int(row)
	f.File = file
	f.Row = w.before + b.FirstRow + int64(row)
	f.HasRecordID = b.HasRecordID
	f.RecordID, w.recordID = b.RecordIDOf(i, w.recordID)
	w.identifyRow(f, i)
	f.Number, f.NumberKind = b.Number[i], b.Kind[i]
}

// describeEvidence fills in what the register says, whatever was found.
func describeEvidence(f *report.Finding, evidence *rules.Evidence) {
	f.UseNumber = evidence.UseNumber
	f.DeceasedOn = evidence.DeceasedOn
	f.InRegister = evidence.InRegister
	f.StatusFrom = evidence.StatusFrom
	f.Status, f.StatusReason = register.NoStatus, f.StatusReason[:0]
	f.IdentityLevel, f.Protected = register.NoLevel, register.NoValue
	if evidence.InRegister {
		f.IdentityLevel, f.Protected = evidence.State.Level, evidence.State.Protected
	}
	if evidence.InForce {
		f.Status = evidence.State.Status
		f.StatusReason = append(f.StatusReason, evidence.State.Reason...)
	}
}

// identifyRow puts into a finding what identifies a row without a record id.
func (w *worker) identifyRow(f *report.Finding, i int) {
	b := &w.batch
	f.Agency, f.PaymentType, f.Currency = b.Agency[i], b.PaymentType[i], b.Currency[i]
	f.PaymentDate, f.Amount = b.PaymentDate[i], b.Amount[i]
	f.PeriodStart, f.PeriodEnd = calendar.Missing, calendar.Missing
	if b.PeriodStart != nil {
		f.PeriodStart = b.PeriodStart[i]
	}
	if b.PeriodEnd != nil {
		f.PeriodEnd = b.PeriodEnd[i]
	}
	f.IdentityNumber, w.given = b.GivenOf(i, w.given)
}

// conclude adds what was found.
func (w *worker) conclude(hit *rules.Hit, evidence *rules.Evidence) {
	f := &w.finding
	describeRule(f, hit.Rule, evidence)
	f.Severity = w.checker.Severity(hit.Rule)
	f.Possible = hit.Possible
	f.Detail = hit.Detail.AppendText(f.Detail[:0])
	f.OtherNumber = hit.Other
}

// describeRule fills in what the rule tells that found it.
func describeRule(f *report.Finding, place uint8, evidence *rules.Evidence) {
	rule := rules.All()[place]
	f.Rule, f.Direction = place, rule.Direction
	f.KnownFrom = evidence.KnownFrom[rule.Fact]
}

func (w *worker) packRejects(file int) error {
	b := &w.batch
	for i := range b.Rejects {
		from := &b.Rejects[i]
		w.reject = report.Reject{
			File: file, Row: w.before + b.FirstRow + int64(from.Row), Line: from.Line, ByteOffset: from.ByteOffset,
			Column: from.Column, Reason: from.Reason, HasAmount: from.HasAmount, Raw: from.Raw,
		}
		if from.HasAmount {
			w.reject.Amount, w.reject.Currency = b.Amount[from.Row], b.Currency[from.Row]
		}
		if err := w.rejects.put(w.reject.AppendPacked(w.rejects.buffer)); err != nil {
			return outputFailure(err)
		}
	}
	return nil
}
