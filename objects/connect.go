package objects

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// attempts is how often a request is made at most, with pauses that double up to
	// a second and are shortened by chance.
	attempts = 8
	// stalled is how long a connection may neither give nor take a byte.
	stalled = 30 * time.Second
	// amazon is where no endpoint is named; the client puts the region in.
	amazon = "https://s3.amazonaws.com"
)

// connected is the object storage that the environment names.
var connected = sync.OnceValues(func() (*store, error) { return connect(os.Getenv, stalled) })

// connect reads the environment, by the names that Amazon's tools have for it:
// AWS_ENDPOINT_URL_S3, or AWS_ENDPOINT_URL, or Amazon; AWS_REGION, or what the server
// says; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for those that end, AWS_SESSION_TOKEN.
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
//
// It makes no connection. The errors repeat nothing of the values.
func connect(environment func(string) string, stalled time.Duration) (*store, error) {
	name, endpoint := "AWS_ENDPOINT_URL_S3", environment("AWS_ENDPOINT_URL_S3")
	if endpoint == "" {
		name, endpoint = "AWS_ENDPOINT_URL", environment("AWS_ENDPOINT_URL")
	}
	if endpoint == "" {
		endpoint = amazon
	}
	at, err := url.Parse(endpoint)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil || strings.Trim(at.Path, "/") != "" || at.RawQuery != "" {
		return nil, fmt.Errorf("%s is not of the form https://host or https://host:port", name)
	}
	id, secret := environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY")
	if id == "" || secret == "" {
		return nil, errors.New("object storage wants credentials in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	secure := at.Scheme == "https"
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	transport.Proxy = nil // the environment names the server, and nothing between
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &watched{Conn: connection, stalled: stalled}, nil
	}
	client, err := minio.NewCore(at.Host, &minio.Options{
		Creds: credentials.NewStaticV4(id, secret, environment("AWS_SESSION_TOKEN")), Secure: secure,
		Region: environment("AWS_REGION"), Transport: patientTransport{transport}, MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("object storage cannot be reached as %s says it", name)
	}
	return &store{client: client, known: map[string]*Info{}, links: map[string]string{}}, nil
}

// watched is a connection that ends where nothing moves for too long. A request
// that is being sent has its answer waited for all the while, so that each write
// grants the answer more time, too.
type watched struct {
	net.Conn
	stalled time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(w.stalled)); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

func (w *watched) Write(p []byte) (int, error) {
	if err := w.SetDeadline(time.Now().Add(w.stalled)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

// Codes of servers are words; whatever else one says is not repeated.
var code = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// told is an error of the client as one may be told of it.
func told(err error) error {
	if answer, ok := errors.AsType[minio.ErrorResponse](err); ok {
		switch {
		case answer.Code == minio.NoSuchBucket:
			return errors.New("there is no such bucket")
		case answer.StatusCode == http.StatusNotFound:
			return fs.ErrNotExist
		case answer.Code == "ConditionalRequestConflict":
			return errConflict
		case answer.StatusCode == http.StatusPreconditionFailed:
			return errPrecondition
		case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden:
			return fmt.Errorf("the object store denies access (%s): see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what the bucket allows them", codeOf(answer))
		}
		return fmt.Errorf("the object store answers with status %d (%s)", answer.StatusCode, codeOf(answer))
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("the object store cannot be reached: %w", request.Err)
	}
	return err
}

func codeOf(answer minio.ErrorResponse) string {
	if code.MatchString(answer.Code) {
		return answer.Code
	}
	return "no code"
}

// errPrecondition says that an object is not, or is no longer, what a request said.
var errPrecondition = errors.New("the object is another than was expected")

// errConflict says that another was at the object at that moment: nothing is known of
// it, and the request is to be made again.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
var errConflict = errors.New("others write the object all the time")
