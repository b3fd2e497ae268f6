package synth

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avstam/avstam/calendar"
)

// All people but those of odd roles are born in these years. They are less than
// a hundred, so that no two share their ten digits, and leave out those of
// which ten digits may mean somebody born from 1913 to 1925.
const (
	firstBirth    = 1926
	lastBirth     = 2012
	monthsOfBirth = (lastBirth - firstBirth + 1) * 12
)

// The serials from firstAbsentSerial on are in no register, and those from
// firstTestSerial on are test numbers.
const (
	firstAbsentSerial = 950
	firstTestSerial   = 990
	serialsOfDay      = firstAbsentSerial - 1
)

const (
	// personalPlaces are the numbers of the shortest month.
	personalPlaces = 28 * serialsOfDay
	// numbersEach is how many personal numbers, and how many coordination
	// numbers, a person may need.
	numbersEach = 2
)

// number is a number of the register with its history.
type number struct {
	digits uint64
	states [3]state // in the order of time
	count  int
	// The attributes hold for all states.
	level                       string
	assigned, renewed, expected calendar.Day
	died                        calendar.Partial
	link                        uint64
	protected                   Flag
	// use is the end of the chain of links once the last state has begun; 0
	// where there is none.
	use uint64
	// attributesIn is the one state whose entry shows level, dates and
	// protection, or every; endIn is that which shows death and link. The
	// others' entries have none, and the same holds for them.
	attributesIn, endIn int
	backwards           bool // the extract has the latest entry first
}

const every = -1

// state is what the register says of a number from a day on.
type state struct {
	status, reason string
	from           calendar.Day // Missing: since ever
	known          calendar.Day
	level          string // where it is not that of the number
}

// on is the state in force on a day, with its level. Before the first it is
// the zero state.
func (n *number) on(day calendar.Day) state {
	if i := n.place(day); i >= 0 {
		found := n.states[i]
		found.level = cmp.Or(found.level, n.level)
		return found
	}
	return state{from: calendar.Missing, known: calendar.Missing, level: n.level}
}

// place is that of the state in force on a day among states; -1 before the first.
func (n *number) place(day calendar.Day) int {
	found := -1
	for i, s := range n.states[:n.count] {
		if s.from <= day {
			found = i
		}
	}
	return found
}

// levelKnown is the day on which the entry in force on a day was known, if it shows
// the level.
func (n *number) levelKnown(day calendar.Day) calendar.Day {
	if i := n.place(day); i >= 0 && (n.attributesIn == every || n.attributesIn == i) {
		return n.states[i].known
	}
	return calendar.Missing
}

// deathKnown is the first day on which the entry in force on a day, or one after it, was
// known that tells of the death: with its code, or with a date that does not lie after it
// was known.
func (n *number) deathKnown(day calendar.Day) calendar.Day {
	first := calendar.Missing
	for i := max(n.place(day), 0); i < n.count; i++ {
		s := &n.states[i]
		isDated := n.endIn == i && n.died != 0 && n.died != calendar.Unknown
		tells := strings.EqualFold(s.reason, "AV") || isDated && (s.known == calendar.Missing || n.died.Earliest() <= s.known)
		switch {
		case !tells:
		case s.known == calendar.Missing:
			return calendar.Missing
		case first == calendar.Missing || s.known < first:
			first = s.known
		}
	}
	return first
}

// entry is the row of a state in the extract.
func (n *number) entry(e *Entry, i int) {
	s := &n.states[i]
	*e = Entry{Number: n.digits, Status: s.status, StatusFrom: s.from, Reason: s.reason, KnownFrom: s.known,
		AssignedOn: calendar.Missing, RenewedOn: calendar.Missing, InactiveExpectedOn: calendar.Missing}
	if n.attributesIn == every || n.attributesIn == i {
		e.Level = cmp.Or(s.level, n.level)
		e.AssignedOn, e.RenewedOn, e.InactiveExpectedOn = n.assigned, n.renewed, n.expected
		e.Protected = n.protected
	}
	if n.endIn == i {
		e.DeceasedOn, e.Linked = n.died, n.link
	}
}

// person is somebody in a role, with one to three numbers.
type person struct {
	role    role
	numbers [3]number
	count   int
	change  calendar.Day     // on which happened what the role is about
	last    calendar.Day     // the last day of an active coordination number, where the role is about it
	died    calendar.Partial // 0 for the living
	meaning string           // of the reason of an inactive number
	// On the days from cleanFrom to cleanUntil the number of place cleanNumber
	// gives no finding, but for what payment types and agencies ask.
	cleanNumber           int
	cleanFrom, cleanUntil calendar.Day

	making builder // kept here so that making somebody allocates nothing
}

// cleanOn is the number under which the person can be paid on a day without a
// finding.
func (p *person) cleanOn(day calendar.Day) (*number, bool) {
	return &p.numbers[p.cleanNumber], p.cleanFrom <= day && day <= p.cleanUntil
}

// population is the people of a register. A person has a rank, which decides
// the role, and an index, which decides the month of birth; a multiplication
// modulo the count leads from one to the other, so that anybody is found
// without a table.
type population struct {
	seed            uint64
	count           int64
	toIndex, toRank uint64
	odd             []oddNumber
}

// oddNumber is a number of the register that lies outside the months of birth.
type oddNumber struct {
	digits uint64
	rank   int64
}

func newPopulation(count int64, seed uint64) population {
	p := population{seed: seed, count: count}
	// About the golden section, so that people of neighbouring ranks are born far apart.
	for p.toIndex = max(1, uint64(count)*618/1000); ; p.toIndex++ {
		inverse, ok := inverseOf(p.toIndex, uint64(count))
		if ok {
			p.toRank = inverse
			break
		}
	}
	var someone person
	for r := range roles {
		if !roles[r].odd {
			continue
		}
		for rank := range p.ranksOf(role(r)) {
			p.cast(&someone, rank)
			for _, n := range someone.numbers[:someone.count] {
				p.odd = append(p.odd, oddNumber{n.digits, rank})
			}
		}
	}
	slices.SortFunc(p.odd, func(a, b oddNumber) int { return cmp.Compare(a.digits, b.digits) })
	return p
}

// inverseOf is the x for which a*x is 1 modulo n, if there is one (Euclid).
func inverseOf(a, n uint64) (x uint64, ok bool) {
	previous, current := int64(0), int64(1)
	rest, divisor := n, a
	for divisor != 0 {
		quotient := rest / divisor
		previous, current = current, previous-int64(quotient)*current
		rest, divisor = divisor, rest%divisor
	}
	return uint64(previous+int64(n)) % n, rest == 1
}

// ranksOf yields the ranks of the people of a role.
func (p *population) ranksOf(r role) func(yield func(int64) bool) {
	return func(yield func(int64) bool) {
		for cycle := int64(0); cycle < p.count; cycle += ranksInCycle {
			for _, place := range casting.placesOf[r] {
				if cycle+place < p.count && !yield(cycle+place) {
					return
				}
			}
		}
	}
}

// someone is the rank of somebody in a role, if there is anybody.
func (p *population) someone(c *chance, r role) (rank int64, ok bool) {
	places := casting.placesOf[r]
	for len(places) > 0 && places[len(places)-1] >= p.count {
		places = places[:len(places)-1]
	}
	if len(places) == 0 {
		return 0, false
	}
	place := oneOf(c, places...)
	return place + ranksInCycle*c.below((p.count-place+ranksInCycle-1)/ranksInCycle), true
}

// cast makes the person of a rank.
func (p *population) cast(someone *person, rank int64) {
	someone.role = casting.roleAt[rank%ranksInCycle]
	someone.count = 0 // builder.add clears the numbers
	someone.change, someone.last = calendar.Missing, calendar.Missing
	someone.died, someone.meaning = 0, ""
	someone.cleanNumber, someone.cleanFrom, someone.cleanUntil = 0, calendar.Last, calendar.First
	index := int64(uint64(rank) * p.toIndex % uint64(p.count))
	month := index * monthsOfBirth / p.count
	first, next := p.firstIndex(month), p.firstIndex(month+1)
	someone.making = builder{
		chance:  newChance(p.seed, forPerson, rank),
		person:  someone,
		ordinal: rank/ranksInCycle*int64(len(casting.placesOf[someone.role])) + casting.orderAt[rank%ranksInCycle],
		year:    int(firstBirth + month/12),
		month:   int(1 + month%12),
		place:   index - first,
		people:  next - first,
	}
	roles[someone.role].cast(&someone.making)
	someone.making.finish()
}

// firstIndex is the least index of the people born in a month or later.
func (p *population) firstIndex(month int64) int64 {
	return (month*p.count + monthsOfBirth - 1) / monthsOfBirth
}

// entries yields the register month by month, with the odd numbers between.
func (p *population) entries(yield func(*Entry) error) error {
	type placed struct {
		digits        uint64
		person, place int
	}
	var (
		born    []person
		numbers []placed
		someone person
		entry   Entry
	)
	show := func(n *number) error {
		for i := range n.count {
			if n.backwards {
				i = n.count - 1 - i
			}
			n.entry(&entry, i)
			if err := yield(&entry); err != nil {
				return err
			}
		}
		return nil
	}
	odd := p.odd
	showOddBefore := func(digits uint64) error {
		for ; len(odd) > 0 && odd[0].digits < digits; odd = odd[1:] {
			p.cast(&someone, odd[0].rank)
			for i := range someone.numbers[:someone.count] {
				if n := &someone.numbers[i]; n.digits == odd[0].digits {
					if err := show(n); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	for month := range int64(monthsOfBirth) {
		born, numbers = born[:0], numbers[:0]
		for index := p.firstIndex(month); index < p.firstIndex(month+1); index++ {
			rank := int64(uint64(index) * p.toRank % uint64(p.count))
			if roles[casting.roleAt[rank%ranksInCycle]].odd {
				continue
			}
			born = append(born, person{})
			last := &born[len(born)-1]
			p.cast(last, rank)
			for i := range last.numbers[:last.count] {
				numbers = append(numbers, placed{last.numbers[i].digits, len(born) - 1, i})
			}
		}
		slices.SortFunc(numbers, func(a, b placed) int { return cmp.Compare(a.digits, b.digits) })
		for _, n := range numbers {
			if err := showOddBefore(n.digits); err != nil {
				return err
			}
			if err := show(&born[n.person].numbers[n.place]); err != nil {
				return err
			}
		}
	}
	return showOddBefore(1 << 63)
}
