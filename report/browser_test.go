package report

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/rules"
)

// axe-core, which finds what keeps people from using a page, as npm's registry
// has it. It is under the MPL and is not kept here.
const (
	axeVersion = "4.14.1"
	axeDigest  = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==" // SHA-512
)

// fetchAxe is the source of axe-core. Where npm cannot fetch it the test is
// skipped; AVSTAM_REQUIRE=chromium makes a failure of that.
func fetchAxe(t *testing.T) string {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil {
		skipWithout(t, "chromium", "axe-core cannot be fetched without npm")
	}
	folder := t.TempDir()
	command := exec.Command(npm, "pack", "--silent", "--prefer-offline", "--pack-destination", folder, "axe-core@"+axeVersion)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		skipWithout(t, "chromium", "npm cannot fetch axe-core: "+string(output))
	}
	packed, err := os.ReadFile(filepath.Join(folder, "axe-core-"+axeVersion+".tgz"))
	require.NoError(t, err)
	digest := sha512.Sum512(packed)
	require.Equal(t, axeDigest, base64.StdEncoding.EncodeToString(digest[:]), "axe-core is the one that this test knows")
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	for files := tar.NewReader(unzipped); ; {
		file, err := files.Next()
		require.False(t, errors.Is(err, io.EOF), "axe.min.js is in the package")
		require.NoError(t, err)
		if file.Name == "package/axe.min.js" {
			source, err := io.ReadAll(files)
			require.NoError(t, err)
			return string(source)
		}
	}
}

// pageChecks looks at what a person would miss: it gives a list of complaints.
const pageChecks = `(() => {
	const faults = [];
	const want = (condition, complaint) => { if (!condition) faults.push(complaint); };
	const all = (selector) => [...document.querySelectorAll(selector)];
	want(all("h1").length === 1, all("h1").length + " h1");
	for (const landmark of ["header", "nav", "main", "footer"])
		want(all("body > " + landmark + ", main > " + landmark).length === 1, "no " + landmark);
	want(all("script, img, iframe, object, embed, link, form, base").length === 0, "an element that loads or runs something");
	want(all("style").length === 1, "not one style");
	for (const chart of all("svg:not([aria-hidden])")) {
		want(chart.querySelector(":scope > title")?.textContent.trim(), "a chart without a title");
		want(chart.querySelector(":scope > desc")?.textContent.trim(), "a chart without a description");
		let next = chart.nextElementSibling;
		want(next?.querySelector("table tbody tr"), "a chart without its table");
	}
	for (const bar of all("svg[aria-hidden]")) want(bar.closest("tr"), "a bar outside of a table");
	for (const table of all("table")) want(table.caption?.textContent.trim(), "a table without a caption");
	for (const link of all("a")) want(document.getElementById(link.getAttribute("href").slice(1)), "a link to nowhere: " + link.getAttribute("href"));
	const ids = all("[id]").map((e) => e.id);
	want(new Set(ids).size === ids.length, "an id twice");
	for (const ref of all("[aria-labelledby]")) want(document.getElementById(ref.getAttribute("aria-labelledby")), "a label that is not there");
	want(document.documentElement.scrollWidth <= innerWidth, "the page is " + document.documentElement.scrollWidth + " wide on " + innerWidth);
	const print = matchMedia("print").matches;
	for (const box of all(".scroll")) {
		want(!print || box.scrollWidth <= box.clientWidth, "cut off in print: " + box.querySelector("caption, pre")?.textContent.slice(0, 60));
		want(box.tabIndex === 0, "a region that the keyboard does not reach");
	}
	// Texts of charts neither meet nor leave the chart.
	for (const chart of all("svg.chart")) {
		const edge = chart.getBoundingClientRect();
		const boxes = [...chart.querySelectorAll("text")].map((e) => e.getBoundingClientRect());
		for (const [i, a] of boxes.entries()) {
			want(a.left >= edge.left - 16 && a.right <= edge.right + 1, "a text leaves the chart");
			for (const b of boxes.slice(i + 1))
				want(a.right + 4 <= b.left || b.right + 4 <= a.left || a.bottom <= b.top + 2 || b.bottom <= a.top + 2, "texts of a chart overlap");
		}
	}
	for (const tile of all(".tiles li")) want(tile.scrollWidth <= tile.clientWidth, "a tile is too narrow: " + tile.textContent);
	return faults;
})()`

// axeRun runs all rules of axe-core, and gives what it complains of.
const axeRun = `
axe.run(document, {resultTypes: ["violations"]}).then((results) => results.violations.flatMap((violation) =>
	violation.nodes.map((node) => violation.id + ": " + node.target.join(" ") + ": " + node.failureSummary)))`

// TestPageInABrowser loads pages in Chromium without a network, small and large,
// light, dark and in print, and has them checked by axe-core.
func TestPageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time, and -short was given")
	}
	browser := startChromium(t)
	axe := fetchAxe(t)
	folder := t.TempDir()
	// AVSTAM_SCREENSHOTS is a folder for pictures of the pages, to be looked at.
	pictures := os.Getenv("AVSTAM_SCREENSHOTS")

	many := newFixture(t, 2, 3000)
	many.run.SuppressBelow = 5
	for i := range many.records { // of more years than the chart has room for
		many.records[i].PaymentDate -= calendar.Day(i % 8 * 366)
	}
	empty := newFixture(t, 1, 10)
	empty.records, empty.across, empty.rejects = nil, nil, nil
	for i := range empty.closing.Terms {
		terms := &empty.closing.Terms[i]
		*terms = Terms{Read: terms.Read, Clean: terms.Read}
	}
	for _, test := range []struct {
		name    string
		fixture *fixture
		change  func(*Summary)
	}{
		{"small", goldenFixture(t), nil},
		{"many", many, withCases},
		{"nothing", empty, nil},
		{"hostile", hostileFixture(t), hostileCases},
	} {
		for _, language := range rules.Languages() {
			test.fixture.run.Language = language
			page, _ := pageOf(t, test.fixture, test.change)
			path := filepath.Join(folder, test.name+"-"+language+".html")
			require.NoError(t, os.WriteFile(path, []byte(page), 0o600))
			for _, screen := range []struct {
				name, scheme, media string
				width, height       int
				checked             bool // by axe-core, which takes its time
			}{
				{"phone-light", "light", "", 360, 800, false},
				{"phone-dark", "dark", "", 360, 800, true},
				{"laptop-light", "light", "", 1366, 768, true},
				{"laptop-dark", "dark", "", 1366, 768, false},
				{"print", "light", "print", 688, 1000, false}, // A4 within its margins
			} {
				t.Run(test.name+" "+language+" "+screen.name, func(t *testing.T) {
					browser.t = t
					browser.screen(screen.width, screen.height, screen.scheme, screen.media)
					requests, complaints := browser.open(path)
					assert.Equal(t, []string{"file://" + path}, requests)
					assert.Empty(t, complaints, "what the browser's console says")
					var faults []string
					browser.evaluate(pageChecks, &faults)
					assert.Empty(t, faults)
					var inLanguage string
					browser.evaluate(`document.documentElement.lang`, &inLanguage)
					assert.Equal(t, language, inLanguage)
					if screen.checked {
						browser.evaluate(axe+axeRun, &faults)
						assert.Empty(t, faults, "axe-core's complaints")
					}
					if pictures != "" {
						name := filepath.Join(pictures, test.name+"-"+language+"-"+screen.name)
						if screen.media == "print" {
							require.NoError(t, os.WriteFile(name+".pdf", browser.pdf(), 0o600))
						} else {
							require.NoError(t, os.WriteFile(name+".png", browser.screenshot(), 0o600))
						}
					}
				})
			}
		}
	}
	browser.t = t
	// The checks can fail: a page with faults has complaints of each kind.
	path := filepath.Join(folder, "faults.html")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat(`<img src="data:,"><h1 style="width: 2000px">x</h1><p style="color: #ccc">pale</p><script>console.log(1)</script>`, 2)), 0o600))
	browser.screen(360, 800, "light", "")
	_, complaints := browser.open(path)
	assert.NotEmpty(t, complaints)
	var faults []string
	browser.evaluate(pageChecks, &faults)
	for _, fault := range []string{"2 h1", "no main", "an element that loads or runs something", "the page is 20"} {
		assert.Contains(t, strings.Join(faults, "\n"), fault)
	}
	browser.evaluate(axe+axeRun, &faults)
	for _, fault := range []string{"color-contrast", "image-alt", "html-has-lang"} {
		assert.Contains(t, strings.Join(faults, "\n"), fault)
	}
}

// TestPageInABrowserOnPaper prints a page that begins at different heights, and
// looks that no head of a table is the last on its sheet.
func TestPageInABrowserOnPaper(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time, and -short was given")
	}
	reader, err := exec.LookPath("pdftotext")
	if err != nil {
		skipWithout(t, "pdftotext", "there is no pdftotext in the PATH")
	}
	browser := startChromium(t)
	f := newFixture(t, 2, 3000)
	page, _ := pageOf(t, f, withCases)
	path := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(path, []byte(page), 0o600))
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	heads := map[string]bool{}
	for _, rest := range strings.Split(page, "<thead>")[1:] {
		head, _, _ := strings.Cut(rest, "</thead>")
		heads[words(tags.ReplaceAllString(head, " "))] = true
	}
	browser.open(path)
	seen := 0
	for millimetres := 0; millimetres < 240; millimetres += 6 {
		var done bool
		browser.evaluate(fmt.Sprintf("(document.body.style.paddingTop = '%dmm', true)", millimetres), &done)
		command := exec.Command(reader, "-layout", "-", "-")
		command.Stdin = bytes.NewReader(browser.pdf())
		text, err := command.Output()
		require.NoError(t, err)
		for sheet, text := range strings.Split(string(text), "\f") {
			lines := strings.Split(strings.TrimSpace(text), "\n")
			for _, line := range lines {
				if heads[words(line)] {
					seen++
				}
			}
			assert.False(t, heads[words(lines[len(lines)-1])], "%d mm lower sheet %d ends with the head of a table", millimetres, sheet+1)
		}
	}
	assert.Greater(t, seen, 100, "heads are told as they are printed")
}
