package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// gateway is a real S3 server of others, Apache-2.0, with folders behind it.
	gateway       = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
	gatewayKey    = "AKTESTKEY"
	gatewaySecret = "a-secret-that-nobody-prints"
)

// objectStore is a running S3 server.
type objectStore struct {
	url    string
	client *minio.Client
	folder string // the work folder of the tests
}

// startObjectStore builds the server from the module proxy and starts it. Where it
// cannot be had the test is skipped; AVSTAM_REQUIRE=s3 makes a failure of that.
func startObjectStore(t *testing.T) *objectStore {
	t.Helper()
	folder := t.TempDir()
	build := exec.Command("go", "install", gateway)
	build.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=-mod=mod")
	build.Dir = folder
	if output, err := build.CombinedOutput(); err != nil {
		why := fmt.Sprintf("the S3 server %s cannot be built: %v: %.300s", gateway, err, output)
		require.False(t, slices.Contains(strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), "s3"), "AVSTAM_REQUIRE asks for s3: %s", why)
		t.Skip(why + "; AVSTAM_REQUIRE=s3 makes a failure of that")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	for _, name := range []string{"data", "sidecar"} {
		require.NoError(t, os.Mkdir(filepath.Join(folder, name), 0o700))
	}
	var log bytes.Buffer
	server := exec.Command(filepath.Join(folder, "versitygw"), "--port", address, "posix", "--sidecar", filepath.Join(folder, "sidecar"), filepath.Join(folder, "data"))
	server.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+gatewayKey, "ROOT_SECRET_KEY="+gatewaySecret)
	server.Stdout, server.Stderr = &log, &log
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		require.NoError(t, server.Process.Kill())
		_ = server.Wait() // it was killed
		if t.Failed() {
			t.Logf("the server said:\n%.3000s", log.String())
		}
	})
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := minio.New(address, &minio.Options{Creds: credentials.NewStaticV4(gatewayKey, gatewaySecret, ""), Transport: transport, MaxRetries: 1})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return client.MakeBucket(context.Background(), "payments", minio.MakeBucketOptions{}) == nil
	}, 30*time.Second, 50*time.Millisecond, "the server does not come up")
	return &objectStore{url: "http://" + address, client: client, folder: folder}
}

// put uploads a local file.
func (s *objectStore) put(t *testing.T, key, path string) {
	t.Helper()
	_, err := s.client.FPutObject(context.Background(), "payments", key, path, minio.PutObjectOptions{})
	require.NoError(t, err)
}

// keys are the keys below a prefix.
func (s *objectStore) keys(t *testing.T, prefix string) (keys []string) {
	t.Helper()
	for object := range s.client.ListObjects(context.Background(), "payments", minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		require.NoError(t, object.Err)
		keys = append(keys, object.Key)
	}
	return keys
}

func (s *objectStore) text(t *testing.T, key string) string {
	t.Helper()
	object, err := s.client.GetObject(context.Background(), "payments", key, minio.GetObjectOptions{})
	require.NoError(t, err)
	defer object.Close()
	text, err := io.ReadAll(object)
	require.NoError(t, err, key)
	return string(text)
}

// command is the program with an object store in its environment.
func (s *objectStore) command(folder, endpoint string, arguments ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), asProgram+"=1", "AWS_ACCESS_KEY_ID="+gatewayKey, "AWS_SECRET_ACCESS_KEY="+gatewaySecret,
		"AWS_REGION=us-east-1", "AWS_ENDPOINT_URL_S3="+endpoint, "TMPDIR="+folder)
	return command
}

// run runs the program to its end.
func (s *objectStore) run(t *testing.T, folder, endpoint string, arguments ...string) (exit int, said string) {
	t.Helper()
	output, err := s.command(folder, endpoint, arguments...).CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		require.NoError(t, err)
	}
	if exited != nil {
		exit = exited.ExitCode()
	}
	assert.NotContains(t, string(output), gatewaySecret)
	return exit, string(output)
}

// generated is made-up input, as Parquet and CSV, in folders of its own.
func generated(t *testing.T, records int, dirty string) string {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command(os.Args[0], "generate", "--out", ".", "--records", fmt.Sprint(records), "--seed", "5", "--dirty", dirty, "--format", "parquet,csv")
	command.Dir, command.Env = folder, append(os.Environ(), asProgram+"=1")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	text, err := os.ReadFile(filepath.Join(folder, "records.csv"))
	require.NoError(t, err)
	_, err = writer.Write(text)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	require.NoError(t, os.WriteFile(filepath.Join(folder, "records.csv.gz"), compressed.Bytes(), 0o600))
	command = exec.Command(os.Args[0], "register", "build", "--in", "register.parquet", "--extract-date", "2025-11-30", "--out", "register.avr")
	command.Dir, command.Env = folder, append(os.Environ(), asProgram+"=1")
	output, err = command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return folder
}

// findingsOf are the findings of a run's report as CSV.
func findingsOf(t *testing.T, out string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(out, "latest", "findings.csv"))
	require.NoError(t, err)
	return string(text)
}

// proxy stands between the program and the server.
func (s *objectStore) proxy(t *testing.T, stand func(forward http.Handler) http.Handler) string {
	t.Helper()
	at, err := url.Parse(s.url)
	require.NoError(t, err)
	transport := &http.Transport{DisableCompression: true}
	forward := &httputil.ReverseProxy{
		// The signature is of the host that the program sees.
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(at); r.Out.Host = r.In.Host },
		Transport: transport, FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := httptest.NewUnstartedServer(stand(forward))
	server.Config.ErrorLog = nil
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	return server.URL
}

// broken fails every tenth request: with a status, with a connection that is reset,
// and with a body that is cut off, in turn.
func broken(failed *atomic.Int64) func(http.Handler) http.Handler {
	var count atomic.Int64
	return func(forward http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := count.Add(1)
			if n%10 != 0 {
				forward.ServeHTTP(w, r)
				return
			}
			failed.Add(1)
			switch n / 10 % 3 {
			case 0:
				w.WriteHeader(http.StatusServiceUnavailable)
			case 1:
				connection, _, err := w.(http.Hijacker).Hijack()
				if err == nil {
					_ = connection.(*net.TCPConn).SetLinger(0) // a reset
					_ = connection.Close()
				}
			case 2:
				forward.ServeHTTP(&cut{ResponseWriter: w}, r)
			}
		})
	}
}

// cut gives some of a body and breaks the connection.
type cut struct {
	http.ResponseWriter
	given int
}

func (c *cut) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cut) Write(p []byte) (int, error) {
	if c.given > 1000 {
		panic(http.ErrAbortHandler)
	}
	n, err := c.ResponseWriter.Write(p[:min(len(p), 1001)])
	c.given += n
	if err == nil && n < len(p) {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// slow gives bodies in small parts with pauses between.
type slow struct{ http.ResponseWriter }

func (s *slow) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *slow) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var k int
		k, err = s.ResponseWriter.Write(p[:min(len(p), 32<<10)])
		_ = http.NewResponseController(s.ResponseWriter).Flush()
		time.Sleep(10 * time.Millisecond)
		n, p = n+k, p[k:]
	}
	return n, err
}

// objectRecords is how many records the objects have.
func objectRecords() int {
	if testing.Short() {
		return 15_000
	}
	return 60_000
}

func TestObjectStorage(t *testing.T) {
	store := startObjectStore(t)
	data := generated(t, objectRecords(), "0.02")
	for _, name := range []string{"records.parquet", "records.csv", "records.csv.gz", "register.parquet", "register.csv", "register.avr"} {
		store.put(t, "in/"+name, filepath.Join(data, name))
	}
	local := func(t *testing.T, records, register string) string {
		folder := t.TempDir()
		out := filepath.Join(folder, "out")
		exit, said := store.run(t, data, "", "run", "--records", records, "--register", register, "--extract-date", "2025-11-30",
			"--out", out, "--format", "parquet,csv", "--id-key", filepath.Join(data, "key"), "--as-of", "2025-12-01")
		require.Zero(t, exit, said)
		return findingsOf(t, out)
	}
	// away runs the same on objects, by way of an endpoint.
	away := func(t *testing.T, endpoint, records, register string, more ...string) (exit int, said, out string) {
		out = filepath.Join(t.TempDir(), "out")
		exit, said = store.run(t, data, endpoint, append([]string{"run", "--records", records, "--register", register, "--extract-date", "2025-11-30",
			"--out", out, "--format", "parquet,csv", "--id-key", filepath.Join(data, "key"), "--as-of", "2025-12-01"}, more...)...)
		return exit, said, out
	}
	onlyPath := func(findings string) string { return strings.ReplaceAll(findings, "s3://payments/in/", "") }

	t.Run("the same findings as from files", func(t *testing.T) {
		for _, row := range []struct{ records, register string }{
			{"records.parquet", "register.parquet"}, {"records.csv", "register.avr"}, {"records.csv.gz", "register.csv"},
		} {
			want := local(t, row.records, row.register)
			require.Greater(t, strings.Count(want, "\n"), objectRecords()/100)
			for _, digest := range []string{"sha256", "none"} {
				exit, said, out := away(t, store.url, "s3://payments/in/"+row.records, "s3://payments/in/"+row.register, "--input-digest", digest, "--workers", "3")
				require.Zero(t, exit, said)
				assert.True(t, want == onlyPath(findingsOf(t, out)), "%s, digest %s", row.records, digest)
			}
		}
	})

	t.Run("globs, folders and sidecars", func(t *testing.T) {
		rows := strings.SplitAfter(readText(t, filepath.Join(data, "records.csv")), "\n")
		header, half := rows[0], len(rows)/2
		folder := t.TempDir()
		for name, text := range map[string]string{
			"a.csv": strings.Join(rows[:half], ""), "b.csv": header + strings.Join(rows[half:], ""), "c.txt": "no records",
		} {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		}
		store.put(t, "cut/month=2025-10/a.csv", filepath.Join(folder, "a.csv"))
		store.put(t, "cut/month=2025-11/b.csv", filepath.Join(folder, "b.csv"))
		store.put(t, "cut/month=2025-11/_c.txt", filepath.Join(folder, "c.txt"))
		strip := func(findings string) int { return strings.Count(findings, "\n") }
		want := strip(local(t, "records.csv", "register.avr"))
		for _, pattern := range []string{"s3://payments/cut/*/?.csv", "s3://payments/cut", "s3://payments/cut/month=2025-1[01]"} {
			exit, said, out := away(t, store.url, pattern, "register.avr")
			require.Zero(t, exit, said)
			assert.Equal(t, want, strip(findingsOf(t, out)), pattern)
		}
		exit, said, _ := away(t, store.url, "s3://payments/cut/*.parquet", "register.avr")
		assert.Equal(t, 3, exit)
		assert.Contains(t, said, "cannot read s3://payments/cut/*.parquet: no file matches it")

		sum := fmt.Sprintf("%x  a.csv\n", sha256.Sum256([]byte(readText(t, filepath.Join(folder, "a.csv")))))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "sum"), []byte(sum), 0o600))
		store.put(t, "cut/month=2025-10/a.csv.sha256", filepath.Join(folder, "sum"))
		exit, said, _ = away(t, store.url, "s3://payments/cut/*/?.csv", "register.avr", "--input-digest", "none")
		assert.Zero(t, exit, said)
		store.put(t, "cut/month=2025-11/b.csv.sha256", filepath.Join(folder, "sum"))
		exit, said, _ = away(t, store.url, "s3://payments/cut/*/?.csv", "register.avr", "--input-digest", "none")
		assert.Equal(t, 3, exit)
		assert.Contains(t, said, "cannot read s3://payments/cut/month=2025-11/b.csv: its SHA-256 is not the one in")
	})

	t.Run("a server that fails every tenth request", func(t *testing.T) {
		for _, records := range []string{"records.parquet", "records.csv", "records.csv.gz"} {
			want := local(t, records, "register.avr")
			var failed atomic.Int64
			endpoint := store.proxy(t, broken(&failed))
			for range 4 { // each time other requests are the tenth
				exit, said, out := away(t, endpoint, "s3://payments/in/"+records, "s3://payments/in/register.avr")
				require.Zero(t, exit, said)
				assert.True(t, want == onlyPath(findingsOf(t, out)), records)
			}
			assert.GreaterOrEqual(t, failed.Load(), int64(3), "each of the three failures came")
		}
	})

	t.Run("slow reads", func(t *testing.T) {
		endpoint := store.proxy(t, func(forward http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { forward.ServeHTTP(&slow{w}, r) })
		})
		exit, said, out := away(t, endpoint, "s3://payments/in/records.csv", "register.avr")
		require.Zero(t, exit, said)
		assert.True(t, local(t, "records.csv", "register.avr") == onlyPath(findingsOf(t, out)))
	})

	t.Run("few requests", func(t *testing.T) {
		for _, row := range []struct {
			digest string
			limit  int64
			why    string
		}{
			{"none", 8, "stat, sidecar, head, end and what is wanted of the row groups"},
			{"sha256", 10, "the file is read through, the first part and then the rest"},
		} {
			var count atomic.Int64
			endpoint := store.proxy(t, func(forward http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { count.Add(1); forward.ServeHTTP(w, r) })
			})
			exit, said, _ := away(t, endpoint, "s3://payments/in/records.parquet", "register.avr", "--input-digest", row.digest)
			require.Zero(t, exit, said)
			t.Logf("digest %s: %d requests", row.digest, count.Load())
			assert.LessOrEqual(t, count.Load(), row.limit, row.why)
		}
	})

	t.Run("an object that changes is refused", func(t *testing.T) {
		for _, name := range []string{"records.parquet", "records.csv", "records.csv.gz"} {
			for _, digest := range []string{"sha256", "none"} {
				store.put(t, "changing/"+name, filepath.Join(data, name))
				var reads atomic.Int64
				endpoint := store.proxy(t, func(forward http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.Method == http.MethodGet && r.Header.Get("Range") != "" && reads.Add(1) == 3 {
							store.put(t, "changing/"+name, filepath.Join(data, "register.parquet"))
						}
						forward.ServeHTTP(w, r)
					})
				})
				exit, said, out := away(t, endpoint, "s3://payments/changing/"+name, "register.avr", "--input-digest", digest)
				assert.Equal(t, 3, exit, said)
				assert.Contains(t, said, "cannot read s3://payments/changing/"+name+": it changed while it was read")
				assert.NoFileExists(t, filepath.Join(out, "latest"))
			}
		}
	})

	t.Run("what cannot be read says so", func(t *testing.T) {
		for _, row := range []struct{ records, endpoint, set, want string }{
			{"s3://nothing/in/*.csv", store.url, "", "cannot read s3://nothing/in/*.csv: there is no such bucket"},
			{"s3://payments/in/none.csv", store.url, "", "cannot read s3://payments/in/none.csv: there is no such file"},
			{"s3:///in/none.csv", store.url, "", "it names no bucket: want s3://bucket/key"},
			{"s3://payments/in/records.csv", store.url, "AWS_SECRET_ACCESS_KEY=wrong", "the object store denies access"},
			{"s3://payments/in/records.csv", store.url, "AWS_ACCESS_KEY_ID=", "object storage wants credentials in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
			{"s3://payments/in/records.csv", "ftp://name:pass@host", "", "AWS_ENDPOINT_URL_S3 is not of the form https://host or https://host:port"},
		} {
			command := store.command(data, row.endpoint, "run", "--records", row.records, "--register", "register.avr", "--out", filepath.Join(t.TempDir(), "out"))
			if row.set != "" {
				command.Env = append(command.Env, row.set)
			}
			output, _ := command.CombinedOutput()
			assert.Equal(t, 3, command.ProcessState.ExitCode(), row.records)
			assert.Contains(t, string(output), row.want)
			for _, secret := range []string{"name:pass", "wrong", gatewaySecret, gatewayKey} {
				assert.NotContains(t, string(output), secret)
			}
		}
		for _, arguments := range [][]string{
			{"generate", "--out", "s3://payments/made"}, {"prune", "s3://payments/in", "--keep", "1"},
			{"register", "build", "--in", "register.parquet", "--out", "s3://payments/register.avr"},
		} {
			exit, said := store.run(t, data, store.url, arguments...)
			assert.NotZero(t, exit, said)
			assert.Contains(t, said, "name a local path", arguments)
			assert.NoDirExists(t, filepath.Join(data, "s3:"))
		}
	})

	// These wait for a server most of their time, so they do it together. Each has a
	// folder of its own, for they look what is left there.
	t.Run("a report", func(t *testing.T) {
		t.Parallel()
		testReportOnObjects(t, store, data)
	})
	t.Run("a job in parts", func(t *testing.T) {
		t.Parallel()
		testPartsOnObjects(t, store, generated(t, objectRecords(), "0.02"))
	})
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// testReportOnObjects publishes reports to the store.
func testReportOnObjects(t *testing.T, store *objectStore, data string) {
	arguments := func(to string, more ...string) []string {
		return append([]string{"run", "--records", "records.csv", "--register", "register.avr", "--out", to, "--format", "parquet,csv,html",
			"--id-key", "key", "--as-of", "2025-12-01"}, more...)
	}
	latest := func(t *testing.T, prefix string) string {
		return strings.TrimSpace(store.text(t, prefix+"/latest"))
	}
	// nothingLeft says that nothing lies in the temporary folder of the runs.
	nothingLeft := func(t *testing.T) {
		left, err := filepath.Glob(filepath.Join(data, ".tmp-*"))
		require.NoError(t, err)
		assert.Empty(t, left)
	}

	t.Run("is whole, verified, and followed by others", func(t *testing.T) {
		exit, said := store.run(t, data, store.url, arguments("s3://payments/whole", "--split", "agency", "--baseline", "latest")...)
		require.Zero(t, exit, said)
		run := latest(t, "whole")
		assert.Contains(t, said, "s3://payments/whole/"+run)
		assert.Contains(t, store.keys(t, "whole/"), "whole/"+run+"/manifest.json")
		for _, report := range []string{"s3://payments/whole/latest", "s3://payments/whole/" + run, "s3://payments/whole/" + run + "/"} {
			exit, said = store.run(t, data, store.url, "verify", report)
			assert.Zero(t, exit, said)
		}
		out := t.TempDir()
		exit, said = store.run(t, data, "", arguments(out, "--baseline", "latest")...)
		require.Zero(t, exit, said)
		assert.Equal(t, readText(t, filepath.Join(out, "latest", "findings.parquet")), store.text(t, "whole/"+run+"/findings.parquet"))

		exit, said = store.run(t, data, store.url, arguments("s3://payments/whole/", "--baseline", "latest")...)
		require.Zero(t, exit, said)
		second := latest(t, "whole")
		assert.Greater(t, second, run)
		assert.Contains(t, store.text(t, "whole/"+second+"/manifest.json"), run)
		exit, said = store.run(t, data, store.url, "diff", "s3://payments/whole/"+run, "s3://payments/whole/latest")
		assert.Zero(t, exit, said)
		nothingLeft(t)

		// One byte that changes is found.
		store.put(t, "whole/"+second+"/findings.csv", filepath.Join(data, "records.csv"))
		exit, said = store.run(t, data, store.url, "verify", "s3://payments/whole/latest")
		assert.Equal(t, 1, exit)
		assert.Contains(t, said, "findings.csv: it has")
	})

	t.Run("wants a key of its own", func(t *testing.T) {
		exit, said := store.run(t, data, store.url, "run", "--records", "records.csv", "--register", "register.avr", "--out", "s3://payments/keyless")
		assert.Equal(t, 2, exit)
		assert.Contains(t, said, "--id-key")
		exit, said = store.run(t, data, store.url, arguments("s3://nothing/out")...)
		assert.Equal(t, 4, exit)
		assert.Contains(t, said, "cannot write to s3://nothing/out: there is no such bucket")
		nothingLeft(t)
	})

	t.Run("goes through failures, and two at once", func(t *testing.T) {
		var failed atomic.Int64
		endpoint := store.proxy(t, broken(&failed))
		var runs sync.WaitGroup
		for i := range 2 {
			runs.Go(func() {
				// Of other contents, or those of the same millisecond would be one report.
				exit, said := store.run(t, data, endpoint, arguments("s3://payments/both", "--workers", fmt.Sprint(i+1), "--lang", []string{"en", "sv"}[i], "--split", "agency")...)
				assert.Zero(t, exit, said)
			})
		}
		runs.Wait()
		assert.Positive(t, failed.Load())
		var manifests []string
		for _, key := range store.keys(t, "both/") {
			if strings.HasSuffix(key, "/manifest.json") {
				manifests = append(manifests, strings.TrimSuffix(strings.TrimPrefix(key, "both/"), "/manifest.json"))
				exit, said := store.run(t, data, store.url, "verify", "s3://payments/"+strings.TrimSuffix(key, "/manifest.json"))
				assert.Zero(t, exit, said)
			}
		}
		require.Len(t, manifests, 2)
		assert.Equal(t, slices.Max(manifests), latest(t, "both"))
		nothingLeft(t)
	})

	t.Run("whose uploads are done and not answered", func(t *testing.T) {
		for i, row := range []struct {
			upload string
			times  int64
			reads  bool // latest can still be read
			exit   int
		}{
			{"/manifest.json", 1, true, 0},
			{"/manifest.json", 1000, true, 0},
			{"/latest", 1, true, 0},
			{"/latest", 1000, true, 0},
			{"/latest", 1000, false, 4}, // nobody knows whether latest leads to it
		} {
			t.Run(fmt.Sprintf("%s, %d times, then read: %t", row.upload[1:], row.times, row.reads), func(t *testing.T) {
				prefix := fmt.Sprintf("unanswered-%d", i)
				exit, said := store.run(t, data, store.url, arguments("s3://payments/"+prefix)...)
				require.Zero(t, exit, said)
				before := latest(t, prefix)
				var count atomic.Int64
				endpoint := store.proxy(t, func(forward http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						switch {
						case !strings.HasSuffix(r.URL.Path, row.upload) || r.Method != http.MethodPut && count.Load() == 0:
							forward.ServeHTTP(w, r)
						case r.Method == http.MethodPut && count.Add(1) <= row.times:
							forward.ServeHTTP(httptest.NewRecorder(), r)
							panic(http.ErrAbortHandler) // the connection is closed
						case r.Method != http.MethodPut && !row.reads:
							w.WriteHeader(http.StatusServiceUnavailable)
						default:
							forward.ServeHTTP(w, r)
						}
					})
				})
				exit, said = store.run(t, data, endpoint, arguments("s3://payments/"+prefix)...)
				assert.Equal(t, row.exit, exit, said)
				if row.exit != 0 {
					assert.Contains(t, said, "it is there to be seen, whole, and latest may lead to it or not")
				}
				assert.Greater(t, latest(t, prefix), before)
				exit, said = store.run(t, data, store.url, "verify", "s3://payments/"+prefix+"/latest")
				assert.Zero(t, exit, said)
				nothingLeft(t)
			})
		}
	})

	// latest leads to a whole report, whatever became of the run that was to move it.
	for _, done := range []bool{true, false} {
		t.Run(fmt.Sprintf("interrupted while latest is not answered, which is moved: %t", done), func(t *testing.T) {
			prefix := fmt.Sprintf("moved-%t", done)
			exit, said := store.run(t, data, store.url, arguments("s3://payments/"+prefix)...)
			require.Zero(t, exit, said)
			before := latest(t, prefix)
			reached := make(chan struct{})
			var once sync.Once
			var comesLate func()
			endpoint := store.proxy(t, func(forward http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/latest") {
						forward.ServeHTTP(w, r)
						return
					}
					body, err := io.ReadAll(r.Body)
					assert.NoError(t, err)
					once.Do(func() {
						comesLate = func() {
							late := r.Clone(context.WithoutCancel(r.Context()))
							late.Body = io.NopCloser(bytes.NewReader(body))
							forward.ServeHTTP(httptest.NewRecorder(), late)
						}
						if done {
							comesLate()
						}
						close(reached)
					})
					<-r.Context().Done()
				})
			})
			run := store.begin(t, data, endpoint, arguments("s3://payments/"+prefix)...)
			run.await(t, reached)
			require.NoError(t, run.Process.Signal(syscall.SIGTERM))
			run.end()
			if done {
				assert.Zero(t, run.ProcessState.ExitCode(), run.said.String())
			} else {
				assert.Equal(t, 4, run.ProcessState.ExitCode(), run.said.String())
				assert.Contains(t, run.said.String(), "it is there to be seen, whole, and latest may lead to it or not")
				assert.Equal(t, before, latest(t, prefix))
				exit, said = store.run(t, data, store.url, "verify", "s3://payments/"+prefix+"/latest")
				assert.Zero(t, exit, said)
				comesLate()
			}
			assert.Greater(t, latest(t, prefix), before)
			exit, said = store.run(t, data, store.url, "verify", "s3://payments/"+prefix+"/latest")
			assert.Zero(t, exit, said)
			nothingLeft(t)
		})
	}

	t.Run("after one of a clock ahead, where latest stays", func(t *testing.T) {
		const ahead = "20991231T020000.000Z-0123abcd"
		require.NoError(t, os.WriteFile(filepath.Join(data, "ahead"), []byte(ahead+"\n"), 0o600))
		store.put(t, "ahead/latest", filepath.Join(data, "ahead"))
		store.put(t, "ahead/"+ahead+"/manifest.json", filepath.Join(data, "ahead"))
		exit, said := store.run(t, data, store.url, arguments("s3://payments/ahead")...)
		assert.Zero(t, exit, said)
		assert.Contains(t, said, "level=WARN")
		assert.Contains(t, said, ", but latest stays at "+ahead+"\n")
		assert.Equal(t, ahead, latest(t, "ahead"))
	})

	t.Run("after one that latest was led to by hand, of whatever name", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(data, "by-hand"), []byte("archive\n"), 0o600))
		store.put(t, "by-hand/latest", filepath.Join(data, "by-hand"))
		store.put(t, "by-hand/archive/manifest.json", filepath.Join(data, "by-hand"))
		exit, said := store.run(t, data, store.url, arguments("s3://payments/by-hand")...)
		assert.Zero(t, exit, said)
		assert.NotContains(t, said, "latest stays")
		assert.True(t, strings.HasPrefix(latest(t, "by-hand"), "2"), "a run's name begins with its year")
	})

	t.Run("where latest is something else", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(data, "else"), []byte("what is this?"), 0o600))
		store.put(t, "else/latest", filepath.Join(data, "else"))
		exit, said := store.run(t, data, store.url, arguments("s3://payments/else")...)
		assert.Equal(t, 4, exit)
		assert.Contains(t, said, "s3://payments/else/latest: it does not hold the name of a report")
		assert.NotContains(t, said, "to be seen")
		assert.Equal(t, []string{"else/latest"}, store.keys(t, "else/"))
	})

	t.Run("whose manifest gets there after it was taken back", func(t *testing.T) {
		reached, held, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		endpoint := store.proxy(t, func(forward http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/manifest.json") {
					forward.ServeHTTP(w, r)
					return
				}
				defer close(done)
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				close(reached)
				<-held
				late := r.Clone(context.WithoutCancel(r.Context()))
				late.Body = io.NopCloser(bytes.NewReader(body))
				forward.ServeHTTP(httptest.NewRecorder(), late)
			})
		})
		run := store.begin(t, data, endpoint, arguments("s3://payments/late")...)
		run.await(t, reached)
		require.NoError(t, run.Process.Signal(syscall.SIGTERM))
		run.end()
		assert.Equal(t, 143, run.ProcessState.ExitCode(), run.said.String())
		assert.Empty(t, store.keys(t, "late/"))
		close(held)
		<-done
		require.Len(t, store.keys(t, "late/"), 1, "the manifest alone")
		next := store.command(data, store.url, arguments("s3://payments/late")...)
		next.Env = append(next.Env, "TMPDIR="+run.machine)
		output, err := next.CombinedOutput()
		require.NoError(t, err, "%s", output)
		now := latest(t, "late")
		for _, key := range store.keys(t, "late/") {
			assert.True(t, key == "late/latest" || strings.HasPrefix(key, "late/"+now+"/"), "%s is of the run that was interrupted", key)
		}
	})

	t.Run("of a run whose rows are rejected", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(data, "bad.csv"), []byte("identity_number,payment_date,amount\n,,\n"), 0o600))
		exit, said := store.run(t, data, store.url, "run", "--records", "bad.csv", "--register", "register.avr", "--out", "s3://payments/bad", "--id-key", "key")
		assert.Equal(t, 3, exit)
		assert.Contains(t, said, "the rejected rows are in s3://payments/bad/failed/")
		assert.True(t, slices.ContainsFunc(store.keys(t, "bad/failed/"), func(key string) bool { return strings.Contains(key, "/rejects.") }))
		nothingLeft(t)
	})

	t.Run("of a run whose rows are rejected, killed half way", func(t *testing.T) {
		bad := []string{"run", "--records", "bad.csv", "--register", "register.avr", "--out", "s3://payments/half", "--id-key", "key", "--format", "parquet,csv"}
		endpoint, reached, release := store.hold(t, "/rejects.csv")
		first := store.begin(t, data, endpoint, bad...)
		first.await(t, reached)
		require.Eventually(t, func() bool { return len(store.keys(t, "half/failed/")) > 0 }, time.Minute, 10*time.Millisecond)
		require.NoError(t, first.Process.Kill())
		first.end()
		release()
		time.Sleep(100 * time.Millisecond) // what was under way may still come through
		next := store.command(data, store.url, arguments("s3://payments/half")...)
		next.Env = append(next.Env, "TMPDIR="+first.machine)
		output, err := next.CombinedOutput()
		require.NoError(t, err, "%s", output)
		assert.Empty(t, store.keys(t, "half/failed/"))
		left, err := filepath.Glob(filepath.Join(first.machine, ".tmp-*"))
		require.NoError(t, err)
		assert.Empty(t, left)
	})

	t.Run("killed within an upload in parts", func(t *testing.T) {
		big := generated(t, 120000, "0.9")
		reached, killed := make(chan struct{}), make(chan struct{})
		var once sync.Once
		endpoint := store.proxy(t, func(forward http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("partNumber") == "2" {
					once.Do(func() { close(reached) })
					<-killed // what it was sending never arrives
					return
				}
				forward.ServeHTTP(w, r)
			})
		})
		command := store.command(big, endpoint, arguments("s3://payments/parts")...)
		require.NoError(t, command.Start())
		select {
		case <-reached:
		case <-time.After(time.Minute):
			assert.Fail(t, "nothing goes up in parts")
		}
		require.NoError(t, command.Process.Kill())
		_ = command.Wait() // it was killed
		close(killed)
		unfinished := func() (count int) {
			for upload := range store.client.ListIncompleteUploads(context.Background(), "payments", "parts/", true) {
				require.NoError(t, upload.Err)
				count++
			}
			return count
		}
		assert.Positive(t, unfinished())
		exit, said := store.run(t, big, store.url, arguments("s3://payments/parts")...)
		require.Zero(t, exit, said)
		assert.Zero(t, unfinished(), "the next run gives up what the one before began")
		exit, said = store.run(t, big, store.url, "verify", "s3://payments/parts/latest")
		assert.Zero(t, exit, said)
	})

	// A run that is ended at its n-th upload leaves nothing that a reader could take
	// for a report, and what it leaves the next removes.
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, at := range []int64{1, 3, 5} {
			t.Run(fmt.Sprintf("ended by %v at upload %d", signal, at), func(t *testing.T) {
				prefix := fmt.Sprintf("ended-%d-%d", int(signal), at)
				var puts, removed atomic.Int64
				reached, wait := make(chan struct{}), make(chan struct{})
				endpoint := store.proxy(t, func(forward http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.Method == http.MethodDelete {
							removed.Add(1)
						}
						if r.Method == http.MethodPut && puts.Add(1) == at {
							close(reached)
							<-wait
						}
						forward.ServeHTTP(w, r)
					})
				})
				command := store.command(data, endpoint, arguments("s3://payments/"+prefix)...)
				var said bytes.Buffer
				command.Stdout, command.Stderr = &said, &said
				require.NoError(t, command.Start())
				select {
				case <-reached:
				case <-time.After(time.Minute):
					close(wait)
					require.Fail(t, "nothing is uploaded", said.String())
				}
				require.NoError(t, command.Process.Signal(signal))
				_ = command.Wait() // its status is looked at below
				if signal == syscall.SIGTERM {
					assert.Equal(t, 143, command.ProcessState.ExitCode(), said.String())
					// Four go up at a time: before the fifth, one was through.
					assert.True(t, at < 5 || removed.Load() > 0, "it takes back what it uploaded")
					private, err := filepath.Glob(filepath.Join(data, ".tmp-*", "out"))
					require.NoError(t, err)
					assert.Empty(t, private)
				}
				close(wait) // what was under way may still come through
				time.Sleep(100 * time.Millisecond)
				for _, key := range store.keys(t, prefix+"/") {
					assert.False(t, strings.HasSuffix(key, "/manifest.json") || key == prefix+"/latest", key)
				}
				exit, text := store.run(t, data, store.url, arguments("s3://payments/"+prefix)...)
				require.Zero(t, exit, text)
				run := latest(t, prefix)
				for _, key := range store.keys(t, prefix+"/") {
					assert.True(t, key == prefix+"/latest" || strings.HasPrefix(key, prefix+"/"+run+"/"), "%s is of the run that was ended", key)
				}
				exit, text = store.run(t, data, store.url, "verify", "s3://payments/"+prefix+"/latest")
				assert.Zero(t, exit, text)
				nothingLeft(t)
			})
		}
	}
}
