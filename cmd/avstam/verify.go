package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
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
			differences, absent, err := report.Verify(command.Context(), arguments[0], true)
			if err != nil {
				return inputError(err)
			}
			uncompared := ""
			if absent > 0 {
				uncompared = fmt.Sprintf("; %s not there, and not compared", rules.Plural(absent, "1 input is", fmt.Sprint(absent, " inputs are")))
			}
			if len(differences) == 0 {
				p.done = arguments[0] + " holds" + uncompared
				return nil
			}
			for _, difference := range differences {
				if _, err := fmt.Fprintf(p.out, "%s: %s\n", inertLine(difference.File), inertLine(difference.What)); err != nil {
					return outputError(err)
				}
			}
			return &differs{fmt.Errorf("%s does not hold: what differs: %d%s", arguments[0], len(differences), uncompared)}
		},
	}
}
