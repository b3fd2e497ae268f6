package job

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// leakyNight writes records of one clean number and one that is inactive, in pieces
// and batches, with a few that are rejected.
func leakyNight(t *testing.T) Settings {
	folder := t.TempDir()
	var records strings.Builder
	records.WriteString("identity_number,payment_date,amount,record_id,of_no_use\n")
	padding := strings.Repeat("x", 150)
	for row := range 14_000 {
		number, amount := "196408233234", fmt.Sprintf("%d.00", 100+row%7)
		if row%3 == 0 {
			number = "197010632391"
		}
		if row%5000 == 77 {
			amount = "much"
		}
		fmt.Fprintf(&records, "%s,2025-11-20,%s,r%d,%s\n", number, amount, row, padding)
	}
	files := map[string]string{
		"records.csv":  records.String(),
		"register.csv": "number,status,status_from\n196408233234,active,2010-01-01\n197010632391,inactive,2020-01-01\n",
	}
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	return Settings{
		Register:   Register{Extract: readers.Source{Name: "register", Files: []string{filepath.Join(folder, "register.csv")}}, ExtractDate: calendar.Of(2025, 11, 20)},
		Sources:    []readers.Source{{Name: "records", Files: []string{filepath.Join(folder, "records.csv")}}},
		Expect:     make([]Expect, 1),
		Policy:     rules.DefaultPolicy(),
		Output:     Output{Folder: filepath.Join(folder, "out"), Parquet: true, CSV: true, HTML: true},
		MaxRejects: Limit{Share: 0.01, IsShare: true},
		Workers:    2, Version: "test", AsOf: calendar.Of(2025, 11, 21), Now: time.Now,
	}
}

// leak is what goes wrong between the hands of a run.
type leak struct {
	next    func(batches int, b *pipeline.Batch, next func() (bool, error)) (bool, error) // between reader and checker
	skip    func(pieces int) bool                                                         // between cutter and workers
	collect func(p *part)                                                                 // between workers and report
}

// leakyPiece is a piece of a reader whose batches go through a leak.
type leakyPiece struct {
	pipeline.Piece
	leak    *leak
	batches int
}

func (p *leakyPiece) Next(b *pipeline.Batch) (bool, error) {
	p.batches++
	if p.leak.next == nil {
		return p.Piece.Next(b)
	}
	return p.leak.next(p.batches, b, func() (bool, error) { return p.Piece.Next(b) })
}

// runThrough is Run with a leak.
func runThrough(t *testing.T, settings Settings, leak *leak) (*Result, error) {
	ctx := t.Context()
	r := &run{settings: &settings, started: settings.Now(), dictionaries: pipeline.NewDictionaries(), seeds: newSeeds()}
	folder, err := storage.Lock(settings.Output.Folder)
	require.NoError(t, err)
	defer folder.Unlock()
	draft, err := folder.Begin()
	require.NoError(t, err)
	defer draft.Discard()
	r.spill, err = folder.Spill()
	require.NoError(t, err)
	defer r.spill.Close()
	require.NoError(t, r.open(ctx))
	defer r.records.Close()
	writer, err := r.newWriter(folder, draft)
	require.NoError(t, err)

	workers := make([]*worker, settings.Workers)
	for i := range workers {
		workers[i] = newWorker(r, writer.NewPacker())
	}
	pieces := 0
	cut := func(ctx context.Context, send func(pipeline.Piece) error) error {
		return r.records.Cut(ctx, func(piece pipeline.Piece) error {
			if pieces++; leak.skip != nil && leak.skip(pieces) {
				piece.Close()
				return nil
			}
			return send(&leakyPiece{Piece: piece, leak: leak})
		})
	}
	require.NoError(t, pipeline.Run(ctx, len(workers), cut,
		func(ctx context.Context, worker int, number uint32, piece pipeline.Piece) (part, error) {
			return workers[worker].process(ctx, number, piece)
		}, func(p part) error {
			if leak.collect != nil {
				leak.collect(&p)
			}
			return r.collect(p)
		}))
	require.NoError(t, r.takeCandidates(workers))
	require.Greater(t, pieces, 1, "there are several pieces")
	return r.publish(ctx, folder, writer, draft)
}

// Rows that would have the numbers of others in their part are refused: it is of one
// piece in a run, and of all pieces of a chunk.
func TestMoreRowsThanAPartMayHave(t *testing.T) {
	settings := leakyNight(t)
	read := func(before int64) (part, error) {
		r := &run{settings: &settings, dictionaries: pipeline.NewDictionaries(), seeds: newSeeds()}
		var err error
		r.spill, err = storage.NewSpill()
		require.NoError(t, err)
		defer r.spill.Close()
		require.NoError(t, r.open(t.Context()))
		defer r.records.Close()
		w, p := newWorker(r, report.NewPlainPacker(r.spill)), part{path: "records.csv", rows: before}
		err = r.records.Cut(t.Context(), func(piece pipeline.Piece) error {
			defer piece.Close()
			return w.readPiece(t.Context(), 0, piece, &p)
		})
		return p, err
	}
	const rows, most = 14_000, math.MaxUint32
	p, err := read(most - rows)
	require.NoError(t, err)
	assert.EqualValues(t, most, p.rows)
	_, err = read(most - rows + 1)
	assert.EqualError(t, err, "cannot read records.csv: it has more than 4294967295 rows that can only be read as one: divide it")
	assert.Equal(t, ExitInput, ExitStatus(err))
}

// What is lost, doubled or changed between the hands of a run ends it with 5, and
// nothing of it is published.
func TestLeaksAreFound(t *testing.T) {
	once := func(change func(b *pipeline.Batch) bool) func(int, *pipeline.Batch, func() (bool, error)) (bool, error) {
		var mutex sync.Mutex // workers come here side by side
		done := false
		return func(_ int, b *pipeline.Batch, next func() (bool, error)) (bool, error) {
			more, err := next()
			mutex.Lock()
			defer mutex.Unlock()
			if more && err == nil && !done {
				done = change(b)
			}
			return more, err
		}
	}
	// The first clean record is in the second row, the first flagged one in the first.
	const clean, flagged = 1, 0
	for _, c := range []struct {
		why  string
		leak leak
		exit int
		says string
	}{
		{"nothing", leak{}, ExitDone, ""},
		{"a clean row is passed over", leak{next: once(func(b *pipeline.Batch) bool { b.Rejected[clean] = true; return true })}, ExitLedger, "rows read, and clean, flagged and rejected together"},
		{"a flagged row is passed over", leak{next: once(func(b *pipeline.Batch) bool { b.Rejected[flagged] = true; return true })}, ExitLedger, "rows read"},
		{"a rejected row is judged", leak{next: once(func(b *pipeline.Batch) bool {
			if len(b.Rejects) == 0 {
				return false
			}
			b.Rejected[b.Rejects[0].Row] = false
			return true
		})}, ExitLedger, "rows read"},
		{"a rejected row is not kept", leak{next: once(func(b *pipeline.Batch) bool {
			found := len(b.Rejects) > 0
			b.Rejects = b.Rejects[:0]
			return found
		})}, ExitLedger, "rows rejected by the reader, and in rejects"},
		{"a batch is lost", leak{next: func(batches int, _ *pipeline.Batch, next func() (bool, error)) (bool, error) {
			more, err := next()
			if batches == 1 && more && err == nil {
				return next()
			}
			return more, err
		}}, ExitLedger, "rows read"},
		{"a batch comes twice", leak{next: func(batches int, b *pipeline.Batch, next func() (bool, error)) (bool, error) {
			if batches == 2 {
				return true, nil // what is there still
			}
			return next()
		}}, ExitLedger, "not in order"},
		{"a clean amount is one öre more", leak{next: once(func(b *pipeline.Batch) bool { b.Amount[clean]++; return true })}, ExitLedger, "sums of"},
		{"a flagged amount is one öre less", leak{next: once(func(b *pipeline.Batch) bool { b.Amount[flagged]--; return true })}, ExitLedger, "sums of"},
		{"findings of a piece are lost", leak{collect: func(p *part) { p.findings = nil }}, ExitLedger, "records flagged by the checker, and in findings"},
		{"findings of a piece come twice", leak{collect: func(p *part) { p.findings = append(p.findings, p.findings...) }}, ExitLedger, ""},
		{"rejects of a piece are lost", leak{collect: func(p *part) { p.rejects = nil }}, ExitLedger, "rows rejected by the reader, and in rejects"},
		{"rejects of a piece come twice", leak{collect: func(p *part) { p.rejects = append(p.rejects, p.rejects...) }}, ExitLedger, ""},
		{"a piece is counted as another", leak{collect: func(p *part) { p.ledger.Clean.Add(1, 0) }}, ExitLedger, "rows read"},
	} {
		t.Run(c.why, func(t *testing.T) {
			settings := leakyNight(t)
			result, err := runThrough(t, settings, &c.leak)
			require.Equal(t, c.exit, ExitStatus(err), "%v", err)
			if c.exit == ExitDone {
				assert.NotZero(t, result.Summary.Records.Rejected.Rows)
				assert.NotZero(t, result.Summary.Records.Flagged.Rows)
				return
			}
			assert.ErrorIs(t, err, report.ErrUnbalanced)
			assert.ErrorContains(t, err, c.says)
			assert.NotContains(t, err.Error(), "197010", "an error tells no number")
			requireNothingPublished(t, settings.Output.Folder)
		})
	}
}

func requireNothingPublished(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range entries {
		require.Contains(t, []string{".lock", keyName, "failed"}, entry.Name(), "nothing else is there")
	}
}
