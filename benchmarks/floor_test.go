// Package benchmarks measures the whole job, and what it cannot go below. The
// benchmarks of parts stand with the parts: identity, register, readers, rules,
// report.
package benchmarks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// floorParquet reads columns of a Parquet file page by page with the library
// that the readers use, has it decode them, and drops them. It returns the rows
// that it saw.
func floorParquet(path string, columns []string) (rows int64, err error) {
	handle, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, handle.Close()) }()
	stat, err := handle.Stat()
	if err != nil {
		return 0, err
	}
	file, err := parquet.OpenFile(handle, stat.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return 0, err
	}
	for _, group := range file.RowGroups() {
		for i, name := range columns {
			leaf, ok := file.Schema().Lookup(name)
			if !ok {
				return 0, fmt.Errorf("%s has no column %s", path, name)
			}
			count, err := floorPages(group.ColumnChunks()[leaf.ColumnIndex].Pages())
			if err != nil {
				return 0, err
			}
			if i == 0 {
				rows += count
			}
		}
	}
	return rows, nil
}

func floorPages(pages parquet.Pages) (rows int64, err error) {
	defer func() { err = errors.Join(err, pages.Close()) }()
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return 0, err
		}
		rows += page.NumRows()
		data := page.Data()
		floorSink += uint64(data.Size())
		parquet.Release(page)
	}
}

// floorSink keeps the compiler from leaving out what the floor is about.
var floorSink uint64

// floorCSV reads a CSV file that has no quotes by the megabyte and finds where
// each field of each line ends. It returns the lines that it saw.
func floorCSV(path string) (lines int64, err error) {
	handle, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, handle.Close()) }()
	buffer := make([]byte, 1<<20)
	filled := 0
	for {
		n, err := handle.Read(buffer[filled:])
		filled += n
		block := buffer[:filled]
		for {
			end := bytes.IndexByte(block, '\n')
			if end < 0 {
				break
			}
			line := block[:end]
			for {
				comma := bytes.IndexByte(line, ',')
				floorSink += uint64(comma)
				if comma < 0 {
					break
				}
				line = line[comma+1:]
			}
			lines++
			block = block[end+1:]
		}
		filled = copy(buffer, block)
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return 0, err
		}
	}
}
