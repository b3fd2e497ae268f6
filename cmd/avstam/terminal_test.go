package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/report"
)

func TestSpeed(t *testing.T) {
	began := time.Date(2025, 11, 21, 2, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		why  string
		pace pace
		now  job.Progress
		took time.Duration
		want string
	}{
		{"at first nothing is known of the speed", pace{began: began}, job.Progress{Rows: 900, Bytes: 90, TotalBytes: 1000}, 500 * time.Millisecond, "9 % read, 900 records checked"},
		{"half of it in ten seconds", pace{began: began}, job.Progress{Rows: 20_000_000, Bytes: 500, TotalBytes: 1000}, 10 * time.Second, "50 % read, 20 000 000 records checked, 2 000 000/s, 0:10 left"},
		{"what came before the stage does not count", pace{began, 1000, 500}, job.Progress{Rows: 2000, Bytes: 600, TotalBytes: 1000}, time.Second, "60 % read, 2 000 records checked, 1 000/s, 0:04 left"},
		{"hours", pace{began: began}, job.Progress{Rows: 60, Bytes: 1, TotalBytes: 121}, time.Minute, "0 % read, 60 records checked, 1/s, 2:00:00 left"},
		{"a pipe has no size", pace{began: began}, job.Progress{Rows: 5000, Bytes: 4000}, 5 * time.Second, "5 000 records checked, 1 000/s"},
		{"a stage that reads nothing", pace{began, 5000, 1000}, job.Progress{Rows: 5000, Bytes: 1000, TotalBytes: 1000}, 5 * time.Second, "100 % read, 5 000 records checked"},
		{"no stage yet", pace{}, job.Progress{}, 0, "0 records checked"},
		{"the first record", pace{}, job.Progress{Rows: 1}, 0, "1 record checked"},
	} {
		assert.Equal(t, row.want, row.pace.of(row.now, began.Add(row.took)).inWords(row.now), row.why)
	}
}

// What tells of bytes alone leaves the stage as it was.
func TestProgressKeepsItsStage(t *testing.T) {
	var p progress
	p.note(job.Progress{Stage: "records"})
	p.note(job.Progress{Rows: 5, Bytes: 10})
	now, _ := p.latest()
	assert.Equal(t, job.Progress{Stage: "records", Rows: 5, Bytes: 10}, now)
}

func TestShareText(t *testing.T) {
	for _, row := range []struct {
		part, whole int64
		want        string
	}{{0, 1000, "0.0 %"}, {1, 1_000_000, "<0.1 %"}, {17, 1000, "1.7 %"}, {999_999, 1_000_000, ">99.9 %"}, {5, 5, "100.0 %"}} {
		assert.Equal(t, row.want, shareText(row.part, row.whole))
	}
}

// The summary as a person sees it: money in columns to the right, the gravest first.
func TestSummaryTable(t *testing.T) {
	sum := func(ore int64) (s pipeline.Sum) { s.Add(ore); return s }
	money := func(sek, eur int64) map[string]pipeline.Sum {
		return map[string]pipeline.Sum{"SEK": sum(sek), "EUR": sum(eur)}
	}
	s := &report.Summary{
		Records: report.Balance{
			Read: report.Account{Rows: 12345, Amounts: money(123456789, 100)}, Clean: report.Account{Rows: 12000, Amounts: money(100000000, 100)},
			Flagged: report.Account{Rows: 344, Amounts: money(23456789, 0)}, Rejected: report.Account{Rows: 1},
		},
		Findings: 400,
		Rules: []report.RuleCount{
			{Rule: "other_identity_kind", Severity: "info", Findings: 56, Amounts: money(5, 0)},
			{Rule: "unknown_number", Severity: "warning", Findings: 300, Amounts: money(-200, 0)},
			{Rule: "deceased_payee", Severity: "error", Findings: 44, Amounts: money(1234567, 0)},
			{Rule: "closed_number", Severity: "error"},
			{Rule: "uncertain_identity_purpose", Severity: "warning", IsIdle: true}, // it has not looked
		},
		Severities: []report.Count{{Name: "error", Findings: 44, Amounts: money(1234567, 0)}},
		Notices:    []report.Notice{{Text: "The policy has the agency \"\x1b[2J\", which no record has." + strings.Repeat(" and", 1000)}},
		Excused:    []report.Count{{Name: "error", Findings: 1}},
	}
	var text strings.Builder
	require.NoError(t, writeSummary(&text, false, s, "out/\x1b[2Jrun"))
	lines := strings.Split(text.String(), "\n")
	assert.Equal(t, []string{
		"          records   EUR           SEK   share",
		"read       12 345  1.00  1 234 567.89",
		"clean      12 000  1.00  1 000 000.00  97.2 %",
		"flagged       344  0.00    234 567.89   2.8 %",
		"rejected        1  0.00          0.00  <0.1 %",
		"",
		"rule                 severity  findings   EUR        SEK",
		"deceased_payee       error           44  0.00  12 345.67",
		"unknown_number       warning        300  0.00      -2.00",
		"other_identity_kind  info            56  0.00       0.05",
		"all                  error           44  0.00  12 345.67",
		"1 more rule found nothing.",
		"Of the findings 1 does not count toward fail_on: it is decided to be lawful or corrected.",
		"",
		"Notices:",
		`- The policy has the agency "\u001b[2J", which no record has. and and and and`,
	}, lines[:16])
	assert.Equal(t, `Report: out/\u001b[2Jrun`, lines[len(lines)-2])
	assert.Less(t, text.Len(), 4000)

	var coloured strings.Builder
	require.NoError(t, writeSummary(&coloured, true, s, ""))
	assert.Contains(t, coloured.String(), "deceased_payee       \x1b[31merror\x1b[0m           44")
	assert.Contains(t, coloured.String(), "\x1b[33mwarning\x1b[0m        300")
	var plain strings.Builder
	require.NoError(t, writeSummary(&plain, false, s, ""))
	assert.Equal(t, plain.String(), regexp.MustCompile(`\x1b\[\d+m`).ReplaceAllString(coloured.String(), ""), "colours move nothing")

	for i := range 4 {
		s.Rules[0].Amounts[fmt.Sprint("A", i)] = sum(1)
	}
	s.Rules = append(s.Rules, report.RuleCount{Rule: "test_number", Severity: "error"})
	s.Notices, s.Excused = []report.Notice{{Text: "A notice.", Records: 1}}, []report.Count{{Name: "error", Findings: 2}}
	text.Reset()
	require.NoError(t, writeSummary(&text, false, s, ""))
	assert.Contains(t, text.String(), "\n1 more currency is in summary.json.\n")
	assert.Contains(t, text.String(), "\n- A notice. (1 record)\n")
	assert.Contains(t, text.String(), "Of the findings 2 do not count toward fail_on: they are decided")
	assert.Contains(t, text.String(), "\n2 more rules found nothing.\n")

	for i := range 100 {
		s.Rules[0].Amounts[fmt.Sprintf("C%02d%s", i, strings.Repeat("x", 4000))] = sum(1)
	}
	text.Reset()
	require.NoError(t, writeSummary(&text, false, s, ""))
	assert.Contains(t, text.String(), "C00xxxxxxxx…")
	assert.Contains(t, text.String(), "101 more currencies are in summary.json.")
	for line := range strings.Lines(text.String()) {
		assert.LessOrEqual(t, len(line), 130)
	}
}

// Colours are for terminals that have them, and for nobody who does not want them.
func TestColours(t *testing.T) {
	if _, err := exec.LookPath("script"); err != nil {
		require.False(t, slices.Contains(strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), "script"), "AVSTAM_REQUIRE asks for script: %v", err)
		t.Skip("there is no script (util-linux), which makes a terminal; AVSTAM_REQUIRE=script makes a failure of that")
	}
	for _, row := range []struct {
		why         string
		environment []string
		isColoured  bool
	}{
		{"a terminal", []string{"TERM=xterm", "NO_COLOR="}, true},
		{"NO_COLOR", []string{"TERM=xterm", "NO_COLOR=1"}, false},
		{"a terminal without colours", []string{"TERM=dumb", "NO_COLOR="}, false},
	} {
		command := exec.Command("script", "-qec", os.Args[0]+" check 640823-3235", "/dev/null")
		command.Env = append(append(os.Environ(), asProgram+"=1"), row.environment...)
		output, err := command.CombinedOutput()
		require.NoError(t, err, string(output))
		assert.Contains(t, string(output), "not an identity number")
		assert.Equal(t, row.isColoured, bytes.Contains(output, []byte("\x1b[31m")), row.why)
	}
	exit, output, _ := call(t, t.TempDir(), "check", "640823-3235")
	require.Zero(t, exit)
	assert.NotContains(t, output, "\x1b", "a pipe")
}

func TestDeathInWords(t *testing.T) {
	for text, want := range map[string]string{
		"2019-05-17": "2019-05-17", "2019-05-00": "in May 2019, the day is not known (2019-05-00)",
		"2019-00-00": "in 2019, the day is not known (2019-00-00)", "0": "the day is not known",
	} {
		date, ok := calendar.ParsePartial([]byte(text))
		require.True(t, ok, text)
		assert.Equal(t, want, deathInWords(date))
	}
}

// hostileTexts are what somebody might put into a column to do something with
// whoever looks at it.
var hostileTexts = []string{
	"=cmd|'/C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "＝1+1", "'=1", `=HYPERLINK("http://127.0.0.1/?"&A1,"x")`,
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "{{7*7}}", "%s%n", "${jndi:ldap://127.0.0.1}",
	"\x1b[2J\x1b[31mred", "\x1b]0;title\x07", "\u009b31m", "\u202egnp.exe", "\u2066x", "a\u200bb", "a\rb", "a\nb", "\x7f\b\b",
	"10 kB " + strings.Repeat("x", 10_000),
}

// findLive is what is in a text that a terminal would obey.
func findLive(text string) (found []string) {
	for _, r := range text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029') {
			found = append(found, fmt.Sprintf("%U", r))
		}
	}
	return slices.Compact(found)
}

// A hostile text in any column, in the name of a file or of a source is shown and
// does nothing: on the terminal, in logs of both kinds, in JSON; and in CSV it is one
// cell, which comes back.
func TestHostileTextsAreInert(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	write("register.csv", "number,status,status_from,status_reason\n196408233234,deregistered,2010-01-01,\"\x1b[2J=\u202e\"\n197010632391,closed,2010-01-01,\n")
	columns := []string{"identity_number", "payment_date", "amount", "record_id", "agency", "payment_type", "currency"}
	var lines bytes.Buffer
	rows := csv.NewWriter(&lines)
	require.NoError(t, rows.Write(columns))
	var want [][]string
	for _, text := range hostileTexts {
		for _, column := range []string{"identity_number", "record_id", "agency", "payment_type", "currency"} {
			row := []string{"640823-3234", "2025-11-20", "-1.00", "r", "csn", "pension", "SEK"}
			if len(text) > 4096 && column != "identity_number" && column != "record_id" {
				text = text[:4096]
			}
			row[slices.Index(columns, column)] = text
			require.NoError(t, rows.Write(row))
			want = append(want, row)
		}
	}
	require.NoError(t, rows.Write([]string{"=rejected\x1b", "no day \u202e", "1", "", "", "", ""}))
	rows.Flush()
	records := write("=\x1b[2J\u202e records.csv", lines.String())
	write("avstam.yaml", `
register: {files: [register.csv]}
sources: [{name: "=\u202e source", files: ["*records.csv"]}]
policy: {payment_types: {"=\u202e": {emigrated: allow}}, agencies: {"\u202e": {identity_level: confirmed}}}
output: {dir: out, formats: [csv, parquet, arrow, html], split: agency}
max_rejects: 5
`)
	var shown []string
	show := func(exit int, arguments ...string) string {
		t.Helper()
		command := exec.Command(os.Args[0], arguments...)
		command.Env, command.Dir = append(os.Environ(), asProgram+"=1"), folder
		var out, errs bytes.Buffer
		command.Stdout, command.Stderr = &out, &errs
		_ = command.Run() // its exit status is looked at
		require.Equal(t, exit, command.ProcessState.ExitCode(), errs.String())
		shown = append(shown, out.String(), errs.String())
		for _, text := range []string{out.String(), errs.String()} {
			assert.Empty(t, findLive(text), "%q", arguments)
		}
		if slices.Contains(arguments, "json") {
			for line := range strings.Lines(errs.String()) {
				assert.True(t, json.Valid([]byte(line)), line)
			}
		}
		return errs.String()
	}
	show(0, "run")
	show(0, "run", "--log-format", "json")
	show(3, "run", "--max-rejects", "0")
	show(3, "run", "--max-rejects", "0", "--log-format", "json")
	show(3, "run", "--records", "\x1b[2J\u202e", "--register", "register.csv", "--out", "x", "--log-format", "json")
	show(2, "run", "--\x1b[2J\u202e")
	show(2, "run", "-c", "avstam.yaml", "--format", "\x1b[2J\u202e", "--log-format", "json")
	show(0, "inspect", records)
	show(0, "inspect", records, "--format", "json")
	show(0, "check", "\x1b[2J\u202e", "a\nb")
	show(0, "check", "--register", "register.csv", "640823-3234", "\x1b[2J\u202e")
	show(0, "register", "build", "--in", "register.csv", "--out", "r.avr")
	latest := filepath.Join(folder, "out", "latest")
	show(0, "verify", latest)
	write("out/latest/\x1b[2J\u202e\nx", "")
	show(1, "verify", latest)
	show(0, "run", "--out", "none", "--format", "parquet", "--records", "register.csv", "--column", "identity_number=number", "--constant", "payment_date=2009-01-01", "--constant", "amount=1", "--register", "register.csv", "--id-key", "out/.id_key")
	require.NoError(t, os.Remove(filepath.Join(latest, "\x1b[2J\u202e\nx")))
	for _, format := range []string{"text", "json", "csv"} {
		show(1, "diff", filepath.Join(folder, "none", "latest"), latest, "--format="+format)
		if format != "csv" {
			continue
		}
		differences, err := csv.NewReader(strings.NewReader(shown[len(shown)-2])).ReadAll()
		require.NoError(t, err)
		for _, row := range differences {
			if currency := row[3]; currency != "" && strings.ContainsAny(currency[:1], "=+-@") {
				t.Errorf("a currency begins like a formula: %q", currency)
			}
		}
	}
	whole := strings.Join(shown, "")
	assert.Contains(t, whole, `\u001b[2J\u202e`, "it is shown, not left out")

	for _, name := range []string{report.SummaryFile, report.ManifestFile, report.RunFile, report.SharesFile} {
		contents, err := os.ReadFile(filepath.Join(latest, name))
		require.NoError(t, err)
		assert.Empty(t, findLive(string(contents)), name)
		assert.True(t, json.Valid(contents), name)
	}
	file, err := os.Open(filepath.Join(latest, "findings.csv"))
	require.NoError(t, err)
	defer file.Close() // it was only read
	found, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	place := func(name string) int { return slices.Index(found[0], name) }
	got := map[string]bool{}
	for _, row := range found[1:] {
		for i, cell := range row {
			if i != place("amount") && cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\x1b") {
				t.Errorf("column %s begins like a formula: %q", found[0][i], cell)
			}
		}
		assert.Equal(t, "-1.00", row[place("amount")], "a number stays one")
		for _, column := range []string{"identity_number", "record_id", "agency", "payment_type", "currency"} {
			got[column+report.PlainText(row[place(column)])] = true
		}
	}
	for _, row := range want {
		for _, column := range []string{"identity_number", "record_id", "agency", "payment_type", "currency"} {
			value := row[slices.Index(columns, column)]
			assert.True(t, got[column+value] || got[column+strings.ReplaceAll(value, "\r\n", "\n")], "%s %q comes back", column, shorten(value, 50))
		}
	}
}
