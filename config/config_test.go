package config

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
)

const example = "testdata/avstam.yaml"

func TestTheDocumentedExampleSaysWhatItSays(t *testing.T) {
	c, err := Load(example)
	require.NoError(t, err)
	settings, err := c.Settings()
	require.NoError(t, err)
	settings.Configuration = nil

	assert.Equal(t, job.Settings{
		Register: job.Register{
			Extract: readers.Source{
				Name:    "register",
				Files:   []string{"testdata/register/*.parquet"},
				Columns: map[string]string{"number": "PersonId"},
			},
			ExtractDate: calendar.Of(2025, 11, 20),
			Previous:    "testdata/register-2025-11-13.avr",
			MaxShrink:   0.01,
		},
		Sources: []readers.Source{{
			Name:  "fk",
			Files: []string{"testdata/in/fk/*.csv.gz"},
			Columns: map[string]string{"identity_number": "PNR", "payment_date": "UTBETDATUM", "amount": "BELOPP",
				"payment_type": "FORMAN"},
			Constants: map[string]string{"agency": "forsakringskassan"},
			CSV:       readers.CSV{Delimiter: ';', Decimal: ',', Encoding: "windows-1252"},
		}},
		Expect: []job.Expect{{HasRows: true, Rows: 1843201, HasAmount: true, Amount: 241033445550}},
		Policy: rules.Policy{
			Severities: map[string]rules.Severity{"other_identity_kind": rules.Off, "duplicate_payment": rules.Warning,
				"inactive_number": rules.Error},
			PaymentTypes: map[string]rules.PaymentTypePolicy{
				"pension":          {LawfulMonths: 0, EmigratedAllowed: true},
				"omvardnadsbidrag": {LawfulMonths: 8},
				"studiemedel":      {LawfulMonths: rules.NoTail, IdentityLevel: register.Confirmed},
			},
			Agencies:           map[string]rules.AgencyPolicy{"csn": {IdentityLevel: register.Probable}},
			UncertainAllowed:   []string{"polisen", "skatteverket", "migrationsverket", "forsakringskassan"},
			ExpiringWithinDays: 90,
			StaleAfterDays:     31,
			TestNumbers:        []identity.Number{194103252393, 196408233234},
		},
		Output:     job.Output{Folder: "testdata/out", Parquet: true, HTML: true, Language: "en", SuppressBelow: 5},
		FailOn:     []job.Threshold{{Severity: rules.Error}},
		MaxRejects: job.Limit{IsShare: true, Share: 0.01},
	}, settings)
}

func TestAConfigurationIsWrittenAsItWasRead(t *testing.T) {
	c, err := Load(example)
	require.NoError(t, err)
	text, err := yaml.Marshal(c)
	require.NoError(t, err)

	again, err := parse(example, text)
	require.NoError(t, err, "%s", text)
	again.whole = c.whole // the lines of another file
	assert.Equal(t, c, again, "%s", text)
}

func TestWhatTheManifestTellsIsTheSameEachTime(t *testing.T) {
	c, err := Load(example)
	require.NoError(t, err)
	settings, err := c.Settings()
	require.NoError(t, err)
	told, err := json.MarshalIndent(settings.Configuration, "", "  ")
	require.NoError(t, err)

	if os.Getenv("AVSTAM_GOLDEN") == "write" {
		require.NoError(t, os.WriteFile("testdata/manifest.json", append(told, '\n'), 0o644))
	}
	golden, err := os.ReadFile("testdata/manifest.json")
	require.NoError(t, err)
	assert.Equal(t, strings.TrimSpace(string(golden)), string(told))

	c.Output.Dir, c.Output.IDKey = "elsewhere", "key"
	settings, err = c.Settings()
	require.NoError(t, err)
	elsewhere, err := json.MarshalIndent(settings.Configuration, "", "  ")
	require.NoError(t, err)
	assert.Equal(t, string(told), string(elsewhere), "where a report lies decides nothing of what it says")
}

func TestDefaults(t *testing.T) {
	c, err := parse("avstam.yaml", []byte(`
register: {snapshot: register.avr}
sources: [{name: a, files: ["-"]}]
output: {dir: /reports}
`))
	require.NoError(t, err)
	settings, err := c.Settings()
	require.NoError(t, err)
	settings.Configuration = nil
	assert.Equal(t, job.Settings{
		Register:   job.Register{Snapshot: "register.avr", ExtractDate: calendar.Missing},
		Sources:    []readers.Source{{Name: "a", Files: []string{"-"}}},
		Expect:     []job.Expect{{}},
		Policy:     rules.DefaultPolicy(),
		Output:     job.Output{Folder: "/reports", Parquet: true, HTML: true, Language: "en", SuppressBelow: 5},
		MaxRejects: job.Limit{IsShare: true, Share: 0.01},
	}, settings)
}

func TestAFolderNamedLikeAPatternIsNoPattern(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "[2025]*")
	require.NoError(t, os.MkdirAll(folder, 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.csv"), nil, 0o600))
	path := filepath.Join(folder, "avstam.yaml")
	require.NoError(t, os.WriteFile(path, []byte("register: {snapshot: r}\nsources: [{name: a, files: ['*.csv']}]\noutput: {dir: out}\n"), 0o600))
	c, err := Load(path)
	require.NoError(t, err)
	settings, err := c.Settings()
	require.NoError(t, err)
	found, err := filepath.Glob(settings.Sources[0].Files[0])
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(folder, "a.csv")}, found)
	assert.Equal(t, filepath.Join(folder, "r"), settings.Register.Snapshot)
}

func TestAFileThatIsNotThere(t *testing.T) {
	_, err := Load("testdata/none.yaml")
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "cannot read the configuration testdata/none.yaml: there is no such file")
	_, err = LoadPolicy("testdata/none.yaml")
	assert.ErrorContains(t, err, "cannot read the policy testdata/none.yaml: there is no such file")
}

func TestWhatIsMissingIsMissedWithItsPlace(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"no register at all", "sources: [{name: a, files: [b]}]\noutput: {dir: out}",
			`avstam.yaml:1:1: the key "register" is missing, and so is --register`},
		{"nothing to read", "register: {snapshot: r}\noutput: {dir: out}",
			`avstam.yaml:1:1: the key "sources" is missing, and so is --records`},
		{"nowhere to write", "register: {snapshot: r}\nsources: [{name: a, files: [b]}]\noutput:\n  numbers: masked",
			`avstam.yaml:4:3: the key "dir" is missing, and so is --out`},
	} {
		t.Run(row.why, func(t *testing.T) {
			c, err := parse("avstam.yaml", []byte(row.text))
			require.NoError(t, err)
			_, err = c.Settings()
			assert.EqualError(t, err, row.want)
		})
	}
}

func TestAPolicyOfItsOwn(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "numbers"), []byte("196408233234\n"), 0o600))
	path := filepath.Join(folder, "policy.yaml")
	require.NoError(t, os.WriteFile(path, []byte("rules: {test_number: warning}\ntest_numbers: numbers\n"), 0o600))
	p, err := LoadPolicy(path)
	require.NoError(t, err)
	assert.Equal(t, rules.Policy{
		Severities:         map[string]rules.Severity{"test_number": rules.Warning},
		ExpiringWithinDays: 90,
		StaleAfterDays:     31,
		TestNumbers:        []identity.Number{196408233234},
	}, p.rules())

	require.NoError(t, os.WriteFile(path, []byte("policy:\n  stale_after_days: 3\n"), 0o600))
	_, err = LoadPolicy(path)
	var problem Problem
	require.True(t, errors.As(err, &problem))
	assert.Equal(t, 1, problem.Line)
	assert.Contains(t, problem.Text, `unknown key "policy"`, "the file holds what stands under policy:, not the key")
}

func TestTestNumbersThatAreNone(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"ten digits leave the century open", "# list\n640823-3234\n", ":2: want a number of twelve digits, found ten"},
		{"the check digit is 4", "196408233235", ":1: want a number of twelve digits, found one with the fault check_digit"},
		{"words", "196408233234\n\nnobody\n", ":3: want a number of twelve digits, found one with the fault characters"},
		{"no numbers", "# none\n", " has no test numbers"},
	} {
		t.Run(row.why, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "numbers.txt")
			require.NoError(t, os.WriteFile(path, []byte(row.text), 0o600))
			_, err := readTestNumbers(path)
			assert.EqualError(t, err, path+row.want)
		})
	}
}
