package avstam_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// besideTheDoor are functions that reach files or the clock, and package disk and
// the clock of the program stand for: whoever calls one of them goes where no test
// can let it fail. Of package os it is everything but what is named.
var (
	harmlessOfOS = []string{
		"Args", "DevNull", "Executable", "Exit", "Getenv", "Hostname", "Interrupt", "NewFile", "Signal", "Stderr", "Stdin", "Stdout", "TempDir",
		"ErrClosed", "ErrExist", "ErrNotExist", "FileInfo", "FileMode", "PathError",
		"O_APPEND", "O_CREATE", "O_EXCL", "O_RDONLY", "O_RDWR", "O_TRUNC", "O_WRONLY",
	}
	besideTheDoor = map[string][]string{
		"path/filepath":         {"EvalSymlinks", "Glob", "Walk", "WalkDir"},
		"syscall":               {"Flock", "Link", "Mkdir", "Open", "Pread", "Pwrite", "Read", "Rename", "Unlink", "Write"},
		"time":                  {"LoadLocation", "Now", "Since", "Until"}, // LoadLocation asks the environment and the machine for files
		"golang.org/x/sys/unix": {"Flock", "Open", "Openat", "Syncfs"},
		"github.com/apache/arrow-go/v18/parquet/file":    {"OpenParquetFile"},
		"github.com/apache/arrow-go/v18/parquet/pqarrow": {"OpenFile"},
	}
	// mayGoBeside says who may, and why.
	mayGoBeside = map[string]string{
		"cmd/avstam/clock.go time.Now":              "it is the clock",
		"beam/cmd/avstam-beam/pipeline.go time.Now": "it is the clock of that program",
		"objects/connect.go time.Now":               "a deadline of a connection is a moment of the system's clock",
		"cmd/avstam/main.go time.Now":               "a deadline of the standard streams is a moment of the system's clock",
		"cmd/avstam/main.go syscall.Open":           "standard output, opened anew",
		"cmd/avstam/terminal.go os.File":            "whether standard output is a terminal",
		"cmd/avstam/main.go os.File":                "the standard streams",
	}
)

// Every file and folder is reached through package disk, and the time is told by
// one clock, so that the tests of faults meet every call that there is.
func TestNobodyGoesBesideTheDoor(t *testing.T) {
	used := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			// Tools of those who measure, and what makes files for tests.
			if slices.Contains([]string{".git", "disk", "benchmarks", "testdata"}, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		packages := map[string]string{} // by the name that the file has for them
		for _, imported := range parsed.Imports {
			at, err := strconv.Unquote(imported.Path.Value)
			if err != nil {
				return err
			}
			called := path.Base(at)
			if imported.Name != nil {
				called = imported.Name.Name
			}
			packages[called] = at
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := selector.X.(*ast.Ident)
			if !ok || packages[from.Name] == "" {
				return true
			}
			at, what := packages[from.Name], selector.Sel.Name
			if at == "os" && !slices.Contains(harmlessOfOS, what) || slices.Contains(besideTheDoor[at], what) {
				call := filepath.ToSlash(name) + " " + path.Base(at) + "." + what
				if used[call] = true; mayGoBeside[call] == "" {
					t.Errorf("%s: files and folders are reached through package disk, and the time is told by the job's settings or the program's clock", call)
				}
			}
			return true
		})
		return nil
	})
	require.NoError(t, err)
	for call := range mayGoBeside {
		if !used[call] {
			t.Errorf("%s is no longer used: take it off the list", call)
		}
	}
}
