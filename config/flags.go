package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/goccy/go-yaml/ast"
)

// Flags are what the command line of a run says of its configuration, as text;
// empty for flags that were not given. Paths are as the process sees them.
type Flags struct {
	Records  []string // globs, or - for standard input
	Register []string // globs of an extract's files
	Snapshot string   // a register snapshot, in place of Register
	// RegisterColumns are those of the extract, canonical=theirs.
	RegisterColumns []string
	ExtractDate     string
	Policy          string   // a file
	Columns         []string // of the records, canonical=theirs
	Constants       []string // of the records, canonical=value
	Out             string
	Formats         []string
	Numbers         string
	FailOn          []string // severity=limit
	MaxRejects      string
	Baseline        string // a report, latest or none
	Decisions       string // a file
	Language        string
	SuppressBelow   string // a number
	CSVDialect      string
	Split           string
	IDKey           string // the file of the key of finding ids
}

// noBaseline is what --baseline says where the configuration's does not count.
const noBaseline = "none"

// Configuration is the configuration that the flags alone make. Its one source
// is named records.
func (f *Flags) Configuration() (*Configuration, error) {
	c := Default()
	if len(f.Records) > 0 {
		source := Source{Name: "records"}
		for _, pattern := range f.Records {
			if pattern == "" {
				return nil, errors.New("--records: the name is empty")
			}
			if slices.Contains(source.Files, literal(pattern)) {
				return nil, fmt.Errorf("--records: %s is named twice", pattern)
			}
			source.Files = append(source.Files, literal(pattern))
		}
		var err error
		if source.Columns, err = assignments[RecordColumn]("--column", f.Columns); err != nil {
			return nil, err
		}
		if source.Constants, err = assignments[RecordColumn]("--constant", f.Constants); err != nil {
			return nil, err
		}
		for _, column := range slices.Sorted(maps.Keys(source.Constants)) {
			if _, mapped := source.Columns[column]; mapped {
				return nil, fmt.Errorf("--constant: %q is both a constant and a column", column)
			}
			text := source.Constants[column]
			if err := readers.CheckConstant(string(column), text, source.CSV.dialect()); err != nil {
				return nil, fmt.Errorf("--constant: %w, found %s", err, quote(text))
			}
		}
		c.Sources = []Source{source}
	}
	return c, f.Override(c)
}

// Override puts what the flags say in place of what the configuration says,
// but for the sources.
func (f *Flags) Override(c *Configuration) error {
	if f.Snapshot != "" || len(f.Register) > 0 {
		// Another register has its own columns and date; what it is compared with stays.
		c.Register = Register{Snapshot: c.relative(f.Snapshot), Previous: c.Register.Previous, MaxShrink: c.Register.MaxShrink}
		for _, pattern := range f.Register {
			if pattern != standardInput {
				pattern = c.relativePattern(pattern)
			}
			c.Register.Files = append(c.Register.Files, pattern)
		}
	}
	if len(f.RegisterColumns) > 0 {
		var err error
		if c.Register.Columns, err = assignments[RegisterColumn]("--column", f.RegisterColumns); err != nil {
			return err
		}
	}
	if f.Policy != "" {
		policy, err := LoadPolicy(f.Policy)
		if err != nil {
			return err
		}
		c.Policy = *policy
	}
	switch f.Out {
	case "":
	case standardOutput:
		c.Output.Dir = standardOutput
	default:
		c.Output.Dir = c.relative(f.Out)
	}
	switch f.Baseline {
	case "":
	case noBaseline:
		c.Output.Baseline = ""
	case job.Latest:
		c.Output.Baseline = job.Latest
	default:
		c.Output.Baseline = c.relative(f.Baseline)
	}
	if f.IDKey != "" {
		c.Output.IDKey = c.relative(f.IDKey)
	}
	if f.Decisions != "" {
		c.Decisions = c.relative(f.Decisions)
	}
	if len(f.Formats) > 0 {
		c.Output.Formats = nil
		for _, word := range f.Formats {
			var format Format
			if err := setFlag(&format, "--format", word); err != nil {
				return err
			}
			if !slices.Contains(c.Output.Formats, format) {
				c.Output.Formats = append(c.Output.Formats, format)
			}
		}
		if !hasFindings(c.Output.Formats) {
			return fmt.Errorf("--format: the formats lack parquet, csv or arrow: one of them holds the findings")
		}
	}
	for _, flag := range []struct {
		name, text string
		target     scalar
	}{
		{"--extract-date", f.ExtractDate, &c.Register.ExtractDate},
		{"--numbers", f.Numbers, &c.Output.Numbers},
		{"--max-rejects", f.MaxRejects, &c.MaxRejects},
		{"--lang", f.Language, &c.Output.Language},
		{"--csv-dialect", f.CSVDialect, &c.Output.CSVDialect},
		{"--split", f.Split, &c.Output.Split},
	} {
		if flag.text != "" {
			if err := setFlag(flag.target, flag.name, flag.text); err != nil {
				return err
			}
		}
	}
	if f.SuppressBelow != "" {
		if complaint := c.Output.SuppressBelow.set(f.SuppressBelow, ast.IntegerType); complaint != "" {
			return fmt.Errorf("--suppress-below: %s", complaint)
		}
	}
	return f.overrideThresholds(c)
}

// relative is a path of the command line as it would stand in the
// configuration, whose paths are relative to its folder. Variables in it are the
// shell's business.
func (c *Configuration) relative(path string) string {
	if path == "" || c.folder == "" || c.folder == "." || disk.IsObject(path) {
		return literal(path)
	}
	if relative, err := filepath.Rel(c.folder, path); err == nil {
		return literal(apart(relative, standardInput, job.Latest))
	}
	// One of the two is absolute.
	if absolute, err := filepath.Abs(path); err == nil {
		return literal(absolute)
	}
	return literal(path)
}

// relativePattern is relative for a pattern: the current folder is none, even where
// it is named like one.
func (c *Configuration) relativePattern(pattern string) string {
	relative := c.relative(pattern)
	if current, err := filepath.Abs(""); err == nil && filepath.IsAbs(relative) && !filepath.IsAbs(pattern) {
		return literal(filepath.Join(globEscape.Replace(current), pattern))
	}
	return relative
}

func (f *Flags) overrideThresholds(c *Configuration) error {
	if len(f.FailOn) == 0 {
		return nil
	}
	c.FailOn = Thresholds{}
	for _, assignment := range f.FailOn {
		severity, limit, ok := strings.Cut(assignment, "=")
		targets := map[string]*Limit{"error": &c.FailOn.Error, "warning": &c.FailOn.Warning, "info": &c.FailOn.Info}
		target := targets[severity]
		if !ok || target == nil {
			return fmt.Errorf("--fail-on: want severity=limit, as error=0 or warning=1%%, found %s", quote(assignment))
		}
		if err := setFlag(target, "--fail-on", limit); err != nil {
			return err
		}
	}
	return nil
}

func setFlag(target scalar, name, text string) error {
	if complaint := target.set(text, ast.StringType); complaint != "" {
		return fmt.Errorf("%s: %s", name, complaint)
	}
	return nil
}

// assignments reads canonical=value texts.
func assignments[K ~string](flag string, given []string) (map[K]string, error) {
	if len(given) == 0 {
		return nil, nil
	}
	columns := map[K]string{}
	for _, assignment := range given {
		name, value, ok := strings.Cut(assignment, "=")
		if !ok || value == "" {
			return nil, fmt.Errorf("%s: want column=value, found %s", flag, quote(assignment))
		}
		var column K
		if err := setFlag(any(&column).(scalar), flag, name); err != nil {
			return nil, err
		}
		if _, seen := columns[column]; seen {
			return nil, fmt.Errorf("%s: the column %q is given twice", flag, column)
		}
		columns[column] = value
	}
	return columns, nil
}
