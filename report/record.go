package report

import (
	"encoding/binary"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
)

// A record is a finding in a chunk: recordBytes bytes, in which everything has
// its place, and a rest, which lies in the chunk's text behind those of the
// findings before it: what few findings have, and the texts. Reading it takes a
// tenth of the time that reading such lengths as Unpack's would.
const (
	recordID             = 0
	recordNumber         = 16
	recordAmount         = 24
	recordRow            = 32
	recordPaymentDate    = 40
	recordFile           = 44
	recordRest           = 48 // where it begins
	recordAgency         = 52
	recordPaymentType    = 54
	recordCurrency       = 56
	recordRule           = 58
	recordSeverity       = 59
	recordDirection      = 60
	recordFlags          = 61
	recordNumberKind     = 62
	recordStatus         = 63
	recordIdentityLevel  = 64
	recordParts          = 65 // of the rest
	recordRecordID       = 66 // length of the text, unless the rest tells all lengths
	recordIdentityNumber = 67
	recordDetail         = 68
	recordStatusReason   = 69
	recordBytes          = 72
)

// The parts of a record's rest that are not always there, in their order.
const (
	restPeriod      = 1 << iota // start and end, 4 bytes each
	restEntry                   // days from which status and knowledge are, 4 bytes each
	restDeceasedOn              // 4 bytes
	restUseNumber               // 8 bytes
	restOtherNumber             // 8 bytes
	restLengths                 // of the texts, 4 bytes each, where one has more than 255
	restState                   // state, 1 byte; first seen and times seen, 4 bytes each
	restDecision                // 1 byte, and its last day, 4
)

const (
	recordTexts = 4   // of a finding
	shortText   = 255 // bytes
)

// appendRecord appends a finding to the records and the text of a chunk.
func appendRecord(records, rest []byte, f *Finding) (newRecords, newRest []byte) {
	size := len(records)
	if cap(records)-size < recordBytes {
		records = append(records, make([]byte, recordBytes)...)
	} else {
		records = records[:size+recordBytes]
	}
	r := (*[recordBytes]byte)(records[size:])
	*(*[16]byte)(r[recordID:]) = f.ID
	binary.LittleEndian.PutUint64(r[recordNumber:], uint64(f.Number))
	binary.LittleEndian.PutUint64(r[recordAmount:], uint64(f.Amount))
	binary.LittleEndian.PutUint64(r[recordRow:], uint64(f.Row))
	binary.LittleEndian.PutUint32(r[recordPaymentDate:], uint32(f.PaymentDate))
	binary.LittleEndian.PutUint32(r[recordFile:], uint32(f.File))
	binary.LittleEndian.PutUint32(r[recordRest:], uint32(len(rest)))
	binary.LittleEndian.PutUint16(r[recordAgency:], f.Agency)
	binary.LittleEndian.PutUint16(r[recordPaymentType:], f.PaymentType)
	binary.LittleEndian.PutUint16(r[recordCurrency:], f.Currency)
	r[recordRule], r[recordSeverity], r[recordDirection], r[recordFlags] = f.Rule, byte(f.Severity), byte(f.Direction), f.flags()
	r[recordNumberKind], r[recordStatus], r[recordIdentityLevel] = byte(f.NumberKind), byte(f.Status), byte(f.IdentityLevel)

	parts := byte(0)
	if f.PeriodStart != calendar.Missing || f.PeriodEnd != calendar.Missing {
		parts |= restPeriod
		rest = binary.LittleEndian.AppendUint32(rest, uint32(f.PeriodStart))
		rest = binary.LittleEndian.AppendUint32(rest, uint32(f.PeriodEnd))
	}
	if f.StatusFrom != calendar.Missing || f.KnownFrom != calendar.Missing {
		parts |= restEntry
		rest = binary.LittleEndian.AppendUint32(rest, uint32(f.StatusFrom))
		rest = binary.LittleEndian.AppendUint32(rest, uint32(f.KnownFrom))
	}
	if f.DeceasedOn != 0 {
		parts |= restDeceasedOn
		rest = binary.LittleEndian.AppendUint32(rest, uint32(f.DeceasedOn))
	}
	if f.UseNumber != 0 {
		parts |= restUseNumber
		rest = binary.LittleEndian.AppendUint64(rest, uint64(f.UseNumber))
	}
	if f.OtherNumber != 0 {
		parts |= restOtherNumber
		rest = binary.LittleEndian.AppendUint64(rest, uint64(f.OtherNumber))
	}
	if max(len(f.RecordID), len(f.IdentityNumber), len(f.Detail), len(f.StatusReason)) > shortText {
		parts |= restLengths
		for _, text := range [recordTexts][]byte{f.RecordID, f.IdentityNumber, f.Detail, f.StatusReason} {
			rest = binary.LittleEndian.AppendUint32(rest, uint32(len(text)))
		}
	}
	if f.State != NoState {
		parts |= restState
		rest = append(rest, byte(f.State))
		rest = binary.LittleEndian.AppendUint32(rest, uint32(f.FirstSeen))
		rest = binary.LittleEndian.AppendUint32(rest, uint32(f.TimesSeen))
	}
	if f.Decision != NoDecision {
		parts |= restDecision
		rest = append(rest, byte(f.Decision))
		rest = binary.LittleEndian.AppendUint32(rest, uint32(f.DecisionUntil))
	}
	r[recordParts] = parts
	r[recordRecordID], r[recordIdentityNumber] = byte(len(f.RecordID)), byte(len(f.IdentityNumber))
	r[recordDetail], r[recordStatusReason] = byte(len(f.Detail)), byte(len(f.StatusReason))
	rest = append(rest, f.RecordID...)
	rest = append(rest, f.IdentityNumber...)
	rest = append(rest, f.Detail...)
	rest = append(rest, f.StatusReason...)
	return records, rest
}

// readRecord fills the finding with a record and its rest, which lies in text.
// Its slices point there. The error is about a damaged temporary file.
func (f *Finding) readRecord(r *[recordBytes]byte, text []byte) error {
	f.ID = [16]byte(r[recordID:])
	f.Number = identity.Number(binary.LittleEndian.Uint64(r[recordNumber:]))
	f.Amount = int64(binary.LittleEndian.Uint64(r[recordAmount:]))
	f.Row = int64(binary.LittleEndian.Uint64(r[recordRow:]))
	f.PaymentDate = calendar.Day(binary.LittleEndian.Uint32(r[recordPaymentDate:]))
	f.File = int(binary.LittleEndian.Uint32(r[recordFile:]))
	f.Agency = binary.LittleEndian.Uint16(r[recordAgency:])
	f.PaymentType = binary.LittleEndian.Uint16(r[recordPaymentType:])
	f.Currency = binary.LittleEndian.Uint16(r[recordCurrency:])
	f.Rule, f.Severity, f.Direction = r[recordRule], rules.Severity(r[recordSeverity]), rules.Direction(r[recordDirection])
	f.setFlags(r[recordFlags])
	f.NumberKind, f.Status, f.IdentityLevel = identity.Kind(r[recordNumberKind]), register.Status(r[recordStatus]), register.Level(r[recordIdentityLevel])

	start := binary.LittleEndian.Uint32(r[recordRest:])
	if uint64(start) > uint64(len(text)) {
		return errPacked
	}
	u := unpacker{rest: text[start:]}
	parts := r[recordParts]
	f.PeriodStart, f.PeriodEnd, f.StatusFrom, f.KnownFrom = calendar.Missing, calendar.Missing, calendar.Missing, calendar.Missing
	f.DeceasedOn, f.UseNumber, f.OtherNumber = 0, 0, 0
	if parts&restPeriod != 0 {
		f.PeriodStart, f.PeriodEnd = calendar.Day(u.uint32()), calendar.Day(u.uint32())
	}
	if parts&restEntry != 0 {
		f.StatusFrom, f.KnownFrom = calendar.Day(u.uint32()), calendar.Day(u.uint32())
	}
	if parts&restDeceasedOn != 0 {
		f.DeceasedOn = calendar.Partial(u.uint32())
	}
	if parts&restUseNumber != 0 {
		f.UseNumber = identity.Number(u.uint64())
	}
	if parts&restOtherNumber != 0 {
		f.OtherNumber = identity.Number(u.uint64())
	}
	lengths := [recordTexts]uint32{uint32(r[recordRecordID]), uint32(r[recordIdentityNumber]), uint32(r[recordDetail]), uint32(r[recordStatusReason])}
	if parts&restLengths != 0 {
		for i := range lengths {
			lengths[i] = u.uint32()
		}
	}
	f.State, f.FirstSeen, f.TimesSeen, f.Decision, f.DecisionUntil = NoState, calendar.Missing, 0, NoDecision, calendar.Missing
	if parts&restState != 0 {
		f.State, f.FirstSeen, f.TimesSeen = State(u.byte()), calendar.Day(u.uint32()), int32(u.uint32())
	}
	if parts&restDecision != 0 {
		f.Decision, f.DecisionUntil = Decision(u.byte()), calendar.Day(u.uint32())
	}
	f.RecordID = u.bytes(uint64(lengths[0]))
	f.IdentityNumber = u.bytes(uint64(lengths[1]))
	f.Detail = u.bytes(uint64(lengths[2]))
	f.StatusReason = u.bytes(uint64(lengths[3]))
	if u.failed {
		return errPacked
	}
	return nil
}
