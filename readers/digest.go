package readers

import (
	"crypto/sha256"
	"hash"
	"io"
)

// inputReader reads a file's bytes as they are stored, counts them, and takes
// their digest beside the reading.
type inputReader struct {
	source io.Reader
	bytes  func(int64) // is told of bytes read; may be nil
	size   int64       // read so far
	err    error       // of the last read; it stays

	digest  hash.Hash // nil where none is wanted
	running bool      // bytes of the last read are being digested
	done    chan struct{}
	copied  []byte // of the last read
}

func newInputReader(source io.Reader, options *Options) *inputReader {
	r := &inputReader{source: source, bytes: options.Bytes}
	if options.Digest {
		r.digest = sha256.New()
		r.done = make(chan struct{}, 1)
	}
	return r
}

// Read reads into p, with which the caller may do what it likes at once: those who
// read ahead move what they have. What is digested beside is a copy.
func (r *inputReader) Read(p []byte) (int, error) {
	n, err := r.read(p)
	if r.digest != nil {
		r.copied = append(r.copied[:0], p[:n]...)
		r.digestBeside(r.copied)
	}
	return n, err
}

// blockReader reads what an inputReader does into memory whose bytes do not change
// before the next read or wait, and that is digested where it stands.
type blockReader struct{ *inputReader }

func (r blockReader) Read(p []byte) (int, error) {
	n, err := r.read(p)
	r.digestBeside(p[:n])
	return n, err
}

func (r *inputReader) read(p []byte) (n int, err error) {
	r.wait()
	if r.err != nil {
		return 0, r.err
	}
	n, r.err = r.source.Read(p)
	r.size += int64(n)
	if n > 0 && r.bytes != nil {
		r.bytes(int64(n))
	}
	return n, r.err
}

func (r *inputReader) digestBeside(data []byte) {
	if r.digest == nil || len(data) == 0 {
		return
	}
	r.running = true
	go func() {
		r.digest.Write(data)
		r.done <- struct{}{}
	}()
}

// wait waits until all that was read has been digested.
func (r *inputReader) wait() {
	if r.running {
		<-r.done
		r.running = false
	}
}

// state puts what was read into the file's description, when all of it has been.
func (r *inputReader) state(file *File) error {
	r.wait()
	file.Size = r.size
	if r.digest == nil {
		return nil
	}
	return file.state(r.digest.Sum(nil))
}
