package avstam_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/job"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A small night, which a person can read whole in testdata/night, gives the
// findings that stand beside it, byte for byte. AVSTAM_GOLDEN=write writes them
// anew; look at the diff.
func TestASmallNight(t *testing.T) {
	configuration, err := config.Load(filepath.Join("testdata", "night", "avstam.yaml"))
	require.NoError(t, err)
	settings, err := configuration.Settings()
	require.NoError(t, err)
	folder := t.TempDir()
	settings.Output.Folder = filepath.Join(folder, "out")
	settings.Output.KeyFile = filepath.Join(folder, "id_key")
	require.NoError(t, os.WriteFile(settings.Output.KeyFile, []byte(strings.Repeat("00", 32)), 0o600))
	settings.Workers = 2
	settings.Digest = true
	settings.AsOf = calendar.Of(2025, 12, 1)
	settings.Now = time.Now
	result, err := job.Run(t.Context(), settings)
	require.NoError(t, err)

	found, err := os.ReadFile(filepath.Join(result.Folder, "findings.csv"))
	require.NoError(t, err)
	golden := filepath.Join("testdata", "night", "findings.csv")
	if os.Getenv("AVSTAM_GOLDEN") == "write" {
		require.NoError(t, os.WriteFile(golden, found, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.True(t, string(want) == string(found), "the findings are not those of testdata/night/findings.csv; AVSTAM_GOLDEN=write writes them, and git diff shows what changed")
	for _, rule := range result.Summary.Rules {
		assert.Positive(t, rule.Findings, "the night has no %s", rule.Rule)
	}
}
