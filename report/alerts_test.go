package report

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The alerts look at families that are written, by labels that these have: one that
// does not would never fire.
func TestTheAlertsLookAtWhatIsWritten(t *testing.T) {
	families := writtenFamilies(t)
	contents, err := os.ReadFile(filepath.Join("..", "docs", "examples", "alerts.yaml"))
	require.NoError(t, err)
	reference, err := os.ReadFile(filepath.Join("..", "docs", "reference.md"))
	require.NoError(t, err)
	expressions := regexp.MustCompile(`(?m)^ +expr: (.+)$`).FindAllSubmatch(contents, -1)
	require.Len(t, expressions, strings.Count(string(contents), "- alert: "))
	var looksAt []string
	for _, found := range expressions {
		expression := string(found[1])
		named := regexp.MustCompile(`avstam_[a-z_]+`).FindAllString(expression, -1)
		require.NotEmpty(t, named, expression)
		looksAt = append(looksAt, named...)
		var labels []string
		for _, name := range named {
			require.Contains(t, families, name, expression)
			labels = append(labels, families[name]...)
		}
		for _, label := range regexp.MustCompile(`(\w+)=~?"`).FindAllStringSubmatch(expression, -1) {
			assert.Contains(t, labels, label[1], expression)
		}
		for _, notices := range regexp.MustCompile(`avstam_notices{name=~?"([a-z_|]+)"}`).FindAllStringSubmatch(expression, -1) {
			for name := range strings.SplitSeq(notices[1], "|") {
				assert.Contains(t, string(reference), "\n| `"+name+"` | ", "there is no such notice")
			}
		}
	}
	// A run whose files have no rows has nothing rejected, in no share that an alert
	// could compare; one with an old extract is done, with status 0.
	for _, name := range []string{"avstam_records_read", "avstam_register_extract_timestamp_seconds", "avstam_notices"} {
		assert.True(t, slices.Contains(looksAt, name), "no alert looks at %s", name)
	}
	assert.Regexp(t, `(?m)^ +expr: avstam_records_read == 0 or avstam_notices`, string(contents))
}
