package identity

import "encoding/binary"

// Series reads texts that mostly come in the order of their numbers, as those of
// a register extract do: of one with the date of the last that was read, only
// the last four digits are. The zero Series is one that has read none.
type Series struct {
	date  uint64 // the first eight characters of the last number
	first Number // the last number with 0000 for its last four digits
	sum   uint8  // what its date adds to the Luhn sum, more or less tens
}

// Number is Parse(text).Number(): 0 for what is no number of twelve digits.
func (s *Series) Number(text []byte) Number {
	if len(text) == 12 && binary.LittleEndian.Uint64(text) == s.date && s.first != 0 { // fast path
		serial := binary.LittleEndian.Uint32(text[8:]) ^ zeros4
		if !notDigits(0, serial) {
			serial = serial*10 + serial>>8
			first, last := uint8(serial), uint8(serial>>16)
			last4 := uint32(first)*100 + uint32(last)
			if sum := s.sum + luhnOf[first] + luhnOf[last]; last4 < 10 || tens>>(sum&63)&1 == 0 {
				return 0
			}
			return s.first + Number(last4)
		}
	}
	return s.parse(text)
}

func (s *Series) parse(text []byte) Number {
	number := Parse(text).Number()
	if number != 0 && len(text) == 12 {
		last4 := number % 1e4
		s.date, s.first = binary.LittleEndian.Uint64(text), number-last4
		s.sum = 20 - luhnOf[last4/100] - luhnOf[last4%100] // with which they come to 20
	}
	return number
}
