package register

import "golang.org/x/sys/unix"

// newBytes is a zeroed slice that look-ups go to at random. It asks the system
// for large pages, of which the processor finds the addresses sooner: measured, a
// third of the time of a look-up. Where there are none, nothing is lost.
func newBytes(length, capacity int) []byte {
	data := make([]byte, length, capacity)
	if capacity >= 1<<22 {
		// The runtime begins slices of this size at a page.
		_ = unix.Madvise(data[:capacity], unix.MADV_HUGEPAGE)
	}
	return data
}
