package pipeline

import "github.com/avstam/avstam/column"

// Renumbering has, by the numbers of one run's Dictionaries, those of the same
// texts in another's.
type Renumbering struct{ Agency, PaymentType, Currency []uint16 }

// Texts are what Dictionaries hold, by number, as they go from one machine to
// another.
type Texts struct {
	Agency      []string `json:"agency"`
	PaymentType []string `json:"payment_type"`
	Currency    []string `json:"currency"`
}

// Texts are the texts so far.
func (d *Dictionaries) Texts() Texts {
	return Texts{Agency: d.Agency.Values(), PaymentType: d.PaymentType.Values(), Currency: d.Currency.Values()}
}

// Adopt numbers the texts of other dictionaries. It fails where there would be
// more than a dictionary holds.
func (d *Dictionaries) Adopt(texts *Texts) (*Renumbering, error) {
	var numbers Renumbering
	for _, of := range []struct {
		dictionary *column.Dictionary
		texts      []string
		numbers    *[]uint16
	}{{d.Agency, texts.Agency, &numbers.Agency}, {d.PaymentType, texts.PaymentType, &numbers.PaymentType}, {d.Currency, texts.Currency, &numbers.Currency}} {
		for _, text := range of.texts {
			number, err := of.dictionary.ID([]byte(text))
			if err != nil {
				return nil, err
			}
			*of.numbers = append(*of.numbers, number)
		}
	}
	return &numbers, nil
}
