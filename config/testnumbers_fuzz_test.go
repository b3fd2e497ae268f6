package config

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/identity"
)

var manyDigitsInARow = regexp.MustCompile(`[0-9]{6,}`)

// A list of test numbers is what its lines say, each read by itself, or an error
// that names a line and none of its digits.
func FuzzTestNumbers(f *testing.F) {
	for _, text := range []string{"", "# none\n", "196408233234\n", "\ufeff19640823-3234 # one\r\n\n197010632391", "6408233234\n", "196408233235\n",
		"165560125790\n", "196408233234\x00\n", "\t196408233234\t#196408233234", strings.Repeat("1", 70_000), "196408233234\r197010632391\n"} {
		f.Add([]byte(text))
	}
	// No digits in the folder's name.
	folder, err := os.MkdirTemp("", "list")
	require.NoError(f, err)
	f.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "list")
	f.Fuzz(func(t *testing.T, text []byte) {
		require.NoError(t, os.WriteFile(path, text, 0o600))
		numbers, err := readTestNumbers(path)
		if err != nil {
			require.ErrorContains(t, err, path)
			require.Empty(t, manyDigitsInARow.FindString(strings.ReplaceAll(err.Error(), path, "")))
			return
		}
		var want []identity.Number
		for i, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			parsed := identity.Parse([]byte(line))
			require.True(t, parsed.Number() != 0 && !parsed.Ten, "line %d is no number of twelve digits and was read as one", i+1)
			want = append(want, parsed.Number())
		}
		slices.Sort(want)
		require.True(t, slices.Equal(slices.Compact(want), numbers), "the numbers are not those of the lines")
		// What was read is written and read again.
		var again bytes.Buffer
		for _, number := range numbers {
			again.Write(append(number.AppendDigits(nil), '\n'))
		}
		require.NoError(t, os.WriteFile(path, again.Bytes(), 0o600))
		reread, err := readTestNumbers(path)
		require.NoError(t, err)
		require.True(t, slices.Equal(numbers, reread))
	})
}
