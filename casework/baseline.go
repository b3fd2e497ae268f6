package casework

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/storage"
)

// Baseline is an earlier report that a run's findings are compared with.
type Baseline struct {
	earlier  *report.Earlier
	asOf     calendar.Day
	findings string // path
	history  string // path; empty where the report has none
	// remembered are the findings of a report without a history.
	remembered *storage.Sorter[remembered]
	rules      []string // their names
	count      int64    // its findings, each id once
}

// OpenBaseline opens a report as a baseline for a run on a day with a key of
// finding ids, and checks the digests of what is read of it. It fails where the
// report is not as it was published, was made with another key, which gives
// findings other ids, or on a later day.
func OpenBaseline(ctx context.Context, folder string, key []byte, asOf calendar.Day) (*Baseline, error) {
	earlier, err := report.OpenEarlier(folder)
	if err != nil {
		return nil, err
	}
	b := &Baseline{earlier: earlier}
	var isDay bool
	if b.asOf, isDay = calendar.Parse([]byte(earlier.Manifest.AsOf)); !isDay {
		return nil, fmt.Errorf("cannot use the report %s: its manifest does not tell its day", folder)
	}
	switch {
	case earlier.Manifest.IDKey != report.KeyCheck(key):
		return nil, fmt.Errorf("cannot use %s as the baseline: it was made with another key of finding ids, by which records and findings are found again; name its key (output.id_key), or run once without a baseline", folder)
	case b.asOf > asOf:
		return nil, fmt.Errorf("cannot use %s as the baseline: it is of %s, and the run of %s, which is before that", folder, b.asOf, asOf)
	case !earlier.Has(report.FindingsFile):
		return nil, fmt.Errorf("cannot use %s as the baseline: it has no %s", folder, report.FindingsFile)
	}
	if b.findings, err = earlier.Check(ctx, report.FindingsFile); err != nil {
		return nil, err
	}
	if earlier.Has(report.HistoryFile) {
		b.history, err = earlier.Check(ctx, report.HistoryFile)
	}
	return b, err
}

// Input is the baseline as a report names it, after Seek.
func (b *Baseline) Input() *report.BaselineInput {
	return &report.BaselineInput{Report: b.earlier.Run, AsOf: b.asOf.String(), SHA256: hex.EncodeToString(b.earlier.SHA256[:]), Findings: b.count}
}

// Folder is where the report lies: no link leads there that could be moved.
func (b *Baseline) Folder() string { return b.earlier.Folder }

// HasPolicy says whether the baseline was made under a policy, as encoding/json
// writes it: under another one, findings are new or gone for that alone.
func (b *Baseline) HasPolicy(policy any) bool {
	document, err := json.Marshal(policy)
	var ours any
	return err == nil && json.Unmarshal(document, &ours) == nil && reflect.DeepEqual(ours, b.earlier.Manifest.Policy)
}

// remembered is a finding of a report without a history.
type remembered struct {
	id, record  [16]byte
	rule        uint16 // place in Baseline.rules
	hasRecordID bool
	finding     int64
	occurrence  int64
}

// Findings without a history are sorted by their records, to count those that are
// alike, and then by their ids.
var (
	recordForm = formOf(func(a, b remembered) int {
		return cmp.Or(bytes.Compare(a.record[:], b.record[:]), cmp.Compare(a.rule, b.rule), cmp.Compare(a.finding, b.finding))
	})
	rememberedForm = formOf(func(a, b remembered) int {
		return cmp.Or(bytes.Compare(a.id[:], b.id[:]), cmp.Compare(a.finding, b.finding))
	})
)

func formOf(compare func(a, b remembered) int) *storage.Form[remembered] {
	return &storage.Form[remembered]{
		Bytes: 16 + 16 + 2 + 1 + 8 + 8,
		Append: func(dst []byte, r remembered) []byte {
			dst = append(append(dst, r.id[:]...), r.record[:]...)
			dst = binary.BigEndian.AppendUint16(dst, r.rule)
			hasRecordID := byte(0)
			if r.hasRecordID {
				hasRecordID = 1
			}
			dst = append(dst, hasRecordID)
			dst = binary.BigEndian.AppendUint64(dst, uint64(r.finding))
			return binary.BigEndian.AppendUint64(dst, uint64(r.occurrence))
		},
		Read: func(b []byte) remembered {
			return remembered{
				id: [16]byte(b), record: [16]byte(b[16:]), rule: binary.BigEndian.Uint16(b[32:]), hasRecordID: b[34] != 0,
				finding: int64(binary.BigEndian.Uint64(b[35:])), occurrence: int64(binary.BigEndian.Uint64(b[43:])),
			}
		},
		Compare: compare,
	}
}

// Seek reads what the baseline remembers of its findings, and returns their
// records, to be looked for. What does not fit in memory goes to the spill, which
// must outlive the baseline.
func (b *Baseline) Seek(ctx context.Context, spill *storage.Spill, keyer *report.RecordKeyer) (*Sought, error) {
	sought := newSought(b.earlier.RowsOf(report.FindingsFile))
	if b.history == "" {
		if err := b.remember(ctx, spill, keyer); err != nil {
			return nil, err
		}
	}
	rows, err := b.all(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.close()
	for {
		batch, err := rows.next()
		if err != nil {
			return nil, err
		}
		if len(batch) == 0 {
			return sought, nil
		}
		for i := range batch {
			if batch[i].Finding > 0 {
				b.count++
				sought.add(batch[i].Record)
			}
		}
	}
}

// all are the findings that the baseline remembers, in the order of their ids.
func (b *Baseline) all(ctx context.Context) (*rememberedRows, error) {
	if b.history != "" {
		return readHistory(ctx, b.history)
	}
	next, stop := iter.Pull2(b.remembered.Sorted())
	row := []report.Remembered{{}}
	return &rememberedRows{close: stop, next: func() ([]report.Remembered, error) {
		for {
			r, err, more := next()
			if err != nil || !more {
				return nil, err
			}
			if r.id == row[0].ID && row[0].Finding > 0 {
				continue // an id that stands there more than once
			}
			row[0] = report.Remembered{
				ID: r.id, Record: r.record, Rule: b.rules[r.rule], Occurrence: r.occurrence, FirstSeen: b.asOf, LastSeen: b.asOf, TimesSeen: 1,
				GoneSince: calendar.Missing, Finding: r.finding,
			}
			return row, nil
		}
	}}, nil
}

// remember takes the findings of a report without a history as first seen on its
// day.
func (b *Baseline) remember(ctx context.Context, spill *storage.Spill, keyer *report.RecordKeyer) error {
	const (
		findingID = iota
		rule
		source
		recordID
		agency
		paymentType
		paymentDate
		periodStart
		periodEnd
		amount
		currency
		identityNumber
	)
	rows, err := report.OpenRows(b.findings, "finding_id", "rule", "source", "record_id", "agency", "payment_type", "payment_date",
		"period_start", "period_end", "amount", "currency", "identity_number")
	if err != nil {
		return err
	}
	defer rows.Close() // it was only read
	byRecord := storage.NewSorter(spill, recordForm, storage.SorterEntries/2)
	isMasked := b.earlier.Manifest.Numbers != "full"
	places, sources := map[string]uint16{}, map[string]string{}
	for finding := int64(1); ; {
		n, err := next(ctx, rows)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		for i := range n {
			r := remembered{finding: finding, hasRecordID: len(rows.Text(recordID, i)) > 0}
			finding++
			if r.id, err = parseID(rows.Text(findingID, i)); err != nil {
				return fmt.Errorf("%s: %w", b.findings, err)
			}
			name := rows.Text(rule, i)
			place, known := places[string(name)]
			if !known {
				place = uint16(len(b.rules))
				places[string(name)] = place
				b.rules = append(b.rules, string(name))
			}
			r.rule = place
			content := report.RecordContent{RecordID: rows.Text(recordID, i)}
			if content.Source, known = sources[string(rows.Text(source, i))]; !known {
				content.Source = string(rows.Text(source, i))
				sources[content.Source] = content.Source
			}
			if !r.hasRecordID {
				content.IdentityNumber = rows.Text(identityNumber, i)
				content.Agency, content.PaymentType, content.Currency = rows.Text(agency, i), rows.Text(paymentType, i), rows.Text(currency, i)
				content.PaymentDate, content.PeriodStart, content.PeriodEnd = dayAt(rows, paymentDate, i), dayAt(rows, periodStart, i), dayAt(rows, periodEnd, i)
				content.Amount, _ = rows.Number(amount, i)
			}
			if r.hasRecordID || !isMasked {
				r.record = keyer.Key(&content)
			}
			if err := byRecord.Add(r); err != nil {
				return err
			}
		}
	}
	b.remembered = storage.NewSorter(spill, rememberedForm, storage.SorterEntries/2)
	var before remembered
	for r, err := range byRecord.Sorted() {
		if err != nil {
			return err
		}
		r.occurrence = 1
		if !r.hasRecordID && r.record == before.record && r.rule == before.rule {
			r.occurrence = before.occurrence + 1
		}
		if err := b.remembered.Add(r); err != nil {
			return err
		}
		before = r
	}
	return nil
}

// next reads the next rows of a table; 0 and no error after the last.
func next(ctx context.Context, rows *report.Rows) (int, error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	n, err := rows.Next()
	if errors.Is(err, io.EOF) {
		return 0, nil
	}
	return n, err
}

var errID = errors.New("an id is not 32 hexadecimal digits")

func parseID(text []byte) (id [16]byte, err error) {
	if len(text) != hex.EncodedLen(len(id)) {
		return id, errID
	}
	if _, err := hex.Decode(id[:], text); err != nil {
		return id, errID
	}
	return id, nil
}
