package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// defaultMaxShrink is how much smaller than the previous register one may be,
// where the configuration names a previous one and no share.
const defaultMaxShrink = Percent("1%")

// Settings are the settings of a run that the configuration decides: register,
// sources, policy, output, thresholds and what the manifest tells of it. The
// rest is left zero. It fails where the configuration lacks a register, sources
// or an output folder.
func (c *Configuration) Settings() (job.Settings, error) {
	if err := c.lacks(); err != nil {
		return job.Settings{}, err
	}
	settings := job.Settings{
		Register:      c.RegisterSettings(),
		Policy:        c.Policy.rules(),
		Output:        c.output(),
		FailOn:        c.FailOn.thresholds(),
		MaxRejects:    c.MaxRejects.limit(),
		Configuration: c.effective(),
		Baseline:      c.Output.Baseline,
		Decisions:     resolve(c.folder, c.Decisions),
	}
	if isWord(settings.Baseline, job.Latest) {
		settings.Baseline = job.Latest
	} else {
		settings.Baseline = apart(resolve(c.folder, settings.Baseline), job.Latest)
	}
	for i := range c.Sources {
		source := &c.Sources[i]
		settings.Sources = append(settings.Sources, c.source(source))
		settings.Expect = append(settings.Expect, source.Expect.totals())
	}
	return settings, nil
}

// lacks is what is missing of a whole configuration.
func (c *Configuration) lacks() error {
	missing := func(at position, inFile, onCommandLine string) error {
		if c.whole == nil {
			return fmt.Errorf("%s is missing", onCommandLine)
		}
		return Problems{{c.whole.file, at.line, at.column, fmt.Sprintf("the key %q is missing, and so is %s", inFile, onCommandLine)}}
	}
	whole := wholness{register: position{1, 1}, output: position{1, 1}}
	if c.whole != nil {
		whole = *c.whole
	}
	switch {
	case len(c.Register.Files) == 0 && c.Register.Snapshot == "":
		return missing(whole.register, "register", "--register")
	case len(c.Sources) == 0:
		return missing(position{1, 1}, "sources", "--records")
	case c.Output.Dir == "":
		return missing(whole.output, "dir", "--out")
	}
	return nil
}

// RegisterSettings are the settings of the register alone, for a program that
// reads nothing else; all is zero where the configuration has no register.
func (c *Configuration) RegisterSettings() job.Register {
	r := &c.Register
	settings := job.Register{
		Snapshot:    resolve(c.folder, r.Snapshot),
		ExtractDate: r.ExtractDate.Day(),
		Previous:    resolve(c.folder, r.Previous),
	}
	if len(r.Files) > 0 {
		settings.Extract = readers.Source{Name: "register", Files: c.resolveAll(r.Files), Columns: texts(r.Columns), CSV: r.CSV.dialect()}
	}
	if r.Previous != "" {
		settings.MaxShrink = defaultMaxShrink.Share()
		if r.MaxShrink != "" {
			settings.MaxShrink = r.MaxShrink.Share()
		}
	}
	return settings
}

func (c *Configuration) source(s *Source) readers.Source {
	return readers.Source{
		Name:      s.Name,
		Files:     c.resolveAll(s.Files),
		Columns:   texts(s.Columns),
		Constants: texts(s.Constants),
		CSV:       s.CSV.dialect(),
	}
}

func (c *Configuration) resolveAll(paths []string) []string {
	resolved := make([]string, len(paths))
	for i, path := range paths {
		resolved[i] = standardInput
		if expanded, _ := expand(path); expanded != standardInput {
			resolved[i] = resolve(globEscape.Replace(c.folder), path)
		}
	}
	return resolved
}

// globEscape takes their meaning from the characters of a glob: the folder of
// the configuration is no pattern, even where it is named like one.
var globEscape = strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`)

// standardInput stands for standard input among the files of a source, and
// standardOutput for standard output in the place of the output folder.
const (
	standardInput  = "-"
	standardOutput = job.StandardOutput
)

func texts[K ~string](columns map[K]string) map[string]string {
	if columns == nil {
		return nil
	}
	converted := make(map[string]string, len(columns))
	for ours, theirs := range columns {
		converted[string(ours)] = theirs
	}
	return converted
}

func (c *CSV) dialect() readers.CSV {
	if c == nil {
		return readers.CSV{}
	}
	return readers.CSV{
		Delimiter:  c.Delimiter.Byte(),
		Quote:      c.Quote.Byte(),
		Decimal:    Character(c.Decimal).Byte(),
		Encoding:   string(c.Encoding),
		NoHeader:   c.NoHeader || len(c.Header) > 0,
		Header:     c.Header,
		DateLayout: string(c.DateLayout),
	}
}

func (e *Expect) totals() job.Expect {
	if e == nil {
		return job.Expect{}
	}
	totals := job.Expect{HasAmount: e.Amount != "", Amount: e.Amount.Ore()}
	if e.Rows != nil {
		totals.HasRows, totals.Rows = true, int64(*e.Rows)
	}
	return totals
}

// rules is the policy as the rules take it.
func (p *Policy) rules() rules.Policy {
	policy := rules.DefaultPolicy()
	policy.ExpiringWithinDays = int(p.ExpiringWithinDays)
	policy.StaleAfterDays = int(p.StaleAfterDays)
	policy.UncertainAllowed = p.UncertainAllowed
	policy.TestNumbers = p.testNumbers
	if len(p.Rules) > 0 {
		policy.Severities = map[string]rules.Severity{}
	}
	for name, setting := range p.Rules {
		policy.Severities[string(name)] = setting.severity(rules.Named(string(name)))
	}
	if len(p.PaymentTypes) > 0 {
		policy.PaymentTypes = map[string]rules.PaymentTypePolicy{}
	}
	for name, paymentType := range p.PaymentTypes {
		compiled := rules.PaymentTypePolicy{
			LawfulMonths:     rules.NoTail,
			EmigratedAllowed: paymentType.Emigrated == "allow",
			IdentityLevel:    paymentType.IdentityLevel.Register(),
		}
		if paymentType.LawfulAfterDeath != nil {
			compiled.LawfulMonths = int(paymentType.LawfulAfterDeath.Months)
		}
		policy.PaymentTypes[name] = compiled
	}
	if len(p.Agencies) > 0 {
		policy.Agencies = map[string]rules.AgencyPolicy{}
	}
	for name, agency := range p.Agencies {
		policy.Agencies[name] = rules.AgencyPolicy{IdentityLevel: agency.IdentityLevel.Register()}
	}
	return policy
}

// severity is what a setting makes of a rule.
func (s RuleSetting) severity(rule *rules.Rule) rules.Severity {
	if s == "on" {
		return rule.Severity
	}
	for _, severity := range rules.Severities() {
		if severity.String() == string(s) {
			return severity
		}
	}
	panic("BUG: a rule's setting was not checked")
}

func (c *Configuration) output() job.Output {
	output := job.Output{
		Folder:  standardOutput,
		Masked:  c.Output.Numbers == "masked",
		KeyFile: resolve(c.folder, c.Output.IDKey),

		Language: string(c.Output.Language), SuppressBelow: int64(c.Output.SuppressBelow),
		CSVDialect:  report.Dialect(c.Output.CSVDialect),
		SplitAgency: c.Output.Split == "agency",
	}
	if !isWord(c.Output.Dir, standardOutput) {
		output.Folder = resolve(c.folder, c.Output.Dir)
	}
	for _, format := range c.Output.Formats {
		switch format {
		case "parquet":
			output.Parquet = true
		case "csv":
			output.CSV = true
		case "arrow":
			output.Arrow = true
		case "html":
			output.HTML = true
		}
	}
	return output
}

// thresholds come with the gravest first.
func (t Thresholds) thresholds() []job.Threshold {
	var thresholds []job.Threshold
	for _, given := range []struct {
		severity rules.Severity
		limit    Limit
	}{{rules.Error, t.Error}, {rules.Warning, t.Warning}, {rules.Info, t.Info}} {
		if given.limit != "" {
			thresholds = append(thresholds, job.Threshold{Severity: given.severity, Limit: given.limit.limit()})
		}
	}
	return thresholds
}

func (l Limit) limit() job.Limit {
	if l.IsShare() {
		return job.Limit{Share: l.Share(), IsShare: true}
	}
	return job.Limit{Rows: l.Rows()}
}

// effective is what the manifest tells of the configuration: all that decides
// what the findings are. Where the report and its key lie decides nothing of
// it, so two runs into different folders tell the same.
func (c *Configuration) effective() any {
	told := *c
	told.Schema = ""
	told.Output.Dir, told.Output.IDKey = "", ""
	type effective struct {
		*Configuration
		// The digest of the test numbers, in ascending order, a line each.
		TestNumbers string `json:"test_numbers_sha256,omitempty"`
	}
	return effective{Configuration: &told, TestNumbers: c.Policy.testNumbersDigest()}
}

func (p *Policy) testNumbersDigest() string {
	if len(p.testNumbers) == 0 {
		return ""
	}
	var list strings.Builder
	for _, number := range p.testNumbers {
		list.Write(number.AppendDigits(nil))
		list.WriteByte('\n')
	}
	digest := sha256.Sum256([]byte(list.String()))
	return hex.EncodeToString(digest[:])
}
