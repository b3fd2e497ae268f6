package report

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/avstam/avstam/disk"
)

// CheckOutside fails where a file at path would lie in a published report, which never
// changes.
func CheckOutside(path string) error {
	_, err := disk.Stat(filepath.Join(filepath.Dir(path), ManifestFile))
	if err == nil {
		return fmt.Errorf("%s would lie in a report, and that is never written again", path)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // the folder is somebody else's to complain of
		return nil
	}
	return err
}
