package report

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/damage"
)

// Verify finds every file of a report that was changed, in whatever way.
// AVSTAM_MUTATIONS says how many changes are made.
func TestReportMutations(t *testing.T) {
	count := 300
	if text := os.Getenv("AVSTAM_MUTATIONS"); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	path, _ := newFixture(t, 1, 60).publish(t)
	contents := map[string][]byte{}
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		// What differs from run to run stands under no digest.
		if name := entry.Name(); name != RunFile && name != MetricsFile {
			names = append(names, name)
			contents[name], err = os.ReadFile(filepath.Join(path, name))
			require.NoError(t, err)
		}
	}
	require.Len(t, names, 9, "three formats of two tables, and three documents")
	found, refused := 0, 0
	for seed := range count {
		random := rand.New(rand.NewPCG(uint64(seed), 79))
		name := names[seed%len(names)]
		whole, file := contents[name], filepath.Join(path, name)
		changed := damage.Of(whole, random)
		require.NoError(t, os.WriteFile(file, changed, 0o600))
		differences, _, err := Verify(t.Context(), path, false)
		switch {
		case bytes.Equal(changed, whole):
			require.NoError(t, err)
			require.Empty(t, differences, "mutation %d changes nothing of %s", seed, name)
		case err != nil:
			refused++
		default:
			require.NotEmpty(t, differences, "mutation %d of %s", seed, name)
			require.True(t, slices.ContainsFunc(differences, func(d Difference) bool { return d.File == name }), "mutation %d of %s is told as such", seed, name)
			found++
		}
		require.NoError(t, os.WriteFile(file, whole, 0o600))
	}
	assert.Empty(t, verify(t, path, false), "all is as it was")
	t.Logf("of %d mutations of %d files %d were told as differences, and %d made the report unreadable", count, len(names), found, refused)
}
