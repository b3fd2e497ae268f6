package synth

import (
	"strings"

	"github.com/avstam/avstam/calendar"
)

// builder makes the life of one person.
type builder struct {
	chance
	person        *person
	ordinal       int64 // among the people of the role
	year, month   int   // of birth
	place, people int64 // among those born in the month, of people
	personals     serials
	coordinations serials
}

// serials gives a person numbers of one kind, side by side from a random one on.
type serials struct {
	made, offset int64
}

// add gives the person a number that the register has.
func (b *builder) add(digits uint64) *number {
	n := &b.person.numbers[b.person.count]
	b.person.count++
	*n = number{
		digits: digits, assigned: calendar.Missing, renewed: calendar.Missing, expected: calendar.Missing,
		attributesIn: every, protected: NoFlag,
	}
	switch part := b.below(1000); {
	case part < 3:
		n.protected = True
	case part < 700:
		n.protected = False
	}
	return n
}

// personal adds a personal number. Everybody born in a month has places of
// their own among its numbers, so that no two get the same.
func (b *builder) personal() *number {
	return b.add(b.placed(1, calendar.DaysInMonth(b.year, b.month), &b.personals))
}

// coordination adds a coordination number, whose day may be unknown.
func (b *builder) coordination() *number {
	return b.add(b.placed(coordinationDays, calendar.DaysInMonth(b.year, b.month)+1, &b.coordinations))
}

func (b *builder) placed(firstDay, days int, s *serials) uint64 {
	width := int64(days) * serialsOfDay / b.people
	if s.made == 0 {
		s.offset = b.below(width - numbersEach + 1)
	}
	place := int(b.place*width + s.offset + s.made)
	s.made++
	return number12(b.year, b.month, firstDay+place/serialsOfDay, 1+place%serialsOfDay)
}

// begin adds a state. The register mostly tells when it learnt of it, some
// weeks later at times.
func (b *builder) begin(n *number, status, reason string, from calendar.Day) *state {
	s := &n.states[n.count]
	*s = state{status: status, reason: reason, from: from, known: calendar.Missing}
	if from != calendar.Missing && b.perMille(750) {
		s.known = from
		if b.perMille(500) {
			s.known += calendar.Day(b.below(40))
		}
	}
	if status == "deregistered" && b.person.role != unknownCode && b.perMille(50) {
		s.reason = strings.ToLower(reason) // codes are compared without regard to case
	}
	n.count++
	n.endIn = n.count - 1
	return s
}

// finish decides which entries of a history show what holds for all of them.
func (b *builder) finish() {
	for i := range b.person.numbers[:b.person.count] {
		n := &b.person.numbers[i]
		if n.count < 2 {
			continue
		}
		n.backwards = b.perMille(200)
		if b.perMille(50) {
			n.endIn = 0
		}
		if n.states[0].level == "" && b.perMille(250) {
			n.attributesIn = int(b.below(int64(n.count)))
		}
	}
}

// clean says under which of the numbers, and when, nothing is wrong.
func (b *builder) clean(place int, from, until calendar.Day) {
	b.person.cleanNumber, b.person.cleanFrom, b.person.cleanUntil = place, from, until
}

// alwaysClean is clean for the days of all payments.
func (b *builder) alwaysClean(place int) { b.clean(place, firstPayment, lastPayment) }

// cleanBefore is clean for the first number and the days before another.
func (b *builder) cleanBefore(day calendar.Day) { b.clean(0, firstPayment, day-1) }

func date(year, month, day int) calendar.Day { return calendar.Of(year, month, day) }

// thisYear is a day that some payments come before, and some after.
func (b *builder) thisYear() calendar.Day {
	return date(paymentYear, int(2+b.below(9)), int(3+b.below(22)))
}

// earlier is a day in a year before the payments.
func (b *builder) earlier() calendar.Day {
	return b.between(date(lastBirth+2, 1, 1), date(paymentYear-1, 12, 20))
}

// changeDay is the day of what the role is about.
func (b *builder) changeDay() calendar.Day {
	if b.perMille(400) {
		b.person.change = b.thisYear()
	} else {
		b.person.change = b.earlier()
	}
	return b.person.change
}

// live begins a personal number with its birth, or since ever.
func (b *builder) live(n *number) {
	from := born(n.digits)
	if b.perMille(300) {
		n.assigned = from
	}
	if b.perMille(200) {
		from = calendar.Missing
	}
	b.begin(n, "active", "", from)
}

func (b *builder) resident() {
	n := b.personal()
	b.alwaysClean(0)
	left := b.between(max(born(n.digits)+1, date(1998, 1, 1)), date(2014, 12, 31))
	back := b.between(date(2015, 1, 1), date(2024, 12, 31))
	switch part := b.below(1000); {
	case part < 880:
		b.live(n)
	case part < 950:
		b.begin(n, "deregistered", "UV", left)
		b.begin(n, "active", "", back)
	case part < 980:
		b.live(n)
		b.begin(n, "deregistered", "UV", left)
		b.begin(n, "active", "", back)
	default:
		// A correction: of two entries of one day that counts which became known later.
		b.begin(n, "deregistered", "UV", left).known = left + 5
		b.begin(n, "active", "", left).known = left + 20
	}
}

// die gives the person a date of death that stands with the number.
func (b *builder) die(n *number, died calendar.Partial) { n.died, b.person.died = died, died }

func (b *builder) deceasedThisYear() {
	n := b.personal()
	b.person.change = b.thisYear()
	b.clean(0, firstPayment, b.person.change)
	b.live(n)
	b.begin(n, "deregistered", "AV", b.person.change+calendar.Day(b.below(2)*b.below(21)))
	b.die(n, calendar.PartialDay(b.person.change))
}

func (b *builder) deceasedEarlier() {
	n := b.personal()
	b.person.change = b.earlier()
	if b.perMille(300) {
		b.live(n)
	}
	b.begin(n, "deregistered", "AV", b.person.change+calendar.Day(b.below(2)*b.below(10)))
	year, month, day := b.person.change.Civil()
	if year < paymentYear-1 && b.perMille(100) {
		month, day = month*int(b.below(2)), 0
	}
	died, _ := calendar.PartialOf(year, month, day)
	b.die(n, died)
}

func (b *builder) deceasedByCode() {
	n := b.personal()
	b.person.change = b.thisYear()
	b.clean(0, firstPayment, b.person.change)
	b.live(n)
	b.begin(n, "deregistered", "AV", b.person.change)
}

func (b *builder) deceasedSinceEver() {
	b.begin(b.personal(), "deregistered", "AV", calendar.Missing)
}

func (b *builder) deceasedInMonth() {
	n := b.personal()
	month := int(3 + b.below(7))
	b.person.change = date(paymentYear, month, 1)
	b.clean(0, firstPayment, b.person.change)
	b.live(n)
	if b.perMille(500) {
		b.begin(n, "deregistered", "AV", date(paymentYear, month+1, int(5+b.below(15))))
	}
	died, _ := calendar.PartialOf(paymentYear, month, 0)
	b.die(n, died)
}

func (b *builder) deceasedIn(year int) {
	n := b.personal()
	b.live(n)
	died, _ := calendar.PartialOf(year, 0, 0)
	b.die(n, died)
}

func (b *builder) deceasedSometime() {
	n := b.personal()
	b.live(n)
	b.die(n, calendar.Unknown)
}

func (b *builder) deceasedAfterAll() {
	n := b.personal()
	b.person.change = b.thisYear()
	b.live(n)
	b.begin(n, "deregistered", "AV", b.person.change)
	b.die(n, calendar.Unknown)
}

func (b *builder) inactiveDeceased() {
	n := b.coordination()
	b.person.change = b.between(date(2023, 1, 1), date(paymentYear, 10, 20))
	n.level = b.anyLevel()
	b.begin(n, "inactive", "TIDSFRIST", b.between(date(2019, 1, 1), date(2022, 12, 31)))
	b.die(n, calendar.PartialDay(b.person.change))
}

func (b *builder) deregisteredPersonal(code string) {
	n := b.personal()
	change := b.changeDay()
	if b.perMille(600) {
		b.live(n)
	}
	b.begin(n, "deregistered", code, change)
	b.cleanBefore(change)
	if code == "UV" {
		b.alwaysClean(0) // for those payments that the policy allows
	}
}

func (b *builder) anyLevel() string {
	return oneOf(&b.chance, "confirmed", "confirmed", "confirmed", "confirmed", "probable", "probable", "probable", "uncertain", "", "", "not_applicable")
}

func (b *builder) anyLevelButLow() string {
	return oneOf(&b.chance, "confirmed", "confirmed", "confirmed", "confirmed", "", "not_applicable")
}

// beganBefore begins a coordination number as active some years before it
// changes, such that it stands until the change.
func (b *builder) beganBefore(n *number, change calendar.Day) {
	n.level = b.anyLevel()
	n.assigned = b.between(change-1500, change-800)
	if change >= firstPayment {
		n.assigned = b.between(date(paymentYear-4, 1, 1), date(paymentYear-2, 12, 31))
	}
	if b.perMille(600) {
		b.begin(n, "active", "", n.assigned)
	}
}

func (b *builder) annulledCoordination() {
	n := b.coordination()
	change := b.changeDay()
	b.beganBefore(n, change)
	b.begin(n, "deregistered", "AS", change)
	b.cleanBefore(change)
}

// reasons of inactivity as registers write them, with what they mean.
var reasons = []struct{ text, meaning string }{
	{"TIDSFRIST", "time_limit"}, {"TIDSFRIST", "time_limit"}, {"TIDSFRIST", "time_limit"}, {"Tidsfrist", "time_limit"}, {"TIDSFRIST", "time_limit"},
	{"AVLIDEN", "deceased"}, {"", "unknown"}, {"PÅ BEGÄRAN", "other"}, {"TIDSFRIST", "time_limit"}, {"TIDSFRIST", "time_limit"},
}

func (b *builder) reason() string {
	r := oneOf(&b.chance, reasons...)
	b.person.meaning = r.meaning
	return r.text
}

func (b *builder) inactivePersonal() {
	n := b.personal()
	change := b.changeDay()
	b.begin(n, "inactive", b.reason(), change)
	b.cleanBefore(change)
}

func (b *builder) inactiveCoordination() {
	n := b.coordination()
	change := b.changeDay()
	if change < firstPayment && b.perMille(600) {
		change = date(2022, 1, 4) // when some 215,000 became inactive
		b.person.change = change
	}
	b.beganBefore(n, change)
	b.begin(n, "inactive", b.reason(), change)
	b.cleanBefore(change)
}

func (b *builder) assignedThisYear(dated bool) {
	n := b.coordination()
	n.level = b.anyLevel()
	n.assigned = b.thisYear()
	b.person.change = n.assigned
	from := n.assigned
	if !dated {
		from = calendar.Missing
	}
	b.begin(n, "active", "", from)
	b.clean(0, n.assigned, lastPayment)
}

// stand makes a coordination number active, and good until the end of the fifth
// year after a day. It says so in one of several ways.
func (b *builder) stand(n *number, since calendar.Day) {
	last := date(max(since.Year(), 2016)+5, 12, 31)
	from := since
	switch part := b.below(100); {
	case part < 50:
		n.assigned = since
	case part < 70:
		n.assigned, n.renewed = since-calendar.Day(365+b.below(3000)), since
		from = n.assigned
	case part < 90:
		n.assigned, n.expected = since, last
	default:
		n.expected = last
	}
	if b.perMille(100) {
		from = calendar.Missing
	}
	b.begin(n, "active", "", from)
	b.person.last = last
}

// recently is a day from which on a number stands beyond all payments.
func (b *builder) recently() calendar.Day {
	return b.between(date(paymentYear-4, 1, 1), date(paymentYear-1, 12, 31))
}

func (b *builder) activeCoordination(level string) {
	n := b.coordination()
	n.level = level
	b.alwaysClean(0)
	if b.perMille(50) {
		b.begin(n, "active", "", b.earlier()) // nothing says how long
		return
	}
	b.stand(n, b.recently())
}

func (b *builder) raisedLevel() {
	n := b.coordination()
	n.assigned = b.recently()
	n.level = "confirmed"
	b.person.change = b.thisYear()
	b.begin(n, "active", "", n.assigned).level = "uncertain"
	b.begin(n, "active", "", b.person.change).level = "confirmed"
	b.clean(0, b.person.change, lastPayment)
}

func (b *builder) expiring() {
	n := b.coordination()
	n.level = b.anyLevel()
	b.stand(n, b.between(date(paymentYear-5, 1, 1), date(paymentYear-5, 12, 31)))
	if b.perMille(500) {
		// The register's own day comes before that which could be computed.
		n.expected = b.between(date(paymentYear, 4, 15), lastPayment-5)
		b.person.last = n.expected
	}
	b.cleanBefore(b.person.last - expiringWithin)
}

func (b *builder) overdue() {
	n := b.coordination()
	n.level = b.anyLevel()
	b.stand(n, b.between(date(2010, 1, 1), date(paymentYear-6, 12, 31)))
}

// close ends a number that another replaces, whose end of the chain is use.
func (b *builder) close(n *number, on calendar.Day, link, use uint64) {
	b.beganBefore(n, on)
	b.begin(n, "closed", oneOf(&b.chance, "", "", "PERSONNUMMER"), on)
	n.link, n.use = link, use
}

// list adds the personal number of somebody who had a coordination number.
func (b *builder) list(on calendar.Day) *number {
	n := b.personal()
	from := on
	if b.perMille(200) {
		from = calendar.Missing
	}
	b.begin(n, "active", "", from)
	return n
}

// closed has one or two coordination numbers closed for a personal number.
func (b *builder) closed(links int) {
	change := b.changeDay()
	first := b.coordination()
	if links == 1 {
		listed := b.list(change).digits
		b.close(first, change, listed, listed)
		b.cleanBefore(change)
		return
	}
	second := b.coordination()
	listed := b.list(change).digits
	before := change - calendar.Day(10+b.below(200))
	b.close(first, before, second.digits, listed)
	b.close(second, change, listed, listed)
	b.cleanBefore(before)
}

func (b *builder) closedDuplicate() {
	change := b.changeDay()
	first, second := b.coordination(), b.coordination()
	b.close(first, change, second.digits, second.digits)
	second.level = b.anyLevel()
	b.stand(second, b.recently())
	b.cleanBefore(change)
}

func (b *builder) closedDeceased() {
	first := b.coordination()
	on := b.between(date(2015, 1, 1), date(2023, 12, 31))
	listed := b.list(on)
	b.close(first, on, listed.digits, listed.digits)
	b.person.change = b.thisYear()
	b.begin(listed, "deregistered", "AV", b.person.change)
	b.die(listed, calendar.PartialDay(b.person.change))
}

func (b *builder) closedQuiet() {
	b.closed(1)
	b.alwaysClean(1)
}

func (b *builder) renumbered() {
	change := b.changeDay()
	first, second := b.personal(), b.list(change)
	b.live(first)
	b.begin(first, "deregistered", "GN", change)
	first.link, first.use = second.digits, second.digits
	b.cleanBefore(change)
}

func (b *builder) formerCoordination() {
	change := b.changeDay()
	first, second := b.coordination(), b.list(change)
	b.beganBefore(first, change)
	b.begin(first, "deregistered", "GS", change)
	first.link, first.use = second.digits, second.digits
	b.cleanBefore(change)
}

// closedWithout closes a number whose link leads nowhere.
func (b *builder) closedWithout(link func(*builder, *number) uint64) {
	n, change := b.coordination(), b.changeDay()
	b.close(n, change, link(b, n), 0)
	b.cleanBefore(change)
}

func nobody(*builder, *number) uint64             { return 0 }
func oneself(_ *builder, n *number) uint64        { return n.digits }
func somebodyAbsent(b *builder, _ *number) uint64 { return absentNumber(&b.chance, false) }

func (b *builder) linkMissingLater() {
	change := b.changeDay()
	first, second := b.coordination(), b.coordination()
	b.close(first, change, second.digits, 0)
	b.close(second, change-calendar.Day(b.below(300)), 0, 0)
	b.cleanBefore(change)
}

func (b *builder) linkLoop() {
	change := b.changeDay()
	first, second := b.coordination(), b.coordination()
	b.close(first, change, second.digits, 0)
	b.close(second, change-calendar.Day(b.below(300)), first.digits, 0)
	b.cleanBefore(change)
}

// hundredYearsAgo is the number of somebody born from 1913 to 1924.
func (b *builder) hundredYearsAgo(firstSerial int) (year, month, day, serial int) {
	q := int(b.ordinal)
	return 1913 + q%12, 1 + q/12%12, 1 + q/144%28, firstSerial + q/144/28
}

func (b *builder) centenarian() {
	b.live(b.add(number12(b.hundredYearsAgo(1))))
	b.alwaysClean(0)
}

func (b *builder) sharingDigits() {
	year, month, day, serial := b.hundredYearsAgo(500)
	b.live(b.add(number12(year, month, day, serial)))
	b.live(b.add(number12(year+100, month, day, serial)))
}

func (b *builder) newborn() {
	birth := date(paymentYear, 10, 1) + calendar.Day(b.ordinal%59)
	_, month, day := birth.Civil()
	n := b.add(number12(paymentYear, month, day, int(1+b.ordinal/59)))
	if b.perMille(500) {
		n.assigned = birth
	}
	b.begin(n, "active", "", birth)
}

func (b *builder) impossibleDay() {
	q := int(b.ordinal)
	month := [5]int{2, 4, 6, 9, 11}[q/87%5]
	n := b.add(number12(firstBirth+q%87, month, coordinationDays+31, 1+q/87/5))
	n.level = b.anyLevel()
	b.stand(n, b.recently())
}

func (b *builder) unknownMonth() {
	q := int(b.ordinal)
	n := b.add(number12(firstBirth+q%87, 0, coordinationDays+q/87%32, 1+q/87/32))
	n.level = b.anyLevelButLow()
	b.stand(n, b.recently())
	b.alwaysClean(0)
}

func (b *builder) testPerson() { b.live(b.personal()) }

// absentNumber is a number that no register has.
func absentNumber(c *chance, coordination bool) uint64 {
	day := int(1 + c.below(28))
	if coordination {
		day += coordinationDays
	}
	return number12(int(firstBirth+c.below(lastBirth-firstBirth+1)), int(1+c.below(12)), day,
		int(firstAbsentSerial+c.below(firstTestSerial-firstAbsentSerial)))
}
