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

// WriteFolder writes records.*, register.* in each of the formats, the findings
// that they must give as truth.parquet, and a configuration with its test
// numbers. The configuration runs the first of the formats, and the findings
// name its file. Files are 0600, a new folder 0750; what an earlier call wrote
// is written over, but no other configuration. After an error nothing that was
// begun is left.
func (d *Dataset) WriteFolder(ctx context.Context, folder string, formats []string) (Summary, error) {
	var summary Summary
	if len(formats) == 0 {
		return summary, errors.New("cannot generate without a format")
	}
	for _, format := range formats {
		if !slices.Contains(Formats(), format) {
			return summary, fmt.Errorf("cannot generate format %q: it is none of %s", format, strings.Join(Formats(), ", "))
		}
	}
	configuration := filepath.Join(folder, ConfigurationFile)
	if err := checkReplaceable(configuration); err != nil {
		return summary, err
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return summary, fmt.Errorf("cannot make the folder: %w", err)
	}

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
	err := group.Wait()
	if err == nil {
		err = errors.Join(
			os.WriteFile(filepath.Join(folder, TestNumbersFile), []byte(d.TestNumbers()), 0o600),
			os.WriteFile(configuration, []byte(d.Configuration(formats[0])), 0o600))
	}
	if err != nil {
		for _, name := range append(namesOf(formats), TestNumbersFile, ConfigurationFile) {
			_ = os.Remove(filepath.Join(folder, name)) // the first error is the one to tell
		}
		return Summary{}, err
	}
	return summary, nil
}

// namesOf are the files of rows.
func namesOf(formats []string) []string {
	names := []string{truthName + ".parquet"}
	for _, format := range formats {
		names = append(names, SourceName+"."+format, registerName+"."+format)
	}
	return names
}

// checkReplaceable refuses a configuration that was not generated.
func checkReplaceable(path string) error {
	found, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot see what configuration is there: %w", err)
	case !strings.HasPrefix(string(found), generatedHeader):
		return fmt.Errorf("cannot generate into %s: it has a configuration of its own, which would be lost", filepath.Dir(path))
	}
	return nil
}

// table is a file that takes rows.
type table[Row any] struct {
	path   string
	file   *os.File
	format interface {
		add(*Row) error
		close() error
	}
}

// checkEvery is how many rows are written between looks at the context.
const checkEvery = 1024

// writeTables writes the same rows in several formats, and says how many.
func writeTables[Row any](ctx context.Context, folder, name string, formats []string, columns []column[Row], each func(func(*Row) error) error) (rows int64, err error) {
	var tables []table[Row]
	defer func() {
		for _, t := range tables {
			err = errors.Join(err, t.file.Close())
		}
	}()
	for _, format := range formats {
		t := table[Row]{path: filepath.Join(folder, name+"."+format)}
		if t.file, err = os.OpenFile(t.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return 0, fmt.Errorf("cannot write: %w", err)
		}
		tables = append(tables, t)
		if format == "csv" {
			tables[len(tables)-1].format = newCSVTable(t.file, columns)
		} else {
			tables[len(tables)-1].format = newParquetTable(t.file, name, columns)
		}
	}
	err = each(func(r *Row) error {
		if rows++; rows%checkEvery == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, t := range tables {
			if err := t.format.add(r); err != nil {
				return fmt.Errorf("cannot write %s: %w", t.path, err)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, t := range tables {
		if err := t.format.close(); err != nil {
			return 0, fmt.Errorf("cannot write %s: %w", t.path, err)
		}
	}
	return rows, nil
}
