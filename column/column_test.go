package column_test

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/avstam/avstam/column"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTextFollowsItsIndex(t *testing.T) {
	text := column.Text{Data: []byte("onetwothree"), Start: []uint32{0, 3, 6}, End: []uint32{3, 6, 11}}
	assert.Equal(t, "two", string(text.At(1)))
	text.Index = []int32{2, -1, 0}
	assert.Equal(t, "three", string(text.At(0)))
	assert.Nil(t, text.At(1), "a row without a value")
	assert.Equal(t, "one", string(text.At(2)))
}

// A text keeps its number whoever asks for it, and the empty text is 0.
func TestDictionaryIsOneForAllWorkers(t *testing.T) {
	dictionary := column.NewDictionary("agency")
	var group sync.WaitGroup
	numbers := make([][100]uint16, 8)
	for worker := range numbers {
		group.Go(func() {
			for i := range 100 {
				number, err := dictionary.ID(fmt.Append(nil, "agency ", i))
				assert.NoError(t, err)
				numbers[worker][i] = number
			}
		})
	}
	group.Wait()
	for worker := range numbers {
		assert.Equal(t, numbers[0], numbers[worker])
	}
	values := dictionary.Values()
	require.Len(t, values, 101)
	assert.Equal(t, "", values[0])
	for i, number := range numbers[0] {
		assert.Equal(t, fmt.Sprint("agency ", i), values[number])
	}
	empty, err := dictionary.ID(nil)
	require.NoError(t, err)
	assert.Zero(t, empty)
}

// A column of more different texts than a category has is an error, and the
// numbers that were given stay good.
func TestDictionaryIsLimited(t *testing.T) {
	dictionary := column.NewDictionary("payment_type")
	for i := 1; i < column.LimitDictionary; i++ {
		_, err := dictionary.ID(fmt.Append(nil, i))
		require.NoError(t, err)
	}
	_, err := dictionary.ID([]byte("one too many"))
	assert.EqualError(t, err, "column payment_type has more than 65536 different values")
	number, err := dictionary.ID([]byte("65535"))
	require.NoError(t, err)
	assert.EqualValues(t, 65535, number)
}

// So is a column whose different texts are as long as no category's are.
func TestDictionaryIsLimitedInBytes(t *testing.T) {
	dictionary := column.NewDictionary("agency")
	long := bytes.Repeat([]byte{'x'}, 4096)
	for i := range column.LimitDictionaryBytes / len(long) {
		_, err := dictionary.ID(strconv.AppendInt(long[:len(long)-5], int64(10_000+i), 10))
		require.NoError(t, err)
	}
	for range 2 {
		_, err := dictionary.ID([]byte("y"))
		assert.EqualError(t, err, "column agency has different values of more than 4194304 bytes together")
	}
	number, err := dictionary.ID(strconv.AppendInt(long[:len(long)-5], 10_000, 10))
	require.NoError(t, err)
	assert.EqualValues(t, 1, number)
}
