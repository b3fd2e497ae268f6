package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testPartsOnObjects does jobs in parts whose inputs and reports are on the store. Work
// folders are local: parts appear by hard links.
func testPartsOnObjects(t *testing.T, store *objectStore, data string) {
	inputs := func(at string) []string {
		return []string{"--records", at + "records.parquet", "--records", at + "records.csv", "--register", at + "register.avr",
			"--extract-date", "2025-11-30", "--format", "parquet,csv", "--id-key", "key", "--as-of", "2025-12-01", "--policy", "policy.yaml"}
	}
	require.NoError(t, os.WriteFile(filepath.Join(data, "policy.yaml"), []byte("rules: {duplicate_payment: on}\n"), 0o600))
	do := func(t *testing.T, endpoint string, arguments ...string) string {
		t.Helper()
		exit, said := store.run(t, data, endpoint, arguments...)
		require.Zero(t, exit, said)
		return said
	}
	latest := func(prefix string) string { return prefix + "/" + strings.TrimSpace(store.text(t, prefix+"/latest")) }
	plan := func(t *testing.T, endpoint, work, out string, more ...string) {
		t.Helper()
		said := do(t, endpoint, append(append([]string{"shard", "plan", "--work", work, "--chunk-bytes", fmt.Sprint(4 * objectRecords()), "--out", out}, inputs("s3://payments/in/")...), more...)...)
		var chunks int
		_, line, _ := strings.Cut(said, "planned: ")
		_, err := fmt.Sscanf(line, "%d chunks of 2 files", &chunks)
		require.NoError(t, err, said)
		require.Greater(t, chunks, 8, "few chunks are no job in parts: %s", said)
	}
	// What a run has of the same: of local files, and of objects.
	local := filepath.Join(t.TempDir(), "out")
	do(t, "", append([]string{"run", "--out", local}, inputs("")...)...)
	want := readText(t, filepath.Join(local, "latest", "findings.csv"))
	require.Contains(t, want, "duplicate_payment")
	do(t, store.url, append([]string{"run", "--out", "s3://payments/parts-whole"}, inputs("s3://payments/in/")...)...)
	whole := latest("parts-whole")
	isOfRun := func(t *testing.T, prefix string) {
		t.Helper()
		report := latest(prefix)
		for _, name := range []string{"findings.parquet", "findings.csv", "rejects.parquet", "summary.json"} {
			assert.True(t, store.text(t, whole+"/"+name) == store.text(t, report+"/"+name), "%s is another", name)
		}
		assert.True(t, want == strings.ReplaceAll(store.text(t, report+"/findings.csv"), "s3://payments/in/", ""), "the findings are not those of local files")
		do(t, store.url, "verify", "s3://payments/"+report)
	}

	t.Run("on a server that fails every tenth request", func(t *testing.T) {
		var failed atomic.Int64
		endpoint := store.proxy(t, broken(&failed))
		work := filepath.Join(t.TempDir(), "work")
		plan(t, endpoint, work, "s3://payments/parts-broken")
		for index := range 3 {
			do(t, endpoint, "shard", "map", "--work", work, "--index", fmt.Sprint(index), "--of", "3")
		}
		do(t, endpoint, "shard", "reduce", "--work", work)
		do(t, endpoint, "shard", "commit", "--work", work)
		isOfRun(t, "parts-broken")
		assert.GreaterOrEqual(t, failed.Load(), int64(3), "each of the three failures came")
		// A commit that is repeated finds the report.
		report := latest("parts-broken")
		said := do(t, endpoint, "shard", "commit", "--work", work)
		assert.Contains(t, said, "s3://payments/"+report)
		assert.Equal(t, report, latest("parts-broken"))
	})

	t.Run("with a map that is killed, and a baseline", func(t *testing.T) {
		do(t, store.url, append([]string{"run", "--out", "s3://payments/parts-killed"}, inputs("s3://payments/in/")...)...)
		before := latest("parts-killed")
		do(t, store.url, append([]string{"run", "--out", "s3://payments/parts-whole", "--baseline", "s3://payments/" + before}, inputs("s3://payments/in/")...)...)
		followed := latest("parts-whole")
		work := filepath.Join(t.TempDir(), "work")
		plan(t, store.url, work, "s3://payments/parts-killed", "--baseline", "latest")
		reached, killed := make(chan struct{}), make(chan struct{})
		var once sync.Once
		var reads atomic.Int64
		endpoint := store.proxy(t, func(forward http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/records.csv") && reads.Add(1) > 8 {
					once.Do(func() { close(reached) })
					<-killed
					return
				}
				forward.ServeHTTP(w, r)
			})
		})
		command := store.command(data, endpoint, "shard", "map", "--work", work, "--workers", "1")
		require.NoError(t, command.Start())
		select {
		case <-reached:
		case <-time.After(time.Minute):
			assert.Fail(t, "records are not read")
		}
		require.NoError(t, command.Process.Kill())
		_ = command.Wait() // it was killed
		close(killed)
		made, err := filepath.Glob(filepath.Join(work, "chunks", "chunk-*.part"))
		require.NoError(t, err)
		assert.NotEmpty(t, made, "it was killed in the middle")
		exit, said := store.run(t, data, store.url, "shard", "reduce", "--work", work)
		assert.Equal(t, 3, exit, said)

		do(t, store.url, "shard", "map", "--work", work)
		do(t, store.url, "shard", "reduce", "--work", work)
		do(t, store.url, "shard", "commit", "--work", work)
		report := latest("parts-killed")
		assert.NotEqual(t, before, report)
		for _, name := range []string{"findings.parquet", "findings.csv", "resolved.csv", "history.parquet", "rejects.parquet", "summary.json"} {
			assert.True(t, store.text(t, followed+"/"+name) == store.text(t, report+"/"+name), "%s is another", name)
		}
		assert.Contains(t, store.text(t, report+"/findings.csv"), ",persisting,")
		do(t, store.url, "verify", "s3://payments/"+report)
	})

	t.Run("an object that has changed since is refused", func(t *testing.T) {
		for _, name := range []string{"records.parquet", "records.csv"} {
			for _, content := range []string{name, "register.csv"} { // the same bytes put again are another object, too
				store.put(t, "planned/"+name, filepath.Join(data, name))
				work := filepath.Join(t.TempDir(), "work")
				do(t, store.url, "shard", "plan", "--work", work, "--chunk-bytes", fmt.Sprint(4*objectRecords()), "--out", "s3://payments/parts-changed",
					"--records", "s3://payments/planned/"+name, "--register", "register.avr", "--id-key", "key")
				time.Sleep(1100 * time.Millisecond) // times of change are of whole seconds
				store.put(t, "planned/"+name, filepath.Join(data, content))
				exit, said := store.run(t, data, store.url, "shard", "map", "--work", work)
				assert.Equal(t, 3, exit, said)
				assert.Contains(t, said, "cannot read s3://payments/planned/"+name+": it is not as it was when it was planned")
				exit, said = store.run(t, data, store.url, "shard", "commit", "--work", work)
				assert.Equal(t, 3, exit, said)
				assert.Empty(t, store.keys(t, "parts-changed/"))
			}
		}
	})

	// Two attempts of a commit have one name for the report, and nothing keeps them
	// apart on object storage. Of the second one upload is held until the first is done.
	work := filepath.Join(t.TempDir(), "work")
	mapped := func(t *testing.T, out string) {
		t.Helper()
		require.NoError(t, os.RemoveAll(work))
		plan(t, store.url, work, out)
		do(t, store.url, "shard", "map", "--work", work)
		do(t, store.url, "shard", "reduce", "--work", work)
	}
	// commit begins an attempt on a machine of its own, and waits until an upload is held.
	commit := func(t *testing.T, upload string) (attempt *attempt, release func()) {
		t.Helper()
		endpoint, reached, release := store.hold(t, upload)
		attempt = store.begin(t, data, endpoint, "shard", "commit", "--work", work)
		attempt.await(t, reached)
		return attempt, release
	}
	// empty removes what there is, for attempts of the same plan.
	empty := func(t *testing.T, prefix string) {
		t.Helper()
		for _, key := range store.keys(t, prefix) {
			require.NoError(t, store.client.RemoveObject(t.Context(), "payments", key, minio.RemoveObjectOptions{}))
		}
	}
	published := func(t *testing.T, prefix, report string) {
		t.Helper()
		require.Equal(t, report, latest(prefix))
		isOfRun(t, prefix)
	}

	t.Run("with a second commit that is ended does not lose the report of the first", func(t *testing.T) {
		mapped(t, "s3://payments/parts-second")
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			second, release := commit(t, "/findings.csv")
			do(t, store.url, "shard", "commit", "--work", work)
			report := latest("parts-second")
			require.NoError(t, second.Process.Signal(signal))
			second.end()
			release()
			if signal == syscall.SIGTERM {
				assert.Equal(t, 143, second.ProcessState.ExitCode(), second.said.String())
			}
			published(t, "parts-second", report)
			// Nor does the next run of the second's machine take it away.
			next := store.command(data, store.url, "run", "--records", "records.csv", "--register", "register.avr", "--out", "s3://payments/parts-elsewhere", "--id-key", "key")
			next.Env = append(next.Env, "TMPDIR="+second.machine)
			output, err := next.CombinedOutput()
			require.NoError(t, err, "%s", output)
			published(t, "parts-second", report)
			empty(t, "parts-second/")
		}
	})

	t.Run("with a first commit that is killed, whose machine goes on", func(t *testing.T) {
		mapped(t, "s3://payments/parts-first")
		first, releaseFirst := commit(t, "/summary.json")
		require.NoError(t, first.Process.Kill())
		first.end()
		releaseFirst()
		second, release := commit(t, "/manifest.json")
		next := store.command(data, store.url, "run", "--records", "records.csv", "--register", "register.avr", "--out", "s3://payments/parts-elsewhere", "--id-key", "key")
		next.Env = append(next.Env, "TMPDIR="+first.machine)
		output, err := next.CombinedOutput()
		require.NoError(t, err, "%s", output)
		release()
		second.end()
		require.Zero(t, second.ProcessState.ExitCode(), second.said.String())
		isOfRun(t, "parts-first")
	})

	t.Run("with two commits that both go on", func(t *testing.T) {
		mapped(t, "s3://payments/parts-two")
		for _, upload := range []string{"/findings.parquet", "/manifest.json", "/latest"} {
			second, release := commit(t, upload)
			do(t, store.url, "shard", "commit", "--work", work)
			report := latest("parts-two")
			release()
			second.end()
			assert.Zero(t, second.ProcessState.ExitCode(), second.said.String())
			assert.Contains(t, second.said.String(), "s3://payments/"+report)
			published(t, "parts-two", report)
			empty(t, "parts-two/")
		}
	})

	t.Run("of which too many rows are rejected, after a commit that was killed", func(t *testing.T) {
		require.NoError(t, os.RemoveAll(work))
		bad := strings.Repeat(",,\n", 10)
		require.NoError(t, os.WriteFile(filepath.Join(data, "bad.csv"), []byte("identity_number,payment_date,amount\n"+bad), 0o600))
		do(t, store.url, "shard", "plan", "--work", work, "--out", "s3://payments/parts-bad", "--records", "bad.csv", "--register", "register.avr", "--format", "parquet,csv", "--id-key", "key")
		do(t, store.url, "shard", "map", "--work", work)
		do(t, store.url, "shard", "reduce", "--work", work)
		first, release := commit(t, "/rejects.csv")
		require.NoError(t, first.Process.Kill())
		first.end()
		release()
		exit, said := store.run(t, data, store.url, "shard", "commit", "--work", work)
		assert.Equal(t, 3, exit, said)
		assert.Contains(t, said, "the rejected rows are in s3://payments/parts-bad/failed/")
		kept := strings.Join(store.keys(t, "parts-bad/failed/"), " ")
		assert.Contains(t, kept, "/rejects.parquet")
		assert.Contains(t, kept, "/rejects.csv")
	})
}

// attempt is a program under way, on a machine of its own: it has a TMPDIR that no other has.
type attempt struct {
	*exec.Cmd
	machine string
	said    bytes.Buffer
}

// begin starts the program.
func (s *objectStore) begin(t *testing.T, folder, endpoint string, arguments ...string) *attempt {
	t.Helper()
	a := &attempt{Cmd: s.command(folder, endpoint, arguments...), machine: t.TempDir()}
	a.Env = append(a.Env, "TMPDIR="+a.machine)
	a.Stdout, a.Stderr = &a.said, &a.said
	require.NoError(t, a.Start())
	return a
}

// end waits for its end, whatever its status.
func (a *attempt) end() { _ = a.Wait() }

// await waits until something is reached.
func (a *attempt) await(t *testing.T, reached <-chan struct{}) {
	t.Helper()
	select {
	case <-reached:
	case <-time.After(time.Minute):
		_ = a.Process.Kill()
		a.end()
		require.Fail(t, "it does not get as far", a.said.String())
	}
}

// hold is a way to the store on which the first upload of an object whose key ends so
// waits until it is released.
func (s *objectStore) hold(t *testing.T, upload string) (endpoint string, reached <-chan struct{}, release func()) {
	t.Helper()
	at, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	release = sync.OnceFunc(func() { close(held) })
	endpoint = s.proxy(t, func(forward http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, upload) {
				once.Do(func() {
					close(at)
					<-held
				})
			}
			forward.ServeHTTP(w, r)
		})
	})
	t.Cleanup(release) // before the way is closed
	return endpoint, at, release
}
