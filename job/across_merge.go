package job

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// reduceAcross judges the candidates of the rules across records, and returns
// the findings in the order of the report, as a part. A record that is flagged by
// such a rule alone moves from clean to flagged, once.
func (r *run) reduceAcross(ctx context.Context, writer *report.Writer) (report.Part, error) {
	runs := r.found
	for i := range r.candidates {
		reducers := make([]*reducer, min(r.settings.Workers, maxReducers))
		for k := range reducers {
			reducers[k] = newReducer(r.spill, r.seeds, r.acrossRules[i], acrossBucketCandidates/len(reducers))
		}
		found, err := reduceBuckets(ctx, reducers, r.candidates[i])
		if err != nil {
			return report.Part{}, err
		}
		runs = append(runs, found...)
	}
	m := &acrossMerge{run: r, chunks: map[uint64][]report.Chunk{}}
	return m.merge(ctx, writer, runs)
}

// foundBlock are consecutive findings of the merge, packed.
type foundBlock struct {
	first uint64 // how many findings come before it
	count int
	bytes []byte
}

// foundAtOnce is how many findings a block has, and those that its last record has
// besides: their evidence is looked up side by side.
const foundAtOnce = 2048

// foundRecord is the record of a finding.
type foundRecord struct{ piece, row uint32 }

// noRecord is the record before the first.
var noRecord = foundRecord{piece: ^uint32(0)}

// acrossMerge brings what was found across records into the order of the report. One
// goroutine merges, and others make findings of its blocks.
type acrossMerge struct {
	run    *run
	mutex  sync.Mutex                // of the ledger of the run's files and of chunks
	chunks map[uint64][]report.Chunk // by first finding of their block
}

func (m *acrossMerge) merge(ctx context.Context, writer *report.Writer, runs [][]storage.Extent) (report.Part, error) {
	describers := make([]*foundDescriber, min(m.run.settings.Workers, maxReducers))
	for i := range describers {
		describers[i] = newFoundDescriber(m, writer.NewPacker())
	}
	group, ctx := errgroup.WithContext(ctx)
	blocks := make(chan *foundBlock)
	group.Go(func() error {
		defer close(blocks)
		return pipeline.Guard(func() error { return mergeBlocks(ctx, m.run.spill, runs, blocks) })
	})
	for _, d := range describers {
		group.Go(func() error {
			return pipeline.Guard(func() error {
				for block := range blocks {
					if err := d.describe(block); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		return report.Part{}, err
	}
	var part report.Part
	for first := uint64(0); len(m.chunks[first]) > 0; {
		chunks := m.chunks[first]
		part.Chunks = append(part.Chunks, chunks...)
		for _, chunk := range chunks {
			first += uint64(chunk.Findings)
		}
	}
	return part, nil
}

// mergeBlocks merges runs into blocks, of which each has all findings of its
// records. The context's end stops it.
func mergeBlocks(ctx context.Context, spill *storage.Spill, runs [][]storage.Extent, blocks chan<- *foundBlock) error {
	block, last := &foundBlock{}, noRecord
	send := func() error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		select {
		case blocks <- block:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		block = &foundBlock{first: block.first + uint64(block.count)}
		return nil
	}
	err := merge(spill, runs, func(f *found) error {
		record := foundRecord{f.piece, f.row}
		if block.count >= foundAtOnce && record != last {
			if err := send(); err != nil {
				return err
			}
		}
		block.bytes = f.append(block.bytes)
		block.count++
		last = record
		return nil
	})
	if err != nil || block.count == 0 {
		return err
	}
	return send()
}

// foundDescriber makes findings of blocks. It is for one goroutine.
type foundDescriber struct {
	merge      *acrossMerge
	packer     *report.Packer
	witness    *rules.Witness
	severities []rules.Severity
	// Of the block:
	found    []found
	findings []report.Finding
	numbers  []identity.Number
	days     []calendar.Day
	evidence []rules.Evidence
}

func newFoundDescriber(m *acrossMerge, packer *report.Packer) *foundDescriber {
	return &foundDescriber{merge: m, packer: packer, witness: rules.NewWitness(m.run.register), severities: m.run.settings.Policy.AllSeverities()}
}

// resize makes room for the findings of a block.
func (d *foundDescriber) resize(count int) {
	if missing := count - len(d.found); missing > 0 {
		d.found = append(d.found, make([]found, missing)...)
		d.findings = append(d.findings, make([]report.Finding, missing)...)
		d.numbers = append(d.numbers, make([]identity.Number, missing)...)
		d.days = append(d.days, make([]calendar.Day, missing)...)
		d.evidence = append(d.evidence, make([]rules.Evidence, missing)...)
	}
}

// describe makes the findings of a block and gives them to the packer.
func (d *foundDescriber) describe(block *foundBlock) error {
	run, n, rest := d.merge.run, block.count, block.bytes
	d.resize(n)
	for i := range n {
		f, finding := &d.found[i], &d.findings[i]
		rest = f.next(rest)
		if _, err := finding.Unpack(f.packed); err != nil {
			return err
		}
		d.numbers[i], d.days[i] = finding.Number, finding.PaymentDate
	}
	d.witness.EvidenceAll(d.evidence[:n], d.numbers[:n], d.days[:n])
	d.packer.Begin(len(run.parts), block.first)
	for i := range n {
		f, finding := &d.found[i], &d.findings[i]
		finding.Row = run.firsts[f.piece] + int64(f.row) + 1
		finding.Severity, finding.OtherNumber = d.severities[f.rule], f.other
		describeEvidence(finding, &d.evidence[i])
		describeRule(finding, f.rule, &d.evidence[i])
		if err := d.packer.Add(finding); err != nil {
			return err
		}
	}
	chunks, err := d.packer.Take()
	if err != nil {
		return err
	}
	d.merge.mutex.Lock()
	defer d.merge.mutex.Unlock()
	d.merge.chunks[block.first] = chunks
	d.moveFlagged(n)
	return nil
}

// moveFlagged moves the records of the first findings that no rule about them alone has
// flagged from clean to flagged.
func (d *foundDescriber) moveFlagged(count int) {
	moved := noRecord
	for i := range count {
		f, finding := &d.found[i], &d.findings[i]
		if at := (foundRecord{f.piece, f.row}); !f.flagged && d.severities[f.rule] >= rules.Warning && at != moved {
			moved = at
			terms := &d.merge.run.files[finding.File].ledger
			terms.Clean.Add(-1, 0)
			terms.Clean.SubtractAmount(finding.Amount, finding.Currency)
			terms.Flagged.Add(1, 0)
			terms.Flagged.AddAmount(finding.Amount, finding.Currency)
		}
	}
}
