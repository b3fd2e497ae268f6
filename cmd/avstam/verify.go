package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/report"
)

func (p *program) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify REPORT",
		Short: "Says whether a report's digests, counts and sums still hold",
		Long: `Takes the digest of every file of a report again and compares it with the
manifest, counts findings, rejects and sums again, and does the same for the
inputs that are still there. What differs is an exit status of 1.`,
		Example: "  avstam verify out/latest",
		Args:    exactly("REPORT"),
		RunE: func(command *cobra.Command, arguments []string) error {
			differences, err := report.Verify(command.Context(), arguments[0], true)
			if err != nil {
				return inputError(err)
			}
			if len(differences) == 0 {
				p.done = arguments[0] + " holds"
				return nil
			}
			for _, difference := range differences {
				if _, err := fmt.Fprintf(p.out, "%s: %s\n", inertLine(difference.File), inertLine(difference.What)); err != nil {
					return outputError(err)
				}
			}
			return &differs{fmt.Errorf("%s does not hold: what differs: %d", arguments[0], len(differences))}
		},
	}
}
