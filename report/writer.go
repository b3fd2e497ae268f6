package report

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
	"golang.org/x/sync/errgroup"
)

// The files of a report.
const (
	findingsName = "findings"
	rejectsName  = "rejects"

	SummaryFile  = "summary.json"
	RunFile      = "run.json"
	PageFile     = "report.html"
	ManifestFile = "manifest.json"
	MetricsFile  = "metrics.prom"
)

// File is one file that was read: its source and its path as it is reported.
type File struct {
	Source, Path string
}

// Run is what a report needs to know of the run before the findings come.
type Run struct {
	Version      string // of the program
	Files        []File // in the order of the report; no two are the same
	Catalogue    []*rules.Rule
	Severities   []rules.Severity // as the policy has them, as long as Catalogue
	Idle         []bool           // rules that the policy gives nothing to look for, as long as Catalogue
	Dictionaries *pipeline.Dictionaries
	// Parquet, CSV and Arrow are the formats of the tables, at least one; HTML is
	// for the page.
	Parquet, CSV, Arrow, HTML bool
	// Language is that of the page, one of rules.Languages; empty for the first.
	// Figures from 1 to below SuppressBelow do not stand on the page.
	Language      string
	SuppressBelow int64
	// Dialect is how CSV is written; "" for Standard.
	Dialect Dialect
	// SplitAgency has the tables written once more, a folder for each agency.
	SplitAgency bool
	// Agencies are those of files that are all one agency's, by place of the file:
	// there the rejected rows are known to be the agency's, too.
	Agencies map[int]string
	// Masked hides all of a number but its year.
	Masked bool
	// Key is that of finding ids; see Key.
	Key []byte
	// Follow says that findings are compared with earlier reports: see Identify and
	// Mark. AsOf is then the day on which they are seen.
	Follow bool
	AsOf   calendar.Day
	// Decide sets what was decided of a finding, whose ID it looks at; nil for no
	// decisions. It is called by several goroutines.
	Decide func(f *Finding)
	// Workers is how many goroutines may encode; at most 4 do.
	Workers int
}

// encoders is how many goroutines encode or count at a time.
func (r *Run) encoders() int { return max(1, min(r.Workers, maxEncoders)) }

// Writer writes one report into a draft. Its methods are called once each, by
// one goroutine: Findings and Rejects in any order, then Finish or FinishFailed.
//
// Its memory does not depend on the number of findings, nor on how long their texts
// are, but for the index that Parquet keeps of every row group, some tens of KB: 3
// MiB for each packer, up to about 60 MB for each of at most four encoders, and 80
// MB where long texts are written in three formats, and up to 32 MiB for each to
// find repeated ids, with 12 KiB more for every million findings, and 48 KiB for
// every million that repeat the id of another.
type Writer struct {
	draft   *storage.Draft        // nil for a stream
	written map[string]*tableFile // the tables of the draft, by name
	kept    map[string]*disk.File // the tables of a stream, by name; they have no path
	spill   *storage.Spill
	run     Run

	packers []*Packer

	findings, rejected int64 // rows written
	across             int64 // place of the first finding across records
	counts             *counts
	reasons            reasonCounts
	repeated           int64
	style              csvStyle
	shares             *shares                 // nil where nothing is split
	occurrences        iter.Seq2[entry, error] // of findings that need one; nil before they were looked for
	marked             [idBuckets]bool         // buckets of the ids of such findings
	marks              *storage.Sorter[entry]  // nil for none
	followed           *followedTables         // what History and Gone have written; nil without

	// Limits of memory, smaller in tests.
	repeatLimit  int // ids
	collectedIDs int
	rowGroupRows int
	rowGroupText int // bytes
}

// NewWriter is a writer of a run's report. The spill must outlive Findings.
func NewWriter(draft *storage.Draft, spill *storage.Spill, run Run) (*Writer, error) {
	if _, err := newNameTable(run.Files); err != nil {
		return nil, err
	}
	if !run.Parquet && !run.CSV && !run.Arrow {
		return nil, errors.New("cannot write a report without a format for its tables")
	}
	if len(run.Key) != keyBytes {
		return nil, fmt.Errorf("cannot make finding ids without a key of %d bytes", keyBytes)
	}
	if run.Follow && (draft == nil || !run.Parquet) {
		return nil, errors.New("cannot follow findings without a report in Parquet, where the next run finds them")
	}
	if len(run.Severities) != len(run.Catalogue) || len(run.Idle) != len(run.Catalogue) {
		panic("BUG: a report needs to know of each rule how the policy has it")
	}
	style, err := run.Dialect.style()
	if err != nil {
		return nil, fmt.Errorf("cannot write a report: %w", err)
	}
	w := &Writer{draft: draft, written: map[string]*tableFile{}, spill: spill, run: run, style: style, counts: newCounts(&run), repeatLimit: sorterEntries, collectedIDs: collectedIDs, rowGroupRows: rowGroupRows, rowGroupText: rowGroupText}
	if run.SplitAgency {
		w.shares = newShares(spill)
	}
	if run.Follow {
		w.followed = &followedTables{}
	}
	return w, nil
}

func (w *Writer) output() *output {
	return &output{
		create: w.createTable, parquet: w.run.Parquet, csv: w.run.CSV, arrow: w.run.Arrow, style: w.style, isStream: w.draft == nil, version: w.run.Version,
		encoders: w.run.encoders(), rowGroupRows: w.rowGroupRows, rowGroupText: w.rowGroupText, texts: newTexts(&w.run),
	}
}

// Findings writes what the packers have taken: the parts of the run in their
// order, which are the findings about single records, and then those across
// records, whose part is the last, and perhaps empty. The errors
// are those of the temporary file and of writing.
func (w *Writer) Findings(ctx context.Context, parts []Part) error {
	out := w.output()
	if err := w.findRepeats(ctx); err != nil {
		return err
	}
	w.packers = nil
	for i := range len(parts) - 1 {
		for _, chunk := range parts[i].Chunks {
			w.across += int64(chunk.Findings)
		}
	}

	occurrences, stop := readEntries(w.occurrences)
	defer stop()
	var sorted iter.Seq2[entry, error]
	if w.marks != nil {
		sorted = w.marks.Sorted()
	}
	marks, stop := readEntries(sorted)
	defer stop()
	reader := &partReader{parts: parts, texts: out.texts, reader: segmentReader{spill: w.spill}}
	identifiers := make([]*identifier, out.encoders)
	observers := make([]*counts, out.encoders)
	for i := range observers {
		identifiers[i], observers[i] = newIdentifier(&w.run), newCounts(&w.run)
	}
	table := &table[Finding]{
		name: findingsName, columns: findingColumns(&w.run),
		take: func(e *encoder[Finding], limit int) error {
			e.reader.spill = w.spill
			var err error
			if e.segments, e.rows, err = reader.take(e.segments, limit, out.rowGroupText); err != nil {
				return err
			}
			if e.repeated, err = occurrences.take(e.repeated[:0], reader.next()); err != nil {
				return err
			}
			e.marks, err = marks.take(e.marks[:0], reader.next())
			return err
		},
		each: func(e *encoder[Finding], use func([]Finding) error) error {
			identifier, seen, repeated, marks := identifiers[e.number], observers[e.number], e.repeated, e.marks
			for i := range e.segments {
				err := e.reader.each(&e.segments[i], e.chunk, func(findings []Finding, place uint64) error {
					for ; len(repeated) > 0 && repeated[0].first < place+uint64(len(findings)); repeated = repeated[1:] {
						f := &findings[repeated[0].first-place]
						f.ID = identifier.repeat(f.ID, repeated[0].second)
					}
					if w.run.Follow {
						marks = applyMarks(marks, findings, place, w.run.AsOf)
					}
					if w.run.Decide != nil {
						for i := range findings {
							w.run.Decide(&findings[i])
						}
					}
					for i := range findings {
						seen.add(&findings[i])
					}
					if w.shares != nil {
						e.keep(findings)
					}
					return use(findings)
				})
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	if w.shares != nil {
		table.written = func(e *encoder[Finding]) error { return w.shares.takeFindings(e, out.texts.agency) }
	}
	var err error
	w.findings, err = table.write(ctx, out)
	for _, seen := range observers {
		w.counts.merge(seen)
	}
	return err
}

// RepeatedIDs is how many of the findings have the id of an earlier one, once they have
// been written.
func (w *Writer) RepeatedIDs() int64 { return w.repeated }

// findRepeats looks for the ids that come again, once.
func (w *Writer) findRepeats(ctx context.Context) error {
	if w.occurrences != nil {
		return nil
	}
	repeats := &repeats{spill: w.spill, limit: w.repeatLimit}
	for _, p := range w.packers {
		repeats.collectors = append(repeats.collectors, p.ids)
	}
	var err error
	w.repeated, w.occurrences, err = repeats.find(ctx, w.run.encoders())
	w.marked = repeats.marked
	return err
}

// Rejects writes the rejected rows in the order of files and rows. The sequence
// is ranged over once. The errors are those of the sequence, as they are, and of
// writing.
func (w *Writer) Rejects(ctx context.Context, rejects iter.Seq2[*Reject, error]) error {
	out := w.output()
	observers := make([]reasonCounts, out.encoders)
	var err error
	w.rejected, err = w.writeRejects(ctx, out, rejects, w.shares, observers)
	for i := range observers {
		for reason, rows := range observers[i] {
			w.reasons[reason] += rows
		}
	}
	return err
}

// writeRejects writes a table of rejects. shares are given them, too, unless it is
// nil; observers, one for each encoder, count the reasons.
func (w *Writer) writeRejects(ctx context.Context, out *output, rejects iter.Seq2[*Reject, error], shares *shares, observers []reasonCounts) (int64, error) {
	next, stop := iter.Pull2(rejects)
	defer stop()
	table := &table[Reject]{
		name: rejectsName, columns: rejectColumns(w.run.Masked),
		take: func(e *encoder[Reject], limit int) error {
			e.packed, e.rows = e.packed[:0], 0
			for text := 0; e.rows < limit && text < out.rowGroupText; e.rows++ {
				reject, err, more := next()
				if err != nil {
					return err
				}
				if !more {
					break
				}
				e.packed = reject.AppendPacked(e.packed)
				text += out.texts.ofReject(reject)
				if shares != nil {
					if err := shares.takeReject(reject, w.run.Agencies); err != nil {
						return err
					}
				}
			}
			return nil
		},
		each: func(e *encoder[Reject], use func([]Reject) error) (err error) {
			rest, seen := e.packed, &observers[e.number]
			for from := 0; from < e.rows; from += len(e.chunk) {
				chunk := e.chunk[:min(len(e.chunk), e.rows-from)]
				for i := range chunk {
					if rest, err = chunk[i].Unpack(rest); err != nil {
						return err
					}
					seen[chunk[i].Reason]++
				}
				if err := use(chunk); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return table.write(ctx, out)
}

// Closing is what a report needs to know of the run once it has ended.
type Closing struct {
	Terms    []Terms // as long as the run's files
	Notices  []Notice
	Register RegisterOverview

	// For the manifest. Configuration and Policy are values that encoding/json
	// writes the same each time; they must not tell the number of workers.
	Configuration, Policy any
	PolicySettings        any // the same with the keys of a policy's file, for the page
	AsOf                  calendar.Day
	RegisterFiles         []Input
	Inputs                []Input        // as long as the run's files
	Baseline              *BaselineInput // nil without, and on the first night
	Decisions             *Input         // nil without

	// For run.json and the metrics alone.
	Started time.Time
	Elapsed time.Duration
	Stages  []Stage
	// PeakMemory is the largest resident memory of the process so far, in bytes;
	// 0 where the system does not tell.
	PeakMemory int64
	Workers    int
}

// Published is a report that is ready to be published.
type Published struct {
	Run     string // its name
	Summary *Summary
	Metrics []byte // the contents of metrics.prom
}

// Finish reads the tables back, counts them again, compares everything that was
// counted, and writes the documents. The draft can then be published under the
// name that it returns. The error wraps ErrUnbalanced where rows or öre are
// missing, and names every file and term.
func (w *Writer) Finish(ctx context.Context, closing *Closing) (*Published, error) {
	names := append(w.tableFiles(findingsName), w.tableFiles(rejectsName)...)
	if w.followed != nil {
		names = append(names, w.followedFiles()...)
	}
	persisted := w.persist(names)
	summary, tables, followed, err := w.settle(ctx, closing)
	if err := cmp.Or(err, persisted()); err != nil {
		return nil, err
	}
	var outputs []Output
	for _, name := range names {
		outputs = append(outputs, w.outputOfTable(name))
	}
	for i := range tables {
		outputs[i].Rows = &tables[i].Rows
	}
	for i := range followed {
		outputs[len(tables)+i].Rows = &followed[i]
	}
	if w.shares != nil {
		shared, err := w.writeShares(ctx, tables)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, shared...)
	}
	contents, err := encode(summary)
	if err != nil {
		return nil, err
	}
	if err := w.draft.WriteFile(SummaryFile, contents, storage.PublicMode); err != nil {
		return nil, err
	}

	manifest := newManifest(&w.run, closing)
	if w.run.HTML {
		page, err := renderPage(&w.run, manifest, summary)
		if err != nil {
			return nil, err
		}
		if err := w.draft.WriteFile(PageFile, page, storage.PublicMode); err != nil {
			return nil, err
		}
	}
	documents := []string{SummaryFile}
	if w.run.HTML {
		documents = append(documents, PageFile)
	}
	for _, name := range documents {
		output, err := w.outputOf(ctx, name)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, output)
	}
	manifest.Outputs = outputs
	if contents, err = encode(manifest); err != nil {
		return nil, err
	}
	if err := w.draft.WriteFile(ManifestFile, contents, storage.PublicMode); err != nil {
		return nil, err
	}
	published := &Published{
		Run:     runName(closing.Started, sha256.Sum256(contents)),
		Summary: summary,
		Metrics: metricsOf(summary, closing),
	}
	if contents, err = encode(newRunRecord(published.Run, closing)); err != nil {
		return nil, err
	}
	if err := w.draft.WriteFile(RunFile, contents, storage.PublicMode); err != nil {
		return nil, err
	}
	return published, w.draft.WriteFile(MetricsFile, published.Metrics, storage.PublicMode)
}

// settle makes the summary, reads the tables back, counts them again, and
// compares everything that was counted. It gives what was read back of each
// table, and the rows of those of History and Gone.
func (w *Writer) settle(ctx context.Context, closing *Closing) (summary *Summary, tables []Recount, followed []int64, err error) {
	if len(closing.Terms) != len(w.run.Files) || len(closing.Inputs) != len(w.run.Files) {
		panic("BUG: a report needs terms and inputs for each file")
	}
	texts := newTexts(&w.run)
	summary = &Summary{
		SchemaVersion: SchemaVersion,
		RepeatedIDs:   w.repeated,
		Rejected:      w.reasons.list(),
		Notices:       append([]Notice{}, closing.Notices...),
		Register:      closing.Register,
		Ledger:        newLedger(w.run.Files, closing.Terms, texts.currency),
	}
	summary.Records = summary.Ledger.Total
	w.counts.fill(summary, &w.run, texts, closing.Baseline, w.followed)

	if tables, err = w.readBack(ctx); err != nil {
		return nil, nil, nil, err
	}
	if err := summary.Ledger.Check(tables); err != nil {
		return nil, nil, nil, err
	}
	if w.followed != nil {
		followed, err = w.readBackFollowed(ctx)
	}
	return summary, tables, followed, err
}

// FinishFailed is for a run that an input ended, after Rejects: it leaves only the
// rejects in the draft, which can then be kept under the name that it returns
// (storage.Draft.KeepFailed).
func (w *Writer) FinishFailed(started time.Time) (run string, err error) {
	var digest [sha256.Size]byte
	rejects := w.tableFiles(rejectsName)
	for _, name := range rejects {
		w.written[name].digest.Sum(digest[:0])
	}
	for name := range w.written {
		if slices.Contains(rejects, name) {
			continue
		}
		if err := w.draft.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return runName(started, digest), nil
}

// tableFiles are the names of a table's files.
func (w *Writer) tableFiles(name string) []string {
	var files []string
	if w.run.Parquet {
		files = append(files, name+".parquet")
	}
	if w.run.CSV {
		files = append(files, name+".csv")
	}
	if w.run.Arrow {
		files = append(files, name+".arrow")
	}
	return files
}

// readBack counts every table that was written, in every format.
func (w *Writer) readBack(ctx context.Context) ([]Recount, error) {
	var tables []Recount
	for _, table := range []struct {
		name    string
		written int64
	}{{findingsName, w.findings}, {rejectsName, w.rejected}} {
		for _, name := range w.tableFiles(table.name) {
			path := name
			if w.draft != nil {
				path = filepath.Join(w.draft.Path(), name)
			}
			r := &recounting{ctx: ctx, path: path, kept: w.kept[name], files: w.run.Files, across: w.across, workers: w.run.encoders()}
			count, err := r.count()
			if err != nil {
				return nil, err
			}
			if count.Rows != table.written {
				return nil, fmt.Errorf("%s: %d rows were written and %d read back: %w", name, table.written, count.Rows, ErrUnbalanced)
			}
			tables = append(tables, *count)
		}
	}
	return tables, nil
}

// persist begins to put tables on disk, while others read them. The function that it
// returns waits for that.
func (w *Writer) persist(names []string) func() error {
	var group errgroup.Group
	group.Go(func() error {
		return pipeline.Guard(func() error {
			for _, name := range names {
				if err := w.draft.Persist(name); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return group.Wait
}

func (w *Writer) outputOf(ctx context.Context, name string) (Output, error) {
	size, digest, err := digestFile(ctx, filepath.Join(w.draft.Path(), name))
	return Output{Name: name, Size: size, SHA256: hex.EncodeToString(digest[:])}, err
}

// digestFile is the size and the SHA-256 of a file as it lies on disk.
func digestFile(ctx context.Context, path string) (size int64, digest [sha256.Size]byte, err error) {
	file, err := disk.Open(path)
	if err != nil {
		return 0, digest, fmt.Errorf("cannot digest a file: %w", err)
	}
	defer file.Close() // it was only read
	hash := sha256.New()
	for {
		if err := context.Cause(ctx); err != nil {
			return 0, digest, err
		}
		n, err := io.CopyN(hash, file, 64<<20)
		size += n
		if errors.Is(err, io.EOF) {
			return size, [sha256.Size]byte(hash.Sum(nil)), nil
		}
		if err != nil {
			return 0, digest, fmt.Errorf("cannot digest %s: %w", path, err)
		}
	}
}

// runNameTime is how a run's name begins: names sort by time.
const runNameTime = "20060102T150405.000Z"

func runName(started time.Time, digest [sha256.Size]byte) string {
	return started.UTC().Format(runNameTime) + "-" + hex.EncodeToString(digest[:4])
}

// encode is a document as indented JSON, with escapes for all that a terminal would
// obey. The keys of maps are sorted.
func encode(document any) ([]byte, error) {
	contents, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("cannot write a document as JSON: %w", err)
	}
	return []byte(Inert(string(contents)) + "\n"), nil
}
