package readers

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avstam/avstam/pipeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// makeFiles writes files with a header and one record in a new folder.
func makeFiles(t *testing.T, names ...string) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range names {
		path := filepath.Join(folder, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte("identity_number,payment_date,amount\n"+filepath.Base(name)+",2024-05-17,1\n"), 0o600))
	}
	return folder
}

func TestExpand(t *testing.T) {
	folder := makeFiles(t, "b.csv", "a.csv", "c.txt", "[x].csv", "in/2.csv", "in/1.csv", "in/.hidden", "in/_SUCCESS", "in/deeper/3.csv", "empty/_SUCCESS", "dir.csv/9.csv")
	require.NoError(t, os.Link(filepath.Join(folder, "c.txt"), filepath.Join(folder, "linked.txt")))
	require.NoError(t, os.Symlink("b.csv", filepath.Join(folder, "symbolic")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(folder, "dangling")))
	for _, c := range []struct {
		patterns, want, failure string // FOLDER stands for the folder
		why                     string
	}{
		{"b.csv a.csv", "b.csv a.csv", "", "plain paths stay in their order"},
		{"[ab].csv", "a.csv b.csv", "", "a glob is sorted"},
		{"c.txt [ab].csv", "c.txt a.csv b.csv", "", "patterns stay in their order"},
		{"[x].csv", "[x].csv", "", "a path that there is, not a glob"},
		{"in", "in/1.csv in/2.csv", "", "a folder: no hidden files, no markers, no folders in it"},
		{"in/ a.csv", "in/1.csv in/2.csv a.csv", "", "a folder with a slash"},
		{"i*", "in/1.csv in/2.csv", "", "a glob that finds a folder"},
		{"*.csv", "[x].csv a.csv b.csv dir.csv/9.csv", "", "a glob that finds files and a folder"},
		{"-", "-", "", "standard input"},
		{"symbolic", "symbolic", "", "a symbolic link"},
		{"missing.csv", "", "cannot read FOLDER/missing.csv: there is no such file", "nothing there"},
		{"https:/example.org/a.csv", "", "cannot read FOLDER/https:/example.org/a.csv: there is no such file, and of addresses only those of s3:// are read", "an address, cleaned and below a folder as of a configuration"},
		{"a.csv *.parquet", "", "cannot read FOLDER/*.parquet: no file matches it", "a glob that finds nothing"},
		{"[", "", "cannot read FOLDER/[: syntax error in pattern", "no glob"},
		{"**/*.csv", "", "cannot read FOLDER/**/*.csv: a glob has no **; a * stands for one folder, so name each depth by a glob of its own", "two stars"},
		{`in/\**`, "", `cannot read FOLDER/in/\**: no file matches it`, "a star that is escaped, and one"},
		{"empty", "", "cannot read FOLDER/empty: there are no files in it", "a folder without data"},
		{"dangling", "", "cannot read FOLDER/dangling: there is no such file", "a link to nowhere"},
		{"a.csv a.csv", "", "cannot read FOLDER/a.csv: it is named twice", "named twice"},
		{"a.csv ?.csv", "", "cannot read FOLDER/a.csv: it is named twice", "named by a path and by a glob"},
		{"in/1.csv in", "", "cannot read FOLDER/in/1.csv: it is named twice", "named by a path and by its folder"},
		{"a.csv in/../a.csv", "", "cannot read FOLDER/in/../a.csv: it is the same file as FOLDER/a.csv", "by two paths"},
		{"b.csv symbolic", "", "cannot read FOLDER/symbolic: it is the same file as FOLDER/b.csv", "by a symbolic link"},
		{"*.txt", "", "cannot read FOLDER/linked.txt: it is the same file as FOLDER/c.txt", "two names of one file"},
		{"a.csv ./a.csv", "", "cannot read FOLDER/./a.csv: it is named twice", "written in two ways"},
		{"- -", "", "cannot read standard input: it is named twice", "standard input twice"},
	} {
		var patterns []string
		for pattern := range strings.FieldsSeq(c.patterns) {
			if pattern != "-" {
				pattern = folder + "/" + pattern
			}
			patterns = append(patterns, pattern)
		}
		paths, err := Expand(t.Context(), patterns)
		if c.failure != "" {
			assert.EqualError(t, err, strings.ReplaceAll(c.failure, "FOLDER", folder), c.why)
			continue
		}
		require.NoError(t, err, c.why)
		assert.Equal(t, c.want, strings.ReplaceAll(strings.Join(paths, " "), folder+"/", ""), c.why)
	}
}

// A table's folder has files of versions that no longer hold: payments would be read
// twice. Whoever names files has chosen them.
func TestExpandRefusesTablesOfVersions(t *testing.T) {
	folder := makeFiles(t, "delta/a.csv", "delta/_delta_log/00.json", "parted/agency=fk/month=1/a.csv", "parted/_delta_log/00.json", "hudi/a.csv", "hudi/.hoodie/hoodie.properties",
		"ice/data/a.csv", "ice/data/agency=fk/a.csv", "ice/metadata/v1.metadata.json", "plain/a.csv", "metadata/notes.json", "file/a.csv", "file/_delta_log")
	for _, row := range []struct{ why, pattern, kind string }{
		{"Delta", "delta", "Delta"},
		{"a glob of its files", "delta/*.csv", "Delta"},
		{"a glob of folders", "d*", "Delta"},
		{"a folder named key=value in one", "parted/agency=fk", "Delta"},
		{"a glob through such folders", "parted/*/*/*.csv", "Delta"},
		{"Hudi", "hudi/", "Hudi"},
		{"Iceberg", "ice", "Iceberg"},
		{"its folder of data", "ice/data", "Iceberg"},
		{"a part of that", "ice/data/agency=fk", "Iceberg"},
		{"a file that is named", "delta/a.csv", ""},
		{"a folder beside one of other metadata", "plain", ""},
		{"a file named as a log's folder is", "file", ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			_, err := Expand(t.Context(), []string{folder + "/" + row.pattern})
			if row.kind == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, "it is of a table of "+row.kind+", whose files are of several versions: name the files of one version each, or export it")
		})
	}
}

// Folders that are not entered may have what should have been read.
func TestExpandTellsOfFoldersThatAreNotEntered(t *testing.T) {
	folder := makeFiles(t, "in/a.csv", "in/2025/b.csv", "in/2024/c.csv", "in/agency=fk/d.csv", "in/agency=fk/old/e.csv", "in/_temporary/f.csv", "in/.git/g", "years/2024/h.csv", "whole/i.csv")
	var told []Skipped
	for _, pattern := range []string{"in", "whole", "i*"} {
		_, err := ExpandTelling(t.Context(), []string{filepath.Join(folder, pattern)}, func(s Skipped) { told = append(told, s) })
		require.NoError(t, err)
	}
	in := Skipped{filepath.Join(folder, "in"), 3, filepath.Join(folder, "in", "2024")}
	assert.Equal(t, []Skipped{in, in}, told)
	_, err := Expand(t.Context(), []string{filepath.Join(folder, "years")})
	assert.EqualError(t, err, "cannot read "+folder+"/years: there are no files in it, and the folders in it are not entered, for they are not named key=value: name their files by a glob, as "+folder+"/years/*/*.parquet")
}

func TestOpenRecordsKeepsTheOrderOfSourcesFilesAndRows(t *testing.T) {
	folder := makeFiles(t, "b.csv", "a.csv", "c.csv")
	sources := []Source{
		{Name: "second", Files: []string{filepath.Join(folder, "[bc].csv")}, Constants: map[string]string{"agency": "x"}},
		{Name: "first", Files: []string{filepath.Join(folder, "a.csv")}, Constants: map[string]string{"agency": "y"}},
	}
	result := readCSV(t, sources, 1<<20)
	var got []string
	for _, record := range result.records {
		got = append(got, record.number+" "+record.agency)
	}
	assert.Equal(t, []string{"b.csv x", "c.csv x", "a.csv y"}, got)
	var files []string
	for _, file := range result.files {
		files = append(files, sources[file.Source].Name+" "+filepath.Base(file.Path))
	}
	assert.Equal(t, []string{"second b.csv", "second c.csv", "first a.csv"}, files)

	sources[1].Files = []string{filepath.Join(folder, ".", "..", filepath.Base(folder), "c.csv"), filepath.Join(folder, "?.csv")}
	_, err := OpenRecords(t.Context(), sources, Options{Dictionaries: pipeline.NewDictionaries()})
	assert.EqualError(t, err, "cannot read "+folder+"/c.csv: it is named twice", "twice within a source")
	sources[1].Files = sources[1].Files[:1]
	_, err = OpenRecords(t.Context(), sources, Options{Dictionaries: pipeline.NewDictionaries()})
	assert.EqualError(t, err, "cannot read "+folder+"/c.csv: it is named twice", "by two sources")
	sources[1].Files = nil
	_, err = OpenRecords(t.Context(), sources, Options{Dictionaries: pipeline.NewDictionaries()})
	assert.EqualError(t, err, `source "first" names no files`)
}

// A pipe can be read only once, and is read whole.
func TestStandardInput(t *testing.T) {
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	stdin := os.Stdin
	os.Stdin = reader
	defer func() { os.Stdin = stdin }()
	content := gzipped([]byte("identity_number,payment_date,amount\n" + strings.Repeat("x,2024-05-17,1\n", 20_000)))
	go func() {
		_, _ = writer.Write(content)
		_ = writer.Close()
	}()
	result := readCSV(t, []Source{{Files: []string{"-"}}}, 10_000)
	assert.Equal(t, int64(20_000), result.read.Rows)
	assert.Equal(t, int64(len(content)), result.files[0].Size)
	assert.Equal(t, "-", result.files[0].Path)
}

func TestBytesAreTold(t *testing.T) {
	content := append([]byte("identity_number,payment_date,amount\n"), bytes.Repeat([]byte("x,2024-05-17,1\n"), 20_000)...)
	path := writeFile(t, "records.csv", content)
	told := int64(0)
	records, err := OpenRecords(t.Context(), []Source{{Files: []string{path}}}, Options{Dictionaries: pipeline.NewDictionaries(), Bytes: func(n int64) { told += n }})
	require.NoError(t, err)
	assert.Zero(t, told, "looking at a file is no progress")
	require.NoError(t, records.Cut(context.Background(), func(piece pipeline.Piece) error { piece.Close(); return nil }))
	assert.Equal(t, int64(len(content)), told)
	assert.False(t, records.Files()[0].HasSHA256, "no digest was asked for")
	require.NoError(t, records.Close())
}

func TestCutStops(t *testing.T) {
	path := writeFile(t, "records.csv", append([]byte("identity_number,payment_date,amount\n"), bytes.Repeat([]byte("x,2024-05-17,1\n"), 200_000)...))
	open := func() *Records {
		records, err := OpenRecords(t.Context(), []Source{{Files: []string{path}}}, Options{Digest: true, Dictionaries: pipeline.NewDictionaries()})
		require.NoError(t, err)
		return records
	}
	records := open()
	pieces := 0
	err := records.Cut(context.Background(), func(piece pipeline.Piece) error {
		piece.Close()
		pieces++
		return os.ErrClosed
	})
	assert.Equal(t, os.ErrClosed, err, "the error of send, as it is")
	assert.Equal(t, 1, pieces)
	assert.False(t, records.Files()[0].HasSHA256, "not all of it was read")

	ctx, cancel := context.WithCancelCause(context.Background())
	records = open()
	pieces = 0
	err = records.Cut(ctx, func(piece pipeline.Piece) error {
		piece.Close()
		pieces++
		cancel(os.ErrDeadlineExceeded)
		return nil
	})
	assert.Equal(t, os.ErrDeadlineExceeded, err, "the context's cause")
	assert.Equal(t, 1, pieces)
}

// What may be a person's number is not shown among the columns of a file.
func TestMissingColumnErrorShowsNoNumbers(t *testing.T) {
	there := []string{testNumber(1964, 323), testNumber(1964, 323)[2:8] + "-" + testNumber(1964, 323)[8:], "belopp_2024", "a\x07b", strings.Repeat("å", 50)}
	err := missingColumnError("in.csv", "amount", "BELOPP", there)
	assert.EqualError(t, err, "cannot read in.csv: it has no column BELOPP (for amount); its columns are ************, ******-****, belopp_2024, a\\u0007b, "+strings.Repeat("å", 40)+"…")
	err = missingColumnError("in.csv", "amount", testNumber(1964, 323), there[2:3])
	assert.EqualError(t, err, "cannot read in.csv: it has no column ************ (for amount); its columns are belopp_2024")
	err = missingColumnError("in.csv", "amount", "amount", make([]string, 63))
	assert.ErrorContains(t, err, " and 3 more")
	err = missingColumnError("in.csv", "amount", "belopp", []string{"\uff11\uff19\uff16\uff14\uff10\uff18", "\u0661\u0669\u0666\u0664\u0660\u0668"})
	assert.EqualError(t, err, "cannot read in.csv: it has no column belopp (for amount); its columns are ******, ******")
}

// A name can be told from one that looks like it, and mapped as it is told.
func TestMissingColumnErrorShowsWhatDoesNotShow(t *testing.T) {
	for _, row := range []struct{ theirs, there, told string }{
		{"PNR", "PNR\u00a0", `PNR\u00a0`},
		{"PNR", "P\u200bNR", `P\u200bNR`},
		{"Personnr ny", "Personnr\u202fny", `Personnr\u202fny`},
		{"PNR", "\U000e0050PNR", `\udb40\udc50PNR`},
		{"PNR ", "PNR", "PNR"},
	} {
		err := missingColumnError("in.csv", "identity_number", row.theirs, []string{"belopp", row.there})
		assert.EqualError(t, err, "cannot read in.csv: it has no column "+row.theirs+" (for identity_number); its columns are belopp, "+row.told+
			`; its column 2 differs from that in blanks or characters that do not show alone, here as \u and four digits: map it with them`)
	}
}

// Files are many at times, and to find and open them takes long: an interruption ends it.
func TestFindingFilesEndsWhenAsked(t *testing.T) {
	path := writeFile(t, "records.csv", []byte("identity_number,payment_date,amount\n"))
	ctx, interrupt := context.WithCancelCause(t.Context())
	asked := errors.New("asked to end")
	interrupt(asked)
	_, err := Expand(ctx, []string{filepath.Dir(path)})
	assert.Equal(t, asked, err)
	_, err = OpenRecords(ctx, []Source{{Name: "fk", Files: []string{path}}}, *newOptions())
	assert.Equal(t, asked, err)
	_, err = Inspect(ctx, path)
	assert.Equal(t, asked, err)
}
