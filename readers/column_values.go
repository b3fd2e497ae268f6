package readers

import (
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
	"github.com/parquet-go/parquet-go"
)

// Marks of values that cannot be read; none is a value.
const (
	badDay       = calendar.Missing + 1
	badPartial   = ^calendar.Partial(0)
	badProtected = ^register.Tristate(0)
)

// noAmount stands for an amount that is missing or cannot be read.
const noAmount = math.MinInt64

// days makes days of a column: Missing for nulls and blank text, badDay for
// what cannot be read.
func (t *columnType) days() func(*columnValues, int, []calendar.Day) error {
	switch t.shape {
	case dateShape:
		return func(v *columnValues, first int, dst []calendar.Day) error {
			for i, day := range v.int32s[first:][:len(dst)] {
				dst[i] = validDay(int64(day))
			}
			return nil
		}
	case timestampShape:
		var zone zoneDays
		if t.kind == parquet.Int96 {
			return func(v *columnValues, first int, dst []calendar.Day) error {
				for i, at := range v.int96s[first:][:len(dst)] {
					dst[i] = zone.dayOfInt96(at[0], at[1], at[2])
				}
				return nil
			}
		}
		perDay := t.perDay
		if !t.zoned {
			return func(v *columnValues, first int, dst []calendar.Day) error {
				for i := range dst {
					dst[i] = validDay(floorDivide(v.int64(first+i), perDay))
				}
				return nil
			}
		}
		return func(v *columnValues, first int, dst []calendar.Day) error {
			for i := range dst {
				dst[i] = zone.day(floorDivide(v.int64(first+i), perDay/secondsPerDay))
			}
			return nil
		}
	}
	return ofTexts(dayOfField)
}

// registerDays makes days of a column of a register extract, in which a day of
// zeros is missing.
func (t *columnType) registerDays() func(*columnValues, int, []calendar.Day) error {
	days := t.days()
	if t.shape != textShape {
		return days
	}
	return func(v *columnValues, first int, dst []calendar.Day) error {
		if err := days(v, first, dst); err != nil {
			return err
		}
		for i, day := range dst {
			if day == badDay && isZeroFilled(v.text(first+i)) {
				dst[i] = calendar.Missing
			}
		}
		return nil
	}
}

const secondsPerDay = 24 * 60 * 60

func floorDivide(value, divisor int64) int64 {
	quotient := value / divisor
	if value%divisor < 0 {
		quotient--
	}
	return quotient
}

// validDay is a day counted from 1970-01-01, and badDay outside the years 1 to 9999.
func validDay(day int64) calendar.Day {
	if day < int64(calendar.First) || day > int64(calendar.Last) {
		return badDay
	}
	return calendar.Day(day)
}

func dayOfField(text []byte) calendar.Day {
	if day, ok := parseDay(text, ""); ok {
		return day
	}
	if isBlank(text) {
		return calendar.Missing
	}
	return badDay
}

// zoneDays makes days in Sweden of instants. It remembers the summer or winter
// that it was in, since the look-up of a time zone costs more than all else
// about a timestamp.
type zoneDays struct {
	spans [2]struct{ start, end, offset int64 } // seconds since 1970-01-01 UTC; seconds east of UTC
}

// day is the day of an instant in seconds since 1970-01-01 UTC.
func (z *zoneDays) day(seconds int64) calendar.Day {
	if span := &z.spans[0]; seconds >= span.start && seconds < span.end {
		return validDay(floorDivide(seconds+span.offset, secondsPerDay))
	}
	if span := &z.spans[1]; seconds >= span.start && seconds < span.end {
		return validDay(floorDivide(seconds+span.offset, secondsPerDay))
	}
	return z.dayOfOtherSpan(seconds)
}

func (z *zoneDays) dayOfOtherSpan(seconds int64) calendar.Day {
	if seconds < (int64(calendar.First)-1)*secondsPerDay || seconds > (int64(calendar.Last)+2)*secondsPerDay {
		return badDay
	}
	at := time.Unix(seconds, 0).In(calendar.Sweden())
	_, offset := at.Zone()
	start, end := at.ZoneBounds()
	if !start.IsZero() && !end.IsZero() {
		z.spans[1] = z.spans[0]
		z.spans[0].start, z.spans[0].end, z.spans[0].offset = start.Unix(), end.Unix(), int64(offset)
	}
	return validDay(floorDivide(seconds+int64(offset), secondsPerDay))
}

// dayOfInt96 is the day of a time stored as nanoseconds of a Julian day and the
// day, as Impala, Hive and Spark write it.
func (z *zoneDays) dayOfInt96(low, high, julian uint32) calendar.Day {
	const julianOfEpoch = 2440588 // 1970-01-01
	nanoseconds := int64(uint64(high)<<32 | uint64(low))
	day := int64(int32(julian)) - julianOfEpoch
	return z.day(day*secondsPerDay + floorDivide(nanoseconds, int64(time.Second)))
}

// partials makes dates of death, which may be incomplete: the zero Partial for
// nulls and blank text, badPartial for what cannot be read.
func (t *columnType) partials() func(*columnValues, int, []calendar.Partial) error {
	switch t.shape {
	case dateShape, timestampShape:
		days, buffer := t.days(), []calendar.Day(nil)
		return func(v *columnValues, first int, dst []calendar.Partial) error {
			buffer = resize(buffer, len(dst))
			if err := days(v, first, buffer); err != nil {
				return err
			}
			for i, day := range buffer {
				if dst[i] = badPartial; day != badDay {
					dst[i] = calendar.PartialDay(day)
				}
			}
			return nil
		}
	case integerShape:
		return ofIntegers(t, func(value int64) calendar.Partial {
			var digits [20]byte
			return partialOfField(strconv.AppendInt(digits[:0], value, 10))
		})
	}
	return ofTexts(partialOfField)
}

func partialOfField(text []byte) calendar.Partial {
	if partial, ok := parsePartial(text, ""); ok {
		return partial
	}
	return badPartial
}

// protected makes booleans: NoValue for nulls and blank text, badProtected for
// what cannot be read.
func (t *columnType) protected() func(*columnValues, int, []register.Tristate) error {
	switch t.shape {
	case booleanShape:
		return func(v *columnValues, first int, dst []register.Tristate) error {
			for i := range dst {
				if dst[i] = register.False; v.boolean(first + i) {
					dst[i] = register.True
				}
			}
			return nil
		}
	case integerShape:
		return ofIntegers(t, func(value int64) register.Tristate {
			switch value {
			case 0:
				return register.False
			case 1:
				return register.True
			}
			return badProtected
		})
	}
	return ofTexts(func(text []byte) register.Tristate {
		value, ok := parseProtected(text)
		if !ok {
			return badProtected
		}
		return value
	})
}

// texts reads identity numbers of a column of text.
func texts(v *columnValues, first int, dst []identity.Text) error {
	if v.starts == nil {
		for i := range dst {
			dst[i] = identity.Parse(v.text(first + i))
		}
		return nil
	}
	starts, ends := v.starts[first:][:len(dst)], v.ends[first:][:len(dst)]
	for i := range dst {
		dst[i] = identity.Parse(v.data[starts[i]:ends[i]])
	}
	return nil
}

// identities reads identity numbers of any column that has them.
func (t *columnType) identities() func(*columnValues, int, []identity.Text) error {
	if t.shape == textShape {
		return texts
	}
	return ofIntegers(t, identity.ParseInteger)
}

// numbers reads the register's own numbers, which have twelve digits; what is
// none is 0.
func (t *columnType) numbers() func(*columnValues, int, []identity.Number) error {
	if t.shape == textShape {
		var series identity.Series
		return ofTexts(series.Number)
	}
	return ofIntegers(t, func(value int64) identity.Number { return identity.ParseInteger(value).Number() })
}

// links reads numbers as numbers does; what is blank or nothing but zeros is 0,
// what is no number register.UnreadableLink.
func (t *columnType) links() func(*columnValues, int, []identity.Number) error {
	if t.shape == textShape {
		return ofTexts(func(text []byte) identity.Number {
			link, _ := linkOf(text)
			return link
		})
	}
	return ofIntegers(t, func(value int64) identity.Number {
		number := identity.ParseInteger(value).Number()
		if number == 0 && value != 0 {
			return register.UnreadableLink
		}
		return number
	})
}

// ofTexts makes values of a column of text.
func ofTexts[T any](value func([]byte) T) func(*columnValues, int, []T) error {
	return func(v *columnValues, first int, dst []T) error {
		for i := range dst {
			dst[i] = value(v.text(first + i))
		}
		return nil
	}
}

// ofIntegers makes values of a column of integers.
func ofIntegers[T any](t *columnType, value func(int64) T) func(*columnValues, int, []T) error {
	integers, buffer := t.integers(), []int64(nil)
	return func(v *columnValues, first int, dst []T) error {
		buffer = resize(buffer, len(dst))
		if err := integers(v, first, buffer); err != nil {
			return err
		}
		for i, integer := range buffer {
			dst[i] = value(integer)
		}
		return nil
	}
}

// noInteger stands for an integer that does not fit into 64 bits. It is also the
// least that does, which is no number, date or truth value either.
const noInteger = math.MinInt64

// integers reads integers, and decimals without digits after the point: noInteger
// where one does not fit.
func (t *columnType) integers() func(*columnValues, int, []int64) error {
	read := t.narrowIntegers()
	return func(v *columnValues, first int, dst []int64) error {
		err := read(v, first, dst)
		if err != errWide {
			return err
		}
		for i := range dst { // slow path
			if read(v, first+i, dst[i:i+1]) != nil {
				dst[i] = noInteger
			}
		}
		return nil
	}
}

// errWide says that an integer does not fit into 64 bits with a sign.
var errWide = errors.New("a value is beyond 64 bits")

// narrowIntegers reads integers, and gives errWide where one does not fit.
func (t *columnType) narrowIntegers() func(*columnValues, int, []int64) error {
	switch {
	case t.kind == parquet.Int32 && t.unsigned:
		return func(v *columnValues, first int, dst []int64) error {
			for i, value := range v.int32s[first:][:len(dst)] {
				dst[i] = int64(uint32(value))
			}
			return nil
		}
	case t.kind == parquet.Int32:
		return func(v *columnValues, first int, dst []int64) error {
			for i, value := range v.int32s[first:][:len(dst)] {
				dst[i] = int64(value)
			}
			return nil
		}
	case t.kind == parquet.Int64:
		unsigned := t.unsigned
		return func(v *columnValues, first int, dst []int64) error {
			v.copyInt64s(dst, first)
			if unsigned && slices.ContainsFunc(dst, func(value int64) bool { return value < 0 }) {
				return errWide
			}
			return nil
		}
	}
	return func(v *columnValues, first int, dst []int64) error {
		for i := range dst {
			high, low := int128(v.text(first + i))
			if dst[i] = int64(low); high != dst[i]>>63 || len(significant(v.text(first+i))) > 16 {
				return errWide
			}
		}
		return nil
	}
}

// significant is a two's complement integer, the highest byte first, without
// the bytes that only repeat its sign.
func significant(text []byte) []byte {
	for len(text) > 1 && (text[0] == 0 && text[1] < 0x80 || text[0] == 0xff && text[1] >= 0x80) {
		text = text[1:]
	}
	return text
}

// int128 is a two's complement integer, the highest byte first, of which only
// the last sixteen bytes count.
func int128(text []byte) (high int64, low uint64) {
	if len(text) > 16 {
		text = text[len(text)-16:]
	}
	if n := len(text); n > 8 {
		return int64FromBytes(text[:n-8]), binary.BigEndian.Uint64(text[n-8:])
	}
	value := int64FromBytes(text)
	return value >> 63, uint64(value)
}

// int64FromBytes is a two's complement integer of up to eight bytes, the highest first.
func int64FromBytes(text []byte) int64 {
	switch len(text) {
	case 0:
		return 0
	case 8: // fast path
		return int64(binary.BigEndian.Uint64(text))
	}
	value := int64(int8(text[0]))
	for _, b := range text[1:] {
		value = value<<8 | int64(b)
	}
	return value
}

// amounts makes amounts in öre, and noAmount where there is none.
func (t *columnType) amounts() func(*columnValues, int, []int64) error {
	one := t.amount()
	switch {
	case t.shape == decimalShape && t.scale == 2 && t.kind == parquet.Int64: // fast paths
		return func(v *columnValues, first int, dst []int64) error {
			v.copyInt64s(dst, first)
			for i, ore := range dst {
				// No DECIMAL of 64 bits has such a one, but for in a file that is wrong.
				if ore > limitAmount || ore < -limitAmount {
					dst[i] = noAmount
				}
			}
			return nil
		}
	case t.shape == decimalShape && t.scale == 2 && t.kind == parquet.Int32:
		return func(v *columnValues, first int, dst []int64) error {
			for i, value := range v.int32s[first:][:len(dst)] {
				dst[i] = int64(value)
			}
			return nil
		}
	case t.kind == parquet.Double:
		return func(v *columnValues, first int, dst []int64) error {
			for i, value := range v.doubles[first:][:len(dst)] {
				ore, reason := oreOfDouble(value)
				if reason != pipeline.NoReason {
					ore = noAmount
				}
				dst[i] = ore
			}
			return nil
		}
	}
	return func(v *columnValues, first int, dst []int64) error {
		for i := range dst {
			ore, reason := one(v, first+i)
			if reason != pipeline.NoReason {
				ore = noAmount
			}
			dst[i] = ore
		}
		return nil
	}
}

// amount makes one amount in öre, and says why where it cannot.
func (t *columnType) amount() func(v *columnValues, i int) (int64, pipeline.RejectReason) {
	scale := t.scale // 0 for integers, which are kronor
	switch t.kind {
	case parquet.Double:
		return func(v *columnValues, i int) (int64, pipeline.RejectReason) { return oreOfDouble(v.doubles[i]) }
	case parquet.Float:
		return func(v *columnValues, i int) (int64, pipeline.RejectReason) { return oreOfFloat(v.floats[i]) }
	case parquet.Int32:
		unsigned := t.unsigned
		return func(v *columnValues, i int) (int64, pipeline.RejectReason) {
			value := int64(v.int32s[i])
			if unsigned {
				value = int64(uint32(value))
			}
			return oreOfInt128(value>>63, uint64(value), scale)
		}
	case parquet.Int64:
		unsigned := t.unsigned
		return func(v *columnValues, i int) (int64, pipeline.RejectReason) {
			value := v.int64(i)
			if unsigned {
				return oreOfInt128(0, uint64(value), scale)
			}
			return oreOfInt128(value>>63, uint64(value), scale)
		}
	}
	if t.shape == textShape {
		return func(v *columnValues, i int) (int64, pipeline.RejectReason) { return parseAmount(v.text(i), '.') }
	}
	return func(v *columnValues, i int) (int64, pipeline.RejectReason) {
		text := v.text(i)
		switch {
		case len(text) == 0, len(text) > limitValue:
			return 0, pipeline.BadAmount
		case len(text) > 16 && len(significant(text)) > 16:
			return oreOfBytes(significant(text), scale)
		}
		high, low := int128(text)
		return oreOfInt128(high, low, scale)
	}
}

// oreOfInt128 is a decimal in öre: exact, or none.
func oreOfInt128(high int64, low uint64, scale int) (int64, pipeline.RejectReason) {
	negative := high < 0
	magnitudeHigh, magnitude := uint64(high), low
	if negative {
		var borrow uint64
		magnitude, borrow = bits.Sub64(0, magnitude, 0)
		magnitudeHigh, _ = bits.Sub64(0, magnitudeHigh, borrow)
	}
	for scale > 2 && (magnitudeHigh|magnitude) != 0 {
		digits := min(scale-2, 19)
		divisor := powersOfTen[digits]
		var remainder uint64
		magnitudeHigh, remainder = magnitudeHigh/divisor, magnitudeHigh%divisor
		if magnitude, remainder = bits.Div64(remainder, magnitude, divisor); remainder != 0 {
			return 0, pipeline.BadAmount
		}
		scale -= digits
	}
	if scale < 2 {
		overflow, scaled := bits.Mul64(magnitude, powersOfTen[2-scale])
		if overflow != 0 {
			return 0, pipeline.AmountRange
		}
		magnitude = scaled
	}
	if magnitudeHigh != 0 || magnitude > limitAmount {
		return 0, pipeline.AmountRange
	}
	if negative {
		return -int64(magnitude), pipeline.NoReason
	}
	return int64(magnitude), pipeline.NoReason
}

// powersOfTen has the powers that fit into 64 bits.
var powersOfTen = func() (powers [20]uint64) {
	power := uint64(1)
	for i := range powers {
		powers[i] = power
		power *= 10
	}
	return powers
}()

// oreOfBytes is a decimal of more than 128 bits in öre.
func oreOfBytes(text []byte, scale int) (int64, pipeline.RejectReason) {
	value := bigOfBytes(text)
	if scale > 2 {
		divisor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale-2)), nil)
		if value.QuoRem(value, divisor, divisor); divisor.Sign() != 0 {
			return 0, pipeline.BadAmount
		}
	} else {
		value.Mul(value, big.NewInt(int64(powersOfTen[2-scale])))
	}
	if value.CmpAbs(big.NewInt(limitAmount)) > 0 {
		return 0, pipeline.AmountRange
	}
	return value.Int64(), pipeline.NoReason
}

// bigOfBytes is a two's complement integer, the highest byte first.
func bigOfBytes(text []byte) *big.Int {
	value := new(big.Int).SetBytes(text)
	if len(text) > 0 && text[0] >= 0x80 {
		value.Sub(value, new(big.Int).Lsh(big.NewInt(1), uint(8*len(text))))
	}
	return value
}

// exactDouble and exactFloat bound the integers that their types all have.
const (
	exactDouble = 1 << 53
	exactFloat  = 1 << 24
)

// oreOfDouble is a number of kronor in öre, where it is the double nearest to
// that number of öre.
func oreOfDouble(kronor float64) (int64, pipeline.RejectReason) {
	ore := math.Round(100 * kronor)
	if math.Abs(ore) < exactDouble && ore/100 == kronor { // not a number is neither
		return int64(ore), pipeline.NoReason
	}
	return 0, pipeline.BadAmount
}

// oreOfFloat is a number of kronor in öre, where it is exactly that, or where
// öre are coarser than floats and it is the float nearest to it.
func oreOfFloat(kronor float32) (int64, pipeline.RejectReason) {
	if ore, reason := oreOfDouble(float64(kronor)); reason == pipeline.NoReason {
		return ore, reason
	}
	ore := math.Round(100 * float64(kronor))
	if math.Abs(ore) < exactFloat && float32(ore/100) == kronor {
		return int64(ore), pipeline.NoReason
	}
	return 0, pipeline.BadAmount
}

// appendRaw appends a value as text: of a longer one the first limitRaw bytes.
func (t *columnType) appendRaw(dst []byte, v *columnValues, i int) []byte {
	switch t.shape {
	case textShape:
		text := v.text(i)
		return append(dst, text[:min(len(text), limitRaw)]...)
	case dateShape:
		return strconv.AppendInt(dst, int64(v.int32s[i]), 10) // days since 1970-01-01
	case floatShape:
		if t.kind == parquet.Float {
			return strconv.AppendFloat(dst, float64(v.floats[i]), 'g', -1, 32)
		}
		return strconv.AppendFloat(dst, v.doubles[i], 'g', -1, 64)
	case timestampShape:
		if t.kind == parquet.Int96 {
			return append(dst, v.int96s[i].String()...)
		}
		return strconv.AppendInt(dst, v.int64(i), 10)
	}
	return t.appendDecimal(dst, v, i)
}

// appendDecimal appends an integer or a decimal with its digits after the point,
// and a question mark for one of more than limitValue bytes.
func (t *columnType) appendDecimal(dst []byte, v *columnValues, i int) []byte {
	value := new(big.Int)
	switch {
	case t.kind == parquet.Int32 && t.unsigned:
		value.SetUint64(uint64(uint32(v.int32s[i])))
	case t.kind == parquet.Int32:
		value.SetInt64(int64(v.int32s[i]))
	case t.kind == parquet.Int64 && t.unsigned:
		value.SetUint64(uint64(v.int64(i)))
	case t.kind == parquet.Int64:
		value.SetInt64(v.int64(i))
	default:
		text := v.text(i)
		if len(text) > limitValue {
			return append(dst, '?')
		}
		value = bigOfBytes(text)
	}
	if value.Sign() < 0 {
		dst = append(dst, '-')
	}
	digits := value.Abs(value).Append(nil, 10)
	for len(digits) <= t.scale {
		digits = append([]byte{'0'}, digits...)
	}
	dst = append(dst, digits[:len(digits)-t.scale]...)
	if t.scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[len(digits)-t.scale:]...)
	}
	return dst
}
