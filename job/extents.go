package job

import (
	"fmt"

	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
)

// checkExtents fails where workers have read less or more of a file than was cut
// of it: a piece that nobody got is counted by nobody, so the ledger would balance
// without it. The error wraps report.ErrUnbalanced.
func (r *run) checkExtents() error {
	for i, file := range r.records.Files() {
		if read := r.files[i].extent; read != file.Extent {
			unit := "rows"
			if file.Format == readers.FormatCSV {
				unit = "bytes of text"
			}
			return fmt.Errorf("%s: it has %d %s, and %d were read: %w", file.Path, file.Extent, unit, read, report.ErrUnbalanced)
		}
	}
	return nil
}
