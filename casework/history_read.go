package casework

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/report"
)

// readHistory gives the rows of a history in the order of their ids. A row is
// good until the next.
func readHistory(ctx context.Context, path string) iter.Seq2[*report.Remembered, error] {
	return func(yield func(*report.Remembered, error) bool) {
		if err := eachRemembered(ctx, path, func(row *report.Remembered) bool { return yield(row, nil) }); err != nil {
			yield(nil, fmt.Errorf("%s: %w", filepath.Base(path), err))
		}
	}
}

// eachRemembered calls use with the rows of a history until it returns false.
func eachRemembered(ctx context.Context, path string, use func(*report.Remembered) bool) error {
	const (
		findingID = iota
		recordKey
		rule
		occurrence
		firstSeen
		lastSeen
		timesSeen
		goneSince
		finding
	)
	rows, err := report.OpenRows(path, "finding_id", "record_key", "rule", "occurrence", "first_seen", "last_seen", "times_seen", "gone_since", "finding")
	if err != nil {
		return err
	}
	defer rows.Close() // it was only read
	names := map[string]string{}
	for {
		n, err := next(ctx, rows)
		if n == 0 {
			return err
		}
		for i := range n {
			row := report.Remembered{GoneSince: calendar.Missing}
			if row.ID, err = parseID(rows.Text(findingID, i)); err != nil {
				return err
			}
			if key := rows.Text(recordKey, i); len(key) > 0 {
				if row.Record, err = parseID(key); err != nil {
					return err
				}
			}
			name, known := names[string(rows.Text(rule, i))]
			if !known {
				name = string(rows.Text(rule, i))
				names[name] = name
			}
			row.Rule = name
			row.Occurrence, _ = rows.Number(occurrence, i)
			row.FirstSeen, row.LastSeen = dayAt(rows, firstSeen, i), dayAt(rows, lastSeen, i)
			times, _ := rows.Number(timesSeen, i)
			row.TimesSeen = int32(times)
			row.GoneSince = dayAt(rows, goneSince, i)
			row.Finding, _ = rows.Number(finding, i)
			if !use(&row) {
				return nil
			}
		}
	}
}

// dayAt is a day of a table, Missing where there is none.
func dayAt(rows *report.Rows, column, row int) calendar.Day {
	if day, ok := rows.Number(column, row); ok {
		return calendar.Day(day)
	}
	return calendar.Missing
}
