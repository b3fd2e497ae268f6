package rules

import "github.com/avstam/avstam/register"

var falseIdentity = &Rule{
	Name:   "false_identity",
	Title:  "False identity",
	Doc:    "The number is deregistered because it was given for a false identity (code FI).",
	Action: "Stop trusting the identity: establish who was paid, by the agency's rules for suspected fraud.",
	Swedish: Texts{
		Title:  "Falsk identitet",
		Doc:    "Numret är avregistrerat därför att det tilldelats en falsk identitet (kod FI).",
		Action: "Lita inte längre på identiteten: utred vem som har fått betalt enligt myndighetens rutiner för misstänkta brott.",
	},
	Severity:  Error,
	Direction: OnIdentity,
	Laws:      []Law{lawFalseIdentity},
	Looks:     DeregisteredRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if code := f.State(row).Code; code == register.CodeFI {
				hits.Add(row, "")
			}
		}
	},
}
