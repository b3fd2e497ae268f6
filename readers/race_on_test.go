//go:build race

package readers

// raceDetector says that the race detector is on, which is slow and allocates.
const raceDetector = true
