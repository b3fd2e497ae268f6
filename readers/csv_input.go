package readers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/avstam/avstam/disk"
)

// headBytes is how much of a file's text its dialect is detected from; a header
// must end within it.
const headBytes = 64 << 10

// zstdWindow bounds the memory that a zstd file may ask for, in bytes: that of
// the format's --long=27.
const zstdWindow = 128 << 20

// csvInput is a file as text: decompressed, as UTF-8, without a byte order mark.
type csvInput struct {
	file        *disk.File
	raw         *inputReader
	zstd        *zstd.Decoder // nil for other files
	text        *bufio.Reader
	compression string
	encoding    textEncoding
	isPlain     bool  // the file's bytes are the text
	markBytes   int64 // of the byte order mark
}

// openCSVInput opens a file and looks at its first bytes. declared is the
// encoding where there is no byte order mark.
func openCSVInput(file *File, declared textEncoding, options *Options) (_ *csvInput, err error) {
	in := &csvInput{}
	var source io.Reader
	if file.stream != nil {
		in.file, source = file.stream.file, file.stream.reader()
	} else {
		if in.file, err = disk.Open(file.Path); err != nil {
			return nil, err
		}
		source = in.file
	}
	return openCSVText(in, source, declared, options)
}

// openCSVText is a file as text that source reads from its start. Where that fails
// the file is closed.
func openCSVText(in *csvInput, source io.Reader, declared textEncoding, options *Options) (_ *csvInput, err error) {
	defer func() {
		if err != nil {
			in.close()
		}
	}()
	in.raw = newInputReader(source, options)
	in.text = bufio.NewReaderSize(in.raw, headBytes)

	magic, err := in.text.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}): // RFC 1952
		in.compression = "gzip"
		stream, err := gzip.NewReader(in.text)
		if err != nil {
			return nil, unpackError(in.compression, err)
		}
		in.text = bufio.NewReaderSize(&unpackedReader{stream, in.compression}, headBytes)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}): // RFC 8878
		in.compression = "zstd"
		if in.zstd, err = zstd.NewReader(in.text, zstd.WithDecoderMaxWindow(zstdWindow)); err != nil {
			return nil, err
		}
		in.text = bufio.NewReaderSize(&unpackedReader{in.zstd, in.compression}, headBytes)
	}

	if _, err = in.text.Peek(8); err != nil && err != io.EOF {
		return nil, err
	}
	// What is there already: an error that comes with it is one of reading on.
	magic, _ = in.text.Peek(min(in.text.Buffered(), otherFormatBytes))
	if err := OtherFormat(magic); err != nil {
		return nil, err
	}
	in.encoding = declared
	switch {
	case bytes.HasPrefix(magic, []byte("PAR1")):
		return nil, errors.New("a Parquet file must be a file of its own, neither compressed nor piped")
	case formatOf(magic, false) == FormatArrow:
		return nil, errNotAlone
	case bytes.HasPrefix(magic, []byte{0xef, 0xbb, 0xbf}):
		in.encoding, in.markBytes = utf8Text, 3
	case bytes.HasPrefix(magic, []byte{0xff, 0xfe}):
		in.encoding, in.markBytes = utf16LittleEndian, 2
	case bytes.HasPrefix(magic, []byte{0xfe, 0xff}):
		in.encoding, in.markBytes = utf16BigEndian, 2
	}
	if _, err = in.text.Discard(int(in.markBytes)); err != nil {
		return nil, err
	}
	decoder := in.encoding.decoder()
	if decoder != nil {
		in.text = bufio.NewReaderSize(transform.NewReader(in.text, decoder), headBytes)
	}
	in.isPlain = decoder == nil && in.compression == ""
	return in, nil
}

// unpackedReader reads what was compressed, and says in our words what is wrong with it.
type unpackedReader struct {
	stream      io.Reader
	compression string
}

func (r *unpackedReader) Read(buffer []byte) (int, error) {
	n, err := r.stream.Read(buffer)
	return n, unpackError(r.compression, err)
}

// unpackError is an error of unpacking in words; any other stays as it is.
func unpackError(compression string, err error) error {
	_, isCorrupt := errors.AsType[flate.CorruptInputError](err)
	switch {
	case err == io.ErrUnexpectedEOF:
		return fmt.Errorf("it ends within its %s data: it is cut off, or other bytes follow them", compression)
	case err == gzip.ErrHeader || err == zstd.ErrMagicMismatch:
		return fmt.Errorf("its %s data are damaged, or other bytes follow them", compression)
	case err == gzip.ErrChecksum || err == zstd.ErrCRCMismatch:
		return fmt.Errorf("its %s data are damaged: their checksum is another", compression)
	case isCorrupt:
		return fmt.Errorf("its %s data are damaged", compression)
	}
	return err
}

// newCSVText reads the text of a file from its middle.
func newCSVText(source io.Reader, encoding textEncoding) *bufio.Reader {
	if decoder := encoding.decoder(); decoder != nil {
		source = transform.NewReader(source, decoder)
	}
	return bufio.NewReaderSize(source, headBytes)
}

// fill reads until buffer is full. It reports io.EOF at the end of the text. What it
// has filled must not change before the next fill or settle.
func (in *csvInput) fill(buffer []byte) (int, error) {
	filled := 0
	for filled < len(buffer) {
		source := io.Reader(in.text)
		if in.isPlain && in.text.Buffered() == 0 {
			source = blockReader{in.raw}
		}
		n, err := source.Read(buffer[filled:])
		filled += n
		if err != nil {
			return filled, err
		}
	}
	return filled, nil
}

// settle waits until the buffer of the last fill belongs to the caller. Where the
// text is not the file's bytes none were read into it; and the decoder of a zstd
// file, which reads beside the caller, alone may touch raw until it is closed or has
// come to the file's end.
func (in *csvInput) settle() {
	if in.isPlain {
		in.raw.wait()
	}
}

func (in *csvInput) close() error {
	if in.zstd != nil {
		in.zstd.Close()
	}
	in.raw.wait()
	if in.file.IsStandardInput() {
		return nil
	}
	return in.file.Close()
}

// textEncoding is how a file's text is encoded.
type textEncoding uint8

const (
	utf8Text textEncoding = iota
	latin1Text
	windows1252Text
	utf16LittleEndian
	utf16BigEndian
)

var encodingNames = [...]string{"utf-8", "iso-8859-1", "windows-1252", "utf-16le", "utf-16be"}

func (e textEncoding) String() string { return encodingNames[e] }

// parseEncoding is the encoding of a name, whatever its case; UTF-8 for "".
func parseEncoding(name string) (textEncoding, error) {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8":
		return utf8Text, nil
	case "iso-8859-1", "latin1", "latin-1":
		return latin1Text, nil
	case "windows-1252", "cp1252":
		return windows1252Text, nil
	case "utf-16", "utf16", "utf-16le": // without a byte order mark as Windows writes it
		return utf16LittleEndian, nil
	case "utf-16be":
		return utf16BigEndian, nil
	}
	return 0, fmt.Errorf("there is no encoding %q; the encodings are %s and utf-16", name, strings.Join(encodingNames[:], ", "))
}

// decoder decodes to UTF-8; nil for UTF-8. It puts U+FFFD in place of bytes
// that the encoding does not have.
func (e textEncoding) decoder() *encoding.Decoder {
	switch e {
	case latin1Text:
		return charmap.ISO8859_1.NewDecoder()
	case windows1252Text:
		return charmap.Windows1252.NewDecoder()
	case utf16LittleEndian:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
	case utf16BigEndian:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
	}
	return nil
}

// fileBytes is how many bytes text takes up in the file.
func (e textEncoding) fileBytes(text []byte) int64 {
	switch e {
	case utf8Text:
		return int64(len(text))
	case latin1Text, windows1252Text:
		return int64(utf8.RuneCount(text))
	}
	units := utf8.RuneCount(text)
	for _, c := range text {
		if c >= 0xf0 { // begins a rune of two units
			units++
		}
	}
	return 2 * int64(units)
}

// isWhole says whether text holds nothing but what the encoding has.
func (e textEncoding) isWhole(text []byte) bool {
	if e == utf8Text {
		return isASCII(text) || utf8.Valid(text)
	}
	return !bytes.Contains(text, []byte("\ufffd"))
}
