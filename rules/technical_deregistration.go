package rules

import "github.com/avstam/avstam/register"

var technicalDeregistration = &Rule{
	Name:   "technical_deregistration",
	Title:  "Technical deregistration",
	Doc:    "The number is deregistered for a technical or another reason (code TA or OO).",
	Action: "Ask the register for the reason and for the number that is used now.",
	Swedish: Texts{
		Title:  "Teknisk avregistrering",
		Doc:    "Numret är avregistrerat av tekniskt eller annat skäl (kod TA eller OO).",
		Action: "Fråga Skatteverket om skälet och om vilket nummer som nu används.",
	},
	Severity:  Warning,
	Direction: OnRecord,
	Looks:     DeregisteredRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if code := f.State(row).Code; code == register.CodeTA || code == register.CodeOO {
				hits.Add(row, "")
			}
		}
	},
}
