package casework

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// ErrNoFinding says that a report has no finding of an id.
var ErrNoFinding = errors.New("the report has no finding with this id")

// Question is what Explain is asked.
type Question struct {
	Folder   string // of the report
	Manifest *report.Manifest
	ID       string // of the finding: 32 hexadecimal digits
	// Source is how files of a source are read, as the report's configuration has
	// it, without its files; nil for a source that it does not have.
	Source func(name string) *readers.Source
	// Policy is that of the report. LacksTestNumbers says that its test numbers
	// are not known any more.
	Policy           rules.Policy
	LacksTestNumbers bool
	// Register opens the register, or returns nil where there is none. note says how
	// it is not the one of the report. It is asked only once the finding is found.
	Register func(ctx context.Context) (snapshot *register.Snapshot, note string, err error)
	// Full shows identity numbers in full, else they are masked.
	Full bool
}

// Explanation is why a finding was made. Identity numbers in it are as the
// question asks, and texts are safe to print: what cannot be printed is U+FFFD.
type Explanation struct {
	Report    string   `json:"report"`
	FindingID string   `json:"finding_id"`
	Rule      string   `json:"rule"`
	Title     string   `json:"title"`
	Severity  string   `json:"severity"`
	Direction string   `json:"direction"`
	Certainty string   `json:"confidence"`
	Detail    string   `json:"detail,omitempty"`
	Notes     []string `json:"notes,omitempty"` // what the reader should know before the rest
	Protected bool     `json:"protected"`       // then nothing of the person follows

	State     string `json:"state,omitempty"`
	FirstSeen string `json:"first_seen,omitempty"`
	TimesSeen int64  `json:"times_seen,omitempty"`
	Decision  string `json:"decision,omitempty"`
	Until     string `json:"decision_until,omitempty"`

	Record   ExplainedRecord    `json:"record"`
	Why      string             `json:"why,omitempty"`
	Again    string             `json:"run_again,omitempty"` // what the rules say now
	Clean    string             `json:"clean_if,omitempty"`
	Action   string             `json:"what_to_do,omitempty"`
	Register *ExplainedRegister `json:"register,omitempty"`
	Policy   []string           `json:"policy,omitempty"`
	Laws     []string           `json:"laws,omitempty"`

	// Others are the findings of the same rule about records that this one was
	// compared with, at most explainedOthers of them and of nobody who is protected.
	Others      []ExplainedRecord `json:"others,omitempty"`
	OtherCount  int64             `json:"other_count,omitempty"`
	OtherNumber string            `json:"other_number,omitempty"`
}

// ExplainedRecord is a record, as it was read again or as a finding has it.
type ExplainedRecord struct {
	FindingID      string `json:"finding_id,omitempty"`
	Source         string `json:"source"`
	File           string `json:"file"`
	Row            int64  `json:"row"`
	RecordID       string `json:"record_id,omitempty"`
	IdentityNumber string `json:"identity_number,omitempty"`
	Number         string `json:"number,omitempty"`
	NumberKind     string `json:"number_kind,omitempty"`
	Agency         string `json:"agency,omitempty"`
	PaymentType    string `json:"payment_type,omitempty"`
	PaymentDate    string `json:"payment_date,omitempty"`
	PeriodStart    string `json:"period_start,omitempty"`
	PeriodEnd      string `json:"period_end,omitempty"`
	Amount         string `json:"amount,omitempty"`
	Currency       string `json:"currency,omitempty"`
	ReadAgain      string `json:"read_again,omitempty"` // whether it was, and is the same
}

// explainedOthers is how many records of others are shown.
const explainedOthers = 20

// explaining is an explanation in the making.
type explaining struct {
	question *Question
	*Explanation
	finding  *report.PublishedFinding
	rule     *rules.Rule
	masked   bool    // the report is, and its numbers tell nothing
	record   *record // nil where it is known neither from its file nor from the finding
	snapshot *register.Snapshot
	judged   *judged // nil where the rules were not run again
}

// Explain says why a finding was made: it reads the record again where it lies,
// runs the rules on it, and shows what the register said. Its memory does not
// depend on the size of the report. The error is ErrNoFinding, wrapped, where
// there is no such finding.
func Explain(ctx context.Context, question Question) (*Explanation, error) {
	id, err := hex.DecodeString(question.ID)
	if err != nil || len(id) != 16 {
		return nil, fmt.Errorf("%w: an id is 32 hexadecimal digits", ErrNoFinding)
	}
	question.ID = hex.EncodeToString(id)
	findings, err := report.OpenPublished(question.Folder)
	if err != nil {
		return nil, err
	}
	defer findings.Close() // it was only read
	e := &explaining{question: &question, Explanation: &Explanation{Report: printable(question.Folder)}, masked: question.Manifest.Numbers == "masked"}
	if err := e.find(ctx, findings); err != nil {
		return nil, err
	}
	if e.Protected = e.finding.Protected == register.True; e.Protected {
		e.hide()
		return e.Explanation, nil
	}
	if err := e.readRecord(ctx); err != nil {
		return nil, err
	}
	snapshot, note, err := question.Register(ctx)
	if err != nil {
		return nil, err
	}
	e.snapshot = snapshot
	e.note(note)
	e.judge()
	if e.Protected = e.isProtected(); e.Protected {
		e.hide()
		return e.Explanation, nil
	}
	e.tellRecord()
	e.tellRegister()
	e.Policy = e.policyLines()
	for _, law := range e.rule.Laws {
		if law.InForce(e.finding.PaymentDate) {
			e.Laws = append(e.Laws, law.Cite)
		}
	}
	said := sentences[e.rule.Name](e)
	e.Why, e.Clean, e.Action = said.why, said.clean, e.rule.Action
	e.Again = e.compare()
	if e.rule.Across != nil {
		if err := e.findOthers(ctx, findings); err != nil {
			return nil, err
		}
	}
	if e.finding.OtherNumber != "" {
		e.OtherNumber = e.showText(e.finding.OtherNumber)
	}
	return e.Explanation, nil
}

// find finds the finding by its id, and how many others have that id.
func (e *explaining) find(ctx context.Context, findings *report.PublishedFindings) error {
	place, repeats := int64(-1), 0
	err := findings.Each(ctx, []string{"finding_id"}, func(at int64, texts [][]byte) error {
		switch {
		case string(texts[0]) != e.question.ID:
		case place < 0:
			place = at
		default:
			repeats++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if place < 0 {
		return fmt.Errorf("%s: %w", e.question.Folder, ErrNoFinding)
	}
	if e.finding, err = findings.At(place); err != nil {
		return err
	}
	if e.rule = rules.Named(e.finding.Rule); e.rule == nil {
		return fmt.Errorf("cannot explain a finding of %s: this program has no such rule", printable(e.finding.Rule))
	}
	f := e.finding
	e.FindingID, e.Rule, e.Title = f.ID, e.rule.Name, e.rule.Title
	e.Severity, e.Direction, e.Certainty = printable(f.Severity), printable(f.Direction), printable(f.Confidence)
	e.State, e.FirstSeen, e.TimesSeen = printable(f.State), f.FirstSeen.String(), f.TimesSeen
	e.Decision, e.Until = printable(f.Decision), f.DecisionUntil.String()
	e.Explanation.Record = ExplainedRecord{Source: printable(f.Source), File: printable(f.File), Row: f.Row}
	e.Detail = e.text(f.Detail)
	if repeats > 0 {
		e.note(fmt.Sprintf("record ids are repeated, so that findings have the same id: this is the first of %d", repeats+1))
	}
	return nil
}

func (e *explaining) note(text string) {
	if text != "" {
		e.Notes = append(e.Notes, text)
	}
}

// hide takes out what has been told of a person who is protected.
func (e *explaining) hide() {
	f := e.finding
	e.Explanation.Record = ExplainedRecord{Source: printable(f.Source), File: printable(f.File), Row: f.Row}
	e.Notes, e.Detail = nil, ""
	e.State, e.FirstSeen, e.TimesSeen, e.Decision, e.Until = "", "", 0, "", ""
}

// record is a record as the rules look at it.
type record struct {
	given                               []byte // the identity number
	text                                identity.Text
	paymentDate, periodStart, periodEnd calendar.Day
	amount                              int64
	agency, paymentType, currency       string
	recordID                            []byte
}

// readRecord reads the record again where it lies, or else takes it from the
// finding.
func (e *explaining) readRecord(ctx context.Context) error {
	why, err := e.readAgain(ctx)
	if err != nil {
		return err
	}
	told := &e.Explanation.Record.ReadAgain
	if why == "" {
		*told = "yes, and it is the record that the finding is about"
		return nil
	}
	if e.record = nil; e.masked {
		*told = "no: " + why + ". The report is masked, so nothing is known of its number but the year"
		return nil
	}
	*told = "no: " + why + ". What follows is told from the finding alone"
	e.record = recordOf(e.finding)
	return nil
}

// readAgain reads the record from its file. It says why that did not do, and
// nothing where it did.
func (e *explaining) readAgain(ctx context.Context) (why string, err error) {
	f := e.finding
	var input *report.Input
	for i := range e.question.Manifest.Inputs {
		at := &e.question.Manifest.Inputs[i]
		if valid(at.Source) == f.Source && valid(at.Path) == f.File {
			input = at
		}
	}
	source := e.question.Source(f.Source)
	switch {
	case f.File == readers.StandardInput:
		return "it came from standard input, which cannot be read again", nil
	case input == nil || source == nil:
		return "the manifest does not have its file", nil
	}
	changed, err := input.Compare(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the file is gone; relative paths are taken from the current folder", nil
	case context.Cause(ctx) != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "the file cannot be read: " + printable(err.Error()), nil
	case changed != "":
		return "the file has changed since: " + changed, nil
	}
	source.Files = []string{input.Path}
	dictionaries := pipeline.NewDictionaries()
	different := ""
	err = readers.ReadRow(ctx, *source, f.Row, dictionaries, func(b *pipeline.Batch, place int32) error {
		e.record = recordAt(b, place, dictionaries)
		if different = e.differences(); b.Rejected[place] {
			different = "it is no record"
		}
		return nil
	})
	switch {
	case context.Cause(ctx) != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return printable(err.Error()), nil
	case different != "":
		return "the row holds another record now: " + different, nil
	}
	return "", nil
}

func recordAt(b *pipeline.Batch, place int32, dictionaries *pipeline.Dictionaries) *record {
	r := &record{
		text: b.Text[place], given: b.AppendGiven(nil, int(place)), recordID: b.AppendRecordID(nil, int(place)),
		paymentDate: b.PaymentDate[place], periodStart: calendar.Missing, periodEnd: calendar.Missing, amount: b.Amount[place],
		agency: dictionaries.Agency.Values()[b.Agency[place]], paymentType: dictionaries.PaymentType.Values()[b.PaymentType[place]],
		currency: dictionaries.Currency.Values()[b.Currency[place]],
	}
	if b.PeriodStart != nil {
		r.periodStart = b.PeriodStart[place]
	}
	if b.PeriodEnd != nil {
		r.periodEnd = b.PeriodEnd[place]
	}
	return r
}

// recordOf is the record that a finding of a full report is about.
func recordOf(f *report.PublishedFinding) *record {
	return &record{
		given: []byte(f.IdentityNumber), text: textOf(f), recordID: []byte(f.RecordID),
		paymentDate: f.PaymentDate, periodStart: f.PeriodStart, periodEnd: f.PeriodEnd, amount: f.Amount,
		agency: f.Agency, paymentType: f.PaymentType, currency: f.Currency,
	}
}

// textOf reads the identity number of a finding as the run did. Fewer than ten
// digits are those of a numeric column, which has lost its zeros, unless the
// finding says that their length is wrong: that is told of text alone.
func textOf(f *report.PublishedFinding) identity.Text {
	const tenDigits = 10
	isShortText := f.Rule == "malformed_number" && f.Detail == "length"
	if len(f.IdentityNumber) < tenDigits && !isShortText {
		if value, err := strconv.ParseUint(f.IdentityNumber, 10, 63); err == nil {
			return identity.ParseInteger(int64(value))
		}
	}
	return identity.Parse([]byte(f.IdentityNumber))
}

// differences are the columns in which the record is not that of the finding.
func (e *explaining) differences() string {
	f, r := e.finding, e.record
	var columns []string
	differ := func(name string, differs bool) {
		if differs {
			columns = append(columns, name)
		}
	}
	// A masked report tells no more than the year.
	differ("identity_number", !e.masked && valid(string(r.given)) != f.IdentityNumber || (len(r.given) == 0) != (f.IdentityNumber == ""))
	differ("payment_date", r.paymentDate != f.PaymentDate)
	differ("amount", r.amount != f.Amount)
	differ("record_id", valid(string(r.recordID)) != f.RecordID)
	differ("agency", valid(r.agency) != f.Agency)
	differ("payment_type", valid(r.paymentType) != f.PaymentType)
	differ("currency", valid(r.currency) != f.Currency)
	differ("period_start", r.periodStart != f.PeriodStart)
	differ("period_end", r.periodEnd != f.PeriodEnd)
	if len(columns) == 0 {
		return ""
	}
	return strings.Join(columns, ", ") + " differ"
}

// tellRecord shows the record.
func (e *explaining) tellRecord() {
	f := e.finding
	told := e.explained(f)
	told.FindingID, told.ReadAgain = "", e.Explanation.Record.ReadAgain
	told.Number = e.showText(f.Number)
	switch {
	case e.question.Full && e.record != nil:
		told.IdentityNumber = printable(string(e.record.given))
	case f.IdentityNumber == "":
	case f.Number != "":
		told.IdentityNumber = e.showText(f.Number)
	default:
		told.IdentityNumber = maskedText
	}
	if e.judged != nil && e.judged.number != 0 {
		told.Number = e.show(e.judged.number)
	}
	e.Explanation.Record = told
}

// explained is the record of a finding without its numbers.
func (e *explaining) explained(f *report.PublishedFinding) ExplainedRecord {
	return ExplainedRecord{
		FindingID: f.ID, Source: printable(f.Source), File: printable(f.File), Row: f.Row, RecordID: e.text(f.RecordID),
		NumberKind: printable(f.NumberKind), Agency: e.text(f.Agency), PaymentType: e.text(f.PaymentType),
		PaymentDate: f.PaymentDate.String(), PeriodStart: f.PeriodStart.String(), PeriodEnd: f.PeriodEnd.String(),
		Amount: decimal(f.Amount), Currency: e.text(f.Currency),
	}
}

// findOthers finds the findings of the same rule about the records that this one
// was compared with.
func (e *explaining) findOthers(ctx context.Context, findings *report.PublishedFindings) error {
	if e.masked {
		e.note("the report is masked, so the other records cannot be told from those of others")
		return nil
	}
	f := e.finding
	person := []byte(personOf(f.UseNumber, f.Number))
	return findings.Each(ctx, []string{"rule", "number", "use_number", "payment_type"}, func(place int64, texts [][]byte) error {
		if string(texts[0]) != f.Rule || place == f.Place || personOf(string(texts[2]), string(texts[1])) != string(person) || string(texts[3]) != f.PaymentType {
			return nil
		}
		other, err := findings.At(place)
		if err != nil {
			return err
		}
		isSame := other.PaymentDate.Month() == f.PaymentDate.Month()
		if f.Rule == "duplicate_payment" {
			isSame = other.PaymentDate == f.PaymentDate && other.Agency == f.Agency && other.Amount == f.Amount && other.Currency == f.Currency
		}
		if !isSame {
			return nil
		}
		if e.OtherCount++; len(e.Others) < explainedOthers && other.Protected != register.True {
			told := e.explained(other)
			told.Number = e.showText(other.Number)
			e.Others = append(e.Others, told)
		}
		return nil
	})
}

// personOf is the number of the person behind a finding.
func personOf(useNumber, number string) string {
	if useNumber != "" {
		return useNumber
	}
	return number
}

// maskedText stands for an identity number that is no person's, as in masked reports.
const maskedText = "************"

// show is a number as the question asks.
func (e *explaining) show(number identity.Number) string {
	if e.question.Full {
		return string(number.AppendDigits(nil))
	}
	return number.String()
}

// showText is a number of a finding as the question asks.
func (e *explaining) showText(number string) string {
	if e.question.Full || number == "" {
		return printable(number)
	}
	return maskDigits(number)
}

// maskDigits masks twelve digits, and what a masked report has in their place.
func maskDigits(number string) string {
	const year = 4
	if len(number) < year {
		return maskedText
	}
	return printable(number[:year]) + maskedText[year:]
}

// digitsText stands for a text that has a person's number in it.
const digitsText = "(digits)"

// text is a text of a record or of the register, as the question asks: in one of a
// column that has slipped, or in an agency's own key, a person's number may stand.
func (e *explaining) text(text string) string {
	if !e.question.Full && identity.Contains([]byte(text)) {
		return digitsText
	}
	return printable(text)
}

// longestText is how much of a text of the record is shown, in characters.
const longestText = 200

// printable is text for a terminal: what cannot be printed, and so could change
// what else is seen, is U+FFFD, and too much is cut off.
func printable(text string) string {
	shown := 0
	cut := false
	text = strings.Map(func(r rune) rune {
		if shown++; shown > longestText {
			cut = true
			return -1
		}
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
	if cut {
		text += "…"
	}
	return text
}

// valid is text as findings have it, in UTF-8.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// decimal is an amount of öre with two decimals.
func decimal(ore int64) string {
	var sum pipeline.Sum
	sum.Add(ore)
	return sum.String()
}

// daysBetween says in words how far apart two days are.
func daysBetween(from, to calendar.Day) string {
	if days := int64(to) - int64(from); days != 1 {
		return fmt.Sprintf("%d days", days)
	}
	return "one day"
}
