package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// defaultConfiguration is read where neither --config nor --records is given.
const defaultConfiguration = "avstam.yaml"

// runFlags are the flags of a run.
type runFlags struct {
	config.Flags
	configuration string
	register      []string // an extract or a snapshot
	job           jobFlags
}

// jobFlags are those that say how a run goes and not what it is about.
type jobFlags struct {
	workers                int
	digest                 string
	dryRun                 bool
	asOf                   string
	metricsFile            string
	progress               string
	cpuProfile, memProfile string
}

func (f *jobFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.IntVar(&f.workers, "workers", defaultWorkers(), "how many workers check records")
	flags.StringVar(&f.digest, "input-digest", "sha256", "digest of the inputs in the manifest: sha256 or none")
	flags.StringVar(&f.asOf, "as-of", "", "the day that counts as today (default today in Sweden)")
	flags.StringVar(&f.progress, "progress", "auto", "auto (a bar on a terminal, else a line every thirty seconds), always (a bar) or never")
}

func (f *jobFlags) addProfiles(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.cpuProfile, "cpuprofile", "", "write a CPU profile to the file")
	flags.StringVar(&f.memProfile, "memprofile", "", "write a memory profile to the file")
}

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	command := &cobra.Command{
		Use:   "run",
		Short: "Reconciles records with the register and publishes one report",
		Long: `Reads the records, looks each number up in the register as it stood on the day
of the payment, and publishes one report: a folder below the output folder, to
which "latest" then points.

What to read stands in a configuration file (-c; avstam.yaml where that is there)
or is said by --records and --register. A flag goes before what the file says.`,
		Example: `  avstam run -c avstam.yaml
  avstam run --records 'in/*.parquet' --register register.avr --out reports
  avstam run --records - --register register.avr --out - --format arrow < in.arrows > findings.arrows
  avstam run --records in.csv --register 'register/*.parquet' --out reports \
      --column identity_number=PNR --constant agency=csn --fail-on error=0`,
		Args: noFiles,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, err := f.settings(command.Context())
			if err != nil {
				return err
			}
			return p.reconcile(command.Context(), settings, &f.job)
		},
	}
	p.addRunFlags(command, &f)
	flags := command.Flags()
	flags.BoolVar(&f.job.dryRun, "dry-run", false, "check the configuration and the first rows of each file, publish nothing")
	flags.StringVar(&f.job.metricsFile, "metrics-file", "", "write the metrics to this file, too")
	f.job.addProfiles(command)
	return command
}

// noFiles refuses arguments beside the flags: mostly a shell has made them of a
// pattern that was not quoted.
func noFiles(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes no files by position: name them with --records or --register, each with a flag of its own, or put a pattern in quotes so that the shell leaves it alone", command.Name())
}

// addRunFlags adds the flags that say what a run is about.
func (p *program) addRunFlags(command *cobra.Command, f *runFlags) {
	flags := command.Flags()
	flags.StringVarP(&f.configuration, "config", "c", "", "configuration file")
	flags.StringArrayVar(&f.Records, "records", nil, "files of records: a path, glob or folder, or - for standard input; repeatable")
	flags.StringArrayVar(&f.register, "register", nil, "the register: an extract's files or a snapshot; repeatable")
	flags.StringVar(&f.ExtractDate, "extract-date", "", "the day of the register extract")
	flags.StringVar(&f.Policy, "policy", "", "file with what stands under policy: in a configuration")
	flags.StringArrayVar(&f.Columns, "column", nil, "the records' own name of a column, as identity_number=PNR; repeatable")
	flags.StringArrayVar(&f.Constants, "constant", nil, "a value that holds for every record, as agency=csn; repeatable")
	flags.StringVar(&f.Out, "out", "", "folder of the reports, or - for the findings alone on standard output, with --format arrow")
	flags.StringVar(&f.IDKey, "id-key", "", "file of the key of finding ids (default .id_key in the output folder)")
	flags.StringSliceVar(&f.Formats, "format", nil, "formats of the report: parquet, csv, arrow, html (default parquet,html)")
	flags.StringVar(&f.Numbers, "numbers", "", "identity numbers in the report: full or masked (default full)")
	flags.StringVar(&f.CSVDialect, "csv-dialect", "", "how CSV is written: standard, or excel or excel-sv for Excel of English or Swedish settings (default standard)")
	flags.StringVar(&f.Split, "split", "", "agency: beside the whole report a folder for each agency with its rows alone")
	flags.StringSliceVar(&f.FailOn, "fail-on", nil, "exit with 1 on more findings than that, as error=0,warning=1% (default none)")
	flags.StringVar(&f.MaxRejects, "max-rejects", "", "how many rows may be rejected, as 100 or 1% (default 1%)")
	flags.StringVar(&f.Baseline, "baseline", "", "compare the findings with a report: its folder, latest for the last one of --out, or none")
	flags.StringVar(&f.Decisions, "decisions", "", "file of decisions about findings, in CSV or Parquet")
	addPageFlags(command, &f.Flags)
	f.job.add(command)
}

// addPageFlags adds the flags of report.html.
func addPageFlags(command *cobra.Command, f *config.Flags) {
	flags := command.Flags()
	flags.StringVar(&f.Language, "lang", "", "language of report.html: "+strings.Join(rules.Languages(), " or ")+" (default en)")
	flags.StringVar(&f.SuppressBelow, "suppress-below", "", "hide figures below this in report.html, 0 for none (default 5)")
}

// settings are what the flags and the configuration file come to.
func (f *runFlags) settings(ctx context.Context) (job.Settings, error) {
	if err := f.findSnapshot(ctx); err != nil {
		return job.Settings{}, err
	}
	configuration, err := f.configure()
	if err != nil {
		return job.Settings{}, usageError(err)
	}
	settings, err := configuration.Settings()
	if err != nil {
		return job.Settings{}, usageError(err)
	}
	if f.job.metricsFile != "" {
		settings.Output.MetricsFile = f.job.metricsFile
	}
	return settings, nil
}

func (f *runFlags) configure() (*config.Configuration, error) {
	if len(f.Records) > 0 {
		if f.configuration != "" {
			return nil, errors.New("--config and --records: the file says what the sources are; give one of the two")
		}
		return f.Configuration()
	}
	if len(f.Columns)+len(f.Constants) > 0 {
		return nil, errors.New("--column and --constant describe what --records names; for a configuration file they stand in it")
	}
	path := f.configuration
	if path == "" {
		path = defaultConfiguration
		if _, err := disk.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("nothing to read: there is no %s here, and neither --config nor --records was given", defaultConfiguration)
		}
	}
	configuration, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	return configuration, f.Override(configuration)
}

// findSnapshot sorts out whether --register names a snapshot or an extract.
func (f *runFlags) findSnapshot(ctx context.Context) (err error) {
	f.Flags.Register, f.Snapshot, err = extractOrSnapshot(ctx, f.register)
	return err
}

// extractOrSnapshot says whether patterns name one snapshot, or else an
// extract's files, of which some may be pipes.
func extractOrSnapshot(ctx context.Context, patterns []string) (extract []string, snapshot string, err error) {
	switch {
	case slices.Contains(patterns, ""):
		return nil, "", usageError(errors.New("--register: the name is empty"))
	case len(patterns) == 0 || slices.Contains(patterns, "-"):
		return patterns, "", nil
	}
	paths, err := readers.Expand(ctx, patterns)
	if err != nil {
		return nil, "", inputError(err)
	}
	for _, path := range paths {
		if err := context.Cause(ctx); err != nil {
			return nil, "", err
		}
		is, err := register.IsSnapshot(path)
		switch {
		case err != nil:
			return nil, "", inputError(err)
		case is && len(paths) > 1:
			return nil, "", usageError(fmt.Errorf("--register: %s is a snapshot, and not the only file named; a snapshot is the whole register", path))
		case is:
			return nil, path, nil
		}
	}
	return patterns, "", nil
}

// complete fills in what the flags say of how a run goes.
func (f *jobFlags) complete(settings *job.Settings) error {
	switch f.digest {
	case "sha256", "none":
		settings.Digest = f.digest == "sha256"
	default:
		return usageError(errors.New("--input-digest: want sha256 or none"))
	}
	if f.workers < 1 || f.workers > job.MaxWorkers {
		return usageError(fmt.Errorf("--workers: want 1 to %d", job.MaxWorkers))
	}
	day, err := dayOrToday("--as-of", f.asOf)
	if err != nil {
		return err
	}
	settings.AsOf = day
	settings.Workers = f.workers
	settings.DryRun = f.dryRun
	settings.Version = version()
	settings.Now = timeNow
	if folder := settings.Output.Folder; !f.dryRun && folder != job.StandardOutput && !disk.IsObject(folder) {
		return outputError(report.CheckOutside(folder))
	}
	return nil
}

// dayOrToday reads a flag that holds a day; where it was not given it is today in Sweden.
func dayOrToday(flag, text string) (calendar.Day, error) {
	if text == "" {
		now := timeNow().In(calendar.Sweden())
		return calendar.Of(now.Year(), int(now.Month()), now.Day()), nil
	}
	day, ok := calendar.Parse([]byte(text))
	if !ok {
		return 0, usageError(fmt.Errorf("%s: want a day as 2006-01-02", flag))
	}
	return day, nil
}

// reconcile does the job, and writes its summary to standard output.
func (p *program) reconcile(ctx context.Context, settings job.Settings, f *jobFlags) (err error) {
	if err := f.complete(&settings); err != nil {
		return err
	}
	stopProfiles, err := f.startProfiles()
	if err != nil {
		return err
	}
	shown, err := p.startProgress(f.progress)
	if err != nil {
		return err
	}
	settings.Progress = shown.note
	settings.Opened, settings.Skipped = p.tellFiles, p.tellSkipped
	if settings.Output.Folder == job.StandardOutput {
		settings.Output.Stream = p.out
		signal.Ignore(syscall.SIGPIPE) // a reader that stops is an error of the output
	}
	p.logger.Info("started", "version", settings.Version, "workers", settings.Workers)
	result, err := job.Run(ctx, settings)
	shown.stop()
	profiled := stopProfiles()
	if err != nil {
		return errors.Join(err, profiled)
	}
	if profiled != nil { // a report is published all the same
		p.logger.Warn("the job is done, but its profile cannot be written", "error", profiled)
	}
	if settings.Output.Folder == job.StandardOutput && !settings.DryRun {
		return p.finishStream(result)
	}
	if settings.DryRun {
		p.warnOf(result.Notices)
		unread := ""
		if result.FirstRejects > 0 {
			unread = fmt.Sprintf(", but for %d of %d rows that are no records (the first is %s)", result.FirstRejects, result.FirstRows, result.FirstReject)
		}
		p.done = "the configuration and the first rows of each file can be read" + unread + "; nothing was published"
		return nil
	}
	return p.tellResult(result)
}

// tellResult says what a report that was published has.
func (p *program) tellResult(result *job.Result) error {
	p.logger.Info("published", "folder", result.Folder, "records", result.Summary.Records.Read.Rows, "findings", result.Summary.Findings)
	// The report is published whatever becomes of what is said about it.
	if result.Warning != nil {
		p.logger.Warn("the report is published, but not its metrics elsewhere", "error", result.Warning)
	}
	done := result.Folder
	if result.Newer != "" {
		p.logger.Warn("the report is published, but latest stays at one whose name is of a later time: has the clock been ahead?", "latest", result.Newer)
		done += ", but latest stays at " + result.Newer
	}
	p.tellMade("the report is published, but its summary cannot be printed", func(w io.Writer) error {
		return writeSummary(w, paletteOf(w), result.Summary, result.Folder)
	})
	if len(result.Passed) > 0 {
		return &thresholdPassed{result.Passed, "the report is published: " + done}
	}
	p.done = "done, the report is " + done
	return nil
}

// warnOf logs what there is to say where no summary says it.
func (p *program) warnOf(notices []report.Notice) {
	for _, notice := range notices {
		p.logger.Warn("notice", "name", notice.Name, "text", notice.Text)
	}
}

// toldFiles is how many files of a source have a line in the log each.
const toldFiles = 20

// tellFiles logs how the files of a source are written, so that a wrong guess is seen.
// Beyond the first, those that are written like one that was told of are counted alone.
func (p *program) tellFiles(source string, files []*readers.File) {
	if source == "" {
		source = "register"
	}
	told := map[string]bool{} // how files are written
	more := 0
	for i, file := range files {
		written := writtenAs(file)
		key := fmt.Sprint(written...)
		if i >= toldFiles && told[key] {
			more++
			continue
		}
		told[key] = true
		p.logger.Info("opened", slices.Concat([]any{"source", source, "file", file.Path}, written)...)
	}
	if more > 0 {
		p.logger.Info("opened more, each written like one of those", "source", source, "files", more)
	}
}

// writtenAs is how a file is written, as the log has it.
func writtenAs(file *readers.File) []any {
	told := []any{"format", file.Format.String()}
	for _, detail := range []struct{ name, value string }{
		{"compression", file.Compression}, {"delimiter", characterText(file.CSV.Delimiter)}, {"quote", characterText(file.CSV.Quote)},
		{"encoding", file.CSV.Encoding}, {"decimal", characterText(file.CSV.Decimal)},
	} {
		if detail.value != "" {
			told = append(told, detail.name, detail.value)
		}
	}
	var used, ignored []string
	for _, key := range file.Folders {
		if key.Column != "" {
			used = append(used, key.Column)
		} else {
			ignored = append(ignored, key.Key)
		}
	}
	if len(used) > 0 {
		told = append(told, "from_folders", strings.Join(used, " "))
	}
	if len(ignored) > 0 {
		told = append(told, "folders_ignored", strings.Join(ignored, " "))
	}
	return told
}

// tellSkipped logs that folders below one that is read are not, which may hold what
// should have been.
func (p *program) tellSkipped(skipped readers.Skipped) {
	p.logger.Warn("folders are not entered: those named key=value alone are; name the files of others by a glob",
		"in", skipped.Folder, "folders", skipped.Count, "first", skipped.First)
}

// characterText is a character in words or as it is; nothing for 0.
func characterText(c byte) string {
	switch c {
	case 0:
		return ""
	case '\t':
		return "tab"
	}
	return string(rune(c))
}

// finishStream says what a run found whose findings are on standard output. The
// summary goes to standard error, as a table or in lines of the log.
func (p *program) finishStream(result *job.Result) error {
	if result.Warning != nil {
		p.logger.Warn("the findings are written, but not the metrics", "error", result.Warning)
	}
	switch {
	case p.quiet:
	case p.logFormat == "json":
		p.logSummary(result.Summary)
	default:
		if err := writeSummary(p.err, paletteOf(p.err), result.Summary, ""); err != nil {
			p.logger.Warn("the findings are written, but their summary cannot be printed", "error", err)
		}
	}
	if len(result.Passed) > 0 {
		return &thresholdPassed{result.Passed, "the findings are on standard output"}
	}
	p.done = fmt.Sprintf("done, %d %s on standard output", result.Summary.Findings, rules.Plural(result.Summary.Findings, "finding is", "findings are"))
	return nil
}

// logSummary says in the log what a summary says to people: whoever takes the log apart
// line by line finds no table there.
func (p *program) logSummary(s *report.Summary) {
	records := &s.Records
	p.logger.Info("summary", "read", records.Read.Rows, "clean", records.Clean.Rows, "flagged", records.Flagged.Rows, "rejected", records.Rejected.Rows, "findings", s.Findings)
	for i := range s.Rules {
		if rule := &s.Rules[i]; rule.Findings > 0 {
			p.logger.Info("found", "rule", rule.Rule, "severity", rule.Severity, "findings", rule.Findings, "amounts", rule.Amounts)
		}
	}
	for i := range s.Decisions {
		if count := &s.Decisions[i]; count.Findings > 0 {
			p.logger.Info("decided", "decision", count.Decision, "findings", count.Findings, "expired", count.Expired)
		}
	}
	for _, notice := range s.Notices {
		p.logger.Info("notice", "name", notice.Name, "text", notice.Text, "records", notice.Records)
	}
}

// startProfiles starts the profiles that are asked for; stop writes them.
func (f *jobFlags) startProfiles() (stop func() error, err error) {
	var cpu, memory *disk.File
	if f.memProfile != "" {
		if memory, err = newProfile(f.memProfile); err != nil {
			return nil, profileError("memory", err)
		}
	}
	if f.cpuProfile != "" {
		if cpu, err = newProfile(f.cpuProfile); err != nil {
			return nil, profileError("CPU", err)
		}
		if err := pprof.StartCPUProfile(cpu); err != nil {
			return nil, profileError("CPU", err)
		}
	}
	return func() (err error) {
		if cpu != nil {
			pprof.StopCPUProfile()
			err = profileError("CPU", cpu.Close())
		}
		if memory != nil {
			err = errors.Join(err, profileError("memory", errors.Join(pprof.Lookup("allocs").WriteTo(memory, 0), memory.Close())))
		}
		return err
	}, nil
}

// newProfile makes the file of a profile. A file that is there already is not written
// over: it could be anything.
func newProfile(path string) (*disk.File, error) {
	if err := report.CheckOutside(path); err != nil {
		return nil, err
	}
	info, err := disk.Stat(path)
	if err == nil && info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is there already: it would be lost", path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return disk.Create(path, storage.PublicMode) // a device stays as it is
	}
	return disk.CreateNew(path, storage.PublicMode)
}

func profileError(kind string, err error) error {
	if err == nil {
		return nil
	}
	return outputError(fmt.Errorf("cannot write the %s profile: %w", kind, err))
}
