package identity_test

import (
	"strconv"
	"testing"

	"github.com/avstam/avstam/identity"
)

// poolSize is large enough that the branch predictor cannot learn the pool.
const poolSize = 1 << 16

// batchRows is the length of the columns that results are stored in, as in a
// batch of records.
const batchRows = 1 << 12

// spellings are the ways in which a number without a fault is written.
var spellings = []struct {
	name  string
	spell func(twelve string) string
}{
	{"twelve", func(twelve string) string { return twelve }},
	{"thirteen", func(twelve string) string { return twelve[:8] + "-" + twelve[8:] }},
	{"eleven", func(twelve string) string { return twelve[2:8] + "-" + twelve[8:] }},
	{"ten", func(twelve string) string { return twelve[2:] }},
}

// pool is made-up numbers in a column as a reader has it: one buffer, cut.
// Each is spelt by spell, which is given its place.
func pool(spell func(i int, twelve string) string) [][]byte {
	random := newRandom(1)
	var ends []int
	var data []byte
	for i := range poolSize {
		data = append(data, spell(i, madeUp(random))...)
		ends = append(ends, len(data))
	}
	texts := make([][]byte, poolSize)
	start := 0
	for i, end := range ends {
		texts[i] = data[start:end]
		start = end
	}
	return texts
}

// mixed is a pool of a third each of twelve, thirteen and eleven characters, in
// no order.
func mixed() [][]byte {
	random := newRandom(2)
	return pool(func(_ int, twelve string) string { return spellings[random.IntN(3)].spell(twelve) })
}

func BenchmarkParse(b *testing.B) {
	measure := func(name string, texts [][]byte) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			column := make([]identity.Text, batchRows)
			for i := range b.N {
				column[i&(batchRows-1)] = identity.Parse(texts[i&(poolSize-1)])
			}
		})
	}
	for _, s := range spellings {
		measure(s.name, pool(func(_ int, twelve string) string { return s.spell(twelve) }))
	}
	measure("mixed", mixed())
	measure("blanks", pool(func(_ int, twelve string) string { return " " + twelve + " " }))
	measure("check_digit", pool(func(_ int, twelve string) string {
		return twelve[:11] + string('0'+(twelve[11]-'0'+1)%10)
	}))
	measure("organisation", pool(func(_ int, twelve string) string {
		nine := "55" + "6" + twelve[5:11]
		return nine + checkDigit(nine)
	}))
	measure("characters", pool(func(_ int, twelve string) string { return twelve[:5] + "x" + twelve[6:] }))
}

// The yardstick: the standard library reads the digits alone of the mixed pool,
// and judges nothing.
func BenchmarkParseUint(b *testing.B) {
	random := newRandom(2)
	texts := pool(func(_ int, twelve string) string { return spellings[random.IntN(2)*3].spell(twelve) })
	strings := make([]string, len(texts))
	for i, text := range texts {
		strings[i] = string(text)
	}
	b.ResetTimer()
	column := make([]uint64, batchRows)
	for i := range b.N {
		column[i&(batchRows-1)], _ = strconv.ParseUint(strings[i&(poolSize-1)], 10, 64)
	}
}

func BenchmarkParseInteger(b *testing.B) {
	var values []int64
	for _, text := range pool(func(_ int, twelve string) string { return twelve }) {
		value, _ := strconv.ParseInt(string(text), 10, 64)
		values = append(values, value)
	}
	measure := func(name string, modulus int64) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			column := make([]identity.Text, batchRows)
			for i := range b.N {
				column[i&(batchRows-1)] = identity.ParseInteger(values[i&(poolSize-1)] % modulus)
			}
		})
	}
	measure("twelve", 1_000_000_000_000)
	measure("ten", 10_000_000_000)
}

func BenchmarkIn(b *testing.B) {
	measure := func(name string, texts [][]byte) {
		parsed := make([]identity.Text, len(texts))
		for i, text := range texts {
			parsed[i] = identity.Parse(text)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			numbers, faults := make([]identity.Number, batchRows), make([]identity.Fault, batchRows)
			for i := range b.N {
				numbers[i&(batchRows-1)], faults[i&(batchRows-1)] = parsed[i&(poolSize-1)].In(2025)
			}
		})
	}
	measure("twelve", pool(func(_ int, twelve string) string { return twelve }))
	measure("eleven", pool(func(_ int, twelve string) string { return spellings[2].spell(twelve) }))
	measure("mixed", mixed())
}

func BenchmarkAppendDigits(b *testing.B) {
	number, _ := identity.Parse([]byte("196408233234")).In(2025)
	buffer := make([]byte, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		buffer = number.AppendDigits(buffer[:0])
	}
}
