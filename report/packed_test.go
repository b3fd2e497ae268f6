package report

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/damage"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawDay(t *rapid.T, name string) calendar.Day {
	if rapid.Bool().Draw(t, name+" is missing") {
		return calendar.Missing
	}
	return calendar.Day(rapid.Int32Range(int32(calendar.First), int32(calendar.Last)).Draw(t, name))
}

func drawText(t *rapid.T, name string) []byte {
	return rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, name)
}

func drawFinding(t *rapid.T) Finding {
	return Finding{
		Rule:           rapid.Uint8().Draw(t, "rule"),
		Severity:       rules.Severity(rapid.Uint8Range(0, 3).Draw(t, "severity")),
		Direction:      rules.Direction(rapid.Uint8Range(0, 3).Draw(t, "direction")),
		Possible:       rapid.Bool().Draw(t, "possible"),
		Detail:         drawText(t, "detail"),
		File:           rapid.IntRange(0, 1<<30).Draw(t, "file"),
		Row:            rapid.Int64Range(1, 1<<40).Draw(t, "row"),
		HasRecordID:    rapid.Bool().Draw(t, "has record id"),
		RecordID:       drawText(t, "record id"),
		Agency:         rapid.Uint16().Draw(t, "agency"),
		PaymentType:    rapid.Uint16().Draw(t, "payment type"),
		Currency:       rapid.Uint16().Draw(t, "currency"),
		PaymentDate:    drawDay(t, "payment date"),
		PeriodStart:    drawDay(t, "period start"),
		PeriodEnd:      drawDay(t, "period end"),
		Amount:         rapid.Int64().Draw(t, "amount"),
		IdentityNumber: drawText(t, "given"),
		Number:         identity.Number(rapid.Uint64Range(0, 999999999999).Draw(t, "number")),
		NumberKind:     identity.Kind(rapid.Uint8Range(0, 5).Draw(t, "kind")),
		InRegister:     rapid.Bool().Draw(t, "in register"),
		UseNumber:      identity.Number(rapid.Uint64Range(0, 999999999999).Draw(t, "use number")),
		Status:         register.Status(rapid.Uint8Range(0, 4).Draw(t, "status")),
		StatusFrom:     drawDay(t, "status from"),
		StatusReason:   drawText(t, "reason"),
		IdentityLevel:  register.Level(rapid.Uint8Range(0, 4).Draw(t, "level")),
		DeceasedOn:     calendar.Partial(rapid.Uint32().Draw(t, "deceased")),
		KnownFrom:      drawDay(t, "known from"),
		Protected:      register.Tristate(rapid.Uint8Range(0, 2).Draw(t, "protected")),
		OtherNumber:    identity.Number(rapid.Uint64Range(0, 999999999999).Draw(t, "other number")),
	}
}

// drawWritten is a finding as it is written: with its state and what was decided.
func drawWritten(t *rapid.T) Finding {
	f := drawFinding(t)
	f.FirstSeen, f.DecisionUntil = calendar.Missing, calendar.Missing
	if f.State = State(rapid.Uint8Range(0, 3).Draw(t, "state")); f.State != NoState {
		f.FirstSeen, f.TimesSeen = drawDay(t, "first seen"), rapid.Int32Range(1, 1000).Draw(t, "times seen")
	}
	if f.Decision = Decision(rapid.Uint8Range(0, 5).Draw(t, "decision")); f.Decision != NoDecision {
		f.DecisionUntil = drawDay(t, "until")
	}
	return f
}

func drawReject(t *rapid.T) Reject {
	return Reject{
		File:       rapid.IntRange(0, 1<<30).Draw(t, "file"),
		Row:        rapid.Int64Range(1, 1<<40).Draw(t, "row"),
		Line:       rapid.Int64Range(0, 1<<40).Draw(t, "line"),
		ByteOffset: rapid.Int64Range(-1, 1<<50).Draw(t, "byte offset"),
		Column:     rapid.String().Draw(t, "column"),
		Reason:     pipeline.RejectReason(rapid.Uint8Range(0, 9).Draw(t, "reason")),
		HasAmount:  rapid.Bool().Draw(t, "has amount"),
		Amount:     rapid.Int64().Draw(t, "amount"),
		Currency:   rapid.Uint16().Draw(t, "currency"),
		Raw:        drawText(t, "raw"),
	}
}

func TestPackedFindingsComeBackOneAfterTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		findings := rapid.SliceOfN(rapid.Custom(drawFinding), 1, 5).Draw(t, "findings")
		var packed []byte
		for i := range findings {
			packed = findings[i].AppendPacked(packed)
		}
		rest := packed
		for i := range findings {
			var err error
			back := findings[i] // what is not packed stays
			forgetRecord(&back)
			rest, err = back.Unpack(rest)
			require.NoError(t, err)
			require.Equal(t, findings[i], back)
		}
		require.Empty(t, rest)
	})
}

// forgetRecord puts other values in the place of what is packed.
func forgetRecord(f *Finding) {
	f.NumberKind, f.File, f.RecordID, f.IdentityNumber, f.Number = 99, -1, []byte("other"), []byte("other"), 1
	f.Agency, f.PaymentType, f.Currency, f.Amount = f.Agency+1, f.PaymentType+1, f.Currency+1, f.Amount+1
	f.PaymentDate, f.PeriodStart, f.PeriodEnd = f.PaymentDate+1, f.PeriodStart+1, f.PeriodEnd+1
}

func TestRecordsComeBackWhereverTheyStand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		findings := rapid.SliceOfN(rapid.Custom(drawWritten), 1, 5).Draw(t, "findings")
		// The length of a text stands in one byte, or not.
		findings[0].RecordID = bytes.Repeat([]byte("r"), rapid.SampledFrom([]int{0, 254, 255, 256, 70_000}).Draw(t, "long"))
		var records, rest []byte
		for i := range findings {
			records, rest = appendRecord(records, rest, &findings[i])
		}
		require.Len(t, records, len(findings)*recordBytes)
		for i := len(findings) - 1; i >= 0; i-- {
			back := findings[0] // what stood there before must go
			require.NoError(t, back.readRecord((*[recordBytes]byte)(records[i*recordBytes:]), rest))
			require.Equal(t, findings[i], back)
		}
		last := (*[recordBytes]byte)(records[len(records)-recordBytes:])
		if start := binary.LittleEndian.Uint32(last[recordRest:]); int(start) < len(rest) {
			require.ErrorIs(t, new(Finding).readRecord(last, rest[:len(rest)-1]), errPacked, "the rest is cut off")
			require.ErrorIs(t, new(Finding).readRecord(last, nil), errPacked)
		}
	})
}

func TestPackedRejectsComeBackOneAfterTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rejects := rapid.SliceOfN(rapid.Custom(drawReject), 1, 5).Draw(t, "rejects")
		var packed []byte
		for i := range rejects {
			packed = rejects[i].AppendPacked(packed)
		}
		rest := packed
		back := Reject{}
		for i := range rejects {
			var err error
			rest, err = back.Unpack(rest)
			require.NoError(t, err)
			require.Equal(t, rejects[i], back)
		}
		require.Empty(t, rest)
	})
}

func TestUnpackTellsDamage(t *testing.T) {
	f := newFixture(t, 7, 20)
	packed := f.records[0].AppendPacked(nil)
	reject := f.rejects[0].AppendPacked(nil)
	for size := range len(packed) {
		_, err := new(Finding).Unpack(packed[:size])
		require.ErrorIs(t, err, errPacked, "a finding cut after %d bytes", size)
	}
	for size := range len(reject) {
		_, err := new(Reject).Unpack(reject[:size])
		require.ErrorIs(t, err, errPacked, "a reject cut after %d bytes", size)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{})
	f.Add((&Finding{RecordID: []byte("x")}).AppendPacked(nil))
	f.Add((&Reject{Raw: []byte("x")}).AppendPacked(nil))
	f.Fuzz(func(t *testing.T, packed []byte) {
		defer damage.Watch()()
		// Whatever the bytes, unpacking ends, within them.
		var finding Finding
		if rest, err := finding.Unpack(packed); err == nil {
			assert.Less(t, len(rest), len(packed))
		}
		var reject Reject
		if rest, err := reject.Unpack(packed); err == nil {
			assert.Less(t, len(rest), len(packed))
		}
	})
}

func TestPackingDoesNotAllocate(t *testing.T) {
	f := newFixture(t, 7, 20)
	buffer := make([]byte, 0, 1000)
	var back Finding
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		buffer = f.records[0].AppendPacked(buffer[:0])
		_, _ = back.Unpack(buffer)
	}))
	records, rest := make([]byte, 0, 1000), make([]byte, 0, 1000)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		records, rest = appendRecord(records[:0], rest[:0], &f.records[0])
		_ = back.readRecord((*[recordBytes]byte)(records), rest)
	}))
	var reject Reject
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		buffer = f.rejects[0].AppendPacked(buffer[:0])
		_, _ = reject.Unpack(buffer)
	}), "rejects of one column after the other")
}
