package synth

import (
	"fmt"
	"strings"
)

// generatedHeader begins every configuration that was generated.
const generatedHeader = "# Synthetic data. The findings that this run must give stand in truth.parquet.\n"

// TestNumbersFile is the file of test numbers that the configuration names.
const TestNumbersFile = "testnumbers.txt"

// Configuration is the avstam.yaml under which the records give the findings.
// It names the files of one format, parquet or csv.
func (d *Dataset) Configuration(format string) string {
	var y strings.Builder
	y.WriteString(generatedHeader)
	fmt.Fprintf(&y, "register:\n  files: [register.%s]\n  extract_date: %s\n", format, extractDate)
	fmt.Fprintf(&y, "sources:\n  - name: %s\n    files: [records.%s]\n", SourceName, format)
	y.WriteString("policy:\n  rules: {duplicate_payment: on}\n  payment_types:\n")
	for _, p := range paymentTypes {
		fmt.Fprintf(&y, "    %s: {%s}\n", p.name, strings.Join(p.policy(), ", "))
	}
	y.WriteString("  agencies:\n")
	var mayHoldUncertain []string
	for _, a := range agencies {
		if a.asks != noLevel {
			fmt.Fprintf(&y, "    %s: {identity_level: %s}\n", a.name, levelNames[a.asks])
		}
		if a.mayHoldUncertain {
			mayHoldUncertain = append(mayHoldUncertain, a.name)
		}
	}
	fmt.Fprintf(&y, "  uncertain_allowed: [%s]\n", strings.Join(mayHoldUncertain, ", "))
	fmt.Fprintf(&y, "  expiring_within_days: %d\n  test_numbers: %s\noutput: {dir: out}\n", expiringWithin, TestNumbersFile)
	return y.String()
}

// policy is what the configuration says of a payment type.
func (p *paymentType) policy() []string {
	var says []string
	if p.lawfulMonths != noTail {
		says = append(says, fmt.Sprintf("lawful_after_death: {months: %d}", p.lawfulMonths))
	}
	if p.emigrated {
		says = append(says, "emigrated: allow")
	}
	if p.asks != noLevel {
		says = append(says, "identity_level: "+levelNames[p.asks])
	}
	return says
}

// TestNumbers are the lines of the file of test numbers.
func (d *Dataset) TestNumbers() string {
	var lines []byte
	for _, number := range d.testNumbers() {
		lines = append(appendNumber(lines, number, paymentYear, twelve), '\n')
	}
	return string(lines)
}

// SourceName is the name of the one source of records.
const SourceName = "records"
