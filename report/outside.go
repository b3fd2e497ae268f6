package report

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/avstam/avstam/disk"
)

// CheckOutside fails where a file or folder at path would lie in a published report,
// or is one: those never change.
func CheckOutside(path string) error {
	for _, folder := range []string{path, filepath.Dir(path)} {
		is, err := isReport(folder)
		if err != nil {
			return err
		}
		if is {
			return fmt.Errorf("%s would lie in a report, and that is never written again", path)
		}
	}
	return nil
}

// isReport says whether a folder has the documents of a report.
func isReport(folder string) (bool, error) {
	for _, name := range []string{ManifestFile, SummaryFile, RunFile} {
		_, err := disk.Stat(filepath.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
