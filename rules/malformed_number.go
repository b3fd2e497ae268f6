package rules

var malformedNumber = &Rule{
	Name:    "malformed_number",
	Title:   "Malformed number",
	Doc:     "The text is not a number of any known kind. The detail is the first thing wrong with it.",
	Action:  "Correct the number in the agency's own record.",
	Details: "empty, characters, length, century, date, serial, check_digit",
	Swedish: Texts{
		Title:   "Felaktigt nummer",
		Doc:     "Texten är inte ett nummer av något känt slag. Detaljen är det första felet i den.",
		Action:  "Rätta numret i myndighetens egna uppgifter.",
		Details: "empty (tomt), characters (otillåtna tecken), length (fel längd), century (fel århundrade), date (datum som inte finns), serial (fel födelsenummer), check_digit (fel kontrollsiffra)",
	},
	Severity:  Error,
	Direction: OnRecord,
	Laws:      []Law{lawNumber, lawCoordination},
	Looks:     MalformedRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			hits.Add(row, f.Batch.Fault[row].String())
		}
	},
}
