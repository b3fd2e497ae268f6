package main

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A clock that is wrong, stands still or is set back while a run is at work changes
// nothing of what is found, and takes latest to no earlier report.
func TestAWrongClockChangesNoFinding(t *testing.T) {
	inFaultFolder(t)
	arguments := []string{"run", "--records", "in/records.parquet", "--register", "in/register.parquet", "--format", "parquet,csv,html", "--as-of", "2025-12-02", "--out", "out"}
	require.NoError(t, os.Mkdir("out", 0o750))
	require.NoError(t, os.WriteFile("out/.id_key", readHere(t, "base/.id_key"), 0o600))
	doHere(t, arguments...)
	wanted := contents(t, "out/latest")
	t.Cleanup(func() { timeNow = time.Now })
	moment := time.Date(2025, 12, 2, 2, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		why   string
		first time.Time
		step  time.Duration
	}{
		{"it stands still", moment, 0},
		{"it is set back all the time", moment, -time.Hour},
		{"it has not been set since it was built in", time.Unix(0, 0), time.Second},
		{"it is far ahead", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Millisecond},
		{"it leaps", moment, 365 * 24 * time.Hour},
	} {
		t.Run(row.why, func(t *testing.T) {
			require.NoError(t, os.RemoveAll("out/latest"))
			n := &night{folder: "."}
			before := n.outputs(t, "out").reports
			now := row.first
			var mutex sync.Mutex
			timeNow = func() time.Time {
				mutex.Lock()
				defer mutex.Unlock()
				now = now.Add(row.step)
				return now
			}
			ended := doHere(t, arguments...)
			timeNow = time.Now
			assert.Equal(t, wanted, contents(t, "out/latest"))
			doHere(t, "verify", "out/latest")
			assert.Len(t, n.outputs(t, "out").reports, len(before)+1, ended.last)
			// The next run, by a clock that is right again, is the later one or else
			// leaves latest where it is.
			latest := n.outputs(t, "out").latest
			doHere(t, arguments...)
			after := n.outputs(t, "out")
			assert.GreaterOrEqual(t, after.latest, latest)
			assert.Equal(t, wanted, contents(t, "out/latest"))
		})
	}
}

// Today is the day in Sweden: most machines count in UTC, and a run after midnight
// would be of the day before.
func TestTodayIsSwedish(t *testing.T) {
	t.Cleanup(func() { timeNow = time.Now })
	for moment, want := range map[string]string{
		"2025-12-01T22:59:59Z":      "2025-12-01",
		"2025-12-01T23:00:00Z":      "2025-12-02",
		"2025-07-01T21:59:59Z":      "2025-07-01", // summer time
		"2025-07-01T22:00:00Z":      "2025-07-02",
		"2025-12-02T01:00:00+13:00": "2025-12-01", // it is afternoon here
	} {
		at, err := time.Parse(time.RFC3339, moment)
		require.NoError(t, err)
		timeNow = func() time.Time { return at }
		day, err := dayOrToday("--as-of", "")
		require.NoError(t, err)
		assert.Equal(t, want, day.String(), moment)
	}
}
