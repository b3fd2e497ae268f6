package identity_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"testing"

	"github.com/avstam/avstam/identity"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumberFields(t *testing.T) {
	for _, c := range []struct {
		eleven                   string
		year, month, day, serial int
		coordination, suspect    bool
		why                      string
	}{
		{"19640823323", 1964, 8, 23, 323, false, false, "a personal number"},
		{"19701003239", 1970, 10, 3, 239, false, false, "a leading zero in the day"},
		{"19701063239", 1970, 10, 63, 239, true, false, "a coordination number of 3 October"},
		{"18000101001", 1800, 1, 1, 1, false, false, "the smallest number"},
		{"20991291999", 2099, 12, 91, 999, true, false, "the largest"},
		{"19640859323", 1964, 8, 59, 323, false, false, "day 59 is of no coordination number"},
		{"19640860323", 1964, 8, 60, 323, true, false, "an unknown day is not suspect"},
		{"19640060323", 1964, 0, 60, 323, true, false, "nor is an unknown date"},
		{"19640091323", 1964, 0, 91, 323, true, false, "an unknown month may have any day"},
		{"19640891323", 1964, 8, 91, 323, true, false, "August has a day 31"},
		{"19640991323", 1964, 9, 91, 323, true, true, "September has not"},
		{"19640990323", 1964, 9, 90, 323, true, false, "but a day 30"},
		{"19640289323", 1964, 2, 89, 323, true, false, "29 February of a leap year"},
		{"19630289323", 1963, 2, 89, 323, true, true, "of no leap year"},
		{"19000289323", 1900, 2, 89, 323, true, true, "of a century that is none"},
		{"20000289323", 2000, 2, 89, 323, true, false, "of one that is"},
		{"19640290323", 1964, 2, 90, 323, true, true, "30 February"},
	} {
		value, err := strconv.ParseUint(withCheckDigit(c.eleven), 10, 64)
		require.NoError(t, err)
		number := identity.Number(value)
		year, month, day, serial := number.Fields()
		assert.Equal(t, []int{c.year, c.month, c.day, c.serial}, []int{year, month, day, serial}, c.why)
		assert.Equal(t, c.year, number.Year(), c.why)
		assert.Equal(t, c.year*100+c.month, number.YearMonth(), c.why)
		assert.Equal(t, c.coordination, number.IsCoordination(), c.why)
		assert.Equal(t, c.suspect, number.IsSuspectDate(), c.why)
		wantKind := identity.Personal
		if c.coordination {
			wantKind = identity.Coordination
		}
		assert.Equal(t, wantKind, number.Kind(), c.why)
		assert.Equal(t, ">"+withCheckDigit(c.eleven), string(number.AppendDigits([]byte(">"))), c.why)
		assert.Equal(t, ">"+c.eleven[:4]+"********", string(number.AppendMasked([]byte(">"))), c.why)
	}
}

func TestZeroNumber(t *testing.T) {
	var zero identity.Number
	assert.Equal(t, identity.NoKind, zero.Kind())
	assert.Equal(t, "a", string(zero.AppendDigits([]byte("a"))), "there are no digits")
	assert.Equal(t, "a", string(zero.AppendMasked([]byte("a"))))
	assert.Equal(t, "", fmt.Sprintf("%d", zero), "a missing number is no 0")
	assert.False(t, zero.IsSuspectDate())
}

// Numbers are ordered by the date in them.
func TestNumbersAreOrdered(t *testing.T) {
	earlier := identity.Parse([]byte("19640823-3234")).Number()
	later := identity.Parse([]byte("19701063-2391")).Number()
	assert.Less(t, earlier, later)
}

// example is a number whose digits no text must show, and what it shows.
const (
	exampleDigits = "196408233234"
	exampleMask   = "1964********"
)

// assertMasked says that text shows the mask, and the digits in no base.
func assertMasked(t *testing.T, text, why string) {
	t.Helper()
	value, err := strconv.ParseUint(exampleDigits, 10, 64)
	require.NoError(t, err)
	assert.Contains(t, text, exampleMask, why)
	for _, base := range []int{2, 8, 10, 16} {
		assert.NotContains(t, text, strconv.FormatUint(value, base), why)
	}
	assert.NotContains(t, text, fmt.Sprintf("%X", value), why)
	assert.NotContains(t, text, exampleDigits[4:], why)
}

// No verb of package fmt prints a number, wherever it stands. Three are left
// out: fmt answers %T, %p and, as no error, %w without asking a Number.
func TestNoVerbPrintsANumber(t *testing.T) {
	number := identity.Parse([]byte(exampleDigits)).Number()
	type record struct {
		Payee  identity.Number
		Others []identity.Number
	}
	for verb := 'A'; verb <= 'z'; verb++ {
		if verb > 'Z' && verb < 'a' || verb == 'T' || verb == 'p' || verb == 'w' {
			continue
		}
		for _, flags := range []string{"", "+", "-", "#", " ", "0", "20", "-20.15"} {
			format := "%" + flags + string(verb)
			assertMasked(t, fmt.Sprintf(format, number), format)
			assertMasked(t, fmt.Sprintf(format, &number), format+" of a pointer")
			for _, holder := range []any{
				[]identity.Number{number}, [1]identity.Number{number}, []any{number},
				map[identity.Number]int{number: 1}, map[int]identity.Number{1: number},
				record{Payee: number}, &record{Others: []identity.Number{number}},
			} {
				assertMasked(t, fmt.Sprintf(format, holder), fmt.Sprintf("%s of a %T", format, holder))
			}
		}
	}
	assert.Equal(t, "     "+exampleMask, fmt.Sprintf("%17d", number), "the width counts")
	assert.Equal(t, exampleMask+"     |", fmt.Sprintf("%-17d|", number))
	assert.Equal(t, exampleMask, fmt.Sprint(number))
	assert.Equal(t, exampleMask, fmt.Sprintf("%#v", number))
	assert.Equal(t, exampleMask, number.String())
	assert.Equal(t, exampleMask, number.GoString())
	assert.Equal(t, "cannot pay "+exampleMask, fmt.Errorf("cannot pay %v", number).Error())
	assertMasked(t, errors.Join(fmt.Errorf("%d", number), fmt.Errorf("%x", number)).Error(), "joined errors")
}

// Nor does a log or an encoder.
func TestNoLogTellsANumber(t *testing.T) {
	number := identity.Parse([]byte(exampleDigits)).Number()
	encoded, err := json.Marshal(map[identity.Number]any{number: []identity.Number{number}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"1964********": ["1964********"]}`, string(encoded))

	var text bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Error("not paid", "number", number, "numbers", []identity.Number{number})
	assertMasked(t, text.String(), "slog as text")
	text.Reset()
	slog.New(slog.NewJSONHandler(&text, nil)).Error("not paid", slog.Any("number", number))
	assertMasked(t, text.String(), "slog as JSON")
}

// What a text says is printed, not its digits.
func TestNoVerbPrintsAText(t *testing.T) {
	for _, c := range []struct{ text, want, why string }{
		{"196408233234", "personal", "twelve digits"},
		{"701063-2391", "coordination", "ten digits"},
		{"196408233235", "check_digit", "a fault"},
		{"", "empty", "nothing"},
	} {
		text := identity.Parse([]byte(c.text))
		for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%s", "%q"} {
			assert.Equal(t, c.want, fmt.Sprintf(verb, text), "%s: %s", verb, c.why)
			assert.Equal(t, "["+c.want+"]", fmt.Sprintf("%v", []identity.Text{text}), c.why)
		}
		encoded, err := json.Marshal(text)
		require.NoError(t, err)
		assert.NotContains(t, string(encoded), "3323", c.why)
	}
}

// Reports, decisions and dashboards refer to these names.
func TestNames(t *testing.T) {
	for kind, want := range map[identity.Kind]string{
		identity.NoKind: "", identity.Personal: "personal", identity.Coordination: "coordination",
		identity.Organisation: "organisation", identity.GD: "gd", identity.Interim: "interim",
	} {
		assert.Equal(t, want, kind.String())
	}
	for fault, want := range map[identity.Fault]string{
		identity.NoFault: "", identity.Empty: "empty", identity.Characters: "characters", identity.Length: "length",
		identity.Century: "century", identity.Date: "date", identity.Serial: "serial", identity.CheckDigit: "check_digit",
	} {
		assert.Equal(t, want, fault.String())
	}
}

// Every group of digits is written as it is, wherever it stands.
func TestAppendDigitsOfEveryGroup(t *testing.T) {
	for group := range 10_000 {
		for _, n := range []int{group, group * 1_0000, group * 1_0000_0000, group*1_0000_0000 + 9999_9999, 9999_0000_9999 + group*1_0000} {
			if n > 0 {
				if want, got := fmt.Sprintf("%012d", n), string(identity.Number(n).AppendDigits(nil)); got != want {
					t.Fatalf("%s, not %s", got, want)
				}
			}
		}
	}
}
