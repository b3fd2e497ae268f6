package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every day of the valid range agrees with the standard library, both ways.
func TestDaysAgreeWithTime(t *testing.T) {
	at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	for d := First; d <= Last; d++ {
		year, month, day := d.Civil()
		wantYear, wantMonth, wantDay := at.Date()
		if year != wantYear || month != int(wantMonth) || day != wantDay || Of(year, month, day) != d || !IsValid(year, month, day) {
			t.Fatalf("day %d: %04d-%02d-%02d, want %s", d, year, month, day, at.Format(time.DateOnly))
		}
		at = at.AddDate(0, 0, 1)
	}
	assert.Equal(t, "9999-12-31", Last.String())
	assert.Equal(t, "0001-01-01", First.String())
	assert.Equal(t, "", Missing.String())
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   bool
		why  string
	}{
		{"2024-02-29", true, "a leap day"},
		{"2023-02-29", false, "no leap day that year"},
		{"1900-02-29", false, "a century that is no leap year"},
		{"2000-02-29", true, "a century that is one"},
		{"0000-01-01", false, "there is no year 0"},
		{"2024-13-01", false, "month 13"},
		{"2024-00-10", false, "month 0"},
		{"2024-01-00", false, "day 0"},
		{"2024-1-01", false, "a month of one digit"},
		{"2024/01/01", false, "other separators"},
		{"20240101", false, "no separators"},
		{"2024-01-01 ", false, "more after it"},
		{"+024-01-01", false, "a sign is no digit"},
	} {
		d, ok := Parse([]byte(c.text))
		assert.Equal(t, c.ok, ok, "%s: %s", c.text, c.why)
		if ok {
			assert.Equal(t, c.text, d.String(), c.why)
		} else {
			assert.Equal(t, Missing, d, c.why)
		}
	}
}

func TestMonthsAreCountedAcrossYears(t *testing.T) {
	assert.Equal(t, 1, Of(2026, 1, 1).Month()-Of(2025, 12, 31).Month())
	assert.Equal(t, 12, Of(2025, 6, 30).Month()-Of(2024, 6, 1).Month())
}

func TestPartial(t *testing.T) {
	for _, c := range []struct {
		text, canonical, earliest, latest string
		complete                          bool
		why                               string
	}{
		{"2019-05-17", "2019-05-17", "2019-05-17", "2019-05-17", true, "a known day"},
		{"20190517", "2019-05-17", "2019-05-17", "2019-05-17", true, "without hyphens"},
		{" 2019-05-17\t", "2019-05-17", "2019-05-17", "2019-05-17", true, "blanks around it"},
		{"2019-02-00", "2019-02-00", "2019-02-01", "2019-02-28", false, "the day is unknown"},
		{"2020-02-00", "2020-02-00", "2020-02-01", "2020-02-29", false, "the day is unknown, leap year"},
		{"2019-00-00", "2019-00-00", "2019-01-01", "2019-12-31", false, "only the year is known"},
		{"0", "0", "0001-01-01", "9999-12-31", false, "nothing is known"},
		{"0000-00-00", "0", "0001-01-01", "9999-12-31", false, "nothing is known, written out"},
		{"", "", "", "", false, "no death at all"},
	} {
		p, ok := ParsePartial([]byte(c.text))
		require.True(t, ok, c.why)
		assert.Equal(t, c.canonical, p.String(), c.why)
		assert.Equal(t, c.earliest, p.Earliest().String(), c.why)
		assert.Equal(t, c.latest, p.Latest().String(), c.why)
		assert.Equal(t, c.complete, p.IsComplete(), c.why)
	}
	for _, text := range []string{"2019-02-30", "2019-13-00", "2019-00-05", "19", "00", "x", "2019-05-1x", "0000-05-01", "-1"} {
		_, ok := ParsePartial([]byte(text))
		assert.False(t, ok, text)
	}
	assert.Equal(t, "2019-05-17", PartialDay(Of(2019, 5, 17)).String())
	assert.Equal(t, Partial(0), PartialDay(Missing))
}
