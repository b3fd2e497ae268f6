package readers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/damage"
	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/register"
)

// CSV and Arrow that was changed, in whatever way, is read or refused, within the
// memory that a piece may take; where gzip has its checksum, and where the file
// has a sidecar, it is refused. AVSTAM_MUTATIONS says how many changes are made.
func TestTextMutations(t *testing.T) {
	count := 1000
	if testing.Short() {
		count = 200
	}
	if text := os.Getenv(mutationsVariable); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	folder := t.TempDir()
	var paths []string
	corpus := filepath.Join("..", "testdata", "interop")
	require.NoError(t, filepath.WalkDir(corpus, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == "make" {
			return filepath.SkipDir
		}
		if err == nil && (strings.HasPrefix(entry.Name(), "records") || strings.HasPrefix(entry.Name(), "register")) && filepath.Ext(path) != ".parquet" {
			paths = append(paths, path)
		}
		return err
	}))
	read := func(path string, isExtract bool) (content plainContent, err error) {
		if isExtract {
			_, err = ReadExtract(t.Context(), Source{Name: "register", Files: []string{path}}, Options{Workers: 1}, func(x *register.Extract) error {
				content.entries = appendEntries(content.entries, x)
				content.unreadable = append(content.unreadable, x.Unreadable...)
				return nil
			})
			return content, err
		}
		options := newOptions()
		records, err := OpenRecords(t.Context(), []Source{{Name: "made", Files: []string{path}}}, *options)
		if err != nil {
			return content, err
		}
		defer records.Close()
		var batch pipeline.Batch
		err = records.Cut(t.Context(), func(piece pipeline.Piece) error {
			defer piece.Close()
			for {
				more, err := piece.Next(&batch)
				if err != nil || !more {
					return err
				}
				content.records = append(content.records, rowsOf(&batch, options.Dictionaries)...)
			}
		})
		return content, err
	}
	type original struct {
		name      string
		data      []byte
		want      plainContent
		isExtract bool
	}
	var files []original
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		isExtract := strings.HasPrefix(filepath.Base(path), "register")
		// Those that are read only as they are declared are left out.
		if want, err := read(path, isExtract); err == nil && len(data) < 64<<10 {
			files = append(files, original{path, data, want, isExtract})
		}
	}
	require.Greater(t, len(files), 20)
	plain, sealed := filepath.Join(folder, "plain"), filepath.Join(folder, "sealed")
	refused, same, other := 0, 0, 0
	for seed := range count {
		random := rand.New(rand.NewPCG(uint64(seed), 80))
		file := &files[seed%len(files)]
		changed := damage.Of(file.data, random)
		if bytes.Equal(changed, file.data) {
			continue
		}
		require.NoError(t, os.WriteFile(plain, changed, 0o600))
		before := allocated()
		got, err := read(plain, file.isExtract)
		require.Less(t, allocated()-before, uint64(limitPageMemory), "mutation %d of %s", seed, file.name)
		switch {
		case err != nil:
			require.ErrorContains(t, err, plain, "mutation %d of %s", seed, file.name)
			refused++
		case file.want.equals(&got):
			same++
		default:
			// A file without its first bytes is text, and not gzip.
			isChecked := bytes.HasPrefix(changed, []byte{0x1f, 0x8b})
			require.False(t, isChecked, "mutation %d of %s: gzip has a checksum", seed, file.name)
			other++
		}
		require.NoError(t, os.WriteFile(sealed, changed, 0o600))
		digest := sha256.Sum256(file.data)
		require.NoError(t, os.WriteFile(sealed+sidecarSuffix, []byte(hex.EncodeToString(digest[:])+"  sealed\n"), 0o600))
		_, err = read(sealed, file.isExtract)
		require.Error(t, err, "mutation %d of %s: it is not that of the sidecar", seed, file.name)
	}
	t.Logf("of %d mutations of %d files %d were refused, %d read as the same rows, %d as others; with a sidecar all were refused", count, len(files), refused, same, other)
}
