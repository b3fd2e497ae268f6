package arrowipc

import (
	"encoding/binary"
	"iter"
)

// flatbuffer is metadata as Arrow writes them: tables and vectors that point at
// each other by offsets. Whatever the bytes are, nothing outside them is read:
// what does not lie inside is 0 or empty, and damaged is set.
// https://flatbuffers.dev/internals/
type flatbuffer struct {
	data    []byte
	damaged bool
}

func (f *flatbuffer) has(at, size int) bool {
	if at >= 0 && at <= len(f.data)-size {
		return true
	}
	f.damaged = true
	return false
}

func (f *flatbuffer) uint16(at int) int {
	if !f.has(at, 2) {
		return 0
	}
	return int(binary.LittleEndian.Uint16(f.data[at:]))
}

func (f *flatbuffer) int32(at int) int {
	if !f.has(at, 4) {
		return 0
	}
	return int(int32(binary.LittleEndian.Uint32(f.data[at:])))
}

func (f *flatbuffer) int64(at int) int64 {
	if !f.has(at, 8) {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(f.data[at:]))
}

// target is where the offset that stands at a place points.
func (f *flatbuffer) target(at int) int {
	if !f.has(at, 4) {
		return -1
	}
	return at + int(binary.LittleEndian.Uint32(f.data[at:]))
}

// root is the table that the whole is about.
func (f *flatbuffer) root() table { return f.tableAt(f.target(0)) }

// table is a table of a flatbuffer. Its fields go by their place in the schema
// of the format; one that is not there has its default.
type table struct {
	f                *flatbuffer
	at, vtable, size int
}

func (f *flatbuffer) tableAt(at int) table {
	vtable := at - f.int32(at)
	return table{f: f, at: at, vtable: vtable, size: f.uint16(vtable)}
}

// place is where a field stands, and 0 where it is not there.
func (t table) place(field int) int {
	entry := 4 + 2*field
	if t.f == nil || entry+2 > t.size {
		return 0
	}
	offset := t.f.uint16(t.vtable + entry)
	if offset == 0 {
		return 0
	}
	return t.at + offset
}

func (t table) byte(field int) int {
	at := t.place(field)
	if at == 0 || !t.f.has(at, 1) {
		return 0
	}
	return int(t.f.data[at])
}

func (t table) bool(field int) bool { return t.byte(field) != 0 }

func (t table) short(field, otherwise int) int {
	if at := t.place(field); at != 0 {
		return int(int16(t.f.uint16(at)))
	}
	return otherwise
}

func (t table) int(field, otherwise int) int {
	if at := t.place(field); at != 0 {
		return t.f.int32(at)
	}
	return otherwise
}

func (t table) long(field int) int64 {
	if at := t.place(field); at != 0 {
		return t.f.int64(at)
	}
	return 0
}

// table is a table that a field points at; all its fields have their defaults
// where there is none.
func (t table) table(field int) (_ table, ok bool) {
	at := t.place(field)
	if at == 0 {
		return table{}, false
	}
	return t.f.tableAt(t.f.target(at)), true
}

// vector is the first element of a vector of a field, and how many there are:
// none where they do not lie inside the bytes.
func (t table) vector(field, elementBytes int) (start, count int) {
	at := t.place(field)
	if at == 0 {
		return 0, 0
	}
	start = t.f.target(at)
	if !t.f.has(start, 4) {
		return 0, 0
	}
	count = int(binary.LittleEndian.Uint32(t.f.data[start:]))
	start += 4
	if !t.f.has(start, count*elementBytes) {
		return 0, 0
	}
	return start, count
}

// bytes are those of a text, which other fields may share.
func (t table) bytes(field int) []byte {
	start, count := t.vector(field, 1)
	if count == 0 {
		return nil
	}
	return t.f.data[start : start+count]
}

// tables are the tables of a vector of a field, which may be one and the same. There
// are no more after one that does not lie inside the bytes.
func (t table) tables(field int) iter.Seq[table] {
	return func(yield func(table) bool) {
		start, count := t.vector(field, 4)
		for i := range count {
			if t.f.damaged || !yield(t.f.tableAt(t.f.target(start+4*i))) {
				return
			}
		}
	}
}
