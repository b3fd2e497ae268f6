package synth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/avstam/avstam/disk"
)

// ConfigurationFile is the file that runs the records of a folder.
const ConfigurationFile = "avstam.yaml"

const (
	registerName = "register"
	truthName    = "truth"
)

// Formats are the formats that records and register can be written in.
func Formats() []string { return []string{"parquet", "csv"} }

// Summary says how much was written.
type Summary struct {
	Records, Entries, Findings int64
}

// WriteFolder writes records.* and register.* in each of the formats, the
// findings that they must give as truth.parquet, and a configuration with its
// test numbers. The configuration runs the first of the formats, and the
// findings name its file. Files are 0600, new folders 0750, whatever the umask; what an earlier
// call wrote is written over, and nothing else: the configuration must be as it
// was written, and stand beside the other files. After an error nothing that was
// begun is left, a new folder neither.
func (d *Dataset) WriteFolder(ctx context.Context, folder string, formats []string) (Summary, error) {
	var summary Summary
	if len(formats) == 0 {
		return summary, errors.New("cannot generate without a format")
	}
	for i, format := range formats {
		switch {
		case !slices.Contains(Formats(), format):
			return summary, fmt.Errorf("cannot generate format %q: it is none of %s", format, strings.Join(Formats(), ", "))
		case slices.Contains(formats[:i], format):
			return summary, fmt.Errorf("cannot generate format %q twice", format)
		}
	}
	if err := d.checkReplaceable(folder); err != nil {
		return summary, err
	}
	_, err := disk.Stat(folder)
	isNew := errors.Is(err, fs.ErrNotExist)
	if err := disk.MakeFolders(folder, 0o750); err != nil {
		return summary, fmt.Errorf("cannot make the folder: %w", err)
	}
	removeGenerated(folder, formats) // an old file would keep its permissions
	// The first line is there before the data and the rest after them: it tells the
	// next call whose they are, and nobody runs what is not whole.
	text := []byte(d.Configuration(formats[0]))
	configuration, err := disk.CreateNew(filepath.Join(folder, ConfigurationFile), 0o600)
	if err == nil {
		defer configuration.Close()
		_, err = configuration.Write(text[:len(generatedHeader)])
	}
	if err == nil {
		summary, err = d.writeData(ctx, folder, formats)
	}
	if err == nil {
		_, err = configuration.Write(text[len(generatedHeader):])
		err = errors.Join(err, configuration.Close())
	}
	if err != nil {
		removeGenerated(folder, formats)
		if isNew {
			_ = disk.Remove(folder) // unless somebody has put something there
		}
		return Summary{}, err
	}
	return summary, nil
}

// writeData writes all but the configuration.
func (d *Dataset) writeData(ctx context.Context, folder string, formats []string) (summary Summary, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		summary.Records, err = writeTables(ctx, folder, SourceName, formats, recordColumns, d.Records)
		return err
	})
	group.Go(func() (err error) {
		summary.Entries, err = writeTables(ctx, folder, registerName, formats, entryColumns, d.Entries)
		return err
	})
	group.Go(func() (err error) {
		columns := findingColumns(SourceName + "." + formats[0])
		summary.Findings, err = writeTables(ctx, folder, truthName, []string{"parquet"}, columns, d.Findings)
		return err
	})
	if err := group.Wait(); err != nil {
		return Summary{}, err
	}
	file, err := disk.CreateNew(filepath.Join(folder, TestNumbersFile), 0o600)
	if err != nil {
		return summary, err
	}
	_, err = file.WriteString(d.TestNumbers())
	return summary, errors.Join(err, file.Close())
}

// dataFiles are the names of what writeData writes.
func dataFiles(formats []string) []string {
	names := []string{truthName + ".parquet", TestNumbersFile}
	for _, format := range formats {
		names = append(names, SourceName+"."+format, registerName+"."+format)
	}
	return names
}

// removeGenerated removes what is there of the files of WriteFolder, that which
// tells whose they are last. One that cannot be removed cannot be written either,
// and is told then.
func removeGenerated(folder string, formats []string) {
	for _, name := range append(dataFiles(formats), ConfigurationFile) {
		_ = disk.Remove(filepath.Join(folder, name))
	}
}

// checkReplaceable refuses a folder with a configuration that is not as it is
// generated, or with data of whatever format and no generated configuration. What
// was begun and not ended, as by a power cut, counts as generated.
func (d *Dataset) checkReplaceable(folder string) error {
	found, err := disk.ReadFile(filepath.Join(folder, ConfigurationFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot see what configuration is there: %w", err)
	}
	if !slices.ContainsFunc(Formats(), func(format string) bool { return strings.HasPrefix(d.Configuration(format), string(found)) }) {
		return fmt.Errorf("cannot generate into %s: it has a configuration of its own, which would be lost", folder)
	}
	if len(found) >= len(generatedHeader) {
		return nil
	}
	for _, name := range dataFiles(Formats()) {
		_, err := disk.Lstat(filepath.Join(folder, name))
		if err == nil {
			return fmt.Errorf("cannot generate into %s: it has a file %s that was not generated there, which would be lost", folder, name)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot see what data are there: %w", err)
		}
	}
	return nil
}

// table takes rows, and writes them to its file in one format.
type table[Row any] interface {
	add(*Row) error
	close() error
}

// checkEvery is how many rows are written between looks at the context.
const checkEvery = 1024

// writeTables writes the same rows in several formats, and says how many.
func writeTables[Row any](ctx context.Context, folder, name string, formats []string, columns []column[Row], each func(func(*Row) error) error) (rows int64, err error) {
	var tables []table[Row]
	for _, format := range formats {
		file, err := disk.CreateNew(filepath.Join(folder, name+"."+format), 0o600)
		if err != nil {
			return 0, fmt.Errorf("cannot write: %w", err)
		}
		defer file.Close()
		if format == "csv" {
			tables = append(tables, newCSVTable(file, columns))
		} else {
			tables = append(tables, newParquetTable(file, name, columns))
		}
	}
	err = each(func(r *Row) error {
		if rows++; rows%checkEvery == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, t := range tables {
			if err := t.add(r); err != nil {
				return err
			}
		}
		return nil
	})
	for _, t := range tables {
		if err == nil {
			err = t.close()
		}
	}
	if err != nil {
		return 0, fmt.Errorf("cannot write %s: %w", name, err)
	}
	return rows, nil
}
