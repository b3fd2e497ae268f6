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

	digest  hash.Hash // nil where none is wanted
	running bool      // bytes of the last read are being digested
	done    chan struct{}
}

func newInputReader(source io.Reader, options *Options) *inputReader {
	r := &inputReader{source: source, bytes: options.Bytes}
	if options.Digest {
		r.digest = sha256.New()
		r.done = make(chan struct{}, 1)
	}
	return r
}

// Read reads into p, whose bytes must not change before the next Read or wait.
func (r *inputReader) Read(p []byte) (int, error) {
	r.wait()
	n, err := r.source.Read(p)
	if n > 0 {
		r.size += int64(n)
		if r.bytes != nil {
			r.bytes(int64(n))
		}
		if r.digest != nil {
			r.running = true
			go func() {
				r.digest.Write(p[:n])
				r.done <- struct{}{}
			}()
		}
	}
	return n, err
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
