package report

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/storage"
)

// Prune removes the oldest reports of an output folder until keep are left, and
// returns their names. It takes for reports only folders with the name of a run
// and a manifest in them, and never removes the one that latest leads to, by however
// many links. The error is storage.ErrHeld while a run holds the folder. A folder in
// which no run has been is refused, and nothing is made in it: its name may be wrong.
func Prune(dir string, keep int) (removed []string, err error) {
	if keep < 0 {
		return nil, fmt.Errorf("cannot keep %d reports", keep)
	}
	if _, err := disk.Stat(dir); err != nil {
		return nil, fmt.Errorf("cannot prune reports: %w", err)
	}
	there, err := disk.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot prune reports: %w", err)
	}
	isOutput := slices.ContainsFunc(there, func(entry fs.DirEntry) bool {
		return storage.IsRunName(entry.Name()) || storage.IsMark(entry.Name())
	})
	if !isOutput && !disk.IsObject(dir) { // which Lock refuses
		return nil, fmt.Errorf("cannot prune reports: %s is no output folder: no run has been in it", dir)
	}
	folder, err := storage.Lock(dir)
	if err != nil {
		return nil, err
	}
	defer folder.Unlock() // the kernel takes it back in any case
	latest, err := folder.Latest()
	if err != nil {
		return nil, fmt.Errorf("cannot prune reports: %w", err)
	}
	entries, err := disk.ReadDir(dir) // by name, which is by time
	if err != nil {
		return nil, fmt.Errorf("cannot prune reports: %w", err)
	}
	var runs []string
	for _, entry := range entries {
		if !entry.IsDir() || !storage.IsRunName(entry.Name()) {
			continue
		}
		info, err := disk.Lstat(filepath.Join(dir, entry.Name(), ManifestFile))
		if isUnreadable(err) {
			return nil, fmt.Errorf("cannot prune reports: %w", err)
		}
		if err == nil && info.Mode().IsRegular() {
			runs = append(runs, entry.Name())
		}
	}
	for _, run := range runs[:max(0, len(runs)-keep)] {
		if run == latest {
			continue
		}
		if err := folder.Remove(run); err != nil {
			return removed, err
		}
		removed = append(removed, run)
	}
	return removed, nil
}
