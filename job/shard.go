package job

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// Step is what a process has for a step, and none of which changes what comes of it.
type Step struct {
	Workers  int              // of Commit, 1 to MaxWorkers
	Progress func(Progress)   // nil for not at all
	Now      func() time.Time // the clock, for timings
	// MetricsFile is where Commit writes the metrics, too; "" for where the plan says.
	MetricsFile string
}

// run is a run under way of a step of the plan.
func (p *Plan) run(step *Step) *run {
	settings := p.settings
	settings.Workers, settings.Progress, settings.Now = max(1, step.Workers), step.Progress, step.Now
	if step.MetricsFile != "" {
		settings.Output.MetricsFile = step.MetricsFile
	}
	r := &run{settings: &settings, started: p.Started, dictionaries: pipeline.NewDictionaries(), acrossRules: acrossRules(&settings.Policy)}
	r.seeds = newSeeds()
	r.seeds[0] = p.seed
	return r
}

// useRegister has the run use the register that was planned.
func (r *run) useRegister(p *Plan, snapshot *register.Snapshot) error {
	sum, err := hex.DecodeString(p.Register.SHA256)
	if err != nil || len(sum) != 32 {
		return inputFailure(errors.New("the plan has no digest of the register"))
	}
	r.register = snapshot
	r.registerFrom = []Input{{Path: p.Register.Path, Size: p.Register.Size, SHA256: [32]byte(sum), HasSHA256: p.settings.Digest || p.Register.Verified != "", Verified: p.Register.Verified}}
	return inputFailure(r.settleExtractDate())
}

// Process reads and checks the records of a chunk, by its number from 0, and makes
// its part; one that is there already is not made again. Where it is made openRegister
// is called for the snapshot of Plan.OpenRegister, which calls may share. Memory is that
// of one worker. Its errors hold nothing of a record.
func Process(ctx context.Context, plan *Plan, openRegister func() (*register.Snapshot, error), number int, step Step) (part Part, err error) {
	err = pipeline.Guard(func() error {
		if number < 0 || number >= len(plan.Chunks) {
			return usageFailure("there is no chunk %d: the plan has %d", number, len(plan.Chunks))
		}
		if part, err = plan.finished(ChunkPart, number); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		snapshot, err := openRegister()
		if err != nil {
			return err
		}
		part, err = process(ctx, plan, snapshot, number, &step)
		return err
	})
	return part, err
}

func process(ctx context.Context, plan *Plan, snapshot *register.Snapshot, number int, step *Step) (Part, error) {
	r := plan.run(step)
	if err := r.useRegister(plan, snapshot); err != nil {
		return Part{}, err
	}
	var err error
	if r.spill, err = storage.NewSpill(); err != nil {
		return Part{}, outputFailure(err)
	}
	defer r.spill.Close()
	chunk := plan.Chunks[number]
	file := &plan.Files[chunk.File]
	options := r.readerOptions()
	options.Workers = 1
	r.records, err = readers.OpenChunk(plan.source(file), file.Input.Path, file.Stamp, chunk, options)
	if err != nil {
		return Part{}, inputFailure(err)
	}
	defer r.records.Close()
	keys, err := r.seek(plan)
	if err != nil {
		return Part{}, err
	}
	w := newWorker(r, report.NewPlainPacker(r.spill))
	w.keys = keys
	p := part{file: chunk.File, path: file.Input.Path}
	// One worker, so that pieces come in their order, and the part is the same
	// whoever makes it.
	err = pipeline.Run(ctx, 1, r.records.Cut,
		func(ctx context.Context, _ int, _ uint32, piece pipeline.Piece) (struct{}, error) {
			return struct{}{}, w.readPiece(ctx, uint32(number), piece, &p)
		}, func(struct{}) error { return nil })
	if err == nil {
		err = chunk.RowsProblem(file.Input.Path, p.rows)
	}
	if err != nil {
		return Part{}, inputFailure(err)
	}
	if err := checkExtent(r.records.Files()[0], p.extent); err != nil {
		return Part{}, failure(ExitLedger, err)
	}
	if err := w.take(&p); err != nil {
		return Part{}, err
	}
	return plan.makePart(ChunkPart, number, func(to *partWriter) error { return w.writePart(to, &p) })
}

// source is the source of a file with nothing but that file.
func (p *Plan) source(file *plannedFile) *readers.Source {
	source := p.settings.Sources[file.Source]
	source.Files = []string{file.Input.Path}
	return &source
}

// writePart writes what has come of a chunk.
func (w *worker) writePart(to *partWriter, p *part) (err error) {
	r := w.run
	d := &to.directory
	d.Texts = r.dictionaries.Texts()
	d.Rows, d.Rejected, d.Stale, d.Malformed, d.Ledger = p.rows, p.rejected, p.stale, p.malformed, p.ledger
	file := r.records.Files()[0]
	if file.HasSHA256 {
		d.SHA256 = hex.EncodeToString(file.SHA256[:])
	}
	d.Verified = file.Verified()
	d.PagesChecked, d.PagesUnchecked = file.PageChecks()

	var buffer []byte
	copyBlock := func(items int, extent storage.Extent) error {
		if buffer, err = r.spill.Read(extent, buffer); err != nil {
			return err
		}
		return to.block(items, buffer)
	}
	to.begin(section{Name: findingsSection})
	for _, chunk := range p.findings {
		if err := copyBlock(chunk.Findings, chunk.Extent); err != nil {
			return err
		}
	}
	to.end()
	to.begin(section{Name: rejectsSection})
	for _, extent := range p.rejects {
		if err := copyBlock(0, extent); err != nil {
			return err
		}
	}
	to.end()
	if w.records != nil {
		to.begin(section{Name: recordsSection})
		err := w.records.Each(func(keys []byte) error {
			if len(keys) == 0 {
				return nil
			}
			return to.block(len(keys)/len(report.RecordKey{}), keys)
		})
		if err != nil {
			return err
		}
		to.end()
	}
	for i, place := range r.acrossRules {
		frames, err := w.across[i].take()
		if err != nil {
			return err
		}
		for bucket := range acrossBuckets {
			begun := false
			for j := range frames {
				extent, count := frames[j].bucket(bucket)
				if count == 0 {
					continue
				}
				if !begun {
					to.begin(section{Name: candidatesSection, Rule: rules.All()[place].Name, Bucket: bucket})
					begun = true
				}
				if err := copyBlock(count, extent); err != nil {
					return err
				}
			}
			if begun {
				to.end()
			}
		}
	}
	return nil
}

// Reduce judges the candidates of a bucket, from 0, in the parts of all chunks by
// the rules across records, and makes the bucket's part; one that is there already
// is not made again. Its memory is that of a reducer, some 60 MB.
func Reduce(ctx context.Context, plan *Plan, chunks []Part, bucket int, step Step) (part Part, err error) {
	err = pipeline.Guard(func() error {
		if bucket < 0 || bucket >= plan.Buckets {
			return usageFailure("there is no bucket %d: the plan has %d", bucket, plan.Buckets)
		}
		ordered, err := plan.complete(ChunkPart, chunks)
		if err != nil {
			return err
		}
		if part, err = plan.finished(BucketPart, bucket); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		part, err = reduce(ctx, plan, ordered, bucket, &step)
		return err
	})
	return part, err
}

func reduce(ctx context.Context, plan *Plan, chunks []Part, bucket int, step *Step) (Part, error) {
	r := plan.run(step)
	var err error
	if r.spill, err = storage.NewSpill(); err != nil {
		return Part{}, outputFailure(err)
	}
	defer r.spill.Close()
	divided := map[uint8]*bucketWriter{}
	for _, place := range r.acrossRules {
		divided[place] = &bucketWriter{spill: r.spill, seed: r.seeds[1]}
	}
	for _, chunk := range chunks {
		if err := context.Cause(ctx); err != nil {
			return Part{}, err
		}
		o, err := plan.open(chunk)
		if err != nil {
			return Part{}, err
		}
		o.keep(func(s *section) bool { return s.Name == candidatesSection && s.Bucket == bucket })
		if err := r.divide(plan, o, divided); err != nil {
			return Part{}, err
		}
	}
	var runs [][]storage.Extent
	for _, place := range r.acrossRules {
		frames, err := divided[place].take()
		if err != nil {
			return Part{}, outputFailure(err)
		}
		reducer := newReducer(r.spill, r.seeds, place, acrossBucketCandidates)
		for again := range acrossBuckets {
			if err := reducer.reduceBucket(ctx, [][]frame{frames}, again, 1); err != nil {
				return Part{}, outputFailure(err)
			}
		}
		runs = append(runs, reducer.runs...)
	}
	return plan.makePart(BucketPart, bucket, func(to *partWriter) error {
		to.directory.Of, to.directory.Texts = digestOfParts(chunks), r.dictionaries.Texts()
		to.begin(section{Name: foundSection})
		var block []byte
		items := 0
		flush := func() error {
			if items == 0 {
				return nil
			}
			err := to.block(items, block)
			block, items = block[:0], 0
			return err
		}
		err := merge(r.spill, runs, func(f *found) error {
			block = f.append(block)
			items++
			if len(block) < runChunkBytes {
				return nil
			}
			return flush()
		})
		if err == nil {
			err = flush()
		}
		to.end()
		return err
	})
}

// divide puts the candidates of a part into the buckets of the next depth, with the
// numbers of the run's dictionaries.
func (r *run) divide(plan *Plan, o *openPart, divided map[uint8]*bucketWriter) error {
	numbers, err := r.dictionaries.Adopt(&o.Texts)
	if err != nil {
		return inputFailure(err)
	}
	var c candidate
	var packed []byte
	for i := range o.Sections {
		s := &o.Sections[i]
		place, ok := plan.catalog[s.Rule]
		if !ok {
			return o.damaged()
		}
		across := rules.All()[place].Across
		err := o.each(s, func(_ int, block []byte) error {
			for len(block) > 0 {
				block = c.next(block)
				across.Renumber(&c.key, numbers)
				if packed, err = report.RenumberPacked(packed[:0], c.packed, numbers); err != nil {
					return o.damaged()
				}
				c.packed = packed
				if err := divided[place].add(&c); err != nil {
					return outputFailure(err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// digestOfParts tells whether two steps have had the same parts.
func digestOfParts(parts []Part) string {
	var text strings.Builder
	for _, part := range parts {
		text.WriteString(part.SHA256)
	}
	return digestOf([]byte(text.String()))
}

// Commit puts the parts of all chunks and buckets together, and publishes the report
// that Run would have, or nothing. A report of the plan that has been published is
// told again, and stays as it is.
func Commit(ctx context.Context, plan *Plan, chunks, buckets []Part, step Step) (result *Result, err error) {
	err = pipeline.Guard(func() error {
		if chunks, err = plan.complete(ChunkPart, chunks); err != nil {
			return err
		}
		if buckets, err = plan.complete(BucketPart, buckets); err != nil {
			return err
		}
		r := plan.run(&step)
		if err := r.readKeptDecisions(ctx, plan); err != nil {
			return err
		}
		result, err = r.inFolder(ctx, func(folder *storage.Folder, draft *storage.Draft) (*Result, error) {
			return r.commit(ctx, plan, chunks, buckets, folder, draft)
		})
		return err
	})
	return result, err
}

func (r *run) commit(ctx context.Context, plan *Plan, chunks, buckets []Part, folder *storage.Folder, draft *storage.Draft) (*Result, error) {
	r.stage("register")
	snapshot, err := plan.OpenRegister()
	if err != nil {
		return nil, err
	}
	if err := r.useRegister(plan, snapshot); err != nil {
		return nil, err
	}
	for _, file := range plan.Files {
		r.planned = append(r.planned, file.planned)
	}
	r.files = make([]fileTotals, len(plan.Files))
	writer, err := r.newWriter(folder, draft)
	if err != nil {
		return nil, err
	}
	if err := r.openKeptBaseline(ctx, plan); err != nil {
		return nil, err
	}
	r.stage("parts")
	if err := r.takeParts(ctx, plan, chunks, writer); err != nil {
		return nil, err
	}
	if err := r.takeFound(ctx, plan, buckets, digestOfParts(chunks)); err != nil {
		return nil, err
	}
	return r.publish(ctx, folder, writer, draft)
}

// takeParts takes over the parts of all chunks, as if the run had read the records.
func (r *run) takeParts(ctx context.Context, plan *Plan, chunks []Part, writer *report.Writer) error {
	opened := make([]*openPart, len(chunks))
	numbers := make([]*pipeline.Renumbering, len(chunks))
	for i, chunk := range chunks {
		var err error
		if opened[i], err = plan.open(chunk); err != nil {
			return err
		}
		if numbers[i], err = r.dictionaries.Adopt(&opened[i].Texts); err != nil {
			return inputFailure(err)
		}
		opened[i].keep(func(s *section) bool { return s.Name != candidatesSection })
		opened[i].Texts = pipeline.Texts{}
	}
	parts := make([]part, len(chunks))
	errs := make([]error, len(chunks))
	var group errgroup.Group
	var next atomic.Int64
	for range r.settings.Workers {
		packer, rejects, records := writer.NewPacker(), &chunkWriter{spill: r.spill, limit: chunkBytes}, r.newReadRecords()
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(len(chunks)); i = next.Add(1) - 1 {
				errs[i] = pipeline.Guard(func() (err error) {
					if err := context.Cause(ctx); err != nil {
						return err
					}
					parts[i], err = takePart(opened[i], int(i), numbers[i], packer, rejects, records)
					return err
				})
				if errs[i] != nil {
					return errs[i]
				}
			}
			return nil
		})
	}
	failed := group.Wait()
	for _, err := range errs {
		if err != nil {
			return err // the first of the parts, not of the time
		}
	}
	if failed != nil {
		return failed
	}
	for i := range parts {
		if err := r.takeTotals(plan, opened[i], &parts[i]); err != nil {
			return err
		}
	}
	return nil
}

// takePart copies what has been found in a chunk, with the run's numbers.
func takePart(o *openPart, number int, numbers *pipeline.Renumbering, packer *report.Packer, rejects *chunkWriter, records *casework.ReadRecords) (p part, err error) {
	p.rows, p.rejected, p.stale, p.malformed, p.ledger = o.Rows, o.Rejected, o.Stale, o.Malformed, o.Ledger
	for _, tally := range []*pipeline.Tally{&p.ledger.Read, &p.ledger.Rejected, &p.ledger.Clean, &p.ledger.Flagged} {
		if len(tally.Amounts) > len(numbers.Currency) || len(tally.WithAmount) != len(tally.Amounts) {
			return p, o.damaged()
		}
		tally.Renumber(numbers.Currency)
	}
	packer.Begin(number, 0)
	var reject report.Reject
	for i := range o.Sections {
		s := &o.Sections[i]
		err := o.each(s, func(items int, block []byte) error {
			switch s.Name {
			case findingsSection:
				return outputFailure(packer.AddPacked(block, items, numbers))
			case recordsSection:
				return noteRead(records, o, block)
			}
			for len(block) > 0 {
				if block, err = reject.Unpack(block); err != nil || int(reject.Currency) >= len(numbers.Currency) {
					return o.damaged()
				}
				reject.Currency = numbers.Currency[reject.Currency]
				if err := rejects.put(reject.AppendPacked(rejects.buffer)); err != nil {
					return outputFailure(err)
				}
			}
			return nil
		})
		if err != nil {
			return p, err
		}
	}
	if p.findings, err = packer.Take(); err == nil {
		p.rejects, err = rejects.take()
	}
	return p, outputFailure(err)
}

// takeTotals adds a part to its file.
func (r *run) takeTotals(plan *Plan, o *openPart, p *part) error {
	chunk := &plan.Chunks[o.Number]
	p.file = chunk.File
	path := plan.Files[p.file].Input.Path
	if first := r.files[p.file].rows + 1; first != chunk.FirstRow {
		return inputFailure(fmt.Errorf("cannot put %s together: chunk %d begins with row %d, and the parts before it have %d rows", path, o.Number, chunk.FirstRow, first-1))
	}
	if err := chunk.RowsProblem(path, p.rows); err != nil {
		return inputFailure(err)
	}
	input := &r.planned[p.file].Input
	switch {
	case o.SHA256 == "":
	case chunk.IsWhole(input.Size):
		input.SHA256 = o.SHA256
	default:
		input.Chunks = append(input.Chunks, report.InputChunk{Offset: chunk.Offset, Length: chunk.Length, SHA256: o.SHA256})
	}
	// Of pages with checksums and others, one without is enough.
	switch {
	case input.Verified == "sha256":
	case o.Verified == "sha256":
		input.Verified = o.Verified
	case o.PagesUnchecked > 0:
		r.files[p.file].unchecked = true
		input.Verified = ""
	case o.PagesChecked > 0 && !r.files[p.file].unchecked:
		input.Verified = "page_crc"
	}
	return r.collect(*p)
}

// takeFound takes over what the rules across records have found, a run for each
// bucket.
func (r *run) takeFound(ctx context.Context, plan *Plan, buckets []Part, of string) error {
	var f found
	var packed []byte
	for _, bucket := range buckets {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		o, err := plan.open(bucket)
		if err != nil {
			return err
		}
		if o.Of != of {
			return inputFailure(fmt.Errorf("cannot use the part %s: it was made of other parts of the chunks: remove it and repeat avstam shard reduce", o.path))
		}
		numbers, err := r.dictionaries.Adopt(&o.Texts)
		if err != nil {
			return inputFailure(err)
		}
		writer := chunkWriter{spill: r.spill, limit: runChunkBytes}
		for i := range o.Sections {
			err := o.each(&o.Sections[i], func(_ int, block []byte) error {
				for len(block) > 0 {
					block = f.next(block)
					if packed, err = report.RenumberPacked(packed[:0], f.packed, numbers); err != nil || int64(f.piece) >= int64(len(r.parts)) {
						return o.damaged()
					}
					f.packed = packed
					if err := writer.put(f.append(writer.buffer)); err != nil {
						return outputFailure(err)
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		written, err := writer.take()
		if err != nil {
			return outputFailure(err)
		}
		if len(written) > 0 {
			r.found = append(r.found, written)
		}
	}
	return nil
}
