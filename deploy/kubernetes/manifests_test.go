// Package kubernetes holds the manifests' tests, in a module of its own: the program
// needs nothing of Kubernetes.
package kubernetes

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	security "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	strict "sigs.k8s.io/yaml"
)

// steps are the Jobs, in their order.
var steps = []string{"plan", "map", "reduce", "commit"}

// decode decodes each document of a manifest; a key that the API does not have, or
// that stands there twice, is an error.
func decode[T any](t *testing.T, name string) []T {
	t.Helper()
	contents, err := os.ReadFile(name)
	require.NoError(t, err)
	return decodeText[T](t, name, contents)
}

func decodeText[T any](t *testing.T, name string, contents []byte) (decoded []T) {
	t.Helper()
	documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(contents)))
	defer documents.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return decoded
		}
		require.NoError(t, err, name)
		var value T
		require.NoError(t, strict.UnmarshalStrict(buffer[:n], &value), name)
		decoded = append(decoded, value)
	}
}

func job(t *testing.T, step string) batch.Job {
	t.Helper()
	jobs := decode[batch.Job](t, step+".yaml")
	require.Len(t, jobs, 1)
	return jobs[0]
}

// following is the argument after a flag.
func following(t *testing.T, arguments []string, flag string) string {
	t.Helper()
	at := slices.Index(arguments, flag)
	require.True(t, at >= 0 && at+1 < len(arguments), "%s is not given", flag)
	return arguments[at+1]
}

func TestManifestsAreKnown(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	known := []string{"namespace.yaml", "network.yaml", "volumes.yaml"}
	for _, step := range steps {
		known = append(known, step+".yaml")
	}
	assert.ElementsMatch(t, known, files, "every manifest has a test here")
}

func TestPodsCanDoNothingElse(t *testing.T) {
	for _, step := range steps {
		j := job(t, step)
		assert.Equal(t, "batch/v1 Job", j.APIVersion+" "+j.Kind)
		assert.Equal(t, "avstam", j.Namespace, step)
		pod := j.Spec.Template.Spec
		assert.Equal(t, core.RestartPolicyNever, pod.RestartPolicy, step)
		assert.Equal(t, new(false), pod.AutomountServiceAccountToken, "%s: no token of the API", step)
		assert.False(t, pod.HostNetwork || pod.HostPID || pod.HostIPC, step)
		require.NotNil(t, pod.SecurityContext, step)
		assert.Equal(t, new(true), pod.SecurityContext.RunAsNonRoot, step)
		require.NotNil(t, pod.SecurityContext.RunAsUser, step)
		assert.NotZero(t, *pod.SecurityContext.RunAsUser, "%s: no root", step)
		assert.Equal(t, core.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type, step)
		require.Len(t, pod.Containers, 1, step)
		assert.Empty(t, pod.InitContainers, step)
		c := pod.Containers[0]
		require.NotNil(t, c.SecurityContext, step)
		assert.Equal(t, new(true), c.SecurityContext.ReadOnlyRootFilesystem, step)
		assert.Equal(t, new(false), c.SecurityContext.AllowPrivilegeEscalation, step)
		assert.Equal(t, []core.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop, step)
		assert.Empty(t, c.SecurityContext.Capabilities.Add, step)
		assert.Empty(t, c.Ports, step)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	for _, step := range steps {
		c := job(t, step).Spec.Template.Spec.Containers[0]
		limit := c.Resources.Limits.Memory()
		assert.Equal(t, c.Resources.Requests.Memory(), limit, "%s: what is asked for is what it gets", step)
		assert.False(t, c.Resources.Requests.Cpu().IsZero(), step)
		require.Len(t, c.Env, 2, "%s: nothing else, such as JOB_COMPLETION_INDEX", step)
		assert.Equal(t, core.EnvVar{Name: "GOTRACEBACK", Value: "none"}, c.Env[1], "%s: no number in what a crash prints", step)
		assert.Equal(t, "GOMEMLIMIT", c.Env[0].Name)
		mebibytes, err := strconv.ParseInt(strings.TrimSuffix(c.Env[0].Value, "MiB"), 10, 64)
		require.NoError(t, err, step)
		share := float64(mebibytes<<20) / float64(limit.Value())
		assert.True(t, share > 0.8 && share < 0.9, "%s: GOMEMLIMIT is %.2f of the limit", step, share)
		assert.Equal(t, c.Resources.Requests.Cpu().String(), following(t, c.Args, "--workers"), "%s: a worker for each processor", step)
	}
}

// A program of another version refuses the plan, and so does one of another work folder.
func TestStepsAreOfOneJob(t *testing.T) {
	first := job(t, "plan").Spec.Template.Spec.Containers[0]
	for _, step := range steps {
		j := job(t, step)
		c := j.Spec.Template.Spec.Containers[0]
		assert.Equal(t, first.Image, c.Image, step)
		assert.NotContains(t, c.Image, ":latest", "%s: a tag that moves is not one image", step)
		assert.Regexp(t, `:.+$`, c.Image, step)
		assert.Equal(t, []string{"shard", step}, c.Args[:2])
		work := following(t, c.Args, "--work")
		assert.Equal(t, following(t, first.Args, "--work"), work, step)
		assert.Equal(t, "avstam-"+filepath.Base(work)+"-"+step, j.Name)
	}
}

func TestIndexes(t *testing.T) {
	for _, step := range []string{"map", "reduce"} {
		j := job(t, step)
		require.NotNil(t, j.Spec.CompletionMode, step)
		assert.Equal(t, batch.IndexedCompletion, *j.Spec.CompletionMode, "%s: JOB_COMPLETION_INDEX is of Indexed Jobs alone", step)
		c := j.Spec.Template.Spec.Containers[0]
		assert.NotContains(t, c.Args, "--index", "%s: it would go before JOB_COMPLETION_INDEX", step)
		of, err := strconv.Atoi(following(t, c.Args, "--of"))
		require.NoError(t, err, step)
		assert.EqualValues(t, of, *j.Spec.Completions, "%s: each share is done by one pod", step)
		assert.EqualValues(t, of, *j.Spec.Parallelism, "%s: all at a time", step)
		require.NotNil(t, j.Spec.BackoffLimitPerIndex, "%s: a bad node takes the tries of its own share alone", step)
		assert.Positive(t, *j.Spec.BackoffLimitPerIndex, step)
		assert.Nil(t, j.Spec.BackoffLimit, step)
	}
}

func TestWhatIsNotTriedAgain(t *testing.T) {
	for _, step := range steps {
		failure := job(t, step).Spec.PodFailurePolicy
		require.NotNil(t, failure, step)
		require.Len(t, failure.Rules, 2, step)
		assert.Equal(t, batch.PodFailurePolicyActionFailJob, failure.Rules[0].Action, step)
		codes := failure.Rules[0].OnExitCodes
		assert.Equal(t, batch.PodFailurePolicyOnExitCodesOpIn, codes.Operator, step)
		assert.Subset(t, codes.Values, []int32{2, 3, 5, 70}, "%s: configuration, input, ledger, bug", step)
		assert.NotContains(t, codes.Values, int32(4), "%s: a file system that was full may have room", step)
		assert.NotContains(t, codes.Values, int32(137), "%s: killed", step)
		assert.Equal(t, step == "commit", slices.Contains(codes.Values, 1), "%s: published, over a threshold", step)
		assert.Equal(t, batch.PodFailurePolicyActionIgnore, failure.Rules[1].Action, step)
		assert.Equal(t, core.DisruptionTarget, failure.Rules[1].OnPodConditions[0].Type, "%s: an evicted pod costs no try", step)
	}
}

// Each step sees what it needs, and writes where it must.
func TestVolumes(t *testing.T) {
	claims := map[string]core.PersistentVolumeClaim{}
	for _, claim := range decode[core.PersistentVolumeClaim](t, "volumes.yaml") {
		claims[claim.Name] = claim
	}
	read := []string{"/etc/avstam", "/srv/register", "/srv/payments"}
	for step, mounts := range map[string][]string{
		"plan":   {"/etc/avstam", "/srv/register", "/srv/payments", "/parts", "/tmp"},
		"map":    {"/srv/register", "/srv/payments", "/parts", "/tmp"},
		"reduce": {"/parts", "/tmp"},
		"commit": {"/etc/avstam", "/srv/register", "/parts", "/var/lib/avstam"},
	} {
		pod := job(t, step).Spec.Template.Spec
		volumes := map[string]core.Volume{}
		for _, volume := range pod.Volumes {
			volumes[volume.Name] = volume
		}
		assert.Len(t, volumes, len(mounts), step)
		var mounted []string
		for _, mount := range pod.Containers[0].VolumeMounts {
			mounted = append(mounted, mount.MountPath)
			volume, ok := volumes[mount.Name]
			require.True(t, ok, "%s: %s is no volume", step, mount.Name)
			assert.Equal(t, slices.Contains(read, mount.MountPath), mount.ReadOnly, "%s: %s", step, mount.MountPath)
			if from := volume.PersistentVolumeClaim; from != nil {
				claim, ok := claims[from.ClaimName]
				require.True(t, ok, "%s: volumes.yaml has no %s", step, from.ClaimName)
				assert.Equal(t, mount.ReadOnly, from.ReadOnly, "%s: %s", step, from.ClaimName)
				want := core.ReadOnlyMany
				switch mount.MountPath {
				case "/parts":
					want = core.ReadWriteMany // all nodes, at a time
				case "/var/lib/avstam":
					want = core.ReadWriteOnce
				}
				assert.Equal(t, []core.PersistentVolumeAccessMode{want}, claim.Spec.AccessModes, from.ClaimName)
			}
			if volume.EmptyDir != nil {
				assert.False(t, volume.EmptyDir.SizeLimit.IsZero(), "%s: %s has a limit", step, mount.Name)
			}
			assert.Nil(t, volume.HostPath, step)
			if volume.Secret != nil {
				assert.Equal(t, "commit", step, "no other has the key of finding ids")
				assert.Equal(t, new(int32(0o440)), volume.Secret.DefaultMode)
			}
		}
		assert.ElementsMatch(t, mounts, mounted, step)
	}
}

// The namespace admits no pod that may more, and each of these.
func TestNamespaceIsRestricted(t *testing.T) {
	namespaces := decode[core.Namespace](t, "namespace.yaml")
	require.Len(t, namespaces, 1)
	assert.Equal(t, "avstam", namespaces[0].Name)
	labels := namespaces[0].Labels
	assert.Equal(t, "restricted", labels["pod-security.kubernetes.io/enforce"])
	asked, problems := security.PolicyToEvaluate(labels, security.Policy{})
	require.Empty(t, problems)
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	for _, step := range steps {
		template := job(t, step).Spec.Template
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(asked.Enforce, &template.ObjectMeta, &template.Spec))
		assert.True(t, result.Allowed, "%s: %s", step, result.ForbiddenDetail())
	}
}

func TestNetworkIsShut(t *testing.T) {
	policies := decode[networking.NetworkPolicy](t, "network.yaml")
	require.Len(t, policies, 1)
	shut := policies[0]
	assert.Equal(t, "networking.k8s.io/v1 NetworkPolicy", shut.APIVersion+" "+shut.Kind)
	assert.Equal(t, "avstam", shut.Namespace)
	assert.Empty(t, shut.Spec.PodSelector.MatchLabels, "of all pods")
	assert.Empty(t, shut.Spec.PodSelector.MatchExpressions, "of all pods")
	assert.ElementsMatch(t, []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress}, shut.Spec.PolicyTypes)
	assert.Empty(t, shut.Spec.Ingress, "none comes in")
	assert.Empty(t, shut.Spec.Egress, "none goes out")
}

// A kubectl that writes down what it is told, and says that Jobs are complete, but
// the one that KUBECTL_FAILS names.
const kubectl = `#!/bin/sh
case "$1" in
apply) cat > "$KUBECTL_LOG/$(date +%s%N).yaml" ;;
-n) case "$5" in *-"$KUBECTL_FAILS") echo Failed ;; *) echo SuccessCriteriaMet Complete ;; esac ;;
esac
`

func TestRun(t *testing.T) {
	run := func(t *testing.T, fails, name string) (jobs []batch.Job, output string, err error) {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "kubectl"), []byte(kubectl), 0o755))
		command := exec.Command("./run", name)
		command.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "KUBECTL_LOG="+folder, "KUBECTL_FAILS="+fails, "AVSTAM_POLL=0")
		said, err := command.CombinedOutput()
		applied, globError := filepath.Glob(filepath.Join(folder, "*.yaml"))
		require.NoError(t, globError)
		for _, file := range applied {
			jobs = append(jobs, decode[batch.Job](t, file)...)
		}
		return jobs, string(said), err
	}
	t.Run("all", func(t *testing.T) {
		jobs, output, err := run(t, "none", "2025-12")
		require.NoError(t, err, output)
		require.Len(t, jobs, len(steps))
		for i, step := range steps {
			assert.Equal(t, "avstam-2025-12-"+step, jobs[i].Name)
			assert.Equal(t, "/parts/2025-12", following(t, jobs[i].Spec.Template.Spec.Containers[0].Args, "--work"))
		}
	})
	t.Run("a map that fails is the end", func(t *testing.T) {
		jobs, output, err := run(t, "map", "2025-12")
		require.Error(t, err)
		assert.Contains(t, output, "avstam-2025-12-map has failed")
		assert.Len(t, jobs, 2)
	})
	for _, name := range []string{"", "2025/12", "UPPER", "-a", "a-", strings.Repeat("a", 41), "a&b"} {
		t.Run("refused "+regexp.MustCompile(`\W`).ReplaceAllString(name, "_"), func(t *testing.T) {
			jobs, output, err := run(t, "none", name)
			require.Error(t, err)
			assert.Contains(t, output, "usage: run NAME")
			assert.Empty(t, jobs)
		})
	}
}
