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
// as it copies.
const (
	mostIn  = 1 + 64
	mostOut = 64
	chunk   = 16
)

// element is what the first byte of an element says, in one word: its length
// from bit 0, the part of its offset from bit 16, and from bit 32 a mask of the
// bytes that follow which are the rest of the offset. The offset of a literal is
// its length, which the loops take for granted. What they do not do has a length
// above all offsets that it could have, none.
var elements, sizes = func() (table [256]uint64, sizes [256]uint8) {
	for i := range table {
		tag := uint64(i)
		length, offset, mask := tag>>2+1, uint64(0), uint64(0)
		switch tag & 3 {
		case literal:
			offset = length
			sizes[i] = uint8(1 + length)
		case copy1:
			length, offset, mask = tag>>2&7+4, tag>>5<<8, 0xff
			sizes[i] = 2
		case copy2:
			mask = 0xffff
			sizes[i] = 3
		case copy4:
			mask = 0xffff_ffff
			sizes[i] = 5
		}
		if tag&3 == literal && length > longLiteral {
			length, offset, mask = 255, 0, 0
		}
		table[i] = length | offset<<16 | mask<<32
	}
	return table, sizes
}()

// fits is how many elements the loops may do.
func (l *lane) fits() int {
	return min((len(l.in)-int(l.ip))/mostIn, (len(l.out)-int(l.op))/mostOut) - 1
}

// both decompresses elements of two lanes in turn, up to one that the lane has to
// step over: it says whether that is one of a. What is done for each stands here
// twice, since the compiler would make it a call for each element.
func both(a, b *lane) (isA bool) {
	aIn, aOut := unsafe.Pointer(unsafe.SliceData(a.in)), unsafe.Pointer(unsafe.SliceData(a.out))
	bIn, bOut := unsafe.Pointer(unsafe.SliceData(b.in)), unsafe.Pointer(unsafe.SliceData(b.out))
	// Where an element's bytes are, by its kind.
	aFrom := [4]unsafe.Pointer{aIn, aOut, aOut, aOut}
	bFrom := [4]unsafe.Pointer{bIn, bOut, bOut, bOut}
	ai, ao, bi, bo := a.ip, a.op, b.ip, b.op
turns:
	for {
		aFits, bFits := a.fits(), b.fits()
		if isA = aFits <= 0; isA || bFits <= 0 {
			break
		}
		for range min(aFits, bFits) {
			{
				tag := *(*byte)(unsafe.Add(aIn, ai))
				element := elements[tag]
				length := uint(uint8(element))
				offset := uint(uint16(element>>16)) + uint(word(aIn, ai+1)&uint32(element>>32))
				if offset < length || offset > ao {
					isA = true
					break turns
				}
				from := either(tag, ai+1, ao-offset)
				copyChunk(aOut, ao, aFrom[tag&3], from)
				if length > chunk {
					copyMore(aOut, ao, aFrom[tag&3], from)
				}
				ai += uint(sizes[tag])
				ao += length
			}
			{
				tag := *(*byte)(unsafe.Add(bIn, bi))
				element := elements[tag]
				length := uint(uint8(element))
				offset := uint(uint16(element>>16)) + uint(word(bIn, bi+1)&uint32(element>>32))
				if offset < length || offset > bo {
					break turns
				}
				from := either(tag, bi+1, bo-offset)
				copyChunk(bOut, bo, bFrom[tag&3], from)
				if length > chunk {
					copyMore(bOut, bo, bFrom[tag&3], from)
				}
				bi += uint(sizes[tag])
				bo += length
			}
		}
		a.ip, a.op, b.ip, b.op = ai, ao, bi, bo
	}
	a.ip, a.op, b.ip, b.op = ai, ao, bi, bo
	return isA
}

// run decompresses elements up to one that step has to do. Alone a lane gains
// from guessing what kind an element is: the processor then need not wait.
func (l *lane) run() {
	in, out := unsafe.Pointer(unsafe.SliceData(l.in)), unsafe.Pointer(unsafe.SliceData(l.out))
	for fits := l.fits(); fits > 0; fits = l.fits() {
		ip, op := l.ip, l.op
		for ; fits > 0; fits-- {
			tag := *(*byte)(unsafe.Add(in, ip))
			element := elements[tag]
			length := uint(uint8(element))
			offset := uint(uint16(element>>16)) + uint(word(in, ip+1)&uint32(element>>32))
			if offset < length || offset > op {
				break
			}
			if tag&3 == literal {
				copyChunk(out, op, in, ip+1)
				if length > chunk {
					copyMore(out, op, in, ip+1)
				}
				ip += 1 + length
			} else {
				copyChunk(out, op, out, op-offset)
				if length > chunk {
					copyMore(out, op, out, op-offset)
				}
				ip += uint(sizes[tag])
			}
			op += length
		}
		l.ip, l.op = ip, op
		if fits > 0 {
			return
		}
	}
}

// either is one where the tag is that of a literal, else other.
func either(tag byte, one, other uint) uint {
	isLiteral := uint(int64(uint64(tag&3)-1) >> 63)
	return other ^ (other^one)&isLiteral
}

// word is four bytes.
func word(p unsafe.Pointer, at uint) uint32 {
	return binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(p, at))[:])
}

// copyChunk copies bytes, up to chunk of which an element has.
func copyChunk(to unsafe.Pointer, at uint, from unsafe.Pointer, start uint) {
	*(*[chunk]byte)(unsafe.Add(to, at)) = *(*[chunk]byte)(unsafe.Add(from, start))
}

// copyMore copies the bytes behind a chunk that an element may have.
func copyMore(to unsafe.Pointer, at uint, from unsafe.Pointer, start uint) {
	copyChunk(to, at+chunk, from, start+chunk)
	copyChunk(to, at+2*chunk, from, start+2*chunk)
	copyChunk(to, at+3*chunk, from, start+3*chunk)
}
