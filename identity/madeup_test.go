package identity_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// checkDigit is the Luhn check digit over nine digits: every second one counts
// double, the first too, and a product of two digits counts as their sum.
func checkDigit(nine string) string {
	sum := 0
	for i, c := range nine {
		product := int(c - '0')
		if i%2 == 0 {
			product *= 2
		}
		sum += product/10 + product%10
	}
	return strconv.Itoa((10 - sum%10) % 10)
}

// madeUp is a number of twelve digits without a fault, made up at random: one in
// eight is a coordination number, and of those one in eight has an unknown
// month or day.
func madeUp(random *rand.Rand) string {
	month, day := 1+random.IntN(12), 1+random.IntN(28)
	if random.IntN(8) == 0 {
		day = 61 + random.IntN(31)
		switch random.IntN(16) {
		case 0:
			month = 0
		case 1:
			day = 60
		}
	}
	return withCheckDigit(fmt.Sprintf("%04d%02d%02d%03d", 1850+random.IntN(170), month, day, 1+random.IntN(999)))
}

// withCheckDigit completes the first eleven of twelve digits.
func withCheckDigit(eleven string) string { return eleven + checkDigit(eleven[2:]) }

// newRandom is the same sequence for the same seed, on every machine.
func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// interimLetters are those of the list in docs/domain.md; other lists differ.
var interimLetters = []string{"T", "R", "S", "U", "W", "X", "J", "K", "L", "M", "N"}
