package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/report"
)

func (p *program) pruneCommand() *cobra.Command {
	var keep int
	command := &cobra.Command{
		Use:     "prune DIR",
		Short:   "Removes old reports from a folder of reports, never the latest",
		Example: "  avstam prune out --keep 12",
		Args:    exactly("DIR"),
		RunE: func(command *cobra.Command, arguments []string) error {
			if !command.Flags().Changed("keep") || keep < 1 {
				return usageError(errors.New("--keep: say how many reports to keep, at least 1"))
			}
			removed, err := report.Prune(arguments[0], keep)
			p.tellMade("the reports are removed, but their names cannot be printed", func(w io.Writer) error {
				for _, name := range removed {
					if _, err := fmt.Fprintln(w, name); err != nil {
						return err
					}
				}
				return nil
			})
			p.done = fmt.Sprintf("done, %s removed", counted(len(removed), "report"))
			return outputError(err)
		},
	}
	command.Flags().IntVar(&keep, "keep", 0, "how many reports to keep, the newest")
	return command
}
