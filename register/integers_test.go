package register

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A processor of the other order reads and writes the same files.
func TestIntegersAsTheFileHasThem(t *testing.T) {
	order := isFileOrder
	defer func() { isFileOrder = order }()
	for _, isFileOrder = range []bool{order, false} {
		section := sectionOf([]uint64{0x0807060504030201, 0xff})
		assert.Equal(t, []byte{1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0, 0, 0, 0, 0, 0, 0}, section)
		assert.Equal(t, []uint64{0x0807060504030201, 0xff}, integersOf[uint64](section))
		assert.Equal(t, []uint32{0x04030201, 0x08070605, 0xff, 0}, integersOf[uint32](section))
		assert.Empty(t, sectionOf[uint32](nil))
		assert.Empty(t, integersOf[uint64](nil), "an empty section")
	}
}
