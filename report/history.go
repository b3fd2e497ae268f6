package report

import (
	"context"
	"encoding/hex"
	"iter"
	"slices"

	"github.com/avstam/avstam/calendar"
)

// The tables of a report that follows its findings.
const (
	historyName  = "history"
	resolvedName = "resolved"

	HistoryFile  = historyName + ".parquet"
	ResolvedFile = resolvedName + ".parquet"
)

// Remembered is a row of history: a finding that the report has, or that is gone
// and may return. There is one for each finding id.
type Remembered struct {
	ID         [16]byte
	Record     RecordKey // zero where it is not known
	Rule       string
	Occurrence int64        // see Identified
	FirstSeen  calendar.Day // the day of the first report that has it
	LastSeen   calendar.Day // of the last one
	TimesSeen  int32        // reports that have it
	GoneSince  calendar.Day // of the first report without it, Missing where this one has it
	Finding    int64        // row of findings, from 1; 0 where it is gone
}

// historyColumns are the columns of history in their order.
func historyColumns() []column[Remembered] {
	return []column[Remembered]{
		{name: "finding_id", doc: "32 hexadecimal digits, in ascending order, each once", shape: asText, required: true, text: func(dst []byte, r *Remembered) []byte { return appendHex(dst, &r.ID) }},
		{name: "record_key", doc: "tells its record apart, without telling anything of it; empty where the baseline had masked the record", shape: asText, text: func(dst []byte, r *Remembered) []byte {
			if r.Record == (RecordKey{}) {
				return dst
			}
			return appendHex(dst, (*[16]byte)(&r.Record))
		}},
		{name: "rule", doc: "the rule that found it", required: true, category: func(r *Remembered) []byte { return []byte(r.Rule) }},
		{name: "occurrence", doc: "among the findings of a rule about records that are alike and have no id of their own; else 1", shape: asInteger, required: true, number: func(r *Remembered) (int64, bool) { return r.Occurrence, true }},
		{name: "first_seen", doc: "the day of the first report that has it", shape: asDay, required: true, number: func(r *Remembered) (int64, bool) { return dayOf(r.FirstSeen) }},
		{name: "last_seen", doc: "the day of the last report that has it", shape: asDay, required: true, number: func(r *Remembered) (int64, bool) { return dayOf(r.LastSeen) }},
		{name: "times_seen", doc: "how many reports have it", shape: asCount, required: true, number: func(r *Remembered) (int64, bool) { return int64(r.TimesSeen), true }},
		{name: "gone_since", doc: "the day of the first report that no longer has it; empty where this one has it", shape: asDay, number: func(r *Remembered) (int64, bool) { return dayOf(r.GoneSince) }},
		{name: "finding", doc: "its row in findings, the first if there are several; empty where it is gone", shape: asInteger, number: func(r *Remembered) (int64, bool) { return r.Finding, r.Finding > 0 }},
	}
}

// Outcome is what became of a finding that is gone.
type Outcome uint8

const (
	Resolved Outcome = iota // its record was read, and the rule finds nothing
	NotRead                 // its record was not read
	Unknown                 // the baseline does not tell which record it was
)

var outcomeNames = namesOf(Unknown, Outcome.String)

// String is the outcome as reports have it.
func (o Outcome) String() string { return [...]string{"resolved", "not_read", "unknown"}[o] }

// Gone is a row of resolved: a finding of the baseline that is no longer there,
// as the baseline has it.
type Gone struct {
	Outcome Outcome
	// Texts of the baseline's findings.
	ID, Rule, Severity, Direction, Confidence, Detail          []byte
	Source, File, RecordID, Agency, PaymentType, Currency      []byte
	IdentityNumber, Number, NumberKind, UseNumber, OtherNumber []byte
	Decision                                                   []byte
	Row, Amount                                                int64
	PaymentDate, PeriodStart, PeriodEnd                        calendar.Day // Missing for none
	FirstSeen, LastSeen, DecisionUntil                         calendar.Day
	TimesSeen                                                  int32
}

// textBytes is how many bytes the texts of the row have.
func (g *Gone) textBytes() int {
	return len(g.ID) + len(g.Rule) + len(g.Severity) + len(g.Direction) + len(g.Confidence) + len(g.Detail) +
		len(g.Source) + len(g.File) + len(g.RecordID) + len(g.Agency) + len(g.PaymentType) + len(g.Currency) +
		len(g.IdentityNumber) + len(g.Number) + len(g.NumberKind) + len(g.UseNumber) + len(g.OtherNumber) + len(g.Decision)
}

// resolvedColumns are the columns of resolved in their order. Those that findings have,
// too, are stored and written as theirs are; what is said here of them is where they differ.
func resolvedColumns(masked bool) []column[Gone] {
	number := func(number []byte, dst []byte) []byte { return append(dst, number...) }
	word := valid // of the register
	if masked {
		number, word = appendMaskedText, maskedWord
	}
	return likeFindings([]column[Gone]{
		{name: "finding_id", doc: "as the baseline has it, like all that follows but `outcome`, `first_seen`, `last_seen` and `times_seen`", text: func(dst []byte, g *Gone) []byte { return append(dst, g.ID...) }},
		{name: "outcome", doc: "`resolved`, `not_read` or `unknown`", required: true, code: func(g *Gone) int { return int(g.Outcome) }, names: constant(outcomeNames)},
		{name: "rule", category: func(g *Gone) []byte { return g.Rule }},
		{name: "severity", category: func(g *Gone) []byte { return g.Severity }},
		{name: "direction", category: func(g *Gone) []byte { return g.Direction }},
		{name: "confidence", category: func(g *Gone) []byte { return g.Confidence }},
		{name: "detail", category: func(g *Gone) []byte { return word(g.Detail) }},
		{name: "source", category: func(g *Gone) []byte { return g.Source }},
		{name: "file", category: func(g *Gone) []byte { return g.File }},
		{name: "row", number: func(g *Gone) (int64, bool) { return g.Row, true }},
		{name: "record_id", text: func(dst []byte, g *Gone) []byte { return append(dst, g.RecordID...) }},
		{name: "agency", category: func(g *Gone) []byte { return g.Agency }},
		{name: "payment_type", category: func(g *Gone) []byte { return g.PaymentType }},
		{name: "payment_date", number: func(g *Gone) (int64, bool) { return dayOf(g.PaymentDate) }},
		{name: "period_start", number: func(g *Gone) (int64, bool) { return dayOf(g.PeriodStart) }},
		{name: "period_end", number: func(g *Gone) (int64, bool) { return dayOf(g.PeriodEnd) }},
		{name: "amount", number: func(g *Gone) (int64, bool) { return g.Amount, true }},
		{name: "currency", category: func(g *Gone) []byte { return g.Currency }},
		{name: "identity_number", text: func(dst []byte, g *Gone) []byte {
			if masked && len(g.IdentityNumber) > 0 {
				if len(g.Number) == 0 {
					return append(dst, "************"...)
				}
				return number(g.Number, dst)
			}
			return append(dst, g.IdentityNumber...)
		}},
		{name: "number", text: func(dst []byte, g *Gone) []byte { return number(g.Number, dst) }},
		{name: "number_kind", category: func(g *Gone) []byte { return g.NumberKind }},
		{name: "use_number", text: func(dst []byte, g *Gone) []byte { return number(g.UseNumber, dst) }},
		{name: "other_number", text: func(dst []byte, g *Gone) []byte { return number(g.OtherNumber, dst) }},
		{name: "first_seen", doc: "the day of the first report that has it", required: true, number: func(g *Gone) (int64, bool) { return dayOf(g.FirstSeen) }},
		{name: "last_seen", doc: "the day of the last one", shape: asDay, required: true, number: func(g *Gone) (int64, bool) { return dayOf(g.LastSeen) }},
		{name: "times_seen", doc: "how many have it", required: true, number: func(g *Gone) (int64, bool) { return int64(g.TimesSeen), true }},
		{name: "decision", category: func(g *Gone) []byte { return g.Decision }},
		{name: "decision_until", number: func(g *Gone) (int64, bool) { return dayOf(g.DecisionUntil) }},
	})
}

// likeFindings gives columns the properties of those that findings have by the same name.
func likeFindings(columns []column[Gone]) []column[Gone] {
	findings := findingColumns(&Run{})
	for i := range columns {
		c := &columns[i]
		at := slices.IndexFunc(findings, func(f column[Finding]) bool { return f.name == c.name })
		if at < 0 {
			continue
		}
		f := &findings[at]
		c.shape, c.bounded, c.isNumber, c.isDated = f.shape, f.bounded, f.isNumber, f.isDated
		c.required = c.required || f.required
	}
	return columns
}

// appendMaskedText is appendMaskedGiven for a number of twelve digits or none.
func appendMaskedText(number []byte, dst []byte) []byte {
	const yearDigits = 4
	if len(number) < yearDigits {
		return dst
	}
	return append(append(dst, number[:yearDigits]...), "********"...)
}

func appendHex(dst []byte, id *[16]byte) []byte { return hex.AppendEncode(dst, id[:]) }

// followedTables are what a report says of the findings that it is compared with.
type followedTables struct {
	history, gone int64 // rows written
	outcomes      [Unknown + 1]CaseCount
}

// History writes what is remembered of findings, in the order of their ids. The
// sequence gives some rows at a time, which are copied, and is ranged over once.
// The errors are those of the sequence, as they are, and of writing.
func (w *Writer) History(ctx context.Context, rows iter.Seq2[[]Remembered, error]) (err error) {
	next, stop := iter.Pull2(rows)
	defer stop()
	out := w.output()
	out.parquet, out.csv, out.arrow = true, false, false // no one reads it but the next run
	var rest []Remembered
	table := &table[Remembered]{
		name: historyName, columns: historyColumns(),
		take: func(e *encoder[Remembered], limit int) error {
			for e.taken = e.taken[:0]; len(e.taken) < limit; {
				if len(rest) == 0 {
					rows, err, more := next()
					if err != nil {
						return err
					}
					if !more {
						break
					}
					rest = rows
				}
				n := min(len(rest), limit-len(e.taken))
				e.taken, rest = append(e.taken, rest[:n]...), rest[n:]
			}
			e.rows = len(e.taken)
			return nil
		},
		each: (*encoder[Remembered]).eachTaken,
	}
	w.followed.history, err = table.write(ctx, out)
	return err
}

// Gone writes what is gone of the baseline's findings. The sequence is ranged over
// once; the rows' texts are kept and must not change. Errors are as of History.
func (w *Writer) Gone(ctx context.Context, rows iter.Seq2[*Gone, error]) (err error) {
	next, stop := iter.Pull2(rows)
	defer stop()
	out := w.output()
	out.parquet, out.arrow = true, false
	table := &table[Gone]{
		name: resolvedName, columns: resolvedColumns(w.run.Masked),
		take: func(e *encoder[Gone], limit int) error {
			e.taken = e.taken[:0]
			for text := 0; len(e.taken) < limit && text < out.rowGroupText; {
				row, err, more := next()
				if err != nil {
					return err
				}
				if !more {
					break
				}
				w.followed.outcomes[row.Outcome].add(row)
				e.taken = append(e.taken, *row)
				text += row.textBytes()
			}
			e.rows = len(e.taken)
			return nil
		},
		each: (*encoder[Gone]).eachTaken,
	}
	w.followed.gone, err = table.write(ctx, out)
	return err
}

// eachTaken calls use with the rows that have been taken.
func (e *encoder[Row]) eachTaken(use func([]Row) error) error {
	for from := 0; from < e.rows; from += chunkRows {
		if err := use(e.taken[from:min(from+chunkRows, e.rows)]); err != nil {
			return err
		}
	}
	return nil
}
