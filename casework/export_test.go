package casework

import (
	"context"

	"github.com/avstam/avstam/report"
)

// What tests outside of the package look at: those that run the job, which
// imports this package.

// Sentences are the rules that can be explained.
var Sentences = sentences

// Printable is a text as it is shown, LongestText how much of it.
var Printable = printable

const LongestText = longestText

// InertCell is a text that a spreadsheet does not take for a formula.
var InertCell = inertCell

// ReadAgain reads the record of a finding again, and says why that cannot be done.
func ReadAgain(ctx context.Context, question *Question, finding *report.PublishedFinding) (why string, err error) {
	e := &explaining{question: question, Explanation: &Explanation{}, finding: finding}
	return e.readAgain(ctx)
}
