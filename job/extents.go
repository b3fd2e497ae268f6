package job

import (
	"fmt"

	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
)

// checkExtents fails where workers have read less or more of a file than was cut
// of it: a piece that nobody got is counted by nobody, so the ledger would balance
// without it. The error wraps report.ErrUnbalanced. Of parts, each was checked when
// it was made.
func (r *run) checkExtents() error {
	if r.records == nil {
		return nil
	}
	for i, file := range r.records.Files() {
		if err := checkExtent(file, r.files[i].extent); err != nil {
			return err
		}
	}
	return nil
}

// checkExtent compares what was read of a file with what was cut of it.
func checkExtent(file *readers.File, read int64) error {
	if read == file.Extent {
		return nil
	}
	unit := "rows"
	if file.Format == readers.FormatCSV {
		unit = "bytes of text"
	}
	return fmt.Errorf("%s: it has %d %s, and %d were read: %w", file.Path, file.Extent, unit, read, report.ErrUnbalanced)
}
