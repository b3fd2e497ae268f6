package pipeline_test

import (
	"testing"

	"github.com/avstam/avstam/column"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/pipeline"
	"github.com/stretchr/testify/assert"
)

// Texts are told where they stand; only numeric columns are written out, and
// never over the memory of the batch.
func TestGivenAndRecordIDWhereTheyStand(t *testing.T) {
	texts := column.Text{Data: []byte("ab12"), Start: []uint32{0, 2}, End: []uint32{2, 4}}
	for _, c := range []struct {
		why      string
		batch    pipeline.Batch
		given    string
		recordID string
	}{
		{"texts", pipeline.Batch{Given: texts, HasRecordID: true, RecordID: texts}, "12", "12"},
		{"integers", pipeline.Batch{Integers: []int64{7, 8}, Text: make([]identity.Text, 2), HasRecordID: true, RecordIntegers: []int64{-3, -4}}, "8", "-4"},
		{"no such column", pipeline.Batch{Given: texts}, "12", ""},
		{"a row without", pipeline.Batch{Given: texts, HasRecordID: true, RecordID: texts, RecordMissing: []bool{false, true}}, "12", ""},
	} {
		scratch := []byte("scratch")
		given, scratch := c.batch.GivenOf(1, scratch)
		assert.Equal(t, c.given, string(given), c.why)
		assert.Equal(t, string(c.batch.AppendGiven(nil, 1)), string(given), c.why)
		recordID, _ := c.batch.RecordIDOf(1, append([]byte(nil), scratch...))
		assert.Equal(t, c.recordID, string(recordID), c.why)
		assert.Equal(t, string(c.batch.AppendRecordID(nil, 1)), string(recordID), c.why)
		assert.Equal(t, "ab12", string(texts.Data), c.why)
	}
}
