// Package pipeline moves records: a Piece of a file is cut, read into batches,
// checked and written, by several workers and in the order of the rows.
package pipeline

import (
	"strconv"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/column"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
)

// BatchRows is how many rows a batch holds at most. Its columns then stay in
// the second-level cache of one core.
const BatchRows = 4096

// Batch is a run of consecutive rows of a piece, as columns. Every column that
// is not nil is Rows long. A worker makes one batch and fills it again and
// again; what a column points to is good until then.
type Batch struct {
	Rows     int
	FirstRow int64 // row of the first, from 0 in the piece

	// What a reader fills.

	// The identity numbers as the agency has them: text, or Integers where the
	// column is numeric. Text holds what identity makes of each.
	Given    column.Text
	Integers []int64
	Text     []identity.Text

	PaymentDate            []calendar.Day
	PeriodStart, PeriodEnd []calendar.Day // nil, or Missing where there is none
	Amount                 []int64        // öre
	// The agency's own keys: text, or RecordIntegers where the column is
	// numeric (RecordMissing then marks rows without). HasRecordID is false
	// where the source has no such column.
	HasRecordID    bool
	RecordID       column.Text
	RecordIntegers []int64
	RecordMissing  []bool // nil where no row lacks it

	// Numbers of the run's Dictionaries.
	Agency, PaymentType, Currency []uint16

	// Rejected marks the rows that are no records; nothing else of them but the
	// amount may be used, and Rejects tells why, in the order of the rows.
	Rejected []bool
	Rejects  []Reject

	// What rules.Checker fills.

	Year   []int16           // of the payment date
	Number []identity.Number // 0 where there is none
	Fault  []identity.Fault
	Kind   []identity.Kind
	Place  []register.Place // register.Plain for most: rules.Facts.Settle looks up where
	Entry  []register.Entry // only where Place is a place, or Plain
	// Ambiguous are the rows of ten digits of which both readings are in the
	// register, with the older.
	Ambiguous []Ambiguous
}

// Ambiguous is a row of ten digits that two numbers of the register share.
type Ambiguous struct {
	Row   int32
	Older identity.Number
}

// Reject is a row that cannot be read as a record.
type Reject struct {
	Row        int32  // in the batch
	Line       int64  // of the text file, from 1; 0 where there are no lines
	ByteOffset int64  // of the row in the decompressed file; -1 where it is not known
	Column     string // canonical name; empty where the whole row is at fault
	Reason     RejectReason
	HasAmount  bool   // Amount and Currency of the batch's row could be read
	Raw        []byte // the row or the value as it stands, or how a long one begins; good as long as the batch
}

// RejectReason says why a row is no record. Values are stable.
type RejectReason uint8

const (
	NoReason      RejectReason = iota
	FieldCount                 // not as many fields as the header
	Quote                      // text after a closing quote
	UnclosedQuote              // the file ends inside quotes
	Encoding                   // bytes that the encoding does not have
	MissingDate                // no payment date
	BadDate                    // a date that cannot be read
	MissingAmount              // no amount
	BadAmount                  // an amount that cannot be read, or is finer than öre
	AmountRange                // an amount beyond 18 digits of öre
	PersonsNumber              // a person's number where an agency, payment type or currency stands

	lastReason = PersonsNumber
)

// RejectReasons are all reasons, NoReason among them.
const RejectReasons = int(lastReason) + 1

var rejectReasons = [...]string{"", "field_count", "quote", "unclosed_quote", "encoding", "missing_date", "bad_date",
	"missing_amount", "bad_amount", "amount_range", "identity_number"}

// String is the reason's name in reports.
func (r RejectReason) String() string { return rejectReasons[r] }

// Dictionaries number the texts of a run's category columns.
type Dictionaries struct {
	Agency, PaymentType, Currency *column.Dictionary
}

// NewDictionaries are empty dictionaries for a run.
func NewDictionaries() *Dictionaries {
	return &Dictionaries{
		Agency:      column.NewDictionary("agency"),
		PaymentType: column.NewDictionary("payment_type"),
		Currency:    column.NewDictionary("currency"),
	}
}

// AppendGiven appends the identity number of row i as the agency has it.
func (b *Batch) AppendGiven(dst []byte, i int) []byte {
	if b.Integers != nil {
		// A null of a numeric column is the one row whose text is empty.
		if b.Text[i].Fault == identity.Empty {
			return dst
		}
		return strconv.AppendInt(dst, b.Integers[i], 10)
	}
	return append(dst, b.Given.At(i)...)
}

// AppendRecordID appends the agency's own key of row i; nothing where it has none.
func (b *Batch) AppendRecordID(dst []byte, i int) []byte {
	switch {
	case !b.HasRecordID || b.RecordMissing != nil && b.RecordMissing[i]:
		return dst
	case b.RecordIntegers != nil:
		return appendInteger(dst, b.RecordIntegers[i])
	}
	return append(dst, b.RecordID.At(i)...)
}

// GivenOf is the identity number of row i as the agency has it: where it stands,
// or, of a numeric column, in scratch, which is returned to be used again.
func (b *Batch) GivenOf(i int, scratch []byte) (given, newScratch []byte) {
	if b.Integers == nil { // fast path
		return b.Given.At(i), scratch
	}
	scratch = b.AppendGiven(scratch[:0], i)
	return scratch, scratch
}

// RecordIDOf is the agency's own key of row i likewise; nothing where it has none.
func (b *Batch) RecordIDOf(i int, scratch []byte) (recordID, newScratch []byte) {
	if b.HasRecordID && b.RecordIntegers == nil && b.RecordMissing == nil { // fast path
		return b.RecordID.At(i), scratch
	}
	scratch = b.AppendRecordID(scratch[:0], i)
	return scratch, scratch
}
