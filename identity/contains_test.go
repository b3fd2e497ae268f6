package identity_test

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"

	"github.com/avstam/avstam/identity"
)

func TestContains(t *testing.T) {
	for _, row := range []struct {
		text string
		want bool
		why  string
	}{
		{"196408233234", true, "twelve digits"},
		{"6408233234", true, "ten"},
		{"640823-3234", true, "a hyphen"},
		{"640823+3234", true, "a plus"},
		{"640823 3234", true, "a blank"},
		{"19640823 3234", true, "a blank in twelve"},
		{"19640823\u20133234", true, "an en dash"},
		{"19640823\u22123234", true, "a minus sign"},
		{"19640823\u00a03234", true, "a no-break space"},
		{"19640823\u200b3234", true, "a zero-width space"},
		{"1964-08-23-3234", true, "a day as ISO 8601 has it"},
		{"1964.08.23/3234", true, "points and a stroke"},
		{"64 08 23 32 34", true, "in pairs"},
		{"\uff11\uff19\uff16\uff14\uff10\uff18\uff12\uff13\uff13\uff12\uff13\uff14", true, "wide digits"},
		{"\u0661\u0669\u0666\u0664\u0660\u0668\u0662\u0663\u0663\u0662\u0663\u0664", true, "Arabic digits"},
		{"Underhåll Anna 19640823-3234", true, "after a name"},
		{"640823-3234, mars", true, "before a month"},
		{"2024 640823-3234 03", true, "other digits beside it"},
		{"19701063-2391", true, "a coordination number"},
		{"19640823-3235", false, "another check digit"},
		{"19641323-3234", false, "no such month"},
		{"640823-323", false, "too few digits"},
		{"16640823-3234", false, "no such century"},
		{"00196408233234", false, "in a longer run of digits"},
		{"1964082332340", false, "the same"},
		{"640823 kr 3234", false, "letters between them"},
		{"556016-0680", false, "an organisation's"},
		{"Försäkringskassan", false, "a word"},
		{"Bostadsbidrag 2024-01", false, "a month"},
		{"", false, "nothing"},
		{"\xff\xfe640823\xff3234", true, "bytes that are no UTF-8"},
	} {
		assert.Equal(t, row.want, identity.Contains([]byte(row.text)), row.why)
	}
}

// Of every script the digits are ten, one after the other, from zero: so a digit is
// known by its place.
func TestDigitsOfAllScripts(t *testing.T) {
	for _, table := range unicode.Nd.R16 {
		assert.Equal(t, 0, (int(table.Hi)-int(table.Lo)+1)%10)
		assert.EqualValues(t, 1, table.Stride)
	}
	for _, table := range unicode.Nd.R32 {
		assert.Equal(t, 0, (int(table.Hi)-int(table.Lo)+1)%10)
		assert.EqualValues(t, 1, table.Stride)
	}
}
