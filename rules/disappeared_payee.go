package rules

import "github.com/avstam/avstam/register"

var disappearedPayee = &Rule{
	Name:   "disappeared_payee",
	Title:  "Payee disappeared",
	Doc:    "The person is deregistered as disappeared (code OB).",
	Action: "Check that the person receives the payments and is alive.",
	Swedish: Texts{
		Title:  "Mottagaren är försvunnen",
		Doc:    "Personen är avregistrerad som försvunnen (kod OB).",
		Action: "Kontrollera att personen får utbetalningarna och är i livet.",
	},
	Severity:  Warning,
	Direction: OnIdentity,
	Laws:      []Law{lawDisappeared},
	Looks:     DeregisteredRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if code := f.State(row).Code; code == register.CodeOB {
				hits.Add(row, "")
			}
		}
	},
}
