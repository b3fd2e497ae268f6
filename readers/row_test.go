package readers

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/pipeline"
)

// A row that is asked for is the one that a run finds there, in every format,
// however many blocks, row groups and record batches stand before it.
func TestReadRowFindsTheRow(t *testing.T) {
	const rows = 30_000 // several blocks of text, and batches
	folder := t.TempDir()
	var text strings.Builder
	text.WriteString("identity_number,payment_date,amount,record_id,agency,payment_type\r\n")
	type line struct {
		IdentityNumber string `parquet:"identity_number"`
		PaymentDate    string `parquet:"payment_date"`
		Amount         int64  `parquet:"amount"`
		RecordID       string `parquet:"record_id"`
		Agency         string `parquet:"agency"`
	}
	var table bytes.Buffer
	writer := parquet.NewGenericWriter[line](&table, parquet.MaxRowsPerRowGroup(7_000))
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "identity_number", Type: arrow.BinaryTypes.String}, {Name: "payment_date", Type: arrow.BinaryTypes.String},
		{Name: "amount", Type: arrow.PrimitiveTypes.Int64}, {Name: "record_id", Type: arrow.BinaryTypes.String}, {Name: "agency", Type: arrow.BinaryTypes.String},
	}, nil)
	var stream bytes.Buffer
	batches := ipc.NewWriter(&stream, ipc.WithSchema(schema))
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i := range rows {
		id, note := fmt.Sprintf("R%d", i+1), "x"
		if i%1000 == 7 {
			note = "\"a \"\"quoted\"\" note\nof two lines\"" // makes its block one with quotes
		}
		fmt.Fprintf(&text, "640823-3234,2025-11-20,%d,%s,%s,%s\r\n", i, id, note, strings.Repeat("y", 50))
		_, err := writer.Write([]line{{"640823-3234", "2025-11-20", int64(i), id, note}})
		require.NoError(t, err)
		builder.Field(0).(*array.StringBuilder).Append("640823-3234")
		builder.Field(1).(*array.StringBuilder).Append("2025-11-20")
		builder.Field(2).(*array.Int64Builder).Append(int64(i))
		builder.Field(3).(*array.StringBuilder).Append(id)
		builder.Field(4).(*array.StringBuilder).Append(note)
		if (i+1)%9_000 == 0 || i+1 == rows {
			require.NoError(t, batches.Write(builder.NewRecordBatch()))
		}
	}
	require.NoError(t, writer.Close())
	require.NoError(t, batches.Close())
	var packed bytes.Buffer
	compressor := gzip.NewWriter(&packed)
	_, err := compressor.Write([]byte(text.String()))
	require.NoError(t, err)
	require.NoError(t, compressor.Close())

	for name, contents := range map[string][]byte{
		"a.csv": []byte(text.String()), "a.csv.gz": packed.Bytes(), "a.parquet": table.Bytes(), "a.arrows": stream.Bytes(),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, name)
			require.NoError(t, os.WriteFile(path, contents, 0o600))
			source := Source{Name: "a", Files: []string{path}}
			for _, row := range []int64{1, 2, 4096, 4097, 6999, 7000, 7001, 9000, 9001, 14_009, rows} {
				found := 0
				err := ReadRow(t.Context(), source, row, pipeline.NewDictionaries(), func(b *pipeline.Batch, place int32) error {
					found++
					assert.Equal(t, fmt.Sprintf("R%d", row), string(b.AppendRecordID(nil, int(place))))
					assert.Equal(t, (row-1)*100, b.Amount[place])
					return nil
				})
				require.NoError(t, err)
				assert.Equal(t, 1, found)
			}
			err := ReadRow(t.Context(), source, rows+1, pipeline.NewDictionaries(), nil)
			assert.ErrorIs(t, err, ErrNoRow)
			assert.ErrorContains(t, err, path)
		})
	}
}

func TestReadRowRefusesWhatIsReadOnce(t *testing.T) {
	err := ReadRow(t.Context(), Source{Name: "a", Files: []string{StandardInput}}, 1, pipeline.NewDictionaries(), nil)
	assert.EqualError(t, err, "cannot read standard input: it can be read only once")
}
