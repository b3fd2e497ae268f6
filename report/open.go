package report

import (
	"errors"

	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/avstam/avstam/disk"
)

// openParquet opens a table with the library that reads back what another has
// written.
func openParquet(path string, options ...file.ReadOption) (*file.Reader, error) {
	source, err := disk.Open(path)
	if err != nil {
		return nil, err
	}
	reader, err := file.NewParquetReader(source, options...)
	if err != nil {
		return nil, errors.Join(err, source.Close())
	}
	return reader, nil
}
