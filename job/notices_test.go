package job

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/rules"
)

// A delivery of no records is not a good night without a word, whatever the format;
// one source of two is enough, and a file of two is not. A job in parts says the same.
func TestSourcesWithoutRecordsAreNamed(t *testing.T) {
	type record struct {
		Number string  `parquet:"identity_number"`
		Date   string  `parquet:"payment_date"`
		Amount float64 `parquet:"amount"`
	}
	folder := t.TempDir()
	csv, pq, stream := filepath.Join(folder, "empty.csv"), filepath.Join(folder, "empty.parquet"), filepath.Join(folder, "empty.arrow")
	require.NoError(t, os.WriteFile(csv, []byte("identity_number,payment_date,amount\n"), 0o600))
	require.NoError(t, parquet.WriteFile(pq, []record{}))
	file, err := os.Create(stream)
	require.NoError(t, err)
	w := ipc.NewWriter(file, ipc.WithSchema(arrow.NewSchema([]arrow.Field{
		{Name: "identity_number", Type: arrow.BinaryTypes.String}, {Name: "payment_date", Type: arrow.FixedWidthTypes.Date32}, {Name: "amount", Type: arrow.PrimitiveTypes.Int64},
	}, nil)))
	require.NoError(t, w.Close())
	require.NoError(t, file.Close())
	rejected := filepath.Join(folder, "rejected.csv")
	require.NoError(t, os.WriteFile(rejected, []byte("identity_number,payment_date,amount\nx,never,1\n"), 0o600))

	settings := partedNight(t)
	settings.Sources[1].Files = append(settings.Sources[1].Files, filepath.Join(folder, "another.csv"))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "another.csv"), []byte("identity_number,payment_date,amount,agency,payment_type,currency\n"), 0o600))
	for _, name := range []string{csv, pq, stream, rejected} {
		settings.Sources = append(settings.Sources, readers.Source{Name: "of " + filepath.Base(name), Files: []string{name}})
	}
	settings.Expect = make([]Expect, len(settings.Sources))
	whole, err := Run(t.Context(), settings)
	require.NoError(t, err)
	var english, swedish []string
	for _, notice := range whole.Summary.Notices {
		if notice.Name == "source_without_records" {
			english, swedish = append(english, notice.Text), append(swedish, notice.Swedish)
		}
	}
	require.Equal(t, []string{
		`The source "of empty.csv" has no records: there is no row in its files.`,
		`The source "of empty.parquet" has no records: there is no row in its files.`,
		`The source "of empty.arrow" has no records: there is no row in its files.`,
	}, english)
	assert.Equal(t, `Källan "of empty.csv" har inga poster: det finns ingen rad i dess filer.`, swedish[0])

	parted := settings
	parted.Output.Folder = filepath.Join(t.TempDir(), "out")
	_, commit := inParts(t, parted, 6000)
	result := commit()
	want, err := os.ReadFile(filepath.Join(whole.Folder, "summary.json"))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(result.Folder, "summary.json"))
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "of a job in parts")
}

// One delivery under two names is counted twice, which its bytes tell: of two files or
// sources, of a whole run and in parts. Files without rows are alike, and folders that
// name the agency make records others.
func TestARepeatedFileIsNamed(t *testing.T) {
	folder := t.TempDir()
	write := func(name, contents string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(contents), 0o600))
		return path
	}
	const header, row = "identity_number,payment_date,amount\n", "x,2025-11-20,1\n"
	rows := strings.Repeat(row, 20)
	first, again := write("a.csv", header+rows), write("b.csv", header+rows)
	// In parts a file with a sidecar has a digest of the whole besides those of its chunks.
	write("a.csv.sha256", fmt.Sprintf("%x  a.csv\n", sha256.Sum256([]byte(header+rows))))
	settings := partedNight(t)
	settings.Sources[0].Files = append(settings.Sources[0].Files, first, write("none.csv", header), write("none too.csv", header))
	settings.Sources = append(settings.Sources, readers.Source{Name: "third", Files: []string{
		again, write("another.csv", header+row), write("agency=one/c.csv", header+rows+row), write("agency=two/c.csv", header+rows+row),
	}})
	settings.Sources[0].Constants, settings.Sources[2].Constants = nil, nil
	settings.Expect = make([]Expect, len(settings.Sources))
	repeated := func(result *Result) (texts []string) {
		for _, notice := range result.Summary.Notices {
			if notice.Name == "file_repeated" {
				assert.EqualValues(t, 20, notice.Records)
				texts = append(texts, notice.Text, notice.Swedish)
			}
		}
		return texts
	}
	whole, err := Run(t.Context(), settings)
	require.NoError(t, err)
	want := []string{
		fmt.Sprintf("The file %q has the same bytes as %q. If that is one delivery under two names, its records are counted twice.", again, first),
		fmt.Sprintf("Filen %q har samma innehåll som %q. Om det är en leverans under två namn räknas dess poster två gånger.", again, first),
	}
	assert.Equal(t, want, repeated(whole))

	settings.Output.Folder = filepath.Join(t.TempDir(), "out")
	_, commit := inParts(t, settings, 200)
	result := commit()
	assert.Equal(t, want, repeated(result), "of a job in parts")

	for i := range 20 {
		settings.Sources[2].Files = append(settings.Sources[2].Files, write(fmt.Sprintf("many%d.csv", i), header+rows))
	}
	whole, err = Run(t.Context(), settings)
	require.NoError(t, err)
	many := whole.Summary.Notices[:21]
	assert.Equal(t, "file_repeated", many[19].Name)
	assert.Equal(t, "1 more file has the same bytes as another.", many[20].Text)
	assert.NotEqual(t, "file_repeated", whole.Summary.Notices[21].Name)
}

// Both control totals of a source are told of, and those of all sources.
func TestAllControlTotalsAreTold(t *testing.T) {
	settings := partedNight(t)
	settings.Expect = []Expect{{HasRows: true, Rows: 1, HasAmount: true, Amount: 100}, {HasRows: true, Rows: 799}}
	_, err := Run(t.Context(), settings)
	require.ErrorContains(t, err, "control total of source first: 1 row was expected, 800 were read; an amount of 1.00 was expected, ")
	require.ErrorContains(t, err, " was read; control total of source second: 799 rows were expected, 800 were read")
	assert.Equal(t, ExitInput, ExitStatus(err))
}

// Numbers that have been through a spreadsheet are malformed by the thousand, which is no
// matter of the people paid: of the sources for which that is so, whole and in parts.
func TestASourceOfMalformedNumbersIsNamed(t *testing.T) {
	folder := t.TempDir()
	source := func(name string, numbers ...string) readers.Source {
		path := filepath.Join(folder, name+".csv")
		contents := "identity_number,payment_date,amount,agency\n"
		for _, number := range numbers {
			contents += number + ",2025-11-20,1.00,csn\n"
		}
		require.NoError(t, os.WriteFile(path, []byte(contents), 0o600))
		return readers.Source{Name: name, Files: []string{path}}
	}
	const good, bad = "196408233234", "196408233234.0"
	tenth := slices.Repeat([]string{good}, 9)
	settings := partedNight(t)
	settings.Sources = []readers.Source{
		source("sheet", append(tenth, bad, "1964082332E1", "19640823323", "'640823-3234")...),
		source("few", append(tenth, bad)...),
		source("just", append(tenth[:8:8], bad)...),
		source("others", append(tenth[:1:1], "556012-5790", "556012-5790")...), // numbers of organisations
		source("rejected", append(tenth[:1:1], "196408233234,x")...),
		source("lost", append(tenth[:1:1], "", "", "196408233235")...),
	}
	settings.Expect = make([]Expect, len(settings.Sources))
	settings.Policy.Severities["malformed_number"] = rules.Off // whatever the policy asks for
	english := func(name, detail string) string {
		return fmt.Sprintf("More than a tenth of the records of the source %q have a malformed number, mostly with the detail %s. "+
			"Is another column taken for identity_number, or have the numbers been through a spreadsheet?", name, detail)
	}
	swedish := func(name, detail string) string {
		return fmt.Sprintf("Mer än en tiondel av posterna från källan %q har ett felaktigt nummer, oftast med detaljen %s. "+
			"Har en annan kolumn tagits för identity_number, eller har numren gått genom ett kalkylblad?", name, detail)
	}
	want := []string{
		english("sheet", "characters"), swedish("sheet", "characters"), english("just", "characters"), swedish("just", "characters"),
		english("lost", "empty"), swedish("lost", "empty"),
	}
	whole, err := Run(t.Context(), settings)
	require.NoError(t, err)
	assert.Equal(t, want, told(whole.Summary.Notices, "source_malformed"))
	var records []int64
	for _, notice := range whole.Summary.Notices {
		if notice.Name == "source_malformed" {
			records = append(records, notice.Records)
		}
	}
	assert.Equal(t, []int64{4, 1, 3}, records)

	settings.Output.Folder = filepath.Join(t.TempDir(), "out")
	_, commit := inParts(t, settings, 100)
	result := commit()
	assert.Equal(t, whole.Summary.Notices, result.Summary.Notices, "of a job in parts")
}

// A delivery beside its compressed copy is not seen by its bytes, and counts twice: the
// ids of its findings tell. Records without an id have findings with ids of their own.
func TestFindingsOfTheSameIDAreTold(t *testing.T) {
	folder := t.TempDir()
	const contents = "record_id,identity_number,payment_date,amount\na,196408233234,2025-11-20,1\nb,197010632391,2025-11-20,1\nc,198012132398,2025-11-20,1\n"
	plain, packed, bare := filepath.Join(folder, "a.csv"), filepath.Join(folder, "a.csv.gz"), filepath.Join(folder, "b.csv")
	require.NoError(t, os.WriteFile(plain, []byte(contents), 0o600))
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, err := w.Write([]byte(contents))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(packed, compressed.Bytes(), 0o600))
	require.NoError(t, os.WriteFile(bare, []byte("identity_number,payment_date,amount\n"+strings.Repeat("197010632391,2025-11-20,1\n", 3)), 0o600))

	settings := partedNight(t)
	settings.Policy.Severities["duplicate_payment"] = rules.Off
	settings.Expect = make([]Expect, 1)
	settings.Sources = []readers.Source{{Name: "all", Files: []string{plain, bare}}}
	result, err := Run(t.Context(), settings)
	require.NoError(t, err)
	require.Positive(t, result.Summary.Findings)
	assert.Empty(t, told(result.Summary.Notices, "findings_repeated"), "each record once")

	settings.Sources[0].Files = append(settings.Sources[0].Files, packed)
	want := []string{
		"5 findings have the id of another one, of the same rule, source and record id. Where a source has a record id for each record, its records are there twice, perhaps as a file and a compressed one of the same, and all sums are too high.",
		"5 träffar har samma id som en annan träff, med samma regel, källa och post-id. Om varje post i källan har sitt eget post-id finns poster med två gånger, kanske som en fil och samma fil komprimerad, och alla summor är för höga.",
	}
	whole, err := Run(t.Context(), settings)
	require.NoError(t, err)
	assert.Equal(t, want, told(whole.Summary.Notices, "findings_repeated"))
	assert.EqualValues(t, 5, whole.Summary.RepeatedIDs)

	settings.Output.Folder = filepath.Join(t.TempDir(), "out")
	_, commit := inParts(t, settings, 60)
	result = commit()
	assert.Equal(t, whole.Summary.Notices, result.Summary.Notices, "of a job in parts")

	var findings bytes.Buffer
	settings.Output = Output{Folder: StandardOutput, Arrow: true, Stream: &findings}
	result, err = Run(t.Context(), settings)
	require.NoError(t, err)
	assert.Equal(t, want, told(result.Summary.Notices, "findings_repeated"), "of findings on standard output")
}

// Words of the policy are taken exactly as they stand, and sums are kept by currency as it
// stands: what blanks and capitals alone make another, as in columns of fixed width, is told.
func TestWordsThatDifferInBlanksOrCapitalsAreTold(t *testing.T) {
	for _, c := range []struct {
		paymentType, agency, currency string
		want                          []string
		why                           string
	}{
		{"pension", "csn", "SEK", nil, "as the policy has them"},
		{"pensioner", "csnn", "EUR", []string{
			`The policy does not know these payment types of the records: "pensioner".`,
			`Policyn känner inte till dessa utbetalningsslag, som finns i posterna: "pensioner".`,
		}, "other words"},
		{`"pension   "`, `" CSN"`, `"Sek "`, []string{
			`The policy does not know these payment types of the records: "pension   ". Blanks or capitals alone make another of what the policy has: "pension   ".`,
			`Policyn känner inte till dessa utbetalningsslag, som finns i posterna: "pension   ". Bara blanktecken eller versaler skiljer dessa från policyns: "pension   ".`,
			`The policy does not know these agencies of the records, which blanks or capitals alone make others than it has: " CSN".`,
			`Policyn känner inte till dessa myndigheter i posterna, som bara blanktecken eller versaler skiljer från policyns: " CSN".`,
			`Blanks or capitals alone make currencies of the records others, or another than SEK; their sums are kept apart: "Sek ".`,
			`Bara blanktecken eller versaler skiljer valutor i posterna från varandra eller från SEK. De summeras var för sig: "Sek ".`,
		}, "blanks and capitals"},
		{"pension", "Polisen", "nok", []string{
			`The policy does not know these agencies of the records, which blanks or capitals alone make others than it has: "Polisen".`,
			`Policyn känner inte till dessa myndigheter i posterna, som bara blanktecken eller versaler skiljer från policyns: "Polisen".`,
			`Blanks or capitals alone make currencies of the records others, or another than SEK; their sums are kept apart: "NOK", "nok".`,
			`Bara blanktecken eller versaler skiljer valutor i posterna från varandra eller från SEK. De summeras var för sig: "NOK", "nok".`,
		}, "of agencies that may have uncertain numbers, and of two currencies"},
	} {
		path := filepath.Join(t.TempDir(), "records.csv")
		contents := "identity_number,payment_date,amount,payment_type,agency,currency\n196408233234,2025-11-20,1,pension,csn,NOK\n" +
			fmt.Sprintf("196408233234,2025-11-20,1,%s,%s,%s\n", c.paymentType, c.agency, c.currency)
		require.NoError(t, os.WriteFile(path, []byte(contents), 0o600))
		settings := partedNight(t)
		settings.Expect = make([]Expect, 1)
		settings.Sources = []readers.Source{{Name: "all", Files: []string{path}}}
		settings.Policy.PaymentTypes = map[string]rules.PaymentTypePolicy{"pension": {LawfulMonths: 1}}
		settings.Policy.Agencies = map[string]rules.AgencyPolicy{"csn": {}}
		settings.Policy.UncertainAllowed = []string{"polisen"}
		result, err := Run(t.Context(), settings)
		require.NoError(t, err, c.why)
		assert.Equal(t, c.want, told(result.Summary.Notices, "payment_types_without_policy", "agencies_without_policy", "currencies_alike"), c.why)
	}
	assert.Empty(t, alikeIn([]string{""}, []string{" "}), "a record without a word is on no list")
	assert.Equal(t, `"a", "b", …`, quotedWords([]string{"a", "b", "c"}, 2), "of many the first")
}
