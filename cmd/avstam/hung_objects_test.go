package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hangingStore is a small object store of one bucket that can be told to hang.
type hangingStore struct {
	url     string
	reached chan struct{} // gets one of each request that hangs
	ended   chan struct{} // closed when nothing hangs any more

	mutex   sync.Mutex
	objects map[string][]byte
	hangs   func(r *http.Request) bool
	trickle bool // what hangs is answered byte by byte
}

func startHangingStore(t *testing.T) *hangingStore {
	t.Helper()
	s := &hangingStore{reached: make(chan struct{}, 1000), ended: make(chan struct{}), objects: map[string][]byte{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(s.ended) })
	s.url = server.URL
	return s
}

// set says which requests hang from now on, none where it is nil, and whether these are
// answered byte by byte instead.
func (s *hangingStore) set(hangs func(r *http.Request) bool, trickle bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.hangs, s.trickle = hangs, trickle
}

func (s *hangingStore) object(key string) []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.objects[key]
}

func (s *hangingStore) put(t *testing.T, key, path string) {
	t.Helper()
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.objects[key] = contents
}

// keys are the keys that begin with a prefix.
func (s *hangingStore) keys(prefix string) (keys []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for key := range s.objects {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (s *hangingStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mutex.Lock()
	hangs, trickles := s.hangs != nil && s.hangs(r), s.trickle
	s.mutex.Unlock()
	switch {
	case hangs && trickles:
		w = &trickle{ResponseWriter: w, to: s}
	case hangs:
		s.reached <- struct{}{}
		select {
		case <-s.ended:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
	s.answer(w, r, body)
}

// trickle is an answer that takes for ever.
type trickle struct {
	http.ResponseWriter
	to *hangingStore
}

func (t *trickle) Write(p []byte) (n int, err error) {
	t.to.reached <- struct{}{}
	for ; n < len(p) && err == nil; n++ {
		_, err = t.ResponseWriter.Write(p[n : n+1])
		_ = http.NewResponseController(t.ResponseWriter).Flush()
		select {
		case <-t.to.ended:
			return n, io.ErrClosedPipe
		case <-time.After(100 * time.Millisecond):
		}
	}
	return n, err
}

// answer does what a store does that is well.
func (s *hangingStore) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	key := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/payments"), "/")
	switch query := r.URL.Query(); {
	case query.Has("uploads"):
		_, _ = io.WriteString(w, "<ListMultipartUploadsResult></ListMultipartUploadsResult>")
		return
	case key == "" && r.Method == http.MethodGet:
		s.list(w, query.Get("prefix"), query.Get("delimiter"))
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	contents, there := s.objects[key]
	switch {
	case r.Method == http.MethodPut:
		if r.Header.Get("If-None-Match") != "" && there {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		s.objects[key] = unsigned(body)
		w.Header().Set("ETag", `"new"`)
	case r.Method == http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case !there:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, len(contents)))
		http.ServeContent(w, r, "", time.Unix(1764000000, 0), bytes.NewReader(contents))
	}
}

func (s *hangingStore) list(w http.ResponseWriter, prefix, delimiter string) {
	var entries strings.Builder
	folders := map[string]bool{}
	for _, key := range s.keys(prefix) {
		if folder, _, found := strings.Cut(key[len(prefix):], "/"); found && delimiter != "" {
			if !folders[folder] {
				fmt.Fprintf(&entries, "<CommonPrefixes><Prefix>%s%s/</Prefix></CommonPrefixes>", prefix, folder)
			}
			folders[folder] = true
			continue
		}
		size := len(s.object(key))
		fmt.Fprintf(&entries, `<Contents><Key>%s</Key><LastModified>2025-11-24T16:00:00.000Z</LastModified><ETag>"%d"</ETag><Size>%d</Size></Contents>`, key, size, size)
	}
	_, _ = io.WriteString(w, "<ListBucketResult><IsTruncated>false</IsTruncated>"+entries.String()+"</ListBucketResult>")
}

// unsigned is a body without the signatures of its pieces.
func unsigned(body []byte) (contents []byte) {
	for {
		line, rest, found := bytes.Cut(body, []byte("\r\n"))
		var size int
		if n, err := fmt.Sscanf(string(line), "%x;chunk-signature=", &size); n == 0 || err != nil && !found {
			return body // it is not signed in pieces
		}
		if size == 0 {
			return contents
		}
		contents, body = append(contents, rest[:size]...), rest[size+2:]
	}
}

// asked says whether a request is of a method for an object whose key ends so; for a
// list, the key is empty.
func asked(method, ending string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		isList := r.Method == http.MethodGet && strings.Trim(r.URL.Path, "/") == "payments"
		return r.Method == method && isList == (ending == "") && strings.HasSuffix(r.URL.Path, ending)
	}
}

func anything(*http.Request) bool { return true }

// mustEnd sends a signal and sees to it that the program ends in time.
func (a *attempt) mustEnd(t *testing.T, signal syscall.Signal) {
	t.Helper()
	require.NoError(t, a.Process.Signal(signal))
	late := time.AfterFunc(stopTime, func() {
		t.Errorf("it has not ended %v after %s", stopTime, signal)
		_ = a.Process.Kill()
	})
	a.end()
	late.Stop()
}

// Where object storage does not answer, or as good as, whatever reads there ends when it
// is asked to.
func TestHungObjectStorageIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	data := generated(t, 3000, "0.02")
	exit, _, line := call(t, data, "run", "--records", "records.csv", "--register", "register.avr", "--out", "out", "--as-of", "2025-12-01")
	require.Zero(t, exit, line)
	report, err := filepath.EvalSymlinks(filepath.Join(data, "out", "latest"))
	require.NoError(t, err)
	published := "s3://payments/report/" + filepath.Base(report)
	run := func(more ...string) []string {
		return append([]string{"run", "--records", "s3://payments/in/", "--register", "register.avr", "--out", "new"}, more...)
	}
	for _, row := range []struct {
		why         string
		method, key string // what hangs
		trickles    bool   // or rather comes byte by byte
		arguments   []string
	}{
		{"records are looked for", "GET", "", false, run()},
		{"records are looked at", "HEAD", "b.csv", false, []string{"run", "--records", "s3://payments/in/b.csv", "--register", "register.avr", "--out", "new"}},
		{"records are opened", "GET", "b.csv", false, run()},
		{"records trickle", "GET", "b.csv", true, run()},
		{"a dry run", "GET", "b.csv", false, run("--dry-run")},
		{"a plan", "GET", "b.csv", false, append([]string{"shard", "plan", "--work", "work"}, run()[1:]...)},
		{"the register is opened", "GET", "register.avr", false, []string{"run", "--records", "register.avr", "--register", "s3://payments/register.avr", "--out", "new"}},
		{"an extract trickles", "GET", "register.csv", true, []string{"register", "build", "--in", "s3://payments/register.csv", "--out", "new.avr"}},
		{"files are inspected", "GET", "b.csv", false, []string{"inspect", "s3://payments/in"}},
		{"a report is verified", "GET", "findings.parquet", false, []string{"verify", published}},
		{"a finding is explained", "GET", "findings.parquet", false, []string{"explain", published, strings.Repeat("0", 32)}},
		{"reports are compared", "GET", "findings.parquet", false, []string{"diff", published, published}},
		{"the output folder is looked at", "GET", "", false, []string{"run", "--records", "register.avr", "--register", "register.avr", "--out", "s3://payments/out", "--id-key", "key"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Parallel()
			store := startHangingStore(t)
			for _, name := range []string{"in/a.csv", "in/b.csv", "in/c.csv"} {
				store.put(t, name, filepath.Join(data, "records.csv"))
			}
			for _, name := range []string{"register.avr", "register.csv"} {
				store.put(t, name, filepath.Join(data, name))
			}
			for _, name := range namesIn(t, report) {
				store.put(t, "report/"+filepath.Base(report)+"/"+name, filepath.Join(report, name))
			}
			store.set(asked(row.method, row.key), row.trickles)
			folder := t.TempDir()
			require.NoError(t, os.Link(filepath.Join(data, "register.avr"), filepath.Join(folder, "register.avr")))
			command := (&objectStore{}).begin(t, folder, store.url, row.arguments...)
			command.await(t, store.reached)
			command.mustEnd(t, syscall.SIGTERM)
			assert.Equal(t, 143, command.ProcessState.ExitCode())
			assert.True(t, strings.HasSuffix(command.said.String(), "avstam: exit 143: interrupted by SIGTERM\n"), command.said.String())
		})
	}
}

// A run that is interrupted where object storage no longer answers cannot take back what
// it has uploaded in time: that is no report, and the next run removes it. What may have
// moved latest stays.
func TestWhatHungObjectStorageKeepsIsTakenBackLater(t *testing.T) {
	t.Parallel()
	data := generated(t, 3000, "0.02")
	for _, row := range []struct {
		method, key string // of the request that hangs, and with it all that come after
		exit        int
		says        string
		stays       bool // what is left of the run
	}{
		{"PUT", "findings.parquet", 130, "interrupted by SIGINT", false},
		{"PUT", "manifest.json", 130, "interrupted by SIGINT", false},
		{"HEAD", "latest", 130, "interrupted by SIGINT", false},
		{"PUT", "latest", 4, "it is there to be seen, whole, and latest may lead to it or not", true},
	} {
		t.Run(row.method+" "+row.key, func(t *testing.T) {
			t.Parallel()
			store := startHangingStore(t)
			run := func(asOf string) *attempt {
				return (&objectStore{}).begin(t, data, store.url, "run", "--records", "records.csv", "--register", "register.avr",
					"--out", "s3://payments/out", "--id-key", "key", "--as-of", asOf)
			}
			first := run("2025-12-01")
			first.end()
			require.Zero(t, first.ProcessState.ExitCode(), first.said.String())
			before := store.keys("out/")
			latest := string(store.object("out/latest"))

			store.set(asked(row.method, row.key), false)
			second := run("2025-12-02")
			second.await(t, store.reached)
			isThere := func() bool { return len(store.keys("out/")) > len(before) }
			require.Eventually(t, isThere, 30*time.Second, 5*time.Millisecond, "something of it is there: files go up beside each other")
			store.set(anything, false)
			second.mustEnd(t, syscall.SIGINT)
			assert.Equal(t, row.exit, second.ProcessState.ExitCode())
			assert.Contains(t, second.said.String(), fmt.Sprintf("avstam: exit %d: ", row.exit))
			assert.Contains(t, second.said.String(), row.says)
			assert.Equal(t, latest, string(store.object("out/latest")))
			left := store.keys("out/")
			require.Greater(t, len(left), len(before))

			store.set(nil, false)
			third := (&objectStore{}).command(data, store.url, second.Args[1:]...)
			third.Env = append(third.Env, "TMPDIR="+second.machine)
			output, err := third.CombinedOutput()
			require.NoError(t, err, "%s", output)
			now := strings.TrimSpace(string(store.object("out/latest")))
			removed := slices.DeleteFunc(left, func(key string) bool { return slices.Contains(store.keys("out/"), key) })
			assert.Equal(t, row.stays, len(removed) == 0, "%v", removed)
			assert.Contains(t, store.keys("out/"), "out/"+now+"/manifest.json")
			assert.Empty(t, namesIn(t, second.machine))
		})
	}
}
