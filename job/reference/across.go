package reference

import (
	"cmp"
	"time"
)

// acrossRecords gives each record the remarks of the rules across records.
func acrossRecords(records []Record, judged []judgement) [][]remark {
	remarks := make([][]remark, len(records))
	others := otherNumbers(records, judged)
	repeated := repetitions(records, judged)
	for i := range records {
		if others[i] != "" {
			remarks[i] = append(remarks[i], remark{rule: "paid_under_two_numbers", otherNumber: others[i]})
		}
		if repeated[i] {
			remarks[i] = append(remarks[i], remark{rule: "duplicate_payment"})
		}
	}
	return remarks
}

// otherNumbers gives each record the smallest other number under which its
// person was paid the same type in the same month; empty where there is none.
func otherNumbers(records []Record, judged []judgement) []string {
	type group struct {
		month               int
		paymentType, person string
	}
	groupOf := func(i int) group {
		return group{months(records[i].PaymentDate), records[i].PaymentType, judged[i].person}
	}
	numbers := make(map[group][]string)
	for i, j := range judged {
		if j.inKnown {
			numbers[groupOf(i)] = append(numbers[groupOf(i)], j.evidence.Number)
		}
	}
	others := make([]string, len(records))
	for i, j := range judged {
		if !j.inKnown {
			continue
		}
		for _, number := range numbers[groupOf(i)] {
			if number != j.evidence.Number && (others[i] == "" || number < others[i]) {
				others[i] = number
			}
		}
	}
	return others
}

// repetitions marks the records that repeat an earlier one.
func repetitions(records []Record, judged []judgement) []bool {
	type payment struct {
		agency, paymentType, person string
		day                         time.Time
		amount                      int64
		currency                    string
	}
	seen := make(map[payment]bool)
	repeated := make([]bool, len(records))
	for i, r := range records {
		if judged[i].person == "" {
			continue
		}
		paid := payment{r.Agency, r.PaymentType, judged[i].person, r.PaymentDate, r.Amount, cmp.Or(r.Currency, "SEK")}
		repeated[i] = seen[paid]
		seen[paid] = true
	}
	return repeated
}
