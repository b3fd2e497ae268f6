package config

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/rules"
)

// Told is the configuration of a published report, for who explains it: what the
// manifest tells of it, which is what effective has told.
type Told struct {
	Policy rules.Policy
	// LacksTestNumbers says that the policy names test numbers, and that the list
	// as it was then is not where it says: the manifest has no numbers.
	LacksTestNumbers bool

	configuration Configuration
}

// ReadTold reads the configuration of a report's manifest. Relative paths in it
// are taken from the current folder: where its own lay is not told.
func ReadTold(configuration any) (*Told, error) {
	var told struct {
		*Configuration
		TestNumbers string `json:"test_numbers_sha256"`
	}
	t := &Told{}
	told.Configuration = &t.configuration
	document, err := json.Marshal(configuration)
	if err == nil {
		err = json.Unmarshal(document, &told)
	}
	if err != nil {
		return nil, errors.New("cannot read the configuration of a report: its manifest has none of this program")
	}
	policy := &t.configuration.Policy
	for name := range policy.Rules {
		if rules.Named(string(name)) == nil || !slices.Contains(ruleSettings, string(policy.Rules[name])) {
			return nil, errors.New("cannot read the configuration of a report: its policy has a rule that this program does not")
		}
	}
	if told.TestNumbers != "" {
		policy.testNumbers, err = readTestNumbers(resolve("", policy.TestNumbers))
		if err != nil || policy.testNumbersDigest() != told.TestNumbers {
			policy.testNumbers, t.LacksTestNumbers = nil, true
		}
	}
	t.Policy = policy.rules()
	return t, nil
}

// Source is how files of a source are read, nil for one that there is not. Its
// files are the caller's to name.
func (t *Told) Source(name string) *readers.Source {
	for i := range t.configuration.Sources {
		if s := &t.configuration.Sources[i]; s.Name == name {
			return &readers.Source{Name: s.Name, Columns: texts(s.Columns), Constants: texts(s.Constants), CSV: s.CSV.dialect()}
		}
	}
	return nil
}

// Extract is how the files of the register's extract are read; they are the
// caller's to name.
func (t *Told) Extract() readers.Source {
	r := &t.configuration.Register
	return readers.Source{Name: "register", Columns: texts(r.Columns), CSV: r.CSV.dialect()}
}

// ExtractDate is the day of the extract as configured.
func (t *Told) ExtractDate() Date { return t.configuration.Register.ExtractDate }
