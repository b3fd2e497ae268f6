package report

import (
	"encoding/binary"
	"slices"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
)

// noDay is the number of a day that is not there.
const noDay = int64(calendar.Missing)

// byRows gives the columns of findings that are mostly there the loops that take
// many rows at a time: called for each value, a function costs as much as what it does.
func byRows(columns []column[Finding], masked bool) []column[Finding] {
	for i := range columns {
		c := &columns[i]
		c.null = noDay
		switch c.name {
		case "finding_id":
			c.texts = appendIDs
		case "rule":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].Rule)
				}
			}
		case "severity":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].Severity)
				}
			}
		case "direction":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].Direction)
				}
			}
		case "confidence":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(truth(rows[r].Possible))
				}
			}
		case "source", "file":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].File)
				}
			}
		case "row":
			c.numbers = func(numbers []int64, rows []Finding) {
				for r := range rows {
					numbers[r] = rows[r].Row
				}
			}
		case "record_id":
			c.texts = func(dst []byte, ends []uint32, rows []Finding) []byte {
				for r := range rows {
					dst = appendShort(dst, rows[r].RecordID)
					ends[r] = uint32(len(dst))
				}
				return dst
			}
		case "agency":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].Agency)
				}
			}
		case "payment_type":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].PaymentType)
				}
			}
		case "payment_date":
			c.numbers = func(numbers []int64, rows []Finding) {
				for r := range rows {
					numbers[r] = int64(rows[r].PaymentDate)
				}
			}
		case "period_start":
			c.numbers = func(numbers []int64, rows []Finding) {
				for r := range rows {
					numbers[r] = int64(rows[r].PeriodStart)
				}
			}
		case "period_end":
			c.numbers = func(numbers []int64, rows []Finding) {
				for r := range rows {
					numbers[r] = int64(rows[r].PeriodEnd)
				}
			}
		case "amount":
			c.numbers = func(numbers []int64, rows []Finding) {
				for r := range rows {
					numbers[r] = rows[r].Amount
				}
			}
		case "currency":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].Currency)
				}
			}
		case "identity_number":
			if !masked {
				c.texts = func(dst []byte, ends []uint32, rows []Finding) []byte {
					for r := range rows {
						dst = appendShort(dst, rows[r].IdentityNumber)
						ends[r] = uint32(len(dst))
					}
					return dst
				}
			}
		case "number":
			if !masked {
				c.texts = func(dst []byte, ends []uint32, rows []Finding) []byte {
					return appendNumbers(dst, ends, rows, func(f *Finding) identity.Number { return f.Number })
				}
			}
		case "number_kind":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].NumberKind)
				}
			}
		case "use_number":
			if !masked {
				c.texts = func(dst []byte, ends []uint32, rows []Finding) []byte {
					return appendNumbers(dst, ends, rows, func(f *Finding) identity.Number { return f.UseNumber })
				}
			}
		case "status":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].Status)
				}
			}
		case "status_from":
			c.numbers = func(numbers []int64, rows []Finding) {
				for r := range rows {
					numbers[r] = int64(rows[r].StatusFrom)
				}
			}
		case "identity_level":
			c.codes = func(codes []int32, rows []Finding) {
				for r := range rows {
					codes[r] = int32(rows[r].IdentityLevel)
				}
			}
		case "known_from":
			c.numbers = func(numbers []int64, rows []Finding) {
				for r := range rows {
					numbers[r] = int64(rows[r].KnownFrom)
				}
			}
		case "other_number":
			if !masked {
				c.texts = func(dst []byte, ends []uint32, rows []Finding) []byte {
					return appendNumbers(dst, ends, rows, func(f *Finding) identity.Number { return f.OtherNumber })
				}
			}
		}
	}
	return columns
}

// idDigits is how many hexadecimal digits an id has.
const idDigits = 32

func appendIDs(dst []byte, ends []uint32, rows []Finding) []byte {
	first := len(dst)
	dst = slices.Grow(dst, idDigits*len(rows))[:first+idDigits*len(rows)]
	for r := range rows {
		text := (*[idDigits]byte)(dst[first+idDigits*r:])
		for i, b := range rows[r].ID {
			binary.LittleEndian.PutUint16(text[2*i:], hexDigits[b])
		}
		ends[r] = uint32(first + idDigits*(r+1))
	}
	return dst
}

func appendNumbers(dst []byte, ends []uint32, rows []Finding, number func(*Finding) identity.Number) []byte {
	for r := range rows {
		if n := number(&rows[r]); n != 0 {
			dst = n.AppendDigits(dst)
		}
		ends[r] = uint32(len(dst))
	}
	return dst
}

// appendShort is appendValid, quick about texts of 8 to 16 bytes of ASCII, as
// most keys and numbers are.
func appendShort(dst, text []byte) []byte {
	if n := len(text); isASCII(text) && cap(dst)-len(dst) >= 16 {
		// Both halves are written, which may overlap.
		first, last := binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
		at := len(dst)
		dst = dst[:at+n]
		binary.LittleEndian.PutUint64(dst[at:], first)
		binary.LittleEndian.PutUint64(dst[at+n-8:], last)
		return dst
	}
	return appendValid(dst, text)
}
