package synth

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/avstam/avstam/calendar"
)

// shape is how a column is stored.
type shape uint8

const (
	asText     shape = iota
	asCategory       // text of few different values
	asInteger
	asCount // of 32 bits
	asDay
	asAmount         // öre, with two digits after the point
	asReportedAmount // the same, as wide as reports have it
	asBoolean
)

// column is a column of a table. text appends a row's text, nothing where there
// is none; number is for all other shapes, with booleans as 0 and 1.
type column[Row any] struct {
	name     string
	shape    shape
	required bool // has a value in every row
	text     func(dst []byte, r *Row) []byte
	number   func(r *Row) (value int64, ok bool)
}

func text[Row any](name string, s shape, required bool, of func(*Row) string) column[Row] {
	return column[Row]{name: name, shape: s, required: required, text: func(dst []byte, r *Row) []byte { return append(dst, of(r)...) }}
}

func bytes[Row any](name string, of func(*Row) []byte) column[Row] {
	return column[Row]{name: name, shape: asText, required: true, text: func(dst []byte, r *Row) []byte { return append(dst, of(r)...) }}
}

func digits[Row any](name string, of func(*Row) uint64) column[Row] {
	return column[Row]{name: name, shape: asText, text: func(dst []byte, r *Row) []byte {
		if number := of(r); number != 0 {
			return appendNumber(dst, number, 0, twelve)
		}
		return dst
	}}
}

func integer[Row any](name string, required bool, of func(*Row) int64) column[Row] {
	return column[Row]{name: name, shape: asInteger, required: required, number: func(r *Row) (int64, bool) {
		value := of(r)
		return value, required || value != 0
	}}
}

func day[Row any](name string, required bool, of func(*Row) calendar.Day) column[Row] {
	return column[Row]{name: name, shape: asDay, required: required, number: func(r *Row) (int64, bool) {
		value := of(r)
		return int64(value), value != calendar.Missing
	}}
}

func amounts[Row any](s shape, of func(*Row) int64) column[Row] {
	return column[Row]{name: "amount", shape: s, required: true, number: func(r *Row) (int64, bool) { return of(r), true }}
}

func partial[Row any](name string, of func(*Row) calendar.Partial) column[Row] {
	return column[Row]{name: name, shape: asText, text: func(dst []byte, r *Row) []byte { return of(r).AppendText(dst) }}
}

func flag[Row any](name string, of func(*Row) Flag) column[Row] {
	return column[Row]{name: name, shape: asBoolean, number: func(r *Row) (int64, bool) {
		value := of(r)
		return int64(value) - int64(False), value != NoFlag
	}}
}

// empty is a column that no row has a value in.
func empty[Row any](name string, s shape) column[Row] {
	return column[Row]{name: name, shape: s,
		text:   func(dst []byte, _ *Row) []byte { return dst },
		number: func(*Row) (int64, bool) { return 0, false }}
}

var recordColumns = []column[Record]{
	bytes("identity_number", func(r *Record) []byte { return r.IdentityNumber }),
	day("payment_date", true, func(r *Record) calendar.Day { return r.PaymentDate }),
	amounts(asAmount, func(r *Record) int64 { return r.Amount }),
	bytes("record_id", func(r *Record) []byte { return r.RecordID }),
	text("agency", asCategory, true, func(r *Record) string { return r.Agency }),
	text("payment_type", asCategory, true, func(r *Record) string { return r.PaymentType }),
	text("currency", asCategory, true, func(r *Record) string { return r.Currency }),
	day("period_start", false, func(r *Record) calendar.Day { return r.PeriodStart }),
	day("period_end", false, func(r *Record) calendar.Day { return r.PeriodEnd }),
}

var entryColumns = []column[Entry]{
	integer("number", true, func(e *Entry) int64 { return int64(e.Number) }),
	text("status", asCategory, true, func(e *Entry) string { return e.Status }),
	day("status_from", false, func(e *Entry) calendar.Day { return e.StatusFrom }),
	text("status_reason", asCategory, false, func(e *Entry) string { return e.Reason }),
	day("known_from", false, func(e *Entry) calendar.Day { return e.KnownFrom }),
	integer("linked_number", false, func(e *Entry) int64 { return int64(e.Linked) }),
	text("identity_level", asCategory, false, func(e *Entry) string { return e.Level }),
	day("assigned_on", false, func(e *Entry) calendar.Day { return e.AssignedOn }),
	day("renewed_on", false, func(e *Entry) calendar.Day { return e.RenewedOn }),
	day("inactive_expected_on", false, func(e *Entry) calendar.Day { return e.InactiveExpectedOn }),
	partial("deceased_on", func(e *Entry) calendar.Partial { return e.DeceasedOn }),
	flag("protected", func(e *Entry) Flag { return e.Protected }),
}

// appendFindingID appends the id of a finding as docs/reference.md defines it. Every
// record has an id of its own, so that neither a key nor an occurrence is part of it.
func appendFindingID(dst []byte, f *Finding) []byte {
	var message []byte
	for _, text := range []string{f.Rule, SourceName, string(f.Record.RecordID)} {
		message = binary.AppendUvarint(message, uint64(len(text)))
		message = append(message, text...)
	}
	sum := sha256.Sum256(message)
	return hex.AppendEncode(dst, sum[:16])
}

// findingColumns are those of a report's findings, in their order, for records
// that stand in a file. What only a report can tell is empty.
func findingColumns(file string) []column[Finding] {
	return []column[Finding]{
		{name: "finding_id", shape: asText, required: true, text: appendFindingID},
		text("rule", asCategory, true, func(f *Finding) string { return f.Rule }),
		text("severity", asCategory, true, func(f *Finding) string { return f.Severity }),
		text("direction", asCategory, true, func(f *Finding) string { return f.Direction }),
		text("confidence", asCategory, true, func(f *Finding) string { return f.Confidence }),
		text("detail", asCategory, false, func(f *Finding) string { return f.Detail }),
		text("source", asCategory, true, func(*Finding) string { return SourceName }),
		text("file", asCategory, true, func(*Finding) string { return file }),
		integer("row", true, func(f *Finding) int64 { return f.Record.Row }),
		bytes("record_id", func(f *Finding) []byte { return f.Record.RecordID }),
		text("agency", asCategory, true, func(f *Finding) string { return f.Record.Agency }),
		text("payment_type", asCategory, true, func(f *Finding) string { return f.Record.PaymentType }),
		day("payment_date", true, func(f *Finding) calendar.Day { return f.Record.PaymentDate }),
		day("period_start", false, func(f *Finding) calendar.Day { return f.Record.PeriodStart }),
		day("period_end", false, func(f *Finding) calendar.Day { return f.Record.PeriodEnd }),
		amounts(asReportedAmount, func(f *Finding) int64 { return f.Record.Amount }),
		text("currency", asCategory, true, func(f *Finding) string { return f.Record.Currency }),
		text("identity_number", asText, false, func(f *Finding) string { return string(f.Record.IdentityNumber) }),
		digits("number", func(f *Finding) uint64 { return f.Number }),
		text("number_kind", asCategory, false, func(f *Finding) string { return f.NumberKind }),
		digits("use_number", func(f *Finding) uint64 { return f.UseNumber }),
		text("status", asCategory, false, func(f *Finding) string { return f.Status }),
		day("status_from", false, func(f *Finding) calendar.Day { return f.StatusFrom }),
		text("status_reason", asCategory, false, func(f *Finding) string { return f.StatusReason }),
		text("identity_level", asCategory, false, func(f *Finding) string { return f.IdentityLevel }),
		partial("deceased_on", func(f *Finding) calendar.Partial { return f.DeceasedOn }),
		day("known_from", false, func(f *Finding) calendar.Day { return f.KnownFrom }),
		flag("known_at_payment", func(f *Finding) Flag { return f.KnownAtPayment }),
		empty[Finding]("state", asText),
		empty[Finding]("first_seen", asDay),
		empty[Finding]("times_seen", asCount),
		empty[Finding]("decision", asText),
		empty[Finding]("decision_until", asDay),
		digits("other_number", func(f *Finding) uint64 { return f.OtherNumber }),
		flag("protected", func(f *Finding) Flag { return f.Protected }),
	}
}
