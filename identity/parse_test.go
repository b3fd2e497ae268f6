package identity_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/avstam/avstam/identity"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A text meets the first of its faults: each row repairs the one that the row
// before met, and leaves the later ones.
func TestFaultsInTheirOrder(t *testing.T) {
	for _, c := range []struct {
		text  string
		fault identity.Fault
		why   string
	}{
		{" \t", identity.Empty, "nothing is left of it"},
		{"2164133200050x", identity.Characters, "a letter, and all that follows"},
		{"21641332000505", identity.Length, "fourteen digits"},
		{"216413320005", identity.Century, "century 21"},
		{"196413320005", identity.Date, "month 13 and day 32"},
		{"196408320005", identity.Date, "day 32"},
		{"196408230005", identity.Serial, "serial 000"},
		{"196408233235", identity.CheckDigit, "4 is the check digit"},
		{"196408233234", identity.NoFault, "the worked example of the law"},
	} {
		text := identity.Parse([]byte(c.text))
		assert.Equal(t, c.fault, text.Fault, c.why)
		wantKind := identity.NoKind
		if c.fault == identity.NoFault {
			wantKind = identity.Personal
		}
		assert.Equal(t, wantKind, text.Kind, c.why)
		number, fault := text.In(2024)
		assert.Equal(t, c.fault, fault, c.why)
		assert.Equal(t, c.fault != identity.NoFault, number == 0, "a number stands exactly where there is no fault: %s", c.why)
	}
}

// The same of ten digits, whose century is that of the record.
func TestFaultsInTheirOrderOfTenDigits(t *testing.T) {
	for _, c := range []struct {
		text  string
		year  int
		fault identity.Fault
		why   string
	}{
		{"6413320005", 1700, identity.Century, "both readings lie before 1800"},
		{"6413320005", 2024, identity.Date, "month 13 and day 32"},
		{"6408230005", 2024, identity.Serial, "serial 000"},
		{"6408233235", 2024, identity.CheckDigit, "4 is the check digit"},
		{"6408233234", 2024, identity.NoFault, "the worked example of the law"},
		{"0002290005", 1999, identity.Date, "neither 1900 nor 1800 has the day, so the serial is not looked at"},
		{"0002290005", 2024, identity.Serial, "2000 has it"},
	} {
		number, fault := identity.Parse([]byte(c.text)).In(c.year)
		assert.Equal(t, c.fault, fault, c.why)
		assert.Equal(t, c.fault != identity.NoFault, number == 0, c.why)
	}
}

// What the days of coordination numbers may be, and of personal numbers not.
func TestDates(t *testing.T) {
	for _, c := range []struct {
		date  string
		kind  identity.Kind
		fault identity.Fault
		why   string
	}{
		{"19640831", identity.Personal, identity.NoFault, "the last day of August"},
		{"19640931", identity.NoKind, identity.Date, "September has 30"},
		{"19640229", identity.Personal, identity.NoFault, "a leap day"},
		{"19630229", identity.NoKind, identity.Date, "no leap year"},
		{"19000229", identity.NoKind, identity.Date, "a century that is no leap year"},
		{"20000229", identity.Personal, identity.NoFault, "a century that is one"},
		{"19640800", identity.NoKind, identity.Date, "a personal number has no unknown day"},
		{"19640001", identity.NoKind, identity.Date, "nor an unknown month"},
		{"19640859", identity.NoKind, identity.Date, "day 59, the last of a personal number"},
		{"19640860", identity.Coordination, identity.NoFault, "the day is unknown"},
		{"19640061", identity.Coordination, identity.NoFault, "the month is unknown"},
		{"19640060", identity.Coordination, identity.NoFault, "both are unknown"},
		{"19640290", identity.Coordination, identity.NoFault, "30 February is suspect and no fault: it was assigned so"},
		{"19640891", identity.Coordination, identity.NoFault, "the last day"},
		{"19640892", identity.NoKind, identity.Date, "past it"},
		{"19641361", identity.NoKind, identity.Date, "month 13"},
		{"17991231", identity.NoKind, identity.Century, "centuries 18, 19 and 20 only"},
		{"18000101", identity.Personal, identity.NoFault, "the first day of them"},
		{"20991231", identity.Personal, identity.NoFault, "the last day of them; whether it lies after the payment is not asked here"},
		{"21000101", identity.NoKind, identity.Century, "centuries 18, 19 and 20 only"},
	} {
		text := identity.Parse([]byte(withCheckDigit(c.date + "323")))
		assert.Equal(t, c.fault, text.Fault, "%s: %s", c.date, c.why)
		assert.Equal(t, c.kind, text.Kind, "%s: %s", c.date, c.why)
	}
}

// tenWithCheckDigit completes nine digits.
func tenWithCheckDigit(nine string) string { return nine + checkDigit(nine) }

// interim puts a letter in place of the first serial digit of a spelling with
// the check digit that the letter, counted as 1, asks for.
func interim(date, letter string) string {
	short := date[len(date)-6:]
	return date + letter + "23" + checkDigit(short+"123")
}

func TestOtherKinds(t *testing.T) {
	organisation := tenWithCheckDigit("559999123")
	gd := tenWithCheckDigit("302012345")
	lowest := tenWithCheckDigit("162000123")
	for _, c := range []struct {
		text  string
		kind  identity.Kind
		fault identity.Fault
		why   string
	}{
		{organisation, identity.Organisation, identity.NoFault, "ten digits, the third 2 or more, Luhn holds"},
		{organisation[:6] + "-" + organisation[6:], identity.Organisation, identity.NoFault, "a hyphen is allowed"},
		{"16" + organisation, identity.Organisation, identity.NoFault, "twelve digits with prefix 16"},
		{"16" + organisation[:6] + "-" + organisation[6:], identity.Organisation, identity.NoFault, "the same with a hyphen"},
		{" " + organisation + "\t", identity.Organisation, identity.NoFault, "blanks around it"},
		{organisation[:6] + "+" + organisation[6:], identity.NoKind, identity.Date, "only a person turns 100; the month is over 12"},
		{"16" + organisation[:6] + "+" + organisation[6:], identity.NoKind, identity.Century, "the same of twelve digits, whose century is 16"},
		{organisation[:9] + string('0'+(organisation[9]-'0'+1)%10), identity.NoKind, identity.Date, "Luhn does not hold: nothing but a wrong date"},
		{"19" + organisation, identity.NoKind, identity.Date, "prefix 19 is a person's century"},
		{"17" + organisation, identity.NoKind, identity.Century, "prefix 17 is no one's"},
		{lowest, identity.Organisation, identity.NoFault, "third digit 2, the lowest"},
		{"16" + tenWithCheckDigit("161200123"), identity.NoKind, identity.Century, "third digit 1: a month, so a person of century 16"},
		{tenWithCheckDigit("161900123"), identity.NoKind, identity.Date, "third digit 1 and no month"},
		{gd, identity.GD, identity.NoFault, "302 stands for a person"},
		{gd[:6] + "-" + gd[6:], identity.GD, identity.NoFault, "a hyphen is allowed"},
		{"16" + gd, identity.GD, identity.NoFault, "with prefix 16"},
		{gd[:6] + "+" + gd[6:], identity.NoKind, identity.Date, "not with a plus"},
		{tenWithCheckDigit("303012345"), identity.Organisation, identity.NoFault, "303 is no 302"},
		{tenWithCheckDigit("203020123"), identity.Organisation, identity.NoFault, "302 stands elsewhere"},
	} {
		text := identity.Parse([]byte(c.text))
		assert.Equal(t, c.kind, text.Kind, c.why)
		assert.Equal(t, c.fault, text.Fault, c.why)
		number, fault := text.In(2024)
		assert.Zero(t, number, "no person: %s", c.why)
		assert.Equal(t, c.fault, fault, c.why)
	}
}

func TestInterimNumbers(t *testing.T) {
	allowed := strings.Join(interimLetters, "")
	for letter := 'A'; letter <= 'Z'; letter++ {
		want := identity.Text{Fault: identity.Characters}
		if strings.ContainsRune(allowed, letter) {
			want = identity.Text{Kind: identity.Interim}
		}
		for _, date := range []string{"19640823", "19640823-", "640823", "640823-"} {
			digits := strings.TrimSuffix(date, "-")
			text := identity.Parse([]byte(date + strings.TrimPrefix(interim(digits, string(letter)), digits)))
			assert.Equal(t, want.Kind, text.Kind, "letter %c in %d characters", letter, len(date)+4)
			assert.Equal(t, want.Fault, text.Fault, "letter %c in %d characters", letter, len(date)+4)
		}
	}
	for _, c := range []struct {
		text string
		kind identity.Kind
		why  string
	}{
		{interim("640823", "T"), identity.Interim, "the letter counts as 1"},
		{interim("640823", "t"), identity.NoKind, "capital letters only"},
		{interim("640823", "Å"), identity.NoKind, "a letter of two bytes"},
		{interim("640883", "T"), identity.NoKind, "plain days only, not those of a coordination number"},
		{interim("640832", "T"), identity.NoKind, "no real date"},
		{interim("641323", "T"), identity.NoKind, "no real month"},
		{interim("640023", "T"), identity.NoKind, "an unknown month is for coordination numbers"},
		{interim("000229", "T"), identity.Interim, "one of the centuries of ten digits has the day"},
		{interim("19000229", "T"), identity.NoKind, "1900 does not"},
		{interim("20000229", "T"), identity.Interim, "2000 does"},
		{interim("230229", "T"), identity.NoKind, "no century has it"},
		{interim("18640823", "T"), identity.Interim, "the first century"},
		{interim("17640823", "T"), identity.NoKind, "before the first"},
		{interim("21640823", "T"), identity.NoKind, "after the last"},
		{interim("16640823", "T"), identity.NoKind, "prefix 16 is for organisations"},
		{strings.Replace(interim("640823", "T"), "T", "+T", 1), identity.NoKind, "not with a plus"},
		{"640823T230", identity.NoKind, "a wrong check digit"},
		{"64082T3234", identity.NoKind, "a letter elsewhere"},
		{"640823TT34", identity.NoKind, "two letters"},
		{"640823T23", identity.NoKind, "nine characters"},
		{interim("9640823", "T"), identity.NoKind, "eleven characters, no separator"},
		{"  " + interim("640823", "T") + " ", identity.Interim, "blanks around it"},
	} {
		text := identity.Parse([]byte(c.text))
		assert.Equal(t, c.kind, text.Kind, c.why)
		want := identity.NoFault
		if c.kind == identity.NoKind {
			want = identity.Characters
		}
		assert.Equal(t, want, text.Fault, "an interim number that fails has a letter: %s", c.why)
		number, _ := text.In(2024)
		assert.Zero(t, number, c.why)
	}
}

// Every spelling of a number says the same.
func TestSpellings(t *testing.T) {
	for _, c := range []struct {
		text      string
		separator identity.Separator
		ten       bool
		why       string
	}{
		{"196408233234", identity.NoSeparator, false, "the stored form"},
		{"19640823-3234", identity.Hyphen, false, "twelve digits with a hyphen"},
		{"640823-3234", identity.Hyphen, true, "the printed form"},
		{"6408233234", identity.NoSeparator, true, "the printed form without its hyphen"},
		{" 196408233234", identity.NoSeparator, false, "a blank before"},
		{"196408233234\t", identity.NoSeparator, false, "a tab after"},
		{" \t  640823-3234 \t", identity.Hyphen, true, "both, several times"},
		{"   6408233234", identity.NoSeparator, true, "blanks that make thirteen characters of ten"},
		{"6408233234  ", identity.NoSeparator, true, "blanks that make twelve characters of ten"},
		{" 640823-3234", identity.Hyphen, true, "a blank that makes twelve characters of eleven"},
		{"196408233234" + strings.Repeat(" ", 1000), identity.NoSeparator, false, "a column of fixed width"},
	} {
		text := identity.Parse([]byte(c.text))
		number, fault := text.In(2024)
		assert.Equal(t, identity.NoFault, fault, c.why)
		assert.Equal(t, "196408233234", string(number.AppendDigits(nil)), c.why)
		assert.Equal(t, identity.Personal, text.Kind, c.why)
		assert.Equal(t, c.separator, text.Separator, c.why)
		assert.Equal(t, c.ten, text.Ten, c.why)
	}
}

func TestTextThatIsNoNumber(t *testing.T) {
	for _, c := range []struct {
		text  string
		fault identity.Fault
		why   string
	}{
		{"", identity.Empty, "no bytes"},
		{"    ", identity.Empty, "blanks"},
		{"\t\t", identity.Empty, "tabs"},
		{strings.Repeat(" ", 12), identity.Empty, "blanks, as many as a number has digits"},
		{"\n", identity.Characters, "a line end is no blank"},
		{"196408233234\n", identity.Characters, "a line end after it"},
		{"196408233234\r", identity.Characters, "half a line end after it"},
		{"196408233234\x00", identity.Characters, "a zero byte after it"},
		{"196408233234\u00a0", identity.Characters, "a no-break space, UTF-8"},
		{"196408233234\xa0", identity.Characters, "a no-break space, Windows-1252"},
		{"\ufeff196408233234", identity.Characters, "a byte order mark"},
		{"19640823 3234", identity.Characters, "a blank in place of the separator"},
		{"640823 3234", identity.Characters, "a blank in place of the separator, ten digits"},
		{"1964 0823 3234", identity.Characters, "blanks inside"},
		{"١٩٦٤٠٨٢٣٣٢٣٤", identity.Characters, "Arabic digits"},
		{"٦٤٠٨٢", identity.Characters, "Arabic digits, ten bytes"},
		{"196408２３234", identity.Characters, "two wide digits"},
		{"196408233O34", identity.Characters, "a capital O"},
		{"1.96408E+11", identity.Characters, "what a spreadsheet makes of it"},
		{"196408233234.0", identity.Characters, "a number with a fraction"},
		{"-196408233234", identity.Characters, "a sign"},
		{"+6408233234", identity.Characters, "a sign, eleven characters"},
		{"1964082-33234", identity.Characters, "a hyphen one too early"},
		{"196408233-234", identity.Characters, "a hyphen one too late"},
		{"640823323-4", identity.Characters, "a hyphen before the check digit"},
		{"1964-08-23-3234", identity.Characters, "three hyphens"},
		{"1964-0823-3234", identity.Characters, "two hyphens"},
		{"640823--3234", identity.Characters, "two hyphens together"},
		{"64-823-3234", identity.Characters, "eleven characters, and one more hyphen"},
		{"640823-323-", identity.Characters, "and one at the end"},
		{"640823+-234", identity.Characters, "a hyphen after the plus"},
		{"64082-3234", identity.Characters, "ten characters have no separator"},
		{"1964082-3234", identity.Characters, "nor have twelve"},
		{"640823\u22123234", identity.Characters, "a minus sign"},
		{"640823\u20133234", identity.Characters, "a dash"},
		{"640823_3234", identity.Characters, "an underscore"},
		{"640823,3234", identity.Characters, "the character between plus and hyphen"},
		{"640823.3234", identity.Characters, "the character after the hyphen"},
		{"640823/3234", identity.Characters, "the character before 0"},
		{"640823:3234", identity.Characters, "the character after 9"},
		{"64082332/4", identity.Characters, "before 0, in place of a digit"},
		{"64:8233234", identity.Characters, "after 9, in place of a digit"},
		{"-", identity.Characters, "a separator alone"},
		{"saknas", identity.Characters, "words"},
		{"0", identity.Length, "text is not padded as integers are"},
		{"640823323", identity.Length, "nine digits: a lost zero in text"},
		{"19640823323", identity.Length, "eleven digits"},
		{"1964082332345", identity.Length, "thirteen digits"},
		{"19640823323419", identity.Length, "fourteen digits"},
		{strings.Repeat("1", 1<<16), identity.Length, "very many digits"},
		{"000000000000", identity.Century, "zeros in place of a number"},
		{"0000000000", identity.Date, "ten zeros"},
		{"999999999999", identity.Century, "nines in place of a number"},
	} {
		text := identity.Parse([]byte(c.text))
		assert.Equal(t, c.fault, text.Fault, c.why)
		assert.Equal(t, identity.NoKind, text.Kind, c.why)
		number, fault := text.In(2024)
		assert.Zero(t, number, c.why)
		assert.Equal(t, c.fault, fault, c.why)
	}
}

func TestParseInteger(t *testing.T) {
	organisation, err := strconv.ParseInt(tenWithCheckDigit("559999123"), 10, 64)
	require.NoError(t, err)
	for _, c := range []struct {
		value int64
		kind  identity.Kind
		fault identity.Fault
		want  string // read in 2024
		why   string
	}{
		{196408233234, identity.Personal, identity.NoFault, "196408233234", "twelve digits"},
		{6408233234, identity.Personal, identity.NoFault, "196408233234", "ten digits"},
		{405102385, identity.Personal, identity.NoFault, "200405102385", "a leading zero was lost"},
		{1012384, identity.Personal, identity.NoFault, "200001012384", "three were lost"},
		{organisation, identity.Organisation, identity.NoFault, "", "ten digits of an organisation"},
		{160000000000 + organisation, identity.Organisation, identity.NoFault, "", "with its prefix"},
		{0, identity.NoKind, identity.Date, "", "ten zeros"},
		{-6408233234, identity.NoKind, identity.Characters, "", "a sign is no digit"},
		{-1 << 63, identity.NoKind, identity.Characters, "", "the smallest integer"},
		{19640823323, identity.NoKind, identity.Length, "", "eleven digits are not padded"},
		{99_999_999_999, identity.NoKind, identity.Length, "", "the last of eleven"},
		{100_000_000_000, identity.NoKind, identity.Century, "", "the first of twelve"},
		{1_000_000_000_000, identity.NoKind, identity.Length, "", "thirteen digits"},
		{1<<63 - 1, identity.NoKind, identity.Length, "", "the largest integer"},
	} {
		text := identity.ParseInteger(c.value)
		number, fault := text.In(2024)
		assert.Equal(t, c.kind, text.Kind, c.why)
		assert.Equal(t, c.fault, fault, c.why)
		assert.Equal(t, c.want, string(number.AppendDigits(nil)), c.why)
		assert.Equal(t, identity.NoSeparator, text.Separator, c.why)
	}
}
