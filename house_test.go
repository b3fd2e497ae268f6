package avstam_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// house says which of our packages each package may import; docs/architecture.md
// says why. What is not in the table is not in the house.
var house = map[string][]string{
	"calendar":      {},
	"disk":          {"objects"},
	"objects":       {},
	"column":        {},
	"arrowipc":      {},
	"snappy":        {},
	"identity":      {"calendar"},
	"register":      {"calendar", "disk", "identity", "storage"},
	"pipeline":      {"calendar", "column", "identity", "register"},
	"readers":       {"arrowipc", "calendar", "column", "disk", "identity", "pipeline", "register", "snappy"},
	"rules":         {"calendar", "identity", "pipeline", "register"},
	"storage":       {"disk", "objects"},
	"report":        {"arrowipc", "calendar", "column", "disk", "identity", "pipeline", "register", "rules", "storage"},
	"synth":         {"calendar", "disk"},
	"config":        {"calendar", "disk", "identity", "job", "readers", "register", "report", "rules"},
	"job":           {"calendar", "casework", "disk", "identity", "pipeline", "readers", "register", "report", "rules", "storage"},
	"casework":      {"calendar", "disk", "identity", "pipeline", "readers", "register", "report", "rules", "storage"},
	"job/reference": {},
	"damage":        {},
	"benchmarks":    {"calendar", "job", "readers", "register", "rules", "synth"},
	"cmd/avstam":    {"calendar", "casework", "config", "disk", "identity", "job", "pipeline", "readers", "register", "report", "rules", "storage", "synth"},

	// Tools of those who measure; they see the program from without.
	"benchmarks/compare":     {},
	"benchmarks/peers":       {},
	"benchmarks/peers/naive": {},
}

const module = "github.com/avstam/avstam/"

// Imports go one way: a package that imports what it may not is a change of
// the house, to be made in the table, in docs/architecture.md, or not at all.
func TestImportsGoOneWay(t *testing.T) {
	output, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	require.NoError(t, err)
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for decoder.More() {
		var listed struct {
			ImportPath string
			Imports    []string
		}
		require.NoError(t, decoder.Decode(&listed))
		name, ours := strings.CutPrefix(listed.ImportPath, module)
		if !ours {
			continue // the folder of this test
		}
		allowed, known := house[name]
		if !known {
			t.Errorf("package %s is not in the house: add it to the table here and in docs/architecture.md, with its duty in one sentence", name)
			continue
		}
		for _, imported := range listed.Imports {
			if other, ours := strings.CutPrefix(imported, module); ours && !slices.Contains(allowed, other) {
				t.Errorf("package %s imports %s, which it may not: move what it needs down, or pass it in", name, other)
			}
		}
	}
}
