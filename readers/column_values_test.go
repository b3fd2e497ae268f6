package readers

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The remembered seasons give the same day as package time, whatever the order.
func TestDaysInSwedenAreRemembered(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var zone zoneDays
	for range 20_000 {
		seconds := random.Int64N(200*365*secondsPerDay) - 100*365*secondsPerDay
		want, ok := dayInSweden(seconds)
		require.True(t, ok)
		require.Equal(t, want, zone.day(seconds), "%d seconds", seconds)
	}
}

// oreOfInt128 agrees with arithmetic of any size.
func TestDecimalsAgreeWithBigIntegers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range sized(100_000, 20_000) {
		var bytes [16]byte
		binary.BigEndian.PutUint64(bytes[:], random.Uint64()>>random.IntN(64))
		binary.BigEndian.PutUint64(bytes[8:], random.Uint64()>>random.IntN(64))
		if random.IntN(2) == 0 {
			for i := range bytes {
				bytes[i] = ^bytes[i]
			}
		}
		scale := random.IntN(39)
		if random.IntN(2) == 0 && scale > 2 { // a multiple of öre
			value := new(big.Int).Mul(big.NewInt(random.Int64N(2000)-1000), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale-2)), nil))
			if value.BitLen() < 127 {
				bytes = [16]byte(decimalBytes(value.String(), 16).ByteArray())
			}
		}
		wantOre, wantReason := oreOfBytes(bytes[:], scale)
		high, low := int128(bytes[:])
		ore, reason := oreOfInt128(high, low, scale)
		require.Equal(t, wantReason, reason, "% x scale %d", bytes, scale)
		require.Equal(t, wantOre, ore, "% x scale %d", bytes, scale)
	}
}
