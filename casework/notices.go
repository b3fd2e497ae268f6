package casework

import (
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// ErrMaskedReport says that a report has no numbers to tell the register.
var ErrMaskedReport = errors.New("the report is masked: it has no numbers to tell the register; use one with full numbers")

// OutputError is an error of what is written, and not of what is read.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return e.Err.Error() }

func (e *OutputError) Unwrap() error { return e.Err }

func outputError(err error) error {
	if err == nil {
		return nil
	}
	return &OutputError{err}
}

// NoticeSettings say which notices are written, and where.
type NoticeSettings struct {
	Folder   string // of the report
	Manifest *report.Manifest
	// ExtractDate is the day of the register's extract, empty where it is not known.
	ExtractDate string
	// Out is where they are written, where there is nothing yet: a folder, or, where
	// it ends in .csv, the table of cases alone.
	Out string
	// Language of the texts.
	Language Language
}

// Language is that of the texts of notices.
type Language string

// The languages.
const (
	Swedish Language = "sv"
	English Language = "en"
)

// Noticed counts what notices were written of.
type Noticed struct {
	Cases     int64 // numbers
	Protected int64 // of them, those of protected people
	LeftOut   int64 // of these, those that were not written, since only a table was asked for
	Findings  int64
	// WithoutNumber are findings that have no number to tell the register.
	WithoutNumber int64
}

const (
	// CasesFile is the table of cases.
	CasesFile = "cases.csv"
	// ProtectedFolder has the cases of protected people, apart from all others.
	ProtectedFolder = "protected"

	casesSuffix = ".csv"
)

// WriteNotices drafts the notices that an agency owes the register (FOL 32 c §,
// SNL 4 kap. 1 §), a case a number: of findings about the register, and of those
// that were decided to be its fault. A decision counts on the report's as_of.
// Nothing is written where it fails, and nothing sent in any case. Its memory
// does not depend on how many findings there are; the temporary file lies in
// the system's folder for such. Errors of what is written are OutputErrors.
func WriteNotices(ctx context.Context, settings NoticeSettings) (*Noticed, error) {
	if settings.Manifest.Numbers != "full" {
		return nil, fmt.Errorf("cannot write notices of %s: %w", settings.Folder, ErrMaskedReport)
	}
	findings, err := report.OpenPublished(settings.Folder)
	if err != nil {
		return nil, err
	}
	defer findings.Close() // it was only read
	onlyTable := strings.HasSuffix(settings.Out, casesSuffix)
	fresh, err := storage.BeginFresh(settings.Out)
	if err != nil {
		return nil, outputError(err)
	}
	defer fresh.Discard()
	spill, err := storage.NewSpill()
	if err != nil {
		return nil, outputError(err)
	}
	defer spill.Close()
	n := &noticing{NoticeSettings: &settings, findings: findings, spill: spill, order: storage.NewSorter(spill, orderForm, storage.SorterEntries), files: map[[2]string]uint64{}}
	if err := n.gather(ctx); err != nil {
		return nil, err
	}
	if err := n.write(ctx, fresh, onlyTable); err != nil {
		return nil, err
	}
	if onlyTable {
		err = fresh.PublishFile(CasesFile)
	} else {
		err = fresh.Publish()
	}
	return &n.counted, outputError(err)
}

// noticing is the writing of notices under way.
type noticing struct {
	*NoticeSettings
	findings *report.PublishedFindings
	spill    *storage.Spill
	order    *storage.Sorter[[3]uint64] // number, place of the file and row, where the finding lies
	files    map[[2]string]uint64       // by source and file: its place among those seen
	counted  Noticed
}

var orderForm = &storage.Form[[3]uint64]{
	Bytes: 24,
	Append: func(dst []byte, e [3]uint64) []byte {
		for _, part := range e {
			dst = binary.BigEndian.AppendUint64(dst, part)
		}
		return dst
	},
	Read: func(b []byte) [3]uint64 {
		return [3]uint64{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])}
	},
	Compare: func(a, b [3]uint64) int { return slices.Compare(a[:], b[:]) },
}

// rowBits is how much of a key the row takes; the place of its file has the rest.
const rowBits = 40

// gather puts the findings that are noticed into the order of their numbers,
// then of files and rows.
func (n *noticing) gather(ctx context.Context) error {
	asOf, ok := calendar.Parse([]byte(n.Manifest.AsOf))
	if !ok {
		return fmt.Errorf("cannot write notices of %s: its manifest does not say as of which day it is", n.Folder)
	}
	var chunk []byte
	return n.findings.Each(ctx, []string{"direction", "decision"}, func(place int64, texts [][]byte) error {
		if string(texts[0]) != rules.OnRegister.String() && string(texts[1]) != decidedRegisterWrong {
			return nil
		}
		f, err := n.findings.At(place)
		if err != nil {
			return err
		}
		if f.DecisionUntil != calendar.Missing && f.DecisionUntil < asOf {
			f.Decision = "" // it has expired
		}
		if !isNoticed(f) {
			return nil
		}
		number := identity.Parse([]byte(f.Number)).Number()
		if number == 0 {
			n.counted.WithoutNumber++
			return nil
		}
		n.counted.Findings++
		document, err := json.Marshal(f)
		if err != nil {
			return err
		}
		chunk = binary.LittleEndian.AppendUint32(chunk[:0], uint32(len(document)))
		extent, err := n.spill.Write(append(chunk, document...))
		if err != nil {
			return outputError(err)
		}
		key := [2]string{f.Source, f.File}
		file, known := n.files[key]
		if !known {
			file = uint64(len(n.files))
			n.files[key] = file
		}
		// What was written first of a record comes first.
		return outputError(n.order.Add([3]uint64{uint64(number), file<<rowBits | uint64(f.Row)&(1<<rowBits-1), uint64(extent.Offset)}))
	})
}

// The decisions as findings have them.
const (
	decidedRegisterWrong = "register_wrong"
	decidedConfirmed     = "confirmed"
)

// isNoticed says whether a finding is told the register: one about the register
// that nobody has decided otherwise of, and any that was decided to be its fault.
// What was decided lawful or corrected needs no notice, and of what is not
// investigated there is no reason to think anything.
func isNoticed(f *report.PublishedFinding) bool {
	switch f.Decision {
	case decidedRegisterWrong:
		return true
	case "", decidedConfirmed:
		return f.Direction == rules.OnRegister.String()
	}
	return false
}

// read reads a finding that was gathered.
func (n *noticing) read(offset uint64) (*report.PublishedFinding, error) {
	var buffer [4]byte
	prefix, err := n.spill.Read(storage.Extent{Offset: int64(offset), Length: len(buffer)}, buffer[:])
	if err != nil {
		return nil, outputError(err)
	}
	document, err := n.spill.Read(storage.Extent{Offset: int64(offset) + int64(len(buffer)), Length: int(binary.LittleEndian.Uint32(prefix))}, nil)
	if err != nil {
		return nil, outputError(err)
	}
	var f report.PublishedFinding
	if err := json.Unmarshal(document, &f); err != nil {
		return nil, outputError(errors.New("cannot read findings: the temporary file has been damaged"))
	}
	return &f, nil
}

// cases are the cases in the order of their numbers.
func (n *noticing) cases(ctx context.Context) iter.Seq2[*noticeCase, error] {
	return func(yield func(*noticeCase, error) bool) {
		var c *noticeCase
		var numbered int64
		for triple, err := range n.order.Sorted() {
			if err == nil {
				err = context.Cause(ctx)
			}
			var f *report.PublishedFinding
			if err == nil {
				f, err = n.read(triple[2])
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if number := identity.Number(triple[0]); c == nil || c.number != number {
				if c != nil && !yield(c, nil) {
					return
				}
				numbered++
				c = newNoticeCase(numbered, number)
			}
			c.add(f, triple[1])
		}
		if c != nil {
			yield(c, nil)
		}
	}
}

// What a case shows at most of what it has; it says how many there are.
const (
	casesRecords = 50
	casesWords   = 20
)

// noticeCase is a number and what there is to tell of it. It holds at most so
// much as it shows.
type noticeCase struct {
	place       int64 // from 1
	number      identity.Number
	isProtected bool
	firstID     string
	reasons     []reason
	evidence    *report.PublishedFinding // of the latest payment
	records     []caseRecord
	recordCount int64
	lastRecord  uint64
	first, last calendar.Day // payments
	agencies    words
	types       words
	ids         words
}

// reason is why a finding speaks of the register.
type reason struct {
	rule, detail string
	isDecided    bool // somebody has decided that the register is wrong
	// since is since when, by the finding of this reason's latest payment; empty
	// where that does not say. latest is the day of that payment.
	since  string
	latest calendar.Day
}

// caseRecord is a record of the agency's about a number.
type caseRecord struct {
	paymentDate           calendar.Day
	agency, paymentType   string
	recordID, source, row string
}

// words are different words in the order in which they came.
type words struct {
	list []string
	more bool
}

func (w *words) add(word string, limit int) {
	switch {
	case word == "" || slices.Contains(w.list, word):
	case len(w.list) == limit:
		w.more = true
	default:
		w.list = append(w.list, word)
	}
}

func (w *words) String() string {
	text := strings.Join(w.list, " ")
	if w.more {
		text += " …"
	}
	return text
}

func newNoticeCase(place int64, number identity.Number) *noticeCase {
	return &noticeCase{place: place, number: number, first: calendar.Last, last: calendar.Missing}
}

// add takes a finding of the case. record tells records apart; those of the same
// follow each other.
func (c *noticeCase) add(f *report.PublishedFinding, record uint64) {
	c.isProtected = c.isProtected || f.Protected == register.True
	if c.firstID == "" {
		c.firstID = f.ID
	}
	c.ids.add(f.ID, casesRecords)
	because := reason{rule: f.Rule, detail: f.Detail, isDecided: f.Decision == decidedRegisterWrong, since: sinceOf(f), latest: f.PaymentDate}
	place := slices.IndexFunc(c.reasons, func(r reason) bool {
		return r.rule == because.rule && r.detail == because.detail && r.isDecided == because.isDecided
	})
	switch {
	case place >= 0 && because.latest > c.reasons[place].latest:
		c.reasons[place] = because
	case place < 0 && len(c.reasons) < casesWords:
		c.reasons = append(c.reasons, because)
	}
	if f.PaymentDate > c.last {
		c.evidence = f
	}
	if c.recordCount > 0 && record == c.lastRecord {
		return
	}
	c.recordCount++
	c.lastRecord = record
	c.first, c.last = min(c.first, f.PaymentDate), max(c.last, f.PaymentDate)
	c.agencies.add(f.Agency, casesWords)
	c.types.add(f.PaymentType, casesWords)
	if len(c.records) < casesRecords {
		c.records = append(c.records, caseRecord{f.PaymentDate, f.Agency, f.PaymentType, f.RecordID, f.Source, fmt.Sprint(f.Row)})
	}
}

// name is that of the case's file: its place among the cases and the beginning
// of a finding's id, and never a number.
func (c *noticeCase) name() string {
	const idDigits = 8
	return fmt.Sprintf("%06d-%.*s.txt", c.place, idDigits, c.firstID)
}

// since is the day since when the register is thought to be wrong, by the first
// reason that says one; empty where it is not known.
func (c *noticeCase) since() string {
	for _, because := range c.reasons {
		if because.since != "" {
			return because.since
		}
	}
	return ""
}

// sinceOf is the day, perhaps incomplete, since when what a finding speaks of may
// be wrong in the register. It is empty where the finding does not have that day:
// the day when the status began is of nothing but the status.
func sinceOf(f *report.PublishedFinding) string {
	switch f.Rule {
	case "false_identity", "annulled_number", "closed_number", "disappeared_payee", "emigrated_payee", "technical_deregistration",
		"unknown_deregistration", "inactive_number":
		return f.StatusFrom.String()
	case "overdue_inactivation":
		if last, ok := calendar.Parse([]byte(f.Detail)); ok && last < calendar.Last {
			return (last + 1).String()
		}
	case "deceased_payee", "deceased_lawful_tail":
		switch death, ok := deathOf(f); {
		case !ok || death.Unknown:
		case death.Earliest == death.Latest:
			return death.Earliest.String() // empty for a deregistration without a day
		default:
			return f.DeceasedOn
		}
	}
	return ""
}

// hyphenated is a number as letters have it, which no spreadsheet takes for one.
func hyphenated(number string) string {
	const date = 8
	if len(number) <= date {
		return number
	}
	return number[:date] + "-" + number[date:]
}

// provision is what obliges to tell the register of a number, in short.
func (c *noticeCase) provision() string {
	if c.number.IsCoordination() {
		return "SNL (2022:1697) 4 kap. 1 §"
	}
	return "FOL (1991:481) 32 c §"
}

// caseColumns are the columns of the table of cases.
var caseColumns = []string{
	"case", "file", "number", "number_kind", "provision", "rules", "decided", "status", "status_from", "status_reason", "identity_level",
	"linked_number", "deceased_on", "known_from", "since", "first_payment", "last_payment", "records", "agencies", "payment_types", "finding_ids",
}

func (c *noticeCase) row() []string {
	var names words
	decided := ""
	for _, because := range c.reasons {
		names.add(because.rule, casesWords)
		if because.isDecided {
			decided = decidedRegisterWrong
		}
	}
	e := c.evidence
	row := []string{
		fmt.Sprintf("%06d", c.place), c.name(), hyphenated(string(c.number.AppendDigits(nil))), c.number.Kind().String(), c.provision(), names.String(), decided,
		e.Status, e.StatusFrom.String(), e.StatusReason, e.IdentityLevel, hyphenated(e.UseNumber), e.DeceasedOn, e.KnownFrom.String(), c.since(),
		c.first.String(), c.last.String(), fmt.Sprint(c.recordCount), c.agencies.String(), c.types.String(), c.ids.String(),
	}
	if c.isProtected {
		row[len(row)-3], row[len(row)-2] = "", ""
	}
	for i := range row {
		row[i] = inertCell(row[i])
	}
	return row
}

// inertCell is text that can be seen and that no spreadsheet takes for a formula,
// whatever it begins with that cannot.
func inertCell(text string) string {
	shown := printable(text)
	if report.GuardText(text) != text {
		return "'" + shown
	}
	return shown
}

// write writes the cases into a folder that nobody looks at yet.
func (n *noticing) write(ctx context.Context, fresh *storage.Fresh, onlyTable bool) error {
	tables := map[bool]*caseTable{}
	open := func(isProtected bool) (*caseTable, error) {
		if table := tables[isProtected]; table != nil {
			return table, nil
		}
		folder := ""
		if isProtected {
			folder = ProtectedFolder
			if err := fresh.Folder(folder); err != nil {
				return nil, err
			}
		}
		table, err := newCaseTable(fresh, folder)
		tables[isProtected] = table
		return table, err
	}
	defer func() {
		for _, table := range tables {
			if table != nil {
				_ = table.close() // done already where nothing failed
			}
		}
	}()
	if _, err := open(false); err != nil {
		return outputError(err)
	}
	for c, err := range n.cases(ctx) {
		if err != nil {
			return err
		}
		n.counted.Cases++
		if c.isProtected {
			n.counted.Protected++
			if onlyTable {
				n.counted.LeftOut++
				continue
			}
		}
		table, err := open(c.isProtected)
		if err == nil {
			err = table.rows.Write(c.row())
		}
		if err == nil && !onlyTable {
			err = table.writeText(c.name(), n.text(c))
		}
		if err != nil {
			return outputError(err)
		}
	}
	var errs []error
	for _, table := range tables {
		errs = append(errs, table.close())
	}
	return outputError(errors.Join(errs...))
}

// caseTable is the table of cases of one folder.
type caseTable struct {
	fresh  *storage.Fresh
	folder string
	file   io.Closer
	rows   *csv.Writer
}

func newCaseTable(fresh *storage.Fresh, folder string) (*caseTable, error) {
	file, err := fresh.Create(filepath.Join(folder, CasesFile), storage.PrivateMode)
	if err != nil {
		return nil, err
	}
	t := &caseTable{fresh: fresh, folder: folder, file: file, rows: csv.NewWriter(file)}
	return t, t.rows.Write(caseColumns)
}

func (t *caseTable) writeText(name, text string) error {
	file, err := t.fresh.Create(filepath.Join(t.folder, name), storage.PrivateMode)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// close writes what has not been written yet.
func (t *caseTable) close() error {
	if t.file == nil {
		return nil
	}
	t.rows.Flush()
	err := errors.Join(t.rows.Error(), t.file.Close())
	t.file = nil
	return err
}
