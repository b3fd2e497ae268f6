package register

import (
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An entry whose status_from cannot be read is left out and counted: "since
// ever" would make a deregistration speak of every payment before it.
func TestAnEntryWithAnUnreadableDayIsLeftOut(t *testing.T) {
	number := identity.Parse([]byte("196408233234")).Number()
	builder := NewBuilder(calendar.Missing)
	require.NoError(t, builder.Add(&Extract{
		File: "x", FirstRow: 1, Words: []string{"", "active", "deregistered"},
		Number:     []identity.Number{number, number, number},
		Status:     []uint16{1, 2, 2},
		StatusFrom: []calendar.Day{calendar.Missing, calendar.Missing, calendar.Of(2025, 6, 1)},
		Unreadable: []Unreadable{{Row: 2, Column: "status_from"}},
	}))
	snapshot, checks, err := builder.Build()
	require.NoError(t, err)
	status := func(day calendar.Day) Status {
		return snapshot.States()[snapshot.At(0, day).State].Status
	}
	assert.Equal(t, Active, status(calendar.Of(2025, 5, 31)))
	assert.Equal(t, Deregistered, status(calendar.Of(2025, 6, 1)))
	assert.EqualValues(t, 1, checks.EntriesLeftOut)
	assert.EqualValues(t, 1, checks.Count("unreadable_value"))
}
