package report

import "github.com/avstam/avstam/pipeline"

// BaselineCounts are the findings of a report beside those of an earlier one.
// New, Persisting and Returned are those of this report; Resolved and NotRead
// are the earlier report's that are gone: their record was read and is clean
// now, or it was not in the input.
type BaselineCounts struct {
	Report     string    `json:"report"` // the name of the earlier one
	New        CaseCount `json:"new"`
	Persisting CaseCount `json:"persisting"`
	Returned   CaseCount `json:"returned"`
	Resolved   CaseCount `json:"resolved"`
	NotRead    CaseCount `json:"not_read"`
}

// CaseCount is a number of findings and what they amount to.
type CaseCount struct {
	Findings int64                   `json:"findings"`
	Amounts  map[string]pipeline.Sum `json:"amounts"` // by currency, where not zero
	// ByCurrency are the findings of each amount: without it the page hides the
	// amounts of a report with several currencies, since one may be of few.
	ByCurrency map[string]int64 `json:"-"`
}

// DecisionCount is how many findings a decision has been made of. Those whose
// decision has expired are counted apart, in Expired.
type DecisionCount struct {
	Decision string `json:"decision"`
	CaseCount
	Expired int64 `json:"expired"`
}
