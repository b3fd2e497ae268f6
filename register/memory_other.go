//go:build !linux

package register

// newBytes is a zeroed slice that look-ups go to at random.
func newBytes(length, capacity int) []byte { return make([]byte, length, capacity) }
