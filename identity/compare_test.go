package identity_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/avstam/avstam/identity"
)

// paymentYears are those in which ten digits are read: around the turns of the
// centuries, and far outside them.
var paymentYears = []int{1850, 1899, 1900, 1999, 2000, 2024, 2025, 2099, 2150, 1}

// difference says how the parser and its slow twin differ on a text read for a
// record of the year, and is empty where they agree. It does not tell the text.
func difference(fast identity.Text, slow slowText, year int) string {
	number, fault := fast.In(year)
	want := slow.in(year)
	if got := string(number.AppendDigits(nil)); got != want.number || fault != want.fault {
		return fmt.Sprintf("for %d: fault %q, want %q, or another number", year, fault, want.fault)
	}
	if len(slow.digits) == 10 {
		for _, reading := range []struct {
			name string
			fast func(int) (identity.Number, identity.Fault)
			slow slowReading
		}{
			{"younger", fast.Younger, slow.younger(year)},
			{"older", fast.Older, slow.older(year)},
		} {
			number, fault := reading.fast(year)
			if got := string(number.AppendDigits(nil)); got != reading.slow.number || fault != reading.slow.fault {
				return fmt.Sprintf("%s for %d: fault %q, want %q, or another number", reading.name, year, fault, reading.slow.fault)
			}
		}
	}
	kind, wantKind := fast.Kind, slow.kind
	if len(slow.digits) == 10 {
		inAnyCentury := false
		for _, century := range []int{1800, 1900, 2000} {
			inAnyCentury = inAnyCentury || slow.older(century+199).number != ""
		}
		if (fast.Fault == identity.NoFault) != inAnyCentury || (fast.Kind == identity.NoKind) == inAnyCentury {
			return fmt.Sprintf("fault %q and kind %q, but a number in some century: %t", fast.Fault, fast.Kind, inAnyCentury)
		}
		// The kind counts where there is a number.
		if want.number == "" {
			kind = identity.NoKind
		} else {
			wantKind = slowKind(slow.digits[2:])
		}
	}
	switch {
	case kind != wantKind:
		return fmt.Sprintf("kind %q, want %q", kind, wantKind)
	case number.Kind() != wantKind && number != 0:
		return fmt.Sprintf("number of kind %q, want %q", number.Kind(), wantKind)
	case (wantKind != identity.NoKind || slow.digits != "") && fast.Separator != slow.separator:
		return fmt.Sprintf("separator %d, want %d", fast.Separator, slow.separator)
	case fast.Ten && slow.digits != "" && len(slow.digits) != 10, !fast.Ten && len(slow.digits) == 10:
		return "ten digits or twelve"
	}
	return ""
}

// Every ending of days that something is special about, in every spelling.
func TestParseAgreesWithSlowTwinOnAllEndings(t *testing.T) {
	days := []struct{ day, why string }{
		{"19000229", "no leap day"},
		{"20000229", "a leap day of a century"},
		{"18960229", "a leap day"},
		{"19230229", "no leap day, in any century"},
		{"20990228", "the last year's February"},
		{"21000101", "after the last century"},
		{"17991231", "before the first"},
		{"18000101", "the first day"},
		{"20991231", "the last day"},
		{"19640131", "day 31"},
		{"19640431", "day 31 of a month of 30"},
		{"19640230", "day 30 of February"},
		{"19640290", "the same of a coordination number, suspect and no fault"},
		{"19000289", "29 February of a coordination number, suspect and no fault"},
		{"19640060", "month and day unknown"},
		{"19640061", "month unknown"},
		{"19640091", "month unknown, last day"},
		{"19641260", "day unknown"},
		{"19641291", "last day of a coordination number"},
		{"19641292", "past it"},
		{"19641299", "the last two digits"},
		{"19641259", "day 59, of a personal number"},
		{"19641232", "day 32"},
		{"19641200", "day 0"},
		{"19640001", "month 0"},
		{"19641301", "month 13"},
		{"19641361", "month 13 of a coordination number"},
		{"19641901", "month 19, the last of no organisation"},
		{"19642001", "month 20, the first of an organisation"},
		{"19649999", "month and day 99"},
		{"16641231", "prefix 16, third digit 1"},
		{"16642231", "prefix 16, third digit 2"},
		{"16302080", "prefix 16 and GD"},
		{"20302080", "GD in ten digits"},
		{"16303080", "no GD"},
		{"00000000", "nothing but zeros"},
		{"99999999", "nothing but nines"},
	}
	for _, d := range days {
		check := func(spelling string, ending int, text string, isInteger bool, year int) {
			fast := identity.Parse([]byte(text))
			if isInteger {
				value, err := strconv.ParseInt(text, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				fast, text = identity.ParseInteger(value), slowInteger(value)
			}
			if differs := difference(fast, slowParse(text), year); differs != "" {
				t.Fatalf("%s (%s), ending %d, %s: %s", d.day, d.why, ending, spelling, differs)
			}
		}
		short := d.day[2:]
		for ending := range 10_000 {
			last4 := fmt.Sprintf("%04d", ending)
			// Not the last digit: it decides whether Luhn holds.
			year := paymentYears[ending/10%len(paymentYears)]
			check("twelve", ending, d.day+last4, false, year)
			check("thirteen", ending, d.day+"-"+last4, false, year)
			check("thirteen with plus", ending, d.day+"+"+last4, false, year)
			check("ten", ending, short+last4, false, year)
			check("eleven", ending, short+"-"+last4, false, year)
			check("eleven with plus", ending, short+"+"+last4, false, year)
			check("integer of twelve", ending, d.day+last4, true, year)
			check("integer of ten", ending, short+last4, true, year)
		}
	}
}

// Ten digits of the days on which centuries differ, in each year of payment.
func TestCenturyAgreesWithSlowTwin(t *testing.T) {
	for _, eleven := range []string{"20000229100", "20000228100", "20000289100", "20000060100", "19640823323", "19990101100", "19010101000"} {
		digits := withCheckDigit(eleven)[2:]
		for _, text := range []string{digits, digits[:6] + "-" + digits[6:], digits[:6] + "+" + digits[6:]} {
			fast, slow := identity.Parse([]byte(text)), slowParse(text)
			for year := -300; year <= 2600; year++ {
				if differs := difference(fast, slow, year); differs != "" {
					t.Fatalf("%s in %d characters: %s", eleven[:8], len(text), differs)
				}
			}
		}
	}
}

// Numbers without a fault, changed at random in one to three places.
func TestParseAgreesWithSlowTwinOnMutations(t *testing.T) {
	const cases = 300_000
	characters := []string{
		"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "-", "+", " ", "\t", "T", "R", "N", "X", "A", "t", "/", ":",
		"\u00a0", "\xa0", "\u2212", "\u0661", "\x00", "\n", ".", "16", "302",
	}
	random := newRandom(3)
	for i := range cases {
		text := spellings[random.IntN(len(spellings))].spell(madeUp(random))
		switch random.IntN(4) {
		case 0:
			text = strings.Replace(text, "-", "+", 1)
		case 1: // an interim number, with the right check digit
			at := len(text) - 4
			text = text[:at] + "1" + text[at+1:]
			ten := strings.Replace(text, "-", "", 1)
			ten = ten[len(ten)-10:]
			text = text[:at] + interimLetters[random.IntN(len(interimLetters))] + text[at+1:len(text)-1] + checkDigit(ten[:9])
		}
		for range random.IntN(4) {
			if text == "" {
				break
			}
			at := random.IntN(len(text))
			character := characters[random.IntN(len(characters))]
			switch random.IntN(3) {
			case 0:
				text = text[:at] + character + text[at+1:]
			case 1:
				text = text[:at] + character + text[at:]
			case 2:
				text = text[:at] + text[at+1:]
			}
		}
		year := 1700 + random.IntN(600)
		if differs := difference(identity.Parse([]byte(text)), slowParse(text), year); differs != "" {
			t.Fatalf("case %d, %d characters: %s", i, len(text), differs)
		}
	}
}

// Integers of every magnitude, and around each number of digits.
func TestParseIntegerAgreesWithSlowTwin(t *testing.T) {
	const cases = 100_000
	check := func(value int64, year int) {
		if differs := difference(identity.ParseInteger(value), slowParse(slowInteger(value)), year); differs != "" {
			t.Fatalf("an integer of %d digits: %s", len(strconv.FormatInt(value, 10)), differs)
		}
	}
	power := int64(1)
	for range 19 {
		for _, value := range []int64{power - 1, power, power + 1, -power} {
			for _, year := range paymentYears {
				check(value, year)
			}
		}
		power *= 10
	}
	check(-1<<63, 2024)
	check(1<<63-1, 2024)
	random := newRandom(4)
	for range cases {
		check(random.Int64N(1<<63-1)>>random.IntN(63), 1700+random.IntN(600))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range spellings {
		f.Add([]byte(s.spell("196408233234")), int16(2024))
		f.Add([]byte(s.spell("197010632391")), int16(2069))
	}
	f.Fuzz(func(t *testing.T, text []byte, year int16) {
		given := string(text)
		fast := identity.Parse(text)
		if differs := difference(fast, slowParse(given), int(year)); differs != "" {
			t.Error(differs)
		}
		if string(text) != given {
			t.Error("the text was changed")
		}
		number, _ := fast.In(int(year))
		if again := identity.Parse(number.AppendDigits(nil)).Number(); again != number {
			t.Error("the digits of a number are not read as that number")
		}
	})
}

func FuzzParseInteger(f *testing.F) {
	f.Add(int64(196408233234), int16(2024))
	f.Add(int64(6408233234), int16(2064))
	f.Fuzz(func(t *testing.T, value int64, year int16) {
		if differs := difference(identity.ParseInteger(value), slowParse(slowInteger(value)), int(year)); differs != "" {
			t.Error(differs)
		}
	})
}
