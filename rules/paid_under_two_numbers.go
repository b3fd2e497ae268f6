package rules

import (
	"encoding/binary"

	"github.com/avstam/avstam/identity"
)

var paidUnderTwoNumbers = &Rule{
	Name:   "paid_under_two_numbers",
	Title:  "Paid under two numbers",
	Doc:    "In one calendar month, payments of one type went to the same person under different numbers: the numbers lead to the same person through the register's links, as they stood on each payment's own day. Every such payment is found; other_number is the smallest of the other numbers. The agency does not matter.",
	Action: "Check whether the person was paid twice, and put all records under the number that is used now.",
	Swedish: Texts{
		Title:  "Betalt under två nummer",
		Doc:    "Under en kalendermånad har utbetalningar av samma slag gått till samma person under olika nummer: numren leder till samma person genom registrets hänvisningar, såsom de var på varje utbetalnings dag. Varje sådan utbetalning ger en träff; other_number är det minsta av de andra numren. Vilken myndighet det är saknar betydelse.",
		Action: "Kontrollera om personen har fått betalt två gånger, och samla alla poster under det nummer som nu används.",
	},
	Severity:  Error,
	Direction: OnRecord,
	Laws:      []Law{lawInactiveChapter},
	Across: &Across{
		Looks: JoinedRows,
		Key: func(f *Facts, row int32) Key {
			key := f.key(row)
			binary.LittleEndian.PutUint32(key[10:], uint32(f.Batch.PaymentDate[row].Month()))
			return key
		},
		NewJudge: func() Judge { return twoNumbersJudge{} },
		Renumber: renumberKey,
	},
}

// twoNumbersJudge keeps the two smallest numbers of each key, 0 for a second
// that has not come.
type twoNumbersJudge map[Key][2]identity.Number

func (j twoNumbersJudge) Reset() { clear(j) }

func (j twoNumbersJudge) Note(key *Key, number identity.Number, _ Position) {
	two, ok := j[*key]
	if !ok {
		two[0] = number
	}
	if number != two[0] {
		second := max(number, two[0])
		if two[1] != 0 {
			second = min(second, two[1])
		}
		two = [2]identity.Number{min(number, two[0]), second}
	}
	j[*key] = two
}

func (j twoNumbersJudge) Decide(key *Key, number identity.Number, _ Position) (identity.Number, bool) {
	two := j[*key]
	other := two[0]
	if number == other {
		other = two[1]
	}
	return other, two[1] != 0
}
