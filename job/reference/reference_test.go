package reference

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// numbered adds the check digit to eleven digits.
func numbered(t *testing.T, eleven string) string {
	t.Helper()
	require.Len(t, eleven, 11)
	for check := '0'; check <= '9'; check++ {
		if luhnHolds(eleven[2:] + string(check)) {
			return eleven + string(check)
		}
	}
	t.Fatal("no digit makes Luhn hold")
	return ""
}

func on(t *testing.T, day string) time.Time {
	t.Helper()
	if day == "" {
		return time.Time{}
	}
	parsed, err := time.Parse(time.DateOnly, day)
	require.NoError(t, err)
	return parsed
}

// said are the rules of findings with their details, possible ones in brackets.
func said(findings []Finding) string {
	var all []string
	for _, f := range findings {
		s := strings.TrimSpace(f.Rule + " " + f.Detail)
		if f.Confidence == "possible" {
			s = "[" + s + "]"
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

func TestWorkedCheckDigits(t *testing.T) {
	assert.Equal(t, "196408233234", numbered(t, "19640823323"))
	assert.Equal(t, "197010632391", numbered(t, "19701063239"))
}

func TestReading(t *testing.T) {
	old, young := numbered(t, "19200310123"), numbered(t, "20200310123") // share ten digits
	leapOnly1896 := numbered(t, "18960229123")                           // 1996 has the day too
	leapOnly2000 := numbered(t, "20000229123")                           // 1900 has not
	everyone := func(string) bool { return true }
	nobody := func(string) bool { return false }
	just := func(number string) func(string) bool { return func(n string) bool { return n == number } }
	plain := numbered(t, "19640823123")
	letter := plain[2:8] + "T" + plain[9:] // which counts as the 1 that it stands for
	for _, c := range []struct {
		given string
		year  int
		known func(string) bool
		want  string // number, kind or fault, and what else is said
		why   string
	}{
		{"196408233234", 2025, nobody, "196408233234", "twelve digits"},
		{" 19640823-3234\t", 2025, nobody, "196408233234", "blanks around it, hyphen"},
		{"197010632391", 2025, nobody, "197010632391", "a coordination number"},
		{"", 2025, nobody, "empty", "nothing"},
		{" \t", 2025, nobody, "empty", "nothing but blanks"},
		{"19640823 3234", 2025, nobody, "characters", "a blank is no separator"},
		{"1964-08-233234", 2025, nobody, "characters", "a hyphen elsewhere"},
		{"19640823--3234", 2025, nobody, "characters", "two hyphens"},
		{"19640823323", 2025, nobody, "length", "eleven digits"},
		{"219640823323", 2025, nobody, "century", "century 21"},
		{"196402303234", 2025, nobody, "date", "30 February"},
		{"190002291236", 2025, nobody, "date", "1900 is no leap year, and date comes before check digit"},
		{"197013632391", 2025, nobody, "date", "month 13 of a coordination number"},
		{"197010922391", 2025, nobody, "date", "day 92 of a coordination number"},
		{numbered(t, "19700060239"), 2025, nobody, numbered(t, "19700060239"), "month and day unknown"},
		{numbered(t, "19640823000"), 2025, nobody, "serial", "serial 000 with its right check digit"},
		{"196408233235", 2025, nobody, "check_digit", "one off"},
		{"5560360793", 2025, nobody, "organisation", "third digit 6, Luhn holds"},
		{"556036-0793", 2025, nobody, "organisation", "hyphen"},
		{"165560360793", 2025, nobody, "organisation", "prefix 16"},
		{"556036+0793", 2025, nobody, "date", "with a plus it is no organisation"},
		{"5560360794", 2025, nobody, "date", "Luhn does not hold"},
		{"166408233234", 2025, nobody, "century", "prefix 16 but the third digit is 0"},
		{letter, 2025, nobody, "interim", "a letter counts as 1"},
		{"19" + letter, 2025, nobody, "interim", "with a century"},
		{"17" + letter, 2025, nobody, "characters", "no such century"},
		{letter[:6] + "+" + letter[6:], 2025, nobody, "characters", "with a plus it is none"},
		{letter[:9] + string(letter[9]^1), 2025, nobody, "characters", "Luhn does not hold"},
		{strings.ToLower(letter), 2025, nobody, "characters", "capital letters only"},
		{old[2:], 2025, everyone, young + " ambiguous", "both in the register: the younger"},
		{old[2:], 2025, just(old), old, "only the older in the register"},
		{old[2:8] + "-" + old[8:], 2025, just(old), old + " contradictory", "the older, written with a hyphen"},
		{old[2:8] + "+" + old[8:], 2025, everyone, old, "a plus is always the older"},
		{old[2:8] + "+" + old[8:], 2025, just(young), old, "even if only the younger is known"},
		{old[2:], 2025, nobody, young, "neither is known: the younger"},
		{old[2:], 2019, just(old), old, "in 2019 the younger is 1920"},
		{leapOnly2000[2:], 2025, just("19" + leapOnly2000[2:]), leapOnly2000, "1900 has no 29 February"},
		{leapOnly2000[2:8] + "+" + leapOnly2000[8:], 2025, nobody, "date", "a plus asks for 1900"},
		{leapOnly2000[2:8] + "-" + leapOnly2000[8:], 2105, nobody, leapOnly2000 + " contradictory", "no number has the year 2100, so it is the older"},
		{leapOnly1896[2:], 2025, nobody, "19" + leapOnly1896[2:], "both years are leap years"},
		{"19200310-" + old[8:], 2019, nobody, old, "99 years: a hyphen is right"},
		{"19200310-" + old[8:], 2020, nobody, old + " contradictory", "from the year of the hundredth birthday a plus stands"},
		{"19200310+" + old[8:], 2020, nobody, old, "a plus is right"},
		{"19200310+" + old[8:], 2019, nobody, old + " contradictory", "a plus too early"},
	} {
		r := readText(c.given, c.year, c.known)
		got := r.number + r.fault
		if r.number == "" && r.fault == "" {
			got = r.kind
		}
		if r.number != "" && r.contradicts(c.year) {
			got += " contradictory"
		}
		if r.older != "" {
			got += " ambiguous"
		}
		assert.Equal(t, c.want, got, c.why)
	}
}

// people are numbers for the tables below, by a letter each.
type people map[byte]string

func newPeople(t *testing.T) people {
	return people{
		'A': numbered(t, "19700163101"), 'B': numbered(t, "19700163102"), 'C': numbered(t, "19700103103"),
		'P': numbered(t, "19700103104"), 'U': numbered(t, "19700103105"),
	}
}

// entry reads "A closed 2020-01-01 linked=C reason=GN known=…": number, status,
// the day that it began (- for none), and other fields.
func (p people) entry(t *testing.T, row int, line string) Entry {
	t.Helper()
	words := strings.Fields(line)
	require.GreaterOrEqual(t, len(words), 3, line)
	entry := Entry{Row: row, Number: p[words[0][0]], Status: words[1], StatusFrom: strings.Trim(words[2], "-")}
	for _, word := range words[3:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "linked":
			if entry.Linked = p[value[0]]; len(value) > 1 {
				entry.Linked = value
			}
		case "reason":
			entry.Reason = value
		case "known":
			entry.KnownFrom = value
		case "died":
			entry.DeceasedOn = value
		case "level":
			entry.Level = value
		case "assigned":
			entry.AssignedOn = value
		case "renewed":
			entry.RenewedOn = value
		case "expected":
			entry.InactiveExpectedOn = value
		case "protected":
			entry.Protected = value
		default:
			t.Fatalf("no field %q", name)
		}
	}
	return entry
}

// record reads "A 2025-03-01 type from=… to=… amount=…".
func (p people) record(t *testing.T, line string) Record {
	t.Helper()
	words := strings.Fields(line)
	record := Record{IdentityNumber: p[words[0][0]], PaymentDate: on(t, words[1]), Amount: 100}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "from":
			record.PeriodStart = on(t, value)
		case "to":
			record.PeriodEnd = on(t, value)
		case "type":
			record.PaymentType = value
		case "agency":
			record.Agency = value
		case "currency":
			record.Currency = value
		default:
			t.Fatalf("no field %q", name)
		}
	}
	return record
}

func (p people) reconcile(t *testing.T, register, payments []string) []Finding {
	t.Helper()
	var entries []Entry
	for i, line := range register {
		entries = append(entries, p.entry(t, i, line))
	}
	var records []Record
	for _, line := range payments {
		records = append(records, p.record(t, line))
	}
	two, eight := 0, 8
	return Reconcile(entries, records, Policy{
		Severities:         map[string]string{"duplicate_payment": "on"},
		PaymentTypes:       map[string]PaymentType{"pension": {LawfulMonths: &two, EmigratedAllowed: true}, "care": {LawfulMonths: &eight}, "study": {IdentityLevel: "confirmed"}},
		Agencies:           map[string]string{"csn": "probable"},
		UncertainAllowed:   []string{"police"},
		ExpiringWithinDays: 90,
		TestNumbers:        []string{numbered(t, "19700103999")},
	})
}

func TestOneRecord(t *testing.T) {
	p := newPeople(t)
	for _, c := range []struct {
		register, payment, want, why string
	}{
		// History.
		{"P active 2020-01-01; P deregistered 2022-01-01 reason=UV; P active 2024-01-01", "P 2023-12-31", "emigrated_payee", "the entry in force is that of the day"},
		{"P active 2020-01-01; P deregistered 2022-01-01 reason=UV; P active 2024-01-01", "P 2024-01-01", "", "an entry is in force on its first day"},
		{"P deregistered 2022-01-01 reason=UV; P active -", "P 2021-12-31", "", "a missing day is since ever, in whatever row"},
		{"P inactive 2022-01-01", "P 2021-12-31", "", "nothing is known before the first entry"},
		{"P inactive 2022-01-01; P active 2022-01-01", "P 2023-01-01", "", "two entries of one day: the later row"},
		{"P active 2022-01-01 known=2022-02-01; P inactive 2022-01-01 known=2022-01-15", "P 2023-01-01", "", "two entries of one day: the one that became known later"},
		{"P active 2022-01-01 known=2022-01-15; P inactive 2022-01-01", "P 2023-01-01", "", "a missing known_from is the earliest"},
		{"P inactive - reason=x; P active -", "P 2023-01-01", "", "a missing day equals a missing day"},

		// States.
		{"P inactive -", "P 2025-03-01", "inactive_number unknown", "no reason"},
		{"P inactive - reason=tidsfrist", "P 2025-03-01", "inactive_number time_limit", "words without regard to case"},
		{"P inactive - reason=AVLIDEN", "P 2025-03-01", "inactive_number deceased", "in itself no death"},
		{"P inactive - reason=AVLIDEN died=2025-01-01", "P 2025-03-01", "deceased_payee, inactive_number deceased", "an inactive number does not hide a death"},
		{"P deregistered - reason=ZZ", "P 2025-03-01", "unknown_deregistration ZZ", "a code that is not in the table"},
		{"P deregistered -", "P 2025-03-01", "unknown_deregistration", "no code"},
		{"P deregistered - reason=OO", "P 2025-03-01", "technical_deregistration", ""},
		{"P deregistered - reason=AN", "P 2025-03-01", "annulled_number", ""},
		{"P deregistered - reason=UV", "P 2025-03-01 type=pension", "", "the policy allows it"},
		{"P quiet -", "P 2025-03-01", "unknown_number personal", "an entry whose status cannot be read is left out"},

		// Chains.
		{"A closed - linked=C; C active -", "A 2025-03-01", "closed_number use_personal_number", ""},
		{"A closed - linked=B; B active -", "A 2025-03-01", "closed_number use_coordination_number", ""},
		{"A closed - linked=B; B closed - linked=C; C active -", "A 2025-03-01", "closed_number use_personal_number", "to the end"},
		{"A closed - linked=B; B closed 2026-01-01 linked=C; C active -", "A 2025-03-01", "closed_number use_coordination_number", "B was not closed on that day"},
		{"A closed - linked=C; C active 2026-01-01", "A 2025-03-01", "closed_number use_personal_number", "C has no entry in force, so it is not replaced"},
		{"A closed -", "A 2025-03-01", "closed_number link_missing", ""},
		{"A closed - linked=U", "A 2025-03-01", "closed_number link_unknown", ""},
		{"A closed - linked=garbage", "A 2025-03-01", "closed_number link_unknown", "a link that is no number"},
		{"A closed - linked=B; B closed -", "A 2025-03-01", "closed_number link_missing", "further on"},
		{"A closed - linked=A", "A 2025-03-01", "closed_number link_loop", "to itself"},
		{"A closed - linked=B; B closed - linked=A", "A 2025-03-01", "closed_number link_loop", "two in a ring"},
		{"A closed - linked=B; B closed - linked=C; C deregistered - reason=GN linked=B", "A 2025-03-01", "closed_number link_loop", "into a ring"},
		{"A deregistered - reason=GS linked=C; C active -", "A 2025-03-01", "closed_number use_personal_number", "GS and GN are replaced like closed ones"},
		{"A closed 2024-01-01; A active 2020-01-01 linked=C; C active -", "A 2025-03-01", "closed_number use_personal_number", "the link of an earlier entry, where the one in force has none"},
		{"A closed 2024-01-01; A active 2026-01-01 linked=C; C active -", "A 2025-03-01", "closed_number use_personal_number", "of a later entry too"},
		{"A closed 2024-01-01 linked=B; A active 2026-01-01 linked=C; B active -; C active -", "A 2025-03-01", "closed_number use_coordination_number", "the entry in force comes first"},
		{"A closed - linked=C; C deregistered 2025-01-10 reason=AV", "A 2025-03-01", "deceased_payee, closed_number use_personal_number", "the person is the end of the chain"},
		{"A closed - linked=C died=2025-01-10; C active -", "A 2025-03-01", "closed_number use_personal_number", "and not the number"},
		{"A closed - died=2025-01-10", "A 2025-03-01", "deceased_payee, closed_number link_missing", "where the chain breaks it is the number"},
		{"A closed - linked=C; C inactive -", "A 2025-03-01", "closed_number use_personal_number", "the state of the end is not reported"},

		// Deaths.
		{"P active - died=2025-03-01", "P 2025-03-01", "", "paid on the day of death"},
		{"P active - died=2025-03-01", "P 2025-03-02", "deceased_payee", "and the day after"},
		{"P deregistered 2025-03-01 reason=AV", "P 2025-03-01", "", "no date of death: the day on which AV began"},
		{"P deregistered 2025-03-01 reason=av", "P 2025-03-02", "deceased_payee", ""},
		{"P deregistered - reason=AV", "P 1990-01-01 to=1970-01-01 type=pension", "deceased_payee", "before every day, so that nothing covers it"},
		{"P deregistered 2025-03-01 reason=AV died=2025-05-00", "P 2025-04-01", "deceased_payee", "the interval begins later, so AV counts"},
		{"P deregistered 2025-03-01 reason=AV died=0", "P 2025-04-01", "deceased_payee", "AV says more than 0"},
		{"P deregistered 2025-03-01 reason=AV died=0", "P 2025-03-01", "", "and an equal day is no finding"},
		{"P deregistered 2025-03-01 reason=AV died=0", "P 2025-02-01", "[deceased_payee]", "before AV, 0 is possible on every day"},
		{"P active - died=0", "P 2025-04-01 to=2024-01-31 type=pension", "[deceased_payee]", "nothing covers 0"},
		{"P active - died=0000-00-00", "P 2025-04-01", "[deceased_payee]", "0 written out"},
		{"P active - died=2025-05-00", "P 2025-05-01", "", "the earliest possible day"},
		{"P active - died=2025-05-00", "P 2025-05-02", "[deceased_payee]", "after the earliest"},
		{"P active - died=2025-05-00", "P 2025-05-31", "[deceased_payee]", "on the latest"},
		{"P active - died=2025-05-00", "P 2025-06-01", "deceased_payee", "after the latest"},
		{"P active - died=2024-00-00", "P 2024-12-31", "[deceased_payee]", "only the year is known"},
		{"P active - died=2024-00-00", "P 2025-01-01", "deceased_payee", ""},
		{"P active - died=2024-02-00", "P 2024-03-01 to=2024-02-29", "deceased_lawful_tail period_before_death", "the latest day of a leap February"},
		{"P active - died=2025-05-10", "P 2025-06-01 from=2025-05-01 to=2025-05-10", "deceased_lawful_tail period_before_death", "the period ends on the day of death"},
		{"P active - died=2025-05-10", "P 2025-06-01 from=2025-05-01 to=2025-05-11", "deceased_payee", "a day too long, and no tail"},
		{"P active - died=2025-05-00", "P 2025-05-20 to=2025-05-31", "[deceased_lawful_tail period_before_death]", "on or before the latest possible day"},
		{"P active - died=2025-05-10", "P 2025-05-25 type=pension", "deceased_lawful_tail tail", "0 months: the month of death"},
		{"P active - died=2025-05-10", "P 2025-06-01 type=pension", "deceased_payee", "0 months: not the next"},
		{"P active - died=2025-05-10", "P 2025-06-20 type=pension from=2025-05-15 to=2025-06-14", "deceased_lawful_tail tail", "the month of the period counts, not that of the payment"},
		{"P active - died=2025-05-10", "P 2026-01-31 type=care", "deceased_lawful_tail tail", "eight months, across a year"},
		{"P active - died=2025-05-10", "P 2026-02-01 type=care", "deceased_payee", "the ninth"},
		{"P active - died=2025-00-00", "P 2025-03-01 type=pension", "[deceased_lawful_tail tail]", "months are counted from the latest possible day"},
		{"P active 2020-01-01; P deregistered 2026-01-01 reason=AV died=2025-01-10", "P 2025-03-01", "deceased_payee", "a death that the register learnt of later"},
		{"P active 2026-01-01 died=2025-01-10", "P 2025-03-01", "deceased_payee", "the death rules speak without an entry in force"},

		// Assignment, level and expiry.
		{"A active 2025-06-01 assigned=2025-06-01", "A 2025-05-31", "used_before_assigned", "without an entry in force"},
		{"A active 2025-06-01 assigned=2025-06-01", "A 2025-06-01", "", "on the day"},
		{"A active 2025-06-01 level=uncertain", "A 2025-05-31 type=study", "", "level rules need an entry in force"},
		{"A active - level=uncertain", "A 2025-05-31 agency=police", "", "allowed"},
		{"A active - level=uncertain", "A 2025-05-31", "uncertain_identity_purpose", "a missing agency is on no list"},
		{"A active - level=uncertain", "A 2025-05-31 agency=csn", "insufficient_identity_level probable, uncertain_identity_purpose", ""},
		{"A active - level=probable", "A 2025-05-31 agency=csn", "", ""},
		{"A active - level=probable", "A 2025-05-31 agency=csn type=study", "insufficient_identity_level confirmed", "the stricter of the two"},
		{"A active - level=not_applicable", "A 2025-05-31 agency=csn type=study", "", ""},
		{"A active -", "A 2025-05-31 agency=csn type=study", "", "missing is not uncertain"},
		{"A active - assigned=2021-01-01", "A 2026-10-02", "expiring_number 2026-12-31", "assigned on any day of 2021 it stands until the end of 2026; 90 days before"},
		{"A active - assigned=2021-12-31", "A 2026-10-01", "", "91 days before"},
		{"A active - assigned=2021-06-01", "A 2026-12-31", "expiring_number 2026-12-31", "the last day itself"},
		{"A active - assigned=2021-06-01", "A 2027-01-01", "overdue_inactivation 2026-12-31", "and the day after"},
		{"A active - assigned=2003-06-01", "A 2021-12-31", "expiring_number 2021-12-31", "before 2016 counts as 2016"},
		{"A active - assigned=2016-06-01 renewed=2020-05-01", "A 2025-12-31", "expiring_number 2025-12-31", "renewal counts, not assignment"},
		{"A active - assigned=2021-06-01 expected=2025-03-01", "A 2025-03-02", "overdue_inactivation 2025-03-01", "the register's own day counts first"},
		{"P active - assigned=2003-06-01", "P 2025-03-01", "", "a personal number has no last day"},
		{"A inactive - assigned=2003-06-01", "A 2025-03-01", "inactive_number unknown", "nor has an inactive one"},
		{"A inactive - level=uncertain", "A 2025-03-01 agency=csn", "inactive_number unknown, insufficient_identity_level probable, uncertain_identity_purpose", "levels are asked of inactive numbers too"},
	} {
		got := said(p.reconcile(t, strings.Split(c.register, "; "), []string{c.payment}))
		assert.Equal(t, c.want, got, "%s / %s: %s", c.register, c.payment, c.why)
	}
}

func TestEvidence(t *testing.T) {
	p := newPeople(t)
	findings := p.reconcile(t, []string{
		"A active 2020-01-01 known=2020-01-02 level=uncertain protected=true",
		"A closed 2025-02-01 reason=x known=2025-04-01 linked=C",
		"C active - died=20250100 level=confirmed",
	}, []string{"A 2025-03-01 agency=police", "A 2025-04-01 agency=police"})
	require.Equal(t, "deceased_payee, closed_number use_personal_number, deceased_payee, closed_number use_personal_number", said(findings))
	assert.Equal(t, Finding{
		Rule: "closed_number", Severity: "error", Direction: "record", Confidence: "certain", Detail: "use_personal_number",
		Number: p['A'], NumberKind: "coordination", UseNumber: p['C'], Status: "closed", StatusFrom: "2025-02-01", StatusReason: "x",
		IdentityLevel: "uncertain", DeceasedOn: "2025-01-00", KnownFrom: "2025-04-01", KnownAtPayment: "false", Protected: "true",
	}, findings[1], "level and protection are the number's, from its earlier entry; the death is the person's")
	assert.Equal(t, "true", findings[3].KnownAtPayment, "known on the day itself")
	assert.Equal(t, 1, findings[3].Record)
	assert.Empty(t, findings[0].KnownFrom, "of a death, which the entry of the person tells, nobody says when it became known")
}

func TestReadingRules(t *testing.T) {
	p := newPeople(t)
	p['T'] = numbered(t, "19700103999")
	p['S'] = numbered(t, "19700291123")
	p['D'] = numbered(t, "19700260123")
	p['N'] = numbered(t, "20250301123")
	p['M'] = numbered(t, "20250061123")
	for payment, want := range map[string]string{
		"T 2025-03-01": "test_number, unknown_number personal",
		"S 2025-03-01": "suspect_coordination_date, unknown_number coordination",
		"D 2025-03-01": "unknown_number coordination",
		"N 2025-02-28": "born_after_payment, unknown_number personal",
		"N 2025-03-01": "unknown_number personal",
		"M 2025-01-01": "unknown_number coordination",
		"M 2024-12-31": "born_after_payment, unknown_number coordination",
	} {
		assert.Equal(t, want, said(p.reconcile(t, nil, []string{payment})), payment)
	}
	integers := Reconcile(nil, []Record{
		{IsInteger: true, Integer: 405123, PaymentDate: on(t, "2025-03-01")},
		{IsInteger: true, Integer: -1, PaymentDate: on(t, "2025-03-01")},
		{IsInteger: true, Integer: 12345678901, PaymentDate: on(t, "2025-03-01")},
		{PaymentDate: on(t, "2025-03-01")},
	}, Policy{})
	assert.Equal(t, "malformed_number date, malformed_number characters, malformed_number length, malformed_number empty", said(integers))
}

func TestAcrossRecords(t *testing.T) {
	p := newPeople(t)
	register := []string{
		"A active 2020-01-01", "A closed 2025-03-15 linked=B", "B active 2020-01-01", "B closed 2025-03-15 linked=C", "C active -", "P active -",
	}
	for _, c := range []struct {
		payments, want string
		why            string
	}{
		{"C 2025-03-02; A 2025-03-14", "", "A was not yet linked"},
		{"C 2025-03-02; A 2025-03-15", "1 closed_number, 0 paid_under_two_numbers A, 1 paid_under_two_numbers C", "the person as at each record's own day"},
		{"C 2025-03-31; A 2025-04-01", "1 closed_number", "another month"},
		{"C 2025-04-02 type=pension; A 2025-04-02", "1 closed_number", "another type"},
		{"C 2025-04-02 agency=csn; B 2025-04-03; A 2025-04-04; P 2025-04-04",
			"1 closed_number, 2 closed_number, 0 paid_under_two_numbers A, 1 paid_under_two_numbers C, 2 paid_under_two_numbers C", "the smallest other number; the agency does not matter"},
		{"A 2025-04-02; A 2025-04-03", "0 closed_number, 1 closed_number", "one number twice is not two"},
		{"P 2025-04-02; P 2025-04-02; P 2025-04-02 currency=SEK", "1 duplicate_payment, 2 duplicate_payment", "every one after the first; SEK is the default"},
		{"P 2025-04-02; P 2025-04-02 currency=EUR; P 2025-04-02 agency=csn; P 2025-04-02 type=care; P 2025-04-03", "", "each differs in something"},
		{"U 2025-04-02; U 2025-04-02", "0 unknown_number, 1 unknown_number, 1 duplicate_payment", "unknown numbers repeat too"},
		{"A 2025-04-02; C 2025-04-02", "0 closed_number, 0 paid_under_two_numbers C, 1 paid_under_two_numbers A, 1 duplicate_payment", "in the order of records, then of the catalogue"},
		{"X 2025-04-02; X 2025-04-02", "0 malformed_number, 1 malformed_number", "no number, no person"},
	} {
		var got []string
		for _, f := range p.reconcile(t, register, strings.Split(c.payments, "; ")) {
			other := ""
			for letter, number := range p {
				if number == f.OtherNumber {
					other = " " + string(letter)
				}
			}
			got = append(got, string(rune('0'+f.Record))+" "+f.Rule+other)
		}
		assert.Equal(t, c.want, strings.Join(got, ", "), c.why)
	}
}

func TestSeverities(t *testing.T) {
	p := newPeople(t)
	records := []Record{p.record(t, "U 2025-03-01"), p.record(t, "U 2025-03-01")}
	for setting, want := range map[string]string{"": "warning", "on": "warning", "true": "warning", "off": "", "false": "", "info": "info", "error": "error"} {
		findings := Reconcile(nil, records[:1], Policy{Severities: map[string]string{"unknown_number": setting}})
		if want == "" {
			assert.Empty(t, findings, setting)
			continue
		}
		require.Len(t, findings, 1, setting)
		assert.Equal(t, want, findings[0].Severity, setting)
	}
	assert.Len(t, Reconcile(nil, records, Policy{}), 2, "duplicate_payment is off unless it is turned on")
}

// A finding is known from when that entry was known that tells what was found, and of
// no other.
func TestKnownAtPayment(t *testing.T) {
	for _, c := range []struct {
		why      string
		register []string
		want     string // of each finding: its rule, and since when and whether it was known
	}{
		{"deregistered as dead", []string{"C deregistered 2025-02-01 reason=AV known=2025-03-10 died=20250201"}, "deceased_payee 2025-03-10 false"},
		{"a death that a later entry tells of", []string{"C active 2000-01-01 known=2000-01-01", "C deregistered 2025-03-20 reason=AV known=2025-04-10 died=20250201"}, "deceased_payee 2025-04-10 false"},
		{"no entry is in force yet", []string{"C deregistered 2025-03-20 reason=AV known=2025-03-22 died=20250201"}, "deceased_payee 2025-03-22 false"},
		{"an earlier entry has got the date with the later one", []string{"C active 2000-01-01 known=2000-01-01 died=20250201", "C deregistered 2025-03-20 reason=AV known=2025-04-10 died=20250201"},
			"deceased_payee 2025-04-10 false"},
		{"two entries tell: it was known with the first", []string{"C inactive 2025-02-20 reason=deceased known=2025-02-25 died=20250201", "C deregistered 2025-03-20 reason=AV known=2025-04-10 died=20250201"},
			"deceased_payee 2025-02-25 true, inactive_number 2025-02-25 true"},
		{"of one of the two that tell nobody says when", []string{"C inactive 2025-02-20 reason=deceased died=20250201", "C deregistered 2025-03-20 reason=AV known=2025-04-10 died=20250201"},
			"deceased_payee  , inactive_number  "},
		{"a death that was taken back before the payment tells nothing of the next", []string{"C deregistered 2010-01-01 reason=AV known=2010-02-01", "C active 2010-05-01 known=2010-05-02", "C deregistered 2025-03-20 reason=AV known=2025-03-22 died=20250201"},
			"deceased_payee 2025-03-22 false"},
		{"a date of death in an entry that was known long before it", []string{"C deregistered 2010-01-01 reason=UV known=2010-01-02 died=20250201"},
			"deceased_payee  , emigrated_payee 2010-01-02 true"},
		{"a date of death in an entry that was known after it", []string{"C deregistered 2010-01-01 reason=UV known=2025-02-20 died=20250201"},
			"deceased_payee 2025-02-20 true, emigrated_payee 2025-02-20 true"},
		{"a death of a year, known within it", []string{"C active 2010-01-01 known=2025-01-10 died=20250000"}, "deceased_payee 2025-01-10 true"},
		{"a death on a day that is not known at all", []string{"C active 2010-01-01 known=2010-01-10 died=0"}, "deceased_payee  "},
		{"the death of the person at the end of a chain", []string{"A closed 2020-01-01 known=2020-01-05 linked=C", "C deregistered 2025-02-01 reason=AV known=2025-03-10 died=20250201"},
			"deceased_payee 2025-03-10 false, closed_number 2020-01-05 true"},
		{"a level of the entry in force", []string{"A active 2020-01-01 known=2020-01-02 level=uncertain"}, "uncertain_identity_purpose 2020-01-02 true"},
		{"a level that a later entry tells of", []string{"A active 2020-01-01 known=2020-01-02", "A active 2025-06-01 known=2025-06-02 level=uncertain"}, "uncertain_identity_purpose  "},
	} {
		p := newPeople(t)
		number := c.register[0][:1]
		var got []string
		for _, f := range p.reconcile(t, c.register, []string{number + " 2025-03-01"}) {
			got = append(got, f.Rule+" "+f.KnownFrom+" "+f.KnownAtPayment)
		}
		assert.Equal(t, c.want, strings.Join(got, ", "), c.why)
	}
}
