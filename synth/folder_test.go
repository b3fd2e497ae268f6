package synth_test

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/synth"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t *testing.T, options synth.Options, formats ...string) (folder string, summary synth.Summary) {
	t.Helper()
	d, err := synth.New(options)
	require.NoError(t, err)
	folder = filepath.Join(t.TempDir(), "made-up")
	summary, err = d.WriteFolder(t.Context(), folder, formats)
	require.NoError(t, err)
	return folder, summary
}

func digestsOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	digests := map[string]string{}
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(folder, file.Name()))
		require.NoError(t, err)
		digests[file.Name()] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return digests
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	options := synth.Options{Records: 130_000, People: 20_000, Seed: 5, Dirty: synth.DefaultDirty}
	first, summary := write(t, options, "parquet", "csv")
	second, _ := write(t, options, "parquet", "csv")
	digests := digestsOf(t, first)
	assert.Equal(t, digests, digestsOf(t, second))
	assert.Len(t, digests, 7)
	assert.Equal(t, int64(130_000), summary.Records)

	options.Seed++
	third, _ := write(t, options, "parquet", "csv")
	for name, digest := range digestsOf(t, third) {
		if name != synth.ConfigurationFile {
			assert.NotEqual(t, digests[name], digest, "%s with another seed", name)
		}
	}
}

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	folder, _ := write(t, synth.Options{Records: 100, People: 100, Seed: 1, Dirty: 0.1}, "csv", "parquet")
	info, err := os.Stat(folder)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o750), info.Mode().Perm())
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, file := range files {
		info, err := file.Info()
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), file.Name())
	}
}

// rowsOf reads a Parquet file as text, as CSV would have it.
func rowsOf(t *testing.T, path string) (header []string, rows [][]string) {
	t.Helper()
	data, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { data.Close() })
	info, err := data.Stat()
	require.NoError(t, err)
	file, err := parquet.OpenFile(data, info.Size())
	require.NoError(t, err)
	var types []string
	for _, field := range file.Schema().Fields() {
		header = append(header, field.Name())
		types = append(types, field.Type().String())
	}
	for _, group := range file.RowGroups() {
		reader := group.Rows()
		buffer := make([]parquet.Row, 100)
		for {
			n, err := reader.ReadRows(buffer)
			for _, row := range buffer[:n] {
				var cells []string
				for i, value := range row {
					cells = append(cells, cell(value, types[i]))
				}
				rows = append(rows, cells)
			}
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
		}
		require.NoError(t, reader.Close())
	}
	return header, rows
}

func cell(value parquet.Value, typeName string) string {
	switch {
	case value.IsNull():
		return ""
	case typeName == "DATE":
		return calendar.Day(value.Int32()).String()
	case strings.HasPrefix(typeName, "DECIMAL"):
		amount := value.Int64()
		sign := ""
		if amount < 0 {
			sign, amount = "-", -amount
		}
		return fmt.Sprintf("%s%d.%02d", sign, amount/100, amount%100)
	case value.Kind() == parquet.Boolean:
		return strconv.FormatBool(value.Boolean())
	}
	return value.String()
}

func TestCSVAndParquetSayTheSame(t *testing.T) {
	folder, summary := write(t, synth.Options{Records: 5000, People: 3000, Seed: 2, Dirty: 0.3}, "parquet", "csv")
	for name, want := range map[string]struct {
		rows    int64
		columns string
	}{
		"records":  {summary.Records, "identity_number payment_date amount record_id agency payment_type currency period_start period_end"},
		"register": {summary.Entries, "number status status_from status_reason known_from linked_number identity_level assigned_on renewed_on inactive_expected_on deceased_on protected"},
	} {
		header, rows := rowsOf(t, filepath.Join(folder, name+".parquet"))
		assert.Equal(t, strings.Fields(want.columns), header)
		assert.Len(t, rows, int(want.rows))
		data, err := os.Open(filepath.Join(folder, name+".csv"))
		require.NoError(t, err)
		defer data.Close()
		lines, err := csv.NewReader(data).ReadAll()
		require.NoError(t, err)
		assert.Equal(t, header, lines[0])
		assert.Equal(t, rows, lines[1:], name)
	}
}

func TestTruthHasTheColumnsOfFindings(t *testing.T) {
	options := synth.Options{Records: 2000, People: 1000, Seed: 2, Dirty: 0.2}
	folder, summary := write(t, options, "csv")
	header, rows := rowsOf(t, filepath.Join(folder, "truth.parquet"))
	assert.Equal(t, strings.Fields(`finding_id rule severity direction confidence detail source file row record_id agency payment_type
		payment_date period_start period_end amount currency identity_number number number_kind use_number status status_from status_reason
		identity_level deceased_on known_from known_at_payment state first_seen times_seen decision decision_until other_number protected`), header)
	require.Len(t, rows, int(summary.Findings))

	d, err := synth.New(options)
	require.NoError(t, err)
	records := recordsOf(t, d)
	for i, f := range findingsOf(t, d) {
		row := map[string]string{}
		for c, name := range header {
			row[name] = rows[i][c]
		}
		record := records[f.Record]
		assert.Equal(t, "records", row["source"])
		assert.Equal(t, "records.csv", row["file"], "that which the configuration runs")
		assert.Equal(t, strconv.Itoa(f.Record+1), row["row"])
		assert.Equal(t, record.RecordID, row["record_id"])
		assert.Equal(t, record.IdentityNumber, row["identity_number"])
		assert.Equal(t, []string{f.Rule, f.Detail, f.Number, f.UseNumber, f.OtherNumber, f.DeceasedOn, f.KnownAtPayment},
			[]string{row["rule"], row["detail"], row["number"], row["use_number"], row["other_number"], row["deceased_on"], row["known_at_payment"]})
	}
}

func TestAConfigurationOfOnesOwnIsKept(t *testing.T) {
	d, err := synth.New(synth.Options{Records: 10, People: 10})
	require.NoError(t, err)
	folder := t.TempDir()
	path := filepath.Join(folder, synth.ConfigurationFile)
	require.NoError(t, os.WriteFile(path, []byte("register: {}\n"), 0o600))
	_, err = d.WriteFolder(t.Context(), folder, []string{"csv"})
	assert.ErrorContains(t, err, "would be lost")
	assert.Len(t, digestsOf(t, folder), 1, "nothing was written")

	require.NoError(t, os.Remove(path))
	for range 2 { // what was generated is generated again
		_, err = d.WriteFolder(t.Context(), folder, []string{"csv"})
		require.NoError(t, err)
	}
}

// What is in a folder and was not generated there stays as it is.
func TestDataOfOnesOwnAreKept(t *testing.T) {
	d, err := synth.New(synth.Options{Records: 10, People: 10})
	require.NoError(t, err)
	generated := d.Configuration("parquet")
	first := strings.SplitAfterN(generated, "\n", 2)[0]
	for _, test := range []struct {
		why     string
		files   map[string]string
		refused string // empty where it is written
	}{
		{"records", map[string]string{"records.parquet": "x"}, "it has a file records.parquet that was not generated there"},
		{"records of another format, which the next call would write over", map[string]string{"records.csv": "x"}, "it has a file records.csv"},
		{"a register", map[string]string{"register.parquet": "x"}, "it has a file register.parquet"},
		{"findings", map[string]string{"truth.parquet": "x"}, "it has a file truth.parquet"},
		{"test numbers", map[string]string{"testnumbers.txt": "x"}, "it has a file testnumbers.txt"},
		{"an empty configuration says nothing of whose the data are", map[string]string{"avstam.yaml": "", "records.parquet": "x"}, "it has a file records.parquet"},
		{"a generated configuration that was edited", map[string]string{"avstam.yaml": generated + "fail_on: {error: 0}\n", "records.parquet": "x"}, "it has a configuration of its own"},
		{"… or cut down", map[string]string{"avstam.yaml": strings.Replace(generated, "duplicate_payment: on", "", 1)}, "it has a configuration of its own"},
		{"what was generated", map[string]string{"avstam.yaml": generated, "records.parquet": "x"}, ""},
		{"what was generated in the other format", map[string]string{"avstam.yaml": d.Configuration("csv"), "records.parquet": "x"}, ""},
		{"what a call that died has begun", map[string]string{"avstam.yaml": first, "records.parquet": "x"}, ""},
		{"a configuration that a full disk cut off", map[string]string{"avstam.yaml": generated[:len(generated)-5], "records.parquet": "x"}, ""},
		{"something else", map[string]string{"notes.txt": "x"}, ""},
	} {
		t.Run(test.why, func(t *testing.T) {
			folder := t.TempDir()
			for name, contents := range test.files {
				require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(contents), 0o600))
			}
			before := digestsOf(t, folder)
			_, err := d.WriteFolder(t.Context(), folder, []string{"parquet"})
			if test.refused == "" {
				require.NoError(t, err)
				configuration, err := os.ReadFile(filepath.Join(folder, "avstam.yaml"))
				require.NoError(t, err)
				assert.Equal(t, generated, string(configuration))
				return
			}
			assert.ErrorContains(t, err, test.refused)
			assert.Equal(t, before, digestsOf(t, folder))
		})
	}
}

func TestWhatWasBegunIsRemoved(t *testing.T) {
	d, err := synth.New(synth.Options{Records: 100_000, People: 100_000})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	folder := t.TempDir()
	_, err = d.WriteFolder(ctx, folder, []string{"csv", "parquet"})
	assert.ErrorIs(t, err, context.Canceled)
	_, err = d.WriteFolder(ctx, filepath.Join(folder, "new"), []string{"csv"})
	assert.ErrorIs(t, err, context.Canceled)
	assert.NoDirExists(t, filepath.Join(folder, "new"))
	assert.Empty(t, digestsOf(t, folder))
}

func TestFormatsThatThereAreNot(t *testing.T) {
	d, err := synth.New(synth.Options{People: 1})
	require.NoError(t, err)
	for _, formats := range [][]string{nil, {"xlsx"}, {"parquet", ""}, {"csv", "csv"}} {
		_, err := d.WriteFolder(t.Context(), t.TempDir(), formats)
		assert.Error(t, err)
	}
}
