package report

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/avstam/avstam/calendar"
	"github.com/dchest/siphash"
)

// RecordKey tells records apart from night to night: 128 bits of a keyed hash of
// the source and the agency's own key of the record, or of all that a record says
// that has none. The zero key is of a record that is not known well enough.
//
// It covers the identity number, of which there are few enough to try them all:
// the hash is SipHash-2-4, a pseudorandom function (Aumasson and Bernstein, 2012),
// under a key that comes of the key of finding ids. It is asked of every record
// that is read, and takes a tenth of the time of an HMAC.
type RecordKey [16]byte

// RecordKeyer makes record keys. It is for one goroutine.
type RecordKeyer struct {
	key     []byte
	sources map[string]*sourceKey
	message []byte
}

// sourceKey are the keys under which the records of a source are hashed: one for
// their ids, and one for what those say that have none.
type sourceKey struct{ id, content [2]uint64 }

// NewRecordKeyer makes record keys under the key of finding ids.
func NewRecordKeyer(key []byte) *RecordKeyer {
	return &RecordKeyer{key: key, sources: map[string]*sourceKey{}}
}

// RecordContent is what identifies a record. RecordID is empty where it has none;
// only then the others count. Texts need not be UTF-8.
type RecordContent struct {
	Source                              string
	RecordID                            []byte
	IdentityNumber                      []byte // as given
	Agency, PaymentType, Currency       []byte
	PaymentDate, PeriodStart, PeriodEnd calendar.Day
	Amount                              int64 // öre
}

func (k *RecordKeyer) source(name string) *sourceKey {
	source := k.sources[name]
	if source == nil {
		if k.key == nil {
			panic("BUG: records of a source whose keys are not known")
		}
		source = readSourceKey(deriveSource(k.key, name))
		k.sources[name] = source
	}
	return source
}

func deriveSource(key []byte, name string) []byte { return derive(key, "record "+name) }

func readSourceKey(sum []byte) *sourceKey {
	return &sourceKey{
		id:      [2]uint64{binary.LittleEndian.Uint64(sum), binary.LittleEndian.Uint64(sum[8:])},
		content: [2]uint64{binary.LittleEndian.Uint64(sum[16:]), binary.LittleEndian.Uint64(sum[24:])},
	}
}

// SourceKeys are the keys under which the records of sources are hashed, by the name of
// the source. They are secret, and do not tell the key of finding ids, of which they come.
func SourceKeys(key []byte, sources []string) map[string][]byte {
	keys := map[string][]byte{}
	for _, name := range sources {
		keys[name] = deriveSource(key, name)
	}
	return keys
}

// NewSourceKeyer makes the keys of the records of sources of which SourceKeys is known.
func NewSourceKeyer(keys map[string][]byte) (*RecordKeyer, error) {
	k := &RecordKeyer{sources: map[string]*sourceKey{}}
	for name, key := range keys {
		if len(key) != sha256.Size {
			return nil, fmt.Errorf("the key of source %s has not %d bytes", name, sha256.Size)
		}
		k.sources[name] = readSourceKey(key)
	}
	return k, nil
}

// Key is the key of a record. Texts are hashed as reports have them, so that a
// record has the same key wherever it is read.
func (k *RecordKeyer) Key(r *RecordContent) RecordKey {
	source := k.source(r.Source)
	if len(r.RecordID) > 0 {
		return hashRecord(&source.id, valid(r.RecordID))
	}
	m := appendText(k.message[:0], valid(r.IdentityNumber))
	m = appendText(m, valid(r.Agency))
	m = appendText(m, valid(r.PaymentType))
	m = appendText(m, valid(r.Currency))
	m = binary.BigEndian.AppendUint32(m, uint32(r.PaymentDate))
	m = binary.BigEndian.AppendUint32(m, uint32(r.PeriodStart))
	m = binary.BigEndian.AppendUint32(m, uint32(r.PeriodEnd))
	m = binary.BigEndian.AppendUint64(m, uint64(r.Amount))
	k.message = m
	return hashRecord(&source.content, m)
}

func hashRecord(under *[2]uint64, message []byte) (key RecordKey) {
	first, second := siphash.Hash128(under[0], under[1], message)
	binary.BigEndian.PutUint64(key[:], first)
	binary.BigEndian.PutUint64(key[8:], second)
	return key
}

// derive is a key for another purpose from the key of finding ids.
func derive(key []byte, purpose string) []byte {
	keyed := hmac.New(sha256.New, key)
	_, _ = keyed.Write([]byte("avstam " + purpose)) // never fails
	return keyed.Sum(nil)
}

// KeyCheck tells keys of finding ids apart without telling the key: 16
// hexadecimal digits.
func KeyCheck(key []byte) string { return hex.EncodeToString(derive(key, "check")[:8]) }
