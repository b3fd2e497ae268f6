package casework_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
)

// decidedFinding is a row of findings with a decision, as far as notices need it.
type decidedFinding struct {
	FindingID     string  `parquet:"finding_id"`
	Rule          string  `parquet:"rule"`
	Direction     string  `parquet:"direction"`
	Detail        *string `parquet:"detail,optional"`
	Source        string  `parquet:"source"`
	File          string  `parquet:"file"`
	Row           int64   `parquet:"row"`
	RecordID      *string `parquet:"record_id,optional"`
	Agency        *string `parquet:"agency,optional"`
	PaymentType   *string `parquet:"payment_type,optional"`
	PaymentDate   int32   `parquet:"payment_date,date"`
	Number        *string `parquet:"number,optional"`
	UseNumber     *string `parquet:"use_number,optional"`
	Status        *string `parquet:"status,optional"`
	StatusFrom    *int32  `parquet:"status_from,optional,date"`
	StatusReason  *string `parquet:"status_reason,optional"`
	IdentityLevel *string `parquet:"identity_level,optional"`
	DeceasedOn    *string `parquet:"deceased_on,optional"`
	KnownFrom     *int32  `parquet:"known_from,optional,date"`
	Decision      *string `parquet:"decision,optional"`
	DecisionUntil *int32  `parquet:"decision_until,optional,date"`
	Protected     *bool   `parquet:"protected,optional"`
}

type decisionMade struct {
	word  string
	until calendar.Day
}

// decide writes the findings of a report again, with decisions by record id.
func decide(t *testing.T, folder string, decisions map[string]decisionMade) {
	t.Helper()
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	day := func(d calendar.Day) *int32 {
		if d == calendar.Missing {
			return nil
		}
		return (*int32)(&d)
	}
	var rows []decidedFinding
	for _, f := range findingsOf(t, folder) {
		made, ok := decisions[f.RecordID]
		if !ok {
			made.until = calendar.Missing
		}
		row := decidedFinding{
			FindingID: f.ID, Rule: f.Rule, Direction: f.Direction, Detail: text(f.Detail), Source: f.Source, File: f.File, Row: f.Row, RecordID: text(f.RecordID),
			Agency: text(f.Agency), PaymentType: text(f.PaymentType), PaymentDate: int32(f.PaymentDate), Number: text(f.Number), UseNumber: text(f.UseNumber),
			Status: text(f.Status), StatusFrom: day(f.StatusFrom), StatusReason: text(f.StatusReason), IdentityLevel: text(f.IdentityLevel),
			DeceasedOn: text(f.DeceasedOn), KnownFrom: day(f.KnownFrom), Decision: text(made.word), DecisionUntil: day(made.until),
		}
		if f.Protected != register.NoValue {
			protected := f.Protected == register.True
			row.Protected = &protected
		}
		rows = append(rows, row)
	}
	require.NoError(t, os.Remove(filepath.Join(folder, report.FindingsFile)))
	require.NoError(t, parquet.WriteFile(filepath.Join(folder, report.FindingsFile), rows))
}

// noticesReport is a report with every kind of finding that a notice is, or is not, made of.
func noticesReport(t *testing.T, change func(*job.Settings)) string {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "register.csv", `number,status,status_from,status_reason,assigned_on,identity_level,deceased_on,known_from,linked_number,protected
198207641278,active,2013-08-28,,2013-08-28,probable,,2013-08-28,,
192811683198,active,2013-08-28,,2013-08-28,,,,,true
197504683702,active,2013-08-28,,2013-08-28,,,,,
198805616599,active,2013-08-28,,2013-08-28,,,,,
194903775668,active,2013-08-28,,2013-08-28,,,,,
196801272029,deregistered,2024-02-17,,,,,,,
192706014517,deregistered,2020-03-07,XX,,,,,,
196408233234,active,2010-01-01,,,,2025-03-00,,,
197803033690,active,1978-03-03,,,,2025-03-15,,,
197010632391,closed,2020-05-01,PERSONNUMMER,,,,,197803033690,
`)
	var records strings.Builder
	records.WriteString("identity_number,payment_date,amount,record_id,agency,payment_type\n")
	for _, line := range []string{
		"198207641278,2025-08-25,1,A1,fk,sjukpenning",
		"198207641278,2025-07-25,2,=A2,csn,=HYPERLINK()",
		"198207641278,2025-09-25,3,A3,fk,\"a\nb\"",
		"192811683198,2025-08-25,1,P1,fk,sjukpenning",
		"197504683702,2025-08-25,1,lawful,fk,sjukpenning",
		"198805616599,2025-08-25,1,confirmed,fk,sjukpenning",
		"194903775668,2025-08-25,1,not_investigated,fk,sjukpenning",
		"196801272029,2025-08-25,1,expired_lawful,fk,sjukpenning",
		"192706014517,2025-08-25,1,U1,fk,sjukpenning",
		"640823-3234,2025-08-25,1,D1,fk,pension",
		"197803033690,2025-08-25,1,expired_wrong,fk,pension",
		"197010632391,2025-08-25,1,C1,fk,pension",
		"x,2025-08-25,1,M1,fk,pension",
	} {
		records.WriteString(line + "\n")
	}
	write(t, "records.csv", records.String())
	write(t, "avstam.yaml", `
register: {files: [register.csv], extract_date: 2025-11-30}
sources: [{name: a, files: [records.csv]}]
output: {dir: out, formats: [parquet]}
`)
	folder := runIn(t, "avstam.yaml", change) // as of 2025-12-01
	decide(t, folder, map[string]decisionMade{
		"lawful": {"lawful", calendar.Missing}, "confirmed": {"confirmed", calendar.Of(2025, 12, 1)}, "not_investigated": {"not_investigated", calendar.Missing},
		"expired_lawful": {"lawful", calendar.Of(2025, 11, 30)}, "expired_wrong": {"register_wrong", calendar.Of(2025, 11, 30)},
		"D1": {"register_wrong", calendar.Of(2026, 6, 30)}, "C1": {"register_wrong", calendar.Missing}, "M1": {"register_wrong", calendar.Missing},
	})
	return folder
}

func noticeSettings(t *testing.T, folder, out string) casework.NoticeSettings {
	t.Helper()
	manifest, err := report.ReadManifest(folder)
	require.NoError(t, err)
	return casework.NoticeSettings{Folder: folder, Manifest: manifest, ExtractDate: "2025-11-30", Out: out, Language: casework.Swedish}
}

func cases(t *testing.T, path string) map[string]map[string]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	byNumber := map[string]map[string]string{}
	for _, row := range rows[1:] {
		named := map[string]string{}
		for i, name := range rows[0] {
			named[name] = row[i]
		}
		byNumber[named["number"]] = named
	}
	require.Len(t, byNumber, len(rows)-1, "a case a number")
	return byNumber
}

func TestNoticesAreOneCaseANumber(t *testing.T) {
	folder := noticesReport(t, nil)
	noticed, err := casework.WriteNotices(t.Context(), noticeSettings(t, folder, "notices"))
	require.NoError(t, err)
	// Three findings are about the one record C1, one of them across records.
	assert.Equal(t, casework.Noticed{Cases: 7, Protected: 1, Findings: 11, WithoutNumber: 1}, *noticed)

	open := cases(t, "notices/cases.csv")
	for _, row := range []struct {
		number, provision, rules, decided, status, since, records, why string
	}{
		{"19820764-1278", "SNL (2022:1697) 4 kap. 1 §", "overdue_inactivation", "", "active", "2022-01-01", "3", "three payments are one case"},
		{"19880561-6599", "SNL (2022:1697) 4 kap. 1 §", "overdue_inactivation", "", "active", "2022-01-01", "1", "confirmed: what a notice is for"},
		{"19680127-2029", "FOL (1991:481) 32 c §", "unknown_deregistration", "", "deregistered", "2024-02-17", "1", "the decision has expired"},
		{"19270601-4517", "FOL (1991:481) 32 c §", "unknown_deregistration", "", "deregistered", "2020-03-07", "1", "a code that is not known"},
		{"19640823-3234", "FOL (1991:481) 32 c §", "deceased_payee", "register_wrong", "active", "2025-03-00", "1", "decided, until a day to come"},
		{"19701063-2391", "SNL (2022:1697) 4 kap. 1 §", "deceased_payee closed_number paid_under_two_numbers", "register_wrong", "closed", "2025-03-15", "1", "three findings about one record"},
	} {
		c := open[row.number]
		require.NotNil(t, c, row.why)
		delete(open, row.number)
		assert.Equal(t, []string{row.provision, row.rules, row.decided, row.status, row.since, row.records},
			[]string{c["provision"], c["rules"], c["decided"], c["status"], c["since"], c["records"]}, row.why)
		assert.FileExists(t, filepath.Join("notices", c["file"]))
	}
	assert.Empty(t, open, "lawful, corrected, not investigated: no notice")
	hidden := cases(t, "notices/protected/cases.csv")
	assert.Len(t, hidden, 1)
	assert.Equal(t, "", hidden["19281168-3198"]["agencies"]+hidden["19281168-3198"]["payment_types"])

	names := regexp.MustCompile(`^(cases\.csv|\d{6}-[0-9a-f]{8}\.txt|protected|notices)$`)
	texts := 0
	require.NoError(t, filepath.WalkDir("notices", func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o750
		}
		assert.Equal(t, want, info.Mode().Perm(), path)
		assert.Regexp(t, names, entry.Name())
		if strings.HasSuffix(path, ".txt") {
			texts++
			contents, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, strings.Contains(path, "protected"), strings.Contains(string(contents), "SKYDDADE PERSONUPPGIFTER"), path)
			assert.NotContains(t, string(contents), "%!", path)
			assert.False(t, strings.Contains(path, "protected") && strings.Contains(string(contents), "sjukpenning"), "payments of protected people are not listed")
		}
		return nil
	}))
	assert.Equal(t, 7, texts)
}

// The texts are what a person reads: one case in both languages, byte for byte.
// AVSTAM_GOLDEN=write writes them anew.
func TestTheTextOfANotice(t *testing.T) {
	golden, err := filepath.Abs("testdata")
	require.NoError(t, err)
	folder := noticesReport(t, nil)
	for _, language := range []casework.Language{casework.Swedish, casework.English} {
		settings := noticeSettings(t, folder, "notices-"+string(language))
		settings.Language = language
		_, err := casework.WriteNotices(t.Context(), settings)
		require.NoError(t, err)
		for name, number := range map[string]string{"overdue": "19820764-1278", "decided": "19701063-2391"} {
			c := cases(t, filepath.Join(settings.Out, "cases.csv"))[number]
			got, err := os.ReadFile(filepath.Join(settings.Out, c["file"]))
			require.NoError(t, err)
			text := strings.ReplaceAll(string(got), filepath.Base(folder), "20251201T020000.000Z-00000000")
			path := filepath.Join(golden, fmt.Sprintf("notice-%s-%s.txt", name, language))
			if os.Getenv("AVSTAM_GOLDEN") == "write" {
				require.NoError(t, os.MkdirAll(golden, 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), text)
		}
	}
}

// Two runs over the same report give the same bytes, and nothing of a record is
// a formula in a spreadsheet.
func TestNoticesAreTheSameEachTime(t *testing.T) {
	folder := noticesReport(t, nil)
	var first map[string]string
	for _, out := range []string{"one", "two"} {
		_, err := casework.WriteNotices(t.Context(), noticeSettings(t, folder, out))
		require.NoError(t, err)
		written := map[string]string{}
		require.NoError(t, filepath.WalkDir(out, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			contents, err := os.ReadFile(path)
			written[strings.TrimPrefix(path, out)] = string(contents)
			return err
		}))
		if first == nil {
			first = written
		}
		assert.Equal(t, first, written)
	}
	table := cases(t, "one/cases.csv")["19820764-1278"]
	assert.Equal(t, "sjukpenning =HYPERLINK() a\uFFFDb", table["payment_types"])
	for text, want := range map[string]string{
		"=A2": "'=A2", "A3": "A3", "": "", "-1": "'-1", "-": "-", "@x": "'@x", "\tx": "'\uFFFDx", " =2+2": "' =2+2", "＝1+1": "'＝1+1",
		"\u200b=1": "'\uFFFD=1", "'x": "''x", "a=1": "a=1",
	} {
		assert.Equal(t, want, casework.InertCell(text), "%q", text)
	}
}

func TestNoticesReplaceNothing(t *testing.T) {
	folder := noticesReport(t, nil)
	noticed, err := casework.WriteNotices(t.Context(), noticeSettings(t, folder, "cases.csv"))
	require.NoError(t, err)
	assert.Equal(t, int64(1), noticed.LeftOut, "protected people are not in a table alone")
	assert.Len(t, cases(t, "cases.csv"), 6)
	var output *casework.OutputError
	for _, out := range []string{"cases.csv", "out"} {
		_, err := casework.WriteNotices(t.Context(), noticeSettings(t, folder, out))
		assert.True(t, errors.As(err, &output), out)
		assert.ErrorIs(t, err, fs.ErrExist)
	}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	assert.Equal(t, []string{"avstam.yaml", "cases.csv", "out", "records.csv", "register.csv"}, names, "nothing temporary is left")
}

// What fails leaves nothing behind.
func TestNoticesThatFailLeaveNothing(t *testing.T) {
	folder := noticesReport(t, nil)
	path := filepath.Join(folder, report.FindingsFile)
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	copy(contents[len(contents)/3:], make([]byte, 50))
	require.NoError(t, os.WriteFile(path, contents, 0o600))
	_, err = casework.WriteNotices(t.Context(), noticeSettings(t, folder, "notices"))
	require.Error(t, err)
	assert.NoDirExists(t, "notices")
	left, err := filepath.Glob(".tmp*")
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestAMaskedReportHasNothingToTell(t *testing.T) {
	folder := noticesReport(t, func(s *job.Settings) { s.Output.Masked = true })
	_, err := casework.WriteNotices(t.Context(), noticeSettings(t, folder, "notices"))
	assert.ErrorIs(t, err, casework.ErrMaskedReport)
	assert.NoDirExists(t, "notices")
}
