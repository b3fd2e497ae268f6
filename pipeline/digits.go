package pipeline

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// appendInteger is strconv.AppendInt in decimal. Up to eight digits become one
// word: digits that are written one by one and then copied have to be in the cache
// first, behind all that was written before them. That is 2 % of a job whose records
// have keys of integers.
func appendInteger(dst []byte, value int64) []byte {
	if value < 0 || value >= 1e8 {
		return strconv.AppendInt(dst, value, 10)
	}
	// Four digits in each half, then two in each quarter, then one in each byte, the
	// first in the lowest; what is taken away by multiplying are divisions by 100 and 10.
	digits := uint64(value/1e4) | uint64(value%1e4)<<32
	left := digits * 10_486 >> 20 & 0x7f_0000_007f
	digits = left | (digits-100*left)<<16
	left = digits * 103 >> 10 & 0x000f_000f_000f_000f
	digits = left | (digits-10*left)<<8
	zeros := min(bits.TrailingZeros64(digits)/8, 7) // in front
	dst = binary.LittleEndian.AppendUint64(dst, (digits|0x3030303030303030)>>(8*zeros))
	return dst[:len(dst)-zeros]
}
