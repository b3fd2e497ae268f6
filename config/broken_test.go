package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/avstam/avstam/damage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The text of each row begins on line 1.
func TestBrokenFiles(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"a misspelt key", "registr: {snapshot: r}",
			`f:1:1: unknown key "registr" (did you mean "register"?)`},
		{"a key in capitals", "REGISTER: {snapshot: r}",
			`f:1:1: unknown key "REGISTER" (did you mean "register"?)`},
		{"a column as others write it", "sources: [{name: a, files: [b], columns: {Payment_Date: X}}]",
			`f:1:43: unknown column "Payment_Date" (did you mean "payment_date"?)`},
		{"two letters exchanged, deep inside", "sources:\n  - name: a\n    files: [b]\n    cvs: {decimal: ','}",
			`f:4:5: unknown key "cvs" (did you mean "csv"?)`},
		{"a key like none", "output: {folder: out}",
			`f:1:10: unknown key "folder" (known: dir, formats, numbers, id_key, baseline, lang, suppress_below, csv_dialect, split)`},
		{"a key twice", "output:\n  dir: a\n  numbers: full\n  dir: b",
			`f:4:3: duplicate key "dir" (first on line 2)`},
		{"a key twice in one line", "output: {dir: a, dir: b}",
			`f:1:18: duplicate key "dir" (first on line 1)`},
		{"a key that is a number", "policy:\n  agencies:\n    12: {identity_level: probable}",
			`f:3:5: a key that is no text: put it in quotes`},
		{"a key that is empty", "policy:\n  agencies:\n    \"\": {identity_level: probable}",
			`f:3:5: an empty key`},
		{"text for a list", "sources:\n- name: a\n  files: in/*.csv",
			`f:3:10: want a list, found text`},
		{"a list for a mapping", "register:\n  - files: [a]",
			`f:2:3: want a mapping of keys and values, found a list`},
		{"a mapping for text", "output: {dir: {name: out}}",
			`f:1:15: want text, found a mapping`},
		{"a mapping for a scalar", "register: {snapshot: r, extract_date: {day: 1}}",
			`f:1:39: want a single value, found a mapping`},
		{"a number for text: 0123 would lose its zero", "sources: [{name: a, files: [b], constants: {payment_type: 0123}}]",
			`f:1:59: want text, found a number: put it in quotes`},
		{"nothing for text", "output:\n  dir:",
			`f:2:3: want text, found nothing`},
		{"nothing for a mapping", "policy:\n",
			`f:1:1: want a mapping of keys and values, found nothing`},
		{"empty text", `output: {dir: ""}`,
			`f:1:15: the text is empty`},
		{"a line break in a name", "sources: [{name: \"a\\nb\", files: [c]}]",
			`f:1:18: the text has a control character or a line break`},
		{"an empty list", "sources: []",
			`f:1:10: the list is empty`},
		{"an empty list of what is not allowed agencies", "policy: {uncertain_allowed: []}\noutput: {formats: []}",
			`f:2:19: the list is empty`},
		{"a source without a name", "sources:\n  - files: [a]",
			`f:2:5: the key "name" is missing`},
		{"a source without files", "sources:\n  - name: a",
			`f:2:5: the key "files" is missing`},
		{"two sources of one name", "sources:\n- {name: a, files: [b]}\n- {name: a, files: [c]}",
			`f:3:10: a second source "a" (first on line 2)`},
		{"a pattern twice", "sources:\n- name: a\n  files:\n  - b\n  - b",
			`f:5:5: "b" stands twice in the list (first on line 4)`},
		{"standard input twice", "sources:\n- {name: a, files: [b, \"-\"]}\n- name: b\n  files:\n  - a\n  - \"-\"",
			`f:6:5: standard input is read twice (first on line 2); it can be read once`},
		{"a column that does not exist", "sources: [{name: a, files: [b], columns: {payed_on: X}}]",
			`f:1:43: unknown column "payed_on" (known: identity_number, payment_date, amount, record_id, period_start, period_end, agency, payment_type, currency)`},
		{"a misspelt column of the register", "register: {files: [a], columns: {nubmer: X}}",
			`f:1:34: unknown column "nubmer" (did you mean "number"?)`},
		{"a constant that is a column too", "sources: [{name: a, files: [b], columns: {agency: X}, constants: {agency: csn}}]",
			`f:1:67: "agency" is both a constant and a column`},
		{"a constant that is everybody's number", "sources: [{name: a, files: [b], constants: {identity_number: 640823-3234}}]",
			`f:1:62: identity_number is no constant: it would stand in the manifest, which has no person's number, found (a text with 10 digits)`},
		{"a constant with somebody's number", "sources: [{name: a, files: [b], constants: {record_id: A 640823–3234}}]",
			`f:1:56: the constant of record_id has a person's number in it, and would stand in the manifest, found (a text with 10 digits)`},
		{"the same in wide digits", "sources: [{name: a, files: [b], constants: {agency: ６４０８２３３２３４}}]",
			`f:1:53: the constant of agency has a person's number in it, and would stand in the manifest, found (a text with a person's number)`},
		{"a source that is somebody", "sources: [{name: 640823-3234, files: [b]}]",
			`f:1:18: a text with a person's number in it, which summary and page would show`},
		{"an agency that is somebody", "policy: {agencies: {640823-3234: {identity_level: probable}}}",
			`f:1:21: a key with a person's number in it, which summary and page would show`},
		{"an agency of a list that is somebody", "policy: {uncertain_allowed: [csn, 1964 0823 3234]}",
			`f:1:35: a text with a person's number in it, which summary and page would show`},
		{"a constant that is no date", "sources:\n- name: a\n  files: [b]\n  constants:\n    payment_date: 2025-11-31",
			`f:5:19: the constant of payment_date is not a date, found "2025-11-31"`},
		{"a constant that is no date in the source's layout", "sources: [{name: a, files: [b], csv: {date_layout: 02.01.2006}, constants: {period_end: '2025-11-30'}}]",
			`f:1:89: the constant of period_end is not a date, found "2025-11-30"`},
		{"a constant that is no amount with the source's decimal sign", "sources: [{name: a, files: [b], csv: {decimal: ','}, constants: {amount: '1.50'}}]",
			`f:1:74: the constant of amount is not an amount, found "1.50"`},
		{"a constant word that no file may have", "sources: [{name: a, files: [b], constants: {agency: " + strings.Repeat("x", 4097) + "}}]",
			`f:1:53: the constant of agency is not at most 4096 bytes long, found "` + strings.Repeat("x", 40) + `…"`},
		{"a day that the calendar does not have", "register: {snapshot: r, extract_date: 2025-02-29}",
			`f:1:39: want a day as 2006-01-02, found "2025-02-29"`},
		{"extract and snapshot", "register:\n  snapshot: r\n  files: [a]",
			`f:3:3: the register is "files" or "snapshot", not both`},
		{"a register without files", "register: {extract_date: 2025-11-20}",
			`f:1:1: the register has neither "files" nor "snapshot"`},
		{"a share of nothing", "register: {snapshot: r, max_shrink: 1%}",
			`f:1:25: "max_shrink" compares with "previous", which is missing`},
		{"a share as a number could be read as 1 or 100 percent", "register: {snapshot: r, previous: p, max_shrink: 1}",
			`f:1:50: want a percentage from 0% to 100%, found "1"`},
		{"more than all", "register: {snapshot: r, previous: p, max_shrink: 101%}",
			`f:1:50: want a percentage from 0% to 100%, found "101%"`},
		{"a third decimal of öre", "sources: [{name: a, files: [b], expect: {amount: 1.505}}]",
			`f:1:50: want an amount with at most two digits after the point, found "1.505"`},
		{"an exponent", "sources: [{name: a, files: [b], expect: {amount: 1e6}}]",
			`f:1:50: want an amount with at most two digits after the point, found "1e6"`},
		{"an amount beyond 64 bits of öre", "sources: [{name: a, files: [b], expect: {amount: 92233720368547758.08}}]",
			`f:1:50: the amount is too large: want one whose öre fit into 64 bits, found (a text with 19 digits)`},
		{"as far below zero", "sources: [{name: a, files: [b], expect: {amount: -29999999999999999970.00}}]",
			`f:1:50: the amount is too large: want one whose öre fit into 64 bits, found (a text with 22 digits)`},
		{"half a row", "sources: [{name: a, files: [b], expect: {rows: 1.5}}]",
			`f:1:48: want a number of rows, found "1.5"`},
		{"fewer than no rows", "sources: [{name: a, files: [b], expect: {rows: -1}}]",
			`f:1:48: want a number of rows, found "-1"`},
		{"control totals of nothing: no one would be compared", "sources:\n  - name: a\n    files: [b]\n    expect: {}",
			`f:4:5: the control totals have neither "rows" nor "amount"`},
		{"the sign of amounts that there are none of", "register:\n  files: [a]\n  csv: {delimiter: ';', decimal: ','}",
			`f:3:25: "decimal" is the sign of amounts, of which a register has none`},
		{"days of a register without the century", "register:\n  files: [a]\n  csv: {date_layout: '060102'}",
			`f:3:22: a date layout of a register has the year with four digits, as 20060102: of two the century cannot be told, found "060102"`},
		{"two delimiters", "sources: [{name: a, files: [b], csv: {delimiter: ';;'}}]",
			`f:1:50: want one character of ASCII, or tab, found ";;"`},
		{"a quote that delimits", "sources: [{name: a, files: [b], csv: {delimiter: ';', quote: ';'}}]",
			`f:1:62: "quote" is the same character as "delimiter"`},
		{"a decimal sign that is none", "sources: [{name: a, files: [b], csv: {decimal: ';'}}]",
			`f:1:48: want a point or a comma, found ";"`},
		{"a decimal sign in words", "sources: [{name: a, files: [b], csv: {decimal: komma}}]",
			`f:1:48: want a point or a comma, found "komma"`},
		{"an encoding that is not read", "sources: [{name: a, files: [b], csv: {encoding: windows-1251}}]",
			`f:1:49: unknown encoding "windows-1251" (did you mean "windows-1252"?)`},
		{"a layout without a year", "sources: [{name: a, files: [b], csv: {date_layout: 02.01}}]",
			`f:1:52: a date layout is the day 2 January 2006 as the files write days, as 02.01.2006, found "02.01"`},
		{"a layout as other programs write it", "sources: [{name: a, files: [b], csv: {date_layout: DD.MM.YYYY}}]",
			`f:1:52: a date layout is the day 2 January 2006 as the files write days, as 02.01.2006, found "DD.MM.YYYY"`},
		{"a layout with the name of a zone, of which the readers know none", "sources: [{name: a, files: [b], csv: {date_layout: 02.01.2006 MST}}]",
			`f:1:52: a date layout has the time zone as -0700 or Z07:00: the name of a zone does not tell which it is, found "02.01.2006 MST"`},
		{"the same of the register", "register:\n  files: [a]\n  csv:\n    date_layout: 2 January 2006 MST",
			`f:4:18: a date layout has the time zone as -0700 or Z07:00: the name of a zone does not tell which it is, found "2 January 2006 MST"`},
		{"a rule that does not exist", "policy:\n  rules:\n    inactive_nummer: off",
			`f:3:5: unknown rule "inactive_nummer" (did you mean "inactive_number"?)`},
		{"a severity that does not exist", "policy: {rules: {inactive_number: fatal}}",
			`f:1:35: unknown setting "fatal" (known: off, on, info, warning, error)`},
		{"no, which is not meant to be on", "policy: {rules: {inactive_number: no}}",
			`f:1:35: unknown setting "no" (known: off, on, info, warning, error)`},
		{"a tail before the death", "policy: {payment_types: {a: {lawful_after_death: {months: -1}}}}",
			`f:1:59: want a number of months from 0 to 1200, found "-1"`},
		{"a tail without months", "policy: {payment_types: {a: {lawful_after_death: {}}}}",
			`f:1:50: the key "months" is missing`},
		{"a level in Swedish", "policy: {agencies: {csn: {identity_level: sannolik}}}",
			`f:1:43: unknown identity level "sannolik" (known: uncertain, probable, confirmed)`},
		{"a number of days in words", "policy: {stale_after_days: many}",
			`f:1:28: want a number of days from 0 to 36525, found "many"`},
		{"a format that is not written", "output: {dir: a, formats: [xlsx]}",
			`f:1:28: unknown format "xlsx" (known: parquet, csv, arrow, html)`},
		{"a report without its findings", "output: {dir: a, formats: [html]}",
			`f:1:27: the formats lack parquet, csv or arrow: one of them holds the findings`},
		{"a limit that is none", "fail_on: {error: none}",
			`f:1:18: want a number of rows or a percentage from 0% to 100%, found "none"`},
		{"test numbers that are not there", "policy:\n  test_numbers: none.txt",
			`f:2:17: cannot read the test numbers none.txt: there is no such file`},
		{"a language that the page does not speak", "output: {dir: a, lang: swedish}",
			`f:1:24: unknown language "swedish" (known: en, sv)`},
		{"a limit that is no number", "output: {dir: a, suppress_below: five}",
			`f:1:34: want a number of records from 0 to 1000000, found "five"`},
		{"an identity number where none belongs is not repeated", "output: {dir: a, numbers: '19640823-3234'}",
			`f:1:27: unknown value (a text with 12 digits) (known: full, masked)`},
		{"an identity number as a key is not repeated", "'640823-3234': a",
			`f:1:1: a key with a person's number in it, which summary and page would show`},
		{"no YAML: a bracket is left open", "output: {dir: a",
			`f:1:9: not YAML: could not find flow mapping end token '}'`},
		{"an alias hides what is configured", "output: &a {dir: b}",
			`f:1:9: anchors, aliases, tags and the like are not read: write the value out`},
		{"two documents", "output: {dir: a}\n---\noutput: {dir: b}",
			`f:3:1: a second document: a configuration is one`},
		{"nothing at all", "# later\n", `f:1:1: the file is empty`},
		{"another encoding", "output: {dir: \xe5}", `f:1:1: the file is not UTF-8: save it as UTF-8`},
		{"UTF-16 without a mark", "o\x00u\x00t\x00:\x00", `f:1:1: the file is not UTF-8: save it as UTF-8`},
		{"a tab for blanks", "output:\n\tdir: out\n", "f:2:1: not YAML: found character '\t' that cannot start any token, a tab: indent with blanks"},
		{"bottomless", strings.Repeat("[", 100), `f:1:33: lists and mappings nest deeper than 32`},
	} {
		t.Run(row.why, func(t *testing.T) {
			_, err := parse("f", []byte(row.text))
			var problems Problems
			require.True(t, errors.As(err, &problems), "%v", err)
			assert.Equal(t, row.want, problems[0].Error())
			assert.Len(t, problems, 1, "%v", problems)
		})
	}
}

func TestAllProblemsAreToldInTheOrderOfTheFile(t *testing.T) {
	_, err := parse("f", []byte("sources:\n  - name: a\n    cvs: {}\nregister: {snapshot: r}\noutput: {numbers: some}\n"))
	var problems Problems
	require.True(t, errors.As(err, &problems))
	var told []string
	for _, problem := range problems {
		told = append(told, problem.Error())
	}
	assert.Equal(t, []string{
		`f:2:5: the key "files" is missing`,
		`f:3:5: unknown key "cvs" (did you mean "csv"?)`,
		`f:5:19: unknown value "some" (known: full, masked)`,
	}, told)
	assert.EqualError(t, err, `f:2:5: the key "files" is missing (and 2 more problems)`)
}

// What values are and what they are together is told at once, but not what may follow.
func TestProblemsOfValuesHideNoOthers(t *testing.T) {
	for _, row := range []struct {
		why, text string
		want      []string
	}{
		{"an empty list, and a register that is two", "register: {files: [a], snapshot: r}\nsources: []",
			[]string{`f:1:12: the register is "files" or "snapshot", not both`, `f:2:10: the list is empty`}},
		{"a misspelt key, and a variable without a value", "registr: {}\noutput: {dir: '$out'}",
			[]string{`f:1:1: unknown key "registr" (did you mean "register"?)`,
				`f:2:15: a dollar begins ${NAME} or ${NAME:-default}; write $$ for the character itself`}},
		{"a register whose files are misspelt has not none", "register: {fils: [a]}",
			[]string{`f:1:12: unknown key "fils" (did you mean "files"?)`}},
		{"a share of what could not be read", "register: {snapshot: r, previous: 1, max_shrink: 1%}",
			[]string{`f:1:35: want text, found a number: put it in quotes`}},
		{"an amount in a decimal sign that could not be read", "sources: [{name: a, files: [b], csv: {decimal: komma}, constants: {amount: '1,50'}}]",
			[]string{`f:1:48: want a point or a comma, found "komma"`}},
		{"control totals that could not be read are not missing", "sources: [{name: a, files: [b], expect: {rows: many}}]",
			[]string{`f:1:48: want a number of rows, found "many"`}},
		{"a format that could not be read may be of findings", "output: {dir: a, formats: [html, xlsx]}",
			[]string{`f:1:34: unknown format "xlsx" (known: parquet, csv, arrow, html)`}},
	} {
		t.Run(row.why, func(t *testing.T) {
			_, err := parse("f", []byte(row.text))
			var problems Problems
			require.ErrorAs(t, err, &problems)
			var told []string
			for _, problem := range problems {
				told = append(told, problem.Error())
			}
			assert.Equal(t, row.want, told)
		})
	}
}

func TestRuleSettings(t *testing.T) {
	for setting, want := range map[string]RuleSetting{"off": "off", "false": "off", "'off'": "off", "Off": "off", "on": "on", "true": "on",
		"info": "info", "warning": "warning", "error": "error"} {
		c, err := parse("f", []byte("policy: {rules: {inactive_number: "+setting+"}}"))
		require.NoError(t, err, setting)
		assert.Equal(t, want, c.Policy.Rules["inactive_number"], setting)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "a", "register: {snapshot: r}", "sources:\n- name: a\n  files: [b]\n", "policy: {rules: {inactive_number: off}}",
		"output: {dir: a, formats: [csv]}\nfail_on: {warning: 1%}\n", "? a\n: b", "- - -", "!!str a: b", "a: |\n  b\n", "\ufeffoutput: {dir: a}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 4096 {
			return // the parser's time grows with the square of the size
		}
		defer damage.Watch()()
		c, err := parse("f", text)
		if err != nil {
			var problems Problems
			require.True(t, errors.As(err, &problems))
			for _, problem := range problems {
				assert.Positive(t, problem.Line)
				assert.Positive(t, problem.Column)
				assert.NotEmpty(t, problem.Text)
			}
			return
		}
		_, err = c.Settings()
		_ = err // that something is missing is no fault of the file
	})
}
