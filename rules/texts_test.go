package rules_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
)

// Whoever reads a report in one language meets no text of the other, and no gap.
func TestEveryRuleSpeaksEveryLanguage(t *testing.T) {
	word := regexp.MustCompile(`[a-z_]+`)
	seen := map[string]string{}
	for _, rule := range rules.All() {
		for _, language := range rules.Languages() {
			texts := rule.In(language)
			assert.NotEmpty(t, texts.Title, "%s has a title in %s", rule.Name, language)
			assert.NotEmpty(t, texts.Doc, "%s has a meaning in %s", rule.Name, language)
			assert.NotEmpty(t, texts.Action, "%s says what to do in %s", rule.Name, language)
			for _, text := range []string{texts.Title, texts.Doc, texts.Action} {
				assert.Empty(t, seen[text], "a text of %s in %s is that of another rule or language", rule.Name, language)
				seen[text] = rule.Name
			}
			assert.Equal(t, rule.Details == "", texts.Details == "", "%s explains its details in %s", rule.Name, language)
		}
		// A list of values has the same ones in Swedish, each explained.
		if strings.Contains(rule.Details, ", ") {
			for _, value := range word.FindAllString(rule.Details, -1) {
				assert.Contains(t, rule.Swedish.Details, value+" (", "the detail %s of %s in Swedish", value, rule.Name)
			}
		}
	}
}
