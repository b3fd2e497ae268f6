package synth

import (
	"slices"
	"strconv"

	"github.com/avstam/avstam/calendar"
)

// expiringWithin is how many days ahead the policy looks.
const expiringWithin = 90

// scenesForEveryRule is how many scenes, from the first on, meet every rule.
const scenesForEveryRule = 23

// mostTimes is the greatest times of a scene.
const mostTimes = 12

// scenes are all there is to be found: first a scene for every rule, then those
// for every detail, and for findings that come together.
var scenes = []scene{
	{noRole, 1, 4, func(s *stage) {
		s.payText(s.wrongCheckDigit(), s.anyDay()).finds("malformed_number", "check_digit")
	}},
	{noRole, 1, 2, func(s *stage) {
		s.payKind(s.organisation(), "organisation")
	}},
	{resident, 1, 1, func(s *stage) {
		s.payAs(s.number(0), s.anyDay(), thirteenWrong).finds("contradictory_separator", "")
	}},
	{sharingDigits, 1, 1, func(s *stage) {
		older, younger := s.number(0), s.number(1)
		s.payAs(younger, s.anyDay(), oneOf(&s.chance, ten, eleven)).findsOther("ambiguous_century", older.digits)
	}},
	{noRole, 1, 1, func(s *stage) {
		number := number12(s.birthYear(), oneOf(&s.chance, 2, 4, 6, 9, 11), coordinationDays+31, s.absentSerial())
		s.payAbsent(number, s.anyDay(), rightSpelling(&s.chance)).finds("suspect_coordination_date", "").finds("unknown_number", "coordination")
	}},
	{noRole, 1, 1, func(s *stage) {
		number := absentTestNumber(s.dataset.options.Seed, s.below(absentTestNumbers))
		s.payAbsent(number, s.anyDay(), rightSpelling(&s.chance)).finds("test_number", "").finds("unknown_number", kindOf(number))
	}},
	{noRole, 1, 1, func(s *stage) {
		number := number12(paymentYear, 12, int(1+s.below(28)+coordinationDays*s.below(2)), s.absentSerial())
		s.payAbsent(number, s.anyDay(), rightSpelling(&s.chance)).finds("born_after_payment", "").finds("unknown_number", kindOf(number))
	}},
	{assignedLater, 1, 1, func(s *stage) {
		s.pay(s.number(0), s.before(s.person.change)).finds("used_before_assigned", "")
	}},
	{deceasedThisYear, 1, 6, func(s *stage) {
		s.pay(s.number(0), s.since(s.person.change+1)).finds("deceased_payee", "")
	}},
	{deceasedThisYear, 1, 2, payTail},
	{falseIdentity, 1, 1, inState("false_identity")},
	{annulledCoordination, 1, 1, inState("annulled_number")},
	{closedListed, 1, 4, whenClosed("use_personal_number")},
	{disappeared, 1, 1, inState("disappeared_payee")},
	{emigrated, 1, 6, inState("emigrated_payee")},
	{technical, 1, 2, inState("technical_deregistration")},
	{unknownCode, 1, 1, func(s *stage) {
		p := s.pay(s.number(0), s.since(s.person.change))
		p.finds("unknown_deregistration", p.evidence.StatusReason)
	}},
	{inactiveCoordination, 1, 12, func(s *stage) {
		s.pay(s.number(0), s.since(s.person.change)).finds("inactive_number", s.person.meaning)
	}},
	{uncertainLevel, 1, 2, func(s *stage) {
		s.pay(s.number(0), s.anyDay()).by(payment{&employment, &activityGrant}).
			finds("insufficient_identity_level", "probable").finds("uncertain_identity_purpose", "")
	}},
	{expiring, 1, 4, payExpiring},
	{overdue, 1, 2, func(s *stage) {
		s.pay(s.number(0), s.anyDay()).finds("overdue_inactivation", s.person.last.String())
	}},
	{pair, 2, 2, func(s *stage) { payUnderAll(s, s.person.numbers[:2]) }},
	{resident, 2, 2, func(s *stage) {
		first := s.pay(s.number(0), s.anyDay())
		s.pay(s.number(0), first.record.PaymentDate).repeats(first).finds("duplicate_payment", "")
	}},

	// Text that is no number.
	{noRole, 1, 2, func(s *stage) {
		s.payText(oneOf(&s.chance, "", " ", "\t  "), s.anyDay()).finds("malformed_number", "empty")
	}},
	{noRole, 1, 1, func(s *stage) { s.payText(s.wrongCharacters(), s.anyDay()).finds("malformed_number", "characters") }},
	{noRole, 1, 1, func(s *stage) { s.payText(s.wrongLength(), s.anyDay()).finds("malformed_number", "length") }},
	{noRole, 1, 1, func(s *stage) {
		text := oneOf(&s.chance, "16", "17", "21") + s.absentText(ten)
		s.payText(text, s.anyDay()).finds("malformed_number", "century")
	}},
	{noRole, 1, 1, func(s *stage) { s.payText(s.wrongDate(), s.anyDay()).finds("malformed_number", "date") }},
	{noRole, 1, 1, func(s *stage) {
		number := number12(s.birthYear(), int(1+s.below(12)), int(1+s.below(28)), 0)
		text := appendNumber(nil, number, paymentYear, rightSpelling(&s.chance))
		s.payText(string(text), s.anyDay()).finds("malformed_number", "serial")
	}},
	{noRole, 1, 1, func(s *stage) { s.payKind(s.gd(), "gd") }},
	{noRole, 1, 1, func(s *stage) { s.payKind(s.interim(), "interim") }},

	// Numbers that the register does not have.
	{noRole, 1, 5, func(s *stage) {
		s.payAbsent(absentNumber(&s.chance, false), s.anyDay(), rightSpelling(&s.chance)).finds("unknown_number", "personal")
	}},
	{noRole, 1, 5, func(s *stage) {
		s.payAbsent(absentNumber(&s.chance, true), s.anyDay(), rightSpelling(&s.chance)).finds("unknown_number", "coordination")
	}},
	{noRole, 1, 1, func(s *stage) {
		number := absentNumber(&s.chance, false)
		s.payAbsent(number, s.anyDay(), thirteenWrong).finds("contradictory_separator", "").finds("unknown_number", "personal")
	}},
	{resident, 1, 1, func(s *stage) {
		// Ten digits with a plus are the older number, whoever has the younger.
		number := s.number(0).digits - 100*100_000_000
		if number/10_000 == 1900_02_29 {
			number = absentNumber(&s.chance, false) - 100*100_000_000
		}
		s.payAbsent(number, s.anyDay(), eleven).finds("unknown_number", "personal")
	}},
	{noRole, 1, 1, func(s *stage) {
		number := number12(paymentYear+1+int(s.below(20)), int(1+s.below(12)), int(1+s.below(28)), s.absentSerial())
		s.payAbsent(number, s.anyDay(), oneOf(&s.chance, twelve, thirteen)).finds("born_after_payment", "").finds("unknown_number", "personal")
	}},
	{noRole, 2, 1, func(s *stage) {
		number := absentNumber(&s.chance, false)
		first := s.payAbsent(number, s.anyDay(), rightSpelling(&s.chance)).finds("unknown_number", "personal")
		s.payAbsent(number, first.record.PaymentDate, rightSpelling(&s.chance)).repeats(first).
			finds("unknown_number", "personal").finds("duplicate_payment", "")
	}},

	// Readings of numbers that it has.
	{centenarian, 1, 1, func(s *stage) {
		s.payAs(s.number(0), s.anyDay(), oneOf(&s.chance, thirteenWrong, elevenWrong)).finds("contradictory_separator", "")
	}},
	{impossibleDay, 1, 1, func(s *stage) { s.pay(s.number(0), s.anyDay()).finds("suspect_coordination_date", "") }},
	{testPerson, 1, 1, func(s *stage) { s.pay(s.number(0), s.anyDay()).finds("test_number", "") }},
	{newborn, 1, 1, func(s *stage) {
		n := s.number(0)
		p := s.pay(n, s.before(date(paymentYear, 10, 1))).finds("born_after_payment", "")
		if n.assigned != calendar.Missing {
			p.finds("used_before_assigned", "")
		}
	}},
	{assignedLaterSince, 1, 1, func(s *stage) { s.pay(s.number(0), s.before(s.person.change)).finds("used_before_assigned", "") }},
	{inactiveCoordination, 1, 1, func(s *stage) {
		s.payAs(s.number(0), s.since(s.person.change), thirteenWrong).finds("contradictory_separator", "").finds("inactive_number", s.person.meaning)
	}},

	// Deaths.
	{deceasedEarlier, 1, 6, func(s *stage) { s.pay(s.number(0), s.anyDay()).finds("deceased_payee", "") }},
	{deceasedThisYear, 1, 1, payBeyondTail},
	{deceasedThisYear, 1, 1, func(s *stage) {
		died := s.person.change
		end := died - calendar.Day(s.below(2)*s.below(60))
		s.pay(s.number(0), s.since(died+1)).period(end-27, end).finds("deceased_lawful_tail", "period_before_death")
	}},
	{deceasedByCode, 1, 1, func(s *stage) { s.pay(s.number(0), s.since(s.person.change+1)).finds("deceased_payee", "") }},
	{deceasedByCode, 1, 1, payTail},
	{deceasedSinceEver, 1, 1, func(s *stage) {
		s.pay(s.number(0), s.anyDay()).by(payment{&insurance, &careAllowance}).finds("deceased_payee", "")
	}},
	{deceasedInMonth, 1, 1, func(s *stage) {
		first, last := monthOf(s.person.change)
		s.pay(s.number(0), s.between(first+1, last)).noPeriod().possibly("deceased_payee", "")
	}},
	{deceasedInMonth, 1, 1, func(s *stage) {
		first, last := monthOf(s.person.change)
		s.pay(s.number(0), s.between(first+1, last)).period(first, last).possibly("deceased_lawful_tail", "period_before_death")
	}},
	{deceasedInMonth, 1, 1, func(s *stage) {
		first, last := monthOf(s.person.change)
		s.pay(s.number(0), s.between(first+1, last)).noPeriod().by(payment{&pensions, &pension}).possibly("deceased_lawful_tail", "tail")
	}},
	{deceasedInMonth, 1, 1, func(s *stage) {
		_, last := monthOf(s.person.change)
		s.pay(s.number(0), s.since(last+1)).finds("deceased_payee", "")
	}},
	{deceasedInYear, 1, 1, func(s *stage) { s.pay(s.number(0), s.anyDay()).noPeriod().possibly("deceased_payee", "") }},
	{deceasedInYear, 1, 1, func(s *stage) {
		p := s.pay(s.number(0), s.anyDay())
		p.period(monthOf(p.record.PaymentDate)).possibly("deceased_lawful_tail", "period_before_death")
	}},
	{deceasedLastYear, 1, 1, func(s *stage) { s.pay(s.number(0), s.anyDay()).finds("deceased_payee", "") }},
	{deceasedLastYear, 1, 1, func(s *stage) {
		// Eight months are counted from the latest possible day of death.
		s.pay(s.number(0), s.before(date(paymentYear, 9, 1))).noPeriod().by(payment{&insurance, &careAllowance}).finds("deceased_lawful_tail", "tail")
	}},
	{deceasedSometime, 1, 1, func(s *stage) {
		// Nothing covers a day that is not known at all.
		s.pay(s.number(0), s.anyDay()).by(payment{&pensions, &pension}).possibly("deceased_payee", "")
	}},
	{deceasedAfterAll, 1, 1, func(s *stage) { s.pay(s.number(0), s.since(s.person.change+1)).finds("deceased_payee", "") }},
	{deceasedAfterAll, 1, 1, func(s *stage) { s.pay(s.number(0), s.before(s.person.change)).possibly("deceased_payee", "") }},
	{inactiveDeceased, 1, 2, func(s *stage) {
		s.pay(s.number(0), s.since(s.person.change+1)).finds("deceased_payee", "").finds("inactive_number", "time_limit")
	}},
	{closedDeceased, 1, 2, func(s *stage) {
		s.pay(s.number(0), s.since(s.person.change+1)).finds("deceased_payee", "").finds("closed_number", "use_personal_number")
	}},
	{closedDeceased, 1, 1, func(s *stage) {
		s.pay(s.number(0), s.before(s.person.change)).finds("closed_number", "use_personal_number")
	}},

	// States.
	{annulledPersonal, 1, 1, inState("annulled_number")},
	{inactivePersonal, 1, 1, func(s *stage) {
		s.pay(s.number(0), s.since(s.person.change)).finds("inactive_number", s.person.meaning)
	}},
	{closedDuplicate, 1, 2, whenClosed("use_coordination_number")},
	{closedTwice, 1, 1, whenClosed("use_personal_number")},
	{closedTwice, 1, 1, func(s *stage) {
		// The chain as it stood before its second link.
		n := s.number(0)
		until := s.person.change
		from := max(n.states[n.count-1].from, firstPayment)
		if from >= until {
			whenClosed("use_personal_number")(s)
			return
		}
		p := s.pay(n, s.between(from, until-1))
		p.evidence.UseNumber = s.number(1).digits
		p.finds("closed_number", "use_coordination_number")
	}},
	{renumbered, 1, 1, whenClosed("use_personal_number")},
	{formerCoordination, 1, 1, whenClosed("use_personal_number")},
	{linkMissing, 1, 1, whenClosed("link_missing")},
	{linkMissingLater, 1, 1, whenClosed("link_missing")},
	{linkUnknown, 1, 1, whenClosed("link_unknown")},
	{linkLoop, 1, 1, whenClosed("link_loop")},
	{linkToItself, 1, 1, whenClosed("link_loop")},

	// Levels and expiry.
	{uncertainLevel, 1, 1, func(s *stage) {
		s.pay(s.number(0), s.anyDay()).by(oneOf(&s.chance, payment{&pensions, &pension}, payment{&courts, &compensation}, payment{&farming, &farmSupport})).
			finds("uncertain_identity_purpose", "")
	}},
	{uncertainLevel, 1, 1, func(s *stage) {
		// The payment type asks, and the agency may hold such numbers.
		s.pay(s.number(0), s.anyDay()).by(payment{&insurance, &studyGrant}).finds("insufficient_identity_level", "confirmed")
	}},
	{probableLevel, 1, 3, func(s *stage) {
		// The type asks for more than the agency.
		s.pay(s.number(0), s.anyDay()).by(payment{&students, &studyGrant}).finds("insufficient_identity_level", "confirmed")
	}},
	{raisedLevel, 1, 1, func(s *stage) {
		s.pay(s.number(0), s.before(s.person.change)).by(payment{&employment, &activityGrant}).findsLevel("uncertain", probable)
	}},
	{inactiveCoordination, 1, 2, func(s *stage) {
		n := s.number(0)
		s.pay(n, s.since(s.person.change)).by(payment{&students, &studyGrant}).
			finds("inactive_number", s.person.meaning).findsLevel(n.level, confirmed)
	}},
	{closedListed, 1, 1, func(s *stage) {
		n := s.number(0)
		s.pay(n, s.since(s.person.change)).by(payment{&employment, &activityGrant}).
			finds("closed_number", "use_personal_number").findsLevel(n.level, probable)
	}},
	{overdue, 1, 1, func(s *stage) {
		n := s.number(0)
		s.pay(n, s.anyDay()).by(payment{&students, &studyGrant}).findsLevel(n.level, confirmed).finds("overdue_inactivation", s.person.last.String())
	}},

	// Several records.
	{trio, 3, 1, func(s *stage) { payUnderAll(s, s.person.numbers[:3]) }},
	{pair, 2, 1, func(s *stage) {
		// One payment twice, under a number each.
		day := s.monthAfter(s.person.change)
		old, listed := s.number(0), s.number(1)
		first := s.pay(old, day).finds("closed_number", "use_personal_number").findsOther("paid_under_two_numbers", listed.digits)
		s.pay(listed, day).repeats(first).findsOther("paid_under_two_numbers", old.digits).finds("duplicate_payment", "")
	}},
	{resident, 3, 1, func(s *stage) {
		first := s.pay(s.number(0), s.anyDay())
		for range 2 {
			s.pay(s.number(0), first.record.PaymentDate).repeats(first).finds("duplicate_payment", "")
		}
	}},
	{inactiveCoordination, 2, 1, func(s *stage) {
		first := s.pay(s.number(0), s.since(s.person.change)).finds("inactive_number", s.person.meaning)
		s.pay(s.number(0), first.record.PaymentDate).repeats(first).finds("inactive_number", s.person.meaning).finds("duplicate_payment", "")
	}},
}

// number is one of the person's.
func (s *stage) number(place int) *number { return &s.person.numbers[place] }

// inState pays somebody whose state a rule speaks of.
func inState(rule string) func(*stage) {
	return func(s *stage) { s.pay(s.number(0), s.since(s.person.change)).finds(rule, "") }
}

// whenClosed pays a number that another replaces.
func whenClosed(detail string) func(*stage) {
	return func(s *stage) { s.pay(s.number(0), s.since(s.person.change)).finds("closed_number", detail) }
}

// payKind pays to a number of another kind.
func (s *stage) payKind(text, kind string) {
	p := s.payText(text, s.anyDay())
	p.evidence.NumberKind = kind
	p.finds("other_identity_kind", kind)
}

// payExpiring pays a number in its last days, or after them.
func payExpiring(s *stage) {
	last := s.person.last
	if last < lastPayment && s.perMille(200) {
		s.pay(s.number(0), s.since(last+1)).finds("overdue_inactivation", last.String())
		return
	}
	first, until := max(firstPayment, last-expiringWithin), min(last, lastPayment)
	day := oneOf(&s.chance, first, until, s.between(first, until), s.between(first, until))
	s.pay(s.number(0), day).finds("expiring_number", last.String())
}

// monthsAfter is how many months a day lies after the month of another.
func monthsAfter(day, other calendar.Day) int { return day.Month() - other.Month() }

// payTail pays somebody dead in the lawful tail of a payment type.
func payTail(s *stage) {
	died := s.person.change
	byPeriod := s.perMille(500)
	for {
		paid := oneOf(&s.chance, payment{&pensions, &pension}, payment{&insurance, &childAllowance}, payment{&insurance, &housingAllowance}, payment{&insurance, &careAllowance})
		day := s.since(died + 1)
		paidFor := day
		if byPeriod {
			// Paid late, and for a month of the tail. It ends after the death.
			paidFor = s.between(died, lastPayment)
		}
		if monthsAfter(paidFor, died) > paid.kind.lawfulMonths {
			continue
		}
		p := s.pay(s.number(0), day).by(paid).noPeriod()
		if byPeriod {
			p.period(monthOf(paidFor))
		}
		p.finds("deceased_lawful_tail", "tail")
		return
	}
}

// payBeyondTail pays somebody dead for a month after the lawful tail.
func payBeyondTail(s *stage) {
	died := s.person.change
	for {
		paid := oneOf(&s.chance, payment{&pensions, &pension}, payment{&insurance, &childAllowance}, payment{&insurance, &housingAllowance}, payment{&insurance, &careAllowance})
		if day := s.since(died + 1); monthsAfter(day, died) > paid.kind.lawfulMonths {
			p := s.pay(s.number(0), day).by(paid).noPeriod()
			if s.perMille(500) {
				p.period(monthOf(day))
			}
			p.finds("deceased_payee", "")
			return
		}
	}
}

// monthAfter is a day of payments in a month after that of a day.
func (s *stage) monthAfter(day calendar.Day) calendar.Day {
	_, end := monthOf(max(day, firstPayment-7))
	return s.between(max(end+1, firstPayment), lastPayment)
}

// payUnderAll pays a person under all numbers in one month. All but the last
// are closed.
func payUnderAll(s *stage, numbers []number) {
	first, last := monthOf(s.monthAfter(s.person.change))
	first, last = max(first, firstPayment), min(last, lastPayment)
	paid := oneOf(&s.chance, quietPayments...)
	for _, i := range s.shuffled(len(numbers)) {
		p := s.pay(&numbers[i], s.between(first, last)).by(paid)
		if i < len(numbers)-1 {
			p.finds("closed_number", "use_personal_number")
		}
		other := uint64(0)
		for j := range numbers {
			if j != i && (other == 0 || numbers[j].digits < other) {
				other = numbers[j].digits
			}
		}
		p.findsOther("paid_under_two_numbers", other)
	}
}

// shuffled are the numbers from 0 to n-1 in some order.
func (s *stage) shuffled(n int) []int {
	order := make([]int, n)
	for i := range order {
		j := s.below(int64(i + 1))
		order[i], order[j] = order[j], i
	}
	return order
}

func (s *stage) birthYear() int { return int(firstBirth + s.below(lastBirth-firstBirth+1)) }

func (s *stage) absentSerial() int {
	return int(firstAbsentSerial + s.below(firstTestSerial-firstAbsentSerial))
}

// absentText is a number that the register does not have.
func (s *stage) absentText(as spelling) string {
	return string(appendNumber(nil, absentNumber(&s.chance, s.perMille(300)), paymentYear, as))
}

func (s *stage) wrongCheckDigit() string {
	text := []byte(s.absentText(rightSpelling(&s.chance)))
	last := &text[len(text)-1]
	*last = '0' + (*last-'0'+byte(1+s.below(9)))%10
	return string(text)
}

func (s *stage) wrongCharacters() string {
	text := s.absentText(oneOf(&s.chance, twelve, ten))
	end := len(text) - 4
	switch s.below(6) {
	case 0:
		return text[:end+3] + "X" // a letter, but not where interim numbers have one
	case 1:
		return text[:end] + " " + text[end:]
	case 2:
		return text[:end] + "--" + text[end:]
	case 3:
		return text[:2] + "O" + text[3:]
	case 4:
		return text[:end] + "t" + text[end+1:] // interim numbers have a capital letter
	}
	return text[:end-2] + "-" + text[end-2:]
}

func (s *stage) wrongLength() string {
	text := s.absentText(twelve)
	return oneOf(&s.chance, text[1:], text[3:], text+"0", text[:4], "0"+text)
}

func (s *stage) wrongDate() string {
	year, serial := s.birthYear(), s.absentSerial()
	date := oneOf(&s.chance, [2]int{13, 1}, [2]int{2, 30}, [2]int{4, 31}, [2]int{5, 0}, [2]int{5, 45}, [2]int{0, 12}, [2]int{13, 61}, [2]int{7, 92}, [2]int{7, 99})
	return string(appendNumber(nil, number12(year, date[0], date[1], serial), paymentYear, rightSpelling(&s.chance)))
}

// organisation is an organisation number: the third digit is 2 or more.
func (s *stage) organisation() string {
	digits := strconv.FormatInt(oneOf(&s.chance, int64(2), 5, 7, 8, 9)*100_000_000+s.below(10)*10_000_000+(2+s.below(8))*1_000_000+s.below(1_000_000), 10)
	return s.spelled(digits)
}

// gd is a GD number: they begin with 302.
func (s *stage) gd() string { return s.spelled(strconv.FormatInt(302_000_000+s.below(1_000_000), 10)) }

// spelled adds the check digit to nine digits, and perhaps the prefix 16 and a hyphen.
func (s *stage) spelled(nine string) string {
	value, err := strconv.ParseUint(nine, 10, 64)
	if err != nil {
		panic("BUG: nine digits that are none")
	}
	prefix := oneOf(&s.chance, "", "", "16")
	hyphen := oneOf(&s.chance, "", "-")
	return prefix + nine[:6] + hyphen + nine[6:] + strconv.FormatUint(checkDigit(value), 10)
}

// interim is a number with a letter in place of the first digit of its serial,
// which counts as 1.
func (s *stage) interim() string {
	number := number12(s.birthYear(), int(1+s.below(12)), int(1+s.below(28)), int(100+s.below(100)))
	text := appendNumber(nil, number, paymentYear, oneOf(&s.chance, twelve, thirteen, ten, eleven))
	text[len(text)-4] = oneOf(&s.chance, []byte("TRSUWXJKLMN")...)
	return string(text)
}

// absentTestNumbers is how many test numbers the register does not have.
const absentTestNumbers = 16

func absentTestNumber(seed uint64, index int64) uint64 {
	c := newChance(seed, forTestNumber, index)
	return number12(int(firstBirth+c.below(lastBirth-firstBirth+1)), int(1+c.below(12)), int(1+c.below(28)), int(firstTestSerial+c.below(10)))
}

// testNumbers are all test numbers, those of the register included.
func (d *Dataset) testNumbers() []uint64 {
	var numbers []uint64
	for i := range int64(absentTestNumbers) {
		numbers = append(numbers, absentTestNumber(d.options.Seed, i))
	}
	var someone person
	for rank := range d.people.ranksOf(testPerson) {
		d.people.cast(&someone, rank)
		numbers = append(numbers, someone.numbers[0].digits)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
