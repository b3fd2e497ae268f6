package report

import (
	"testing"

	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What a column says of many rows at once is what it says of each: the tables in
// Parquet are written by the one, those in CSV and Arrow by the other.
func TestColumnsOfManyRowsSayTheSameAsOfEach(t *testing.T) {
	for _, masked := range []bool{false, true} {
		asMany := 0
		for _, c := range findingColumns(&Run{Masked: masked}) {
			if c.codes != nil || c.numbers != nil || c.texts != nil {
				asMany++
			}
			rapid.Check(t, func(t *rapid.T) {
				findings := rapid.SliceOfN(rapid.Custom(drawFinding), 1, 20).Draw(t, "findings")
				for i := range findings {
					// Codes are small.
					findings[i].Rule %= uint8(len(rules.All()))
					findings[i].ID = [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
				}
				switch {
				case c.codes != nil:
					codes := make([]int32, len(findings))
					c.codes(codes, findings)
					for i := range findings {
						require.Equal(t, c.code(&findings[i]), int(codes[i]), c.name)
					}
				case c.numbers != nil:
					numbers := make([]int64, len(findings))
					c.numbers(numbers, findings)
					for i := range findings {
						number, ok := c.number(&findings[i])
						require.Equal(t, ok, c.required || numbers[i] != c.null, c.name)
						if ok {
							require.Equal(t, number, numbers[i], c.name)
						}
					}
				case c.texts != nil:
					ends := make([]uint32, len(findings))
					// With and without room for what is appended.
					dst := make([]byte, 3, 3+rapid.IntRange(0, 500).Draw(t, "room"))
					text, begin := c.texts(dst, ends, findings), 3
					for i := range findings {
						require.Equal(t, string(c.text(nil, &findings[i])), string(text[begin:ends[i]]), c.name)
						begin = int(ends[i])
					}
					require.Len(t, text, begin, c.name)
				}
			})
		}
		assert.GreaterOrEqual(t, asMany, 20, "most columns are gathered by rows")
	}
}
