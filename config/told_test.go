package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a manifest tells of a configuration reads its records and judges them as
// the configuration itself does.
func TestAToldConfigurationIsTheOneOfTheRun(t *testing.T) {
	folder := t.TempDir()
	list := filepath.Join(folder, "test.txt")
	require.NoError(t, os.WriteFile(list, []byte("196408233234\n197010632391\n"), 0o600))
	path := filepath.Join(folder, "avstam.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
register:
  files: [register.csv]
  extract_date: 2025-11-20
  columns: {number: PersonId}
  csv: {delimiter: tab}
sources:
  - name: fk
    files: [in/*.csv]
    csv: {delimiter: ";", encoding: windows-1252, decimal: ",", header: [PNR, DAG, BELOPP]}
    columns: {identity_number: PNR, payment_date: DAG, amount: BELOPP}
    constants: {agency: fk}
    expect: {rows: 12345678901, amount: 1.50}
policy:
  rules: {duplicate_payment: on, inactive_number: off, unknown_number: error}
  payment_types:
    pension: {lawful_after_death: {months: 0}, emigrated: allow}
    studiemedel: {identity_level: confirmed}
  agencies: {csn: {identity_level: probable}}
  uncertain_allowed: [polisen]
  expiring_within_days: 12
  test_numbers: `+list+`
output: {dir: out}
`), 0o600))
	configuration, err := Load(path)
	require.NoError(t, err)
	settings, err := configuration.Settings()
	require.NoError(t, err)
	manifest := func() (told any) {
		document, err := json.Marshal(settings.Configuration)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(document, &told))
		return told
	}

	told, err := ReadTold(manifest())
	require.NoError(t, err)
	assert.Equal(t, settings.Policy, told.Policy)
	assert.False(t, told.LacksTestNumbers)
	source := told.Source("fk")
	require.NotNil(t, source)
	source.Files = settings.Sources[0].Files
	assert.Equal(t, settings.Sources[0], *source)
	assert.Nil(t, told.Source("csn"))
	extract := told.Extract()
	extract.Files = settings.Register.Extract.Files
	assert.Equal(t, settings.Register.Extract, extract)
	assert.Equal(t, settings.Register.ExtractDate, told.ExtractDate().Day())

	// Another list is not the one of the run.
	require.NoError(t, os.WriteFile(list, []byte("196408233234\n"), 0o600))
	told, err = ReadTold(manifest())
	require.NoError(t, err)
	assert.True(t, told.LacksTestNumbers)
	assert.Empty(t, told.Policy.TestNumbers)

	// An empty list of agencies is one, and no list is none.
	for _, allowed := range [][]string{nil, {}} {
		configuration.Policy.UncertainAllowed = allowed
		settings, err = configuration.Settings()
		require.NoError(t, err)
		told, err = ReadTold(manifest())
		require.NoError(t, err)
		assert.Equal(t, allowed, told.Policy.UncertainAllowed)
	}

	_, err = ReadTold("x")
	assert.EqualError(t, err, "cannot read the configuration of a report: its manifest has none of this program")
	broken := manifest().(map[string]any)
	broken["policy"].(map[string]any)["rules"] = map[string]any{"no_such_rule": "on"}
	_, err = ReadTold(broken)
	assert.ErrorContains(t, err, "a rule that this program does not")
}
