package readers

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// filesOfEveryFormat are paths of files of records in each format.
func filesOfEveryFormat(t *testing.T) map[string]string {
	t.Helper()
	text := []byte("identity_number,payment_date,amount\n" + string(bytes.Repeat([]byte("x,2024-05-17,1.00\n"), 100_000)))
	records := plainRecords(3000, 5)
	return map[string]string{
		"csv":     writeFile(t, "records.csv", text),
		"gzip":    writeFile(t, "records.csv.gz", gzipped(text)),
		"parquet": writeParquet(t, len(records), 1000, recordColumnsOf(records, true, asIs)),
		"arrow":   writeIPC(t, false, arrowRecordBatches(t, usualArrowTypes, records, 1000)),
	}
}

// rewrite changes nothing of a file but its time, as if the same had been written.
func rewrite(t *testing.T, path string) {
	t.Helper()
	stat, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(path, time.Time{}, stat.ModTime().Add(time.Second)))
}

// A file that is written in place while it is read may be half of one night and half
// of another, though it is as long as before.
func TestAFileThatIsWrittenWhileItIsReadIsRefused(t *testing.T) {
	for name, path := range filesOfEveryFormat(t) {
		for _, digest := range []bool{false, true} {
			records, err := OpenRecords(t.Context(), []Source{{Files: []string{path}}}, Options{Dictionaries: pipeline.NewDictionaries(), Digest: digest})
			require.NoError(t, err)
			written := false
			err = records.Cut(context.Background(), func(piece pipeline.Piece) error {
				defer piece.Close()
				if !written {
					written = true
					rewrite(t, path)
				}
				var batch pipeline.Batch
				for {
					if more, err := piece.Next(&batch); err != nil || !more {
						return err
					}
				}
			})
			require.True(t, written, name)
			assert.EqualError(t, err, "cannot read "+path+": "+errChanged.Error(), "%s, digest %v", name, digest)
			require.NoError(t, records.Close())
		}
	}
}

// So is a register extract.
func TestAnExtractThatIsWrittenWhileItIsReadIsRefused(t *testing.T) {
	entries := plainEntries(2000, 1)
	text := []byte("number,status,status_from\n")
	for range 50 {
		for i := range entries {
			text = append(entries[i].number.AppendDigits(text), ",active,2020-01-01\n"...)
		}
	}
	for name, path := range map[string]string{
		"csv":     writeFile(t, "register.csv", text),
		"parquet": writeParquet(t, len(entries), 50, entryColumns(entries, false)),
	} {
		for _, digest := range []bool{false, true} {
			written := false
			_, err := ReadExtract(context.Background(), Source{Files: []string{path}}, Options{Digest: digest}, func(*register.Extract) error {
				if !written {
					written = true
					rewrite(t, path)
				}
				return nil
			})
			assert.EqualError(t, err, "cannot read "+path+": "+errChanged.Error(), "%s, digest %v", name, digest)
		}
	}
}

// Between the opening of the files of a plan and the cutting of one a whole baseline
// may be read: what a file has become in the meantime is not what was opened.
func TestAFileThatChangesBeforeItIsCutIsRefused(t *testing.T) {
	for name, path := range filesOfEveryFormat(t) {
		records, err := OpenRecords(t.Context(), []Source{{Files: []string{path}}}, Options{Dictionaries: pipeline.NewDictionaries()})
		require.NoError(t, err)
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = file.WriteString("x,2024-05-17,1.00\n")
		require.NoError(t, err)
		require.NoError(t, file.Close())
		_, _, err = records.Chunks(context.Background(), 0, 64<<20)
		assert.EqualError(t, err, "cannot read "+path+": "+errChanged.Error(), name)
		require.NoError(t, records.Close())
	}
}

// A file may grow while it is opened, too, after its format was looked at: a plan is of
// all of it, or refuses it.
func TestAFileThatGrowsWhileItIsOpenedIsPlannedWhole(t *testing.T) {
	for name, path := range filesOfEveryFormat(t) {
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		file, err := describe(path, 0)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, append(whole, whole...), 0o600))
		options := &Options{Dictionaries: pipeline.NewDictionaries(), Workers: 1}
		options.takeMemory()
		opened, err := openRecordFile(file, 0, &Source{Files: []string{path}}, options)
		if err != nil {
			continue // what follows the end of a file of columns is no such file
		}
		records := &Records{files: []*File{file}, opened: []recordFile{opened}}
		chunks, stamp, err := records.Chunks(context.Background(), 0, 64<<20)
		require.NoError(t, err, name)
		require.Len(t, chunks, 1, name)
		assert.Equal(t, stamp.Size, chunks[0].Length, name)
		assert.EqualValues(t, 2*len(whole), chunks[0].Length, name)
	}
}

// So may the file of a chunk, or be replaced, between the look whether it is the one
// that was planned and its opening.
func TestAChunkOfAFileThatChangesWhileItIsOpenedIsRefused(t *testing.T) {
	for name, path := range filesOfEveryFormat(t) {
		source := Source{Files: []string{path}}
		records, err := OpenRecords(t.Context(), []Source{source}, *newOptions())
		require.NoError(t, err)
		chunks, stamp, err := records.Chunks(context.Background(), 0, 64<<20)
		require.NoError(t, err)
		require.NoError(t, records.Close())
		isChanged := false
		end := disk.Interfere(func(operation disk.Operation, at string) *disk.Fault {
			if operation == disk.OpOpen && at == path && !isChanged {
				isChanged = true
				require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)))
			}
			return nil
		})
		_, err = OpenChunk(&source, path, stamp, chunks[0], *newOptions())
		end()
		require.True(t, isChanged, name)
		assert.ErrorIs(t, err, ErrNotPlanned, name)
	}
}

// A report names its files in UTF-8. Archives of old systems have names that are not.
func TestANameThatIsNotUTF8IsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "utbet_\xe5\xe4.csv")
	require.NoError(t, os.WriteFile(path, []byte("identity_number,payment_date,amount\nx,2024-05-17,1\n"), 0o600))
	for _, files := range []string{path, filepath.Join(filepath.Dir(path), "*.csv"), filepath.Dir(path)} {
		_, err := OpenRecords(t.Context(), []Source{{Files: []string{files}}}, Options{Dictionaries: pipeline.NewDictionaries()})
		assert.EqualError(t, err, "cannot read "+filepath.Dir(path)+`/utbet_\xe5\xe4.csv: its name is not UTF-8, and a report names its files in UTF-8; rename it`)
	}
}
