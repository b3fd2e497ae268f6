package report

// Decision is what a case worker has decided of a finding. Values are stable.
type Decision uint8

const (
	NoDecision      Decision = iota
	Confirmed                // the finding is right
	Lawful                   // the payment is right all the same
	RegisterWrong            // the register is wrong
	Corrected                // the agency's record has been corrected
	NotInvestigated          // nobody will look into it
)

var decisionNames = namesOf(NotInvestigated, Decision.String)

// String is the decision as files have it.
func (d Decision) String() string {
	return [...]string{"", "confirmed", "lawful", "register_wrong", "corrected", "not_investigated"}[d]
}

// Decisions are all decisions that can be made, in their order.
func Decisions() []Decision {
	return []Decision{Confirmed, Lawful, RegisterWrong, Corrected, NotInvestigated}
}

// IsExcused says whether the finding does not count toward a threshold: it was
// decided to be lawful, or its record corrected, and that still holds.
func (f *Finding) IsExcused() bool {
	return !f.IsExpired && (f.Decision == Lawful || f.Decision == Corrected)
}
