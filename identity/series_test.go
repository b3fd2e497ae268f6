package identity_test

import (
	"fmt"
	"testing"

	"github.com/avstam/avstam/identity"
	"github.com/stretchr/testify/require"
)

// All that can follow a date, after a number of that date and after none: what is
// remembered of the text before must change nothing.
func TestSeriesReadsAsParseDoes(t *testing.T) {
	var series identity.Series
	check := func(text string) {
		require.True(t, series.Number([]byte(text)) == identity.Parse([]byte(text)).Number(), "a text of %d characters", len(text))
	}
	check("\x00\x00\x00\x00\x00\x00\x00\x000018") // as long, and all zeros where a date would stand
	for _, date := range []string{
		"19640823", "19640883", // a day, and the same with a coordination number's
		"20000229", "19000229", // the leap days that there is and is not
		"19700060", "19701392", // an unknown month and day; none that there is
		"17991231", "20991231", "21000101", "16556012",
	} {
		for last := range 10_000 {
			check(fmt.Sprintf("%s%04d", date, last))
			if last%97 == 0 { // and spellings between them
				check(fmt.Sprintf("%s-%04d", date, last))
				check(fmt.Sprintf("%s%04d", date[2:], last))
				check(fmt.Sprintf(" %s%03d", date, last%1000))
				check(fmt.Sprintf("%s%03d ", date, last%1000))
				check(fmt.Sprintf("%sT%03d", date, last%1000))
				check(fmt.Sprintf("%s%03d/", date, last%1000))
			}
		}
	}
}

func FuzzSeries(f *testing.F) {
	f.Add([]byte("196408233234"), []byte("196408233242"))
	f.Add([]byte("196408233234"), []byte("19640823 234"))
	f.Fuzz(func(t *testing.T, before, text []byte) {
		var series identity.Series
		series.Number(before)
		if series.Number(text) != identity.Parse(text).Number() {
			t.Error("it is read otherwise")
		}
	})
}
