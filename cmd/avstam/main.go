// Command avstam reconciles agencies' payment records with the population
// register's status of identity numbers, and publishes a report of what it
// found. docs/reference.md describes its commands and files.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/storage"
)

func main() { os.Exit(Main()) }

// collectPercent is how much the heap may grow before it is collected.
const collectPercent = 20

// Main runs the program with the process's arguments and streams, and returns
// its exit status.
func Main() int {
	// The register is most of the heap and never changes: a heap that may grow to
	// twice its size before it is collected would waste its size once more.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectPercent)
	}
	// A file that is collected closes its descriptor: that of standard input would
	// become some other file's, which /dev/stdin then names, and the new file of
	// standard output has the descriptor of the old one.
	defer runtime.KeepAlive(os.Stdin)
	defer runtime.KeepAlive(os.Stdout)
	os.Stdin = interruptible(os.Stdin)
	os.Stdout = interruptibleOutput(os.Stdout)
	defer runtime.KeepAlive(os.Stderr)
	os.Stderr = lasting(os.Stderr)
	ctx, stop := untilSignal()
	defer stop()
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	err := pipeline.Guard(func() error { return p.execute(ctx, os.Args[1:]) })
	return p.finish(stoppedBy(ctx, err))
}

// stoppedBy is what a command came to: where a signal stopped it that is the
// signal, whatever it stopped in. What was done before is not undone by it, nor is
// a report that stays told of as if there were none.
func stoppedBy(ctx context.Context, err error) error {
	var interrupted *job.Interrupted
	var passed *thresholdPassed
	var different *differs
	cause := context.Cause(ctx)
	if err == nil || !errors.As(cause, &interrupted) || errors.As(err, &passed) || errors.As(err, &different) ||
		errors.Is(err, storage.ErrUnlinked) {
		return err
	}
	return cause
}

// repeatTime is how long after a signal another is the same: timeout(1) sends its own
// to the process and to its group, and a shell at a terminal to all of a pipeline.
const repeatTime = time.Second

// untilSignal is a context that the first interruption or request to end
// cancels; a second one, later than repeatTime, ends the process as it would any.
func untilSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		received, ok := <-signals
		if !ok {
			return
		}
		cancel(&job.Interrupted{Signal: received})
		// A read that waits for whoever writes into a pipe, or for object storage, must
		// end, too.
		disk.Interrupt()
		_ = os.Stdin.SetReadDeadline(time.Now())
		// So must a write that waits for whoever reads from one; who does read gets
		// what is left to be said.
		_ = os.Stdout.SetWriteDeadline(time.Now().Add(writeTime))
		for repeated := time.After(repeatTime); ok; {
			select {
			case _, ok = <-signals:
			case <-repeated:
				signal.Stop(signals)
				return
			}
		}
	}()
	return ctx, func() {
		// What was done is done, and its status told: a signal must not change it now.
		signal.Ignore(os.Interrupt, syscall.SIGTERM)
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}

// interruptible is a pipe that standard input is, as a file whose reads take a
// deadline; what else it is stays as it is.
func interruptible(in *os.File) *os.File {
	info, err := in.Stat()
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return in
	}
	// A descriptor of its own, since the old file closes its when it is collected.
	descriptor, err := syscall.Dup(syscall.Stdin)
	if err != nil || syscall.SetNonblock(descriptor, true) != nil {
		return in
	}
	syscall.CloseOnExec(descriptor)
	return os.NewFile(uintptr(descriptor), in.Name())
}

// writeTime is how long a write to standard output may take after a signal.
const writeTime = time.Second

// interruptibleOutput is a pipe that standard output is, as a file whose writes
// take a deadline; what else it is stays as it is. The pipe is opened anew for it,
// where the system lets one do so: were it changed, so would it be for the others
// that write to it. It stays the first descriptor, by which a reader that has gone
// ends the program.
func interruptibleOutput(out *os.File) *os.File {
	info, err := out.Stat()
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return out
	}
	descriptor, err := syscall.Open("/proc/self/fd/1", syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return out
	}
	defer syscall.Close(descriptor)
	if unix.Dup2(descriptor, syscall.Stdout) != nil {
		return out
	}
	return os.NewFile(uintptr(syscall.Stdout), out.Name())
}

// lasting is standard error under a descriptor of its own. Were it the second one, the
// runtime would end the program at the next line that nobody reads; what becomes of
// the log changes nothing of what is done, nor of its status.
func lasting(errs *os.File) *os.File {
	descriptor, err := syscall.Dup(syscall.Stderr)
	if err != nil {
		return errs
	}
	syscall.CloseOnExec(descriptor)
	return os.NewFile(uintptr(descriptor), errs.Name())
}

// program is one call of the program: where it reads and writes, and what all
// its commands have in common.
type program struct {
	in       io.Reader
	out, err io.Writer

	logFormat string // text or json
	quiet     bool
	logger    *slog.Logger // to err, from the start of a command
	logTo     movableWriter

	done string // what was done, for the last line; empty for commands that need none
}

// thresholdPassed is a run that was published, and found more than it may.
type thresholdPassed struct {
	passed []string // thresholds, in words
	done   string   // where what was found is
}

func (t *thresholdPassed) Error() string { return strings.Join(t.passed, "; ") + "; " + t.done }

// differs is a comparison that found something that differs.
type differs struct{ err error }

func (d *differs) Error() string { return d.err.Error() }

func usageError(err error) error  { return withExit(job.ExitUsage, err) }
func outputError(err error) error { return withExit(job.ExitOutput, err) }

func inputError(err error) error {
	if errors.Is(err, readers.ErrNamedTwice) {
		return usageError(err)
	}
	return withExit(job.ExitInput, err)
}

// withExit gives an error an exit status, if it has none yet.
func withExit(exit int, err error) error {
	var known *job.Failure
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return &job.Failure{Exit: exit, Err: err}
}

// finish writes the last line on standard error, which says with which exit
// status the program ends and why, and returns that status.
func (p *program) finish(err error) int {
	var passed *thresholdPassed
	var different *differs
	exit := job.ExitStatus(err)
	to := inertWriter{p.err}
	if errors.As(err, &passed) || errors.As(err, &different) {
		exit = job.ExitThreshold
	}
	why := p.done
	if err != nil {
		why = reason(err)
		p.tellProblems(err)
	}
	switch {
	case why == "" || exit == job.ExitDone && p.quiet:
	case p.logFormat == "json":
		level := slog.LevelError
		if err == nil {
			level = slog.LevelInfo
		}
		slog.New(slog.NewJSONHandler(to, nil)).Log(context.Background(), level, why, "exit", exit)
	default:
		fmt.Fprintf(to, "avstam: exit %d: %s\n", exit, why)
	}
	return exit
}

// tellMade prints what there is to say of something that has been made. It is there,
// whatever becomes of what is said about it: where that cannot be printed, a warning
// tells, and the status is that of what was made.
func (p *program) tellMade(warning string, write func(w io.Writer) error) {
	signal.Ignore(syscall.SIGPIPE) // a reader that has gone is an error of the output, too
	if err := write(p.out); err != nil {
		p.logger.Warn(warning, "error", err)
	}
}

// reason is an error in one line. Of a panic only what kind it was and where is
// told: its value may hold what the program was working on.
func reason(err error) string {
	var panicked *pipeline.Panic
	if errors.As(err, &panicked) {
		return "a bug of avstam: " + panicked.Error() + panicPlace(panicked.Stack)
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// panicPlace is the function of ours that panicked, from a stack, without its
// arguments.
func panicPlace(stack []byte) string {
	_, below, _ := strings.Cut(string(stack), "\npanic(")
	for line := range strings.Lines(below) {
		if end := strings.LastIndexByte(line, '('); end > 0 && strings.HasPrefix(line, "github.com/avstam/") {
			return " in " + line[:end]
		}
	}
	return ""
}

// tellProblems tells all that is wrong in a configuration before the last line
// tells the first.
func (p *program) tellProblems(err error) {
	var problems config.Problems
	if errors.As(err, &problems) && len(problems) > 1 {
		to := inertWriter{p.err}
		for _, problem := range problems {
			if p.logFormat == "json" {
				slog.New(slog.NewJSONHandler(to, nil)).Error(problem.Error())
				continue
			}
			fmt.Fprintln(to, problem)
		}
	}
}

// execute runs the command that the arguments name.
func (p *program) execute(ctx context.Context, arguments []string) error {
	root := p.command()
	root.SetArgs(arguments)
	err := root.ExecuteContext(ctx)
	if err != nil && p.logger == nil { // it ended before all flags were read
		p.logFormat = givenLogFormat(arguments)
	}
	return err
}

// givenLogFormat is what arguments say of --log-format, which may stand behind the
// flag that is complained about.
func givenLogFormat(arguments []string) string {
	format := "text"
	for i, argument := range arguments {
		value, joined := strings.CutPrefix(argument, "--log-format=")
		switch {
		case argument == "--":
			return format
		case joined:
			format = value
		case argument == "--log-format" && i+1 < len(arguments):
			format = arguments[i+1]
		}
	}
	return format
}

// command is the root of the commands.
func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "avstam",
		Short: "Reconciles payment records with the population register's status of identity numbers",
		Long: `avstam reads payment records with Swedish identity numbers, looks each number up
as the population register had it on the day of the payment, and publishes a
report of what does not fit: numbers that are none, that are closed, inactive or
replaced, payees who had died, and the like.

Start with "avstam demo", which needs nothing.`,
		RunE:              func(command *cobra.Command, _ []string) error { return command.Help() },
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: func(*cobra.Command, []string) error { return p.startLog() },
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.PersistentFlags().StringVar(&p.logFormat, "log-format", "text", "log on standard error: text or json")
	root.PersistentFlags().BoolVar(&p.quiet, "quiet", false, "neither progress nor log; errors are still told")
	root.AddCommand(
		p.runCommand(), p.demoCommand(), p.inspectCommand(), p.checkCommand(), p.rulesCommand(), p.registerCommand(),
		p.diffCommand(),
		p.generateCommand(), p.verifyCommand(), p.pruneCommand(), p.versionCommand(), p.completionCommand(),
		p.explainCommand(), p.noticesCommand(),
		p.shardCommand(),
	)
	asUsage(root)
	completeFlags(root)
	wrapHelp(root)
	refuseUnknownHelp(root)
	return root
}

// asUsage makes every complaint about flags and arguments one of usage.
func asUsage(command *cobra.Command) {
	command.SetFlagErrorFunc(flagError)
	check := command.Args
	if check == nil {
		check = atMost(0)
	}
	command.Args = func(command *cobra.Command, arguments []string) error {
		if err := check(command, arguments); err != nil {
			return argumentError(command, err)
		}
		return nil
	}
	for _, child := range command.Commands() {
		asUsage(child)
	}
}

// argumentError is a complaint about the arguments of a command, and where these are told.
func argumentError(command *cobra.Command, err error) error {
	return usageError(fmt.Errorf("%w; see %q", withoutNumbers(err), command.CommandPath()+" --help"))
}

// refuseUnknownHelp has cobra's help refuse what the program would: since commands
// check their arguments themselves it takes any word for one of theirs.
func refuseUnknownHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, help := range root.Commands() {
		if help.Name() != "help" {
			continue
		}
		help.Args = cobra.ArbitraryArgs
		help.Run = nil
		help.RunE = func(_ *cobra.Command, arguments []string) error {
			about, rest, err := root.Find(arguments)
			if err == nil {
				err = atMost(0)(about, rest)
			}
			if err != nil {
				return argumentError(about, err)
			}
			about.InitDefaultHelpFlag() // as where it is asked for by --help
			return about.Help()
		}
	}
}

// personalDigits are digits, of any script, that might be an identity number.
var personalDigits = regexp.MustCompile(`\p{Nd}{6,8}[-+ ]?\p{Nd}{4}`)

// withoutNumbers is a complaint about arguments that repeats no identity number:
// who leaves out the command has given one in its place.
func withoutNumbers(err error) error {
	return errors.New(personalDigits.ReplaceAllString(err.Error(), "(digits)"))
}

// startLog sets the log up by the flags.
func (p *program) startLog() error {
	p.logTo.moveTo(p.err)
	writer, options := inertWriter{&p.logTo}, &slog.HandlerOptions{}
	if p.quiet {
		options.Level = slog.LevelWarn // what failed is told all the same
	}
	switch p.logFormat {
	case "text":
		p.logger = slog.New(slog.NewTextHandler(writer, options))
	case "json":
		p.logger = slog.New(slog.NewJSONHandler(writer, options))
	default:
		p.logFormat = "text"
		return usageError(errors.New("--log-format: want text or json"))
	}
	return nil
}

// defaultWorkers is one for each processor that the process may use.
func defaultWorkers() int { return runtime.GOMAXPROCS(0) }
