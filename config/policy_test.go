package config

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/rules"
)

// What the page shows of a policy is the file that one would write for it.
func TestPolicySettingsAreAPolicyFile(t *testing.T) {
	for why, written := range map[string]string{
		"nothing":                              "{}",
		"no agency may hold uncertain numbers": `{"uncertain_allowed": []}`,
		"all": `{"rules": {"closed_number": "off", "inactive_number": "error", "duplicate_payment": "on"},
			"payment_types": {"pension": {"lawful_after_death": {"months": 0}, "emigrated": "allow"}, "studiemedel": {"identity_level": "confirmed"}, "annat": {}},
			"agencies": {"csn": {"identity_level": "probable"}, "fk": {}}, "uncertain_allowed": ["polisen"], "expiring_within_days": 30, "stale_after_days": 7}`,
	} {
		load := func(text []byte) (policy rules.Policy) {
			path := filepath.Join(t.TempDir(), "policy.yaml")
			require.NoError(t, os.WriteFile(path, text, 0o600))
			loaded, err := LoadPolicy(path)
			require.NoError(t, err, why)
			return loaded.rules()
		}
		want := load([]byte(written))
		text, err := json.Marshal(want.Settings())
		require.NoError(t, err)
		got := load(text)
		assert.Equal(t, want.AllSeverities(), got.AllSeverities(), why)
		got.Severities = maps.Clone(want.Severities) // all of them were written, and compared
		assert.Equal(t, want, got, why)
	}
}
