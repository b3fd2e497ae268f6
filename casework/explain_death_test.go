package casework_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/casework"
	"github.com/avstam/avstam/job"
	"github.com/avstam/avstam/register"
)

const deathHeader = "number,status,status_from,status_reason,linked_number,deceased_on\n"

// deathReport is a report of one payment, of 2025-01-15 to 197010632391.
func deathReport(t *testing.T, registerLines, period, policy string, change func(*job.Settings)) string {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "register.csv", deathHeader+registerLines)
	write(t, "records.csv", "identity_number,payment_date,amount,record_id,payment_type,period_start,period_end\n197010632391,2025-01-15,1,A,pension,"+period+"\n")
	write(t, "avstam.yaml", "register: {files: [register.csv]}\nsources: [{name: a, files: [records.csv]}]\noutput: {dir: out, formats: [parquet]}\n"+policy)
	return runIn(t, "avstam.yaml", change)
}

func noRegister(context.Context) (*register.Snapshot, string, error) {
	return nil, "the register is gone", nil
}

func explained(t *testing.T, question casework.Question) *casework.Explanation {
	t.Helper()
	e, err := casework.Explain(t.Context(), question)
	require.NoError(t, err)
	return e
}

// dates are the days and the numbers of days and months that a text names.
var dates = regexp.MustCompile(`\d{4}-\d\d-\d\d|\d+ (days|months)|one (day|month)`)

// Without a register a death has the days that it has with it, or none: never
// those of something else.
func TestADeathHasItsOwnDaysWithoutARegister(t *testing.T) {
	const (
		closed     = "197010632391,closed,2022-03-01,PERSONNUMMER,196408233234,\n"
		replaced   = "197010632391,deregistered,2022-03-01,GS,196408233234,\n"
		noDay      = "The finding does not have the day."
		unknownDay = "on a day that the register does not know at all"
	)
	for _, row := range []struct {
		why, register string
		with          string
		onlyRegister  bool // has the days, and the finding has not
	}{
		{"a day", "197010632391,active,2010-01-01,,,2024-05-10\n", "died on 2024-05-10, 250 days before the payment", false},
		{"a month before", "197010632391,active,2010-01-01,,,2024-05-00\n", "between 2024-05-01 and 2024-05-31, at least 229 days", false},
		{"the month of the payment", "197010632391,active,2010-01-01,,,2025-01-00\n", "between 2025-01-01 and 2025-01-31: the payment lies within", false},
		{"nobody knows when", "197010632391,active,2010-01-01,,,0\n", unknownDay, false},
		{"deregistered", "197010632391,deregistered,2024-05-10,AV,,\n", "died on 2024-05-10, 250 days before", false},
		{"deregistered in other letters", "197010632391,deregistered,2024-05-10, av ,,\n", "died on 2024-05-10, 250 days before", false},
		{"deregistered without a day", "197010632391,deregistered,,AV,,\n", "before every payment: the deregistration as deceased has no date", false},
		{"deregistered, and nobody knows when", "197010632391,deregistered,2024-05-10,AV,,0\n", "died on 2024-05-10, 250 days before", false},
		{"deregistered before the day of death", "197010632391,deregistered,2024-05-10,AV,,2025-02-01\n", "died on 2024-05-10, 250 days before", false},
		{"emigrated, and nobody knows when", "197010632391,deregistered,2022-03-01,UV,,0\n", unknownDay, false},
		{"replaced by nobody knows what, and nobody knows when", "197010632391,deregistered,2022-03-01,GS,,0\n", unknownDay, false},
		{"behind a closed number a day", closed + "196408233234,active,2010-01-01,,,2024-05-10\n", "died on 2024-05-10, 250 days before", false},
		{"behind a closed number nobody knows when", closed + "196408233234,active,2010-01-01,,,0\n", unknownDay, false},
		{"behind a closed number deregistered", closed + "196408233234,deregistered,2024-05-10,AV,,\n", "died on 2024-05-10, 250 days before", true},
		{"behind a closed number deregistered, and nobody knows when", closed + "196408233234,deregistered,2024-05-10,AV,,0\n", "died on 2024-05-10, 250 days before", true},
		{"behind a closed number deregistered without a day", closed + "196408233234,deregistered,,AV,,\n", "before every payment: the deregistration as deceased has no date", true},
		{"behind a deregistered number a day", replaced + "196408233234,active,2010-01-01,,,2024-05-10\n", "died on 2024-05-10, 250 days before", false},
		{"behind a deregistered number nobody knows when", replaced + "196408233234,active,2010-01-01,,,0\n", unknownDay, false},
		{"behind a deregistered number deregistered", replaced + "196408233234,deregistered,2024-05-10,AV,,\n", "died on 2024-05-10, 250 days before", true},
		{"behind a deregistered number deregistered, and nobody knows when", replaced + "196408233234,deregistered,2024-05-10,AV,,0\n", "died on 2024-05-10, 250 days before", true},
	} {
		for _, masked := range []bool{false, true} {
			name := row.why
			if masked {
				name += ", masked and the file gone"
			}
			t.Run(name, func(t *testing.T) {
				folder := deathReport(t, row.register, ",", "", func(s *job.Settings) { s.Output.Masked = masked })
				question := questionOf(t, folder)
				question.ID = idOf(t, folder, "deceased_payee", "A")
				with := explained(t, question)
				require.Contains(t, with.Why, row.with)
				require.Contains(t, with.Again, "Run again on the record, the rule says the same.")

				// Of a masked report the record is not known without its file, so that the
				// rules do not run again though there is a register.
				if masked {
					require.NoError(t, os.Remove("records.csv"))
				} else {
					question.Register = noRegister
				}
				without := explained(t, question)
				require.Contains(t, without.Again, "were not run again")
				if !row.onlyRegister {
					assert.Equal(t, with.Why, without.Why)
					assert.Equal(t, with.Clean, without.Clean)
					return
				}
				assert.Contains(t, without.Why, noDay)
				assert.Equal(t, []string{"2025-01-15"}, dates.FindAllString(without.Why+without.Clean, -1), "the payment's alone")
				assert.NotContains(t, without.Why, unknownDay)
			})
		}
	}
}

// A lawful tail of a death whose day the finding does not have has no days either.
func TestALawfulTailWithoutTheDayOfTheDeath(t *testing.T) {
	const behind = "197010632391,closed,2022-03-01,PERSONNUMMER,196408233234,\n196408233234,deregistered,2024-12-10,AV,,\n"
	for _, row := range []struct{ why, period, want string }{
		{"the period", "2024-11-01,2024-11-30", "The period that was paid for ends on 2024-11-30, not after the death: the payment is lawful."},
		{"the tail", "2025-01-01,2025-01-31", "The month of its period_start lies no more than 2 months after that of the death, as the policy allows: the payment is lawful."},
	} {
		t.Run(row.why, func(t *testing.T) {
			folder := deathReport(t, behind, row.period, "policy: {payment_types: {pension: {lawful_after_death: {months: 2}}}}\n", nil)
			question := questionOf(t, folder)
			question.ID = idOf(t, folder, "deceased_lawful_tail", "A")
			assert.Contains(t, explained(t, question).Why, "died on 2024-12-10, 36 days before the payment")
			question.Register = noRegister
			e := explained(t, question)
			assert.Contains(t, e.Why, "died before the payment of 2025-01-15.")
			assert.Contains(t, e.Why, row.want)
			assert.Equal(t, "Nothing is wrong with the payment. It would not be told of if it had been made on the day of the death or before.", e.Clean)
		})
	}
}

// With another register the sentences stay those of the finding: they never join
// the days of one with what the other says.
func TestSentencesAreOfTheFindingWhateverTheRegister(t *testing.T) {
	const (
		dated  = "197010632391,active,2010-01-01,,,2025-01-10\n"
		behind = "197010632391,closed,2022-03-01,PERSONNUMMER,196408233234,\n196408233234,deregistered,2025-01-10,AV,,\n"
		period = "2024-12-01,2025-01-05"
	)
	for _, row := range []struct {
		why, report, newer, death, again string
	}{
		{"the death before the end of the period", dated, strings.Replace(dated, "2025-01-10", "2025-01-01", 1), "died on 2025-01-10, 5 days before the payment.", "does not speak any more. Of the same record also speak: deceased_payee."},
		{"the death later, and the period still before it", dated, strings.Replace(dated, "2025-01-10", "2025-01-12", 1), "died on 2025-01-10, 5 days before the payment.", "says the same."},
		{"the death after the payment", dated, strings.Replace(dated, "2025-01-10", "2025-01-20", 1), "died on 2025-01-10, 5 days before the payment.", "does not speak any more."},
		{"no death", dated, strings.Replace(dated, "2025-01-10", "", 1), "died on 2025-01-10, 5 days before the payment.", "does not speak any more."},
		{"the same, behind a link", behind, behind, "died on 2025-01-10, 5 days before the payment.", "says the same."},
		{"behind a link before the end of the period", behind, strings.Replace(behind, "2025-01-10", "2025-01-01", 1), "died before the payment of 2025-01-15.", "does not speak any more. Of the same record also speak: deceased_payee, closed_number."},
		{"behind a link a date of death", behind, strings.Replace(behind, "AV,,\n", "AV,,2025-01-08\n", 1), "died before the payment of 2025-01-15.", "says the same."},
		{"behind a link to another", behind, strings.ReplaceAll(behind, "196408233234", "197803033690"), "died before the payment of 2025-01-15.", "says the same."},
	} {
		for _, masked := range []bool{false, true} {
			name := row.why
			if masked {
				name += ", masked"
			}
			t.Run(name, func(t *testing.T) {
				folder := deathReport(t, row.report, period, "", func(s *job.Settings) { s.Output.Masked = masked })
				question := questionOf(t, folder)
				question.ID = idOf(t, folder, "deceased_lawful_tail", "A")
				write(t, "register.csv", deathHeader+row.newer)
				e := explained(t, question)
				assert.Contains(t, e.Why, row.death)
				assert.Contains(t, e.Why, "The period that was paid for ends on 2025-01-05, not after the death: the payment is lawful.")
				assert.Contains(t, e.Again, row.again)
			})
		}
	}
}

// The day of an assignment is told from a register that has the number assigned
// after the payment.
func TestAnAssignmentIsToldWhereItComesAfterThePayment(t *testing.T) {
	const assigned = "number,status,status_from,assigned_on\n197010632391,active,2025-02-01,2025-02-01\n"
	t.Chdir(t.TempDir())
	write(t, "register.csv", assigned)
	write(t, "records.csv", "identity_number,payment_date,amount,record_id\n197010632391,2025-01-15,1,A\n")
	write(t, "avstam.yaml", "register: {files: [register.csv]}\nsources: [{name: a, files: [records.csv]}]\noutput: {dir: out, formats: [parquet]}\n")
	folder := runIn(t, "avstam.yaml", nil)
	const general = "The payment of 2025-01-15 was made before the number was assigned."
	for _, row := range []struct{ why, register, want string }{
		{"as it was", assigned, "The number was assigned on 2025-02-01, 17 days after the payment of 2025-01-15."},
		{"before the payment now", strings.ReplaceAll(assigned, "2025-02-01", "2024-01-20"), general},
		{"on the day of the payment now", strings.ReplaceAll(assigned, "2025-02-01", "2025-01-15"), general},
		{"no assignment", strings.Replace(assigned, ",2025-02-01\n", ",\n", 1), general},
		{"not in the register", strings.Replace(assigned, "197010632391", "196408233234", 1), general},
	} {
		t.Run(row.why, func(t *testing.T) {
			write(t, "register.csv", row.register)
			question := questionOf(t, folder)
			question.ID = idOf(t, folder, "used_before_assigned", "A")
			assert.Equal(t, row.want, explained(t, question).Why)
		})
	}
}

// Months before the death are told as such, and any tail covers them.
func TestMonthsBeforeTheDeath(t *testing.T) {
	const died = "197010632391,active,2010-01-01,,,2025-01-10\n"
	for _, row := range []struct{ why, rule, period, policy, want, clean string }{
		{"two months", "deceased_lawful_tail", "2024-11-01,2025-01-31", "policy: {payment_types: {pension: {lawful_after_death: {months: 0}}}}\n",
			"The month of its period_start lies 2 months before that of the death, and the policy allows 0 after it: the payment is lawful.", "Nothing is wrong with the payment."},
		{"a month", "deceased_lawful_tail", "2024-12-01,2025-01-31", "policy: {payment_types: {pension: {lawful_after_death: {months: 3}}}}\n",
			"The month of its period_start lies one month before that of the death, and the policy allows 3 after it: the payment is lawful.", "Nothing is wrong with the payment."},
		{"the same month", "deceased_lawful_tail", "2025-01-01,2025-01-31", "policy: {payment_types: {pension: {lawful_after_death: {months: 0}}}}\n",
			"The month of its period_start lies 0 months after that of the death, and the policy allows 0: the payment is lawful.", "Nothing is wrong with the payment."},
		{"two months, and no tail", "deceased_payee", "2024-11-01,2025-01-31", "",
			"and the policy has no lawful tail for its payment type.", "; or a lawful tail of 0 months or more for the payment type;"},
		{"the same month, and no tail", "deceased_payee", "2025-01-01,2025-01-31", "",
			"and the policy has no lawful tail for its payment type.", "; or a lawful tail of 0 months or more for the payment type;"},
	} {
		t.Run(row.why, func(t *testing.T) {
			folder := deathReport(t, died, row.period, row.policy, nil)
			question := questionOf(t, folder)
			question.ID = idOf(t, folder, row.rule, "A")
			e := explained(t, question)
			assert.Contains(t, e.Why, row.want)
			assert.Contains(t, e.Clean, row.clean)
		})
	}
}

// A record without a payment type has no lawful tail, so that none is offered.
func TestNoTailOfNoPaymentType(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "register.csv", deathHeader+"197010632391,active,2010-01-01,,,2024-05-10\n")
	write(t, "records.csv", "identity_number,payment_date,amount,record_id\n197010632391,2025-01-15,1,A\n")
	write(t, "avstam.yaml", "register: {files: [register.csv]}\nsources: [{name: a, files: [records.csv]}]\noutput: {dir: out, formats: [parquet]}\n")
	folder := runIn(t, "avstam.yaml", nil)
	question := questionOf(t, folder)
	question.ID = idOf(t, folder, "deceased_payee", "A")
	assert.Equal(t, "A payment on 2024-05-10 or before; or a period_end on or before 2024-05-10; or a register without that death, if the person is alive.", explained(t, question).Clean)
}

// A day on which the register has something else against the number would not have
// made the payment clean.
func TestADayBeforeIsCleanOnlyWhereTheRegisterHasNothingElse(t *testing.T) {
	const (
		number  = "197010632391,"
		other   = "196408233234,active,2010-01-01,,,\n"
		fromEnd = "2024-12-01,2025-01-31"
	)
	for _, row := range []struct{ why, register, rule, period, clean string }{
		{"nothing before", number + "inactive,2024-06-01,TIDSFRIST,,\n", "inactive_number", ",",
			"A reactivation or renewal of the number on 2025-01-15 or before; or a payment before 2024-06-01. The payment itself may be right."},
		{"inactive before, for another reason", number + "inactive,2023-01-01,AVLIDEN,,\n" + number + "inactive,2024-06-01,TIDSFRIST,,\n", "inactive_number", ",",
			"A reactivation or renewal of the number on 2025-01-15 or before; or a payment before 2023-01-01. The payment itself may be right."},
		{"inactive, active and inactive again", number + "inactive,2023-01-01,TIDSFRIST,,\n" + number + "active,2023-05-01,,,\n" + number + "inactive,2024-06-01,TIDSFRIST,,\n", "inactive_number", ",",
			"A reactivation or renewal of the number on 2025-01-15 or before; or a payment before 2024-06-01. The payment itself may be right."},
		{"inactive since ever", number + "inactive,,TIDSFRIST,,\n" + number + "inactive,2024-06-01,TIDSFRIST,,\n", "inactive_number", ",",
			"A reactivation or renewal of the number on 2025-01-15 or before. The payment itself may be right."},
		{"inactive before it was closed", number + "inactive,2020-01-01,TIDSFRIST,,\n" + number + "closed,2024-06-01,PERSONNUMMER,196408233234,\n" + other, "closed_number", ",",
			"The personal number ******** instead; or a payment before 2020-01-01."},
		{"a death, and nothing before", number + "deregistered,2024-05-10,AV,,\n", "deceased_payee", ",",
			"A payment on 2024-05-10 or before; or a period_end on or before 2024-05-10; or a lawful tail of 8 months or more for the payment type; or a register without that death, if the person is alive."},
		{"a death, and a day of it that is not known", number + "deregistered,2024-05-10,AV,,0\n", "deceased_payee", ",",
			"A period_end on or before 2024-05-10; or a lawful tail of 8 months or more for the payment type; or a register without that death, if the person is alive."},
		{"emigrated before the death", number + "deregistered,2020-02-01,UV,,\n" + number + "deregistered,2024-05-10,AV,,\n", "deceased_payee", ",",
			"A period_end on or before 2024-05-10; or a lawful tail of 8 months or more for the payment type; or a register without that death, if the person is alive."},
		{"emigrated before the death of a lawful payment", number + "deregistered,2020-02-01,UV,,\n" + number + "deregistered,2024-12-10,AV,,\n", "deceased_lawful_tail", fromEnd,
			"Nothing is wrong with the payment."},
		{"the death alone of a lawful payment", number + "deregistered,2024-12-10,AV,,\n", "deceased_lawful_tail", fromEnd,
			"Nothing is wrong with the payment. It would not be told of if it had been made on 2024-12-10 or before."},
	} {
		t.Run(row.why, func(t *testing.T) {
			folder := deathReport(t, row.register, row.period, "policy: {payment_types: {pension: {lawful_after_death: {months: 2}}}}\n", nil)
			question := questionOf(t, folder)
			question.ID = idOf(t, folder, row.rule, "A")
			assert.Equal(t, row.clean, shownNumber.ReplaceAllString(explained(t, question).Clean, "********"))
		})
	}
}

// shownNumber is a masked number with its year.
var shownNumber = regexp.MustCompile(`\d{4}\*{8}`)
