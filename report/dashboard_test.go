package report

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notOnTheDashboard are families that it leaves out, with the reason.
var notOnTheDashboard = map[string]string{}

// writtenFamilies are the families of metrics.prom with their labels, from a
// report that has some of each.
func writtenFamilies(t *testing.T) map[string][]string {
	t.Helper()
	f := newFixture(t, 1, 400)
	f.closing.PeakMemory = 1
	f.closing.Notices = []Notice{{Name: "stale_register"}}
	_, published := f.publish(t)
	families := map[string][]string{}
	for line := range strings.Lines(string(published.Metrics)) {
		found := regexp.MustCompile(`^(avstam_[a-z_]+)(?:\{(.*)\})? \S+\n$`).FindStringSubmatch(line)
		if found == nil {
			require.True(t, strings.HasPrefix(line, "# "), line)
			continue
		}
		var labels []string
		for _, label := range regexp.MustCompile(`([a-z_]+)="`).FindAllStringSubmatch(found[2], -1) {
			labels = append(labels, label[1])
		}
		families[found[1]] = labels
	}
	require.NotEmpty(t, families["avstam_rejected"])
	return families
}

// The dashboard shows every family that is written, by labels that it has, and
// none that is not.
func TestTheDashboardShowsWhatIsWritten(t *testing.T) {
	families := writtenFamilies(t)
	contents, err := os.ReadFile(filepath.Join("..", "docs", "examples", "grafana-dashboard.json"))
	require.NoError(t, err)
	var dashboard struct {
		Templating struct {
			List []struct {
				Name  string
				Query any
			}
		}
		Panels []struct {
			ID                 int
			Title, Description string
			GridPos            struct{ X, Y, W, H int }
			Targets            []struct{ Expr, LegendFormat string }
		}
	}
	require.NoError(t, json.Unmarshal(contents, &dashboard))

	variables := map[string]bool{}
	var expressions []string
	for _, variable := range dashboard.Templating.List {
		variables[variable.Name] = true
		if query, ok := variable.Query.(map[string]any); ok {
			expression := query["query"].(string)
			found := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(expression)
			require.NotNil(t, found, expression)
			assert.Contains(t, append(families[found[1]], "instance"), found[2], expression)
			assert.Contains(t, families, found[1])
		}
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, panel := range dashboard.Panels {
		assert.NotEmpty(t, panel.Title)
		assert.NotEmpty(t, panel.Description, panel.Title)
		assert.False(t, ids[panel.ID], "two panels %d", panel.ID)
		ids[panel.ID] = true
		at := panel.GridPos
		assert.LessOrEqual(t, at.X+at.W, 24, panel.Title)
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				assert.Empty(t, taken[[2]int{x, y}], "%s lies on another panel", panel.Title)
				taken[[2]int{x, y}] = panel.Title
			}
		}
		require.NotEmpty(t, panel.Targets, panel.Title)
		for _, target := range panel.Targets {
			expressions = append(expressions, target.Expr)
			named := regexp.MustCompile(`avstam_[a-z_]+`).FindAllString(target.Expr, -1)
			require.NotEmpty(t, named, target.Expr)
			labels := []string{"instance"} // which Prometheus adds
			for _, name := range named {
				require.Contains(t, families, name, target.Expr)
				labels = append(labels, families[name]...)
			}
			used := regexp.MustCompile(`(\w+)=~?"`).FindAllStringSubmatch(target.Expr, -1)
			used = append(used, regexp.MustCompile(`{{(\w+)}}`).FindAllStringSubmatch(target.LegendFormat, -1)...)
			for _, label := range used {
				assert.Contains(t, labels, label[1], target.Expr)
			}
			for _, list := range regexp.MustCompile(`(?:by|ignoring|on) ?\(([\w, ]+)\)`).FindAllStringSubmatch(target.Expr, -1) {
				for label := range strings.SplitSeq(list[1], ", ") {
					assert.Contains(t, labels, label, target.Expr)
				}
			}
			for _, variable := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				assert.True(t, variables[variable[1]], target.Expr)
			}
		}
	}
	all := strings.Join(expressions, "\n")
	for _, name := range slices.Sorted(maps.Keys(families)) {
		isShown := regexp.MustCompile(`\b` + name + `\b`).MatchString(all)
		assert.True(t, isShown != (notOnTheDashboard[name] != ""), "%s is written: show it, or say in notOnTheDashboard why not", name)
	}
	for name := range notOnTheDashboard {
		assert.Contains(t, families, name)
	}
	for _, severity := range regexp.MustCompile(`severity=~"([a-z|]+)"`).FindAllStringSubmatch(all, -1) {
		for _, word := range strings.Split(severity[1], "|") {
			_, err := flags([]byte(word))
			assert.NoError(t, err, word)
		}
	}
}
