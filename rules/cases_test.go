package rules_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/column"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every rule has its cases in testdata/<name>.csv, one a line:
//
//	why       what the case shows
//	want      - for no finding, else its detail ("hit" for none); " possible" after it where it is not certain
//	number    the identity number of the record; ? is replaced by the right check digit
//	date      the payment date
//	record    what else the record has: agency=, type=, start=, end=, amount=, currency=, integer
//	register  the entries, separated by |: number, status, and from=, reason=, known=, link=, level=,
//	          assigned=, renewed=, expected=, dead=
//	policy    tail=, emigrated=allow, level=, agency=, allowed=, days=, test=
//
// Cases across records have records separated by | in number, date and record,
// and as many words in want.
//
// An edge is a case whose why begins with "edge:": it lies on a boundary.
func TestCases(t *testing.T) {
	for _, rule := range rules.All() {
		t.Run(rule.Name, func(t *testing.T) {
			cases := readCases(t, rule.Name)
			var hits, passes, edges int
			for _, c := range cases {
				t.Run(c["why"], func(t *testing.T) {
					assert.Equal(t, strings.Fields(strings.ReplaceAll(c["want"], "|", " ")), strings.Fields(strings.Join(runCase(t, rule, c), " ")))
				})
				if strings.HasPrefix(c["why"], "edge:") {
					edges++
				}
				if strings.Trim(c["want"], "-| ") == "" {
					passes++
				} else {
					hits++
				}
			}
			assert.Positive(t, hits, "testdata/%s.csv has no case with a finding; add one", rule.Name)
			assert.Positive(t, passes, "testdata/%s.csv has no case without a finding; add one", rule.Name)
			assert.Positive(t, edges, `testdata/%s.csv has no case on a boundary; add one whose why begins with "edge:"`, rule.Name)
		})
	}
}

func readCases(t *testing.T, name string) []map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".csv"))
	require.NoError(t, err)
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	rows, err := reader.ReadAll()
	require.NoError(t, err)
	var cases []map[string]string
	for _, row := range rows[1:] {
		c := map[string]string{}
		for i, name := range rows[0] {
			c[name] = strings.TrimSpace(row[i])
		}
		cases = append(cases, c)
	}
	return cases
}

// runCase is what the rule makes of each record of a case.
func runCase(t *testing.T, rule *rules.Rule, c map[string]string) []string {
	t.Helper()
	policy := casePolicy(t, rule, c["policy"])
	dictionaries := pipeline.NewDictionaries()
	batch := caseBatch(t, c, dictionaries)
	checker := rules.NewChecker(&policy, caseRegister(t, c["register"]), dictionaries)
	hits := checker.Check(batch)
	if rule.Across != nil {
		return judgeAcross(checker, rule, batch)
	}
	found := make([]string, batch.Rows)
	for i := range found {
		found[i] = "-"
	}
	for _, hit := range hits {
		if rules.All()[hit.Rule] != rule {
			continue
		}
		text := string(hit.Detail.AppendText(nil))
		if text == "" {
			text = "hit"
		}
		if hit.Possible {
			text += " possible"
		}
		if hit.Other != 0 {
			text += fmt.Sprintf(" other=%d", hit.Other.Year())
		}
		require.Equal(t, "-", found[hit.Row], "a rule speaks of a record once")
		found[hit.Row] = text
	}
	return found
}

func judgeAcross(checker *rules.Checker, rule *rules.Rule, batch *pipeline.Batch) []string {
	found := make([]string, batch.Rows)
	for i := range found {
		found[i] = "-"
	}
	judge := rule.Across.NewJudge()
	rows := checker.Rows(rule.Across.Looks)
	for _, row := range rows {
		key := rule.Across.Key(checker.Facts(), row)
		judge.Note(&key, batch.Number[row], rules.Position(row))
	}
	for _, row := range rows {
		key := rule.Across.Key(checker.Facts(), row)
		if other, ok := judge.Decide(&key, batch.Number[row], rules.Position(row)); ok {
			found[row] = "hit"
			if other != 0 {
				found[row] = fmt.Sprintf("other=%d", other.Year())
			}
		}
	}
	return found
}

// checked replaces ? at the end of a number by its check digit.
func checked(text string) string {
	if !strings.HasSuffix(text, "?") {
		return text
	}
	text = strings.TrimSuffix(text, "?")
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return '1' // an interim letter
		}
		return -1
	}, text)
	digits = "000000000" + digits // an integer column has lost its zeros
	digits = digits[len(digits)-9:]
	sum := 0
	for i, r := range digits {
		d := int(r - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return text + strconv.Itoa((10-sum%10)%10)
}

func number(t *testing.T, text string) identity.Number {
	t.Helper()
	value := identity.Parse([]byte(checked(text))).Number()
	require.NotZero(t, value, "the case names a number that is none")
	return value
}

func day(t *testing.T, text string) calendar.Day {
	t.Helper()
	if text == "" {
		return calendar.Missing
	}
	d, ok := calendar.Parse([]byte(text))
	require.True(t, ok, "the case has a bad date %q", text)
	return d
}

func words(text string) (plain []string, named map[string]string) {
	named = map[string]string{}
	for _, word := range strings.Fields(text) {
		if key, value, ok := strings.Cut(word, "="); ok {
			named[key] = value
		} else {
			plain = append(plain, word)
		}
	}
	return plain, named
}

func caseRegister(t *testing.T, text string) *register.Snapshot {
	t.Helper()
	// A number that no case uses keeps the register from being empty.
	text = strings.TrimPrefix(text+"|18500101101? active", "|")
	extract := register.Extract{File: "case", FirstRow: 1, Words: []string{""}}
	word := func(text string) uint16 {
		if text == "" {
			return 0
		}
		extract.Words = append(extract.Words, text)
		return uint16(len(extract.Words) - 1)
	}
	for _, entry := range strings.Split(text, "|") {
		plain, named := words(entry)
		require.Len(t, plain, 2, "an entry is a number and a status")
		extract.Number = append(extract.Number, number(t, plain[0]))
		extract.Status = append(extract.Status, word(plain[1]))
		extract.Reason = append(extract.Reason, word(named["reason"]))
		extract.Level = append(extract.Level, word(named["level"]))
		extract.StatusFrom = append(extract.StatusFrom, day(t, named["from"]))
		extract.KnownFrom = append(extract.KnownFrom, day(t, named["known"]))
		extract.AssignedOn = append(extract.AssignedOn, day(t, named["assigned"]))
		extract.RenewedOn = append(extract.RenewedOn, day(t, named["renewed"]))
		extract.InactiveExpectedOn = append(extract.InactiveExpectedOn, day(t, named["expected"]))
		linked := identity.Number(0)
		if named["link"] != "" {
			linked = number(t, named["link"])
		}
		extract.Linked = append(extract.Linked, linked)
		dead, ok := calendar.ParsePartial([]byte(named["dead"]))
		require.True(t, ok)
		extract.DeceasedOn = append(extract.DeceasedOn, dead)
	}
	builder := register.NewBuilder(calendar.Of(2025, 12, 31))
	require.NoError(t, builder.Add(&extract))
	snapshot, _, err := builder.Build()
	require.NoError(t, err)
	return snapshot
}

func caseBatch(t *testing.T, c map[string]string, dictionaries *pipeline.Dictionaries) *pipeline.Batch {
	t.Helper()
	numbers := strings.Split(c["number"], "|")
	dates := strings.Split(c["date"], "|")
	records := strings.Split(c["record"], "|")
	at := func(list []string, i int) string { return strings.TrimSpace(list[min(i, len(list)-1)]) }
	b := &pipeline.Batch{Rows: len(numbers), Rejected: make([]bool, len(numbers))}
	id := func(dictionary *column.Dictionary, text string) uint16 {
		id, err := dictionary.ID([]byte(text))
		require.NoError(t, err)
		return id
	}
	for i := range numbers {
		plain, named := words(at(records, i))
		given := strings.Trim(checked(strings.TrimSpace(numbers[i])), `"`)
		text := identity.Parse([]byte(given))
		if len(plain) > 0 && plain[0] == "integer" {
			value, err := strconv.ParseInt(given, 10, 64)
			require.NoError(t, err)
			text = identity.ParseInteger(value)
		}
		b.Text = append(b.Text, text)
		b.PaymentDate = append(b.PaymentDate, day(t, at(dates, i)))
		b.PeriodStart = append(b.PeriodStart, day(t, named["start"]))
		b.PeriodEnd = append(b.PeriodEnd, day(t, named["end"]))
		amount, _ := strconv.ParseInt(named["amount"], 10, 64)
		b.Amount = append(b.Amount, amount)
		b.Agency = append(b.Agency, id(dictionaries.Agency, named["agency"]))
		b.PaymentType = append(b.PaymentType, id(dictionaries.PaymentType, named["type"]))
		b.Currency = append(b.Currency, id(dictionaries.Currency, named["currency"]))
	}
	return b
}

func casePolicy(t *testing.T, rule *rules.Rule, text string) rules.Policy {
	t.Helper()
	policy := rules.DefaultPolicy()
	_, named := words(text)
	level := func(name string) register.Level {
		for level := register.Uncertain; level <= register.Confirmed; level++ {
			if level.String() == name {
				return level
			}
		}
		require.Empty(t, name, "the case names no level")
		return register.NoLevel
	}
	pension := rules.PaymentTypePolicy{LawfulMonths: rules.NoTail, EmigratedAllowed: named["emigrated"] == "allow", IdentityLevel: level(named["level"])}
	if named["tail"] != "" {
		months, err := strconv.Atoi(named["tail"])
		require.NoError(t, err)
		pension.LawfulMonths = months
	}
	policy.PaymentTypes = map[string]rules.PaymentTypePolicy{"pension": pension}
	policy.Agencies = map[string]rules.AgencyPolicy{"csn": {IdentityLevel: level(named["agency"])}}
	switch allowed := named["allowed"]; allowed {
	case "":
	case "[]":
		policy.UncertainAllowed = []string{}
	default:
		policy.UncertainAllowed = strings.Split(allowed, ",")
	}
	if named["days"] != "" {
		days, err := strconv.Atoi(named["days"])
		require.NoError(t, err)
		policy.ExpiringWithinDays = days
	}
	if named["test"] != "" {
		policy.TestNumbers = []identity.Number{number(t, named["test"])}
	}
	if rule.OffByDefault {
		policy.Severities = map[string]rules.Severity{rule.Name: rule.Severity}
	}
	return policy
}

// Names are what reports and decisions refer to, so the list only grows.
func TestNamesAreAppendOnly(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "names.golden"))
	require.NoError(t, err)
	var names []string
	for _, rule := range rules.All() {
		names = append(names, rule.Name)
		assert.NotEmpty(t, rule.Title)
		assert.NotEmpty(t, rule.Doc)
		assert.NotEmpty(t, rule.Action)
		assert.True(t, (rule.Find == nil) != (rule.Across == nil), rule.Name)
		assert.Same(t, rule, rules.Named(rule.Name))
	}
	sort.Strings(names)
	assert.Equal(t, strings.Fields(string(golden)), names)
	assert.Nil(t, rules.Named("no_such_rule"))
}
