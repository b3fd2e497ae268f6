package main

import (
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8/cwriter"

	"github.com/avstam/avstam/report"
)

// isTerminal says whether what is written there is shown on a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && cwriter.IsTerminal(int(file.Fd()))
}

// palette colours words, or leaves them as they are where it is false.
type palette bool

// paletteOf colours on a terminal that has colours, unless NO_COLOR is set
// (https://no-color.org).
func paletteOf(w io.Writer) palette {
	return palette(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

const (
	bold   = "1"
	red    = "31"
	yellow = "33"
	cyan   = "36"
	green  = "32"
)

// paint is a text in a colour.
func (p palette) paint(colour, text string) string {
	if !p || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// severityColours are red, yellow and cyan: told apart by people who do not tell
// red from green.
var severityColours = map[string]string{"error": red, "warning": yellow, "info": cyan}

// inertLine is an inert text in one line.
func inertLine(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(report.Inert(text))
}

// inertWriter makes each text that is written inert. A text must not end within a
// character.
type inertWriter struct{ io.Writer }

func (w inertWriter) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, report.Inert(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// movableWriter writes to where it has been moved last. Goroutines may share it.
type movableWriter struct {
	mutex sync.Mutex
	to    io.Writer
}

func (w *movableWriter) moveTo(to io.Writer) {
	w.mutex.Lock()
	w.to = to
	w.mutex.Unlock()
}

func (w *movableWriter) Write(text []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.to.Write(text)
}

// shorten cuts a text to so many characters.
func shorten(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}
