package identity_test

import (
	"testing"

	"github.com/avstam/avstam/identity"
	"github.com/stretchr/testify/assert"
)

// Every form and every fault is read without an allocation.
func TestNoAllocations(t *testing.T) {
	organisation := tenWithCheckDigit("559999123")
	for _, c := range []struct{ name, text string }{
		{"twelve", "196408233234"},
		{"thirteen", "19640823-3234"},
		{"thirteen with plus", "19640823+3234"},
		{"ten", "6408233234"},
		{"eleven", "640823-3234"},
		{"eleven with plus", "640823+3234"},
		{"coordination", "19701063-2391"},
		{"leap day", "20000229-2381"},
		{"leap day of ten", "0002292381"},
		{"blanks", " \t196408233234\t "},
		{"organisation", organisation},
		{"organisation of twelve", "16" + organisation},
		{"gd", tenWithCheckDigit("302012345")},
		{"interim", interim("640823", "T")},
		{"interim of twelve", interim("19640823", "T")},
		{"interim that fails", "640823T230"},
		{"empty", ""},
		{"only blanks", "   "},
		{"characters", "1964x8233234"},
		{"no-break space", "640823-3234\u00a0"},
		{"length", "19640823323"},
		{"century", "216408233234"},
		{"date", "196413233234"},
		{"serial", "196408230005"},
		{"check digit", "196408233235"},
	} {
		given := []byte(c.text)
		text := identity.Parse(given)
		buffer := make([]byte, 0, 12)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			text = identity.Parse(given)
			number, _ := text.In(2024)
			if text.Ten {
				text.Younger(2024)
				text.Older(2024)
			}
			buffer = number.AppendDigits(buffer[:0])
			buffer = number.AppendMasked(buffer[:0])
		}), c.name)
	}
	for _, c := range []struct {
		name  string
		value int64
	}{
		{"twelve", 196408233234},
		{"ten", 6408233234},
		{"padded", 405102385},
		{"zero", 0},
		{"negative", -1},
		{"length", 19640823323},
	} {
		assert.Zero(t, testing.AllocsPerRun(100, func() { identity.ParseInteger(c.value).In(2024) }), "integer, %s", c.name)
	}
}
