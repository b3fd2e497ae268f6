package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/storage"
)

func (p *program) registerCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "register",
		Short: "Compiles register extracts into snapshots, and tells about them",
		Example: `  avstam register build --in 'extract/*.parquet' --out register.avr
  avstam register info register.avr`,
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(p.registerBuildCommand(), p.registerInfoCommand(), p.registerDiffCommand())
	return command
}

func (p *program) registerBuildCommand() *cobra.Command {
	var flags config.Flags
	var configuration, out string
	command := &cobra.Command{
		Use:   "build",
		Short: "Compiles an extract into a snapshot, which opens in a moment",
		Long: `Reads a register extract, checks it, and writes a snapshot that runs open in a
moment. What the extract contradicts itself in is counted and told, and does not
stop the build.`,
		Example: `  avstam register build --in 'extract/*.parquet' --extract-date 2025-11-20 --out register.avr
  avstam register build -c avstam.yaml --out register.avr`,
		RunE: func(command *cobra.Command, _ []string) error {
			c := config.Default()
			if configuration != "" {
				var err error
				if c, err = config.Load(configuration); err != nil {
					return usageError(err)
				}
			}
			if err := flags.Override(c); err != nil {
				return usageError(err)
			}
			settings := c.RegisterSettings()
			switch {
			case slices.Contains(flags.Register, ""):
				return usageError(errors.New("--in: the name is empty"))
			case len(settings.Extract.Files) == 0:
				return usageError(errors.New("--in is missing, and so is a configuration whose register has files"))
			}
			if err := checkOut(out); err != nil {
				return err
			}
			if err := cmp.Or(report.CheckOutside(out), storage.CheckReplaceable(out, "register snapshot", register.FileMagic)); err != nil {
				return outputError(fmt.Errorf("cannot write the snapshot: %w", err))
			}
			snapshot, checks, err := buildRegister(command.Context(), settings, p.tellSkipped)
			if err != nil {
				return inputError(err)
			}
			if err := settings.CheckShrink(snapshot); err != nil {
				return inputError(err)
			}
			if err := snapshot.Save(out); err != nil {
				return outputError(err)
			}
			p.warnOf(job.RegisterNotices(snapshot, snapshot.ExtractDate()))
			p.done = "done, the snapshot is " + out
			p.tellMade("the snapshot is written, but what is in it cannot be printed", func(w io.Writer) error {
				return writeRegister(inertWriter{w}, snapshot, checks, placesOfBuild)
			})
			return nil
		},
	}
	f := command.Flags()
	f.StringArrayVar(&flags.Register, "in", nil, "the extract's files: a path, glob or folder; repeatable")
	f.StringVarP(&configuration, "config", "c", "", "configuration file whose register: describes the extract")
	f.StringArrayVar(&flags.RegisterColumns, "column", nil, "the extract's own name of a column, as number=PersonId; repeatable")
	f.StringVar(&flags.ExtractDate, "extract-date", "", "the day of the extract")
	f.StringVar(&out, "out", "", "the snapshot to write")
	return command
}

func (p *program) registerInfoCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "info FILE",
		Short:   "Tells what is in a snapshot, and what was wrong with its extract",
		Example: "  avstam register info register.avr",
		Args:    exactly("FILE"),
		RunE: func(_ *cobra.Command, arguments []string) error {
			snapshot, err := register.Open(arguments[0])
			if err != nil {
				return inputError(err)
			}
			return outputError(writeRegister(inertWriter{p.out}, snapshot, snapshot.Checks(), register.LimitLocations))
		},
	}
}

func (p *program) registerDiffCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "diff OLD NEW",
		Short:   "Counts what changed from one snapshot to another",
		Example: "  avstam register diff register-2025-11-13.avr register-2025-11-20.avr",
		Args:    exactly("OLD", "NEW"),
		RunE: func(_ *cobra.Command, arguments []string) error {
			earlier, err := register.Open(arguments[0])
			if err != nil {
				return inputError(err)
			}
			later, err := register.Open(arguments[1])
			if err != nil {
				return inputError(err)
			}
			return outputError(writeDifference(inertWriter{p.out}, register.Diff(earlier, later)))
		},
	}
}

// placesOfBuild is how many places of each inconsistency a build prints.
const placesOfBuild = 5

// writeRegister tells what is in a snapshot, and what its build found, with at
// most so many words and places of each inconsistency.
func writeRegister(w io.Writer, snapshot *register.Snapshot, checks *register.Checks, listed int) error {
	var text strings.Builder
	facts := table{right: []bool{false, true}}
	facts.add("numbers", grouped(int64(snapshot.Len())))
	for _, status := range latestStatuses(snapshot) {
		facts.add("  "+status.name, grouped(status.count))
	}
	facts.add("entries", grouped(int64(snapshot.Entries())))
	facts.add("rows read", grouped(checks.RowsRead))
	facts.add("  superseded", grouped(checks.EntriesSuperseded))
	facts.add("  left out", grouped(checks.EntriesLeftOut))
	if len(checks.Unreadable) > 0 {
		facts.add("values that cannot be read", "")
	}
	for _, unreadable := range checks.Unreadable {
		facts.add("  of "+unreadable.Column, grouped(unreadable.Count))
	}
	facts.add("memory, bytes", grouped(snapshot.Bytes()))
	facts.add("extract date", dateOrUnknown(snapshot.ExtractDate()))
	facts.write(&text)

	for _, inconsistency := range checks.Inconsistencies {
		if inconsistency.Count == 0 {
			continue
		}
		atLeast := ""
		if inconsistency.AtLeast {
			atLeast = "at least "
		}
		fmt.Fprintf(&text, "\n%s: %s%s\n", inconsistency.Name, atLeast, grouped(inconsistency.Count))
		for _, word := range inconsistency.Words[:min(listed, len(inconsistency.Words))] {
			fmt.Fprintf(&text, "  %q in %s %s\n", word.Word, grouped(word.Count), rules.Plural(word.Count, "row", "rows"))
		}
		for _, location := range inconsistency.First[:min(listed, len(inconsistency.First))] {
			fmt.Fprintf(&text, "  %s, row %d", inertLine(location.File), location.Row)
			if location.Column != "" {
				fmt.Fprintf(&text, ", %s", location.Column)
			}
			text.WriteByte('\n')
		}
		if more := len(inconsistency.First) - listed; more > 0 {
			fmt.Fprintf(&text, "  and %d more %s, which avstam register info lists\n", more, rules.Plural(more, "place", "places"))
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func dateOrUnknown(day calendar.Day) string {
	if day == calendar.Missing {
		return "not known"
	}
	return day.String()
}

type statusCount struct {
	name  string
	count int64
}

// latestStatuses counts the numbers by the status of their latest entry.
func latestStatuses(snapshot *register.Snapshot) []statusCount {
	var counts [register.Deregistered + 1]int64
	states := snapshot.States()
	for place := range snapshot.Len() {
		counts[states[snapshot.At(register.Place(place), calendar.Last).State].Status]++
	}
	var list []statusCount
	for status := register.Active; status <= register.Deregistered; status++ {
		list = append(list, statusCount{status.String(), counts[status]})
	}
	return list
}

// writeDifference tells what changed, in numbers.
func writeDifference(w io.Writer, difference *register.Difference) error {
	var text strings.Builder
	changes := table{right: []bool{false, true}}
	changes.add("numbers before", grouped(int64(difference.Old.Len())))
	changes.add("numbers now", grouped(int64(difference.New.Len())))
	for kind, count := range difference.Counts {
		changes.add(register.ChangeKind(kind).String(), grouped(count))
	}
	changes.write(&text)
	_, err := io.WriteString(w, text.String())
	return err
}
