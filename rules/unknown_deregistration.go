package rules

import "github.com/avstam/avstam/register"

var unknownDeregistration = &Rule{
	Name:    "unknown_deregistration",
	Title:   "Deregistered for an unknown reason",
	Doc:     "The number is deregistered with no code, or with a code that is not in the table; further codes may come. The detail is the code.",
	Action:  "Ask the register what the code means, and tell the keepers of this program.",
	Details: "the code as the extract has it",
	Swedish: Texts{
		Title:   "Avregistrerat av okänt skäl",
		Doc:     "Numret är avregistrerat utan kod, eller med en kod som inte finns i tabellen; fler koder kan tillkomma. Detaljen är koden.",
		Action:  "Fråga Skatteverket vad koden betyder, och tala om det för dem som förvaltar detta program.",
		Details: "koden såsom den står i uttaget",
	},
	Severity:  Warning,
	Direction: OnRegister,
	Laws:      []Law{lawNotice, lawNoticeNumber},
	Looks:     DeregisteredRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if code := f.State(row).Code; code == register.NoCode || code == register.UnknownCode {
				hits.Add(row, f.State(row).Reason)
			}
		}
	},
}
