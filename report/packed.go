package report

import (
	"encoding/binary"
	"errors"

	"github.com/avstam/avstam/calendar"
)

// errPacked is about a temporary file whose bytes are not as they were written.
var errPacked = errors.New("cannot unpack findings: the temporary file has been damaged")

func appendText(dst, text []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// appendDay packs a missing day as 0, and keeps the days of our time short.
func appendDay(dst []byte, day calendar.Day) []byte {
	if day == calendar.Missing {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, zigzag(int64(day))+1)
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// unpacker reads packed values one after the other. After the first value that
// is not there it reads zeros, and failed is set.
type unpacker struct {
	rest   []byte
	failed bool
}

func (u *unpacker) uvarint() uint64 {
	// Fast path: most values fit in one byte.
	if len(u.rest) > 0 && u.rest[0] < 0x80 {
		v := u.rest[0]
		u.rest = u.rest[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(u.rest)
	if n <= 0 {
		u.fail()
		return 0
	}
	u.rest = u.rest[n:]
	return v
}

func (u *unpacker) varint() int64 { return unzigzag(u.uvarint()) }

func (u *unpacker) day() calendar.Day {
	v := u.uvarint()
	if v == 0 {
		return calendar.Missing
	}
	return calendar.Day(unzigzag(v - 1))
}

func (u *unpacker) text() []byte {
	return u.bytes(u.uvarint())
}

func (u *unpacker) bytes(size uint64) []byte {
	if size > uint64(len(u.rest)) {
		u.fail()
		return nil
	}
	text := u.rest[:size:size]
	u.rest = u.rest[size:]
	return text
}

func (u *unpacker) byte() byte {
	if len(u.rest) == 0 {
		u.fail()
		return 0
	}
	b := u.rest[0]
	u.rest = u.rest[1:]
	return b
}

func (u *unpacker) uint32() uint32 {
	if len(u.rest) < 4 {
		u.fail()
		return 0
	}
	v := binary.LittleEndian.Uint32(u.rest)
	u.rest = u.rest[4:]
	return v
}

func (u *unpacker) uint64() uint64 {
	if len(u.rest) < 8 {
		u.fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(u.rest)
	u.rest = u.rest[8:]
	return v
}

func (u *unpacker) fail() {
	u.rest, u.failed = nil, true
}
