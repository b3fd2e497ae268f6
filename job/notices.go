package job

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// shownWordRows is how many rows a word that is not known must have to be shown: one of
// fewer may be about somebody, where a column was taken for another.
const shownWordRows = 10

// RegisterNotices are what there is to say of what could not be read of a register, or
// was read wrongly, as days after that of the extract tell; Missing where it is not known.
// None of it stops a run, and each entry that is lost is one that its rules do not see.
func RegisterNotices(snapshot *register.Snapshot, extractDate calendar.Day) []report.Notice {
	checks := snapshot.Checks()
	var notices []report.Notice
	// say takes texts that begin with the count and what it is of, and, where that changes
	// the words, the one without.
	say := func(name string, count, of int64, word, english, swedish, uncounted string) {
		notices = append(notices, report.Notice{
			Name: name, Text: fmt.Sprintf("%d of %d %s", count, of, english) + mostFrequent(checks, word, " The most frequent word is %q, in %d rows."),
			Swedish: fmt.Sprintf("%d av %d %s", count, of, swedish) + mostFrequent(checks, word, " Det vanligaste ordet är %q, på %d rader."),
			Counted: count, Uncounted: "Some " + uncounted, UncountedSwedish: "Några " + swedish,
		})
	}
	if leftOut := checks.EntriesLeftOut; leftOut > 0 {
		const english = "left out, since number, status or status_from cannot be read: no rule knows of them."
		const swedish = "har utelämnats, eftersom number, status eller status_from inte kan läsas. Ingen regel känner till dem."
		say("register_entries_left_out", leftOut, checks.RowsRead, "unknown_status",
			"rows of the register extract "+rules.Plural(leftOut, "is ", "are ")+english, "rader i registeruttaget "+swedish,
			"rows of the register extract are "+english)
	}
	for _, unreadable := range checks.Unreadable {
		word := ""
		if unreadable.Column == "identity_level" {
			word = "unknown_level"
		}
		english := fmt.Sprintf("a value of %s that cannot be read: what it says is lost.", unreadable.Column)
		swedish := fmt.Sprintf("rader i registeruttaget har ett värde i %s som inte kan läsas. Det som står där går förlorat.", unreadable.Column)
		say("register_values_unreadable", unreadable.Count, checks.RowsRead, word,
			"rows of the register extract "+rules.Plural(unreadable.Count, "has ", "have ")+english, swedish,
			"rows of the register extract have "+english)
	}
	// Links to numbers that the register does not have are normal, as long as they are few.
	unreadable := checks.UnreadableIn("linked_number")
	links, unknown := checks.Links-unreadable, checks.Count("link_to_unknown_number")-unreadable
	if unknown > 0 && 2*unknown > links {
		const english = "of the register extract lead to numbers that it does not have. Is another column taken for linked_number, or is the extract a part of one?"
		const swedish = "i registeruttaget leder till nummer som inte finns där. Har en annan kolumn tagits för linked_number, eller är uttaget bara en del?"
		say("register_links_unknown", unknown, links, "", "links "+english, "hänvisningar "+swedish, "links "+english)
	}
	if extractDate == calendar.Missing {
		return notices
	}
	if after := snapshot.EntriesAfter(extractDate); after > 0 {
		english := fmt.Sprintf("a status_from, assigned_on or deceased_on after the day of the extract, %s. Are day and month exchanged, or is the day of the extract another?", extractDate)
		swedish := fmt.Sprintf("poster i registret har ett datum i status_from, assigned_on eller deceased_on efter uttagets datum, %s. Har dag och månad bytt plats, eller är uttaget från en annan dag?", extractDate)
		say("register_days_after_extract", after, int64(snapshot.Entries()), "",
			"entries of the register "+rules.Plural(after, "has ", "have ")+english, swedish, "entries of the register have "+english)
	}
	return notices
}

// malformedSources tell of the sources in which more than a tenth of the records have a
// malformed number, which is no longer a few people's.
func (r *run) malformedSources() []report.Notice {
	records, malformed := make([]int64, len(r.settings.Sources)), make([]faultCounts, len(r.settings.Sources))
	for i, file := range r.inputs() {
		records[file.Source] += r.files[i].rows - r.files[i].rejected
		malformed[file.Source].add(&r.files[i].malformed)
	}
	var notices []report.Notice
	for i := range malformed {
		var count int64
		most := identity.NoFault
		for fault, of := range malformed[i] {
			count += of
			if of > malformed[i][most] {
				most = identity.Fault(fault)
			}
		}
		if count > records[i]/10 {
			name := r.settings.Sources[i].Name
			notices = append(notices, report.Notice{
				Name: "source_malformed", Records: count,
				Text: fmt.Sprintf("More than a tenth of the records of the source %q have a malformed number, mostly with the detail %s. "+
					"Is another column taken for identity_number, or have the numbers been through a spreadsheet?", name, most),
				Swedish: fmt.Sprintf("Mer än en tiondel av posterna från källan %q har ett felaktigt nummer, oftast med detaljen %s. "+
					"Har en annan kolumn tagits för identity_number, eller har numren gått genom ett kalkylblad?", name, most),
			})
		}
	}
	return notices
}

// repeatedFindings tell of findings with the id of an earlier one: where a delivery is
// there twice and its files differ, as in their compression, nothing else tells.
func repeatedFindings(count int64) []report.Notice {
	if count == 0 {
		return nil
	}
	const english = "the id of another one, of the same rule, source and record id. Where a source has a record id for each record, its records are there twice, perhaps as a file and a compressed one of the same, and all sums are too high."
	const swedish = "träffar har samma id som en annan träff, med samma regel, källa och post-id. Om varje post i källan har sitt eget post-id finns poster med två gånger, kanske som en fil och samma fil komprimerad, och alla summor är för höga."
	return []report.Notice{{
		Name: "findings_repeated", Text: fmt.Sprintf("%d %s %s", count, rules.Plural(count, "finding has", "findings have"), english),
		Swedish: fmt.Sprintf("%d %s", count, swedish), Counted: count, Uncounted: "Some findings have " + english, UncountedSwedish: "Några " + swedish,
	}}
}

// folded is a word without regard to blanks and capitals.
func folded(word string) string { return strings.ToLower(strings.Join(strings.Fields(word), " ")) }

// alikeIn are the words that are none of the known ones, for blanks and capitals alone. No
// word at all is on no list, whatever a list says.
func alikeIn(words, known []string) (alike []string) {
	isKnown := map[string]bool{}
	for _, word := range known {
		isKnown[folded(word)] = true
	}
	for _, word := range words {
		if word != "" && isKnown[folded(word)] && !slices.Contains(known, word) {
			alike = append(alike, word)
		}
	}
	slices.Sort(alike)
	return alike
}

// alikeCurrencies are those that are another of them, or SEK, but for blanks and capitals.
func alikeCurrencies(currencies []string) (alike []string) {
	spellings := map[string]int{"sek": 1}
	for _, currency := range currencies {
		if currency != "SEK" {
			spellings[folded(currency)]++
		}
	}
	for _, currency := range currencies {
		if currency != "SEK" && spellings[folded(currency)] > 1 {
			alike = append(alike, currency)
		}
	}
	slices.Sort(alike)
	return alike
}

// quotedWords are words in quotes, the first of them where they are many.
func quotedWords(words []string, listed int) string {
	var quoted []string
	for _, word := range words[:min(listed, len(words))] {
		quoted = append(quoted, fmt.Sprintf("%q", word))
	}
	if len(words) > listed {
		quoted = append(quoted, "…")
	}
	return strings.Join(quoted, ", ")
}

// mostFrequent tells the most frequent word of an inconsistency, where it may be shown.
func mostFrequent(checks *register.Checks, inconsistency, format string) string {
	words := checks.Words(inconsistency)
	if len(words) == 0 || words[0].Count < shownWordRows || words[0].Word == "" {
		return ""
	}
	return fmt.Sprintf(format, words[0].Word, words[0].Count)
}
