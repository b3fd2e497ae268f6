package report

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
	"github.com/stretchr/testify/require"
)

// started is the clock of all runs in tests.
var started = time.Date(2025, 11, 21, 2, 0, 0, 0, time.UTC)

// numberOf is a made-up number with its check digit (Luhn over the last nine).
func numberOf(year, month, day, serial int) identity.Number {
	digits := fmt.Sprintf("%04d%02d%02d%03d", year, month, day, serial)
	sum := 0
	for i, c := range digits[2:] {
		d := int(c - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err)
	}
	return identity.Number(n*10 + (10-sum%10)%10)
}

// fixture is a run with its findings and rejects, made by a seed.
type fixture struct {
	run             Run
	records, across []Finding
	rejects         []Reject
	closing         Closing
	// Limits of memory: small, so that there are several row groups and sorted runs.
	repeatLimit, rowGroupRows int
}

const fixtureFiles = 3

// newFixture makes a run of about n records with findings. Its terms balance:
// clean is what was read and is not flagged or rejected.
func newFixture(t testing.TB, seed uint64, n int) *fixture {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	dictionaries := pipeline.NewDictionaries()
	id := func(d interface {
		ID([]byte) (uint16, error)
	}, text string) uint16 {
		number, err := d.ID([]byte(text))
		require.NoError(t, err)
		return number
	}
	agencies := []uint16{id(dictionaries.Agency, "csn"), id(dictionaries.Agency, "forsakringskassan"), 0}
	types := []uint16{id(dictionaries.PaymentType, "pension"), id(dictionaries.PaymentType, "omvardnadsbidrag"), 0}
	currencies := []uint16{id(dictionaries.Currency, "SEK"), id(dictionaries.Currency, "EUR")}

	policy := rules.DefaultPolicy()
	f := &fixture{repeatLimit: 100, rowGroupRows: 64, run: Run{
		Version: "1.2.3", Catalogue: rules.All(), Severities: policy.AllSeverities(), Idle: policy.Idle(), Dictionaries: dictionaries,
		Files:   []File{{"csn", "in/csn.csv"}, {"fk", "in/a.parquet"}, {"fk", "in/b.parquet"}},
		Parquet: true, CSV: true, Arrow: true, HTML: true, Key: make([]byte, keyBytes), Workers: 2,
	}}
	last := uint8(len(f.run.Catalogue) - 1)
	f.closing = Closing{
		Terms: make([]Terms, fixtureFiles), Inputs: make([]Input, fixtureFiles),
		Configuration: map[string]any{"b": 1, "a": "two"}, Policy: policy, PolicySettings: policy.Settings(), AsOf: calendar.Of(2025, 11, 21),
		Register: RegisterOverview{Numbers: 7, Entries: 9, ExtractDate: "2025-11-20", Checks: &register.Checks{}},
		Started:  started, Elapsed: 1500 * time.Millisecond, Workers: 2,
	}
	for i, file := range f.run.Files {
		f.closing.Inputs[i] = Input{Source: file.Source, Path: file.Path, Size: 10}
	}
	rows := [fixtureFiles]int64{}
	for i := range n {
		file := i * fixtureFiles / n
		rows[file]++
		row := rows[file]
		amount := random.Int64N(2_000_000_00) - 1_000_000_00
		currency := currencies[random.IntN(10)/9]
		terms := &f.closing.Terms[file]
		terms.Read.Add(1, 0)
		terms.Read.AddAmount(amount, currency)

		record := Finding{
			File: file, Row: row, HasRecordID: file != 0,
			Agency: agencies[random.IntN(3)], PaymentType: types[random.IntN(3)], Currency: currency,
			PaymentDate: calendar.Of(2025, 1+random.IntN(12), 25), PeriodStart: calendar.Missing, PeriodEnd: calendar.Missing,
			Amount: amount, StatusFrom: calendar.Missing, KnownFrom: calendar.Missing,
		}
		if record.HasRecordID {
			record.RecordID = fmt.Appendf(nil, "R%d", random.IntN(max(1, 20*n)))
		}
		if random.IntN(3) > 0 {
			record.Number = numberOf(1900+random.IntN(90), 1+random.IntN(12), 1+random.IntN(28), 1+random.IntN(998))
			record.NumberKind = record.Number.Kind()
			record.IdentityNumber = record.Number.AppendDigits(nil)
			record.InRegister = true
			record.Status = register.Status(random.IntN(5))
			record.StatusReason = []byte([]string{"UV", "", "TIDSFRIST"}[random.IntN(3)])
			record.StatusFrom = calendar.Of(2019, 1+random.IntN(12), 1)
			record.KnownFrom = calendar.Of(2025, 1+random.IntN(12), 10)
			record.IdentityLevel = register.Level(random.IntN(5))
			record.Protected = register.Tristate(random.IntN(3))
			record.DeceasedOn = calendar.PartialDay(calendar.Of(2018, 5, 17))
		} else {
			record.IdentityNumber = []byte("hemligt, \"19\"")
		}
		flagged := false
		rule := uint8(random.IntN(8))
		for range random.IntN(3) {
			finding := record
			finding.Rule = rule
			finding.Severity = rules.Severity(1 + random.IntN(3))
			finding.Direction = rules.Direction(random.IntN(4))
			finding.Possible = random.IntN(5) == 0
			finding.Detail = []byte("date")
			flagged = flagged || finding.IsFlag()
			f.records = append(f.records, finding)
			rule += uint8(1 + random.IntN(3))
		}
		if random.IntN(10) == 0 {
			finding := record
			finding.Rule = last
			finding.Severity = rules.Warning
			finding.OtherNumber = numberOf(1901, 2, 3, 4)
			finding.UseNumber = numberOf(1902, 3, 4, 5)
			flagged = true
			f.across = append(f.across, finding)
		}
		if flagged {
			terms.Flagged.Add(1, 0)
			terms.Flagged.AddAmount(amount, currency)
		} else {
			terms.Clean.Add(1, 0)
			terms.Clean.AddAmount(amount, currency)
		}
		if random.IntN(20) == 0 {
			rows[file]++
			reject := Reject{
				File: file, Row: rows[file], Line: rows[file] + 1, ByteOffset: rows[file] * 40, Column: "payment_date",
				Reason: pipeline.BadDate, HasAmount: random.IntN(2) == 0, Raw: []byte("x;y\xff;\"z\"\r\n"),
			}
			if reject.HasAmount {
				reject.Amount, reject.Currency = amount, currency
				terms.Read.Add(1, 0)
				terms.Rejected.Add(1, 0)
				terms.Read.AddAmount(amount, currency)
				terms.Rejected.AddAmount(amount, currency)
			} else {
				reject.Line, reject.ByteOffset = 0, -1
				terms.Read.Add(1, 1)
				terms.Rejected.Add(1, 1)
			}
			f.rejects = append(f.rejects, reject)
		}
	}
	return f
}

func each[Row any](rows []Row) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		for i := range rows {
			if !yield(&rows[i], nil) {
				return
			}
		}
	}
}

// pack packs findings as a run of two workers does, in parts of fixturePart
// findings about single records, and one of those across records.
func pack(t testing.TB, w *Writer, records, across []Finding) []Part {
	t.Helper()
	return packParts(t, w, records, across, fixturePart)
}

// packParts does the same in parts of so many findings.
func packParts(t testing.TB, w *Writer, records, across []Finding, part int) []Part {
	t.Helper()
	packers := []*Packer{w.NewPacker(), w.NewPacker()}
	var parts []Part
	add := func(findings []Finding, firstRow int64) {
		p := packers[len(parts)%len(packers)]
		p.Begin(len(parts), 0)
		for _, f := range findings {
			f.Row -= firstRow
			require.NoError(t, p.Add(&f))
		}
		chunks, err := p.Take()
		require.NoError(t, err)
		parts = append(parts, Part{Chunks: chunks, FirstRow: firstRow})
	}
	for chunk := range slices.Chunk(records, part) {
		add(chunk, chunk[0].Row-1)
	}
	add(across, 0)
	return parts
}

// fixturePart divides no row group of tests.
const fixturePart = 37

// begin is a draft in a folder of its own.
func begin(t testing.TB) (*storage.Folder, *storage.Draft, *storage.Spill) {
	t.Helper()
	folder, err := storage.Lock(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = folder.Unlock() })
	draft, err := folder.Begin()
	require.NoError(t, err)
	spill, err := folder.Spill()
	require.NoError(t, err)
	t.Cleanup(func() { _ = spill.Close() })
	return folder, draft, spill
}

// writeTables writes the tables of the fixture into a new draft.
func (f *fixture) writeTables(t testing.TB) (*storage.Folder, *storage.Draft, *Writer) {
	t.Helper()
	folder, draft, spill := begin(t)
	w, err := NewWriter(draft, spill, f.run)
	require.NoError(t, err)
	w.repeatLimit, w.collectedIDs, w.rowGroupRows = f.repeatLimit, f.repeatLimit, f.rowGroupRows
	require.NoError(t, w.Findings(context.Background(), pack(t, w, f.records, f.across)))
	require.NoError(t, w.Rejects(context.Background(), each(f.rejects)))
	return folder, draft, w
}

// publish writes the whole report and returns its folder.
func (f *fixture) publish(t testing.TB) (string, *Published) {
	t.Helper()
	folder, draft, w := f.writeTables(t)
	published, err := w.Finish(context.Background(), &f.closing)
	require.NoError(t, err)
	_, err = draft.Publish(published.Run)
	require.NoError(t, err)
	require.NoError(t, folder.Unlock())
	return filepath.Join(folder.Path(), published.Run), published
}
