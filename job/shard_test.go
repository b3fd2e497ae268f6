package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

// partedNight is a job whose files meet agencies, payment types and currencies in
// different orders, with payments that come twice and under two numbers in
// different files.
func partedNight(t *testing.T) Settings {
	t.Helper()
	folder := t.TempDir()
	extract := "number,status,status_from,linked_number\n196408233234,active,2010-01-01,\n197010632391,closed,2020-01-01,196408233234\n198012132398,inactive,2020-01-01,\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "register.csv"), []byte(extract), 0o600))
	builder := register.NewBuilder(calendar.Of(2025, 11, 30))
	_, err := readers.ReadExtract(t.Context(), readers.Source{Name: "register", Files: []string{filepath.Join(folder, "register.csv")}}, readers.Options{}, builder.Add)
	require.NoError(t, err)
	snapshot, _, err := builder.Build()
	require.NoError(t, err)
	require.NoError(t, snapshot.Save(filepath.Join(folder, "register.avr")))

	numbers := []string{"196408233234", "197010632391", "198012132398", "19640823-3235"}
	var files []string
	for file := range 4 {
		var text strings.Builder
		text.WriteString("identity_number,payment_date,amount,agency,payment_type,currency\n")
		for row := range 400 {
			i := (row*7 + file*3) % 400
			day := fmt.Sprintf("2025-11-%02d", 1+i%28)
			if i%97 == 5 {
				day = "never"
			}
			fmt.Fprintf(&text, "%s,%s,%d.50,agency %d,type %d,%s\n", numbers[i%4], day, i%9, (i+file)%5, (i*file)%7, []string{"SEK", "EUR", "NOK"}[(i+file)%3])
		}
		files = append(files, filepath.Join(folder, fmt.Sprintf("records%d.csv", file)))
		require.NoError(t, os.WriteFile(files[file], []byte(text.String()), 0o600))
	}
	policy := rules.DefaultPolicy()
	policy.Severities = map[string]rules.Severity{"duplicate_payment": rules.Warning}
	policy.TestNumbers = []identity.Number{198012132398}
	return Settings{
		Register: Register{Snapshot: filepath.Join(folder, "register.avr"), ExtractDate: calendar.Of(2025, 11, 30)},
		Sources: []readers.Source{
			{Name: "first", Files: files[:2]}, {Name: "second", Files: files[2:]},
		},
		Expect: make([]Expect, 2), Policy: policy,
		Output:     Output{Folder: filepath.Join(folder, "out"), Parquet: true, CSV: true, KeyFile: filepath.Join(folder, "key")},
		MaxRejects: Limit{Share: 0.5, IsShare: true},
		Workers:    2, Digest: true, Version: "test", AsOf: calendar.Of(2025, 12, 1), Now: time.Now, Configuration: map[string]any{"b": 1, "a": 2},
	}
}

func stepOf(settings *Settings) Step { return Step{Workers: settings.Workers, Now: settings.Now} }

// mapAll and reduceAll do a step in the order that is the worst: from the end.
func mapAll(t *testing.T, plan *Plan, step Step) []Part {
	t.Helper()
	openRegister := sync.OnceValues(plan.OpenRegister)
	var parts []Part
	for number := len(plan.Chunks) - 1; number >= 0; number-- {
		part, err := Process(t.Context(), plan, openRegister, number, step)
		require.NoError(t, err)
		parts = append(parts, part)
	}
	return parts
}

func reduceAll(t *testing.T, plan *Plan, chunks []Part, step Step) []Part {
	t.Helper()
	var parts []Part
	for bucket := plan.Buckets - 1; bucket >= 0; bucket-- {
		part, err := Reduce(t.Context(), plan, chunks, bucket, step)
		require.NoError(t, err)
		parts = append(parts, part)
	}
	return parts
}

// A plan that was not finished binds nobody to the test numbers that it had.
func TestAnUnfinishedPlanLeavesNoTestNumbersForAnother(t *testing.T) {
	settings := partedNight(t)
	work := filepath.Join(t.TempDir(), "work")
	end := disk.Interfere(func(operation disk.Operation, path string) *disk.Fault {
		if operation == disk.OpLink && path == filepath.Join(work, planFile) {
			return &disk.Fault{Err: syscall.EIO}
		}
		return nil
	})
	_, err := NewPlan(t.Context(), settings, work, DefaultChunkBytes)
	end()
	require.ErrorIs(t, err, syscall.EIO)
	settings.Policy.TestNumbers = []identity.Number{196408233234, 198012132398}
	plan, err := NewPlan(t.Context(), settings, work, DefaultChunkBytes)
	require.NoError(t, err)
	assert.Equal(t, settings.Policy.TestNumbers, plan.settings.Policy.TestNumbers)
}

// Whatever the chunks, a job in parts publishes what a run publishes, though no two
// parts number their texts alike; and parts are the same whenever they are made.
func TestPartsGiveTheReportOfARun(t *testing.T) {
	settings := partedNight(t)
	whole, err := Run(t.Context(), settings)
	require.NoError(t, err)
	require.Positive(t, whole.Summary.Findings)
	found := map[string]int64{}
	for _, count := range whole.Summary.Rules {
		found[count.Rule] = count.Findings
	}
	require.Positive(t, found["duplicate_payment"])
	require.Positive(t, found["paid_under_two_numbers"])
	require.Positive(t, found["test_number"])

	for _, chunkBytes := range []int64{500, 6000, DefaultChunkBytes} {
		parted := settings
		parted.Output.Folder = filepath.Join(t.TempDir(), "out")
		step := stepOf(&parted)
		work := filepath.Join(t.TempDir(), "work")
		plan, err := NewPlan(t.Context(), parted, work, chunkBytes)
		require.NoError(t, err)
		text, err := os.ReadFile(filepath.Join(work, planFile))
		require.NoError(t, err)
		assert.NotContains(t, string(text), "198012132398", "a plan holds no identity numbers")
		chunks := mapAll(t, plan, step)
		// What goes from step to step can be written down.
		written, err := json.Marshal(chunks)
		require.NoError(t, err)
		chunks = nil
		require.NoError(t, json.Unmarshal(written, &chunks))
		buckets := reduceAll(t, plan, chunks, step)
		result, err := Commit(t.Context(), plan, chunks, buckets, step)
		require.NoError(t, err)
		for _, name := range []string{"findings.parquet", "findings.csv", "rejects.parquet", "rejects.csv", "summary.json"} {
			want, err := os.ReadFile(filepath.Join(whole.Folder, name))
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join(result.Folder, name))
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got), "%s with chunks of %d bytes", name, chunkBytes)
		}

		again, err := Commit(t.Context(), plan, chunks, buckets, step)
		require.NoError(t, err)
		assert.True(t, again.IsOld)
		assert.Equal(t, result.Folder, again.Folder)

		for _, part := range chunks[:min(5, len(chunks))] {
			folder, name := plan.place(ChunkPart, part.Number)
			before, err := os.ReadFile(filepath.Join(folder, name))
			require.NoError(t, err)
			require.NoError(t, os.Remove(filepath.Join(folder, name)))
			openRegister := sync.OnceValues(plan.OpenRegister)
			made, err := Process(t.Context(), plan, openRegister, part.Number, step)
			require.NoError(t, err)
			assert.Equal(t, part, made)
			after, err := os.ReadFile(filepath.Join(folder, name))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(before, after), "a part is the same whenever it is made")
		}
	}
}

// A commit that publishes nothing new writes the metrics that the first may not have come
// to, and leaves those of a later run alone.
func TestARepeatedCommitSetsNoMetricsBack(t *testing.T) {
	settings := partedNight(t)
	settings.Output.MetricsFile = filepath.Join(t.TempDir(), "avstam.prom")
	read := func() string {
		t.Helper()
		text, err := os.ReadFile(settings.Output.MetricsFile)
		require.NoError(t, err)
		return string(text)
	}
	_, commit := inParts(t, settings, DefaultChunkBytes)
	first := commit()
	require.NoError(t, os.Remove(settings.Output.MetricsFile))
	again := commit()
	require.True(t, again.IsOld)
	require.NotEmpty(t, read(), "latest is at this report, and its metrics were missing")

	later, err := Run(t.Context(), settings)
	require.NoError(t, err)
	require.Greater(t, later.Folder, first.Folder)
	of := read()
	again = commit()
	require.True(t, again.IsOld)
	require.NoError(t, again.Warning)
	assert.Equal(t, filepath.Base(later.Folder), again.Newer)
	assert.Equal(t, of, read(), "the metrics are those of the later run")
	left, err := os.ReadDir(filepath.Dir(settings.Output.MetricsFile))
	require.NoError(t, err)
	assert.Len(t, left, 1)
}

// A chunk that fails leaves no part, whatever it fails of, and nothing is published
// before it has been repeated.
func TestFailedChunksPublishNothing(t *testing.T) {
	settings := partedNight(t)
	step := stepOf(&settings)
	plan, err := NewPlan(t.Context(), settings, filepath.Join(t.TempDir(), "work"), 3000)
	require.NoError(t, err)
	chunks := mapAll(t, plan, step)
	folder, name := plan.place(ChunkPart, 3)
	require.NoError(t, os.Remove(filepath.Join(folder, name)))

	_, err = Process(t.Context(), plan, func() (*register.Snapshot, error) { return nil, nil }, 3, step)
	var panicked *pipeline.Panic
	require.ErrorAs(t, err, &panicked)
	assert.Equal(t, ExitBug, ExitStatus(err))

	openRegister := sync.OnceValues(plan.OpenRegister)
	stopped, stop := context.WithCancelCause(t.Context())
	reason := errors.New("stopped")
	stop(reason)
	_, err = Process(stopped, plan, openRegister, 3, step)
	require.ErrorIs(t, err, reason)

	path := plan.Files[plan.Chunks[3].File].Input.Path
	require.NoError(t, os.Rename(path, path+".gone"))
	_, err = Process(t.Context(), plan, openRegister, 3, step)
	assert.Equal(t, ExitInput, ExitStatus(err))
	require.NoError(t, os.Rename(path+".gone", path))

	_, err = plan.finished(ChunkPart, 3)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = plan.Parts(ChunkPart)
	require.EqualError(t, err, fmt.Sprintf("the step before is not complete: there is no part of chunk 3 (of %d, numbered from 0); avstam shard map makes it", len(plan.Chunks)))
	_, err = Reduce(t.Context(), plan, chunks, 0, step)
	require.Error(t, err, "a part that is named and not there")
	assert.Equal(t, ExitInput, ExitStatus(err))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, len(plan.Chunks)-1, "no attempt leaves anything")

	_, err = Process(t.Context(), plan, openRegister, 3, step)
	require.NoError(t, err)
	buckets := reduceAll(t, plan, chunks, step)
	_, err = Commit(t.Context(), plan, chunks, buckets[1:], step)
	require.ErrorContains(t, err, "there is no part of bucket 63 (of 64, numbered from 0); avstam shard reduce makes it")
	_, err = Commit(t.Context(), plan, append(chunks, chunks[0]), buckets, step)
	require.ErrorContains(t, err, "has two parts")
	assert.Empty(t, published(t, &settings))
	_, err = Commit(t.Context(), plan, chunks, buckets, step)
	require.NoError(t, err)
	assert.Len(t, published(t, &settings), 1)
}

func published(t *testing.T, settings *Settings) []string {
	t.Helper()
	reports, err := filepath.Glob(filepath.Join(settings.Output.Folder, "2*"))
	require.NoError(t, err)
	return reports
}

// A byte of a part that has changed is noticed by the step that reads it, wherever
// it lies, or is one that nothing reads.
func TestDamagedPartsPublishNothing(t *testing.T) {
	settings := partedNight(t)
	step := stepOf(&settings)
	plan, err := NewPlan(t.Context(), settings, filepath.Join(t.TempDir(), "work"), 10_000)
	require.NoError(t, err)
	chunks := mapAll(t, plan, step)
	buckets := reduceAll(t, plan, chunks, step)
	for _, part := range []Part{chunks[0], buckets[0], buckets[20]} {
		folder, name := plan.place(part.Kind, part.Number)
		path := filepath.Join(folder, name)
		sound, err := os.ReadFile(path)
		require.NoError(t, err)
		for at := len(partMagic); at < len(sound); at += 1 + len(sound)/15 {
			damaged := bytes.Clone(sound)
			damaged[at] ^= 0x10
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			require.NoError(t, refuses(t, plan, part.Kind, chunks, buckets, step), "byte %d of %s", at, name)
		}
		for _, length := range []int{0, 5, len(sound) / 2, len(sound) - 1} {
			require.NoError(t, os.WriteFile(path, sound[:length], 0o600))
			require.NoError(t, refuses(t, plan, part.Kind, chunks, buckets, step), "%d bytes of %s", length, name)
		}
		require.NoError(t, os.WriteFile(path, sound, 0o600))
	}
	assert.Empty(t, published(t, &settings))

	// A chunk that was mapped again otherwise, say by hand, after the buckets.
	plan2, err := NewPlan(t.Context(), settings, filepath.Join(t.TempDir(), "work"), 10_000)
	require.NoError(t, err)
	_, err = Commit(t.Context(), plan2, chunks, buckets, step)
	require.Error(t, err)
	assert.Equal(t, ExitInput, ExitStatus(err))
	folder, name := plan.place(BucketPart, 5)
	require.NoError(t, os.Remove(filepath.Join(folder, name)))
	stale, err := plan.makePart(BucketPart, 5, func(w *partWriter) error {
		w.directory.Of = digestOf(nil)
		return nil
	})
	require.NoError(t, err)
	ordered, err := plan.complete(BucketPart, buckets)
	require.NoError(t, err)
	ordered[5] = stale
	_, err = Commit(t.Context(), plan, chunks, ordered, step)
	require.ErrorContains(t, err, "it was made of other parts of the chunks")
}

// refuses says where the steps after it do not refuse a damaged part.
func refuses(t *testing.T, plan *Plan, damaged string, chunks, buckets []Part, step Step) error {
	t.Helper()
	for bucket := 0; damaged == ChunkPart && bucket < plan.Buckets; bucket++ {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(t, err)
		copied := *plan
		copied.folder = folder
		require.NoError(t, storage.MakeFolder(filepath.Join(folder, bucketFolder)))
		require.NoError(t, os.Symlink(filepath.Join(plan.folder, chunkFolder), filepath.Join(folder, chunkFolder)))
		if _, err := Reduce(t.Context(), &copied, chunks, bucket, step); err != nil {
			return refused(err)
		}
	}
	_, err := Commit(t.Context(), plan, chunks, buckets, step)
	return refused(err)
}

func refused(err error) error {
	if err == nil {
		return errors.New("nobody noticed")
	}
	if status := ExitStatus(err); status != ExitInput {
		return fmt.Errorf("status %d: %w", status, err)
	}
	return nil
}
