package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/synth"
)

const (
	defaultRecords = 100_000
	recordsAPerson = 4 // unless --persons says otherwise
	leastPersons   = 100
	demoSeed       = 1
	demoFolder     = "avstam-demo"
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
			if err := checkOut(out); err != nil {
				return err
			}
			if err := report.CheckOutside(out); err != nil {
				return outputError(err)
			}
			isKnown := len(formats) > 0
			for i, format := range formats {
				isKnown = isKnown && slices.Contains(synth.Formats(), format) && !slices.Contains(formats[:i], format)
			}
			if !isKnown {
				return usageError(fmt.Errorf("--format: want %s, or both", strings.Join(synth.Formats(), " or ")))
			}
			if !command.Flags().Changed("persons") {
				options.People = personsFor(options.Records)
			}
			options.EveryRule = !command.Flags().Changed("dirty")
			p.done = "done, the data are in " + out
			return p.generate(command.Context(), options, out, formats)
		},
	}
	flags := command.Flags()
	flags.Int64Var(&options.Records, "records", defaultRecords, "how many records")
	flags.Int64Var(&options.People, "persons", 0, "how many people the register has (default a quarter of the records)")
	flags.Uint64Var(&options.Seed, "seed", demoSeed, "where chance starts")
	flags.Float64Var(&options.Dirty, "dirty", synth.DefaultDirty, "the share of records with a finding; unless it is given, small sets have more, so that every rule finds something")
	flags.StringVar(&out, "out", "", "folder to write")
	flags.StringSliceVar(&formats, "format", []string{"parquet"}, "formats of records and register: "+strings.Join(synth.Formats(), ", "))
	return command
}

func personsFor(records int64) int64 { return max(records/recordsAPerson, leastPersons) }

func (p *program) demoCommand() *cobra.Command {
	var records int64
	var out string
	var f jobFlags
	var page config.Flags
	command := &cobra.Command{
		Use:   "demo",
		Short: "Makes up a small agency and a register, runs the job and shows what it found",
		Long: `Needs nothing: makes up records and a register below the folder avstam-demo,
reconciles them, prints the summary, and says where the report lies.`,
		Example: "  avstam demo --records 1000000",
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkOut(out); err != nil {
				return err
			}
			if err := page.Override(config.Default()); err != nil {
				return usageError(err) // before anything is made up
			}
			options := synth.Options{Records: records, People: personsFor(records), Seed: demoSeed, Dirty: synth.DefaultDirty, EveryRule: true}
			if err := p.generate(command.Context(), options, out, []string{"parquet"}); err != nil {
				return err
			}
			configuration, err := config.Load(filepath.Join(out, synth.ConfigurationFile))
			if err != nil {
				return usageError(err)
			}
			if err := page.Override(configuration); err != nil {
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
	addPageFlags(command, &page)
	f.add(command)
	f.addProfiles(command)
	return command
}

// generate writes made-up data to a folder.
func (p *program) generate(ctx context.Context, options synth.Options, out string, formats []string) error {
	dataset, err := synth.New(options)
	if err != nil {
		return usageError(err)
	}
	written, err := dataset.WriteFolder(ctx, out, formats)
	if err != nil {
		return outputError(err)
	}
	p.logger.Info("generated", "folder", out, "records", written.Records, "register_entries", written.Entries, "findings", written.Findings)
	return nil
}
