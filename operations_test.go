package avstam_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the test is about Stockholm, whatever the system knows

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nightlyTimes are the ways in which examples say when the night begins; hour and
// minute by name.
var nightlyTimes = []*regexp.Regexp{
	regexp.MustCompile(`OnCalendar=\*-\*-\* (?<hour>\d+):(?<minute>\d+):00 Europe/Stockholm\n`),
	regexp.MustCompile(`schedule: "(?<minute>\d+) (?<hour>\d+) \* \* \*"\n +timeZone: Europe/Stockholm\n`),
}

// isOnceOn says whether the clocks of Stockholm show a time once on that day.
func isOnceOn(t *testing.T, year int, month time.Month, day, hour, minute int) bool {
	t.Helper()
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	require.NoError(t, err)
	times := 0
	for at := time.Date(year, month, day, 0, 0, 0, 0, stockholm); at.Day() == day; at = at.Add(time.Minute) {
		if at.Hour() == hour && at.Minute() == minute {
			times++
		}
	}
	return times == 1
}

// A night that begins at a time that the clocks leave out in March is missed, and one
// that they show twice in October may be run twice.
func TestTheDocumentedNightComesOnceADay(t *testing.T) {
	once := func(hour, minute int) bool {
		return isOnceOn(t, 2026, time.March, 29, hour, minute) && isOnceOn(t, 2026, time.October, 25, hour, minute)
	}
	require.False(t, once(2, 0))
	require.False(t, once(2, 59))
	require.True(t, once(3, 0))

	var files []string
	for _, pattern := range []string{"README.md", "docs/*.md", "docs/examples/*", "deploy/*/*"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	times, saidIn := map[string]bool{}, map[string]int{}
	for _, file := range files {
		contents, err := os.ReadFile(file)
		if info, statErr := os.Stat(file); statErr == nil && info.IsDir() {
			continue
		}
		require.NoError(t, err)
		said := len(regexp.MustCompile(`(?m)^OnCalendar=|^ *schedule: `).FindAll(contents, -1))
		for _, form := range nightlyTimes {
			for _, found := range form.FindAllSubmatch(contents, -1) {
				hour, err := strconv.Atoi(string(found[form.SubexpIndex("hour")]))
				require.NoError(t, err)
				minute, err := strconv.Atoi(string(found[form.SubexpIndex("minute")]))
				require.NoError(t, err)
				assert.True(t, once(hour, minute), "%s: %02d:%02d is not once on every day", file, hour, minute)
				times[fmt.Sprintf("%02d:%02d", hour, minute)] = true
				saidIn[file]++
			}
		}
		assert.Equal(t, said, saidIn[file], "%s has a time that is not understood here", file)
	}
	assert.Len(t, times, 1, "all begin at the same time")
	for file, said := range map[string]int{"docs/operations.md": 2, "docs/examples/avstam.timer": 1, "docs/examples/cronjob.yaml": 1} {
		assert.Equal(t, said, saidIn[file], file)
	}
}

// What operations.md shows of an example is the file.
func TestTheExamplesAreAsTheyAreShown(t *testing.T) {
	shown, err := os.ReadFile(filepath.Join("docs", "operations.md"))
	require.NoError(t, err)
	examples, err := os.ReadDir(filepath.Join("docs", "examples"))
	require.NoError(t, err)
	for _, example := range examples {
		if example.Name() == "grafana-dashboard.json" {
			continue // too long to be shown
		}
		contents, err := os.ReadFile(filepath.Join("docs", "examples", example.Name()))
		require.NoError(t, err)
		assert.True(t, strings.Contains(string(shown), "\n"+string(contents)+"```\n"), "operations.md does not show %s as it is", example.Name())
	}
}

// The rules of alerts have what Prometheus takes and nothing else: it refuses the whole
// file for one key that it does not know. What alerts say must be quoted where it has a
// comma, which would end it otherwise.
func TestTheAlertsAreReadAsPrometheusReadsThem(t *testing.T) {
	contents, err := os.ReadFile(filepath.Join("docs", "examples", "alerts.yaml"))
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Name     string `yaml:"name"`
			Interval string `yaml:"interval"`
			Rules    []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	require.NoError(t, yaml.UnmarshalWithOptions(contents, &file, yaml.Strict()))
	names := map[string]bool{}
	for _, group := range file.Groups {
		assert.NotEmpty(t, group.Name)
		require.NotEmpty(t, group.Rules, group.Name)
		for _, rule := range group.Rules {
			assert.Regexp(t, `^Avstam[A-Za-z]+$`, rule.Alert)
			assert.False(t, names[rule.Alert], "%s is there twice", rule.Alert)
			names[rule.Alert] = true
			assert.NotEmpty(t, rule.Expr, rule.Alert)
			if rule.For != "" {
				_, err := time.ParseDuration(rule.For)
				assert.NoError(t, err, rule.Alert)
			}
			assert.Contains(t, []string{"critical", "warning"}, rule.Labels["severity"], rule.Alert)
			assert.Len(t, rule.Labels, 1, rule.Alert)
			for name, text := range rule.Annotations {
				assert.Contains(t, []string{"summary", "description"}, name, rule.Alert)
				assert.Regexp(t, `[.]$`, text, "%s: it is a whole sentence", rule.Alert)
			}
			assert.Contains(t, rule.Annotations, "summary", rule.Alert)
		}
	}
	assert.Len(t, names, strings.Count(string(contents), "- alert: "))
}

// A key that is shown being made is never, by the umask of whoever types it, in a file
// that others can read.
func TestNoKeyIsMadeForOthersToRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("docs", "*.md"))
	require.NoError(t, err)
	made := 0
	for _, file := range append(files, "README.md") {
		contents, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.Lines(string(contents)) {
			if strings.Contains(line, "openssl rand") {
				made++
				assert.Regexp(t, `openssl rand -hex 32 \| [^>]*/dev/stdin`, line, file)
			}
		}
	}
	assert.Equal(t, 3, made)
}
