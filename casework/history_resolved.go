package casework

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/avstam/avstam/report"
)

// The columns of a baseline's findings that tell of one that is gone: texts, then
// days and numbers.
var resolvedColumns = []string{
	"finding_id", "rule", "severity", "direction", "confidence", "detail", "source", "file", "record_id", "agency", "payment_type",
	"currency", "identity_number", "number", "number_kind", "use_number", "other_number", "decision",
	"row", "amount", "payment_date", "period_start", "period_end", "decision_until",
}

var errOutcome = errors.New("its history has a finding that it has not")

// resolved are the findings of the baseline that are gone, in the order in which
// it has them.
func (c *Comparison) resolved(ctx context.Context) iter.Seq2[*report.Gone, error] {
	return func(yield func(*report.Gone, error) bool) {
		if c.Baseline == nil {
			return
		}
		if err := c.eachResolved(ctx, func(gone *report.Gone) bool { return yield(gone, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func (c *Comparison) eachResolved(ctx context.Context, use func(*report.Gone) bool) error {
	nextOutcome, stop := iter.Pull2(c.outcomes.Sorted())
	defer stop()
	o, err, more := nextOutcome()
	if err != nil || !more {
		return err
	}
	rows, err := report.OpenRows(c.Baseline.findings, resolvedColumns...)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBaseline, err)
	}
	defer rows.Close() // it was only read
	for first := int64(1); more; {
		n, err := next(ctx, rows)
		if err == nil && n == 0 {
			err = errOutcome
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrBaseline, err)
		}
		for ; err == nil && more && o.finding < first+int64(n); o, err, more = nextOutcome() {
			if !use(goneAt(rows, int(o.finding-first), &o)) {
				return nil
			}
		}
		if err != nil {
			return err
		}
		first += int64(n)
	}
	return nil
}

// goneAt is a finding of the baseline with what became of it. It owns its texts.
func goneAt(rows *report.Rows, row int, o *outcome) *report.Gone {
	gone := &report.Gone{Outcome: o.outcome, FirstSeen: o.firstSeen, LastSeen: o.lastSeen, TimesSeen: o.timesSeen}
	texts := []*[]byte{
		&gone.ID, &gone.Rule, &gone.Severity, &gone.Direction, &gone.Confidence, &gone.Detail, &gone.Source, &gone.File, &gone.RecordID, &gone.Agency,
		&gone.PaymentType, &gone.Currency, &gone.IdentityNumber, &gone.Number, &gone.NumberKind, &gone.UseNumber, &gone.OtherNumber, &gone.Decision,
	}
	size := 0
	for column := range texts {
		size += len(rows.Text(column, row))
	}
	all := make([]byte, 0, size)
	for column, text := range texts {
		start := len(all)
		all = append(all, rows.Text(column, row)...)
		*text = all[start:len(all):len(all)]
	}
	column := len(texts)
	gone.Row, _ = rows.Number(column, row)
	gone.Amount, _ = rows.Number(column+1, row)
	gone.PaymentDate, gone.PeriodStart = dayAt(rows, column+2, row), dayAt(rows, column+3, row)
	gone.PeriodEnd, gone.DecisionUntil = dayAt(rows, column+4, row), dayAt(rows, column+5, row)
	return gone
}
