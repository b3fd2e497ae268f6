package main

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A report that any version has published is readable for ever: its digests, counts and
// sums hold, its findings are explained by the record and register that they were made
// of, and other programs read its tables.
func TestGoldenReports(t *testing.T) {
	versions, err := filepath.Glob(filepath.Join("..", "..", "testdata", "golden", "v*"))
	require.NoError(t, err)
	require.NotEmpty(t, versions)
	for _, version := range versions {
		t.Run(filepath.Base(version), func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.CopyFS(folder, os.DirFS(version)))
			exit, output, line := call(t, folder, "verify", "report")
			require.Zero(t, exit, "%s\n%s", line, output)

			rows := func(name string) [][]string {
				text, err := os.Open(filepath.Join(folder, "report", name))
				require.NoError(t, err)
				defer text.Close() // it was only read
				rows, err := csv.NewReader(text).ReadAll()
				require.NoError(t, err)
				return rows
			}
			findings := rows("findings.csv")
			require.Greater(t, len(findings), 20)
			rules := map[string]bool{}
			for _, finding := range findings[1:] {
				if rule := finding[1]; !rules[rule] {
					rules[rule] = true
					exit, output, line := call(t, folder, "explain", "report", finding[0])
					require.Zero(t, exit, "%s: %s", rule, line)
					assert.Contains(t, output, rule)
					assert.NotContains(t, output, "have changed since", "the inputs are those of the report")
				}
			}
			require.Greater(t, len(rules), 8)

			for _, table := range []string{"findings", "rejects"} {
				want := rows(table + ".csv")
				parquet := filepath.Join(folder, "report", table+".parquet")
				requireArrowReads(t, parquet, want)
				t.Run(table+" in pyarrow", func(t *testing.T) {
					path := piped(t)
					requirePython(t, path, "pyarrow")
					told, said, err := shell(".", path, "python3 -c 'import sys, pyarrow.parquet as p; t = p.read_table(sys.argv[1]); print(t.num_rows, *t.column_names)' '"+parquet+"'")
					require.NoError(t, err, said)
					assert.Equal(t, fmt.Sprintf("%d %s\n", len(want)-1, strings.Join(want[0], " ")), string(told))
				})
			}

			// It is a test: a bit that is not as it was is found.
			path := filepath.Join(folder, "report", "findings.parquet")
			contents, err := os.ReadFile(path)
			require.NoError(t, err)
			contents[len(contents)/2] ^= 1
			require.NoError(t, os.WriteFile(path, contents, fs.FileMode(0o600)))
			exit, _, _ = call(t, folder, "verify", "report")
			assert.Equal(t, 1, exit)
		})
	}
}

// requireArrowReads reads a table with arrow-go and compares names and rows with
// those of its CSV.
func requireArrowReads(t *testing.T, path string, want [][]string) {
	t.Helper()
	reader, err := file.OpenParquetFile(path, false)
	require.NoError(t, err)
	defer reader.Close() // it was only read
	arrowReader, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	require.NoError(t, err)
	table, err := arrowReader.ReadTable(t.Context())
	require.NoError(t, err)
	defer table.Release()
	var names []string
	for _, field := range table.Schema().Fields() {
		names = append(names, field.Name)
	}
	assert.Equal(t, want[0], names)
	assert.EqualValues(t, len(want)-1, table.NumRows())
}
