package rules

import (
	"encoding/binary"

	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
)

var duplicatePayment = &Rule{
	Name:   "duplicate_payment",
	Title:  "Payment recorded twice",
	Doc:    "Another record before this one has the same agency, payment type, person (or unknown number), day, amount and currency. The first is not found, all after it are.",
	Action: "Check whether the money went out twice, or the file holds a record twice.",
	Swedish: Texts{
		Title:  "Utbetalning som finns två gånger",
		Doc:    "En tidigare post har samma myndighet, utbetalningsslag, person (eller okända nummer), dag, belopp och valuta. Den första ger ingen träff, alla efter den gör det.",
		Action: "Kontrollera om pengarna har betalats ut två gånger eller om filen innehåller posten två gånger.",
	},
	Severity:     Warning,
	OffByDefault: true,
	Direction:    OnRecord,
	Across: &Across{
		Looks: ReadRows,
		Key: func(f *Facts, row int32) Key {
			b := f.Batch
			key := f.key(row)
			binary.LittleEndian.PutUint16(key[keyAgency:], b.Agency[row])
			binary.LittleEndian.PutUint16(key[keyCurrency:], b.Currency[row])
			binary.LittleEndian.PutUint32(key[14:], uint32(b.PaymentDate[row]))
			binary.LittleEndian.PutUint64(key[18:], uint64(b.Amount[row]))
			return key
		},
		NewJudge: func() Judge { return duplicateJudge{} },
		Renumber: func(key *Key, numbers *pipeline.Renumbering) {
			renumberKey(key, numbers)
			key.renumber(keyAgency, numbers.Agency)
			key.renumber(keyCurrency, numbers.Currency)
		},
	},
}

// duplicateJudge has the first record of each key.
type duplicateJudge map[Key]Position

func (j duplicateJudge) Reset() { clear(j) }

func (j duplicateJudge) Note(key *Key, _ identity.Number, at Position) {
	first, noted := j[*key]
	if !noted {
		first = at
	}
	j[*key] = min(first, at)
}

func (j duplicateJudge) Decide(key *Key, _ identity.Number, at Position) (identity.Number, bool) {
	return 0, at != j[*key]
}
