package rules

var testNumber = &Rule{
	Name:   "test_number",
	Title:  "Test number",
	Doc:    "The number is on the list of test numbers that the policy names. It stands for no person. A serial of 980 or more does not make a test number; the list alone does.",
	Action: "Find out how a test number came among real payments, and whom the money reached.",
	Swedish: Texts{
		Title:  "Testnummer",
		Doc:    "Numret står på den lista över testnummer som policyn anger. Det tillhör ingen person. Ett födelsenummer från 980 gör det inte till ett testnummer; det gör bara listan.",
		Action: "Utred hur ett testnummer har hamnat bland riktiga utbetalningar och vem som har fått pengarna.",
	},
	Severity:  Error,
	Direction: OnRecord,
	IsIdle:    func(p *Policy) bool { return len(p.TestNumbers) == 0 },
	Looks:     ReadRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			if f.testNumbers.has(f.Batch.Number[row]) {
				hits.Add(row, "")
			}
		}
	},
}
