//go:build race

package job_test

// raceDetector says that the race detector is on, which allocates by itself.
const raceDetector = true
