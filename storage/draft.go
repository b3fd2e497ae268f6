package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/avstam/avstam/disk"
)

// Draft is a folder that nobody looks at yet: the report of a run until it is
// published whole, or discarded.
type Draft struct {
	folder *Folder
	path   string // empty once it is published or discarded
}

// Begin makes an empty draft in the folder.
func (f *Folder) Begin() (*Draft, error) {
	path := filepath.Join(f.path, temporaryName())
	if err := disk.Mkdir(path, FolderMode); err != nil {
		return nil, fmt.Errorf("cannot begin a report: %w", err)
	}
	if err := disk.Chmod(path, FolderMode); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot begin a report: %w", err), disk.Remove(path))
	}
	return &Draft{folder: f, path: path}, nil
}

// Path is where the draft lies until it is published.
func (d *Draft) Path() string { return d.path }

// isPlain says whether a name leads to a file of the draft and nowhere else: names
// of folders with a slash between, of which none begins with a dot.
func isPlain(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part != filepath.Base(part) || strings.HasPrefix(part, ".") {
			return false
		}
	}
	return true
}

// MakeFolder makes a folder in the draft, whose files are then called by its name,
// a slash and theirs. The folder that it lies in has been made before.
func (d *Draft) MakeFolder(name string) error {
	if !isPlain(name) {
		return fmt.Errorf("cannot make the folder %q in a report: it has no plain name", name)
	}
	path := filepath.Join(d.path, name)
	if err := disk.Mkdir(path, FolderMode); err != nil {
		return fmt.Errorf("cannot make a folder in a report: %w", err)
	}
	if err := disk.Chmod(path, FolderMode); err != nil {
		return fmt.Errorf("cannot make a folder in a report: %w", err)
	}
	return nil
}

// Create creates a file of the draft, open for reading and writing, with
// exactly that mode. The caller closes it before the draft is published.
func (d *Draft) Create(name string, mode fs.FileMode) (*disk.File, error) {
	if !isPlain(name) {
		return nil, fmt.Errorf("cannot create %q in a report: it is not a plain file name", name)
	}
	file, err := disk.CreateNew(filepath.Join(d.path, name), mode)
	if err != nil {
		return nil, fmt.Errorf("cannot create %s: %w", name, err)
	}
	return file, nil
}

// WriteFile creates a file of the draft with all of its contents.
func (d *Draft) WriteFile(name string, contents []byte, mode fs.FileMode) error {
	file, err := d.Create(name, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(contents)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// Persist puts a file of the draft on disk ahead of Publish, which does so too.
func (d *Draft) Persist(name string) error {
	if err := persist(filepath.Join(d.path, name)); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// Remove removes a file of the draft.
func (d *Draft) Remove(name string) error {
	if err := disk.Remove(filepath.Join(d.path, name)); err != nil {
		return fmt.Errorf("cannot remove %s: %w", name, err)
	}
	return nil
}

// Publish makes the draft visible as the folder's run of that name, by one
// rename after everything in it is on disk, and points latest at it unless
// latest is at a newer run: names of runs sort by time. newer is that one, at which
// latest stays; empty where latest points at this run. It refuses a name that
// is taken. Where it returns an error nothing is published, and the draft can
// still be discarded; or, on a disk that lets nothing be undone, the error says
// that the report is to be seen.
func (d *Draft) Publish(run string) (newer string, err error) {
	if newer, err = d.publish(run); err != nil {
		return "", fmt.Errorf("cannot publish the report %s: %w", run, err)
	}
	return newer, nil
}

func (d *Draft) publish(run string) (newer string, err error) {
	if err := checkRunName(run); err != nil {
		return "", err
	}
	target := filepath.Join(d.folder.path, run)
	newer, err = d.folder.newerThan(run)
	if err != nil {
		return "", err
	}
	if err := mustNotExist(target); err != nil {
		return "", err
	}
	if err := d.syncAll(); err != nil {
		return "", err
	}
	// The link is made before the report is visible, so that a full disk fails
	// while there is nothing to undo.
	link := filepath.Join(d.folder.path, temporaryName())
	if newer == "" {
		if err := disk.Symlink(run, link); err != nil {
			return "", err
		}
	}
	err = d.rename(target)
	if err == nil && newer == "" {
		var remains bool
		if remains, err = d.folder.pointLatest(link); remains {
			err = errors.Join(err, errVisible)
		} else if err != nil {
			err = errors.Join(err, takenBack(disk.Rename(target, d.path)))
		}
	}
	if err != nil {
		if newer == "" {
			_ = disk.Remove(link) // where it is still there
		}
		return "", err
	}
	d.path = ""
	return newer, nil
}

// errVisible is told where what has been published could not be made to last, and
// could not be taken back either.
var errVisible = errors.New("it is there to be seen, whole, but may not outlast a power cut")

// takenBack is what taking back came to.
func takenBack(err error) error {
	if err != nil {
		return errors.Join(err, errVisible)
	}
	return nil
}

// pointLatest puts a link in the place of latest and makes that last. Where it
// cannot make it last, latest is put back to where it was; remains says that it
// could not be.
func (f *Folder) pointLatest(link string) (remains bool, err error) {
	latest := filepath.Join(f.path, latestName)
	before, beforeErr := disk.Readlink(latest)
	if beforeErr != nil && !errors.Is(beforeErr, fs.ErrNotExist) {
		return false, beforeErr
	}
	if err := disk.Rename(link, latest); err != nil {
		return false, err
	}
	if err = persist(f.path); err == nil {
		return false, nil
	}
	var undo error
	if beforeErr != nil {
		undo = disk.Remove(latest)
	} else if undo = disk.Symlink(before, link); undo == nil {
		undo = disk.Rename(link, latest)
	}
	return undo != nil, errors.Join(err, undo)
}

// KeepFailed keeps the draft for inspection as failed/<run> in the folder, after
// a run that publishes nothing. It does not touch latest.
func (d *Draft) KeepFailed(run string) error {
	if err := d.keepFailed(run); err != nil {
		return fmt.Errorf("cannot keep what is left of the failed run %s: %w", run, err)
	}
	return nil
}

func (d *Draft) keepFailed(run string) error {
	if err := checkRunName(run); err != nil {
		return err
	}
	failed := filepath.Join(d.folder.path, failedName)
	if err := makeFolder(failed); err != nil {
		return err
	}
	target := filepath.Join(failed, run)
	if err := mustNotExist(target); err != nil {
		return err
	}
	if err := d.syncAll(); err != nil {
		return err
	}
	if err := d.rename(target); err != nil {
		return err
	}
	d.path = ""
	return persist(failed)
}

// rename moves the draft to its place and makes that last. Where it cannot make
// it last, the draft is moved back.
func (d *Draft) rename(target string) error {
	if err := disk.Rename(d.path, target); err != nil {
		return err
	}
	if err := persist(d.folder.path); err != nil {
		return errors.Join(err, takenBack(disk.Rename(target, d.path)))
	}
	return nil
}

// Discard removes the draft. It does nothing to one that has been published.
func (d *Draft) Discard() error {
	if d.path == "" {
		return nil
	}
	if err := disk.RemoveAll(d.path); err != nil {
		return fmt.Errorf("cannot discard an unpublished report: %w", err)
	}
	d.path = ""
	return nil
}

// syncAll puts every file of the draft and their names on disk. A file is
// opened again for it: the kernel keeps a write error that nobody has seen for
// the next who asks.
func (d *Draft) syncAll() error {
	return disk.WalkDir(d.path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() && !entry.IsDir() {
			return fmt.Errorf("%s is not a plain file", entry.Name())
		}
		return persist(path)
	})
}

// newerThan is the run that latest is at, where that is newer than a run and exists:
// latest may then not point at that run. What has another name than runs have is not
// newer than any: somebody has led latest there by hand.
func (f *Folder) newerThan(run string) (newer string, err error) {
	at, err := f.Latest()
	if err != nil || !isNewer(at, run) {
		return "", err
	}
	return at, nil
}

// isNewer says whether the name that latest leads to is that of a run after another.
func isNewer(at, run string) bool { return IsRunName(at) && at > run }

func mustNotExist(path string) error {
	_, err := disk.Lstat(path)
	switch {
	case err == nil:
		return fmt.Errorf("%s: %w", filepath.Base(path), fs.ErrExist)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

func checkRunName(run string) error {
	if run == "" || run != filepath.Base(run) || strings.HasPrefix(run, ".") || run == latestName || run == failedName {
		return fmt.Errorf("%q is not the name of a run", run)
	}
	return nil
}
