package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/synth"
)

const (
	defaultRecords  = 100_000
	recordsAPerson  = 4 // unless --persons says otherwise
	leastPersons    = 100
	demoSeed        = 1
	demoFolder      = "avstam-demo"
	generatedConfig = "avstam.yaml"
)

func (p *program) generateCommand() *cobra.Command {
	var options synth.Options
	var out string
	var formats []string
	command := &cobra.Command{
		Use:   "generate",
		Short: "Makes up records, a register and the findings that they must give",
		Long: `Writes made-up records, a made-up register, the findings that they must give
(truth.parquet, with the columns of findings) and an avstam.yaml that runs them.
The same options give the same bytes.`,
		Example: "  avstam generate --records 1000000 --persons 200000 --seed 7 --out made-up",
		RunE: func(command *cobra.Command, _ []string) error {
			if out == "" {
				return usageError(errors.New("--out is missing"))
			}
			if err := checkFormats(formats); err != nil {
				return usageError(err)
			}
			if !command.Flags().Changed("persons") {
				options.People = personsFor(options.Records)
			}
			return p.generate(options, out, formats)
		},
	}
	flags := command.Flags()
	flags.Int64Var(&options.Records, "records", defaultRecords, "how many records")
	flags.Int64Var(&options.People, "persons", 0, "how many people the register has (default a quarter of the records)")
	flags.Uint64Var(&options.Seed, "seed", demoSeed, "where chance starts")
	flags.Float64Var(&options.Dirty, "dirty", synth.DefaultDirty, "the share of records with a finding")
	flags.StringVar(&out, "out", "", "folder to write")
	flags.StringSliceVar(&formats, "format", []string{"parquet"}, "formats of records and register: parquet, csv")
	return command
}

func checkFormats(formats []string) error {
	for _, format := range formats {
		if !slices.Contains([]string{"parquet", "csv"}, format) {
			return fmt.Errorf("--format: want parquet or csv, or both")
		}
	}
	return nil
}

func personsFor(records int64) int64 { return max(records/recordsAPerson, leastPersons) }

func (p *program) demoCommand() *cobra.Command {
	var records int64
	var out string
	var f jobFlags
	command := &cobra.Command{
		Use:   "demo",
		Short: "Makes up a small agency and a register, runs the job and shows what it found",
		Long: `Needs nothing: makes up records and a register below the folder avstam-demo,
reconciles them, prints the summary, and says where the report lies.`,
		Example: "  avstam demo --records 1000000",
		RunE: func(command *cobra.Command, _ []string) error {
			options := synth.Options{Records: records, People: personsFor(records), Seed: demoSeed, Dirty: synth.DefaultDirty}
			if err := p.generate(options, out, []string{"parquet"}); err != nil {
				return err
			}
			configuration, err := config.Load(filepath.Join(out, generatedConfig))
			if err != nil {
				return usageError(err)
			}
			settings, err := configuration.Settings()
			if err != nil {
				return usageError(err)
			}
			return p.reconcile(command.Context(), settings, &f)
		},
	}
	command.Flags().Int64Var(&records, "records", defaultRecords, "how many records")
	command.Flags().StringVar(&out, "out", demoFolder, "folder to write")
	f.add(command)
	return command
}

// generate writes made-up data to a folder.
func (p *program) generate(options synth.Options, out string, formats []string) error {
	dataset, err := synth.New(options)
	if err != nil {
		return usageError(err)
	}
	if err := dataset.WriteFolder(out, formats); err != nil {
		return outputError(err)
	}
	p.logger.Info("generated", "folder", out, "records", options.Records, "people", options.People)
	return nil
}
