package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
)

func (p *program) explainCommand() *cobra.Command {
	var registerFiles []string
	var numbers, format string
	command := &cobra.Command{
		Use:   "explain REPORT FINDING_ID",
		Short: "Says why a finding was made, and what would have made it clean",
		Long: `Reads the one record of a finding again where it lies, runs the rules on it, and
shows the number's history in the register as a time line, the chain of links as
it stood on the day, the policy and the law that applied, and what would have
made the record clean.

The register is the one of the report, or what --register names: the same file where
it lies now, or another. Relative paths of inputs are taken from the current folder, as by verify. Numbers are masked; in
full they are shown on a terminal alone.`,
		Example: `  avstam explain out/latest 9c1185a5c5e9fc54612808977ee8f548
  avstam explain --register register.avr --numbers full out/latest 9c1185a5c5e9fc54612808977ee8f548`,
		Args: exactly("REPORT", "FINDING_ID"),
		RunE: func(command *cobra.Command, arguments []string) error {
			switch {
			case numbers != "masked" && numbers != "full":
				return usageError(errors.New("--numbers: want masked or full"))
			case format != "text" && format != "json":
				return usageError(errors.New("--format: want text or json"))
			case numbers == "full" && !isTerminal(p.out):
				return usageError(errors.New("--numbers full: full numbers are shown on a terminal alone, and standard output is none"))
			}
			explanation, err := p.explain(command.Context(), arguments[0], arguments[1], registerFiles, numbers == "full")
			switch {
			case errors.Is(err, casework.ErrNoFinding):
				return usageError(err)
			case err != nil:
				return inputError(err)
			case format == "json":
				encoder := json.NewEncoder(p.out)
				encoder.SetIndent("", "  ")
				encoder.SetEscapeHTML(false)
				return outputError(encoder.Encode(explanation))
			}
			return outputError(explanation.WriteText(p.out))
		},
	}
	flags := command.Flags()
	flags.StringArrayVar(&registerFiles, "register", nil, "the register instead of the report's: an extract's files or a snapshot; repeatable")
	flags.StringVar(&numbers, "numbers", "masked", "identity numbers: masked, or full on a terminal")
	flags.StringVar(&format, "format", "text", "text or json")
	return command
}

func (p *program) explain(ctx context.Context, folder, id string, registerFiles []string, full bool) (*casework.Explanation, error) {
	folder, err := report.Follow(folder)
	if err != nil {
		return nil, err
	}
	manifest, err := report.ReadManifest(folder)
	if err != nil {
		return nil, err
	}
	told, err := config.ReadTold(manifest.Configuration)
	if err != nil {
		return nil, err
	}
	return casework.Explain(ctx, casework.Question{
		Folder: folder, Manifest: manifest, ID: id, Source: told.Source, Policy: told.Policy, LacksTestNumbers: told.LacksTestNumbers, Full: full,
		Register: func(ctx context.Context) (*register.Snapshot, string, error) {
			if len(registerFiles) > 0 {
				return namedRegister(ctx, registerFiles, manifest.Register, told)
			}
			return registerOf(ctx, manifest.Register, told)
		},
	})
}

// namedRegister opens the register that --register names. note says so, unless it
// is the report's at another place, which is opened as the report's.
func namedRegister(ctx context.Context, patterns []string, inputs []report.Input, told *config.Told) (_ *register.Snapshot, note string, err error) {
	lacksDigest := func(input report.Input) bool { return input.SHA256 == "" } // a size alone tells nothing
	if files, err := readers.Expand(ctx, patterns); err == nil && len(files) == len(inputs) && !slices.ContainsFunc(inputs, lacksDigest) {
		moved := slices.Clone(inputs)
		for i, file := range files {
			moved[i].Path = file
		}
		if snapshot, _, err := registerOf(ctx, moved, told); err != nil || snapshot != nil {
			return snapshot, "", err
		}
	}
	snapshot, err := openRegister(ctx, patterns)
	return snapshot, "the register is the one that --register names, not the report's", err
}

// registerOf opens the register of a report, where it is still as it was; nil,
// and in note why, where it is not.
func registerOf(ctx context.Context, inputs []report.Input, told *config.Told) (_ *register.Snapshot, note string, err error) {
	const name = "; name one with --register"
	settings := job.Register{ExtractDate: told.ExtractDate().Day(), Extract: told.Extract()}
	for i := range inputs {
		input := &inputs[i]
		changed, err := input.Compare(ctx)
		switch {
		case context.Cause(ctx) != nil:
			return nil, "", context.Cause(ctx)
		case errors.Is(err, os.ErrNotExist):
			return nil, "the register of the report is gone, so its history is not shown" + name, nil
		case err != nil || changed != "":
			return nil, "the register of the report has changed since or cannot be read, so its history is not shown" + name, nil
		}
		if input.Format == "snapshot" {
			snapshot, err := register.Open(input.Path)
			return snapshot, "", err
		}
		settings.Extract.Files = append(settings.Extract.Files, input.Path)
	}
	if len(settings.Extract.Files) == 0 {
		return nil, "the manifest names no register" + name, nil
	}
	snapshot, _, err := buildRegister(ctx, settings, nil)
	return snapshot, "", err
}
