//go:build race

package main

// raceDetector says that the race detector is on, which is slow and allocates.
const raceDetector = true
