package rules

// All is the catalogue in its order: reading the number, the register, then the
// rules across records. A rule's place in it is stable within one version only;
// its name is stable for ever.
func All() []*Rule { return all }

var all = []*Rule{
	// Reading the number.
	malformedNumber,
	otherIdentityKind,
	contradictorySeparator,
	ambiguousCentury,
	suspectCoordinationDate,
	testNumber,
	bornAfterPayment,
	// Against the register.
	unknownNumber,
	usedBeforeAssigned,
	deceasedPayee,
	deceasedLawfulTail,
	falseIdentity,
	annulledNumber,
	closedNumber,
	disappearedPayee,
	emigratedPayee,
	technicalDeregistration,
	unknownDeregistration,
	inactiveNumber,
	insufficientIdentityLevel,
	uncertainIdentityPurpose,
	expiringNumber,
	overdueInactivation,
	// Across records.
	paidUnderTwoNumbers,
	duplicatePayment,
}

// Named is the rule of that name, nil where there is none.
func Named(name string) *Rule {
	for _, r := range all {
		if r.Name == name {
			return r
		}
	}
	return nil
}
