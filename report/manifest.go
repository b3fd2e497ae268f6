package report

import (
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Manifest says what a report was made from and what it consists of:
// manifest.json. It is the same for the same inputs, configuration and key; the
// first eight digits of its digest stand in the name of the report.
type Manifest struct {
	SchemaVersion int     `json:"schema_version"`
	Version       string  `json:"version"` // of the program
	AsOf          string  `json:"as_of"`
	Numbers       string  `json:"numbers"` // full or masked
	IDKey         string  `json:"id_key"`  // tells keys of finding ids apart; see KeyCheck
	Configuration any     `json:"configuration"`
	Policy        any     `json:"policy"`
	Register      []Input `json:"register"`
	Inputs        []Input `json:"inputs"`
	// Baseline is the report that findings are compared with.
	Baseline  *BaselineInput `json:"baseline,omitempty"`
	Decisions *Input         `json:"decisions,omitempty"`
	Outputs   []Output       `json:"outputs"`

	policySettings any // of the page
}

// BaselineInput is a report that was read: its name and day, the SHA-256 of its
// manifest, in hexadecimal, and how many findings it has, each id once.
type BaselineInput struct {
	Report   string `json:"report"`
	AsOf     string `json:"as_of"`
	SHA256   string `json:"sha256"`
	Findings int64  `json:"findings"`
}

// Input is a file that was read. SHA256 is in hexadecimal, and empty where it
// was not asked for. Delimiter and what follows to Decimal are of text files
// alone: as declared, else as detected.
type Input struct {
	Source string `json:"source,omitempty"`
	Path   string `json:"path"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256,omitempty"`
	// Chunks are the digests of a file that was read in parts, each by itself: they
	// follow each other and are all of its bytes. SHA256 is then empty, unless the
	// file was read as a whole besides.
	Chunks []InputChunk `json:"chunks,omitempty"`
	// Verified is what its bytes were checked against: "sha256", the sidecar beside
	// it; "page_crc", the checksums of all pages that were read; or "", nothing.
	Verified    string `json:"verified"`
	Format      string `json:"format,omitempty"`
	Compression string `json:"compression,omitempty"` // of the whole file
	Delimiter   string `json:"delimiter,omitempty"`
	Quote       string `json:"quote,omitempty"`
	Encoding    string `json:"encoding,omitempty"`
	Decimal     string `json:"decimal,omitempty"` // the decimal sign
	// Folders are the values that its folders named key=value gave, by column.
	Folders map[string]string `json:"folders,omitempty"`
}

// Contents is a text that files with the same bytes have in common, and no others; empty
// where nothing was digested. A file in chunks has a digest of the whole only beside a sidecar.
func (i *Input) Contents() string {
	if len(i.Chunks) == 0 {
		return i.SHA256
	}
	var contents strings.Builder
	for _, chunk := range i.Chunks {
		fmt.Fprintf(&contents, "%d:%s", chunk.Offset, chunk.SHA256)
	}
	return contents.String()
}

// InputChunk is a part of a file that was read by itself.
type InputChunk struct {
	Offset int64  `json:"offset"` // in the file as stored, in bytes
	Length int64  `json:"length"` // bytes
	SHA256 string `json:"sha256"`
}

// Output is a file of the report. Rows is there for tables.
type Output struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	Rows   *int64 `json:"rows,omitempty"`
}

func newManifest(run *Run, closing *Closing) *Manifest {
	numbers := "full"
	if run.Masked {
		numbers = "masked"
	}
	return &Manifest{
		SchemaVersion: SchemaVersion,
		Version:       run.Version,
		AsOf:          closing.AsOf.String(),
		Numbers:       numbers,
		IDKey:         KeyCheck(run.Key),
		Configuration: closing.Configuration,
		Policy:        closing.Policy, policySettings: closing.PolicySettings,
		Register:  append([]Input{}, closing.RegisterFiles...),
		Inputs:    append([]Input{}, closing.Inputs...),
		Baseline:  closing.Baseline,
		Decisions: closing.Decisions,
		Outputs:   []Output{},
	}
}

// isDigest says whether text is a SHA-256 in hexadecimal.
func isDigest(text string) bool {
	digest, err := hex.DecodeString(text)
	return err == nil && len(digest) == 32
}

// Stage is a part of a run and how long it took.
type Stage struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// runRecord is run.json: all that may differ between two runs of the same.
type runRecord struct {
	Run     string  `json:"run"`
	Started string  `json:"started"`
	Seconds float64 `json:"seconds"`
	Stages  []Stage `json:"stages"`
	// PeakMemory is in bytes.
	PeakMemory int64  `json:"peak_memory,omitempty"`
	Workers    int    `json:"workers"`
	Host       string `json:"host"`
	System     string `json:"system"`
	Processor  string `json:"processor"`
	Go         string `json:"go"`
}

func newRunRecord(run string, closing *Closing) *runRecord {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &runRecord{
		Run: run, Started: closing.Started.UTC().Format(time.RFC3339Nano), Seconds: closing.Elapsed.Seconds(),
		Stages: append([]Stage{}, closing.Stages...), PeakMemory: closing.PeakMemory, Workers: closing.Workers,
		Host: host, System: runtime.GOOS, Processor: runtime.GOARCH, Go: runtime.Version(),
	}
}
