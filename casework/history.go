package casework

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// rememberedDays is how long a finding that is gone is remembered: one that comes
// back after a year, as what is paid once a year does, is known again.
const rememberedDays = 400

// Comparison compares the findings of a run with those of a baseline. Both come
// in the order of their ids, so that its memory is that of a row; what is gone is
// put into buckets by its record, and those are looked at one at a time.
type Comparison struct {
	Baseline  *Baseline // nil on the first night
	AsOf      calendar.Day
	Catalogue []*rules.Rule
	Records   []*ReadRecords // of all workers

	gone   *storage.Buckets
	buffer []byte
	// What became of findings that are gone, by their row in the baseline.
	outcomes *storage.Sorter[outcome]
	limit    int // findings that are gone in memory; smaller in tests
}

// goneBytes is the size of a finding that is gone, in buckets: the key of its
// record, its row, its occurrence, since when, until when and how many reports had
// it.
const goneBytes = 16 + 8 + 8 + 4 + 4 + 4

// outcome is what became of a finding that is gone.
type outcome struct {
	finding             int64 // row of the baseline's findings
	firstSeen, lastSeen calendar.Day
	timesSeen           int32
	outcome             report.Outcome
}

var outcomeForm = &storage.Form[outcome]{
	Bytes: 8 + 4 + 4 + 4 + 1,
	Append: func(dst []byte, o outcome) []byte {
		dst = binary.BigEndian.AppendUint64(dst, uint64(o.finding))
		dst = binary.BigEndian.AppendUint32(dst, uint32(o.firstSeen))
		dst = binary.BigEndian.AppendUint32(dst, uint32(o.lastSeen))
		dst = binary.BigEndian.AppendUint32(dst, uint32(o.timesSeen))
		return append(dst, byte(o.outcome))
	},
	Read: func(b []byte) outcome {
		return outcome{
			finding: int64(binary.BigEndian.Uint64(b)), firstSeen: calendar.Day(binary.BigEndian.Uint32(b[8:])),
			lastSeen: calendar.Day(binary.BigEndian.Uint32(b[12:])), timesSeen: int32(binary.BigEndian.Uint32(b[16:])), outcome: report.Outcome(b[20]),
		}
	},
	Compare: func(a, b outcome) int { return cmp.Compare(a.finding, b.finding) },
}

// Write compares the findings of a writer, whose parts are those that it is given
// afterwards: it marks those that are known, and writes what is remembered, and
// what is gone. The errors are those of the writer, of the spill and of reading
// the baseline.
func (c *Comparison) Write(ctx context.Context, writer *report.Writer, parts []report.Part, spill *storage.Spill) error {
	c.limit = cmp.Or(c.limit, storage.SorterEntries)
	c.gone = storage.NewBuckets(spill, goneBytes, c.limit/16)
	c.outcomes = storage.NewSorter(spill, outcomeForm, c.limit)
	found, err := writer.Identify(ctx, parts)
	if err != nil {
		return err
	}
	if err := writer.History(ctx, c.join(ctx, found, writer.Mark)); err != nil {
		return err
	}
	if err := c.judge(ctx); err != nil {
		return err
	}
	return writer.Gone(ctx, c.resolved(ctx))
}

// mark says of a finding, by its place, how it is known.
type mark = func(place uint64, state report.State, firstSeen calendar.Day, timesSeen int32) error

// joinedRows is how many rows of what is remembered are handed on at once.
const joinedRows = 4096

// join merges the findings of the run with those that the baseline remembers into
// what is remembered next.
func (c *Comparison) join(ctx context.Context, found iter.Seq2[*report.Identified, error], mark mark) iter.Seq2[[]report.Remembered, error] {
	return func(yield func([]report.Remembered, error) bool) {
		known := &rememberedCursor{}
		if c.Baseline != nil {
			var err error
			if known.rows, err = c.Baseline.all(ctx); err != nil {
				yield(nil, fmt.Errorf("%w: %w", ErrBaseline, err))
				return
			}
			defer known.rows.close()
		}
		joined := make([]report.Remembered, 0, joinedRows)
		err := c.merge(found, known, mark, func(row *report.Remembered) error {
			if joined = append(joined, *row); len(joined) < joinedRows {
				return nil
			}
			if !yield(joined, nil) {
				return errStopped
			}
			joined = joined[:0]
			return nil
		})
		switch {
		case errors.Is(err, errStopped):
		case err != nil:
			yield(nil, err)
		default:
			yield(joined, nil)
		}
	}
}

// rememberedRows are what a baseline remembers, in the order of ids.
type rememberedRows struct {
	// next gives the next rows, good until it is called again; none after the last.
	next  func() ([]report.Remembered, error)
	close func()
}

// rememberedCursor stands at a row of what a baseline remembers; nil after the last.
type rememberedCursor struct {
	rows *rememberedRows // nil for none
	rest []report.Remembered
	row  *report.Remembered
}

func (k *rememberedCursor) advance() error {
	if k.row = nil; k.rows == nil {
		return nil
	}
	if len(k.rest) == 0 {
		rows, err := k.rows.next()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrBaseline, err)
		}
		if len(rows) == 0 {
			return nil
		}
		k.rest = rows
	}
	k.row, k.rest = &k.rest[0], k.rest[1:]
	return nil
}

// errStopped says that nobody wants more rows.
var errStopped = errors.New("no more rows are wanted")

// ErrBaseline says that the baseline, whose digests were right, cannot be read.
var ErrBaseline = errors.New("cannot read the baseline")

func (c *Comparison) merge(found iter.Seq2[*report.Identified, error], known *rememberedCursor, mark mark, emit func(*report.Remembered) error) error {
	if err := known.advance(); err != nil {
		return err
	}
	var row report.Remembered // of the finding that was seen last
	state := report.NoState
	for f, err := range found {
		if err != nil {
			return err
		}
		if state == report.NoState || f.ID != row.ID {
			if err := c.passOver(known, &f.ID, emit); err != nil {
				return err
			}
			row = report.Remembered{
				ID: f.ID, Record: f.Record, Rule: c.Catalogue[f.Rule].Name, Occurrence: int64(f.Occurrence), FirstSeen: c.AsOf, LastSeen: c.AsOf,
				TimesSeen: 1, GoneSince: calendar.Missing, Finding: f.Finding,
			}
			state = report.New
			if k := known.row; k != nil && k.ID == f.ID {
				switch {
				case k.Finding > 0:
					state = report.Persisting
				case !c.isForgotten(k):
					state = report.Returned
				}
				if state != report.New {
					row.FirstSeen, row.TimesSeen = k.FirstSeen, k.TimesSeen+1
				}
				if err := known.advance(); err != nil {
					return err
				}
			}
			if err := emit(&row); err != nil {
				return err
			}
		}
		if state != report.New {
			if err := mark(f.Place, state, row.FirstSeen, row.TimesSeen); err != nil {
				return err
			}
		}
	}
	return c.passOver(known, nil, emit)
}

// passOver takes what is remembered of findings before an id, or of all that
// follow, as gone.
func (c *Comparison) passOver(known *rememberedCursor, id *[16]byte, emit func(*report.Remembered) error) error {
	for known.row != nil && (id == nil || bytes.Compare(known.row.ID[:], id[:]) < 0) {
		row := *known.row
		if row.Finding > 0 {
			if err := c.noteGone(&row); err != nil {
				return err
			}
			row.GoneSince, row.Finding = c.AsOf, 0
		}
		if !c.isForgotten(&row) {
			if err := emit(&row); err != nil {
				return err
			}
		}
		if err := known.advance(); err != nil {
			return err
		}
	}
	return nil
}

// isForgotten says whether a finding has been gone for too long to be known again.
func (c *Comparison) isForgotten(row *report.Remembered) bool {
	return int64(c.AsOf)-int64(row.GoneSince) > rememberedDays
}

// noteGone keeps a finding of the baseline that is gone.
func (c *Comparison) noteGone(row *report.Remembered) error {
	if row.Record == (report.RecordKey{}) {
		return c.outcomes.Add(outcome{row.Finding, row.FirstSeen, row.LastSeen, row.TimesSeen, report.Unknown})
	}
	c.buffer = append(c.buffer[:0], row.Record[:]...)
	c.buffer = binary.BigEndian.AppendUint64(c.buffer, uint64(row.Finding))
	c.buffer = binary.BigEndian.AppendUint64(c.buffer, uint64(row.Occurrence))
	c.buffer = binary.BigEndian.AppendUint32(c.buffer, uint32(row.FirstSeen))
	c.buffer = binary.BigEndian.AppendUint32(c.buffer, uint32(row.LastSeen))
	return c.gone.Add(binary.BigEndian.AppendUint32(c.buffer, uint32(row.TimesSeen)))
}

// judge says of every finding that is gone whether its record was read: of
// records that are alike and have no id of their own, whether as many were read.
func (c *Comparison) judge(ctx context.Context) error {
	read := make(map[report.RecordKey]int64)
	var group []byte // of findings that are gone
	var buffer []byte
	for bucket := range storage.BucketCount {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		// As many at a time as fit in memory.
		settle := func() error {
			clear(read)
			for entries := group; len(entries) > 0; entries = entries[goneBytes:] {
				read[report.RecordKey(entries)] = 0
			}
			for _, records := range c.Records {
				err := records.buckets.Each(bucket, &buffer, func(keys []byte) error {
					for ; len(keys) > 0; keys = keys[len(report.RecordKey{}):] {
						if count, isSought := read[report.RecordKey(keys)]; isSought {
							read[report.RecordKey(keys)] = count + 1
						}
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			for entries := group; len(entries) > 0; entries = entries[goneBytes:] {
				o := outcome{
					finding: int64(binary.BigEndian.Uint64(entries[16:])), firstSeen: calendar.Day(binary.BigEndian.Uint32(entries[32:])),
					lastSeen: calendar.Day(binary.BigEndian.Uint32(entries[36:])), timesSeen: int32(binary.BigEndian.Uint32(entries[40:])),
					outcome: report.NotRead,
				}
				if read[report.RecordKey(entries)] >= int64(binary.BigEndian.Uint64(entries[24:])) {
					o.outcome = report.Resolved
				}
				if err := c.outcomes.Add(o); err != nil {
					return err
				}
			}
			group = group[:0]
			return nil
		}
		err := c.gone.Each(bucket, &c.buffer, func(entries []byte) error {
			for len(entries) > 0 {
				n := min(len(entries), c.limit*goneBytes-len(group))
				group, entries = append(group, entries[:n]...), entries[n:]
				if len(group) == c.limit*goneBytes {
					if err := settle(); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(group) > 0 {
			if err := settle(); err != nil {
				return err
			}
		}
	}
	return nil
}
