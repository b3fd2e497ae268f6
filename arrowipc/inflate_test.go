package arrowipc

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"
)

// A compressed buffer is what its length says, or damaged: nothing of it makes the
// reader wait for what does not come.
func TestInflate(t *testing.T) {
	text := bytes.Repeat([]byte("forsakringskassan"), 5000)
	compressed := func(by codec) []byte {
		var contents bytes.Buffer
		var w io.WriteCloser = lz4.NewWriter(&contents)
		if by == zstdCodec {
			var err error
			w, err = zstd.NewWriter(&contents)
			require.NoError(t, err)
		}
		_, err := w.Write(text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return contents.Bytes()
	}
	buffer := func(length int64, contents []byte) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, uint64(length)), contents...)
	}
	for by, name := range map[codec]string{lz4Codec: "lz4", zstdCodec: "zstd"} {
		whole, length := compressed(by), int64(len(text))
		require.Less(t, len(whole)*usualRatio, len(text), "the memory for it is taken in steps")
		for _, c := range []struct {
			why    string
			buffer []byte
			want   []byte
			fault  string
		}{
			{"as it is written", buffer(length, whole), text, ""},
			{"not compressed, as the format allows", buffer(-1, text), text, ""},
			{"nothing, of no length", buffer(0, nil), nil, ""},
			{"a length, and nothing behind it", buffer(length, nil), nil, "it ends early"},
			{"a byte, and nothing behind it", buffer(1, nil), nil, "it ends early"},
			{"half of it", buffer(length, whole[:len(whole)/2]), nil, "cannot decompress a buffer"},
			{"a byte less than its length says", buffer(length+1, whole), nil, "it ends early"},
			{"a byte more", buffer(length-1, whole), nil, "more bytes than its length says"},
			{"less than a length", whole[:7], nil, "has no length"},
			{"a length below none", buffer(-2, whole), nil, "-2 bytes uncompressed"},
			{"more than a record batch may have", buffer(LimitBody+1, whole), nil, "write it with smaller ones"},
		} {
			t.Run(name+"/"+c.why, func(t *testing.T) {
				var inflater Inflater
				defer inflater.Close()
				got, err := inflater.inflate(by, c.buffer)
				if c.fault != "" {
					require.ErrorContains(t, err, c.fault)
					return
				}
				require.NoError(t, err)
				require.Equal(t, c.want, got)
			})
		}
	}
}
