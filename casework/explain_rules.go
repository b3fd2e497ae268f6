package casework

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
)

// said is why a rule spoke of a record, and what would have made it silent.
type said struct{ why, clean string }

// sentences says both of a finding, by the name of its rule. They are told from
// the finding, which has the evidence of its day, and the policy.
var sentences = map[string]func(*explaining) said{
	"malformed_number":            sayMalformed,
	"other_identity_kind":         sayOtherKind,
	"contradictory_separator":     saySeparator,
	"ambiguous_century":           sayCentury,
	"suspect_coordination_date":   saySuspectDate,
	"test_number":                 sayTestNumber,
	"born_after_payment":          sayBornAfter,
	"unknown_number":              sayUnknown,
	"used_before_assigned":        sayBeforeAssigned,
	"deceased_payee":              sayDeceased,
	"deceased_lawful_tail":        sayTail,
	"false_identity":              sayDeregistered("for a false identity", "The number under which the payee is rightly known, once the identity has been established"),
	"annulled_number":             sayDeregistered("as annulled", "The number under which the payee is rightly known, once the identity has been established"),
	"closed_number":               sayClosed,
	"disappeared_payee":           sayDeregistered("as disappeared", "The person registered anew"),
	"emigrated_payee":             sayEmigrated,
	"technical_deregistration":    sayDeregistered("for a technical or another reason", "The number that the person has now"),
	"unknown_deregistration":      sayUnknownDeregistration,
	"inactive_number":             sayInactive,
	"insufficient_identity_level": sayLevel,
	"uncertain_identity_purpose":  sayPurpose,
	"expiring_number":             sayExpiring,
	"overdue_inactivation":        sayOverdue,
	"paid_under_two_numbers":      sayTwoNumbers,
	"duplicate_payment":           sayDuplicate,
}

// faultWords are what is wrong with a text, and what would be right.
var faultWords = map[string][2]string{
	"empty":       {"it is empty", "A number in the record"},
	"characters":  {"it has other characters than digits", "Digits alone, with at most one hyphen or plus before the last four"},
	"length":      {"it has neither ten nor twelve digits", "Ten or twelve digits"},
	"century":     {"its century is none of 18, 19 and 20", "A number that begins with 18, 19 or 20"},
	"date":        {"there is no such date", "A date that the calendar has; of a coordination number a month up to 12 and a day from 60 to 91"},
	"serial":      {"its serial is 000, which no number has", "A serial from 001 to 999"},
	"check_digit": {"its check digit does not hold", "Digits of which the last is the check digit of the nine before it. Mostly one digit is wrong or two have changed places; which, the number does not tell"},
}

func sayMalformed(e *explaining) said {
	words, ok := faultWords[e.finding.Detail]
	if !ok {
		words = [2]string{"its fault is " + e.Detail, "A number without that fault"}
	}
	return said{"The text in the record is no number of any known kind: " + words[0] + ".", words[1] + "."}
}

func sayOtherKind(e *explaining) said {
	kind := map[string]string{
		"organisation": "an organisation number, which is no person's",
		"gd":           "a GD number, which the register cannot be asked about",
		"interim":      "an interim number, which the register cannot be asked about",
	}[e.finding.Detail]
	if kind == "" {
		kind = "a number of the kind " + e.Detail
	}
	return said{
		"The text in the record is " + kind + ".",
		"A personal or coordination number. Where such payees are expected, the policy can turn the rule off.",
	}
}

// yearOf is the year in a number of a finding, full or masked.
func yearOf(number string) (int, bool) {
	if len(number) < 4 {
		return 0, false
	}
	year, err := strconv.Atoi(number[:4])
	return year, err == nil
}

func saySeparator(e *explaining) said {
	payment := e.finding.PaymentDate.Year()
	birth, ok := yearOf(e.finding.Number)
	if !ok {
		return said{e.rule.Doc, "The other separator, or none, or the number of another century."}
	}
	years := payment - birth
	has, wants, instead := "a plus", "a hyphen", "older"
	if years >= 100 {
		has, wants, instead = "a hyphen", "a plus", "younger"
	}
	return said{
		fmt.Sprintf("The number stands with %s. It was read as of %d, which is %s: a plus stands from 100 years on, a hyphen up to 99.", has, birth, beforePayment(years)),
		fmt.Sprintf("%s in place of %s; or, where another person is meant, the number of somebody a hundred years %s; or twelve digits without a separator.", capital(wants), has, instead),
	}
}

// beforePayment is a year, by how many years it lies before that of the payment.
func beforePayment(years int) string {
	switch {
	case years == 0:
		return "the year of the payment"
	case years == 1:
		return "one year before the year of the payment"
	case years == -1:
		return "one year after the year of the payment"
	case years < 0:
		return fmt.Sprintf("%d years after the year of the payment", -years)
	}
	return fmt.Sprintf("%d years before the year of the payment", years)
}

func sayCentury(e *explaining) said {
	younger, _ := yearOf(e.finding.Number)
	older, _ := yearOf(e.finding.OtherNumber)
	return said{
		fmt.Sprintf("The number has ten digits, and the register has both people whom they can mean: one of %d, who was taken, and one of %d.", younger, older),
		"Twelve digits, which tell the century.",
	}
}

func saySuspectDate(*explaining) said {
	return said{
		"It is a coordination number, and the day in it, less 60, is one that its month does not have.",
		"A day that the month has, or 60 for one that is not known. Nothing need change where the register has the number.",
	}
}

func sayTestNumber(*explaining) said {
	return said{
		"The number is on the list of test numbers that the policy names, and stands for no person.",
		"The number of the person who was paid; or, if it is none for testing, a list without it.",
	}
}

func sayBornAfter(e *explaining) said {
	year, _ := yearOf(e.finding.Number)
	return said{
		fmt.Sprintf("The number is of a month of %d that comes after that of the payment, %s.", year, e.finding.PaymentDate),
		"A payment date in the month of the number or later; or the number of the person who was paid, perhaps of an earlier century.",
	}
}

func sayUnknown(e *explaining) said {
	kind := "personal"
	if e.finding.Detail == "coordination" {
		kind = "coordination"
	}
	return said{
		"The " + kind + " number is well formed, and the register extract does not have it.",
		"A number that the extract has, or an extract that has this number: extracts leave out some that there are.",
	}
}

func sayBeforeAssigned(e *explaining) said {
	assigned := calendar.Missing
	if e.again() != nil { // the finding does not have the day
		assigned = e.snapshot.AssignedOn(e.judged.batch.Entry[0])
	}
	if assigned == calendar.Missing {
		return said{
			fmt.Sprintf("The payment of %s was made before the number was assigned.", e.finding.PaymentDate),
			"A payment on the day of the assignment or later, or the number that the person had before.",
		}
	}
	clean := "The number that the person had before."
	if e.wouldBeClean(assigned) {
		clean = fmt.Sprintf("A payment on %s or later, or the number that the person had before.", assigned)
	}
	return said{fmt.Sprintf("The number was assigned on %s, %s after the payment of %s.", assigned, daysBetween(e.finding.PaymentDate, assigned), e.finding.PaymentDate), clean}
}

// death is the death that the finding speaks of; where the finding does not have
// it, as the register has it, if that still says of it what the finding says.
func (e *explaining) death() (d rules.Death, ok bool) {
	if d, ok = deathOf(e.finding); ok {
		return d, true
	}
	if hit := e.again(); hit == nil || !e.isAsReported(hit) || !e.hasSameDeath() {
		return rules.Death{}, false
	}
	return e.judged.checker.Facts().DeathBefore(0)
}

// hasSameDeath says whether the register that there is has the date of death of
// the finding, and of the same person.
func (e *explaining) hasSameDeath() bool {
	evidence := e.judged.checker.Facts().Evidence(0)
	person := ""
	if evidence.UseNumber != 0 {
		person = string(evidence.UseNumber.AppendDigits(nil))
	}
	if e.masked && person != "" {
		person = evidence.UseNumber.String()
	}
	return evidence.DeceasedOn.String() == e.finding.DeceasedOn && person == e.finding.UseNumber
}

func (e *explaining) deathSentence() string {
	person := "The person"
	if e.finding.UseNumber != "" {
		person = "The person, whose number was by then " + e.showText(e.finding.UseNumber) + ","
	}
	death, ok := e.death()
	if !ok {
		return person + " died before the payment of " + e.finding.PaymentDate.String() + "."
	}
	return person + " died " + deathText(death, e.finding.PaymentDate) + "."
}

// lawfulMonths is the tail of the record's payment type.
func (e *explaining) lawfulMonths() int {
	of, ok := e.question.Policy.PaymentTypes[e.finding.PaymentType]
	if !ok || e.finding.PaymentType == "" {
		return rules.NoTail
	}
	return of.LawfulMonths
}

// paidFor is the day whose month a lawful tail is measured by.
func (e *explaining) paidFor() (day calendar.Day, name string) {
	if e.finding.PeriodStart != calendar.Missing {
		return e.finding.PeriodStart, "period_start"
	}
	return e.finding.PaymentDate, "payment_date"
}

func sayDeceased(e *explaining) said {
	f := e.finding
	why := e.deathSentence()
	death, ok := e.death()
	switch {
	case !ok:
		return said{
			why + " The finding does not have the day. Neither the period that was paid for nor a lawful tail covers the payment.",
			"A payment on the day of the death or before; or a register without that death, if the person is alive.",
		}
	case death.Unknown || death.Latest == calendar.Missing:
		return said{
			why + " Where the day is not known, no period and no lawful tail covers a payment.",
			"A register without that death, if the person is alive; nothing in the record alone.",
		}
	}
	if f.PeriodEnd == calendar.Missing {
		why += " The record has no period_end,"
	} else {
		why += fmt.Sprintf(" The period that was paid for ends on %s, after the death,", f.PeriodEnd)
	}
	day, name := e.paidFor()
	months := day.Month() - death.Latest.Month()
	if tail := e.lawfulMonths(); tail == rules.NoTail {
		why += " and the policy has no lawful tail for its payment type."
	} else {
		why += fmt.Sprintf(" and the month of its %s lies %s after that of the death: the policy allows %d.", name, monthsText(months), tail)
	}
	clean := fmt.Sprintf("A period_end on or before %s", death.Latest)
	if e.isCleanUpTo(death.Earliest) {
		clean = fmt.Sprintf("A payment on %s or before; or a period_end on or before %s", death.Earliest, death.Latest)
	}
	if f.PaymentType != "" { // a missing one has no tail, whatever the policy says
		clean += fmt.Sprintf("; or a lawful tail of %s or more for the payment type", monthsText(max(months, 0)))
	}
	return said{why, clean + "; or a register without that death, if the person is alive."}
}

func sayTail(e *explaining) said {
	why := e.deathSentence()
	death, ok := e.death()
	day, name := e.paidFor()
	switch {
	case e.finding.Detail != "tail":
		why += fmt.Sprintf(" The period that was paid for ends on %s, not after the death: the payment is lawful.", e.finding.PeriodEnd)
	case !ok:
		why += fmt.Sprintf(" The month of its %s lies no more than %s after that of the death, as the policy allows: the payment is lawful.", name, monthsText(e.lawfulMonths()))
	case day.Month() < death.Latest.Month():
		why += fmt.Sprintf(" The month of its %s lies %s before that of the death, and the policy allows %d after it: the payment is lawful.", name, monthsText(death.Latest.Month()-day.Month()), e.lawfulMonths())
	default:
		why += fmt.Sprintf(" The month of its %s lies %s after that of the death, and the policy allows %d: the payment is lawful.", name, monthsText(day.Month()-death.Latest.Month()), e.lawfulMonths())
	}
	clean := "Nothing is wrong with the payment."
	switch {
	case !ok:
		clean += " It would not be told of if it had been made on the day of the death or before."
	case e.isCleanUpTo(death.Earliest):
		clean += fmt.Sprintf(" It would not be told of if it had been made on %s or before.", death.Earliest)
	}
	return said{why, clean}
}

// isCleanUpTo says whether a payment on the first day that may be that of a death, or
// before, would be clean: not where the register also has a day of death that is not
// known at all, which may lie before every payment, or another death or status before.
func (e *explaining) isCleanUpTo(day calendar.Day) bool {
	return e.finding.DeceasedOn != calendar.Unknown.String() && e.wouldBeClean(day) && e.wouldBeClean(day-1)
}

func monthsText(months int) string {
	if months != 1 {
		return fmt.Sprintf("%d months", months)
	}
	return "one month"
}

// statusSentence is the status on the payment date.
func (e *explaining) statusSentence() string {
	f := e.finding
	text := fmt.Sprintf("On the payment date, %s, the number had been %s", f.PaymentDate, printable(f.Status))
	if f.StatusFrom == calendar.Missing {
		text += " since ever"
	} else {
		text += fmt.Sprintf(" since %s, for %s", f.StatusFrom, daysBetween(f.StatusFrom, f.PaymentDate))
	}
	switch f.KnownAtPayment {
	case register.True:
		text += fmt.Sprintf(" (the register told it from %s on)", f.KnownFrom)
	case register.False:
		text += fmt.Sprintf(" (the register told it only from %s on, after the payment)", f.KnownFrom)
	}
	return text
}

// beforeStatus is a payment that neither the status touches nor, where there is a
// register, one before it that is as bad.
func (e *explaining) beforeStatus() string {
	from := e.finding.StatusFrom
	for from != calendar.Missing {
		if e.wouldBeClean(from - 1) {
			return fmt.Sprintf("; or a payment before %s", from)
		}
		earlier := e.snapshot.At(e.judged.place, from-1)
		if !earlier.InForce {
			break
		}
		from = e.snapshot.StatusFrom(earlier)
	}
	return ""
}

func sayDeregistered(cause, instead string) func(*explaining) said {
	return func(e *explaining) said {
		return said{
			fmt.Sprintf("%s, with the code %s, %s.", e.statusSentence(), e.text(e.finding.StatusReason), cause),
			instead + e.beforeStatus() + ".",
		}
	}
}

func sayEmigrated(e *explaining) said {
	return said{
		fmt.Sprintf("%s, with the code %s, as emigrated. The policy does not say that payments of this type to people abroad are lawful.", e.statusSentence(), e.text(e.finding.StatusReason)),
		"A policy that allows it for the payment type (emigrated: allow), where the benefit is paid abroad" + e.beforeStatus() + ".",
	}
}

func sayUnknownDeregistration(e *explaining) said {
	code := "without a code"
	if e.finding.Detail != "" {
		code = "with the code " + e.Detail + ", which is not in the table"
	}
	return said{
		e.statusSentence() + ", " + code + ", so why is not known.",
		"A code in the register that is in the table; or, of a new code, a version of this program that knows it" + e.beforeStatus() + ".",
	}
}

func sayClosed(e *explaining) said {
	why := e.statusSentence()
	if e.finding.StatusReason != "" {
		why += ", with the reason " + e.text(e.finding.StatusReason)
	}
	why += ": another number has replaced it."
	switch e.finding.Detail {
	case "link_missing":
		return said{why + " By which, the register does not say.", "The number that the person has now, which the register must be asked for" + e.beforeStatus() + "."}
	case "link_unknown":
		return said{why + " The links lead to a number that the register does not have.", "The number that the person has now, which the register must be asked for" + e.beforeStatus() + "."}
	case "link_loop":
		return said{why + " The links lead round in a loop.", "The number that the person has now, which the register must be asked for" + e.beforeStatus() + "."}
	}
	kind := "personal"
	if e.finding.Detail == "use_coordination_number" {
		kind = "coordination"
	}
	return said{why, "The " + kind + " number " + e.showText(e.finding.UseNumber) + " instead" + e.beforeStatus() + "."}
}

func sayInactive(e *explaining) said {
	reason := map[string]string{
		"time_limit": "it was not renewed within five calendar years",
		"deceased":   "the register gives a death as the reason",
		"unknown":    "the register gives no reason",
	}[e.finding.Detail]
	if reason == "" {
		reason = "the reason is " + e.text(e.finding.StatusReason)
	}
	return said{
		e.statusSentence() + ": " + reason + ".",
		fmt.Sprintf("A reactivation or renewal of the number on %s or before%s. The payment itself may be right.", e.finding.PaymentDate, e.beforeStatus()),
	}
}

func sayLevel(e *explaining) said {
	ofType := e.question.Policy.PaymentTypes[e.finding.PaymentType].IdentityLevel
	ofAgency := e.question.Policy.Agencies[e.finding.Agency].IdentityLevel
	var who []string
	if e.finding.PaymentType != "" && ofType.String() == e.finding.Detail {
		who = append(who, "payments of the type "+e.Explanation.Record.PaymentType)
	}
	if e.finding.Agency != "" && ofAgency.String() == e.finding.Detail {
		who = append(who, "the agency "+e.Explanation.Record.Agency)
	}
	if len(who) == 0 {
		who = []string{"such payments"}
	}
	return said{
		fmt.Sprintf("The identity level of the number was %s on the payment date, and the policy asks %s of %s.", printable(e.finding.IdentityLevel), e.Detail, strings.Join(who, " and ")),
		fmt.Sprintf("A level of %s or more in the register, which whoever has the identity established there gets; or a policy that asks for less.", e.Detail),
	}
}

func sayPurpose(e *explaining) said {
	allowed := "names the agencies that may hold them, and the record has no agency"
	if list := e.question.Policy.UncertainAllowed; list != nil && len(list) == 0 {
		allowed = "allows them to no agency"
	} else if e.finding.Agency != "" {
		allowed = "names the agencies that may hold them, and " + e.Explanation.Record.Agency + " is not among them"
	}
	return said{
		fmt.Sprintf("The identity level of the number was uncertain on the payment date. Such numbers are for a closed list of purposes; the policy %s.", allowed),
		"A level of probable or confirmed in the register; or an agency that the policy names under uncertain_allowed.",
	}
}

func sayExpiring(e *explaining) said {
	within := e.question.Policy.ExpiringWithinDays
	last, ok := calendar.Parse([]byte(e.finding.Detail))
	if !ok {
		return said{e.rule.Doc, "A renewal of the number in time."}
	}
	when := "the payment date itself"
	if last != e.finding.PaymentDate {
		when = daysBetween(e.finding.PaymentDate, last) + " after the payment"
	}
	return said{
		fmt.Sprintf("The coordination number was active, and its last day is %s, %s: the policy looks %d %s ahead.", last, when, within, rules.Plural(within, "day", "days")),
		fmt.Sprintf("A renewal that moves its last day beyond %s.", min(e.finding.PaymentDate+calendar.Day(within), calendar.Last)),
	}
}

func sayOverdue(e *explaining) said {
	last, ok := calendar.Parse([]byte(e.finding.Detail))
	if !ok {
		return said{e.rule.Doc, "In the register: an inactivation, or a renewal."}
	}
	return said{
		fmt.Sprintf("The last day of the coordination number was %s, %s before the payment, and the register still has it as active.", last, daysBetween(last, e.finding.PaymentDate)),
		fmt.Sprintf("In the register: the number inactive after %s, or a renewal that moves its last day to %s or later. A newer extract may have either.", last, e.finding.PaymentDate),
	}
}

func sayTwoNumbers(e *explaining) said {
	person := e.finding.Number
	if e.finding.UseNumber != "" {
		person = e.finding.UseNumber
	}
	return said{
		fmt.Sprintf("In %s payments of this type went to the same person under this number and under %s: the register's links join the two.", monthOf(e.finding.PaymentDate), e.showText(e.finding.OtherNumber)),
		"All payments of the month under one number: " + e.showText(person) + ".",
	}
}

func sayDuplicate(e *explaining) said {
	return said{
		"A record before this one has the same agency, payment type, person, day, amount and currency. That record, the first, is no finding, so it is not shown here: look for it in the input.",
		"No other record that is alike in all of these; or, where both payments are right, a decision that says so.",
	}
}

func monthOf(day calendar.Day) string { return day.String()[:len("2006-01")] }

// capital begins a sentence.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func joined(words []string) string { return strings.Join(words, ", ") }

// policyLines are the lines of the policy that the rule went by.
func (e *explaining) policyLines() []string {
	f, policy := e.finding, &e.question.Policy
	place := slices.Index(rules.All(), e.rule)
	severity := policy.AllSeverities()[place]
	lines := []string{fmt.Sprintf("rules: {%s: %s}", e.rule.Name, severity)}
	switch {
	case e.rule.OffByDefault:
		lines[0] += ", which is off by default"
	case severity == e.rule.Severity:
		lines[0] += ", the default"
	default:
		lines[0] += fmt.Sprintf(", in place of the default %s", e.rule.Severity)
	}
	paymentType, agency := "a record without a payment type", "a record without an agency"
	if f.PaymentType != "" {
		paymentType = printable(f.PaymentType)
	}
	if f.Agency != "" {
		agency = printable(f.Agency)
	}
	switch e.rule.Name {
	case "deceased_payee", "deceased_lawful_tail":
		tail := "none"
		if months := e.lawfulMonths(); months != rules.NoTail {
			tail = fmt.Sprintf("{months: %d}", months)
		}
		lines = append(lines, fmt.Sprintf("lawful_after_death of %s: %s", paymentType, tail))
	case "emigrated_payee":
		lines = append(lines, fmt.Sprintf("emigrated of %s: report", paymentType))
	case "insufficient_identity_level":
		lines = append(lines,
			fmt.Sprintf("identity_level of %s: %s", paymentType, levelText(policy.PaymentTypes[f.PaymentType].IdentityLevel)),
			fmt.Sprintf("identity_level of %s: %s", agency, levelText(policy.Agencies[f.Agency].IdentityLevel)))
	case "uncertain_identity_purpose":
		lines = append(lines, "uncertain_allowed: "+cmp.Or(printable(joined(policy.UncertainAllowed)), "[]"))
	case "expiring_number":
		lines = append(lines, fmt.Sprintf("expiring_within_days: %d", policy.ExpiringWithinDays))
	case "test_number":
		list := fmt.Sprintf("test_numbers: a list of %d", len(policy.TestNumbers))
		if e.question.LacksTestNumbers {
			list = "test_numbers: a list that is not there any more"
		}
		lines = append(lines, list)
	}
	return lines
}

func levelText(level register.Level) string {
	if level == register.NoLevel {
		return "none asked for"
	}
	return level.String()
}
