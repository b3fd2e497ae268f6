package identity_test

import (
	"fmt"
	"testing"

	"github.com/avstam/avstam/identity"
	"github.com/stretchr/testify/assert"
)

// Ten digits are read for the year of their record, never for today.
func TestIn(t *testing.T) {
	const century, date, none = identity.Century, identity.Date, identity.NoFault
	for _, c := range []struct {
		text  string
		year  int
		want  string
		fault identity.Fault
		why   string
	}{
		{"640823-3234", 2024, "196408233234", none, "1964 is the year in 1925 to 2024"},
		{"640823-3234", 1964, "196408233234", none, "born in the year of the record"},
		{"640823-3234", 1963, "186408233234", none, "the year before that, 1964 had not come"},
		{"640823-3234", 2063, "196408233234", none, "99 years after"},
		{"640823-3234", 2064, "206408233234", none, "100 years after, a new 64 has come"},
		{"640823+3234", 2064, "196408233234", none, "the plus stands from the year of 100 on"},
		{"640823+3234", 2063, "186408233234", none, "the plus says 100 or more, whatever is likely"},
		{"640823+3234", 2024, "186408233234", none, "and so in every year"},
		{"6408233234", 1850, "", century, "1764, and 1664"},
		{"6408233234", 1864, "186408233234", none, "the first year that they can be of"},
		{"640823+3234", 1963, "", century, "1764"},
		{"6408233234", 2150, "206408233234", none, "after the last century the younger still lies in it"},
		{"6408233234", 2164, "206408233234", none, "2164 is no century of ours; 2064, the older, is"},
		{"6408233234", 2264, "", century, "2264, and 2164"},
		{"6408233234", 1, "", century, "the years before 1 are counted on"},
		{"000229-2381", 2024, "200002292381", none, "2000 was a leap year"},
		{"000229-2381", 2000, "200002292381", none, "and is from its first day on"},
		{"000229-2381", 1999, "", date, "neither 1900 nor 1800 was one"},
		{"000229-2381", 2099, "200002292381", none, "99 years after"},
		{"000229-2381", 2100, "200002292381", none, "the one of the two that is a number"},
		{"000229+2381", 2100, "200002292381", none, "the older, after 100 years"},
		{"000229+2381", 2024, "", date, "with a plus the older alone counts, and 1900 was no leap year"},
		{"000229-2381", 1899, "", date, "the fault is the younger's: 1800 was no leap year"},
		{"230229-2384", 2024, "", date, "no year 23 is a leap year"},
		{"196408233234", 1850, "196408233234", none, "twelve digits are what they are"},
		{"19640823+3234", 1850, "196408233234", none, "whatever the separator"},
		{"x", 2024, "", identity.Characters, "what cannot be read has the same fault in every year"},
		{"", 1700, "", identity.Empty, "and before the fault of the century"},
	} {
		number, fault := identity.Parse([]byte(c.text)).In(c.year)
		assert.Equal(t, c.want, string(number.AppendDigits(nil)), "for %d: %s", c.year, c.why)
		assert.Equal(t, c.fault, fault, "for %d: %s", c.year, c.why)
	}
}

// Both readings, for a caller with a register.
func TestYoungerAndOlder(t *testing.T) {
	for _, c := range []struct {
		text           string
		year           int
		younger, older string
		why            string
	}{
		{"6408233234", 2024, "196408233234", "186408233234", "a hundred years apart"},
		{"640823-3234", 2024, "196408233234", "186408233234", "the hyphen decides nothing"},
		{"640823+3234", 2064, "206408233234", "196408233234", "nor does the plus: it is for In to follow"},
		{"0002292381", 2024, "200002292381", "", "1900 has no such day"},
		{"0002292381", 2100, "", "200002292381", "2100 is no century of ours"},
		{"6408233235", 2024, "", "", "the check digit holds in neither"},
	} {
		text := identity.Parse([]byte(c.text))
		younger, youngerFault := text.Younger(c.year)
		older, olderFault := text.Older(c.year)
		assert.Equal(t, c.younger, string(younger.AppendDigits(nil)), c.why)
		assert.Equal(t, c.older, string(older.AppendDigits(nil)), c.why)
		assert.Equal(t, c.younger == "", youngerFault != identity.NoFault, c.why)
		assert.Equal(t, c.older == "", olderFault != identity.NoFault, c.why)
		assert.Zero(t, text.Number(), "ten digits are no number before their century is known")
	}
}

// Both settles the century without a branch on it; Younger and Older are its
// slow twin, over every year in ten digits, leap days, and years of payment
// around every edge.
func TestBothIsYoungerAndOlder(t *testing.T) {
	for year := range 100 {
		for _, rest := range []string{"0823323", "0229238", "0060323", "1291001"} {
			nine := fmt.Sprintf("%02d%s", year, rest)
			text := identity.Parse([]byte(nine + checkDigit(nine)))
			if text.Fault != identity.NoFault {
				assert.Equal(t, "0229238", rest, "a leap day that no century has")
				continue
			}
			for payment := 1; payment < 2400; payment++ {
				younger, older := text.Both(payment)
				wantYounger, _ := text.Younger(payment)
				wantOlder, _ := text.Older(payment)
				if younger != wantYounger || older != wantOlder {
					t.Fatalf("year %02d, paid in %d", year, payment)
				}
				likely, ok := text.Likely(payment)
				if ok != (payment >= 2000 && payment < 2100) || ok && likely != younger {
					t.Fatalf("likely: year %02d, paid in %d", year, payment)
				}
			}
		}
	}
}

// What is not likely is left to In and Both.
func TestLikelyLeavesTheRest(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
		why  string
	}{
		{"196408233234", true, "twelve digits"},
		{"19640823-3234", true, "with a separator, which does not decide"},
		{"19640823+3234", false, "a plus does not decide either in twelve, but asking how many there are is a branch"},
		{"640823-3234", true, "ten digits"},
		{"640823+3234", false, "a plus makes ten digits the older number"},
		{"701063-2391", true, "a coordination number"},
		{"640823-3235", false, "a fault"},
		{"5560360793", false, "an organisation"},
		{"", false, "nothing"},
	} {
		text := identity.Parse([]byte(c.text))
		number, ok := text.Likely(2025)
		assert.Equal(t, c.want, ok, c.why)
		if want, _ := text.In(2025); ok {
			assert.Equal(t, want, number, c.why)
		}
	}
}

// The plus stands from the calendar year on in which the person turns 100
// (FOL 18 §).
func TestSeparatorContradicts(t *testing.T) {
	number := identity.Parse([]byte("192408233233")).Number()
	assert.Equal(t, 1924, number.Year())
	for _, c := range []struct {
		separator   identity.Separator
		year        int
		contradicts bool
		why         string
	}{
		{identity.Hyphen, 2023, false, "turns 99"},
		{identity.Hyphen, 2024, true, "turns 100 in the course of the year"},
		{identity.Hyphen, 2025, true, "past 100"},
		{identity.Hyphen, 1923, false, "before the birth, which another rule reports"},
		{identity.Plus, 2023, true, "turns 99"},
		{identity.Plus, 2024, false, "turns 100 in the course of the year"},
		{identity.Plus, 2124, false, "turns 200"},
		{identity.Plus, 1923, true, "before the birth"},
		{identity.NoSeparator, 2023, false, "says nothing"},
		{identity.NoSeparator, 2024, false, "says nothing"},
	} {
		assert.Equal(t, c.contradicts, c.separator.Contradicts(number, c.year), "%d in %d: %s", c.separator, c.year, c.why)
	}
}
