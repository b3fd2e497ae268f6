package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/avstam/avstam/pipeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostileAgencies are names that a folder cannot have, or that some disks take for
// the same.
var hostileAgencies = []string{
	"", ".", "..", "../../etc", "/etc/passwd", `C:\con`, "a/b", "CSN", "csn", "Csn", "Försäkringskassan", "forsakringskassan", "nul", "-rf",
	"=1+1", "\x1b[31mred", "\u202egnp.exe", "x\x00y", "\xff", "\xfe", "\n", "19640823-3234", "kassa 196408233234", strings.Repeat("å", 2000),
}

// splitFixture is a fixture whose findings are of the agencies, and its second file
// all of the first agency.
func splitFixture(t *testing.T, n int, agencies []string) *fixture {
	t.Helper()
	f := newFixture(t, 5, n)
	f.run.SplitAgency = true
	f.run.Agencies = map[int]string{1: agencies[0]}
	var numbers []uint16
	for _, agency := range agencies {
		number, err := f.run.Dictionaries.Agency.ID([]byte(agency))
		require.NoError(t, err)
		numbers = append(numbers, number)
	}
	for _, findings := range [][]Finding{f.records, f.across} {
		for i := range findings {
			findings[i].Agency = numbers[int(findings[i].Row)%len(numbers)]
			if findings[i].File == 1 {
				findings[i].Agency = numbers[0]
			}
		}
	}
	return f
}

func readIndex(t *testing.T, folder string) sharesIndex {
	t.Helper()
	contents, err := os.ReadFile(filepath.Join(folder, SharesFile))
	require.NoError(t, err)
	var index sharesIndex
	require.NoError(t, json.Unmarshal(contents, &index))
	return index
}

// Each agency's folder has its rows alone, in the order of the whole, whatever
// the name of the agency, and in every format.
func TestSharesHaveTheRowsOfTheirAgency(t *testing.T) {
	f := splitFixture(t, 1500, hostileAgencies)
	folder, published := f.publish(t)
	rows := func(name string) [][]string {
		file, err := os.Open(filepath.Join(folder, name))
		require.NoError(t, err)
		defer file.Close() // it was only read
		rows, err := csv.NewReader(file).ReadAll()
		require.NoError(t, err)
		return rows
	}
	whole := rows("findings.csv")
	agency := slices.Index(whole[0], "agency")
	index := readIndex(t, folder)
	names := map[string]bool{}
	for _, name := range hostileAgencies {
		names[string(valid([]byte(name)))] = true
	}
	require.Len(t, index.Agencies, len(names), "two that are not UTF-8 are shown alike, and are one")
	seen := 1
	for _, entry := range index.Agencies {
		var want [][]string
		for _, row := range whole[1:] {
			if PlainText(row[agency]) == entry.Agency {
				want = append(want, row)
			}
		}
		require.Equal(t, want, rows(SharesFolder + "/" + entry.Folder + "/findings.csv")[1:], "%q", entry.Agency)
		assert.Equal(t, entry.Findings, int64(len(want)))
		seen += len(want)
		assert.Regexp(t, `^[a-z0-9]([a-z0-9-]{0,39})?-[0-9a-f]{12}$`, entry.Folder)
		assert.NotRegexp(t, regexp.MustCompile(`640823|3234`), strings.TrimSuffix(entry.Folder, entry.Folder[len(entry.Folder)-13:]), "no number of a person")
		assert.Equal(t, entry.Agency == hostileAgencies[0], entry.Rejects != nil, "its file is all of the first agency")
	}
	assert.Equal(t, len(whole), seen)
	var rejected int64
	for _, reject := range f.rejects {
		if reject.File == 1 {
			rejected++
		}
	}
	assert.Equal(t, rejected, *index.Agencies[0].Rejects)
	assert.Positive(t, rejected)
	assert.Equal(t, int64(seen-1), published.Summary.Findings)
	assert.Empty(t, verify(t, folder, false))

	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		want := fs.FileMode(0o640)
		switch {
		case entry.IsDir():
			want = 0o750
		case strings.HasPrefix(entry.Name(), "findings.") || strings.HasPrefix(entry.Name(), "rejects."):
			want = 0o600
		}
		assert.Equal(t, want, info.Mode().Perm(), path)
		return nil
	}))
}

// Neither the number of workers nor which of them met an agency first shows.
func TestSharesDoNotDependOnWorkers(t *testing.T) {
	var first map[string][]byte
	for _, workers := range []int{1, 2, 4} {
		f := splitFixture(t, 900, []string{"c", "a", "b"})
		f.run.Workers, f.closing.Workers = workers, workers
		folder, published := f.publish(t)
		contents := map[string][]byte{"": []byte(published.Run)}
		require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Name() == RunFile {
				return err
			}
			name, err := filepath.Rel(folder, path)
			require.NoError(t, err)
			contents[name], err = os.ReadFile(path)
			return err
		}))
		require.Greater(t, len(contents), 3*3+8)
		if first == nil {
			first = contents
		}
		for name := range contents {
			assert.True(t, bytes.Equal(first[name], contents[name]), name)
		}
	}
}

// The shares are compared with the whole before anything is published.
func TestSharesThatDoNotAddUp(t *testing.T) {
	for _, row := range []struct {
		why, want string
		change    func(w *Writer)
	}{
		{"a share that is lost", `findings, and \d+ in the agencies' shares: the ledger does not balance`, func(w *Writer) { delete(w.shares.byName, "a") }},
		{"a row in another agency's share", `(a row of another agency|the rows are not in order): the ledger does not balance`, func(w *Writer) {
			a, b := w.shares.byName["a"], w.shares.byName["b"]
			require.NoError(t, errors.Join(w.shares.flush(a), w.shares.flush(b)))
			a.findings, b.findings = append(a.findings, b.findings...), nil
		}},
		{"rejects that are lost", `rejects\.csv, and the agencies' shares of it: \d+ and \d+ rows`, func(w *Writer) {
			a := w.shares.byName["a"]
			rest, err := new(Reject).Unpack(a.packed)
			require.NoError(t, err)
			a.packed = rest
		}},
	} {
		for _, format := range []string{"parquet", "csv", "arrow"} {
			f := splitFixture(t, 900, []string{"a", "b"})
			f.run.Parquet, f.run.CSV, f.run.Arrow = format == "parquet", format == "csv", format == "arrow"
			_, _, w := f.writeTables(t)
			row.change(w)
			_, err := w.Finish(t.Context(), &f.closing)
			require.ErrorIs(t, err, ErrUnbalanced, "%s, %s", row.why, format)
			assert.Regexp(t, strings.ReplaceAll(row.want, "csv", format), err.Error())
		}
	}
}

func TestVerifyLooksAtTheShares(t *testing.T) {
	f := splitFixture(t, 600, []string{"a", "b"})
	folder, _ := f.publish(t)
	a, b := SharesFolder+"/"+shareFolder("a"), SharesFolder+"/"+shareFolder("b")
	path := func(name string) string { return filepath.Join(folder, name) }
	differs := func(why, file, what string) {
		t.Helper()
		assert.Contains(t, verify(t, folder, false), Difference{file, what}, why)
	}
	require.NoError(t, os.WriteFile(path(b+"/more.csv"), nil, 0o600))
	differs("a file in a share", b+"/more.csv", "it is not in the manifest")
	require.NoError(t, os.Remove(path(b+"/more.csv")))
	require.NoError(t, os.Mkdir(path(SharesFolder+"/c"), 0o750))
	differs("a folder of no agency", SharesFolder+"/c", "it is not in the manifest")
	require.NoError(t, os.Remove(path(SharesFolder+"/c")))
	require.NoError(t, os.Rename(path(a+"/findings.csv"), path("kept")))
	differs("a table is gone", a+"/findings.csv", "it is missing")
	require.NoError(t, os.Rename(path("kept"), path(a+"/findings.csv")))
	require.Empty(t, verify(t, folder, false))

	require.NoError(t, os.Rename(path(b), path("kept")))
	require.NoError(t, os.Symlink("../kept", path(b)))
	differs("a folder is a link", b+"/findings.csv", "it does not lie in a plain folder")
	require.NoError(t, os.Remove(path(b)))
	require.NoError(t, os.Rename(path("kept"), path(b)))

	// Two tables that were exchanged together with their digests.
	contents, err := os.ReadFile(path(ManifestFile))
	require.NoError(t, err)
	swap := strings.NewReplacer(a+"/findings", b+"/findings", b+"/findings", a+"/findings")
	require.NoError(t, os.WriteFile(path(ManifestFile), []byte(swap.Replace(string(contents))), 0o600))
	for _, name := range []string{"/findings.csv", "/findings.parquet", "/findings.arrow"} {
		require.NoError(t, os.Rename(path(a+name), path("kept")))
		require.NoError(t, os.Rename(path(b+name), path(a+name)))
		require.NoError(t, os.Rename(path("kept"), path(b+name)))
	}
	found := verify(t, folder, false)
	for _, name := range []string{"/findings.csv", "/findings.parquet", "/findings.arrow"} {
		assert.True(t, slices.ContainsFunc(found, func(d Difference) bool {
			return d.File == a+name && strings.Contains(d.What, "a row of another agency")
		}), name)
	}
}

// What a share has in memory is written when it is 16 KiB, and nothing of it is
// kept but where it lies.
func TestSharesAreKeptOnDisk(t *testing.T) {
	_, _, spill := begin(t)
	s := newShares(spill)
	names := make([][]byte, 1, 2000)
	e := &encoder[Finding]{}
	for i := 1; i < cap(names); i++ {
		names = append(names, []byte{byte(i), byte(i >> 8), 'x'})
	}
	finding := Finding{RecordID: bytes.Repeat([]byte("r"), 2000)}
	for range 10 {
		for i := 1; i < len(names); i++ {
			finding.Agency = uint16(i)
			e.keep([]Finding{finding})
		}
		require.NoError(t, s.takeFindings(e, names))
	}
	for _, share := range s.byName {
		require.Less(t, len(share.records)+len(share.rest), shareBytes)
		require.NotEmpty(t, share.findings)
	}
	require.NoError(t, s.takeReject(&Reject{File: 3, Raw: bytes.Repeat([]byte("r"), shareBytes), Reason: pipeline.BadDate}, map[int]string{3: "a"}))
	assert.Empty(t, s.byName["a"].packed)
	require.NoError(t, s.takeReject(&Reject{File: 4}, map[int]string{3: "a"}))
	assert.Len(t, s.byName["a"].rejects, 1, "of the other file the agency is not known")
}
