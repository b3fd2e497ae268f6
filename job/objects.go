package job

import (
	"context"
	"errors"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/report"
	"github.com/avstam/avstam/storage"
)

// lockOutput takes the output folder for this run: a local one, or the stage of one on
// object storage. give gives it back.
func (r *run) lockOutput(ctx context.Context) (folder *storage.Folder, give func() error, err error) {
	path := r.settings.Output.Folder
	if disk.IsObject(path) {
		if r.staged, err = storage.NewStage(ctx, path, r.settings.Now()); err != nil {
			return nil, nil, err
		}
		path = r.staged.Folder()
	}
	if folder, err = storage.Lock(path); err != nil {
		return nil, nil, errors.Join(err, r.closeStage())
	}
	return folder, func() error { return errors.Join(folder.Unlock(), r.closeStage()) }, nil
}

func (r *run) closeStage() error {
	if r.staged == nil {
		return nil
	}
	return r.staged.Close()
}

// checkObjects refuses what an output folder on object storage cannot have.
func checkObjects(settings *Settings) error {
	if disk.IsObject(settings.Output.Folder) && settings.Output.KeyFile == "" {
		return usageFailure("with an output folder on object storage the key of finding ids lies in a local file, which is made where it is missing: name it with --id-key or output.id_key")
	}
	return nil
}

// upload uploads a report that was published in the stage. newer is what it is of
// Stage.Publish.
func (r *run) upload(ctx context.Context, run string) (newer string, err error) {
	r.stage("upload")
	r.staged.Shared = r.records == nil // attempts of a commit are under one name
	return r.staged.Publish(ctx, run, report.ManifestFile, r.settings.Now())
}

// pointLatest points latest at a report that was published before.
func (r *run) pointLatest(folder *storage.Folder, run string) (newer string, err error) {
	if r.staged == nil {
		return folder.PointLatest(run)
	}
	return r.staged.PointLatest(run)
}

// keepStaged uploads what was kept of a failed run in the stage, if there is one.
func (r *run) keepStaged(ctx context.Context, run string) error {
	if r.staged == nil {
		return nil
	}
	r.staged.Shared = r.records == nil
	return r.staged.KeepFailed(ctx, run, r.settings.Now())
}
