package register_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/damage"
	"github.com/avstam/avstam/register"
	"github.com/stretchr/testify/require"
)

// Whatever the bytes of a snapshot are, it is refused or opens; and one that
// opens, its checksums having been made to hold, answers every question with an
// end, whatever it says. As it came it opens only where it is what was saved.
func FuzzSnapshot(f *testing.F) {
	_, _, data := saved(f)
	f.Add(data)
	for at := 28; at < len(data); at += 61 {
		changed := bytes.Clone(data)
		changed[at] ^= 0xff
		f.Add(changed)
	}
	f.Add(data[:240])
	f.Add([]byte("number;status\n"))
	path := filepath.Join(f.TempDir(), "register.avr")
	f.Fuzz(func(t *testing.T, contents []byte) {
		if len(contents) > 64<<10 {
			return
		}
		defer damage.Watch()()
		require.NoError(t, os.WriteFile(path, contents, 0o600))
		if s, err := register.Open(path); err == nil {
			var again bytes.Buffer
			_, err := s.WriteTo(&again)
			require.NoError(t, err)
			require.True(t, bytes.Equal(contents, again.Bytes()), "a snapshot that opens is written as it was")
		}
		const header = 28 + 17*12 + 4
		if len(contents) < header {
			return
		}
		forged := bytes.Clone(contents)
		reseal(forged)
		require.NoError(t, os.WriteFile(path, forged, 0o600))
		s, err := register.Open(path)
		if err != nil {
			require.ErrorContains(t, err, path)
			return
		}
		days := []calendar.Day{calendar.First, 0, 20000, calendar.Last}
		for place, number := range s.Numbers() {
			require.Equal(t, place, s.Find(number))
			for _, day := range days {
				e := s.At(place, day)
				s.Chain(place, day)
				s.StatusFrom(e)
				s.KnownFrom(e)
				s.DeceasedOn(e)
				s.Linked(e)
			}
			s.History(place)
		}
	})
}
