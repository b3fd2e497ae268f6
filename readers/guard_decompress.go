package readers

import (
	"bytes"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/avstam/avstam/snappy"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// pageDecoder decompresses pages. It keeps what the codecs need.
type pageDecoder struct {
	source bytes.Reader
	gzip   *gzip.Reader
	brotli *brotli.Reader
	zstd   *zstd.Decoder
}

var errPageSize = snappy.ErrLength

// decompress fills dst with what src becomes, which must be just as much. It
// asks for no memory in proportion to what src says of itself.
// https://github.com/apache/parquet-format/blob/master/Compression.md
func (d *pageDecoder) decompress(codec format.CompressionCodec, dst, src []byte) error {
	switch codec {
	case format.Snappy:
		block := snappy.Block{Source: src, Content: dst}
		snappy.Decode([]*snappy.Block{&block})
		return block.Err
	case format.Lz4Raw:
		n, err := lz4.UncompressBlock(src, dst)
		if err == nil && n != len(dst) {
			err = errPageSize
		}
		return err
	case format.Zstd:
		return d.decompressZstd(dst, src)
	case format.Gzip:
		d.source.Reset(src)
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		if err := d.gzip.Reset(&d.source); err != nil {
			return err
		}
		return fill(dst, d.gzip)
	case format.Brotli:
		d.source.Reset(src)
		if d.brotli == nil {
			d.brotli = new(brotli.Reader)
		}
		if err := d.brotli.Reset(&d.source); err != nil {
			return err
		}
		return fill(dst, d.brotli)
	}
	return fmt.Errorf("the codec %s is unknown", codec)
}

func (d *pageDecoder) decompressZstd(dst, src []byte) (err error) {
	if d.zstd == nil {
		d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return err
		}
	}
	decompressed, err := d.zstd.DecodeAll(src, dst[:0:len(dst)])
	if err == nil && len(decompressed) != len(dst) {
		err = errPageSize
	}
	return err
}

// fill fills dst from a stream that must then end.
func fill(dst []byte, stream io.Reader) error {
	if _, err := io.ReadFull(stream, dst); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = errPageSize
		}
		return err
	}
	var more [1]byte
	switch n, err := io.ReadFull(stream, more[:]); {
	case n > 0:
		return errPageSize
	case err != io.EOF:
		return err
	}
	return nil
}
