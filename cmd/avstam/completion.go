package main

import (
	"github.com/spf13/cobra"
)

func (p *program) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Prints the completion script of a shell: bash, zsh, fish or powershell",
		Example:   "  avstam completion bash > /etc/bash_completion.d/avstam",
		Args:      oneOf("SHELL", "shell", shells),
		ValidArgs: shells,
		RunE: func(command *cobra.Command, arguments []string) error {
			root := command.Root()
			var err error
			switch arguments[0] {
			case "bash":
				err = root.GenBashCompletionV2(p.out, true)
			case "zsh":
				err = root.GenZshCompletion(p.out)
			case "fish":
				err = root.GenFishCompletion(p.out, true)
			case "powershell":
				err = root.GenPowerShellCompletionWithDesc(p.out)
			}
			return outputError(err)
		},
	}
}
