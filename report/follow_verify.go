package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/storage"
)

// followedFiles are the names of the tables of a report that follows its findings.
func (w *Writer) followedFiles() []string {
	files := []string{HistoryFile, ResolvedFile}
	if w.run.CSV {
		files = append(files, resolvedName+".csv")
	}
	return files
}

func isFollowedFile(name string) bool {
	return strings.HasPrefix(name, historyName+".") || strings.HasPrefix(name, resolvedName+".")
}

// readBackFollowed counts the rows of these tables.
func (w *Writer) readBackFollowed(ctx context.Context) ([]int64, error) {
	var counts []int64
	for _, name := range w.followedFiles() {
		written := w.followed.gone
		if name == HistoryFile {
			written = w.followed.history
		}
		rows, err := countRows(ctx, filepath.Join(w.draft.Path(), name))
		if err != nil {
			return nil, fmt.Errorf("cannot read %s back: %w", name, err)
		}
		if rows != written {
			return nil, fmt.Errorf("%s: %d rows were written and %d read back: %w", name, written, rows, ErrUnbalanced)
		}
		counts = append(counts, rows)
	}
	return counts, nil
}

var errIDOrder = errors.New("the ids are not in ascending order")

// countRows counts a table of a report that follows its findings, with another
// library than wrote it. The ids of a history must be in order.
func countRows(ctx context.Context, path string) (count int64, err error) {
	if filepath.Ext(path) == ".csv" {
		return countLines(ctx, path)
	}
	rows, err := OpenRows(path, "finding_id")
	if err != nil {
		return 0, err
	}
	defer rows.Close() // it was only read
	isHistory := filepath.Base(path) == HistoryFile
	var before []byte
	for {
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		n, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return 0, err
		}
		count += int64(n)
		for i := 0; isHistory && i < n; i++ {
			if id := rows.Text(0, i); bytes.Compare(before, id) < 0 {
				before = append(before[:0], id...)
			} else {
				return 0, errIDOrder
			}
		}
	}
}

func countLines(ctx context.Context, path string) (count int64, err error) {
	file, err := disk.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close() // it was only read
	reader, _, err := newCSVReader(file)
	if err != nil {
		return 0, err
	}
	for count = -1; ; count++ { // the first is the header
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		_, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return max(0, count), nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// followed counts such a table again, and compares what is gone with the summary.
func (v *verifier) followed(ctx context.Context, output Output, summary *Summary) error {
	rows, err := countRows(ctx, disk.Join(v.folder, output.Name))
	if reason := context.Cause(ctx); reason != nil {
		return reason
	}
	if err != nil {
		v.differ(output.Name, err.Error())
		return nil
	}
	if rows != *output.Rows {
		v.differ(output.Name, fmt.Sprintf("it has %d rows, and %d in the manifest", rows, *output.Rows))
	}
	if output.Name == HistoryFile {
		return nil
	}
	gone := int64(0)
	if b := summary.Baseline; b != nil {
		for _, count := range b.Gone() {
			gone += count.Findings
		}
	}
	if rows != gone {
		v.differ(output.Name, fmt.Sprintf("it has %d rows, and %d findings are gone in the summary", rows, gone))
	}
	return nil
}

// isNamedAfter says whether a folder that has the name of a run has that of the
// run of a manifest; another name says nothing.
func isNamedAfter(folder string, digest [sha256.Size]byte) bool {
	run := filepath.Base(folder)
	return !storage.IsRunName(run) || strings.HasSuffix(run, "-"+hex.EncodeToString(digest[:4]))
}

// Earlier is a published report that is read again.
type Earlier struct {
	Folder   string // links followed
	Run      string // the name of the folder
	Manifest *Manifest
	SHA256   [sha256.Size]byte // of the manifest
}

// OpenEarlier reads the manifest of a published report. It fails where that is
// not the one that was published, or of another schema.
func OpenEarlier(folder string) (*Earlier, error) {
	resolved, err := Follow(folder)
	if err != nil {
		return nil, err
	}
	// The folder may be named as ".".
	if !disk.IsAbs(resolved) {
		if resolved, err = filepath.Abs(resolved); err != nil {
			return nil, fmt.Errorf("cannot read the report %s: %w", folder, err)
		}
	}
	contents, err := readDocument(disk.Join(resolved, ManifestFile))
	if err != nil {
		return nil, fmt.Errorf("cannot read the report %s: %w", folder, err)
	}
	e := &Earlier{Folder: resolved, Run: filepath.Base(resolved), Manifest: new(Manifest), SHA256: sha256.Sum256(contents)}
	if !isNamedAfter(resolved, e.SHA256) {
		return nil, fmt.Errorf("cannot use the report %s: the digest of its %s is not that in its name", folder, ManifestFile)
	}
	if err := json.Unmarshal(contents, e.Manifest); err != nil {
		return nil, fmt.Errorf("cannot use the report %s: its %s is no manifest", folder, ManifestFile)
	}
	if version := e.Manifest.SchemaVersion; version != SchemaVersion {
		return nil, fmt.Errorf("cannot use the report %s: its schema version is %d, and this program's %d", folder, version, SchemaVersion)
	}
	return e, nil
}

// Has says whether a file is among the report's.
func (e *Earlier) Has(name string) bool { return e.output(name) != nil }

func (e *Earlier) output(name string) *Output {
	i := slices.IndexFunc(e.Manifest.Outputs, func(o Output) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	return &e.Manifest.Outputs[i]
}

// RowsOf is how many rows the manifest says that a table has.
func (e *Earlier) RowsOf(name string) int64 {
	if output := e.output(name); output != nil && output.Rows != nil {
		return *output.Rows
	}
	return 0
}

// Check compares a file of the report with its manifest, and gives its path.
func (e *Earlier) Check(ctx context.Context, name string) (path string, err error) {
	output := e.output(name)
	if output == nil {
		return "", fmt.Errorf("cannot use the report %s: it has no %s", e.Folder, name)
	}
	path = disk.Join(e.Folder, name)
	if !isDigest(output.SHA256) {
		return "", fmt.Errorf("cannot use the report %s: its manifest has no digest of %s", e.Folder, name)
	}
	different, err := compareFile(ctx, path, output.Size, output.SHA256)
	if err != nil {
		return "", err
	}
	if different != "" {
		return "", fmt.Errorf("cannot use the report %s: %s: %s", e.Folder, name, different)
	}
	return path, nil
}
