package config

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/readers"
)

// at is where the value of a path stood, the file's beginning where it did not.
func (d *decoder) at(path string) position {
	if at, ok := d.values[path]; ok {
		return at
	}
	return position{1, 1}
}

// check complains of what no single value shows.
func (d *decoder) check(c *Configuration) {
	r := &c.Register
	if r.Snapshot != "" {
		// columns and csv are of no use to a snapshot, and do no harm.
		if at, given := d.keys["register.files"]; given {
			d.complain(at, `the register is "files" or "snapshot", not both`)
		}
	} else if at, given := d.keys["register"]; given && len(r.Files) == 0 && d.isWhole {
		d.complain(at, `the register has neither "files" nor "snapshot"`)
	}
	if at, given := d.keys["register.max_shrink"]; given && r.Previous == "" && d.isWhole {
		d.complain(at, `"max_shrink" compares with "previous", which is missing`)
	}
	d.checkCSV(r.CSV, "register.csv")
	if at, given := d.keys["register.csv.decimal"]; given {
		d.complain(at, `"decimal" is the sign of amounts, of which a register has none`)
	}
	if r.CSV != nil {
		if err := readers.CheckRegisterDateLayout(string(r.CSV.DateLayout)); err != nil {
			d.complain(d.at("register.csv.date_layout"), "%v, found %s", err, quote(string(r.CSV.DateLayout)))
		}
	}
	d.checkPaths(c)

	streamLine := 0
	lines := map[string]int{}
	for i, source := range c.Sources {
		path := fmt.Sprintf("sources[%d]", i)
		if at, given := d.values[path+".name"]; given && source.Name != "" {
			if line, seen := lines[source.Name]; seen {
				d.complain(at, "a second source %s (first on line %d)", quote(source.Name), line)
			} else {
				lines[source.Name] = at.line
			}
		}
		d.checkPersonal(path+".name", source.Name)
		for j, pattern := range source.Files {
			if expanded, _ := expand(pattern); expanded != standardInput {
				continue
			}
			at := d.at(fmt.Sprintf("%s.files[%d]", path, j))
			if streamLine > 0 {
				d.complain(at, "standard input is read twice (first on line %d); it can be read once", streamLine)
			} else {
				streamLine = at.line
			}
		}
		for column, text := range source.Constants {
			at := path + ".constants." + string(column)
			if _, mapped := source.Columns[column]; mapped {
				d.complain(d.keys[at], "%q is both a constant and a column", column)
			}
			// It is written in the source's dialect, which must have been read.
			if err := readers.CheckConstant(string(column), text, source.CSV.dialect()); err != nil && d.isWhole {
				d.complain(d.at(at), "%v, found %s", err, quote(text))
			}
		}
		d.checkCSV(source.CSV, path+".csv")
		if e := source.Expect; e != nil && e.Rows == nil && e.Amount == "" && d.isWhole {
			d.complain(d.keys[path+".expect"], `the control totals have neither "rows" nor "amount"`)
		}
	}

	for i, agency := range c.Policy.UncertainAllowed {
		d.checkPersonal(fmt.Sprintf("policy.uncertain_allowed[%d]", i), agency)
	}
	if at, given := d.values["output.formats"]; given && len(c.Output.Formats) > 0 && !hasFindings(c.Output.Formats) && d.isWhole {
		d.complain(at, "the formats lack parquet, csv or arrow: one of them holds the findings")
	}
}

// checkPersonal refuses a text that summary and page show, or the manifest, with a
// person's number in it.
func (d *decoder) checkPersonal(path, text string) {
	if identity.Contains([]byte(text)) {
		d.complain(d.at(path), "a text with a person's number in it, which summary and page would show")
	}
}

// hasFindings says whether one of the formats holds the findings.
func hasFindings(formats []Format) bool {
	return slices.ContainsFunc(formats, func(f Format) bool { return f != "html" })
}

func (d *decoder) checkCSV(csv *CSV, path string) {
	if csv == nil {
		return
	}
	for _, pair := range []struct {
		key  string
		a, b Character
		with string
	}{
		{"quote", csv.Quote, csv.Delimiter, "delimiter"},
		{"decimal", Character(csv.Decimal), csv.Quote, "quote"},
	} {
		if pair.a != "" && pair.a == pair.b {
			d.complain(d.at(path+"."+pair.key), "%q is the same character as %q", pair.key, pair.with)
		}
	}
}

// checkPolicy reads the file of test numbers that a policy names.
func (d *decoder) checkPolicy(p *Policy, path, folder string) {
	if p.TestNumbers == "" {
		return
	}
	if _, complaint := expand(p.TestNumbers); complaint != "" {
		d.complain(d.at(join(path, "test_numbers")), "%s", complaint)
		return
	}
	numbers, err := readTestNumbers(resolve(folder, p.TestNumbers))
	if err != nil {
		d.complain(d.at(join(path, "test_numbers")), "%v", err)
		return
	}
	p.testNumbers = numbers
}

// resolve is a path of a file in the given folder, as the process sees it. That
// its variables can be expanded has been checked.
func resolve(folder, path string) string {
	path, _ = expand(path)
	if path == "" || disk.IsAbs(path) {
		return path
	}
	return apart(filepath.Join(folder, path), standardInput)
}

// isWord says whether a value is a word that stands in the place of a path, with its
// variables' values in it.
func isWord(value, word string) bool {
	expanded, _ := expand(value)
	return expanded == word
}

// apart is a path that is none of the words that stand in the place of one, which
// ./ before a name is written to avoid.
func apart(path string, words ...string) string {
	if slices.Contains(words, path) {
		return "." + string(filepath.Separator) + path
	}
	return path
}
