package synth

import (
	"math/bits"
	"strconv"

	"github.com/avstam/avstam/calendar"
)

// Payments are made on the weekdays of 47 weeks of one year; the extract is of
// the end of the month after.
const (
	paymentYear = 2025
	paymentDays = 47 * 5
)

var (
	firstPayment = calendar.Of(paymentYear, 1, 6) // a Monday
	lastPayment  = calendar.Of(paymentYear, 11, 28)
	extractDate  = calendar.Of(paymentYear, 11, 30)
)

// level orders identity levels. The zero level is none that can be compared.
type level uint8

const (
	noLevel level = iota
	uncertain
	probable
	confirmed
)

var levelNames = [...]string{"", "uncertain", "probable", "confirmed"}

// levelOf is noLevel for not_applicable and for a missing one.
func levelOf(name string) level {
	for l := confirmed; l > noLevel; l-- {
		if levelNames[l] == name {
			return l
		}
	}
	return noLevel
}

// agency is an agency with what the policy says of it.
type agency struct {
	name             string
	prefix           string // of its record ids
	asks             level
	mayHoldUncertain bool // numbers of level uncertain (SNF 5 §)
}

var (
	insurance  = agency{name: "forsakringskassan", prefix: "FK-", mayHoldUncertain: true}
	pensions   = agency{name: "pensionsmyndigheten", prefix: "PM"}
	students   = agency{name: "csn", asks: probable}
	employment = agency{name: "arbetsformedlingen", prefix: "AF-", asks: probable}
	migration  = agency{name: "migrationsverket", mayHoldUncertain: true}
	tax        = agency{name: "skatteverket", mayHoldUncertain: true}
	farming    = agency{name: "jordbruksverket", prefix: "JV/"}
	police     = agency{name: "polisen", mayHoldUncertain: true}
	courts     = agency{name: "domstolsverket"}

	agencies = []*agency{&insurance, &pensions, &students, &employment, &migration, &tax, &farming, &police, &courts}
)

// paymentType is a payment type with what the policy says of it.
type paymentType struct {
	name                string
	lawfulMonths        int // after the month of death; noTail for a type that ends with the death
	emigrated           bool
	asks                level
	bornFrom, bornUntil int // years of birth of those who get it
}

const noTail = -1

var (
	pension          = paymentType{name: "pension", lawfulMonths: 0, emigrated: true, bornUntil: 1960}
	sicknessBenefit  = paymentType{name: "sjukpenning", lawfulMonths: noTail, bornUntil: 2099}
	childAllowance   = paymentType{name: "barnbidrag", lawfulMonths: 0, bornFrom: 1970, bornUntil: 2005}
	careAllowance    = paymentType{name: "omvardnadsbidrag", lawfulMonths: 8, bornFrom: 1960, bornUntil: 2003}
	housingAllowance = paymentType{name: "bostadsbidrag", lawfulMonths: 6, bornUntil: 2099}
	studyGrant       = paymentType{name: "studiemedel", lawfulMonths: noTail, asks: confirmed, bornFrom: 1985, bornUntil: 2007}
	activityGrant    = paymentType{name: "aktivitetsstod", lawfulMonths: noTail, bornFrom: 1958, bornUntil: 2007}
	dailyAllowance   = paymentType{name: "dagersattning", lawfulMonths: noTail, bornUntil: 2099}
	taxRefund        = paymentType{name: "skatteaterbaring", lawfulMonths: noTail, bornUntil: 2099}
	farmSupport      = paymentType{name: "jordbruksstod", lawfulMonths: noTail, bornFrom: 1945, bornUntil: 2000}
	compensation     = paymentType{name: "ersattning", lawfulMonths: noTail, bornUntil: 2099}

	paymentTypes = []*paymentType{&pension, &sicknessBenefit, &childAllowance, &careAllowance, &housingAllowance, &studyGrant,
		&activityGrant, &dailyAllowance, &taxRefund, &farmSupport, &compensation}
)

// payment is what an agency pays.
type payment struct {
	by   *agency
	kind *paymentType
}

// payments has each payment as often as it is made.
var payments = []payment{
	{&pensions, &pension}, {&pensions, &pension}, {&pensions, &pension}, {&pensions, &pension}, {&pensions, &pension}, {&pensions, &pension},
	{&insurance, &sicknessBenefit}, {&insurance, &sicknessBenefit}, {&insurance, &childAllowance}, {&insurance, &childAllowance},
	{&insurance, &childAllowance}, {&insurance, &careAllowance}, {&insurance, &housingAllowance},
	{&students, &studyGrant}, {&students, &studyGrant}, {&employment, &activityGrant}, {&migration, &dailyAllowance},
	{&tax, &taxRefund}, {&tax, &taxRefund}, {&farming, &farmSupport}, {&police, &compensation}, {&courts, &compensation},
}

// quietPayments ask nothing of anybody, and end with the death.
var quietPayments = []payment{{&insurance, &sicknessBenefit}, {&migration, &dailyAllowance}, {&tax, &taxRefund}, {&police, &compensation}}

// maySuit says whether the payment to somebody with a number of that level
// gives no finding.
func (p payment) maySuit(has level) bool {
	return has == noLevel || has >= max(p.by.asks, p.kind.asks) && (has != uncertain || p.by.mayHoldUncertain)
}

// appendRecordID writes the agency's own key of a row: text, or plain digits.
func (a *agency) appendRecordID(dst []byte, row int64) []byte {
	dst = append(dst, a.prefix...)
	for limit := int64(100_000); row < limit && a.prefix != ""; limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, row, 10)
}

// Amounts differ between any two records that could repeat each other: a clean
// one from all others of its day, a planted one from all planted ones, and
// clean from planted by one bit.
const (
	leastAmount   = 50_000 // öre
	plantedBit    = 6
	minAmountBits = 19
	maxAmountBits = 22
)

// amount is the amount of a payment: another for each of 1<<width that follow each other.
func amount(index int64, width int, planted bool) int64 {
	const odd = 0x9e3779b1
	value := index * odd & (1<<width - 1) // odd, so that no two are the same
	value = value>>plantedBit<<(plantedBit+1) | value&(1<<plantedBit-1)
	if planted {
		value |= 1 << plantedBit
	}
	return leastAmount + value
}

// amountBits is the width that so many payments need.
func amountBits(count int64) int { return max(minAmountBits, bits.Len64(uint64(count))) }

// currencyOf is SEK but for a few.
func currencyOf(c *chance) string {
	if c.perMille(8) {
		return "EUR"
	}
	return "SEK"
}

// monthOf is the first and the last day of the month of a day.
func monthOf(d calendar.Day) (first, last calendar.Day) {
	year, month, _ := d.Civil()
	return calendar.Of(year, month, 1), calendar.Of(year, month, calendar.DaysInMonth(year, month))
}

// paymentDay is the day of the index'th weekday.
func paymentDay(index int64) calendar.Day {
	return firstPayment + calendar.Day(index/5*7+index%5)
}

// cleanRecord makes the payment of a row that gives no finding. It uses someone
// to look for whom it pays.
func (d *Dataset) cleanRecord(r *Record, row int64, someone *person) {
	c := newChance(d.options.Seed, forRecord, row)
	index := (row - 1) * paymentDays / d.options.Records
	firstOfDay := (index*d.options.Records + paymentDays - 1) / paymentDays // 0 is the first row

	r.Row = row
	r.PaymentDate = paymentDay(index)
	r.Amount = amount(row-1-firstOfDay+index*7919, amountBits(d.options.Records/paymentDays+1), false)
	if c.perMille(10) {
		r.Amount = -r.Amount // a correction
	}
	r.Currency = currencyOf(&c)
	number, paid := d.someoneClean(&c, r.PaymentDate, someone)
	r.Agency, r.PaymentType = paid.by.name, paid.kind.name
	r.RecordID = paid.by.appendRecordID(r.RecordID[:0], row)
	as := rightSpelling(&c)
	r.IdentityNumber = appendPadded(r.IdentityNumber[:0], &c, number, paymentYear, as)
	r.PeriodStart, r.PeriodEnd = calendar.Missing, calendar.Missing
	if !c.perMille(300) {
		r.PeriodStart, r.PeriodEnd = monthOf(r.PaymentDate - calendar.Day(c.below(2)*28))
	}
}

// someoneClean finds a number and a payment to it that gives no finding on a day.
func (d *Dataset) someoneClean(c *chance, day calendar.Day, p *person) (uint64, payment) {
	for range 100 {
		d.people.cast(p, c.below(d.people.count))
		number, ok := p.cleanOn(day)
		if !ok {
			continue
		}
		for range 8 {
			paid := payments[c.below(int64(len(payments)))]
			if suits(paid, number, day, p) {
				return number.digits, paid
			}
		}
	}
	// So small a register may have few that anything can be paid to.
	d.people.cast(p, 0)
	return p.numbers[0].digits, quietPayments[0]
}

// suits says whether somebody of that age, level and country gets a payment.
func suits(paid payment, n *number, day calendar.Day, p *person) bool {
	year := yearOf(n.digits)
	return year >= paid.kind.bornFrom && year <= paid.kind.bornUntil &&
		paid.maySuit(levelOf(n.on(day).level)) &&
		(p.role != emigrated || day < p.change || paid.kind.emigrated)
}
