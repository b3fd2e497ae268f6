package identity_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/avstam/avstam/identity"
)

// numbers draws numbers that are right, of both kinds, with unknown days and months.
func numbers() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		year, month, day := rapid.IntRange(1800, 2099).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 28).Draw(t, "day")
		if rapid.Bool().Draw(t, "coordination") {
			month, day = rapid.IntRange(0, 12).Draw(t, "month"), rapid.IntRange(60, 91).Draw(t, "day")
		}
		eleven := fmt.Sprintf("%04d%02d%02d%03d", year, month, day, rapid.IntRange(1, 999).Draw(t, "serial"))
		return withCheckDigit(eleven)
	})
}

// What is printed is read as the number that it was, in every spelling: as twelve
// digits whatever the year, and as ten where the record's year makes them so.
func TestParseUndoesPrint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := numbers().Draw(t, "number")
		number := identity.Parse([]byte(digits)).Number()
		require.True(t, string(number.AppendDigits(nil)) == digits)
		age := rapid.IntRange(0, 199).Draw(t, "age")
		year := number.Year() + age
		separator := "-"
		if age >= 100 {
			separator = "+"
		}
		spellings := []string{digits, digits[:8] + separator + digits[8:], " " + digits + "\t", digits[2:8] + separator + digits[8:]}
		if age < 100 {
			spellings = append(spellings, digits[2:])
		}
		for i, spelling := range spellings {
			text := identity.Parse([]byte(spelling))
			got, fault := text.In(year)
			require.True(t, got == number && fault == identity.NoFault, "spelling %d", i)
			require.False(t, text.Separator.Contradicts(got, year), "spelling %d", i)
			// And what is printed of what was read is the same again.
			require.True(t, string(got.AppendDigits(nil)) == digits)
		}
	})
}

// No way to print what carries a number prints more of it than the year: not alone,
// in lists, maps, errors, logs, JSON, or the value of a panic.
func TestNoNumberIsPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := numbers().Draw(t, "number")
		text := identity.Parse([]byte(digits))
		number := text.Number()
		var said strings.Builder
		for _, value := range []any{number, &number, text, []identity.Number{number}, map[identity.Number]identity.Text{number: text},
			struct{ Payee identity.Number }{number}, fmt.Errorf("not paid: %v %d", number, number)} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%X", "%q"} {
				fmt.Fprintf(&said, verb+"\n", value)
			}
			encoded, err := json.Marshal(value)
			require.NoError(t, err)
			said.Write(encoded)
			slog.New(slog.NewTextHandler(&said, nil)).Error("not paid", "value", value)
			slog.New(slog.NewJSONHandler(&said, nil)).Error("not paid", "value", value)
			func() {
				defer func() { fmt.Fprintln(&said, recover()) }()
				panic(value)
			}()
		}
		for _, secret := range []string{digits, digits[2:], digits[4:], digits[2:8] + "-" + digits[8:], fmt.Sprintf("%x", digits), fmt.Sprintf("%x", uint64(number)), fmt.Sprintf("%X", uint64(number))} {
			require.NotContains(t, said.String(), secret)
		}
	})
}
