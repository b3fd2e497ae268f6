//go:build !race

package readers

const raceDetector = false
