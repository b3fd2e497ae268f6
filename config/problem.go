package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avstam/avstam/identity"
)

// Problem is one thing that is wrong in a configuration file.
type Problem struct {
	File         string // as it was named
	Line, Column int    // from 1, columns in characters
	Text         string
}

// Error is file:line:column: text.
func (p Problem) Error() string { return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text) }

// Problems are all that is wrong in a configuration file, in the order of the
// file; there is at least one.
type Problems []Problem

// Error is the first problem, and how many more there are.
func (p Problems) Error() string {
	switch len(p) {
	case 1:
		return p[0].Error()
	case 2:
		return p[0].Error() + " (and one more problem)"
	}
	return fmt.Sprintf("%s (and %d more problems)", p[0].Error(), len(p)-1)
}

// Unwrap gives errors.As each problem.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i := range p {
		errs[i] = p[i]
	}
	return errs
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

const (
	// echoLimit is how many characters of a file's text a message repeats.
	echoLimit = 40
	// personalDigits is how many digits make a text one that might be an
	// identity number, which no message repeats.
	personalDigits = 10
)

// quote is a text of the file for a message, in double quotes.
func quote(text string) string {
	digits := 0
	for _, c := range text {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits >= personalDigits {
		return fmt.Sprintf("(a text with %d digits)", digits)
	}
	if identity.Contains([]byte(text)) { // with digits of another script
		return "(a text with a person's number)"
	}
	if runes := []rune(text); len(runes) > echoLimit {
		text = string(runes[:echoLimit]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// Nearest is the known word that may have been meant by one that is none of them;
// empty where none is near. Their case does not count. Of two letters nothing is
// guessed: no is not on.
func Nearest(word string, known []string) string {
	best, distance := "", min(len(word)/3+1, (len(word)-1)/2)
	for _, candidate := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(candidate)); d <= distance && d < len(candidate) {
			if d < distance || best == "" {
				best, distance = candidate, d
			}
		}
	}
	return best
}

// suggest is what a message adds on a word that is none of the known ones.
func suggest(word string, known []string) string {
	if meant := Nearest(word, known); meant != "" {
		return fmt.Sprintf(" (did you mean %q?)", meant)
	}
	return fmt.Sprintf(" (known: %s)", strings.Join(known, ", "))
}

// editDistance counts the bytes to insert, remove, replace, or exchange with
// their neighbour to make b of a.
func editDistance(a, b string) int {
	if len(a) > echoLimit || len(b) > echoLimit {
		return echoLimit
	}
	previous, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			replaced := row[j]
			if a[i] != b[j] {
				replaced++
			}
			next[j+1] = min(replaced, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], previous[j-1]+1)
			}
		}
		previous, row, next = row, next, previous
	}
	return row[len(b)]
}
