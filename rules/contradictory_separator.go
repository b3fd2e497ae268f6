package rules

var contradictorySeparator = &Rule{
	Name:      "contradictory_separator",
	Title:     "Contradictory separator",
	Doc:       "The separator contradicts the century of the number in the year of the payment: the hyphen becomes a plus in the calendar year in which the person turns 100, not before and not later.",
	Action:    "Find out which of the two people a hundred years apart is meant, and correct the record.",
	Severity:  Warning,
	Direction: OnRecord,
	Laws:      []Law{lawNumber},
	Looks:     SeparatedRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		b := f.Batch
		for _, row := range rows {
			if b.Text[row].Separator.Contradicts(b.Number[row], int(b.Year[row])) {
				hits.Add(row, "")
			}
		}
	},
}
