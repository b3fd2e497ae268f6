package report

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInert(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"plain text stays", "Försäkringskassan, 10\u00a0000 kr \"é\" 漢字", "Försäkringskassan, 10\u00a0000 kr \"é\" 漢字"},
		{"line ends and tabs stay", "a\n\tb", "a\n\tb"},
		{"an escape sequence that clears the screen", "\x1b[2J", `\u001b[2J`},
		{"the same in one character", "\u009b2J", `\u009b2J`},
		{"a carriage return writes over the line", "a\rb", `a\u000db`},
		{"a bell", "\a", `\u0007`},
		{"delete", "\x7f", `\u007f`},
		{"right to left", "\u202egnp.exe", `\u202egnp.exe`},
		{"isolates", "\u2066a\u2069", `\u2066a\u2069`},
		{"no width", "a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"other line ends", "a\u2028b\u0085c", `a\u2028b\u0085c`},
		{"tags beyond 16 bits", "\U000e0041", `\udb40\udc41`},
		{"no UTF-8: C1 of a terminal of eight bits", "\x9b2J", `\ufffd2J`},
	} {
		assert.Equal(t, row.want, Inert(row.text), row.why)
		// In JSON the escapes mean what they stand for.
		encoded, err := json.Marshal(row.text)
		require.NoError(t, err)
		var before, after string
		require.NoError(t, json.Unmarshal(encoded, &before))
		require.NoError(t, json.Unmarshal([]byte(Inert(string(encoded))), &after))
		assert.Equal(t, before, after, row.why)
	}
}
