// Package damage changes files as bad disks and bad intent do, for the tests of
// what reads them.
package damage

import (
	"math/rand/v2"
	"slices"
	"time"
)

// patience is how long an input may take: much longer than any does on a machine
// that is busy.
const patience = time.Minute

// Watch ends the process with a panic where done is not called in time. A fuzzing
// engine would wait for an input that is read for ever, and say nothing of it.
func Watch() (done func()) {
	timer := time.AfterFunc(patience, func() { panic("an input takes more than " + patience.String()) })
	return func() { timer.Stop() }
}

// Of is a changed copy of a file that has more than 16 bytes: bits turned, an end
// cut off, bytes moved, left out or put in. Now and then it is the same.
func Of(file []byte, random *rand.Rand) []byte {
	const most = 16
	changed := slices.Clone(file)
	at, length := random.IntN(len(file)), 1+random.IntN(most)
	end := min(at+length, len(file))
	switch random.IntN(7) {
	case 0, 1:
		for range length {
			changed[random.IntN(len(file))] ^= 1 << random.IntN(8)
		}
	case 2:
		changed[at] ^= byte(1 + random.IntN(255))
	case 3:
		return changed[:at]
	case 4:
		return slices.Insert(changed, at, changed[:length]...)
	case 5:
		return slices.Delete(changed, at, end)
	case 6:
		copy(changed[at:end], file[random.IntN(len(file)-length):])
	}
	return changed
}
