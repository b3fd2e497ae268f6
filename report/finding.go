package report

import (
	"encoding/binary"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
)

// Finding is one row of findings: what a rule said of a record, with the record
// and the evidence. The byte slices belong to whoever fills it and are good
// until it is filled again. A missing day is calendar.Missing.
type Finding struct {
	Rule      uint8 // place in the catalogue
	Severity  rules.Severity
	Direction rules.Direction
	Possible  bool // else certain
	Detail    []byte

	File int   // place in the run's files
	Row  int64 // in the file; the first is 1

	// The record. RecordID is empty where the record has none; HasRecordID says
	// whether its source has the column.
	HasRecordID                   bool
	RecordID                      []byte
	Agency, PaymentType, Currency uint16 // numbers of the run's dictionaries
	PaymentDate                   calendar.Day
	PeriodStart, PeriodEnd        calendar.Day
	Amount                        int64  // öre
	IdentityNumber                []byte // as given
	Number                        identity.Number
	NumberKind                    identity.Kind

	// The register. Without InRegister none of it is known.
	InRegister    bool
	UseNumber     identity.Number
	Status        register.Status
	StatusFrom    calendar.Day
	StatusReason  []byte
	IdentityLevel register.Level
	DeceasedOn    calendar.Partial
	KnownFrom     calendar.Day // since when the register tells what was found
	Protected     register.Tristate

	OtherNumber identity.Number

	// ID is set by a Packer.
	ID [16]byte

	// What follows is set when the finding is written: by the marks of a Writer,
	// and by Run.Decide. Decision is what was decided of it, DecisionUntil the last
	// day on which that holds, Missing for without end, IsExpired that it no longer
	// does.
	FirstSeen     calendar.Day
	TimesSeen     int32
	DecisionUntil calendar.Day
	State         State
	Decision      Decision
	IsExpired     bool
}

// KnownAtPayment says whether the register told what was found on the day of the
// payment; isKnown is false where nobody can tell since when it has.
func (f *Finding) KnownAtPayment() (known, isKnown bool) {
	if f.KnownFrom == calendar.Missing {
		return false, false
	}
	return f.KnownFrom <= f.PaymentDate, true
}

// IsFlag says whether the finding flags its record: severity warning or error.
func (f *Finding) IsFlag() bool { return f.Severity >= rules.Warning }

const (
	packedPossible = 1 << iota
	packedHasRecordID
	packedInRegister
	packedProtectedShift = iota
)

// flags are the finding's truth values as one byte.
func (f *Finding) flags() byte {
	flags := byte(f.Protected) << packedProtectedShift
	if f.Possible {
		flags |= packedPossible
	}
	if f.HasRecordID {
		flags |= packedHasRecordID
	}
	if f.InRegister {
		flags |= packedInRegister
	}
	return flags
}

func (f *Finding) setFlags(flags byte) {
	f.Possible = flags&packedPossible != 0
	f.HasRecordID = flags&packedHasRecordID != 0
	f.InRegister = flags&packedInRegister != 0
	f.Protected = register.Tristate(flags >> packedProtectedShift & 3)
}

// AppendPacked appends what the finding says of its record, but for the row, as bytes
// for Unpack: neither what a rule found nor what the register says. They follow each
// other without anything between them.
func (f *Finding) AppendPacked(dst []byte) []byte {
	dst = append(dst, byte(f.NumberKind))
	dst = binary.AppendUvarint(dst, uint64(f.File))
	dst = appendText(dst, f.RecordID)
	dst = binary.AppendUvarint(dst, uint64(f.Agency))
	dst = binary.AppendUvarint(dst, uint64(f.PaymentType))
	dst = binary.AppendUvarint(dst, uint64(f.Currency))
	dst = appendDay(dst, f.PaymentDate)
	dst = appendDay(dst, f.PeriodStart)
	dst = appendDay(dst, f.PeriodEnd)
	dst = binary.AppendUvarint(dst, zigzag(f.Amount))
	dst = appendText(dst, f.IdentityNumber)
	return binary.AppendUvarint(dst, uint64(f.Number))
}

// Unpack fills in what AppendPacked has packed from the first of src, leaves all else as
// it is, and returns what follows it. The slices point into src. The error is about a
// damaged temporary file.
func (f *Finding) Unpack(src []byte) (rest []byte, err error) {
	u := unpacker{rest: src}
	f.NumberKind = identity.Kind(u.byte())
	f.File = int(u.uvarint())
	f.RecordID = u.text()
	f.Agency = uint16(u.uvarint())
	f.PaymentType = uint16(u.uvarint())
	f.Currency = uint16(u.uvarint())
	f.PaymentDate = u.day()
	f.PeriodStart = u.day()
	f.PeriodEnd = u.day()
	f.Amount = u.varint()
	f.IdentityNumber = u.text()
	f.Number = identity.Number(u.uvarint())
	if u.failed {
		return nil, errPacked
	}
	return u.rest, nil
}
