package storage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What somebody else has put among temporary files says nothing of what is to be
// removed on object storage, whatever its name.
func TestOnlyStagesOfThisUserAreSwept(t *testing.T) {
	for _, row := range []struct {
		why   string
		mode  os.FileMode
		owner int
		swept bool
	}{
		{"a stage of this user that died", 0o700, syscall.Getuid(), true},
		{"others may write in it", 0o777, syscall.Getuid(), false},
		{"others may read it: no stage is so", 0o755, syscall.Getuid(), false},
		{"it is another user's", 0o700, 65533, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			if row.owner != syscall.Getuid() && syscall.Getuid() != 0 {
				t.Skip("only root can give a folder to another user")
			}
			t.Setenv("TMPDIR", t.TempDir())
			prefix := fmt.Sprintf("%savstam-%d-", temporaryPrefix, syscall.Getuid())
			path := filepath.Join(os.TempDir(), prefix+randomName())
			require.NoError(t, os.Mkdir(path, 0o700))
			require.NoError(t, os.Chmod(path, row.mode))
			require.NoError(t, os.Chown(path, row.owner, -1))
			sweepStages(context.Background(), prefix, time.Now())
			_, err := os.Lstat(path)
			assert.Equal(t, row.swept, os.IsNotExist(err))
		})
	}
}
