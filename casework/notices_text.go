package casework

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/avstam/avstam/calendar"
)

// noticeWords are the words of a notice in one language. Legal names stay
// Swedish in both: the notice goes to Skatteverket.
type noticeWords struct {
	draft, title, coordinationTitle                     string
	protected                                           string
	to, caseNumber, report, from                        string
	contact, date, reference                            string
	filled                                              [4]string // what stands for what the agency fills in
	about, number, kindPersonal, kindCoordination       string
	registerSays, asOf, status, statusFrom, sinceEver   string
	reason, level, linked, deceased, knownFrom, nothing string
	why, records, payments, andMore, since, sinceLine   string
	recordColumns                                       [5]string // the last is of records without an id
	months                                              []string
	protectedRecords                                    string
	check, checkText, signature, signatureText          string
	statuses, levels                                    map[string]string
	// because says why the register is thought to be wrong, by rule; detail is
	// what the rule adds.
	because map[string]string
	decided string
	ground  string
}

// The provisions in full.
const (
	provisionPersonal     = "32 c § folkbokföringslagen (1991:481)"
	provisionCoordination = "4 kap. 1 § lagen (2022:1697) om samordningsnummer"
)

var swedishNotice = &noticeWords{
	draft:             "UTKAST – ska granskas av en handläggare innan det skickas",
	title:             "Underrättelse enligt " + provisionPersonal,
	coordinationTitle: "Underrättelse enligt " + provisionCoordination,
	protected:         "SKYDDADE PERSONUPPGIFTER – hanteras enligt myndighetens särskilda rutiner",
	to:                "Till", caseNumber: "Löpnummer", report: "Underlag", from: "Från", contact: "Kontakt", date: "Datum", reference: "Diarienummer",
	filled: [4]string{"[myndighet och enhet]", "[handläggare, telefon och e-post]", "[datum]", "[diarienummer]"},
	about:  "Uppgiften gäller", number: "Nummer", kindPersonal: "personnummer", kindCoordination: "samordningsnummer",
	registerSays: "Vad registret uppger", asOf: "Enligt registeruttag per den %s, avseende förhållandena den %s.",
	status: "Status", statusFrom: " sedan ", sinceEver: ", oklart sedan när", reason: "Orsak eller kod", level: "Identitetsnivå", linked: "Hänvisning till",
	deceased: "Avliden", knownFrom: "Registrerat", nothing: "Numret finns inte i registeruttaget, eller hade ännu ingen status.",
	why:     "Varför uppgiften kan vara felaktig eller ofullständig",
	records: "Vad myndighetens uppgifter visar", payments: "Antal utbetalningar till numret i underlaget: %d, från %s till %s.",
	andMore: "och %d till", since: "Sedan när", sinceLine: "Uppgiften kan ha varit felaktig sedan %s. Myndighetens uppgifter avviker sedan den %s.",
	recordColumns:    [5]string{"utbetalningsdag", "myndighet", "utbetalningsslag", "post-id", "källa och rad"},
	months:           strings.Fields("januari februari mars april maj juni juli augusti september oktober november december"),
	protectedRecords: "Utbetalningarna räknas inte upp här, eftersom personen har skyddade personuppgifter.",
	check:            "Att kontrollera",
	checkText: "Det här är ett utkast som har skrivits av ett program. En handläggare ska kontrollera uppgifterna mot registret och mot myndighetens egna handlingar, " +
		"pröva om bestämmelsen är tillämplig och om sekretess hindrar en underrättelse, och komplettera det som står inom hakparentes. Programmet skickar inget.",
	signature: "Underskrift", signatureText: "[namn och befattning]",
	statuses: map[string]string{"active": "aktivt", "inactive": "vilande", "closed": "vilande och stängt", "deregistered": "avregistrerat"},
	levels:   map[string]string{"confirmed": "styrkt", "probable": "sannolik", "uncertain": "osäker", "not_applicable": "inte tillämplig"},
	because: map[string]string{
		"overdue_inactivation":        "Numret är aktivt, trots att dess sista dag var den %s.",
		"unknown_deregistration":      "Numret är avregistrerat med koden %s, som myndigheten inte känner till.",
		"deceased_payee":              "Registret uppger att personen är avliden.",
		"deceased_lawful_tail":        "Registret uppger att personen är avliden.",
		"closed_number":               "Registret uppger att ett annat nummer har ersatt numret.",
		"inactive_number":             "Registret uppger att numret är vilande.",
		"emigrated_payee":             "Registret uppger att personen är utvandrad.",
		"disappeared_payee":           "Registret uppger att personen är försvunnen.",
		"false_identity":              "Registret uppger att numret har tilldelats en falsk identitet.",
		"annulled_number":             "Registret uppger att numret är annullerat.",
		"technical_deregistration":    "Registret uppger att numret är avregistrerat av tekniska eller andra skäl.",
		"unknown_number":              "Numret finns inte i registeruttaget.",
		"used_before_assigned":        "Registret uppger att numret tilldelades efter utbetalningen.",
		"insufficient_identity_level": "Registret uppger en identitetsnivå som inte stämmer överens med myndighetens kontroll.",
		"uncertain_identity_purpose":  "Registret uppger en identitetsnivå som inte stämmer överens med myndighetens kontroll.",
		"paid_under_two_numbers":      "Registret uppger att numret och ett annat nummer avser samma person.",
	},
	decided: "Myndigheten har bedömt att registrets uppgift är felaktig.",
	ground:  "[Vad bedömningen grundas på]",
}

var englishNotice = &noticeWords{
	draft:             "DRAFT – to be checked by a case worker before it is sent",
	title:             "Notice under " + provisionPersonal,
	coordinationTitle: "Notice under " + provisionCoordination,
	protected:         "PROTECTED IDENTITY – handle by the agency's own rules for it",
	to:                "To", caseNumber: "Case", report: "From report", from: "From", contact: "Contact", date: "Date", reference: "Reference",
	filled: [4]string{"[agency and unit]", "[case worker, telephone and e-mail]", "[date]", "[reference number]"},
	about:  "What it is about", number: "Number", kindPersonal: "personal number", kindCoordination: "coordination number",
	registerSays: "What the register says", asOf: "By the extract of %s, of how it was on %s.",
	status: "Status", statusFrom: " since ", sinceEver: ", not known since when", reason: "Reason or code", level: "Identity level", linked: "Link to",
	deceased: "Deceased", knownFrom: "Entered", nothing: "The extract does not have the number, or had no status of it yet.",
	why:     "Why this may be wrong or incomplete",
	records: "What the agency's records show", payments: "Payments to the number in the records: %d, from %s to %s.",
	andMore: "and %d more", since: "Since when", sinceLine: "The register may have been wrong since %s. The agency's records differ since %s.",
	recordColumns:    [5]string{"payment date", "agency", "type", "record id", "source and row"},
	months:           strings.Fields("January February March April May June July August September October November December"),
	protectedRecords: "The payments are not listed here, since the person has protected identity.",
	check:            "To be checked",
	checkText: "This is a draft that a program has written. A case worker is to check it against the register and the agency's own documents, to decide whether the provision applies " +
		"and whether secrecy forbids a notice, and to complete what stands in brackets. The program sends nothing.",
	signature: "Signature", signatureText: "[name and position]",
	statuses: map[string]string{"active": "active", "inactive": "inactive", "closed": "inactive and closed", "deregistered": "deregistered"},
	levels:   map[string]string{"confirmed": "confirmed", "probable": "probable", "uncertain": "uncertain", "not_applicable": "not applicable"},
	because: map[string]string{
		"overdue_inactivation":        "The number is active, though its last day was %s.",
		"unknown_deregistration":      "The number is deregistered with the code %s, which the agency does not know.",
		"deceased_payee":              "The register says that the person is dead.",
		"deceased_lawful_tail":        "The register says that the person is dead.",
		"closed_number":               "The register says that another number has replaced this one.",
		"inactive_number":             "The register says that the number is inactive.",
		"emigrated_payee":             "The register says that the person has emigrated.",
		"disappeared_payee":           "The register says that the person has disappeared.",
		"false_identity":              "The register says that the number was assigned to a false identity.",
		"annulled_number":             "The register says that the number is annulled.",
		"technical_deregistration":    "The register says that the number is deregistered for technical or other reasons.",
		"unknown_number":              "The register's extract does not have the number.",
		"used_before_assigned":        "The register says that the number was assigned after the payment.",
		"insufficient_identity_level": "The register says an identity level that does not agree with what the agency has checked.",
		"uncertain_identity_purpose":  "The register says an identity level that does not agree with what the agency has checked.",
		"paid_under_two_numbers":      "The register says that this number and another are of the same person.",
	},
	decided: "The agency has come to the view that the register is wrong.",
	ground:  "[What that view rests on]",
}

// noDeregistrationCode says that a number is deregistered without a code.
var noDeregistrationCode = map[Language]string{
	Swedish: "Numret är avregistrerat utan kod.",
	English: "The number is deregistered without a code.",
}

// text is the draft of a case's notice.
func (n *noticing) text(c *noticeCase) string {
	w := swedishNotice
	if n.Language == English {
		w = englishNotice
	}
	t := &explanationText{}
	t.line("%s", w.draft)
	if c.isProtected {
		t.line("%s", w.protected)
	}
	title, kind := w.title, w.kindPersonal
	if c.number.IsCoordination() {
		title, kind = w.coordinationTitle, w.kindCoordination
	}
	t.heading(title)
	t.line("")
	t.pairs([][2]string{
		{w.to, "Skatteverket"}, {w.caseNumber, fmt.Sprintf("%06d", c.place)}, {w.report, printable(filepath.Base(n.Folder))},
		{w.from, w.filled[0]}, {w.contact, w.filled[1]}, {w.date, w.filled[2]}, {w.reference, w.filled[3]},
	})
	t.heading(w.about)
	t.pairs([][2]string{{w.number, hyphenated(string(c.number.AppendDigits(nil))) + " (" + kind + ")"}})
	n.registerText(t, w, c)

	t.heading(w.why)
	isDecided := false
	told := map[string]bool{}
	for _, because := range c.reasons {
		isDecided = isDecided || because.isDecided
		if text := n.reasonText(w, because); text != "" && !told[text] {
			told[text] = true
			t.sentence("  ", text)
		}
	}
	if isDecided {
		t.sentence("  ", w.decided)
	}
	t.sentence("  ", w.ground)

	t.heading(w.records)
	t.sentence("  ", fmt.Sprintf(w.payments, c.recordCount, c.first, c.last))
	if c.isProtected {
		t.sentence("  ", w.protectedRecords)
	} else {
		c.recordsText(t, w)
	}
	if since := c.since(); since != "" {
		t.heading(w.since)
		t.sentence("  ", fmt.Sprintf(w.sinceLine, w.dayText(since), c.first))
	}
	t.heading(w.check)
	t.sentence("  ", w.checkText)
	t.heading(w.signature)
	t.line("  %s", w.signatureText)
	return t.String()
}

// registerText says what the register says of the number.
func (n *noticing) registerText(t *explanationText, w *noticeWords, c *noticeCase) {
	e := c.evidence
	t.heading(w.registerSays)
	extract := n.ExtractDate
	if extract == "" {
		extract = w.filled[2]
	}
	t.sentence("  ", fmt.Sprintf(w.asOf, extract, e.PaymentDate))
	if e.Status == "" {
		t.sentence("  ", w.nothing)
	}
	status := w.statuses[e.Status]
	switch {
	case status == "":
	case e.StatusFrom == calendar.Missing:
		status += w.sinceEver
	default:
		status += w.statusFrom + e.StatusFrom.String()
	}
	t.pairs([][2]string{
		{w.status, status}, {w.reason, printable(e.StatusReason)}, {w.level, w.levels[e.IdentityLevel]}, {w.linked, hyphenated(printable(e.UseNumber))},
		{w.deceased, printable(e.DeceasedOn)}, {w.knownFrom, e.KnownFrom.String()},
	})
}

// reasonText says why a finding speaks of the register; nothing where there is
// no more to say than that somebody decided so.
func (n *noticing) reasonText(w *noticeWords, because reason) string {
	text := w.because[because.rule]
	if because.rule == "unknown_deregistration" && because.detail == "" {
		return noDeregistrationCode[n.Language]
	}
	if strings.Contains(text, "%s") {
		text = fmt.Sprintf(text, printable(because.detail))
	}
	return text
}

// dayText is a date in a sentence: of an incomplete one the month in words, or the year.
func (w *noticeWords) dayText(date string) string {
	partial, _ := calendar.ParsePartial([]byte(date))
	switch year, month, day := partial.Fields(); {
	case year == 0 || day != 0:
		return date
	case month != 0:
		return fmt.Sprintf("%s %d", w.months[month-1], year)
	default:
		return fmt.Sprint(year)
	}
}

// recordsText lists the agency's records of the number.
func (c *noticeCase) recordsText(t *explanationText, w *noticeWords) {
	rows := [][]string{w.recordColumns[:]}
	for _, r := range c.records {
		id, place := printable(r.recordID), ""
		if id == "" {
			place = printable(r.source) + " " + r.row
		}
		rows = append(rows, []string{r.paymentDate.String(), printable(r.agency), printable(r.paymentType), id, place})
	}
	t.table(withoutEmpty(rows))
	if more := c.recordCount - int64(len(c.records)); more > 0 {
		t.line("  "+w.andMore, more)
	}
}
