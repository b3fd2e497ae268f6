package readers

import (
	"encoding/binary"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oneColumn reads values of one column, beside usual others, as records: with a
// dictionary and without, required and with nulls.
func oneColumn(t *testing.T, name string, node parquet.Node, values []parquet.Value) []plainRecord {
	t.Helper()
	var records []plainRecord
	for _, encoded := range []parquet.Node{node, parquet.Encoded(node, &parquet.RLEDictionary), parquet.Encoded(node, &parquet.Plain)} {
		required := true
		for _, value := range values {
			required = required && !value.IsNull()
		}
		if !required {
			encoded = parquet.Optional(encoded)
		}
		columns := []testColumn{
			{"identity_number", parquet.String(), func(int) parquet.Value { return parquet.ByteArrayValue([]byte("640823-3234")) }},
			{"payment_date", parquet.Date(), func(int) parquet.Value { return parquet.Int32Value(20000) }},
			{"amount", parquet.Int(32), func(int) parquet.Value { return parquet.Int32Value(5) }},
		}
		column := testColumn{name, encoded, func(row int) parquet.Value { return values[row] }}
		replaced := false
		for i := range columns {
			if columns[i].name == name {
				columns[i], replaced = column, true
			}
		}
		if !replaced {
			columns = append(columns, column)
		}
		got, _, err := readRecords(writeParquet(t, len(values), 1<<20, columns), &Source{}, newOptions())
		require.NoError(t, err)
		require.Len(t, got, len(values))
		if records != nil {
			require.Equal(t, records, got, "another encoding, other rows")
		}
		records = got
	}
	return records
}

// decimalBytes is a two's complement integer of a width.
func decimalBytes(value string, width int) parquet.Value {
	number, ok := new(big.Int).SetString(value, 10)
	if !ok {
		panic("BUG: no integer: " + value)
	}
	if number.Sign() < 0 {
		number.Add(number, new(big.Int).Lsh(big.NewInt(1), uint(8*width)))
	}
	return parquet.FixedLenByteArrayValue(number.FillBytes(make([]byte, width)))
}

func TestParquetAmounts(t *testing.T) {
	fixed := func(scale, precision, width int) parquet.Node {
		return parquet.Decimal(scale, precision, parquet.FixedLenByteArrayType(width))
	}
	double := parquet.Leaf(parquet.DoubleType)
	float := parquet.Leaf(parquet.FloatType)
	for _, c := range []struct {
		why   string
		node  parquet.Node
		value parquet.Value
		ore   int64
		want  string
	}{
		{"öre as they are", parquet.Decimal(2, 18, parquet.Int64Type), parquet.Int64Value(-12345), -12345, ""},
		{"öre in 32 bits", parquet.Decimal(2, 9, parquet.Int32Type), parquet.Int32Value(-12345), -12345, ""},
		{"the least of 64 bits, which is a mark", parquet.Decimal(2, 18, parquet.Int64Type), parquet.Int64Value(math.MinInt64), 0, `amount amount_range false "-92233720368547758.08"`},
		{"kronor, DECIMAL without öre", parquet.Decimal(0, 18, parquet.Int64Type), parquet.Int64Value(7), 700, ""},
		{"tenths", parquet.Decimal(1, 9, parquet.Int32Type), parquet.Int32Value(-15), -150, ""},
		{"four digits, the last two zero", parquet.Decimal(4, 18, parquet.Int64Type), parquet.Int64Value(123400), 1234, ""},
		{"four digits, finer than öre", parquet.Decimal(4, 18, parquet.Int64Type), parquet.Int64Value(123450), 0, `amount bad_amount false "12.3450"`},
		{"finer than öre and below one", parquet.Decimal(4, 9, parquet.Int32Type), parquet.Int32Value(-5), 0, `amount bad_amount false "-0.0005"`},
		{"kronor beyond 64 bits of öre", parquet.Decimal(0, 18, parquet.Int64Type), parquet.Int64Value(math.MaxInt64 / 50), 0, `amount amount_range false "184467440737095516"`},
		{"null", parquet.Decimal(2, 18, parquet.Int64Type), parquet.NullValue(), 0, `amount missing_amount false ""`},

		{"fixed, eight bytes", fixed(2, 18, 8), decimalBytes("-12345", 8), -12345, ""},
		{"fixed, five bytes", fixed(2, 11, 5), decimalBytes("-12345", 5), -12345, ""},
		{"fixed, one byte", fixed(2, 2, 1), decimalBytes("-99", 1), -99, ""},
		{"fixed, sixteen bytes", fixed(2, 38, 16), decimalBytes("999999999999999999", 16), 999_999_999_999_999_999, ""},
		{"fixed, the least", fixed(2, 38, 16), decimalBytes("-999999999999999999", 16), -999_999_999_999_999_999, ""},
		{"fixed, one öre too much", fixed(2, 38, 16), decimalBytes("1000000000000000000", 16), 0, `amount amount_range false "10000000000000000.00"`},
		{"fixed, beyond 64 bits", fixed(2, 38, 16), decimalBytes("-9223372036854775809", 16), 0, `amount amount_range false "-92233720368547758.09"`},
		{"one öre too much where 64 bits have it", parquet.Decimal(2, 18, parquet.Int64Type), parquet.Int64Value(1_000_000_000_000_000_000), 0, `amount amount_range false "10000000000000000.00"`},
		{"eighteen digits, as Spark has by default", fixed(18, 38, 16), decimalBytes("-12345670000000000000000", 16), -1234567, ""},
		{"eighteen digits, finer than öre", fixed(18, 38, 16), decimalBytes("12345670000000000000001", 16), 0, `amount bad_amount false "12345.670000000000000001"`},
		{"36 digits", fixed(36, 38, 16), decimalBytes("-12340000000000000000000000000000000000", 16), -1234, ""},
		{"36 digits, finer than öre at the last", fixed(36, 38, 16), decimalBytes("12340000000000000000000000000000000001", 16), 0, `amount bad_amount false "12.340000000000000000000000000000000001"`},
		{"256 bits", fixed(60, 76, 32), decimalBytes("-1234500000000000000000000000000000000000000000000000000000000000", 32), -123450, ""},
		{"256 bits, small", fixed(2, 76, 32), decimalBytes("-1", 32), -1, ""},
		{"256 bits, beyond öre", fixed(2, 76, 32), decimalBytes("123456789012345678901234567890123456789012345", 32), 0, `amount amount_range false "1234567890123456789012345678901234567890123.45"`},
		{"binary", parquet.Decimal(2, 18, parquet.ByteArrayType), parquet.ByteArrayValue([]byte{0xff, 0x00}), -256, ""},
		{"binary of no bytes", parquet.Decimal(2, 18, parquet.ByteArrayType), parquet.ByteArrayValue(nil), 0, `amount bad_amount false "0.00"`},

		{"whole kronor", parquet.Int(64), parquet.Int64Value(-3), -300, ""},
		{"whole kronor, eight bits", parquet.Int(8), parquet.Int32Value(-3), -300, ""},
		{"whole kronor without sign", parquet.Uint(32), parquet.Int32Value(-1), 429496729500, ""},
		{"whole kronor without sign, beyond", parquet.Uint(64), parquet.Int64Value(-1), 0, `amount amount_range false "18446744073709551615"`},

		{"a double", double, parquet.DoubleValue(1234.56), 123456, ""},
		{"a double that is no öre", double, parquet.DoubleValue(0.005), 0, `amount bad_amount false "0.005"`},
		{"a double that was added up", double, parquet.DoubleValue(math.Nextafter(0.3, 1)), 0, `amount bad_amount false "0.30000000000000004"`},
		{"minus nothing", double, parquet.DoubleValue(math.Copysign(0, -1)), 0, ""},
		{"no number", double, parquet.DoubleValue(math.NaN()), 0, `amount bad_amount false "NaN"`},
		{"infinite", double, parquet.DoubleValue(math.Inf(-1)), 0, `amount bad_amount false "-Inf"`},
		{"the greatest double", double, parquet.DoubleValue(90071992547409.91), 9007199254740991, ""},
		{"a double too great to tell öre", double, parquet.DoubleValue(90071992547409.92), 0, `amount bad_amount false "9.007199254740992e+13"`},
		{"a float", float, parquet.FloatValue(0.1), 10, ""},
		{"a float of many kronor", float, parquet.FloatValue(1e9), 100_000_000_000, ""},
		{"a float too coarse for öre", float, parquet.FloatValue(300000.1), 0, `amount bad_amount false "300000.1"`},

		{"text", parquet.String(), parquet.ByteArrayValue([]byte("-1 234.5")), -123450, ""},
		{"text with a comma", parquet.String(), parquet.ByteArrayValue([]byte("1,5")), 0, `amount bad_amount false "1,5"`},
		{"blank text", parquet.String(), parquet.ByteArrayValue([]byte(" ")), 0, `amount missing_amount false " "`},
		{"fixed text", parquet.Leaf(parquet.FixedLenByteArrayType(6)), parquet.FixedLenByteArrayValue([]byte("001.50")), 150, ""},
	} {
		got := oneColumn(t, "amount", c.node, []parquet.Value{c.value, c.value})
		for _, r := range got {
			assert.Equal(t, c.ore, r.ore, c.why)
			assert.Equal(t, c.want, r.reject, c.why)
		}
	}
}

func TestParquetDates(t *testing.T) {
	millis := func(text string) parquet.Value {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return parquet.Int64Value(at.UnixMilli())
	}
	micros := func(text string) parquet.Value {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return parquet.Int64Value(at.UnixMicro())
	}
	nanos := func(text string) parquet.Value {
		at, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		return parquet.Int64Value(at.UnixNano())
	}
	int96 := func(julian uint32, at time.Duration) parquet.Value {
		return parquet.Int96Value(deprecated.Int96{uint32(at), uint32(at >> 32), julian})
	}
	text := func(text string) parquet.Value { return parquet.ByteArrayValue([]byte(text)) }
	var (
		zoned   = parquet.Timestamp(parquet.Millisecond)
		zonedMs = parquet.Timestamp(parquet.Microsecond)
		zonedNs = parquet.Timestamp(parquet.Nanosecond)
		local   = parquet.TimestampAdjusted(parquet.Microsecond, false)
		old     = parquet.Leaf(parquet.Int96Type)
	)
	for _, c := range []struct {
		why   string
		node  parquet.Node
		value parquet.Value
		date  string
		want  string
	}{
		{"a day", parquet.Date(), parquet.Int32Value(0), "1970-01-01", ""},
		{"the last day", parquet.Date(), parquet.Int32Value(int32(calendar.Last)), "9999-12-31", ""},
		{"a day after it", parquet.Date(), parquet.Int32Value(int32(calendar.Last) + 1), "", `payment_date bad_date true "2932897"`},
		{"a day of the year 0", parquet.Date(), parquet.Int32Value(int32(calendar.First) - 1), "", `payment_date bad_date true "-719163"`},
		{"the day that stands for none", parquet.Date(), parquet.Int32Value(math.MinInt32), "", `payment_date bad_date true "-2147483648"`},
		{"null", parquet.Date(), parquet.NullValue(), "", `payment_date missing_date true ""`},
		{"summer, after midnight in Sweden", zoned, millis("2025-06-30T22:30:00Z"), "2025-07-01", ""},
		{"summer, midnight in Sweden", zonedMs, micros("2025-06-30T22:00:00Z"), "2025-07-01", ""},
		{"summer, before it", zonedMs, micros("2025-06-30T21:59:59Z"), "2025-06-30", ""},
		{"winter, before midnight", zoned, millis("2025-01-31T22:30:00Z"), "2025-01-31", ""},
		{"winter, after midnight", zonedNs, nanos("2025-01-31T23:00:00Z"), "2025-02-01", ""},
		{"winter, a nanosecond before midnight", zonedNs, nanos("2025-01-31T22:59:59.999999999Z"), "2025-01-31", ""},
		{"the evening before summer time ends", zoned, millis("2025-10-25T22:30:00Z"), "2025-10-26", ""},
		{"the evening after", zoned, millis("2025-10-26T22:30:00Z"), "2025-10-26", ""},
		{"before 1970", zoned, millis("1969-12-31T22:59:59Z"), "1969-12-31", ""},
		{"an instant beyond the years", zoned, parquet.Int64Value(math.MaxInt64), "", `payment_date bad_date true "9223372036854775807"`},
		{"the least instant", zoned, parquet.Int64Value(math.MinInt64), "", `payment_date bad_date true "-9223372036854775808"`},
		{"no zone: the day stands", local, micros("2025-06-30T22:30:00Z"), "2025-06-30", ""},
		{"no zone, before 1970", local, micros("1969-12-31T23:59:59Z"), "1969-12-31", ""},
		{"INT96, summer", old, int96(2440588+20269, 22*time.Hour+30*time.Minute), "2025-07-01", ""},
		{"INT96, noon", old, int96(2440588, 12*time.Hour), "1970-01-01", ""},
		{"INT96, a year of no calendar", old, int96(math.MaxInt32, 0), "", `payment_date bad_date true "39614081238685424723062423552"`},
		{"text", parquet.String(), text("2025-06-30"), "2025-06-30", ""},
		{"text with a zone", parquet.String(), text("2025-06-30T22:30:00Z"), "2025-07-01", ""},
		{"text that is no date", parquet.String(), text("2025-06-31"), "", `payment_date bad_date true "2025-06-31"`},
		{"blank text", parquet.String(), text("  "), "", `payment_date missing_date true "  "`},
		{"fixed text", parquet.Leaf(parquet.FixedLenByteArrayType(8)), parquet.FixedLenByteArrayValue([]byte("20250630")), "2025-06-30", ""},
	} {
		for _, r := range oneColumn(t, "payment_date", c.node, []parquet.Value{c.value, c.value}) {
			assert.Equal(t, c.date, r.date.String(), c.why)
			assert.Equal(t, c.want, r.reject, c.why)
			assert.EqualValues(t, 500, r.ore, c.why)
		}
	}
	periods := oneColumn(t, "period_end", parquet.Date(), []parquet.Value{parquet.NullValue(), parquet.Int32Value(1), parquet.Int32Value(math.MaxInt32)})
	assert.Equal(t, calendar.Missing, periods[0].end)
	assert.Empty(t, periods[0].reject, "a period may be missing")
	assert.Equal(t, "1970-01-02", periods[1].end.String())
	assert.Equal(t, `period_end bad_date true "2147483647"`, periods[2].reject)
}

func TestParquetIdentityNumbers(t *testing.T) {
	number := identity.Parse([]byte("196408233234"))
	short := identity.Parse([]byte("6408233234"))
	old := identity.ParseInteger(408233232) // of a year that begins with 0
	fixed := func(text string) parquet.Value { return parquet.FixedLenByteArrayValue([]byte(text)) }
	for _, c := range []struct {
		why   string
		node  parquet.Node
		value parquet.Value
		given string
		want  identity.Text
	}{
		{"twelve digits in 64 bits", parquet.Int(64), parquet.Int64Value(196408233234), "196408233234", number},
		{"no annotation", parquet.Leaf(parquet.Int64Type), parquet.Int64Value(6408233234), "6408233234", short},
		{"without sign", parquet.Uint(64), parquet.Int64Value(196408233234), "196408233234", number},
		{"32 bits, leading zeros lost", parquet.Int(32), parquet.Int32Value(408233232), "408233232", old},
		{"32 bits without sign", parquet.Uint(32), parquet.Int32Value(-1), "4294967295", identity.ParseInteger(4294967295)},
		{"a DECIMAL without point", parquet.Decimal(0, 12, parquet.Int64Type), parquet.Int64Value(196408233234), "196408233234", number},
		{"a fixed DECIMAL without point", parquet.Decimal(0, 12, parquet.FixedLenByteArrayType(6)), decimalBytes("196408233234", 6), "196408233234", number},
		{"a negative integer", parquet.Int(64), parquet.Int64Value(-5), "-5", identity.ParseInteger(-5)},
		{"null integer", parquet.Int(64), parquet.NullValue(), "", identity.Parse(nil)},
		{"the greatest without sign", parquet.Uint(64), parquet.Int64Value(-1), "18446744073709551615", identity.Parse([]byte("18446744073709551615"))},
		{"the least with a sign", parquet.Int(64), parquet.Int64Value(math.MinInt64), "-9223372036854775808", identity.Parse([]byte("-9223372036854775808"))},
		{"a DECIMAL of more than 64 bits", parquet.Decimal(0, 38, parquet.FixedLenByteArrayType(16)), decimalBytes("-12345678901234567890123", 16), "-12345678901234567890123", identity.Parse([]byte("-12345678901234567890123"))},
		{"a DECIMAL of 256 bits", parquet.Decimal(0, 76, parquet.FixedLenByteArrayType(32)), decimalBytes("1234567890123456789012345678901234567890", 32), "1234567890123456789012345678901234567890", identity.Parse([]byte("1234567890123456789012345678901234567890"))},
		{"null text", parquet.String(), parquet.NullValue(), "", identity.Parse(nil)},
		{"fixed text", parquet.Leaf(parquet.FixedLenByteArrayType(12)), fixed("196408233234"), "196408233234", number},
		{"fixed text, blanks behind", parquet.Leaf(parquet.FixedLenByteArrayType(13)), fixed("6408233234   "), "6408233234   ", short},
		{"bytes without annotation", parquet.Leaf(parquet.ByteArrayType), parquet.ByteArrayValue([]byte("640823-3234")), "640823-3234", identity.Parse([]byte("640823-3234"))},
	} {
		values := []parquet.Value{c.value, c.value, parquet.NullValue(), c.value}
		for i, r := range oneColumn(t, "identity_number", c.node, values) {
			if i == 2 {
				assert.Empty(t, r.given, c.why)
				assert.Equal(t, identity.Empty, r.text.Fault, c.why)
				continue
			}
			assert.Equal(t, c.given, r.given, c.why)
			assert.Equal(t, c.want, r.text, c.why)
		}
		if !c.value.IsNull() {
			for _, r := range oneColumn(t, "identity_number", c.node, []parquet.Value{c.value, c.value}) {
				assert.Equal(t, c.given, r.given, c.why)
				assert.Equal(t, c.want, r.text, c.why)
			}
		}
	}
}

func TestParquetRecordIDs(t *testing.T) {
	uuid := parquet.FixedLenByteArrayValue([]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0, 0, 0, 0, 0, 0, 0, 0xff})
	for _, c := range []struct {
		why   string
		node  parquet.Node
		value parquet.Value
		want  string
	}{
		{"integer", parquet.Int(64), parquet.Int64Value(-17), "-17"},
		{"integer 0, which is no null", parquet.Int(32), parquet.Int32Value(0), "0"},
		{"text", parquet.String(), parquet.ByteArrayValue([]byte("å-1")), "å-1"},
		{"an enumeration", parquet.Enum(), parquet.ByteArrayValue([]byte("A")), "A"},
		{"a UUID, as DuckDB has", parquet.UUID(), uuid, "01234567-89ab-cdef-0000-0000000000ff"},
		{"a DECIMAL without point of sixteen bytes", parquet.Decimal(0, 38, parquet.FixedLenByteArrayType(16)), decimalBytes("-9223372036854775808", 16), "-9223372036854775808"},
		{"one of more than 64 bits", parquet.Decimal(0, 38, parquet.FixedLenByteArrayType(16)), decimalBytes("-9223372036854775809", 16), "-9223372036854775809"},
		{"the greatest without sign", parquet.Uint(64), parquet.Int64Value(-1), "18446744073709551615"},
	} {
		got := oneColumn(t, "record_id", c.node, []parquet.Value{c.value, parquet.NullValue(), c.value})
		for i, want := range []string{c.want, "", c.want} {
			assert.Equal(t, want, got[i].recordID, c.why)
		}
	}
}

// One integer beyond 64 bits is a number that is none, as it is in CSV, and changes
// nothing of the other rows.
func TestIntegersBeyond64BitsAreOfTheirRow(t *testing.T) {
	for _, c := range []struct {
		node   parquet.Node
		values []parquet.Value
	}{
		{parquet.Uint(64), []parquet.Value{parquet.Int64Value(196408233234), parquet.Int64Value(-1), parquet.Int64Value(408233232), parquet.NullValue()}},
		{parquet.Decimal(0, 38, parquet.FixedLenByteArrayType(16)), []parquet.Value{decimalBytes("196408233234", 16), decimalBytes("18446744073709551615", 16), decimalBytes("408233232", 16), parquet.NullValue()}},
	} {
		got := oneColumn(t, "identity_number", c.node, c.values)
		for i, want := range []string{"196408233234", "18446744073709551615", "408233232", ""} {
			assert.Equal(t, want, got[i].given)
		}
		assert.Equal(t, identity.ParseInteger(196408233234), got[0].text)
		assert.Equal(t, identity.Length, got[1].text.Fault)
		assert.Equal(t, identity.ParseInteger(408233232), got[2].text, "the zeros that it has lost are put back")
		assert.Equal(t, identity.Empty, got[3].text.Fault)
		got = oneColumn(t, "record_id", c.node, c.values)
		for i, want := range []string{"196408233234", "18446744073709551615", "408233232", ""} {
			assert.Equal(t, want, got[i].recordID)
		}
	}
	// An entry of a dictionary that no row has is of no row.
	file := &madeFile{rows: 1, pages: []madePage{
		dictionaryPage(2, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, 7), math.MaxUint64)),
		dataPage(1, format.RLEDictionary, append([]byte{1}, run(1, 0)...)),
	}, change: func(m *format.FileMetaData) {
		m.RowGroups[0].Columns[0].MetaData.Type = format.Int64
		m.Schema[1].Type.V, m.Schema[1].LogicalType = format.Int64, *parquet.Uint(64).Type().LogicalType()
	}}
	path := filepath.Join(t.TempDir(), "made.parquet")
	require.NoError(t, os.WriteFile(path, file.bytes(), 0o600))
	records, _, err := readRecords(path, constantSource(), newOptions())
	require.NoError(t, err)
	assert.Equal(t, "7", records[0].given)

	// What is wider than any decimal there is, is refused: its digits cost much.
	wide := make([]byte, 100)
	wide[0] = 1
	path = writeParquet(t, 3, 3, []testColumn{{"identity_number", parquet.Decimal(0, 200, parquet.FixedLenByteArrayType(100)), func(row int) parquet.Value {
		if row == 1 {
			return parquet.FixedLenByteArrayValue(wide)
		}
		return parquet.FixedLenByteArrayValue(make([]byte, 100))
	}}})
	_, _, err = readRecords(path, constantSource(), newOptions())
	assert.ErrorContains(t, err, "column identity_number: row 2 of the file: an integer of more than 256 bits")
}

// Text that is not UTF-8 is no record's: nothing of it may reach a report.
func TestParquetTextThatIsNotUTF8(t *testing.T) {
	bad := parquet.ByteArrayValue([]byte("caf\xe9"))
	good := parquet.ByteArrayValue([]byte("café"))
	for _, name := range []string{"identity_number", "record_id", "agency", "payment_type"} {
		got := oneColumn(t, name, parquet.String(), []parquet.Value{good, bad, good, parquet.NullValue()})
		assert.Empty(t, got[0].reject, name)
		assert.Equal(t, name+` encoding true "caf\xe9"`, got[1].reject, name)
		assert.Empty(t, got[2].reject, name)
		assert.Empty(t, got[3].reject, name)
		assert.Empty(t, got[1].agency+got[1].paymentType, "a row that is no record has no words")
	}
	got := oneColumn(t, "currency", parquet.String(), []parquet.Value{bad, parquet.ByteArrayValue([]byte("EUR"))})
	assert.Equal(t, `currency encoding false "caf\xe9"`, got[0].reject)
	assert.Equal(t, "EUR", got[1].currency)
}

// Words stand in the summary and in metrics: a person's number is none.
func TestParquetWordsThatAreNumbers(t *testing.T) {
	text := func(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }
	for _, name := range []string{"agency", "payment_type", "currency"} {
		for _, node := range []parquet.Node{parquet.String(), parquet.Encoded(parquet.String(), &parquet.RLEDictionary)} {
			got := oneColumn(t, name, node, []parquet.Value{
				text("196408233234"), text("640823-3234"), text("197010632391"), text("196408233235"), text("5560360793"), text("202100-5521"), text("2025-11-20"), parquet.NullValue(),
			})
			for i, why := range []string{"twelve digits", "ten", "a coordination number"} {
				assert.Contains(t, got[i].reject, name+" identity_number ", why)
				assert.Empty(t, got[i].agency+got[i].paymentType, "a row that is no record has no words")
			}
			for i, why := range []string{"another check digit", "an organisation", "an agency by its number", "a day", "a null"} {
				assert.Empty(t, got[3+i].reject, why)
			}
		}
	}
}

func TestParquetCurrencyThatIsMissing(t *testing.T) {
	got := oneColumn(t, "currency", parquet.String(), []parquet.Value{parquet.NullValue(), parquet.ByteArrayValue(nil), parquet.ByteArrayValue([]byte("NOK"))})
	assert.Equal(t, "SEK", got[0].currency, "null")
	assert.Equal(t, "SEK", got[1].currency, "empty")
	assert.Equal(t, "NOK", got[2].currency)
	got = oneColumn(t, "record_id", parquet.String(), []parquet.Value{parquet.ByteArrayValue(nil)})
	assert.Equal(t, "SEK", got[0].currency, "no such column")
}

// Of several faults of a row the first counts, and only the amount's own takes
// the amount away.
func TestParquetRowsWithSeveralFaults(t *testing.T) {
	type row struct {
		date, ore, end parquet.Value
		want           string
	}
	day, far, null := parquet.Int32Value(20000), parquet.Int32Value(math.MaxInt32), parquet.NullValue()
	ore := parquet.Int64Value(250)
	rows := []row{
		{day, ore, day, ""},
		{null, null, far, `payment_date missing_date false ""`},
		{day, null, far, `amount missing_amount false ""`},
		{far, ore, far, `payment_date bad_date true "2147483647"`},
		{day, ore, far, `period_end bad_date true "2147483647"`},
		{day, ore, null, ""},
	}
	column := func(name string, node parquet.Node, of func(row) parquet.Value) testColumn {
		return testColumn{name, parquet.Optional(node), func(i int) parquet.Value { return of(rows[i%len(rows)]) }}
	}
	path := writeParquet(t, 10_000, 5000, []testColumn{
		column("payment_date", parquet.Date(), func(r row) parquet.Value { return r.date }),
		column("amount", parquet.Decimal(2, 18, parquet.Int64Type), func(r row) parquet.Value { return r.ore }),
		column("period_end", parquet.Date(), func(r row) parquet.Value { return r.end }),
		column("payment_type", parquet.String(), func(row) parquet.Value { return parquet.ByteArrayValue([]byte("pension")) }),
	}, parquet.PageBufferSize(700))
	got, _, err := readRecords(path, &Source{Constants: map[string]string{"identity_number": "640823-3234"}}, newOptions())
	require.NoError(t, err)
	require.Len(t, got, 10_000)
	for i, r := range got {
		want := rows[i%len(rows)].want
		require.Equal(t, want, r.reject, "row %d", i)
		if want == "" {
			require.Equal(t, "pension", r.paymentType, "row %d", i)
		} else {
			require.Empty(t, r.paymentType, "row %d", i)
		}
	}
}

func TestParquetConstants(t *testing.T) {
	source := &Source{
		Name:    "fk",
		Columns: map[string]string{"identity_number": "PNR"},
		Constants: map[string]string{
			"agency": "forsakringskassan", "payment_type": "pension", "currency": "EUR", "payment_date": "30.06.2025",
			"amount": "12,50", "period_start": "2025-06-01", "record_id": "K1",
		},
		CSV: CSV{Decimal: ','},
	}
	path := writeParquet(t, 5000, 5000, []testColumn{
		{"PNR", parquet.String(), func(int) parquet.Value { return parquet.ByteArrayValue([]byte("640823-3234")) }},
	})
	for _, digest := range []bool{false, true} {
		options := newOptions()
		options.Digest = digest
		got, _, err := readRecords(path, source, options)
		require.NoError(t, err)
		require.Len(t, got, 5000)
		assert.Equal(t, plainRecord{
			given: "640823-3234", recordID: "K1", agency: "forsakringskassan", paymentType: "pension", currency: "EUR",
			date: calendar.Of(2025, 6, 30), start: calendar.Of(2025, 6, 1), end: calendar.Missing, ore: 1250, text: identity.Parse([]byte("640823-3234")),
		}, got[4999])
	}
	source.Constants["payment_date"] = "yesterday"
	_, _, err := readRecords(path, source, newOptions())
	assert.ErrorContains(t, err, `source "fk": the constant of payment_date`)
}
