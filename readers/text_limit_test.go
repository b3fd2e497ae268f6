package readers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/register"
)

// textFile is a file of one column of text; an empty text is null.
type textFile struct {
	format string
	write  func(t *testing.T, column string, rows int, text func(row int) string) (path string)
	where  string // it says that a row from 4500 on is, but for the row
}

func textFiles() []textFile {
	const group = 4500 // rows of a row group or a record batch
	ofParquet := func(node parquet.Node) func(*testing.T, string, int, func(int) string) string {
		return func(t *testing.T, column string, rows int, text func(int) string) string {
			return writeParquet(t, rows, group, []testColumn{{column, parquet.Optional(node), func(row int) parquet.Value { return textOrNull(true, text(row)) }}})
		}
	}
	ofArrow := func(of arrow.DataType) func(*testing.T, string, int, func(int) string) string {
		return func(t *testing.T, column string, rows int, text func(int) string) string {
			builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: column, Type: of, Nullable: true}}, nil))
			for row := range rows {
				if text(row) == "" {
					builder.Field(0).AppendNull()
				} else {
					require.NoError(t, builder.Field(0).AppendValueFromString(text(row)))
				}
			}
			all := builder.NewRecordBatch()
			return writeIPC(t, true, []arrow.RecordBatch{all.NewSlice(0, group), all.NewSlice(group, int64(rows))})
		}
	}
	ofCSV := func(quote string) func(*testing.T, string, int, func(int) string) string {
		return func(t *testing.T, column string, rows int, text func(int) string) string {
			content := bytes.NewBufferString(column + ",b\n")
			for row := range rows {
				fmt.Fprint(content, quote, text(row), quote, ",x\n")
			}
			return writeFile(t, "texts.csv", content.Bytes())
		}
	}
	const inParquet, inArrow, inCSV = "row group 1, column COLUMN: row ROW of the file", "record batch 1, column COLUMN: row ROW of the file", "line LINE: column COLUMN"
	return []textFile{
		{"parquet", ofParquet(parquet.String()), inParquet},
		{"parquet with a dictionary", ofParquet(parquet.Encoded(parquet.String(), &parquet.RLEDictionary)), inParquet},
		{"arrow", ofArrow(arrow.BinaryTypes.String), inArrow},
		{"arrow views", ofArrow(arrow.BinaryTypes.StringView), inArrow},
		{"arrow with a dictionary", ofArrow(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.BinaryTypes.String}), inArrow},
		{"csv", ofCSV(""), inCSV},
		{"csv in quotes", ofCSV(`"`), inCSV},
	}
}

// readTexts reads a file of one column as records, of which the other columns have
// constants, or as a register extract, of which they are the same column.
func readTexts(path, column string) (rows int, err error) {
	source := Source{Name: "texts", Files: []string{path}}
	if column == "identity_number" || column == "record_id" {
		source.Constants = map[string]string{"identity_number": "196408233234", "payment_date": "2025-11-01", "amount": "1"}
		delete(source.Constants, column)
		records, _, err := readAny(source, newOptions())
		return len(records), err
	}
	source.Columns = map[string]string{"number": column, "status": column}
	_, err = ReadExtract(context.Background(), source, *newOptions(), func(x *register.Extract) error {
		rows += max(len(x.Number), len(x.Linked))
		return nil
	})
	return rows, err
}

// One long text among six thousand is refused, in every format and in each column
// of numbers and keys, and the longest that is taken is read.
func TestLongTexts(t *testing.T) {
	const rows, at = 6000, 5000
	for _, file := range textFiles() {
		for _, column := range []string{"identity_number", "record_id", "number", "linked_number"} {
			t.Run(file.format+"/"+column, func(t *testing.T) {
				for _, c := range []struct {
					why    string
					length int
					isRead bool
				}{{"as long as may be", limitText, true}, {"a byte longer", limitText + 1, false}} {
					long := strings.Repeat("x", c.length)
					path := file.write(t, column, rows, func(row int) string {
						switch {
						case row == at:
							return long
						case row%7 == 0:
							return ""
						}
						return "196408233234"
					})
					read, err := readTexts(path, column)
					if c.isRead {
						require.NoError(t, err, c.why)
						assert.Equal(t, rows, read, c.why)
						continue
					}
					where := strings.NewReplacer("COLUMN", column, "ROW", fmt.Sprint(at+1), "LINE", fmt.Sprint(at+2)).Replace(file.where)
					assert.EqualError(t, err, "cannot read "+path+": "+where+": a text of 65537 bytes; at most 65536 are taken", c.why)
				}
			})
		}
	}
}

func TestLongTextsThatAreNone(t *testing.T) {
	long := strings.Repeat("x", limitText+1)
	indexes := func(index byte) madePage {
		return dataPage(10, format.RLEDictionary, append([]byte{1}, run(10, index)...))
	}
	for _, c := range []struct {
		why, name string
		content   []byte
		want      string
	}{
		{"doubled quotes count once", "records.csv", []byte("identity_number\n\"" + strings.Repeat(`""`, limitText) + "\"\n"), ""},
		{"a byte more in doubled quotes", "records.csv", []byte("identity_number\n\"" + strings.Repeat(`""`, limitText+1) + "\"\n"), "line 2: column identity_number: a text of 65537 bytes"},
		{"a long row", "records.csv", []byte("identity_number,remark\n1," + long + "\n"), ""},
		{"an entry of a dictionary that no row has", "records.parquet", (&madeFile{rows: 10, pages: []madePage{dictionaryPage(2, plainTexts("1", long)), indexes(0)}}).bytes(), ""},
		{"one that rows have", "records.parquet", (&madeFile{rows: 10, pages: []madePage{dictionaryPage(2, plainTexts("1", long)), indexes(1)}}).bytes(), "row 1 of the file: a text of 65537 bytes"},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		require.NoError(t, os.WriteFile(path, c.content, 0o600))
		_, err := readTexts(path, "identity_number")
		if c.want == "" {
			assert.NoError(t, err, c.why)
		} else {
			assert.ErrorContains(t, err, c.want, c.why)
		}
	}

	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "identity_number", Type: &arrow.FixedSizeBinaryType{ByteWidth: limitText + 1}}}, nil))
	builder.Field(0).(*array.FixedSizeBinaryBuilder).Append([]byte(long))
	_, err := readTexts(writeIPC(t, false, []arrow.RecordBatch{builder.NewRecordBatch()}), "identity_number")
	assert.ErrorContains(t, err, "row 1 of the file: a text of 65537 bytes; at most 65536 are taken", "texts of one width")
}
