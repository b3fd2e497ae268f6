package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/job"
)

// callsThatFail are system calls, and the error that each may have.
var callsThatFail = []struct{ name, err string }{
	{"fsync", "EIO"}, {"renameat", "EIO"}, {"symlinkat", "ENOSPC"}, {"linkat", "ENOSPC"}, {"fchmod", "EPERM"}, {"unlinkat", "EACCES"},
	{"mkdirat", "ENOSPC"}, {"pwrite64", "ENOSPC"}, {"write", "ENOSPC"}, {"pread64", "EIO"}, {"read", "EIO"}, {"openat", "EACCES"}, {"close", "EIO"},
}

// What TestFaultsOfRun lets fail in the door to files, here the system lets fail for
// the real program: one call, and all from one on.
func TestFaultsOfSystemCalls(t *testing.T) {
	skipWhereSlow(t)
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		require.NotContains(t, strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), "strace", "AVSTAM_REQUIRE asks for strace")
		t.Skip("there is no strace, which lets system calls fail; AVSTAM_REQUIRE=strace makes a failure of that")
	}
	calls, most := callsThatFail[:3], 1
	if everyFault() {
		calls, most = callsThatFail, 30
	}
	n := newNight(t)
	n.begin(t, "out")
	n.do(t, n.to("out")...)
	before := n.outputs(t, "out")
	exits := map[int]int{}
	for _, call := range calls {
		for when := 1; when <= most; when += 1 + when/2 {
			for _, last := range []string{"", "+"} {
				s := &started{command: exec.Command("strace", append([]string{"-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call.name,
					"-e", fmt.Sprintf("inject=%s:error=%s:when=%d%s", call.name, call.err, when, last), os.Args[0]}, n.to("out")...)...), began: time.Now()}
				s.command.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+n.path("temporary"))
				s.command.Dir, s.command.Stderr = n.folder, &s.told
				require.NoError(t, s.command.Start())
				exit := s.wait(t)
				if exit != 0 && strings.Contains(s.told.String(), "ptrace") {
					t.Skipf("strace may not trace here: %s", s.lastLine())
				}
				what := fmt.Sprintf("%s, %d%s: %s", call.name, when, last, s.lastLine())
				exits[exit]++
				// The runtime of Go, too, makes such calls, and dies where it may not.
				isOurs := strings.HasPrefix(s.lastLine(), "avstam: exit ")
				if isOurs {
					assert.Contains(t, []int{job.ExitDone, job.ExitInput, job.ExitOutput}, exit, what)
				}
				now := n.mustBeWhole(t, "out", before)
				now.reports = slices.DeleteFunc(now.reports, func(name string) bool { return name == "failed" })
				if exit == 0 {
					require.NotEqual(t, before.latest, now.latest, what)
				} else if len(now.reports) > len(before.reports) {
					assert.Contains(t, s.lastLine(), mayNotLast, what)
				}
				n.mustRunClean(t, "out", n.wanted)
				require.NoError(t, os.RemoveAll(n.path("out/failed")))
				n.do(t, "prune", "out", "--keep", "1")
				before = n.outputs(t, "out")
				require.Len(t, before.reports, 1, what)
				for _, left := range namesIn(t, n.path("temporary")) {
					require.NoError(t, os.Remove(filepath.Join(n.path("temporary"), left)))
				}
				require.False(t, t.Failed(), what)
			}
		}
	}
	t.Logf("runs by exit status: %v", exits)
}
