package casework_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/synth"
)

// runIn runs a configuration in the current folder and returns its report.
func runIn(t *testing.T, configuration string, change func(*job.Settings)) string {
	t.Helper()
	loaded, err := config.Load(configuration)
	require.NoError(t, err)
	settings, err := loaded.Settings()
	require.NoError(t, err)
	settings.Workers, settings.Digest, settings.AsOf, settings.Now = 2, true, calendar.Of(2025, 12, 1), time.Now
	if change != nil {
		change(&settings)
	}
	result, err := job.Run(t.Context(), settings)
	require.NoError(t, err)
	return result.Folder
}

// questionOf asks about findings of a report against its own register.
func questionOf(t *testing.T, folder string) casework.Question {
	t.Helper()
	manifest, err := report.ReadManifest(folder)
	require.NoError(t, err)
	told, err := config.ReadTold(manifest.Configuration)
	require.NoError(t, err)
	var snapshot *register.Snapshot
	return casework.Question{
		Folder: folder, Manifest: manifest, Source: told.Source, Policy: told.Policy, LacksTestNumbers: told.LacksTestNumbers,
		Register: func(ctx context.Context) (*register.Snapshot, string, error) {
			if snapshot == nil {
				extract := told.Extract()
				extract.Files = []string{manifest.Register[0].Path}
				builder := register.NewBuilder(told.ExtractDate().Day())
				_, err := readers.ReadExtract(ctx, extract, readers.Options{Workers: 1}, builder.Add)
				if err != nil {
					return nil, "", err
				}
				if snapshot, _, err = builder.Build(); err != nil {
					return nil, "", err
				}
			}
			return snapshot, "", nil
		},
	}
}

// findingsOf are all findings of a report.
func findingsOf(t *testing.T, folder string) []*report.PublishedFinding {
	t.Helper()
	table, err := report.OpenPublished(folder)
	require.NoError(t, err)
	defer table.Close()
	var all []*report.PublishedFinding
	for place := range table.Rows() {
		f, err := table.At(place)
		require.NoError(t, err)
		all = append(all, f)
	}
	return all
}

func gzipped(t *testing.T, path string) {
	t.Helper()
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := os.Create(path + ".gz")
	require.NoError(t, err)
	writer := gzip.NewWriter(file)
	_, err = writer.Write(contents)
	require.NoError(t, errors.Join(err, writer.Close(), file.Close(), os.Remove(path)))
}

// Every rule, with every detail and confidence that generated data have, is
// explained from Parquet, CSV and compressed CSV alike; the rules say the same
// of the one record as they said in the run; and no number is seen.
func TestEveryRuleIsExplained(t *testing.T) {
	t.Chdir(t.TempDir())
	dataset, err := synth.New(synth.Options{Records: 30_000, People: 6_000, Seed: 5, Dirty: 0.2})
	require.NoError(t, err)
	_, err = dataset.WriteFolder(t.Context(), ".", []string{"parquet", "csv"})
	require.NoError(t, err)
	reports := map[string]string{}
	for _, format := range []string{"parquet", "csv", "csv.gz"} {
		if format == "csv.gz" {
			gzipped(t, "records.csv")
		}
		yaml := strings.ReplaceAll(dataset.Configuration("parquet"), "records.parquet", "records."+format)
		yaml = strings.ReplaceAll(yaml, "dir: out", "dir: out-"+format)
		require.NoError(t, os.WriteFile(format+".yaml", []byte(yaml), 0o600))
		folder := runIn(t, format+".yaml", nil)
		reports[format] = folder
		if format == "csv" {
			// It is asked about before it is compressed.
			explainAll(t, folder, "records.csv", nil)
		}
	}
	fromParquet := explainAll(t, reports["parquet"], "records.parquet", nil)
	explainAll(t, reports["csv.gz"], "records.csv.gz", fromParquet)
	seen := map[string]bool{}
	for key := range fromParquet {
		rule, _, _ := strings.Cut(key, " ")
		seen[rule] = true
	}
	for _, rule := range rules.All() {
		assert.True(t, seen[rule.Name], "the data have no %s", rule.Name)
		assert.Contains(t, casework.Sentences, rule.Name)
	}
	assert.Len(t, casework.Sentences, len(rules.All()))
}

// explainAll explains a finding of each kind, and compares it with what was
// explained of the same records in another format.
func explainAll(t *testing.T, folder, file string, want map[string]string) map[string]string {
	t.Helper()
	question := questionOf(t, folder)
	explained := map[string]string{}
	for _, f := range findingsOf(t, folder) {
		key := f.Rule + " " + f.Confidence
		if !strings.HasPrefix(f.Detail, "20") {
			key += " " + f.Detail
		}
		if _, done := explained[key]; done {
			continue
		}
		question.ID = f.ID
		e, err := casework.Explain(t.Context(), question)
		require.NoError(t, err, key)
		var text strings.Builder
		require.NoError(t, e.WriteText(&text))
		document, err := json.Marshal(e)
		require.NoError(t, err)
		for _, shown := range []string{text.String(), string(document)} {
			for _, number := range []string{f.IdentityNumber, f.Number, f.UseNumber, f.OtherNumber} {
				if len(number) >= 10 {
					assert.NotContains(t, shown, number, key)
					assert.NotContains(t, shown, number[len(number)-8:], key)
				}
			}
		}
		if e.Protected {
			assert.Empty(t, e.Why+e.Record.RecordID+e.Record.Number+e.Record.Amount+e.Again, key)
			assert.Nil(t, e.Register, key)
			assert.Contains(t, text.String(), "protected identity", key)
			continue
		}
		assert.NotEmpty(t, e.Why, key)
		assert.NotEmpty(t, e.Clean, key)
		assert.NotContains(t, text.String(), "%!", key)
		assert.Equal(t, "yes, and it is the record that the finding is about", e.Record.ReadAgain, key)
		if rules.Named(f.Rule).Across == nil {
			assert.Contains(t, e.Again, "the rule says the same", key)
		}
		explained[key] = strings.ReplaceAll(strings.ReplaceAll(text.String(), file, "FILE"), folder, "REPORT")
	}
	for key, text := range want {
		assert.Equal(t, withoutTables(text), withoutTables(explained[key]), key)
	}
	return explained
}

// withoutTables takes out what is padded to the length of file names.
func withoutTables(text string) string { return strings.Join(strings.Fields(text), " ") }

const smallRegister = `number,status,status_from,status_reason,linked_number,deceased_on,protected
196408233234,active,2010-01-01,,,2025-03-00,
197010632391,closed,2020-05-01,,196408233234,,
`

// smallReport is a report of a few payments to a person who died in March 2025,
// perhaps.
func smallReport(t *testing.T, change func(*job.Settings)) string {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "register.csv", smallRegister)
	write(t, "records.csv", `identity_number,payment_date,amount,record_id,payment_type
640823-3234,2025-11-20,100.00,A1,pension
19640823-3234,2025-03-20,200.00,A2,"a;b"
197010632391,2025-11-20,300.00,A3,pension
197010632391,2025-11-21,-5.00,A3,pension
`)
	write(t, "avstam.yaml", `
register: {files: [register.csv], extract_date: 2025-11-30}
sources: [{name: a, files: [records.csv]}]
output: {dir: out, formats: [parquet]}
`)
	return runIn(t, "avstam.yaml", change)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}

// idOf is the id of the first finding of a rule about a record.
func idOf(t *testing.T, folder, rule, recordID string) string {
	t.Helper()
	for _, f := range findingsOf(t, folder) {
		if f.Rule == rule && f.RecordID == recordID {
			return f.ID
		}
	}
	t.Fatalf("there is no %s of %s", rule, recordID)
	return ""
}

// Where a record cannot be read again, the explanation says why, and comes from
// the finding; of a masked report then nothing is known but the year.
func TestARecordThatCannotBeReadAgain(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(t *testing.T, question *casework.Question)
		want   string
	}{
		{"it is as it was", func(*testing.T, *casework.Question) {}, "yes, and it is the record that the finding is about"},
		{"the file is gone", func(t *testing.T, _ *casework.Question) { require.NoError(t, os.Remove("records.csv")) }, "no: the file is gone"},
		{"a byte was added", func(t *testing.T, _ *casework.Question) {
			contents, err := os.ReadFile("records.csv")
			require.NoError(t, err)
			write(t, "records.csv", string(contents)+"\n")
		}, "no: the file has changed since: it has"},
		{"another number, and no digest to tell", func(t *testing.T, question *casework.Question) {
			contents, err := os.ReadFile("records.csv")
			require.NoError(t, err)
			write(t, "records.csv", strings.Replace(string(contents), "640823-3234,2025-11-20,100.00", "640823-3235,2025-11-20,100.01", 1))
			question.Manifest.Inputs[0].SHA256 = ""
		}, "no: the row holds another record now: identity_number, amount differ"},
		{"a row that is none", func(t *testing.T, question *casework.Question) {
			contents, err := os.ReadFile("records.csv")
			require.NoError(t, err)
			write(t, "records.csv", strings.Replace(string(contents), "640823-3234,2025-11-20", "640823-3234,2025-13-20", 1))
			question.Manifest.Inputs[0].SHA256 = ""
		}, "no: the row holds another record now: it is no record"},
		{"fewer rows", func(t *testing.T, question *casework.Question) {
			write(t, "records.csv", "identity_number,payment_date,amount,record_id,payment_type\n")
			info, err := os.Stat("records.csv")
			require.NoError(t, err)
			question.Manifest.Inputs[0].SHA256, question.Manifest.Inputs[0].Size = "", info.Size()
		}, "no: cannot read records.csv: it has no such row"},
		{"the manifest does not have the file", func(_ *testing.T, question *casework.Question) { question.Manifest.Inputs = nil }, "no: the manifest does not have its file"},
	} {
		for _, masked := range []bool{false, true} {
			t.Run(row.why, func(t *testing.T) {
				folder := smallReport(t, func(s *job.Settings) { s.Output.Masked = masked })
				question := questionOf(t, folder)
				question.ID = idOf(t, folder, "deceased_payee", "A1")
				row.change(t, &question)
				e, err := casework.Explain(t.Context(), question)
				require.NoError(t, err)
				if masked && row.why == "another number, and no digest to tell" {
					assert.Contains(t, e.Record.ReadAgain, "no: the row holds another record now: amount differ")
				} else {
					assert.Contains(t, e.Record.ReadAgain, row.want)
				}
				assert.Contains(t, e.Why, "The person died between 2025-03-01 and 2025-03-31, at least 234 days before the payment.")
				assert.Contains(t, e.Clean, "a period_end on or before 2025-03-31")
				if masked && row.why != "it is as it was" {
					assert.Equal(t, "The rules were not run again: the record is not known.", e.Again)
					assert.Nil(t, e.Register)
				} else {
					assert.Equal(t, "Run again on the record, the rule says the same.", e.Again)
					assert.Len(t, e.Register.History, 1)
				}
				assert.Equal(t, "1964********", e.Record.Number)
			})
		}
	}
}

// The record came from standard input, which cannot be read again.
func TestARecordFromStandardInput(t *testing.T) {
	folder := smallReport(t, nil)
	question := questionOf(t, folder)
	question.ID = idOf(t, folder, "deceased_payee", "A1")
	why, err := casework.ReadAgain(t.Context(), &question, &report.PublishedFinding{File: "-", Source: "a"})
	require.NoError(t, err)
	assert.Equal(t, "it came from standard input, which cannot be read again", why)
}

// Against another register the rules may say something else, and that is told.
func TestAnotherRegisterSaysSomethingElse(t *testing.T) {
	folder := smallReport(t, nil)
	question := questionOf(t, folder)
	question.ID = idOf(t, folder, "deceased_payee", "A1")
	for _, row := range []struct{ why, register, want string }{
		{"the death was a mistake", strings.Replace(smallRegister, "2025-03-00", "", 1), "the rule does not speak any more."},
		{"the death has its day", strings.Replace(smallRegister, "2025-03-00", "2025-03-15", 1), "the rule says the same."},
		{"nothing but the year is known now", strings.Replace(smallRegister, "2025-03-00", "2025-00-00", 1), "says something else than the report: it is possible."},
	} {
		t.Run(row.why, func(t *testing.T) {
			write(t, "register.csv", row.register)
			asked := question
			asked.Register = questionOf(t, folder).Register
			e, err := casework.Explain(t.Context(), asked)
			require.NoError(t, err)
			assert.Contains(t, e.Again, row.want)
		})
	}
	// A person who has become protected since is not shown.
	write(t, "register.csv", strings.Replace(smallRegister, "2025-03-00,", "2025-03-00,true", 1))
	for _, id := range []string{question.ID, idOf(t, folder, "closed_number", "A3")} {
		asked := question
		asked.ID, asked.Register = id, questionOf(t, folder).Register
		e, err := casework.Explain(t.Context(), asked)
		require.NoError(t, err)
		assert.True(t, e.Protected)
		assert.Equal(t, casework.ExplainedRecord{Source: "a", File: "records.csv", Row: e.Record.Row}, e.Record)
		assert.Empty(t, e.Why)
	}
	// Without a register the finding alone tells.
	asked := question
	asked.Register = func(context.Context) (*register.Snapshot, string, error) { return nil, "the register is gone", nil }
	e, err := casework.Explain(t.Context(), asked)
	require.NoError(t, err)
	assert.Equal(t, []string{"the register is gone"}, e.Notes)
	assert.Contains(t, e.Again, "there is no register")
	assert.Contains(t, e.Why, "between 2025-03-01 and 2025-03-31")
}

func TestFullNumbersAreShownWhereTheyAreAskedFor(t *testing.T) {
	folder := smallReport(t, nil)
	question := questionOf(t, folder)
	question.ID, question.Full = idOf(t, folder, "closed_number", "A3"), true
	e, err := casework.Explain(t.Context(), question)
	require.NoError(t, err)
	assert.Equal(t, "197010632391", e.Record.IdentityNumber)
	assert.Equal(t, "196408233234", e.Register.Chain[1].Number)
	assert.Contains(t, e.Clean, "196408233234")
	assert.Equal(t, []string{"record ids are repeated, so that findings have the same id: this is the first of 2"}, e.Notes)
}

func TestWhatThereIsNotIsNotExplained(t *testing.T) {
	folder := smallReport(t, nil)
	question := questionOf(t, folder)
	for _, id := range []string{"", "x", "196408233234", strings.Repeat("0", 32)} {
		question.ID = id
		_, err := casework.Explain(t.Context(), question)
		assert.ErrorIs(t, err, casework.ErrNoFinding)
		if len(id) > 1 {
			assert.NotContains(t, err.Error(), id, "it may be a number that was put there by mistake")
		}
	}
	question.ID = idOf(t, folder, "deceased_payee", "A1")
	require.NoError(t, os.Remove(filepath.Join(folder, report.FindingsFile)))
	_, err := casework.Explain(t.Context(), question)
	assert.ErrorContains(t, err, "must have parquet among its formats")
}

// Texts of records cannot change what else is on the terminal.
func TestTextsArePrintable(t *testing.T) {
	for text, want := range map[string]string{
		"Försäkringskassan 1":      "Försäkringskassan 1",
		"\x1b[31mred\x07":          "\uFFFD[31mred\uFFFD",
		"a\nb\tc\r":                "a\uFFFDb\uFFFDc\uFFFD",
		"\u202eabc\u2066":          "\uFFFDabc\uFFFD",
		"\xff\xfe":                 "\uFFFD\uFFFD",
		strings.Repeat("x", 10000): strings.Repeat("x", casework.LongestText) + "…",
	} {
		assert.Equal(t, want, casework.Printable(text))
	}
}

// The chain that is shown ends where the register's own does, loops included.
func TestChainsAreThoseOfTheRegister(t *testing.T) {
	numbers := []string{"197010632391", "198207641278", "192811683198"}
	for _, row := range []struct {
		why, register, end string
		links              int
	}{
		{"a chain of three", "197010632391,closed,198207641278\n198207641278,closed,192811683198\n192811683198,active,\n", "it is the one to use", 3},
		{"a loop of three", "197010632391,closed,198207641278\n198207641278,closed,192811683198\n192811683198,closed,197010632391\n", "link_loop", 4},
		{"a loop that does not come back to the first", "197010632391,closed,198207641278\n198207641278,closed,192811683198\n192811683198,closed,198207641278\n", "link_loop", 4},
		{"a number that links to itself", "197010632391,closed,197010632391\n", "link_loop", 2},
		{"a link to nobody", "197010632391,closed,198207641278\n", "link_unknown", 2},
		{"a link that is no number", "197010632391,closed,123\n", "link_unknown", 2},
		{"no link", "197010632391,closed,\n", "link_missing", 1},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "register.csv", "number,status,linked_number\n"+row.register)
			write(t, "records.csv", "identity_number,payment_date,amount,record_id\n"+numbers[0]+",2025-11-20,1,A\n")
			write(t, "avstam.yaml", "register: {files: [register.csv]}\nsources: [{name: a, files: [records.csv]}]\noutput: {dir: out, formats: [parquet]}\n")
			folder := runIn(t, "avstam.yaml", nil)
			question := questionOf(t, folder)
			question.ID = idOf(t, folder, "closed_number", "A")
			e, err := casework.Explain(t.Context(), question)
			require.NoError(t, err)
			assert.Contains(t, e.Register.ChainEnd, row.end)
			assert.Len(t, e.Register.Chain, row.links)
		})
	}
}

// A link tells why its number was deregistered, on whatever day that was.
func TestChainsTellTheReasonOfEachStatus(t *testing.T) {
	e := &casework.Explanation{Register: &casework.ExplainedRegister{Has: true, Chain: []casework.ChainLink{
		{Number: "a", Status: "deregistered", Reason: "GN"},
		{Number: "b", Status: "deregistered", Reason: "GS", From: "2024-01-01"},
		{Number: "c", Status: "closed", From: "2024-01-01"},
		{Number: "d", Status: "active"},
		{Number: "e"},
	}}}
	var text strings.Builder
	require.NoError(t, e.WriteText(&text))
	assert.Contains(t, text.String(), "    a deregistered (GN)\n    -> b deregistered (GS) since 2024-01-01\n    -> c closed since 2024-01-01\n    -> d active\n    -> e no entry\n")
}

// What a baseline and decisions say of a finding is shown where the report has it.
func TestStateAndDecisionAreShown(t *testing.T) {
	e := &casework.Explanation{Rule: "inactive_number", State: "persisting", FirstSeen: "2025-11-01", TimesSeen: 3, Decision: "confirmed", Until: "2026-01-31"}
	var text strings.Builder
	require.NoError(t, e.WriteText(&text))
	for _, line := range []string{"  state       persisting\n", "  first seen  2025-11-01\n", "  times seen  3\n", "  decision    confirmed, until 2026-01-31\n"} {
		assert.Contains(t, text.String(), line)
	}
	e = &casework.Explanation{Rule: "inactive_number"}
	text.Reset()
	require.NoError(t, e.WriteText(&text))
	assert.NotContains(t, text.String(), "The finding")
}

// What the folders of a file say is part of the record, and so are the zeros that
// a numeric column has lost, even where the file is gone and its text is all there is.
func TestFoldersAndLostZerosArePartOfTheRecord(t *testing.T) {
	t.Chdir(t.TempDir())
	path := filepath.Join("in", "agency=csn", "a.parquet")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	type row struct {
		IdentityNumber int64  `parquet:"identity_number"`
		PaymentDate    string `parquet:"payment_date"`
		Amount         int64  `parquet:"amount"`
		RecordID       string `parquet:"record_id"`
	}
	const lost = 203055009 // ten digits that began with a zero
	require.NoError(t, parquet.WriteFile(path, []row{{197010632391, "2025-11-20", 1, "A"}, {lost, "2025-11-20", 1, "B"}}))
	write(t, "register.csv", smallRegister)
	write(t, "avstam.yaml", "register: {files: [register.csv]}\nsources: [{name: a, files: [in]}]\noutput: {dir: out, formats: [parquet]}\n")
	folder := runIn(t, "avstam.yaml", nil)
	for _, isGone := range []bool{false, true} {
		if isGone {
			require.NoError(t, os.Remove(path))
		}
		question := questionOf(t, folder)
		question.ID = idOf(t, folder, "unknown_number", "B")
		e, err := casework.Explain(t.Context(), question)
		require.NoError(t, err)
		assert.Equal(t, isGone, strings.HasPrefix(e.Record.ReadAgain, "no: the file is gone"), e.Record.ReadAgain)
		assert.Equal(t, "csn", e.Record.Agency)
		assert.Equal(t, "2002********", e.Record.Number)
		assert.Equal(t, "Run again on the record, the rule says the same.", e.Again)
	}
}

// What an integer column holds is read again as such where the file is gone: with
// its zeros it has ten digits, and not the twelve that it was read as.
func TestIntegersAreReadAsIntegersWithoutTheirFile(t *testing.T) {
	t.Chdir(t.TempDir())
	type row struct {
		IdentityNumber int64  `parquet:"identity_number"`
		PaymentDate    string `parquet:"payment_date"`
		Amount         int64  `parquet:"amount"`
		RecordID       string `parquet:"record_id"`
	}
	require.NoError(t, parquet.WriteFile("records.parquet", []row{
		{405031238, "2025-11-20", 1, "both"}, {405031239, "2025-11-20", 1, "check digit"}, {55667786, "2025-11-20", 1, "organisation"}, {123, "2025-11-20", 1, "short"},
	}))
	// Text of nine digits is no integer that has lost a zero.
	write(t, "records.csv", "identity_number,payment_date,amount,record_id\n405031238,2025-11-20,1,text\n")
	write(t, "register.csv", "number,status,status_from\n200405031238,active,\n190405031238,active,\n")
	write(t, "avstam.yaml", "register: {files: [register.csv]}\nsources: [{name: a, files: [records.parquet]}, {name: b, files: [records.csv]}]\noutput: {dir: out, formats: [parquet]}\n")
	folder := runIn(t, "avstam.yaml", nil)
	require.NoError(t, os.Remove("records.parquet"))
	require.NoError(t, os.Remove("records.csv"))
	for _, row := range []struct{ record, rule, why string }{
		{"both", "ambiguous_century", "one of 2004, who was taken, and one of 1904"},
		{"check digit", "malformed_number", "its check digit does not hold"},
		{"organisation", "other_identity_kind", "an organisation number"},
		{"short", "malformed_number", "there is no such date"},
		{"text", "malformed_number", "it has neither ten nor twelve digits"},
	} {
		t.Run(row.record, func(t *testing.T) {
			question := questionOf(t, folder)
			question.ID = idOf(t, folder, row.rule, row.record)
			e := explained(t, question)
			assert.Contains(t, e.Record.ReadAgain, "no: the file is gone")
			assert.Contains(t, e.Why, row.why)
			assert.Equal(t, "Run again on the record, the rule says the same.", e.Again)
		})
	}
}

// A separator is told by the years between the number and the payment, of which
// there may be one, or none, or the number may come after it.
func TestYearsOfASeparator(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "register.csv", smallRegister)
	write(t, "records.csv", `identity_number,payment_date,amount,record_id
19640823+3234,1961-11-20,1,later
19640823+3234,1963-11-20,1,a year later
19640823+3234,1964-11-20,1,the same
19640823+3234,1965-11-20,1,a year
19640823+3234,2025-11-20,1,sixty
19640823-3234,2064-11-20,1,hundred
`)
	write(t, "avstam.yaml", "register: {files: [register.csv]}\nsources: [{name: a, files: [records.csv]}]\noutput: {dir: out, formats: [parquet]}\n")
	folder := runIn(t, "avstam.yaml", nil)
	for record, want := range map[string]string{
		"later":        "which is 3 years after the year of the payment: a plus",
		"a year later": "which is one year after the year of the payment: a plus",
		"the same":     "which is the year of the payment: a plus",
		"a year":       "which is one year before the year of the payment: a plus",
		"sixty":        "which is 61 years before the year of the payment: a plus",
		"hundred":      "which is 100 years before the year of the payment: a plus",
	} {
		question := questionOf(t, folder)
		question.ID = idOf(t, folder, "contradictory_separator", record)
		assert.Contains(t, explained(t, question).Why, want, record)
	}
}
