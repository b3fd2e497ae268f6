// Package config reads the configuration of a run: a YAML file, or what the
// command line says in its place. It checks all that can be checked before any
// data is read; what it refuses, it names by file, line and column.
//
// Configuration is the file as a value: it is written as YAML or JSON with the
// file's own keys, and Settings makes of it what package job takes.
package config

import (
	"fmt"
	"path/filepath"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/rules"
)

// Configuration is what a configuration file says, with the defaults in place
// of what it leaves out. Paths stand as they were given, with their variables.
type Configuration struct {
	Schema     string     `json:"$schema,omitempty"` // for editors
	Register   Register   `json:"register,omitzero"`
	Sources    []Source   `json:"sources,omitempty"`
	Policy     Policy     `json:"policy"`
	Output     Output     `json:"output"`
	Decisions  string     `json:"decisions,omitempty"` // a file
	FailOn     Thresholds `json:"fail_on,omitzero"`
	MaxRejects Limit      `json:"max_rejects"`

	folder string    // that paths are relative to
	whole  *wholness // where the file stood, for what it lacks; nil without a file
}

// wholness is what a message needs of a file that lacks something.
type wholness struct {
	file             string
	register, output position
}

// Register names the population register's extract or snapshot.
type Register struct {
	Files       []string                  `json:"files,omitempty"`
	Snapshot    string                    `json:"snapshot,omitempty"`
	ExtractDate Date                      `json:"extract_date,omitempty"`
	Columns     map[RegisterColumn]string `json:"columns,omitempty"` // theirs by ours
	CSV         *CSV                      `json:"csv,omitempty"`
	Previous    string                    `json:"previous,omitempty"`
	MaxShrink   Percent                   `json:"max_shrink,omitempty"`
}

// Source is a set of files of records that are read alike.
type Source struct {
	Name      string                  `json:"name" check:"required"`
	Files     []string                `json:"files" check:"required"`
	CSV       *CSV                    `json:"csv,omitempty"`
	Columns   map[RecordColumn]string `json:"columns,omitempty"` // theirs by ours
	Constants map[RecordColumn]string `json:"constants,omitempty"`
	Expect    *Expect                 `json:"expect,omitempty"`
}

// CSV declares what a CSV file does not say of itself.
type CSV struct {
	Delimiter  Character  `json:"delimiter,omitempty"`
	Quote      Character  `json:"quote,omitempty"`
	Decimal    Decimal    `json:"decimal,omitempty"`
	Encoding   Encoding   `json:"encoding,omitempty"`
	NoHeader   bool       `json:"no_header,omitempty"`
	Header     []string   `json:"header,omitempty"` // the columns of files without a header line
	DateLayout DateLayout `json:"date_layout,omitempty"`
}

// Expect are the control totals of a source.
type Expect struct {
	Rows   *Rows  `json:"rows,omitempty"`
	Amount Amount `json:"amount,omitempty"`
}

// Policy is what the agencies decide.
type Policy struct {
	Rules              map[RuleName]RuleSetting `json:"rules,omitempty"`
	PaymentTypes       map[string]PaymentType   `json:"payment_types,omitempty"`
	Agencies           map[string]Agency        `json:"agencies,omitempty"`
	UncertainAllowed   []string                 `json:"uncertain_allowed,omitzero"` // nil for no list
	ExpiringWithinDays Days                     `json:"expiring_within_days"`
	StaleAfterDays     Days                     `json:"stale_after_days"`
	TestNumbers        string                   `json:"test_numbers,omitempty"` // a file

	testNumbers []identity.Number // in ascending order, each once
}

// PaymentType is what holds for one payment type.
type PaymentType struct {
	LawfulAfterDeath *Tail     `json:"lawful_after_death,omitempty"`
	Emigrated        Emigrated `json:"emigrated,omitempty"`
	IdentityLevel    Level     `json:"identity_level,omitempty"`
}

// Tail is how long after a death payments of a type are lawful.
type Tail struct {
	Months Months `json:"months" check:"required"` // after the month of death
}

// Agency is what holds for one agency.
type Agency struct {
	IdentityLevel Level `json:"identity_level,omitempty"`
}

// Output says where and how the report is published.
type Output struct {
	Dir     string   `json:"dir,omitempty"`
	Formats []Format `json:"formats"`
	Numbers Numbers  `json:"numbers"`
	IDKey   string   `json:"id_key,omitempty"` // the key file of finding ids
	// Baseline is the folder of the report that findings are compared with, or latest.
	Baseline string `json:"baseline,omitempty"`

	// Of the page: its language, and the figures that it hides.
	Language      Language   `json:"lang"`
	SuppressBelow Count      `json:"suppress_below"`
	CSVDialect    CSVDialect `json:"csv_dialect,omitempty"` // standard unless it is given
	Split         Split      `json:"split,omitempty"`
}

// Thresholds are the findings of each severity above which a run fails.
type Thresholds struct {
	Error   Limit `json:"error,omitempty"`
	Warning Limit `json:"warning,omitempty"`
	Info    Limit `json:"info,omitempty"`
}

// Default is the configuration of a run that configures nothing.
func Default() *Configuration {
	return &Configuration{
		Policy:     defaultPolicy(),
		Output:     Output{Formats: []Format{"parquet", "html"}, Numbers: "full", Language: rules.English, SuppressBelow: 5},
		MaxRejects: "1%",
	}
}

func defaultPolicy() Policy { return Policy{ExpiringWithinDays: 90, StaleAfterDays: 31} }

// Load reads and checks a configuration file. Problems in the file are returned
// as Problems, all of them at once; a file that cannot be read as the error of
// reading it. What a command line may still add, a register, sources and the
// output folder, is missed by Settings only.
func Load(path string) (*Configuration, error) {
	text, err := disk.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration %s: %w", path, disk.Reason(err))
	}
	return parse(path, text)
}

func parse(path string, text []byte) (*Configuration, error) {
	d := &decoder{file: path}
	c := Default()
	c.folder = filepath.Dir(path)
	if d.decode(text, c) {
		d.check(c)
		d.checkPolicy(&c.Policy, "policy", c.folder)
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	c.whole = &wholness{file: path, register: d.at("register"), output: d.at("output")}
	return c, nil
}

// LoadPolicy reads and checks a file that holds what stands under policy: in a
// configuration. Its errors are those of Load.
func LoadPolicy(path string) (*Policy, error) {
	text, err := disk.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the policy %s: %w", path, disk.Reason(err))
	}
	d := &decoder{file: path}
	p := defaultPolicy()
	if d.decode(text, &p) {
		d.checkPolicy(&p, "", filepath.Dir(path))
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return &p, nil
}
