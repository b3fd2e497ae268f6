package objects

import (
	"io"
	"net/http"
	"sync"
)

// patientTransport lets nobody make a request again before the transport has let go
// of the body that the request before it sent. A server may answer before it has read
// all; the transport may then still be at the body, which the client winds back for
// its next attempt, and would send what two have read by turns.
// https://pkg.go.dev/net/http#RoundTripper
type patientTransport struct{ http.RoundTripper }

// RoundTrip makes a request. It, or closing the response's body, waits for the end of
// the request's.
func (t patientTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return t.RoundTripper.RoundTrip(request)
	}
	sent := &sentBody{ReadCloser: request.Body, closed: make(chan struct{})}
	own := *request // a transport may not change what it is given
	own.Body = sent
	response, err := t.RoundTripper.RoundTrip(&own)
	if err != nil {
		<-sent.closed
		return nil, err
	}
	response.Body = &answerBody{ReadCloser: response.Body, sent: sent}
	return response, nil
}

// sentBody tells when it has been closed, from when on nothing is read.
type sentBody struct {
	io.ReadCloser
	mutex    sync.Mutex // the transport may close what another of its goroutines reads
	isClosed bool
	closed   chan struct{}
}

func (b *sentBody) Read(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.isClosed {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.ReadCloser.Read(p)
}

func (b *sentBody) Close() error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.isClosed {
		return nil
	}
	b.isClosed = true
	defer close(b.closed)
	return b.ReadCloser.Close()
}

// answerBody is closed when the body that was sent is, too.
type answerBody struct {
	io.ReadCloser
	sent *sentBody
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	<-b.sent.closed
	return err
}
