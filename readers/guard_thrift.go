package readers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A Parquet file describes itself in Thrift's compact protocol. The Parquet
// library decodes it without limits: a list that says that it has two thousand
// million entries is made before the first is looked for, and structures in
// structures are followed until the stack ends, which no recover catches. So
// all of it is read here first, and the library is shown what was written anew.
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

// thriftKind is the type of a field or of the elements of a list.
type thriftKind uint8

const (
	thriftStop   thriftKind = 0
	thriftTrue   thriftKind = 1
	thriftFalse  thriftKind = 2
	thriftI8     thriftKind = 3
	thriftI16    thriftKind = 4
	thriftI32    thriftKind = 5
	thriftI64    thriftKind = 6
	thriftDouble thriftKind = 7
	thriftBinary thriftKind = 8
	thriftList   thriftKind = 9
	thriftSet    thriftKind = 10
	thriftMap    thriftKind = 11
	thriftStruct thriftKind = 12
	thriftUUID   thriftKind = 13
)

// limitThriftDepth bounds structures and lists in each other. Parquet's own have
// eight.
const limitThriftDepth = 32

var (
	errThriftEnds  = errors.New("it ends early")
	errThriftDepth = fmt.Errorf("it has more than %d structures in each other", limitThriftDepth)
	errThriftValue = errors.New("an integer is out of range")
)

// thriftReader reads the compact protocol from bytes. It allocates nothing. Its
// first error stays, and all that is read after it is zero.
type thriftReader struct {
	data  []byte
	at    int
	depth int
	err   error
}

func (r *thriftReader) fail(err error) {
	if r.err == nil {
		r.err = err
		r.at = len(r.data)
	}
}

func (r *thriftReader) byte() byte {
	if r.at >= len(r.data) {
		r.fail(errThriftEnds)
		return 0
	}
	b := r.data[r.at]
	r.at++
	return b
}

func (r *thriftReader) unsigned() uint64 {
	value, n := binary.Uvarint(r.data[r.at:])
	switch {
	case n == 0:
		r.fail(errThriftEnds)
		return 0
	case n < 0:
		r.fail(errThriftValue)
		return 0
	}
	r.at += n
	return value
}

func (r *thriftReader) int64() int64 {
	value := r.unsigned()
	return int64(value>>1) ^ -int64(value&1)
}

func (r *thriftReader) int32() int32 {
	value := r.int64()
	if value < math.MinInt32 || value > math.MaxInt32 {
		r.fail(errThriftValue)
		return 0
	}
	return int32(value)
}

// bytes is a view of the data.
func (r *thriftReader) bytes() []byte { return r.take(r.unsigned()) }

func (r *thriftReader) take(count uint64) []byte {
	if count > uint64(len(r.data)-r.at) {
		r.fail(errThriftEnds)
		return nil
	}
	taken := r.data[r.at:][:count]
	r.at += int(count)
	return taken
}

// list begins a list. It has no more elements than bytes are left: each takes
// one at least.
func (r *thriftReader) list() (kind thriftKind, count int) {
	head := r.byte()
	length := uint64(head >> 4)
	if length == 15 {
		length = r.unsigned()
	}
	if length > uint64(len(r.data)-r.at) {
		r.fail(errThriftEnds)
		return 0, 0
	}
	return thriftKind(head & 15), int(length)
}

// fields reads a structure: read is called with each field and reads its value,
// or reports that it did not, which is then skipped.
func (r *thriftReader) fields(read func(id int16, kind thriftKind) bool) {
	if r.depth++; r.depth > limitThriftDepth {
		r.fail(errThriftDepth)
	}
	id := int16(0)
	for r.err == nil {
		head := r.byte()
		kind := thriftKind(head & 15)
		if kind == thriftStop {
			break
		}
		if step := int16(head >> 4); step != 0 {
			id += step
		} else {
			id = int16(r.int64())
		}
		if !read(id, kind) {
			r.skip(kind)
		}
	}
	r.depth--
}

func skipField(int16, thriftKind) bool { return false }

// skip passes over the value of a field.
func (r *thriftReader) skip(kind thriftKind) {
	switch kind {
	case thriftTrue, thriftFalse: // the kind is the value
	case thriftI8:
		r.byte()
	case thriftI16, thriftI32, thriftI64:
		r.unsigned()
	case thriftDouble:
		r.take(8)
	case thriftUUID:
		r.take(16)
	case thriftBinary:
		r.bytes()
	case thriftList, thriftSet:
		kind, count := r.list()
		r.skipElements(count, kind)
	case thriftMap:
		count := r.unsigned()
		if count == 0 {
			return
		}
		kinds := r.byte()
		if count > uint64(len(r.data)-r.at) {
			r.fail(errThriftEnds)
			return
		}
		r.skipElements(int(count), thriftKind(kinds>>4), thriftKind(kinds&15))
	case thriftStruct:
		r.fields(skipField)
	default:
		r.fail(fmt.Errorf("it has a value of the unknown type %d", kind))
	}
}

// skipElements passes over the elements of a list, or the pairs of a map.
func (r *thriftReader) skipElements(count int, kinds ...thriftKind) {
	if r.depth++; r.depth > limitThriftDepth {
		r.fail(errThriftDepth)
	}
	for range count {
		for _, kind := range kinds {
			if kind == thriftTrue || kind == thriftFalse {
				r.byte() // an element is no field: its value has a byte
			} else {
				r.skip(kind)
			}
		}
		if r.err != nil {
			break
		}
	}
	r.depth--
}
