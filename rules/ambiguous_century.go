package rules

var ambiguousCentury = &Rule{
	Name:   "ambiguous_century",
	Title:  "Ambiguous century",
	Doc:    "The number has ten digits, and both people whom they can mean, a hundred years apart, are in the register. The younger was taken; other_number is the older.",
	Action: "Store twelve digits. Until then, check by other means which of the two was paid.",
	Swedish: Texts{
		Title:  "Oklart århundrade",
		Doc:    "Numret har tio siffror, och båda de personer som det kan avse, med hundra års skillnad, finns i registret. Den yngre har valts; other_number är den äldre.",
		Action: "Lagra tolv siffror. Utred till dess på annat sätt vem av de två som har fått betalt.",
	},
	Severity:  Warning,
	Direction: OnRecord,
	Laws:      []Law{lawNumber},
	Looks:     AmbiguousRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for i, row := range rows {
			hits.add(Hit{Row: row, Other: f.Batch.Ambiguous[i].Older, Detail: noDetail})
		}
	},
}
