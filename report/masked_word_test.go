package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A masked report shows the register's words, but none that may be a number.
func TestMaskedWords(t *testing.T) {
	for _, c := range []struct{ why, word, want string }{
		{"a status", "deregistered", "deregistered"},
		{"a code with a day", "AV 2025-11", "AV 2025-11"},
		{"nine digits are no identity number", "reg 123456789", "reg 123456789"},
		{"ten are, right or mistyped", "640823-3235", "(digits)"},
		{"so are twelve", "196408233234", "(digits)"},
		{"wherever they stand", "64 08 23 w 32 34", "(digits)"},
		{"whatever their script", "６４０８２３-３２３４", "(digits)"},
		{"or scripts", "6408٢٣3234", "(digits)"},
		{"no UTF-8", "f\xf6rsvunnen", "f\uFFFDrsvunnen"},
	} {
		assert.Equal(t, c.want, string(maskedWord([]byte(c.word))), c.why)
	}
}
