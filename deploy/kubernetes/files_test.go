package kubernetes

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
)

// Each step of the manifests is run as its container would: in a root of its own that
// has the program, /dev/null and the mounts of the manifest, read-only where that says
// so; as its user, with no capability and no network. So a volume that a manifest
// forgets, or opens too little, is seen without a cluster.
func TestStepsNeedNoMoreThanTheirMounts(t *testing.T) {
	base := t.TempDir()
	if err := isolation(base); err != nil {
		require.False(t, slices.Contains(strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), "unshare"), "AVSTAM_REQUIRE asks for unshare: %v", err)
		t.Skipf("roots of their own cannot be made here (%v): it takes root, unshare and setpriv; AVSTAM_REQUIRE=unshare makes a failure of that", err)
	}
	program := filepath.Join(base, "avstam")
	build := exec.Command("go", "build", "-trimpath", "-o", program, "./cmd/avstam")
	build.Dir, build.Env = filepath.Join("..", ".."), append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))

	// What the volumes hold, by the name of a volume.
	volume := func(name string) string { return filepath.Join(base, "volumes", name) }
	for _, name := range []string{"config", "key", "register", "payments", "parts", "reports", "temporary"} {
		require.NoError(t, os.MkdirAll(volume(name), 0o750))
	}
	avstam := func(arguments ...string) {
		t.Helper()
		output, err := exec.Command(program, arguments...).CombinedOutput()
		require.NoError(t, err, string(output))
	}
	avstam("generate", "--records", "20000", "--persons", "3000", "--dirty", "0.1", "--out", volume("payments"))
	register := filepath.Join(volume("register"), "register.avr")
	avstam("register", "build", "--in", filepath.Join(volume("payments"), "register.parquet"), "--extract-date", "2025-11-30", "--out", register)
	settings := `
register: {snapshot: /srv/register/register.avr}
sources: [{name: all, files: [/srv/payments/records.parquet]}]
policy: {rules: {duplicate_payment: on}}
output: {dir: /var/lib/avstam/reports, id_key: /etc/avstam/id_key}
`
	require.NoError(t, os.WriteFile(filepath.Join(volume("config"), "avstam.yaml"), []byte(settings), 0o440))
	key := []byte(hex.EncodeToString(bytes.Repeat([]byte{7}, 32)) + "\n")
	require.NoError(t, os.WriteFile(filepath.Join(volume("key"), "id_key"), key, 0o440))
	owned := exec.Command("chown", "-R", "65532:65532", filepath.Join(base, "volumes"))
	require.NoError(t, owned.Run())

	// The same by one process, which needs them all.
	whole := core.Container{Args: []string{"run", "--quiet", "-c", "/etc/avstam/avstam.yaml"}}
	require.NoError(t, os.WriteFile(filepath.Join(volume("config"), "id_key"), key, 0o444))
	for name, path := range map[string]string{"config": "/etc/avstam", "register": "/srv/register", "payments": "/srv/payments", "reports": "/var/lib/avstam"} {
		whole.VolumeMounts = append(whole.VolumeMounts, core.VolumeMount{Name: name, MountPath: path, ReadOnly: name != "reports"})
	}
	inContainer(t, base, program, whole)
	one := findings(t, volume("reports"))
	require.NoError(t, os.Remove(filepath.Join(volume("config"), "id_key")))
	require.NoError(t, os.RemoveAll(filepath.Join(volume("reports"), "reports")))

	for _, step := range steps {
		runStep(t, base, program, step, func(*core.Container) {})
	}
	many := findings(t, volume("reports"))
	require.Greater(t, len(one), 100_000, "there are findings")
	assert.True(t, bytes.Equal(one, many), "the findings are those of one process")

	// The next night with a baseline: the plan sees the key and the reports, too.
	settings = strings.Replace(settings, "output: {", "output: {baseline: latest, ", 1)
	require.NoError(t, os.WriteFile(filepath.Join(volume("config"), "avstam.yaml"), []byte(settings), 0o444))
	require.NoError(t, os.WriteFile(filepath.Join(volume("config"), "id_key"), key, 0o444))
	for _, step := range steps {
		runStep(t, base, program, step, func(c *core.Container) {
			for i := range c.Args {
				c.Args[i] = strings.ReplaceAll(c.Args[i], "2025-11", "the-next")
			}
			if step == "plan" {
				c.VolumeMounts = append(c.VolumeMounts, core.VolumeMount{Name: "reports", MountPath: "/var/lib/avstam", ReadOnly: true})
			}
		})
	}
	summary, err := os.ReadFile(filepath.Join(volume("reports"), "reports", "latest", "summary.json"))
	require.NoError(t, err)
	var second struct {
		Baseline struct{ New, Persisting struct{ Findings int64 } }
	}
	require.NoError(t, json.Unmarshal(summary, &second))
	assert.Zero(t, second.Baseline.New.Findings)
	assert.Positive(t, second.Baseline.Persisting.Findings, "the findings of the night before")
}

// runStep runs a step with all its indexes, with its container changed.
func runStep(t *testing.T, base, program, step string, change func(*core.Container)) {
	t.Helper()
	j := job(t, step)
	indexes := 1
	if j.Spec.Completions != nil {
		indexes = int(*j.Spec.Completions)
	}
	for index := range indexes {
		c := *j.Spec.Template.Spec.Containers[0].DeepCopy()
		change(&c)
		if j.Spec.Completions != nil {
			c.Env = append(c.Env, core.EnvVar{Name: "JOB_COMPLETION_INDEX", Value: fmt.Sprint(index)})
		}
		inContainer(t, base, program, c)
	}
}

func findings(t *testing.T, volume string) []byte {
	contents, err := os.ReadFile(filepath.Join(volume, "reports", "latest", "findings.parquet"))
	require.NoError(t, err)
	return contents
}

// isolation says why roots of their own cannot be made.
func isolation(folder string) error {
	if os.Getuid() != 0 {
		return fmt.Errorf("user %d is not root", os.Getuid())
	}
	try := exec.Command("unshare", "--mount", "--net", "--", "sh", "-c", `mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && ! touch "$0/x" 2>/dev/null && setpriv --no-new-privs chroot --userspec=65532:65532 / true`, folder)
	if output, err := try.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}

// inContainer runs what a container would, with volumes by their names.
func inContainer(t *testing.T, base, program string, c core.Container) {
	t.Helper()
	root, err := os.MkdirTemp(base, "root")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(root, 0o755))
	// Mounts first and the root's own last, as it is then read-only.
	script := []string{"set -e", `mount --bind "$root" "$root"`, `mkdir "$root/dev"`, `touch "$root/avstam" "$root/dev/null"`,
		`mount --bind "$program" "$root/avstam"`, `mount --bind /dev/null "$root/dev/null"`}
	for _, mount := range c.VolumeMounts {
		at := `"$root` + mount.MountPath + `"`
		script = append(script, "mkdir -p "+at, `mount --bind "$base/volumes/`+mount.Name+`" `+at)
		if mount.ReadOnly {
			script = append(script, "mount -o remount,bind,ro "+at)
		}
	}
	script = append(script, `mount -o remount,bind,ro "$root"`,
		`exec setpriv --no-new-privs chroot --userspec=65532:65532 --groups= "$root" /avstam "$@"`)
	command := exec.Command("unshare", append([]string{"--mount", "--net", "--", "sh", "-c", strings.Join(script, "\n"), "sh"}, c.Args...)...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "root=" + root, "base=" + base, "program=" + program}
	for _, variable := range c.Env {
		command.Env = append(command.Env, variable.Name+"="+variable.Value)
	}
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%v: %s", c.Args, output)
}
