// Package job wires a configuration into a run: it opens the register, cuts the
// sources into pieces, has them checked, reduces the rules across records and
// publishes one report.
package job

import (
	"io"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// Settings are everything that decides a run. Paths are as the process sees them.
type Settings struct {
	Register Register
	Sources  []readers.Source
	Expect   []Expect // as long as Sources
	Policy   rules.Policy
	Output   Output
	// Baseline is the report that findings are compared with: its folder, Latest for
	// the last one of the output folder, or "" for none.
	Baseline string
	// Decisions is a file of decisions about findings; "" for none.
	Decisions string
	// FailOn are thresholds: a run that passes one is published and exits with 1.
	FailOn []Threshold
	// MaxRejects is how many rejected rows a run may have.
	MaxRejects Limit
	// Workers is how many goroutines check records, 1 to MaxWorkers.
	Workers int
	// Digest says whether inputs are digested with SHA-256.
	Digest bool
	// DryRun reads the first batch of each file and publishes nothing.
	DryRun bool
	// AsOf is what the clock decides, where a day decides anything.
	AsOf calendar.Day
	// Version is the program's version, for the manifest.
	Version string
	// Configuration is the configuration as it was given, for the manifest: a
	// value that encoding/json writes the same each time.
	Configuration any
	// Progress is called now and then with what has been read; nil for not at all.
	Progress func(Progress)
	// Opened is told of the files, and of how each is written: of those of records
	// when they are opened, by sources and with its name, of those of the register
	// when they have been read; nil for not at all.
	Opened func(source string, files []*readers.File)
	// Skipped is told of the folders that are not entered; nil for not at all.
	Skipped func(readers.Skipped)
	// Now is the clock for run names and timings.
	Now func() time.Time
}

// MaxWorkers is how many workers a run has at most: each has some megabytes.
const MaxWorkers = 1024

// tell tells of the files of a source.
func (s *Settings) tell(source string, files []*readers.File) {
	if s.Opened != nil {
		s.Opened(source, files)
	}
}

// Register names the register and what is expected of it.
type Register struct {
	// Snapshot is a snapshot file; where it is empty, Extract is read.
	Snapshot string
	Extract  readers.Source
	// ExtractDate is the day of the extract, calendar.Missing where it is not known.
	ExtractDate calendar.Day
	// Previous is an earlier snapshot, "" for none: a register that has fewer
	// numbers than it by more than MaxShrink is refused.
	Previous  string
	MaxShrink float64 // a share of the previous register's numbers
}

// Expect are the control totals of a source.
type Expect struct {
	HasRows, HasAmount bool
	Rows               int64
	Amount             int64 // öre, over all rows read whose amount could be read
}

// Output says where and how the report is published.
type Output struct {
	// Folder is where reports are published; StandardOutput for none.
	Folder string
	// Stream takes the findings as one Arrow stream where the folder is
	// StandardOutput; Arrow is then the only format.
	Stream io.Writer
	// Parquet, CSV, Arrow and HTML are the formats; at least one of the first three.
	Parquet, CSV, Arrow, HTML bool
	Masked                    bool // identity numbers show only the year
	// KeyFile is that of finding ids; "" for <Folder>/.id_key, or for a key of the
	// run alone where there is no folder.
	KeyFile     string
	MetricsFile string // "" for none beside the report's
	// Language and SuppressBelow are of the page; see report.Run.
	Language      string
	SuppressBelow int64
	// CSVDialect is how CSV is written; "" for the standard one.
	CSVDialect report.Dialect
	// SplitAgency has the tables written once more, a folder for each agency.
	SplitAgency bool
}

// StandardOutput stands for standard output in the place of the output folder.
const StandardOutput = "-"

// Threshold is passed where there are more findings of a severity than the limit.
type Threshold struct {
	Severity rules.Severity
	Limit    Limit
}

// Limit is a number of rows, or a share of the rows read.
type Limit struct {
	Rows    int64
	Share   float64 // where IsShare
	IsShare bool
}

// Progress is how far a run has come.
type Progress struct {
	Stage      string // such as "register", "records", "across records", "report"
	Rows       int64  // records read so far
	Bytes      int64  // of the inputs read so far
	TotalBytes int64
}
