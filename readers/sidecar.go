package readers

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/avstam/avstam/disk"
)

// sidecarSuffix is what the name of a sidecar has behind that of its file.
const sidecarSuffix = ".sha256"

// limitSidecar bounds a sidecar, in bytes: a digest and a path.
const limitSidecar = 8 << 10

// sidecar is the SHA-256 of a file as it stands in the file beside it that has
// its name and .sha256 behind it, as sha256sum writes it.
type sidecar struct{ sha256 [32]byte }

// readSidecar reads the sidecar of a file; it is nil where there is none.
func readSidecar(path string) (*sidecar, error) {
	if path == StandardInput {
		return nil, nil
	}
	path += sidecarSuffix
	file, err := disk.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, cannotRead(path, err)
	}
	defer func() { _ = file.Close() }() // only read from
	text, err := io.ReadAll(io.LimitReader(file, limitSidecar+1))
	if err != nil {
		return nil, cannotRead(path, err)
	}
	digest, err := parseSidecar(string(text))
	if err != nil {
		return nil, cannotRead(path, err)
	}
	return &sidecar{digest}, nil
}

// Sidecar is the SHA-256 that the sidecar of a file has, where there is one. Its
// error names the sidecar.
func Sidecar(path string) (digest [32]byte, ok bool, err error) {
	s, err := readSidecar(path)
	if s == nil {
		return digest, false, err
	}
	return s.sha256, true, nil
}

// SidecarDiffers is the error of a file that has another digest than its sidecar
// says.
func SidecarDiffers(path string) error {
	return fmt.Errorf("cannot read %s: its SHA-256 is not the one in %s: one of the two is damaged, or of another day", path, path+sidecarSuffix)
}

// errSidecar does not repeat the text, which may be anything.
var errSidecar = errors.New("it is not one line as sha256sum writes it: 64 hexadecimal digits, and at most two blanks and a name behind them")

// parseSidecar reads the digest of a line of sha256sum. The name is not
// compared: whoever renames a file renames its sidecar.
// https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html
func parseSidecar(text string) (digest [32]byte, err error) {
	const digits = 2 * len(digest)
	line, rest, _ := strings.Cut(text, "\n")
	line = strings.TrimSuffix(line, "\r")
	if len(text) > limitSidecar || len(line) < digits || rest != "" {
		return digest, errSidecar
	}
	// A star instead of the second blank says that the file was read as binary.
	if name := line[digits:]; name != "" && (len(name) < 3 || name[:2] != "  " && name[:2] != " *") {
		return digest, errSidecar
	}
	if _, err := hex.Decode(digest[:], []byte(line[:digits])); err != nil {
		return digest, errSidecar
	}
	return digest, nil
}

// useSidecar looks for a file's sidecar. Where there is one, the file is
// digested whatever the options say; options are what it is to be read with.
func (f *File) useSidecar(options *Options) (*Options, error) {
	var err error
	if f.sidecar, err = readSidecar(f.Path); err != nil || f.sidecar == nil || options.Digest {
		return options, err
	}
	digested := *options
	digested.Digest = true
	return &digested, nil
}

// state puts the digest of what was read into the file's description. It fails
// where the file's sidecar has another.
func (f *File) state(digest []byte) error {
	f.SHA256, f.HasSHA256 = [32]byte(digest), true
	if f.sidecar != nil && f.sidecar.sha256 != f.SHA256 {
		return SidecarDiffers(f.Path)
	}
	return nil
}

// Verified says what the bytes of a file were checked against that was written
// with them: "sha256", its sidecar; "page_crc", the checksums of all pages of a
// Parquet file that were read, which do not cover its metadata; or "", nothing.
// It is known once all of the file has been read.
func (f *File) Verified() string {
	switch {
	case f.sidecar != nil && f.HasSHA256:
		return "sha256"
	case f.pages.checked.Load() > 0 && f.pages.unchecked.Load() == 0:
		return "page_crc"
	}
	return ""
}
