package rules

var contradictorySeparator = &Rule{
	Name:   "contradictory_separator",
	Title:  "Contradictory separator",
	Doc:    "The separator contradicts the century of the number in the year of the payment: the hyphen becomes a plus in the calendar year in which the person turns 100, not before and not later.",
	Action: "Find out which of the two people a hundred years apart is meant, and correct the record.",
	Swedish: Texts{
		Title:  "Skiljetecken som inte stämmer",
		Doc:    "Skiljetecknet motsäger numrets århundrade under utbetalningens år: bindestrecket byts mot plustecken det kalenderår då personen fyller 100, varken förr eller senare.",
		Action: "Utred vilken av de två personerna, med hundra års skillnad, som avses och rätta posten.",
	},
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
