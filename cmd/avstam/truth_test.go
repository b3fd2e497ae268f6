package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told are the columns of findings that the generator knows.
type told struct {
	FindingID      string  `parquet:"finding_id"`
	Rule           string  `parquet:"rule"`
	Severity       string  `parquet:"severity"`
	Direction      string  `parquet:"direction"`
	Confidence     string  `parquet:"confidence"`
	Detail         *string `parquet:"detail,optional"`
	Source         string  `parquet:"source"`
	Row            int64   `parquet:"row"`
	RecordID       *string `parquet:"record_id,optional"`
	Agency         *string `parquet:"agency,optional"`
	PaymentType    *string `parquet:"payment_type,optional"`
	PaymentDate    int32   `parquet:"payment_date,date"`
	PeriodStart    *int32  `parquet:"period_start,optional,date"`
	PeriodEnd      *int32  `parquet:"period_end,optional,date"`
	Amount         int64   `parquet:"amount,decimal(2:18)"`
	Currency       string  `parquet:"currency"`
	IdentityNumber *string `parquet:"identity_number,optional"`
	Number         *string `parquet:"number,optional"`
	NumberKind     *string `parquet:"number_kind,optional"`
	UseNumber      *string `parquet:"use_number,optional"`
	Status         *string `parquet:"status,optional"`
	StatusFrom     *int32  `parquet:"status_from,optional,date"`
	StatusReason   *string `parquet:"status_reason,optional"`
	IdentityLevel  *string `parquet:"identity_level,optional"`
	DeceasedOn     *string `parquet:"deceased_on,optional"`
	KnownFrom      *int32  `parquet:"known_from,optional,date"`
	KnownAtPayment *bool   `parquet:"known_at_payment,optional"`
	OtherNumber    *string `parquet:"other_number,optional"`
	Protected      *bool   `parquet:"protected,optional"`
}

// The findings of generated data are exactly those that the generator planted,
// in every column and in their order; they are the same bytes with any number of
// workers, from Parquet and CSV (but for the name of the file), and from an
// extract and its snapshot. AVSTAM_RECORDS makes it larger or
// smaller.
func TestFindingsAreTheTruth(t *testing.T) {
	records := 200_000
	if testing.Short() {
		records = 20_000
	}
	if text := os.Getenv("AVSTAM_RECORDS"); text != "" {
		var err error
		records, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	folder := t.TempDir()
	exit, _, line := call(t, folder, "generate", "--records", strconv.Itoa(records), "--persons", strconv.Itoa(records/2), "--seed", "1", "--out", "in", "--format", "parquet,csv")
	require.Zero(t, exit, line)
	exit, _, line = call(t, folder, "register", "build", "--in", "in/register.parquet", "--extract-date", "2025-11-30", "--out", "in/register.avr")
	require.Zero(t, exit, line)
	configuration, err := os.ReadFile(filepath.Join(folder, "in", "avstam.yaml"))
	require.NoError(t, err)
	variant := func(name, from, to string) {
		text := strings.Replace(string(configuration), from, to, 1)
		require.NotEqual(t, string(configuration), text, "the configuration has %q", from)
		require.NoError(t, os.WriteFile(filepath.Join(folder, "in", name), []byte(text), 0o600))
	}
	variant("csv.yaml", "records.parquet", "records.csv")
	variant("snapshot.yaml", "files: [register.parquet]", "snapshot: register.avr")

	truth, err := parquet.ReadFile[told](filepath.Join(folder, "in", "truth.parquet"))
	require.NoError(t, err)
	rules := map[string]int{}
	for i := range truth {
		rules[truth[i].Rule]++
	}
	assert.Len(t, rules, 25, "every rule occurs")

	same := []string{"findings.parquet", "rejects.parquet", "summary.json", "manifest.json", "report.html"}
	var first map[string]string
	for _, c := range []struct {
		configuration string
		workers       int
	}{{"avstam.yaml", 1}, {"avstam.yaml", 2}, {"avstam.yaml", 3}, {"avstam.yaml", 8}, {"snapshot.yaml", 2}, {"csv.yaml", 1}, {"csv.yaml", 3}} {
		name := fmt.Sprintf("%s with %d workers", c.configuration, c.workers)
		exit, _, line := call(t, folder, "run", "-c", "in/"+c.configuration, "--workers", fmt.Sprint(c.workers), "--as-of", "2026-01-01")
		require.Zero(t, exit, "%s: %s", name, line)
		report := filepath.Join(folder, "in", "out", "latest")
		found, err := parquet.ReadFile[told](filepath.Join(report, "findings.parquet"))
		require.NoError(t, err)
		require.Len(t, found, len(truth), name)
		for i := range truth {
			if !assert.ObjectsAreEqual(truth[i], found[i]) {
				t.Fatalf("%s: finding %d, rule %s in row %d, is not the one planted: %s", name, i, truth[i].Rule, truth[i].Row, differing(truth[i], found[i]))
			}
		}
		digests := map[string]string{}
		for _, file := range same {
			contents, err := os.ReadFile(filepath.Join(report, file))
			require.NoError(t, err)
			sum := sha256.Sum256(contents)
			digests[file] = hex.EncodeToString(sum[:])
		}
		switch {
		case first == nil:
			first = digests
		case c.configuration == "avstam.yaml":
			assert.Equal(t, first, digests, name)
		case c.configuration == "snapshot.yaml":
			assert.Equal(t, first["findings.parquet"], digests["findings.parquet"], name)
			assert.Equal(t, first["rejects.parquet"], digests["rejects.parquet"], name)
		}
		exit, _, line = call(t, folder, "verify", "in/out/latest")
		require.Zero(t, exit, "%s: %s", name, line)
	}
}

// differing names the columns in which two findings differ, without their values.
func differing(a, b told) string {
	var names []string
	for _, column := range []struct {
		name string
		a, b any
	}{
		{"finding_id", a.FindingID, b.FindingID}, {"rule", a.Rule, b.Rule}, {"severity", a.Severity, b.Severity}, {"confidence", a.Confidence, b.Confidence}, {"detail", a.Detail, b.Detail},
		{"row", a.Row, b.Row}, {"record_id", a.RecordID, b.RecordID}, {"amount", a.Amount, b.Amount}, {"number", a.Number, b.Number},
		{"use_number", a.UseNumber, b.UseNumber}, {"status", a.Status, b.Status}, {"status_from", a.StatusFrom, b.StatusFrom},
		{"status_reason", a.StatusReason, b.StatusReason}, {"identity_level", a.IdentityLevel, b.IdentityLevel}, {"deceased_on", a.DeceasedOn, b.DeceasedOn},
		{"known_from", a.KnownFrom, b.KnownFrom}, {"known_at_payment", a.KnownAtPayment, b.KnownAtPayment}, {"other_number", a.OtherNumber, b.OtherNumber},
		{"protected", a.Protected, b.Protected}, {"identity_number", a.IdentityNumber, b.IdentityNumber}, {"number_kind", a.NumberKind, b.NumberKind},
	} {
		if !assert.ObjectsAreEqual(column.a, column.b) {
			names = append(names, column.name)
		}
	}
	return strings.Join(names, ", ")
}
