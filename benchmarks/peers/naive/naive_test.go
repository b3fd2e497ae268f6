package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The slow peer must be right, or the race is with nobody. 640823-3234 and
// 701063-2391 are the worked examples of the number's definition.
func TestNaive(t *testing.T) {
	folder := t.TempDir()
	records, register, findings := filepath.Join(folder, "records.csv"), filepath.Join(folder, "register.csv"), filepath.Join(folder, "findings.csv")
	require.NoError(t, os.WriteFile(register, []byte(`number,status,status_from,status_reason,identity_level,linked_number
196408233234,deregistered,2025-03-01,AV,,
196408233234,active,1964-08-23,,,
197010632391,inactive,2025-06-01,,probable,
197010632391,active,2010-01-01,,probable,
`), 0o600))
	require.NoError(t, os.WriteFile(records, []byte(`record_id,agency,identity_number,payment_date,amount,payment_type
before,a,640823-3234,2025-02-28,1.00,b
same day,a,640823-3234,2025-03-01,1.00,b
after,a,19640823-3234,2025-03-02,1.00,b
inactive,a,197010632391,2025-06-01,1.00,b
still active,a,701063-2391,2025-05-31,1.00,b
check digit,a,640823-3235,2025-05-31,1.00,b
length,a,823-3235,2025-05-31,1.00,b
unknown,a,189001019802,2025-05-31,1.00,b
`), 0o600))
	require.NoError(t, run(records, register, findings))
	text, err := os.ReadFile(findings)
	require.NoError(t, err)
	var found []string
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		fields := strings.Split(line, ",")
		found = append(found, fields[0]+": "+fields[len(fields)-1]+" "+fields[7])
	}
	assert.Equal(t, []string{
		"after: deceased_payee 2025-03-01", "inactive: inactive_number 2025-06-01", "check digit: malformed_number ", "length: malformed_number ", "unknown: unknown_number ",
	}, found)
}
