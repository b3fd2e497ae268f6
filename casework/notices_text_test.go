package casework

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/report"
)

// A case of very many records shows some, and says how many there are.
func TestACaseShowsABoundedNumberOfRecords(t *testing.T) {
	c := newNoticeCase(1, 197010632391)
	for i := range 10_000 {
		f := &report.PublishedFinding{
			ID: fmt.Sprintf("%032x", i), Rule: "overdue_inactivation", Detail: fmt.Sprint(i), Row: int64(i), PaymentDate: calendar.Of(2025, 1, 1) + calendar.Day(i%300),
			Agency: fmt.Sprint("agency", i), StatusFrom: calendar.Missing, KnownFrom: calendar.Missing,
		}
		c.add(f, uint64(i))
		c.add(f, uint64(i))
	}
	assert.Equal(t, int64(10_000), c.recordCount)
	assert.Len(t, c.records, casesRecords)
	assert.Len(t, c.reasons, casesWords)
	assert.True(t, strings.HasSuffix(c.agencies.String(), " …"))
	assert.Equal(t, []calendar.Day{calendar.Of(2025, 1, 1), calendar.Of(2025, 1, 1) + 299}, []calendar.Day{c.first, c.last})
	text := (&noticing{NoticeSettings: &NoticeSettings{Folder: "r", Language: Swedish}}).text(c)
	assert.Contains(t, text, "och 9950 till")
	c.evidence.Status = "deregistered"
	for language, want := range map[Language]string{
		Swedish: "avregistrerat, oklart sedan när\n", English: "deregistered, not known since when\n",
	} {
		assert.Contains(t, (&noticing{NoticeSettings: &NoticeSettings{Folder: "r", Language: language}}).text(c), want)
	}
	assert.Less(t, len(text), 10_000)
}

// Every rule whose finding can have a number says in words what the register
// may be wrong in, but for those that are no matter of the register's.
func TestReasonsAreInBothLanguages(t *testing.T) {
	assert.ElementsMatch(t, keys(swedishNotice.because), keys(englishNotice.because))
	for _, rule := range keys(swedishNotice.because) {
		assert.Contains(t, sentences, rule)
		assert.Equal(t, strings.Count(swedishNotice.because[rule], "%s"), strings.Count(englishNotice.because[rule], "%s"), rule)
	}
}

func keys(m map[string]string) []string {
	var list []string
	for key := range m {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}

// A letter has no date that nobody writes so.
func TestDaysInANotice(t *testing.T) {
	for _, test := range []struct{ date, swedish, english string }{
		{"2025-04-10", "2025-04-10", "2025-04-10"},
		{"2025-04-00", "april 2025", "April 2025"},
		{"2025-12-00", "december 2025", "December 2025"},
		{"2025-00-00", "2025", "2025"},
	} {
		assert.Equal(t, test.swedish, swedishNotice.dayText(test.date))
		assert.Equal(t, test.english, englishNotice.dayText(test.date))
	}
	f := &report.PublishedFinding{ID: strings.Repeat("0", 32), Rule: "deceased_payee", PaymentDate: calendar.Of(2025, 6, 1), StatusFrom: calendar.Missing, KnownFrom: calendar.Missing, DeceasedOn: "2025-04-00"}
	c := newNoticeCase(1, 197010632391)
	c.add(f, 1)
	text := (&noticing{NoticeSettings: &NoticeSettings{Folder: "r", Language: Swedish}}).text(c)
	assert.Contains(t, text, "Uppgiften kan ha varit felaktig sedan april 2025.")
}

// A row of a file is no id of the agency's: where a record has none, the table says what it shows.
func TestRecordsWithoutAnID(t *testing.T) {
	for _, test := range []struct {
		why  string
		ids  []string
		want [3]string // lines of the table
	}{
		{"all have an id", []string{"A1", "B2"}, [3]string{"utbetalningsdag  post-id", "2025-06-01       A1", "2025-06-01       B2"}},
		{"none has", []string{"", ""}, [3]string{"utbetalningsdag  källa och rad", "2025-06-01       csn 1317", "2025-06-01       csn 1318"}},
		{"one has", []string{"A1", ""}, [3]string{"utbetalningsdag  post-id  källa och rad", "2025-06-01       A1", "2025-06-01                csn 1318"}},
	} {
		c := newNoticeCase(1, 197010632391)
		for i, id := range test.ids {
			c.add(&report.PublishedFinding{
				ID: fmt.Sprintf("%032x", i), Rule: "closed_number", Source: "csn", Row: int64(1317 + i), RecordID: id,
				PaymentDate: calendar.Of(2025, 6, 1), StatusFrom: calendar.Missing, KnownFrom: calendar.Missing,
			}, uint64(i))
		}
		text := (&noticing{NoticeSettings: &NoticeSettings{Folder: "r", Language: Swedish}}).text(c)
		assert.Contains(t, text, "  "+strings.Join(test.want[:], "\n  ")+"\n", test.why)
	}
}
