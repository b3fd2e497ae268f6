package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/rules"
	"github.com/avstam/avstam/synth"
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

// flagWords are the words that flags take, by the flag's name or, where commands differ,
// by command and name.
var flagWords = map[string][]string{
	"log-format":      {"text", "json"},
	"progress":        {"auto", "always", "never"},
	"input-digest":    {"sha256", "none"},
	"numbers":         {"full", "masked"},
	"csv-dialect":     {"standard", "excel", "excel-sv"},
	"split":           {"agency"},
	"lang":            rules.Languages(),
	"format":          {"text", "json"},
	"diff format":     {"text", "json", "csv"},
	"run format":      {"parquet", "csv", "arrow", "html"},
	"plan format":     {"parquet", "csv", "arrow", "html"},
	"generate format": synth.Formats(),
}

// completeFlags has shells complete the words that flags take; of a list the last.
func completeFlags(command *cobra.Command) {
	for key, words := range flagWords {
		of, name, isOfOne := strings.Cut(key, " ")
		if !isOfOne {
			name = key
		}
		_, hasOwn := flagWords[command.Name()+" "+name]
		flag := command.Flags().Lookup(name)
		if flag == nil {
			flag = command.PersistentFlags().Lookup(name)
		}
		if flag == nil || isOfOne && of != command.Name() || !isOfOne && hasOwn {
			continue
		}
		isList := strings.HasSuffix(flag.Value.Type(), "Slice")
		_ = command.RegisterFlagCompletionFunc(name, func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			before := ""
			if isList {
				before = typed[:strings.LastIndexByte(typed, ',')+1]
			}
			var completions []cobra.Completion
			for _, word := range words {
				completions = append(completions, before+word)
			}
			return completions, cobra.ShellCompDirectiveNoFileComp
		})
	}
	for _, child := range command.Commands() {
		completeFlags(child)
	}
}

// helpColumns is how wide help is: that of a terminal that nobody has widened.
const helpColumns = 80

// wrapHelp breaks what help says of flags between words.
func wrapHelp(root *cobra.Command) {
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages ", fmt.Sprintf("Flags.FlagUsagesWrapped %d ", helpColumns)))
}
