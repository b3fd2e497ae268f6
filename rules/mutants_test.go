package rules_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every mutant of a rule fails the rule's own cases, or those of policies that
// leave it idle: each comparison moved by
// one or turned round, each condition negated, each "and" and "or" exchanged,
// each whole number changed by one, each text changed, and the rule shown other
// records. The mutant is built in
// place of the file by the compiler's overlay; the tree is not touched.
//
// It compiles the package some hundred times, so it runs only where
// AVSTAM_MUTANTS is set: `make mutants`, and in the checks.
func TestMutants(t *testing.T) {
	if os.Getenv("AVSTAM_MUTANTS") == "" {
		t.Skip("mutants take minutes; make mutants runs them")
	}
	for _, rule := range rules.All() {
		t.Run(rule.Name, func(t *testing.T) {
			t.Parallel() // most of the time one process links
			file := rule.Name + ".go"
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			mutants := mutantsOf(t, file, source)
			require.NotEmpty(t, mutants, file)
			for _, mutant := range mutants {
				assert.True(t, isKilled(t, rule.Name, file, mutant.source), "no case of testdata/%s.csv fails for the mutant of %s, %s", rule.Name, file, mutant.what)
			}
			t.Logf("%d mutants", len(mutants))
		})
	}
}

type mutant struct {
	what   string
	source []byte
}

// mutantsOf are the mutants of the functions of a file; what a rule says of
// itself is not mutated.
func mutantsOf(t *testing.T, name string, source []byte) []mutant {
	t.Helper()
	var mutants []mutant
	for place := 0; ; place++ {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, source, 0)
		require.NoError(t, err)
		what, ok := mutate(file, files, place)
		if !ok {
			return mutants
		}
		var text bytes.Buffer
		require.NoError(t, format.Node(&text, files, file))
		mutants = append(mutants, mutant{what, text.Bytes()})
	}
}

var swapped = map[token.Token][]token.Token{
	token.LSS:  {token.LEQ, token.GEQ},
	token.LEQ:  {token.LSS, token.GTR},
	token.GTR:  {token.GEQ, token.LEQ},
	token.GEQ:  {token.GTR, token.LSS},
	token.EQL:  {token.NEQ},
	token.NEQ:  {token.EQL},
	token.LAND: {token.LOR},
	token.LOR:  {token.LAND},
}

// mutate makes the place-th mutation of the file, and says which.
func mutate(file *ast.File, files *token.FileSet, place int) (what string, ok bool) {
	at := func(node ast.Node, from, to any) string {
		return fmt.Sprintf("line %d: %v to %v", files.Position(node.Pos()).Line, from, to)
	}
	count := 0
	ast.Inspect(file, func(node ast.Node) bool {
		if pair, isPair := node.(*ast.KeyValueExpr); isPair && !ok {
			if key, isName := pair.Key.(*ast.Ident); isName && key.Name == "Looks" {
				if count == place {
					other := "MalformedRows"
					if pair.Value.(*ast.Ident).Name == other {
						other = "ReadRows"
					}
					what, ok = at(pair, "Looks", other), true
					pair.Value = ast.NewIdent(other)
					return false
				}
				count++
			}
		}
		body := bodyOf(node)
		if body == nil || ok {
			return !ok
		}
		ast.Inspect(body, func(node ast.Node) bool {
			if ok {
				return false
			}
			switch n := node.(type) {
			case *ast.SliceExpr, *ast.ArrayType:
				return false // where bytes lie is no condition
			case *ast.BinaryExpr:
				for _, to := range swapped[n.Op] {
					if count == place {
						what, ok = at(n, n.Op, to), true
						n.Op = to
						return false
					}
					count++
				}
			case *ast.UnaryExpr:
				if n.Op == token.NOT {
					if count == place {
						what, ok = at(n, "!", "!!"), true
						n.X = &ast.UnaryExpr{Op: token.NOT, X: n.X}
						return false
					}
					count++
				}
			case *ast.BasicLit:
				if count == place {
					before := n.Value
					switch n.Kind {
					case token.INT:
						value, err := strconv.ParseInt(n.Value, 0, 64)
						if err != nil {
							return true
						}
						n.Value = strconv.FormatInt(value+1, 10)
					case token.STRING:
						n.Value = strconv.Quote(strings.Trim(n.Value, `"`) + "x")
					}
					what, ok = at(n, before, n.Value), true
					return false
				}
				count++
			}
			return true
		})
		return false
	})
	return what, ok
}

func bodyOf(node ast.Node) *ast.BlockStmt {
	switch n := node.(type) {
	case *ast.FuncLit:
		return n.Body
	case *ast.FuncDecl:
		return n.Body
	}
	return nil
}

// isKilled runs the rule's cases against a mutant. One that does not compile is
// no mutant, and counts as killed.
func isKilled(t *testing.T, rule, file string, source []byte) bool {
	t.Helper()
	folder := t.TempDir()
	replaced := filepath.Join(folder, file)
	require.NoError(t, os.WriteFile(replaced, source, 0o600))
	here, err := filepath.Abs(file)
	require.NoError(t, err)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{here: replaced}})
	require.NoError(t, err)
	overlayFile := filepath.Join(folder, "overlay.json")
	require.NoError(t, os.WriteFile(overlayFile, overlay, 0o600))
	command := exec.Command("go", "test", "-vet=off", "-overlay", overlayFile, "-count=1", "-run", "^(TestCases|TestIdleRules)$/^"+rule+"$", ".")
	output, err := command.CombinedOutput()
	if err == nil {
		require.Contains(t, string(output), "ok", "the cases ran")
		return false
	}
	return true
}
