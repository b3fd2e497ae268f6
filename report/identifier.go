package report

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/storage"
)

// keyBytes is the size of the key of finding ids: that of SHA-256's output.
const keyBytes = 32

// Key reads the key of finding ids, 64 hexadecimal digits in a file, and makes
// the file with a random key where it does not exist. The same key gives a
// record without an id of its own the same finding ids in every run.
func Key(path string) ([]byte, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := CheckOutside(path); err != nil {
		return nil, fmt.Errorf("cannot make the key of finding ids: %w", err)
	}
	key = RandomKey()
	if err := createKey(path, key); errors.Is(err, fs.ErrExist) {
		return readKey(path) // a run with another output folder has just made it
	} else if err != nil {
		return nil, fmt.Errorf("cannot make the key of finding ids: %w", err)
	}
	return key, nil
}

// RandomKey is a key for one run: records without an id of their own have other
// finding ids in the next.
func RandomKey() []byte {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	return key
}

func readKey(path string) ([]byte, error) {
	text, err := disk.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the key of finding ids: %w", err)
	}
	key := make([]byte, keyBytes)
	text = bytes.TrimSpace(text)
	if hex.DecodedLen(len(text)) != keyBytes {
		return nil, fmt.Errorf("cannot use %s as the key of finding ids: it does not hold %d hexadecimal digits", path, hex.EncodedLen(keyBytes))
	}
	if _, err := hex.Decode(key, text); err != nil {
		// The error of hex tells a character of the key.
		return nil, fmt.Errorf("cannot use %s as the key of finding ids: it does not hold %d hexadecimal digits", path, hex.EncodedLen(keyBytes))
	}
	return key, nil
}

// createKey makes the file whole or not at all: what a run that dies would leave of
// it, no later run could use.
func createKey(path string, key []byte) error {
	file, err := storage.Replace(path, fmt.Appendf(nil, "%x\n", key), storage.PrivateMode)
	if err != nil {
		return err
	}
	return file.CommitNew()
}

// identifier makes finding ids: 128 bits of SHA-256 over rule, source and record
// id; where the record has no id, of HMAC-SHA-256 over rule, source and
// everything that the record says, and its occurrence from the second on, since
// records without ids can be alike. Every field is preceded by its length, so
// that no two lists of fields give the same bytes.
//
// An id of the first kind can be recomputed by anyone who knows the record id.
// One of the second kind covers the identity number, of which there are few
// enough to try them all: hence the key.
type identifier struct {
	run     *Run
	keyed   hash.Hash
	message []byte
	sum     []byte
	// What begins the message of a rule and a source, by rule and then source.
	prefixes [][][]byte
	sources  []string
	sourceOf []int // by file
	// The texts of the run's dictionaries, as far as they have been needed.
	agency, paymentType, currency [][]byte
	content                       RecordContent
}

func newIdentifier(run *Run) *identifier {
	d := &identifier{run: run, keyed: hmac.New(sha256.New, run.Key), prefixes: make([][][]byte, len(run.Catalogue))}
	places := map[string]int{}
	for _, file := range run.Files {
		place, known := places[file.Source]
		if !known {
			place = len(d.sources)
			places[file.Source] = place
			d.sources = append(d.sources, file.Source)
		}
		d.sourceOf = append(d.sourceOf, place)
	}
	return d
}

// identify is the id of a finding in its first occurrence. needsOccurrence says
// that the record has no id.
func (d *identifier) identify(f *Finding) (id [16]byte, needsOccurrence bool) {
	m := append(d.message[:0], d.prefix(f.Rule, d.sourceOf[f.File])...)
	if len(f.RecordID) > 0 {
		m = appendText(m, f.RecordID)
		d.message = m
		sum := sha256.Sum256(m)
		return [16]byte(sum[:16]), false
	}
	m = appendText(m, f.IdentityNumber)
	m = appendText(m, textOf(&d.agency, f.Agency, d.run.Dictionaries.Agency))
	m = appendText(m, textOf(&d.paymentType, f.PaymentType, d.run.Dictionaries.PaymentType))
	m = appendText(m, textOf(&d.currency, f.Currency, d.run.Dictionaries.Currency))
	m = binary.BigEndian.AppendUint32(m, uint32(f.PaymentDate))
	m = binary.BigEndian.AppendUint32(m, uint32(f.PeriodStart))
	m = binary.BigEndian.AppendUint32(m, uint32(f.PeriodEnd))
	m = binary.BigEndian.AppendUint64(m, uint64(f.Amount))
	d.message = m
	return d.mac(m), true
}

func (d *identifier) prefix(rule uint8, source int) []byte {
	prefixes := &d.prefixes[rule]
	if *prefixes == nil {
		*prefixes = make([][]byte, len(d.sources))
	}
	prefix := &(*prefixes)[source]
	if *prefix == nil {
		*prefix = appendString(appendString(nil, d.run.Catalogue[rule].Name), d.sources[source])
	}
	return *prefix
}

// textOf is the text of a number, which the dictionary may have given out after
// texts were taken from it.
func textOf(texts *[][]byte, number uint16, dictionary interface{ Values() []string }) []byte {
	if int(number) >= len(*texts) {
		*texts = byteSlices(dictionary.Values())
	}
	return (*texts)[number]
}

// repeat is the id of the occurrence-th finding of an id, counted from 1.
func (d *identifier) repeat(id [16]byte, occurrence uint64) [16]byte {
	if occurrence <= 1 {
		return id
	}
	d.message = append(d.message[:0], id[:]...)
	d.message = binary.BigEndian.AppendUint64(d.message, occurrence)
	return d.mac(d.message)
}

func (d *identifier) mac(message []byte) [16]byte {
	d.keyed.Reset()
	_, _ = d.keyed.Write(message) // never fails
	d.sum = d.keyed.Sum(d.sum[:0])
	return [16]byte(d.sum[:16])
}

func appendString(dst []byte, text string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}
