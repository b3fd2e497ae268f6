package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/rules"
)

func (p *program) rulesCommand() *cobra.Command {
	var format, language string
	var names []string
	for _, rule := range rules.All() {
		names = append(names, rule.Name)
	}
	command := &cobra.Command{
		Use:   "rules [NAME]",
		Short: "Prints the catalogue of rules, or one rule with its meaning, law and what to do",
		Example: `  avstam rules
  avstam rules inactive_number
  avstam rules inactive_number --lang sv
  avstam rules --format json`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: names,
		RunE: func(_ *cobra.Command, arguments []string) error {
			catalogue := rules.All()
			if len(arguments) == 1 {
				rule := rules.Named(arguments[0])
				if rule == nil {
					return usageError(fmt.Errorf("there is no rule %q; %q lists them", arguments[0], "avstam rules"))
				}
				catalogue = []*rules.Rule{rule}
			}
			switch {
			case !slices.Contains(rules.Languages(), language):
				return usageError(fmt.Errorf("--lang: want %s", strings.Join(rules.Languages(), " or ")))
			case format == "json":
				return outputError(writeRulesJSON(p.out, catalogue, language, len(arguments) == 1))
			case format != "text":
				return usageError(errors.New("--format: want text or json"))
			case len(arguments) == 1:
				return outputError(writeRule(p.out, catalogue[0], language))
			}
			return outputError(writeRules(p.out, catalogue, language))
		},
	}
	command.Flags().StringVar(&format, "format", "text", "text or json")
	command.Flags().StringVar(&language, "lang", rules.English, "language of the texts: "+strings.Join(rules.Languages(), " or "))
	return command
}

func defaultSeverity(rule *rules.Rule) rules.Severity {
	if rule.OffByDefault {
		return rules.Off
	}
	return rule.Severity
}

// ruleHeadings are the headings of the catalogue and of a rule.
type ruleHeadings struct {
	table                                  string
	action, detail, severity, direction    string
	law, offByDefault                      string
	inForceFrom, inForceUntil, inForceBoth string
}

var headings = map[string]ruleHeadings{
	rules.English: {
		table:  "RULE\tSEVERITY\tDIRECTION\tFINDS",
		action: "What to do", detail: "Detail", severity: "Severity", direction: "Direction", law: "Law",
		offByDefault: ", off unless the policy turns it on",
		inForceFrom:  "in force from %s", inForceUntil: "in force until %s", inForceBoth: "in force from %s until %s",
	},
	rules.Swedish: {
		table:  "REGEL\tALLVAR\tRIKTNING\tFINNER",
		action: "Att göra", detail: "Detalj", severity: "Allvar", direction: "Riktning", law: "Lag",
		offByDefault: ", av om policyn inte slår på den",
		inForceFrom:  "i kraft från %s", inForceUntil: "i kraft till %s", inForceBoth: "i kraft från %s till %s",
	},
}

func writeRules(w io.Writer, catalogue []*rules.Rule, language string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, headings[language].table)
	for _, rule := range catalogue {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", rule.Name, defaultSeverity(rule), rule.Direction, rule.In(language).Title)
	}
	return table.Flush()
}

func writeRule(w io.Writer, rule *rules.Rule, language string) error {
	heading, texts := headings[language], rule.In(language)
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n\n%s\n\n", rule.Name, texts.Title, wrap(texts.Doc, ""))
	line := func(heading, value string) {
		fmt.Fprintf(&text, "%-13s%s\n", heading, wrap(value, "             "))
	}
	line(heading.action+":", texts.Action)
	if texts.Details != "" {
		line(heading.detail+":", texts.Details)
	}
	severity := rule.Severity.String()
	if rule.OffByDefault {
		severity += heading.offByDefault
	}
	line(heading.severity+":", severity)
	line(heading.direction+":", rule.Direction.String())
	for i, law := range rule.Laws {
		name := heading.law + ":"
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(&text, "%-13s%s (%s)\n", name, law.Cite, heading.inForce(law))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func (h *ruleHeadings) inForce(law rules.Law) string {
	from, until := law.From.String(), law.Until.String()
	switch {
	case until == "":
		return fmt.Sprintf(h.inForceFrom, from)
	case from == "":
		return fmt.Sprintf(h.inForceUntil, until)
	}
	return fmt.Sprintf(h.inForceBoth, from, until)
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
func writeRulesJSON(w io.Writer, catalogue []*rules.Rule, language string, alone bool) error {
	list := make([]ruleJSON, len(catalogue))
	for i, rule := range catalogue {
		texts := rule.In(language)
		list[i] = ruleJSON{
			Name: rule.Name, Title: texts.Title, Meaning: texts.Doc, Action: texts.Action, Details: texts.Details,
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
