package job

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/register"
)

// Input is a file that a run has read.
type Input struct {
	Path      string
	Size      int64
	SHA256    [32]byte
	HasSHA256 bool
	Verified  string // what its bytes were checked against, as readers.File.Verified says it
	// Described is how the file is written; nil for a snapshot.
	Described *readers.File
}

// openRegister opens the snapshot, or builds one in memory from the extract. digest asks
// for the files' digests.
func openRegister(ctx context.Context, settings *Settings, digest bool, progress func(int64)) (*register.Snapshot, []Input, error) {
	if settings.Register.Snapshot != "" {
		snapshot, input, err := openSnapshot(settings.Register.Snapshot, digest)
		return snapshot, []Input{input}, err
	}
	builder := register.NewBuilder(settings.Register.ExtractDate)
	files, err := readers.ReadExtract(ctx, settings.Register.Extract, readers.Options{
		Digest: digest, Workers: settings.Workers, Bytes: progress, Skipped: settings.Skipped,
	}, builder.Add)
	if err != nil {
		return nil, nil, err
	}
	snapshot, _, err := builder.Build()
	if err != nil {
		return nil, nil, err
	}
	inputs := make([]Input, len(files))
	for i, file := range files {
		inputs[i] = fileInput(file)
	}
	settings.tell("", files)
	return snapshot, inputs, nil
}

// openSnapshot opens a snapshot, and describes the same bytes: with their digest where
// that is asked for or where there is a sidecar, which must have the same.
func openSnapshot(path string, digest bool) (*register.Snapshot, Input, error) {
	if err := readers.CheckName(path); err != nil {
		return nil, Input{}, err
	}
	want, hasSidecar, err := readers.Sidecar(path)
	if err != nil {
		return nil, Input{}, err
	}
	file, err := disk.Open(path)
	if err != nil {
		return nil, Input{}, fmt.Errorf("cannot open register snapshot %s: %w", path, disk.Reason(err))
	}
	defer file.Close() // only read from
	before, err := file.Stat()
	if err != nil {
		return nil, Input{}, fmt.Errorf("cannot open register snapshot %s: %w", path, disk.Reason(err))
	}
	snapshot, err := register.Read(file)
	if err != nil {
		return nil, Input{}, err
	}
	input := Input{Path: path, Size: before.Size(), HasSHA256: digest || hasSidecar}
	if input.HasSHA256 {
		sum := sha256.New()
		if _, err := io.Copy(sum, file); err != nil {
			return nil, Input{}, fmt.Errorf("cannot read %s: %w", path, err)
		}
		input.SHA256 = [32]byte(sum.Sum(nil))
	}
	if hasSidecar {
		if input.SHA256 != want {
			return nil, Input{}, readers.SidecarDiffers(path)
		}
		input.Verified = "sha256"
	}
	after, err := file.Stat()
	if err == nil && disk.IsChanged(after, before) {
		err = errors.New("it changed while it was read")
	}
	if err != nil {
		return nil, Input{}, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return snapshot, input, nil
}

// CheckShrink refuses a register that has lost too many numbers since the
// previous one: a truncated extract would make every missing payee unknown.
func (r *Register) CheckShrink(snapshot *register.Snapshot) error {
	if r.Previous == "" {
		return nil
	}
	previous, err := register.Open(r.Previous)
	if err != nil {
		return fmt.Errorf("register.previous: %w", err) // not the register that the run is about
	}
	lost := previous.Len() - snapshot.Len()
	if isOverShare(int64(lost), r.MaxShrink, int64(previous.Len())) {
		return fmt.Errorf("the register has %d numbers, %d (%.2f %%) fewer than the previous one %s; max_shrink allows %.2f %%",
			snapshot.Len(), lost, 100*float64(lost)/float64(previous.Len()), r.Previous, 100*r.MaxShrink)
	}
	return nil
}

var errFirstBatchSeen = errors.New("the first batch of the file has been seen")
