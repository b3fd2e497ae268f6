package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/report"
)

func (p *program) noticesCommand() *cobra.Command {
	var out, language string
	command := &cobra.Command{
		Use:   "notices REPORT",
		Short: "Drafts the notices that an agency owes the register; it sends nothing",
		Long: `Drafts, of a report's findings about the register and of those that were decided
to be its fault (register_wrong), the notice that an agency owes it (folkbokförings-
lagen 32 c §, lag (2022:1697) om samordningsnummer 4 kap. 1 §): a case a number, in
a table of all cases and one text each. Nothing is sent: somebody checks each draft,
completes it and decides.

--out names a folder, where there must be nothing yet; or, where it ends in .csv,
the table of cases alone. The cases of protected people lie apart, in the folder
"protected", and are left out of a table alone.`,
		Example: `  avstam notices out/latest --out notices
  avstam notices out/latest --out cases.csv`,
		Args: exactly("REPORT"),
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := checkOut(out); err != nil {
				return err
			}
			if language != string(casework.Swedish) && language != string(casework.English) {
				return usageError(errors.New("--lang: want sv or en"))
			}
			if err := report.CheckOutside(out); err != nil {
				return outputError(err)
			}
			folder, err := report.Follow(arguments[0])
			if err != nil {
				return inputError(err)
			}
			manifest, err := report.ReadManifest(folder)
			if err != nil {
				return inputError(err)
			}
			summary, err := report.ReadSummary(folder)
			if err != nil {
				return inputError(err)
			}
			noticed, err := casework.WriteNotices(command.Context(), casework.NoticeSettings{
				Folder: folder, Manifest: manifest, ExtractDate: summary.Register.ExtractDate, Out: out, Language: casework.Language(language),
			})
			var output *casework.OutputError
			if errors.As(err, &output) {
				return outputError(err)
			}
			if err != nil {
				return inputError(err)
			}
			p.done = "done, the drafts are in " + out
			p.tellMade("the drafts are written, but what they are cannot be printed", func(w io.Writer) error { return writeNoticed(w, noticed) })
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&out, "out", "", "a folder to write, or a file with the ending .csv")
	flags.StringVar(&language, "lang", string(casework.Swedish), "language of the texts: sv or en")
	return command
}

// writeNoticed says what notices were written of.
func writeNoticed(w io.Writer, noticed *casework.Noticed) error {
	_, err := fmt.Fprintf(w, "cases      %d\nfindings   %d\n", noticed.Cases-noticed.LeftOut, noticed.Findings)
	for _, line := range []struct {
		name  string
		count int64
		what  string
	}{
		{"protected", noticed.Protected - noticed.LeftOut, "of the cases, apart in the folder " + casework.ProtectedFolder},
		{"left out", noticed.LeftOut, "of protected people; name a folder to get them apart"},
		{"no number", noticed.WithoutNumber, "of the findings that would be told: there is nothing to tell the register"},
	} {
		if line.count > 0 && err == nil {
			_, err = fmt.Fprintf(w, "%-9s  %d %s\n", line.name, line.count, line.what)
		}
	}
	return err
}
