package snappy_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/avstam/avstam/snappy"
	library "github.com/klauspost/compress/snappy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainly is Decode once more, byte by byte as the format's description says.
func plainly(source []byte, length int) ([]byte, bool) {
	said, n := binary.Uvarint(source)
	if n <= 0 || said != uint64(length) {
		return nil, false
	}
	source = source[n:]
	number := func(size int) (value int, ok bool) {
		if len(source) < size {
			return 0, false
		}
		for i := range size {
			value |= int(source[i]) << (8 * i)
		}
		source = source[size:]
		return value, true
	}
	var made []byte
	for len(source) > 0 {
		tag := int(source[0])
		source = source[1:]
		count, offset, ok := tag>>2+1, 0, true
		switch tag & 3 {
		case 0:
			if tag>>2 >= 60 {
				count, ok = number(tag>>2 - 59)
				count++
			}
			if !ok || count > len(source) || count > length-len(made) {
				return nil, false
			}
			made = append(made, source[:count]...)
			source = source[count:]
			continue
		case 1:
			offset, ok = number(1)
			count, offset = tag>>2&7+4, tag>>5<<8|offset
		case 2:
			offset, ok = number(2)
		case 3:
			offset, ok = number(4)
		}
		if !ok || offset == 0 || offset > len(made) || count > length-len(made) {
			return nil, false
		}
		for range count {
			made = append(made, made[len(made)-offset])
		}
	}
	return made, len(made) == length
}

// guarded is room for a block, with bytes around it that must stay.
type guarded struct {
	all   []byte
	block snappy.Block
}

const guardBytes = 100

func newGuarded(source []byte, length int) *guarded {
	g := &guarded{all: bytes.Repeat([]byte{0xa5}, length+2*guardBytes)}
	g.block = snappy.Block{Source: source, Content: g.all[guardBytes : guardBytes+length], Err: assert.AnError}
	return g
}

// check compares what a block became with what it must become.
func (g *guarded) check(t *testing.T, what string) {
	t.Helper()
	want, ok := plainly(g.block.Source, len(g.block.Content))
	if ok {
		require.NoError(t, g.block.Err, what)
		require.True(t, bytes.Equal(want, g.block.Content), what)
	} else {
		require.Error(t, g.block.Err, what)
	}
	for _, around := range [][]byte{g.all[:guardBytes], g.all[len(g.all)-guardBytes:]} {
		require.Equal(t, guardBytes, bytes.Count(around, []byte{0xa5}), "%s: what stands around the room was written to", what)
	}
}

// texts are what pages are made of, and what compresses as well and as badly as can be.
func texts(random *rand.Rand, length int) map[string][]byte {
	numbers, keys, letters := []byte{}, []byte{}, []byte{}
	for len(numbers) < length || len(keys) < length {
		numbers = fmt.Appendf(numbers, "\x0c\x00\x00\x00%08d%04d", 19300101+random.IntN(900_000), random.IntN(10_000))
		keys = binary.LittleEndian.AppendUint64(keys, random.Uint64N(20_000_000))
		letters = append(letters, "payment of a pension, sick pay, housing "[random.IntN(30):]...)
	}
	noise := make([]byte, length)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	return map[string][]byte{
		"numbers": numbers[:length], "keys": keys[:length], "words": letters[:length], "noise": noise,
		"zeros": make([]byte, length), "three bytes": bytes.Repeat([]byte("abc"), length/3+1)[:length],
	}
}

// Blocks become what they were made of, alone and with others, whatever their lengths.
func TestBlocksBecomeWhatTheyWere(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var all []*guarded
	for _, length := range []int{1, 2, 15, 16, 17, 63, 64, 65, 128, 129, 130, 1000, 65_535, 65_536, 65_537, 300_000} {
		for what, text := range texts(random, length) {
			g := newGuarded(library.Encode(nil, text), length)
			snappy.Decode([]*snappy.Block{&g.block})
			g.check(t, fmt.Sprint(length, " of ", what))
			require.True(t, bytes.Equal(text, g.block.Content))
			all = append(all, g)
		}
	}
	for count := 2; count <= 5; count++ {
		for range 200 {
			var some []*guarded
			var blocks []*snappy.Block
			for range count {
				of := all[random.IntN(len(all))]
				g := newGuarded(of.block.Source, len(of.block.Content))
				some, blocks = append(some, g), append(blocks, &g.block)
			}
			snappy.Decode(blocks)
			for _, g := range some {
				g.check(t, "with others")
			}
		}
	}
}

// What is no block has an error, and nothing else is the worse for it.
func TestDamagedBlocks(t *testing.T) {
	beginning := append([]byte{200, 1, 59 << 2}, make([]byte, 60)...) // 200 bytes, of which 60 as they are
	rest := append([]byte{61 << 2, 139, 0}, make([]byte, 140)...)
	for _, c := range []struct {
		what   string
		source []byte
		length int
		want   error
	}{
		{"nothing at all", nil, 0, snappy.ErrDamaged},
		{"a length that does not end", []byte{0x80}, 10, snappy.ErrDamaged},
		{"a length of more than 64 bits", bytes.Repeat([]byte{0xff}, 11), 10, snappy.ErrDamaged},
		{"another length", []byte{4, 3 << 2, 1, 2, 3, 4}, 5, snappy.ErrLength},
		{"four gigabytes", []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}, 10, snappy.ErrLength},
		{"too few elements", beginning, 200, snappy.ErrDamaged},
		{"a literal that does not end", []byte{4, 3 << 2, 1, 2, 3}, 4, snappy.ErrDamaged},
		{"a literal of more than there is room for", []byte{2, 3 << 2, 1, 2, 3, 4}, 2, snappy.ErrDamaged},
		{"a long literal without its length", []byte{4, 63 << 2, 1, 2, 3}, 4, snappy.ErrDamaged},
		{"a long literal of four gigabytes", append(slices.Clone(beginning), 63<<2, 0xff, 0xff, 0xff, 0xff), 200, snappy.ErrDamaged},
		{"a copy without its offset", append(slices.Clone(beginning), 2, 1), 200, snappy.ErrDamaged},
		{"a copy of nothing", append(append(slices.Clone(beginning), 1, 0), rest...), 200, snappy.ErrDamaged},
		{"a copy from before the beginning", append(append(slices.Clone(beginning), 1, 61), rest...), 200, snappy.ErrDamaged},
		{"a copy from far before the beginning", append(append(slices.Clone(beginning), 3, 0, 0, 0, 0x80), rest...), 200, snappy.ErrDamaged},
		{"a copy of more than there is room for", append(append(slices.Clone(beginning), rest...), 1, 60), 200, snappy.ErrDamaged},
		{"an element more", append(append(slices.Clone(beginning), rest...), 0, 0), 200, snappy.ErrDamaged},
	} {
		sound := texts(rand.New(rand.NewPCG(3, 4)), 5000)["numbers"]
		damaged, other, third := newGuarded(c.source, c.length), newGuarded(library.Encode(nil, sound), len(sound)), newGuarded(c.source, c.length)
		snappy.Decode([]*snappy.Block{&damaged.block, &other.block, &third.block})
		for _, g := range []*guarded{damaged, other, third} {
			g.check(t, c.what)
		}
		assert.Equal(t, c.want, damaged.block.Err, c.what)
		assert.Equal(t, c.want, third.block.Err, c.what)
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	text := texts(rand.New(rand.NewPCG(5, 6)), 10_000)["numbers"]
	x, y := newGuarded(library.Encode(nil, text), len(text)), newGuarded(library.Encode(nil, text), len(text))
	blocks := []*snappy.Block{&x.block, &y.block}
	assert.Zero(t, testing.AllocsPerRun(10, func() { snappy.Decode(blocks) }))
}

// Two blocks of any bytes become what the slow twin makes of them, and nothing
// around them is written to. The first is also what the fuzzer's bytes compress to,
// since few bytes are a block.
func FuzzDecode(f *testing.F) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, length := range []int{10, 200, 3000} {
		for _, text := range texts(random, length) {
			f.Add(library.Encode(nil, text), library.Encode(nil, text[:length/2]), uint16(length/3), uint8(1))
		}
	}
	f.Fuzz(func(t *testing.T, first, second []byte, at uint16, change uint8) {
		damaged := library.Encode(nil, first)
		damaged[int(at)%len(damaged)] ^= change
		var some []*guarded
		var blocks []*snappy.Block
		for _, source := range [][]byte{first, second, damaged} {
			length, _ := binary.Uvarint(source)
			g := newGuarded(source, int(min(length, 1<<20)))
			some, blocks = append(some, g), append(blocks, &g.block)
		}
		snappy.Decode(blocks)
		for _, g := range some {
			g.check(t, "two at a time")
			again := newGuarded(g.block.Source, len(g.block.Content))
			snappy.Decode([]*snappy.Block{&again.block})
			again.check(t, "alone")
		}
	})
}

// BenchmarkDecode decompresses a page of numbers, one of keys and one of amounts,
// beside the library that does one after the other.
func BenchmarkDecode(b *testing.B) {
	const rows = 120_000
	random := rand.New(rand.NewPCG(9, 10))
	var pages [3][]byte
	for range rows {
		pages[0] = fmt.Appendf(pages[0], "\x0c\x00\x00\x00%08d%04d", 19300101+random.IntN(900_000), random.IntN(10_000))
		pages[1] = binary.LittleEndian.AppendUint64(pages[1], random.Uint64N(20_000_000))
		pages[2] = binary.LittleEndian.AppendUint64(pages[2], random.Uint64N(2_500_000))
	}
	var blocks []*snappy.Block
	for _, page := range pages {
		blocks = append(blocks, &snappy.Block{Source: library.Encode(nil, page), Content: make([]byte, len(page))})
	}
	report := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("together", func(b *testing.B) {
		for b.Loop() {
			snappy.Decode(blocks)
		}
		report(b)
	})
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			for i := range blocks {
				snappy.Decode(blocks[i : i+1])
			}
		}
		report(b)
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			for _, block := range blocks {
				if _, err := library.Decode(block.Content, block.Source); err != nil {
					b.Fatal(err)
				}
			}
		}
		report(b)
	})
}
