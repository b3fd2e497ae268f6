package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/avstam/avstam/calendar"
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
		Args:      atMost(1),
		ValidArgs: names,
		RunE: func(_ *cobra.Command, arguments []string) error {
			catalogue := rules.All()
			if len(arguments) == 1 {
				rule := rules.Named(arguments[0])
				if rule == nil {
					return usageError(withoutNumbers(fmt.Errorf("there is no rule %q%s; %q lists them", arguments[0], didYouMean("", arguments[0], names), "avstam rules")))
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
	table                                    string
	action, detail, severity, direction      string
	law, offByDefault                        string
	inForceFrom, inForceThrough, inForceBoth string
	severities, directions                   map[string]string // in words; nil where the codes are words
}

// severityText is a severity in words, with the code that a policy is written with.
func (h *ruleHeadings) severityText(severity rules.Severity) string {
	if word, ok := h.severities[severity.String()]; ok {
		return word + " (" + severity.String() + ")"
	}
	return severity.String()
}

// directionText is a direction in words.
func (h *ruleHeadings) directionText(direction rules.Direction) string {
	if word, ok := h.directions[direction.String()]; ok {
		return word
	}
	return direction.String()
}

// width is how much room the headings of a rule take, with the blanks after them.
func (h *ruleHeadings) width() int {
	longest := 0
	for _, heading := range []string{h.action, h.detail, h.severity, h.direction, h.law} {
		longest = max(longest, utf8.RuneCountInString(heading))
	}
	return longest + len(":  ")
}

var ruleHeadingsIn = map[string]ruleHeadings{
	rules.English: {
		table:  "RULE\tSEVERITY\tDIRECTION\tFINDS",
		action: "What to do", detail: "Detail", severity: "Severity", direction: "Direction", law: "Law",
		offByDefault: ", off unless the policy turns it on",
		inForceFrom:  " (in force from %s)", inForceThrough: " (in force through %s)", inForceBoth: " (in force from %s through %s)",
	},
	rules.Swedish: {
		table:  "REGEL\tALLVARLIGHETSGRAD\tRIKTNING\tHITTAR",
		action: "Att göra", detail: "Detalj", severity: "Allvarlighetsgrad", direction: "Riktning", law: "Lag",
		offByDefault: ", avslagen om inte policyn slår på den",
		inForceFrom:  " (i kraft från och med den %s)", inForceThrough: " (i kraft till och med den %s)", inForceBoth: " (i kraft från och med den %s till och med den %s)",
		severities: map[string]string{"error": "fel", "warning": "varning", "info": "upplysning", "off": "av"},
		directions: map[string]string{"record": "posten", "identity": "identiteten", "register": "registret", "none": "ingen"},
	},
}

func writeRules(w io.Writer, catalogue []*rules.Rule, language string) error {
	heading := ruleHeadingsIn[language]
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, heading.table)
	for _, rule := range catalogue {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", rule.Name, heading.severityText(defaultSeverity(rule)), heading.directionText(rule.Direction), rule.In(language).Title)
	}
	return table.Flush()
}

func writeRule(w io.Writer, rule *rules.Rule, language string) error {
	heading, texts := ruleHeadingsIn[language], rule.In(language)
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n\n%s\n\n", rule.Name, texts.Title, wrap(texts.Doc, ""))
	width := heading.width()
	line := func(heading, value string) {
		fmt.Fprintf(&text, "%-*s%s\n", width, heading, wrap(value, strings.Repeat(" ", width)))
	}
	line(heading.action+":", texts.Action)
	if texts.Details != "" {
		line(heading.detail+":", texts.Details)
	}
	severity := heading.severityText(rule.Severity)
	if rule.OffByDefault {
		severity += heading.offByDefault
	}
	line(heading.severity+":", severity)
	line(heading.direction+":", heading.directionText(rule.Direction))
	for i, law := range rule.Laws {
		name := heading.law + ":"
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(&text, "%-*s%s%s\n", width, name, law.Cite, heading.inForce(law))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// inForce is when a law was in force, as it follows the law's name.
func (h *ruleHeadings) inForce(law rules.Law) string {
	last := law.Until - 1
	switch {
	case law.From == calendar.Missing && law.Until == calendar.Missing:
		return "" // not known
	case law.Until == calendar.Missing:
		return fmt.Sprintf(h.inForceFrom, law.From)
	case law.From == calendar.Missing:
		return fmt.Sprintf(h.inForceThrough, last)
	}
	return fmt.Sprintf(h.inForceBoth, law.From, last)
}

// lineWidth is that of a terminal, where text is wrapped.
const lineWidth = 80

// wrap breaks text into lines; those after the first begin with the indent,
// which the first is taken to have, too. Line breaks and tabs in it become blanks;
// more blanks than one stay as they are, since they may be of a name that is told.
func wrap(text, indent string) string {
	var wrapped strings.Builder
	column := len(indent)
	for i, word := range wordsOf(text) {
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

// wordsOf cuts a text at its single blanks.
func wordsOf(text string) []string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) && !unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, text)
	var words []string
	start := 0
	for i := 1; i+1 < len(text); i++ {
		if text[i] == ' ' && text[i-1] != ' ' && text[i+1] != ' ' {
			words = append(words, text[start:i])
			start = i + 1
		}
	}
	return append(words, text[start:])
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
