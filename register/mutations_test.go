package register_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/damage"
	"github.com/avstam/avstam/register"
)

// A snapshot that was changed, in whatever way, is refused: every byte of it
// stands under a checksum. AVSTAM_MUTATIONS says how many changes are made.
func TestSnapshotMutations(t *testing.T) {
	count := 1000
	if text := os.Getenv("AVSTAM_MUTATIONS"); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	_, _, small := saved(t)
	var people []row
	for serial := range 2000 {
		people = append(people, entry(numberOf(1920+serial%80, 1+serial%12, 1+serial%28, 1+serial%990), "active", fmt.Sprintf("20%02d-01-01", serial%20)))
	}
	var large bytes.Buffer
	_, err := build(t, people...).WriteTo(&large)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "register.avr")
	refused := 0
	for seed := range count {
		random := rand.New(rand.NewPCG(uint64(seed), 78))
		whole := small
		if seed%2 == 1 {
			whole = large.Bytes()
		}
		changed := damage.Of(whole, random)
		require.NoError(t, os.WriteFile(path, changed, 0o600))
		_, err := register.Open(path)
		if bytes.Equal(changed, whole) {
			require.NoError(t, err, "mutation %d changes nothing", seed)
			continue
		}
		require.ErrorContains(t, err, path, "mutation %d", seed)
		refused++
	}
	t.Logf("%d of %d mutations changed something, and were refused", refused, count)
}
