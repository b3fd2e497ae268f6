// Package storage decides where bytes lie: the output folder that one run at a
// time holds, the draft of a report that becomes visible by one rename or not
// at all, and the temporary file that findings wait in. It does not know what
// the bytes mean.
//
// It relies on POSIX: flock(2), rename(2) within one file system, and that an
// unlinked file lives as long as it is open. Every mode is exact, whatever the
// umask.
package storage

import "io/fs"

// The modes of everything that a run leaves behind.
const (
	// FolderMode is that of every folder.
	FolderMode fs.FileMode = 0o750
	// PublicMode is that of files without personal data: the group may read them.
	PublicMode fs.FileMode = 0o640
	// PrivateMode is that of files that may hold identity numbers, and of keys.
	PrivateMode fs.FileMode = 0o600
)

const (
	lockName = ".lock"
	// Everything unfinished has this prefix, so that the next run can tell what
	// a run that died has left.
	temporaryPrefix = ".tmp-"
	latestName      = "latest"
	failedName      = "failed"
)
