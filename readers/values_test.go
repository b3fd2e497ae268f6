package readers

import (
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDay(t *testing.T) {
	for _, c := range []struct {
		text, layout, want string
		why                string
	}{
		{"2024-02-29", "", "2024-02-29", "ISO 8601, a leap day"},
		{"20240229", "", "2024-02-29", "without hyphens"},
		{"29.02.2024", "", "2024-02-29", "with points, day first"},
		{" 2024-02-29\t", "", "2024-02-29", "blanks around it"},
		{"2024-02-29T23:59", "", "2024-02-29", "a time keeps its day"},
		{"2024-02-29 23:59:59", "", "2024-02-29", "a blank before the time"},
		{"2024-02-29T23:59:59.999999999", "", "2024-02-29", "fractions of a second"},
		{"2024-02-29T23:59:60", "", "2024-02-29", "a leap second"},
		{"2024-01-31T23:00:00Z", "", "2024-02-01", "midnight in Sweden in winter"},
		{"2024-01-31T22:59:59Z", "", "2024-01-31", "the second before it"},
		{"2024-06-30T22:00:00Z", "", "2024-07-01", "midnight in Sweden in summer"},
		{"2024-06-30 22:00:00+00", "", "2024-07-01", "a zone as DuckDB writes it"},
		{"2024-07-01T00:00:00+02:00", "", "2024-07-01", "Sweden's own zone"},
		{"2024-07-01 00:00:00.000 +0200", "", "2024-07-01", "a blank before the zone"},
		{"2024-07-01T00:00:00+09:00", "", "2024-06-30", "a zone east of Sweden"},
		{"2024-06-30T20:00-0500", "", "2024-07-01", "a zone west of Sweden"},
		{"02/29/2024", "01/02/2006", "2024-02-29", "a declared layout"},
		{"29 feb 2024", "2 Jan 2006", "2024-02-29", "a month by name"},
		{"2024-01-31 23:30 +0000", "2006-01-02 15:04 -0700", "2024-02-01", "a declared layout with a zone"},
		{"2024-01-31T23:30:00Z", "2006-01-02T15:04:05Z07:00", "2024-02-01", "a declared layout with a zone, in UTC"},
		{"2024-01-31T23:30:00+01:00", "2006-01-02T15:04:05Z07:00", "2024-01-31", "a declared layout with a zone, in Sweden's"},
		{"2024-01-31 23:30", "2006-01-02 15:04", "2024-01-31", "a declared layout with a time and no zone"},
		{"0001-01-01", "", "0001-01-01", "the first day"},
		{"9999-12-31", "", "9999-12-31", "the last day"},

		{"", "", "", "nothing"},
		{"2023-02-29", "", "", "no leap year"},
		{"2024-13-01", "", "", "month 13"},
		{"2024-00-01", "", "", "month 0"},
		{"2024-01-32", "", "", "day 32"},
		{"2024-01-00", "", "", "day 0"},
		{"0000-01-01", "", "", "year 0"},
		{"2024-1-01", "", "", "a month of one digit"},
		{"2024/02/29", "", "", "slashes are not understood undeclared: which is the month?"},
		{"2024-02-2:", "", "", "the byte after 9 is no digit"},
		{"2024-02-\xb29", "", "", "a byte over 0x7f is no digit"},
		{"2\xba24-02-29", "", "", "nor in the year"},
		{"2024-02-29T", "", "", "a T without a time"},
		{"2024-02-29X12:00", "", "", "no T"},
		{"2024-02-29T24:00", "", "", "hour 24"},
		{"2024-02-29T12:60", "", "", "minute 60"},
		{"2024-02-29T12:00:61", "", "", "second 61"},
		{"2024-02-29T12:00:00.", "", "", "a fraction without digits"},
		{"2024-02-29T12:00:00Q", "", "", "no such zone"},
		{"2024-02-29T12:00:00+", "", "", "a zone without digits"},
		{"2024-02-29T12:00:00+02:", "", "", "a zone cut off"},
		{"2024-02-29T12:00:00 ", "", "2024-02-29", "a blank after it"},
		{"2024-02-30T12:00", "", "", "an impossible day before a time"},
		{"9999-12-31T23:30:00Z", "", "", "a day after the last, in Sweden"},
		{"0001-01-01T00:00:00+14:00", "", "", "a day before the first, in Sweden"},
		{"2024-02-29", "01/02/2006", "", "a declared layout is the only one"},
		{"13/01/2024", "01/02/2006", "", "month 13 in a declared layout"},
	} {
		day, ok := parseDay([]byte(c.text), c.layout)
		assert.Equal(t, c.want != "", ok, "%q: %s", c.text, c.why)
		assert.Equal(t, c.want, day.String(), "%q: %s", c.text, c.why)
	}
}

// Every day is read alike from all its forms.
func TestParseDayReadsEveryDay(t *testing.T) {
	for day := calendar.Of(1890, 1, 1); day < calendar.Of(2110, 1, 1); day += calendar.Day(sized(1, 5)) {
		year, month, dayOfMonth := day.Civil()
		at := time.Date(year, time.Month(month), dayOfMonth, 12, 0, 0, 0, time.UTC)
		for _, layout := range []string{time.DateOnly, "20060102", "02.01.2006", time.RFC3339} {
			read, ok := parseDay([]byte(at.Format(layout)), "")
			require.True(t, ok, at.Format(layout))
			require.Equal(t, day, read, at.Format(layout))
		}
	}
}

func FuzzParseDay(f *testing.F) {
	f.Add([]byte("2024-02-29"))
	f.Add([]byte("9999-99-99"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) != 10 {
			return
		}
		want, wantOK := calendar.Parse(text)
		day, ok := parseISODay(text)
		assert.Equal(t, wantOK, ok)
		assert.Equal(t, want, day)
	})
}

// A register's people were born in three centuries: their days tell which.
func TestCheckRegisterDateLayout(t *testing.T) {
	for _, layout := range []string{"", "20060102", "02/01/2006", "2 Jan 2006", "2006-01-02T15:04:05Z07:00"} {
		assert.NoError(t, CheckRegisterDateLayout(layout), layout)
	}
	for _, layout := range []string{"060102", "02/01/06", "06-01-02", "2 Jan 06"} {
		require.NoError(t, CheckDateLayout(layout), "%s: for records", layout)
		assert.ErrorContains(t, CheckRegisterDateLayout(layout), "the century cannot be told", layout)
	}
	_, err := ReadExtract(t.Context(), Source{Name: "register", Files: []string{"none.csv"}, CSV: CSV{DateLayout: "060102"}}, Options{}, nil)
	assert.ErrorContains(t, err, `source "register": a date layout of a register has the year with four digits`)
}

func TestCheckDateLayout(t *testing.T) {
	for _, layout := range []string{"", "2006-01-02", "02/01/06", "2 January 2006", "2006-01-02T15:04:05Z07:00", "2006.002"} {
		assert.NoError(t, CheckDateLayout(layout), layout)
	}
	for layout, why := range map[string]string{
		"YYYY-MM-DD":           "no layout of package time",
		"2006-01":              "no day",
		"02-01":                "no year",
		"15:04":                "a time alone",
		"2006-01-02 15:04 MST": "the name of a zone",
	} {
		assert.Error(t, CheckDateLayout(layout), "%s: %s", layout, why)
	}
}

func TestParseAmount(t *testing.T) {
	const (
		fine = pipeline.NoReason
		bad  = pipeline.BadAmount
		none = pipeline.MissingAmount
		big  = pipeline.AmountRange
	)
	for _, c := range []struct {
		text    string
		decimal byte
		want    int64
		reason  pipeline.RejectReason
		why     string
	}{
		{"1234.50", '.', 123450, fine, "two decimals"},
		{"1234,50", ',', 123450, fine, "a decimal comma"},
		{"1234.5", '.', 123450, fine, "one decimal"},
		{"1234", '.', 123400, fine, "none"},
		{"1234.", '.', 123400, fine, "a point and none"},
		{".5", '.', 50, fine, "no kronor"},
		{"0", '.', 0, fine, "zero"},
		{"-0.01", '.', -1, fine, "negative, under one krona"},
		{"-1234.50", '.', -123450, fine, "a correction"},
		{"\u22121234,50", ',', -123450, fine, "a minus sign"},
		{"\u22121 234,5", ',', -123450, fine, "a minus sign, groups and one decimal"},
		{"1 234 567,89", ',', 123456789, fine, "groups with spaces"},
		{"1\u00a0234\u00a0567,89", ',', 123456789, fine, "with no-break spaces"},
		{"1\u202f234\u202f567,89", ',', 123456789, fine, "with narrow no-break spaces"},
		{"  12.50\t", '.', 1250, fine, "blanks around it"},
		{"\u00a012.50\u00a0", '.', 1250, fine, "no-break spaces around it"},
		{"007", '.', 700, fine, "leading zeros"},
		{"9999999999999999.99", '.', 999_999_999_999_999_999, fine, "the greatest, as in a DECIMAL(18,2)"},
		{"-9999999999999999.99", '.', -999_999_999_999_999_999, fine, "the least"},
		{"00000000000000000000000012", '.', 1200, fine, "leading zeros are no size"},
		{"999999999999999", '.', 99999999999999900, fine, "fifteen digits"},
		{"999999999999999.99", '.', 99999999999999999, fine, "fifteen digits and decimals"},
		{"9999999999999999", '.', 999999999999999900, fine, "sixteen digits"},

		{"", '.', 0, none, "nothing"},
		{" \t", '.', 0, none, "blanks"},
		{"\u00a0", '.', 0, none, "a no-break space"},

		{"10000000000000000", '.', 0, big, "one more than the greatest"},
		{"-10000000000000000.00", '.', 0, big, "one less than the least"},
		{"92233720368547758.07", '.', 0, big, "the greatest of 64 bits"},
		{"-92233720368547758.08", '.', 0, big, "the least of 64 bits"},
		{"184467440737095516.17", '.', 0, big, "wraps round 64 bits"},
		{"99999999999999999999999999", '.', 0, big, "far beyond"},

		{"12.345", '.', 0, bad, "finer than öre, or thousands with a point"},
		{"12.500", '.', 0, bad, "three decimals, though the last is zero"},
		{"1,234.50", '.', 0, bad, "thousands with a comma"},
		{"1.234,50", ',', 0, bad, "thousands with a point"},
		{"1234,50", '.', 0, bad, "the other decimal sign"},
		{"12 34", '.', 0, bad, "a group of two"},
		{"1234 567", '.', 0, bad, "a group of four"},
		{"1  234", '.', 0, bad, "two blanks"},
		{"1 234 ,50", ',', 0, bad, "a blank before the decimal sign"},
		{"1,50 0", ',', 0, bad, "a blank among decimals"},
		{"1 234 56", '.', 0, bad, "a last group of two"},
		{"- 12", '.', 0, bad, "a blank after the sign"},
		{"+12", '.', 0, bad, "a plus"},
		{"12-", '.', 0, bad, "a minus behind"},
		{"--12", '.', 0, bad, "two signs"},
		{"-", '.', 0, bad, "a sign alone"},
		{".", '.', 0, bad, "a point alone"},
		{"1e3", '.', 0, bad, "an exponent"},
		{"1.5.0", '.', 0, bad, "two points"},
		{"0x10", '.', 0, bad, "hexadecimal"},
		{"12kr", '.', 0, bad, "a unit"},
		{"NaN", '.', 0, bad, "not a number"},
		{"1\xff", '.', 0, bad, "no text"},
	} {
		ore, reason := parseAmount([]byte(c.text), c.decimal)
		assert.Equal(t, c.reason, reason, "%q: %s", c.text, c.why)
		assert.Equal(t, c.want, ore, "%q: %s", c.text, c.why)
	}
}

// The fast path says what the slow one does.
func FuzzParseAmount(f *testing.F) {
	for _, text := range []string{"1234.50", "-12", "1 234.5", "999999999999999.99", "12.", ""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, decimal := range []byte{'.', ','} {
			ore, reason := parseAmount(text, decimal)
			wantOre, wantReason := parseAmountSlowly(text, decimal)
			assert.Equal(t, wantReason, reason)
			assert.Equal(t, wantOre, ore)

			// Whatever stands around it, digits most of all.
			for _, around := range []string{"99999999999", "           ", ",-,-.,.\n\x00\xff\xff"} {
				data := around + string(text)
				ore, ok := parseUsualAmount([]byte(data+around), uint32(len(around)), uint32(len(data)), decimal)
				assert.True(t, !ok || wantReason == pipeline.NoReason && ore == wantOre)
			}
		}
	})
}

func TestParseUsualAmount(t *testing.T) {
	for _, c := range []struct {
		before, text string
		want         int64
		ok           bool
		why          string
	}{
		{"99999999", "1.50", 150, true, "one digit, behind others"},
		{"9", "1234567.89", 123456789, true, "eleven bytes, of which one is another's"},
		{"", "12345678.90", 1234567890, true, "as many digits as it reads"},
		{"9", "123456789.01", 0, false, "one more"},
		{"", "1234567.89", 0, false, "where eight bytes cannot be loaded before it"},
		{"99999999", ".50", 0, false, "no digit"},
		{"99999999", "-1.50", 0, false, "a sign"},
		{"99999999", "1,50", 0, false, "another decimal sign"},
		{"99999999", "1.5x", 0, false, "a letter"},
		{"99999999", "1x1.50", 0, false, "a letter among the digits"},
		{"99999999", "1.5", 0, false, "one digit of öre"},
	} {
		data := c.before + c.text
		ore, ok := parseUsualAmount([]byte(data+",123"), uint32(len(c.before)), uint32(len(data)), '.')
		assert.Equal(t, c.ok, ok, c.why)
		assert.Equal(t, c.want, ore, c.why)
	}
}

func TestParseProtected(t *testing.T) {
	for text, want := range map[string]register.Tristate{
		"": register.NoValue, " ": register.NoValue,
		"true": register.True, "True": register.True, "1": register.True, "JA": register.True, "yes": register.True, " j ": register.True,
		"false": register.False, "FALSE": register.False, "0": register.False, "nej": register.False, "no": register.False, "n": register.False,
	} {
		value, ok := parseProtected([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, want, value, text)
	}
	for _, text := range []string{"2", "kanske", "truee", "-"} {
		_, ok := parseProtected([]byte(text))
		assert.False(t, ok, text)
	}
}

func TestValuesDoNotAllocate(t *testing.T) {
	texts := [][]byte{[]byte("2024-02-29"), []byte("29.02.2024"), []byte("2024-02-29T12:00:00Z"), []byte("x"), []byte("1 234,50"), []byte("-17.50"), []byte("ja")}
	dayInSweden(0) // loads the time zone
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, text := range texts {
			parseDay(text, "")
			parseAmount(text, ',')
			parseProtected(text)
		}
		parseDay([]byte("02/29/2024"), "01/02/2006")
	}))
}
