package register

import (
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What cannot be read is counted by column, whichever way it was found, and stays so in
// a snapshot: a run against it is to tell.
func TestUnreadableValuesAreCountedByColumn(t *testing.T) {
	one, two := identity.Parse([]byte("196408233234")).Number(), identity.Parse([]byte("197010632391")).Number()
	builder := NewBuilder(calendar.Missing)
	require.NoError(t, builder.Add(&Extract{
		File: "x", FirstRow: 1, Words: []string{"", "active", "ACTIVES", "high"},
		Number: []identity.Number{one, two, one, 0},
		Status: []uint16{1, 1, 2, 1},
		Level:  []uint16{3, 0, 3, 3}, // of entries that are left out nobody asks
		Linked: []identity.Number{two, UnreadableLink, UnreadableLink, 0},
		Unreadable: []Unreadable{
			{1, "deceased_on"}, {1, "identity_level"}, {2, "deceased_on"}, {2, "protected"}, {3, "status"},
		},
	}))
	snapshot, checks, err := builder.Build()
	require.NoError(t, err)
	assert.Equal(t, []ColumnCount{{"deceased_on", 2}, {"identity_level", 2}, {"linked_number", 1}, {"protected", 1}}, checks.Unreadable)
	assert.EqualValues(t, 2, checks.UnreadableIn("deceased_on"))
	assert.Zero(t, checks.UnreadableIn("renewed_on"))
	assert.EqualValues(t, 2, checks.Links)
	assert.EqualValues(t, 2, checks.EntriesLeftOut)
	assert.Equal(t, []WordCount{{"ACTIVES", 1}}, checks.Words("unknown_status"))

	path := t.TempDir() + "/register.avr"
	require.NoError(t, snapshot.Save(path))
	kept, err := Open(path)
	require.NoError(t, err)
	assert.Equal(t, checks, kept.Checks())
}
