package register

import "encoding/binary"

// integers32 and integers64 are slices of integers as they stand in a file:
// little-endian bytes. A snapshot is read into them and written from them as it
// is, and reading one of them is one instruction.
type (
	integers32 []byte
	integers64 []byte
)

func (x integers32) len() int                     { return len(x) / 4 }
func (x integers32) at(i int) uint32              { return binary.LittleEndian.Uint32(x[4*i:]) }
func (x integers32) set(i int, value uint32)      { binary.LittleEndian.PutUint32(x[4*i:], value) }
func (x integers32) with(value uint32) integers32 { return binary.LittleEndian.AppendUint32(x, value) }

func (x integers64) len() int                     { return len(x) / 8 }
func (x integers64) at(i int) uint64              { return binary.LittleEndian.Uint64(x[8*i:]) }
func (x integers64) set(i int, value uint64)      { binary.LittleEndian.PutUint64(x[8*i:], value) }
func (x integers64) with(value uint64) integers64 { return binary.LittleEndian.AppendUint64(x, value) }
