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

// errPersonsNumber is about a word that is a person's number: columns have slipped, or
// are not what the configuration says.
var errPersonsNumber = errors.New("a person's number where an agency, payment type or currency stands")

func checkWord(text []byte) error {
	if len(text) > limitWord {
		return fmt.Errorf("a word of %d bytes; at most %d are taken", len(text), limitWord)
	}
	if isPersonsNumber(text) {
		return errPersonsNumber
	}
	return nil
}

// anyYear is the year by which ten digits are read. Only of 29 February does it matter
// to whether they are a number at all.
const anyYear = 2024

// isPersonsNumber says whether a text is a personal or coordination number, in any
// spelling that is read as one.
func isPersonsNumber(text []byte) bool {
	if len(text) < 10 { // fast path
		return false
	}
	read := identity.Parse(text)
	if read.Fault != identity.NoFault || read.Kind > identity.Coordination {
		return false
	}
	number, _ := read.In(anyYear)
	return number != 0
}
