package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// codec is how buffers are compressed, by its place in the format's enumeration.
type codec uint8

const (
	lz4Codec codec = iota
	zstdCodec
	uncompressed codec = 255
)

const (
	// zstdWindow bounds the memory that a zstd frame may ask for, in bytes: that
	// of the format's --long=27.
	zstdWindow = 128 << 20
	// usualRatio is how much smaller compression makes a buffer at most, mostly:
	// memory for more is taken only as the bytes come.
	usualRatio = 32
)

// Inflater decompresses buffers into memory that it keeps for the next record
// batch. The zero Inflater is ready; one is used by one goroutine at a time.
type Inflater struct {
	buffers [][]byte
	used    int   // of them
	total   int64 // bytes in them
	zstd    *zstd.Decoder
	lz4     *lz4.Reader
	source  bytes.Reader
}

// Reset takes the memory back for the next record batch: columns that stand in
// it are void.
func (d *Inflater) Reset() { d.used, d.total = 0, 0 }

// Close gives up what decompression keeps at work.
func (d *Inflater) Close() {
	if d.zstd != nil {
		d.zstd.Close()
		d.zstd = nil
	}
}

// inflate is a buffer as it was before it was compressed.
// https://arrow.apache.org/docs/format/Columnar.html#compression
func (d *Inflater) inflate(by codec, buffer []byte) ([]byte, error) {
	if by == uncompressed || len(buffer) == 0 {
		return buffer, nil
	}
	const prefix = 8
	if len(buffer) < prefix {
		return nil, errors.New("it is damaged: a compressed buffer has no length")
	}
	length := int64(binary.LittleEndian.Uint64(buffer))
	buffer = buffer[prefix:]
	switch {
	case length == -1: // it is not compressed after all
		return buffer, nil
	case length < 0 || length > LimitBody-d.total:
		return nil, fmt.Errorf("a buffer has %d bytes uncompressed; a record batch may have %d: write it with smaller ones", length, LimitBody)
	}
	d.total += length
	d.source.Reset(buffer)
	source, err := d.decompressor(by)
	if err != nil {
		return nil, err
	}
	if d.used == len(d.buffers) {
		d.buffers = append(d.buffers, nil)
	}
	inflated := d.buffers[d.used][:0]
	for int64(len(inflated)) < length {
		there := len(inflated)
		next := int(min(length, max(int64(2*there), usualRatio*int64(len(buffer)), int64(cap(inflated)), 1)))
		if cap(inflated) < next {
			inflated = append(make([]byte, 0, next), inflated...)
		}
		inflated = inflated[:next]
		if _, err := io.ReadFull(source, inflated[there:]); err != nil {
			return nil, fmt.Errorf("cannot decompress a buffer: %w", endsEarly(err))
		}
	}
	d.buffers[d.used] = inflated
	d.used++
	var more [1]byte
	if n, err := source.Read(more[:]); n != 0 || err != io.EOF && err != nil {
		return nil, errors.New("it is damaged: a compressed buffer has more bytes than its length says")
	}
	return inflated, nil
}

func endsEarly(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("it ends early")
	}
	return err
}

func (d *Inflater) decompressor(by codec) (io.Reader, error) {
	if by == lz4Codec {
		if d.lz4 == nil {
			d.lz4 = lz4.NewReader(&d.source)
		}
		d.lz4.Reset(&d.source)
		return d.lz4, nil
	}
	if d.zstd == nil {
		var err error
		// Workers decompress beside each other; one buffer needs no more goroutines.
		if d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow)); err != nil {
			return nil, err
		}
	}
	return d.zstd, d.zstd.Reset(&d.source)
}
