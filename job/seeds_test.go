package job_test

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/job/reference"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/synth"
)

// The variables of TestSeeds: how many seeds, the first of them, and the rows of each.
const (
	seedsVariable    = "AVSTAM_SEEDS"
	seedVariable     = "AVSTAM_SEED"
	seedRowsVariable = "AVSTAM_SEED_ROWS"
)

// The pipeline finds what the naive reference finds, in all findings and their
// order, on much data of many seeds: every other one is of people as they are
// made up by package synth, under a policy that they were not made for, and the
// rest are made to be hard. Format, register and workers change with the seed.
func TestSeeds(t *testing.T) {
	number := func(variable string, otherwise int) int {
		number, err := strconv.Atoi(cmp.Or(os.Getenv(variable), strconv.Itoa(otherwise)))
		require.NoError(t, err, variable)
		return number
	}
	first, rows := number(seedVariable, 0), number(seedRowsVariable, 20_000)
	for seed := first; seed < first+number(seedsVariable, 2); seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { testSeed(t, uint64(seed), rows) })
	}
}

func testSeed(t *testing.T, seed uint64, rows int) {
	const serials = 500
	h := newHostileOf(seed, max(rows/4, 60), serials)
	policy := h.policy()
	var entries []reference.Entry
	var records []reference.Record
	isSynthetic, isInteger := seed%2 == 0, seed%8 == 7
	if isSynthetic {
		dataset, err := synth.New(synth.Options{
			Records: int64(rows), People: int64(pick(h, rows/10+1, rows/2+1, rows)), Seed: seed, Dirty: pick(h, synth.DefaultDirty, 0.3, 1),
		})
		require.NoError(t, err)
		entries, records = synthetic(t, dataset)
		policy.TestNumbers = strings.Fields(dataset.TestNumbers())
	} else {
		entries, records = h.entries(), h.records(rows, isInteger)
	}

	folder := t.TempDir()
	extract := filepath.Join(folder, "register.csv")
	writeRegister(t, extract, entries)
	path, write := filepath.Join(folder, "records.parquet"), writeRecordsParquet
	if !isInteger && h.IntN(2) == 0 {
		path, write = filepath.Join(folder, "records.csv"), writeRecordsCSV
	}
	write(t, path, records)
	settings := settingsFor(filepath.Join(folder, "out"), path, extract, translated(t, policy), 1+h.IntN(3))
	settings.Output.Parquet, settings.Output.HTML = false, false
	if h.IntN(2) == 0 {
		settings.Register.Snapshot = filepath.Join(folder, "register.avr")
		saveSnapshot(t, settings.Register.Extract, settings.Register.Snapshot)
	}
	began := time.Now()
	result, err := job.Run(t.Context(), settings)
	require.NoError(t, err)
	ran := time.Since(began)

	began = time.Now()
	want := reference.Reconcile(entries, records, policy)
	judged := time.Since(began)
	requireSameFindings(t, want, records, filepath.Join(result.Folder, "findings.csv"))
	found := map[string]bool{}
	for i := range want {
		found[want[i].Rule] = true
	}
	t.Logf("synthetic %t, %s, snapshot %t, %d workers: %d rows, %d entries, %d findings of %d rules, the same; %.1f s, the reference %.1f s", isSynthetic, filepath.Ext(path),
		settings.Register.Snapshot != "", settings.Workers, len(records), len(entries), len(want), len(found), ran.Seconds(), judged.Seconds())
}

// synthetic is a dataset as the reference takes it.
func synthetic(t *testing.T, dataset *synth.Dataset) (entries []reference.Entry, records []reference.Record) {
	digits := func(number uint64) string {
		if number == 0 {
			return ""
		}
		return fmt.Sprintf("%012d", number)
	}
	timeOf := func(day calendar.Day) time.Time {
		if day == calendar.Missing {
			return time.Time{}
		}
		return time.Unix(int64(day)*86400, 0).UTC()
	}
	require.NoError(t, dataset.Entries(func(e *synth.Entry) error {
		entries = append(entries, reference.Entry{
			Row: len(entries) + 1, Number: digits(e.Number), Status: e.Status, StatusFrom: e.StatusFrom.String(), Reason: e.Reason,
			KnownFrom: e.KnownFrom.String(), Linked: digits(e.Linked), Level: e.Level, AssignedOn: e.AssignedOn.String(),
			RenewedOn: e.RenewedOn.String(), InactiveExpectedOn: e.InactiveExpectedOn.String(),
			DeceasedOn: e.DeceasedOn.String(), Protected: [...]string{"", "false", "true"}[e.Protected],
		})
		return nil
	}))
	require.NoError(t, dataset.Records(func(r *synth.Record) error {
		records = append(records, reference.Record{
			Row: r.Row, IdentityNumber: string(r.IdentityNumber), PaymentDate: timeOf(r.PaymentDate), Amount: r.Amount,
			RecordID: string(r.RecordID), Agency: r.Agency, PaymentType: r.PaymentType, Currency: r.Currency,
			PeriodStart: timeOf(r.PeriodStart), PeriodEnd: timeOf(r.PeriodEnd),
		})
		return nil
	}))
	return entries, records
}

// requireSameFindings compares a findings.csv with the reference's findings, a row
// at a time. A difference is told by row and column, not by number.
func requireSameFindings(t *testing.T, want []reference.Finding, records []reference.Record, path string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	reader := csv.NewReader(file)
	reader.ReuseRecord = true
	header, err := reader.Read()
	require.NoError(t, err)
	places := map[string]int{}
	for i, name := range header {
		places[name] = i
	}
	for i := 0; ; i++ {
		row, err := reader.Read()
		if err == io.EOF {
			require.Equal(t, len(want), i, "findings")
			return
		}
		require.NoError(t, err)
		require.Less(t, i, len(want), "there are more findings than the reference has")
		record := &records[want[i].Record]
		for column, text := range columnsOf(&want[i], record) {
			place, there := places[column]
			require.True(t, there, "there is a column %s", column)
			if report.PlainText(row[place]) != text {
				t.Fatalf("finding %d, row %d, rule %s (published %s in row %s): column %s differs", i, record.Row, want[i].Rule, row[places["rule"]], row[places["row"]], column)
			}
		}
	}
}
