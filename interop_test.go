package avstam_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// corpusFile is an entry of testdata/interop/MANIFEST.json: a file that another
// program wrote, and how it is to be read.
type corpusFile struct {
	File    string // below testdata/interop
	Of      string // "records" or "register"
	Program string
	Version string
	Special string
	Rows    *int              // 0 where the file has none; where it is missing, the file has those of records.csv or register.csv
	Columns map[string]string // as of a source
	CSV     corpusCSV
}

// corpusCSV is what must be declared of a CSV file, as in a configuration.
type corpusCSV struct {
	Delimiter  string
	Decimal    string
	Encoding   string
	NoHeader   bool `json:"no_header"`
	Header     []string
	DateLayout string `json:"date_layout"`
}

var corpusFolder = filepath.Join("testdata", "interop")

func readCorpus(t *testing.T) []corpusFile {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(corpusFolder, "MANIFEST.json"))
	require.NoError(t, err)
	var files []corpusFile
	decoder := json.NewDecoder(bytes.NewReader(manifest))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&files))
	return files
}

func (f *corpusFile) source(path string) readers.Source {
	source := readers.Source{
		Name: f.Of, Files: []string{path}, Columns: f.Columns,
		CSV: readers.CSV{
			Encoding: f.CSV.Encoding, NoHeader: f.CSV.NoHeader || f.CSV.Header != nil, Header: f.CSV.Header, DateLayout: f.CSV.DateLayout,
		},
	}
	if f.CSV.Delimiter != "" {
		source.CSV.Delimiter = f.CSV.Delimiter[0]
	}
	if f.CSV.Decimal != "" {
		source.CSV.Decimal = f.CSV.Decimal[0]
	}
	return source
}

// corpus runs the job over files of the corpus. Every file is presented under
// the same path, so that the findings are the same to the last byte.
type corpus struct {
	settings job.Settings
	folder   string
}

func newCorpus(t *testing.T) *corpus {
	t.Helper()
	configuration, err := config.Load(filepath.Join(corpusFolder, "avstam.yaml"))
	require.NoError(t, err)
	settings, err := configuration.Settings()
	require.NoError(t, err)
	folder := t.TempDir()
	settings.Output.Folder = filepath.Join(folder, "out")
	settings.Output.KeyFile = filepath.Join(folder, "id_key")
	require.NoError(t, os.WriteFile(settings.Output.KeyFile, []byte(strings.Repeat("00", 32)), 0o600))
	settings.Workers = 2
	settings.AsOf = calendar.Of(2025, 12, 1)
	settings.Now = time.Now
	return &corpus{settings, folder}
}

// present copies a file of the corpus to the path at which all of its kind are read.
func (c *corpus) present(t *testing.T, file, of string) string {
	t.Helper()
	contents, err := os.ReadFile(filepath.Join(corpusFolder, file))
	require.NoError(t, err)
	path := filepath.Join(c.folder, of)
	require.NoError(t, os.WriteFile(path, contents, 0o600))
	return path
}

// corpusResult is what a run gives that no file may change.
type corpusResult struct {
	CSV     string // findings.csv
	parquet []byte // findings.parquet
	Records any    // the ledger's total
	Checks  any    // the register's overview
	Rules   []report.RuleCount
}

func (c *corpus) run(t *testing.T, records, register readers.Source) (corpusResult, error) {
	t.Helper()
	settings := c.settings
	settings.Sources = []readers.Source{records}
	settings.Register.Extract = register
	result, err := job.Run(t.Context(), settings)
	if err != nil {
		return corpusResult{}, err
	}
	require.NoError(t, result.Warning)
	text, err := os.ReadFile(filepath.Join(result.Folder, "findings.csv"))
	require.NoError(t, err)
	table, err := os.ReadFile(filepath.Join(result.Folder, "findings.parquet"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(result.Folder))
	return corpusResult{string(text), table, result.Summary.Records, result.Summary.Register, result.Summary.Rules}, nil
}

// Whatever program wrote the records or the register, in whatever types,
// encodings, codecs and dialects: the findings are the same, byte for byte.
func TestInterop(t *testing.T) {
	skipWhereSlow(t)
	c := newCorpus(t)
	baseRecords := corpusFile{Of: "records"}
	baseRegister := corpusFile{Of: "register"}
	registerPath := c.present(t, "register.csv", "register")
	want, err := c.run(t, baseRecords.source(c.present(t, "records.csv", "records")), baseRegister.source(registerPath))
	require.NoError(t, err)
	require.Greater(t, strings.Count(want.CSV, "\n"), 100, "the records have findings")
	header, _, _ := strings.Cut(want.CSV, "\n")

	for _, file := range readCorpus(t) {
		t.Run(file.File, func(t *testing.T) {
			records, register := baseRecords.source(filepath.Join(c.folder, "records")), baseRegister.source(registerPath)
			if file.Of == "register" {
				c.present(t, "records.csv", "records")
				register = file.source(c.present(t, file.File, "register"))
				defer c.present(t, "register.csv", "register")
			} else {
				records = file.source(c.present(t, file.File, "records"))
			}
			got, err := c.run(t, records, register)
			require.NoError(t, err, "%s %s: %s", file.Program, file.Version, file.Special)
			if file.Rows != nil && *file.Rows == 0 {
				assert.Equal(t, header+"\n", got.CSV, "%s %s: %s", file.Program, file.Version, file.Special)
				return
			}
			assert.Equal(t, want.Records, got.Records, "%s %s: %s", file.Program, file.Version, file.Special)
			assert.Equal(t, want.Checks, got.Checks, "%s %s: %s", file.Program, file.Version, file.Special)
			if !assert.True(t, want.CSV == got.CSV, "%s %s: %s: the findings are others", file.Program, file.Version, file.Special) {
				t.Log(firstDifference(want.CSV, got.CSV))
			}
			assert.True(t, bytes.Equal(want.parquet, got.parquet), "%s %s: %s: findings.parquet is another", file.Program, file.Version, file.Special)
		})
	}
}

// firstDifference names the first line that differs, and its columns: values
// are personal data.
func firstDifference(want, got string) string {
	wantLines, gotLines := strings.Split(want, "\n"), strings.Split(got, "\n")
	names := strings.Split(wantLines[0], ",")
	for i := range min(len(wantLines), len(gotLines)) {
		if wantLines[i] == gotLines[i] {
			continue
		}
		text := fmt.Sprintf("line %d:", i+1)
		a, b := strings.Split(wantLines[i], ","), strings.Split(gotLines[i], ",")
		for k := range min(len(a), len(b), len(names)) {
			if a[k] != b[k] {
				text += " " + names[k]
			}
		}
		return text
	}
	return "one has more lines"
}

// The manifest and the folder have the same files, and they stay small.
func TestInteropManifest(t *testing.T) {
	var listed []string
	for _, file := range readCorpus(t) {
		listed = append(listed, filepath.FromSlash(file.File))
		assert.Contains(t, []string{"records", "register"}, file.Of, file.File)
		assert.NotEmpty(t, file.Version, file.File)
		assert.NotEmpty(t, file.Special, file.File)
	}
	var there []string
	var size int64
	require.NoError(t, filepath.WalkDir(corpusFolder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(corpusFolder, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name == "make" {
				return filepath.SkipDir
			}
			return nil
		}
		stat, err := entry.Info()
		if err != nil {
			return err
		}
		size += stat.Size()
		if filepath.Dir(name) != "." {
			there = append(there, name)
		}
		return nil
	}))
	for _, file := range there {
		assert.True(t, slices.Contains(listed, file), "%s is not in MANIFEST.json; make interop writes both", file)
	}
	for _, file := range listed {
		assert.True(t, slices.Contains(there, file), "%s of MANIFEST.json is not there; make interop writes both", file)
	}
	assert.Less(t, size, int64(2<<20), "bytes in testdata/interop, without the programs")
}

// requireTool skips a test whose tool is not there, and says why. AVSTAM_REQUIRE
// lists tools whose absence is a failure: AVSTAM_REQUIRE=duckdb,pyarrow.
func requireTool(t *testing.T, tool string, missing error) {
	t.Helper()
	if missing == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), tool) {
		require.NoError(t, missing, "AVSTAM_REQUIRE asks for %s", tool)
	}
	t.Skipf("%s is not there (%v); AVSTAM_REQUIRE=%s makes a failure of that", tool, missing, tool)
}

// python is the one that make interop installed, else the system's.
func python() string {
	if installed := filepath.Join(corpusFolder, "make", ".venv", "bin", "python"); isFile(installed) {
		return installed
	}
	return "python3"
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Random files of other programs have the rows and the sum that these say: the
// job compares them as control totals, and rejects no row. AVSTAM_FILES says how
// many files each program writes.
func TestRandomFilesOfOtherPrograms(t *testing.T) {
	files := "40"
	if text := os.Getenv("AVSTAM_FILES"); text != "" {
		_, err := strconv.Atoi(text)
		require.NoError(t, err, "AVSTAM_FILES is a number of files")
		files = text
	} else if testing.Short() {
		files = "8"
	}
	for _, program := range []string{"duckdb", "pyarrow"} {
		t.Run(program, func(t *testing.T) {
			requireTool(t, program, exec.Command(python(), "-c", "import "+program).Run())
			c := newCorpus(t)
			c.settings.MaxRejects = job.Limit{}
			register := (&corpusFile{Of: "register"}).source(c.present(t, "register.csv", "register"))
			folder := t.TempDir()
			command := exec.Command(python(), filepath.Join(corpusFolder, "make", "random_files.py"), program, folder, files)
			command.Stderr = os.Stderr
			output, err := command.Output()
			require.NoError(t, err)
			for line := range strings.Lines(string(output)) {
				var file struct {
					File      string
					Rows, Ore int64
					How       string
				}
				require.NoError(t, json.Unmarshal([]byte(line), &file))
				c.settings.Expect = []job.Expect{{HasRows: true, Rows: file.Rows, HasAmount: true, Amount: file.Ore}}
				_, err := c.run(t, readers.Source{Name: "records", Files: []string{filepath.Join(folder, file.File)}}, register)
				assert.NoError(t, err, file.How)
			}
		})
	}
}
