package readers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// otherFormatBytes is how many bytes tell a format that is not read.
const otherFormatBytes = 64

// otherFormats are formats by their first bytes. Those that a text could begin with
// are told by what is no text behind them, too.
var otherFormats = []struct {
	magic    string
	isText   bool
	whatToDo error
}{
	{"PK\x03\x04", false, errors.New("it is a workbook (.xlsx) or a zip archive: save it as CSV, or unpack it")},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", false, errors.New("it is a workbook (.xls): save it as CSV")},
	{"FEA1", false, errors.New("it is a Feather file of version 1; write version 2, which is Arrow")},
	{"BZh", true, errors.New("it is compressed with bzip2, which is not read: unpack it, or compress it with gzip or zstd")},
	{"\xfd7zXZ\x00", false, errors.New("it is compressed with xz, which is not read: unpack it, or compress it with gzip or zstd")},
	{"7z\xbc\xaf\x27\x1c", false, errors.New("it is an archive of 7-Zip: unpack it")},
	{"ORC", true, errors.New("it is an ORC file, which is not read: write it as Parquet")},
	{"Obj\x01", false, errors.New("it is an Avro file, which is not read: write it as Parquet")},
}

// OtherFormat says what a file is that begins with these bytes, and what to do with
// it: one that is no text, and that is not read as anything else. It is nil for all
// other files.
func OtherFormat(head []byte) error {
	head = head[:min(len(head), otherFormatBytes)]
	for _, format := range otherFormats {
		if bytes.HasPrefix(head, []byte(format.magic)) && (!format.isText || slices.ContainsFunc(head, isNoText)) {
			return format.whatToDo
		}
	}
	if isOldArrow(head) {
		return errors.New("it is an Arrow stream as before version 0.15: write it with a later one")
	}
	return nil
}

// isNoText says whether a byte is a control character that stands in no text.
func isNoText(c byte) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' }

// isOldArrow says whether an Arrow stream begins so, as it was before the marker in
// front of each length: four bytes of a length that ends a multiple of eight bytes, and
// the place of a table within. As text of UTF-16 it would have a zero among the first.
func isOldArrow(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	length, root := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
	return length%8 == 4 && length < 1<<24 && root >= 4 && root <= 64 && root < length
}

// isJSON says whether text begins as JSON does; names of columns in brackets do not.
func isJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != '[' {
		return len(text) > 0 && text[0] == '{'
	}
	text = bytes.TrimLeft(text[1:], " \t\r\n")
	return len(text) == 0 || bytes.IndexByte([]byte(`{["-0123456789`), text[0]) >= 0
}

// errJSON refuses JSON.
var errJSON = errors.New("it is JSON, which is not read: write it as CSV or Parquet")
