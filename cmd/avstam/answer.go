package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// answer is what check says of a number: a verdict, sentences, and what rules found.
type answer struct {
	given     string
	sentences []string
	findings  []answerFinding
	// verdict is the verdict where no rule found anything worse than info.
	verdict string
}

// answerFinding is what a rule found.
type answerFinding struct {
	rule             *rules.Rule
	severity, detail string
	possible         bool
	other            identity.Number
}

func (a *answer) say(format string, arguments ...any) {
	a.sentences = append(a.sentences, fmt.Sprintf(format, arguments...))
}

// write writes the answer: the verdict first.
func (a *answer) write(text *strings.Builder, colours palette) {
	counts := map[string]int{}
	for _, finding := range a.findings {
		counts[finding.severity]++
	}
	verdict, colour := a.verdict, ""
	switch {
	case verdict == verdictNone:
		colour = red
	case counts["error"]+counts["warning"] > 0:
		verdict = "look into it: " + inWords(counts["error"], "error", counts["warning"], "warning")
		colour = yellow
		if counts["error"] > 0 {
			colour = red
		}
	case verdict == verdictFine:
		colour = green
	}
	fmt.Fprintf(text, "%s: %s\n", inertLine(a.given), colours.paint(colour, verdict))
	for _, sentence := range a.sentences {
		text.WriteString("  " + wrap(report.Inert(sentence), "  ") + "\n")
	}
	for _, finding := range a.findings {
		fmt.Fprintf(text, "  %s (%s", colours.paint(bold, finding.rule.Name), colours.paint(severityColours[finding.severity], finding.severity))
		if finding.possible {
			text.WriteString(", possible")
		}
		text.WriteString(")")
		if finding.detail != "" {
			text.WriteString(": " + inertLine(finding.detail))
		}
		if finding.other != 0 {
			fmt.Fprintf(text, ", other number %s", finding.other.AppendDigits(nil))
		}
		fmt.Fprintf(text, "\n    %s\n    %s\n", wrap(finding.rule.Doc, "    "), wrap("What to do: "+finding.rule.Action, "    "))
	}
}

// inWords is two counts in words, without those that are none.
func inWords(first int, firstName string, second int, secondName string) string {
	var parts []string
	for _, part := range []struct {
		count int
		name  string
	}{{first, firstName}, {second, secondName}} {
		if part.count > 0 {
			parts = append(parts, counted(part.count, part.name))
		}
	}
	return strings.Join(parts, ", ")
}

const (
	verdictFine     = "nothing to look into"
	verdictNotKnown = "a number as it should be; its status is not known"
	verdictNone     = "not an identity number"
	verdictNobody   = "not a person's number"
	verdictOther    = "a number that the population register does not have"
)

// answerAlone is what the number of a row says of itself, without a register.
func answerAlone(_ *rules.Checker, b *pipeline.Batch, row int32, given string) *answer {
	parsed, day, number := &b.Text[row], b.PaymentDate[row], b.Number[row]
	a := &answer{given: given, verdict: verdictNotKnown}
	a.read(number, b.Kind[row], b.Fault[row])
	if number == 0 {
		return a
	}
	if parsed.Ten {
		which := "younger"
		if younger, _ := parsed.Younger(day.Year()); number != younger {
			which = "older"
		}
		a.say("Its ten digits do not tell the century; this is the %s of two readings on %s.", which, day)
	}
	a.say("What to do: name a register (--register) to see its status and whether another number has replaced it.")
	return a
}

// read says what a text was read as.
func (a *answer) read(number identity.Number, kind identity.Kind, fault identity.Fault) {
	switch {
	case fault != identity.NoFault:
		a.verdict = verdictNone
		a.say("It is malformed: %s.", faultNames[fault])
	case number == 0:
		a.verdict = verdictOther
		if kind == identity.Organisation {
			a.verdict = verdictNobody
		}
		a.say("It is %s.", kindNames[kind])
	default:
		a.say("%s is %s.", number.AppendDigits(nil), kindNames[number.Kind()])
	}
}

// answerOf is what the register says of the number of a row.
func answerOf(checker *rules.Checker, b *pipeline.Batch, row int32, given string) *answer {
	day := b.PaymentDate[row]
	a := &answer{given: given, verdict: verdictFine}
	a.read(b.Number[row], b.Kind[row], b.Fault[row])
	if b.Number[row] == 0 {
		return a
	}
	evidence := checker.Facts().Evidence(row)
	if !evidence.InRegister {
		a.say("The register does not have it.")
		return a
	}
	reason := ""
	if evidence.State.Reason != "" {
		reason = " (" + evidence.State.Reason + ")"
	}
	switch status := evidence.State.Status; {
	case !evidence.InForce:
		a.say("On %s the register had no entry of it yet.", day)
	case evidence.StatusFrom == calendar.Missing:
		a.say("On %s its status is %s%s, since nobody knows when: %s.", day, status, reason, statusMeaning(status, evidence.State.Reason))
	default:
		a.say("On %s its status is %s%s, since %s: %s.", day, status, reason, evidence.StatusFrom, statusMeaning(status, evidence.State.Reason))
	}
	if level, ok := levelMeanings[evidence.State.Level]; ok {
		a.say("Its identity level is %s: %s.", evidence.State.Level, level)
	}
	if evidence.UseNumber != 0 {
		a.say("Use %s, which has replaced it.", evidence.UseNumber.AppendDigits(nil))
	}
	if evidence.DeceasedOn != 0 {
		a.say("The person is deceased: %s.", deathInWords(evidence.DeceasedOn))
	}
	if evidence.State.Protected == register.True {
		a.say("The person is protected: take care whom you show this.")
	}
	return a
}

// add adds what a rule found.
func (a *answer) add(checker *rules.Checker, hit *rules.Hit) {
	a.findings = append(a.findings, answerFinding{
		rule: rules.All()[hit.Rule], severity: checker.Severity(hit.Rule).String(), detail: string(hit.Detail.AppendText(nil)),
		possible: hit.Possible, other: hit.Other,
	})
}

// statusMeanings say what a status is (SNL chapter 3, FOL 19 to 22 §§). Those of
// deregistered depend on the reason.
var statusMeanings = map[register.Status]string{
	register.Active:   "the number is in use",
	register.Inactive: "it was not renewed in time, or was made inactive for another reason. The person keeps it, and it can be made active again",
	register.Closed:   "the person has another number, which takes its place",
}

// reasonMeanings are the codes of deregistration that the rules know.
var reasonMeanings = map[string]string{
	"AV": "the person died", "UV": "the person emigrated", "GN": "it is an old personal number, another has taken its place",
	"GS": "it is an old coordination number, another has taken its place", "OB": "the person has disappeared", "TA": "for a technical reason",
	"FI": "it was given for a false identity", "AS": "the coordination number was annulled", "AN": "it was annulled", "OO": "for another reason",
}

func statusMeaning(status register.Status, reason string) string {
	if status != register.Deregistered {
		return statusMeanings[status]
	}
	if known, ok := reasonMeanings[strings.ToUpper(reason)]; ok {
		return known
	}
	return "it is no longer in use"
}

var levelMeanings = map[register.Level]string{
	register.Confirmed: "the person has shown who they are",
	register.Probable:  "the person has made it probable who they are",
	register.Uncertain: "who the person is has not been made probable",
}

// deathInWords is a date of death, with what is not known of it.
func deathInWords(date calendar.Partial) string {
	text := string(date.AppendText(nil))
	switch {
	case text == "0":
		return "the day is not known"
	case strings.HasSuffix(text, "-00-00"):
		return "in " + text[:4] + ", the day is not known (" + text + ")"
	case strings.HasSuffix(text, "-00"):
		if month, err := time.Parse("2006-01", text[:7]); err == nil {
			return "in " + month.Format("January 2006") + ", the day is not known (" + text + ")"
		}
	}
	return text
}

// kindNames are the kinds in words.
var kindNames = map[identity.Kind]string{
	identity.Personal:     "a personal number (personnummer)",
	identity.Coordination: "a coordination number (samordningsnummer)",
	identity.Organisation: "an organisation number (organisationsnummer), which is no person's",
	identity.GD:           "a GD number, a person's in the systems of Försäkringskassan and others",
	identity.Interim:      "an interim number (interimspersonnummer)",
}

// faultNames are the faults in words.
var faultNames = map[identity.Fault]string{
	identity.Empty:      "it is empty",
	identity.Characters: "it has other characters than digits",
	identity.Length:     "it has neither ten nor twelve digits",
	identity.Century:    "its century is none of 18, 19 and 20",
	identity.Date:       "there is no such date",
	identity.Serial:     "its serial is 000",
	identity.CheckDigit: "its check digit does not hold",
}
