package objects

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Variables that name a proxy are not read: no connection goes but to the server that
// AWS_ENDPOINT_URL names. It is a process of its own that asks, since net/http reads
// them once.
func TestNoProxyIsAsked(t *testing.T) {
	if os.Getenv("AVSTAM_TEST_ASKS") != "" {
		s, err := connect(os.Getenv, time.Second)
		require.NoError(t, err)
		_, err = s.client.StatObject(context.Background(), "bucket", "key", minio.StatObjectOptions{})
		require.NoError(t, err)
		return
	}
	var asked, proxied atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Last-Modified", "Thu, 20 Nov 2025 00:00:00 GMT")
		w.Header().Set("ETag", `"1"`)
	}))
	defer server.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		proxied.Add(1)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	asks := exec.Command(os.Args[0], "-test.run=^TestNoProxyIsAsked$")
	asks.Env = append(os.Environ(), "AVSTAM_TEST_ASKS=1", "HTTP_PROXY="+proxy.URL, "HTTPS_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=",
		"AWS_ENDPOINT_URL_S3="+strings.Replace(server.URL, "127.0.0.1", "0.0.0.0", 1), // a loopback address is never asked by a proxy
		"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_REGION=x")
	output, err := asks.CombinedOutput()
	assert.NoError(t, err, "%s", output)
	assert.Zero(t, proxied.Load())
	assert.Positive(t, asked.Load())
}
