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

// openRegister opens the snapshot, or builds one in memory from the extract.
func openRegister(ctx context.Context, settings *Settings, progress func(int64)) (*register.Snapshot, []Input, error) {
	if settings.Register.Snapshot != "" {
		snapshot, err := register.Open(settings.Register.Snapshot)
		if err != nil {
			return nil, nil, err
		}
		input, err := describeSnapshot(settings.Register.Snapshot, settings.Digest)
		return snapshot, []Input{input}, err
	}
	builder := register.NewBuilder(settings.Register.ExtractDate)
	files, err := readers.ReadExtract(ctx, settings.Register.Extract, readers.Options{
		Digest: settings.Digest, Workers: settings.Workers, Bytes: progress,
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
		settings.tell("", file)
	}
	return snapshot, inputs, nil
}

// describeSnapshot is the size of a snapshot, with its digest where that is
// asked for or where it has a sidecar, which must have the same.
func describeSnapshot(path string, digest bool) (Input, error) {
	want, hasSidecar, err := readers.Sidecar(path)
	if err != nil {
		return Input{}, err
	}
	file, err := disk.Open(path)
	if err != nil {
		return Input{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Input{}, err
	}
	input := Input{Path: path, Size: info.Size(), HasSHA256: digest || hasSidecar}
	if !input.HasSHA256 {
		return input, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return Input{}, fmt.Errorf("cannot read %s: %w", path, err)
	}
	input.SHA256 = [32]byte(sum.Sum(nil))
	if hasSidecar {
		if input.SHA256 != want {
			return Input{}, readers.SidecarDiffers(path)
		}
		input.Verified = "sha256"
	}
	return input, nil
}

// CheckShrink refuses a register that has lost too many numbers since the
// previous one: a truncated extract would make every missing payee unknown.
func (r *Register) CheckShrink(snapshot *register.Snapshot) error {
	if r.Previous == "" {
		return nil
	}
	previous, err := register.Open(r.Previous)
	if err != nil {
		return err
	}
	lost := previous.Len() - snapshot.Len()
	if isOverShare(int64(lost), r.MaxShrink, int64(previous.Len())) {
		return fmt.Errorf("the register has %d numbers, %d (%.2f %%) fewer than the previous one %s; max_shrink allows %.2f %%",
			snapshot.Len(), lost, 100*float64(lost)/float64(previous.Len()), r.Previous, 100*r.MaxShrink)
	}
	return nil
}

var errFirstBatchSeen = errors.New("the first batch of the file has been seen")
