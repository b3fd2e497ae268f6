package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Inert is a text without anything that a terminal obeys and does not show: escape
// sequences and other control characters, marks of direction, characters of no
// width. They stand as in JSON, \u001b, and what is no UTF-8 as \ufffd. Line
// ends and tabs stay.
func Inert(text string) string {
	isLive := func(r rune) bool {
		return r == utf8.RuneError || r != '\n' && r != '\t' && !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r)
	}
	if !strings.ContainsFunc(text, isLive) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !isLive(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
