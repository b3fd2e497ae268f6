package rules

var unknownNumber = &Rule{
	Name:    "unknown_number",
	Title:   "Number not in the register",
	Doc:     "The number is well formed, but the register extract does not have it. That is no proof that it is wrong: extracts leave out numbers of level uncertain and those inactive or emigrated for some years.",
	Action:  "Look the number up in the register itself; correct the record if it is unknown there too.",
	Details: "coordination, personal",
	Swedish: Texts{
		Title:   "Numret finns inte i registret",
		Doc:     "Numret är korrekt uppbyggt, men finns inte i registeruttaget. Det bevisar inte att det är fel: uttag saknar nummer med identitetsnivån osäker och sådana som sedan några år är vilandeförklarade eller vilkas innehavare har utvandrat.",
		Action:  "Sök numret i själva registret; rätta posten om det är okänt även där.",
		Details: "coordination (samordningsnummer), personal (personnummer)",
	},
	Severity:  Warning,
	Direction: OnRecord,
	Laws:      []Law{lawNumber, lawCoordination},
	Looks:     UnknownRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			hits.Add(row, f.Batch.Kind[row].String())
		}
	},
}
