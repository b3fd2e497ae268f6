package register_test

import (
	"slices"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	person       = numberOf(1964, 8, 23, 323)
	coordination = numberOf(1970, 10, 63, 239)
	third        = numberOf(1985, 1, 1, 238)
	absent       = numberOf(1911, 11, 11, 111)
)

func day(text string) calendar.Day {
	if text == "" {
		return calendar.Missing
	}
	d, ok := calendar.Parse([]byte(text))
	if !ok {
		panic("no day: " + text)
	}
	return d
}

// entry is an entry with a status from a day.
func entry(number identity.Number, status, from string) row {
	r := plain(number)
	r.status, r.from = status, day(from)
	return r
}

func known(r row, from string) row {
	r.known = day(from)
	return r
}

func because(r row, reason string) row {
	r.reason = reason
	return r
}

func linkedTo(r row, number identity.Number) row {
	r.linked = number
	return r
}

func TestEntryInForce(t *testing.T) {
	for _, c := range []struct {
		why    string
		rows   []row
		at     string
		status string // empty where no entry is in force
	}{
		{"the day before the first entry", []row{entry(person, "active", "2020-05-01")}, "2020-04-30", ""},
		{"the first day of an entry", []row{entry(person, "active", "2020-05-01")}, "2020-05-01", "active"},
		{"an entry without a day is in force since ever", []row{entry(person, "active", "")}, "0001-01-01", "active"},
		{"the last day before the next entry", []row{entry(person, "active", ""), entry(person, "closed", "2020-05-01")}, "2020-04-30", "active"},
		{"the first day of the next entry", []row{entry(person, "active", ""), entry(person, "closed", "2020-05-01")}, "2020-05-01", "closed"},
		{"rows need not be in the order of days", []row{entry(person, "closed", "2020-05-01"), entry(person, "active", "2019-01-01")}, "2020-04-30", "active"},
		{"of the same day the later row", []row{entry(person, "active", "2020-05-01"), entry(person, "inactive", "2020-05-01")}, "2020-05-01", "inactive"},
		{"of the same day the one that became known later, whatever the row",
			[]row{known(entry(person, "active", "2020-05-01"), "2020-06-02"), known(entry(person, "inactive", "2020-05-01"), "2020-06-01")}, "2020-05-01", "active"},
		{"one that is not said when it became known counts as the earliest",
			[]row{known(entry(person, "active", "2020-05-01"), "1990-01-01"), entry(person, "inactive", "2020-05-01")}, "2020-05-01", "active"},
		{"two missing days are the same day",
			[]row{known(entry(person, "active", ""), "2020-06-02"), entry(person, "inactive", "")}, "2020-05-01", "active"},
		{"an entry that another of its day supersedes is not in force before either",
			[]row{entry(person, "active", "2019-01-01"), entry(person, "closed", "2020-05-01"), entry(person, "inactive", "2020-05-01")}, "2020-04-30", "active"},
		{"days before 1800 count as they are", []row{entry(person, "active", "1700-01-02"), entry(person, "inactive", "1700-01-03")}, "1700-01-02", "active"},
		{"and on the day after", []row{entry(person, "active", "1700-01-02"), entry(person, "inactive", "1700-01-03")}, "1700-01-03", "inactive"},
		{"an entry in the far future", []row{entry(person, "active", ""), entry(person, "inactive", "9999-12-31")}, "9999-12-30", "active"},
		{"and on its day", []row{entry(person, "active", ""), entry(person, "inactive", "9999-12-31")}, "9999-12-31", "inactive"},
	} {
		s := build(t, c.rows...)
		e := s.At(s.Find(person), day(c.at))
		assert.Equal(t, c.status != "", e.InForce, c.why)
		if c.status != "" {
			assert.Equal(t, c.status, s.States()[e.State].Status.String(), c.why)
		}
	}
}

// A number with many entries finds the right one of them.
func TestLongHistory(t *testing.T) {
	var rows []row
	first := day("1990-01-01")
	for i := range 1000 {
		r := plain(person)
		r.from = first + calendar.Day(10*i)
		r.renewed = r.from
		rows = append(rows, r)
	}
	s := build(t, rows...)
	assert.Equal(t, 1000, s.Entries())
	for at := first; at < first+10_000; at += 3 {
		e := s.At(0, at)
		require.True(t, e.InForce)
		require.Equal(t, at-(at-first)%10, s.StatusFrom(e))
		require.Equal(t, s.StatusFrom(e), s.RenewedOn(e))
	}
	assert.False(t, s.At(0, first-1).InForce)
	history := s.History(0)
	require.Len(t, history, 1000)
	assert.Equal(t, first, s.StatusFrom(history[0]))
	assert.Equal(t, first+9990, s.StatusFrom(history[999]))
}

// What an entry lacks comes from the number's latest entry that has it; what it
// has is its own.
func TestAttributes(t *testing.T) {
	early := entry(coordination, "active", "2018-01-01")
	early.level, early.assigned, early.protected = "probable", day("2018-01-01"), register.True
	middle := entry(coordination, "active", "2020-01-01")
	middle.renewed, middle.protected = day("2020-01-01"), register.False
	late := entry(coordination, "closed", "2022-01-01")
	late.level, late.linked = "confirmed", person
	late.deceased, _ = calendar.PartialOf(2021, 0, 0)
	s := build(t, early, middle, late)
	place := s.Find(coordination)
	for _, c := range []struct {
		why, at           string
		inForce           bool
		level             register.Level
		protected         register.Tristate
		assigned, renewed string
	}{
		{"before the first entry: the latest that has each", "2017-01-01", false, register.Confirmed, register.False, "2018-01-01", "2020-01-01"},
		{"its own level, the renewal of a later entry", "2018-01-01", true, register.Probable, register.True, "2018-01-01", "2020-01-01"},
		{"the level of the latest, not of the one before", "2020-01-01", true, register.Confirmed, register.False, "2018-01-01", "2020-01-01"},
		{"protection said to be none is not missing", "2023-01-01", true, register.Confirmed, register.False, "2018-01-01", "2020-01-01"},
	} {
		e := s.At(place, day(c.at))
		state := s.States()[e.State]
		assert.Equal(t, c.inForce, e.InForce, c.why)
		assert.Equal(t, c.level, state.Level, c.why)
		assert.Equal(t, c.protected, state.Protected, c.why)
		assert.Equal(t, c.assigned, s.AssignedOn(e).String(), c.why)
		assert.Equal(t, c.renewed, s.RenewedOn(e).String(), c.why)
		assert.Equal(t, "2021-00-00", s.DeceasedOn(e).String(), c.why)
		assert.True(t, s.Linked(e) == person, c.why)
		assert.Equal(t, calendar.Missing, s.InactiveExpectedOn(e), c.why)
	}

	// The entry that is superseded still has what no other entry has, and is
	// before the one that supersedes it.
	loser, winner := entry(person, "active", "2020-01-01"), entry(person, "active", "2020-01-01")
	loser.level, loser.assigned = "uncertain", day("2019-01-01")
	winner.level = "confirmed"
	s = build(t, loser, winner)
	e := s.At(0, day("2021-01-01"))
	assert.Equal(t, register.Confirmed, s.States()[e.State].Level)
	assert.Equal(t, "2019-01-01", s.AssignedOn(e).String())
	assert.Equal(t, 1, s.Entries())

	// When an entry became known is its own.
	s = build(t, known(entry(person, "active", "2018-01-01"), "2018-02-01"), entry(person, "inactive", "2020-01-01"))
	assert.Equal(t, calendar.Missing, s.KnownFrom(s.At(0, day("2021-01-01"))))
	assert.Equal(t, "2018-02-01", s.KnownFrom(s.At(0, day("2019-01-01"))).String())
}

func TestChain(t *testing.T) {
	closed := func(number identity.Number, from string, to identity.Number) row {
		return linkedTo(entry(number, "closed", from), to)
	}
	for _, c := range []struct {
		why    string
		rows   []row
		at     string
		broken register.ChainBreak
		end    identity.Number
	}{
		{"an active number is its own end, whatever its link", []row{linkedTo(entry(coordination, "active", ""), person), entry(person, "active", "")},
			"2020-01-01", register.Whole, coordination},
		{"closed with a link", []row{closed(coordination, "", person), entry(person, "active", "")}, "2020-01-01", register.Whole, person},
		{"before it was closed", []row{entry(coordination, "active", ""), closed(coordination, "2020-01-01", person), entry(person, "active", "")},
			"2019-12-31", register.Whole, coordination},
		{"before its first entry it is not replaced", []row{closed(coordination, "2020-01-01", person), entry(person, "active", "")},
			"2019-12-31", register.Whole, coordination},
		{"GN replaces", []row{linkedTo(because(entry(coordination, "deregistered", ""), "gn"), person), entry(person, "active", "")},
			"2020-01-01", register.Whole, person},
		{"another deregistration does not", []row{linkedTo(because(entry(coordination, "deregistered", ""), "AV"), person), entry(person, "active", "")},
			"2020-01-01", register.Whole, coordination},
		{"through a second number", []row{closed(coordination, "", third), closed(third, "", person), entry(person, "inactive", "")},
			"2020-01-01", register.Whole, person},
		{"the second was not closed yet", []row{closed(coordination, "", third), closed(third, "2020-01-02", person), entry(third, "active", ""), entry(person, "active", "")},
			"2020-01-01", register.Whole, third},
		{"the link of another entry", []row{entry(coordination, "closed", "2020-01-01"), linkedTo(entry(coordination, "active", ""), person), entry(person, "active", "")},
			"2020-01-01", register.Whole, person},
		{"no link", []row{entry(coordination, "closed", "")}, "2020-01-01", register.LinkMissing, coordination},
		{"no link further on: the end is the number itself", []row{closed(coordination, "", third), entry(third, "closed", "")},
			"2020-01-01", register.LinkMissing, coordination},
		{"a number that is not there", []row{closed(coordination, "", absent)}, "2020-01-01", register.LinkUnknown, coordination},
		{"a link that cannot be read", []row{closed(coordination, "", register.UnreadableLink)}, "2020-01-01", register.LinkUnknown, coordination},
		{"itself", []row{closed(coordination, "", coordination)}, "2020-01-01", register.LinkLoop, coordination},
		{"round in a circle of two", []row{closed(coordination, "", person), closed(person, "", coordination)}, "2020-01-01", register.LinkLoop, coordination},
		{"into a circle", []row{closed(coordination, "", person), closed(person, "", third), closed(third, "", person)},
			"2020-01-01", register.LinkLoop, coordination},
		{"no circle before its last link", []row{closed(coordination, "", person), closed(person, "2020-01-02", coordination), entry(person, "active", "")},
			"2020-01-01", register.Whole, person},
	} {
		s := build(t, c.rows...)
		chain := s.Chain(s.Find(coordination), day(c.at))
		assert.Equal(t, c.broken, chain.Break, c.why)
		assert.True(t, c.end == chain.Number, c.why)
		assert.Equal(t, s.Find(c.end), chain.Place, c.why)
		assert.Equal(t, []register.Chain{chain}, chainsOf(s, day(c.at), s.Find(coordination)), c.why)
	}
	s := build(t, plain(person))
	assert.Equal(t, []register.Chain{{Place: register.NotFound}}, chainsOf(s, 0, register.NotFound), "nor does it among others")
	assert.Equal(t, register.Chain{Place: register.NotFound}, s.Chain(register.NotFound, 0), "a number that is not there leads nowhere")
}

// chainsOf are the chains of places on a day, followed side by side.
func chainsOf(s *register.Snapshot, day calendar.Day, places ...register.Place) []register.Chain {
	chains, days := make([]register.Chain, len(places)), make([]calendar.Day, len(places))
	entries := make([]register.Entry, len(places))
	for i := range days {
		days[i] = day
	}
	s.AtAll(entries, places, days)
	s.ChainAll(chains, entries, places, days)
	return chains
}

// A number of links in a row is followed to its end, and a long circle found.
func TestLongChain(t *testing.T) {
	const links = 1000
	number := func(i int) identity.Number { return numberOf(1950+i/500, 1+i%500/50, 61+i%50/25, 1+i%25) }
	var rows []row
	for i := range links {
		rows = append(rows, linkedTo(entry(number(i), "closed", ""), number(i+1)))
	}
	s := build(t, append(rows, entry(number(links), "active", ""))...)
	assert.Equal(t, register.Chain{Number: number(links), Place: s.Find(number(links))}, s.Chain(0, 0))
	var places []register.Place
	for place := range s.Numbers() {
		places = append(places, place)
	}
	for i, chain := range chainsOf(s, 0, places...) {
		require.Equal(t, s.Chain(places[i], 0), chain, "place %d", i)
	}
	s = build(t, append(rows, linkedTo(entry(number(links), "closed", ""), number(links/3)))...)
	assert.Equal(t, register.LinkLoop, s.Chain(0, 0).Break)
	assert.EqualValues(t, links+1, s.Checks().Count("link_loop"), "every number leads into the circle")
}

// SeveralNumbers is on the numbers at both ends of a link, and on no others.
func TestSeveralNumbers(t *testing.T) {
	s := build(t, linkedTo(entry(coordination, "closed", "2020-01-01"), person), entry(coordination, "active", ""),
		entry(person, "active", ""), entry(third, "active", ""))
	for _, c := range []struct {
		number identity.Number
		want   bool
		why    string
	}{
		{coordination, true, "the number that is replaced, before that too"},
		{person, true, "the number that replaces it"},
		{third, false, "a number without links"},
	} {
		for _, at := range []string{"2019-01-01", "2021-01-01"} {
			assert.Equal(t, c.want, s.States()[s.At(s.Find(c.number), day(at)).State].SeveralNumbers, c.why)
		}
	}
}

func TestAssignedLater(t *testing.T) {
	for _, c := range []struct {
		from, assigned string
		want           bool
		why            string
	}{
		{"2020-01-01", "2020-01-01", false, "assigned on the day of the status"},
		{"2020-01-01", "2019-01-01", false, "assigned before"},
		{"2020-01-01", "2020-01-02", true, "assigned after"},
		{"", "1950-01-01", true, "the status since ever"},
		{"2020-01-01", "", false, "not known when"},
		{"", "", false, "nothing known"},
	} {
		r := entry(coordination, "active", c.from)
		r.assigned = day(c.assigned)
		s := build(t, r)
		assert.Equal(t, c.want, s.States()[s.At(0, calendar.Last).State].AssignedLater, c.why)
	}
}

// Files and rows may come in any order and in pieces of any length.
func TestOrderOfInputOnlyDecidesTies(t *testing.T) {
	rows := []row{entry(third, "active", "2020-01-01"), entry(coordination, "inactive", "2021-01-01"), entry(person, "active", "2020-01-01"),
		entry(coordination, "active", "2019-01-01")}
	sorted := build(t, rows[2], rows[3], rows[1], rows[0])
	b := register.NewBuilder(day("2025-11-20"))
	for i, r := range rows {
		require.NoError(t, b.Add(extractOf("part.csv", int64(i+1), []row{r})))
	}
	pieces, _, err := b.Build()
	require.NoError(t, err)
	assert.Zero(t, register.Diff(sorted, pieces).Counts)
	for place, number := range sorted.Numbers() {
		assert.Equal(t, place, pieces.Find(number))
		assert.Equal(t, len(sorted.History(place)), len(pieces.History(place)))
	}
	assert.Equal(t, day("2025-11-20"), pieces.ExtractDate())
	assert.Equal(t, 3, pieces.Len())
	assert.Equal(t, 4, pieces.Entries())
}

// An input that is sorted up to its last rows gives the snapshot of the sorted one.
func TestInputThatIsSortedForLong(t *testing.T) {
	for _, full := range []bool{false, true} {
		sorted, other := register.NewBuilder(calendar.Missing), register.NewBuilder(calendar.Missing)
		var first *register.Extract
		population(150_000, full, func(e *register.Extract) {
			require.NoError(t, sorted.Add(e))
			if first == nil {
				copied := *e
				copied.Number = slices.Clone(e.Number)
				copied.Status, copied.Reason, copied.Level = slices.Clone(e.Status), slices.Clone(e.Reason), slices.Clone(e.Level)
				for _, days := range []*[]calendar.Day{&copied.StatusFrom, &copied.KnownFrom, &copied.AssignedOn, &copied.RenewedOn, &copied.InactiveExpectedOn} {
					*days = slices.Clone(*days)
				}
				copied.Linked, copied.DeceasedOn = slices.Clone(e.Linked), slices.Clone(e.DeceasedOn)
				first = &copied
				return
			}
			require.NoError(t, other.Add(e))
		})
		require.NoError(t, other.Add(first))
		want, _, err := sorted.Build()
		require.NoError(t, err)
		got, _, err := other.Build()
		require.NoError(t, err)
		require.Equal(t, want.Len(), got.Len())
		require.Equal(t, want.Entries(), got.Entries())
		for place, number := range want.Numbers() {
			require.Equal(t, place, got.Find(number))
			history, same := want.History(place), got.History(place)
			require.Equal(t, len(history), len(same))
			for i, entry := range history {
				require.Equal(t, want.States()[entry.State], got.States()[same[i].State])
				require.Equal(t, want.StatusFrom(entry), got.StatusFrom(same[i]))
				require.Equal(t, want.DeceasedOn(entry), got.DeceasedOn(same[i]))
				require.Equal(t, want.KnownFrom(entry), got.KnownFrom(same[i]))
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s := buildPopulation(t, 20_000, true)
	var numbers []identity.Number
	for _, number := range s.Numbers() {
		numbers = append(numbers, number)
	}
	numbers = append(numbers[:1000:1000], absent, 0)
	places := make([]register.Place, len(numbers))
	entries := make([]register.Entry, len(numbers))
	days := make([]calendar.Day, len(numbers))
	for i := range days {
		days[i] = day("2000-01-01") + calendar.Day(i*7)
	}
	var sum int64
	for name, look := range map[string]func(){
		"Find":    func() { sum += int64(s.Find(numbers[3])) },
		"FindAll": func() { s.FindAll(places, numbers) },
		"At":      func() { sum += int64(s.At(7, days[9]).Row) },
		"AtAll":   func() { s.AtAll(entries, places, days) },
		"Chain":   func() { sum += int64(s.Chain(7, days[500]).Place) },
		"attributes": func() {
			for _, e := range entries {
				sum += int64(s.StatusFrom(e)) + int64(s.KnownFrom(e)) + int64(s.AssignedOn(e)) + int64(s.RenewedOn(e)) +
					int64(s.InactiveExpectedOn(e)) + int64(s.DeceasedOn(e)) + int64(s.Linked(e))
			}
		},
		"NumberAt": func() { sum += int64(s.NumberAt(77)) },
	} {
		assert.Zero(t, testing.AllocsPerRun(10, look), name)
	}
}

func TestComputedLastDay(t *testing.T) {
	for _, c := range []struct{ assigned, renewed, want, why string }{
		{"2021-01-01", "", "2026-12-31", "assigned on the first day of a year"},
		{"2021-12-31", "", "2026-12-31", "assigned on the last"},
		{"2018-03-01", "2022-06-30", "2027-12-31", "the renewal comes before the assignment"},
		{"", "2022-06-30", "2027-12-31", "only a renewal is known"},
		{"2015-12-31", "", "2021-12-31", "before 2016 counts as 2016"},
		{"2016-01-01", "", "2021-12-31", "2016 itself"},
		{"1990-01-01", "2015-01-01", "2021-12-31", "a renewal before 2016 too"},
		{"", "", "", "nothing is known"},
		{"9995-01-01", "", "", "beyond the calendar"},
	} {
		got, ok := register.ComputedLastDay(day(c.assigned), day(c.renewed))
		assert.Equal(t, c.want, got.String(), c.why)
		assert.Equal(t, c.want != "", ok, c.why)
	}
}

// A register without numbers answers every question that a checker asks.
func TestEmpty(t *testing.T) {
	empty := register.Empty()
	assert.Zero(t, empty.Len())
	assert.Equal(t, calendar.Missing, empty.ExtractDate())
	numbers := []identity.Number{0, 186408233234, 196408233234, 197010632391, 209912319999}
	days := make([]calendar.Day, len(numbers))
	places, entries := make([]register.Place, len(numbers)), make([]register.Entry, len(numbers))
	for _, day := range []calendar.Day{calendar.Of(1900, 1, 1), calendar.Of(2025, 11, 20), calendar.Last} {
		for i := range days {
			days[i] = day
		}
		empty.FindAllAt(places, numbers, days)
		empty.AtAll(entries, places, days)
		for i, number := range numbers {
			assert.Equal(t, register.NotFound, places[i])
			assert.Equal(t, register.NotFound, empty.Find(number))
			assert.Zero(t, entries[i])
		}
	}
}
