package casework

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/report"
)

// readHistory reads a history, in the order of its ids.
func readHistory(ctx context.Context, path string) (*rememberedRows, error) {
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
		return nil, err
	}
	names := map[string]string{}
	var batch []report.Remembered
	read := func() error {
		n, err := next(ctx, rows)
		batch = batch[:0]
		for i := range n {
			row := report.Remembered{GoneSince: dayAt(rows, goneSince, i)}
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
			row.Finding, _ = rows.Number(finding, i)
			batch = append(batch, row)
		}
		return err
	}
	return &rememberedRows{
		next: func() ([]report.Remembered, error) {
			if err := read(); err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
			}
			return batch, nil
		},
		close: func() { _ = rows.Close() }, // it was only read
	}, nil
}

// dayAt is a day of a table, Missing where there is none.
func dayAt(rows *report.Rows, column, row int) calendar.Day {
	if day, ok := rows.Number(column, row); ok {
		return calendar.Day(day)
	}
	return calendar.Missing
}
