package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// dataset is a folder with what gen.sql makes up: register.parquet,
// records.parquet and records.csv, and what follows from these.
type dataset struct {
	Folder           string
	Records, Entries int64
	// Build is how long the snapshot took to build.
	Build time.Duration
}

func (d dataset) file(name string) string { return filepath.Join(d.Folder, name) }

// environment makes the Python environment of requirements.txt where it is not
// there, and returns its interpreter.
func environment(ctx context.Context, folder string) (python string, err error) {
	wanted, err := os.ReadFile(filepath.Join(folder, "requirements.txt"))
	if err != nil {
		return "", err
	}
	place := filepath.Join(folder, ".venv")
	python = filepath.Join(place, "bin", "python")
	installed := filepath.Join(place, "installed.txt")
	if has, err := os.ReadFile(installed); err == nil && bytes.Equal(has, wanted) {
		return python, nil
	}
	log.Print("installing DuckDB and Polars")
	if _, err := output(exec.CommandContext(ctx, "python3", "-m", "venv", place)); err != nil {
		return "", err
	}
	install := exec.CommandContext(ctx, python, "-m", "pip", "install", "--quiet", "--requirement", filepath.Join(folder, "requirements.txt"))
	if _, err := output(install); err != nil {
		return "", err
	}
	return python, os.WriteFile(installed, wanted, 0o644)
}

// prepare makes what of the data is not there, and reads all of it once, so that
// nobody is the first to read it from the disk.
func (r *race) prepare(ctx context.Context) (dataset, error) {
	records, err := positive("AVSTAM_PEERS_RECORDS", 20_000_000)
	if err != nil {
		return dataset{}, err
	}
	d := dataset{Folder: os.Getenv("AVSTAM_PEERS_DATA")}
	if d.Folder == "" {
		d.Folder = filepath.Join(r.folder, ".data", strconv.Itoa(records))
	}
	if d.Folder, err = filepath.Abs(d.Folder); err != nil {
		return d, err
	}
	if err := os.MkdirAll(d.Folder, 0o755); err != nil {
		return d, err
	}
	persons := records * 3 / 5
	if err := d.make(ctx, r, "records.csv", "records and register", "gen.sql", "seed=0.42", fmt.Sprintf("coord=%d", persons/10),
		fmt.Sprintf("persons=%d", persons), fmt.Sprintf("records=%d", records), "dirty=0.03"); err != nil {
		return d, err
	}
	if err := d.make(ctx, r, "register.csv", "the register in CSV", "export.sql", "register="+d.file("register.parquet")); err != nil {
		return d, err
	}
	for count, file := range map[*int64]string{&d.Records: "records.parquet", &d.Entries: "register.parquet"} {
		text, err := r.query(ctx, "count.sql", "file="+d.file(file))
		if err != nil {
			return d, err
		}
		if *count, err = strconv.ParseInt(text, 10, 64); err != nil {
			return d, err
		}
	}
	for _, file := range []string{"records.parquet", "records.csv", "register.parquet", "register.csv"} {
		if err := readOnce(d.file(file)); err != nil {
			return d, err
		}
	}
	// The snapshot is made anew by the program that races: its format is the program's own.
	log.Print("building the snapshot")
	used, err := measure(exec.CommandContext(ctx, r.avstam, "register", "build", "--quiet", "--in", d.file("register.parquet"), "--extract-date", extractDay, "--out", r.snapshot()))
	d.Build = used.Wall
	return d, err
}

// make runs an SQL file that writes into the folder ${dir}, unless the last of the
// files that it writes is there. A file is there whole or not at all.
func (d dataset) make(ctx context.Context, r *race, last, what, sql string, settings ...string) (err error) {
	if _, err := os.Stat(d.file(last)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	log.Printf("making %s", what)
	draft, err := os.MkdirTemp(d.Folder, "draft-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(draft)) }()
	if _, err := r.query(ctx, sql, append(settings, "dir="+draft)...); err != nil {
		return err
	}
	written, err := os.ReadDir(draft)
	if err != nil {
		return err
	}
	for _, file := range written {
		if file.Name() == last {
			continue
		}
		if err := os.Rename(filepath.Join(draft, file.Name()), d.file(file.Name())); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(draft, last), d.file(last))
}

func (r *race) snapshot() string { return filepath.Join(r.work, "register.avr") }

// query runs one of the SQL files in DuckDB and returns what its last statement gives.
func (r *race) query(ctx context.Context, file string, settings ...string) (string, error) {
	arguments := append([]string{filepath.Join(r.folder, "run_sql.py"), filepath.Join(r.folder, file)}, settings...)
	return output(exec.CommandContext(ctx, r.python, arguments...))
}

func readOnce(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, file)
	return errors.Join(err, file.Close())
}
