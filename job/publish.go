package job

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// keyName is the key file of finding ids where none is configured.
const keyName = ".id_key"

// newWriter is the writer of the report.
func (r *run) newWriter(folder *storage.Folder, draft *storage.Draft) (*report.Writer, error) {
	key, err := report.Key(keyFile(&r.settings.Output, folder.Path()))
	if err != nil {
		return nil, outputFailure(err)
	}
	writer, err := report.NewWriter(draft, r.spill, r.reportRun(key))
	return writer, outputFailure(err)
}

// keyFile is the key file of finding ids, of a run whose output folder lies locally at
// folder.
func keyFile(output *Output, folder string) string {
	if output.KeyFile != "" {
		return output.KeyFile
	}
	return filepath.Join(folder, keyName)
}

func (r *run) reportRun(key []byte) report.Run {
	output := &r.settings.Output
	r.casework.key = key
	var decide func(*report.Finding)
	if r.casework.decisions != nil {
		decide = r.casework.decisions.Apply
	}
	return report.Run{
		Version: r.settings.Version, Files: r.reportFiles(), Catalogue: rules.All(),
		Severities: r.settings.Policy.AllSeverities(), Idle: r.settings.Policy.Idle(), Dictionaries: r.dictionaries,
		Parquet: output.Parquet, CSV: output.CSV, Arrow: output.Arrow, HTML: output.HTML,
		Dialect: output.CSVDialect, SplitAgency: output.SplitAgency, Agencies: r.agencies(),
		Masked: output.Masked, Key: key, Workers: r.settings.Workers,
		Follow: r.settings.follows(), AsOf: r.settings.AsOf, Decide: decide,
		Language: output.Language, SuppressBelow: output.SuppressBelow,
	}
}

// checkMetricsFile fails where the metrics could not be written elsewhere.
func (r *run) checkMetricsFile() error {
	path := r.settings.Output.MetricsFile
	if path == "" {
		return nil
	}
	if info, err := disk.Stat(filepath.Dir(path)); err != nil {
		return outputFailure(fmt.Errorf("cannot write metrics to %s: %w", path, err))
	} else if !info.IsDir() {
		return outputFailure(fmt.Errorf("cannot write metrics to %s: %s is not a folder", path, filepath.Dir(path)))
	}
	if err := cmp.Or(report.CheckOutside(path), storage.CheckReplaceable(path, "file of metrics", report.MetricsBegin)); err != nil {
		return outputFailure(fmt.Errorf("cannot write metrics: %w", err))
	}
	return nil
}

// publish reduces the rules across records, writes the report and publishes it,
// or keeps the rejects of a run that is not to be published.
func (r *run) publish(ctx context.Context, folder *storage.Folder, writer *report.Writer, draft *storage.Draft) (*Result, error) {
	if unfit := r.judgeInputs(); unfit != nil {
		return nil, r.keepRejects(ctx, writer, draft, inputFailure(unfit))
	}
	// Of the dictionary's values one is that of records without an agency.
	if agencies := len(r.dictionaries.Agency.Values()) - 1; r.settings.Output.SplitAgency && agencies > report.MaxShares {
		return nil, r.keepRejects(ctx, writer, draft,
			inputFailure(fmt.Errorf("the records have %d different agencies, and a report can be split into %d at most: run without split", agencies, report.MaxShares)))
	}
	parts, err := r.gather(ctx, writer)
	if err != nil { // of a baseline, too, which is an input
		return nil, r.keepRejects(ctx, writer, draft, err)
	}
	if err := r.writeTables(ctx, writer, parts); err != nil {
		return nil, err
	}
	published, err := writer.Finish(ctx, r.closing(writer.RepeatedIDs()))
	if errors.Is(err, report.ErrUnbalanced) {
		return nil, failure(ExitLedger, err)
	}
	if err != nil {
		return nil, outputFailure(err)
	}
	// From here on the report is complete; an interruption that comes now is too late.
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	// Metrics elsewhere are written before the report is visible, so that they
	// cannot fail it for want of space.
	var metrics *storage.Replacement
	if path := r.settings.Output.MetricsFile; path != "" {
		if metrics, err = storage.Replace(path, published.Metrics, storage.PublicMode); err != nil {
			return nil, outputFailure(err)
		}
	}
	result := &Result{
		Folder: disk.Join(r.settings.Output.Folder, published.Run), Summary: published.Summary,
		Passed: passedThresholds(r.settings.FailOn, published.Summary),
	}
	if result.Newer, err = draft.Publish(published.Run); err == nil && r.staged != nil {
		result.Newer, err = r.upload(ctx, published.Run)
	}
	if r.records == nil && errors.Is(err, fs.ErrExist) {
		result.IsOld = true
		result.Newer, err = r.pointLatest(folder, published.Run)
	}
	if metrics != nil {
		switch {
		case err != nil:
			err = errors.Join(err, metrics.Discard())
		case result.IsOld && result.Newer != "":
			// Those of a later run are there. Else the commit that has published the
			// report may have died before it could write them.
			result.Warning = metrics.Discard()
		default:
			// The report is there: that its metrics are not elsewhere is no failure of the run.
			result.Warning = metrics.Commit()
		}
	}
	if err != nil {
		return nil, outputFailure(err)
	}
	return result, nil
}

// gather reduces the rules across records, and compares the findings with a baseline.
func (r *run) gather(ctx context.Context, writer *report.Writer) ([]report.Part, error) {
	r.stage("across records")
	across, err := r.reduceAcross(ctx, writer)
	if err != nil {
		return nil, outputFailure(err)
	}
	var parts []report.Part
	for i := range r.parts {
		parts = append(parts, report.Part{Chunks: r.parts[i].findings, FirstRow: r.firsts[i] + 1})
	}
	parts = append(parts, across)
	return parts, r.follow(ctx, writer, parts)
}

// writeTables writes rejects and findings.
func (r *run) writeTables(ctx context.Context, writer *report.Writer, parts []report.Part) error {
	r.stage("report")
	if err := writer.Rejects(ctx, r.rejects()); err != nil {
		return outputFailure(err)
	}
	return outputFailure(writer.Findings(ctx, parts))
}

// keepRejects keeps the rejected rows of a run that an input ended, if there are
// any, so that one can see why. It returns the error that ended the run.
func (r *run) keepRejects(ctx context.Context, writer *report.Writer, draft *storage.Draft, ended error) error {
	if ExitStatus(ended) != ExitInput || r.totals().rejected == 0 {
		return ended
	}
	if err := writer.Rejects(ctx, r.rejects()); err != nil {
		return inputFailure(errors.Join(ended, err))
	}
	name, err := writer.FinishFailed(r.started)
	if err == nil {
		if err = draft.KeepFailed(name); err == nil {
			err = r.keepStaged(ctx, name)
		}
	}
	if r.records == nil && errors.Is(err, fs.ErrExist) {
		err = nil // a commit before has kept them, under the name that tells their digest
	}
	if err != nil {
		return inputFailure(errors.Join(ended, err))
	}
	return inputFailure(fmt.Errorf("%w; the rejected rows are in %s", ended, disk.Join(disk.Join(r.settings.Output.Folder, "failed"), name)))
}

// reportFiles are the files of the run as the report names them.
func (r *run) reportFiles() []report.File {
	var files []report.File
	for _, file := range r.inputs() {
		files = append(files, report.File{Source: file.Input.Source, Path: file.Input.Path})
	}
	return files
}

// agencies are those of the files that are all one agency's, by place: the
// configuration or their folders say so.
func (r *run) agencies() map[int]string {
	agencies := map[int]string{}
	for i, file := range r.inputs() {
		if agency, ok := r.settings.Sources[file.Source].Constants["agency"]; ok {
			agencies[i] = agency
		}
		if agency, ok := file.Input.Folders["agency"]; ok {
			agencies[i] = agency
		}
	}
	return agencies
}

// rejects are the rejected rows, in the order of the report.
func (r *run) rejects() iter.Seq2[*report.Reject, error] {
	return func(yield func(*report.Reject, error) bool) {
		for i := range r.parts {
			for reject, err := range report.PackedRejects(r.spill, r.parts[i].rejects) {
				if err == nil {
					reject.Row += r.firsts[i] + 1
				}
				if !yield(reject, err) {
					return
				}
			}
		}
	}
}

// firstReject says where the first rejected row lies and what is wrong with it: mostly
// they all have the same. Where most of the first are alike, it also says what would have
// them read. It is empty where that cannot be told.
func (r *run) firstReject() string {
	const most = 100 // of what may be a hundred million
	first, inputs := "", r.inputs()
	var advice adviser
	for reject, err := range r.rejects() {
		if err != nil || advice.rejects == most {
			break
		}
		file := &inputs[reject.File]
		if first == "" {
			first = "; the first is " + rejectPlace(reject.Row, reject.Line, file.Input.Path, reject.Reason, reject.Column)
		}
		advice.add(reject.Reason, reject.Raw, &file.Input, r.settings.Sources[file.Source].CSV.Decimal == 0)
	}
	return first + advice.text()
}

// rejectPlace says where a rejected row lies, from 1, and what is wrong with it. A file
// without lines has line 0, a row that is wrong as a whole no column.
func rejectPlace(row, line int64, path string, reason pipeline.RejectReason, column string) string {
	text := fmt.Sprintf("row %d", row)
	if line > 0 {
		text += fmt.Sprintf(" (line %d)", line)
	}
	text += fmt.Sprintf(" of %s: %s", path, reason)
	if column != "" {
		text += " in " + column
	}
	return text
}

// closing is what the report needs to know at its end. So many findings have the id of
// an earlier one.
func (r *run) closing(repeatedIDs int64) *report.Closing {
	settings := r.settings
	checks := r.register.Checks()
	closing := &report.Closing{
		Notices: append(r.notices(), repeatedFindings(repeatedIDs)...),
		Register: report.RegisterOverview{
			Numbers: int64(r.register.Len()), Entries: int64(r.register.Entries()),
			ExtractDate: r.extractDate.String(), Checks: checks,
		},
		Configuration: settings.Configuration, Policy: settings.Policy.Document(), PolicySettings: settings.Policy.Settings(), AsOf: settings.AsOf,
		Started: r.started, Elapsed: settings.Now().Sub(r.started), Stages: r.stages(), PeakMemory: peakMemory(), Workers: settings.Workers,
	}
	for i := range r.files {
		closing.Terms = append(closing.Terms, r.files[i].ledger)
	}
	for _, input := range r.registerFrom {
		closing.RegisterFiles = append(closing.RegisterFiles, input.describe(""))
	}
	for _, file := range r.inputs() {
		closing.Inputs = append(closing.Inputs, file.Input)
	}
	r.addCasework(closing)
	return closing
}

func fileInput(file *readers.File) Input {
	return Input{Path: file.Path, Size: file.Size, SHA256: file.SHA256, HasSHA256: file.HasSHA256, Verified: file.Verified(), Described: file}
}

func (i Input) describe(source string) report.Input {
	described := report.Input{Source: source, Path: i.Path, Size: i.Size, Verified: i.Verified}
	if i.HasSHA256 {
		described.SHA256 = hex.EncodeToString(i.SHA256[:])
	}
	if i.Described == nil {
		described.Format = "snapshot"
		return described
	}
	file := i.Described
	described.Format, described.Compression = file.Format.String(), file.Compression
	described.Delimiter, described.Quote = character(file.CSV.Delimiter), character(file.CSV.Quote)
	described.Encoding, described.Decimal = file.CSV.Encoding, character(file.CSV.Decimal)
	for _, key := range file.Folders {
		if key.Column == "" {
			continue
		}
		if described.Folders == nil {
			described.Folders = map[string]string{}
		}
		described.Folders[key.Column] = key.Value
	}
	return described
}

// character is a character as text; nothing for 0.
func character(c byte) string {
	if c == 0 {
		return ""
	}
	return string(rune(c))
}

// passedThresholds are the fail_on thresholds that the findings pass, in words.
func passedThresholds(thresholds []Threshold, summary *report.Summary) []string {
	var passed []string
	for _, threshold := range thresholds {
		var findings int64
		for _, count := range summary.Severities {
			if count.Name == threshold.Severity.String() {
				findings += count.Findings
			}
		}
		excused := ""
		for _, count := range summary.Excused {
			if count.Name == threshold.Severity.String() && count.Findings > 0 {
				findings -= count.Findings
				excused = fmt.Sprintf(" (without %d that %s decided to be lawful or corrected)", count.Findings, rules.Plural(count.Findings, "is", "are"))
			}
		}
		if threshold.Limit.isPassed(findings, summary.Records.Read.Rows) {
			passed = append(passed, fmt.Sprintf("%d %s of severity %s in %d %s%s, more than the %s that fail_on allows",
				findings, rules.Plural(findings, "finding", "findings"), threshold.Severity,
				summary.Records.Read.Rows, rules.Plural(summary.Records.Read.Rows, "row", "rows"), excused, threshold.Limit))
		}
	}
	return passed
}

// peakMemory is the largest resident memory of the process so far, in bytes.
func peakMemory() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return usage.Maxrss * 1024 // Linux and the others count in KiB
}

// stage begins a stage of the run, for its timings and for progress.
func (r *run) stage(name string) {
	now := r.settings.Now()
	if last := len(r.timings) - 1; last >= 0 {
		r.timings[last].took = now.Sub(r.timings[last].began)
	}
	r.timings = append(r.timings, timing{name: name, began: now})
	r.report(name)
}

type timing struct {
	name  string
	began time.Time
	took  time.Duration
}

func (r *run) stages() []report.Stage {
	var stages []report.Stage
	for i, t := range r.timings {
		if i == len(r.timings)-1 {
			t.took = r.settings.Now().Sub(t.began)
		}
		stages = append(stages, report.Stage{Name: t.name, Seconds: t.took.Seconds()})
	}
	return stages
}
