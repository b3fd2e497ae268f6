package readers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// Column is a canonical column of records or of a register extract.
type Column struct {
	Name     string
	Required bool
	kind     columnKind
}

// columnKind says what a column's values are.
type columnKind uint8

const (
	numberColumn  columnKind = iota // identity numbers: text or integers
	keyColumn                       // the agency's own keys: text or integers
	wordColumn                      // text of few different values
	dayColumn                       // days
	deathColumn                     // dates that may be incomplete
	amountColumn                    // kronor with at most two decimals
	booleanColumn                   // true, false or missing
)

// The canonical columns of records, by their place in recordColumns. Where
// several values of a row cannot be read, the row is rejected for the first in
// this order.
const (
	identityNumber = iota
	paymentDate
	amount
	recordID
	periodStart
	periodEnd
	agency
	paymentType
	currency
	recordColumnCount
)

var recordColumns = [recordColumnCount]Column{
	identityNumber: {"identity_number", true, numberColumn},
	paymentDate:    {"payment_date", true, dayColumn},
	amount:         {"amount", true, amountColumn},
	recordID:       {"record_id", false, keyColumn},
	periodStart:    {"period_start", false, dayColumn},
	periodEnd:      {"period_end", false, dayColumn},
	agency:         {"agency", false, wordColumn},
	paymentType:    {"payment_type", false, wordColumn},
	currency:       {"currency", false, wordColumn},
}

// defaultCurrency is the currency of a record that names none.
const defaultCurrency = "SEK"

// The canonical columns of a register extract, by their place in registerColumns.
const (
	registerNumber = iota
	registerStatus
	registerStatusFrom
	registerStatusReason
	registerKnownFrom
	registerLinkedNumber
	registerIdentityLevel
	registerAssignedOn
	registerRenewedOn
	registerInactiveExpectedOn
	registerDeceasedOn
	registerProtected
	registerColumnCount
)

var registerColumns = [registerColumnCount]Column{
	registerNumber:             {"number", true, numberColumn},
	registerStatus:             {"status", true, wordColumn},
	registerStatusFrom:         {"status_from", false, dayColumn},
	registerStatusReason:       {"status_reason", false, wordColumn},
	registerKnownFrom:          {"known_from", false, dayColumn},
	registerLinkedNumber:       {"linked_number", false, numberColumn},
	registerIdentityLevel:      {"identity_level", false, wordColumn},
	registerAssignedOn:         {"assigned_on", false, dayColumn},
	registerRenewedOn:          {"renewed_on", false, dayColumn},
	registerInactiveExpectedOn: {"inactive_expected_on", false, dayColumn},
	registerDeceasedOn:         {"deceased_on", false, deathColumn},
	registerProtected:          {"protected", false, booleanColumn},
}

// RecordColumns are the canonical columns of records.
func RecordColumns() []Column { return slices.Clone(recordColumns[:]) }

// RegisterColumns are the canonical columns of a register extract.
func RegisterColumns() []Column { return slices.Clone(registerColumns[:]) }

// columnName is the file's name of a canonical column.
func (s *Source) columnName(canonical string) string {
	if name, ok := s.Columns[canonical]; ok {
		return name
	}
	return canonical
}

// isExpected says whether a file of the source must have the column: it is
// required or named, and no constant takes its place.
func (s *Source) isExpected(c Column) bool {
	if _, ok := s.Constants[c.Name]; ok {
		return false
	}
	_, named := s.Columns[c.Name]
	return c.Required || named
}

// checkColumns refuses columns and constants that are not canonical.
func (s *Source) checkColumns(canonical []Column) error {
	for _, name := range slices.Sorted(maps.Keys(s.Columns)) {
		if !isCanonical(canonical, name) {
			return fmt.Errorf("source %q: there is no column %q; the columns are %s", s.Name, name, joinNames(canonical))
		}
		if _, ok := s.Constants[name]; ok {
			return fmt.Errorf("source %q: %s is both a column and a constant", s.Name, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Constants)) {
		if !isCanonical(canonical, name) {
			return fmt.Errorf("source %q: there is no column %q to be a constant; the columns are %s", s.Name, name, joinNames(canonical))
		}
	}
	return nil
}

func isCanonical(canonical []Column, name string) bool {
	return slices.ContainsFunc(canonical, func(c Column) bool { return c.Name == name })
}

func joinNames(columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// missingColumnError says that a file lacks a column, and what it has; of a file
// without names that may be shown, no more. Names may be values all the same, where
// the file has no header after all: so digits in a row are not shown.
func missingColumnError(path string, canonical, theirs string, there []string) error {
	name := canonical
	if theirs != canonical {
		name = fmt.Sprintf("%s (for %s)", columnText(theirs), canonical)
	}
	if len(there) == 0 {
		return fmt.Errorf("cannot read %s: it has no column %s", path, name)
	}
	const most = 60
	var names strings.Builder
	for i, column := range there {
		if i == most {
			fmt.Fprintf(&names, " and %d more", len(there)-most)
			break
		}
		if i > 0 {
			names.WriteString(", ")
		}
		names.WriteString(columnText(column))
	}
	advice := ""
	looks := func(column string) bool { return withoutUnseen(column) == withoutUnseen(theirs) }
	if at := slices.IndexFunc(there, looks); at >= 0 {
		advice = fmt.Sprintf("; its column %d differs from that in blanks or characters that do not show alone, here as \\u and four digits: map it with them", at+1)
	}
	composes := func(column string) bool { return norm.NFC.String(column) == norm.NFC.String(theirs) }
	if at := slices.IndexFunc(there, composes); at >= 0 {
		advice = fmt.Sprintf("; its column %d differs from that in composition alone, as å and a with a ring above do: copy the name from the file", at+1)
	}
	alike := func(column string) bool { return strings.EqualFold(column, theirs) }
	if at := slices.IndexFunc(there, alike); at >= 0 {
		advice = fmt.Sprintf("; its column %d differs from that in capital letters alone, and names are compared exactly: map it", at+1)
	}
	return fmt.Errorf("cannot read %s: it has no column %s; its columns are %s%s", path, name, names.String(), advice)
}

// columnText is a column's name for a message: short, with what does not show as
// escapes, and without digits where it has so many that it may be an identity number.
func columnText(name string) string { return Visible(shortName(name)) }

// shortName is a column's name cut short, and without digits where it has so many that
// it may be an identity number.
func shortName(name string) string {
	const longest = 40
	runes := []rune(name)
	if len(runes) > longest {
		runes = append(runes[:longest], '…')
	}
	if countDigits(string(runes)) >= identifyingDigits {
		for i, r := range runes {
			if unicode.IsNumber(r) {
				runes[i] = '*'
			}
		}
	}
	return string(runes)
}

// Visible is a text in which each character that does not show, and each blank but the
// space, stands as in JSON: \u00a0.
func Visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// withoutUnseen is a text without blanks and what does not show.
func withoutUnseen(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}
