package readers

import (
	"errors"
	"fmt"

	"github.com/avstam/avstam/identity"
)

// A word is the text of an agency, a payment type or a currency. Words stand in the
// summary, on the page and in metrics, where no person's number may.

// limitWord bounds a word, in bytes.
const limitWord = 4096

// errPersonsNumber is about a word that has a person's number in it: columns have slipped, or
// are not what the configuration says.
var errPersonsNumber = errors.New("a person's number where an agency, payment type or currency stands")

func checkWord(text []byte) error {
	if len(text) > limitWord {
		return fmt.Errorf("a word of %d bytes; at most %d are taken", len(text), limitWord)
	}
	if hasPersonsNumber(text) {
		return errPersonsNumber
	}
	return nil
}

// hasPersonsNumber says whether a word has a person's number in it. One that is too long
// is not taken, so it is not asked: that takes many times the memory of the text.
func hasPersonsNumber(text []byte) bool { return len(text) <= limitWord && identity.Contains(text) }
