package job

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"

	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// Latest stands for the report that latest points at in the place of a baseline.
const Latest = "latest"

// caseworkOf is what a run follows from night to night.
type caseworkOf struct {
	decisions *casework.Decisions // nil for none
	baseline  *casework.Baseline  // nil for none, and on the first night
	sought    *casework.Sought    // records of the baseline's findings; nil without
	records   []*casework.ReadRecords
	key       []byte // of finding ids
}

// follows says whether the run compares its findings with a baseline, or is the
// first that others will be compared with.
func (s *Settings) follows() bool { return s.Baseline != "" }

// checkCasework refuses settings that no run can have.
func checkCasework(settings *Settings) error {
	if !settings.follows() {
		return nil
	}
	switch {
	case settings.Output.Folder == StandardOutput:
		return usageFailure("a baseline is for reports: the findings on standard output are not compared with one (--baseline none)")
	case !settings.Output.Parquet:
		return usageFailure("with a baseline the formats must have parquet among them: the next run finds the findings there (or --baseline none)")
	}
	return nil
}

// readDecisions reads the decisions, before anything is read of the records.
func (r *run) readDecisions(ctx context.Context) error {
	return r.readDecisionsFrom(ctx, r.settings.Decisions)
}

func (r *run) readDecisionsFrom(ctx context.Context, path string) (err error) {
	if path == "" {
		return nil
	}
	r.casework.decisions, err = casework.ReadDecisions(ctx, path, r.settings.AsOf)
	var unreadable *fs.PathError
	if errors.As(err, &unreadable) {
		return inputFailure(err)
	}
	return failure(ExitUsage, err)
}

// baselineFolder is where the baseline lies; empty on the first night, when
// nothing has been published yet.
func (r *run) baselineFolder() (string, error) {
	if r.settings.Baseline != Latest {
		return r.settings.Baseline, nil
	}
	folder := disk.Join(r.settings.Output.Folder, Latest)
	if _, err := disk.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return folder, nil
}

// openBaseline opens the baseline, and prepares the look for its records.
func (r *run) openBaseline(ctx context.Context) error {
	if !r.settings.follows() {
		return nil
	}
	folder, err := r.baselineFolder()
	if err != nil || folder == "" {
		return inputFailure(err)
	}
	return r.openBaselineIn(ctx, folder)
}

func (r *run) openBaselineIn(ctx context.Context, folder string) (err error) {
	r.stage("baseline")
	if r.casework.baseline, err = casework.OpenBaseline(ctx, folder, r.casework.key, r.settings.AsOf); err != nil {
		return inputFailure(err)
	}
	r.casework.sought, err = r.casework.baseline.Seek(ctx, r.spill, report.NewRecordKeyer(r.casework.key))
	return inputFailure(err)
}

// checkBaseline is for a dry run, which has no key of finding ids.
func (r *run) checkBaseline() error {
	if !r.settings.follows() {
		return nil
	}
	folder, err := r.baselineFolder()
	if err == nil && folder != "" {
		_, err = report.OpenEarlier(folder)
	}
	return inputFailure(err)
}

// newReadRecords is what a worker notes the records in that it reads; nil where
// nothing is looked for.
func (r *run) newReadRecords() *casework.ReadRecords {
	if r.casework.sought == nil {
		return nil
	}
	records := r.casework.sought.NewReadRecords(r.spill)
	r.casework.records = append(r.casework.records, records)
	return records
}

// noteRead notes the records of a batch as read. A rejected row is none.
func (w *worker) noteRead(file int) error {
	b, f := &w.batch, &w.read
	f.File = file
	for i := range b.Rows {
		if b.Rejected[i] {
			continue
		}
		var key report.RecordKey
		var id []byte
		if id, w.recordID = b.RecordIDOf(i, w.recordID); len(id) > 0 {
			key = w.keys.KeyOfID(file, id)
		} else {
			w.identifyRow(f, i)
			key = w.keys.KeyOf(f)
		}
		if err := w.records.Note(key); err != nil {
			return outputFailure(err)
		}
	}
	return nil
}

// follow compares the findings with the baseline, before they are written.
func (r *run) follow(ctx context.Context, writer *report.Writer, parts []report.Part) error {
	if !r.settings.follows() {
		return nil
	}
	r.stage("comparison")
	comparison := &casework.Comparison{
		Baseline: r.casework.baseline, AsOf: r.settings.AsOf, Catalogue: rules.All(), Records: r.casework.records,
	}
	err := comparison.Write(ctx, writer, parts, r.spill)
	if errors.Is(err, casework.ErrBaseline) {
		return inputFailure(err)
	}
	return outputFailure(err)
}

// addCasework adds to a report what it tells of baseline and decisions.
func (r *run) addCasework(closing *report.Closing) {
	say := func(name, english, swedish string) {
		closing.Notices = append(closing.Notices, report.Notice{Name: name, Text: english, Swedish: swedish})
	}
	switch baseline := r.casework.baseline; {
	case !r.settings.follows():
	case baseline == nil:
		say("baseline_missing", "There is no report yet to compare the findings with: all are new.",
			"Det finns ännu ingen rapport att jämföra träffarna med: alla är nya.")
	default:
		closing.Baseline = baseline.Input()
		if !baseline.HasPolicy(closing.Policy) {
			say("baseline_policy", "The policy is not that of the earlier report, so that findings may be new or gone for that alone.",
				"Policyn är en annan än i den tidigare rapporten. Redan därför kan träffar vara nya eller ha fallit bort.")
		}
	}
	if decisions := r.casework.decisions; decisions != nil {
		closing.Decisions = &report.Input{Path: decisions.Path, Size: decisions.Size, SHA256: hex.EncodeToString(decisions.SHA256[:])}
		closing.Notices = append(closing.Notices, decisions.Notices()...)
	}
}
