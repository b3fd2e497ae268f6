package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
)

func (p *program) checkCommand() *cobra.Command {
	var registerFiles []string
	var date string
	command := &cobra.Command{
		Use:   "check NUMBER… | -",
		Short: "Says what a number is, what the register says of it on a day, and what to do",
		Long: `Says of each number what kind it is or what is wrong with it; with --register also
its status on the day, where its links lead, and what the rules would find of a
payment on that day.

A single - reads numbers from standard input, one a line, so that they do not
stand in the list of processes.`,
		Example: `  avstam check 640823-3234
  avstam check --register register.avr --date 2025-11-20 - < numbers.txt`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			day, err := dayOrToday("--date", date)
			if err != nil {
				return err
			}
			snapshot, err := openRegister(command.Context(), registerFiles)
			if err != nil {
				return err
			}
			given := arguments
			if len(arguments) == 1 && arguments[0] == "-" {
				if given, err = readLines(p.in); err != nil {
					return inputError(err)
				}
			}
			return outputError(checkNumbers(p.out, given, day, snapshot))
		},
	}
	command.Flags().StringArrayVar(&registerFiles, "register", nil, "the register: an extract's files or a snapshot; repeatable")
	command.Flags().StringVar(&date, "date", "", "the day of a payment (default today)")
	return command
}

// openRegister opens a snapshot, or reads an extract into one; nil where none is named.
func openRegister(ctx context.Context, patterns []string) (*register.Snapshot, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	extract, path, err := extractOrSnapshot(patterns)
	if err != nil {
		return nil, err
	}
	if path != "" {
		snapshot, err := register.Open(path)
		return snapshot, inputError(err)
	}
	flags := config.Flags{Register: extract}
	configuration, err := flags.Configuration()
	if err != nil {
		return nil, usageError(err)
	}
	snapshot, _, err := buildRegister(ctx, configuration.RegisterSettings())
	return snapshot, inputError(err)
}

// buildRegister reads an extract into a snapshot.
func buildRegister(ctx context.Context, settings job.Register) (*register.Snapshot, *register.Checks, error) {
	builder := register.NewBuilder(settings.ExtractDate)
	if _, err := readers.ReadExtract(ctx, settings.Extract, readers.Options{Workers: defaultWorkers()}, builder.Add); err != nil {
		return nil, nil, err
	}
	snapshot, checks, err := builder.Build()
	if err != nil {
		return nil, nil, err
	}
	return snapshot, checks, nil
}

// readLines reads the lines that are not blank.
func readLines(r io.Reader) ([]string, error) {
	var lines []string
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("cannot read standard input: line %d: %w", len(lines)+1, err)
	}
	if len(lines) == 0 {
		return nil, errors.New("cannot read standard input: it has no numbers")
	}
	return lines, nil
}

// checkNumbers tells about each number, with a register by running the rules on
// a payment to it.
func checkNumbers(w io.Writer, given []string, day calendar.Day, snapshot *register.Snapshot) error {
	var text strings.Builder
	if snapshot == nil {
		for _, number := range given {
			tellAlone(&text, number, day)
		}
		_, err := io.WriteString(w, text.String())
		return err
	}
	policy := rules.DefaultPolicy()
	checker := rules.NewChecker(&policy, snapshot, pipeline.NewDictionaries())
	for texts := range slices.Chunk(given, pipeline.BatchRows) {
		text.Reset()
		batch := paymentsOf(texts, day)
		hits := checker.Check(batch)
		for row := range texts {
			tell(&text, checker, batch, int32(row), texts[row])
			for len(hits) > 0 && hits[0].Row == int32(row) {
				tellHit(&text, checker, &hits[0])
				hits = hits[1:]
			}
		}
		if _, err := io.WriteString(w, text.String()); err != nil {
			return err
		}
	}
	return nil
}

// tellAlone writes what a number says of itself, without a register.
func tellAlone(text *strings.Builder, given string, day calendar.Day) {
	fmt.Fprintf(text, "%s\n", given)
	parsed := identity.Parse([]byte(given))
	number, fault := parsed.In(day.Year())
	if !tellReading(text, number, parsed.Kind, fault) {
		return
	}
	if parsed.Ten {
		fmt.Fprintf(text, "  the century is that of the younger of two readings on %s\n", day)
	}
	text.WriteString("  no register was named (--register), so nothing is known of its status\n")
}

// tellReading writes what a text was read as, and says whether that is a
// person's number.
func tellReading(text *strings.Builder, number identity.Number, kind identity.Kind, fault identity.Fault) bool {
	switch {
	case fault != identity.NoFault:
		fmt.Fprintf(text, "  malformed: %s\n", faultNames[fault])
		return false
	case number == 0:
		fmt.Fprintf(text, "  it is %s\n", kindNames[kind])
		return false
	}
	fmt.Fprintf(text, "  %s is %s\n", number.AppendDigits(nil), kindNames[number.Kind()])
	return true
}

// paymentsOf is a batch with a payment of nothing to each number.
func paymentsOf(texts []string, day calendar.Day) *pipeline.Batch {
	rows := len(texts)
	batch := &pipeline.Batch{
		Rows:     rows,
		Amount:   make([]int64, rows),
		Agency:   make([]uint16, rows),
		Currency: make([]uint16, rows),
		Rejected: make([]bool, rows),
	}
	batch.PaymentType = batch.Agency
	for _, text := range texts {
		batch.Text = append(batch.Text, identity.Parse([]byte(text)))
		batch.PaymentDate = append(batch.PaymentDate, day)
	}
	return batch
}

// kindNames are the kinds in words.
var kindNames = map[identity.Kind]string{
	identity.Personal:     "a personal number (personnummer)",
	identity.Coordination: "a coordination number (samordningsnummer)",
	identity.Organisation: "an organisation number (organisationsnummer), which is no person's",
	identity.GD:           "a GD number, a person's in the systems of Försäkringskassan and others",
	identity.Interim:      "an interim number (interimspersonnummer)",
}

// faultNames are the faults in words.
var faultNames = map[identity.Fault]string{
	identity.Empty:      "it is empty",
	identity.Characters: "it has other characters than digits",
	identity.Length:     "it has neither ten nor twelve digits",
	identity.Century:    "its century is none of 18, 19 and 20",
	identity.Date:       "there is no such date",
	identity.Serial:     "its serial is 000",
	identity.CheckDigit: "its check digit does not hold",
}

// tell writes what there is to know of a row.
func tell(text *strings.Builder, checker *rules.Checker, b *pipeline.Batch, row int32, given string) {
	day := b.PaymentDate[row]
	fmt.Fprintf(text, "%s\n", given)
	if !tellReading(text, b.Number[row], b.Kind[row], b.Fault[row]) {
		return
	}
	evidence := checker.Facts().Evidence(row)
	switch {
	case !evidence.InRegister:
		fmt.Fprintf(text, "  the register does not have it\n")
		return
	case !evidence.InForce:
		fmt.Fprintf(text, "  %s: before the register's first entry\n", day)
	default:
		fmt.Fprintf(text, "  %s: %s", day, evidence.State.Status)
		if evidence.StatusFrom != calendar.Missing {
			fmt.Fprintf(text, " since %s", evidence.StatusFrom)
		}
		if evidence.State.Reason != "" {
			fmt.Fprintf(text, " (%s)", evidence.State.Reason)
		}
		text.WriteByte('\n')
	}
	if evidence.State.Level != register.NoLevel {
		fmt.Fprintf(text, "  identity level: %s\n", evidence.State.Level)
	}
	if evidence.UseNumber != 0 {
		fmt.Fprintf(text, "  replaced by %s\n", evidence.UseNumber.AppendDigits(nil))
	}
	if evidence.DeceasedOn != 0 {
		fmt.Fprintf(text, "  deceased on %s\n", evidence.DeceasedOn)
	}
	if evidence.State.Protected == register.True {
		fmt.Fprintf(text, "  protected: take care whom you show this\n")
	}
}

// tellHit writes what a rule found, and what to do about it.
func tellHit(text *strings.Builder, checker *rules.Checker, hit *rules.Hit) {
	rule := rules.All()[hit.Rule]
	fmt.Fprintf(text, "  %s (%s", rule.Name, checker.Severity(hit.Rule))
	if hit.Possible {
		text.WriteString(", possible")
	}
	text.WriteString(")")
	if detail := hit.Detail.AppendText(nil); len(detail) > 0 {
		fmt.Fprintf(text, ": %s", detail)
	}
	if hit.Other != 0 {
		fmt.Fprintf(text, ", other number %s", hit.Other.AppendDigits(nil))
	}
	fmt.Fprintf(text, "\n    %s\n    %s\n", wrap(rule.Doc, "    "), wrap("What to do: "+rule.Action, "    "))
}
