package main

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/pipeline"
)

// Task is what travels through an engine: the name of a chunk, a bucket or a whole
// job, and where its plan lies. The same task may be done any number of times.
type Task struct {
	Work   string // the folder
	Plan   string // digest of the plan
	Number int    // of the chunk or bucket, from 0
}

// What workers are sent is told by name, and the SDK asks each type for its methods.
// The SDK's generated callers would save time for each element, of which there are
// few.
func init() {
	beam.RegisterType(reflect.TypeFor[Task]())
	for _, function := range []reflect.Type{reflect.TypeFor[chunkTasks](), reflect.TypeFor[mapChunk](), reflect.TypeFor[bucketTasks](), reflect.TypeFor[reduceBucket](), reflect.TypeFor[commit]()} {
		beam.RegisterDoFn(function)
	}
}

// newPipeline is the pipeline of a plan. What comes before a group is complete before
// anything after it begins.
func newPipeline(plan *job.Plan, work string) *beam.Pipeline {
	p, s := beam.NewPipelineWithRoot()
	of := Task{Work: work, Plan: plan.Digest()}
	chunks := beam.ParDo(s.Scope("plan"), &chunkTasks{Of: of, Count: len(plan.Chunks)}, beam.Impulse(s))
	mapped := beam.ParDo(s.Scope("map"), &mapChunk{}, beam.GroupByKey(s, chunks))
	buckets := beam.ParDo(s.Scope("mapped"), &bucketTasks{Of: of, Chunks: len(plan.Chunks), Count: plan.Buckets}, beam.GroupByKey(s, mapped))
	reduced := beam.ParDo(s.Scope("reduce"), &reduceBucket{}, beam.GroupByKey(s, buckets))
	beam.ParDo0(s.Scope("commit"), &commit{Of: of, Buckets: plan.Buckets}, beam.GroupByKey(s, reduced))
	return p
}

// chunkTasks tells of all chunks, each under a key of its own, by which an engine
// spreads them over its workers.
type chunkTasks struct {
	Of    Task
	Count int
}

func (f *chunkTasks) ProcessElement(_ []byte, emit func(int, Task)) {
	for number := range f.Count {
		emit(number, f.Of.numbered(number))
	}
}

func (t Task) numbered(number int) Task {
	t.Number = number
	return t
}

// mapChunk makes the parts of chunks.
type mapChunk struct{ tasks *bundle }

func (f *mapChunk) StartBundle(ctx context.Context, _ func(int, Task)) { f.tasks = newBundle(ctx) }

func (f *mapChunk) ProcessElement(_ int, tasks func(*Task) bool, _ func(int, Task)) error {
	return f.tasks.start(tasks, func(ctx context.Context, task Task) error {
		plan, err := plans.open(task)
		if err != nil {
			return err
		}
		return makeChunk(ctx, plan, task.Number)
	})
}

func (f *mapChunk) FinishBundle(_ context.Context, emit func(int, Task)) error {
	return f.tasks.finish(emit)
}

// makeChunk is replaced by tests, which have it fail.
var makeChunk = func(ctx context.Context, plan *openPlan, number int) error {
	_, err := job.Process(ctx, plan.Plan, plan.openRegister, number, newStep())
	return err
}

func newStep() job.Step { return job.Step{Workers: runtime.GOMAXPROCS(0), Now: time.Now} }

// bucketTasks tells of all buckets, when all chunks are there.
type bucketTasks struct {
	Of     Task
	Chunks int
	Count  int
}

func (f *bucketTasks) ProcessElement(_ int, chunks func(*Task) bool, emit func(int, Task)) error {
	if err := f.Of.complete("chunk", chunks, f.Chunks); err != nil {
		return err
	}
	for number := range f.Count {
		emit(number, f.Of.numbered(number))
	}
	return nil
}

// complete sees to it that there are so many different tasks of the same job.
func (t Task) complete(kind string, tasks func(*Task) bool, count int) error {
	seen := map[int]bool{}
	var task Task
	for tasks(&task) {
		if task.Work != t.Work || task.Plan != t.Plan || task.Number < 0 || task.Number >= count || seen[task.Number] {
			return fmt.Errorf("the engine brought %s %d twice, or of another plan", kind, task.Number)
		}
		seen[task.Number] = true
	}
	if len(seen) != count {
		return fmt.Errorf("the engine brought %d of %d %ss", len(seen), count, kind)
	}
	return nil
}

// reduceBucket makes the parts of buckets.
type reduceBucket struct{ tasks *bundle }

func (f *reduceBucket) StartBundle(ctx context.Context, _ func(int, Task)) { f.tasks = newBundle(ctx) }

func (f *reduceBucket) ProcessElement(_ int, tasks func(*Task) bool, _ func(int, Task)) error {
	return f.tasks.start(tasks, func(ctx context.Context, task Task) error {
		plan, err := plans.open(task)
		if err != nil {
			return err
		}
		chunks, err := plan.chunkParts()
		if err == nil {
			_, err = job.Reduce(ctx, plan.Plan, chunks, task.Number, newStep())
		}
		return err
	})
}

func (f *reduceBucket) FinishBundle(_ context.Context, emit func(int, Task)) error {
	return f.tasks.finish(emit)
}

// commit publishes the report, when all buckets are there.
type commit struct {
	Of      Task
	Buckets int
}

func (f *commit) ProcessElement(ctx context.Context, _ int, buckets func(*Task) bool) error {
	if err := f.Of.complete("bucket", buckets, f.Buckets); err != nil {
		return err
	}
	return pipeline.Guard(func() error {
		plan, err := plans.open(f.Of)
		if err != nil {
			return err
		}
		chunkParts, err := plan.chunkParts()
		if err != nil {
			return err
		}
		bucketParts, err := plan.Parts(job.BucketPart)
		if err != nil {
			return err
		}
		result, err := job.Commit(ctx, plan.Plan, chunkParts, bucketParts, newStep())
		if err != nil {
			return err
		}
		return writeOutcome(f.Of.Work, plan.Plan, result)
	})
}

// slots bound how many parts the process makes at a time, whatever the engine
// sends it: each takes the memory of a worker.
var slots = make(chan struct{}, runtime.GOMAXPROCS(0))

// bundle is the elements that an engine gives a worker to do together. They are done
// side by side: some engines give all to one worker, one after the other.
type bundle struct {
	ctx    context.Context
	cancel context.CancelCauseFunc // with the first error in time
	group  sync.WaitGroup

	mutex sync.Mutex
	done  []Task
}

func newBundle(ctx context.Context) *bundle {
	ctx, cancel := context.WithCancelCause(ctx)
	return &bundle{ctx: ctx, cancel: cancel}
}

// start starts tasks as soon as there are slots for them. An error may be that of
// one that was started before. What fails is told without what it was working on:
// engines keep and show errors.
func (b *bundle) start(tasks func(*Task) bool, do func(context.Context, Task) error) error {
	var task Task
	for tasks(&task) {
		select {
		case slots <- struct{}{}:
		case <-b.ctx.Done():
			return context.Cause(b.ctx)
		}
		b.group.Go(func() {
			defer func() { <-slots }()
			err := pipeline.Guard(func() error { return do(b.ctx, task) })
			if err != nil {
				b.cancel(err)
				return
			}
			b.mutex.Lock()
			defer b.mutex.Unlock()
			b.done = append(b.done, task)
		})
	}
	return nil
}

// finish waits for what was started, and emits it under one key.
func (b *bundle) finish(emit func(int, Task)) error {
	b.group.Wait()
	if err := context.Cause(b.ctx); err != nil {
		return err
	}
	b.cancel(nil)
	for _, task := range b.done {
		emit(0, task)
	}
	return nil
}
