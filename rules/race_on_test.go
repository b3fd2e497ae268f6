//go:build race

package rules_test

// raceDetector says that the race detector is on, which allocates by itself.
const raceDetector = true
