package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// Result is what a run has come to.
type Result struct {
	// Folder is the published report; empty for a dry run.
	Folder  string
	Summary *report.Summary
	// Warning is what went wrong after the report was published, nil for nothing.
	Warning error
	// Newer is the name of the report that latest stays at, since names sort by time
	// and this one's comes before it; empty where latest points at this report.
	Newer string
	// IsOld says that a commit found the report published by an earlier one.
	IsOld bool
	// Passed are the fail_on thresholds that the run passed, in words.
	Passed []string
	// FirstRows are the rows that a dry run has read, FirstRejects those of them that
	// cannot be read as records, and FirstReject is where the first of these lies and
	// what is wrong with it.
	FirstRows, FirstRejects int64
	FirstReject             string
	// Notices are what a dry run has to say of the register; those of a run are in its
	// summary.
	Notices []report.Notice
}

// run is a run under way.
type run struct {
	settings     *Settings
	started      time.Time
	register     *register.Snapshot
	registerFrom []Input
	records      *readers.Records // nil in a commit of parts
	planned      []planned        // the files of records, where records are nil
	// digestRegister has the register digested whatever the settings say: a plan names
	// it by its digest.
	digestRegister bool
	dictionaries   *pipeline.Dictionaries
	spill          *storage.Spill
	staged         *storage.Stage // nil for a local output folder
	acrossRules    []uint8        // the rules across records that the policy asks for, by place in the catalogue
	seeds          [acrossDepth]bucketSeed
	extractDate    calendar.Day // Missing where nobody tells it
	staleAfter     calendar.Day
	casework       caseworkOf

	candidates [][][]frame        // of the rules across records, by place in acrossRules and then by worker
	found      [][]storage.Extent // by the rules across records, in a commit of parts

	parts  []part  // in the order of the pieces
	firsts []int64 // row before the first of each part, in its file
	files  []fileTotals

	rows, bytes atomic.Int64 // for progress
	totalBytes  int64
	timings     []timing
}

// fileTotals is what the parts of a file add up to.
type fileTotals struct {
	rows     int64
	extent   int64
	rejected int64
	stale    int64
	ledger   report.Terms
	// malformed are the records whose number is malformed.
	malformed faultCounts
	// unchecked says that a page without a checksum was read, where parts tell it.
	unchecked bool
}

// Run reconciles records with the register and publishes one report, or
// nothing. ExitStatus tells what its error means.
func Run(ctx context.Context, settings Settings) (*Result, error) {
	if err := check(&settings); err != nil {
		return nil, err
	}
	r := &run{settings: &settings, started: settings.Now(), dictionaries: pipeline.NewDictionaries(), seeds: newSeeds()}
	if err := r.readDecisions(ctx); err != nil {
		return nil, err
	}
	if settings.DryRun {
		return r.dryRun(ctx)
	}
	if settings.Output.Folder == StandardOutput {
		return r.stream(ctx)
	}
	return r.inFolder(ctx, func(folder *storage.Folder, draft *storage.Draft) (*Result, error) {
		return r.reconcile(ctx, folder, draft)
	})
}

// inFolder calls do with the output folder, which it holds, and an empty draft.
func (r *run) inFolder(ctx context.Context, do func(*storage.Folder, *storage.Draft) (*Result, error)) (*Result, error) {
	folder, give, err := r.lockOutput(ctx)
	if err != nil {
		return nil, outputFailure(err)
	}
	defer give()
	// What can fail of the output fails before the night's reading.
	if err := storage.CheckLatest(folder.Path()); err != nil {
		return nil, outputFailure(err)
	}
	if err := r.checkMetricsFile(); err != nil {
		return nil, err
	}
	draft, err := folder.Begin()
	if err != nil {
		return nil, outputFailure(err)
	}
	defer draft.Discard()
	if r.spill, err = folder.Spill(); err != nil {
		return nil, outputFailure(err)
	}
	defer r.spill.Close()
	return do(folder, draft)
}

// reconcile reads records and publishes the report of them.
func (r *run) reconcile(ctx context.Context, folder *storage.Folder, draft *storage.Draft) (*Result, error) {
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	defer r.records.Close()
	writer, err := r.newWriter(folder, draft)
	if err != nil {
		return nil, err
	}
	if err := r.openBaseline(ctx); err != nil {
		return nil, err
	}
	if err := r.checkRecords(ctx, writer); err != nil {
		return nil, r.keepRejects(ctx, writer, draft, err)
	}
	return r.publish(ctx, folder, writer, draft)
}

// check refuses settings that no run can have.
func check(settings *Settings) error {
	switch {
	case settings.Workers < 1:
		return usageFailure("workers must be at least 1, not %d", settings.Workers)
	case settings.Workers > MaxWorkers:
		return usageFailure("workers must be at most %d", MaxWorkers)
	case len(settings.Sources) == 0:
		return usageFailure("no records are named")
	case settings.Register.Snapshot == "" && len(settings.Register.Extract.Files) == 0:
		return usageFailure("no register is named")
	case !settings.Output.Parquet && !settings.Output.CSV && !settings.Output.Arrow:
		return usageFailure("the formats must have parquet, csv or arrow among them: findings are published in one of them")
	case settings.Output.Folder == "":
		return usageFailure("no output folder is named")
	case settings.Output.Folder == StandardOutput && settings.Output.SplitAgency:
		return usageFailure("findings on standard output are one stream, which cannot be split by agency")
	case settings.Output.Folder == StandardOutput && (settings.Output.Parquet || settings.Output.CSV || settings.Output.HTML):
		return usageFailure("findings go to standard output in one format, arrow: give --format arrow alone")
	}
	streams := 0
	for _, source := range append([]readers.Source{settings.Register.Extract}, settings.Sources...) {
		for _, file := range source.Files {
			if file == readers.StandardInput {
				streams++
			}
		}
	}
	if streams > 1 {
		return usageFailure("standard input is named %d times; it can be read once", streams)
	}
	if streams > 0 && settings.DryRun {
		return usageFailure("a dry run cannot read standard input: the run after it would find it empty")
	}
	if err := checkObjects(settings); err != nil {
		return err
	}
	return checkCasework(settings)
}

// open opens the register and the records.
func (r *run) open(ctx context.Context) error {
	var err error
	r.stage("register")
	r.register, r.registerFrom, err = openRegister(ctx, r.settings, r.settings.Digest || r.digestRegister, func(n int64) { r.countBytes(n) })
	if err != nil {
		return inputFailure(err)
	}
	if err := r.settings.Register.CheckShrink(r.register); err != nil {
		return inputFailure(err)
	}
	if err := r.settleExtractDate(); err != nil {
		return inputFailure(err)
	}
	r.acrossRules = acrossRules(&r.settings.Policy)
	options := r.readerOptions()
	options.Skipped = r.settings.Skipped
	r.records, err = readers.OpenRecords(ctx, r.settings.Sources, options)
	if err != nil {
		return inputFailure(err)
	}
	r.files = make([]fileTotals, len(r.records.Files()))
	r.bytes.Store(0)
	sources := make([][]*readers.File, len(r.settings.Sources))
	for _, file := range r.records.Files() {
		r.totalBytes += file.Size
		sources[file.Source] = append(sources[file.Source], file)
	}
	for i, files := range sources {
		r.settings.tell(r.settings.Sources[i].Name, files)
	}
	return nil
}

// acrossRules are the rules across records that a policy asks for, by place in the
// catalogue.
func acrossRules(policy *rules.Policy) []uint8 {
	var across []uint8
	for i, severity := range policy.AllSeverities() {
		if rules.All()[i].Across != nil && severity != rules.Off {
			across = append(across, uint8(i))
		}
	}
	return across
}

// inputs are the files of records as the manifest tells of them, and the places of
// their sources. What only reading tells is there once they have been read.
func (r *run) inputs() []planned {
	if r.records == nil {
		return r.planned
	}
	inputs := make([]planned, len(r.records.Files()))
	for i, file := range r.records.Files() {
		input := fileInput(file)
		inputs[i] = planned{Source: file.Source, Input: input.describe(r.settings.Sources[file.Source].Name)}
	}
	return inputs
}

// planned is a file of records: its source and how it is told of.
type planned struct {
	Source int          `json:"source"` // its place
	Input  report.Input `json:"input"`
}

// settleExtractDate takes the day of the extract from the snapshot, or from the
// settings where the snapshot does not tell it; the two must not differ.
func (r *run) settleExtractDate() error {
	told, date := r.settings.Register.ExtractDate, r.register.ExtractDate()
	if date == calendar.Missing {
		date = told
	}
	if told != calendar.Missing && told != date {
		return fmt.Errorf("the snapshot %s is of an extract of %s, not of %s as extract_date says", r.settings.Register.Snapshot, date, told)
	}
	r.extractDate, r.staleAfter = date, calendar.Last
	if date != calendar.Missing {
		r.staleAfter = calendar.Day(min(int64(date)+int64(r.settings.Policy.StaleAfterDays), int64(calendar.Last)))
	}
	return nil
}

func (r *run) readerOptions() readers.Options {
	return readers.Options{
		Digest: r.settings.Digest, Dictionaries: r.dictionaries, Workers: r.settings.Workers, Bytes: r.countBytes,
		Again: r.settings.DryRun, // it opens each file a second time
	}
}

// checkRecords has all records read and checked.
func (r *run) checkRecords(ctx context.Context, writer *report.Writer) error {
	workers := make([]*worker, r.settings.Workers)
	for i := range workers {
		workers[i] = newWorker(r, writer.NewPacker())
	}
	r.stage("records")
	err := pipeline.Run(ctx, len(workers), r.records.Cut,
		func(ctx context.Context, worker int, number uint32, piece pipeline.Piece) (part, error) {
			return workers[worker].process(ctx, number, piece)
		}, r.collect)
	if err != nil {
		return inputFailure(err)
	}
	return outputFailure(r.takeCandidates(workers))
}

// takeCandidates takes over what workers have kept for the rules across records.
func (r *run) takeCandidates(workers []*worker) error {
	r.candidates = make([][][]frame, len(r.acrossRules))
	for i := range r.acrossRules {
		for _, w := range workers {
			frames, err := w.across[i].take()
			if err != nil {
				return err
			}
			r.candidates[i] = append(r.candidates[i], frames)
		}
	}
	return nil
}

// collect takes the parts in the order of the pieces.
func (r *run) collect(p part) error {
	file := &r.files[p.file]
	r.firsts = append(r.firsts, file.rows)
	file.rows += p.rows
	file.extent += p.extent
	file.rejected += p.rejected
	file.stale += p.stale
	file.malformed.add(&p.malformed)
	addTerms(&file.ledger, &p.ledger)
	p.ledger = report.Terms{} // what is kept of every piece is little
	r.parts = append(r.parts, p)
	return nil
}

func addTerms(to, from *report.Terms) {
	to.Read.AddTally(&from.Read)
	to.Rejected.AddTally(&from.Rejected)
	to.Clean.AddTally(&from.Clean)
	to.Flagged.AddTally(&from.Flagged)
}

// totals is what all files add up to.
func (r *run) totals() fileTotals {
	var total fileTotals
	for i := range r.files {
		total.rows += r.files[i].rows
		total.rejected += r.files[i].rejected
		total.stale += r.files[i].stale
		addTerms(&total.ledger, &r.files[i].ledger)
	}
	return total
}

// judgeInputs says why a run whose files could be read is not to be published:
// something of them is lost, too many rows were rejected, or control totals differ.
func (r *run) judgeInputs() error {
	if err := r.checkExtents(); err != nil {
		return failure(ExitLedger, err)
	}
	total := r.totals()
	if allowed := r.settings.MaxRejects; allowed.isPassed(total.rejected, total.rows) {
		return fmt.Errorf("%d of %d rows cannot be read as records, more than max_rejects %s allows%s", total.rejected, total.rows, allowed, r.firstReject())
	}
	var differences []string
	for i, expect := range r.settings.Expect {
		var rows int64
		var amount pipeline.Sum
		for j, file := range r.inputs() {
			if file.Source == i {
				rows += r.files[j].rows
				for _, sum := range r.files[j].ledger.Read.Amounts {
					amount.AddSum(sum)
				}
			}
		}
		var source []string
		if expect.HasRows && rows != expect.Rows {
			source = append(source, fmt.Sprintf("%d %s expected, %d %s read", expect.Rows, rules.Plural(expect.Rows, "row was", "rows were"), rows, rules.Plural(rows, "was", "were")))
		}
		var want pipeline.Sum
		want.Add(expect.Amount)
		if expect.HasAmount && amount != want {
			source = append(source, fmt.Sprintf("an amount of %s was expected, %s was read", want, amount))
		}
		if len(source) > 0 {
			differences = append(differences, fmt.Sprintf("control total of source %s: %s", r.settings.Sources[i].Name, strings.Join(source, "; ")))
		}
	}
	if len(differences) > 0 {
		return errors.New(strings.Join(differences, "; "))
	}
	return nil
}

// isPassed says whether a count of rows is over the limit.
func (l Limit) isPassed(count, rows int64) bool {
	if l.IsShare {
		return isOverShare(count, l.Share, rows)
	}
	return count > l.Rows
}

// isOverShare says whether count is more than a share of total. Shares are
// taken to eight digits after the point, as configurations write them, and
// compared as integers: as floating-point numbers 7 % of 100 are more than 7.
func isOverShare(count int64, share float64, total int64) bool {
	const unit = 100_000_000
	countHigh, countLow := bits.Mul64(uint64(max(count, 0)), unit)
	high, low := bits.Mul64(uint64(math.Round(share*unit)), uint64(total))
	return countHigh > high || countHigh == high && countLow > low
}

// String is the limit as in a configuration.
func (l Limit) String() string {
	if l.IsShare {
		// A share that was written as 7 % is no 7.000000000000001 %.
		return strconv.FormatFloat(math.Round(l.Share*1e10)/1e8, 'f', -1, 64) + "%"
	}
	return fmt.Sprint(l.Rows)
}

func (r *run) countRows(n int64) { r.rows.Add(n) }

func (r *run) countBytes(n int64) {
	r.bytes.Add(n)
	r.report("")
}

// report tells how far the run has come; an empty stage is the one before.
func (r *run) report(stage string) {
	if r.settings.Progress != nil {
		r.settings.Progress(Progress{Stage: stage, Rows: r.rows.Load(), Bytes: r.bytes.Load(), TotalBytes: r.totalBytes})
	}
}

// emptySources are the names of the sources in whose files there is no row.
func (r *run) emptySources() []string {
	rows := make([]int64, len(r.settings.Sources))
	for i, file := range r.inputs() {
		rows[file.Source] += r.files[i].rows
	}
	var names []string
	for i := range rows {
		if rows[i] == 0 {
			names = append(names, r.settings.Sources[i].Name)
		}
	}
	return names
}

// repeatedFiles are files with rows that have the bytes of one before them, which comes
// second, by their place: as a delivery that was fetched twice. Folders that say
// something else of the records make it another one.
func (r *run) repeatedFiles() [][2]int {
	var repeated [][2]int
	first := map[string]int{}
	for i, file := range r.inputs() {
		contents := file.Input.Contents()
		if contents == "" || r.files[i].rows == 0 {
			continue
		}
		contents += fmt.Sprint(file.Input.Folders)
		if earlier, ok := first[contents]; ok {
			repeated = append(repeated, [2]int{i, earlier})
		} else {
			first[contents] = i
		}
	}
	return repeated
}

// notices are what the run as a whole has to say.
func (r *run) notices() []report.Notice {
	var notices []report.Notice
	say := func(name string, records int64, english, swedish string, arguments ...any) {
		notices = append(notices, report.Notice{
			Name: name, Records: records, Text: fmt.Sprintf(english, arguments...), Swedish: fmt.Sprintf(swedish, arguments...),
		})
	}
	for _, name := range r.emptySources() {
		say("source_without_records", 0, "The source %q has no records: there is no row in its files.", "Källan %q har inga poster: det finns ingen rad i dess filer.", name)
	}
	const listed = 20 // of what may be many
	inputs, repeated := r.inputs(), r.repeatedFiles()
	for _, file := range repeated[:min(listed, len(repeated))] {
		say("file_repeated", r.files[file[0]].rows, "The file %q has the same bytes as %q. If that is one delivery under two names, its records are counted twice.",
			"Filen %q har samma innehåll som %q. Om det är en leverans under två namn räknas dess poster två gånger.", inputs[file[0]].Input.Path, inputs[file[1]].Input.Path)
	}
	if more := len(repeated) - listed; more > 0 {
		say("file_repeated", 0, rules.Plural(more, "%d more file has the same bytes as another.", "%d more files have the same bytes as others."),
			rules.Plural(more, "%d fil till har samma innehåll som en annan.", "%d filer till har samma innehåll som andra."), more)
	}
	notices = append(notices, r.malformedSources()...)
	policy := &r.settings.Policy
	if date := r.extractDate; date == calendar.Missing {
		say("extract_date_unknown", 0, "The date of the register extract is not known, so whether it is stale was not checked. Name it with --extract-date or register.extract_date.",
			"Registeruttagets datum är inte känt. Därför har det inte kontrollerats om uttaget är för gammalt. Ange datumet med --extract-date eller register.extract_date.")
	} else if stale := r.totals().stale; stale > 0 {
		days := policy.StaleAfterDays
		say("stale_register", stale,
			rules.Plural(days, "The register extract is of %s, and there are payments more than %d day after it.",
				"The register extract is of %s, and there are payments more than %d days after it."),
			rules.Plural(days, "Registeruttaget är från den %s, och det finns utbetalningar mer än %d dag efter det.",
				"Registeruttaget är från den %s, och det finns utbetalningar mer än %d dagar efter det."), date, days)
	}
	notices = append(notices, RegisterNotices(r.register, r.extractDate)...)
	paymentTypes := slices.Sorted(slices.Values(r.dictionaries.PaymentType.Values()))
	agencies := r.dictionaries.Agency.Values()
	for _, name := range slices.Sorted(maps.Keys(policy.PaymentTypes)) {
		if !slices.Contains(paymentTypes, name) {
			say("policy_payment_type_unused", 0, "The policy has the payment type %q, which no record has.",
				"Policyn har utbetalningsslaget %q, som ingen post har.", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(policy.Agencies)) {
		if !slices.Contains(agencies, name) {
			say("policy_agency_unused", 0, "The policy has the agency %q, which no record has.", "Policyn har myndigheten %q, som ingen post har.", name)
		}
	}
	for _, name := range slices.Sorted(slices.Values(policy.UncertainAllowed)) {
		if !slices.Contains(agencies, name) {
			say("policy_agency_unused", 0, "The policy allows numbers of level uncertain to the agency %q, which no record has.",
				"Policyn tillåter nummer med identitetsnivån osäker för myndigheten %q, som ingen post har.", name)
		}
	}
	var strange []string
	for _, name := range paymentTypes {
		if _, ok := policy.PaymentTypes[name]; !ok && name != "" {
			strange = append(strange, fmt.Sprintf("%q", name))
		}
	}
	switch text := strings.Join(strange[:min(listed, len(strange))], ", "); {
	case len(strange) > listed:
		say("payment_types_without_policy", 0, "The policy does not know these payment types of the records: %s and %d more.",
			"Policyn känner inte till dessa utbetalningsslag, som finns i posterna: %s och %d till.", text, len(strange)-listed)
	case len(strange) > 0:
		say("payment_types_without_policy", 0, "The policy does not know these payment types of the records: %s.",
			"Policyn känner inte till dessa utbetalningsslag, som finns i posterna: %s.", text)
	}
	// The policy's words are taken exactly as they stand: so one that was meant is told.
	if alike := alikeIn(paymentTypes, slices.Collect(maps.Keys(policy.PaymentTypes))); len(alike) > 0 {
		last := &notices[len(notices)-1]
		last.Text += fmt.Sprintf(" Blanks or capitals alone make another of what the policy has: %s.", quotedWords(alike, listed))
		last.Swedish += fmt.Sprintf(" Bara blanktecken eller versaler skiljer dessa från policyns: %s.", quotedWords(alike, listed))
	}
	if alike := alikeIn(agencies, append(slices.Collect(maps.Keys(policy.Agencies)), policy.UncertainAllowed...)); len(alike) > 0 {
		say("agencies_without_policy", 0, "The policy does not know these agencies of the records, which blanks or capitals alone make others than it has: %s.",
			"Policyn känner inte till dessa myndigheter i posterna, som bara blanktecken eller versaler skiljer från policyns: %s.", quotedWords(alike, listed))
	}
	if alike := alikeCurrencies(r.dictionaries.Currency.Values()); len(alike) > 0 {
		say("currencies_alike", 0, "Blanks or capitals alone make currencies of the records others, or another than SEK; their sums are kept apart: %s.",
			"Bara blanktecken eller versaler skiljer valutor i posterna från varandra eller från SEK. De summeras var för sig: %s.", quotedWords(alike, listed))
	}
	return notices
}

// dryRun opens everything, reads the first batch of each file, and publishes nothing.
func (r *run) dryRun(ctx context.Context) (*Result, error) {
	if folder := r.settings.Output.Folder; folder != StandardOutput && !disk.IsObject(folder) {
		if err := storage.CheckLatest(folder); err != nil {
			return nil, outputFailure(err)
		}
	}
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	defer r.records.Close()
	if err := r.checkBaseline(); err != nil {
		return nil, err
	}
	sample := firstBatches{checker: rules.NewChecker(&r.settings.Policy, r.register, r.dictionaries)}
	for _, source := range r.settings.Sources {
		paths, err := readers.Expand(ctx, source.Files)
		if err != nil {
			return nil, inputFailure(err)
		}
		for _, path := range paths {
			source.Files = []string{path}
			if err := r.checkFirstBatch(ctx, source, &sample); err != nil {
				return nil, inputFailure(err)
			}
			if err := sample.judge(r.settings.MaxRejects); err != nil {
				return nil, inputFailure(err)
			}
		}
	}
	return &Result{FirstRows: sample.rows, FirstRejects: sample.rejected, FirstReject: sample.first, Notices: RegisterNotices(r.register, r.extractDate)}, nil
}

// firstBatches are what a dry run reads of the files.
type firstBatches struct {
	checker        *rules.Checker
	rows, rejected int64  // of all files
	first          string // of the rejects, where it lies and what is wrong with it
	advice         adviser

	// Of the last file.
	fileRows, fileRejected int64
	fileFirst              string
	fileAdvice             adviser
}

// judge refuses the last file's first rows where more of them are rejected than a
// run may have: mostly a column is mapped wrongly, and all are. A number of rows is
// one of all files together.
func (s *firstBatches) judge(allowed Limit) error {
	rejected, rows, of, advice := s.rejected, s.rows, "the first rows of the files", &s.advice
	if allowed.IsShare {
		rejected, rows, of, advice = s.fileRejected, s.fileRows, "the first rows of the file", &s.fileAdvice
	}
	if allowed.isPassed(rejected, rows) {
		return fmt.Errorf("%d of %d rows cannot be read as records (%s), more than max_rejects %s allows; the first is %s%s",
			rejected, rows, of, allowed, cmp.Or(s.fileFirst, s.first), advice.text())
	}
	return nil
}

func (r *run) checkFirstBatch(ctx context.Context, source readers.Source, sample *firstBatches) error {
	records, err := readers.OpenRecords(ctx, []readers.Source{source}, r.readerOptions())
	if err != nil {
		return err
	}
	defer records.Close()
	sample.fileRows, sample.fileRejected, sample.fileFirst, sample.fileAdvice = 0, 0, "", adviser{}
	err = records.Cut(ctx, func(piece pipeline.Piece) error {
		defer piece.Close()
		var batch pipeline.Batch
		more, err := piece.Next(&batch)
		if err != nil || !more {
			return err
		}
		sample.checker.Check(&batch)
		r.countRows(int64(batch.Rows))
		sample.fileRows, sample.fileRejected = int64(batch.Rows), int64(len(batch.Rejects))
		sample.rows += sample.fileRows
		sample.rejected += sample.fileRejected
		file := fileInput(records.Files()[0]).describe(source.Name)
		for i := range batch.Rejects {
			reject := &batch.Rejects[i]
			for _, advice := range [...]*adviser{&sample.advice, &sample.fileAdvice} {
				advice.add(reject.Reason, reject.Raw, &file, source.CSV.Decimal == 0)
			}
		}
		if len(batch.Rejects) > 0 {
			reject := &batch.Rejects[0]
			sample.fileFirst = rejectPlace(batch.FirstRow+int64(reject.Row)+1, reject.Line, records.Files()[0].Path, reject.Reason, reject.Column)
			sample.first = cmp.Or(sample.first, sample.fileFirst)
		}
		return errFirstBatchSeen
	})
	if errors.Is(err, errFirstBatchSeen) {
		return nil
	}
	return err
}
