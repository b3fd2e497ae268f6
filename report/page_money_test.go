package report

import (
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// currenciesOfTerms are those of terms in these tests, by number.
var currenciesOfTerms = [][]byte{nil, []byte("SEK"), []byte("EUR")}

const sek, eur = 1, 2

// addRows adds rows of one amount to what was read and to what became of them.
func addRows(terms *Terms, became *pipeline.Tally, rows int, amount int64, currency uint16) {
	for range rows {
		for _, tally := range []*pipeline.Tally{&terms.Read, became} {
			tally.Add(1, 0)
			tally.AddAmount(amount, currency)
		}
	}
}

// addWithoutAmount adds rejected rows whose amount could not be read.
func addWithoutAmount(terms *Terms, rows int64) {
	terms.Read.Add(rows, rows)
	terms.Rejected.Add(rows, rows)
}

// pageOfTerms is the page of files with these terms and no findings, which are
// not needed for what it says of records; change may be nil.
func pageOfTerms(t *testing.T, limit int64, terms []Terms, change func(*Summary)) string {
	t.Helper()
	f := newFixture(t, 1, 0)
	f.run.SuppressBelow = limit
	page, _ := pageOf(t, f, func(s *Summary) {
		s.Ledger = newLedger(f.run.Files[:len(terms)], terms, currenciesOfTerms)
		s.Records = s.Ledger.Total
		if change != nil {
			change(s)
		}
	})
	return page
}

var tags = regexp.MustCompile(`(<[^>]*>)+`)

// cellsOf are the texts of a row of a table on a page, from its name on, or of a
// tile from its label on, each after a bar.
func cellsOf(t *testing.T, page, name, end string) string {
	t.Helper()
	_, after, found := strings.Cut(page, ">"+name+"<")
	require.True(t, found, "%s is on the page", name)
	row, _, found := strings.Cut(after, end)
	require.True(t, found)
	return strings.ReplaceAll(strings.TrimSuffix(tags.ReplaceAllString("<"+row, "|"), "|"), noBreak, " ")
}

func TestMoneyOfTheLedger(t *testing.T) {
	for _, test := range []struct {
		why                 string
		limit               int64
		fill                func(files []Terms)
		checked, inQuestion string // of the tiles
		all                 string // the row of all files
		absent              string // from the page
	}{
		{
			why: "one record of a second currency is one person's amount", limit: 5,
			fill: func(files []Terms) {
				addRows(&files[0], &files[0].Clean, 40, 100_00, sek)
				addRows(&files[0], &files[0].Clean, 1, 7_010_40, eur)
			},
			checked: "|SEK 4,000|SEK 4,000.00", inQuestion: "|SEK 0|SEK 0.00, 0.0% of all money",
			all: "|41|41|0|0|EUR hidden|SEK 4,000.00|0", absent: "7,010",
		},
		{
			why: "rows without an amount are none behind a sum", limit: 5,
			fill: func(files []Terms) {
				addRows(&files[0], &files[0].Clean, 2, 9_953_85, sek)
				addWithoutAmount(&files[0], 18)
			},
			checked: "|–", inQuestion: "|–", all: "|20|hidden|0|hidden|hidden|0", absent: "19,907",
		},
		{
			why: "a sum of nothing is one of few, too", limit: 5,
			fill: func(files []Terms) {
				addRows(&files[0], &files[0].Clean, 2, 50_00, sek)
				addRows(&files[0], &files[0].Clean, 1, -100_00, sek)
				addWithoutAmount(&files[0], 18)
			},
			checked: "|–", inQuestion: "|–", all: "|21|hidden|0|hidden|hidden|0", absent: "SEK 0",
		},
		{
			why: "what was read and is not flagged can be had by subtraction", limit: 5,
			fill: func(files []Terms) {
				addRows(&files[0], &files[0].Flagged, 30, 100_00, sek)
				addRows(&files[0], &files[0].Clean, 2, 7_000_00, sek)
				addRows(&files[0], &files[0].Clean, 20, 10_00, eur)
			},
			checked: "|EUR 200|EUR 200.00|SEK hidden", inQuestion: "|EUR 0|EUR 0.00, 0.0% of all money|SEK 3,000|SEK 3,000.00",
			all: "|52|22|30|0|EUR 200.00|SEK hidden|SEK 3,000.00", absent: "17,000",
		},
		{
			why: "rejected rows are of the rest", limit: 5,
			fill: func(files []Terms) {
				addRows(&files[0], &files[0].Flagged, 30, 100_00, sek)
				addRows(&files[0], &files[0].Clean, 3, 10_00, sek)
				addRows(&files[0], &files[0].Rejected, 3, 10_00, sek)
				addRows(&files[0], &files[0].Clean, 20, 10_00, eur)
				addRows(&files[0], &files[0].Rejected, 20, 10_00, eur)
			},
			checked: "|EUR 400|EUR 400.00|SEK 3,060|SEK 3,060.00", inQuestion: "|EUR 0|EUR 0.00, 0.0% of all money|SEK 3,000|SEK 3,000.00, 98.0% of all money",
			all: "|76|23|30|23|EUR 400.00|SEK 3,060.00|SEK 3,000.00",
		},
		{
			why: "few of the rest in one file take another's money read with them", limit: 5,
			fill: func(files []Terms) {
				addRows(&files[0], &files[0].Flagged, 30, 100_00, sek)
				addRows(&files[0], &files[0].Clean, 2, 7_000_00, sek)
				addRows(&files[0], &files[0].Clean, 20, 10_00, eur)
				for i := range files[1:] {
					addRows(&files[1+i], &files[1+i].Flagged, 40+i, 100_00, sek)
					addRows(&files[1+i], &files[1+i].Clean, 20, 100_00, sek)
				}
			},
			checked: "|EUR 200|EUR 200.00|SEK 29,100|SEK 29,100.00", inQuestion: "|EUR 0|EUR 0.00, 0.0% of all money|SEK 11,100|SEK 11,100.00, 38.1% of all money",
			all: "|173|62|111|0|EUR 200.00|SEK 29,100.00|SEK 11,100.00", absent: "17,000",
		},
		{
			why: "corrections take all that was read away, not what is in question", limit: 0,
			fill: func(files []Terms) {
				addRows(&files[0], &files[0].Flagged, 10, 100_00, sek)
				addRows(&files[0], &files[0].Clean, 2, -500_00, sek)
			},
			checked: "|SEK 0|SEK 0.00", inQuestion: "|SEK 1,000|SEK 1,000.00", all: "|12|2|10|0|0|SEK 1,000.00",
		},
		{
			why: "the same where the corrections are few: what is in question stays", limit: 5,
			fill: func(files []Terms) {
				addRows(&files[0], &files[0].Flagged, 10, 100_00, sek)
				addRows(&files[0], &files[0].Clean, 2, -500_00, sek)
			},
			checked: "|SEK hidden", inQuestion: "|SEK 1,000|SEK 1,000.00", all: "|hidden|hidden|10|0|hidden|SEK 1,000.00",
		},
	} {
		t.Run(test.why, func(t *testing.T) {
			terms := make([]Terms, fixtureFiles)
			test.fill(terms)
			files := len(terms)
			for files > 1 && terms[files-1].Read.Rows == 0 {
				files--
			}
			page := pageOfTerms(t, test.limit, terms[:files], nil)
			assert.Equal(t, test.checked, cellsOf(t, page, "Money checked", "</li>"))
			assert.Equal(t, test.inQuestion, cellsOf(t, page, "Money in question", "</li>"))
			assert.Equal(t, test.all, cellsOf(t, page, "All files", "</tr>"))
			if test.absent != "" {
				assert.NotContains(t, strings.ReplaceAll(page, noBreak, " "), test.absent)
			}
		})
	}
}

// Whatever the files hold, no money of few records stands there, nor is what was
// read and what was flagged the difference of few, of a file or of those that are
// hidden together.
func TestMoneyOfFewCannotBeWorkedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 5
		rows := rapid.SampledFrom([]int{0, 0, 1, 2, 3, 4, 5, 6, 9, 50})
		terms := make([]Terms, rapid.IntRange(1, 5).Draw(t, "files"))
		files := make([]File, len(terms))
		// How many rows with an amount there are of each file, and of all of them.
		type counts struct{ read, flagged int }
		ofFiles, ofAll := map[string][]counts{}, map[string]counts{}
		for i := range terms {
			for _, number := range []uint16{sek, eur} {
				currency := string(currenciesOfTerms[number])
				clean, flagged, rejected := rows.Draw(t, "clean"), rows.Draw(t, "flagged"), rows.Draw(t, "rejected")
				addRows(&terms[i], &terms[i].Clean, clean, 100, number)
				addRows(&terms[i], &terms[i].Flagged, flagged, 100, number)
				addRows(&terms[i], &terms[i].Rejected, rejected, 100, number)
				one, all := counts{clean + flagged + rejected, flagged}, ofAll[currency]
				ofFiles[currency], ofAll[currency] = append(ofFiles[currency], one), counts{all.read + one.read, all.flagged + one.flagged}
			}
			addWithoutAmount(&terms[i], int64(rows.Draw(t, "without an amount")))
		}
		s := &Summary{Ledger: newLedger(files, terms, currenciesOfTerms)}
		s.Records = s.Ledger.Total
		b := &pageBuilder{language: newPageLanguage(rules.English), summary: s, hide: &disclosure{limit: limit}}
		b.chooseCurrencies()
		b.ledger()
		b.hide.settle(b.currencies)

		few := func(n int) bool { return n > 0 && n < limit }
		for _, currency := range b.currencies {
			look := func(file pageFile, n counts) (isReadShown, isFlaggedShown bool) {
				isReadShown, isFlaggedShown = !file.Read.hiddenAmount[currency], !file.Flagged.hiddenAmount[currency]
				if isReadShown && few(n.read) || isFlaggedShown && few(n.flagged) {
					t.Fatalf("the money of %d read or %d flagged records stands there", n.read, n.flagged)
				}
				if isReadShown && isFlaggedShown && few(n.read-n.flagged) {
					t.Fatalf("the money of the other %d records can be worked out", n.read-n.flagged)
				}
				return isReadShown, isFlaggedShown
			}
			isReadShown, isFlaggedShown := look(b.AllFiles, ofAll[currency])
			var read, flagged, rest int // that are hidden, together
			for i, file := range b.Files {
				n := ofFiles[currency][i]
				isRead, isFlagged := look(file, n)
				if !isRead {
					read += n.read
				}
				if !isFlagged {
					flagged += n.flagged
				}
				if !isRead || !isFlagged {
					rest += n.read - n.flagged
				}
			}
			if isReadShown && few(read) || isFlaggedShown && few(flagged) || isReadShown && isFlaggedShown && few(rest) {
				t.Fatalf("%d read, %d flagged or %d others are what the files' money lacks of all", read, flagged, rest)
			}
		}
	})
}

// Whatever the files hold, and whichever are copies of each other, each figure of few may
// be any of few, for whoever knows what is the same in the copies and looks at one sum. All
// that is possible is tried.
func TestCopiesDoNotTellOfFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 5
		rows := rapid.SampledFrom([]int{0, 0, 1, 2, 3, 4, 5, 6, 9})
		terms := make([]Terms, rapid.IntRange(2, 6).Draw(t, "files"))
		inputs := make([]Input, len(terms))
		for i := range terms {
			of := rapid.IntRange(0, i).Draw(t, "copy of")
			inputs[i].SHA256 = fmt.Sprint(of)
			if of < i {
				inputs[i].SHA256 = inputs[of].SHA256
				if terms[i] = terms[of]; rapid.Bool().Draw(t, "found twice") { // by a rule across records
					terms[i].Clean, terms[i].Flagged = terms[i].Flagged, terms[i].Clean
				}
				continue
			}
			for _, number := range []uint16{sek, eur} {
				addRows(&terms[i], &terms[i].Clean, rows.Draw(t, "clean"), 100, number)
				addRows(&terms[i], &terms[i].Flagged, rows.Draw(t, "flagged"), 100, number)
				addRows(&terms[i], &terms[i].Rejected, rows.Draw(t, "rejected"), 100, number)
			}
		}
		s := &Summary{Ledger: newLedger(make([]File, len(terms)), terms, currenciesOfTerms)}
		s.Records = s.Ledger.Total
		b := &pageBuilder{language: newPageLanguage(rules.English), summary: s, hide: &disclosure{limit: limit}}
		b.chooseCurrencies()
		b.ledger()
		b.copies(inputs)
		b.hide.settle(b.currencies)

		look := func(of string, count func(*figure) int64, isHidden func(*figure) bool) {
			type cell struct{ file, column int }
			place := map[*figure]cell{}
			isCopy := func(f, g *figure) bool {
				at, ok := place[f]
				other, too := place[g]
				return f == g || ok && too && at.column == other.column && inputs[at.file].SHA256 == inputs[other.file].SHA256 &&
					f.count == g.count && maps.Equal(f.byCurrency, g.byCurrency)
			}
			for i := range b.ofFiles {
				for column, f := range b.ofFiles[i] {
					place[f] = cell{i, column}
					for _, earlier := range b.ofFiles[:i] {
						if g := earlier[column]; count(f) > 0 && isCopy(f, g) && isHidden(f) != isHidden(g) {
							t.Fatalf("%s: column %d of a file stands there, and not of its copy", of, column)
						}
					}
				}
			}
			for _, sum := range b.hide.sums {
				if isHidden(sum.total) || of == "rows" && sum.ofMoney || of != "rows" && sum.ofCounts {
					continue
				}
				var hidden []*figure // of each of those that are the same the first
				var times []int64
				together := int64(0)
				for _, f := range sum.parts {
					if count(f) == 0 || !isHidden(f) {
						continue
					}
					together += count(f)
					if at := slices.IndexFunc(hidden, func(g *figure) bool { return isCopy(f, g) }); at >= 0 {
						times[at]++
						continue
					}
					hidden, times = append(hidden, f), append(times, 1)
				}
				for i, f := range hidden {
					others := slices.Delete(slices.Clone(times), i, i+1)
					for n := int64(1); n < limit && count(f) < limit; n++ {
						if !addsUp(together-n*times[i], others) {
							t.Fatalf("%s: %d stands hidden %d times in %d, with others %v times, and cannot be %d", of, count(f), times[i], together, others, n)
						}
					}
				}
			}
		}
		look("rows", func(f *figure) int64 { return f.count }, func(f *figure) bool { return f.hidden })
		for _, currency := range b.currencies {
			look(currency, func(f *figure) int64 { return f.byCurrency[currency] }, func(f *figure) bool { return f.hiddenAmount[currency] })
		}
	})
}

// A copy that has no room on the page is known by the file that it is one of, and does
// not hide the few of another that has none.
func TestCopiesWithoutRoomOnThePage(t *testing.T) {
	for digest, want := range map[string]int{"of the first": 1, "of its own": 0} {
		terms := make([]Terms, pageRows+2)
		inputs := make([]Input, len(terms))
		for i := range terms[:pageRows+1] {
			addRows(&terms[i], &terms[i].Clean, 100, 100, sek)
			inputs[i].SHA256 = fmt.Sprint(i)
		}
		addRows(&terms[pageRows+1], &terms[pageRows+1].Clean, 3, 100, sek)
		inputs[0].SHA256, inputs[pageRows].SHA256 = "of the first", digest
		s := &Summary{Ledger: newLedger(make([]File, len(terms)), terms, currenciesOfTerms)}
		s.Records = s.Ledger.Total
		b := &pageBuilder{language: newPageLanguage(rules.English), summary: s, hide: &disclosure{limit: 5}}
		b.chooseCurrencies()
		b.ledger()
		b.copies(inputs)
		b.hide.settle(b.currencies)
		hidden := 0
		for _, file := range b.Files {
			if file.Read.hidden {
				hidden++
			}
		}
		assert.False(t, b.Read.hidden)
		assert.Equal(t, want, hidden, "figures on the page that are hidden for the few, the last but one with the bytes %s", digest)
	}
}

// addsUp says whether a sum has numbers of 1 or more, each so many times.
func addsUp(sum int64, times []int64) bool {
	if len(times) == 0 {
		return sum == 0
	}
	for sum -= times[0]; sum >= 0; sum -= times[0] {
		if addsUp(sum, times[1:]) {
			return true
		}
	}
	return false
}

// A file and its copy tell of one another, and the notice of both.
func TestThePageOfARepeatedFile(t *testing.T) {
	for _, test := range []struct {
		why           string
		limit         int64
		others        int // clean records of a third file
		digest        string
		notice        string
		checked       string
		first, second string
	}{
		{
			why: "a page that hides nothing tells all", digest: "0f", notice: "Repeated.|(10 records)",
			checked: "|20|All could be read.", first: "|10|10|0|0|SEK 1,000.00|0", second: "|10|2|8|0|SEK 1,000.00|SEK 800.00",
		},
		{
			why: "as many were read of both, so that all that was read tells of both", limit: 5, digest: "0f", notice: "Repeated.",
			checked: "|hidden|All could be read.", first: "|hidden|hidden|0|0|hidden|0", second: "|hidden|hidden|8|0|hidden|SEK 800.00",
		},
		{
			why: "a third file hides among all that was read", limit: 5, others: 50, digest: "0f", notice: "Repeated.",
			checked: "|70|All could be read.", first: "|hidden|hidden|0|0|hidden|0", second: "|hidden|hidden|8|0|hidden|SEK 800.00",
		},
		{
			why: "where nothing was digested nobody knows of the copy", limit: 5, notice: "Repeated.",
			checked: "|20|All could be read.", first: "|hidden|hidden|0|0|hidden|0", second: "|hidden|hidden|8|0|hidden|SEK 800.00",
		},
	} {
		t.Run(test.why, func(t *testing.T) {
			terms := make([]Terms, 2, fixtureFiles)
			addRows(&terms[0], &terms[0].Clean, 10, 100_00, sek)
			addRows(&terms[1], &terms[1].Clean, 2, 100_00, sek)
			addRows(&terms[1], &terms[1].Flagged, 8, 100_00, sek)
			if test.others > 0 {
				terms = terms[:fixtureFiles]
				addRows(&terms[2], &terms[2].Clean, test.others, 100_00, sek)
			}
			f := newFixture(t, 1, 0)
			f.run.SuppressBelow = test.limit
			f.closing.Inputs[0].SHA256, f.closing.Inputs[1].SHA256 = test.digest, test.digest
			f.closing.Notices = []Notice{{Name: "file_repeated", Text: "Repeated.", Records: 10}}
			page, _ := pageOf(t, f, func(s *Summary) {
				s.Ledger = newLedger(f.run.Files[:len(terms)], terms, currenciesOfTerms)
				s.Records = s.Ledger.Total
			})
			assert.Equal(t, test.checked, cellsOf(t, page, "Records checked", "</li>"))
			assert.Equal(t, test.first, cellsOf(t, page, "csn: in/csn.csv", "</tr>"))
			assert.Equal(t, test.second, cellsOf(t, page, "fk: in/a.parquet", "</tr>"))
			_, notices, _ := strings.Cut(page, `<ul class="notices">`)
			notices, _, _ = strings.Cut(notices, "</ul>")
			assert.Equal(t, test.notice, strings.ReplaceAll(strings.TrimSpace(strings.Trim(tags.ReplaceAllString(notices, "|"), "|\n")), "| |", "|"))
		})
	}
}

// How many records a notice is about is some of those that were checked, and would tell
// of the others: of ten that were, eight are too late for the extract.
func TestNoticesDoNotTellOfTheOthers(t *testing.T) {
	terms := make([]Terms, 1)
	addRows(&terms[0], &terms[0].Clean, 10, 100_00, sek)
	for limit, isTold := range map[int64]bool{0: true, 1: true, 2: false, 5: false} {
		page := pageOfTerms(t, limit, terms, func(s *Summary) {
			s.Notices = []Notice{{Name: "stale_register", Text: "There are payments after the extract.", Records: 8}}
		})
		assert.Equal(t, "|10|All could be read.", cellsOf(t, page, "Records checked", "</li>"))
		assert.Contains(t, page, "There are payments after the extract.")
		assert.Equal(t, isTold, strings.Contains(page, "(8 records)"), "below %d", limit)
	}
}

// What is gone may be in a currency that this run has none of.
func TestCurrenciesOfFindingsThatAreGone(t *testing.T) {
	terms := make([]Terms, 1)
	addRows(&terms[0], &terms[0].Clean, 40, 100_00, sek)
	page := pageOfTerms(t, 5, terms, func(s *Summary) {
		s.Baseline = &BaselineCounts{NotRead: CaseCount{
			Findings: 43, Amounts: map[string]pipeline.Sum{"SEK": sumOf(999_99), "EUR": sumOf(4_000_00)},
			ByCurrency: map[string]int64{"SEK": 3, "EUR": 40},
		}}
	})
	assert.Equal(t, "|43|EUR 4,000.00|SEK hidden", cellsOf(t, page, pageWords["state not_read"].english, "</tr>"))
	assert.NotContains(t, page, "999.99")
	assert.NotContains(t, page, "the others are in summary.json")

	amounts, findings := map[string]pipeline.Sum{}, map[string]int64{}
	for _, currency := range []string{"DKK", "EUR", "GBP", "NOK", "USD"} {
		amounts[currency], findings[currency] = sumOf(10_00), 10
	}
	page = pageOfTerms(t, 5, terms, func(s *Summary) {
		s.Baseline = &BaselineCounts{Resolved: CaseCount{Findings: 50, Amounts: amounts, ByCurrency: maps.Clone(findings)}}
	})
	assert.Contains(t, page, "the others are in summary.json")
}

// Those whose decision has not expired are the others.
func TestDecisionsDoNotTellOfTheOthers(t *testing.T) {
	for _, test := range []struct {
		why               string
		findings, expired int64
		want              string
	}{
		{"few have not expired", 20, 18, "|20|hidden|SEK 1,234,567.50"},
		{"few have expired", 20, 2, "|20|hidden|SEK 1,234,567.50"},
		{"enough of both", 20, 15, "|20|15|SEK 1,234,567.50"},
		{"all have expired", 20, 20, "|20|20|SEK 1,234,567.50"},
		{"none has expired", 20, 0, "|20|0|SEK 1,234,567.50"},
	} {
		terms := make([]Terms, 1)
		addRows(&terms[0], &terms[0].Clean, 40, 100_00, sek)
		page := pageOfTerms(t, 5, terms, func(s *Summary) {
			s.Rules = []RuleCount{ruleOf(test.findings, "SEK")}
			s.Decisions = []DecisionCount{{"lawful", caseOf(test.findings, "SEK"), test.expired, nil}}
		})
		assert.Equal(t, test.want, cellsOf(t, page, pageWords["decision lawful"].english, "</tr>"), test.why)
	}
}

// ruleOf are findings of a rule.
func ruleOf(findings int64, currency string) RuleCount {
	c := caseOf(findings, currency)
	return RuleCount{Rule: "unknown_number", Severity: "warning", Direction: "record", Findings: c.Findings, Amounts: c.Amounts, byCurrency: c.ByCurrency}
}

// Findings without a decision are what the decisions lack of all.
func TestDecisionsDoNotTellOfTheUndecided(t *testing.T) {
	const hidden = "|hidden|0|hidden"
	shown := func(findings string) string { return "|" + findings + "|0|SEK 1,234,567.50" }
	for _, test := range []struct {
		why                   string
		lawful, registerWrong int64 // of 40
		want                  [2]string
	}{
		{"few have none, so that the fewest go with them", 20, 18, [2]string{shown("20"), hidden}},
		{"one has none", 20, 19, [2]string{shown("20"), hidden}},
		{"all have one", 20, 20, [2]string{shown("20"), shown("20")}},
		{"enough have none", 20, 10, [2]string{shown("20"), shown("10")}},
		{"few have one, and hide among those that have none", 20, 3, [2]string{shown("20"), hidden}},
		{"the same where those are the most", 6, 3, [2]string{shown("6"), hidden}},
	} {
		terms := make([]Terms, 1)
		addRows(&terms[0], &terms[0].Clean, 40, 100_00, sek)
		page := pageOfTerms(t, 5, terms, func(s *Summary) {
			s.Rules = []RuleCount{ruleOf(40, "SEK")}
			s.Decisions = []DecisionCount{{"lawful", caseOf(test.lawful, "SEK"), 0, nil}, {"register_wrong", caseOf(test.registerWrong, "SEK"), 0, nil}}
		})
		assert.Equal(t, "|40|SEK 1,234,567.50", cellsOf(t, page, "All findings", "</tr>"), test.why)
		for i, decision := range []string{"lawful", "register_wrong"} {
			assert.Equal(t, test.want[i], cellsOf(t, page, pageWords["decision "+decision].english, "</tr>"), "%s: %s", decision, test.why)
		}
	}
}

// Whatever was decided of the findings, no decision of few stands there, nor is
// what all findings have more than the decisions that do of few.
func TestFewCannotBeWorkedOutFromDecisions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 5
		findings := rapid.SampledFrom([]int64{0, 0, 1, 2, 3, 4, 5, 6, 9, 50})
		draw := func(label string) (c CaseCount) {
			c = CaseCount{Amounts: map[string]pipeline.Sum{}, ByCurrency: map[string]int64{}}
			for _, currency := range []string{"SEK", "EUR"} {
				if n := findings.Draw(t, label+" "+currency); n > 0 {
					c.Findings += n
					c.Amounts[currency], c.ByCurrency[currency] = sumOf(n*100), n
				}
			}
			return c
		}
		s := &Summary{}
		all := []CaseCount{draw("undecided")}
		for _, decision := range []string{"confirmed", "lawful", "register_wrong"}[:rapid.IntRange(1, 3).Draw(t, "decisions")] {
			one := draw(decision)
			all = append(all, one)
			s.Decisions = append(s.Decisions, DecisionCount{decision, one, rapid.Int64Range(0, one.Findings).Draw(t, "expired"), nil})
		}
		rule := ruleOf(0, "SEK")
		rule.Amounts, rule.byCurrency = map[string]pipeline.Sum{}, map[string]int64{}
		for _, one := range all {
			rule.Findings += one.Findings
			for currency, n := range one.ByCurrency {
				rule.Amounts[currency] = sumOf((rule.byCurrency[currency] + n) * 100)
				rule.byCurrency[currency] += n
			}
		}
		s.Rules = []RuleCount{rule}
		b := &pageBuilder{language: newPageLanguage(rules.English), summary: s, hide: &disclosure{limit: limit}}
		b.chooseCurrencies()
		b.rules(rules.All())
		b.cases()
		b.hide.settle(b.currencies)

		look := func(of string, count func(CaseCount) int64, isHidden func(*figure) bool) {
			few := func(n int64) bool { return n > 0 && n < limit }
			rest, hidden := count(all[0]), 0
			for i, row := range b.Decisions.Rows {
				n := count(all[1+i])
				switch {
				case n == 0:
				case isHidden(row.Figure):
					rest += n
					hidden++
				case few(n):
					t.Fatalf("%s of %d findings with a decision stands there", of, n)
				}
			}
			if !isHidden(b.Findings) && few(rest) {
				t.Fatalf("%s of %d findings can be worked out", of, rest)
			}
			if !isHidden(b.Findings) && hidden == 1 && count(all[0]) == 0 {
				t.Fatalf("%s of the only decision that is hidden can be worked out", of)
			}
		}
		look("the number", func(c CaseCount) int64 { return c.Findings }, func(f *figure) bool { return f.hidden })
		for _, currency := range b.currencies {
			look(currency, func(c CaseCount) int64 { return c.ByCurrency[currency] }, func(f *figure) bool { return f.hiddenAmount[currency] })
		}
	})
}

// Rules are of a severity and of a direction, and both have totals on the page. From
// all of these together, too, nobody can work out a figure of few: the equations are
// solved as whoever wants to know would.
func TestFewCannotBeWorkedOutFromDirections(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 5
		s := &Summary{}
		directions := map[string]*Count{}
		for _, rule := range rules.All() {
			n := rapid.SampledFrom([]int64{0, 0, 0, 0, 1, 2, 4, 5, 6, 9, 50}).Draw(t, rule.Name)
			count := Count{Findings: n, Amounts: map[string]pipeline.Sum{}, byCurrency: map[string]int64{}}
			if n > 0 {
				count.Amounts["SEK"], count.byCurrency["SEK"] = sumOf(n*100), n
			}
			severity := rule.Severity
			if severity == rules.Off {
				severity = rules.Warning
			}
			s.Rules = append(s.Rules, RuleCount{
				Rule: rule.Name, Severity: severity.String(), Direction: rule.Direction.String(), Findings: n, Amounts: count.Amounts, byCurrency: count.byCurrency,
			})
			if n == 0 {
				continue
			}
			of := directions[rule.Direction.String()]
			if of == nil {
				of = &Count{Name: rule.Direction.String(), Amounts: map[string]pipeline.Sum{}, byCurrency: map[string]int64{}}
				directions[of.Name] = of
			}
			of.Findings += n
			of.byCurrency["SEK"] += n
			of.Amounts["SEK"] = sumOf(of.Findings * 100)
		}
		for _, direction := range []rules.Direction{rules.OnRecord, rules.OnIdentity, rules.OnRegister, rules.NoDirection} {
			if of := directions[direction.String()]; of != nil {
				s.Directions = append(s.Directions, *of)
			}
		}
		b := &pageBuilder{language: newPageLanguage(rules.English), summary: s, hide: &disclosure{limit: limit}}
		b.chooseCurrencies()
		b.rules(rules.All())
		b.directions()
		b.hide.settle(b.currencies)

		for _, look := range []struct {
			of       string
			isHidden func(*figure) bool
		}{
			{"findings", func(f *figure) bool { return f.hidden }},
			{"money", func(f *figure) bool { return f.hiddenAmount["SEK"] }},
		} {
			var system equations
			system.isHidden = look.isHidden
			var severities, all []*figure
			for _, severity := range b.Severities {
				severities = append(severities, severity.Figure)
				var parts []*figure
				for _, rule := range severity.Rules {
					parts = append(parts, rule.Figure)
				}
				system.add(severity.Figure, parts)
			}
			for i, direction := range s.Directions {
				var parts []*figure
				b.eachRule(func(rule *pageRule) {
					if rule.Direction == direction.Name {
						parts = append(parts, rule.Figure)
					}
				})
				system.add(b.Directions.Rows[i].Figure, parts)
				all = append(all, b.Directions.Rows[i].Figure)
			}
			system.add(b.Findings, severities)
			system.add(b.Findings, all)
			for _, f := range system.solved() {
				if f.count < limit {
					t.Fatalf("%s of %d findings can be worked out", look.of, f.count)
				}
			}
		}
	})
}

// equations are the sums of a page; what is hidden of them is unknown.
type equations struct {
	isHidden func(*figure) bool
	unknown  []*figure
	rows     []map[*figure]*big.Rat
}

func (e *equations) add(total *figure, parts []*figure) {
	row := map[*figure]*big.Rat{}
	note := func(f *figure, factor int64) {
		if e.isHidden(f) {
			if !slices.Contains(e.unknown, f) {
				e.unknown = append(e.unknown, f)
			}
			row[f] = big.NewRat(factor, 1)
		}
	}
	note(total, -1)
	for _, part := range parts {
		note(part, 1)
	}
	e.rows = append(e.rows, row)
}

// solved are the unknown figures that the equations determine: Gauss and Jordan.
func (e *equations) solved() (figures []*figure) {
	factor := func(row map[*figure]*big.Rat, f *figure) *big.Rat {
		if value := row[f]; value != nil {
			return value
		}
		return new(big.Rat)
	}
	next := 0
	for _, f := range e.unknown {
		pivot := slices.IndexFunc(e.rows[next:], func(row map[*figure]*big.Rat) bool { return factor(row, f).Sign() != 0 })
		if pivot < 0 {
			continue
		}
		e.rows[next], e.rows[next+pivot] = e.rows[next+pivot], e.rows[next]
		scale := new(big.Rat).Inv(e.rows[next][f])
		for other, value := range e.rows[next] {
			e.rows[next][other] = new(big.Rat).Mul(value, scale)
		}
		for i, row := range e.rows {
			if by := factor(row, f); i != next && by.Sign() != 0 {
				for other, value := range e.rows[next] {
					row[other] = new(big.Rat).Sub(factor(row, other), new(big.Rat).Mul(by, value))
				}
			}
		}
		if next++; next == len(e.rows) {
			break
		}
	}
	for _, row := range e.rows {
		var left []*figure
		for f, value := range row {
			if value.Sign() != 0 {
				left = append(left, f)
			}
		}
		if len(left) == 1 {
			figures = append(figures, left[0])
		}
	}
	return figures
}
