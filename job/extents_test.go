package job

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/report"
)

// rewritten is a file of records in another format, in several pieces. An amount
// that cannot be read becomes 0.
func rewritten(t *testing.T, format string, text []byte) []byte {
	const pieceRows = 5000
	type row struct {
		Number string  `parquet:"identity_number"`
		Day    string  `parquet:"payment_date"`
		Amount float64 `parquet:"amount"`
	}
	var rows []row
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	for _, fields := range lines[1:] {
		amount, _ := strconv.ParseFloat(fields[2], 64)
		rows = append(rows, row{fields[0], fields[1], amount})
	}
	var contents bytes.Buffer
	switch format {
	case "csv":
		return text
	case "csv.gz":
		writer := gzip.NewWriter(&contents)
		_, err := writer.Write(text)
		require.NoError(t, err)
		require.NoError(t, writer.Close())
	case "parquet":
		require.NoError(t, parquet.Write(&contents, rows, parquet.MaxRowsPerRowGroup(pieceRows)))
	case "arrow":
		schema := arrow.NewSchema([]arrow.Field{
			{Name: "identity_number", Type: arrow.BinaryTypes.String}, {Name: "payment_date", Type: arrow.BinaryTypes.String},
			{Name: "amount", Type: arrow.PrimitiveTypes.Float64},
		}, nil)
		writer := ipc.NewWriter(&contents, ipc.WithSchema(schema))
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for i, r := range rows {
			builder.Field(0).(*array.StringBuilder).Append(r.Number)
			builder.Field(1).(*array.StringBuilder).Append(r.Day)
			builder.Field(2).(*array.Float64Builder).Append(r.Amount)
			if (i+1)%pieceRows == 0 || i+1 == len(rows) {
				batch := builder.NewRecordBatch()
				require.NoError(t, writer.Write(batch))
				batch.Release()
			}
		}
		require.NoError(t, writer.Close())
	}
	return contents.Bytes()
}

// A piece that no worker gets is counted by nobody, and neither are the rows of
// one that ends before its time: the ledger would balance.
func TestALostPieceIsFound(t *testing.T) {
	for _, format := range []string{"csv", "csv.gz", "parquet", "arrow"} {
		for _, c := range []struct {
			why  string
			leak leak
			says string // "" where nothing is lost
		}{
			{"nothing", leak{}, ""},
			{"the first piece", leak{skip: func(pieces int) bool { return pieces == 1 }}, "were read"},
			{"the last piece", leak{skip: func(pieces int) bool { return pieces == 3 }}, "were read"},
			{"the end of pieces", leak{next: func(batches int, _ *pipeline.Batch, next func() (bool, error)) (bool, error) {
				if batches > 1 {
					return false, nil
				}
				return next()
			}}, "were read"},
		} {
			t.Run(format+", "+c.why, func(t *testing.T) {
				settings := leakyNight(t)
				path := settings.Sources[0].Files[0]
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, rewritten(t, format, text), 0o600))
				// Whether they hold or not, what is lost is told first.
				settings.Expect[0] = Expect{HasRows: true, Rows: 14_000}
				result, err := runThrough(t, settings, &c.leak)
				if c.says == "" {
					require.NoError(t, err)
					assert.EqualValues(t, 14_000, result.Summary.Records.Read.Rows)
					return
				}
				require.Equal(t, ExitLedger, ExitStatus(err), "%v", err)
				assert.ErrorIs(t, err, report.ErrUnbalanced)
				assert.ErrorContains(t, err, c.says)
				requireNothingPublished(t, settings.Output.Folder)
			})
		}
	}
}
