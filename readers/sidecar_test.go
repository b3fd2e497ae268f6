package readers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// digestOf is the SHA-256 of a file in hexadecimal.
func digestOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// readWhole reads a file of records to its end, without a digest being asked for.
func readWhole(path string) (*File, error) {
	options := *newOptions()
	records, err := OpenRecords(context.Background(), []Source{{Name: "source", Files: []string{path}}}, options)
	if err != nil {
		return nil, err
	}
	defer records.Close()
	var batch pipeline.Batch
	err = records.Cut(context.Background(), func(piece pipeline.Piece) error {
		defer piece.Close()
		for {
			if more, err := piece.Next(&batch); err != nil || !more {
				return err
			}
		}
	})
	return records.Files()[0], err
}

func TestSidecars(t *testing.T) {
	records := plainRecords(100, 41)
	withSums := writeParquet(t, len(records), 40, recordColumnsOf(records, true, asIs))
	withoutSums := writeArrow(t, records, false)
	text := filepath.Join(t.TempDir(), "records.csv")
	require.NoError(t, os.WriteFile(text, []byte("identity_number,payment_date,amount\n640823-3234,2025-11-01,1.00\n"), 0o600))
	for _, c := range []struct{ path, without string }{
		{withSums, "page_crc"}, // parquet-go writes checksums
		{withoutSums, ""},
		{text, ""},
	} {
		sidecar := c.path + ".sha256"
		digest := digestOf(t, c.path)
		file, err := readWhole(c.path)
		require.NoError(t, err)
		assert.Equal(t, c.without, file.Verified())
		assert.False(t, file.HasSHA256)
		for _, form := range []string{
			digest, digest + "\n", digest + "  records.parquet\n", digest + " *another name\n", strings.ToUpper(digest) + "  x\r\n",
		} {
			require.NoError(t, os.WriteFile(sidecar, []byte(form), 0o600))
			file, err := readWhole(c.path)
			require.NoError(t, err, form)
			assert.Equal(t, "sha256", file.Verified())
			assert.Equal(t, digest, hex.EncodeToString(file.SHA256[:]), "it is taken though it was not asked for")
		}
		for _, form := range []struct{ text, why string }{
			{"", "nothing"},
			{digest[:63], "a digit is missing"},
			{digest + "0", "a digit too many"},
			{digest + " name", "one blank"},
			{digest + "  ", "blanks without a name"},
			{strings.Repeat("x", 64), "no digits"},
			{digest + "  a\n" + digest + "  b\n", "two files"},
			{"SHA256 (records.parquet) = " + digest, "as BSD writes it"},
			{digest + "  " + strings.Repeat("x", limitSidecar), "no line of sha256sum is so long"},
		} {
			require.NoError(t, os.WriteFile(sidecar, []byte(form.text), 0o600))
			_, err := readWhole(c.path)
			assert.ErrorContains(t, err, "cannot read "+sidecar+": it is not one line as sha256sum writes it", form.why)
		}
		require.NoError(t, os.WriteFile(sidecar, []byte(strings.Repeat("0", 64)), 0o600))
		_, err = readWhole(c.path)
		assert.EqualError(t, err, "cannot read "+c.path+": its SHA-256 is not the one in "+sidecar+": one of the two is damaged, or of another day")
	}
}

// An extract is checked as records are.
func TestSidecarOfAnExtract(t *testing.T) {
	entries := plainEntries(50, 5)
	path := writeParquet(t, len(entries), 20, entryColumns(entries, false))
	read := func() ([]*File, error) {
		return ReadExtract(context.Background(), Source{Files: []string{path}}, Options{Workers: 2}, func(*register.Extract) error { return nil })
	}
	files, err := read()
	require.NoError(t, err)
	assert.Equal(t, "page_crc", files[0].Verified())
	require.NoError(t, os.WriteFile(path+".sha256", []byte(digestOf(t, path)), 0o600))
	files, err = read()
	require.NoError(t, err)
	assert.Equal(t, "sha256", files[0].Verified())
	require.NoError(t, os.WriteFile(path+".sha256", []byte(strings.Repeat("0", 64)), 0o600))
	_, err = read()
	assert.ErrorContains(t, err, "cannot read "+path+": its SHA-256 is not the one in "+path+".sha256")
}

// One page without a checksum is enough for a file not to be verified by them.
func TestPagesWithoutChecksums(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made.parquet")
	texts := plainTexts("1", "2")
	for _, c := range []struct {
		pages []madePage
		want  string
	}{
		{[]madePage{dataPage(2, 0, texts).summed(), dataPage(2, 0, texts).summed()}, "page_crc"},
		{[]madePage{dataPage(2, 0, texts).summed(), dataPage(2, 0, texts)}, ""},
		{[]madePage{dataPage(2, 0, texts), dataPage(2, 0, texts)}, ""},
	} {
		require.NoError(t, os.WriteFile(path, (&madeFile{rows: 4, pages: c.pages}).bytes(), 0o600))
		_, file, err := readRecords(path, constantSource(), newOptions())
		require.NoError(t, err)
		assert.Equal(t, c.want, file.Verified())
	}
}

// The sidecars of a folder or of a glob are no files of records.
func TestSidecarsAreNotRead(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a.csv", "a.csv.sha256", "b.parquet", "b.parquet.sha256"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	want := []string{filepath.Join(folder, "a.csv"), filepath.Join(folder, "b.parquet")}
	for _, pattern := range []string{folder, filepath.Join(folder, "*")} {
		paths, err := Expand(t.Context(), []string{pattern})
		require.NoError(t, err)
		assert.Equal(t, want, paths)
	}
}

// The library's own reading would check the checksums too; that of the guard is
// the one that counts, since the library sees none.
func TestChecksumsOfWriters(t *testing.T) {
	records := plainRecords(50, 42)
	for _, version := range []int{1, 2} {
		path := writeParquet(t, len(records), 50, recordColumnsOf(records, true, asIs), parquet.DataPageVersion(version), parquet.Compression(&parquet.Snappy))
		m := newMutant(t, path, &Source{}, false)
		require.NotEmpty(t, m.summed)
		for _, content := range m.summed {
			if content[0] == content[1] {
				continue
			}
			m.data[content[1]-1] ^= 1
			require.NoError(t, os.WriteFile(path, m.data, 0o600))
			_, _, err := readRecords(path, &Source{}, newOptions())
			assert.ErrorContains(t, err, "a page's checksum does not hold")
			m.data[content[1]-1] ^= 1
		}
	}
}
