package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A race between programs that do not find the same says nothing: it must end.
func TestWhoeverFindsOtherwiseEndsTheRace(t *testing.T) {
	found := counts{"malformed_number": 3, "deceased_payee": 8, byLink: 2}
	for _, c := range []struct {
		name, why string
		program   string
		got       counts
		want      string
	}{
		{"the same", "", programAvstam, counts{"malformed_number": 3, "deceased_payee": 8, byLink: 2}, ""},
		{"a peer", "peers do not follow links", programDuckDB, counts{"malformed_number": 3, "deceased_payee": 8}, ""},
		{"one fewer", "work left out", programDuckDB, counts{"malformed_number": 2, "deceased_payee": 8}, "DuckDB, CSV, extract found 2 of malformed_number, and avstam 3"},
		{"a rule missing", "work left out", programPolars, counts{"deceased_payee": 8}, "Polars, CSV, extract found 0 of malformed_number, and avstam 3"},
		{"a rule too many", "it does not mean the same", programNaive, counts{"malformed_number": 3, "deceased_payee": 8, "unknown_number": 1}, "naive Go, CSV, extract found 1 of unknown_number, and avstam 0"},
		{"links lost", "avstam from CSV must find what it finds from Parquet", programDigest, counts{"malformed_number": 3, "deceased_payee": 8}, "avstam, inputs digested, CSV, extract found 0 of deceased_payee_by_link, and avstam 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := agree(contestant{Program: c.program, Records: inputCSV, Register: inputExtract}, c.got, found)
			if c.want == "" {
				assert.NoError(t, err, c.why)
			} else {
				assert.EqualError(t, err, c.want, c.why)
			}
		})
	}
}

// Ratios are of the same round: a machine that gets slower on the way does not
// change them.
func TestRatiosAreWithinRounds(t *testing.T) {
	seconds := func(values ...float64) (used []usage) {
		for _, value := range values {
			used = append(used, usage{Wall: time.Duration(value * float64(time.Second))})
		}
		return used
	}
	got := ratios(seconds(4, 8, 20), seconds(2, 4, 5, 1), func(u usage) time.Duration { return u.Wall })
	assert.Equal(t, []float64{2, 2, 4}, got)
	assert.Equal(t, 2.0, median(got))
	assert.Equal(t, 3.0, median([]float64{4, 2}))
}

func TestMeasureTellsWhatFailed(t *testing.T) {
	used, err := measure(exec.Command("sh", "-c", "exit 0"))
	require.NoError(t, err)
	assert.Positive(t, used.Wall)
	assert.Positive(t, used.Peak)
	_, err = measure(exec.Command("sh", "-c", "echo no such file >&2; exit 3"))
	assert.EqualError(t, err, "exit status 3\nno such file\n")
}

// Other tools write their own sections of the same file.
func TestASectionLeavesTheOthersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "RESULTS.md")
	require.NoError(t, rewrite(path, "peers", "one\n"))
	require.NoError(t, rewrite(path, "floor", "two\n"))
	require.NoError(t, rewrite(path, "peers", "three\n"))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, `# Results

Measured, not copied by hand: each section is written by its own command.

<!-- peers -->
three
<!-- /peers -->

<!-- floor -->
two
<!-- /floor -->
`, string(text))
	require.NoError(t, os.WriteFile(path, []byte("<!-- peers -->\nnever closed\n"), 0o644))
	assert.ErrorContains(t, rewrite(path, "peers", "four\n"), `"<!-- /peers -->"`)
}

func TestThousands(t *testing.T) {
	assert.Equal(t, "7", thousands(7))
	assert.Equal(t, "20,000,000", thousands(20_000_000))
	assert.Equal(t, "123,456", thousands(123_456))
}

func TestReadFloors(t *testing.T) {
	floors, err := readFloors(`goos: linux
pkg: example.org/benchmarks
BenchmarkJob/parquet/snapshot/1-2         	       5	        95.50 ns/record	         1.350 x-floor	  102400 B/op	    1200 allocs/op
BenchmarkJob/parquet/extract-2            	       5	       100.0 ns/record
PASS
`)
	require.NoError(t, err)
	assert.Equal(t, []floor{{Name: "parquet/snapshot/1", Nanoseconds: 95.5, Times: 1.35}}, floors)
}

func TestReadFigures(t *testing.T) {
	figures, err := readFigures(`goos: linux
BenchmarkLookup/column/find-2  	   18544	     64970 ns/op	        15.5 ns/number
BenchmarkLookup/map-2          	 9417810	       120 ns/op
BenchmarkLookup/column/find-2  	   18544	     64970 ns/op	        16.5 ns/number
PASS
`)
	require.NoError(t, err)
	var text strings.Builder
	writeParts(&text, figures, 2)
	assert.Contains(t, text.String(), "| Lookup/column/find | 16 | ns/number | 0.13 × Lookup/map |")
	assert.Contains(t, text.String(), "| Lookup/map | 120 | ns/op |  |")
}
