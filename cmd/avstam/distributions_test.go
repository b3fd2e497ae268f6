package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The summary's distributions are those of the findings that the generator planted.
func TestDistributionsAreTheTruth(t *testing.T) {
	folder := t.TempDir()
	exit, _, line := call(t, folder, "generate", "--records", "30000", "--persons", "15000", "--seed", "5", "--dirty", "0.1", "--out", "in")
	require.Zero(t, exit, line)
	exit, _, line = call(t, folder, "run", "-c", "in/avstam.yaml")
	require.Zero(t, exit, line)
	truth, err := parquet.ReadFile[told](filepath.Join(folder, "in", "truth.parquet"))
	require.NoError(t, err)

	type counted struct{ findings, ore int64 }
	want := map[string]map[string]counted{}
	add := func(distribution, name string, f *told) {
		if want[distribution] == nil {
			want[distribution] = map[string]counted{}
		}
		of := want[distribution][name]
		of.findings++
		if f.Currency == "SEK" {
			of.ore += f.Amount
		}
		want[distribution][name] = of
	}
	for i := range truth {
		f := &truth[i]
		add("directions", f.Direction, f)
		switch {
		case f.KnownAtPayment == nil:
			add("known_at_payment", "unknown", f)
		case *f.KnownAtPayment:
			add("known_at_payment", "known", f)
		default:
			add("known_at_payment", "not_known", f)
		}
		age := "unknown"
		if f.StatusFrom != nil {
			age = "1826_or_more"
			for _, band := range []struct {
				last int32
				name string
			}{{1825, "731_1825"}, {730, "366_730"}, {365, "91_365"}, {90, "31_90"}, {30, "0_30"}} {
				if f.PaymentDate-*f.StatusFrom <= band.last {
					age = band.name
				}
			}
		}
		add("status_ages", age, f)
		switch f.Rule {
		case "closed_number":
			add("closed_numbers", *f.Detail, f)
		case "expiring_number":
			add("expiring_months", (*f.Detail)[:7], f)
		}
	}

	text, err := os.ReadFile(filepath.Join(folder, "in", "out", "latest", "summary.json"))
	require.NoError(t, err)
	var summary map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &summary))
	for distribution := range want {
		var counts []struct {
			Name     string
			Findings int64
			Amounts  map[string]string
		}
		require.NoError(t, json.Unmarshal(summary[distribution], &counts))
		got := map[string]counted{}
		for _, count := range counts {
			if count.Findings > 0 {
				got[count.Name] = counted{count.Findings, oreOf(t, count.Amounts["SEK"])}
			}
		}
		assert.Equal(t, want[distribution], got, distribution)
		assert.Greater(t, len(got), 1, "%s tells something apart", distribution)
	}
}

// oreOf is an amount of the summary in öre; 0 where it has none.
func oreOf(t *testing.T, text string) int64 {
	t.Helper()
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)
	require.NoError(t, err)
	return n
}
