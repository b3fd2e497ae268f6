package register_test

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVocabulary(t *testing.T) {
	for _, c := range []struct {
		words  string // separated by |
		status register.Status
	}{
		{"active|AKTIVT|AKTIV|Aktiv| aktivt\t", register.Active},
		{"inactive|VILANDEFÖRKLARAT|vilandeforklarat|Vilande|VILANDEFO\u0308RKLARAT", register.Inactive},
		{"closed|VILANDEFÖRKLARAT STÄNGT|VILANDEFORKLARAT_STANGT|vilande och stängt|VILANDE_OCH_STÄNGT|VilandeforklaratStangt|STÄNGT|Vilandeförklarad och stängd|STÄNGD", register.Closed},
		{"deregistered|AVREGISTRERAT|Avregistrerat ", register.Deregistered},
	} {
		for word := range strings.SplitSeq(c.words, "|") {
			r := plain(person)
			r.status = word
			s := build(t, r)
			assert.Equal(t, c.status, s.States()[s.At(0, 0).State].Status, word)
		}
	}
	for _, c := range []struct {
		words string
		level register.Level
	}{
		{"confirmed|STYRKT|Styrkt |styrkt", register.Confirmed},
		{"probable|SANNOLIK", register.Probable},
		{"uncertain|OSÄKER|OSAKER|osäker", register.Uncertain},
		{"not_applicable|INTE_TILLAMPLIG|Inte tillämplig", register.NotApplicable},
		{"| |sicher", register.NoLevel},
	} {
		for word := range strings.SplitSeq(c.words, "|") {
			r := plain(person)
			r.level = word
			s := build(t, r)
			assert.Equal(t, c.level, s.States()[s.At(0, 0).State].Level, word)
		}
	}
	for _, c := range []struct {
		status, reason string
		code           register.Code
		text           string
		why            string
	}{
		{"deregistered", "AV", register.CodeAV, "AV", "a code"},
		{"deregistered", " fi\t", register.CodeFI, "fi", "case and blanks do not count, and the text stays as it is"},
		{"deregistered", "UV", register.CodeUV, "UV", "emigrated"},
		{"deregistered", "ZZ", register.UnknownCode, "ZZ", "further codes may be added"},
		{"deregistered", "TIDSFRIST", register.UnknownCode, "TIDSFRIST", "a reason of inactivity is no deregistration code"},
		{"deregistered", "  ", register.NoCode, "", "no code"},
		{"inactive", "Tidsfrist", register.TimeLimit, "Tidsfrist", "the five years"},
		{"inactive", "AVLIDEN", register.DeceasedCode, "AVLIDEN", "SPAR has it as a reason"},
		{"inactive", "AV", register.OtherReason, "AV", "a deregistration code is no such reason"},
		{"inactive", "", register.NoCode, "", "no reason"},
		{"active", "AV", register.NoCode, "AV", "an active number is not deregistered"},
		{"closed", "GN", register.NoCode, "GN", "nor is a closed one"},
	} {
		s := build(t, because(entry(person, c.status, ""), c.reason))
		state := s.States()[s.At(0, 0).State]
		assert.Equal(t, c.code, state.Code, c.why)
		assert.Equal(t, c.text, state.Reason, c.why)
	}
}

func TestChecks(t *testing.T) {
	closed := entry(coordination, "closed", "2020-01-01")
	dead := func(r row) row {
		r.deceased = calendar.PartialDay(day("2019-05-01"))
		return r
	}
	expected := func(number identity.Number, assigned, renewed, expected string) row {
		r := entry(number, "active", "2020-01-01")
		r.assigned, r.renewed, r.expected = day(assigned), day(renewed), day(expected)
		return r
	}
	levelled := func(r row, level string) row {
		r.level = level
		return r
	}
	for _, c := range []struct {
		why  string
		name string
		rows []row
		want []int64 // rows in the file
	}{
		{"closed and no link", "closed_without_link", []row{entry(person, "active", ""), closed}, []int64{2}},
		{"another entry has the link", "closed_without_link", []row{closed, linkedTo(entry(coordination, "active", ""), person), entry(person, "active", "")}, nil},
		{"a link to a number that is not there", "link_to_unknown_number", []row{entry(person, "active", ""), linkedTo(closed, absent)}, []int64{2}},
		{"a link that cannot be read", "link_to_unknown_number", []row{linkedTo(entry(person, "active", ""), register.UnreadableLink)}, []int64{1}},
		{"a link to a number that is there", "link_to_unknown_number", []row{entry(person, "active", ""), linkedTo(closed, person)}, nil},
		{"a link to itself", "link_loop", []row{linkedTo(closed, coordination)}, []int64{1}},
		{"a circle of two", "link_loop", []row{linkedTo(closed, person), linkedTo(entry(person, "closed", "2021-01-01"), coordination)}, []int64{1, 2}},
		{"a circle that another entry ends again", "link_loop", []row{linkedTo(closed, person), linkedTo(entry(person, "closed", "2021-01-01"), coordination),
			entry(person, "active", "2022-01-01")}, []int64{2}},
		{"links that do not meet on any day", "link_loop", []row{linkedTo(closed, person), linkedTo(entry(person, "closed", "2018-01-01"), coordination),
			entry(person, "active", "2019-01-01")}, nil},
		{"active and dead", "active_with_death_date", []row{dead(entry(person, "active", "2020-01-01"))}, []int64{1}},
		{"deregistered and dead", "active_with_death_date", []row{entry(person, "active", "2018-01-01"),
			dead(because(entry(person, "deregistered", "2019-05-01"), "AV"))}, nil},
		{"dead, and active again: the date holds on", "active_with_death_date", []row{entry(person, "active", "2018-01-01"),
			dead(because(entry(person, "deregistered", "2019-05-01"), "AV")), entry(person, "active", "2020-01-01")}, []int64{3}},
		{"two statuses of a day", "same_day_disagreement", []row{entry(person, "active", "2020-01-01"), entry(person, "inactive", "2020-01-01")}, []int64{1}},
		{"two reasons of a day", "same_day_disagreement", []row{because(entry(person, "inactive", ""), "TIDSFRIST"), entry(person, "inactive", "")}, []int64{1}},
		{"a reason in small letters is the same", "same_day_disagreement", []row{because(entry(person, "deregistered", ""), "AV"), because(entry(person, "deregistered", ""), "av")}, nil},
		{"the row that loses, which may be the later", "same_day_disagreement",
			[]row{known(entry(person, "active", "2020-01-01"), "2020-01-01"), entry(person, "inactive", "2020-01-01")}, []int64{2}},
		{"the same twice", "same_day_disagreement", []row{entry(person, "active", "2020-01-01"), entry(person, "active", "2020-01-01")}, nil},
		{"what only one says is no disagreement", "same_day_disagreement",
			[]row{levelled(entry(person, "active", "2020-01-01"), "confirmed"), entry(person, "active", "2020-01-01")}, nil},
		{"two levels of a day", "same_day_disagreement",
			[]row{levelled(entry(person, "active", ""), "confirmed"), levelled(entry(person, "active", ""), "probable")}, []int64{1}},
		{"a status that is not known", "unknown_status", []row{entry(person, "aktivt", ""), entry(coordination, "levande", "")}, []int64{2}},
		{"no status", "unknown_status", []row{entry(person, "aktivt", ""), entry(coordination, "", "")}, []int64{2}},
		{"a level that is not known", "unknown_level", []row{levelled(entry(person, "active", ""), "sicher")}, []int64{1}},
		{"a code that is not known", "unknown_code", []row{because(entry(person, "deregistered", ""), "ZZ")}, []int64{1}},
		{"deregistered without a code", "unknown_code", []row{entry(person, "deregistered", "")}, nil},
		{"a number that could not be read", "malformed_number", []row{entry(person, "active", ""), entry(0, "active", "")}, []int64{2}},
		{"another check digit", "malformed_number", []row{entry(person, "active", ""), entry(person+1, "active", "")}, []int64{2}},
		{"serial 000", "malformed_number", []row{entry(person, "active", ""), entry(numberOf(1964, 8, 23, 0), "active", "")}, []int64{2}},
		{"30 February of a personal number", "malformed_number", []row{entry(person, "active", ""), entry(numberOf(1964, 2, 30, 1), "active", "")}, []int64{2}},
		{"30 February of a coordination number", "malformed_number", []row{entry(numberOf(1964, 2, 90, 1), "active", "")}, nil},
		{"an unknown month of a coordination number", "malformed_number", []row{entry(numberOf(1964, 0, 60, 1), "active", "")}, nil},
		{"an unknown month of a personal number", "malformed_number", []row{entry(person, "active", ""), entry(numberOf(1964, 0, 1, 1), "active", "")}, []int64{2}},
		{"day 92", "malformed_number", []row{entry(person, "active", ""), entry(numberOf(1964, 1, 92, 1), "active", "")}, []int64{2}},
		{"five years to the day", "expected_date_differs", []row{expected(coordination, "2020-06-01", "", "2025-06-01")}, []int64{1}},
		{"the end of the fifth year", "expected_date_differs", []row{expected(coordination, "2020-06-01", "", "2025-12-31")}, nil},
		{"of the renewal", "expected_date_differs", []row{expected(coordination, "2015-06-01", "2020-06-01", "2025-12-31")}, nil},
		{"a personal number has no such date", "expected_date_differs", []row{expected(person, "2020-06-01", "", "2025-06-01")}, nil},
		{"nothing to compute from", "expected_date_differs", []row{expected(coordination, "", "", "2025-06-01")}, nil},
	} {
		for _, found := range build(t, c.rows...).Checks().Inconsistencies {
			if found.Name != c.name {
				continue
			}
			var rows []int64
			for _, location := range found.First {
				assert.Equal(t, "register.csv", location.File, c.why)
				rows = append(rows, location.Row)
			}
			assert.Equal(t, c.want, rows, c.why)
			assert.EqualValues(t, len(c.want), found.Count, c.why)
		}
	}
}

// The names are a promise, and always all there.
func TestChecksHaveTheirNamesInOrder(t *testing.T) {
	var names []string
	for _, found := range build(t, plain(person)).Checks().Inconsistencies {
		names = append(names, found.Name)
		assert.Zero(t, found.Count, found.Name)
	}
	assert.Equal(t, []string{"closed_without_link", "link_to_unknown_number", "link_loop", "active_with_death_date", "same_day_disagreement",
		"unknown_status", "unknown_level", "unknown_code", "malformed_number", "expected_date_differs", "unreadable_value"}, names)
}

// Of many the first hundred by file and row are told, in whatever order the
// numbers come.
func TestFirstHundredAreTold(t *testing.T) {
	b := register.NewBuilder(calendar.Missing)
	const each = 80
	for file := range 3 {
		var rows []row
		for i := range each {
			// Later rows have earlier numbers.
			r := entry(numberOf(1990-10*file, 1, 1, 999-i), "closed", "")
			rows = append(rows, r)
		}
		e := extractOf(fmt.Sprintf("part%d.csv", file), 11, rows)
		e.Unreadable = []register.Unreadable{{Row: 12, Column: "known_from"}}
		require.NoError(t, b.Add(e))
	}
	_, checks, err := b.Build()
	require.NoError(t, err)
	found := checks.Inconsistencies[0]
	assert.EqualValues(t, 3*each, found.Count)
	require.Len(t, found.First, register.LimitLocations)
	for i, location := range found.First {
		assert.Equal(t, register.Location{File: fmt.Sprintf("part%d.csv", i/each), Row: int64(11 + i%each)}, location)
	}
	unreadable := checks.Inconsistencies[10]
	assert.EqualValues(t, 3, unreadable.Count)
	assert.Equal(t, register.Location{File: "part1.csv", Row: 12, Column: "known_from"}, unreadable.First[1])
	assert.EqualValues(t, 3*each, checks.RowsRead)
}

func TestUnknownWordsAreCounted(t *testing.T) {
	var rows []row
	for i := range 150 {
		r := entry(person, "active", "")
		r.level = fmt.Sprintf("level %c%c", 'a'+i%10, 'a'+i/10)
		rows = append(rows, r, r)
	}
	often := entry(person, "active", "")
	often.level = "level aa"
	long := entry(person, strings.Repeat("å", 1000), "")
	checks := build(t, append(rows, often, long)...).Checks()
	levels := checks.Inconsistencies[6]
	assert.EqualValues(t, 301, levels.Count)
	require.Len(t, levels.Words, register.LimitWords)
	assert.Equal(t, register.WordCount{Word: "level aa", Count: 3}, levels.Words[0], "the most frequent is the first")
	assert.EqualValues(t, 100, levels.OtherWords, "fifty words beyond the limit, two rows each")
	assert.Equal(t, strings.Repeat("å", 40)+"…", checks.Inconsistencies[5].Words[0].Word)
	assert.EqualValues(t, 1, checks.EntriesLeftOut)
	assert.EqualValues(t, 300, checks.EntriesSuperseded)
	assert.EqualValues(t, 1, checks.EntriesKept)
	assert.EqualValues(t, 302, checks.RowsRead)
}

// The words of one batch are not those of the next.
func TestWordsMayChangeFromBatchToBatch(t *testing.T) {
	b := register.NewBuilder(calendar.Missing)
	first, second := plain(person), plain(coordination)
	first.level = "STYRKT"
	second.level = "OSÄKER"
	require.NoError(t, b.Add(extractOf("a.csv", 1, []row{first})))
	require.NoError(t, b.Add(extractOf("b.csv", 1, []row{second})))
	s, _, err := b.Build()
	require.NoError(t, err)
	assert.Equal(t, register.Confirmed, s.States()[s.At(s.Find(person), 0).State].Level)
	assert.Equal(t, register.Uncertain, s.States()[s.At(s.Find(coordination), 0).State].Level)
}

func TestBuildFails(t *testing.T) {
	_, _, err := register.NewBuilder(calendar.Missing).Build()
	assert.ErrorContains(t, err, "no entries", "nothing was added")

	b := register.NewBuilder(calendar.Missing)
	require.NoError(t, b.Add(extractOf("register.csv", 1, []row{entry(0, "active", ""), entry(person, "levande", "")})))
	_, _, err = b.Build()
	assert.ErrorContains(t, err, `no entries: of 2 rows none has a number and a status that can be read; malformed_number: 1, the first in register.csv, row 1; unknown_status: 1, the first in register.csv, row 2, the most frequent "levande"`, "none can be read")

	e := extractOf("register.csv", 1, []row{plain(person)})
	e.KnownFrom = nil
	e.StatusFrom = append(e.StatusFrom, 0)
	assert.ErrorContains(t, register.NewBuilder(calendar.Missing).Add(e), "register.csv from row 1: column status_from has 2 rows")
	e = extractOf("register.csv", 1, []row{plain(person)})
	e.Status = nil
	assert.ErrorContains(t, register.NewBuilder(calendar.Missing).Add(e), "column status has 0 rows")
	e = extractOf("register.csv", 1, []row{plain(person)})
	e.Level[0] = 99
	assert.ErrorContains(t, register.NewBuilder(calendar.Missing).Add(e), "not among")
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		why, message string
		change       func(r *row, i int)
	}{
		{"reasons", "different", func(r *row, i int) { r.reason = fmt.Sprint("reason ", i) }},
		{"days before 1800", "different days", func(r *row, i int) { r.known = calendar.First + calendar.Day(i) }},
		{"incomplete deaths", "incomplete dates of death", func(r *row, i int) { r.deceased, _ = calendar.PartialOf(1+i/13, i%13, 0) }},
	} {
		b := register.NewBuilder(calendar.Missing)
		var err error
		for i := 0; i < 40_000 && err == nil; i++ {
			r := plain(person)
			c.change(&r, i)
			err = b.Add(extractOf("register.csv", int64(i+1), []row{r}))
		}
		assert.ErrorContains(t, err, c.message, c.why)
	}
}

// What does not fit the memory limit is refused with the figure.
func TestMemoryLimit(t *testing.T) {
	s := buildPopulation(t, 100_000, false)
	path := t.TempDir() + "/register.avr"
	require.NoError(t, s.Save(path))
	old := debug.SetMemoryLimit(1 << 20)
	defer debug.SetMemoryLimit(old)
	_, err := register.Open(path)
	assert.ErrorContains(t, err, "MiB of memory and the limit of the process is 1 MiB")
	b := register.NewBuilder(calendar.Missing)
	population(200_000, false, func(e *register.Extract) { require.NoError(t, b.Add(e)) })
	_, _, failed := b.Build()
	require.ErrorContains(t, failed, "the limit of the process is 1 MiB")
	// The figure is of all rows, also of those that came when it was passed.
	var needed int64
	_, err = fmt.Sscanf(failed.Error(), "cannot build the register: it needs at least %d MiB", &needed)
	require.NoError(t, err)
	debug.SetMemoryLimit(needed << 20)
	b = register.NewBuilder(calendar.Missing)
	population(200_000, false, func(e *register.Extract) { require.NoError(t, b.Add(e)) })
	_, _, err = b.Build()
	assert.NoError(t, err)
}
