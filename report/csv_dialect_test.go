package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What a text is in a cell of each dialect. A guard is an apostrophe.
func TestTextsAreGuarded(t *testing.T) {
	for _, row := range []struct{ why, text, standard, excel string }{
		{"a word", "csn", "csn", "csn"},
		{"a formula", "=1+1", "'=1+1", "'=1+1"},
		{"a formula that starts a program", "=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"},
		{"a formula with a link", `=HYPERLINK("http://x";"y")`, `'=HYPERLINK("http://x";"y")`, `'=HYPERLINK("http://x";"y")`},
		{"Excel takes these for formulas, too", "+46", "'+46", "'+46"},
		{"", "-2+3", "'-2+3", "'-2+3"},
		{"", "@SUM(1)", "'@SUM(1)", "'@SUM(1)"},
		{"a negative number that is text", "-1", "'-1", "'-1"},
		{"standard input is a file called by a hyphen", "-", "-", "-"},
		{"a tab is dropped by some", "\t=1", "'\t=1", "'\t=1"},
		{"", "\r=1", "'\r=1", "'\r=1"},
		{"", "\n=1", "'\n=1", "'\n=1"},
		{"", "\x00=1", "'\x00=1", "'\x00=1"},
		{"a blank", " =1", "' =1", "' =1"},
		{"a blank of no width", "\u200b=1", "'\u200b=1", "'\u200b=1"},
		{"a mark of direction", "\u202e=1", "'\u202e=1", "'\u202e=1"},
		{"the wide forms of East Asian spreadsheets", "＝1+1", "'＝1+1", "'＝1+1"},
		{"", "＋1", "'＋1", "'＋1"},
		{"", "－1", "'－1", "'－1"},
		{"", "＠A1", "'＠A1", "'＠A1"},
		{"a guard itself, so that guards can be taken away", "'a", "''a", "''a"},
		{"a formula further in", "a=1", "a=1", "a=1"},

		{"a number of twelve digits would be 1,99E+11", "199408233234", "199408233234", "'199408233234"},
		{"one of ten would lose its zero", "0408233234", "0408233234", "'0408233234"},
		{"with a hyphen it is text", "640823-3234", "640823-3234", "640823-3234"},
		{"with a plus, too", "640823+3234", "640823+3234", "640823+3234"},
		{"", "19640823-3234", "19640823-3234", "19640823-3234"},
		{"an interim number has a letter", "640823T234", "640823T234", "640823T234"},
		{"masked numbers are text", "1964********", "1964********", "1964********"},
		{"a key that looks like a power of ten", "12E5", "12E5", "'12E5"},
		{"a key that looks like a month", "mar-1", "mar-1", "'mar-1"},
		{"", "MARS 1", "MARS 1", "'MARS 1"},
		{"", "dec1", "dec1", "'dec1"},
		{"", "1-2", "1-2", "'1-2"},
		{"", "2025-11-20", "2025-11-20", "'2025-11-20"},
		{"a time", "8:30 f.m.", "8:30 f.m.", "'8:30 f.m."},
		{"an amount", "100 kr", "100 kr", "'100 kr"},
		{"a share", "12 %", "12 %", "'12 %"},
		{"a truth value", "TRUE", "TRUE", "'TRUE"},
		{"", "falskt", "falskt", "'falskt"},
		{"a key with letters", "R-000123", "R-000123", "R-000123"},
		{"a UUID", "00000000-0000-4000-8000-00000000000b", "00000000-0000-4000-8000-00000000000b", "00000000-0000-4000-8000-00000000000b"},
		{"an id", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"},
		{"an id that would be infinite", "12345678901234567890123456e12345", "12345678901234567890123456e12345", "'12345678901234567890123456e12345"},
		{"a path", "in/fk-2025.csv", "in/fk-2025.csv", "in/fk-2025.csv"},
		{"digits of another script", "１２３", "１２３", "'１２３"},
	} {
		for dialect, want := range map[Dialect]string{Standard: row.standard, Excel: row.excel, ExcelSwedish: row.excel} {
			style, err := dialect.style()
			require.NoError(t, err)
			cell := string(style.appendCell(nil, []byte(row.text), false))
			if strings.HasPrefix(cell, `"`) {
				cell = strings.ReplaceAll(cell[1:len(cell)-1], `""`, `"`)
			}
			assert.Equal(t, want, cell, "%s %s", dialect, row.why)
			assert.Equal(t, row.text, PlainText(cell), "%s %s", dialect, row.why)
		}
	}
}

// A column that holds days at times leaves them to Excel, and guards all else.
func TestDaysInTextAreDays(t *testing.T) {
	style, err := ExcelSwedish.style()
	require.NoError(t, err)
	for text, want := range map[string]string{
		"2019-05-17": "2019-05-17", "2019-05-00": "2019-05-00", "0": "0", "=1": "'=1", "12E5": "'12E5", "2019/05/17": "'2019/05/17",
	} {
		assert.Equal(t, want, string(style.appendCell(nil, []byte(text), true)))
	}
}

// Whatever a text is, a reader of CSV gets it back, and no cell begins a formula.
func TestGuardedTextsComeBack(t *testing.T) {
	dialects := []Dialect{Standard, Excel, ExcelSwedish}
	rapid.Check(t, func(t *rapid.T) {
		style, err := rapid.SampledFrom(dialects).Draw(t, "dialect").style()
		require.NoError(t, err)
		texts := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune("=+-@＝＋'\"\t\n;,. 019eaå\u200b\x00\x1b"))), 2, 5).Draw(t, "texts")
		var line []byte
		for i, text := range texts {
			if i > 0 {
				line = append(line, style.delimiter)
			}
			line = style.appendCell(line, []byte(text), false)
		}
		reader := csv.NewReader(bytes.NewReader(append(line, style.lineEnd...)))
		reader.Comma = rune(style.delimiter)
		cells, err := reader.Read()
		require.NoError(t, err)
		for i, cell := range cells {
			require.Equal(t, texts[i], PlainText(cell))
			require.False(t, cell != "" && cell != "-" && strings.ContainsAny(cell[:1], "=+-@\t\n\x00"), "a formula: %q", cell)
		}
	})
}

// The golden files of the dialects are what a person opens in Excel.
func TestDialects(t *testing.T) {
	for _, row := range []struct {
		dialect          Dialect
		begin, lineEnd   string
		amount, negative string
		number           string
	}{
		{Standard, "finding_id,rule,", "\n", ",12.50,", ",-0.05,", ",196408233234,"},
		{Excel, "\ufefffinding_id,rule,", "\r\n", ",12.50,", ",-0.05,", ",19640823-3234,"},
		{ExcelSwedish, "\ufefffinding_id;rule;", "\r\n", ";12,50;", ";-0,05;", ";19640823-3234;"},
	} {
		t.Run(string(row.dialect), func(t *testing.T) {
			f := newFixture(t, 1, 300)
			f.run.Dialect = row.dialect
			f.run.Files[0].Path, f.run.Files[1].Source = "-", "=fk;'"
			f.records[0].Amount, f.records[1].Amount = 1250, -5
			f.records[0].Number, f.records[0].IdentityNumber = 196408233234, []byte("+46")
			style, err := row.dialect.style()
			require.NoError(t, err)
			texts, columns := newTexts(&f.run), findingColumns(&Run{})
			text := string(appendHeader(nil, &style, columns))
			for i := range f.records {
				text = string(appendLine([]byte(text), &style, columns, texts, &f.records[i]))
			}
			assert.True(t, strings.HasPrefix(text, row.begin))
			assert.Equal(t, len(f.records)+1, strings.Count(text, row.lineEnd))
			for _, cell := range []string{row.amount, row.negative, row.number, string(style.delimiter) + "'+46" + string(style.delimiter)} {
				assert.Contains(t, text, cell)
			}
		})
	}
}

// What is gone is written as findings are, so that both can be looked up in one another.
func TestDialectsOfWhatIsGone(t *testing.T) {
	f := newFixture(t, 1, 300)
	finding := f.across[0]
	finding.Number, finding.UseNumber, finding.OtherNumber = 196408233234, 197010632391, 196408233234
	finding.IdentityNumber, finding.RecordID = []byte("6408233234"), []byte("007")
	for _, detail := range []string{"2025-12-31", "0", "12E5", "=1"} {
		finding.Detail = []byte(detail)
		gone := Gone{
			Detail: finding.Detail, RecordID: finding.RecordID, IdentityNumber: finding.IdentityNumber, NumberKind: []byte(finding.NumberKind.String()),
			Number: []byte("196408233234"), UseNumber: []byte("197010632391"), OtherNumber: []byte("196408233234"),
		}
		for _, dialect := range []Dialect{Standard, Excel, ExcelSwedish} {
			style, err := dialect.style()
			require.NoError(t, err)
			found := cellsByName(t, &style, findingColumns(&f.run), newTexts(&f.run), &finding)
			resolved := cellsByName(t, &style, resolvedColumns(false), nil, &gone)
			for _, name := range []string{"detail", "record_id", "identity_number", "number", "number_kind", "use_number", "other_number"} {
				assert.Equal(t, found[name], resolved[name], "%s %s, detail %s", dialect, name, detail)
			}
		}
	}
}

// cellsByName are the cells of a line, as they stand there.
func cellsByName[Row any](t *testing.T, style *csvStyle, columns []column[Row], texts *texts, row *Row) map[string]string {
	t.Helper()
	reader := csv.NewReader(bytes.NewReader(appendLine(nil, style, columns, texts, row)))
	reader.Comma = rune(style.delimiter)
	line, err := reader.Read()
	require.NoError(t, err)
	cells := map[string]string{}
	for i := range columns {
		cells[columns[i].name] = line[i]
	}
	return cells
}

// What was written in any dialect is counted when it is read back, and Verify
// finds out by itself which it is.
func TestDialectsAreReadBack(t *testing.T) {
	for _, dialect := range []Dialect{"", Standard, Excel, ExcelSwedish} {
		f := newFixture(t, 3, 500)
		f.run.Dialect, f.run.Parquet, f.run.Arrow = dialect, false, false
		f.run.Files[0].Path, f.run.Files[1].Source, f.run.Files[2].Source = "-", "=fk;'", "0123"
		folder, _ := f.publish(t)
		differences, _, err := Verify(t.Context(), folder, false)
		require.NoError(t, err)
		assert.Empty(t, differences, dialect)
	}
	f := newFixture(t, 3, 5)
	f.run.Dialect = "semicolon"
	_, err := NewWriter(nil, nil, f.run)
	assert.EqualError(t, err, `cannot write a report: there is no dialect of CSV called "semicolon"`)
}

// LibreOffice opens what is written for Excel as it is meant: texts as texts,
// amounts as numbers, days as days, and no formula.
func TestSpreadsheetOpensTheDialects(t *testing.T) {
	program, err := exec.LookPath("soffice")
	if err != nil {
		require.False(t, slices.Contains(strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), "libreoffice"), "AVSTAM_REQUIRE asks for libreoffice: %v", err)
		t.Skip("there is no soffice; AVSTAM_REQUIRE=libreoffice makes a failure of that")
	}
	payloads := []string{"=1+1", "+1+1", "-1-1", "@SUM(1)", "\t=1+1", "＝1+1", `=HYPERLINK("http://127.0.0.1/";"x")`, "0408233234", "199408233234", "12E5", "1-2", "mars 1", "TRUE", "640823-3234"}
	for _, row := range []struct {
		dialect Dialect
		filter  string // of LibreOffice: delimiter, quote, UTF-8, first line, columns, language, quoted as text, numbers recognized as Excel does
	}{
		{Excel, "CSV:44,34,76,1,,1033,false,true"},
		{ExcelSwedish, "CSV:59,34,76,1,,1053,false,true"},
	} {
		t.Run(string(row.dialect), func(t *testing.T) {
			f := newFixture(t, 1, 300)
			f.records = f.records[:len(payloads)]
			for i, payload := range payloads {
				f.records[i].IdentityNumber, f.records[i].RecordID = []byte(payload), []byte(payload)
				f.records[i].Number, f.records[i].Amount = 199408233234, -1234567
			}
			style, err := row.dialect.style()
			require.NoError(t, err)
			texts, columns := newTexts(&f.run), findingColumns(&Run{})
			text := appendHeader(nil, &style, columns)
			for i := range f.records {
				text = appendLine(text, &style, columns, texts, &f.records[i])
			}
			folder := t.TempDir()
			path := filepath.Join(folder, "findings.csv")
			require.NoError(t, os.WriteFile(path, text, 0o600))
			command := exec.Command(program, "-env:UserInstallation=file://"+filepath.Join(folder, "profile"), "--headless", "--infilter="+row.filter, "--convert-to", "fods", "--outdir", folder, path)
			output, err := command.CombinedOutput()
			require.NoError(t, err, string(output))
			cells := openDocument(t, filepath.Join(folder, "findings.fods"))
			place := func(name string) int {
				return slices.IndexFunc(columns, func(c column[Finding]) bool { return c.name == name })
			}
			require.Len(t, cells, len(payloads)+1)
			for i, payload := range payloads {
				cell := cells[i+1]
				for _, name := range []string{"identity_number", "record_id"} {
					assert.Equal(t, "string", cell[place(name)].kind, payload)
				}
				assert.Equal(t, "string", cell[place("number")].kind)
				assert.Equal(t, "float", cell[place("amount")].kind)
				assert.Equal(t, "-12345.67", cell[place("amount")].value)
				assert.Equal(t, "date", cell[place("payment_date")].kind)
				for _, c := range cell {
					assert.Empty(t, c.formula)
				}
			}
		})
	}
}

// spreadsheetCell is a cell of a spreadsheet: what kind of value it holds.
type spreadsheetCell struct{ kind, value, formula string }

// openDocument reads the cells of a flat OpenDocument spreadsheet.
func openDocument(t *testing.T, path string) [][]spreadsheetCell {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close() // it was only read
	var rows [][]spreadsheetCell
	decoder := xml.NewDecoder(file)
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return rows
		}
		require.NoError(t, err)
		element, ok := token.(xml.StartElement)
		switch {
		case ok && element.Name.Local == "table-row":
			rows = append(rows, nil)
		case ok && element.Name.Local == "table-cell":
			var cell spreadsheetCell
			repeated := 1
			for _, attribute := range element.Attr {
				switch attribute.Name.Local {
				case "value-type":
					cell.kind = attribute.Value
				case "value":
					cell.value = attribute.Value
				case "formula":
					cell.formula = attribute.Value
				case "number-columns-repeated":
					repeated, err = strconv.Atoi(attribute.Value)
					require.NoError(t, err)
				}
			}
			row := &rows[len(rows)-1]
			for range min(repeated, 100) {
				*row = append(*row, cell)
			}
		}
	}
}
