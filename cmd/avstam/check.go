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
		Long: `Says of each number what kind it is or what is wrong with it, and what the rules
would find of a payment on the day; with --register also its status on that day and
where its links lead.

- in place of all numbers reads them from standard input, one a line, so that they
do not stand in the list of processes.`,
		Example: `  avstam check 640823-3234
  avstam check --register register.avr --date 2025-11-20 - < numbers.txt`,
		Args: atLeastOne("NUMBER is missing; - reads numbers from standard input"),
		RunE: func(command *cobra.Command, arguments []string) error {
			if len(arguments) > 1 && slices.Contains(arguments, "-") {
				return usageError(errors.New("- reads the numbers from standard input: give it alone"))
			}
			day, err := dayOrToday("--date", date)
			if err != nil {
				return err
			}
			snapshot, err := openRegister(command.Context(), registerFiles)
			if err != nil {
				return err
			}
			given := arguments
			if arguments[0] == "-" {
				if given, err = readLines(p.in); err != nil {
					return inputError(err)
				}
			}
			return outputError(checkNumbers(p.out, paletteOf(p.out), given, day, snapshot))
		},
	}
	command.Flags().StringArrayVar(&registerFiles, "register", nil, "the register: an extract's files or a snapshot; repeatable")
	command.Flags().StringVar(&date, "date", "", "the day of a payment (default today in Sweden)")
	return command
}

// openRegister opens a snapshot, or reads an extract into one; nil where none is named.
func openRegister(ctx context.Context, patterns []string) (*register.Snapshot, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	extract, path, err := extractOrSnapshot(ctx, patterns)
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
	snapshot, _, err := buildRegister(ctx, configuration.RegisterSettings(), nil)
	return snapshot, inputError(err)
}

// buildRegister reads an extract into a snapshot; skipped is told of folders that are not
// entered, and may be nil.
func buildRegister(ctx context.Context, settings job.Register, skipped func(readers.Skipped)) (*register.Snapshot, *register.Checks, error) {
	builder := register.NewBuilder(settings.ExtractDate)
	if _, err := readers.ReadExtract(ctx, settings.Extract, readers.Options{Workers: defaultWorkers(), Skipped: skipped}, builder.Add); err != nil {
		return nil, nil, err
	}
	return builder.Build()
}

// readLines reads the lines that are not blank.
func readLines(r io.Reader) ([]string, error) {
	var lines []string
	read := 0
	scanner := bufio.NewScanner(r)
	for ; scanner.Scan(); read++ {
		text := scanner.Text()
		if read == 0 {
			text = strings.TrimPrefix(text, "\ufeff") // a byte order mark
		}
		if line := strings.TrimSpace(text); line != "" {
			lines = append(lines, line)
		}
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("cannot read standard input: line %d: it has more than %d bytes", read+1, bufio.MaxScanTokenSize)
	} else if err != nil {
		return nil, fmt.Errorf("cannot read standard input: line %d: %w", read+1, err)
	}
	if len(lines) == 0 {
		return nil, errors.New("cannot read standard input: it has no numbers")
	}
	return lines, nil
}

// checkNumbers tells about each number by running the rules on a payment to it;
// without a register those that ask it of nothing.
func checkNumbers(w io.Writer, colours palette, given []string, day calendar.Day, snapshot *register.Snapshot) error {
	policy, tell := rules.DefaultPolicy(), answerOf
	if snapshot == nil {
		snapshot, tell = register.Empty(), answerAlone
		policy.Severities = map[string]rules.Severity{"unknown_number": rules.Off}
	}
	checker := rules.NewChecker(&policy, snapshot, pipeline.NewDictionaries())
	for texts := range slices.Chunk(given, pipeline.BatchRows) {
		var text strings.Builder
		batch := paymentsOf(texts, day)
		hits := checker.Check(batch)
		for row := range texts {
			a := tell(checker, batch, int32(row), texts[row])
			for len(hits) > 0 && hits[0].Row == int32(row) {
				a.add(checker, &hits[0])
				hits = hits[1:]
			}
			a.write(&text, colours)
		}
		if _, err := io.WriteString(w, text.String()); err != nil {
			return err
		}
	}
	return nil
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
