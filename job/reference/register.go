package reference

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// register has the entries of each number, the latest last.
type register map[string][]Entry

// readRegister leaves out entries whose number or status cannot be read, and
// takes other values that cannot be read as missing.
func readRegister(entries []Entry) register {
	known := make(register)
	for _, entry := range entries {
		entry.Number = readTwelveDigits(entry.Number)
		entry.Status = oneOf(entry.Status, "active", "inactive", "closed", "deregistered")
		if entry.Number == "" || entry.Status == "" {
			continue
		}
		entry.Reason = strings.TrimSpace(entry.Reason)
		entry.Level = oneOf(entry.Level, "confirmed", "probable", "uncertain", "not_applicable")
		entry.Protected = oneOf(entry.Protected, "true", "false")
		entry.DeceasedOn = readDeath(entry.DeceasedOn)
		if entry.Linked = strings.TrimSpace(entry.Linked); entry.Linked != "" {
			entry.Linked = cmp.Or(readTwelveDigits(entry.Linked), "unreadable")
		}
		for _, day := range []*string{&entry.StatusFrom, &entry.KnownFrom, &entry.AssignedOn, &entry.RenewedOn, &entry.InactiveExpectedOn} {
			*day = readDay(*day)
		}
		known[entry.Number] = append(known[entry.Number], entry)
	}
	for _, history := range known {
		slices.SortFunc(history, byAge)
	}
	return known
}

// byAge orders entries of a number, the latest last. Of the same day the later
// known_from wins, then the later row; a missing day comes before all others.
func byAge(a, b Entry) int {
	return cmp.Or(
		cmp.Compare(a.StatusFrom, b.StatusFrom),
		cmp.Compare(a.KnownFrom, b.KnownFrom),
		cmp.Compare(a.Row, b.Row))
}

func (r register) has(number string) bool { return len(r[number]) > 0 }

// inForce is the entry in force on a day; the zero Entry, whose status is
// empty, where there is none.
func (r register) inForce(number string, day time.Time) Entry {
	var found Entry
	for _, entry := range r[number] {
		if entry.StatusFrom <= text(day) {
			found = entry
		}
	}
	return found
}

// fromThatInForce are the entry in force on a day and those that are on a later one; where
// none is, all that are on some day: the last of those of a day.
func (r register) fromThatInForce(number string, day time.Time) []Entry {
	var entries []Entry
	for i, entry := range r[number] {
		if i+1 < len(r[number]) && r[number][i+1].StatusFrom == entry.StatusFrom {
			continue
		}
		if entry.StatusFrom <= text(day) {
			entries = nil
		}
		entries = append(entries, entry)
	}
	return entries
}

// attribute is what the entry in force has; where that has none, what the
// latest entry that has any has, whatever its day.
func (r register) attribute(number string, day time.Time, of func(Entry) string) string {
	if value := of(r.inForce(number, day)); value != "" {
		return value
	}
	value := ""
	for _, entry := range r[number] {
		value = cmp.Or(of(entry), value)
	}
	return value
}

func linked(e Entry) string             { return e.Linked }
func level(e Entry) string              { return e.Level }
func assignedOn(e Entry) string         { return e.AssignedOn }
func renewedOn(e Entry) string          { return e.RenewedOn }
func inactiveExpectedOn(e Entry) string { return e.InactiveExpectedOn }
func deceasedOn(e Entry) string         { return e.DeceasedOn }
func protected(e Entry) string          { return e.Protected }

// isReplaced says whether another number replaces the entry's: it is closed, or
// deregistered with GN or GS.
func (e Entry) isReplaced() bool {
	return e.Status == "closed" || e.isDeregisteredWith("GN", "GS")
}

func (e Entry) isDeregisteredWith(codes ...string) bool {
	return e.Status == "deregistered" && slices.Contains(codes, strings.ToUpper(e.Reason))
}

// follow leads along the links of a day from a number to the end of its chain.
// Where the chain breaks there is no end, and broken says how.
func (r register) follow(number string, day time.Time) (end, broken string) {
	seen := map[string]bool{}
	for r.inForce(number, day).isReplaced() {
		seen[number] = true
		number = r.attribute(number, day, linked)
		switch {
		case number == "":
			return "", "link_missing"
		case !r.has(number):
			return "", "link_unknown"
		case seen[number]:
			return "", "link_loop"
		}
	}
	return number, ""
}

// lastDay is the day after which a coordination number becomes inactive: the
// register's own, else the end of the fifth year after the year in which it was
// renewed or assigned, a year before 2016 counting as 2016 (SNL 3 kap. 2 § and
// the transitional rule of 2021:375). Empty where nothing tells.
func (r register) lastDay(number string, day time.Time) string {
	if expected := r.attribute(number, day, inactiveExpectedOn); expected != "" {
		return expected
	}
	from := cmp.Or(r.attribute(number, day, renewedOn), r.attribute(number, day, assignedOn))
	if from == "" {
		return ""
	}
	year := max(date(from).Year(), 2016)
	return text(time.Date(year+5, time.December, 31, 0, 0, 0, 0, time.UTC))
}

// readTwelveDigits is a number of the register; empty where it cannot be read.
func readTwelveDigits(given string) string {
	digits, _ := takeOutSeparator(strings.TrimSpace(given))
	if len(digits) != 12 || !areDigits(digits) || faultOf(digits) != "" {
		return ""
	}
	return digits
}

// oneOf is the word that a text is, whatever its case and blanks; empty if none.
func oneOf(given string, words ...string) string {
	given = strings.ToLower(strings.TrimSpace(given))
	if slices.Contains(words, given) {
		return given
	}
	return ""
}

// readDay is a day; empty where it cannot be read.
func readDay(given string) string {
	given = strings.TrimSpace(given)
	if _, ok := parse(time.DateOnly, given); !ok {
		return ""
	}
	return given
}

// readDeath is a date of death as 2019-05-17, 2019-05-00, 2019-00-00 or 0;
// empty where it cannot be read.
func readDeath(given string) string {
	given = strings.TrimSpace(given)
	if len(given) == 8 && areDigits(given) {
		given = given[:4] + "-" + given[4:6] + "-" + given[6:]
	}
	if given == "0" || given == "0000-00-00" {
		return "0"
	}
	if _, _, isDated := interval(given); !isDated {
		return ""
	}
	return given
}

// interval is the first and the last day that a date of death can be. A day
// that is not known at all, 0, is no interval.
func interval(death string) (earliest, latest time.Time, isDated bool) {
	if day, ok := parse("2006-01-02", death); ok {
		return day, day, true
	}
	if month, ok := parse("2006-01-00", death); ok { // 00 stands for itself
		return month, month.AddDate(0, 1, -1), true
	}
	if year, ok := parse("2006-00-00", death); ok {
		return year, year.AddDate(1, 0, -1), true
	}
	return time.Time{}, time.Time{}, false
}

// parse reads a date of the years 1 to 9999.
func parse(layout, given string) (time.Time, bool) {
	t, err := time.Parse(layout, given)
	return t, err == nil && t.Year() > 0
}

// text is a day as registers write it.
func text(day time.Time) string { return day.Format(time.DateOnly) }

// date is the day of a text that readDay gave.
func date(day string) time.Time {
	t, ok := parse(time.DateOnly, day)
	if !ok {
		panic("BUG: a day that readDay did not give")
	}
	return t
}
