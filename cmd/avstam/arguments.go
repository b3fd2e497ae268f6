package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/avstam/avstam/config"
	"github.com/avstam/avstam/job"
)

// exactly takes one argument for each name.
func exactly(names ...string) cobra.PositionalArgs {
	return func(command *cobra.Command, arguments []string) error {
		if len(arguments) < len(names) {
			return fmt.Errorf("%s is missing", names[len(arguments)])
		}
		return atMost(len(names))(command, arguments)
	}
}

// atLeastOne takes as many arguments as there are; without any it says what is missing.
func atLeastOne(missing string) cobra.PositionalArgs {
	return func(_ *cobra.Command, arguments []string) error {
		if len(arguments) == 0 {
			return errors.New(missing)
		}
		return nil
	}
}

// atMost takes no more than so many; of a command with commands what is more is taken for one.
func atMost(most int) cobra.PositionalArgs {
	return func(command *cobra.Command, arguments []string) error {
		switch {
		case len(arguments) <= most:
			return nil
		case command.HasSubCommands():
			var known []string
			for _, child := range command.Commands() {
				known = append(known, child.Name())
			}
			return fmt.Errorf("unknown command %q%s", arguments[most], didYouMean("", arguments[most], known))
		}
		return fmt.Errorf("unknown argument %q", arguments[most])
	}
}

// checkOut refuses an --out that is missing or standard output, of the commands that write
// a file or a folder.
func checkOut(out string) error {
	switch out {
	case "":
		return usageError(errors.New("--out is missing"))
	case job.StandardOutput:
		return usageError(errors.New("--out: - is standard output, to which nothing of this is written; a file or folder of that name is ./-"))
	}
	return nil
}

// oneOf takes one argument, which is one of those known.
func oneOf(name, what string, known []string) cobra.PositionalArgs {
	return func(command *cobra.Command, arguments []string) error {
		if err := exactly(name)(command, arguments); err != nil {
			return err
		}
		if !slices.Contains(known, arguments[0]) {
			return fmt.Errorf("unknown %s %q%s", what, arguments[0], didYouMean("", arguments[0], known))
		}
		return nil
	}
}

// flagValues are what flags take whose values the library reads, by its name of the type.
var flagValues = map[string]string{
	"bool": "true or false", "int": "a whole number", "int64": "a whole number", "uint64": "a whole number from 0", "float64": "a number",
	"stringSlice": "words with commas between them",
}

// flagError is a complaint about a flag, and which one may have been meant.
func flagError(command *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		if wanted := flagValues[invalid.GetFlag().Value.Type()]; wanted != "" {
			err = fmt.Errorf("--%s: want %s, found %q", invalid.GetFlag().Name, wanted, invalid.GetValue())
		}
	}
	complaint := withoutNumbers(err)
	var unknown *pflag.NotExistError
	switch {
	case !errors.As(err, &unknown):
	case !command.HasParent() && (unknown.GetSpecifiedName() == "version" || unknown.GetSpecifiedShortnames() == "v"):
		complaint = fmt.Errorf("%w (did you mean %q?)", complaint, "avstam version")
	case unknown.GetSpecifiedShortnames() == "":
		var known []string
		command.Flags().VisitAll(func(flag *pflag.Flag) { known = append(known, flag.Name) })
		complaint = fmt.Errorf("%w%s", complaint, didYouMean("--", unknown.GetSpecifiedName(), known))
	}
	return usageError(complaint)
}

// didYouMean is what a complaint about a word adds, if a known one is near.
func didYouMean(prefix, word string, known []string) string {
	if meant := config.Nearest(word, known); meant != "" {
		return fmt.Sprintf(" (did you mean %q?)", prefix+meant)
	}
	return ""
}
