package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/storage"
)

// A job in parts is compared with a baseline as a run is, and with the one that there
// was when it was planned. Whoever reads records must know which of them the baseline's
// findings are about. That lies beside the plan, as do the decisions: so a commit that is
// repeated finds what the first has found, whatever has been published or decided since.

// plannedBaseline is a baseline as the plan has found it.
type plannedBaseline struct {
	Folder string `json:"folder"` // no link
	SHA256 string `json:"sha256"` // of its manifest
	Sought string `json:"sought"` // digest of the file of sought records
}

// plannedSought is what lies in the file of sought records: the keys as a line of JSON,
// then the bitmap.
type plannedSought struct {
	keys    map[string][]byte // of sources: report.SourceKeys
	records *casework.Sought
}

// besideName is the name of a file beside the plan. Of what changes from night to night
// it tells the digest, as a plan that was never finished may have left another.
func besideName(kind, digest string) string { return fmt.Sprintf("%s-%.16s", kind, digest) }

const (
	decisionsKind = "decisions"
	soughtKind    = "sought"
)

// checkKeepable refuses decisions that cannot be read again to be kept, lest whoever reads
// them wait for ever.
func checkKeepable(decisions string) error {
	if decisions == "" {
		return nil
	}
	if info, err := disk.Stat(decisions); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return inputFailure(fmt.Errorf("cannot read the decisions in %s: it can be read only once, and a plan keeps a copy: name a file", decisions))
	}
	return nil // what else is wrong is told by who reads them
}

// keepDecisions has the decisions lie beside the plan.
func (p *Plan) keepDecisions(r *run, beside map[string][]byte) error {
	if r.casework.decisions == nil {
		return nil
	}
	contents, err := disk.ReadFile(r.settings.Decisions)
	if err == nil && digestOf(contents) != fmt.Sprintf("%x", r.casework.decisions.SHA256) {
		err = errors.New("they changed while they were read")
	}
	if err != nil {
		return inputFailure(fmt.Errorf("cannot read the decisions in %s: %w", r.settings.Decisions, err))
	}
	p.Settings.DecisionsAre = digestOf(contents)
	beside[besideName(decisionsKind, p.Settings.DecisionsAre)] = contents
	return nil
}

// readKeptDecisions reads the decisions that lie beside the plan.
func (r *run) readKeptDecisions(ctx context.Context, p *Plan) error {
	if r.settings.Decisions == "" {
		return nil
	}
	path := filepath.Join(p.folder, besideName(decisionsKind, p.Settings.DecisionsAre))
	if err := r.readDecisionsFrom(ctx, path); err != nil {
		return err
	}
	if fmt.Sprintf("%x", r.casework.decisions.SHA256) != p.Settings.DecisionsAre {
		return inputFailure(fmt.Errorf("%s is not what the plan names", path))
	}
	r.casework.decisions.Path = r.settings.Decisions
	return nil
}

// keepBaseline settles which report is the baseline, and has the records that its
// findings are about lie beside the plan. It needs the key of finding ids for it.
func (p *Plan) keepBaseline(ctx context.Context, r *run, beside map[string][]byte) (err error) {
	folder := ""
	if r.settings.follows() {
		folder, err = r.baselineFolder()
	}
	if err != nil || folder == "" {
		return inputFailure(err)
	}
	if r.casework.key, err = report.Key(keyFile(&r.settings.Output, r.settings.Output.Folder)); err != nil {
		return outputFailure(err)
	}
	if r.spill, err = storage.NewSpill(); err != nil {
		return outputFailure(err)
	}
	defer r.spill.Close()
	if err := r.openBaselineIn(ctx, folder); err != nil {
		return err
	}
	var sources []string
	for _, source := range r.settings.Sources {
		sources = append(sources, source.Name)
	}
	contents, err := json.Marshal(report.SourceKeys(r.casework.key, sources))
	if err != nil {
		return fmt.Errorf("cannot write the keys of records: %w", err)
	}
	contents = append(append(contents, '\n'), r.casework.sought.Bitmap()...)
	baseline := r.casework.baseline
	p.Baseline = &plannedBaseline{Folder: baseline.Folder(), SHA256: baseline.Input().SHA256, Sought: digestOf(contents)}
	if r.settings.Baseline == Latest { // under the path that all machines see
		p.Baseline.Folder = disk.Join(r.settings.Output.Folder, baseline.Input().Report)
	}
	beside[besideName(soughtKind, p.Baseline.Sought)] = contents
	return nil
}

// openKeptBaseline opens the baseline of the plan.
func (r *run) openKeptBaseline(ctx context.Context, p *Plan) error {
	if p.Baseline == nil {
		return nil
	}
	if err := r.openBaselineIn(ctx, p.Baseline.Folder); err != nil {
		return err
	}
	if r.casework.baseline.Input().SHA256 != p.Baseline.SHA256 {
		return inputFailure(fmt.Errorf("cannot use %s as the baseline: it is not the report that was planned", p.Baseline.Folder))
	}
	return nil
}

// readSought reads the file of sought records.
func (p *Plan) readSought() (*plannedSought, error) {
	path := filepath.Join(p.folder, besideName(soughtKind, p.Baseline.Sought))
	contents, err := disk.ReadFile(path)
	if err != nil {
		return nil, inputFailure(err)
	}
	s := &plannedSought{}
	keys, bitmap, _ := bytes.Cut(contents, []byte("\n"))
	if digestOf(contents) != p.Baseline.Sought || json.Unmarshal(keys, &s.keys) != nil {
		return nil, inputFailure(fmt.Errorf("%s is not what the plan names", path))
	}
	s.records, err = casework.ReadSought(bitmap)
	return s, inputFailure(err)
}

// seek has the run note the records that are sought, and gives what makes their keys;
// nil where none are.
func (r *run) seek(p *Plan) (*report.RecordKeys, error) {
	if p.Baseline == nil {
		return nil, nil
	}
	sought, err := p.sought()
	if err != nil {
		return nil, err
	}
	keyer, err := report.NewSourceKeyer(sought.keys)
	if err != nil {
		return nil, inputFailure(err)
	}
	var files []report.File
	for _, file := range p.Files {
		files = append(files, report.File{Source: file.Input.Source, Path: file.Input.Path})
	}
	r.casework.sought = sought.records
	return report.NewRecordKeys(keyer, files, r.dictionaries), nil
}

// noteRead notes the records of a part as read.
func noteRead(records *casework.ReadRecords, o *openPart, keys []byte) error {
	if records == nil || len(keys)%len(report.RecordKey{}) != 0 {
		return o.damaged()
	}
	for key := range slices.Chunk(keys, len(report.RecordKey{})) {
		if err := records.Note(report.RecordKey(key)); err != nil {
			return outputFailure(err)
		}
	}
	return nil
}
