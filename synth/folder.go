package synth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
// findings name its file. Files are 0600, a new folder 0750; what an earlier
// call wrote is written over, but no other configuration. After an error
// nothing that was begun is left, a new folder neither.
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
	configuration := filepath.Join(folder, ConfigurationFile)
	if err := checkReplaceable(configuration); err != nil {
		return summary, err
	}
	_, err := disk.Stat(folder)
	isNew := errors.Is(err, fs.ErrNotExist)
	if err := disk.MkdirAll(folder, 0o750); err != nil {
		return summary, fmt.Errorf("cannot make the folder: %w", err)
	}
	removeGenerated(folder, formats) // an old file would keep its permissions

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
	err = group.Wait()
	if err == nil {
		err = errors.Join(
			disk.WriteFile(filepath.Join(folder, TestNumbersFile), []byte(d.TestNumbers()), 0o600),
			disk.WriteFile(configuration, []byte(d.Configuration(formats[0])), 0o600))
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

// removeGenerated removes what is there of the files of WriteFolder. One that
// cannot be removed cannot be written either, and is told then.
func removeGenerated(folder string, formats []string) {
	names := []string{truthName + ".parquet", TestNumbersFile, ConfigurationFile}
	for _, format := range formats {
		names = append(names, SourceName+"."+format, registerName+"."+format)
	}
	for _, name := range names {
		_ = disk.Remove(filepath.Join(folder, name))
	}
}

// checkReplaceable refuses a configuration that was not generated.
func checkReplaceable(path string) error {
	found, err := disk.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot see what configuration is there: %w", err)
	case !strings.HasPrefix(string(found), generatedHeader) && !strings.HasPrefix(generatedHeader, string(found)): // or as far as a full disk let it be written
		return fmt.Errorf("cannot generate into %s: it has a configuration of its own, which would be lost", filepath.Dir(path))
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
		file, err := disk.OpenFile(filepath.Join(folder, name+"."+format), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
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
