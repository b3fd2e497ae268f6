// Command avstam-beam has an engine of Apache Beam do the steps of a job in parts,
// which avstam shard plan has planned. docs/scale-out.md says how to start it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	beamlog "github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal"
	"github.com/spf13/cobra"

	"github.com/avstam/avstam/job"
)

func main() { os.Exit(Main()) }

// Main runs the program with the process's arguments, and returns its exit status.
func Main() int {
	beamlog.LogLevel, beamlog.LogKind = "warn", "text"
	if isWorker(os.Args[1:]) {
		work()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command := rootCommand()
	err := command.ExecuteContext(ctx)
	exit, why := job.ExitStatus(err), "done"
	var passed *thresholdPassed
	switch {
	case errors.As(err, &passed):
		exit, why = job.ExitThreshold, err.Error()
	case err != nil && context.Cause(ctx) != nil:
		exit, why = 128+int(syscall.SIGINT), "interrupted; what an engine elsewhere does goes on until it is cancelled there"
	case err != nil:
		why = cause(err)
		var known *job.Failure
		if !errors.As(err, &known) {
			exit = job.ExitInput // an engine gives the text of an error alone
		}
	}
	fmt.Fprintf(os.Stderr, "avstam-beam: exit %d: %s\n", exit, why)
	return exit
}

// cause is the last line of an error that says why: an engine puts what it was doing
// before it, and Java's stacks after it.
func cause(err error) string {
	why := ""
	for line := range strings.Lines(err.Error()) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "at ") && !strings.HasPrefix(text, "... ") {
			why = text
		}
	}
	return why
}

// isWorker says whether the process is to work for an engine: workers' flags are
// the SDK's.
func isWorker(arguments []string) bool { return slices.Contains(arguments, workerFlag) }

const workerFlag = "--worker=true"

// work works for an engine until that ends the process.
func work() {
	// As in avstam: the register is most of the heap and never changes.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(20)
	}
	flag.Parse()
	beam.Init()
	panic("the worker has not been started") // Init does not return in a worker
}

func rootCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "avstam-beam",
		Short: "Has an engine of Apache Beam do a job in parts",
		Long: `Has an engine of Apache Beam do the steps of a job that avstam shard plan has
planned: it maps the chunks, reduces the buckets and publishes the report that
avstam run would have. The work folder, the records, the register and the output
folder must have the same paths on all machines; no record goes through the engine.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	command.CompletionOptions.DisableDefaultCmd = true
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err) })
	command.AddCommand(runCommand(), prismCommand(), workersCommand())
	return command
}

func usageError(err error) error { return &job.Failure{Exit: job.ExitUsage, Err: err} }

func runCommand() *cobra.Command {
	var work, endpoint, workers string
	var parallelism int
	command := &cobra.Command{
		Use:   "run",
		Short: "Has the job of a work folder done",
		Long: `Submits the job of a work folder and waits for its end. Without --endpoint the job
is done in this process, by Prism; with it by the engine whose job server that is. With
--workers the engine starts workers with the avstam-beam workers that listens there
on each of its machines; else it calls back into this process. A job that failed is
run again, and does what is left to do.`,
		Example: `  avstam-beam run --work work
  avstam-beam run --work work --endpoint localhost:8099 --workers localhost:50000 --parallelism 16`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			switch {
			case work == "":
				return usageError(errors.New("no work folder is named: --work"))
			case workers != "" && endpoint == "":
				return usageError(errors.New("--workers: workers elsewhere are for an engine elsewhere: name it with --endpoint"))
			}
			// Workers may have been started elsewhere.
			work, err := filepath.Abs(work)
			if err != nil {
				return usageError(err)
			}
			plan, err := job.ReadPlan(work, version())
			if err != nil {
				return err
			}
			*jobopts.Endpoint, *jobopts.EnvironmentType, *jobopts.Parallelism = endpoint, "loopback", parallelism
			if workers != "" {
				*jobopts.EnvironmentType, *jobopts.EnvironmentConfig = "external", workers
				// Workers have the program; what is staged for them is never fetched.
				*jobopts.WorkerBinary = os.DevNull
			}
			*jobopts.JobName = "avstam-" + plan.Digest()[:16]
			beam.Init()
			execute := universal.Execute
			if endpoint == "" {
				execute = prism.Execute
			}
			if _, err := execute(command.Context(), newPipeline(plan, work)); err != nil {
				return err
			}
			told, err := readOutcome(work, plan)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stdout, "Report: %s\n", told.Folder)
			if len(told.Passed) > 0 {
				return &thresholdPassed{told.Passed, told.Folder}
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&work, "work", "", "the work folder, with the plan of avstam shard plan")
	flags.StringVar(&endpoint, "endpoint", "", "the engine's job server, host:port (default Prism in this process)")
	flags.StringVar(&workers, "workers", "", "where avstam-beam workers listens, host:port, as the engine's machines see it (default this process)")
	flags.IntVar(&parallelism, "parallelism", -1, "how many parts the engine makes side by side (default what it is set to)")
	return command
}

// thresholdPassed says that the report is published and passes a threshold.
type thresholdPassed struct {
	passed []string // thresholds, in words
	folder string
}

func (t *thresholdPassed) Error() string {
	return strings.Join(t.passed, "; ") + "; the report is published: " + t.folder
}

func prismCommand() *cobra.Command {
	var port int
	command := &cobra.Command{
		Use:     "prism",
		Short:   "Is a job server: Prism, the small engine of Beam's SDK",
		Example: "  avstam-beam prism --port 8073",
		Long: `Waits for jobs and has workers do them, one machine's worth at a time. It listens on
all addresses, asks for no password and runs what it is sent: close the port to other
machines.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			// Prism panics where it cannot listen.
			listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
			if err != nil {
				return usageError(fmt.Errorf("--port: %w", err))
			}
			_ = listener.Close() // it was only tried
			if _, err := prism.CreateJobServer(ctx, prism.Options{Port: port}); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		},
	}
	command.Flags().IntVar(&port, "port", 8073, "where to listen")
	return command
}

func workersCommand() *cobra.Command {
	var listen string
	command := &cobra.Command{
		Use:     "workers",
		Short:   "Starts worker processes where an engine asks for them",
		Example: "  avstam-beam workers --listen localhost:50000",
		Long: `Starts a process of this program for each worker that an engine asks for, and ends it
when the engine says so or when it ends itself. Whoever reaches the address can have it
connect to any machine, so it is an address of this machine alone unless told otherwise.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return serveWorkers(command.Context(), listen) },
	}
	command.Flags().StringVar(&listen, "listen", "localhost:50000", "where to listen")
	return command
}

// version is that of the module, as the build recorded it: avstam of the same
// commit has the same.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok || build.Main.Version == "" {
		return "(devel)"
	}
	return build.Main.Version
}
