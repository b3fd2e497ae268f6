package objects

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// Contents are what is uploaded. They are read more than once where a request fails.
type Contents interface {
	io.ReadSeeker
	io.ReaderAt
}

// Put uploads a whole object, which is there when Put returns and not a byte of it
// before. Great ones go up in parts, several at a time; where that fails the parts
// are given up.
func Put(ctx context.Context, name string, contents Contents, size int64) error {
	return put(ctx, name, contents, size, minio.PutObjectOptions{})
}

// PutNew is Put for an object that must not be there yet: else the error is
// fs.ErrExist. A server that knows no conditions (RFC 9110 section 13.1.2) is asked
// before.
func PutNew(ctx context.Context, name string, contents Contents, size int64) error {
	var options minio.PutObjectOptions
	options.SetMatchETagExcept("*")
	err := put(ctx, name, contents, size, options)
	if errors.Is(err, errPrecondition) {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	if !isUnknown(err) {
		return err
	}
	there, err := Exists(name)
	if err != nil {
		return err
	}
	if there {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return Put(ctx, name, contents, size)
}

func put(ctx context.Context, name string, contents Contents, size int64, options minio.PutObjectOptions) error {
	options.ContentType = "application/octet-stream"
	return at("write", name, func(s *store) error {
		bucket, key := split(name)
		if _, err := contents.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := s.client.Client.PutObject(ctx, bucket, key, contents, size, options)
		if err == nil {
			return nil
		}
		if reason := context.Cause(ctx); reason != nil {
			return reason
		}
		return refused(err)
	})
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
func Exists(name string) (there bool, err error) {
	err = at("stat", name, func(s *store) error {
		bucket, key := split(name)
		for _, prefix := range []string{key, below(key)} {
			found, err := s.client.ListObjectsV2(bucket, prefix, "", "", "", 1)
			if err != nil {
				return told(err)
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
			found, err := s.client.ListObjectsV2(bucket, below(key), "", "", "", 0)
			if err != nil {
				return told(err)
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
	_, err := s.client.Client.PutObject(ctx, bucket, key, strings.NewReader(text), int64(len(text)), options)
	if err != nil {
		return refused(err)
	}
	return nil
}

// Link has an object stand for a link to a folder beside it. mayMove is asked with
// the name that it leads to until now, and again where another has moved it since.
func Link(ctx context.Context, target, name string, mayMove func(target string) bool) error {
	return at("symlink", name, func(s *store) error {
		bucket, key := split(name)
		for range attempts {
			var options minio.PutObjectOptions
			seen, err := s.client.StatObject(ctx, bucket, key, minio.StatObjectOptions{})
			switch err = told(err); {
			case errors.Is(err, fs.ErrNotExist):
				options.SetMatchETagExcept("*")
			case err != nil:
				return err
			default:
				seen.Key = key
				at, err := s.readName(ctx, infoOf(bucket, &seen))
				if errors.Is(err, ErrChanged) {
					continue
				}
				if err != nil {
					return err
				}
				if !mayMove(at) {
					return nil
				}
				options.SetMatchETag(seen.ETag)
			}
			err = s.putText(ctx, bucket, key, target+"\n", options)
			if isUnknown(err) {
				err = s.putText(ctx, bucket, key, target+"\n", minio.PutObjectOptions{})
			}
			if !errors.Is(err, errPrecondition) {
				return err
			}
		}
		return errors.New("others move it all the time")
	})
}
