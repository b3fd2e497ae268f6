package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/parquet-go/parquet-go"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/register"
)

// FindingsFile is the name of the table that OpenPublished reads.
const FindingsFile = findingsName + ".parquet"

// PublishedFinding is a row of a published report's findings: the texts are as
// they stand there, with numbers full or masked, and empty where there is none.
// A missing day is calendar.Missing.
type PublishedFinding struct {
	Place int64 // in the table; the first is 0

	ID, Rule, Severity, Direction, Confidence, Detail string

	Source, File                        string
	Row                                 int64 // in the file; the first is 1
	RecordID, Agency, PaymentType       string
	PaymentDate, PeriodStart, PeriodEnd calendar.Day
	Amount                              int64 // öre
	Currency                            string
	IdentityNumber, Number, NumberKind  string
	UseNumber, Status                   string
	StatusFrom                          calendar.Day
	StatusReason                        string
	IdentityLevel, DeceasedOn           string
	KnownFrom                           calendar.Day
	KnownAtPayment                      register.Tristate
	State                               string
	FirstSeen                           calendar.Day
	TimesSeen                           int64
	Decision                            string
	DecisionUntil                       calendar.Day
	OtherNumber                         string
	Protected                           register.Tristate
}

// PublishedFindings is the table of a report's findings, read a page of a column at a
// time. It is for one goroutine.
type PublishedFindings struct {
	file    *disk.File
	parquet *parquet.File
	columns map[string]*publishedColumn
}

// OpenPublished opens the findings of a published report, which must have them as
// Parquet. The error names the file.
func OpenPublished(folder string) (*PublishedFindings, error) {
	path := disk.Join(folder, FindingsFile)
	file, err := disk.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read %s: there is no such file; the report must have parquet among its formats", path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read findings: %w", err)
	}
	p := &PublishedFindings{file: file, columns: map[string]*publishedColumn{}}
	if err := p.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot read %s: %w", path, err), file.Close())
	}
	return p, nil
}

func (p *PublishedFindings) open() (err error) {
	defer recoverDamage(&err)
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	if p.parquet, err = parquet.OpenFile(p.file, info.Size(), parquet.SkipBloomFilters(true)); err != nil {
		return withoutData(err)
	}
	for _, leaf := range p.parquet.Schema().Columns() {
		if len(leaf) != 1 {
			continue
		}
		column, ok := p.parquet.Schema().Lookup(leaf[0])
		if ok {
			p.columns[leaf[0]] = &publishedColumn{file: p.parquet, index: column.ColumnIndex}
		}
	}
	for _, name := range []string{"finding_id", "rule", "direction", "row"} {
		if p.columns[name] == nil {
			return fmt.Errorf("it has no column %s", name)
		}
	}
	return nil
}

var errDamaged = errors.New("it is damaged, or no Parquet file")

// recoverDamage makes an error of a panic: the Parquet library panics where a
// file is damaged.
func recoverDamage(err *error) {
	if recover() != nil {
		*err = errDamaged
	}
}

// withoutData is an error of the Parquet library, which may tell of what stands
// in the file, as one that does not.
func withoutData(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok || errors.Is(err, errShortColumn) {
		return err
	}
	return errDamaged
}

// Close closes the file.
func (p *PublishedFindings) Close() error {
	var errs []error
	for _, column := range p.columns {
		errs = append(errs, column.close())
	}
	return errors.Join(append(errs, p.file.Close())...)
}

// Rows is how many findings there are.
func (p *PublishedFindings) Rows() int64 { return p.parquet.NumRows() }

// Each hands use the place of each finding and its texts in some text columns,
// nil where there is none; they are good until use returns. A column that the
// table does not have is nil throughout.
func (p *PublishedFindings) Each(ctx context.Context, columns []string, use func(place int64, texts [][]byte) error) error {
	texts := make([][]byte, len(columns))
	for place := range p.Rows() {
		if place%traceRows == 0 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
		for i, name := range columns {
			value, err := p.value(name, place)
			if err != nil {
				return err
			}
			if texts[i] = nil; !value.IsNull() {
				texts[i] = value.ByteArray()
			}
		}
		if err := use(place, texts); err != nil {
			return err
		}
	}
	return nil
}

// At is the finding at a place. Places that ascend are read fast.
func (p *PublishedFindings) At(place int64) (*PublishedFinding, error) {
	f := &PublishedFinding{Place: place}
	for name, to := range map[string]*string{
		"finding_id": &f.ID, "rule": &f.Rule, "severity": &f.Severity, "direction": &f.Direction, "confidence": &f.Confidence, "detail": &f.Detail,
		"source": &f.Source, "file": &f.File, "record_id": &f.RecordID, "agency": &f.Agency, "payment_type": &f.PaymentType, "currency": &f.Currency,
		"identity_number": &f.IdentityNumber, "number": &f.Number, "number_kind": &f.NumberKind, "use_number": &f.UseNumber, "status": &f.Status,
		"status_reason": &f.StatusReason, "identity_level": &f.IdentityLevel, "deceased_on": &f.DeceasedOn, "state": &f.State, "decision": &f.Decision,
		"other_number": &f.OtherNumber,
	} {
		value, err := p.value(name, place)
		if err != nil {
			return nil, err
		}
		if !value.IsNull() {
			*to = string(value.ByteArray())
		}
	}
	for name, to := range map[string]*calendar.Day{
		"payment_date": &f.PaymentDate, "period_start": &f.PeriodStart, "period_end": &f.PeriodEnd, "status_from": &f.StatusFrom,
		"known_from": &f.KnownFrom, "first_seen": &f.FirstSeen, "decision_until": &f.DecisionUntil,
	} {
		value, err := p.value(name, place)
		if err != nil {
			return nil, err
		}
		if *to = calendar.Missing; !value.IsNull() {
			*to = calendar.Day(value.Int32())
		}
	}
	for name, to := range map[string]*int64{"row": &f.Row, "amount": &f.Amount} {
		value, err := p.value(name, place)
		if err != nil {
			return nil, err
		}
		if !value.IsNull() {
			*to = value.Int64()
		}
	}
	times, err := p.value("times_seen", place)
	if err != nil {
		return nil, err
	}
	if !times.IsNull() {
		f.TimesSeen = int64(times.Int32())
	}
	for name, to := range map[string]*register.Tristate{"known_at_payment": &f.KnownAtPayment, "protected": &f.Protected} {
		value, err := p.value(name, place)
		if err != nil {
			return nil, err
		}
		switch {
		case value.IsNull():
		case value.Boolean():
			*to = register.True
		default:
			*to = register.False
		}
	}
	return f, nil
}

// value is that of a column at a place; null where there is no such column.
func (p *PublishedFindings) value(name string, place int64) (value parquet.Value, err error) {
	column := p.columns[name]
	if column == nil {
		return parquet.Value{}, nil
	}
	defer recoverDamage(&err)
	if value, err = column.at(place); err != nil {
		return value, fmt.Errorf("cannot read %s: column %s: %w", p.file.Name(), name, withoutData(err))
	}
	return value, nil
}

// publishedValues is how many values of a column are in memory at a time, beside
// their page.
const publishedValues = 1024

// publishedColumn reads a column at places that mostly ascend.
type publishedColumn struct {
	file  *parquet.File
	index int

	group      int // the row group that is open, and its places in the table
	first, end int64
	pages      parquet.Pages // nil where none is open
	page       parquet.Page
	reader     parquet.ValueReader
	left       int64           // values of the page that are not in memory yet
	values     []parquet.Value // that are
	at0        int64           // place of the first of them
	buffer     [publishedValues]parquet.Value
}

func (c *publishedColumn) at(place int64) (parquet.Value, error) {
	if c.pages == nil || place < c.at0 || place >= c.end || place >= c.at0+int64(len(c.values))+c.left {
		if err := c.seek(place); err != nil {
			return parquet.Value{}, err
		}
	}
	for place >= c.at0+int64(len(c.values)) {
		c.at0 += int64(len(c.values))
		n, err := c.reader.ReadValues(c.buffer[:])
		c.values = c.buffer[:n]
		c.left -= int64(n)
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				err = errShortColumn
			}
			return parquet.Value{}, err
		}
	}
	return c.values[place-c.at0], nil
}

// seek opens the page that has a place, from that place on.
func (c *publishedColumn) seek(place int64) error {
	if c.pages == nil || place < c.first || place >= c.end {
		if err := c.close(); err != nil {
			return err
		}
		c.end = 0
		for group, g := range c.file.RowGroups() {
			c.group, c.first, c.end = group, c.end, c.end+g.NumRows()
			if place < c.end {
				break
			}
		}
		if place < 0 || place >= c.end {
			return errShortColumn
		}
		c.pages = c.file.RowGroups()[c.group].ColumnChunks()[c.index].Pages()
		c.values, c.left, c.at0 = nil, 0, c.first
	}
	parquet.Release(c.page)
	c.page, c.values, c.left = nil, nil, 0
	if err := c.pages.SeekToRow(place - c.first); err != nil {
		return err
	}
	page, err := c.pages.ReadPage()
	if err != nil {
		return err
	}
	c.page, c.reader, c.at0, c.left = page, page.Values(), place, page.NumValues()
	return nil
}

func (c *publishedColumn) close() error {
	if c.pages == nil {
		return nil
	}
	parquet.Release(c.page)
	err := c.pages.Close()
	c.pages, c.page = nil, nil
	return err
}

// ReadManifest reads the manifest of a published report.
func ReadManifest(folder string) (*Manifest, error) {
	var manifest Manifest
	if err := readJSON(folder, ManifestFile, &manifest); err != nil {
		return nil, err
	}
	if manifest.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("cannot read %s of %s: its schema version is %d, and this program's %d", ManifestFile, folder, manifest.SchemaVersion, SchemaVersion)
	}
	return &manifest, nil
}

// Follow is the folder of a published report, without links.
func Follow(folder string) (string, error) {
	followed, err := disk.EvalSymlinks(folder)
	if err != nil {
		return "", fmt.Errorf("cannot read the report %s: %w", folder, disk.Reason(err))
	}
	return followed, nil
}

// ReadSummary reads the summary of a published report.
func ReadSummary(folder string) (*Summary, error) {
	var summary Summary
	return &summary, readJSON(folder, SummaryFile, &summary)
}

func readJSON(folder, name string, into any) error {
	contents, err := readDocument(disk.Join(folder, name))
	if err != nil {
		return fmt.Errorf("cannot read the report %s: %w", folder, err)
	}
	if err := json.Unmarshal(contents, into); err != nil {
		return fmt.Errorf("cannot read the report %s: its %s is none of this program", folder, name)
	}
	return nil
}

// Compare says how the file at an input's path is not the one that was read, and
// nothing where it is: by its size, and its digests where the manifest has any. The
// error is fs.ErrNotExist where it is gone.
func (i *Input) Compare(ctx context.Context) (string, error) {
	info, err := disk.Stat(i.Path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "it is no plain file", nil
	}
	return i.compareBytes(ctx)
}

// compareBytes compares the size, and the digest of all bytes or of each chunk.
func (i *Input) compareBytes(ctx context.Context) (string, error) {
	what, err := compareFile(ctx, i.Path, i.Size, i.SHA256)
	if err == nil && what == "" && len(i.Chunks) > 0 {
		what, err = compareChunks(ctx, i)
	}
	return what, err
}
