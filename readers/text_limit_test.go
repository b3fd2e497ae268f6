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
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/pipeline"
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

// A text that is no number, key or word is a value up to some length, blanks around it
// among it, and beyond it one that cannot be read, in every format.
func TestLongValues(t *testing.T) {
	const rows, at = 4600, 4550
	values := []struct {
		column, text, usual string
		ofRegister          bool
		reject, longReject  string // of the register a longer one is unreadable
	}{
		{"payment_date", "2025-11-01", "2025-11-02", false, "", "payment_date bad_date"},
		{"period_end", "", "2025-11-02", false, "", "period_end bad_date"},
		{"amount", "12.50", "1.00", false, "", "amount bad_amount"},
		{"amount", "", "1.00", false, "amount missing_amount", "amount bad_amount"},
		{"status_from", "0000-00-00", "2025-11-02", true, "", ""},
		{"known_from", "", "2025-11-02", true, "", ""},
		{"deceased_on", "2019-05-00", "2025-11-02", true, "", ""},
		{"protected", "ja", "nej", true, "", ""},
	}
	for _, file := range textFiles() {
		for _, v := range values {
			for _, length := range []int{limitValue, limitValue + 1} {
				why := fmt.Sprintf("%s, %s %q in %d bytes", file.format, v.column, v.text, length)
				padded := v.text + strings.Repeat(" ", length-len(v.text))
				path := file.write(t, v.column, rows, func(row int) string {
					if row == at {
						return padded
					}
					return v.usual
				})
				source := Source{Name: "values", Files: []string{path}}
				isLong := length > limitValue
				if v.ofRegister {
					source.Columns = map[string]string{"number": v.column, "status": v.column}
					_, unreadable, _ := readExtract(t, source)
					if isLong {
						require.Equal(t, []register.Unreadable{{Row: at + 1, Column: v.column}}, unreadable, why)
					} else {
						require.Empty(t, unreadable, why)
					}
					continue
				}
				source.Constants = map[string]string{"identity_number": "196408233234", "payment_date": "2025-11-01", "amount": "1"}
				delete(source.Constants, v.column)
				got, read := "", 0
				err := eachBatch(source, func(b *pipeline.Batch) error {
					for _, reject := range b.Rejects {
						got += reject.Column + " " + reject.Reason.String()
					}
					read += b.Rows
					return nil
				})
				require.NoError(t, err, why)
				require.Equal(t, rows, read, why)
				want := v.reject
				if isLong {
					want = v.longReject
				}
				require.Equal(t, want, got, why)
			}
		}
	}
}

// Rows may share one long text of a dictionary, which takes next to nothing of the
// file: what is done with it is done once, or is little.
func TestOneLongTextOfManyRows(t *testing.T) {
	const length = 16<<20 - 1000
	rows := sized(100_000, 5_000)
	digits, blanks := strings.Repeat("9", length), strings.Repeat(" ", length)
	decimals := func(m *format.FileMetaData) {
		m.Schema[1].ConvertedType, m.Schema[1].Scale, m.Schema[1].Precision = thrift.New(deprecated.Decimal), thrift.New[int32](2), thrift.New[int32](38)
	}
	for _, c := range []struct {
		why, column, text string
		change            func(*format.FileMetaData) // of text where it is nil
		reject, wrong     string
	}{
		{"digits", "amount", digits, nil, "bad_amount", ""},
		{"blanks", "amount", blanks, nil, "bad_amount", ""},
		{"a decimal", "amount", digits, decimals, "bad_amount", ""},
		{"a decimal of zeros", "amount", strings.Repeat("\x00", length), decimals, "bad_amount", ""},
		{"digits", "payment_date", digits, nil, "bad_date", ""},
		{"digits", "period_start", digits, nil, "bad_date", ""},
		{"no UTF-8", "agency", digits + "\xff", nil, "encoding", ""},
		{"no UTF-8 of 64 KiB", "record_id", digits[:limitText-1] + "\xff", nil, "encoding", ""},
		{"a number in blanks", "currency", "640823-3234" + blanks[:limitWord-11], nil, "identity_number", ""},
		{"digits and blanks", "payment_type", strings.Repeat("1 ", length/2), nil, "", "a word of 16776216 bytes; at most 4096 are taken"},
		{"digits", "identity_number", digits, nil, "", "a text of 16776216 bytes; at most 65536 are taken"},
	} {
		why := c.why + " in " + c.column
		files := map[string]string{"Parquet": writeFile(t, "made.parquet", oneTextFile(t, rows, c.text, c.change))}
		if c.change == nil {
			files["Arrow"] = oneTextArrow(t, rows, c.text)
		}
		for kind, path := range files {
			why := why + ", " + kind
			source := Source{Name: "made", Files: []string{path}, Columns: map[string]string{c.column: "identity_number"}}
			source.Constants = map[string]string{"identity_number": "640823-3234", "payment_date": "2025-11-01", "amount": "1"}
			delete(source.Constants, c.column)
			rejected := 0
			err := requireCheap(t, why, func() error {
				rejected = 0
				return eachBatch(source, func(b *pipeline.Batch) error {
					for _, reject := range b.Rejects {
						if reject.Column != c.column || reject.Reason.String() != c.reject || len(reject.Raw) > limitRaw {
							return fmt.Errorf("a reject for %s of %s with %d bytes", reject.Reason, reject.Column, len(reject.Raw))
						}
					}
					rejected += len(b.Rejects)
					return nil
				})
			})
			if c.wrong != "" {
				assert.ErrorContains(t, err, c.wrong, why)
			} else if assert.NoError(t, err, why) {
				assert.Equal(t, rows, rejected, why)
			}
			var seen *Inspection
			err = requireCheap(t, why+", inspected", func() (err error) {
				seen, err = Inspect(context.Background(), path)
				return err
			})
			require.NoError(t, err, why)
			profile := seen.Columns[0]
			assert.EqualValues(t, min(rows, inspectedRows), profile.Values+profile.Empty, why)
			assert.LessOrEqual(t, profile.Different, int64(1), why)
		}
	}
}

// oneTextFile is a Parquet file of one column, identity_number, all rows of which
// have the one entry of its dictionary.
func oneTextFile(t *testing.T, rows int, text string, change func(*format.FileMetaData)) []byte {
	t.Helper()
	codec, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	packed := func(content []byte) []byte { return codec.EncodeAll(content, nil) }
	entry, indexes := plainTexts(text), append([]byte{1}, run(uint64(rows), 0)...)
	m := madeFile{rows: rows, codec: format.Zstd, change: change, pages: []madePage{
		dictionaryPage(1, packed(entry)).becoming(len(entry)),
		dataPage(rows, format.RLEDictionary, packed(indexes)).becoming(len(indexes)),
	}}
	return m.bytes()
}

// oneTextArrow is the same of Arrow.
func oneTextArrow(t *testing.T, rows int, text string) string {
	entries := array.NewStringBuilder(memory.DefaultAllocator)
	entries.Append(text)
	indexes := array.NewInt8Builder(memory.DefaultAllocator)
	indexes.AppendEmptyValues(rows)
	of := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	column := array.NewDictionaryArray(of, indexes.NewArray(), entries.NewArray())
	schema := arrow.NewSchema([]arrow.Field{{Name: "identity_number", Type: of}}, nil)
	return writeIPC(t, true, []arrow.RecordBatch{array.NewRecordBatch(schema, []arrow.Array{column}, int64(rows))}, ipc.WithZstd())
}
