package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/avstam/avstam/readers"
)

// Thousands of files that are written alike do not bury what else is in the log; one that
// is written in another way is told of.
func TestOpenedFilesAreFolded(t *testing.T) {
	lines := func(files []*readers.File) []string {
		var log bytes.Buffer
		p := &program{logger: slog.New(slog.NewTextHandler(&log, nil))}
		p.tellFiles("fk", files)
		return strings.Split(strings.TrimSpace(log.String()), "\n")
	}
	var files []*readers.File
	for i := range 3000 {
		files = append(files, &readers.File{Path: fmt.Sprintf("%04d.csv", i), CSV: readers.CSV{Delimiter: ';'}})
	}
	files[2500].CSV.Delimiter = ','
	told := lines(files)
	assert.Len(t, told, toldFiles+2)
	assert.Contains(t, told[toldFiles-1], "msg=opened source=fk file=0019.csv format=csv delimiter=;")
	assert.Contains(t, told[toldFiles], "msg=opened source=fk file=2500.csv format=csv delimiter=,")
	assert.Contains(t, told[toldFiles+1], `msg="opened more, each written like one of those" source=fk files=2979`)
	assert.Len(t, lines(files[:toldFiles]), toldFiles)
}
