package report

import (
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuotedLineBreaksComeThrough(t *testing.T) {
	for _, row := range []struct {
		why, text string
		want      [][]string
	}{
		{"in quotes", "\"a\r\nb\",c\r\n", [][]string{{"a\r\nb", "c"}}},
		{"a line break of its own", "\"a\nb\",c\n", [][]string{{"a\nb", "c"}}},
		{"several, and at both ends", "\"\r\n\r\n\r\r\n\",\"\n\"\n", [][]string{{"\r\n\r\n\r\r\n", "\n"}}},
		{"after a doubled quote", "\"\"\"\r\n\"\"\",c\r\n", [][]string{{"\"\r\n\"", "c"}}},
		{"between rows", "a,b\r\n\"c\",d\r\ne,\"f\"\r\n", [][]string{{"a", "b"}, {"c", "d"}, {"e", "f"}}},
	} {
		for name, reader := range map[string]io.Reader{
			"whole": strings.NewReader(row.text), "byte by byte": iotest.OneByteReader(strings.NewReader(row.text)),
			"with the end at once": iotest.DataErrReader(strings.NewReader(row.text)),
		} {
			got, err := csv.NewReader(newLineBreaks(reader)).ReadAll()
			require.NoError(t, err, row.why)
			assert.Equal(t, row.want, got, "%s, %s", row.why, name)
		}
	}
}

// A currency, an agency, a source or a file whose name has line breaks is counted
// under that name, in every format and in the agencies' shares.
func TestNamesWithLineBreaksAreCountedAgain(t *testing.T) {
	for _, name := range []string{"a\r\nb", "\r\n", "a\nb\r", "a\rb", "\"\r\n\"", "'\r\n"} {
		for _, dialect := range []Dialect{Standard, ExcelSwedish} {
			f := namesFixture(t, name)
			f.run.Dialect, f.run.SplitAgency = dialect, true
			path, published := f.publish(t)
			differences, _, err := Verify(t.Context(), path, false)
			require.NoError(t, err)
			assert.Empty(t, differences, "%q in %s", name, dialect)
			assert.NotZero(t, published.Summary.Records.Flagged.Rows)
		}
	}
}
