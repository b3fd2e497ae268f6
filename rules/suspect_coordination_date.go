package rules

var suspectCoordinationDate = &Rule{
	Name:   "suspect_coordination_date",
	Title:  "Suspect date in a coordination number",
	Doc:    "The day in the coordination number does not exist in its month. Such numbers have been assigned, so this is no fault; but a slip of the pen looks the same. An unknown month (00) or day (60) is not suspect.",
	Action: "None, where the register knows the number. Else compare with the person's documents.",
	Swedish: Texts{
		Title:  "Misstänkt datum i samordningsnummer",
		Doc:    "Dagen i samordningsnumret finns inte i månaden. Sådana nummer har tilldelats, så det är inget fel; men en felskrivning ser likadan ut. En okänd månad (00) eller dag (60) är inte misstänkt.",
		Action: "Ingen, där registret har numret. Jämför annars med personens handlingar.",
	},
	Severity:  Info,
	Direction: NoDirection,
	Laws:      []Law{lawCoordination},
	Looks:     CoordinationRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if f.Batch.Number[row].IsSuspectDate() {
				hits.Add(row, "")
			}
		}
	},
}
