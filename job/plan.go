package job

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// A job too large for one machine is done in steps, each of which may be done by
// many processes: NewPlan, then Process for each chunk, Reduce for each bucket, and
// Commit. What goes from one to the next lies in a work folder that all of them
// see, and small values (Plan and Part) say what. Every step is a function of these
// values: it can be repeated, and two that do the same do no harm.

// planSchema is the version of plans and parts, which one version of the program
// alone reads.
const planSchema = 2

// The files and folders of a work folder.
const (
	planFile        = "plan.json"
	testNumbersKind = "test_numbers" // the policy's; a plan holds no identity number
	chunkFolder     = "chunks"
	bucketFolder    = "buckets"
)

// DefaultChunkBytes is about how large a chunk is in a file.
const DefaultChunkBytes = 64 << 20

// Plan is all that the steps of one job must have in common. It is not changed
// once it has been made, and may be shared.
type Plan struct {
	Schema   int              `json:"schema"`
	Version  string           `json:"version"` // of the program
	Build    string           `json:"build"`   // which of that version
	Started  time.Time        `json:"started"`
	AsOf     string           `json:"as_of"`
	Seed     string           `json:"seed"`    // that puts persons into buckets, in hexadecimal
	Buckets  int              `json:"buckets"` // of the rules across records
	Settings plannedSettings  `json:"settings"`
	Register plannedRegister  `json:"register"`
	Files    []plannedFile    `json:"files"`
	Chunks   []readers.Chunk  `json:"chunks"`
	Baseline *plannedBaseline `json:"baseline,omitempty"` // nil for none, and on the first night
	folder   string           // where it lies
	digest   string           // SHA-256 of its file
	settings Settings         // that it says
	seed     bucketSeed       // the same
	catalog  map[string]uint8 // places of the rules across records that are asked for
	// sought are the records that chunks note as read; not called without a baseline.
	sought func() (*plannedSought, error)
}

// plannedSettings are Settings that can be written down.
type plannedSettings struct {
	Register      Register         `json:"register"`
	Sources       []readers.Source `json:"sources"`
	Expect        []Expect         `json:"expect"`
	Policy        rules.Policy     `json:"policy"` // without test numbers
	TestNumbers   string           `json:"test_numbers_sha256,omitempty"`
	Output        Output           `json:"output"`
	Baseline      string           `json:"baseline,omitempty"` // as it was given
	Decisions     string           `json:"decisions,omitempty"`
	DecisionsAre  string           `json:"decisions_sha256,omitempty"`
	FailOn        []Threshold      `json:"fail_on"`
	MaxRejects    Limit            `json:"max_rejects"`
	Digest        bool             `json:"digest"`
	Configuration json.RawMessage  `json:"configuration"`
}

type plannedRegister struct {
	Path     string `json:"path"`
	Size     int64  `json:"size"` // bytes
	SHA256   string `json:"sha256"`
	Verified string `json:"verified,omitempty"`
}

type plannedFile struct {
	planned
	Stamp readers.Stamp `json:"stamp"`
}

// NewPlan opens the register and the records, cuts the files into chunks of about
// so many bytes, and writes the plan into the work folder, which it makes. A plan of
// the same that lies there already is kept, with the baseline and the decisions that
// there were when it was made.
func NewPlan(ctx context.Context, settings Settings, work string, chunkBytes int64) (plan *Plan, err error) {
	err = pipeline.Guard(func() error {
		plan, err = newPlan(ctx, settings, work, chunkBytes)
		return err
	})
	return plan, err
}

func newPlan(ctx context.Context, settings Settings, work string, chunkBytes int64) (*Plan, error) {
	if err := checkPlannable(&settings); err != nil {
		return nil, err
	}
	if err := report.CheckOutside(work); err != nil {
		return nil, outputFailure(err)
	}
	r := &run{settings: &settings, dictionaries: pipeline.NewDictionaries(), digestRegister: true}
	// Of a job that has been planned baseline and decisions are settled, whatever has been
	// published or decided since: today's are not looked at.
	there, err := ReadPlan(work, settings.Version)
	isNew := errors.Is(err, errNoPlan)
	if err != nil && !isNew {
		return nil, err
	}
	if isNew {
		if err := checkKeepable(settings.Decisions); err != nil {
			return nil, err
		}
		if err := r.readDecisions(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	defer r.records.Close()
	snapshot := r.registerFrom[0]
	configuration, err := json.Marshal(settings.Configuration)
	if err != nil {
		return nil, fmt.Errorf("cannot write the configuration: %w", err)
	}
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	plan := &Plan{
		Schema: planSchema, Version: settings.Version, Build: buildOf(settings.Version), Started: settings.Now().UTC().Truncate(time.Millisecond), AsOf: settings.AsOf.String(),
		Seed: hex.EncodeToString(secret[:]), Buckets: acrossBuckets,
		Settings: plannedSettings{
			Register: settings.Register, Sources: settings.Sources, Expect: settings.Expect, Policy: settings.Policy, Output: settings.Output,
			Baseline: settings.Baseline, Decisions: settings.Decisions, FailOn: settings.FailOn, MaxRejects: settings.MaxRejects, Digest: settings.Digest, Configuration: configuration,
		},
		Register: plannedRegister{Path: snapshot.Path, Size: snapshot.Size, SHA256: hex.EncodeToString(snapshot.SHA256[:]), Verified: snapshot.Verified},
	}
	beside := map[string][]byte{} // files of the work folder, by name
	plan.Settings.Policy.TestNumbers = nil
	if numbers := testNumbersText(settings.Policy.TestNumbers); len(numbers) > 0 {
		plan.Settings.TestNumbers = digestOf(numbers)
		beside[besideName(testNumbersKind, plan.Settings.TestNumbers)] = numbers
	}
	if isNew {
		if err := plan.keepDecisions(r, beside); err != nil {
			return nil, err
		}
		if err := plan.keepBaseline(ctx, r, beside); err != nil {
			return nil, err
		}
	}
	r.stage("plan")
	if err := plan.cut(ctx, r, chunkBytes); err != nil {
		return nil, inputFailure(err)
	}
	if !isNew {
		if err := there.mustBeOf(plan); err != nil {
			return nil, outputFailure(err)
		}
		return there, nil
	}
	if err := plan.write(work, beside); err != nil {
		return nil, outputFailure(err)
	}
	return ReadPlan(work, settings.Version)
}

// checkPlannable refuses settings that only one process can have.
func checkPlannable(settings *Settings) error {
	if err := check(settings); err != nil {
		return err
	}
	switch {
	case settings.Register.Snapshot == "":
		return usageFailure("a plan needs the register as a snapshot, which all machines open: make one with avstam register build")
	case settings.Output.Folder == StandardOutput:
		return usageFailure("a plan needs an output folder: parts are not put together on standard output")
	}
	for _, source := range settings.Sources {
		if slices.Contains(source.Files, readers.StandardInput) {
			return usageFailure("standard input can be read only once, and a plan is read by many")
		}
	}
	return nil
}

// cut cuts the files, some at a time. The error is that of the first file.
func (p *Plan) cut(ctx context.Context, r *run, chunkBytes int64) error {
	files := r.records.Files()
	chunks := make([][]readers.Chunk, len(files))
	stamps := make([]readers.Stamp, len(files))
	errs := make([]error, len(files))
	var group errgroup.Group
	group.SetLimit(r.settings.Workers)
	for i := range files {
		group.Go(func() error {
			errs[i] = pipeline.Guard(func() (err error) {
				chunks[i], stamps[i], err = r.records.Chunks(ctx, i, chunkBytes)
				return err
			})
			return nil
		})
	}
	_ = group.Wait() // its functions return no error
	for i, input := range r.inputs() {
		if errs[i] != nil {
			return errs[i]
		}
		p.Files = append(p.Files, plannedFile{planned: input, Stamp: stamps[i]})
		p.Chunks = append(p.Chunks, chunks[i]...)
	}
	return nil
}

// write writes the plan and what lies beside it, and last of all its file.
func (p *Plan) write(work string, beside map[string][]byte) error {
	contents, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write the plan: %w", err)
	}
	contents = append(contents, '\n')
	for _, folder := range []string{work, filepath.Join(work, chunkFolder), filepath.Join(work, bucketFolder)} {
		if err := storage.MakeFolder(folder); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(beside)) {
		file, err := storage.Replace(filepath.Join(work, name), beside[name], storage.PrivateMode)
		if err == nil {
			err = file.CommitNew()
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	path := filepath.Join(work, planFile)
	file, err := storage.Replace(path, contents, storage.PublicMode)
	if err != nil {
		return err
	}
	if err := file.CommitNew(); !errors.Is(err, fs.ErrExist) {
		return err
	}
	there, err := ReadPlan(work, p.Version)
	if err != nil {
		return err
	}
	return there.mustBeOf(p)
}

// mustBeOf fails where two plans are not of the same job, begun at whatever time: meanwhile
// reports may have been published and decisions made.
func (p *Plan) mustBeOf(other *Plan) error {
	var texts [2][]byte
	for i, plan := range []*Plan{p, other} {
		undated := *plan
		undated.Started, undated.Seed = time.Time{}, ""
		// The settings still tell what the two are called.
		undated.Baseline, undated.Settings.DecisionsAre = nil, ""
		texts[i], _ = json.Marshal(&undated) // it has been written before
	}
	if !bytes.Equal(texts[0], texts[1]) {
		return fmt.Errorf("%s is the plan of another job: take a work folder of its own for each", filepath.Join(p.folder, planFile))
	}
	return nil
}

// ReadPlan reads the plan of a work folder. It fails where another version of the
// program has made it: the two might not find the same.
func ReadPlan(work, version string) (*Plan, error) {
	plan, err := readPlan(work, version)
	if err != nil {
		return nil, inputFailure(fmt.Errorf("cannot read the plan in %s: %w", work, err))
	}
	return plan, nil
}

// errNoPlan says that nobody has made the plan yet.
var errNoPlan = errors.New("there is none; the first step is avstam shard plan")

func readPlan(work, version string) (*Plan, error) {
	contents, err := disk.ReadFile(filepath.Join(work, planFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, errNoPlan
	}
	if err != nil {
		return nil, err
	}
	p := &Plan{folder: work, digest: digestOf(contents)}
	decoder := json.NewDecoder(bytes.NewReader(contents))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(p); err != nil {
		return nil, errors.New("it is no plan of this version of avstam")
	}
	secret, err := hex.DecodeString(p.Seed)
	asOf, ok := calendar.Parse([]byte(p.AsOf))
	switch {
	case p.Build != buildOf(version):
		return nil, fmt.Errorf("it was made by avstam %s (build %s), and this is %s (build %s): all steps of a job take the same program", p.Version, p.Build, version, buildOf(version))
	case p.Schema != planSchema || err != nil || len(secret) != 16 || !ok || p.Buckets != acrossBuckets:
		return nil, errors.New("it is no plan of this version of avstam")
	}
	p.seed = personSeed([16]byte(secret))
	p.sought = sync.OnceValues(p.readSought)
	of := &p.Settings
	p.settings = Settings{
		Register: of.Register, Sources: of.Sources, Expect: of.Expect, Policy: of.Policy, Output: of.Output, Baseline: of.Baseline, Decisions: of.Decisions,
		FailOn: of.FailOn, MaxRejects: of.MaxRejects, Digest: of.Digest, AsOf: asOf, Version: p.Version, Configuration: of.Configuration,
	}
	p.catalog = map[string]uint8{}
	for _, place := range acrossRules(&p.settings.Policy) {
		p.catalog[rules.All()[place].Name] = place
	}
	if of.TestNumbers != "" {
		name := besideName(testNumbersKind, of.TestNumbers)
		text, err := disk.ReadFile(filepath.Join(work, name))
		if err != nil {
			return nil, err
		}
		if digestOf(text) != of.TestNumbers {
			return nil, fmt.Errorf("%s is not the list that the plan names", name)
		}
		p.settings.Policy.TestNumbers = parseTestNumbers(text)
	}
	return p, nil
}

// buildOf tells builds of the program apart, whatever they are called: by the commit that
// they were built from, where the build has recorded it, else by their version. Programs
// of other modules, such as avstam-beam, are the same build if they are of one commit.
func buildOf(version string) string {
	revision, modified := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			switch setting.Key {
			case "vcs.revision":
				revision = setting.Value
			case "vcs.modified":
				if setting.Value == "true" {
					modified = "+dirty"
				}
			}
		}
	}
	return cmp.Or(revision, version) + modified
}

// Digest is the SHA-256 of the plan's file, in hexadecimal. Every part names it.
func (p *Plan) Digest() string { return p.digest }

// OpenRegister opens the register that was planned, for all chunks that the process
// checks. It fails where the file is another.
func (p *Plan) OpenRegister() (*register.Snapshot, error) {
	snapshot, there, err := openSnapshot(p.Register.Path, true)
	if err == nil && (there.Size != p.Register.Size || hex.EncodeToString(there.SHA256[:]) != p.Register.SHA256) {
		err = fmt.Errorf("cannot read %s: it is not the register that was planned: its digest is another", p.Register.Path)
	}
	if err != nil {
		return nil, inputFailure(err)
	}
	return snapshot, nil
}

func digestOf(contents []byte) string {
	sum := sha256.Sum256(contents)
	return hex.EncodeToString(sum[:])
}

// testNumbersText has the numbers in their order, a line each.
func testNumbersText(numbers []identity.Number) []byte {
	var text []byte
	for _, number := range numbers {
		text = append(number.AppendDigits(text), '\n')
	}
	return text
}

func parseTestNumbers(text []byte) []identity.Number {
	var numbers []identity.Number
	for line := range bytes.Lines(text) {
		number := identity.Number(0)
		for _, digit := range bytes.TrimSpace(line) {
			number = number*10 + identity.Number(digit-'0')
		}
		numbers = append(numbers, number)
	}
	return numbers
}
