package casework

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// One of Skatteverket's test numbers, and an id.
const (
	testNumber = "196408233234"
	testID     = "00112233445566778899aabbccddeeff"
)

var today = calendar.Of(2025, 11, 21)

func writeDecisions(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "decisions.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// findingOf is a finding of inactive_number.
func findingOf(id string) *report.Finding {
	f := &report.Finding{Number: 196408233234}
	f.ID, _ = parseID([]byte(id))
	for i, rule := range rules.All() {
		if rule.Name == "inactive_number" {
			f.Rule = uint8(i)
		}
	}
	return f
}

func TestDecisions(t *testing.T) {
	const other = "ffeeddccbbaa99887766554433221100"
	byID := func(rest string) string { return "finding_id,decision,until\n" + testID + "," + rest + "\n" }
	for _, test := range []struct {
		why, text string
		want      string // decision, until, expired
	}{
		{"until its last day it holds", byID("lawful,2025-11-21"), "lawful 2025-11-21 false"},
		{"the day after it does not", byID("lawful,2025-11-20"), "lawful 2025-11-20 true"},
		{"without a day it has no end", byID("corrected,"), "corrected  false"},
		{"another finding", "finding_id,decision\n" + other + ",lawful\n", "  false"},
		{"by number and rule", "number,rule,decision\n" + testNumber + ",inactive_number,register_wrong\n", "register_wrong  false"},
		{"copied from a CSV for a spreadsheet, which guards what looks like a number", "finding_id,decision\n'" + testID + ",lawful\n", "lawful  false"},
		{"with a hyphen", "number,rule,decision\n19640823-3234,inactive_number,confirmed\n", "confirmed  false"},
		{"another rule of the number", "number,rule,decision\n" + testNumber + ",closed_number,lawful\n", "  false"},
		{"an id goes before a number", "finding_id,number,rule,decision\n" + testID + ",,,lawful\n," + testNumber + ",inactive_number,confirmed\n", "lawful  false"},
		{"in whatever order", "finding_id,number,rule,decision\n," + testNumber + ",inactive_number,confirmed\n" + testID + ",,,lawful\n", "lawful  false"},
		{"of two about the same the later row", "finding_id,decision,until\n" + testID + ",lawful,\n" + testID + ",not_investigated,2026-01-01\n", "not_investigated 2026-01-01 false"},
		{"as Excel saves it in Sweden", "\ufefffinding_id;decision;until;by;note\r\n" + testID + ";lawful;2025-12-31;Åsa;\"a; b\"\r\n", "lawful 2025-12-31 false"},
		{"tabs, and blanks around values", "finding_id\tdecision\n " + testID + " \t lawful \n", "lawful  false"},
		{"rows copied from findings", "finding_id,rule,number,amount,decision\n" + testID + ",inactive_number," + testNumber + ",100.00,lawful\n", "lawful  false"},
		{"and with the last day of a decision before", "finding_id,decision,decision_until,until\n" + testID + ",lawful,2025-10-31,2025-12-31\n", "lawful 2025-12-31 false"},
		{"which findings without a decision do not have", "finding_id,decision,decision_until\n" + testID + ",lawful,\n", "lawful  false"},
		{"in capitals as some tools write hexadecimal", "finding_id,decision\n" + strings.ToUpper(testID) + ",lawful\n", "lawful  false"},
		{"no decision yet", "finding_id,decision\n", "  false"},
	} {
		t.Run(test.why, func(t *testing.T) {
			d, err := ReadDecisions(t.Context(), writeDecisions(t, test.text), today)
			require.NoError(t, err)
			f := findingOf(testID)
			f.Decision, f.DecisionUntil, f.IsExpired = report.Lawful, today, true // of the finding before
			d.Apply(f)
			until := ""
			if f.DecisionUntil != calendar.Missing {
				until = f.DecisionUntil.String()
			}
			assert.Equal(t, test.want, fmt.Sprintf("%s %s %t", f.Decision, until, f.IsExpired))
		})
	}
}

// A bad row is told by its place, and nothing that stands in it is repeated: it
// may be an identity number in the wrong column.
func TestDecisionsThatAreRefused(t *testing.T) {
	for _, test := range []struct{ why, text, want string }{
		{"nothing", "", "it is empty"},
		{"no header", testNumber + ",inactive_number,lawful\n", "the column 1 is none of finding_id, number, rule, decision, until, by, note, nor one of findings"},
		{"a column that is spelt wrong would be taken for one without end", "finding_id,decision,untill\n", "the column 3 is none of "},
		{"a decision copied from findings does not lose its last day", "finding_id,decision,decision_until\n" + testID + ",lawful,2025-12-31\n", "row 1 (line 2): it has a day in decision_until and none in until"},
		{"a column twice", "finding_id,decision,decision\n", "the column decision stands there twice"},
		{"no decision", "finding_id,until\n", "there is no column decision"},
		{"about nothing", "number,decision\n", "there is neither a column finding_id, nor number and rule"},
		{"a word that is none", "finding_id,decision\n" + testID + "," + testNumber + "\n", "row 1 (line 2): the column decision is none of confirmed, lawful, register_wrong, corrected, not_investigated"},
		{"a number in place of an id", "finding_id,decision\n" + testNumber + ",lawful\n", "row 1 (line 2): the column finding_id is not 32 hexadecimal digits"},
		{"an id with another letter", "finding_id,decision\n" + testID[:31] + "g,lawful\n", "row 1 (line 2): the column finding_id is not 32"},
		{"a number in place of a day", "finding_id,decision,until\n" + testID + ",lawful," + testNumber + "\n", "row 1 (line 2): the column until is no day as 2006-01-02"},
		{"a day that the calendar does not have", "finding_id,decision,until\n" + testID + ",lawful,2025-02-30\n", "row 1 (line 2): the column until is no day"},
		{"neither id nor number", "finding_id,number,rule,decision\n,,inactive_number,lawful\n", "row 1 (line 2): it has neither a finding_id nor a number and a rule"},
		{"no rule", "number,rule,decision\n" + testNumber + "," + testNumber + ",lawful\n", "row 1 (line 2): the column rule is no rule of the catalogue"},
		{"ten digits", "number,rule,decision\n" + testNumber[2:] + ",inactive_number,lawful\n", "row 1 (line 2): the column number has ten digits"},
		{"no number", "number,rule,decision\n" + testNumber[:11] + "5,inactive_number,lawful\n", "row 1 (line 2): the column number is no personal or coordination number"},
		{"too few values", "finding_id,decision\n" + testID + ",lawful\n" + testID + "\n", "row 2 (line 3): it has 1 values, and the header 2"},
		{"lines in quotes count", "finding_id,decision,note\n" + testID + ",lawful,\"a\nb\"\n" + testID + ",x,\n", "row 2 (line 4): the column decision"},
		{"all bad rows", "finding_id,decision\n1,lawful\n2,lawful\n", "row 1 (line 2): the column finding_id is not 32 hexadecimal digits; row 2 (line 3): the column finding_id"},
		{"more than are listed", "finding_id,decision\n" + strings.Repeat("1,lawful\n", 25), "row 20 (line 21): the column finding_id is not 32 hexadecimal digits; and 5 more"},
		{"a quote that does not close", "finding_id,decision\n\"" + testNumber + ",lawful\n", "line 2"},
		{"two quotes hide a decision", "finding_id,decision,note\n" + testID + ",lawful,\"\n" + testID + ",lawful,x\n" + testID + ",lawful,\"\n", "row 1 (line 2): quotes make one row of that line and some after it, among which is a row of its own"},
		{"and one about a number", "number,rule,decision,note\r\n\r\n" + testNumber + ",inactive_number,lawful,\"\r\n\t" + testNumber + ",inactive_number,lawful,\"\r\n", "row 1 (line 3): quotes make one row"},
		{"in the header", "finding_id,decision,\"note\n" + testID + ",lawful,\"\n" + testID + ",lawful,\n", "the column 3 is none of"},
		{"a workbook", "PK\x03\x04\x14\x00\x06\x00\x08\x00\"", "it is a workbook (.xlsx) or a zip archive: save it as CSV"},
		{"bytes that only begin like Parquet", "PAR1" + testNumber, "it is no Parquet file, or is cut off"},
	} {
		t.Run(test.why, func(t *testing.T) {
			path := writeDecisions(t, test.text)
			_, err := ReadDecisions(t.Context(), path, today)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, path)
			assert.NotContains(t, strings.ReplaceAll(err.Error(), path, ""), "640823")
		})
	}
	_, err := ReadDecisions(t.Context(), filepath.Join(t.TempDir(), "none.csv"), today)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestDecisionsInParquet(t *testing.T) {
	until := int32(today)
	text, number := "lawful", int64(196408233234)
	for _, test := range []struct {
		why   string
		write func(path string) error
		want  string // error
	}{
		{"text and days, as Polars and DuckDB write them", func(path string) error {
			type row struct {
				ID       *string `parquet:"finding_id,optional"`
				Decision string  `parquet:"decision,dict"`
				Until    *int32  `parquet:"until,optional,date"`
				Note     *string `parquet:"note,optional"`
			}
			id := testID
			return parquet.WriteFile(path, []row{{&id, text, &until, nil}})
		}, ""},
		{"an integer for the number, and a time for the day, as pandas writes them", func(path string) error {
			type row struct {
				Number   int64     `parquet:"number"`
				Rule     string    `parquet:"rule"`
				Decision string    `parquet:"decision"`
				Until    time.Time `parquet:"until,timestamp(microsecond)"`
			}
			return parquet.WriteFile(path, []row{{number, "inactive_number", text, time.Date(2025, 11, 21, 0, 0, 0, 0, time.UTC)}})
		}, ""},
		{"a bad row", func(path string) error {
			type row struct {
				Number   int64  `parquet:"number"`
				Rule     string `parquet:"rule"`
				Decision string `parquet:"decision"`
			}
			return parquet.WriteFile(path, []row{{number, "inactive_number", text}, {number + 1, "inactive_number", text}})
		}, "row 2: the column number is no personal or coordination number of twelve digits"},
		{"a day copied from findings", func(path string) error {
			type row struct {
				ID       string `parquet:"finding_id"`
				Decision string `parquet:"decision"`
				Until    *int32 `parquet:"decision_until,optional,date"`
			}
			return parquet.WriteFile(path, []row{{testID, text, nil}, {testID, text, &until}})
		}, "row 2: it has a day in decision_until and none in until"},
		{"a column of another type", func(path string) error {
			type row struct {
				ID       string  `parquet:"finding_id"`
				Decision float64 `parquet:"decision"`
			}
			return parquet.WriteFile(path, []row{{testID, 1}})
		}, "column decision: it is neither text, integers nor days"},
		{"a text that is none of these", func(path string) error {
			type row struct {
				ID       string `parquet:"finding_id,dict"`
				Decision string `parquet:"decision"`
			}
			return parquet.WriteFile(path, []row{{strings.Repeat("f", 4097), text}})
		}, "column finding_id: a text of 4097 bytes; at most 4096 are taken"},
		{"nested columns", func(path string) error {
			type row struct {
				ID       []string `parquet:"finding_id"`
				Decision string   `parquet:"decision"`
			}
			return parquet.WriteFile(path, []row{{[]string{testID}, text}})
		}, "column finding_id: it is neither text, integers nor days"},
		{"cut off", func(path string) error {
			return os.WriteFile(path, []byte("PAR1 and no footer PAR1"), 0o600)
		}, "it is damaged"},
		{"no day at all, as pandas writes a column without values", func(path string) error {
			type row struct {
				ID       string  `parquet:"finding_id"`
				Decision string  `parquet:"decision"`
				Until    *string `parquet:"until,optional"`
			}
			return parquet.WriteFile(path, []row{{testID, "decided", nil}})
		}, "row 1: the column decision is none of"},
	} {
		t.Run(test.why, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "decisions")
			require.NoError(t, test.write(path))
			d, err := ReadDecisions(t.Context(), path, today)
			if test.want != "" {
				require.ErrorContains(t, err, test.want)
				return
			}
			require.NoError(t, err)
			f := findingOf(testID)
			d.Apply(f)
			assert.Equal(t, report.Lawful, f.Decision)
			assert.Equal(t, today, f.DecisionUntil)
			assert.False(t, f.IsExpired)
		})
	}
}

func TestDecisionsAboutNothingAreTold(t *testing.T) {
	text := "finding_id,number,rule,decision\n"
	for i := range 25 {
		text += fmt.Sprintf("%032x,,,lawful\n", i+1)
	}
	text += "," + testNumber + ",inactive_number,confirmed\n" + testID + ",,,lawful\n"
	path := writeDecisions(t, text)
	d, err := ReadDecisions(t.Context(), path, today)
	require.NoError(t, err)
	d.Apply(findingOf(testID)) // both of the last rows are about it
	notices := d.Notices()
	require.Len(t, notices, 1)
	assert.Equal(t, "decisions_unmatched", notices[0].Name)
	assert.Equal(t, "25 of the decisions in "+path+" are about no finding of this run: rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 5 more.", notices[0].Text)

	// The page has to say the same without saying how many, and of one there is another text.
	assert.Equal(t, int64(25), notices[0].Counted)
	assert.Equal(t, "Några av besluten i "+path+" gäller ingen träff i den här körningen.", notices[0].UncountedSwedish)
	assert.Contains(t, notices[0].Swedish, "25 av besluten i "+path+" gäller ingen träff i den här körningen: raderna 1, 2, 3")
	one, err := ReadDecisions(t.Context(), writeDecisions(t, "finding_id,decision\n"+testID+",lawful\n"), today)
	require.NoError(t, err)
	assert.Equal(t, "1 of the decisions in "+one.Path+" is about no finding of this run: row 1.", one.Notices()[0].Text)
	assert.Equal(t, "1 av besluten i "+one.Path+" gäller ingen träff i den här körningen: rad 1.", one.Notices()[0].Swedish)

	// A number that was not read is no number to decide on.
	unread := findingOf("ffffffffffffffffffffffffffffffff")
	unread.Number = identity.Number(0)
	d.Apply(unread)
	assert.Equal(t, report.NoDecision, unread.Decision)
}
