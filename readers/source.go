// Package readers turns files into batches of records and into runs of a
// register extract: CSV, Parquet and Arrow, each told by its first bytes.
//
// It judges no record. A row that cannot be read as one is rejected, with its
// place and the reason, and stays in its batch. A file that cannot be read is
// an error that names it.
package readers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/avstam/avstam/arrowipc"
	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// Source describes files that are read alike.
type Source struct {
	Name string
	// Files are globs, folders and plain paths, as the process sees them; "-" is
	// standard input.
	Files []string
	// Columns has the file's name of a canonical column; a column that is not
	// here goes by its own name.
	Columns map[string]string
	// Constants are values, by canonical column, that hold for every row. They
	// are written as in a CSV file of the source.
	Constants map[string]string
	// CSV is what is known of the source's CSV files.
	CSV CSV
}

// CSV is how a CSV file is written. What is zero is detected or has a default.
type CSV struct {
	Delimiter byte     // 0: whichever of , ; tab | gives the header
	Quote     byte     // 0: " or ', whichever gives the header
	Decimal   byte     // 0: .
	Encoding  string   // utf-8 (also for ""), iso-8859-1, windows-1252, utf-16, utf-16le or utf-16be; a byte order mark overrides it
	NoHeader  bool     // the first line is a record
	Header    []string // the columns of a file without a header; where they are not given they are named 1, 2, 3 …
	// DateLayout is how dates are written, as of package time; "" for the
	// forms of docs/reference.md.
	DateLayout string
}

// Options are what all files of a run are read with.
type Options struct {
	Digest       bool                   // take the SHA-256 of what is read
	Dictionaries *pipeline.Dictionaries // of the run
	Workers      int                    // how many pieces are read at a time, at least 1
	Bytes        func(int64)            // is told of bytes read, by any goroutine; may be nil
	Again        bool                   // files of records are opened again: a pipe is refused, unopened
	Skipped      func(Skipped)          // is told of folders that are not entered; may be nil

	csv     *csvMemory
	parquet *parquetMemory
	arrow   *arrowMemory
	library libraryColumns
}

// takeMemory gives the files what they use by turns.
func (o *Options) takeMemory() {
	o.csv, o.parquet, o.arrow = newCSVMemory(o.Workers), new(parquetMemory), new(arrowMemory)
	o.library = libraryColumns{}
}

// Format is what a file is.
type Format uint8

// The formats, told by a file's first bytes.
const (
	FormatCSV Format = iota
	FormatParquet
	FormatArrow // IPC, as a file or as a stream
)

// String is the format's name in reports.
func (f Format) String() string {
	return [...]string{FormatCSV: "csv", FormatParquet: "parquet", FormatArrow: "arrow"}[f]
}

// File is one file of a source.
type File struct {
	Source int    // index of the source
	Path   string // as the process sees it; "-" is standard input
	Format Format
	// Size is in bytes, as stored; that of standard input is known once it has been read.
	Size int64
	// SHA256 is that of the bytes as stored. It is there once all of the file
	// has been read with Options.Digest.
	SHA256    [32]byte
	HasSHA256 bool
	// The following are of CSV files: how it is written, as declared or as
	// detected, with nothing left open, and "gzip", "zstd" or "".
	CSV         CSV
	Compression string
	// Extent is what the extents of a file's pieces add up to: rows as the metadata
	// have them, or bytes of text behind a header. It is there once the file has
	// been cut.
	Extent int64
	// Columns are the file's columns in their order.
	Columns []string
	// nulls are the places in Columns of those named like a folder that are of the
	// type that has no values: they count as not there.
	nulls []int
	// Folders are the folders named key=value that it lies in, the outermost first.
	Folders []FolderKey

	sidecar *sidecar // nil where there is none
	pages   pageCounts
	stream  *inputStream // of standard input and pipes, from when they are described
}

// inputStream is standard input or a pipe, of which the first bytes have been
// read.
type inputStream struct {
	file *disk.File
	head []byte
}

// openInputStream reads the first bytes of a stream, as many as tell its format.
func openInputStream(path string) (_ *inputStream, err error) {
	s := &inputStream{file: disk.StandardInput(), head: make([]byte, formatBytes)}
	if path != StandardInput {
		if s.file, err = disk.Open(path); err != nil {
			return nil, err
		}
	}
	n, err := io.ReadFull(s.file, s.head)
	if s.head = s.head[:n]; err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		if path != StandardInput {
			_ = s.file.Close() // only read from
		}
		return nil, err
	}
	return s, nil
}

// reader reads the stream from its first byte on; it can be asked for once.
func (s *inputStream) reader() io.Reader {
	return io.MultiReader(bytes.NewReader(s.head), s.file)
}

// formatBytes is how many bytes a format is told by.
const formatBytes = len(arrowipc.FileMagic)

// formatOf is the format of what begins with these bytes. Parquet is read from
// its end, so a stream of it is none.
func formatOf(head []byte, isStream bool) Format {
	switch {
	case bytes.HasPrefix(head, []byte(parquetMagic)) && !isStream:
		return FormatParquet
	case bytes.HasPrefix(head, []byte(arrowipc.FileMagic)), bytes.HasPrefix(head, []byte(arrowipc.StreamMagic)):
		return FormatArrow
	}
	return FormatCSV
}

// recordFile is an opened file of records.
type recordFile interface {
	cut(ctx context.Context, send func(pipeline.Piece) error) error
	// chunks cuts the file into chunks of about so many bytes; their File is left
	// to the caller.
	chunks(ctx context.Context, bytes int64) ([]Chunk, error)
	// limit has cut read a chunk alone.
	limit(chunk *Chunk)
	// before is what the file was when it was opened; nil of what is read only once.
	before() fs.FileInfo
	close() error
}

// StandardInput is the path of standard input.
const StandardInput = "-"

// pathText is a path in messages.
func pathText(path string) string {
	if path == StandardInput {
		return "standard input"
	}
	return path
}

// statInput describes a path, and says whether it can be read only once: it is
// standard input or a pipe.
func statInput(path string) (stat os.FileInfo, isStream bool, err error) {
	if path == StandardInput {
		stat, err = disk.StandardInput().Stat()
		return stat, true, err
	}
	stat, err = disk.Stat(path)
	return stat, err == nil && !stat.Mode().IsRegular(), err
}

// Expand turns globs (as of package filepath), folders and plain paths into the
// paths of files. A folder stands for the files in it whose names begin with
// neither a dot nor an underscore, and for those in its folders that are named
// key=value; other folders in it are not entered. Sidecars are left out but
// where one is named alone. The files of
// a pattern are sorted by name, and the patterns stay in their order. A pattern
// without a file is an error, and so is a file that is named twice, by whatever
// path.
func Expand(ctx context.Context, patterns []string) ([]string, error) {
	return ExpandTelling(ctx, patterns, nil)
}

// Skipped are the folders that are not entered below one that stands for its files.
type Skipped struct {
	Folder string
	Count  int
	First  string // of them, by name
}

// ExpandTelling is Expand, and tells of the folders that are not entered.
func ExpandTelling(ctx context.Context, patterns []string, tell func(Skipped)) ([]string, error) {
	var paths []string
	named := newNamedFiles()
	for _, pattern := range patterns {
		matches, err := expandPattern(ctx, pattern, tell)
		if err != nil {
			return nil, err
		}
		for _, path := range matches {
			if err := named.add(ctx, path); err != nil {
				return nil, err
			}
		}
		paths = append(paths, matches...)
	}
	return paths, nil
}

// globEscaped is a character of a glob whose meaning is taken from it.
var globEscaped = regexp.MustCompile(`\\(.)`)

// address is a path that begins with the scheme of an address, below a folder or not:
// a path that was cleaned has one slash of two.
var address = regexp.MustCompile(`(?:^|/)[a-z][a-z0-9+.-]+:/`)

func expandPattern(ctx context.Context, pattern string, tell func(Skipped)) ([]string, error) {
	switch pattern {
	case StandardInput:
		return []string{pattern}, nil
	case "":
		return nil, errors.New("cannot read a file: its name is empty")
	}
	matches, isGlob := []string{pattern}, false
	_, err := disk.Lstat(pattern)
	if literal := globEscaped.ReplaceAllString(pattern, "$1"); errors.Is(err, fs.ErrNotExist) && literal != pattern {
		// Its folder may be all that was escaped, as the folder of a configuration is.
		if _, literalErr := disk.Lstat(literal); literalErr == nil {
			matches, err = []string{literal}, nil
		}
	}
	// A path that there is stands for itself, whatever its characters.
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, cannotRead(pattern, err)
		}
		// Package filepath takes it for one star, and would leave out what lies deeper.
		if strings.Contains(globEscaped.ReplaceAllString(pattern, ""), "**") {
			return nil, fmt.Errorf("cannot read %s: a glob has no **; a * stands for one folder, so name each depth by a glob of its own", pattern)
		}
		if matches, err = glob(pattern); errors.Is(err, filepath.ErrBadPattern) {
			return nil, fmt.Errorf("cannot read %s: %w", pattern, err)
		} else if err != nil {
			return nil, err
		}
		isGlob = true
		if len(matches) == 0 {
			if strings.ContainsAny(pattern, "*?[") {
				return nil, fmt.Errorf("cannot read %s: no file matches it", pattern)
			}
			if address.MatchString(pattern) {
				return nil, fmt.Errorf("cannot read %s: there is no such file, and of addresses only those of s3:// are read", pattern)
			}
			return nil, fmt.Errorf("cannot read %s: there is no such file", pattern)
		}
	}
	if len(matches) > 1 {
		matches = slices.DeleteFunc(matches, func(match string) bool { return strings.HasSuffix(match, sidecarSuffix) })
	}
	f := &folderFiles{checked: map[string]bool{}}
	for _, match := range matches {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		stat, err := disk.Stat(match)
		if err != nil {
			return nil, cannotRead(match, err)
		}
		if !stat.IsDir() {
			if isGlob {
				if err := f.refuseTable(disk.Dir(match)); err != nil {
					return nil, err
				}
			}
			f.paths = append(f.paths, match)
			continue
		}
		if err := f.refuseTable(match); err != nil {
			return nil, err
		}
		skipped := Skipped{Folder: match}
		if err := f.add(ctx, match, 0, &skipped); err != nil {
			return nil, err
		}
		f.skipped += skipped.Count
		if skipped.Count > 0 && tell != nil {
			tell(skipped)
		}
	}
	paths := f.paths
	switch {
	case len(paths) == 0 && f.skipped > 0:
		return nil, fmt.Errorf("cannot read %s: there are no files in it, and the folders in it are not entered, for they are not named key=value: name their files by a glob, as %s", pattern, disk.Join(pattern, "*/*.parquet"))
	case len(paths) == 0:
		return nil, fmt.Errorf("cannot read %s: there are no files in it", pattern)
	}
	for i, path := range paths {
		if path == StandardInput { // a file of that name
			paths[i] = "." + string(filepath.Separator) + path
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// folderFiles are the files that folders stand for.
type folderFiles struct {
	paths   []string
	skipped int             // folders that are not entered
	checked map[string]bool // folders that are no table
}

// add adds the files that a folder stands for, and counts the folders that are not
// entered.
func (f *folderFiles) add(ctx context.Context, folder string, depth int, skipped *Skipped) error {
	if depth > limitFolders {
		return cannotRead(folder, errTooDeep)
	}
	entries, err := disk.ReadDir(folder)
	if err != nil {
		return cannotRead(folder, err)
	}
	for _, entry := range entries {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		name := entry.Name()
		if name[0] == '.' || name[0] == '_' || strings.HasSuffix(name, sidecarSuffix) {
			continue
		}
		path := disk.Join(folder, name)
		// A link to a folder is a folder, too.
		stat, err := disk.Stat(path)
		if err != nil {
			return cannotRead(path, err)
		}
		_, isKey := parseFolderKey(name)
		switch {
		case !stat.IsDir():
			f.paths = append(f.paths, path)
		case isKey:
			if err := f.add(ctx, path, depth+1, skipped); err != nil {
				return err
			}
		default:
			if skipped.Count++; skipped.Count == 1 {
				skipped.First = path
			}
		}
	}
	return nil
}

// namedFiles are the files that a run has named so far. Those of one size and
// time of change are compared, so that it takes no system's word for identity.
type namedFiles struct {
	paths map[string]bool
	alike map[string][]namedFile
}

type namedFile struct {
	path string
	stat os.FileInfo
}

func newNamedFiles() *namedFiles {
	return &namedFiles{paths: map[string]bool{}, alike: map[string][]namedFile{}}
}

// ErrNamedTwice says that a file is named twice: no input is at fault, but what names them.
var ErrNamedTwice = errors.New("it is named twice")

// spelt is one of the ways in which a path can be written without leading elsewhere;
// beyond a link .. is another folder.
func spelt(path string) string {
	if path == StandardInput || disk.IsObject(path) || strings.Contains(path, "..") {
		return path
	}
	return "." + string(filepath.Separator) + filepath.Clean(path)
}

// add refuses a path that leads to a file that there is already.
func (n *namedFiles) add(ctx context.Context, path string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	name := spelt(path)
	if n.paths[name] {
		return fmt.Errorf("cannot read %s: %w", pathText(path), ErrNamedTwice)
	}
	n.paths[name] = true
	if path == StandardInput {
		return nil
	}
	stat, err := disk.Stat(path)
	if err != nil {
		return cannotRead(path, err)
	}
	key := fmt.Sprint(stat.Size(), stat.ModTime().UnixNano())
	for _, other := range n.alike[key] {
		if disk.SameFile(stat, other.stat) {
			return fmt.Errorf("cannot read %s: it is the same file as %s", path, other.path)
		}
	}
	n.alike[key] = append(n.alike[key], namedFile{path, stat})
	return nil
}

// describe finds out the format of a file from its first bytes.
func describe(path string, source int) (*File, error) {
	file := &File{Source: source, Path: path}
	if err := CheckName(path); err != nil {
		return nil, err
	}
	stat, isStream, err := statInput(path)
	if err != nil {
		return nil, cannotRead(pathText(path), err)
	}
	if isStream {
		if file.stream, err = openInputStream(path); err != nil {
			return nil, cannotRead(pathText(path), err)
		}
		file.Format = formatOf(file.stream.head, true)
		return file, nil
	}
	file.Size = stat.Size()
	handle, err := disk.Open(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	defer func() { _ = handle.Close() }() // only read from
	var head [formatBytes]byte
	n, err := io.ReadFull(handle, head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, cannotRead(path, err)
	}
	file.Format = formatOf(head[:n], false)
	if bytes.HasPrefix(head[:n], []byte(encryptedMagic)) { // as a text may, whose end is another
		var tail [len(encryptedMagic)]byte
		if _, err := handle.ReadAt(tail[:], max(file.Size-int64(len(tail)), 0)); err != nil {
			return nil, cannotRead(path, err)
		}
		if string(tail[:]) == encryptedMagic {
			return nil, cannotRead(path, errEncrypted)
		}
	}
	return file, nil
}

// CheckName refuses a file of which a report could not tell: it names its inputs in
// UTF-8, in which a name of other bytes would be that of no file.
func CheckName(path string) error {
	if utf8.ValidString(path) {
		return nil
	}
	name := strconv.Quote(path)
	return fmt.Errorf("cannot read %s: its name is not UTF-8, and a report names its files in UTF-8; rename it", name[1:len(name)-1])
}

// check refuses a description that no file can fit.
func (s *Source) check(canonical []Column) error {
	if len(s.Files) == 0 {
		return fmt.Errorf("source %q names no files", s.Name)
	}
	if err := s.CSV.check(); err != nil {
		return fmt.Errorf("source %q: %w", s.Name, err)
	}
	return s.checkColumns(canonical)
}

// Records are the opened files of a run's sources.
type Records struct {
	files  []*File
	opened []recordFile // as long as files
}

// OpenRecords opens the files of the sources in their order and finds the
// columns of each. A column that a file lacks is an error that names file and
// column and lists the columns that are there; so is a file that two sources
// name.
func OpenRecords(ctx context.Context, sources []Source, options Options) (_ *Records, err error) {
	r := &Records{}
	defer func() {
		if err != nil {
			_ = r.Close() // only read from
		}
	}()
	options.Workers = max(options.Workers, 1)
	options.takeMemory()
	named := newNamedFiles()
	for i := range sources {
		source := &sources[i]
		if err := source.check(recordColumns[:]); err != nil {
			return nil, err
		}
		paths, err := ExpandTelling(ctx, source.Files, options.Skipped)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if err := named.add(ctx, path); err != nil {
				return nil, err
			}
			if options.Again {
				if _, err := stampOf(path); err != nil {
					return nil, err
				}
			}
			file, err := describe(path, i)
			if err != nil {
				return nil, err
			}
			opened, err := openRecordFile(file, len(r.files), source, &options)
			if err != nil {
				return nil, err
			}
			r.files = append(r.files, file)
			r.opened = append(r.opened, opened)
		}
	}
	return r, nil
}

// openRecordFile opens a file that has been described: index is its place in the run.
func openRecordFile(file *File, index int, source *Source, options *Options) (recordFile, error) {
	open := openCSVRecords
	switch file.Format {
	case FormatParquet:
		open = openParquetRecords
	case FormatArrow:
		open = openArrowRecords
	}
	options, err := file.useSidecar(options)
	if err != nil {
		return nil, err
	}
	return openInFolders(file, recordColumns[:], source, func(source *Source) (recordFile, error) {
		return open(file, index, source, options)
	})
}

// Files are the files in the order of sources and names. A piece's File is an
// index of it. What is known only after reading is there once Cut has returned.
func (r *Records) Files() []*File { return r.files }

// Cut sends the files' pieces in the order of sources, files and rows. It is a
// pipeline.Cut, to be called once.
func (r *Records) Cut(ctx context.Context, send func(pipeline.Piece) error) error {
	for i, file := range r.opened {
		if err := file.cut(ctx, send); err != nil {
			return err
		}
		if err := r.closeFile(i); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the files.
func (r *Records) Close() error {
	var errs []error
	for i := range r.opened {
		errs = append(errs, r.closeFile(i))
	}
	return errors.Join(errs...)
}

// closeFile closes a file and lets go of it: what is kept of a file goes with its
// last piece. Another time it does nothing.
func (r *Records) closeFile(i int) error {
	file := r.opened[i]
	if file == nil {
		return nil
	}
	r.opened[i] = nil
	if err := file.close(); err != nil {
		return fmt.Errorf("cannot close %s: %w", pathText(r.files[i].Path), err)
	}
	return nil
}

// ReadExtract reads a register extract and hands its rows to add in the order
// of files and rows. What add is given is good until it returns; its error is
// returned as it is. The files are described as by Records.Files.
func ReadExtract(ctx context.Context, source Source, options Options, add func(*register.Extract) error) ([]*File, error) {
	if err := source.check(registerColumns[:]); err != nil {
		return nil, err
	}
	if err := CheckRegisterDateLayout(source.CSV.DateLayout); err != nil {
		return nil, fmt.Errorf("source %q: %w", source.Name, err)
	}
	paths, err := ExpandTelling(ctx, source.Files, options.Skipped)
	if err != nil {
		return nil, err
	}
	options.Workers = max(options.Workers, 1)
	options.csv = newCSVMemory(options.Workers)
	files := make([]*File, len(paths))
	for i, path := range paths {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if files[i], err = describe(path, 0); err != nil {
			return nil, err
		}
		files[i].Folders = folderKeys(path) // an extract has no constants, so they are only told
		read := readCSVExtract
		switch files[i].Format {
		case FormatParquet:
			read = readParquetExtract
		case FormatArrow:
			read = readArrowExtract
		}
		options, err := files[i].useSidecar(&options)
		if err != nil {
			return nil, err
		}
		if err := read(ctx, files[i], &source, options, add); err != nil {
			return nil, err
		}
	}
	return files, nil
}
