package identity_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/avstam/avstam/identity"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// official reads a list of Skatteverket's test numbers, twelve digits each. They
// stand outside the repository; AVSTAM_VECTORS names their folder, by default
// shared/vectors beside the project.
func official(t *testing.T, file string) []string {
	t.Helper()
	folder := os.Getenv("AVSTAM_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "vectors")
	}
	data, err := os.ReadFile(filepath.Join(folder, file))
	if os.IsNotExist(err) && os.Getenv("AVSTAM_VECTORS") == "" {
		t.Skip("the official test numbers are not on this machine; set AVSTAM_VECTORS to their folder")
	}
	require.NoError(t, err)
	var numbers []string
	require.NoError(t, json.Unmarshal(data, &numbers))
	return numbers
}

// Every official number is what it is in every spelling. A failure names the
// place in the list, never the number.
func TestOfficialNumbers(t *testing.T) {
	for _, list := range []struct {
		file string
		kind identity.Kind
		want int
	}{
		{"official_personal_numbers.json", identity.Personal, 41129},
		{"official_coordination_numbers.json", identity.Coordination, 2264},
	} {
		numbers := official(t, list.file)
		require.Len(t, numbers, list.want)
		for i, digits := range numbers {
			value, err := strconv.ParseUint(digits, 10, 64)
			require.NoError(t, err)
			want := identity.Number(value)
			year := want.Year()
			check := func(spelling string, text identity.Text, readIn int) {
				number, fault := text.In(readIn)
				if number != want || fault != identity.NoFault || text.Kind != list.kind || number.Kind() != list.kind {
					t.Errorf("%s, number %d as %s: kind %v, fault %v", list.file, i, spelling, text.Kind, fault)
				}
			}
			check("twelve", identity.Parse([]byte(digits)), 2025)
			check("thirteen", identity.Parse([]byte(digits[:8]+"-"+digits[8:])), 2025)
			check("ten", identity.Parse([]byte(digits[2:])), year+99)
			check("eleven", identity.Parse([]byte(digits[2:8]+"-"+digits[8:])), year)
			check("eleven with plus", identity.Parse([]byte(digits[2:8]+"+"+digits[8:])), year+100)
			check("integer of twelve", identity.ParseInteger(int64(value)), 2025)
			check("integer of ten", identity.ParseInteger(int64(value%10_000_000_000)), year+50)
			assert.Equal(t, digits, string(want.AppendDigits(nil)), "place %d", i)
		}
	}
}

// The organisation numbers of the list are of their own kind where Luhn holds,
// and never read as a person.
func TestOfficialOrganisationNumbers(t *testing.T) {
	folder := os.Getenv("AVSTAM_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "vectors")
	}
	data, err := os.ReadFile(filepath.Join(folder, "organisation_numbers.json"))
	if os.IsNotExist(err) && os.Getenv("AVSTAM_VECTORS") == "" {
		t.Skip("the official test numbers are not on this machine; set AVSTAM_VECTORS to their folder")
	}
	require.NoError(t, err)
	var entries []struct {
		Integer   int64  `json:"integer"`
		Short     string `json:"short_format"`
		Separated string `json:"separated_format"`
	}
	require.NoError(t, json.Unmarshal(data, &entries))
	require.NotEmpty(t, entries)
	for i, e := range entries {
		for _, text := range []identity.Text{
			identity.Parse([]byte(e.Short)), identity.Parse([]byte(e.Separated)), identity.ParseInteger(e.Integer),
			identity.Parse([]byte("16" + e.Short)), identity.Parse([]byte("16" + e.Separated)),
		} {
			assert.Equal(t, identity.Organisation, text.Kind, "entry %d", i)
			assert.Equal(t, identity.NoFault, text.Fault, "entry %d", i)
		}
	}
}
