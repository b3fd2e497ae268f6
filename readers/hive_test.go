package readers

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/pipeline"
)

func TestFolderKeys(t *testing.T) {
	for _, row := range []struct {
		why, path string
		want      []FolderKey
	}{
		{"no folder is a key", "in/fk/a.csv", nil},
		{"the outermost comes first", "in/agency=csn/month=2025-10/a.csv", []FolderKey{{Key: "agency", Value: "csn"}, {Key: "month", Value: "2025-10"}}},
		{"a folder without a key may lie between them and the file", "in/agency=csn/parts/a.csv", []FolderKey{{Key: "agency", Value: "csn"}}},
		{"what lies above another folder is not about the data", "run=7/in/agency=csn/a.csv", []FolderKey{{Key: "agency", Value: "csn"}}},
		{"the file's own name is no folder", "in/agency=csn.csv", nil},
		{"Hive escapes bytes, and a plus is a plus", "payment_type=sjuk%20penning%C3%A5+1/a.csv", []FolderKey{{Key: "payment_type", Value: "sjuk penningå+1"}}},
		{"what is no escape stays, as in Hive", "payment_type=50%25 of 5%zz%/a.csv", []FolderKey{{Key: "payment_type", Value: "50% of 5%zz%"}}},
		{"keys are escaped, too", "payment%5Ftype=x/a.csv", []FolderKey{{Key: "payment_type", Value: "x"}}},
		{"a value may have an equals sign", "agency=a=b/a.csv", []FolderKey{{Key: "agency", Value: "a=b"}}},
		{"Hive's word for a missing value", "agency=__HIVE_DEFAULT_PARTITION__/a.csv", []FolderKey{{Key: "agency"}}},
		{"a folder without a key name is none", "=csn/a.csv", nil},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, folderKeys(row.path)) })
	}
}

// writeIn writes files below a new folder.
func writeIn(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return folder
}

func TestExpandEntersFoldersOfKeysOnly(t *testing.T) {
	folder := writeIn(t, map[string]string{
		"agency=csn/month=2025-10/b.csv": "", "agency=csn/month=2025-11/a.csv": "", "agency=fk/c.csv": "", "d.csv": "",
		"old/e.csv": "", "agency=csn/_temporary/f.csv": "", "_month=2025-09/g.csv": "", "agency=csn/.crc": "",
	})
	want := []string{"agency=csn/month=2025-10/b.csv", "agency=csn/month=2025-11/a.csv", "agency=fk/c.csv", "d.csv"}
	for i := range want {
		want[i] = filepath.Join(folder, want[i])
	}
	paths, err := Expand(t.Context(), []string{folder})
	require.NoError(t, err)
	assert.Equal(t, want, paths)

	// A glob that matches such folders stands for what is in them.
	paths, err = Expand(t.Context(), []string{filepath.Join(folder, "agency=*")})
	require.NoError(t, err)
	assert.Equal(t, want[:3], paths)

	require.NoError(t, os.Symlink(folder, filepath.Join(folder, "agency=loop")))
	_, err = Expand(t.Context(), []string{folder})
	assert.ErrorContains(t, err, "nest too deep", "a link to a folder above must end")
}

// firstRow reads the first row of a source's only file.
func firstRow(t *testing.T, source Source) (*pipeline.Batch, *pipeline.Dictionaries, *File, error) {
	t.Helper()
	dictionaries := pipeline.NewDictionaries()
	records, err := OpenRecords(t.Context(), []Source{source}, Options{Dictionaries: dictionaries})
	if err != nil {
		return nil, nil, nil, err
	}
	var batch pipeline.Batch
	err = records.Cut(context.Background(), func(piece pipeline.Piece) error {
		defer piece.Close()
		_, err := piece.Next(&batch)
		return err
	})
	require.NoError(t, err)
	file := records.Files()[0]
	require.NoError(t, records.Close())
	return &batch, dictionaries, file, nil
}

func TestFoldersSayWhatColumnsDoNot(t *testing.T) {
	const (
		plain      = "identity_number,amount,payment_date\n640823-3234,10.00,2025-10-25\n"
		withAgency = "identity_number,amount,payment_date,agency\n640823-3234,10.00,2025-10-25,own\n"
	)
	for _, row := range []struct {
		why, path, text     string
		columns, constants  map[string]string
		layout              string
		agency, paymentType string
		paymentDay          calendar.Day
		folders             []FolderKey
		failure             string
	}{
		{
			why: "a folder is a constant, other keys are told and left alone", path: "agency=csn/month=2025-10/a.csv", text: plain, agency: "csn",
			folders: []FolderKey{{"agency", "csn", "agency"}, {"month", "2025-10", ""}},
		},
		{why: "a column of the file goes before its folder", path: "agency=csn/a.csv", text: withAgency, agency: "own", folders: []FolderKey{{"agency", "csn", ""}}},
		{why: "and so does a configured constant", path: "agency=csn/a.csv", text: plain, constants: map[string]string{"agency": "fk"}, agency: "fk", folders: []FolderKey{{"agency", "csn", ""}}},
		{why: "a folder is a column, and goes by its mapped name", path: "myndighet=csn/a.csv", text: plain, columns: map[string]string{"agency": "myndighet"}, agency: "csn", folders: []FolderKey{{"myndighet", "csn", "agency"}}},
		{why: "a mapped column of the file goes before the folder of the same name", path: "agency=csn/a.csv", text: withAgency, columns: map[string]string{"agency": "agency"}, agency: "own", folders: []FolderKey{{"agency", "csn", ""}}},
		{why: "a missing word is an empty one, a missing currency that of a record that names none", path: "agency=__HIVE_DEFAULT_PARTITION__/currency=__HIVE_DEFAULT_PARTITION__/a.csv", text: plain,
			folders: []FolderKey{{"agency", "", "agency"}, {"currency", "", "currency"}}},
		{
			why: "a day for all rows", path: "payment_date=2025-09-25/payment_type=a%2Fb/a.csv", text: "identity_number,amount\n640823-3234,10.00\n",
			paymentType: "a/b", paymentDay: calendar.Of(2025, 9, 25), folders: []FolderKey{{"payment_date", "2025-09-25", "payment_date"}, {"payment_type", "a/b", "payment_type"}},
		},
		{
			why: "folders write days as Hive does, whatever the rows do", path: "payment_date=2025-09-25/a.csv", text: "identity_number,amount\n640823-3234,10.00\n", layout: "02/01/2006",
			paymentDay: calendar.Of(2025, 9, 25), folders: []FolderKey{{"payment_date", "2025-09-25", "payment_date"}},
		},
		{why: "a missing day cannot be that of a payment", path: "payment_date=__HIVE_DEFAULT_PARTITION__/a.csv", text: "identity_number,amount\n640823-3234,10.00\n", failure: "it has no column payment_date"},
		{why: "no day", path: "payment_date=2025-10/a.csv", text: "identity_number,amount\n640823-3234,10.00\n", failure: "its folder payment_date=… is no day"},
		{why: "which of two?", path: "agency=csn/agency=fk/a.csv", text: plain, failure: "its folder agency=… lies in another folder of the same key"},
		{why: "numbers and amounts are of a record and not of a folder", path: "amount=10.00/a.csv", text: "identity_number,payment_date\n640823-3234,2025-10-25\n", failure: "it has no column amount"},
	} {
		t.Run(row.why, func(t *testing.T) {
			folder := writeIn(t, map[string]string{row.path: row.text})
			batch, dictionaries, file, err := firstRow(t, Source{
				Name: "s", Files: []string{folder}, Columns: row.columns, Constants: row.constants, CSV: CSV{DateLayout: row.layout},
			})
			if row.failure != "" {
				assert.ErrorContains(t, err, row.failure)
				return
			}
			require.NoError(t, err)
			require.Equal(t, 1, batch.Rows)
			assert.Empty(t, batch.Rejects)
			assert.Equal(t, row.agency, dictionaries.Agency.Values()[batch.Agency[0]])
			assert.Equal(t, row.paymentType, dictionaries.PaymentType.Values()[batch.PaymentType[0]])
			assert.Equal(t, "SEK", dictionaries.Currency.Values()[batch.Currency[0]])
			if row.paymentDay == 0 {
				row.paymentDay = calendar.Of(2025, 10, 25)
			}
			assert.Equal(t, row.paymentDay, batch.PaymentDate[0])
			assert.Equal(t, row.folders, file.Folders)
		})
	}
}

func TestFoldersOfParquetFiles(t *testing.T) {
	type plain struct {
		Number string `parquet:"identity_number"`
		Day    int32  `parquet:"payment_date,date"`
		Amount int64  `parquet:"amount,decimal(2:18)"`
	}
	type withAgency struct {
		plain
		Agency string `parquet:"agency"`
	}
	row := plain{"640823-3234", 20_000, 1000}
	folder := filepath.Join(t.TempDir(), "agency=csn", "currency=EUR")
	require.NoError(t, os.MkdirAll(folder, 0o750))
	path := filepath.Join(folder, "part-0.parquet")

	require.NoError(t, parquet.WriteFile(path, []plain{row}))
	batch, dictionaries, _, err := firstRow(t, Source{Name: "s", Files: []string{path}})
	require.NoError(t, err)
	assert.Equal(t, "csn", dictionaries.Agency.Values()[batch.Agency[0]], "a path that is named whole has its folders, too")
	assert.Equal(t, "EUR", dictionaries.Currency.Values()[batch.Currency[0]])

	require.NoError(t, parquet.WriteFile(path, []withAgency{{row, "own"}}))
	batch, dictionaries, file, err := firstRow(t, Source{Name: "s", Files: []string{path}})
	require.NoError(t, err)
	assert.Equal(t, "own", dictionaries.Agency.Values()[batch.Agency[0]])
	assert.Equal(t, []FolderKey{{"agency", "csn", ""}, {"currency", "EUR", "currency"}}, file.Folders)
}

// A column of the type that has no values is as one that is not there, so the folder
// of its name is what tells.
func TestFoldersSayWhatNullColumnsDoNot(t *testing.T) {
	for _, name := range []string{"records-nested-around.parquet", "records-nested-around.arrows"} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", "interop", "pyarrow", name))
		require.NoError(t, err)
		read := func(folder, column string) (*pipeline.Batch, *pipeline.Dictionaries, *File) {
			path := filepath.Join(t.TempDir(), folder, name)
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o750))
			require.NoError(t, os.WriteFile(path, data, 0o600))
			batch, dictionaries, file, err := firstRow(t, Source{Name: "s", Files: []string{path}, Columns: map[string]string{column: "nothing"}})
			require.NoError(t, err, name)
			return batch, dictionaries, file
		}
		batch, dictionaries, file := read("nothing=csn", "agency")
		assert.Equal(t, "csn", dictionaries.Agency.Values()[batch.Agency[0]], name)
		assert.Equal(t, []FolderKey{{"nothing", "csn", "agency"}}, file.Folders, name)
		assert.Contains(t, file.Columns, "nothing", "%s: messages tell what is in the file", name)

		batch, _, file = read("nothing=2025-09-01", "period_start")
		require.NotEmpty(t, batch.PeriodStart, name)
		assert.Equal(t, calendar.Of(2025, 9, 1), batch.PeriodStart[0], name)
		assert.Equal(t, []FolderKey{{"nothing", "2025-09-01", "period_start"}}, file.Folders, name)

		path := writeFile(t, name, data)
		_, _, err = readAny(Source{Name: "s", Files: []string{path}, Columns: map[string]string{"amount": "nothing"}}, newOptions())
		assert.EqualError(t, err, "cannot read "+path+": column nothing has no values; amount is required")
	}
}
