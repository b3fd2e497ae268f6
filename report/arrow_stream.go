package report

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/storage"
)

// NewStreamWriter is a writer of a run's findings as one Arrow stream. It makes
// no folder: what is written waits in temporary files without a name until
// FinishStream has counted it. run.Arrow is its only format. Close gives the
// files back.
func NewStreamWriter(spill *storage.Spill, run Run) (*Writer, error) {
	if !run.Arrow || run.Parquet || run.CSV || run.HTML {
		return nil, errors.New("cannot write a stream in another format than Arrow")
	}
	w, err := NewWriter(nil, spill, run)
	if err == nil {
		w.kept = map[string]*disk.File{}
	}
	return w, err
}

// create makes the file of a table.
func (w *Writer) create(name string) (file *disk.File, err error) {
	if w.draft != nil {
		return w.draft.Create(name, storage.PrivateMode)
	}
	if file, err = storage.Unnamed(); err == nil {
		w.kept[name] = file
	}
	return file, err
}

// FinishStream reads the tables back, counts them again, compares everything
// that was counted, and only then copies the findings to the stream. The error
// wraps ErrUnbalanced where rows or öre are missing: nothing has been copied.
func (w *Writer) FinishStream(ctx context.Context, closing *Closing, to io.Writer) (*Published, error) {
	summary, _, _, err := w.settle(ctx, closing)
	if err != nil {
		return nil, err
	}
	file := w.kept[findingsName+".arrow"]
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot read a temporary file: %w", err)
	}
	findings := io.NewSectionReader(file, 0, info.Size())
	for copied := int64(0); copied < info.Size(); {
		const blockBytes = 1 << 20
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		n, err := io.CopyN(to, findings, min(blockBytes, info.Size()-copied))
		if copied += n; err != nil {
			return nil, fmt.Errorf("cannot write the findings to the stream: %w", err)
		}
	}
	return &Published{Summary: summary, Metrics: metricsOf(summary, closing)}, nil
}

// Close gives back what is kept of a stream. It does nothing after a report.
func (w *Writer) Close() error {
	var errs []error
	for _, file := range w.kept {
		errs = append(errs, file.Close())
	}
	clear(w.kept)
	return errors.Join(errs...)
}
