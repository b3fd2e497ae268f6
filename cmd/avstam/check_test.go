package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Lines are told by their place in the file, blank ones among them.
func TestReadLines(t *testing.T) {
	lines, err := readLines(strings.NewReader("\n 640823-3234\n\n197010632391"))
	require.NoError(t, err)
	assert.Equal(t, []string{"640823-3234", "197010632391"}, lines)
	lines, err = readLines(strings.NewReader("\ufeff640823-3234\r\n\ufeff197010632391\r\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"640823-3234", "\ufeff197010632391"}, lines, "a byte order mark is one at the beginning alone")

	_, err = readLines(strings.NewReader("\n640823-3234\n\n" + strings.Repeat("9", 1<<17)))
	require.EqualError(t, err, "cannot read standard input: line 4: it has more than 65536 bytes")
	_, err = readLines(strings.NewReader("\n \n"))
	require.EqualError(t, err, "cannot read standard input: it has no numbers")
}
