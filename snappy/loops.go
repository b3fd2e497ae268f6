package snappy

import (
	"encoding/binary"
	"unsafe"
)

// The kinds of elements, in the lowest two bits of their first byte.
const (
	literal = iota
	copy1   // with one more byte of the offset
	copy2
	copy4
	longLiteral = 60 // from here on the length stands in the bytes that follow
)

// The loops read and write without bounds checks, which would double their time.
// What makes that safe: an element takes at most mostIn bytes and makes at most
// mostOut, and they do only as many as fit whatever they are, less one, so that
// all that is read and written, some bytes beyond an element too, lies inside; and
// a copy begins at offset bytes back, which are there, and are at least as many
// as it copies. So no pointer is ever made to what lies outside either.
const (
	mostIn  = 1 + 64
	mostOut = 64
	chunk   = 16
)

// An element's first byte says, in one word: its length from bit 0, the part of its
// offset that stands in it, whether it is a literal, and a mask of the bytes that
// follow which are the rest of the offset. The offset of a literal is its length,
// which the loops take for granted. What they do not do has a length above all
// offsets that it could have, none. Sizes in the block have a table of their own:
// they are what the next element waits for.
const (
	offsetShift  = 16
	offsetBits   = 1<<11 - 1
	literalShift = 27
	maskShift    = 32
)

var elements, sizes = func() (table [256]uint64, sizes [256]uint8) {
	for i := range table {
		tag := uint64(i)
		length, size, offset, isLiteral, mask := tag>>2+1, uint64(0), uint64(0), uint64(0), uint64(0)
		switch tag & 3 {
		case literal:
			size, offset, isLiteral = 1+length, length, 1
		case copy1:
			length, size, offset, mask = tag>>2&7+4, 2, tag>>5<<8, 0xff
		case copy2:
			size, mask = 3, 0xffff
		case copy4:
			size, mask = 5, 0xffff_ffff
		}
		if tag&3 == literal && length > longLiteral {
			length, offset = 255, 0
		}
		sizes[i] = uint8(size)
		table[i] = length | offset<<offsetShift | isLiteral<<literalShift | mask<<maskShift
	}
	return table, sizes
}()

// fits is how many elements the loops may do.
func (l *lane) fits() int {
	return min((len(l.in)-int(l.ip))/mostIn, (len(l.out)-int(l.op))/mostOut) - 1
}

// both decompresses elements of two lanes in turn, up to one that the lane has to
// step over: it says whether that is one of a. What is done for each stands here
// twice, and in run once more, since the compiler would make it a call for each
// element. Where an element's bytes are is not decided by a branch, which would be
// guessed wrong every third time: both places are noted, and one is taken.
func both(a, b *lane) (isA bool) {
	aIn, aOut := unsafe.Pointer(unsafe.SliceData(a.in)), unsafe.Pointer(unsafe.SliceData(a.out))
	bIn, bOut := unsafe.Pointer(unsafe.SliceData(b.in)), unsafe.Pointer(unsafe.SliceData(b.out))
	for {
		aFits, bFits := a.fits(), b.fits()
		if isA = aFits <= 0; isA || bFits <= 0 {
			return isA
		}
		ai, ao, bi, bo := unsafe.Add(aIn, a.ip), unsafe.Add(aOut, a.op), unsafe.Add(bIn, b.ip), unsafe.Add(bOut, b.op)
		fits := min(aFits, bFits)
		for ; fits > 0; fits-- {
			{
				tag := *(*byte)(ai)
				element := elements[tag]
				length := uint(uint8(element))
				offset := uint(element>>offsetShift&offsetBits) + uint(word(ai)&uint32(element>>maskShift))
				if offset < length || offset > past(aOut, ao) {
					isA = true
					break
				}
				from := [2]unsafe.Pointer{unsafe.Add(ao, -int(offset)), unsafe.Add(ai, 1)}[element>>literalShift&1]
				copyChunk(ao, from)
				if length > chunk {
					copyMore(ao, from)
				}
				ai = unsafe.Add(ai, sizes[tag])
				ao = unsafe.Add(ao, length)
			}
			{
				tag := *(*byte)(bi)
				element := elements[tag]
				length := uint(uint8(element))
				offset := uint(element>>offsetShift&offsetBits) + uint(word(bi)&uint32(element>>maskShift))
				if offset < length || offset > past(bOut, bo) {
					break
				}
				from := [2]unsafe.Pointer{unsafe.Add(bo, -int(offset)), unsafe.Add(bi, 1)}[element>>literalShift&1]
				copyChunk(bo, from)
				if length > chunk {
					copyMore(bo, from)
				}
				bi = unsafe.Add(bi, sizes[tag])
				bo = unsafe.Add(bo, length)
			}
		}
		a.ip, a.op, b.ip, b.op = past(aIn, ai), past(aOut, ao), past(bIn, bi), past(bOut, bo)
		if fits > 0 {
			return isA
		}
	}
}

// past is how far a pointer is behind a start.
func past(start, at unsafe.Pointer) uint { return uint(uintptr(at) - uintptr(start)) }

// run decompresses elements up to one that step has to do.
func (l *lane) run() {
	in, out := unsafe.Pointer(unsafe.SliceData(l.in)), unsafe.Pointer(unsafe.SliceData(l.out))
	for fits := l.fits(); fits > 0; fits = l.fits() {
		ip, op := unsafe.Add(in, l.ip), unsafe.Add(out, l.op)
		for ; fits > 0; fits-- {
			tag := *(*byte)(ip)
			element := elements[tag]
			length := uint(uint8(element))
			offset := uint(element>>offsetShift&offsetBits) + uint(word(ip)&uint32(element>>maskShift))
			if offset < length || offset > past(out, op) {
				break
			}
			from := [2]unsafe.Pointer{unsafe.Add(op, -int(offset)), unsafe.Add(ip, 1)}[element>>literalShift&1]
			copyChunk(op, from)
			if length > chunk {
				copyMore(op, from)
			}
			ip = unsafe.Add(ip, sizes[tag])
			op = unsafe.Add(op, length)
		}
		l.ip, l.op = past(in, ip), past(out, op)
		if fits > 0 {
			return
		}
	}
}

// word is the four bytes behind an element's first.
func word(element unsafe.Pointer) uint32 {
	return binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(element, 1))[:])
}

// copyChunk copies bytes, up to chunk of which an element has.
func copyChunk(to, from unsafe.Pointer) {
	*(*[chunk]byte)(to) = *(*[chunk]byte)(from)
}

// copyMore copies the bytes behind a chunk that an element may have.
func copyMore(to, from unsafe.Pointer) {
	copyChunk(unsafe.Add(to, chunk), unsafe.Add(from, chunk))
	copyChunk(unsafe.Add(to, 2*chunk), unsafe.Add(from, 2*chunk))
	copyChunk(unsafe.Add(to, 3*chunk), unsafe.Add(from, 3*chunk))
}
