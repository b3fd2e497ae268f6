package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckOutside(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"out/run/agencies/csn", "out/failed/run", "else", "own"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, folder), 0o750))
	}
	for _, name := range []string{"out/run/" + ManifestFile, "out/run/" + SummaryFile, "out/run/" + RunFile, "own/" + ManifestFile, "file"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
	}
	for link, to := range map[string]string{
		"out/latest": "run", "else/agencies": "../out/run/agencies", "else/agency": "agencies/csn", "out/run/agencies/away": "../../../else", "else/nowhere": "nothing",
	} {
		require.NoError(t, os.Symlink(to, filepath.Join(root, link)))
	}
	for _, row := range []struct {
		why, at, path string
		isOutside     bool
	}{
		{"a folder of reports is none", ".", "out", true},
		{"beside reports", ".", "out/new", true},
		{"what failed is no report", ".", "out/failed/run/new", true},
		{"a folder with a manifest alone is none", ".", "own/new", true},
		{"nothing of it is there", ".", "new/newer/newest", true},
		{"where the process stands", "else", "new", true},
		{"the root", ".", "/", true},
		{"below a file nothing can be made", ".", "file/new", true},
		{"by a report and out of it again", ".", "out/latest/../new", true},
		{"by a link that leads nowhere", ".", "else/nowhere/new", true},
		{"object storage has no files", ".", "s3://bucket/out/run/new", true},

		{"the report", ".", "out/run", false},
		{"the report by its link", ".", "out/latest/", false},
		{"a file in it", ".", "out/latest/new", false},
		{"a folder of a folder that is yet to be made", ".", "out/latest/new/newer", false},
		{"a folder of it", ".", "out/run/agencies", false},
		{"a file in a folder of it", ".", "out/latest/agencies/csn/new", false},
		{"deep in a folder of it", ".", "out/latest/agencies/csn/new/newer/newest", false},
		{"by a link to a folder of it", ".", "else/agencies/csn/new", false},
		{"by a link to a link", ".", "else/agency/new", false},
		{"by a link and up: the kernel is in the report then", ".", "else/agency/../new", false},
		{"by what is not there and up, which is struck out", ".", "new/../out/run/agencies/new", false},
		{"the process stands in it", "out/run", "new", false},
		{"the process stands in a folder of it, by a link", "else/agency", "new", false},
		{"the very folder in which it stands", "out/run/agencies", ".", false},
		{"by a link out of a report one is out of it", ".", "out/run/agencies/away/new", true},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Chdir(filepath.Join(root, row.at))
			err := CheckOutside(row.path)
			if row.isOutside {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, row.path+" would lie in a report, and that is never written again")
			}
		})
	}
}
