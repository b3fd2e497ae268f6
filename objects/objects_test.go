package objects

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// served is a store whose requests a handler answers. The tests of the program have a
// real server.
func served(t *testing.T, stalled time.Duration, handler http.HandlerFunc) *store {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	environment := map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-north-1",
	}
	s, err := connect(func(name string) string { return environment[name] }, stalled)
	require.NoError(t, err)
	return s
}

// part answers a request for a part of contents.
func part(w http.ResponseWriter, r *http.Request, contents string) (first, last int) {
	w.Header().Set("ETag", `"one"`)
	w.Header().Set("Last-Modified", "Thu, 20 Nov 2025 02:00:00 GMT")
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Length", fmt.Sprint(len(contents)))
		return 0, -1
	}
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Length", fmt.Sprint(last-first+1))
	w.WriteHeader(http.StatusPartialContent)
	return first, last
}

// A connection on which nothing moves is given up, and reading goes on from there on
// another.
func TestAStalledReadGoesOn(t *testing.T) {
	contents := strings.Repeat("0123456789", 20<<10)
	var stalls atomic.Int64
	s := served(t, 200*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		first, last := part(w, r, contents)
		if last >= 100_000 && stalls.Add(1) <= 2 {
			_, _ = io.WriteString(w, contents[first:first+(last-first)/2])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, contents[first:last+1])
	})
	file, err := s.open("s3://bucket/key")
	require.NoError(t, err)
	read, err := io.ReadAll(file)
	require.NoError(t, err)
	assert.True(t, contents == string(read))
	assert.Greater(t, stalls.Load(), int64(2))
	require.NoError(t, file.Close())
	_, err = file.Read(make([]byte, 1))
	assert.ErrorIs(t, err, fs.ErrClosed)
}

// A server that never gets on ends in an error, and not in waiting.
func TestAServerThatNeverGetsOn(t *testing.T) {
	s := served(t, 50*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		part(w, r, "contents")
		if r.Method == http.MethodGet {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	})
	file, err := s.open("s3://bucket/key")
	require.NoError(t, err)
	_, err = file.Read(make([]byte, 8))
	assert.ErrorContains(t, err, "read s3://bucket/key: the object store breaks off: ")
	require.NoError(t, file.Close())
}

// What is read is what was asked for, also where a server knows no conditions and no
// parts.
func TestAnswersAreLookedAt(t *testing.T) {
	for _, row := range []struct {
		why, want string
		answer    func(w http.ResponseWriter, r *http.Request)
	}{
		{"another object, and the server has not looked at If-Match", ErrChanged.Error(), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"two"`)
			_, _ = io.WriteString(w, "abc")
		}},
		{"the whole object in place of a part", "does not give the part of the object that was asked for", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"one"`)
			_, _ = io.WriteString(w, "abcdefgh")
		}},
		{"it is no longer there", ErrChanged.Error(), func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) }},
		{"words of a server are not repeated", "the object store answers with status 400 (Strange)", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "<Error><Code>Strange</Code><Message>secret</Message></Error>")
		}},
		{"nor codes that are no words", "the object store answers with status 400 (no code)", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "<Error><Code>a secret\x1b</Code></Error>")
		}},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := served(t, time.Second, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Last-Modified", "Thu, 20 Nov 2025 02:00:00 GMT")
				row.answer(w, r)
			})
			err := s.fetch(context.Background(), &Info{path: "s3://bucket/key", size: 8, etag: "one"}, make([]byte, 3), 2)
			require.ErrorContains(t, err, row.want)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

// Reading in any order and size gives the bytes that are there.
func TestReadAtAndSeek(t *testing.T) {
	var text strings.Builder
	for i := range 500_000 {
		fmt.Fprintf(&text, "%07d,", i)
	}
	contents := text.String()
	s := served(t, time.Second, func(w http.ResponseWriter, r *http.Request) {
		first, last := part(w, r, contents)
		_, _ = io.WriteString(w, contents[first:last+1])
	})
	file, err := s.open("s3://bucket/key")
	require.NoError(t, err)
	defer file.Close()
	size := int64(len(contents))
	for _, row := range []struct{ offset, length int64 }{
		{0, 1}, {window - 3, 10}, {size - 8, 8}, {size - window - 5, 20}, {1, 3 << 20}, {window, window}, {size - 4, 9},
	} {
		p := make([]byte, row.length)
		n, err := file.ReadAt(p, row.offset)
		if row.offset+row.length > size {
			assert.ErrorIs(t, err, io.EOF)
		} else {
			require.NoError(t, err)
		}
		assert.True(t, contents[row.offset:row.offset+int64(n)] == string(p[:n]), "%+v", row)
	}
	for _, offset := range []int64{3, size - 100, 0, headRange + 7} {
		_, err := file.Seek(offset, io.SeekStart)
		require.NoError(t, err)
		read, err := io.ReadAll(file)
		require.NoError(t, err)
		assert.True(t, contents[offset:] == string(read), "from %d", offset)
	}
}

func TestPaths(t *testing.T) {
	assert.Equal(t, "s3://bucket/a/b", Join("s3://bucket/a/", "b"))
	assert.Equal(t, "s3://bucket/a", Dir("s3://bucket/a/b"))
	assert.Equal(t, "s3://bucket", Dir("s3://bucket/a"))
	assert.Equal(t, "s3://bucket", Dir("s3://bucket"))
	assert.False(t, Is("s3:/bucket/a"), "a slash is missing")
}

// What an object that stands for a link may hold: a name, and nothing that leads
// elsewhere.
func TestNamesOfLinks(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "latest", "a b", "å", "a\n"} {
		assert.False(t, isName(name), "%q", name)
	}
	assert.True(t, isName("20251121T020000.000Z-1f3a9c2e"))
}

// A server that answers before it has read all of a part is sent it again, from its
// beginning: with the race detector this fails where the first attempt still reads.
func TestAPartIsSentAgainWhole(t *testing.T) {
	contents := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	var attempts atomic.Int64
	var got []byte
	s := served(t, 5*time.Second, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if attempts.Add(1) <= 3 {
			w.WriteHeader(http.StatusServiceUnavailable) // nothing is read
			return
		}
		got, _ = io.ReadAll(r.Body)
		w.Header().Set("ETag", `"one"`)
	})
	_, err := s.client.Client.PutObject(t.Context(), "bucket", "name", bytes.NewReader(contents), int64(len(contents)), minio.PutObjectOptions{DisableMultipart: true})
	require.NoError(t, err)
	require.EqualValues(t, 4, attempts.Load())
	require.True(t, bytes.Contains(got, contents[:1<<15]), "it begins where it begins")
	require.GreaterOrEqual(t, len(got), len(contents))
}

// stored is a store with one object, which answers a condition as S3 does. stand is
// asked before every upload, and answers in its place where it says so.
type stored struct {
	contents string // empty for none
	puts     int
	stand    func(w http.ResponseWriter, put int) (answered bool)
}

func (o *stored) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	etag := fmt.Sprintf(`"%x"`, o.contents)
	if r.Method == http.MethodPut {
		o.puts++
		if o.stand != nil && o.stand(w, o.puts) {
			return
		}
		if r.Header.Get("If-None-Match") == "*" && o.contents != "" || r.Header.Get("If-Match") != "" && r.Header.Get("If-Match") != etag {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, text, _ := strings.Cut(string(body), "\r\n") // of a body that is sent in signed pieces
		o.contents, _, _ = strings.Cut(text, "\r\n")
		w.Header().Set("ETag", `"new"`)
		return
	}
	if o.contents == "" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Method == http.MethodHead || r.Header.Get("Range") != "" {
		first, last := part(w, r, o.contents)
		_, _ = io.WriteString(w, o.contents[first:last+1])
	}
}

// What is there may be what was sent before, whose answer was lost; and what is there
// for a moment only may be tried again.
func TestAnObjectThatMustBeNew(t *testing.T) {
	conflict := func(times int) func(http.ResponseWriter, int) bool {
		return func(w http.ResponseWriter, put int) bool {
			if put <= times {
				w.WriteHeader(http.StatusConflict)
				_, _ = io.WriteString(w, "<Error><Code>ConditionalRequestConflict</Code></Error>")
			}
			return put <= times
		}
	}
	for _, row := range []struct {
		why, there string
		stand      func(http.ResponseWriter, int) bool
		want       error
		puts       int
	}{
		{"nothing is there", "", nil, nil, 1},
		{"the same is there: it was sent before", "ours", nil, nil, 1},
		{"another of the same length is there", "oars", nil, fs.ErrExist, 1},
		{"a longer one is there", "theirs", nil, fs.ErrExist, 1},
		{"another was at it at that moment", "", conflict(2), nil, 3},
		{"others are at it all the time", "", conflict(attempts), errConflict, attempts},
	} {
		t.Run(row.why, func(t *testing.T) {
			object := &stored{contents: row.there, stand: row.stand}
			s := served(t, time.Minute, object.ServeHTTP)
			err := s.putNew(t.Context(), "s3://bucket/name", strings.NewReader("ours"), 4)
			if row.want == nil {
				require.NoError(t, err)
				assert.Equal(t, "ours", object.contents)
			} else {
				require.ErrorIs(t, err, row.want)
				assert.Equal(t, row.there, object.contents)
			}
			assert.Equal(t, row.puts, object.puts)
		})
	}
}

// A link that leads there already is not made again.
func TestALinkThatIsThere(t *testing.T) {
	object := &stored{contents: "v2\n"}
	s := served(t, time.Minute, object.ServeHTTP)
	isOpen, err := s.link(t.Context(), "v2", "s3://bucket/latest", func(string) bool { return true })
	require.NoError(t, err)
	assert.False(t, isOpen)
	assert.Zero(t, object.puts)
}

// Only a link that was asked for, and not refused, may be made yet.
func TestALinkMayBeMadeYet(t *testing.T) {
	for _, row := range []struct {
		why         string
		read, write int
		lost        bool // the answer to the first request
		isOpen      bool
	}{
		{"whether there is one cannot be seen", http.StatusForbidden, http.StatusOK, false, false},
		{"it is refused", http.StatusNotFound, http.StatusForbidden, false, false},
		{"who is between gives up", http.StatusNotFound, http.StatusGatewayTimeout, false, true},
		{"its repetition is refused", http.StatusNotFound, http.StatusForbidden, true, true},
	} {
		var puts atomic.Int32
		s := served(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				if puts.Add(1) == 1 && row.lost {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(row.write)
			} else {
				w.WriteHeader(row.read)
			}
		})
		isOpen, err := s.link(t.Context(), "v2", "s3://bucket/latest", func(string) bool { return true })
		require.Error(t, err, row.why)
		assert.Equal(t, row.isOpen, isOpen, row.why)
	}
}

// Links are followed by whatever names, each once, and a second one behind the first.
func TestLinksAreFollowed(t *testing.T) {
	links := map[string]string{"/bucket/short/latest": "v1", "/bucket/short/v1/latest": "w2", "/bucket/a/latest": strings.Repeat("long", 8)}
	s := served(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		target, ok := links[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		first, last := part(w, r, target)
		_, _ = io.WriteString(w, target[first:last+1])
	})
	for name, want := range map[string]string{
		"s3://bucket/short/latest":                "s3://bucket/short/v1",
		"s3://bucket/short/latest/latest":         "s3://bucket/short/v1/w2",
		"s3://bucket/short/latest/latest/file":    "s3://bucket/short/v1/w2/file",
		"s3://bucket/short/latest/x/latest/y":     "s3://bucket/short/v1/x/latest/y",
		"s3://bucket/a/latest/latest/z":           "s3://bucket/a/" + strings.Repeat("long", 8) + "/latest/z",
		"s3://bucket/short/later/latest/latest/z": "s3://bucket/short/later/latest/latest/z",
	} {
		followed, err := s.follow(t.Context(), name, true)
		require.NoError(t, err, name)
		assert.Equal(t, want, followed)
	}
}

// Whatever a server that does not answer was asked for, nobody waits for it once the
// context has ended: also not for a list, for which the client takes none, and not for
// the end of an upload in parts, which the client gives up by a request of its own.
func TestAHungServerIsNotWaitedFor(t *testing.T) {
	contents := bytes.Repeat([]byte("0123456789abcdef"), 20<<16)
	for name, request := range map[string]func(ctx context.Context, s *store) error{
		"a list": func(ctx context.Context, s *store) error {
			_, err := s.list(ctx, "s3://bucket/folder")
			return err
		},
		"an upload in parts": func(ctx context.Context, s *store) error {
			return s.put(ctx, "s3://bucket/name", bytes.NewReader(contents), int64(len(contents)), minio.PutObjectOptions{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, hung := make(chan struct{}, 100), make(chan struct{})
			s := served(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && r.URL.Query().Has("uploads") {
					_, _ = io.WriteString(w, `<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>name</Key><UploadId>one</UploadId></InitiateMultipartUploadResult>`)
					return
				}
				asked <- struct{}{}
				<-hung
			})
			t.Cleanup(func() { close(hung) })
			ctx, end := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- request(ctx, s) }()
			<-asked
			end()
			select {
			case err := <-ended:
				assert.ErrorIs(t, err, context.Canceled)
			case <-time.After(givingUp + 2*time.Second):
				assert.Fail(t, "it is still waited for")
			}
		})
	}
}
