package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/rules"
)

func TestFlagsAlone(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	require.NoError(t, os.WriteFile(policy, []byte("rules: {duplicate_payment: on}\n"), 0o600))
	flags := Flags{
		Records:     []string{"in/*.parquet", "more.csv"},
		Register:    []string{"register/*"},
		ExtractDate: "2025-11-20",
		Policy:      policy,
		Columns:     []string{"identity_number=PNR", "amount=BELOPP=KR"},
		Constants:   []string{"agency=csn"},
		Out:         "out",
		Formats:     []string{"csv"},
		Numbers:     "masked",
		FailOn:      []string{"error=0", "warning=0.1%"},
		MaxRejects:  "5",
		Baseline:    "latest",
		Decisions:   "decided/$1.csv",
		Language:    "sv", SuppressBelow: "0",
	}
	c, err := flags.Configuration()
	require.NoError(t, err)
	settings, err := c.Settings()
	require.NoError(t, err)
	settings.Configuration = nil
	want := rules.DefaultPolicy()
	want.Severities = map[string]rules.Severity{"duplicate_payment": rules.Warning}
	assert.Equal(t, job.Settings{
		Register: job.Register{Extract: readers.Source{Name: "register", Files: []string{"register/*"}}, ExtractDate: calendar.Of(2025, 11, 20)},
		Sources: []readers.Source{{
			Name:      "records",
			Files:     []string{"in/*.parquet", "more.csv"},
			Columns:   map[string]string{"identity_number": "PNR", "amount": "BELOPP=KR"},
			Constants: map[string]string{"agency": "csn"},
		}},
		Expect: []job.Expect{{}},
		Policy: want,
		Output: job.Output{Folder: "out", CSV: true, Masked: true, Language: "sv", SuppressBelow: 0},
		FailOn: []job.Threshold{
			{Severity: rules.Error, Limit: job.Limit{}},
			{Severity: rules.Warning, Limit: job.Limit{IsShare: true, Share: 0.001}},
		},
		MaxRejects: job.Limit{Rows: 5},
		Baseline:   job.Latest,
		Decisions:  "decided/$1.csv",
	}, settings)
}

func TestFlagsThatAreWrong(t *testing.T) {
	for _, row := range []struct {
		why   string
		flags Flags
		want  string
	}{
		{"a pattern twice", Flags{Records: []string{"a", "a"}}, `--records: a is named twice`},
		{"a column that does not exist", Flags{Records: []string{"a"}, Columns: []string{"agencie=X"}},
			`--column: unknown column "agencie" (did you mean "agency"?)`},
		{"a column without a name", Flags{Records: []string{"a"}, Columns: []string{"agency"}},
			`--column: want column=value, found "agency"`},
		{"a column twice", Flags{Records: []string{"a"}, Columns: []string{"agency=a", "agency=b"}},
			`--column: the column "agency" is given twice`},
		{"a constant that is a column too", Flags{Records: []string{"a"}, Columns: []string{"agency=a"}, Constants: []string{"agency=b"}},
			`--constant: "agency" is both a constant and a column`},
		{"a constant that is no amount", Flags{Records: []string{"a"}, Constants: []string{"amount=much"}},
			`--constant: the constant of amount is not an amount, found "much"`},
		{"a day that is none", Flags{ExtractDate: "20251120"}, `--extract-date: want a day as 2006-01-02, found "20251120"`},
		{"a format that is not written", Flags{Formats: []string{"xlsx"}}, `--format: unknown format "xlsx" (known: parquet, csv, arrow, html)`},
		{"a report without its findings", Flags{Formats: []string{"html"}},
			`--format: the formats lack parquet, csv or arrow: one of them holds the findings`},
		{"a threshold of nothing", Flags{FailOn: []string{"fatal=0"}},
			`--fail-on: want severity=limit, as error=0 or warning=1%, found "fatal=0"`},
		{"a threshold without a limit", Flags{FailOn: []string{"error="}},
			`--fail-on: want a number of rows or a percentage from 0% to 100%, found ""`},
		{"a budget that is none", Flags{MaxRejects: "few"}, `--max-rejects: want a number of rows or a percentage from 0% to 100%, found "few"`},
	} {
		t.Run(row.why, func(t *testing.T) {
			_, err := row.flags.Configuration()
			assert.EqualError(t, err, row.want)
		})
	}

	none, err := (&Flags{}).Configuration()
	require.NoError(t, err)
	_, err = none.Settings()
	assert.EqualError(t, err, "--register is missing")
}

func TestFlagsOverAFile(t *testing.T) {
	c, err := Load(example)
	require.NoError(t, err)
	flags := Flags{Snapshot: "snapshots/new.avr", Out: "/reports", Numbers: "masked", FailOn: []string{"warning=3"}}
	require.NoError(t, flags.Override(c))
	settings, err := c.Settings()
	require.NoError(t, err)
	assert.Equal(t, job.Register{
		Snapshot:    "snapshots/new.avr", // from where the program runs, not from the file's folder
		ExtractDate: calendar.Missing,    // that of the extract which the snapshot replaces
		Previous:    "testdata/register-2025-11-13.avr",
		MaxShrink:   0.01,
	}, settings.Register)
	assert.Equal(t, "/reports", settings.Output.Folder)
	assert.True(t, settings.Output.Masked)
	assert.Equal(t, []job.Threshold{{Severity: rules.Warning, Limit: job.Limit{Rows: 3}}}, settings.FailOn)
	assert.Equal(t, "fk", settings.Sources[0].Name)

	// Standard input lies in no folder.
	flags = Flags{Register: []string{"-", "more.csv"}}
	require.NoError(t, flags.Override(c))
	assert.Equal(t, []string{"-", "more.csv"}, c.RegisterSettings().Extract.Files)
}

// Whoever writes ./ before a name means what lies under it, and none of the words
// that stand in the place of a path.
func TestNamesThatAreNoWords(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("conf", 0o750))
	const text = "register: {snapshot: register.avr}\nsources: [{name: s, files: [./-]}]\noutput: {dir: ./-, baseline: ./latest}\n"
	for _, path := range []string{"avstam.yaml", "conf/avstam.yaml"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	for _, row := range []struct {
		why           string
		configuration string
		flags         Flags
		in            string // the folder that all must lie in, ./ for the current one
	}{
		{"in the configuration of the current folder", "avstam.yaml", Flags{}, "./"},
		{"in one of another folder", "conf/avstam.yaml", Flags{}, "conf/"},
		{"on the command line alone", "", Flags{Snapshot: "register.avr", Records: []string{"./-"}, Out: "./-", Baseline: "./latest"}, "./"},
		{"on the command line, over that of the current folder", "avstam.yaml", Flags{Out: "./-", Baseline: "./latest"}, "./"},
		{"on the command line, over that of another folder", "conf/avstam.yaml", Flags{Out: "conf/-", Baseline: "conf/latest"}, "conf/"},
	} {
		t.Run(row.why, func(t *testing.T) {
			var c *Configuration
			var err error
			if row.configuration == "" {
				c, err = row.flags.Configuration()
			} else if c, err = Load(row.configuration); err == nil {
				err = row.flags.Override(c)
			}
			require.NoError(t, err)
			settings, err := c.Settings()
			require.NoError(t, err)
			assert.Equal(t, []string{row.in + "-"}, settings.Sources[0].Files)
			assert.Equal(t, row.in+"-", settings.Output.Folder)
			assert.Equal(t, row.in+"latest", settings.Baseline)
		})
	}
	// The words themselves are words.
	c, err := (&Flags{Snapshot: "register.avr", Records: []string{"-"}, Out: "-", Baseline: "latest"}).Configuration()
	require.NoError(t, err)
	settings, err := c.Settings()
	require.NoError(t, err)
	assert.Equal(t, []string{readers.StandardInput}, settings.Sources[0].Files)
	assert.Equal(t, job.StandardOutput, settings.Output.Folder)
	assert.Equal(t, job.Latest, settings.Baseline)
	// So is what a variable has in the place of one.
	t.Setenv("TO", "-")
	require.NoError(t, os.WriteFile("avstam.yaml", []byte("register: {snapshot: register.avr}\nsources: [{name: s, files: [\"${TO}\"]}]\noutput: {dir: \"${TO}\", baseline: \"${SINCE:-latest}\"}\n"), 0o600))
	c, err = Load("avstam.yaml")
	require.NoError(t, err)
	settings, err = c.Settings()
	require.NoError(t, err)
	assert.Equal(t, []string{readers.StandardInput}, settings.Sources[0].Files)
	assert.Equal(t, job.StandardOutput, settings.Output.Folder)
	assert.Equal(t, job.Latest, settings.Baseline)
}

// The folder that the program runs in is no pattern, even where it is named like one:
// reg/*.csv would be looked for in the folder x instead.
func TestFlagsInAFolderNamedLikeAPattern(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"[x]/reg", "x/reg", "conf"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, folder), 0o750))
	}
	want := filepath.Join(root, "[x]", "reg", "a.csv")
	for _, path := range []string{want, filepath.Join(root, "x", "reg", "a.csv")} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	configuration := filepath.Join(root, "conf", "avstam.yaml")
	require.NoError(t, os.WriteFile(configuration, []byte("sources: [{name: s, files: [in.csv]}]\noutput: {dir: out}\n"), 0o600))
	t.Chdir(filepath.Join(root, "[x]"))
	for _, given := range []string{configuration, "../conf/avstam.yaml"} {
		for _, pattern := range []string{"reg/*.csv", "reg/a.csv", "reg"} {
			c, err := Load(given)
			require.NoError(t, err)
			require.NoError(t, (&Flags{Register: []string{pattern}}).Override(c))
			found, err := readers.Expand(t.Context(), c.RegisterSettings().Extract.Files)
			require.NoError(t, err)
			require.Len(t, found, 1)
			absolute, err := filepath.Abs(found[0])
			require.NoError(t, err)
			assert.Equal(t, want, absolute, "%s with -c %s", pattern, given)
		}
	}
	// A file that is named like a pattern is that file, and no other that matches it.
	for _, name := range []string{"b[1].csv", "b1.csv", "avstam.yaml"} {
		text := "sources: [{name: s, files: [\"b[1].csv\"]}]\noutput: {dir: out}\nregister: {snapshot: register.avr}\n"
		require.NoError(t, os.WriteFile(filepath.Join(root, "[x]", name), []byte(text), 0o600))
	}
	want = filepath.Join(root, "[x]", "b[1].csv")
	c, err := Load("../conf/avstam.yaml")
	require.NoError(t, err)
	require.NoError(t, (&Flags{Register: []string{"b[1].csv"}}).Override(c))
	found, err := readers.Expand(t.Context(), c.RegisterSettings().Extract.Files)
	require.NoError(t, err)
	assert.Equal(t, []string{want}, found)
	t.Chdir(root)
	c, err = Load("[x]/avstam.yaml")
	require.NoError(t, err)
	settings, err := c.Settings()
	require.NoError(t, err)
	found, err = readers.Expand(t.Context(), settings.Sources[0].Files)
	require.NoError(t, err)
	assert.Equal(t, []string{"[x]/b[1].csv"}, found)
}
