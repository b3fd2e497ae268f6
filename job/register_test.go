package job

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/report"
)

// Where another file takes the place of the snapshot that has just been opened, the
// manifest tells of the bytes that were used, and so does a plan; who opens the
// register of a plan has the one that was planned, or none.
func TestTheRegisterThatIsToldOfIsTheOneThatIsUsed(t *testing.T) {
	settings := partedNight(t)
	path := settings.Register.Snapshot
	used, err := os.ReadFile(path)
	require.NoError(t, err)
	another := []byte("another file")

	// replacing puts the other file in its place when the snapshot has been opened.
	replacing := func(do func()) {
		require.NoError(t, os.WriteFile(path, used, 0o600))
		var once atomic.Bool
		defer disk.Interfere(func(operation disk.Operation, at string) *disk.Fault {
			if operation == disk.OpStat && at == path && !once.Swap(true) {
				require.NoError(t, os.WriteFile(path+".new", another, 0o600))
				require.NoError(t, os.Rename(path+".new", path))
			}
			return nil
		})()
		do()
		require.True(t, once.Load())
	}
	digest := func(contents []byte) string { sum := sha256.Sum256(contents); return hex.EncodeToString(sum[:]) }

	for _, taken := range []bool{true, false} {
		settings.Digest = taken
		replacing(func() {
			result, err := Run(t.Context(), settings)
			require.NoError(t, err)
			text, err := os.ReadFile(filepath.Join(result.Folder, "manifest.json"))
			require.NoError(t, err)
			var manifest report.Manifest
			require.NoError(t, json.Unmarshal(text, &manifest))
			assert.EqualValues(t, len(used), manifest.Register[0].Size)
			assert.Positive(t, result.Summary.Register.Numbers)
			if taken {
				assert.Equal(t, digest(used), manifest.Register[0].SHA256)
			}
		})
		var plan *Plan
		replacing(func() {
			plan, err = NewPlan(t.Context(), settings, filepath.Join(t.TempDir(), "work"), 6000)
			require.NoError(t, err)
			assert.Equal(t, digest(used), plan.Register.SHA256, "whether digests of inputs are asked for or not")
		})
		replacing(func() {
			snapshot, err := plan.OpenRegister()
			require.NoError(t, err)
			assert.Positive(t, snapshot.Len())
		})
		require.NoError(t, os.WriteFile(path, append(used[:len(used):len(used)], 0), 0o600))
		_, err = plan.OpenRegister()
		assert.Error(t, err, "the other one is there now")
	}
}
