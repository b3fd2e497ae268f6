//go:build !linux

package register

// askForLargePages does nothing where nobody can be asked.
func askForLargePages([]byte) {}
