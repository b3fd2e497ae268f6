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
