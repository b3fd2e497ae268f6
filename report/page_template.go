package report

import (
	"crypto/sha256"
	_ "embed" // for the page's template and style
	"encoding/base64"
	"html/template"
	"strconv"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyleText string

// The page's style, and its digest for the content security policy: no other
// style applies, whatever text comes into the page.
var (
	pageStyle       = template.CSS(pageStyleText)
	pageStyleDigest = func() string {
		digest := sha256.Sum256([]byte(pageStyleText))
		return "sha256-" + base64.StdEncoding.EncodeToString(digest[:])
	}()
)

// parsePage is the page's template in a language. Figures reach the page only
// through its functions, which know what is hidden.
func parsePage(l *pageLanguage) (*template.Template, error) {
	return template.New("page").Funcs(template.FuncMap{
		"t":         l.text,
		"word":      l.word,
		"day":       l.day,
		"law":       l.law,
		"name":      func(text string) string { return shown(text, longName) },
		"integer64": l.number,
		"isHidden":  func(f *figure) bool { return f.hidden },
		"isZero":    func(f *figure) bool { return f.count == 0 },
		"number":    func(f *figure) string { return l.number(shownCount(f)) },
		"counted": func(one, more string, things any) string {
			switch n := things.(type) {
			case int:
				return l.counted(one, more, int64(n))
			case int64:
				return l.counted(one, more, n)
			}
			return l.counted(one, more, shownCount(things.(*figure)))
		},
		"amounts": l.amounts,
		"bar":     bar,
		"share": func(table *pageTable, f *figure) string {
			if f.hidden || table.Total.hidden {
				return ""
			}
			return l.share(f.count, table.Total.count)
		},
	}).Parse(pageText)
}

// shownCount is the count of a figure that is not hidden.
func shownCount(f *figure) int64 {
	if f.hidden {
		panic("BUG: a hidden figure is to be shown")
	}
	return f.count
}

// pageAmount is a line of money, or says that it is hidden.
type pageAmount struct {
	Text   string
	Hidden bool
}

// amounts is what a figure amounts to, a line for each currency.
func (l *pageLanguage) amounts(f *figure) []pageAmount {
	if f.hidden {
		return []pageAmount{{l.text("hidden"), true}}
	}
	var lines []pageAmount
	isShown, isHidden := false, false
	for _, currency := range l.currencies {
		sum, ok := f.amounts[currency]
		switch {
		case f.hiddenAmount[currency]: // of nothing, too: it may be of few
			isHidden = true
			if !l.hiddenCurrencies[currency] || f.isDear {
				lines = append(lines, pageAmount{shown(currency, shortName) + noBreak + l.text("hidden"), true})
			}
		case ok:
			lines = append(lines, pageAmount{l.money(sum, currency), false})
			isShown = true
		}
	}
	switch {
	case !isShown && (isHidden || len(f.amounts) > 0):
		return []pageAmount{{l.text("hidden"), true}}
	case lines == nil:
		return []pageAmount{{"0", false}}
	}
	return lines
}

// bar is how long the bar of a figure is, in percent of the highest; empty for none.
func bar(f *figure, highest int64) string {
	if f.hidden || f.count == 0 || highest == 0 {
		return ""
	}
	return strconv.FormatFloat(max(0.5, 100*float64(f.count)/float64(highest)), 'f', 1, 64) + "%"
}
