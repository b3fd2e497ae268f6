package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const (
	// headRange is how much of an object is asked for first, bytes: what a file's
	// format and columns are told by.
	headRange = 64 << 10
	// streamRange is how much is asked for at a time when an object is read through,
	// and ahead how many such requests are under way: with them 32 MiB are in memory.
	streamRange = 8 << 20
	ahead       = 4
	// window is how much is asked for where little is wanted, and windows how many of
	// them are kept of an object.
	window  = 256 << 10
	windows = 32
	// steps is how often reading may break off without getting on.
	steps = 5
)

// fetch fills p from an object. Where the connection breaks it goes on from there.
func (s *store) fetch(ctx context.Context, info *Info, p []byte, offset int64) error {
	bucket, key := split(info.path)
	var options minio.GetObjectOptions
	if err := options.SetMatchETag(info.etag); err != nil {
		return err
	}
	for broken := 0; len(p) > 0; {
		if err := options.SetRange(offset, offset+int64(len(p))-1); err != nil {
			return err
		}
		body, answer, _, err := s.client.GetObject(ctx, bucket, key, options)
		if err != nil {
			if err = told(err); errors.Is(err, errPrecondition) || errors.Is(err, fs.ErrNotExist) {
				return ErrChanged
			}
			return err
		}
		if answer.ETag != info.etag { // the server does not look at If-Match
			return errors.Join(ErrChanged, body.Close())
		}
		if answer.Size != int64(len(p)) {
			return errors.Join(errors.New("the object store does not give the part of the object that was asked for"), body.Close())
		}
		n, err := io.ReadFull(body, p)
		_ = body.Close() // what was wanted of it has been read, or not
		p, offset = p[n:], offset+int64(n)
		if err == nil {
			continue
		}
		if reason := context.Cause(ctx); reason != nil {
			return reason
		}
		if n >= headRange {
			broken = 0
		}
		if broken++; broken >= steps {
			return fmt.Errorf("the object store breaks off: %w", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond << broken):
		}
	}
	return nil
}

// File is an object that is open for reading. ReadAt is for several goroutines, the
// others for one.
type File struct {
	path   string // as it was opened
	store  *store
	info   *Info
	ctx    context.Context // until it is closed
	cancel context.CancelCauseFunc

	at      int64    // where Read goes on
	planned int64    // to where it has been asked for
	through bool     // more than the first part is being read
	pieces  []*piece // from at on
	spare   [][]byte // buffers of pieces that have been read
	group   sync.WaitGroup

	mutex   sync.Mutex
	windows []*piece // the last that were used, the latest last
}

// piece is a part of an object, in memory when done is closed.
type piece struct {
	start int64
	data  []byte
	done  chan struct{}
	err   error
}

// Open opens an object.
func Open(name string) (*File, error) {
	var f *File
	err := at("open", name, func(s *store) (err error) {
		f, err = s.open(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (s *store) open(name string) (*File, error) {
	followed, err := s.follow(reading, name, false)
	if err != nil {
		return nil, err
	}
	info, err := s.object(reading, followed)
	if err != nil {
		return nil, err
	}
	f := &File{path: name, store: s, info: info}
	f.ctx, f.cancel = context.WithCancelCause(reading)
	return f, nil
}

// Name is the path that the object was opened by.
func (f *File) Name() string { return f.path }

// Stat describes the object as it was opened.
func (f *File) Stat() (fs.FileInfo, error) { return f.info, nil }

func (f *File) failed(err error) error {
	if ended := context.Cause(f.ctx); ended != nil {
		err = ended
	}
	return &fs.PathError{Op: "read", Path: f.path, Err: err}
}

// Read reads on. Little is asked for at first, and from then on much, ahead of the
// reading.
func (f *File) Read(p []byte) (int, error) {
	switch {
	case f.ctx.Err() != nil:
		return 0, f.failed(os.ErrClosed)
	case len(p) == 0:
		return 0, nil
	case f.at >= f.info.size:
		return 0, io.EOF
	}
	f.plan()
	first := f.pieces[0]
	<-first.done
	if first.err != nil {
		return 0, f.failed(first.err)
	}
	n := copy(p, first.data[f.at-first.start:])
	if f.at += int64(n); f.at == first.start+int64(len(first.data)) {
		f.pieces, f.through = f.pieces[1:], true
		if cap(first.data) == streamRange {
			f.spare = append(f.spare, first.data)
		}
	}
	return n, nil
}

// plan asks for what is to be read next. Until the first part has been read, nobody
// knows whether more is wanted.
func (f *File) plan() {
	if !f.through {
		if len(f.pieces) == 0 {
			f.ask(headRange)
		}
		return
	}
	for len(f.pieces) < ahead && f.planned < f.info.size {
		f.ask(streamRange)
	}
}

// ask asks for the next bytes.
func (f *File) ask(size int64) {
	p := &piece{start: f.planned, done: make(chan struct{})}
	capacity := size
	size = min(size, f.info.size-f.planned)
	if last := len(f.spare) - 1; last >= 0 && capacity == streamRange {
		p.data, f.spare = f.spare[last][:size], f.spare[:last]
	} else {
		p.data = make([]byte, size, capacity)
	}
	f.pieces, f.planned = append(f.pieces, p), f.planned+size
	f.group.Go(func() {
		p.err = f.store.fetch(f.ctx, f.info, p.data, p.start)
		close(p.done)
	})
}

// Seek sets where Read goes on.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.info.size
	}
	if offset < 0 {
		return 0, f.failed(fs.ErrInvalid)
	}
	if offset != f.at {
		f.at, f.planned, f.pieces, f.through = offset, offset, nil, false
	}
	return offset, nil
}

// ReadAt reads much at once, several parts of it at a time, and little from the
// windows that are kept.
func (f *File) ReadAt(p []byte, offset int64) (int, error) {
	if f.ctx.Err() != nil {
		return 0, f.failed(os.ErrClosed)
	}
	if offset < 0 {
		return 0, f.failed(fs.ErrInvalid)
	}
	var end error
	if left := max(0, f.info.size-offset); int64(len(p)) > left {
		p, end = p[:left], io.EOF
	}
	if len(p) >= window {
		group, ctx := errgroup.WithContext(f.ctx)
		group.SetLimit(ahead)
		for at := 0; at < len(p); at += streamRange {
			part := p[at:min(len(p), at+streamRange)]
			group.Go(func() error { return f.store.fetch(ctx, f.info, part, offset+int64(at)) })
		}
		if err := group.Wait(); err != nil {
			return 0, f.failed(err)
		}
		return len(p), end
	}
	n := 0
	for n < len(p) {
		w := f.window(offset + int64(n))
		<-w.done
		if w.err != nil {
			return n, f.failed(w.err)
		}
		n += copy(p[n:], w.data[offset+int64(n)-w.start:])
	}
	return n, end
}

// window is the one that holds a byte of the object. The last reaches to the
// object's end, where formats have what they are read by.
func (f *File) window(offset int64) *piece {
	start := offset / window * window
	size := min(window, f.info.size-start)
	if last := max(0, f.info.size-window); offset >= last {
		start, size = last, f.info.size-last
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for i, w := range f.windows {
		if offset >= w.start && offset < w.start+int64(len(w.data)) && !w.failed() {
			f.windows = append(append(f.windows[:i:i], f.windows[i+1:]...), w)
			return w
		}
	}
	w := &piece{start: start, data: make([]byte, size), done: make(chan struct{})}
	f.windows = append(f.windows, w)
	if len(f.windows) > windows {
		f.windows = f.windows[1:]
	}
	f.group.Go(func() {
		w.err = f.store.fetch(f.ctx, f.info, w.data, w.start)
		close(w.done)
	})
	return w
}

// failed says whether a piece is known not to have come.
func (p *piece) failed() bool {
	select {
	case <-p.done:
		return p.err != nil
	default:
		return false
	}
}

// Close ends what is under way.
func (f *File) Close() error {
	if context.Cause(f.ctx) == os.ErrClosed {
		return &fs.PathError{Op: "close", Path: f.path, Err: os.ErrClosed}
	}
	f.cancel(os.ErrClosed)
	f.group.Wait()
	f.pieces, f.spare, f.windows = nil, nil, nil
	return nil
}
