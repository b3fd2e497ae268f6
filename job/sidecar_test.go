package job_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The manifest says what each input was verified by, and a sidecar that does not
// fit stops the run, of records and of a snapshot alike.
func TestInputsAreVerified(t *testing.T) {
	folder := t.TempDir()
	writeGrowth(t, folder, 1000)
	records, snapshot := filepath.Join(folder, "records.parquet"), filepath.Join(folder, "register.avr")
	settings := settingsFor(filepath.Join(folder, "out"), records, "", rules.DefaultPolicy(), 2)
	settings.Register.Extract.Files = nil
	settings.Register.Snapshot = snapshot
	settings.Register.ExtractDate = calendar.Missing
	saveSnapshot(t, settingsFor("", "", filepath.Join(folder, "register.csv"), settings.Policy, 1).Register.Extract, snapshot)
	verified := func(digest bool) (ofRegister, ofRecords report.Input) {
		settings.Digest = digest
		result, err := job.Run(t.Context(), settings)
		require.NoError(t, err)
		text, err := os.ReadFile(filepath.Join(result.Folder, "manifest.json"))
		require.NoError(t, err)
		var manifest report.Manifest
		require.NoError(t, json.Unmarshal(text, &manifest))
		return manifest.Register[0], manifest.Inputs[0]
	}
	ofRegister, ofRecords := verified(true)
	assert.Empty(t, ofRegister.Verified, "a digest that is compared with nothing verifies nothing")
	assert.Equal(t, "page_crc", ofRecords.Verified, "parquet-go writes checksums")
	digests := [2]string{ofRegister.SHA256, ofRecords.SHA256}
	for i, path := range []string{snapshot, records} {
		require.NoError(t, os.WriteFile(path+".sha256", []byte(digests[i]+"  "+filepath.Base(path)+"\n"), 0o600))
	}
	ofRegister, ofRecords = verified(false)
	for i, input := range []report.Input{ofRegister, ofRecords} {
		assert.Equal(t, "sha256", input.Verified)
		assert.Equal(t, digests[i], input.SHA256)
	}
	for i, path := range []string{records, snapshot} {
		require.NoError(t, os.WriteFile(path+".sha256", []byte(strings.Repeat("0", 64)), 0o600))
		_, err := job.Run(t.Context(), settings)
		assert.ErrorContains(t, err, "cannot read "+path+": its SHA-256 is not the one in "+path+".sha256")
		assert.Equal(t, 3, job.ExitStatus(err), "input %d", i)
	}
}
