package job

import (
	"context"
	"errors"

	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/storage"
)

// stream reconciles records as Run does, and writes the findings to
// Output.Stream in place of a report. Nothing is written before the ledger
// balances, and nothing is kept of a run that fails.
func (r *run) stream(ctx context.Context) (_ *Result, err error) {
	if r.spill, err = storage.NewSpill(); err != nil {
		return nil, outputFailure(err)
	}
	defer r.spill.Close()
	if err := r.checkMetricsFile(); err != nil {
		return nil, err
	}
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	defer r.records.Close()
	key := report.RandomKey()
	if path := r.settings.Output.KeyFile; path != "" {
		if key, err = report.Key(path); err != nil {
			return nil, outputFailure(err)
		}
	}
	writer, err := report.NewStreamWriter(r.spill, r.reportRun(key))
	if err != nil {
		return nil, outputFailure(err)
	}
	defer writer.Close()

	if err := r.checkRecords(ctx, writer); err != nil {
		return nil, err
	}
	if err := r.judgeInputs(); err != nil {
		return nil, inputFailure(err)
	}
	parts, err := r.gather(ctx, writer)
	if err != nil {
		return nil, err
	}
	if err := r.writeTables(ctx, writer, parts); err != nil {
		return nil, err
	}
	published, err := writer.FinishStream(ctx, r.closing(writer.RepeatedIDs()), r.settings.Output.Stream)
	if errors.Is(err, report.ErrUnbalanced) {
		return nil, failure(ExitLedger, err)
	}
	if err != nil {
		return nil, outputFailure(err)
	}
	result := &Result{Summary: published.Summary, Passed: passedThresholds(r.settings.FailOn, published.Summary)}
	if path := r.settings.Output.MetricsFile; path != "" {
		// The findings are out: that the metrics are not elsewhere is no failure of the run.
		metrics, err := storage.Replace(path, published.Metrics, storage.PublicMode)
		if err == nil {
			err = metrics.Commit()
		}
		result.Warning = err
	}
	return result, nil
}
