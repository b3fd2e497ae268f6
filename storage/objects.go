package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/objects"
)

const (
	// uploads is how many files of a report go up at a time.
	uploads = 4
	// uploadAge is how old an upload in parts is that no run can still be at.
	uploadAge = 24 * time.Hour
	// patience is how long it is tried to take back what a failed run has uploaded.
	patience = time.Minute
	// grace is how long what makes a report seen may go on after an interruption, and
	// graceBack for how long after it what is there is looked at and taken back. A command
	// has five seconds for all.
	grace     = 2 * time.Second
	graceBack = 3 * time.Second

	stagedName      = "out"
	destinationName = "destination"
)

// Stage is a local folder in the system's folder for temporary files (TMPDIR), in
// which the reports of an output folder on object storage are made. What is published
// there is uploaded from here, file by file and one of them last: whoever looks at
// that one or at latest sees the whole report or none.
//
// Several processes may publish to the same output folder at once.
type Stage struct {
	to   string
	path string
	held *disk.File // path
	// seeing and undoing end grace and graceBack after the context of NewStage.
	seeing, undoing context.Context
	cancel          context.CancelFunc // of both
	// keep has the record of what was uploaded outlive the process: a request that was
	// given up can still come through.
	keep bool

	// Shared says that others may be publishing the same run: the attempts of a commit,
	// on whatever machines, have one name and the same bytes, and nothing keeps them
	// apart. What is there may then be another's, or be relied on by another, so that
	// nothing of it is recorded or taken back. Without the file that goes up last it is
	// no report, and the next attempt writes over it.
	Shared bool
}

// NewStage makes the local folder for an output folder on object storage, and sweeps
// what runs that died have left: here and there what those of this machine have
// recorded, and there whatever uploads in parts began more than a day before now. It
// fails where the bucket cannot be read. Once ctx has ended, no request of the stage
// goes on for more than some seconds.
func NewStage(ctx context.Context, to string, now time.Time) (*Stage, error) {
	s, err := newStage(ctx, strings.TrimRight(to, "/"), now)
	if err != nil {
		return nil, fmt.Errorf("cannot write to %s: %w", to, err)
	}
	return s, nil
}

func newStage(ctx context.Context, to string, now time.Time) (*Stage, error) {
	_, err := objects.Exists(ctx, to)
	if err == nil {
		err = objects.GiveUp(ctx, to, now.Add(-uploadAge))
	}
	if reason, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, reason.Err // the path is told already
	}
	if err != nil {
		return nil, err
	}
	prefix := fmt.Sprintf("%savstam-%d-", temporaryPrefix, syscall.Getuid())
	sweepStages(ctx, prefix, now)
	s := &Stage{to: to}
	s.path, s.held, err = makeHeldFolder(
		func() (string, error) { return filepath.Join(os.TempDir(), prefix+randomName()), nil },
		func(path string) error { return disk.Mkdir(path, 0o700) })
	if err != nil {
		return nil, err
	}
	seeing, endSeeing := outlast(ctx, grace)
	undoing, endUndoing := outlast(ctx, graceBack)
	s.seeing, s.undoing = seeing, undoing
	s.cancel = func() { endSeeing(); endUndoing() }
	return s, nil
}

// sweepStages removes the stages of processes of this user that died, with what they
// had uploaded of a report. It does what it can: the next run tries again.
func sweepStages(ctx context.Context, prefix string, now time.Time) {
	entries, err := disk.ReadDir(os.TempDir())
	if err != nil {
		return
	}
	for _, entry := range entries {
		random, ok := strings.CutPrefix(entry.Name(), prefix)
		if !ok || !isRandom(random) || !entry.IsDir() {
			continue
		}
		path := filepath.Join(os.TempDir(), entry.Name())
		held, err := disk.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		if isPrivate(held) && hold(held) == nil && disk.RemoveAll(filepath.Join(path, stagedName)) == nil && takeBackRecorded(ctx, path, now) == nil {
			_ = disk.RemoveAll(path)
		}
		_ = held.Close() // it is only held
	}
}

// isPrivate says whether a folder is this user's, and nobody else may write in it. Into
// a folder for temporary files anybody can put one of any name, with a record in it of
// what is to be removed.
func isPrivate(folder *disk.File) bool {
	info, err := folder.Stat()
	if err != nil {
		return false
	}
	return isOwn(info) && info.Mode().Perm()&0o077 == 0
}

// takeBackRecorded takes back what a process that died has uploaded of the report that
// it has recorded.
func takeBackRecorded(ctx context.Context, stage string, now time.Time) error {
	text, err := disk.ReadFile(filepath.Join(stage, destinationName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	last, report, ok := strings.Cut(strings.TrimSuffix(string(text), "\n"), "\n")
	if err != nil || !ok || !objects.Is(report) {
		return err
	}
	if last == "" { // nothing makes it whole
		return takeBack(ctx, report, now)
	}
	if !isPlain(last) {
		return nil
	}
	if whole, err := objects.Exists(ctx, disk.Join(report, last)); err != nil || whole {
		return err
	}
	return takeBack(ctx, report, now)
}

// takeBack removes what there is of a report that is not whole.
func takeBack(ctx context.Context, report string, now time.Time) error {
	return errors.Join(objects.GiveUp(ctx, report, now), objects.RemoveAll(ctx, report))
}

// Folder is where the output folder lies meanwhile.
func (s *Stage) Folder() string { return filepath.Join(s.path, stagedName) }

// Close removes the local folder; of a run whose upload failed, what is not needed to
// take it back again.
func (s *Stage) Close() error {
	s.cancel()
	path := s.path
	if s.keep {
		path = s.Folder()
	}
	if err := errors.Join(disk.RemoveAll(path), s.held.Close()); err != nil {
		return fmt.Errorf("cannot remove a temporary folder: %w", err)
	}
	return nil
}

// Publish uploads a run that has been published in the local folder, the file called
// last at the end, and has latest lead to it, unless it leads to a newer one. newer is
// that one, at which latest stays; empty where it leads to this run. A run
// that is there already is refused. Where it returns an error nothing is published, or
// the error says that the report is to be seen.
func (s *Stage) Publish(ctx context.Context, run, last string, now time.Time) (newer string, err error) {
	err = s.upload(ctx, run, last, now)
	if err == nil {
		if newer, err = s.PointLatest(run); err != nil && !errors.Is(err, ErrUnlinked) {
			err = errors.Join(err, s.takeBack(run, last, now))
		}
	}
	if err != nil {
		return "", fmt.Errorf("cannot publish the report %s: %w", run, err)
	}
	return newer, nil
}

// ErrUnlinked is told where a report is there, and latest may lead to it, or may yet:
// it stays, lest latest lead nowhere.
var ErrUnlinked = errors.New("it is there to be seen, whole, and latest may lead to it or not")

// PointLatest has latest lead to a run that is there, unless it leads to a newer one,
// which newer is then. An interruption is too late for it.
func (s *Stage) PointLatest(run string) (newer string, err error) {
	latest := disk.Join(s.to, latestName)
	mayMove := func(target string) bool {
		if newer = ""; !isNewer(target, run) {
			return true
		}
		there, err := objects.Exists(s.undoing, disk.Join(s.to, target))
		if err == nil && !there {
			return true // it leads nowhere
		}
		newer = target
		return false
	}
	isOpen, err := objects.Link(s.seeing, run, latest, mayMove)
	if err == nil {
		return newer, nil
	}
	looking, cancel := context.WithTimeout(s.undoing, patience)
	defer cancel()
	at, lookErr := objects.Leads(looking, latest)
	switch {
	case lookErr == nil && at == run:
		return "", nil
	case lookErr == nil && at != "" && !mayMove(at):
		return newer, nil
	case isOpen || s.Shared:
		return "", fmt.Errorf("%v; %w", err, ErrUnlinked) // no interruption, though one may have led to it
	}
	return "", err
}

// outlast is a context that ends some time after another: a request that is given up
// may have been done or not, or may be done yet.
func outlast(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(by, func() { cancel(context.Cause(ctx)) })
	})
	return lasting, func() {
		stop()
		cancel(nil)
	}
}

// KeepFailed uploads a run that has been kept as failed in the local folder.
func (s *Stage) KeepFailed(ctx context.Context, run string, now time.Time) error {
	if err := s.upload(ctx, failedName+"/"+run, "", now); err != nil {
		return fmt.Errorf("cannot keep what is left of the failed run %s: %w", run, err)
	}
	// Nothing tells the next run that it is whole. Where this fails Close removes it.
	_ = disk.Remove(filepath.Join(s.path, destinationName))
	return nil
}

// upload uploads a folder, a file of it last; or takes back what it uploaded.
func (s *Stage) upload(ctx context.Context, name, last string, now time.Time) error {
	// What a process that died has left of the same run is written over.
	to := disk.Join(s.to, name)
	whole := to
	if last != "" {
		whole = disk.Join(to, last)
	}
	if there, err := objects.Exists(ctx, whole); err != nil {
		return err
	} else if there && (last != "" || !s.Shared) {
		return fmt.Errorf("%s: %w", name, fs.ErrExist)
	}
	if err := s.record(to, last); err != nil {
		return err
	}
	err := s.uploadFiles(ctx, name, last)
	if err != nil && !errors.Is(err, fs.ErrExist) { // else it is another's
		err = errors.Join(err, s.takeBack(name, last, now))
	}
	return err
}

// record notes where what is being uploaded goes, and which file makes it whole: empty
// for none, when it is to be taken back whatever there is.
func (s *Stage) record(to, last string) error {
	if s.Shared {
		return nil
	}
	path := filepath.Join(s.path, destinationName)
	// What was recorded before is not lost where this fails.
	if err := disk.WriteFile(path+".new", fmt.Appendf(nil, "%s\n%s\n", last, to), PrivateMode); err != nil {
		return err
	}
	return disk.Rename(path+".new", path)
}

// takeBack removes what was uploaded, at first what is looked at; also where the run
// was interrupted.
func (s *Stage) takeBack(name, last string, now time.Time) error {
	if s.Shared {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.undoing, patience)
	defer cancel()
	s.keep = true
	to := disk.Join(s.to, name)
	err := s.record(to, "") // that file may still come through
	if last != "" {
		err = errors.Join(err, objects.Remove(ctx, disk.Join(to, last)))
	}
	return errors.Join(err, takeBack(ctx, to, now))
}

func (s *Stage) uploadFiles(ctx context.Context, name, last string) error {
	from := filepath.Join(s.Folder(), name)
	var names []string
	err := disk.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(from, path)
		names = append(names, relative)
		return err
	})
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == last })
	group, uploading := errgroup.WithContext(ctx)
	group.SetLimit(uploads)
	for _, file := range names {
		group.Go(func() error {
			return uploadFile(uploading, filepath.Join(from, file), disk.Join(disk.Join(s.to, name), file), objects.Put)
		})
	}
	err = group.Wait()
	if reason := context.Cause(ctx); reason != nil {
		return reason
	}
	if err != nil || last == "" {
		return err
	}
	return uploadFile(s.seeing, filepath.Join(from, last), disk.Join(disk.Join(s.to, name), last), objects.PutNew)
}

func uploadFile(ctx context.Context, from, to string, put func(context.Context, string, objects.Contents, int64) error) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	file, err := disk.Open(from)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil {
		err = put(ctx, to, file, info.Size())
	}
	return errors.Join(err, file.Close())
}
