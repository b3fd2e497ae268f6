package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Full numbers are shown where standard output is a terminal, and there alone.
func TestFullNumbersAreShownOnATerminal(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: there are no terminals here: %v", err)
	}
	defer master.Close()
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)

	folder := t.TempDir()
	call := func(out *os.File, arguments ...string) error {
		command := exec.Command(os.Args[0], arguments...)
		command.Env = append(os.Environ(), asProgram+"=1")
		command.Dir = folder
		command.Stdout = out
		return command.Run()
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "register.csv"), []byte("number,status,linked_number\n197010632391,closed,196408233234\n196408233234,active,\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "records.csv"), []byte("identity_number,payment_date,amount,record_id\n19701063-2391,2025-11-20,1.00,A\n"), 0o600))
	require.NoError(t, call(nil, "run", "--records", "records.csv", "--register", "register.csv", "--out", "out", "--quiet"))
	id := func() string { // the first in the file
		found, err := os.ReadFile(filepath.Join(folder, "out", "latest", "findings.parquet"))
		require.NoError(t, err)
		for i := range found[:len(found)-32] {
			if isHex(found[i : i+32]) {
				return string(found[i : i+32])
			}
		}
		t.Fatal("there is no finding")
		return ""
	}()

	require.NoError(t, call(terminal, "explain", "--numbers", "full", "out/latest", id))
	require.NoError(t, terminal.Close())
	shown := make([]byte, 1<<16)
	n := 0
	for n < len(shown) {
		read, err := master.Read(shown[n:])
		n += read
		if err != nil {
			break // the other end is closed
		}
	}
	assert.Contains(t, string(shown[:n]), "identity number  19701063-2391")
	assert.Contains(t, string(shown[:n]), "-> 196408233234, personal number,")

	pipe, err := os.Create(filepath.Join(folder, "out.txt"))
	require.NoError(t, err)
	defer pipe.Close()
	err = call(pipe, "explain", "--numbers", "full", "out/latest", id)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 2, exit.ExitCode())
}

func isHex(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
