package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// underUmask starts the program as a shell with that umask does.
func underUmask(t *testing.T, umask, folder string, arguments ...string) (exit int, lastLine string) {
	t.Helper()
	command := exec.Command("sh", append([]string{"-c", "umask " + umask + `; exec "$0" "$@"`, os.Args[0]}, arguments...)...)
	command.Env, command.Dir = append(os.Environ(), asProgram+"=1"), folder
	var errs bytes.Buffer
	command.Stderr = &errs
	var exited *exec.ExitError
	if err := command.Run(); !errors.As(err, &exited) {
		require.NoError(t, err)
	}
	lines := strings.Split(strings.TrimRight(errs.String(), "\n"), "\n")
	return command.ProcessState.ExitCode(), lines[len(lines)-1]
}

// securityNight has a finding for the register, a protected one, and a row that
// is rejected.
func securityNight(t *testing.T) string {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"register.csv": "number,status,status_from,assigned_on,protected\n198207641278,active,2013-08-28,2013-08-28,\n192811683198,active,2013-08-28,2013-08-28,true\n",
		"records.csv": "identity_number,payment_date,amount,record_id,agency\n198207641278,2025-08-25,100.00,A1,fk\n" +
			"192811683198,2025-09-25,100.00,A3,csn\n198207641278,never,1.00,A4,fk\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	return folder
}

var securityRun = []string{"run", "--records", "records.csv", "--register", "register.csv", "--out", "out", "--extract-date", "2025-11-30",
	"--format", "parquet,csv,arrow,html", "--split", "agency", "--metrics-file", "metrics.prom", "--quiet"}

// Every file that the program makes has the mode that it should have, whatever
// the umask of who starts it: what holds numbers is its owner's alone.
func TestModesWhateverTheUmask(t *testing.T) {
	holdsNumbers := func(name string) bool {
		base := filepath.Base(name)
		for _, prefix := range []string{"findings.", "rejects.", "cases.csv", "cases-", ".lock", ".id_key"} {
			if strings.HasPrefix(base, prefix) {
				return true
			}
		}
		return strings.HasSuffix(base, ".avr") || strings.HasPrefix(name, "notices/") || strings.HasPrefix(name, "made/") || strings.HasPrefix(name, "demo/") && !strings.HasPrefix(name, "demo/out/")
	}
	for _, umask := range []string{"000", "022", "077", "777"} {
		t.Run(umask, func(t *testing.T) {
			folder := securityNight(t)
			given := tree(t, folder)
			for _, name := range []string{"old", "old/it"} {
				require.NoError(t, os.Mkdir(filepath.Join(folder, name), 0o711))
				require.NoError(t, os.Chmod(filepath.Join(folder, name), 0o711))
			}
			run := func(exit int, arguments ...string) {
				t.Helper()
				got, line := underUmask(t, umask, folder, arguments...)
				require.Equal(t, exit, got, line)
			}
			run(0, append(slices.Clone(securityRun), "--max-rejects", "5")...)
			run(3, append(slices.Clone(securityRun), "--max-rejects", "0")...)
			run(0, "register", "build", "--in", "register.csv", "--out", "register.avr")
			run(0, "notices", "out/latest", "--out", "notices")
			run(0, "notices", "out/latest", "--out", "above/it/cases.csv")
			run(0, "run", "--records", "records.csv", "--register", "register.csv", "--max-rejects", "5", "--out", "old/it/far/below/out", "--cpuprofile", "cpu", "--memprofile", "memory")
			run(0, "generate", "--records", "100", "--out", "made/below", "--format", "parquet,csv")
			run(0, "demo", "--records", "100", "--out", "demo")
			found := map[string]int{}
			require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
				require.NoError(t, err)
				name, err := filepath.Rel(folder, path)
				require.NoError(t, err)
				info, err := entry.Info()
				require.NoError(t, err)
				if name == "old" || name == "old/it" {
					assert.Equal(t, fs.ModeDir|0o711, info.Mode(), "%s was there before", name)
					return nil
				}
				if _, ok := given[name]; ok || name == "." || info.Mode()&fs.ModeSymlink != 0 {
					return nil
				}
				want := fs.FileMode(0o640)
				switch {
				case info.IsDir():
					want = fs.ModeDir | 0o750
				case holdsNumbers(name):
					want = 0o600
				}
				assert.Equal(t, want, info.Mode(), name)
				found[strings.Split(name, "/")[0]]++
				if strings.HasPrefix(name, "out/failed/") && !info.IsDir() {
					found["failed"]++
				}
				return nil
			}))
			for _, name := range []string{"out", "notices", "register.avr", "metrics.prom", "failed", "above", "old", "cpu", "memory", "made", "demo"} {
				assert.Positive(t, found[name], "there is %s", name)
			}
		})
	}
}

// Nobody can lead the output elsewhere by a symbolic link, and nothing that is
// there is written over.
func TestLinksLeadNothingElsewhere(t *testing.T) {
	const secret = "what is there already\n"
	for _, c := range []struct {
		why       string
		prepare   func(t *testing.T, folder string)
		arguments []string
		exit      int
		says      string
	}{
		{"the output folder is a link", func(t *testing.T, folder string) {
			require.NoError(t, os.Symlink("elsewhere", filepath.Join(folder, "out")))
		}, securityRun, 4, "symbolic link"},
		{"the lock is a link", func(t *testing.T, folder string) {
			require.NoError(t, os.Mkdir(filepath.Join(folder, "out"), 0o750))
			require.NoError(t, os.Symlink("../elsewhere/victim", filepath.Join(folder, "out", ".lock")))
		}, securityRun, 4, "lock"},
		{"the key is a link to nothing", func(t *testing.T, folder string) {
			require.NoError(t, os.Mkdir(filepath.Join(folder, "out"), 0o750))
			require.NoError(t, os.Symlink("../elsewhere/new", filepath.Join(folder, "out", ".id_key")))
		}, securityRun, 4, "key"},
		{"the folder of failed runs is a link", func(t *testing.T, folder string) {
			require.NoError(t, os.Mkdir(filepath.Join(folder, "out"), 0o750))
			require.NoError(t, os.Symlink("../elsewhere", filepath.Join(folder, "out", "failed")))
		}, append(slices.Clone(securityRun), "--max-rejects", "0"), 3, "symbolic link"},
		{"latest is a folder", func(t *testing.T, folder string) {
			require.NoError(t, os.MkdirAll(filepath.Join(folder, "out", "latest"), 0o750))
		}, securityRun, 4, "latest"},
		{"latest is a file", func(t *testing.T, folder string) {
			require.NoError(t, os.Mkdir(filepath.Join(folder, "out"), 0o750))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "out", "latest"), []byte(secret), 0o600))
		}, securityRun, 4, "latest"},
		{"latest leads elsewhere: the link is replaced and nothing behind it", func(t *testing.T, folder string) {
			require.NoError(t, os.Mkdir(filepath.Join(folder, "out"), 0o750))
			require.NoError(t, os.Symlink("../elsewhere", filepath.Join(folder, "out", "latest")))
		}, securityRun, 0, ""},
		{"the metrics file is a link, as in /dev", func(t *testing.T, folder string) {
			require.NoError(t, os.Symlink("elsewhere/victim", filepath.Join(folder, "metrics.prom")))
		}, securityRun, 4, "metrics.prom is no file"},
		{"the snapshot is a link", func(t *testing.T, folder string) {
			require.NoError(t, os.Symlink("elsewhere/victim", filepath.Join(folder, "register.avr")))
		}, []string{"register", "build", "--in", "register.csv", "--out", "register.avr"}, 4, "register.avr is no file"},
		{"the notices are a link", func(t *testing.T, folder string) {
			code, line := underUmask(t, "022", folder, append(slices.Clone(securityRun), "--max-rejects", "5")...)
			require.Zero(t, code, line)
			require.NoError(t, os.Symlink("elsewhere", filepath.Join(folder, "notices")))
		}, []string{"notices", "out/latest", "--out", "notices"}, 4, "notices"},
		{"what a run that died has left is a link: the link goes and nothing behind it", func(t *testing.T, folder string) {
			require.NoError(t, os.Mkdir(filepath.Join(folder, "out"), 0o750))
			require.NoError(t, os.Symlink("../elsewhere", filepath.Join(folder, "out", ".tmp-0123456789abcdef")))
		}, securityRun, 0, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			folder := securityNight(t)
			elsewhere := filepath.Join(folder, "elsewhere")
			require.NoError(t, os.Mkdir(elsewhere, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "victim"), []byte(secret), 0o644))
			c.prepare(t, folder)
			arguments := c.arguments
			if !slices.Contains(arguments, "--max-rejects") && arguments[0] == "run" {
				arguments = append(slices.Clone(arguments), "--max-rejects", "5")
			}
			exit, line := underUmask(t, "022", folder, arguments...)
			assert.Equal(t, c.exit, exit, line)
			assert.Contains(t, line, c.says)
			entries, err := os.ReadDir(elsewhere)
			require.NoError(t, err)
			require.Len(t, entries, 1, "nothing is made elsewhere")
			contents, err := os.ReadFile(filepath.Join(elsewhere, "victim"))
			require.NoError(t, err)
			assert.Equal(t, secret, string(contents), "what is there stays as it is")
			info, err := os.Stat(filepath.Join(elsewhere, "victim"))
			require.NoError(t, err)
			assert.Equal(t, fs.FileMode(0o644), info.Mode())
		})
	}
}

// A second run adds a report and changes nothing of the first.
func TestAReportIsNeverWrittenOver(t *testing.T) {
	folder := securityNight(t)
	arguments := append(slices.Clone(securityRun), "--max-rejects", "5")
	contents := func() map[string]string {
		found := map[string]string{}
		for name := range tree(t, filepath.Join(folder, "out")) {
			if text, err := os.ReadFile(filepath.Join(folder, "out", name)); err == nil && !strings.HasPrefix(name, "latest") {
				found[name] = string(text)
			}
		}
		return found
	}
	code, line := underUmask(t, "022", folder, arguments...)
	require.Zero(t, code, line)
	first := contents()
	require.Greater(t, len(first), 10)
	code, line = underUmask(t, "022", folder, arguments...)
	require.Zero(t, code, line)
	second := contents()
	require.Greater(t, len(second), len(first))
	for name, text := range first {
		require.True(t, second[name] == text, fmt.Sprintf("%s has changed", name))
	}
}
