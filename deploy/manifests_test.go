// Package deploy holds what starts a job in parts. It is a module of its own, so that
// the program does not depend on the types of Kubernetes.
package deploy

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// Every manifest is what the API's types say, with no key that they do not have, and
// no pod runs as root, writes its image or reaches the network.
func TestManifestsAreStrict(t *testing.T) {
	paths, err := filepath.Glob("kubernetes/*.yaml")
	require.NoError(t, err)
	var jobs []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if strings.HasSuffix(path, "network-policy.yaml") {
			var policy networking.NetworkPolicy
			require.NoError(t, yaml.UnmarshalStrict(text, &policy), path)
			assert.Equal(t, []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress}, policy.Spec.PolicyTypes)
			assert.Empty(t, policy.Spec.Ingress)
			assert.Empty(t, policy.Spec.Egress)
			assert.Equal(t, map[string]string{"app": "avstam"}, policy.Spec.PodSelector.MatchLabels)
			continue
		}
		var job batch.Job
		require.NoError(t, yaml.UnmarshalStrict(bytes.TrimSpace(text), &job), path)
		require.Equal(t, "Job", job.Kind, path)
		pod := job.Spec.Template.Spec
		require.Len(t, pod.Containers, 1, path)
		container := pod.Containers[0]
		jobs = append(jobs, container.Name)
		assert.Equal(t, []string{"shard", container.Name}, container.Args[:2], path)
		assert.Equal(t, core.RestartPolicyNever, pod.RestartPolicy, path)
		assert.Equal(t, map[string]string{"app": "avstam"}, job.Spec.Template.Labels, "the network policy is about its pods")
		assert.True(t, *pod.SecurityContext.RunAsNonRoot, path)
		assert.False(t, *pod.AutomountServiceAccountToken, path)
		assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem, path)
		assert.False(t, *container.SecurityContext.AllowPrivilegeEscalation, path)
		assert.Equal(t, []core.Capability{"ALL"}, container.SecurityContext.Capabilities.Drop, path)
		assert.Contains(t, container.Resources.Limits, core.ResourceMemory, path)
		for _, mount := range container.VolumeMounts {
			assert.Equal(t, !slices.Contains([]string{"state", "tmp"}, mount.Name), mount.ReadOnly, "%s: %s", path, mount.Name)
		}
		keys := 0
		for _, volume := range pod.Volumes {
			if volume.Projected != nil {
				for _, source := range volume.Projected.Sources {
					if source.Secret != nil {
						keys++
					}
				}
			}
		}
		assert.Equal(t, container.Name == "commit", keys == 1, "%s: the key of finding ids is commit's alone", path)
		if of := slices.Index(container.Args, "--of"); of >= 0 {
			require.Equal(t, batch.IndexedCompletion, *job.Spec.CompletionMode, path)
			assert.Equal(t, container.Args[of+1], strconv.Itoa(int(*job.Spec.Completions)), "%s: as many processes as it says", path)
		}
	}
	assert.ElementsMatch(t, []string{"plan", "map", "reduce", "commit"}, jobs)
}
