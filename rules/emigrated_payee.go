package rules

import "github.com/avstam/avstam/register"

var emigratedPayee = &Rule{
	Name:   "emigrated_payee",
	Title:  "Payee emigrated",
	Doc:    "The person is deregistered as emigrated (code UV), and the policy does not say that payments of this type to people abroad are lawful. Many are.",
	Action: "Check whether the benefit is paid abroad; if so, say so in the policy.",
	Swedish: Texts{
		Title:  "Mottagaren är utvandrad",
		Doc:    "Personen är avregistrerad som utvandrad (kod UV), och policyn säger inte att utbetalningar av detta slag till personer utomlands är rätt. Många är det.",
		Action: "Kontrollera om förmånen betalas ut utomlands; ange i så fall detta i policyn.",
	},
	Severity:  Info,
	Direction: OnRecord,
	Laws:      []Law{lawEmigrated},
	Looks:     DeregisteredRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if f.State(row).Code == register.CodeUV && !f.paymentType(row).emigratedAllowed {
				hits.Add(row, "")
			}
		}
	},
}
