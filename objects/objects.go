// Package objects reaches object storage that speaks S3, by paths of the form
// s3://bucket/key: objects are read as files, prefixes listed as folders, and whole
// files uploaded. Package disk reads through it and package storage publishes through
// it; nobody else does.
//
// What an object was when it was first seen, by its ETag, it must be as long as the
// process lives: each request says so (If-Match, RFC 9110 section 13.1.1), and an
// object that is another by then is ErrChanged. Nothing is asked twice of an object.
//
// What reads objects takes no context, as package os does not, and ends at Interrupt;
// what writes them, or asks what is there now, takes one and ends by it alone.
//
// Endpoint, region and credentials come from the environment and from nowhere else,
// see connect. Errors are fs.PathError with the path; they tell neither credentials
// nor what a server says in words, but its status and code.
package objects

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
)

const scheme = "s3://"

// linkName is the name of an object that holds the name of a folder beside it and
// stands for a link to it: object storage has no links.
const linkName = "latest"

// limitLink bounds what such an object holds, in bytes.
const limitLink = 256

// Is says whether a path is one of object storage.
func Is(path string) bool { return strings.HasPrefix(path, scheme) }

// Join puts a name behind a path of object storage.
func Join(folder, name string) string {
	return strings.TrimRight(folder, "/") + "/" + name
}

// Dir is the path above one of object storage; that of a bucket is itself.
func Dir(name string) string {
	bucket, key := split(name)
	if at := strings.LastIndexByte(key, '/'); at >= 0 {
		return scheme + bucket + "/" + key[:at]
	}
	return scheme + bucket
}

// split takes a path apart; the key has no slash at its end.
func split(name string) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(name, scheme), "/")
	return bucket, strings.TrimRight(key, "/")
}

// Info describes an object or a prefix as a file or folder; it is an entry of a
// folder, too.
type Info struct {
	path    string
	size    int64
	etag    string
	changed time.Time
	isDir   bool
}

// Name is the last part of the path.
func (i *Info) Name() string { return path.Base(i.path) }

// Size is in bytes.
func (i *Info) Size() int64 { return i.size }

// Mode is that of a plain file or of a folder; who may read what, the bucket says.
func (i *Info) Mode() fs.FileMode {
	if i.isDir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}

// ModTime is when the object was written, to the second.
func (i *Info) ModTime() time.Time { return i.changed }

// IsDir says whether it is a prefix.
func (i *Info) IsDir() bool { return i.isDir }

// Sys is nil.
func (i *Info) Sys() any { return nil }

// Type is the mode's type.
func (i *Info) Type() fs.FileMode { return i.Mode().Type() }

// Info is itself.
func (i *Info) Info() (fs.FileInfo, error) { return i, nil }

// ETag tells the object's contents from others, as the server has it.
func (i *Info) ETag() string { return i.etag }

// Same says whether both are the same object with the same contents.
func (i *Info) Same(other *Info) bool { return i.path == other.path && i.etag == other.etag }

// ErrChanged says that an object is no longer the one that was first seen.
var ErrChanged = errors.New("it changed while it was read")

// reading is the context of all that reads objects.
var reading, interrupt = context.WithCancel(context.Background())

// Interrupt ends all reading of objects, for good. What is written is left to the
// contexts that it was given.
func Interrupt() { interrupt() }

// store is object storage at one endpoint.
type store struct {
	client *minio.Core
	mutex  sync.Mutex
	known  map[string]*Info  // objects and folders, as they were first seen
	links  map[string]string // where links lead
}

func infoOf(bucket string, object *minio.ObjectInfo) *Info {
	return &Info{
		path: scheme + bucket + "/" + object.Key, size: object.Size,
		etag:    strings.Trim(object.ETag, `"`),            // as a header has it; a list has it with the quotes
		changed: object.LastModified.Truncate(time.Second), // a list has milliseconds that a header has not
	}
}

// remember is what is known of a path already, or else what was just seen.
func (s *store) remember(info *Info) *Info {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if known := s.known[info.path]; known != nil {
		return known
	}
	s.known[info.path] = info
	return info
}

func (s *store) recall(name string) *Info {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.known[name]
}

// object describes an object; the error is fs.ErrNotExist where there is none.
func (s *store) object(ctx context.Context, name string) (*Info, error) {
	bucket, key := split(name)
	if info := s.recall(name); info != nil && !info.isDir {
		return info, nil
	}
	if key == "" {
		return nil, fs.ErrNotExist
	}
	seen, err := s.client.StatObject(ctx, bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return nil, told(err)
	}
	seen.Key = key
	return s.remember(infoOf(bucket, &seen)), nil
}

// stat describes an object, or a prefix of objects.
func (s *store) stat(ctx context.Context, name string) (*Info, error) {
	bucket, key := split(name)
	if bucket == "" {
		return nil, errors.New("it names no bucket: want s3://bucket/key")
	}
	name = strings.TrimRight(scheme+bucket+"/"+key, "/")
	if info := s.recall(name); info != nil {
		return info, nil
	}
	info, err := s.object(ctx, name)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	found, err := s.page(ctx, bucket, below(key), "", "/", 1)
	if err != nil {
		return nil, err
	}
	if key != "" && len(found.Contents)+len(found.CommonPrefixes) == 0 {
		return nil, fs.ErrNotExist
	}
	return s.remember(&Info{path: name, isDir: true}), nil
}

// below is the prefix of the keys in a folder.
func below(key string) string {
	if key == "" {
		return ""
	}
	return key + "/"
}

// page is a page of the list of the keys that begin with a prefix; keys is how many it
// has at most, 0 for as many as the server likes.
func (s *store) page(ctx context.Context, bucket, prefix, token, delimiter string, keys int) (minio.ListBucketV2Result, error) {
	found, err := await(ctx, 0, func() (minio.ListBucketV2Result, error) {
		return s.client.ListObjectsV2(bucket, prefix, "", token, delimiter, keys)
	})
	return found, told(err)
}

// await waits for what the client does without a context, or beyond the end of one: until
// so long after the context has ended. What nobody waits for any more ends as its
// connection does.
func await[T any](ctx context.Context, more time.Duration, do func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		value, err := do()
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
	}
	select {
	case a := <-answered:
		return a.value, a.err
	case <-time.After(more):
		var none T
		return none, context.Cause(ctx)
	}
}

// list are the entries of a folder, by name.
func (s *store) list(ctx context.Context, name string) (entries []fs.DirEntry, err error) {
	bucket, key := split(name)
	prefix := below(key)
	for token, more := "", true; more; {
		found, err := s.page(ctx, bucket, prefix, token, "/", 0)
		if err != nil {
			return nil, err
		}
		for i := range found.Contents {
			object := &found.Contents[i]
			// A key that ends with a slash is a folder's, as consoles make them.
			if object.Key == prefix || strings.HasSuffix(object.Key, "/") {
				continue
			}
			entries = append(entries, s.remember(infoOf(bucket, object)))
		}
		for _, folder := range found.CommonPrefixes {
			if at := strings.TrimSuffix(folder.Prefix, "/"); !strings.HasSuffix(at, "/") && at != "" { // an empty name is none of a folder
				entries = append(entries, &Info{path: scheme + bucket + "/" + at, isDir: true})
			}
		}
		if more = found.IsTruncated; more && (found.NextContinuationToken == "" || found.NextContinuationToken == token) {
			return nil, errors.New("the object store does not go on with its list")
		}
		token = found.NextContinuationToken
	}
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// follow is a path with links followed: with itself, where it is to be followed too.
func (s *store) follow(ctx context.Context, name string, itself bool) (string, error) {
	for at := 0; ; {
		found := strings.Index(name[at:]+"/", "/"+linkName+"/")
		if found < 0 {
			return name, nil
		}
		at += found
		end := at + 1 + len(linkName)
		if end == len(name) && !itself {
			return name, nil
		}
		link := name[:end]
		target, err := s.readLink(ctx, link)
		if errors.Is(err, fs.ErrNotExist) {
			at = end // it is a folder of that name, or nothing
			continue
		}
		if err != nil {
			return "", err
		}
		name, at = name[:at+1]+target+name[end:], at+1+len(target)
	}
}

// readLink is the name that an object which stands for a link holds.
func (s *store) readLink(ctx context.Context, link string) (string, error) {
	s.mutex.Lock()
	target := s.links[link]
	s.mutex.Unlock()
	if target != "" {
		return target, nil
	}
	info, err := s.object(ctx, link)
	if err != nil {
		return "", err
	}
	if target, err = s.readName(ctx, info); err != nil {
		return "", err
	}
	s.mutex.Lock()
	s.links[link] = target
	s.mutex.Unlock()
	return target, nil
}

// readName reads an object that holds a name.
func (s *store) readName(ctx context.Context, info *Info) (string, error) {
	text := make([]byte, min(info.size, limitLink))
	if err := s.fetch(ctx, info, text, 0); err != nil {
		return "", err
	}
	name := strings.TrimSuffix(string(text), "\n")
	if !isName(name) || info.size > limitLink {
		return "", errors.New("it does not hold the name of a report")
	}
	return name, nil
}

// isName says whether a text is the name of a folder beside a link, and no more.
func isName(text string) bool {
	if text == "" || text[0] == '.' || text == linkName {
		return false
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' || c == '/' || c == '\\' {
			return false
		}
	}
	return true
}

// Stat describes what is at a path, behind a link.
func Stat(name string) (fs.FileInfo, error) { return describe(name, true) }

// Lstat describes what is at a path, which may be an object that stands for a link.
func Lstat(name string) (fs.FileInfo, error) { return describe(name, false) }

func describe(name string, link bool) (fs.FileInfo, error) {
	var info *Info
	err := at("stat", name, func(s *store) error {
		followed, err := s.follow(reading, strings.TrimRight(name, "/"), link)
		if err == nil {
			info, err = s.stat(reading, followed)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return info, nil
}

// EvalSymlinks is a path without links.
func EvalSymlinks(name string) (followed string, err error) {
	err = at("stat", name, func(s *store) error {
		if followed, err = s.follow(reading, strings.TrimRight(name, "/"), true); err != nil {
			return err
		}
		_, err := s.stat(reading, followed)
		return err
	})
	return followed, err
}

// ReadDir are the entries of a folder, by name.
func ReadDir(name string) (entries []fs.DirEntry, err error) {
	err = at("readdir", name, func(s *store) error {
		followed, err := s.follow(reading, strings.TrimRight(name, "/"), true)
		if err == nil {
			entries, err = s.list(reading, followed)
		}
		return err
	})
	return entries, err
}

// at does something at a path; its error names both.
func at(operation, name string, do func(*store) error) error {
	s, err := connected()
	if err == nil {
		err = do(s)
	}
	if err != nil {
		return &fs.PathError{Op: operation, Path: name, Err: err}
	}
	return nil
}
