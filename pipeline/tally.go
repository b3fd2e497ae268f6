package pipeline

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// Sum is a sum of öre in 128 bits, so that no number of records overflows it.
// The zero Sum is zero.
type Sum struct {
	high int64
	low  uint64
}

// Add adds an amount in öre.
func (s *Sum) Add(amount int64) {
	var carry uint64
	s.low, carry = bits.Add64(s.low, uint64(amount), 0)
	s.high += amount>>63 + int64(carry)
}

// AddAll adds amounts in öre.
func (s *Sum) AddAll(amounts []int64) {
	// Halves of 32 bits take 2³¹ amounts without an overflow, and no carry.
	for len(amounts) > 0 {
		some := amounts[:min(len(amounts), math.MaxInt32)]
		var low, high int64
		for _, amount := range some {
			low += int64(uint32(amount))
			high += amount >> 32
		}
		amounts = amounts[len(some):]
		s.Add(low)
		s.AddSum(Sum{high: high >> 32, low: uint64(high) << 32})
	}
}

// AddSum adds another sum.
func (s *Sum) AddSum(other Sum) {
	var carry uint64
	s.low, carry = bits.Add64(s.low, other.low, 0)
	s.high += other.high + int64(carry)
}

// IsZero says whether the sum is zero.
func (s Sum) IsZero() bool { return s.high == 0 && s.low == 0 }

// Ore is the sum as an integer of öre of any size.
func (s Sum) Ore() *big.Int {
	ore := new(big.Int).Lsh(big.NewInt(s.high), 64)
	return ore.Add(ore, new(big.Int).SetUint64(s.low))
}

// String is the sum in kronor with two digits after the point, as -1234.50.
func (s Sum) String() string {
	ore := s.Ore()
	sign := ""
	if ore.Sign() < 0 {
		sign = "-"
		ore.Neg(ore)
	}
	digits := ore.String()
	for len(digits) < 3 {
		digits = "0" + digits
	}
	return sign + digits[:len(digits)-2] + "." + digits[len(digits)-2:]
}

// MarshalText is String, for JSON.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Tally counts rows and their öre. The zero Tally is empty.
type Tally struct {
	Rows     int64 `json:"rows"`
	NoAmount int64 `json:"no_amount,omitempty"` // of them, rows whose amount could not be read
	Amounts  []Sum `json:"amounts"`             // by number of the currency in the run's dictionary
	// WithAmount are the rows that each of Amounts is of, as long as they: all
	// rows but those of NoAmount.
	WithAmount []int64 `json:"with_amount"`
}

// Add adds rows without their amounts, of which noAmount have none.
func (t *Tally) Add(rows, noAmount int64) {
	t.Rows += rows
	t.NoAmount += noAmount
}

// AddAmount adds the amount of one row; the row itself is counted by Add.
func (t *Tally) AddAmount(amount int64, currency uint16) {
	if int(currency) >= len(t.Amounts) {
		t.makeRoom(currency)
	}
	t.Amounts[currency].Add(amount)
	t.WithAmount[currency]++
}

// AddRows adds the amounts of rows, each with the number of its currency; the
// rows themselves are counted by Add. Both are equally long. It is the faster the
// longer the runs of one currency are.
func (t *Tally) AddRows(amounts []int64, currencies []uint16) {
	currencies = currencies[:len(amounts)]
	for len(amounts) > 0 {
		run := runOf(currencies)
		var sum Sum
		sum.AddAll(amounts[:run])
		t.AddAmounts(sum, int64(run), currencies[0])
		amounts, currencies = amounts[run:], currencies[run:]
	}
}

// runOf is how many of the currencies, of which there is one at least, are the
// first.
func runOf(currencies []uint16) int {
	first, run := currencies[0], 1
	for len(currencies)-run >= 8 { // fast path: eight that are alike
		c := currencies[run:][:8]
		if (c[0]^first)|(c[1]^first)|(c[2]^first)|(c[3]^first)|(c[4]^first)|(c[5]^first)|(c[6]^first)|(c[7]^first) != 0 {
			break
		}
		run += 8
	}
	for run < len(currencies) && currencies[run] == first {
		run++
	}
	return run
}

// AddAmounts adds what rows of a currency amount to; the rows themselves are
// counted by Add.
func (t *Tally) AddAmounts(sum Sum, rows int64, currency uint16) {
	if int(currency) >= len(t.Amounts) {
		t.makeRoom(currency)
	}
	t.Amounts[currency].AddSum(sum)
	t.WithAmount[currency] += rows
}

func (t *Tally) makeRoom(currency uint16) {
	more := int(currency) + 1 - len(t.Amounts)
	t.Amounts = append(t.Amounts, make([]Sum, more)...)
	t.WithAmount = append(t.WithAmount, make([]int64, more)...)
}

// AddTally adds another tally.
func (t *Tally) AddTally(other *Tally) {
	t.Rows += other.Rows
	t.NoAmount += other.NoAmount
	for currency, sum := range other.Amounts {
		t.AddAmounts(sum, other.WithAmount[currency], uint16(currency))
	}
}

// Renumber gives the currencies the numbers of another dictionary. The tally may
// be of no currency that has none.
func (t *Tally) Renumber(currencies []uint16) {
	amounts, withAmount := t.Amounts, t.WithAmount
	t.Amounts, t.WithAmount = nil, nil
	for currency, sum := range amounts {
		t.AddAmounts(sum, withAmount[currency], currencies[currency])
	}
}

// SubtractAmount takes the amount of one row away, for a row that moves from
// one tally to another.
func (t *Tally) SubtractAmount(amount int64, currency uint16) {
	t.AddAmounts(Sum{}, -1, currency)
	t.Amounts[currency].subtract(amount)
}

func (s *Sum) subtract(amount int64) {
	var borrow uint64
	s.low, borrow = bits.Sub64(s.low, uint64(amount), 0)
	s.high -= amount>>63 + int64(borrow)
}

// UnmarshalText reads what MarshalText writes.
func (s *Sum) UnmarshalText(text []byte) error {
	whole, hundredths, found := strings.Cut(string(text), ".")
	ore, ok := new(big.Int).SetString(whole+hundredths, 10)
	if !found || len(hundredths) != 2 || !ok || ore.BitLen() > 127 || strings.TrimPrefix(whole, "-") == "" || strings.ContainsAny(whole, "_+") {
		return fmt.Errorf("cannot read %q as a sum with two digits after the point", text)
	}
	mask := new(big.Int).SetUint64(math.MaxUint64)
	s.low = new(big.Int).And(ore, mask).Uint64() // of two's complement, as And has it
	s.high = new(big.Int).Rsh(ore, 64).Int64()
	return nil
}
