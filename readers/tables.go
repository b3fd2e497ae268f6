package readers

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/avstam/avstam/disk"
)

// A table of Delta Lake, Hudi or Iceberg is a folder of files of several versions, those
// that were removed among them, and a log that says which hold. Read as a folder it
// would have payments twice.
// https://github.com/delta-io/delta/blob/master/PROTOCOL.md
// https://hudi.apache.org/tech-specs
// https://iceberg.apache.org/spec

// refuseTable refuses a folder in such a table, of which the files lie in it, in folders
// named key=value below, or, of Iceberg, in a folder beside that of its metadata.
func (f *folderFiles) refuseTable(folder string) error {
	root := folder
	for depth := 0; depth < limitFolders; depth++ {
		if _, ok := parseFolderKey(filepath.Base(root)); !ok {
			break
		}
		root = disk.Dir(root)
	}
	if f.checked[root] {
		return nil
	}
	f.checked[root] = true
	for _, table := range [...]struct{ kind, log string }{{"Delta", "_delta_log"}, {"Hudi", ".hoodie"}} {
		path := disk.Join(root, table.log)
		stat, err := disk.Stat(path)
		if err == nil && stat.IsDir() {
			return tableError(folder, table.kind)
		} else if err != nil && !isOutOfSight(err) {
			return cannotRead(path, err)
		}
	}
	above := disk.Dir(root)
	if !disk.IsObject(root) {
		above = filepath.Join(root, "..")
	}
	for _, beside := range [...]string{root, above} {
		path := disk.Join(beside, "metadata")
		entries, err := disk.ReadDir(path)
		// Of object storage a list above what we may read is refused, in many words.
		if err != nil && !isOutOfSight(err) && !disk.IsObject(path) {
			return cannotRead(path, err)
		}
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".metadata.json") {
				return tableError(folder, "Iceberg")
			}
		}
	}
	return nil
}

func tableError(folder, kind string) error {
	return fmt.Errorf("cannot read %s: it is of a table of %s, whose files are of several versions: name the files of one version each, or export it", folder, kind)
}

// isOutOfSight says whether an error is of a path at which there is nothing that we may
// see: what lies above a folder that is read may be of others.
func isOutOfSight(err error) bool { return isNothing(err) || errors.Is(err, fs.ErrPermission) }
