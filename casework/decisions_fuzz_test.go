package casework

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/damage"
)

// decisionFiles are sound files of decisions: CSV as several programs write it, and
// Parquet.
func decisionFiles(t testing.TB) [][]byte {
	type row struct {
		ID       *string `parquet:"finding_id,optional"`
		Number   *int64  `parquet:"number,optional"`
		Rule     *string `parquet:"rule,optional,dict"`
		Decision string  `parquet:"decision,dict"`
		Until    *int32  `parquet:"until,optional,date"`
		Note     *string `parquet:"note,optional"`
	}
	id, number, rule, until, note := testID, int64(196408233234), "inactive_number", int32(today), "Åsa"
	rows := []row{{ID: &id, Decision: "lawful", Until: &until, Note: &note}, {Number: &number, Rule: &rule, Decision: "confirmed"}}
	files := [][]byte{
		[]byte("finding_id,decision,until\n" + testID + ",lawful,2025-11-21\n"),
		[]byte("\ufefffinding_id;number;rule;decision;until;by;note\r\n;" + testNumber + ";inactive_number;register_wrong;;Åsa;\"a; b\"\r\n"),
		[]byte("number\trule\tdecision\n'19640823-3234\tinactive_number\tcorrected\n"),
	}
	for _, option := range []parquet.WriterOption{parquet.Compression(&parquet.Uncompressed), parquet.Compression(&parquet.Zstd), parquet.DataPageVersion(1)} {
		var file bytes.Buffer
		require.NoError(t, parquet.Write(&file, rows, option))
		files = append(files, file.Bytes())
	}
	return files
}

// requireReadOrRefused reads a file of decisions twice: it says the same, within
// memory, and an error repeats no number.
func requireReadOrRefused(t *testing.T, path string, contents []byte) {
	t.Helper()
	const most = 512 << 20 // twice what the pages of a row group may take
	require.NoError(t, os.WriteFile(path, contents, 0o600))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d, err := ReadDecisions(t.Context(), path, today)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(most))
	again, errAgain := ReadDecisions(t.Context(), path, today)
	if err != nil {
		require.ErrorContains(t, err, path)
		require.NotContains(t, strings.ReplaceAll(err.Error(), path, ""), "640823")
		require.EqualError(t, errAgain, err.Error())
		return
	}
	require.NoError(t, errAgain)
	require.Equal(t, d.SHA256, again.SHA256)
	require.EqualValues(t, len(contents), d.Size)
	one, other := findingOf(testID), findingOf(testID)
	d.Apply(one)
	again.Apply(other)
	require.Equal(t, one, other)
	require.Equal(t, d.Notices(), again.Notices())
}

// FuzzDecisions reads anything as a file of decisions.
func FuzzDecisions(f *testing.F) {
	for _, file := range decisionFiles(f) {
		f.Add(file)
	}
	path := filepath.Join(f.TempDir(), "decisions")
	f.Fuzz(func(t *testing.T, contents []byte) {
		defer damage.Watch()()
		requireReadOrRefused(t, path, contents)
	})
}

// Damage of a file of decisions is an error or other decisions, and nothing else.
// AVSTAM_MUTATIONS says how many changes are made.
func TestDecisionsMutations(t *testing.T) {
	count := 500
	if text := os.Getenv("AVSTAM_MUTATIONS"); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	files := decisionFiles(t)
	path := filepath.Join(t.TempDir(), "decisions")
	for seed := range count {
		random := rand.New(rand.NewPCG(uint64(seed), 81))
		requireReadOrRefused(t, path, damage.Of(files[seed%len(files)], random))
	}
	for _, file := range files {
		require.NoError(t, os.WriteFile(path, file, 0o600))
		d, err := ReadDecisions(t.Context(), path, today)
		require.NoError(t, err)
		require.NotEmpty(t, d.made)
	}
}
