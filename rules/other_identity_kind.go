package rules

var otherIdentityKind = &Rule{
	Name:    "other_identity_kind",
	Title:   "Another kind of number",
	Doc:     "The text is an organisation number, a GD number or an interim number: no error, but nothing that the population register can be asked about.",
	Action:  "None, where such payees are expected. A GD number belongs to a person: see whether that person has got a personal or coordination number since.",
	Details: "organisation, gd, interim",
	Swedish: Texts{
		Title:   "Nummer av annat slag",
		Doc:     "Texten är ett organisationsnummer, ett GD-nummer eller ett interimsnummer: inget fel, men inget som folkbokföringen kan tillfrågas om.",
		Action:  "Ingen, där sådana mottagare är väntade. Ett GD-nummer tillhör en person: se efter om personen sedan dess har fått ett person- eller samordningsnummer.",
		Details: "organisation (organisationsnummer), gd (GD-nummer), interim (interimsnummer)",
	},
	Severity:  Info,
	Direction: NoDirection,
	Looks:     OtherKindRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			hits.Add(row, f.Batch.Kind[row].String())
		}
	},
}
