package synth

// role is what somebody's life is like in the register.
type role int

// The roles. A person of one that is about a change has it behind them from
// person.change on.
const (
	resident role = iota
	deceasedThisYear
	deceasedEarlier
	deceasedByCode    // deregistered with AV and no date of death
	deceasedSinceEver // and no day of that either
	deceasedInMonth   // of which the day is not known
	deceasedInYear    // this year
	deceasedLastYear
	deceasedSometime // a date of death of 0
	deceasedAfterAll // a date of death of 0, then AV
	inactiveDeceased // inactive first, and dead later
	emigrated
	disappeared
	technical
	falseIdentity
	annulledPersonal
	annulledCoordination
	unknownCode
	inactivePersonal
	inactiveCoordination
	assignedLater
	assignedLaterSince // the status since ever, and yet assigned this year
	uncertainLevel
	probableLevel
	raisedLevel // from uncertain to confirmed
	activeCoordination
	expiring
	overdue
	pair               // closed; the person is paid under both numbers
	trio               // two numbers closed, and all three paid
	closedListed       // got a personal number
	closedTwice        // a duplicate first, then a personal number
	closedDuplicate    // had another coordination number
	closedDeceased     // got a personal number, and died
	closedQuiet        // got a personal number, and is paid under it
	renumbered         // deregistered with GN
	formerCoordination // deregistered with GS
	linkMissing
	linkMissingLater // the second number of the chain has none
	linkUnknown
	linkLoop
	linkToItself
	centenarian
	sharingDigits // two people a hundred years apart
	newborn       // after the payments of the year's first months
	impossibleDay // a coordination number with a day that its month does not have
	unknownMonth  // a coordination number of month 00
	testPerson    // a test number that the register has
	roleCount
)

// roles says how many of a thousand people have a role, how such a life is
// made, and whether its number is an odd one: outside the months of birth.
var roles = [roleCount]struct {
	share int
	odd   bool
	cast  func(*builder)
}{
	resident:             {share: 837, cast: (*builder).resident},
	deceasedThisYear:     {share: 6, cast: (*builder).deceasedThisYear},
	deceasedEarlier:      {share: 10, cast: (*builder).deceasedEarlier},
	deceasedByCode:       {share: 2, cast: (*builder).deceasedByCode},
	deceasedSinceEver:    {share: 1, cast: (*builder).deceasedSinceEver},
	deceasedInMonth:      {share: 1, cast: (*builder).deceasedInMonth},
	deceasedInYear:       {share: 1, cast: func(b *builder) { b.deceasedIn(paymentYear) }},
	deceasedLastYear:     {share: 1, cast: func(b *builder) { b.deceasedIn(paymentYear - 1) }},
	deceasedSometime:     {share: 1, cast: (*builder).deceasedSometime},
	deceasedAfterAll:     {share: 1, cast: (*builder).deceasedAfterAll},
	inactiveDeceased:     {share: 1, cast: (*builder).inactiveDeceased},
	emigrated:            {share: 18, cast: func(b *builder) { b.deregisteredPersonal("UV") }},
	disappeared:          {share: 1, cast: func(b *builder) { b.deregisteredPersonal("OB") }},
	technical:            {share: 1, cast: func(b *builder) { b.deregisteredPersonal(oneOf(&b.chance, "TA", "OO")) }},
	falseIdentity:        {share: 1, cast: func(b *builder) { b.deregisteredPersonal("FI") }},
	annulledPersonal:     {share: 1, cast: func(b *builder) { b.deregisteredPersonal("AN") }},
	annulledCoordination: {share: 1, cast: (*builder).annulledCoordination},
	unknownCode:          {share: 1, cast: func(b *builder) { b.deregisteredPersonal(oneOf(&b.chance, "", "XQ", "ZZ9")) }},
	inactivePersonal:     {share: 1, cast: (*builder).inactivePersonal},
	inactiveCoordination: {share: 58, cast: (*builder).inactiveCoordination},
	assignedLater:        {share: 1, cast: func(b *builder) { b.assignedThisYear(true) }},
	assignedLaterSince:   {share: 1, cast: func(b *builder) { b.assignedThisYear(false) }},
	uncertainLevel:       {share: 3, cast: func(b *builder) { b.activeCoordination("uncertain") }},
	probableLevel:        {share: 7, cast: func(b *builder) { b.activeCoordination("probable") }},
	raisedLevel:          {share: 1, cast: (*builder).raisedLevel},
	activeCoordination:   {share: 9, cast: func(b *builder) { b.activeCoordination(b.anyLevelButLow()) }},
	expiring:             {share: 2, cast: (*builder).expiring},
	overdue:              {share: 1, cast: (*builder).overdue},
	pair:                 {share: 1, cast: func(b *builder) { b.closed(1) }},
	trio:                 {share: 1, cast: func(b *builder) { b.closed(2) }},
	closedListed:         {share: 3, cast: func(b *builder) { b.closed(1) }},
	closedTwice:          {share: 1, cast: func(b *builder) { b.closed(2) }},
	closedDuplicate:      {share: 2, cast: (*builder).closedDuplicate},
	closedDeceased:       {share: 1, cast: (*builder).closedDeceased},
	closedQuiet:          {share: 3, cast: (*builder).closedQuiet},
	renumbered:           {share: 1, cast: (*builder).renumbered},
	formerCoordination:   {share: 1, cast: (*builder).formerCoordination},
	linkMissing:          {share: 1, cast: func(b *builder) { b.closedWithout(nobody) }},
	linkMissingLater:     {share: 1, cast: (*builder).linkMissingLater},
	linkUnknown:          {share: 1, cast: func(b *builder) { b.closedWithout(somebodyAbsent) }},
	linkLoop:             {share: 1, cast: (*builder).linkLoop},
	linkToItself:         {share: 1, cast: func(b *builder) { b.closedWithout(oneself) }},
	centenarian:          {share: 2, odd: true, cast: (*builder).centenarian},
	sharingDigits:        {share: 1, odd: true, cast: (*builder).sharingDigits},
	newborn:              {share: 1, odd: true, cast: (*builder).newborn},
	impossibleDay:        {share: 1, odd: true, cast: (*builder).impossibleDay},
	unknownMonth:         {share: 5, odd: true, cast: (*builder).unknownMonth},
	testPerson:           {share: 1, cast: (*builder).testPerson},
}

// ranksInCycle is how many ranks follow each other until the roles repeat.
const ranksInCycle = 1000

// cycle says which role the ranks of a cycle have. Every role comes once before
// any comes again, so that a small register has as many as it has people.
type cycle struct {
	roleAt   [ranksInCycle]role
	orderAt  [ranksInCycle]int64 // among the places of the same role
	placesOf [roleCount][]int64
}

var casting = newCycle()

func newCycle() *cycle {
	c := new(cycle)
	place := int64(0)
	take := func(r role) {
		c.roleAt[place], c.orderAt[place] = r, int64(len(c.placesOf[r]))
		c.placesOf[r] = append(c.placesOf[r], place)
		place++
	}
	for r := range roleCount {
		take(r)
	}
	for r := range roleCount {
		for range roles[r].share - 1 {
			take(r)
		}
	}
	if place != ranksInCycle {
		panic("BUG: the shares of the roles do not make a thousand")
	}
	return c
}
