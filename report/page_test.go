package report

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func amountsOf(currencies ...string) map[string]pipeline.Sum {
	amounts := map[string]pipeline.Sum{}
	for _, currency := range currencies {
		amounts[currency] = sumOf(1_234_567_50)
	}
	return amounts
}

func sumOf(ore int64) (sum pipeline.Sum) {
	sum.Add(ore)
	return sum
}

// pageOf is the page of a fixture's report, and the summary behind it.
func pageOf(t *testing.T, f *fixture, change func(*Summary)) (string, *Summary) {
	t.Helper()
	f.run.HTML = true
	_, published := f.publish(t)
	if change != nil {
		change(published.Summary)
	}
	page, err := renderPage(&f.run, newManifest(&f.run, &f.closing), published.Summary)
	require.NoError(t, err)
	return string(page), published.Summary
}

func caseOf(findings int64, currency string) CaseCount {
	return CaseCount{Findings: findings, Amounts: amountsOf(currency), ByCurrency: map[string]int64{currency: findings}}
}

// withCases adds a baseline and decisions.
func withCases(s *Summary) {
	s.Baseline = &BaselineCounts{
		Report: "20251120T020000.000Z-0a1b2c3d",
		New:    caseOf(s.Findings-20, "SEK"), Persisting: caseOf(13, "SEK"), Returned: caseOf(7, "SEK"),
		Resolved: CaseCount{Findings: 41, Amounts: amountsOf("SEK", "EUR"), ByCurrency: map[string]int64{"SEK": 38, "EUR": 3}},
	}
	s.Decisions = []DecisionCount{{"lawful", caseOf(12, "SEK"), 5, nil}, {"register_wrong", caseOf(3, "SEK"), 0, nil}}
}

// Every finding is in one value of each distribution.
func TestDistributionsAddUp(t *testing.T) {
	_, s := pageOf(t, newFixture(t, 3, 500), nil)
	for name, counts := range map[string][]Count{
		"severities": s.Severities, "confidence": s.Confidence, "agencies": s.Agencies, "payment_types": s.PaymentTypes, "months": s.Months,
		"directions": s.Directions, "status_ages": s.StatusAges, "known_at_payment": s.KnownAtPayment,
	} {
		findings, amounts := int64(0), []Account{}
		for _, count := range counts {
			findings += count.Findings
			amounts = append(amounts, Account{Amounts: count.Amounts})
			byCurrency := int64(0)
			for _, n := range count.byCurrency {
				byCurrency += n
			}
			assert.Equal(t, count.Findings, byCurrency, "%s %s by currency", name, count.Name)
		}
		assert.Equal(t, s.Findings, findings, name)
		total := []Account{}
		for _, rule := range s.Rules {
			total = append(total, Account{Amounts: rule.Amounts})
		}
		assert.Equal(t, plus(total...).Amounts, plus(amounts...).Amounts, name)
	}
}

func TestAgesOfStatuses(t *testing.T) {
	f := Finding{PaymentDate: 20_000}
	for _, test := range []struct {
		days int32
		want string
	}{
		{0, "0_30"}, {30, "0_30"}, {31, "31_90"}, {90, "31_90"}, {91, "91_365"}, {365, "91_365"}, {366, "366_730"}, {730, "366_730"},
		{731, "731_1825"}, {1825, "731_1825"}, {1826, "1826_or_more"}, {20_000, "1826_or_more"},
	} {
		f.StatusFrom = f.PaymentDate
		f.StatusFrom -= calendar.Day(test.days)
		assert.Equal(t, test.want, ageNames[statusAge(&f)], "%d days", test.days)
	}
	f.StatusFrom = calendar.Missing
	assert.Equal(t, "unknown", ageNames[statusAge(&f)])
}

// What few records amount to is nowhere on the page.
func TestFewAreNotOnThePage(t *testing.T) {
	for seed := range uint64(5) {
		f := newFixture(t, seed, 120)
		f.run.SuppressBelow = 5
		page, s := pageOf(t, f, nil)
		few, many := 0, 0
		for _, counts := range [][]Count{s.Severities, s.Confidence, s.Agencies, s.PaymentTypes, s.Months, s.Directions, s.StatusAges, s.KnownAtPayment, s.ClosedNumbers} {
			for _, count := range counts {
				for currency, sum := range count.Amounts {
					text := newPageLanguage(rules.English).money(sum, currency)
					if n := count.byCurrency[currency]; n < 5 {
						few++
						assert.NotContains(t, page, ">"+text+"<", "%d findings of %s", n, count.Name)
					} else if strings.Contains(page, ">"+text+"<") {
						many++
					}
				}
			}
		}
		for _, rule := range s.Rules {
			for currency, sum := range rule.Amounts {
				if rule.byCurrency[currency] < 5 {
					few++
					assert.NotContains(t, page, ">"+newPageLanguage(rules.English).money(sum, currency)+"<", rule.Rule)
				}
			}
		}
		assert.Positive(t, few, "the test has few of something")
		assert.Positive(t, many, "the page shows what many amount to")
	}
}

// One of a thing is told of as one, and a notice of few of something without their number.
func TestOneIsNotMany(t *testing.T) {
	for _, test := range []struct {
		language      string
		limit         int64
		texts, absent []string
	}{
		{rules.English, 0, []string{
			">1 record is in question.", ">(1 record)<", ">2 of the decisions are unmatched.<", "<p>1 number, 1 entry.</p>",
			">1 finding has the id of an earlier one: its source",
		}, []string{"Some of the decisions"}},
		{rules.Swedish, 0, []string{
			">1 post behöver utredas.", ">(1 post)<", ">2 av besluten är overksamma.<", "<p>1 nummer, 1 uppgift.</p>",
			">1 träff har samma id som en tidigare: dess källa",
		}, []string{"Några av besluten"}},
		{rules.English, 3, []string{">Some records are in question.", ">Some of the decisions.<", ">Some findings have the id"}, []string{"2 of the decisions", "(1 record)"}},
		{rules.Swedish, 3, []string{">Några av besluten.<"}, []string{"2 av besluten", "(1 post)"}},
		{rules.Swedish, 2, []string{">2 av besluten är overksamma.<"}, []string{"(1 post)"}},
	} {
		f := newFixture(t, 3, 20)
		f.run.Language, f.run.SuppressBelow = test.language, test.limit
		f.closing.Notices = []Notice{
			{Name: "a", Text: "A.", Records: 1},
			{Name: "b", Text: "2 of the decisions are unmatched.", Swedish: "2 av besluten är overksamma.", Counted: 2, Uncounted: "Some of the decisions.", UncountedSwedish: "Några av besluten."},
		}
		page, _ := pageOf(t, f, func(s *Summary) {
			s.Ledger.Total.Flagged.Rows, s.RepeatedIDs, s.Register.Numbers, s.Register.Entries = 1, 1, 1, 1
		})
		for _, text := range test.texts {
			assert.Contains(t, page, text, "%s, below %d", test.language, test.limit)
		}
		for _, text := range test.absent {
			assert.NotContains(t, page, text, "%s, below %d", test.language, test.limit)
		}
	}
}

// A law is told with the last day on which it was in force.
func TestDaysOfALaw(t *testing.T) {
	law := rules.Law{Cite: "1 §", From: calendar.Of(2021, 7, 1), Until: calendar.Of(2023, 9, 1)}
	assert.Equal(t, "1 §, from 1 July 2021, through 31 August 2023", strings.ReplaceAll(newPageLanguage(rules.English).law(law), noBreak, " "))
	assert.Equal(t, "1 §, från och med den 1 juli 2021, till och med den 31 augusti 2023", strings.ReplaceAll(newPageLanguage(rules.Swedish).law(law), noBreak, " "))
}

// payloads are what someone might write into a name.
var payloads = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'; --></style><svg onload=alert(1)>`, "{{.Summary}}",
	"abc\u202e\u2066gpj.exe\u200f", "a\x00b\x1b[31mc\x07\r\nd\u2028e", "z" + strings.Repeat("\u0335\u0489", 500),
	strings.Repeat("W", 10_000), strings.Repeat("bred ", 2_000), "javascript:alert(1)", "\xff\xfe", "=HYPERLINK(1)",
}

// hostileFixture has payloads in every name.
func hostileFixture(t *testing.T) *fixture {
	f := newFixture(t, 9, 400)
	for i, payload := range payloads {
		add := func(d interface {
			ID([]byte) (uint16, error)
		}) uint16 {
			number, err := d.ID([]byte(payload[:min(len(payload), 4096)]))
			require.NoError(t, err)
			return number
		}
		for j := i; j < len(f.records); j += len(payloads) {
			f.records[j].Agency, f.records[j].PaymentType = add(f.run.Dictionaries.Agency), add(f.run.Dictionaries.PaymentType)
		}
		f.closing.Notices = append(f.closing.Notices, Notice{Name: "n", Text: payload, Swedish: payload, Records: 17})
	}
	for i := range f.run.Files {
		f.run.Files[i] = File{payloads[i], payloads[i+1]}
		f.closing.Inputs[i] = Input{Source: payloads[i+2], Path: payloads[i+7], SHA256: strings.Repeat("0", 64)}
	}
	f.closing.RegisterFiles = []Input{{Path: payloads[1]}, {Path: payloads[7]}}
	f.closing.PolicySettings = map[string]any{payloads[0]: payloads[1], payloads[4]: payloads[5], payloads[7]: payloads[7]}
	f.closing.Register.Checks = &register.Checks{Inconsistencies: []register.Inconsistency{{Name: payloads[0], Count: 9}}}
	f.run.Version = payloads[0]
	return f
}

func hostileCases(s *Summary) {
	withCases(s)
	s.Baseline.Report = payloads[0]
	for _, payload := range payloads {
		s.Decisions = append(s.Decisions, DecisionCount{payload, caseOf(6, payload), 6, nil})
	}
}

// Names that others wrote are text, of a length that can be read, and change
// nothing of how the text around them is read.
func TestHostileNamesAreText(t *testing.T) {
	for _, language := range rules.Languages() {
		f := hostileFixture(t)
		f.run.Language = language
		page, _ := pageOf(t, f, hostileCases)
		assert.Less(t, len(page), 200<<10)
		body := page[strings.Index(page, "</style>")+1:]
		for _, element := range []string{"<script", "<img", "onerror=alert(1)>", "onload=alert(1)>", "</style>", strings.Repeat("W", longText+1), "\u0489\u0335\u0489"} {
			assert.NotContains(t, body, element)
		}
		for _, r := range body {
			if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				assert.Fail(t, "a character that cannot be seen", "%U", r)
			}
		}
		assert.Contains(t, body, "&lt;script&gt;alert(1)&lt;/script&gt;", "the name is there to be read")
	}
}

func TestShownTexts(t *testing.T) {
	for _, test := range []struct{ why, text, want string }{
		{"an ordinary name", "Försäkringskassan", "Försäkringskassan"},
		{"marks of other scripts", "हिन्दी e\u0301", "हिन्दी e\u0301"},
		{"as long as may be", strings.Repeat("å", longName), strings.Repeat("å", longName)},
		{"longer", strings.Repeat("å", longName+1), strings.Repeat("å", longName) + "…"},
		{"a change of direction", "a\u202eb", "a\ufffdb"},
		{"a control character", "a\tb\x00", "a\ufffdb\ufffd"},
		{"no UTF-8", "a\xffb", "a\ufffdb"},
		{"marks upon marks", "e" + strings.Repeat("\u0301", 100) + "f", "e\u0301\u0301f"},
	} {
		assert.Equal(t, test.want, shown(test.text, longName), test.why)
	}
}

func TestNumbersOfEachLanguage(t *testing.T) {
	english, swedish := newPageLanguage(rules.English), newPageLanguage(rules.Swedish)
	for _, test := range []struct {
		why, got, want string
	}{
		{"count", english.number(1_234_567), "1,234,567"},
		{"count", swedish.number(1_234_567), "1 234 567"},
		{"less than a group", swedish.number(999), "999"},
		{"negative", english.number(-1000), "−1,000"},
		{"money", english.money(sumOf(1_234_567_50), "SEK"), "SEK 1,234,567.50"},
		{"money", swedish.money(sumOf(1_234_567_50), "SEK"), "1 234 567,50 kr"},
		{"another currency", swedish.money(sumOf(1_234_50), "EUR"), "1 234,50 EUR"},
		{"less than a krona back", swedish.money(sumOf(-99), "SEK"), "−0,99 kr"},
		{"rounded to the unit", english.rounded(sumOf(999_499_49), "SEK"), "SEK 999,499"},
		{"rounded up", english.rounded(sumOf(12_50), "SEK"), "SEK 13"},
		{"nearly a million", english.rounded(sumOf(999_999_00), "SEK"), "SEK 1.00 million"},
		{"millions", swedish.rounded(sumOf(12_345_678_00), "SEK"), "12,3 miljoner kr"},
		{"hundreds of millions", english.rounded(sumOf(123_456_789_00), "SEK"), "SEK 123 million"},
		{"billions back", swedish.rounded(sumOf(-2_410_334_455_50), "SEK"), "−2,41 miljarder kr"},
		{"share", english.share(1, 3), "33.3%"},
		{"share", swedish.share(1, 3), "33,3 %"},
		{"hardly any", english.share(1, 100_000), "< 0.1%"},
		{"nearly all", swedish.share(99_999, 100_000), "> 99,9 %"},
		{"all", english.share(3, 3), "100.0%"},
		{"of nothing", english.share(0, 0), ""},
		{"share of money", english.shareOfSum(sumOf(50), sumOf(200)), "25.0%"},
		{"of money that came back", english.shareOfSum(sumOf(50), sumOf(-200)), ""},
		{"more than all, because some came back", english.shareOfSum(sumOf(300), sumOf(200)), ""},
		{"day", english.day("2025-11-03"), "3 November 2025"},
		{"day", swedish.day("2025-11-03"), "3 november 2025"},
	} {
		assert.Equal(t, test.want, strings.ReplaceAll(test.got, noBreak, " "), test.why)
	}
}

// Every text of the page is there in Swedish, and no other.
func TestEveryTextIsInSwedish(t *testing.T) {
	var sources string
	paths, err := filepath.Glob("page*.go")
	require.NoError(t, err)
	for _, path := range paths {
		if path != "page_text.go" && !strings.HasSuffix(path, "_test.go") {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			sources += string(text)
		}
	}
	for english, swedish := range swedishTexts {
		assert.NotEmpty(t, swedish, english)
		assert.Contains(t, pageText+sources, strconv.Quote(english), "a text that the page does not have")
		verbs := regexp.MustCompile(`%[a-z]`)
		assert.Equal(t, verbs.FindAllString(english, -1), verbs.FindAllString(swedish, -1), english)
	}
	uses := regexp.MustCompile(`\bt ("[^"]+")`).FindAllStringSubmatch(pageText, -1)
	uses = append(uses, regexp.MustCompile(`\bcounted ("[^"]+")`).FindAllStringSubmatch(pageText, -1)...)
	uses = append(uses, regexp.MustCompile(`\bcounted "[^"]+" ("[^"]+")`).FindAllStringSubmatch(pageText, -1)...)
	uses = append(uses, regexp.MustCompile(`(?:\.text\(|Title: |Column: |Unit: |Extra: )("[^"]+")`).FindAllStringSubmatch(sources, -1)...)
	assert.Greater(t, len(uses), 80)
	for _, used := range uses {
		english, err := strconv.Unquote(used[1])
		require.NoError(t, err)
		assert.Contains(t, swedishTexts, english)
	}
}

// Every code that a summary can have is there in words.
func TestEveryCodeHasWords(t *testing.T) {
	codes := map[string][]string{
		"severity": {"error", "warning", "info"}, "direction": {"record", "identity", "register", "none"},
		"age": ageNames[:], "known": knownNames[:], "confidence": certainty[:],
		"closed":   strings.Split(rules.Named("closed_number").Details, ", "),
		"state":    {"new", "persisting", "returned", "resolved", "not_read", "unknown"},
		"decision": {"confirmed", "lawful", "register_wrong", "corrected", "not_investigated"},
	}
	for reason := pipeline.FieldCount; int(reason) < pipeline.RejectReasons; reason++ {
		codes["reason"] = append(codes["reason"], reason.String())
	}
	builder := register.NewBuilder(calendar.Missing)
	day := []calendar.Day{calendar.Missing}
	require.NoError(t, builder.Add(&register.Extract{
		FirstRow: 1, Number: []identity.Number{numberOf(1964, 8, 23, 323)}, Words: []string{"", "active"},
		Status: []uint16{1}, Reason: []uint16{0}, Level: []uint16{0}, StatusFrom: day, KnownFrom: day, AssignedOn: day, RenewedOn: day,
		InactiveExpectedOn: day, Linked: []identity.Number{0}, DeceasedOn: []calendar.Partial{0}, Protected: []register.Tristate{0},
	}))
	_, checks, err := builder.Build()
	require.NoError(t, err)
	for _, fault := range checks.Inconsistencies {
		codes["check"] = append(codes["check"], fault.Name)
	}
	var all []string
	for kind := range codes {
		for _, code := range codes[kind] {
			all = append(all, kind+" "+code)
			word, ok := pageWords[kind+" "+code]
			assert.True(t, ok, "%s %s has no words", kind, code)
			assert.NotEmpty(t, word.english, code)
			assert.NotEmpty(t, word.swedish, code)
		}
	}
	for code := range pageWords {
		assert.True(t, slices.Contains(all, code), "%s is no code", code)
	}
}

// The page does not depend on who counted what.
func TestThePageIsTheSameForAnyNumberOfWorkers(t *testing.T) {
	one, four := newFixture(t, 4, 500), newFixture(t, 4, 500)
	one.run.Workers, four.run.Workers = 1, 4
	a, _ := pageOf(t, one, nil)
	b, _ := pageOf(t, four, nil)
	assert.True(t, a == b)
}

// A rule that had nothing to look for has not looked, and one that is off stands nowhere.
func TestRulesWithoutFindings(t *testing.T) {
	for language, lines := range map[string][2]string{
		rules.English: {"Rules that looked and found nothing:", "Rules that the policy gives nothing to look for:"},
		rules.Swedish: {"Regler som har prövats utan träff:", "Regler som policyn inte ger något att leta efter:"},
	} {
		f := newFixture(t, 1, 0)
		f.run.Language = language
		f.run.Severities = slices.Clone(f.run.Severities)
		f.run.Severities[slices.Index(rules.All(), rules.Named("closed_number"))] = rules.Off
		page, _ := pageOf(t, f, nil)
		line := func(begins string) string {
			_, after, found := strings.Cut(page, begins)
			require.True(t, found, begins)
			named, _, _ := strings.Cut(after, "</p>")
			return named
		}
		title := func(rule string) string { return rules.Named(rule).In(language).Title }
		assert.Equal(t, " "+title("test_number")+", "+title("insufficient_identity_level")+", "+title("uncertain_identity_purpose")+".", line(lines[1]))
		assert.Contains(t, line(lines[0]), title("unknown_number"))
		assert.NotContains(t, line(lines[0]), title("test_number"))
		assert.NotContains(t, page, title("closed_number"))

		f.run.Idle = make([]bool, len(f.run.Catalogue))
		page, _ = pageOf(t, f, nil)
		assert.NotContains(t, page, lines[1])
		assert.Contains(t, line(lines[0]), title("test_number"))
	}
}
