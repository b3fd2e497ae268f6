package casework

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// textWidth is that of a terminal, where sentences are wrapped; tables are not.
const textWidth = 80

// WriteText writes the explanation as plain text.
func (e *Explanation) WriteText(w io.Writer) error {
	t := &explanationText{}
	t.line("%s: %s (%s, %s)", e.Rule, e.Title, e.Severity, e.Certainty)
	t.line("finding %s", e.FindingID)
	if e.Protected {
		t.line("")
		t.sentence("  ", "The person has protected identity. Nothing more is shown. Whoever may see the record finds it in row "+
			fmt.Sprint(e.Record.Row)+" of "+e.Record.File+".")
		_, err := io.WriteString(w, t.String())
		return err
	}
	for _, note := range e.Notes {
		t.sentence("", "Note: "+note+".")
	}
	t.heading("The record")
	t.pairs([][2]string{
		{"source", e.Record.Source}, {"file", e.Record.File}, {"row", fmt.Sprint(e.Record.Row)}, {"record id", e.Record.RecordID},
		{"identity number", e.Record.IdentityNumber}, {"read as", readAs(&e.Record)}, {"agency", e.Record.Agency}, {"payment type", e.Record.PaymentType},
		{"payment date", e.Record.PaymentDate}, {"period", period(&e.Record)}, {"amount", e.Record.Amount + " " + e.Record.Currency},
		{"read again", e.Record.ReadAgain},
	})
	if e.State != "" || e.Decision != "" {
		t.heading("The finding")
		until := ""
		if e.Until != "" {
			until = ", until " + e.Until
		}
		t.pairs([][2]string{{"state", e.State}, {"first seen", e.FirstSeen}, {"times seen", count(e.TimesSeen)}, {"decision", e.Decision + until}})
	}
	t.heading("Why")
	t.sentence("  ", e.Why)
	t.sentence("  ", e.Again)
	t.heading("What would have made it clean")
	t.sentence("  ", e.Clean)
	if e.Register != nil {
		e.Register.write(t, e.Record.PaymentDate)
	}
	if e.OtherNumber != "" || e.OtherCount > 0 {
		t.heading("Compared with")
		if e.OtherNumber != "" {
			t.pairs([][2]string{{"other number", e.OtherNumber}})
		}
		e.writeOthers(t)
	}
	t.heading("Policy")
	for _, line := range e.Policy {
		t.line("  %s", line)
	}
	t.heading("Law in force on " + e.Record.PaymentDate)
	for _, law := range e.Laws {
		t.line("  %s", law)
	}
	if len(e.Laws) == 0 {
		t.line("  none that the rule names")
	}
	t.heading("What to do")
	t.sentence("  ", e.Action)
	_, err := io.WriteString(w, t.String())
	return err
}

func readAs(r *ExplainedRecord) string {
	switch {
	case r.Number != "":
		return r.Number + ", a " + r.NumberKind + " number"
	case r.NumberKind != "":
		return "no person's number: " + r.NumberKind
	}
	return ""
}

func period(r *ExplainedRecord) string {
	if r.PeriodStart == "" && r.PeriodEnd == "" {
		return ""
	}
	return orNothing(r.PeriodStart) + " to " + orNothing(r.PeriodEnd)
}

func orNothing(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func count(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func (e *Explanation) writeOthers(t *explanationText) {
	if len(e.Others) > 0 {
		rows := [][]string{{"number", "date", "amount", "record id", "file", "row", "finding"}}
		for i := range e.Others {
			o := &e.Others[i]
			rows = append(rows, []string{o.Number, o.PaymentDate, o.Amount + " " + o.Currency, o.RecordID, o.File, fmt.Sprint(o.Row), o.FindingID})
		}
		t.table(rows)
	}
	if more := e.OtherCount - int64(len(e.Others)); more > 0 {
		t.line("  and %d more", more)
	}
}

// write writes the time line of a number, its chain and the death.
func (r *ExplainedRegister) write(t *explanationText, payment string) {
	of := ""
	if r.ExtractDate != "" {
		of = ", extract of " + r.ExtractDate
	}
	t.heading("The register" + of)
	if !r.Has {
		t.line("  It does not have the number.")
		return
	}
	rows := [][]string{{"", "from", "known from", "status", "reason", "level", "replaced by", "assigned", "renewed", "last day", "deceased"}}
	isPaid := false
	for _, entry := range r.History {
		if entry.AfterPayment && !isPaid {
			isPaid = true
			rows = append(rows, []string{"*", payment, "", "the payment"})
		}
		mark := ""
		if entry.InForce {
			mark = ">"
		}
		from := entry.From
		if from == "" {
			from = "ever"
		}
		rows = append(rows, []string{mark, from, entry.KnownFrom, entry.Status, entry.Reason, entry.Level, entry.Linked, entry.Assigned, entry.Renewed, entry.LastDay, entry.DeceasedOn})
	}
	if !isPaid {
		rows = append(rows, []string{"*", payment, "", "the payment"})
	}
	t.table(withoutEmpty(rows))
	inForce := false
	for _, entry := range r.History {
		inForce = inForce || entry.InForce
	}
	if inForce {
		t.line("  > was in force on the payment date")
	} else {
		t.line("  no entry was in force on the payment date yet")
	}
	for i, link := range r.Chain {
		arrow := "   "
		if i == 0 {
			t.line("")
			t.line("  The chain of links on %s:", payment)
		} else {
			arrow = "-> "
		}
		t.line("    %s%s%s %s", arrow, link.Number, numberKind(link.Kind), status(&link))
	}
	if r.ChainEnd != "" {
		t.sentence("  ", r.ChainEnd)
	}
	if r.Death != "" {
		t.line("")
		t.sentence("  ", r.Death)
	}
}

// numberKind tells numbers apart whose digits are masked.
func numberKind(kind string) string {
	if kind == "" {
		return ""
	}
	return ", " + kind + " number,"
}

func status(l *ChainLink) string {
	if l.Status == "" {
		return "no entry"
	}
	text := l.Status
	if l.Reason != "" {
		text += " (" + l.Reason + ")"
	}
	if l.From != "" {
		text += " since " + l.From
	}
	return text
}

// withoutEmpty takes columns out that have nothing but their heading.
func withoutEmpty(rows [][]string) [][]string {
	var kept [][]string
	for range rows {
		kept = append(kept, nil)
	}
	for column := range rows[0] {
		has := false
		for _, row := range rows[1:] {
			has = has || column < len(row) && row[column] != ""
		}
		for i, row := range rows {
			switch {
			case !has:
			case column < len(row):
				kept[i] = append(kept[i], row[column])
			default:
				kept[i] = append(kept[i], "") // so that cells stay below each other
			}
		}
	}
	return kept
}

// explanationText is the text of an explanation.
type explanationText struct{ strings.Builder }

func (t *explanationText) line(format string, arguments ...any) {
	fmt.Fprintf(t, format+"\n", arguments...)
}

func (t *explanationText) heading(text string) { t.line("\n%s", text) }

// sentence writes text in lines that are no longer than a terminal's.
func (t *explanationText) sentence(indent, text string) {
	column := 0
	for _, word := range strings.Fields(text) {
		width := utf8.RuneCountInString(word)
		switch {
		case column == 0:
			t.WriteString(indent)
			column = len(indent)
		case column+1+width > textWidth:
			t.WriteString("\n" + indent)
			column = len(indent)
		default:
			t.WriteByte(' ')
			column++
		}
		t.WriteString(word)
		column += width
	}
	t.WriteByte('\n')
}

// pairs writes names and values, but for values that are empty.
func (t *explanationText) pairs(pairs [][2]string) {
	width := 0
	for _, pair := range pairs {
		if pair[1] != "" {
			width = max(width, utf8.RuneCountInString(pair[0]))
		}
	}
	for _, pair := range pairs {
		if pair[1] != "" {
			t.line("  %-*s  %s", width, pair[0], pair[1])
		}
	}
}

// table writes rows of cells in aligned columns.
func (t *explanationText) table(rows [][]string) {
	var aligned strings.Builder
	table := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(table, "  %s\n", strings.Join(row, "\t"))
	}
	_ = table.Flush() // into memory
	for line := range strings.Lines(aligned.String()) {
		t.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}
