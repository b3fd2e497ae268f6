package job_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/job/reference"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile makes registers and records in which everything that can go wrong
// goes wrong often: few people and few days, so that histories collide, chains
// loop, and both centuries of ten digits are there.
type hostile struct {
	*rand.Rand
	numbers []string // of twelve digits
}

func luhn(nine string) string {
	sum := 0
	for i, r := range nine {
		d := int(r - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return strconv.Itoa((10 - sum%10) % 10)
}

func newHostile(seed uint64) *hostile { return newHostileOf(seed, 60, 3) }

// newHostileOf makes about so many people, with so many serials a day.
func newHostileOf(seed uint64, people, serials int) *hostile {
	h := &hostile{Rand: rand.New(rand.NewPCG(seed, 99))}
	for range people {
		year := []int{1825, 1900, 1904, 1925, 1926, 1964, 2000, 2020, 2024, 2025}[h.IntN(10)]
		month, day := 1+h.IntN(12), 1+h.IntN(28)
		if h.IntN(6) == 0 {
			month, day = 2, 29 // not every year has it
		}
		if h.IntN(2) == 0 {
			day += 60
			if h.IntN(4) == 0 {
				month, day = h.IntN(13), 60+h.IntN(32)
			}
		}
		nine := fmt.Sprintf("%02d%02d%02d%03d", year%100, month, day, 1+h.IntN(serials))
		if day == 29 && month == 2 && !calendar.IsLeap(year) {
			continue
		}
		for _, century := range []int{year / 100, 19, 20} {
			if month == 2 && day == 29 && !calendar.IsLeap(century*100+year%100) {
				continue
			}
			h.numbers = append(h.numbers, fmt.Sprintf("%02d%s%s", century, nine, luhn(nine)))
			if h.IntN(3) != 0 {
				break
			}
		}
	}
	return h
}

func pick[E any](h *hostile, from ...E) E { return from[h.IntN(len(from))] }

// day is one of few days, or one beside it.
func (h *hostile) day() time.Time {
	base := pick(h, "2024-02-29", "2024-12-31", "2025-01-01", "2025-03-01", "2025-06-15", "2021-12-31", "2026-12-31")
	day, _ := time.Parse(time.DateOnly, base)
	return day.AddDate(0, 0, h.IntN(3)-1)
}

func (h *hostile) maybeDay() string {
	if h.IntN(3) == 0 {
		return ""
	}
	return h.day().Format(time.DateOnly)
}

func (h *hostile) entries() []reference.Entry {
	var entries []reference.Entry
	for _, number := range h.numbers {
		if h.IntN(8) == 0 {
			continue // unknown to the register
		}
		for range 1 + h.IntN(4)*h.IntN(2) {
			e := reference.Entry{
				Number: number, Status: pick(h, "active", "active", "inactive", "closed", "deregistered"),
				StatusFrom: h.maybeDay(), KnownFrom: h.maybeDay(),
				Level:      pick(h, "", "confirmed", "probable", "uncertain", "not_applicable"),
				AssignedOn: h.maybeDay(), Protected: pick(h, "", "true", "false"),
			}
			switch e.Status {
			case "deregistered":
				e.Reason = pick(h, "", "AV", "AV", "av", "UV", "GN", "GS", "AN", "OB", "TA", "FI", "AS", "OO", "ZZ", "TIDSFRIST")
			case "inactive":
				e.Reason = pick(h, "", "TIDSFRIST", "AVLIDEN", "AV", "BEGARAN")
			}
			if h.IntN(2) == 0 {
				e.Linked = pick(h, h.numbers...)
			}
			if h.IntN(3) == 0 {
				e.RenewedOn = h.maybeDay()
				e.InactiveExpectedOn = h.maybeDay()
			}
			if h.IntN(3) == 0 {
				e.DeceasedOn = pick(h, "0", "2025-00-00", "2025-03-00", "2024-12-00", h.day().Format(time.DateOnly))
			}
			entries = append(entries, e)
		}
	}
	h.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	for i := range entries {
		entries[i].Row = i + 1
	}
	return entries
}

func (h *hostile) spelling(number string) string {
	switch h.IntN(9) {
	case 0:
		return number[:8] + pick(h, "-", "+") + number[8:]
	case 1, 2:
		return number[2:8] + pick(h, "-", "-", "+") + number[8:]
	case 3, 4:
		return number[2:]
	case 5:
		return " " + number + "\t"
	case 6:
		// Broken, or something else.
		i := h.IntN(len(number))
		return number[:i] + pick(h, "", "0", "9", "T", "x", " ") + number[i+1:]
	case 7:
		return pick(h, "", "556012-5790", "165560125790", "302012-5793", "640823T32"+luhn("640823132"), "å", "-", "19640823323")
	}
	return number
}

func (h *hostile) records(count int, integers bool) []reference.Record {
	records := make([]reference.Record, count)
	for i := range records {
		r := &records[i]
		*r = reference.Record{
			Source: "records", Row: int64(i + 1), PaymentDate: h.day(), Amount: int64(pick(h, 100, 100, 250, -100)),
			Agency: pick(h, "", "csn", "polisen", "fk"), PaymentType: pick(h, "", "pension", "bidrag"),
			Currency: pick(h, "SEK", "SEK", "EUR"), RecordID: pick(h, "", strconv.Itoa(i), "same"),
		}
		number := pick(h, h.numbers...)
		if integers {
			r.IsInteger = true
			r.Integer, _ = strconv.ParseInt(pick(h, number, number[2:], number[2:], number[1:], number[3:]), 10, 64)
			if h.IntN(20) == 0 {
				r.Integer = pick[int64](h, 0, -1, 1964082332345, 5560125790, 99999999999)
			}
			r.IdentityNumber = strconv.FormatInt(r.Integer, 10)
		} else {
			r.IdentityNumber = h.spelling(number)
		}
		if h.IntN(2) == 0 {
			r.PeriodStart, r.PeriodEnd = h.day(), h.day()
		}
	}
	return records
}

func (h *hostile) policy() reference.Policy {
	months := func() *int {
		if h.IntN(2) == 0 {
			return nil
		}
		months := h.IntN(9)
		return &months
	}
	policy := reference.Policy{
		Severities: map[string]string{"duplicate_payment": pick(h, "on", "error", "off"), "inactive_number": pick(h, "error", "on", "off")},
		PaymentTypes: map[string]reference.PaymentType{
			"pension": {LawfulMonths: months(), EmigratedAllowed: h.IntN(2) == 0, IdentityLevel: pick(h, "", "probable", "confirmed")},
		},
		Agencies:           map[string]string{"csn": pick(h, "probable", "confirmed")},
		ExpiringWithinDays: pick(h, 0, 1, 90, 400),
	}
	switch h.IntN(4) {
	case 0, 1:
		policy.UncertainAllowed = []string{"polisen", "fk"}
	case 2:
		policy.UncertainAllowed = []string{}
	}
	if h.IntN(2) == 0 {
		policy.TestNumbers = []string{pick(h, h.numbers...), pick(h, h.numbers...)}
	}
	return policy
}

// translated is the policy as the program takes it.
func translated(t *testing.T, from reference.Policy) rules.Policy {
	t.Helper()
	level := func(name string) register.Level {
		return map[string]register.Level{"": register.NoLevel, "probable": register.Probable, "confirmed": register.Confirmed}[name]
	}
	policy := rules.DefaultPolicy()
	policy.Severities = map[string]rules.Severity{}
	for name, word := range from.Severities {
		rule := rules.Named(name)
		require.NotNil(t, rule)
		policy.Severities[name] = map[string]rules.Severity{"on": rule.Severity, "error": rules.Error, "off": rules.Off}[word]
	}
	policy.PaymentTypes = map[string]rules.PaymentTypePolicy{}
	for name, of := range from.PaymentTypes {
		compiled := rules.PaymentTypePolicy{LawfulMonths: rules.NoTail, EmigratedAllowed: of.EmigratedAllowed, IdentityLevel: level(of.IdentityLevel)}
		if of.LawfulMonths != nil {
			compiled.LawfulMonths = *of.LawfulMonths
		}
		policy.PaymentTypes[name] = compiled
	}
	policy.Agencies = map[string]rules.AgencyPolicy{}
	for name, of := range from.Agencies {
		policy.Agencies[name] = rules.AgencyPolicy{IdentityLevel: level(of)}
	}
	policy.UncertainAllowed = from.UncertainAllowed
	policy.ExpiringWithinDays = from.ExpiringWithinDays
	for _, text := range from.TestNumbers {
		policy.TestNumbers = append(policy.TestNumbers, identity.Parse([]byte(text)).Number())
	}
	return policy
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// amountText is an amount in öre as files have it.
func amountText(amount int64) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	return fmt.Sprintf("%s%d.%02d", sign, amount/100, amount%100)
}

func writeCSV(t *testing.T, path string, rows [][]string) {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, csv.NewWriter(&text).WriteAll(rows))
	require.NoError(t, os.WriteFile(path, text.Bytes(), 0o600))
}

func writeRegister(t *testing.T, path string, entries []reference.Entry) {
	t.Helper()
	rows := [][]string{{"number", "status", "status_from", "status_reason", "known_from", "linked_number", "identity_level",
		"assigned_on", "renewed_on", "inactive_expected_on", "deceased_on", "protected"}}
	for _, e := range entries {
		rows = append(rows, []string{e.Number, e.Status, e.StatusFrom, e.Reason, e.KnownFrom, e.Linked, e.Level,
			e.AssignedOn, e.RenewedOn, e.InactiveExpectedOn, e.DeceasedOn, e.Protected})
	}
	writeCSV(t, path, rows)
}

func writeRecordsCSV(t *testing.T, path string, records []reference.Record) {
	t.Helper()
	rows := [][]string{{"identity_number", "payment_date", "amount", "record_id", "agency", "payment_type", "currency", "period_start", "period_end"}}
	for _, r := range records {
		rows = append(rows, []string{r.IdentityNumber, day(r.PaymentDate), amountText(r.Amount),
			r.RecordID, r.Agency, r.PaymentType, r.Currency, day(r.PeriodStart), day(r.PeriodEnd)})
	}
	writeCSV(t, path, rows)
}

// parquetRecord is a row of a Parquet file of records with numbers in a text column.
type parquetRecord struct {
	IdentityNumber *string `parquet:"identity_number,optional"`
	PaymentDate    int32   `parquet:"payment_date,date"`
	Amount         int64   `parquet:"amount,decimal(2:18)"`
	RecordID       *string `parquet:"record_id,optional,dict"`
	Agency         *string `parquet:"agency,optional,dict"`
	PaymentType    *string `parquet:"payment_type,optional,dict"`
	Currency       string  `parquet:"currency,dict"`
	PeriodStart    *int32  `parquet:"period_start,optional,date"`
	PeriodEnd      *int32  `parquet:"period_end,optional,date"`
}

// integerRecord is the same with a numeric column.
type integerRecord struct {
	IdentityNumber int64   `parquet:"identity_number"`
	PaymentDate    int32   `parquet:"payment_date,date"`
	Amount         int64   `parquet:"amount,decimal(2:18)"`
	RecordID       *string `parquet:"record_id,optional"`
	Agency         *string `parquet:"agency,optional"`
	PaymentType    *string `parquet:"payment_type,optional"`
	Currency       string  `parquet:"currency"`
	PeriodStart    *int32  `parquet:"period_start,optional,date"`
	PeriodEnd      *int32  `parquet:"period_end,optional,date"`
}

func optionalText(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func dayNumber(t time.Time) int32 { return int32(t.Unix() / 86400) }

func optionalDay(t time.Time) *int32 {
	if t.IsZero() {
		return nil
	}
	number := dayNumber(t)
	return &number
}

func writeRecordsParquet(t *testing.T, path string, records []reference.Record) {
	t.Helper()
	var err error
	if records[0].IsInteger {
		var rows []integerRecord
		for _, r := range records {
			rows = append(rows, integerRecord{r.Integer, dayNumber(r.PaymentDate), r.Amount, optionalText(r.RecordID), optionalText(r.Agency),
				optionalText(r.PaymentType), r.Currency, optionalDay(r.PeriodStart), optionalDay(r.PeriodEnd)})
		}
		err = parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(700))
	} else {
		var rows []parquetRecord
		for _, r := range records {
			rows = append(rows, parquetRecord{optionalText(r.IdentityNumber), dayNumber(r.PaymentDate), r.Amount, optionalText(r.RecordID),
				optionalText(r.Agency), optionalText(r.PaymentType), r.Currency, optionalDay(r.PeriodStart), optionalDay(r.PeriodEnd)})
		}
		err = parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(700), parquet.Compression(&parquet.Snappy))
	}
	require.NoError(t, err)
}

func settingsFor(folder, records, extract string, policy rules.Policy, workers int) job.Settings {
	return job.Settings{
		Register: job.Register{
			Extract:     readers.Source{Name: "register", Files: []string{extract}},
			ExtractDate: calendar.Of(2025, 12, 31),
		},
		Sources:    []readers.Source{{Name: "records", Files: []string{records}}},
		Expect:     make([]job.Expect, 1),
		Policy:     policy,
		Output:     job.Output{Folder: folder, Parquet: true, CSV: true, HTML: true},
		MaxRejects: job.Limit{Share: 0.01, IsShare: true},
		Workers:    workers,
		Digest:     true,
		AsOf:       calendar.Of(2025, 12, 31),
		Version:    "test",
		Now:        time.Now,
	}
}

// published are the findings of a report as maps from column to text.
func published(t *testing.T, folder string) []map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(folder, "findings.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	var findings []map[string]string
	for _, row := range rows[1:] {
		finding := map[string]string{}
		for i, name := range rows[0] {
			finding[name] = report.PlainText(row[i])
		}
		findings = append(findings, finding)
	}
	return findings
}

// same compares published findings with the reference's, column by column. A
// difference is told by row and column, not by number.
func same(t *testing.T, want []reference.Finding, records []reference.Record, got []map[string]string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		w, g := want[i], got[i]
		record := records[w.Record]
		for column, text := range columnsOf(&w, &record) {
			if text != g[column] {
				t.Fatalf("finding %d, row %d, rule %s (published %s in row %s): column %s differs", i, record.Row, w.Rule, g["rule"], g["row"], column)
			}
		}
	}
	require.Len(t, got, len(want))
}

// columnsOf are the columns of a finding that the reference knows.
func columnsOf(w *reference.Finding, record *reference.Record) map[string]string {
	return map[string]string{
		"rule": w.Rule, "severity": w.Severity, "direction": w.Direction, "confidence": w.Confidence, "detail": w.Detail,
		"row": strconv.FormatInt(record.Row, 10), "record_id": record.RecordID, "agency": record.Agency, "payment_type": record.PaymentType,
		"payment_date": day(record.PaymentDate), "amount": amountText(record.Amount), "currency": record.Currency, "identity_number": record.IdentityNumber,
		"period_start": day(record.PeriodStart), "period_end": day(record.PeriodEnd),
		"number": w.Number, "number_kind": w.NumberKind, "use_number": w.UseNumber, "other_number": w.OtherNumber,
		"status": w.Status, "status_from": w.StatusFrom, "status_reason": w.StatusReason, "identity_level": w.IdentityLevel,
		"deceased_on": w.DeceasedOn, "known_from": w.KnownFrom, "known_at_payment": w.KnownAtPayment, "protected": w.Protected,
	}
}

// The pipeline, with real files in and a real report out, gives what the naive
// reference gives, on data made to be hard, from CSV, Parquet and integer
// columns, from an extract and from its snapshot, with any number of workers;
// and the same bytes where they are promised.
func TestPipelineAgreesWithReference(t *testing.T) {
	seeds, count := uint64(12), 3000
	if testing.Short() {
		seeds = 2
	}
	fired := map[string]int{}
	for seed := range seeds {
		h := newHostile(seed)
		entries := h.entries()
		records := h.records(count, seed%3 == 2)
		policy := h.policy()
		want := reference.Reconcile(entries, records, policy)
		for _, f := range want {
			fired[f.Rule]++
		}
		folder := t.TempDir()
		extract := filepath.Join(folder, "register.csv")
		writeRegister(t, extract, entries)
		inParquet, inCSV := filepath.Join(folder, "records.parquet"), filepath.Join(folder, "records.csv")
		writeRecordsParquet(t, inParquet, records)
		writeRecordsCSV(t, inCSV, records)

		compiled := translated(t, policy)
		var before map[string]string
		for _, c := range []struct {
			records  string
			workers  int
			snapshot bool
		}{{inParquet, 1, false}, {inParquet, 3, false}, {inParquet, 2, true}, {inCSV, 2, false}} {
			if c.records == inCSV && records[0].IsInteger {
				continue // in a text file a number that has lost its zeros is malformed
			}
			settings := settingsFor(filepath.Join(folder, "out"), c.records, extract, compiled, c.workers)
			if c.snapshot {
				settings.Register.Snapshot = filepath.Join(folder, "register.avr")
				saveSnapshot(t, settings.Register.Extract, settings.Register.Snapshot)
			}
			result, err := job.Run(t.Context(), settings)
			require.NoError(t, err, "seed %d, %+v", seed, c)
			same(t, want, records, published(t, result.Folder))
			digests := map[string]string{}
			for _, name := range []string{"findings.parquet", "findings.csv", "rejects.parquet", "summary.json", "manifest.json", "report.html"} {
				contents, err := os.ReadFile(filepath.Join(result.Folder, name))
				require.NoError(t, err)
				digests[name] = string(contents)
			}
			switch {
			case before == nil:
				before = digests
			case c.records == inParquet && !c.snapshot:
				for name := range digests {
					assert.Equal(t, before[name] == digests[name], true, "%s is the same with %d workers", name, c.workers)
				}
			case c.snapshot:
				assert.True(t, before["findings.parquet"] == digests["findings.parquet"], "findings are the same from a snapshot")
				assert.True(t, before["rejects.parquet"] == digests["rejects.parquet"], "rejects are the same from a snapshot")
			default:
				assert.Equal(t, strings.ReplaceAll(before["findings.csv"], inParquet, inCSV), digests["findings.csv"], "findings are the same from CSV, but for file")
			}
		}
	}
	if !testing.Short() {
		for _, rule := range rules.All() {
			assert.Positive(t, fired[rule.Name], "the hostile data has no %s", rule.Name)
		}
	}
}

func saveSnapshot(t *testing.T, extract readers.Source, path string) {
	t.Helper()
	builder := register.NewBuilder(calendar.Of(2025, 12, 31))
	_, err := readers.ReadExtract(t.Context(), extract, readers.Options{Workers: 1}, builder.Add)
	require.NoError(t, err)
	snapshot, _, err := builder.Build()
	require.NoError(t, err)
	require.NoError(t, snapshot.Save(path))
}
