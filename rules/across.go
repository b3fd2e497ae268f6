package rules

import (
	"encoding/binary"

	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// Across is what makes a rule compare records with each other, in two steps, so
// that no step needs all records: of each batch the records that could take
// part are kept under a key, and then all that were kept under one key are
// judged together. Keys, not hashes of them, decide.
type Across struct {
	// Looks says which records are kept. (The rule's own Looks is not used.)
	Looks Population
	// Key is the key of a row.
	Key func(f *Facts, row int32) Key
	// NewJudge is a judge over some of the keys; all records of a key come to
	// the same judge.
	NewJudge func() Judge
	// Renumber gives the texts of a key the numbers of other dictionaries.
	Renumber func(key *Key, numbers *pipeline.Renumbering)
}

// Key says which records belong together. It is comparable, and its numbers of
// texts are those of one run's dictionaries.
type Key [KeySize]byte

const (
	// KeySize is the length of a Key in bytes.
	KeySize = 26
	// PersonSize is how many of them, the first, tell the person: they are the same
	// whatever the dictionaries.
	PersonSize = 8
	// Where duplicate_payment has the numbers of its texts.
	keyAgency, keyCurrency = 10, 12
)

// Judge is shown its records twice, in any order: first by Note, then by Decide.
// It need not be shown those that are alone under their key, of which it finds
// none. Position is where a record stands in the order of the input.
type Judge interface {
	// Reset forgets all records, for the next bucket.
	Reset()
	Note(key *Key, number identity.Number, at Position)
	// Decide says whether a record is found, and the other number that it names.
	Decide(key *Key, number identity.Number, at Position) (other identity.Number, found bool)
}

// Position is a number that is greater for a record that comes later.
type Position uint64

// personNumber is the number of the person behind a row, on the row's own day.
func (f *Facts) personNumber(row int32) identity.Number {
	if f.Batch.Place[row] == register.NotFound {
		return f.Batch.Number[row]
	}
	return f.chain(row).Number
}

// key packs a key: the person first, then the payment type, then what else the
// rule compares.
func (f *Facts) key(row int32) Key {
	var key Key
	binary.LittleEndian.PutUint64(key[0:], uint64(f.personNumber(row)))
	binary.LittleEndian.PutUint16(key[PersonSize:], f.Batch.PaymentType[row])
	return key
}

// renumber gives the text at a place of a key its number in other dictionaries.
func (k *Key) renumber(at int, numbers []uint16) {
	binary.LittleEndian.PutUint16(k[at:], numbers[binary.LittleEndian.Uint16(k[at:])])
}

// renumberKey renumbers what Facts.key has packed.
func renumberKey(key *Key, numbers *pipeline.Renumbering) {
	key.renumber(PersonSize, numbers.PaymentType)
}
