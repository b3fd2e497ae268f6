package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/avstam/avstam/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func verify(t *testing.T, path string, inputs bool) []Difference {
	t.Helper()
	differences, _, err := Verify(context.Background(), path, inputs)
	require.NoError(t, err)
	return differences
}

func TestVerifySoundReport(t *testing.T) {
	path, _ := newFixture(t, 1, 200).publish(t)
	assert.Empty(t, verify(t, path, true))
	assert.Empty(t, verify(t, filepath.Join(filepath.Dir(path), "latest"), true), "by the link too")
	moved := filepath.Join(t.TempDir(), "kept")
	require.NoError(t, os.Rename(path, moved))
	assert.Empty(t, verify(t, moved, false), "a report that was moved and renamed is sound")
}

// TestVerifyFindsEveryChangedByte flips bits all over every file.
func TestVerifyFindsEveryChangedByte(t *testing.T) {
	path, _ := newFixture(t, 1, 60).publish(t)
	for _, name := range []string{"findings.parquet", "findings.csv", "rejects.parquet", "rejects.csv", SummaryFile, PageFile, ManifestFile} {
		file := filepath.Join(path, name)
		contents, err := os.ReadFile(file)
		require.NoError(t, err)
		for at := 0; at < len(contents); at += 1 + len(contents)/23 {
			changed := bytes.Clone(contents)
			changed[at] ^= 1
			require.NoError(t, os.WriteFile(file, changed, 0o600))
			differences := verify(t, path, false)
			require.NotEmpty(t, differences, "%s, byte %d", name, at)
			require.Equal(t, name, differences[0].File)
		}
		require.NoError(t, os.WriteFile(file, contents[:len(contents)-1], 0o600))
		require.NotEmpty(t, verify(t, path, false), "%s cut off", name)
		require.NoError(t, os.WriteFile(file, contents, 0o600))
	}
	assert.Empty(t, verify(t, path, false), "all is as it was")
}

// TestVerifyBeyondDigests changes a report together with its manifest.
func TestVerifyBeyondDigests(t *testing.T) {
	rewrite := func(t *testing.T, path string, change func(*Manifest)) {
		var manifest Manifest
		contents, err := os.ReadFile(filepath.Join(path, ManifestFile))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(contents, &manifest))
		change(&manifest)
		contents, err = encode(&manifest)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(path, ManifestFile), contents, 0o640))
	}
	// replace changes a file and adapts the manifest to it.
	replace := func(t *testing.T, path, name string, change func([]byte) []byte) {
		contents, err := os.ReadFile(filepath.Join(path, name))
		require.NoError(t, err)
		contents = change(contents)
		require.NoError(t, os.WriteFile(filepath.Join(path, name), contents, 0o600))
		digest := sha256.Sum256(contents)
		rewrite(t, path, func(m *Manifest) {
			for i := range m.Outputs {
				if m.Outputs[i].Name == name {
					m.Outputs[i].Size, m.Outputs[i].SHA256 = int64(len(contents)), hex.EncodeToString(digest[:])
				}
			}
		})
	}
	// inSummary changes the summary, and adapts the manifest to it.
	inSummary := func(change func(*Summary)) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			replace(t, path, SummaryFile, func(b []byte) []byte {
				var s Summary
				require.NoError(t, json.Unmarshal(b, &s))
				change(&s)
				changed, err := encode(&s)
				require.NoError(t, err)
				return changed
			})
		}
	}
	for _, test := range []struct {
		why    string
		change func(t *testing.T, path string)
		want   Difference
	}{
		{"the manifest is not that in the name", func(t *testing.T, path string) {
			rewrite(t, path, func(m *Manifest) { m.Version = "9" })
		}, Difference{ManifestFile, "its digest is not that in the name of the report"}},
		{"a file is gone", func(t *testing.T, path string) {
			require.NoError(t, os.Remove(filepath.Join(path, PageFile)))
		}, Difference{PageFile, "it is missing"}},
		{"a file was added", func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(filepath.Join(path, "notes.txt"), nil, 0o600))
		}, Difference{"notes.txt", "it is not in the manifest"}},
		{"a file is a link", func(t *testing.T, path string) {
			require.NoError(t, os.Rename(filepath.Join(path, PageFile), filepath.Join(path, "../page")))
			require.NoError(t, os.Symlink("../page", filepath.Join(path, PageFile)))
		}, Difference{PageFile, "it is not a plain file"}},
		{"another schema", func(t *testing.T, path string) {
			rewrite(t, path, func(m *Manifest) { m.SchemaVersion = 99 })
		}, Difference{ManifestFile, "its schema version is 99, and this program's 1"}},
		{"the manifest leads out of the report", func(t *testing.T, path string) {
			rewrite(t, path, func(m *Manifest) { m.Outputs[0].Name = "../../secret" })
		}, Difference{ManifestFile, "it names a file outside the report"}},
		{"a row was taken out of a table", func(t *testing.T, path string) {
			replace(t, path, "rejects.csv", func(b []byte) []byte {
				return b[:bytes.IndexByte(b, '\n')+1]
			})
		}, Difference{"rejects.csv", "it has 0 rows, and 8 in the manifest"}},
		{"a finding is counted that there is not", inSummary(func(s *Summary) { s.Findings++ }), Difference{SummaryFile, "it has 201 findings, and findings.parquet 200 rows"}},
		{"a rejected row is not counted", inSummary(func(s *Summary) { s.Rejected[0].Rows-- }), Difference{SummaryFile, "it has 7 rejected rows, and rejects.parquet 8 rows"}},
		{"a rule has one more", inSummary(func(s *Summary) { s.Rules[0].Findings++ }), Difference{SummaryFile, "its rules have 201 findings together, and it has 200"}},
		{"an agency has another's", inSummary(func(s *Summary) { s.Agencies[0].Findings++ }), Difference{SummaryFile, "its figures of agencies do not add up to those of rules"}},
		{"a month has more money", inSummary(func(s *Summary) {
			for currency, sum := range s.Months[0].Amounts {
				sum.Add(1)
				s.Months[0].Amounts[currency] = sum
			}
		}), Difference{SummaryFile, "its figures of months do not add up to those of rules"}},
		{"records are not those of the ledger", inSummary(func(s *Summary) { s.Records.Clean.Rows++ }), Difference{SummaryFile, "its records are not the total of its ledger"}},
		{"the ledger was changed", inSummary(func(s *Summary) {
			s.Ledger.Files[0].Clean.Rows++
			s.Ledger.Total.Clean.Rows++
		}), Difference{SummaryFile, "in/csn.csv: rows read, and clean, flagged and rejected together: 67 and 68 rows: the ledger does not balance"}},
	} {
		t.Run(test.why, func(t *testing.T) {
			path, _ := newFixture(t, 1, 200).publish(t)
			test.change(t, path)
			assert.Contains(t, verify(t, path, false), test.want)
		})
	}
}

func TestVerifyInputs(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, 1, 60)
	digest := sha256.Sum256([]byte("in"))
	names := []string{"same", "changed", "longer", "gone"}
	for _, name := range names {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte("in"), 0o600))
		f.closing.RegisterFiles = append(f.closing.RegisterFiles, Input{Path: path, Size: 2, SHA256: hex.EncodeToString(digest[:])})
	}
	f.closing.Inputs[0].Path = "-" // standard input
	path, _ := f.publish(t)
	assert.Empty(t, verify(t, path, true))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "changed"), []byte("iN"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "longer"), []byte("in."), 0o600))
	require.NoError(t, os.Remove(filepath.Join(dir, "gone")))
	assert.Equal(t, []Difference{
		{filepath.Join(dir, "changed"), "its digest is not that in the manifest"},
		{filepath.Join(dir, "longer"), "it has 3 bytes, and 2 in the manifest"},
	}, verify(t, path, true), "an input that is gone is no difference")
	assert.Empty(t, verify(t, path, false), "inputs only where they are asked for")
}

func TestVerifyWhatIsNoReport(t *testing.T) {
	_, _, err := Verify(context.Background(), filepath.Join(t.TempDir(), "none"), false)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = Verify(context.Background(), t.TempDir(), false)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPrune(t *testing.T) {
	runs := []string{
		"20251101T020000.000Z-00000001", "20251102T020000.000Z-00000002", "20251103T020000.000Z-00000003", "20251104T020000.000Z-00000004",
	}
	for _, test := range []struct {
		why    string
		keep   int
		latest string
		want   []string
	}{
		{"the oldest go", 2, runs[3], runs[:2]},
		{"as many as there are", 4, runs[3], nil},
		{"more than there are", 9, runs[3], nil},
		{"latest stays, even as the oldest", 1, runs[0], runs[1:3]},
		{"none to be kept, but latest", 0, runs[3], runs[:3]},
		{"without latest", 1, "", runs[:3]},
		{"latest leads there by another link", 1, "best", runs[1:3]},
		{"by the folder's own path", 1, "here/" + runs[0], runs[1:3]},
		{"latest leads nowhere", 1, "nothing", runs[:3]},
	} {
		t.Run(test.why, func(t *testing.T) {
			dir := t.TempDir()
			for _, run := range runs {
				require.NoError(t, os.Mkdir(filepath.Join(dir, run), 0o750))
				require.NoError(t, os.WriteFile(filepath.Join(dir, run, ManifestFile), nil, 0o600))
			}
			// None of these is a report.
			require.NoError(t, os.Mkdir(filepath.Join(dir, "20241101T020000.000Z-00000000"), 0o750))
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "archive"), 0o750))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "archive", ManifestFile), nil, 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "20231101T020000.000Z-00000000"), nil, 0o600))
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "failed", runs[0]), 0o750))
			require.NoError(t, os.Symlink(runs[0], filepath.Join(dir, "best")))
			require.NoError(t, os.Symlink(".", filepath.Join(dir, "here")))
			if test.latest != "" {
				require.NoError(t, os.Symlink(test.latest, filepath.Join(dir, "latest")))
			}
			before := map[string]bool{}
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			for _, entry := range entries {
				before[entry.Name()] = true
			}
			removed, err := Prune(dir, test.keep)
			require.NoError(t, err)
			assert.Equal(t, test.want, removed)
			for _, run := range removed {
				delete(before, run)
			}
			before[".lock"] = true
			after := map[string]bool{}
			entries, err = os.ReadDir(dir)
			require.NoError(t, err)
			for _, entry := range entries {
				after[entry.Name()] = true
			}
			assert.Equal(t, before, after)
		})
	}
	t.Run("where latest is no link nobody knows which one it is", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "latest"), 0o750))
		_, err := Prune(dir, 1)
		require.EqualError(t, err, "cannot prune reports: latest is there and is not a symbolic link")
	})
	t.Run("not while a run is at work", func(t *testing.T) {
		folder, _, _ := begin(t)
		_, err := Prune(folder.Path(), 1)
		assert.ErrorIs(t, err, storage.ErrHeld)
	})
	t.Run("a folder in which no run has been is left as it is", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "records.csv"), nil, 0o600))
		require.NoError(t, os.Mkdir(filepath.Join(dir, "20251101"), 0o750))
		_, err := Prune(dir, 1)
		require.ErrorContains(t, err, dir+" is no output folder")
		assert.NoFileExists(t, filepath.Join(dir, ".lock"))
	})
	for _, mark := range []string{".lock", "latest", "failed"} {
		t.Run("a folder with nothing but "+mark+" has had a run", func(t *testing.T) {
			dir := t.TempDir()
			if mark == "latest" {
				require.NoError(t, os.Symlink(runs[0], filepath.Join(dir, mark)))
			} else if mark == "failed" {
				require.NoError(t, os.Mkdir(filepath.Join(dir, mark), 0o750))
			} else {
				require.NoError(t, os.WriteFile(filepath.Join(dir, mark), nil, 0o600))
			}
			removed, err := Prune(dir, 1)
			require.NoError(t, err)
			assert.Empty(t, removed)
		})
	}
	t.Run("a folder that is not there is not made", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "none")
		_, err := Prune(dir, 1)
		require.ErrorIs(t, err, os.ErrNotExist)
		assert.NoDirExists(t, dir)
	})
}
