package register_test

import (
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/register"
	"github.com/stretchr/testify/assert"
)

func TestEntriesAfterADay(t *testing.T) {
	day := calendar.Of(2025, 11, 20)
	of := func(change func(*row)) row {
		r := plain(person)
		change(&r)
		return r
	}
	death := func(text string) calendar.Partial {
		death, ok := calendar.ParsePartial([]byte(text))
		assert.True(t, ok, text)
		return death
	}
	for _, c := range []struct {
		rows []row
		want int64
		why  string
	}{
		{[]row{plain(person)}, 0, "no days"},
		{[]row{of(func(r *row) { r.from, r.assigned, r.deceased = day, day, calendar.PartialDay(day) })}, 0, "the day itself"},
		{[]row{of(func(r *row) { r.from = day + 1 })}, 1, "a status that is yet to begin"},
		{[]row{of(func(r *row) { r.assigned = day + 1 })}, 1, "a number that is yet to be assigned"},
		{[]row{of(func(r *row) { r.deceased = calendar.PartialDay(day + 1) })}, 1, "a death to come"},
		{[]row{of(func(r *row) { r.from, r.assigned, r.deceased = day+1, day+1, calendar.PartialDay(day+1) })}, 1, "an entry counts once"},
		{[]row{of(func(r *row) { r.renewed, r.expected, r.known = day+1, day+1, day+1 })}, 0, "days that may be to come, or are not asked for"},
		{[]row{of(func(r *row) { r.deceased = death("2025-00-00") })}, 0, "a death that may have been before"},
		{[]row{of(func(r *row) { r.deceased = death("2025-12-00") })}, 1, "a month to come"},
		{[]row{of(func(r *row) { r.deceased = death("0") })}, 0, "a death of any day"},
		{[]row{of(func(r *row) { r.from = calendar.Of(1750, 1, 1) })}, 0, "a day before those with codes"},
		{[]row{of(func(r *row) { r.from = calendar.Of(2200, 1, 1) })}, 1, "a day after them"},
		{[]row{of(func(r *row) { r.from = calendar.Of(2024, 1, 1) }), of(func(r *row) { r.from = day + 1 })}, 1, "one of two entries"},
	} {
		assert.Equal(t, c.want, build(t, c.rows...).EntriesAfter(day), c.why)
	}
	assert.EqualValues(t, 1, build(t, of(func(r *row) { r.from = calendar.Of(1750, 1, 1) })).EntriesAfter(calendar.Of(1700, 1, 1)), "of an old day, too")
	assert.Zero(t, register.Empty().EntriesAfter(day))
}
