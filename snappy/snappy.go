// Package snappy decompresses blocks of Snappy, two at a time.
//
// A block is a row of elements: some bytes as they are, or a copy of bytes that
// came before. Where the next element begins is known when this one has been
// read, so that a processor mostly waits; and what kind it is it guesses, often
// wrong where numbers were compressed. Two blocks that do not wait for each
// other, without a branch on the kind, take half the time.
//
// https://github.com/google/snappy/blob/main/format_description.txt
package snappy

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Block is a block and the room for what it becomes, which the caller owns. They
// may not overlap.
type Block struct {
	Source  []byte
	Content []byte
	Err     error // set by Decode: nil, ErrLength or ErrDamaged
}

var (
	// ErrLength says that a block does not become as many bytes as there is room for.
	ErrLength = errors.New("it has not as many bytes as its header says")
	// ErrDamaged says that a block is none.
	ErrDamaged = errors.New("its elements cannot be decompressed")
)

// Decode decompresses blocks: each fills its Content, or has an Err. It puts them
// into another order, and allocates nothing.
func Decode(blocks []*Block) {
	// The longest come first, so that there are two as long as possible.
	slices.SortFunc(blocks, func(x, y *Block) int { return len(y.Source) - len(x.Source) })
	var a, b lane
	begun := a.begin(&blocks) && b.begin(&blocks)
	for begun {
		stopped := &b
		if both(&a, &b) {
			stopped = &a
		}
		if !stopped.step() && !stopped.begin(&blocks) {
			if stopped == &a {
				a = b
			}
			break
		}
	}
	if a.block == nil {
		return
	}
	for a.run(); a.step(); a.run() {
	}
}

// lane is a block that is being decompressed.
type lane struct {
	block   *Block // nil where there is none
	in, out []byte
	ip, op  uint // what has been read of in, and written of out
}

// begin begins the first of blocks that can be, and takes it away with those
// before it. It returns false where there is none.
func (l *lane) begin(blocks *[]*Block) bool {
	for len(*blocks) > 0 {
		block := (*blocks)[0]
		*blocks = (*blocks)[1:]
		length, n := binary.Uvarint(block.Source)
		switch {
		case n <= 0:
			block.Err = ErrDamaged
		case length != uint64(len(block.Content)):
			block.Err = ErrLength
		default:
			*l = lane{block: block, in: block.Source[n:], out: block.Content}
			return true
		}
	}
	l.block = nil
	return false
}

// step decompresses one element, whatever it is. It returns false at the end of
// the block, and sets its Err.
func (l *lane) step() bool {
	l.block.Err = nil
	in, out := l.in[l.ip:], l.out[l.op:]
	if len(in) == 0 {
		if len(out) > 0 {
			l.block.Err = ErrDamaged
		}
		return false
	}
	tag := in[0]
	in = in[1:]
	length := uint(tag>>2) + 1
	more := uint(tag & 3) // bytes of the offset, or of the length
	switch {
	case tag&3 == literal && tag>>2 >= longLiteral:
		more = uint(tag>>2) - longLiteral + 1
	case tag&3 == copy4:
		more = 4
	}
	if uint(len(in)) < more {
		l.block.Err = ErrDamaged
		return false
	}
	var number uint
	for i, b := range in[:more] {
		number |= uint(b) << (8 * i)
	}
	in = in[more:]
	if tag&3 == literal {
		if more > 0 {
			length = number + 1
		}
		if length > uint(len(in)) || length > uint(len(out)) {
			l.block.Err = ErrDamaged
			return false
		}
		copy(out[:length], in)
		in = in[length:]
	} else {
		offset := number
		if tag&3 == copy1 {
			length = uint(tag>>2&7) + 4
			offset |= uint(tag>>5) << 8
		}
		if offset == 0 || offset > l.op || length > uint(len(out)) {
			l.block.Err = ErrDamaged
			return false
		}
		// A copy may begin with bytes that it makes itself: they repeat.
		from := l.out[l.op-offset:]
		for done := uint(0); done < length; {
			done += uint(copy(out[done:length], from[:offset+done]))
		}
	}
	l.ip = uint(len(l.in) - len(in))
	l.op += length
	return true
}
