package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/rules"
)

// shardFlags are the flags of the steps of a job in parts.
type shardFlags struct {
	work      string
	index, of int
	workers   int
	progress  string
	metrics   string
}

func (p *program) shardCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "shard",
		Short: "Does the job of run in steps, each by many processes or machines",
		Long: `Where one machine is not enough, the job is done in four steps, which share a
work folder:

  plan    cuts the files into chunks, and writes down what all must agree on
  map     checks the records of its share of the chunks
  reduce  judges its share of the buckets by the rules that compare records
  commit  puts the parts together and publishes the report that run would have

The processes of map and reduce are told apart by --index N --of M, from 0; the
index is else taken from JOB_COMPLETION_INDEX (Kubernetes), SLURM_ARRAY_TASK_ID or
AWS_BATCH_JOB_ARRAY_INDEX. A step that died is repeated, and does what is left to
do; each sees to it that the one before is complete. The work folder holds identity
numbers, and is the operator's to remove.`,
		Example: `  avstam shard plan -c avstam.yaml --work work
  seq 0 7 | xargs -P 8 -I N avstam shard map --work work --index N --of 8
  seq 0 3 | xargs -P 4 -I N avstam shard reduce --work work --index N --of 4
  avstam shard commit --work work`,
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(p.shardPlanCommand(), p.shardMapCommand(), p.shardReduceCommand(), p.shardCommitCommand())
	return command
}

func (f *shardFlags) addWork(command *cobra.Command) {
	command.Flags().StringVar(&f.work, "work", "", "the work folder, which all steps see")
}

func (f *shardFlags) addShare(command *cobra.Command) {
	f.addWork(command)
	flags := command.Flags()
	flags.IntVar(&f.index, "index", -1, "which of the processes of the step this is, from 0 (default from JOB_COMPLETION_INDEX and the like)")
	flags.IntVar(&f.of, "of", 1, "how many processes do the step")
	flags.IntVar(&f.workers, "workers", defaultWorkers(), "how many parts are made at a time")
	flags.StringVar(&f.progress, "progress", "auto", "auto (a bar on a terminal, else a line every thirty seconds), always (a bar) or never")
}

// check checks the flags that all steps after the plan have.
func (f *shardFlags) check() error {
	if f.work == "" {
		return usageError(errors.New("no work folder is named: --work"))
	}
	if f.workers < 1 || f.workers > job.MaxWorkers {
		return usageError(fmt.Errorf("--workers: want 1 to %d", job.MaxWorkers))
	}
	return checkProgress(f.progress)
}

// plan is the plan of the work folder.
func (f *shardFlags) plan() (*job.Plan, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return job.ReadPlan(f.work, version())
}

// planOfShare settles which process of how many this is, before it reads the plan.
func (f *shardFlags) planOfShare(command *cobra.Command) (*job.Plan, error) {
	if err := f.share(command); err != nil {
		return nil, err
	}
	return f.plan()
}

// indexVariables are where those who start many processes tell each which it is.
var indexVariables = []string{"JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX"}

// share settles which process of how many this is.
func (f *shardFlags) share(command *cobra.Command) error {
	given := "--index"
	if !command.Flags().Changed("index") {
		f.index = 0
		for _, name := range indexVariables {
			text := os.Getenv(name)
			if text == "" {
				continue
			}
			index, err := strconv.Atoi(text)
			if err != nil {
				return usageError(fmt.Errorf("%s: want a number from 0", name))
			}
			if !command.Flags().Changed("of") {
				return usageError(fmt.Errorf("%s says that this is one of many processes: say of how many with --of", name))
			}
			f.index, given = index, name
			break
		}
	}
	if f.of < 1 {
		return usageError(errors.New("--of: want at least 1"))
	}
	if f.index < 0 || f.index >= f.of {
		return usageError(fmt.Errorf("%s: want 0 to %d, which is one less than --of", given, f.of-1))
	}
	return nil
}

func (p *program) shardPlanCommand() *cobra.Command {
	var f runFlags
	var work string
	chunkBytes := int64(job.DefaultChunkBytes)
	command := &cobra.Command{
		Use:   "plan",
		Short: "Cuts the files into chunks and writes the plan of a job in parts",
		Long: `Takes the configuration and the flags of run, opens register and records, cuts the
files into chunks and writes the plan into the work folder, for all other steps.
The register must be a snapshot. Parquet and Arrow files are cut by their metadata, a
CSV file is read once to find where rows end; a compressed one and an Arrow stream are
one chunk.`,
		Example: "  avstam shard plan -c avstam.yaml --work work",
		Args:    noFiles,
		RunE: func(command *cobra.Command, _ []string) error {
			if work == "" {
				return usageError(errors.New("no work folder is named: --work"))
			}
			if chunkBytes < 1 {
				return usageError(errors.New("--chunk-bytes: want at least 1"))
			}
			settings, err := f.settings(command.Context())
			if err != nil {
				return err
			}
			if err := f.job.complete(&settings); err != nil {
				return err
			}
			shown, err := p.startProgress(f.job.progress)
			if err != nil {
				return err
			}
			settings.Progress, settings.Opened, settings.Skipped = shown.note, p.tellFiles, p.tellSkipped
			plan, err := job.NewPlan(command.Context(), settings, work, chunkBytes)
			shown.stop()
			if err != nil {
				return err
			}
			p.done = fmt.Sprintf("planned: %s of %s, %s", counted(len(plan.Chunks), "chunk"), counted(len(plan.Files), "file"), counted(plan.Buckets, "bucket"))
			return nil
		},
	}
	p.addRunFlags(command, &f)
	// Neither standard input nor output is of use to many processes.
	command.Flags().Lookup("records").Usage = "files of records: a path, glob or folder; repeatable"
	command.Flags().Lookup("register").Usage = "the register: a snapshot"
	command.Flags().Lookup("out").Usage = "folder of the reports"
	// It checks no records, either.
	command.Flags().Lookup("workers").Usage = "how many files are cut at a time"
	command.Flags().StringVar(&work, "work", "", "the work folder, which all steps see")
	command.Flags().Int64Var(&chunkBytes, "chunk-bytes", chunkBytes, "about how large a chunk is in its file")
	return command
}

func (p *program) shardMapCommand() *cobra.Command {
	var f shardFlags
	command := &cobra.Command{
		Use:   "map",
		Short: "Checks the records of a share of the chunks",
		Long: `Checks the records of the chunks whose number leaves --index when it is divided by
--of, and makes a part of each. Parts that are there are not made again.`,
		Example: "  avstam shard map --work work --index 3 --of 8",
		RunE: func(command *cobra.Command, _ []string) error {
			plan, err := f.planOfShare(command)
			if err != nil {
				return err
			}
			openRegister := sync.OnceValues(plan.OpenRegister)
			return p.makeParts(command.Context(), &f, len(plan.Chunks), "chunk", func(ctx context.Context, number int, step job.Step) error {
				_, err := job.Process(ctx, plan, openRegister, number, step)
				return err
			})
		},
	}
	f.addShare(command)
	return command
}

func (p *program) shardReduceCommand() *cobra.Command {
	var f shardFlags
	command := &cobra.Command{
		Use:   "reduce",
		Short: "Judges a share of the buckets by the rules that compare records",
		Long: `Judges the buckets whose number leaves --index when it is divided by --of, and makes
a part of each. All chunks must have been mapped.`,
		Example: "  avstam shard reduce --work work --index 1 --of 4",
		RunE: func(command *cobra.Command, _ []string) error {
			plan, err := f.planOfShare(command)
			if err != nil {
				return err
			}
			chunks, err := plan.Parts(job.ChunkPart)
			if err != nil {
				return err
			}
			return p.makeParts(command.Context(), &f, plan.Buckets, "bucket", func(ctx context.Context, number int, step job.Step) error {
				_, err := job.Reduce(ctx, plan, chunks, number, step)
				return err
			})
		},
	}
	f.addShare(command)
	return command
}

// makeParts makes the parts of the process's share, some at a time. The error is
// that of the first part that failed, by its number.
func (p *program) makeParts(ctx context.Context, f *shardFlags, count int, what string, do func(ctx context.Context, number int, step job.Step) error) error {
	shown, err := p.startProgress(f.progress)
	if err != nil {
		return err
	}
	var mutex sync.Mutex // of what follows
	var all job.Progress
	p.logger.Info("started", "version", version(), "index", f.index, "of", f.of, "workers", f.workers)
	errs := make([]error, count)
	made := 0
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(f.workers)
	for number := f.index; number < count; number += f.of {
		made++
		group.Go(func() error {
			if groupContext.Err() != nil {
				return context.Cause(ctx) // nil where another part failed
			}
			var last job.Progress
			errs[number] = do(ctx, number, job.Step{Now: timeNow, Progress: func(at job.Progress) {
				mutex.Lock()
				defer mutex.Unlock()
				all.Stage = what + "s"
				all.Rows += at.Rows - last.Rows
				all.Bytes += at.Bytes - last.Bytes
				last = at
				shown.note(all)
			}})
			return errs[number]
		})
	}
	failed := group.Wait()
	shown.stop()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	p.done = fmt.Sprintf("%d of %s done here", made, counted(count, what))
	return nil
}

// counted is a number of things in words.
func counted(count int, thing string) string {
	return fmt.Sprintf("%d %s", count, rules.Plural(count, thing, thing+"s"))
}

func (p *program) shardCommitCommand() *cobra.Command {
	var f shardFlags
	command := &cobra.Command{
		Use:   "commit",
		Short: "Puts the parts together and publishes the report",
		Long: `Sees to it that there is exactly one part for each chunk and bucket, all of this
plan, and publishes the report that run would have published, or nothing. It prints
the summary, and ends with 1 where a threshold was passed, as run does.`,
		Example: "  avstam shard commit --work work",
		RunE: func(command *cobra.Command, _ []string) error {
			plan, err := f.plan()
			if err != nil {
				return err
			}
			chunks, err := plan.Parts(job.ChunkPart)
			if err != nil {
				return err
			}
			buckets, err := plan.Parts(job.BucketPart)
			if err != nil {
				return err
			}
			shown, err := p.startProgress(f.progress)
			if err != nil {
				return err
			}
			result, err := job.Commit(command.Context(), plan, chunks, buckets, job.Step{Workers: f.workers, Progress: shown.note, Now: timeNow, MetricsFile: f.metrics})
			shown.stop()
			if err != nil {
				return err
			}
			if result.IsOld {
				p.logger.Info("the report had been published before")
			}
			return p.tellResult(result)
		},
	}
	f.addWork(command)
	flags := command.Flags()
	flags.IntVar(&f.workers, "workers", defaultWorkers(), "how many workers put parts together")
	flags.StringVar(&f.metrics, "metrics-file", "", "write the metrics to this file, too")
	flags.StringVar(&f.progress, "progress", "auto", "auto (a bar on a terminal, else a line every thirty seconds), always (a bar) or never")
	return command
}
