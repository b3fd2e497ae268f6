package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/avstam/avstam/storage"
	"golang.org/x/text/unicode/norm"
)

// MaxShares is how many agencies a report can be split into, beside those records
// that have none: 16 KiB of each are in memory.
const MaxShares = 4096

// shareBytes is how much of a share is gathered before it is written to the
// temporary file.
const shareBytes = 16 << 10

// SharesFolder is the folder of the agencies' folders, and SharesFile the list of
// them.
const (
	SharesFolder = "agencies"
	SharesFile   = SharesFolder + "/index.json"
)

// shares are the rows of each agency apart. What is added comes in the order of
// the report, and stays in it.
type shares struct {
	spill    *storage.Spill
	byName   map[string]*share
	byNumber []*share // of the run's dictionary; nil where it is not known yet
	finding  Finding
	packed   []byte
}

// share are the rows of one agency, as they lie in the temporary file.
type share struct {
	agency   string
	findings []Chunk
	records  []byte // of findings that are not there yet
	rest     []byte // of records
	// hasRejects says that there is a file that is all the agency's, so that
	// rejected rows are known to be.
	hasRejects     bool
	rejects        []storage.Extent
	packed         []byte // rejects that are not there yet
	writtenRows    int64
	writtenRejects int64
}

func newShares(spill *storage.Spill) *shares {
	return &shares{spill: spill, byName: map[string]*share{}}
}

// of is the share of an agency. Texts that a report shows alike are one agency.
func (s *shares) of(agency []byte) *share {
	found := s.byName[string(agency)]
	if found == nil {
		found = &share{agency: string(agency)}
		s.byName[found.agency] = found
	}
	return found
}

// keep appends findings to those of the encoder's row group, for takeFindings.
func (e *encoder[Row]) keep(findings []Finding) {
	for i := range findings {
		e.records, e.rest = appendRecord(e.records, e.rest, &findings[i])
	}
}

// takeFindings takes the findings that an encoder has kept. names are those of the
// dictionary.
func (s *shares) takeFindings(e *encoder[Finding], names [][]byte) error {
	if s.byNumber == nil {
		s.byNumber = make([]*share, len(names))
	}
	f := &s.finding
	for records := e.records; len(records) > 0; records = records[recordBytes:] {
		if err := f.readRecord((*[recordBytes]byte)(records), e.rest); err != nil {
			return err
		}
		to := s.byNumber[f.Agency]
		if to == nil {
			to = s.of(names[f.Agency])
			s.byNumber[f.Agency] = to
		}
		to.records, to.rest = appendRecord(to.records, to.rest, f)
		if len(to.records)+len(to.rest) >= shareBytes {
			if err := s.flush(to); err != nil {
				return err
			}
		}
	}
	e.records, e.rest = e.records[:0], e.rest[:0]
	return nil
}

// takeReject takes a rejected row, if the agency is known that its file is of; of
// the row itself nothing is. agencies are those of files.
func (s *shares) takeReject(reject *Reject, agencies map[int]string) error {
	agency, ok := agencies[reject.File]
	if !ok {
		return nil
	}
	to := s.of(valid([]byte(agency)))
	to.hasRejects = true
	to.packed = reject.AppendPacked(to.packed)
	if len(to.packed) < shareBytes {
		return nil
	}
	return s.flush(to)
}

// flush writes what is gathered of a share to the temporary file.
func (s *shares) flush(to *share) error {
	if len(to.records) > 0 {
		findings := len(to.records) / recordBytes
		s.packed = append(append(s.packed[:0], to.records...), to.rest...)
		extent, err := s.spill.Write(s.packed)
		if err != nil {
			return err
		}
		to.findings = append(to.findings, Chunk{Extent: extent, Findings: findings})
		to.records, to.rest = to.records[:0], to.rest[:0]
	}
	if len(to.packed) > 0 {
		extent, err := s.spill.Write(to.packed)
		if err != nil {
			return err
		}
		to.rejects = append(to.rejects, extent)
		to.packed = to.packed[:0]
	}
	return nil
}

// sharesIndex is agencies/index.json.
type sharesIndex struct {
	SchemaVersion int          `json:"schema_version"`
	Agencies      []shareEntry `json:"agencies"` // by name
}

// shareEntry is an agency with its folder. Rejects is left out where no file is
// known to be all the agency's.
type shareEntry struct {
	Agency   string `json:"agency"`
	Folder   string `json:"folder"`
	Findings int64  `json:"findings"`
	Rejects  *int64 `json:"rejects,omitempty"`
}

// writeShares writes each agency's tables and the list of them, reads the tables
// back, and compares them with those of the whole report.
func (w *Writer) writeShares(ctx context.Context, whole []Recount) ([]Output, error) {
	if err := w.draft.MakeFolder(SharesFolder); err != nil {
		return nil, err
	}
	index := sharesIndex{SchemaVersion: SchemaVersion, Agencies: []shareEntry{}}
	var outputs []Output
	out := w.output()
	ledger := newSharesLedger(len(w.run.Files))
	all := slices.SortedFunc(maps.Values(w.shares.byName), func(a, b *share) int { return strings.Compare(a.agency, b.agency) })
	for _, share := range all {
		if err := w.shares.flush(share); err != nil {
			return nil, err
		}
		share.records, share.rest, share.packed = nil, nil, nil
		entry := shareEntry{Agency: share.agency, Folder: shareFolder(share.agency)}
		written, err := w.writeShare(ctx, *out, share, SharesFolder+"/"+entry.Folder, ledger)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, written...)
		entry.Findings = share.writtenRows
		if share.hasRejects {
			entry.Rejects = &share.writtenRejects
		}
		index.Agencies = append(index.Agencies, entry)
		share.findings, share.rejects = nil, nil
	}
	if err := ledger.check(whole); err != nil {
		return nil, err
	}
	contents, err := encode(index)
	if err != nil {
		return nil, err
	}
	if err := w.draft.WriteFile(SharesFile, contents, storage.PublicMode); err != nil {
		return nil, err
	}
	output, err := w.outputOf(ctx, SharesFile)
	return append(outputs, output), err
}

// writeShare writes the tables of an agency and counts them.
func (w *Writer) writeShare(ctx context.Context, out output, of *share, folder string, ledger *sharesLedger) ([]Output, error) {
	if err := w.draft.MakeFolder(folder); err != nil {
		return nil, err
	}
	out.create = func(name string) (*tableFile, error) { return w.createTable(folder + "/" + name) }
	if len(of.findings) == 1 {
		out.encoders = 1 // no other would have anything to do
	}
	reader := &partReader{parts: []Part{{Chunks: of.findings}}, texts: out.texts, reader: segmentReader{spill: w.spill}}
	findings := &table[Finding]{
		name: findingsName, columns: findingColumns(&w.run),
		take: func(e *encoder[Finding], limit int) (err error) {
			e.reader.spill = w.spill
			e.segments, e.rows, err = reader.take(e.segments, limit, out.rowGroupText)
			return err
		},
		each: func(e *encoder[Finding], use func([]Finding) error) error {
			for i := range e.segments {
				err := e.reader.each(&e.segments[i], e.chunk, func(findings []Finding, _ uint64) error { return use(findings) })
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	var err error
	if of.writtenRows, err = findings.write(ctx, &out); err != nil {
		return nil, err
	}
	tables := []string{findingsName}
	if of.hasRejects {
		tables = append(tables, rejectsName)
		if of.writtenRejects, err = w.writeRejects(ctx, &out, PackedRejects(w.spill, of.rejects), nil, make([]reasonCounts, out.encoders)); err != nil {
			return nil, err
		}
	}
	var outputs []Output
	for _, name := range tables {
		for _, file := range w.tableFiles(name) {
			file = folder + "/" + file
			count, err := recountOnly(ctx, filepath.Join(w.draft.Path(), file), w.run.Files, &of.agency)
			if err != nil {
				return nil, fmt.Errorf("the share of an agency: %s: %w", folder, err)
			}
			written := of.writtenRows
			if count.Rejects {
				written = of.writtenRejects
			}
			if count.Rows != written {
				return nil, fmt.Errorf("%s: %d rows were written and %d read back: %w", file, written, count.Rows, ErrUnbalanced)
			}
			ledger.add(count)
			output := w.outputOfTable(file)
			output.Rows = &count.Rows
			outputs = append(outputs, output)
		}
	}
	return outputs, nil
}

// sharesLedger are the tables of all shares together, by name: findings.csv.
type sharesLedger struct {
	files  int
	tables map[string]*Recount
}

func newSharesLedger(files int) *sharesLedger {
	return &sharesLedger{files: files, tables: map[string]*Recount{}}
}

// add takes a table of a share.
func (l *sharesLedger) add(count *Recount) {
	sum := l.tables[count.Name]
	if sum == nil {
		sum = &Recount{Name: count.Name, Rejects: count.Rejects, Files: make([]Account, l.files)}
		l.tables[count.Name] = sum
	}
	sum.Rows += count.Rows
	for i := range count.Files {
		if count.Files[i].Rows > 0 {
			sum.Files[i] = plus(sum.Files[i], count.Files[i])
		}
	}
}

// check compares the shares with the whole, which are tables of the same names:
// all findings of each file are in one share or another, and of rejected rows
// all of a file or none. Its errors wrap ErrUnbalanced.
func (l *sharesLedger) check(whole []Recount) error {
	var errs []error
	for i := range whole {
		table := &whole[i]
		sum := l.tables[table.Name]
		if sum == nil {
			sum = &Recount{Files: make([]Account, l.files)}
		}
		if !table.Rejects && sum.Rows != table.Rows {
			errs = append(errs, fmt.Errorf("%s: %d findings, and %d in the agencies' shares: %w", table.Name, table.Rows, sum.Rows, ErrUnbalanced))
		}
		for file := range table.Files {
			if table.Rejects && sum.Files[file].Rows == 0 {
				continue
			}
			if what := difference(table.Files[file], plus(sum.Files[file])); what != "" {
				errs = append(errs, fmt.Errorf("%s, and the agencies' shares of it: %s: %w", table.Name, what, ErrUnbalanced))
			}
		}
	}
	return errors.Join(errs...)
}

var errAnotherAgency = fmt.Errorf("a row of another agency: %w", ErrUnbalanced)

const (
	slugLength   = 40
	hashDigits   = 12
	namelessSlug = "without-name"
)

// manyDigits are six digits or more, which could be an identity number.
var manyDigits = regexp.MustCompile(`[0-9](?:[^0-9a-z]*[0-9]){5,}`)

// shareFolder is the name of an agency's folder: its letters and digits in lower
// case, without marks, as far as they go, and twelve digits of its SHA-256, so
// that no two agencies have one folder, on disks that do not tell cases apart
// either. What could be an identity number is left out.
func shareFolder(agency string) string {
	plain := strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case unicode.Is(unicode.Mn, r):
			return -1
		case '0' <= r && r <= '9' || 'a' <= r && r <= 'z':
			return r
		}
		return ' '
	}, norm.NFKD.String(agency))
	slug := strings.Join(strings.Fields(manyDigits.ReplaceAllString(plain, " ")), "-")
	slug = strings.TrimRight(slug[:min(len(slug), slugLength)], "-")
	if slug == "" {
		slug = namelessSlug
	}
	digest := sha256.Sum256([]byte(agency))
	return slug + "-" + hex.EncodeToString(digest[:])[:hashDigits]
}
