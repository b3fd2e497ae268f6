package report

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"unicode"
	"unicode/utf8"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
)

// shape is how a column is stored.
type shape uint8

const (
	asCategory shape = iota // text of few different values: a Parquet dictionary
	asText                  // text of many different values
	asInteger               // INT64
	asCount                 // INT32
	asDay                   // DATE
	asDecimal               // DECIMAL(18,2) of an INT64 of öre
	asBoolean
)

var shapeNames = [...]string{
	asCategory: "text", asText: "text", asInteger: "integer", asCount: "integer", asDay: "date", asDecimal: "decimal", asBoolean: "boolean",
}

// column is one column of a table. Of its functions it has the one that its
// shape asks for.
type column[Row any] struct {
	name, doc string
	shape     shape
	// required columns have a value in every row. In the others, empty text and
	// values that are not there are null, and an empty cell in CSV.
	required bool
	// bounded columns have their least and greatest values written beside their
	// pages, so that queries can pass over what they do not look for. Never those
	// that may hold an identity number: tools show bounds to people who were not
	// given the rows.
	bounded bool
	// sorted columns mostly have a value that begins like the one before.
	sorted bool
	// compressed columns are compressed with zstd; those of findings gain little.
	compressed bool
	// isNumber texts are twelve digits of a person's number: Excel is given its hyphen.
	isNumber bool
	// isDated texts are days at times, which Excel may read as such.
	isDated bool
	// isEmpty columns have no value in any row: none of the functions is asked.
	isEmpty bool

	code     func(r *Row) int        // of most categories: a number, and
	names    func(t *texts) [][]byte // the texts by number
	category func(r *Row) []byte     // of the others
	text     func(dst []byte, r *Row) []byte
	number   func(r *Row) (value int64, ok bool) // of all other shapes; days by number, booleans as 0 and 1

	// The same of many rows at once, where that is worth it. In numbers null stands
	// for no value, unless the column is required; texts sets where each text ends.
	codes   func(codes []int32, rows []Row)
	numbers func(numbers []int64, rows []Row)
	texts   func(dst []byte, ends []uint32, rows []Row) []byte
	null    int64
}

// categoryOf is the text of a category.
func (c *column[Row]) categoryOf(t *texts, r *Row) []byte {
	switch {
	case c.isEmpty:
		return nil
	case c.code != nil:
		return c.names(t)[c.code(r)]
	}
	return c.category(r)
}

// numberOf is the value of a column that is no text.
func (c *column[Row]) numberOf(r *Row) (value int64, ok bool) {
	if c.isEmpty {
		return 0, false
	}
	return c.number(r)
}

// Column describes a column of a report's tables.
type Column struct {
	Name string
	Type string // text, integer, date, decimal or boolean
	Doc  string
	// Required columns have a value in every row.
	Required bool
}

// FindingColumns are the columns of findings in their order.
func FindingColumns() []Column {
	return describe(findingColumns(&Run{Follow: true, Decide: func(*Finding) {}}))
}

// RejectColumns are the columns of rejects in their order.
func RejectColumns() []Column { return describe(rejectColumns(false)) }

func describe[Row any](columns []column[Row]) []Column {
	described := make([]Column, len(columns))
	for i, c := range columns {
		described[i] = Column{Name: c.name, Type: shapeNames[c.shape], Doc: c.doc, Required: c.required}
	}
	return described
}

// texts are the texts that rows refer to by number.
type texts struct {
	rules, sources, files         [][]byte
	agency, paymentType, currency [][]byte

	longestNames int // bytes of the texts that a finding has by number, at most
}

func newTexts(run *Run) *texts {
	t := &texts{
		agency:      byteSlices(run.Dictionaries.Agency.Values()),
		paymentType: byteSlices(run.Dictionaries.PaymentType.Values()),
		currency:    byteSlices(run.Dictionaries.Currency.Values()),
	}
	for _, rule := range run.Catalogue {
		t.rules = append(t.rules, []byte(rule.Name))
	}
	for _, file := range run.Files {
		t.sources = append(t.sources, valid([]byte(file.Source)))
		t.files = append(t.files, valid([]byte(file.Path)))
	}
	for _, names := range [][][]byte{t.sources, t.files, t.agency, t.paymentType, t.currency} {
		longest := 0
		for _, name := range names {
			longest = max(longest, len(name))
		}
		t.longestNames += longest
	}
	return t
}

// ofFinding is how many bytes the texts of a finding have that may be long: those
// as given, by the finding or by number.
func (t *texts) ofFinding(f *Finding) int {
	return len(f.RecordID) + len(f.IdentityNumber) + len(f.Detail) + len(f.StatusReason) + len(t.sources[f.File]) + len(t.files[f.File]) +
		len(t.agency[f.Agency]) + len(t.paymentType[f.PaymentType]) + len(t.currency[f.Currency])
}

// ofReject is the same for a rejected row.
func (t *texts) ofReject(r *Reject) int {
	size := len(r.Column) + len(r.Raw) + len(t.sources[r.File]) + len(t.files[r.File])
	if r.HasAmount {
		size += len(t.currency[r.Currency])
	}
	return size
}

func byteSlices(values []string) [][]byte {
	slices := make([][]byte, len(values))
	for i, value := range values {
		slices[i] = valid([]byte(value))
	}
	return slices
}

// namesOf are the names of the values 0 to last of an enumeration.
func namesOf[Value ~uint8](last Value, name func(Value) string) [][]byte {
	var names [][]byte
	for value := range last + 1 {
		names = append(names, []byte(name(value)))
	}
	return names
}

var (
	severityNames  = namesOf(rules.Error, rules.Severity.String)
	directionNames = namesOf(rules.OnRegister, rules.Direction.String)
	kindNames      = namesOf(identity.Interim, identity.Kind.String)
	statusNames    = namesOf(register.Deregistered, register.Status.String)
	levelNames     = namesOf(register.Confirmed, register.Level.String)
	reasonNames    = namesOf(pipeline.RejectReason(pipeline.RejectReasons-1), pipeline.RejectReason.String)

	confidenceNames = [][]byte{[]byte("certain"), []byte("possible")}
)

// findingColumns are the columns of findings in their order.
func findingColumns(run *Run) []column[Finding] {
	given := func(dst []byte, f *Finding) []byte { return appendValid(dst, f.IdentityNumber) }
	appendNumber := identity.Number.AppendDigits
	word := valid // of the register
	if run.Masked {
		word = maskedWord
		given = appendMaskedGiven
		appendNumber = identity.Number.AppendMasked
	}
	return byRows([]column[Finding]{
		{name: "finding_id", doc: "32 hexadecimal digits: the same for the same finding in every run", shape: asText, required: true, text: appendID},
		{name: "rule", doc: "the rule that found it", required: true, code: func(f *Finding) int { return int(f.Rule) }, names: func(t *texts) [][]byte { return t.rules }},
		{name: "severity", doc: "`info`, `warning` or `error`, as the policy has it", required: true, code: func(f *Finding) int { return int(f.Severity) }, names: constant(severityNames)},
		{name: "direction", doc: "what should change: `record`, `identity`, `register` or `none`", required: true, code: func(f *Finding) int { return int(f.Direction) }, names: constant(directionNames)},
		{name: "confidence", doc: "`certain`, or `possible` where the date of death is incomplete", required: true, code: func(f *Finding) int { return int(truth(f.Possible)) }, names: constant(confidenceNames)},
		{name: "detail", doc: "what the rule adds; see the rule", isDated: true, category: func(f *Finding) []byte { return word(f.Detail) }},
		{name: "source", doc: "the source of the record, as configured", bounded: true, required: true, code: func(f *Finding) int { return f.File }, names: func(t *texts) [][]byte { return t.sources }},
		{name: "file", doc: "the file of the record", bounded: true, required: true, code: func(f *Finding) int { return f.File }, names: func(t *texts) [][]byte { return t.files }},
		{name: "row", doc: "its row in the file; the first data row is 1", bounded: true, shape: asInteger, required: true, number: func(f *Finding) (int64, bool) { return f.Row, true }},
		{name: "record_id", doc: "the agency's own key, where the record has one", shape: asText, sorted: true, text: func(dst []byte, f *Finding) []byte { return appendValid(dst, f.RecordID) }},
		{name: "agency", doc: "as the record has it", code: func(f *Finding) int { return int(f.Agency) }, names: func(t *texts) [][]byte { return t.agency }},
		{name: "payment_type", doc: "as the record has it", code: func(f *Finding) int { return int(f.PaymentType) }, names: func(t *texts) [][]byte { return t.paymentType }},
		{name: "payment_date", doc: "the day that the record is judged by", bounded: true, shape: asDay, required: true, number: func(f *Finding) (int64, bool) { return int64(f.PaymentDate), true }},
		{name: "period_start", doc: "the first day that the payment is for", shape: asDay, number: func(f *Finding) (int64, bool) { return dayOf(f.PeriodStart) }},
		{name: "period_end", doc: "the last day that the payment is for", shape: asDay, number: func(f *Finding) (int64, bool) { return dayOf(f.PeriodEnd) }},
		{name: "amount", doc: "in the currency, with two decimals", bounded: true, shape: asDecimal, required: true, number: func(f *Finding) (int64, bool) { return f.Amount, true }},
		{name: "currency", doc: "as the record has it, else `SEK`", required: true, code: func(f *Finding) int { return int(f.Currency) }, names: func(t *texts) [][]byte { return t.currency }},
		{name: "identity_number", doc: "as given", shape: asText, text: given},
		{name: "number", doc: "the twelve digits that it was read as; empty where it is malformed or of another kind", shape: asText, isNumber: true, text: func(dst []byte, f *Finding) []byte { return appendNumber(f.Number, dst) }},
		{name: "number_kind", doc: "`personal`, `coordination`, `organisation`, `gd` or `interim`", code: func(f *Finding) int { return int(f.NumberKind) }, names: constant(kindNames)},
		{name: "use_number", doc: "the number at the end of the chain of links, where another replaces this one", shape: asText, isNumber: true, text: func(dst []byte, f *Finding) []byte { return appendNumber(f.UseNumber, dst) }},
		{name: "status", doc: "of the number on the payment date: `active`, `inactive`, `closed` or `deregistered`", code: func(f *Finding) int { return int(f.Status) }, names: constant(statusNames)},
		{name: "status_from", doc: "when the status began", shape: asDay, number: func(f *Finding) (int64, bool) { return dayOf(f.StatusFrom) }},
		{name: "status_reason", doc: "deregistration code or reason of inactivity, as the register has it", category: func(f *Finding) []byte { return word(f.StatusReason) }},
		{name: "identity_level", doc: "`confirmed`, `probable`, `uncertain` or `not_applicable`", code: func(f *Finding) int { return int(f.IdentityLevel) }, names: constant(levelNames)},
		{name: "deceased_on", doc: "may be incomplete: `2019-00-00`, `2019-05-00`, `0`", shape: asText, isDated: true, text: func(dst []byte, f *Finding) []byte { return f.DeceasedOn.AppendText(dst) }},
		{name: "known_from", doc: "when the register made known what was found; empty where the extract does not tell", shape: asDay, number: func(f *Finding) (int64, bool) { return dayOf(f.KnownFrom) }},
		{name: "known_at_payment", doc: "whether that was on the payment date or before", shape: asBoolean, number: func(f *Finding) (int64, bool) {
			known, isKnown := f.KnownAtPayment()
			return truth(known), isKnown
		}},
		{name: "state", doc: "`new`, `persisting` or `returned`; empty without a baseline", isEmpty: !run.Follow, code: func(f *Finding) int { return int(f.State) }, names: constant(stateNames)},
		{name: "first_seen", doc: "the day of the first report that has it; empty without a baseline", shape: asDay, isEmpty: !run.Follow, number: func(f *Finding) (int64, bool) { return dayOf(f.FirstSeen) }},
		{name: "times_seen", doc: "how many reports have it, this one included; empty without a baseline", shape: asCount, isEmpty: !run.Follow, number: func(f *Finding) (int64, bool) { return int64(f.TimesSeen), true }},
		{name: "decision", doc: "`confirmed`, `lawful`, `register_wrong`, `corrected` or `not_investigated`; empty where none was made", isEmpty: run.Decide == nil, code: func(f *Finding) int { return int(f.Decision) }, names: constant(decisionNames)},
		{name: "decision_until", doc: "the last day on which the decision holds; empty for without end", shape: asDay, isEmpty: run.Decide == nil, number: func(f *Finding) (int64, bool) { return dayOf(f.DecisionUntil) }},
		{name: "other_number", doc: "the other number of `paid_under_two_numbers`, the older of `ambiguous_century`", shape: asText, isNumber: true, text: func(dst []byte, f *Finding) []byte { return appendNumber(f.OtherNumber, dst) }},
		{name: "protected", doc: "whether the person has protected identity: show nothing more of them", shape: asBoolean, number: func(f *Finding) (int64, bool) {
			return truth(f.Protected == register.True), f.Protected != register.NoValue
		}},
	}, run.Masked)
}

// rejectColumns are the columns of rejects in their order. The raw text may hold
// an identity number anywhere, so where numbers are masked there is no such column.
func rejectColumns(masked bool) []column[Reject] {
	columns := []column[Reject]{
		{name: "source", doc: "the source of the row, as configured", bounded: true, required: true, code: func(r *Reject) int { return r.File }, names: func(t *texts) [][]byte { return t.sources }},
		{name: "file", doc: "the file of the row", bounded: true, required: true, code: func(r *Reject) int { return r.File }, names: func(t *texts) [][]byte { return t.files }},
		{name: "row", doc: "its row in the file; the first data row is 1", bounded: true, shape: asInteger, required: true, number: func(r *Reject) (int64, bool) { return r.Row, true }},
		{name: "line", doc: "its line in a text file; the first is 1", shape: asInteger, number: func(r *Reject) (int64, bool) { return r.Line, r.Line > 0 }},
		{name: "byte_offset", doc: "where it begins in the decompressed file; the first byte is 0", shape: asInteger, number: func(r *Reject) (int64, bool) { return r.ByteOffset, r.ByteOffset >= 0 }},
		{name: "column", doc: "the column at fault; empty where it is the whole row", shape: asText, text: func(dst []byte, r *Reject) []byte { return append(dst, r.Column...) }},
		{name: "reason", doc: "why it is no record", required: true, code: func(r *Reject) int { return int(r.Reason) }, names: constant(reasonNames)},
		{name: "amount", doc: "where it could be read", bounded: true, shape: asDecimal, number: func(r *Reject) (int64, bool) { return r.Amount, r.HasAmount }},
		{name: "currency", doc: "of the amount", code: func(r *Reject) int {
			if !r.HasAmount {
				return 0 // the empty text
			}
			return int(r.Currency)
		}, names: func(t *texts) [][]byte { return t.currency }},
	}
	if masked {
		return columns
	}
	return append(columns, column[Reject]{
		name: "raw", doc: "the row or the value as it stands; left out where numbers are masked", shape: asText, compressed: true, text: func(dst []byte, r *Reject) []byte { return appendValid(dst, r.Raw) },
	})
}

// hexDigits are the two digits of each byte, the first in the low eight bits.
var hexDigits = func() (digits [256]uint16) {
	for i := range digits {
		digits[i] = binary.LittleEndian.Uint16(hex.AppendEncode(nil, []byte{byte(i)}))
	}
	return digits
}()

func appendID(dst []byte, f *Finding) []byte {
	var text [2 * len(f.ID)]byte
	for i, b := range f.ID {
		binary.LittleEndian.PutUint16(text[2*i:], hexDigits[b])
	}
	return append(dst, text[:]...)
}

// appendMaskedGiven appends the year of the number that the text was read as,
// and asterisks; asterisks alone where it was no number, always as many.
func appendMaskedGiven(dst []byte, f *Finding) []byte {
	switch {
	case len(f.IdentityNumber) == 0:
		return dst
	case f.Number == 0:
		return append(dst, "************"...)
	}
	return f.Number.AppendMasked(dst)
}

// maskedWord is a word of the register, unless it has as many digits, of whatever
// script, as an identity number: an extract's columns may have slipped.
func maskedWord(word []byte) []byte {
	digits := 0
	for _, r := range string(word) {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits >= 10 {
		return []byte("(digits)")
	}
	return valid(word)
}

// valid is text with what is no UTF-8 in it replaced by U+FFFD, since Parquet's
// strings and our CSV are UTF-8.
func valid(text []byte) []byte {
	if isASCII(text) || utf8.Valid(text) {
		return text
	}
	return bytes.ToValidUTF8(text, []byte("\uFFFD"))
}

// isASCII is quick about short texts.
func isASCII(text []byte) bool {
	const high = 0x8080808080808080
	if n := len(text); 8 <= n && n <= 16 {
		return (binary.LittleEndian.Uint64(text)|binary.LittleEndian.Uint64(text[n-8:]))&high == 0
	}
	return false
}

func appendValid(dst, text []byte) []byte { return append(dst, valid(text)...) }

func dayOf(d calendar.Day) (int64, bool) { return int64(d), d != calendar.Missing }

func constant(names [][]byte) func(*texts) [][]byte { return func(*texts) [][]byte { return names } }

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
