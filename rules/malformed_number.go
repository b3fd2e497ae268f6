package rules

var malformedNumber = &Rule{
	Name:      "malformed_number",
	Title:     "Malformed number",
	Doc:       "The text is not a number of any known kind. The detail is the first thing wrong with it.",
	Action:    "Correct the number in the agency's own record.",
	Details:   "empty, characters, length, century, date, serial, check_digit",
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
