package avstam_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The README's tables are what the program says of itself; AVSTAM_GOLDEN=write
// writes them anew.
func TestReadmeTablesAreThePrograms(t *testing.T) {
	const path = "README.md"
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	text := string(contents)
	for _, table := range []struct{ name, contents string }{
		{"catalogue", catalogue()},
		{"columns", columns()},
	} {
		begin := fmt.Sprintf("<!-- %s: written by make golden -->\n", table.name)
		end := fmt.Sprintf("<!-- end of %s -->", table.name)
		before, rest, found := strings.Cut(text, begin)
		require.True(t, found, "README.md has the line %q", begin)
		_, after, found := strings.Cut(rest, end)
		require.True(t, found, "README.md has the line %q", end)
		text = before + begin + table.contents + end + after
	}
	if os.Getenv("AVSTAM_GOLDEN") == "write" {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return
	}
	assert.True(t, text == string(contents), "README.md's tables are not what the program says; run make golden and look at the diff")
}

func catalogue() string {
	var text strings.Builder
	text.WriteString("| rule | severity | direction | finds |\n|---|---|---|---|\n")
	for _, rule := range rules.All() {
		severity := rule.Severity.String()
		if rule.OffByDefault {
			severity += ", off by default"
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", rule.Name, severity, rule.Direction, rule.Doc)
	}
	return text.String()
}

func columns() string {
	var text strings.Builder
	text.WriteString("| column | type | |\n|---|---|---|\n")
	for _, column := range report.FindingColumns() {
		fmt.Fprintf(&text, "| `%s` | %s | %s |\n", column.Name, column.Type, column.Doc)
	}
	return text.String()
}
