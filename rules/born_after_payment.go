package rules

var bornAfterPayment = &Rule{
	Name:   "born_after_payment",
	Title:  "Born after the payment",
	Doc:    "The year and month in the number lie after those of the payment. The day is not compared: the date in a number need not be the birth date, but it is of the same month. Of an unknown month only the year counts.",
	Action: "Correct the number or the date in the record; look for a number of the wrong century.",
	Swedish: Texts{
		Title:  "Född efter utbetalningen",
		Doc:    "År och månad i numret ligger efter utbetalningens. Dagen jämförs inte: datumet i ett nummer behöver inte vara födelsedagen, men ligger i samma månad. Är månaden okänd räknas bara året.",
		Action: "Rätta numret eller datumet i posten; leta efter ett nummer med fel århundrade.",
	},
	Severity:  Error,
	Direction: OnRecord,
	Laws:      []Law{lawNumber, lawCoordination},
	Looks:     RareAgeRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		b := f.Batch
		for _, row := range rows {
			if year := int(b.Year[row]); b.Number[row].Year() >= year {
				_, month, _ := b.PaymentDate[row].Civil()
				if b.Number[row].YearMonth() > year*100+month {
					hits.Add(row, "")
				}
			}
		}
	},
}
