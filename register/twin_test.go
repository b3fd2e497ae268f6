package register_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// row is a row of an extract as a person would write it down.
type row struct {
	number            identity.Number
	status            string
	reason            string
	level             string
	from, known       calendar.Day
	assigned, renewed calendar.Day
	expected          calendar.Day
	linked            identity.Number
	deceased          calendar.Partial
	protected         register.Tristate
}

// plain is an active row without anything else.
func plain(number identity.Number) row {
	return row{number: number, status: "active", from: calendar.Missing, known: calendar.Missing,
		assigned: calendar.Missing, renewed: calendar.Missing, expected: calendar.Missing}
}

// numberOf is the number with a date as it stands in it and a serial. The check
// digit is computed digit by digit, as folkbokföringslagen 18 § has it.
func numberOf(year, month, day, serial int) identity.Number {
	digits := fmt.Sprintf("%04d%02d%02d%03d", year, month, day, serial)
	sum := 0
	for i, c := range digits[2:] {
		product := int(c-'0') * (2 - i%2)
		sum += product/10 + product%10
	}
	check := (10 - sum%10) % 10
	var number identity.Number
	for _, c := range digits {
		number = number*10 + identity.Number(c-'0')
	}
	return number*10 + identity.Number(check)
}

// extractOf is rows as columns, with the rows from first (from 1) of a file.
func extractOf(file string, first int64, rows []row) *register.Extract {
	e := &register.Extract{File: file, FirstRow: first, Words: []string{""}}
	word := func(text string) uint16 {
		if i := slices.Index(e.Words, text); i >= 0 {
			return uint16(i)
		}
		e.Words = append(e.Words, text)
		return uint16(len(e.Words) - 1)
	}
	for _, r := range rows {
		e.Number = append(e.Number, r.number)
		e.Status = append(e.Status, word(r.status))
		e.Reason = append(e.Reason, word(r.reason))
		e.Level = append(e.Level, word(r.level))
		e.StatusFrom = append(e.StatusFrom, r.from)
		e.KnownFrom = append(e.KnownFrom, r.known)
		e.AssignedOn = append(e.AssignedOn, r.assigned)
		e.RenewedOn = append(e.RenewedOn, r.renewed)
		e.InactiveExpectedOn = append(e.InactiveExpectedOn, r.expected)
		e.Linked = append(e.Linked, r.linked)
		e.DeceasedOn = append(e.DeceasedOn, r.deceased)
		e.Protected = append(e.Protected, r.protected)
	}
	return e
}

// build builds the register of rows.
func build(t testing.TB, rows ...row) *register.Snapshot {
	t.Helper()
	b := register.NewBuilder(calendar.Of(2025, 11, 20))
	require.NoError(t, b.Add(extractOf("register.csv", 1, rows)))
	snapshot, checks, err := b.Build()
	require.NoError(t, err)
	require.Equal(t, checks, snapshot.Checks())
	return snapshot
}

// twin is the register as plainly as can be: for each number its rows in the
// order of the entries, looked through from end to end for every question.
type twin map[identity.Number][]row

func twinOf(rows []row) twin {
	t := twin{}
	for _, r := range rows {
		t[r.number] = append(t[r.number], r)
	}
	for _, history := range t {
		// Missing is before every day, and rows of equal days stay in their order.
		sort.SliceStable(history, func(i, j int) bool {
			if history[i].from != history[j].from {
				return history[i].from < history[j].from
			}
			return history[i].known < history[j].known
		})
	}
	return t
}

// inForce is the row in force at a day, nil where there is none.
func (t twin) inForce(number identity.Number, day calendar.Day) *row {
	var found *row
	for i := range t[number] {
		if t[number][i].from <= day {
			found = &t[number][i]
		}
	}
	return found
}

// attribute is what get says of the row in force, or of the latest that has it.
func attribute[T comparable](t twin, number identity.Number, day calendar.Day, missing T, get func(row) T) T {
	if r := t.inForce(number, day); r != nil && get(*r) != missing {
		return get(*r)
	}
	value := missing
	for _, r := range t[number] {
		if get(r) != missing {
			value = get(r)
		}
	}
	return value
}

func (t twin) link(number identity.Number, day calendar.Day) identity.Number {
	return attribute(t, number, day, 0, func(r row) identity.Number { return r.linked })
}

func (t twin) isReplaced(number identity.Number, day calendar.Day) bool {
	r := t.inForce(number, day)
	return r != nil && (r.status == "closed" || r.status == "deregistered" && (r.reason == "GN" || r.reason == "GS"))
}

func (t twin) chain(number identity.Number, day calendar.Day) (identity.Number, register.ChainBreak) {
	seen := map[identity.Number]bool{}
	at := number
	for t.isReplaced(at, day) {
		seen[at] = true
		next := t.link(at, day)
		switch {
		case next == 0:
			return number, register.LinkMissing
		case t[next] == nil:
			return number, register.LinkUnknown
		case seen[next]:
			return number, register.LinkLoop
		}
		at = next
	}
	return at, register.Whole
}

// compare compares everything that a snapshot says of a number on a day.
func (t twin) compare(test *testing.T, s *register.Snapshot, number identity.Number, day calendar.Day) {
	test.Helper()
	place := s.Find(number)
	if t[number] == nil {
		require.Equal(test, register.NotFound, place)
		return
	}
	require.NotEqual(test, register.NotFound, place)
	require.True(test, s.NumberAt(place) == number)
	entry := s.At(place, day)
	state := s.States()[entry.State]
	want := t.inForce(number, day)
	require.Equal(test, want != nil, entry.InForce, "in force at %s", day)
	if want != nil {
		require.Equal(test, want.status, state.Status.String(), "status at %s", day)
		require.Equal(test, want.reason, state.Reason)
		require.Equal(test, want.from, s.StatusFrom(entry))
		require.Equal(test, want.known, s.KnownFrom(entry))
	}
	days := func(get func(row) calendar.Day) calendar.Day { return attribute(t, number, day, calendar.Missing, get) }
	assigned := days(func(r row) calendar.Day { return r.assigned })
	require.Equal(test, assigned, s.AssignedOn(entry), "assigned at %s", day)
	require.Equal(test, days(func(r row) calendar.Day { return r.renewed }), s.RenewedOn(entry))
	require.Equal(test, days(func(r row) calendar.Day { return r.expected }), s.InactiveExpectedOn(entry))
	deceased := attribute(t, number, day, 0, func(r row) calendar.Partial { return r.deceased })
	require.Equal(test, deceased, s.DeceasedOn(entry))
	require.Equal(test, deceased != 0, state.HasDeath)
	require.True(test, t.link(number, day) == s.Linked(entry), "link at %s", day)
	require.Equal(test, t.link(number, day) != 0, state.HasLink)
	require.Equal(test, attribute(t, number, day, "", func(r row) string { return r.level }), state.Level.String())
	require.Equal(test, attribute(t, number, day, 0, func(r row) register.Tristate { return r.protected }), state.Protected)
	if want != nil {
		require.Equal(test, assigned != calendar.Missing && assigned > want.from, state.AssignedLater)
		require.Equal(test, want.level == "" && state.Level != register.NoLevel, state.LevelElsewhere, "level at %s", day)
		require.Equal(test, want.deceased == 0 && deceased != 0, state.DeathElsewhere, "death at %s", day)
	}
	end, broken := t.chain(number, day)
	chain := s.Chain(place, day)
	require.Equal(test, broken, chain.Break, "chain at %s", day)
	require.True(test, chain.Number == end, "end of the chain at %s", day)
	require.Equal(test, s.Find(end), chain.Place)
	chains := make([]register.Chain, 1)
	s.ChainAll(chains, []register.Entry{s.At(place, day)}, []register.Place{place}, []calendar.Day{day})
	require.True(test, chain == chains[0], "chain at %s, with others", day)
	if end != number {
		require.True(test, state.SeveralNumbers)
		ending := s.States()[s.At(chain.Place, day).State]
		require.True(test, ending.SeveralNumbers, "of the end of a chain")
	}
}

// hostile is a register of few numbers with everything that can go wrong.
func hostile(random *rand.Rand) (rows []row, numbers []identity.Number, days []calendar.Day) {
	dates := [][3]int{{1800, 1, 1}, {2099, 12, 31}, {2000, 2, 29}, {1964, 8, 23}, {1964, 8, 24}, {1970, 10, 63}, {1970, 0, 60}, {1970, 12, 91},
		{1800, 0, 60}, {2099, 12, 91}, {1999, 2, 91}}
	serials := []int{1, 2, 63, 64, 447, 448, 511, 512, 513, 959, 960, 998, 999}
	for range 4 + random.IntN(30) {
		date := dates[random.IntN(len(dates))]
		numbers = append(numbers, numberOf(date[0], date[1], date[2], serials[random.IntN(len(serials))]))
	}
	for year := range 4 {
		for day := range 3 {
			days = append(days, calendar.Of(2010+year, 1, 1+day))
		}
	}
	rare := []calendar.Day{calendar.First, calendar.Of(1700, 1, 1), calendar.Of(1799, 12, 31), calendar.Of(1800, 1, 1),
		calendar.Of(2136, 6, 5), calendar.Of(2136, 6, 6), calendar.Of(2136, 6, 7), calendar.Of(2136, 6, 8), calendar.Of(2136, 6, 9), calendar.Last}
	day := func(missing int) calendar.Day {
		switch {
		case random.IntN(100) < missing:
			return calendar.Missing
		case random.IntN(20) == 0:
			return rare[random.IntN(len(rare))]
		}
		return days[random.IntN(len(days))]
	}
	deaths := []calendar.Partial{0, 0, 0, 0, calendar.Unknown, calendar.PartialDay(calendar.Of(2012, 1, 2)), calendar.PartialDay(calendar.Last)}
	for _, fields := range [][3]int{{2012, 0, 0}, {2012, 5, 0}} {
		partial, _ := calendar.PartialOf(fields[0], fields[1], fields[2])
		deaths = append(deaths, partial)
	}
	statuses := []string{"active", "inactive", "closed", "closed", "deregistered"}
	reasons := []string{"", "GN", "GS", "AV", "TIDSFRIST", "XX"}
	levels := []string{"", "", "not_applicable", "uncertain", "probable", "confirmed"}
	missing := random.IntN(100)
	for range 1 + random.IntN(120) {
		r := row{
			number: numbers[random.IntN(len(numbers))], status: statuses[random.IntN(len(statuses))],
			reason: reasons[random.IntN(len(reasons))], level: levels[random.IntN(len(levels))],
			from: day(15), known: day(30), assigned: day(missing), renewed: day(missing), expected: day(missing),
			deceased: deaths[random.IntN(len(deaths))], protected: register.Tristate(random.IntN(3)),
		}
		switch random.IntN(8) {
		case 0:
			r.linked = register.UnreadableLink
		case 1:
			r.linked = numberOf(1911, 11, 11, 111) // is never there
		case 2:
			r.linked = r.number
		case 3, 4:
			r.linked = numbers[random.IntN(len(numbers))]
		}
		rows = append(rows, r)
	}
	days = append(days, rare...)
	for _, d := range slices.Clone(days) {
		days = append(days, max(d-1, calendar.First), min(d+1, calendar.Last))
	}
	return rows, numbers, days
}

func TestSnapshotAgreesWithItsTwin(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		rows, numbers, days := hostile(random)
		if seed%2 == 0 {
			// Most registers have no more than this, and most numbers no link.
			for i := range rows {
				r := &rows[i]
				*r = row{number: r.number, status: r.status, reason: r.reason, level: r.level, from: r.from, protected: r.protected, linked: r.linked}
				if random.IntN(4) > 0 {
					r.linked = 0
				}
			}
		}
		if seed%3 == 0 {
			slices.SortStableFunc(rows, func(a, b row) int { return int(int64(a.number) - int64(b.number)) })
		}
		b := register.NewBuilder(calendar.Missing)
		for rest := rows; len(rest) > 0; {
			n := 1 + random.IntN(len(rest))
			require.NoError(t, b.Add(extractOf("register.csv", int64(len(rows)-len(rest)+1), rest[:n])))
			rest = rest[n:]
		}
		built, _, err := b.Build()
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "register.avr")
		require.NoError(t, built.Save(path))
		opened, err := register.Open(path)
		require.NoError(t, err)

		slow := twinOf(rows)
		for _, s := range []*register.Snapshot{built, opened} {
			require.Equal(t, len(slow), s.Len(), "seed %d", seed)
			for _, number := range numbers {
				for _, day := range days {
					slow.compare(t, s, number, day)
				}
			}
			last := identity.Number(0)
			for place, number := range s.Numbers() {
				require.True(t, number > last && slow[number] != nil, "numbers come in order")
				require.Equal(t, place, s.Find(number))
				last = number
			}
		}
	}
}

// Columns give what single look-ups give, the zero Entry for numbers that are
// not there among them.
func TestColumnsAgreeWithSingleLookups(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	rows, numbers, days := hostile(random)
	s := build(t, rows...)
	numbers = append(numbers, 0, 1, numberOf(1911, 11, 11, 111), ^identity.Number(0))
	wanted := make([]identity.Number, 1000)
	on := make([]calendar.Day, len(wanted))
	for i := range wanted {
		wanted[i] = numbers[random.IntN(len(numbers))]
		on[i] = days[random.IntN(len(days))]
	}
	places := make([]register.Place, len(wanted))
	entries := make([]register.Entry, len(wanted))
	s.FindAll(places, wanted)
	s.AtAll(entries, places, on)
	for i, number := range wanted {
		require.Equal(t, s.Find(number), places[i])
		want := register.Entry{}
		if places[i] != register.NotFound {
			want = s.At(places[i], on[i])
		}
		require.Equal(t, want, entries[i])
	}
	assert.Equal(t, register.State{}, s.States()[0], "the zero Entry has the zero State")
}

// Find gives no wrong answer for integers that are no numbers.
func TestFindKnowsOnlyNumbers(t *testing.T) {
	number := numberOf(1964, 8, 23, 323)
	coordination := numberOf(1970, 10, 63, 239)
	s := build(t, plain(number), plain(coordination))
	require.EqualValues(t, 4, uint64(number)%10, "the worked example 640823-3234")
	require.EqualValues(t, 1, uint64(coordination)%10, "the worked example 701063-2391")
	for digit := range identity.Number(10) {
		got := s.Find(number/10*10 + digit)
		assert.Equal(t, digit == 4, got != register.NotFound, "check digit %d", digit)
	}
	for _, c := range []struct {
		number identity.Number
		why    string
	}{
		{0, "no number"},
		{register.UnreadableLink, "a link that cannot be read"},
		{number + 1_000_000_000_000, "thirteen digits"},
		{^identity.Number(0), "the greatest integer"},
		{number % 10_000_000_000, "ten digits"},
		{numberOf(2100, 1, 1, 1), "a year beyond the centuries"},
		{numberOf(1964, 8, 83, 323), "the same date as a coordination number"},
	} {
		assert.Equal(t, register.NotFound, s.Find(c.number), c.why)
	}
	random := rand.New(rand.NewPCG(3, 3))
	for range 200_000 {
		candidate := identity.Number(random.Uint64N(400_000_000_000))
		if place := s.Find(candidate); place != register.NotFound {
			require.True(t, candidate == number || candidate == coordination)
		}
	}
}

func TestSnapshotAndChecksNameNobody(t *testing.T) {
	number := numberOf(1964, 8, 23, 323)
	digits := string(number.AppendDigits(nil))
	r := plain(number)
	r.status = digits
	r.level = digits
	other := plain(numberOf(1970, 10, 63, 239))
	other.level = digits[2:8] + "-" + digits[8:]
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, digits)
	third := plain(numberOf(1970, 10, 63, 240))
	third.level = wide
	s := build(t, r, other, third)
	var text bytes.Buffer
	fmt.Fprintf(&text, "%+v", s.Checks())
	assert.False(t, strings.Contains(text.String(), digits[2:8]), "a column taken for another shows numbers in the checks")
	assert.NotContains(t, text.String(), wide[:3*6], "in digits of another script")
	assert.Contains(t, text.String(), "(digits)")
}
