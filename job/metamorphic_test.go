package job_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/job/reference"
	"github.com/avstam/avstam/report"
)

// night is what a run is given: made to be hard, and then changed in a way that
// must not change what is found.
type night struct {
	*hostile
	files    [][]reference.Record
	entries  [][]reference.Entry // a list for each file of the register
	name     string              // of the record files
	write    func(t *testing.T, path string, records []reference.Record)
	snapshot bool
	workers  int
}

// plain are the numbers of records that are given as twelve digits and nothing
// else, and right; 0 for other records.
func plain(r *reference.Record) identity.Number {
	text := identity.Parse([]byte(r.IdentityNumber))
	if r.IsInteger || len(r.IdentityNumber) != 12 || text.Number() == 0 {
		return 0
	}
	return text.Number()
}

func (n *night) each(change func(r *reference.Record)) {
	for _, file := range n.files {
		for i := range file {
			change(&file[i])
		}
	}
}

// respell gives plain numbers another spelling, where spell has one.
func (n *night) respell(spell func(digits string, age int, inRegister func(string) bool) string) {
	known := map[string]bool{}
	for _, file := range n.entries {
		for _, e := range file {
			known[e.Number] = true
		}
	}
	respelt := 0
	n.each(func(r *reference.Record) {
		if number := plain(r); number != 0 {
			if text := spell(r.IdentityNumber, r.PaymentDate.Year()-number.Year(), func(digits string) bool { return known[digits] }); text != "" {
				r.IdentityNumber = text
				respelt++
			}
		}
	})
	if respelt < 50 {
		panic(fmt.Sprintf("the night has %d records that can be spelt so", respelt))
	}
}

// separator is the right one of a person's age in calendar years.
func separator(age int) string {
	if age >= 100 {
		return "+"
	}
	return "-"
}

// ten is a number's ten digits where they are read as it: it is the younger
// reading, and the older one is not in the register.
func ten(digits string, age int, inRegister func(string) bool) string {
	year, _ := strconv.Atoi(digits[:4])
	if age < 0 || age > 99 || inRegister(fmt.Sprintf("%04d%s", year-100, digits[4:])) {
		return ""
	}
	return digits[2:]
}

// split divides a list into so many runs of it.
func split[E any](list []E, runs int) [][]E {
	return slices.Collect(slices.Chunk(list, (len(list)+runs-1)/runs))
}

// metamorphoses are changes of a night, each with why nothing else may be found.
var metamorphoses = []struct {
	name, why string
	change    func(n *night)
}{
	{"workers", "who judges a record is of no account", func(n *night) { n.workers = 5 }},
	{"rows shuffled", "a record is judged by itself, and rules across records compare sets", func(n *night) {
		for _, file := range n.files {
			n.Shuffle(len(file), func(i, j int) { file[i], file[j] = file[j], file[i] })
		}
	}},
	{"file split", "where a file ends says nothing", func(n *night) { n.files = split(n.files[0], 7) }},
	{"file split, reversed and shuffled", "nor does the order of files", func(n *night) {
		n.files = split(n.files[0], 7)
		slices.Reverse(n.files)
		for _, file := range n.files {
			n.Shuffle(len(file), func(i, j int) { file[i], file[j] = file[j], file[i] })
		}
	}},
	{"a file for every record of a few", "nor how much is in a file", func(n *night) {
		n.files = append(split(n.files[0][:40], 40), n.files[0][40:])
	}},
	{"row groups of 7", "pieces and batches are about speed alone", func(n *night) {
		n.workers = 3
		n.write = func(t *testing.T, path string, records []reference.Record) {
			writeParquetIn(t, path, records, parquet.MaxRowsPerRowGroup(7))
		}
	}},
	{"one row group of small pages", "so are pages", func(n *night) {
		n.write = func(t *testing.T, path string, records []reference.Record) {
			writeParquetIn(t, path, records, parquet.PageBufferSize(100), parquet.DataPageVersion(1))
		}
	}},
	{"CSV", "the format carries the same record", func(n *night) { n.name, n.write = "records-%d.csv", writeRecordsCSV }},
	{"CSV of long rows", "blocks of text are about speed alone", func(n *night) {
		n.name, n.write, n.workers = "records-%d.csv", writePaddedCSV, 3
	}},
	{"CSV in gzip", "so is compression", func(n *night) {
		n.name, n.write = "records-%d.csv.gz", func(t *testing.T, path string, records []reference.Record) {
			writeRecordsCSV(t, path, records)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			var small bytes.Buffer
			w := gzip.NewWriter(&small)
			_, err = w.Write(text)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			require.NoError(t, os.WriteFile(path, small.Bytes(), 0o600))
		}
	}},
	{"Arrow", "the format carries the same record", func(n *night) { n.name, n.write = "records-%d.arrow", writeRecordsArrow }},
	{"snapshot", "a compiled register says what its extract says", func(n *night) { n.snapshot = true }},
	{"register shuffled", "the order of entries counts only among those of a number", func(n *night) {
		byNumber := map[string][]reference.Entry{}
		for _, e := range n.entries[0] {
			byNumber[e.Number] = append(byNumber[e.Number], e)
		}
		order := slices.Sorted(maps.Keys(byNumber))
		n.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		n.entries[0] = nil
		for _, number := range order {
			n.entries[0] = append(n.entries[0], byNumber[number]...)
		}
	}},
	{"register in several files", "where a file ends says nothing", func(n *night) { n.entries = split(n.entries[0], 4) }},
	{"unrelated entries", "what the register says of others is of no account", func(n *night) {
		// Nobody in these nights is born in a year that ends in 55.
		var others []reference.Entry
		for serial := range 400 {
			nine := fmt.Sprintf("55%02d%02d%03d", 1+serial%12, 1+serial%28, 100+serial)
			others = append(others, reference.Entry{Number: "19" + nine + luhn(nine), Status: "closed", StatusFrom: "2020-01-01"})
		}
		for i := range others {
			others[i].Linked = others[(i+1)%len(others)].Number // one loop of them all
		}
		n.entries = append(n.entries, others)
	}},
	{"unrelated records", "what others are paid is of no account", func(n *night) {
		nine := "550101100"
		clean := reference.Entry{Number: "19" + nine + luhn(nine), Status: "active", StatusFrom: "1955-02-01"}
		n.entries = append(n.entries, []reference.Entry{clean})
		var records []reference.Record
		for i := range 500 {
			records = append(records, reference.Record{Source: "records", IdentityNumber: clean.Number, PaymentDate: n.day(),
				Amount: int64(i), Currency: "SEK", RecordID: fmt.Sprint("other", i)})
		}
		n.files = slices.Insert(n.files, 0, records)
	}},
	{"the right separator", "it tells nothing that twelve digits do not", func(n *night) {
		n.respell(func(digits string, age int, _ func(string) bool) string {
			return digits[:8] + separator(age) + digits[8:]
		})
	}},
	{"blanks and tabs around", "they are trimmed", func(n *night) {
		n.respell(func(digits string, _ int, _ func(string) bool) string { return " \t" + digits + "\t " })
	}},
	{"ten digits", "the century is that of the record's year, where the register has no other", func(n *night) { n.respell(ten) }},
	{"ten digits with a hyphen", "the same, and the hyphen agrees", func(n *night) {
		n.respell(func(digits string, age int, inRegister func(string) bool) string {
			if short := ten(digits, age, inRegister); short != "" {
				return short[:6] + "-" + short[6:]
			}
			return ""
		})
	}},
	{"ten digits with a plus", "only the older reading counts, whatever the register has", func(n *night) {
		n.respell(func(digits string, age int, _ func(string) bool) string {
			if age < 100 || age > 199 {
				return ""
			}
			return digits[2:8] + "+" + digits[8:]
		})
	}},
}

// integerMetamorphoses are changes of a night whose numbers are all right and of
// twelve digits.
var integerMetamorphoses = []struct {
	name, why string
	change    func(n *night)
}{
	{"integers of twelve digits", "the type of the column tells nothing", func(n *night) {
		n.each(func(r *reference.Record) {
			r.IsInteger = true
			r.Integer, _ = strconv.ParseInt(r.IdentityNumber, 10, 64)
		})
	}},
	{"integers of ten digits and fewer", "a numeric column has lost its zeros, which are put back", func(n *night) {
		n.respell(ten)
		n.each(func(r *reference.Record) {
			r.IsInteger = true
			r.Integer, _ = strconv.ParseInt(r.IdentityNumber, 10, 64)
		})
	}},
}

func writeParquetIn(t *testing.T, path string, records []reference.Record, options ...parquet.WriterOption) {
	var rows []parquetRecord
	for _, r := range records {
		rows = append(rows, parquetRecord{optionalText(r.IdentityNumber), dayNumber(r.PaymentDate), r.Amount, optionalText(r.RecordID),
			optionalText(r.Agency), optionalText(r.PaymentType), r.Currency, optionalDay(r.PeriodStart), optionalDay(r.PeriodEnd)})
	}
	require.NoError(t, parquet.WriteFile(path, rows, options...))
}

// writePaddedCSV writes rows with a column of no use that makes them two kilobytes
// and more, with line breaks in it.
func writePaddedCSV(t *testing.T, path string, records []reference.Record) {
	rows := [][]string{{"of no use", "identity_number", "payment_date", "amount", "record_id", "agency", "payment_type", "currency", "period_start", "period_end"}}
	for i, r := range records {
		rows = append(rows, []string{strings.Repeat("\"x\",\n", 400+i%50), r.IdentityNumber, day(r.PaymentDate), fmt.Sprintf("%d.%02d", r.Amount/100, max(r.Amount, -r.Amount)%100),
			r.RecordID, r.Agency, r.PaymentType, r.Currency, day(r.PeriodStart), day(r.PeriodEnd)})
	}
	writeCSV(t, path, rows)
}

func writeRecordsArrow(t *testing.T, path string, records []reference.Record) {
	amount := &arrow.Decimal128Type{Precision: 18, Scale: 2}
	text, date := arrow.BinaryTypes.String, arrow.FixedWidthTypes.Date32
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "identity_number", Type: text, Nullable: true}, {Name: "payment_date", Type: date}, {Name: "amount", Type: amount},
		{Name: "record_id", Type: text, Nullable: true}, {Name: "agency", Type: text, Nullable: true}, {Name: "payment_type", Type: text, Nullable: true},
		{Name: "currency", Type: text}, {Name: "period_start", Type: date, Nullable: true}, {Name: "period_end", Type: date, Nullable: true},
	}, nil)
	var contents bytes.Buffer
	writer, err := ipc.NewFileWriter(&contents, ipc.WithSchema(schema))
	require.NoError(t, err)
	for part := range slices.Chunk(records, 500) {
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for _, r := range part {
			for field, value := range []string{r.IdentityNumber, day(r.PaymentDate), fmt.Sprintf("%d.%02d", r.Amount/100, max(r.Amount, -r.Amount)%100),
				r.RecordID, r.Agency, r.PaymentType, r.Currency, day(r.PeriodStart), day(r.PeriodEnd)} {
				if value == "" {
					builder.Field(field).AppendNull()
					continue
				}
				require.NoError(t, builder.Field(field).AppendValueFromString(value))
			}
		}
		require.NoError(t, writer.Write(builder.NewRecordBatch()))
	}
	require.NoError(t, writer.Close())
	require.NoError(t, os.WriteFile(path, contents.Bytes(), 0o600))
}

// run writes the night, has it judged, and returns what was found: the findings
// without place and spelling, each with how often it was found, and the ledger.
func (n *night) run(t *testing.T, policy reference.Policy) (found map[string]int, summary *report.Summary) {
	t.Helper()
	folder := t.TempDir()
	settings := settingsFor(filepath.Join(folder, "out"), "", "", translated(t, policy), n.workers)
	settings.Sources[0].Files = nil
	for i, records := range n.files {
		path := filepath.Join(folder, fmt.Sprintf(n.name, i))
		n.write(t, path, records)
		settings.Sources[0].Files = append(settings.Sources[0].Files, path)
	}
	settings.Register.Extract.Files = nil
	for i, entries := range n.entries {
		path := filepath.Join(folder, fmt.Sprintf("register-%d.csv", i))
		writeRegister(t, path, entries)
		settings.Register.Extract.Files = append(settings.Register.Extract.Files, path)
	}
	if n.snapshot {
		settings.Register.Snapshot = filepath.Join(folder, "register.avr")
		saveSnapshot(t, settings.Register.Extract, settings.Register.Snapshot)
	}
	// One key, so that the ids compare.
	settings.Output.KeyFile = filepath.Join(folder, "key")
	require.NoError(t, os.WriteFile(settings.Output.KeyFile, []byte(strings.Repeat("00", 32)+"\n"), 0o600))
	result, err := job.Run(t.Context(), settings)
	require.NoError(t, err)
	found = map[string]int{}
	for _, finding := range published(t, result.Folder) {
		delete(finding, "file")
		delete(finding, "row")
		delete(finding, "identity_number")
		if finding["rule"] == "duplicate_payment" {
			// Which of them is the first, the order says.
			for name := range finding {
				if !slices.Contains([]string{"rule", "severity", "agency", "payment_type", "payment_date", "amount", "currency"}, name) {
					delete(finding, name)
				}
			}
		}
		text := ""
		for _, name := range slices.Sorted(maps.Keys(finding)) {
			text += name + "=" + finding[name] + "\n"
		}
		found[text]++
	}
	return found, result.Summary
}

func newNight(seed uint64, spelt bool) (*night, reference.Policy) {
	n := &night{hostile: newHostile(seed), name: "records-%d.parquet", workers: 1}
	n.write = func(t *testing.T, path string, records []reference.Record) { writeRecordsParquet(t, path, records) }
	n.entries = [][]reference.Entry{n.hostile.entries()}
	records := n.records(1500, false)
	for i := range records {
		records[i].RecordID = strconv.Itoa(i)
		// Three in four are plain; those that are not stay as they are.
		if !spelt || i%4 != 0 {
			records[i].IdentityNumber = pick(n.hostile, n.numbers...)
		}
	}
	n.files = [][]reference.Record{records}
	policy := n.policy()
	policy.Severities = map[string]string{"duplicate_payment": "on"}
	return n, policy
}

// What is found does not depend on how the night is delivered.
func TestMetamorphoses(t *testing.T) {
	seeds := uint64(2)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		for _, spelt := range []bool{true, false} {
			changes := metamorphoses
			if !spelt {
				changes = integerMetamorphoses
			}
			base, policy := newNight(seed, spelt)
			want, before := base.run(t, policy)
			require.Greater(t, len(want), 500, "the night has findings")
			for _, c := range changes {
				t.Run(fmt.Sprintf("%s %d", c.name, seed), func(t *testing.T) {
					n, policy := newNight(seed, spelt)
					c.change(n)
					got, after := n.run(t, policy)
					lost, new := 0, 0
					for text, count := range want {
						lost += max(0, count-got[text])
					}
					for text, count := range got {
						new += max(0, count-want[text])
					}
					assert.Zero(t, lost, "findings are gone, though %s", c.why)
					assert.Zero(t, new, "findings are new, though %s", c.why)
					assert.Equal(t, before.Ledger.Total.Flagged, after.Ledger.Total.Flagged, c.why)
					if c.name != "unrelated records" {
						assert.Equal(t, before.Ledger.Total, after.Ledger.Total, c.why)
					}
				})
			}
		}
	}
}
