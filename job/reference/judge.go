package reference

import (
	"slices"
	"strings"
	"time"
)

// judgement is what is known of a record's number on the day of its payment.
type judgement struct {
	evidence Finding // what all findings of the record have in common
	// When the register made known what a rule rests on: the status, the level, the
	// death. Empty where that is not told.
	statusKnown, levelKnown, deathKnown string
	remarks                             []remark // of the rules that look at one record
	day                                 time.Time
	person                              string // the person's number; the unknown number itself; empty where there is no number
	inKnown                             bool   // the register has the number
}

// remark is a rule that speaks of a record.
type remark struct {
	rule, detail, otherNumber string
	possible                  bool
}

// judge looks at one record.
func judge(known register, policy Policy, record Record) judgement {
	given := read(record, known.has)
	j := judgement{day: record.PaymentDate, evidence: Finding{Number: given.number, NumberKind: given.kind}}
	j.readingRemarks(policy, record, given)
	if !given.isPersons() {
		return j
	}
	j.person = given.number
	if !known.has(given.number) {
		j.say("unknown_number", given.kind)
		return j
	}
	j.inKnown = true

	day := record.PaymentDate
	end, broken := known.follow(given.number, day)
	if broken == "" {
		j.person = end
	}
	if j.person != given.number {
		j.evidence.UseNumber = j.person
	}
	j.gather(known, day)

	if assigned := j.attribute(known, day, assignedOn); assigned != "" && text(day) < assigned {
		j.say("used_before_assigned", "")
	}
	j.deathRemarks(known, policy, record)
	if entry := known.inForce(given.number, day); entry.Status != "" {
		j.statusRemarks(policy, record, entry, end, broken)
		j.levelRemarks(policy, record)
		j.expiryRemarks(known, policy, day, entry)
	}
	return j
}

func (j *judgement) say(rule, detail string) {
	j.remarks = append(j.remarks, remark{rule: rule, detail: detail})
}

// attribute is one of the record's own number.
func (j *judgement) attribute(known register, day time.Time, of func(Entry) string) string {
	return known.attribute(j.evidence.Number, day, of)
}

// gather takes the evidence from the register.
func (j *judgement) gather(known register, day time.Time) {
	entry := known.inForce(j.evidence.Number, day)
	j.evidence.Status, j.evidence.StatusFrom, j.evidence.StatusReason = entry.Status, entry.StatusFrom, entry.Reason
	j.evidence.IdentityLevel = j.attribute(known, day, level)
	j.evidence.Protected = j.attribute(known, day, protected)
	j.evidence.DeceasedOn = known.attribute(j.person, day, deceasedOn)
	j.statusKnown = entry.KnownFrom
	if entry.Level != "" {
		j.levelKnown = entry.KnownFrom
	}
	var told []string
	for _, entry := range known.fromThatInForce(j.person, day) {
		if entry.tellsOfDeath() {
			told = append(told, entry.KnownFrom)
		}
	}
	if len(told) > 0 && !slices.Contains(told, "") {
		j.deathKnown = slices.Min(told)
	}
}

// tellsOfDeath says whether an entry says that the person is dead, and can have said so
// from the day on which it became known, if it tells that.
func (e Entry) tellsOfDeath() bool {
	if e.isDeregisteredWith("AV") {
		return true
	}
	earliest, _, isDated := interval(e.DeceasedOn)
	return isDated && (e.KnownFrom == "" || e.KnownFrom >= text(earliest))
}

// readingRemarks are those that need no register, but for ambiguous_century.
func (j *judgement) readingRemarks(policy Policy, record Record, given reading) {
	if given.fault != "" {
		j.say("malformed_number", given.fault)
		return
	}
	if !given.isPersons() {
		j.say("other_identity_kind", given.kind)
		return
	}
	if given.contradicts(record.PaymentDate.Year()) {
		j.say("contradictory_separator", "")
	}
	if given.older != "" {
		j.remarks = append(j.remarks, remark{rule: "ambiguous_century", otherNumber: given.older})
	}
	if hasImpossibleDay(given.number) {
		j.say("suspect_coordination_date", "")
	}
	if slices.Contains(policy.TestNumbers, given.number) {
		j.say("test_number", "")
	}
	if given.number[:6] > record.PaymentDate.Format("200601") {
		j.say("born_after_payment", "")
	}
}

// deathRemarks ask whether the person had died, whatever the number's status.
func (j *judgement) deathRemarks(known register, policy Policy, record Record) {
	day := record.PaymentDate
	death := known.attribute(j.person, day, deceasedOn)
	entry := known.inForce(j.person, day)
	earliest, latest, isDated := interval(death)
	switch {
	case isDated && earliest.Before(day):
		j.deathBetween(policy, record, earliest, latest)
	case entry.isDeregisteredWith("AV") && entry.StatusFrom == "":
		j.say("deceased_payee", "") // before every day, so nothing lies before it or soon after it
	case entry.isDeregisteredWith("AV"):
		if began := date(entry.StatusFrom); began.Before(day) {
			j.deathBetween(policy, record, began, began)
		}
	case death == "0":
		j.remarks = append(j.remarks, remark{rule: "deceased_payee", possible: true})
	}
}

// deathBetween judges a payment after the earliest possible day of death.
func (j *judgement) deathBetween(policy Policy, record Record, earliest, latest time.Time) {
	finding := remark{rule: "deceased_payee"}
	if earliest != latest && !record.PaymentDate.After(latest) {
		finding.possible = true
	}
	if cover := covered(policy, record, latest); cover != "" {
		finding.rule, finding.detail = "deceased_lawful_tail", cover
	}
	j.remarks = append(j.remarks, finding)
}

// covered says what makes a payment after a death lawful; empty where nothing does.
func covered(policy Policy, record Record, latestDeath time.Time) string {
	if !record.PeriodEnd.IsZero() && !record.PeriodEnd.After(latestDeath) {
		return "period_before_death"
	}
	paidFor := record.PeriodStart
	if paidFor.IsZero() {
		paidFor = record.PaymentDate
	}
	lawful := policy.paymentType(record).LawfulMonths
	if lawful != nil && months(paidFor)-months(latestDeath) <= *lawful {
		return "tail"
	}
	return ""
}

// months counts the months since the year 0.
func months(t time.Time) int { return t.Year()*12 + int(t.Month()) - 1 }

// statusRemarks speak of the state in force; at most one does.
func (j *judgement) statusRemarks(policy Policy, record Record, entry Entry, end, broken string) {
	switch {
	case entry.isReplaced() && broken != "":
		j.say("closed_number", broken)
	case entry.isReplaced():
		j.say("closed_number", "use_"+kindOf(end)+"_number")
	case entry.Status == "inactive":
		j.say("inactive_number", inactivity(entry.Reason))
	case entry.Status == "active", entry.isDeregisteredWith("AV"):
	case entry.isDeregisteredWith("FI"):
		j.say("false_identity", "")
	case entry.isDeregisteredWith("AS", "AN"):
		j.say("annulled_number", "")
	case entry.isDeregisteredWith("OB"):
		j.say("disappeared_payee", "")
	case entry.isDeregisteredWith("UV"):
		if !policy.paymentType(record).EmigratedAllowed {
			j.say("emigrated_payee", "")
		}
	case entry.isDeregisteredWith("TA", "OO"):
		j.say("technical_deregistration", "")
	default:
		j.say("unknown_deregistration", entry.Reason)
	}
}

func inactivity(reason string) string {
	switch strings.ToUpper(reason) {
	case "":
		return "unknown"
	case "TIDSFRIST":
		return "time_limit"
	case "AVLIDEN":
		return "deceased"
	}
	return "other"
}

// levels are those that can be compared, the least first.
var levels = []string{"uncertain", "probable", "confirmed"}

func (j *judgement) levelRemarks(policy Policy, record Record) {
	has := slices.Index(levels, j.evidence.IdentityLevel)
	if has < 0 {
		return
	}
	asked := max(
		slices.Index(levels, policy.paymentType(record).IdentityLevel),
		slices.Index(levels, policy.agencyLevel(record)))
	if has < asked {
		j.say("insufficient_identity_level", levels[asked])
	}
	mayHold := record.Agency != "" && slices.Contains(policy.UncertainAllowed, record.Agency)
	if levels[has] == "uncertain" && policy.UncertainAllowed != nil && !mayHold {
		j.say("uncertain_identity_purpose", "")
	}
}

func (j *judgement) expiryRemarks(known register, policy Policy, day time.Time, entry Entry) {
	if entry.Status != "active" || j.evidence.NumberKind != "coordination" {
		return
	}
	last := known.lastDay(j.evidence.Number, day)
	switch {
	case last == "":
	case last < text(day):
		j.say("overdue_inactivation", last)
	case last <= text(day.AddDate(0, 0, policy.ExpiringWithinDays)):
		j.say("expiring_number", last)
	}
}

// paymentType is what the policy says of a record's payment type. A missing one
// is on no list.
func (p Policy) paymentType(record Record) PaymentType {
	if record.PaymentType == "" {
		return PaymentType{}
	}
	return p.PaymentTypes[record.PaymentType]
}

func (p Policy) agencyLevel(record Record) string {
	if record.Agency == "" {
		return ""
	}
	return p.Agencies[record.Agency]
}
