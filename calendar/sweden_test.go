package calendar

import (
	"archive/zip"
	"go/build"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Clocks in Sweden show what the data of the Go at hand say. Where this fails after an
// upgrade the law has changed, or what is known of it: sweden.go says how to follow.
func TestSwedenAgreesWithTheDataOfGo(t *testing.T) {
	archive, err := zip.OpenReader(filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip"))
	require.NoError(t, err)
	defer archive.Close()
	file, err := archive.Open("Europe/Stockholm")
	require.NoError(t, err)
	data, err := io.ReadAll(file)
	require.NoError(t, err)
	want, err := time.LoadLocationFromTZData("Europe/Stockholm", data)
	require.NoError(t, err)
	for at := time.Date(1850, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2150; at = at.Add(time.Hour) {
		name, offset := at.In(Sweden()).Zone()
		if wantName, wantOffset := at.In(want).Zone(); name != wantName || offset != wantOffset {
			t.Fatalf("%s: %s, %d s, want %s, %d s", at, name, offset, wantName, wantOffset)
		}
	}
	name, offset := time.Date(2026, 7, 1, 0, 0, 0, 0, Sweden()).Zone()
	require.Equal(t, "CEST", name)
	require.Equal(t, 2*60*60, offset)
}
