package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/report"
)

// question is one of docs/analysis.md with its blocks by engine.
type question struct {
	title  string
	blocks map[string]string
}

func questions(t *testing.T) []question {
	t.Helper()
	contents, err := os.ReadFile(filepath.Join("..", "..", "docs", "analysis.md"))
	require.NoError(t, err)
	var list []question
	for section := range strings.SplitSeq(string(contents), "\n## ") {
		title, text, _ := strings.Cut(section, "\n")
		blocks := map[string]string{}
		for _, block := range regexp.MustCompile("(?s)```(sql|python)\n(.*?)\n```").FindAllStringSubmatch(text, -1) {
			engine := "duckdb"
			if block[1] == "python" {
				first, _, _ := strings.Cut(block[2], "\n")
				engine = strings.ToLower(strings.TrimPrefix(first, "# "))
			}
			blocks[engine] = block[2]
		}
		if regexp.MustCompile(`^\d+\. `).MatchString(title) {
			list = append(list, question{title, blocks})
		}
	}
	return list
}

// Ten questions, each in three engines that have nothing in common: they give the
// same answers, and no answer is empty.
func TestQuestionsOfAnalysis(t *testing.T) {
	list := questions(t)
	require.Len(t, list, 10)
	path := piped(t)
	folder := analysed(t)
	script, err := filepath.Abs(filepath.Join("testdata", "answers.py"))
	require.NoError(t, err)

	type answer struct {
		Columns []string
		Rows    [][]string
	}
	answers := map[string][]answer{}
	for _, engine := range []string{"duckdb", "polars", "pandas"} {
		t.Run(engine, func(t *testing.T) {
			requirePython(t, path, engine)
			if engine == "pandas" {
				requirePython(t, path, "pyarrow")
			}
			var blocks []map[string]string
			for _, q := range list {
				require.NotEmpty(t, q.blocks[engine], q.title)
				blocks = append(blocks, map[string]string{"engine": engine, "code": q.blocks[engine]})
			}
			input, err := json.Marshal(blocks)
			require.NoError(t, err)
			command := exec.Command("bash", "-c", `exec python3 "$0"`, script)
			command.Dir = filepath.Join(folder, "out")
			command.Env = append(os.Environ(), "PATH="+path)
			command.Stdin = bytes.NewReader(input)
			var errs bytes.Buffer
			command.Stderr = &errs
			output, err := command.Output()
			require.NoError(t, err, errs.String())
			var got []answer
			require.NoError(t, json.Unmarshal(output, &got))
			answers[engine] = got
			for i, q := range list {
				assert.NotEmpty(t, got[i].Rows, q.title)
			}
		})
	}
	for engine, got := range answers {
		for other, want := range answers {
			for i, q := range list {
				if engine < other {
					assert.Equal(t, want[i], got[i], "%s: %s and %s", q.title, other, engine)
				}
			}
		}
	}
}

// analysed is the folder of a demo with two reports, in the second of which some
// rows are rejected and more records were read.
func analysed(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "avstam-demo")
	exit, _, line := call(t, t.TempDir(), "generate", "--records", "20000", "--persons", "6000", "--dirty", "0.1", "--format", "parquet,csv", "--out", folder)
	require.Zero(t, exit, line)
	contents, err := os.ReadFile(filepath.Join(folder, "records.csv"))
	require.NoError(t, err)
	rows := bytes.SplitAfter(contents, []byte("\n"))
	write := func(name string, lines ...[]byte) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), bytes.Join(lines, nil), 0o600))
	}
	write("half.csv", rows[:10_000]...)
	write("spoilt.csv", rows[0], []byte("x,no day,1\n"), bytes.Replace(rows[1], []byte("2025-"), []byte("2025-13-"), 1), bytes.Replace(rows[2], []byte("."), []byte(".."), 1))
	configuration, err := os.ReadFile(filepath.Join(folder, "avstam.yaml"))
	require.NoError(t, err)
	write("avstam.yaml", bytes.Replace(configuration, []byte("files: [records.parquet]"), []byte("files: [records.parquet, spoilt.csv]"), 1))
	exit, _, line = call(t, folder, "run", "--records", "half.csv", "--register", "register.parquet", "--out", "out")
	require.Zero(t, exit, line)
	latest, err := os.Readlink(filepath.Join(folder, "out", "latest"))
	require.NoError(t, err)
	require.NoError(t, os.Symlink(latest, filepath.Join(folder, "out", "earlier")))
	exit, _, line = call(t, folder, "run")
	require.Zero(t, exit, line)
	return folder
}

// A query that names a column which is not there fails where its engine is
// installed; this one finds it everywhere.
func TestQuestionsNameColumnsThatAreThere(t *testing.T) {
	known := map[string]bool{}
	for _, column := range append(report.FindingColumns(), report.RejectColumns()...) {
		known[column.Name] = true
	}
	for _, q := range questions(t) {
		for _, name := range regexp.MustCompile(`(?:pl\.col|pl\.sum|pl\.min|pl\.max)\("([a-z_]+)"\)`).FindAllStringSubmatch(q.blocks["polars"], -1) {
			made := regexp.MustCompile(`alias\("` + name[1] + `"\)|` + name[1] + `=`).MatchString(q.blocks["polars"])
			assert.True(t, known[name[1]] || made, "%s: %s", q.title, name[1])
		}
	}
}
