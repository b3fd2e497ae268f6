package casework

import (
	"strings"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/rules"
)

// deathOf is the death that a finding of the death rules speaks of, taken from
// its evidence as the rules take it (rules.Facts.DeathBefore): deceased_on; else
// the day of a deregistration as deceased; else deceased_on of a day that nobody
// knows. It is false where the finding does not have it: of a replaced number the
// deregistration is that of another number.
func deathOf(f *report.PublishedFinding) (d rules.Death, ok bool) {
	deceased, _ := calendar.ParsePartial([]byte(f.DeceasedOn)) // of text that is no date 0, no date
	isReplaced := f.UseNumber != ""
	switch {
	case deceased != 0 && deceased != calendar.Unknown && deceased.Earliest() < f.PaymentDate:
		return rules.Death{Earliest: deceased.Earliest(), Latest: deceased.Latest()}, true
	case !isReplaced && isDeregisteredDeceased(f) && f.StatusFrom < f.PaymentDate:
		return rules.Death{Earliest: f.StatusFrom, Latest: f.StatusFrom}, true
	case deceased == calendar.Unknown && (!isReplaced || f.Confidence == confidencePossible): // a deregistration is certain
		return rules.Death{Unknown: true}, true
	}
	return rules.Death{}, false
}

// isDeregisteredDeceased says whether the number itself was deregistered with AV.
func isDeregisteredDeceased(f *report.PublishedFinding) bool {
	return f.Status == register.Deregistered.String() && strings.EqualFold(strings.TrimSpace(f.StatusReason), "AV")
}

// The confidences as findings have them.
const (
	confidenceCertain  = "certain"
	confidencePossible = "possible"
)
