package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
)

// Contents are what is uploaded. They are read more than once where a request fails.
type Contents interface {
	io.ReadSeeker
	io.ReaderAt
}

// givingUp is how long it may take to give up what was being uploaded in parts.
const givingUp = time.Second

// Put uploads a whole object, which is there when Put returns and not a byte of it
// before. Great ones go up in parts, several at a time; where that fails the parts
// are given up.
func Put(ctx context.Context, name string, contents Contents, size int64) error {
	return at("write", name, func(s *store) error { return s.put(ctx, name, contents, size, minio.PutObjectOptions{}) })
}

// PutNew is Put for an object that must not be there yet, or have these contents:
// else the error is fs.ErrExist. A server that knows no conditions (RFC 9110 section
// 13.1.2) is asked before.
func PutNew(ctx context.Context, name string, contents Contents, size int64) error {
	return at("create", name, func(s *store) error { return s.putNew(ctx, name, contents, size) })
}

func (s *store) putNew(ctx context.Context, name string, contents Contents, size int64) error {
	var options minio.PutObjectOptions
	options.SetMatchETagExcept("*")
	err := s.put(ctx, name, contents, size, options)
	for n := 1; n < attempts && errors.Is(err, errConflict); n++ {
		if err = pause(ctx, n); err == nil {
			err = s.put(ctx, name, contents, size, options)
		}
	}
	if err == nil {
		return nil
	}
	// An answer that was lost says nothing of what was done: what is there now may be
	// what was sent, and the answer to its repetition says that it is there.
	there, same, lookErr := s.holds(ctx, name, contents, size)
	switch {
	case same:
		return nil
	case !errors.Is(err, errPrecondition) && !isUnknown(err):
		return err
	case lookErr != nil:
		return lookErr
	case there:
		return fs.ErrExist
	case isUnknown(err):
		return s.put(ctx, name, contents, size, minio.PutObjectOptions{})
	}
	return err
}

// holds says whether an object is there, and has these contents.
func (s *store) holds(ctx context.Context, name string, contents io.ReaderAt, size int64) (there, same bool, err error) {
	bucket, key := split(name)
	seen, err := s.client.StatObject(ctx, bucket, key, minio.StatObjectOptions{})
	if err = told(err); errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil || seen.Size != size {
		return true, false, err
	}
	seen.Key = key
	info, ours := infoOf(bucket, &seen), io.NewSectionReader(contents, 0, size)
	for offset := int64(0); offset < size; offset += window {
		p, q := make([]byte, min(window, size-offset)), make([]byte, min(window, size-offset))
		if err := s.fetch(ctx, info, p, offset); err != nil {
			return true, false, err
		}
		if _, err := io.ReadFull(ours, q); err != nil || !bytes.Equal(p, q) {
			return true, false, err
		}
	}
	return true, true, nil
}

// pause waits before a request is made for the n-th time again.
func pause(ctx context.Context, n int) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(min(100*time.Millisecond<<(n-1), time.Second)):
		return nil
	}
}

func (s *store) put(ctx context.Context, name string, contents Contents, size int64, options minio.PutObjectOptions) error {
	options.ContentType = "application/octet-stream"
	bucket, key := split(name)
	if _, err := contents.Seek(0, io.SeekStart); err != nil {
		return err
	}
	// The client gives up an upload in parts, for up to a minute, after its context has ended.
	_, err := await(ctx, givingUp, func() (minio.UploadInfo, error) {
		return s.client.Client.PutObject(ctx, bucket, key, contents, size, options)
	})
	if err == nil {
		return nil
	}
	if reason := context.Cause(ctx); reason != nil {
		return reason
	}
	return refused(err)
}

// refused is an error as told has it; where the server does not know what it is
// asked for, it can be recognized.
func refused(err error) error {
	if answer, ok := errors.AsType[minio.ErrorResponse](err); ok && answer.StatusCode == http.StatusNotImplemented {
		return errors.Join(errUnknown, told(err))
	}
	return told(err)
}

var errUnknown = errors.New("the object store does not do what it is asked for")

func isUnknown(err error) bool { return errors.Is(err, errUnknown) }

// Exists says whether there is an object, or one in the folder, now.
func Exists(ctx context.Context, name string) (there bool, err error) {
	err = at("stat", name, func(s *store) error {
		bucket, key := split(name)
		for _, prefix := range []string{key, below(key)} {
			found, err := s.page(ctx, bucket, prefix, "", "", 1)
			if err != nil {
				return err
			}
			there = there || len(found.Contents) > 0 && (prefix != key || found.Contents[0].Key == key)
		}
		return nil
	})
	return there, err
}

// Remove removes an object; one that is not there is no error.
func Remove(ctx context.Context, name string) error {
	return at("remove", name, func(s *store) error {
		bucket, key := split(name)
		if err := s.client.RemoveObject(ctx, bucket, key, minio.RemoveObjectOptions{}); err != nil {
			return told(err)
		}
		return nil
	})
}

// RemoveAll removes every object in a folder.
func RemoveAll(ctx context.Context, folder string) error {
	return at("removeall", folder, func(s *store) error {
		bucket, key := split(folder)
		for {
			found, err := s.page(ctx, bucket, below(key), "", "", 0)
			if err != nil {
				return err
			}
			for i := range found.Contents {
				if err := s.client.RemoveObject(ctx, bucket, found.Contents[i].Key, minio.RemoveObjectOptions{}); err != nil {
					return told(err)
				}
			}
			if !found.IsTruncated || len(found.Contents) == 0 {
				return nil
			}
		}
	})
}

// GiveUp gives up the uploads in parts in a folder that began before a moment and
// have come to no object: nobody sees them, and they take room.
func GiveUp(ctx context.Context, folder string, before time.Time) error {
	return at("sweep", folder, func(s *store) error {
		bucket, key := split(folder)
		for keyMarker, uploadMarker := "", ""; ; {
			found, err := s.client.ListMultipartUploads(ctx, bucket, below(key), keyMarker, uploadMarker, "", 0)
			if err != nil {
				return refused(err)
			}
			for i := range found.Uploads {
				upload := &found.Uploads[i]
				if upload.Initiated.After(before) {
					continue
				}
				err := told(s.client.AbortMultipartUpload(ctx, bucket, upload.Key, upload.UploadID))
				if err != nil && !errors.Is(err, fs.ErrNotExist) { // another has just done it
					return err
				}
			}
			if !found.IsTruncated {
				return nil
			}
			keyMarker, uploadMarker = found.NextKeyMarker, found.NextUploadIDMarker
		}
	})
}

func (s *store) putText(ctx context.Context, bucket, key, text string, options minio.PutObjectOptions) error {
	var sent atomic.Int32 // requests: the client makes one again whose answer was lost
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent.Add(1) }})
	_, err := s.client.Client.PutObject(ctx, bucket, key, strings.NewReader(text), int64(len(text)), options)
	if err == nil {
		return nil
	}
	answer, ok := errors.AsType[minio.ErrorResponse](err)
	switch err = refused(err); {
	case isUnknown(err), errors.Is(err, errPrecondition), errors.Is(err, errConflict):
		return err
	case !ok, answer.StatusCode >= http.StatusInternalServerError, sent.Load() > 1:
		return fmt.Errorf("%w: %w", errUnanswered, err)
	}
	return err
}

// errUnanswered says that what was asked for may have been done, or may be done yet.
var errUnanswered = errors.New("it was not answered")

// Link has an object stand for a link to a folder beside it. mayMove is asked with
// the name that it leads to until now, and again where another has moved it since.
// Where there is an error, isOpen says that the link may have been made all the same,
// or may yet be: it was asked for, and not refused.
func Link(ctx context.Context, target, name string, mayMove func(target string) bool) (isOpen bool, err error) {
	err = at("symlink", name, func(s *store) error {
		isOpen, err = s.link(ctx, target, name, mayMove)
		return err
	})
	return isOpen, err
}

func (s *store) link(ctx context.Context, target, name string, mayMove func(target string) bool) (isOpen bool, err error) {
	bucket, key := split(name)
	for n := 1; n <= attempts; n++ {
		at, etag, err := s.leads(ctx, name)
		if errors.Is(err, ErrChanged) {
			continue
		}
		if err != nil {
			return isOpen, err
		}
		if at == target || at != "" && !mayMove(at) {
			return false, nil
		}
		var options minio.PutObjectOptions
		if at == "" {
			options.SetMatchETagExcept("*")
		} else {
			options.SetMatchETag(etag)
		}
		err = s.putText(ctx, bucket, key, target+"\n", options)
		if isUnknown(err) {
			err = s.putText(ctx, bucket, key, target+"\n", minio.PutObjectOptions{})
		}
		isOpen = isOpen || errors.Is(err, errUnanswered)
		if errors.Is(err, errConflict) {
			if err = pause(ctx, n); err == nil {
				continue
			}
		}
		if !errors.Is(err, errPrecondition) {
			return isOpen, err
		}
	}
	return isOpen, errors.New("others move it all the time")
}

// Leads is the name that an object which stands for a link holds now, whatever was
// seen of it before; empty where there is none. The error is ErrChanged where it is
// moved meanwhile.
func Leads(ctx context.Context, name string) (target string, err error) {
	err = at("readlink", name, func(s *store) error {
		target, _, err = s.leads(ctx, name)
		return err
	})
	return target, err
}

func (s *store) leads(ctx context.Context, name string) (target, etag string, err error) {
	bucket, key := split(name)
	seen, err := s.client.StatObject(ctx, bucket, key, minio.StatObjectOptions{})
	if err = told(err); errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	seen.Key = key
	target, err = s.readName(ctx, infoOf(bucket, &seen))
	return target, seen.ETag, err
}
