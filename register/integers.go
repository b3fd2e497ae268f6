package register

import (
	"encoding/binary"
	"unsafe"
)

// The integers of a snapshot lie in memory as they stand in its file, which has
// them with the lowest byte first, as nearly all processors do: so they are read
// and written as they are. Other processors take and give copies.
var isFileOrder = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// integersOf are the integers of a section of a file, in its memory. It comes from
// newIntegers, so that it begins where an integer may.
func integersOf[T uint32 | uint64](section []byte) []T {
	size := int(unsafe.Sizeof(T(0)))
	if isFileOrder && len(section) > 0 {
		return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(section))), len(section)/size)
	}
	values := make([]T, len(section)/size)
	_, _ = binary.Decode(section, binary.LittleEndian, values) // it has bytes for all of them
	return values
}

// sectionOf is integers as a section of a file, in their memory.
func sectionOf[T uint32 | uint64](values []T) []byte {
	size := int(unsafe.Sizeof(T(0)))
	if isFileOrder {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), size*len(values))
	}
	section, _ := binary.Append(nil, binary.LittleEndian, values) // integers always go
	return section
}

// newIntegers are zeros that look-ups go to at random.
func newIntegers[T uint32 | uint64](length, capacity int) []T {
	values := make([]T, length, capacity)
	size := int(unsafe.Sizeof(T(0)))
	askForLargePages(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), size*capacity))
	return values
}
