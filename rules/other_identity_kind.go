package rules

var otherIdentityKind = &Rule{
	Name:      "other_identity_kind",
	Title:     "Another kind of number",
	Doc:       "The text is an organisation number, a GD number or an interim number: no error, but nothing that the population register can be asked about.",
	Action:    "None, where such payees are expected. A GD number belongs to a person: see whether that person has got a personal or coordination number since.",
	Details:   "organisation, gd, interim",
	Severity:  Info,
	Direction: NoDirection,
	Looks:     OtherKindRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			hits.Add(row, f.Batch.Kind[row].String())
		}
	},
}
