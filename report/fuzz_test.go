package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// namesFixture has a text in every name that comes from outside.
func namesFixture(t testing.TB, text string) *fixture {
	f := newFixture(t, 9, 60)
	id := func(d interface {
		ID([]byte) (uint16, error)
	}, text string) uint16 {
		number, err := d.ID([]byte(text))
		require.NoError(t, err)
		return number
	}
	dictionaries := f.run.Dictionaries
	agency, paymentType := id(dictionaries.Agency, text), id(dictionaries.PaymentType, text)
	// What is in euros is in the currency of that name instead.
	euro, currency := id(dictionaries.Currency, "EUR"), id(dictionaries.Currency, text)
	for _, findings := range [][]Finding{f.records, f.across} {
		for i := range findings {
			x := &findings[i]
			if x.Row%3 != 0 {
				x.Agency, x.PaymentType = agency, paymentType
			}
			if x.Currency == euro {
				x.Currency = currency
			}
		}
	}
	for i := range f.rejects {
		if f.rejects[i].Currency == euro {
			f.rejects[i].Currency = currency
		}
	}
	for i := range f.closing.Terms {
		terms := &f.closing.Terms[i]
		for _, tally := range []*pipeline.Tally{&terms.Read, &terms.Clean, &terms.Flagged, &terms.Rejected} {
			tally.Renumber([]uint16{0, euro - 1, currency})
		}
	}
	for i := range f.run.Files {
		f.run.Files[i] = File{text, fmt.Sprint(text, i)}
		f.closing.Inputs[i] = Input{Source: text, Path: text}
	}
	f.closing.RegisterFiles = []Input{{Path: text}}
	f.closing.Notices = []Notice{{Name: text, Text: text, Swedish: text, Records: 17}}
	f.closing.PolicySettings = map[string]any{text: text}
	f.closing.Register.Checks = &register.Checks{Inconsistencies: []register.Inconsistency{{Name: text, Count: 9}}}
	return f
}

// elements are the elements of a page with the names of their attributes, each
// once; those whose values name a place or a script have them too.
func elements(t testing.TB, page []byte) map[string]bool {
	found := map[string]bool{}
	for tokens := html.NewTokenizer(bytes.NewReader(page)); ; {
		switch tokens.Next() {
		case html.ErrorToken:
			return found
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			said := token.Data
			for _, attribute := range token.Attr {
				said += " " + attribute.Key
				switch attribute.Key {
				case "href", "src", "style", "http-equiv", "content":
					said += "=" + regexp.MustCompile(`^#.*`).ReplaceAllString(attribute.Val, "#")
				}
			}
			found[said] = true
		case html.TextToken:
			for _, r := range string(tokens.Text()) {
				if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
					t.Fatalf("the page has %U", r)
				}
			}
		}
	}
}

// Whatever a name is, a browser finds no element and no attribute in the page that
// an ordinary name does not bring.
func FuzzPage(f *testing.F) {
	for _, payload := range payloads {
		f.Add(payload, true)
	}
	f.Add("</td><td>", false)
	f.Add("&lt;script&gt;", false)
	f.Add("<!--", true)
	f.Add("]]>\"'`=/", false)
	render := func(t testing.TB, text string, isSwedish bool) []byte {
		fixture := namesFixture(t, text)
		fixture.run.Parquet, fixture.run.Arrow = false, false // the page is the same
		fixture.run.Language = "en"
		if isSwedish {
			fixture.run.Language = "sv"
		}
		_, draft, w := fixture.writeTables(t)
		defer draft.Discard()
		published, err := w.Finish(t.Context(), &fixture.closing)
		require.NoError(t, err)
		page, err := renderPage(&fixture.run, newManifest(&fixture.run, &fixture.closing), published.Summary)
		require.NoError(t, err)
		return page
	}
	ordinary := map[bool]map[string]bool{} // by language
	for _, isSwedish := range []bool{false, true} {
		ordinary[isSwedish] = elements(f, render(f, "ordinary", isSwedish))
	}
	f.Fuzz(func(t *testing.T, text string, isSwedish bool) {
		if len(text) > 4096 {
			text = text[:4096] // what a name may have
		}
		for element := range elements(t, render(t, text, isSwedish)) {
			require.True(t, ordinary[isSwedish][element], "the page has a new element: %s", element)
		}
	})
}

var plainFolder = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{12}$`)

// A folder's name is plain, short, without what could be an identity number, and
// two agencies have two folders.
func FuzzShareFolder(f *testing.F) {
	for _, pair := range [][2]string{{"csn", "CSN"}, {"Försäkringskassan", "Forsakringskassan"}, {"", " "}, {"../../etc", "..\\.."}, {"19640823-3234", "1964 0823 3234"},
		{"640823 - 3234", "640823  3234"}, {"a\u0301", "á"}, {"ﬀ", "ff"}, {"６４０８２３３２３４", "x"}, {strings.Repeat("a", 100), strings.Repeat("a", 101)}, {"con", "nul"}, {"\xff", "\xfe"}, {"①②③④⑤⑥⑦", "¹²³"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		name := shareFolder(one)
		require.Regexp(t, plainFolder, name)
		require.LessOrEqual(t, len(name), slugLength+1+hashDigits)
		require.True(t, filepath.IsLocal(name))
		require.True(t, isShareFile(SharesFolder+"/"+name+"/findings.csv"))
		slug := name[:len(name)-1-hashDigits]
		require.Empty(t, regexp.MustCompile(`[0-9](-?[0-9]){5}`).FindString(slug), "digits that could be a number")
		require.Equal(t, one == other, name == shareFolder(other))
	})
}

// Whatever a text is, encoding/csv gets it back from every dialect, and so does the
// report's own reader; and no cell begins as a formula does.
func FuzzCSVCell(f *testing.F) {
	for _, text := range append([]string{"=1+1", "'=1", "''", "a\"b", "a;b,c", "a\r\nb", "\r", "-", "196408233234", "12E5", "\u200b=1", "＝1", "2019-05-00"}, payloads...) {
		f.Add([]byte(text), uint8(len(text)), false)
		f.Add([]byte(text), uint8(len(text)+1), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, dialect uint8, isDated bool) {
		style, err := []Dialect{Standard, Excel, ExcelSwedish}[dialect%3].style()
		require.NoError(t, err)
		line := style.appendCell(nil, text, isDated)
		line = append(style.appendCell(append(line, style.delimiter), []byte("x"), isDated), style.lineEnd...)
		reader := csv.NewReader(bytes.NewReader(line))
		reader.Comma = rune(style.delimiter)
		cells, err := reader.Read()
		require.NoError(t, err)
		require.Len(t, cells, 2)
		// encoding/csv makes newlines of line breaks inside quotes.
		require.Equal(t, strings.ReplaceAll(string(text), "\r\n", "\n"), PlainText(cells[0]))
		require.False(t, cells[0] != "-" && beginsFormula(cells[0]), "%s", fmt.Sprintf("a formula: %q", cells[0]))
	})
}

// beginsFormula says whether a spreadsheet could run a cell: its first character
// that is to be seen is one of those that begin a formula.
func beginsFormula(cell string) bool {
	cell = strings.TrimLeftFunc(cell, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf)
	})
	first, _ := utf8.DecodeRuneInString(cell)
	return strings.ContainsRune("=+-@＝＋－＠﹦﹢﹣﹫", first) && cell != ""
}
