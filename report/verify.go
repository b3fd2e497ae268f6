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
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
)

// Difference is something about a report that is not as it was published.
type Difference struct {
	File string // of the report, or the path of an input
	What string
}

// maxDocumentBytes is how large a document may be that Verify reads whole.
const maxDocumentBytes = 256 << 20

// Verify compares a published report with its manifest: the manifest's own
// digest with the folder's name, every file's size, digest and rows, and the
// ledger with the tables, counted again. With inputs it compares the inputs that
// are still there too, and tells how many are not. It returns an error only where
// the folder holds no report of this version that it could read.
func Verify(ctx context.Context, folder string, inputs bool) (differences []Difference, absent int, err error) {
	folder, err = Follow(folder)
	if err != nil {
		return nil, 0, err
	}
	v := &verifier{folder: folder}
	contents, err := readDocument(disk.Join(folder, ManifestFile))
	if err != nil {
		return nil, 0, fmt.Errorf("cannot read the report %s: %w", folder, err)
	}
	if digest := sha256.Sum256(contents); !isNamedAfter(folder, digest) {
		v.differ(ManifestFile, "its digest is not that in the name of the report")
	}
	var manifest Manifest
	if err := json.Unmarshal(contents, &manifest); err != nil {
		v.differ(ManifestFile, "it is no manifest")
		return v.differences, v.absent, nil
	}
	if manifest.SchemaVersion != SchemaVersion {
		v.differ(ManifestFile, fmt.Sprintf("its schema version is %d, and this program's %d", manifest.SchemaVersion, SchemaVersion))
		return v.differences, v.absent, nil
	}
	sound, err := v.outputs(ctx, &manifest)
	if err != nil {
		return nil, 0, err
	}
	if err := v.ledger(ctx, &manifest, sound); err != nil {
		return nil, 0, err
	}
	if inputs {
		if err := v.inputs(ctx, &manifest); err != nil {
			return nil, 0, err
		}
	}
	return v.differences, v.absent, nil
}

type verifier struct {
	folder      string
	differences []Difference
	absent      int // inputs that are not where they were
}

func (v *verifier) differ(file, what string) {
	v.differences = append(v.differences, Difference{File: file, What: what})
}

// outputs compares the files with the manifest, and returns those that are as
// they were: only they are read further.
func (v *verifier) outputs(ctx context.Context, manifest *Manifest) (sound []Output, err error) {
	known := []string{ManifestFile, RunFile, MetricsFile}
	for _, output := range manifest.Outputs {
		known = append(known, output.Name)
		if output.Name != filepath.Base(output.Name) && !isShareFile(output.Name) {
			v.differ(ManifestFile, "it names a file outside the report")
			continue
		}
		path := disk.Join(v.folder, output.Name)
		if folder, err := disk.Lstat(disk.Dir(path)); isUnreadable(err) {
			return nil, fmt.Errorf("cannot verify a file: %w", err)
		} else if err == nil && !folder.IsDir() {
			v.differ(output.Name, "it does not lie in a plain folder")
			continue
		}
		if info, err := disk.Lstat(path); isUnreadable(err) {
			return nil, fmt.Errorf("cannot verify a file: %w", err)
		} else if err == nil && !info.Mode().IsRegular() {
			v.differ(output.Name, "it is not a plain file")
			continue
		}
		what, err := compareFile(ctx, path, output.Size, output.SHA256)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			v.differ(output.Name, "it is missing")
		case err != nil:
			return nil, err
		case what != "":
			v.differ(output.Name, what)
		default:
			sound = append(sound, output)
		}
	}
	return sound, v.strangers(known)
}

// strangers tells of files and folders that are not known.
func (v *verifier) strangers(known []string) error {
	places := map[string]bool{".": true}
	for _, name := range known {
		for ; !places[name]; name = path.Dir(name) {
			places[name] = true
		}
	}
	err := disk.WalkDir(v.folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(v.folder, file)
		if err != nil || places[name] {
			return err
		}
		v.differ(name, "it is not in the manifest")
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cannot verify a report: %w", err)
	}
	return nil
}

// ledger counts the sound tables again and compares them with the ledger of the
// summary, if that is sound.
func (v *verifier) ledger(ctx context.Context, manifest *Manifest, sound []Output) error {
	isSound := func(name string) bool {
		return slices.ContainsFunc(sound, func(o Output) bool { return o.Name == name })
	}
	if !slices.ContainsFunc(manifest.Outputs, func(o Output) bool { return o.Name == SummaryFile }) {
		v.differ(ManifestFile, "it does not name "+SummaryFile)
	}
	if !isSound(SummaryFile) {
		return nil // told already
	}
	contents, err := readDocument(disk.Join(v.folder, SummaryFile))
	if err != nil {
		return fmt.Errorf("cannot verify %s: %w", v.folder, err)
	}
	var summary Summary
	if err := json.Unmarshal(contents, &summary); err != nil {
		v.differ(SummaryFile, "it is no summary")
		return nil
	}
	var files []File
	for _, file := range summary.Ledger.Files {
		files = append(files, File{Source: file.Source, Path: file.File})
	}
	var tables []Recount
	agencies, err := v.agencies(isSound(SharesFile))
	if err != nil {
		return err
	}
	shares := newSharesLedger(len(files))
	for _, output := range sound {
		if output.Rows == nil {
			continue
		}
		if isFollowedFile(output.Name) {
			if err := v.followed(ctx, output, &summary); err != nil {
				return err
			}
			continue
		}
		isShare := isShareFile(output.Name)
		var only *string
		if agency, ok := agencies[path.Dir(output.Name)]; ok {
			only = &agency
		} else if isShare && isSound(SharesFile) {
			v.differ(output.Name, "its folder is not in "+SharesFile)
		}
		count, err := recountOnly(ctx, disk.Join(v.folder, output.Name), files, only)
		if reason := context.Cause(ctx); reason != nil {
			return reason
		}
		if isUnreadable(err) {
			return fmt.Errorf("cannot verify a file: %w", err)
		}
		if err != nil {
			v.differ(output.Name, err.Error())
			continue
		}
		if count.Rows != *output.Rows {
			v.differ(output.Name, fmt.Sprintf("it has %d rows, and %d in the manifest", count.Rows, *output.Rows))
		}
		if isShare {
			shares.add(count)
		} else {
			tables = append(tables, *count)
		}
	}
	tell := func(file string, err error) {
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				v.differ(file, strings.TrimSpace(line))
			}
		}
	}
	tell(SummaryFile, summary.Ledger.Check(tables))
	tell(SummaryFile, summary.check(tables))
	// Where a share is not as it was, that has been told already.
	if len(sound) == len(manifest.Outputs) && isSound(SharesFile) {
		tell(SharesFile, shares.check(tables))
	}
	return nil
}

// check compares the figures of a summary with each other and with the rows of the
// tables: all that findings are told apart by adds up to the same.
func (s *Summary) check(tables []Recount) error {
	var problems []error
	differ := func(format string, arguments ...any) { problems = append(problems, fmt.Errorf(format, arguments...)) }
	rejected := int64(0)
	for _, reason := range s.Rejected {
		rejected += reason.Rows
	}
	for _, table := range tables {
		name, count := "findings", s.Findings
		if table.Rejects {
			name, count = "rejected rows", rejected
		}
		if count != table.Rows {
			differ("it has %d %s, and %s %d rows", count, name, table.Name, table.Rows)
		}
	}
	if !reflect.DeepEqual(s.Records, s.Ledger.Total) {
		differ("its records are not the total of its ledger")
	}
	var rules []Count
	for _, rule := range s.Rules {
		rules = append(rules, Count{Findings: rule.Findings, Amounts: rule.Amounts})
	}
	all := totalOf(rules)
	if all.Findings != s.Findings {
		differ("its rules have %d findings together, and it has %d", all.Findings, s.Findings)
	}
	for _, part := range []struct {
		name   string
		counts []Count
	}{
		{"severities", s.Severities}, {"confidence", s.Confidence}, {"agencies", s.Agencies}, {"payment_types", s.PaymentTypes}, {"months", s.Months},
		{"directions", s.Directions}, {"status_ages", s.StatusAges}, {"known_at_payment", s.KnownAtPayment},
	} {
		if total := totalOf(part.counts); total.Findings != all.Findings || !maps.Equal(total.Amounts, all.Amounts) {
			differ("its figures of %s do not add up to those of rules", part.name)
		}
	}
	return errors.Join(problems...)
}

// totalOf adds up counts; amounts of zero are left out.
func totalOf(counts []Count) Count {
	total := Count{Amounts: map[string]pipeline.Sum{}}
	for _, count := range counts {
		total.Findings += count.Findings
		addAmounts(total.Amounts, count.Amounts)
	}
	maps.DeleteFunc(total.Amounts, func(_ string, sum pipeline.Sum) bool { return sum.IsZero() })
	return total
}

// isUnreadable says whether an error is of the file system, and not that there is
// nothing: what cannot be read is not known to differ.
func isUnreadable(err error) bool {
	_, ok := errors.AsType[*fs.PathError](err)
	return ok && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
}

// agencies are the agencies of the shares' folders, as the list has them; none
// where it is not sound or not there.
func (v *verifier) agencies(isSound bool) (map[string]string, error) {
	if !isSound {
		return nil, nil
	}
	contents, err := readDocument(disk.Join(v.folder, SharesFile))
	if err != nil {
		return nil, fmt.Errorf("cannot verify %s: %w", v.folder, err)
	}
	var index sharesIndex
	if err := json.Unmarshal(contents, &index); err != nil {
		v.differ(SharesFile, "it is no list of agencies")
		return nil, nil
	}
	agencies := map[string]string{}
	for _, entry := range index.Agencies {
		agencies[SharesFolder+"/"+entry.Folder] = entry.Agency
	}
	return agencies, nil
}

// isShareFile says whether a name is one of a file of the shares: it leads to no
// place outside the report.
func isShareFile(name string) bool {
	return filepath.IsLocal(name) && path.Clean(name) == name && strings.HasPrefix(name, SharesFolder+"/")
}

// inputs compares the inputs that are still where they were. One that was read
// from standard input, or that is gone, is no difference, and is counted.
func (v *verifier) inputs(ctx context.Context, manifest *Manifest) error {
	inputs := slices.Concat(manifest.Register, manifest.Inputs)
	if manifest.Decisions != nil {
		inputs = append(inputs, *manifest.Decisions)
	}
	for _, input := range inputs {
		info, err := disk.Stat(input.Path)
		if isUnreadable(err) {
			return fmt.Errorf("cannot verify a file: %w", err)
		}
		if err != nil || !info.Mode().IsRegular() {
			v.absent++
			continue
		}
		what, err := input.compareBytes(ctx)
		if err != nil {
			return err
		}
		if what != "" {
			v.differ(input.Path, what)
		}
	}
	return nil
}

// compareFile says how a file is not of a size and a digest; an empty digest is
// not compared. It is empty where the file is as it was.
func compareFile(ctx context.Context, path string, size int64, digest string) (string, error) {
	info, err := disk.Stat(path)
	if err != nil {
		return "", fmt.Errorf("cannot verify a file: %w", err)
	}
	if info.Size() != size {
		return fmt.Sprintf("it has %d bytes, and %d in the manifest", info.Size(), size), nil
	}
	if digest == "" {
		return "", nil
	}
	if !isDigest(digest) {
		return "the manifest has no digest of it", nil
	}
	_, sum, err := digestFile(ctx, path)
	if err != nil {
		return "", err
	}
	if hex.EncodeToString(sum[:]) != digest {
		return "its digest is not that in the manifest", nil
	}
	return "", nil
}

// compareChunks says how a file is not as it was when it was read in parts.
func compareChunks(ctx context.Context, input *Input) (string, error) {
	file, err := disk.Open(input.Path)
	if err != nil {
		return "", fmt.Errorf("cannot verify a file: %w", err)
	}
	defer file.Close() // it was only read
	at := int64(0)
	for _, chunk := range input.Chunks {
		if chunk.Offset != at || chunk.Length < 0 || !isDigest(chunk.SHA256) {
			return "the manifest has no digests of all its bytes", nil
		}
		at += chunk.Length
		hash := sha256.New()
		for left := chunk.Length; left > 0; {
			if err := context.Cause(ctx); err != nil {
				return "", err
			}
			n, err := io.CopyN(hash, file, min(left, 64<<20))
			if err != nil && !errors.Is(err, io.EOF) {
				return "", fmt.Errorf("cannot verify a file: %w", err)
			}
			if left -= n; err != nil {
				break
			}
		}
		if hex.EncodeToString(hash.Sum(nil)) != chunk.SHA256 {
			return fmt.Sprintf("the digest of its bytes from %d on is not that in the manifest", chunk.Offset), nil
		}
	}
	if at != input.Size {
		return "the manifest has no digests of all its bytes", nil
	}
	return "", nil
}

// readDocument reads a document of a report whole.
func readDocument(path string) ([]byte, error) {
	file, err := disk.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), disk.Reason(err))
	}
	defer file.Close() // it was only read
	var contents bytes.Buffer
	if _, err := io.CopyN(&contents, file, maxDocumentBytes); err == nil {
		return nil, fmt.Errorf("%s is larger than %d bytes", filepath.Base(path), maxDocumentBytes)
	} else if !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), disk.Reason(err))
	}
	return contents.Bytes(), nil
}
