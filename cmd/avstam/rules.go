package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/rules"
)

func (p *program) rulesCommand() *cobra.Command {
	var format string
	var names []string
	for _, rule := range rules.All() {
		names = append(names, rule.Name)
	}
	command := &cobra.Command{
		Use:   "rules [NAME]",
		Short: "Prints the catalogue of rules, or one rule with its meaning, law and what to do",
		Example: `  avstam rules
  avstam rules inactive_number
  avstam rules --format json`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: names,
		RunE: func(_ *cobra.Command, arguments []string) error {
			catalogue := rules.All()
			if len(arguments) == 1 {
				rule := rules.Named(arguments[0])
				if rule == nil {
					return usageError(withoutNumbers(fmt.Errorf("there is no rule %q; %q lists them", arguments[0], "avstam rules")))
				}
				catalogue = []*rules.Rule{rule}
			}
			switch {
			case format == "json":
				return outputError(writeRulesJSON(p.out, catalogue, len(arguments) == 1))
			case format != "text":
				return usageError(errors.New("--format: want text or json"))
			case len(arguments) == 1:
				return outputError(writeRule(p.out, catalogue[0]))
			}
			return outputError(writeRules(p.out, catalogue))
		},
	}
	command.Flags().StringVar(&format, "format", "text", "text or json")
	return command
}

func defaultSeverity(rule *rules.Rule) rules.Severity {
	if rule.OffByDefault {
		return rules.Off
	}
	return rule.Severity
}

func writeRules(w io.Writer, catalogue []*rules.Rule) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tSEVERITY\tDIRECTION\tFINDS")
	for _, rule := range catalogue {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", rule.Name, defaultSeverity(rule), rule.Direction, rule.Title)
	}
	return table.Flush()
}

func writeRule(w io.Writer, rule *rules.Rule) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n\n%s\n\n", rule.Name, rule.Title, wrap(rule.Doc, ""))
	fmt.Fprintf(&text, "What to do:  %s\n", wrap(rule.Action, "             "))
	if rule.Details != "" {
		fmt.Fprintf(&text, "Detail:      %s\n", wrap(rule.Details, "             "))
	}
	severity := rule.Severity.String()
	if rule.OffByDefault {
		severity += ", off unless the policy turns it on"
	}
	fmt.Fprintf(&text, "Severity:    %s\n", severity)
	fmt.Fprintf(&text, "Direction:   %s\n", rule.Direction)
	for i, law := range rule.Laws {
		heading := "Law:         "
		if i > 0 {
			heading = "             "
		}
		fmt.Fprintf(&text, "%s%s (%s)\n", heading, law.Cite, inForce(law))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func inForce(law rules.Law) string {
	from, until := law.From.String(), law.Until.String()
	switch {
	case until == "":
		return "in force from " + from
	case from == "":
		return "in force until " + until
	}
	return "in force from " + from + " until " + until
}

// lineWidth is that of a terminal, where text is wrapped.
const lineWidth = 80

// wrap breaks text into lines; those after the first begin with the indent,
// which the first is taken to have, too.
func wrap(text, indent string) string {
	var wrapped strings.Builder
	column := len(indent)
	for i, word := range strings.Fields(text) {
		width := len([]rune(word))
		switch {
		case i == 0:
		case column+1+width > lineWidth:
			wrapped.WriteString("\n" + indent)
			column = len(indent)
		default:
			wrapped.WriteByte(' ')
			column++
		}
		wrapped.WriteString(word)
		column += width
	}
	return wrapped.String()
}

// ruleJSON is a rule as the catalogue's JSON has it.
type ruleJSON struct {
	Name         string    `json:"name"`
	Title        string    `json:"title"`
	Meaning      string    `json:"meaning"`
	Action       string    `json:"action"`
	Details      string    `json:"details,omitempty"`
	Severity     string    `json:"severity"`
	OffByDefault bool      `json:"off_by_default"`
	Direction    string    `json:"direction"`
	Laws         []lawJSON `json:"laws"`
}

type lawJSON struct {
	Cite  string `json:"cite"`
	From  string `json:"from,omitempty"`  // the first day in force
	Until string `json:"until,omitempty"` // the first day no longer in force
}

// writeRulesJSON writes a list of rules, or the one rule alone.
func writeRulesJSON(w io.Writer, catalogue []*rules.Rule, alone bool) error {
	list := make([]ruleJSON, len(catalogue))
	for i, rule := range catalogue {
		list[i] = ruleJSON{
			Name: rule.Name, Title: rule.Title, Meaning: rule.Doc, Action: rule.Action, Details: rule.Details,
			Severity: rule.Severity.String(), OffByDefault: rule.OffByDefault, Direction: rule.Direction.String(),
			Laws: []lawJSON{},
		}
		for _, law := range rule.Laws {
			list[i].Laws = append(list[i].Laws, lawJSON{law.Cite, law.From.String(), law.Until.String()})
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if alone {
		return encoder.Encode(list[0])
	}
	return encoder.Encode(list)
}
