package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVariablesInPaths(t *testing.T) {
	t.Setenv("AVSTAM_TEST_IN", "/srv/in")
	t.Setenv("AVSTAM_TEST_EMPTY", "")
	t.Setenv("AVSTAM_TEST_LINES", "in\nout")
	for _, row := range []struct{ why, path, want, complaint string }{
		{why: "a path without any", path: "in/*.csv", want: "in/*.csv"},
		{why: "a variable", path: "${AVSTAM_TEST_IN}/fk/*.csv", want: "/srv/in/fk/*.csv"},
		{why: "two, and text between", path: "a${AVSTAM_TEST_IN}-${AVSTAM_TEST_IN}", want: "a/srv/in-/srv/in"},
		{why: "one that is set needs no default", path: "${AVSTAM_TEST_IN:-in}", want: "/srv/in"},
		{why: "a default", path: "${AVSTAM_TEST_NONE:-in}/a", want: "in/a"},
		{why: "an empty variable is as good as none", path: "${AVSTAM_TEST_EMPTY:-in}/a", want: "in/a"},
		{why: "an empty default, where nothing is meant", path: "${AVSTAM_TEST_NONE:-}in", want: "in"},
		{why: "a default may look like one", path: "${AVSTAM_TEST_NONE:-a:-b}", want: "a:-b"},
		{why: "two dollars are one", path: "a$$b$$", want: "a$b$"},
		{why: "and begin no variable", path: "$${AVSTAM_TEST_IN}", want: "${AVSTAM_TEST_IN}"},

		{why: "not set: the path would begin at the root", path: "${AVSTAM_TEST_NONE}/in", complaint: "the variable AVSTAM_TEST_NONE is not set, or empty, and has no default as in ${AVSTAM_TEST_NONE:-default}"},
		{why: "empty: the same", path: "${AVSTAM_TEST_EMPTY}/in", complaint: "the variable AVSTAM_TEST_EMPTY is not set, or empty, and has no default as in ${AVSTAM_TEST_EMPTY:-default}"},
		{why: "nothing is left", path: "${AVSTAM_TEST_NONE:-}", complaint: "the path is empty when its variables are put in"},
		{why: "the shell's short form could be a name", path: "$AVSTAM_TEST_IN/a", complaint: "a dollar begins ${NAME} or ${NAME:-default}; write $$ for the character itself"},
		{why: "a dollar at the end", path: "a$", complaint: "a dollar begins ${NAME} or ${NAME:-default}; write $$ for the character itself"},
		{why: "not closed", path: "${AVSTAM_TEST_IN", complaint: "a dollar begins ${NAME} or ${NAME:-default}; write $$ for the character itself"},
		{why: "no name", path: "${}", complaint: `"" is no name of a variable: letters, digits and underscores, as in ${NAME} or ${NAME:-default}`},
		{why: "other forms of the shell", path: "${AVSTAM_TEST_IN-in}", complaint: `"AVSTAM_TEST_IN-in" is no name of a variable: letters, digits and underscores, as in ${NAME} or ${NAME:-default}`},
		{why: "a name begins with no digit", path: "${1}", complaint: `"1" is no name of a variable: letters, digits and underscores, as in ${NAME} or ${NAME:-default}`},
		{why: "a variable in a default", path: "${A:-$B}", complaint: "the default of A has a dollar in it; a default is plain text"},
		{why: "a line break is no path, and no value is repeated", path: "${AVSTAM_TEST_LINES}", complaint: "the value of the variable AVSTAM_TEST_LINES is no path: it is too long, or has a control character"},
	} {
		t.Run(row.why, func(t *testing.T) {
			expanded, complaint := expand(row.path)
			assert.Equal(t, row.complaint, complaint)
			assert.Equal(t, row.want, expanded)
			if complaint == "" {
				again, _ := expand(literal(expanded))
				assert.Equal(t, expanded, again, "a path of the command line is taken as it stands")
			}
		})
	}
}

func TestVariablesOfAConfiguration(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("AVSTAM_TEST_DATA", "/srv/data")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "numbers.txt"), []byte("196408233234\n"), 0o600))
	path := filepath.Join(folder, "avstam.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`register:
  snapshot: ${AVSTAM_TEST_DATA}/register.avr
  previous: ${AVSTAM_TEST_NONE:-old}/register.avr
sources:
  - name: ${AVSTAM_TEST_DATA}
    files: ["${AVSTAM_TEST_DATA}/*.csv", "in/$$.csv", "${AVSTAM_TEST_NONE:--}"]
policy: {test_numbers: "${AVSTAM_TEST_NONE:-numbers}.txt"}
output: {dir: "${AVSTAM_TEST_DATA}/out", id_key: "${AVSTAM_TEST_DATA}/key", baseline: "${AVSTAM_TEST_DATA}/out/one"}
decisions: ${AVSTAM_TEST_NONE:-decisions}.csv
`), 0o600))
	c, err := Load(path)
	require.NoError(t, err)
	settings, err := c.Settings()
	require.NoError(t, err)
	assert.Equal(t, "/srv/data/register.avr", settings.Register.Snapshot)
	assert.Equal(t, filepath.Join(folder, "old/register.avr"), settings.Register.Previous, "what does not begin at the root is relative to the file")
	assert.Equal(t, []string{"/srv/data/*.csv", filepath.Join(folder, "in/$.csv"), "-"}, settings.Sources[0].Files)
	assert.Equal(t, "${AVSTAM_TEST_DATA}", settings.Sources[0].Name, "only paths have variables")
	assert.Len(t, settings.Policy.TestNumbers, 1)
	assert.Equal(t, "/srv/data/out", settings.Output.Folder)
	assert.Equal(t, "/srv/data/key", settings.Output.KeyFile)
	assert.Equal(t, "/srv/data/out/one", settings.Baseline)
	assert.Equal(t, filepath.Join(folder, "decisions.csv"), settings.Decisions)

	manifest, err := json.Marshal(settings.Configuration)
	require.NoError(t, err)
	assert.Contains(t, string(manifest), `"${AVSTAM_TEST_DATA}/*.csv"`, "the manifest tells the configuration as it is written")
	assert.NotContains(t, string(manifest), "/srv/data")
}

func TestAVariableThatIsNotSetIsNamedByItsPlace(t *testing.T) {
	text := "register:\n  files: [a, \"${AVSTAM_TEST_NONE}/b\"]\noutput:\n  dir: ${AVSTAM_TEST_NONE}\npolicy: {test_numbers: $x}\nsources: [{name: a, files: [\"$\"]}]"
	_, err := parse("f", []byte(text))
	var problems Problems
	require.ErrorAs(t, err, &problems)
	places := make([]string, len(problems))
	for i, problem := range problems {
		places[i] = problem.Error()
	}
	const unset = "the variable AVSTAM_TEST_NONE is not set, or empty, and has no default as in ${AVSTAM_TEST_NONE:-default}"
	const dollar = "a dollar begins ${NAME} or ${NAME:-default}; write $$ for the character itself"
	assert.Equal(t, []string{"f:2:14: " + unset, "f:4:8: " + unset, "f:5:24: " + dollar, "f:6:29: " + dollar}, places)
}

func TestDollarsOfTheCommandLineAreCharacters(t *testing.T) {
	flags := Flags{Records: []string{"in/$a.csv"}, Register: []string{"${b}.csv"}, Out: "$out"}
	c, err := flags.Configuration()
	require.NoError(t, err)
	settings, err := c.Settings()
	require.NoError(t, err)
	assert.Equal(t, []string{"in/$a.csv"}, settings.Sources[0].Files)
	assert.Equal(t, []string{"${b}.csv"}, settings.Register.Extract.Files)
	assert.Equal(t, "$out", settings.Output.Folder)
}
