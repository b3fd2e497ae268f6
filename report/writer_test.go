package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readCSV is a CSV file of a report by column name.
func readCSV(t testing.TB, path string) (header []string, rows []map[string]string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close() // it was only read
	records, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, cell := range record {
			row[records[0][i]] = PlainText(cell)
		}
		rows = append(rows, row)
	}
	return records[0], rows
}

// TestColumns holds the names and the order that users rely on.
func TestColumns(t *testing.T) {
	f := newFixture(t, 1, 50)
	path, _ := f.publish(t)
	header, _ := readCSV(t, filepath.Join(path, "findings.csv"))
	assert.Equal(t, strings.Fields(`finding_id rule severity direction confidence detail source file row record_id
		agency payment_type payment_date period_start period_end amount currency
		identity_number number number_kind use_number status status_from status_reason identity_level deceased_on
		known_from known_at_payment state first_seen times_seen decision decision_until other_number protected`), header)
	header, _ = readCSV(t, filepath.Join(path, "rejects.csv"))
	assert.Equal(t, strings.Fields(`source file row line byte_offset column reason amount currency raw`), header)

	f.run.Masked = true
	path, _ = f.publish(t)
	header, _ = readCSV(t, filepath.Join(path, "rejects.csv"))
	assert.Equal(t, strings.Fields(`source file row line byte_offset column reason amount currency`), header, "raw is left out")
}

// TestFindingsSayWhatWasFound compares the table with the findings, formatted
// here in another way.
func TestFindingsSayWhatWasFound(t *testing.T) {
	f := newFixture(t, 2, 400)
	path, published := f.publish(t)
	_, rows := readCSV(t, filepath.Join(path, "findings.csv"))
	all := append(append([]Finding{}, f.records...), f.across...)
	require.Len(t, rows, len(all))
	assert.EqualValues(t, len(all), published.Summary.Findings)

	optional := func(text fmt.Stringer, there bool) string {
		if !there {
			return ""
		}
		return text.String()
	}
	ids := map[string]bool{}
	for i, row := range rows {
		finding := all[i]
		amount := new(big.Rat).SetFrac64(finding.Amount, 100)
		known := ""
		if finding.KnownFrom > 0 {
			known = fmt.Sprint(finding.KnownFrom <= finding.PaymentDate)
		}
		number := func(n uint64) string {
			if n == 0 {
				return ""
			}
			return fmt.Sprintf("%012d", n)
		}
		protected := map[string]string{"0": "", "1": "false", "2": "true"}[fmt.Sprint(uint8(finding.Protected))]
		id := row["finding_id"]
		require.Regexp(t, "^[0-9a-f]{32}$", id)
		if !finding.HasRecordID {
			require.False(t, ids[id], "records without an id have ids of their own")
		}
		ids[id] = true
		delete(row, "finding_id")
		require.Equal(t, map[string]string{
			"rule": rules.All()[finding.Rule].Name, "severity": finding.Severity.String(), "direction": finding.Direction.String(),
			"confidence": map[bool]string{false: "certain", true: "possible"}[finding.Possible], "detail": string(finding.Detail),
			"source": f.run.Files[finding.File].Source, "file": f.run.Files[finding.File].Path, "row": fmt.Sprint(finding.Row),
			"record_id": string(finding.RecordID), "agency": f.run.Dictionaries.Agency.Values()[finding.Agency],
			"payment_type": f.run.Dictionaries.PaymentType.Values()[finding.PaymentType],
			"payment_date": finding.PaymentDate.String(), "period_start": finding.PeriodStart.String(), "period_end": finding.PeriodEnd.String(),
			"amount": amount.FloatString(2), "currency": f.run.Dictionaries.Currency.Values()[finding.Currency],
			"identity_number": string(finding.IdentityNumber), "number": number(uint64(finding.Number)),
			"number_kind": finding.NumberKind.String(), "use_number": number(uint64(finding.UseNumber)),
			"status": finding.Status.String(), "status_from": finding.StatusFrom.String(), "status_reason": string(finding.StatusReason),
			"identity_level": finding.IdentityLevel.String(), "deceased_on": finding.DeceasedOn.String(),
			"known_from": optional(finding.KnownFrom, finding.KnownFrom > 0), "known_at_payment": known,
			"state": "", "first_seen": "", "times_seen": "", "decision": "", "decision_until": "",
			"other_number": number(uint64(finding.OtherNumber)), "protected": protected,
		}, row, "finding %d", i)
	}

	_, rows = readCSV(t, filepath.Join(path, "rejects.csv"))
	require.Len(t, rows, len(f.rejects))
	for i, row := range rows {
		reject := f.rejects[i]
		want := map[string]string{
			"source": f.run.Files[reject.File].Source, "file": f.run.Files[reject.File].Path, "row": fmt.Sprint(reject.Row),
			"line": fmt.Sprint(reject.Line), "byte_offset": fmt.Sprint(reject.ByteOffset), "column": reject.Column, "reason": "bad_date",
			"amount": "", "currency": "", "raw": "x;y\uFFFD;\"z\"\n", // the CSV reader drops the CR
		}
		if reject.HasAmount {
			want["amount"] = new(big.Rat).SetFrac64(reject.Amount, 100).FloatString(2)
			want["currency"] = f.run.Dictionaries.Currency.Values()[reject.Currency]
		} else {
			want["line"], want["byte_offset"] = "", ""
		}
		require.Equal(t, want, row)
	}
}

func TestSameBytesWhateverTheWorkers(t *testing.T) {
	contents := func(workers int) map[string]string {
		f := newFixture(t, 4, 1500)
		f.run.Workers, f.closing.Workers = workers, workers
		path, _ := f.publish(t)
		files := map[string]string{}
		entries, err := os.ReadDir(path)
		require.NoError(t, err)
		for _, entry := range entries {
			if entry.Name() == RunFile || entry.Name() == MetricsFile {
				continue
			}
			text, err := os.ReadFile(filepath.Join(path, entry.Name()))
			require.NoError(t, err)
			files[entry.Name()] = string(text)
		}
		files["the name"] = filepath.Base(path)
		return files
	}
	want := contents(1)
	require.Len(t, want, 10)
	for _, workers := range []int{1, 2, 3, 8} {
		got := contents(workers)
		for name := range want {
			assert.True(t, want[name] == got[name], "%s with %d workers", name, workers)
		}
	}
}

// TestDictionaryNumbersDoNotShow gives the texts other numbers, as another
// worker's luck would.
func TestDictionaryNumbersDoNotShow(t *testing.T) {
	f := newFixture(t, 4, 300)
	first, _ := f.publish(t)

	other := newFixture(t, 4, 300)
	dictionaries := pipeline.NewDictionaries()
	for _, text := range []string{"x", "forsakringskassan", "csn"} {
		_, err := dictionaries.Agency.ID([]byte(text))
		require.NoError(t, err)
	}
	for _, text := range []string{"omvardnadsbidrag", "x", "pension"} {
		_, err := dictionaries.PaymentType.ID([]byte(text))
		require.NoError(t, err)
	}
	for _, text := range []string{"x", "EUR", "SEK"} {
		_, err := dictionaries.Currency.ID([]byte(text))
		require.NoError(t, err)
	}
	renumber := func(agency, paymentType, currency *uint16) {
		*agency = []uint16{0, 3, 2}[*agency]
		*paymentType = []uint16{0, 3, 1}[*paymentType]
		*currency = []uint16{0, 3, 2}[*currency]
	}
	for _, list := range [][]Finding{other.records, other.across} {
		for i := range list {
			renumber(&list[i].Agency, &list[i].PaymentType, &list[i].Currency)
		}
	}
	for i := range other.rejects {
		var none uint16
		renumber(&none, &none, &other.rejects[i].Currency)
	}
	for i := range other.closing.Terms {
		terms := &other.closing.Terms[i]
		for _, tally := range []*pipeline.Tally{&terms.Read, &terms.Clean, &terms.Flagged, &terms.Rejected} {
			tally.Renumber([]uint16{0, 3, 2})
		}
	}
	other.run.Dictionaries = dictionaries
	second, _ := other.publish(t)
	assert.Equal(t, filepath.Base(first), filepath.Base(second), "the manifest, with the digests of all files, is the same")
}

func TestSummaryCounts(t *testing.T) {
	f := newFixture(t, 5, 800)
	_, published := f.publish(t)
	s := published.Summary

	type key struct{ dimension, name string }
	want := map[key]int64{}
	sums := map[key]map[string]int64{}
	for _, finding := range append(append([]Finding{}, f.records...), f.across...) {
		currency := f.run.Dictionaries.Currency.Values()[finding.Currency]
		for _, k := range []key{
			{"rule", rules.All()[finding.Rule].Name}, {"severity", finding.Severity.String()},
			{"confidence", map[bool]string{false: "certain", true: "possible"}[finding.Possible]},
			{"agency", f.run.Dictionaries.Agency.Values()[finding.Agency]},
			{"type", f.run.Dictionaries.PaymentType.Values()[finding.PaymentType]},
			{"month", finding.PaymentDate.String()[:7]},
		} {
			want[k]++
			if sums[k] == nil {
				sums[k] = map[string]int64{}
			}
			sums[k][currency] += finding.Amount
		}
	}
	got := map[key]int64{}
	check := func(dimension, name string, findings int64, amounts map[string]pipeline.Sum) {
		k := key{dimension, name}
		if findings == 0 {
			return
		}
		got[k] = findings
		for currency, sum := range sums[k] {
			assert.Equal(t, big.NewInt(sum), amounts[currency].Ore(), "%v %s", k, currency)
		}
		assert.Len(t, amounts, len(sums[k]), "%v", k)
	}
	for _, rule := range s.Rules {
		check("rule", rule.Rule, rule.Findings, rule.Amounts)
	}
	for dimension, counts := range map[string][]Count{"severity": s.Severities, "confidence": s.Confidence, "agency": s.Agencies, "type": s.PaymentTypes, "month": s.Months} {
		for _, count := range counts {
			check(dimension, count.Name, count.Findings, count.Amounts)
		}
	}
	assert.Equal(t, want, got)
	assert.Equal(t, []ReasonCount{{Reason: "bad_date", Rows: int64(len(f.rejects))}}, s.Rejected)
}

func TestRepeatedIDsAreCounted(t *testing.T) {
	f := newFixture(t, 6, 200)
	want := int64(0)
	seen := map[string]bool{}
	for _, list := range [][]Finding{f.records, f.across} {
		for i := range list {
			list[i].HasRecordID, list[i].RecordID = true, []byte{'A' + byte(i%3)}
			key := fmt.Sprint(list[i].Rule, f.run.Files[list[i].File].Source, list[i].RecordID)
			if seen[key] {
				want++
			}
			seen[key] = true
		}
	}
	path, published := f.publish(t)
	assert.Equal(t, want, published.Summary.RepeatedIDs)
	_, rows := readCSV(t, filepath.Join(path, "findings.csv"))
	ids := map[string]bool{}
	for _, row := range rows {
		ids[row["finding_id"]] = true
	}
	assert.Len(t, ids, len(seen), "a repeated record id gives a repeated finding id")
}

func TestModesWhateverTheUmask(t *testing.T) {
	for _, umask := range []int{0, 0o077} {
		f := newFixture(t, 1, 50)
		before := syscall.Umask(umask)
		path, _ := f.publish(t)
		syscall.Umask(before)
		entries, err := os.ReadDir(path)
		require.NoError(t, err)
		require.Len(t, entries, 11)
		for _, entry := range entries {
			want := storage.PublicMode
			if strings.HasPrefix(entry.Name(), "findings.") || strings.HasPrefix(entry.Name(), "rejects.") {
				want = storage.PrivateMode
			}
			info, err := entry.Info()
			require.NoError(t, err)
			assert.Equal(t, want, info.Mode(), "%s under umask %o", entry.Name(), umask)
		}
	}
}

// TestNumbersStayInTheTables looks for every number of the run, and the texts
// that were no numbers, in all that others than case workers may read.
func TestNumbersStayInTheTables(t *testing.T) {
	f := newFixture(t, 8, 300)
	path, _ := f.publish(t)
	for _, name := range []string{SummaryFile, PageFile, ManifestFile, RunFile, MetricsFile} {
		contents, err := os.ReadFile(filepath.Join(path, name))
		require.NoError(t, err)
		for i := range f.records {
			require.NotContains(t, string(contents), string(f.records[i].IdentityNumber), name)
			if len(f.records[i].RecordID) > 3 {
				require.NotContains(t, string(contents), string(f.records[i].RecordID), name)
			}
		}
	}
}

func TestMaskedNumbers(t *testing.T) {
	f := newFixture(t, 9, 200)
	f.run.Masked = true
	f.records[0].IdentityNumber = []byte("640823-3234")
	f.records[0].Number = numberOf(1964, 8, 23, 323)
	f.records[1].IdentityNumber, f.records[1].Number = nil, 0
	path, _ := f.publish(t)
	_, rows := readCSV(t, filepath.Join(path, "findings.csv"))
	all := append(append([]Finding{}, f.records...), f.across...)
	masked := regexp.MustCompile(`^((\d{4})?\*{8,12})?$`)
	for i, row := range rows {
		for _, column := range []string{"identity_number", "number", "use_number", "other_number"} {
			require.Regexp(t, masked, row[column], column)
		}
		if all[i].Number != 0 {
			require.Equal(t, fmt.Sprintf("%d********", all[i].Number.Year()), row["number"])
			require.Equal(t, row["number"], row["identity_number"])
		} else if len(all[i].IdentityNumber) > 0 {
			require.Equal(t, "************", row["identity_number"], "of what is no number nothing shows, not even its length")
		}
	}
	assert.Equal(t, "1964********", rows[0]["identity_number"], "ten digits show the year that they were read for")
	assert.Empty(t, rows[1]["identity_number"])

	for _, name := range []string{"findings.parquet", "rejects.parquet", "rejects.csv"} {
		contents, err := os.ReadFile(filepath.Join(path, name))
		require.NoError(t, err)
		assert.NotContains(t, string(contents), "3234", name)
		assert.NotContains(t, string(contents), "raw", name)
	}
	manifest, err := os.ReadFile(filepath.Join(path, ManifestFile))
	require.NoError(t, err)
	assert.Contains(t, string(manifest), `"numbers": "masked"`)
}

func TestEmptyRunIsAReport(t *testing.T) {
	f := newFixture(t, 1, 50)
	f.records, f.across, f.rejects = nil, nil, nil
	f.closing.Terms = make([]Terms, fixtureFiles)
	path, published := f.publish(t)
	assert.Zero(t, published.Summary.Findings)
	differences, _, err := Verify(context.Background(), path, false)
	require.NoError(t, err)
	assert.Empty(t, differences)
}

func TestFormats(t *testing.T) {
	for _, test := range []struct {
		parquet, csv, arrow, html bool
		want                      []string
	}{
		{false, false, true, false, []string{"findings.arrow", ManifestFile, MetricsFile, "rejects.arrow", RunFile, SummaryFile}},
		{true, false, false, false, []string{"findings.parquet", ManifestFile, MetricsFile, "rejects.parquet", RunFile, SummaryFile}},
		{false, true, false, true, []string{"findings.csv", ManifestFile, MetricsFile, "rejects.csv", PageFile, RunFile, SummaryFile}},
	} {
		f := newFixture(t, 1, 50)
		f.run.Parquet, f.run.CSV, f.run.Arrow, f.run.HTML = test.parquet, test.csv, test.arrow, test.html
		path, _ := f.publish(t)
		entries, err := os.ReadDir(path)
		require.NoError(t, err)
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		assert.Equal(t, test.want, names)
	}
}

func TestNewWriterRefuses(t *testing.T) {
	_, draft, spill := begin(t)
	for _, test := range []struct {
		why    string
		change func(*Run)
		want   string
	}{
		{"a file named twice cannot be told apart in the tables", func(r *Run) { r.Files = append(r.Files, r.Files[0]) }, "twice"},
		{"no format", func(r *Run) { r.Parquet, r.CSV, r.Arrow = false, false, false }, "format"},
		{"a short key", func(r *Run) { r.Key = r.Key[:3] }, "key"},
	} {
		run := newFixture(t, 1, 10).run
		test.change(&run)
		_, err := NewWriter(draft, spill, run)
		assert.ErrorContains(t, err, test.want, test.why)
	}
}

func TestErrorOfTheTemporaryFileComesBackAsItIs(t *testing.T) {
	f := newFixture(t, 1, 3000)
	for _, test := range []struct {
		why    string
		change func(w *Writer, parts []Part)
		want   error
	}{
		{"it is gone", func(w *Writer, _ []Part) { _ = w.spill.Close() }, os.ErrClosed},
		{"it is gone, and all ids are in memory", func(w *Writer, _ []Part) {
			for _, p := range w.packers {
				p.ids = newIDCollector(w.spill, collectedIDs)
			}
			_ = w.spill.Close()
		}, os.ErrClosed},
		{"a chunk ends early", func(_ *Writer, parts []Part) { parts[7].Chunks[0].Extent.Length -= 3 }, errPacked},
		{"a chunk has more findings than bytes", func(_ *Writer, parts []Part) { parts[7].Chunks[0].Findings = 1 << 20 }, errPacked},
	} {
		t.Run(test.why, func(t *testing.T) {
			_, draft, spill := begin(t)
			w, err := NewWriter(draft, spill, f.run)
			require.NoError(t, err)
			w.collectedIDs, w.rowGroupRows = 100, 16
			parts := pack(t, w, f.records, f.across)
			test.change(w, parts)
			require.ErrorIs(t, w.Findings(context.Background(), parts), test.want)
			require.NoError(t, draft.Discard())
		})
	}
}

func TestWriterStopsWhenTold(t *testing.T) {
	f := newFixture(t, 1, 300)
	_, draft, spill := begin(t)
	w, err := NewWriter(draft, spill, f.run)
	require.NoError(t, err)
	reason := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(reason)
	assert.ErrorIs(t, w.Findings(ctx, pack(t, w, f.records, f.across)), reason)

	_, draft, w = f.writeTables(t)
	_, err = w.Finish(ctx, &f.closing)
	assert.ErrorIs(t, err, reason)
	assert.NoFileExists(t, filepath.Join(draft.Path(), ManifestFile))
}

// TestPanicInAnEncoderIsCaught gives a finding a number that no dictionary has.
func TestPanicInAnEncoderIsCaught(t *testing.T) {
	f := newFixture(t, 1, 300)
	last := &f.records[len(f.records)-1]
	last.RecordID, last.Agency = []byte("A-1"), 999
	_, draft, spill := begin(t)
	w, err := NewWriter(draft, spill, f.run)
	require.NoError(t, err)
	w.rowGroupRows = 16
	var panicked *pipeline.Panic
	require.ErrorAs(t, w.Findings(context.Background(), pack(t, w, f.records, f.across)), &panicked)
}

func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only the superuser may mount a small file system")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	for _, format := range []string{"parquet", "csv", "arrow"} {
		f := newFixture(t, 1, 6000)
		f.run.Parquet, f.run.CSV, f.run.Arrow = format == "parquet", format == "csv", format == "arrow"
		folder, err := storage.Lock(filepath.Join(dir, "out"))
		require.NoError(t, err)
		draft, err := folder.Begin()
		require.NoError(t, err)
		spill, err := storage.NewSpill() // which is not full
		require.NoError(t, err)
		w, err := NewWriter(draft, spill, f.run)
		require.NoError(t, err)
		w.rowGroupRows = 64
		err = w.Findings(context.Background(), pack(t, w, f.records, f.across))
		require.ErrorIs(t, err, syscall.ENOSPC)
		assert.ErrorContains(t, err, "findings."+format)
		require.NoError(t, draft.Discard())
		require.NoError(t, spill.Close())
		require.NoError(t, folder.Unlock())
		entries, err := os.ReadDir(folder.Path())
		require.NoError(t, err)
		assert.Len(t, entries, 1, "only the lock is left")
	}
}

func TestFailedRunKeepsItsRejectsAlone(t *testing.T) {
	f := newFixture(t, 1, 200)
	folder, draft, w := f.writeTables(t)
	run, err := w.FinishFailed(started)
	require.NoError(t, err)
	require.True(t, storage.IsRunName(run), run)
	require.NoError(t, draft.KeepFailed(run))
	path := filepath.Join(folder.Path(), "failed", run)
	var names []string
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
		info, err := entry.Info()
		require.NoError(t, err)
		assert.Equal(t, storage.PrivateMode, info.Mode())
	}
	assert.Equal(t, []string{"rejects.arrow", "rejects.csv", "rejects.parquet"}, names)
	_, err = os.Lstat(filepath.Join(folder.Path(), "latest"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestFailedRunBeforeItsFindingsWereWritten(t *testing.T) {
	f := newFixture(t, 1, 200)
	_, draft, spill := begin(t)
	w, err := NewWriter(draft, spill, f.run)
	require.NoError(t, err)
	require.NoError(t, w.Rejects(context.Background(), each(f.rejects)))
	_, err = w.FinishFailed(started)
	require.NoError(t, err)
}

func TestRunNameSortsByTimeAndTellsTheManifest(t *testing.T) {
	f := newFixture(t, 1, 50)
	path, published := f.publish(t)
	manifest, err := os.ReadFile(filepath.Join(path, ManifestFile))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(published.Run, "20251121T020000.000Z-"), published.Run)
	assert.True(t, storage.IsRunName(published.Run), published.Run)
	var record map[string]any
	contents, err := os.ReadFile(filepath.Join(path, RunFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(contents, &record))
	assert.Equal(t, published.Run, record["run"])
	assert.NotContains(t, string(manifest), "20251121T020000", "the manifest is the same for every run of the same")
}

func TestMetricsAreInTheTextFormat(t *testing.T) {
	f := newFixture(t, 1, 100)
	_, published := f.publish(t)
	line := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\})? -?[0-9.]+)$`)
	typed := map[string]bool{}
	for text := range bytes.Lines(published.Metrics) {
		text := strings.TrimSuffix(string(text), "\n")
		require.Regexp(t, line, text)
		if name, found := strings.CutPrefix(text, "# TYPE "); found {
			typed[strings.Fields(name)[0]] = true
		} else if !strings.HasPrefix(text, "#") {
			require.True(t, typed[regexp.MustCompile(`^[a-z_]+`).FindString(text)], "the type comes first: %s", text)
		}
	}
	assert.Contains(t, string(published.Metrics), fmt.Sprintf("\navstam_records_read %d\n", published.Summary.Records.Read.Rows))
	assert.Contains(t, string(published.Metrics), "\navstam_run_timestamp_seconds 1763690400.000\n")
	assert.Contains(t, string(published.Metrics), "\navstam_run_duration_seconds 1.500\n")
	assert.Contains(t, string(published.Metrics), fmt.Sprintf("\navstam_register_extract_timestamp_seconds %d\n", time.Date(2025, 11, 20, 0, 0, 0, 0, time.UTC).Unix()))
	assert.NotContains(t, string(published.Metrics), "avstam_notices")
	f.closing.Register.ExtractDate = ""
	f.closing.Notices = []Notice{{Name: "policy_agency_unused"}, {Name: "extract_date_unknown"}, {Name: "policy_agency_unused"}}
	_, published = f.publish(t)
	assert.NotContains(t, string(published.Metrics), "avstam_register_extract", "the day is not known")
	assert.Contains(t, string(published.Metrics), "\navstam_notices{name=\"extract_date_unknown\"} 1\navstam_notices{name=\"policy_agency_unused\"} 2\n")
	assert.Equal(t, `a\\b\"c\nd`, escapeLabel("a\\b\"c\nd"))
}

func TestPageEscapesWhatItIsGiven(t *testing.T) {
	const payload = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	f := newFixture(t, 1, 100)
	dictionaries := pipeline.NewDictionaries()
	for range 3 {
		for _, d := range []interface {
			ID([]byte) (uint16, error)
		}{dictionaries.Agency, dictionaries.PaymentType, dictionaries.Currency} {
			_, err := d.ID([]byte(payload))
			require.NoError(t, err)
			_, err = d.ID([]byte("other"))
			require.NoError(t, err)
		}
	}
	f.run.Dictionaries = dictionaries
	f.run.Files[0] = File{Source: payload, Path: payload}
	f.run.Version = payload
	f.closing.Notices = []Notice{{Name: "x", Text: payload}}
	f.closing.Inputs[0] = Input{Source: payload, Path: payload, SHA256: payload}
	f.closing.Register.ExtractDate = payload
	path, _ := f.publish(t)
	page, err := os.ReadFile(filepath.Join(path, PageFile))
	require.NoError(t, err)
	assert.False(t, bytes.Contains(page, []byte("<script")))
	assert.False(t, bytes.Contains(page, []byte("<img")))
	assert.True(t, bytes.Contains(page, []byte("&lt;script&gt;")))
}

func TestPageLoadsNothing(t *testing.T) {
	f := newFixture(t, 1, 300)
	path, _ := f.publish(t)
	page, err := os.ReadFile(filepath.Join(path, PageFile))
	require.NoError(t, err)
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindSubmatch(page)
	require.NotNil(t, style)
	digest := sha256.Sum256(style[1])
	allowed := html.EscapeString("sha256-" + base64.StdEncoding.EncodeToString(digest[:]))
	allowed = strings.ReplaceAll(allowed, "+", "&#43;")
	assert.Contains(t, string(page), `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '`+allowed+`'; base-uri 'none'; form-action 'none'">`)
	loads := regexp.MustCompile(`(?i)<(script|link|iframe|object|embed|form|img)\b|\bsrc=|\bhref="[^#]|\bstyle=|\bon[a-z]+=|url\(|@import|http:|https:`)
	assert.Empty(t, loads.FindAllString(string(page), -1))
	assert.False(t, bytes.Contains(page, []byte("ZgotmplZ")), "the template's mark of a value that it refused")
	for _, rule := range rules.All()[:3] {
		assert.True(t, bytes.Contains(page, []byte(rule.Name)))
	}
}
